/* Threats payer-drain and funding-bypass, by the wallet of a client with channels: it does not
 * consent, it pays from another source, or what it has signed is not what it was asked for. Nothing
 * of that leaves. */
#include "peer/kaspa-x402/client_channel.h"

static const struct kxp_channel_limits usual = {.charge = 0};

static const struct wallet {
    const char *name;
    struct kaspa_wallet_behaviour how;
    unsigned wallet_ms; /* 0: the usual */
} refusals[] = {
    {"another digest", {.lie = KASPA_WALLET_OTHER_CONSENT}, 0},
    {"nothing", {.lie = KASPA_WALLET_NO_CONSENT}, 0},
    {"a failure", {.fault = KASPA_WALLET_ERROR, .fault_call = "authorizeBatchPayment"}, 0},
    {"no answer in time",
     {.fault = KASPA_WALLET_SILENT, .fault_call = "authorizeBatchPayment"},
     100},
};

static const struct kxp_run *charges(struct assay_case *t, unsigned wallet_ms)
{
    struct kxp_policy policy = kxp_channel_policy(t, usual);

    policy.wallet_ms = wallet_ms;
    return kxp_client_runs(t,
                           (struct kxp_buys){.url = kxp_shop_url(t, KXP_GOODS), .policy = policy});
}

SCENARIO(client_needs_consent_to_a_channel, OF_A_CHANNEL_CLIENT,
         .title = "Without the payer's consent to the very intent no key is made and nothing is "
                  "signed",
         .threat = "payer-drain", .rule = "client.channel.consent", .ideas = "CL-09 B93",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.consent_unchecked"),
         TABLE(refusals))
{
    const struct wallet *row = case_row(t);

    kxp_channel_shop_is_honest(t);
    kxp_wallet_behaves(t, row->how);
    expect_client_refused(t, charges(t, row->wallet_ms), KXP_SIGNS_NOTHING);
}

static const struct wallet sources[] = {
    {"its kind is another", {.kind = KASPA_WALLET_OTHER_KIND}, 0},
    {"its kind is another once the deposit is to be signed",
     {.kind = KASPA_WALLET_OTHER_KIND, .kind_from = 2},
     0},
    {"the deposit names another", {.result_kind = KASPA_WALLET_OTHER_KIND}, 0},
    {"the deposit names none", {.result_kind = KASPA_WALLET_NO_KIND}, 0},
};

SCENARIO(client_deposits_from_the_required_source, OF_A_CHANNEL_CLIENT,
         .title = "No deposit is made from another source of funds than the policy's",
         .threat = "funding-bypass", .rule = "client.source", .ideas = "CL-05",
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.source.unasked", "client.source.result_unchecked",
                            "client.source.absent_taken"),
         TABLE(sources))
{
    const struct wallet *row = case_row(t);

    kxp_channel_shop_is_honest(t);
    kxp_wallet_behaves(t, row->how);
    expect_client_refused(t, charges(t, 0), KXP_SENDS_NOTHING);
}

static const struct wallet deposits[] = {
    {"for another client's key", {.lie = KASPA_WALLET_OTHER_KEY}, 0},
    {"of one sompi more", {.lie = KASPA_WALLET_OTHER_DEPOSIT}, 0},
    {"for a later refund", {.lie = KASPA_WALLET_OTHER_CONFIG}, 0},
    {"with two KAS for the miners", {.lie = KASPA_WALLET_HIGH_FEE}, 0},
};

SCENARIO(client_submits_only_the_deposit_that_it_asked_for, OF_A_CHANNEL_CLIENT,
         .title = "A deposit that the wallet has signed otherwise than it was asked is not "
                  "submitted",
         .threat = "payer-drain", .rule = "client.verify-artifact", .ideas = "CL-05",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.move_unverified"),
         TABLE(deposits))
{
    const struct wallet *row = case_row(t);

    kxp_channel_shop_is_honest(t);
    kxp_wallet_behaves(t, row->how);
    expect_client_refused(t, charges(t, 0), KXP_SENDS_NOTHING);
}

static const struct wallet vouchers[] = {
    {"one sompi more", {.lie = KASPA_WALLET_OTHER_TOTAL}, 0},
    {"another lineage", {.lie = KASPA_WALLET_OTHER_COVENANT}, 0},
    {"another request", {.lie = KASPA_WALLET_OTHER_PRESENTED}, 0},
    {"with another key", {.lie = KASPA_WALLET_OTHER_SIGNER}, 0},
};

SCENARIO(client_presents_only_the_voucher_that_it_asked_for, OF_A_CHANNEL_CLIENT,
         .title = "A voucher that the wallet has signed otherwise than it was asked is not "
                  "presented",
         .threat = "payer-drain", .rule = "client.verify-artifact", .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.voucher_unverified"), TABLE(vouchers))
{
    const struct wallet *row = case_row(t);

    kxp_given_channel(t);
    kxp_wallet_behaves(t, row->how);
    expect_client_refused(t, charges(t, 0), KXP_SENDS_NOTHING);
}
