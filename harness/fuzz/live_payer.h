/** How a profile pays in live fuzzing: one table a profile, over the verbs of its peer header.
 *
 *  What it makes belongs to the case. Whoever cannot make an offer or a payment ends the case as
 *  `broken`, as the verbs do.
 */
#ifndef FUZZ_LIVE_PAYER_H
#define FUZZ_LIVE_PAYER_H

#include "fuzz/live_request.h"
#include "run/case.h"

#define LIVE_WAYS_MAX 4

/** What an endpoint of the target file is to the fuzzer. */
enum live_endpoint {
    LIVE_PAID,  /**< sold: asked for, and paid for */
    LIVE_ASKED, /**< sold, but not to this payer: only asked for */
    LIVE_FREE,  /**< not sold: what it runs needs no payment */
    LIVE_UNUSED /**< a surface of another endpoint */
};

struct live_way {
    const char *name; /**< in sequences: "proof"; of the first that fits an endpoint also "" */
    struct live_carrier carrier;
};

struct live_payer {
    const char *profile;
    const char *const *headers; /**< names of the profile's request headers, NULL-terminated */
    bool may_put_off;           /**< 429, 503, 504, and 500 with Retry-After, may be answered while
                                     a role is waited for: the identical request decides */
    bool has_keys;              /**< knows Idempotency-Key */
    /** A key alone may bring the stored answer again, by the rules that the target is judged by.
     * NULL: it may not. */
    bool (*key_answers)(const struct target *target);
    /** Why this target cannot be fuzzed with payments; NULL: it can. */
    const char *(*lacks)(const struct target *target);
    enum live_endpoint (*endpoint)(const struct target *target, const char *name);
    /** The ways that fit an endpoint, the usual one first; how many. */
    size_t (*ways)(const struct live_way *out[LIVE_WAYS_MAX], const struct target *target,
                   const char *endpoint);
    /** A new honest payment. */
    const void *(*pay)(struct assay_case *t, const char *endpoint, const struct live_way *way);
    /** The bytes of an honest request. payment NULL: without one; key NULL: likewise. */
    struct assay_bytes (*request)(struct assay_case *t, const char *endpoint,
                                  const struct live_way *way, const void *payment, const char *key);
    /** See live_carrier; of that payment. */
    const char *(*mark)(const void *payment, const struct live_way *way);
    /** Distinct payments that a role took so far, whoever made them: where a bent payment may be a
     *  good one of its own. NULL: only what `pay` made is good. */
    uint64_t (*taken)(struct assay_case *t);
};

/** NULL: that profile's servers cannot be fuzzed by this version. */
const struct live_payer *live_payer_of(const char *profile);
extern const struct live_payer live_paid_tools, live_x402, live_kaspa_x402;

/** The way of that name for the endpoint; "" or one that does not fit: the usual one. NULL: none
 *  fits. */
const struct live_way *live_way_of(const struct live_payer *payer, const struct target *target,
                                   const char *endpoint, const char *name);

#endif
