/** The role `shop`: an x402 server that sells for Kaspa before a simulated chain, by scheme exact
 *  or, where it is told to, by channel.
 *
 *  Honest unless told otherwise: any request without a payment is asked for one (402, one
 * standard-native offer, the payment-identifier extension); a payment is verified as the spec has
 * it, submitted to the chain, mined, and answered with the goods and PAYMENT-RESPONSE. Each answer
 * can be replaced, its offers edited, its connection cut. It listens on two ports of 127.0.0.1, so
 * that a client can be sent to another origin. Its log is locked.
 *
 *  By channel its challenge has one batch-settlement offer alone; deposits and vouchers are judged
 *  as the spec has it, a charge is answered with its receipt, and a refusal tells the channel's
 *  state. It claims when it is told to.
 *
 *  Source: Kaspa x402 exact digest, sections 2, 3, 12 and 14; batch digest, sections 3, 6 and 7.
 *
 *  Starting and stopping are for one thread; the rest is for any.
 */
#ifndef ROLES_KASPA_SHOP_H
#define ROLES_KASPA_SHOP_H

#include "roles/kaspa_node.h"

#include <jansson.h>

#define KASPA_SHOP_ANSWERS_MAX 8
#define KASPA_SHOP_FIELDS_MAX 4
#define KASPA_SHOP_PRICE UINT64_C(30000000) /**< sompi */
#define KASPA_SHOP_TIMEOUT_S 60             /**< maxTimeoutSeconds of its offers */

/* of its channels */
#define KASPA_SHOP_RESERVE UINT64_C(50000000)
#define KASPA_SHOP_DEPOSIT (2 * KASPA_SHOP_PRICE + KASPA_SHOP_RESERVE) /**< two purchases */
#define KASPA_SHOP_LIFE UINT64_C(10000) /**< DAA from its start to the refund */
#define KASPA_SHOP_CHANNELS_MAX 128     /**< known at a time; another is refused */

/** Before a challenge leaves: changes the tree that it is written of. Called on the shop's threads.
 */
typedef void kaspa_shop_edit(const void *arg, json_t *required);

/** One answer. Zero is the usual one. Texts are kept by reference. */
struct kaspa_shop_answer {
    /** 0: a challenge to who does not pay, the goods to who does; 402: a challenge; any other: this
     * with `body` */
    int status;
    unsigned times; /**< so many requests in a row; 0: one */
    struct assay_bytes body;
    /** further header fields, up to one without a name; a PAYMENT-REQUIRED among them takes the
     * place of the challenge's own */
    struct kaspa_shop_field {
        const char *name, *value;
    } fields[KASPA_SHOP_FIELDS_MAX];
    size_t padding; /**< spaces behind the body */
    enum kaspa_shop_payment {
        KASPA_SHOP_TAKES,  /**< a good payment is submitted and mined; no other is served */
        KASPA_SHOP_POOLS,  /**< submitted, and left in the mempool */
        KASPA_SHOP_LEAVES, /**< nothing is done with it, and any is served */
    } payment;
    enum kaspa_shop_receipt {
        KASPA_SHOP_RECEIPT_USUAL, /**< a true one with the goods, else none */
        KASPA_SHOP_RECEIPT_NONE,
        KASPA_SHOP_RECEIPT_TRUE,
        KASPA_SHOP_RECEIPT_MALFORMED,     /**< no base64 */
        KASPA_SHOP_RECEIPT_FAILED,        /**< success false */
        KASPA_SHOP_RECEIPT_OTHER_TX,      /**< of a transaction that never was */
        KASPA_SHOP_RECEIPT_OTHER_NETWORK, /**< of mainnet */
        KASPA_SHOP_RECEIPT_OTHER_AMOUNT,  /**< of one sompi less */
    } receipt;
    enum kaspa_shop_end {
        KASPA_SHOP_WHOLE,
        KASPA_SHOP_CUTS,   /**< the connection ends instead; what becomes of a payment does */
        KASPA_SHOP_HALVES, /**< half of the body that was announced, then the end */
        KASPA_SHOP_HOLDS,  /**< no answer until the behaviour changes, or who asks has gone */
    } end;
};

