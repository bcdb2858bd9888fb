/* What a bundle holds, put together and checked (bundle/bundle.h). */
#include "bundle/bundle.h"

#include "base/hash.h"
#include "bundle/archive.h"
#include "bundle/ssh_signature.h"
#include "record/record.h"
#include "vectors/vectors.h"

#define SUMS "SHA256SUMS"
#define SIGNATURE "SHA256SUMS.sig"
#define PROJECTION "compared/projection.jsonl"
#define RECORD "run/run.json"
#define VECTORS "compared/vectors/"

static const char readme[] =
    "What a run of Assay has shown, for a third party to check.\n"
    "\n"
    "  SHA256SUMS                 the hash of every other file\n"
    "  SHA256SUMS.sig             a signature of SHA256SUMS, where the bundle is signed\n"
    "  compared/projection.jsonl  one case a line: what it came to. Another run of the same seed "
    "and\n"
    "                             version against the same target has the same bytes below "
    "compared/\n"
    "  compared/catalogue.json    the rules, threats, scenarios and defects it was judged by\n"
    "  compared/matrix.json       which scenario caught which seeded defect (of assay selftest)\n"
    "  compared/versions.json     of Assay, the formats and the rule sets\n"
    "  compared/vectors/          the known answers that a library was held against\n"
    "  run/run.json               the record: every case with its evidence. Secrets were taken out "
    "of it\n"
    "                             before it was written\n"
    "\n"
    "To check all of it:                    assay bundle verify FILE.tar --public-key KEY.pub\n"
    "To check it with other tools, in the folder that tar xf made:\n"
    "  the content:                         sha256sum -c SHA256SUMS\n"
    "  the signature:                       ssh-keygen -Y verify -f ALLOWED -I assay -n "
    "assay-bundle \\\n"
    "                                           -s SHA256SUMS.sig < SHA256SUMS\n"
    "  where the file ALLOWED has the line: assay ssh-ed25519 KEY\n"
    "To read it: assay report run/run.json --html report.html\n";

/* ---- writing ---- */

/* Files in the making; what they hold is freed whole. */
struct making {
    struct assay_arena arena;
    struct archive archive;
    const json_t *run;
    struct assay_err *err;
    enum assay_code rc;
};

/* Takes the content over, and frees the buffer whatever happens. */
static void put(struct making *m, const char *name, struct assay_buf *content)
{
    struct assay_bytes kept = {0};

    if (m->rc == ASSAY_OK && !assay_buf_ok(content))
        m->rc = assay_fail(m->err, content->bad, 0, "%s: %s", name, assay_code_text(content->bad));
    if (m->rc == ASSAY_OK) {
        kept = assay_arena_copy(&m->arena, assay_buf_view(content));
        name = assay_arena_printf(&m->arena, "%s", name);
        if (kept.at == NULL || name == NULL)
            m->rc = assay_fail(m->err, ASSAY_E_NOMEM, 0, "out of memory, or too large");
        else
            m->rc = archive_add(&m->archive, name, kept, m->err);
    }
    assay_buf_fini(content);
}

static int append_to_buf(const char *at, size_t len, void *buf)
{
    assay_buf_add(buf, assay_bytes_of(at, len));
    return assay_buf_ok(buf) ? 0 : -1;
}

static void put_json(struct making *m, const char *name, const json_t *value, size_t flags)
{
    struct assay_buf text = ASSAY_BUF_INIT(ARCHIVE_MAX_BYTES);

    if (json_dump_callback(value, append_to_buf, &text, flags) != 0 && text.bad == ASSAY_OK)
        text.bad = ASSAY_E_NOMEM;
    assay_buf_add_byte(&text, '\n');
    put(m, name, &text);
}

static void put_projection(struct making *m)
{
    struct assay_buf text = ASSAY_BUF_INIT(ARCHIVE_MAX_BYTES);

    if (m->rc == ASSAY_OK)
        m->rc = record_projection(&text, m->run, m->err);
    put(m, PROJECTION, &text);
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "";
}

static bool is_judged(const json_t *leg)
{
    return strcmp(text_of(leg, "purpose"), "self-check") != 0;
}

/* Which rule set each profile was judged by: each pair once, in the record's order. */
static json_t *rule_sets(const json_t *run)
{
    json_t *sets = json_object(), *leg;
    size_t i;

    json_array_foreach (json_object_get(run, "legs"), i, leg) {
        const char *profile = text_of(leg, "profile");
        json_t *of = json_object_get(sets, profile);

        if (!is_judged(leg))
            continue;
        if (of == NULL && (of = json_object()) != NULL)
            (void)json_object_set_new(sets, profile, of);
        (void)json_object_set_new(of, text_of(leg, "rules"), json_true());
    }
    return sets;
}

