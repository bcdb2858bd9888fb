/** Process trees: which processes belong to a launched program, and ending all of them.
 *
 *  A process belongs when it is the first process, one of its descendants, in the session the
 *  first one leads, or carries the marker in its environment; so one that detached itself is
 *  found too. Only descendants of this process are looked at, which as their subreaper also has
 *  the orphans; but for what a process that was killed left to others, known by the marker alone.
 */
#ifndef FAULT_TREE_H
#define FAULT_TREE_H

#include "base/bytes.h"

#include <sys/types.h>

#define PROCESS_TREE_MAX 1024

struct process_tree {
    /** leader of a session of its own; 0: an empty tree unless there is a marker */
    pid_t first;
    char marker[64]; /**< "NAME=value" of the environment, or "" */
    bool anywhere; /**< whoever carries the marker belongs, though no descendant of this process */
};

/** Makes this process the subreaper of all it will start. */
void process_tree_adopt(void);
/** Process ids of the living members, at most `room`; returns how many. */
size_t process_tree_list(const struct process_tree *tree, pid_t *out, size_t room);
/** SIGKILL to every member, again until none is left; waits for each by its pidfd, at most
 *  deadline_ms in all, and removes what libfaketime keeps in shared memory for it. With `reap` also
 *  takes the exit states of those that are children of this process. Returns: whether none is left.
 */
bool process_tree_end(const struct process_tree *tree, bool reap, int deadline_ms);
#ifdef ASSAY_COVERAGE
/** SIGTERM to every member; waits for their ends, at most deadline_ms in all, and takes the exit
 *  states of children of this process. For builds that count coverage: whoever is killed writes no
 *  counts. */
void process_tree_ask(const struct process_tree *tree, int deadline_ms);
#endif
/** Takes the exit states of all children of this process that have ended, but for those of `but`
 *  that somebody waits for: orphans which it has as their subreaper, and nobody else asks after. */
void process_tree_reap_orphans(const pid_t *but, size_t count);
/** SIGKILL to the process that has this thread. */
void process_kill_of_thread(pid_t tid);

/** CLOCK_MONOTONIC in nanoseconds, and the milliseconds (for poll) from now until then; 0 once it
 *  is past. */
int64_t monotonic_ns(void);
int milliseconds_until(int64_t then_ns);

#endif
