/* A node's REST server: HTTP by libmicrohttpd, a thread a connection, so that a call can be held.
 * Its own, since it must drop, hold and refuse where a server would not. */
#include "roles/kaspa_node_internal.h"

#include "http/sock.h"

#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, IDLE_SECONDS = 60, BLOCK_BYTES = 64 << 10 };

struct node_http {
    struct kaspa_node *node;
    struct MHD_Daemon *daemon;
    int quit; /* readable when it ends: wakes who holds a call */
};

/* One request; made when its first line is read. */
struct exchange {
    struct assay_buf target; /* as it came */
    struct assay_buf body;
    bool has_head;
};

/* An answer on its way out: its text, then spaces up to its size. */
struct sending {
    struct assay_buf text;
};

/* ---- answers ---- */

static ssize_t read_answer(void *cls, uint64_t at, char *out, size_t room)
{
    struct sending *s = cls;
    struct assay_bytes rest = at < s->text.len
                                  ? assay_bytes_part(assay_buf_view(&s->text), (size_t)at, SIZE_MAX)
                                  : ASSAY_LIT("");

    memset(out, ' ', room);
    memcpy(out, rest.at, rest.len < room ? rest.len : room);
    return (ssize_t)room;
}

static void free_answer(void *cls)
{
    struct sending *s = cls;

    assay_buf_fini(&s->text);
    assay_free(s);
}

/* Takes over the content of `text`. */
static struct MHD_Response *make_response(struct assay_buf *text, size_t large_bytes)
{
    struct sending *s = assay_alloc(sizeof(*s));
    struct MHD_Response *response;

    if (s == NULL)
        return NULL;
    s->text = *text;
    *text = (struct assay_buf)ASSAY_BUF_INIT(0);
    response =
        MHD_create_response_from_callback(large_bytes > s->text.len ? large_bytes : s->text.len,
                                          BLOCK_BYTES, read_answer, s, free_answer);
    if (response == NULL)
        free_answer(s);
    return response;
}

/* Replaces the answer by its bomb. */
static void compress(struct assay_buf *text, size_t large_bytes)
{
    struct assay_buf bomb = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);

    node_gzip(&bomb, assay_buf_view(text), large_bytes);
    assay_buf_fini(text);
    *text = bomb;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned status,
                                   struct assay_buf *text, const struct node_turn *turn)
{
    bool bomb = turn->fault == KASPA_NODE_BOMB, large = turn->fault == KASPA_NODE_OVERSIZED;
    struct MHD_Response *response;
    enum MHD_Result queued;

    if (bomb)
        compress(text, turn->how.large_bytes);
    if (!assay_buf_ok(text))
        return MHD_NO;
    response = make_response(text, large ? turn->how.large_bytes : 0);
    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    if (bomb)
        (void)MHD_add_response_header(response, "Content-Encoding", "gzip");
    queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

/* Until the time is over; false: the client has gone, or the node ends. delay_ms < 0: for good. */
static bool hold(struct node_http *http, struct MHD_Connection *connection, int delay_ms)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int64_t deadline_ns = sock_now_ns() + (int64_t)delay_ms * 1000000;
    struct pollfd at[] = {
        {.fd = http->quit, .events = POLLIN},
        {.fd = info != NULL ? info->connect_fd : -1, .events = POLLRDHUP},
    };

    for (;;) {
        int rc = poll(at, ARRAY_LEN(at), delay_ms < 0 ? -1 : sock_ms_left(deadline_ns));

        if (rc == 0)
            return true;
        if (rc > 0)
            return false;
    }
}

/* ---- calls ---- */

static enum MHD_Result dispatch(struct node_http *http, struct MHD_Connection *connection,
                                unsigned status, struct assay_buf *text,
                                const struct node_turn *turn)
{
    enum MHD_Result queued = MHD_NO;
    int delay_ms = turn->how.delay_ms < INT_MAX ? (int)turn->how.delay_ms : INT_MAX;

    if (turn->fault == KASPA_NODE_DROP)
        return MHD_NO;
    if (turn->fault == KASPA_NODE_SILENT && !hold(http, connection, -1))
        return MHD_NO;
    if (turn->fault == KASPA_NODE_SLOW && !hold(http, connection, delay_ms))
        return MHD_NO;
    node_spoil(text, turn->fault, NULL);
    queued = send_answer(connection, status, text, turn);
    if (queued == MHD_YES)
        node_log_answered(&http->node->log, turn->number);
    return queued;
}

