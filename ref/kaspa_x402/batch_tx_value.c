/* The amounts and outputs of a batch transaction. Source: Kaspa x402 batch digest, sections 6.1,
 * 8.4, 8.5, 9.2 and 16. */
#include "kaspa_x402/batch_tx_internal.h"

#include "base/cursor.h"
#include "defects/defects.h"

#include <inttypes.h>

static uint64_t number_of(struct assay_bytes argument)
{
    struct assay_cur c = assay_cur_of(argument);

    return assay_cur_u64le(&c);
}

/* S: a coin of a template without a state is a lineage of its own. */
static uint64_t claimed_of(const struct kx_tx_judging *j)
{
    return kx_tx_has_lineage(j->lane->tmpl) ? j->with->head->claimed : 0;
}

static const struct kaspa_output *successor_of(const struct kx_tx_judging *j)
{
    return &j->tx->outputs[kx_tx_successor(j->with->kind)];
}

/* NULL: a top-up without change. */
static const struct kaspa_output *payee_of(const struct kx_tx_judging *j)
{
    size_t i = kx_tx_payee(j->with->kind);

    return i < j->tx->output_count ? &j->tx->outputs[i] : NULL;
}

void kx_tx_judge_total(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    uint64_t total = number_of(j->arguments[KX_ARGUMENT_TOTAL]);

    j->out->total = total;
    if (total > KX_BATCH_AMOUNT_MAX && !REF_DEFECT(kx_batch_total_unsigned))
        kx_tx_break(j, rule, "it is %" PRIu64 ", which a script reads as negative", total);
    else if (total <= claimed_of(j) && !REF_DEFECT(kx_batch_total_claimed))
        kx_tx_break(j, rule, "it is %" PRIu64 ", and %" PRIu64 " are claimed already", total,
                    claimed_of(j));
}

/* D; without a state it stands nowhere, and is what the successor lacks. */
static bool read_amount(const struct kx_tx_judging *j, uint64_t *amount)
{
    uint64_t value = j->with->head->value, left = successor_of(j)->value;

    if (j->arguments[KX_ARGUMENT_AMOUNT].at != NULL) {
        *amount = number_of(j->arguments[KX_ARGUMENT_AMOUNT]);
        return true;
    }
    *amount = left < value ? value - left : 0;
    return left < value;
}

void kx_tx_judge_amount(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    uint64_t before = REF_DEFECT(kx_batch_total_claimed) ? 0 : claimed_of(j);
    uint64_t left = j->out->total - before; /* of no use unless T is right */
    uint64_t amount;

    if (!kx_tx_has_held(j, KX_BATCH_TX_TOTAL)) {
        kx_tx_pass_over(j, rule, "T is not right");
        return;
    }
    if (!read_amount(j, &amount))
        kx_tx_break(j, rule, "the successor is worth no less than the head");
    else if (amount == 0)
        kx_tx_break(j, rule, "it is 0");
    else if (amount > left && !REF_DEFECT(kx_batch_over_claim))
        kx_tx_break(j, rule,
                    "it is %" PRIu64 ", and %" PRIu64 " are authorized and not yet claimed", amount,
                    left);
    j->out->amount = amount;
    j->has_amount = kx_tx_has_held(j, rule);
}

void kx_tx_judge_drain(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (j->out->amount >= j->with->head->value && !REF_DEFECT(kx_batch_drained)) {
        kx_tx_break(j, rule, "D is %" PRIu64 ", and the head worth %" PRIu64, j->out->amount,
                    j->with->head->value);
        j->has_amount = false; /* it leaves no successor */
    }
}

void kx_tx_judge_payee(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    const struct kaspa_output *payee = payee_of(j);

    if (payee != NULL && !REF_DEFECT(kx_batch_payee) &&
        !kaspa_spk_equal(&payee->spk, kx_tx_payee_spk(j->lane, j->with->kind)))
        kx_tx_break(j, rule, "output %zu goes to another script than that of %s",
                    kx_tx_payee(j->with->kind),
                    j->with->kind == KX_BATCH_CLAIM ? "payTo" : "refundAddress");
}

void kx_tx_judge_payee_unbound(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    const struct kaspa_output *payee = payee_of(j);

    if (payee != NULL && payee->has_covenant && !REF_DEFECT(kx_batch_payee_bound))
        kx_tx_break(j, rule, "output %zu is in a covenant", kx_tx_payee(j->with->kind));
}

void kx_tx_judge_payee_amount(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    uint64_t value = j->tx->outputs[kx_tx_payee(j->with->kind)].value;
    bool is_claim = j->with->kind == KX_BATCH_CLAIM;
    uint64_t max = is_claim ? j->out->amount : j->with->head->value;

    if (value == 0 || (value > max && !REF_DEFECT(kx_batch_payout_above)))
        kx_tx_break(j, rule, "output 0 is worth %" PRIu64 ", %s is %" PRIu64, value,
                    is_claim ? "D" : "the head's value", max);
}

