/* The canonical form: numbers and strings as ECMAScript prints them, members by UTF-16 code units.
 */
#include "base/json.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct assay_json_token room[256];

/* The canonical form of text goes to out. */
static enum assay_code canonical(struct assay_buf *out, struct assay_bytes text,
                                 struct assay_err *err)
{
    struct assay_json doc;
    enum assay_code rc;

    assay_buf_clear(out);
    rc = assay_json_parse(&doc, room, ARRAY_LEN(room), text, ASSAY_JSON_LAST_DUPLICATE_WINS, err);
    return rc == ASSAY_OK ? assay_json_canonical(out, &doc, 0, err) : rc;
}

static void expect_canonical(const char *text, const char *want)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 16);
    struct assay_err err = {0};

    cr_expect_eq(canonical(&out, assay_str(text), &err), ASSAY_OK, "%s: %s", text, err.text);
    cr_expect_str_eq(assay_buf_cstr(&out), want, "%s", text);
    assay_buf_fini(&out);
}

Test(json_canonical, numbers_are_printed_as_ecmascript_does)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"0", "0"},
        {"-0", "0"},
        {"-0.0e5", "0"},
        {"0e999999999999999999999", "0"},
        {"1.0", "1"},
        {"-1.50", "-1.5"},
        {"100", "100"},
        {"-17", "-17"},
        {"1e2", "100"},
        {"0.1", "0.1"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"999999999999999", "999999999999999"},
        {"9007199254740993", "9007199254740992"},
        {"18446744073709551615", "18446744073709552000"},
        {"123456789012345678901", "123456789012345680000"},
        {"999999999999999999999", "1e+21"},
        {"100000000000000000000", "100000000000000000000"},
        {"1e21", "1e+21"},
        {"-1.25e22", "-1.25e+22"},
        {"0.000001", "0.000001"},
        {"0.0000012345", "0.0000012345"},
        {"0.0000001", "1e-7"},
        {"1.5e-7", "1.5e-7"},
        {"5e-324", "5e-324"},
        {"4.9406564584124654e-324", "5e-324"},
        {"2.4703282292062328e-324", "5e-324"},
        {"2.4703282292062327e-324", "0"},
        {"-1e-400", "0"},
        {"1e-999999999999999999999", "0"},
        {"2.2250738585072014e-308", "2.2250738585072014e-308"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"1.7976931348623158e308", "1.7976931348623157e+308"},
        /* powers of two, where the gap below is narrower: the nearest short text does not read back
         */
        {"5.684341886080801486968994140625e-14", "5.684341886080802e-14"},
        {"9.5367431640625e-7", "9.5367431640625e-7"},
        {"9007199254740992", "9007199254740992"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect_canonical(rows[i].text, rows[i].want);
}

Test(json_canonical, digits_far_behind_decide_a_tie)
{
    struct assay_buf text = ASSAY_BUF_INIT(5000);
    struct assay_buf out = ASSAY_BUF_INIT(100);

    assay_buf_printf(&text, "9007199254740993.%02000d", 0); /* half way: to the even one */
    cr_expect_eq(canonical(&out, assay_buf_view(&text), NULL), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&out), "9007199254740992");
    text.at[text.len - 1] = '1'; /* above half way */
    cr_expect_eq(canonical(&out, assay_buf_view(&text), NULL), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&out), "9007199254740994");
    assay_buf_clear(&text);
    assay_buf_printf(&text, "0.%02000d25e2001", 0);
    cr_expect_eq(canonical(&out, assay_buf_view(&text), NULL), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&out), "2.5");
    assay_buf_clear(&text);
    assay_buf_printf(&text, "1.%02000d77", 0); /* every digit so far counts but once */
    cr_expect_eq(canonical(&out, assay_buf_view(&text), NULL), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&out), "1");
    assay_buf_clear(&text);
    assay_buf_printf(&text, "1%02000de-2000", 0);
    cr_expect_eq(canonical(&out, assay_buf_view(&text), NULL), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&out), "1");
    assay_buf_fini(&text);
    assay_buf_fini(&out);
}

Test(json_canonical, a_number_that_rounds_to_infinity_is_out_of_range)
{
    static const char *const rows[] = {
        "[1,1e309]",
        "[1,-1e309]",
        "[1,1e309,1]",
        "[1,1.7976931348623159e308]",
        "[1,1e99999999999999999999]",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf out = ASSAY_BUF_INIT(100);
        struct assay_err err = {0};

        cr_expect_eq(canonical(&out, assay_str(rows[i]), &err), ASSAY_E_RANGE, "%s", rows[i]);
        cr_expect_eq(err.at, 3);
        assay_buf_fini(&out);
    }
}

