/** Base64, strictly: RFC 4648 section 4 (standard, padded) and section 5 (URL alphabet, unpadded).
 *
 *  Refused as MALFORMED: the other alphabet, missing or extra padding, padding where there must be
 *  none, white space, bytes after the end, and unused bits that are not zero (section 3.5), so that
 *  a value has one spelling only. Some protocols read any unused bits; there is a form for them.
 */
#ifndef ASSAY_BASE_BASE64_H
#define ASSAY_BASE_BASE64_H

#include "base/buf.h"

enum assay_base64 {
    ASSAY_BASE64_STD,
    ASSAY_BASE64_URL,
    ASSAY_BASE64_STD_ANY_BITS, /**< as STD; what is decoded may have any unused bits */
};

void assay_base64_encode(struct assay_buf *out, enum assay_base64 form, struct assay_bytes bytes);
/** Appends to out. MALFORMED (err->at is the offset in text), TOO_LARGE or NOMEM: out is as before.
 */
enum assay_code assay_base64_decode(struct assay_buf *out, enum assay_base64 form,
                                    struct assay_bytes text, struct assay_err *err) ASSAY_MUST_USE;

#endif
