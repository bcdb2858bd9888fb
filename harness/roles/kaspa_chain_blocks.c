/* The blocks of a simulated chain: how they are made, what they accept, and mining. */
#include "roles/kaspa_chain_internal.h"

#include "kaspa/hash.h"
#include "kaspa/txid.h"

/* Digest, section 7.6: the median of 27 timestamps that are ten seconds apart. A constant, so that
 * what waits for a time can be told when it comes. */
#define MEDIAN_LAG_MS 130000

void chain_make_up(struct kaspa_hash *out, const struct kaspa_chain *chain, const char *what,
                   uint64_t number)
{
    struct kaspa_digest d;

    kaspa_digest_init(&d, KASPA_DOMAIN_BLOCK);
    kaspa_digest_hash(&d, &chain->seed);
    kaspa_digest_var(&d, assay_str(what));
    kaspa_digest_u64(&d, number);
    kaspa_digest_end(&d, out);
}

struct kaspa_point_of_view chain_pov_upon(const struct chain_block *parent, uint64_t daa_score)
{
    return (struct kaspa_point_of_view){
        .daa_score = daa_score,
        .past_median_time_ms =
            parent->time_ms > MEDIAN_LAG_MS ? (uint64_t)(parent->time_ms - MEDIAN_LAG_MS) : 0,
    };
}

/* ---- making ---- */

enum assay_code chain_blocks_reserve(struct kaspa_chain *chain, uint64_t count, uint64_t records)
{
    if (records > KASPA_CHAIN_MAX_BLOCKS - chain->blocks.len)
        return ASSAY_E_TOO_LARGE;
    return chain_list_reserve(&chain->selected, (size_t)count) &&
                   chain_list_reserve(&chain->blocks, (size_t)records) &&
                   chain_index_reserve(&chain->block_index, (size_t)records)
               ? ASSAY_OK
               : ASSAY_E_NOMEM;
}

/* The scores of a block grow by what it merges, its selected parent counted. */
static void init_block(const struct kaspa_chain *chain, struct chain_block *block,
                       struct chain_block *parent, size_t number)
{
    chain_make_up(&block->hash, chain, "block", number);
    block->number = number;
    block->selected_parent = parent;
    block->merged[0] = parent->hash;
    block->height = parent->height + 1;
    block->daa_score = parent->daa_score + block->merged_count;
    block->blue_score = parent->blue_score + block->merged_count;
}

/* Beside the selected parent, and so upon that one's own; the genesis has nothing beside it. */
static void init_beside(const struct kaspa_chain *chain, struct chain_block *block, size_t number)
{
    struct chain_block *parent = block->selected_parent;
    struct chain_block *fork = parent->selected_parent != NULL ? parent->selected_parent : parent;

    for (size_t i = 1; i < block->merged_count; i++) {
        struct chain_block *beside = &block->beside[i - 1];

        beside->merged = &block->merged[block->merged_count + i - 1];
        beside->merged_count = 1;
        init_block(chain, beside, fork, number + i - 1);
        beside->time_ms = block->time_ms - 1;
        block->merged[i] = beside->hash;
    }
}

struct chain_block *chain_block_new(struct kaspa_chain *chain, struct chain_block *parent,
                                    size_t number, size_t merged, int64_t time_ms)
{
    struct chain_block *block = assay_arena_alloc(&chain->arena, sizeof(*block));

    if (block == NULL)
        return NULL;
    block->beside = assay_arena_alloc(&chain->arena, merged * sizeof(*block->beside));
    block->merged = assay_arena_alloc(&chain->arena, (2 * merged + 1) * sizeof(*block->merged));
    if (block->beside == NULL || block->merged == NULL)
        return NULL;
    block->merged_count = merged + 1;
    block->time_ms = time_ms;
    init_block(chain, block, parent, number + merged);
    init_beside(chain, block, number);
    return block;
}

bool chain_block_set_accepted(struct kaspa_chain *chain, struct chain_block *block,
                              const struct kaspa_hash *ids, size_t count)
{
    block->accepted = assay_arena_alloc(&chain->arena, count * sizeof(*ids));
    if (block->accepted == NULL)
        return false;
    memcpy(block->accepted, ids, count * sizeof(*ids));
    block->accepted_count = count;
    return true;
}

static void add_block(struct kaspa_chain *chain, struct chain_block *block)
{
    chain_list_push(&chain->blocks, block);
    chain_index_add(&chain->block_index, &block->hash, block);
}

