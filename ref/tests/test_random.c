/* Random bytes: seeded streams repeat, the system's do not. */
#include "base/random.h"

#include <criterion/criterion.h>

static struct assay_random stream(const char *seed, const char *name)
{
    struct assay_random r;

    assay_random_init(&r, assay_str(seed), assay_str(name));
    return r;
}

Test(random, a_stream_is_a_function_of_seed_and_name)
{
    struct assay_random a = stream("seed", "name"), b = stream("seed", "name");
    uint8_t x[100], y[100];

    assay_random_bytes(&a, x, sizeof(x));
    assay_random_bytes(&b, y, sizeof(y));
    cr_expect_arr_eq(x, y, sizeof(x));
    assay_random_bytes(&a, x, sizeof(x));
    cr_expect_arr_neq(x, y, sizeof(x), "and goes on");
}

Test(random, seed_and_name_do_not_run_into_one_another)
{
    static const struct {
        const char *seed, *name;
    } rows[] = {{"seed", "name"}, {"see", "dname"}, {"seedname", ""}, {"", "seedname"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_random a = stream(rows[i].seed, rows[i].name);

        for (size_t k = 0; k < i; k++) {
            struct assay_random b = stream(rows[k].seed, rows[k].name);

            cr_expect_arr_neq(a.key, b.key, sizeof(a.key), "rows %zu and %zu", i, k);
        }
    }
}

Test(random, below_stays_below_and_meets_every_value)
{
    struct assay_random r = stream("seed", "below");
    unsigned seen[7] = {0};

    for (int i = 0; i < 7000; i++) {
        uint64_t value = assay_random_below(&r, 7);

        cr_assert_lt(value, 7);
        seen[value]++;
    }
    for (size_t i = 0; i < 7; i++) /* the stream is fixed, so this cannot fail by chance */
        cr_expect(seen[i] > 800 && seen[i] < 1200, "%zu: %u times", i, seen[i]);
    cr_expect_eq(assay_random_below(&r, 1), 0);
    for (int i = 0; i < 100; i++) {
        cr_expect_lt(assay_random_below(&r, UINT64_MAX), UINT64_MAX);
        cr_expect_leq(assay_random_below(&r, (UINT64_C(1) << 63) + 1), UINT64_C(1) << 63);
    }
}

Test(random, the_system_gives_other_bytes_each_time)
{
    uint8_t x[600], y[600];

    cr_assert_eq(assay_random_system(x, sizeof(x)), ASSAY_OK);
    cr_assert_eq(assay_random_system(y, sizeof(y)), ASSAY_OK);
    cr_expect_arr_neq(x, y, sizeof(x));
    cr_expect_eq(assay_random_system(x, 0), ASSAY_OK);
}
