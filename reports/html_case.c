/* Cases on the page: as an article where a person must act, else as a row below its threat
 * (reports/html.h). */
#include "reports/html.h"

static void add_name(struct html *page, const struct report_case *c, const char *tag)
{
    struct assay_buf name = ASSAY_BUF_INIT(1 << 20);

    report_case_name(&name, page->view, c);
    html_element(page, tag, NULL, assay_buf_view(&name));
    report_done(page->out, &name);
}

static void add_observations(struct html *page, const json_t *c)
{
    const json_t *observation;
    size_t i;

    json_array_foreach (json_object_get(c, "observations"), i, observation) {
        html_element(page, "dt", NULL, report_text(observation, "name"));
        html_raw(page, "<dd>");
        html_element(page, "span", "hostile", report_text(observation, "text"));
        html_raw(page, " <span class=\"note\">observed, not judged</span></dd>");
    }
}

static void add_ledger(struct html *page, const struct report_case *c, bool with_rule)
{
    struct assay_buf reason = ASSAY_BUF_INIT(1 << 20);

    report_case_reason(&reason, page->view, c);
    html_raw(page, "<dl class=\"ledger\">");
    html_term(page, "Expected", "hostile", report_text(c->c, "expected"));
    html_term(page, "Seen", "seen hostile", report_text(c->c, "seen"));
    html_term(page, "Because", "hostile", assay_buf_view(&reason));
    if (with_rule && c->rule != NULL) {
        html_raw(page, "<dt>Rule</dt><dd>");
        html_element(page, "code", NULL, report_text(c->rule, "id"));
        html_raw(page, " ");
        html_text(page, report_text(c->rule, "sentence"));
        html_raw(page, " ");
        html_element(page, "span", "soft", report_text(c->rule, "source"));
        html_raw(page, "</dd>\n");
        html_term(page, "Remedy", NULL, report_case_remedy(c));
    }
    add_observations(page, c->c);
    html_raw(page, "</dl>\n");
    report_done(page->out, &reason);
}

static void add_meta(struct html *page, const char *label, struct assay_bytes text)
{
    if (text.len == 0)
        return;
    html_raw(page, "<span>");
    html_raw(page, label);
    html_text(page, text);
    html_raw(page, "</span>\n");
}

void html_finding(struct html *page, const struct report_case *c, bool with_evidence)
{
    const struct report_threat *threat = &page->view->threats[c->threat];
    const json_t *evidence = json_object_get(c->c, "evidence");

    assay_buf_printf(
        page->out, "<article class=\"finding %s\" id=\"finding-%zu\" data-case=\"%zu\">\n<header>",
        report_marks[c->mark].css, c->number, c->number);
    html_mark(page, c->mark, report_marks[c->mark].word);
    html_element(page, "h3", "hostile", report_text(c->c, "title"));
    html_raw(page, "<p class=\"meta\">");
    add_name(page, c, "code");
    if (threat->id.len > 0)
        assay_buf_printf(page->out, "<a href=\"#threat-%zu\">", c->threat);
    add_meta(page, "threat ", threat->id);
    if (threat->id.len > 0)
        html_raw(page, "</a>");
    add_meta(page, "level ", report_text(c->c, "level"));
    add_meta(page, "", report_text(c->c, "grade"));
    add_meta(page, "severity ", report_text(threat->entry, "severity"));
    html_raw(page, "</p></header>\n");
    add_ledger(page, c, true);
    html_command(page, report_text(c->c, "replay"));
    if (with_evidence && json_array_size(evidence) > 0) {
        html_raw(page, report_mark_is_bad(c->mark) ? "<details class=\"evidence\" open>"
                                                   : "<details class=\"evidence\">");
        html_raw(page, "<summary>Evidence: ");
        report_add_count(page->out, json_array_size(evidence), "entry", "entries");
        html_raw(page, "</summary>\n");
        html_evidence(page, evidence, true);
        html_raw(page, "</details>\n");
    }
    html_raw(page, "<p class=\"note\">");
    html_text(page, report_text(c->c, "where"));
    html_raw(page, ", seed ");
    html_text(page, report_text(c->c, "seed"));
    html_raw(page, "</p>\n</article>\n");
}

