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

static enum assay_code check_key(const struct kx_operated *c, const struct kx_operator *by,
                                 struct assay_err *err)
{
    if (memcmp(by->server->xonly, c->lane.channel.server, sizeof(by->server->xonly)) != 0)
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "the key is not the server's of this channel");
    return ASSAY_OK;
}

/* Its terms, and its text in the arena. */
static enum assay_code keep(struct kx_lane_operation *out, struct assay_arena *arena,
                            const struct kx_operated *c, enum kx_transition_kind kind,
                            uint64_t amount, const struct kx_batch_artifact *made,
                            const struct kx_operator *by, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_ARTIFACT_MAX_BYTES);
    enum assay_code rc;

    *out = (struct kx_lane_operation){.version = c->record.version,
                                      .kind = kind,
                                      .amount = amount,
                                      .has_successor = true,
                                      .successor = made->next,
                                      .confirmations = by->confirmations};
    memcpy(out->channel_id, c->record.channel_id, sizeof(out->channel_id));
    assay_hex_encode(out->txid, assay_bytes_of(made->id.at, sizeof(made->id.at)));
    kaspa_tx_write(&text, &made->tx, made->utxos, KASPA_JSON_NESTED);
    out->transaction = assay_arena_copy(arena, assay_buf_view(&text));
    rc = out->transaction.at != NULL ? text.bad : ASSAY_E_NOMEM;
    assay_buf_fini(&text);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "%s", assay_code_text(rc));
}

/* ---- a claim ---- */

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

enum assay_code kx_operate_claim(struct kx_lane_operation *out, struct kx_batch_artifact *made,
                                 struct assay_arena *arena, const struct kx_operated *c,
                                 const struct kx_operator *by, struct assay_err *err)
{
    const struct kx_lane_record *record = &c->record;
    struct kx_batch_plan plan = {
        .kind = KX_BATCH_CLAIM,
        .lane = &c->lane,
        .head = &record->head,
        .fee = LEAST_FEE,
        .total = record->authorized,
        .voucher = record->voucher,
        .provider.key = by->server,
    };
    enum assay_code rc = check_key(c, by, err);

    if (rc != ASSAY_OK)
        return rc;
    if (!record->has_voucher || record->charged <= record->head.claimed)
        return assay_fail(err, ASSAY_E_MISSING, 0, "nothing is owed");
    plan.amount = record->charged - record->head.claimed;
    if ((rc = build(made, arena, &plan, by->fee_max, err)) != ASSAY_OK)
        return rc;
    return keep(out, arena, c, KX_CLAIM, plan.amount, made, by, err);
}

/* ---- a top-up ---- */

enum assay_code kx_operate_top_up(struct kx_lane_operation *out, struct kx_batch_artifact *made,
                                  struct assay_arena *arena, const struct kx_operated *c,
                                  const struct kx_operator *by, const struct kaspa_tx *asked,
                                  const struct kx_sight *coins, struct assay_err *err)
{
    const struct kx_batch_tx with = {
        .kind = KX_BATCH_TOP_UP,
        .lane = &c->lane,
        .head = &c->record.head,
        .tx = asked,
        .utxos = coins->utxos,
        .is_missing = coins->is_missing,
        .pov = &coins->pov,
        .fee_max = by->fee_max,
        .arena = arena,
    };
    enum assay_code rc = check_key(c, by, err);

    if (rc != ASSAY_OK || (rc = kx_batch_tx_co_sign(made, &with, by->server, err)) != ASSAY_OK)
        return rc;
    return keep(out, arena, c, KX_TOP_UP, made->next.value - c->record.head.value, made, by, err);
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
