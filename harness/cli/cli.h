/** The verbs of the command line: one file each. Results go to stdout, progress and trouble to
 * stderr. Exit statuses are those of design section 5; EXIT_TROUBLE is a usage error, a bad file,
 * or our own trouble. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "run/plan.h"

#include <getopt.h>

#define EXIT_TROUBLE 3
#define CLI_REFERENCES_MAX 16 /**< embedded: profiles times sides */

int cli_run(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_adapter(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_pay(int argc, char **argv);
int cli_selftest(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_bundle(int argc, char **argv);
int cli_completion(int argc, char **argv);
int cli_diff(int argc, char **argv);
int cli_fuzz(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_man(int argc, char **argv);
int cli_init(int argc, char **argv);
int cli_kaspa(int argc, char **argv);
int cli_vectors(int argc, char **argv);

/** Prints "assay VERB: text" and where help is; returns EXIT_TROUBLE. */
int cli_wrong(const char *verb, const char *format, ...) ASSAY_PRINTF(2, 3);
/** The next option, or -1; an unknown one or a missing argument gives '?' after saying so with
 * cli_wrong. */
int cli_option(int argc, char **argv, const struct option *options);
/** A decimal number from `least` to `most`; false after saying what is wrong with it. */
bool cli_number(uint64_t *out, const char *verb, const char *option, const char *text,
                uint64_t least, uint64_t most);

/** A seed of up to 16 hex digits; false after saying what is wrong with it. */
bool cli_seed(uint64_t *out, const char *verb, const char *text);

/** Options that every verb that runs cases shares. */
struct cli_running {
    const char *out; /**< --out, else a fresh folder below out/runs */
    char out_room[128];
    bool replace;
    uint64_t seed;
    bool seed_set;
    uint64_t jobs;
    uint64_t time_limit_s;
};
/** The long options of these; the codes are above 255. */
#define CLI_RUNNING_OPTIONS                                                                        \
    {"out", required_argument, NULL, 'o' + 256}, {"replace", no_argument, NULL, 'r' + 256},        \
        {"seed", required_argument, NULL, 's' + 256},                                              \
        {"jobs", required_argument, NULL, 'j' + 256},                                              \
    {                                                                                              \
        "time-limit", required_argument, NULL, 't' + 256                                           \
    }
#define CLI_RUNNING_HELP                                                                           \
    "  --out DIR          folder of the record (default: a fresh one below out/runs)\n"            \
    "  --replace          an older record in that folder is removed first\n"                       \
    "  --seed HEX         16 hex digits; the same seed repeats every choice (default: fresh)\n"    \
    "  --jobs N           worker processes, 1 to 8 (default: two a processor)\n"                   \
    "  --time-limit S     stop after so many seconds; the run is then INVALID\n"
/** Takes one of those options: 1 taken, 0 not one of these, -1 wrong (said). */
int cli_running_option(struct cli_running *running, const char *verb, int option,
                       const char *argument);
/** The embedded references' secret, put into the environment unless it is there. IO. */
enum assay_code cli_fresh_secret(struct assay_err *err) ASSAY_MUST_USE;
/** Fills in what was not given, and puts all into the plan. The embedded reference's secret is made
 * here and handed on through the environment, so that parent and workers know the same one. */
enum assay_code cli_running_apply(struct cli_running *running, struct plan *plan,
                                  struct assay_err *err) ASSAY_MUST_USE;

/** Whether some profile has that rule set; false after saying which sets there are. */
bool cli_rules_known(const char *verb, const char *rules);

/** What we start, or what listens on loopback, may be flooded and killed without being asked. */
bool cli_target_is_local(const struct target *target);
/** Whether this version can drive the target, and may connect to it: its interface on its side, and
 * each host on loopback or named by --allow-host; false after saying what is not so. */
bool cli_target_usable(const char *verb, const struct target *target, const struct plan *plan);

/** Reads the run at `folder` back and prints its terminal report; false after saying why it cannot.
 */
bool cli_show(const char *verb, const char *folder);
/** The same of a run that has been read. */
bool cli_show_run(const char *verb, const json_t *run);

#endif
