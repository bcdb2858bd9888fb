/* The thread that answers seccomp notifications: counts, holds, fails, kills (fault/supervisor.h).
 */
#include "fault/supervisor.h"
#include "base/buf.h"
#include "fault/seccomp.h"
#include "fault/tree.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HELD_MAX = 4096, KILL_DEADLINE_MS = 5000, TRIAL_DEADLINE_MS = 5000, KINDS = 4 };

struct held {
    uint64_t id;
    int64_t due_ns;
    int fail_errno;
};

struct supervisor {
    struct seccomp_gate gate;
    char store[PATH_MAX]; /* "" or a real path without a slash at its end */
    struct process_tree tree;
    int listener; /* -1: none */
    int wake;     /* eventfd: the rule has changed, or stop */
    bool running;
    pthread_t thread;

    pthread_mutex_t lock; /* of what follows, down to `changed` */
    pthread_cond_t changed;
    struct supervisor_rule rule;
    uint64_t matched; /* calls the rule is about, since it was set */
    uint64_t seen[KINDS];
    bool killed, stop, release;

    bool dead; /* of the thread: the tree is being killed, nothing proceeds any more */
    struct held held[HELD_MAX];
    size_t held_count;
};

/* ---- what a call is about ---- */

static bool below_store(const struct supervisor *s, const char *path)
{
    size_t len = strlen(s->store);

    return len > 0 && strncmp(path, s->store, len) == 0 && path[len] == '/';
}

/* The kind of a write to that descriptor: a file of the store, a socket, or nothing of interest
 * (0). */
static unsigned kind_of_descriptor(const struct supervisor *s, pid_t tid, uint64_t fd)
{
    char link[64], path[PATH_MAX];
    ssize_t len;

    if (snprintf(link, sizeof(link), "/proc/%d/fd/%u", (int)tid, (unsigned)fd) >= (int)sizeof(link))
        return 0;
    len = readlink(link, path, sizeof(path) - 1);
    if (len < 0)
        return 0;
    path[len] = '\0';
    if (strncmp(path, "socket:", strlen("socket:")) == 0)
        return SUPERVISOR_SEND;
    return below_store(s, path) ? SUPERVISOR_WRITE : 0;
}

static unsigned kind_of(const struct supervisor *s, const struct seccomp_notif *n)
{
    unsigned kind = seccomp_gate_kind(n->data.nr);

    return kind == SECCOMP_GATE_BY_DESCRIPTOR
               ? kind_of_descriptor(s, (pid_t)n->pid, n->data.args[0])
               : kind;
}

/* ---- answers ---- */

/* A task that has ended meanwhile makes the answer fail, which is as well. */
static void answer(const struct supervisor *s, uint64_t id, int fail_errno)
{
    union seccomp_space space = {0};

    space.response.id = id;
    space.response.error = -fail_errno;
    space.response.flags = fail_errno != 0 ? 0 : (uint32_t)SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    (void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, &space);
}

static void answer_held(struct supervisor *s, int64_t due_by_ns)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->held_count; i++) {
        if (s->held[i].due_ns > due_by_ns)
            s->held[kept++] = s->held[i];
        else
            answer(s, s->held[i].id, s->held[i].fail_errno);
    }
    s->held_count = kept;
}

/* Kept in the order in which they are due, so that the first says how long to wait. */
static void hold(struct supervisor *s, struct held call)
{
    size_t at = s->held_count;

    if (at == HELD_MAX) {
        answer(s, call.id, call.fail_errno);
        return;
    }
    for (; at > 0 && s->held[at - 1].due_ns > call.due_ns; at--)
        s->held[at] = s->held[at - 1];
    s->held[at] = call;
    s->held_count++;
}

/* No call proceeds while this thread is busy here, so for the store the tree dies at one moment. */
static void kill_tree(struct supervisor *s, pid_t tid)
{
    s->dead = true;
    s->held_count = 0;
    process_kill_of_thread(tid);
    (void)process_tree_end(&s->tree, false, KILL_DEADLINE_MS);
}

/* Counts the call and says what the rule wants: true when the tree is to be killed. */
static bool judge(struct supervisor *s, unsigned kind, struct held *call)
{
    bool kill = false;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < KINDS; i++)
        s->seen[i] += (kind >> i) & 1;
    if ((s->rule.calls & kind) != 0) {
        s->matched++;
        kill = s->rule.kill_before != 0 && s->matched == s->rule.kill_before;
        call->fail_errno = s->rule.fail_errno;
        if (s->rule.hold_ms > 0)
            call->due_ns = monotonic_ns() + (int64_t)s->rule.hold_ms * 1000000;
    }
    if (kill) {
        s->killed = true;
        s->rule = (struct supervisor_rule){0};
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return kill;
}

