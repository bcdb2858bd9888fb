/* The plain texts that everything else is made of: base64, hexadecimal, UTF-8, whole numbers,
 * prices, UUIDs and times. Each is read a second time by the plainest code there is, which must
 * take the same texts for the same values. The last byte chooses the form. */
#include "fuzz.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "fuzz/lib/input.h"

enum { OUT_MAX_BYTES = 1 << 20, HEX_MAX_BYTES = 1 << 12, PLACES = 6 };

/* ---- base64: RFC 4648 ---- */

static const char *const letters[] = {
    [ASSAY_BASE64_STD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [ASSAY_BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

/* A bit at a time. False: the text is none of that form. */
static bool second_base64(struct assay_buf *out, enum assay_base64 form, struct assay_bytes text)
{
    const char *of = letters[form == ASSAY_BASE64_URL ? ASSAY_BASE64_URL : ASSAY_BASE64_STD];
    unsigned byte = 0, bits = 0;
    size_t padding = 0;

    if (form != ASSAY_BASE64_URL) {
        if (text.len % 4 != 0)
            return false;
        while (padding < 2 && padding < text.len && text.at[text.len - 1 - padding] == '=')
            padding++;
    }
    for (size_t i = 0; i < text.len - padding; i++) {
        const char *at = text.at[i] != '\0' ? strchr(of, text.at[i]) : NULL;

        if (at == NULL)
            return false;
        for (unsigned bit = 6; bit-- > 0;) {
            byte = byte << 1 | (unsigned)((at - of) >> bit & 1);
            if (++bits == 8) {
                assay_buf_add_byte(out, (uint8_t)byte);
                byte = bits = 0;
            }
        }
    }
    return bits < 6 && (byte == 0 || form == ASSAY_BASE64_STD_ANY_BITS);
}

static void check_base64(struct assay_bytes text, enum assay_base64 form)
{
    struct assay_buf read = ASSAY_BUF_INIT(OUT_MAX_BYTES), second = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_buf again = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_err err = {0};
    enum assay_code rc = assay_base64_decode(&read, form, text, &err);

    FUZZ_CHECK(rc == err.code && err.at <= text.len);
    FUZZ_CHECK((rc == ASSAY_OK) == second_base64(&second, form, text));
    if (rc == ASSAY_OK) {
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&read), assay_buf_view(&second)));
        assay_base64_encode(&again, form, assay_buf_view(&read));
        FUZZ_CHECK(form == ASSAY_BASE64_STD_ANY_BITS ||
                   assay_bytes_equal(assay_buf_view(&again), text));
    }
    assay_buf_fini(&read);
    assay_buf_fini(&second);
    assay_buf_fini(&again);
}

/* ---- hexadecimal ---- */

static bool second_hex(uint8_t *out, struct assay_bytes text, const char *digits)
{
    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.at[i] != '\0' ? strchr(digits, text.at[i]) : NULL;

        if (at == NULL)
            return false;
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | (at - digits) % 16);
    }
    return text.len % 2 == 0;
}

static void check_hex(struct assay_bytes text, bool lower_only)
{
    uint8_t read[HEX_MAX_BYTES / 2], second[HEX_MAX_BYTES / 2 + 1] = {0};
    /* a capital stands 16 behind its small form */
    const char *digits = lower_only ? "0123456789abcdef" : "0123456789abcdef0123456789ABCDEF";
    char again[HEX_MAX_BYTES + 1];
    bool is_hex;

    text = assay_bytes_part(text, 0, HEX_MAX_BYTES);
    is_hex = second_hex(second, text, digits);
    FUZZ_CHECK((assay_hex_decode(read, text.len / 2, text, lower_only) == ASSAY_OK) == is_hex);
    if (!is_hex)
        return;
    FUZZ_CHECK(memcmp(read, second, text.len / 2) == 0);
    assay_hex_encode(again, assay_bytes_of(read, text.len / 2));
    FUZZ_CHECK(assay_bytes_equal_nocase(text, assay_str(again)));
    FUZZ_CHECK(assay_hex_decode(read, text.len / 2 + 1, text, lower_only) == ASSAY_E_MALFORMED);
}

/* ---- UTF-8: RFC 3629 ---- */

/* How long the character is that the text begins with, by its value alone; 0: it is none. */
static size_t second_utf8(int32_t *c, struct assay_bytes text)
{
    static const struct {
        uint8_t mask, mark;
        int32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};

    for (size_t more = 0; more < ARRAY_LEN(forms); more++) {
        if ((text.at[0] & forms[more].mask) != forms[more].mark)
            continue;
        if (text.len <= more)
            return 0;
        *c = text.at[0] & ~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((text.at[i] & 0xC0) != 0x80)
                return 0;
            *c = *c * 64 + (text.at[i] & 0x3F);
        }
        return *c < forms[more].least || *c > 0x10FFFF || (*c >= 0xD800 && *c <= 0xDFFF) ? 0
                                                                                         : more + 1;
    }
    return 0;
}

