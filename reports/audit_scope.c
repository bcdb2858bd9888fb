/* The front of the audit report: its summary, and its scope and method (reports/audit.h). */
#include "reports/audit.h"

enum { NAME_MAX_BYTES = 1 << 20, TOP_FINDINGS = 8 };

static bool counts(const struct audit_finding *f)
{
    return report_mark_is_bad(f->cases->c->mark);
}

static void add_invalid(struct html *page)
{
    const json_t *reason;
    size_t i;

    if (json_is_true(json_object_get(page->view->outcome, "valid")))
        return;
    html_raw(page, page->view->status == REPORT_FAILED
                       ? "<h3>What else keeps this run from being valid</h3>\n<ul>"
                       : "<p><strong>This run is not valid: nothing in this document is a verdict "
                         "on the target.</strong></p>\n<h3>Why there is no verdict</h3>\n<ul>");
    if (page->view->status == REPORT_INTERRUPTED)
        html_raw(page, "<li>the run was interrupted</li>");
    json_array_foreach (json_object_get(page->view->outcome, "invalid"), i, reason) {
        html_raw(page, "<li class=\"hostile\">");
        audit_text(page, report_text(reason, "text"));
        html_raw(page, "</li>\n");
    }
    html_raw(page, "</ul>\n");
}

/* Findings by severity and difficulty; of those that count for the verdict. */
static void add_tally(struct html *page)
{
    static const struct audit_column columns[] = {{"Severity", 28},
                                                  {"Findings", 18},
                                                  {"low difficulty", 18},
                                                  {"medium difficulty", 18},
                                                  {"high difficulty", 18}};
    const struct audit_findings *f = page->findings;

    if (f->count == 0 && !json_is_true(json_object_get(page->view->outcome, "valid")))
        return; /* zeros would read as a verdict */
    html_raw(page, "<h3>Findings by severity and difficulty</h3>\n");
    audit_open_table(page, columns, ARRAY_LEN(columns));
    for (int severity = SEVERITY_CRITICAL; severity <= SEVERITY_LOW; severity++) {
        size_t of[DIFFICULTY__COUNT] = {0};

        for (size_t i = 0; i < f->count; i++)
            if (counts(&f->items[i]) && (int)f->items[i].cases->severity == severity)
                of[f->items[i].difficulty]++;
        assay_buf_printf(
            page->out, "<tr><td>%s</td><td>%zu</td><td>%zu</td><td>%zu</td><td>%zu</td></tr>\n",
            audit_severity_word((enum finding_severity)severity), of[0] + of[1] + of[2],
            of[DIFFICULTY_LOW], of[DIFFICULTY_MEDIUM], of[DIFFICULTY_HIGH]);
    }
    audit_close_table(page);
}

static void add_top(struct html *page)
{
    const struct audit_findings *f = page->findings;
    size_t all = 0, shown = 0;

    for (size_t i = 0; i < f->count; i++)
        all += counts(&f->items[i]);
    if (all == 0)
        return;
    html_raw(page, "<h3>Requirements that were not kept</h3>\n<ul>");
    for (size_t i = 0; i < f->count && shown < TOP_FINDINGS; i++) {
        if (!counts(&f->items[i]))
            continue;
        shown++;
        assay_buf_printf(page->out, "<li><a href=\"#finding-%zu\">F%zu</a> (%s): ", i + 1, i + 1,
                         page->view->threats[f->items[i].cases->c->threat].entry == NULL
                             ? "honest payers"
                             : audit_severity_word(f->items[i].cases->severity));
        html_raw(page, "<span class=\"hostile\">");
        audit_text(page, report_text(f->items[i].cases->c->c, "title"));
        html_raw(page, "</span></li>\n");
    }
    if (all > shown)
        assay_buf_printf(page->out, "<li>%zu more in section Findings</li>\n", all - shown);
    html_raw(page, "</ul>\n");
}

void audit_summary(struct html *page)
{
    const struct report_view *view = page->view;
    struct assay_buf text = ASSAY_BUF_INIT(NAME_MAX_BYTES);
    size_t judged, failing, listed = 0;

    report_headline(&text, view);
    audit_paragraph(page, "", assay_buf_view(&text));
    add_invalid(page);
    report_threats_count(view, &judged, &failing);
    for (size_t i = 0; i < view->threat_count; i++)
        listed += view->threats[i].id.len > 0;
    html_raw(page, "<p>");
    report_add_count(page->out, view->case_count, "case", "cases");
    html_raw(page, ": ");
    report_add_marks(page->out, view->of);
    assay_buf_printf(page->out, ". Threats of the model: %zu; judged: %zu; failing: %zu. ", listed,
                     judged, failing);
    html_raw(page, judged < listed ? "What was not judged is no pass: section "
                                     "\xe2\x80\x9cWhat was not judged\xe2\x80\x9d names it with "
                                     "the reason.</p>\n"
                                   : "</p>\n");
    add_tally(page);
    add_top(page);
    report_done(page->out, &text);
}

