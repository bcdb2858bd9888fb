/* A simulated chain as simply as it can be said; see chain_model.h. */
#include "chain_model.h"

#include <stdlib.h>

struct model *model_new(void)
{
    struct model *m = calloc(1, sizeof(*m));

    cr_assert_not_null(m);
    m->blocks[0].daa_score = KASPA_CHAIN_START_DAA;
    m->block_count = 1;
    return m;
}

size_t model_tx_of(struct model *m, const struct model_tx *tx)
{
    size_t i = 0;

    while (i < m->tx_count && !kaspa_hash_equal(&m->txs[i].id, &tx->id))
        i++;
    if (i == m->tx_count) {
        cr_assert_lt(i, MODEL_MAX_TXS);
        m->txs[i] = *tx;
        m->txs[i].draft.tx.inputs = m->txs[i].draft.inputs;
        m->txs[i].draft.tx.outputs = m->txs[i].draft.outputs;
        m->tx_count++;
    }
    return i;
}

/* ---- questions ---- */

static bool spends(const struct model *m, size_t tx, size_t maker, uint32_t index)
{
    const struct kaspa_tx *t = &m->txs[tx].draft.tx;

    for (size_t i = 0; i < t->input_count; i++)
        if (m->txs[tx].makers[i] == maker && t->inputs[i].previous.index == index)
            return true;
    return false;
}

static bool share_an_input(const struct model *m, size_t tx, size_t other)
{
    for (size_t i = 0; i < m->txs[tx].draft.tx.input_count; i++)
        if (spends(m, other, m->txs[tx].makers[i], m->txs[tx].draft.inputs[i].previous.index))
            return true;
    return false;
}

static bool is_at_or_below(const struct model *m, size_t tx, size_t block)
{
    return m->txs[tx].place == CHAIN && m->txs[tx].block <= block;
}

size_t model_spender(const struct model *m, size_t maker, uint32_t index, size_t block)
{
    for (size_t i = 0; i < m->tx_count; i++)
        if (is_at_or_below(m, i, block) && spends(m, i, maker, index))
            return i;
    return MODEL_NONE;
}

static uint64_t virtual_score(const struct model *m)
{
    return m->blocks[m->block_count - 1].daa_score + 1;
}

static bool is_final(const struct kaspa_tx *tx, uint64_t score)
{
    return tx->lock_time < score;
}

/* All inputs there: accepted at or below the block, or also in the pool. */
static bool has_inputs(const struct model *m, size_t tx, size_t block, bool in_pool)
{
    const struct model_tx *t = &m->txs[tx];

    for (size_t i = 0; i < t->draft.tx.input_count; i++) {
        size_t maker = t->makers[i];
        uint32_t index = t->draft.inputs[i].previous.index;

        if (!is_at_or_below(m, maker, block) && !(in_pool && m->txs[maker].place == POOL))
            return false;
        if (model_spender(m, maker, index, block) != MODEL_NONE)
            return false;
    }
    return true;
}

static bool locks_are_open(const struct model *m, size_t tx, uint64_t score)
{
    const struct model_tx *t = &m->txs[tx];

    for (size_t i = 0; i < t->draft.tx.input_count; i++) {
        const struct model_tx *maker = &m->txs[t->makers[i]];

        if (maker->place == CHAIN &&
            m->blocks[maker->block].daa_score + t->draft.inputs[i].sequence > score)
            return false;
    }
    return true;
}

static uint64_t fee_of(const struct model *m, size_t tx)
{
    const struct model_tx *t = &m->txs[tx];
    uint64_t fee = 0;

    for (size_t i = 0; i < t->draft.tx.input_count; i++)
        fee += m->txs[t->makers[i]].draft.outputs[t->draft.inputs[i].previous.index].value;
    for (size_t i = 0; i < t->draft.tx.output_count; i++)
        fee -= t->draft.outputs[i].value;
    return fee;
}

/* ---- the pool ---- */

static void drop_from_pool(struct model *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->pool_count; i++)
        if (m->txs[m->pool[i]].place == POOL)
            m->pool[kept++] = m->pool[i];
    m->pool_count = kept;
}