static bool reads_as(const char *text, double value)
{
    double read = strtod(text, NULL);

    return read >= value && read <= value;
}

/* From the first digit that is not zero to the last one, before the exponent. */
static int significant_digits(const char *text)
{
    int count = 0, last = 0;

    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '.' || (count == 0 && *text == '0'))
            continue;
        count++;
        last = *text != '0' ? count : last;
    }
    return last;
}

Test(json_canonical, numbers_read_back_and_no_shorter_rounding_does)
{
    struct assay_random r;
    struct assay_buf out = ASSAY_BUF_INIT(100);

    assay_random_init(&r, ASSAY_LIT("json"), ASSAY_LIT("numbers"));
    for (int i = 0; i < 3000; i++) {
        uint64_t bits = assay_random_below(&r, UINT64_C(0x7FF0000000000000));
        char text[64];
        const char *got;
        double value;

        if (i % 3 == 0)
            bits &= UINT64_C(0x7FF0000000000000); /* a power of two */
        memcpy(&value, &bits, sizeof(value));
        cr_assert_lt(snprintf(text, sizeof(text), "%.25e", value), (int)sizeof(text));
        cr_assert_eq(canonical(&out, assay_str(text), NULL), ASSAY_OK);
        got = assay_buf_cstr(&out);
        cr_assert(reads_as(got, value), "%s: %s", text, got);
        for (int digits = 1; digits < significant_digits(got); digits++) {
            cr_assert_lt(snprintf(text, sizeof(text), "%.*e", digits - 1, value),
                         (int)sizeof(text));
            cr_assert_not(reads_as(text, value), "%s is shorter than %s", text, got);
        }
    }
    assay_buf_fini(&out);
}

Test(json_canonical, strings_are_quoted_as_ecmascript_does)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"\"\"", "\"\""},
        {"\"\\u0022\\u005c\\/\"", "\"\\\"\\\\/\""},
        {"\"\\u0008\\u0009\\u000A\\u000c\\u000d\"", "\"\\b\\t\\n\\f\\r\""},
        {"\"\\u0000\\u000B\\u001F\"", "\"\\u0000\\u000b\\u001f\""},
        {"\"\\u007f\\u2028\\u2029\"", "\"\x7F\xE2\x80\xA8\xE2\x80\xA9\""},
        {"\"\\u00e9\xC3\xA9\\u20AC\"", "\"\xC3\xA9\xC3\xA9\xE2\x82\xAC\""},
        {"\"\\uD83D\\uDE00\"", "\"\xF0\x9F\x98\x80\""},
        {"\"\\uD83D\"", "\"\\ud83d\""},
        {"\"\\uDE00\\uD83D\"", "\"\\ude00\\ud83d\""},
        {"\"\\uD83Dx\\uDE00\"", "\"\\ud83dx\\ude00\""},
        {"\"\\uFFFF\\uE000\"", "\"\xEF\xBF\xBF\xEE\x80\x80\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect_canonical(rows[i].text, rows[i].want);
}

