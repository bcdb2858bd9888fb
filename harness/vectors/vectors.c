/* Making and checking the files of known answers; see vectors.h. */
#include "vectors/cases.h"

#include "base/buf.h"
#include "kaspa/sign.h"
#include "run/revisions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES ((size_t)64 << 20)
#define EXACT "kaspa-x402/exact/"
#define BATCH "kaspa-x402/batch/"

/* One file an operation, in the order in which they are made and checked. */
static const struct file {
    const char *operation, *path, *source;
} files[] = {
    {"kaspa.txid", "kaspa/txid.json", "Kaspa consensus digest, section 1.2"},
    {"kaspa.sighash", "kaspa/sighash.json", "Kaspa consensus digest, section 2"},
    {"kaspa.mass", "kaspa/mass.json", "Kaspa consensus digest, section 6.4"},
    {"kaspa.relay_fee", "kaspa/relay_fee.json", "Kaspa consensus digest, section 6.5"},
    {"kaspa.covenant.id", "kaspa/covenant.id.json", "Kaspa consensus digest, section 4.7"},
    {"kaspa.covenants", "kaspa/covenants.json", "Kaspa consensus digest, section 4.7"},
    {"kaspa.script.run", "kaspa/script.run.json", "Kaspa consensus digest, section 4"},
    {"kaspa.script.class", "kaspa/script.class.json", "Kaspa consensus digest, section 3"},
    {"kaspa.script.text", "kaspa/script.text.json", "Kaspa consensus digest, section 4.3"},
    {"kaspa.script.assemble", "kaspa/script.assemble.json", "Kaspa consensus digest, section 9"},
    {"kaspa.script.sig_ops", "kaspa/script.sig_ops.json", "Kaspa consensus digest, section 5"},
    {"kaspa.address.decode", "kaspa/address.decode.json", "Kaspa consensus digest, section 3"},
    {"kaspa.address.encode", "kaspa/address.encode.json", "Kaspa consensus digest, section 3"},
    {"kaspa.address.of_script", "kaspa/address.of_script.json",
     "Kaspa consensus digest, section 3"},
    {"kaspa.number.decode", "kaspa/number.decode.json", "Kaspa consensus digest, section 4.1"},
    {"kaspa.number.encode", "kaspa/number.encode.json", "Kaspa consensus digest, section 4.1"},
    {"kaspa.message.hash", "kaspa/message.hash.json", "Kaspa consensus digest, section 2 (KIP-5)"},
    {"kaspa.message.verify", "kaspa/message.verify.json",
     "Kaspa consensus digest, section 2 (KIP-5)"},
    {"kaspa.merkle_root", "kaspa/merkle_root.json", "Kaspa consensus digest, section 1.3"},
    {"kaspa.header_hash", "kaspa/header_hash.json", "Kaspa consensus digest, section 1.4"},
    {"kaspa.tx", "kaspa/tx.json", "Kaspa consensus digest, section 6"},
    {"exact.payment", EXACT "payment.json", "Kaspa x402 exact digest, section 13"},
    {"exact.terms", EXACT "terms.json", "Kaspa x402 exact digest, sections 3 and 8"},
    {"exact.challenge_id", EXACT "challenge_id.json", "Kaspa x402 exact digest, section 8.3"},
    {"exact.requirements_hash", EXACT "requirements_hash.json",
     "Kaspa x402 exact digest, sections 4 and 5"},
    {"exact.request_hash", EXACT "request_hash.json",
     "Kaspa x402 exact digest, sections 2.3 and 5"},
    {"exact.context_hash", EXACT "context_hash.json", "Kaspa x402 exact digest, section 5"},
    {"exact.authorization", EXACT "authorization.json", "Kaspa x402 exact digest, section 6"},
    {"exact.identity", EXACT "identity.json", "Kaspa x402 exact digest, sections 9 and 11"},
    {"exact.expiry", EXACT "expiry.json", "Kaspa x402 exact digest, section 6"},
    {"exact.finality", EXACT "finality.json", "Kaspa x402 exact digest, section 14"},
    {"exact.settlement", EXACT "settlement.json", "Kaspa x402 exact digest, sections 3.5 and 14"},
    {"x402.header.decode", EXACT "header.decode.json", "Kaspa x402 exact digest, section 2.1"},
    {"x402.header.encode", EXACT "header.encode.json", "Kaspa x402 exact digest, section 2.1"},
    {"x402.hash", EXACT "hash.json", "Kaspa x402 exact digest, section 4"},
    {"x402.required.read", EXACT "required.read.json", "Kaspa x402 exact digest, section 3.1"},
    {"x402.payment.read", EXACT "payment.read.json", "Kaspa x402 exact digest, section 3.4"},
    {"x402.settlement.read", EXACT "settlement.read.json", "Kaspa x402 exact digest, section 3.5"},
    {"x402.identifier.check", EXACT "identifier.check.json", "Kaspa x402 exact digest, section 12"},
    {"evm.authorization", "x402/evm.authorization.json", "x402 v2 digest, sections 2.2, 4 and 8"},
    {"channel.id", BATCH "channel.id.json", "Kaspa x402 batch digest, sections 4 and 16"},
    {"channel.open", BATCH "channel.open.json", "Kaspa x402 batch digest, sections 4, 9.1 and 16"},
    {"template.spk", BATCH "template.spk.json", "Kaspa x402 batch digest, sections 9.1 and 16"},
    {"template.diff", BATCH "template.diff.json", "Kaspa x402 batch digest, section 9.3"},
    {"template.behaviour", BATCH "template.behaviour.json",
     "Kaspa x402 batch digest, sections 9.2 and 9.3"},
    {"voucher.digest", BATCH "voucher.digest.json", "Kaspa x402 batch digest, sections 5.1 and 16"},
    {"voucher.verify", BATCH "voucher.verify.json", "Kaspa x402 batch digest, sections 5.1 and 16"},
    {"presentation.digest", BATCH "presentation.digest.json",
     "Kaspa x402 batch digest, section 5.3"},
    {"commitment.id", BATCH "commitment.id.json", "Kaspa x402 batch digest, sections 5.5 and 16"},
    {"batch.payment", BATCH "payment.json", "Kaspa x402 batch digest, sections 3 to 7 and 16"},
    {"genesis.verify", BATCH "genesis.verify.json", "Kaspa x402 batch digest, sections 8 and 9"},
    {"claim.verify", BATCH "claim.verify.json", "Kaspa x402 batch digest, sections 8, 9 and 16"},
    {"topup.verify", BATCH "topup.verify.json", "Kaspa x402 batch digest, sections 8 and 9"},
    {"refund.verify", BATCH "refund.verify.json", "Kaspa x402 batch digest, sections 8 to 10"},
    {"genesis.build", BATCH "genesis.build.json", "Kaspa x402 batch digest, sections 8.4 and 17.1"},
    {"claim.build", BATCH "claim.build.json", "Kaspa x402 batch digest, sections 8.4 and 17.1"},
    {"topup.build", BATCH "topup.build.json", "Kaspa x402 batch digest, sections 8.4 and 17.1"},
    {"refund.build", BATCH "refund.build.json", "Kaspa x402 batch digest, sections 8.4 and 17.1"},
};

