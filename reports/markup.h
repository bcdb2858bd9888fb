/** Hostile text made fit for XML 1.0 and HTML. Internal to the reports. */
#ifndef REPORTS_MARKUP_H
#define REPORTS_MARKUP_H

#include "base/buf.h"

enum markup_lines {
    MARKUP_ONE_LINE, /**< newlines and tabs are shown as \x0A and \x09: for attributes and sentences
                      */
    MARKUP_KEEP_LINES /**< they are kept: for element text that keeps white space */
};

/** Appends text for an element or a quoted attribute: what a terminal could not show is \xNN or
 * \u{N} as assay_utf8_add_printable has it, with U+FFFE and U+FFFF, which XML forbids; & < > " '
 * are entities. */
void markup_add(struct assay_buf *out, struct assay_bytes text, enum markup_lines lines);
void markup_add_str(struct assay_buf *out, const char *text, enum markup_lines lines);

#endif
