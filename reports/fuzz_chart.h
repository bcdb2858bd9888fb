/** Coverage over time, drawn. Internal to the reports. */
#ifndef REPORTS_FUZZ_CHART_H
#define REPORTS_FUZZ_CHART_H

#include "base/buf.h"

#include <jansson.h>

/** Appends an inline picture (SVG) of points [seconds, edges], in their order, with what it shows
 * as words; nothing but words where there are fewer than two. Points that are none are passed over,
 *  and nothing of them reaches the page but numbers. */
void fuzz_chart(struct assay_buf *out, const json_t *points);

#endif
