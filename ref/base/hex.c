/* Hexadecimal text; see hex.h. */
#include "base/hex.h"

#include "base/planted.h"

/* The digits of each byte, in their order. */
#define ROW(high)                                                                                  \
    high "0" high "1" high "2" high "3" high "4" high "5" high "6" high "7" high "8" high "9" high \
         "a" high "b" high "c" high "d" high "e" high "f"
static const char pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7")
    ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");

void assay_hex_encode(char *out, struct assay_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        memcpy(out + 2 * i, pairs + 2 * (size_t)bytes.at[i], 2);
    out[2 * bytes.len] = '\0';
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
    for (size_t i = 0; i < text.len; i += 2)
        seen |= digit[text.at[i]] | digit[text.at[i + 1]];
    if ((seen & (lower_only && !PLANTED(hex_capitals) ? NOT | UPPER : NOT)) != 0)
        return ASSAY_E_MALFORMED;
    for (size_t i = 0; i < out_len; i++)
        out[i] = (uint8_t)(digit[text.at[2 * i]] << 4 | (digit[text.at[2 * i + 1]] & WORTH));
    return ASSAY_OK;
}
