/* What is done to the payment, the body and its framing; and what a whole request is. */
#include "fuzz/live_request_internal.h"

#include "base/decimal.h"
#include "base/json.h"
#include "fuzz/json_edit.h"

enum { JSON_EDITS_MAX = 4, MARKED_MAX_TOKENS = 1024, PAYLOAD_MAX_BYTES = 1 << 20 };

static struct assay_bytes kept(struct live_message *m, struct assay_buf *buf)
{
    struct assay_bytes bytes = assay_arena_copy(m->arena, assay_buf_view(buf));

    m->failed = m->failed || !assay_buf_ok(buf) || bytes.at == NULL;
    assay_buf_fini(buf);
    return m->failed ? ASSAY_LIT("") : bytes;
}

/* ---- JSON ---- */

/* A text that is no document stays as it is. */
static struct assay_bytes json_edited(struct live_message *m, struct assay_bytes text,
                                      const struct live_edit *edit)
{
    struct fuzz_dice dice;

    fuzz_dice_init(&dice, edit->at);
    for (uint32_t i = 0; i <= edit->how % JSON_EDITS_MAX; i++) {
        struct assay_buf out = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES);

        if (fuzz_json_edit(&out, text, &dice) && assay_buf_ok(&out))
            text = kept(m, &out);
        else
            assay_buf_fini(&out);
    }
    return text;
}

/* Whether one of its strings is the mark. Of what our reader does not take nobody knows what a
 * server makes of it. */
static bool has_mark(struct live_message *m, struct assay_bytes text)
{
    struct assay_json_token *tokens =
        assay_arena_alloc(m->arena, MARKED_MAX_TOKENS * sizeof(*tokens));
    struct assay_json doc;
    bool found = false;

    if (m->carrier->mark == NULL || tokens == NULL ||
        assay_json_parse(&doc, tokens, MARKED_MAX_TOKENS, text, ASSAY_JSON_LAST_DUPLICATE_WINS,
                         NULL) != ASSAY_OK)
        return true;
    for (uint32_t i = 0; i < doc.token_count && !found; i++) {
        struct assay_buf value = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES);

        found = assay_json_type(&doc, i) == ASSAY_JSON_STRING &&
                assay_json_string(&value, &doc, i) == ASSAY_OK &&
                assay_bytes_equal_nocase(assay_buf_view(&value), assay_str(m->carrier->mark));
        assay_buf_fini(&value);
    }
    return found;
}

/* ---- the payment ---- */

/* Other spellings of a header's text. */
static struct assay_bytes respelled(struct live_message *m, struct assay_bytes text, uint32_t how)
{
    struct assay_buf out = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES);
    size_t half = text.len / 2;

    switch (how % 8) {
    case 0:
        assay_buf_add(&out, text);
        assay_buf_add_str(&out, "==");
        break;
    case 1: /* the other alphabet */
        for (size_t i = 0; i < text.len; i++)
            assay_buf_add_byte(&out, text.at[i] == '-'   ? '+'
                                     : text.at[i] == '_' ? '/'
                                     : text.at[i] == '+' ? '-'
                                     : text.at[i] == '/' ? '_'
                                                         : text.at[i]);
        break;
    case 2:
        assay_buf_add(&out, text);
        assay_buf_add_str(&out, ".junk");
        break;
    case 3:
        assay_buf_add(&out, assay_bytes_part(text, 0, half));
        assay_buf_add_byte(&out, ' ');
        assay_buf_add(&out, assay_bytes_part(text, half, text.len));
        break;
    case 4:
        assay_buf_add(&out, text);
        assay_buf_add_str(&out, ", ");
        assay_buf_add(&out, text);
        break;
    case 5:
        assay_buf_add(&out, assay_bytes_part(text, 0, half));
        break;
    case 6:
        assay_buf_add(&out, assay_bytes_part(text, 0, text.len > 0 ? text.len - 1 : 0));
        break;
    default:
        assay_buf_add_byte(&out, '"');
        assay_buf_add(&out, text);
        assay_buf_add_byte(&out, '"');
    }
    return kept(m, &out);
}

static void edit_body_json(struct live_message *m, const struct live_edit *edit)
{
    m->body = json_edited(m, m->body, edit);
    if (m->carrier->header == NULL && !has_mark(m, m->body))
        m->is_replaced = true;
}

static void edit_payment(struct live_message *m, const struct live_edit *edit)
{
    struct live_header *h =
        m->carrier->header != NULL ? live_message_header(m, m->carrier->header) : NULL;
    struct assay_buf text = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES);
    struct assay_buf header = ASSAY_BUF_INIT(2 * PAYLOAD_MAX_BYTES);
    struct assay_bytes document;

    if (h == NULL || (edit->kind == LIVE_EDIT_PAYMENT_JSON &&
                      assay_base64_decode(&text, m->carrier->form, h->value, NULL) != ASSAY_OK)) {
        if (m->carrier->header == NULL && edit->kind == LIVE_EDIT_PAYMENT_JSON)
            edit_body_json(m, edit);
        assay_buf_fini(&text);
        return;
    }
    if (edit->kind == LIVE_EDIT_PAYMENT_FORM) {
        h->value = respelled(m, h->value, edit->how);
        return;
    }
    document = edit->kind == LIVE_EDIT_PAYMENT_TEXT ? live_repeated(m, edit)
                                                    : json_edited(m, kept(m, &text), edit);
    m->is_replaced =
        m->is_replaced || edit->kind == LIVE_EDIT_PAYMENT_TEXT || !has_mark(m, document);
    assay_base64_encode(&header, m->carrier->form, document);
    h->value = kept(m, &header);
}