/* Each with what the names of its operations begin with. */
static const struct {
    const char *of;
    void (*make)(struct vectors *v);
} tables[] = {
    {"kaspa.", vectors_kaspa_ids},
    {"kaspa.", vectors_kaspa_data},
    {"kaspa.", vectors_kaspa_covenants},
    {"kaspa.", vectors_kaspa_scripts},
    {"kaspa.", vectors_kaspa_opcodes},
    {"kaspa.", vectors_kaspa_tx},
    {"exact.payment", vectors_exact_payment},
    {"exact.", vectors_exact_parts},
    {"x402.", vectors_x402},
    {"evm.", vectors_evm},
    {"channel.", vectors_batch_channels},
    {"template.", vectors_batch_templates},
    {"voucher.", vectors_batch_vouchers},
    {"presentation.digest", vectors_batch_presentations},
    {"commitment.id", vectors_batch_commitments},
    {"batch.payment", vectors_batch_payments},
    {"genesis.", vectors_batch_genesis},
    {"claim.", vectors_batch_claim},
    {"topup.", vectors_batch_top_up},
    {"refund.", vectors_batch_refund},
};

/* ---- documents ---- */

/* What the folder's files are about, and of which revision. */
static const struct {
    const char *folder, *revision;
} revisions[] = {
    {"kaspa/", REVISION_KASPA},
    {"kaspa-x402/", REVISION_KASPA_X402},
    {"x402/", REVISION_X402},
};

static const char *revision_of(const char *path)
{
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(revisions) &&
           strncmp(path, revisions[i].folder, strlen(revisions[i].folder)) != 0)
        i++;
    return revisions[i].revision;
}

