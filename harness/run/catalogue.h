/** What a run was judged by, as the record embeds it: rules, threats, scenarios, defects of its
 * profiles. */
#ifndef RUN_CATALOGUE_H
#define RUN_CATALOGUE_H

#include "run/plan.h"

#include <jansson.h>

/** The `catalogue` event of record/FORMAT.md for the profiles of these legs, each under the rule
 * set of its first leg. NULL: out of memory. */
json_t *catalogue_event(const struct leg *const *legs, size_t count);

#endif
