/** Memory that runs out for one side of a test alone: of all that is asked for between _enter and
 * _leave `left` allocations are given, however often that is; SIZE_MAX: all, and none is counted.
 */
#ifndef REF_TESTS_SCARCE_H
#define REF_TESTS_SCARCE_H

#include "base/buf.h"

static inline void scarce_enter(size_t left)
{
    if (left != SIZE_MAX)
        (void)assay_alloc_fail_after(left);
}

/** What is left now; 0: it has run out. */
static inline void scarce_leave(size_t *left)
{
    size_t used;

    if (*left == SIZE_MAX)
        return;
    used = assay_alloc_fail_after(SIZE_MAX);
    *left -= used < *left ? used : *left;
}

#endif
