/* Reports on several runs: what counts as a change, and that hostile text stays text. */
#include "base/utf8.h"
#include "reports/several.h"
#include "sample_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define TEXT_MAX_BYTES ((size_t)8 << 20)

static json_t *case_at(json_t *run, size_t index)
{
    return json_array_get(json_object_get(run, "cases"), index);
}

static void set(json_t *run, size_t index, const char *member, const char *text)
{
    cr_assert_eq(json_object_set_new(case_at(run, index), member, json_string(text)), 0);
}

static const char *compare(struct assay_buf *out, struct report_changes *changes,
                           enum report_form form, json_t *before, json_t *after)
{
    struct assay_err err = {0};

    *out = (struct assay_buf)ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    cr_assert_eq(report_compare(out, changes, form, before, after, &err), ASSAY_OK, "%s", err.text);
    cr_assert_not_null(assay_buf_cstr(out));
    return assay_buf_cstr(out);
}

Test(report_compare, tells_what_changed_and_how)
{
    static const struct {
        const char *before, *after; /* verdicts, with '!' for one that is expected */
        enum report_change change;
    } rows[] = {
        {"pass", "fail", CHANGE_BROKEN},
        {"unsupported", "fail", CHANGE_BROKEN},
        {"fail!", "fail", CHANGE_BROKEN},
        {"fail", "pass", CHANGE_FIXED},
        {"fail!", "pass!", CHANGE_FIXED},
        {"pass", "unsupported", CHANGE_UNJUDGED},
        {"fail", "broken", CHANGE_UNJUDGED},
        {"fail", "fail!", CHANGE_OTHER},
        {"unsupported", "pass", CHANGE_OTHER},
        {"fail", "fail", CHANGE_SAME},
        {"unsupported", "unsupported", CHANGE_SAME},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *runs[2] = {sample_run(SAMPLE_PASSING), sample_run(SAMPLE_PASSING)};
        const char *verdicts[2] = {rows[i].before, rows[i].after};
        struct report_changes changes;
        struct assay_buf out;

        for (size_t k = 0; k < 2; k++) {
            size_t len = strcspn(verdicts[k], "!");

            json_object_set_new(case_at(runs[k], 2), "verdict", json_stringn(verdicts[k], len));
            if (verdicts[k][len] == '!')
                set(runs[k], 2, "expectation",
                    verdicts[k][0] == 'p' ? "unexpected-pass" : "expected");
        }
        (void)compare(&out, &changes, FORM_TEXT, runs[0], runs[1]);
        cr_expect_eq(changes.of[rows[i].change], rows[i].change == CHANGE_SAME ? 7 : 1, "%s to %s",
                     rows[i].before, rows[i].after);
        cr_expect_eq(changes.of[CHANGE_SAME], rows[i].change == CHANGE_SAME ? 7 : 6);
        assay_buf_fini(&out);
        json_decref(runs[0]);
        json_decref(runs[1]);
    }
}

Test(report_compare, tells_new_from_gone_and_takes_the_worst_of_repeated_cases)
{
    json_t *before = sample_run(SAMPLE_PASSING), *after = sample_run(SAMPLE_FAILING);
    struct report_changes changes;
    struct assay_buf out;
    const char *text;

    json_array_append_new(json_object_get(before, "cases"), json_deep_copy(case_at(before, 1)));
    json_array_append_new(json_object_get(after, "cases"), json_deep_copy(case_at(after, 1)));
    set(after, json_array_size(json_object_get(after, "cases")) - 1, "verdict", "fail");
    json_array_remove(json_object_get(after, "cases"), 2);
    text = compare(&out, &changes, FORM_TEXT, before, after);
    cr_expect_eq(changes.of[CHANGE_BROKEN], 1, "%s", text);
    cr_expect_eq(changes.of[CHANGE_NEW_FAILURE], 2);
    cr_expect_eq(changes.of[CHANGE_NEW], 3);
    cr_expect_eq(changes.of[CHANGE_GONE], 1);
    cr_expect_eq(changes.of[CHANGE_SAME], 5);
    cr_expect_not_null(strstr(text, "broken: 1\n  paid-tools/proof_replay/sequential: fail, was "
                                    "pass\n    what      One proof buys one execution\n"));
    cr_expect_not_null(strstr(text, "    remedy    Record the nonce in the same step"));
    cr_expect_not_null(strstr(text, "gone: 1\n  paid-tools/proof_replay/second-worker\n"));
    cr_expect_not_null(strstr(text, "\nREGRESSION: 1 broken, 2 new failure, 0 fixed, "));
    assay_buf_fini(&out);
    json_decref(before);
    json_decref(after);
}

Test(report_compare, says_when_the_later_run_is_invalid)
{
    json_t *before = sample_run(SAMPLE_PASSING), *after = sample_run(SAMPLE_INTERRUPTED);
    struct report_changes changes;
    struct assay_buf out;
    const char *text = compare(&out, &changes, FORM_MARKDOWN, before, after);

    cr_expect(!changes.valid);
    cr_expect_eq(changes.judged, 3);
    cr_expect_not_null(strstr(text, "**Assay** the later run is INVALID: 0 broken"), "%s", text);
    assay_buf_fini(&out);
    json_decref(before);
    json_decref(after);
}

