/** A simulated Kaspa network: one state that nodes of the role `node` serve.
 *
 *  Logic alone: no thread, socket or clock of its own; who shares it among threads locks around it
 *  (kaspa_node.h does). Every transaction is judged by ref/kaspa against the UTXO set and the
 *  mempool. The chain is a selected chain of blocks, each with the blocks it merges; time is what
 *  kaspa_chain_mine says. Everything it makes up (block hashes, funding outpoints) follows from its
 *  seed, and nothing on it has value. Source: Kaspa consensus digest, sections 1, 6 and 7.
 *
 *  Simpler than a network: there are no coinbases; blocks are not limited in mass, but what is too
 *  large for any block is refused; what a block accepts was in the blocks that it merges, and
 *  which of them is not said; the past median time is 130 s behind the sink, as a network's is at
 *  ten blocks a second. Scores and times never go back, not even in a reorganisation.
 *
 *  What fails with a code (or as KASPA_FULL) leaves everything as it was.
 */
#ifndef ROLES_KASPA_CHAIN_H
#define ROLES_KASPA_CHAIN_H

#include "base/arena.h"
#include "kaspa/address.h"
#include "kaspa/safejson.h"
#include "kaspa/verify.h"

#define KASPA_CHAIN_MAX_BLOCKS 65536 /**< of all kinds, the genesis counted */
#define KASPA_CHAIN_MAX_TXS 65536
#define KASPA_CHAIN_START_DAA UINT64_C(1000000) /**< of the genesis */
#define KASPA_CHAIN_START_BLUE UINT64_C(900000) /**< another, so that nobody takes it for that */
#define KASPA_CHAIN_MAX_START_MS (INT64_C(1) << 52)

struct kaspa_chain;

struct kaspa_chain_options {
    struct assay_bytes seed;
    enum kaspa_network network;
    bool no_relay_policy; /**< the mempool takes what consensus allows, as upstream's examples need
                           */
    int64_t start_ms;     /**< of the genesis, up to KASPA_CHAIN_MAX_START_MS; 0:
                           * 2026-01-01T00:00:00Z */
    uint64_t daa_ahead;   /**< added to KASPA_CHAIN_START_DAA, up to KASPA_CHAIN_MAX_START_MS */
};

/** RANGE: where it starts; NOMEM. It has a genesis and is synced. */
enum assay_code kaspa_chain_new(struct kaspa_chain **out,
                                const struct kaspa_chain_options *options) ASSAY_MUST_USE;
void kaspa_chain_free(struct kaspa_chain *chain); /**< NULL is taken */
/** An independent copy of the present state, the log of submissions too, for a fork that goes on by
 * itself: from its own seed, or its next blocks have the hashes of the other's. NOMEM. */
enum assay_code kaspa_chain_fork(struct kaspa_chain **out, const struct kaspa_chain *from,
                                 struct assay_bytes seed) ASSAY_MUST_USE;

/* ---- what happens ---- */

/** Mines one block that pays `amount` to a script out of nothing, in an ordinary (no coinbase)
 * output that can be spent at once, and accepts nothing else. Its transaction has one input, of an
 * outpoint that never was, without a signature. RANGE: an amount or a script that consensus does
 * not allow; TOO_LARGE: no more blocks or transactions; NOMEM. */
enum assay_code kaspa_chain_fund(struct kaspa_chain *chain, struct kaspa_outpoint *outpoint,
                                 const struct kaspa_spk *spk, uint64_t amount) ASSAY_MUST_USE;

enum kaspa_submission {
    KASPA_SUBMITTED, /**< now in the mempool, its storage mass filled in where it was 0 */
    KASPA_KNOWN,     /**< in the mempool or accepted already: a node refuses it as a duplicate */
    KASPA_ORPHAN,    /**< it spends what is not there, or not any more */
    KASPA_CONFLICT,  /**< the mempool has another spend of the same outpoint */
    KASPA_REFUSED,   /**< a rule is broken: verdict */
    KASPA_FULL,      /**< out of memory, or KASPA_CHAIN_MAX_TXS */
};

