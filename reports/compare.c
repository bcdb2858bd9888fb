/* What changed between two runs (reports/several.h). */
#include "reports/compare.h"

#include "reports/findings.h"

#include <stdlib.h>

enum { NAMES_MAX = 50, FINDINGS_MAX = 200, TEXT_MAX_BYTES = 1000, NAME_MAX_BYTES = 1 << 20 };

static int by_key(const struct report_case *a, const struct report_case *b)
{
    int order = assay_bytes_compare(report_text(a->c, "scenario"), report_text(b->c, "scenario"));

    if (order == 0)
        order = assay_bytes_compare(report_text(a->c, "case"), report_text(b->c, "case"));
    return order != 0
               ? order
               : assay_bytes_compare(report_text(a->leg, "rules"), report_text(b->leg, "rules"));
}

/* The worst of one key first. */
static int by_key_and_mark(const void *left, const void *right)
{
    const struct report_case *a = *(const struct report_case *const *)left,
                             *b = *(const struct report_case *const *)right;
    int order = by_key(a, b);

    return order != 0 ? order : (a->mark > b->mark) - (a->mark < b->mark);
}

/* Sorted, one of each key; NULL: out of memory. */
static const struct report_case **sorted(const struct report_view *view, size_t *count)
{
    const struct report_case **all = assay_alloc((view->case_count + 1) * sizeof(*all));
    size_t kept = 0;

    if (all == NULL)
        return NULL;
    for (size_t i = 0; i < view->case_count; i++)
        all[i] = &view->cases[i];
    qsort(all, view->case_count, sizeof(*all), by_key_and_mark);
    for (size_t i = 0; i < view->case_count; i++)
        if (kept == 0 || by_key(all[kept - 1], all[i]) != 0)
            all[kept++] = all[i];
    *count = kept;
    return all;
}

static bool is_judged(enum report_mark mark)
{
    return mark != MARK_BROKEN && mark != MARK_UNSUPPORTED && mark != MARK_SKIPPED;
}

/* A known failure that passes is an error of the expectations file, not of the target. */
static bool passes(enum report_mark mark)
{
    return mark == MARK_PASS || mark == MARK_UNEXPECTED_PASS;
}

static enum report_change change_of(const struct report_case *before,
                                    const struct report_case *after)
{
    if (after == NULL)
        return CHANGE_GONE;
    if (before == NULL)
        return after->mark == MARK_FAIL ? CHANGE_NEW_FAILURE : CHANGE_NEW;
    if (before->mark == after->mark)
        return CHANGE_SAME;
    if (after->mark == MARK_FAIL)
        return CHANGE_BROKEN;
    if (is_judged(before->mark) && !is_judged(after->mark))
        return CHANGE_UNJUDGED;
    return is_judged(before->mark) && !passes(before->mark) && passes(after->mark) ? CHANGE_FIXED
                                                                                   : CHANGE_OTHER;
}

static void match(struct comparison *c, const struct report_case **a, size_t a_count,
                  const struct report_case **b, size_t b_count)
{
    for (size_t i = 0, k = 0; i < a_count || k < b_count;) {
        int order = i == a_count ? 1 : k == b_count ? -1 : by_key(a[i], b[k]);
        struct compared *item = &c->items[c->count++];

        item->before = order <= 0 ? a[i++] : NULL;
        item->after = order >= 0 ? b[k++] : NULL;
        item->change = change_of(item->before, item->after);
        c->changes.of[item->change]++;
        c->changes.judged +=
            order == 0 && is_judged(item->before->mark) && is_judged(item->after->mark);
    }
}

enum assay_code comparison_init(struct comparison *c, const struct report_view *before,
                                const struct report_view *after)
{
    size_t a_count = 0, b_count = 0;
    const struct report_case **a = sorted(before, &a_count), **b = sorted(after, &b_count);

    *c =
        (struct comparison){.changes.valid = json_is_true(json_object_get(after->outcome, "valid")),
                            .items = assay_alloc((a_count + b_count + 1) * sizeof(*c->items))};
    if (a != NULL && b != NULL && c->items != NULL)
        match(c, a, a_count, b, b_count);
    else
        comparison_fini(c);
    assay_free(a);
    assay_free(b);
    return c->items != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
}

void comparison_fini(struct comparison *c)
{
    assay_free(c->items);
    *c = (struct comparison){0};
}

/* ---- as a report ---- */

static const char *const words[CHANGE__COUNT] = {
    [CHANGE_BROKEN] = "broken", [CHANGE_NEW_FAILURE] = "new failure",
    [CHANGE_FIXED] = "fixed",   [CHANGE_UNJUDGED] = "no longer judged",
    [CHANGE_OTHER] = "changed", [CHANGE_NEW] = "new",
    [CHANGE_GONE] = "gone",     [CHANGE_SAME] = "same",
};

