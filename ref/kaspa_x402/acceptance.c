/* Judging evidence about a channel's transaction; see acceptance.h. */
#include "kaspa_x402/acceptance.h"

#include "kaspa_x402/lineage_internal.h"

#include <inttypes.h>

enum { ENDS = true, STAYS = false };

const struct kx_lineage_rule_row kx_lineage_rules[KX_LINEAGE__COUNT] = {
    {"", false, "", "", ""},
#define X(constant, id, ends, source, sentence, remedy) {id, ends, source, sentence, remedy},
#include "kaspa_x402/lineage_rules.def"
#undef X
};

enum kx_lineage_rule kx_lineage_refuse(struct assay_err *err, enum kx_lineage_rule rule,
                                       const char *what)
{
    (void)assay_fail(err, ASSAY_E_MISMATCH, 0, "%s", what);
    return rule;
}

bool kx_checkpoint_equal(const struct kx_checkpoint *a, const struct kx_checkpoint *b)
{
    return kaspa_hash_equal(&a->block, &b->block) && a->blue_score == b->blue_score &&
           a->daa_score == b->daa_score;
}

static enum kx_lineage_rule judge_count(const struct kx_acceptance *a, struct assay_err *err)
{
    uint64_t above = a->checkpoint.blue_score - a->blue_score;
    bool is_tip = kaspa_hash_equal(&a->block, &a->checkpoint.block);

    if (a->confirmations == 0) {
        (void)assay_fail(err, ASSAY_E_RANGE, 0,
                         "confirmationCount is 0: the accepting block itself counts as 1");
        return KX_LINEAGE_CHAIN_COUNT;
    }
    if (is_tip && a->confirmations != 1) {
        (void)assay_fail(err, ASSAY_E_MISMATCH, 0,
                         "confirmationCount is %" PRIu64
                         ", but the accepting block is the checkpoint: expected 1",
                         a->confirmations);
        return KX_LINEAGE_CHAIN_COUNT;
    }
    if (a->confirmations - 1 > above) {
        (void)assay_fail(err, ASSAY_E_MISMATCH, 0,
                         "confirmationCount is %" PRIu64
                         ", but the checkpoint's blue score is only "
                         "%" PRIu64 " above the accepting block's",
                         a->confirmations, above);
        return KX_LINEAGE_CHAIN_COUNT;
    }
    return KX_LINEAGE_OK;
}

/* Each block of the selected chain is blue and raises the score by 1 or more: of so many blocks the
 * last is at least as many less one above the first. */
enum kx_lineage_rule kx_acceptance_judge(const struct kx_acceptance *a,
                                         const struct kaspa_hash *txid, struct assay_err *err)
{
    if (!kaspa_hash_equal(&a->txid, txid))
        return kx_lineage_refuse(err, KX_LINEAGE_CHAIN_TRANSACTION,
                                 "transactionId is another transaction's");
    if (a->checkpoint.blue_score < a->blue_score) {
        (void)assay_fail(err, ASSAY_E_RANGE, 0,
                         "checkpoint.blueScore %" PRIu64
                         " is below acceptingBlockBlueScore %" PRIu64,
                         a->checkpoint.blue_score, a->blue_score);
        return KX_LINEAGE_CHAIN_CHECKPOINT;
    }
    if (kaspa_hash_equal(&a->block, &a->checkpoint.block) &&
        a->checkpoint.blue_score != a->blue_score) {
        (void)assay_fail(err, ASSAY_E_MISMATCH, 0,
                         "the accepting block is the checkpoint, but its blue score is given as "
                         "%" PRIu64 " and as %" PRIu64,
                         a->blue_score, a->checkpoint.blue_score);
        return KX_LINEAGE_CHAIN_CHECKPOINT;
    }
    return judge_count(a, err);
}

static bool is_reserved(const struct kx_awaited *awaited, const struct kaspa_outpoint *outpoint)
{
    for (size_t i = 0; i < awaited->reserved_count; i++) {
        if (kaspa_outpoint_equal(&awaited->reserved[i], outpoint))
            return true;
    }
    return false;
}

static enum kx_lineage_rule judge_conflict(const struct kx_evidence *e,
                                           const struct kx_awaited *awaited, struct assay_err *err)
{
    enum kx_lineage_rule rule;

    if (!is_reserved(awaited, &e->spent))
        return kx_lineage_refuse(err, KX_LINEAGE_CHAIN_ABSENCE,
                                 "proof.spentOutpoint is none that the transaction spends");
    if (kaspa_hash_equal(&e->acceptance.txid, &awaited->txid))
        return kx_lineage_refuse(
            err, KX_LINEAGE_CHAIN_CONFLICT,
            "proof.evidence is of the very transaction that is said to be absent");
    rule = kx_acceptance_judge(&e->acceptance, &e->acceptance.txid, err);
    if (rule == KX_LINEAGE_OK && e->acceptance.confirmations < awaited->threshold) {
        (void)assay_fail(err, ASSAY_E_RANGE, 0,
                         "the conflicting spend has %" PRIu64 " confirmations, %" PRIu64
                         " are needed",
                         e->acceptance.confirmations, awaited->threshold);
        return KX_LINEAGE_CHAIN_CONFLICT;
    }
    return rule;
}

static enum kx_lineage_rule judge_absence(const struct kx_evidence *e,
                                          const struct kx_awaited *awaited, struct assay_err *err)
{
    if (e->absence == KX_ABSENCE_CONFLICT)
        return judge_conflict(e, awaited, err);
    if (!kaspa_hash_equal(&e->rejected, &awaited->txid))
        return kx_lineage_refuse(err, KX_LINEAGE_CHAIN_ABSENCE,
                                 "proof.rejectedTransactionId is another transaction's");
    return KX_LINEAGE_OK;
}

static enum kx_lineage_rule judge(const struct kx_evidence *e, const struct kx_awaited *awaited,
                                  struct assay_err *err)
{
    if (e->status == KX_EVIDENCE_ACCEPTED)
        return kx_acceptance_judge(&e->acceptance, &awaited->txid, err);
    if (!kaspa_hash_equal(&e->txid, &awaited->txid))
        return kx_lineage_refuse(err, KX_LINEAGE_CHAIN_TRANSACTION,
                                 "transactionId is another transaction's");
    return e->status == KX_EVIDENCE_ABSENT ? judge_absence(e, awaited, err) : KX_LINEAGE_OK;
}

enum kx_decision kx_evidence_decide(enum kx_lineage_rule *rule, const struct kx_evidence *evidence,
                                    const struct kx_awaited *awaited, struct assay_err *err)
{
    *rule = judge(evidence, awaited, err);
    if (*rule != KX_LINEAGE_OK || evidence->status == KX_EVIDENCE_UNKNOWN)
        return KX_DECISION_UNKNOWN;
    if (evidence->status == KX_EVIDENCE_ABSENT)
        return KX_DECISION_ABSENT;
    return evidence->acceptance.confirmations >= awaited->threshold ? KX_DECISION_ACCEPTED
                                                                    : KX_DECISION_PENDING;
}
