/* The role `origin`: a small HTTP/1.1 server on one thread that counts what it was asked to do. Its
 * own, since it must stall, reset and cut off where a server library would not. */
#include "roles/origin.h"

#include "http/sock.h"
#include "roles/origin_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { RECEIVE_BYTES = 16384, ACCEPT_AGAIN_MS = 20 };

#define IN_CHUNKS UINT64_MAX /* as the length of a body: it is not told */

/* ---- the answer to an execution ---- */

static void add_head(struct assay_buf *out, int status, const char *content_type, const char *lines,
                     uint64_t len, bool close)
{
    assay_buf_printf(out, "HTTP/1.1 %d %s\r\n", status, status < 300 ? "OK" : "Not OK");
    if (content_type != NULL)
        assay_buf_printf(out, "Content-Type: %s\r\n", content_type);
    if (lines != NULL)
        assay_buf_add_str(out, lines);
    if (len == IN_CHUNKS)
        assay_buf_add_str(out, "Transfer-Encoding: chunked\r\n");
    else if (status != 204 && status != 304)
        assay_buf_printf(out, "Content-Length: %" PRIu64 "\r\n", len);
    assay_buf_add_str(out, close ? "Connection: close\r\n\r\n" : "\r\n");
}

static void add_chunk(struct assay_buf *out, struct assay_bytes part)
{
    if (part.len == 0) /* it would be the end */
        return;
    assay_buf_printf(out, "%zx\r\n", part.len);
    assay_buf_add(out, part);
    assay_buf_add_str(out, "\r\n");
}

static bool is_streamed(const struct origin_rule *rule)
{
    return rule->behaviour == ORIGIN_STREAM || rule->behaviour == ORIGIN_BREAK_OFF;
}

/* The body, as much of it as the rule has sent. */
static void add_body(struct origin_link *link, const struct origin_rule *rule,
                     struct assay_bytes body)
{
    size_t half = body.len / 2;
    bool cuts = rule->behaviour == ORIGIN_TRUNCATE;

    if (!is_streamed(rule)) {
        assay_buf_add(&link->out, assay_bytes_part(body, 0, cuts ? half : body.len));
        return;
    }
    add_chunk(&link->out, assay_bytes_part(body, 0, half));
    link->held_from = link->out.len;
    if (rule->behaviour == ORIGIN_BREAK_OFF)
        return;
    add_chunk(&link->out, assay_bytes_part(body, half, body.len));
    assay_buf_add_str(&link->out, "0\r\n\r\n");
}

/* Writes the whole answer by the rule, but for a large body, which is made as it goes out. */
static void render(struct origin_link *link, const struct origin_rule *rule)
{
    struct assay_buf body = ASSAY_BUF_INIT(ORIGIN_ANSWER_MAX_BYTES);
    const struct origin_request *asked = &link->request;
    const char *type =
        rule->content_type != NULL ? rule->content_type : "text/plain; charset=utf-8";
    bool fails = rule->behaviour == ORIGIN_FAIL;
    bool cuts = rule->behaviour == ORIGIN_TRUNCATE || rule->behaviour == ORIGIN_BREAK_OFF;
    int status = rule->status != 0 ? rule->status : fails ? 500 : 200;
    bool bare = asked->is_head || status == 204 || status == 304;
    uint64_t len;

    if (rule->body_set || rule->body.len > 0)
        assay_buf_add(&body, rule->body);
    else
        assay_buf_printf(&body, "execution %" PRIu64 " of %s %s%s\n", link->execution,
                         asked->method, asked->target, fails ? " failed" : "");
    len = rule->behaviour == ORIGIN_LARGE ? rule->large_bytes
          : is_streamed(rule) && !bare    ? IN_CHUNKS
                                          : body.len;
    link->held_from = 0;
    link->close_after = !asked->keep_alive || cuts;
    add_head(&link->out, status, type, rule->head_lines, len, link->close_after);
    link->large_left = rule->behaviour == ORIGIN_LARGE && !bare ? len : 0;
    if (!bare && rule->behaviour != ORIGIN_LARGE)
        add_body(link, rule, assay_buf_view(&body));
    if (!assay_buf_ok(&body))
        link->out.bad = body.bad;
    assay_buf_fini(&body);
}

/* ---- one connection ---- */

