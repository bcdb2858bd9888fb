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
#include "peer/http/peer.h"

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

/** tools/call of get_weather with these arguments (JSON text), on the endpoint "mcp". */
struct peer_want pt_want_tool(struct assay_case *t, const char *arguments);

/** A challenge in hand. */
struct pt_offer {
    struct peer_want want;
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

/* Set-up: failure is `broken`. */
const struct pt_offer *given_offer(struct assay_case *t, struct peer_want want);
/** The same, asked of another instance than the case's own. */
const struct pt_offer *given_offer_from(struct assay_case *t, struct instance *instance,
                                        struct peer_want want);
/** An honest proof of an offer. */
struct pt_proof *given_payment(struct assay_case *t, const struct pt_offer *offer);
/** Offer and proof of the endpoint, encoded for X-Payment-Proof. */
const char *given_paid(struct assay_case *t, struct peer_want want);
const char *given_key(struct assay_case *t);  /**< an Idempotency-Key nobody has used */
const char *given_uuid(struct assay_case *t); /**< a version-4 UUID of our own, never issued */

/** peer_send_held with these headers. */
struct peer_pending *given_running(struct assay_case *t, const char *label, struct peer_want want,
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
const char *pt_hash_of(struct assay_case *t, struct peer_want want);

/* Sending. */
const struct peer_answer *pt_send(struct assay_case *t, const char *label, struct peer_want want,
                                  struct pt_with with);
const struct peer_answer *pt_send_to(struct assay_case *t, struct instance *instance,
                                     const char *label, struct peer_want want, struct pt_with with);
/** While the other runs: its run is counted among those before. */
const struct peer_answer *pt_send_during(struct assay_case *t, const struct peer_pending *pending,
                                         const char *label, struct peer_want want,
                                         struct pt_with with);
/** All at once, their last bytes held back; with[i] for each of n. answers[i] share `before`. */
const struct peer_answer *const *pt_burst(struct assay_case *t, const char *label,
                                          const struct peer_want *wants,
                                          const struct pt_with *withs, size_t n);
/** n copies of one request. */
const struct peer_answer *const *pt_copies(struct assay_case *t, const char *label,
                                           struct peer_want want, struct pt_with with, size_t n);
/** The bytes of such a request, for scenarios that cut or bend them; send with peer_raw. */
struct assay_bytes pt_bytes(struct assay_case *t, struct peer_want want, struct pt_with with,
                            bool close);
const struct peer_answer *pt_series_send(struct assay_case *t, struct peer_series *series,
                                         struct peer_want want, struct pt_with with);

/** The offer of that request, or NULL where the answer (in *answer) is no challenge: for requests
 * that a correct server may refuse to price. */
const struct pt_offer *pt_try_offer(struct assay_case *t, const char *label, struct peer_want want,
                                    const struct peer_answer **answer);
/** A burst whose handler runs are all held until a second one has begun or a moment has passed, so
 * that whoever checks first and records later is met in between. A plain burst where the handler
 * is not the origin role. */
const struct peer_answer *const *pt_burst_held(struct assay_case *t, const char *label,
                                               const struct peer_want *wants,
                                               const struct pt_with *withs, size_t n);
/** n offers of one request and their payments, asked for in bursts; headers[i] for
 * X-Payment-Proof. `broken` when one does not come. */
const char *const *given_paid_many(struct assay_case *t, struct peer_want want, size_t n);
/** When that challenge ends, by the server's clock. `broken` when its expiry cannot be read. */
int64_t pt_expiry_ms(struct assay_case *t, const struct pt_challenge *challenge);

/* Looking. */
/** The challenge of a 402: its body, or PAYMENT-REQUIRED where the body has none. Fails as the
 *  parsers of these do. */
enum assay_code pt_challenge_of(struct pt_challenge *out, const struct peer_answer *answer,
                                struct assay_err *err) ASSAY_MUST_USE;
bool pt_is_granted(struct assay_case *t,
                   const struct peer_answer *answer); /**< 2xx of a priced route */
bool pt_is_replay(const struct peer_answer *answer);
size_t pt_count_granted(struct assay_case *t, const struct peer_answer *const *answers, size_t n);

/* Judging: records expected and seen, and ends the case as `fail` when it does not hold. */
/** A paid answer: 2xx, and the handler ran once more (where that can be counted). */
#define expect_granted(t, answer) (PEER_HERE(t), (expect_granted)((t), (answer)))
/** Sends each of the n in a series; each is refused or closed. `what` names them all: "one bit
 * flipped". */
#define expect_all_refused(t, what, want, withs, n)                                                \
    (PEER_HERE(t), (expect_all_refused)((t), (what), (want), (withs), (n)))
/** 402 with a complete challenge for that request, and the handler did not run. */
#define expect_challenge(t, answer, want) (PEER_HERE(t), (expect_challenge)((t), (answer), (want)))
/** The stored answer again: same status, body and content type, marked as replay, and the handler
 * did not run. */
#define expect_replayed(t, answer, first) (PEER_HERE(t), (expect_replayed)((t), (answer), (first)))
/** Exactly n of them were granted, and the handler ran n times for them; the others were refused.
 */
#define expect_granted_count(t, answers, total, n)                                                 \
    (PEER_HERE(t), (expect_granted_count)((t), (answers), (total), (n)))
/** A proof of that header still buys once. */
#define expect_still_buys(t, want, with) (PEER_HERE(t), (expect_still_buys)((t), (want), (with)))

void(expect_granted)(struct assay_case *t, const struct peer_answer *answer);
void(expect_all_refused)(struct assay_case *t, const char *what, struct peer_want want,
                         const struct pt_with *withs, size_t n);
void(expect_challenge)(struct assay_case *t, const struct peer_answer *answer,
                       struct peer_want want);
void(expect_replayed)(struct assay_case *t, const struct peer_answer *answer,
                      const struct peer_answer *first);
void(expect_granted_count)(struct assay_case *t, const struct peer_answer *const *answers,
                           size_t total, size_t n);
void(expect_still_buys)(struct assay_case *t, struct peer_want want, struct pt_with with);

#endif
