/* What the checks of a batch request rest on, made once: the hashes of this side, the lane, its
 * head and its sums. Source: Kaspa x402 batch digest, sections 3, 5.3, 6.1 and 7. */
#include "kaspa_x402/batch_verify_internal.h"

#include "base/hex.h"
#include "defects/defects.h"

#include <assert.h>

static void from_text(uint8_t out[32], const char *hash)
{
    enum assay_code rc = assay_hex_decode(out, 32, assay_str(hash), true);

    assert(rc == ASSAY_OK); /* this side made it */
    (void)rc;
}

/* The caller's own, or of a public route that of what is asked for. */
static void hash_context(struct kx_judging *v)
{
    const struct kx_context *context = v->with->request->context;
    char text[X402_HASH_TEXT_BYTES];

    v->has_context = context != NULL ? kx_context_hash(text, context, NULL)
                                     : kx_public_context_hash(text, v->with->offer->url);
    if (v->has_context == ASSAY_OK)
        from_text(v->context, text);
}

static void read_terms(struct kx_judging *v)
{
    const struct x402_terms *accepted = &v->payment->envelope.accepted;
    const struct kx_batch_channel *channel = v->with->channel;
    const uint8_t *key = channel != NULL ? channel->lane->channel.server : NULL;

    v->has_requirements =
        kx_requirements_hash(v->out->requirements, v->payment->doc, accepted->token, NULL);
    v->fault = kx_batch_offer_read_known(&v->offer, v->with->arena, v->payment->doc, accepted, key,
                                         &v->offer_err);
    v->has_accepted = v->has_fingerprint = v->has_requirements;
    if (v->has_requirements != ASSAY_OK)
        return;
    v->has_fingerprint =
        kx_fingerprint(v->out->fingerprint, v->with->request, v->out->requirements, NULL);
    if (v->fault == KX_BATCH_TERMS_OK)
        v->has_accepted = kx_batch_accepted_hash(v->accepted, &v->offer, NULL);
}

/* ---- the lane and its head ---- */

/* A head that the store does not have yet, as the payload says it to be. */
static void set_presented_head(struct kx_judging *v, struct kaspa_hash covenant_id,
                               uint64_t claimed)
{
    v->out->head = (struct kx_lane_head){.outpoint = v->payment->outpoint,
                                         .covenant_id = covenant_id,
                                         .value = v->payment->funding,
                                         .claimed = claimed};
}

static void open_lane(struct kx_judging *v)
{
    struct kx_lane *lane = assay_arena_alloc(v->with->arena, sizeof(*lane));

    v->out->path = KX_PATH_OPEN;
    set_presented_head(v, v->payment->voucher.covenant_id, 0);
    v->before = (struct kx_accounts){.funding = v->payment->funding,
                                     .reserve = v->offer.terms.claim_reserve};
    if (lane == NULL) {
        v->opening = KX_LOCAL_PAYLOAD;
        (void)assay_fail(&v->opening_err, ASSAY_E_NOMEM, 0, "%s", assay_code_text(ASSAY_E_NOMEM));
        return;
    }
    v->opening = kx_lane_open(lane, v->with->arena, v->payment->binding, &v->payment->channel,
                              &v->opening_err);
    if (v->opening == KX_LOCAL_NONE)
        v->out->lane = lane;
}

static void find_lane(struct kx_judging *v)
{
    const struct kx_batch_channel *channel = v->with->channel;
    struct kx_batch_verdict *out = v->out;

    if (v->payment->type == KX_PAYLOAD_DEPOSIT && channel == NULL)
        open_lane(v);
    if ((v->payment->type != KX_PAYLOAD_DEPOSIT && v->payment->type != KX_PAYLOAD_VOUCHER) ||
        channel == NULL)
        return;
    out->lane = channel->lane;
    out->head = channel->head;
    v->before = channel->accounts;
    if (v->payment->type == KX_PAYLOAD_VOUCHER)
        out->path = KX_PATH_VOUCHER;
    else if (kaspa_outpoint_equal(&v->payment->outpoint, &channel->head.outpoint))
        out->path = KX_PATH_SAME;
    else
        out->path = KX_PATH_TOP_UP;
    if (out->path != KX_PATH_TOP_UP)
        return;
    set_presented_head(v, channel->head.covenant_id, channel->head.claimed);
    v->topping_up = kx_accounts_top_up(
        &v->before, channel->lane->binding,
        v->payment->funding + (REF_DEFECT(kx_batch_top_up_added) ? channel->head.value : 0));
}

