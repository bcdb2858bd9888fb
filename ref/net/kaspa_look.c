/* One try at a look: coins, and what became of a transaction. Everything that can be said twice by
 * the node is asked twice, and what differs is a contradiction. Source: Kaspa consensus digest,
 * section 7.6; Kaspa x402 exact digest, section 14. */
#include "net/kaspa_node_internal.h"

#include "defects/defects.h"
#include "kaspa/script.h"

#include <inttypes.h>

struct looking {
    struct ref_kaspa_ask *ask;
    struct assay_arena *arena;
    const struct kx_look *look;
    struct ref_kaspa_search search;
    struct ref_kaspa_coins coins; /* that are asked for */
    size_t spends;                /* of them, those that it does not make itself */
    struct kaspa_outpoint *gone;  /* of those */
    size_t gone_count;
    bool has_own; /* it makes one */
    struct ref_kaspa_coins outputs;
    const struct ref_kaspa_coin *output; /* that it makes; NULL: not there, or not known */
    bool is_output_known;
    struct ref_kaspa_walk walk; /* of the transaction */
    bool is_older;              /* than all that the node keeps of the chain */
    uint64_t behind;            /* blue scores of the accepting block behind the end of its walk */
    struct kx_sight sight;
};

static bool is_own(const struct looking *l, size_t i)
{
    return l->look->has_tx && kaspa_hash_equal(&l->look->outpoints[i].txid, &l->look->txid);
}

/* ---- along the chain ---- */

/* Where the look says that it begins, what was read from there on is told. */
static enum assay_code walk_near(struct looking *l, struct ref_kaspa_walk *walk, bool *is_read)
{
    enum assay_code rc = ref_kaspa_walk_near(&l->search, walk, is_read);

    l->sight.is_read = l->sight.is_read || (l->look->has_since && *is_read);
    return rc;
}

/* Where coins alone are asked for, they were still there behind the block that it begins at. */
static enum assay_code walk_it(struct looking *l, struct ref_kaspa_walk *walk)
{
    bool is_read, is_all = l->look->has_since && !l->look->has_tx;
    enum assay_code rc = walk_near(l, walk, &is_read);
    bool goes_back = !is_read || (!walk->is_found && l->look->wants_spender && !is_all);

    return rc == ASSAY_OK && goes_back ? ref_kaspa_walk_back(&l->search, walk) : rc;
}

/* A coin bears the score of the block that accepts what made it. */
static enum assay_code check_own_scores(struct looking *l, uint64_t daa_score)
{
    for (size_t i = 0; i < l->look->count && !l->is_older; i++)
        if (is_own(l, i) && !l->sight.is_missing[i] &&
            l->sight.utxos[i].block_daa_score != daa_score)
            return ref_kaspa_contradicts(
                l->ask, "coin %zu was made at DAA score %" PRIu64 ", and %s accepted at %" PRIu64,
                i, l->sight.utxos[i].block_daa_score, ref_kaspa_hex(&l->look->txid).text,
                daa_score);
    return ASSAY_OK;
}

/* The accepting block is a chain block, not above the end of the walk, which is one too, and still
 * one if the sink has moved since; then the evidence is whole. */
static enum assay_code confirm(struct looking *l, const struct ref_kaspa_walk *walk,
                               enum kx_chain_status status)
{
    struct kx_chain_evidence *evidence = &l->sight.evidence;
    struct ref_kaspa_block block, end, again;
    struct ref_kaspa_dag dag;
    enum assay_code rc;