static void put_versions(struct making *m)
{
    json_t *versions = json_pack("{s:s, s:O, s:s, s:s, s:o}", "bundle", BUNDLE_FORMAT, "assay",
                                 json_object_get(m->run, "assay"), "record", RECORD_SCHEMA,
                                 "vectors", VECTORS_FORMAT, "ruleSets", rule_sets(m->run));

    if (versions == NULL && m->rc == ASSAY_OK)
        m->rc = assay_fail(m->err, ASSAY_E_NOMEM, 0, "out of memory");
    if (versions != NULL)
        put_json(m, "compared/versions.json", versions, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(versions);
}

static bool has_library(const json_t *run)
{
    const json_t *leg;
    size_t i;

    json_array_foreach (json_object_get(run, "legs"), i, leg)
        if (is_judged(leg) && strcmp(text_of(leg, "side"), "library") == 0)
            return true;
    return false;
}

/* Only libraries are held against known answers. */
static void put_vectors(struct making *m)
{
    json_t *documents = NULL, *document;
    const char *path;

    if (m->rc == ASSAY_OK && has_library(m->run))
        m->rc = vectors_all(&documents, m->err);
    json_object_foreach (documents, path, document) {
        struct assay_buf text = ASSAY_BUF_INIT(ARCHIVE_MAX_BYTES);
        char name[ARCHIVE_NAME_MAX_BYTES + 1];
        struct assay_buf whole = ASSAY_BUF_OVER(name);

        assay_buf_printf(&whole, VECTORS "%s", path);
        vectors_add_document(&text, document);
        put(m, assay_buf_ok(&whole) ? assay_buf_cstr(&whole) : "", &text);
    }
    json_decref(documents);
}

static bool is_summed(const struct archive_file *file)
{
    return !assay_bytes_is(file->name, SUMS) && !assay_bytes_is(file->name, SIGNATURE);
}

static void add_sum(struct assay_buf *out, const struct archive_file *file)
{
    char hex[2 * ASSAY_SHA256_BYTES + 1];

    assay_sha256_hex(hex, file->content);
    assay_buf_add_str(out, hex);
    assay_buf_add_str(out, "  ");
    assay_buf_add(out, file->name);
    assay_buf_add_byte(out, '\n');
}

static void add_sums(struct assay_buf *out, const struct archive *archive)
{
    for (size_t i = 0; i < archive->count; i++)
        if (is_summed(&archive->files[i]))
            add_sum(out, &archive->files[i]);
}

static void put_sums(struct making *m, const struct ssh_key *key)
{
    struct assay_buf sums = ASSAY_BUF_INIT(ARCHIVE_MAX_BYTES);
    struct assay_buf signature = ASSAY_BUF_INIT(ARCHIVE_MAX_BYTES);

    add_sums(&sums, &m->archive);
    if (key != NULL && m->rc == ASSAY_OK) {
        m->rc =
            ssh_signature_write(&signature, key, BUNDLE_NAMESPACE, assay_buf_view(&sums), m->err);
        put(m, SIGNATURE, &signature);
    }
    put(m, SUMS, &sums);
}

enum assay_code bundle_write(struct assay_buf *out, const json_t *run, const struct ssh_key *key,
                             struct assay_err *err)
{
    struct making m = {.arena = ASSAY_ARENA_INIT(ARCHIVE_MAX_BYTES), .run = run, .err = err};
    const json_t *matrix = json_object_get(run, "matrix");
    struct assay_buf text = ASSAY_BUF_INIT(sizeof readme);

    assay_buf_add_str(&text, readme);
    put(&m, "README.txt", &text);
    put_projection(&m);
    put_json(&m, "compared/catalogue.json", json_object_get(run, "catalogue"),
             JSON_INDENT(1) | JSON_SORT_KEYS);
    if (json_is_object(matrix))
        put_json(&m, "compared/matrix.json", matrix, JSON_INDENT(1) | JSON_SORT_KEYS);
    put_versions(&m);
    put_vectors(&m);
    put_json(&m, RECORD, run, JSON_COMPACT);
    put_sums(&m, key);
    if (m.rc == ASSAY_OK)
        m.rc = archive_write(out, &m.archive, err);
    assay_arena_fini(&m.arena);
    return assay_err_wrap(err, m.rc, "bundle");
}

/* ---- checking ---- */

static enum assay_code find(const struct archive_file **out, const struct archive *archive,
                            const char *name, struct assay_err *err)
{
    *out = archive_find(archive, name);
    return *out != NULL ? ASSAY_OK
                        : assay_fail(err, ASSAY_E_MISSING, 0,
                                     "%s is not in it: this is no bundle of Assay", name);
}

static bool has_line(struct assay_bytes text, struct assay_bytes line)
{
    for (size_t from = 0; from < text.len;) {
        size_t to = assay_bytes_find(text, '\n', from);

        if (assay_bytes_equal(assay_bytes_part(text, from, to + 1), line))
            return true;
        from = to + 1;
    }
    return false;
}

/* Which file it is that differs, once it is known that one does. */
static enum assay_code name_difference(const struct archive *archive, struct assay_bytes sums,
                                       struct assay_err *err)
{
    for (size_t i = 0; i < archive->count; i++) {
        const struct archive_file *file = &archive->files[i];
        uint8_t room[2 * ASSAY_SHA256_BYTES + ARCHIVE_NAME_MAX_BYTES + 4];
        struct assay_buf line = ASSAY_BUF_OVER(room);

        add_sum(&line, file);
        if (is_summed(file) && !has_line(sums, assay_buf_view(&line)))
            return assay_fail(err, ASSAY_E_MISMATCH, 0,
                              "%.*s is not what " SUMS " says: the bundle was changed",
                              (int)file->name.len, (const char *)file->name.at);
    }
    return assay_fail(err, ASSAY_E_MISMATCH, 0,
                      SUMS " lists other files than are there, or in another way: the bundle was "
                           "changed");
}

static enum assay_code check_sums(const struct archive *archive, struct assay_bytes sums,
                                  struct assay_err *err)
{
    struct assay_buf made = ASSAY_BUF_INIT(ARCHIVE_MAX_BYTES);
    enum assay_code rc = ASSAY_OK;

    add_sums(&made, archive);
    if (!assay_buf_ok(&made))
        rc = assay_fail(err, made.bad, 0, "%s", assay_code_text(made.bad));
    else if (!assay_bytes_equal(assay_buf_view(&made), sums))
        rc = name_difference(archive, sums, err);
    assay_buf_fini(&made);
    return rc;
}

/* The projection is that of the record, so that neither can be read without the other. */
static enum assay_code check_record(json_t **out, const struct archive *archive,
                                    struct assay_err *err)
{
    struct assay_buf made = ASSAY_BUF_INIT(ARCHIVE_MAX_BYTES);
    const struct archive_file *record, *projection;
    json_t *run = NULL;
    enum assay_code rc;

    if ((rc = find(&record, archive, RECORD, err)) != ASSAY_OK ||
        (rc = find(&projection, archive, PROJECTION, err)) != ASSAY_OK)
        return rc;
    rc = assay_err_wrap(err, record_parse(&run, record->content, err), RECORD);
    if (rc == ASSAY_OK)
        rc = record_projection(&made, run, err);
    if (rc == ASSAY_OK && !assay_bytes_equal(assay_buf_view(&made), projection->content))
        rc = assay_fail(err, ASSAY_E_MISMATCH, 0, PROJECTION " is not that of " RECORD);
    assay_buf_fini(&made);
    if (rc == ASSAY_OK)
        *out = run;
    else
        json_decref(run);
    return rc;
}

enum assay_code bundle_check(struct bundle_about *out, struct assay_bytes bytes,
                             struct assay_err *err)
{
    struct archive archive = {.count = 0};
    struct bundle_about about = {0};
    const struct archive_file *sums, *signature;
    enum assay_code rc;

    if ((rc = archive_read(&archive, bytes, err)) != ASSAY_OK ||
        (rc = find(&sums, &archive, SUMS, err)) != ASSAY_OK ||
        (rc = check_sums(&archive, sums->content, err)) != ASSAY_OK)
        return rc;
    signature = archive_find(&archive, SIGNATURE);
    about.files = archive.count;
    about.is_signed = signature != NULL;
    if (signature != NULL)
        rc = assay_err_wrap(err,
                            ssh_signature_check(&about.signer, signature->content, BUNDLE_NAMESPACE,
                                                sums->content, err),
                            SIGNATURE);
    if (rc == ASSAY_OK)
        rc = check_record(&about.run, &archive, err);
    if (rc == ASSAY_OK)
        *out = about;
    return rc;
}
