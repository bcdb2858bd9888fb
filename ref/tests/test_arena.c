/* Arenas: alignment, the cap, copies, formatted text, and allocations that fail. */
#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

Test(arena, gives_zeroed_memory_aligned_for_any_type)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    uint8_t *before = NULL;

    for (size_t len = 0; len < 200; len++) {
        uint8_t *at = assay_arena_alloc(&arena, len);

        cr_assert_not_null(at, "%zu bytes", len);
        cr_expect_eq((uintptr_t)at % alignof(max_align_t), 0, "%zu bytes", len);
        for (size_t i = 0; i < len; i++)
            cr_assert_eq(at[i], 0);
        memset(at, 0xff, len);
        cr_expect(len <= 1 || at != before, "no two share a byte");
        before = at;
    }
    assay_arena_fini(&arena);
}

Test(arena, keeps_what_was_given_out_while_it_grows)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)8 << 20);
    uint8_t *at[500];

    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        at[i] = assay_arena_alloc(&arena, 1 + 37 * i);
        cr_assert_not_null(at[i]);
        memset(at[i], (int)(i % 251), 1 + 37 * i);
    }
    for (size_t i = 0; i < ARRAY_LEN(at); i++)
        for (size_t k = 0; k < 1 + 37 * i; k++)
            cr_assert_eq(at[i][k], i % 251, "allocation %zu, byte %zu", i, k);
    assay_arena_fini(&arena);
}

Test(arena, gives_nothing_beyond_its_cap_and_goes_on_below_it)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(4096), endless = ASSAY_ARENA_INIT(SIZE_MAX);

    cr_expect_null(assay_arena_alloc(&endless, SIZE_MAX), "whatever its cap");
    cr_expect_null(assay_arena_alloc(&arena, 4097));
    cr_expect_null(assay_arena_alloc(&arena, SIZE_MAX));
    cr_expect_null(assay_arena_alloc(&arena, SIZE_MAX - 8), "rounding up does not wrap");
    cr_expect_not_null(assay_arena_alloc(&arena, 4000));
    cr_expect_null(assay_arena_alloc(&arena, 97));
    cr_expect_not_null(assay_arena_alloc(&arena, 96), "4,096 in all");
    cr_expect_null(assay_arena_alloc(&arena, 1));
    assay_arena_fini(&arena);
    cr_expect_not_null(assay_arena_alloc(&arena, 4096), "it can be used again");
    assay_arena_fini(&arena);
    assay_arena_fini(&arena);
}

Test(arena, takes_one_larger_than_a_block)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)4 << 20);
    uint8_t *small = assay_arena_alloc(&arena, 10), *large = assay_arena_alloc(&arena, 1 << 20),
            *next = assay_arena_alloc(&arena, 10);

    cr_assert(small != NULL && large != NULL && next != NULL);
    memset(large, 1, 1 << 20);
    for (size_t i = 0; i < 10; i++)
        cr_expect(small[i] == 0 && next[i] == 0);
    assay_arena_fini(&arena);
}

Test(arena, copies_bytes_with_a_nul_behind_them)
{
    static const uint8_t bytes[] = {'a', 0, 'b'};
    struct assay_arena arena = ASSAY_ARENA_INIT(64);
    struct assay_bytes copy = assay_arena_copy(&arena, assay_bytes_of(bytes, sizeof bytes));
    struct assay_bytes empty = assay_arena_copy(&arena, ASSAY_LIT(""));

    cr_assert_eq(copy.len, 3);
    cr_expect_neq(copy.at, bytes);
    cr_expect_eq(memcmp(copy.at, bytes, 3), 0);
    cr_expect_eq(copy.at[3], 0);
    cr_assert_not_null(empty.at);
    cr_expect_eq(empty.at[0], 0);
    copy = assay_arena_copy(&arena, ASSAY_LIT("this one is longer than the sixty-four bytes that "
                                              "the arena has to give in all"));
    cr_expect_null(copy.at);
    cr_expect_eq(copy.len, 0);
    assay_arena_fini(&arena);
}

Test(arena, prints_text_of_any_length_below_its_cap)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(100000);
    char *text = assay_arena_printf(&arena, "%s and %d", "one", 2);

    cr_assert_not_null(text);
    cr_expect_str_eq(text, "one and 2");
    text = assay_arena_printf(&arena, "%s", "");
    cr_assert_not_null(text);
    cr_expect_str_eq(text, "");
    text = assay_arena_printf(&arena, "%50000d", 7);
    cr_assert_not_null(text);
    cr_expect_eq(strlen(text), 50000);
    cr_expect_null(assay_arena_printf(&arena, "%99999d", 7));
    assay_arena_fini(&arena);
}

/* Everything that allocates; true when all of it worked. */
static bool use(struct assay_arena *arena)
{
    bool ok = assay_arena_alloc(arena, 100) != NULL;

    ok = assay_arena_alloc(arena, 20000) != NULL && ok;
    ok = assay_arena_copy(arena, ASSAY_LIT("copy")).at != NULL && ok;
    ok = assay_arena_alloc(arena, 20000) != NULL && ok;
    return assay_arena_printf(arena, "%20000d", 1) != NULL && ok;
}

Test(arena, survives_every_allocation_that_fails)
{
    bool ok = false;
    size_t tries = 0;

    for (; !ok && tries < 100; tries++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

        assay_alloc_fail_after(tries);
        ok = use(&arena);
        assay_alloc_fail_after(SIZE_MAX);
        cr_expect(use(&arena), "after failure %zu it goes on", tries);
        assay_arena_fini(&arena);
    }
    cr_expect(ok);
    cr_expect_gt(tries, 5, "each of the five failed once, those of a block that is there too");
}
