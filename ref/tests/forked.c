/* A server in a process of its own; see forked.h. */
#include "ref/tests/forked.h"

#include "base/buf.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void interrupt(int number)
{
    (void)number;
}

/* Its old bound, which it may have back. */
static struct rlimit bound_to(__rlimit_resource_t resource, rlim_t most)
{
    struct rlimit before = {0};
    struct rlimit now;

    cr_assert_eq(getrlimit(resource, &before), 0);
    now = (struct rlimit){.rlim_cur = most, .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(resource, &now), 0);
    return before;
}

/* The bounds end with it: what counts the branches that were taken opens a file at the exit. */
static enum assay_code run_bounded(forked_main *run, const void *cls, struct assay_err *err,
                                   const struct forked_scarcity *scarce)
{
    struct rlimit files = {0};
    enum assay_code code;

    if (scarce->has_no_space)
        (void)bound_to(RLIMIT_AS, 1);
    if (scarce->files > 0)
        files = bound_to(RLIMIT_NOFILE, scarce->files);
    if (scarce->allocations > 0)
        (void)assay_alloc_fail_after(scarce->allocations - 1);
    code = run(cls, err);
    if (scarce->files > 0)
        (void)setrlimit(RLIMIT_NOFILE, &files);
    return code;
}

_Noreturn static void be_it(forked_main *run, const void *cls, const struct forked_scarcity *scarce,
                            int out)
{
    const struct sigaction catch = {.sa_handler = interrupt};
    struct assay_err err = {0};
    enum assay_code code;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(out, STDERR_FILENO);
    (void)close(out);
    (void)sigaction(SIGUSR1, &catch, NULL);
    code = run_bounded(run, cls, &err, scarce);
    (void)!write(STDERR_FILENO, err.text, strlen(err.text));
    _exit((int)code);
}

void forked_start(struct forked *f, forked_main *run, const void *cls,
                  const struct forked_scarcity *scarce)
{
    static const struct forked_scarcity none;
    int out[2];

    *f = (struct forked){.pid = 0};
    cr_assert_eq(pipe(out), 0);
    f->pid = fork();
    cr_assert_geq(f->pid, 0);
    if (f->pid == 0) {
        (void)close(out[0]);
        be_it(run, cls, scarce != NULL ? scarce : &none, out[1]);
    }
    (void)close(out[1]);
    f->out = out[0];
}

bool forked_hear(struct forked *f, const char *text)
{
    size_t len = strlen(f->said);

    while (strstr(f->said, text) == NULL) {
        ssize_t got = read(f->out, f->said + len, sizeof(f->said) - 1 - len);

        if (got <= 0)
            return false;
        len += (size_t)got;
        f->said[len] = '\0';
    }
    return true;
}

uint16_t forked_port(struct forked *f, const char *profile)
{
    char line[64];
    const char *ready;

    (void)snprintf(line, sizeof(line), "ready %s http://127.0.0.1:", profile);
    ready = forked_hear(f, "\n") ? strstr(f->said, line) : NULL;
    return ready != NULL ? (uint16_t)strtoul(ready + strlen(line), NULL, 10) : 0;
}

/* The state of its main thread is the word behind its name, which is in brackets. */
static char state_of(pid_t pid)
{
    char path[64], text[512] = "";
    const char *name_end;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    (void)!read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' ? name_end[2] : '?';
}

bool forked_has_ended(struct forked *f)
{
    struct pollfd ended = {.fd = pidfd_open(f->pid, 0), .events = POLLIN};
    bool has_ended;

    cr_assert_geq(ended.fd, 0);
    has_ended = poll(&ended, 1, 1) == 1;
    (void)close(ended.fd);
    return has_ended;
}

void forked_interrupt(struct forked *f)
{
    for (int i = 0; i < FORKED_PATIENCE && state_of(f->pid) != 'S'; i++)
        cr_assert_not(forked_has_ended(f));
    cr_assert_eq(kill(f->pid, SIGUSR1), 0);
}

int forked_end(struct forked *f)
{
    int status = 0;

    (void)forked_hear(f, "\x01"); /* all that it says */
    cr_assert_eq(waitpid(f->pid, &status, 0), f->pid);
    (void)close(f->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int forked_stop(struct forked *f)
{
    cr_assert_eq(kill(f->pid, SIGTERM), 0);
    return forked_end(f);
}
