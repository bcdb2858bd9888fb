/* Evidence and its parts as JSON; see acceptance.h and lineage_json_internal.h. */
#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/lineage_json_internal.h"

#include "base/hex.h"

#include <assert.h>

struct kaspa_json_reader kx_json_reader(const struct assay_json *doc, struct assay_arena *arena,
                                        struct assay_err *err)
{
    static const struct kaspa_json_options strict = {.numbers = false};

    return (struct kaspa_json_reader){.doc = doc, .arena = arena, .options = &strict, .err = err};
}

enum assay_code kx_json_whole(struct kaspa_json_reader *r, uint32_t token,
                              const struct kaspa_json_shape *shape, void *out)
{
    struct kaspa_json_shape whole = *shape;
    unsigned seen;

    for (size_t i = 0; i < shape->count; i++)
        whole.required |= shape->members[i].thing;
    return kaspa_json_object(r, token, &whole, out, &seen);
}

enum assay_code kx_json_items(struct kaspa_json_reader *r, uint32_t token,
                              kaspa_json_read_value *read, void *out, size_t size, size_t room,
                              size_t *count)
{
    struct kaspa_json_step *step = &r->path[r->steps - 1];
    enum assay_code rc = ASSAY_OK;
    size_t i = 0;

    if (assay_json_type(r->doc, token) != ASSAY_JSON_ARRAY)
        return kaspa_json_fail(r, ASSAY_E_TYPE, token, "is no array");
    if (r->doc->tokens[token].count > room)
        return kaspa_json_fail(r, ASSAY_E_TOO_LARGE, token, "has too many items");
    for (uint32_t item = assay_json_first(r->doc, token); item != ASSAY_JSON_NONE && rc == ASSAY_OK;
         item = assay_json_next_sibling(r->doc, token, item)) {
        step->index = i;
        rc = read(r, item, (uint8_t *)out + i * size);
        i++;
    }
    if (rc == ASSAY_OK)
        step->index = KASPA_JSON_NO_INDEX;
    *count = i;
    return rc;
}

enum assay_code kx_json_score(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_options numbers = {.numbers = true};
    const struct kaspa_json_options *options = r->options;
    enum assay_code rc;

    r->options = &numbers;
    rc = kaspa_json_u64(r, token, out);
    r->options = options;
    return rc;
}

enum assay_code kx_json_amount(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    enum assay_code rc = kaspa_json_u64(r, token, out);

    if (rc == ASSAY_OK && *(uint64_t *)out > KX_BATCH_AMOUNT_MAX)
        return kaspa_json_fail(r, ASSAY_E_RANGE, token, "is above 9223372036854775807");
    return rc;
}

enum assay_code kx_json_bytes32(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct kaspa_hash hash;
    enum assay_code rc = kaspa_json_hash(r, token, &hash);

    if (rc == ASSAY_OK)
        memcpy(out, hash.at, sizeof(hash.at));
    return rc;
}

enum assay_code kx_json_expect(struct kaspa_json_reader *r, uint32_t token, const char *text)
{
    size_t which;

    return kx_json_choose(r, token, &text, 1, &which);
}

enum assay_code kx_json_choose(struct kaspa_json_reader *r, uint32_t token,
                               const char *const *names, size_t count, size_t *which)
{
    char room[160];
    struct assay_buf what = ASSAY_BUF_OVER(room);

    for (size_t i = 0; i < count; i++) {
        if (assay_json_string_is(r->doc, token, names[i])) {
            *which = i;
            return ASSAY_OK;
        }
        assay_buf_printf(&what, "%s %s", i > 0 ? ", nor" : "is not", names[i]);
    }
    assay_buf_add_byte(&what, '\0');
    assert(assay_buf_ok(&what)); /* the names are few and short */
    return kaspa_json_fail(r, ASSAY_E_UNKNOWN, token, room);
}

