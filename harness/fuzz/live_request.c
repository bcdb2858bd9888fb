/* One live request, taken apart, bent and written again; see live_request.h. What is done to the
 * payment and the body is in live_payload.c. */
#include "fuzz/live_request_internal.h"

#include <ctype.h>
#include <stdio.h>

/* ---- taking apart ---- */

static struct assay_bytes line_at(struct assay_bytes bytes, size_t *at)
{
    size_t from = *at, end = assay_bytes_find(bytes, '\n', from);

    *at = end < bytes.len ? end + 1 : end;
    if (end > from && bytes.at[end - 1] == '\r')
        end--;
    return assay_bytes_part(bytes, from, end);
}

static bool split_line(struct live_message *m, struct assay_bytes line)
{
    size_t one = assay_bytes_find(line, ' ', 0), two = assay_bytes_find(line, ' ', one + 1);

    if (one >= line.len || two >= line.len)
        return false;
    m->method = assay_bytes_part(line, 0, one);
    m->target = assay_bytes_part(line, one + 1, two);
    m->version = assay_bytes_part(line, two + 1, line.len);
    return true;
}

static bool take_apart(struct live_message *m, struct assay_bytes bytes)
{
    size_t at = 0;

    if (!split_line(m, line_at(bytes, &at)))
        return false;
    while (at < bytes.len) {
        struct assay_bytes line = line_at(bytes, &at);
        size_t colon = assay_bytes_find(line, ':', 0), value = colon + 1;

        if (line.len == 0) {
            m->body = assay_bytes_part(bytes, at, bytes.len);
            return true;
        }
        if (colon == line.len || m->header_count == LIVE_HEADERS_MAX)
            return false;
        while (value < line.len && line.at[value] == ' ')
            value++;
        m->headers[m->header_count++] =
            (struct live_header){.name = assay_bytes_part(line, 0, colon),
                                 .separator = ASSAY_LIT(": "),
                                 .value = assay_bytes_part(line, value, line.len),
                                 .end = ASSAY_LIT("\r\n")};
    }
    return false;
}

struct live_header *live_message_header(struct live_message *m, const char *name)
{
    for (size_t i = 0; i < m->header_count; i++)
        if (assay_bytes_equal_nocase(m->headers[i].name, assay_str(name)))
            return &m->headers[i];
    return NULL;
}

/* ---- texts ---- */

struct assay_bytes live_spliced(struct live_message *m, struct assay_bytes text, size_t from,
                                size_t to, struct assay_bytes in)
{
    uint8_t *out = assay_arena_alloc(m->arena, text.len + in.len + 1);
    size_t head = from < text.len ? from : text.len, tail = to < text.len ? to : text.len;

    if (out == NULL) {
        m->failed = true;
        return text;
    }
    if (head > 0)
        memcpy(out, text.at, head);
    if (in.len > 0)
        memcpy(out + head, in.at, in.len);
    if (tail < text.len)
        memcpy(out + head + in.len, text.at + tail, text.len - tail);
    return assay_bytes_of(out, head + in.len + (text.len - tail));
}

size_t live_place(struct assay_bytes text, uint32_t at)
{
    return (size_t)((uint64_t)text.len * (at % 1001) / 1000);
}

struct assay_bytes live_repeated(struct live_message *m, const struct live_edit *edit)
{
    size_t times = edit->times > 0 ? edit->times : 1, n = 0;
    uint8_t *out;

    if (edit->text.len > 0 && times > LIVE_TIMES_MAX / edit->text.len)
        times = LIVE_TIMES_MAX / edit->text.len;
    out = assay_arena_alloc(m->arena, times * edit->text.len + 1);
    if (out == NULL) {
        m->failed = true;
        return edit->text;
    }
    for (size_t i = 0; i < times && edit->text.len > 0; i++, n += edit->text.len)
        memcpy(out + n, edit->text.at, edit->text.len);
    return assay_bytes_of(out, n);
}

static struct assay_bytes one_byte_changed(struct live_message *m, struct assay_bytes text,
                                           size_t at, bool escape)
{
    char escaped[4] = "";
    uint8_t byte;

    if (at >= text.len)
        return text;
    byte = text.at[at];
    if (escape)
        (void)snprintf(escaped, sizeof(escaped), "%%%02X", byte);
    else
        escaped[0] = (char)(isupper(byte) ? tolower(byte) : toupper(byte));
    return live_spliced(m, text, at, at + 1, assay_str(escaped));
}

/* ---- edits of the line and the header ---- */

