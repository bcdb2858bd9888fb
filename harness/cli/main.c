/* assay: the table of verbs. */
#include "base/utf8.h"
#include "cli/cli.h"
#include "run/executor.h"
#include "run/version.h"

#include <stdio.h>

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} verbs[] = {
    {"run", cli_run, "judge a target: conformance and attacks, with a record"},
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
};

static void help(FILE *out)
{
    fputs("assay: conformance and attack suite for payment-gated APIs\n\n"
          "usage: assay VERB [options] [names]\n\n",
          out);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].what);
    fputs("\nEach verb has --help. `assay run` without options judges the embedded "
          "references.\n"
          "exit: 0 all judged passed, 1 failures, 2 INVALID (nothing can be said), 3 usage or own "
          "trouble,\n"
          "      130 interrupted\n",
          out);
}

/* The word is anybody's, and escaped as all such text is. */
static int no_verb(const char *word)
{
    struct assay_buf shown = ASSAY_BUF_INIT(4096);

    assay_utf8_add_printable(&shown, assay_bytes_part(assay_str(word), 0, 60));
    fprintf(stderr, "assay: there is no verb \"%s\"; `assay --help` lists them\n",
            assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "");
    assay_buf_fini(&shown);
    return EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return EXIT_TROUBLE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("assay " ASSAY_VERSION);
        return 0;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help(stdout);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "worker") == 0) /* re-executed by the executor */
        return executor_worker();
    return no_verb(argv[1]);
}
