/** What a run was judged by, as the record embeds it: rules, threats, scenarios, defects of a
 * profile. */
#ifndef RUN_CATALOGUE_H
#define RUN_CATALOGUE_H

#include "run/registry.h"

#include <jansson.h>

/** The `catalogue` event of record/FORMAT.md for one profile under one rule set. NULL: out of
 * memory. */
json_t *catalogue_event(const struct profile *profile, bool hardened);

#endif