void chain_extend(struct kaspa_chain *chain, struct chain_block *block)
{
    for (size_t i = 1; i < block->merged_count; i++)
        add_block(chain, &block->beside[i - 1]);
    add_block(chain, block);
    block->is_chain_block = true;
    chain_list_push(&chain->selected, block);
    for (size_t i = 0; i < block->accepted_count; i++)
        chain_tx_accept(chain_find_tx(chain, &block->accepted[i]), block);
}

/* ---- what a block accepts ---- */

enum fitness { FIT, LATER, NEVER, NO_MEMORY };

/* Blocks under way: everything is planned before anything is changed, but for the block of a
 * transaction that is still in the mempool. */
struct mining {
    struct kaspa_chain *chain;
    struct chain_block **blocks;
    size_t count;
    struct chain_tx **left; /* what may still be accepted */
    size_t left_count;
    struct kaspa_hash *ids;
    struct assay_arena arena;
};

/* Digest, section 6.4: not within the same block. */
static bool has_makers(const struct chain_tx *tx, const struct chain_block *block)
{
    for (size_t i = 0; i < tx->tx.input_count; i++)
        if (tx->makers[i]->block == NULL || tx->makers[i]->block == block)
            return false;
    return true;
}

static bool has_open_locks(const struct chain_tx *tx, const struct kaspa_point_of_view *pov)
{
    for (size_t i = 0; i < tx->tx.input_count; i++)
        if (!kaspa_sequence_lock_is_open(tx->tx.inputs[i].sequence, tx->makers[i]->block->daa_score,
                                         pov->daa_score))
            return false;
    return kaspa_tx_is_final(&tx->tx, pov);
}

/* Scripts can look at scores, which for an output of the mempool were others. */
static enum fitness judge_again(const struct chain_tx *tx, const struct kaspa_point_of_view *pov)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
    size_t count = tx->tx.input_count;
    struct chain_entries entries = {.utxos =
                                        assay_arena_alloc(&arena, count * sizeof(*entries.utxos))};
    struct kaspa_verdict verdict;
    enum fitness fitness = NO_MEMORY;

    if (entries.utxos == NULL)
        return NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        entries.utxos[i] = tx->spent[i];
        entries.utxos[i].block_daa_score = tx->makers[i]->block->daa_score;
    }
    if (chain_judge(&verdict, &tx->tx, &entries, pov, &arena))
        fitness = chain_first_fault(&verdict, false) == KASPA_RULE__COUNT ? FIT : NEVER;
    assay_arena_fini(&arena);
    return fitness;
}

/* Not yet known to the record: that a maker is about to be accepted by an earlier block. */
static bool has_other_scores(const struct chain_tx *tx)
{
    for (size_t i = 0; i < tx->tx.input_count; i++)
        if (tx->spent[i].block_daa_score != tx->makers[i]->block->daa_score)
            return true;
    return tx->is_stale;
}

static enum fitness fitness_of(const struct chain_tx *tx, const struct chain_block *block)
{
    struct kaspa_point_of_view pov = chain_pov_upon(block->selected_parent, block->daa_score);

    if (!has_makers(tx, block) || !has_open_locks(tx, &pov))
        return LATER;
    return has_other_scores(tx) ? judge_again(tx, &pov) : FIT;
}

static enum assay_code plan_block(struct mining *m, struct chain_block *block)
{
    size_t left = 0, count = 0;

    for (size_t i = 0; i < m->left_count; i++) {
        struct chain_tx *tx = m->left[i];

        switch (fitness_of(tx, block)) {
        case FIT:
            tx->block = block;
            m->ids[count++] = tx->id;
            break;
        case LATER:
            m->left[left++] = tx;
            break;
        case NEVER:
            break;
        case NO_MEMORY:
            return ASSAY_E_NOMEM;
        }
    }
    m->left_count = left;
    return chain_block_set_accepted(m->chain, block, m->ids, count) ? ASSAY_OK : ASSAY_E_NOMEM;
}

static enum assay_code plan(struct mining *m)
{
    const struct chain_list *mempool = &m->chain->mempool;

    m->left = assay_arena_alloc(&m->arena, mempool->len * sizeof(struct chain_tx *));
    m->ids = assay_arena_alloc(&m->arena, mempool->len * sizeof(*m->ids));
    if (m->left == NULL || m->ids == NULL)
        return ASSAY_E_NOMEM;
    for (size_t i = 0; i < mempool->len; i++) {
        struct chain_tx *tx = mempool->at[i];

        if (!tx->is_held)
            m->left[m->left_count++] = tx;
    }
    for (size_t i = 0; i < m->count && m->left_count > 0; i++) {
        enum assay_code rc = plan_block(m, m->blocks[i]);

        if (rc != ASSAY_OK)
            return rc;
    }
    return ASSAY_OK;
}

