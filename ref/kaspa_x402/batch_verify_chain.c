/* The checks of a batch request that look at the chain, and at where a deposit comes from. Source:
 * Kaspa x402 batch digest, sections 7, steps 18 to 21, 8.5, 9.1, 10 and 12. */
#include "kaspa_x402/batch_verify_internal.h"

#include "defects/defects.h"
#include "kaspa/covenant.h"

/* ---- the head ---- */

void kx_judge_confirmed(struct kx_judging *v, enum kx_batch_rule rule)
{
    const struct kx_evidence *evidence = &v->with->sight->evidence;
    struct kx_awaited awaited = {.txid = v->out->head.outpoint.txid,
                                 .threshold = v->with->policy.confirmations};
    struct assay_err err = {0};
    enum kx_lineage_rule broken;

    switch (kx_evidence_decide(&broken, evidence, &awaited, &err)) {
    case KX_DECISION_ACCEPTED:
        kx_batch_hold(v, rule);
        break;
    case KX_DECISION_PENDING:
        if (REF_DEFECT(kx_batch_unconfirmed))
            kx_batch_hold(v, rule);
        else
            kx_batch_break(v, rule, "what made the head has %llu confirmations, %llu are needed",
                           (unsigned long long)evidence->acceptance.confirmations,
                           (unsigned long long)awaited.threshold);
        break;
    case KX_DECISION_ABSENT:
        kx_batch_break(v, rule, "what made the head will never be accepted");
        break;
    case KX_DECISION_UNKNOWN:
        if (broken != KX_LINEAGE_OK)
            kx_batch_break(v, rule, "%s", err.text);
        else
            kx_batch_pass_over(v, rule, "nothing is known of what made the head");
        break;
    }
}

/* Compared by subtraction, which cannot wrap. */
const char *kx_refund_window_fault(uint64_t timeout_daa, uint64_t now_daa,
                                   const struct kx_batch_policy *policy)
{
    if (timeout_daa > KX_BATCH_TIMEOUT_MAX)
        return "the refund timeout is a time, not a DAA score";
    if (timeout_daa <= now_daa)
        return "the refund is open";
    if (timeout_daa - now_daa <= policy->refund_lead_daa && !REF_DEFECT(kx_batch_refund_lead))
        return "the refund opens too soon for the charge to be claimed first";
    if (policy->horizon_daa > 0 && timeout_daa - now_daa > policy->horizon_daa)
        return "the refund opens beyond the horizon";
    return NULL;
}

void kx_judge_refund(struct kx_judging *v, enum kx_batch_rule rule)
{
    const struct kx_head_sight *sight = v->with->sight;
    const char *fault;

    if (!sight->has_daa) {
        kx_batch_pass_over(v, rule, "the DAA score is not known");
        return;
    }
    fault = kx_refund_window_fault(v->out->lane->channel.refund_timeout_daa, sight->daa_score,
                                   &v->with->policy);
    if (fault == NULL || REF_DEFECT(kx_batch_refund_window))
        kx_batch_hold(v, rule);
    else
        kx_batch_break(v, rule, "%s", fault);
}

void kx_judge_coin(struct kx_judging *v, enum kx_batch_rule rule)
{
    kx_batch_judge_that(v, rule, !v->with->sight->is_missing, "the chain has no such coin");
}

/* An unbound coin has no id, or reports zeros. */
static bool is_bound_to(bool has_covenant, const struct kaspa_hash *id,
                        const struct kaspa_hash *wanted)
{
    return (has_covenant && !kaspa_hash_is_zero(id) && kaspa_hash_equal(id, wanted)) ||
           REF_DEFECT(kx_batch_unbound);
}

void kx_judge_coin_lineage(struct kx_judging *v, enum kx_batch_rule rule)
{
    const struct kaspa_utxo *coin = &v->with->sight->coin;

    kx_batch_judge_that(
        v, rule,
        v->payment->binding->is_of_outpoint ||
            is_bound_to(coin->has_covenant, &coin->covenant_id, &v->out->head.covenant_id) ||
            (REF_DEFECT(kx_batch_top_up_elsewhere) && v->out->path == KX_PATH_TOP_UP),
        "the coin is in another covenant, or in none");
}

void kx_judge_coin_script(struct kx_judging *v, enum kx_batch_rule rule)
{
    if (v->has_spk != ASSAY_OK)
        kx_batch_lacks(v, rule, v->has_spk, "");
    else
        kx_batch_judge_that(v, rule,
                            kaspa_spk_equal(&v->with->sight->coin.spk, &v->spk) &&
                                (v->out->head.claimed == 0 || !REF_DEFECT(kx_batch_script_state)),
                            "the coin's script is not made of this channel and what was claimed");
}

void kx_judge_coin_amount(struct kx_judging *v, enum kx_batch_rule rule)
{
    uint64_t amount = v->with->sight->coin.amount;

    if (amount == v->out->head.value || REF_DEFECT(kx_batch_funding_believed))
        kx_batch_hold(v, rule);
    else
        kx_batch_break(v, rule, "the coin is worth %llu, the channel says %llu",
                       (unsigned long long)amount, (unsigned long long)v->out->head.value);
}

/* ---- a deposit ---- */

static bool is_deposit(const struct kx_judging *v)
{
    return v->payment->type == KX_PAYLOAD_DEPOSIT;
}

void kx_judge_escrow(struct kx_judging *v, enum kx_batch_rule rule)
{
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];

    if (!is_deposit(v) || REF_DEFECT(kx_batch_escrow))
        kx_batch_hold(v, rule);
    else if (v->has_spk != ASSAY_OK || kx_lane_address(address, v->with->arena, v->out->lane,
                                                       v->out->head.claimed) != ASSAY_OK)
        kx_batch_lacks(v, rule, ASSAY_E_NOMEM, "");
    else if (!kx_is_spk(v->payment->spk, &v->spk))
        kx_batch_break(v, rule, "activeScriptPublicKey is not made of channelConfig");
    else
        kx_batch_judge_that(v, rule, assay_bytes_is(v->payment->escrow_address, address),
                            "escrowAddress is not that of channelConfig");
}

