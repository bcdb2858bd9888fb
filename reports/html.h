/** The parts of the HTML page. Internal to the reports. */
#ifndef REPORTS_HTML_H
#define REPORTS_HTML_H

#include "reports/view.h"

struct audit_findings;

struct html {
    struct assay_buf *out;
    const struct report_view *view;        /**< of a run; NULL on another page */
    const json_t *fuzz;                    /**< the summary of a campaign; NULL on another page */
    size_t full_room, brief_room;          /**< bytes of evidence of each kind that still fit */
    bool terse;                            /**< brief evidence is the last entry alone */
    const struct audit_findings *findings; /**< of an audit report, made for paper: nothing is
                                              folded; NULL on another page */
};

/** What fills the page's title and its body. */
struct html_parts {
    void (*title)(struct html *page);
    void (*content)(struct html *page);
    void (*running)(struct html *page); /**< inside a quoted text of CSS; NULL where the frame has
                                           no such place */
    struct assay_bytes (*frame)(void);  /**< NULL: html_template */
};

/** The whole page; `status` is a word of ours that its look goes by. NOMEM, TOO_LARGE. */
enum assay_code html_fill(struct html *page, const struct html_parts *parts,
                          const char *status) ASSAY_MUST_USE;

/** The page around the content: reports/template.html and reports/audit.html, as bytes. */
struct assay_bytes html_template(void);
struct assay_bytes html_audit_template(void);

/** Our own markup, verbatim. */
void html_raw(struct html *page, const char *markup);
/** Text, escaped, newlines shown as \x0A. */
void html_text(struct html *page, struct assay_bytes text);
/** <tag class="…">text</tag>; css may be NULL. */
void html_element(struct html *page, const char *tag, const char *css, struct assay_bytes text);
/** <dt>label</dt><dd class="…">text</dd>; nothing where the text is empty. */
void html_term(struct html *page, const char *label, const char *css, struct assay_bytes text);
/** The name of a threat (report_threat_name) as text. */
void html_threat_name(struct html *page, const struct report_threat *threat);
/** The glyph and word of a mark. */
void html_mark(struct html *page, enum report_mark mark, const char *word);
/** A command that can be copied. */
void html_command(struct html *page, struct assay_bytes command);

/** The log of a case: in full with what was sent and what came back; or, of a case that nobody must
 * act on, its first and last entries, a line each. What the page has no room for is said to be in
 * the record. */
void html_evidence(struct html *page, const json_t *evidence, bool full);
/** The log of a case for paper: its first and last entries, a line each, then the last exchange
 * whole. Counts into full_room. */
void html_evidence_print(struct html *page, const json_t *evidence);
/** A case that a person must act on, as an article of its own. */
void html_finding(struct html *page, const struct report_case *c, bool with_evidence);
/** Every case, threat by threat, and the filters above them. */
void html_cases(struct html *page);

/** Sections in the order of the page; each writes nothing where the run has nothing for it. */
void html_broken(struct html *page);
void html_matrix(struct html *page);
void html_threats(struct html *page);
void html_not_judged(struct html *page);
void html_limits(struct html *page);
void html_self_check(struct html *page);
void html_about(struct html *page);
/** What stands inside of these sections; a run that lacks the table has an empty one. */
void html_broken_list(struct html *page);
void html_not_judged_list(struct html *page);
void html_limits_lists(struct html *page);
void html_self_check_table(struct html *page);
void html_matrix_table(struct html *page);
void html_open_section(struct html *page, const char *id, const char *title);
void html_close_section(struct html *page);

#endif
