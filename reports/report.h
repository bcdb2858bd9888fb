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

#endif
