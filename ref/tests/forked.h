/** A function that serves until it is stopped, run in a process of its own, which has one thread,
 * and what it says; perhaps with too little memory, or too few descriptors, from its start on. */
#ifndef REF_TESTS_FORKED_H
#define REF_TESTS_FORKED_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FORKED_PATIENCE 20000 /**< how often _has_ended is asked at most */

struct forked {
    pid_t pid;
    int out;         /**< what it says on stdout and stderr */
    char said[8192]; /**< so far; its error's text comes last */
};

/** 0: nothing is denied. */
struct forked_scarcity {
    size_t allocations; /**< which is the first that is denied, in children of its own too */
    unsigned files;     /**< descriptors below this number alone are to be had */
    bool has_no_space;  /**< nothing more can be mapped */
};

/** `cls` is the caller's, and there at its start. Its status is the code. SIGUSR1 is caught, so
 * that it interrupts what waits. */
typedef enum assay_code forked_main(const void *cls, struct assay_err *err);
void forked_start(struct forked *f, forked_main *run, const void *cls,
                  const struct forked_scarcity *scarce);
/** Until that text is said; false: it has ended without. */
bool forked_hear(struct forked *f, const char *text);
/** The port behind "ready PROFILE http://127.0.0.1:"; 0: it has said something else. */
uint16_t forked_port(struct forked *f, const char *profile);
bool forked_has_ended(struct forked *f); /**< or ends within a millisecond */
void forked_interrupt(struct forked *f); /**< by SIGUSR1, once it waits for something */
int forked_end(struct forked *f);  /**< all that it says, and its status, or minus its signal */
int forked_stop(struct forked *f); /**< the same, as told to by SIGTERM */

#endif
