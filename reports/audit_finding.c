/* One finding of the audit report: its story, impact, remedy, evidence and how to repeat it
 * (reports/audit.h). */
#include "reports/audit.h"

enum { CASES_NAMED = 20, NAME_MAX_BYTES = 1 << 20 };

struct log_counts {
    size_t exchanges, bursts, requests, faults, runs, events;
};

static struct log_counts count_log(const json_t *evidence)
{
    struct log_counts n = {0};
    const json_t *entry;
    size_t i;

    json_array_foreach (evidence, i, entry) {
        struct assay_bytes kind = report_text(entry, "kind");
        int64_t requests = report_number(entry, "requests");

        n.exchanges += assay_bytes_is(kind, "exchange");
        n.faults += assay_bytes_is(kind, "fault");
        n.runs += assay_bytes_is(kind, "run");
        n.events += assay_bytes_is(kind, "role");
        if (assay_bytes_is(kind, "burst")) {
            n.bursts++;
            n.requests += requests > 0 ? (size_t)requests : 0;
        }
    }
    return n;
}

static void add_part(struct html *page, const char **separator, size_t count, const char *singular,
                     const char *plural)
{
    if (count == 0)
        return;
    html_raw(page, *separator);
    report_add_count(page->out, count, singular, plural);
    *separator = ", ";
}

/* "The suite made 3 requests, injected ..." */
static void add_steps(struct html *page, const json_t *evidence)
{
    struct log_counts n = count_log(evidence);
    const char *separator = "In its log: ";

    add_part(page, &separator, n.exchanges, "exchange", "exchanges");
    add_part(page, &separator, n.requests, "request released together with others",
             "requests released together");
    add_part(page, &separator, n.runs, "run of a program", "runs of a program");
    add_part(page, &separator, n.faults, "injected fault", "injected faults");
    add_part(page, &separator, n.events, "event at the services that the suite played",
             "events at the services that the suite played");
    if (strcmp(separator, ", ") == 0)
        html_raw(page, ". ");
}

/* Threat, what was tried, what was seen. */
static void add_story(struct html *page, const struct audit_finding *f)
{
    const struct report_case *c = f->cases->c;
    const json_t *entry = page->view->threats[c->threat].entry;

    html_raw(page, "<h4>Exploit story</h4>\n<p class=\"hostile\">");
    audit_text(page, report_text(entry, "threat"));
    html_raw(page, entry != NULL ? " " : "");
    html_raw(page, "To try this, the suite put one requirement to the test: \xe2\x80\x9c");
    audit_text(page, report_text(c->c, "title"));
    html_raw(page, "\xe2\x80\x9d. ");
    add_steps(page, json_object_get(c->c, "evidence"));
    if (report_text(c->c, "expected").len > 0) {
        html_raw(page, "Expected was: ");
        audit_text(page, report_text(c->c, "expected"));
        html_raw(page, ". ");
    }
    if (report_text(c->c, "seen").len > 0) {
        html_raw(page, "What came instead: <strong>");
        audit_text(page, report_text(c->c, "seen"));
        html_raw(page, "</strong>.");
    }
    if (f->count > 1) {
        html_raw(page, " The same requirement failed in ");
        report_add_count(page->out, f->count - 1, "more case", "more cases");
        html_raw(page, ", listed below.");
    }
    html_raw(page, "</p>\n");
}

static void add_term(struct html *page, const char *label, struct assay_bytes text)
{
    if (text.len == 0)
        return;
    html_element(page, "dt", NULL, assay_str(label));
    html_raw(page, "<dd class=\"hostile\">");
    audit_text(page, text);
    html_raw(page, "</dd>\n");
}

