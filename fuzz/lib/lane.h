/** A channel of any template, whose two sides' keys are known. */
#ifndef ASSAY_FUZZ_LIB_LANE_H
#define ASSAY_FUZZ_LIB_LANE_H

#include "kaspa_x402/lane.h"

enum { FUZZ_LANE_TIMEOUT_DAA = 1000000 };

/** Nothing is moved once it is open. */
struct fuzz_lane {
    struct assay_key client, server;
    char pay_to[KASPA_ADDRESS_TEXT_MAX_BYTES], refund[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kx_lane lane; /**< in the arena */
};

/** Of the number-th template, below KX_ESCROW_TEMPLATES; salt: 32 bytes. */
void fuzz_lane_open(struct fuzz_lane *out, struct assay_arena *arena, size_t number,
                    const uint8_t *salt);

#endif
