/* Sorts what a report names, and says it in a line (reports/findings.h). */
#include "reports/findings.h"

#include "base/utf8.h"

#include <stdlib.h>

enum finding_severity finding_severity(const struct report_threat *threat)
{
    static const char *const names[] = {"critical", "high", "medium"};
    size_t i = 0;

    while (i < ARRAY_LEN(names) &&
           !assay_bytes_is(report_text(threat->entry, "severity"), names[i]))
        i++;
    return (enum finding_severity)i;
}

const json_t *finding_scenario(const struct report_view *view, const json_t *c)
{
    const json_t *all = json_object_get(json_object_get(view->run, "catalogue"), "scenarios");
    const json_t *scenario;
    size_t i;

    json_array_foreach (all, i, scenario)
        if (assay_bytes_equal(report_text(scenario, "name"), report_text(c, "scenario")))
            return scenario;
    return NULL;
}

static size_t level_order(const struct report_case *c)
{
    static const char *const levels[] = {"must", "should", "ours"};
    size_t i = 0;

    while (i < ARRAY_LEN(levels) && !assay_bytes_is(report_text(c->c, "level"), levels[i]))
        i++;
    return i;
}

static int worst_first(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;

    if (a->c->mark != b->c->mark)
        return a->c->mark < b->c->mark ? -1 : 1;
    if (a->severity != b->severity)
        return a->severity < b->severity ? -1 : 1;
    if (level_order(a->c) != level_order(b->c))
        return level_order(a->c) < level_order(b->c) ? -1 : 1;
    return a->c->number < b->c->number ? -1 : a->c->number > b->c->number;
}

enum assay_code findings_init(struct findings *f, const struct report_view *view, unsigned marks)
{
    *f = (struct findings){.items = assay_alloc((view->case_count + 1) * sizeof(*f->items))};
    if (f->items == NULL)
        return ASSAY_E_NOMEM;
    for (size_t i = 0; i < view->case_count; i++) {
        const struct report_case *c = &view->cases[i];

        if ((marks & MARK_BIT(c->mark)) != 0)
            f->items[f->count++] =
                (struct finding){.c = c,
                                 .scenario = finding_scenario(view, c->c),
                                 .severity = finding_severity(&view->threats[c->threat])};
    }
    qsort(f->items, f->count, sizeof(*f->items), worst_first);
    return ASSAY_OK;
}

void findings_fini(struct findings *f)
{
    assay_free(f->items);
    *f = (struct findings){0};
}

void finding_message(struct assay_buf *out, const struct report_view *view,
                     const struct report_case *c)
{
    if (c->mark != MARK_FAIL) {
        report_case_reason(out, view, c);
        return;
    }
    assay_buf_add_str(out, "expected ");
    assay_buf_add(out, report_text(c->c, "expected"));
    assay_buf_add_str(out, ", saw ");
    assay_buf_add(out, report_text(c->c, "seen"));
}

bool finding_row_is_caught(const json_t *row)
{
    return assay_bytes_is(report_text(row, "verdict"), "caught");
}

size_t finding_uncaught(const struct report_view *view)
{
    const json_t *row;
    size_t count = 0, i;

    json_array_foreach (json_object_get(json_object_get(view->run, "matrix"), "rows"), i, row)
        count += !finding_row_is_caught(row);
    return count;
}

const char *finding_row_word(const json_t *row)
{
    struct assay_bytes verdict = report_text(row, "verdict");

    if (assay_bytes_is(verdict, "caught"))
        return "caught";
    if (assay_bytes_is(verdict, "survived"))
        return "no scenario catches this defect";
    return assay_bytes_is(verdict, "partly") ? "missed by a scenario that names it"
                                             : "caught only by scenarios that do not name it";
}

void finding_add_shown(struct assay_buf *out, struct assay_bytes text, size_t max)
{
    size_t end = text.len < max ? text.len : max;

    while (end < text.len && end > 0 && (text.at[end] & 0xC0) == 0x80)
        end--;
    assay_utf8_add_printable(out, assay_bytes_part(text, 0, end));
    if (end < text.len)
        assay_buf_printf(out, "... (%zu bytes more)", text.len - end);
}

void finding_add_line(struct assay_buf *out, const char *label, struct assay_bytes text, size_t max)
{
    if (text.len == 0)
        return;
    assay_buf_printf(out, "%s: ", label);
    finding_add_shown(out, text, max);
    assay_buf_add_byte(out, '\n');
}

static bool is_plain_in_markdown(uint8_t c)
{
    return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c != '\0' && strchr(" ,;/=%+'()-", c) != NULL);
}

void finding_add_markdown(struct assay_buf *out, struct assay_bytes text, size_t max)
{
    struct assay_buf shown = ASSAY_BUF_INIT(4 * max + 64);

    finding_add_shown(&shown, text, max);
    for (size_t i = 0; i < shown.len; i++) {
        if (is_plain_in_markdown(shown.at[i]))
            assay_buf_add_byte(out, shown.at[i]);
        else
            assay_buf_printf(out, "&#%u;", (unsigned)shown.at[i]);
    }
    report_done(out, &shown);
}