static void check_utf8(struct assay_bytes text)
{
    struct assay_buf shown = ASSAY_BUF_INIT(OUT_MAX_BYTES),
                     replaced = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    bool is_valid = true;

    for (size_t pos = 0; pos < text.len && is_valid;) {
        int32_t second = 0, read;
        size_t len = second_utf8(&second, assay_bytes_part(text, pos, text.len)), before = pos;

        read = assay_utf8_next(text, &pos);
        is_valid = len > 0;
        FUZZ_CHECK((read >= 0) == is_valid && pos == before + len);
        FUZZ_CHECK(!is_valid || read == second);
    }
    FUZZ_CHECK(assay_utf8_valid(text) == is_valid);
    assay_utf8_add_replaced(&replaced, text);
    FUZZ_CHECK(assay_buf_ok(&replaced) && assay_utf8_valid(assay_buf_view(&replaced)));
    FUZZ_CHECK(!is_valid || assay_bytes_equal(assay_buf_view(&replaced), text));
    assay_utf8_add_printable(&shown, text);
    FUZZ_CHECK(assay_buf_ok(&shown) && assay_utf8_valid(assay_buf_view(&shown)));
    for (size_t i = 0; i < shown.len; i++)
        FUZZ_CHECK(assay_buf_view(&shown).at[i] >= 0x20 && assay_buf_view(&shown).at[i] != 0x7F);
    assay_buf_fini(&shown);
    assay_buf_fini(&replaced);
}

/* ---- whole numbers and prices ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Digits without a zero in front: compared as texts, no arithmetic. */
static bool second_fits(struct assay_bytes digits)
{
    struct assay_bytes most = ASSAY_LIT("18446744073709551615");

    return digits.len < most.len ||
           (digits.len == most.len && memcmp(digits.at, most.at, most.len) <= 0);
}

static void check_number(struct assay_bytes text)
{
    bool is_number = text.len > 0 && (text.len == 1 || text.at[0] != '0');
    char again[ASSAY_DECIMAL_TEXT_MAX_BYTES];
    uint64_t value = 0;
    enum assay_code rc = assay_decimal_u64(&value, text);

    for (size_t i = 0; i < text.len; i++)
        is_number = is_number && is_digit(text.at[i]);
    FUZZ_CHECK((rc != ASSAY_E_MALFORMED) == is_number);
    FUZZ_CHECK((rc == ASSAY_OK) == (is_number && second_fits(text)));
    assay_decimal_price_text(again, value, 0);
    FUZZ_CHECK(rc != ASSAY_OK || assay_bytes_is(text, again));
}

/* What is written of a price is the shortest text for it, and is read as the same price. */
static void check_price(struct assay_bytes text)
{
    char again[ASSAY_DECIMAL_TEXT_MAX_BYTES];
    uint64_t value = 0, same = 0;
    size_t point = assay_bytes_find(text, '.', 0);
    struct assay_bytes whole = assay_bytes_part(text, 0, point);

    if (assay_decimal_price(&value, text, PLACES) != ASSAY_OK)
        return;
    FUZZ_CHECK(whole.len > 0 && (whole.len == 1 || whole.at[0] != '0') && point + 1 != text.len);
    assay_decimal_price_text(again, value, PLACES);
    FUZZ_CHECK(assay_decimal_price(&same, assay_str(again), PLACES) == ASSAY_OK && same == value);
    FUZZ_CHECK(strlen(again) <= text.len && memcmp(again, text.at, strlen(again)) == 0);
    for (size_t i = strlen(again); i < text.len; i++)
        FUZZ_CHECK(text.at[i] == '0' || (i == point && strlen(again) == point));
}

/* ---- what has one text ---- */

static void check_uuid(struct assay_bytes text)
{
    char again[ASSAY_UUID_TEXT_BYTES];
    uint8_t bytes[16];

    if (assay_uuid_v4_parse(bytes, text) != ASSAY_OK)
        return;
    assay_uuid_v4_text(again, bytes);
    FUZZ_CHECK(assay_bytes_is(text, again));
}

static void check_time(struct assay_bytes text)
{
    char again[ASSAY_TIME_TEXT_BYTES];
    int64_t ms = 0;

    if (assay_time_parse(&ms, text) != ASSAY_OK || ms < 0)
        return; /* before 1970 is read, and never written */
    assay_time_text(again, ms);
    FUZZ_CHECK(assay_bytes_is(text, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input_of(data, size);
    size_t form = fuzz_option_below(&in, 10);
    struct assay_bytes text = fuzz_view(&in, size);

    switch (form) {
    case 0:
        check_base64(text, ASSAY_BASE64_STD);
        break;
    case 1:
        check_base64(text, ASSAY_BASE64_URL);
        break;
    case 2:
        check_base64(text, ASSAY_BASE64_STD_ANY_BITS);
        break;
    case 3:
        check_hex(text, false);
        break;
    case 4:
        check_hex(text, true);
        break;
    case 5:
        check_utf8(text);
        break;
    case 6:
        check_number(text);
        break;
    case 7:
        check_price(text);
        break;
    case 8:
        check_uuid(text);
        break;
    default:
        check_time(text);
        break;
    }
    return 0;
}
