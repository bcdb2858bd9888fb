/** Nonces of the hardened rule set: version-4 UUIDs that prove where they came from.
 *
 *  Source: paid-tools digest, section 10a (NS-5, EX-2). Of the 122 free bits 58 are random and 64 a
 *  truncated HMAC-SHA256 over everything that must not change between challenge and proof, under a
 *  key derived from the secret for this purpose alone. So a server keeps nothing per challenge,
 *  and an expiry, price or request that was not issued with a nonce is refused with it.
 */
#ifndef PT_NONCE_H
#define PT_NONCE_H

#include "paid_tools/proof.h"

/** The 16 bytes of a nonce in the one form that is taken (NS-3). MALFORMED: no lower-case v4 UUID.
 */
enum assay_code pt_nonce_parse(uint8_t out[16], struct assay_bytes text) ASSAY_MUST_USE;
/** Writes challenge->nonce from 16 random bytes; request_hash, expires_at, price, asset, network
 * and recipient of the challenge must stand already. */
void pt_nonce_issue(struct pt_challenge *challenge, struct assay_bytes secret,
                    const uint8_t random[16]);
/** ASSAY_OK when the nonce is one that pt_nonce_issue made for those terms. MALFORMED: no
 * lower-case v4 UUID. DENIED: never issued, or other terms. `terms` is the challenge as the server
 * would issue it now, with nonce and expires_at replaced by the proof's. */
enum assay_code pt_nonce_check(const struct pt_challenge *terms,
                               struct assay_bytes secret) ASSAY_MUST_USE;

#endif
