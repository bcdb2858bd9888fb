/** What the files of verify.h share: a verification under way, and its stages. */
#ifndef KASPA_VERIFY_INTERNAL_H
#define KASPA_VERIFY_INTERNAL_H

#include "kaspa/verify.h"

struct kaspa_verifying {
    const struct kaspa_tx *tx;
    const struct kaspa_verify *with;
    struct kaspa_verdict *out;        /**< every check begins as not judged */
    struct kaspa_covenants covenants; /**< once their rule held */
    bool may_run_scripts;             /**< nothing that they rest on is missing */
};

static inline void kaspa_check_hold(struct kaspa_check *check)
{
    *check = (struct kaspa_check){.result = KASPA_CHECK_HELD};
}

static inline void kaspa_check_break(struct kaspa_check *check, enum kaspa_tx_error error,
                                     size_t at)
{
    *check = (struct kaspa_check){.result = KASPA_CHECK_BROKEN, .error = error, .at = at};
}

static inline void kaspa_check_pass_over(struct kaspa_check *check, const char *why)
{
    *check = (struct kaspa_check){.result = KASPA_CHECK_NOT_JUDGED, .why = why};
}

/** HELD for OK, else BROKEN. */
static inline void kaspa_check_settle(struct kaspa_check *check, enum kaspa_tx_error error,
                                      size_t at)
{
    if (error == KASPA_TX_OK)
        kaspa_check_hold(check);
    else
        kaspa_check_break(check, error, at);
}

static inline bool kaspa_has_held(const struct kaspa_verdict *v, enum kaspa_rule_number rule)
{
    return v->checks[rule].result == KASPA_CHECK_HELD;
}

/** Why nothing that builds upon isolation can be judged, or NULL. */
const char *kaspa_why_not_beyond_isolation(const struct kaspa_verifying *v);

void kaspa_verify_isolation(struct kaspa_verifying *v);
void kaspa_verify_finality(struct kaspa_verifying *v);
void kaspa_verify_spending(struct kaspa_verifying *v);
void kaspa_verify_limits(struct kaspa_verifying *v);
/** After the limits, which bound what scripts may cost, and only where spending did not pass them
 *  over already. */
void kaspa_verify_scripts(struct kaspa_verifying *v);
void kaspa_verify_relay(struct kaspa_verifying *v);

#endif
