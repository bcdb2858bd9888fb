/* What is to be sent to one client of a node's RPC: messages that wait for their time, fragments of
 * the one that is going out, and control frames between them (RFC 6455, section 5.4). */
#include "roles/kaspa_node_internal.h"

#include "http/sock.h"

#include <errno.h>
#include <sys/socket.h>

enum {
    FRAME_BYTES = 64 << 10, /* a longer message is sent in fragments */
    OUT_MAX_BYTES = 2 * FRAME_BYTES,
    NS_PER_MS = 1000000,
};
#define QUEUE_MAX_BYTES ((size_t)64 << 20) /* of what a client does not read */

/* A message that goes out: its text, then so many spaces. */
struct node_message {
    struct node_message *next;
    int64_t due_ns;
    uint64_t call; /* that it answers; 0: none */
    size_t len, spaces, sent;
    uint8_t text[];
};

void node_outbox_init(struct node_outbox *box)
{
    *box = (struct node_outbox){.out = ASSAY_BUF_INIT(OUT_MAX_BYTES)};
}

void node_outbox_drop(struct node_outbox *box)
{
    while (box->queue != NULL) {
        struct node_message *m = box->queue;

        box->queue = m->next;
        assay_free(m);
    }
    assay_free(box->sending);
    box->sending = NULL;
    box->queued = 0;
}

void node_outbox_fini(struct node_outbox *box)
{
    node_outbox_drop(box);
    assay_buf_fini(&box->out);
}

bool node_outbox_put(struct node_outbox *box, struct assay_bytes text, uint64_t call,
                     size_t large_bytes, unsigned delay_ms)
{
    struct node_message *m = NULL, **end = &box->queue;

    if (text.len <= QUEUE_MAX_BYTES - box->queued)
        m = assay_alloc(sizeof(*m) + text.len);
    if (m == NULL)
        return false;
    *m = (struct node_message){
        .due_ns = sock_now_ns() + (int64_t)delay_ms * NS_PER_MS,
        .call = call,
        .len = text.len,
        .spaces = large_bytes > text.len ? large_bytes - text.len : 0,
    };
    memcpy(m->text, text.at, text.len);
    while (*end != NULL)
        end = &(*end)->next;
    *end = m;
    box->queued += m->len;
    return true;
}

void node_outbox_add(struct node_outbox *box, uint8_t opcode, struct assay_bytes payload)
{
    node_frame_head(&box->out, NODE_WS_FINAL | opcode, payload.len);
    assay_buf_add(&box->out, payload);
}

int64_t node_outbox_due_ns(const struct node_outbox *box)
{
    int64_t due = INT64_MAX;

    if (box->out_sent < box->out.len || box->sending != NULL)
        return 0;
    for (const struct node_message *m = box->queue; m != NULL; m = m->next)
        due = m->due_ns < due ? m->due_ns : due;
    return due;
}

/* The first message whose time has come. */
static struct node_message *take_due(struct node_outbox *box)
{
    int64_t now = sock_now_ns();

    for (struct node_message **at = &box->queue; *at != NULL; at = &(*at)->next)
        if ((*at)->due_ns <= now) {
            struct node_message *m = *at;

            *at = m->next;
            return m;
        }
    return NULL;
}

/* One frame: part of the text, or of the spaces behind it. */
static void add_frame(struct assay_buf *out, struct node_message *m)
{
    bool is_text = m->sent < m->len;
    size_t left = is_text ? m->len - m->sent : m->len + m->spaces - m->sent;
    size_t len = left < FRAME_BYTES ? left : FRAME_BYTES;
    uint8_t first = m->sent == 0 ? NODE_WS_TEXT : NODE_WS_CONTINUATION;
    uint8_t *at;

    if (m->sent + len == m->len + m->spaces)
        first |= NODE_WS_FINAL;
    node_frame_head(out, first, len);
    at = assay_buf_extend(out, len);
    if (at != NULL && is_text)
        memcpy(at, m->text + m->sent, len);
    else if (at != NULL)
        memset(at, ' ', len);
    m->sent += len;
}

static void add_due(struct node_outbox *box, struct node_log *log)
{
    struct node_message *m = box->sending;

    if (m == NULL)
        m = box->sending = take_due(box);
    if (m == NULL)
        return;
    add_frame(&box->out, m);
    if (m->sent < m->len + m->spaces)
        return;
    if (m->call != 0) /* before it is sent, so that who has read it finds it so */
        node_log_answered(log, m->call);
    box->queued -= m->len;
    box->sending = NULL;
    assay_free(m);
}

bool node_outbox_send(struct node_outbox *box, int fd, struct node_log *log)
{
    ssize_t sent;

    if (box->out_sent == box->out.len) {
        assay_buf_clear(&box->out);
        box->out_sent = 0;
        add_due(box, log);
    }
    if (!assay_buf_ok(&box->out))
        return false;
    if (box->out.len == 0)
        return true;
    sent = send(fd, box->out.at + box->out_sent, box->out.len - box->out_sent, MSG_NOSIGNAL);
    if (sent > 0)
        box->out_sent += (size_t)sent;
    return sent >= 0 || errno == EAGAIN || errno == EINTR;
}
