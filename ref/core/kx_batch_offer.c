/* The batch offer of a route: written anew for every challenge, and once more to be compared with
 * what was accepted. Source: Kaspa x402 batch digest, sections 3, 6.5 and 10. */
#include "core/kx_core_internal.h"

#include "base/hex.h"
#include "defects/defects.h"

bool kx_batch_is_sold(const struct kx_core_request *r)
{
    return r->core->batch != NULL && r->route->is_batch;
}

/* The smallest multiple of the bucket that is the lead and a refund's life ahead; 0: no DAA score
 * is. */
static uint64_t timeout_at(const struct kx_batch_core *batch, uint64_t daa_score)
{
    uint64_t ahead, bucket = batch->refund_bucket_daa;

    /* kx_core_check has seen to it that lead, life and bucket are no more than a timeout each */
    if (daa_score > KX_BATCH_TIMEOUT_MAX)
        return 0;
    ahead = daa_score + batch->policy.refund_lead_daa + batch->refund_life_daa;
    ahead += (bucket - ahead % bucket) % bucket;
    return ahead <= KX_BATCH_TIMEOUT_MAX ? ahead : 0;
}

/* As the verifier derives it of the caller whom it sees. */
static enum assay_code hash_context(uint8_t out[32], const struct kx_core_request *r)
{
    char text[X402_HASH_TEXT_BYTES];
    enum assay_code rc = r->request.context != NULL
                             ? kx_context_hash(text, r->request.context, NULL)
                             : kx_public_context_hash(text, assay_buf_view(&r->url));

    return rc == ASSAY_OK ? assay_hex_decode(out, 32, assay_str(text), true) : rc;
}

static void set_policy(struct kx_batch_offer *out, const struct kx_batch_core *batch)
{
    out->has_policy = batch->has_claim_above || batch->has_claim_after;
    out->has_claim_above = batch->has_claim_above;
    out->has_claim_after = batch->has_claim_after;
    out->claim_above = batch->claim_above;
    out->claim_after_s = batch->claim_after_s;
}

static enum assay_code quote(struct kx_batch_offer *out, const struct kx_core_request *r,
                             uint64_t timeout)
{
    const struct kx_core *core = r->core;
    const struct kx_batch_core *batch = core->batch;

    *out = (struct kx_batch_offer){
        .has_mcp_charge = (r->event.tool != NULL && !REF_DEFECT(kx_mcp_charge_unsaid)) ||
                          REF_DEFECT(kx_batch_mcp),
        .token = ASSAY_JSON_NONE,
        .binding = batch->binding,
        .network = core->network,
        .terms = {.network = ASSAY_LIT(KX_NETWORK_TESTNET), /* the only one that bindings of fixed
                                                               charges have */
                  .pay_to = assay_str(core->pay_to),
                  .template_id = assay_str(batch->template_id),
                  .amount = REF_DEFECT(kx_batch_price) ? r->route->price / KASPA_SOMPI_PER_KAS
                                                       : r->route->price,
                  .max_timeout_s = core->max_timeout_s,
                  .min_deposit =
                      REF_DEFECT(kx_batch_deposit_low) ? r->route->price : batch->min_deposit,
                  .claim_reserve = batch->reserve,
                  .refund_timeout_daa = timeout},
    };
    memcpy(out->terms.server, batch->server, sizeof(out->terms.server));
    set_policy(out, batch);
    return hash_context(out->context, r);
}

/* Where the channel stands, for its client; never with a signature (6.3). */
static enum assay_code tell_state(struct kx_batch_offer *out, struct kx_core_request *r)
{
    const struct kx_lane_record *record = &r->batch.record;
    enum assay_code rc = kx_batch_state(&out->state, r, &record->head, record->authorized);

    out->has_state = rc == ASSAY_OK;
    return rc;
}

/* The client of a channel is told its state where he has signed this very request: whoever names
 * the channel's id and its client's key, or brings a voucher of his, may only have read them on the
 * chain, where a claim reveals them all, and what was charged since is nobody else's to know. */
enum assay_code kx_batch_quote(struct kx_batch_offer *out, const struct kx_batch_offer **shown,
                               struct kx_core_request *r)
{
    bool is_told = r->is_batch && r->batch.is_client_known;
    uint64_t timeout;
    enum assay_code rc;

    if (!kx_batch_is_sold(r) || r->daa_score == 0)
        return ASSAY_OK;
    timeout = is_told ? r->batch.lane.channel.refund_timeout_daa
                      : timeout_at(r->core->batch, r->daa_score);
    if (REF_DEFECT(kx_batch_time))
        timeout = (uint64_t)r->now_ms;
    if (timeout == 0)
        return ASSAY_OK;
    rc = quote(out, r, timeout);
    if (rc == ASSAY_OK && is_told)
        rc = tell_state(out, r);
    if (rc == ASSAY_OK)
        *shown = out;
    return rc;
}

/* The accepted timeout where this server gives it: that of the channel itself, which was made for
 * it, or of a bucket that was not later than today's, once the chain was asked for today: another
 * worker may have offered it by a later word of the node than this one has. Else one that it is
 * not. How near it may be is a question of its own (batch.refund.window). */
static uint64_t timeout_given(const struct kx_core_request *r)
{
    const struct kx_batch_core *batch = r->core->batch;
    uint64_t accepted = r->batch.accepted.terms.refund_timeout_daa;
    uint64_t latest = r->daa_seen != 0 ? timeout_at(batch, r->daa_seen) : KX_BATCH_TIMEOUT_MAX;

    if (REF_DEFECT(kx_batch_offer_timeout) ||
        (r->batch.has_record && accepted == r->batch.lane.channel.refund_timeout_daa))
        return accepted;
    if (accepted % batch->refund_bucket_daa == 0 && accepted <= latest)
        return accepted;
    return r->daa_seen != 0 ? latest : accepted - accepted % batch->refund_bucket_daa;
}

enum assay_code kx_batch_quote_again(struct kx_batch_offer *out, struct kx_core_request *r)
{
    bool is_read = r->batch.fault == KX_BATCH_TERMS_OK;
    enum assay_code rc = quote(out, r, is_read ? timeout_given(r) : 0);

    return rc == ASSAY_OK && is_read && r->batch.accepted.has_state && r->batch.has_record
               ? tell_state(out, r)
               : rc;
}
