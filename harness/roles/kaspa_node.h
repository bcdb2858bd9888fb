/** The role `node`: a Kaspa node before a simulated chain, on loopback.
 *
 *  It speaks node RPC as JSON over WebSocket, and the REST subset that deployed servers read, each
 * on a port of its own, over one state. Several nodes may share a chain, or each have a fork; a
 * node can be told to misbehave, and changed while a case runs. RPC is one thread, REST a thread a
 * connection; its log is locked. Source: Kaspa consensus digest, section 7.
 *
 *  Starting, restarting, stopping, switching and telling of changes are for one thread at a time;
 * the rest is for any.
 *
 *  A call is carried out whatever becomes of its answer, except with ERROR: what is submitted to a
 * SILENT node is in its mempool (with SWALLOW too it is not). A transaction that is in the mempool
 * is known over REST, as not accepted.
 */
#ifndef ROLES_KASPA_NODE_H
#define ROLES_KASPA_NODE_H

#include "roles/kaspa_chain.h"

#define KASPA_NODE_NAME_MAX_BYTES                                                                  \
    64 /**< of behaviour's texts, NUL included; the rest is cut off                                \
        */
/** Calls in its log, and their texts altogether; what comes later is counted, awaited and
 * answered, but its number is not found, or its texts are empty. */
#define KASPA_NODE_LOG_CALLS 65536
#define KASPA_NODE_LOG_BYTES ((size_t)64 << 20)

/** How a node lies or fails. Those of a kind are alternatives; several kinds can be on together. */
struct kaspa_node_behaviour {
    bool unsynced;          /**< isSynced false */
    bool sync_flag_missing; /**< isSynced is not there */
    bool no_utxo_index;
    uint64_t lag_daa;    /**< scores are so much behind, and what came since is not known: chain
                          * blocks, what they accepted, and the whole mempool */
    const char *network; /**< another network's name; NULL: its own */
    enum kaspa_node_fault {
        KASPA_NODE_SOUND,
        KASPA_NODE_SILENT,      /**< takes the call and never answers */
        KASPA_NODE_SLOW,        /**< answers after delay_ms */
        KASPA_NODE_MALFORMED,   /**< an answer that is no JSON: half of one */
        KASPA_NODE_WRONG_SHAPE, /**< JSON with members missing or of another type */
        KASPA_NODE_OVERSIZED,   /**< the answer, then spaces up to large_bytes */
        KASPA_NODE_BOMB,        /**< REST: a gzip body of large_bytes; RPC: as OVERSIZED */
        KASPA_NODE_ERROR,       /**< an error answer (RPC error, REST 500); nothing is done */
        KASPA_NODE_REFUSE,      /**< new connections are closed at once */
        KASPA_NODE_DROP,        /**< closes the connection instead of answering */
        KASPA_NODE_FLAP,        /**< every other call as SOUND, every other as DROP */
    } fault;
    const char *fault_method; /**< only of this call (RPC method or REST path's first part:
                               * "transactions"; "submitTransaction" is a submission over either);
                               * NULL: of all. REFUSE is of all */
    unsigned fault_times;     /**< so many calls (REFUSE: connections), then SOUND; 0: for good */
    unsigned delay_ms;
    size_t large_bytes;
    enum kaspa_node_lie {
        KASPA_NODE_HONEST,
        KASPA_NODE_ACCEPTED_AS_TEXT, /**< REST: is_accepted, and accepted, is "true" or "false" */
        KASPA_NODE_ACCEPTS_ALL,      /**< says accepted, by the sink, of what is in the mempool
                                      * only; its outputs are there, and what it spends is not */
        KASPA_NODE_ACCEPTS_NONE,     /**< says unknown of every transaction, and only fundings
                                      * have outputs */
        KASPA_NODE_OTHER_TX,      /**< answers with another transaction than was asked for: one of
                                   * another lock time, under its own id */
        KASPA_NODE_OTHER_AMOUNT,  /**< amounts are one sompi more */
        KASPA_NODE_CONTRADICT,    /**< every other answer about a transaction (not of UTXOs) is of
                                   * ACCEPTS_NONE, the first is true */
        KASPA_NODE_SWALLOW,       /**< submit answers with the id, and the chain never sees it */
        KASPA_NODE_OTHER_ID,      /**< submit answers with another id */
        KASPA_NODE_BLUE_IS_DEPTH, /**< scores jump: blue scores are KASPA_NODE_BLUE_FACTOR times
                                   * what they are, their differences far above the depth */
        KASPA_NODE_OTHER_BODY,    /**< as OTHER_TX, under the id that was asked for */
    } lie;
};
#define KASPA_NODE_BLUE_FACTOR 1000

