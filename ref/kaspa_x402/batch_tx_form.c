/* The form of a batch transaction. Source: Kaspa x402 batch digest, sections 8.4, 9.2 and 10. */
#include "kaspa_x402/batch_tx_internal.h"

#include "defects/defects.h"

#include <inttypes.h>

void kx_tx_judge_kind(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    bool is_let_through = REF_DEFECT(kx_batch_kind) && j->with->kind == KX_BATCH_GENESIS;

    if (!kx_tx_has_kind(j->lane->tmpl, j->with->kind) && !is_let_through)
        kx_tx_break(j, rule, "%s has no %s", j->lane->tmpl->id, kx_batch_kind_name(j->with->kind));
}

void kx_tx_judge_version(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (j->tx->version != 1 && !REF_DEFECT(kx_batch_version))
        kx_tx_break(j, rule, "it has version %u, not 1", (unsigned)j->tx->version);
}

void kx_tx_judge_subnetwork(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (!kaspa_tx_is_native(j->tx) && !REF_DEFECT(kx_batch_subnetwork))
        kx_tx_break(j, rule, "its subnetwork id is not twenty zeros");
}

void kx_tx_judge_gas(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (j->tx->gas != 0 && !REF_DEFECT(kx_batch_gas))
        kx_tx_break(j, rule, "it has %" PRIu64 " gas, not 0", j->tx->gas);
}

void kx_tx_judge_payload(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (j->tx->payload.len != 0 && !REF_DEFECT(kx_batch_payload))
        kx_tx_break(j, rule, "its payload has %zu bytes, not none", j->tx->payload.len);
}

struct range {
    size_t min, max;
};

static void judge_count(struct kx_tx_judging *j, enum kx_batch_tx_rule rule, const char *what,
                        size_t count, const struct range *range)
{
    const char *kind = kx_batch_kind_name(j->with->kind);

    if (count < range->min)
        kx_tx_break(j, rule, "a %s has at least %zu %s, here are %zu", kind, range->min, what,
                    count);
    else if (count > range->max)
        kx_tx_break(j, rule, "a %s has at most %zu %s, here are %zu", kind, range->max, what,
                    count);
}

void kx_tx_judge_inputs(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    static const struct range ranges[KX_BATCH_KINDS] = {
        [KX_BATCH_GENESIS] = {1, KASPA_TX_MAX_INPUTS},
        [KX_BATCH_CLAIM] = {1, 1},
        [KX_BATCH_TOP_UP] = {2, KASPA_TX_MAX_INPUTS},
        [KX_BATCH_REFUND] = {1, 1},
    };
    struct range range = ranges[j->with->kind];

    if (REF_DEFECT(kx_batch_inputs))
        range.max = KASPA_TX_MAX_INPUTS;
    judge_count(j, rule, "inputs", j->tx->input_count, &range);
}

void kx_tx_judge_outputs(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    static const struct range ranges[KX_BATCH_KINDS] = {
        [KX_BATCH_GENESIS] = {1, 1},
        [KX_BATCH_CLAIM] = {2, 2},
        [KX_BATCH_TOP_UP] = {1, 2},
        [KX_BATCH_REFUND] = {1, 1},
    };
    struct range range = ranges[j->with->kind];

    if (REF_DEFECT(kx_batch_outputs))
        range.max = KASPA_TX_MAX_OUTPUTS;
    judge_count(j, rule, "outputs", j->tx->output_count, &range);
    j->has_shape = kx_tx_has_held(j, KX_BATCH_TX_INPUTS) && kx_tx_has_held(j, rule);
}

void kx_tx_judge_sequence(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    for (size_t i = 0; i < j->tx->input_count; i++) {
        if (j->tx->inputs[i].sequence == 0 || REF_DEFECT(kx_batch_sequence))
            continue;
        kx_tx_break(j, rule, "that of input %zu is %" PRIu64, i, j->tx->inputs[i].sequence);
        return;
    }
}

void kx_tx_judge_lock_time(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (j->tx->lock_time != 0 && !REF_DEFECT(kx_batch_lock_time))
        kx_tx_break(j, rule, "it is %" PRIu64, j->tx->lock_time);
}

void kx_tx_judge_refund_lock(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    uint64_t lock = j->tx->lock_time, timeout = j->lane->channel.refund_timeout_daa;

    if (lock < timeout && !REF_DEFECT(kx_batch_refund_early))
        kx_tx_break(j, rule, "it is %" PRIu64 ", the channel's timeout %" PRIu64, lock, timeout);
    else if (lock >= KASPA_LOCK_TIME_THRESHOLD && !REF_DEFECT(kx_batch_refund_time))
        kx_tx_break(j, rule, "it is %" PRIu64 ", and from 500000000000 on a time", lock);
}
