/** What the files that make a bundle share. Internal to the evidence world. */
#ifndef EVIDENCE_WORLD_INTERNAL_H
#define EVIDENCE_WORLD_INTERNAL_H

#include "ref/tests/evidence_world.h"
#include "ref/tests/kx_lane_world.h"

struct ew_making {
    json_t *flows;
    unsigned blocks; /* accepting ones so far */
};

json_t *ew_pack(json_t *value);
json_t *ew_parsed(struct assay_buf *text);
json_t *ew_hash_text(const struct kaspa_hash *hash);
json_t *ew_decimal(uint64_t number);
struct kx_acceptance ew_accept(struct ew_making *m, const struct kaspa_hash *txid);
json_t *ew_acceptance_json(const struct kx_acceptance *a);
json_t *ew_broadcast_json(const struct kaspa_tx *tx);
json_t *ew_tx_json(const struct kaspa_tx *tx);
json_t *ew_coins_json(const struct kaspa_utxo *coins, size_t count);
struct kaspa_hash ew_artifact_of(const struct kaspa_tx *tx);
void ew_add_flow(struct ew_making *m, enum kx_flow flow, json_t *first, json_t *second,
                 json_t *third);
const char *ew_identifier_of(unsigned number);
void ew_set_text(json_t *object, const char *name, json_t *value);
json_t *ew_done_json(json_t *step, int executions, int broadcasts);
json_t *ew_refused_json(json_t *payment, int status);
json_t *ew_restart_json(const json_t *unresolved, int executions, int broadcasts);
json_t *ew_recovery_json(const json_t *chain, int executions);
void ew_add_payments(struct ew_making *m);
void ew_add_conflicts(struct ew_making *m);
void ew_add_recoveries(struct ew_making *m);
void ew_add_channel(struct ew_making *m, struct kx_lane_world *lane);
void ew_add_refund(struct ew_making *m, struct kx_lane_world *lane);
json_t *ew_channel_json(const struct kx_channel *c);
json_t *ew_launch_json(const struct ew_making *m, struct kx_lane_world *lane);

#endif
