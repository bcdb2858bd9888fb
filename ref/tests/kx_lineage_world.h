/** A lineage on a chain of one's own making: what tests of journals begin with.
 *
 *  Blocks and transactions are named by small numbers; their hashes are made of them. An update is
 *  made as it would be reported, so that a row changes one thing of it.
 */
#ifndef KX_LINEAGE_WORLD_H
#define KX_LINEAGE_WORLD_H

#include "kaspa_x402/lineage.h"
#include "ref/tests/kx_lane_world.h"

enum { KX_JOURNAL_BLOCKS = 80, KX_JOURNAL_TRANSITIONS = 80 };

struct kx_lineage_world {
    struct kx_lane_world lane;
    struct kx_launch launch;
    struct kx_lineage lineage;
    /* the update that is made */
    struct kx_update update;
    struct kaspa_hash removed[KX_JOURNAL_BLOCKS];
    struct kx_added added[KX_JOURNAL_BLOCKS];
    struct kx_transition transitions[KX_JOURNAL_TRANSITIONS];
    size_t transition_count;
    struct kx_lane_head head; /**< that the next transition spends */
    struct assay_err err;
};

/** The lineage with its genesis accepted in block 1, value 90000000. */
void kx_lineage_world_init(struct kx_lineage_world *w);
void kx_lineage_world_fini(struct kx_lineage_world *w);

struct kaspa_hash kx_journal_block(unsigned number);
struct kaspa_hash kx_journal_txid(unsigned number);

/** Begins an update from the stored checkpoint to block `to`. */
void kx_journal_begin(struct kx_lineage_world *w, unsigned to);
void kx_journal_remove(struct kx_lineage_world *w, unsigned block);
/** Adds a block without transitions. */
void kx_journal_add(struct kx_lineage_world *w, unsigned block);
/** A transition in the block that was added last; it spends w->head and moves it on. amount: D of a
 *  claim, what a top-up adds, the fee of a refund. */
struct kx_transition *kx_journal_transit(struct kx_lineage_world *w, unsigned txid,
                                         enum kx_transition_kind kind, uint64_t amount);
void kx_journal_genesis(struct kx_lineage_world *w);
enum kx_lineage_rule kx_journal_apply(struct kx_lineage_world *w);
/** Applies an update of blocks first.. and transactions of the same numbers, a claim of one sompi
 *  each; and one that takes back the blocks from..to, downwards. Each must be accepted. */
void kx_journal_claims(struct kx_lineage_world *w, unsigned first, unsigned count);
void kx_journal_remove_down(struct kx_lineage_world *w, unsigned from, unsigned to);
/** Begins, adds one block with one transition, and applies. */
enum kx_lineage_rule kx_journal_accept(struct kx_lineage_world *w, unsigned block, unsigned txid,
                                       enum kx_transition_kind kind, uint64_t amount);
/** Appends the update as JSON. */
void kx_journal_update_write(struct assay_buf *out, const struct kx_lineage_world *w);

#endif
