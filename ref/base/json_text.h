/** What the JSON tokenizer and the canonical writer share about strings. Internal to ref/base.
 *
 *  "Raw" is the text between the quotes of a string that the tokenizer accepted: no escape in it is
 *  incomplete and all else is UTF-8.
 */
#ifndef ASSAY_BASE_JSON_TEXT_H
#define ASSAY_BASE_JSON_TEXT_H

#include "base/buf.h"

/** The next code point of a raw string, escapes resolved and an escaped surrogate pair joined; a
 * lone surrogate is itself. *pos must be below raw.len; it moves on. */
uint32_t assay_json_raw_next(struct assay_bytes raw, size_t *pos);
/** Order of two raw strings by UTF-16 code units: -1, 0 or 1. */
int assay_json_raw_compare(struct assay_bytes a, struct assay_bytes b);
/** Where, from pos on, the characters end that stand for themselves in a string and are ASCII: at a
 * quote, a backslash, a control character, a byte of 0x80 and above, or the end. */
size_t assay_json_plain_end(struct assay_bytes text, size_t pos);
/** Appends one code point as it stands in a canonical string. */
void assay_json_add_code_point(struct assay_buf *out, uint32_t code_point);

#endif
