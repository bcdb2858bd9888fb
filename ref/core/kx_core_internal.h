/** What a request on its way holds, and what the files of the decision core share. Internal to
 *  them. */
#ifndef KX_CORE_INTERNAL_H
#define KX_CORE_INTERNAL_H

#include "core/kx_batch_internal.h"
#include "core/kx_fac.h"
#include "core/kx_facilitated.h"
#include "kaspa_x402/kx.h"

#define KX_CORE_ARENA_MAX_BYTES ((size_t)32 << 20)   /**< all that one request needs */
#define KX_CORE_SCRATCH_MAX_BYTES ((size_t)16 << 20) /**< of one look */
#define KX_CORE_URL_MAX_BYTES ((size_t)65536)
#define KX_CORE_TEXT_MAX_BYTES ((size_t)1 << 20) /**< of a text that the core writes */

/* Bodies of answers that are no wire reasons (section 22). */
#define KX_RECOVERY "exact_settlement_recovery_required"
#define KX_BATCH_RECOVERY "batch_settlement_recovery_required"
#define KX_GATEWAY "gateway_error"
#define KX_FACILITATOR_LOST "facilitator_unavailable"
#define KX_FACILITATOR_FAILED "facilitator_error"

/** For what the records of a transaction are asked, and so what it means that there is none. */
enum kx_search {
    KX_SEARCH_KNOWN, /**< they were there a moment ago */
    KX_SEARCH_TXID,  /**< a payment that has held so far, and is new unless they are found */
};

/** What the look is for that is on; of COINS of a batch payment: the head that it presents. */
enum kx_sought {
    KX_SOUGHT_COINS,
    KX_SOUGHT_DAA,     /**< how far the chain is, for an offer */
    KX_SOUGHT_BIRTH,   /**< whether what made a channel's head still stands */
    KX_SOUGHT_SPENDER, /**< what has spent it */
};

/** What the handler is run for. */
enum kx_run {
    KX_RUN_FREE,
    KX_RUN_PAID,
    KX_RUN_EARLY, /**< of a defect: before a payment is asked for */
    KX_RUN_AGAIN, /**< of a defect: though it has answered before */
};

struct kx_core_request {
    const struct kx_core *core;
    struct kx_event_request event;
    struct assay_arena arena, scratch; /**< scratch: of the look that is on */
    /* what was asked for last */
    enum kx_do expected;
    enum kx_ask ask;
    enum kx_search search;
    enum kx_sought sought;
    enum kx_run run;
    int64_t now_ms; /**< of the last event */

    /* the request */
    struct assay_buf base, url; /**< normalised; base ends in a slash */
    struct assay_bytes path, target;
    const struct kx_route *route;
    struct kx_context context;
    struct kx_request request;

    /* the payment */
    struct assay_json doc;
    struct kx_payment payment;
    enum kx_terms_fault fault;
    struct kx_terms terms; /**< the accepted ones, where there is no fault */
    char requirements[X402_HASH_TEXT_BYTES], fingerprint[X402_HASH_TEXT_BYTES],
        payload_hash[X402_HASH_TEXT_BYTES], scope[X402_HASH_TEXT_BYTES];
    struct assay_bytes identifier;
    char txid[X402_HASH_TEXT_BYTES]; /**< of the records that are asked for */
    bool is_second_search;
    bool is_again; /**< of a defect: what was bought before is forgotten */

    bool is_batch; /**< it is of scheme batch-settlement: what follows, and `batch`, is of it */
    struct kx_batch_state batch;
    bool is_facilitated; /**< a facilitator settles it: `facilitated` is of it */
    struct kx_facilitated_state facilitated;
    struct kx_fac_state fac; /**< of a facilitator's own request */
    uint64_t daa_score;      /**< of the chain; 0: not known yet */
    uint64_t daa_seen;       /**< the same, where this request has asked for it */
    bool is_daa_asked;

    /* what it is judged by */
    struct assay_buf offer_text;
    size_t offer_count; /**< of the entries in it */
    struct assay_json offer_doc;
    struct x402_required offer;
    bool has_head;
    struct kx_head_record head_record;
    struct kx_head head;
    struct kx_exact_verdict verdict;
    bool is_accepted;          /**< it was on the chain before it was claimed */
    bool is_head_sought;       /**< the look is for who has spent the head */
    enum kx_exact_rule broken; /**< the check that refused it, or KX_EXACT__COUNT */
    bool is_forgiven;          /**< of defects: its coins are gone, and so it was accepted */
    char own_hash[X402_HASH_TEXT_BYTES]; /**< of defects: the request hash as it was sent */

    /* its settlement */
    bool has_attempt; /**< it is claimed, by this request or an earlier one */
    struct kx_attempt attempt;
    struct assay_buf transaction; /**< text of the attempt */
    struct kaspa_tx tx;
    struct kx_look look;
    int64_t looks_left, look_until_ms;
    bool is_unsent;     /**< its submission provably never left */
    bool is_late;       /**< of defects: it is claimed when the handler has answered */
    int64_t started_ms; /**< the handler's start mark, where this request has set it */
    enum kx_finality reached;
    struct kx_result result;
    struct kx_payment_record record;

