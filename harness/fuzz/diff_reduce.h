/** Cutting an input of an operation down: inputs and outputs of transactions left out, scripts
 *  shortened, numbers made zero, as long as it still shows what it showed. Internal to differential
 *  runs and to the fuzzing of adapters. */
#ifndef FUZZ_DIFF_REDUCE_H
#define FUZZ_DIFF_REDUCE_H

#include "base/err.h"

#include <jansson.h>

struct diff_reduction {
    /** Whether an input still shows it. */
    bool (*shows)(void *context, const json_t *in);
    void *context;
    bool any_member;  /**< members of any name are left out and texts cut, not known ones alone */
    json_t *in;       /**< an object, changed in place */
    unsigned steps;   /**< left: how many more inputs may be tried */
    int64_t until_ns; /**< nor later than this */
};

void diff_reduce(struct diff_reduction *r);

#endif
