/* The ends of child processes (target/process_end.h). */
#include "target/process_end.h"
#include "fault/tree.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct process_end process_end_of(int pidfd)
{
    struct process_end end = {.status = -1};
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
        return end;
    end.ended = true;
    if (info.si_code == CLD_EXITED)
        end.status = info.si_status;
    else
        end.signal = info.si_status;
    return end;
}

void process_end_text(char *out, size_t room, const struct process_end *end)
{
    if (!end->ended)
        (void)snprintf(out, room, "in an unknown way");
    else if (end->signal == 0)
        (void)snprintf(out, room, "with exit status %d", end->status);
    else
        (void)snprintf(out, room, "by signal %d (%s)", end->signal, strsignal(end->signal));
}

bool process_await(int pidfd, int deadline_ms)
{
    struct pollfd one = {.fd = pidfd, .events = POLLIN};
    int64_t until = monotonic_ns() + (int64_t)deadline_ms * 1000000;
    int rc;

    do
        rc = poll(&one, 1, milliseconds_until(until));
    while (rc < 0 && errno == EINTR);
    return rc == 1;
}
