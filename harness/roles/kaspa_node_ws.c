/* A node's RPC server: WebSocket by libwebsockets, on one thread that owns every connection. See
 * Kaspa consensus digest, section 7.1.
 *
 *  The listening socket is the node's; this thread accepts on a copy of it and hands sockets to the
 * library, so that a restart keeps the port and a new connection can be closed before it is one.
 */
#include "roles/kaspa_node_internal.h"

#include "http/sock.h"

#include <libwebsockets.h>

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
    FRAME_BYTES = 64 << 10, /* a longer message is sent in fragments */
    DESCRIPTORS_MAX = 1024, /* further connections are closed */
};
#define QUEUE_MAX_BYTES ((size_t)64 << 20) /* of what a connection does not read: then it ends */

/* A message that goes out: its text, then so many spaces. */
struct message {
    struct message *next;
    int64_t due_ns;
    uint64_t call; /* that it answers; 0: none */
    size_t len, spaces, sent;
    uint8_t text[]; /* LWS_PRE bytes of the library's, then the text */
};

/* The user data of a connection; zeros when it begins. */
struct link {
    struct link *next;
    struct lws *wsi;
    uint64_t number;
    struct assay_buf in;
    struct node_subscriber subscriber;
    struct message *queue; /* in the order of their making */
    struct message *sending;
    size_t queued;
    bool broken; /* without memory, or it reads too slowly */
};

struct node_ws {
    struct kaspa_node *node;
    struct lws_context *context;
    pthread_t thread;
    bool running; /* the thread was started; its owner's alone */
    atomic_bool stopping, changed;

    struct lws_vhost *vhost; /* the rest is the thread's */
    int listener;
    struct link *links;
    uint64_t numbers;
    struct node_told told;
    uint8_t spaces[LWS_PRE + FRAME_BYTES];
};

/* ---- sending ---- */

static void wake_at(struct link *link)
{
    int64_t now = sock_now_ns(), next = INT64_MAX;

    for (const struct message *m = link->queue; m != NULL; m = m->next)
        next = m->due_ns < next ? m->due_ns : next;
    if (link->sending != NULL || next <= now)
        lws_callback_on_writable(link->wsi);
    else if (next != INT64_MAX)
        lws_set_timer_usecs(link->wsi, (next - now) / 1000 + 1);
}

/* Ends a connection that cannot be served as it must be: at once, or a little later where nothing
 * can be written to it. */
