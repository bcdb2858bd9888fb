/** The parts of `assay report` that take several runs: compare, trend, matrix, merge. */
#ifndef CLI_REPORT_RUNS_H
#define CLI_REPORT_RUNS_H

#include "cli/cli.h"

/** Whether the first argument is one of those words; then *status is what came of it. */
bool cli_report_runs(int argc, char **argv, int *status);
/** assay report merge OUT RUN…: shards of one run into one record. */
int cli_report_merge(int argc, char **argv);

#endif
