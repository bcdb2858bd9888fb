/** The channel transactions of the Kaspa x402 vectors, which the node's own code judged: official
 *  data with ids, hashes, signature hashes and covenant ids from outside. */
#ifndef REF_TESTS_CHANNEL_TXS_H
#define REF_TESTS_CHANNEL_TXS_H

#include "ref/tests/upstream.h"

#include <criterion/criterion.h>

enum { CHANNEL_INPUTS_MAX = 2 };

static const char *const channel_files[] = {
    "kaspa-x402/vectors/tx-v1/batch-genesis.json",
    "kaspa-x402/vectors/tx-v1/batch-claim.json",
    "kaspa-x402/vectors/tx-v1/batch-claim-second.json",
    "kaspa-x402/vectors/tx-v1/batch-top-up.json",
    "kaspa-x402/vectors/tx-v1/batch-refund.json",
    "kaspa-x402/vectors/tx-v1/upto-settlement.json",
    "kaspa-x402/older/escrow-v1/vectors/tx-v1/batch-refund.json",
    "kaspa-x402/older/escrow-v2/vectors/tx-v1/batch-genesis.json",
    "kaspa-x402/older/escrow-v2/vectors/tx-v1/batch-claim.json",
    "kaspa-x402/older/escrow-v4/vectors/tx-v1/batch-refund.json",
};

struct channel_tx {
    struct assay_arena arena;
    json_t *doc;
    const json_t *want; /**< the document's member `expected` */
    struct kaspa_tx tx;
    struct kaspa_utxo utxos[CHANNEL_INPUTS_MAX];
};

static inline void channel_tx_load(struct channel_tx *c, const char *file)
{
    const json_t *object, *inputs;

    *c = (struct channel_tx){.arena = ASSAY_ARENA_INIT(1 << 20), .doc = upstream_load(file)};
    c->want = json_object_get(c->doc, "expected");
    object = json_object_get(c->want, "transaction");
    c->tx = upstream_tx(&c->arena, object);
    inputs = json_object_get(object, "inputs");
    cr_assert_leq(c->tx.input_count, CHANNEL_INPUTS_MAX, "%s", file);
    for (size_t i = 0; i < c->tx.input_count; i++)
        c->utxos[i] = upstream_utxo(&c->arena, json_object_get(json_array_get(inputs, i), "utxo"));
}

static inline void channel_tx_free(struct channel_tx *c)
{
    assay_arena_fini(&c->arena);
    json_decref(c->doc);
}

#endif
