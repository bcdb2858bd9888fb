/* The page of a fuzzing campaign (reports/fuzz.h): what to do, what was found, how each target
 * grew. */
#include "reports/fuzz.h"

#include "reports/fuzz_chart.h"
#include "reports/html.h"
#include "reports/markup.h"

enum { TEXT_MAX_BYTES = 1 << 16, HEADLINE_MAX_BYTES = 1 << 12, FINDINGS_WITH_REPORT = 50 };

/* ---- numbers ---- */

void report_fuzz_add_number(struct assay_buf *out, int64_t number)
{
    char digits[24];
    uint64_t n = number > 0 ? (uint64_t)number : 0;
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    while (count > 0) {
        assay_buf_add_byte(out, (uint8_t)digits[--count]);
        if (count > 0 && count % 3 == 0)
            assay_buf_add_byte(out, ',');
    }
}

void report_fuzz_add_time(struct assay_buf *out, int64_t seconds)
{
    if (seconds < 100)
        assay_buf_printf(out, "%lld s", (long long)(seconds > 0 ? seconds : 0));
    else if (seconds < 6000)
        assay_buf_printf(out, "%lld min", (long long)(seconds / 60));
    else
        assay_buf_printf(out, "%lld h %lld min", (long long)(seconds / 3600),
                         (long long)(seconds / 60 % 60));
}

static const json_t *totals(const struct html *page)
{
    return json_object_get(page->fuzz, "totals");
}

static int64_t total(const struct html *page, const char *name)
{
    return report_number(totals(page), name);
}

static void add_fact(struct html *page, const char *label, int64_t number)
{
    assay_buf_printf(page->out, "<div><dt>%s</dt><dd>", label);
    report_fuzz_add_number(page->out, number);
    html_raw(page, "</dd></div>\n");
}

/* ---- the head ---- */

static const char *stamp_of(const struct html *page)
{
    if (total(page, "failing") > 0)
        return "FAILED";
    return total(page, "executions") == 0 || total(page, "untriaged") > 0 ? "INVALID" : "PASSED";
}

static const char *stamp_text(const struct html *page)
{
    if (total(page, "failing") > 0)
        return "FOUND";
    if (total(page, "untriaged") > 0)
        return "NOT TRIAGED";
    return total(page, "executions") == 0 ? "NOTHING RUN" : "NOTHING FOUND";
}

static void add_headline(struct html *page)
{
    struct assay_buf text = ASSAY_BUF_INIT(HEADLINE_MAX_BYTES);
    int64_t failing = total(page, "failing"), untriaged = total(page, "untriaged");

    report_fuzz_add_number(&text, total(page, "executions"));
    assay_buf_add_str(&text, " executions of ");
    report_add_count(&text, (size_t)total(page, "targets"), "target", "targets");
    if (failing > 0) {
        assay_buf_add_str(&text, " found ");
        report_add_count(&text, (size_t)failing, "failure", "failures");
    } else if (untriaged > 0) {
        assay_buf_add_str(&text, " left ");
        report_add_count(&text, (size_t)untriaged, "finding to triage", "findings to triage");
    } else {
        assay_buf_add_str(&text, " found nothing that fails");
    }
    html_element(page, "h1", NULL, assay_buf_view(&text));
    report_done(page->out, &text);
}

static void add_head(struct html *page)
{
    html_raw(page, "<a class=\"skip\" href=\"#main\">Skip to what to do</a>\n<header>\n<div "
                   "class=\"mast\"><strong>Assay</strong><span>fuzzing, ");
    html_text(page, report_text(page->fuzz, "folder"));
    html_raw(page, "</span><time>");
    html_text(page, report_text(page->fuzz, "to"));
    html_raw(page, "</time></div>\n<div class=\"verdict\"><p class=\"stamp\">");
    html_raw(page, stamp_text(page));
    html_raw(page, "</p>\n");
    add_headline(page);
    html_raw(page, "<dl class=\"facts\">");
    add_fact(page, "Failures, by sort", total(page, "failing"));
    add_fact(page, "Edges reached", total(page, "edges"));
    add_fact(page, "Inputs kept", total(page, "corpus"));
    html_raw(page, "<div><dt>Time of fuzzing</dt><dd>");
    report_fuzz_add_time(page->out, total(page, "seconds"));
    html_raw(page, "</dd></div>\n</dl>\n</div>\n</header>\n");
}

/* ---- what to do ---- */

