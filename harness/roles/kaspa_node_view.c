/* What a node believes of its chain, or pretends to: every lie and the lag are here, so that all
 * calls lie alike. See kaspa_node.h. */
#include "roles/kaspa_node_internal.h"

#include "kaspa/txid.h"

#include <stdlib.h>

/* The highest block below a score of the virtual block; scores rise along the chain. */
static uint64_t height_behind(const struct kaspa_chain *chain, uint64_t tip, uint64_t daa_score)
{
    uint64_t low = 0, high = tip;

    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        struct kaspa_chain_block block;

        if (kaspa_chain_block_at(chain, &block, middle) && block.daa_score < daa_score)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static void lag(struct node_view *view)
{
    struct kaspa_chain_info *info = &view->info;
    uint64_t behind = view->how.lag_daa;
    struct kaspa_chain_block sink;

    behind = behind < info->daa_score ? info->daa_score - behind : 0;
    view->height = height_behind(view->chain, view->height, behind);
    if (!kaspa_chain_block_at(view->chain, &sink, view->height))
        return;
    info->sink = sink.hash;
    info->daa_score = sink.daa_score + 1;
    info->blue_score = sink.blue_score;
    info->past_median_time_ms -= info->sink_time_ms - sink.time_ms;
    info->sink_time_ms = sink.time_ms;
    info->chain_blocks = (size_t)view->height + 1;
    info->mempool_size = 0;
}

static bool take_mempool(struct node_view *view)
{
    size_t count = kaspa_chain_mempool(view->chain, NULL, 0);

    view->mempool = assay_alloc((count > 0 ? count : 1) * sizeof(*view->mempool));
    if (view->mempool == NULL)
        return false;
    view->mempool_count = kaspa_chain_mempool(view->chain, view->mempool, count);
    view->info.mempool_size = 0;
    return true;
}

bool node_view_init(struct node_view *view, const struct node_turn *turn)
{
    struct kaspa_chain_block sink;

    *view = (struct node_view){
        .chain = turn->chain,
        .how = turn->how,
        .knows_nothing = turn->knows_nothing,
    };
    kaspa_chain_info(view->chain, &view->info);
    view->network_name =
        turn->how.network != NULL ? turn->how.network : kaspa_network_name(view->info.network);
    view->height = kaspa_chain_block(view->chain, &sink, &view->info.sink) ? sink.height : 0;
    if (view->how.lag_daa > 0)
        lag(view);
    else if (view->how.lie == KASPA_NODE_ACCEPTS_ALL)
        return take_mempool(view);
    return true;
}

void node_view_fini(struct node_view *view)
{
    assay_free(view->mempool);
    view->mempool = NULL;
}

uint64_t node_blue_score(const struct node_view *view, uint64_t blue_score)
{
    return view->how.lie == KASPA_NODE_BLUE_IS_DEPTH ? blue_score * KASPA_NODE_BLUE_FACTOR
                                                     : blue_score;
}

uint64_t node_amount(const struct node_view *view, uint64_t amount)
{
    return view->how.lie == KASPA_NODE_OTHER_AMOUNT ? amount + 1 : amount;
}

bool node_view_block(const struct node_view *view, struct kaspa_chain_block *out,
                     const struct kaspa_hash *hash)
{
    struct kaspa_chain_block block;

    if (!kaspa_chain_block(view->chain, &block, hash))
        return false;
    if (view->how.lag_daa > 0 && block.daa_score >= view->info.daa_score)
        return false;
    *out = block;
    return true;
}

bool node_view_block_at(const struct node_view *view, struct kaspa_chain_block *out,
                        uint64_t height)
{
    return height <= view->height && kaspa_chain_block_at(view->chain, out, height);
}

static bool accepts_mempool(const struct node_view *view, const struct kaspa_chain_block *block)
{
    return view->mempool_count > 0 && kaspa_hash_equal(&block->hash, &view->info.sink);
}

size_t node_accepted_count(const struct node_view *view, const struct kaspa_chain_block *block)
{
    if (view->knows_nothing)
        return 0;
    return block->accepted_count + (accepts_mempool(view, block) ? view->mempool_count : 0);
}

const struct kaspa_hash *node_accepted_id(const struct node_view *view,
                                          const struct kaspa_chain_block *block, size_t i)
{
    return i < block->accepted_count ? &block->accepted[i]
                                     : &view->mempool[i - block->accepted_count];
}

/* ---- transactions ---- */

/* Whether it was accepted as far as the node knows, and by which block. */
static bool is_accepted(const struct node_view *view, struct kaspa_hash *block,
                        const struct kaspa_chain_tx *tx)
{
    struct kaspa_chain_block accepting;

    if (tx->state == KASPA_TX_IN_MEMPOOL && view->mempool != NULL) {
        *block = view->info.sink;
        return true;
    }
    if (tx->state != KASPA_TX_ACCEPTED || !node_view_block(view, &accepting, &tx->accepting_block))
        return false;
    *block = tx->accepting_block;
    return true;
}

bool node_view_tx(const struct node_view *view, struct node_tx *out, const struct kaspa_hash *id)
{
    struct kaspa_chain_tx tx;

    if (view->knows_nothing || !kaspa_chain_tx(view->chain, &tx, id) ||
        tx.state == KASPA_TX_UNKNOWN)
        return false;
    *out = (struct node_tx){.tx = *tx.tx, .id = *id, .fee = tx.fee};
    out->is_accepted = is_accepted(view, &out->block, &tx);
    if (!out->is_accepted && view->how.lag_daa > 0)
        return false;
    if (view->how.lie == KASPA_NODE_OTHER_TX || view->how.lie == KASPA_NODE_OTHER_BODY)
        out->tx.lock_time ^= 1;
    if (view->how.lie == KASPA_NODE_OTHER_TX)
        kaspa_txid(&out->id, &out->tx);
    return true;
}

/* ---- outputs ---- */

int node_utxo_order(const void *a, const void *b)
{
    const struct kaspa_outpoint *left = &((const struct node_utxo *)a)->outpoint;
    const struct kaspa_outpoint *right = &((const struct node_utxo *)b)->outpoint;
    int order = memcmp(left->txid.at, right->txid.at, sizeof(left->txid.at));

    if (order != 0)
        return order;
    return left->index < right->index ? -1 : left->index > right->index;
}

void node_utxos_fini(struct node_utxos *utxos)
{
    assay_free(utxos->at);
    *utxos = (struct node_utxos){.at = NULL};
}

static bool add_utxo(const struct node_view *view, struct node_utxos *out,
                     const struct kaspa_outpoint *outpoint, const struct kaspa_utxo *utxo)
{
    if (out->count == out->room) {
        size_t room = out->room > 0 ? 2 * out->room : 16;
        struct node_utxo *at = assay_realloc(out->at, room * sizeof(*at));

        if (at == NULL)
            return false;
        out->at = at;
        out->room = room;
    }
    out->at[out->count++] = (struct node_utxo){
        .outpoint = *outpoint,
        .amount = node_amount(view, utxo->amount),
        .block_daa_score = utxo->block_daa_score,
        .is_coinbase = utxo->is_coinbase,
        .has_covenant = utxo->has_covenant,
        .covenant_id = utxo->covenant_id,
    };
    return true;
}

/* A funding spends what never was. */
static bool is_funding(const struct node_view *view, const struct kaspa_chain_tx *tx)
{
    struct kaspa_chain_tx made;

    return !kaspa_chain_tx(view->chain, &made, &tx->tx->inputs[0].previous.txid);
}

const struct kaspa_utxo *node_view_spent(const struct node_view *view, const struct kaspa_hash *id)
{
    struct kaspa_chain_tx tx;
    bool is_told = kaspa_chain_tx(view->chain, &tx, id) && !is_funding(view, &tx);

    return is_told ? tx.spent : NULL;
}

/* Of what came since the node lags, and with ACCEPTS_NONE of all that is no funding. */
static bool is_hidden(const struct node_view *view, const struct kaspa_outpoint *outpoint,
                      const struct kaspa_utxo *utxo)
{
    struct kaspa_chain_tx tx;

    if (view->how.lag_daa > 0 && utxo->block_daa_score >= view->info.daa_score)
        return true;
    return view->knows_nothing && kaspa_chain_tx(view->chain, &tx, &outpoint->txid) &&
           !is_funding(view, &tx);
}

static bool add_accepted(const struct node_view *view, struct node_utxos *out,
                         const struct kaspa_spk *spk)
{
    size_t count = kaspa_chain_utxos_of(view->chain, spk, NULL, NULL, 0);
    struct kaspa_outpoint *outpoints = assay_alloc((count + 1) * sizeof(*outpoints));
    struct kaspa_utxo *utxos = assay_alloc((count + 1) * sizeof(*utxos));
    bool ok = outpoints != NULL && utxos != NULL;

    if (ok)
        count = kaspa_chain_utxos_of(view->chain, spk, outpoints, utxos, count);
    for (size_t i = 0; ok && i < count; i++)
        ok = is_hidden(view, &outpoints[i], &utxos[i]) ||
             add_utxo(view, out, &outpoints[i], &utxos[i]);
    assay_free(outpoints);
    assay_free(utxos);
    return ok;
}

static bool add_spent_by(const struct node_view *view, struct node_utxos *out,
                         const struct kaspa_spk *spk, const struct kaspa_hash *id)
{
    struct kaspa_chain_tx tx;
    bool ok = true;

    if (!kaspa_chain_tx(view->chain, &tx, id) || is_funding(view, &tx))
        return true;
    for (size_t i = 0; ok && i < tx.tx->input_count; i++) {
        const struct kaspa_utxo *utxo = &tx.spent[i];

        if (kaspa_spk_equal(&utxo->spk, spk) && utxo->block_daa_score < view->info.daa_score)
            ok = add_utxo(view, out, &tx.tx->inputs[i].previous, utxo);
    }
    return ok;
}

/* A node that lags still has what was spent since. */
static bool add_spent_since(const struct node_view *view, struct node_utxos *out,
                            const struct kaspa_spk *spk)
{
    struct kaspa_chain_block block;
    bool ok = true;

    for (uint64_t height = view->height + 1;
         ok && kaspa_chain_block_at(view->chain, &block, height); height++)
        for (size_t i = 0; ok && i < block.accepted_count; i++)
            ok = add_spent_by(view, out, spk, &block.accepted[i]);
    return ok;
}

static bool add_outputs_of(const struct node_view *view, struct node_utxos *out,
                           const struct kaspa_spk *spk, const struct kaspa_hash *id)
{
    struct kaspa_chain_tx tx;
    bool ok = true;

    if (!kaspa_chain_tx(view->chain, &tx, id))
        return true;
    for (size_t i = 0; ok && i < tx.tx->output_count; i++) {
        const struct kaspa_output *output = &tx.tx->outputs[i];
        const struct kaspa_outpoint outpoint = {.txid = *id, .index = (uint32_t)i};
        const struct kaspa_utxo utxo = {
            .amount = output->value,
            .spk = output->spk,
            .block_daa_score = view->info.daa_score,
            .has_covenant = output->has_covenant,
            .covenant_id = output->covenant_id,
        };

        if (kaspa_spk_equal(&output->spk, spk))
            ok = add_utxo(view, out, &outpoint, &utxo);
    }
    return ok;
}

static void remove_spent_by(const struct node_view *view, struct node_utxos *out,
                            const struct kaspa_hash *id)
{
    struct kaspa_chain_tx tx;

    if (!kaspa_chain_tx(view->chain, &tx, id))
        return;
    for (size_t i = 0; i < tx.tx->input_count; i++) {
        const struct node_utxo key = {.outpoint = tx.tx->inputs[i].previous};
        struct node_utxo *at = NULL;

        if (out->count > 0)
            at = bsearch(&key, out->at, out->count, sizeof(key), node_utxo_order);
        if (at == NULL)
            continue;
        memmove(at, at + 1, (size_t)(out->at + --out->count - at) * sizeof(*at));
    }
}

static void sort(struct node_utxos *utxos)
{
    if (utxos->count > 0)
        qsort(utxos->at, utxos->count, sizeof(*utxos->at), node_utxo_order);
}

bool node_view_utxos(const struct node_view *view, struct node_utxos *out,
                     const struct kaspa_spk *spk)
{
    bool ok = add_accepted(view, out, spk);

    if (ok && view->how.lag_daa > 0)
        ok = add_spent_since(view, out, spk);
    for (size_t i = 0; ok && i < view->mempool_count; i++)
        ok = add_outputs_of(view, out, spk, &view->mempool[i]);
    sort(out);
    for (size_t i = 0; ok && i < view->mempool_count; i++)
        remove_spent_by(view, out, &view->mempool[i]);
    return ok;
}
