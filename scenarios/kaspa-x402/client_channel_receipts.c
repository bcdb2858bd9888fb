/* Threat payer-drain, once a voucher is out: receipts of something else, refusals that tell what is
 * not so, and requests beside one that is not resolved. A charge counts by its own receipt; until
 * then nothing else is signed on the channel. */
#include "peer/kaspa-x402/client_channel.h"

static const struct kxp_channel_limits usual = {.charge = 0};

/* What is changed in a receipt or in an offer. */
struct change {
    const char *path, *value;
};

static void make_change(const struct change *change, json_t *tree)
{
    if (change->path != NULL)
        kxp_set_text(tree, change->path, change->value);
}

/* ---- receipts ---- */

#define OTHER "7777777777777777777777777777777777777777777777777777777777777777"

static const struct receipt {
    const char *name;
    enum kaspa_shop_receipt receipt;
    struct change changes[2];
} receipts[] = {
    {"none", KASPA_SHOP_RECEIPT_NONE, {{NULL, NULL}}},
    {"no base64", KASPA_SHOP_RECEIPT_MALFORMED, {{NULL, NULL}}},
    {"a failure", KASPA_SHOP_RECEIPT_FAILED, {{NULL, NULL}}},
    {"of another commitment",
     KASPA_SHOP_RECEIPT_USUAL,
     {{"transaction", OTHER}, {"extensions.kaspa.commitmentId", OTHER}}},
    {"of a charge of one sompi more",
     KASPA_SHOP_RECEIPT_USUAL,
     {{"amount", "30000001"}, {"extensions.kaspa.chargedAmount", "30000001"}}},
    {"with a higher total",
     KASPA_SHOP_RECEIPT_USUAL,
     {{"extensions.kaspa.channelState.authorizedCumulativeAmount", "90000000"}}},
    {"with a lower total",
     KASPA_SHOP_RECEIPT_USUAL,
     {{"extensions.kaspa.channelState.authorizedCumulativeAmount", "30000000"}}},
    {"of another head",
     KASPA_SHOP_RECEIPT_USUAL,
     {{"extensions.kaspa.channelState.activeOutpoint.txid", OTHER}}},
    {"of more funding",
     KASPA_SHOP_RECEIPT_USUAL,
     {{"extensions.kaspa.channelState.fundingAmount", "990000000"}}},
};

static void change_receipt(const void *arg, json_t *receipt)
{
    const struct receipt *row = arg;

    for (size_t i = 0; i < 2; i++)
        make_change(&row->changes[i], receipt);
}

SCENARIO(client_counts_a_charge_by_its_own_receipt, OF_A_CHANNEL_CLIENT,
         .title = "A payment on a channel whose receipt is another's, wrong or missing is not "
                  "resolved, and nothing else is signed on the channel",
         .threat = "payer-drain", .rule = "client.channel.receipt", .ideas = "CL-17 B112",
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.receipt_unjudged", "client.channel.receipt_of_any",
                            "client.channel.receipt_state", "client.channel.pending_ignored"),
         TABLE(receipts))
{
    const struct receipt *row = case_row(t);

    kxp_given_channel(t);
    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){.paid = {{.receipt = row->receipt, .times = 1}},
                                         .paid_count = 1,
                                         .edit_receipt = change_receipt,
                                         .arg = row});
    expect_unresolved(t, kxp_client_charges(t, "/second", usual));
    kxp_channel_shop_is_honest(t);
    expect_nothing_signed(t, kxp_client_charges(t, "/third", usual));
}

SCENARIO(client_tells_no_signature, OF_A_CHANNEL_CLIENT,
         .title =
             "What a client prints of a voucher that was charged, of one that is not resolved, "
             "and of one that is in the way, has no signature",
         .threat = "payer-drain", .rule = "client.channel.secret", .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.signature_told"))
{
    static const struct receipt other = {
        .changes = {{"transaction", OTHER}, {"extensions.kaspa.commitmentId", OTHER}}};

    kxp_given_channel(t);
    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){.edit_receipt = change_receipt, .arg = &other});
    expect_no_signature_told(t, kxp_client_charges(t, "/second", usual));
    expect_no_signature_told(t, kxp_client_charges(t, "/third", usual));
    kxp_shop_sells_by_channel(t, (struct kaspa_shop_behaviour){.unpaid_count = 0});
    expect_no_signature_told(t, kxp_client_charges(t, "/second", usual));
}

