/* Bursts: many requests on connections of their own, held back by their last byte, released
 * together. */
#include "http/client.h"

#include "http/parts.h"
#include "http/sock.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

enum part {
    DIALLING,
    FILLING,  /* all but the last byte is being sent */
    HELD,     /* only the last byte is missing */
    RELEASED, /* it is sent, or to be sent as soon as the socket takes it */
    DONE,
};

struct lane {
    enum part part;
    struct sock_dial dial;
    int fd; /* of a connection that stands, else -1 */
    struct assay_buf bytes;
    size_t sent;
    struct http_reader reader;
    struct http_exchange *exchange;
};

struct burst {
    struct lane *lanes;
    struct pollfd *polls;
    size_t n;
    int64_t wall_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
};

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a burst");
}

static void end_lane(struct lane *lane, enum http_outcome outcome, const char *trouble)
{
    if (lane->part == DONE)
        return;
    http_exchange_end(lane->exchange, outcome, trouble);
    sock_dial_fini(&lane->dial);
    if (lane->fd >= 0)
        close(lane->fd);
    lane->fd = -1;
    lane->part = DONE;
}

static enum assay_code answered(struct lane *lane, struct assay_err *err)
{
    if (http_reader_take(&lane->reader, &lane->exchange->response) != HTTP_READ_DONE)
        return no_memory(err);
    assay_buf_fini(&lane->reader.body);
    end_lane(lane, HTTP_ANSWERED, NULL);
    return ASSAY_OK;
}

static void dial(struct lane *lane)
{
    const int one = 1;

    switch (sock_dial_step(&lane->dial)) {
    case SOCK_PENDING:
        return;
    case SOCK_FAILED:
        end_lane(lane, HTTP_NO_CONNECTION,
                 lane->dial.error == ECONNREFUSED ? HTTP_TROUBLE_REFUSED
                                                  : HTTP_TROUBLE_UNREACHABLE);
        return;
    case SOCK_CONNECTED:
        lane->fd = lane->dial.fd;
        lane->dial.fd = -1;
        lane->part = FILLING;
        (void)setsockopt(lane->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
    }
}

/* Sends up to `limit`; what a broken connection has still to say is found by reading it. The last
 * byte is timed before it goes, since its answer may be there before send returns. */
static void send_up_to(struct lane *lane, size_t limit)
{
    ssize_t done = 0;

    while (lane->sent < limit && done >= 0) {
        int64_t now_ns = sock_now_ns();

        done = send(lane->fd, lane->bytes.at + lane->sent, limit - lane->sent,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done > 0)
            lane->sent += (size_t)done;
        if (lane->sent == lane->bytes.len)
            lane->exchange->sent_ns = now_ns;
    }
}

/* A connection is ready when all but the last byte is sent and it is writable still. */
static void writable(struct lane *lane)
{
    size_t all = lane->bytes.len;

    if (lane->part == FILLING && lane->sent == all - 1)
        lane->part = HELD;
    else
        send_up_to(lane, lane->part == RELEASED ? all : all - 1);
}

/* When the kernel got what is being read, on the monotonic clock; now where it does not say. A
 * burst is read after it is sent, so the time of reading alone would overstate the overlap. */
static int64_t arrival_ns(const struct burst *burst, struct msghdr *message)
{
    int64_t now = sock_now_ns();
    struct timespec stamp;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            int64_t at;

            memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
            at = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec - burst->wall_ns;
            return at < now ? at : now;
        }
    }
    return now;
}

static enum assay_code feed(struct lane *lane, struct assay_bytes in, struct assay_err *err)
{
    size_t used;

    switch (http_reader_feed(&lane->reader, &used, in)) {
    case HTTP_READ_MORE:
        return ASSAY_OK;
    case HTTP_READ_DONE:
        return answered(lane, err);
    case HTTP_READ_GARBLED:
        end_lane(lane, HTTP_GARBLED, lane->reader.trouble);
        return ASSAY_OK;
    case HTTP_READ_NOMEM:
        break;
    }
    return no_memory(err);
}

