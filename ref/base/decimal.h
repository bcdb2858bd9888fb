/** Money: non-negative decimal amounts, never floating point.
 *
 *  Two shapes: an atomic amount is a canonical integer text ("0", "17", no sign, no leading zero);
 *  a price is whole units with an optional fraction ("0.001"). Both fit 64 bits in atomic units.
 */
#ifndef ASSAY_BASE_DECIMAL_H
#define ASSAY_BASE_DECIMAL_H

#include "base/err.h"

#define ASSAY_DECIMAL_MAX_PLACES 18
#define ASSAY_DECIMAL_TEXT_MAX_BYTES 24 /**< any u64 with a point, and a NUL */

/** MALFORMED: not a canonical integer. RANGE: above 2^64-1. */
enum assay_code assay_decimal_u64(uint64_t *out, struct assay_bytes text) ASSAY_MUST_USE;
/** "0.001" with places 6 gives 1000. MALFORMED: sign, exponent, leading zero of "01", a bare or
 *  trailing point, other characters. RANGE: above 2^64-1 atomic units, or a fraction that has more
 *  places than `places` and is not zero there: a price is never truncated. */
enum assay_code assay_decimal_price(uint64_t *atomic, struct assay_bytes text,
                                    unsigned places) ASSAY_MUST_USE;
/** The shortest text that assay_decimal_price reads back: out holds ASSAY_DECIMAL_TEXT_MAX_BYTES.
 */
void assay_decimal_price_text(char *out, uint64_t atomic, unsigned places);

#endif