    if ((rc = ref_kaspa_get_block(l->ask, &block, &walk->block)) != ASSAY_OK ||
        (rc = ref_kaspa_get_block(l->ask, &end, &walk->end)) != ASSAY_OK ||
        (rc = ref_kaspa_get_dag(l->ask, &dag)) != ASSAY_OK)
        return rc;
    again = block;
    if (!kaspa_hash_equal(&dag.sink, &walk->end) &&
        (rc = ref_kaspa_get_block(l->ask, &again, &walk->block)) != ASSAY_OK)
        return rc;
    if (!block.is_chain_block || !end.is_chain_block || !again.is_chain_block ||
        block.blue_score != again.blue_score)
        return ref_kaspa_contradicts(l->ask, "the block that accepts %s is no chain block",
                                     ref_kaspa_hex(&walk->found).text);
    /* Each chain block adds one to the score at least. */
    if (block.blue_score > end.blue_score || walk->depth - 1 > end.blue_score - block.blue_score)
        return ref_kaspa_contradicts(l->ask,
                                     "blue scores of %" PRIu64 " and %" PRIu64
                                     " for blocks that are %" PRIu64 " apart",
                                     block.blue_score, end.blue_score, walk->depth - 1);
    evidence->status = status;
    evidence->has_confirmations = true;
    evidence->confirmations =
        REF_DEFECT(kx_final_blue) ? end.blue_score - block.blue_score + 1 : walk->depth;
    evidence->accepting_blue_score = block.blue_score;
    l->behind = end.blue_score - block.blue_score;
    l->sight.accepting_block = walk->block;
    l->sight.accepted = walk->found;
    l->sight.has_before = !l->is_older;
    l->sight.before = walk->before;
    l->sight.sink = walk->end;
    l->sight.sink_blue_score = end.blue_score;
    l->sight.sink_daa_score = end.daa_score;
    return status == KX_CHAIN_ACCEPTED ? check_own_scores(l, block.daa_score) : ASSAY_OK;
}

/* ---- the transaction ---- */

/* An id commits to all that a transaction makes, so the block that accepts it is the whole
 * evidence: what it spends must be gone, and whether what it makes is still there says nothing. */
static enum assay_code accepted(struct looking *l)
{
    for (size_t i = 0; i < l->look->count; i++)
        if (!l->sight.is_missing[i] && !is_own(l, i))
            return ref_kaspa_contradicts(l->ask,
                                         "%s is accepted, and coin %zu that it spends is there",
                                         ref_kaspa_hex(&l->look->txid).text, i);
    return confirm(l, &l->walk, KX_CHAIN_ACCEPTED);
}

static bool spends_gone(const struct looking *l, const struct kaspa_tx *tx)
{
    for (size_t i = 0; i < tx->input_count; i++)
        for (size_t k = 0; k < l->gone_count; k++)
            if (kaspa_outpoint_equal(&tx->inputs[i].previous, &l->gone[k]))
                return true;
    return false;
}

static bool makes_coin(const struct kaspa_tx *tx, uint32_t index, const struct kaspa_utxo *coin)
{
    const struct kaspa_output *output;

    if (index >= tx->output_count)
        return false;
    output = &tx->outputs[index];
    return output->value == coin->amount && kaspa_spk_equal(&output->spk, &coin->spk) &&
           output->has_covenant == coin->has_covenant &&
           (!coin->has_covenant || kaspa_hash_equal(&output->covenant_id, &coin->covenant_id));
}

/* What it spends and makes, as its id has it, and what the coins say. */
static enum assay_code check_body(struct looking *l, const struct kaspa_tx *tx)
{
    if (l->spends > 0 && !spends_gone(l, tx))
        return ref_kaspa_contradicts(l->ask, "%s is accepted, and does not spend its coins",
                                     ref_kaspa_hex(&l->look->txid).text);
    for (size_t i = 0; i < l->look->count; i++)
        if (is_own(l, i) && !l->sight.is_missing[i] &&
            !makes_coin(tx, l->look->outpoints[i].index, &l->sight.utxos[i]))
            return ref_kaspa_contradicts(l->ask, "coin %zu is not what %s makes", i,
                                         ref_kaspa_hex(&l->look->txid).text);
    return ASSAY_OK;
}

static void take_body(struct looking *l, const struct ref_kaspa_walk *walk)
{
    l->sight.has_body = walk->keeps_body;
    if (walk->keeps_body)
        l->sight.body = walk->body;
}

