/* Seeds from the known answers, by the table of seeds.def (fuzz/corpus.h). */
#include "fuzz/corpus.h"

#include "base/base64.h"
#include "base/hex.h"
#include "fuzz/inputs.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { VECTORS_MAX_BYTES = 64 << 20, SEED_MAX_BYTES = 1 << 20, NAME_BYTES = 64 };

static const struct row {
    const char *target, *file, *pattern;
} table[] = {
#define X(target, file, pattern) {target, file, pattern},
#include "fuzz/seeds.def"
#undef X
};

const char *corpus_seed_target(size_t i)
{
    return i < ARRAY_LEN(table) ? table[i].target : NULL;
}

/* The value that a path of names and numbers parted by dots, up to a ">", leads to; NULL: none. */
static const json_t *member_of(const json_t *at, const char *path)
{
    while (at != NULL && *path != '>') {
        size_t len = strcspn(path, ".>");
        char name[NAME_BYTES];

        if (snprintf(name, sizeof(name), "%.*s", (int)len, path) >= (int)sizeof(name))
            return NULL;
        at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
                               : json_object_get(at, name);
        path += len + (path[len] == '.');
    }
    return at;
}

static bool add_hex(struct assay_buf *seed, struct assay_bytes text)
{
    uint8_t *at = assay_buf_extend(seed, text.len / 2);

    return at != NULL && assay_hex_decode(at, text.len / 2, text, false) == ASSAY_OK;
}

static bool add_json(struct assay_buf *seed, const json_t *value)
{
    char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    assay_buf_add_str(seed, dump != NULL ? dump : "");
    free(dump);
    return dump != NULL;
}

static bool add_form(struct assay_buf *seed, const json_t *value, struct assay_bytes form)
{
    struct assay_bytes text = assay_bytes_of(json_string_value(value), json_string_length(value));

    if (assay_bytes_is(form, "JSON"))
        return add_json(seed, value);
    if (!json_is_string(value))
        return false;
    if (assay_bytes_is(form, "HEX"))
        return add_hex(seed, text);
    if (assay_bytes_is(form, "BASE64"))
        return assay_base64_decode(seed, ASSAY_BASE64_STD, text, NULL) == ASSAY_OK;
    assay_buf_add(seed, text);
    return assay_bytes_is(form, "TEXT");
}

/* Whether every member that the pattern names is there and has its form; `seed` is then the input.
 */
static bool fill_pattern(struct assay_buf *seed, const char *pattern, const json_t *in)
{
    bool is_formed = true;

    assay_buf_clear(seed);
    while (is_formed && *pattern != '\0') {
        size_t literal = strcspn(pattern, "<"), form;

        assay_buf_add(seed, assay_bytes_of(pattern, literal));
        pattern += literal;
        if (*pattern == '\0')
            break;
        form = strcspn(++pattern, " >");
        is_formed = add_form(seed, member_of(in, pattern + form + (pattern[form] == ' ')),
                             assay_bytes_of(pattern, form));
        pattern += strcspn(pattern, ">");
        pattern += *pattern == '>';
    }
    return is_formed && assay_buf_ok(seed);
}

/* Adds the seeds of one row; *formed counts those that its cases give. */
static enum assay_code add_row(uint64_t *added, size_t *formed, const struct row *row,
                               const char *corpus, const json_t *vectors, struct assay_err *err)
{
    struct assay_buf seed = ASSAY_BUF_INIT(SEED_MAX_BYTES);
    enum assay_code rc = ASSAY_OK;
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(vectors, "cases"), i, one) {
        if (rc != ASSAY_OK || !fill_pattern(&seed, row->pattern, json_object_get(one, "in")))
            continue;
        ++*formed;
        rc = inputs_add(added, corpus, assay_buf_view(&seed), err);
    }
    assay_buf_fini(&seed);
    return rc;
}

static enum assay_code read_row(uint64_t *added, const struct row *row, const char *corpus,
                                const char *folder, struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    struct assay_buf content = ASSAY_BUF_INIT(VECTORS_MAX_BYTES);
    json_t *vectors = NULL;
    size_t formed = 0;
    enum assay_code rc;

    assay_buf_printf(&path, "%s/%s", folder, row->file);
    rc = assay_buf_cstr(&path) == NULL
             ? assay_fail(err, path.bad, 0, "%s: %s", folder, assay_code_text(path.bad))
             : assay_file_read(&content, assay_buf_cstr(&path), err);
    if (rc == ASSAY_OK) {
        vectors = json_loadb((const char *)assay_buf_view(&content).at, content.len, JSON_ALLOW_NUL,
                             NULL);
        rc = add_row(added, &formed, row, corpus, vectors, err);
    }
    if (rc == ASSAY_OK && formed == 0)
        rc = assay_fail(err, ASSAY_E_MALFORMED, 0,
                        "%s/%s: no case has the members of \"%s\" in the forms that seeds.def "
                        "expects",
                        folder, row->file, row->pattern);
    json_decref(vectors);
    assay_buf_fini(&content);
    assay_buf_fini(&path);
    return rc;
}

enum assay_code corpus_seed(struct corpus_change *change, const struct campaign *c,
                            struct campaign_target *target, const char *vectors,
                            struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    enum assay_code rc = campaign_make_folders(c, target, err);
    const char *corpus = campaign_path(&path, c, target, "corpus");
    uint64_t added = 0, bytes;

    *change = (struct corpus_change){0};
    if (rc == ASSAY_OK && corpus == NULL)
        rc = assay_fail(err, path.bad, 0, "%s", assay_code_text(path.bad));
    if (rc == ASSAY_OK && corpus != NULL) {
        inputs_count(&change->before, &bytes, corpus);
        for (size_t i = 0; i < ARRAY_LEN(table) && rc == ASSAY_OK; i++)
            if (strcmp(table[i].target, target->name) == 0)
                rc = read_row(&added, &table[i], corpus, vectors, err);
        inputs_count(&target->state.corpus, &target->state.corpus_bytes, corpus);
        change->after = target->state.corpus;
        if (rc == ASSAY_OK)
            rc = campaign_state_write(c, target, err);
    }
    assay_buf_fini(&path);
    return rc;
}
