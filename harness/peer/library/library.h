/** The verbs for libraries behind an adapter: a question, and the known answers of a rule.
 *
 *  A library may refuse for any reason and in any words: what is judged is whether it accepts.
 *  Inputs are those of `assay verify`; known answers are made from the tables of harness/vectors.
 */
#ifndef PEER_LIBRARY_H
#define PEER_LIBRARY_H

#include "run/scenario.h"
#include "target/adapter.h"

struct library_answer {
    bool is_accepted;
    const json_t *value; /**< of what is accepted: the result */
    const char *words;   /**< of what is not: why, as the library says it */
};

/** Puts a question to the case's library; `in` is stolen, `label` is for the evidence. The case
 *  fails where the library ends, hangs or answers what is no answer, and is `unsupported` where it
 *  has no such operation. */
struct library_answer library_ask(struct assay_case *t, const char *operation, json_t *in,
                                  const char *label);

/** Judges the library by every known answer of these operations that is about the rule; names end
 *  with NULL. Questions that it says are unsupported are passed over; `unsupported` where all are.
 *  kept: an object that lives as long as the target's leg, for answers to be computed once. */
#define expect_known_answers(t, kept, operations, rule)                                            \
    (case_where((t), __FILE__, __LINE__), (expect_known_answers)((t), (kept), (operations), (rule)))
void(expect_known_answers)(struct assay_case *t, json_t *kept, const char *const *operations,
                           const char *rule);
/** Judges it by the first accepted known answer of each operation that it does not say is
 *  unsupported; `unsupported` where
 *  it has none of them. */
#define expect_some_answer(t, kept, operations)                                                    \
    (case_where((t), __FILE__, __LINE__), (expect_some_answer)((t), (kept), (operations)))
void(expect_some_answer)(struct assay_case *t, json_t *kept, const char *const *operations);

#endif