static void edit_target(struct live_message *m, const struct live_edit *edit)
{
    size_t at = live_place(m->target, edit->at);
    uint8_t mark = assay_bytes_find(m->target, '?', 0) < m->target.len ? '&' : '?';

    switch ((unsigned)edit->kind) {
    case LIVE_EDIT_TARGET:
        m->target = edit->text;
        break;
    case LIVE_EDIT_TARGET_INSERT:
        m->target = live_spliced(m, m->target, at, at, edit->text);
        break;
    case LIVE_EDIT_TARGET_CUT:
        m->target = live_spliced(m, m->target, at, at + 1, ASSAY_LIT(""));
        break;
    case LIVE_EDIT_QUERY:
        m->target =
            live_spliced(m, m->target, m->target.len, m->target.len, assay_bytes_of(&mark, 1));
        m->target = live_spliced(m, m->target, m->target.len, m->target.len, edit->text);
        break;
    default:
        m->target = one_byte_changed(m, m->target, at, edit->kind == LIVE_EDIT_TARGET_ESCAPE);
    }
}

static void add_header(struct live_message *m, struct live_header header)
{
    if (m->header_count < LIVE_HEADERS_MAX)
        m->headers[m->header_count++] = header;
}

static void remove_header(struct live_message *m, size_t i)
{
    memmove(&m->headers[i], &m->headers[i + 1], (m->header_count - i - 1) * sizeof(m->headers[0]));
    m->header_count--;
}

static struct assay_bytes other_case(struct live_message *m, struct assay_bytes name)
{
    struct assay_bytes out = live_spliced(m, name, 0, 0, ASSAY_LIT(""));

    for (size_t i = 0; i < out.len && !m->failed; i++)
        ((uint8_t *)(uintptr_t)out.at)[i] =
            (uint8_t)(i % 2 != 0 ? toupper(out.at[i]) : tolower(out.at[i]));
    return out;
}

static bool is_carrier(const struct live_message *m, const struct live_header *h)
{
    return m->carrier->header != NULL &&
           assay_bytes_equal_nocase(h->name, assay_str(m->carrier->header));
}

static void edit_header(struct live_message *m, const struct live_edit *edit)
{
    size_t i = m->header_count > 0 ? edit->at % m->header_count : 0, at;
    struct live_header *h = &m->headers[i], copy = *h;

    if (m->header_count == 0)
        return;
    switch ((unsigned)edit->kind) {
    case LIVE_EDIT_HEADER_REMOVE:
        remove_header(m, i);
        break;
    case LIVE_EDIT_HEADER_TWICE:
        add_header(m, copy);
        break;
    case LIVE_EDIT_HEADER_LAST:
        remove_header(m, i);
        add_header(m, copy);
        break;
    case LIVE_EDIT_HEADER_CASE:
        h->name = other_case(m, h->name);
        break;
    case LIVE_EDIT_HEADER_SPACE:
        h->separator = edit->how == 0 ? live_spliced(m, ASSAY_LIT(": "), 0, 0, edit->text)
                                      : live_spliced(m, ASSAY_LIT(": "), 1, 1, edit->text);
        break;
    case LIVE_EDIT_HEADER_FOLD:
        at = h->value.len / 2;
        h->value = live_spliced(m, h->value, at, at, ASSAY_LIT("\r\n "));
        break;
    case LIVE_EDIT_HEADER_VALUE:
        m->is_replaced = m->is_replaced || is_carrier(m, h);
        h->value = live_repeated(m, edit);
        break;
    case LIVE_EDIT_HEADER_INSERT:
        at = live_place(h->value, edit->how);
        h->value = live_spliced(m, h->value, at, at, edit->text);
        break;
    default: /* LINE_END */
        h->end = edit->text;
    }
}

/* ---- writing ---- */

static void add_length(struct live_message *m, struct assay_buf *out)
{
    if (m->is_chunked)
        assay_buf_add_str(out, "Transfer-Encoding: chunked\r\n");
    else if (m->had_length || m->body.len > 0)
        assay_buf_printf(out, "Content-Length: %zu\r\n", m->body.len);
}

static struct assay_bytes written(struct live_message *m)
{
    struct assay_buf out = ASSAY_BUF_INIT((size_t)4 << 20);
    struct assay_bytes bytes;

    assay_buf_add(&out, m->method);
    assay_buf_add_byte(&out, ' ');
    assay_buf_add(&out, m->target);
    assay_buf_add_byte(&out, ' ');
    assay_buf_add(&out, m->version);
    assay_buf_add_str(&out, "\r\n");
    for (size_t i = 0; i < m->header_count; i++) {
        const struct live_header *h = &m->headers[i];

        assay_buf_add(&out, h->name);
        assay_buf_add(&out, h->separator);
        assay_buf_add(&out, h->value);
        assay_buf_add(&out, h->end);
    }
    add_length(m, &out);
    assay_buf_add(&out, m->more_lines);
    assay_buf_add_str(&out, "\r\n");
    assay_buf_add(&out, m->is_chunked ? m->chunks : m->body);
    bytes = assay_arena_copy(m->arena, assay_buf_view(&out));
    m->failed = m->failed || !assay_buf_ok(&out) || bytes.at == NULL;
    assay_buf_fini(&out);
    return bytes;
}

