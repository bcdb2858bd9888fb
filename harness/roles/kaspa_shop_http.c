/* One place of the role `shop`: HTTP by libmicrohttpd, a thread a connection. Its own, since it
 * must hold, cut and pad answers where a server would not. */
#include "roles/kaspa_shop_internal.h"

#include "http/sock.h"

#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 64,
    IDLE_SECONDS = 60,
    BLOCK_BYTES = 64 << 10,
    BODY_MAX_BYTES = 1 << 20,
    /* of a connection: the largest header of a payment, and a challenge that is too large */
    HEAD_MAX_BYTES = 1 << 20,
};

struct shop_http {
    struct kaspa_shop *shop;
    struct MHD_Daemon *daemon;
    bool is_elsewhere;
};

/* One request; made when its first line is read. */
struct exchange {
    struct assay_buf target, body;
    bool has_head;
};

/* An answer's body on its way: its text, then spaces, perhaps not to its end. */
struct sending {
    struct kaspa_shop *shop;
    uint64_t call;
    struct assay_buf text;
    uint64_t until; /* bytes after which the connection ends */
    uint64_t len;
};

static ssize_t read_body(void *cls, uint64_t at, char *out, size_t room)
{
    struct sending *s = cls;
    struct assay_bytes rest = at < s->text.len
                                  ? assay_bytes_part(assay_buf_view(&s->text), (size_t)at, SIZE_MAX)
                                  : ASSAY_LIT("");
    uint64_t left = s->until > at ? s->until - at : 0;
    size_t len = left < room ? (size_t)left : room;

    if (len == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    memset(out, ' ', len);
    memcpy(out, rest.at, rest.len < len ? rest.len : len);
    shop_taken(s->shop, s->call, len);
    return (ssize_t)len;
}

static void free_sending(void *cls)
{
    struct sending *s = cls;

    assay_buf_fini(&s->text);
    assay_free(s);
}

/* Takes over the reply's body. */
static struct MHD_Response *make_response(struct kaspa_shop *shop, struct shop_reply *reply,
                                          uint64_t call)
{
    struct sending *s = assay_alloc(sizeof(*s));
    struct MHD_Response *response;

    if (s == NULL)
        return NULL;
    *s = (struct sending){
        .shop = shop, .call = call, .text = reply->body, .len = reply->body.len + reply->padding};
    s->until = reply->end == KASPA_SHOP_HALVES ? s->len / 2 : s->len;
    reply->body = (struct assay_buf)ASSAY_BUF_INIT(0);
    response = MHD_create_response_from_callback(s->len, BLOCK_BYTES, read_body, s, free_sending);
    if (response == NULL)
        free_sending(s);
    return response;
}

static enum MHD_Result send_reply(struct kaspa_shop *shop, struct MHD_Connection *connection,
                                  struct shop_reply *reply, uint64_t call)
{
    struct MHD_Response *response;
    enum MHD_Result queued;

    if (reply->end == KASPA_SHOP_CUTS || (response = make_response(shop, reply, call)) == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    for (size_t i = 0; i < reply->field_count; i++) {
        const char *value = assay_buf_cstr(&reply->fields[i].value);

        if (value != NULL)
            (void)MHD_add_response_header(response, reply->fields[i].name, value);
    }
    queued = MHD_queue_response(connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

static bool is_gone(void *cls)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(cls, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd at = {.fd = info != NULL ? info->connect_fd : -1, .events = POLLRDHUP};

    return poll(&at, 1, 0) > 0;
}

static enum MHD_Result serve(struct shop_http *http, struct MHD_Connection *connection,
                             const char *method, struct exchange *x)
{
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    const char *payment =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "PAYMENT-SIGNATURE");
    const struct shop_request request = {.is_elsewhere = http->is_elsewhere,
                                         .method = method,
                                         .target = assay_buf_cstr(&x->target),
                                         .host = host != NULL ? host : "",
                                         .payment =
                                             payment != NULL && *payment != '\0' ? payment : NULL,
                                         .body = assay_buf_view(&x->body)};
    struct shop_reply reply = {.body = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES)};
    uint64_t call = shop_answer(http->shop, &reply, &request, is_gone, connection);
    enum MHD_Result queued = send_reply(http->shop, connection, &reply, call);

    shop_reply_fini(&reply);
    return queued;
}

/* Called by the library: once when the head has been read, for each part of the body, at the end.
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **state)
{
    struct exchange *x = *state;

    (void)url;
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
    return serve(cls, connection, method, x);
}

static void *on_request_line(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct exchange *x = assay_alloc(sizeof(*x));

    (void)cls;
    (void)connection;
    if (x == NULL)
        return NULL;
    *x = (struct exchange){.target = ASSAY_BUF_INIT(HEAD_MAX_BYTES),
                           .body = ASSAY_BUF_INIT(BODY_MAX_BYTES)};
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

/* Signals are for the program's own threads. A library that fails may have closed the listener
 * already, so it is left alone then. */
static bool start_daemon(struct shop_http *http, int listener)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    http->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
            MHD_USE_ITC,
        0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX_BYTES,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        on_request_line, NULL, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return http->daemon != NULL;
}

enum assay_code shop_http_start(struct shop_http **out, char *origin, struct kaspa_shop *shop,
                                bool is_elsewhere, struct assay_err *err)
{
    struct shop_http *http = assay_alloc(sizeof(*http));
    enum assay_code rc;
    uint16_t port;
    int listener;

    if (http == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a shop");
    *http = (struct shop_http){.shop = shop, .is_elsewhere = is_elsewhere};
    rc = sock_listen(&listener, &port, 0, err);
    if (rc == ASSAY_OK && !start_daemon(http, listener))
        rc = assay_fail(err, ASSAY_E_IO, 0, "a shop's server cannot be started");
    if (rc != ASSAY_OK) {
        assay_free(http);
        return rc;
    }
    (void)!snprintf(origin, 32, "http://127.0.0.1:%u", (unsigned)port);
    *out = http;
    return ASSAY_OK;
}

void shop_http_stop(struct shop_http *http)
{
    if (http == NULL)
        return;
    MHD_stop_daemon(http->daemon);
    assay_free(http);
}
