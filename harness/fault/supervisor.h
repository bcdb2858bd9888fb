/** The faults `crash`, `hold` and `io`: a supervisor on seccomp user notification.
 *
 *  Works on unmodified, multi-process, static and sanitized programs; no ptrace. It sees the
 *  durable system calls of the whole process tree (fsync, fdatasync, sync_file_range, msync;
 *  rename*, unlink*; write*, pwrite*, ftruncate on files below `store`) and sends on sockets, and
 *  lets each proceed, delays it, fails it, or kills the whole tree before it happens. Needs Linux
 *  5.8 with seccomp user notification; fault_supervisor_available says whether it is there. One
 *  thread per supervisor. Source: design, faults.
 *
 *  Limits: the tree runs with no_new_privs, so a set-user-id program in it gains nothing;
 *  io_uring is answered ENOSYS, lest it pass unseen; stores through a shared mapping are seen at
 *  msync only; system calls of another architecture (32-bit programs on a 64-bit kernel) are not
 *  seen.
 */
#ifndef FAULT_SUPERVISOR_H
#define FAULT_SUPERVISOR_H

#include "base/err.h"

#include <sys/types.h>

enum supervisor_call {
    SUPERVISOR_SYNC = 1,
    SUPERVISOR_RENAME = 2,
    SUPERVISOR_WRITE = 4,
    SUPERVISOR_SEND = 8
};
#define SUPERVISOR_DURABLE (SUPERVISOR_SYNC | SUPERVISOR_RENAME | SUPERVISOR_WRITE)

struct supervisor_rule {
    unsigned calls; /**< which calls the rule is about (SUPERVISOR_*) */
    int hold_ms;    /**< > 0: each such call waits that long before it proceeds */
    int fail_errno; /**< EIO, ENOSPC, EROFS: each such call fails with it; 0: none */
    /** n > 0: the n-th such call from now kills the tree before it happens */
    uint64_t kill_before;
};

struct supervisor;

/** Why it cannot be used here (err, UNSUPPORTED), or ASSAY_OK. Tried once by a real child, then
 *  remembered. */
enum assay_code fault_supervisor_available(struct assay_err *err);

/** In the parent, before fork: prepares the shared page. `store`: folder whose files count for
 *  WRITE; may be NULL. IO: no such folder. */
enum assay_code supervisor_new(struct supervisor **out, const char *store,
                               struct assay_err *err) ASSAY_MUST_USE;
/** In the child, after fork and before exec: installs the filter and waits until the parent has the
 *  listener. Async-signal-safe. Returns 0, or an errno value. */
int supervisor_child_enter(struct supervisor *s);
/** In the parent, after fork: takes the listener from the child and starts the thread. CRASHED: the
 *  child ended first; UNSUPPORTED. May be called again for a new child once the former tree has
 *  ended: rule and counts stay. */
enum assay_code supervisor_parent_attach(struct supervisor *s, pid_t child,
                                         struct assay_err *err) ASSAY_MUST_USE;

/** Counts start anew; calls held under the former rule proceed. A rule whose kill_before came true
 *  is over: a tree started after it runs free. NULL: no rule. */
void supervisor_behave(struct supervisor *s, const struct supervisor_rule *rule);
/** Calls of those kinds seen since the last supervisor_behave; one that is held has been seen. */
uint64_t supervisor_seen(struct supervisor *s, unsigned calls);
/** Waits until supervisor_seen(s, calls) >= count; false when that did not happen within
 *  deadline_ms. */
bool supervisor_await(struct supervisor *s, unsigned calls, uint64_t count, int deadline_ms);
bool supervisor_killed(
    struct supervisor *s); /**< kill_before came true since the last supervisor_behave */
/** Stops answering: whatever is still held proceeds; joins and frees. NULL is taken. End the tree
 *  first: once nobody answers, the system fails such calls with ENOSYS. */
void supervisor_free(struct supervisor *s);

#endif
