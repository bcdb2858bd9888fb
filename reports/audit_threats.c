/* The threat table of the audit report: each threat of the catalogue with what came of it
 * (reports/audit.h). */
#include "reports/audit.h"

enum { SCENARIOS_NAMED = 6 };

static const char *harm_of(uint8_t letter)
{
    switch (letter) {
    case 'S':
        return "spoofing";
    case 'T':
        return "tampering";
    case 'R':
        return "repudiation";
    case 'I':
        return "information disclosure";
    case 'D':
        return "denial of service";
    case 'E':
        return "elevation of privilege";
    default:
        return NULL;
    }
}

void audit_stride(struct html *page, struct assay_bytes letters)
{
    const char *separator = "Kinds of harm: ";

    for (size_t i = 0; i < letters.len; i++) {
        const char *harm = harm_of(letters.at[i]);

        if (harm == NULL)
            continue;
        html_raw(page, separator);
        html_raw(page, harm);
        separator = ", ";
    }
}

/* A name of words that are joined by underscores, which may break behind each. */
static void add_name(struct html *page, struct assay_bytes name)
{
    for (size_t at = 0; at < name.len;) {
        size_t end = assay_bytes_find(name, '_', at);

        html_text(page, assay_bytes_part(name, at, end + 1));
        html_raw(page, end < name.len ? "<wbr>" : "");
        at = end + 1;
    }
}

/* The catalogue's scenarios of that threat, without the profile before their names. */
static void add_scenarios(struct html *page, const struct report_threat *threat)
{
    const json_t *all = json_object_get(json_object_get(page->view->run, "catalogue"), "scenarios");
    const json_t *scenario;
    size_t count = 0, i;

    html_raw(page, "<td>");
    json_array_foreach (all, i, scenario) {
        struct assay_bytes name = report_text(scenario, "name");
        size_t slash = assay_bytes_find(name, '/', 0);

        if (!assay_bytes_equal(report_text(scenario, "threat"), threat->id) ||
            !assay_bytes_equal(assay_bytes_part(name, 0, slash), threat->profile) ||
            count++ >= SCENARIOS_NAMED)
            continue;
        html_raw(page, "<span class=\"sub\">");
        add_name(page, assay_bytes_part(name, slash + 1, name.len));
        html_raw(page, "</span>");
    }
    if (count > SCENARIOS_NAMED)
        assay_buf_printf(page->out, "and %zu more", count - SCENARIOS_NAMED);
    html_raw(page, "</td>");
}

/* "observed 12, derived 3": of the cases that were judged. */
static void add_grades(struct html *page, size_t threat)
{
    static const char *const grades[] = {"observed", "derived", "claimed"};

    for (size_t g = 0; g < ARRAY_LEN(grades); g++) {
        size_t count = 0;

        for (size_t i = 0; i < page->view->case_count; i++)
            count += page->view->cases[i].threat == threat &&
                     assay_bytes_is(report_text(page->view->cases[i].c, "grade"), grades[g]);
        if (count > 0)
            assay_buf_printf(page->out, "<span class=\"sub\">%zu %s</span>", count, grades[g]);
    }
}

static void add_row(struct html *page, size_t index)
{
    const struct report_threat *threat = &page->view->threats[index];

    assay_buf_printf(page->out, "<tr id=\"threat-%zu\"><td><strong>", index);
    html_text(page, threat->id);
    html_raw(page, "</strong><span class=\"sub hostile\">");
    audit_text(page, report_text(threat->entry, "threat"));
    html_raw(page, "</span></td>");
    audit_cell(page, report_text(threat->entry, "asset"));
    html_raw(page, "<td>");
    audit_text(page, report_text(threat->entry, "stride"));
    html_raw(page, "<span class=\"sub\">");
    audit_text(page, report_text(threat->entry, "severity"));
    html_raw(page, "</span></td>");
    audit_cell(page, report_text(threat->entry, "mitigation"));
    add_scenarios(page, threat);
    html_raw(page, "<td>");
    html_mark(page, report_threat_mark(threat), report_threat_word(threat));
    if (threat->not_judged.len > 0) {
        html_raw(page, "<span class=\"sub hostile\">");
        audit_text(page, threat->not_judged);
        html_raw(page, "</span>");
    } else {
        html_raw(page, "<span class=\"sub\">");
        report_add_marks(page->out, threat->of);
        html_raw(page, "</span>");
        add_grades(page, index);
    }
    html_raw(page, "</td>");
    audit_cell(page, report_text(threat->entry, "residual"));
    html_raw(page, "</tr>\n");
}

void audit_threats(struct html *page)
{
    static const struct audit_column columns[] = {
        {"Threat", 20},    {"Asset", 11},   {"STRIDE, severity", 7}, {"Mitigation expected", 17},
        {"Scenarios", 21}, {"Verdict", 10}, {"Residual risk", 14}};
    const struct report_view *view = page->view;
    bool open = false;

    html_raw(page, "<p>Each row is a threat of the profile\xe2\x80\x99s model. The verdict is that "
                   "of all its cases together; below it stand their number and their grades. The "
                   "residual risk remains where all is well. STRIDE: <b>S</b>poofing, "
                   "<b>T</b>ampering, <b>R</b>epudiation, <b>I</b>nformation disclosure, "
                   "<b>D</b>enial of service, <b>E</b>levation of privilege.</p>\n");
    for (size_t i = 0; i < view->threat_count; i++) {
        const struct report_threat *threat = &view->threats[i];

        if (threat->id.len == 0)
            continue;
        if (!open || !assay_bytes_equal(threat->profile, view->threats[i - 1].profile)) {
            if (open)
                audit_close_table(page);
            html_element(page, "h3", NULL, threat->profile);
            audit_open_table(page, columns, ARRAY_LEN(columns));
            open = true;
        }
        add_row(page, i);
    }
    if (open)
        audit_close_table(page);
    else
        html_raw(page, "<p>The record has no catalogue of threats.</p>\n");
}