static json_t *document_of(const struct file *file, json_t *cases)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:O}", "format", VECTORS_FORMAT, "operation",
                     file->operation, "source", file->source, "revision", revision_of(file->path),
                     "cases", cases);
}

enum assay_code vectors_all(json_t **out, struct assay_err *err)
{
    struct assay_err own = {0};
    struct vectors v = {.cases = json_object(), .err = &own};
    json_t *documents = json_object();

    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        tables[i].make(&v);
    for (size_t i = 0; i < ARRAY_LEN(files) && own.code == ASSAY_OK; i++) {
        json_t *cases = json_object_get(v.cases, files[i].operation);

        if (cases == NULL)
            assay_fail(&own, ASSAY_E_MISSING, 0, "%s: has no cases", files[i].operation);
        else
            json_object_set_new(documents, files[i].path, document_of(&files[i], cases));
    }
    if (own.code == ASSAY_OK && json_object_size(v.cases) != ARRAY_LEN(files))
        assay_fail(&own, ASSAY_E_UNKNOWN, 0, "there are cases of an operation that has no file");
    json_decref(v.cases);
    if (own.code == ASSAY_OK) {
        *out = documents;
        return ASSAY_OK;
    }
    json_decref(documents);
    return assay_fail(err, own.code, 0, "%s", own.text);
}

enum assay_code vectors_of(json_t **out, const char *operation, struct assay_err *err)
{
    struct assay_err own = {0};
    struct vectors v = {.cases = json_object(), .err = &own};
    json_t *cases = NULL;

    for (size_t i = 0; i < ARRAY_LEN(tables) && cases == NULL; i++) {
        if (strncmp(operation, tables[i].of, strlen(tables[i].of)) == 0)
            tables[i].make(&v);
        cases = json_object_get(v.cases, operation);
    }
    json_incref(cases);
    json_decref(v.cases);
    if (own.code == ASSAY_OK && cases != NULL) {
        *out = cases;
        return ASSAY_OK;
    }
    json_decref(cases);
    return own.code != ASSAY_OK
               ? assay_fail(err, own.code, 0, "%s", own.text)
               : assay_fail(err, ASSAY_E_UNKNOWN, 0, "%s: has no cases", operation);
}

/* ---- the layout of a file ---- */

#define LINE_MAX_BYTES 120
#define STEP 2

static void add_value(struct assay_buf *out, const json_t *value, size_t indent, size_t before);

static void add_line_start(struct assay_buf *out, size_t indent)
{
    assay_buf_printf(out, "\n%*s", (int)indent, "");
}

static void add_name(struct assay_buf *out, const char *name)
{
    json_t *text = json_string(name);
    char *quoted = json_dumps(text, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

    assay_buf_printf(out, "%s: ", quoted != NULL ? quoted : "");
    free(quoted);
    json_decref(text);
}

static void add_members(struct assay_buf *out, const json_t *object, size_t indent)
{
    const char *name;
    json_t *value;
    bool first = true;

    assay_buf_add_byte(out, '{');
    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        if (!first)
            assay_buf_add_byte(out, ',');
        first = false;
        add_line_start(out, indent + STEP);
        add_name(out, name);
        add_value(out, value, indent + STEP, strlen(name) + 4);
    }
    add_line_start(out, indent);
    assay_buf_add_byte(out, '}');
}

static void add_elements(struct assay_buf *out, const json_t *array, size_t indent)
{
    assay_buf_add_byte(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            assay_buf_add_byte(out, ',');
        add_line_start(out, indent + STEP);
        add_value(out, json_array_get(array, i), indent + STEP, 0);
    }
    add_line_start(out, indent);
    assay_buf_add_byte(out, ']');
}

/* On one line where it fits, else a member or an element a line. The depth is that of the tables.
 */
static void add_value(struct assay_buf *out, const json_t *value, size_t indent, size_t before)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

    if (text == NULL)
        out->bad = ASSAY_E_NOMEM;
    else if ((!json_is_object(value) && !json_is_array(value)) ||
             indent + before + strlen(text) <= LINE_MAX_BYTES)
        assay_buf_add_str(out, text);
    else if (json_is_object(value))
        add_members(out, value, indent);
    else
        add_elements(out, value, indent);
    free(text);
}

void vectors_add_document(struct assay_buf *out, const json_t *document)
{
    add_members(out, document, 0);
    assay_buf_add_byte(out, '\n');
}

/* ---- make ---- */

/* The folder, which is the name's first `len` bytes, and those below it, as far as they are not
 * there; above it nothing is made. */
