/* The thread that drains a process's output (target/capture.h). */
#include "target/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_BYTES = 65536, STREAMS = 2 };

struct capture {
    pthread_mutex_t reading; /* of fds, which the thread and capture_view both drain */
    int fds[STREAMS];        /* -1: closed */
    int pidfd;
    int wake; /* eventfd: stop */
    bool running;
    pthread_t thread;

    pthread_mutex_t lock; /* of the rest */
    pthread_cond_t changed;
    struct assay_buf text[STREAMS];
    size_t from; /* where stdout stood at the start */
    bool ended;

    struct assay_buf view[STREAMS]; /* of the caller's thread */
};

struct capture *capture_new(void)
{
    struct capture *c = assay_alloc(sizeof(*c));
    pthread_condattr_t attr;

    if (c == NULL)
        return NULL;
    *c = (struct capture){.fds = {-1, -1}, .pidfd = -1, .wake = eventfd(0, EFD_CLOEXEC)};
    if (c->wake < 0) {
        assay_free(c);
        return NULL;
    }
    for (size_t i = 0; i < STREAMS; i++)
        c->text[i].max = c->view[i].max = CAPTURE_MAX_BYTES;
    (void)pthread_mutex_init(&c->reading, NULL);
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    return c;
}

void capture_free(struct capture *c)
{
    if (c == NULL)
        return;
    capture_stop(c);
    (void)close(c->wake);
    for (size_t i = 0; i < STREAMS; i++) {
        assay_buf_wipe(&c->text[i]);
        assay_buf_wipe(&c->view[i]);
    }
    (void)pthread_cond_destroy(&c->changed);
    (void)pthread_mutex_destroy(&c->lock);
    (void)pthread_mutex_destroy(&c->reading);
    assay_free(c);
}

static void close_stream(struct capture *c, size_t i)
{
    if (c->fds[i] >= 0)
        (void)close(c->fds[i]);
    c->fds[i] = -1;
}

/* Reads once, with `reading` held; false when nothing is there now. */
static bool read_once(struct capture *c, size_t i, uint8_t *chunk)
{
    ssize_t n = c->fds[i] < 0 ? 0 : read(c->fds[i], chunk, CHUNK_BYTES);
    struct assay_buf *text = &c->text[i];

    if (n < 0)
        return errno == EINTR;
    if (n == 0) {
        close_stream(c, i);
        return false;
    }
    pthread_mutex_lock(&c->lock);
    if (assay_buf_ok(text))
        assay_buf_add(text,
                      assay_bytes_part(assay_bytes_of(chunk, (size_t)n), 0, text->max - text->len));
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    return true;
}

static void drain(struct capture *c, size_t i, uint8_t *chunk)
{
    /* Bounded, since a process that survived may go on printing. */
    size_t times = 2 * (size_t)CAPTURE_MAX_BYTES / CHUNK_BYTES;

    pthread_mutex_lock(&c->reading);
    while (times-- > 0 && read_once(c, i, chunk))
        ;
    pthread_mutex_unlock(&c->reading);
}

