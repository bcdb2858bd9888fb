/** Why cases could not be judged, the most frequent reason first. Internal to the reports. */
#ifndef REPORTS_REASONS_H
#define REPORTS_REASONS_H

#include "reports/view.h"

struct report_reason {
    struct assay_bytes text; /**< of the record, not escaped */
    size_t count;            /**< of cases */
};

struct report_reasons {
    struct report_reason *items;
    size_t count;
    size_t cases; /**< all of them together */
};

/** Of the cases that are unsupported. Equal counts come in the order of the record. NOMEM. */
enum assay_code report_reasons_init(struct report_reasons *r,
                                    const struct report_view *view) ASSAY_MUST_USE;
void report_reasons_fini(struct report_reasons *r);

#endif
