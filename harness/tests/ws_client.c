/* A WebSocket client for tests; see ws_client.h. */
#include "ws_client.h"

#include "base/url.h"
#include "http/sock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

enum { RECEIVE_BYTES = 65536, PAYLOAD_7_BITS = 125 };
#define MESSAGE_MAX_BYTES ((size_t)256 << 20)

int tcp_connect(const char *url)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    to.sin_port = htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
    cr_assert_geq(fd, 0);
    cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0, "%s", strerror(errno));
    return fd;
}

bool tcp_send(int fd, struct assay_bytes bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        ssize_t len = send(fd, bytes.at + at, bytes.len - at, MSG_NOSIGNAL);

        if (len < 0 && errno != EINTR)
            return false;
        at += len > 0 ? (size_t)len : 0;
    }
    return true;
}

/* -1: not in time; 0: the end. */
static ssize_t receive(int fd, uint8_t *in, size_t room, int64_t deadline_ns)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};
    ssize_t len;

    if (poll(&at, 1, sock_ms_left(deadline_ns)) <= 0)
        return -1;
    len = recv(fd, in, room, 0);
    return len < 0 ? 0 : len;
}

bool tcp_await_end(int fd, int deadline_ms)
{
    int64_t deadline_ns = sock_now_ns() + (int64_t)deadline_ms * 1000000;
    static uint8_t in[RECEIVE_BYTES];
    ssize_t len;

    while ((len = receive(fd, in, sizeof(in), deadline_ns)) > 0)
        ;
    return len == 0;
}

static bool more(struct ws_client *c, int64_t deadline_ns)
{
    uint8_t in[RECEIVE_BYTES];
    ssize_t len = receive(c->fd, in, sizeof(in), deadline_ns);

    if (len == 0)
        c->closed = true;
    if (len > 0)
        assay_buf_add(&c->in, assay_bytes_of(in, (size_t)len));
    return len > 0;
}

static void drop(struct ws_client *c, size_t len)
{
    memmove(c->in.at, c->in.at + len, c->in.len - len);
    c->in.len -= len;
}

bool ws_open(struct ws_client *c, const char *url, int deadline_ms)
{
    static const char hello[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    int64_t deadline_ns = sock_now_ns() + (int64_t)deadline_ms * 1000000;
    const uint8_t *end = NULL;

    *c = (struct ws_client){
        .fd = tcp_connect(url),
        .in = ASSAY_BUF_INIT(MESSAGE_MAX_BYTES),
        .out = ASSAY_BUF_INIT(MESSAGE_MAX_BYTES),
    };
    if (tcp_send(c->fd, assay_str(hello)))
        while ((end = c->in.len > 0 ? memmem(c->in.at, c->in.len, "\r\n\r\n", 4) : NULL) == NULL &&
               more(c, deadline_ns))
            ;
    if (end == NULL || strncmp((const char *)c->in.at, "HTTP/1.1 101", 12) != 0)
        return false;
    drop(c, (size_t)(end - c->in.at) + 4);
    return true;
}

void ws_close(struct ws_client *c)
{
    close(c->fd);
    assay_buf_fini(&c->in);
    assay_buf_fini(&c->out);
}

bool ws_send_frame(struct ws_client *c, uint8_t first, struct assay_bytes payload)
{
    static const uint8_t mask[4] = {0x5A, 0xC3, 0x0F, 0x96};
    struct assay_buf frame = ASSAY_BUF_INIT(MESSAGE_MAX_BYTES);
    uint8_t *at;
    bool ok;

    assay_buf_add_byte(&frame, first);
    if (payload.len <= PAYLOAD_7_BITS) {
        assay_buf_add_byte(&frame, (uint8_t)(0x80 | payload.len));
    } else {
        assay_buf_add_byte(&frame, 0x80 | 127);
        for (unsigned i = 8; i-- > 0;)
            assay_buf_add_byte(&frame, (uint8_t)((uint64_t)payload.len >> (8 * i)));
    }
    assay_buf_add(&frame, assay_bytes_of(mask, sizeof(mask)));
    at = assay_buf_extend(&frame, payload.len);
    cr_assert_not_null(at);
    for (size_t i = 0; i < payload.len; i++)
        at[i] = payload.at[i] ^ mask[i % sizeof(mask)];
    ok = tcp_send(c->fd, assay_buf_view(&frame));
    assay_buf_fini(&frame);
    return ok;
}

bool ws_send(struct ws_client *c, const char *text)
{
    return ws_send_frame(c, WS_FIN | WS_TEXT, assay_str(text));
}

/* One frame that is there whole: its first byte, its payload, and how long it all is. */
static bool take_frame(const struct ws_client *c, uint8_t *first, struct assay_bytes *payload,
                       size_t *len)
{
    struct assay_bytes in = assay_buf_view(&c->in);
    size_t head = 2, count;

    if (in.len < 2)
        return false;
    count = in.at[1] & 0x7F;
    head += count == 126 ? 2 : count == 127 ? 8 : 0;
    if (in.len < head)
        return false;
    for (size_t i = 2; i < head; i++)
        count = i == 2 ? in.at[i] : count << 8 | in.at[i];
    if (in.len - head < count)
        return false;
    *first = in.at[0];
    *payload = assay_bytes_part(in, head, head + count);
    *len = head + count;
    return true;
}

/* As RFC 6455 has it, section 5.5.1: the other side waits for that before it closes. */
static void answer_close(struct ws_client *c, struct assay_bytes payload)
{
    static const uint8_t close_frame[] = {WS_FIN | WS_CLOSE, 0x80, 0, 0, 0, 0};

    if (payload.len >= 2)
        c->close_code = (unsigned)payload.at[0] << 8 | payload.at[1];
    (void)tcp_send(c->fd, assay_bytes_of(close_frame, sizeof(close_frame)));
}

const char *ws_receive(struct ws_client *c, int deadline_ms)
{
    int64_t deadline_ns = sock_now_ns() + (int64_t)deadline_ms * 1000000;
    struct assay_bytes payload;
    uint8_t first = 0;
    size_t len;

    assay_buf_clear(&c->out);
    c->fragments = 0;
    for (;;) {
        if (!take_frame(c, &first, &payload, &len)) {
            if (c->closed || !more(c, deadline_ns))
                return NULL;
            continue;
        }
        if ((first & 0x0F) == WS_CLOSE)
            answer_close(c, payload);
        if ((first & 0x0F) <= WS_TEXT) {
            assay_buf_add(&c->out, payload);
            c->fragments++;
        }
        drop(c, len);
        if ((first & 0x0F) <= WS_TEXT && (first & WS_FIN) != 0)
            return assay_buf_cstr(&c->out);
    }
}

bool ws_await_end(struct ws_client *c, int deadline_ms)
{
    while (ws_receive(c, deadline_ms) != NULL)
        ;
    return c->closed;
}
