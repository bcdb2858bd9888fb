/** A verdict by rules as the answer of an operation. Internal to the operation table. */
#ifndef RUN_OPERATIONS_CHECKS_H
#define RUN_OPERATIONS_CHECKS_H

#include "kaspa_x402/check.h"
#include "run/operations_internal.h"

struct checks_verdict {
    enum kaspa_outcome outcome;
    const struct kx_check *checks;
    size_t count;
    size_t first; /**< of INVALID: the first broken */
    const char *(*id)(size_t rule);
    /** Whether a rule is told of; NULL: each is. */
    bool (*concerns)(size_t rule, unsigned kind);
    unsigned kind;
    /** What a broken rule is called to the other side, where it has a name on that side alone;
     * NULL: as its check says, on either side. */
    const char *(*wire)(size_t rule);
};

/** The result: the outcome, what else is told (stolen), every check, and of what did not hold the
 *  rule, the reason, and what that is called on either side. OK: valid; REFUSED; UNSUPPORTED:
 *  something is open, of which the first rule is told, one that memory was short for before one
 *  that too little was given for. */
enum operation_answer operation_judged(json_t **result, json_t *told,
                                       const struct checks_verdict *verdict);

/** A member, unless its text is empty. */
void operation_set_text(json_t *object, const char *name, const char *text);

#endif
