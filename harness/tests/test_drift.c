/* docs/template-drift.md is what the program says of drifted templates. All of it follows from its
 * cells, and these are made anew for a fixed sample: the whole would take minutes. */
#include "run/drift.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define DOCUMENT "docs/template-drift.md"
#define RENEW DOCUMENT " is old: `assay list drift > " DOCUMENT "` renews it"

struct world {
    struct drift_world w;
    struct drift_cells *cells; /* of the document */
    struct assay_buf document;
};

static void read_document(struct world *world)
{
    struct assay_err err = {0};

    *world = (struct world){.document = ASSAY_BUF_INIT(1 << 24)};
    world->cells = malloc(sizeof(*world->cells));
    cr_assert_not_null(world->cells);
    cr_assert_eq(drift_world_init(&world->w, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(assay_file_read(&world->document, DOCUMENT, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(drift_cells_read(world->cells, assay_buf_view(&world->document), &err), ASSAY_OK,
                 "%s: %s", DOCUMENT, err.text);
}

static void let_go(struct world *world)
{
    drift_world_fini(&world->w);
    assay_buf_fini(&world->document);
    free(world->cells);
}

Test(drift, document_is_what_its_cells_say)
{
    struct assay_buf again = ASSAY_BUF_INIT(1 << 24);
    struct world world;

    read_document(&world);
    drift_document(&again, &world.w, world.cells);
    cr_expect(assay_bytes_equal(assay_buf_view(&again), assay_buf_view(&world.document)), RENEW);
    cr_expect_null(strstr(assay_buf_cstr(&again), "**not refused**"));
    assay_buf_fini(&again);
    let_go(&world);
}

static void expect_cell(const struct world *world, size_t place, size_t k)
{
    char now = drift_cell(&world->w, place, k);

    cr_expect_eq(now, world->cells->at[place][k], "byte %zu, 0x%02x is '%c', not '%c': %s", place,
                 (unsigned)drift_value(&world->w, place, k), now, world->cells->at[place][k],
                 RENEW);
}

Test(drift, cells_are_what_the_changes_do)
{
    struct world world;

    read_document(&world);
    for (size_t place = 0; place < DRIFT_PLACES; place++)
        expect_cell(&world, place, place * 37 % DRIFT_VALUES);
    for (size_t place = 0; place < DRIFT_PLACES; place += 17)
        for (size_t k = place % 51; k < DRIFT_VALUES; k += 51)
            expect_cell(&world, place, k);
    let_go(&world);
}

static const struct {
    const char *name, *text;
} wrong[] = {
    {"no block", "# nothing\n"},
    {"an empty block", "<!-- cells\n-->\n"},
    {"not from the first place on", "<!-- cells\n1-1047 255A\n-->\n"},
    {"not to the last", "<!-- cells\n0-1046 255A\n-->\n"},
    {"beyond the last", "<!-- cells\n0-1048 255A\n-->\n"},
    {"backwards", "<!-- cells\n0-5 255A\n6-5 255A\n-->\n"},
    {"too few values", "<!-- cells\n0-1047 254A\n-->\n"},
    {"too many values", "<!-- cells\n0-1047 250A 6B\n-->\n"},
    {"a number that is too large", "<!-- cells\n0-1047 99999999999999999999999A\n-->\n"},
    {"a run of none", "<!-- cells\n0-1047 0B 255A\n-->\n"},
    {"a letter that is none", "<!-- cells\n0-1047 255-\n-->\n"},
    {"no letter", "<!-- cells\n0-1047 255"},
    {"something behind", "<!-- cells\n0-1047 255A \n-->\n"},
};

Test(drift, cells_that_are_none_are_refused)
{
    struct drift_cells *cells = malloc(sizeof(*cells));

    cr_assert_not_null(cells);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct assay_err err = {0};

        cr_expect_eq(drift_cells_read(cells, assay_str(wrong[i].text), &err), ASSAY_E_MALFORMED,
                     "row: %s", wrong[i].name);
        cr_expect_not_null(strstr(err.text, "of the cells"), "row: %s", wrong[i].name);
    }
    cr_expect_eq(drift_cells_read(cells, ASSAY_LIT("<!-- cells\n0-1047 1B 254A\n-->\n"), NULL),
                 ASSAY_OK);
    cr_expect_eq(cells->at[1047][0], 'B');
    free(cells);
}

Test(drift, cells_are_read_as_they_are_written)
{
    struct drift_cells *cells = calloc(2, sizeof(*cells));
    struct assay_buf text = ASSAY_BUF_INIT(1 << 24);
    struct assay_err err = {0};

    cr_assert_not_null(cells);
    for (size_t place = 0; place < DRIFT_PLACES; place++)
        for (size_t k = 0; k < DRIFT_VALUES; k++)
            cells->at[place][k] = "AB;I"[(place / 3 + k / 7 * place) % 4];
    drift_cells_add(&text, cells);
    cr_assert_eq(drift_cells_read(cells + 1, assay_buf_view(&text), &err), ASSAY_OK, "%s",
                 err.text);
    cr_expect_eq(memcmp(cells, cells + 1, sizeof(*cells)), 0);
    assay_buf_fini(&text);
    free(cells);
}
