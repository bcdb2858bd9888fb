/* The operations of batch settlement that need no transaction: channels, templates and what drifted
 * in one, vouchers, presentations, commitments. */
#include "run/operations_batch.h"

#include "base/hash.h"
#include "kaspa_x402/batch_payment.h"
#include "kaspa_x402/escrow_drift.h"

static json_t *digest_json(const char *name, const uint8_t digest[32])
{
    return json_pack("{s:o}", name, kaspa_out_hex(assay_bytes_of(digest, 32)));
}

static enum operation_answer channel_id(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"binding", "channelConfig", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct batch_channel c;
    uint8_t id[32];

    if (operation_members(in, members, err) && batch_in_channel(&c, &arena, in, err)) {
        kx_channel_id(id, c.binding, &c.channel);
        *result = digest_json("channelId", id);
        answer = OPERATION_OK;
    }
    assay_arena_fini(&arena);
    return answer;
}

static enum operation_answer channel_open(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"binding", "channelConfig", "claimed", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct assay_bytes redeem = ASSAY_LIT("");
    struct kaspa_spk spk = {0};
    uint64_t claimed = 0;
    struct kx_lane lane;

    if (operation_members(in, members, err) &&
        (json_object_get(in, "claimed") == NULL ||
         batch_in_amount(&claimed, in, "claimed", KX_BATCH_AMOUNT_MAX, err)))
        answer = batch_in_lane(&lane, &arena, in, result, err);
    if (answer == OPERATION_OK && (kx_lane_redeem(&redeem, &arena, &lane, claimed) != ASSAY_OK ||
                                   kx_lane_spk(&spk, &arena, &lane, claimed) != ASSAY_OK ||
                                   kx_lane_address(address, &arena, &lane, claimed) != ASSAY_OK)) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        answer = OPERATION_ERROR;
    }
    if (answer == OPERATION_OK)
        *result = json_pack("{s:o, s:s, s:o, s:o}", "channelId",
                            kaspa_out_hex(assay_bytes_of(lane.channel_id, 32)), "address", address,
                            "scriptPublicKey", kaspa_out_spk(&spk), "redeemScript",
                            kaspa_out_hex(redeem));
    assay_arena_fini(&arena);
    return answer;
}

/* ---- templates ---- */

/* A script's values as members; a slot that is not there has any value. */
struct template_in {
    const struct kx_escrow_template *tmpl;
    struct kx_escrow values;
    uint32_t known;
};

static bool template_in(struct template_in *out, const json_t *in, bool all, struct assay_err *err)
{
    const struct {
        const char *member;
        enum kx_escrow_slot slot;
        uint8_t *bytes; /* NULL: a number, */
        uint64_t *number, most;
    } slots[] = {
        {"claimed", KX_SLOT_CLAIMED, NULL, &out->values.claimed, KX_BATCH_AMOUNT_MAX},
        {"serverPublicKey", KX_SLOT_SERVER, out->values.server, NULL, 0},
        {"clientPublicKey", KX_SLOT_CLIENT, out->values.client, NULL, 0},
        {"payoutScriptPublicKeyHash", KX_SLOT_PAYOUT, out->values.payout_spk, NULL, 0},
        {"refundScriptPublicKeyHash", KX_SLOT_REFUND, out->values.refund_spk, NULL, 0},
        {"timeoutDaa", KX_SLOT_TIMEOUT, NULL, &out->values.timeout_daa, KX_BATCH_TIMEOUT_MAX},
    };
    const char *id = operation_text(in, "templateId", true, err);
    const char *network = id != NULL ? operation_text(in, "network", all, err) : NULL;

    if (network == NULL)
        return false;
    if ((out->tmpl = kx_escrow_find(assay_str(id))) == NULL) {
        assay_fail(err, ASSAY_E_UNKNOWN, 0,
                   "member templateId: \"%s\" is none; kaspa-x402-escrow-v1 to -v5 are", id);
        return false;
    }
    if (network[0] != '\0')
        out->known |= KX_SLOT_BIT(KX_SLOT_NETWORK);
    assay_sha256(out->values.network, assay_str(network));
    for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
        if (!all && json_object_get(in, slots[i].member) == NULL)
            continue;
        if (slots[i].bytes != NULL
                ? !batch_in_bytes(slots[i].bytes, 32, in, slots[i].member, err)
                : !batch_in_amount(slots[i].number, in, slots[i].member, slots[i].most, err))
            return false;
        out->known |= KX_SLOT_BIT(slots[i].slot);
    }
    return true;
}

