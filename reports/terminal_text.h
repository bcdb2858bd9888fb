/** Text on a terminal: colours, columns and wrapped lines. Internal to the terminal's summary.
 *
 *  What a target said is made printable here, and cut, and cannot begin a line as a command that CI
 *  services obey.
 */
#ifndef REPORTS_TERMINAL_TEXT_H
#define REPORTS_TERMINAL_TEXT_H

#include "reports/view.h"

enum { OUT_MAX_BYTES = 64 << 20 };

enum ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_RED, INK_GREEN, INK_YELLOW };

struct terminal {
    struct assay_buf out; /**< its error is that of everything added */
    const struct report_view *view;
    bool colour;
    size_t width; /**< columns; SIZE_MAX: do not wrap */
};

/** Nothing where there are no colours. */
void terminal_ink(struct terminal *t, enum ink which);
/** Code points of valid UTF-8, which is what a column holds. */
size_t terminal_columns(struct assay_bytes text);
/** Spaces. */
void terminal_pad(struct terminal *t, size_t count);
/** Hostile text, made printable, cut and wrapped at spaces. The cursor is at column `indent`, where
 *  further lines begin too. Ends the line. */
void terminal_wrap(struct terminal *t, size_t indent, struct assay_bytes text);
/** "   name      ", after which terminal_labelled wraps a text; nothing where that is empty. */
void terminal_label(struct terminal *t, const char *name);
void terminal_labelled(struct terminal *t, const char *name, struct assay_bytes text);
/** A line to be copied, which is not wrapped. */
void terminal_command(struct terminal *t, struct assay_bytes text);

#endif
