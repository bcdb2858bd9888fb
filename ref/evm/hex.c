/* Bytes as 0x and hex digits; see hex.h. */
#include "evm/hex.h"

#include "base/hex.h"

enum assay_code evm_hex_decode(uint8_t *out, size_t out_len, struct assay_bytes text)
{
    if (!assay_bytes_is(assay_bytes_part(text, 0, EVM_HEX_PREFIX_CHARS), EVM_HEX_PREFIX))
        return ASSAY_E_MALFORMED;
    return assay_hex_decode(out, out_len, assay_bytes_part(text, EVM_HEX_PREFIX_CHARS, text.len),
                            false);
}
