/* Controls: the honest paths. Where one of these does not work, nothing can be concluded from
 * refusals; where one rests on another itself, nothing of the part that it is about. */
#include "peer/kaspa-x402/peer.h"

static void buy(struct assay_case *t, struct peer_want want)
{
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_delivered(t, kxp_send_until_known(t, "pay", want, paid), paid);
}

SCENARIO(honest_payment_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment buys one answer", .rule = "honest.served", .needs = KXP_PAY)
{
    buy(t, peer_endpoint(t, "paid_get"));
}

SCENARIO(two_payments_buy_two_answers, .kind = SCENARIO_CONTROL,
         .title = "Two honest payments buy two answers", .rule = "honest.served", .needs = KXP_PAY)
{
    buy(t, peer_endpoint(t, "paid_get"));
    buy(t, peer_endpoint(t, "paid_get"));
}

SCENARIO(honest_post_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment buys one answer to a request with a body",
         .rule = "honest.served", .needs = KXP_PAY)
{
    buy(t, peer_endpoint(t, "paid_post"));
}

SCENARIO(honest_head_payment_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment to an additive head buys one answer", .rule = "honest.served",
         .rests_on = PROFILE "/honest_payment_is_served", .needs = KXP_PAY | KXP_ADDITIVE)
{
    struct peer_want want = peer_endpoint(t, "additive");
    const struct kxp_payment *paid = given_payment(t, given_additive_offer(t, want));

    expect_delivered(t, kxp_send_until_known(t, "pay", want, paid), paid);
}

SCENARIO(free_route_is_free, .kind = SCENARIO_CONTROL,
         .title = "A free route answers without a payment", .rule = "honest.served")
{
    const struct peer_answer *answer = kxp_send(t, "ask", peer_endpoint(t, "free"), NULL);

    expect(t, peer_status(answer) == 200, "200 without a payment", "status %d (0: no answer)",
           peer_status(answer));
}

/* ---- honest, and not as most payments are ---- */

enum { COINS = 3 };

static void from_several_coins(struct kxp_draft *d)
{
    uint64_t each = d->coin_amounts[0];

    for (d->coin_count = 0; d->coin_count < COINS; d->coin_count++)
        d->coin_amounts[d->coin_count] = each;
}

/* What is left is a fee like any. */
static void without_change(struct kxp_draft *d)
{
    d->no_change = true;
    d->coin_amounts[0] = d->outputs[0].value + KASPA_SOMPI_PER_KAS / 100;
}

static const struct way {
    const char *name;
    kxp_hook *terms;
} ways[] = {{"several coins", from_several_coins}, {"no change", without_change}};

SCENARIO(unusual_honest_payments_are_served,
         .title = "An honest payment is served from several coins, and without change",
         .threat = "exact-output", .rule = "honest.served",
         .catches = DEFECTS("kx.funding.one_coin"), .needs = KXP_PAY, TABLE(ways))
{
    const struct way *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid =
        kxp_bent(t, given_offer(t, want), (struct kxp_bend){.terms = row->terms});

    expect_delivered(t, kxp_send_until_known(t, "pay", want, paid), paid);
}
