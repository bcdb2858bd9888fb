/** EIP-712 a second time: the encoding laid out as bytes, and hashed when it is whole. */
#ifndef ASSAY_FUZZ_LIB_EIP712_H
#define ASSAY_FUZZ_LIB_EIP712_H

#include "base/buf.h"
#include "evm/keccak.h"

#define FUZZ_712_WORD 32

struct fuzz_712 {
    uint8_t words[16 * FUZZ_712_WORD];
    size_t len;
};

/** The type's hash is a structure's first word. */
void fuzz_712_init(struct fuzz_712 *s, const char *type);
void fuzz_712_text(struct fuzz_712 *s, struct assay_bytes text);
void fuzz_712_decimal(struct fuzz_712 *s, struct assay_bytes digits); /**< below 2^256 */
/** Hex digits behind 0x, at most 32 bytes, to the right of the word. */
void fuzz_712_hex(struct fuzz_712 *s, struct assay_bytes text);
/** What is signed. contract: its text, or empty. */
void fuzz_712_digest(uint8_t out[EVM_KECCAK_BYTES], const struct fuzz_712 *s,
                     struct assay_bytes name, struct assay_bytes version,
                     struct assay_bytes chain_id, struct assay_bytes contract);

#endif