static enum assay_code readable(const struct burst *burst, struct lane *lane, struct assay_err *err)
{
    uint8_t in[HTTP_RECEIVE_BYTES];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec to = {.iov_base = in, .iov_len = sizeof(in)};
    struct msghdr message = {.msg_iov = &to,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t len = recvmsg(lane->fd, &message, MSG_DONTWAIT);

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return ASSAY_OK;
    if (len > 0) {
        if (lane->exchange->first_ns == 0)
            lane->exchange->first_ns = arrival_ns(burst, &message);
        return feed(lane, assay_bytes_of(in, (size_t)len), err);
    }
    if (len == 0 && http_reader_ends_here(&lane->reader))
        return answered(lane, err);
    end_lane(lane, HTTP_CLOSED, HTTP_TROUBLE_CLOSED);
    return ASSAY_OK;
}

static void prepare_polls(struct burst *burst)
{
    for (size_t i = 0; i < burst->n; i++) {
        const struct lane *lane = &burst->lanes[i];
        bool sends =
            lane->part == FILLING || (lane->part == RELEASED && lane->sent < lane->bytes.len);

        burst->polls[i] = (struct pollfd){
            .fd = lane->part == DIALLING ? lane->dial.fd : lane->fd,
            .events = lane->part == DIALLING ? POLLOUT
                      : sends                ? POLLIN | POLLOUT
                                             : POLLIN,
        };
    }
}

/* Until no lane is in a part from `first` to `last`, or the deadline. */
static enum assay_code drive(struct burst *burst, enum part first, enum part last,
                             int64_t deadline_ns, struct assay_err *err)
{
    for (;;) {
        enum assay_code rc = ASSAY_OK;
        bool busy = false;
        int left = sock_ms_left(deadline_ns);

        for (size_t i = 0; i < burst->n; i++)
            busy = busy || (burst->lanes[i].part >= first && burst->lanes[i].part <= last);
        if (!busy || left == 0)
            return ASSAY_OK;
        prepare_polls(burst);
        if (poll(burst->polls, burst->n, left) < 0 && errno != EINTR)
            return no_memory(err);
        for (size_t i = 0; i < burst->n && rc == ASSAY_OK; i++) {
            struct lane *lane = &burst->lanes[i];
            int got = burst->polls[i].revents;

            if (got != 0 && lane->part == DIALLING) {
                dial(lane);
                continue;
            }
            if (got & (POLLIN | POLLHUP | POLLERR))
                rc = readable(burst, lane, err);
            if (got & POLLOUT && lane->fd >= 0)
                writable(lane);
        }
        if (rc != ASSAY_OK)
            return rc;
    }
}

/* The last bytes, back to back. */
static void release(struct burst *burst)
{
    for (size_t i = 0; i < burst->n; i++) {
        if (burst->lanes[i].part == HELD) {
            burst->lanes[i].part = RELEASED;
            send_up_to(&burst->lanes[i], burst->lanes[i].bytes.len);
        }
    }
}

static void measure(struct http_overlap *overlap, const struct burst *burst)
{
    int64_t first = INT64_MAX, last = 0;

    *overlap = (struct http_overlap){.requests = burst->n};
    for (size_t i = 0; i < burst->n; i++) {
        int64_t at = burst->lanes[i].exchange->sent_ns;
        size_t flying = 0;

        if (at == 0)
            continue; /* never sent whole */
        first = at < first ? at : first;
        last = at > last ? at : last;
        for (size_t k = 0; k < burst->n; k++) {
            const struct http_exchange *x = burst->lanes[k].exchange;
            int64_t back_ns = x->first_ns != 0 ? x->first_ns : x->end_ns;

            flying += x->sent_ns != 0 && x->sent_ns <= at && at < back_ns;
        }
        overlap->in_flight = flying > overlap->in_flight ? flying : overlap->in_flight;
    }
    overlap->release_ns = last > 0 ? last - first : 0;
}

static enum assay_code set_up(struct burst *burst, struct assay_arena *arena,
                              const struct http_peer *const *peers,
                              const struct http_request *const *requests, struct assay_err *err)
{
    struct timespec wall;

    clock_gettime(CLOCK_REALTIME, &wall);
    burst->wall_ns = (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec - sock_now_ns();
    for (size_t i = 0; i < burst->n; i++) {
        struct lane *lane = &burst->lanes[i];
        bool is_head = strcmp(requests[i]->method, "HEAD") == 0;
        enum assay_code rc;

        lane->exchange = http_exchange_new(arena, requests[i]);
        http_request_write(&lane->bytes, peers[i], requests[i], true);
        if (lane->exchange == NULL || !assay_buf_ok(&lane->bytes))
            return no_memory(err);
        http_reader_init(&lane->reader, arena, is_head, http_body_room(arena, burst->n));
        if ((rc = sock_dial_init(&lane->dial, peers[i], err)) != ASSAY_OK)
            return rc;
        if (assay_bytes_equal_nocase(peers[i]->url.scheme, ASSAY_LIT("https")))
            end_lane(lane, HTTP_NO_CONNECTION, HTTP_TROUBLE_TLS);
        else
            dial(lane);
    }
    return ASSAY_OK;
}

static enum assay_code run(struct burst *burst, int deadline_ms, struct assay_err *err)
{
    int64_t start = sock_now_ns(), ms = 1000000;
    enum assay_code rc;

    /* Half of the time is for getting ready; what is not ready then is given up. */
    rc = drive(burst, DIALLING, FILLING, start + deadline_ms * ms / 2, err);
    if (rc != ASSAY_OK)
        return rc;
    for (size_t i = 0; i < burst->n; i++) {
        if (burst->lanes[i].part == DIALLING)
            end_lane(&burst->lanes[i], HTTP_TIMEOUT, HTTP_TROUBLE_NO_CONNECT_IN_TIME);
        if (burst->lanes[i].part == FILLING)
            end_lane(&burst->lanes[i], HTTP_TIMEOUT, HTTP_TROUBLE_UNSENT);
    }
    release(burst);
    rc = drive(burst, RELEASED, RELEASED, start + deadline_ms * ms, err);
    for (size_t i = 0; i < burst->n; i++)
        end_lane(&burst->lanes[i], HTTP_TIMEOUT, HTTP_TROUBLE_TIMEOUT);
    return rc;
}

enum assay_code http_burst(struct http_exchange **exchanges, struct http_overlap *overlap,
                           struct assay_arena *arena, const struct http_peer *const *peers,
                           const struct http_request *const *requests, size_t n, int deadline_ms,
                           struct assay_err *err)
{
    struct burst burst = {.n = n};
    enum assay_code rc = ASSAY_E_NOMEM;

    assert(n <= HTTP_BURST_MAX);
    burst.lanes = assay_alloc(sizeof(*burst.lanes) * HTTP_BURST_MAX);
    burst.polls = assay_alloc(sizeof(*burst.polls) * HTTP_BURST_MAX);
    if (burst.lanes == NULL || burst.polls == NULL) {
        burst.n = 0;
        (void)no_memory(err);
        goto out;
    }
    for (size_t i = 0; i < burst.n; i++)
        burst.lanes[i] =
            (struct lane){.dial.fd = -1, .fd = -1, .bytes = ASSAY_BUF_INIT(HTTP_REQUEST_MAX_BYTES)};
    if ((rc = set_up(&burst, arena, peers, requests, err)) != ASSAY_OK ||
        (rc = run(&burst, deadline_ms > 0 ? deadline_ms : 1, err)) != ASSAY_OK)
        goto out;
    measure(overlap, &burst);
    for (size_t i = 0; i < burst.n; i++)
        exchanges[i] = burst.lanes[i].exchange;
out:
    for (size_t i = 0; i < burst.n; i++) {
        struct lane *lane = &burst.lanes[i];

        if (lane->fd >= 0)
            close(lane->fd);
        sock_dial_fini(&lane->dial);
        assay_buf_fini(&lane->bytes);
        http_reader_fini(&lane->reader);
    }
    assay_free(burst.polls);
    assay_free(burst.lanes);
    return rc;
}
