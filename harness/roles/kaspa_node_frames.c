/* WebSocket as bytes, the server's side of it: the handshake, and frames as they are read and
 * written (RFC 6455). No sockets here. */
#include "roles/kaspa_node_internal.h"

#include "base/base64.h"
#include "base/cursor.h"

#include <openssl/sha.h>

enum {
    KEY_BYTES = 16,
    KEY_TEXT_BYTES = 24,
    RESERVED_BITS = 0x70,
    OPCODE_BITS = 0x0F,
    CONTROL_BIT = 0x08,
    MASKED_BIT = 0x80,
    LENGTH_BITS = 0x7F,
    LENGTH_16 = 126, /* the length stands in the next 2 bytes */
    LENGTH_64 = 127, /* in the next 8 */
};

/* ---- the handshake (section 4.2) ---- */

static struct assay_bytes trimmed(struct assay_bytes text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = assay_bytes_part(text, 1, text.len);
    while (text.len > 0 && memchr(" \t\r", text.at[text.len - 1], 3) != NULL)
        text.len--;
    return text;
}

/* The value of a header, which has to be there once. */
static bool find_header(struct assay_bytes *out, struct assay_bytes head, const char *name)
{
    struct assay_cur c = assay_cur_of(head);
    unsigned found = 0;

    (void)assay_cur_until(&c, '\n'); /* the request line */
    while (!c.bad) {
        struct assay_bytes line = assay_cur_until(&c, '\n');
        size_t colon = assay_bytes_find(line, ':', 0);

        if (!assay_bytes_equal_nocase(assay_bytes_part(line, 0, colon), assay_str(name)))
            continue;
        *out = trimmed(assay_bytes_part(line, colon + 1, line.len));
        found++;
    }
    return found == 1;
}

/* Whether a list, "keep-alive, Upgrade", has a member. */
static bool has_member(struct assay_bytes list, const char *member)
{
    struct assay_cur c = assay_cur_of(list);
    bool found = false;

    while (!found && !c.bad)
        found = assay_bytes_equal_nocase(trimmed(assay_cur_until(&c, ',')), assay_str(member));
    return found;
}

static bool is_key(struct assay_bytes text)
{
    uint8_t key[KEY_BYTES];
    struct assay_buf out = ASSAY_BUF_OVER(key);

    return assay_base64_decode(&out, ASSAY_BASE64_STD_ANY_BITS, text, NULL) == ASSAY_OK &&
           out.len == KEY_BYTES;
}

static bool is_request_line(struct assay_bytes head)
{
    struct assay_bytes line = trimmed(assay_bytes_part(head, 0, assay_bytes_find(head, '\n', 0)));
    struct assay_bytes version = ASSAY_LIT(" HTTP/1.1");

    return assay_bytes_is(assay_bytes_part(line, 0, 4), "GET ") && line.len > version.len &&
           assay_bytes_equal(assay_bytes_part(line, line.len - version.len, line.len), version);
}

static bool is_hello(struct assay_bytes *key, struct assay_bytes head)
{
    static const struct {
        const char *name, *member;
    } wanted[] = {
        {"Upgrade", "websocket"},
        {"Connection", "Upgrade"},
        {"Sec-WebSocket-Version", "13"},
    };
    struct assay_bytes value;

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        if (!find_header(&value, head, wanted[i].name) || !has_member(value, wanted[i].member))
            return false;
    return is_request_line(head) && find_header(&value, head, "Host") &&
           find_header(key, head, "Sec-WebSocket-Key") && is_key(*key);
}

bool node_hello_answer(struct assay_buf *out, struct assay_bytes head)
{
    static const char salt[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* section 1.3 */
    uint8_t salted[KEY_TEXT_BYTES + sizeof(salt)], digest[SHA_DIGEST_LENGTH];
    struct assay_buf text = ASSAY_BUF_OVER(salted);
    struct assay_bytes key;

    if (!is_hello(&key, head)) {
        assay_buf_add_str(out, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
                               "Content-Length: 0\r\n\r\n");
        return false;
    }
    assay_buf_add(&text, key);
    assay_buf_add_str(&text, salt);
    (void)SHA1(salted, text.len, digest);
    assay_buf_add_str(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
    assay_base64_encode(out, ASSAY_BASE64_STD, assay_bytes_of(digest, sizeof(digest)));
    assay_buf_add_str(out, "\r\n\r\n");
    return true;
}

/* ---- frames (section 5) ---- */

static bool is_opcode(uint8_t opcode)
{
    return opcode <= NODE_WS_BINARY || (opcode >= NODE_WS_CLOSE && opcode <= NODE_WS_PONG);
}

/* A control frame is short and whole; what comes from a client is masked. */
static bool is_allowed(uint8_t first, uint8_t second)
{
    bool is_control = (first & CONTROL_BIT) != 0;

    return (first & RESERVED_BITS) == 0 && is_opcode(first & OPCODE_BITS) &&
           (second & MASKED_BIT) != 0 &&
           (!is_control || ((first & NODE_WS_FINAL) != 0 &&
                            (second & LENGTH_BITS) <= NODE_FRAME_CONTROL_MAX_BYTES));
}

static uint64_t read_length(struct assay_cur *c, uint8_t form)
{
    switch (form) {
    case LENGTH_16:
        return assay_cur_u16be(c);
    case LENGTH_64:
        return assay_cur_u64be(c);
    default:
        return form;
    }
}

enum node_frame_state node_frame_read(struct node_frame *out, struct assay_bytes in)
{
    struct assay_cur c = assay_cur_of(in);
    uint8_t first = assay_cur_u8(&c), second = assay_cur_u8(&c);
    uint64_t len;

    if (c.bad)
        return NODE_FRAME_MORE;
    if (!is_allowed(first, second))
        return NODE_FRAME_WRONG;
    len = read_length(&c, second & LENGTH_BITS);
    if (len > INT64_MAX)
        return NODE_FRAME_WRONG;
    if (len > NODE_MESSAGE_MAX_BYTES)
        return NODE_FRAME_TOO_LARGE;
    *out = (struct node_frame){
        .opcode = first & OPCODE_BITS,
        .is_final = (first & NODE_WS_FINAL) != 0,
    };
    for (size_t i = 0; i < sizeof(out->mask); i++)
        out->mask[i] = assay_cur_u8(&c);
    out->payload = assay_cur_view(&c, (size_t)len);
    out->len = c.pos;
    return c.bad ? NODE_FRAME_MORE : NODE_FRAME_WHOLE;
}

void node_frame_unmask(struct assay_buf *out, const struct node_frame *frame)
{
    uint8_t *at = assay_buf_extend(out, frame->payload.len);

    if (at == NULL)
        return;
    for (size_t i = 0; i < frame->payload.len; i++)
        at[i] = frame->payload.at[i] ^ frame->mask[i % sizeof(frame->mask)];
}

void node_frame_head(struct assay_buf *out, uint8_t first, size_t payload_len)
{
    unsigned bytes = payload_len <= NODE_FRAME_CONTROL_MAX_BYTES ? 0
                     : payload_len <= UINT16_MAX                 ? 2
                                                                 : 8;

    assay_buf_add_byte(out, first);
    assay_buf_add_byte(out, bytes == 0 ? (uint8_t)payload_len : bytes == 2 ? LENGTH_16 : LENGTH_64);
    while (bytes-- > 0)
        assay_buf_add_byte(out, (uint8_t)((uint64_t)payload_len >> 8 * bytes));
}
