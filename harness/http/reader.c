/* Reading responses that may be hostile; see reader.h. */
#include "http/reader.h"

#include "http/parts.h"
#include "http/sock.h"

enum { IN_HEAD, IN_LENGTH, IN_CHUNKS, UNTIL_CLOSE };

static enum http_read garbled(struct http_head *head, const char *trouble)
{
    head->trouble = trouble;
    return HTTP_READ_GARBLED;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_token(struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_letter && !is_digit(c) && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return text.len > 0;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct assay_bytes trim(struct assay_bytes text)
{
    size_t from = 0, to = text.len;

    while (from < to && is_blank(text.at[from]))
        from++;
    while (to > from && is_blank(text.at[to - 1]))
        to--;
    return assay_bytes_part(text, from, to);
}

static enum http_read status_line(struct http_head *head, struct assay_bytes line)
{
    struct assay_bytes start = assay_bytes_part(line, 0, 7);
    const uint8_t *at = line.at;

    if (line.len < 12 || !assay_bytes_is(start, "HTTP/1.") || (at[7] != '0' && at[7] != '1') ||
        at[8] != ' ' || at[9] < '1' || at[9] > '9' || !is_digit(at[10]) || !is_digit(at[11]) ||
        (line.len > 12 && at[12] != ' '))
        return garbled(head, "what came does not begin with an HTTP/1 status line");
    head->response->status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
    head->has_status = true;
    return HTTP_READ_MORE;
}

static enum http_read length_header(struct http_head *head, struct assay_bytes value)
{
    uint64_t length = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (!is_digit(value.at[i]) || length > (UINT64_MAX - 9) / 10)
            return garbled(head, "its Content-Length is no number, or too large");
        length = length * 10 + (uint64_t)(value.at[i] - '0');
    }
    if (value.len == 0 || (head->has_length && head->length != length))
        return garbled(head, "its Content-Length is empty, or comes twice with two values");
    head->has_length = true;
    head->length = length;
    return HTTP_READ_MORE;
}

static enum http_read header_line(struct http_head *head, struct assay_bytes line)
{
    struct http_response *response = head->response;
    size_t colon = assay_bytes_find(line, ':', 0);
    struct assay_bytes name = assay_bytes_part(line, 0, colon);
    struct assay_bytes value = trim(assay_bytes_part(line, colon + 1, line.len));

    if (colon == line.len || !is_token(name))
        return garbled(head, "a header has no colon, or a name that is no token");
    if (response->header_count >= HTTP_HEADERS_MAX)
        return garbled(head, "it has more headers than are read");
    name = assay_arena_copy(head->arena, name);
    value = assay_arena_copy(head->arena, value);
    if (name.at == NULL || value.at == NULL)
        return HTTP_READ_NOMEM;
    response->headers[response->header_count++] =
        (struct http_header){(const char *)name.at, value};
    if (assay_bytes_equal_nocase(name, ASSAY_LIT("Content-Length")))
        return length_header(head, value);
    if (assay_bytes_equal_nocase(name, ASSAY_LIT("Transfer-Encoding"))) {
        if (head->chunked || !assay_bytes_equal_nocase(value, ASSAY_LIT("chunked")))
            return garbled(head, "its transfer coding is another than chunked");
        head->chunked = true;
    }
    return HTTP_READ_MORE;
}

enum http_read http_head_line(struct http_head *head, struct assay_bytes line)
{
    head->bytes += line.len;
    if (head->bytes > HTTP_HEAD_MAX_BYTES)
        return garbled(head, "its head is larger than is read");
    if (line.len > 0 && line.at[line.len - 1] == '\n')
        line.len--;
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    if (assay_bytes_find(line, '\0', 0) < line.len)
        return garbled(head, "its head has a NUL byte");
    if (!head->has_status)
        return status_line(head, line);
    if (line.len > 0)
        return header_line(head, line);
    if (head->response->status >= 200 || head->response->status == 101)
        return HTTP_READ_DONE;
    head->response->header_count = 0;
    head->has_status = head->chunked = head->has_length = false;
    return HTTP_READ_MORE;
}

void http_reader_init(struct http_reader *reader, struct assay_arena *arena, bool no_body,
                      size_t body_room)
{
    *reader = (struct http_reader){
        .head = {.response = &reader->response, .arena = arena},
        .line = ASSAY_BUF_INIT(HTTP_HEAD_MAX_BYTES),
        .body = ASSAY_BUF_INIT(body_room),
        .no_body = no_body,
    };
}

void http_reader_fini(struct http_reader *reader)
{
    assay_buf_fini(&reader->line);
    assay_buf_fini(&reader->body);
}

/* How the body ends: RFC 9112 section 6.3. */
static enum http_read begin_body(struct http_reader *reader)
{
    int status = reader->response.status;

