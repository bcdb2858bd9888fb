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
    struct ref_kaspa_dag dag;
    struct ref_kaspa_coins coins;
    struct ref_kaspa_walk walk; /* of the transaction */
    uint64_t behind;            /* blue scores of the accepting block behind the end of its walk */
    struct kx_sight sight;
};

/* ---- along the chain ---- */

static enum assay_code walk_from(struct looking *l, struct ref_kaspa_walk *walk,
                                 const struct kaspa_hash *start)
{
    walk->end = *start;
    walk->sink = l->dag.sink;
    return ref_kaspa_walk(l->ask, walk);
}

/* From where the caller says, or the oldest checkpoint; a start that the node does not know (any
 * more) is the pruning point. */
static enum assay_code walk_it(struct looking *l, struct ref_kaspa_walk *walk)
{
    const struct ref_kaspa_walk fresh = *walk;
    struct kaspa_hash start = l->look->since;
    struct assay_err *err = l->ask->err, unknown = {.code = ASSAY_OK};
    enum assay_code rc;

    if (!l->look->has_since && !ref_kaspa_oldest_checkpoint(l->ask->node, &start))
        return walk_from(l, walk, &l->dag.pruning_point);
    l->ask->err = &unknown;
    rc = walk_from(l, walk, &start);
    l->ask->err = err;
    if (rc != ASSAY_E_DENIED)
        return rc == ASSAY_OK ? rc : assay_fail(err, rc, unknown.at, "%s", unknown.text);
    *walk = fresh;
    return walk_from(l, walk, &l->dag.pruning_point);
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

static const struct ref_kaspa_coin *find_output(const struct looking *l)
{
    const struct kaspa_outpoint outpoint = {.txid = l->look->txid, .index = l->look->output_index};

    return ref_kaspa_find_coin(&l->coins, &outpoint);
}

/* What it spends must be gone; what it makes must be there as it is said to be, or be gone too. */
static enum assay_code accepted(struct looking *l)
{
    const struct ref_kaspa_coin *output = find_output(l);

    for (size_t i = 0; i < l->look->count; i++)
        if (ref_kaspa_find_coin(&l->coins, &l->look->outpoints[i]) != NULL)
            return ref_kaspa_contradicts(l->ask,
                                         "%s is accepted, and coin %zu that it spends is there",
                                         ref_kaspa_hex(&l->look->txid).text, i);
    if (output != NULL && (output->utxo.amount != l->look->output_amount ||
                           !kaspa_spk_equal(&output->utxo.spk, &l->look->output_spk)))
        return ref_kaspa_contradicts(l->ask, "output %" PRIu32 " of %s is not what it pays",
                                     l->look->output_index, ref_kaspa_hex(&l->look->txid).text);
    l->sight.is_output_gone = output == NULL;
    return confirm(l, &l->walk, KX_CHAIN_ACCEPTED);
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
    enum assay_code rc = walk_from(l, &spender, &l->walk.before);

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
    if (is_in_mempool && find_output(l) != NULL)
        return ref_kaspa_contradicts(l->ask, "%s is in the mempool, and its output is accepted",
                                     ref_kaspa_hex(&l->look->txid).text);
    if (is_in_mempool)
        l->sight.evidence.status = KX_CHAIN_MEMPOOL;
    return !is_in_mempool && any_is_missing(l) ? spent_by_another(l) : ASSAY_OK;
}

static enum assay_code settle(struct looking *l)
{
    enum assay_code rc = ASSAY_OK;

    /* Its output is there, so it was accepted, before the walk began if not in it. */
    if (!l->walk.is_found && find_output(l) != NULL) {
        l->walk = (struct ref_kaspa_walk){.txid = &l->look->txid};
        rc = walk_from(l, &l->walk, &l->dag.pruning_point);
    }
    if (rc != ASSAY_OK)
        return rc;
    if (!l->walk.is_found)
        return not_accepted(l);
    rc = accepted(l);
    if (rc == ASSAY_OK && l->look->wants_spent && any_is_missing(l))
        rc = what_it_spent(l);
    return rc;
}

/* ---- coins ---- */

static enum assay_code get_coins(struct looking *l)
{
    size_t count = l->look->count, more = l->look->has_tx ? 1 : 0;
    size_t most = l->ask->node->options.coins_max;
    struct kaspa_spk *spks;

    if (count > most)
        return assay_fail(l->ask->err, ASSAY_E_TOO_LARGE, 0, "%zu coins are asked for, %zu at most",
                          count, most);
    if ((spks = assay_arena_alloc(&l->ask->scratch, (count + more) * sizeof(*spks))) == NULL)
        return assay_fail(l->ask->err, ASSAY_E_NOMEM, 0, "out of memory for coins");
    if (count + more == 0)
        return ASSAY_OK;
    if (count > 0)
        memcpy(spks, l->look->spks, count * sizeof(*spks));
    if (l->look->has_tx)
        spks[count] = l->look->output_spk;
    return ref_kaspa_get_coins(l->ask, &l->coins, spks, count + more);
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

enum assay_code ref_kaspa_look(struct ref_kaspa_ask *ask, struct kx_sight *out,
                               struct assay_arena *arena, const struct kx_look *look)
{
    struct looking l = {
        .ask = ask,
        .arena = arena,
        .look = look,
        .walk = {.txid = &look->txid},
    };
    enum assay_code rc;

    if ((rc = ref_kaspa_get_dag(ask, &l.dag)) != ASSAY_OK)
        return rc;
    l.sight.pov = l.dag.pov;
    l.sight.sink = l.dag.sink;
    l.sight.evidence.status = KX_CHAIN_UNKNOWN;
    l.sight.evidence.transaction_id = look->txid;
    if (look->has_tx && (rc = walk_it(&l, &l.walk)) != ASSAY_OK)
        return rc;
    if ((rc = get_coins(&l)) != ASSAY_OK || (rc = put_coins(&l)) != ASSAY_OK)
        return rc;
    if (look->has_tx && (rc = settle(&l)) != ASSAY_OK)
        return rc;
    ref_kaspa_remember(ask->node, &l.dag);
    *out = l.sight;
    return ASSAY_OK;
}
