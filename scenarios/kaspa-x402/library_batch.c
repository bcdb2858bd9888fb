/* Libraries: what they accept and refuse of batch settlement, rule by rule: channels, templates,
 * vouchers, and transactions that they judge or put together. Each case puts every known answer
 * about one rule to the library, the accepted ones too; inputs differ from right ones in their
 * defect alone, and everything behind it is computed and signed anew. */
#include "peer/kaspa-x402/library.h"

struct rule_row {
    const char *name; /* a rule of ref/kaspa_x402/batch_tx_checks.def or batch_checks.def */
};

static void keeps_the_rule(struct assay_case *t)
{
    const struct rule_row *row = case_row(t);

    expect_rule_is_kept(t, row->name);
}

static const struct rule_row vouchers[] = {
    {"batch.voucher.signature"},    {"batch.voucher.lineage"},     {"batch.voucher.total"},
    {"batch.tx.signature.voucher"}, {"batch.presentation.digest"},
};

SCENARIO(library_takes_a_voucher_for_one_lineage_and_total, .side = SIDE_LIBRARY,
         .threat = "voucher-regression", .rule = "batch.tx.signature.voucher",
         .ideas = "B04 B05 B06 B07 B12 B116",
         .title = "A library takes a voucher only for the network, lineage and total that its "
                  "client signed, under its own generation's domain",
         TABLE(vouchers),
         .catches = DEFECTS("batch.voucher_unverified", "batch.voucher_old_domain",
                            "batch.voucher_any_network", "batch.voucher_unbound"))
{
    keeps_the_rule(t);
}

static const struct rule_row templates[] = {
    {"template.drift"},
    {"batch.tx.witness.redeem"},
};

SCENARIO(
    library_builds_the_template_byte_for_byte, .side = SIDE_LIBRARY, .threat = "covenant-drift",
    .rule = "template.drift", .ideas = "B57 B58",
    .title = "A library builds a channel's script byte for byte, and takes no other one for it",
    TABLE(templates),
    .catches = DEFECTS("batch.drift_length_only", "batch.drift_first_slot", "batch.drift_state"))
{
    keeps_the_rule(t);
}

static const struct rule_row identities[] = {
    {"batch.channel.known"},
    {"batch.channel.config"},
    {"batch.tx.kind"},
    {"batch.tx.head"},
    {"batch.tx.head.coin"},
    {"batch.tx.witness.arguments"},
    {"batch.tx.witness.selector"},
    {"batch.tx.witness.redeem"},
    {"batch.tx.genesis.covenant-id"},
};

SCENARIO(
    library_derives_what_a_channel_is, .side = SIDE_LIBRARY, .threat = "batch-identity",
    .rule = "batch.tx.witness.redeem", .ideas = "B53 B72 B73 B74 B106 B110 B115 B120",
    .title = "A library derives a channel's ids and scripts, and believes none that it is told",
    TABLE(identities),
    .catches = DEFECTS("batch.channel_timeout_32", "batch.key_off_curve", "batch.keys_equal",
                       "batch.kind_any", "batch.head_any", "batch.coin_believed",
                       "batch.push_any_form", "batch.selector_any", "batch.redeem_believed",
                       "batch.covenant_id_believed"))
{
    keeps_the_rule(t);
}

static const struct rule_row totals[] = {
    {"batch.tx.claim.total"},
    {"batch.channel.accounts"},
};

SCENARIO(library_claims_no_total_twice, .side = SIDE_LIBRARY, .threat = "batch-cumulative",
         .rule = "batch.tx.claim.total", .ideas = "B02 B71",
         .title = "A library claims by a total only what is not claimed already", TABLE(totals),
         .catches = DEFECTS("batch.total_claimed", "batch.total_unsigned"))
{
    keeps_the_rule(t);
}

static const struct rule_row claims[] = {
    {"batch.tx.claim.amount"},
    {"batch.tx.claim.remainder"},
    {"batch.tx.payee.amount"},
    {"batch.tx.signature.provider"},
};

SCENARIO(library_claims_what_was_authorized, .side = SIDE_LIBRARY, .threat = "batch-claim-bound",
         .rule = "batch.tx.claim.amount", .ideas = "B03 B67 B68 B75 B83 B119",
         .title = "A library claims at most what was signed and leaves something in the channel",
         TABLE(claims),
         .catches = DEFECTS("batch.over_claim", "batch.drained", "batch.payout_above",
                            "batch.provider_unverified"))
{
    keeps_the_rule(t);
}

static const struct rule_row successors[] = {
    {"batch.tx.inputs"},           {"batch.tx.outputs"},          {"batch.tx.successor.covenant"},
    {"batch.tx.successor.script"}, {"batch.tx.successor.amount"},
};

SCENARIO(
    library_leaves_the_rest_in_the_channel, .side = SIDE_LIBRARY, .threat = "batch-continuation",
    .rule = "batch.tx.successor.script", .ideas = "B03 B62 B65 B66 B70 B77 B78",
    .title = "A library leaves everything else in a successor of the lineage, in its next state",
    TABLE(successors),
    .catches = DEFECTS("batch.inputs_any", "batch.outputs_any", "batch.successor_unbound",
                       "batch.successor_state_kept", "batch.successor_short"))
{
    keeps_the_rule(t);
}

static const struct rule_row timings[] = {
    {"batch.tx.sequence"},     {"batch.tx.lock-time"},   {"batch.tx.refund.lock-time"},
    {"batch.tx.refund.ready"}, {"batch.channel.config"},
};

SCENARIO(library_refunds_behind_the_timeout, .side = SIDE_LIBRARY, .threat = "batch-refund-timing",
         .rule = "batch.tx.refund.lock-time", .ideas = "B69 B84 B85 B86",
         .title =
             "A library locks a refund until a score that is not below the timeout, and nothing "
             "else",
         TABLE(timings),
         .catches = DEFECTS("batch.lock_time_any", "batch.sequence_any", "batch.refund_early",
                            "batch.refund_time", "batch.refund_at_lock"))
{
    keeps_the_rule(t);
}

static const struct rule_row accounts[] = {
    {"batch.tx.version"},           {"batch.tx.subnetwork"},     {"batch.tx.gas"},
    {"batch.tx.payload"},           {"batch.tx.funding"},        {"batch.tx.hash-type"},
    {"batch.tx.payee.script"},      {"batch.tx.payee.unbound"},  {"batch.tx.fee"},
    {"batch.tx.storage-mass"},      {"batch.tx.compute-budget"}, {"batch.tx.signature.client"},
    {"batch.tx.signature.funding"}, {"batch.tx.script"},         {"batch.tx.consensus"},
};

SCENARIO(
    library_accounts_for_all_of_a_transaction, .side = SIDE_LIBRARY, .threat = "batch-accounting",
    .rule = "batch.tx.fee", .ideas = "B60 B61 B63 B64 B79 B81 B82 B83 B87 B88 B113 B114",
    .title = "A library takes a channel's transaction only if all of it is as its terms make it",
    TABLE(accounts),
    .catches = DEFECTS("batch.version_any", "batch.subnetwork_any", "batch.gas_any",
                       "batch.payload_any", "batch.funding_bound", "batch.hash_type_any",
                       "batch.weak_type", "batch.payee_any", "batch.payee_bound",
                       "batch.fee_unbounded", "batch.mass_believed", "batch.budget_believed",
                       "batch.client_unverified", "batch.funding_unverified"))
{
    keeps_the_rule(t);
}
