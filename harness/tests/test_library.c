/* Libraries as targets of the real program: what it says of those that answer everything, nothing,
 * garbage, or end. That the reference is judged rightly, and each defect caught, is for the
 * selftest. */
#include "rows.h"

#include <criterion/criterion.h>

/* A library that answers hello, and all else with a text in which N is the question's id. */
#define HELLO "{\\\"id\\\":1,\\\"ok\\\":{\\\"name\\\":\\\"lib\\\",\\\"operations\\\":[]}}"
#define LIBRARY(script)                                                                            \
    "{\"name\": \"lib\", \"profile\": \"kaspa-x402\", \"interface\": \"adapter\", \"launch\": "    \
    "{\"command\": [\"/bin/sh\", \"-c\", \"" script "\"]}}"
#define ANSWERING(answer)                                                                          \
    LIBRARY("n=1; while read -r line; do if [ $n = 1 ]; then echo '" HELLO "'; else " answer       \
            "; fi; n=$((n+1)); done")
#define SAYS(status, value)                                                                        \
    ANSWERING("echo \\\"{\\\\\\\"id\\\\\\\":$n,\\\\\\\"" status "\\\\\\\":" value "}\\\"")
#define OUTPUT "kaspa-x402/library_takes_one_whole_output"

static const struct row libraries[] = {
    {.name = "one that accepts whatever it is asked",
     .args = RUN_TARGET(OUTPUT),
     .target = SAYS("ok", "{}"),
     .status = 1,
     .says = {"is not accepted (", "the library accepts it: {}"}},
    {.name = "one that accepts nothing",
     .args = RUN_TARGET(OUTPUT),
     .target = SAYS("refused", "\\\\\\\"no\\\\\\\""),
     .status = 2,
     .says = {"is accepted", "does not accept it: no"}},
    {.name = "one that has none of the operations",
     .args = RUN_TARGET(OUTPUT),
     .target = SAYS("unsupported", "\\\\\\\"no such thing\\\\\\\""),
     .status = 2,
     .says = {"the library has none of the operations", "exact.payment"}},
    {.name = "one that ends at the first question",
     .args = RUN_TARGET(OUTPUT),
     .target = ANSWERING("exit 3"),
     .status = 2,
     .says = {"an answer to exact.payment", "ended with exit status 3 before the answer"}},
    {.name = "one that answers no JSON",
     .args = RUN_TARGET(OUTPUT),
     .target = ANSWERING("echo hi"),
     .status = 2,
     .says = {"an answer to exact.payment", "hi"}},
    {.name = "one that says no hello",
     .args = RUN_TARGET(OUTPUT),
     .target = LIBRARY("exit 0"),
     .status = 2,
     .says = {"the target could not be started", "hello"}},
    {.name = "one that is not there",
     .args = RUN_TARGET(OUTPUT),
     .target = "{\"name\": \"lib\", \"profile\": \"kaspa-x402\", \"interface\": \"adapter\", "
               "\"launch\": {\"command\": [\"./no-such-adapter\"]}}",
     .status = 2,
     .says = {"the target could not be started", "no-such-adapter"}},
    {.name = "one that is no library of a profile with libraries",
     .args = RUN_TARGET("unpaid-access"),
     .target = "{\"name\": \"lib\", \"profile\": \"paid-tools\", \"interface\": \"adapter\", "
               "\"launch\": {\"command\": [\"${ASSAY}\", \"adapter\"]}}",
     .status = 2,
     .says = {"was not judged"}},
};

Test(library, that_is_judged_is_told_what_is_wrong, .timeout = 300)
{
    CHECK_ROWS(libraries);
}
