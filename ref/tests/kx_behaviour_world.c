/* The channel of the official batch transactions, and what its script answers; see
 * kx_behaviour_world.h. */
#include "ref/tests/kx_behaviour_world.h"

#include "kaspa/sign.h"

#include <criterion/criterion.h>

void kx_behaviour_world_init(struct kx_behaviour_world *w, int generation, bool is_real)
{
    struct assay_err err = {0};

    kx_lane_world_init(&w->lane);
    kx_lane_world_generation(&w->lane, generation);
    w->keys[KX_PARTY_OWN] = w->keys[KX_PARTY_CLIENT] = w->lane.client;
    w->keys[KX_PARTY_PROVIDER] = w->lane.server;
    kaspa_key_from_seed(&w->keys[KX_PARTY_STRANGER], ASSAY_LIT("behaviour"), ASSAY_LIT("stranger"));
    cr_assert_eq(kx_behaviour_open(&w->b, &w->lane.arena, &w->lane.lane, 20000000,
                                   is_real ? w->keys : NULL, &err),
                 ASSAY_OK, "%s", err.text);
}

void kx_behaviour_world_fini(struct kx_behaviour_world *w)
{
    for (size_t i = 0; i < KX_PARTIES; i++)
        assay_key_wipe(&w->keys[i]);
    kx_lane_world_fini(&w->lane);
}

void kx_behaviour_world_judge(struct kx_behaviour_verdict *out, const struct kx_behaviour_world *w,
                              struct assay_bytes candidate)
{
    cr_assert_eq(kx_behaviour_judge(out, &w->b, candidate), ASSAY_OK);
}
