/* The simulated Kaspa network through random histories, beside a model of it. */
#include "chain_model.h"

#include "base/random.h"
#include "kaspa/txid.h"

#include <stdio.h>
#include <stdlib.h>

#define HISTORIES 12
#define STEPS 400
#define FUNDINGS 8         /* at first */
#define LEAST (1000 * KAS) /* of an output, so that masses do not depend on amounts */

struct history {
    struct assay_random random;
    struct kaspa_chain *chain;
    struct model *model;
    char step[64];
};

static uint64_t draw(struct history *h, uint64_t limit)
{
    return assay_random_below(&h->random, limit);
}

/* Nothing that is anywhere spends it. */
static bool is_free(const struct model *m, size_t maker, uint32_t index)
{
    const struct model_tx *spender;

    if (m->txs[maker].place == NOWHERE ||
        model_spender(m, maker, index, m->block_count) < m->tx_count)
        return false;
    for (size_t i = 0; i < m->pool_count; i++) {
        spender = &m->txs[m->pool[i]];
        for (size_t k = 0; k < spender->draft.tx.input_count; k++)
            if (spender->makers[k] == maker && spender->draft.inputs[k].previous.index == index)
                return false;
    }
    return true;
}

/* An output of any transaction ever seen, mostly one that nothing spends. */
static void add_input(struct history *h, struct model_tx *tx)
{
    struct draft *d = &tx->draft;
    unsigned tries = draw(h, 12) == 0 ? 1 : 40;
    size_t maker;
    uint32_t index;

    do {
        maker = draw(h, h->model->tx_count);
        index = (uint32_t)draw(h, h->model->txs[maker].draft.tx.output_count);
    } while (--tries > 0 && !is_free(h->model, maker, index));
    for (size_t i = 0; i < d->tx.input_count; i++)
        if (tx->makers[i] == maker && d->inputs[i].previous.index == index)
            return;
    tx->makers[d->tx.input_count] = maker;
    draft_spend(d, &h->model->txs[maker].id, index);
    if (draw(h, 4) == 0)
        d->inputs[d->tx.input_count - 1].sequence = draw(h, 12);
}

/* Outputs for all of it but a fee; few of them, that none becomes small. */
static void add_outputs(struct history *h, struct model_tx *tx)
{
    uint64_t sum = 0;
    struct draft *d = &tx->draft;

    for (size_t i = 0; i < d->tx.input_count; i++)
        sum += h->model->txs[tx->makers[i]].draft.outputs[d->inputs[i].previous.index].value;
    sum -= 1 + draw(h, sum / 1000);
    if (sum > 4 * LEAST && draw(h, 2) == 0) {
        draft_pay(d, sum / 2);
        sum -= sum / 2;
    }
    draft_pay(d, sum);
    kaspa_txid(&tx->id, &d->tx);
}

static size_t new_tx(struct history *h)
{
    struct model_tx tx = {0};
    size_t inputs = 1 + draw(h, 3);

    draft_init(&tx.draft);
    for (size_t i = 0; i < inputs; i++)
        add_input(h, &tx);
    if (draw(h, 8) == 0)
        tx.draft.tx.lock_time = info_of(h->chain).daa_score - 3 + draw(h, 6);
    add_outputs(h, &tx);
    return model_tx_of(h->model, &tx);
}

/* Spends an input of another, and perhaps more. */
static size_t rival_of(struct history *h, size_t other)
{
    const struct model_tx *loser = &h->model->txs[other];
    struct model_tx tx = {.makers = {loser->makers[0]}};

    draft_init(&tx.draft);
    draft_spend(&tx.draft, &loser->draft.inputs[0].previous.txid,
                loser->draft.inputs[0].previous.index);
    if (draw(h, 4) == 0)
        add_input(h, &tx);
    add_outputs(h, &tx);
    return model_tx_of(h->model, &tx);
}

/* One that was submitted or accepted before, a funding only where there is nothing else. */
static size_t old_tx(struct history *h)
{
    for (unsigned i = 0; i < 8; i++) {
        size_t tx = draw(h, h->model->tx_count);

        if (!h->model->txs[tx].is_funding)
            return tx;
    }
    return new_tx(h);
}

static size_t pooled_tx(struct history *h)
{
    return h->model->pool_count > 0 ? h->model->pool[draw(h, h->model->pool_count)] : old_tx(h);
}

/* One that is in the pool or was accepted at or above a block, if there is one. */
static size_t late_tx(struct history *h, size_t block)
{
    for (unsigned i = 0; i < 64; i++) {
        size_t tx = old_tx(h);

        if (h->model->txs[tx].place == POOL ||
            (h->model->txs[tx].place == CHAIN && h->model->txs[tx].block >= block))
            return tx;
    }
    return old_tx(h);
}

