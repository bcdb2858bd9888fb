/** Hexadecimal text. Written in lower case; read in either, or in lower case only where asked. */
#ifndef ASSAY_BASE_HEX_H
#define ASSAY_BASE_HEX_H

#include "base/buf.h"

/** out: 2 * bytes.len characters and a NUL. */
void assay_hex_encode(char *out, struct assay_bytes bytes);
/** Appends them to a buffer. */
void assay_buf_add_hex(struct assay_buf *out, struct assay_bytes bytes);
/** out: exactly out_len bytes, unchanged on failure. MALFORMED: another length, or no hex digit;
 *  with lower_only also an upper-case digit. */
enum assay_code assay_hex_decode(uint8_t *out, size_t out_len, struct assay_bytes text,
                                 bool lower_only) ASSAY_MUST_USE;

#endif