static void add_next(struct html *page)
{
    const json_t *sentence;
    size_t i;

    html_open_section(page, "next", "What to do next");
    html_raw(page, "<ol class=\"plainlist\">");
    json_array_foreach (json_object_get(page->fuzz, "next"), i, sentence)
        html_element(page, "li", "hostile",
                     assay_bytes_of(json_string_value(sentence), json_string_length(sentence)));
    html_raw(page, "</ol>\n");
    html_close_section(page);
}

/* ---- findings ---- */

static bool does_fail(const json_t *finding)
{
    return report_number(finding, "reproduced") > 0;
}

static const char *repeats(const json_t *finding)
{
    int64_t reproduced = report_number(finding, "reproduced");

    if (reproduced == 0)
        return "does not fail any more";
    return reproduced < report_number(finding, "tries") ? "fails sometimes" : "fails every time";
}

static void add_meta(struct html *page, const json_t *finding)
{
    int64_t minimal = report_number(finding, "minimalBytes");
    int64_t more = report_number(finding, "more");

    html_raw(page, "<p class=\"meta\">");
    html_mark(page, does_fail(finding) ? MARK_FAIL : MARK_SKIPPED, repeats(finding));
    html_element(page, "span", NULL, report_text(finding, "target"));
    html_element(page, "span", NULL, report_text(finding, "kind"));
    html_raw(page, "<span>");
    report_add_count(page->out, (size_t)(minimal > 0 ? minimal : report_number(finding, "bytes")),
                     "byte", "bytes");
    html_raw(page, minimal > 0 ? ", cut down</span>" : "</span>");
    if (more > 0)
        assay_buf_printf(page->out, "<span>and %lld more of this sort</span>", (long long)more);
    html_raw(page, json_is_true(json_object_get(finding, "isNew")) ? "<span><strong>new</strong>, "
                                                                   : "<span>");
    html_text(page, report_text(finding, "found"));
    html_raw(page, "</span></p>\n");
}

static void add_finding(struct html *page, const json_t *finding, bool with_report)
{
    struct assay_buf command = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct assay_bytes key = report_text(finding, "key"), said = report_text(finding, "said");

    html_raw(page, does_fail(finding) ? "<article class=\"finding fail\"><header>"
                                      : "<article class=\"finding mild\"><header>");
    html_element(page, "h3", "hostile", key.len > 0 ? key : assay_str("nothing was said"));
    add_meta(page, finding);
    html_raw(page, "</header>\n");
    if (with_report && said.len > 0) {
        html_raw(page, "<details><summary>What was said</summary><pre class=\"hostile\">");
        markup_add(page->out, said, MARKUP_KEEP_LINES);
        html_raw(page, "</pre></details>\n");
    }
    report_add_command(&command, json_object_get(finding, "command"));
    html_command(page, assay_buf_view(&command));
    if (report_text(finding, "seed").len > 0) {
        html_raw(page, "<p class=\"note\">Kept as ");
        html_text(page, report_text(finding, "seed"));
        html_raw(page, "</p>\n");
    }
    html_raw(page, "</article>\n");
    report_done(page->out, &command);
}

static void add_findings(struct html *page)
{
    const json_t *findings = json_object_get(page->fuzz, "findings"), *finding;
    size_t i;

    if (json_array_size(findings) == 0)
        return;
    html_open_section(page, "findings", "What was found");
    json_array_foreach (findings, i, finding)
        add_finding(page, finding, i < FINDINGS_WITH_REPORT);
    html_close_section(page);
}

/* ---- targets ---- */

static const struct {
    const char *state;
    enum report_mark mark;
} states[] = {
    {"growing", MARK_PASS},
    {"flat", MARK_MILD_FAIL},
    {"untouched", MARK_BROKEN},
};

static void add_state(struct html *page, const json_t *target)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (assay_bytes_is(report_text(target, "state"), states[i].state))
            html_mark(page, states[i].mark, states[i].state);
    }
}

static void add_number_cell(struct html *page, const json_t *target, const char *name,
                            const char *css)
{
    assay_buf_printf(page->out, "<td class=\"num %s\">", css);
    report_fuzz_add_number(page->out, report_number(target, name));
    html_raw(page, "</td>");
}

static void add_target(struct html *page, const json_t *target)
{
    int64_t flat = report_number(target, "flatSeconds"), found = report_number(target, "findings");

    html_raw(page, "<tr><td>");
    html_element(page, "strong", NULL, report_text(target, "name"));
    html_raw(page, "<span class=\"sub\">");
    add_state(page, target);
    if (flat > 0) {
        html_raw(page, " for ");
        report_fuzz_add_time(page->out, flat);
    }
    html_raw(page, "</span>");
    if (found > 0)
        assay_buf_printf(page->out, "<span class=\"sub\">%lld found</span>", (long long)found);
    html_raw(page, "</td><td>");
    fuzz_chart(page->out, json_object_get(target, "points"));
    html_raw(page, "</td>");
    add_number_cell(page, target, "edges", "");
    add_number_cell(page, target, "executions", "wide");
    add_number_cell(page, target, "rate", "");
    add_number_cell(page, target, "corpus", "");
    add_number_cell(page, target, "memoryMb", "wide");
    html_raw(page, "<td class=\"num wide\">");
    report_fuzz_add_time(page->out, report_number(target, "seconds"));
    html_raw(page, "</td></tr>\n");
}

