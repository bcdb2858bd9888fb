/* JUnit XML (reports/report.h), in the dialect that CI systems read: testsuites, testsuite,
 * testcase. */
#include "reports/findings.h"
#include "reports/markup.h"
#include "reports/report.h"
#include "reports/view.h"

struct junit {
    struct assay_buf *out;
    const struct report_view *view;
};

static void add_attribute(struct assay_buf *out, const char *name, struct assay_bytes value)
{
    assay_buf_printf(out, " %s=\"", name);
    markup_add(out, value, MARKUP_ONE_LINE);
    assay_buf_add_byte(out, '"');
}

static void add_seconds(struct assay_buf *out, int64_t ms)
{
    uint64_t value = ms > 0 ? (uint64_t)ms : 0;

    assay_buf_printf(out, " time=\"%llu.%03llu\"", (unsigned long long)(value / 1000),
                     (unsigned long long)(value % 1000));
}

static void add_property(struct assay_buf *out, const char *name, struct assay_bytes value)
{
    assay_buf_printf(out, "<property name=\"%s\"", name);
    add_attribute(out, "value", value);
    assay_buf_add_str(out, "/>\n");
}

static void add_line(struct assay_buf *out, const char *label, struct assay_bytes text)
{
    if (text.len == 0)
        return;
    assay_buf_printf(out, "%s: ", label);
    markup_add(out, text, MARKUP_KEEP_LINES);
    assay_buf_add_byte(out, '\n');
}

/* The element that makes a case something else than a pass; `text` lines follow for what a person
 * must act on. */
static void add_verdict(struct junit *j, const struct report_case *c)
{
    static const char *const elements[MARK__COUNT] = {
        [MARK_FAIL] = "failure",       [MARK_UNEXPECTED_PASS] = "failure",
        [MARK_BROKEN] = "error",       [MARK_MILD_FAIL] = "skipped",
        [MARK_KNOWN_FAIL] = "skipped", [MARK_UNSUPPORTED] = "skipped",
        [MARK_SKIPPED] = "skipped",
    };
    struct assay_buf message = ASSAY_BUF_INIT(1 << 20);
    const char *element = elements[c->mark];

    if (element == NULL)
        return;
    finding_message(&message, j->view, c);
    assay_buf_printf(j->out, "<%s", element);
    add_attribute(j->out, "message", assay_buf_view(&message));
    if (strcmp(element, "skipped") == 0) {
        assay_buf_add_str(j->out, "/>\n");
    } else {
        add_attribute(j->out, "type",
                      c->mark == MARK_FAIL ? report_text(c->c, "level")
                                           : assay_str(report_marks[c->mark].word));
        assay_buf_add_byte(j->out, '>');
        add_line(j->out, "requirement", report_text(c->c, "title"));
        add_line(j->out, "expected", report_text(c->c, "expected"));
        add_line(j->out, "seen", report_text(c->c, "seen"));
        add_line(j->out, "where", report_text(c->c, "where"));
        add_line(j->out, "rule", report_text(c->rule, "sentence"));
        add_line(j->out, "remedy", report_case_remedy(c));
        add_line(j->out, "repeat", report_text(c->c, "replay"));
        assay_buf_printf(j->out, "</%s>\n", element);
    }
    report_done(j->out, &message);
}

static void add_case(struct junit *j, const struct report_case *c)
{
    struct assay_buf name = ASSAY_BUF_INIT(1 << 20);

    report_case_name(&name, j->view, c);
    assay_buf_add_str(j->out, "<testcase");
    add_attribute(j->out, "name", assay_buf_view(&name));
    add_attribute(j->out, "classname", report_text(c->c, "scenario"));
    add_seconds(j->out, report_number(c->c, "milliseconds"));
    assay_buf_add_str(j->out, ">\n<properties>\n");
    add_property(j->out, "level", report_text(c->c, "level"));
    add_property(j->out, "rule", report_text(c->c, "rule"));
    add_property(j->out, "grade", report_text(c->c, "grade"));
    assay_buf_add_str(j->out, "</properties>\n");
    add_verdict(j, c);
    assay_buf_add_str(j->out, "</testcase>\n");
    report_done(j->out, &name);
}

static void open_suite(struct assay_buf *out, struct assay_bytes name, size_t tests,
                       size_t failures, size_t errors, size_t skipped)
{
    assay_buf_add_str(out, "<testsuite");
    add_attribute(out, "name", name);
    assay_buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n",
                     tests, failures, errors, skipped);
}

static size_t count_skipped(const size_t of[MARK__COUNT])
{
    return of[MARK_MILD_FAIL] + of[MARK_KNOWN_FAIL] + of[MARK_UNSUPPORTED] + of[MARK_SKIPPED];
}

static void add_not_judged(struct junit *j, const struct report_threat *threat,
                           struct assay_bytes name)
{
    open_suite(j->out, name, 1, 0, 0, 1);
    assay_buf_add_str(j->out, "<testcase name=\"not judged\"");
    add_attribute(j->out, "classname", name);
    assay_buf_add_str(j->out, "><skipped");
    add_attribute(j->out, "message",
                  threat->not_judged.len > 0 ? threat->not_judged : ASSAY_LIT("not selected"));
    assay_buf_add_str(j->out, "/></testcase>\n");
}

