/** Payment proofs: header text to members, members to verdict. Source: paid-tools digest,
 * section 3.
 *
 *  Verifier order: decode (PF-1, PF-2), version (PF-3), requestHash (RH-1), expiry (EX-1, EX-3),
 *  MAC (SG-1). Where the nonce came from is paid_tools/nonce.h (NS-5, EX-2).
 */
#ifndef PT_PROOF_H
#define PT_PROOF_H

#include "base/json.h"
#include "base/mac.h"
#include "paid_tools/challenge.h"

#define PT_PROOF_HEADER_MAX_BYTES 8192 /**< a longer header is refused unread: RS-2 */
#define PT_SECRET_MIN_BYTES 32         /**< SG-2 */
#define PT_SECRET_MAX_BYTES 1024
#define PT_DEFAULT_SECRET "mock-secret" /**< the public default, refused outside dev mode: SG-2 */
#define PT_EXPIRY_SKEW_MS 2000          /**< allowed beyond TTL by EX-3 */

struct pt_proof {
    uint64_t version;
    char nonce[PT_PROOF_HEADER_MAX_BYTES]; /**< identity of the payment: the exact JSON text (NS-3)
                                            */
    char request_hash[PT_TEXT_MAX_BYTES];
    char payer[PT_TEXT_MAX_BYTES];      /**< free text, unsigned */
    char timestamp[PT_TEXT_MAX_BYTES];  /**< unsigned, used for nothing */
    char expires_at[PT_TEXT_MAX_BYTES]; /**< as sent */
    int64_t expires_ms;                 /**< parsed */
    char signature[PT_TEXT_MAX_BYTES];  /**< 64 lower-case hex digits when well-formed */
};

/** Decodes the value of X-Payment-Proof: base64url without padding of a JSON object, strictly: all
 * members of section 3 with their JSON types, none of them twice; others are skipped. Unchanged on
 * failure. Any failure is a refusal of the peer, not trouble of ours: MALFORMED, TYPE, MISSING,
 * RANGE (a version above 64 bits), TOO_LARGE (header above its limit, and that alone). An expiry
 * that is no date of the one form is MALFORMED here. */
enum assay_code pt_proof_decode(struct pt_proof *out, struct assay_bytes header,
                                struct assay_err *err) ASSAY_MUST_USE;
/** The same from JSON text (the bridge gives that). */
enum assay_code pt_proof_parse(struct pt_proof *out, struct assay_bytes json,
                               struct assay_err *err) ASSAY_MUST_USE;
/** Reads all members but `version` from an object of a parsed text: what the bridge has in
 * `payload`. */
enum assay_code pt_proof_members(struct pt_proof *out, const struct assay_json *doc,
                                 uint32_t object, struct assay_err *err) ASSAY_MUST_USE;
/** Appends the JSON object with members in the order of section 3. */
void pt_proof_write(struct assay_buf *out, const struct pt_proof *proof);
/** Appends base64url of it: what a payer puts into the header. */
void pt_proof_encode(struct assay_buf *out, const struct pt_proof *proof);

/** 64 hex digits and a NUL: HMAC-SHA256(secret, nonce '|' request_hash). */
void pt_proof_mac(char out[PT_HASH_TEXT_BYTES], struct assay_bytes secret, struct assay_bytes nonce,
                  struct assay_bytes request_hash);
/** Fills everything a payer fills for that challenge, at that time. RANGE: a member too long. */
enum assay_code pt_proof_pay(struct pt_proof *out, const struct pt_challenge *challenge,
                             struct assay_bytes secret, const char *payer,
                             int64_t now_ms) ASSAY_MUST_USE;

struct pt_verify {
    struct assay_bytes secret;
    const char *request_hash; /**< recomputed by the verifier */
    int64_t now_ms;
    int64_t ttl_ms; /**< EX-3: an expiry later than now + ttl + skew is refused */
};

/** ASSAY_OK, or the first rule that fails: UNSUPPORTED (version, PF-3), MISMATCH (requestHash,
 * RH-1), EXPIRED (EX-1: at or after expiry), RANGE (EX-3), MALFORMED (nonce no UUID, NS-3), DENIED
 * (MAC, SG-1). *rule is set to the id of that rule. Constant time in the secret. */
enum assay_code pt_proof_verify(const struct pt_proof *proof, const struct pt_verify *with,
                                const char **rule, struct assay_err *err) ASSAY_MUST_USE;

#endif