SCENARIO(client_keeps_the_total_that_was_counted, OF_A_CHANNEL_CLIENT,
         .title = "A second purchase costs no transaction: its voucher is upon the total that "
                  "receipts have counted",
         .threat = "payer-drain", .rule = "client.channel.receipt", .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.total_forgotten"))
{
    kxp_given_channel(t);
    expect_charged(t, kxp_client_charges(t, "/second", usual), 0);
}

/* ---- no answer ---- */

static const struct silence {
    const char *name;
    struct kaspa_shop_answer answer;
} silences[] = {
    {"500", {.status = 500, .payment = KASPA_SHOP_LEAVES}},
    {"500, and charged all the same", {.status = 500}},
    {"no answer", {.payment = KASPA_SHOP_LEAVES, .end = KASPA_SHOP_CUTS}},
    {"no answer, and charged all the same", {.end = KASPA_SHOP_CUTS}},
};

SCENARIO(client_presents_the_same_voucher_again, OF_A_CHANNEL_CLIENT,
         .title = "A voucher of which nothing is known is presented again as it is, and no other "
                  "is signed",
         .threat = "payer-drain", .rule = "client.replacement", .ideas = "CL-18",
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.attempt.forgotten", "client.attempt.unsaved"), TABLE(silences))
{
    const struct silence *row = case_row(t);
    const struct kxp_run *first;

    kxp_given_channel(t);
    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){.paid = {row->answer}, .paid_count = 1});
    first = kxp_client_charges(t, "/second", usual);
    expect_unresolved(t, first);
    kxp_channel_shop_is_honest(t);
    expect_charged(t, kxp_client_charges(t, "/second", usual), 0);
    expect(t, kxp_during(t, first).vouchers == 1, "one voucher for one purchase", "more");
}

/* ---- refusals ---- */

static const struct told {
    const char *name;
    struct change change;
} lies[] = {
    {"a higher total", {"accepts.0.extra.channelState.authorizedCumulativeAmount", "45000000"}},
    {"a lower total", {"accepts.0.extra.channelState.authorizedCumulativeAmount", "15000000"}},
    {"claims that never were",
     {"accepts.0.extra.channelState.claimedCumulativeAmount", "30000000"}},
    {"another lineage", {"accepts.0.extra.channelState.covenantId", OTHER}},
    {"another head", {"accepts.0.extra.channelState.activeOutpoint.txid", OTHER}},
    {"more funding", {"accepts.0.extra.channelState.fundingAmount", "990000000"}},
    {"another channel", {"accepts.0.extra.channelState.channelId", OTHER}},
};

static void change_state(const void *arg, json_t *required)
{
    const struct told *row = arg;

    make_change(&row->change, required);
}

SCENARIO(client_believes_its_own_node_and_receipts, OF_A_CHANNEL_CLIENT,
         .title = "A refusal that tells of the channel what node and receipts do not bear out "
                  "gets no other voucher",
         .threat = "payer-drain", .rule = "client.channel.told", .ideas = "CL-26 B94",
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.told_total", "client.channel.told_head"), TABLE(lies))
{
    const struct told *row = case_row(t);

    kxp_given_channel(t);
    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){.paid = {{.status = 402, .payment = KASPA_SHOP_LEAVES}},
                                         .paid_count = 1,
                                         .edit = change_state,
                                         .edits_later = true,
                                         .arg = row});
    expect_unresolved(t, kxp_client_charges(t, "/second", usual));
}

enum { VOUCHERS_MAX = 2 };

SCENARIO(client_is_corrected_once, OF_A_CHANNEL_CLIENT,
         .title = "A server that refuses every voucher and tells the truth gets two at most",
         .threat = "payer-drain", .rule = "client.artifact.once", .ideas = "CL-26",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.corrects_for_ever"))
{
    const struct kxp_run *run;

    kxp_given_channel(t);
    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){.paid = {{.status = 402, .payment = KASPA_SHOP_LEAVES}},
                                         .paid_count = 1});
    run = kxp_client_charges(t, "/second", usual);
    expect(t, run->has_ended && !run->has_bought && kxp_during(t, run).vouchers <= VOUCHERS_MAX,
           "an end, and two vouchers at most", "more, or a success");
}
