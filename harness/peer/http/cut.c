/* A payer that sends its request and hangs up before the answer. */
#include "peer/http/peer_internal.h"

#include "http/sock.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

struct peer_cut {
    int fd;
};

static void end_cut(void *with)
{
    struct peer_cut *cut = with;

    if (cut->fd >= 0)
        sock_reset(cut->fd);
    cut->fd = -1;
}

static int connected(struct assay_case *t, int64_t deadline_ns)
{
    struct sock_dial dial;
    struct assay_err err = {0};
    enum sock_state state;
    int fd;

    if (sock_dial_init(&dial, case_peer(t), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target cannot be reached: %s", err.text);
    while ((state = sock_dial_step(&dial)) == SOCK_PENDING && sock_ms_left(deadline_ns) > 0) {
        struct pollfd event = {.fd = dial.fd, .events = POLLOUT};

        (void)poll(&event, 1, sock_ms_left(deadline_ns));
    }
    fd = state == SOCK_CONNECTED ? dial.fd : -1;
    if (fd < 0)
        sock_dial_fini(&dial);
    return fd;
}

static bool send_all(int fd, struct assay_bytes bytes, int64_t deadline_ns)
{
    struct pollfd event = {.fd = fd, .events = POLLOUT};
    size_t sent = 0;

    while (sent < bytes.len && sock_ms_left(deadline_ns) > 0) {
        ssize_t n = send(fd, bytes.at + sent, bytes.len - sent, MSG_NOSIGNAL);

        if (n > 0)
            sent += (size_t)n;
        else if (errno == EAGAIN || errno == EINTR)
            (void)poll(&event, 1, sock_ms_left(deadline_ns));
        else
            return false;
    }
    return sent == bytes.len;
}

struct peer_cut *peer_send_unheard(struct assay_case *t, const char *label, struct peer_want want,
                                   struct peer_with with)
{
    int64_t deadline_ns = sock_now_ns() + (int64_t)case_patience_ms(t) * 1000000;
    struct peer_cut *cut = case_alloc(t, sizeof(*cut));

    peer_keep_to_rate(t, 1);
    cut->fd = connected(t, deadline_ns);
    case_defer(t, end_cut, cut);
    if (cut->fd < 0 || !send_all(cut->fd, peer_bytes(t, want, with, false), deadline_ns))
        case_end(t, VERDICT_BROKEN, "%s: could not be sent", label);
    case_note(t, "%s: sent, and its connection kept open", label);
    return cut;
}

void peer_hang_up(struct assay_case *t, struct peer_cut *cut)
{
    end_cut(cut);
    case_note(t, "the payer hung up");
}
