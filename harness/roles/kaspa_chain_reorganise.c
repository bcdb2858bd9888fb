/* Taking blocks off the selected chain of a simulated network, and putting others there. */
#include "roles/kaspa_chain_internal.h"

struct reorganising {
    struct kaspa_chain *chain;
    unsigned depth;
    const struct kaspa_tx *winner; /* NULL: none */
    struct chain_block *fork;      /* the last block that stays */
    struct chain_block **blocks;   /* depth + 1 new ones */
    struct chain_tx *fresh;        /* the record of the winner */
    struct assay_arena arena;
};

static struct chain_block *removed_at(const struct reorganising *r, size_t i)
{
    return r->chain->selected.at[r->fork->height + 1 + i];
}

/* ---- before anything changes ---- */

/* New blocks merge as many as those that they stand for, and are a little later, so that neither
 * scores nor times ever go back. */
static enum assay_code make_blocks(struct reorganising *r)
{
    struct kaspa_chain *chain = r->chain;
    const struct chain_block *sink = chain_sink(chain);
    struct chain_block *parent = r->fork;
    size_t number = chain->blocks.len;
    uint64_t records = 1;
    enum assay_code rc;

    for (size_t i = 0; i < r->depth; i++)
        records += removed_at(r, i)->merged_count;
    if ((rc = chain_blocks_reserve(chain, (uint64_t)r->depth + 1, records)) != ASSAY_OK)
        return rc;
    r->blocks = assay_arena_alloc(&r->arena, ((size_t)r->depth + 1) * sizeof(struct chain_block *));
    if (r->blocks == NULL)
        return ASSAY_E_NOMEM;
    for (size_t i = 0; i <= r->depth; i++) {
        const struct chain_block *old = i < r->depth ? removed_at(r, i) : NULL;
        size_t merged = old != NULL ? old->merged_count - 1 : 0;

        parent =
            chain_block_new(chain, parent, number, merged,
                            old != NULL ? old->time_ms + 1 : sink->time_ms + CHAIN_INTERVAL_MS);
        if (parent == NULL)
            return ASSAY_E_NOMEM;
        r->blocks[i] = parent;
        number += merged + 1;
    }
    return ASSAY_OK;
}

static enum assay_code refuse_winner(const struct kaspa_verdict *verdict, size_t fault,
                                     const struct kaspa_tx *winner, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(4096);
    const char *why;

    kaspa_check_explain(&text, verdict, (enum kaspa_rule_number)fault, winner);
    why = assay_buf_cstr(&text);
    assay_fail(err, ASSAY_E_MISMATCH, 0, "the winner is not valid there: %s",
               why != NULL ? why : "");
    assay_buf_fini(&text);
    return ASSAY_E_MISMATCH;
}

static enum assay_code make_winner(struct reorganising *r, struct assay_err *err)
{
    struct kaspa_point_of_view pov = chain_pov_upon(r->fork, r->blocks[0]->daa_score);
    struct kaspa_chain *chain = r->chain;
    struct chain_entries entries;
    struct kaspa_verdict verdict;
    struct kaspa_tx copy;
    size_t fault;
    enum assay_code rc;

    if (!chain_entries_gather(&entries, &r->arena, chain, r->winner, r->fork) ||
        !chain_judge(&verdict, r->winner, &entries, &pov, &r->arena))
        return ASSAY_E_NOMEM;
    fault = chain_first_fault(&verdict, false);
    if (fault != KASPA_RULE__COUNT)
        return refuse_winner(&verdict, fault, r->winner, err);
    if ((rc = chain_tx_reserve(chain)) != ASSAY_OK)
        return rc;
    if (!chain_copy_tx(&copy, &chain->arena, r->winner))
        return ASSAY_E_NOMEM;
    r->fresh = chain_tx_new(chain, &copy, &entries, &verdict);
    return r->fresh != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
}

/* Fundings come from nowhere and lose nothing: the first new block has all of them. The winner,
 * valid upon the fork, spends none of these. */
