/* Channels: the honest paths. Where the first of them does not work, nothing can be concluded of
 * channels at all; the others are what a server may get wrong with nobody attacking it. */
#include "peer/kaspa-x402/channel.h"

SCENARIO(channel_is_opened_and_buys, .kind = SCENARIO_CONTROL,
         .title = "A deposit opens a channel and buys one answer", .rule = "honest.served",
         .rests_on = PROFILE "/honest_payment_is_served", .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    (void)kxc_opened(t, peer_endpoint(t, "paid_get"));
}

enum { VOUCHERS = 3 };

SCENARIO(vouchers_buy_one_after_the_other, .kind = SCENARIO_CONTROL,
         .title = "Vouchers on an open channel buy one answer each, also to another request and "
                  "with a body",
         .rule = "honest.served", .rests_on = CHANNEL_OPENS, .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *paid;

    for (int i = 0; i < VOUCHERS; i++)
        (void)kxc_buy(t, case_printf(t, "voucher %d", i + 1), channel);
    paid = kxc_bent(t, channel, given_channel_offer(t, peer_endpoint(t, "paid_post")),
                    KX_PAYLOAD_VOUCHER, (struct kxc_bend){0});
    expect_charged(t, kxc_send_until_known(t, "for a request with a body", paid), paid);
}

SCENARIO(deposit_again_is_a_voucher_like_any, .kind = SCENARIO_CONTROL,
         .title = "A client that sends his deposit with the next voucher, too, is charged as with "
                  "the voucher alone",
         .rule = "honest.served", .rests_on = CHANNEL_OPENS, .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *paid = kxc_deposit(t, channel);

    expect_charged(t, kxc_send_until_known(t, "the deposit again", paid), paid);
    (void)kxc_buy(t, "the voucher alone", channel);
}

SCENARIO(identical_retry_on_a_channel_gets_the_stored_answer,
         .title = "The identical request on a channel gets the stored answer, and is charged once",
         .threat = "duplicate-retry", .rule = "store.cache", .ideas = "B28",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.cache.receipt_lost"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *paid = kxc_voucher(t, channel);
    const struct peer_answer *first = kxc_send_until_known(t, "a voucher", paid);

    expect_charged(t, first, paid);
    expect_cached(t, kxc_send(t, "the identical request", paid), first);
    (void)kxc_buy(t, "the next voucher", channel);
}

SCENARIO(receipt_tells_where_the_channel_stands,
         .title = "PAYMENT-RESPONSE names the commitment that the client computes, the amount, and "
                  "the channel behind the charge, and no voucher's signature",
         .threat = "store-cache", .rule = "settlement.response", .ideas = "B95",
         .catches = DEFECTS("batch.receipt_before", "batch.signature_told"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));

    (void)kxc_buy(t, "a voucher", channel);
}

SCENARIO(top_up_moves_a_channel_on, .kind = SCENARIO_CONTROL,
         .title = "A top-up is charged on the channel's new head", .rule = "honest.served",
         .rests_on = CHANNEL_OPENS, .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *paid;

    (void)kxc_buy(t, "before it", channel);
    (void)kxc_move(t, channel, KX_BATCH_TOP_UP, channel->head.value / 2, KXC_DEEP);
    paid = kxc_deposit(t, channel);
    expect_charged(t, kxc_send_until_known(t, "the top-up, with a voucher", paid), paid);
    (void)kxc_buy(t, "behind it", channel);
}

/* ---- where the channel stands, told again ---- */

SCENARIO(client_is_told_where_his_channel_stands,
         .title = "A client whose voucher is for a wrong total is told where the channel stands, "
                  "and goes on from there",
         .kind = SCENARIO_OBSERVATION, .threat = "voucher-regression",
         .rule = "batch.voucher.total", .rests_on = CHANNEL_OPENS, .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    struct kxc_channel *forgetful = kxc_copy(t, channel);
    const struct kxc_payment *paid;
    const struct peer_answer *answer;
    const struct kxp_offer *offer;
    const char *fault = NULL;

    (void)kxc_buy(t, "a voucher that one of two knows", channel);
    paid = kxc_voucher(t, forgetful);
    answer = kxc_send(t, "what the other takes for the next", paid);
    offer = kxp_channel_offer_of(t, channel->offer->want, answer, &fault);
    case_observe(t, "an old total", "the answer %s",
                 offer != NULL && offer->batch.has_state ? "tells where the channel stands"
                                                         : "does not say where the channel stands");
}

SCENARIO(client_follows_his_channel_after_a_claim,
         .title = "After a claim on the chain the client is charged on the head that it left, once "
                  "the server has seen it",
         .threat = "exact-finality", .rule = "batch.channel.head", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.head_unfollowed"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct peer_answer *answer;
    const struct kxc_payment *paid;

    (void)kxc_buy(t, "before the claim", channel);
    (void)kxc_move(t, channel, KX_BATCH_CLAIM, channel->total, KXC_DEEP);
    paid = kxc_voucher(t, channel);
    answer = kxc_send(t, "on the new head", paid);
    if (kxp_is_served(answer))
        expect_charged(t, answer, paid);
    else
        expect_corrected(t, answer, paid);
    (void)kxc_buy(t, "on the new head, again", channel);
}
