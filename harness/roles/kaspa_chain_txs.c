/* The transactions of a simulated chain: their records, what they spend, and what becomes of them.
 */
#include "roles/kaspa_chain_internal.h"

/* ---- copies ---- */

/* Whoever left a slice at zeros means none. */
static bool copy_bytes(struct assay_bytes *bytes, struct assay_arena *arena)
{
    *bytes = assay_arena_copy(arena, assay_bytes_of(bytes->at, bytes->len));
    return bytes->at != NULL;
}

static struct kaspa_input *copy_inputs(struct assay_arena *arena, const struct kaspa_tx *tx)
{
    struct kaspa_input *inputs = assay_arena_alloc(arena, tx->input_count * sizeof(*inputs));

    for (size_t i = 0; inputs != NULL && i < tx->input_count; i++) {
        inputs[i] = tx->inputs[i];
        if (!copy_bytes(&inputs[i].signature_script, arena))
            return NULL;
    }
    return inputs;
}

static struct kaspa_output *copy_outputs(struct assay_arena *arena, const struct kaspa_tx *tx)
{
    struct kaspa_output *outputs = assay_arena_alloc(arena, tx->output_count * sizeof(*outputs));

    for (size_t i = 0; outputs != NULL && i < tx->output_count; i++) {
        outputs[i] = tx->outputs[i];
        if (!copy_bytes(&outputs[i].spk.script, arena))
            return NULL;
    }
    return outputs;
}

bool chain_copy_tx(struct kaspa_tx *out, struct assay_arena *arena, const struct kaspa_tx *tx)
{
    struct kaspa_tx copy = *tx;

    copy.inputs = copy_inputs(arena, tx);
    copy.outputs = copy_outputs(arena, tx);
    if (copy.inputs == NULL || copy.outputs == NULL || !copy_bytes(&copy.payload, arena))
        return false;
    *out = copy;
    return true;
}

/* ---- what is spent ---- */

static bool is_accepted(const struct chain_tx *tx, const struct chain_block *upon)
{
    return tx->state == KASPA_TX_ACCEPTED && (upon == NULL || tx->block->height <= upon->height);
}

static bool is_there(const struct chain_tx *tx, const struct chain_block *upon)
{
    return is_accepted(tx, upon) ||
           (upon == NULL && tx->state == KASPA_TX_IN_MEMPOOL && !tx->is_doomed);
}

/* Digest, section 1: what is unconfirmed has the highest score, and the covenant goes with it. */
static struct kaspa_utxo utxo_of(const struct chain_tx *maker, uint32_t index)
{
    const struct kaspa_output *output = &maker->tx.outputs[index];

    return (struct kaspa_utxo){
        .amount = output->value,
        .spk = output->spk,
        .block_daa_score = maker->state == KASPA_TX_ACCEPTED ? maker->block->daa_score : UINT64_MAX,
        .has_covenant = output->has_covenant,
        .covenant_id = output->covenant_id,
    };
}

struct chain_tx *chain_find_utxo(const struct kaspa_chain *chain, struct kaspa_utxo *out,
                                 const struct kaspa_outpoint *outpoint,
                                 const struct chain_block *upon)
{
    struct chain_tx *maker = chain_find_tx(chain, &outpoint->txid);
    const struct chain_tx *spender;

    if (maker == NULL || outpoint->index >= maker->tx.output_count || !is_there(maker, upon))
        return NULL;
    spender = maker->outputs[outpoint->index].spender;
    if (spender != NULL && is_accepted(spender, upon))
        return NULL;
    *out = utxo_of(maker, outpoint->index);
    return maker;
}

bool chain_entries_gather(struct chain_entries *out, struct assay_arena *arena,
                          const struct kaspa_chain *chain, const struct kaspa_tx *tx,
                          const struct chain_block *upon)
{
    struct chain_entries entries;
    size_t count = tx->input_count;

    *out = (struct chain_entries){0};
    if (count > KASPA_TX_MAX_INPUTS)
        return true;
    entries.utxos = assay_arena_alloc(arena, count * sizeof(*entries.utxos));
    entries.is_missing = assay_arena_alloc(arena, count * sizeof(*entries.is_missing));
    entries.makers = assay_arena_alloc(arena, count * sizeof(*entries.makers));
    if (entries.utxos == NULL || entries.is_missing == NULL || entries.makers == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        entries.makers[i] =
            chain_find_utxo(chain, &entries.utxos[i], &tx->inputs[i].previous, upon);
        entries.is_missing[i] = entries.makers[i] == NULL;
    }
    *out = entries;
    return true;
}

/* ---- whether it may ---- */

static bool lacks_memory(const struct kaspa_check *check)
{
    return check->result == KASPA_CHECK_UNDECIDED && check->run.why == KASPA_UNDECIDED_RESOURCE;
}

bool chain_judge(struct kaspa_verdict *verdict, const struct kaspa_tx *tx,
                 const struct chain_entries *entries, const struct kaspa_point_of_view *pov,
                 struct assay_arena *arena)
{
    kaspa_tx_verify(verdict, tx,
                    &(struct kaspa_verify){
                        .utxos = entries->utxos,
                        .pov = pov,
                        .mass_is_filled_in = true,
                        .arena = arena,
                        .is_missing = entries->is_missing,
                    });
    return !lacks_memory(&verdict->checks[KASPA_RULE_COVENANTS]) &&
           !lacks_memory(&verdict->checks[KASPA_RULE_SCRIPTS]);
}

