/** What the operations of batch settlement share: readers of channels and heads. Internal to the
 *  operation table.
 *
 *  Members are named as the payloads name them. Every reader says false after saying in err what is
 *  wrong; what it makes lives in the arena given.
 */
#ifndef RUN_OPERATIONS_BATCH_H
#define RUN_OPERATIONS_BATCH_H

#include "kaspa_x402/lane.h"
#include "run/operations_exact.h"

/** The member "channelConfig": its nine members, the asset among them; and "binding", or where that
 *  is not there the one that has the template. A value that is out of its range is none of the
 *  grammar, and so an error; whether the channel makes sense is for kx_lane_open. */
struct batch_channel {
    const struct kx_batch_binding *binding;
    struct kx_channel channel;
};
bool batch_in_channel(struct batch_channel *out, struct assay_arena *arena, const json_t *in,
                      struct assay_err *err);
/** The same, opened. REFUSED: by rules batch.channel.*. */
enum operation_answer batch_in_lane(struct kx_lane *out, struct assay_arena *arena,
                                    const json_t *in, json_t **result, struct assay_err *err);
/** "binding", or where that is not there the one that has the template; template_id NULL: it must
 *  be there. */
bool batch_in_binding(const struct kx_batch_binding **out, const json_t *in,
                      const char *template_id, struct assay_err *err);
/** The member "outpoint": {"txid", "index"}. */
bool batch_in_outpoint(struct kaspa_outpoint *out, const json_t *in, const char *member,
                       struct assay_err *err);
/** The member "head": {"outpoint", "value", "claimed", "covenantId"}; the last of a lineage alone.
 */
bool batch_in_head(struct kx_lane_head *out, const json_t *in,
                   const struct kx_batch_binding *binding, struct assay_err *err);
/** A number of the script: at most `most`. */
bool batch_in_amount(uint64_t *out, const json_t *in, const char *member, uint64_t most,
                     struct assay_err *err);
/** The input of commitment.id: a commitment, of which no sum is judged, and its binding. */
bool batch_in_commitment(struct kx_commitment *out, const struct kx_batch_binding **binding,
                         const json_t *in, struct assay_err *err);
json_t *batch_out_head(const struct kx_lane_head *head, const struct kaspa_spk *spk);
/** Hex of exactly so many bytes. */
bool batch_in_bytes(uint8_t *out, size_t len, const json_t *in, const char *member,
                    struct assay_err *err);

#endif
