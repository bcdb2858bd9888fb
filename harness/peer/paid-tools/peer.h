/** The verbs paid-tools scenarios are written in: the side of the payer and of whoever attacks as
 * one.
 *
 *  Everything lives as long as the case. A header text, once made, is sent as it is.
 */
#ifndef PEER_PAID_TOOLS_H
#define PEER_PAID_TOOLS_H

#include "paid_tools/bridge.h"
#include "paid_tools/mcp.h"
#include "paid_tools/nonce.h"
#include "run/scenario.h"

#define PROFILE "paid-tools"

/** What a target may support beside the base: words of `supports` in its target file. */
enum pt_need {
    PT_BRIDGE = NEED_PROFILE << 0,   /**< "bridge": PAYMENT-SIGNATURE is accepted */
    PT_KEYS = NEED_PROFILE << 1,     /**< "idempotency" */
    PT_MCP = NEED_PROFILE << 2,      /**< "mcp" */
    PT_WILDCARD = NEED_PROFILE << 3, /**< endpoint "wildcard" is there */
    PT_SECRET = NEED_PROFILE << 4,   /**< the secret `mac` is known: always needed to pay */
    PT_DUAL = NEED_PROFILE << 5,     /**< "wire-dual": PAYMENT-REQUIRED is sent beside the body */
};

/** A request that somebody wants to buy. */
struct pt_want {
    const char *method;
    const char *target;
    const char *content_type; /**< NULL: none */
    struct assay_bytes body;
    bool has_body;
    bool chunked;
};

/** As the target file has it; `unsupported` without. Methods that carry a body get the JSON body
 * {"a":1}. */
struct pt_want pt_endpoint(struct assay_case *t, const char *name);
struct pt_want pt_want_target(struct pt_want want, const char *target);
struct pt_want pt_want_method(struct pt_want want, const char *method);
struct pt_want pt_want_body(struct pt_want want, struct assay_bytes body);
/** Appends a query member: "x=1" behind '?' or '&'. */
struct pt_want pt_want_query(struct assay_case *t, struct pt_want want, const char *member);
/** tools/call of get_weather with these arguments (JSON text), on the endpoint "mcp". */
struct pt_want pt_want_tool(struct assay_case *t, const char *arguments);

/** A challenge in hand. */
struct pt_offer {
    struct pt_want want;
    struct pt_challenge challenge;
    const struct http_exchange *exchange;
    int64_t asked_ms; /**< target's clock when it was asked for */
};

/** Headers of one request; NULL: not sent. */
struct pt_with {
    const char *proof;  /**< X-Payment-Proof */
    const char *bridge; /**< PAYMENT-SIGNATURE */
    const char *key;    /**< Idempotency-Key */
    const char *extra_name, *extra_value;
};

/** What came back, with the executions that had been counted before it was asked. */
struct pt_answer {
    const struct http_exchange *exchange;
    uint64_t before;
    const char *label;
};

/* Set-up: failure is `broken`. */
const struct pt_offer *given_offer(struct assay_case *t, struct pt_want want);
/** The same, asked of another instance than the case's own. */
const struct pt_offer *given_offer_from(struct assay_case *t, struct instance *instance,
                                        struct pt_want want);
/** An honest proof of an offer. */
struct pt_proof *given_payment(struct assay_case *t, const struct pt_offer *offer);
/** Offer and proof of the endpoint, encoded for X-Payment-Proof. */
const char *given_paid(struct assay_case *t, struct pt_want want);
const char *given_key(struct assay_case *t);  /**< an Idempotency-Key nobody has used */
const char *given_uuid(struct assay_case *t); /**< a version-4 UUID of our own, never issued */

/** A request that waits for its answer in a thread of its own, while its handler is held. */
struct pt_pending;
/** Sends it and waits until its handler runs, which is then held until pt_finish. Needs
 * NEED_ORIGIN. */
struct pt_pending *given_running(struct assay_case *t, const char *label, struct pt_want want,
                                 struct pt_with with);

/* Making proofs, honest and otherwise. */
const char *pt_header(struct assay_case *t,
                      const struct pt_proof *proof); /**< base64url of its JSON */
const char *pt_bridge_header(struct assay_case *t, const struct pt_proof *proof);
const char *pt_json(struct assay_case *t, const struct pt_proof *proof);
/** The JSON with one member's value replaced by raw text; raw NULL: the member is left out. A name
 * that is not there is appended. */
const char *pt_json_with(struct assay_case *t, const struct pt_proof *proof, const char *member,
                         const char *raw);
