/** The cases that a report names, worst first, and what it says of each. Internal to the reports.
 */
#ifndef REPORTS_FINDINGS_H
#define REPORTS_FINDINGS_H

#include "reports/view.h"

/** Of a threat, as the catalogue has it; a threat that is not there has the least. */
enum finding_severity { SEVERITY_CRITICAL, SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW };

struct finding {
    const struct report_case *c;
    const json_t *scenario; /**< of the catalogue, or NULL */
    enum finding_severity severity;
};

struct findings {
    struct finding *items;
    size_t count;
};

#define MARK_BIT(mark) (1u << (mark))
/** Failures that the exit status counts. */
#define FINDINGS_BAD (MARK_BIT(MARK_FAIL) | MARK_BIT(MARK_UNEXPECTED_PASS))

/** The cases with one of those marks. Order: by mark, by the severity of the threat, by level, then
 * as the record has them, so that one record always gives one order. NOMEM. */
enum assay_code findings_init(struct findings *f, const struct report_view *view,
                              unsigned marks) ASSAY_MUST_USE;
void findings_fini(struct findings *f);

/** The scenario of a case in the catalogue, or NULL. */
const json_t *finding_scenario(const struct report_view *view, const json_t *c);
enum finding_severity finding_severity(const struct report_threat *threat);
/** "expected X, saw Y" of a failure that counts, else why it is what it is. Not escaped. */
void finding_message(struct assay_buf *out, const struct report_view *view,
                     const struct report_case *c);
/** Seeded defects of a selftest that were not caught by every scenario that names them, or by one
 * that does: how many, and in a few words what came of a row. */
size_t finding_uncaught(const struct report_view *view);
const char *finding_row_word(const json_t *row);
bool finding_row_is_caught(const json_t *row);
/** Appends text fit for a terminal or a log, one line, at most `max` bytes of it; what is cut says
 * so. */
void finding_add_shown(struct assay_buf *out, struct assay_bytes text, size_t max);
/** Appends "label: text" and a newline, shown as above; nothing where the text is empty. */
void finding_add_line(struct assay_buf *out, const char *label, struct assay_bytes text,
                      size_t max);
/** The same for the inside of a Markdown line, list entry or table cell: what Markdown, HTML or
 * GitHub could read as more than text is an entity. */
void finding_add_markdown(struct assay_buf *out, struct assay_bytes text, size_t max);

#endif
