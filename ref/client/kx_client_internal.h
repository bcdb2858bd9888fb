/** A payment on its way, and what the files of the client's core share. */
#ifndef KX_CLIENT_INTERNAL_H
#define KX_CLIENT_INTERNAL_H

#include "client/kx_client.h"
#include "kaspa/safejson.h"
#include "kaspa_x402/exact_verify.h"

#define KX_CLIENT_ARENA_MAX_BYTES ((size_t)64 << 20)

/** What was asked for last, and so what the next event answers. */
enum kx_client_step {
    KX_CLIENT_STEP_NEW,
    KX_CLIENT_STEP_UNPAID,      /**< the request without a payment */
    KX_CLIENT_STEP_SOURCE,      /**< the wallet's kind */
    KX_CLIENT_STEP_NETWORK,     /**< its network */
    KX_CLIENT_STEP_INTEND,      /**< the intention is saved */
    KX_CLIENT_STEP_CONFIRM,     /**< the wallet's kind, once more */
    KX_CLIENT_STEP_SIGN,        /**< the wallet makes the payment */
    KX_CLIENT_STEP_COINS,       /**< the node's word on what it spends */
    KX_CLIENT_STEP_KEEP,        /**< the payment is saved */
    KX_CLIENT_STEP_PAID,        /**< the request with the payment */
    KX_CLIENT_STEP_RESUME,      /**< the node's word on an earlier payment */
    KX_CLIENT_STEP_RESUMED,     /**< that word is saved */
    KX_CLIENT_STEP_SETTLE,      /**< the node's word on the payment */
    KX_CLIENT_STEP_HAND_ON,     /**< the buyer is given the answer */
    KX_CLIENT_STEP_CLOSE,       /**< what became of it is saved */
    KX_CLIENT_STEP_LAST_SOURCE, /**< the kind of a wallet that was not asked in this run */
    KX_CLIENT_STEP_RELEASE,     /**< the wallet is told what became of it */
    KX_CLIENT_STEP_DONE,
};

struct kx_client {
    const struct kx_policy *policy;
    struct kx_client_job job;
    struct assay_arena arena;
    enum kx_client_step step;
    struct assay_err err; /**< of the stop, in words */

    /* the request */
    struct assay_bytes url, origin; /**< normalised; the origin without its slash */
    struct kx_request request;
    char key[X402_HASH_TEXT_BYTES];

    /* the offer that is paid */
    struct assay_json challenge;
    struct x402_required required;
    struct x402_identifier advertised;
    struct kx_terms terms;
    char requirements_hash[X402_HASH_TEXT_BYTES], fingerprint[X402_HASH_TEXT_BYTES];

    /* the attempt */
    bool has_attempt;
    struct kx_client_attempt attempt;
    struct assay_json payment_doc;
    struct kx_payment payment;
    struct kaspa_tx tx;
    struct kaspa_claims claims;
    struct kx_exact_verdict verdict;
    struct kx_look look;

    /* its way */
    bool is_source_known; /**< the wallet named the right one in this run */
    bool goes_on;         /**< after what is being closed: start anew */
    unsigned retries_left;
    int64_t until_ms; /**< for the node to show it */
    struct kx_client_outcome outcome;
};

/** Records why it stops; the first reason stays. rule: may be NULL. Returns false. */
bool kx_client_object(struct kx_client *c, const char *rule, const char *format, ...)
    ASSAY_PRINTF(3, 4);

/* kx_client.c: what is wanted next, how it ends, and what there was before */

struct kx_client_action kx_client_fetch(struct kx_client *c, enum kx_client_step step,
                                        int64_t wait_ms);
struct kx_client_action kx_client_call(struct kx_client *c, enum kx_client_step step,
                                       const char *name, struct assay_bytes body);
struct kx_client_action kx_client_ask_source(struct kx_client *c, enum kx_client_step step);
struct kx_client_action kx_client_look(struct kx_client *c, enum kx_client_step step,
                                       int64_t wait_ms);