static enum MHD_Result serve(struct node_http *http, struct MHD_Connection *connection,
                             const char *url, const char *verb, const struct exchange *x)
{
    struct assay_bytes target = assay_buf_view(&x->target);
    size_t query = assay_bytes_find(target, '?', 0) + 1;
    const struct node_rest_request request = {
        .verb = verb,
        .path = url,
        .query = (const char *)assay_bytes_part(target, query, SIZE_MAX).at,
        .body = assay_buf_view(&x->body),
    };
    struct assay_buf method = ASSAY_BUF_INIT(NODE_PARAMS_KEEP_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);
    char part[KASPA_NODE_NAME_MAX_BYTES];
    struct kaspa_node *node = http->node;
    enum MHD_Result queued = MHD_NO;
    struct node_turn turn;
    unsigned status;

    assay_buf_printf(&method, "%s %s", verb, url);
    node_rest_part(part, url);
    if (assay_buf_cstr(&method) != NULL) {
        node_turn_begin(node, &turn, true, assay_buf_cstr(&method), part,
                        request.body.len > 0 ? request.body : assay_str(request.query),
                        node_rest_is_about_tx(&request));
        kaspa_chain_lock_take(node->chain_lock);
        status = node_rest_answer(&text, &request, &turn);
        kaspa_chain_lock_give(node->chain_lock);
        queued = dispatch(http, connection, status, &text, &turn);
    }
    assay_buf_fini(&method);
    assay_buf_fini(&text);
    return queued;
}

/* Called by the library: once when the head has been read, for each part of the body, at the end.
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *verb, const char *version, const char *data,
                                  size_t *data_len, void **state)
{
    struct exchange *x = *state;

    (void)version;
    if (x == NULL || assay_buf_cstr(&x->target) == NULL)
        return MHD_NO;
    if (!x->has_head) {
        x->has_head = true;
        return MHD_YES;
    }
    if (*data_len > 0) {
        assay_buf_add(&x->body, assay_bytes_of(data, *data_len));
        *data_len = 0;
        return assay_buf_ok(&x->body) ? MHD_YES : MHD_NO;
    }
    return serve(cls, connection, url, verb, x);
}

static void *on_request_line(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct exchange *x = assay_alloc(sizeof(*x));

    (void)cls;
    (void)connection;
    if (x == NULL)
        return NULL;
    *x = (struct exchange){
        .target = ASSAY_BUF_INIT(NODE_PARAMS_KEEP_BYTES),
        .body = ASSAY_BUF_INIT(NODE_MESSAGE_MAX_BYTES),
    };
    assay_buf_add_str(&x->target, target);
    return x;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *state;

    (void)cls;
    (void)connection;
    (void)why;
    if (x == NULL)
        return;
    assay_buf_fini(&x->target);
    assay_buf_fini(&x->body);
    assay_free(x);
    *state = NULL;
}

static enum MHD_Result on_connection(void *cls, const struct sockaddr *address, socklen_t len)
{
    struct node_http *http = cls;

    (void)address;
    (void)len;
    return node_refuses(http->node) ? MHD_NO : MHD_YES;
}

/* ---- its owner's side ---- */

/* Whether that is still a copy of the node's listener. */
static bool is_listener(const struct kaspa_node *node, int fd)
{
    struct stat own, other;

    return fstat(node->rest_listener, &own) == 0 && fstat(fd, &other) == 0 &&
           own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

static bool start_daemon(struct node_http *http)
{
    int listener = fcntl(http->node->rest_listener, F_DUPFD_CLOEXEC, 0);
    sigset_t all, before;

    if (listener < 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    http->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
            MHD_USE_ITC,
        0, on_connection, http, on_request, http, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, NULL, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (http->daemon == NULL && is_listener(http->node, listener))
        close(listener); /* a library that fails has closed it, or has not */
    return http->daemon != NULL;
}

enum assay_code node_http_start(struct node_http **out, struct kaspa_node *node,
                                struct assay_err *err)
{
    struct node_http *http = assay_alloc(sizeof(*http));

    if (http == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a node");
    *http = (struct node_http){.node = node, .quit = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (http->quit < 0 || !start_daemon(http)) {
        node_http_stop(http);
        return assay_fail(err, ASSAY_E_IO, 0, "a node's REST server cannot be started");
    }
    *out = http;
    return ASSAY_OK;
}

void node_http_stop(struct node_http *http)
{
    if (http == NULL)
        return;
    sock_wake(http->quit);
    if (http->daemon != NULL)
        MHD_stop_daemon(http->daemon);
    if (http->quit >= 0)
        close(http->quit);
    assay_free(http);
}
