/* Libraries: which requests that are paid on a channel they take, rule by rule: under which offer,
 * on which channel, for what the client signed, and with which head. Each case puts every known
 * answer about one rule to the library, the accepted ones too; inputs differ from right ones in
 * their defect alone, and everything behind it is computed and signed anew. */
#include "peer/kaspa-x402/library.h"

struct rule_row {
    const char *name; /* a rule of ref/kaspa_x402/batch_checks.def */
};

static void keeps_the_rule(struct assay_case *t)
{
    const struct rule_row *row = case_row(t);

    expect_rule_is_kept(t, row->name);
}

static const struct rule_row offers[] = {
    {"batch.context.caller"},
    {"batch.offer.match"},
    {"batch.identifier.echo"},
    {"batch.payload.type"},
};

SCENARIO(library_takes_a_request_under_its_offer, .side = SIDE_LIBRARY,
         .threat = "exact-offer-match", .rule = "batch.offer.match", .ideas = "B19 B20",
         .title = "A library takes a channel's request only under terms that were offered to its "
                  "caller, member for member",
         TABLE(offers),
         .catches = DEFECTS("batch.offer_unmatched", "batch.offer_members", "batch.offer_amount",
                            "batch.offer_deposit", "batch.pay_to_any", "batch.server_key_any",
                            "batch.template_any", "batch.identifier_free",
                            "batch.identifier_unechoed"))
{
    keeps_the_rule(t);
}

static const struct rule_row terms[] = {
    {"batch.terms.network"},    {"batch.terms.asset"},   {"batch.terms.amount"},
    {"batch.terms.binding"},    {"batch.terms.form"},    {"batch.terms.pay-to"},
    {"batch.terms.server-key"}, {"batch.terms.deposit"}, {"batch.terms.mcp-charge"},
};

SCENARIO(library_takes_terms_of_a_channel_as_they_are, .side = SIDE_LIBRARY,
         .threat = "exact-terms", .rule = "batch.terms.form", .ideas = "B16 B17 B38 B106 B120",
         .title = "A library takes a channel's terms only if they are complete, canonical and of "
                  "one generation",
         TABLE(terms),
         .catches = DEFECTS("batch.network_case", "batch.asset_any", "batch.amount_lenient",
                            "batch.deposit_for_amount", "batch.mcp_free"))
{
    keeps_the_rule(t);
}

static const struct rule_row channels[] = {
    {"batch.channel.known"},  {"batch.channel.terms"}, {"batch.channel.config"},
    {"batch.channel.client"}, {"batch.channel.head"},  {"batch.voucher.lineage"},
};

SCENARIO(library_knows_whose_channel_pays, .side = SIDE_LIBRARY, .threat = "batch-identity",
         .rule = "batch.channel.known", .ideas = "B05 B46 B47 B110",
         .title = "A library takes a request only on the channel, the head and the lineage that it "
                  "knows, whatever the payload says of them",
         TABLE(channels),
         .catches = DEFECTS("batch.channel_id_believed", "batch.channel_terms",
                            "batch.refund_address_network", "batch.client_believed",
                            "batch.head_unchecked", "batch.lineage_believed"))
{
    keeps_the_rule(t);
}

static const struct rule_row totals[] = {
    {"batch.voucher.total"},
    {"batch.channel.accounts"},
};

SCENARIO(library_charges_what_was_signed_for_it, .side = SIDE_LIBRARY, .threat = "batch-cumulative",
         .rule = "batch.voucher.total", .ideas = "B09 B10 B11 B13 B14 B29 B111 B112 B118",
         .title = "A library takes a total only if it is the charges so far and this one, and the "
                  "channel's output covers it",
         TABLE(totals),
         .catches = DEFECTS("batch.total_above", "batch.total_below", "batch.reserve_ignored",
                            "batch.uncovered", "batch.top_up_added"))
{
    keeps_the_rule(t);
}

static const struct rule_row presentations[] = {
    {"batch.voucher.signature"},   {"batch.presentation.binding"}, {"batch.presentation.digest"},
    {"batch.presentation.expiry"}, {"batch.presentation.live"},    {"batch.presentation.signature"},
};

SCENARIO(library_takes_a_presentation_for_one_request, .side = SIDE_LIBRARY,
         .threat = "voucher-regression", .rule = "batch.presentation.binding",
         .ideas = "B01 B18 B21 B23 B24",
         .title = "A library takes a voucher only with its client's presentation of this very "
                  "request, and in its time",
         TABLE(presentations),
         .catches = DEFECTS("batch.voucher_sum_alone", "batch.presentation_believed",
                            "batch.presentation_identifier", "batch.digest_as_sent",
                            "batch.expiry_far", "batch.presentation_unsigned",
                            "batch.expiry_unchecked", "batch.expiry_once"))
{
    keeps_the_rule(t);
}

static const struct rule_row heads[] = {
    {"batch.channel.claim"}, {"batch.head.confirmed"}, {"batch.refund.window"},
    {"batch.head.exists"},   {"batch.head.lineage"},   {"batch.head.script"},
    {"batch.head.amount"},
};

SCENARIO(
    library_believes_the_chain_about_a_head, .side = SIDE_LIBRARY, .threat = "exact-finality",
    .rule = "batch.head.confirmed", .ideas = "B48 B49 B50 B89",
    .title =
        "A library takes a request only on a head that the chain has confirmed, as the channel "
        "makes it, long enough before the refund",
    TABLE(heads),
    .catches = DEFECTS("batch.unconfirmed", "batch.refund_ignored", "batch.refund_lead",
                       "batch.coin_unbound", "batch.script_state", "batch.funding_believed",
                       "batch.escrow_believed"))
{
    keeps_the_rule(t);
}

static const struct rule_row deposits[] = {
    {"batch.deposit.escrow"},
    {"batch.deposit.minimum"},
    {"batch.deposit.genesis"},
    {"batch.deposit.top-up"},
};

SCENARIO(library_takes_deposits_of_the_lineage_alone, .side = SIDE_LIBRARY,
         .threat = "batch-continuation", .rule = "batch.deposit.genesis",
         .ideas = "B15 B51 B52 B53 B54 B55 B56 B80",
         .title = "A library takes a deposit only of a genesis whose lineage it derives, or of the "
                  "one successor of the head that it knows",
         TABLE(deposits),
         .catches = DEFECTS("batch.deposit_any", "batch.genesis_outputs", "batch.top_up_elsewhere"))
{
    keeps_the_rule(t);
}
