/** The cases of two runs, matched. Internal to the reports. */
#ifndef REPORTS_COMPARE_H
#define REPORTS_COMPARE_H

#include "reports/several.h"
#include "reports/view.h"

struct compared {
    const struct report_case *before, *after; /**< one may be NULL */
    enum report_change change;
};

struct comparison {
    struct compared *items; /**< sorted by scenario, case, rule set */
    size_t count;
    struct report_changes changes;
};

/** Borrows the views. NOMEM. _fini takes one that is all zero. */
enum assay_code comparison_init(struct comparison *c, const struct report_view *before,
                                const struct report_view *after) ASSAY_MUST_USE;
void comparison_fini(struct comparison *c);

#endif
