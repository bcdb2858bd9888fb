/** The verbs x402 scenarios are written in: the payer, whoever attacks as one, and the facilitator
 *  that the server under test asks.
 *
 *  The harness plays the facilitator, so any network's offers can be paid for without funds: a
 *  payment is made by the plug-ins of payload.h, and what the facilitator was asked, answered and
 *  settled is what a verdict rests on. Each case begins with a facilitator that is honest and
 *  settles a payment once. `moves` of peer/http are its settlements. Everything lives as long as
 *  the case. Profiles are linked together, so the functions have a prefix.
 *
 *  Source: x402 v2 digest, sections 2 to 4 and 12.
 */
#ifndef PEER_X402_PEER_H
#define PEER_X402_PEER_H

#include "peer/http/peer.h"
#include "peer/http/tree.h"
#include "peer/x402/payload.h"
#include "peer/x402/read.h"
#include "roles/facilitator.h"

#define PROFILE "x402"

/** What a target may support beside the base: words of `supports` in its target file. */
enum x4p_need {
    X4P_PAY = NEED_PROFILE << 0,   /**< the role `facilitator` is reachable: needed to pay */
    X4P_TWO = NEED_PROFILE << 1,   /**< "two-offers": what is priced is offered in two ways */
    X4P_OTHER = NEED_PROFILE << 2, /**< endpoint "paid_get_other": another thing, of one price */
    X4P_IDENTIFIER = NEED_PROFILE << 3, /**< "payment-identifier" is advertised and kept to */
    X4P_SIGNED = NEED_PROFILE << 4,     /**< "offer-receipt": offers and receipts are signed */
    X4P_LISTS = NEED_PROFILE << 5,      /**< limits.poll_ms: how often /supported is asked again */
    X4P_MCP = NEED_PROFILE << 6,        /**< "mcp", and the endpoints of mcp.h */
};

/* ---- offers ---- */

/** What is asked for a request, and one of the ways to pay for it. */
struct x4p_offer {
    struct peer_want want;
    const struct peer_answer *answer;
    const struct assay_json *doc; /**< of PAYMENT-REQUIRED */
    struct x402_required required;
    size_t chosen;                  /**< of required.accepts */
    const struct x402_terms *terms; /**< the chosen one */
    json_t *tree;                   /**< PAYMENT-REQUIRED as a tree; the case's */
    json_t *accepted;               /**< the chosen one of it, borrowed */
    int64_t asked_ms;               /**< target's clock when it was asked for */
};

#define given_offer x4p_given_offer
/** Asks without a payment, again while it is told to come later, and chooses the first entry that
 *  the facilitator settles; `broken` when none comes that can be read. */
const struct x4p_offer *given_offer(struct assay_case *t, struct peer_want want);
/** Another entry of the same offer that the facilitator settles, not for the same network and asset
 *  as the chosen one; `unsupported` where there is none. */
const struct x4p_offer *x4p_other_offer(struct assay_case *t, const struct x4p_offer *offer);
/** The first entry whose payload is opaque to us, and so to a server that leaves judging to its
 *  facilitator; `unsupported` where there is none. */
const struct x4p_offer *x4p_opaque_offer(struct assay_case *t, struct peer_want want);
/** The offer of an answer. NULL, and why in *fault: there is none, or none that can be paid. */
const struct x4p_offer *x4p_offer_of(struct assay_case *t, struct peer_want want,
                                     const struct peer_answer *answer, const char **fault);

/* ---- payments ---- */

/** A payment in hand: what is sent of it, and what it was made of. */
struct x4p_payment {
    const struct x4p_offer *offer;
    const char *header;         /**< PAYMENT-SIGNATURE as it is sent */
    json_t *tree;               /**< what it encodes; the case's. NULL: of no document */
    struct x4p_payload payload; /**< nonce and payer, as the facilitator knows it */
};

#define given_payment x4p_given_payment
/** An honest payment: new nonce, signed where the network signs, payload and the chosen entry as it
 *  came, what the offer advertises of extensions, and an identifier where it has those. */
const struct x4p_payment *given_payment(struct assay_case *t, const struct x4p_offer *offer);
/** Offer and payment of that request. */
const struct x4p_payment *x4p_paid(struct assay_case *t, struct peer_want want);
/** n payments of one request. */
const struct x4p_payment *const *x4p_paid_many(struct assay_case *t, struct peer_want want,
                                               size_t n);
/** A payment whose payload is bent, before it is signed or afterwards (payload.h). `broken` where
 *  what a hook left cannot be signed. */
const struct x4p_payment *x4p_bent(struct assay_case *t, const struct x4p_offer *offer,
                                   struct x4p_bend bend);

/* Other spellings of a payment. Each is a new one; what it was made of is left as it is. */

/** One member set to a JSON text ("\"2\"", "[1]"), or with NULL left out. The path is as in
 *  peer/http/tree.h: "x402Version", "accepted.amount", "payload.authorization.value". */
const struct x4p_payment *x4p_with(struct assay_case *t, const struct x4p_payment *paid,
                                   const char *path, const char *json);