/* The set has the coins no more, but of each chain block a node knows the transactions that it
 * accepted, and what they have spent (exact digest, section 7, rule 11; batch digest, section 7,
 * 21). It is asked once more, from below the one that accepts this transaction. */
static enum assay_code read_it(struct looking *l)
{
    struct ref_kaspa_walk walk = {
        .is_full = true,
        .txid = &l->look->txid,
        .outpoints = l->look->outpoints,
        .outpoint_count = l->look->count,
        .spent = l->look->wants_spent ? l->sight.utxos : NULL,
        .keeps_body = l->look->wants_body,
        .arena = l->arena,
        .behind = l->behind,
    };
    enum assay_code rc = ref_kaspa_walk_from(&l->search, &walk, &l->walk.before);

    if (rc != ASSAY_OK)
        return rc;
    if (!walk.is_found)
        return ref_kaspa_contradicts(l->ask, "%s is accepted, and its block does not have it",
                                     ref_kaspa_hex(&l->look->txid).text);
    if ((rc = check_body(l, &walk.body)) == ASSAY_OK)
        take_body(l, &walk);
    return rc;
}

/* ---- another one ---- */

/* A coin is gone: by whom, if it can be found. Both ways to ask must name the same transaction. */
static enum assay_code find_spender(struct looking *l, enum kx_chain_status status)
{
    struct ref_kaspa_walk spender = {
        .is_full = true,
        .outpoints = l->gone,
        .outpoint_count = l->gone_count,
        .keeps_body = l->look->wants_body,
        .arena = l->arena,
    };
    struct ref_kaspa_walk walk = {.txid = &spender.found};
    enum assay_code rc = walk_it(l, &spender);

    if (rc != ASSAY_OK || !spender.is_found)
        return rc;
    if (l->look->has_tx && kaspa_hash_equal(&spender.found, &l->look->txid))
        return ref_kaspa_contradicts(l->ask, "%s is accepted, and it is not",
                                     ref_kaspa_hex(&l->look->txid).text);
    if ((rc = walk_it(l, &walk)) != ASSAY_OK)
        return rc;
    if (!walk.is_found)
        return ref_kaspa_contradicts(l->ask, "%s spends a coin, and is not accepted",
                                     ref_kaspa_hex(&spender.found).text);
    take_body(l, &spender);
    return confirm(l, &walk, status);
}

/* It is the transaction that the evidence is of then. */
static enum assay_code who_has_spent(struct looking *l)
{
    enum assay_code rc = ASSAY_OK;

    if (l->look->wants_spender && l->gone_count > 0)
        rc = find_spender(l, KX_CHAIN_ACCEPTED);
    l->sight.evidence.transaction_id = l->sight.accepted;
    return rc;
}

static enum assay_code not_accepted(struct looking *l)
{
    bool is_in_mempool = false;
    enum assay_code rc = ref_kaspa_is_in_mempool(l->ask, &is_in_mempool, &l->look->txid);

    if (rc != ASSAY_OK)
        return rc;
    if (is_in_mempool)
        l->sight.evidence.status = KX_CHAIN_MEMPOOL;
    return !is_in_mempool && l->gone_count > 0 ? find_spender(l, KX_CHAIN_ABSENT) : ASSAY_OK;
}

/* ---- where it was accepted ---- */

/* Strangers can pay to that script as often as they like, so that more coins than are read are no
 * failure: then nothing is known of this one. A coin of its own says it all. */
static enum assay_code get_output(struct looking *l)
{
    const struct kaspa_outpoint outpoint = {.txid = l->look->txid, .index = l->look->output_index};
    enum assay_code rc;

