/* A script beside a template: what is told of it is true and the least there is to tell. */
#include "kaspa_x402/escrow_align_internal.h"

#include "kaspa/script.h"
#include "ref/tests/kx_escrow_world.h"

#include <criterion/criterion.h>

static struct kx_escrow_layout layout;
static struct kx_escrow_spans spans;
static struct kx_escrow_alignment alignment;
static size_t first;

/* How many instructions must be added and removed, by trying all. */
static size_t distance(void)
{
    static size_t above[KX_ESCROW_SPANS_MAX + 1], row[KX_ESCROW_SPANS_MAX + 1];

    for (size_t span = 0; span <= spans.count; span++)
        row[span] = span;
    for (size_t part = 0; part < layout.count; part++) {
        memcpy(above, row, sizeof(row));
        row[0] = part + 1;
        for (size_t span = 0; span < spans.count; span++) {
            size_t least = above[span + 1] < row[span] ? above[span + 1] : row[span];

            row[span + 1] = kx_escrow_is_part(&layout, part, kx_escrow_span(&spans, span))
                                ? above[span]
                                : least + 1;
        }
    }
    return row[spans.count];
}

/* What is in both is alike, one by one; how many are in one only. */
static size_t expect_pairs(void)
{
    struct kx_escrow_run run = {.part = 0};
    size_t edits = 0;

    while (run.part < layout.count || run.span < spans.count) {
        kx_escrow_run_at(&run, &alignment, &layout, &spans);
        edits += run.parts + run.spans;
        if (run.parts + run.spans == 0) {
            cr_assert(run.part < layout.count && run.span < spans.count);
            cr_assert(kx_escrow_is_part(&layout, run.part, kx_escrow_span(&spans, run.span)));
            run.parts = run.spans = 1;
        }
        run.part += run.parts;
        run.span += run.spans;
    }
    return edits;
}

static void lay_out(size_t number)
{
    const struct kx_escrow official = kx_escrow_world_official(8000000);

    cr_assert_eq(kx_escrow_lay_out(&layout, kx_escrow_world_template(number), &official), ASSAY_OK);
}

Test(kx_escrow_align, finds_the_shortest_list_of_edits)
{
    uint64_t seed = 0x6a09e667f3bcc908;
    size_t aligned = 0;

    for (size_t i = 0; i < 150; i++) {
        struct assay_buf script;

        lay_out(i % 15 == 0 ? 2 + i / 15 % 4 : 1);
        script = kx_escrow_world_edited(assay_bytes_of(layout.script, layout.len), &seed);
        kx_escrow_split(&spans, assay_buf_view(&script));
        if (kx_escrow_align(&alignment, &first, &layout, &spans)) {
            cr_expect_eq(expect_pairs(), distance(), "script %zu", i);
            aligned++;
        } else {
            cr_expect(spans.is_cut || distance() > KX_DRIFT_EDITS_MAX, "script %zu", i);
        }
        assay_buf_fini(&script);
    }
    cr_expect_gt(aligned, 100, "%zu", aligned);
}

Test(kx_escrow_align, tells_edits_up_to_their_limit)
{
    for (size_t added = KX_DRIFT_EDITS_MAX / 2 - 1; added <= KX_DRIFT_EDITS_MAX / 2; added++) {
        struct assay_buf script = ASSAY_BUF_INIT(2 * KX_ESCROW_BYTES_MAX);

        lay_out(5);
        assay_buf_add(&script, assay_bytes_of(layout.script, 1));
        for (size_t i = 0; i < added; i++)
            kaspa_script_add_opcode(&script, KASPA_OP_NOP);
        assay_buf_add(&script, assay_bytes_of(layout.script + 1, layout.len - 3));
        for (size_t i = 0; i < added; i++)
            kaspa_script_add_opcode(&script, KASPA_OP_NOP);
        kx_escrow_split(&spans, assay_buf_view(&script));
        /* Two more are at the end, where ENDIFs are missing. */
        cr_expect_eq(kx_escrow_align(&alignment, &first, &layout, &spans),
                     added < KX_DRIFT_EDITS_MAX / 2, "%zu", added);
        cr_expect_eq(first, 1);
        assay_buf_fini(&script);
    }
}

Test(kx_escrow_align, tells_any_number_of_them_in_one_place)
{
    struct assay_buf script = ASSAY_BUF_INIT(1 << 15);

    lay_out(1);
    assay_buf_add(&script, assay_bytes_of(layout.script, 209));
    for (size_t i = 0; i < 300; i++)
        kaspa_script_add_opcode(&script, KASPA_OP_NOP);
    assay_buf_add(&script, assay_bytes_of(layout.script + 209, layout.len - 209));
    kx_escrow_split(&spans, assay_buf_view(&script));
    cr_assert(kx_escrow_align(&alignment, &first, &layout, &spans));
    cr_expect_eq(expect_pairs(), 300);
    assay_buf_fini(&script);
}
