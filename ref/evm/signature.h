/** Signatures as contracts take them: r, s and v, from which the signer's address is recovered.
 *
 *  s is low (EIP-2, which tokens enforce too) and v is 27 or 28; so a signature has one form and
 *  cannot be bent into a second one of the same message.
 */
#ifndef EVM_SIGNATURE_H
#define EVM_SIGNATURE_H

#include "evm/address.h"

#define EVM_SIGNATURE_BYTES 65 /**< r and s, big-endian, and v */

/** Who signed a digest of 32 bytes. MALFORMED: v is neither 27 nor 28, or r or s is no number of
 *  the group; MISMATCH: s is high, or no key has made it. *why: that in words; NULL where OK.
 *  *out is unchanged on failure. A digest that is another gives another address, not a failure. */
enum assay_code evm_signature_recover(struct evm_address *out, const uint8_t *signature,
                                      const uint8_t *digest, const char **why) ASSAY_MUST_USE;
/** RFC 6979. RANGE: the key was never made. */
enum assay_code evm_signature_make(uint8_t *signature, const uint8_t *digest,
                                   const struct assay_key *key) ASSAY_MUST_USE;

#endif
