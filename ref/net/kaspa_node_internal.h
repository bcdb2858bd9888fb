/** The parts of the node client: its state, one question while it is answered, the calls of node
 *  RPC, coins by their scripts, and walks along the selected chain. Internal to ref/net.
 *
 *  Codes of everything here that asks the node are those of ref_kaspa_node_look, and one more:
 * CONFLICT, of answers that contradict each other, as they also do when the chain moves between
 * them; what they are about is asked again from its beginning.
 */
#ifndef REF_NET_KASPA_NODE_INTERNAL_H
#define REF_NET_KASPA_NODE_INTERNAL_H

#include "net/kaspa_json.h"
#include "net/kaspa_node.h"
#include "net/ws.h"

#include <pthread.h>

#define REF_KASPA_CHECKPOINTS 64
#define REF_KASPA_CHECKPOINT_GAP_MS 10000 /**< so they go back at least ten minutes */

struct ref_kaspa_node {
    struct ref_kaspa_node_options options;
    struct ref_ws *ws;
    pthread_mutex_t lock; /**< guards the rest */
    pthread_cond_t idle;
    unsigned running; /**< questions */
    bool stopping;
    uint64_t daa_highest; /**< of all questions so far */
    uint64_t daa_last;    /**< of the last one */
    int64_t daa_last_ms;  /**< when that was, on the steady clock */
    struct ref_kaspa_checkpoint {
        struct kaspa_hash sink;
        uint64_t time_ms;                 /**< past median time */
    } checkpoints[REF_KASPA_CHECKPOINTS]; /**< a ring; number n is at n % REF_KASPA_CHECKPOINTS */
    size_t checkpoint_count;              /**< ever */
};

/** One question while it is answered. */
struct ref_kaspa_ask {
    struct ref_kaspa_node *node;
    int64_t deadline_ms;
    struct assay_arena scratch;
    struct assay_err *err; /**< of a look: never NULL, and cleared of a failure that is none */
};

/** Records why and returns CONFLICT. */
enum assay_code ref_kaspa_contradicts(struct ref_kaspa_ask *ask, const char *format, ...)
    ASSAY_PRINTF(2, 3);

/* ---- kaspa_calls.c: the calls of node RPC (digest, section 7.2) ---- */

struct ref_kaspa_call {
    struct ref_ws_answer answer;
    struct ref_kaspa_reader r;
    uint32_t params;                /**< an object; NONE: the node refused */
    struct ref_kaspa_shown refusal; /**< its words */
};

/** Asks, and writes the question once at most. *sent as ref_ws_ask has it; a refusal is OK. Fini
 * in either case, as for the next. */
enum assay_code ref_kaspa_call_once(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call,
                                    bool *sent, const char *method, struct assay_bytes params);
/** Asks, and once more where the connection ended before the answer came: for what changes nothing
 *  at the node. DENIED where the node refuses, unless `refused` (may be NULL) takes that. */
enum assay_code ref_kaspa_call(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call,
                               bool *refused, const char *method, struct assay_bytes params);
void ref_kaspa_call_fini(struct ref_kaspa_call *call);

/** getServerInfo and getSyncStatus. DENIED: not fit to be believed. */
enum assay_code ref_kaspa_check_server(struct ref_kaspa_ask *ask);

struct ref_kaspa_dag {
    struct kaspa_hash sink, pruning_point;
    struct kaspa_point_of_view pov;
};
/** getBlockDagInfo. DENIED: of another network, or behind. */
enum assay_code ref_kaspa_get_dag(struct ref_kaspa_ask *ask, struct ref_kaspa_dag *out);

struct ref_kaspa_block {
    bool is_chain_block;
    uint64_t blue_score, daa_score;
};
enum assay_code ref_kaspa_get_block(struct ref_kaspa_ask *ask, struct ref_kaspa_block *out,
                                    const struct kaspa_hash *hash);
/** getMempoolEntry: whether it is there, and no orphan. */
enum assay_code ref_kaspa_is_in_mempool(struct ref_kaspa_ask *ask, bool *is_there,
                                        const struct kaspa_hash *txid);
/** A transaction within an answer, in the arena, and its true id; failures are the reader's. */
struct kaspa_hash ref_kaspa_read_tx(struct ref_kaspa_reader *r, struct kaspa_tx *out,
                                    struct assay_arena *arena, uint32_t token);

/* ---- kaspa_coins.c: coins by their scripts ---- */

struct ref_kaspa_coin {
    struct kaspa_outpoint outpoint;
    struct kaspa_utxo utxo; /**< its script borrows from the one asked for */
};
struct ref_kaspa_coins {
    struct ref_kaspa_coin *at; /**< by outpoint, in the ask's scratch arena */
    size_t count;
};
/** getUtxosByAddresses of all the scripts, which may repeat. UNSUPPORTED: one has no address. */
enum assay_code ref_kaspa_get_coins(struct ref_kaspa_ask *ask, struct ref_kaspa_coins *out,
                                    const struct kaspa_spk *spks, size_t count);
