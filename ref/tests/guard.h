/** A copy of some bytes that ends where an unreadable page begins, so that reading one byte too
 * many is a crash and not luck. For tests of parsers. */
#ifndef ASSAY_REF_TESTS_GUARD_H
#define ASSAY_REF_TESTS_GUARD_H

#include "base/bytes.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
    uint8_t *map;
    size_t map_len;
    struct assay_bytes bytes; /**< the copy; its end is the end of readable memory */
};

static inline struct guard guard_of(struct assay_bytes bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t readable = (bytes.len + page) / page * page;
    struct guard g = {.map_len = readable + page};
    void *map = mmap(NULL, g.map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        abort();
    g.map = map;
    if (bytes.len > 0)
        memcpy(g.map + readable - bytes.len, bytes.at, bytes.len);
    if (mprotect(g.map + readable, page, PROT_NONE) != 0)
        abort();
    g.bytes = assay_bytes_of(g.map + readable - bytes.len, bytes.len);
    return g;
}

static inline void guard_free(struct guard *g)
{
    (void)munmap(g->map, g->map_len);
}

#endif
