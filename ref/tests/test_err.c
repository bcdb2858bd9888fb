/* The list of errors and the record of the first one. */
#include "base/err.h"

#include "base/utf8.h"

#include <criterion/criterion.h>

Test(err, every_code_of_the_list_has_its_own_name_and_a_text)
{
    cr_expect_str_eq(assay_code_name(ASSAY_OK), "OK");
    cr_expect_str_eq(assay_code_text(ASSAY_OK), "fine");
    cr_expect_str_eq(assay_code_name(ASSAY_E_MALFORMED), "MALFORMED");
    for (int code = 1; code < ASSAY_E__COUNT; code++) {
        cr_expect_gt(strlen(assay_code_name((enum assay_code)code)), 0);
        cr_expect_gt(strlen(assay_code_text((enum assay_code)code)), 0);
        for (int other = 0; other < code; other++) {
            cr_expect_str_neq(assay_code_name((enum assay_code)code),
                              assay_code_name((enum assay_code)other));
            cr_expect_str_neq(assay_code_text((enum assay_code)code),
                              assay_code_text((enum assay_code)other));
        }
    }
}

Test(err, a_code_outside_the_list_has_words_too)
{
    volatile int outside = ASSAY_E__COUNT;

    cr_expect_not_null(assay_code_name((enum assay_code)outside));
    cr_expect_not_null(assay_code_text((enum assay_code)outside));
}

Test(err, the_first_failure_wins)
{
    struct assay_err err = {0};

    cr_expect_eq(assay_fail(&err, ASSAY_E_RANGE, 7, "price %d", 3), ASSAY_E_RANGE);
    cr_expect_eq(assay_fail(&err, ASSAY_E_IO, 9, "later"), ASSAY_E_IO);
    cr_expect_eq(err.code, ASSAY_E_RANGE);
    cr_expect_eq(err.at, 7);
    cr_expect_str_eq(err.text, "price 3");
    cr_expect_eq(assay_fail(NULL, ASSAY_E_IO, 0, "nobody listens"), ASSAY_E_IO);
}

Test(err, context_reads_outside_in)
{
    struct assay_err err = {0};

    (void)assay_fail(&err, ASSAY_E_MALFORMED, 4, "no digit");
    cr_expect_eq(assay_err_wrap(&err, ASSAY_E_MALFORMED, "case %d", 3), ASSAY_E_MALFORMED);
    cr_expect_eq(assay_err_wrap(&err, ASSAY_E_MALFORMED, "file %s", "a"), ASSAY_E_MALFORMED);
    cr_expect_str_eq(err.text, "file a: case 3: no digit");
    cr_expect_eq(err.at, 4);
}

Test(err, wrapping_success_changes_nothing_and_an_empty_record_gets_the_text_of_the_code)
{
    struct assay_err err = {0};

    cr_expect_eq(assay_err_wrap(&err, ASSAY_OK, "context"), ASSAY_OK);
    cr_expect_eq(err.code, ASSAY_OK);
    cr_expect_str_empty(err.text);
    cr_expect_eq(assay_err_wrap(&err, ASSAY_E_MISSING, "member"), ASSAY_E_MISSING);
    cr_expect_eq(err.code, ASSAY_E_MISSING);
    cr_expect_str_eq(err.text, "member: is missing");
    cr_expect_eq(assay_err_wrap(NULL, ASSAY_E_IO, "x"), ASSAY_E_IO);
}

Test(err, a_long_text_is_cut_between_characters_and_says_so)
{
    for (size_t shift = 0; shift < 4; shift++) {
        struct assay_err err = {0};
        char text[4 * ASSAY_ERR_TEXT_MAX_BYTES] = "abc";
        size_t len = shift;

        for (; len + 4 < sizeof(text); len += 4)
            memcpy(text + len, "\xF0\x9F\x98\x80", 5);
        (void)assay_fail(&err, ASSAY_E_IO, 0, "%s", text);
        cr_expect_lt(strlen(err.text), ASSAY_ERR_TEXT_MAX_BYTES);
        cr_expect_gt(strlen(err.text), ASSAY_ERR_TEXT_MAX_BYTES - 9);
        cr_expect_str_eq(err.text + strlen(err.text) - 3, "...");
        cr_expect(assay_utf8_valid(assay_str(err.text)));
        (void)assay_err_wrap(&err, ASSAY_E_IO, "%s", text);
        cr_expect_lt(strlen(err.text), ASSAY_ERR_TEXT_MAX_BYTES);
        cr_expect_str_eq(err.text + strlen(err.text) - 3, "...");
        cr_expect(assay_utf8_valid(assay_str(err.text)));
    }
}
