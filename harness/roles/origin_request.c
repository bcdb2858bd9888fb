/* Requests to the origin as they arrive: strict, since what reaches a protected handler in two
 * readings is what the suite looks for. */
#include "roles/origin_internal.h"

#include <assert.h>

void origin_request_init(struct origin_request *request)
{
    *request = (struct origin_request){
        .in = ASSAY_BUF_INIT(ORIGIN_IN_MAX_BYTES),
        .text = ASSAY_BUF_INIT(ORIGIN_HEAD_MAX_BYTES + 8),
        .body = ASSAY_BUF_INIT(ORIGIN_BODY_KEEP_BYTES),
    };
    assay_sha256_init(&request->digest);
}

void origin_request_next(struct origin_request *request)
{
    struct origin_request fresh;

    origin_request_init(&fresh);
    fresh.in = request->in;
    fresh.text = request->text;
    fresh.body = request->body;
    assay_buf_clear(&fresh.text);
    assay_buf_clear(&fresh.body);
    *request = fresh;
}

void origin_request_fini(struct origin_request *request)
{
    assay_buf_fini(&request->in);
    assay_buf_fini(&request->text);
    assay_buf_fini(&request->body);
}

static void drop(struct assay_buf *in, size_t len)
{
    assert(len <= in->len);
    if (len > 0)
        memmove(in->at, in->at + len, in->len - len);
    in->len -= len;
}

/* The next line without its end; false when there is none whole. */
static bool next_line(struct assay_bytes *line, struct assay_bytes *in)
{
    size_t end = assay_bytes_find(*in, '\n', 0);

    if (end == in->len)
        return false;
    *line = assay_bytes_part(*in, 0, end);
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    *in = assay_bytes_part(*in, end + 1, in->len);
    return true;
}

/* The length of the head with its empty line, or 0 while it is not complete. */
static size_t head_len(struct assay_bytes in)
{
    struct assay_bytes rest = in, line;

    while (next_line(&line, &rest)) {
        if (line.len == 0)
            return in.len - rest.len;
    }
    return 0;
}

static void add_text(struct assay_buf *text, struct assay_bytes bytes)
{
    assay_buf_add(text, bytes);
    assay_buf_add_byte(text, '\0');
}

/* "METHOD target HTTP/1.x", with single spaces. */
static bool request_line(struct origin_request *request, struct assay_bytes line)
{
    size_t first = assay_bytes_find(line, ' ', 0);
    size_t second = assay_bytes_find(line, ' ', first + 1);
    struct assay_bytes method = assay_bytes_part(line, 0, first);
    struct assay_bytes target = assay_bytes_part(line, first + 1, second);
    struct assay_bytes version = assay_bytes_part(line, second + 1, line.len);

    if (method.len == 0 || target.len == 0 ||
        (!assay_bytes_is(version, "HTTP/1.1") && !assay_bytes_is(version, "HTTP/1.0")))
        return false;
    request->is_head = assay_bytes_is(method, "HEAD");
    request->keep_alive = assay_bytes_is(version, "HTTP/1.1");
    add_text(&request->text, method);
    add_text(&request->text, target);
    return true;
}

static struct assay_bytes trim(struct assay_bytes text)
{
    size_t from = 0, to = text.len;

    while (from < to && (text.at[from] == ' ' || text.at[from] == '\t'))
        from++;
    while (to > from && (text.at[to - 1] == ' ' || text.at[to - 1] == '\t'))
        to--;
    return assay_bytes_part(text, from, to);
}

static bool length_header(struct origin_request *request, struct assay_bytes value)
{
    uint64_t length = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || length > (UINT64_MAX - 9) / 10)
            return false;
        length = length * 10 + (uint64_t)(value.at[i] - '0');
    }
    if (value.len == 0 || request->has_length)
        return false;
    request->has_length = true;
    request->left = length;
    return true;
}

static bool has_element(struct assay_bytes list, struct assay_bytes element)
{
    for (size_t at = 0; at <= list.len;) {
        size_t comma = assay_bytes_find(list, ',', at);

        if (assay_bytes_equal_nocase(trim(assay_bytes_part(list, at, comma)), element))
            return true;
        at = comma + 1;
    }
    return false;
}

