/** Reading texts out of the JSON of a challenge or proof into the fixed fields that hold them. */
#ifndef PT_TEXT_H
#define PT_TEXT_H

#include "base/json.h"

#define PT_JSON_MAX_TOKENS 256 /**< of a challenge or proof; theirs have about 20 */

/** Out: NUL-terminated; of no meaning on failure. room > 0. MISSING: token is NONE. TYPE: no
 * string. MALFORMED: holds a NUL or a lone surrogate, so that a C string could not be its exact
 * text (NS-3). TOO_LARGE: does not fit `room` bytes. err names the member. */
enum assay_code pt_text_read(char *out, size_t room, const struct assay_json *doc, uint32_t token,
                             const char *name, struct assay_err *err) ASSAY_MUST_USE;
/** Copies a C string. RANGE: does not fit `room` bytes; out is then empty. NULL is the empty text.
 */
enum assay_code pt_text_copy(char *out, size_t room, const char *text) ASSAY_MUST_USE;
/** Appends "name":"text" with its quotes, and a comma before it unless the buffer ends in '{'. */
void pt_text_member(struct assay_buf *out, const char *name, const char *text);

#endif