/** What a node does with submitTransaction. The first of these decides: KNOWN, a rule of the
 *  transaction alone, CONFLICT, a lock time, ORPHAN, the other rules. What cannot be decided here
 *  (see kaspa/engine.h) is REFUSED. *id and *verdict (each may be NULL) are always written; of what
 *  is KNOWN the verdict means nothing. The reason, as a node words it ("Rejected transaction <id>:
 *  …"), is appended to `reason` (may be NULL) unless SUBMITTED. Everything is copied. What was
 *  evicted may be submitted again. */
enum kaspa_submission kaspa_chain_submit(struct kaspa_chain *chain, const struct kaspa_tx *tx,
                                         struct kaspa_hash *id, struct kaspa_verdict *verdict,
                                         struct assay_buf *reason);
/** Takes conflicting transactions (and what spends them) out of the mempool if the fee rate, by the
 *  larger of compute and storage mass and half the transient mass, is higher than that of each, as
 *  submitTransactionReplacement does. CONFLICT: it is not; ORPHAN: it spends what it replaces, too;
 *  REFUSED: there is nothing to replace, too. The rest is as above. */
enum kaspa_submission kaspa_chain_replace(struct kaspa_chain *chain, const struct kaspa_tx *tx,
                                          struct kaspa_hash *id, struct assay_buf *reason);

struct kaspa_mining {
    unsigned blocks; /**< chain blocks to add */
    unsigned merged; /**< blocks that each of them merges beside its selected parent: blue score
                      * grows by merged + 1 a block */
    unsigned interval_ms; /**< between chain blocks; 0: 100 */
    bool leave_mempool;   /**< accept nothing of it */
};

/** Adds chain blocks. Each accepts what the mempool has, is not held, has its locks open there and
 *  spends nothing of the mempool or the same block: so a chain of unconfirmed transactions takes a
 *  block each. Scripts that may see another score of what they spend run again; what fails then
 *  stays in the mempool. TOO_LARGE: more than KASPA_CHAIN_MAX_BLOCKS; NOMEM. */
enum assay_code kaspa_chain_mine(struct kaspa_chain *chain,
                                 const struct kaspa_mining *how) ASSAY_MUST_USE;
/** A transaction in the mempool that blocks pass over until it is released (and so what spends it).
 * False: not there. */
bool kaspa_chain_hold(struct kaspa_chain *chain, const struct kaspa_hash *id, bool hold);
/** Out of the mempool, with what spends it. False: not there. */
bool kaspa_chain_evict(struct kaspa_chain *chain, const struct kaspa_hash *id);
/** Takes the last `depth` blocks off the selected chain (of 0: none) and puts `depth` + 1 others
 *  there. What they had accepted goes back to the mempool, held, so that it is accepted again only
 *  when released; but for transactions that conflict with `winner` (may be NULL), and what spends
 *  them, which leave it. The first new block accepts the winner, without relay policy, and fundings
 *  again; otherwise the new blocks accept nothing. Each merges as many as the one at its height
 * had, so that its scores are the same. RANGE: there are no such blocks, or they are pruned;
 * MISMATCH: the winner is not valid there; TOO_LARGE: no more blocks or transactions; NOMEM. */
enum assay_code kaspa_chain_reorganise(struct kaspa_chain *chain, unsigned depth,
                                       const struct kaspa_tx *winner,
                                       struct assay_err *err) ASSAY_MUST_USE;
/** Forgets the bodies of blocks below the last `keep` chain blocks (at least one): is_pruned, with
 *  nothing accepted and merged. The lowest that is kept is the pruning point. */
void kaspa_chain_prune(struct kaspa_chain *chain, unsigned keep);
void kaspa_chain_set_relay_policy(struct kaspa_chain *chain, bool on);

/* ---- what is the case ---- */

