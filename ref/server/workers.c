/* The parent of a reference server, and what a worker's main thread does. */
#include "server/workers.h"

#include "net/clock.h"
#include "net/listen.h"
#include "server/log.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    REPLACEMENTS_MAX = 16, /* with less than a calm time between each and the next */
    CALM_MS = 3600 * 1000,
    URL_MAX_BYTES = 256,
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
    const struct ref_workers_options *options;
    struct assay_buf url;
    int listen_fd;
    int signals;       /* signalfd of SIGTERM and SIGINT */
    unsigned replaced; /* since the last calm time */
    int64_t replaced_ms;
    struct worker workers[REF_WORKERS_MAX];
};

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

static int worker_run(const struct parent *p, unsigned index, int ready, struct assay_err *err)
{
    const struct ref_workers_options *o = p->options;
    struct ref_net_server_options net = o->net;
    struct ref_net_server *server = NULL;
    void *worker = NULL;
    int status = STATUS_TROUBLE;

    net.listen_fd = p->listen_fd;
    if (o->begin(o->cls, index, &worker, &net, err) != ASSAY_OK)
        goto out;
    if (ref_net_server_start(&server, &net, err) != ASSAY_OK)
        goto out;
    tell(ready, "R");
    (void)close(ready);
    wait_for_signal(p->signals);
    if (o->stopping != NULL)
        o->stopping(worker, o->stop_deadline_ms);
    (void)ref_net_server_stop(server, o->stop_deadline_ms);
    status = STATUS_STOPPED;
out:
    o->end(o->cls, worker);
    return status;
}

