/* Tables of batch requests with one defect each; see kx_batch_rows.h. */
#include "ref/tests/kx_batch_rows.h"

static void expect_extent(const struct kx_batch_row *row, const struct kx_batch_verdict *v)
{
    size_t broken = 0;

    for (int r = 0; r < KX_BATCH_RULE__COUNT; r++) {
        if (v->checks[r].result != KASPA_CHECK_BROKEN)
            continue;
        broken++;
        cr_expect(row->extent == MORE || r == (int)row->rule, "row: %s: breaks %s too: %s",
                  row->name, kx_batch_rules[r].id, v->checks[r].why);
    }
    cr_expect_eq(broken > 1, row->extent == MORE, "row: %s: breaks %zu", row->name, broken);
}

static void expect_row(const struct kx_batch_row *row)
{
    struct kx_batch_world *w = kx_batch_world_new(row->story);
    const struct kx_batch_verdict *v = &w->verdict;
    const struct kx_check *check = &v->checks[row->rule];
    enum kx_local local =
        row->local != KX_LOCAL_NONE ? row->local : kx_batch_rules[row->rule].local;

    kx_batch_world_run(w, &row->change);
    cr_assert_eq(w->local, KX_LOCAL_NONE, "row: %s: %s", row->name, w->err.text);
    cr_expect_eq(v->outcome, KASPA_INVALID, "row: %s", row->name);
    cr_expect_eq(v->first, row->rule, "row: %s: %s: %s", row->name, kx_batch_rules[v->first].id,
                 v->checks[v->first].why);
    cr_expect_eq(check->local, local, "row: %s: %s", row->name, kx_local_text(check->local));
    cr_expect_neq(check->why[0], '\0', "row: %s", row->name);
    expect_extent(row, v);
    kx_batch_world_free(w);
}

static bool has_row(const struct kx_batch_row *rows, size_t count, enum kx_batch_rule rule)
{
    size_t i = 0;

    while (i < count && rows[i].rule != rule)
        i++;
    return i < count;
}

void kx_batch_rows_expect(const struct kx_batch_row *rows, size_t count, enum kx_batch_rule first,
                          enum kx_batch_rule last)
{
    for (size_t i = 0; i < count; i++)
        expect_row(&rows[i]);
    for (int r = (int)first; r <= (int)last; r++)
        cr_expect(has_row(rows, count, (enum kx_batch_rule)r), "%s has no row",
                  kx_batch_rules[r].id);
}
