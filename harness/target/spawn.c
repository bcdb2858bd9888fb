/* fork and exec of targets and adapters (target/spawn.h). */
#include "target/spawn.h"
#include "fault/supervisor.h"
#include "fault/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

enum { END_DEADLINE_MS = 5000, DESCRIPTORS_MAX = 65536 };

/* Where a child failed, told to its parent over a pipe that a successful exec closes. */
enum step { STEP_DESCRIPTORS, STEP_WORKDIR, STEP_SUPERVISOR, STEP_EXEC };

struct failure {
    enum step step;
    int error;
};

static enum assay_code in_path(const char **out, struct assay_arena *arena, const char *name)
{
    const char *path = getenv("PATH");

    if (path == NULL)
        path = "/usr/local/bin:/usr/bin:/bin";
    while (*path != '\0') {
        size_t len = strcspn(path, ":");
        const char *file =
            assay_arena_printf(arena, "%.*s%s%s", (int)len, path, len > 0 ? "/" : "./", name);

        if (file == NULL)
            return ASSAY_E_NOMEM;
        if (access(file, X_OK) == 0) {
            *out = file;
            return ASSAY_OK;
        }
        path += len + (path[len] == ':');
    }
    return ASSAY_E_IO;
}

enum assay_code spawn_program(const char **out, struct assay_arena *arena, const char *name,
                              const char *folder, struct assay_err *err)
{
    enum assay_code rc;

    if (strchr(name, '/') == NULL) {
        rc = in_path(out, arena, name);
        return rc == ASSAY_OK
                   ? rc
                   : assay_fail(err, rc, 0, "command not found: no %s in any folder of PATH", name);
    }
    *out =
        name[0] == '/' || folder == NULL ? name : assay_arena_printf(arena, "%s/%s", folder, name);
    if (*out == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (access(*out, X_OK) != 0)
        return assay_fail(err, ASSAY_E_IO, 0, "command not found: %s: %s", *out, strerror(errno));
    return ASSAY_OK;
}

/* ---- in the child: async-signal-safe calls only ---- */

/* Puts the three in place, wherever they are now, and marks all others to be closed by exec. */
static bool place_descriptors(const int from[3])
{
    int high[3];

    for (int i = 0; i < 3; i++) {
        int fd = from[i] >= 0 ? from[i] : open("/dev/null", O_RDWR | O_CLOEXEC);

        high[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (high[i] < 0)
            return false;
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(high[i], i) < 0)
            return false;
    }
    if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
        return true;
    for (int fd = 3; fd < DESCRIPTORS_MAX; fd++) /* before Linux 5.11 */
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return true;
}

static void set_limits(const struct spawn *what)
{
    for (size_t i = 0; i < what->limit_count; i++) {
        const struct rlimit both = {what->limits[i].most, what->limits[i].most};

        (void)setrlimit((__rlimit_resource_t)what->limits[i].resource, &both);
    }
}

static void run_child(const struct spawn *what, int report, pid_t parent)
{
    const int descriptors[3] = {what->in, what->out, what->err};
    struct failure failure = {STEP_DESCRIPTORS, 0};
    sigset_t none;

    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(127);
    for (int s = 1; s < SIGRTMIN; s++)
        (void)signal(s, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (!place_descriptors(descriptors))
        goto failed;
    failure.step = STEP_WORKDIR;
    if (what->workdir != NULL && chdir(what->workdir) != 0)
        goto failed;
    failure.step = STEP_SUPERVISOR;
    errno = what->supervisor != NULL ? supervisor_child_enter(what->supervisor) : 0;
    if (errno != 0)
        goto failed;
    set_limits(what);
    failure.step = STEP_EXEC;
    (void)execve(what->program, (char *const *)(uintptr_t)what->argv,
                 what->envp != NULL ? (char *const *)(uintptr_t)what->envp : environ);
failed:
    failure.error = errno;
    if (write(report, &failure, sizeof(failure)) < 0)
        _exit(126);
    _exit(127);
}

/* ---- in the parent ---- */

static const char *step_text(enum step step)
{
    switch (step) {
    case STEP_DESCRIPTORS:
        return "its descriptors cannot be set up";
    case STEP_WORKDIR:
        return "its working folder cannot be entered";
    case STEP_SUPERVISOR:
        return "it cannot be put under supervision";
    case STEP_EXEC:
        return "it cannot be run";
    }
    return "it failed";
}

static enum assay_code await_exec(int report, const struct spawn *what, struct assay_err *err)
{
    struct failure failure;
    ssize_t n;

    do
        n = read(report, &failure, sizeof(failure));
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(failure))
        return ASSAY_OK; /* the pipe was closed by exec */
    return assay_fail(err, ASSAY_E_IO, 0, "%s: %s: %s", what->program, step_text(failure.step),
                      strerror(failure.error));
}

static pid_t fork_child(const struct spawn *what, int report)
{
    pid_t parent = getpid(), child;
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of ours runs in the child */
    child = fork();
    if (child == 0)
        run_child(what, report, parent);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return child;
}

enum assay_code spawn(pid_t *pid, int *pidfd, const struct spawn *what, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    int report[2];
    pid_t child;
    int fd = -1;

    if (pipe2(report, O_CLOEXEC) != 0)
        return assay_fail(err, ASSAY_E_IO, 0, "pipe: %s", strerror(errno));
    child = fork_child(what, report[1]);
    if (child < 0)
        rc = assay_fail(err, ASSAY_E_IO, 0, "fork: %s", strerror(errno));
    (void)close(report[1]);
    if (rc == ASSAY_OK && what->supervisor != NULL)
        rc = supervisor_parent_attach(what->supervisor, child, err);
    if (rc == ASSAY_OK)
        rc = await_exec(report[0], what, err);
    (void)close(report[0]);
    if (rc == ASSAY_OK && (fd = pidfd_open(child, 0)) < 0)
        rc = assay_fail(err, ASSAY_E_IO, 0, "pidfd_open: %s", strerror(errno));
    if (rc != ASSAY_OK && child > 0) {
        struct process_tree tree = {.first = child};

        (void)process_tree_end(&tree, true, END_DEADLINE_MS);
        return rc;
    }
    *pid = child;
    *pidfd = fd;
    return rc;
}
