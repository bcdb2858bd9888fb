/* What came of running a batch transaction's scripts, and of consensus. Source: Kaspa x402 batch
 * digest, sections 8.3, 9.2 and 10. */
#include "kaspa_x402/batch_tx_internal.h"

#include "base/planted.h"
#include "defects/defects.h"

#include <inttypes.h>

/* Programs with one of these defects look at members and run no script: it would refuse most of
 * what they let pass. */
static bool is_unrun(void)
{
    return REF_DEFECT(kx_batch_version) || REF_DEFECT(kx_batch_subnetwork) ||
           REF_DEFECT(kx_batch_gas) || REF_DEFECT(kx_batch_inputs) ||
           REF_DEFECT(kx_batch_outputs) || REF_DEFECT(kx_batch_sequence) ||
           REF_DEFECT(kx_batch_lock_time) || REF_DEFECT(kx_batch_refund_early) ||
           REF_DEFECT(kx_batch_refund_time) || REF_DEFECT(kx_batch_refund_at_lock) ||
           REF_DEFECT(kx_batch_coin) || REF_DEFECT(kx_batch_kind) ||
           REF_DEFECT(kx_batch_long_push) || REF_DEFECT(kx_batch_selector) ||
           REF_DEFECT(kx_batch_redeem) || REF_DEFECT(kx_batch_hash_type) ||
           REF_DEFECT(kx_batch_weak_type) || REF_DEFECT(kx_batch_total_unsigned) ||
           REF_DEFECT(kx_batch_total_claimed) || REF_DEFECT(kx_batch_over_claim) ||
           REF_DEFECT(kx_batch_drained) || REF_DEFECT(kx_batch_payee) ||
           REF_DEFECT(kx_batch_payee_bound) || REF_DEFECT(kx_batch_payout_above) ||
           REF_DEFECT(kx_batch_successor_unbound) || REF_DEFECT(kx_batch_covenant_id) ||
           REF_DEFECT(kx_batch_successor_state) || REF_DEFECT(kx_batch_successor_short) ||
           REF_DEFECT(kx_batch_mass) || REF_DEFECT(kx_batch_voucher) ||
           REF_DEFECT(kx_batch_provider) || REF_DEFECT(kx_batch_client) ||
           REF_DEFECT(kx_batch_funder);
}

static const struct kaspa_check *check_of(const struct kx_tx_judging *j,
                                          enum kaspa_rule_number rule)
{
    return &j->consensus.checks[rule];
}

/* As consensus judged it, in its words. */
static void judge_as_consensus(struct kx_tx_judging *j, enum kx_batch_tx_rule rule,
                               enum kaspa_rule_number consensus)
{
    const struct kaspa_check *check = check_of(j, consensus);
    char room[512];
    struct assay_buf why = ASSAY_BUF_OVER(room);

    if (is_unrun())
        return;
    switch (check->result) {
    case KASPA_CHECK_HELD:
        break;
    case KASPA_CHECK_BROKEN:
        kaspa_check_explain(&why, &j->consensus, consensus, j->tx);
        kx_tx_break(j, rule, "%.*s", (int)why.len, room);
        break;
    case KASPA_CHECK_UNDECIDED:
        kx_check_set_undecided_as(&j->out->checks[rule], &j->consensus, consensus, j->tx);
        break;
    case KASPA_CHECK_NOT_JUDGED:
        kx_tx_pass_over(j, rule, check->why);
        break;
    }
}

void kx_tx_judge_fee(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    judge_as_consensus(j, rule, KASPA_RULE_FEE);
    j->out->has_fee = kx_tx_has_held(j, rule);
    j->out->fee = j->consensus.fee;
    if (j->out->has_fee && j->out->fee > j->with->fee_max && !REF_DEFECT(kx_batch_fee) &&
        !PLANTED(batch_fee))
        kx_tx_break(j, rule, "it is %" PRIu64 " sompi, at most %" PRIu64 " are allowed",
                    j->out->fee, j->with->fee_max);
}