static void give_up(struct link *link)
{
    link->broken = true;
    lws_callback_on_writable(link->wsi);
    lws_set_timeout(link->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

static void put(struct link *link, struct assay_bytes text, uint64_t call, size_t large_bytes,
                unsigned delay_ms)
{
    struct message *m = NULL, **end = &link->queue;

    if (text.len <= QUEUE_MAX_BYTES - link->queued)
        m = assay_alloc(sizeof(*m) + LWS_PRE + text.len);
    if (m == NULL) {
        give_up(link);
        return;
    }
    *m = (struct message){
        .due_ns = sock_now_ns() + (int64_t)delay_ms * 1000000,
        .call = call,
        .len = text.len,
        .spaces = large_bytes > text.len ? large_bytes - text.len : 0,
    };
    memcpy(m->text + LWS_PRE, text.at, text.len);
    while (*end != NULL)
        end = &(*end)->next;
    *end = m;
    link->queued += m->len;
    wake_at(link);
}

static void put_notification(void *cls, struct assay_bytes text)
{
    put(cls, text, 0, 0, 0);
}

/* The first message whose time has come. */
static struct message *take_due(struct link *link)
{
    int64_t now = sock_now_ns();

    for (struct message **at = &link->queue; *at != NULL; at = &(*at)->next)
        if ((*at)->due_ns <= now) {
            struct message *m = *at;

            *at = m->next;
            return m;
        }
    return NULL;
}

/* One frame: part of the text, or of the spaces behind it. */
static bool send_frame(struct node_ws *ws, struct link *link, struct message *m)
{
    bool is_text = m->sent < m->len;
    size_t left = is_text ? m->len - m->sent : m->len + m->spaces - m->sent;
    size_t len = left < FRAME_BYTES ? left : FRAME_BYTES;
    bool is_last = m->sent + len == m->len + m->spaces;
    int protocol = m->sent == 0 ? LWS_WRITE_TEXT : LWS_WRITE_CONTINUATION;
    uint8_t *at = is_text ? m->text + LWS_PRE + m->sent : ws->spaces + LWS_PRE;

    if (!is_last)
        protocol |= LWS_WRITE_NO_FIN;
    if (lws_write(link->wsi, at, len, (enum lws_write_protocol)protocol) < 0)
        return false;
    m->sent += len;
    return true;
}

static int on_writable(struct node_ws *ws, struct link *link)
{
    struct message *m = link->sending;

    if (link->broken)
        return -1;
    if (m == NULL)
        m = link->sending = take_due(link);
    if (m != NULL && !send_frame(ws, link, m))
        return -1;
    if (m != NULL && m->sent == m->len + m->spaces) {
        if (m->call != 0)
            node_log_answered(&ws->node->log, m->call);
        link->queued -= m->len;
        link->sending = NULL;
        assay_free(m);
    }
    wake_at(link);
    return 0;
}

/* ---- calls ---- */

/* Tells everybody what changed since they were told; the chain's lock is held. */
static void tell_all(struct node_ws *ws, const struct node_view *view)
{
    struct node_news news = node_news_of(&ws->told, view);

    for (struct link *link = ws->links; link != NULL; link = link->next)
        if (!node_tell(&link->subscriber, view, &news, put_notification, link))
            give_up(link);
    (void)node_told_take(&ws->told, view, news.kept); /* without memory they are told again */
}

static void tell_changes(struct node_ws *ws)
{
    struct node_turn turn;
    struct node_view view;

    node_turn_peek(ws->node, &turn);
    kaspa_chain_lock_take(ws->node->chain_lock);
    if (node_view_init(&view, &turn))
        tell_all(ws, &view);
    node_view_fini(&view);
    kaspa_chain_lock_give(ws->node->chain_lock);
}

static bool is_large(enum kaspa_node_fault fault)
{
    return fault == KASPA_NODE_OVERSIZED || fault == KASPA_NODE_BOMB;
}

/* What becomes of the answer. Returns as a callback does. */
static int dispatch(struct link *link, struct assay_buf *answer, const struct node_turn *turn)
{
    if (turn->fault == KASPA_NODE_DROP || !assay_buf_ok(answer))
        return -1;
    if (turn->fault == KASPA_NODE_SILENT)
        return 0;
    node_spoil(answer, turn->fault, "params");
    put(link, assay_buf_view(answer), turn->number,
        is_large(turn->fault) ? turn->how.large_bytes : 0,
        turn->fault == KASPA_NODE_SLOW ? turn->how.delay_ms : 0);
    return link->broken ? -1 : 0;
}

static int serve_message(struct node_ws *ws, struct link *link)
{
    struct assay_buf answer = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES + NODE_PARAMS_KEEP_BYTES);
    struct node_request request;
    struct node_turn turn;
    int result = -1;

    if (node_request_read(&request, assay_buf_view(&link->in))) {
        node_turn_begin(ws->node, &turn, false, request.method->name, request.method->name,
                        assay_json_raw(&request.doc, request.params), request.method->is_about_tx);
        if (request.method->is_subscription) /* of what comes from here on, not of what came */
            tell_changes(ws);
        kaspa_chain_lock_take(ws->node->chain_lock);
        node_request_answer(&answer, &request, &turn, &link->subscriber, link->number);
        kaspa_chain_lock_give(ws->node->chain_lock);
        result = dispatch(link, &answer, &turn);
    }
    node_request_fini(&request);
    assay_buf_fini(&answer);
    assay_buf_fini(&link->in);
    return result;
}

static int on_message(struct node_ws *ws, struct link *link, struct assay_bytes part)
{
    if (lws_frame_is_binary(link->wsi)) {
        lws_close_reason(link->wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, NULL, 0);
        return -1;
    }
    assay_buf_add(&link->in, part);
    if (!assay_buf_ok(&link->in)) {
        lws_close_reason(link->wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL, 0);
        return -1;
    }
    if (!lws_is_final_fragment(link->wsi) || lws_remaining_packet_payload(link->wsi) > 0)
        return 0;
    return serve_message(ws, link);
}

/* ---- connections ---- */

static void link_begin(struct node_ws *ws, struct link *link, struct lws *wsi)
{
    *link = (struct link){
        .next = ws->links,
        .wsi = wsi,
        .number = ++ws->numbers,
        .in = ASSAY_BUF_INIT(NODE_MESSAGE_MAX_BYTES),
    };
    ws->links = link;
}

static void link_end(struct node_ws *ws, struct link *link)
{
    struct link **at = &ws->links;

    while (*at != NULL && *at != link)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = link->next;
    while (link->queue != NULL) {
        struct message *m = link->queue;

        link->queue = m->next;
        assay_free(m);
    }
    assay_free(link->sending);
    node_subscriber_fini(&link->subscriber);
    assay_buf_fini(&link->in);
}

static void accept_all(struct node_ws *ws)
{
    int fd;

    while ((fd = sock_accept(ws->listener)) >= 0) {
        if (node_refuses(ws->node))
            close(fd);
        else
            (void)lws_adopt_socket_vhost(ws->vhost, fd); /* it closes what it cannot take */
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct node_ws *ws = lws_context_user(lws_get_context(wsi));
    struct link *link = user;

    switch ((int)reason) {
    case LWS_CALLBACK_RAW_RX_FILE:
        accept_all(ws);
        return 0;
    case LWS_CALLBACK_ESTABLISHED:
        link_begin(ws, link, wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return on_message(ws, link, assay_bytes_of(in, len));
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(ws, link);
    case LWS_CALLBACK_TIMER:
        wake_at(link);
        return 0;
    case LWS_CALLBACK_CLOSED:
        link_end(ws, link);
        return 0;
    case LWS_CALLBACK_HTTP: /* a request that is no upgrade */
        return -1;
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        if (atomic_exchange(&ws->changed, false))
            tell_changes(ws);
        return 0;
    default:
        return 0;
    }
}

static void *serve(void *context)
{
    struct node_ws *ws = context;

    while (!atomic_load(&ws->stopping) && lws_service(ws->context, 0) >= 0)
        ;
    return NULL;
}

/* ---- its owner's side ---- */

static bool start_thread(struct node_ws *ws)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    ws->running = pthread_create(&ws->thread, NULL, serve, ws) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ws->running;
}

/* The library with its listening file. */
static bool start_library(struct node_ws *ws)
{
    static const struct lws_protocols protocols[] = {
        {"node", on_event, sizeof(struct link), FRAME_BYTES, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0},
    };
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .user = ws,
        .fd_limit_per_thread = DESCRIPTORS_MAX,
        .pt_serv_buf_size = FRAME_BYTES,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    lws_sock_file_fd_type file = {.filefd = -1};

    lws_set_log_level(0, NULL);
    if ((ws->context = lws_create_context(&info)) == NULL ||
        (ws->vhost = lws_create_vhost(ws->context, &info)) == NULL ||
        (ws->listener = dup(ws->node->rpc_listener)) < 0)
        return false;
    file.filefd = ws->listener; /* the library's from here on, also when it fails */
    return lws_adopt_descriptor_vhost(ws->vhost, LWS_ADOPT_RAW_FILE_DESC, file, "node", NULL) !=
           NULL;
}

enum assay_code node_ws_start(struct node_ws **out, struct kaspa_node *node, struct assay_err *err)
{
    struct node_ws *ws = assay_alloc(sizeof(*ws));

    if (ws == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a node");
    memset(ws, 0, sizeof(*ws));
    memset(ws->spaces, ' ', sizeof(ws->spaces));
    ws->node = node;
    if (!start_library(ws) || !start_thread(ws)) {
        node_ws_stop(ws);
        return assay_fail(err, ASSAY_E_IO, 0, "a node's RPC server cannot be started");
    }
    *out = ws;
    return ASSAY_OK;
}

void node_ws_stop(struct node_ws *ws)
{
    if (ws == NULL)
        return;
    if (ws->running) {
        atomic_store(&ws->stopping, true);
        lws_cancel_service(ws->context);
        pthread_join(ws->thread, NULL);
    }
    if (ws->context != NULL)
        lws_context_destroy(ws->context);
    node_told_fini(&ws->told);
    assay_free(ws);
}

void node_ws_changed(struct node_ws *ws)
{
    if (ws == NULL)
        return;
    atomic_store(&ws->changed, true);
    lws_cancel_service(ws->context);
}
