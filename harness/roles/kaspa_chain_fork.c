/* A copy of a simulated chain that goes on by itself. */
#include "roles/kaspa_chain_internal.h"

#include "kaspa/hash.h"

/* Records are made first, all of them, and then filled: they point at each other by then. */
struct forking {
    struct kaspa_chain *to;
    const struct kaspa_chain *from;
};

static struct chain_tx *tx_like(const struct forking *f, const struct chain_tx *tx)
{
    return tx != NULL ? f->to->txs.at[tx->number] : NULL;
}

static struct chain_block *block_like(const struct forking *f, const struct chain_block *block)
{
    return block != NULL ? f->to->blocks.at[block->number] : NULL;
}

static bool make_records(struct assay_arena *arena, struct chain_list *to, size_t count,
                         size_t size)
{
    if (!chain_list_reserve(to, count))
        return false;
    for (size_t i = 0; i < count; i++) {
        void *record = assay_arena_alloc(arena, size);

        if (record == NULL)
            return false;
        chain_list_push(to, record);
    }
    return true;
}

/* ---- blocks ---- */

static struct kaspa_hash *copy_hashes(struct assay_arena *arena, const struct kaspa_hash *hashes,
                                      size_t count)
{
    struct kaspa_hash *copy = assay_arena_alloc(arena, count * sizeof(*copy));

    if (copy != NULL && count > 0)
        memcpy(copy, hashes, count * sizeof(*copy));
    return copy;
}

static bool fill_block(const struct forking *f, const struct chain_block *from)
{
    struct chain_block *block = f->to->blocks.at[from->number];
    struct assay_arena *arena = &f->to->arena;

    *block = *from;
    block->selected_parent = block_like(f, from->selected_parent);
    block->beside = NULL;
    block->accepted = copy_hashes(arena, from->accepted, from->accepted_count);
    block->merged = copy_hashes(arena, from->merged, from->merged_count);
    chain_index_add(&f->to->block_index, &block->hash, block);
    return block->accepted != NULL && block->merged != NULL;
}

static bool fill_blocks(const struct forking *f)
{
    const struct chain_list *blocks = &f->from->blocks, *selected = &f->from->selected;

    if (!chain_index_reserve(&f->to->block_index, blocks->len) ||
        !chain_list_reserve(&f->to->selected, selected->len))
        return false;
    for (size_t i = 0; i < blocks->len; i++)
        if (!fill_block(f, blocks->at[i]))
            return false;
    for (size_t i = 0; i < selected->len; i++)
        chain_list_push(&f->to->selected, block_like(f, selected->at[i]));
    return true;
}

/* ---- transactions ---- */

static bool alloc_parts(struct chain_tx *tx, struct assay_arena *arena)
{
    tx->spent = assay_arena_alloc(arena, tx->tx.input_count * sizeof(*tx->spent));
    tx->makers = assay_arena_alloc(arena, tx->tx.input_count * sizeof(struct chain_tx *));
    tx->outputs = assay_arena_alloc(arena, tx->tx.output_count * sizeof(*tx->outputs));
    return tx->spent != NULL && tx->makers != NULL && tx->outputs != NULL;
}

static bool fill_tx(const struct forking *f, const struct chain_tx *from)
{
    struct chain_tx *tx = f->to->txs.at[from->number];
    struct assay_arena *arena = &f->to->arena;

    *tx = *from;
    tx->block = block_like(f, from->block);
    if (!chain_copy_tx(&tx->tx, arena, &from->tx) || !alloc_parts(tx, arena))
        return false;
    for (size_t i = 0; i < tx->tx.input_count; i++) {
        tx->spent[i] = from->spent[i];
        tx->spent[i].spk.script = assay_arena_copy(arena, from->spent[i].spk.script);
        tx->makers[i] = tx_like(f, from->makers[i]);
        if (tx->spent[i].spk.script.at == NULL)
            return false;
    }
    for (size_t i = 0; i < tx->tx.output_count; i++)
        tx->outputs[i] =
            (struct chain_spending){tx_like(f, from->outputs[i].spender), from->outputs[i].input};
    chain_index_add(&f->to->tx_index, &tx->id, tx);
    return true;
}

static bool fill_txs(const struct forking *f)
{
    const struct chain_list *txs = &f->from->txs, *mempool = &f->from->mempool;

    if (!chain_index_reserve(&f->to->tx_index, txs->len + 1) ||
        !chain_list_reserve(&f->to->mempool, txs->len + 1))
        return false;
    for (size_t i = 0; i < txs->len; i++)
        if (!fill_tx(f, txs->at[i]))
            return false;
    for (size_t i = 0; i < mempool->len; i++)
        chain_list_push(&f->to->mempool, tx_like(f, mempool->at[i]));
    return true;
}

static bool fill_events(const struct forking *f)
{
    for (size_t i = 0; i < f->from->events.len; i++) {
        const struct kaspa_chain_event *from = f->from->events.at[i];
        struct kaspa_chain_event *event = f->to->events.at[i];
        struct kaspa_tx *tx = assay_arena_alloc(&f->to->arena, sizeof(*tx));

        if (tx == NULL || !chain_copy_tx(tx, &f->to->arena, from->tx))
            return false;
        *event = *from;
        event->tx = tx;
    }
    return true;
}

/* ---- all of it ---- */

static bool copy_state(const struct forking *f)
{
    struct assay_arena *arena = &f->to->arena;

    return make_records(arena, &f->to->txs, f->from->txs.len, sizeof(struct chain_tx)) &&
           make_records(arena, &f->to->blocks, f->from->blocks.len, sizeof(struct chain_block)) &&
           make_records(arena, &f->to->events, f->from->events.len,
                        sizeof(struct kaspa_chain_event)) &&
           fill_blocks(f) && fill_txs(f) && fill_events(f);
}

enum assay_code kaspa_chain_fork(struct kaspa_chain **out, const struct kaspa_chain *from,
                                 struct assay_bytes seed)
{
    struct kaspa_chain *to = assay_alloc(sizeof(*to));

    if (to == NULL)
        return ASSAY_E_NOMEM;
    *to = (struct kaspa_chain){
        .arena = ASSAY_ARENA_INIT(from->arena.max),
        .network = from->network,
        .has_relay_policy = from->has_relay_policy,
        .pruned_height = from->pruned_height,
    };
    kaspa_hash_of(&to->seed, KASPA_DOMAIN_BLOCK, seed);
    if (!copy_state(&(struct forking){to, from})) {
        kaspa_chain_free(to);
        return ASSAY_E_NOMEM;
    }
    *out = to;
    return ASSAY_OK;
}
