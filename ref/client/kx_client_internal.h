/** A payment on its way, and what the files of the client's core share. Internal to ref/client. */
#ifndef KX_CLIENT_INTERNAL_H
#define KX_CLIENT_INTERNAL_H

#include "client/kx_client.h"
#include "kaspa/safejson.h"
#include "kaspa_x402/batch_settlement.h"
#include "kaspa_x402/batch_tx.h"
#include "kaspa_x402/exact_read.h"
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

    /* by channel */
    KX_CLIENT_STEP_CHANNEL,   /**< the channel is looked for */
    KX_CLIENT_STEP_RECALL,    /**< the same, of a payment that is sent again */
    KX_CLIENT_STEP_HEAD,      /**< the node's word on its head, and on the time */
    KX_CLIENT_STEP_FOLLOWED,  /**< how far the head was followed is saved */
    KX_CLIENT_STEP_CONSENT,   /**< the wallet consents to the intent */
    KX_CLIENT_STEP_KEY,       /**< the wallet makes the channel's key */
    KX_CLIENT_STEP_PLAN,      /**< the new channel is saved */
    KX_CLIENT_STEP_PURSE,     /**< the wallet's kind, before it funds */
    KX_CLIENT_STEP_FUND,      /**< the wallet signs the genesis */
    KX_CLIENT_STEP_MOVE,      /**< the genesis is saved */
    KX_CLIENT_STEP_SUBMIT,    /**< it is given to the node */
    KX_CLIENT_STEP_AWAIT,     /**< the node's word on it */
    KX_CLIENT_STEP_MOVED,     /**< that word is saved */
    KX_CLIENT_STEP_GIVEN_UP,  /**< the wallet is told of the top-up that a refund has replaced */
    KX_CLIENT_STEP_FINALIZE,  /**< the wallet is told of it */
    KX_CLIENT_STEP_UNDO,      /**< that nothing has left is saved */
    KX_CLIENT_STEP_CORRECT,   /**< the node's word on the head, after the payment was refused */
    KX_CLIENT_STEP_CORRECTED, /**< that the refused payment is over is saved */
    KX_CLIENT_STEP_PEND,      /**< the request is saved as the channel's next */
    KX_CLIENT_STEP_PEN,       /**< the wallet's kind, before it signs a voucher */
    KX_CLIENT_STEP_VOUCHER,   /**< the wallet signs it */
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

    /* by channel */
    bool is_batch;               /**< the offer that is paid is */
    struct kx_batch_offer batch; /**< as it is accepted; its common members stand in terms, too */
    struct assay_json accepted;  /**< its document */
    uint8_t accepted_hash[32];
    bool has_channel, is_channel_known; /**< known: the folder had it when the run began */
    struct kx_client_channel channel;
    struct kx_lane lane;
    struct kx_intent intent;
    char consent[X402_HASH_TEXT_BYTES]; /**< the intent's digest */
    bool is_consented;                  /**< the wallet consented to it in this run */
    bool is_key_early;                  /**< of a defect: before that */
    uint64_t daa;                       /**< that the node told last */
    char since[X402_HASH_TEXT_BYTES];   /**< the node's sink when it was asked first */
    struct kaspa_tx move;               /**< the channel's transaction under way */
    struct kaspa_claims move_claims;
    struct kaspa_hash move_id;
    struct kx_lane_head next;          /**< that it makes */
    struct kx_batch_payment voucher;   /**< the payment, as it is sent */
    unsigned hops;                     /**< times that the head was followed in this look */
    bool is_refund;                    /**< nothing is bought: the channel ends */
    bool is_corrected;                 /**< a refusal was followed in this run */
    struct assay_bytes next_challenge; /**< of the refusal, */
    uint64_t next_offer;               /**< and which of its offers was taken */

    /* its way */
    bool is_source_known; /**< the wallet named the right one in this run */
    bool goes_on;         /**< after what is being closed: start anew */
    unsigned retries_left;
    int64_t until_ms; /**< for the node to show it */
    struct kx_client_outcome outcome;
};

/** Records why it stops; the first reason stays. rule: may be NULL. */
void kx_client_record(struct kx_client *c, const char *rule, const char *format, ...)
    ASSAY_PRINTF(3, 4);
/** The same as an expression that is false, as a constant. */
#define kx_client_object(c, ...) ((void)kx_client_record((c), __VA_ARGS__), false)

/** What went wrong, for people: err's text where it has one. err: may be NULL. */
const char *kx_client_reason(enum assay_code code, const struct assay_err *err);

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