/* ---- what the client must have signed ---- */

/* Of defect batch.lineage_believed; else that of the head. */
static struct kaspa_hash lineage_of(const struct kx_judging *v)
{
    return REF_DEFECT(kx_batch_lineage) ? v->payment->voucher.covenant_id
                                        : v->out->head.covenant_id;
}

static void expect(struct kx_judging *v)
{
    const struct kx_batch_payment *payment = v->payment;
    struct kx_presentation *e = &v->expected;

    v->voucher = (struct kx_voucher){.network = v->out->lane->channel.network,
                                     .covenant_id = lineage_of(v),
                                     .outpoint = v->out->head.outpoint,
                                     .spk = v->spk,
                                     .amount = payment->voucher.amount};
    kx_voucher_digest(v->out->voucher_digest, v->out->lane->binding, &v->voucher);
    if (v->has_fingerprint == ASSAY_OK)
        from_text(e->fingerprint, v->out->fingerprint);
    memcpy(e->requirements, v->accepted, sizeof(e->requirements));
    memcpy(e->context, v->context, sizeof(e->context));
    memcpy(e->channel_id, v->out->lane->channel_id, sizeof(e->channel_id));
    memcpy(e->voucher_digest, v->out->voucher_digest, sizeof(e->voucher_digest));
    e->covenant_id = v->voucher.covenant_id;
    e->has_identifier =
        payment->identifier_state == X402_IDENTIFIER_PRESENT && payment->identifier.id.len > 0;
    e->identifier = e->has_identifier ? payment->identifier.id : ASSAY_LIT("");
    if (REF_DEFECT(kx_batch_presented_id)) {
        e->has_identifier = payment->presentation.says.has_identifier;
        e->identifier = payment->presentation.says.identifier;
    }
    /* the client chooses these two */
    e->expires_at = payment->presentation.says.expires_at;
    memcpy(e->nonce, payment->presentation.says.nonce, sizeof(e->nonce));
}

static void name_attempt(struct kx_judging *v)
{
    struct kx_batch_verdict *out = v->out;
    struct kx_batch_attempt attempt = {v->payment->channel_id, out->head.covenant_id.at,
                                       out->fingerprint, out->requirements, out->payload};
    char accepted[X402_HASH_TEXT_BYTES];

    if (v->fault != KX_BATCH_TERMS_OK || v->has_accepted != ASSAY_OK ||
        v->has_fingerprint != ASSAY_OK)
        return;
    assay_hex_encode(accepted, assay_bytes_of(v->accepted, sizeof(v->accepted)));
    if (kx_batch_payload_hash(out->payload, v->payment, accepted) != ASSAY_OK ||
        kx_batch_attempt_id(out->attempt, &attempt) != ASSAY_OK)
        out->payload[0] = out->attempt[0] = '\0';
}

/* Of defect batch.escrow_believed: the deposit's. */
static void believe_script(struct kx_judging *v)
{
    if (v->payment->type == KX_PAYLOAD_DEPOSIT &&
        kaspa_spk_parse(&v->spk, v->payment->spk) != ASSAY_OK)
        v->has_spk = ASSAY_E_MALFORMED;
}

void kx_batch_prepare(struct kx_judging *v)
{
    hash_context(v);
    read_terms(v);
    find_lane(v);
    name_attempt(v);
    if (v->out->lane == NULL)
        return;
    v->has_spk = kx_lane_spk(&v->spk, v->with->arena, v->out->lane, v->out->head.claimed);
    if (v->has_spk != ASSAY_OK)
        v->spk.script = ASSAY_LIT("");
    if (REF_DEFECT(kx_batch_escrow))
        believe_script(v);
    expect(v);
}
