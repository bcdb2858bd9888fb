/* Readers of the inputs of batch operations; see operations_batch.h. */
#include "run/operations_batch.h"

#include "base/hex.h"

bool batch_in_bytes(uint8_t *out, size_t len, const json_t *in, const char *member,
                    struct assay_err *err)
{
    const char *text = operation_text(in, member, true, err);

    if (text == NULL)
        return false;
    if (assay_hex_decode(out, len, assay_str(text), false) == ASSAY_OK)
        return true;
    assay_fail(err, ASSAY_E_MALFORMED, 0, "member %s: expected %zu bytes as hex", member, len);
    return false;
}

static bool text_in(struct assay_bytes *out, struct assay_arena *arena, const json_t *in,
                    const char *member, struct assay_err *err)
{
    const char *text = operation_text(in, member, true, err);

    if (text == NULL)
        return false;
    *out = assay_arena_copy(arena, assay_str(text));
    if (out->at != NULL)
        return true;
    assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    return false;
}

bool batch_in_amount(uint64_t *out, const json_t *in, const char *member, uint64_t most,
                     struct assay_err *err)
{
    if (!kaspa_in_u64(out, in, member, err))
        return false;
    if (*out <= most)
        return true;
    assay_fail(err, ASSAY_E_RANGE, 0, "member %s: expected at most %llu", member,
               (unsigned long long)most);
    return false;
}

bool batch_in_binding(const struct kx_batch_binding **out, const json_t *in,
                      const char *template_id, struct assay_err *err)
{
    const char *name = operation_text(in, "binding", template_id == NULL, err);

    if (name == NULL)
        return false;
    *out = name[0] != '\0' ? kx_batch_binding_find(assay_str(name)) : NULL;
    for (size_t i = 0;
         name[0] == '\0' && template_id != NULL && *out == NULL && i < KX_BATCH_BINDINGS; i++)
        if (kx_batch_has_template(&kx_batch_bindings[i], assay_str(template_id)))
            *out = &kx_batch_bindings[i];
    if (*out != NULL)
        return true;
    if (name[0] != '\0' || template_id == NULL)
        assay_fail(err, ASSAY_E_UNKNOWN, 0,
                   "member binding: \"%s\" is none; kaspa-escrow-v1, -v2 and -v3 are", name);
    else
        assay_fail(err, ASSAY_E_UNKNOWN, 0,
                   "member templateId: \"%s\" is of no binding; give binding too", template_id);
    return false;
}

static bool asset_in(const json_t *config, struct assay_err *err)
{
    const char *asset = operation_text(config, "asset", false, err);

    if (asset == NULL)
        return false;
    if (asset[0] == '\0' || strcmp(asset, KX_ASSET) == 0)
        return true;
    assay_fail(err, ASSAY_E_UNKNOWN, 0, "member asset: \"%s\" is not KAS", asset);
    return false;
}

bool batch_in_channel(struct batch_channel *out, struct assay_arena *arena, const json_t *in,
                      struct assay_err *err)
{
    static const char *const members[] = {"network",
                                          "asset",
                                          "templateId",
                                          "clientPublicKey",
                                          "serverPublicKey",
                                          "payTo",
                                          "refundAddress",
                                          "refundTimeoutDaa",
                                          "salt",
                                          NULL};
    const json_t *config = json_object_get(in, "channelConfig");
    struct kx_channel *c = &out->channel;

    if (operation_members(config, members, err) && asset_in(config, err) &&
        text_in(&c->network, arena, config, "network", err) &&
        text_in(&c->template_id, arena, config, "templateId", err) &&
        batch_in_bytes(c->client, sizeof(c->client), config, "clientPublicKey", err) &&
        batch_in_bytes(c->server, sizeof(c->server), config, "serverPublicKey", err) &&
        text_in(&c->pay_to, arena, config, "payTo", err) &&
        text_in(&c->refund_address, arena, config, "refundAddress", err) &&
        batch_in_amount(&c->refund_timeout_daa, config, "refundTimeoutDaa", KX_BATCH_TIMEOUT_MAX,
                        err) &&
        batch_in_bytes(c->salt, sizeof(c->salt), config, "salt", err))
        return batch_in_binding(&out->binding, in, (const char *)c->template_id.at, err);
    (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member channelConfig");
    return false;
}

enum operation_answer batch_in_lane(struct kx_lane *out, struct assay_arena *arena,
                                    const json_t *in, json_t **result, struct assay_err *err)
{
    struct batch_channel c;
    struct assay_err why = {0};
    enum kx_local local;

    if (!batch_in_channel(&c, arena, in, err))
        return OPERATION_ERROR;
    local = kx_lane_open(out, arena, c.binding, &c.channel, &why);
    if (local == KX_LOCAL_NONE)
        return OPERATION_OK;
    if (why.code == ASSAY_E_NOMEM) {
        assay_fail(err, why.code, 0, "%s", why.text);
        return OPERATION_ERROR;
    }
    return exact_refused(result, "batch.channel.config", local, why.text);
}

bool batch_in_outpoint(struct kaspa_outpoint *out, const json_t *in, const char *member,
                       struct assay_err *err)
{
    static const char *const members[] = {"txid", "index", NULL};
    const json_t *outpoint = json_object_get(in, member);
    uint64_t index = 0;

