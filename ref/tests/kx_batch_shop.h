/** A server of kx_shop.h that offers batch-settlement, its chain, and a client with one channel, in
 *  virtual time. The chain is the transactions that were put on it; each is accepted by a block of
 *  its own, and taken back or buried as a test says. */
#ifndef REF_TESTS_KX_BATCH_SHOP_H
#define REF_TESTS_KX_BATCH_SHOP_H

#include "ref/tests/kx_batch_world.h"
#include "ref/tests/kx_shop.h"

#define BATCH_DAA UINT64_C(1000000)
#define BATCH_TIMEOUT UINT64_C(1110000) /**< that is offered at it */
#define BATCH_FUNDING UINT64_C(90000000)
#define BATCH_RESERVE UINT64_C(10000000)
#define BATCH_TXS_MAX 160

/** A transaction on the chain, or in no block any more. */
struct batch_tx {
    struct kaspa_tx tx;
    struct kaspa_hash id;
    bool is_accepted;
    uint64_t confirmations;
    bool is_at_sink; /**< its block is said to be the checkpoint */
};

struct batch_shop {
    struct shop shop; /**< first: the chain is asked with it */
    struct kx_batch_core config;
    struct kx_lane_world lane; /**< of the client's channel */

    struct batch_tx txs[BATCH_TXS_MAX];
    size_t tx_count;
    uint64_t daa;
    enum assay_code look_code;
    bool tells_body;
    unsigned looks;
    void (*lie)(struct kx_sight *sight); /**< changes what is told; NULL: nothing */

    /* what the client knows */
    struct kx_lane_head head;
    uint64_t total;         /**< T of the last voucher that was served */
    unsigned numbers;       /**< of payment identifiers */
    const char *identifier; /**< of the next payment; NULL: a new one */
};

void batch_shop_open(struct batch_shop *b);
void batch_shop_close(struct batch_shop *b);

/** On the chain, at a depth. */
struct batch_tx *batch_put(struct batch_shop *b, const struct kaspa_tx *tx, uint64_t confirmations);
/** Builds the channel's genesis, for the timeout that is offered, and puts it there. */
struct batch_tx *batch_fund(struct batch_shop *b, uint64_t confirmations);
/** A claim, a top-up or the refund of the client's head, which it moves. */
struct batch_tx *batch_spend(struct batch_shop *b, enum kx_batch_kind kind, uint64_t amount,
                             uint64_t confirmations);

/** The value of PAYMENT-SIGNATURE for what `ask` costs, of a voucher for `total`. */
const char *batch_seal(struct batch_shop *b, const struct shop_ask *ask, enum kx_batch_story story,
                       uint64_t total, const struct kx_batch_change *change);
/** The next one, and nothing else about it; what is served raises the client's total. */
struct shop_reply batch_buy(struct batch_shop *b, enum kx_batch_story story);
/** A channel, funded and opened with one purchase. */
void batch_open(struct batch_shop *b);
/** What the store has of it; slices are in the shop's arena. */
struct kx_lane_record batch_record(struct batch_shop *b);
/** The entry of the batch offer, or NULL. */
json_t *batch_entry(const struct shop_reply *reply);
/** NULL: none. */
void batch_expect_text(const char *got, const char *want, const char *what, const char *name);
/** Of the offer's channelState, or NULL. */
json_t *batch_told(const struct shop_reply *reply);

#endif
