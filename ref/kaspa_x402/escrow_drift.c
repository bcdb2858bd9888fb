/* What drifted in a script; see escrow_drift.h. */
#include "kaspa_x402/escrow_align_internal.h"

#include "defects/defects.h"
#include "kaspa/script.h"

/* One comparison. */
struct judge {
    struct kx_drifts *out;
    struct kx_escrow_layout layout;
    struct kx_escrow_spans spans;
    uint32_t known; /* KX_SLOT_BIT of each slot whose value is known */
    uint32_t taken; /* of those, the ones whose value is the candidate's own */
};

static const enum kx_drift_kind kinds_of_slots[KX_SLOT__COUNT] = {
    [KX_SLOT_CLAIMED] = KX_DRIFT_STATE,   [KX_SLOT_SERVER] = KX_DRIFT_KEY,
    [KX_SLOT_CLIENT] = KX_DRIFT_KEY,      [KX_SLOT_NETWORK] = KX_DRIFT_NETWORK,
    [KX_SLOT_PAYOUT] = KX_DRIFT_PAYOUT,   [KX_SLOT_REFUND] = KX_DRIFT_REFUND,
    [KX_SLOT_TIMEOUT] = KX_DRIFT_TIMEOUT, [KX_SLOT_DOMAIN] = KX_DRIFT_DOMAIN,
    [KX_SLOT_ZERO] = KX_DRIFT_ZERO,       [KX_SLOT_LENGTH] = KX_DRIFT_LENGTH,
    [KX_SLOT_REST] = KX_DRIFT_LENGTH,
};

/* Of what is no slot: by its rule, else by itself. */
static enum kx_drift_kind kind_of(const struct kx_escrow_rule *rule, bool is_push)
{
    static const struct {
        const char *part_of_id;
        enum kx_drift_kind kind;
    } rows[] = {
        {".authorized.index", KX_DRIFT_OUTPUT_INDEX},
        {".successor.", KX_DRIFT_CONTINUATION},
        {".payout.amount", KX_DRIFT_FEE},
        {"refund.amount", KX_DRIFT_FEE},
    };

    if (is_push && strstr(rule->id, ".selector") != NULL)
        return KX_DRIFT_SELECTOR;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strstr(rule->id, rows[i].part_of_id) != NULL)
            return rows[i].kind;
    return is_push ? KX_DRIFT_CONSTANT : KX_DRIFT_OPCODE;
}

static void add(struct judge *j, const struct kx_drift *drift)
{
    struct kx_drifts *out = j->out;

    if (out->count < KX_DRIFTS_MAX)
        out->list[out->count++] = *drift;
    out->total++;
}

static const struct kx_escrow_rule *rule_of(const struct judge *j, size_t part)
{
    size_t last = j->layout.count - 1;

    return &j->layout.tmpl->rules[j->layout.parts[part < last ? part : last].rule];
}

/* Of the script that was expected, as the list borrows it. */
static struct assay_bytes expected_at(const struct judge *j, size_t from, size_t to)
{
    return assay_bytes_part(assay_bytes_of(j->out->script, j->layout.len), from, to);
}

/* Both are pushes of one number. */
static bool is_same_number(struct assay_bytes a, struct assay_bytes b)
{
    int64_t first, second;

    return kx_escrow_push_number(&first, a) && kx_escrow_push_number(&second, b) && first == second;
}

/* An instruction of the template that is another one in the script. */
static void add_changed(struct judge *j, size_t part, struct assay_bytes found, size_t offset)
{
    struct assay_bytes want = kx_escrow_part_bytes(&j->layout, part);
    bool is_data = found.len == want.len && found.at[0] == want.at[0];
    size_t data = is_data ? 1 : 0; /* where what differs begins */
    struct kx_drift drift = {
        .change = KX_DRIFT_CHANGED,
        .slot = j->layout.parts[part].slot,
        .rule = rule_of(j, part),
        .offset = offset + data,
        .len = found.len - data,
        .is_data = is_data,
        .expected = expected_at(j, j->layout.parts[part].at + data, j->layout.parts[part + 1].at),
        .found = assay_bytes_part(found, data, found.len),
    };

    drift.kind = drift.slot != KX_SLOT_NONE ? kinds_of_slots[drift.slot]
                                            : kind_of(drift.rule, kaspa_opcode_is_push(want.at[0]));
    if (drift.kind == KX_DRIFT_SELECTOR)
        kx_escrow_hint_selector(&drift, j->layout.tmpl, found);
    else if (is_data && drift.slot != KX_SLOT_NONE)
        kx_escrow_hint_slot(&drift, &j->layout, j->known, j->taken);
    else if (is_same_number(want, found))
        drift.hint = KX_HINT_NUMBER;
    add(j, &drift);
}

