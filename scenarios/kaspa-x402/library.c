/* Libraries: what they accept and refuse of exact payments, rule by rule. Each case puts every
 * known answer about one rule to the library, the accepted ones too; inputs differ from right ones
 * in their defect alone. */
#include "peer/kaspa-x402/library.h"

struct rule_row {
    const char *name; /* a rule of ref/kaspa_x402/exact_checks.def */
};

SCENARIO(library_answers_what_is_known, .side = SIDE_LIBRARY, .kind = SCENARIO_CONTROL,
         .rule = "exact.transaction.merchant-output",
         .title = "A library answers a right question of each operation that it has")
{
    expect_what_is_known(t);
}

static void keeps_the_rule(struct assay_case *t)
{
    const struct rule_row *row = case_row(t);

    expect_rule_is_kept(t, row->name);
}

static const struct rule_row outputs[] = {
    {"exact.transaction.encoding"},        {"exact.transaction.outputs"},
    {"exact.transaction.merchant-output"}, {"exact.transaction.fee"},
    {"exact.transaction.change"},          {"exact.transaction.outpoints"},
    {"exact.transaction.commitments"},     {"exact.transaction.storage-mass"},
    {"exact.transaction.consensus"},       {"exact.transaction.shape"},
};

SCENARIO(library_takes_one_whole_output, .side = SIDE_LIBRARY, .threat = "exact-output",
         .rule = "exact.transaction.merchant-output",
         .title = "A library accepts a transaction only if one output pays exactly the amount",
         TABLE(outputs),
         .catches = DEFECTS("kx.output.at_least", "kx.output.one_short", "kx.output.sum",
                            "kx.output.any_index", "kx.output.twice", "kx.outputs.any_number",
                            "kx.encoding.lenient", "kx.output.any_script", "kx.head.at_least",
                            "kx.replay.keyed_with_index"))
{
    keeps_the_rule(t);
}

static const struct rule_row authorizations[] = {
    {"exact.authorization.input"},
    {"exact.authorization.signature"},
    {"exact.payload.request-hash"},
};

SCENARIO(library_takes_what_the_payer_signed, .side = SIDE_LIBRARY, .threat = "exact-replay",
         .rule = "exact.authorization.signature",
         .title = "A library accepts a payment only with its payer's signature of this request",
         TABLE(authorizations),
         .catches = DEFECTS("kx.authorization.digest_as_sent", "kx.authorization.any_input",
                            "kx.authorization.v1"))
{
    keeps_the_rule(t);
}

static const struct rule_row terms[] = {
    {"exact.terms.network"},     {"exact.terms.asset"},
    {"exact.terms.pay-to"},      {"exact.terms.binding"},
    {"exact.terms.amount"},      {"exact.terms.head"},
    {"exact.offer.match"},       {"exact.payload.profile"},
    {"exact.payload.challenge"}, {"exact.head.known"},
    {"exact.expiry.bounds"},     {"exact.expiry.live"},
    {"exact.finality.reached"},  {"http.form"},
};

SCENARIO(
    library_takes_the_terms_as_they_are, .side = SIDE_LIBRARY, .threat = "exact-terms",
    .rule = "exact.terms.binding",
    .title = "A library accepts a payment only under terms that were offered, and in their time",
    TABLE(terms),
    .catches = DEFECTS("kx.offer.without_finality", "kx.offer.without_asset",
                       "kx.offer.without_network", "kx.terms.pay_to_case",
                       "kx.terms.head_unchecked", "kx.terms.script_unchecked",
                       "kx.terms.flow_unchecked", "kx.terms.amount_lenient", "kx.http.any_version"))
{
    keeps_the_rule(t);
}

static const struct rule_row identities[] = {
    {"exact.transaction.id"},     {"exact.transaction.hints"}, {"exact.transaction.funding"},
    {"exact.identifier.present"}, {"exact.identifier.echo"},
};

SCENARIO(library_knows_a_payment_by_what_it_is, .side = SIDE_LIBRARY, .threat = "exact-txid",
         .rule = "exact.transaction.id",
         .title = "A library derives a transaction's id and coins, and believes neither",
         TABLE(identities), .catches = DEFECTS("kx.identifier.any_form"))
{
    keeps_the_rule(t);
}