/** Of a defect: the request hash that the terms bring, where there is one, is the request's. */
void kx_client_believe_hash(struct kx_client *c, const struct assay_json *doc, uint32_t terms);
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

/** The text that a buffer holds, in the arena; ends the buffer. at NULL: it failed. */
struct assay_bytes kx_client_kept(struct kx_client *c, struct assay_buf *text);
/** The members of the result in a wallet's answer, which is kept: texts in it are good to the end.
 *  False: err says what is wrong with it. */
bool kx_client_read_result(struct kx_client *c, void *out, const struct kx_member *members,
                           size_t count, struct assay_bytes answer, struct assay_err *err);
/** Random bytes as an identifier. */
struct assay_bytes kx_client_identifier(struct kx_client *c, const uint8_t random[16]);
/** Until when what is signed now may be presented. */
int64_t kx_client_deadline(const struct kx_client *c, int64_t now_ms);
/** The member `extensions` of a payment: what was advertised, with the identifier in it. */
void kx_client_write_extensions(struct assay_buf *out, const struct kx_client *c);
/** Whether the source that the wallet answers to sourceKind is the policy's. False: objected. */
bool kx_client_judge_source(struct kx_client *c, struct assay_bytes answer);
bool kx_client_judge_named_source(struct kx_client *c, struct assay_bytes source);

/* kx_client_terms.c: a batch offer */

/** Takes the first batch offer that the policy allows. False: objected. */
bool kx_client_choose_batch(struct kx_client *c);
/** Takes that of an earlier run. False: objected. */
bool kx_client_retake_batch(struct kx_client *c, size_t offer);
/** What is accepted of it, given the channel that is there, and its hashes. False: objected. */
bool kx_client_accept(struct kx_client *c);

/* kx_client_channel.c: the channel, its head, and the payer's consent */

struct kx_client_action kx_client_find(struct kx_client *c, enum kx_client_step step);
/** Whether a step is one of channels, and what is wanted after it. */
bool kx_client_is_of_channel(enum kx_client_step step);
struct kx_client_action kx_client_channel_called(struct kx_client *c, struct assay_bytes answer,
                                                 int64_t now_ms);
struct kx_client_action kx_client_channel_saved(struct kx_client *c, int64_t now_ms);
/** The folder did not take it: nothing more is done, and what was not saved has not left. */
struct kx_client_action kx_client_channel_unsaved(struct kx_client *c, enum assay_code code,
                                                  const struct assay_err *err);
struct kx_client_action kx_client_channel_looked(struct kx_client *c, enum assay_code code,
                                                 const struct kx_sight *sight,
                                                 const struct assay_err *err, int64_t now_ms);
/** Asks for the payer's consent to what is to be done next, where the policy's limits allow it. */
struct kx_client_action kx_client_consent(struct kx_client *c, enum kx_intent_operation operation,
                                          int64_t now_ms);
/** Of a defect: the wallet was asked for the key first. */
struct kx_client_action kx_client_consent_late(struct kx_client *c);
/** The head is there: consents, where that is not done, and goes on to the voucher. */
struct kx_client_action kx_client_charge(struct kx_client *c, int64_t now_ms);
/** Makes the channel's scripts. False: objected. */
bool kx_client_open_lane(struct kx_client *c);

/* kx_client_head.c: the channel's head on the chain */

/** Asks for the head, where there is one, and in any case for the time. */
struct kx_client_action kx_client_look_at_head(struct kx_client *c, enum kx_client_step step,
                                               int64_t now_ms);
struct kx_client_action kx_client_saw_head(struct kx_client *c, const struct kx_sight *sight,
                                           int64_t now_ms);
/** Whether a coin is a head of our channel. */
bool kx_client_is_head(struct kx_client *c, const struct kx_lane_head *head,
                       const struct kaspa_utxo *coin);
/** Keeps the block from which the head is looked for later. False: objected. */
bool kx_client_set_since(struct kx_client *c, const struct kx_sight *sight);

/* kx_client_correct.c: a payment that the server has refused */

struct kx_client_action kx_client_refused(struct kx_client *c, const struct kx_client_reply *reply,
                                          int64_t now_ms);
/** The head is known: judges what the server tells of the channel. */
struct kx_client_action kx_client_correct(struct kx_client *c, int64_t now_ms);
/** That the refused payment is over is saved. */
struct kx_client_action kx_client_was_corrected(struct kx_client *c, int64_t now_ms);
/** The server asks for another payment, and gets none. */
struct kx_client_action kx_client_asked_again(struct kx_client *c, int64_t now_ms);