static void add_to_pool(struct model *m, size_t tx)
{
    m->txs[tx].place = POOL;
    m->txs[tx].is_held = false;
    m->pool[m->pool_count++] = tx;
}

/* Those in the pool that spend what is nowhere are nowhere too, until there are none. */
static void drop_orphans(struct model *m)
{
    bool more = true;

    while (more) {
        more = false;
        for (size_t i = 0; i < m->pool_count; i++) {
            struct model_tx *t = &m->txs[m->pool[i]];

            for (size_t k = 0; t->place == POOL && k < t->draft.tx.input_count; k++)
                if (m->txs[t->makers[k]].place == NOWHERE) {
                    t->place = NOWHERE;
                    more = true;
                }
        }
    }
    drop_from_pool(m);
}

static void drop_rivals(struct model *m, size_t tx)
{
    for (size_t i = 0; i < m->pool_count; i++)
        if (m->pool[i] != tx && share_an_input(m, tx, m->pool[i]))
            m->txs[m->pool[i]].place = NOWHERE;
    drop_orphans(m);
}

static bool has_rival(const struct model *m, size_t tx)
{
    for (size_t i = 0; i < m->pool_count; i++)
        if (share_an_input(m, tx, m->pool[i]))
            return true;
    return false;
}

static bool pays_more(const struct model *m, size_t tx)
{
    uint64_t mass = kaspa_relay_mass(&m->txs[tx].draft.tx);

    for (size_t i = 0; i < m->pool_count; i++)
        if (share_an_input(m, tx, m->pool[i]) &&
            fee_of(m, tx) * kaspa_relay_mass(&m->txs[m->pool[i]].draft.tx) <=
                fee_of(m, m->pool[i]) * mass)
            return false;
    return true;
}

enum kaspa_submission model_submit(struct model *m, size_t tx)
{
    const struct kaspa_tx *t = &m->txs[tx].draft.tx;

    if (m->txs[tx].place != NOWHERE)
        return KASPA_KNOWN;
    if (has_rival(m, tx))
        return KASPA_CONFLICT;
    if (!is_final(t, virtual_score(m)))
        return KASPA_REFUSED;
    if (!has_inputs(m, tx, m->block_count - 1, true))
        return KASPA_ORPHAN;
    if (!locks_are_open(m, tx, virtual_score(m)))
        return KASPA_REFUSED;
    add_to_pool(m, tx);
    return KASPA_SUBMITTED;
}

static enum kaspa_submission judge_replacement(const struct model *m, const struct model *without,
                                               size_t tx)
{
    if (m->txs[tx].place != NOWHERE)
        return KASPA_KNOWN;
    if (!is_final(&m->txs[tx].draft.tx, virtual_score(m)))
        return KASPA_REFUSED;
    if (!has_inputs(without, tx, m->block_count - 1, true))
        return KASPA_ORPHAN;
    if (!locks_are_open(m, tx, virtual_score(m)) || !has_rival(m, tx))
        return KASPA_REFUSED;
    return pays_more(m, tx) ? KASPA_SUBMITTED : KASPA_CONFLICT;
}

/* On a copy of the model without the rivals, to see what is left. */
enum kaspa_submission model_replace(struct model *m, size_t tx)
{
    struct model *without = malloc(sizeof(*without));
    enum kaspa_submission result;

    cr_assert_not_null(without);
    *without = *m;
    drop_rivals(without, tx);
    result = judge_replacement(m, without, tx);
    if (result == KASPA_SUBMITTED) {
        *m = *without;
        add_to_pool(m, tx);
    }
    free(without);
    return result;
}

bool model_hold(struct model *m, size_t tx, bool hold)
{
    if (m->txs[tx].place != POOL)
        return false;
    m->txs[tx].is_held = hold;
    return true;
}

bool model_evict(struct model *m, size_t tx)
{
    if (m->txs[tx].place != POOL)
        return false;
    m->txs[tx].place = NOWHERE;
    drop_orphans(m);
    return true;
}

/* ---- blocks ---- */

