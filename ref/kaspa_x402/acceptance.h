/** Evidence about a transaction of a channel: accepted, absent, or unknown; and what it allows.
 *
 *  Only a proof that is bound to the transaction, or to an outpoint that it has reserved, makes it
 *  absent; whatever else is said leaves it unknown, and what is unknown stays reserved. A count of
 *  confirmations is a distance on the selected chain and never a difference of blue scores.
 *  Source: Kaspa x402 batch digest, section 12.
 */
#ifndef KX_ACCEPTANCE_H
#define KX_ACCEPTANCE_H

#include "base/arena.h"
#include "base/json.h"
#include "kaspa/tx.h"

#define KX_THRESHOLD_DEFAULT 30 /**< confirmations: policy of the reference, not consensus */
#define KX_REJECTION_CODE_MAX_BYTES 64

/** The rules of this header, launch.h and lineage.h. */
enum kx_lineage_rule {
    KX_LINEAGE_OK,
#define X(constant, id, ends, source, sentence, remedy) KX_LINEAGE_##constant,
#include "kaspa_x402/lineage_rules.def"
#undef X
    KX_LINEAGE__COUNT
};

struct kx_lineage_rule_row {
    const char *id;
    bool ends; /**< breaking it makes the lineage unavailable */
    const char *source, *sentence, *remedy;
};
/** Row 0 is of no rule. */
extern const struct kx_lineage_rule_row kx_lineage_rules[KX_LINEAGE__COUNT];

struct kx_checkpoint {
    struct kaspa_hash block;
    uint64_t blue_score, daa_score;
};

struct kx_acceptance {
    struct kaspa_hash txid, block; /**< block: that accepts it */
    uint64_t blue_score;           /**< of that block */
    uint64_t confirmations;        /**< from it to the checkpoint, both counted */
    struct kx_checkpoint checkpoint;
};

enum kx_evidence_status { KX_EVIDENCE_UNKNOWN, KX_EVIDENCE_ACCEPTED, KX_EVIDENCE_ABSENT };
enum kx_absence { KX_ABSENCE_CONFLICT, KX_ABSENCE_REJECTION };

struct kx_evidence {
    enum kx_evidence_status status;
    struct kaspa_hash txid;
    struct assay_bytes reason;       /**< of ABSENT and UNKNOWN: words, for people */
    struct kx_acceptance acceptance; /**< of ACCEPTED; of CONFLICT: of the other transaction */
    enum kx_absence absence;         /**< of ABSENT, as what follows */
    struct kaspa_outpoint spent;     /**< of CONFLICT: what the other one spent */
    struct kaspa_hash rejected;      /**< of REJECTION */
    struct kx_checkpoint checkpoint; /**< of REJECTION */
};

/** Reads one, with exactly the members of its kind; texts borrow from the document or the arena.
 *  CHAIN_FORM: err says where. *out is unspecified then. */
enum kx_lineage_rule kx_evidence_read(struct kx_evidence *out, struct assay_arena *arena,
                                      const struct assay_json *doc, uint32_t token,
                                      struct assay_err *err) ASSAY_MUST_USE;

/** What is known of a transaction that a channel waits for. */
enum kx_decision {
    KX_DECISION_UNKNOWN,  /**< it stays reserved: nothing is rebuilt, nothing sent again */
    KX_DECISION_PENDING,  /**< accepted, below the threshold: as above, and it authorises nothing */
    KX_DECISION_ACCEPTED, /**< to the threshold */
    KX_DECISION_ABSENT,   /**< for ever: what it reserved is free */
};

struct kx_awaited {
    struct kaspa_hash txid;
    const struct kaspa_outpoint *reserved; /**< that its artifact spends */
    size_t reserved_count;
    uint64_t threshold; /**< confirmations, > 0 */
};

/** Judges evidence. *rule: OK, or why it counts for nothing; err says it in words. */
enum kx_decision kx_evidence_decide(enum kx_lineage_rule *rule, const struct kx_evidence *evidence,
                                    const struct kx_awaited *awaited, struct assay_err *err);

/** Whether an acceptance agrees with itself, and is of that transaction. */
enum kx_lineage_rule kx_acceptance_judge(const struct kx_acceptance *a,
                                         const struct kaspa_hash *txid,
                                         struct assay_err *err) ASSAY_MUST_USE;

bool kx_checkpoint_equal(const struct kx_checkpoint *a, const struct kx_checkpoint *b);
static inline bool kx_acceptance_equal(const struct kx_acceptance *a, const struct kx_acceptance *b)
{
    return kaspa_hash_equal(&a->txid, &b->txid) && kaspa_hash_equal(&a->block, &b->block) &&
           a->blue_score == b->blue_score && a->confirmations == b->confirmations &&
           kx_checkpoint_equal(&a->checkpoint, &b->checkpoint);
}

#endif
