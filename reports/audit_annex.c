/* The end of the audit report: limits, the suite's own strength, specifications, every case, and
 * the command of the run (reports/audit.h). */
#include "reports/audit.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 1 << 20 };

void audit_limits(struct html *page)
{
    html_raw(page,
             "<p>A black-box suite sees what a program sends, answers and does to the services "
             "that the suite plays. It cannot show that no defect is left: it can show that the "
             "cases listed here behave. It does not read source code, configuration or key "
             "material; it does not see how keys are made, kept or rotated, who has access to the "
             "machine, how the program was built, what other paths lead to the protected work, or "
             "how it behaves under the load and the failures of a real network. What a target "
             "says of itself is graded \xe2\x80\x9c"
             "claimed\xe2\x80\x9d and nothing more. A result holds "
             "for the version and the configuration that were tested.</p>\n");
    html_limits_lists(page);
}

void audit_strength(struct html *page)
{
    const json_t *run = page->view->run, *check = json_object_get(run, "selfCheck");

    html_raw(page, "<p>A suite that finds nothing may be blind. Assay carries references with "
                   "seeded defects, wrong turns that are switched on one at a time; each must be "
                   "caught by every scenario that names it, and the correct reference must never "
                   "be refused.</p>\n");
    if (json_object_get(run, "matrix") != NULL) {
        html_raw(page, "<h3>The matrix of seeded defects</h3>\n");
        html_matrix_table(page);
    } else
        html_raw(page, "<p>This record holds no whole matrix: <code>assay selftest</code> makes "
                       "one, and <code>assay report</code> of its record shows it here.</p>\n");
    html_raw(page, "<h3>The self-check of this run</h3>\n");
    if (json_is_true(json_object_get(check, "ran")))
        html_self_check_table(page);
    else {
        html_raw(page, "<p class=\"hostile\">It did not run");
        html_raw(page, report_text(check, "reason").len > 0 ? ": " : "");
        audit_text(page, report_text(check, "reason"));
        html_raw(page, ".</p>\n");
    }
}

/* ---- specifications ---- */

static int by_source(const void *left, const void *right)
{
    const json_t *a = *(const json_t *const *)left, *b = *(const json_t *const *)right;
    int order = assay_bytes_compare(report_text(a, "profile"), report_text(b, "profile"));

    if (order == 0)
        order = assay_bytes_compare(report_text(a, "source"), report_text(b, "source"));
    return order != 0 ? order : assay_bytes_compare(report_text(a, "id"), report_text(b, "id"));
}

static void add_source(struct html *page, const json_t *rule)
{
    html_raw(page, "<tr>");
    audit_cell(page, report_text(rule, "profile"));
    html_raw(page, "<td class=\"mono\">");
    audit_text(page, report_text(rule, "id"));
    html_raw(page, "</td>");
    audit_cell(page, report_text(rule, "level"));
    audit_cell(page, report_text(rule, "source"));
    html_raw(page, "</tr>\n");
}

/* Rules that a case of the run was judged by. */
static bool is_used(const struct report_view *view, const json_t *rule)
{
    for (size_t i = 0; i < view->case_count; i++)
        if (view->cases[i].rule == rule)
            return true;
    return false;
}

/* What this version of Assay was written against. */
static void add_revisions(struct html *page)
{
    static const struct audit_column columns[] = {
        {"Profile", 16}, {"Document", 42}, {"Revision", 42}};
    const json_t *run = page->view->run, *source;
    const json_t *sources = json_object_get(json_object_get(run, "catalogue"), "sources");
    size_t i;

    html_raw(page, "<p>The rules are those of Assay ");
    audit_text(page, report_text(json_object_get(run, "assay"), "version"));
    html_raw(page, sources == NULL
                       ? ", whose record does not say of which revision its documents were.</p>\n"
                       : ", read from these revisions of public documents. What was published "
                         "later was not judged.</p>\n");
    if (sources == NULL)
        return;
    audit_open_table(page, columns, ARRAY_LEN(columns));
    json_array_foreach (sources, i, source) {
        html_raw(page, "<tr>");
        audit_cell(page, report_text(source, "profile"));
        audit_cell(page, report_text(source, "document"));
        html_raw(page, "<td class=\"mono\">");
        audit_text(page, report_text(source, "revision"));
        html_raw(page, "</td></tr>\n");
    }
    audit_close_table(page);
}

void audit_sources(struct html *page)
{
    static const struct audit_column columns[] = {
        {"Profile", 16}, {"Rule", 12}, {"Level", 10}, {"Source", 62}};
    const json_t *rules = json_object_get(json_object_get(page->view->run, "catalogue"), "rules");
    const json_t **sorted = assay_alloc((json_array_size(rules) + 1) * sizeof(*sorted));
    size_t count = 0;

    if (sorted == NULL) {
        page->out->bad = ASSAY_E_NOMEM;
        return;
    }
    for (size_t i = 0; i < json_array_size(rules); i++)
        if (is_used(page->view, json_array_get(rules, i)))
            sorted[count++] = json_array_get(rules, i);
    if (count > 0)
        qsort((void *)sorted, count, sizeof(*sorted), by_source);
    add_revisions(page);
    html_raw(page, "<h3>Clauses</h3>\n<p>Those that the cases of this run cite.</p>\n");
    if (count > 0)
        audit_open_table(page, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < count; i++)
        add_source(page, sorted[i]);
    if (count > 0)
        audit_close_table(page);
    assay_free((void *)sorted);
}

/* ---- every case ---- */

static void add_case(struct html *page, const struct report_case *c)
{
    struct assay_buf name = ASSAY_BUF_INIT(NAME_MAX_BYTES);

    report_case_name(&name, page->view, c);
    assay_buf_printf(page->out, "<tr id=\"case-%zu\"><td class=\"num\">%zu</td>", c->number,
                     c->number);
    html_raw(page, "<td class=\"mono hostile\">");
    audit_text(page, assay_buf_view(&name));
    html_raw(page, "</td>");
    audit_cell(page, report_text(c->c, "threat").len > 0 ? report_text(c->c, "threat")
                                                         : ASSAY_LIT("control"));
    audit_cell(page, report_text(c->c, "level"));
    html_raw(page, "<td>");
    html_mark(page, c->mark, report_marks[c->mark].word);
    html_raw(page, "</td>");
    audit_cell(page, report_text(c->c, "grade"));
    html_raw(page, "</tr>\n");
    report_done(page->out, &name);
}

void audit_cases(struct html *page)
{
    static const struct audit_column columns[] = {{"No.", 6},   {"Case", 46},    {"Threat", 16},
                                                  {"Level", 7}, {"Verdict", 15}, {"Grade", 10}};

    if (page->view->case_count == 0) {
        html_raw(page, "<p>The run has no case.</p>\n");
        return;
    }
    audit_open_table(page, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < page->view->case_count; i++)
        add_case(page, &page->view->cases[i]);
    audit_close_table(page);
}

void audit_again(struct html *page)
{
    struct assay_buf command = ASSAY_BUF_INIT(NAME_MAX_BYTES);

    report_add_command(&command, json_object_get(page->view->run, "command"));
    html_raw(page, "<p>The run was started by this command; with the seed <code>");
    audit_text(page, report_text(page->view->run, "seed"));
    html_raw(page, "</code> (<code>--seed</code>) every choice that the suite makes is made "
                   "again.</p>\n");
    html_command(page, assay_buf_view(&command));
    report_done(page->out, &command);
}
