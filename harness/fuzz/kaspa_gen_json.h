/** The generator's values as JSON, in the form of the operations: 64-bit values as decimal texts,
 *  bytes as hex. Internal. Every function gives a new reference, or NULL: no memory. */
#ifndef FUZZ_KASPA_GEN_JSON_H
#define FUZZ_KASPA_GEN_JSON_H

#include "fuzz/kaspa_gen_internal.h"
#include "kaspa/block.h"

json_t *gen_json_hex(struct kaspa_gen *g, struct assay_bytes bytes);
json_t *gen_json_hash(struct kaspa_gen *g, const struct kaspa_hash *hash);
json_t *gen_json_spk(struct kaspa_gen *g, const struct kaspa_spk *spk);
json_t *gen_json_u64(uint64_t value);
json_t *gen_json_outpoint(struct kaspa_gen *g, const struct kaspa_outpoint *outpoint);
/** {"transaction"}, and with `has_utxos` {"utxos"} too. */
json_t *gen_json_spend(struct kaspa_gen *g, const struct gen_tx *t, bool has_utxos);
/** The members of a header. */
json_t *gen_json_header(struct kaspa_gen *g, const struct kaspa_header *header,
                        const char *blue_work);

/** Adds a member; `value` is stolen. */
void gen_json_set(json_t *object, const char *name, json_t *value);

#endif