static enum operation_answer template_spk(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"templateId",
                                          "network",
                                          "clientPublicKey",
                                          "serverPublicKey",
                                          "payoutScriptPublicKeyHash",
                                          "refundScriptPublicKeyHash",
                                          "timeoutDaa",
                                          "claimed",
                                          NULL};
    struct assay_buf redeem = ASSAY_BUF_INIT(KX_ESCROW_BYTES_MAX), script = ASSAY_BUF_INIT(64);
    struct template_in t = {.known = 0};
    enum operation_answer answer = OPERATION_ERROR;
    enum assay_code rc;

    if (!operation_members(in, members, err) || !template_in(&t, in, true, err))
        return OPERATION_ERROR;
    rc = kx_escrow_redeem(&redeem, t.tmpl, &t.values);
    kaspa_script_add_pay_to_script_hash(&script, assay_buf_view(&redeem));
    if (rc == ASSAY_E_RANGE) {
        answer = operation_refused(result, "batch.terms.form", "no script number is that timeout");
    } else if (rc != ASSAY_OK || !assay_buf_ok(&script)) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    } else {
        const struct kaspa_spk spk = {.script = assay_buf_view(&script)};

        *result = json_pack("{s:o, s:o}", "scriptPublicKey", kaspa_out_spk(&spk), "redeemScript",
                            kaspa_out_hex(assay_buf_view(&redeem)));
        answer = OPERATION_OK;
    }
    assay_buf_fini(&redeem);
    assay_buf_fini(&script);
    return answer;
}

static json_t *drift_json(const struct kx_drift *d)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    json_t *one = json_pack("{s:s, s:I, s:I}", "kind", kx_drift_kind_name(d->kind), "offset",
                            (json_int_t)d->offset, "length", (json_int_t)d->len);

    kx_drift_add_text(&text, d);
    if (d->rule != NULL)
        json_object_set_new(one, "rule", json_string(d->rule->id));
    json_object_set_new(one, "text", operation_words(assay_buf_cstr(&text)));
    assay_buf_fini(&text);
    return one;
}

static enum operation_answer answer_of_drifts(json_t **result, const struct kx_drifts *drifts,
                                              const struct kx_escrow_template *t)
{
    json_t *list = json_array();

    if (drifts->total == 0) {
        json_decref(list);
        *result = json_pack("{s:s}", "templateId", t->id);
        return OPERATION_OK;
    }
    for (size_t i = 0; i < drifts->count; i++)
        json_array_append_new(list, drift_json(&drifts->list[i]));
    *result = json_pack("{s:s, s:O, s:I, s:o}", "rule", "template.drift", "reason",
                        json_object_get(json_array_get(list, 0), "text"), "total",
                        (json_int_t)drifts->total, "drifts", list);
    return OPERATION_REFUSED;
}

static enum operation_answer template_diff(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"templateId",
                                          "network",
                                          "clientPublicKey",
                                          "serverPublicKey",
                                          "payoutScriptPublicKeyHash",
                                          "refundScriptPublicKeyHash",
                                          "timeoutDaa",
                                          "claimed",
                                          "script",
                                          NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    struct template_in t = {.known = 0};
    enum operation_answer answer = OPERATION_ERROR;
    struct kx_drifts *drifts;
    struct assay_bytes script;

    if (operation_members(in, members, err) && template_in(&t, in, false, err) &&
        kaspa_in_hex(&script, &arena, in, "script", err) &&
        (drifts = kaspa_in_room(&arena, 1, sizeof *drifts, err)) != NULL) {
        if (kx_escrow_drift(drifts, t.tmpl, &t.values, t.known, script) == ASSAY_OK)
            answer = answer_of_drifts(result, drifts, t.tmpl);
        else
            answer = operation_refused(result, "batch.terms.form",
                                       "no script number is that "
                                       "timeout");
    }
    assay_arena_fini(&arena);
    return answer;
}

