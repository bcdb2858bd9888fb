/* A simulated Kaspa network: its beginning and end, and what is the case; see kaspa_chain.h. */
#include "roles/kaspa_chain_internal.h"

#include "kaspa/hash.h"

#define DEFAULT_START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

/* ---- beginning and end ---- */

static bool add_genesis(struct kaspa_chain *chain, int64_t start_ms, uint64_t daa_ahead)
{
    struct chain_block *genesis = assay_arena_alloc(&chain->arena, sizeof(*genesis));

    if (genesis == NULL)
        return false;
    chain_make_up(&genesis->hash, chain, "block", 0);
    genesis->is_chain_block = true;
    genesis->daa_score = KASPA_CHAIN_START_DAA + daa_ahead;
    genesis->blue_score = KASPA_CHAIN_START_BLUE;
    genesis->time_ms = start_ms;
    chain_list_push(&chain->blocks, genesis);
    chain_list_push(&chain->selected, genesis);
    chain_index_add(&chain->block_index, &genesis->hash, genesis);
    return true;
}

enum assay_code kaspa_chain_new(struct kaspa_chain **out, const struct kaspa_chain_options *options)
{
    int64_t start_ms = options->start_ms != 0 ? options->start_ms : DEFAULT_START_MS;
    struct kaspa_chain *chain;

    if (start_ms < 0 || start_ms > KASPA_CHAIN_MAX_START_MS ||
        options->daa_ahead > KASPA_CHAIN_MAX_START_MS)
        return ASSAY_E_RANGE;
    chain = assay_alloc(sizeof(*chain));
    if (chain == NULL)
        return ASSAY_E_NOMEM;
    *chain = (struct kaspa_chain){
        .arena = ASSAY_ARENA_INIT(CHAIN_ARENA_BYTES),
        .network = options->network,
        .has_relay_policy = !options->no_relay_policy,
    };
    kaspa_hash_of(&chain->seed, KASPA_DOMAIN_BLOCK, options->seed);
    if (chain_blocks_reserve(chain, 1, 1) != ASSAY_OK || chain_tx_reserve(chain) != ASSAY_OK ||
        !add_genesis(chain, start_ms, options->daa_ahead)) {
        kaspa_chain_free(chain);
        return ASSAY_E_NOMEM;
    }
    *out = chain;
    return ASSAY_OK;
}

void kaspa_chain_free(struct kaspa_chain *chain)
{
    if (chain == NULL)
        return;
    assay_free(chain->txs.at);
    assay_free(chain->blocks.at);
    assay_free(chain->events.at);
    assay_free(chain->mempool.at);
    assay_free(chain->selected.at);
    assay_free(chain->tx_index.slots);
    assay_free(chain->block_index.slots);
    assay_arena_fini(&chain->arena);
    assay_free(chain);
}

void kaspa_chain_set_relay_policy(struct kaspa_chain *chain, bool on)
{
    chain->has_relay_policy = on;
}

/* ---- the whole ---- */

/* The virtual block is the next one upon the sink, merging that alone. */
struct kaspa_point_of_view kaspa_chain_pov(const struct kaspa_chain *chain)
{
    const struct chain_block *sink = chain_sink(chain);

    return chain_pov_upon(sink, sink->daa_score + 1);
}

void kaspa_chain_info(const struct kaspa_chain *chain, struct kaspa_chain_info *out)
{
    const struct chain_block *sink = chain_sink(chain);
    const struct chain_block *genesis = chain->selected.at[0];
    const struct chain_block *pruning_point = chain->selected.at[chain->pruned_height];
    struct kaspa_point_of_view pov = kaspa_chain_pov(chain);

    *out = (struct kaspa_chain_info){
        .sink = sink->hash,
        .genesis = genesis->hash,
        .pruning_point = pruning_point->hash,
        .network = chain->network,
        .daa_score = pov.daa_score,
        .blue_score = sink->blue_score,
        .sink_time_ms = sink->time_ms,
        .past_median_time_ms = (int64_t)pov.past_median_time_ms,
        .chain_blocks = chain->selected.len,
        .mempool_size = chain->mempool.len,
    };
}

/* ---- blocks ---- */

void kaspa_chain_prune(struct kaspa_chain *chain, unsigned keep)
{
    uint64_t height = chain_sink(chain)->height;
    uint64_t kept = keep > 0 ? keep - 1 : 0; /* below the sink */

    if (height > kept && height - kept > chain->pruned_height)
        chain->pruned_height = height - kept;
}

static void describe(const struct kaspa_chain *chain, struct kaspa_chain_block *out,
                     const struct chain_block *block)
{
    bool is_pruned = block->height < chain->pruned_height;

    *out = (struct kaspa_chain_block){
        .hash = block->hash,
        .is_chain_block = block->is_chain_block,
        .is_pruned = is_pruned,
        .height = block->height,
        .daa_score = block->daa_score,
        .blue_score = block->blue_score,
        .time_ms = block->time_ms,
        .accepted = block->accepted,
        .accepted_count = is_pruned ? 0 : block->accepted_count,
        .merged = block->merged,
        .merged_count = is_pruned ? 0 : block->merged_count,
    };
    if (block->selected_parent != NULL)
        out->selected_parent = block->selected_parent->hash;
}

bool kaspa_chain_block(const struct kaspa_chain *chain, struct kaspa_chain_block *out,
                       const struct kaspa_hash *hash)
{
    const struct chain_block *block = chain_index_find(&chain->block_index, hash);

    if (block != NULL)
        describe(chain, out, block);
    return block != NULL;
}

bool kaspa_chain_block_at(const struct kaspa_chain *chain, struct kaspa_chain_block *out,
                          uint64_t height)
{
    if (height >= chain->selected.len)
        return false;
    describe(chain, out, chain->selected.at[height]);
    return true;
}

/* ---- transactions and outputs ---- */

bool kaspa_chain_tx(const struct kaspa_chain *chain, struct kaspa_chain_tx *out,
                    const struct kaspa_hash *id)
{
    const struct chain_tx *tx = chain_find_tx(chain, id);

    if (tx == NULL)
        return false;
    *out = (struct kaspa_chain_tx){
        .state = tx->state, .tx = &tx->tx, .spent = tx->spent, .fee = tx->fee};
    if (tx->state == KASPA_TX_ACCEPTED) {
        out->accepting_block = tx->block->hash;
        out->confirmations = chain_sink(chain)->height - tx->block->height + 1;
    }
    return true;
}

bool kaspa_chain_utxo(const struct kaspa_chain *chain, struct kaspa_utxo *out,
                      const struct kaspa_outpoint *outpoint)
{
    return chain_find_utxo(chain, out, outpoint, chain_sink(chain)) != NULL;
}

size_t kaspa_chain_utxos_of(const struct kaspa_chain *chain, const struct kaspa_spk *spk,
                            struct kaspa_outpoint *outpoints, struct kaspa_utxo *utxos, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < chain->txs.len; i++) {
        const struct chain_tx *tx = chain->txs.at[i];

        for (uint32_t k = 0; k < tx->tx.output_count; k++) {
            struct kaspa_outpoint outpoint = {tx->id, k};
            struct kaspa_utxo utxo;

            if (!kaspa_spk_equal(&tx->tx.outputs[k].spk, spk) ||
                !kaspa_chain_utxo(chain, &utxo, &outpoint))
                continue;
            if (count < room) {
                outpoints[count] = outpoint;
                utxos[count] = utxo;
            }
            count++;
        }
    }
    return count;
}
