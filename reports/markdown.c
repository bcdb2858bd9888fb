/* A job summary in GitHub's Markdown (reports/report.h): the verdict, what failed and how to mend
 * it, the threats. GITHUB_STEP_SUMMARY takes 1 MiB a step; what does not fit is counted in the end.
 */
#include "reports/findings.h"
#include "reports/reasons.h"
#include "reports/report.h"

enum {
    SUMMARY_MAX_BYTES = 1000 * 1000,
    FINDINGS_MAX_BYTES = 600 * 1000,
    THREATS_MAX_BYTES = 900 * 1000,
    TEXT_MAX_BYTES = 1000,
    NAME_MAX_BYTES = 1 << 20,
    ROWS_MAX = 100,
    REASONS_SHOWN = 20,
};

struct summary {
    struct assay_buf *out;
    size_t start; /* of the summary in `out` */
    const struct report_view *view;
};

static size_t length(const struct summary *s)
{
    return s->out->len - s->start;
}

static void add_text(struct summary *s, struct assay_bytes text)
{
    finding_add_markdown(s->out, text, TEXT_MAX_BYTES);
}

static void add_item(struct summary *s, const char *label, struct assay_bytes text)
{
    if (text.len == 0)
        return;
    assay_buf_printf(s->out, "- %s: ", label);
    add_text(s, text);
    assay_buf_add_byte(s->out, '\n');
}

static void add_headline(struct summary *s)
{
    struct assay_buf text = ASSAY_BUF_INIT(NAME_MAX_BYTES);

    report_headline(&text, s->view);
    assay_buf_printf(s->out, "## Assay: %s\n\n", report_status_word(s->view->status));
    add_text(s, assay_buf_view(&text));
    assay_buf_add_str(s->out, "\n\n");
    report_add_marks(s->out, s->view->of);
    assay_buf_add_str(s->out, "; seed ");
    add_text(s, report_text(s->view->run, "seed"));
    assay_buf_add_str(s->out, "\n");
    report_done(s->out, &text);
}

static void add_invalid(struct summary *s)
{
    const json_t *reasons = json_object_get(s->view->outcome, "invalid"), *reason;
    size_t i;

    if (json_array_size(reasons) == 0)
        return;
    assay_buf_add_str(s->out, "\n### Why no verdict can be given\n\n");
    json_array_foreach (reasons, i, reason) {
        if (i == ROWS_MAX) {
            assay_buf_printf(s->out, "- %zu more reasons are in the HTML report\n",
                             json_array_size(reasons) - i);
            break;
        }
        assay_buf_add_str(s->out, "- ");
        add_text(s, report_text(reason, "text"));
        assay_buf_add_byte(s->out, '\n');
    }
}

static void add_uncaught(struct summary *s)
{
    const json_t *row;
    size_t listed = 0, lost = finding_uncaught(s->view), i;

    if (lost > 0)
        assay_buf_add_str(s->out, "\n### Seeded defects that were not caught\n\n");
    json_array_foreach (json_object_get(json_object_get(s->view->run, "matrix"), "rows"), i, row) {
        if (finding_row_is_caught(row) || listed++ >= ROWS_MAX)
            continue;
        assay_buf_add_str(s->out, "- <code>");
        add_text(s, report_text(row, "defect"));
        assay_buf_printf(s->out, "</code>: %s\n", finding_row_word(row));
    }
    if (lost > ROWS_MAX)
        assay_buf_printf(s->out, "- %zu more are in the HTML report\n", lost - ROWS_MAX);
}

static void add_finding(struct summary *s, const struct finding *f)
{
    const struct report_case *c = f->c;
    struct assay_buf name = ASSAY_BUF_INIT(NAME_MAX_BYTES), reason = ASSAY_BUF_INIT(NAME_MAX_BYTES);

    report_case_name(&name, s->view, c);
    report_case_reason(&reason, s->view, c);
    assay_buf_printf(s->out, "\n#### %s %s: ", report_marks[c->mark].glyph,
                     report_marks[c->mark].word);
    add_text(s, report_text(c->c, "title"));
    assay_buf_add_str(s->out, "\n\n- case: <code>");
    add_text(s, assay_buf_view(&name));
    assay_buf_add_str(s->out, "</code>\n");
    add_item(s, "expected", report_text(c->c, "expected"));
    add_item(s, "seen", report_text(c->c, "seen"));
    add_item(s, "because", assay_buf_view(&reason));
    add_item(s, "rule", report_text(c->rule, "sentence"));
    add_item(s, "clause", report_text(c->rule, "source"));
    add_item(s, "remedy", report_case_remedy(c));
    add_item(s, "threat", report_text(s->view->threats[c->threat].entry, "threat"));
    assay_buf_add_str(s->out, "- repeat: <code>");
    add_text(s, report_text(c->c, "replay"));
    assay_buf_add_str(s->out, "</code>\n");
    report_done(s->out, &name);
    report_done(s->out, &reason);
}