Test(json_canonical, members_are_sorted_by_utf16_code_units)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {" { \"b\" : 1 , \"a\" : [ true , null ] } ", "{\"a\":[true,null],\"b\":1}"},
        {"{\"aa\":1,\"a\":2,\"\":3,\"B\":4,\"b\":5,\"10\":6,\"9\":7}",
         "{\"\":3,\"10\":6,\"9\":7,\"B\":4,\"a\":2,\"aa\":1,\"b\":5}"},
        /* U+E000 is after the surrogates that U+1F600 consists of, though its UTF-8 is before */
        {"{\"\xEE\x80\x80\":1,\"\xF0\x9F\x98\x80\":2,\"\xED\x9F\xBF\":3}",
         "{\"\xED\x9F\xBF\":3,\"\xF0\x9F\x98\x80\":2,\"\xEE\x80\x80\":1}"},
        {"{\"\xEF\xBF\xBF\":1,\"\\ud83d\\ude00\":2}",
         "{\"\xF0\x9F\x98\x80\":2,\"\xEF\xBF\xBF\":1}"},
        {"{\"\xF0\x9F\x98\x80\":1,\"\xF0\x9F\x93\xBF\":2}",
         "{\"\xF0\x9F\x93\xBF\":2,\"\xF0\x9F\x98\x80\":1}"},
        /* a lone high half, then the pair it begins, then the half with more behind it */
        {"{\"\\ud83d\xEE\x80\x80\":1,\"\\ud83d\\ude00\":2,\"\\ud83d\":3,\"\\ud83d\xE9\xA6\x99\":4}",
         "{\"\\ud83d\":3,\"\\ud83d\xE9\xA6\x99\":4,\"\xF0\x9F\x98\x80\":2,\"\\ud83d\xEE\x80\x80\":"
         "1}"},
        {"{\"\\ude00\":1,\"\xF0\x9F\x98\x80\":2,\"\\ud83c\":3}",
         "{\"\\ud83c\":3,\"\xF0\x9F\x98\x80\":2,\"\\ude00\":1}"},
        {"{\"b\":{\"d\":1,\"c\":2},\"a\":{}}", "{\"a\":{},\"b\":{\"c\":2,\"d\":1}}"},
        {"{\"a\":1,\"b\":2,\"\\u0061\":3,\"a\":{\"x\":1,\"x\":2}}", "{\"a\":{\"x\":2},\"b\":2}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect_canonical(rows[i].text, rows[i].want);
}

/* Names in ascending order of their code units, each in a spelling with escapes and in one without
 * where it has one. */
static const struct {
    const char *plain, *escaped;
} names[] = {
    {"", ""},
    {"\\u001f", "\\u001F"},
    {"!", "\\u0021"},
    {"\\\"", "\\u0022"},
    {"A", "\\u0041"},
    {"AB", "A\\u0042"},
    {"\\\\", "\\u005c"},
    {"a", "\\u0061"},
    {"aa", "\\u0061a"},
    {"ab", "a\\u0062"},
    {"a\xC3\xA9", "a\\u00e9"},
    {"\xC3\xA9", "\\u00E9"},
    {"\xED\x9F\xBF", "\\ud7ff"},
    {"\xF0\x9F\x98\x80", "\\ud83d\\ude00"},
    {"\xF0\x9F\x98\x80z", "\\ud83d\\ude00z"},
    {"\xEE\x80\x80", "\\ue000"},
    {"\xEF\xBF\xBF", "\\uffff"},
};

/* Both orders of two names, the first being the lesser one, in one spelling each. */
static void expect_first(const char *first, const char *second)
{
    struct assay_buf one = ASSAY_BUF_INIT(256), other = ASSAY_BUF_INIT(256);
    char text[128];

    (void)snprintf(text, sizeof(text), "{\"%s\":1,\"%s\":2}", first, second);
    cr_expect_eq(canonical(&one, assay_str(text), NULL), ASSAY_OK, "%s", text);
    cr_expect_not_null(strstr(assay_buf_cstr(&one), ":1,"), "%s", text);
    (void)snprintf(text, sizeof(text), "{\"%s\":2,\"%s\":1}", second, first);
    cr_expect_eq(canonical(&other, assay_str(text), NULL), ASSAY_OK, "%s", text);
    cr_expect_str_eq(assay_buf_cstr(&one), assay_buf_cstr(&other), "%s", text);
    assay_buf_fini(&one);
    assay_buf_fini(&other);
}

Test(json_canonical, members_are_in_order_however_they_stand_and_are_written)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        for (size_t k = i + 1; k < ARRAY_LEN(names); k++) {
            expect_first(names[i].plain, names[k].plain);
            expect_first(names[i].plain, names[k].escaped);
            expect_first(names[i].escaped, names[k].plain);
            expect_first(names[i].escaped, names[k].escaped);
        }
    }
}

Test(json_canonical, a_buffer_that_is_too_small_says_so)
{
    for (size_t max = 0; max <= 11; max++) {
        struct assay_buf out = ASSAY_BUF_INIT(max);
        struct assay_err err = {0};
        enum assay_code want = max < 11 ? ASSAY_E_TOO_LARGE : ASSAY_OK;

        cr_expect_eq(canonical(&out, ASSAY_LIT("{\"a\":[1,2]}"), &err), want, "%zu", max);
        cr_expect_eq(err.code, want, "%zu", max);
        assay_buf_fini(&out);
    }
}