/* A threat that nothing judged has one skipped case of its own, so that it is seen to be missing.
 */
static void add_threat(struct junit *j, size_t index)
{
    const struct report_threat *threat = &j->view->threats[index];
    struct assay_buf name = ASSAY_BUF_INIT(1 << 20);
    size_t tests = 0;

    report_threat_name(&name, j->view, threat);
    for (size_t mark = 0; mark < MARK__COUNT; mark++)
        tests += threat->of[mark];
    if (tests == 0) {
        add_not_judged(j, threat, assay_buf_view(&name));
    } else {
        open_suite(j->out, assay_buf_view(&name), tests,
                   threat->of[MARK_FAIL] + threat->of[MARK_UNEXPECTED_PASS],
                   threat->of[MARK_BROKEN], count_skipped(threat->of));
        for (size_t i = 0; i < j->view->case_count; i++)
            if (j->view->cases[i].threat == index)
                add_case(j, &j->view->cases[i]);
    }
    assay_buf_add_str(j->out, "</testsuite>\n");
    report_done(j->out, &name);
}

static void add_validity(struct junit *j, bool valid)
{
    const json_t *reason;
    size_t i;

    open_suite(j->out, ASSAY_LIT("run"), 1, 0, valid ? 0 : 1, 0);
    assay_buf_add_str(j->out, "<testcase name=\"run validity\" classname=\"run\">");
    if (!valid) {
        assay_buf_add_str(
            j->out,
            "<error type=\"invalid\" message=\"the run is INVALID: no verdict can be given\">");
        json_array_foreach (json_object_get(j->view->outcome, "invalid"), i, reason) {
            markup_add(j->out, report_text(reason, "code"), MARKUP_KEEP_LINES);
            assay_buf_add_str(j->out, ": ");
            markup_add(j->out, report_text(reason, "text"), MARKUP_KEEP_LINES);
            assay_buf_add_byte(j->out, '\n');
        }
        assay_buf_add_str(j->out, "</error>");
    }
    assay_buf_add_str(j->out, "</testcase>\n</testsuite>\n");
}

static void add_matrix(struct junit *j, const json_t *matrix)
{
    const json_t *rows = json_object_get(matrix, "rows"), *row;
    size_t i;

    if (json_array_size(rows) == 0)
        return;
    open_suite(j->out, ASSAY_LIT("seeded defects"), json_array_size(rows),
               finding_uncaught(j->view), 0, 0);
    json_array_foreach (rows, i, row) {
        assay_buf_add_str(j->out, "<testcase");
        add_attribute(j->out, "name", report_text(row, "defect"));
        add_attribute(j->out, "classname", report_text(row, "threat"));
        assay_buf_add_byte(j->out, '>');
        if (!finding_row_is_caught(row)) {
            assay_buf_add_str(j->out, "<failure");
            add_attribute(j->out, "type", report_text(row, "verdict"));
            add_attribute(j->out, "message", assay_str(finding_row_word(row)));
            assay_buf_add_str(j->out, "/>");
        }
        assay_buf_add_str(j->out, "</testcase>\n");
    }
    assay_buf_add_str(j->out, "</testsuite>\n");
}

static void add_totals(struct junit *j, bool valid)
{
    const json_t *matrix = json_object_get(j->view->run, "matrix");
    size_t tests = j->view->case_count + 1 + json_array_size(json_object_get(matrix, "rows"));
    size_t skipped = count_skipped(j->view->of);

    for (size_t i = 0; i < j->view->threat_count; i++) {
        size_t of_threat = 0;

        for (size_t mark = 0; mark < MARK__COUNT; mark++)
            of_threat += j->view->threats[i].of[mark];
        tests += of_threat == 0;
        skipped += of_threat == 0;
    }
    assay_buf_printf(
        j->out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", tests,
        j->view->of[MARK_FAIL] + j->view->of[MARK_UNEXPECTED_PASS] + finding_uncaught(j->view),
        j->view->of[MARK_BROKEN] + !valid, skipped);
}

enum assay_code report_junit(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    const json_t *target = json_object_get(run, "target");
    struct report_view view = {0};
    struct junit j = {out, &view};
    enum assay_code rc = report_view_init(&view, run);
    bool valid = json_is_true(json_object_get(view.outcome, "valid"));

    if (rc != ASSAY_OK)
        goto out;
    assay_buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    add_attribute(out, "name", report_text(target, "name"));
    add_totals(&j, valid);
    add_seconds(out, report_duration_ms(&view));
    assay_buf_add_str(out, ">\n");
    add_validity(&j, valid);
    for (size_t i = 0; i < view.threat_count; i++)
        add_threat(&j, i);
    add_matrix(&j, json_object_get(run, "matrix"));
    assay_buf_add_str(out, "</testsuites>\n");
    rc = out->bad;
out:
    report_view_fini(&view);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "JUnit report: %s", assay_code_text(rc));
}