void live_message_edit_payload(struct live_message *m, const struct live_edit *edit)
{
    size_t at = live_place(m->body, edit->at);

    switch ((unsigned)edit->kind) {
    case LIVE_EDIT_BODY_JSON:
        edit_body_json(m, edit);
        break;
    case LIVE_EDIT_BODY:
        m->body = live_repeated(m, edit);
        m->had_length = true;
        break;
    case LIVE_EDIT_BODY_INSERT:
        m->body = live_spliced(m, m->body, at, at, edit->text);
        break;
    default:
        edit_payment(m, edit);
    }
}

/* ---- framing ---- */

void live_message_add_line(struct live_message *m, const struct live_edit *edit)
{
    const char *name = edit->kind == LIVE_EDIT_LENGTH   ? "Content-Length: "
                       : edit->kind == LIVE_EDIT_CODING ? "Transfer-Encoding: "
                                                        : "";
    struct assay_buf out = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES);

    assay_buf_add(&out, m->more_lines);
    assay_buf_add_str(&out, name);
    assay_buf_add(&out, live_repeated(m, edit));
    assay_buf_add_str(&out, "\r\n");
    m->more_lines = kept(m, &out);
}

/* How a chunk's size is written, right and wrong, and how the body ends. */
static const struct {
    const char *before, *behind;
} sizes[] = {{"", "\r\n"},  {"", ";name=\"value\"\r\n"},
             {"", "\n"},    {"0x", "\r\n"},
             {"-", "\r\n"}, {"", " \r\n"},
             {"+", "\r\n"}, {"ffffffffffffffff", "\r\n"},
             {"", "x\r\n"}};
static const char *const ends[] = {"0\r\n\r\n", "0\r\nTrailer-Of: ours\r\n\r\n", "0\r\n", "",
                                   "0\r\nContent-Length: 5\r\n\r\n"};

void live_message_chunk(struct live_message *m, uint32_t fault)
{
    const size_t half = m->body.len / 2, kind = fault % ARRAY_LEN(sizes);
    const struct assay_bytes parts[] = {assay_bytes_part(m->body, 0, half),
                                        assay_bytes_part(m->body, half, m->body.len)};
    struct assay_buf out = ASSAY_BUF_INIT(2 * PAYLOAD_MAX_BYTES);

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].len == 0)
            continue;
        assay_buf_printf(&out, "%s%zx%s", sizes[kind].before, parts[i].len, sizes[kind].behind);
        assay_buf_add(&out, parts[i]);
        assay_buf_add_str(&out, "\r\n");
    }
    assay_buf_add_str(&out, ends[fault / ARRAY_LEN(sizes) % ARRAY_LEN(ends)]);
    m->chunks = kept(m, &out);
    m->is_chunked = true;
}

/* ---- what a whole request is ---- */

static bool is_token(struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] >= 0x7f ||
            strchr("\"(),/:;<=>?@[\\]{}", text.at[i]) != NULL)
            return false;
    return text.len > 0;
}

static bool is_printable(struct assay_bytes text, uint8_t least)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < least || text.at[i] >= 0x7f)
            return false;
    return text.len > 0;
}

static bool is_request_line(struct assay_bytes line)
{
    size_t one = assay_bytes_find(line, ' ', 0), two = assay_bytes_find(line, ' ', one + 1);

    return two < line.len && is_token(assay_bytes_part(line, 0, one)) &&
           is_printable(assay_bytes_part(line, one + 1, two), '!') &&
           assay_bytes_is(assay_bytes_part(line, two + 1, line.len), "HTTP/1.1");
}

struct head {
    bool has_length, has_other; /* other: what changes how the rest is read */
    uint64_t length;
};

static bool read_header(struct head *head, struct assay_bytes line)
{
    static const char *const others[] = {"Transfer-Encoding", "Expect", "Upgrade", "Connection"};
    size_t colon = assay_bytes_find(line, ':', 0), from = colon + 1;
    struct assay_bytes name = assay_bytes_part(line, 0, colon), value;

    if (colon >= line.len || !is_token(name))
        return false;
    while (from < line.len && line.at[from] == ' ')
        from++;
    value = assay_bytes_part(line, from, line.len);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        head->has_other = head->has_other || assay_bytes_equal_nocase(name, assay_str(others[i]));
    if (!assay_bytes_equal_nocase(name, ASSAY_LIT("Content-Length")))
        return value.len == 0 || is_printable(value, ' ');
    if (head->has_length)
        return false;
    head->has_length = true;
    return assay_decimal_u64(&head->length, value) == ASSAY_OK;
}

/* Where the first request of these bytes ends; 0: it is none. */
static size_t end_of_request(struct assay_bytes bytes)
{
    struct head head = {0};
    size_t at = 0, lines = 0;

    for (;; lines++) {
        size_t end = assay_bytes_find(bytes, '\n', at);
        struct assay_bytes line;

        if (end >= bytes.len || end == at || bytes.at[end - 1] != '\r')
            return 0;
        line = assay_bytes_part(bytes, at, end - 1);
        at = end + 1;
        if (line.len == 0)
            break;
        if (lines == 0 ? !is_request_line(line) : !read_header(&head, line))
            return 0;
    }
    if (lines == 0 || head.has_other || head.length > bytes.len - at)
        return 0;
    return at + (size_t)head.length;
}

bool live_request_is_complete(struct assay_bytes bytes, bool many)
{
    size_t end = end_of_request(bytes);

    while (many && end > 0 && end < bytes.len) {
        bytes = assay_bytes_part(bytes, end, bytes.len);
        end = end_of_request(bytes);
    }
    return end > 0 && end == bytes.len;
}