Test(report_trend, has_the_oldest_run_first_and_what_changed_since)
{
    json_t *old = sample_run(SAMPLE_PASSING), *new = sample_run(SAMPLE_FAILING);
    struct report_named runs[] = {{"newer", new}, {"older", old}};
    struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    const char *text, *first, *second;

    json_object_set_new(new, "started", json_string("2026-01-03T03:04:05.678Z"));
    cr_assert_eq(report_trend(&out, FORM_MARKDOWN, runs, 2, NULL), ASSAY_OK);
    text = assay_buf_cstr(&out);
    cr_assert_not_null(text);
    first = strstr(text, "| older | 2026-01-02T03");
    second = strstr(text, "| newer | 2026-01-03T03");
    cr_assert(first != NULL && second != NULL && first < second, "%s", text);
    cr_expect_not_null(strstr(first, "| shop | PASSED | 6 | 0 | 0 | 1 | - | - |\n"));
    cr_expect_not_null(strstr(second, "| shop | FAILED | 6 | 3 | 2 | 1 | 2 | 0 |\n"));
    assay_buf_fini(&out);
    json_decref(old);
    json_decref(new);
}

Test(report_matrix, has_a_row_for_each_threat_of_any_run_and_a_column_for_each_run)
{
    json_t *one = sample_run(SAMPLE_PASSING), *two = sample_run(SAMPLE_SEVERAL);
    const struct report_named runs[] = {{"a", one}, {"b", two}};
    struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    const char *text;

    cr_assert_eq(report_matrix(&out, FORM_TEXT, runs, 2, NULL), ASSAY_OK);
    text = assay_buf_cstr(&out);
    cr_assert_not_null(text);
    cr_expect_not_null(strstr(text, "paid-tools/proof-replay  \xe2\x9c\x93 pass    \xe2\x9c\x93 "
                                    "pass\n"),
                       "%s", text);
    cr_expect_not_null(
        strstr(text, "kaspa-x402/proof-replay  -         \xe2\x9c\x95 fail 1 of 1\n"));
    cr_expect_not_null(strstr(text, "the run                  PASSED    FAILED\n"));
    assay_buf_fini(&out);
    json_decref(one);
    json_decref(two);
}

/* The hostile sample says all it has in names, titles and what was seen. */
Test(reports_on_several, keep_hostile_text_from_meaning_anything)
{
    json_t *before = sample_run(SAMPLE_PASSING), *after = sample_run(SAMPLE_HOSTILE);
    struct report_named runs[] = {{"x`]()|\x1b[31m", before}, {sample_hostile_text, after}};

    for (int form = FORM_TEXT; form <= FORM_MARKDOWN; form++) {
        struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
        struct report_changes changes;

        cr_assert_eq(report_compare(&out, &changes, (enum report_form)form, before, after, NULL),
                     ASSAY_OK);
        cr_expect_eq(changes.of[CHANGE_NEW_FAILURE], 1);
        cr_assert_eq(report_trend(&out, (enum report_form)form, runs, 2, NULL), ASSAY_OK);
        cr_assert_eq(report_matrix(&out, (enum report_form)form, runs, 2, NULL), ASSAY_OK);
        cr_assert_not_null(assay_buf_cstr(&out));
        cr_expect(assay_utf8_valid(assay_buf_view(&out)));
        for (size_t i = 0; i < out.len; i++)
            cr_assert((out.at[i] >= 0x20 && out.at[i] != 0x7F) || out.at[i] == '\n', "%02x",
                      out.at[i]);
        cr_expect_null(strstr((const char *)out.at, "\n::error"));
        cr_expect_null(strstr((const char *)out.at, "\xe2\x80\xae"));
        if (form == FORM_MARKDOWN) {
            cr_expect_null(strstr((const char *)out.at, "<"));
            cr_expect_null(strstr((const char *)out.at, "`"));
            cr_expect_null(strstr((const char *)out.at, "]("));
        }
        assay_buf_fini(&out);
    }
    json_decref(before);
    json_decref(after);
}

enum { KINDS = 3 };

static enum assay_code write_kind(size_t kind, struct assay_buf *out, struct report_named *runs)
{
    struct report_changes changes;

    if (kind == 0)
        return report_compare(out, &changes, FORM_TEXT, runs[0].run, runs[1].run, NULL);
    return kind == 1 ? report_trend(out, FORM_TEXT, runs, 2, NULL)
                     : report_matrix(out, FORM_TEXT, runs, 2, NULL);
}

Test(reports_on_several, survive_every_failing_allocation)
{
    json_t *before = sample_run(SAMPLE_PASSING), *after = sample_run(SAMPLE_FAILING);
    struct report_named runs[] = {{"a", before}, {"b", after}};

    for (size_t kind = 0; kind < KINDS; kind++) {
        struct assay_buf whole = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
        size_t all;

        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_assert_eq(write_kind(kind, &whole, runs), ASSAY_OK);
        all = assay_alloc_fail_after(SIZE_MAX);
        for (size_t n = 0; n < all; n++) {
            struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
            enum assay_code rc;

            (void)assay_alloc_fail_after(n);
            rc = write_kind(kind, &out, runs);
            (void)assay_alloc_fail_after(SIZE_MAX);
            cr_expect_eq(rc, ASSAY_E_NOMEM, "report %zu, allocation %zu of %zu: %s", kind, n, all,
                         assay_code_name(rc));
            assay_buf_fini(&out);
        }
        assay_buf_fini(&whole);
    }
    json_decref(before);
    json_decref(after);
}