static struct model_block *add_block(struct model *m, size_t merged)
{
    struct model_block *block = &m->blocks[m->block_count];

    cr_assert_lt(m->block_count, MODEL_MAX_BLOCKS);
    *block = (struct model_block){.daa_score = m->blocks[m->block_count - 1].daa_score + merged + 1,
                                  .merged = merged};
    m->block_count++;
    return block;
}

static void accept(struct model *m, size_t tx)
{
    struct model_block *block = &m->blocks[m->block_count - 1];

    cr_assert_lt(block->accepted_count, ARRAY_LEN(block->accepted));
    block->accepted[block->accepted_count++] = tx;
    m->txs[tx].place = CHAIN;
    m->txs[tx].block = m->block_count - 1;
}

void model_fund(struct model *m, const struct kaspa_hash *id, uint64_t amount)
{
    struct model_tx tx = {.id = *id, .is_funding = true};

    draft_init(&tx.draft);
    draft_pay(&tx.draft, amount);
    add_block(m, 0);
    accept(m, model_tx_of(m, &tx));
}

void model_mine(struct model *m, const struct kaspa_mining *how)
{
    for (unsigned b = 0; b < how->blocks; b++) {
        uint64_t score = add_block(m, how->merged)->daa_score;

        for (size_t i = 0; i < m->pool_count && !how->leave_mempool; i++) {
            size_t tx = m->pool[i];

            if (!m->txs[tx].is_held && has_inputs(m, tx, m->block_count - 2, false) &&
                locks_are_open(m, tx, score) && is_final(&m->txs[tx].draft.tx, score))
                accept(m, tx);
        }
        drop_from_pool(m);
    }
}

/* Back into the front of the pool, held; fundings are left out. */
static void take_off(struct model *m, size_t depth, size_t *fundings, size_t *funding_count)
{
    size_t pool[MODEL_MAX_TXS], count = 0;

    *funding_count = 0;
    for (size_t b = m->block_count - depth; b < m->block_count; b++)
        for (size_t i = 0; i < m->blocks[b].accepted_count; i++) {
            size_t tx = m->blocks[b].accepted[i];

            m->txs[tx].place = POOL;
            m->txs[tx].is_held = true;
            if (m->txs[tx].is_funding)
                fundings[(*funding_count)++] = tx;
            else
                pool[count++] = tx;
        }
    memmove(m->pool + count, m->pool, m->pool_count * sizeof(*m->pool));
    memcpy(m->pool, pool, count * sizeof(*pool));
    m->pool_count += count;
    m->block_count -= depth;
}

static bool wins(const struct model *m, size_t winner, size_t fork, uint64_t score)
{
    return has_inputs(m, winner, fork, false) && is_final(&m->txs[winner].draft.tx, score) &&
           locks_are_open(m, winner, score);
}

enum assay_code model_reorganise(struct model *m, size_t depth, size_t winner)
{
    size_t fork = m->block_count - 1 - depth, fundings[MODEL_MAX_TXS], funding_count;
    size_t merged[MODEL_MAX_BLOCKS];

    for (size_t i = 0; i < depth; i++)
        merged[i] = m->blocks[fork + 1 + i].merged;
    merged[depth] = 0;
    if (winner != MODEL_NONE && !wins(m, winner, fork, m->blocks[fork].daa_score + merged[0] + 1))
        return ASSAY_E_MISMATCH;
    take_off(m, depth, fundings, &funding_count);
    if (winner != MODEL_NONE)
        drop_rivals(m, winner);
    for (size_t i = 0; i <= depth; i++) {
        add_block(m, merged[i]);
        for (size_t k = 0; i == 0 && k < funding_count; k++)
            accept(m, fundings[k]);
        if (i == 0 && winner != MODEL_NONE)
            accept(m, winner);
    }
    drop_from_pool(m);
    return ASSAY_OK;
}

/* ---- the comparison ---- */

