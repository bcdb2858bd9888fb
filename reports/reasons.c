/* Groups the cases that could not be judged by their reason (reports/reasons.h). */
#include "reports/reasons.h"

static void count_case(struct report_reasons *r, struct assay_bytes reason)
{
    size_t i = 0;

    while (i < r->count && !assay_bytes_equal(r->items[i].text, reason))
        i++;
    if (i == r->count)
        r->items[r->count++] = (struct report_reason){.text = reason};
    r->items[i].count++;
    r->cases++;
}

/* By insertion: there are few, and equal ones keep their order. */
static void sort(struct report_reasons *r)
{
    for (size_t i = 1; i < r->count; i++)
        for (size_t k = i; k > 0 && r->items[k - 1].count < r->items[k].count; k--) {
            struct report_reason other = r->items[k - 1];

            r->items[k - 1] = r->items[k];
            r->items[k] = other;
        }
}

enum assay_code report_reasons_init(struct report_reasons *r, const struct report_view *view)
{
    *r = (struct report_reasons){.items = assay_alloc((view->case_count + 1) * sizeof(*r->items))};
    if (r->items == NULL)
        return ASSAY_E_NOMEM;
    for (size_t i = 0; i < view->case_count; i++)
        if (view->cases[i].mark == MARK_UNSUPPORTED)
            count_case(r, report_text(view->cases[i].c, "reason"));
    sort(r);
    return ASSAY_OK;
}

void report_reasons_fini(struct report_reasons *r)
{
    assay_free(r->items);
    *r = (struct report_reasons){0};
}
