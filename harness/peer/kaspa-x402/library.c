/* What a library of kaspa-x402 is asked; see library.h. */
#include "peer/kaspa-x402/library.h"

#include "peer/kaspa-x402/peer_internal.h"

static const char *const operations[] = {
    "exact.payment",
    "exact.terms",
    "exact.requirements_hash",
    "exact.request_hash",
    "exact.context_hash",
    "exact.authorization",
    "exact.challenge_id",
    "exact.expiry",
    "exact.finality",
    "exact.identity",
    "exact.settlement",
    "x402.header.decode",
    "x402.identifier.check",
    "kaspa.txid",
    "kaspa.sighash",
    "channel.id",
    "channel.open",
    "template.spk",
    "template.diff",
    "voucher.digest",
    "voucher.verify",
    "presentation.digest",
    "commitment.id",
    "batch.payment",
    "genesis.verify",
    "claim.verify",
    "topup.verify",
    "refund.verify",
    "genesis.build",
    "claim.build",
    "topup.build",
    "refund.build",
    NULL,
};

void kxp_expect_rule_is_kept(struct assay_case *t, const char *rule)
{
    (expect_known_answers)(t, kxp_roles_of(t)->known, operations, rule);
}

void kxp_expect_what_is_known(struct assay_case *t)
{
    (expect_some_answer)(t, kxp_roles_of(t)->known, operations);
}

void kxp_library_probe(struct assay_case *t)
{
    kxp_expect_what_is_known(t);
}