/* ---- vouchers ---- */

struct voucher_in {
    const struct kx_batch_binding *binding;
    struct kx_voucher voucher;
};

static enum operation_answer voucher_in(struct voucher_in *out, struct assay_arena *arena,
                                        const json_t *in, json_t **result, struct assay_err *err)
{
    static const struct kaspa_hash zero;
    struct kx_voucher *v = &out->voucher;
    const char *network;

    if (!batch_in_binding(&out->binding, in, NULL, err) ||
        (network = operation_text(in, "network", true, err)) == NULL ||
        !kaspa_in_u64(&v->amount, in, "amount", err))
        return OPERATION_ERROR;
    v->network = assay_str(network);
    if (out->binding->is_of_outpoint)
        return batch_in_outpoint(&v->outpoint, in, "outpoint", err) &&
                       kaspa_in_spk(&v->spk, arena, in, "scriptPublicKey", err)
                   ? OPERATION_OK
                   : OPERATION_ERROR;
    if (!kaspa_in_hash(&v->covenant_id, in, "covenantId", err))
        return OPERATION_ERROR;
    if (kaspa_hash_equal(&v->covenant_id, &zero))
        return exact_refused(result, "batch.voucher.lineage", KX_LOCAL_BINDING,
                             "the covenant id is zeros: an output without lineage has it");
    if (v->amount == 0 || v->amount > out->binding->amount_max)
        return exact_refused(result, "batch.voucher.total", KX_LOCAL_AMOUNT,
                             "the total is 0, or above 2^63 - 1");
    return OPERATION_OK;
}

static enum operation_answer voucher_digest(const json_t *in, json_t **result,
                                            struct assay_err *err)
{
    static const char *const members[] = {"binding",  "network",         "covenantId", "amount",
                                          "outpoint", "scriptPublicKey", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct voucher_in v = {0};
    uint8_t digest[32];

    if (operation_members(in, members, err))
        answer = voucher_in(&v, &arena, in, result, err);
    if (answer == OPERATION_OK) {
        kx_voucher_digest(digest, v.binding, &v.voucher);
        *result = digest_json("digest", digest);
    }
    assay_arena_fini(&arena);
    return answer;
}

static enum operation_answer answer_of_signature(json_t **result, const struct voucher_in *v,
                                                 enum assay_sig verdict)
{
    uint8_t digest[32];

    if (verdict == ASSAY_SIG_BAD_KEY)
        return exact_refused(result, "batch.channel.config", KX_LOCAL_PUBLIC_KEY,
                             "the client's key is the x of no point");
    if (verdict != ASSAY_SIG_GOOD)
        return exact_refused(result, "batch.voucher.signature", KX_LOCAL_SIGNATURE,
                             "the signature is not the client's over this voucher");
    kx_voucher_digest(digest, v->binding, &v->voucher);
    *result = digest_json("digest", digest);
    return OPERATION_OK;
}

static enum operation_answer voucher_verify(const json_t *in, json_t **result,
                                            struct assay_err *err)
{
    static const char *const members[] = {"binding",         "network",   "covenantId",
                                          "amount",          "outpoint",  "scriptPublicKey",
                                          "clientPublicKey", "signature", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    uint8_t key[ASSAY_XONLY_BYTES], signature[ASSAY_SIG_BYTES];
    enum operation_answer answer = OPERATION_ERROR;
    struct voucher_in v = {0};

    if (operation_members(in, members, err) &&
        batch_in_bytes(key, sizeof(key), in, "clientPublicKey", err) &&
        batch_in_bytes(signature, sizeof(signature), in, "signature", err))
        answer = voucher_in(&v, &arena, in, result, err);
    if (answer == OPERATION_OK)
        answer = answer_of_signature(result, &v,
                                     kx_voucher_verify(v.binding, &v.voucher, signature, key));
    assay_arena_fini(&arena);
    return answer;
}

/* ---- presentations and commitments ---- */

static bool presentation_in(struct kx_presentation *p, const json_t *in, struct assay_err *err)
{
    const json_t *identifier = json_object_get(in, "paymentIdentifier");
    const char *expires = operation_text(in, "expiresAt", true, err);

    if (expires == NULL || !batch_in_bytes(p->fingerprint, 32, in, "requestFingerprint", err) ||
        !batch_in_bytes(p->requirements, 32, in, "acceptedRequirementsHash", err) ||
        !batch_in_bytes(p->context, 32, in, "securityContextHash", err) ||
        !batch_in_bytes(p->channel_id, 32, in, "channelId", err) ||
        !kaspa_in_hash(&p->covenant_id, in, "covenantId", err) ||
        !batch_in_bytes(p->voucher_digest, 32, in, "voucherDigest", err) ||
        !batch_in_bytes(p->nonce, 32, in, "nonce", err))
        return false;
    p->expires_at = assay_str(expires);
    p->has_identifier = identifier != NULL && !json_is_null(identifier);
    p->identifier = assay_str(json_string_value(identifier));
    if (!p->has_identifier || json_is_string(identifier))
        return true;
    assay_fail(err, ASSAY_E_TYPE, 0, "member paymentIdentifier: expected a text or null");
    return false;
}

static enum operation_answer presentation_digest(const json_t *in, json_t **result,
                                                 struct assay_err *err)
{
    static const char *const members[] = {"requestFingerprint",  "acceptedRequirementsHash",
                                          "securityContextHash", "channelId",
                                          "covenantId",          "voucherDigest",
                                          "paymentIdentifier",   "nonce",
                                          "expiresAt",           NULL};
    struct kx_presentation p = {.has_identifier = false};
    uint8_t digest[32];
    enum assay_code rc;

