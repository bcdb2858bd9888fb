/** Starting a child process without a shell, so that it ends with us and holds nothing of ours
 *  open.
 *
 *  The child leads a session of its own, dies with the thread that started it, has default signal
 *  dispositions, and inherits no descriptor but the three it is given.
 */
#ifndef TARGET_SPAWN_H
#define TARGET_SPAWN_H

#include "base/arena.h"

#include <sys/resource.h>
#include <sys/types.h>

struct supervisor;

/** What a child may use at most, of a resource of setrlimit. */
struct spawn_limit {
    int resource;
    rlim_t most;
};

struct spawn {
    const char *program;           /**< a path, see spawn_program */
    const char *const *argv;       /**< NULL-terminated */
    const char *const *envp;       /**< NULL-terminated; NULL: our own */
    const char *workdir;           /**< NULL: ours */
    int in, out, err;              /**< stay the caller's; -1: /dev/null */
    struct supervisor *supervisor; /**< NULL: none */
    /** In force before the program begins, since it may set limits itself; one that the system
     *  refuses is passed over. */
    const struct spawn_limit *limits;
    size_t limit_count;
};

/** The file that a name means: as it stands where it is absolute, relative to `folder` where it
 *  holds a slash, else looked up in PATH. IO: there is none that can be run; NOMEM. */
enum assay_code spawn_program(const char **out, struct assay_arena *arena, const char *name,
                              const char *folder, struct assay_err *err) ASSAY_MUST_USE;
/** Returns once the program runs. IO: fork, chdir or exec failed (err says which and why; no child
 *  is left); what supervisor_parent_attach says. Out: *pid; *pidfd, close-on-exec, the caller's. */
enum assay_code spawn(pid_t *pid, int *pidfd, const struct spawn *what,
                      struct assay_err *err) ASSAY_MUST_USE;

#endif
