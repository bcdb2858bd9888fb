/** The table of verbs: what `assay --help` lists, main calls, and completions and man pages are
 * made of. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include <stddef.h>

struct cli_verb {
    const char *name;
    int (*run)(int argc, char **argv); /**< argv[0] is the verb; returns the exit status */
    const char *what;                  /**< one line */
};

/** NULL: there is none any more. */
const struct cli_verb *cli_verb_at(size_t i);

/** Of `assay --help`. */
extern const char cli_title[];
extern const char cli_usage[];
extern const char cli_exits[];

#endif
