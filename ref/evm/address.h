/** Addresses: the last 20 bytes of a key's Keccak-256, and their text with the checksum of EIP-55,
 *  which is in the case of the letters. */
#ifndef EVM_ADDRESS_H
#define EVM_ADDRESS_H

#include "base/sig.h"

#define EVM_ADDRESS_BYTES 20
#define EVM_ADDRESS_TEXT_BYTES 43 /**< 0x, 40 digits and a NUL */

struct evm_address {
    uint8_t at[EVM_ADDRESS_BYTES];
};

bool evm_address_equal(const struct evm_address *a, const struct evm_address *b);
/** With the checksum. */
void evm_address_text(char out[EVM_ADDRESS_TEXT_BYTES], const struct evm_address *address);
/** Letters of one case are taken as they are: they have no checksum. MALFORMED: not 0x and 40 hex
 *  digits; MISMATCH: letters of both cases that are not the checksum's. Unchanged on failure. */
enum assay_code evm_address_parse(struct evm_address *out, struct assay_bytes text) ASSAY_MUST_USE;

/** whole: a public key of ASSAY_PUBKEY_WHOLE_BYTES. */
void evm_address_of_pubkey(struct evm_address *out, const uint8_t *whole);
/** RANGE: the key was never made. */
enum assay_code evm_address_of_key(struct evm_address *out,
                                   const struct assay_key *key) ASSAY_MUST_USE;

#endif
