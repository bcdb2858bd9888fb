/** What a server asks of the chain about a payment, and what it is told: the shapes that pass
 * between the node client, the decision core and the verifier. No code stands behind them. Source:
 * Kaspa x402 exact digest, section 14; Kaspa consensus digest, sections 7.6 and 7.7. */
#ifndef KX_CHAIN_EVIDENCE_H
#define KX_CHAIN_EVIDENCE_H

#include "kaspa_x402/exact_verify.h"

/** What a question asks. */
struct kx_look {
    /** Coins: outpoint and the script that is said to hold it, in pairs; count may be 0. With
     * has_tx they are those that it spends. */
    const struct kaspa_outpoint *outpoints;
    const struct kaspa_spk *spks;
    size_t count;
    /** A transaction and one of its outputs; has_tx false: none. */
    bool has_tx;
    struct kaspa_hash txid;
    uint32_t output_index;
    struct kaspa_spk output_spk;
    uint64_t output_amount;
    /** Of has_tx: what the coins were, if it is accepted and has spent them. */
    bool wants_spent;
    /** Where a coin is gone and the transaction is not accepted: who has spent it is looked for as
     * far back as anything is, not from `since` or a checkpoint alone. Costly. */
    bool wants_spender;
    /** A block from which to look for it first; else from the oldest checkpoint that this client
     * has seen. */
    bool has_since;
    struct kaspa_hash since;
};

struct kx_sight {
    struct kaspa_utxo *utxos; /**< of the coins, in their order, in the caller's arena */
    /** No such coin in the accepted set: utxos[i] is then zeros, but of wants_spent, for a coin
     * that the transaction has spent itself, where the node says what it was. */
    bool *is_missing;
    struct kaspa_point_of_view pov;
    /** The checkpoint, to which confirmations are counted: the end of the chain, or of what was
     * read of it from `since`. */
    struct kaspa_hash sink;
    /** ACCEPTED only if chain block and coins agree, and the output and its amount where these had
     * to tell where to look; else the transaction's id commits to them. MEMPOOL. ABSENT where
     * another accepted transaction spends one of `outpoints`: confirmations are then that one's.
     * Else UNKNOWN. A transaction's confirmations are the chain blocks from the accepting one to
     * the sink, both counted; fewer where not all of them were read, or are kept by the node. */
    struct kx_chain_evidence evidence;
    /** Of ACCEPTED; of ABSENT: that accepts the other one. Of ACCEPTED by a block that the node no
     * longer keeps: its pruning point, which is not below that, and whose blue score is then the
     * evidence's. */
    struct kaspa_hash accepting_block;
    /** Of ACCEPTED: a block from which a later look finds it again, `since`; false: the node no
     * longer keeps one. */
    bool has_before;
    struct kaspa_hash before;
};

#endif
