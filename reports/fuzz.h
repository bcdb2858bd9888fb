/** The page of a fuzzing campaign, made from its summary alone.
 *
 *  The summary is a tree (harness/fuzz/summary.h makes it); texts of it may come from targets and
 *  from files, and are hostile:
 *
 *      {"format": "assay-fuzz-summary/1", "folder": "out/fuzz", "from": TIME, "to": TIME, "torn":
 * 0, "totals": {"targets", "executions", "seconds", "edges", "corpus", "findings", "failing",
 *                  "untriaged"},
 *       "targets": [{"name", "state": "growing" | "flat" | "untouched", "executions", "seconds",
 *                    "rate", "edges", "corpus", "corpusBytes", "memoryMb", "flatSeconds",
 *                    "findings", "points": [[SECONDS, EDGES], …]}],
 *       "findings": [{as of triage.h, "isNew": true, "more": 2}],     (* one of each sort, in order
 * *) "uncovered": {"source": "cov.json", "count": 3, "rows": [{"file", "what"}]},     (* or absent
 * *) "coverage": "a link",                                                            (* or absent
 * *) "next": ["a sentence", …]}
 */
#ifndef REPORTS_FUZZ_H
#define REPORTS_FUZZ_H

#include "base/buf.h"

#include <jansson.h>

#define REPORT_FUZZ_FORMAT "assay-fuzz-summary/1"

/** Appends one self-contained HTML page. It fetches nothing and runs no script but its own.
 *  MALFORMED: not a summary; NOMEM, TOO_LARGE as the buffer says. */
enum assay_code report_fuzz_html(struct assay_buf *out, const json_t *summary,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** Appends a number with its thousands parted by commas. */
void report_fuzz_add_number(struct assay_buf *out, int64_t number);
/** Appends a length of time: "40 s", "12 min", "3 h 20 min". */
void report_fuzz_add_time(struct assay_buf *out, int64_t seconds);

#endif