static void forget_plan(const struct mining *m)
{
    for (size_t i = 0; i < m->chain->mempool.len; i++)
        ((struct chain_tx *)m->chain->mempool.at[i])->block = NULL;
}

/* ---- mining ---- */

static enum assay_code make_blocks(struct mining *m, const struct kaspa_mining *how)
{
    struct chain_block *parent = chain_sink(m->chain);
    size_t number = m->chain->blocks.len, merged = how->merged;
    int64_t interval_ms = how->interval_ms > 0 ? how->interval_ms : CHAIN_INTERVAL_MS;
    uint64_t records = (uint64_t)how->blocks * ((uint64_t)how->merged + 1);
    enum assay_code rc = chain_blocks_reserve(m->chain, how->blocks, records);

    if (rc != ASSAY_OK)
        return rc;
    m->blocks = assay_arena_alloc(&m->arena, how->blocks * sizeof(struct chain_block *));
    if (m->blocks == NULL)
        return ASSAY_E_NOMEM;
    for (m->count = 0; m->count < how->blocks; m->count++, number += merged + 1) {
        parent = chain_block_new(m->chain, parent, number, merged, parent->time_ms + interval_ms);
        if (parent == NULL)
            return ASSAY_E_NOMEM;
        m->blocks[m->count] = parent;
    }
    return ASSAY_OK;
}

enum assay_code kaspa_chain_mine(struct kaspa_chain *chain, const struct kaspa_mining *how)
{
    struct mining m = {.chain = chain, .arena = ASSAY_ARENA_INIT(CHAIN_ARENA_BYTES)};
    enum assay_code rc = make_blocks(&m, how);

    if (rc == ASSAY_OK && !how->leave_mempool)
        rc = plan(&m);
    if (rc == ASSAY_OK) {
        for (size_t i = 0; i < m.count; i++)
            chain_extend(chain, m.blocks[i]);
        chain_mempool_compact(chain);
    } else {
        forget_plan(&m);
    }
    assay_arena_fini(&m.arena);
    return rc;
}

/* ---- funding ---- */

/* A transaction that moves what was never made: its one input spends an outpoint that no chain
 * has, of the same amount and script. NULL: no memory. */
static struct chain_tx *funding_new(struct kaspa_chain *chain, const struct kaspa_spk *spk,
                                    uint64_t amount)
{
    struct kaspa_input input = {.signature_script = ASSAY_LIT(""),
                                .sequence = KASPA_SEQUENCE_FINAL};
    struct kaspa_output output = {.value = amount, .spk = *spk};
    struct kaspa_tx tx = {.inputs = &input,
                          .input_count = 1,
                          .outputs = &output,
                          .output_count = 1,
                          .payload = ASSAY_LIT("")};
    struct kaspa_utxo spent = {.amount = amount};
    struct chain_tx *maker = NULL, *funding;
    struct kaspa_verdict verdict = {0};

    chain_make_up(&input.previous.txid, chain, "funding", chain->txs.len);
    kaspa_txid(&verdict.id, &tx);
    if (!chain_copy_tx(&tx, &chain->arena, &tx))
        return NULL;
    spent.spk = tx.outputs[0].spk;
    spent.block_daa_score = chain_sink(chain)->daa_score;
    funding = chain_tx_new(chain, &tx, &(struct chain_entries){.utxos = &spent, .makers = &maker},
                           &verdict);
    if (funding != NULL)
        funding->is_funding = true;
    return funding;
}

enum assay_code kaspa_chain_fund(struct kaspa_chain *chain, struct kaspa_outpoint *outpoint,
                                 const struct kaspa_spk *spk, uint64_t amount)
{
    struct chain_block *sink = chain_sink(chain), *block;
    struct chain_tx *funding;
    enum assay_code rc;

    if (amount == 0 || amount > KASPA_MAX_SOMPI || spk->script.len > KASPA_OUTPUT_SCRIPT_MAX_BYTES)
        return ASSAY_E_RANGE;
    if ((rc = chain_tx_reserve(chain)) != ASSAY_OK ||
        (rc = chain_blocks_reserve(chain, 1, 1)) != ASSAY_OK)
        return rc;
    funding = funding_new(chain, spk, amount);
    block = chain_block_new(chain, sink, chain->blocks.len, 0, sink->time_ms + CHAIN_INTERVAL_MS);
    if (funding == NULL || block == NULL ||
        !chain_block_set_accepted(chain, block, &funding->id, 1))
        return ASSAY_E_NOMEM;
    chain_tx_enter(chain, funding);
    chain_extend(chain, block);
    *outpoint = (struct kaspa_outpoint){.txid = funding->id};
    return ASSAY_OK;
}
