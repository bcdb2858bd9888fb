/** Reports written for a test, and read again. Trouble fails the test. */
#ifndef TESTS_WRITTEN_H
#define TESTS_WRITTEN_H

#include "reports/report.h"

/** The report of that name (report_kinds); the text is that of `out`, which the caller frees. */
const char *written_report(struct assay_buf *out, const char *name, const json_t *run);
/** The same of one that is JSON, as a new tree. */
json_t *written_json(const char *name, const json_t *run);
/** The value at "runs.0.results" and the like, borrowed, or NULL; the text there. */
json_t *written_at(json_t *value, const char *path);
const char *written_text(json_t *value, const char *path);
/** How often `what` stands in a text. */
size_t written_count(const char *text, const char *what);

#endif