/** How it behaves: its answers one after the other, counted anew, the last for all that follow; of
 * none the usual ones. */
struct kaspa_shop_behaviour {
    struct kaspa_shop_answer unpaid[KASPA_SHOP_ANSWERS_MAX], paid[KASPA_SHOP_ANSWERS_MAX];
    size_t unpaid_count, paid_count;
    kaspa_shop_edit *edit;         /**< of its challenges; NULL: none */
    bool edits_later;              /**< only of those that it sends to who has paid */
    bool by_channel;               /**< it offers a channel, and takes payments on one alone */
    kaspa_shop_edit *edit_receipt; /**< of a channel's charges; NULL: none */
    const void *arg;               /**< of the edits; outlives the behaviour */
};

/** One request, as it came. Strings live until the shop stops. */
struct kaspa_shop_call {
    uint64_t number;   /**< 1, 2, 3 … */
    bool is_elsewhere; /**< at the other origin */
    const char *method, *target;
    const char *body;     /**< at most 64 KiB kept */
    const char *payment;  /**< PAYMENT-SIGNATURE; NULL: none came */
    const char *fault;    /**< why that is no good payment; NULL: it is one, or none came */
    char txid[65];        /**< of its transaction, or its commitment id; "": none could be read */
    char channel[65];     /**< id of the channel that it is on; "": on none */
    int64_t expires_ms;   /**< of its authorization; 0: none could be read */
    int64_t at_ns, at_ms; /**< CLOCK_MONOTONIC; the wall clock */
    int status;           /**< that it was answered with; 0: not yet, or not at all */
    uint64_t taken;       /**< bytes of the answer's body that were handed to the connection */
};
#define KASPA_SHOP_CALLS_MAX 1024 /**< kept; later ones are counted and answered */

struct kaspa_shop_options {
    struct kaspa_chain *chain;
    struct kaspa_chain_lock *lock;       /**< guards the chain; both outlive the shop */
    struct kaspa_node *node;             /**< is told of what the shop mines; NULL: none */
    const char *pay_to;                  /**< an address of the chain's network; copied */
    const struct assay_key *channel_key; /**< of the server in channels, copied; NULL: it has none,
                                            and is told to sell by none */
};

struct kaspa_shop;

/** Starts listening. MALFORMED: no address; IO, NOMEM. */
enum assay_code kaspa_shop_start(struct kaspa_shop **out, const struct kaspa_shop_options *options,
                                 struct assay_err *err) ASSAY_MUST_USE;
void kaspa_shop_stop(struct kaspa_shop *shop); /**< closes, joins, frees; NULL is taken */

const char *kaspa_shop_origin(const struct kaspa_shop *shop); /**< "http://127.0.0.1:PORT" */
const char *kaspa_shop_elsewhere(const struct kaspa_shop *shop);
const char *kaspa_shop_pay_to(const struct kaspa_shop *shop);
/** The key in its offers of channels, as 64 digits; "": it has none. */
const char *kaspa_shop_channel_key(const struct kaspa_shop *shop);
/** The DAA score above which the channels that it offers can be refunded. */
uint64_t kaspa_shop_refund_daa(const struct kaspa_shop *shop);
/** Puts a claim on the chain of all that the highest voucher it was shown is good for, on the
 *  channel that was paid on last, one block deep. False: there is none, or the chain does not take
 *  it. */
bool kaspa_shop_claims(struct kaspa_shop *shop) ASSAY_MUST_USE;
/** The body of what it sells at that target: "the goods of /goods\n". */
void kaspa_shop_goods(struct assay_buf *out, const char *target);
/** From the next request on; what it holds is answered by the new one. */
void kaspa_shop_behave(struct kaspa_shop *shop, const struct kaspa_shop_behaviour *behaviour);

uint64_t kaspa_shop_calls(struct kaspa_shop *shop); /**< so far */
bool kaspa_shop_call(struct kaspa_shop *shop, uint64_t number, struct kaspa_shop_call *out);
/** Waits until there were so many. False: not in time. */
bool kaspa_shop_await(struct kaspa_shop *shop, uint64_t count, int deadline_ms);

#endif
