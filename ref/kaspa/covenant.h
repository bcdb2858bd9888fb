/** Covenant ids, and which outputs continue which covenant.
 *  Source: Kaspa consensus digest, section 4.7 (KIP-20). */
#ifndef KASPA_COVENANT_H
#define KASPA_COVENANT_H

#include "base/arena.h"
#include "kaspa/errors.h"
#include "kaspa/hash.h"

struct kaspa_genesis_output {
    uint32_t index;
    const struct kaspa_output *output; /**< its covenant member is not hashed */
};

/** The id of a covenant that starts at `outpoint` with these outputs, in this order. Never fails.
 */
void kaspa_covenant_id(struct kaspa_hash *out, const struct kaspa_outpoint *outpoint,
                       const struct kaspa_genesis_output *outputs, size_t count);

/** What the covenant opcodes read of a transaction. Zero-initialised is "no covenant at all". The
 *  arrays are in the arena of _make, and the ids are read where they were: the inputs, outputs and
 *  utxos of _make live at least as long and do not change. */
struct kaspa_covenants {
    struct kaspa_covenants_index *index; /**< NULL: nothing of this transaction is in a covenant */
};

/** Checks every covenant output (its authorizing input exists; the id is continued from that input
 * or is the hash of its genesis group) and builds the lists. utxos: one an input. Time: n log n.
 * The version is not looked at. Nothing is allocated when nothing is in a covenant.
 *  AUTH_INPUT_OUT_OF_BOUNDS: *at is the first such output. WRONG_GENESIS: *at is the lowest
 *  authorizing input of such a group (the node names any of them). On either *out is unchanged.
 *  Out of memory, over the cap, or above 65 536 inputs or outputs: *resource is set, and the answer
 *  means nothing. */
enum kaspa_tx_error kaspa_covenants_make(struct kaspa_covenants *out, size_t *at, bool *resource,
                                         const struct kaspa_tx *tx, const struct kaspa_utxo *utxos,
                                         struct assay_arena *arena) ASSAY_MUST_USE;

/** The outputs that an input continues, in order; and all inputs and continued outputs of an id.
 *  The arrays are borrowed; an input or id without any has count 0. Time: log n. */
size_t kaspa_covenants_of_input(const struct kaspa_covenants *c, size_t input,
                                const uint16_t **outputs);
size_t kaspa_covenants_inputs(const struct kaspa_covenants *c, const struct kaspa_hash *id,
                              const uint16_t **inputs);
size_t kaspa_covenants_outputs(const struct kaspa_covenants *c, const struct kaspa_hash *id,
                               const uint16_t **outputs);

#endif
