/* Claims that the target itself makes of a channel, at its operator's word. See channel.h. */
#include "peer/kaspa-x402/channel_internal.h"

enum { CLAIM_TRIES = 4 };

bool kxc_operate_claim(struct assay_case *t, const struct kxc_channel *channel)
{
    const struct target_pair values[] = {
        {"CHANNEL", kxp_hex(t, assay_bytes_of(channel->lane.channel_id, 32))}, {NULL, NULL}};

    return case_operation(t, "claim", values)->done;
}

static bool spends(const struct kaspa_tx *tx, const struct kaspa_outpoint *outpoint)
{
    for (size_t i = 0; i < tx->input_count; i++)
        if (kaspa_outpoint_equal(&tx->inputs[i].previous, outpoint))
            return true;
    return false;
}

/* Transactions of the log live as the chain does. */
const struct kaspa_tx *kxc_spender(struct assay_case *t, const struct kxc_channel *channel)
{
    const struct kaspa_tx *found = NULL;
    struct kaspa_chain_event event;

    kaspa_chain_lock_take(kxp_lock(t));
    for (size_t i = 0; i < kaspa_chain_event_count(kxp_chain(t)); i++)
        if (kaspa_chain_event(kxp_chain(t), i, &event) &&
            (event.result == KASPA_SUBMITTED || event.result == KASPA_KNOWN) &&
            spends(event.tx, &channel->head.outpoint))
            found = event.tx;
    kaspa_chain_lock_give(kxp_lock(t));
    return found;
}

/* What is wrong with a claim of all that is charged; NULL: nothing, and *next is its successor. */
static const char *claim_fault(struct assay_case *t, const struct kxc_channel *channel,
                               const struct kaspa_tx *tx, struct kx_lane_head *next)
{
    const struct kx_batch_tx with = {.kind = KX_BATCH_CLAIM,
                                     .lane = &channel->lane,
                                     .head = &channel->head,
                                     .tx = tx,
                                     .fee_max = KX_BATCH_FEE_MAX_DEFAULT,
                                     .arena = case_arena(t)};
    struct kx_batch_tx_verdict verdict;

    if (tx == NULL)
        return "nothing that spends the channel's head was submitted";
    kx_batch_tx_verify(&verdict, &with);
    if (verdict.outcome == KASPA_INVALID)
        return case_printf(t, "it breaks %s", kx_batch_tx_rules[verdict.first].id);
    if (verdict.total != channel->total)
        return "its voucher is not the last one that was charged";
    if (verdict.amount != channel->total - channel->head.claimed)
        return "it claims another sum than was charged and not claimed yet";
    *next = verdict.next;
    return NULL;
}

void kxc_expect_claimed(struct assay_case *t, struct kxc_channel *channel)
{
    bool done = kxc_operate_claim(t, channel);
    const struct kaspa_tx *tx;
    const char *fault;

    for (int i = 1; i < CLAIM_TRIES && !done; i++) {
        kxp_mine(t, KXC_DEEP);
        done = kxc_operate_claim(t, channel);
    }
    tx = kxc_spender(t, channel);
    fault = claim_fault(t, channel, tx, &channel->head);
    case_judge(t, done && fault == NULL, GRADE_OBSERVED,
               "the operation `claim` ends, and has put a claim on the chain that keeps every "
               "rule, of all that was charged and not claimed yet",
               "it %s%s%s", done ? "ended" : "did not end", fault != NULL ? "; " : "",
               fault != NULL ? fault : "");
}