void kx_tx_judge_storage_mass(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    judge_as_consensus(j, rule, KASPA_RULE_STORAGE_MASS);
}

/* False: it is broken. */
static bool judge_funding_budgets(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    for (size_t i = kx_tx_first_funding(j->with->kind); i < j->tx->input_count; i++) {
        if (j->tx->inputs[i].commit == KX_TX_SIGNATURE_BUDGET)
            continue;
        kx_tx_break(j, rule, "that of input %zu is %u, not %u", i,
                    (unsigned)j->tx->inputs[i].commit, KX_TX_SIGNATURE_BUDGET);
        return false;
    }
    return true;
}

/* The units are those of the whole script where it has held. */
static void judge_head_budget(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    const struct kaspa_check *scripts = check_of(j, KASPA_RULE_SCRIPTS);
    uint16_t found = j->tx->inputs[0].commit, want;

    if (is_unrun())
        return;
    if (scripts->result == KASPA_CHECK_BROKEN && scripts->at == 0 &&
        scripts->run.error == KASPA_SCRIPT_EXCEEDED_SCRIPT_UNITS)
        kx_tx_break(j, rule, "that of input 0 is %u, with which its script cannot end",
                    (unsigned)found);
    else if (scripts->result != KASPA_CHECK_HELD)
        kx_tx_pass_over(j, rule, "the scripts have not run to their end");
    else if (!kaspa_budget_for(&want, j->units[0]) || found != want)
        kx_tx_break(j, rule, "that of input 0 is %u, for %" PRIu64 " units %u is enough",
                    (unsigned)found, j->units[0], (unsigned)want);
}

void kx_tx_judge_budget(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (REF_DEFECT(kx_batch_budget) ||
        (kx_tx_is_funded(j->with->kind) && !judge_funding_budgets(j, rule)))
        return;
    if (j->with->kind != KX_BATCH_GENESIS && j->coins == NULL)
        kx_tx_pass_over(j, rule, "what it spends is not known");
    else if (j->with->kind != KX_BATCH_GENESIS)
        judge_head_budget(j, rule);
}

/* The rule of the template at which the head's script refused; NULL: it is another input's, or it
 * did not fail within. */
static const struct kx_escrow_rule *refusing_rule(const struct kx_tx_judging *j)
{
    const struct kaspa_check *check = check_of(j, KASPA_RULE_SCRIPTS);
    size_t begin;

    if (j->with->kind == KX_BATCH_GENESIS || check->at != 0 ||
        check->run.part != KASPA_PART_REDEEM || !kx_tx_has_held(j, KX_BATCH_TX_REDEEM))
        return NULL;
    return kx_escrow_rule_at(j->lane->tmpl, j->lane->channel.refund_timeout_daa, check->run.at,
                             &begin);
}

void kx_tx_judge_script(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    const struct kx_escrow_rule *refusing;

    judge_as_consensus(j, rule, KASPA_RULE_COVENANTS);
    if (!kx_tx_has_held(j, rule))
        return;
    judge_as_consensus(j, rule, KASPA_RULE_SCRIPTS);
    if (j->out->checks[rule].result != KASPA_CHECK_BROKEN)
        return;
    refusing = refusing_rule(j);
    if (refusing != NULL)
        kx_tx_break(j, rule, "the head's script refuses it at %s: %s", refusing->id,
                    refusing->sentence);
}

void kx_tx_judge_ready(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    bool is_at_lock = j->with->pov->daa_score == j->tx->lock_time;

    if (!kaspa_tx_is_final(j->tx, j->with->pov) &&
        !(is_at_lock && REF_DEFECT(kx_batch_refund_at_lock)))
        kx_tx_break(j, rule, "the score is %" PRIu64 ", the lock time %" PRIu64,
                    j->with->pov->daa_score, j->tx->lock_time);
}

void kx_tx_judge_consensus(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (is_unrun())
        return;
    kx_check_set_by_consensus(&j->out->checks[rule], kx_batch_tx_rules[rule].local, &j->consensus,
                              j->tx);
}
