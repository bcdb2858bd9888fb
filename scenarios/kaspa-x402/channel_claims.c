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
         .threat = "store-claim-refund", .rule = "batch.channel.claim", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.claim_ignored"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS | KXP_CLAIM)
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
