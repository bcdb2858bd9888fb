/* TAP 14 (reports/report.h): a subtest for each threat, and one for the seeded defects of a
 * selftest. */
#include "reports/findings.h"
#include "reports/json_out.h"
#include "reports/report.h"

enum { TEXT_MAX_BYTES = 1000, NAME_MAX_BYTES = 1 << 20 };

struct tap {
    struct assay_buf *out;
    const struct report_view *view;
    size_t number; /* of the last test point of the outermost document */
};

/* One line in which no '#' begins a directive. */
static void add_text(struct assay_buf *out, struct assay_bytes text)
{
    struct assay_buf shown = ASSAY_BUF_INIT(64 * TEXT_MAX_BYTES);

    finding_add_shown(&shown, text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < shown.len; i++) {
        if (shown.at[i] == '#' || shown.at[i] == '\\')
            assay_buf_add_byte(out, '\\');
        assay_buf_add_byte(out, shown.at[i]);
    }
    report_done(out, &shown);
}

static void add_diagnostic(struct assay_buf *out, const char *name, struct assay_bytes text)
{
    struct assay_buf shown = ASSAY_BUF_INIT(64 * TEXT_MAX_BYTES);

    if (text.len == 0)
        return;
    finding_add_shown(&shown, text, TEXT_MAX_BYTES);
    assay_buf_printf(out, "      %s: ", name);
    json_add_quoted(out, assay_buf_view(&shown));
    assay_buf_add_byte(out, '\n');
    report_done(out, &shown);
}

static void add_diagnostics(struct tap *t, const struct report_case *c)
{
    struct assay_buf message = ASSAY_BUF_INIT(NAME_MAX_BYTES);

    finding_message(&message, t->view, c);
    assay_buf_add_str(t->out, "      ---\n");
    add_diagnostic(t->out, "message", assay_buf_view(&message));
    add_diagnostic(
        t->out, "severity",
        assay_str(c->mark == MARK_MILD_FAIL || c->mark == MARK_KNOWN_FAIL ? "comment" : "fail"));
    add_diagnostic(t->out, "requirement", report_text(c->c, "title"));
    add_diagnostic(t->out, "level", report_text(c->c, "level"));
    add_diagnostic(t->out, "grade", report_text(c->c, "grade"));
    add_diagnostic(t->out, "expected", report_text(c->c, "expected"));
    add_diagnostic(t->out, "seen", report_text(c->c, "seen"));
    add_diagnostic(t->out, "where", report_text(c->c, "where"));
    add_diagnostic(t->out, "rule", report_text(c->rule, "sentence"));
    add_diagnostic(t->out, "remedy", report_case_remedy(c));
    add_diagnostic(t->out, "repeat", report_text(c->c, "replay"));
    assay_buf_add_str(t->out, "      ...\n");
    report_done(t->out, &message);
}

static void add_case(struct tap *t, const struct report_case *c, size_t number)
{
    static const char *const directives[MARK__COUNT] = {[MARK_MILD_FAIL] = "TODO",
                                                        [MARK_KNOWN_FAIL] = "TODO",
                                                        [MARK_UNSUPPORTED] = "SKIP",
                                                        [MARK_SKIPPED] = "SKIP"};
    struct assay_buf name = ASSAY_BUF_INIT(NAME_MAX_BYTES), why = ASSAY_BUF_INIT(NAME_MAX_BYTES);
    const char *directive = directives[c->mark];
    bool is_ok = c->mark == MARK_PASS || (directive != NULL && directive[0] == 'S');

    report_case_name(&name, t->view, c);
    assay_buf_printf(t->out, "    %sok %zu - ", is_ok ? "" : "not ", number);
    add_text(t->out, assay_buf_view(&name));
    if (directive != NULL) {
        report_case_reason(&why, t->view, c);
        assay_buf_printf(t->out, " # %s ", directive);
        add_text(t->out, assay_buf_view(&why));
    }
    assay_buf_add_byte(t->out, '\n');
    if (!is_ok)
        add_diagnostics(t, c);
    report_done(t->out, &name);
    report_done(t->out, &why);
}

static void add_threat(struct tap *t, size_t index)
{
    const struct report_threat *threat = &t->view->threats[index];
    struct assay_buf name = ASSAY_BUF_INIT(NAME_MAX_BYTES);
    size_t cases = 0, number = 0, bad;

    report_threat_name(&name, t->view, threat);
    for (size_t mark = 0; mark < MARK__COUNT; mark++)
        cases += threat->of[mark];
    bad = threat->of[MARK_FAIL] + threat->of[MARK_UNEXPECTED_PASS] + threat->of[MARK_BROKEN];
    if (cases > 0) {
        assay_buf_add_str(t->out, "# Subtest: ");
        add_text(t->out, assay_buf_view(&name));
        assay_buf_printf(t->out, "\n    1..%zu\n", cases);
        for (size_t i = 0; i < t->view->case_count; i++)
            if (t->view->cases[i].threat == index)
                add_case(t, &t->view->cases[i], ++number);
    }
    assay_buf_printf(t->out, "%sok %zu - ", bad > 0 ? "not " : "", ++t->number);
    add_text(t->out, assay_buf_view(&name));
    if (bad == 0 && report_judged(threat->of) == 0) {
        assay_buf_add_str(t->out, " # SKIP ");
        add_text(t->out,
                 threat->not_judged.len > 0 ? threat->not_judged : ASSAY_LIT("nothing was judged"));
    }
    assay_buf_add_byte(t->out, '\n');
    report_done(t->out, &name);
}

static void add_matrix(struct tap *t, const json_t *rows)
{
    size_t lost = 0, i;
    const json_t *row;

    if (json_array_size(rows) == 0)
        return;
    assay_buf_printf(t->out, "# Subtest: seeded defects\n    1..%zu\n", json_array_size(rows));
    json_array_foreach (rows, i, row) {
        bool caught = assay_bytes_is(report_text(row, "verdict"), "caught");

        lost += !caught;
        assay_buf_printf(t->out, "    %sok %zu - ", caught ? "" : "not ", i + 1);
        add_text(t->out, report_text(row, "defect"));
        assay_buf_add_str(t->out, ": ");
        add_text(t->out, report_text(row, "verdict"));
        assay_buf_add_byte(t->out, '\n');
    }
    assay_buf_printf(t->out, "%sok %zu - seeded defects\n", lost > 0 ? "not " : "", ++t->number);
}

static void add_end(struct tap *t)
{
    const json_t *reason = json_array_get(json_object_get(t->view->outcome, "invalid"), 0);

    if (json_is_true(json_object_get(t->view->outcome, "valid")))
        return;
    assay_buf_add_str(t->out, "Bail out! no verdict can be given: ");
    add_text(t->out, report_text(reason, "text"));
    assay_buf_add_byte(t->out, '\n');
}

enum assay_code report_tap(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    const json_t *rows = json_object_get(json_object_get(run, "matrix"), "rows");
    struct report_view view = {0};
    struct tap t = {.out = out, .view = &view};
    enum assay_code rc = report_view_init(&view, run);

    if (rc != ASSAY_OK)
        goto out;
    assay_buf_printf(out, "TAP version 14\n1..%zu\n",
                     view.threat_count + (json_array_size(rows) > 0));
    for (size_t i = 0; i < view.threat_count; i++)
        add_threat(&t, i);
    add_matrix(&t, rows);
    add_end(&t);
    rc = out->bad;
out:
    report_view_fini(&view);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "TAP report: %s", assay_code_text(rc));
}
