/* Threat payer-drain, before the wallet is asked: amounts, payees, origins, profiles and networks
 * beyond the policy, offers that look like allowed ones, and offers beside them. */
#include "peer/kaspa-x402/client.h"

#include "kaspa_x402/exact_hash.h"

/* ---- amounts ---- */

static const struct limit {
    const char *name;
    uint64_t most;
    bool is_bought;
} limits[] = {
    {"one sompi above it", KASPA_SHOP_PRICE - 1, false},
    {"far above it", 1, false},
    {"at it", KASPA_SHOP_PRICE, true},
    {"below it", KASPA_SHOP_PRICE + 1, true},
};

SCENARIO(
    client_pays_no_more_than_its_maximum, OF_A_CLIENT,
    .title = "An offer above the policy's maximum is refused before the wallet is asked, one at "
             "it is paid",
    .threat = "payer-drain", .rule = "client.policy.amount", .ideas = "KX-193 CL-06",
    .catches = DEFECTS("client.amount.unlimited", "client.amount.one_over", "client.amount.unit"),
    TABLE(limits))
{
    const struct limit *row = case_row(t);
    const struct kxp_run *run =
        kxp_client_runs(t, (struct kxp_buys){.policy = {.amount = row->most}});

    if (row->is_bought)
        expect_bought(t, run);
    else
        expect_client_refused(t, run, KXP_ASKS_NOTHING);
}

/* Of the offers below: who else could be paid, and whether that offer comes first. */
struct pair {
    const char *payee;
    bool is_first;
};

static void offer_cheaper_to_another(const void *arg, json_t *required)
{
    const struct pair *pair = arg;
    json_t *first = kxp_offer_before(required);
    json_t *other = pair->is_first ? first : kxp_offer_at(required, 1);
    json_t *own = pair->is_first ? kxp_offer_at(required, 1) : first;

    kxp_set_text(other, "amount", "3000000");
    kxp_offer_pays(other, pair->payee);
    kxp_set_text(own, "amount", "90000000");
}

static const struct order {
    const char *name;
    bool is_first;
} orders[] = {{"first", true}, {"last", false}};

SCENARIO(
    client_limits_the_offer_that_it_takes, OF_A_CLIENT,
    .title = "A cheap offer of somebody who is not allowed does not make a dear one affordable",
    .threat = "payer-drain", .rule = "client.policy.amount", .ideas = "CL-15",
    .catches = DEFECTS("client.amount.of_first_offer", "client.amount.unlimited",
                       "client.payee.unchecked"),
    TABLE(orders))
{
    const struct order *row = case_row(t);
    struct pair *pair = case_alloc(t, sizeof(*pair));

    pair->payee = kxp_address_like(t, kaspa_shop_pay_to(kxp_shop(t)));
    pair->is_first = row->is_first;
    kxp_shop_offers(t, offer_cheaper_to_another, pair);
    expect_client_refused(t, kxp_client_buys(t), KXP_ASKS_NOTHING);
}

/* ---- payees ---- */

static void pay_another(const void *arg, json_t *required)
{
    kxp_offer_pays(kxp_offer_at(required, 0), arg);
}

static void name_another(const void *arg, json_t *required)
{
    kxp_set_text(kxp_offer_at(required, 0), "payTo", arg);
}

static const char *stranger(struct assay_case *t, const char *pay_to)
{
    struct assay_key key = kxp_stranger(t);
    struct kaspa_spk spk = kxp_spk_of(t, &key);
    char *text = case_alloc(t, KASPA_ADDRESS_TEXT_MAX_BYTES);
    struct kaspa_address address;

    (void)pay_to;
    if (!kaspa_address_of_script(&address, &spk, KASPA_TESTNET))
        case_end(t, VERDICT_BROKEN, "a stranger has no address");
    kaspa_address_encode(text, &address);
    return text;
}

static const char *in_capitals(struct assay_case *t, const char *pay_to)
{
    char *text = case_printf(t, "%s", pay_to);

    for (char *at = text; *at != '\0'; at++)
        *at = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    return text;
}

static const struct payee {
    const char *name;
    const char *(*of)(struct assay_case *t, const char *pay_to);
    kaspa_shop_edit *edit;
} payees[] = {
    {"a stranger", stranger, pay_another},
    {"the last byte differs", kxp_address_like, pay_another},
    {"in capitals", in_capitals, name_another},
    {"a stranger's name for the payee's script", stranger, name_another},
};

SCENARIO(client_pays_only_whom_it_may, OF_A_CLIENT,
         .title = "An offer to a payee that the policy does not list is refused, however alike",
         .threat = "payer-drain", .rule = "client.policy.payee", .ideas = "CL-07",
         .catches = DEFECTS("client.payee.unchecked", "client.payee.by_beginning"), TABLE(payees))
{
    const struct payee *row = case_row(t);

    kxp_shop_offers(t, row->edit, row->of(t, kaspa_shop_pay_to(kxp_shop(t))));
    expect_client_refused(t, kxp_client_buys(t), KXP_ASKS_NOTHING);
}

/* ---- origins ---- */

static const char *port_of(struct assay_case *t)
{
    return strrchr(kaspa_shop_origin(kxp_shop(t)), ':') + 1;
}

static struct kxp_buys from_another_port(struct assay_case *t)
{
    return (struct kxp_buys){.policy = {.origin = kaspa_shop_elsewhere(kxp_shop(t))}};
}

static struct kxp_buys from_a_longer_port(struct assay_case *t)
{
    const char *origin = kaspa_shop_origin(kxp_shop(t));

