/* The HTTP server: libmicrohttpd's daemon, one connection struct a socket, one exchange at a time.
 */
#include "net/server.h"

#include "defects/defects.h"
#include "net/clock.h"
#include "net/deadlines.h"
#include "net/framing.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    KEPT_BUFFER_BYTES = 65536, /* a larger one is not kept for the connection's next request */
    DRAIN_READS = 64,
    UNBOUNDED_BODY_BYTES = 256 << 20, /* the defect's idea of unbounded */
};

struct ref_net_server {
    struct ref_net_server_options options;
    struct MHD_Daemon *daemon;
    struct ref_net_watcher *watcher;
    atomic_uint running; /* requests from their request line to the end of their answer */
    atomic_bool stopping;
    int done_fd; /* called when the last request ends while stopping */
};

struct connection {
    struct ref_net_watched watched; /* first: the watcher hands it back */
    struct ref_net_server *server;
    bool running; /* counted in server->running */
    bool head_read;
    bool over_limit;
    bool mark;
    const char *uri;             /* the library's; for its address */
    pthread_mutex_t target_lock; /* the watcher reads the target of a request that it cuts off */
    struct assay_buf target;
    struct assay_buf body;
    struct ref_net_head head;
    struct ref_net_response response;
};

struct assay_bytes ref_net_request_header(const struct ref_net_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (assay_bytes_equal_nocase(request->headers[i].name, assay_str(name)))
            return request->headers[i].value;
    return ASSAY_LIT("");
}

bool ref_net_request_is_abandoned(const struct ref_net_request *request)
{
    const struct connection *c = request->connection;
    struct pollfd end = {.fd = c->watched.fd, .events = POLLRDHUP};

    return poll(&end, 1, 0) == 1;
}

void ref_net_response_add_field(struct ref_net_response *response, struct assay_bytes name,
                                struct assay_bytes value)
{
    if (!ref_net_is_token(name))
        return;
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] < 0x20 || value.at[i] == 0x7F)
            return;
    assay_buf_add(&response->head, name);
    assay_buf_add_byte(&response->head, 0);
    assay_buf_add(&response->head, value);
    assay_buf_add_byte(&response->head, 0);
}

void ref_net_response_add(struct ref_net_response *response, const char *name,
                          struct assay_bytes value)
{
    ref_net_response_add_field(response, assay_str(name), value);
}

static void forget(struct assay_buf *buf, size_t max)
{
    if (buf->room > KEPT_BUFFER_BYTES)
        assay_buf_fini(buf);
    assay_buf_clear(buf);
    buf->max = max;
}

static void exchange_begin(struct connection *c)
{
    const struct ref_net_server_options *o = &c->server->options;

    c->head_read = false;
    c->over_limit = false;
    pthread_mutex_lock(&c->target_lock);
    forget(&c->target, o->header_max_bytes);
    pthread_mutex_unlock(&c->target_lock);
    forget(&c->body, REF_DEFECT(body_unbounded) ? UNBOUNDED_BODY_BYTES : o->body_max_bytes);
    forget(&c->response.body, REF_NET_RESPONSE_MAX_BYTES);
    forget(&c->response.head, o->response_head_max_bytes);
    c->response.status = 500;
    c->response.close = false;
}

static void exchange_end(struct connection *c)
{
    static const uint64_t one = 1;
    struct ref_net_server *s = c->server;

    exchange_begin(c); /* gives large buffers back while the connection is idle */
    if (!c->running)
        return;
    c->running = false;
    if (atomic_fetch_sub(&s->running, 1) == 1 && atomic_load(&s->stopping))
        (void)!write(s->done_fd, &one, sizeof(one)); /* a full counter is a call as well */
}

/* Writes a refusal past the library, which takes an answer only before the body or after it.
 * Nothing of an answer has been written yet, and nothing is written after it. */