    if (!operation_members(outpoint, members, err) ||
        !kaspa_in_hash(&out->txid, outpoint, "txid", err) ||
        !kaspa_in_small(&index, outpoint, "index", UINT32_MAX, err)) {
        (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member %s", member);
        return false;
    }
    out->index = (uint32_t)index;
    return true;
}

bool batch_in_head(struct kx_lane_head *out, const json_t *in,
                   const struct kx_batch_binding *binding, struct assay_err *err)
{
    static const char *const members[] = {"outpoint", "value", "claimed", "covenantId", NULL};
    const json_t *head = json_object_get(in, "head");

    *out = (struct kx_lane_head){.value = 0};
    if (head == NULL) {
        assay_fail(err, ASSAY_E_MISSING, 0,
                   "member head: expected the head that is spent: {outpoint, value, claimed, "
                   "covenantId}");
        return false;
    }
    if (operation_members(head, members, err) &&
        batch_in_outpoint(&out->outpoint, head, "outpoint", err) &&
        kaspa_in_u64(&out->value, head, "value", err) &&
        batch_in_amount(&out->claimed, head, "claimed", KX_BATCH_AMOUNT_MAX, err) &&
        (binding->is_of_outpoint || kaspa_in_hash(&out->covenant_id, head, "covenantId", err)))
        return true;
    (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member head");
    return false;
}

json_t *batch_out_head(const struct kx_lane_head *head, const struct kaspa_spk *spk)
{
    return json_pack("{s:{s:o, s:I}, s:o, s:o, s:o, s:o}", "outpoint", "txid",
                     kaspa_out_hash(&head->outpoint.txid), "index",
                     (json_int_t)head->outpoint.index, "value", kaspa_out_u64(head->value),
                     "claimed", kaspa_out_u64(head->claimed), "covenantId",
                     kaspa_out_hash(&head->covenant_id), "scriptPublicKey", kaspa_out_spk(spk));
}

static bool commitment_in(struct kx_commitment *c, const struct kx_batch_binding *binding,
                          const json_t *in, struct assay_err *err)
{
    return batch_in_bytes(c->channel_id, 32, in, "channelId", err) &&
           (binding->is_of_outpoint || kaspa_in_hash(&c->covenant_id, in, "covenantId", err)) &&
           (!binding->is_fixed ||
            batch_in_bytes(c->presentation, 32, in, "presentationDigest", err)) &&
           batch_in_bytes(c->fingerprint, 32, in, "requestFingerprint", err) &&
           batch_in_bytes(c->requirements, 32, in, "acceptedRequirementsHash", err) &&
           batch_in_outpoint(&c->outpoint, in, "activeOutpoint", err) &&
           batch_in_bytes(c->voucher_signature, ASSAY_SIG_BYTES, in, "voucherSignature", err) &&
           (binding->is_fixed || kaspa_in_u64(&c->voucher_amount, in, "voucherAmount", err)) &&
           kaspa_in_u64(&c->charge, in, "charge", err) &&
           kaspa_in_u64(&c->before, in, "before", err) &&
           kaspa_in_u64(&c->after, in, "after", err) &&
           kaspa_in_u64(&c->claimed, in, "claimed", err);
}

bool batch_in_commitment(struct kx_commitment *out, const struct kx_batch_binding **binding,
                         const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"binding",
                                          "channelId",
                                          "covenantId",
                                          "presentationDigest",
                                          "requestFingerprint",
                                          "acceptedRequirementsHash",
                                          "activeOutpoint",
                                          "voucherSignature",
                                          "voucherAmount",
                                          "charge",
                                          "before",
                                          "after",
                                          "claimed",
                                          NULL};

    *out = (struct kx_commitment){.charge = 0};
    return operation_members(in, members, err) && batch_in_binding(binding, in, NULL, err) &&
           commitment_in(out, *binding, in, err);
}
