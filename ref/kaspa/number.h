/** Numbers of the script engine: little-endian, the top bit of the last byte is the sign, empty is
 * 0. Source: Kaspa consensus digest, section 4.1. */
#ifndef KASPA_NUMBER_H
#define KASPA_NUMBER_H

#include "kaspa/errors.h"

#define KASPA_NUMBER_MAX_BYTES 8

/** Reads a number of up to 8 bytes, minimal or not: -(2^63-1) .. 2^63-1. NUMBER_TOO_BIG: longer. */
enum kaspa_script_error kaspa_number_decode(int64_t *out, struct assay_bytes bytes) ASSAY_MUST_USE;
/** The minimal form. out has room for 8 bytes; *len is 0..8. SERIALIZATION: -2^63, which has none.
 */
enum kaspa_script_error kaspa_number_encode(uint8_t *out, size_t *len,
                                            int64_t number) ASSAY_MUST_USE;
/** Any byte that is not zero, but for a lone sign bit in the last one. */
bool kaspa_bytes_are_true(struct assay_bytes bytes);

#endif
