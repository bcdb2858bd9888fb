/* Sections of the page: threats, what was not judged, limits, self-check, defects, the run itself
 * (reports/html.h). */
#include "reports/html.h"

/* marks in a threat's row; cases named before they are folded away */
enum { STRIP_MAX = 240, LINKS_SHOWN = 3, TEXT_MAX_BYTES = 1 << 20 };

static void add_strip(struct html *page, size_t threat)
{
    size_t count = 0;

    html_raw(page, "<span class=\"strip\" aria-hidden=\"true\">");
    for (size_t i = 0; i < page->view->case_count && count < STRIP_MAX; i++) {
        const struct report_case *c = &page->view->cases[i];

        if (c->threat != threat)
            continue;
        count++;
        if (c->mark == MARK_PASS)
            html_raw(page, "<i></i>");
        else
            assay_buf_printf(page->out, "<i class=\"%s\"></i>", report_marks[c->mark].css);
    }
    html_raw(page, "</span>");
}

static void add_threat_row(struct html *page, size_t index)
{
    const struct report_threat *threat = &page->view->threats[index];
    size_t pass = threat->of[MARK_PASS] + threat->of[MARK_UNEXPECTED_PASS];

    html_raw(page, "<tr><td>");
    html_mark(page, report_threat_mark(threat), report_threat_word(threat));
    assay_buf_printf(page->out, "</td><td><a href=\"#threat-%zu\">", index);
    html_threat_name(page, threat);
    html_raw(page, "</a>");
    html_element(page, "span", "sub hostile",
                 threat->not_judged.len > 0 ? threat->not_judged
                                            : report_text(threat->entry, "threat"));
    html_raw(page, "</td>");
    html_element(page, "td", "wide", report_text(threat->entry, "severity"));
    html_raw(page, "<td class=\"wide\">");
    add_strip(page, index);
    assay_buf_printf(page->out,
                     "</td><td class=\"num\">%zu</td><td class=\"num\">%zu</td><td "
                     "class=\"num\">%zu</td></tr>\n",
                     pass, report_judged(threat->of) - pass,
                     threat->of[MARK_BROKEN] + threat->of[MARK_UNSUPPORTED] +
                         threat->of[MARK_SKIPPED]);
}

void html_threats(struct html *page)
{
    html_open_section(page, "threats", "Threats");
    html_raw(page, "<div class=\"scroll\"><table class=\"threats\"><thead><tr><th "
                   "scope=\"col\">Verdict</th><th "
                   "scope=\"col\">Threat</th><th "
                   "scope=\"col\" class=\"wide\">Severity</th><th scope=\"col\" "
                   "class=\"wide\">Each case</th><th scope=\"col\" "
                   "class=\"num\">Pass</th><th scope=\"col\" class=\"num\">Fail</th><th "
                   "scope=\"col\" class=\"num\">Not<br>judged</th>"
                   "</tr></thead><tbody>\n");
    for (size_t i = 0; i < page->view->threat_count; i++)
        add_threat_row(page, i);
    html_raw(page, "</tbody></table></div>\n");
    html_close_section(page);
}

static bool is_not_judged(enum report_mark mark)
{
    return mark == MARK_UNSUPPORTED || mark == MARK_SKIPPED;
}

static bool is_broken(enum report_mark mark)
{
    return mark == MARK_BROKEN;
}

static bool is_alike(const struct report_case *a, const struct report_case *b)
{
    return a->mark == b->mark &&
           assay_bytes_equal(report_text(a->c, "reason"), report_text(b->c, "reason"));
}

/* Links to so many of the cases from `first` on that share its mark and reason; returns how many
 * there are. */