/* Which checkbox of the filter a mark belongs to. */
static const char *filter_of(enum report_mark mark)
{
    return report_marks[mark].css;
}

static bool has_finding(enum report_mark mark)
{
    return report_mark_is_bad(mark) || mark == MARK_MILD_FAIL;
}

static void add_glyph(struct html *page, enum report_mark mark)
{
    assay_buf_printf(
        page->out, "<span class=\"mark %s\" title=\"%s\" role=\"img\" aria-label=\"%s\">%s</span>",
        report_marks[mark].css, report_marks[mark].word, report_marks[mark].word,
        report_marks[mark].glyph);
}

/* "observed, 12 ms" */
static void add_right(struct html *page, const struct report_case *c)
{
    html_raw(page, "<span class=\"right\">");
    if (c->mark != MARK_PASS) {
        html_raw(page, report_marks[c->mark].word);
        html_raw(page, " \xc2\xb7 ");
    }
    html_text(page, report_text(c->c, "grade"));
    html_raw(page, report_text(c->c, "grade").len > 0 ? " \xc2\xb7 " : "");
    assay_buf_printf(page->out, "%lld ms</span>", (long long)report_number(c->c, "milliseconds"));
}

static void add_row(struct html *page, const struct report_case *c)
{
    bool links = has_finding(c->mark);

    assay_buf_printf(
        page->out, "<%s class=\"case%s\" id=\"case-%zu\" data-case=\"%zu\" data-mark=\"%s\">",
        links ? "div" : "details", links ? " link" : "", c->number, c->number, filter_of(c->mark));
    html_raw(page, links ? "" : "<summary>");
    add_glyph(page, c->mark);
    if (links)
        assay_buf_printf(page->out, "<a href=\"#finding-%zu\">", c->number);
    add_name(page, c, "code");
    if (links)
        html_raw(page, "</a>");
    add_right(page, c);
    if (links) {
        html_raw(page, "</div>\n");
        return;
    }
    html_raw(page, "</summary>\n<div class=\"inside\">");
    add_ledger(page, c, false);
    html_evidence(page, json_object_get(c->c, "evidence"), c->mark == MARK_BROKEN);
    html_command(page, report_text(c->c, "replay"));
    html_raw(page, "<p class=\"note\">");
    html_text(page, report_text(c->c, "where"));
    html_raw(page, "</p></div></details>\n");
}

static void add_scenario_header(struct html *page, const struct report_case *c)
{
    html_raw(page, "<div class=\"scenario\"><header>");
    html_element(page, "h4", "hostile", report_text(c->c, "title"));
    html_raw(page, "<p class=\"meta\">");
    add_meta(page, "", report_text(c->c, "kind"));
    add_meta(page, "level ", report_text(c->c, "level"));
    if (c->rule != NULL) {
        html_raw(page, "<span>rule ");
        html_element(page, "code", NULL, report_text(c->rule, "id"));
        html_raw(page, ": ");
        html_text(page, report_text(c->rule, "sentence"));
        html_raw(page, "</span>");
    } else
        add_meta(page, "rule ", report_text(c->c, "rule"));
    html_raw(page, "</p></header>\n");
}

/* The cases of one threat in the order of the record, those of one scenario in one box. */
static void add_rows(struct html *page, size_t threat)
{
    struct assay_bytes scenario = ASSAY_LIT("");
    bool open = false;

    for (size_t i = 0; i < page->view->case_count; i++) {
        const struct report_case *c = &page->view->cases[i];

        if (c->threat != threat)
            continue;
        if (!open || !assay_bytes_equal(scenario, report_text(c->c, "scenario"))) {
            html_raw(page, open ? "</div>\n" : "");
            add_scenario_header(page, c);
            scenario = report_text(c->c, "scenario");
            open = true;
        }
        add_row(page, c);
    }
    html_raw(page, open ? "</div>\n" : "<p class=\"empty\">No case was judged.</p>\n");
}

