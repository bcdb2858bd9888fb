/** A template filled and laid out: which instruction of the script is whose. Internal to the
 *  covenant templates. Source: Kaspa x402 batch digest, section 9. */
#ifndef KX_ESCROW_INTERNAL_H
#define KX_ESCROW_INTERNAL_H

#include "kaspa_x402/escrow.h"

#define KX_ESCROW_PARTS_MAX 600 /**< instructions, that no template is above */

/** An instruction of the script. Its data stands behind one byte of opcode: a template has no
 *  push of another form. */
struct kx_escrow_part {
    uint16_t at, rule;
    enum kx_escrow_slot slot; /**< that its data is; NONE: it is always the same */
};

struct kx_escrow_layout {
    const struct kx_escrow_template *tmpl;
    uint8_t values[KX_SLOT__COUNT][32];                   /**< of each slot, from its first byte */
    struct kx_escrow_part parts[KX_ESCROW_PARTS_MAX + 1]; /**< one more behind the last */
    size_t count;
    uint8_t script[KX_ESCROW_BYTES_MAX];
    size_t len;
};

/** RANGE, as kx_escrow_redeem. */
enum assay_code kx_escrow_lay_out(struct kx_escrow_layout *out, const struct kx_escrow_template *t,
                                  const struct kx_escrow *escrow) ASSAY_MUST_USE;
/** Of a slot's value: 0 is none's. */
size_t kx_escrow_slot_bytes(enum kx_escrow_slot slot);
/** An instruction of the script with its data. i < count. */
struct assay_bytes kx_escrow_part_bytes(const struct kx_escrow_layout *layout, size_t i);
/** Sets what a slot of the channel holds, by its encoding; escrow is unchanged by another. */
void kx_escrow_set_slot(struct kx_escrow *escrow, enum kx_escrow_slot slot, const uint8_t *bytes);

#endif
