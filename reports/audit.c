/* The audit report: its frame, first page, contents and the order of its sections
 * (reports/report.h). */
#include "reports/audit.h"

#include "reports/report.h"

enum {
    NAME_MAX_BYTES = 1 << 20,
    TEXT_SHOWN_BYTES = 1500,
    RUNNING_BYTES = 60,
    EVIDENCE_BYTES = 1 << 20, /* of all findings together */
    TOC_FINDINGS = 30,
};

void audit_text(struct html *page, struct assay_bytes text)
{
    size_t end = text.len < TEXT_SHOWN_BYTES ? text.len : TEXT_SHOWN_BYTES;

    while (end < text.len && end > 0 && (text.at[end] & 0xC0) == 0x80)
        end--;
    html_text(page, assay_bytes_part(text, 0, end));
    if (end < text.len)
        assay_buf_printf(page->out, "... (%zu bytes more)", text.len - end);
}

void audit_paragraph(struct html *page, const char *label, struct assay_bytes text)
{
    html_raw(page, "<p class=\"hostile\">");
    html_raw(page, label);
    audit_text(page, text);
    html_raw(page, ".</p>\n");
}

void audit_cell(struct html *page, struct assay_bytes text)
{
    html_raw(page, "<td class=\"hostile\">");
    audit_text(page, text);
    html_raw(page, "</td>");
}

void audit_open_table(struct html *page, const struct audit_column *columns, size_t count)
{
    html_raw(page, "<table><colgroup>");
    for (size_t i = 0; i < count; i++)
        assay_buf_printf(page->out, "<col style=\"width:%d%%\">", columns[i].width);
    html_raw(page, "</colgroup><thead><tr>");
    for (size_t i = 0; i < count; i++)
        assay_buf_printf(page->out, "<th scope=\"col\">%s</th>", columns[i].name);
    html_raw(page, "</tr></thead><tbody>\n");
}

void audit_close_table(struct html *page)
{
    html_raw(page, "</tbody></table>\n");
}

void audit_findings(struct html *page)
{
    const struct audit_findings *f = page->findings;

    html_raw(page, "<p>The failing cases of one scenario are one finding, titled by the "
                   "requirement that was not kept. Findings are ordered by whether they count for "
                   "the verdict, by the severity of the threat, and by difficulty.</p>\n");
    audit_difficulty_rule(page);
    if (f->count == 0)
        html_raw(page, json_is_true(json_object_get(page->view->outcome, "valid"))
                           ? "<p>There are no findings: no case that was judged failed.</p>\n"
                           : "<p>There are no findings; of a run that is not valid that says "
                             "nothing.</p>\n");
    for (size_t i = 0; i < f->count; i++)
        audit_finding(page, &f->items[i], i + 1);
    if (page->view->of[MARK_BROKEN] > 0) {
        html_raw(page, "<h3>What broke, so that nothing can be concluded</h3>\n");
        html_broken_list(page);
    }
}

static const struct {
    const char *id, *title;
    void (*content)(struct html *page);
} sections[] = {
    {"summary", "Summary", audit_summary},
    {"scope", "Scope and method", audit_scope},
    {"threats", "Threats", audit_threats},
    {"findings", "Findings", audit_findings},
    {"not-judged", "What was not judged, and why", html_not_judged_list},
    {"limits", "What no test from outside can reach", audit_limits},
    {"strength", "The strength of the suite itself", audit_strength},
    {"sources", "Specifications", audit_sources},
    {"cases", "Appendix: every case", audit_cases},
    {"again", "Appendix: the command of the run", audit_again},
};

static void add_fact(struct html *page, const char *label, struct assay_bytes text)
{
    if (text.len == 0)
        return;
    assay_buf_printf(page->out, "<dt>%s</dt><dd class=\"hostile\">", label);
    audit_text(page, text);
    html_raw(page, "</dd>\n");
}

