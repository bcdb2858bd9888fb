/** Transactions that are right, for the cases of kaspa.tx to be made from. Internal. */
#ifndef VECTORS_KASPA_TX_BASE_H
#define VECTORS_KASPA_TX_BASE_H

#include "vectors/cases.h"

/** All spend 10 KAS of DAA score 1000 and pay 3 KAS; those that are signed give the rest back. */
enum vectors_tx {
    VECTORS_TX_V0, /**< spends to keys, signed */
    VECTORS_TX_V1,
    VECTORS_TX_ECDSA,
    VECTORS_TX_MULTISIG, /**< two of three */
    VECTORS_TX_SIG_OPS,  /**< a redeem script with 16 signature operations, none executed */
    VECTORS_TX_ANYONE,   /**< spends a script that is true, so that it may be changed at will */
    VECTORS_TX_ANYONE_V0,
    VECTORS_TX_TWO,        /**< the same with two inputs */
    VECTORS_TX_SEQ_COMMIT, /**< its script reads a sequencing commitment */
    VECTORS_TX_ODD_OUTPUT, /**< pays to a script of no standard class */
    VECTORS_TX_CONTINUES,  /**< a covenant */
    VECTORS_TX_STARTS,
    VECTORS_TX_LANE, /**< a user lane, and gas */
};

/** The input of kaspa.tx: transaction, utxos, and a point of view at DAA score 1 000 000 and
 * 1 800 000 000 000 ms. NULL: v->err says why. */
json_t *vectors_tx_base(struct vectors *v, enum vectors_tx which);

#endif