static size_t alike(struct html *page, size_t first, size_t named)
{
    const struct report_case *cases = page->view->cases;
    size_t count = 0;

    for (size_t i = first; i < page->view->case_count; i++) {
        if (!is_alike(&cases[i], &cases[first]))
            continue;
        if (count++ >= named)
            continue;
        assay_buf_printf(page->out, "<a class=\"sub mono\" href=\"#case-%zu\">", cases[i].number);
        html_text(page, report_text(cases[i].c, "scenario"));
        html_raw(page, report_text(cases[i].c, "case").len > 0 ? "/" : "");
        html_text(page, report_text(cases[i].c, "case"));
        html_raw(page, "</a>");
    }
    return count;
}

static bool is_first_alike(const struct report_view *view, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_alike(&view->cases[i], &view->cases[index]))
            return false;
    return true;
}

/* Cases by reason, since one missing tool or one dead target takes many along. Returns: there were
 * any. */
static bool add_by_reason(struct html *page, bool (*wanted)(enum report_mark mark))
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    bool any = false;

    for (size_t i = 0; i < page->view->case_count; i++) {
        const struct report_case *c = &page->view->cases[i];
        size_t count;

        if (!wanted(c->mark) || !is_first_alike(page->view, i))
            continue;
        any = true;
        count = alike(page, i, 0);
        assay_buf_clear(&text);
        report_case_reason(&text, page->view, c);
        assay_buf_printf(page->out, "<dt>%zu %s</dt><dd>", count, report_marks[c->mark].word);
        html_element(page, "span", "hostile", assay_buf_view(&text));
        if (page->findings != NULL) { /* paper does not unfold */
            (void)alike(page, i, LINKS_SHOWN);
            if (count > LINKS_SHOWN)
                assay_buf_printf(page->out, "<span class=\"sub\">and %zu more</span>",
                                 count - LINKS_SHOWN);
            html_raw(page, "</dd>\n");
            continue;
        }
        html_raw(page, count > LINKS_SHOWN ? "<details><summary>which</summary>" : "");
        (void)alike(page, i, SIZE_MAX);
        html_raw(page, count > LINKS_SHOWN ? "</details></dd>\n" : "</dd>\n");
    }
    report_done(page->out, &text);
    return any;
}

void html_broken_list(struct html *page)
{
    html_raw(page, "<dl class=\"terms\">");
    (void)add_by_reason(page, is_broken);
    html_raw(page, "</dl>\n");
}

void html_broken(struct html *page)
{
    if (page->view->of[MARK_BROKEN] == 0)
        return;
    html_open_section(page, "broken", "What broke, so that nothing can be concluded");
    html_broken_list(page);
    html_close_section(page);
}

void html_not_judged_list(struct html *page)
{
    bool any = false;

    html_raw(page, "<dl class=\"terms\">");
    for (size_t i = 0; i < page->view->threat_count; i++) {
        if (page->view->threats[i].not_judged.len == 0)
            continue;
        any = true;
        html_raw(page, "<dt>");
        html_threat_name(page, &page->view->threats[i]);
        html_raw(page, "</dt>");
        html_element(page, "dd", "hostile", page->view->threats[i].not_judged);
    }
    any = add_by_reason(page, is_not_judged) || any;
    html_raw(page, "</dl>\n");
    html_raw(page, any ? "" : "<p class=\"empty\">Everything that was selected was judged.</p>\n");
}

void html_not_judged(struct html *page)
{
    html_open_section(page, "not-judged", "What was not judged, and why");
    html_not_judged_list(page);
    html_close_section(page);
}

void html_limits_lists(struct html *page)
{
    static const struct {
        const char *member, *title;
    } parts[] = {
        {"notReached", "What no test from outside can reach"},
        {"residual", "Risks that remain where all is well"},
    };

    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        html_element(page, "h3", NULL, assay_str(parts[part].title));
        html_raw(page, "<dl class=\"terms\">");
        for (size_t i = 0; i < page->view->threat_count; i++) {
            struct assay_bytes text = report_text(page->view->threats[i].entry, parts[part].member);

            if (text.len == 0)
                continue;
            html_raw(page, "<dt>");
            html_threat_name(page, &page->view->threats[i]);
            html_raw(page, "</dt>");
            html_element(page, "dd", NULL, text);
        }
        html_raw(page, "</dl>\n");
    }
}