    /* its answer */
    bool is_refused; /**< with `refusal` and `rule`, unless a copy of it was taken meanwhile */
    enum kx_wire refusal;
    const char *error; /**< wire reason of a challenge; NULL: none */
    const char *rule;
    struct assay_buf body, required, receipt;
    struct kx_field fields[KX_STORE_ANSWER_HEADERS_MAX];
};

/* ---- what is asked for, and by whom (kx_resource.c) ---- */

/** Fills base, url, target and path. MISMATCH: the request's own URL is not of this server;
 * MALFORMED: it is none; TOO_LARGE, NOMEM. */
enum assay_code kx_core_resolve(struct kx_core_request *r) ASSAY_MUST_USE;
/** *allow: the Allow header of the path, NULL where no route has it. */
const struct kx_route *kx_core_find_route(const struct kx_core *core, struct assay_bytes path,
                                          struct assay_bytes method, const char **allow);
/** The principal whose token it is, or NULL. */
const struct kx_principal *kx_core_principal(const struct kx_core *core,
                                             struct assay_bytes authorization);
/** Section 5: a route says who may come. The wire reason, or NULL; the caller becomes the context.
 */
const char *kx_core_access_fault(struct kx_core_request *r);

/* ---- actions and answers (kx_answers.c) ---- */

/** The store is asked; the action has all that any question needs. */
struct kx_action kx_core_ask(struct kx_core_request *r, enum kx_ask ask);
struct kx_action kx_core_run(struct kx_core_request *r, enum kx_run run);
/** r->look is asked after wait_ms; r->tx is submitted. */
struct kx_action kx_core_look(struct kx_core_request *r, int64_t wait_ms);
struct kx_action kx_core_submit(struct kx_core_request *r);
struct kx_action kx_core_facilitate(struct kx_core_request *r, const struct x402_ask *ask,
                                    const struct x402_expected *expected,
                                    enum kx_facilitator_call call);
/** The end: {"error":error}. rule: the one that decided, or NULL. */
struct kx_action kx_core_refuse(struct kx_core_request *r, int status, const char *error,
                                const char *rule);
/** The same, with Retry-After: what is refused now may be had later. */
struct kx_action kx_core_busy(struct kx_core_request *r, int status, const char *error,
                              const char *rule);
/** 503: nothing was claimed, and nothing is delivered. */
struct kx_action kx_core_unavailable(struct kx_core_request *r);
/** 503: something was claimed, and what becomes of it a later retry will see. */
struct kx_action kx_core_pending(struct kx_core_request *r, const char *rule);
/** 405, with the Allow header. */
struct kx_action kx_core_wrong_method(struct kx_core_request *r, const char *allow);
/** 401, with the scheme of tokens. */
struct kx_action kx_core_unauthorized(struct kx_core_request *r);
/** The end: the JSON that stands in r->body. */
struct kx_action kx_core_say(struct kx_core_request *r, int status, unsigned retry_after_s,
                             const char *rule);
/** 402 with the offer that stands in r->offer_text. */
struct kx_action kx_core_challenge_answer(struct kx_core_request *r);
/** An answer of the handler to a paid request, the first time, or a stored one again. */
struct kx_action kx_core_deliver(struct kx_core_request *r, const struct kx_result *answer,
                                 bool is_stored);
/** An answer of the handler to a free request. */
struct kx_action kx_core_pass_on(struct kx_core_request *r, const struct kx_result *answer);
/** Without what is of the connection or of this protocol. False: above the limits of a result. */
bool kx_core_clean(struct kx_result *out, const struct kx_result *in);
/** The settlement of an exact payment that is accepted. */
void kx_core_write_settlement(struct assay_buf *out, struct kx_core_request *r);
/** PAYMENT-RESPONSE of what came of the payment, in r->receipt. */
enum assay_code kx_core_write_receipt(struct kx_core_request *r);
/** Fills r->record with the answer that r->result makes, its receipt included. */
enum assay_code kx_core_write_answer(struct kx_core_request *r);

/* ---- from a request to its payment (kx_core.c) ---- */

/** Whether an answer to `kind` was asked for; from now on none is. */
bool kx_core_is_expected(struct kx_core_request *r, enum kx_do kind, int64_t now_ms);
/** Whether it settles payments itself. */
bool kx_core_settles(const struct kx_core *core);
/** Whether what it sells needs an identifier of the payer's. */
bool kx_core_asks_identifier(const struct kx_core *core);
/** By what an exact payment is known before it is verified: requirements, fingerprint, payload
 * hash, scope and identifier. Its codes are those of the hashes. */
enum assay_code kx_core_name_payment(struct kx_core_request *r) ASSAY_MUST_USE;
/** What is base64, but no payment. */
struct kx_action kx_core_refuse_unreadable(struct kx_core_request *r, enum assay_code code,
                                           const char *rule);
