/* A channel's scripts, made of its configuration; see lane.h. */
#include "kaspa_x402/lane.h"

#include "base/hash.h"
#include "defects/defects.h"

static enum kx_local fail(struct assay_err *err, enum kx_local local, const char *member,
                          const char *what)
{
    (void)assay_fail(err, ASSAY_E_MALFORMED, 0, "channelConfig.%s %s", member, what);
    return local;
}

static enum kx_local no_memory(struct assay_err *err)
{
    (void)assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the channel's scripts");
    return KX_LOCAL_PAYLOAD;
}

/* The script that an address stands for. */
static enum kx_local read_address(struct kaspa_spk *out, struct assay_arena *arena,
                                  const struct kx_lane *lane, const char *member,
                                  struct assay_bytes text, struct assay_err *err)
{
    struct kaspa_address address;
    enum kaspa_address_error wrong = kaspa_address_decode(&address, NULL, text);
    uint8_t *script = assay_arena_alloc(arena, KASPA_SPK_MAX_STANDARD_BYTES);

    if (script == NULL)
        return no_memory(err);
    if (wrong != KASPA_ADDRESS_OK)
        return fail(err, KX_LOCAL_PAYLOAD, member, kaspa_address_error_text(wrong));
    if (address.network != lane->network &&
        !(REF_DEFECT(kx_batch_refund_network) && strcmp(member, "refundAddress") == 0))
        return fail(err, KX_LOCAL_PAYLOAD, member, "is an address of another network");
    kaspa_address_script(out, script, &address);
    return KX_LOCAL_NONE;
}

static enum kx_local make_base(struct kx_lane *lane, struct assay_arena *arena,
                               struct assay_err *err)
{
    struct kx_escrow escrow = {.timeout_daa = lane->channel.refund_timeout_daa};
    struct assay_buf script = ASSAY_BUF_INIT(KX_ESCROW_BYTES_MAX);
    enum assay_code rc;

    memcpy(escrow.server, lane->channel.server, sizeof(escrow.server));
    memcpy(escrow.client, lane->channel.client, sizeof(escrow.client));
    assay_sha256(escrow.network, lane->channel.network);
    kx_spk_hash(escrow.payout_spk, &lane->payout);
    kx_spk_hash(escrow.refund_spk, &lane->refund);
    rc = kx_escrow_redeem(&script, lane->tmpl, &escrow);
    if (rc == ASSAY_OK)
        lane->base = assay_arena_copy(arena, assay_buf_view(&script));
    assay_buf_fini(&script);
    return rc == ASSAY_OK && lane->base.at != NULL ? KX_LOCAL_NONE : no_memory(err);
}

static enum kx_local judge_keys(const struct kx_channel *c, struct assay_err *err)
{
    if (!assay_xonly_is_point(c->client) && !REF_DEFECT(kx_batch_key))
        return fail(err, KX_LOCAL_PUBLIC_KEY, "clientPublicKey", "is the x of no point");
    if (!assay_xonly_is_point(c->server) && !REF_DEFECT(kx_batch_key))
        return fail(err, KX_LOCAL_PUBLIC_KEY, "serverPublicKey", "is the x of no point");
    if (memcmp(c->client, c->server, sizeof(c->client)) == 0 && !REF_DEFECT(kx_batch_keys_equal))
        return fail(err, KX_LOCAL_PUBLIC_KEY, "clientPublicKey", "is the server's key too");
    return KX_LOCAL_NONE;
}

static enum kx_local judge_texts(struct kx_lane *lane, struct assay_err *err)
{
    if (!kx_network_find(&lane->network, lane->channel.network) ||
        (lane->network == KASPA_MAINNET && !lane->binding->has_mainnet))
        return fail(err, KX_LOCAL_NETWORK, "network", "is none that the binding has");
    lane->tmpl = kx_batch_has_template(lane->binding, lane->channel.template_id)
                     ? kx_escrow_find(lane->channel.template_id)
                     : NULL;
    if (lane->tmpl == NULL)
        return fail(err, KX_LOCAL_BINDING, "templateId", "is no template of the binding");
    if (lane->channel.refund_timeout_daa > KX_BATCH_TIMEOUT_MAX)
        return fail(err, KX_LOCAL_PAYLOAD, "refundTimeoutDaa",
                    "is a time, not a DAA score: it must be below 500000000000");
    return KX_LOCAL_NONE;
}

