/* Threat store-claim-refund: claims that the server makes itself, and requests on their channel
 * meanwhile. What was charged can be claimed, once, and the channel goes on behind it. */
#include "peer/kaspa-x402/channel.h"

SCENARIO(what_was_charged_is_claimed,
         .title = "What was charged to a channel can be claimed with the vouchers that the server "
                  "has kept, and the channel goes on behind the claim",
         .threat = "store-claim-refund", .rule = "store.atomic", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("kx.channel.voucher_lost"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS | KXP_CLAIM)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));

    (void)kxc_buy(t, "a voucher", channel);
    expect_claimed(t, channel);
    (void)kxc_buy(t, "behind the claim", channel);
    (void)kxc_buy(t, "behind the claim, again", channel);
    expect_claimed(t, channel);
}

SCENARIO(channel_waits_for_its_claim,
         .title = "While a claim of the channel is on its way no voucher is charged, and behind it "
                  "the client goes on",
         .threat = "store-claim-refund", .rule = "batch.channel.claim", .ideas = "B34",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.claim_ignored"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS | KXP_CLAIM)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));

    kxp_mining(t, false);
    (void)kxc_operate_claim(t, channel);
    if (kxc_spender(t, channel) == NULL)
        case_end(t, VERDICT_BROKEN, "the operation `claim` has submitted nothing");
    expect_not_served(t, kxc_send(t, "while the claim is on its way", kxc_voucher(t, channel)));
    kxp_mining(t, true);
    expect_claimed(t, channel);
    (void)kxc_buy(t, "behind it", channel);
}

/* What becomes of the answer to the claim's submission, which the node has taken. */
static const struct loss {
    const char *name;
    struct kaspa_node_behaviour behaviour;
} losses[] = {
    {"dropped", {.fault = KASPA_NODE_DROP, .fault_method = "submitTransaction"}},
    {"malformed", {.fault = KASPA_NODE_MALFORMED, .fault_method = "submitTransaction"}},
    {"another id", {.lie = KASPA_NODE_OTHER_ID}},
};

SCENARIO(claim_whose_answer_is_lost_stays_open,
         .title = "A claim whose submission was answered with another id, or not, stays open: no "
                  "voucher is charged meanwhile, nothing else spends the channel's head, and it "
                  "ends as the chain has it",
         .threat = "store-claim-refund", .rule = "batch.channel.claim", .ideas = "B103 B104",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.claim_ignored"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS | KXP_CLAIM, TABLE(losses))
{
    const struct loss *row = case_row(t);
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));

    kxp_mining(t, false);
    kxp_node_behaves(t, row->behaviour);
    (void)kxc_operate_claim(t, channel);
    kxp_node_is_sound(t);
    if (kxc_spender(t, channel) == NULL)
        case_end(t, VERDICT_BROKEN, "the operation `claim` has submitted nothing");
    expect_not_served(t, kxc_send(t, "while nobody knows of it", kxc_voucher(t, channel)));
    kxp_mining(t, true);
    expect_claimed(t, channel);
    expect(t, kxp_submitted_ids(t) == 1, "one transaction of the target", "%zu of them",
           kxp_submitted_ids(t));
    (void)kxc_buy(t, "behind it", channel);
}

SCENARIO(failed_handler_leaves_nothing_to_claim,
         .title = "While an operator has to say what became of a handler nothing of its channel is "
                  "claimed, and all that was charged when he has",
         .threat = "store-claim-refund", .rule = "handler.failure", .ideas = "B35",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.channel.no_lease"),
         .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS | KXP_CLAIM | KXP_RECOVER | NEED_ORIGIN)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *paid = kxc_voucher(t, channel);

    origin_behave(case_origin(t), &(struct origin_rule){.behaviour = ORIGIN_RESET, .times = 1});
    expect(t, peer_status(kxc_send(t, "its handler fails", paid)) >= 500, "5xx", "another answer");
    (void)kxc_operate_claim(t, channel);
    expect(t, kxc_spender(t, channel) == NULL, "nothing that spends the channel's head",
           "it was claimed");
    kxp_recover(t, &paid->sent, "supplied by the operator\n");
    expect_charged_once(t, paid);
    expect_claimed(t, channel);
}

SCENARIO(script_is_made_of_what_was_claimed,
         .title = "Behind a claim the channel's script is made of what was claimed: vouchers with "
                  "it are charged, and one with the script before it is refused",
         .threat = "covenant-drift", .rule = "batch.head.script", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.script_state"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get")), *before;

    before = kxc_copy(t, channel);
    (void)kxc_move(t, channel, KX_BATCH_CLAIM, channel->total, KXC_DEEP);
    (void)kxc_send(t, "behind a claim", kxc_voucher(t, channel));
    (void)kxc_buy(t, "behind it, again", channel);
    before->head.outpoint = channel->head.outpoint;
    before->total = channel->total;
    expect_refused(t, kxc_send(t, "with the script before the claim", kxc_voucher(t, before)));
}
