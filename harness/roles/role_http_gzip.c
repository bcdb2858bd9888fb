/* Compressed bombs: RFC 1951 and 1952 by hand, since spaces are all that is ever compressed. */
#include "roles/role_http.h"

enum {
    STORED_MAX_BYTES = 65535,
    MATCH_BYTES = 258, /* the longest that deflate repeats */
    MATCH_CODE = 0xC5, /* its symbol, 285, in the fixed code: 8 bits; distance 1 is five zeros */
    SPACE_CODE = 0x50, /* 0x30 + ' ' in the fixed code: 8 bits */
    MATCH_BITS = 13,
};

struct bits {
    struct assay_buf *out;
    uint32_t held;
    unsigned count;
};

static void add_bits(struct bits *b, uint32_t value, unsigned count)
{
    b->held |= value << b->count;
    for (b->count += count; b->count >= 8; b->count -= 8, b->held >>= 8)
        assay_buf_add_byte(b->out, (uint8_t)b->held);
}

/* Codes go out from their highest bit. */
static void add_code(struct bits *b, uint32_t code, unsigned count)
{
    while (count-- > 0)
        add_bits(b, code >> count & 1, 1);
}

static uint32_t crc_byte(uint32_t crc, uint8_t byte)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    crc ^= byte;
    crc = crc >> 4 ^ table[crc & 15];
    return crc >> 4 ^ table[crc & 15];
}

static void add_u32le(struct assay_buf *out, uint32_t value)
{
    for (unsigned i = 0; i < 32; i += 8)
        assay_buf_add_byte(out, (uint8_t)(value >> i));
}

static void add_stored(struct assay_buf *out, struct assay_bytes text)
{
    for (size_t at = 0; at < text.len; at += STORED_MAX_BYTES) {
        struct assay_bytes part = assay_bytes_part(text, at, at + STORED_MAX_BYTES);
        uint16_t len = (uint16_t)part.len;

        assay_buf_add_byte(out, 0); /* stored, not the last block */
        add_u32le(out, (uint32_t)(uint16_t)~len << 16 | len);
        assay_buf_add(out, part);
    }
}

void role_http_gzip(struct assay_buf *out, struct assay_bytes text, size_t len)
{
    static const uint8_t head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    size_t spaces = len > text.len ? len - text.len : 0;
    struct bits b = {.out = out};
    uint32_t crc = UINT32_MAX;

    assay_buf_add(out, assay_bytes_of(head, sizeof(head)));
    add_stored(out, text);
    add_bits(&b, 3, 3); /* the last block, in the fixed code */
    for (size_t left = spaces; left > 0;) {
        if (left < spaces && left >= MATCH_BYTES) {
            add_code(&b, MATCH_CODE << 5, MATCH_BITS);
            left -= MATCH_BYTES;
        } else {
            add_code(&b, SPACE_CODE, 8);
            left--;
        }
    }
    add_code(&b, 0, 7); /* its end */
    add_bits(&b, 0, (8 - b.count) % 8);
    for (size_t i = 0; i < text.len; i++)
        crc = crc_byte(crc, text.at[i]);
    for (size_t i = 0; i < spaces; i++)
        crc = crc_byte(crc, ' ');
    add_u32le(out, ~crc);
    add_u32le(out, (uint32_t)(text.len + spaces));
}
