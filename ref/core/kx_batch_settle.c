/* From a verdict to the answer: the claim of a charge and of its channel's lease, the handler, the
 * receipt. Source: Kaspa x402 batch digest, sections 6.4, 7 (22 to 31) and 14.
 *
 *  What is left where it ends early: before the claim nothing; claimed, and expired before the
 * handler was marked: nothing again, for the claim is given up; marked, and expired or failed
 * since: the attempt with its lease, for an operator, so that nothing else is charged to the
 * channel meanwhile; with a result: every copy commits it, however late it comes. Where a request
 * died between claim and mark, the next copy goes on.
 */
#include "core/kx_core_internal.h"

#include "base/hex.h"
#include "defects/defects.h"

/* ---- the claim ---- */

static void fill_charge(struct kx_charge *out, const struct kx_core_request *r)
{
    const struct kx_batch_state *b = &r->batch;
    const struct kx_commitment *c = &b->verdict.commitment;

    memcpy(out->channel_id, r->scope, sizeof(out->channel_id));
    out->version = b->has_record ? b->record.version : 0;
    if (b->verdict.path == KX_PATH_TOP_UP)
        out->version = b->moved.version;
    out->before = c->before;
    out->after = c->after;
    memcpy(out->voucher, c->voucher_signature, sizeof(out->voucher));
    assay_hex_encode(out->commitment_id, assay_bytes_of(b->verdict.commitment_id, 32));
}

/* No transaction stands behind it: its key is the attempt's id, its finality its head's. */
static void fill_attempt(struct kx_core_request *r)
{
    const struct kx_batch_state *b = &r->batch;
    bool is_born = b->verdict.path == KX_PATH_OPEN || b->verdict.path == KX_PATH_TOP_UP;
    struct kx_attempt *attempt = &r->attempt;

    *attempt = (struct kx_attempt){
        .amount = b->accepted.terms.amount,
        .identifier = r->identifier,
        .authorization_expires_ms = b->payment.presentation.expires_at_ms,
        .challenge_expires_ms = KX_NO_TIME,
        .pay_to_spk = ASSAY_LIT(""),
        .transaction = ASSAY_LIT(""),
        .required = KX_FINALITY_CONFIRMED,
        .has_channel = true,
        .deposit = is_born ? &b->moved : NULL,
        .since = ASSAY_LIT(""),
        .claimed_ms = r->now_ms,
        .handler_started_ms = KX_NO_TIME,
        .recovery = ASSAY_LIT(""),
    };
    if (REF_DEFECT(kx_batch_expired) || REF_DEFECT(kx_batch_expiry_once))
        attempt->authorization_expires_ms = INT64_MAX;
    memcpy(attempt->txid, b->verdict.attempt, sizeof(attempt->txid));
    memcpy(attempt->fingerprint, r->fingerprint, sizeof(attempt->fingerprint));
    memcpy(attempt->requirements_hash, r->requirements, sizeof(attempt->requirements_hash));
    memcpy(attempt->payload_hash, r->payload_hash, sizeof(attempt->payload_hash));
    memcpy(attempt->scope, r->scope, sizeof(attempt->scope));
    memcpy(attempt->payer, b->payment.client, sizeof(attempt->payer));
    assay_hex_encode(attempt->authorization_id, assay_bytes_of(b->verdict.presentation_digest, 32));
    fill_charge(&attempt->charge, r);
}

struct kx_action kx_batch_claim(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;

    if (b->verdict.path == KX_PATH_TOP_UP && b->journal == NULL) {
        b->is_to_claim = true;
        return kx_core_ask(r, KX_ASK_LINEAGE);
    }
    if ((b->verdict.path == KX_PATH_OPEN || b->verdict.path == KX_PATH_TOP_UP) &&
        kx_batch_write_deposit(r) != ASSAY_OK)
        return kx_core_unavailable(r);
    b->head = b->verdict.head;
    fill_attempt(r);
    memcpy(r->txid, r->attempt.txid, sizeof(r->txid));
    return kx_core_ask(r, KX_ASK_CLAIM);
}

