/** Memory that is given back all at once, with a cap. What a scenario's case acquires lives in one.
 */
#ifndef ASSAY_BASE_ARENA_H
#define ASSAY_BASE_ARENA_H

#include "base/buf.h"

struct assay_arena {
    struct assay_arena_block *blocks; /**< newest first */
    size_t used;                      /**< bytes given out */
    size_t max;                       /**< bytes; what would pass it gives NULL */
};

#define ASSAY_ARENA_INIT(max_bytes)                                                                \
    {                                                                                              \
        .max = (max_bytes)                                                                         \
    }

/** Zeroed, aligned for any type; NULL when out of memory or over the cap. len 0 gives a valid
 * pointer. */
void *assay_arena_alloc(struct assay_arena *arena, size_t len) ASSAY_MUST_USE;
/** A copy with a NUL behind it; at NULL on failure. */
struct assay_bytes assay_arena_copy(struct assay_arena *arena, struct assay_bytes bytes);
/** NUL-terminated; NULL on failure. */
char *assay_arena_printf(struct assay_arena *arena, const char *format, ...) ASSAY_PRINTF(2, 3);
void assay_arena_fini(struct assay_arena *arena);

#endif
