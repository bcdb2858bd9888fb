/* A WebSocket server for tests; see ws_scripted.h. */
#include "ws_scripted.h"

#include "base/base64.h"
#include "base/json.h"
#include "http/sock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/sha.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TOKENS_MAX = 4096, MASK_BYTES = 4, LEN_16_BITS = 126, LEN_64_BITS = 127 };
#define RECEIVED_MAX_BYTES ((size_t)16 << 20)
#define WHOLE_TEXT 0x81
#define WHOLE_PONG 0x8A

struct ws_scripted {
    pthread_t thread;
    const struct ws_scripted_row *special, *rows;
    size_t special_count, count;
    atomic_uint connections;
    int listener, stop, fd;
    char url[32];
    struct assay_buf in;
    struct assay_json_token tokens[TOKENS_MAX];
};

/* Waits for a socket; false when the test is over. */
static bool ready(struct ws_scripted *s, int fd, short events)
{
    struct pollfd at[2] = {{.fd = s->stop, .events = POLLIN}, {.fd = fd, .events = events}};

    while (poll(at, 2, -1) < 0 && errno == EINTR)
        continue;
    return at[0].revents == 0;
}

static bool receive(struct ws_scripted *s)
{
    uint8_t in[4096];
    ssize_t len;

    if (!ready(s, s->fd, POLLIN) || (len = recv(s->fd, in, sizeof(in), MSG_DONTWAIT)) <= 0)
        return false;
    assay_buf_add(&s->in, assay_bytes_of(in, (size_t)len));
    return true;
}

static bool has(struct ws_scripted *s, size_t len)
{
    while (s->in.len < len)
        if (!receive(s))
            return false;
    return true;
}

