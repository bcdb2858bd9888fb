/* The real program as a child of a test; see program.h. */
#include "program.h"

#include "fault/tree.h"
#include "target/folder.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX_BYTES ((size_t)64 << 20)
#define PATH_MAX_BYTES 512
#define ARGS_MAX 32
#define ENV_MAX 512
#define LOOK_AGAIN_MS 20

static const char *program_path(void)
{
    static char path[PATH_MAX_BYTES * 8];
    const char *named = getenv("ASSAY");

    cr_assert_not_null(realpath(named != NULL ? named : "build/debug/assay", path),
                       "the program is not built: %s", named != NULL ? named : "build/debug/assay");
    return path;
}

static const char *path_in(const struct program *p, const char *name, char path[PATH_MAX_BYTES])
{
    cr_assert(snprintf(path, PATH_MAX_BYTES, "%s/%s", p->folder, name) < PATH_MAX_BYTES);
    return path;
}

void program_init(struct program *p)
{
    *p = (struct program){.folder = "/tmp/assay-test-XXXXXX",
                          .pidfd = -1,
                          .out = ASSAY_BUF_INIT(SAID_MAX_BYTES),
                          .err = ASSAY_BUF_INIT(SAID_MAX_BYTES)};
    cr_assert_not_null(mkdtemp(p->folder));
}

void program_fini(struct program *p)
{
    if (p->pid > 0)
        program_end(p, 0);
    (void)folder_remove(p->folder);
    assay_buf_fini(&p->out);
    assay_buf_fini(&p->err);
}

void program_write(struct program *p, const char *name, struct assay_bytes content)
{
    char path[PATH_MAX_BYTES];

    cr_assert_eq(assay_file_write(path_in(p, name, path), content, NULL), ASSAY_OK, "%s", path);
}

void program_read(struct program *p, const char *name, struct assay_buf *content)
{
    char path[PATH_MAX_BYTES];

    assay_buf_clear(content);
    if (assay_file_read(content, path_in(p, name, path), NULL) != ASSAY_OK)
        assay_buf_clear(content);
}

/* What is named comes before what the test inherited: the first of two counts. */
static void fill_environment(const char *envp[ENV_MAX], const char *temporary,
                             const char *const *env)
{
    size_t n = 0;

    envp[n++] = temporary;
    for (size_t i = 0; env != NULL && env[i] != NULL; i++)
        envp[n++] = env[i];
    for (char **at = environ; *at != NULL; at++) {
        cr_assert_lt(n, ENV_MAX - 1);
        envp[n++] = *at;
    }
    envp[n] = NULL;
}

#define CREATE (O_WRONLY | O_CREAT | O_TRUNC)

struct files {
    char in[PATH_MAX_BYTES], out[PATH_MAX_BYTES], err[PATH_MAX_BYTES];
};

static void spawn(struct program *p, const struct files *at, char *const *argv, char *const *envp)
{
    posix_spawn_file_actions_t files;
    int rc;

    cr_assert_eq(posix_spawn_file_actions_init(&files), 0);
    (void)posix_spawn_file_actions_addopen(&files, 0, at->in, O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&files, 1, at->out, CREATE, 0600);
    (void)posix_spawn_file_actions_addopen(&files, 2, at->err, CREATE, 0600);
    (void)posix_spawn_file_actions_addchdir_np(&files, p->folder);
    rc = posix_spawn(&p->pid, argv[0], &files, NULL, argv, envp);
    (void)posix_spawn_file_actions_destroy(&files);
    cr_assert_eq(rc, 0, "%s: %s", argv[0], strerror(rc));
}

static bool is_opened_as(int wanted, const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    return fd >= 0 && dup2(fd, wanted) == wanted;
}

/* The same in the child, which enters what the supervisor sees before it becomes the program. */
static void spawn_under(struct program *p, const struct files *at, char *const *argv,
                        char *const *envp)
{
    struct assay_err err = {0};

    p->pid = fork();
    cr_assert_geq(p->pid, 0);
    if (p->pid == 0) {
        if (setsid() >= 0 && is_opened_as(0, at->in, O_RDONLY) &&
            is_opened_as(1, at->out, CREATE) && is_opened_as(2, at->err, CREATE) &&
            chdir(p->folder) == 0 && supervisor_child_enter(p->under) == 0)
            (void)execve(argv[0], argv, envp);
        _exit(99);
    }
    cr_assert_eq(supervisor_parent_attach(p->under, p->pid, &err), ASSAY_OK, "%s", err.text);
}