static void add_terms(struct html *page, const struct audit_finding *f)
{
    const struct report_case *c = f->cases->c;
    const json_t *entry = page->view->threats[c->threat].entry;
    struct assay_buf reason = ASSAY_BUF_INIT(NAME_MAX_BYTES);

    report_case_reason(&reason, page->view, c);
    html_raw(page, "<dl>\n<dt>Impact</dt><dd>");
    if (entry != NULL) {
        html_raw(page, "At risk: ");
        audit_text(page, report_text(entry, "asset"));
        html_raw(page, ". ");
        audit_stride(page, report_text(entry, "stride"));
        html_raw(page, ".</dd>\n");
    } else
        html_raw(page, "The honest path of the profile: honest payers are not served as the "
                       "specification says.</dd>\n");
    add_term(page, "Because", assay_buf_view(&reason));
    add_term(page, "Requirement", report_text(c->rule, "sentence"));
    add_term(page, "Clause", report_text(c->rule, "source"));
    add_term(page, "Remedy", report_case_remedy(c));
    add_term(page, "Mitigation expected", report_text(entry, "mitigation"));
    html_raw(page, "</dl>\n");
    report_done(page->out, &reason);
}

static void add_cases(struct html *page, const struct audit_finding *f)
{
    static const struct audit_column columns[] = {{"Case", 44}, {"Level", 8}, {"Seen", 48}};

    if (f->count < 2)
        return;
    audit_open_table(page, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < f->count && i < CASES_NAMED; i++) {
        const struct report_case *c = f->cases[i].c;
        struct assay_buf name = ASSAY_BUF_INIT(NAME_MAX_BYTES);

        report_case_name(&name, page->view, c);
        html_raw(page, "<tr><td class=\"mono\">");
        audit_text(page, assay_buf_view(&name));
        html_raw(page, "</td>");
        audit_cell(page, report_text(c->c, "level"));
        audit_cell(page, report_text(c->c, "seen"));
        html_raw(page, "</tr>\n");
        report_done(page->out, &name);
    }
    audit_close_table(page);
    if (f->count > CASES_NAMED)
        assay_buf_printf(page->out, "<p class=\"note\">%zu more are in the appendix.</p>\n",
                         f->count - CASES_NAMED);
}

static void add_meta(struct html *page, const struct audit_finding *f)
{
    const struct report_case *c = f->cases->c;
    const struct report_threat *threat = &page->view->threats[c->threat];

    html_raw(page, "<p class=\"meta\">");
    if (threat->entry != NULL)
        assay_buf_printf(page->out, "Severity <strong>%s</strong> \xc2\xb7 ",
                         audit_severity_word(f->cases->severity));
    assay_buf_printf(page->out, "Difficulty <strong>%s</strong> \xc2\xb7 ",
                     audit_difficulty_word(f->difficulty));
    html_raw(page, "Threat ");
    html_threat_name(page, threat);
    html_raw(page, " \xc2\xb7 Level ");
    audit_text(page, report_text(c->c, "level"));
    html_raw(page, " \xc2\xb7 ");
    audit_text(page, report_text(c->c, "grade"));
    if (c->mark != MARK_FAIL)
        assay_buf_printf(page->out, " \xc2\xb7 <strong>%s</strong>", report_marks[c->mark].word);
    html_raw(page, "<br><code>");
    audit_text(page, report_text(c->c, "scenario"));
    html_raw(page, "</code></p></header>\n");
}

void audit_finding(struct html *page, const struct audit_finding *f, size_t number)
{
    const struct report_case *c = f->cases->c;
    const json_t *evidence = json_object_get(c->c, "evidence");

    assay_buf_printf(page->out,
                     "<article class=\"finding\" id=\"finding-%zu\">\n<header><h3 "
                     "class=\"hostile\">F%zu. ",
                     number, number);
    audit_text(page, report_text(c->c, "title"));
    html_raw(page, "</h3>\n");
    add_meta(page, f);
    add_story(page, f);
    add_terms(page, f);
    add_cases(page, f);
    if (json_array_size(evidence) > 0) {
        html_raw(page,
                 f->count > 1 ? "<h4>Evidence, of the first case</h4>\n" : "<h4>Evidence</h4>\n");
        html_evidence_print(page, evidence);
    }
    html_raw(page, "<h4>How to repeat it</h4>\n");
    html_command(page, report_text(c->c, "replay"));
    html_raw(page, "</article>\n");
}
