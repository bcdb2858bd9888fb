/** Coverage: what every threat, rule and attack idea is proved by. */
#ifndef CLI_COVERAGE_H
#define CLI_COVERAGE_H

#include <stddef.h>

/** Prints docs/coverage.md to stdout. */
void coverage_print(void);
/** How many ideas have neither a scenario nor a reason, and rules neither a requirement nor a
 * defect. Must be 0. */
size_t coverage_gaps(void);

#endif
