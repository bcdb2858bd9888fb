/* A script beside a template, instruction by instruction: the shortest list of instructions to add
 * and remove (E. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986), with a bound on
 * its length and so on time and memory; see escrow_align_internal.h. */
#include "kaspa_x402/escrow_align_internal.h"

#include "base/planted.h"
#include "kaspa/number.h"
#include "kaspa/script.h"

void kx_escrow_split(struct kx_escrow_spans *out, struct assay_bytes script)
{
    size_t at = 0;

    out->script = script;
    out->count = 0;
    while (at < script.len && out->count < KX_ESCROW_SPANS_MAX) {
        struct kaspa_instruction i;

        out->at[out->count++] = at;
        at = kaspa_instruction_decode(&i, script, at) == KASPA_SCRIPT_OK ? i.next : script.len;
    }
    out->at[out->count] = at;
    out->is_cut = at < script.len;
}

struct assay_bytes kx_escrow_span(const struct kx_escrow_spans *spans, size_t i)
{
    return assay_bytes_part(spans->script, spans->at[i], spans->at[i + 1]);
}

bool kx_escrow_is_number(const struct kx_escrow_layout *layout, size_t part)
{
    return layout->tmpl->bytes == 0 && layout->parts[part].slot == KX_SLOT_TIMEOUT;
}

bool kx_escrow_push_number(int64_t *out, struct assay_bytes span)
{
    struct kaspa_instruction i;

    if (span.len == 0 || kaspa_instruction_decode(&i, span, 0) != KASPA_SCRIPT_OK)
        return false;
    if (i.opcode >= KASPA_OP_1 && i.opcode <= KASPA_OP_16) {
        *out = i.opcode - KASPA_OP_1 + 1;
        return true;
    }
    return i.opcode <= KASPA_NUMBER_MAX_BYTES &&
           kaspa_number_decode(out, i.data) == KASPA_SCRIPT_OK;
}

/* One that is not negative, pushed as short as can be. */
static bool is_minimal(struct assay_bytes span)
{
    uint8_t bytes[KASPA_NUMBER_MAX_BYTES + 1];
    struct assay_buf again = ASSAY_BUF_OVER(bytes);
    int64_t number;

    if (!kx_escrow_push_number(&number, span) || number < 0)
        return false;
    kaspa_script_add_number(&again, number);
    return assay_bytes_equal(assay_buf_view(&again), span);
}

bool kx_escrow_is_part(const struct kx_escrow_layout *layout, size_t part, struct assay_bytes span)
{
    struct assay_bytes want = kx_escrow_part_bytes(layout, part);

    if (kx_escrow_is_number(layout, part))
        return is_minimal(span);
    if (layout->parts[part].slot == KX_SLOT_NONE)
        return PLANTED(template_tag)
                   ? want.len == span.len &&
                         memcmp(want.at, span.at, want.len < 4 ? want.len : 4) == 0
                   : assay_bytes_equal(want, span);
    return want.len == span.len && want.at[0] == span.at[0];
}

/* The middle of the two, between what they start and end alike. */
struct middle {
    const struct kx_escrow_layout *layout;
    const struct kx_escrow_spans *spans;
    size_t part, span;   /* where it begins */
    size_t parts, count; /* of instructions */
};

static bool alike(const struct middle *m, size_t part, size_t span)
{
    return kx_escrow_is_part(m->layout, m->part + part, kx_escrow_span(m->spans, m->span + span));
}

static struct middle middle_of(const struct kx_escrow_layout *layout,
                               const struct kx_escrow_spans *spans)
{
    struct middle m = {
        .layout = layout, .spans = spans, .parts = layout->count, .count = spans->count};

    while (m.parts > 0 && m.count > 0 && alike(&m, 0, 0)) {
        m.part++;
        m.span++;
        m.parts--;
        m.count--;
    }
    while (!spans->is_cut && m.parts > 0 && m.count > 0 && alike(&m, m.parts - 1, m.count - 1)) {
        m.parts--;
        m.count--;
    }
    return m;
}

/* How far along each diagonal one comes with each number of edits. Diagonal k = part - span of d
 * edits, which is -d, -d + 2, .. d, has the place (k + d) / 2 of row d. */
struct trace {
    uint16_t reach[(KX_DRIFT_EDITS_MAX + 1) * (KX_DRIFT_EDITS_MAX + 2) / 2];
};

static uint16_t *row_of(struct trace *trace, size_t edits)
{
    return trace->reach + edits * (edits + 1) / 2;
}

/* Whether the place of row `edits` is reached from above, by an instruction that was added. */
static bool is_added(struct trace *trace, size_t edits, size_t place)
{
    const uint16_t *before = row_of(trace, edits - 1);

    return place == 0 || (place < edits && before[place - 1] < before[place]);
}

