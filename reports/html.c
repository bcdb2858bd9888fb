/* The HTML page: its frame, its head and what a person must act on first (reports/report.h). */
#include "reports/html.h"

#include "reports/findings.h"
#include "reports/markup.h"
#include "reports/report.h"

enum {
    FINDINGS_WITH_EVIDENCE = 100,
    TEXT_MAX_BYTES = 1 << 20,
    /* A page is to stay below 2 MiB a thousand cases; these are what takes part of it. */
    PAGE_BYTES_A_CASE = 2097,
    PAGE_MIN_BYTES = 2 << 20,
    CASE_BYTES = 1 << 10,
    FINDING_BYTES = 3 << 10,
    EVIDENCE_MIN_BYTES = 1 << 18,
    BRIEF_BYTES = 850, /* of a case, where several entries are shown */
};

void html_raw(struct html *page, const char *markup)
{
    assay_buf_add_str(page->out, markup);
}

void html_text(struct html *page, struct assay_bytes text)
{
    markup_add(page->out, text, MARKUP_ONE_LINE);
}

void html_element(struct html *page, const char *tag, const char *css, struct assay_bytes text)
{
    assay_buf_printf(page->out, css != NULL ? "<%s class=\"%s\">" : "<%s>", tag, css);
    html_text(page, text);
    assay_buf_printf(page->out, "</%s>", tag);
}

void html_term(struct html *page, const char *label, const char *css, struct assay_bytes text)
{
    if (text.len == 0)
        return;
    html_element(page, "dt", NULL, assay_str(label));
    html_element(page, "dd", css, text);
    html_raw(page, "\n");
}

void html_threat_name(struct html *page, const struct report_threat *threat)
{
    struct assay_buf name = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

    report_threat_name(&name, page->view, threat);
    html_text(page, assay_buf_view(&name));
    report_done(page->out, &name);
}

void html_mark(struct html *page, enum report_mark mark, const char *word)
{
    assay_buf_printf(page->out, "<span class=\"mark %s\"><b aria-hidden=\"true\">%s</b>%s</span>",
                     report_marks[mark].css, report_marks[mark].glyph, word);
}

void html_command(struct html *page, struct assay_bytes command)
{
    if (command.len == 0)
        return;
    html_raw(page, "<div class=\"command\">");
    html_element(page, "code", NULL, command);
    html_raw(page, "</div>\n");
}

void html_open_section(struct html *page, const char *id, const char *title)
{
    assay_buf_printf(
        page->out, "<section id=\"%s\" aria-labelledby=\"%s-title\"><h2 id=\"%s-title\">%s</h2>\n",
        id, id, id, title);
}

void html_close_section(struct html *page)
{
    html_raw(page, "</section>\n");
}

/* ---- the head ---- */

static void add_target(struct html *page)
{
    const json_t *target = json_object_get(page->view->run, "target");

    html_raw(page, "<div><dt>Profile</dt><dd>");
    html_text(page, report_text(target, "profile"));
    html_raw(page, ", ");
    html_text(page, report_text(target, "rules"));
    html_raw(page, " rules</dd></div>\n<div><dt>Reached by</dt><dd>");
    html_text(page, report_text(target, "interface"));
    html_raw(page, json_is_true(json_object_get(target, "launched")) ? ", launched by Assay"
                                                                     : ", not launched by Assay");
    html_raw(page, "</dd></div>\n");
}

/* Of several targets each with what came of it. */
static void add_legs(struct html *page)
{
    for (size_t i = 0; i < page->view->leg_count; i++) {
        const struct report_leg *leg = &page->view->legs[i];
        struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

        assay_buf_add(&text, report_text(leg->leg, "name"));
        assay_buf_add_str(&text, ": ");
        report_add_marks(&text, leg->of);
        html_raw(page, "<div>");
        html_element(page, "dt", NULL, report_text(leg->leg, "id"));
        html_element(page, "dd", "hostile", assay_buf_view(&text));
        html_raw(page, "</div>\n");
        report_done(page->out, &text);
    }
}