/** The same with a text as it stands for its value. */
const struct x4p_payment *x4p_with_word(struct assay_case *t, const struct x4p_payment *paid,
                                        const char *path, const char *word);
/** A new payment for that offer, with an identifier of its own, whose payload is that of another:
 *  what was authorised is the same. */
const struct x4p_payment *x4p_reused(struct assay_case *t, const struct x4p_offer *offer,
                                     const struct x4p_payment *paid);
/** Any text instead of its document: encoded, as the server decodes it. */
const struct x4p_payment *x4p_with_document(struct assay_case *t, const struct x4p_payment *paid,
                                            struct assay_bytes text);
/** Any text instead of the header. */
const struct x4p_payment *x4p_with_header(struct assay_case *t, const struct x4p_payment *paid,
                                          const char *header);
/** Its document as it is encoded: for scenarios that change bytes of it. */
struct assay_bytes x4p_document(struct assay_case *t, const struct x4p_payment *paid);

/* ---- sending ---- */

struct peer_with x4p_headers(const struct x4p_payment *payment); /**< NULL: none */
const struct peer_answer *x4p_send(struct assay_case *t, const char *label, struct peer_want want,
                                   const struct x4p_payment *payment);
/** The identical request until it is answered with something else than 429, 503 and 504, or with
 *  500 and Retry-After, for as long as a target may be without its facilitator. The last answer. */
const struct peer_answer *x4p_send_until_known(struct assay_case *t, const char *label,
                                               struct peer_want want,
                                               const struct x4p_payment *payment);
/** n copies at once, held where the facilitator is asked `what` (FACILITATOR_VERIFY or _SETTLE)
 *  until every one of them is there or a moment has passed without another: so that whoever asks
 *  first and remembers later is met in between. */
const struct peer_answer *const *x4p_copies_held(struct assay_case *t, const char *label,
                                                 struct peer_want want,
                                                 const struct x4p_payment *payment, size_t n,
                                                 enum facilitator_what what);
/** The same with shots of the scenario's own. */
const struct peer_answer *const *x4p_burst_held(struct assay_case *t, const char *label,
                                                const struct peer_shot *shots, size_t n,
                                                enum facilitator_what what);
/** Sends it and waits until the facilitator holds its call `what`; goes on with peer_finish after
 *  x4p_facilitator_is_honest. `broken` when it is not asked. */
struct peer_pending *x4p_send_held(struct assay_case *t, const char *label, struct peer_want want,
                                   const struct x4p_payment *payment, enum facilitator_what what);

/* ---- the facilitator ---- */

struct facilitator *x4p_facilitator(struct assay_case *t);
/** How it answers from now on; until the case's end, or the next of these two. */
void x4p_facilitator_behaves(struct assay_case *t, struct facilitator_behaviour behaviour);
void x4p_facilitator_is_honest(struct assay_case *t);
/** What it makes of a payment that it has settled (FACILITATOR_ONCE where each case begins). */
void x4p_facilitator_settles(struct assay_case *t, enum facilitator_reuse reuse);
/** Lists its kinds with this extra, a JSON object, from its next list on; until the case's end. */
void x4p_facilitator_lists(struct assay_case *t, const char *extra);
/** Whether payloads are judged, by signature and time where it can (where each case begins), or
 *  every one is taken. */
void x4p_facilitator_judges(struct assay_case *t, bool on);

/** Calls of the target so far, and what came of them. */
struct x4p_calls {
    uint64_t verify, settle;
    uint64_t moved; /**< movements of money */
};
struct x4p_calls x4p_calls(struct assay_case *t);
/** The body of its last call of that kind since the case began, as it came; empty: there was none.
 */
struct assay_bytes x4p_last_body(struct assay_case *t, enum facilitator_what what);
/** The same as a tree; NULL: there was none, or it is no JSON. */
json_t *x4p_last_asked(struct assay_case *t, enum facilitator_what what);
/** How many of its calls of that kind since the case began differ in a byte from the first. */
uint64_t x4p_asked_otherwise(struct assay_case *t, enum facilitator_what what);

/* ---- looking ---- */

#define x4p_is_served peer_is_served
/** Told to come again: 429, 503, 504, or 500 with Retry-After. */
bool x4p_is_later(const struct peer_answer *answer);
size_t x4p_count_served(const struct peer_answer *const *answers, size_t n);
/** Whether an answer shows text of the target's inside or of its facilitator: a needle of one's
 *  own, in its body and in the documents of its headers. */
bool x4p_shows(struct assay_case *t, const struct peer_answer *answer, const char *needle);

/* ---- judging ---- */

/* Of peer/http too: expect_refused (4xx, no run, no settlement, nothing of the paid content),
 * expect_nothing_bought, expect_executions. */

/** Paid and delivered: 2xx, one run since it was asked, PAYMENT-RESPONSE with success, a
 *  transaction and this network; and one movement of money. */
#define expect_delivered(t, answer, payment)                                                       \
    (PEER_HERE(t), (x4p_expect_delivered)((t), (answer), (payment)))
/** 402 with an offer that can be read and paid; no run, no settlement. */
#define expect_challenge(t, answer, want)                                                          \
    (PEER_HERE(t), (x4p_expect_challenge)((t), (answer), (want)))
