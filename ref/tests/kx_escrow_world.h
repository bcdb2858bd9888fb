/** The channel of the official batch transactions, as a covenant template takes it. */
#ifndef REF_TESTS_KX_ESCROW_WORLD_H
#define REF_TESTS_KX_ESCROW_WORLD_H

#include "kaspa_x402/escrow_drift.h"

/** Batch digest, section 5's keys; the timeout is 123456789. */
struct kx_escrow kx_escrow_world_official(uint64_t claimed);
/** By number: 1..5. */
const struct kx_escrow_template *kx_escrow_world_template(size_t number);
/** The redeem script; _fini it. */
struct assay_buf kx_escrow_world_redeem(const struct kx_escrow_template *t,
                                        const struct kx_escrow *escrow);
/** The drifts of a script that should be that template's. */
void kx_escrow_world_judge(struct kx_drifts *out, size_t number, const struct kx_escrow *values,
                           uint32_t known, struct assay_bytes script);

/** The next of the numbers that a seed stands for: the same in every run. The seed is not 0. */
uint64_t kx_escrow_world_random(uint64_t *seed);
/** The script with bytes added and removed at up to 12 random places; _fini it. */
struct assay_buf kx_escrow_world_edited(struct assay_bytes script, uint64_t *seed);

#endif