/** One call, as it came. Strings live until the node stops. What is no call, such as a text that
 * closes its connection, is not logged. */
struct kaspa_node_call {
    uint64_t number; /**< 1, 2, 3 … */
    bool is_rest;
    const char *method; /**< "submitTransaction", "GET /info/blockdag" */
    const char *params; /**< JSON text, at most 64 KiB kept; of GET: the query */
    int64_t at_ns;      /**< CLOCK_MONOTONIC */
    bool answered;      /**< the last of its answer was handed over to be sent: who has read it
                         * finds it so */
};

/** Guards a chain that several threads use; the functions of kaspa_chain.h are called with it
 * taken. */
struct kaspa_chain_lock;
enum assay_code kaspa_chain_lock_new(struct kaspa_chain_lock **out) ASSAY_MUST_USE;
void kaspa_chain_lock_free(struct kaspa_chain_lock *lock); /**< NULL is taken */
void kaspa_chain_lock_take(struct kaspa_chain_lock *lock);
void kaspa_chain_lock_give(struct kaspa_chain_lock *lock);

struct kaspa_node;

struct kaspa_node_options {
    struct kaspa_chain *chain;     /**< may be shared */
    struct kaspa_chain_lock *lock; /**< guards it, and every chain that the node is switched to */
    uint16_t rpc_port, rest_port;  /**< of 127.0.0.1; 0: any */
};

/** Starts listening. Chain and lock outlive the node. IO, NOMEM. */
enum assay_code kaspa_node_start(struct kaspa_node **out, const struct kaspa_node_options *options,
                                 struct assay_err *err) ASSAY_MUST_USE;
void kaspa_node_stop(struct kaspa_node *node); /**< closes, joins, frees; NULL is taken */
/** Ends every connection, and with them subscriptions, and serves again on the same ports, which
 * it keeps meanwhile. Log and behaviour stay. IO, NOMEM: it serves nothing until a later restart.
 */
enum assay_code kaspa_node_restart(struct kaspa_node *node, struct assay_err *err) ASSAY_MUST_USE;

const char *kaspa_node_rpc_url(const struct kaspa_node *node);  /**< "ws://127.0.0.1:PORT" */
const char *kaspa_node_rest_url(const struct kaspa_node *node); /**< "http://127.0.0.1:PORT" */
/** From the next call on. What counts calls counts anew. */
void kaspa_node_behave(struct kaspa_node *node, const struct kaspa_node_behaviour *behaviour);
/** Serves another chain of the same network from now on (a fork, or back), and tells subscribers as
 * kaspa_node_changed does. */
void kaspa_node_switch(struct kaspa_node *node, struct kaspa_chain *chain);
/** Called by who changed the chain, without the lock, for subscribers: they are told what differs
 * from what they were told last. Returns before they are. From any thread, also while another
 * restarts it; not while it stops. */
void kaspa_node_changed(struct kaspa_node *node);

uint64_t kaspa_node_calls(struct kaspa_node *node); /**< so far */
bool kaspa_node_call(struct kaspa_node *node, uint64_t number, struct kaspa_node_call *out);
/** Calls so far that handed over a transaction, over RPC or REST, whatever became of it; also those
 * beyond the log. */
uint64_t kaspa_node_submissions(struct kaspa_node *node);
/** Waits until there were so many, which may not be carried out yet. False: not in time. */
bool kaspa_node_await_submissions(struct kaspa_node *node, uint64_t count, int deadline_ms);
/** Waits until `count` calls of this method came; NULL: of any. One that ends with a slash ("GET
 * /transactions/") stands for all that begin with it. False: not in time. */
bool kaspa_node_await(struct kaspa_node *node, const char *method, uint64_t count, int deadline_ms);

#endif
