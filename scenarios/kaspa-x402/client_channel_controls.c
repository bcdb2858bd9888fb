/* The control of the client that pays by channel. Where it does not work, nothing can be concluded
 * from refusals. */
#include "peer/kaspa-x402/client_channel.h"

SCENARIO(client_opens_a_channel_and_charges_it, .kind = SCENARIO_CONTROL, OF_A_CHANNEL_CLIENT,
         .title = "A client that may pay by channel opens one at an honest shop by one "
                  "transaction, and is served for its first voucher",
         .rule = "client.channel.node")
{
    kxp_channel_shop_is_honest(t);
    expect_charged(t, kxp_client_charges(t, KXP_GOODS, (struct kxp_channel_limits){.charge = 0}),
                   1);
}
