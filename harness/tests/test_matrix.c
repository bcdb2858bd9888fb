/* What the defect matrix makes of finished cases, from made-up events. */
#include "run/matrix.h"

#include <criterion/criterion.h>

#define DEFECT "nonce.unrecorded"
#define SPENT "paid-tools/spent_proof_buys_nothing"   /* names it */
#define COPIES "paid-tools/copies_in_flight_buy_once" /* names it, in a table */
#define STRANGER "paid-tools/free_route_is_free"      /* does not */
#define OTHER "paid-tools/stolen_proof_buys_only_its_request"

static struct plan plan;

static void set_up(void)
{
    plan_init(&plan);
}

static void tear_down(void)
{
    plan_fini(&plan);
}

TestSuite(matrix, .init = set_up, .fini = tear_down);

struct finished {
    const char *scenario;
    size_t index;
    const char *verdict;
};

struct row {
    const char *name;
    struct finished cases[3];
    const char *verdict, *missed_by; /* the only one of them; NULL: none */
    size_t caught_by;
};

static const struct leg *leg_of(const char *defect)
{
    const struct leg_subject subject = {
        .profile = "paid-tools", .side = SIDE_SERVER, .rules = "base", .defect = defect};
    struct assay_err err = {0};
    const struct leg *leg = plan_add_leg(&plan, "x", LEG_SELFTEST, &subject, &err);

    cr_assert_not_null(leg, "%s", err.text);
    return leg;
}

static void add(struct matrix *m, const struct leg *leg, const struct finished *f)
{
    const struct planned_case planned = {.scenario = registry_find(f->scenario), .index = f->index};
    json_t *event = json_pack("{s:s}", "verdict", f->verdict);

    cr_assert_not_null(planned.scenario, "%s", f->scenario);
    matrix_add(m, leg, &planned, event);
    json_decref(event);
}

static const struct row rows[] = {
    {"by all that name it", {{SPENT, 0, "fail"}, {COPIES, 0, "fail"}}, "caught", NULL, 2},
    {"in two rounds", {{SPENT, 0, "fail"}, {SPENT, 0, "fail"}}, "caught", NULL, 1},
    {"by one row of a table", {{COPIES, 0, "pass"}, {COPIES, 1, "fail"}}, "caught", NULL, 1},
    {"not by one that names it", {{SPENT, 0, "fail"}, {COPIES, 0, "pass"}}, "partly", COPIES, 1},
    {"broken is not caught", {{SPENT, 0, "broken"}, {COPIES, 0, "fail"}}, "partly", SPENT, 1},
    {"what cannot be asked says nothing",
     {{SPENT, 0, "fail"}, {COPIES, 0, "unsupported"}, {COPIES, 1, "skipped"}},
     "caught",
     NULL,
     1},
    {"by another alone", {{SPENT, 0, "pass"}, {STRANGER, 0, "fail"}}, "unnamed", SPENT, 1},
    {"by another that misses nothing", {{SPENT, 0, "fail"}, {OTHER, 0, "pass"}}, "caught", NULL, 1},
    {"by nobody", {{SPENT, 0, "pass"}, {STRANGER, 0, "pass"}}, "survived", SPENT, 0},
};

static void check(const struct row *row)
{
    const struct leg *leg = leg_of(DEFECT);
    struct matrix *m = matrix_new(&plan);
    struct matrix_counts counts;
    const json_t *said, *missed;
    json_t *event;

    cr_assert_not_null(m);
    for (size_t i = 0; i < ARRAY_LEN(row->cases) && row->cases[i].scenario != NULL; i++)
        add(m, leg, &row->cases[i]);
    event = matrix_event(m, &counts);
    said = json_array_get(json_object_get(event, "rows"), 0);
    missed = json_object_get(said, "missedBy");
    cr_expect_str_eq(json_string_value(json_object_get(said, "verdict")), row->verdict, "%s",
                     row->name);
    cr_expect_eq(json_array_size(missed), row->missed_by != NULL, "%s", row->name);
    if (row->missed_by != NULL)
        cr_expect_str_eq(json_string_value(json_array_get(missed, 0)), row->missed_by, "%s",
                         row->name);
    cr_expect_eq(json_array_size(json_object_get(said, "caughtBy")), row->caught_by, "%s",
                 row->name);
    cr_expect_eq(counts.caught, strcmp(row->verdict, "caught") == 0, "%s", row->name);
    cr_expect_eq(counts.defects, 1);
    json_decref(event);
    matrix_free(m);
    plan_drop_leg(&plan);
}

Test(matrix, counts_a_defect_as_caught_when_every_scenario_that_names_it_fails_on_it)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check(&rows[i]);
}

Test(matrix, takes_a_failure_on_the_correct_reference_for_a_false_alarm)
{
    static const struct finished failed = {SPENT, 0, "fail"}, broken = {COPIES, 0, "broken"};
    const struct leg *leg = leg_of(NULL);
    struct matrix *m = matrix_new(&plan);
    struct matrix_counts counts;
    json_t *event;

    cr_assert_not_null(m);
    add(m, leg, &failed);
    add(m, leg, &broken);
    event = matrix_event(m, &counts);
    cr_expect_eq(counts.defects, 0);
    cr_expect_eq(counts.false_alarms, 1);
    cr_expect_eq(counts.broken, 1);
    cr_expect_eq(json_integer_value(json_object_get(event, "correctRuns")), 2);
    json_decref(event);
    matrix_free(m);
}
