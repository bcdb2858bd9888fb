/* Controls: the honest paths. Where one of these does not work, nothing can be concluded from
 * refusals. */
#include "peer/x402/peer.h"

static void buy(struct assay_case *t, struct peer_want want)
{
    const struct x4p_payment *paid = x4p_paid(t, want);

    expect_delivered(t, x4p_send_until_known(t, "pay", want, paid), paid);
}

SCENARIO(honest_payment_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment buys one answer, and is settled once", .rule = "honest.served",
         .needs = X4P_PAY)
{
    buy(t, peer_endpoint(t, "paid_get"));
}

SCENARIO(two_payments_buy_two_answers, .kind = SCENARIO_CONTROL,
         .title = "Two honest payments buy two answers", .rule = "honest.served", .needs = X4P_PAY)
{
    buy(t, peer_endpoint(t, "paid_get"));
    buy(t, peer_endpoint(t, "paid_get"));
}

SCENARIO(honest_post_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment buys one answer to a request with a body",
         .rule = "honest.served", .needs = X4P_PAY)
{
    buy(t, peer_endpoint(t, "paid_post"));
}

SCENARIO(free_route_is_free, .kind = SCENARIO_CONTROL,
         .title = "A free route answers without a payment", .rule = "honest.served")
{
    const struct peer_answer *answer = x4p_send(t, "ask", peer_endpoint(t, "free"), NULL);

    expect(t, peer_status(answer) == 200, "200 without a payment", "status %d (0: no answer)",
           peer_status(answer));
}