void program_start(struct program *p, const char *const *args, const char *const *env)
{
    const char *argv[ARGS_MAX] = {program_path()}, *envp[ENV_MAX];
    char temporary[PATH_MAX_BYTES];
    struct files at;

    for (size_t i = 0; args[i] != NULL; i++) {
        cr_assert_lt(i, ARGS_MAX - 2);
        argv[i + 1] = args[i];
    }
    cr_assert_lt(snprintf(temporary, sizeof temporary, "TMPDIR=%s", p->folder),
                 (int)sizeof temporary);
    fill_environment(envp, temporary, env);
    if (access(path_in(p, "stdin", at.in), R_OK) != 0)
        (void)snprintf(at.in, sizeof at.in, "/dev/null");
    (void)path_in(p, "stdout", at.out);
    (void)path_in(p, "stderr", at.err);
    (p->under != NULL ? spawn_under : spawn)(p, &at, (char *const *)(uintptr_t)argv,
                                             (char *const *)(uintptr_t)envp);
    p->pidfd = pidfd_open(p->pid, 0);
    cr_assert_geq(p->pidfd, 0);
}

static bool has_ended(const struct program *p, int wait_ms)
{
    struct pollfd one = {.fd = p->pidfd, .events = POLLIN};

    return poll(&one, 1, wait_ms) > 0;
}

bool program_await_text(struct program *p, const char *file, const char *text, int deadline_ms)
{
    int64_t until = monotonic_ns() + (int64_t)deadline_ms * 1000000;
    struct assay_buf content = ASSAY_BUF_INIT(SAID_MAX_BYTES);
    bool found = false, over = false;

    while (!found && !over) {
        over = has_ended(p, LOOK_AGAIN_MS) || milliseconds_until(until) == 0;
        program_read(p, file, &content);
        found = content.len > 0 && memmem(content.at, content.len, text, strlen(text)) != NULL;
    }
    assay_buf_fini(&content);
    return found;
}

void program_end(struct program *p, int deadline_ms)
{
    int64_t until = monotonic_ns() + (int64_t)deadline_ms * 1000000;
    bool in_time = has_ended(p, 0);
    int state = 0;

    while (!in_time && milliseconds_until(until) > 0)
        in_time = has_ended(p, milliseconds_until(until));
    if (!in_time)
        (void)pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
    while (waitpid(p->pid, &state, 0) < 0 && errno == EINTR)
        continue;
    (void)close(p->pidfd);
    p->pidfd = -1;
    p->pid = 0;
    p->status = !in_time             ? PROGRAM_LATE
                : WIFSIGNALED(state) ? 128 + WTERMSIG(state)
                                     : WEXITSTATUS(state);
    program_read(p, "stdout", &p->out);
    program_read(p, "stderr", &p->err);
}

void program_run(struct program *p, const char *const *args, const char *const *env)
{
    program_start(p, args, env);
    program_end(p, PROGRAM_DEADLINE_MS);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Whether the text begins there. */
static bool begins(struct assay_bytes in, size_t at, const char *text)
{
    for (; *text != '\0'; text++) {
        if (at == in.len)
            return false;
        if (is_space((uint8_t)*text) != is_space(in.at[at]))
            return false;
        if (is_space(in.at[at])) {
            while (at < in.len && is_space(in.at[at]))
                at++;
        } else if (in.at[at++] != (uint8_t)*text) {
            return false;
        }
    }
    return true;
}

static bool holds(struct assay_bytes in, const char *text)
{
    for (size_t at = 0; at < in.len; at++)
        if (begins(in, at, text))
            return true;
    return false;
}

bool program_says(const struct program *p, const char *text)
{
    return holds(assay_buf_view(&p->out), text) || holds(assay_buf_view(&p->err), text);
}