static void add_facts(struct html *page)
{
    const json_t *run = page->view->run;
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    int64_t ms = report_duration_ms(page->view);

    html_raw(page, "<p class=\"counts\">");
    report_add_marks(&text, page->view->of);
    html_text(page, assay_buf_view(&text));
    html_raw(page, "</p>\n<dl class=\"facts\">");
    if (page->view->several_legs)
        add_legs(page);
    else
        add_target(page);
    html_raw(page, "<div><dt>Counts as failure</dt><dd>");
    html_text(page, report_text(run, "failOn"));
    html_raw(page, assay_bytes_is(report_text(run, "failOn"), "must") ? " only" : " and above");
    html_raw(page, "</dd></div>\n");
    if (ms >= 0)
        assay_buf_printf(page->out, "<div><dt>Took</dt><dd>%lld.%lld s</dd></div>\n",
                         (long long)(ms / 1000), (long long)(ms % 1000 / 100));
    html_raw(page, "</dl>\n");
    report_done(page->out, &text);
}

static void add_head(struct html *page)
{
    const json_t *run = page->view->run;
    struct assay_buf headline = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

    report_headline(&headline, page->view);
    html_raw(page, "<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n<header>\n<div "
                   "class=\"mast\"><strong>Assay</strong><span>");
    html_text(page, report_text(json_object_get(run, "target"), "name"));
    html_raw(page, "</span><time>");
    html_text(page, report_text(run, "started"));
    html_raw(page, "</time></div>\n<div class=\"verdict\"><p class=\"stamp\">");
    html_raw(page, report_status_word(page->view->status));
    html_raw(page, "</p>\n");
    html_element(page, "h1", "hostile", assay_buf_view(&headline));
    add_facts(page);
    html_raw(page, "</div>\n</header>\n");
    report_done(page->out, &headline);
}

/* ---- what a person must act on ---- */

/* Worst first, so that of very many the evidence is that of the worst. */
static void add_findings(struct html *page, const char *id, const char *title, unsigned marks)
{
    struct findings found = {0};

    if (findings_init(&found, page->view, marks) != ASSAY_OK) {
        page->out->bad = ASSAY_E_NOMEM;
        return;
    }
    if (found.count > 0)
        html_open_section(page, id, title);
    for (size_t i = 0; i < found.count; i++)
        html_finding(page, found.items[i].c, i < FINDINGS_WITH_EVIDENCE);
    if (found.count > 0)
        html_close_section(page);
    findings_fini(&found);
}

static void add_invalid(struct html *page)
{
    struct assay_buf command = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    const json_t *reason;
    size_t i;

    if (json_is_true(json_object_get(page->view->outcome, "valid")))
        return;
    html_open_section(page, "invalid",
                      page->view->status == REPORT_FAILED
                          ? "What else keeps this run from being valid"
                          : "Why there is no verdict");
    html_raw(page, "<ul class=\"reasons\">");
    json_array_foreach (json_object_get(page->view->outcome, "invalid"), i, reason) {
        html_raw(page, "<li>");
        html_element(page, "span", "hostile", report_text(reason, "text"));
        html_raw(page, " <span class=\"note\">");
        html_text(page, report_text(reason, "code"));
        html_raw(page, "</span></li>\n");
    }
    html_raw(page, "</ul>\n<p class=\"lead\">");
    html_raw(page, page->view->status == REPORT_INTERRUPTED
                       ? "Nothing below is a verdict on the target. Run it again to its end:"
                       : "Mend what is named above, then run again:");
    html_raw(page, "</p>\n");
    report_add_command(&command, json_object_get(page->view->run, "command"));
    html_command(page, assay_buf_view(&command));
    html_close_section(page);
    report_done(page->out, &command);
}

/* ---- the frame ---- */

static void add_link(struct html *page, bool wanted, const char *id, const char *label,
                     size_t count)
{
    if (!wanted)
        return;
    assay_buf_printf(page->out, "<li><a href=\"#%s\">%s</a>", id, label);
    if (count > 0)
        assay_buf_printf(page->out, " <span class=\"n\">%zu</span>", count);
    html_raw(page, "</li>");
}

