/* Hexadecimal text; see hex.h. */
#include "base/hex.h"

void assay_hex_encode(char *out, struct assay_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = digits[bytes.at[i] >> 4];
        *out++ = digits[bytes.at[i] & 15];
    }
    *out = '\0';
}

void assay_buf_add_hex(struct assay_buf *out, struct assay_bytes bytes)
{
    enum { PART = 64 };
    char text[2 * PART + 1];

    for (size_t at = 0; at < bytes.len; at += PART) {
        assay_hex_encode(text, assay_bytes_part(bytes, at, at + PART));
        assay_buf_add_str(out, text);
    }
}

/* The value of a digit, or -1. */
static int digit_value(uint8_t c, bool lower_only)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (!lower_only && c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum assay_code assay_hex_decode(uint8_t *out, size_t out_len, struct assay_bytes text,
                                 bool lower_only)
{
    if (text.len % 2 != 0 || text.len / 2 != out_len)
        return ASSAY_E_MALFORMED;
    for (size_t i = 0; i < text.len; i++) {
        if (digit_value(text.at[i], lower_only) < 0)
            return ASSAY_E_MALFORMED;
    }
    for (size_t i = 0; i < out_len; i++) {
        int high = digit_value(text.at[2 * i], false);
        int low = digit_value(text.at[2 * i + 1], false);

        out[i] = (uint8_t)(high * 16 + low);
    }
    return ASSAY_OK;
}