/* The first instruction of the template behind one edit more, before what is alike there. */
static size_t step(struct trace *trace, size_t edits, size_t place)
{
    const uint16_t *before = row_of(trace, edits - 1);

    return is_added(trace, edits, place) ? before[place] : before[place - 1] + 1U;
}

/* True: the end of both is reached. */
static bool reach_row(struct trace *trace, const struct middle *m, size_t edits, size_t *end)
{
    for (size_t place = 0; place <= edits; place++) {
        size_t part = edits == 0 ? 0 : step(trace, edits, place);
        size_t span = part + edits - 2 * place;

        while (part < m->parts && span < m->count && alike(m, part, span)) {
            part++;
            span++;
        }
        row_of(trace, edits)[place] = (uint16_t)part;
        *end = place;
        if (part >= m->parts && span >= m->count)
            return true;
    }
    return false;
}

static void mark_back(struct kx_escrow_alignment *out, struct trace *trace, const struct middle *m,
                      size_t edits, size_t place)
{
    for (; edits > 0; edits--) {
        size_t part = step(trace, edits, place);
        size_t span = part + edits - 2 * place;

        if (is_added(trace, edits, place)) {
            out->added[m->span + span - 1] = true;
        } else {
            out->removed[m->part + part - 1] = true;
            place--;
        }
    }
}

static bool find_edits(struct kx_escrow_alignment *out, const struct middle *m)
{
    struct trace trace;
    size_t place = 0;

    for (size_t edits = 0; edits <= KX_DRIFT_EDITS_MAX; edits++) {
        if (!reach_row(&trace, m, edits, &place))
            continue;
        mark_back(out, &trace, m, edits, place);
        return true;
    }
    return false;
}

static bool begins_rule(const struct kx_escrow_layout *layout, size_t part)
{
    return part == 0 || part >= layout->count ||
           layout->parts[part].rule != layout->parts[part - 1].rule;
}

/* A run of added or of removed instructions could as well be told a little earlier where what is
 * before it ends as it does; the best place is where a rule begins. */
static void slide(struct kx_escrow_alignment *a, const struct kx_escrow_layout *layout,
                  const struct kx_escrow_spans *spans, const struct kx_escrow_run *run)
{
    size_t by = 0;

    while (!begins_rule(layout, run->part - by)) {
        size_t part = run->part - by - 1, span = run->span - by - 1; /* alike, before the run */

        if (by == run->span || a->removed[part] || a->added[span] ||
            !kx_escrow_is_part(layout, part + run->parts, kx_escrow_span(spans, span + run->spans)))
            return;
        by++;
    }
    for (size_t i = 1; i <= by; i++) {
        if (run->parts > 0) {
            a->removed[run->part - i] = true;
            a->removed[run->part - i + run->parts] = false;
        } else {
            a->added[run->span - i] = true;
            a->added[run->span - i + run->spans] = false;
        }
    }
}

void kx_escrow_run_at(struct kx_escrow_run *run, const struct kx_escrow_alignment *a,
                      const struct kx_escrow_layout *layout, const struct kx_escrow_spans *spans)
{
    run->parts = run->spans = 0;
    while (run->part + run->parts < layout->count && a->removed[run->part + run->parts])
        run->parts++;
    while (run->span + run->spans < spans->count && a->added[run->span + run->spans])
        run->spans++;
}

static void slide_all(struct kx_escrow_alignment *a, const struct kx_escrow_layout *layout,
                      const struct kx_escrow_spans *spans)
{
    struct kx_escrow_run run = {.part = 0};

    while (run.part < layout->count || run.span < spans->count) {
        kx_escrow_run_at(&run, a, layout, spans);
        if ((run.parts == 0) != (run.spans == 0))
            slide(a, layout, spans, &run);
        run.part += run.parts + run.spans > 0 ? run.parts : 1;
        run.span += run.parts + run.spans > 0 ? run.spans : 1;
    }
}

bool kx_escrow_align(struct kx_escrow_alignment *out, size_t *first,
                     const struct kx_escrow_layout *layout, const struct kx_escrow_spans *spans)
{
    struct middle m = middle_of(layout, spans);

    *first = m.part;
    memset(out, 0, sizeof(*out));
    if (spans->is_cut && m.parts > 0)
        return false;
    if (m.parts == 0 || m.count == 0) { /* however many there are */
        memset(out->removed + m.part, true, m.parts * sizeof(out->removed[0]));
        memset(out->added + m.span, true, m.count * sizeof(out->added[0]));
    } else if (!find_edits(out, &m)) {
        return false;
    }
    slide_all(out, layout, spans);
    return true;
}