/** NULL: not there. */
const struct ref_kaspa_coin *ref_kaspa_find_coin(const struct ref_kaspa_coins *coins,
                                                 const struct kaspa_outpoint *outpoint);

/** What an input of an accepted transaction has spent, with a script in the arena; unchanged where
 * the node does not tell all of it. Failures are the reader's. */
void ref_kaspa_read_spent(struct ref_kaspa_reader *r, struct kaspa_utxo *out,
                          struct assay_arena *arena, uint32_t input);

/* ---- kaspa_walk.c: along the selected chain ---- */

/** A walk from the block behind `end` to the sink, in search of a transaction. By ids: of one with
 *  an id; what is behind it is read by hashes alone, to count it. In full: of one with an id, or of
 *  one that spends one of `outpoints`; it ends where that is found. */
struct ref_kaspa_walk {
    struct kaspa_hash end;  /**< the last block that was read; at first where it starts */
    struct kaspa_hash sink; /**< has to be met */
    bool has_until;
    struct kaspa_hash until; /**< what is not found up to there is not looked for any further */
    bool is_full;
    const struct kaspa_hash *txid; /**< NULL: of one that spends */
    /* of a walk in full */
    const struct kaspa_outpoint *outpoints;
    size_t outpoint_count;
    struct kaspa_utxo *spent;  /**< filled with what the node says of the outpoints that the
                                * transaction spends; NULL: not asked for */
    bool keeps_body;           /**< in the arena; else it goes with the question */
    struct assay_arena *arena; /**< of that, and of the scripts of what was spent */
    uint64_t behind;           /**< blue scores behind the sink's of the last block that is of use;
                                * what is nearer need not be read */

    unsigned pages; /**< read so far, of page_max; once it is found by ids they count anew */
    bool is_whole;  /**< the sink was met */
    bool is_past;   /**< `until` was met; neither: there are more pages than are read */
    bool is_at_end; /**< the last page had nothing */
    bool is_found;
    struct kaspa_hash found;  /**< the transaction's id */
    struct kaspa_tx body;     /**< in full: it, of which that id was made */
    struct kaspa_hash block;  /**< by ids: that accepts it */
    struct kaspa_hash before; /**< by ids: the one that was read before that, or the start */
    uint64_t depth;           /**< by ids: blocks from that one to the end, both counted */
};
/** DENIED also where the node does not know the start. */
enum assay_code ref_kaspa_walk(struct ref_kaspa_ask *ask, struct ref_kaspa_walk *walk);
/** One page of it, whether or not the sink is on the chain. */
enum assay_code ref_kaspa_walk_page(struct ref_kaspa_ask *ask, struct ref_kaspa_walk *walk,
                                    bool is_first);

/* ---- kaspa_find.c: where the walks of one look begin ---- */

struct ref_kaspa_search {
    struct ref_kaspa_ask *ask;
    const struct kx_look *look;
    struct ref_kaspa_dag dag; /**< newer once the marks were read */
    /** Chain blocks, a page of hashes from each to the next, the first the pruning point; read when
     * they are needed, into the ask's scratch arena. */
    struct kaspa_hash *marks;
    size_t mark_count;
    struct kaspa_hash end; /**< of the pages */
    uint64_t blocks;       /**< in them: from the one upon the pruning point to their end */
};
/** To the sink of the search. */
enum assay_code ref_kaspa_walk_from(struct ref_kaspa_search *search, struct ref_kaspa_walk *walk,
                                    const struct kaspa_hash *start);
/** From where the look says, or the oldest checkpoint. *is_read false: there is neither, the node
 * does not know it (any more), or it is further back than page_max. The walk is as it was unless it
 * found the transaction. */
enum assay_code ref_kaspa_walk_near(struct ref_kaspa_search *search, struct ref_kaspa_walk *walk,
                                    bool *is_read);
/** From one mark to the next, the last first, until it is found or page_max pages were read. */
enum assay_code ref_kaspa_walk_back(struct ref_kaspa_search *search, struct ref_kaspa_walk *walk);
/** Between the two marks where the chain has that DAA score, the accepting block's. *is_older: it
 * is not above the pruning point's; nothing was read. */
enum assay_code ref_kaspa_walk_at(struct ref_kaspa_search *search, struct ref_kaspa_walk *walk,
                                  uint64_t daa_score, bool *is_older);

/* ---- kaspa_look.c: one try at a look ---- */

enum assay_code ref_kaspa_look(struct ref_kaspa_ask *ask, struct kx_sight *out,
                               struct assay_arena *arena, const struct kx_look *look);

/* ---- kaspa_node.c: what is remembered from one question to the next ---- */

/** Where a walk begins that is told nothing: the oldest checkpoint; false: there is none. */
bool ref_kaspa_oldest_checkpoint(struct ref_kaspa_node *node, struct kaspa_hash *out);
void ref_kaspa_remember(struct ref_kaspa_node *node, const struct ref_kaspa_dag *dag);

#endif
