/** What the files of kaspa_chain.h share: the records of transactions and blocks, and their tables.
 *
 *  Records are in the chain's arena, never move and are never given back. The UTXO set is not kept
 *  apart: an output is in it while its transaction is accepted and no accepted one spends it. What
 *  takes a block off the chain so undoes exactly what put it there, without a copy to go back to.
 *
 *  Who changes the chain asks for all the memory first; from then on nothing can fail.
 */
#ifndef ROLES_KASPA_CHAIN_INTERNAL_H
#define ROLES_KASPA_CHAIN_INTERNAL_H

#include "roles/kaspa_chain.h"

#define CHAIN_ARENA_BYTES                                                                          \
    ((size_t)256 << 20)       /**< a small transaction takes 700 bytes, a block 200 */
#define CHAIN_INTERVAL_MS 100 /**< ten blocks a second, as the networks have */

/* ---- tables ---- */

struct chain_list {
    void **at;
    size_t len, room;
};

/** Room for `more` items than there are; false: no memory, and nothing has changed. */
bool chain_list_reserve(struct chain_list *list, size_t more) ASSAY_MUST_USE;
void chain_list_push(struct chain_list *list, void *item); /**< the room is there */

/** Records by the hash that each has. Open addressing; nothing is ever taken out. */
struct chain_index {
    struct chain_slot {
        const struct kaspa_hash *hash; /**< within the record; NULL: free */
        void *record;
    } * slots;
    size_t len, room; /**< room is 0 or a power of two */
};

bool chain_index_reserve(struct chain_index *index, size_t more) ASSAY_MUST_USE;
void chain_index_add(struct chain_index *index, const struct kaspa_hash *hash, void *record);
void *chain_index_find(const struct chain_index *index, const struct kaspa_hash *hash);

/* ---- records ---- */

struct chain_block {
    struct kaspa_hash hash;
    size_t number; /**< in chain->blocks */
    struct chain_block *selected_parent;
    bool is_chain_block;
    uint64_t height, daa_score, blue_score;
    int64_t time_ms;
    struct kaspa_hash *accepted;
    size_t accepted_count;
    struct kaspa_hash *merged;
    size_t merged_count;
    struct chain_block *beside; /**< merged_count - 1 records: what it merges beside its parent */
};

struct chain_tx {
    struct kaspa_hash id;
    size_t number; /**< in chain->txs */
    struct kaspa_tx tx;
    struct kaspa_utxo *spent; /**< one an input, with the scores of now */
    struct chain_tx **makers; /**< whose outputs those are, one an input; of a funding NULL */
    struct chain_spending {
        struct chain_tx *spender; /**< in the mempool or accepted; NULL: none */
        size_t input;
    } * outputs; /**< one an output */
    uint64_t fee;
    enum kaspa_chain_tx_state state;
    struct chain_block *block; /**< that accepts it, or is about to (see mine); else NULL */
    bool is_funding, is_held;
    bool is_stale;  /**< scores in `spent` are not those its scripts ran with */
    bool is_doomed; /**< about to leave the mempool */
};

struct kaspa_chain {
    struct assay_arena arena;
    struct kaspa_hash seed;
    enum kaspa_network network;
    bool has_relay_policy;
    uint64_t pruned_height; /**< blocks below it are pruned */
    struct chain_list txs, blocks, events;
    struct chain_list mempool;  /**< what makes an output stands before what spends it */
    struct chain_list selected; /**< blocks by height */
    struct chain_index tx_index, block_index;
};

static inline struct chain_tx *chain_find_tx(const struct kaspa_chain *chain,
                                             const struct kaspa_hash *id)
{
    return chain_index_find(&chain->tx_index, id);
}

static inline struct chain_block *chain_sink(const struct kaspa_chain *chain)
{
    return chain->selected.at[chain->selected.len - 1];
}

/** A hash that follows from the chain's seed, `what` and a number. */
void chain_make_up(struct kaspa_hash *out, const struct kaspa_chain *chain, const char *what,
                   uint64_t number);
/** What a block upon this one judges by: the score is its own. */
struct kaspa_point_of_view chain_pov_upon(const struct chain_block *parent, uint64_t daa_score);

/* ---- transactions: kaspa_chain_txs.c ---- */

