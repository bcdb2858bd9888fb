/* CTRF, the Common Test Report Format (reports/report.h). Source: the format's schema at ctrf.io.
 */
#include "base/time.h"
#include "reports/findings.h"
#include "reports/json_out.h"
#include "reports/report.h"

enum { TEXT_MAX_BYTES = 4096, NAME_MAX_BYTES = 1 << 20 };

struct ctrf {
    struct json_out json;
    const struct report_view *view;
    bool valid;
};

static const char *const statuses[MARK__COUNT] = {
    [MARK_FAIL] = "failed",      [MARK_UNEXPECTED_PASS] = "failed",
    [MARK_BROKEN] = "other",     [MARK_MILD_FAIL] = "other",
    [MARK_KNOWN_FAIL] = "other", [MARK_UNSUPPORTED] = "skipped",
    [MARK_SKIPPED] = "skipped",  [MARK_PASS] = "passed",
};

static int64_t time_of(struct assay_bytes text, int64_t otherwise)
{
    int64_t ms;

    return assay_time_parse(&ms, text) == ASSAY_OK ? ms : otherwise;
}

static void add_summary(struct ctrf *r)
{
    static const char *const names[] = {"passed", "failed", "skipped", "pending", "other"};
    int64_t start = time_of(report_text(r->view->run, "started"), 0);
    size_t rows = json_array_size(json_object_get(json_object_get(r->view->run, "matrix"), "rows"));
    size_t lost = finding_uncaught(r->view);

    json_open(&r->json, "summary", '{');
    json_number(&r->json, "tests", (int64_t)(r->view->case_count + rows + 1));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t count = strcmp(names[i], r->valid ? "passed" : "failed") == 0;

        if (strcmp(names[i], "passed") == 0)
            count += rows - lost;
        if (strcmp(names[i], "failed") == 0)
            count += lost;
        for (size_t mark = 0; mark < MARK__COUNT; mark++)
            count += strcmp(statuses[mark], names[i]) == 0 ? r->view->of[mark] : 0;
        json_number(&r->json, names[i], (int64_t)count);
    }
    json_number(&r->json, "start", start);
    json_number(&r->json, "stop", time_of(report_text(r->view->outcome, "ended"), start));
    json_close(&r->json, '}');
}

static void add_validity(struct ctrf *r)
{
    const json_t *reason = json_array_get(json_object_get(r->view->outcome, "invalid"), 0);
    int64_t ms = report_duration_ms(r->view);

    json_open(&r->json, NULL, '{');
    json_str(&r->json, "name", "run validity");
    json_str(&r->json, "status", r->valid ? "passed" : "failed");
    json_number(&r->json, "duration", ms > 0 ? ms : 0);
    if (!r->valid)
        json_shown(&r->json, "message",
                   assay_bytes_part(report_text(reason, "text"), 0, TEXT_MAX_BYTES));
    json_close(&r->json, '}');
}

static void add_extra(struct ctrf *r, const struct report_case *c)
{
    const struct report_threat *threat = &r->view->threats[c->threat];
    const struct {
        const char *name;
        struct assay_bytes text;
    } members[] = {
        {"threat", threat->id},
        {"rule", report_text(c->c, "rule")},
        {"level", report_text(c->c, "level")},
        {"grade", report_text(c->c, "grade")},
        {"severity", report_text(threat->entry, "severity")},
        {"clause", report_text(c->rule, "source")},
        {"remedy", c->mark == MARK_PASS ? ASSAY_LIT("") : report_case_remedy(c)},
        {"where", report_text(c->c, "where")},
        {"seed", report_text(c->c, "seed")},
        {"repeat", report_text(c->c, "replay")},
    };

    json_open(&r->json, "extra", '{');
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (members[i].text.len > 0)
            json_shown(&r->json, members[i].name,
                       assay_bytes_part(members[i].text, 0, TEXT_MAX_BYTES));
    json_close(&r->json, '}');
}