enum assay_code kx_json_outpoint(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"txid", kaspa_json_hash, KASPA_JSON_AT(struct kaspa_outpoint, txid), 1, false},
        {"index", kaspa_json_u32, KASPA_JSON_AT(struct kaspa_outpoint, index), 2, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

enum assay_code kx_json_checkpoint(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"blockHash", kaspa_json_hash, KASPA_JSON_AT(struct kx_checkpoint, block), 1, false},
        {"blueScore", kx_json_score, KASPA_JSON_AT(struct kx_checkpoint, blue_score), 2, false},
        {"daaScore", kx_json_score, KASPA_JSON_AT(struct kx_checkpoint, daa_score), 4, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

static enum assay_code read_accepted(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    (void)out;
    return kx_json_expect(r, token, "accepted");
}

enum assay_code kx_json_acceptance(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"status", read_accepted, 0, sizeof(struct kx_acceptance), 1, false},
        {"transactionId", kaspa_json_hash, KASPA_JSON_AT(struct kx_acceptance, txid), 2, false},
        {"acceptingBlockHash", kaspa_json_hash, KASPA_JSON_AT(struct kx_acceptance, block), 4,
         false},
        {"acceptingBlockBlueScore", kx_json_score, KASPA_JSON_AT(struct kx_acceptance, blue_score),
         8, false},
        {"confirmationCount", kx_json_score, KASPA_JSON_AT(struct kx_acceptance, confirmations), 16,
         false},
        {"checkpoint", kx_json_checkpoint, KASPA_JSON_AT(struct kx_acceptance, checkpoint), 32,
         false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

/* ---- absence ---- */

/* ^[A-Z0-9_]{3,64}$ */
static enum assay_code read_code(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct assay_bytes text = ASSAY_LIT("");
    enum assay_code rc = kaspa_json_text(r, token, &text);
    bool is_code = text.len >= 3 && text.len <= KX_REJECTION_CODE_MAX_BYTES;

    (void)out;
    for (size_t i = 0; is_code && i < text.len; i++)
        is_code = (text.at[i] >= 'A' && text.at[i] <= 'Z') ||
                  (text.at[i] >= '0' && text.at[i] <= '9') || text.at[i] == '_';
    if (rc == ASSAY_OK && !is_code)
        rc = kaspa_json_fail(r, ASSAY_E_MALFORMED, token, "is no code: 3 to 64 of A-Z, 0-9 and _");
    return rc;
}

static enum assay_code read_kind(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const char *const kinds[] = {"confirmed-conflicting-spend", "consensus-rejection"};
    size_t which = 0;
    enum assay_code rc = kx_json_choose(r, token, kinds, ARRAY_LEN(kinds), &which);

    ((struct kx_evidence *)out)->absence = (enum kx_absence)which;
    return rc;
}

static enum assay_code read_proof(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member conflict[] = {
        {"kind", read_kind, 0, sizeof(struct kx_evidence), 1, false},
        {"spentOutpoint", kx_json_outpoint, KASPA_JSON_AT(struct kx_evidence, spent), 2, false},
        {"evidence", kx_json_acceptance, KASPA_JSON_AT(struct kx_evidence, acceptance), 4, false},
    };
    static const struct kaspa_json_member rejection[] = {
        {"kind", read_kind, 0, sizeof(struct kx_evidence), 1, false},
        {"rejectedTransactionId", kaspa_json_hash, KASPA_JSON_AT(struct kx_evidence, rejected), 2,
         false},
        {"rejectionCode", read_code, 0, sizeof(struct kx_evidence), 4, false},
        {"checkpoint", kx_json_checkpoint, KASPA_JSON_AT(struct kx_evidence, checkpoint), 8, false},
    };
    static const struct kaspa_json_shape shapes[] = {
        [KX_ABSENCE_CONFLICT] = KASPA_JSON_SHAPE(conflict, 0),
        [KX_ABSENCE_REJECTION] = KASPA_JSON_SHAPE(rejection, 0),
    };
    bool is_rejection = assay_json_string_is(r->doc, assay_json_member(r->doc, token, "kind"),
                                             "consensus-rejection");

    return kx_json_whole(r, token, &shapes[is_rejection ? 1 : 0], out);
}

static enum assay_code read_status(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const char *const names[] = {"unknown", "accepted", "absent"};
    size_t which = 0;
    enum assay_code rc = kx_json_choose(r, token, names, ARRAY_LEN(names), &which);

    ((struct kx_evidence *)out)->status = (enum kx_evidence_status)which;
    return rc;
}

static enum assay_code read_evidence(struct kaspa_json_reader *r, uint32_t token,
                                     struct kx_evidence *out)
{
    enum { STATUS = 1, TXID = 2, REASON = 4, PROOF = 8 };
    static const struct kaspa_json_member members[] = {
        {"status", read_status, 0, sizeof(struct kx_evidence), STATUS, false},
        {"transactionId", kaspa_json_hash, KASPA_JSON_AT(struct kx_evidence, txid), TXID, false},
        {"reason", kaspa_json_text, KASPA_JSON_AT(struct kx_evidence, reason), REASON, false},
        {"proof", read_proof, 0, sizeof(struct kx_evidence), PROOF, false},
    };
    static const struct kaspa_json_shape absent = KASPA_JSON_SHAPE(members, 0);
    static const struct kaspa_json_shape unknown = {members, ARRAY_LEN(members) - 1, 0};
    uint32_t status = assay_json_member(r->doc, token, "status");
    enum assay_code rc;

    if (!assay_json_string_is(r->doc, status, "accepted"))
        return kx_json_whole(
            r, token, assay_json_string_is(r->doc, status, "absent") ? &absent : &unknown, out);
    rc = kx_json_acceptance(r, token, &out->acceptance);
    out->status = KX_EVIDENCE_ACCEPTED;
    out->txid = out->acceptance.txid;
    return rc;
}

enum kx_lineage_rule kx_evidence_read(struct kx_evidence *out, struct assay_arena *arena,
                                      const struct assay_json *doc, uint32_t token,
                                      struct assay_err *err)
{
    struct kaspa_json_reader r = kx_json_reader(doc, arena, err);

    *out = (struct kx_evidence){.reason = ASSAY_LIT("")};
    return read_evidence(&r, token, out) == ASSAY_OK ? KX_LINEAGE_OK : KX_LINEAGE_CHAIN_FORM;
}

/* ---- writing ---- */

void kx_write_hash32(struct assay_buf *out, const char *name, const struct kaspa_hash *hash)
{
    kx_write_hex(out, name, assay_bytes_of(hash->at, sizeof(hash->at)));
}

void kx_write_spk(struct assay_buf *out, const char *name, const struct kaspa_spk *spk)
{
    kx_write_name(out, name);
    assay_buf_add_byte(out, '"');
    kaspa_spk_add_hex(out, spk);
    assay_buf_add_byte(out, '"');
}

void kx_write_checkpoint(struct assay_buf *out, const char *name, const struct kx_checkpoint *c)
{
    kx_write_name(out, name);
    assay_buf_add_byte(out, '{');
    kx_write_hash32(out, "blockHash", &c->block);
    kx_write_decimal(out, "blueScore", c->blue_score);
    kx_write_decimal(out, "daaScore", c->daa_score);
    assay_buf_add_byte(out, '}');
}

void kx_write_acceptance(struct assay_buf *out, const char *name, const struct kx_acceptance *a)
{
    kx_write_name(out, name);
    assay_buf_add_byte(out, '{');
    kx_write_decimal(out, "acceptingBlockBlueScore", a->blue_score);
    kx_write_hash32(out, "acceptingBlockHash", &a->block);
    kx_write_checkpoint(out, "checkpoint", &a->checkpoint);
    kx_write_decimal(out, "confirmationCount", a->confirmations);
    kx_write_str(out, "status", "accepted");
    kx_write_hash32(out, "transactionId", &a->txid);
    assay_buf_add_byte(out, '}');
}
