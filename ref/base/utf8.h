/** UTF-8, strictly (RFC 3629: shortest form, no surrogates, at most U+10FFFF), and the lenient
 *  decoder of the WHATWG Encoding standard, which puts U+FFFD for each maximal wrong part. */
#ifndef ASSAY_BASE_UTF8_H
#define ASSAY_BASE_UTF8_H

#include "base/buf.h"

bool assay_utf8_valid(struct assay_bytes text);
/** Decodes one code point at *pos and moves it on; -1 and unmoved when what is there is not UTF-8.
 */
int32_t assay_utf8_next(struct assay_bytes text, size_t *pos);
void assay_utf8_add(struct assay_buf *out, uint32_t code_point);
/** Appends text with each maximal wrong part replaced by U+FFFD. */
void assay_utf8_add_replaced(struct assay_buf *out, struct assay_bytes text);
/** Appends text fit for a terminal or a log: controls, bidirectional overrides and wrong bytes as
 *  \xNN or \u{N}, and the first sign of "##[" and "##vso["; a backslash as itself. For text from a
 * target, which is hostile. */
void assay_utf8_add_printable(struct assay_buf *out, struct assay_bytes text);
/** Puts "..." at the end of a text that snprintf has cut to `room` bytes, of which there are at
 * least 4, without leaving a part of a character. */
void assay_utf8_mark_cut(char *text, size_t room);

#endif