static void set_ended(struct capture *c)
{
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static void *serve(void *of)
{
    static const short gone = POLLIN | POLLHUP | POLLERR;
    struct capture *c = of;
    uint8_t *chunk = assay_alloc(CHUNK_BYTES);
    bool go_on = chunk != NULL, watching = true;

    while (go_on) {
        struct pollfd fds[] = {{.fd = c->wake, .events = POLLIN},
                               {.fd = watching ? c->pidfd : -1, .events = POLLIN},
                               {.fd = -1, .events = POLLIN},
                               {.fd = -1, .events = POLLIN}};
        bool ended;

        pthread_mutex_lock(&c->reading);
        fds[2].fd = c->fds[0];
        fds[3].fd = c->fds[1];
        pthread_mutex_unlock(&c->reading);
        if (poll(fds, ARRAY_LEN(fds), -1) < 0)
            continue;
        go_on = fds[0].revents == 0;
        ended = (fds[1].revents & gone) != 0;
        for (size_t i = 0; i < STREAMS; i++) {
            if (!go_on || ended || (fds[2 + i].revents & gone) != 0)
                drain(c, i, chunk); /* first what it said, then that it ended */
        }
        if (ended)
            set_ended(c);
        watching = watching && !ended;
    }
    set_ended(c);
    assay_free(chunk);
    return NULL;
}

enum assay_code capture_start(struct capture *c, int out, int err, int pidfd, struct assay_err *e)
{
    sigset_t all, before;
    int failed;

    capture_stop(c);
    c->fds[CAPTURE_STDOUT] = out;
    c->fds[CAPTURE_STDERR] = err;
    c->pidfd = pidfd;
    c->ended = false;
    c->from = c->text[CAPTURE_STDOUT].len;
    for (size_t i = 0; i < STREAMS; i++)
        (void)fcntl(c->fds[i], F_SETFL, fcntl(c->fds[i], F_GETFL) | O_NONBLOCK);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&c->thread, NULL, serve, c);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    c->running = failed == 0;
    if (failed == 0)
        return ASSAY_OK;
    capture_stop(c);
    return assay_fail(e, ASSAY_E_NOMEM, 0, "no thread for the logs: %s", strerror(failed));
}

void capture_stop(struct capture *c)
{
    uint64_t count = 1;

    if (c->running && write(c->wake, &count, sizeof(count)) == (ssize_t)sizeof(count)) {
        (void)pthread_join(c->thread, NULL);
        if (read(c->wake, &count, sizeof(count)) < 0)
            count = 0;
    }
    c->running = false;
    for (size_t i = 0; i < STREAMS; i++)
        close_stream(c, i);
}

/* Under the lock. The first complete line since the start that begins with the prefix. */
static struct assay_bytes find_line(const struct capture *c, struct assay_bytes prefix)
{
    struct assay_bytes text = assay_buf_view(&c->text[CAPTURE_STDOUT]);
    size_t at = c->from;

    while (at < text.len) {
        size_t end = assay_bytes_find(text, '\n', at);

        if (end == text.len)
            break;
        if (assay_bytes_equal(assay_bytes_part(text, at, at + prefix.len), prefix) &&
            at + prefix.len <= end)
            return assay_bytes_part(text, at, end);
        at = end + 1;
    }
    return assay_bytes_of(NULL, 0);
}

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

enum capture_event capture_await_line(struct capture *c, const char *prefix, int64_t deadline_ns,
                                      const char **line, struct assay_arena *arena)
{
    struct timespec deadline = timespec_of(deadline_ns);
    enum capture_event event = CAPTURE_LATE;
    int rc = 0;

    pthread_mutex_lock(&c->lock);
    for (;;) {
        struct assay_bytes found = find_line(c, assay_str(prefix));

        if (found.len > 0) {
            *line = (const char *)assay_arena_copy(arena, found).at;
            event = CAPTURE_LINE;
            break;
        }
        if (c->ended) {
            event = CAPTURE_ENDED;
            break;
        }
        if (rc != 0)
            break;
        rc = pthread_cond_timedwait(&c->changed, &c->lock, &deadline);
    }
    pthread_mutex_unlock(&c->lock);
    return event;
}

bool capture_await_end(struct capture *c, int64_t deadline_ns)
{
    struct timespec deadline = timespec_of(deadline_ns);
    bool ended;
    int rc = 0;

    pthread_mutex_lock(&c->lock);
    while (!c->ended && rc == 0)
        rc = pthread_cond_timedwait(&c->changed, &c->lock, &deadline);
    ended = c->ended;
    pthread_mutex_unlock(&c->lock);
    return ended;
}

struct assay_bytes capture_view(struct capture *c, enum capture_stream stream)
{
    struct assay_buf *view = &c->view[stream];
    uint8_t chunk[CHUNK_BYTES];

    drain(c, (size_t)stream, chunk);
    assay_buf_clear(view);
    pthread_mutex_lock(&c->lock);
    assay_buf_add(view, assay_buf_view(&c->text[stream]));
    pthread_mutex_unlock(&c->lock);
    return assay_buf_view(view);
}
