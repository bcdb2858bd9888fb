/* A reading position in a slice; see cursor.h. */
#include "base/cursor.h"

struct assay_cur assay_cur_of(struct assay_bytes in)
{
    return (struct assay_cur){.in = in};
}

struct assay_bytes assay_cur_view(struct assay_cur *c, size_t n)
{
    if (c->bad || n > c->in.len - c->pos) { /* pos <= in.len always: cannot wrap */
        c->bad = true;
        n = 0;
    }
    c->pos += n;
    return (struct assay_bytes){c->in.at + c->pos - n, n};
}

/* An integer of n <= 8 bytes, most significant first; 0 when there are not enough. */
static uint64_t big_endian(struct assay_cur *c, size_t n)
{
    struct assay_bytes view = assay_cur_view(c, n);
    uint64_t value = 0;

    for (size_t i = 0; i < view.len; i++)
        value = value << 8 | view.at[i];
    return value;
}

static uint64_t little_endian(struct assay_cur *c, size_t n)
{
    struct assay_bytes view = assay_cur_view(c, n);
    uint64_t value = 0;

    for (size_t i = view.len; i > 0; i--)
        value = value << 8 | view.at[i - 1];
    return value;
}

uint8_t assay_cur_u8(struct assay_cur *c)
{
    return (uint8_t)big_endian(c, 1);
}

uint16_t assay_cur_u16be(struct assay_cur *c)
{
    return (uint16_t)big_endian(c, 2);
}

uint32_t assay_cur_u32be(struct assay_cur *c)
{
    return (uint32_t)big_endian(c, 4);
}

uint64_t assay_cur_u64be(struct assay_cur *c)
{
    return big_endian(c, 8);
}

uint16_t assay_cur_u16le(struct assay_cur *c)
{
    return (uint16_t)little_endian(c, 2);
}

uint32_t assay_cur_u32le(struct assay_cur *c)
{
    return (uint32_t)little_endian(c, 4);
}

uint64_t assay_cur_u64le(struct assay_cur *c)
{
    return little_endian(c, 8);
}

struct assay_bytes assay_cur_until(struct assay_cur *c, uint8_t stop)
{
    size_t at = assay_bytes_find(c->in, stop, c->pos);
    struct assay_bytes view;

    if (c->bad)
        return assay_cur_view(c, 0);
    view = assay_bytes_part(c->in, c->pos, at);
    c->bad = at == c->in.len;
    c->pos = c->bad ? at : at + 1;
    return view;
}

int assay_cur_peek(const struct assay_cur *c)
{
    return !c->bad && c->pos < c->in.len ? c->in.at[c->pos] : -1;
}

bool assay_cur_done(const struct assay_cur *c)
{
    return !c->bad && c->pos == c->in.len;
}