    reader->left = reader->head.has_length ? reader->head.length : 0;
    if (reader->no_body || status == 204 || status == 304 || status == 101)
        return HTTP_READ_DONE;
    if (reader->head.chunked)
        reader->part = IN_CHUNKS;
    else if (!reader->head.has_length)
        reader->part = UNTIL_CLOSE;
    else
        reader->part = IN_LENGTH;
    return reader->part == IN_LENGTH && reader->left == 0 ? HTTP_READ_DONE : HTTP_READ_MORE;
}

/* Up to one line of the head. What cannot become a status line is told before its line ends. */
static enum http_read feed_head(struct http_reader *reader, struct assay_bytes *in)
{
    static const char start[] = "HTTP/1.";
    size_t end = assay_bytes_find(*in, '\n', 0);
    struct assay_bytes line;
    enum http_read result;

    end += end < in->len;
    assay_buf_add(&reader->line, assay_bytes_part(*in, 0, end));
    *in = assay_bytes_part(*in, end, in->len);
    if (reader->line.bad == ASSAY_E_NOMEM)
        return HTTP_READ_NOMEM;
    if (!assay_buf_ok(&reader->line))
        return garbled(&reader->head, "a line of its head is longer than is read");
    line = assay_buf_view(&reader->line);
    if (line.len == 0 || line.at[line.len - 1] != '\n') {
        size_t seen = line.len < sizeof(start) - 1 ? line.len : sizeof(start) - 1;

        if (!reader->head.has_status && memcmp(line.at, start, seen) != 0)
            return garbled(&reader->head, "what came does not begin with an HTTP/1 status line");
        return HTTP_READ_MORE;
    }
    result = http_head_line(&reader->head, line);
    assay_buf_clear(&reader->line);
    return result == HTTP_READ_DONE ? begin_body(reader) : result;
}

static enum http_read keep(struct http_reader *reader, struct assay_bytes data)
{
    struct assay_buf *body = &reader->body;

    reader->response.body_bytes += data.len;
    assay_buf_add(body, assay_bytes_part(data, 0, body->max - body->len));
    return assay_buf_ok(body) ? HTTP_READ_MORE : HTTP_READ_NOMEM;
}

static enum http_read feed_length(struct http_reader *reader, struct assay_bytes *in)
{
    struct assay_bytes data =
        assay_bytes_part(*in, 0, reader->left < in->len ? (size_t)reader->left : in->len);
    enum http_read result = keep(reader, data);

    *in = assay_bytes_part(*in, data.len, in->len);
    reader->left -= data.len;
    return result == HTTP_READ_MORE && reader->left == 0 ? HTTP_READ_DONE : result;
}

static enum http_read feed_chunks(struct http_reader *reader, struct assay_bytes *in)
{
    struct assay_bytes data = ASSAY_LIT("");

    switch (http_chunked_next(&reader->chunked, &data, in)) {
    case HTTP_CHUNK_MORE:
        return HTTP_READ_MORE;
    case HTTP_CHUNK_DATA:
        return keep(reader, data);
    case HTTP_CHUNK_END:
        return HTTP_READ_DONE;
    case HTTP_CHUNK_BAD:
        break;
    }
    return garbled(&reader->head, HTTP_TROUBLE_CHUNKS);
}

enum http_read http_reader_feed(struct http_reader *reader, size_t *used, struct assay_bytes bytes)
{
    enum http_read result = HTTP_READ_MORE;
    struct assay_bytes in = bytes;

    reader->begun = reader->begun || bytes.len > 0;
    while (in.len > 0 && result == HTTP_READ_MORE) {
        if (reader->part == IN_HEAD)
            result = feed_head(reader, &in);
        else if (reader->part == IN_LENGTH)
            result = feed_length(reader, &in);
        else if (reader->part == IN_CHUNKS)
            result = feed_chunks(reader, &in);
        else {
            result = keep(reader, in);
            in.len = 0;
        }
    }
    reader->trouble = reader->head.trouble;
    *used = bytes.len - in.len;
    return result;
}

bool http_reader_ends_here(const struct http_reader *reader)
{
    return reader->part == UNTIL_CLOSE;
}

enum http_read http_reader_take(struct http_reader *reader, struct http_response *response)
{
    struct assay_bytes body = assay_arena_copy(reader->head.arena, assay_buf_view(&reader->body));

    if (body.at == NULL)
        return HTTP_READ_NOMEM;
    *response = reader->response;
    response->body = body;
    return HTTP_READ_DONE;
}

size_t http_body_room(const struct assay_arena *arena, size_t sharing)
{
    size_t room = (arena->max - arena->used) / 2 / sharing;

    return room < HTTP_BODY_KEEP_BYTES ? room : HTTP_BODY_KEEP_BYTES;
}

struct http_exchange *http_exchange_new(struct assay_arena *arena,
                                        const struct http_request *request)
{
    struct http_exchange *exchange = assay_arena_alloc(arena, sizeof(*exchange));

    if (exchange != NULL) {
        exchange->request = request;
        exchange->sent = exchange->response.body = ASSAY_LIT("");
    }
    return exchange;
}

void http_exchange_end(struct http_exchange *exchange, enum http_outcome outcome,
                       const char *trouble)
{
    exchange->outcome = outcome;
    exchange->trouble = trouble;
    exchange->end_ns = sock_now_ns();
}
