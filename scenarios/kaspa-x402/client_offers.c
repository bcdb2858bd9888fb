/* Threats payer-drain and signing-scope in what is offered: offers that nobody understands, digests
 * that the server would like to have signed, times, and challenges beyond any measure. */
#include "peer/kaspa-x402/client.h"

/* ---- offers that are skipped ---- */

/* An offer before the shop's own that differs in one member; path NULL: that is the value. */
static const struct foreign {
    const char *name, *path, *value;
} foreigners[] = {
    {"another scheme", "scheme", "\"upto\""},
    {"another network", "network", "\"eip155:84532\""},
    {"another asset", "asset", "\"USDC\""},
    {"no address", "payTo", "\"kaspatest:nobody\""},
    {"another binding", "extra.binding", "\"kaspa-exact-v9\""},
    {"another profile", "extra.profile", "\"standing-order\""},
    {"another flow", "extra.paymentFlow", "\"afterwards\""},
    {"no terms of the binding", "extra", "{}"},
    {"an amount that is a number", "amount", "1"},
    {"an amount of zero", "amount", "\"0\""},
    {"no offer at all", NULL, "7"},
    {"a dear one", "amount", "\"99999999999\""},
    {"the same, twice", "amount", "\"30000000\""},
};

static void put_before(const void *arg, json_t *required)
{
    const struct foreign *row = arg;
    json_t *offer = kxp_offer_before(required);
    json_t *value = json_loads(row->value, JSON_DECODE_ANY, NULL);

    if (row->path != NULL)
        kxp_set(offer, row->path, value);
    else
        kxp_set(required, "accepts.0", value);
}

SCENARIO(client_skips_what_it_does_not_take, OF_A_CLIENT,
         .title = "An offer that is not understood, or not allowed, is skipped for one that is",
         .threat = "payer-drain", .rule = "client.skip", .ideas = "KX-195 CL-16 CL-15",
         .catches = DEFECTS("client.skip.fatal", "client.skip.first_only"), TABLE(foreigners))
{
    kxp_shop_offers(t, put_before, case_row(t));
    expect_bought(t, kxp_client_buys(t));
}

/* ---- digests ---- */

#define HANDED_OVER "5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5"

static const struct digest {
    const char *name, *path;
} digests[] = {
    {"as the request hash of the terms", "accepts.0.extra.requestHash"},
    {"as the hash of the requirements", "accepts.0.extra.paymentRequirementsHash"},
    {"as a digest of the terms", "accepts.0.extra.digest"},
    {"as a transaction's sighash", "accepts.0.extra.sighash"},
    {"as an authorization digest", "accepts.0.authorizationDigest"},
    {"as the request hash of the challenge", "requestHash"},
    {"beside the identifier", "extensions.payment-identifier.info.digest"},
};

static void hand_over(const void *arg, json_t *required)
{
    const struct digest *row = arg;

    kxp_set_text(required, row->path, HANDED_OVER);
}

/* Calls to the wallet that name it. */
static unsigned orders_with_it(struct assay_case *t)
{
    struct kaspa_node_call call;
    unsigned count = 0;

    for (uint64_t i = 1; kxp_wallet_was_asked(t, "payExactTransaction", i, &call); i++)
        count += strstr(call.params, HANDED_OVER) != NULL;
    return count;
}

SCENARIO(client_signs_no_digest_of_the_server, OF_A_CLIENT,
         .title = "A digest that the server hands over never reaches the wallet",
         .threat = "signing-scope", .rule = "client.signer", .ideas = "CL-25",
         .catches = DEFECTS("client.signer.server_hash"), TABLE(digests))
{
    const struct kxp_run *run;

    kxp_shop_offers(t, hand_over, case_row(t));
    run = kxp_client_buys(t);
    expect(t, orders_with_it(t) == 0, "no call to the wallet with the server's digest", "%u calls",
           orders_with_it(t));
    if (run->has_bought)
        expect_bought(t, run);
    else
        expect_client_refused(t, run, KXP_ASKS_NOTHING);
}

/* ---- times ---- */

static const struct term {
    const char *name, *offered; /* maxTimeoutSeconds */
    const char *more;           /* of the policy, whose own limit is a minute */
    int64_t most_s;             /* 0: refused */
} terms[] = {
    {"the policy's is shorter", "600", "\"maximumAuthorizationSeconds\": 30", 30},
    {"the offer's is shorter", "20", NULL, 20},
    {"a year is offered", "31536000", NULL, 60},
    {"no time at all", "0", NULL, 0},
    {"a negative time", "-60", NULL, 0},
    {"more seconds than there are", "1e300", NULL, 0},
};

static void give_time(const void *arg, json_t *required)
{
    const struct term *row = arg;

    kxp_set(required, "accepts.0.maxTimeoutSeconds",
            json_loads(row->offered, JSON_DECODE_ANY, NULL));
}

SCENARIO(client_authorizes_for_no_longer_than_it_may, OF_A_CLIENT,
         .title = "An authorization ends within the time of the offer and of the policy, whichever "
                  "is shorter",
         .threat = "payer-drain", .rule = "client.time", .ideas = "CL-30",
         .rests_on = PROFILE "/client_buys_with_time_to_spare",
         .catches = DEFECTS("client.time.far", "client.time.policy_ignored"), TABLE(terms))
{
    const struct term *row = case_row(t);
    struct kaspa_shop_call call;
    const struct kxp_run *run;

    kxp_shop_offers(t, give_time, row);
    run = kxp_client_runs(t, (struct kxp_buys){.policy = {.more = row->more}});
    if (row->most_s == 0) {
        expect_client_refused(t, run, KXP_ASKS_NOTHING);
        return;
    }
    expect_bought(t, run);
    if (!kxp_shown(t, 1, &call))
        case_end(t, VERDICT_BROKEN, "no payment was seen");
    expect(t, call.expires_ms > call.at_ms && call.expires_ms <= call.at_ms + row->most_s * 1000,
           case_printf(t, "an end within %lld s", (long long)row->most_s), "in %lld ms",
           (long long)(call.expires_ms - call.at_ms));
}

/* The server's clock is not the payer's. */
SCENARIO(client_keeps_its_own_time, OF_A_CLIENT,
         .title = "An authorization ends by the client's clock, whatever the server's Date says",
         .threat = "payer-drain", .rule = "client.time", .ideas = "CL-30",
         .rests_on = PROFILE "/client_buys_with_time_to_spare",
         .catches = DEFECTS("client.time.far"))
{
    const struct kaspa_shop_answer later = {.fields = {{"Date", "Fri, 31 Dec 2088 23:59:59 GMT"}}};
    struct kaspa_shop_call call;

    kxp_shop_behaves(t, (struct kaspa_shop_behaviour){.unpaid = {later}, .unpaid_count = 1});
    expect_bought(t, kxp_client_buys(t));
    if (!kxp_shown(t, 1, &call))
        case_end(t, VERDICT_BROKEN, "no payment was seen");
    expect(t, call.expires_ms <= call.at_ms + KASPA_SHOP_TIMEOUT_S * 1000,
           "an end within the minute that is offered", "in %lld ms",
           (long long)(call.expires_ms - call.at_ms));
}
