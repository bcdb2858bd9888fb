/* Process trees found in /proc and ended by pidfd (fault/tree.h). */
#include "fault/tree.h"
#include "base/buf.h"
#include "fault/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 64, PROCESSES_MAX = 65536, ENVIRON_MAX_BYTES = 1 << 20 };

struct process {
    pid_t pid, parent, session;
    unsigned long long start; /* in clock ticks since boot: tells a reused id apart */
    bool zombie;
    bool ours; /* a descendant of this process */
    bool member;
};

struct census {
    struct process *at;
    size_t count, room;
};

int64_t monotonic_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int milliseconds_until(int64_t then_ns)
{
    int64_t left = then_ns - monotonic_ns();

    if (left <= 0)
        return 0;
    return left > (int64_t)3600 * 1000000000 ? 3600 * 1000 : (int)((left + 999999) / 1000000);
}

void process_tree_adopt(void)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* One small file of /proc, NUL-terminated in `text`; false where it cannot be read. */
static bool read_proc(char *text, size_t room, pid_t pid, const char *name)
{
    char path[64];
    ssize_t n = -1;
    int fd;

    if (snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name) >= (int)sizeof(path))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    do
        n = read(fd, text, room - 1);
    while (n < 0 && errno == EINTR);
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* The fields follow the name in brackets, which may itself hold anything: proc(5). */
static bool read_process(struct process *out, pid_t pid)
{
    char text[1024];
    const char *fields;
    char state;
    int parent, group, session;

    *out = (struct process){.pid = pid};
    if (!read_proc(text, sizeof(text), pid, "stat"))
        return false;
    fields = strrchr(text, ')');
    if (fields == NULL || sscanf(fields, ") %c %d %d %d", &state, &parent, &group, &session) != 4)
        return false;
    if (sscanf(fields,
               ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &out->start) != 1)
        return false;
    out->parent = parent;
    out->session = session;
    out->zombie = state == 'Z' || state == 'X';
    return true;
}

static bool has_marker(pid_t pid, const char *marker)
{
    struct assay_buf env = ASSAY_BUF_INIT(ENVIRON_MAX_BYTES);
    size_t len = strlen(marker) + 1; /* its NUL is part of it */
    bool found = false;
    char path[64];

    if (len == 1 || snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid) >= (int)sizeof(path))
        return false;
    if (assay_file_read(&env, path, NULL) == ASSAY_OK && env.len >= len)
        found = memmem(env.at, env.len, marker, len) != NULL;
    assay_buf_fini(&env);
    return found;
}

static int by_pid(const void *a, const void *b)
{
    pid_t x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;

    return x < y ? -1 : x > y;
}

static bool census_add(struct census *c, const struct process *p)
{
    if (c->count == c->room) {
        size_t room = c->room == 0 ? 256 : 2 * c->room;
        struct process *at =
            room > PROCESSES_MAX ? NULL : assay_realloc(c->at, room * sizeof(*c->at));

        if (at == NULL)
            return false;
        c->at = at;
        c->room = room;
    }
    c->at[c->count++] = *p;
    return true;
}

static struct process *census_find(const struct census *c, pid_t pid)
{
    struct process key = {.pid = pid};

    return c->count == 0 ? NULL : bsearch(&key, c->at, c->count, sizeof(*c->at), by_pid);
}

/* A process is ours, and a member, when its parent is; until nothing changes any more. */
static void spread(struct census *c, const struct process_tree *tree)
{
    pid_t self = getpid();
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < c->count; i++) {
            struct process *p = &c->at[i];
            const struct process *parent = census_find(c, p->parent);

            if (tree->anywhere && !p->member && p->pid != self && has_marker(p->pid, tree->marker))
                p->ours = p->member = changed = true;
            if (!p->ours && (p->parent == self || (parent != NULL && parent->ours))) {
                p->ours = changed = true;
                p->member = tree->first > 0 && (p->pid == tree->first || p->session == tree->first);
                p->member = p->member || has_marker(p->pid, tree->marker);
            }
            if (p->ours && !p->member && parent != NULL && parent->member)
                p->member = changed = true;
        }
    }
}

