/** A channel on the chain: its scripts, and where its lineage stands.
 *
 *  The configuration is what client and server agreed on; nothing of it but the total claimed ever
 *  changes, so that every script of the lineage is known before it exists. Whoever verifies builds
 *  them from here and takes none that is handed over.
 *  Source: Kaspa x402 batch digest, sections 4, 9.1 and 17.
 */
#ifndef KX_LANE_H
#define KX_LANE_H

#include "base/arena.h"
#include "kaspa_x402/batch.h"
#include "kaspa_x402/escrow.h"
#include "kaspa_x402/kx.h"

struct kx_lane {
    const struct kx_batch_binding *binding;
    const struct kx_escrow_template *tmpl;
    enum kaspa_network network;
    struct kx_channel channel; /**< its texts are borrowed */
    uint8_t channel_id[32];
    struct kaspa_spk payout, refund; /**< the scripts of pay_to and refund_address */
    struct assay_bytes base;         /**< the redeem script with S = 0 */
};

/** Where a lineage stands: its one unspent output. */
struct kx_lane_head {
    struct kaspa_outpoint outpoint;
    struct kaspa_hash covenant_id; /**< of a template with a lineage; never zeros then */
    uint64_t value;                /**< V, sompi */
    uint64_t claimed;              /**< S */
};

static inline bool kx_lane_head_equal(const struct kx_lane_head *a, const struct kx_lane_head *b)
{
    return kaspa_outpoint_equal(&a->outpoint, &b->outpoint) &&
           kaspa_hash_equal(&a->covenant_id, &b->covenant_id) && a->value == b->value &&
           a->claimed == b->claimed;
}

/** Judges a configuration and makes its scripts, in the arena. err says which member and why.
 *  NONE. NETWORK: not one that the binding has. BINDING: the template is not of the binding.
 *  PUBLIC_KEY: a key is no point, or both are one: nobody, or one side alone, could spend.
 *  PAYLOAD: an address is none, or of another network; the timeout is above KX_BATCH_TIMEOUT_MAX;
 *  or there is no memory (err's code NOMEM). *out is unspecified unless NONE. */
enum kx_local kx_lane_open(struct kx_lane *out, struct assay_arena *arena,
                           const struct kx_batch_binding *binding, const struct kx_channel *channel,
                           struct assay_err *err) ASSAY_MUST_USE;

/** The redeem script at a total claimed, and the script that pays to its hash, in the arena. A
 *  template without a state has one script, whatever is claimed. NOMEM. */
enum assay_code kx_lane_redeem(struct assay_bytes *out, struct assay_arena *arena,
                               const struct kx_lane *lane, uint64_t claimed) ASSAY_MUST_USE;
enum assay_code kx_lane_spk(struct kaspa_spk *out, struct assay_arena *arena,
                            const struct kx_lane *lane, uint64_t claimed) ASSAY_MUST_USE;
/** The address of that script: KASPA_ADDRESS_TEXT_MAX_BYTES. NOMEM. */
enum assay_code kx_lane_address(char *text, struct assay_arena *arena, const struct kx_lane *lane,
                                uint64_t claimed) ASSAY_MUST_USE;

/** What the client signs for a total of T: the digest of the voucher for the head's lineage, or for
 *  the head's coin. The head's script is made of its total claimed. NOMEM. */
enum assay_code kx_lane_voucher(uint8_t out[32], struct assay_arena *arena,
                                const struct kx_lane *lane, const struct kx_lane_head *head,
                                uint64_t total) ASSAY_MUST_USE;

#endif
