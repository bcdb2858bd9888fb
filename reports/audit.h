/** The parts of the audit report. Internal to the reports.
 *
 *  They write into a page whose `findings` are set; everything but the counts is escaped there, and
 * a text of the record is cut at a length that a reader can bear, with what was left out.
 */
#ifndef REPORTS_AUDIT_H
#define REPORTS_AUDIT_H

#include "reports/findings.h"
#include "reports/html.h"

/** What an attacker needs, by the log of the easiest case (audit_difficulty_rule says it). */
enum audit_difficulty { DIFFICULTY_LOW, DIFFICULTY_MEDIUM, DIFFICULTY_HIGH, DIFFICULTY__COUNT };

/** The cases of one scenario that have one mark. */
struct audit_finding {
    const struct finding *cases; /**< the first of them, in the order of the record */
    size_t count;
    enum audit_difficulty difficulty;
};

/** Failures of every kind: what counts first, in it by severity, difficulty, then as the record has
 * them. */
struct audit_findings {
    struct findings cases;
    struct audit_finding *items;
    size_t count;
};

/** NOMEM. _fini takes one that is all zero. */
enum assay_code audit_findings_init(struct audit_findings *f,
                                    const struct report_view *view) ASSAY_MUST_USE;
void audit_findings_fini(struct audit_findings *f);

/** "low", "medium", "high"; of a severity "critical" to "low". */
const char *audit_difficulty_word(enum audit_difficulty difficulty);
const char *audit_severity_word(enum finding_severity severity);
/** Says how difficulty is derived. */
void audit_difficulty_rule(struct html *page);

/** Text of the record, escaped, its beginning where it is long. */
void audit_text(struct html *page, struct assay_bytes text);
/** <p>label text</p>, and <td>text</td>. */
void audit_paragraph(struct html *page, const char *label, struct assay_bytes text);
void audit_cell(struct html *page, struct assay_bytes text);
/** The head of a table: column names and their widths in percent. */
struct audit_column {
    const char *name;
    int width;
};
void audit_open_table(struct html *page, const struct audit_column *columns, size_t count);
void audit_close_table(struct html *page);
/** The kinds of harm that STRIDE letters stand for, as words. */
void audit_stride(struct html *page, struct assay_bytes letters);

/** Sections, in the order of the report. */
void audit_summary(struct html *page);
void audit_scope(struct html *page);
void audit_threats(struct html *page);
void audit_findings(struct html *page);
void audit_limits(struct html *page);
void audit_strength(struct html *page);
void audit_sources(struct html *page);
void audit_cases(struct html *page);
void audit_again(struct html *page);
/** One finding; number: 1-based. */
void audit_finding(struct html *page, const struct audit_finding *f, size_t number);

#endif