void kx_tx_judge_successor_bound(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    const struct kaspa_output *successor = successor_of(j);

    if (REF_DEFECT(kx_batch_successor_unbound))
        return;
    if (!kx_tx_has_lineage(j->lane->tmpl)) {
        if (successor->has_covenant)
            kx_tx_break(j, rule, "%s knows no covenant, and the successor is in one",
                        j->lane->tmpl->id);
    } else if (!successor->has_covenant) {
        kx_tx_break(j, rule, "the successor is in no covenant");
    } else if (successor->authorizing_input != 0) {
        kx_tx_break(j, rule, "the successor is authorized by input %u",
                    (unsigned)successor->authorizing_input);
    } else if (!kaspa_hash_equal(&successor->covenant_id, &j->with->head->covenant_id)) {
        kx_tx_break(j, rule, "the successor is of another lineage");
    }
}

void kx_tx_judge_covenant_id(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    const struct kaspa_output *output = &j->tx->outputs[0];
    struct kaspa_hash id;

    kx_tx_genesis_id(&id, &j->tx->inputs[0].previous, output);
    if (REF_DEFECT(kx_batch_covenant_id))
        return;
    if (!output->has_covenant)
        kx_tx_break(j, rule, "output 0 is in no covenant");
    else if (output->authorizing_input != 0)
        kx_tx_break(j, rule, "output 0 is authorized by input %u",
                    (unsigned)output->authorizing_input);
    else if (!kaspa_hash_equal(&output->covenant_id, &id))
        kx_tx_break(j, rule, "output 0 has another covenant id than the one it makes");
}

/* What is claimed behind it. D is right. */
static uint64_t claimed_next(const struct kx_tx_judging *j)
{
    if (j->with->kind == KX_BATCH_GENESIS)
        return 0;
    return j->with->head->claimed + (j->with->kind == KX_BATCH_CLAIM ? j->out->amount : 0);
}

static void set_next(struct kx_tx_judging *j)
{
    const struct kaspa_output *successor = successor_of(j);

    j->out->has_next = true;
    j->out->next = (struct kx_lane_head){
        .outpoint = {.txid = j->out->id, .index = (uint32_t)kx_tx_successor(j->with->kind)},
        .covenant_id = successor->covenant_id,
        .value = successor->value,
        .claimed = claimed_next(j),
    };
}

static bool pays_to_state(const struct kx_tx_judging *j, uint64_t claimed)
{
    struct kaspa_spk spk;

    return kx_lane_spk(&spk, j->with->arena, j->lane, claimed) == ASSAY_OK &&
           kaspa_spk_equal(&successor_of(j)->spk, &spk);
}

void kx_tx_judge_successor_script(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    struct kx_batch_tx_verdict *out = j->out;
    uint64_t claimed = claimed_next(j);

    if (kx_lane_spk(&out->next_spk, j->with->arena, j->lane, claimed) != ASSAY_OK) {
        kx_check_set_undecided(&out->checks[rule]);
        return;
    }
    set_next(j);
    if (kaspa_spk_equal(&successor_of(j)->spk, &out->next_spk) ||
        REF_DEFECT(kx_batch_successor_state))
        return;
    if (j->with->kind != KX_BATCH_GENESIS && pays_to_state(j, j->with->head->claimed))
        kx_tx_break(j, rule, "its state is still %" PRIu64 ", it must be %" PRIu64,
                    j->with->head->claimed, claimed);
    else
        kx_tx_break(j, rule, "it is not the channel's script with %" PRIu64 " claimed", claimed);
}

void kx_tx_judge_successor_amount(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    uint64_t value = successor_of(j)->value;
    uint64_t before = j->with->kind == KX_BATCH_GENESIS ? 0 : j->with->head->value;

    if (j->with->kind == KX_BATCH_CLAIM) {
        if (value != before - j->out->amount && !REF_DEFECT(kx_batch_successor_short))
            kx_tx_break(j, rule, "it is worth %" PRIu64 ", not %" PRIu64 " - %" PRIu64, value,
                        before, j->out->amount);
        return;
    }
    if (value <= before && !REF_DEFECT(kx_batch_successor_short))
        kx_tx_break(j, rule, "it is worth %" PRIu64 ", no more than before (%" PRIu64 ")", value,
                    before);
    else if (value > KX_BATCH_AMOUNT_MAX)
        kx_tx_break(j, rule, "it is worth %" PRIu64 ", above 2^63 - 1", value);
    j->out->amount = value > before ? value - before : 0;
}
