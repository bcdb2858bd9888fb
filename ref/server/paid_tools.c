/* The parent of the reference server: socket, secret, workers; and what a worker's main thread
 * does. */
#include "server/paid_tools.h"

#include "defects/defects.h"
#include "net/client.h"
#include "net/clock.h"
#include "net/listen.h"
#include "server/shop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    REPLACEMENTS_MAX = 16, /* in the life of one server */
    STOP_SLACK_MS = 2000,  /* for a worker to close its store and end */
    STATUS_STOPPED = 0,
    STATUS_TROUBLE = 3,
};

struct worker {
    pid_t pid; /* 0: none */
    int pidfd; /* -1: none */
    int ready; /* read end: 'R', or the text of an error; -1 once it is read */
    bool is_ready;
};

static const struct worker NO_WORKER = {.pidfd = -1, .ready = -1};

struct parent {
    struct pt_server_options options;
    struct pt_core core;
    struct pt_shop_shared *shared;
    struct assay_buf secret;
    struct assay_buf url;
    int listen_fd;
    int signals; /* signalfd of SIGTERM and SIGINT */
    unsigned replaced;
    struct worker workers[PT_SERVER_WORKERS_MAX];
};

static bool in_memory(const struct parent *p)
{
    return strcmp(p->options.store, "memory") == 0;
}

static enum assay_code store_open(struct ref_store **out, const struct parent *p,
                                  struct assay_err *err)
{
    static const struct ref_store_limits limits = REF_STORE_LIMITS_DEFAULT;

    return in_memory(p) ? ref_store_memory_open(out, &limits, err)
                        : ref_store_sqlite_open(out, p->options.store, &limits, err);
}

/* ---- a worker -----------------------------------------------------------------------------------
 */