void html_limits(struct html *page)
{
    html_open_section(page, "limits", "The limits of this report");
    html_limits_lists(page);
    html_close_section(page);
}

static void add_flag(struct html *page, const json_t *row, const char *member)
{
    bool yes = json_is_true(json_object_get(row, member));

    html_raw(page, "<td>");
    html_mark(page, yes ? MARK_PASS : MARK_FAIL, yes ? "yes" : "no");
    html_raw(page, "</td>");
}

void html_self_check_table(struct html *page)
{
    const json_t *check = json_object_get(page->view->run, "selfCheck"), *row;
    size_t i;

    html_raw(page, "<p class=\"lead\">Before it judged the target, the suite ran against its own "
                   "reference: it must accept the correct one "
                   "and catch a seeded defect for each threat. ");
    if (!json_is_true(json_object_get(check, "ran")))
        html_raw(page, "It did not run. ");
    else
        assay_buf_printf(page->out, "It %s in %lld ms. ",
                         json_is_true(json_object_get(check, "passed")) ? "passed" : "failed",
                         (long long)report_number(check, "milliseconds"));
    html_text(page, report_text(check, "reason"));
    html_raw(page, "</p>\n<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Threat</th><th "
                   "scope=\"col\">Accepts the correct "
                   "one</th><th scope=\"col\">Catches</th><th scope=\"col\">Defect</th><th "
                   "scope=\"col\" class=\"wide\">By</th></tr></thead><tbody>\n");
    json_array_foreach (json_object_get(check, "threats"), i, row) {
        html_raw(page, "<tr>");
        html_element(page, "td", NULL, report_text(row, "threat"));
        add_flag(page, row, "accepts");
        add_flag(page, row, "catches");
        html_element(page, "td", "mono", report_text(row, "defect"));
        html_element(page, "td", "mono wide", report_text(row, "scenario"));
        html_raw(page, "</tr>\n");
    }
    html_raw(page, "</tbody></table></div>\n");
}

void html_self_check(struct html *page)
{
    if (json_object_get(page->view->run, "selfCheck") == NULL)
        return;
    html_open_section(page, "self-check", "Self-check");
    html_self_check_table(page);
    html_close_section(page);
}

static void add_names(struct html *page, const json_t *names)
{
    const json_t *name;
    size_t i;

    if (page->findings != NULL && json_array_size(names) > LINKS_SHOWN) {
        html_element(page, "span", "sub mono",
                     assay_str(json_string_value(json_array_get(names, 0))));
        assay_buf_printf(page->out, "and %zu more", json_array_size(names) - 1);
        return;
    }
    if (json_array_size(names) > LINKS_SHOWN) {
        html_raw(page, "<details><summary>");
        report_add_count(page->out, json_array_size(names), "case", "cases");
        html_raw(page, "</summary>");
    }
    json_array_foreach (names, i, name)
        html_element(page, "span", "sub mono", assay_str(json_string_value(name)));
    html_raw(page, json_array_size(names) > LINKS_SHOWN ? "</details>" : "");
}

/* Defects of one kind of verdict: what was not caught stands first. */
static void add_defects(struct html *page, const json_t *rows, bool caught)
{
    const json_t *row;
    size_t i;

    json_array_foreach (rows, i, row) {
        struct assay_bytes verdict = report_text(row, "verdict");

        if (assay_bytes_is(verdict, "caught") != caught)
            continue;
        html_raw(page, "<tr><td>");
        html_mark(page, caught ? MARK_PASS : MARK_FAIL,
                  caught                                ? "caught"
                  : assay_bytes_is(verdict, "partly")   ? "partly"
                  : assay_bytes_is(verdict, "survived") ? "survived"
                                                        : "unnamed");
        html_raw(page, "</td>");
        html_element(page, "td", "mono", report_text(row, "defect"));
        html_raw(page, "<td>");
        html_text(page, report_text(row, "side"));
        html_raw(page, ", ");
        html_text(page, report_text(row, "rules"));
        html_raw(page, "</td>");
        html_element(page, "td", NULL, report_text(row, "threat"));
        html_raw(page, "<td class=\"wide\">");
        add_names(page, json_object_get(row, "caughtBy"));
        if (json_array_size(json_object_get(row, "missedBy")) > 0) {
            html_raw(page, "<br>missed by ");
            add_names(page, json_object_get(row, "missedBy"));
        }
        html_raw(page, "</td></tr>\n");
    }
}

