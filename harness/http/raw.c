/* Raw conversations: pieces of bytes as they are, with whatever answers they bring. */
#include "http/client.h"

#include "http/parts.h"
#include "http/sock.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum waiting { NOT_WAITING, FOR_ANSWER, FOR_PAUSE };

struct talk {
    int fd;
    struct assay_arena *arena;
    const struct http_piece *pieces;
    size_t piece_count;
    bool half_close;
    int deadline_ms;
    struct http_exchange **exchanges;
    size_t answers, max_answers;

    struct assay_bytes bytes; /* all pieces, one behind the other */
    size_t sent;
    size_t piece;     /* being sent, or being waited behind; piece_count: all were sent */
    size_t piece_end; /* where it ends in bytes */
    size_t answers_before_piece;
    enum waiting waiting;
    bool send_failed;
    bool closed;      /* by the peer */
    bool closed_hard; /* with a reset */
    bool over;
    int64_t resume_ns;   /* FOR_PAUSE: when it ends */
    int64_t deadline_ns; /* of the answer that is waited for */

    struct http_reader reader;
    bool reads_head; /* the next answer is one to HEAD */
    int64_t sent_ns, answer_sent_ns, first_ns;
};

static void new_deadline(struct talk *talk)
{
    talk->deadline_ns = sock_now_ns() + (int64_t)talk->deadline_ms * 1000000;
}

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a raw conversation");
}

/* Adds what was read, or why nothing was, as the next exchange; the reader starts afresh. */
static enum assay_code add_exchange(struct talk *talk, enum http_outcome outcome,
                                    const char *trouble, struct assay_err *err)
{
    struct http_exchange *exchange = http_exchange_new(talk->arena, NULL);

    if (exchange == NULL)
        return no_memory(err);
    http_exchange_end(exchange, outcome, trouble);
    if (outcome == HTTP_ANSWERED &&
        http_reader_take(&talk->reader, &exchange->response) != HTTP_READ_DONE)
        return no_memory(err);
    exchange->sent_ns = talk->reader.begun ? talk->answer_sent_ns : talk->sent_ns;
    exchange->first_ns = talk->first_ns;
    talk->exchanges[talk->answers++] = exchange;
    talk->over = outcome != HTTP_ANSWERED || talk->answers == talk->max_answers;
    http_reader_fini(&talk->reader);
    http_reader_init(&talk->reader, talk->arena, false, http_body_room(talk->arena, 1));
    talk->first_ns = 0;
    new_deadline(talk);
    return ASSAY_OK;
}

/* Whether the bytes from `from` begin a request whose answer has no body. */
static bool begins_head(struct assay_bytes bytes, size_t from)
{
    return assay_bytes_is(assay_bytes_part(bytes, from, from + 5), "HEAD ");
}

static void begin_piece(struct talk *talk)
{
    talk->piece_end = talk->sent + talk->pieces[talk->piece].bytes.len;
    talk->answers_before_piece = talk->answers;
}

/* Moves on to the next piece once this one is sent and what follows it has happened. */
static void advance(struct talk *talk)
{
    while (talk->piece < talk->piece_count &&
           (talk->sent == talk->piece_end || talk->send_failed)) {
        const struct http_piece *piece = &talk->pieces[talk->piece];
        bool is_last = talk->piece + 1 == talk->piece_count;

        if (talk->waiting == NOT_WAITING && !is_last && piece->await_answer)
            talk->waiting = FOR_ANSWER;
        if (talk->waiting == FOR_ANSWER && talk->answers == talk->answers_before_piece)
            return;
        if (talk->waiting != FOR_PAUSE && !is_last && piece->pause_ms > 0) {
            talk->waiting = FOR_PAUSE;
            talk->resume_ns = sock_now_ns() + (int64_t)piece->pause_ms * 1000000;
        }
        if (talk->waiting == FOR_PAUSE && sock_ms_left(talk->resume_ns) > 0)
            return;
        talk->waiting = NOT_WAITING;
        new_deadline(talk);
        if (is_last && talk->half_close)
            (void)shutdown(talk->fd, SHUT_WR);
        talk->piece++;
        if (is_last || talk->send_failed) {
            talk->piece = talk->piece_count;
            return;
        }
        if (piece->await_answer && !talk->reader.begun)
            talk->reader.no_body = begins_head(talk->bytes, talk->sent);
        begin_piece(talk);
    }
}

