/* Controls: the honest paths. Where one of these does not work, nothing can be concluded from
 * refusals. */
#include "peer/kaspa-x402/peer.h"

static void buy(struct assay_case *t, struct peer_want want)
{
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_delivered(t, kxp_send_until_known(t, "pay", want, paid), paid);
}

SCENARIO(honest_payment_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment buys one answer", .rule = "http.challenge", .needs = KXP_PAY)
{
    buy(t, peer_endpoint(t, "paid_get"));
}

SCENARIO(two_payments_buy_two_answers, .kind = SCENARIO_CONTROL,
         .title = "Two honest payments buy two answers", .rule = "http.challenge", .needs = KXP_PAY)
{
    buy(t, peer_endpoint(t, "paid_get"));
    buy(t, peer_endpoint(t, "paid_get"));
}

SCENARIO(honest_post_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment buys one answer to a request with a body",
         .rule = "http.challenge", .needs = KXP_PAY)
{
    buy(t, peer_endpoint(t, "paid_post"));
}

SCENARIO(honest_head_payment_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment to an additive head buys one answer", .rule = "http.challenge",
         .needs = KXP_PAY | KXP_ADDITIVE)
{
    struct peer_want want = peer_endpoint(t, "additive");
    const struct kxp_payment *paid = given_payment(t, given_additive_offer(t, want));

    expect_delivered(t, kxp_send_until_known(t, "pay", want, paid), paid);
}

SCENARIO(free_route_is_free, .kind = SCENARIO_CONTROL,
         .title = "A free route answers without a payment", .rule = "http.challenge")
{
    const struct peer_answer *answer = kxp_send(t, "ask", peer_endpoint(t, "free"), NULL);

    expect(t, peer_status(answer) == 200, "200 without a payment", "status %d (0: no answer)",
           peer_status(answer));
}