static void close_link(struct origin *origin, struct origin_link *link, bool reset)
{
    if (link->execution != 0)
        origin_log_end(&origin->log, link->execution);
    link->execution = 0;
    if (reset)
        sock_reset(link->fd);
    else
        close(link->fd);
    assay_buf_fini(&link->out);
    origin_request_fini(&link->request);
    link->fd = -1;
}

/* Takes the rule that holds now and counts this execution against it. */
static const struct origin_rule *take_rule(struct origin *origin)
{
    static const struct origin_rule answer = {.behaviour = ORIGIN_ANSWER};

    if (origin->rule.times != 0 && origin->rule_used >= origin->rule.times)
        return &answer;
    origin->rule_used++;
    return &origin->rule;
}

/* The request is complete: it is logged, and answered or not as the rule has it. */
static void execute(struct origin *origin, struct origin_link *link)
{
    const struct origin_rule *rule;
    bool reset, stall;

    pthread_mutex_lock(&origin->log.lock);
    rule = take_rule(origin);
    reset = rule->behaviour == ORIGIN_RESET;
    stall = rule->behaviour == ORIGIN_STALL || rule->behaviour == ORIGIN_STREAM;
    link->execution = origin_log_begin(&origin->log, &link->request);
    link->stalled_at = stall ? origin->releases : 0;
    link->stalled = stall;
    render(link, rule);
    pthread_mutex_unlock(&origin->log.lock);
    if (reset || !assay_buf_ok(&link->out))
        close_link(origin, link, true);
}

static void refuse(struct origin_link *link)
{
    static const char why[] = "no HTTP request that this origin reads\n";

    link->close_after = true;
    add_head(&link->out, 400, "text/plain", NULL, sizeof(why) - 1, true);
    assay_buf_add_str(&link->out, why);
}

static bool is_answering(const struct origin_link *link)
{
    return link->out.len > 0 || link->large_left > 0;
}

/* Reads requests until one is complete or nothing is left; what is behind it waits for its answer.
 */
static void read_requests(struct origin *origin, struct origin_link *link)
{
    if (is_answering(link))
        return;
    switch (origin_request_read(&link->request)) {
    case ORIGIN_REQUEST_MORE:
        break;
    case ORIGIN_REQUEST_CONTINUE:
        link->interim = true;
        assay_buf_add_str(&link->out, "HTTP/1.1 100 Continue\r\n\r\n");
        break;
    case ORIGIN_REQUEST_DONE:
        execute(origin, link);
        break;
    case ORIGIN_REQUEST_BAD:
        refuse(link);
        break;
    case ORIGIN_REQUEST_NOMEM:
        close_link(origin, link, true);
        break;
    }
}

/* More of a large body, once what was before it is gone. */
static void refill(struct origin_link *link)
{
    static const char line[] = "a large body is made of lines of sixty-four bytes such as this.\n";

    assay_buf_clear(&link->out);
    link->out_sent = 0;
    while (link->large_left > 0 && link->out.len + sizeof(line) <= RECEIVE_BYTES) {
        uint64_t len = link->large_left < sizeof(line) - 1 ? link->large_left : sizeof(line) - 1;

        assay_buf_add(&link->out, assay_bytes_of(line, (size_t)len));
        link->large_left -= len;
    }
}

/* Everything of an answer is sent: the next request may have come already. */
static void answer_sent(struct origin *origin, struct origin_link *link)
{
    if (link->execution != 0)
        origin_log_end(&origin->log, link->execution);
    link->execution = 0;
    if (link->close_after) {
        close_link(origin, link, false);
        return;
    }
    if (!link->interim)
        origin_request_next(&link->request);
    link->interim = false;
    read_requests(origin, link);
}

static void transmit(struct origin *origin, struct origin_link *link)
{
    struct assay_bytes rest = assay_bytes_part(assay_buf_view(&link->out), link->out_sent,
                                               link->stalled ? link->held_from : SIZE_MAX);
    ssize_t len = send(link->fd, rest.at, rest.len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len < 0) {
        close_link(origin, link, false);
        return;
    }
    link->out_sent += (size_t)len;
    if (link->stalled || link->out_sent < link->out.len)
        return;
    refill(link);
    if (!assay_buf_ok(&link->out))
        close_link(origin, link, true);
    else if (!is_answering(link))
        answer_sent(origin, link);
}

