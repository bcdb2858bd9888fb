/* One thread, one poll loop, one answer; see answering.h. */
#include "answering.h"

#include "base/buf.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 128
#define REQUEST_MAX_BYTES ((size_t)1 << 20)

struct connection {
    int fd;
    bool answered; /* what still comes is read and dropped, so that the answer is not reset */
    struct assay_buf in;
};

struct answering {
    struct answering_with with;
    pthread_t thread;
    int listener, stop;
    uint16_t port;
    struct connection open[CONNECTIONS_MAX];
    size_t count;
};

static void drop(struct answering *a, size_t i)
{
    (void)close(a->open[i].fd);
    assay_buf_fini(&a->open[i].in);
    a->open[i] = a->open[--a->count];
}

static void say(struct answering *a, struct connection *c)
{
    static const char proof[] = "X-Payment-Proof:";
    bool pays = memmem(c->in.at, c->in.len, proof, sizeof proof - 1) != NULL;
    const char *text = pays && a->with.paid != NULL ? a->with.paid : a->with.unpaid;

    for (size_t sent = 0, len = strlen(text); sent < len;) {
        ssize_t n = send(c->fd, text + sent, len - sent, MSG_NOSIGNAL);

        if (n < 0)
            break;
        sent += (size_t)n;
    }
    (void)shutdown(c->fd, SHUT_WR);
    c->answered = true;
}

/* Returns whether the connection goes on. */
static bool hear(struct answering *a, struct connection *c)
{
    uint8_t bytes[4096];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    if (c->answered || a->with.unpaid == NULL)
        return true;
    assay_buf_add(&c->in, assay_bytes_of(bytes, (size_t)n));
    if (!assay_buf_ok(&c->in))
        return false;
    if (memmem(c->in.at, c->in.len, "\r\n\r\n", 4) != NULL)
        say(a, c);
    return true;
}

static void welcome(struct answering *a)
{
    int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (a->count == CONNECTIONS_MAX) {
        (void)close(fd);
        return;
    }
    a->open[a->count++] = (struct connection){.fd = fd, .in = ASSAY_BUF_INIT(REQUEST_MAX_BYTES)};
}

static void *serve(void *with)
{
    struct answering *a = with;

    for (;;) {
        struct pollfd at[CONNECTIONS_MAX + 2] = {{.fd = a->stop, .events = POLLIN},
                                                 {.fd = a->listener, .events = POLLIN}};
        size_t count = a->count;

        for (size_t i = 0; i < count; i++)
            at[i + 2] = (struct pollfd){.fd = a->open[i].fd, .events = POLLIN};
        if (poll(at, (nfds_t)count + 2, -1) < 0)
            continue;
        if (at[0].revents != 0)
            return NULL;
        for (size_t i = count; i-- > 0;)
            if (at[i + 2].revents != 0 && !hear(a, &a->open[i]))
                drop(a, i);
        if (at[1].revents != 0)
            welcome(a);
    }
}

struct answering *answering_start(const struct answering_with *with)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct answering *a = calloc(1, sizeof *a);
    socklen_t len = sizeof at;

    cr_assert_not_null(a);
    a->with = *with;
    a->stop = eventfd(0, EFD_CLOEXEC);
    a->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(a->stop >= 0 && a->listener >= 0);
    cr_assert_eq(bind(a->listener, (const struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(listen(a->listener, CONNECTIONS_MAX), 0);
    cr_assert_eq(getsockname(a->listener, (struct sockaddr *)&at, &len), 0);
    a->port = ntohs(at.sin_port);
    cr_assert_eq(pthread_create(&a->thread, NULL, serve, a), 0);
    return a;
}

void answering_stop(struct answering *a)
{
    uint64_t one = 1;

    if (a == NULL)
        return;
    cr_assert_eq(write(a->stop, &one, sizeof one), (ssize_t)sizeof one);
    (void)pthread_join(a->thread, NULL);
    while (a->count > 0)
        drop(a, a->count - 1);
    (void)close(a->listener);
    (void)close(a->stop);
    free(a);
}

uint16_t answering_port(const struct answering *a)
{
    return a->port;
}