const char *pt_encode(struct assay_case *t, struct assay_bytes text); /**< base64url, no padding */
/* The same header text in spellings that a lenient decoder takes. */
const char *pt_padded(struct assay_case *t, const char *header);
const char *pt_in_standard_alphabet(struct assay_case *t, const char *header);
const char *pt_with_junk_behind(struct assay_case *t, const char *header);
const char *pt_with_space_within(struct assay_case *t, const char *header);
const char *pt_twice_in_a_list(struct assay_case *t, const char *header);
const char *pt_sign(struct assay_case *t, const char *nonce, const char *request_hash);
const char *pt_quote(struct assay_case *t, const char *text); /**< as a JSON string */
/** A copy of the proof, signed anew over its nonce and hash. */
struct pt_proof *pt_resigned(struct assay_case *t, const struct pt_proof *proof);
struct pt_proof *pt_copy(struct assay_case *t, const struct pt_proof *proof);
/** The requestHash of a want, by our own reckoning. `broken` when the target cannot be hashed. */
const char *pt_hash_of(struct assay_case *t, struct pt_want want);

/* Sending. */
const struct pt_answer *pt_send(struct assay_case *t, const char *label, struct pt_want want,
                                struct pt_with with);
const struct pt_answer *pt_send_to(struct assay_case *t, struct instance *instance,
                                   const char *label, struct pt_want want, struct pt_with with);
/** While the other runs: its run is counted among those before. */
const struct pt_answer *pt_send_during(struct assay_case *t, const struct pt_pending *pending,
                                       const char *label, struct pt_want want, struct pt_with with);
/** Lets the held handler answer, and waits for that. */
const struct pt_answer *pt_finish(struct assay_case *t, struct pt_pending *pending);
/** All at once, their last bytes held back; with[i] for each of n. answers[i] share `before`. */
const struct pt_answer *const *pt_burst(struct assay_case *t, const char *label,
                                        const struct pt_want *wants, const struct pt_with *withs,
                                        size_t n);
/** n copies of one request. */
const struct pt_answer *const *pt_copies(struct assay_case *t, const char *label,
                                         struct pt_want want, struct pt_with with, size_t n);
/** The bytes of such a request, for scenarios that cut or bend them; send with pt_raw. */
struct assay_bytes pt_bytes(struct assay_case *t, struct pt_want want, struct pt_with with,
                            bool close);
/** Raw conversation; *answers gets their number; the first `answers` elements of the result are
 * what came. */
const struct pt_answer *const *pt_raw(struct assay_case *t, const char *label,
                                      const struct http_piece *pieces, size_t piece_count,
                                      size_t max_answers, size_t *answers, bool *closed);

/** For thousands of requests: none is kept as evidence, and each answer lives until the next is
 * asked for. */
struct pt_series;
struct pt_series *pt_series(struct assay_case *t);
const struct pt_answer *pt_series_send(struct assay_case *t, struct pt_series *series,
                                       struct pt_want want, struct pt_with with);

/** The offer of that request, or NULL where the answer (in *answer) is no challenge: for requests
 * that a correct server may refuse to price. */
const struct pt_offer *pt_try_offer(struct assay_case *t, const char *label, struct pt_want want,
                                    const struct pt_answer **answer);
/** A burst whose handler runs are all held until a second one has begun or a moment has passed, so
 * that whoever checks first and records later is met in between. A plain burst where the handler
 * is not the origin role. */
const struct pt_answer *const *pt_burst_held(struct assay_case *t, const char *label,
                                             const struct pt_want *wants,
                                             const struct pt_with *withs, size_t n);
/** n offers of one request and their payments, asked for in bursts; headers[i] for
 * X-Payment-Proof. `broken` when one does not come. */
const char *const *given_paid_many(struct assay_case *t, struct pt_want want, size_t n);
/** Waits until the quota or clock of the target has moved on by ms, at most until the target ends.
 */
void pt_pause(struct assay_case *t, int ms);
/** Request line, Host, these header lines (each with its CR LF) and the empty line. */
struct assay_bytes pt_head(struct assay_case *t, struct pt_want want, struct assay_bytes lines);
/** One after the other. */
struct assay_bytes pt_joined(struct assay_case *t, struct assay_bytes a, struct assay_bytes b);
/** Moves the target's clock so that it shows at_ms now and runs on; the case must NEED_CLOCK. */
void pt_clock_at(struct assay_case *t, int64_t at_ms);
/** When that challenge ends, by the server's clock. `broken` when its expiry cannot be read. */
int64_t pt_expiry_ms(struct assay_case *t, const struct pt_challenge *challenge);