static void send_more(struct talk *talk)
{
    ssize_t done = send(talk->fd, talk->bytes.at + talk->sent, talk->piece_end - talk->sent,
                        MSG_NOSIGNAL | MSG_DONTWAIT);

    if (done >= 0) {
        talk->sent += (size_t)done;
        talk->sent_ns = sock_now_ns();
    } else if (errno != EAGAIN && errno != EINTR) {
        talk->send_failed = true; /* an answer may have come before */
    }
}

static enum assay_code feed(struct talk *talk, struct assay_bytes in, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    size_t used;

    while (rc == ASSAY_OK && in.len > 0 && !talk->over) {
        if (!talk->reader.begun) {
            talk->first_ns = sock_now_ns();
            talk->answer_sent_ns = talk->sent_ns;
        }
        switch (http_reader_feed(&talk->reader, &used, in)) {
        case HTTP_READ_MORE:
            break;
        case HTTP_READ_DONE:
            rc = add_exchange(talk, HTTP_ANSWERED, NULL, err);
            break;
        case HTTP_READ_GARBLED:
            rc = add_exchange(talk, HTTP_GARBLED, talk->reader.trouble, err);
            break;
        case HTTP_READ_NOMEM:
            rc = no_memory(err);
            break;
        }
        in = assay_bytes_part(in, used, in.len);
    }
    return rc;
}

static enum assay_code receive(struct talk *talk, struct assay_err *err)
{
    uint8_t in[HTTP_RECEIVE_BYTES];
    ssize_t len = recv(talk->fd, in, sizeof(in), MSG_DONTWAIT);

    if (len > 0)
        return feed(talk, assay_bytes_of(in, (size_t)len), err);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return ASSAY_OK;
    talk->closed = true;
    talk->closed_hard = len < 0;
    return ASSAY_OK;
}

/* The conversation ended by the peer or the deadline: the exchange that was under way, if any. */
static enum assay_code add_last(struct talk *talk, struct assay_err *err)
{
    bool awaited = talk->waiting == FOR_ANSWER && talk->answers == talk->answers_before_piece;

    talk->over = true;
    if (talk->answers > 0 && !talk->reader.begun && !awaited)
        return ASSAY_OK;
    if (!talk->closed)
        return add_exchange(talk, HTTP_TIMEOUT,
                            talk->piece < talk->piece_count && !awaited ? HTTP_TROUBLE_UNSENT
                                                                        : HTTP_TROUBLE_TIMEOUT,
                            err);
    if (http_reader_ends_here(&talk->reader) && !talk->closed_hard)
        return add_exchange(talk, HTTP_ANSWERED, NULL, err);
    return add_exchange(talk, HTTP_CLOSED, HTTP_TROUBLE_CLOSED, err);
}

static enum assay_code converse(struct talk *talk, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    if (talk->piece_count > 0)
        begin_piece(talk);
    new_deadline(talk);
    while (rc == ASSAY_OK && !talk->over) {
        struct pollfd at = {.fd = talk->fd, .events = POLLIN};
        int64_t until;

        advance(talk);
        until = talk->waiting == FOR_PAUSE ? talk->resume_ns : talk->deadline_ns;
        if (talk->piece < talk->piece_count && talk->sent < talk->piece_end && !talk->send_failed)
            at.events = POLLIN | POLLOUT;
        if (poll(&at, 1, sock_ms_left(until)) < 0 && errno != EINTR)
            return assay_fail(err, ASSAY_E_NOMEM, 0, "poll: %s", strerror(errno));
        if (at.revents & POLLOUT && talk->sent < talk->piece_end)
            send_more(talk);
        if (at.revents & (POLLIN | POLLHUP | POLLERR))
            rc = receive(talk, err);
        if (rc == ASSAY_OK && !talk->over &&
            (talk->closed || (talk->waiting != FOR_PAUSE && sock_ms_left(talk->deadline_ns) == 0)))
            rc = add_last(talk, err);
    }
    return rc;
}

