/* Tests of base/nearest. */
#include "base/nearest.h"

#include <criterion/criterion.h>

Test(nearest, counts_the_edits_between_two_names)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},         {"name", "name", 0},    {"", "abc", 3},
        {"abc", "", 3},      {"lunch", "launch", 1}, {"kitten", "sitting", 3},
        {"flaw", "lawn", 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(assay_name_distance(rows[i].a, rows[i].b), rows[i].distance, "%s, %s",
                     rows[i].a, rows[i].b);
        cr_expect_eq(assay_name_distance(rows[i].b, rows[i].a), rows[i].distance, "%s, %s",
                     rows[i].b, rows[i].a);
    }
}

Test(nearest, a_name_that_is_too_long_is_as_far_as_can_be)
{
    char name[ASSAY_NAME_MAX_BYTES + 2];

    memset(name, 'x', sizeof name);
    name[ASSAY_NAME_MAX_BYTES + 1] = '\0';
    cr_expect_eq(assay_name_distance("x", name), SIZE_MAX);
    name[ASSAY_NAME_MAX_BYTES] = '\0';
    cr_expect_eq(assay_name_distance("x", name), ASSAY_NAME_MAX_BYTES - 1);
}
