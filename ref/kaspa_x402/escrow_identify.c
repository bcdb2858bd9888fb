/* Whose script it is; see escrow_drift.h. */
#include "kaspa_x402/escrow_align_internal.h"

/* What a push holds as the slot's value: a number in eight bytes, others as they are. */
static void read_slot(uint8_t value[32], const struct kx_escrow_layout *layout, size_t part,
                      struct assay_bytes span)
{
    int64_t number = 0;

    memset(value, 0, 32);
    if (!kx_escrow_is_number(layout, part)) {
        memcpy(value, span.at + 1, span.len - 1);
        return;
    }
    (void)kx_escrow_push_number(&number, span);
    for (size_t i = 0; i < 8; i++)
        value[i] = (uint8_t)((uint64_t)number >> 8 * i);
}

static bool is_of_channel(enum kx_escrow_slot slot)
{
    return (KX_SLOTS_KNOWN & KX_SLOT_BIT(slot)) != 0;
}

/* False: an instruction is not the template's. */
static bool read_instance(struct kx_escrow_instance *out, const struct kx_escrow_layout *layout,
                          const struct kx_escrow_spans *spans)
{
    uint8_t values[KX_SLOT__COUNT][32], value[32];
    uint32_t seen = 0;

    *out = (struct kx_escrow_instance){.tmpl = layout->tmpl};
    for (size_t i = 0; i < layout->count; i++) {
        enum kx_escrow_slot slot = layout->parts[i].slot;
        struct assay_bytes span = kx_escrow_span(spans, i);

        if (!kx_escrow_is_part(layout, i, span))
            return false;
        if (slot == KX_SLOT_NONE)
            continue;
        read_slot(value, layout, i, span);
        if (!is_of_channel(slot) && memcmp(value, layout->values[slot], 32) != 0)
            return false;
        if ((seen & KX_SLOT_BIT(slot)) == 0)
            memcpy(values[slot], value, 32);
        else if (memcmp(values[slot], value, 32) != 0)
            out->unequal |= KX_SLOT_BIT(slot);
        seen |= KX_SLOT_BIT(slot);
    }
    for (size_t slot = KX_SLOT_CLAIMED; slot <= KX_SLOT_TIMEOUT; slot++)
        if ((seen & KX_SLOT_BIT(slot)) != 0)
            kx_escrow_set_slot(&out->values, (enum kx_escrow_slot)slot, values[slot]);
    return true;
}

bool kx_escrow_identify(struct kx_escrow_instance *out, struct assay_bytes script)
{
    const struct kx_escrow none = {.claimed = 0};
    struct kx_escrow_instance found;
    struct kx_escrow_layout layout;
    struct kx_escrow_spans spans;

    kx_escrow_split(&spans, script);
    for (size_t i = 0; i < KX_ESCROW_TEMPLATES; i++) {
        const struct kx_escrow_template *t = &kx_escrow_templates[i];

        if ((t->bytes != 0 && t->bytes != script.len) ||
            kx_escrow_lay_out(&layout, t, &none) != ASSAY_OK || layout.count != spans.count ||
            spans.is_cut || !read_instance(&found, &layout, &spans))
            continue;
        *out = found;
        return true;
    }
    return false;
}