struct kaspa_chain_info {
    struct kaspa_hash sink; /**< the tip of the selected chain */
    struct kaspa_hash genesis, pruning_point;
    enum kaspa_network network;
    uint64_t daa_score;  /**< of the virtual block: one above the sink's */
    uint64_t blue_score; /**< of the sink */
    int64_t sink_time_ms;
    int64_t past_median_time_ms; /**< of the virtual block */
    size_t chain_blocks;         /**< of the selected chain, the genesis counted */
    size_t mempool_size;
};
void kaspa_chain_info(const struct kaspa_chain *chain, struct kaspa_chain_info *out);
/** Of the virtual block, where submissions are judged. */
struct kaspa_point_of_view kaspa_chain_pov(const struct kaspa_chain *chain);

struct kaspa_chain_block {
    struct kaspa_hash hash;
    struct kaspa_hash selected_parent; /**< of the genesis: zeros */
    bool is_chain_block;               /**< on the selected chain now */
    bool is_pruned;
    uint64_t height; /**< on its chain; genesis is 0 */
    uint64_t daa_score, blue_score;
    int64_t time_ms;
    const struct kaspa_hash
        *accepted; /**< ids that it accepted, in order; borrowed until the next change */
    size_t accepted_count;
    const struct kaspa_hash
        *merged; /**< hashes of the blocks that it merges, selected parent first */
    size_t merged_count;
};
/** By hash, chain block or reorganised away or merged (that one stands upon the selected parent of
 *  the selected parent, and merges it alone). False: unknown. */
bool kaspa_chain_block(const struct kaspa_chain *chain, struct kaspa_chain_block *out,
                       const struct kaspa_hash *hash);
/** The chain block at a height; false: none. */
bool kaspa_chain_block_at(const struct kaspa_chain *chain, struct kaspa_chain_block *out,
                          uint64_t height);

enum kaspa_chain_tx_state { KASPA_TX_UNKNOWN, KASPA_TX_IN_MEMPOOL, KASPA_TX_ACCEPTED };
struct kaspa_chain_tx {
    enum kaspa_chain_tx_state state;
    const struct kaspa_tx *tx; /**< borrowed until the chain is freed; also of what was evicted */
    const struct kaspa_utxo *spent; /**< one an input, with the scores of now */
    uint64_t fee;
    struct kaspa_hash accepting_block; /**< of ACCEPTED */
    uint64_t confirmations; /**< of ACCEPTED: blocks of the selected chain from the accepting one to
                             * the sink, both counted */
};
/** What was submitted, won or was a funding; UNKNOWN once it was evicted, replaced or lost. False:
 *  never seen. */
bool kaspa_chain_tx(const struct kaspa_chain *chain, struct kaspa_chain_tx *out,
                    const struct kaspa_hash *id);
/** An output of the accepted set; false: not there, or spent by what is accepted. */
bool kaspa_chain_utxo(const struct kaspa_chain *chain, struct kaspa_utxo *out,
                      const struct kaspa_outpoint *outpoint);
/** The outputs of a script in the accepted set, at most `room`, in the order in which their
 *  transactions were first seen; returns how many there are. Looks at every output ever made. */
size_t kaspa_chain_utxos_of(const struct kaspa_chain *chain, const struct kaspa_spk *spk,
                            struct kaspa_outpoint *outpoints, struct kaspa_utxo *utxos,
                            size_t room);
/** Ids in the mempool, at most `room`, what makes an output before what spends it; returns how many
 *  there are. */
size_t kaspa_chain_mempool(const struct kaspa_chain *chain, struct kaspa_hash *ids, size_t room);

/** Everything that was submitted, in order, accepted or not, but for what was answered with FULL.
 */
struct kaspa_chain_event {
    enum kaspa_submission result;
    struct kaspa_hash id;
    const struct kaspa_tx *tx; /**< as it came (SUBMITTED: with its storage mass); lives as the
                                * chain does */
};
size_t kaspa_chain_event_count(const struct kaspa_chain *chain);
bool kaspa_chain_event(const struct kaspa_chain *chain, size_t number,
                       struct kaspa_chain_event *out);

#endif
