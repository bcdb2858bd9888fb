/** The channel of the official batch transactions, with its keys: what tests of lanes begin with.
 *  Source: Kaspa x402 batch digest, sections 5 and 8.4. */
#ifndef KX_LANE_WORLD_H
#define KX_LANE_WORLD_H

#include "kaspa_x402/lane.h"

struct kx_lane_world {
    struct assay_arena arena;
    struct assay_key client, server; /**< 07 and 09, 32 times; payouts go to the key of 08 */
    char pay_to[KASPA_ADDRESS_TEXT_MAX_BYTES], refund_address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kx_channel channel; /**< of kaspa-escrow-v3, escrow-v5, until DAA 123456789 */
    struct kx_lane lane;
    struct kaspa_hash covenant_id; /**< of the official genesis */
};

void kx_lane_world_init(struct kx_lane_world *w);
void kx_lane_world_fini(struct kx_lane_world *w);
/** A channel of a template, else the same. */
void kx_lane_world_open(struct kx_lane_world *w, const char *binding, const char *template_id);

#endif