static void tell(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

static void wait_for_signal(int signals)
{
    struct pollfd fd = {.fd = signals, .events = POLLIN};
    struct signalfd_siginfo info;

    while (read(signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        (void)poll(&fd, 1, -1);
}

static int worker_run(const struct parent *p, int ready, struct assay_err *err)
{
    struct ref_net_server_options net = REF_NET_SERVER_OPTIONS_DEFAULT;
    struct ref_net_server *server = NULL;
    struct ref_store *store = NULL;
    struct pt_shop *shop = NULL;
    int status = STATUS_TROUBLE;

    if (store_open(&store, p, err) != ASSAY_OK)
        goto out;
    if (pt_shop_new(&shop, &p->core, &p->options, p->shared, store, err) != ASSAY_OK)
        goto out;
    net.listen_fd = p->listen_fd;
    net.body_max_bytes = p->options.body_max_bytes;
    net.read_deadline_ms = p->options.read_deadline_ms;
    net.connection_max = p->options.connection_max;
    net.handle = pt_shop_handle;
    net.refused = pt_shop_refused;
    net.cls = shop;
    if (ref_net_server_start(&server, &net, err) != ASSAY_OK)
        goto out;
    tell(ready, "R");
    (void)close(ready);
    wait_for_signal(p->signals);
    (void)ref_net_server_stop(server, p->options.stop_deadline_ms);
    status = STATUS_STOPPED;
out:
    pt_shop_free(shop);
    if (store != NULL)
        store->ops->close(store);
    return status;
}

static int worker_main(struct parent *p, pid_t parent, int ready)
{
    struct assay_err err = {0};
    int status;

    /* Workers end with their parent; one that has gone already will not say so. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        return STATUS_TROUBLE;
    status = worker_run(p, ready, &err);
    if (status != STATUS_STOPPED)
        tell(ready, err.text);
    assay_buf_wipe(&p->secret);
    return status;
}

static enum assay_code worker_start(struct parent *p, unsigned index, struct assay_err *err)
{
    struct worker *w = &p->workers[index];
    pid_t parent = getpid();
    int ready[2];

    if (pipe2(ready, O_CLOEXEC) != 0)
        return assay_fail(err, ASSAY_E_IO, 0, "pipe: %s", strerror(errno));
    w->pid = fork();
    if (w->pid == 0)
        _exit(worker_main(p, parent, ready[1]));
    (void)close(ready[1]);
    w->ready = ready[0];
    w->is_ready = false;
    w->pidfd = w->pid > 0 ? pidfd_open(w->pid, 0) : -1;
    if (w->pidfd < 0) {
        (void)assay_fail(err, ASSAY_E_IO, 0, "a worker cannot be started: %s", strerror(errno));
        if (w->pid > 0) {
            (void)kill(w->pid, SIGKILL);
            (void)waitpid(w->pid, NULL, 0);
        }
        w->pid = 0;
        return ASSAY_E_IO;
    }
    return ASSAY_OK;
}

/* ---- the parent ---------------------------------------------------------------------------------
 */

static void log_event(const char *what, pid_t pid, int status)
{
    char room[256];
    struct assay_buf line = ASSAY_BUF_OVER(room);

    assay_buf_printf(&line, "{\"event\":\"%s\",\"pid\":%d", what, (int)pid);
    if (WIFSIGNALED(status))
        assay_buf_printf(&line, ",\"signal\":%d}", WTERMSIG(status));
    else
        assay_buf_printf(&line, ",\"status\":%d}", WEXITSTATUS(status));
    pt_shop_log_line(&line);
}

static void worker_forget(struct worker *w)
{
    if (w->pidfd >= 0)
        (void)close(w->pidfd);
    if (w->ready >= 0)
        (void)close(w->ready);
    *w = NO_WORKER;
}

static int worker_reap(struct worker *w)
{
    int status = 0;

    (void)waitpid(w->pid, &status, 0);
    return status;
}

/* One ready pipe has something to say, or has ended. */
static enum assay_code read_ready(struct worker *w, struct assay_err *err)
{
    char text[ASSAY_ERR_TEXT_MAX_BYTES] = "";
    ssize_t len = read(w->ready, text, sizeof(text) - 1);

    w->is_ready = len == 1 && text[0] == 'R';
    (void)close(w->ready);
    w->ready = -1;
    if (w->is_ready)
        return ASSAY_OK;
    return assay_fail(err, ASSAY_E_IO, 0, "%s", len > 0 ? text : "a worker ended as it started");
}

static bool all_ready(const struct parent *p)
{
    for (unsigned i = 0; i < p->options.workers; i++)
        if (!p->workers[i].is_ready)
            return false;
    return true;
}

static void print_ready(struct parent *p)
{
    struct assay_buf line = ASSAY_BUF_INIT(512);

    assay_buf_add_str(&line, "ready paid-tools ");
    assay_buf_add(&line, assay_buf_view(&p->url));
    assay_buf_add_byte(&line, '\n');
    if (assay_buf_ok(&line))
        (void)!write(STDOUT_FILENO, line.at, line.len); /* nobody may be there to read it */
    assay_buf_fini(&line);
}

static enum assay_code worker_ended(struct parent *p, unsigned index, struct assay_err *err)
{
    struct worker *w = &p->workers[index];
    int status = worker_reap(w);
    pid_t pid = w->pid;

    worker_forget(w);
    if (in_memory(p))
        return assay_fail(err, ASSAY_E_CRASHED, 0,
                          "the worker ended, and with it what it knew of spent payments");
    if (p->replaced == REPLACEMENTS_MAX)
        return assay_fail(err, ASSAY_E_CRASHED, 0, "workers ended %d times", REPLACEMENTS_MAX + 1);
    p->replaced++;
    log_event("worker ended and is replaced", pid, status);
    return worker_start(p, index, err);
}

/* Waits for signals, ready pipes and ends of workers. ASSAY_E_INTERRUPTED: told to stop. */
static enum assay_code attend(struct parent *p, bool *announced, struct assay_err *err)
{
    struct pollfd fds[1 + 2 * PT_SERVER_WORKERS_MAX];
    enum assay_code code = ASSAY_OK;
    unsigned n = p->options.workers;

    fds[0] = (struct pollfd){.fd = p->signals, .events = POLLIN};
    for (unsigned i = 0; i < n; i++) {
        fds[1 + i] = (struct pollfd){.fd = p->workers[i].ready, .events = POLLIN};
        fds[1 + n + i] = (struct pollfd){.fd = p->workers[i].pidfd, .events = POLLIN};
    }
    if (poll(fds, 1 + 2 * (nfds_t)n, -1) < 0)
        return errno == EINTR ? ASSAY_OK : assay_fail(err, ASSAY_E_IO, 0, "%s", strerror(errno));
    if (fds[0].revents != 0)
        return ASSAY_E_INTERRUPTED;
    for (unsigned i = 0; i < n && code == ASSAY_OK; i++) {
        if (fds[1 + i].revents != 0)
            code = read_ready(&p->workers[i], *announced ? NULL : err);
        if (code != ASSAY_OK && *announced)
            code = ASSAY_OK; /* a replacement: its end counts, and is seen next */
        if (code == ASSAY_OK && fds[1 + n + i].revents != 0)
            code = worker_ended(p, i, err);
    }
    if (code == ASSAY_OK && !*announced && all_ready(p)) {
        print_ready(p);
        *announced = true;
    }
    return code;
}

/* Workers that close the store at one moment each leave its log to the other: once they have ended,
 * the file is opened alone, so that the log is in it. What fails here is done by the next start. */
static void settle_store(const struct parent *p)
{
    struct ref_store *store = NULL;

    if (!in_memory(p) && store_open(&store, p, NULL) == ASSAY_OK)
        store->ops->close(store);
}

/* Tells every worker to stop, waits for them, and kills what has not ended by then. */
static void stop_workers(struct parent *p, int how)
{
    int64_t until_ms = ref_net_now_ms() + p->options.stop_deadline_ms +
                       p->options.origin_deadline_ms + STOP_SLACK_MS;

    for (unsigned i = 0; i < p->options.workers; i++)
        if (p->workers[i].pid > 0)
            (void)kill(p->workers[i].pid, how);
    for (unsigned i = 0; i < p->options.workers; i++) {
        struct worker *w = &p->workers[i];
        struct pollfd ended = {.fd = w->pidfd, .events = POLLIN};
        int status;

        if (w->pid == 0)
            continue;
        while (ended.revents == 0 && ref_net_now_ms() < until_ms)
            (void)poll(&ended, 1, 1000);
        if (ended.revents == 0)
            (void)kill(w->pid, SIGKILL);
        status = worker_reap(w);
        if (how == SIGTERM && status != 0)
            log_event("worker did not stop well", w->pid, status);
        worker_forget(w);
    }
}

/* The variable is wiped where it stands, so that neither children nor /proc show it for longer. */
static enum assay_code take_secret(struct parent *p, struct assay_err *err)
{
    const char *name = p->options.secret_env;
    char *value = getenv(name);

    if (value == NULL && !p->options.dev)
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "the secret is missing: set the environment variable %s", name);
    assay_buf_add_str(&p->secret, value != NULL ? value : PT_DEFAULT_SECRET);
    if (value != NULL) {
        assay_wipe(value, strlen(value));
        (void)unsetenv(name);
    }
    return assay_buf_ok(&p->secret)
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_DENIED, 0, "the secret in %s is longer than %d bytes",
                            name, PT_SECRET_MAX_BYTES);
}

static enum assay_code check_options(struct parent *p, struct assay_err *err)
{
    const struct pt_server_options *o = &p->options;
    struct ref_net_client_options origin = {.origin = o->origin, .is_public = o->is_public};
    enum assay_code code;

    if (o->store == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "the store is missing: name a file, or memory");
    if (REF_DEFECT(store_memory_only)) {
        p->options.store = "memory";
        p->options.workers = 1;
    }
    if (o->workers < 1 || o->workers > PT_SERVER_WORKERS_MAX)
        return assay_fail(err, ASSAY_E_RANGE, 0, "workers: 1 to %d", PT_SERVER_WORKERS_MAX);
    if (in_memory(p) && o->workers > 1)
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "workers cannot share a store in memory: name a file, or use one worker");
    if (o->origin != NULL && (code = ref_net_client_check(&origin, err)) != ASSAY_OK)
        return assay_err_wrap(err, code, "origin \"%s\"", o->origin);
    pt_shop_core(&p->core, o, assay_buf_view(&p->secret));
    return pt_core_check(&p->core, o->dev || REF_DEFECT(secret_short), err);
}

/* Opened and closed once before there are workers: a file that is no store is refused at once, a
 * new one is made without a race, and the floor is known. */
static enum assay_code prepare_store(struct parent *p, struct assay_err *err)
{
    struct ref_store *store = NULL;
    int64_t floor_ms = 0;
    enum assay_code code = store_open(&store, p, err);

    if (code == ASSAY_OK)
        code = store->ops->floor(store, &floor_ms, err);
    if (store != NULL)
        store->ops->close(store);
    atomic_store(&p->shared->floor_ms, floor_ms);
    /* The floor is the time of the last sweep; a store that never had one is counted from now. */
    atomic_store(&p->shared->last_sweep_ms, floor_ms > 0 ? floor_ms : ref_net_wall_ms());
    return code;
}

static enum assay_code prepare(struct parent *p, struct assay_err *err)
{
    struct assay_bytes listen = assay_str(p->options.listen);
    uint16_t port = 0;
    sigset_t stops;
    enum assay_code code;
    size_t colon = listen.len;
    void *shared;

    if ((code = take_secret(p, err)) != ASSAY_OK || (code = check_options(p, err)) != ASSAY_OK)
        return code;
    shared =
        mmap(NULL, sizeof(*p->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory to share");
    p->shared = shared;
    if ((code = prepare_store(p, err)) != ASSAY_OK)
        return code;
    code = ref_net_listen(&p->listen_fd, &port, listen, p->options.is_public, err);
    if (code != ASSAY_OK)
        return assay_err_wrap(err, code, "listen \"%s\"", p->options.listen);
    while (colon > 0 && listen.at[colon - 1] != ':')
        colon--;
    assay_buf_add_str(&p->url, "http://");
    assay_buf_add(&p->url, assay_bytes_part(listen, 0, colon));
    assay_buf_add_u64(&p->url, port);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    if (sigprocmask(SIG_BLOCK, &stops, NULL) != 0 ||
        (p->signals = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return assay_fail(err, ASSAY_E_IO, 0, "signals: %s", strerror(errno));
    return ASSAY_OK;
}

static void parent_fini(struct parent *p)
{
    if (p->listen_fd >= 0)
        (void)close(p->listen_fd);
    if (p->signals >= 0)
        (void)close(p->signals);
    if (p->shared != NULL)
        (void)munmap(p->shared, sizeof(*p->shared));
    assay_buf_wipe(&p->secret);
    assay_buf_fini(&p->url);
    assay_free(p);
}

enum assay_code pt_server_run(const struct pt_server_options *options, struct assay_err *err)
{
    struct parent *p = assay_alloc(sizeof(*p));
    bool announced = false;
    enum assay_code code;

    if (p == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a server");
    (void)setrlimit(RLIMIT_CORE,
                    &(struct rlimit){0, 0}); /* the secret is not left in a core file */
    *p = (struct parent){
        .options = *options,
        .secret = ASSAY_BUF_INIT(PT_SECRET_MAX_BYTES),
        .url = ASSAY_BUF_INIT(256),
        .listen_fd = -1,
        .signals = -1,
    };
    for (unsigned i = 0; i < PT_SERVER_WORKERS_MAX; i++)
        p->workers[i] = NO_WORKER;
    if ((code = prepare(p, err)) != ASSAY_OK)
        goto out;
    for (unsigned i = 0; i < p->options.workers && code == ASSAY_OK; i++)
        code = worker_start(p, i, err);
    while (code == ASSAY_OK)
        code = attend(p, &announced, err);
    /* Waiting connections are refused at once instead of hanging until the workers have ended. */
    (void)close(p->listen_fd);
    p->listen_fd = -1;
    stop_workers(p, announced ? SIGTERM : SIGKILL);
    if (announced)
        settle_store(p);
    if (code == ASSAY_E_INTERRUPTED)
        code = ASSAY_OK;
out:
    parent_fini(p);
    return code;
}