/* kx_client_move.c: the transactions of a channel, asked for and signed */

struct kx_client_action kx_client_make_key(struct kx_client *c, int64_t now_ms);
bool kx_client_take_key(struct kx_client *c, struct assay_bytes answer);
/** Names the top-up that was consented to. False: objected. */
bool kx_client_plan_top_up(struct kx_client *c);
struct kx_client_action kx_client_fund(struct kx_client *c);
/** The wallet refuses to. */
struct kx_client_action kx_client_not_funded(struct kx_client *c, const char *why, int64_t now_ms);
/** Stops; a channel of an earlier run of which nothing has left is over with it. */
struct kx_client_action kx_client_drop_intended(struct kx_client *c, int64_t now_ms);
/** Reads and verifies what the wallet has signed. False: objected. */
bool kx_client_take_move(struct kx_client *c, struct assay_bytes answer);
/** The kind of what is under way, by the channel's state. */
enum kx_batch_kind kx_client_move_kind(const struct kx_client *c);
/** Reads a transaction that moves the channel: c->move, and c->next, where the lineage stands
 * behind it. False: objected. */
bool kx_client_read_move(struct kx_client *c, struct assay_bytes text);

/* kx_client_await.c: their way onto the chain */

struct kx_client_action kx_client_submit(struct kx_client *c);
/** Waits for a transaction that was given to the node, in this run or before. */
struct kx_client_action kx_client_await(struct kx_client *c, int64_t now_ms);
struct kx_client_action kx_client_awaited(struct kx_client *c, enum assay_code code,
                                          const struct kx_sight *sight, const struct assay_err *err,
                                          int64_t now_ms);
/** Tells the wallet what became of it: it has arrived, or, after an objection, never will. */
struct kx_client_action kx_client_finalize(struct kx_client *c);
/** Nothing is under way any more: saves the channel in that state, and tells the wallet. */
struct kx_client_action kx_client_moved(struct kx_client *c, enum kx_client_channel_state state);
/** Tells it that one of its transactions is on the chain, or never will be. */
struct kx_client_action kx_client_tell_wallet(struct kx_client *c, enum kx_client_step step,
                                              struct assay_bytes attempt,
                                              const struct kaspa_hash *txid, bool is_accepted);
/** The transaction has not left: the channel is as it was before. */
void kx_client_take_back(struct kx_client *c);
/** Ends with what the payer has to do about a top-up. */
struct kx_client_action kx_client_wait_for_server(struct kx_client *c);

/* kx_client_refund.c: the end of a channel */

/** The head is known: has it signed, where its time has come. */
struct kx_client_action kx_client_refund(struct kx_client *c);
/** The wallet was told of a transaction that is there: its refund, or what it waited for. */
struct kx_client_action kx_client_refund_moved(struct kx_client *c);
void kx_client_write_refund(struct assay_buf *out, const struct kx_client *c);
/** It is as deep on the chain as the policy asks. */
struct kx_client_action kx_client_refund_arrived(struct kx_client *c);
/** A top-up that is under way gives way to a refund: the chain decides between them, and until the
 *  refund is there the channel remembers it. False: objected. */
bool kx_client_give_up_top_up(struct kx_client *c);
/** The wallet was told what became of that. */
struct kx_client_action kx_client_gave_up_top_up(struct kx_client *c);

/* kx_client_voucher.c: what is presented, and what is said of it */

/** Fixes the request as the channel's next. */
struct kx_client_action kx_client_pend(struct kx_client *c, int64_t now_ms);
struct kx_client_action kx_client_sign_voucher(struct kx_client *c, int64_t now_ms);
/** The head's script, serialized, in the arena; at NULL: no memory. */
struct assay_bytes kx_client_head_spk(struct kx_client *c);
/** Verifies the wallet's signatures and makes the payment of them. False: objected. */
bool kx_client_take_voucher(struct kx_client *c, struct assay_bytes answer);
/** Reads the payment from the attempt's header. False: objected. */
bool kx_client_retake_voucher(struct kx_client *c);
/** What the receipt says of the payment; why it is not its own is objected. */
enum kx_client_word kx_client_receipt(struct kx_client *c, const struct assay_json *doc);
/** The receipt has counted it. */
void kx_client_charged(struct kx_client *c);

#endif