static void refuse_raw(struct connection *c, const char *status_line, int status)
{
    char text[160];
    int len = snprintf(text, sizeof(text),
                       "HTTP/1.1 %s\r\nConnection: close\r\nCache-Control: no-store\r\n"
                       "Content-Length: 0\r\n\r\n",
                       status_line);

    assert(len > 0 && (size_t)len < sizeof(text)); /* a status line of ours has room */
    (void)send(c->watched.fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (c->server->options.refused == NULL)
        return;
    pthread_mutex_lock(&c->target_lock);
    c->server->options.refused(c->server->options.cls, status, ASSAY_LIT(""),
                               assay_buf_view(&c->target));
    pthread_mutex_unlock(&c->target_lock);
}

static void cut(void *cls, struct ref_net_watched *watched, enum ref_net_phase phase)
{
    (void)cls;
    if (phase == REF_NET_READING)
        refuse_raw((struct connection *)watched, "408 Request Timeout", 408);
}

static struct MHD_Response *library_response(struct connection *c)
{
    struct assay_buf *body = &c->response.body;
    void *at = body->at;

    /* The buffer lives until the exchange ends, so nothing is copied. */
    return MHD_create_response_from_buffer(body->len, at, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result respond(struct connection *c, struct MHD_Connection *mhd)
{
    struct ref_net_server *s = c->server;
    struct ref_net_response *r = &c->response;
    struct MHD_Response *response;
    enum MHD_Result queued;

    if (r->status < 200 || r->status > 599 || !assay_buf_ok(&r->body) || !assay_buf_ok(&r->head)) {
        assay_buf_clear(&r->body);
        assay_buf_clear(&r->head);
        r->status = 500;
    }
    response = library_response(c);
    if (response == NULL)
        return MHD_NO;
    for (size_t at = 0; at < r->head.len;) {
        const char *name = (const char *)r->head.at + at;
        const char *value = name + strlen(name) + 1;

        (void)MHD_add_response_header(response, name, value);
        at += strlen(name) + strlen(value) + 2;
    }
    if (r->close || atomic_load(&s->stopping))
        (void)MHD_add_response_header(response, "Connection", "close");
    queued = MHD_NO;
    if (ref_net_watcher_enter(s->watcher, &c->watched, REF_NET_WRITING,
                              s->options.write_deadline_ms))
        queued = MHD_queue_response(mhd, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result refuse(struct connection *c, struct MHD_Connection *mhd, int status,
                              struct assay_bytes method)
{
    c->response.status = status;
    c->response.close = true;
    ref_net_response_add(&c->response, "Cache-Control", ASSAY_LIT("no-store"));
    if (c->server->options.refused != NULL)
        c->server->options.refused(c->server->options.cls, status, method,
                                   assay_buf_view(&c->target));
    return respond(c, mhd);
}

static enum MHD_Result read_head(struct connection *c, struct MHD_Connection *mhd,
                                 const char *method, const char *version)
{
    int status;

    c->head_read = true;
    if (!assay_buf_ok(&c->target))
        return refuse(c, mhd, c->target.bad == ASSAY_E_NOMEM ? 503 : 414, assay_str(method));
    status = ref_net_head_read(&c->head, mhd, &c->server->options, assay_str(method),
                               assay_buf_view(&c->target), c->uri, version);
    if (status == 413 && REF_DEFECT(body_unbounded))
        status = 0;
    return status == 0 ? MHD_YES : refuse(c, mhd, status, assay_str(method));
}

static enum MHD_Result read_body(struct connection *c, const char *data, size_t *len)
{
    assay_buf_add(&c->body, assay_bytes_of(data, *len));
    *len = 0;
    c->over_limit = c->body.len > c->server->options.body_max_bytes;
    if (assay_buf_ok(&c->body))
        return MHD_YES;
    if (c->body.bad == ASSAY_E_NOMEM)
        refuse_raw(c, "503 Service Unavailable", 503);
    else
        refuse_raw(c, "413 Content Too Large", 413);
    return MHD_NO;
}

/* Called by the library: once when the head has been read, for each part of the body, at the end.
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **state)
{
    struct connection *c = *state;
    struct ref_net_request request;

    (void)cls;
    (void)url; /* decoded and cut at '?': the target comes from on_request_line */
    if (c == NULL)
        return MHD_NO;
    if (!c->head_read)
        return read_head(c, mhd, method, version);
    if (*data_len > 0)
        return read_body(c, data, data_len);
    if (!ref_net_watcher_enter(c->server->watcher, &c->watched, REF_NET_HANDLING, REF_NET_NEVER))
        return MHD_NO;
    if (c->over_limit)
        return refuse(c, mhd, 413, assay_str(method));
    request = (struct ref_net_request){
        .method = assay_str(method),
        .target = assay_buf_view(&c->target),
        .body = assay_buf_view(&c->body),
        .headers = c->head.headers,
        .header_count = c->head.header_count,
        .connection_mark = &c->mark,
        .connection = c,
    };
    c->server->options.handle(c->server->options.cls, &request, &c->response);
    return respond(c, mhd);
}

static void *on_request_line(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct ref_net_server *s = cls;
    struct connection *c = info != NULL ? info->socket_context : NULL;

    if (c == NULL)
        return NULL;
    exchange_begin(c);
    c->uri = uri;
    pthread_mutex_lock(&c->target_lock);
    assay_buf_add_str(&c->target, uri);
    pthread_mutex_unlock(&c->target_lock);
    if (!c->running)
        atomic_fetch_add(&s->running, 1);
    c->running = true;
    (void)ref_net_watcher_enter(s->watcher, &c->watched, REF_NET_READING,
                                REF_DEFECT(slow_body) ? REF_NET_NEVER
                                                      : s->options.read_deadline_ms);
    return c;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct ref_net_server *s = cls;
    struct connection *c = *state;

    (void)mhd;
    (void)why;
    if (c == NULL)
        return;
    (void)ref_net_watcher_enter(s->watcher, &c->watched, REF_NET_IDLE, s->options.idle_deadline_ms);
    exchange_end(c);
}

static struct connection *connection_new(struct ref_net_server *s, int fd)
{
    static const int one = 1;
    struct connection *c = assay_alloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    memset(c, 0, sizeof(*c));
    c->server = s;
    c->watched.fd = fd;
    pthread_mutex_init(&c->target_lock, NULL);
    exchange_begin(c);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    ref_net_watcher_join(s->watcher, &c->watched, s->options.idle_deadline_ms);
    return c;
}

static void connection_free(struct connection *c)
{
    char rest[4096];

    ref_net_watcher_leave(c->server->watcher, &c->watched);
    exchange_end(c);
    /* Closing with bytes unread resets the connection, which may take a refusal away from a client
     * that has not read it yet: what has arrived is thrown away first. */
    for (int i = 0; i < DRAIN_READS; i++)
        if (recv(c->watched.fd, rest, sizeof(rest), MSG_DONTWAIT) <= 0)
            break;
    pthread_mutex_destroy(&c->target_lock);
    assay_buf_fini(&c->target);
    assay_buf_fini(&c->body);
    assay_buf_fini(&c->head.joined);
    assay_buf_fini(&c->response.body);
    assay_buf_fini(&c->response.head);
    assay_free(c);
}

/* CLOSED comes before the library closes the socket. */
static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

        *context = info != NULL ? connection_new(cls, info->connect_fd) : NULL;
    } else if (*context != NULL) {
        connection_free(*context);
        *context = NULL;
    }
}

/* The library would decode what it hands over as url; that is not used, and decodes nothing. */
static size_t keep_as_sent(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

static struct MHD_Daemon *daemon_start(struct ref_net_server *s)
{
    const struct ref_net_server_options *o = &s->options;
    int listen_fd =
        fcntl(o->listen_fd, F_DUPFD_CLOEXEC, 0); /* the library closes it, or does not */
    const struct MHD_OptionItem strictness[] = {
#if MHD_VERSION >= 0x00097701
        {MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL},
#else
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
#endif
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
            MHD_USE_ITC,
        0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_ARRAY,
        strictness, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, s, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_as_sent, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        o->header_max_bytes + o->response_head_max_bytes, MHD_OPTION_CONNECTION_MEMORY_INCREMENT,
        (size_t)16384, MHD_OPTION_CONNECTION_LIMIT, o->connection_max, MHD_OPTION_END);
}

static int64_t shortest(const struct ref_net_server_options *o)
{
    int64_t least = o->read_deadline_ms;

    least = o->idle_deadline_ms < least ? o->idle_deadline_ms : least;
    return o->write_deadline_ms < least ? o->write_deadline_ms : least;
}

static void server_free(struct ref_net_server *s)
{
    if (s == NULL)
        return;
    ref_net_watcher_stop(s->watcher);
    if (s->done_fd >= 0)
        (void)close(s->done_fd);
    assay_free(s);
}

enum assay_code ref_net_server_start(struct ref_net_server **out,
                                     const struct ref_net_server_options *options,
                                     struct assay_err *err)
{
    struct ref_net_server *s = assay_alloc(sizeof(*s));
    enum assay_code code = ASSAY_OK;

    if (s == NULL) {
        code = assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a server");
        goto out;
    }
    *s = (struct ref_net_server){.options = *options};
    if ((s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        code = assay_fail(err, ASSAY_E_IO, 0, "eventfd: %s", strerror(errno));
        goto out;
    }
    code = ref_net_watcher_start(&s->watcher, shortest(options), cut, s, err);
    if (code != ASSAY_OK)
        goto out;
    s->daemon = daemon_start(s);
    if (s->daemon == NULL) {
        code = assay_fail(err, ASSAY_E_IO, 0, "the HTTP server does not start");
        goto out;
    }
    *out = s;
    s = NULL; /* the caller owns it now */
out:
    server_free(s);
    (void)close(options->listen_fd);
    return code;
}

bool ref_net_server_stop(struct ref_net_server *s, int64_t deadline_ms)
{
    int64_t until_ms = ref_net_now_ms() + deadline_ms, left;
    bool all_answered;
    int listen_fd;

    if (s == NULL)
        return true;
    listen_fd = MHD_quiesce_daemon(s->daemon); /* ours to close from here */
    if (listen_fd >= 0)
        (void)close(listen_fd);
    atomic_store(&s->stopping, true);
    while (atomic_load(&s->running) > 0 && (left = until_ms - ref_net_now_ms()) > 0) {
        struct pollfd done = {.fd = s->done_fd, .events = POLLIN};
        uint64_t count;

        if (poll(&done, 1, left < 1000 ? (int)left : 1000) > 0)
            (void)!read(s->done_fd, &count, sizeof(count));
    }
    all_answered = atomic_load(&s->running) == 0;
    MHD_stop_daemon(s->daemon);
    server_free(s);
    return all_answered;
}