/** Refused before the facilitator was asked: as expect_refused, and since that answer's request it
 *  had neither a verify nor a settle. */
#define expect_refused_unasked(t, answer, before)                                                  \
    (PEER_HERE(t), (x4p_expect_refused_unasked)((t), (answer), (before)))
/** Not served for whatever reason: 4xx or 5xx, no run, nothing of the paid content, no settlement.
 */
#define expect_not_served(t, answer) (PEER_HERE(t), (x4p_expect_not_served)((t), (answer)))
/** Not served although the handler may have run: 4xx or 5xx, and nothing of the paid content. */
#define expect_withheld(t, answer) (PEER_HERE(t), (x4p_expect_withheld)((t), (answer)))
/** Of n answers that share `before`: at most one run, all that are served with one body, and one
 *  movement of money at most. That anybody was served is asked elsewhere. */
#define expect_one_run(t, answers, n) (PEER_HERE(t), (x4p_expect_one_run)((t), (answers), (n)))
/** Since `before` the facilitator was asked so often; X4P_ANY: not looked at. */
#define expect_calls(t, before, verify, settle)                                                    \
    (PEER_HERE(t), (x4p_expect_calls)((t), (before), (verify), (settle)))
/** The last verify and the last settle of the case had version 2 and the server's own entry as
 *  paymentRequirements, value for value. */
#define expect_own_terms(t, offer) (PEER_HERE(t), (x4p_expect_own_terms)((t), (offer)))
/** Paid and delivered as expect_delivered, counted from `first` on: an answer of the same payment
 *  before it. */
#define expect_delivered_since(t, answer, payment, first)                                          \
    (PEER_HERE(t), (x4p_expect_delivered_since)((t), (answer), (payment), (first)))
/** Delivered in the end, and paid once: 2xx with the PAYMENT-RESPONSE of expect_delivered, and one
 *  movement of money, counted from `first` on. How often the handler ran meanwhile is left open:
 *  whoever keeps nothing of a run that was not settled has to repeat it. */
#define expect_settled_once(t, answer, payment, first)                                             \
    (PEER_HERE(t), (x4p_expect_settled_once)((t), (answer), (payment), (first)))
/** Nothing more than the first answer: no run, no settlement; what is served is the same again. */
#define expect_nothing_more(t, answer, first)                                                      \
    (PEER_HERE(t), (x4p_expect_nothing_more)((t), (answer), (first)))
/** The same where the handler may have run: a refusal with nothing of the paid content, or the
 * first answer again; and no settlement. */
#define expect_no_more_content(t, answer, first)                                                   \
    (PEER_HERE(t), (x4p_expect_no_more_content)((t), (answer), (first)))
/** Withheld, and told as what is not known yet: 5xx or 429, or 402 whose PAYMENT-RESPONSE says that
 *  the settlement is pending. Nothing that tells the payer that it failed, or to pay anew. */
#define expect_unknown(t, answer) (PEER_HERE(t), (x4p_expect_unknown)((t), (answer)))
/** Withheld, and told as failed: 402 with a PAYMENT-RESPONSE whose success is false. */
#define expect_failure_told(t, answer) (PEER_HERE(t), (x4p_expect_failure_told)((t), (answer)))
/** The service goes on: a new honest payment for that request is delivered. */
#define expect_still_sells(t, want) (PEER_HERE(t), (x4p_expect_still_sells)((t), (want)))

#define X4P_ANY UINT64_MAX

void x4p_expect_delivered(struct assay_case *t, const struct peer_answer *answer,
                          const struct x4p_payment *payment);
void x4p_expect_challenge(struct assay_case *t, const struct peer_answer *answer,
                          struct peer_want want);
void x4p_expect_refused_unasked(struct assay_case *t, const struct peer_answer *answer,
                                struct x4p_calls before);
void x4p_expect_not_served(struct assay_case *t, const struct peer_answer *answer);
void x4p_expect_withheld(struct assay_case *t, const struct peer_answer *answer);
void x4p_expect_one_run(struct assay_case *t, const struct peer_answer *const *answers, size_t n);
void x4p_expect_calls(struct assay_case *t, struct x4p_calls before, uint64_t verify,
                      uint64_t settle);
void x4p_expect_own_terms(struct assay_case *t, const struct x4p_offer *offer);
void x4p_expect_delivered_since(struct assay_case *t, const struct peer_answer *answer,
                                const struct x4p_payment *payment, const struct peer_answer *first);
void x4p_expect_settled_once(struct assay_case *t, const struct peer_answer *answer,
                             const struct x4p_payment *payment, const struct peer_answer *first);
void x4p_expect_nothing_more(struct assay_case *t, const struct peer_answer *answer,
                             const struct peer_answer *first);
void x4p_expect_no_more_content(struct assay_case *t, const struct peer_answer *answer,
                                const struct peer_answer *first);
void x4p_expect_unknown(struct assay_case *t, const struct peer_answer *answer);
void x4p_expect_failure_told(struct assay_case *t, const struct peer_answer *answer);
void x4p_expect_still_sells(struct assay_case *t, struct peer_want want);

#endif