static bool send_all(struct ws_scripted *s, struct assay_bytes bytes)
{
    for (size_t sent = 0; sent < bytes.len;) {
        ssize_t len;

        if (!ready(s, s->fd, POLLOUT))
            return false;
        len = send(s->fd, bytes.at + sent, bytes.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (len < 0)
            return false;
        sent += (size_t)len;
    }
    return true;
}

static void drop(struct ws_scripted *s, size_t len)
{
    memmove(s->in.at, s->in.at + len, s->in.len - len);
    s->in.len -= len;
}

/* ---- RFC 6455 ---- */

static bool shake_hands(struct ws_scripted *s)
{
    static const char field[] = "Sec-WebSocket-Key: ";
    static const char fixed[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    struct assay_buf text = ASSAY_BUF_INIT(1024);
    uint8_t digest[SHA_DIGEST_LENGTH];
    const char *key, *end = NULL;
    bool ok;

    while (s->in.len == 0 || (end = memmem(s->in.at, s->in.len, "\r\n\r\n", 4)) == NULL)
        if (!receive(s))
            return false;
    key = memmem(s->in.at, s->in.len, field, sizeof(field) - 1);
    if (key == NULL)
        return false;
    key += sizeof(field) - 1;
    assay_buf_add(&text, assay_bytes_of(key, strcspn(key, "\r")));
    assay_buf_add_str(&text, fixed);
    SHA1(text.at, text.len, digest);
    assay_buf_clear(&text);
    assay_buf_add_str(&text, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
    assay_base64_encode(&text, ASSAY_BASE64_STD, assay_bytes_of(digest, sizeof(digest)));
    assay_buf_add_str(&text, "\r\n\r\n");
    drop(s, (size_t)(end + 4 - (const char *)s->in.at));
    ok = send_all(s, assay_buf_view(&text));
    assay_buf_fini(&text);
    return ok;
}

static bool send_frame(struct ws_scripted *s, uint8_t first, struct assay_bytes payload)
{
    struct assay_buf frame = ASSAY_BUF_INIT(RECEIVED_MAX_BYTES);
    size_t bytes = payload.len < LEN_16_BITS ? 0 : payload.len <= UINT16_MAX ? 2 : 8;
    bool ok;

    assay_buf_add_byte(&frame, first);
    assay_buf_add_byte(&frame, bytes == 0   ? (uint8_t)payload.len
                               : bytes == 2 ? LEN_16_BITS
                                            : LEN_64_BITS);
    while (bytes-- > 0)
        assay_buf_add_byte(&frame, (uint8_t)(payload.len >> (8 * bytes)));
    assay_buf_add(&frame, payload);
    ok = send_all(s, assay_buf_view(&frame));
    assay_buf_fini(&frame);
    return ok;
}

/* The payload of the next frame, unmasked in place; false: there is none any more. */
static bool take_frame(struct ws_scripted *s, uint8_t *first, struct assay_bytes *payload,
                       size_t *len)
{
    size_t head, count;

    if (!has(s, 2))
        return false;
    count = s->in.at[1] & 0x7F;
    head = 2 + (count == LEN_16_BITS ? 2 : count == LEN_64_BITS ? 8 : 0) + MASK_BYTES;
    if (!has(s, head))
        return false;
    for (size_t i = 2; i + MASK_BYTES < head; i++)
        count = i == 2 ? s->in.at[i] : count << 8 | s->in.at[i];
    if (!has(s, head + count))
        return false;
    for (size_t i = 0; i < count; i++)
        s->in.at[head + i] ^= s->in.at[head - MASK_BYTES + i % MASK_BYTES];
    *first = s->in.at[0];
    *payload = assay_bytes_of(s->in.at + head, count);
    *len = head + count;
    return true;
}

/* ---- answers ---- */

static bool is_for(const struct ws_scripted_row *row, const struct assay_json *doc)
{
    if (doc == NULL || row->method == NULL)
        return doc == NULL && row->method == NULL;
    return assay_json_string_is(doc, assay_json_member(doc, 0, "method"), row->method);
}

static void add_character(struct assay_buf *text, char character, const struct assay_json *doc)
{
    uint32_t params = assay_json_member(doc, 0, "params");
    struct assay_bytes hash = assay_json_raw(doc, assay_json_member(doc, params, "hash"));

    switch (character) {
    case '$':
        assay_buf_add(text, assay_json_raw(doc, assay_json_member(doc, 0, "id")));
        break;
    case '?':
        assay_buf_add(text, assay_bytes_part(hash, 1, hash.len - 1));
        break;
    default:
        assay_buf_add_byte(text, character == '\'' ? '"' : (uint8_t)character);
        break;
    }
}

static bool send_row(struct ws_scripted *s, const struct ws_scripted_row *row,
                     const struct assay_json *doc)
{
    static const struct assay_json none;
    struct assay_buf text = ASSAY_BUF_INIT(RECEIVED_MAX_BYTES);
    uint8_t first = row->first != 0 ? row->first : WHOLE_TEXT;
    bool ok = row->text != NULL;

    for (const char *at = row->text; ok && *at != '\0'; at++)
        add_character(&text, *at, doc != NULL ? doc : &none);
    if (row->first == CONTINUED)
        first = 0;
    ok = ok && send_frame(s, first, assay_buf_view(&text));
    assay_buf_fini(&text);
    return ok;
}

/* *found: whether there was any. */
static bool send_rows(struct ws_scripted *s, bool *found, const struct ws_scripted_row *rows,
                      size_t count, const struct assay_json *doc)
{
    bool ok = true;

    *found = false;
    for (size_t i = 0; i < count && ok; i++) {
        if (!is_for(&rows[i], doc))
            continue;
        *found = true;
        ok = send_row(s, &rows[i], doc);
    }
    return ok;
}

static bool answer(struct ws_scripted *s, const struct assay_json *doc)
{
    bool found;

    if (!send_rows(s, &found, s->special, s->special_count, doc))
        return false;
    return found || send_rows(s, &found, s->rows, s->count, doc);
}

static bool serve_frame(struct ws_scripted *s)
{
    struct assay_bytes payload;
    struct assay_json doc;
    uint8_t first = 0;
    size_t len = 0;
    bool ok;

    if (!take_frame(s, &first, &payload, &len))
        return false;
    if (first != WHOLE_TEXT) { /* a pong, or the end */
        drop(s, len);
        return first == WHOLE_PONG;
    }
    ok = assay_json_parse(&doc, s->tokens, TOKENS_MAX, payload, ASSAY_JSON_STRICT, NULL) ==
             ASSAY_OK &&
         answer(s, &doc);
    drop(s, len);
    return ok;
}

static void *serve(void *context)
{
    struct ws_scripted *s = context;

    while (ready(s, s->listener, POLLIN)) {
        if ((s->fd = sock_accept(s->listener)) < 0)
            continue;
        assay_buf_clear(&s->in);
        if (shake_hands(s)) {
            atomic_fetch_add(&s->connections, 1);
            if (answer(s, NULL))
                while (serve_frame(s))
                    ;
        }
        close(s->fd);
    }
    return NULL;
}

struct ws_scripted *ws_scripted_start(const struct ws_scripted_row *special, size_t special_count,
                                      const struct ws_scripted_row *rows, size_t count)
{
    struct ws_scripted *s = calloc(1, sizeof(*s));
    uint16_t port = 0;

    cr_assert_not_null(s);
    s->special = special;
    s->special_count = special_count;
    s->rows = rows;
    s->count = count;
    s->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->in = (struct assay_buf)ASSAY_BUF_INIT(RECEIVED_MAX_BYTES);
    cr_assert_eq(sock_listen(&s->listener, &port, 0, NULL), ASSAY_OK);
    (void)!snprintf(s->url, sizeof(s->url), "ws://127.0.0.1:%u", (unsigned)port);
    cr_assert_eq(pthread_create(&s->thread, NULL, serve, s), 0);
    return s;
}

void ws_scripted_stop(struct ws_scripted *s)
{
    sock_wake(s->stop);
    pthread_join(s->thread, NULL);
    close(s->listener);
    close(s->stop);
    assay_buf_fini(&s->in);
    free(s);
}

const char *ws_scripted_url(const struct ws_scripted *s)
{
    return s->url;
}

unsigned ws_scripted_connections(struct ws_scripted *s)
{
    return atomic_load(&s->connections);
}