static void add_threat(struct html *page, size_t index)
{
    const struct report_threat *threat = &page->view->threats[index];

    assay_buf_printf(
        page->out, "<section class=\"block\" id=\"threat-%zu\" data-threat=\"%zu\">\n<header><h3>",
        index, index);
    html_raw(page, "<span>");
    html_threat_name(page, threat);
    html_raw(page, threat->id.len > 0 ? "</span>" : ": the honest path</span>");
    html_mark(page, report_threat_mark(threat), report_threat_word(threat));
    html_raw(page, "</h3>\n");
    html_element(page, "p", NULL, report_text(threat->entry, "threat"));
    if (threat->not_judged.len > 0)
        html_element(page, "p", "soft hostile", threat->not_judged);
    if (threat->entry != NULL) {
        html_raw(
            page,
            "<details class=\"about\"><summary>About this threat</summary><dl class=\"ledger\">");
        html_term(page, "Asset", NULL, report_text(threat->entry, "asset"));
        html_term(page, "Mitigation", NULL, report_text(threat->entry, "mitigation"));
        html_term(page, "Residual risk", NULL, report_text(threat->entry, "residual"));
        html_term(page, "Not reached", NULL, report_text(threat->entry, "notReached"));
        html_term(page, "Severity", NULL, report_text(threat->entry, "severity"));
        html_term(page, "STRIDE", NULL, report_text(threat->entry, "stride"));
        html_raw(page, "</dl></details>\n");
    }
    html_raw(page, "</header>\n");
    add_rows(page, index);
    html_raw(page, "</section>\n");
}

static void add_filter(struct html *page)
{
    static const struct {
        const char *css, *label;
    } boxes[] = {
        {"fail", "fail"},       {"broken", "broken"}, {"mild", "not counted"},
        {"none", "not judged"}, {"pass", "pass"},
    };

    html_raw(page, "<form id=\"filter\" hidden aria-label=\"Filter the cases\"><fieldset "
                   "aria-label=\"Verdict\">");
    for (size_t i = 0; i < ARRAY_LEN(boxes); i++) {
        size_t count = 0;

        for (size_t mark = 0; mark < MARK__COUNT; mark++)
            count += strcmp(report_marks[mark].css, boxes[i].css) == 0 ? page->view->of[mark] : 0;
        if (count > 0)
            assay_buf_printf(page->out,
                             "<label><input type=\"checkbox\" value=\"%s\" checked>%s <span "
                             "class=\"soft\">%zu</span></label>",
                             boxes[i].css, boxes[i].label, count);
    }
    html_raw(page, "</fieldset>\n<select name=\"threat\" aria-label=\"Threat\"><option "
                   "value=\"\">every threat</option>");
    for (size_t i = 0; i < page->view->threat_count; i++) {
        assay_buf_printf(page->out, "<option value=\"%zu\">", i);
        html_threat_name(page, &page->view->threats[i]);
        html_raw(page, "</option>");
    }
    html_raw(page, "</select>\n<input type=\"search\" name=\"text\" placeholder=\"Scenario, rule, "
                   "words\" aria-label=\"Words "
                   "to look for\">\n<button type=\"reset\">Reset</button>\n<output name=\"shown\" "
                   "aria-live=\"polite\"></output></form>\n");
}

void html_cases(struct html *page)
{
    html_raw(page, "<section id=\"cases\" aria-labelledby=\"cases-title\"><h2 "
                   "id=\"cases-title\">What was tested</h2>\n");
    add_filter(page);
    for (size_t i = 0; i < page->view->threat_count; i++)
        add_threat(page, i);
    html_raw(page, "</section>\n");
}
