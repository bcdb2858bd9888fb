/** What a payer is asked to consent to before a key is made, anything is stored, signed or sent:
 * one object for one operation on a batch channel, and the limits that it must keep.
 *
 *  Amounts are sompi within 63 bits, scores DAA. Source: Kaspa x402 batch digest, section 5.4;
 *  client digest, section 2 (F2) and CL-06 to CL-12.
 */
#ifndef KX_INTENT_H
#define KX_INTENT_H

#include "base/sig.h"
#include "kaspa/tx.h"
#include "kaspa_x402/batch.h"

enum kx_intent_operation {
    KX_INTENT_OPEN,   /**< a deposit, and the first charge on it */
    KX_INTENT_CHARGE, /**< one more charge on what is there */
    KX_INTENT_TOP_UP, /**< more funding, and a charge on it */
};

struct kx_intent {
    enum kx_intent_operation operation;
    struct assay_bytes origin, resource, network, pay_to, funding_source;
    struct assay_bytes identifier; /**< empty: null */
    uint8_t server[ASSAY_XONLY_BYTES];
    bool has_channel; /**< but where one is opened: client, channel_id and covenant_id are known */
    uint8_t client[ASSAY_XONLY_BYTES], channel_id[32];
    struct kaspa_hash covenant_id;
    uint8_t fingerprint[32], requirements[32], context[32];

    uint64_t charge;
    bool has_mcp_charge; /**< a failed tool call costs the charge, too */
    uint64_t before;     /**< T so far */
    uint64_t claimed;    /**< S */
    uint64_t deposit, funding, top_up, reserve;
    uint64_t timeout_daa, current_daa; /**< current: of the payer's own node */

    /* what follows from these (kx_intent_complete) */
    uint64_t after, resulting_funding, exposure, distance_daa;
};

/* fault, what a person is told */
#define KX_INTENT_FAULTS(X)                                                                        \
    X(CHARGE, "the charge is 0")                                                                   \
    X(RANGE, "a sum passes 2^63 - 1")                                                              \
    X(CLAIMED, "more was claimed than was ever authorized")                                        \
    X(OPEN, "opening a channel takes a deposit, and nothing that was there before")                \
    X(CHANNEL, "a charge and a top-up are of a channel that is there")                             \
    X(TOP_UP, "a charge brings no funding, and a top-up some")                                     \
    X(RESERVE, "what can still be claimed and the reserve do not fit in the funding")              \
    X(TIMEOUT, "the refund is not ahead")

#define KX_INTENT_ENUM(fault, text) KX_INTENT_FAULT_##fault,
enum kx_intent_fault { KX_INTENT_OK, KX_INTENT_FAULTS(KX_INTENT_ENUM) KX_INTENT_FAULT__COUNT };
#undef KX_INTENT_ENUM

/** Fills what follows from the rest, where the rest makes sense. */
enum kx_intent_fault kx_intent_complete(struct kx_intent *intent) ASSAY_MUST_USE;
const char *kx_intent_fault_text(enum kx_intent_fault fault);

/** Appends the canonical object of thirty members; what is consented to is its digest. */
enum assay_code kx_intent_write(struct assay_buf *out,
                                const struct kx_intent *intent) ASSAY_MUST_USE;
/** TOO_LARGE, NOMEM. out: unchanged on failure. */
enum assay_code kx_intent_digest(uint8_t out[32], const struct kx_intent *intent) ASSAY_MUST_USE;

/** Every one of them is needed. */
struct kx_intent_limits {
    uint64_t charge, deposit, top_up, total, exposure; /**< the most, inclusive */
    uint64_t refund_lead_daa;                          /**< the least distance, inclusive */
    uint64_t refund_horizon_daa; /**< the distance must be below it; 0 allows nothing */
};

/* limit, the policy's member, what a person is told */
#define KX_INTENT_LIMITS(X)                                                                        \
    X(CHARGE, "maximumBatchChargeSompi", "the charge is above what may be charged at once")        \
    X(DEPOSIT, "maximumInitialDepositSompi", "the deposit is above what may be deposited")         \
    X(TOP_UP, "maximumTopUpSompi", "the top-up is above what may be added at once")                \
    X(TOTAL, "maximumCumulativeAuthorizationSompi",                                                \
      "the channel's total is above what may be authorized")                                       \
    X(EXPOSURE, "maximumTotalExposureSompi",                                                       \
      "what was ever put into the channel is above what may be at risk in one")                    \
    X(LEAD, "minimumRefundLeadDaa", "the refund opens too soon")                                   \
    X(HORIZON, "maximumRefundHorizonDaa",                                                          \
      "the refund opens too late: money would be locked up "                                       \
      "for longer than is allowed")

#define KX_INTENT_LIMIT_ENUM(limit, member, text) KX_INTENT_LIMIT_##limit,
enum kx_intent_limit {
    KX_INTENT_WITHIN,
    KX_INTENT_LIMITS(KX_INTENT_LIMIT_ENUM) KX_INTENT_LIMIT__COUNT
};
#undef KX_INTENT_LIMIT_ENUM

/** The first limit that a completed intent passes. */
enum kx_intent_limit kx_intent_judge(const struct kx_intent *intent,
                                     const struct kx_intent_limits *limits);
const char *kx_intent_limit_member(enum kx_intent_limit limit);
const char *kx_intent_limit_text(enum kx_intent_limit limit);

#endif
