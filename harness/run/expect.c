/* The neutral verbs that judge: what any profile may expect of a target. */
#include "run/scenario.h"

#include <inttypes.h>

void(expect_executions)(struct assay_case *t, uint64_t n)
{
    const char *expected =
        case_printf(t, "the protected handler ran %" PRIu64 " time%s", n, n == 1 ? "" : "s");
    uint64_t ran;

    if (!case_can_count(t))
        case_end(t, VERDICT_UNSUPPORTED,
                 "runs of the protected handler cannot be counted: point it to the origin role "
                 "(`executions` in the target file)");
    ran = case_executions(t);
    case_judge(t, ran == n, GRADE_OBSERVED, expected, "it ran %" PRIu64 " time%s", ran,
               ran == 1 ? "" : "s");
}

void(expect_alive)(struct assay_case *t)
{
    if (instance_pid(case_instance(t)) == 0)
        return;
    case_judge(t, instance_alive(case_instance(t)), GRADE_OBSERVED,
               "the target's process still runs", "%s",
               instance_alive(case_instance(t)) ? "it does" : "it has ended");
}
