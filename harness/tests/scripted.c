/* A peer for tests that answers with bytes of the test's choice; see scripted.h. */
#include "scripted.h"

#include "http/sock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct scripted {
    pthread_mutex_t lock;
    pthread_t thread;
    const struct scripted_answer *answers;
    size_t count;
    size_t requests;
    struct assay_buf received;
    int listener, stop;
    uint16_t port;
};

/* Waits for a socket; false when the test is over. */
static bool ready(struct scripted *s, int fd, short events)
{
    struct pollfd at[2] = {{.fd = s->stop, .events = POLLIN}, {.fd = fd, .events = events}};

    while (poll(at, 2, -1) < 0 && errno == EINTR)
        continue;
    return at[0].revents == 0;
}

static bool send_all(struct scripted *s, int fd, struct assay_bytes bytes)
{
    for (size_t sent = 0; sent < bytes.len;) {
        ssize_t len;

        if (!ready(s, fd, POLLOUT))
            return false;
        len = send(fd, bytes.at + sent, bytes.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (len < 0)
            return false;
        sent += (size_t)len;
    }
    return true;
}

/* How many heads have ended in what was received. */
static size_t heads(struct assay_bytes in)
{
    size_t found = 0;

    for (size_t at = 0; at + 4 <= in.len; at++)
        found += memcmp(in.at + at, "\r\n\r\n", 4) == 0;
    return found;
}

/* Returns: whether to close, and in *reset how. */
static bool answer(struct scripted *s, int fd, size_t i, bool *reset)
{
    const struct scripted_answer *one = i < s->count ? &s->answers[i] : NULL;

    if (one == NULL)
        return false;
    *reset = one->end == SCRIPTED_RESET;
    return !send_all(s, fd, one->bytes) || one->end != SCRIPTED_KEEP;
}

static void converse(struct scripted *s, int fd)
{
    bool over = false, reset = false;

    while (!over && ready(s, fd, POLLIN)) {
        uint8_t in[4096];
        ssize_t len = recv(fd, in, sizeof(in), MSG_DONTWAIT);
        size_t before, after;

        if (len <= 0)
            break;
        pthread_mutex_lock(&s->lock);
        before = s->requests;
        assay_buf_add(&s->received, assay_bytes_of(in, (size_t)len));
        s->requests = after = heads(assay_buf_view(&s->received));
        pthread_mutex_unlock(&s->lock);
        for (size_t i = before; i < after && !over; i++)
            over = answer(s, fd, i, &reset);
    }
    if (reset)
        sock_reset(fd);
    else
        close(fd);
}

static void *serve(void *context)
{
    struct scripted *s = context;

    while (ready(s, s->listener, POLLIN)) {
        int fd = sock_accept(s->listener);

        if (fd >= 0)
            converse(s, fd);
    }
    return NULL;
}

struct scripted *scripted_start(const struct scripted_answer *answers, size_t count)
{
    struct scripted *s = calloc(1, sizeof(*s));

    cr_assert_not_null(s);
    s->answers = answers;
    s->count = count;
    s->received = (struct assay_buf)ASSAY_BUF_INIT(1 << 20);
    s->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    cr_assert_eq(pthread_mutex_init(&s->lock, NULL), 0);
    cr_assert_eq(sock_listen(&s->listener, &s->port, 0, NULL), ASSAY_OK);
    cr_assert_eq(pthread_create(&s->thread, NULL, serve, s), 0);
    return s;
}

void scripted_stop(struct scripted *s)
{
    sock_wake(s->stop);
    pthread_join(s->thread, NULL);
    close(s->listener);
    close(s->stop);
    assay_buf_fini(&s->received);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

struct http_peer scripted_peer(const struct scripted *s)
{
    return loopback_peer(s->port);
}

size_t scripted_requests(struct scripted *s)
{
    size_t requests;

    pthread_mutex_lock(&s->lock);
    requests = s->requests;
    pthread_mutex_unlock(&s->lock);
    return requests;
}

struct assay_bytes scripted_received(struct scripted *s)
{
    struct assay_bytes received;

    pthread_mutex_lock(&s->lock);
    received = assay_buf_view(&s->received);
    pthread_mutex_unlock(&s->lock);
    return received;
}

struct http_peer loopback_peer(uint16_t port)
{
    return (struct http_peer){.url = {.scheme = ASSAY_LIT("http"),
                                      .host = ASSAY_LIT("127.0.0.1"),
                                      .port = port,
                                      .path = ASSAY_LIT(""),
                                      .query = ASSAY_LIT("")}};
}

uint16_t unused_port(void)
{
    uint16_t port = 0;
    int fd;

    cr_assert_eq(sock_listen(&fd, &port, 0, NULL), ASSAY_OK);
    close(fd);
    return port;
}
