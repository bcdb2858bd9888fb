/** The preimages of batch payments, spelt out a second time from the spec's layouts: of what is in
 * range and well-formed. Source: Kaspa x402 batch digest, sections 2, 5.1, 5.3, 5.5 and 16. */
#ifndef ASSAY_FUZZ_LIB_PREIMAGE_H
#define ASSAY_FUZZ_LIB_PREIMAGE_H

#include "base/hash.h"
#include "kaspa_x402/batch.h"

enum { FUZZ_PREIMAGE_SCRIPT_MAX = 64 };

/** A text contributes its SHA-256. */
void fuzz_preimage_text(struct assay_sha256 *h, struct assay_bytes text);
/** Each: 32 bytes. Texts of a presentation are of seven bits a character; a voucher's script has at
 *  most FUZZ_PREIMAGE_SCRIPT_MAX bytes. */
void fuzz_spell_presentation(uint8_t *out, const struct kx_presentation *p);
void fuzz_spell_voucher(uint8_t *out, const struct kx_batch_binding *binding,
                        const struct kx_voucher *v);
void fuzz_spell_commitment(uint8_t *out, const struct kx_batch_binding *binding,
                           const struct kx_commitment *c);

#endif
