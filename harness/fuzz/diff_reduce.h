/** Cutting a disagreement down: inputs and outputs left out, scripts shortened, numbers made zero,
 * as long as it stays the same disagreement. Internal to differential runs. */
#ifndef FUZZ_DIFF_REDUCE_H
#define FUZZ_DIFF_REDUCE_H

#include "fuzz/diff_compare.h"

struct diff_reduction {
    struct adapter *adapter; /**< nothing else is outstanding */
    const struct operation *operation;
    int deadline_ms;
    char what[DIFF_WHAT_MAX_BYTES]; /**< the disagreement; see diff_compare */
    json_t *in;                     /**< changed in place */
    unsigned steps;                 /**< left: how many more inputs may be tried */
    int64_t until_ns;               /**< nor later than this */
};

/** Asks the adapter alone. */
enum assay_code diff_ask(struct adapter *adapter, const char *operation, const json_t *in,
                         int deadline_ms, struct adapter_answer *theirs, struct assay_err *err);

void diff_reduce(struct diff_reduction *r);

#endif
