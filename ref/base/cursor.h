/** A reading position in a slice. A short read marks the cursor and yields zero or an empty view,
 *  so that a parser reads like the wire format and asks once, at its end, with assay_cur_done. */
#ifndef ASSAY_BASE_CURSOR_H
#define ASSAY_BASE_CURSOR_H

#include "base/bytes.h"

struct assay_cur {
    struct assay_bytes in;
    size_t pos; /**< at most in.len, always */
    bool bad;   /**< a read asked for more than there was */
};

struct assay_cur assay_cur_of(struct assay_bytes in);
struct assay_bytes assay_cur_view(struct assay_cur *c, size_t n);
uint8_t assay_cur_u8(struct assay_cur *c);
uint16_t assay_cur_u16be(struct assay_cur *c);
uint32_t assay_cur_u32be(struct assay_cur *c);
uint64_t assay_cur_u64be(struct assay_cur *c);
uint16_t assay_cur_u16le(struct assay_cur *c);
uint32_t assay_cur_u32le(struct assay_cur *c);
uint64_t assay_cur_u64le(struct assay_cur *c);
/** All of up to eight bytes as a number, the first the lowest; of more the first eight. */
static inline uint64_t assay_get_le(struct assay_bytes bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes.len && i < sizeof(number); i++)
        number |= (uint64_t)bytes.at[i] << 8 * i;
    return number;
}

/** A number's lowest len bytes, at most eight, the lowest first. */
static inline void assay_put_le(uint8_t *at, size_t len, uint64_t number)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(number >> 8 * i);
}

/** Everything up to `stop`, which is consumed and not part of the view; without one: the rest,
 * marked bad. */
struct assay_bytes assay_cur_until(struct assay_cur *c, uint8_t stop);
/** The next byte without consuming it, or -1 at the end (which is no error). */
int assay_cur_peek(const struct assay_cur *c);
/** Nothing went wrong and nothing is left. */
bool assay_cur_done(const struct assay_cur *c);

#endif
