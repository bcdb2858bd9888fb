/* A node's RPC server: WebSocket on one thread that owns every connection. See Kaspa consensus
 * digest, section 7.1, and RFC 6455.
 *
 *  There is no library below it, since libwebsockets 4.3 loses a descriptor with each of its
 * contexts, and a run has as many of these as it starts nodes.
 */
#include "roles/kaspa_node_internal.h"

#include "http/sock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    RECEIVE_BYTES = 64 << 10,
    LINKS_MAX = 1024,     /* further connections are closed */
    LINGER_MS = 1000,     /* for a client to read why it is closed */
    ACCEPT_PAUSE_MS = 10, /* when there are no descriptors */
    NS_PER_MS = 1000000,
};

/* Reasons to close (RFC 6455, section 7.4.1). */
enum close_code { CLOSE_PROTOCOL = 1002, CLOSE_UNACCEPTABLE = 1003, CLOSE_TOO_LARGE = 1009 };

enum link_state {
    LINK_NEW, /* before its handshake */
    LINK_OPEN,
    LINK_ENDING, /* its last words go out; what comes in is thrown away */
    LINK_SHUT,   /* they are out: it is the client's turn to close */
    LINK_OVER,   /* closed as soon as this round is over */
};

struct link {
    struct link *next;
    int fd;
    enum link_state state;
    int64_t ends_ns; /* of ENDING and SHUT: it is not waited for any longer */
    uint64_t number;
    struct assay_buf in;   /* what came and is no whole frame yet */
    struct assay_buf text; /* of a message, as far as it came */
    bool in_message;
    struct node_subscriber subscriber;
    struct node_outbox outbox;
};

struct node_ws {
    struct kaspa_node *node;
    pthread_t thread;
    bool running; /* the thread was started; its owner's alone */
    int wake;
    atomic_bool stopping, changed;

    struct link *links; /* the rest is the thread's */
    size_t link_count;
    uint64_t numbers;
    int64_t accept_ns; /* not before then */
    struct node_told told;
    struct pollfd polls[2 + LINKS_MAX]; /* wake, the listener, and links in their order */
    uint8_t received[RECEIVE_BYTES];
};

/* ---- what goes out ---- */

static void put(struct link *link, struct assay_bytes text, uint64_t call, size_t large_bytes,
                unsigned delay_ms)
{
    if (!node_outbox_put(&link->outbox, text, call, large_bytes, delay_ms))
        link->state = LINK_OVER;
}

static void put_notification(void *cls, struct assay_bytes text)
{
    put(cls, text, 0, 0, 0);
}

static void transmit(struct node_ws *ws, struct link *link)
{
    if (!node_outbox_send(&link->outbox, link->fd, &ws->node->log)) {
        link->state = LINK_OVER;
    } else if (link->state == LINK_ENDING && node_outbox_due_ns(&link->outbox) == INT64_MAX) {
        (void)shutdown(link->fd, SHUT_WR);
        link->state = LINK_SHUT;
    }
}

/* Ends it after the frames that are going out. What the client still sends is read meanwhile: were
 * it left unread, closing would be a reset, and its last words might not be read. */
static void end_after_that(struct link *link)
{
    node_outbox_drop(&link->outbox);
    link->state = LINK_ENDING;
    link->ends_ns = sock_now_ns() + (int64_t)LINGER_MS * NS_PER_MS;
}

static void end_with(struct link *link, enum close_code code)
{
    const uint8_t reason[] = {(uint8_t)(code >> 8), (uint8_t)code};

    node_outbox_add(&link->outbox, NODE_WS_CLOSE, assay_bytes_of(reason, sizeof(reason)));
    end_after_that(link);
}

/* ---- calls ---- */

/* Tells everybody what changed since they were told; the chain's lock is held. */
static void tell_all(struct node_ws *ws, const struct node_view *view)
{
    struct node_news news = node_news_of(&ws->told, view);

    for (struct link *link = ws->links; link != NULL; link = link->next)
        if (link->state == LINK_OPEN &&
            !node_tell(&link->subscriber, view, &news, put_notification, link))
            link->state = LINK_OVER;
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

/* What becomes of the answer. */
static void dispatch(struct link *link, struct assay_buf *answer, const struct node_turn *turn)
{
    if (turn->fault == KASPA_NODE_DROP || !assay_buf_ok(answer)) {
        link->state = LINK_OVER;
        return;
    }
    if (turn->fault == KASPA_NODE_SILENT)
        return;
    node_spoil(answer, turn->fault, "params");
    put(link, assay_buf_view(answer), turn->number,
        is_large(turn->fault) ? turn->how.large_bytes : 0,
        turn->fault == KASPA_NODE_SLOW ? turn->how.delay_ms : 0);
}

static void serve_message(struct node_ws *ws, struct link *link)
{
    struct assay_buf answer = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES + NODE_PARAMS_KEEP_BYTES);
    struct node_request request;
    struct node_turn turn;

    if (node_request_read(&request, assay_buf_view(&link->text))) {
        node_turn_begin(ws->node, &turn, false, request.method->name, request.method->name,
                        assay_json_raw(&request.doc, request.params), request.method->is_about_tx);
        if (request.method->is_subscription) /* of what comes from here on, not of what came */
            tell_changes(ws);
        kaspa_chain_lock_take(ws->node->chain_lock);
        node_request_answer(&answer, &request, &turn, &link->subscriber, link->number);
        kaspa_chain_lock_give(ws->node->chain_lock);
        dispatch(link, &answer, &turn);
    } else {
        link->state = LINK_OVER;
    }
    node_request_fini(&request);
    assay_buf_fini(&answer);
    assay_buf_fini(&link->text);
}