static void add_case(struct ctrf *r, const struct report_case *c)
{
    struct assay_buf name = ASSAY_BUF_INIT(NAME_MAX_BYTES), why = ASSAY_BUF_INIT(NAME_MAX_BYTES);
    struct assay_bytes profile = r->view->threats[c->threat].profile;

    report_case_name(&name, r->view, c);
    if (c->mark != MARK_PASS)
        finding_message(&why, r->view, c);
    json_open(&r->json, NULL, '{');
    json_shown(&r->json, "name", assay_bytes_part(assay_buf_view(&name), 0, TEXT_MAX_BYTES));
    json_str(&r->json, "status", statuses[c->mark]);
    json_number(&r->json, "duration", report_number(c->c, "milliseconds"));
    json_str(&r->json, "rawStatus", report_marks[c->mark].word);
    if (why.len > 0)
        json_shown(&r->json, "message", assay_bytes_part(assay_buf_view(&why), 0, TEXT_MAX_BYTES));
    json_open(&r->json, "tags", '[');
    json_shown(&r->json, NULL, assay_bytes_part(profile, 0, TEXT_MAX_BYTES));
    json_shown(&r->json, NULL, assay_bytes_part(report_text(c->c, "kind"), 0, TEXT_MAX_BYTES));
    json_close(&r->json, ']');
    add_extra(r, c);
    json_close(&r->json, '}');
    report_done(r->json.out, &name);
    report_done(r->json.out, &why);
}

/* A seeded defect of a selftest. */
static void add_row(struct ctrf *r, const json_t *row)
{
    struct assay_bytes defect = report_text(row, "defect");

    json_open(&r->json, NULL, '{');
    json_shown(&r->json, "name", assay_bytes_part(defect, 0, TEXT_MAX_BYTES));
    json_str(&r->json, "status", finding_row_is_caught(row) ? "passed" : "failed");
    json_number(&r->json, "duration", 0);
    json_str(&r->json, "message", finding_row_word(row));
    json_open(&r->json, "tags", '[');
    json_str(&r->json, NULL, "seeded defect");
    json_close(&r->json, ']');
    json_close(&r->json, '}');
}

static void add_results(struct ctrf *r)
{
    const json_t *run = r->view->run, *row;
    size_t i;

    json_open(&r->json, "results", '{');
    json_open(&r->json, "tool", '{');
    json_str(&r->json, "name", "assay");
    json_shown(&r->json, "version", report_text(json_object_get(run, "assay"), "version"));
    json_close(&r->json, '}');
    add_summary(r);
    json_open(&r->json, "tests", '[');
    add_validity(r);
    for (i = 0; i < r->view->case_count; i++)
        add_case(r, &r->view->cases[i]);
    json_array_foreach (json_object_get(json_object_get(run, "matrix"), "rows"), i, row)
        add_row(r, row);
    json_close(&r->json, ']');
    json_open(&r->json, "environment", '{');
    json_shown(
        &r->json, "appName",
        assay_bytes_part(report_text(json_object_get(run, "target"), "name"), 0, TEXT_MAX_BYTES));
    json_close(&r->json, '}');
    json_close(&r->json, '}');
}

enum assay_code report_ctrf(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    struct report_view view = {0};
    struct ctrf r = {.json = {.out = out}, .view = &view};
    enum assay_code rc = report_view_init(&view, run);

    if (rc != ASSAY_OK)
        goto out;
    r.valid = json_is_true(json_object_get(view.outcome, "valid"));
    json_open(&r.json, NULL, '{');
    json_str(&r.json, "reportFormat", "CTRF");
    json_str(&r.json, "specVersion", "0.0.0");
    json_str(&r.json, "generatedBy", "assay");
    add_results(&r);
    json_close(&r.json, '}');
    assay_buf_add_byte(out, '\n');
    rc = out->bad;
out:
    report_view_fini(&view);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "CTRF report: %s", assay_code_text(rc));
}
