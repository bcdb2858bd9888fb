/** Times: milliseconds since 1970-01-01T00:00:00Z, and the one text form the protocols emit,
 *  YYYY-MM-DDTHH:MM:SS.mmmZ. Nothing here reads a clock. */
#ifndef ASSAY_BASE_TIME_H
#define ASSAY_BASE_TIME_H

#include "base/err.h"

#define ASSAY_TIME_TEXT_BYTES 25 /**< NUL included */

/** ms: 0 .. 9999-12-31T23:59:59.999Z; values outside are cut to that. */
void assay_time_text(char out[ASSAY_TIME_TEXT_BYTES], int64_t ms);
/** Exactly that form; below 0 of what is before 1970. MALFORMED: any other. RANGE: no such date or
 * time (month 13, 30 February, hour 24, second 60). */
enum assay_code assay_time_parse(int64_t *ms, struct assay_bytes text) ASSAY_MUST_USE;

#endif
