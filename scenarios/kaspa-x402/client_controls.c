/* Controls of the client: honest purchases. Where one of these does not work, nothing can be
 * concluded from refusals. */
#include "peer/kaspa-x402/client.h"

enum { TWO_YEARS_S = 63072000 };

static void give_time(const void *arg, json_t *required)
{
    (void)arg;
    kxp_set(required, "accepts.0.maxTimeoutSeconds", json_integer(TWO_YEARS_S));
}

SCENARIO(client_buys_what_is_allowed, .kind = SCENARIO_CONTROL, OF_A_CLIENT,
         .title = "A client pays an honest shop once and is served", .rule = "client.artifact.once")
{
    expect_bought(t, kxp_client_buys(t));
}

SCENARIO(client_buys_with_time_to_spare, .kind = SCENARIO_CONTROL, OF_A_CLIENT,
         .title = "A client pays an honest shop that leaves it two years to do so",
         .rule = "client.time")
{
    kxp_shop_offers(t, give_time, NULL);
    expect_bought(t, kxp_client_buys(t));
}
