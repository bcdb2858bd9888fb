/* The chunked transfer coding as a machine of one byte at a time; see chunked.h. */
#include "http/chunked.h"

enum {
    SIZE,          /* digits of a chunk size */
    EXTENSION,     /* after them, up to the line end */
    SIZE_LF,       /* CR of that line end seen */
    DATA,          /* left bytes of the chunk */
    DATA_CR,       /* the line end behind them */
    DATA_LF,       /* its CR seen */
    TRAILER_START, /* at the start of a line after the last chunk */
    TRAILER,       /* inside of one */
    END_LF,        /* CR of the empty line seen */
    END,
};

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int after_size(const struct http_chunked *c)
{
    return c->left > 0 ? DATA : TRAILER_START;
}

/* The state after one byte of a size line, or -1. */
static int size_line(struct http_chunked *c, uint8_t byte)
{
    int digit = digit_of(byte);

    if (c->state == SIZE && digit >= 0) {
        if (c->left > UINT64_MAX >> 4)
            return -1;
        c->left = c->left << 4 | (uint64_t)digit;
        c->has_digit = true;
        return SIZE;
    }
    if (!c->has_digit)
        return -1;
    if (byte == '\n')
        return after_size(c);
    if (byte == '\r')
        return SIZE_LF;
    if (c->state == EXTENSION || byte == ';' || byte == ' ' || byte == '\t')
        return EXTENSION;
    return -1;
}

/* The state after one byte of framing, or -1. */
static int framing(struct http_chunked *c, uint8_t byte)
{
    switch (c->state) {
    case SIZE:
    case EXTENSION:
        return size_line(c, byte);
    case SIZE_LF:
        return byte == '\n' ? after_size(c) : -1;
    case DATA_CR:
        return byte == '\r' ? DATA_LF : byte == '\n' ? SIZE : -1;
    case DATA_LF:
        return byte == '\n' ? SIZE : -1;
    case TRAILER_START:
        return byte == '\r' ? END_LF : byte == '\n' ? END : TRAILER;
    case TRAILER:
        return byte == '\n' ? TRAILER_START : TRAILER;
    case END_LF:
        return byte == '\n' ? END : -1;
    default:
        return -1;
    }
}

enum http_chunk http_chunked_next(struct http_chunked *c, struct assay_bytes *data,
                                  struct assay_bytes *in)
{
    while (c->state != END && in->len > 0) {
        if (c->state == DATA) {
            *data = assay_bytes_part(*in, 0, c->left < in->len ? (size_t)c->left : in->len);
            *in = assay_bytes_part(*in, data->len, in->len);
            c->left -= data->len;
            if (c->left == 0) {
                c->state = DATA_CR;
                c->framing = 0;
                c->has_digit = false;
            }
            return HTTP_CHUNK_DATA;
        }
        c->state = framing(c, in->at[0]);
        if (c->state < 0 || ++c->framing > HTTP_CHUNK_FRAMING_MAX_BYTES)
            return HTTP_CHUNK_BAD;
        *in = assay_bytes_part(*in, 1, in->len);
    }
    return c->state == END ? HTTP_CHUNK_END : HTTP_CHUNK_MORE;
}
