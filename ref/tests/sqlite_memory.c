/* SQLite's allocations by those that can fail; see sqlite_memory.h. */
#include "ref/tests/sqlite_memory.h"

#include "base/buf.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdalign.h>

/* SQLite asks for the size of what it has: it stands in front of it. */
struct front {
    alignas(max_align_t) size_t len;
};

static void *take(int len)
{
    struct front *front = assay_alloc(sizeof(*front) + (size_t)len);

    if (front == NULL)
        return NULL;
    front->len = (size_t)len;
    return front + 1;
}

static void give(void *at)
{
    if (at != NULL)
        assay_free((struct front *)at - 1);
}

static void *change(void *at, int len)
{
    struct front *front = assay_realloc((struct front *)at - 1, sizeof(*front) + (size_t)len);

    if (front == NULL)
        return NULL;
    front->len = (size_t)len;
    return front + 1;
}

static int size_of(void *at)
{
    return at != NULL ? (int)((struct front *)at - 1)->len : 0;
}

static int round_up(int len)
{
    return (len + 7) & ~7;
}

static int begin(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void end(void *unused)
{
    (void)unused;
}

void sqlite_memory_is_counted(void)
{
    static const sqlite3_mem_methods methods = {take,     give,  change, size_of,
                                                round_up, begin, end,    NULL};

    cr_assert_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    cr_assert_eq(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
    cr_assert_eq(sqlite3_initialize(), SQLITE_OK);
}