static void add_front(struct html *page)
{
    const json_t *run = page->view->run, *target = json_object_get(run, "target");
    struct assay_buf text = ASSAY_BUF_INIT(NAME_MAX_BYTES);

    report_headline(&text, page->view);
    html_raw(page, "<header class=\"front\">\n<p class=\"kind\">Audit report</p>\n");
    html_raw(page, "<h1 class=\"hostile\">");
    audit_text(page, report_text(target, "name"));
    assay_buf_printf(page->out, "</h1>\n<p class=\"stamp\">%s</p>\n<p class=\"headline hostile\">",
                     report_status_word(page->view->status));
    audit_text(page, assay_buf_view(&text));
    html_raw(page, ".</p>\n<dl class=\"facts\">\n");
    add_fact(page, "Profile", report_text(target, "profile"));
    add_fact(page, "Rule set", report_text(target, "rules"));
    add_fact(page, "Interface", report_text(target, "interface"));
    add_fact(page, "Target",
             json_is_true(json_object_get(target, "launched")) ? ASSAY_LIT("launched by the suite")
                                                               : ASSAY_LIT("reached where it ran"));
    add_fact(page, "Started", report_text(run, "started"));
    add_fact(page, "Ended", report_text(page->view->outcome, "ended"));
    add_fact(page, "Assay version", report_text(json_object_get(run, "assay"), "version"));
    add_fact(page, "Seed", report_text(run, "seed"));
    html_raw(page, "</dl>\n</header>\n");
    report_done(page->out, &text);
}

static void add_contents(struct html *page)
{
    const struct audit_findings *f = page->findings;

    html_raw(page, "<nav class=\"contents\" aria-label=\"Contents\"><h2>Contents</h2>\n<ol "
                   "class=\"toc\">\n");
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        assay_buf_printf(page->out, "<li><a href=\"#%s\">%s</a>", sections[i].id,
                         sections[i].title);
        if (sections[i].content == audit_findings && f->count > 0) {
            html_raw(page, "<ol>\n");
            for (size_t k = 0; k < f->count && k < TOC_FINDINGS; k++) {
                assay_buf_printf(page->out, "<li><a href=\"#finding-%zu\">F%zu. ", k + 1, k + 1);
                audit_text(page, report_text(f->items[k].cases->c->c, "title"));
                html_raw(page, "</a></li>\n");
            }
            if (f->count > TOC_FINDINGS)
                assay_buf_printf(page->out, "<li>and %zu more</li>\n", f->count - TOC_FINDINGS);
            html_raw(page, "</ol>");
        }
        html_raw(page, "</li>\n");
    }
    html_raw(page, "</ol></nav>\n");
}

static void add_content(struct html *page)
{
    add_front(page);
    add_contents(page);
    html_raw(page, "<main>\n");
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        bool wide = sections[i].content == audit_threats;

        html_raw(page, wide ? "<div class=\"landscape\">\n" : "");
        html_open_section(page, sections[i].id, sections[i].title);
        sections[i].content(page);
        html_close_section(page);
        html_raw(page, wide ? "</div>\n" : "");
    }
    html_raw(page, "</main>\n");
}

static void add_title(struct html *page)
{
    html_raw(page, "Audit report: ");
    audit_text(page, report_text(json_object_get(page->view->run, "target"), "name"));
}

/* Inside quotes of a style sheet: all but letters, digits and spaces is an escape. */
static void add_running(struct html *page)
{
    struct assay_buf shown = ASSAY_BUF_INIT(NAME_MAX_BYTES);

    assay_buf_printf(&shown, "Audit report \xc2\xb7 %s \xc2\xb7 ",
                     report_status_word(page->view->status));
    finding_add_shown(&shown, report_text(json_object_get(page->view->run, "target"), "name"),
                      RUNNING_BYTES);
    for (size_t i = 0; i < shown.len; i++) {
        uint8_t c = shown.at[i];

        if (c >= 0x80 || c == ' ' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9'))
            assay_buf_add_byte(page->out, c);
        else
            assay_buf_printf(page->out, "\\%06x ", (unsigned)c);
    }
    report_done(page->out, &shown);
}

enum assay_code report_audit(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    static const struct html_parts parts = {.title = add_title,
                                            .content = add_content,
                                            .running = add_running,
                                            .frame = html_audit_template};
    struct report_view view = {0};
    struct audit_findings findings = {0};
    struct html page = {
        .out = out, .view = &view, .findings = &findings, .full_room = EVIDENCE_BYTES};
    enum assay_code rc = report_view_init(&view, run);

    if (rc == ASSAY_OK)
        rc = audit_findings_init(&findings, &view);
    if (rc == ASSAY_OK)
        rc = html_fill(&page, &parts, report_status_word(view.status));
    audit_findings_fini(&findings);
    report_view_fini(&view);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "audit report: %s", assay_code_text(rc));
}
