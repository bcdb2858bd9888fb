/** How far two names are apart, for "did you mean". */
#ifndef ASSAY_BASE_NEAREST_H
#define ASSAY_BASE_NEAREST_H

#include "base/bytes.h"

#define ASSAY_NAME_MAX_BYTES 128 /**< of the second name; a longer one is as far as can be */

/** Edit distance (Levenshtein) by bytes; SIZE_MAX when `b` is too long. Needs len(a) * len(b)
 * steps. */
size_t assay_name_distance(const char *a, const char *b);

#endif
