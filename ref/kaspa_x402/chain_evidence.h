/** What a server asks of the chain about a payment, and what it is told: the shapes that pass
 * between the node client, the decision core and the verifier. No code stands behind them. Source:
 * Kaspa x402 exact digest, section 14; Kaspa consensus digest, sections 7.6 and 7.7. */
#ifndef KX_CHAIN_EVIDENCE_H
#define KX_CHAIN_EVIDENCE_H

#include "kaspa_x402/exact_verify.h"

/** What a question asks. */
struct kx_look {
    /** Coins: outpoint and the script that is said to hold it, in pairs; count may be 0. With
     * has_tx they are those that it spends, and those that it makes: outpoints under its own id. */
    const struct kaspa_outpoint *outpoints;
    const struct kaspa_spk *spks;
    size_t count;
    /** A transaction and one of its outputs, by which it is found where it is far back: but not
     * where it makes one of the coins, which then does that. has_tx false: none. */
    bool has_tx;
    struct kaspa_hash txid;
    uint32_t output_index;
    struct kaspa_spk output_spk;
    uint64_t output_amount;
    /** Of has_tx: what the coins were, if it is accepted and has spent them. */
    bool wants_spent;
    /** Where a coin is gone and the transaction is not accepted: who has spent it is looked for as
     * far back as anything is, not from `since` or a checkpoint alone. Costly. Without has_tx
     * nobody is looked for but for this; the evidence is then the spender's own, and `since` is the
     * `before` of a look that found the coins there: below it nobody is looked for. */
    bool wants_spender;
    /** A block from which to look for it first; else from the oldest checkpoint that this client
     * has seen. */
    bool has_since;
    struct kaspa_hash since;
    /** The transaction that accepting_block accepts, whole. */
    bool wants_body;
};

struct kx_sight {
    struct kaspa_utxo *utxos; /**< of the coins, in their order, in the caller's arena */
    /** No such coin in the accepted set: utxos[i] is then zeros, but of wants_spent, for a coin
     * that the transaction has spent itself, where the node says what it was. A covenant that is
     * not told of such a coin may have been there all the same. */
    bool *is_missing;
    struct kaspa_point_of_view pov;
    /** The checkpoint, to which confirmations are counted: the end of the chain, or of what was
     * read of it from `since`. */
    struct kaspa_hash sink;
    /** ACCEPTED only if chain block and coins agree, and the output and its amount where these had
     * to tell where to look; else the transaction's id commits to them. MEMPOOL. ABSENT where
     * another accepted transaction spends one of `outpoints`: confirmations are then that one's.
     * Else UNKNOWN. A transaction's confirmations are the chain blocks from the accepting one to
     * the sink, both counted; fewer where not all of them were read, or are kept by the node.
     * Without has_tx: UNKNOWN, or ACCEPTED under the id of a transaction that has spent a coin. */
    struct kx_chain_evidence evidence;
    /** Of ACCEPTED; of ABSENT: that accepts the other one. Of ACCEPTED by a block that the node no
     * longer keeps: its pruning point, which is not below that, and whose blue score is then the
     * evidence's. */
    struct kaspa_hash accepting_block;
    /** A block from which a later look finds it again, `since`: of ACCEPTED and ABSENT, unless the
     * node no longer keeps one. Also of wants_spender without has_tx, while all coins are there:
     * who spends them is accepted above it. The sink is none for that: a coin may have been spent
     * by then. */
    bool has_before;
    struct kaspa_hash before;
    /** The id of what accepting_block accepts: the transaction, or the one that has spent a coin.
     */
    struct kaspa_hash accepted;
    /** It, whole, as it makes that id anew; in the caller's arena. The id does not commit to
     * signature scripts, compute commitments and storage mass: these are the node's word alone.
     * false: wants_body did not ask for it, or the node no longer keeps that block. */
    bool has_body;
    struct kaspa_tx body;
    /** Of has_since: the chain was read from there to the sink in search of the transaction, or of
     * who has spent a coin; false also where nobody had to be looked for. A transaction (has_tx)
     * that was accepted above `since` and is now UNKNOWN, or in the MEMPOOL, is accepted no more.
     * Where nobody has spent a coin that is gone, who did may be in no block yet. */
    bool is_read;
    /** Of ACCEPTED and ABSENT: the scores of the sink itself. */
    uint64_t sink_blue_score, sink_daa_score;
};

#endif
