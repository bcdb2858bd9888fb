/** How a child process ended, and waiting for that. */
#ifndef TARGET_PROCESS_END_H
#define TARGET_PROCESS_END_H

#include <stdbool.h>
#include <stddef.h>

struct process_end {
    bool ended;
    int status; /**< exit status; -1: ended by a signal, or not yet */
    int signal; /**< 0: none */
};

/** What has come of it up to now; its exit state is left for whoever reaps it. */
struct process_end process_end_of(int pidfd);
/** "with exit status 3", "by signal 9 (Killed)", "in an unknown way". */
void process_end_text(char *out, size_t room, const struct process_end *end);
/** Waits for its end; false: not by then. */
bool process_await(int pidfd, int deadline_ms);

#endif
