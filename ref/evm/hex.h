/** Bytes as Ethereum writes them: 0x and hex digits of either case. */
#ifndef EVM_HEX_H
#define EVM_HEX_H

#include "base/err.h"

#define EVM_HEX_PREFIX "0x"
#define EVM_HEX_PREFIX_CHARS 2

/** Exactly out_len bytes; unchanged on failure. MALFORMED: another prefix or length, or no digits.
 */
enum assay_code evm_hex_decode(uint8_t *out, size_t out_len,
                               struct assay_bytes text) ASSAY_MUST_USE;

#endif