enum kx_local kx_lane_open(struct kx_lane *out, struct assay_arena *arena,
                           const struct kx_batch_binding *binding, const struct kx_channel *channel,
                           struct assay_err *err)
{
    enum kx_local local;

    *out = (struct kx_lane){.binding = binding, .channel = *channel};
    local = judge_texts(out, err);
    if (local == KX_LOCAL_NONE)
        local = judge_keys(channel, err);
    if (local == KX_LOCAL_NONE)
        local = read_address(&out->payout, arena, out, "payTo", channel->pay_to, err);
    if (local == KX_LOCAL_NONE)
        local =
            read_address(&out->refund, arena, out, "refundAddress", channel->refund_address, err);
    if (local == KX_LOCAL_NONE)
        local = make_base(out, arena, err);
    if (local == KX_LOCAL_NONE)
        kx_channel_id(out->channel_id, binding, channel);
    return local;
}

enum assay_code kx_lane_redeem(struct assay_bytes *out, struct assay_arena *arena,
                               const struct kx_lane *lane, uint64_t claimed)
{
    uint8_t *script = assay_arena_alloc(arena, lane->base.len);

    if (script == NULL)
        return ASSAY_E_NOMEM;
    memcpy(script, lane->base.at, lane->base.len);
    if (lane->tmpl->state_at != 0)
        kx_escrow_set_state(script, lane->tmpl, claimed);
    *out = assay_bytes_of(script, lane->base.len);
    return ASSAY_OK;
}

static enum assay_code hash_redeem(struct kaspa_address *out, struct assay_arena *arena,
                                   const struct kx_lane *lane, uint64_t claimed)
{
    struct assay_bytes redeem;
    enum assay_code rc = kx_lane_redeem(&redeem, arena, lane, claimed);

    if (rc != ASSAY_OK)
        return rc;
    *out = (struct kaspa_address){
        .network = lane->network, .version = KASPA_ADDRESS_SCRIPT_HASH, .payload_len = 32};
    assay_blake2b(out->payload, 32, assay_bytes_of(NULL, 0), redeem);
    return ASSAY_OK;
}

enum assay_code kx_lane_spk(struct kaspa_spk *out, struct assay_arena *arena,
                            const struct kx_lane *lane, uint64_t claimed)
{
    uint8_t *script = assay_arena_alloc(arena, KASPA_SPK_MAX_STANDARD_BYTES);
    struct kaspa_address address;
    enum assay_code rc =
        script == NULL ? ASSAY_E_NOMEM : hash_redeem(&address, arena, lane, claimed);

    if (rc == ASSAY_OK)
        kaspa_address_script(out, script, &address);
    return rc;
}

enum assay_code kx_lane_address(char *text, struct assay_arena *arena, const struct kx_lane *lane,
                                uint64_t claimed)
{
    struct kaspa_address address;
    enum assay_code rc = hash_redeem(&address, arena, lane, claimed);

    if (rc == ASSAY_OK)
        kaspa_address_encode(text, &address);
    return rc;
}

enum assay_code kx_lane_voucher(uint8_t out[32], struct assay_arena *arena,
                                const struct kx_lane *lane, const struct kx_lane_head *head,
                                uint64_t total)
{
    struct kx_voucher voucher = {
        .network = lane->channel.network,
        .covenant_id = head->covenant_id,
        .outpoint = head->outpoint,
        .amount = total,
    };
    enum assay_code rc = lane->binding->is_of_outpoint
                             ? kx_lane_spk(&voucher.spk, arena, lane, head->claimed)
                             : ASSAY_OK;

    if (rc == ASSAY_OK)
        kx_voucher_digest(out, lane->binding, &voucher);
    return rc;
}