struct kx_client_action kx_client_save(struct kx_client *c, enum kx_client_step step);
/** The end, whatever was recorded. */
struct kx_client_action kx_client_finish(struct kx_client *c);
/** Stops: before anything has left at once, else with what became of that. */
struct kx_client_action kx_client_stop(struct kx_client *c, int64_t now_ms);
/** The same for want of an answer. */
struct kx_client_action kx_client_stop_for(struct kx_client *c, const char *rule, const char *what,
                                           enum assay_code code, const struct assay_err *err,
                                           int64_t now_ms);
/** No answer of the server will change anything any more: what is the payment to the chain? */
struct kx_client_action kx_client_settle(struct kx_client *c, int64_t now_ms);
/** Hands on what was answered, and saves what became of it. */
struct kx_client_action kx_client_close(struct kx_client *c);
/** What became of it is saved: the wallet is told, where it is over. */
struct kx_client_action kx_client_closed(struct kx_client *c);
struct kx_client_action kx_client_release(struct kx_client *c);
/** From the unpaid request on, with nothing out. */
struct kx_client_action kx_client_begin(struct kx_client *c);
/** Sends an earlier payment as it is. */
struct kx_client_action kx_client_send_again(struct kx_client *c, int64_t now_ms);
/** After what the node said of an earlier attempt is saved. */
struct kx_client_action kx_client_resumed(struct kx_client *c, int64_t now_ms);

/* kx_client_offer.c: what is asked for */

/** Reads PAYMENT-REQUIRED and takes an offer that the policy allows. False: objected. */
bool kx_client_take_challenge(struct kx_client *c, const struct kx_client_field *header);
/** Takes the offer of an earlier run from its attempt. False: objected. */
bool kx_client_retake_challenge(struct kx_client *c);
/** Whether the policy allows the offer that was taken. False: objected. */
bool kx_client_judge_offer(struct kx_client *c);

/* kx_client_artifact.c: what the wallet is asked to sign, and what it signed */

/** Makes identifier, deadline and intent hash of a new attempt. False: objected. */
bool kx_client_intend(struct kx_client *c, int64_t now_ms);
/** The wallet's request as JSON, in the arena; at NULL: no memory. */
struct assay_bytes kx_client_intent_text(struct kx_client *c, const char *intent_hash);
/** Whether an attempt of an earlier run is still what the wallet was asked. False: objected. */
bool kx_client_intent_is_same(struct kx_client *c);
/** Reads the wallet's result and makes the payment of it; verified without the chain. False:
 *  objected. */
bool kx_client_take_artifact(struct kx_client *c, struct assay_bytes answer, int64_t now_ms);
/** Reads the payment of an earlier run from its header. False: objected. */
bool kx_client_retake_artifact(struct kx_client *c);
/** Verifies the payment with the coins that the node has shown. False: objected. */
bool kx_client_judge_coins(struct kx_client *c, const struct kx_sight *sight, int64_t now_ms);
/** Fills c->look: for the coins alone, or for the transaction as well. False: objected. */
bool kx_client_look_for(struct kx_client *c, bool has_tx);

/* kx_client_answer.c: what the wallet, the server and the node said */

/** The text of {"result": "…"}; empty: it has none. */
struct assay_bytes kx_client_result_text(struct kx_client *c, struct assay_bytes answer);
/** Whether a source that the wallet names is the policy's. */
bool kx_client_is_required(const struct kx_client *c, struct assay_bytes source);
/** What PAYMENT-RESPONSE says of the payment. */
enum kx_client_word kx_client_word_of(struct kx_client *c, const struct kx_client_field *header);
/** How long Retry-After asks to wait, within the policy. */
int64_t kx_client_retry_after(const struct kx_client *c, const struct kx_client_field *header);
/** What the node's word makes of the attempt's state. */
enum kx_client_state kx_client_state_of(const struct kx_client *c, const struct kx_sight *sight);

#endif