static void add_navigation(struct html *page)
{
    const json_t *run = page->view->run, *matrix = json_object_get(run, "matrix");
    size_t bad = page->view->of[MARK_FAIL] + page->view->of[MARK_UNEXPECTED_PASS];
    size_t mild = page->view->of[MARK_MILD_FAIL], broken = page->view->of[MARK_BROKEN];
    bool valid = json_is_true(json_object_get(page->view->outcome, "valid"));
    size_t controls = 0; /* of a profile, which belong to no threat */

    for (size_t i = 0; i < page->view->threat_count; i++)
        controls += page->view->threats[i].id.len == 0;
    html_raw(page, "<nav aria-label=\"Sections\"><ul>");
    add_link(page, !valid, "invalid", "Why it is invalid", 0);
    add_link(page, bad > 0, "failures", "What failed", bad);
    add_link(page, broken > 0, "broken", "Broken", broken);
    add_link(page, matrix != NULL, "matrix", "Seeded defects",
             json_array_size(json_object_get(matrix, "rows")));
    add_link(page, true, "threats", "Threats", page->view->threat_count - controls);
    add_link(page, mild > 0, "mild", "Not counted", mild);
    add_link(page, true, "not-judged", "Not judged", 0);
    add_link(page, true, "cases", "Cases", page->view->case_count);
    add_link(page, true, "limits", "Limits", 0);
    add_link(page, json_object_get(run, "selfCheck") != NULL, "self-check", "Self-check", 0);
    add_link(page, true, "about", "This run", 0);
    html_raw(page, "</ul></nav>\n");
}

static void add_content(struct html *page)
{
    add_head(page);
    add_navigation(page);
    html_raw(page, "<main id=\"main\">\n");
    if (page->view->status != REPORT_FAILED)
        add_invalid(page);
    add_findings(page, "failures", "What failed", FINDINGS_BAD);
    if (page->view->status == REPORT_FAILED)
        add_invalid(page);
    html_broken(page);
    html_matrix(page);
    html_threats(page);
    add_findings(page, "mild", "What failed without counting", MARK_BIT(MARK_MILD_FAIL));
    html_not_judged(page);
    html_cases(page);
    html_limits(page);
    html_self_check(page);
    html_about(page);
    html_raw(page, "</main>\n<footer>Made by Assay from run.json. This page fetches nothing and "
                   "runs no script but its own; all text "
                   "that came from the target is shown escaped.</footer>\n");
}

static void add_title(struct html *page)
{
    html_raw(page, report_status_word(page->view->status));
    html_raw(page, " \xc2\xb7 ");
    html_text(page, report_text(json_object_get(page->view->run, "target"), "name"));
}

/* What evidence may take: of cases that nobody must act on at most two thirds, where there are
 * others. */
static void make_room(struct html *page)
{
    size_t cases = page->view->case_count, size = cases * PAGE_BYTES_A_CASE, findings = 0, said,
           brief, room, share;

    for (size_t i = 0; i < cases; i++)
        findings +=
            ((FINDINGS_BAD | MARK_BIT(MARK_MILD_FAIL)) & MARK_BIT(page->view->cases[i].mark)) != 0;
    size = size > PAGE_MIN_BYTES ? size : PAGE_MIN_BYTES;
    said = cases * CASE_BYTES + findings * FINDING_BYTES;
    room = size > said + EVIDENCE_MIN_BYTES ? size - said : EVIDENCE_MIN_BYTES;
    brief = (cases - findings) * BRIEF_BYTES;
    share = findings > 0 ? room / 3 * 2 : room;
    page->terse = brief > share;
    page->brief_room = page->terse ? share : brief;
    page->full_room = room - page->brief_room;
}

enum assay_code report_html(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    static const struct html_parts parts = {.title = add_title, .content = add_content};
    struct report_view view = {0};
    struct html page = {.out = out, .view = &view};
    enum assay_code rc = report_view_init(&view, run);

    if (rc == ASSAY_OK)
        make_room(&page);
    if (rc == ASSAY_OK)
        rc = html_fill(&page, &parts, report_status_word(view.status));
    report_view_fini(&view);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "HTML report: %s", assay_code_text(rc));
}
