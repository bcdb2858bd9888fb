/** The challenge of a 402 answer. Source: paid-tools digest, section 2. */
#ifndef PT_CHALLENGE_H
#define PT_CHALLENGE_H

#include "base/time.h"
#include "base/uuid.h"
#include "paid_tools/request.h"

#define PT_CHALLENGE_MAX_BYTES 16384 /**< JSON text; above: TOO_LARGE */
#define PT_TEXT_MAX_BYTES                                                                          \
    256 /**< scheme, price, asset, network, recipient, description; NUL included */
#define PT_DEFAULT_TTL_MS 300000
#define PT_GRACE_MS 60000 /**< a nonce is remembered this long past its expiry: rule NS-4 */

/** Everything a challenge says; plain texts, each valid UTF-8. */
struct pt_challenge {
    uint64_t version;               /**< always 1 */
    char scheme[PT_TEXT_MAX_BYTES]; /**< "exact" unless the route says otherwise */
    char price[PT_TEXT_MAX_BYTES];  /**< decimal in whole units, "0.001" */
    char asset[PT_TEXT_MAX_BYTES];
    char network[PT_TEXT_MAX_BYTES];
    char recipient[PT_TEXT_MAX_BYTES];
    char nonce[PT_TEXT_MAX_BYTES];      /**< a version-4 UUID from a correct server */
    char expires_at[PT_TEXT_MAX_BYTES]; /**< ASSAY_TIME text from a correct server */
    char request_hash[PT_TEXT_MAX_BYTES];
    char description[PT_TEXT_MAX_BYTES]; /**< empty: omitted */
    uint64_t timeout_s; /**< the lifetime, for the bridge's maxTimeoutSeconds; not in the body */
};

/** Appends {"x402":{…}} with the members in the order of section 2. */
void pt_challenge_write(struct assay_buf *out, const struct pt_challenge *challenge);
/** Reads a 402 body: an object with exactly one member x402 whose members have the right JSON types
 *  (texts keep whatever they say; judging them is pt_challenge_check's work). Unchanged on failure.
 *  MALFORMED, TYPE, MISSING (err names the member), TOO_LARGE. */
enum assay_code pt_challenge_parse(struct pt_challenge *out, struct assay_bytes body,
                                   struct assay_err *err) ASSAY_MUST_USE;
/** Whether a challenge is one that the rules allow (CH-1, CH-2, CH-3): version 1, nonce a
 * lower-case v4 UUID, expires_at of the one form, request_hash equal to `hash`. err says which is
 * not. */
enum assay_code pt_challenge_check(const struct pt_challenge *challenge, const char *hash,
                                   struct assay_err *err) ASSAY_MUST_USE;

#endif