static void receive(struct origin *origin, struct origin_link *link)
{
    uint8_t in[RECEIVE_BYTES];
    ssize_t len = recv(link->fd, in, sizeof(in), MSG_DONTWAIT);

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len < 0 || (len == 0 && (link->stalled || !is_answering(link)))) {
        close_link(origin, link, false);
        return;
    }
    if (len == 0) {
        link->close_after = link->ended = true; /* it may still read the answer */
        return;
    }
    assay_buf_add(&link->request.in, assay_bytes_of(in, (size_t)len));
    if (!assay_buf_ok(&link->request.in))
        close_link(origin, link, true);
    else
        read_requests(origin, link);
    if (link->fd >= 0 && is_answering(link) && !link->stalled)
        transmit(origin, link);
}

/* ---- the thread ---- */

static void accept_all(struct origin *origin)
{
    for (size_t i = 0; i < ORIGIN_LINKS_MAX; i++) {
        struct origin_link *link = &origin->links[i];
        int fd;

        if (link->fd >= 0)
            continue;
        fd = sock_accept(origin->listener);
        if (fd < 0) {
            origin->accept_waits = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
            return;
        }
        origin->links_used = i + 1 > origin->links_used ? i + 1 : origin->links_used;
        *link = (struct origin_link){.fd = fd, .out = ASSAY_BUF_INIT(ORIGIN_ANSWER_MAX_BYTES)};
        origin_request_init(&link->request);
    }
}

static short wanted(const struct origin_link *link)
{
    short events = 0;

    /* While an answer is held or sent, as much is read as shows that the connection ended. */
    if (!link->ended && link->request.in.len < ORIGIN_PIPELINE_BYTES)
        events = POLLIN;
    if (is_answering(link) && (!link->stalled || link->out_sent < link->held_from))
        events = (short)(events | POLLOUT);
    return events;
}

static size_t fill_polls(struct origin *origin)
{
    size_t n = 2;

    origin->polls[0] = (struct pollfd){.fd = origin->wake, .events = POLLIN};
    for (size_t i = 0; i < origin->links_used; i++) {
        if (origin->links[i].fd < 0)
            continue;
        origin->polled[n] = &origin->links[i];
        origin->polls[n++] =
            (struct pollfd){.fd = origin->links[i].fd, .events = wanted(&origin->links[i])};
    }
    origin->polls[1] = (struct pollfd){
        .fd = n - 2 < ORIGIN_LINKS_MAX && !origin->accept_waits ? origin->listener : -1,
        .events = POLLIN};
    return n;
}

static void serve_link(struct origin *origin, struct origin_link *link, int got)
{
    if (got & POLLOUT)
        transmit(origin, link);
    if (link->fd >= 0 && got & (POLLIN | POLLHUP | POLLERR)) {
        if (link->ended && got & (POLLHUP | POLLERR))
            close_link(origin, link, false);
        else
            receive(origin, link);
    }
}

/* What the owner asked for meanwhile. Returns: whether to go on. */
static bool heed_owner(struct origin *origin)
{
    bool stopping;

    sock_wake_taken(origin->wake);
    pthread_mutex_lock(&origin->log.lock);
    stopping = origin->stopping;
    for (size_t i = 0; i < ORIGIN_LINKS_MAX; i++) {
        struct origin_link *link = &origin->links[i];

        if (link->fd >= 0 && link->stalled && link->stalled_at != origin->releases)
            link->stalled = false;
    }
    pthread_mutex_unlock(&origin->log.lock);
    return !stopping;
}

static void *serve(void *context)
{
    struct origin *origin = context;
    bool going = true;

    while (going) {
        size_t n = fill_polls(origin);

        if (poll(origin->polls, n, origin->accept_waits ? ACCEPT_AGAIN_MS : -1) < 0) {
            if (errno == EINTR || errno == ENOMEM)
                continue;
            break;
        }
        origin->accept_waits = false;
        if (origin->polls[0].revents != 0)
            going = heed_owner(origin);
        for (size_t i = 2; i < n && going; i++) {
            if (origin->polls[i].revents != 0)
                serve_link(origin, origin->polled[i], origin->polls[i].revents);
        }
        if (origin->polls[1].revents != 0 && going)
            accept_all(origin);
    }
    for (size_t i = 0; i < ORIGIN_LINKS_MAX; i++) {
        if (origin->links[i].fd >= 0)
            close_link(origin, &origin->links[i], false);
    }
    return NULL;
}

