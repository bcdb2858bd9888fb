/* The cells of docs/template-drift.md: every change of one byte of a channel's script, judged,
 * written as runs of letters, and read back. */
#include "run/drift.h"

#include <assert.h>

#define BLOCK_BEGIN "<!-- cells\n"
#define BLOCK_END "-->\n"

/* No digits, which counts are made of, and nothing that would end the comment. */
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+/:;";

static_assert(sizeof(letters) == 64 + 1, "a letter for each outcome");

uint8_t drift_value(const struct drift_world *w, size_t place, size_t k)
{
    return (uint8_t)(k < w->behaviour.reference.at[place] ? k : k + 1);
}

/* Families are bits from the first path on. */
char drift_cell(const struct drift_world *w, size_t place, size_t k)
{
    struct kx_behaviour_verdict v;

    if (kx_behaviour_judge_byte(&v, &w->behaviour, place, drift_value(w, place, k)) != ASSAY_OK)
        return '\0';
    return letters[(v.more >> KX_ESCROW_CLAIM | v.less >> KX_ESCROW_CLAIM << 3) & 63];
}

bool drift_cell_read(char cell, unsigned *more, unsigned *less)
{
    const char *found = cell != '\0' ? strchr(letters, cell) : NULL;
    unsigned number = found != NULL ? (unsigned)(found - letters) : 0;

    *more = (number & 7) << KX_ESCROW_CLAIM;
    *less = number >> 3 << KX_ESCROW_CLAIM;
    return found != NULL;
}

enum assay_code drift_cells_make(struct drift_cells *out, const struct drift_world *w)
{
    for (size_t place = 0; place < DRIFT_PLACES; place++)
        for (size_t k = 0; k < DRIFT_VALUES; k++)
            if ((out->at[place][k] = drift_cell(w, place, k)) == '\0')
                return ASSAY_E_NOMEM;
    return ASSAY_OK;
}

/* ---- as text: "from-to count letter count letter ...", places that are alike together ---- */

static void add_runs(struct assay_buf *out, const char *cells)
{
    for (size_t k = 0, run; k < DRIFT_VALUES; k += run) {
        for (run = 1; k + run < DRIFT_VALUES && cells[k + run] == cells[k];)
            run++;
        assay_buf_printf(out, " %zu%c", run, cells[k]);
    }
}

void drift_cells_add(struct assay_buf *out, const struct drift_cells *cells)
{
    assay_buf_add_str(out, BLOCK_BEGIN);
    for (size_t from = 0, to; from < DRIFT_PLACES; from = to + 1) {
        for (to = from; to + 1 < DRIFT_PLACES &&
                        memcmp(cells->at[to + 1], cells->at[from], DRIFT_VALUES) == 0;)
            to++;
        assay_buf_printf(out, "%zu-%zu", from, to);
        add_runs(out, cells->at[from]);
        assay_buf_add_byte(out, '\n');
    }
    assay_buf_add_str(out, BLOCK_END);
}

/* Takes a decimal number that is at most `most`; false: there is none. */
static bool take_number(size_t *out, struct assay_bytes text, size_t *at, size_t most)
{
    size_t begin = *at;

    *out = 0;
    for (; *at < text.len && text.at[*at] >= '0' && text.at[*at] <= '9' && *out <= most; ++*at)
        *out = *out * 10 + (size_t)(text.at[*at] - '0');
    return *at > begin && *out <= most;
}

static bool take_byte(struct assay_bytes text, size_t *at, char byte)
{
    if (*at == text.len || text.at[*at] != (uint8_t)byte)
        return false;
    ++*at;
    return true;
}

static bool read_runs(char cells[DRIFT_VALUES], struct assay_bytes line, size_t at)
{
    size_t k = 0, run;
    unsigned more, less;

    while (k < DRIFT_VALUES) {
        if (!take_byte(line, &at, ' ') || !take_number(&run, line, &at, DRIFT_VALUES - k) ||
            run == 0 || at == line.len || !drift_cell_read((char)line.at[at], &more, &less))
            return false;
        memset(cells + k, line.at[at++], run);
        k += run;
    }
    return at == line.len;
}

/* *from: the first place that no line has had. */
static bool read_line(struct drift_cells *out, struct assay_bytes line, size_t *from)
{
    size_t first, last, at = 0;
    char cells[DRIFT_VALUES];

    if (!take_number(&first, line, &at, DRIFT_PLACES - 1) || !take_byte(line, &at, '-') ||
        !take_number(&last, line, &at, DRIFT_PLACES - 1) || first != *from || last < first ||
        !read_runs(cells, line, at))
        return false;
    for (; *from <= last; ++*from)
        memcpy(out->at[*from], cells, sizeof(cells));
    return true;
}

static size_t find(struct assay_bytes text, const char *what)
{
    const void *at = memmem(text.at, text.len, what, strlen(what));

    return at != NULL ? (size_t)((const uint8_t *)at - text.at) : text.len;
}

enum assay_code drift_cells_read(struct drift_cells *out, struct assay_bytes document,
                                 struct assay_err *err)
{
    size_t at = find(document, BLOCK_BEGIN) + strlen(BLOCK_BEGIN), from = 0;

    for (size_t line = 1; from < DRIFT_PLACES; line++) {
        size_t end = assay_bytes_find(document, '\n', at);

        if (!read_line(out, assay_bytes_part(document, at, end), &from))
            return assay_fail(err, ASSAY_E_MALFORMED, line,
                              "line %zu of the cells is none: places in order, each with %d values",
                              line, DRIFT_VALUES);
        at = end + 1;
    }
    return ASSAY_OK;
}