static void take_notification(struct supervisor *s)
{
    union seccomp_space space = {0};
    struct held call = {0};
    unsigned kind;
    pid_t tid;

    if (ioctl(s->listener, SECCOMP_IOCTL_NOTIF_RECV, &space) != 0)
        return; /* interrupted, or the task has ended */
    call.id = space.notification.id;
    tid = (pid_t)space.notification.pid;
    if (s->dead) {
        process_kill_of_thread(tid);
        return;
    }
    kind = kind_of(s, &space.notification);
    /* What was read belongs to this task only if the task still waits. */
    if (ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call.id) != 0)
        return;
    if (judge(s, kind, &call))
        kill_tree(s, tid);
    else if (call.due_ns > 0)
        hold(s, call);
    else
        answer(s, call.id, call.fail_errno);
}

/* Returns whether to go on. */
static bool heed_wake(struct supervisor *s)
{
    uint64_t ignored;
    bool stop, release;

    if (read(s->wake, &ignored, sizeof(ignored)) < 0)
        return true;
    pthread_mutex_lock(&s->lock);
    stop = s->stop;
    release = s->release;
    s->release = false;
    pthread_mutex_unlock(&s->lock);
    if (stop || release)
        answer_held(s, INT64_MAX);
    return !stop;
}

static void *serve(void *of)
{
    struct supervisor *s = of;
    bool go_on = true;
    bool open = true;

    while (go_on) {
        struct pollfd fds[2] = {{.fd = s->wake, .events = POLLIN},
                                {.fd = open ? s->listener : -1, .events = POLLIN}};
        int wait_ms = s->held_count > 0 ? milliseconds_until(s->held[0].due_ns) : -1;

        if (poll(fds, 2, wait_ms) < 0)
            continue;
        if (fds[0].revents != 0)
            go_on = heed_wake(s);
        if ((fds[1].revents & POLLIN) != 0)
            take_notification(s);
        else if (fds[1].revents != 0)
            open = false; /* the last task under the filter has ended */
        answer_held(s, monotonic_ns());
    }
    return NULL;
}

/* ---- life ---- */

static void stop_thread(struct supervisor *s)
{
    uint64_t one = 1;

    if (s->running) {
        pthread_mutex_lock(&s->lock);
        s->stop = true;
        pthread_mutex_unlock(&s->lock);
        if (write(s->wake, &one, sizeof(one)) == (ssize_t)sizeof(one))
            (void)pthread_join(s->thread, NULL);
    }
    s->running = false;
    s->stop = false;
    if (s->listener >= 0)
        (void)close(s->listener);
    s->listener = -1;
}

/* Signals stay with the threads that expect them. */
static int start_thread(struct supervisor *s)
{
    sigset_t all, before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&s->thread, NULL, serve, s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void init_locks(struct supervisor *s)
{
    pthread_condattr_t attr;

    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&s->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
}

enum assay_code supervisor_new(struct supervisor **out, const char *store, struct assay_err *err)
{
    struct supervisor *s = assay_alloc(sizeof(*s));
    enum assay_code rc = ASSAY_OK;

    if (s == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    memset(s, 0, sizeof(*s));
    s->listener = -1;
    init_locks(s);
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake < 0)
        rc = assay_fail(err, ASSAY_E_IO, 0, "supervisor: eventfd: %s", strerror(errno));
    else if (store != NULL && realpath(store, s->store) == NULL)
        rc = assay_fail(err, ASSAY_E_IO, 0, "supervisor: store folder %s: %s", store,
                        strerror(errno));
    else
        rc = seccomp_gate_init(&s->gate, err);
    if (rc != ASSAY_OK) {
        supervisor_free(s);
        return rc;
    }
    *out = s;
    return ASSAY_OK;
}

int supervisor_child_enter(struct supervisor *s)
{
    return seccomp_gate_enter(&s->gate);
}

enum assay_code supervisor_parent_attach(struct supervisor *s, pid_t child, struct assay_err *err)
{
    enum assay_code rc;
    int failed;

    stop_thread(s);
    s->dead = false;
    s->held_count = 0;
    s->tree = (struct process_tree){.first = child};
    rc = seccomp_gate_take(&s->gate, child, &s->listener, err);
    if (rc != ASSAY_OK)
        return rc;
    failed = start_thread(s);
    s->running = failed == 0;
    if (failed == 0)
        return ASSAY_OK;
    (void)close(s->listener);
    s->listener = -1;
    return assay_fail(err, ASSAY_E_NOMEM, 0, "supervisor: no thread: %s", strerror(failed));
}

void supervisor_behave(struct supervisor *s, const struct supervisor_rule *rule)
{
    uint64_t one = 1;

    pthread_mutex_lock(&s->lock);
    s->rule = rule != NULL ? *rule : (struct supervisor_rule){0};
    s->matched = 0;
    memset(s->seen, 0, sizeof(s->seen));
    s->killed = false;
    s->release = true;
    pthread_mutex_unlock(&s->lock);
    /* It fails only when the thread is to be woken already. */
    if (write(s->wake, &one, sizeof(one)) < 0)
        return;
}

/* Under the lock. */
static uint64_t count_seen(const struct supervisor *s, unsigned calls)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < KINDS; i++)
        sum += ((calls >> i) & 1) != 0 ? s->seen[i] : 0;
    return sum;
}

