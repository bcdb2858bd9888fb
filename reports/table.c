/* Lays a table out (reports/table.h). */
#include "reports/table.h"

#include "reports/findings.h"

enum { CELL_MAX_BYTES = 1 << 16, SHOWN_MAX_BYTES = 400 };

void table_init(struct table *t, size_t columns)
{
    *t = (struct table){.columns = columns};
}

void table_fini(struct table *t)
{
    for (size_t i = 0; i < t->room; i++)
        assay_buf_fini(&t->cells[i]);
    assay_free(t->cells);
    *t = (struct table){0};
}

struct assay_buf *table_cell(struct table *t)
{
    static struct assay_buf none = {.bad = ASSAY_E_NOMEM}; /* takes nothing */
    size_t room = t->room > 0 ? 2 * t->room : 256;
    struct assay_buf *cells;

    if (t->count < t->room)
        return &t->cells[t->count++];
    cells = t->bad == ASSAY_OK ? assay_realloc(t->cells, room * sizeof(*cells)) : NULL;
    if (cells == NULL) {
        t->bad = ASSAY_E_NOMEM;
        return &none;
    }
    for (size_t i = t->room; i < room; i++)
        cells[i] = (struct assay_buf)ASSAY_BUF_INIT(CELL_MAX_BYTES);
    t->cells = cells;
    t->room = room;
    return &t->cells[t->count++];
}

static size_t characters(struct assay_bytes text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += (text.at[i] & 0xC0) != 0x80;
    return count;
}

static void add_cell(struct assay_buf *out, const struct assay_buf *cell, enum report_form form)
{
    if (form == FORM_MARKDOWN)
        finding_add_markdown(out, assay_buf_view(cell), SHOWN_MAX_BYTES);
    else
        finding_add_shown(out, assay_buf_view(cell), SHOWN_MAX_BYTES);
}

/* As shown, which is longer where something had to be escaped. */
static size_t width_of(const struct table *t, size_t column, enum assay_code *bad)
{
    size_t width = 0;

    for (size_t i = column; i < t->count; i += t->columns) {
        struct assay_buf shown = ASSAY_BUF_INIT(CELL_MAX_BYTES);
        size_t here;

        add_cell(&shown, &t->cells[i], FORM_TEXT);
        here = characters(assay_buf_view(&shown));
        width = here > width ? here : width;
        *bad = *bad != ASSAY_OK ? *bad : shown.bad;
        assay_buf_fini(&shown);
    }
    return width;
}

static void write_text(struct assay_buf *out, const struct table *t)
{
    size_t widths[64] = {0};
    enum assay_code bad = t->bad;

    for (size_t c = 0; c < t->columns && c < ARRAY_LEN(widths); c++)
        widths[c] = width_of(t, c, &bad);
    for (size_t i = 0; t->columns > 0 && i < t->count; i++) {
        size_t column = i % t->columns, from = out->len, shown;

        add_cell(out, &t->cells[i], FORM_TEXT);
        shown = assay_buf_ok(out)
                    ? characters(assay_bytes_part(assay_buf_view(out), from, out->len))
                    : 0;
        if (column + 1 == t->columns)
            assay_buf_add_byte(out, '\n');
        else
            assay_buf_printf(out, "%*s", (int)(widths[column % ARRAY_LEN(widths)] + 2 - shown), "");
    }
    if (assay_buf_ok(out))
        out->bad = bad;
}

static void write_markdown(struct assay_buf *out, const struct table *t)
{
    for (size_t i = 0; t->columns > 0 && i < t->count; i++) {
        assay_buf_add_str(out, "| ");
        add_cell(out, &t->cells[i], FORM_MARKDOWN);
        assay_buf_add_byte(out, ' ');
        if ((i + 1) % t->columns == 0)
            assay_buf_add_str(out, "|\n");
        for (size_t c = 0; i + 1 == t->columns && c < t->columns; c++)
            assay_buf_add_str(out, c + 1 < t->columns ? "|---" : "|---|\n");
    }
    if (assay_buf_ok(out))
        out->bad = t->bad;
}

void table_write(struct assay_buf *out, const struct table *t, enum report_form form)
{
    for (size_t i = 0; i < t->count; i++)
        if (assay_buf_ok(out))
            out->bad = t->cells[i].bad;
    if (form == FORM_MARKDOWN)
        write_markdown(out, t);
    else
        write_text(out, t);
}
