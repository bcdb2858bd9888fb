/* Threats payer-drain, funding-bypass and signing-scope, at the wallet of a client with channels:
 * it does not consent, it pays from another source, what it has signed is not what it was asked
 * for, or a server would have it sign a digest. Nothing of that leaves. */
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
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.consent_unchecked", "client.channel.key_first"),
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

static const struct wallet changed_sources[] = {
    {"its kind is another", {.kind = KASPA_WALLET_OTHER_KIND}, 0},
    {"its kind is another once the top-up is to be signed",
     {.kind = KASPA_WALLET_OTHER_KIND, .kind_from = 2},
     0},
};

SCENARIO(client_tops_up_from_the_required_source, OF_A_CHANNEL_CLIENT,
         .title = "No top-up is signed by another source of funds than the policy's",
         .threat = "funding-bypass", .rule = "client.source", .ideas = "CL-05",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.top_up_source"),
         TABLE(changed_sources))
{
    const struct wallet *row = case_row(t);

    kxp_given_channel(t);
    expect_charged(t, kxp_client_charges(t, "/second", usual), 0);
    kxp_wallet_behaves(t, row->how);
    expect_nothing_signed(t, kxp_client_charges(t, "/third", usual));
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

/* ---- digests ---- */

#define HANDED_OVER "5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5c1f00d5"

static const struct digest {
    const char *name, *path;
} digests[] = {
    {"as the request hash of the terms", "accepts.0.extra.requestHash"},
    {"as a fingerprint", "accepts.0.extra.requestFingerprint"},
    {"as a voucher's digest", "accepts.0.extra.voucherDigest"},
    {"as a presentation's digest", "accepts.0.extra.digest"},
    {"as a transaction's sighash", "accepts.0.extra.sighash"},
    {"as an intent's digest", "accepts.0.extra.intentDigest"},
    {"as the request hash of the challenge", "requestHash"},
};

static void hand_over(const void *arg, json_t *required)
{
    const struct digest *row = arg;

    kxp_set_text(required, row->path, HANDED_OVER);
}

/* Calls to the wallet that name it. */
static unsigned orders_with_it(struct assay_case *t)
{
    static const char *const calls[] = {"authorizeBatchPayment", "createChannelKey",
                                        "prepareEscrowDeposit", "signBatchPayment"};
    struct kaspa_node_call call;
    unsigned count = 0;

    for (size_t k = 0; k < ARRAY_LEN(calls); k++)
        for (uint64_t i = 1; kxp_wallet_was_asked(t, calls[k], i, &call); i++)
            count += strstr(call.params, HANDED_OVER) != NULL;
    return count;
}

SCENARIO(client_signs_no_digest_on_a_channel, OF_A_CHANNEL_CLIENT,
         .title = "A digest that the server hands over with its offer of a channel never reaches "
                  "the wallet",
         .threat = "signing-scope", .rule = "client.signer", .ideas = "CL-25",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.signer.server_hash"),
         TABLE(digests))
{
    const struct kxp_run *run;

    kxp_shop_sells_by_channel(t,
                              (struct kaspa_shop_behaviour){.edit = hand_over, .arg = case_row(t)});
    run = kxp_client_charges(t, KXP_GOODS, usual);
    expect(t, orders_with_it(t) == 0, "no call to the wallet with the server's digest", "%u calls",
           orders_with_it(t));
    if (run->has_bought)
        expect_charged(t, run, 1);
    else
        expect_client_refused(t, run, KXP_SIGNS_NOTHING);
}
