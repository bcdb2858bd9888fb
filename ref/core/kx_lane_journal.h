/** What a store keeps of a channel as text, its configuration and the journal of its lineage: read
 *  back, moved by what the chain says, and written anew. For the core, which does it a step a
 *  request, and for operators.
 *
 *  Source: Kaspa x402 batch digest, sections 4, 13 and 14.
 */
#ifndef KX_LANE_JOURNAL_H
#define KX_LANE_JOURNAL_H

#include "kaspa_x402/chain_evidence.h"
#include "kaspa_x402/lineage.h"
#include "store/kx_store.h"

/** What kx_lane_record keeps in `lineage`: three lines. */
struct kx_lane_journal {
    struct assay_bytes launch; /**< its manifest, canonical */
    struct kx_lineage lineage;
    bool has_before; /**< a block from which the chain finds what made the head */
    struct kaspa_hash before;
};

/** The lane of a configuration that is kept. MALFORMED, NOMEM. */
enum assay_code kx_lane_journal_lane(struct kx_lane *out, struct assay_arena *arena,
                                     const struct kx_batch_binding *binding,
                                     struct assay_bytes config) ASSAY_MUST_USE;

/** Of a lane whose genesis was just accepted. As kx_launch_make and kx_lineage_open. */
enum assay_code kx_lane_journal_open(struct kx_lane_journal *out, struct assay_arena *arena,
                                     const struct kx_lane *lane, const struct kx_lane_head *head,
                                     const struct kx_acceptance *genesis) ASSAY_MUST_USE;
/** Slices are the text's. MALFORMED, NOMEM. */
enum assay_code kx_lane_journal_read(struct kx_lane_journal *out, struct assay_arena *arena,
                                     const struct kx_lane *lane,
                                     struct assay_bytes text) ASSAY_MUST_USE;
/** The text is in the arena. TOO_LARGE, NOMEM. */
enum assay_code kx_lane_journal_write(struct assay_bytes *out, struct assay_arena *arena,
                                      const struct kx_lane *lane,
                                      const struct kx_lane_journal *journal) ASSAY_MUST_USE;

/** One thing that the chain says; the members that are NULL did not happen. */
struct kx_lane_journal_news {
    const struct kx_transition *transition;
    const struct kx_acceptance *genesis; /**< that was taken back, and is there again */
    const struct kaspa_hash *removed;    /**< a block */
    struct kx_checkpoint to;
};
/** MISMATCH: the lineage refuses it, and may have ended with that. */
enum assay_code kx_lane_journal_apply(struct kx_lane_journal *journal, struct assay_arena *arena,
                                      const struct kx_lane *lane,
                                      const struct kx_lane_journal_news *news) ASSAY_MUST_USE;
/** Status and head of the record as the journal has them now. A lineage that has ended, or is
 * unavailable, keeps the last head: no other can be named. */
void kx_lane_journal_settle(struct kx_lane_record *record, const struct kx_lane_journal *journal);

/** The acceptance of a transaction, as a sight tells it; its checkpoint is the sight's. */
struct kx_acceptance kx_lane_journal_acceptance(const struct kx_sight *sight);
/** What a transaction that spends the head does to the lineage, by its outputs: judged when it is
 *  applied. False: it does not spend it, or no transition looks so. */
bool kx_lane_journal_transition(struct kx_transition *out, const struct kx_lane *lane,
                                const struct kx_lane_head *head, const struct kx_sight *sight);

#endif