static void compare_utxos(const struct model *m, const struct kaspa_chain *chain, const char *step)
{
    static struct kaspa_outpoint outpoints[MODEL_MAX_TXS * DRAFT_MAX];
    static struct kaspa_utxo utxos[MODEL_MAX_TXS * DRAFT_MAX];
    struct kaspa_spk spk = open_spk();
    size_t count = kaspa_chain_utxos_of(chain, &spk, outpoints, utxos, ARRAY_LEN(utxos)), at = 0;

    for (size_t i = 0; i < m->tx_count; i++)
        for (uint32_t k = 0; k < m->txs[i].draft.tx.output_count; k++) {
            struct kaspa_outpoint outpoint = {m->txs[i].id, k};
            struct kaspa_utxo utxo;
            bool is_there =
                m->txs[i].place == CHAIN && model_spender(m, i, k, m->block_count) == MODEL_NONE;

            cr_assert_eq(kaspa_chain_utxo(chain, &utxo, &outpoint), is_there, "%s", step);
            if (!is_there)
                continue;
            cr_assert_eq(utxo.amount, m->txs[i].draft.outputs[k].value, "%s", step);
            cr_assert_eq(utxo.block_daa_score, m->blocks[m->txs[i].block].daa_score, "%s", step);
            at++;
        }
    cr_assert_eq(at, count, "%s: as many", step);
    for (size_t i = 0; i < count; i++) {
        struct kaspa_utxo utxo;

        cr_assert(kaspa_chain_utxo(chain, &utxo, &outpoints[i]), "%s", step);
        cr_assert(kaspa_utxo_equal(&utxo, &utxos[i]), "%s", step);
    }
}

static void compare_tx(const struct model *m, const struct kaspa_chain *chain, size_t i,
                       const char *step)
{
    static const enum kaspa_chain_tx_state states[] = {
        [NOWHERE] = KASPA_TX_UNKNOWN, [POOL] = KASPA_TX_IN_MEMPOOL, [CHAIN] = KASPA_TX_ACCEPTED};
    const struct model_tx *t = &m->txs[i];
    struct kaspa_chain_tx tx;

    cr_assert_eq(state_of(chain, &t->id), states[t->place], "%s", step);
    if (t->place == NOWHERE || t->is_funding)
        return;
    cr_assert(kaspa_chain_tx(chain, &tx, &t->id), "%s", step);
    cr_assert_eq(tx.fee, fee_of(m, i), "%s", step);
    cr_assert_eq(tx.confirmations, t->place == CHAIN ? m->block_count - t->block : 0, "%s", step);
    for (size_t k = 0; k < t->draft.tx.input_count; k++) {
        const struct model_tx *maker = &m->txs[t->makers[k]];

        cr_assert_eq(tx.spent[k].block_daa_score,
                     maker->place == CHAIN ? m->blocks[maker->block].daa_score : UINT64_MAX, "%s",
                     step);
    }
}

static void compare_blocks(const struct model *m, const struct kaspa_chain *chain, const char *step)
{
    struct kaspa_chain_block block;

    cr_assert_eq(info_of(chain).chain_blocks, m->block_count, "%s", step);
    for (size_t i = 0; i < m->block_count; i++) {
        const struct model_block *b = &m->blocks[i];

        cr_assert(kaspa_chain_block_at(chain, &block, i), "%s", step);
        cr_assert_eq(block.daa_score, b->daa_score, "%s", step);
        cr_assert_eq(block.accepted_count, b->accepted_count, "%s", step);
        for (size_t k = 0; k < b->accepted_count; k++)
            cr_assert(kaspa_hash_equal(&block.accepted[k], &m->txs[b->accepted[k]].id), "%s", step);
    }
}

void model_compare(const struct model *m, const struct kaspa_chain *chain, const char *step)
{
    struct kaspa_hash ids[MODEL_MAX_TXS];

    compare_blocks(m, chain, step);
    cr_assert_eq(kaspa_chain_mempool(chain, ids, ARRAY_LEN(ids)), m->pool_count, "%s", step);
    for (size_t i = 0; i < m->pool_count; i++)
        cr_assert(kaspa_hash_equal(&ids[i], &m->txs[m->pool[i]].id), "%s", step);
    for (size_t i = 0; i < m->tx_count; i++)
        compare_tx(m, chain, i, step);
    compare_utxos(m, chain, step);
}
