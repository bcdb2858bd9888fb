/* What reports say of cases that were not judged: by reason, the most frequent first, and of a
 * failed control once. */
#include "record/record.h"
#include "reports/reasons.h"
#include "reports/report.h"
#include "sample_run.h"
#include "written.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* The cases of a passing run, made ones with these verdicts and reasons in turn. */
static json_t *run_of(const char *verdict, const char *const *reasons, size_t count)
{
    json_t *run = sample_run(SAMPLE_PASSING), *c;
    size_t i;

    json_array_foreach (json_object_get(run, "cases"), i, c)
        if (i < count) {
            cr_assert_eq(json_object_set_new(c, "verdict", json_string(verdict)), 0);
            cr_assert_eq(json_object_set_new(c, "reason", json_string(reasons[i])), 0);
        }
    return run;
}

Test(report_reasons, come_with_the_most_frequent_first)
{
    static const char *const reasons[] = {"no launch", "no origin", "no origin", "<b>|::error"};
    json_t *run = run_of("unsupported", reasons, ARRAY_LEN(reasons));
    struct report_view view = {0};
    struct report_reasons r = {0};

    cr_assert_eq(report_view_init(&view, run), ASSAY_OK);
    cr_assert_eq(report_reasons_init(&r, &view), ASSAY_OK);
    cr_assert_eq(r.count, 4, "one more is the sample's own");
    cr_expect_eq(r.cases, 5);
    cr_expect(assay_bytes_is(r.items[0].text, "no origin") && r.items[0].count == 2);
    cr_expect(assay_bytes_is(r.items[1].text, "no launch") && r.items[1].count == 1);
    report_reasons_fini(&r);
    report_view_fini(&view);
    json_decref(run);
}

Test(report_reasons, are_counted_in_the_summary_as_text)
{
    static const char *const reasons[] = {"no origin", "no origin", "<b>|::error"};
    json_t *run = run_of("unsupported", reasons, ARRAY_LEN(reasons));
    struct assay_buf out;
    const char *text = written_report(&out, "markdown", run);

    cr_expect_not_null(strstr(text, "### Not judged: 4 of 7 cases"), "%s", text);
    cr_expect_not_null(strstr(text, "| 2 | no origin |"), "%s", text);
    cr_expect_null(strstr(text, "<b>"));
    assay_buf_fini(&out);
    json_decref(run);
}

Test(report_reasons, leave_to_a_failed_control_what_rests_on_it)
{
    static const char *const reasons[] = {RECORD_REST_LOST, RECORD_REST_LOST, "the worker ended"};
    static const char *const formats[] = {"markdown", "annotations"};
    json_t *run = run_of("broken", reasons, ARRAY_LEN(reasons));

    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct assay_buf out;
        const char *text = written_report(&out, formats[i], run);

        cr_expect_null(strstr(text, "control it rests on"), "%s: %s", formats[i], text);
        cr_expect_not_null(strstr(text, "the worker ended"), "%s: %s", formats[i], text);
        if (i == 0)
            cr_expect_not_null(strstr(text, "rest on failed: 2 cases"), "%s", text);
        assay_buf_fini(&out);
    }
    json_decref(run);
}
