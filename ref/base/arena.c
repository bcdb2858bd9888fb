/* Memory that is given back all at once: a list of blocks, each handing out from its front. */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

#define BLOCK_BYTES ((size_t)16384)

struct assay_arena_block {
    struct assay_arena_block *next;
    size_t used;
    size_t room;
    alignas(max_align_t) uint8_t at[];
};

static struct assay_arena_block *block_with_room(struct assay_arena *arena, size_t len)
{
    struct assay_arena_block *block = arena->blocks;
    size_t room = len > BLOCK_BYTES ? len : BLOCK_BYTES;

    if (block != NULL && len <= block->room - block->used)
        return block;
    block = assay_alloc(sizeof *block + room);
    if (block == NULL)
        return NULL;
    block->next = arena->blocks;
    block->used = 0;
    block->room = room;
    arena->blocks = block;
    return block;
}

void *assay_arena_alloc(struct assay_arena *arena, size_t len)
{
    size_t step = alignof(max_align_t);
    struct assay_arena_block *block;
    uint8_t *at;

    if (len > arena->max || len > SIZE_MAX / 2)
        return NULL;
    len = (len + step - 1) / step * step;
    if (len > arena->max - arena->used)
        return NULL;
    block = assay_alloc_may() ? block_with_room(arena, len) : NULL;
    if (block == NULL)
        return NULL;
    at = block->at + block->used;
    block->used += len;
    arena->used += len;
    memset(at, 0, len);
    return at;
}

struct assay_bytes assay_arena_copy(struct assay_arena *arena, struct assay_bytes bytes)
{
    uint8_t *at = assay_arena_alloc(arena, bytes.len + 1);

    if (at == NULL)
        return (struct assay_bytes){NULL, 0};
    memcpy(at, bytes.at, bytes.len);
    return (struct assay_bytes){at, bytes.len};
}

char *assay_arena_printf(struct assay_arena *arena, const char *format, ...)
{
    va_list args, again;
    char *at;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    assert(len >= 0);
    at = assay_arena_alloc(arena, (size_t)len + 1);
    if (at != NULL)
        (void)vsnprintf(at, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return at;
}

void assay_arena_fini(struct assay_arena *arena)
{
    while (arena->blocks != NULL) {
        struct assay_arena_block *next = arena->blocks->next;

        assay_free(arena->blocks);
        arena->blocks = next;
    }
    arena->used = 0;
}
