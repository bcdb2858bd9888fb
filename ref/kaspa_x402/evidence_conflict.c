/* The steps of a bundle that are about a head two transactions compete for: the loser of a
 * conflict, and a head that somebody else moved on. Neither is a payment, and so consensus judges
 * both; see evidence.h. */
#include "kaspa_x402/evidence_internal.h"

#include "kaspa/txid.h"
#include "kaspa/verify.h"

/* By every rule of consensus that needs no point of view: when the loser was sent is not known, and
 * the chain itself has judged when the other one could be accepted. */
static bool judge_consensus(struct kx_bundling *b, const struct kx_step_spend *spend)
{
    const struct kaspa_verify with = {.utxos = spend->coins, .arena = b->arena};
    struct kaspa_verdict verdict;

    kaspa_tx_verify(&verdict, &spend->tx, &with);
    for (int i = 0; i < KASPA_RULE__COUNT; i++) {
        char room[256];
        struct assay_buf why = ASSAY_BUF_OVER(room);

        if (verdict.checks[i].result != KASPA_CHECK_BROKEN ||
            kaspa_rules[i].stage == KASPA_STAGE_RELAY)
            continue;
        kaspa_check_explain(&why, &verdict, (enum kaspa_rule_number)i, &spend->tx);
        return kx_bundle_refuse(b, KX_BUNDLE_TRANSACTION, "transaction", "breaks %s: %.*s",
                                kaspa_rules[i].id, (int)why.len, room);
    }
    if (verdict.checks[KASPA_RULE_SCRIPTS].result != KASPA_CHECK_HELD)
        return kx_bundle_refuse(b, KX_BUNDLE_TRANSACTION, "transaction",
                                "has scripts that cannot be run to their end");
    return kx_bundle_judge_claims(b, "transaction", &spend->tx, &spend->claims, spend->coins);
}

/* The evidence does not say that the loser was accepted, and shows what it says. */
static bool judge_loser(struct kx_bundling *b, const struct kx_step *step,
                        const struct kx_awaited *awaited)
{
    enum kx_lineage_rule rule = KX_LINEAGE_OK;
    struct assay_err err = {.code = ASSAY_OK};
    struct kx_evidence evidence;

    if (kx_evidence_read(&evidence, b->arena, b->r.doc, step->evidence, &err) != KX_LINEAGE_OK)
        return kx_bundle_refuse_in(b, KX_BUNDLE_FORM, "evidence", &err);
    if (kx_evidence_decide(&rule, &evidence, awaited, &err) == KX_DECISION_ACCEPTED ||
        evidence.status == KX_EVIDENCE_ACCEPTED)
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "evidence",
                                "says that both of the conflicting payments were accepted");
    return rule == KX_LINEAGE_OK || kx_bundle_refuse_in(b, KX_BUNDLE_REPLAY, "evidence", &err);
}

/* The loser spends the winner's head, in another transaction, and nothing has taken its place. */
bool kx_step_pending(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    const struct kx_bundle_payment *winner = kx_bundle_last_payment(b);
    struct kx_awaited awaited = {.reserved_count = 1, .threshold = b->policy->confirmations};
    struct kx_step_spend spend;

    (void)flow;
    if (!kx_bundle_read_spend(b, step, &spend))
        return false;
    kaspa_txid(&awaited.txid, &spend.tx);
    if (kaspa_hash_equal(&awaited.txid, &winner->txid) || spend.tx.input_count == 0 ||
        !kaspa_outpoint_equal(&spend.tx.inputs[0].previous, &winner->head.outpoint))
        return kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "transaction",
                                "is no other transaction that spends the winner's head");
    if (!kaspa_utxo_equal(&spend.coins[0], &winner->coins[0]))
        return kx_bundle_refuse(b, KX_BUNDLE_TRANSACTION, "coins",
                                "have another head than the winner's coins");
    awaited.reserved = &winner->head.outpoint;
    if (!judge_consensus(b, &spend) || !judge_loser(b, step, &awaited))
        return false;
    return step->replacements == 0 ||
           kx_bundle_refuse(b, KX_BUNDLE_REPLAY, "replacements",
                            "is not 0: the loser was replaced, and may still be accepted");
}

/* The payment whose head, its output 0, a transaction spends, and by which input; NULL: of none. */
static const struct kx_bundle_payment *find_paid(const struct kx_bundling *b,
                                                 const struct kaspa_tx *tx, size_t *input)
{
    for (size_t i = 0; i < b->payment_count; i++) {
        const struct kaspa_outpoint head = {.txid = b->payments[i].txid, .index = 0};

        for (size_t k = 0; k < tx->input_count && b->payments[i].profile != KX_STANDARD_NATIVE;
             k++) {
            if (kaspa_outpoint_equal(&tx->inputs[k].previous, &head)) {
                *input = k;
                return &b->payments[i];
            }
        }
    }
    return NULL;
}

/* Some transaction that spends a head paid earlier and makes its successor, output 0. */
bool kx_step_external(struct kx_bundling *b, enum kx_flow flow, const struct kx_step *step)
{
    const struct kx_bundle_payment *paid;
    struct kx_step_spend spend;
    size_t input = 0;

    (void)flow;
    if (!kx_bundle_read_spend(b, step, &spend) ||
        !kx_bundle_judge_broadcast(b, step, &spend.tx, false))
        return false;
    paid = find_paid(b, &spend.tx, &input);
    if (paid == NULL || spend.tx.output_count == 0)
        return kx_bundle_refuse(b, KX_BUNDLE_LINEAGE, "transaction",
                                "spends none of the heads that were paid before");
    if (spend.coins[input].amount != paid->tx->outputs[0].value ||
        !kaspa_spk_equal(&spend.coins[input].spk, &paid->tx->outputs[0].spk))
        return kx_bundle_refuse(b, KX_BUNDLE_LINEAGE, "coins",
                                "have another head than the payment before has made");
    if (!judge_consensus(b, &spend))
        return false;
    b->advanced = (struct kaspa_outpoint){.txid = step->broadcast.txid, .index = 0};
    b->advanced_value = spend.tx.outputs[0].value;
    return true;
}
