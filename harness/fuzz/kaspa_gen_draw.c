/* Draws of the generator, and the room of a case; see kaspa_gen_internal.h. */
#include "fuzz/kaspa_gen_internal.h"

#include "base/hash.h"

#include <assert.h>

static const uint8_t *draw(struct kaspa_gen *g, size_t len)
{
    if (g->left < len) {
        assay_random_bytes(&g->random, g->drawn, sizeof(g->drawn));
        g->left = sizeof(g->drawn);
    }
    g->left -= len;
    return g->drawn + g->left;
}

/* Little-endian, so that a seed means the same everywhere. */
static uint64_t draw_number(struct kaspa_gen *g, size_t len)
{
    const uint8_t *at = draw(g, len);
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

uint64_t gen_u64(struct kaspa_gen *g)
{
    return draw_number(g, sizeof(uint64_t));
}

/* The bias of at most limit / 2^32 is of no account here. */
uint32_t gen_below(struct kaspa_gen *g, uint32_t limit)
{
    assert(limit > 0);
    return (uint32_t)(draw_number(g, sizeof(uint32_t)) * limit >> 32);
}

bool gen_chance(struct kaspa_gen *g, uint32_t percent)
{
    return gen_below(g, 100) < percent;
}

bool gen_one_in(struct kaspa_gen *g, uint32_t count)
{
    return gen_below(g, count) == 0;
}

size_t gen_weighted(struct kaspa_gen *g, const uint8_t *weights, size_t count)
{
    uint32_t sum = 0, at;
    size_t i = 0;

    for (size_t k = 0; k < count; k++)
        sum += weights[k];
    at = gen_below(g, sum);
    while (at >= weights[i])
        at -= weights[i++];
    return i;
}

uint64_t gen_edge(struct kaspa_gen *g)
{
    static const uint64_t edges[] = {KASPA_MAX_SOMPI,
                                     KASPA_LOCK_TIME_THRESHOLD,
                                     UINT64_C(1) << 63,
                                     UINT64_C(1) << 62,
                                     UINT64_C(1) << 32,
                                     UINT64_C(1) << 31,
                                     UINT64_C(1) << 16,
                                     256,
                                     128,
                                     1,
                                     UINT64_MAX};

    if (gen_chance(g, 60))
        return edges[gen_below(g, ARRAY_LEN(edges))] + gen_below(g, 3) - 1;
    return gen_u64(g) >> gen_below(g, 64);
}

uint64_t gen_count(struct kaspa_gen *g, uint32_t usual_below)
{
    return gen_chance(g, 85) ? gen_below(g, usual_below) : gen_edge(g);
}

void gen_fill(struct kaspa_gen *g, uint8_t *out, size_t len)
{
    for (size_t n; len > 0; out += n, len -= n) {
        n = len < sizeof(g->drawn) ? len : sizeof(g->drawn);
        memcpy(out, draw(g, n), n);
    }
}

void gen_hash(struct kaspa_gen *g, struct kaspa_hash *out)
{
    gen_fill(g, out->at, sizeof(out->at));
}

uint8_t *gen_room(struct kaspa_gen *g, size_t len)
{
    uint8_t *at = g->room + g->used;

    assert(len <= GEN_ROOM_BYTES - g->used);
    g->used += len;
    return at;
}

struct assay_buf gen_buf(struct kaspa_gen *g, size_t max)
{
    return (struct assay_buf){.at = gen_room(g, max), .room = max, .max = max, .fixed = true};
}

struct assay_bytes gen_bytes(struct kaspa_gen *g, size_t len)
{
    uint8_t *at = gen_room(g, len);

    gen_fill(g, at, len);
    return assay_bytes_of(at, len);
}

uint8_t *gen_copy(struct kaspa_gen *g, struct assay_bytes bytes)
{
    uint8_t *at = gen_room(g, bytes.len + 1); /* so that one byte may be added */

    memcpy(at, bytes.at, bytes.len);
    return at;
}
