/** JSON as reports write it: straight into a buffer, in ASCII alone. Internal to the reports.
 *
 *  Whatever a target said arrives as it was, and is inert on the way: what is not ASCII, controls
 * and < > & # are escapes, so that the file can stand in a page, a terminal or the log of a CI.
 * What is no UTF-8 (lone surrogates, too) becomes U+FFFD.
 */
#ifndef REPORTS_JSON_OUT_H
#define REPORTS_JSON_OUT_H

#include "base/buf.h"

struct json_out {
    struct assay_buf *out;
    bool more; /**< a value stands before in the container that is open */
};

/** Opens with '{' or '[' and closes with the other one. name: of the member; NULL in a list, and
 * for the document. */
void json_open(struct json_out *j, const char *name, char bracket);
void json_close(struct json_out *j, char bracket);

void json_text(struct json_out *j, const char *name, struct assay_bytes text);
void json_str(struct json_out *j, const char *name, const char *text);
/** The text as a terminal can show it (assay_utf8_add_printable): for what readers print. */
void json_shown(struct json_out *j, const char *name, struct assay_bytes text);
void json_number(struct json_out *j, const char *name, int64_t value);
void json_flag(struct json_out *j, const char *name, bool value);

/** A quoted text by itself; a YAML reader takes it, too. */
void json_add_quoted(struct assay_buf *out, struct assay_bytes text);

#endif
