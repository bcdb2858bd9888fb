/* Threat funding-bypass: the policy names a source of funds, and the wallet another, none, or
 * another one later. The client compares before anything else, right before it has something
 * signed, and in what was signed. */
#include "peer/kaspa-x402/client.h"

static const struct source {
    const char *name;
    enum kaspa_wallet_kind kind;
    const char *required; /* NULL: hot-wallet, which it is */
} sources[] = {
    {"another", KASPA_WALLET_OTHER_KIND, NULL},
    {"a vault is required", KASPA_WALLET_OWN_KIND, "vault-treasury"},
    {"none", KASPA_WALLET_NO_KIND, NULL},
    {"null", KASPA_WALLET_NULL_KIND, NULL},
    {"in capitals", KASPA_WALLET_CASE_KIND, NULL},
    {"an unknown word", KASPA_WALLET_UNKNOWN_KIND, NULL},
};

SCENARIO(client_stops_at_another_source, OF_A_CLIENT,
         .title = "A wallet whose source of funds is not the policy's is asked for nothing else",
         .threat = "funding-bypass", .rule = "client.source", .ideas = "CL-01 CL-04",
         .catches = DEFECTS("client.source.unasked", "client.source.any_case",
                            "client.source.absent_taken"),
         TABLE(sources))
{
    const struct source *row = case_row(t);

    kxp_wallet_behaves(t, (struct kaspa_wallet_behaviour){.kind = row->kind});
    expect_client_refused(
        t, kxp_client_runs(t, (struct kxp_buys){.policy = {.source = row->required}}),
        KXP_ASKS_KIND);
}

SCENARIO(
    client_asks_for_the_source_before_it_signs, OF_A_CLIENT,
    .title = "A wallet whose source of funds changes between offer and signature signs nothing",
    .threat = "funding-bypass", .rule = "client.source", .ideas = "CL-03",
    .catches = DEFECTS("client.source.asked_once", "client.source.unasked"))
{
    kxp_wallet_behaves(
        t, (struct kaspa_wallet_behaviour){.kind = KASPA_WALLET_OTHER_KIND, .kind_from = 2});
    expect_client_refused(t, kxp_client_buys(t), KXP_SIGNS_NOTHING);
}

SCENARIO(
    client_asks_for_the_source_of_each_payment, OF_A_CLIENT,
    .title = "A wallet whose source of funds changes between two payments pays the first alone",
    .threat = "funding-bypass", .rule = "client.source", .ideas = "CL-03",
    .catches = DEFECTS("client.source.unasked"))
{
    expect_bought(t, kxp_client_buys(t));
    kxp_wallet_behaves(t, (struct kaspa_wallet_behaviour){.kind = KASPA_WALLET_OTHER_KIND});
    expect_client_refused(t, kxp_client_buys(t), KXP_ASKS_KIND);
}

static const struct source results[] = {
    {"another", KASPA_WALLET_OTHER_KIND, NULL},
    {"none", KASPA_WALLET_NO_KIND, NULL},
    {"null", KASPA_WALLET_NULL_KIND, NULL},
    {"in capitals", KASPA_WALLET_CASE_KIND, NULL},
    {"an unknown word", KASPA_WALLET_UNKNOWN_KIND, NULL},
};

SCENARIO(client_sends_nothing_from_another_source, OF_A_CLIENT,
         .title = "A payment whose result names another source of funds is not sent",
         .threat = "funding-bypass", .rule = "client.source", .ideas = "CL-02 CL-04",
         .catches = DEFECTS("client.source.result_unchecked", "client.source.any_case",
                            "client.source.absent_taken"),
         TABLE(results))
{
    const struct source *row = case_row(t);

    kxp_wallet_behaves(t, (struct kaspa_wallet_behaviour){.result_kind = row->kind});
    expect_client_refused(t, kxp_client_buys(t), KXP_SENDS_NOTHING);
}
