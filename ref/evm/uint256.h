/** Unsigned numbers of 256 bits, and their canonical decimal text: what amounts, times and chain
 *  ids of Ethereum are. Texts have no sign, no leading zero, no exponent and no other base. */
#ifndef EVM_UINT256_H
#define EVM_UINT256_H

#include "base/err.h"

#define EVM_WORD_BYTES 32
#define EVM_UINT256_TEXT_MAX_BYTES 79 /**< 78 digits and a NUL */

struct evm_uint256 {
    uint8_t at[EVM_WORD_BYTES]; /**< big-endian, as it is hashed */
};

struct evm_uint256 evm_uint256_of(uint64_t number);
/** False, and unchanged: above 2^64-1. */
bool evm_uint256_u64(uint64_t *out, const struct evm_uint256 *number);
/** -1, 0 or 1. */
int evm_uint256_compare(const struct evm_uint256 *a, const struct evm_uint256 *b);

/** False, and unchanged: above 2^256-1, or below 0. */
bool evm_uint256_add(struct evm_uint256 *number, uint64_t more);
bool evm_uint256_subtract(struct evm_uint256 *number, uint64_t less);

/** MALFORMED: not a canonical integer. RANGE: above 2^256-1. Unchanged on failure. */
enum assay_code evm_uint256_parse(struct evm_uint256 *out, struct assay_bytes text) ASSAY_MUST_USE;
void evm_uint256_text(char out[EVM_UINT256_TEXT_MAX_BYTES], const struct evm_uint256 *number);

#endif
