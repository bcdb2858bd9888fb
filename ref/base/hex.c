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

/* What a character is worth as a digit. NOT marks what is none, UPPER what is a capital. */
enum { NOT = 0x80, UPPER = 0x40, WORTH = 0x0F };

#define NONE16 NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT
static const uint8_t digit[256] = {
    /* clang-format off */
    NONE16, NONE16, NONE16,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, NOT, NOT, NOT, NOT, NOT, NOT,
    NOT, UPPER | 10, UPPER | 11, UPPER | 12, UPPER | 13, UPPER | 14, UPPER | 15,
    NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT,
    NONE16,
    NOT, 10, 11, 12, 13, 14, 15, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT,
    NONE16, NONE16, NONE16, NONE16, NONE16, NONE16, NONE16, NONE16, NONE16,
    /* clang-format on */
};

enum assay_code assay_hex_decode(uint8_t *out, size_t out_len, struct assay_bytes text,
                                 bool lower_only)
{
    uint8_t seen = 0;

    if (text.len % 2 != 0 || text.len / 2 != out_len)
        return ASSAY_E_MALFORMED;
    for (size_t i = 0; i < text.len; i++)
        seen |= digit[text.at[i]];
    if ((seen & (lower_only ? NOT | UPPER : NOT)) != 0)
        return ASSAY_E_MALFORMED;
    for (size_t i = 0; i < out_len; i++)
        out[i] =
            (uint8_t)((digit[text.at[2 * i]] & WORTH) << 4 | (digit[text.at[2 * i + 1]] & WORTH));
    return ASSAY_OK;
}