static enum assay_code plan(struct reorganising *r)
{
    size_t count = 0, room = 1;
    struct kaspa_hash *ids;

    for (size_t i = 0; i < r->depth; i++)
        room += removed_at(r, i)->accepted_count;
    ids = assay_arena_alloc(&r->arena, room * sizeof(*ids));
    if (ids == NULL)
        return ASSAY_E_NOMEM;
    for (size_t i = 0; i < r->depth; i++) {
        const struct chain_block *block = removed_at(r, i);

        for (size_t k = 0; k < block->accepted_count; k++)
            if (chain_find_tx(r->chain, &block->accepted[k])->is_funding)
                ids[count++] = block->accepted[k];
    }
    if (r->fresh != NULL)
        ids[count++] = r->fresh->id;
    return chain_block_set_accepted(r->chain, r->blocks[0], ids, count) ? ASSAY_OK : ASSAY_E_NOMEM;
}

/* ---- the change ---- */

static size_t count_returning(const struct reorganising *r)
{
    size_t count = 0;

    for (size_t i = 0; i < r->depth; i++)
        for (size_t k = 0; k < removed_at(r, i)->accepted_count; k++)
            if (!chain_find_tx(r->chain, &removed_at(r, i)->accepted[k])->is_funding)
                count++;
    return count;
}

/* From the sink down, into the front of the mempool: nothing there makes what these spend. */
static void take_off(const struct reorganising *r)
{
    struct kaspa_chain *chain = r->chain;
    struct chain_list *mempool = &chain->mempool;
    size_t at = count_returning(r);

    memmove(mempool->at + at, mempool->at, mempool->len * sizeof(*mempool->at));
    mempool->len += at;
    for (size_t i = r->depth; i-- > 0;) {
        struct chain_block *block = chain->selected.at[--chain->selected.len];

        block->is_chain_block = false;
        for (size_t k = block->accepted_count; k-- > 0;) {
            struct chain_tx *tx = chain_find_tx(chain, &block->accepted[k]);

            chain_tx_unaccept(tx);
            tx->is_held = !tx->is_funding;
            if (!tx->is_funding)
                mempool->at[--at] = tx;
        }
    }
}

static void doom_losers(const struct reorganising *r)
{
    const struct chain_tx *fresh = r->fresh;
    const struct chain_tx *winner = chain_find_tx(r->chain, &fresh->id);

    for (size_t i = 0; i < fresh->tx.input_count; i++) {
        struct chain_tx *loser =
            fresh->makers[i]->outputs[fresh->tx.inputs[i].previous.index].spender;

        if (loser != NULL && loser != winner)
            loser->is_doomed = true;
    }
    chain_doom_spenders(r->chain);
    chain_sweep_doomed(r->chain);
}

static void change(const struct reorganising *r)
{
    take_off(r);
    if (r->fresh != NULL) {
        doom_losers(r);
        chain_tx_enter(r->chain, r->fresh);
    }
    for (size_t i = 0; i <= r->depth; i++)
        chain_extend(r->chain, r->blocks[i]);
    chain_mempool_compact(r->chain);
}

enum assay_code kaspa_chain_reorganise(struct kaspa_chain *chain, unsigned depth,
                                       const struct kaspa_tx *winner, struct assay_err *err)
{
    struct reorganising r = {.chain = chain,
                             .depth = depth,
                             .winner = winner,
                             .arena = ASSAY_ARENA_INIT(CHAIN_ARENA_BYTES)};
    uint64_t height = chain_sink(chain)->height;
    enum assay_code rc;

    if (depth > height - chain->pruned_height)
        return assay_fail(err, ASSAY_E_RANGE, 0, "there are not %u blocks to take off", depth);
    r.fork = chain->selected.at[height - depth];
    rc = make_blocks(&r);
    if (rc == ASSAY_OK && winner != NULL)
        rc = make_winner(&r, err);
    if (rc == ASSAY_OK)
        rc = plan(&r);
    if (rc == ASSAY_OK)
        change(&r);
    assay_arena_fini(&r.arena);
    return assay_err_wrap(err, rc, "reorganisation");
}
