/* The table of verbs (cli/verbs.h). */
#include "cli/verbs.h"
#include "cli/cli.h"

const char cli_title[] = "conformance and attack suite for payment-gated APIs";
const char cli_usage[] = "usage: assay VERB [options] [names]\n";
const char cli_exits[] =
    "Each verb has --help. `assay run` without options judges the embedded references.\n"
    "exit: 0 all judged passed, 1 failures, 2 INVALID (nothing can be said), 3 usage or own "
    "trouble,\n"
    "      130 interrupted\n";

static const struct cli_verb verbs[] = {
    {"run", cli_run, "judge a target: conformance and attacks, with a record"},
    {"init", cli_init, "a target file to begin with, from what a running server says"},
    {"list", cli_list, "what there is: profiles, threats, rules, scenarios, defects, ideas"},
    {"explain", cli_explain, "one rule, threat, scenario, defect or idea, in full"},
    {"verify", cli_verify, "put one operation of the reference to the test on JSON input"},
    {"adapter", cli_adapter, "the reference as a library adapter on stdin and stdout"},
    {"serve", cli_serve, "run a reference server"},
    {"pay", cli_pay, "buy one answer as the reference client"},
    {"selftest", cli_selftest, "prove the suite: every scenario against every seeded defect"},
    {"replay", cli_replay, "repeat one case of a recorded run"},
    {"report", cli_report, "write reports from a recorded run"},
    {"bundle", cli_bundle, "one signed file of a recorded run, for a third party to check"},
    {"kaspa", cli_kaspa, "addresses, scripts and transactions of Kaspa, for people who debug"},
    {"vectors", cli_vectors, "make the known answers of the reference, or check them"},
    {"diff", cli_diff, "the reference against a library adapter, on random cases"},
    {"fuzz", cli_fuzz, "fuzz the reference's parsers and verifiers, and sort what is found"},
    {"doctor", cli_doctor, "say what this machine can do, and what is missing for the rest"},
    {"completion", cli_completion, "a script that completes these words in bash or zsh"},
    {"man", cli_man, "these helps as man pages"},
};

const struct cli_verb *cli_verb_at(size_t i)
{
    return i < ARRAY_LEN(verbs) ? &verbs[i] : NULL;
}
