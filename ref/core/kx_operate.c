/* A server's own transactions of a channel; see kx_operate.h. */
#include "core/kx_operate.h"

#include "base/hex.h"
#include "kaspa/mass.h"
#include "kaspa/safejson.h"

enum { LEAST_FEE = 1 }; /* of the transaction that the fee is learnt from */

enum assay_code kx_operated_read(struct kx_operated *out, struct assay_arena *arena,
                                 const struct kx_batch_binding *binding,
                                 const struct kx_lane_record *record)
{
    enum assay_code rc;

    out->record = *record;
    if ((rc = kx_lane_journal_lane(&out->lane, arena, binding, record->config)) != ASSAY_OK)
        return rc;
    return kx_lane_journal_read(&out->journal, arena, &out->lane, record->lineage);
}

/* ---- a claim ---- */

static enum assay_code check_owed(const struct kx_operated *c, const struct assay_key *server,
                                  struct assay_err *err)
{
    if (memcmp(server->xonly, c->lane.channel.server, sizeof(server->xonly)) != 0)
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "the key is not the server's of this channel");
    if (!c->record.has_voucher || c->record.charged <= c->record.head.claimed)
        return assay_fail(err, ASSAY_E_MISSING, 0, "nothing is owed");
    return ASSAY_OK;
}

/* The fee is learnt from the same transaction at another one: its size does not depend on it. */
static enum assay_code build(struct kx_batch_artifact *out, struct assay_arena *arena,
                             struct kx_batch_plan *plan, uint64_t fee_max, struct assay_err *err)
{
    enum assay_code rc = kx_batch_tx_build(out, arena, plan, err);

    if (rc != ASSAY_OK)
        return rc;
    plan->fee = kaspa_relay_fee(&out->tx);
    if (plan->fee > fee_max)
        return assay_fail(err, ASSAY_E_RANGE, 0, "its fee would be %llu sompi, and may be %llu",
                          (unsigned long long)plan->fee, (unsigned long long)fee_max);
    if (plan->fee >= plan->amount)
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "%llu sompi are owed, which is not worth the fee of %llu",
                          (unsigned long long)plan->amount, (unsigned long long)plan->fee);
    return kx_batch_tx_build(out, arena, plan, err);
}

static enum assay_code keep(struct kx_lane_operation *out, struct assay_arena *arena,
                            const struct kx_batch_artifact *made)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_ARTIFACT_MAX_BYTES);
    enum assay_code rc;

    kaspa_tx_write(&text, &made->tx, made->utxos, KASPA_JSON_NESTED);
    out->transaction = assay_arena_copy(arena, assay_buf_view(&text));
    rc = out->transaction.at != NULL ? text.bad : ASSAY_E_NOMEM;
    assay_buf_fini(&text);
    assay_hex_encode(out->txid, assay_bytes_of(made->id.at, sizeof(made->id.at)));
    return rc;
}

enum assay_code kx_operate_claim(struct kx_lane_operation *out, struct kaspa_tx *tx,
                                 struct assay_arena *arena, const struct kx_operated *c,
                                 const struct assay_key *server, uint64_t fee_max,
                                 uint64_t confirmations, struct assay_err *err)
{
    const struct kx_lane_record *record = &c->record;
    struct kx_batch_plan plan = {
        .kind = KX_BATCH_CLAIM,
        .lane = &c->lane,
        .head = &record->head,
        .fee = LEAST_FEE,
        .total = record->authorized,
        .voucher = record->voucher,
        .provider.key = server,
    };
    struct kx_batch_artifact made;
    enum assay_code rc = check_owed(c, server, err);

    if (rc != ASSAY_OK)
        return rc;
    plan.amount = record->charged - record->head.claimed;
    if ((rc = build(&made, arena, &plan, fee_max, err)) != ASSAY_OK)
        return rc;
    *out = (struct kx_lane_operation){.version = record->version,
                                      .kind = KX_CLAIM,
                                      .amount = plan.amount,
                                      .has_successor = true,
                                      .successor = made.next,
                                      .confirmations = confirmations};
    memcpy(out->channel_id, record->channel_id, sizeof(out->channel_id));
    *tx = made.tx;
    rc = keep(out, arena, &made);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "%s", assay_code_text(rc));
}

/* ---- what is accepted ---- */

/* It made the head, so that a claim which the server's requests have followed is not applied twice.
 */
static bool is_there(const struct kx_lane_record *record, const struct kx_sight *sight)
{
    return kaspa_hash_equal(&record->head.outpoint.txid, &sight->accepted);
}

enum assay_code kx_operate_move(struct kx_operated *c, struct assay_arena *arena,
                                const struct kx_sight *sight, struct assay_err *err)
{
    struct kx_transition transition;
    enum assay_code rc;

    if (is_there(&c->record, sight))
        return ASSAY_OK;
    if (!kx_lane_journal_transition(&transition, &c->lane, &c->record.head, sight))
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "it does not spend the channel's head");
    rc = kx_lane_journal_apply(&c->journal, arena, &c->lane,
                               &(struct kx_lane_journal_news){
                                   .transition = &transition,
                                   .to = transition.acceptance.checkpoint,
                               });
    if (rc != ASSAY_OK)
        return assay_fail(err, rc, 0, "the channel's lineage refuses it");
    c->journal.has_before = sight->has_before;
    c->journal.before = sight->before;
    kx_lane_journal_settle(&c->record, &c->journal);
    rc = kx_lane_journal_write(&c->record.lineage, arena, &c->lane, &c->journal);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "%s", assay_code_text(rc));
}
