/** A client of a Kaspa node for those whose money depends on what it says: RPC as JSON over
 * WebSocket, one connection, one thread, calls of many threads at once.
 *
 *  It reports evidence and judges none of it, but for this: a node that is not fit to be believed
 *  says nothing. Each look first asks whether it is fit: the right network, an index of coins,
 * isSynced there and true, by the server's information and by its status, a DAA score not below the
 * highest that was seen from it (by more than max_step_back), and a past median time within
 * max_lag_ms of the wall clock. What is malformed, contradicts itself or comes late is an error,
 * never an answer. The connection is made anew when a call finds none, and what changes nothing is
 * asked a second time where it ended before the answer; a submission is never sent twice.
 *
 *  One node can be held against itself alone: one that lies without contradiction is believed.
 *
 *  Source: Kaspa consensus digest, section 7; Kaspa x402 exact digest, section 14.
 */
#ifndef REF_NET_KASPA_NODE_H
#define REF_NET_KASPA_NODE_H

#include "kaspa_x402/chain_evidence.h"

struct ref_kaspa_node_options {
    const char *url; /**< "ws://127.0.0.1:18210"; kept by reference */
    bool is_public;  /**< may connect elsewhere than to loopback, checked on the socket */
    enum kaspa_network network;
    int64_t deadline_ms;     /**< of one question to this client, however many calls it takes */
    size_t answer_max_bytes; /**< of one message */
    size_t coins_max;        /**< of one address list's answer */
    unsigned question_max;   /**< at once; one more is refused with BUSY at once */
    int64_t max_lag_ms;      /**< of the past median time behind the wall clock; 0: not judged */
    uint64_t max_step_back;  /**< of the DAA score */
    unsigned page_max;       /**< pages of what chain blocks (2480 that they merge, or so) accepted
                              * read to find a transaction; and of those upon it to count them */
};
#define REF_KASPA_NODE_OPTIONS_DEFAULT                                                             \
    {                                                                                              \
        .network = KASPA_TESTNET, .deadline_ms = 10000, .answer_max_bytes = (4u << 20) + 65536,    \
        .coins_max = 4096, .question_max = 16, .max_lag_ms = 600000, .max_step_back = 100,         \
        .page_max = 64                                                                             \
    }

struct ref_kaspa_node;

/** MALFORMED: no ws URL; DENIED: not loopback and not is_public. */
enum assay_code ref_kaspa_node_check(const struct ref_kaspa_node_options *options,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** Connects when first asked. As _check; IO, NOMEM. */
enum assay_code ref_kaspa_node_start(struct ref_kaspa_node **out,
                                     const struct ref_kaspa_node_options *options,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** Closes, joins, frees; NULL is taken. Questions that are under way end with CLOSED first; none
 * may begin any more. */
void ref_kaspa_node_stop(struct ref_kaspa_node *node);

/** Asks. Codes: TIMEOUT; IO, CLOSED (no connection, or lost); MALFORMED (an answer of another
 * shape, or that contradicts another three times); TOO_LARGE (below); DENIED (the node is not fit,
 * or refuses; err says why); BUSY (question_max); UNSUPPORTED (a script without an address); NOMEM.
 * The sight is in the arena; unchanged on failure.
 *
 *  TOO_LARGE: an answer to this question alone, above answer_max_bytes; or `spks` have more coins
 * than coins_max: whoever pays with them gathers them in fewer, or strangers have paid to them.
 * `output_spk` may have any number. Also a transaction whose output is there, and more than
 * page_max pages between two marks (below). A message that is too large and does not say in its
 * first bytes whose answer it is ends the connection, like one of more than sixteen times the
 * limit: the other questions are then CLOSED.
 *
 *  A look for a transaction reads the chain from `since` on: give the sink that was seen before it
 * was submitted. The oldest checkpoint goes back ten minutes or so of constant questions. Where
 * that does not find it, or is too far back, and a coin that it spends is gone, its output's DAA
 * score tells where it was accepted, however long ago: the chain is read by hashes from the pruning
 * point on, a call for each 2480 blocks, and once more at that place. At or below the pruning point
 * it is ACCEPTED with the confirmations of the whole chain that the node keeps. Where the output
 * cannot be told, for its script has too many coins (and there is no `since`), or nothing could be
 * read at first, the last page_max pages of the chain are read, the newest first.
 *
 *  A node's coins may be those of the block that is not mined yet. Until a chain block accepts what
 * they tell of, a look that finds the output among them is MALFORMED: ask again.
 *
 *  So what is not found is a transaction whose output is spent already, or cannot be told, and
 * which was accepted before the oldest checkpoint, or where page_max applies, before those pages;
 * and one below the pruning point whose output is spent. It is UNKNOWN.
 *
 *  One that is nowhere while a coin that it spends is gone costs a second reading, with all
 * transactions in full: look for what is verified, and coins alone before that. So does a look for
 * who has spent a coin: give `before` of the last look that found it there. wants_spent and
 * wants_body cost one block in full, both together, and are not told of what is below the pruning
 * point; the spender's body comes at no more cost. */
enum assay_code ref_kaspa_node_look(struct ref_kaspa_node *node, struct kx_sight *out,
                                    struct assay_arena *arena, const struct kx_look *look,
                                    struct assay_err *err) ASSAY_MUST_USE;
/** The DAA score that it told last, and how long ago; 0: none yet. Asks nothing. */
uint64_t ref_kaspa_node_daa_score(struct ref_kaspa_node *node, int64_t *age_ms);
/** The coins of a script, at most `room` into out and utxos; *count of them all. As _look. */
enum assay_code ref_kaspa_node_coins(struct ref_kaspa_node *node, struct kaspa_outpoint *outpoints,
                                     struct kaspa_utxo *utxos, size_t room, size_t *count,
                                     struct assay_arena *arena, const struct kaspa_spk *spk,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** Submits once, without asking whether the node is fit. OK: the node has it, under the same id
 * (also where it says that it has it already). MISMATCH: it answered with another id. DENIED: it
 * rejects this transaction, its reason in err. Anything else (TIMEOUT, CLOSED, IO, MALFORMED,
 * TOO_LARGE): what became of it is unknown where *sent, which is false before anything was sent. */
enum assay_code ref_kaspa_node_submit(struct ref_kaspa_node *node, const struct kaspa_tx *tx,
                                      const struct kaspa_hash *txid, bool *sent,
                                      struct assay_err *err) ASSAY_MUST_USE;

#endif