/** Everything in the arena, so that it lives as the chain does. False: no memory. */
bool chain_copy_tx(struct kaspa_tx *out, struct assay_arena *arena,
                   const struct kaspa_tx *tx) ASSAY_MUST_USE;

/** The transaction of an output that is there to be spent, and the output; NULL: it is not, or not
 *  any more. Where `upon` is a chain block: for a block upon that. Else for the mempool, with its
 *  outputs too; what it alone spends is still there. */
struct chain_tx *chain_find_utxo(const struct kaspa_chain *chain, struct kaspa_utxo *out,
                                 const struct kaspa_outpoint *outpoint,
                                 const struct chain_block *upon);

/** What a transaction spends, one each an input. Zeros: not gathered. */
struct chain_entries {
    struct kaspa_utxo *utxos;
    bool *is_missing;
    struct chain_tx **makers; /**< NULL where one is missing */
};

/** As chain_find_utxo has them. Of more inputs than consensus allows nothing is gathered. False: no
 *  memory. */
bool chain_entries_gather(struct chain_entries *out, struct assay_arena *arena,
                          const struct kaspa_chain *chain, const struct kaspa_tx *tx,
                          const struct chain_block *upon) ASSAY_MUST_USE;

/** False: memory did not suffice for a verdict. */
bool chain_judge(struct kaspa_verdict *verdict, const struct kaspa_tx *tx,
                 const struct chain_entries *entries, const struct kaspa_point_of_view *pov,
                 struct assay_arena *arena) ASSAY_MUST_USE;
/** The rule that keeps it out: the first broken, else the first that did not hold;
 * KASPA_RULE__COUNT: none. Without relay policy a block's limits still count, for they are
 * consensus. */
size_t chain_first_fault(const struct kaspa_verdict *verdict, bool has_relay_policy);

/** TOO_LARGE: as many as there may be. NOMEM. */
enum assay_code chain_tx_reserve(struct kaspa_chain *chain) ASSAY_MUST_USE;
/** A record that is not yet in the chain; `tx` and what `entries` borrow are in its arena already.
 *  NULL: no memory. */
struct chain_tx *chain_tx_new(struct kaspa_chain *chain, const struct kaspa_tx *tx,
                              const struct chain_entries *entries,
                              const struct kaspa_verdict *verdict) ASSAY_MUST_USE;
/** Enters it and its spendings, in reserved room. Returns the record that stands for its id: an
 *  older one of the same id takes over what is new. */
struct chain_tx *chain_tx_enter(struct kaspa_chain *chain, struct chain_tx *fresh);
void chain_tx_accept(struct chain_tx *tx, struct chain_block *block);
/** The reverse: unconfirmed, and in no list. */
void chain_tx_unaccept(struct chain_tx *tx);

/** Dooms what spends something doomed, in the mempool. */
void chain_doom_spenders(struct kaspa_chain *chain);
void chain_spare_doomed(struct kaspa_chain *chain);
void chain_sweep_doomed(struct kaspa_chain *chain); /**< out of the mempool */
/** Drops from the mempool's list what is not in it any more. */
void chain_mempool_compact(struct kaspa_chain *chain);

/* ---- blocks: kaspa_chain_blocks.c ---- */

/** Room for `count` chain blocks, and `records` blocks of all kinds. TOO_LARGE, NOMEM. */
enum assay_code chain_blocks_reserve(struct kaspa_chain *chain, uint64_t count,
                                     uint64_t records) ASSAY_MUST_USE;
/** A block that is not yet in the chain, with what it merges beside `parent`. `number` is where the
 *  first of these will stand. NULL: no memory. */
struct chain_block *chain_block_new(struct kaspa_chain *chain, struct chain_block *parent,
                                    size_t number, size_t merged, int64_t time_ms) ASSAY_MUST_USE;
/** What it will accept, copied; false: no memory. */
bool chain_block_set_accepted(struct kaspa_chain *chain, struct chain_block *block,
                              const struct kaspa_hash *ids, size_t count) ASSAY_MUST_USE;
/** Puts it on the sink, and accepts what it accepts, in reserved room. */
void chain_extend(struct kaspa_chain *chain, struct chain_block *block);

#endif