/* What is sent as it stands, and when. */
static void make_pieces(struct live_request *out, struct live_message *m,
                        const struct live_edit *edits, size_t edit_count)
{
    struct assay_bytes bytes = written(m);
    size_t from = 0;

    for (size_t i = 0; i < edit_count; i++) {
        if (edits[i].kind == LIVE_EDIT_CUT)
            bytes = assay_bytes_part(bytes, 0, live_place(bytes, edits[i].at));
        if (edits[i].kind == LIVE_EDIT_TWICE)
            out->answers = 2;
        out->half_close = out->half_close || edits[i].kind == LIVE_EDIT_HALF_CLOSE;
    }
    if (out->answers == 2)
        bytes = live_spliced(m, bytes, bytes.len, bytes.len, bytes);
    out->is_complete = !m->failed && live_request_is_complete(bytes, out->answers == 2);
    for (size_t i = 0; i < edit_count && out->piece_count + 1 < LIVE_PIECES_MAX; i++) {
        size_t at = live_place(bytes, edits[i].at);

        if (edits[i].kind != LIVE_EDIT_PAUSE || at <= from)
            continue;
        out->pieces[out->piece_count++] =
            (struct http_piece){.bytes = assay_bytes_part(bytes, from, at),
                                .pause_ms = (int)(edits[i].how % (LIVE_PAUSE_MAX_MS + 1))};
        from = at;
    }
    out->pieces[out->piece_count++] =
        (struct http_piece){.bytes = assay_bytes_part(bytes, from, bytes.len)};
}

/* ---- all of it ---- */

/* Whether the payment is still in it: see live_request.h. */
static bool still_pays(const struct live_message *m)
{
    bool is_there = m->carrier->header == NULL, is_honest = false;

    for (size_t i = 0; i < m->header_count; i++) {
        bool is_it = is_carrier(m, &m->headers[i]);

        is_there = is_there || is_it;
        is_honest = is_honest || (is_it && assay_bytes_equal(m->headers[i].value, m->honest));
    }
    return is_honest || (is_there && !m->is_replaced);
}

/* One edit. What concerns what is sent as it stands comes last, in make_pieces. */
static void apply(struct live_request *out, struct live_message *m, const struct live_edit *edit)
{
    if (edit->kind <= LIVE_EDIT_QUERY)
        out->keeps_place = false;
    switch ((unsigned)edit->kind) {
    case LIVE_EDIT_METHOD:
        m->method = edit->text;
        out->speaks = false;
        break;
    case LIVE_EDIT_VERSION:
        m->version = edit->text;
        out->speaks = false;
        break;
    case LIVE_EDIT_HEADER_ADD:
    case LIVE_EDIT_LENGTH:
    case LIVE_EDIT_CODING:
        live_message_add_line(m, edit);
        out->speaks = out->speaks && edit->kind != LIVE_EDIT_CODING;
        break;
    case LIVE_EDIT_CHUNKS:
        live_message_chunk(m, edit->how);
        break;
    default:
        if (edit->kind <= LIVE_EDIT_QUERY)
            edit_target(m, edit);
        else if (edit->kind <= LIVE_EDIT_HEADER_INSERT || edit->kind == LIVE_EDIT_LINE_END)
            edit_header(m, edit);
        else if (edit->kind <= LIVE_EDIT_BODY_INSERT)
            live_message_edit_payload(m, edit);
    }
}

enum assay_code live_request_make(struct live_request *out, struct assay_arena *arena,
                                  struct assay_bytes honest, const struct live_carrier *carrier,
                                  const struct live_edit *edits, size_t edit_count)
{
    struct live_message m = {.arena = arena, .carrier = carrier};
    struct live_header *length, *payment;

    *out = (struct live_request){.answers = 1, .keeps_place = true, .speaks = true};
    if (!take_apart(&m, honest))
        return ASSAY_E_MALFORMED;
    length = live_message_header(&m, "Content-Length");
    if (length != NULL) {
        m.had_length = true;
        remove_header(&m, (size_t)(length - m.headers));
    }
    payment = carrier->header != NULL ? live_message_header(&m, carrier->header) : NULL;
    if (payment != NULL)
        m.honest = payment->value;
    for (size_t i = 0; i < edit_count; i++)
        apply(out, &m, &edits[i]);
    out->pays = still_pays(&m);
    make_pieces(out, &m, edits, edit_count);
    return m.failed ? ASSAY_E_NOMEM : ASSAY_OK;
}
