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
    struct ref_kaspa_coins coins; /* that it spends */
    struct ref_kaspa_coins outputs;
    const struct ref_kaspa_coin *output; /* that it makes; NULL: not there, or not known */
    bool is_output_known;
    struct ref_kaspa_walk walk; /* of the transaction */
    bool is_older;              /* than all that the node keeps of the chain */
    uint64_t behind;            /* blue scores of the accepting block behind the end of its walk */
    struct kx_sight sight;
};

/* ---- along the chain ---- */

static enum assay_code walk_it(struct looking *l, struct ref_kaspa_walk *walk)
{
    bool is_read;
    enum assay_code rc = ref_kaspa_walk_near(&l->search, walk, &is_read);
    bool goes_back = !is_read || (!walk->is_found && l->look->wants_spender);

    return rc == ASSAY_OK && goes_back ? ref_kaspa_walk_back(&l->search, walk) : rc;
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
    l->sight.sink = walk->end;
    return ASSAY_OK;
}

/* ---- the transaction ---- */

/* An id commits to all that a transaction makes, so the block that accepts it is the whole
 * evidence: what it spends must be gone, and whether what it makes is still there says nothing. */
static enum assay_code accepted(struct looking *l)
{
    enum assay_code rc;

    for (size_t i = 0; i < l->look->count; i++)
        if (!l->sight.is_missing[i])
            return ref_kaspa_contradicts(l->ask,
                                         "%s is accepted, and coin %zu that it spends is there",
                                         ref_kaspa_hex(&l->look->txid).text, i);
    if ((rc = confirm(l, &l->walk, KX_CHAIN_ACCEPTED)) == ASSAY_OK) {
        l->sight.has_before = !l->is_older;
        l->sight.before = l->walk.before;
    }
    return rc;
}

/* The set has the coins no more, but of each chain block a node knows what the transactions that it
 * accepted have spent (exact digest, section 7, rule 11). It is asked once more, from below the one
 * that accepts this transaction. */
static enum assay_code what_it_spent(struct looking *l)
{
    struct ref_kaspa_walk spender = {
        .outpoints = l->look->outpoints,
        .outpoint_count = l->look->count,
        .spent = l->sight.utxos,
        .arena = l->arena,
        .behind = l->behind,
    };
    enum assay_code rc = ref_kaspa_walk_from(&l->search, &spender, &l->walk.before);

    if (rc != ASSAY_OK || (spender.is_found && kaspa_hash_equal(&spender.found, &l->look->txid)))
        return rc;
    return ref_kaspa_contradicts(l->ask, "%s is accepted, and does not spend its coins",
                                 ref_kaspa_hex(&l->look->txid).text);
}

static bool any_is_missing(const struct looking *l)
{
    for (size_t i = 0; i < l->look->count; i++)
        if (l->sight.is_missing[i])
            return true;
    return false;
}

/* A coin is gone: by whom, if it can be found. Both ways to ask must name the same transaction. */
static enum assay_code spent_by_another(struct looking *l)
{
    struct ref_kaspa_walk spender = {
        .outpoints = l->look->outpoints,
        .outpoint_count = l->look->count,
    };
    struct ref_kaspa_walk walk = {.txid = &spender.found};
    enum assay_code rc = walk_it(l, &spender);

    if (rc != ASSAY_OK || !spender.is_found)
        return rc;
    if (kaspa_hash_equal(&spender.found, &l->look->txid))
        return ref_kaspa_contradicts(l->ask, "%s is accepted, and it is not",
                                     ref_kaspa_hex(&l->look->txid).text);
    if ((rc = walk_it(l, &walk)) != ASSAY_OK)
        return rc;
    if (!walk.is_found)
        return ref_kaspa_contradicts(l->ask, "%s spends a coin, and is not accepted",
                                     ref_kaspa_hex(&spender.found).text);
    return confirm(l, &walk, KX_CHAIN_ABSENT);
}

static enum assay_code not_accepted(struct looking *l)
{
    bool is_in_mempool = false;
    enum assay_code rc = ref_kaspa_is_in_mempool(l->ask, &is_in_mempool, &l->look->txid);

    if (rc != ASSAY_OK)
        return rc;
    if (is_in_mempool)
        l->sight.evidence.status = KX_CHAIN_MEMPOOL;
    return !is_in_mempool && any_is_missing(l) ? spent_by_another(l) : ASSAY_OK;
}

/* ---- where it was accepted ---- */

/* Strangers can pay to that script as often as they like, so that more coins than are read are no
 * failure: then nothing is known of this one. */
static enum assay_code get_output(struct looking *l)
{
    const struct kaspa_outpoint outpoint = {.txid = l->look->txid, .index = l->look->output_index};
    enum assay_code rc = ref_kaspa_get_coins(l->ask, &l->outputs, &l->look->output_spk, 1);

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
        l->look->output_index, ref_kaspa_hex(&l->look->txid).text);
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
    enum assay_code rc = ref_kaspa_walk_near(&l->search, &l->walk, &is_read);

    if (rc != ASSAY_OK || l->walk.is_found || (l->look->count > 0 && !any_is_missing(l)) ||
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
    enum assay_code rc = find_it(l);

    if (rc != ASSAY_OK)
        return rc;
    if (!l->walk.is_found)
        return not_accepted(l);
    rc = accepted(l);
    if (rc == ASSAY_OK && l->look->wants_spent && !l->is_older && any_is_missing(l))
        rc = what_it_spent(l);
    return rc;
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

/* In the order of the question, with scripts of their own. */
static enum assay_code put_coins(struct looking *l)
{
    size_t count = l->look->count;
    bool ok;

    l->sight.utxos = assay_arena_alloc(l->arena, count * sizeof(*l->sight.utxos));
    l->sight.is_missing = assay_arena_alloc(l->arena, count * sizeof(*l->sight.is_missing));
    ok = l->sight.utxos != NULL && l->sight.is_missing != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        const struct ref_kaspa_coin *coin = ref_kaspa_find_coin(&l->coins, &l->look->outpoints[i]);

        l->sight.is_missing[i] = coin == NULL;
        if (coin == NULL)
            continue;
        l->sight.utxos[i] = coin->utxo;
        l->sight.utxos[i].spk.script = assay_arena_copy(l->arena, coin->utxo.spk.script);
        ok = l->sight.utxos[i].spk.script.at != NULL;
    }
    return ok ? ASSAY_OK : assay_fail(l->ask->err, ASSAY_E_NOMEM, 0, "out of memory for coins");
}

/* ---- the try ---- */

/* The coins come first: what has spent one by then is on the chain that is read after that. */
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

    if ((rc = get_coins(&l)) != ASSAY_OK || (rc = put_coins(&l)) != ASSAY_OK ||
        (rc = ref_kaspa_get_dag(ask, &l.search.dag)) != ASSAY_OK)
        return rc;
    l.sight.pov = l.search.dag.pov;
    l.sight.sink = l.search.dag.sink;
    l.sight.evidence.status = KX_CHAIN_UNKNOWN;
    l.sight.evidence.transaction_id = look->txid;
    if (look->has_tx && (rc = settle(&l)) != ASSAY_OK)
        return rc;
    ref_kaspa_remember(ask->node, &l.search.dag);
    *out = l.sight;
    return ASSAY_OK;
}