static void census_take(struct census *c, const struct process_tree *tree)
{
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    struct process p;

    c->count = 0;
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);

        if (*end == '\0' && pid > 0 && read_process(&p, (pid_t)pid) && !census_add(c, &p))
            break;
    }
    (void)closedir(folder);
    if (c->count > 0)
        qsort(c->at, c->count, sizeof(*c->at), by_pid);
    spread(c, tree);
}

size_t process_tree_list(const struct process_tree *tree, pid_t *out, size_t room)
{
    struct census c = {0};
    size_t n = 0;

    census_take(&c, tree);
    for (size_t i = 0; i < c.count && n < room; i++) {
        if (c.at[i].member && !c.at[i].zombie)
            out[n++] = c.at[i].pid;
    }
    assay_free(c.at);
    return n;
}

/* A pidfd of that very process, or -1 when it is gone and its id perhaps another's. */
static int open_process(const struct process *p)
{
    struct process now;
    int fd = pidfd_open(p->pid, 0);

    if (fd >= 0 && (!read_process(&now, p->pid) || now.start != p->start)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Signals what the census found and waits for its end. Returns how many members there were. */
static size_t end_round(const struct census *c, int signal, bool reap, int64_t deadline_ns)
{
    int fds[PROCESS_TREE_MAX];
    pid_t pids[PROCESS_TREE_MAX];
    size_t members = 0, open_count = 0;

    for (size_t i = 0; i < c->count && open_count < ARRAY_LEN(fds); i++) {
        if (!c->at[i].member || (c->at[i].zombie && !reap))
            continue;
        members++;
        pids[open_count] = c->at[i].pid;
        fds[open_count] = open_process(&c->at[i]);
        if (fds[open_count] >= 0)
            (void)pidfd_send_signal(fds[open_count++], signal, NULL, 0);
    }
    for (size_t i = 0; i < open_count; i++) {
        struct pollfd one = {.fd = fds[i], .events = POLLIN};

        while (poll(&one, 1, milliseconds_until(deadline_ns)) < 0 && errno == EINTR)
            ;
    }
    /* Only now: an orphan becomes our child when its parent has ended. */
    for (size_t i = 0; i < open_count; i++) {
        siginfo_t info;

        if (reap)
            (void)waitid(P_PIDFD, (id_t)fds[i], &info, WEXITED | WNOHANG);
        (void)close(fds[i]);
        fault_clock_forget(pids[i]); /* whoever moved its clock */
    }
    return members;
}

bool process_tree_end(const struct process_tree *tree, bool reap, int deadline_ms)
{
    int64_t deadline_ns = monotonic_ns() + (int64_t)deadline_ms * 1000000;
    struct census c = {0};
    size_t left = 1;

    for (int round = 0; left > 0 && round < ROUNDS_MAX; round++) {
        census_take(&c, tree);
        left = end_round(&c, SIGKILL, reap, deadline_ns);
    }
    assay_free(c.at);
    return left == 0;
}

#ifdef ASSAY_COVERAGE
void process_tree_ask(const struct process_tree *tree, int deadline_ms)
{
    struct census c = {0};

    census_take(&c, tree);
    (void)end_round(&c, SIGTERM, true, monotonic_ns() + (int64_t)deadline_ms * 1000000);
    assay_free(c.at);
}
#endif

static bool is_among(const pid_t *pids, size_t count, pid_t pid)
{
    size_t i = 0;

    while (i < count && pids[i] != pid)
        i++;
    return i < count;
}

void process_tree_reap_orphans(const pid_t *but, size_t count)
{
    static const struct process_tree none;
    struct census c = {0};

    census_take(&c, &none);
    for (size_t i = 0; i < c.count; i++) {
        const struct process *p = &c.at[i];

        if (p->zombie && p->parent == getpid() && !is_among(but, count, p->pid))
            (void)waitpid(p->pid, NULL, WNOHANG);
    }
    assay_free(c.at);
}

void process_kill_of_thread(pid_t tid)
{
    char text[4096];
    const char *line;
    int tgid = 0;
    int fd;

    if (!read_proc(text, sizeof(text), tid, "status"))
        return;
    line = strstr(text, "\nTgid:");
    if (line == NULL || sscanf(line, " Tgid: %d", &tgid) != 1)
        return;
    fd = pidfd_open(tgid, 0);
    if (fd < 0)
        return;
    (void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
    (void)close(fd);
}
