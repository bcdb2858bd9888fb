/** Reports of a run, derived from its record alone (design, section 8).
 *
 *  `run` is a tree as record_read gives it. Text in it may come from a target and is hostile: each
 * report escapes it for its own sink. Nothing here judges: verdicts, counts and validity are the
 * record's.
 */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include "base/buf.h"

#include <jansson.h>
#include <stdio.h>

/** The summary for a terminal: a few lines when all is well, else a paragraph for each failure. An
 * INVALID run says so first and last. In:  colour  with ANSI colours; width  columns to wrap at, 0:
 * do not wrap. Returns: NOMEM, or IO when `out` does not take it. */
enum assay_code report_terminal(FILE *out, const json_t *run, bool colour, int width);

/** Appends JUnit XML: a suite for each threat and one, "run", whose only case is the validity of
 * the run, so that a CI job that reads nothing else is never green on an INVALID run. What does not
 * count for exit 1 (a known failure, a level below
 *  --fail-on) is `skipped` with the reason.
 *  Returns: NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_junit(struct assay_buf *out, const json_t *run,
                             struct assay_err *err) ASSAY_MUST_USE;

/** Appends one self-contained HTML page. It fetches nothing and runs no script but its own.
 *  Returns: NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_html(struct assay_buf *out, const json_t *run,
                            struct assay_err *err) ASSAY_MUST_USE;

/** Appends SARIF 2.1.0 within the limits of GitHub code scanning: rules are scenarios, results are
 * failures, worst first; a notification says how many did not fit. An INVALID run has
 * executionSuccessful false. Returns: NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_sarif(struct assay_buf *out, const json_t *run,
                             struct assay_err *err) ASSAY_MUST_USE;

/** Appends a summary in GitHub's Markdown, below the 1 MiB that a job summary may have; the last
 * line says what was left out. Returns: NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_markdown(struct assay_buf *out, const json_t *run,
                                struct assay_err *err) ASSAY_MUST_USE;

/** Appends GitHub workflow commands, a line each: at most 10 errors and 10 warnings, worst first,
 * and a notice that says how many there are more. Nothing where there is nothing to say.
 *  Returns: NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_annotations(struct assay_buf *out, const json_t *run,
                                   struct assay_err *err) ASSAY_MUST_USE;

/** Appends TAP 14: a subtest for each threat; what does not count is TODO, what was not judged is
 * SKIP; an INVALID run ends in "Bail out!". Returns: NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_tap(struct assay_buf *out, const json_t *run,
                           struct assay_err *err) ASSAY_MUST_USE;

/** Appends CTRF JSON (ctrf.io): a test for each case and one, "run validity", that fails where the
 * run is INVALID. Returns: NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_ctrf(struct assay_buf *out, const json_t *run,
                            struct assay_err *err) ASSAY_MUST_USE;

/** Appends HAR 1.2: an entry for each exchange of the evidence, a page for each case that has one.
 * What the record has redacted stays so. Returns: NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_har(struct assay_buf *out, const json_t *run,
                           struct assay_err *err) ASSAY_MUST_USE;

/** Appends the audit report: one HTML document made for paper (A4), without a script, in which each
 * failing scenario is one finding. Evidence is shortened, with what is left out counted.
 *  Returns: NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_audit(struct assay_buf *out, const json_t *run,
                             struct assay_err *err) ASSAY_MUST_USE;

/** The reports that fill a buffer, by the names that the command line has for them. */
struct report_kind {
    const char *name;
    enum assay_code (*write)(struct assay_buf *out, const json_t *run, struct assay_err *err);
};

enum { REPORT_KINDS = 9 };
extern const struct report_kind report_kinds[REPORT_KINDS];

#endif