static void add_targets(struct html *page)
{
    const json_t *target;
    size_t i;

    html_open_section(page, "targets", "Targets");
    html_raw(page,
             "<p class=\"lead\">Edges that the engine reached over the time that the target was "
             "fuzzed, from the lowest to the highest count. Flat: no new edge in its last three "
             "slices.</p>\n<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Target</th>"
             "<th scope=\"col\">Coverage over time</th><th scope=\"col\" class=\"num\">Edges</th>"
             "<th scope=\"col\" class=\"num wide\">Executions</th><th scope=\"col\" class=\"num\">"
             "A second</th><th scope=\"col\" class=\"num\">Inputs</th><th scope=\"col\" "
             "class=\"num wide\">MiB</th><th scope=\"col\" class=\"num wide\">Time</th></tr>"
             "</thead><tbody>\n");
    json_array_foreach (json_object_get(page->fuzz, "targets"), i, target)
        add_target(page, target);
    html_raw(page, "</tbody></table></div>\n");
    html_close_section(page);
}

/* ---- what no input reaches ---- */

static void add_uncovered(struct html *page)
{
    const json_t *uncovered = json_object_get(page->fuzz, "uncovered"), *row;
    struct assay_bytes link = report_text(page->fuzz, "coverage");
    size_t i;

    if (uncovered == NULL && link.len == 0)
        return;
    html_open_section(page, "uncovered", "What no input reaches");
    if (link.len > 0) {
        html_raw(page, "<p>Line by line: ");
        html_element(page, "code", NULL, link);
        html_raw(page, "</p>\n");
    }
    if (uncovered != NULL) {
        html_raw(page, "<p class=\"lead\">By ");
        html_text(page, report_text(uncovered, "source"));
        html_raw(page, ", the worst first.</p>\n<dl class=\"terms\">");
        json_array_foreach (json_object_get(uncovered, "rows"), i, row) {
            html_element(page, "dt", "hostile", report_text(row, "file"));
            html_element(page, "dd", "hostile", report_text(row, "what"));
        }
        html_raw(page, "</dl>\n");
    }
    html_close_section(page);
}

/* ---- the page ---- */

static void add_about(struct html *page)
{
    int64_t torn = report_number(page->fuzz, "torn");

    html_open_section(page, "about", "This campaign");
    html_raw(page, "<dl class=\"terms\">");
    html_term(page, "Folder", NULL, report_text(page->fuzz, "folder"));
    html_term(page, "First slice", NULL, report_text(page->fuzz, "from"));
    html_term(page, "Last slice", NULL, report_text(page->fuzz, "to"));
    html_raw(page, "</dl>\n");
    if (torn > 0)
        assay_buf_printf(page->out,
                         "<p class=\"note\">Lines of the journal that a crash tore, and that are "
                         "not counted here: %lld</p>\n",
                         (long long)torn);
    html_close_section(page);
}

static void add_title(struct html *page)
{
    html_raw(page, stamp_text(page));
    html_raw(page, " \xc2\xb7 fuzzing, ");
    html_text(page, report_text(page->fuzz, "folder"));
}

static void add_content(struct html *page)
{
    add_head(page);
    html_raw(page, "<main id=\"main\">\n");
    add_next(page);
    add_findings(page);
    add_targets(page);
    add_uncovered(page);
    add_about(page);
    html_raw(page, "</main>\n<footer>Made by Assay from the campaign's folder. This page fetches "
                   "nothing and runs no script but its own; all text that came from a target is "
                   "shown escaped.</footer>\n");
}

enum assay_code report_fuzz_html(struct assay_buf *out, const json_t *summary,
                                 struct assay_err *err)
{
    static const struct html_parts parts = {.title = add_title, .content = add_content};
    struct html page = {.out = out, .fuzz = summary};
    enum assay_code rc;

    if (!assay_bytes_is(report_text(summary, "format"), REPORT_FUZZ_FORMAT))
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "not the summary of a fuzzing campaign");
    rc = html_fill(&page, &parts, stamp_of(&page));
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "HTML report: %s", assay_code_text(rc));
}