/* Connects within the deadline. Out: the socket, or -1 with the outcome and trouble. */
static enum assay_code connect_to(int *fd, enum http_outcome *outcome, const char **trouble,
                                  const struct http_peer *peer, int deadline_ms,
                                  struct assay_err *err)
{
    int64_t deadline_ns = sock_now_ns() + (int64_t)deadline_ms * 1000000;
    struct sock_dial dial;
    enum assay_code rc = sock_dial_init(&dial, peer, err);
    enum sock_state state;

    *fd = -1;
    if (rc != ASSAY_OK)
        return rc;
    *outcome = HTTP_NO_CONNECTION;
    *trouble = HTTP_TROUBLE_TLS;
    if (assay_bytes_equal_nocase(peer->url.scheme, ASSAY_LIT("https")))
        return ASSAY_OK;
    for (state = sock_dial_step(&dial); state == SOCK_PENDING; state = sock_dial_step(&dial)) {
        struct pollfd at = {.fd = dial.fd, .events = POLLOUT};
        int ready = poll(&at, 1, sock_ms_left(deadline_ns));

        while (ready < 0 && errno == EINTR)
            ready = poll(&at, 1, sock_ms_left(deadline_ns));
        if (ready <= 0) {
            *outcome = HTTP_TIMEOUT;
            *trouble = HTTP_TROUBLE_NO_CONNECT_IN_TIME;
            sock_dial_fini(&dial);
            return ASSAY_OK;
        }
    }
    *trouble = dial.error == ECONNREFUSED ? HTTP_TROUBLE_REFUSED : HTTP_TROUBLE_UNREACHABLE;
    *fd = dial.fd; /* -1 when it failed */
    return ASSAY_OK;
}

static bool join(struct talk *talk)
{
    size_t total = 0, at = 0;
    uint8_t *bytes;

    for (size_t i = 0; i < talk->piece_count; i++)
        total += talk->pieces[i].bytes.len;
    bytes = assay_arena_alloc(talk->arena, total);
    if (bytes == NULL)
        return false;
    for (size_t i = 0; i < talk->piece_count; i++) {
        struct assay_bytes piece = talk->pieces[i].bytes;

        if (piece.len > 0)
            memcpy(bytes + at, piece.at, piece.len);
        at += piece.len;
    }
    talk->bytes = assay_bytes_of(bytes, total);
    return true;
}

enum assay_code http_raw(struct http_exchange **exchanges, size_t *answers, bool *closed,
                         struct assay_arena *arena, const struct http_peer *peer,
                         const struct http_piece *pieces, size_t piece_count, size_t max_answers,
                         bool half_close, int deadline_ms, struct assay_err *err)
{
    struct talk talk = {
        .fd = -1,
        .arena = arena,
        .pieces = pieces,
        .piece_count = piece_count,
        .half_close = half_close,
        .deadline_ms = deadline_ms > 0 ? deadline_ms : 1,
        .exchanges = exchanges,
        .max_answers = max_answers > 0 ? max_answers : 1,
    };
    enum http_outcome outcome;
    const char *trouble;
    uint8_t peeked;
    enum assay_code rc;

    if (!join(&talk))
        return no_memory(err);
    http_reader_init(&talk.reader, arena, begins_head(talk.bytes, 0), http_body_room(arena, 1));
    if ((rc = connect_to(&talk.fd, &outcome, &trouble, peer, talk.deadline_ms, err)) != ASSAY_OK)
        goto out;
    rc = talk.fd >= 0 ? converse(&talk, err) : add_exchange(&talk, outcome, trouble, err);
    if (rc != ASSAY_OK)
        goto out;
    if (!talk.closed && talk.fd >= 0)
        talk.closed = recv(talk.fd, &peeked, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    for (size_t i = 0; i < talk.answers; i++)
        exchanges[i]->sent = assay_bytes_part(talk.bytes, 0, talk.sent);
    *answers = talk.answers;
    *closed = talk.closed;
out:
    http_reader_fini(&talk.reader);
    if (talk.fd >= 0)
        close(talk.fd);
    return rc;
}