static int worker_main(const struct parent *p, unsigned index, pid_t parent, int ready)
{
    struct assay_err err = {0};
    int status;

    /* Workers end with their parent; one that has gone already will not say so. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return STATUS_TROUBLE;
    status = worker_run(p, index, ready, &err);
    if (status != STATUS_STOPPED)
        tell(ready, err.text);
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
        _exit(worker_main(p, index, parent, ready[1]));
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
    ref_log_line(&line);
}

static void worker_forget(struct worker *w)
{
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

/* One ready pipe has something to say, or has ended. A worker that says why it does not begin ends
 * by itself, and the pipe with it. */
static enum assay_code read_ready(struct worker *w, struct assay_err *err)
{
    char text[ASSAY_ERR_TEXT_MAX_BYTES] = "";
    size_t len = 0;
    ssize_t got;

    while ((got = read(w->ready, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)got;
    w->is_ready = len == 1 && text[0] == 'R';
    (void)close(w->ready);
    w->ready = -1;
    if (w->is_ready)
        return ASSAY_OK;
    return assay_fail(err, ASSAY_E_IO, 0, "%s", len > 0 ? text : "a worker ended as it started");
}

static bool all_ready(const struct parent *p)
{
    for (unsigned i = 0; i < p->options->workers; i++)
        if (!p->workers[i].is_ready)
            return false;
    return true;
}

static void print_ready(const struct parent *p)
{
    char room[URL_MAX_BYTES + 64];
    struct assay_buf line = ASSAY_BUF_OVER(room);

    assay_buf_printf(&line, "ready %s ", p->options->profile);
    assay_buf_add(&line, assay_buf_view(&p->url));
    assay_buf_add_byte(&line, '\n');
    assert(assay_buf_ok(&line));
    (void)!write(STDOUT_FILENO, line.at, line.len); /* nobody may be there to read it */
}

static enum assay_code worker_ended(struct parent *p, unsigned index, struct assay_err *err)
{
    struct worker *w = &p->workers[index];
    int status = worker_reap(w);
    pid_t pid = w->pid;

    worker_forget(w);
    if (p->options->forgets != NULL)
        return assay_fail(err, ASSAY_E_CRASHED, 0, "the worker ended, and with it %s",
                          p->options->forgets);
    if (ref_net_now_ms() - p->replaced_ms >= CALM_MS)
        p->replaced = 0;
    if (p->replaced == REPLACEMENTS_MAX)
        return assay_fail(err, ASSAY_E_CRASHED, 0, "workers ended %d times", REPLACEMENTS_MAX + 1);
    p->replaced++;
    p->replaced_ms = ref_net_now_ms();
    log_event("worker ended and is replaced", pid, status);
    return worker_start(p, index, err);
}

/* Waits for signals, ready pipes and ends of workers. ASSAY_E_INTERRUPTED: told to stop. */
static enum assay_code attend(struct parent *p, bool *announced, struct assay_err *err)
{
    struct pollfd fds[1 + 2 * REF_WORKERS_MAX];
    enum assay_code code = ASSAY_OK;
    unsigned n = p->options->workers;

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

/* Tells every worker to stop, waits for them, and kills what has not ended by then. */
static void stop_workers(struct parent *p, int how)
{
    int64_t until_ms = ref_net_now_ms() + p->options->stop_deadline_ms + p->options->slack_ms;

    for (unsigned i = 0; i < p->options->workers; i++)
        if (p->workers[i].pid > 0)
            (void)kill(p->workers[i].pid, how);
    for (unsigned i = 0; i < p->options->workers; i++) {
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

/* The address as it was asked for, with the port that was bound. */
static enum assay_code open_socket(struct parent *p, struct assay_err *err)
{
    struct assay_bytes listen = assay_str(p->options->listen);
    uint16_t port = 0;
    size_t colon = listen.len;
    enum assay_code code = ref_net_listen(&p->listen_fd, &port, listen, p->options->is_public, err);

    if (code != ASSAY_OK)
        return assay_err_wrap(err, code, "listen \"%s\"", p->options->listen);
    while (listen.at[colon - 1] != ':') /* it has one, or it would not have been taken */
        colon--;
    assay_buf_add_str(&p->url, "http://");
    assay_buf_add(&p->url, assay_bytes_part(listen, 0, colon));
    assay_buf_add_u64(&p->url, port);
    return assay_buf_cstr(&p->url) != NULL
               ? ASSAY_OK
               : assay_fail(err, p->url.bad, 0, "listen: no room for the address");
}

static enum assay_code catch_signals(struct parent *p, struct assay_err *err)
{
    sigset_t stops;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &stops, NULL);
    if ((p->signals = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return assay_fail(err, ASSAY_E_IO, 0, "signals: %s", strerror(errno));
    return ASSAY_OK;
}

static enum assay_code prepare(struct parent *p, struct assay_err *err)
{
    const struct ref_workers_options *o = p->options;
    enum assay_code code;

    if ((code = open_socket(p, err)) != ASSAY_OK || (code = catch_signals(p, err)) != ASSAY_OK)
        return code;
    return o->prepare != NULL ? o->prepare(o->cls, assay_buf_cstr(&p->url), err) : ASSAY_OK;
}

static void parent_fini(struct parent *p)
{
    if (p->listen_fd >= 0)
        (void)close(p->listen_fd);
    if (p->signals >= 0)
        (void)close(p->signals);
    assay_buf_fini(&p->url);
}

/* From the first worker to the end of the last. */
static enum assay_code run(struct parent *p, struct assay_err *err)
{
    bool announced = false;
    enum assay_code code = ASSAY_OK;

    for (unsigned i = 0; i < p->options->workers && code == ASSAY_OK; i++)
        code = worker_start(p, i, err);
    while (code == ASSAY_OK)
        code = attend(p, &announced, err);
    /* Waiting connections are refused at once instead of hanging until the workers have ended. */
    (void)close(p->listen_fd);
    p->listen_fd = -1;
    stop_workers(p, announced ? SIGTERM : SIGKILL);
    if (announced && p->options->settle != NULL)
        p->options->settle(p->options->cls);
    return code == ASSAY_E_INTERRUPTED ? ASSAY_OK : code;
}

enum assay_code ref_workers_run(const struct ref_workers_options *options, struct assay_err *err)
{
    struct parent p = {
        .options = options, .url = ASSAY_BUF_INIT(URL_MAX_BYTES), .listen_fd = -1, .signals = -1};
    enum assay_code code;

    if (options->workers < 1 || options->workers > REF_WORKERS_MAX)
        return assay_fail(err, ASSAY_E_RANGE, 0, "workers: 1 to %d", REF_WORKERS_MAX);
    for (unsigned i = 0; i < REF_WORKERS_MAX; i++)
        p.workers[i] = NO_WORKER;
    code = prepare(&p, err);
    if (code == ASSAY_OK)
        code = run(&p, err);
    parent_fini(&p);
    return code;
}
