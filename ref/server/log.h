/** What a reference server says while it runs: one line of JSON at a time, on stderr. */
#ifndef REF_SERVER_LOG_H
#define REF_SERVER_LOG_H

#include "base/buf.h"

#define REF_LOG_LINE_BYTES 2048

/** One line on stderr, unless nobody takes it at once: a log that is not read must not stop a
 * server. Appends the line end. */
void ref_log_line(struct assay_buf *line);

/** Appends ',"name":"text"': text from outside, cut, and made fit for a terminal and for JSON. */
void ref_log_add_text(struct assay_buf *line, const char *name, struct assay_bytes text);

/** Appends the line of a request, to be closed by '}': time, process, method, path without its
 *  query (a client may have put anything there), status, duration and, unless NULL, the rule that
 *  decided. */
void ref_log_add_request(struct assay_buf *line, struct assay_bytes method,
                         struct assay_bytes target, int status, int64_t took_ms, const char *rule);

/** A line of its own: what failed, and why. */
void ref_log_failure(const char *what, const struct assay_err *err);

#endif
