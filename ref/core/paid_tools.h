/** The decision core of a paid-tools server: events in, actions out.
 *
 *  No I/O, no clock, no randomness of its own: what happens in the world is told to it, and what it
 * wants done it returns. The server, the stateful fuzz target and tests in virtual time drive the
 * same code:
 *
 *      pt_core_request(&r, core, &event)      -> action
 *      while (action is not PT_DO_RESPOND)
 *          carry it out; pt_core_store(...) or pt_core_origin(...) -> next action
 *
 *  Order of decisions: paid-tools digest, section 5. Rule sets: section 10a.
 */
#ifndef PT_CORE_H
#define PT_CORE_H

#include "paid_tools/bridge.h"
#include "paid_tools/mcp.h"
#include "paid_tools/nonce.h"
#include "store/store.h"

enum pt_rules { PT_RULES_BASE, PT_RULES_HARDENED };
enum pt_wire { PT_WIRE_TOOLKIT, PT_WIRE_COINBASE, PT_WIRE_DUAL };

struct pt_route {
    const char *method;      /**< "GET": HEAD of it is priced as well; "POST" */
    const char *path;        /**< a canonical path; one that ends in '*' matches every path below */
    const char *price;       /**< NULL: free */
    const char *description; /**< NULL: none */
};

struct pt_core {
    enum pt_rules rules;
    enum pt_wire wire;
    struct assay_bytes secret;
    const char *asset, *network, *recipient;
    unsigned places; /**< decimal places of the asset, for the bridge */
    int64_t ttl_ms;
    int64_t key_ttl_ms;     /**< keyed answers; 1 h */
    int64_t sweep_every_ms; /**< a sweep is asked for when the last one is older */
    uint32_t
        rate_per_second; /**< 0: no limit. Over it: 429 with Retry-After, before anything is read */
    size_t body_max_bytes;    /**< for messages only; the network layer enforces it */
    const char *price_of_all; /**< what every priced route and tool costs instead of its own price;
                                 NULL: its own */
    const struct pt_route *routes;
    size_t route_count;
    const char *mcp_path;         /**< NULL: no MCP surface */
    const char *const *mcp_tools; /**< NULL-terminated: known tools, all priced alike */
    const char *mcp_price;
};

/** Fails with the sentence that tells an operator what to change: DENIED (secret empty, short or
 * the default outside dev mode, SG-2), RANGE (a price that is no amount, UC-1), MALFORMED (a
 * route). */
enum assay_code pt_core_check(const struct pt_core *core, bool dev_mode,
                              struct assay_err *err) ASSAY_MUST_USE;

/** What the network layer received. Slices must live until the response was taken. */
struct pt_event_request {
    struct pt_request request;
    struct assay_bytes proof;  /**< X-Payment-Proof; repeated ones joined by ", "; empty: none */
    struct assay_bytes bridge; /**< PAYMENT-SIGNATURE, likewise */
    struct assay_bytes key;    /**< Idempotency-Key, likewise */
    struct assay_bytes content_type; /**< of the request; passed on, outside the hash */
    bool connection_paid; /**< an earlier request of the same connection was granted; ignored by
                               a correct server */
    int64_t now_ms;       /**< wall clock */
    int64_t floor_ms;     /**< ref_store floor; time never runs below it */
    int64_t last_sweep_ms;
    uint64_t requests_this_second; /**< this one included */
    uint8_t random[16];
};

enum pt_do {
    PT_DO_STORE_LOOKUP, /**< ops->lookup(claim) then pt_core_store */
    PT_DO_STORE_BEGIN,  /**< ops->begin(claim) then pt_core_store */
    PT_DO_STORE_FINISH, /**< ops->finish(claim, outcome, answer) then pt_core_store */
    PT_DO_ORIGIN,       /**< run the protected handler on `forward`, then pt_core_origin */
    PT_DO_RESPOND,      /**< the end: send `response` */
};

struct pt_forward {
    struct assay_bytes method;
    struct assay_bytes target; /**< canonical: exactly what was hashed */
    struct assay_bytes body;
    struct assay_bytes content_type;
};

struct pt_response {
    int status;
    struct assay_bytes content_type; /**< empty: none */
    struct assay_bytes body;
    const char *cache_control;           /**< NULL: none */
    struct assay_bytes payment_required; /**< PAYMENT-REQUIRED header; empty: none */
    bool replay;                         /**< x-idempotent-replay: true */
    const char *allow;                   /**< Allow header of a 405, "GET, HEAD"; NULL: none */
    unsigned retry_after_s;              /**< 0: none */
    bool granted;                        /**< a paid answer (for connection_paid and logs) */
};

struct pt_action {
    enum pt_do kind;
    struct ref_claim claim;
    enum ref_outcome outcome;
    struct ref_answer answer;
    bool store_answer; /**< of FINISH: pass &answer, else NULL */
    struct pt_forward forward;
    struct pt_response response;
    bool sweep;       /**< beside the action: call ops->sweep(claim.now_ms) first */
    const char *rule; /**< of a refusal: the rule that decided, for logs; else NULL */
};

/** One request on its way. Opaque but for its size; about 64 KiB: allocate, do not put on a small
 * stack. */
struct pt_core_request;

struct pt_core_request *pt_core_request_new(const struct pt_core *core); /**< NULL: out of memory */
void pt_core_request_free(struct pt_core_request *r);

struct pt_action pt_core_request(struct pt_core_request *r, const struct pt_event_request *event);
/** code: what the store call returned; result and found as it set them. */
struct pt_action pt_core_store(struct pt_core_request *r, enum assay_code code,
                               enum ref_claim_result result, const struct ref_found *found);
/** code: ASSAY_OK with the handler's answer (any status), or why there is none (TIMEOUT, CLOSED,
 * IO, TOO_LARGE). The answer's slices, like those of `found` above, must live until the response
 * was taken.
 *
 *  What becomes of the payment (CG-1): an answer below 500 spends it. A 5xx or none at all spends
 * it under the base rules and leaves it usable until its expiry under the hardened ones. An answer
 * below 500 is stored under the key, but a 402 or 409 of the handler's own is not (IK-4). If the
 * answer cannot be recorded, nothing is delivered (503) and the reservation stays: the store's
 * record of a payment with unknown outcome. */
struct pt_action pt_core_origin(struct pt_core_request *r, enum assay_code code,
                                const struct ref_answer *answer);

#endif