/** What is named is counted among the running requests of its scope, and then looked for. */
struct kx_action kx_core_admit(struct kx_core_request *r);

/* ---- offers (kx_offer.c) ---- */

/** 402 with a fresh offer, whose error is the wire reason, if any. */
struct kx_action kx_core_challenge(struct kx_core_request *r, enum kx_wire reason,
                                   const char *rule);
/** The chain was asked how far it is; where it has said, r->daa_score is set. */
struct kx_action kx_core_on_daa(struct kx_core_request *r);
struct kx_action kx_core_on_head_lost(struct kx_core_request *r);
struct kx_action kx_core_on_select(struct kx_core_request *r, enum assay_code code,
                                   const struct kx_store_answer *answer);
/** What the accepted terms are compared with: the standard offer, and the additive one of r->head
 * as it would be offered with the deadline that came back; of a batch payment the batch offer, with
 * the refund timeout that came back. Fills r->offer. */
enum assay_code kx_core_offer_again(struct kx_core_request *r);
/** What the verifier has of a head, in the arena. */
enum assay_code kx_core_read_head(struct kx_head *out, struct assay_arena *arena,
                                  const struct kx_head_record *record);

/* ---- stored answers (kx_stored.c) ---- */

struct kx_action kx_core_search(struct kx_core_request *r, enum kx_search search);
struct kx_action kx_core_on_identifier(struct kx_core_request *r, enum assay_code code,
                                       const struct kx_store_answer *answer);
struct kx_action kx_core_on_scope(struct kx_core_request *r, enum assay_code code,
                                  const struct kx_store_answer *answer);
struct kx_action kx_core_on_payment(struct kx_core_request *r, enum assay_code code,
                                    const struct kx_store_answer *answer);
/** Of a defect: a stored payment whose handler has answered anew. */
struct kx_action kx_core_on_rerun(struct kx_core_request *r, enum assay_code code,
                                  const struct kx_result *result);
struct kx_action kx_core_on_attempt(struct kx_core_request *r, enum assay_code code,
                                    const struct kx_store_answer *answer);

/* ---- judging (kx_payment.c) ---- */

struct kx_action kx_core_judge(struct kx_core_request *r);
/** Refuses a payment that was looked up and not found, unless it is found now: a copy of it may
 * have been claimed since, which changes what it is judged by. */
struct kx_action kx_core_refuse_payment(struct kx_core_request *r, enum kx_wire reason,
                                        const char *rule);
struct kx_action kx_core_on_head(struct kx_core_request *r, enum assay_code code,
                                 const struct kx_store_answer *answer);
struct kx_action kx_core_look_at_coins(struct kx_core_request *r);
struct kx_action kx_core_on_coins(struct kx_core_request *r, enum assay_code code,
                                  const struct kx_sight *sight);
/** A node that cannot be asked. */
struct kx_action kx_core_refuse_blind(struct kx_core_request *r, enum assay_code code);
struct kx_action kx_core_on_claim(struct kx_core_request *r, enum assay_code code,
                                  const struct kx_store_answer *answer);

/* ---- by what it is remembered (kx_remember.c) ---- */

/** `hash`, the name of its transaction, as it is. Of defects: made into another name with what
 * shall not be in it. */
enum assay_code kx_core_remember_as(struct kx_core_request *r, char *hash);
/** Of defects: a payment that has bought before may come again. Its coins are gone then, and
 * whoever makes these mistakes takes a transaction that is accepted for a good one (section 7, rule
 * 11). */
bool kx_core_forgets(void);

/* ---- settlement (kx_settle.c) ---- */

/** Of a defect: the claim is made when the handler has answered. */
struct kx_action kx_core_on_late_claim(struct kx_core_request *r, bool is_created);
/** Writes the answer that r->result makes, and commits it. */
struct kx_action kx_core_commit(struct kx_core_request *r);
/** Looks for what was claimed, now and only once. */
struct kx_action kx_core_look_once(struct kx_core_request *r);
/** Goes on with r->attempt, which an earlier request claimed. */
struct kx_action kx_core_resume(struct kx_core_request *r);
struct kx_action kx_core_on_submitted(struct kx_core_request *r, enum assay_code code, bool sent);
/** Of defects: an error of the node's that counts as its consent. */
bool kx_core_trusts(enum assay_code code);
/** Of a defect: a tool that has run, or may run, is served although nothing was settled. */
bool kx_core_ignores_settlement(const struct kx_core_request *r);
struct kx_action kx_core_on_evidence(struct kx_core_request *r, enum assay_code code,
                                     const struct kx_sight *sight);
struct kx_action kx_core_on_step(struct kx_core_request *r, enum assay_code code, bool done);
struct kx_action kx_core_on_paid_result(struct kx_core_request *r, enum assay_code code,
                                        bool reached, const struct kx_result *result);

#endif
