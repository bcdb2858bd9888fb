/* A node's REST server: it drops, holds and spoils what it answers. */
#include "roles/kaspa_node_internal.h"

#include "http/sock.h"
#include "roles/role_http.h"

#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256 };

struct node_http {
    struct kaspa_node *node;
    struct role_http *server;
    int quit; /* readable when it ends: wakes who holds a call */
};

/* ---- answers ---- */

/* Replaces the answer by its bomb. */
static void compress(struct assay_buf *text, size_t large_bytes)
{
    struct assay_buf bomb = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);

    role_http_gzip(&bomb, assay_buf_view(text), large_bytes);
    assay_buf_fini(text);
    *text = bomb;
}

/* Takes over the text. */
static struct MHD_Response *make_response(struct assay_buf *text, size_t large_bytes)
{
    uint64_t len = large_bytes > text->len ? large_bytes : text->len;
    struct role_http_body body = {.text = *text, .len = len, .until = len};

    *text = (struct assay_buf)ASSAY_BUF_INIT(0);
    return role_http_response(&body);
}

static bool send_answer(struct MHD_Connection *connection, unsigned status, struct assay_buf *text,
                        const struct node_turn *turn)
{
    bool bomb = turn->fault == KASPA_NODE_BOMB, large = turn->fault == KASPA_NODE_OVERSIZED;
    struct MHD_Response *response;
    bool queued;

    if (bomb)
        compress(text, turn->how.large_bytes);
    if (!assay_buf_ok(text))
        return false;
    response = make_response(text, large ? turn->how.large_bytes : 0);
    if (response == NULL)
        return false;
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    if (bomb)
        (void)MHD_add_response_header(response, "Content-Encoding", "gzip");
    queued = MHD_queue_response(connection, status, response) == MHD_YES;
    MHD_destroy_response(response);
    return queued;
}

/* Until the time is over; false: the client has gone, or the node ends. delay_ms < 0: for good. */
static bool hold(struct node_http *http, struct MHD_Connection *connection, int delay_ms)
{
    int64_t deadline_ns = sock_now_ns() + (int64_t)delay_ms * 1000000;
    struct pollfd at[] = {
        {.fd = http->quit, .events = POLLIN},
        {.fd = role_http_socket(connection), .events = POLLRDHUP},
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

static bool dispatch(struct node_http *http, struct MHD_Connection *connection, unsigned status,
                     struct assay_buf *text, const struct node_turn *turn)
{
    int delay_ms = turn->how.delay_ms < INT_MAX ? (int)turn->how.delay_ms : INT_MAX;

    if (turn->fault == KASPA_NODE_DROP)
        return false;
    if (turn->fault == KASPA_NODE_SILENT && !hold(http, connection, -1))
        return false;
    if (turn->fault == KASPA_NODE_SLOW && !hold(http, connection, delay_ms))
        return false;
    node_spoil(text, turn->fault, NULL);
    if (!send_answer(connection, status, text, turn))
        return false;
    node_log_answered(&http->node->log, turn->number);
    return true;
}

static bool serve(void *cls, const struct role_http_request *r)
{
    struct node_http *http = cls;
    struct assay_bytes target = assay_str(r->target);
    size_t query = assay_bytes_find(target, '?', 0) + 1;
    const struct node_rest_request request = {
        .verb = r->method,
        .path = r->path,
        .query = (const char *)assay_bytes_part(target, query, SIZE_MAX).at,
        .body = r->body,
    };
    struct assay_buf method = ASSAY_BUF_INIT(NODE_PARAMS_KEEP_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);
    char part[KASPA_NODE_NAME_MAX_BYTES];
    struct kaspa_node *node = http->node;
    bool queued = false;
    struct node_turn turn;
    unsigned status;

    assay_buf_printf(&method, "%s %s", r->method, r->path);
    node_rest_part(part, r->path);
    if (assay_buf_cstr(&method) != NULL) {
        node_turn_begin(node, &turn, true, assay_buf_cstr(&method), part,
                        request.body.len > 0 ? request.body : assay_str(request.query),
                        node_rest_is_about_tx(&request));
        kaspa_chain_lock_take(node->chain_lock);
        status = node_rest_answer(&text, &request, &turn);
        kaspa_chain_lock_give(node->chain_lock);
        queued = dispatch(http, r->connection, status, &text, &turn);
    }
    assay_buf_fini(&method);
    assay_buf_fini(&text);
    return queued;
}

static bool refuses(void *cls)
{
    const struct node_http *http = cls;

    return node_refuses(http->node);
}

/* ---- its owner's side ---- */

static enum assay_code start_server(struct node_http *http, struct assay_err *err)
{
    struct role_http_options options = {
        .listener = fcntl(http->node->rest_listener, F_DUPFD_CLOEXEC, 0),
        .connections_max = CONNECTIONS_MAX,
        .head_max_bytes = NODE_PARAMS_KEEP_BYTES,
        .body_max_bytes = NODE_MESSAGE_MAX_BYTES,
        .refuses = refuses,
        .serve = serve,
        .cls = http,
    };

    if (http->quit < 0 || options.listener < 0) {
        if (options.listener >= 0)
            close(options.listener);
        return assay_fail(err, ASSAY_E_IO, 0, "no descriptors for a node's REST server");
    }
    return role_http_start(&http->server, &options, "a node's REST server", err);
}

enum assay_code node_http_start(struct node_http **out, struct kaspa_node *node,
                                struct assay_err *err)
{
    struct node_http *http = assay_alloc(sizeof(*http));
    enum assay_code rc;

    if (http == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a node");
    *http = (struct node_http){.node = node, .quit = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    rc = start_server(http, err);
    if (rc == ASSAY_OK)
        *out = http;
    else
        node_http_stop(http);
    return rc;
}

void node_http_stop(struct node_http *http)
{
    if (http == NULL)
        return;
    if (http->quit >= 0)
        sock_wake(http->quit);
    role_http_stop(http->server);
    if (http->quit >= 0)
        close(http->quit);
    assay_free(http);
}