    l->is_output_known = l->has_own;
    if (l->has_own)
        return ASSAY_OK;
    rc = ref_kaspa_get_coins(l->ask, &l->outputs, &l->look->output_spk, 1);
    l->is_output_known = rc == ASSAY_OK;
    if (rc == ASSAY_E_TOO_LARGE) {
        *l->ask->err = (struct assay_err){.code = ASSAY_OK};
        return ASSAY_OK;
    }
    if (rc != ASSAY_OK || (l->output = ref_kaspa_find_coin(&l->outputs, &outpoint)) == NULL)
        return rc;
    if (l->output->utxo.amount == l->look->output_amount &&
        kaspa_spk_equal(&l->output->utxo.spk, &l->look->output_spk))
        return ASSAY_OK;
    return ref_kaspa_contradicts(l->ask, "output %" PRIu32 " of %s is not what it pays",
                                 l->look->output_index, ref_kaspa_hex(&l->look->txid).text);
}

/* What is below the pruning point is final, and no block is left that could tell of it: the
 * pruning point stands for the one that accepts it. */
static void take_older(struct looking *l)
{
    l->walk = (struct ref_kaspa_walk){
        .txid = &l->look->txid,
        .is_found = true,
        .found = l->look->txid,
        .block = l->search.marks[0],
        .end = l->search.end,
        .depth = l->search.blocks + 1,
    };
}

static enum assay_code not_found_by_output(struct looking *l)
{
    return ref_kaspa_contradicts(
        l->ask, "output %" PRIu32 " of %s is there, and no block of the chain accepts that yet",
        l->output->outpoint.index, ref_kaspa_hex(&l->look->txid).text);
}

/* A node's coins are those of the block that is not mined yet, and so may be ahead of its chain. */
static enum assay_code check_score(struct looking *l)
{
    struct ref_kaspa_block sink = {.daa_score = 0};
    enum assay_code rc = ref_kaspa_get_block(l->ask, &sink, &l->search.dag.sink);

    if (rc == ASSAY_OK && l->output->utxo.block_daa_score > sink.daa_score)
        return not_found_by_output(l);
    return rc;
}

/* Its output is there, so it is accepted, by the block whose score the output bears. */
static enum assay_code find_by_output(struct looking *l)
{
    enum assay_code rc =
        ref_kaspa_walk_at(&l->search, &l->walk, l->output->utxo.block_daa_score, &l->is_older);

    if (rc == ASSAY_OK && l->is_older)
        take_older(l);
    if (rc != ASSAY_OK || l->walk.is_found)
        return rc;
    if (l->walk.is_whole || l->walk.is_past)
        return not_found_by_output(l);
    return assay_fail(l->ask->err, ASSAY_E_TOO_LARGE, 0,
                      "the block that accepts %s is not within %u pages of the chain",
                      ref_kaspa_hex(&l->look->txid).text, l->ask->node->options.page_max);
}

/* What was accepted has spent its coins, and until they are gone nothing is looked for further
 * back. The walks from what a caller knows, or what was seen ten minutes ago, find nearly all. */
static enum assay_code find_it(struct looking *l)
{
    bool is_read;
    enum assay_code rc = walk_near(l, &l->walk, &is_read);
    bool has_spent = l->spends == 0 || l->gone_count > 0;

    if (rc != ASSAY_OK || l->walk.is_found || (!has_spent && l->output == NULL) ||
        (rc = get_output(l)) != ASSAY_OK)
        return rc;
    if (l->output != NULL && is_read && (rc = check_score(l)) != ASSAY_OK)
        return rc;
    if (l->output != NULL)
        return find_by_output(l);
    if (is_read && (l->is_output_known || l->look->has_since))
        return ASSAY_OK;
    return ref_kaspa_walk_back(&l->search, &l->walk);
}

static enum assay_code settle(struct looking *l)
{
    bool is_wanted = l->look->wants_body || (l->look->wants_spent && l->spends > 0);
    enum assay_code rc;

    if (!l->look->has_tx)
        return who_has_spent(l);
    if ((rc = find_it(l)) != ASSAY_OK)
        return rc;
    if (!l->walk.is_found)
        return not_accepted(l);
    rc = accepted(l);
    return rc == ASSAY_OK && is_wanted && !l->is_older ? read_it(l) : rc;
}