    return (struct kxp_buys){
        .policy = {.origin = case_printf(t, "%.*s", (int)strlen(origin) - 1, origin)}};
}

static struct kxp_buys by_another_name(struct assay_case *t)
{
    return (struct kxp_buys){.url = case_printf(t, "http://localhost:%s/goods", port_of(t))};
}

static struct kxp_buys with_a_trailing_dot(struct assay_case *t)
{
    return (struct kxp_buys){.url = case_printf(t, "http://localhost.:%s/goods", port_of(t))};
}

static struct kxp_buys with_user_information(struct assay_case *t)
{
    return (struct kxp_buys){.url = case_printf(t, "http://me@127.0.0.1:%s/goods", port_of(t))};
}

static struct kxp_buys with_the_allowed_as_user(struct assay_case *t)
{
    return (struct kxp_buys){
        .url = case_printf(t, "http://127.0.0.1:%s@localhost:%s/goods", port_of(t), port_of(t))};
}

static const struct origin_row {
    const char *name;
    struct kxp_buys (*buys)(struct assay_case *t);
} origins[] = {
    {"another port", from_another_port},
    {"a port that begins like it", from_a_longer_port},
    {"another name of the host", by_another_name},
    {"a trailing dot", with_a_trailing_dot},
    {"user information", with_user_information},
    {"the allowed one as user information", with_the_allowed_as_user},
};

SCENARIO(client_pays_only_where_it_may, OF_A_CLIENT,
         .title = "Nothing is paid at an origin that the policy does not list, however alike",
         .threat = "payer-drain", .rule = "client.policy.origin", .ideas = "CL-07",
         .catches = DEFECTS("client.origin.unchecked", "client.origin.by_beginning",
                            "client.origin.without_port"),
         TABLE(origins))
{
    const struct origin_row *row = case_row(t);

    expect_client_refused(t, kxp_client_runs(t, row->buys(t)), KXP_ASKS_NOTHING);
}

/* ---- profiles ---- */

static const struct profile_row {
    const char *name, *more;
    bool is_bought;
} profiles[] = {
    {"not listed", NULL, false},
    {"listed", "\"allowedExactProfiles\": [\"standard-native\", \"additive\"]", true},
};

SCENARIO(client_pays_only_profiles_it_may, OF_A_CLIENT,
         .title = "An offer of the profile additive is paid where the policy lists it, and nowhere "
                  "else",
         .threat = "payer-drain", .rule = "client.policy.profile", .ideas = "CL-07",
         .catches = DEFECTS("client.profile.unchecked"), TABLE(profiles))
{
    const struct profile_row *row = case_row(t);
    const struct kxp_head_offer *head = kxp_given_head_offer(t);
    const struct kxp_run *run;

    kxp_shop_offers(t, kxp_offer_head, head);
    run = kxp_client_runs(
        t, (struct kxp_buys){.policy = {.pay_to = kxp_head_payee(head), .more = row->more}});
    if (row->is_bought)
        expect_bought(t, run);
    else
        expect_client_refused(t, run, KXP_ASKS_NOTHING);
}

/* ---- networks ---- */

static void offer_on_mainnet(const void *arg, json_t *required)
{
    json_t *offer = kxp_offer_at(required, 0);

    kxp_set_text(offer, "network", KX_NETWORK_MAINNET);
    kxp_set_text(offer, "payTo", arg);
}

SCENARIO(client_pays_nothing_on_mainnet, OF_A_CLIENT,
         .title =
             "An offer on mainnet is refused before the wallet is asked, unless the policy opts "
             "in",
         .threat = "payer-drain", .rule = "client.mainnet", .ideas = "CL-13",
         .catches = DEFECTS("client.mainnet.paid"))
{
    const char *payee = kxp_address_on(t, kaspa_shop_pay_to(kxp_shop(t)), KASPA_MAINNET);

    kxp_shop_offers(t, offer_on_mainnet, payee);
    kxp_wallet_behaves(t, (struct kaspa_wallet_behaviour){.network = KX_NETWORK_MAINNET});
    expect_client_refused(t, kxp_client_runs(t, (struct kxp_buys){.policy = {.pay_to = payee}}),
                          KXP_ASKS_NOTHING);
}

static void offer_on_mainnet_first(const void *arg, json_t *required)
{
    (void)kxp_offer_before(required);
    offer_on_mainnet(arg, required);
}

SCENARIO(client_pays_on_testnet_beside_mainnet, OF_A_CLIENT,
         .title = "Of an offer on mainnet and one on testnet the second is paid",
         .threat = "payer-drain", .rule = "client.mainnet", .ideas = "CL-13",
         .catches = DEFECTS("client.mainnet.paid", "client.skip.first_only"))
{
    const char *own = kaspa_shop_pay_to(kxp_shop(t));
    const char *payee = kxp_address_on(t, own, KASPA_MAINNET);

    kxp_shop_offers(t, offer_on_mainnet_first, payee);
    expect_bought(
        t, kxp_client_runs(t, (struct kxp_buys){.policy = {.pay_to = own, .also_pay_to = payee}}));
}

SCENARIO(
    client_needs_a_wallet_of_the_network, OF_A_CLIENT,
    .title = "A wallet that works on another network than the offer's is asked to sign nothing",
    .threat = "payer-drain", .rule = "client.mainnet",
    .catches = DEFECTS("client.wallet.network_unchecked"))
{
    kxp_wallet_behaves(t, (struct kaspa_wallet_behaviour){.network = KX_NETWORK_MAINNET});
    expect_client_refused(t, kxp_client_buys(t), KXP_SIGNS_NOTHING);
}
