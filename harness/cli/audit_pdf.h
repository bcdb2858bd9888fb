/** The audit report as PDF, printed by headless Chromium from the HTML. */
#ifndef CLI_AUDIT_PDF_H
#define CLI_AUDIT_PDF_H

#include "base/arena.h"

#include <jansson.h>

/** The browser, a path in the arena. MISSING: it is not in PATH; err says what to install. */
enum assay_code cli_pdf_browser(const char **browser, struct assay_arena *arena,
                                struct assay_err *err) ASSAY_MUST_USE;
/** Appends the PDF of a run's audit report. The browser works in a folder of its own, which is
 *  removed, for at most a minute; it and all that it started are gone on return.
 *  Returns: IO: no folder, the browser does not start, is late, fails, or writes no PDF; what
 *  report_audit says; NOMEM. */
enum assay_code cli_pdf_add(struct assay_buf *out, const char *browser, const json_t *run,
                            struct assay_err *err) ASSAY_MUST_USE;

#endif
