/** The role `wallet`: a funding provider and signer before a simulated chain, on loopback.
 *
 *  It holds keys that follow from a seed and guard nothing of value, reads coins from the chain
 * under its lock, and makes one signed artifact an attempt: identical calls give identical bytes,
 * changed terms fail before a signature. It can be told to misbehave, and changed while a case
 * runs; its log is locked. Its protocol is in docs/wallet-role.md.
 *
 *  Of channels it funds the transactions that open and fill them, and keeps the client's key: it
 *  consents to an intent first, derives every digest itself, and signs nothing that was not
 * consented to.
 *
 *  Source: Kaspa x402 client digest, section 1; batch digest, sections 5 and 8.4.
 *
 *  Starting and stopping are for one thread; the rest is for any.
 */
#ifndef ROLES_KASPA_WALLET_H
#define ROLES_KASPA_WALLET_H

#include "roles/kaspa_node.h"

#define KASPA_WALLET_ATTEMPTS_MAX 1024 /**< artifacts that it keeps; one more is refused */
#define KASPA_WALLET_COINS_MAX 16      /**< that one payment spends */
#define KASPA_WALLET_CONSENTS_MAX 1024 /**< intents that it remembers; one more is refused */
#define KASPA_WALLET_CHANNELS_MAX 64

/** Whether and how a source of funds is named. */
enum kaspa_wallet_kind {
    KASPA_WALLET_OWN_KIND,
    KASPA_WALLET_OTHER_KIND,   /**< another known word */
    KASPA_WALLET_NO_KIND,      /**< the member is not there */
    KASPA_WALLET_NULL_KIND,    /**< it is null */
    KASPA_WALLET_CASE_KIND,    /**< its own word in capitals */
    KASPA_WALLET_UNKNOWN_KIND, /**< a word that no document has */
};

/** How it lies or fails. Those of a kind are alternatives; several kinds can be on together. Names
 *  are kept by reference. */
struct kaspa_wallet_behaviour {
    enum kaspa_wallet_kind kind; /**< what sourceKind answers, */
    unsigned kind_from;          /**< from its n-th question of this behaviour on; 0: at once */
    enum kaspa_wallet_kind result_kind; /**< what results name */
    const char *network;                /**< networkId says so; NULL: its own */
    enum kaspa_wallet_lie {
        KASPA_WALLET_HONEST,
        KASPA_WALLET_OTHER_PAYEE,    /**< pays to a stranger */
        KASPA_WALLET_MORE,           /**< pays one sompi more */
        KASPA_WALLET_LESS,           /**< pays one sompi less */
        KASPA_WALLET_EXTRA_OUTPUT,   /**< pays a stranger as well */
        KASPA_WALLET_HIGH_FEE,       /**< leaves two KAS to the miners; of refunds, too */
        KASPA_WALLET_OTHER_TX,       /**< shows another transaction than it authorised */
        KASPA_WALLET_OTHER_ID,       /**< names another id */
        KASPA_WALLET_OTHER_REQUEST,  /**< authorises another request */
        KASPA_WALLET_ENDS_LATER,     /**< the authorization ends a minute later than told */
        KASPA_WALLET_UNLISTED_COINS, /**< lists no coins */
        KASPA_WALLET_NEW_SIGNATURE,  /**< an identical call gives another signature */
        KASPA_WALLET_BROADCASTS,     /**< submits what it has signed by itself */
        /* of channels */
        KASPA_WALLET_OTHER_CONSENT,   /**< consents to another digest */
        KASPA_WALLET_NO_CONSENT,      /**< answers without one */
        KASPA_WALLET_OTHER_KEY,       /**< funds a channel of another client's key */
        KASPA_WALLET_OTHER_DEPOSIT,   /**< deposits, or adds, one sompi more */
        KASPA_WALLET_OTHER_CONFIG,    /**< funds a channel of a later refund */
        KASPA_WALLET_OTHER_TOTAL,     /**< signs a voucher of one sompi more */
        KASPA_WALLET_OTHER_COVENANT,  /**< signs a voucher of another lineage */
        KASPA_WALLET_OTHER_PRESENTED, /**< signs a presentation of another request */
        KASPA_WALLET_OTHER_SIGNER,    /**< signs voucher and presentation with another key */
    } lie;
    enum kaspa_wallet_fault {
        KASPA_WALLET_SOUND,
        KASPA_WALLET_SILENT,      /**< takes the call and never answers; it is carried out */
        KASPA_WALLET_SLOW,        /**< answers after delay_ms */
        KASPA_WALLET_ERROR,       /**< status 500; nothing is done */
        KASPA_WALLET_MALFORMED,   /**< half of an answer */
        KASPA_WALLET_WRONG_SHAPE, /**< members missing or of another type */
        KASPA_WALLET_HUGE,        /**< the answer, then spaces up to large_bytes */
    } fault;
    const char *fault_call; /**< only of this call; NULL: of all */
    unsigned fault_times;   /**< so many calls, then SOUND; 0: for good */
    unsigned delay_ms;
    size_t large_bytes;
};

struct kaspa_wallet_options {
    struct kaspa_chain *chain;
    struct kaspa_chain_lock *lock; /**< guards the chain; both outlive the wallet */
    struct assay_bytes seed;       /**< of its keys; copied */
    enum kaspa_network network;
    const char *kind; /**< its source of funds; NULL: "hot-wallet" */
    uint16_t port;    /**< of 127.0.0.1; 0: any */
};

struct kaspa_wallet;

/** Starts listening. IO, NOMEM. */
enum assay_code kaspa_wallet_start(struct kaspa_wallet **out,
                                   const struct kaspa_wallet_options *options,
                                   struct assay_err *err) ASSAY_MUST_USE;
void kaspa_wallet_stop(struct kaspa_wallet *wallet); /**< closes, joins, frees; NULL is taken */

const char *kaspa_wallet_url(const struct kaspa_wallet *wallet); /**< "http://127.0.0.1:PORT" */
/** The script that its coins are at, to fund it; lives as long as the wallet. */
struct kaspa_spk kaspa_wallet_spk(const struct kaspa_wallet *wallet);
/** From the next call on; what counts counts anew, and silent calls end. */
void kaspa_wallet_behave(struct kaspa_wallet *wallet,
                         const struct kaspa_wallet_behaviour *behaviour);

/** Transactions that it has signed. */
uint64_t kaspa_wallet_signed(struct kaspa_wallet *wallet);
/** Vouchers that it has signed, each with its presentation; the same order again counts once. */
uint64_t kaspa_wallet_vouchers(struct kaspa_wallet *wallet);
/** Spends the first coin of its latest artifact to a stranger instead: what it has signed before
 * can never be accepted once that is confirmed. The chain's lock must not be held. False: it has
 * signed nothing, or the chain does not take it. */
bool kaspa_wallet_double_spend(struct kaspa_wallet *wallet);
/** Attempts whose coins it still keeps back. */
size_t kaspa_wallet_reserved(struct kaspa_wallet *wallet);

/** The calls, as a node's are kept: method is the call's name, params its body. */
uint64_t kaspa_wallet_calls(struct kaspa_wallet *wallet);
uint64_t kaspa_wallet_count(struct kaspa_wallet *wallet, const char *call); /**< of that name */
bool kaspa_wallet_call(struct kaspa_wallet *wallet, uint64_t number, struct kaspa_node_call *out);
/** As kaspa_node_await. */
bool kaspa_wallet_await(struct kaspa_wallet *wallet, const char *call, uint64_t count,
                        int deadline_ms);

#endif