/** A raw conversation in a thread of its own, while the case goes on. */
struct pt_beside;
/** Its deadline is from the last piece on. The pieces must live as long as the case. */
struct pt_beside *pt_raw_beside(struct assay_case *t, const char *label,
                                const struct http_piece *pieces, size_t piece_count,
                                int deadline_ms);
/** Waits for its end. *closed: whether the target ended the connection. */
const struct pt_answer *pt_beside_end(struct assay_case *t, struct pt_beside *beside, bool *closed);

/* Looking. */
/** The challenge of a 402: its body, or PAYMENT-REQUIRED where the body has none. Fails as the
 *  parsers of these do. */
enum assay_code pt_challenge_of(struct pt_challenge *out, const struct pt_answer *answer,
                                struct assay_err *err) ASSAY_MUST_USE;
int pt_status(const struct pt_answer *answer); /**< 0: no answer */
bool pt_is_granted(struct assay_case *t,
                   const struct pt_answer *answer); /**< 2xx of a priced route */
bool pt_is_replay(const struct pt_answer *answer);
size_t pt_count_granted(struct assay_case *t, const struct pt_answer *const *answers, size_t n);
struct assay_bytes pt_body(const struct pt_answer *answer);

/* Judging: records expected and seen, and ends the case as `fail` when it does not hold. */
#define PT_HERE(t) case_where((t), __FILE__, __LINE__)
/** A paid answer: 2xx, and the handler ran once more (where that can be counted). */
#define expect_granted(t, answer) (PT_HERE(t), (expect_granted)((t), (answer)))
/** Refused: an answer of 4xx (the spec leaves open which), nothing of the paid content in it, the
 * handler did not run. */
#define expect_refused(t, answer) (PT_HERE(t), (expect_refused)((t), (answer)))
/** Refused, or the connection closed without an answer: for bytes that are no proper request. */
#define expect_refused_or_closed(t, answer) (PT_HERE(t), (expect_refused_or_closed)((t), (answer)))
/** Any answer or none, with nothing of the paid content in it, and the handler did not run. Where
 * runs cannot be counted a 2xx ends the case as `unsupported`: it may be free. */
#define expect_nothing_bought(t, answer) (PT_HERE(t), (expect_nothing_bought)((t), (answer)))
/** Sends each of the n in a series; each is refused or closed. `what` names them all: "one bit
 * flipped". */
#define expect_all_refused(t, what, want, withs, n)                                                \
    (PT_HERE(t), (expect_all_refused)((t), (what), (want), (withs), (n)))
/** 402 with a complete challenge for that request, and the handler did not run. */
#define expect_challenge(t, answer, want) (PT_HERE(t), (expect_challenge)((t), (answer), (want)))
/** 409, and the handler did not run. */
#define expect_conflict(t, answer) (PT_HERE(t), (expect_conflict)((t), (answer)))
/** The stored answer again: same status, body and content type, marked as replay, and the handler
 * did not run. */
#define expect_replayed(t, answer, first) (PT_HERE(t), (expect_replayed)((t), (answer), (first)))
/** Any answer below 500, promptly, and the handler did not run. */
#define expect_no_server_error(t, answer) (PT_HERE(t), (expect_no_server_error)((t), (answer)))
/** Exactly n of them were granted, and the handler ran n times for them; the others were refused.
 */
#define expect_granted_count(t, answers, total, n)                                                 \
    (PT_HERE(t), (expect_granted_count)((t), (answers), (total), (n)))
/** A proof of that header still buys once. */
#define expect_still_buys(t, want, with) (PT_HERE(t), (expect_still_buys)((t), (want), (with)))

void(expect_granted)(struct assay_case *t, const struct pt_answer *answer);
void(expect_refused)(struct assay_case *t, const struct pt_answer *answer);
void(expect_refused_or_closed)(struct assay_case *t, const struct pt_answer *answer);
void(expect_nothing_bought)(struct assay_case *t, const struct pt_answer *answer);
void(expect_all_refused)(struct assay_case *t, const char *what, struct pt_want want,
                         const struct pt_with *withs, size_t n);
void(expect_challenge)(struct assay_case *t, const struct pt_answer *answer, struct pt_want want);
void(expect_conflict)(struct assay_case *t, const struct pt_answer *answer);
void(expect_replayed)(struct assay_case *t, const struct pt_answer *answer,
                      const struct pt_answer *first);
void(expect_no_server_error)(struct assay_case *t, const struct pt_answer *answer);
void(expect_granted_count)(struct assay_case *t, const struct pt_answer *const *answers,
                           size_t total, size_t n);
void(expect_still_buys)(struct assay_case *t, struct pt_want want, struct pt_with with);

#endif
