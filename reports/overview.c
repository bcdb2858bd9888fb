/* Tables of several runs: a trend, and threats by targets (reports/several.h). */
#include "reports/compare.h"
#include "reports/table.h"

#include <stdlib.h>

static struct assay_bytes started(const struct report_named *run)
{
    return report_text(run->run, "started");
}

/* Times of one form sort as text. */
static int oldest_first(const void *a, const void *b)
{
    int order = assay_bytes_compare(started(a), started(b));

    return order != 0 ? order
                      : strcmp(((const struct report_named *)a)->name,
                               ((const struct report_named *)b)->name);
}

static void put(struct table *t, struct assay_bytes text)
{
    assay_buf_add(table_cell(t), text);
}

static void put_number(struct table *t, size_t number)
{
    assay_buf_add_u64(table_cell(t), number);
}

static void add_run(struct table *t, const struct report_named *run, const struct report_view *view,
                    const struct comparison *since)
{
    const size_t *of = view->of;

    put(t, assay_str(run->name));
    put(t, started(run));
    put(t, report_text(json_object_get(run->run, "target"), "name"));
    put(t, assay_str(report_status_word(view->status)));
    put_number(t, of[MARK_PASS]);
    put_number(t, of[MARK_FAIL] + of[MARK_UNEXPECTED_PASS]);
    put_number(t, of[MARK_MILD_FAIL] + of[MARK_KNOWN_FAIL]);
    put_number(t, of[MARK_BROKEN] + of[MARK_UNSUPPORTED] + of[MARK_SKIPPED]);
    if (since == NULL) {
        put(t, ASSAY_LIT("-"));
        put(t, ASSAY_LIT("-"));
        return;
    }
    put_number(t, since->changes.of[CHANGE_BROKEN] + since->changes.of[CHANGE_NEW_FAILURE]);
    put_number(t, since->changes.of[CHANGE_FIXED]);
}

enum assay_code report_trend(struct assay_buf *out, enum report_form form,
                             struct report_named *runs, size_t count, struct assay_err *err)
{
    static const char *const heads[] = {"run",  "started",     "target",     "status",    "pass",
                                        "fail", "not counted", "not judged", "regressed", "fixed"};
    struct report_view before = {0}, view = {0};
    struct table t;
    enum assay_code rc = ASSAY_OK;

    qsort(runs, count, sizeof(*runs), oldest_first);
    table_init(&t, ARRAY_LEN(heads));
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        put(&t, assay_str(heads[i]));
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        struct comparison since = {0};

        rc = report_view_init(&view, runs[i].run);
        if (rc == ASSAY_OK && i > 0)
            rc = comparison_init(&since, &before, &view);
        if (rc == ASSAY_OK)
            add_run(&t, &runs[i], &view, i > 0 ? &since : NULL);
        comparison_fini(&since);
        report_view_fini(&before);
        before = view;
        view = (struct report_view){0};
    }
    if (rc == ASSAY_OK) {
        table_write(out, &t, form);
        rc = out->bad;
    }
    report_view_fini(&before);
    table_fini(&t);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "trend: %s", assay_code_text(rc));
}

/* ---- threats by targets ---- */

static const struct report_threat *find(const struct report_view *view,
                                        const struct report_threat *threat)
{
    for (size_t i = 0; i < view->threat_count; i++)
        if (assay_bytes_equal(view->threats[i].id, threat->id) &&
            assay_bytes_equal(view->threats[i].profile, threat->profile))
            return &view->threats[i];
    return NULL;
}

static void add_verdict(struct table *t, const struct report_view *view,
                        const struct report_threat *threat)
{
    const struct report_threat *here = find(view, threat);
    struct assay_buf *cell = table_cell(t);
    enum report_mark mark;

    if (here == NULL || report_judged(here->of) + here->of[MARK_BROKEN] == 0) {
        assay_buf_add_byte(cell, '-');
        return;
    }
    mark = report_threat_mark(here);
    assay_buf_printf(cell, "%s %s", report_marks[mark].glyph, report_threat_word(here));
    if (report_mark_is_bad(mark))
        assay_buf_printf(cell, " %zu of %zu", here->of[MARK_FAIL] + here->of[MARK_UNEXPECTED_PASS],
                         report_judged(here->of));
}

/* Each threat once, by the first run that knows it. */
static void add_threats(struct table *t, const struct report_view *views, size_t count,
                        size_t which)
{
    for (size_t i = 0; i < views[which].threat_count; i++) {
        const struct report_threat *threat = &views[which].threats[i];
        struct assay_buf *name;
        size_t earlier = 0;

        while (earlier < which && find(&views[earlier], threat) == NULL)
            earlier++;
        if (earlier < which)
            continue;
        name = table_cell(t);
        assay_buf_add(name, threat->profile);
        assay_buf_add_byte(name, '/');
        assay_buf_add(name, threat->id.len > 0 ? threat->id : ASSAY_LIT("controls"));
        for (size_t k = 0; k < count; k++)
            add_verdict(t, &views[k], threat);
    }
}

enum assay_code report_matrix(struct assay_buf *out, enum report_form form,
                              const struct report_named *runs, size_t count, struct assay_err *err)
{
    struct report_view *views = assay_alloc((count + 1) * sizeof(*views));
    enum assay_code rc = views != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
    struct table t;
    size_t ready = 0;

    table_init(&t, count + 1);
    put(&t, ASSAY_LIT("threat"));
    for (; ready < count && rc == ASSAY_OK; ready++) {
        struct assay_buf *head = table_cell(&t);

        assay_buf_add(head, report_text(json_object_get(runs[ready].run, "target"), "name"));
        assay_buf_printf(head, " (%s)", runs[ready].name);
        rc = report_view_init(&views[ready], runs[ready].run);
    }
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++)
        add_threats(&t, views, count, i);
    put(&t, ASSAY_LIT("the run"));
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++)
        put(&t, assay_str(report_status_word(views[i].status)));
    if (rc == ASSAY_OK) {
        table_write(out, &t, form);
        rc = out->bad;
    }
    for (size_t i = 0; i < ready; i++)
        report_view_fini(&views[i]);
    assay_free(views);
    table_fini(&t);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "matrix: %s", assay_code_text(rc));
}