    if (!operation_members(in, members, err) || !presentation_in(&p, in, err))
        return OPERATION_ERROR;
    if ((rc = kx_presentation_digest(digest, &p)) != ASSAY_OK) {
        assay_fail(err, rc, 0, "the presentation cannot be hashed");
        return OPERATION_ERROR;
    }
    *result = digest_json("digest", digest);
    return OPERATION_OK;
}

static enum operation_answer commitment_id(const json_t *in, json_t **result, struct assay_err *err)
{
    const struct kx_batch_binding *binding;
    struct kx_commitment c;
    uint8_t id[32];

    if (!batch_in_commitment(&c, &binding, in, err))
        return OPERATION_ERROR;
    if (c.claimed > c.before || c.charge == 0 || c.after < c.before ||
        c.after - c.before != c.charge)
        return exact_refused(result, "batch.channel.accounts", KX_LOCAL_AMOUNT,
                             "S is above what was charged before, or before + charge is not after");
    kx_commitment_id(id, binding, &c);
    *result = digest_json("commitmentId", id);
    return OPERATION_OK;
}

#define VALUES                                                                                     \
    "templateId, network, clientPublicKey, serverPublicKey, payoutScriptPublicKeyHash, "           \
    "refundScriptPublicKeyHash, timeoutDaa, claimed"
#define OF_VOUCHER                                                                                 \
    "binding, network, amount (T), covenantId or, of kaspa-escrow-v1, outpoint {txid, index} and " \
    "scriptPublicKey"

const struct operation operations_batch[] = {
    {"channel.id", "channelConfig, binding?", "channelId", channel_id},
    {"channel.open", "channelConfig, claimed?, binding?",
     "channelId, address, scriptPublicKey, redeemScript", channel_open},
    {"template.spk", VALUES, "scriptPublicKey, redeemScript", template_spk},
    {"template.diff", "script, templateId, and of the others of template.spk those that are known",
     "templateId; of a script that is not: total, drifts [{kind, offset, length, rule?, text}]",
     template_diff},
    {"voucher.digest", OF_VOUCHER, "digest", voucher_digest},
    {"voucher.verify", OF_VOUCHER ", clientPublicKey, signature", "digest", voucher_verify},
    {"presentation.digest",
     "requestFingerprint, acceptedRequirementsHash, securityContextHash, channelId, covenantId, "
     "voucherDigest, paymentIdentifier (or null), nonce, expiresAt",
     "digest", presentation_digest},
    {"commitment.id",
     "binding, channelId, covenantId?, presentationDigest?, requestFingerprint, "
     "acceptedRequirementsHash, activeOutpoint, voucherSignature, voucherAmount?, charge, before, "
     "after, claimed",
     "commitmentId", commitment_id},
    {0},
};
