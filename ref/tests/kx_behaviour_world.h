/** The channel of the official batch transactions at S = 20000000, and what its script answers. */
#ifndef KX_BEHAVIOUR_WORLD_H
#define KX_BEHAVIOUR_WORLD_H

#include "kaspa_x402/escrow_behaviour.h"
#include "ref/tests/kx_lane_world.h"

struct kx_behaviour_world {
    struct kx_lane_world lane;
    struct kx_behaviour b;
    struct assay_key keys[KX_PARTIES];
};

/** Of escrow-v2 to -v5; is_real: with signatures on the curve. */
void kx_behaviour_world_init(struct kx_behaviour_world *w, int generation, bool is_real);
void kx_behaviour_world_fini(struct kx_behaviour_world *w);
void kx_behaviour_world_judge(struct kx_behaviour_verdict *out, const struct kx_behaviour_world *w,
                              struct assay_bytes candidate);

#endif
