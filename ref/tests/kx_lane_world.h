/** The channel of the official batch transactions, with its keys: what tests of lanes begin with.
 *  Source: Kaspa x402 batch digest, sections 5 and 8.4. */
#ifndef KX_LANE_WORLD_H
#define KX_LANE_WORLD_H

#include "kaspa_x402/batch_tx.h"

/** The official transactions, in their order: each spends what the one before it has made. */
enum kx_lane_step {
    KX_LANE_GENESIS,   /**< 90000000 */
    KX_LANE_CLAIM,     /**< 8000000 of T = 30000000 */
    KX_LANE_CLAIM_TWO, /**< 9000000, by the same voucher */
    KX_LANE_TOP_UP,    /**< 17000000 more, with change */
    KX_LANE_REFUND,    /**< at the timeout */
};
#define KX_LANE_STEPS 5

struct kx_lane_world {
    struct assay_arena arena;
    struct assay_key client, server; /**< 07 and 09, 32 times; payouts go to the key of 08 */
    char pay_to[KASPA_ADDRESS_TEXT_MAX_BYTES], refund_address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kx_channel channel; /**< of kaspa-escrow-v3, escrow-v5, until DAA 123456789 */
    struct kx_lane lane;
    struct kaspa_hash covenant_id; /**< of the official genesis */
    /** What the plans of the official chain borrow. */
    struct kx_lane_head heads[KX_LANE_STEPS];
    uint8_t vouchers[KX_LANE_STEPS][ASSAY_SIG_BYTES];
    struct kx_batch_funding funding[KX_LANE_STEPS];
};

void kx_lane_world_init(struct kx_lane_world *w);
void kx_lane_world_fini(struct kx_lane_world *w);
/** A channel of a template, else the same. */
void kx_lane_world_open(struct kx_lane_world *w, const char *binding, const char *template_id);
/** A channel of escrow-v1 to -v5, under the binding that it stood under last. */
void kx_lane_world_generation(struct kx_lane_world *w, int number);

/** Fills the plan of a step, its head being what the steps before it make of this lane; all keys
 *  are there. Of kaspa-escrow-v1, without genesis and top-up: the claim takes 25000000, as the
 *  official one does, and each of the coins is an outpoint of its own. */
void kx_lane_world_plan(struct kx_batch_plan *out, struct kx_lane_world *w, enum kx_lane_step step);
/** Signs the voucher of T for a head. */
void kx_lane_world_voucher(uint8_t signature[ASSAY_SIG_BYTES], struct kx_lane_world *w,
                           const struct kx_lane_head *head, uint64_t total);
/** Builds, or the test fails with the builder's words. */
void kx_lane_world_build(struct kx_batch_artifact *out, struct kx_lane_world *w,
                         const struct kx_batch_plan *plan);

#endif