static size_t add_findings(struct summary *s, const struct findings *findings)
{
    size_t i = 0, resting = 0;

    if (findings->count > 0)
        assay_buf_add_str(s->out, "\n### What to look at\n");
    for (; i < findings->count && length(s) < FINDINGS_MAX_BYTES; i++) {
        if (report_case_is_consequence(findings->items[i].c))
            resting++;
        else
            add_finding(s, &findings->items[i]);
    }
    if (resting > 0)
        assay_buf_printf(s->out, "\nNot judged, since a control that they rest on failed: %zu %s\n",
                         resting, resting == 1 ? "case" : "cases");
    return findings->count - i;
}

static void add_reasons(struct summary *s, const struct report_reasons *reasons)
{
    size_t told = 0;

    if (reasons->count == 0)
        return;
    assay_buf_printf(s->out,
                     "\n### Not judged: %zu of %zu cases\n\n| cases | reason |\n|---:|---|\n",
                     reasons->cases, s->view->case_count);
    for (size_t i = 0; i < reasons->count && i < REASONS_SHOWN; i++) {
        assay_buf_printf(s->out, "| %zu | ", reasons->items[i].count);
        add_text(s, reasons->items[i].text);
        assay_buf_add_str(s->out, " |\n");
        told += reasons->items[i].count;
    }
    if (told < reasons->cases)
        assay_buf_printf(s->out, "| %zu | other reasons, which the HTML report has |\n",
                         reasons->cases - told);
}

static size_t add_threats(struct summary *s)
{
    size_t i = 0;

    if (s->view->threat_count == 0)
        return 0;
    assay_buf_add_str(s->out, "\n### Threats\n\n| threat | verdict | cases |\n|---|---|---|\n");
    for (; i < s->view->threat_count && length(s) < THREATS_MAX_BYTES; i++) {
        const struct report_threat *threat = &s->view->threats[i];
        enum report_mark mark = report_threat_mark(threat);
        struct assay_buf name = ASSAY_BUF_INIT(NAME_MAX_BYTES);

        report_threat_name(&name, s->view, threat);
        assay_buf_add_str(s->out, "| ");
        add_text(s, assay_buf_view(&name));
        assay_buf_printf(s->out, " | %s %s | ", report_marks[mark].glyph,
                         report_threat_word(threat));
        if (threat->not_judged.len > 0)
            add_text(s, threat->not_judged);
        else
            report_add_marks(s->out, threat->of);
        assay_buf_add_str(s->out, " |\n");
        report_done(s->out, &name);
    }
    return s->view->threat_count - i;
}

enum assay_code report_markdown(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    struct report_view view = {0};
    struct findings findings = {0};
    struct report_reasons reasons = {0};
    struct summary s = {.out = out, .start = out->len, .view = &view};
    enum assay_code rc = report_view_init(&view, run);
    size_t findings_left, threats_left;

    if (rc == ASSAY_OK)
        rc = findings_init(&findings, &view,
                           FINDINGS_BAD | MARK_BIT(MARK_BROKEN) | MARK_BIT(MARK_MILD_FAIL) |
                               MARK_BIT(MARK_KNOWN_FAIL));
    if (rc == ASSAY_OK)
        rc = report_reasons_init(&reasons, &view);
    if (rc != ASSAY_OK)
        goto out;
    add_headline(&s);
    add_invalid(&s);
    add_uncaught(&s);
    findings_left = add_findings(&s, &findings);
    add_reasons(&s, &reasons);
    threats_left = add_threats(&s);
    if (findings_left + threats_left > 0)
        assay_buf_printf(out,
                         "\n%zu more cases and %zu more threats do not fit in a summary; the HTML "
                         "report has all.\n",
                         findings_left, threats_left);
    rc = out->bad;
    if (rc == ASSAY_OK && length(&s) > SUMMARY_MAX_BYTES)
        rc = ASSAY_E_TOO_LARGE;
out:
    report_reasons_fini(&reasons);
    findings_fini(&findings);
    report_view_fini(&view);
    return rc == ASSAY_OK ? rc
                          : assay_fail(err, rc, 0, "Markdown summary: %s", assay_code_text(rc));
}
