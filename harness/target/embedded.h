/** The embedded references as target files, one list a profile. Internal to harness/target.
 *
 *  In a text, @RULES@ stands for the rule set and @SECRET@ for the test secret of the run. Only
 * what a scenario relies on is said; deadlines are short so that it need not wait long for them.
 */
#ifndef TARGET_EMBEDDED_H
#define TARGET_EMBEDDED_H

#include "target/target.h"

struct embedded {
    const char *profile;
    enum target_side side;
    const char *const *rules; /**< the sets it can be judged by, NULL-terminated */
    const char *text;
};

/* Each ends with a row without a profile. */
extern const struct embedded embedded_paid_tools[];
extern const struct embedded embedded_kaspa_x402[];
extern const struct embedded embedded_x402[];

#endif