/* ---- scope and method ---- */

static size_t controls(const struct report_view *view, bool passed)
{
    size_t count = 0;

    for (size_t i = 0; i < view->case_count; i++)
        if (assay_bytes_is(report_text(view->cases[i].c, "kind"), "control"))
            count += !passed || view->cases[i].mark == MARK_PASS;
    return count;
}

static void add_legs(struct html *page)
{
    static const struct audit_column columns[] = {
        {"What was tested", 28}, {"Profile", 14}, {"Side", 9},
        {"Rule set", 12},        {"How", 17},     {"Cases", 20}};

    html_raw(page, "<h3>What was tested</h3>\n");
    audit_open_table(page, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < page->view->leg_count; i++) {
        const struct report_leg *leg = &page->view->legs[i];

        html_raw(page, "<tr>");
        audit_cell(page, report_text(leg->leg, "name"));
        audit_cell(page, report_text(leg->leg, "profile"));
        audit_cell(page, report_text(leg->leg, "side"));
        audit_cell(page, report_text(leg->leg, "rules"));
        html_raw(page, "<td>");
        html_raw(page, json_is_true(json_object_get(leg->leg, "launched"))
                           ? "launched by the suite"
                           : "reached where it ran");
        if (report_text(leg->leg, "defect").len > 0) {
            html_raw(page, ", with the seeded defect ");
            audit_text(page, report_text(leg->leg, "defect"));
        }
        html_raw(page, "</td><td>");
        report_add_marks(page->out, leg->of);
        html_raw(page, "</td></tr>\n");
    }
    audit_close_table(page);
}

static void add_law(struct html *page)
{
    html_raw(
        page,
        "<h3>How to read verdicts and grades</h3>\n<dl>"
        "<dt>pass, fail</dt><dd>A requirement was put to the test, and the control that it rests "
        "on, an honest exchange, held. A target that is dead or refuses honest payers after an "
        "attack fails the scenario that attacked.</dd>"
        "<dt>broken</dt><dd>The set-up or the control failed: nothing can be concluded, and the "
        "run is invalid unless that was expected.</dd>"
        "<dt>unsupported, skipped</dt><dd>The target or the machine cannot do what the test needs, "
        "or the case was not selected. It is no pass.</dd>"
        "<dt>observed</dt><dd>The suite saw it itself: it counted executions, read bytes, measured "
        "at a service that it played.</dd>"
        "<dt>derived</dt><dd>It follows from what was observed.</dd>"
        "<dt>claimed</dt><dd>The target says so; nothing contradicts it.</dd>"
        "<dt>levels</dt><dd><em>must</em> and <em>should</em> are those of the specification, "
        "<em>may</em> and <em>report</em> are never counted, <em>ours</em> is a requirement that "
        "practice adds.</dd></dl>\n<p>A run is invalid, whatever else it says, when nothing was "
        "judged, a control failed, something broke unexpectedly, the target never answered, what "
        "was named did not run, or the self-check failed. A failure whose control held counts all "
        "the same.</p>\n");
}

void audit_scope(struct html *page)
{
    const struct report_view *view = page->view;
    const json_t *check = json_object_get(view->run, "selfCheck");
    size_t all = controls(view, false);

    html_raw(page,
             "<p>Assay tests payment-gated interfaces from outside. It sends honest and dishonest "
             "traffic over the wire, plays the services that the target depends on (a node, a "
             "facilitator, the protected work), and compares what is seen with clauses of the "
             "specifications. This document is derived from the record of one run alone; nothing "
             "was added by hand.</p>\n");
    add_legs(page);
    html_raw(page, "<h3>What was run</h3>\n<p>");
    report_add_count(page->out, view->case_count, "case", "cases");
    html_raw(page, ", among them ");
    report_add_count(page->out, all, "control", "controls");
    assay_buf_printf(page->out, " (honest exchanges that the attacks rest on), of which %zu held. ",
                     controls(view, true));
    html_raw(page, "Failures count from level <em>");
    audit_text(page, report_text(view->run, "failOn"));
    html_raw(page, "</em> on. ");
    if (!json_is_true(json_object_get(check, "ran")))
        html_raw(page, "The self-check of the suite did not run.</p>\n");
    else
        html_raw(page, json_is_true(json_object_get(check, "passed"))
                           ? "The self-check of the suite passed.</p>\n"
                           : "The self-check of the suite failed.</p>\n");
    add_law(page);
}
