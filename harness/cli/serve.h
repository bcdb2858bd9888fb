/** What the files of `assay serve` share. Internal. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "cli/cli.h"

/** Each has argv[1] = its profile, and an exit status of design section 5. */
int serve_paid_tools(int argc, char **argv);
int serve_kaspa(int argc, char **argv);
int serve_facilitator(int argc, char **argv);

/** Options; *wrong is set after saying what is wrong with one, and never cleared. */

/** A number of `least` to `most`, for the field that the caller puts it into. */
uint64_t serve_number(bool *wrong, const char *verb, const char *option, const char *text,
                      uint64_t least, uint64_t most);
/** Index of text in a NULL-terminated list; 0 after saying what is expected. */
unsigned serve_word(bool *wrong, const char *verb, const char *option, const char *text,
                    const char *const *words);
void serve_switch_on(bool *wrong, const char *verb, const char *name);

#endif
