/* Children that came to a process as their subreaper (fault/tree.h). */
#include "fault/tree.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, STATUS = 7 };

/* A process whose parent has ended; it ends at once. */
static pid_t orphan(void)
{
    int ends[2];
    pid_t parent, pid = 0;

    cr_assert_eq(pipe(ends), 0);
    parent = fork();
    if (parent == 0) {
        pid = fork();
        if (pid == 0)
            _exit(setsid() < 0);
        _exit(write(ends[1], &pid, sizeof(pid)) != sizeof(pid));
    }
    cr_assert_eq(read(ends[0], &pid, sizeof(pid)), (ssize_t)sizeof(pid));
    cr_assert_eq(waitpid(parent, NULL, 0), parent);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return pid;
}

static bool is_reaped(pid_t pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

Test(process_tree, orphans_are_reaped_but_not_what_somebody_waits_for)
{
    pid_t waited_for, left;
    struct pollfd end = {.events = POLLIN};
    int status;

    process_tree_adopt();
    waited_for = fork();
    if (waited_for == 0)
        _exit(STATUS);
    left = orphan();
    end.fd = pidfd_open(left, 0);
    cr_assert_eq(poll(&end, 1, PATIENCE_MS), 1, "it never ended");
    cr_expect(!is_reaped(left));
    process_tree_reap_orphans(&waited_for, 1);
    cr_expect(is_reaped(left));
    (void)close(end.fd);
    cr_assert_eq(waitpid(waited_for, &status, 0), waited_for);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == STATUS);
}