void kx_judge_deposit(struct kx_judging *v, enum kx_batch_rule rule)
{
    kx_batch_judge_that(v, rule,
                        !is_deposit(v) || v->payment->funding >= v->offer.terms.min_deposit ||
                            REF_DEFECT(kx_batch_deposit_any),
                        "fundingAmountSompi is below minDepositSompi");
}

bool kx_birth_read(struct kx_birth *out, const struct kaspa_tx *tx,
                   const struct kaspa_outpoint *outpoint)
{
    const struct kaspa_output *output;

    if (outpoint->index >= tx->output_count)
        return false;
    output = &tx->outputs[outpoint->index];
    if (output->authorizing_input >= tx->input_count)
        return false;
    *out = (struct kx_birth){.spent = tx->inputs[output->authorizing_input].previous,
                             .output_count = tx->output_count,
                             .outpoint = *outpoint,
                             .output = *output};
    for (size_t i = 0; i < tx->output_count; i++)
        out->authorized_count += tx->outputs[i].has_covenant && tx->outputs[i].authorizing_input ==
                                                                    output->authorizing_input
                                     ? 1
                                     : 0;
    return true;
}

/* What is wrong with the output that is said to be the head, whichever transaction made it; NULL:
 * nothing. */
static const char *output_fault(const struct kx_judging *v, const struct kx_birth *birth)
{
    const struct kx_lane_head *head = &v->out->head;
    const struct kaspa_output *output = &birth->output;

    if (!kaspa_outpoint_equal(&birth->outpoint, &head->outpoint))
        return "it is evidence of another output";
    if ((output->value != head->value && !REF_DEFECT(kx_batch_funding_believed)) ||
        !kaspa_spk_equal(&output->spk, &v->spk))
        return "its output has another amount or script";
    if (!v->payment->binding->is_of_outpoint &&
        !is_bound_to(output->has_covenant, &output->covenant_id, &head->covenant_id))
        return "its output is in another covenant, or in none";
    if (!kx_acceptance_equal(&birth->acceptance, &v->with->sight->evidence.acceptance))
        return "its acceptance is not that of the coin";
    return NULL;
}

/* The id is made of what input 0 spends and of the one output (section 8.5). */
static const char *genesis_fault(const struct kx_judging *v, const struct kx_birth *birth)
{
    const struct kaspa_genesis_output output = {birth->outpoint.index, &birth->output};
    struct kaspa_hash id;

    if (birth->output_count != 1 && !REF_DEFECT(kx_batch_genesis_outputs))
        return "the genesis has other outputs";
    if (birth->authorized_count != 1 &&
        !(REF_DEFECT(kx_batch_unbound) && birth->authorized_count == 0))
        return "the genesis begins the lineage in several outputs, or in none";
    if (birth->outpoint.index != 0 || birth->output.authorizing_input != 0)
        return "the head is not output 0, authorized by input 0";
    kaspa_covenant_id(&id, &birth->spent, &output, 1);
    if (!kaspa_hash_equal(&id, &v->out->head.covenant_id))
        return "the covenant id is not the computed one";
    return output_fault(v, birth);
}

static void judge_birth(struct kx_judging *v, enum kx_batch_rule rule,
                        const char *(*fault_of)(const struct kx_judging *v,
                                                const struct kx_birth *birth))
{
    const struct kx_birth *birth = v->with->sight->birth;
    const char *fault;

    if (birth == NULL || v->with->sight->evidence.status != KX_EVIDENCE_ACCEPTED) {
        kx_batch_pass_over(v, rule, "nothing is known of what made the head");
    } else if (v->has_spk != ASSAY_OK) {
        kx_batch_lacks(v, rule, v->has_spk, "");
    } else {
        fault = fault_of(v, birth);
        if (fault == NULL)
            kx_batch_hold(v, rule);
        else
            kx_batch_break(v, rule, "%s", fault);
    }
}

/* A coin of the first binding begins no lineage: whatever made it, its script and amount say what
 * it is (section 16.1). */
void kx_judge_genesis(struct kx_judging *v, enum kx_batch_rule rule)
{
    if (v->out->path != KX_PATH_OPEN || v->payment->binding->is_of_outpoint)
        kx_batch_hold(v, rule);
    else
        judge_birth(v, rule, genesis_fault);
}

/* The first binding's coins continue nothing, and spending the head is all that they have of it. */
static const char *top_up_fault(const struct kx_judging *v, const struct kx_birth *birth)
{
    if (!kaspa_outpoint_equal(&birth->spent, &v->with->channel->head.outpoint))
        return "the top-up does not spend the stored head";
    if (!v->payment->binding->is_of_outpoint && birth->authorized_count != 1)
        return "the top-up continues the lineage in several outputs, or in none";
    return output_fault(v, birth);
}

/* Sums that were not topped up are those of the old coin: whatever else is known of the new one,
 * nothing may be judged valid by them. */
void kx_judge_top_up(struct kx_judging *v, enum kx_batch_rule rule)
{
    if (v->out->path != KX_PATH_TOP_UP)
        kx_batch_hold(v, rule);
    else if (v->topping_up != KX_ACCOUNT_OK)
        kx_batch_break(v, rule, "%s", kx_account_text(v->topping_up));
    else if (REF_DEFECT(kx_batch_top_up_elsewhere))
        kx_batch_hold(v, rule);
    else
        judge_birth(v, rule, top_up_fault);
}
