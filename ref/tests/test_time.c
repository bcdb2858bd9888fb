/* Times and their text. */
#include "base/time.h"

#include "ref/tests/guard.h"

#include <criterion/criterion.h>

static const struct {
    int64_t ms;
    const char *text;
} known[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {1, "1970-01-01T00:00:00.001Z"},
    {951782399999, "2000-02-28T23:59:59.999Z"},
    {951782400000, "2000-02-29T00:00:00.000Z"},
    {951868800000, "2000-03-01T00:00:00.000Z"},
    {1000000000000, "2001-09-09T01:46:40.000Z"},
    {1709164800000, "2024-02-29T00:00:00.000Z"},
    {1735689599000, "2024-12-31T23:59:59.000Z"},
    {4107542400000, "2100-03-01T00:00:00.000Z"},
    {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
};

Test(time, text_and_milliseconds_agree)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        char text[ASSAY_TIME_TEXT_BYTES];
        int64_t ms = -1;

        assay_time_text(text, known[i].ms);
        cr_expect_str_eq(text, known[i].text);
        cr_expect_eq(assay_time_parse(&ms, assay_str(known[i].text)), ASSAY_OK);
        cr_expect_eq(ms, known[i].ms, "%s", known[i].text);
    }
}

Test(time, every_day_reads_back)
{
    for (int64_t ms = 12345; ms < INT64_C(253402300799999); ms += 86400000) {
        char text[ASSAY_TIME_TEXT_BYTES];
        int64_t again = -1;

        assay_time_text(text, ms);
        cr_assert_eq(assay_time_parse(&again, assay_str(text)), ASSAY_OK, "%s", text);
        cr_assert_eq(again, ms, "%s", text);
    }
}

Test(time, values_outside_are_cut)
{
    char text[ASSAY_TIME_TEXT_BYTES];

    assay_time_text(text, -1);
    cr_expect_str_eq(text, "1970-01-01T00:00:00.000Z");
    assay_time_text(text, INT64_MIN);
    cr_expect_str_eq(text, "1970-01-01T00:00:00.000Z");
    assay_time_text(text, INT64_MAX);
    cr_expect_str_eq(text, "9999-12-31T23:59:59.999Z");
}

Test(time, refuses_other_forms_and_days_that_do_not_exist)
{
    static const struct {
        const char *text;
        enum assay_code rc;
    } rows[] = {
        {"", ASSAY_E_MALFORMED},
        {"2024-01-01T00:00:00Z", ASSAY_E_MALFORMED},
        {"2024-01-01T00:00:00.00Z", ASSAY_E_MALFORMED},
        {"2024-01-01T00:00:00.000000Z", ASSAY_E_MALFORMED},
        {"2024-01-01T00:00:00.000", ASSAY_E_MALFORMED},
        {"2024-01-01T00:00:00.000z", ASSAY_E_MALFORMED},
        {"2024-01-01t00:00:00.000Z", ASSAY_E_MALFORMED},
        {"2024-01-01 00:00:00.000Z", ASSAY_E_MALFORMED},
        {"2024-01-01T00:00:00.000+00:00", ASSAY_E_MALFORMED},
        {"2024-01-01T00:00:00.000Z ", ASSAY_E_MALFORMED},
        {" 2024-01-01T00:00:00.000Z", ASSAY_E_MALFORMED},
        {"+02024-01-01T00:00:00.000Z", ASSAY_E_MALFORMED},
        {"-024-01-01T00:00:00.000Z", ASSAY_E_MALFORMED},
        {"20240101T000000.000Z", ASSAY_E_MALFORMED},
        {"2024-1-01T00:00:00.0000Z", ASSAY_E_MALFORMED},
        {"1735689599000", ASSAY_E_MALFORMED},
        {"Wed, 01 Jan 2025 00:00:00 GMT", ASSAY_E_MALFORMED},
        {"2024-00-01T00:00:00.000Z", ASSAY_E_RANGE},
        {"2024-13-01T00:00:00.000Z", ASSAY_E_RANGE},
        {"2024-01-00T00:00:00.000Z", ASSAY_E_RANGE},
        {"2024-02-30T00:00:00.000Z", ASSAY_E_RANGE},
        {"2023-02-29T00:00:00.000Z", ASSAY_E_RANGE},
        {"2100-02-29T00:00:00.000Z", ASSAY_E_RANGE},
        {"2024-04-31T00:00:00.000Z", ASSAY_E_RANGE},
        {"2024-01-01T24:00:00.000Z", ASSAY_E_RANGE},
        {"2024-01-01T00:60:00.000Z", ASSAY_E_RANGE},
        {"2024-12-31T23:59:60.000Z", ASSAY_E_RANGE},
        {"1969-12-31T23:59:59.999Z", ASSAY_OK},
        {"0000-02-29T00:00:00.000Z", ASSAY_OK},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i].text));
        int64_t ms = 77;

        cr_expect_eq(assay_time_parse(&ms, g.bytes), rows[i].rc, "row: %s", rows[i].text);
        cr_expect_eq(ms == 77, rows[i].rc != ASSAY_OK, "row: %s", rows[i].text);
        cr_expect(rows[i].rc != ASSAY_OK || ms < 0, "row: %s is before 1970", rows[i].text);
        guard_free(&g);
    }
}