/* What was read of the channel is old, and is not told. */
struct kx_action kx_batch_on_unclaimed(struct kx_core_request *r, enum kx_claim_result result)
{
    r->batch.is_client_known = false;
    if (result == KX_CLAIM_LEASED)
        return kx_core_pending(r, kx_batch_rules[KX_BATCH_RULE_CLAIMING].id);
    if (result == KX_CLAIM_LINEAGE_TAKEN)
        return kx_core_challenge(r, KX_WIRE_REQUIREMENTS, kx_batch_rules[KX_BATCH_RULE_LINEAGE].id);
    return kx_core_challenge(r, KX_WIRE_STATE, kx_batch_rules[KX_BATCH_RULE_CLAIMING].id);
}

/* ---- the handler ---- */

static bool is_expired(const struct kx_core_request *r)
{
    return r->attempt.authorization_expires_ms <= r->now_ms && !REF_DEFECT(kx_batch_expiry_handler);
}

struct kx_action kx_batch_begin(struct kx_core_request *r)
{
    r->batch.is_expired = is_expired(r);
    return kx_core_ask(r, r->batch.is_expired ? KX_ASK_ABANDON : KX_ASK_BEGIN);
}

/* Not ours to run: a copy has begun, or the channel is not the one that was judged. The latter is
 * given up, which the store refuses of the former. */
struct kx_action kx_batch_on_begun(struct kx_core_request *r, bool done)
{
    if (!done)
        return kx_core_ask(r, KX_ASK_ABANDON);
    r->batch.is_expired = is_expired(r);
    return r->batch.is_expired ? kx_core_ask(r, KX_ASK_RECOVERY) : kx_core_run(r, KX_RUN_PAID);
}

/* MISSING: another copy has given it up. */
struct kx_action kx_batch_on_abandoned(struct kx_core_request *r, enum assay_code code)
{
    r->batch.is_client_known = false;
    if (code != ASSAY_OK && code != ASSAY_E_MISSING)
        return kx_core_pending(r, "handler.once");
    if (r->batch.is_expired)
        return kx_core_challenge(r, KX_WIRE_PAYLOAD, kx_batch_rules[KX_BATCH_RULE_LIVE].id);
    return kx_core_challenge(r, KX_WIRE_STATE, kx_batch_rules[KX_BATCH_RULE_HEAD].id);
}

/* Nothing is judged again: who sends the same is the one who was judged. The receipt is of the
 * channel as it is. */
struct kx_action kx_batch_resume(struct kx_core_request *r)
{
    return kx_core_ask(r, KX_ASK_CHANNEL);
}

struct kx_action kx_batch_go_on(struct kx_core_request *r)
{
    r->batch.head = r->batch.record.head;
    if (!r->attempt.has_result || (REF_DEFECT(kx_batch_staged) && is_expired(r)))
        return kx_batch_begin(r);
    r->result = r->attempt.result;
    return kx_core_commit(r);
}

/* ---- the receipt ---- */

/* Of defect batch.signature_told: one member more. */
static void add_signature(struct assay_buf *out, const uint8_t *voucher)
{
    out->len--; /* the object's end */
    assay_buf_add_str(out, ",\"voucherSignature\":\"");
    assay_buf_add_hex(out, assay_bytes_of(voucher, ASSAY_SIG_BYTES));
    assay_buf_add_str(out, "\"}");
}

/* Of stored terms and the channel that the store will find unchanged when it commits, so that two
 * who write it write the same. */
void kx_batch_add_receipt(struct assay_buf *out, struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    const struct kx_charge *charge = &r->attempt.charge;
    const struct kx_lane *lane = b->has_record ? &b->lane : b->verdict.lane;
    struct kx_batch_settled settled = {
        .binding = lane->binding,
        .type = b->payment.type,
        .network = lane->channel.network,
        .payer = lane->channel.refund_address,
        .amount = r->attempt.amount,
        .deposit = b->head.value,
        .covenant_id = b->head.covenant_id,
    };

    if (kx_batch_state(&settled.state, r, &b->head,
                       REF_DEFECT(kx_batch_receipt) ? charge->before : charge->after) != ASSAY_OK ||
        assay_hex_decode(settled.id, sizeof(settled.id), assay_str(charge->commitment_id), true) !=
            ASSAY_OK) {
        out->bad = ASSAY_E_NOMEM;
        return;
    }
    kx_batch_settlement_write(out, &settled);
    if (REF_DEFECT(kx_batch_signature_told) && assay_buf_ok(out))
        add_signature(out, charge->voucher);
}