/* ---- steps ---- */

static void fund_step(struct history *h)
{
    uint64_t amount = (50000 + draw(h, 50000)) * KAS;
    struct kaspa_hash id = funded(h->chain, amount);

    model_fund(h->model, &id, amount);
}

static void submit_step(struct history *h)
{
    size_t tx = draw(h, 6) == 0 ? old_tx(h) : new_tx(h);
    enum kaspa_submission expected = model_submit(h->model, tx);

    cr_assert_eq(kaspa_chain_submit(h->chain, &h->model->txs[tx].draft.tx, NULL, NULL, NULL),
                 expected, "%s: %d", h->step, (int)expected);
}

static void replace_step(struct history *h)
{
    size_t tx = draw(h, 8) == 0 ? new_tx(h) : rival_of(h, pooled_tx(h));
    enum kaspa_submission expected = model_replace(h->model, tx);

    cr_assert_eq(kaspa_chain_replace(h->chain, &h->model->txs[tx].draft.tx, NULL, NULL), expected,
                 "%s: %d", h->step, (int)expected);
}

static void mine_step(struct history *h)
{
    struct kaspa_mining how = {.blocks = (unsigned)(1 + draw(h, 4)),
                               .merged = (unsigned)(draw(h, 2) * draw(h, 4)),
                               .leave_mempool = draw(h, 8) == 0};

    cr_assert_eq(kaspa_chain_mine(h->chain, &how), ASSAY_OK);
    model_mine(h->model, &how);
}

static void hold_step(struct history *h)
{
    size_t tx = pooled_tx(h);
    bool hold = draw(h, 3) == 0;
    bool expected = model_hold(h->model, tx, hold);

    cr_assert_eq(kaspa_chain_hold(h->chain, &h->model->txs[tx].id, hold), expected, "%s", h->step);
}

static void evict_step(struct history *h)
{
    size_t tx = pooled_tx(h);
    bool expected = model_evict(h->model, tx);

    cr_assert_eq(kaspa_chain_evict(h->chain, &h->model->txs[tx].id), expected, "%s", h->step);
}

static void reorganise_step(struct history *h)
{
    struct model *m = h->model;
    size_t most = m->block_count < 8 ? m->block_count : 8;
    size_t depth = draw(h, most), winner = MODEL_NONE;
    enum assay_code expected;

    if (draw(h, 2) == 0)
        winner = late_tx(h, m->block_count - depth);
    if (winner != MODEL_NONE && draw(h, 3) > 0)
        winner = rival_of(h, winner);
    expected = model_reorganise(m, depth, winner);
    cr_assert_eq(kaspa_chain_reorganise(h->chain, (unsigned)depth,
                                        winner != MODEL_NONE ? &m->txs[winner].draft.tx : NULL,
                                        NULL),
                 expected, "%s", h->step);
}

/* The other one goes on, as the first would have. */
static void fork_step(struct history *h)
{
    struct kaspa_chain *fork = NULL;

    cr_assert_eq(kaspa_chain_fork(&fork, h->chain, assay_str(h->step)), ASSAY_OK);
    expect_same(h->chain, fork, h->step);
    kaspa_chain_free(h->chain);
    h->chain = fork;
}

static const struct {
    void (*take)(struct history *h);
    unsigned weight;
} steps[] = {
    {fund_step, 3},  {submit_step, 53}, {replace_step, 8},    {mine_step, 16},
    {hold_step, 10}, {evict_step, 4},   {reorganise_step, 6}, {fork_step, 1},
};

static void take_step(struct history *h)
{
    uint64_t drawn = draw(h, 101);
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(steps) && drawn >= steps[i].weight)
        drawn -= steps[i++].weight;
    steps[i].take(h);
}

Test(kaspa_chain_history, is_that_of_a_naive_model)
{
    for (unsigned i = 0; i < HISTORIES; i++) {
        struct history h = {.chain = chain_of("history"), .model = model_new()};
        char name[16];

        snprintf(name, sizeof(name), "%u", i);
        assay_random_init(&h.random, ASSAY_LIT("chain history"), assay_str(name));
        for (unsigned k = 0; k < FUNDINGS; k++)
            fund_step(&h);
        for (unsigned k = 0; k < STEPS; k++) {
            snprintf(h.step, sizeof(h.step), "history %u, step %u", i, k);
            take_step(&h);
            model_compare(h.model, h.chain, h.step);
        }
        kaspa_chain_free(h.chain);
        free(h.model);
    }
}