uint64_t supervisor_seen(struct supervisor *s, unsigned calls)
{
    uint64_t sum;

    pthread_mutex_lock(&s->lock);
    sum = count_seen(s, calls);
    pthread_mutex_unlock(&s->lock);
    return sum;
}

bool supervisor_await(struct supervisor *s, unsigned calls, uint64_t count, int deadline_ms)
{
    int64_t until = monotonic_ns() + (int64_t)deadline_ms * 1000000;
    struct timespec deadline = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    bool reached;
    int rc = 0;

    pthread_mutex_lock(&s->lock);
    while (!(reached = count_seen(s, calls) >= count) && rc == 0)
        rc = pthread_cond_timedwait(&s->changed, &s->lock, &deadline);
    pthread_mutex_unlock(&s->lock);
    return reached;
}

bool supervisor_killed(struct supervisor *s)
{
    bool killed;

    pthread_mutex_lock(&s->lock);
    killed = s->killed;
    pthread_mutex_unlock(&s->lock);
    return killed;
}

void supervisor_free(struct supervisor *s)
{
    if (s == NULL)
        return;
    stop_thread(s);
    seccomp_gate_fini(&s->gate);
    if (s->wake >= 0)
        (void)close(s->wake);
    (void)pthread_cond_destroy(&s->changed);
    (void)pthread_mutex_destroy(&s->lock);
    assay_free(s);
}

/* ---- is it there ---- */

/* The child enters and makes one call that is to fail with EROFS instead of EBADF. */
static enum assay_code try_once(struct assay_err *err)
{
    struct supervisor_rule rule = {.calls = SUPERVISOR_SYNC, .fail_errno = EROFS};
    struct supervisor *s = NULL;
    struct process_tree tree = {0};
    enum assay_code rc = supervisor_new(&s, NULL, err);
    pid_t child;

    if (rc != ASSAY_OK || s == NULL)
        return rc;
    supervisor_behave(s, &rule);
    child = fork();
    if (child == 0) {
        int failed = supervisor_child_enter(s);

        _exit(failed == 0 && fsync(-1) != 0 && errno == EROFS ? 0 : 1);
    }
    tree.first = child;
    if (child < 0)
        rc = assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "supervisor: fork: %s", strerror(errno));
    else
        rc = supervisor_parent_attach(s, child, err);
    if (rc == ASSAY_OK && !supervisor_await(s, SUPERVISOR_SYNC, 1, TRIAL_DEADLINE_MS))
        rc = assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                        "supervisor: a trial call was not notified: the kernel lacks seccomp user "
                        "notification (Linux 5.8 or later has it)");
    if (child > 0)
        (void)process_tree_end(&tree, true, TRIAL_DEADLINE_MS);
    supervisor_free(s);
    return rc;
}

enum assay_code fault_supervisor_available(struct assay_err *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct assay_err found;
    static bool tried;

    pthread_mutex_lock(&lock);
    if (!tried && try_once(&found) != ASSAY_OK)
        found.code = ASSAY_E_UNSUPPORTED;
    tried = true;
    pthread_mutex_unlock(&lock);
    return found.code == ASSAY_OK ? ASSAY_OK : assay_fail(err, found.code, 0, "%s", found.text);
}