/* A random value, nested at most `depth` deep. */
static void add_random(struct assay_buf *out, struct assay_random *r, unsigned depth)
{
    static const char *const pieces[] = {
        "a",   "\\u0062", "\\ud83d", "\\ude00", "\xF0\x9F\x98\x80", "\xEE\x80\x80",
        "\\n", "\\\"",    "\\/",     "\x7F",    "\\u0001",          "\xC3\xA9",
    };
    uint64_t kind = assay_random_below(r, depth > 0 ? 5 : 3);
    uint64_t count = assay_random_below(r, 5);

    if (kind == 0) {
        assay_buf_printf(out, "%s%llu.%llue%lld", count == 0 ? "-" : "",
                         (unsigned long long)assay_random_below(r, 1000),
                         (unsigned long long)assay_random_below(r, 1000),
                         (long long)assay_random_below(r, 60) - 30);
        return;
    }
    assay_buf_add_byte(out, kind <= 2 ? '"' : kind == 3 ? '[' : '{');
    for (uint64_t i = 0; i < count; i++) {
        if (kind <= 2) {
            assay_buf_add_str(out, pieces[assay_random_below(r, ARRAY_LEN(pieces))]);
            continue;
        }
        assay_buf_add_str(out, i > 0 ? " ,\n" : " ");
        if (kind == 4)
            assay_buf_printf(out, "\"%s%s\" : ", pieces[assay_random_below(r, ARRAY_LEN(pieces))],
                             pieces[assay_random_below(r, ARRAY_LEN(pieces))]);
        add_random(out, r, depth - 1);
    }
    assay_buf_add_byte(out, kind <= 2 ? '"' : kind == 3 ? ']' : '}');
}

Test(json_canonical, the_canonical_form_is_its_own_canonical_form)
{
    struct assay_random r;
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    struct assay_buf once = ASSAY_BUF_INIT(1 << 16), twice = ASSAY_BUF_INIT(1 << 16);

    assay_random_init(&r, ASSAY_LIT("json"), ASSAY_LIT("idempotent"));
    for (int i = 0; i < 2000; i++) {
        struct assay_json doc;

        assay_buf_clear(&text);
        add_random(&text, &r, 3);
        cr_assert_eq(canonical(&once, assay_buf_view(&text), NULL), ASSAY_OK, "%s",
                     assay_buf_cstr(&text));
        cr_assert_eq(canonical(&twice, assay_buf_view(&once), NULL), ASSAY_OK);
        cr_assert(assay_bytes_equal(assay_buf_view(&once), assay_buf_view(&twice)), "%s",
                  assay_buf_cstr(&text));
        cr_assert_eq(assay_json_parse(&doc, room, ARRAY_LEN(room), assay_buf_view(&once),
                                      ASSAY_JSON_STRICT, NULL),
                     ASSAY_OK, "no duplicates are left");
    }
    assay_buf_fini(&text);
    assay_buf_fini(&once);
    assay_buf_fini(&twice);
}

Test(json_canonical, text_of_any_origin_becomes_a_canonical_string)
{
    static const struct {
        struct assay_bytes text;
        const char *want;
    } rows[] = {
        {{(const uint8_t *)"", 0}, "\"\""},
        {{(const uint8_t *)"a\"b\\c/\n\0\x1F", 9}, "\"a\\\"b\\\\c/\\n\\u0000\\u001f\""},
        {{(const uint8_t *)"\xC3\xA9\xF0\x9F\x98\x80", 6}, "\"\xC3\xA9\xF0\x9F\x98\x80\""},
        {{(const uint8_t *)"\xED\xA0\xBDx", 4}, "\"\\ud83dx\""},
        {{(const uint8_t *)"\xED\xB8\x80", 3}, "\"\\ude00\""},
        {{(const uint8_t *)"\xED\xA0\xBD\xED\xB8\x80", 6}, "\"\xF0\x9F\x98\x80\""},
        {{(const uint8_t *)"\xFFz\xC3", 3}, "\"\xEF\xBF\xBDz\xEF\xBF\xBD\""},
        {{(const uint8_t *)"\xE2\x82", 2}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {{(const uint8_t *)"\xED\xA0", 2}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {{(const uint8_t *)"\xED\xC0z", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBDz\""},
        {{(const uint8_t *)"\xED\xA0z", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBDz\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf out = ASSAY_BUF_INIT(100);

        assay_json_add_string(&out, rows[i].text);
        cr_expect_str_eq(assay_buf_cstr(&out), rows[i].want, "row %zu", i);
        assay_buf_fini(&out);
    }
}
