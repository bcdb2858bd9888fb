/** What a request on its way holds, and the answers it can get. Internal to the decision core. */
#ifndef PT_CORE_REQUEST_H
#define PT_CORE_REQUEST_H

#include "core/paid_tools.h"

/** An answer of the handler made into a tool result: each byte at most six characters. */
#define PT_CORE_BODY_MAX_BYTES (6 * (size_t)REF_STORE_BODY_MAX_BYTES + 65536)

/** What was asked last, and so what the next event answers. */
enum pt_step {
    PT_STEP_NEW,        /**< nothing yet */
    PT_STEP_LOOKUP,     /**< is the key known? */
    PT_STEP_BEGIN,      /**< reserve nonce and key */
    PT_STEP_ORIGIN,     /**< run the handler for a reserved payment */
    PT_STEP_FINISH,     /**< record what became of it; then `response` is sent */
    PT_STEP_DONE,       /**< the response was given */
    PT_STEP_UNGATED,    /**< of a defect: run the handler without payment */
    PT_STEP_EARLY,      /**< of a defect: run the handler, then look at the payment */
    PT_STEP_SPEND_ONLY, /**< of a defect: reserve, to finish at once and send `response` */
    PT_STEP_GLANCE,     /**< of a defect: reserve, only to see whether that is possible */
    PT_STEP_UNGLANCE,   /**< of a defect: give that reservation back */
};

struct pt_core_request {
    const struct pt_core *core;
    struct pt_event_request event;
    enum pt_step step;
    bool is_mcp;
    bool was_early; /**< of a defect: `early` is the handler's answer already */
    struct ref_claim claim;
    struct pt_response response; /**< sent when FINISH went well */
    struct ref_answer early;
    enum assay_code early_code;
    struct pt_mcp_message call;
    const char *price, *description;
    char hash[PT_HASH_TEXT_BYTES];
    bool has_proof; /**< `proof` holds a decoded one */
    struct pt_proof proof;
    struct pt_challenge challenge;
    struct assay_buf path;      /**< canonical */
    struct assay_buf target;    /**< canonical: what the handler is given */
    struct assay_buf id;        /**< of the JSON-RPC message */
    struct assay_buf arguments; /**< canonical */
    struct assay_buf identity;  /**< of a defect: what the payment is remembered by */
    struct assay_buf body;      /**< of the response */
    struct assay_buf header;    /**< PAYMENT-REQUIRED of the response */
};

/** A response of these parts and nothing else. */
struct pt_response pt_core_response(int status, struct assay_bytes content_type,
                                    struct assay_bytes body, const char *cache_control);
/** {"error":error,"hint":hint}; hint NULL: none. Never cacheable. */
struct pt_response pt_core_refusal(struct pt_core_request *r, int status, const char *error,
                                   const char *hint);
/** 402 for a proof that does not hold: one body, whatever the reason (section 5.1). */
struct pt_response pt_core_invalid(struct pt_core_request *r);
/** 402 for a nonce that was used. */
struct pt_response pt_core_replayed(struct pt_core_request *r);
/** 409: the key belongs to another request, or is not this payment's. Echoes the key (section 5.1).
 */
struct pt_response pt_core_conflict(struct pt_core_request *r, const char *error);
/** 402 with the challenge, in the form that core->wire says. Fills r->challenge. */
struct pt_response pt_core_challenge(struct pt_core_request *r);
/** The handler's answer, to HTTP or as a tool result. */
struct pt_response pt_core_deliver(struct pt_core_request *r, const struct ref_answer *answer);
/** A kept answer, once more. */
struct pt_response pt_core_replay(const struct ref_answer *answer);
/** The handler failed: its status, or 504 or 502 where there is none; nothing of its answer. */
struct pt_response pt_core_failed(struct pt_core_request *r, int status);
/** A JSON-RPC error. */
struct pt_response pt_core_rpc_error(struct pt_core_request *r, int status, int code,
                                     const char *message);
/** The answer to what is not payable on the MCP surface. */
struct pt_response pt_core_mcp_free(struct pt_core_request *r);

/** Lifetime of a challenge, in milliseconds. */
int64_t pt_core_lifetime_ms(const struct pt_core *core);
/** Fills terms as a challenge for this request says them, but for nonce and expiry. */
void pt_core_terms(struct pt_challenge *terms, const struct pt_core_request *r, const char *hash);

/** Actions: what is asked for next, and the step that its answer finds (paid_tools_payment.c). */
struct pt_action pt_core_ask(struct pt_core_request *r, enum pt_do kind, enum pt_step step);
/** The end. rule: the one that decided a refusal, or NULL. Without memory for the body: 503. */
struct pt_action pt_core_respond(struct pt_core_request *r, struct pt_response response,
                                 const char *rule);
struct pt_action pt_core_refuse(struct pt_core_request *r, int status, const char *error,
                                const char *rule);
/** 503: the store or memory failed us, and nothing is delivered. */
struct pt_action pt_core_unavailable(struct pt_core_request *r);
/** Runs the handler on the canonical request. */
struct pt_action pt_core_run(struct pt_core_request *r, enum pt_step step);
/** Whether the rate limit is passed, and the 429 that says so. */
bool pt_core_is_over_rate(const struct pt_core_request *r);
struct pt_action pt_core_limit_rate(struct pt_core_request *r);
/** The proof that counts: PAYMENT-SIGNATURE only where the other header is absent or empty. */
struct assay_bytes pt_core_offered(const struct pt_core_request *r);
/** Hash and price are known: key lookup, then payment. */
struct pt_action pt_core_gate(struct pt_core_request *r);

#endif
