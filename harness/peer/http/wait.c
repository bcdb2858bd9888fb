/* Waiting, the clock, and bytes put together. */
#include "peer/http/peer_internal.h"

#include "http/parts.h"

#include <limits.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* ---- waiting ---- */

void peer_pause(struct assay_case *t, int ms)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 + 1}};
    pid_t pid = instance_pid(case_instance(t));
    struct pollfd events[2] = {
        {.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), .events = POLLIN},
        {.fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1, .events = POLLIN}};

    if (events[0].fd >= 0 && timerfd_settime(events[0].fd, 0, &when, NULL) == 0)
        (void)poll(events, ARRAY_LEN(events), ms + 1000);
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        if (events[i].fd >= 0)
            close(events[i].fd);
}

void peer_await_clock(struct assay_case *t, int64_t at_ms)
{
    int64_t left_ms = at_ms - case_now_ms(t);

    if (left_ms >= 0)
        peer_pause(t, left_ms < INT_MAX ? (int)left_ms + 1 : INT_MAX);
}

/* ---- bytes ---- */

struct assay_bytes peer_keep(struct assay_case *t, struct assay_buf *buf)
{
    bool whole = assay_buf_ok(buf);
    struct assay_bytes kept = assay_arena_copy(case_arena(t), assay_buf_view(buf));

    assay_buf_fini(buf);
    if (!whole || kept.at == NULL)
        case_end(t, VERDICT_BROKEN, "out of memory for the text of a request");
    return kept;
}

struct assay_bytes peer_joined(struct assay_case *t, struct assay_bytes a, struct assay_bytes b)
{
    uint8_t *at = case_alloc(t, a.len + b.len + 1);

    memcpy(at, a.at, a.len);
    memcpy(at + a.len, b.at, b.len);
    return assay_bytes_of(at, a.len + b.len);
}

const char *peer_base_url(struct assay_case *t)
{
    const char *public = case_target(t)->public_url;
    struct assay_buf out = ASSAY_BUF_INIT(4096);
    const struct http_peer *peer = case_peer(t);

    if (public != NULL)
        return public;
    assay_buf_add(&out, peer->url.scheme);
    assay_buf_add_str(&out, "://");
    http_peer_write(&out, peer);
    return (const char *)peer_keep(t, &out).at;
}

const char *peer_authority(struct assay_case *t)
{
    const char *name = strstr(peer_base_url(t), "://") + 3;

    return case_printf(t, "%.*s", (int)strcspn(name, "/?#"), name);
}

struct assay_bytes peer_head(struct assay_case *t, struct peer_want want, struct assay_bytes lines)
{
    const char *start = case_printf(t, "%s %s HTTP/1.1\r\nHost: %s\r\n", want.method, want.target,
                                    peer_authority(t));

    return peer_joined(t, peer_joined(t, assay_str(start), lines), ASSAY_LIT("\r\n"));
}

/* ---- the clock ---- */

void peer_clock_at(struct assay_case *t, int64_t at_ms)
{
    struct timespec real;

    if (clock_gettime(CLOCK_REALTIME, &real) != 0)
        case_end(t, VERDICT_BROKEN, "this machine has no wall clock");
    case_shift_clock(t, at_ms - ((int64_t)real.tv_sec * 1000 + real.tv_nsec / 1000000));
}
