/** What scenarios are written in, whatever the profile: the SCENARIO macro and the neutral verbs.
 *
 *  A scenario is one requirement put to the test. given_* is set-up (its failure is `broken`),
 * expect_* judges and ends the case on failure, observe_* records. See docs/writing-a-scenario.md.
 */
#ifndef RUN_SCENARIO_H
#define RUN_SCENARIO_H

#include "run/case.h"

/** SCENARIO(name, .title = "…", …) { body }: registers itself as PROFILE "/" name, PROFILE being
 * defined before. */
#define SCENARIO(ident, ...)                                                                       \
    static void ident(struct assay_case *t);                                                       \
    static struct scenario scenario_##ident = {.name = PROFILE "/" #ident,                         \
                                               .body = ident,                                      \
                                               .file = __FILE__,                                   \
                                               .line = __LINE__,                                   \
                                               __VA_ARGS__};                                       \
    __attribute__((constructor)) static void register_##ident(void)                                \
    {                                                                                              \
        scenario_register(&scenario_##ident);                                                      \
    }                                                                                              \
    static void ident(struct assay_case *t)

#define DEFECTS(...)                                                                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
/** A table: each row begins with `const char *name`. */
#define TABLE(table) .rows = (table), .row_count = ARRAY_LEN(table), .row_bytes = sizeof((table)[0])

/** Judges a fact of the scenario's own. The text behind `expected` says what is seen where it does
 * not hold. */
#define expect(t, holds, expected, ...)                                                            \
    (case_where((t), __FILE__, __LINE__), case_expect((t), (holds), (expected), __VA_ARGS__))
/** The protected handler ran so often since the case began. */
#define expect_executions(t, n) (case_where((t), __FILE__, __LINE__), (expect_executions)((t), (n)))
/** The first process of the target still runs (where we launched it). */
#define expect_alive(t) (case_where((t), __FILE__, __LINE__), (expect_alive)(t))

void(expect_executions)(struct assay_case *t, uint64_t n);
void(expect_alive)(struct assay_case *t);

#endif