size_t chain_first_fault(const struct kaspa_verdict *verdict, bool has_relay_policy)
{
    size_t fault = KASPA_RULE__COUNT;

    for (size_t i = 0; i < KASPA_RULE__COUNT; i++) {
        bool counts = has_relay_policy || kaspa_rules[i].stage != KASPA_STAGE_RELAY ||
                      i == KASPA_RULE_MASS_LIMITS;

        if (counts && verdict->checks[i].result == KASPA_CHECK_BROKEN)
            return i;
        if (counts && verdict->checks[i].result != KASPA_CHECK_HELD && fault == KASPA_RULE__COUNT)
            fault = i;
    }
    return fault;
}

/* ---- records ---- */

/* The mempool's list has room for every transaction, since one can come back at any time. */
enum assay_code chain_tx_reserve(struct kaspa_chain *chain)
{
    size_t all = chain->txs.len + 1;

    if (all > KASPA_CHAIN_MAX_TXS)
        return ASSAY_E_TOO_LARGE;
    if (!chain_list_reserve(&chain->txs, 1) || !chain_index_reserve(&chain->tx_index, 1) ||
        !chain_list_reserve(&chain->mempool, all - chain->mempool.len))
        return ASSAY_E_NOMEM;
    return ASSAY_OK;
}

struct chain_tx *chain_tx_new(struct kaspa_chain *chain, const struct kaspa_tx *tx,
                              const struct chain_entries *entries,
                              const struct kaspa_verdict *verdict)
{
    struct chain_tx *fresh = assay_arena_alloc(&chain->arena, sizeof(*fresh));
    size_t count = tx->input_count;

    if (fresh == NULL)
        return NULL;
    fresh->id = verdict->id;
    fresh->fee = verdict->fee;
    fresh->tx = *tx;
    fresh->tx.storage_mass = verdict->storage_mass;
    fresh->spent = assay_arena_alloc(&chain->arena, count * sizeof(*fresh->spent));
    fresh->makers = assay_arena_alloc(&chain->arena, count * sizeof(*fresh->makers));
    fresh->outputs = assay_arena_alloc(&chain->arena, tx->output_count * sizeof(*fresh->outputs));
    if (fresh->spent == NULL || fresh->makers == NULL || fresh->outputs == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        fresh->spent[i] = entries->utxos[i];
        fresh->makers[i] = entries->makers[i];
    }
    return fresh;
}

static struct chain_spending *spending_of(const struct chain_tx *tx, size_t input)
{
    return &tx->makers[input]->outputs[tx->tx.inputs[input].previous.index];
}

struct chain_tx *chain_tx_enter(struct kaspa_chain *chain, struct chain_tx *fresh)
{
    struct chain_tx *tx = chain_find_tx(chain, &fresh->id);

    if (tx != NULL) {
        tx->tx = fresh->tx; /* signatures may differ */
        tx->spent = fresh->spent;
        tx->makers = fresh->makers;
        tx->fee = fresh->fee;
        tx->is_stale = false;
    } else {
        tx = fresh;
        tx->number = chain->txs.len;
        chain_list_push(&chain->txs, tx);
        chain_index_add(&chain->tx_index, &tx->id, tx);
    }
    for (size_t i = 0; !tx->is_funding && i < tx->tx.input_count; i++)
        *spending_of(tx, i) = (struct chain_spending){tx, i};
    return tx;
}

/* Whoever spends its outputs is in the mempool, and may have scripts that look at the score. */
static void set_scores(struct chain_tx *tx, uint64_t daa_score)
{
    for (size_t i = 0; i < tx->tx.output_count; i++) {
        const struct chain_spending *spending = &tx->outputs[i];

        if (spending->spender != NULL) {
            spending->spender->spent[spending->input].block_daa_score = daa_score;
            spending->spender->is_stale = true;
        }
    }
}

void chain_tx_accept(struct chain_tx *tx, struct chain_block *block)
{
    tx->state = KASPA_TX_ACCEPTED;
    tx->block = block;
    tx->is_held = tx->is_stale = false;
    set_scores(tx, block->daa_score);
}

void chain_tx_unaccept(struct chain_tx *tx)
{
    tx->state = KASPA_TX_IN_MEMPOOL;
    tx->block = NULL;
    set_scores(tx, UINT64_MAX);
}

/* ---- leaving the mempool ---- */

/* One pass reaches all: makers stand before their spenders. */
void chain_doom_spenders(struct kaspa_chain *chain)
{
    for (size_t i = 0; i < chain->mempool.len; i++) {
        struct chain_tx *tx = chain->mempool.at[i];

        for (size_t k = 0; !tx->is_doomed && k < tx->tx.input_count; k++)
            tx->is_doomed = tx->makers[k]->is_doomed;
    }
}

void chain_spare_doomed(struct kaspa_chain *chain)
{
    for (size_t i = 0; i < chain->mempool.len; i++)
        ((struct chain_tx *)chain->mempool.at[i])->is_doomed = false;
}

static void leave(struct chain_tx *tx)
{
    for (size_t i = 0; i < tx->tx.input_count; i++)
        *spending_of(tx, i) = (struct chain_spending){0};
    tx->state = KASPA_TX_UNKNOWN;
    tx->is_doomed = tx->is_held = false;
}

void chain_sweep_doomed(struct kaspa_chain *chain)
{
    for (size_t i = 0; i < chain->mempool.len; i++) {
        struct chain_tx *tx = chain->mempool.at[i];

        if (tx->is_doomed)
            leave(tx);
    }
    chain_mempool_compact(chain);
}

void chain_mempool_compact(struct kaspa_chain *chain)
{
    size_t kept = 0;

    for (size_t i = 0; i < chain->mempool.len; i++) {
        struct chain_tx *tx = chain->mempool.at[i];

        if (tx->state == KASPA_TX_IN_MEMPOOL)
            chain->mempool.at[kept++] = tx;
    }
    chain->mempool.len = kept;
}
