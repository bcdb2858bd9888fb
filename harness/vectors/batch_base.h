/** Transactions of a batch channel that are right, and what is wrong with others: inputs of
 *  genesis.verify to refund.verify, and of genesis.build to refund.build, in which everything
 * behind a change is computed and signed anew, so that the change is the only defect.
 *
 *  The transaction is put together by the builder of the reference, without signatures; voucher and
 *  signatures are made here over what the changes have left of it. All pay more than the relay
 *  minimum. Internal to the vectors.
 */
#ifndef VECTORS_BATCH_BASE_H
#define VECTORS_BATCH_BASE_H

#include "kaspa_x402/batch_tx.h"
#include "vectors/cases.h"

/** The channel: keys "client" and "server", payTo of "merchant", refundAddress of "client", until
 * DAA 1000000. Its head is worth V with S claimed; under a template without a state S is 0. */
#define BATCH_FEE "2000000"
#define BATCH_VALUE "900000000"   /**< V */
#define BATCH_CLAIMED "100000000" /**< S */
#define BATCH_TOTAL "300000000"   /**< T */
#define BATCH_AMOUNT "150000000"  /**< D */
#define BATCH_NEXT "250000000"    /**< S + D */
#define BATCH_REST "750000000"    /**< V - D */
#define BATCH_PAYOUT "148000000"  /**< D less the fee */
#define BATCH_DEPOSIT "1000000000"
#define BATCH_ADDED "500000000" /**< of a coin of 700000000 */
#define BATCH_TOPPED "1400000000"
#define BATCH_CHANGE "198000000"
#define BATCH_REFUND "898000000"
#define BATCH_TIMEOUT "1000000"
#define BATCH_OTHER "7777777777777777777777777777777777777777777777777777777777777777"
#define BATCH_LINEAGE "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"

#define BATCH_CONFIG                                                                               \
    "{'network': 'kaspa:testnet-10', 'asset': 'KAS', 'templateId': 'kaspa-x402-escrow-v5', "       \
    "'clientPublicKey': '@key:client', 'serverPublicKey': '@key:server', 'payTo': "                \
    "'@address:merchant', 'refundAddress': '@address:client', 'refundTimeoutDaa': '" BATCH_TIMEOUT \
    "', 'salt': '5555555555555555555555555555555555555555555555555555555555555555'}"

/** When a change is made: what is made before it stays, what is made behind it follows. */
enum vectors_batch_stage {
    BATCH_END,  /**< none: the list ends */
    BATCH_PLAN, /**< of the plan: channelConfig, value, claimed, total, amount, fee, lockTime,
                 *   funding [{value}] */
    BATCH_TX,   /**< of the input of .verify, whose transaction is then weighed and signed:
                 *   channelConfig, head, transaction, utxos, pov */
    BATCH_SIGN, /**< of what the witness has, see batch_base.c: provider, client, voucher, funder
                 *   (names of keys; null: zeros), their types, says and fundingSays (another
                 *   type's byte; -1: none), what the voucher is for, total, amount, width,
                 *   selector, redeem, rest, genesisId */
    BATCH_ASK,  /**< of what is asked of .build beside terms and signatures: lockTime, sequence,
                 *   payload, successorClaimed. It is in the transaction that is signed */
    BATCH_JUDGE /**< of the operation's input as it is put */
};

/** As vectors_patch, of what that stage makes. A step S, P or F of the path is the index of the
 *  successor, of the output that leaves the channel, or of the first funding input. Words as
 *  vectors_put_words and vectors_lane_word have them. */
struct vectors_batch_patch {
    enum vectors_batch_stage stage;
    const char *path, *json;
};
#define VECTORS_BATCH_PATCHES_MAX 8

/** The input of .verify. generation: 1 to 5. NULL: v->err says why. */
json_t *vectors_batch_verify(struct vectors *v, int generation, enum kx_batch_kind kind,
                             const struct vectors_batch_patch *patches);
/** The input of .build of the same. */
json_t *vectors_batch_build(struct vectors *v, int generation, enum kx_batch_kind kind,
                            const struct vectors_batch_patch *patches);

/** What a word stands for, or NULL where the text is none: "@lane:N" and "@redeem:N" for the script
 *  public key and the redeem script of a channel with N claimed, "@lane-vG:N" for the script public
 *  key of the same channel under kaspa-x402-escrow-vG. */
json_t *vectors_lane_word(struct vectors *v, struct assay_arena *arena, const struct kx_lane *lane,
                          const char *text);
/** What a client signs for a voucher: {binding, network, amount, covenantId or, of
 *  kaspa-escrow-v1, outpoint and scriptPublicKey}, whether or not there could be such a voucher. */
void vectors_voucher_digest(struct vectors *v, uint8_t digest[32], const json_t *in);

/** Operations by their kinds. */
extern const char *const vectors_batch_verifies[KX_BATCH_KINDS];
extern const char *const vectors_batch_builds[KX_BATCH_KINDS];
/** Adds the cases of one kind. */
void vectors_batch_add_forms(struct vectors *v, enum kx_batch_kind kind);
void vectors_batch_add_values(struct vectors *v, enum kx_batch_kind kind);
void vectors_batch_add_builds(struct vectors *v, enum kx_batch_kind kind);

/** A case of a kind's .verify, and the kinds that it is of. */
struct vectors_batch_row {
    const char *name;
    unsigned kinds;             /**< 1 << kind */
    int generation;             /**< 0: kaspa-x402-escrow-v5 */
    const char *about;          /**< the rule */
    const char *expected;       /**< "ok", "unsupported"; NULL: the rule refuses */
    const char *known, *guards; /**< as vectors_add_about has them, or NULL */
    struct vectors_batch_patch patches[VECTORS_BATCH_PATCHES_MAX];
};
/** Adds those of the kind. */
void vectors_batch_add_rows(struct vectors *v, enum kx_batch_kind kind,
                            const struct vectors_batch_row *rows, size_t count);

/* The kinds of a row, as in batch_tx_checks.def, and rows. */
enum {
    G = 1 << KX_BATCH_GENESIS,
    C = 1 << KX_BATCH_CLAIM,
    T = 1 << KX_BATCH_TOP_UP,
    R = 1 << KX_BATCH_REFUND,
    GT = G | T,
    CT = C | T,
    CR = C | R,
    TR = T | R,
    GCT = G | C | T,
    CTR = C | T | R,
    GCTR = G | C | T | R,
};
#define BATCH_ROW(name, kinds, generation, about, expected, known, guards, ...)                    \
    {                                                                                              \
        name, kinds, generation, about, expected, known, guards,                                   \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define BATCH_UNCHANGED                                                                            \
    {                                                                                              \
        BATCH_END, NULL, NULL                                                                      \
    }
#define HOLDS(name, kinds, about, ...)                                                             \
    BATCH_ROW(name, kinds, 0, about, "ok", NULL, NULL, __VA_ARGS__)
#define REFUSED(name, kinds, about, guards, ...)                                                   \
    BATCH_ROW(name, kinds, 0, about, NULL, NULL, guards, __VA_ARGS__)

#endif