/* The first value of a slot that is not known is what the script has to have everywhere. */
static void take(struct judge *j, enum kx_escrow_slot slot, struct assay_bytes value)
{
    memcpy(j->layout.values[slot], value.at, value.len);
    for (size_t i = 0; i < j->layout.count; i++)
        if (j->layout.parts[i].slot == slot)
            memcpy(j->layout.script + j->layout.parts[i].at + 1, value.at, value.len);
    memcpy(j->out->script, j->layout.script, j->layout.len);
    j->known |= KX_SLOT_BIT(slot);
    j->taken |= KX_SLOT_BIT(slot);
}

/* Whether the slot has stood before. */
static bool is_again(const struct judge *j, size_t part)
{
    size_t i = 0;

    while (j->layout.parts[i].slot != j->layout.parts[part].slot)
        i++;
    return i < part;
}

/* An instruction that can be the template's: is what its slot holds the channel's? */
static void judge_alike(struct judge *j, size_t part, struct assay_bytes found, size_t offset)
{
    enum kx_escrow_slot slot = j->layout.parts[part].slot;
    bool is_open = (KX_SLOTS_KNOWN & ~j->known & KX_SLOT_BIT(slot)) != 0;

    if ((REF_DEFECT(kx_batch_drift_state) && slot == KX_SLOT_CLAIMED) ||
        (REF_DEFECT(kx_batch_drift_first) && is_again(j, part)))
        return;
    if (slot == KX_SLOT_NONE || (is_open && kx_escrow_is_number(&j->layout, part)))
        return;
    if (is_open)
        take(j, slot, assay_bytes_part(found, 1, found.len));
    if (!assay_bytes_equal(kx_escrow_part_bytes(&j->layout, part), found))
        add_changed(j, part, found, offset);
}

/* ---- two scripts of one length, byte under byte ---- */

static struct assay_bytes under(const struct judge *j, size_t part)
{
    return assay_bytes_part(j->spans.script, j->layout.parts[part].at,
                            j->layout.parts[part + 1].at);
}

/* How many instructions are none that the template can have there. */
static size_t count_under(const struct judge *j)
{
    size_t count = 0;

    for (size_t i = 0; i < j->layout.count; i++)
        count += kx_escrow_is_part(&j->layout, i, under(j, i)) ? 0 : 1;
    return count;
}

static void judge_under(struct judge *j)
{
    for (size_t i = 0; i < j->layout.count; i++) {
        if (kx_escrow_is_part(&j->layout, i, under(j, i)))
            judge_alike(j, i, under(j, i), j->layout.parts[i].at);
        else
            add_changed(j, i, under(j, i), j->layout.parts[i].at);
    }
}

/* ---- two scripts side by side ---- */

static void add_run(struct judge *j, enum kx_drift_change change, const struct kx_escrow_run *run)
{
    size_t begin = j->layout.parts[run->part].at;
    struct kx_drift drift = {
        .change = change,
        .rule = rule_of(j, run->part),
        .offset = j->spans.at[run->span],
        .len = j->spans.at[run->span + run->spans] - j->spans.at[run->span],
        .expected = expected_at(j, begin, j->layout.parts[run->part + run->parts].at),
        .found = assay_bytes_part(j->spans.script, j->spans.at[run->span],
                                  j->spans.at[run->span + run->spans]),
    };

    drift.kind = kind_of(drift.rule, false);
    if (run->part + run->parts == j->layout.count && run->span + run->spans == j->spans.count) {
        drift.kind = KX_DRIFT_LENGTH;
        drift.len = j->spans.script.len - drift.offset;
        drift.found = assay_bytes_part(j->spans.script, drift.offset, j->spans.script.len);
    }
    add(j, &drift);
}

/* One drift a rule, but for what is missing at the end. */
static void add_removed(struct judge *j, struct kx_escrow_run run)
{
    const size_t end = run.part + run.parts;

    while (run.part < end) {
        run.parts = end - run.part;
        while (end < j->layout.count &&
               rule_of(j, run.part + run.parts - 1) != rule_of(j, run.part))
            run.parts--;
        add_run(j, KX_DRIFT_REMOVED, &run);
        run.part += run.parts;
    }
}

