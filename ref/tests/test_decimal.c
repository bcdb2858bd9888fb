/* Amounts as text: canonical only, and never rounded. */
#include "base/decimal.h"

#include "base/random.h"
#include "ref/tests/guard.h"

#include <criterion/criterion.h>

#define NOTHING UINT64_C(0xAAAA) /* what an output holds that was not written */

static const struct {
    const char *text;
    enum assay_code rc;
    uint64_t value;
} integers[] = {
    {"0", ASSAY_OK, 0},
    {"17", ASSAY_OK, 17},
    {"18446744073709551615", ASSAY_OK, UINT64_MAX},
    {"18446744073709551616", ASSAY_E_RANGE, 0},
    {"18446744073709551620", ASSAY_E_RANGE, 0},
    {"99999999999999999999999999999999", ASSAY_E_RANGE, 0},
    {"", ASSAY_E_MALFORMED, 0},
    {"00", ASSAY_E_MALFORMED, 0},
    {"017", ASSAY_E_MALFORMED, 0},
    {"+1", ASSAY_E_MALFORMED, 0},
    {"-1", ASSAY_E_MALFORMED, 0},
    {"-0", ASSAY_E_MALFORMED, 0},
    {" 1", ASSAY_E_MALFORMED, 0},
    {"1 ", ASSAY_E_MALFORMED, 0},
    {"1e3", ASSAY_E_MALFORMED, 0},
    {"1.0", ASSAY_E_MALFORMED, 0},
    {"0x10", ASSAY_E_MALFORMED, 0},
    {"1_000", ASSAY_E_MALFORMED, 0},
    {"\xD9\xA1", ASSAY_E_MALFORMED, 0}, /* Arabic-Indic one */
};

Test(decimal, an_integer_has_one_spelling)
{
    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        struct guard g = guard_of(assay_str(integers[i].text));
        uint64_t out = NOTHING;

        cr_expect_eq(assay_decimal_u64(&out, g.bytes), integers[i].rc, "row: %s", integers[i].text);
        cr_expect_eq(out, integers[i].rc == ASSAY_OK ? integers[i].value : NOTHING, "row: %s",
                     integers[i].text);
        guard_free(&g);
    }
}

static const struct {
    const char *text;
    unsigned places;
    enum assay_code rc;
    uint64_t atomic;
} prices[] = {
    {"0.001", 6, ASSAY_OK, 1000},
    {"0.000001", 6, ASSAY_OK, 1},
    {"0.0000010", 6, ASSAY_OK, 1},
    {"0.0000001", 6, ASSAY_E_RANGE, 0},
    {"0.00000100000000000000000000000001", 6, ASSAY_E_RANGE, 0},
    {"1", 6, ASSAY_OK, 1000000},
    {"1.5", 0, ASSAY_E_RANGE, 0},
    {"1.000", 0, ASSAY_OK, 1},
    {"0", 18, ASSAY_OK, 0},
    {"0.0", 18, ASSAY_OK, 0},
    {"18446744073709.551615", 6, ASSAY_OK, UINT64_MAX},
    {"18446744073709.551616", 6, ASSAY_E_RANGE, 0},
    {"18446744073709551615", 0, ASSAY_OK, UINT64_MAX},
    {"18446744073709551615", 1, ASSAY_E_RANGE, 0},
    {"18.446744073709551615", 18, ASSAY_OK, UINT64_MAX},
    {"19", 18, ASSAY_E_RANGE, 0},
    {"99999999999999999999", 0, ASSAY_E_RANGE, 0},
    {"", 6, ASSAY_E_MALFORMED, 0},
    {".", 6, ASSAY_E_MALFORMED, 0},
    {".5", 6, ASSAY_E_MALFORMED, 0},
    {"5.", 6, ASSAY_E_MALFORMED, 0},
    {"01", 6, ASSAY_E_MALFORMED, 0},
    {"00.1", 6, ASSAY_E_MALFORMED, 0},
    {"-1", 6, ASSAY_E_MALFORMED, 0},
    {"+1", 6, ASSAY_E_MALFORMED, 0},
    {"1e3", 6, ASSAY_E_MALFORMED, 0},
    {"1.5e3", 6, ASSAY_E_MALFORMED, 0},
    {"1,5", 6, ASSAY_E_MALFORMED, 0},
    {"1.2.3", 6, ASSAY_E_MALFORMED, 0},
    {"1. 5", 6, ASSAY_E_MALFORMED, 0},
    {"NaN", 6, ASSAY_E_MALFORMED, 0},
};

Test(decimal, a_price_is_exact_or_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(prices); i++) {
        struct guard g = guard_of(assay_str(prices[i].text));
        uint64_t out = NOTHING;

        cr_expect_eq(assay_decimal_price(&out, g.bytes, prices[i].places), prices[i].rc,
                     "row: %s, %u places", prices[i].text, prices[i].places);
        cr_expect_eq(out, prices[i].rc == ASSAY_OK ? prices[i].atomic : NOTHING,
                     "row: %s, %u places", prices[i].text, prices[i].places);
        guard_free(&g);
    }
}

Test(decimal, a_price_is_written_in_its_shortest_form)
{
    static const struct {
        uint64_t atomic;
        unsigned places;
        const char *text;
    } rows[] = {
        {0, 0, "0"},
        {0, 18, "0"},
        {1000, 6, "0.001"},
        {1500000, 6, "1.5"},
        {100, 0, "100"},
        {100, 2, "1"},
        {1, 18, "0.000000000000000001"},
        {UINT64_MAX, 0, "18446744073709551615"},
        {UINT64_MAX, 18, "18.446744073709551615"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[ASSAY_DECIMAL_TEXT_MAX_BYTES];

        assay_decimal_price_text(text, rows[i].atomic, rows[i].places);
        cr_expect_str_eq(text, rows[i].text);
    }
}

Test(decimal, a_price_reads_back_whatever_its_size)
{
    struct assay_random r;

    assay_random_init(&r, ASSAY_LIT("decimal"), ASSAY_LIT("round trip"));
    for (unsigned i = 0; i < 2000; i++) {
        unsigned places = i % (ASSAY_DECIMAL_MAX_PLACES + 1);
        uint64_t atomic = assay_random_below(&r, UINT64_MAX) >> assay_random_below(&r, 64);
        uint64_t again = 0;
        char text[ASSAY_DECIMAL_TEXT_MAX_BYTES];

        assay_decimal_price_text(text, atomic, places);
        cr_expect_eq(assay_decimal_price(&again, assay_str(text), places), ASSAY_OK, "%s", text);
        cr_expect_eq(again, atomic, "%s", text);
    }
}
