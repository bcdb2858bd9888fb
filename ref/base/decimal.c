/* Money as decimal text, in integers only; see decimal.h. */
#include "base/decimal.h"

#include "base/planted.h"

#include <assert.h>
#include <stdio.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* value * 10 + digit, or false where that passes 2^64-1. */
static bool push_digit(uint64_t *value, uint8_t digit)
{
    uint64_t d = (uint64_t)(digit - '0');

    if (*value > (PLANTED(decimal_wraps) ? UINT64_MAX : UINT64_MAX - d) / 10)
        return false;
    *value = *value * 10 + d;
    return true;
}

/* The length of the canonical integer that text starts with, or 0. */
static size_t integer_len(struct assay_bytes text)
{
    size_t len = 0;

    while (len < text.len && is_digit(text.at[len]))
        len++;
    return len > 1 && text.at[0] == '0' ? 0 : len;
}

enum assay_code assay_decimal_u64(uint64_t *out, struct assay_bytes text)
{
    uint64_t value = 0;

    if (text.len == 0 || integer_len(text) != text.len)
        return ASSAY_E_MALFORMED;
    for (size_t i = 0; i < text.len; i++) {
        if (!push_digit(&value, text.at[i]))
            return ASSAY_E_RANGE;
    }
    *out = value;
    return ASSAY_OK;
}

static bool is_price(struct assay_bytes text, size_t whole)
{
    if (whole == 0)
        return false;
    if (whole == text.len)
        return true;
    if (text.at[whole] != '.' || whole + 1 == text.len)
        return false;
    for (size_t i = whole + 1; i < text.len; i++) {
        if (!is_digit(text.at[i]))
            return false;
    }
    return true;
}

enum assay_code assay_decimal_price(uint64_t *atomic, struct assay_bytes text, unsigned places)
{
    size_t whole = integer_len(text);
    uint64_t value = 0;
    size_t at;

    assert(places <= ASSAY_DECIMAL_MAX_PLACES);
    if (!is_price(text, whole))
        return ASSAY_E_MALFORMED;
    for (at = 0; at < whole; at++) {
        if (!push_digit(&value, text.at[at]))
            return ASSAY_E_RANGE;
    }
    at = whole + 1; /* behind the point, or past the end */
    for (unsigned i = 0; i < places; i++, at++) {
        if (!push_digit(&value, at < text.len ? text.at[at] : '0'))
            return ASSAY_E_RANGE;
    }
    for (; at < text.len && !PLANTED(price_places); at++) {
        if (text.at[at] != '0')
            return ASSAY_E_RANGE;
    }
    *atomic = value;
    return ASSAY_OK;
}

void assay_decimal_price_text(char *out, uint64_t atomic, unsigned places)
{
    char digits[ASSAY_DECIMAL_TEXT_MAX_BYTES];
    size_t whole, len;

    assert(places <= ASSAY_DECIMAL_MAX_PLACES);
    /* zeros in front, so that there is a digit before the point */
    len = (size_t)snprintf(digits, sizeof(digits), "%0*llu", (int)places + 1,
                           (unsigned long long)atomic);
    assert(len < sizeof(digits));
    whole = len - places;
    while (len > whole && digits[len - 1] == '0')
        len--;
    memcpy(out, digits, whole);
    out += whole;
    if (len > whole) {
        *out++ = '.';
        memcpy(out, digits + whole, len - whole);
        out += len - whole;
    }
    *out = '\0';
}