/* ---- what comes in ---- */

static void take_data(struct node_ws *ws, struct link *link, const struct node_frame *frame)
{
    bool is_first = frame->opcode != NODE_WS_CONTINUATION;

    if (is_first == link->in_message) {
        end_with(link, CLOSE_PROTOCOL);
        return;
    }
    link->in_message = !frame->is_final;
    node_frame_unmask(&link->text, frame);
    if (!assay_buf_ok(&link->text))
        end_with(link, CLOSE_TOO_LARGE);
    else if (frame->is_final)
        serve_message(ws, link);
}

static void take_control(struct link *link, const struct node_frame *frame)
{
    struct assay_buf payload = ASSAY_BUF_INIT(NODE_FRAME_CONTROL_MAX_BYTES);

    node_frame_unmask(&payload, frame);
    if (!assay_buf_ok(&payload)) {
        link->state = LINK_OVER;
    } else if (frame->opcode == NODE_WS_PING) {
        node_outbox_add(&link->outbox, NODE_WS_PONG, assay_buf_view(&payload));
    } else if (frame->opcode == NODE_WS_CLOSE && payload.len == 1) {
        end_with(link, CLOSE_PROTOCOL);
    } else if (frame->opcode == NODE_WS_CLOSE) { /* its code, if it has one, comes back */
        node_outbox_add(&link->outbox, NODE_WS_CLOSE,
                        assay_bytes_part(assay_buf_view(&payload), 0, 2));
        end_after_that(link);
    }
    assay_buf_fini(&payload);
}

static void take_frame(struct node_ws *ws, struct link *link, const struct node_frame *frame)
{
    if (frame->opcode == NODE_WS_BINARY)
        end_with(link, CLOSE_UNACCEPTABLE);
    else if (frame->opcode <= NODE_WS_TEXT)
        take_data(ws, link, frame);
    else
        take_control(link, frame);
}

static void drop_first(struct assay_buf *buf, size_t len)
{
    if (len > 0)
        memmove(buf->at, buf->at + len, buf->len - len);
    buf->len -= len;
}

static void take_frames(struct node_ws *ws, struct link *link)
{
    size_t at = 0;

    while (link->state == LINK_OPEN) {
        struct node_frame frame;
        enum node_frame_state state =
            node_frame_read(&frame, assay_bytes_part(assay_buf_view(&link->in), at, SIZE_MAX));

        if (state == NODE_FRAME_MORE)
            break;
        if (state != NODE_FRAME_WHOLE) {
            end_with(link, state == NODE_FRAME_WRONG ? CLOSE_PROTOCOL : CLOSE_TOO_LARGE);
            break;
        }
        take_frame(ws, link, &frame);
        at += frame.len;
    }
    drop_first(&link->in, at);
}

static void shake_hands(struct node_ws *ws, struct link *link)
{
    struct assay_bytes in = assay_buf_view(&link->in);
    const uint8_t *end = memmem(in.at, in.len, "\r\n\r\n", 4);
    size_t len = end != NULL ? (size_t)(end - in.at) + 4 : in.len;

    if (len > NODE_HELLO_MAX_BYTES) {
        link->state = LINK_OVER;
    } else if (end != NULL && node_hello_answer(&link->outbox.out, assay_bytes_part(in, 0, len))) {
        link->state = LINK_OPEN;
        link->number = ++ws->numbers;
        drop_first(&link->in, len);
    } else if (end != NULL) {
        end_after_that(link);
    }
}

static void receive(struct node_ws *ws, struct link *link)
{
    ssize_t len = recv(link->fd, ws->received, sizeof(ws->received), 0);

    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len > 0 && link->state <= LINK_OPEN)
        assay_buf_add(&link->in, assay_bytes_of(ws->received, (size_t)len));
    if (len <= 0 || !assay_buf_ok(&link->in)) {
        link->state = LINK_OVER;
        return;
    }
    if (link->state == LINK_NEW)
        shake_hands(ws, link);
    take_frames(ws, link);
}

