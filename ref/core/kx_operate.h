/** What a server's own transactions of a channel come to, without I/O: the claim that is due, the
 *  top-up that it signs beside its client, and where the channel stands once one is accepted. For
 *  operators; a client's payments find what these have done by themselves (kx_core.h).
 *
 *  Source: Kaspa x402 batch digest, sections 8.4, 13 and 14.
 */
#ifndef KX_OPERATE_H
#define KX_OPERATE_H

#include "core/kx_lane_journal.h"
#include "kaspa_x402/batch_tx.h"

/** A channel as it was loaded with its lineage; in an arena. */
struct kx_operated {
    struct kx_lane_record record;
    struct kx_lane lane;
    struct kx_lane_journal journal;
};

/** Reads what the store has kept. MALFORMED, NOMEM. */
enum assay_code kx_operated_read(struct kx_operated *out, struct assay_arena *arena,
                                 const struct kx_batch_binding *binding,
                                 const struct kx_lane_record *record) ASSAY_MUST_USE;

/** With what an operator makes one. */
struct kx_operator {
    const struct assay_key *server;
    uint64_t fee_max;       /**< sompi */
    uint64_t confirmations; /**< from which it is accepted; > 0 */
};

/** The claim of all that is charged and not yet claimed, signed with the server's key, at the least
 *  fee that nodes relay it for; its text, and *made, are in the arena. MISSING: nothing is charged
 * that is not claimed. RANGE: that is not worth the fee, or the fee is above fee_max. MISMATCH: the
 * key is not the channel's, or what the store holds makes no right transaction: err names the rule.
 *  NOMEM. */
enum assay_code kx_operate_claim(struct kx_lane_operation *out, struct kx_batch_artifact *made,
                                 struct assay_arena *arena, const struct kx_operated *channel,
                                 const struct kx_operator *by,
                                 struct assay_err *err) ASSAY_MUST_USE;

/** A client's top-up with the server's signature (kx_batch_tx_co_sign). The coins are as the chain
 *  has them, one an input. MISMATCH: the key is not the channel's, or it is not right; UNSUPPORTED;
 *  NOMEM. */
enum assay_code kx_operate_top_up(struct kx_lane_operation *out, struct kx_batch_artifact *made,
                                  struct assay_arena *arena, const struct kx_operated *channel,
                                  const struct kx_operator *by, const struct kaspa_tx *asked,
                                  const struct kx_sight *coins,
                                  struct assay_err *err) ASSAY_MUST_USE;

/** The record that a transaction which spends its head makes, accepted as the sight says, which has
 *  its body. Where it stands on the successor already, it is as it was. MISMATCH: it does not spend
 *  the head, or the lineage refuses it; NOMEM. */
enum assay_code kx_operate_move(struct kx_operated *channel, struct assay_arena *arena,
                                const struct kx_sight *sight, struct assay_err *err) ASSAY_MUST_USE;

#endif
