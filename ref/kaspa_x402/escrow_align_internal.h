/** A script of any bytes, beside the instructions of a template. Internal to escrow_drift. */
#ifndef KX_ESCROW_ALIGN_INTERNAL_H
#define KX_ESCROW_ALIGN_INTERNAL_H

#include "kaspa_x402/escrow_drift.h"
#include "kaspa_x402/escrow_internal.h"

/** Instructions that are looked at: one with more of them is no template's, by more than can be
 *  told. */
#define KX_ESCROW_SPANS_MAX (KX_ESCROW_PARTS_MAX + KX_DRIFT_EDITS_MAX)

/** A script in instructions. What does not decode is the last of them, up to the script's end. */
struct kx_escrow_spans {
    struct assay_bytes script;
    size_t at[KX_ESCROW_SPANS_MAX + 1]; /**< one more behind the last */
    size_t count;
    bool is_cut; /**< there are more */
};
void kx_escrow_split(struct kx_escrow_spans *out, struct assay_bytes script);
struct assay_bytes kx_escrow_span(const struct kx_escrow_spans *spans, size_t i);

/** Reads what an instruction pushes, in any width up to 8 bytes. False: it pushes no number. */
bool kx_escrow_push_number(int64_t *out, struct assay_bytes span);
/** Whether the slot is pushed as a script number: then its width is not fixed. */
bool kx_escrow_is_number(const struct kx_escrow_layout *layout, size_t part);
/** Whether an instruction can be the template's, whatever a slot of it holds. */
bool kx_escrow_is_part(const struct kx_escrow_layout *layout, size_t part, struct assay_bytes span);

/** Which instructions are only in one of the two. */
struct kx_escrow_alignment {
    bool removed[KX_ESCROW_PARTS_MAX + 1], added[KX_ESCROW_SPANS_MAX + 1];
};
/** False: more than KX_DRIFT_EDITS_MAX; *out is unspecified then. Either way *first is the first
 *  instruction in which the two differ. */
bool kx_escrow_align(struct kx_escrow_alignment *out, size_t *first,
                     const struct kx_escrow_layout *layout, const struct kx_escrow_spans *spans);

/** What is only in one of the two, from a place in each: `parts` instructions of the template at
 *  `part`, `spans` of the script at `span`. Neither: those there are alike. */
struct kx_escrow_run {
    size_t part, span, parts, spans;
};
/** Sets how many there are at run->part and run->span. */
void kx_escrow_run_at(struct kx_escrow_run *run, const struct kx_escrow_alignment *a,
                      const struct kx_escrow_layout *layout, const struct kx_escrow_spans *spans);

/* ---- words ---- */

/** "the server's key"; NULL for NONE. */
const char *kx_escrow_slot_name(enum kx_escrow_slot slot);
/** Sets the hint, where there is one, of what a slot holds. known: slots whose value the layout
 * has; taken: those of them whose value is the script's own. */
void kx_escrow_hint_slot(struct kx_drift *d, const struct kx_escrow_layout *layout, uint32_t known,
                         uint32_t taken);
/** The same of a selector, by its whole push. */
void kx_escrow_hint_selector(struct kx_drift *d, const struct kx_escrow_template *t,
                             struct assay_bytes push);

#endif
