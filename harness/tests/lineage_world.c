/* A client world with a lineage on its chain; see lineage_world.h. */
#include "lineage_world.h"

#include "kaspa/covenant.h"
#include "kaspa/txid.h"

#define FEE (KAS / 100)

/* Spends the head, or the funding, for `payout` to nobody's lineage, and the rest to its successor;
 * 0: there is none. It has a payload, so that no part of a transaction is missing. */
static const struct kaspa_tx *step(struct lineage *l, uint64_t payout, uint64_t successor)
{
    struct node_world *w = &l->c.w;
    bool is_genesis = payout == 0;
    const struct kaspa_spend spend = {
        .kind = KASPA_SPEND_PUBKEY,
        .outpoint = is_genesis ? w->funding : l->head,
        .utxo = {.amount = is_genesis ? 10 * KAS : l->value,
                 .spk = w->spk,
                 .has_covenant = !is_genesis,
                 .covenant_id = l->covenant},
        .sequence = KASPA_SEQUENCE_FINAL,
        .key = &w->key,
        .unlock = ASSAY_LIT(""),
        .redeem = ASSAY_LIT(""),
        .commit = KASPA_COMMIT_LEARN,
    };
    struct kaspa_output outputs[2] = {{.value = payout, .spk = w->spk}};
    struct kaspa_plan plan = {.version = 1,
                              .spends = &spend,
                              .spend_count = 1,
                              .outputs = outputs,
                              .payload = w->spk.script};
    struct kaspa_tx *tx = assay_arena_alloc(&w->arena, sizeof(*tx));
    struct assay_err err = {.code = ASSAY_OK};

    cr_assert_not_null(tx);
    plan.output_count = is_genesis ? 0 : 1;
    if (successor > 0)
        outputs[plan.output_count++] = (struct kaspa_output){
            .value = successor, .spk = w->spk, .has_covenant = true, .covenant_id = l->covenant};
    if (is_genesis)
        kaspa_covenant_id(&outputs[0].covenant_id, &w->funding,
                          &(struct kaspa_genesis_output){0, &outputs[0]}, 1);
    cr_assert_eq(kaspa_build(tx, &w->arena, &plan, &err), ASSAY_OK, "%s", err.text);
    return tx;
}

void lineage_begin(struct lineage *l, unsigned blocks)
{
    const struct kaspa_mining how = {.blocks = blocks, .merged = LINEAGE_MERGED};

    *l = (struct lineage){.value = 10 * KAS - FEE};
    client_begin(&l->c);
    world_mine(&l->c.w, 3);
    l->born = world_info(&l->c.w).sink;
    l->genesis = step(l, 0, l->value);
    l->covenant = l->genesis->outputs[0].covenant_id;
    l->head.txid = world_submit(&l->c.w, l->genesis);
    l->claim = step(l, 3 * KAS, l->value - 3 * KAS - FEE);
    l->refund = step(l, l->value - FEE, 0);
    kaspa_txid(&l->claim_id, l->claim);
    kaspa_txid(&l->refund_id, l->refund);
    world_change(&l->c.w, &how);
}

void lineage_end(struct lineage *l)
{
    client_end(&l->c);
}

void lineage_reorganise(struct lineage *l, unsigned depth, const struct kaspa_tx *winner)
{
    kaspa_chain_lock_take(l->c.w.lock);
    cr_assert_eq(kaspa_chain_reorganise(l->c.w.chain, depth, winner, NULL), ASSAY_OK);
    kaspa_chain_lock_give(l->c.w.lock);
}

/* ---- the questions ---- */

enum assay_code lineage_ask(struct lineage *l, const struct kx_look *question)
{
    l->c.err = (struct assay_err){.code = ASSAY_OK};
    l->c.sight = (struct kx_sight){.utxos = NULL};
    return ref_kaspa_node_look(l->c.client, &l->c.sight, &l->c.w.arena, question, &l->c.err);
}

struct kx_look lineage_birth(const struct lineage *l)
{
    return (struct kx_look){
        .outpoints = &l->head,
        .spks = &l->c.w.spk,
        .count = 1,
        .has_tx = true,
        .txid = l->head.txid,
        .wants_body = true,
    };
}

struct kx_look lineage_head(const struct lineage *l)
{
    return (struct kx_look){
        .outpoints = &l->head,
        .spks = &l->c.w.spk,
        .count = 1,
        .wants_spender = true,
        .wants_body = true,
    };
}

void lineage_expect_body(struct lineage *l, const char *when, const struct kaspa_hash *id,
                         const struct kaspa_tx *tx)
{
    const struct kx_sight *sight = &l->c.sight;

    cr_expect(kaspa_hash_equal(&sight->accepted, id), "%s", when);
    cr_assert(sight->has_body, "%s", when);
    cr_expect(kaspa_tx_equal(&sight->body, tx), "%s", when);
}

void lineage_expect(struct lineage *l, const char *when, enum kx_chain_status status,
                    uint64_t confirmations)
{
    const struct kx_chain_evidence *evidence = &l->c.sight.evidence;

    cr_expect_eq(evidence->status, status, "%s: %s", when, client_status(evidence->status));
    cr_expect_eq(evidence->has_confirmations, confirmations > 0, "%s", when);
    cr_expect_eq(evidence->confirmations, confirmations, "%s: %llu", when,
                 (unsigned long long)evidence->confirmations);
}