/* ---- its owner's side ---- */

static bool start_thread(struct origin *origin)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    origin->running = pthread_create(&origin->thread, NULL, serve, origin) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return origin->running;
}

enum assay_code origin_start(struct origin **out, uint16_t port, struct assay_err *err)
{
    struct origin *origin = assay_alloc(sizeof(*origin));
    enum assay_code rc;

    if (origin == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for an origin");
    memset(origin, 0, sizeof(*origin));
    for (size_t i = 0; i < ORIGIN_LINKS_MAX; i++)
        origin->links[i].fd = -1;
    origin->listener = -1;
    origin_log_init(&origin->log);
    origin->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if ((rc = sock_listen(&origin->listener, &port, port, err)) != ASSAY_OK)
        goto out;
    if (snprintf(origin->url, sizeof(origin->url), "http://127.0.0.1:%u", (unsigned)port) >=
            (int)sizeof(origin->url) ||
        origin->wake < 0 || !start_thread(origin)) {
        rc = assay_fail(err, ASSAY_E_IO, 0, "starting an origin: %s", strerror(errno));
        goto out;
    }
    *out = origin;
    origin = NULL;
out:
    origin_stop(origin);
    return rc;
}

void origin_stop(struct origin *origin)
{
    if (origin == NULL)
        return;
    if (origin->running) {
        pthread_mutex_lock(&origin->log.lock);
        origin->stopping = true;
        pthread_mutex_unlock(&origin->log.lock);
        sock_wake(origin->wake);
        pthread_join(origin->thread, NULL);
    }
    if (origin->listener >= 0)
        close(origin->listener);
    if (origin->wake >= 0)
        close(origin->wake);
    assay_free(origin->rule_text);
    origin_log_fini(&origin->log);
    assay_free(origin);
}

const char *origin_url(const struct origin *origin)
{
    return origin->url;
}

/* One block for what the rule borrows; NULL when out of memory. */
static char *copy_rule(struct origin_rule *copy, const struct origin_rule *rule)
{
    size_t type_len = rule->content_type != NULL ? strlen(rule->content_type) + 1 : 0;
    size_t lines_len = rule->head_lines != NULL ? strlen(rule->head_lines) + 1 : 0;
    char *text = assay_alloc(type_len + lines_len + rule->body.len);

    *copy = *rule;
    if (text == NULL)
        return NULL;
    if (type_len > 0)
        copy->content_type = memcpy(text, rule->content_type, type_len);
    if (lines_len > 0)
        copy->head_lines = memcpy(text + type_len, rule->head_lines, lines_len);
    if (rule->body.len > 0)
        memcpy(text + type_len + lines_len, rule->body.at, rule->body.len);
    copy->body = assay_bytes_of(text + type_len + lines_len, rule->body.len);
    return text;
}

void origin_behave(struct origin *origin, const struct origin_rule *rule)
{
    struct origin_rule copy;
    char *text = copy_rule(&copy, rule);

    if (text == NULL)
        copy = (struct origin_rule){.behaviour = ORIGIN_FAIL};
    pthread_mutex_lock(&origin->log.lock);
    assay_free(origin->rule_text);
    origin->rule_text = text;
    origin->rule = copy;
    origin->rule_used = 0;
    origin->releases++;
    pthread_mutex_unlock(&origin->log.lock);
    sock_wake(origin->wake);
}

void origin_release(struct origin *origin)
{
    pthread_mutex_lock(&origin->log.lock);
    origin->releases++;
    pthread_mutex_unlock(&origin->log.lock);
    sock_wake(origin->wake);
}

uint64_t origin_executions(struct origin *origin)
{
    return origin_log_counts(&origin->log).begun;
}

uint64_t origin_running(struct origin *origin)
{
    struct origin_counts counts = origin_log_counts(&origin->log);

    return counts.begun - counts.ended;
}

bool origin_await(struct origin *origin, uint64_t count, int deadline_ms)
{
    return origin_log_await(&origin->log, count, false, deadline_ms);
}

bool origin_await_idle(struct origin *origin, int deadline_ms)
{
    return origin_log_await(&origin->log, 0, true, deadline_ms);
}

bool origin_execution(struct origin *origin, uint64_t number, struct origin_execution *out)
{
    return origin_log_find(&origin->log, number, out);
}
