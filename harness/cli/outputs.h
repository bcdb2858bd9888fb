/** Reports that a verb writes from a record: the options, and the writing. */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include "cli/cli.h"
#include "reports/report.h"

enum { CLI_OUTPUT_OPTION = 512 };

struct cli_outputs {
    const char *paths[REPORT_KINDS]; /**< by report_kinds; "-": standard output; NULL: not wanted */
};

/** The long options of these; the codes are CLI_OUTPUT_OPTION and the index in report_kinds. */
#define CLI_OUTPUT_OPTIONS                                                                         \
    {"html", required_argument, NULL, CLI_OUTPUT_OPTION},                                          \
        {"junit", required_argument, NULL, CLI_OUTPUT_OPTION + 1},                                 \
        {"sarif", required_argument, NULL, CLI_OUTPUT_OPTION + 2},                                 \
        {"markdown", required_argument, NULL, CLI_OUTPUT_OPTION + 3},                              \
        {"annotations", no_argument, NULL, CLI_OUTPUT_OPTION + 4},                                 \
        {"tap", required_argument, NULL, CLI_OUTPUT_OPTION + 5},                                   \
        {"ctrf", required_argument, NULL, CLI_OUTPUT_OPTION + 6},                                  \
        {"har", required_argument, NULL, CLI_OUTPUT_OPTION + 7},                                   \
    {                                                                                              \
        "audit", required_argument, NULL, CLI_OUTPUT_OPTION + 8                                    \
    }
#define CLI_OUTPUT_HELP                                                                            \
    "  --html FILE        one self-contained page\n"                                               \
    "  --junit FILE       JUnit XML\n"                                                             \
    "  --sarif FILE       SARIF 2.1.0, within the limits of code scanning\n"                       \
    "  --markdown FILE    a summary for $GITHUB_STEP_SUMMARY\n"                                    \
    "  --annotations      GitHub workflow commands on standard output\n"                           \
    "  --tap FILE         TAP 14\n"                                                                \
    "  --ctrf FILE        CTRF JSON\n"                                                             \
    "  --har FILE         HAR 1.2: every exchange of the evidence\n"                               \
    "  --audit FILE       the audit report: HTML made for paper, to be sent to a client\n"         \
    "                     (FILE \"-\": standard output)\n"

/** Takes one of those options; false: none of these. */
bool cli_output_option(struct cli_outputs *outputs, int option, const char *argument);
bool cli_outputs_wanted(const struct cli_outputs *outputs);
/** Writes what is wanted, each whole or not at all; false after saying which cannot be. */
bool cli_outputs_write(const struct cli_outputs *outputs, const char *verb, const json_t *run);
/** One file, or standard output for "-"; `rc` and `err` are what filling `content` gave. Frees the
 * content. False after saying why. */
bool cli_output_write(const char *verb, const char *path, enum assay_code rc,
                      struct assay_buf *content, struct assay_err *err);

#endif