struct writer {
    struct assay_buf *out;
    enum report_form form;
    const struct report_view *before, *after;
};

static void add_text(struct writer *w, struct assay_bytes text)
{
    if (w->form == FORM_MARKDOWN)
        finding_add_markdown(w->out, text, TEXT_MAX_BYTES);
    else
        finding_add_shown(w->out, text, TEXT_MAX_BYTES);
}

static void add_detail(struct writer *w, const char *label, struct assay_bytes text)
{
    if (text.len == 0)
        return;
    assay_buf_printf(w->out, w->form == FORM_MARKDOWN ? "  - %s: " : "    %-9s ", label);
    add_text(w, text);
    assay_buf_add_byte(w->out, '\n');
}

static void add_item(struct writer *w, const struct compared *item)
{
    const struct report_case *c = item->after != NULL ? item->after : item->before;
    struct assay_buf name = ASSAY_BUF_INIT(NAME_MAX_BYTES), why = ASSAY_BUF_INIT(NAME_MAX_BYTES);

    report_case_name(&name, item->after != NULL ? w->after : w->before, c);
    assay_buf_add_str(w->out, w->form == FORM_MARKDOWN ? "- " : "  ");
    add_text(w, assay_buf_view(&name));
    if (item->before != NULL && item->after != NULL)
        assay_buf_printf(w->out, ": %s, was %s", report_marks[item->after->mark].word,
                         report_marks[item->before->mark].word);
    assay_buf_add_byte(w->out, '\n');
    if (item->change == CHANGE_BROKEN || item->change == CHANGE_NEW_FAILURE) {
        finding_message(&why, w->after, c);
        add_detail(w, "what", report_text(c->c, "title"));
        add_detail(w, "why", assay_buf_view(&why));
        add_detail(w, "remedy", report_case_remedy(c));
        add_detail(w, "repeat", report_text(c->c, "replay"));
    }
    report_done(w->out, &name);
    report_done(w->out, &why);
}

static void add_group(struct writer *w, const struct comparison *c, enum report_change change)
{
    size_t most = change <= CHANGE_NEW_FAILURE ? FINDINGS_MAX : NAMES_MAX, shown = 0;

    if (c->changes.of[change] == 0)
        return;
    assay_buf_printf(w->out, w->form == FORM_MARKDOWN ? "### %s: %zu\n\n" : "%s: %zu\n",
                     words[change], c->changes.of[change]);
    for (size_t i = 0; i < c->count && shown < most; i++)
        if (c->items[i].change == change) {
            add_item(w, &c->items[i]);
            shown++;
        }
    if (shown < c->changes.of[change])
        assay_buf_printf(w->out, "%s%zu more\n", w->form == FORM_MARKDOWN ? "- " : "  ",
                         c->changes.of[change] - shown);
    assay_buf_add_byte(w->out, '\n');
}

static void add_sum(struct writer *w, const struct report_changes *changes)
{
    bool regressed = changes->of[CHANGE_BROKEN] + changes->of[CHANGE_NEW_FAILURE] > 0;

    assay_buf_printf(w->out, "%s%s: ", w->form == FORM_MARKDOWN ? "**Assay** " : "",
                     regressed         ? "REGRESSION"
                     : !changes->valid ? "the later run is INVALID"
                     : changes->judged == 0 && changes->of[CHANGE_NEW] == 0 ? "nothing to compare"
                                                                            : "no regression");
    for (size_t i = 0; i < CHANGE__COUNT; i++)
        if (changes->of[i] > 0 || i < CHANGE_UNJUDGED || i == CHANGE_SAME)
            assay_buf_printf(w->out, "%s%zu %s", i > 0 ? ", " : "", changes->of[i], words[i]);
    assay_buf_add_byte(w->out, '\n');
}

enum assay_code report_compare(struct assay_buf *out, struct report_changes *changes,
                               enum report_form form, const json_t *before, const json_t *after,
                               struct assay_err *err)
{
    struct report_view a = {0}, b = {0};
    struct comparison c = {0};
    struct writer w = {out, form, &a, &b};
    enum assay_code rc;

    if ((rc = report_view_init(&a, before)) != ASSAY_OK ||
        (rc = report_view_init(&b, after)) != ASSAY_OK ||
        (rc = comparison_init(&c, &a, &b)) != ASSAY_OK)
        goto out;
    for (size_t i = 0; i < CHANGE_SAME; i++)
        add_group(&w, &c, (enum report_change)i);
    add_sum(&w, &c.changes);
    *changes = c.changes;
    rc = out->bad;
out:
    comparison_fini(&c);
    report_view_fini(&a);
    report_view_fini(&b);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "comparison: %s", assay_code_text(rc));
}
