/* Strict base64 in both alphabets; see base64.h. */
#include "base/base64.h"

#include "base/planted.h"

static const char *alphabet(enum assay_base64 form)
{
    return form == ASSAY_BASE64_URL
               ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
               : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

void assay_base64_encode(struct assay_buf *out, enum assay_base64 form, struct assay_bytes bytes)
{
    const char *letters = alphabet(form);
    size_t i = 0;

    for (; bytes.len - i >= 3; i += 3) {
        uint8_t *at = assay_buf_extend(out, 4);

        if (at == NULL)
            return;
        at[0] = (uint8_t)letters[bytes.at[i] >> 2];
        at[1] = (uint8_t)letters[(bytes.at[i] & 3) << 4 | bytes.at[i + 1] >> 4];
        at[2] = (uint8_t)letters[(bytes.at[i + 1] & 15) << 2 | bytes.at[i + 2] >> 6];
        at[3] = (uint8_t)letters[bytes.at[i + 2] & 63];
    }
    if (i < bytes.len) {
        bool two = bytes.len - i == 2;
        uint8_t second = two ? bytes.at[i + 1] : 0;

        assay_buf_add_byte(out, (uint8_t)letters[bytes.at[i] >> 2]);
        assay_buf_add_byte(out, (uint8_t)letters[(bytes.at[i] & 3) << 4 | second >> 4]);
        if (two)
            assay_buf_add_byte(out, (uint8_t)letters[(second & 15) << 2]);
        if (form != ASSAY_BASE64_URL)
            assay_buf_add_str(out, two ? "=" : "==");
    }
}

/* The six bits of a letter, or -1. */
static int letter_value(uint8_t c, enum assay_base64 form)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (form == ASSAY_BASE64_URL ? '-' : '+'))
        return 62;
    if (c == (form == ASSAY_BASE64_URL ? '_' : '/'))
        return 63;
    return -1;
}

/* The letters without their padding, or MALFORMED at the offset of what is wrong. */
static enum assay_code check(size_t *letter_count, enum assay_base64 form, struct assay_bytes text,
                             struct assay_err *err)
{
    size_t count = text.len;
    size_t rest;

    if (form != ASSAY_BASE64_URL) {
        if (text.len % 4 != 0)
            return assay_fail(err, ASSAY_E_MALFORMED, text.len,
                              "base64: the length is no multiple of four");
        for (int pad = 0; pad < 2 && count > 0 && text.at[count - 1] == '='; pad++)
            count--;
    }
    for (size_t i = 0; i < count; i++) {
        if (letter_value(text.at[i], form) < 0)
            return assay_fail(err, ASSAY_E_MALFORMED, i,
                              "base64: a character outside the alphabet");
    }
    rest = count % 4;
    if (rest == 1)
        return assay_fail(err, ASSAY_E_MALFORMED, text.len, "base64: the text ends within a byte");
    if (form != ASSAY_BASE64_STD_ANY_BITS && rest > 0 && !PLANTED(base64_unused_bits) &&
        (letter_value(text.at[count - 1], form) & (rest == 2 ? 15 : 3)) != 0)
        return assay_fail(err, ASSAY_E_MALFORMED, count - 1, "base64: unused bits are not zero");
    *letter_count = count;
    return ASSAY_OK;
}

enum assay_code assay_base64_decode(struct assay_buf *out, enum assay_base64 form,
                                    struct assay_bytes text, struct assay_err *err)
{
    enum assay_code rc;
    size_t count = 0;
    uint32_t bits = 0;
    uint8_t *at;

    if ((rc = check(&count, form, text, err)) != ASSAY_OK)
        return rc;
    if (!assay_buf_ok(out))
        return assay_fail(err, out->bad, 0, "base64: the buffer has failed before");
    at = assay_buf_extend(out, count / 4 * 3 + count % 4 * 3 / 4);
    if (at == NULL) {
        rc = out->bad;
        out->bad = ASSAY_OK;
        return assay_fail(err, rc, 0, "base64: what it decodes to: %s", assay_code_text(rc));
    }
    for (size_t i = 0; i < count; i++) {
        bits = bits << 6 | (uint32_t)letter_value(text.at[i], form);
        if (i % 4 > 0)
            *at++ = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return ASSAY_OK;
}
