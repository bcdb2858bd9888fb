/** What commands that run for long tell: a live line on a terminal, what they found as files, and
 *  the text of a target, which is hostile. */
#ifndef CLI_TELL_H
#define CLI_TELL_H

#include "base/buf.h"

#include <jansson.h>
#include <stdio.h>

/** One line at the end of stderr that is written over; nothing where that is no terminal. */
struct tell_live {
    bool is_terminal, is_shown;
    int64_t told_ns;
};
void tell_live_init(struct tell_live *live);
/** Whether a second has passed since it last was, on a terminal: then it is time to show a line. */
bool tell_live_is_due(struct tell_live *live);
/** Cut to the terminal, so that it stays one line. */
void tell_live_show(struct tell_live *live, const char *format, ...) ASSAY_PRINTF(2, 3);
void tell_live_clear(struct tell_live *live);

/** Prints text that may be anybody's, escaped. */
void tell_printable(FILE *out, const char *text);

/** Writes a finding to FOLDER/NAME.json, where NAME is its member "name"; the folder is made. The
 *  path goes into `path`, a buffer, which is cleared first. IO, NOMEM. */
enum assay_code tell_found(struct assay_buf *path, const char *folder, const json_t *found,
                           struct assay_err *err) ASSAY_MUST_USE;

#endif
