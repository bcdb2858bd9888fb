/** Random inputs of the kaspa operations, for differential runs.
 *
 *  A case is a function of the seed, its operation and its number alone, so that it can be made
 *  again without the ones before it. Cases lean to what is met in the world and to the edges of
 *  every rule: half of what is spent is really signed, and what is wrong is mostly wrong in one
 *  place. Sources: Kaspa consensus digest, section 9.
 */
#ifndef FUZZ_KASPA_GEN_H
#define FUZZ_KASPA_GEN_H

#include "base/err.h"
#include "kaspa/tx.h"

#include <jansson.h>

struct kaspa_gen;

/** NOMEM. */
enum assay_code kaspa_gen_new(struct kaspa_gen **out) ASSAY_MUST_USE;
void kaspa_gen_free(struct kaspa_gen *gen); /**< NULL is taken */

/** The operations that cases can be made of, and how often each comes in a mixed run: its share is
 *  its weight among those of all that take part. NULL past the end. */
struct kaspa_gen_operation {
    const char *name;
    unsigned weight;
    json_t *(*make)(struct kaspa_gen *gen);
};
const struct kaspa_gen_operation *kaspa_gen_operation_at(size_t index);

/** The input of case `number`. The caller's reference; NULL: no memory. */
json_t *kaspa_gen_case(struct kaspa_gen *gen, const struct kaspa_gen_operation *operation,
                       uint64_t seed, uint64_t number);

/** An input of a transaction that a script is run for. */
struct kaspa_gen_run {
    const struct kaspa_tx *tx;
    const struct kaspa_utxo *utxos; /**< one an input */
    size_t input;
    bool has_units; /**< else what the input committed to, by the kind that goes with the version */
    uint64_t units;
};

/** What case `number` of kaspa.script.run says, before it is JSON. It is the generator's until its
 *  next case. */
void kaspa_gen_script_run(struct kaspa_gen_run *out, struct kaspa_gen *gen, uint64_t seed,
                          uint64_t number);

#endif