/* Instructions that are only in one of the two: one in the place of another is changed. */
static void judge_run(struct judge *j, struct kx_escrow_run run)
{
    for (; run.parts > 0 && run.spans > 0; run.parts--, run.spans--) {
        add_changed(j, run.part, kx_escrow_span(&j->spans, run.span), j->spans.at[run.span]);
        run.part++;
        run.span++;
    }
    if (run.parts > 0)
        add_removed(j, run);
    if (run.spans > 0)
        add_run(j, KX_DRIFT_ADDED, &run);
}

static void judge_beside(struct judge *j, const struct kx_escrow_alignment *a)
{
    struct kx_escrow_run run = {.part = 0};

    while (run.part < j->layout.count || run.span < j->spans.count) {
        kx_escrow_run_at(&run, a, &j->layout, &j->spans);
        if (run.parts + run.spans == 0) {
            judge_alike(j, run.part, kx_escrow_span(&j->spans, run.span), j->spans.at[run.span]);
            run.parts = run.spans = 1;
        } else {
            judge_run(j, run);
        }
        run.part += run.parts;
        run.span += run.spans;
    }
}

/* How many drifts that will be, of instructions. */
static size_t count_beside(const struct judge *j, const struct kx_escrow_alignment *a)
{
    struct kx_escrow_run run = {.part = 0};
    size_t count = 0;

    while (run.part < j->layout.count || run.span < j->spans.count) {
        kx_escrow_run_at(&run, a, &j->layout, &j->spans);
        count += run.parts > run.spans ? run.parts : run.spans;
        run.part += run.parts + run.spans > 0 ? run.parts : 1;
        run.span += run.parts + run.spans > 0 ? run.spans : 1;
    }
    return count;
}

/* ---- all of it ---- */

static void add_template(struct judge *j, const struct kx_escrow_template *found)
{
    add(j, &(struct kx_drift){.kind = KX_DRIFT_TEMPLATE,
                              .change = KX_DRIFT_CHANGED,
                              .len = j->spans.script.len,
                              .expected = assay_str(j->layout.tmpl->id),
                              .found = assay_str(found->id),
                              .hint = KX_HINT_GENERATION,
                              .of = found->id});
}

static void add_other(struct judge *j, size_t first)
{
    size_t from = j->spans.at[first];

    add(j,
        &(struct kx_drift){.kind = KX_DRIFT_OTHER,
                           .change = KX_DRIFT_CHANGED,
                           .rule = rule_of(j, first),
                           .offset = from,
                           .len = j->spans.script.len - from,
                           .expected = expected_at(j, j->layout.parts[first].at, j->layout.len),
                           .found = assay_bytes_part(j->spans.script, from, j->spans.script.len)});
}

/* Of the two ways to compare scripts of one length, the one that needs fewer words. */
static void judge_script(struct judge *j)
{
    bool is_as_long = j->spans.script.len == j->layout.len;
    size_t differ = is_as_long ? count_under(j) : SIZE_MAX, first;
    struct kx_escrow_instance other;
    struct kx_escrow_alignment a;
    bool is_near;

    if (is_as_long && REF_DEFECT(kx_batch_drift_length))
        return;
    if (differ <= 1) {
        judge_under(j);
        return;
    }
    if (kx_escrow_identify(&other, j->spans.script) && other.tmpl != j->layout.tmpl) {
        add_template(j, other.tmpl);
        return;
    }
    is_near = kx_escrow_align(&a, &first, &j->layout, &j->spans);
    if (is_near && count_beside(j, &a) < differ)
        judge_beside(j, &a);
    else if (is_near || differ <= KX_DRIFT_EDITS_MAX)
        judge_under(j);
    else
        add_other(j, first);
}

enum assay_code kx_escrow_drift(struct kx_drifts *out, const struct kx_escrow_template *t,
                                const struct kx_escrow *values, uint32_t known,
                                struct assay_bytes candidate)
{
    static const uint8_t unknown[32];
    struct judge j = {.out = out, .known = known & KX_SLOTS_KNOWN};
    struct kx_escrow filled = *values;
    enum assay_code rc;

    for (size_t i = KX_SLOT_CLAIMED; i <= KX_SLOT_TIMEOUT; i++)
        if ((known & KX_SLOT_BIT(i)) == 0)
            kx_escrow_set_slot(&filled, (enum kx_escrow_slot)i, unknown);
    out->count = out->total = 0;
    rc = kx_escrow_lay_out(&j.layout, t, &filled);
    if (rc != ASSAY_OK)
        return rc;
    memcpy(out->script, j.layout.script, j.layout.len);
    kx_escrow_split(&j.spans, candidate);
    judge_script(&j);
    return ASSAY_OK;
}
