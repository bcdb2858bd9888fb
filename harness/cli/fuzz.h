/** The commands of `assay fuzz`, one file each. */
#ifndef CLI_FUZZ_H
#define CLI_FUZZ_H

#include "cli/cli.h"
#include "fuzz/campaign.h"

#include <signal.h>

#define FUZZ_OUT_DEFAULT "out/fuzz"
#define FUZZ_SOURCES_DEFAULT "fuzz"
#define FUZZ_ENGINES_MAX 4

int fuzz_command_run(int argc, char **argv);
/** `fuzz run --target`: a live server. */
int fuzz_command_live(int argc, char **argv);
int fuzz_command_triage(int argc, char **argv);
int fuzz_command_corpus(int argc, char **argv);
int fuzz_command_report(int argc, char **argv);
/** `fuzz run` where --adapter is among its options. */
int fuzz_run_adapter(int argc, char **argv);
/** Whether an option is among the words, with its argument behind it or in it. */
bool fuzz_has_option(int argc, char **argv, const char *option);
int fuzz_command_prove(int argc, char **argv);

/** Folders of fuzz programs: those named with --engines, else what the build leaves beside this
 *  program's own folder: fuzz, afl, cmplog and mutator. */
struct fuzz_engines {
    const char *at[FUZZ_ENGINES_MAX + 1]; /**< NULL-terminated */
    size_t count;
    char room[FUZZ_ENGINES_MAX][4096];
};
/** Adds one; false after saying that there are too many. */
bool fuzz_engines_add(struct fuzz_engines *engines, const char *verb, const char *folder);
/** Fills in the defaults where none was named. */
void fuzz_engines_finish(struct fuzz_engines *engines);

/** Hands all options to `take`, which is false after saying what is wrong with one. The status of
 * the whole command where there is no more to do, else -1. */
int fuzz_options(int argc, char **argv, const struct option *options, const char *help,
                 bool (*take)(void *cls, int option), void *cls);

/** Becomes nonzero at SIGINT or SIGTERM, once fuzz_heed_signals was called. */
extern volatile sig_atomic_t fuzz_stop;
void fuzz_heed_signals(void);
/** The exit status of a failure, after saying it. */
int fuzz_failed(const char *verb, const struct assay_err *err);

#endif