void html_matrix_table(struct html *page)
{
    const json_t *matrix = json_object_get(page->view->run, "matrix"), *alarm;
    size_t i;

    html_raw(page, "<p class=\"lead\">Each defect is a wrong turn switched on in a reference "
                   "server or client. A defect that survives, that only "
                   "scenarios catch which do not name it, or that one misses which does, is a "
                   "failure of the suite; so is a correct reference that is refused. ");
    assay_buf_printf(page->out, "The correct reference was run %lld times.</p>\n",
                     (long long)report_number(matrix, "correctRuns"));
    if (json_array_size(json_object_get(matrix, "falseAlarms")) > 0) {
        html_raw(page, "<h3>False alarms</h3><ul class=\"reasons\">");
        json_array_foreach (json_object_get(matrix, "falseAlarms"), i, alarm) {
            html_raw(page, "<li>");
            html_element(page, "code", NULL, assay_str(json_string_value(alarm)));
            html_raw(page, "</li>\n");
        }
        html_raw(page, "</ul>\n");
    }
    html_raw(page, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Outcome</th><th "
                   "scope=\"col\">Defect</th><th "
                   "scope=\"col\">In, by rules</th><th scope=\"col\">Threat</th><th scope=\"col\" "
                   "class=\"wide\">Caught by</th></tr></thead><tbody>\n");
    add_defects(page, json_object_get(matrix, "rows"), false);
    add_defects(page, json_object_get(matrix, "rows"), true);
    html_raw(page, "</tbody></table></div>\n");
}

void html_matrix(struct html *page)
{
    if (json_object_get(page->view->run, "matrix") == NULL)
        return;
    html_open_section(page, "matrix", "Seeded defects");
    html_matrix_table(page);
    html_close_section(page);
}

void html_about(struct html *page)
{
    const json_t *run = page->view->run;
    struct assay_buf command = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

    html_open_section(page, "about", "This run");
    report_add_command(&command, json_object_get(run, "command"));
    html_command(page, assay_buf_view(&command));
    html_raw(page, "<dl class=\"terms\">");
    html_term(page, "Seed", "mono", report_text(run, "seed"));
    html_term(page, "Started", NULL, report_text(run, "started"));
    html_term(page, "Ended", NULL, report_text(page->view->outcome, "ended"));
    html_term(page, "Assay", NULL, report_text(json_object_get(run, "assay"), "version"));
    html_raw(
        page,
        "</dl>\n<h3>How to read the verdicts</h3><dl class=\"terms\">"
        "<dt>pass, fail</dt><dd>A requirement was put to the test, and the control it rests on "
        "held.</dd>"
        "<dt>broken</dt><dd>The set-up failed, so nothing can be concluded; it makes the run "
        "invalid.</dd>"
        "<dt>unsupported</dt><dd>The target or this machine cannot do what the test needs.</dd>"
        "<dt>observed</dt><dd>The harness saw it itself: it counted executions, read bytes, "
        "measured.</dd>"
        "<dt>derived</dt><dd>It follows from what was observed.</dd>"
        "<dt>claimed</dt><dd>The target says so; nothing contradicts it.</dd></dl>\n");
    html_close_section(page);
    report_done(page->out, &command);
}