static bool header_line(struct origin_request *request, struct assay_bytes line)
{
    size_t colon = assay_bytes_find(line, ':', 0);
    struct assay_bytes name = assay_bytes_part(line, 0, colon);
    struct assay_bytes value = trim(assay_bytes_part(line, colon + 1, line.len));

    if (colon == line.len || colon == 0 || trim(name).len != name.len)
        return false;
    if (assay_bytes_equal_nocase(name, ASSAY_LIT("Content-Length")))
        return length_header(request, value);
    if (assay_bytes_equal_nocase(name, ASSAY_LIT("Transfer-Encoding"))) {
        if (request->chunked || !assay_bytes_equal_nocase(value, ASSAY_LIT("chunked")))
            return false;
        request->chunked = true;
    } else if (assay_bytes_equal_nocase(name, ASSAY_LIT("Connection"))) {
        request->keep_alive = request->keep_alive && !has_element(value, ASSAY_LIT("close"));
    } else if (assay_bytes_equal_nocase(name, ASSAY_LIT("Expect"))) {
        request->expects = assay_bytes_equal_nocase(value, ASSAY_LIT("100-continue"));
    } else if (assay_bytes_equal_nocase(name, ASSAY_LIT("Content-Type")) && !request->has_type) {
        request->has_type = true;
        add_text(&request->text, value);
    }
    return true;
}

/* The head of `len` bytes at the start of `in`; it is dropped from there. */
static enum origin_request_read read_head(struct origin_request *request, size_t len)
{
    struct assay_bytes head = assay_bytes_part(assay_buf_view(&request->in), 0, len);
    struct assay_bytes line = ASSAY_LIT("");

    if (assay_bytes_find(head, '\0', 0) < head.len)
        return ORIGIN_REQUEST_BAD;
    if (!next_line(&line, &head) || !request_line(request, line))
        return ORIGIN_REQUEST_BAD;
    while (next_line(&line, &head) && line.len > 0) {
        if (!header_line(request, line))
            return ORIGIN_REQUEST_BAD;
    }
    if (request->chunked && request->has_length)
        return ORIGIN_REQUEST_BAD;
    if (!request->has_type)
        assay_buf_add_byte(&request->text, '\0');
    if (!assay_buf_ok(&request->text))
        return ORIGIN_REQUEST_NOMEM;
    request->method = (const char *)request->text.at;
    request->target = request->method + strlen(request->method) + 1;
    request->content_type = request->target + strlen(request->target) + 1;
    drop(&request->in, len);
    request->head_done = true;
    return ORIGIN_REQUEST_MORE;
}

static void keep(struct origin_request *request, struct assay_bytes data)
{
    request->body_bytes += data.len;
    assay_sha256_add(&request->digest, data);
    assay_buf_add(&request->body, assay_bytes_part(data, 0, request->body.max - request->body.len));
}

static enum origin_request_read read_chunks(struct origin_request *request)
{
    struct assay_bytes in = assay_buf_view(&request->in), data = in;
    size_t all = in.len;
    enum http_chunk chunk;

    do {
        chunk = http_chunked_next(&request->chunks, &data, &in);
        if (chunk == HTTP_CHUNK_DATA)
            keep(request, data);
    } while (chunk == HTTP_CHUNK_DATA);
    drop(&request->in, all - in.len);
    if (chunk == HTTP_CHUNK_BAD)
        return ORIGIN_REQUEST_BAD;
    return chunk == HTTP_CHUNK_END ? ORIGIN_REQUEST_DONE : ORIGIN_REQUEST_MORE;
}

static enum origin_request_read read_length(struct origin_request *request)
{
    struct assay_bytes in = assay_buf_view(&request->in);

    in = assay_bytes_part(in, 0, request->left < in.len ? (size_t)request->left : in.len);
    keep(request, in);
    request->left -= in.len;
    drop(&request->in, in.len);
    return request->left == 0 ? ORIGIN_REQUEST_DONE : ORIGIN_REQUEST_MORE;
}

enum origin_request_read origin_request_read(struct origin_request *request)
{
    enum origin_request_read result;

    if (!request->head_done) {
        size_t len = head_len(assay_buf_view(&request->in));

        if (len > ORIGIN_HEAD_MAX_BYTES || (len == 0 && request->in.len > ORIGIN_HEAD_MAX_BYTES))
            return ORIGIN_REQUEST_BAD;
        if (len == 0)
            return ORIGIN_REQUEST_MORE;
        result = read_head(request, len);
        if (result != ORIGIN_REQUEST_MORE)
            return result;
    }
    result = request->chunked ? read_chunks(request) : read_length(request);
    if (!assay_buf_ok(&request->body))
        return ORIGIN_REQUEST_NOMEM;
    if (result == ORIGIN_REQUEST_MORE && request->expects && request->body_bytes == 0) {
        request->expects = false;
        return ORIGIN_REQUEST_CONTINUE;
    }
    return result;
}
