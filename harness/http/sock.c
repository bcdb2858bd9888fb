/* Sockets of the harness; see sock.h. */
#include "http/sock.h"

#include "base/buf.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    HOST_TEXT_BYTES = 256, /* a DNS name has at most 253 */
    PORTS_FROM = 10240,
    PORT_TRIES = 64,
};

int64_t sock_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int sock_ms_left(int64_t deadline_ns)
{
    int64_t left = deadline_ns - sock_now_ns();

    if (left <= 0)
        return 0;
    left = (left + 999999) / 1000000;
    return left < INT_MAX ? (int)left : INT_MAX;
}

static bool is_allowed(const struct http_peer *peer)
{
    for (const char *const *host = peer->allowed_hosts; host != NULL && *host != NULL; host++) {
        if (assay_bytes_equal_nocase(assay_str(*host), peer->url.host))
            return true;
    }
    return false;
}

enum assay_code sock_may_reach(const struct http_peer *peer, struct assay_err *err)
{
    const struct assay_bytes *host = &peer->url.host;

    if (assay_url_host_is_loopback(*host) || is_allowed(peer))
        return ASSAY_OK;
    return assay_fail(
        err, ASSAY_E_DENIED, 0, "%.*s is neither loopback nor an allowed host: not connected to",
        (int)(host->len < HOST_TEXT_BYTES ? host->len : HOST_TEXT_BYTES), (const char *)host->at);
}

bool sock_may_connect(const struct http_peer *peer, const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        if (ntohl(v4.sin_addr.s_addr) >> 24 == 127)
            return true;
    } else if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        if (IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr))
            return true;
    } else {
        return false;
    }
    return is_allowed(peer);
}

static void add_address(struct sock_dial *dial, const struct sockaddr *address, size_t len)
{
    if (dial->count < SOCK_ADDRESSES_MAX && len <= sizeof(dial->at[0]))
        memcpy(&dial->at[dial->count++], address, len);
}

static void look_up(struct sock_dial *dial, const char *host, const char *port)
{
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV, .ai_family = AF_UNSPEC};
    struct addrinfo *found = NULL;

    if (getaddrinfo(host, port, &hints, &found) != 0)
        return;
    for (const struct addrinfo *one = found; one != NULL; one = one->ai_next)
        add_address(dial, one->ai_addr, one->ai_addrlen);
    freeaddrinfo(found);
}

enum assay_code sock_dial_init(struct sock_dial *dial, const struct http_peer *peer,
                               struct assay_err *err)
{
    char host[HOST_TEXT_BYTES], port[8];
    enum assay_code rc;
    int len;

    *dial = (struct sock_dial){.fd = -1};
    if ((rc = sock_may_reach(peer, err)) != ASSAY_OK)
        return rc;
    len = snprintf(port, sizeof(port), "%u", (unsigned)peer->url.port);
    if (len < 0 || (size_t)len >= sizeof(port) || peer->url.host.len >= sizeof(host))
        return ASSAY_OK; /* no such host: it has no address */
    memcpy(host, peer->url.host.at, peer->url.host.len);
    host[peer->url.host.len] = '\0';
    if (assay_bytes_equal_nocase(peer->url.host, ASSAY_LIT("localhost"))) {
        look_up(dial, "127.0.0.1", port);
        look_up(dial, "::1", port);
    } else {
        look_up(dial, host, port);
    }
    for (size_t i = 0; i < dial->count; i++) {
        if (!sock_may_connect(peer, &dial->at[i].any))
            return assay_fail(err, ASSAY_E_DENIED, 0, "%s leads to an address that is not allowed",
                              host);
    }
    return ASSAY_OK;
}

enum sock_state sock_dial_step(struct sock_dial *dial)
{
    const int one = 1;
    socklen_t len = sizeof(dial->error);

    if (dial->fd >= 0) {
        if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &dial->error, &len) == 0 && dial->error == 0)
            return SOCK_CONNECTED;
        sock_dial_fini(dial);
    }
    while (dial->next < dial->count) {
        const struct sockaddr *to = &dial->at[dial->next++].any;

        dial->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (dial->fd >= 0) {
            (void)setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            if (connect(dial->fd, to,
                        to->sa_family == AF_INET6 ? sizeof(dial->at[0].v6)
                                                  : sizeof(dial->at[0].v4)) == 0)
                return SOCK_CONNECTED;
            if (errno == EINPROGRESS)
                return SOCK_PENDING;
        }
        dial->error = errno;
        sock_dial_fini(dial);
    }
    return SOCK_FAILED;
}

void sock_dial_fini(struct sock_dial *dial)
{
    if (dial->fd >= 0)
        close(dial->fd);
    dial->fd = -1;
}

static enum assay_code cannot_listen(uint16_t wanted, int why, struct assay_err *err)
{
    if (wanted != 0 && why == EADDRINUSE)
        return assay_fail(err, ASSAY_E_IO, 0,
                          "127.0.0.1:%u is in use: end the program that listens there, or choose "
                          "another port",
                          (unsigned)wanted);
    return assay_fail(err, ASSAY_E_IO, 0, "listening on 127.0.0.1:%u: %s", (unsigned)wanted,
                      strerror(why));
}

enum assay_code sock_listen(int *fd, uint16_t *port, uint16_t wanted, struct assay_err *err)
{
    static const int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(wanted),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t len = sizeof(address);
    int made = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    /* Connections that an earlier listener left behind do not keep a port from us. */
    if (made >= 0 && wanted != 0)
        (void)setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (made < 0 || bind(made, any, len) != 0 || listen(made, SOMAXCONN) != 0 ||
        getsockname(made, any, &len) != 0) {
        (void)cannot_listen(wanted, errno, err);
        if (made >= 0)
            close(made);
        return ASSAY_E_IO;
    }
    *fd = made;
    *port = ntohs(address.sin_port);
    return ASSAY_OK;
}

/* Ports from this one on are given to whoever asks for any. */
static uint16_t first_given(void)
{
    struct assay_buf text = ASSAY_BUF_INIT(64);
    unsigned long first = 0;

    if (assay_file_read(&text, "/proc/sys/net/ipv4/ip_local_port_range", NULL) == ASSAY_OK &&
        assay_buf_cstr(&text) != NULL)
        first = strtoul(assay_buf_cstr(&text), NULL, 10);
    assay_buf_fini(&text);
    return first <= UINT16_MAX ? (uint16_t)first : 0;
}

/* By chance, since others look for one at the same time. */
enum assay_code sock_find_port(uint16_t *port, struct assay_err *err)
{
    unsigned below = first_given();
    enum assay_code rc = ASSAY_E_IO;
    uint16_t any;
    int fd = -1;

    for (int i = 0; i < PORT_TRIES && below > PORTS_FROM && rc != ASSAY_OK; i++) {
        if (assay_random_system((uint8_t *)&any, sizeof(any)) != ASSAY_OK)
            break;
        rc = sock_listen(&fd, port, (uint16_t)(PORTS_FROM + any % (below - PORTS_FROM)), NULL);
    }
    if (rc != ASSAY_OK)
        rc = sock_listen(&fd, port, 0, err);
    if (rc == ASSAY_OK)
        close(fd);
    return rc;
}

int sock_accept(int listener)
{
    const int one = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

void sock_reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

void sock_wake(int event_fd)
{
    (void)eventfd_write(event_fd, 1); /* fails only when a wake-up is pending 2^64 times over */
}

void sock_wake_taken(int event_fd)
{
    eventfd_t count;

    (void)eventfd_read(event_fd, &count);
}