static enum assay_code make_folders(char *name, size_t len, struct assay_err *err)
{
    for (char *end = strchr(name + len, '/'); end != NULL; end = strchr(end + 1, '/')) {
        *end = '\0';
        if (mkdir(name, 0777) != 0 && errno != EEXIST)
            return assay_fail(err, ASSAY_E_IO, 0, "%s: the folder cannot be made: %s", name,
                              strerror(errno));
        *end = '/';
    }
    return ASSAY_OK;
}

static enum assay_code make_file(const char *folder, const char *path, const json_t *document,
                                 struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(FILE_MAX_BYTES);
    char name[1024];
    enum assay_code rc;

    vectors_add_document(&text, document);
    if (!assay_buf_ok(&text))
        rc = assay_fail(err, text.bad, 0, "%s: %s", path, assay_code_text(text.bad));
    else if (snprintf(name, sizeof name, "%s/%s", folder, path) >= (int)sizeof name)
        rc = assay_fail(err, ASSAY_E_TOO_LARGE, 0, "%s: its name is too long", path);
    else if ((rc = make_folders(name, strlen(folder), err)) == ASSAY_OK)
        rc = assay_file_write(name, assay_buf_view(&text), err);
    assay_buf_fini(&text);
    return rc;
}

enum assay_code vectors_make(const char *folder, struct assay_err *err)
{
    json_t *documents = NULL, *document;
    enum assay_code rc = vectors_all(&documents, err);
    const char *path;

    if (rc != ASSAY_OK)
        return rc;
    json_object_foreach (documents, path, document)
        if (rc == ASSAY_OK)
            rc = make_file(folder, path, document, err);
    json_decref(documents);
    return rc;
}

/* ---- check ---- */

/* The first case in which two documents differ, told by its name. */
static enum assay_code compare_cases(const json_t *was, const json_t *is, struct assay_err *err)
{
    const json_t *old = json_object_get(was, "cases"), *made = json_object_get(is, "cases");
    size_t count = json_array_size(made);

    for (size_t i = 0; i < count && i < json_array_size(old); i++) {
        const json_t *a = json_array_get(old, i), *b = json_array_get(made, i);

        if (!json_equal(a, b))
            return assay_fail(err, ASSAY_E_MISMATCH, 0,
                              "case %zu, \"%s\", differs from what the reference says now", i,
                              json_string_value(json_object_get(b, "name")));
    }
    if (json_array_size(old) != count)
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "it has %zu cases, the tables have %zu",
                          json_array_size(old), count);
    return ASSAY_OK;
}

static enum assay_code compare(struct assay_bytes text, const json_t *document,
                               struct assay_err *err)
{
    struct assay_buf made = ASSAY_BUF_INIT(FILE_MAX_BYTES);
    json_error_t where;
    json_t *was = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, &where);
    enum assay_code rc;

    if (was == NULL)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "line %d: no JSON: %s", where.line,
                          where.text);
    rc = compare_cases(was, document, err);
    vectors_add_document(&made, document);
    if (rc == ASSAY_OK && !assay_bytes_equal(text, assay_buf_view(&made)))
        rc = assay_fail(err, ASSAY_E_MISMATCH, 0,
                        "its cases are right, and all else is not as it is made");
    assay_buf_fini(&made);
    json_decref(was);
    return rc;
}

static enum assay_code check_file(const char *folder, const char *path, const json_t *document,
                                  struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(FILE_MAX_BYTES);
    char name[1024];
    enum assay_code rc;

    if (snprintf(name, sizeof name, "%s/%s", folder, path) >= (int)sizeof name)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "%s: its name is too long", path);
    rc = assay_file_read(&text, name, err);
    if (rc == ASSAY_OK) {
        rc = compare(assay_buf_view(&text), document, err);
        (void)assay_err_wrap(err, rc, "%s", name);
    }
    assay_buf_fini(&text);
    return rc;
}

enum assay_code vectors_check(size_t *count, const char *folder, struct assay_err *err)
{
    json_t *documents = NULL, *document;
    enum assay_code rc = vectors_all(&documents, err);
    const char *path;

    *count = 0;
    if (rc != ASSAY_OK)
        return rc;
    json_object_foreach (documents, path, document)
        if (rc == ASSAY_OK) {
            rc = check_file(folder, path, document, err);
            *count += json_array_size(json_object_get(document, "cases"));
        }
    json_decref(documents);
    return rc;
}