/* ---- connections ---- */

static bool link_begin(struct node_ws *ws, int fd)
{
    struct link *link = ws->link_count < LINKS_MAX ? assay_alloc(sizeof(*link)) : NULL;

    if (link == NULL)
        return false;
    *link = (struct link){
        .next = ws->links,
        .fd = fd,
        .ends_ns = INT64_MAX,
        .in = ASSAY_BUF_INIT(NODE_MESSAGE_MAX_BYTES + NODE_FRAME_HEAD_MAX_BYTES + RECEIVE_BYTES),
        .text = ASSAY_BUF_INIT(NODE_MESSAGE_MAX_BYTES),
    };
    node_outbox_init(&link->outbox);
    ws->links = link;
    ws->link_count++;
    return true;
}

static void link_end(struct link *link)
{
    close(link->fd);
    node_subscriber_fini(&link->subscriber);
    assay_buf_fini(&link->in);
    assay_buf_fini(&link->text);
    node_outbox_fini(&link->outbox);
    assay_free(link);
}

static void accept_all(struct node_ws *ws)
{
    for (size_t i = 0; i < LINKS_MAX; i++) {
        int fd = sock_accept(ws->node->rpc_listener);

        if (fd < 0 && errno != EAGAIN)
            ws->accept_ns = sock_now_ns() + (int64_t)ACCEPT_PAUSE_MS * NS_PER_MS;
        if (fd < 0)
            return;
        if (node_refuses(ws->node) || !link_begin(ws, fd))
            close(fd);
    }
}

/* Of who came before the end, and was not accepted yet. */
static void close_waiting(const struct node_ws *ws)
{
    for (size_t i = 0; i < LINKS_MAX; i++) {
        int fd = sock_accept(ws->node->rpc_listener);

        if (fd < 0)
            return;
        close(fd);
    }
}

/* Ends what is over, or all. */
static void sweep(struct node_ws *ws, bool all)
{
    int64_t now = sock_now_ns();

    for (struct link **at = &ws->links; *at != NULL;) {
        struct link *link = *at;

        if (!all && link->state != LINK_OVER && link->ends_ns > now) {
            at = &link->next;
            continue;
        }
        *at = link->next;
        ws->link_count--;
        link_end(link);
    }
}

/* ---- the thread ---- */

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static void await_events(struct node_ws *ws)
{
    int64_t now = sock_now_ns(), until = INT64_MAX;
    size_t count = 2;

    ws->polls[0] = (struct pollfd){.fd = ws->wake, .events = POLLIN};
    ws->polls[1] = (struct pollfd){.fd = ws->node->rpc_listener, .events = POLLIN};
    if (now < ws->accept_ns) {
        ws->polls[1].fd = -1;
        until = ws->accept_ns;
    }
    for (const struct link *link = ws->links; link != NULL; link = link->next) {
        int64_t due = node_outbox_due_ns(&link->outbox);

        ws->polls[count++] = (struct pollfd){
            .fd = link->fd,
            .events = due <= now ? POLLIN | POLLOUT : POLLIN,
        };
        until = earlier(until, link->ends_ns);
        if (due > now)
            until = earlier(until, due);
    }
    (void)poll(ws->polls, count, sock_ms_left(until));
}

static void serve_round(struct node_ws *ws)
{
    size_t at = 2;

    await_events(ws);
    if (ws->polls[0].revents != 0)
        sock_wake_taken(ws->wake);
    if (atomic_exchange(&ws->changed, false))
        tell_changes(ws);
    for (struct link *link = ws->links; link != NULL; link = link->next, at++) {
        if ((ws->polls[at].revents & ~POLLOUT) != 0)
            receive(ws, link);
        if (link->state != LINK_OVER)
            transmit(ws, link);
    }
    sweep(ws, false);
    if (ws->polls[1].revents != 0)
        accept_all(ws);
}

static void *serve(void *context)
{
    struct node_ws *ws = context;

    while (!atomic_load(&ws->stopping))
        serve_round(ws);
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

enum assay_code node_ws_start(struct node_ws **out, struct kaspa_node *node, struct assay_err *err)
{
    struct node_ws *ws = assay_alloc(sizeof(*ws));

    if (ws == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a node");
    memset(ws, 0, sizeof(*ws));
    ws->node = node;
    ws->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (ws->wake < 0 || !start_thread(ws)) {
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
        sock_wake(ws->wake);
        pthread_join(ws->thread, NULL);
    }
    sweep(ws, true);
    close_waiting(ws);
    if (ws->wake >= 0)
        close(ws->wake);
    node_told_fini(&ws->told);
    assay_free(ws);
}

void node_ws_changed(struct node_ws *ws)
{
    if (ws == NULL)
        return;
    atomic_store(&ws->changed, true);
    sock_wake(ws->wake);
}
