/** UUIDs of version 4 (RFC 9562 section 5.4) in their lower-case text form. */
#ifndef ASSAY_BASE_UUID_H
#define ASSAY_BASE_UUID_H

#include "base/err.h"

#define ASSAY_UUID_TEXT_BYTES 37 /**< NUL included */
#define ASSAY_UUID_FREE_BITS 122

/** Takes 16 bytes, overwrites version and variant bits, writes the text. */
void assay_uuid_v4_text(char out[ASSAY_UUID_TEXT_BYTES], const uint8_t bytes[16]);
/** MALFORMED: another length, dashes elsewhere, an upper-case or other character, another version
 *  or variant. out is unchanged on failure. */
enum assay_code assay_uuid_v4_parse(uint8_t out[16], struct assay_bytes text) ASSAY_MUST_USE;

#endif