/* ---- coins ---- */

static enum assay_code get_coins(struct looking *l)
{
    size_t most = l->ask->node->options.coins_max;

    if (l->look->count > most)
        return assay_fail(l->ask->err, ASSAY_E_TOO_LARGE, 0, "%zu coins are asked for, %zu at most",
                          l->look->count, most);
    if (l->look->count == 0)
        return ASSAY_OK;
    return ref_kaspa_get_coins(l->ask, &l->coins, l->look->spks, l->look->count);
}

/* Which of them the transaction spends, and which it makes. */
static void sort_coin(struct looking *l, size_t i, const struct ref_kaspa_coin *coin)
{
    if (is_own(l, i)) {
        l->has_own = true;
        l->output = l->output != NULL ? l->output : coin;
        return;
    }
    l->spends++;
    if (coin == NULL)
        l->gone[l->gone_count++] = l->look->outpoints[i];
}

/* In the order of the question, with scripts of their own. */
static enum assay_code put_coins(struct looking *l)
{
    size_t count = l->look->count;
    bool ok;

    l->sight.utxos = assay_arena_alloc(l->arena, count * sizeof(*l->sight.utxos));
    l->sight.is_missing = assay_arena_alloc(l->arena, count * sizeof(*l->sight.is_missing));
    l->gone = assay_arena_alloc(&l->ask->scratch, count * sizeof(*l->gone));
    ok = l->sight.utxos != NULL && l->sight.is_missing != NULL && l->gone != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        const struct ref_kaspa_coin *coin = ref_kaspa_find_coin(&l->coins, &l->look->outpoints[i]);

        l->sight.is_missing[i] = coin == NULL;
        sort_coin(l, i, coin);
        if (coin == NULL)
            continue;
        l->sight.utxos[i] = coin->utxo;
        l->sight.utxos[i].spk.script = assay_arena_copy(l->arena, coin->utxo.spk.script);
        ok = l->sight.utxos[i].spk.script.at != NULL;
    }
    return ok ? ASSAY_OK : assay_fail(l->ask->err, ASSAY_E_NOMEM, 0, "out of memory for coins");
}

/* ---- the try ---- */

/* The coins come first: what has spent one by then is on the chain that is read after that. A look
 * for whoever spends them has seen the chain's end before them too: while they are there, who does
 * it is above that, and no more is asked. */
static enum assay_code see_coins(struct looking *l)
{
    bool is_watch = !l->look->has_tx && l->look->wants_spender;
    enum assay_code rc;

    if (is_watch && (rc = ref_kaspa_get_dag(l->ask, &l->search.dag)) != ASSAY_OK)
        return rc;
    l->sight.before = l->search.dag.sink;
    if ((rc = get_coins(l)) != ASSAY_OK || (rc = put_coins(l)) != ASSAY_OK)
        return rc;
    l->sight.has_before = is_watch && l->gone_count == 0;
    return l->sight.has_before ? ASSAY_OK : ref_kaspa_get_dag(l->ask, &l->search.dag);
}

enum assay_code ref_kaspa_look(struct ref_kaspa_ask *ask, struct kx_sight *out,
                               struct assay_arena *arena, const struct kx_look *look)
{
    struct looking l = {
        .ask = ask,
        .arena = arena,
        .look = look,
        .search = {.ask = ask, .look = look},
        .walk = {.txid = &look->txid},
    };
    enum assay_code rc;

    if ((rc = see_coins(&l)) != ASSAY_OK)
        return rc;
    l.sight.pov = l.search.dag.pov;
    l.sight.sink = l.search.dag.sink;
    l.sight.evidence.status = KX_CHAIN_UNKNOWN;
    l.sight.evidence.transaction_id = look->txid;
    if ((rc = settle(&l)) != ASSAY_OK)
        return rc;
    ref_kaspa_remember(ask->node, &l.search.dag);
    *out = l.sight;
    return ASSAY_OK;
}
