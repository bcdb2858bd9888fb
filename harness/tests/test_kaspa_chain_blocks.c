/* The simulated Kaspa network: mining, what it opens, reorganisations, pruning and forks. */
#include "chain_world.h"

#include "kaspa/covenant.h"

/* ---- mining ---- */

Test(kaspa_chain_blocks, have_scores_that_grow_by_what_they_merge)
{
    struct kaspa_chain *chain = chain_of("mine");
    struct kaspa_chain_info before = info_of(chain), after;
    struct kaspa_chain_block block, parent, beside;

    cr_assert_eq(kaspa_chain_mine(
                     chain, &(struct kaspa_mining){.blocks = 3, .merged = 2, .interval_ms = 1000}),
                 ASSAY_OK);
    after = info_of(chain);
    cr_expect_eq(after.daa_score, before.daa_score + 9);
    cr_expect_eq(after.blue_score, before.blue_score + 9);
    cr_expect_eq(after.sink_time_ms, before.sink_time_ms + 3000);
    cr_expect_eq(after.past_median_time_ms, before.past_median_time_ms + 3000);
    cr_expect_eq(after.chain_blocks, 4);
    cr_assert(kaspa_chain_block_at(chain, &block, 3) && kaspa_chain_block_at(chain, &parent, 2));
    cr_expect(kaspa_hash_equal(&block.hash, &after.sink));
    cr_expect(kaspa_hash_equal(&block.selected_parent, &parent.hash));
    cr_expect_eq(block.merged_count, 3);
    cr_expect(kaspa_hash_equal(&block.merged[0], &parent.hash));
    for (size_t i = 1; i < block.merged_count; i++) {
        cr_assert(kaspa_chain_block(chain, &beside, &block.merged[i]));
        cr_expect_not(beside.is_chain_block);
        cr_expect(kaspa_hash_equal(&beside.selected_parent, &parent.selected_parent));
        cr_expect_eq(beside.height, parent.height);
        cr_expect_eq(beside.merged_count, 1);
        cr_expect_lt(beside.blue_score, block.blue_score);
        cr_expect(kaspa_hash_equal(&beside.merged[0], &beside.selected_parent));
    }
    cr_expect_not(kaspa_chain_block_at(chain, &block, 4));
    cr_expect_not(kaspa_chain_block(chain, &block, &(struct kaspa_hash){{9}}));
    mine(chain, 1);
    cr_expect_eq(info_of(chain).sink_time_ms, after.sink_time_ms + 100);
    kaspa_chain_free(chain);
}

Test(kaspa_chain_blocks, are_at_most_as_many_as_there_may_be)
{
    struct kaspa_chain *chain = chain_of("many");
    struct kaspa_spk spk = open_spk();
    struct kaspa_outpoint outpoint;
    struct kaspa_mining too_many = {.blocks = KASPA_CHAIN_MAX_BLOCKS / 64, .merged = 63};
    struct kaspa_mining most = {.blocks = UINT32_MAX, .merged = UINT32_MAX};

    cr_expect_eq(kaspa_chain_mine(chain, &most), ASSAY_E_TOO_LARGE);
    cr_expect_eq(kaspa_chain_mine(chain, &too_many), ASSAY_E_TOO_LARGE);
    mine(chain, 0);
    cr_expect_eq(info_of(chain).chain_blocks, 1);
    too_many.blocks--;
    cr_expect_eq(kaspa_chain_mine(chain, &too_many), ASSAY_OK);
    mine(chain, 63);
    cr_expect_eq(kaspa_chain_fund(chain, &outpoint, &spk, KAS), ASSAY_E_TOO_LARGE);
    cr_expect_eq(kaspa_chain_reorganise(chain, 0, NULL, NULL), ASSAY_E_TOO_LARGE);
    cr_expect_eq(info_of(chain).chain_blocks, KASPA_CHAIN_MAX_BLOCKS / 64 + 63);
    kaspa_chain_free(chain);
}

Test(kaspa_chain_blocks, accept_each_one_generation_and_say_so)
{
    struct kaspa_chain *chain = chain_of("generations");
    struct kaspa_hash id = funded(chain, 9 * KAS), sink;
    struct kaspa_chain_block block;
    struct kaspa_chain_tx tx;
    struct kaspa_utxo utxo;
    struct kaspa_hash ids[3];

    for (unsigned i = 0; i < ARRAY_LEN(ids); i++)
        id = ids[i] = spend(chain, &id, (8 - i) * KAS, KASPA_SUBMITTED);
    mine(chain, 4);
    sink = info_of(chain).sink;
    for (unsigned i = 0; i < ARRAY_LEN(ids); i++) {
        cr_assert(kaspa_chain_block_at(chain, &block, 2 + i));
        cr_expect_eq(block.accepted_count, 1);
        cr_expect(kaspa_hash_equal(&block.accepted[0], &ids[i]));
        cr_assert(kaspa_chain_tx(chain, &tx, &ids[i]));
        cr_expect(kaspa_hash_equal(&tx.accepting_block, &block.hash));
        cr_expect_eq(tx.confirmations, 4 - i);
        cr_expect_eq(tx.spent[0].block_daa_score, block.daa_score - 1);
    }
    cr_assert(kaspa_chain_block(chain, &block, &sink));
    cr_expect_eq(block.accepted_count, 0);
    cr_assert(kaspa_chain_utxo(chain, &utxo, &(struct kaspa_outpoint){ids[2], 0}));
    cr_expect_eq(utxo.block_daa_score, block.daa_score - 1);
    cr_expect_not(kaspa_chain_utxo(chain, &utxo, &(struct kaspa_outpoint){ids[1], 0}));
    kaspa_chain_free(chain);
}

/* A lock that the mempool does not see, since what it spends is unconfirmed. */
Test(kaspa_chain_blocks, wait_until_locks_are_open)
{
    struct kaspa_chain *chain = chain_of("locks");
    struct kaspa_hash id = funded(chain, 9 * KAS);
    struct kaspa_hash parent = spend(chain, &id, 8 * KAS, KASPA_SUBMITTED);
    struct kaspa_chain_tx tx;
    struct draft d;

    draft_init(&d);
    draft_spend(&d, &parent, 0);
    draft_pay(&d, 7 * KAS);
    d.inputs[0].sequence = 5;
    cr_assert_eq(kaspa_chain_submit(chain, &d.tx, &id, NULL, NULL), KASPA_SUBMITTED);
    mine(chain, 5);
    cr_expect_eq(state_of(chain, &parent), KASPA_TX_ACCEPTED);
    cr_expect_eq(state_of(chain, &id), KASPA_TX_IN_MEMPOOL);
    mine(chain, 3);
    cr_assert(kaspa_chain_tx(chain, &tx, &id));
    cr_expect_eq(tx.state, KASPA_TX_ACCEPTED);
    cr_expect_eq(tx.confirmations, 3, "five blocks after the first");
    kaspa_chain_free(chain);
}

static const struct {
    const char *name, *script;
    bool is_mined;
} score_scripts[] = {
    {"whatever the score", "0 TXINPUTDAASCORE DROP TRUE", true},
    {"only while it is unconfirmed", "0 TXINPUTDAASCORE 0 LESSTHAN", false},
};

Test(kaspa_chain_blocks, run_scripts_again_that_may_see_another_score)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

    for (size_t i = 0; i < ARRAY_LEN(score_scripts); i++) {
        struct kaspa_chain *chain = chain_of("scores");
        struct kaspa_hash funding = funded(chain, 9 * KAS), id, child;
        struct draft d;

        draft_init(&d);
        draft_spend(&d, &funding, 0);
        draft_pay(&d, 8 * KAS);
        d.outputs[0].spk = spk_of(&arena, score_scripts[i].script);
        cr_assert_eq(kaspa_chain_submit(chain, &d.tx, &id, NULL, NULL), KASPA_SUBMITTED);
        child = spend(chain, &id, 7 * KAS, KASPA_SUBMITTED);
        mine(chain, 1);
        mine(chain, 2);
        cr_expect_eq(state_of(chain, &child) == KASPA_TX_ACCEPTED, score_scripts[i].is_mined,
                     "row: %s", score_scripts[i].name);
        cr_expect_eq(state_of(chain, &child) == KASPA_TX_IN_MEMPOOL, !score_scripts[i].is_mined,
                     "row: %s", score_scripts[i].name);
        kaspa_chain_free(chain);
    }
    assay_arena_fini(&arena);
}

Test(kaspa_chain_blocks, carry_covenants_into_the_set)
{
    struct kaspa_chain *chain = chain_of("covenant");
    struct kaspa_hash funding = funded(chain, 9 * KAS), id;
    struct kaspa_genesis_output genesis = {0};
    struct kaspa_utxo utxo;
    struct draft d;

    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, 8 * KAS);
    d.tx.version = 1;
    d.inputs[0].commit_kind = KASPA_COMMIT_BUDGET;
    genesis.output = &d.outputs[0];
    kaspa_covenant_id(&d.outputs[0].covenant_id, &d.inputs[0].previous, &genesis, 1);
    d.outputs[0].has_covenant = true;
    cr_assert_eq(kaspa_chain_submit(chain, &d.tx, &id, NULL, NULL), KASPA_SUBMITTED);
    mine(chain, 1);
    cr_assert(kaspa_chain_utxo(chain, &utxo, &(struct kaspa_outpoint){id, 0}));
    cr_expect(utxo.has_covenant);
    cr_expect(kaspa_hash_equal(&utxo.covenant_id, &d.outputs[0].covenant_id));
    kaspa_chain_free(chain);
}

Test(kaspa_chain_blocks, list_the_outputs_of_a_script_as_far_as_there_is_room)
{
    struct kaspa_chain *chain = chain_of("of");
    struct kaspa_spk spk = open_spk(), other = {.version = 1, .script = spk.script};
    struct kaspa_hash first = funded(chain, 1 * KAS), second = funded(chain, 2 * KAS);
    struct kaspa_outpoint outpoints[2];
    struct kaspa_utxo utxos[2];

    cr_expect_eq(kaspa_chain_utxos_of(chain, &other, NULL, NULL, 0), 0);
    cr_expect_eq(kaspa_chain_utxos_of(chain, &spk, outpoints, utxos, 1), 2);
    cr_expect(kaspa_hash_equal(&outpoints[0].txid, &first));
    spend(chain, &first, KAS / 2, KASPA_SUBMITTED);
    cr_expect_eq(kaspa_chain_utxos_of(chain, &spk, NULL, NULL, 0), 2, "the accepted set alone");
    mine(chain, 1);
    cr_expect_eq(kaspa_chain_utxos_of(chain, &spk, outpoints, utxos, 2), 2);
    cr_expect(kaspa_hash_equal(&outpoints[0].txid, &second));
    cr_expect_eq(utxos[0].amount, 2 * KAS);
    cr_expect_eq(utxos[1].amount, KAS / 2);
    kaspa_chain_free(chain);
}

/* ---- reorganisations ---- */

Test(kaspa_chain_blocks, that_are_taken_off_give_back_what_they_accepted)
{
    struct kaspa_chain *chain = chain_of("reorganise");
    struct kaspa_hash funding = funded(chain, 9 * KAS);
    struct kaspa_hash first = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED), second, waiting;
    struct kaspa_chain_info before, after;
    struct kaspa_chain_block removed, block;
    struct kaspa_chain_tx tx;
    struct kaspa_hash ids[3];

    mine(chain, 1);
    second = spend(chain, &first, 7 * KAS, KASPA_SUBMITTED);
    mine(chain, 1);
    waiting = spend(chain, &second, 6 * KAS, KASPA_SUBMITTED);
    before = info_of(chain);
    cr_assert_eq(kaspa_chain_reorganise(chain, 2, NULL, NULL), ASSAY_OK);
    after = info_of(chain);
    cr_expect_eq(after.chain_blocks, before.chain_blocks + 1);
    cr_expect_eq(after.daa_score, before.daa_score + 1);
    cr_expect_eq(after.blue_score, before.blue_score + 1);
    cr_expect_gt(after.sink_time_ms, before.sink_time_ms);
    cr_assert(kaspa_chain_block(chain, &removed, &before.sink));
    cr_expect_not(removed.is_chain_block);
    cr_expect_eq(removed.accepted_count, 1);
    cr_assert(kaspa_chain_block_at(chain, &block, removed.height));
    cr_expect_not(kaspa_hash_equal(&block.hash, &removed.hash));
    cr_expect_eq(block.daa_score, removed.daa_score);
    cr_expect_eq(block.time_ms, removed.time_ms + 1);
    cr_assert_eq(kaspa_chain_mempool(chain, ids, 3), 3);
    cr_expect(kaspa_hash_equal(&ids[0], &first) && kaspa_hash_equal(&ids[1], &second) &&
              kaspa_hash_equal(&ids[2], &waiting));
    cr_assert(kaspa_chain_tx(chain, &tx, &waiting));
    cr_expect_eq(tx.spent[0].block_daa_score, UINT64_MAX);
    mine(chain, 1);
    cr_expect_eq(info_of(chain).mempool_size, 3, "held");
    cr_expect(kaspa_chain_hold(chain, &first, false) && kaspa_chain_hold(chain, &second, false));
    mine(chain, 3);
    cr_expect_eq(state_of(chain, &waiting), KASPA_TX_ACCEPTED);
    kaspa_chain_free(chain);
}

Test(kaspa_chain_blocks, that_are_put_there_accept_a_winner_and_drop_the_losers)
{
    struct kaspa_chain *chain = chain_of("winner");
    struct kaspa_hash funding = funded(chain, 9 * KAS), other = funded(chain, 9 * KAS);
    struct kaspa_hash loser = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    struct kaspa_hash bystander = spend(chain, &other, 8 * KAS, KASPA_SUBMITTED), child, id;
    struct kaspa_chain_tx tx;
    struct kaspa_chain_block block;
    struct draft d;

    mine(chain, 1);
    child = spend(chain, &loser, 7 * KAS, KASPA_SUBMITTED);
    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, 5 * KAS);
    cr_assert_eq(kaspa_chain_reorganise(chain, 1, &d.tx, NULL), ASSAY_OK);
    cr_expect_eq(kaspa_chain_submit(chain, &d.tx, &id, NULL, NULL), KASPA_KNOWN);
    cr_expect_eq(state_of(chain, &loser), KASPA_TX_UNKNOWN);
    cr_expect_eq(state_of(chain, &child), KASPA_TX_UNKNOWN);
    cr_expect_eq(state_of(chain, &bystander), KASPA_TX_IN_MEMPOOL);
    cr_assert(kaspa_chain_tx(chain, &tx, &id));
    cr_expect_eq(tx.state, KASPA_TX_ACCEPTED);
    cr_expect_eq(tx.confirmations, 2);
    cr_expect_eq(tx.fee, 4 * KAS);
    cr_assert(kaspa_chain_block_at(chain, &block, 3));
    cr_expect(kaspa_hash_equal(&tx.accepting_block, &block.hash));
    spend(chain, &funding, 8 * KAS, KASPA_ORPHAN);
    kaspa_chain_free(chain);
}

/* From the mempool, from a block that goes, after it was evicted; and of depth 0. */
Test(kaspa_chain_blocks, take_a_winner_that_is_already_known)
{
    struct kaspa_chain *chain = chain_of("winner");
    struct kaspa_hash funding = funded(chain, 9 * KAS), id, child;
    struct draft d;

    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, 8 * KAS);
    cr_assert_eq(kaspa_chain_submit(chain, &d.tx, &id, NULL, NULL), KASPA_SUBMITTED);
    child = spend(chain, &id, 7 * KAS, KASPA_SUBMITTED);
    cr_assert_eq(kaspa_chain_reorganise(chain, 0, &d.tx, NULL), ASSAY_OK);
    cr_expect_eq(state_of(chain, &id), KASPA_TX_ACCEPTED);
    cr_expect_eq(state_of(chain, &child), KASPA_TX_IN_MEMPOOL);
    mine(chain, 1);
    cr_assert_eq(kaspa_chain_reorganise(chain, 2, &d.tx, NULL), ASSAY_OK);
    cr_expect_eq(state_of(chain, &id), KASPA_TX_ACCEPTED);
    cr_expect_eq(state_of(chain, &child), KASPA_TX_IN_MEMPOOL);
    cr_assert_eq(kaspa_chain_reorganise(chain, 3, NULL, NULL), ASSAY_OK);
    cr_expect(kaspa_chain_evict(chain, &id));
    cr_assert_eq(kaspa_chain_reorganise(chain, 0, &d.tx, NULL), ASSAY_OK);
    cr_expect_eq(state_of(chain, &id), KASPA_TX_ACCEPTED);
    cr_expect_eq(state_of(chain, &child), KASPA_TX_UNKNOWN);
    kaspa_chain_free(chain);
}

/* A loser that was in the mempool no more, and may come back when the winner is gone. */
Test(kaspa_chain_blocks, let_a_loser_come_back_once_the_winner_is_gone)
{
    struct kaspa_chain *chain = chain_of("loser");
    struct kaspa_hash funding = funded(chain, 9 * KAS), winner;
    struct kaspa_hash loser = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    struct draft d;

    cr_expect(kaspa_chain_evict(chain, &loser));
    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, 5 * KAS);
    cr_assert_eq(kaspa_chain_reorganise(chain, 0, &d.tx, NULL), ASSAY_OK);
    cr_assert_eq(kaspa_chain_reorganise(chain, 1, NULL, NULL), ASSAY_OK);
    cr_expect_eq(kaspa_chain_submit(chain, &d.tx, &winner, NULL, NULL), KASPA_KNOWN);
    cr_expect(kaspa_chain_evict(chain, &winner));
    spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    spend(chain, &loser, 7 * KAS, KASPA_SUBMITTED);
    kaspa_chain_free(chain);
}

Test(kaspa_chain_blocks, fund_again_what_they_had_funded)
{
    struct kaspa_chain *chain = chain_of("fund");
    struct kaspa_hash funding = funded(chain, 9 * KAS);
    struct kaspa_hash payment = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    struct kaspa_chain_tx tx;
    struct kaspa_utxo utxo;

    mine(chain, 2);
    cr_assert_eq(kaspa_chain_reorganise(chain, 3, NULL, NULL), ASSAY_OK);
    cr_assert(kaspa_chain_tx(chain, &tx, &funding));
    cr_expect_eq(tx.state, KASPA_TX_ACCEPTED);
    cr_expect_eq(tx.confirmations, 4);
    cr_assert(kaspa_chain_utxo(chain, &utxo, &(struct kaspa_outpoint){funding, 0}));
    cr_expect_eq(state_of(chain, &payment), KASPA_TX_IN_MEMPOOL);
    kaspa_chain_free(chain);
}

Test(kaspa_chain_blocks, are_not_taken_off_where_they_are_not_or_the_winner_is_not_valid)
{
    struct kaspa_chain *chain = chain_of("refused"), *same = NULL;
    struct kaspa_hash funding = funded(chain, 9 * KAS), payment, late;
    struct assay_err err = {0};
    struct draft d;

    payment = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    mine(chain, 1);
    late = funded(chain, 9 * KAS);
    cr_assert_eq(kaspa_chain_fork(&same, chain, ASSAY_LIT("same")), ASSAY_OK);
    cr_expect_eq(kaspa_chain_reorganise(chain, 4, NULL, &err), ASSAY_E_RANGE);
    cr_expect_str_eq(err.text, "there are not 4 blocks to take off");
    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, KAS);
    err = (struct assay_err){0};
    cr_expect_eq(kaspa_chain_reorganise(chain, 1, &d.tx, &err), ASSAY_E_MISMATCH,
                 "spent below the fork");
    cr_expect_not_null(strstr(err.text, "not valid there: input 0: what it spends is not known"),
                       "%s", err.text);
    d.inputs[0].previous.txid = payment;
    cr_expect_eq(kaspa_chain_reorganise(chain, 2, &d.tx, NULL), ASSAY_E_MISMATCH,
                 "made above the fork");
    d.inputs[0].previous.txid = late;
    cr_expect_eq(kaspa_chain_reorganise(chain, 1, &d.tx, NULL), ASSAY_E_MISMATCH,
                 "funded above the fork");
    d.outputs[0].value = 0;
    cr_expect_eq(kaspa_chain_reorganise(chain, 0, &d.tx, NULL), ASSAY_E_MISMATCH, "worth nothing");
    expect_same(chain, same, "nothing has changed");
    kaspa_chain_free(chain);
    kaspa_chain_free(same);
}

/* ---- pruning and forks ---- */

Test(kaspa_chain_blocks, that_are_pruned_say_so_and_stay)
{
    struct kaspa_chain *chain = chain_of("prune");
    struct kaspa_hash funding = funded(chain, 9 * KAS), id;
    struct kaspa_chain_info info;
    struct kaspa_chain_block block;

    id = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    mine(chain, 5);
    kaspa_chain_prune(chain, 100);
    cr_assert(kaspa_chain_block_at(chain, &block, 0));
    cr_expect_not(block.is_pruned);
    kaspa_chain_prune(chain, 3);
    kaspa_chain_prune(chain, 5);
    info = info_of(chain);
    for (uint64_t i = 0; kaspa_chain_block_at(chain, &block, i); i++) {
        cr_expect_eq(block.is_pruned, i < 4, "height %u", (unsigned)i);
        cr_expect(!block.is_pruned || (block.accepted_count == 0 && block.merged_count == 0));
    }
    cr_assert(kaspa_chain_block_at(chain, &block, 4));
    cr_expect(kaspa_hash_equal(&info.pruning_point, &block.hash));
    cr_expect_eq(state_of(chain, &id), KASPA_TX_ACCEPTED);
    cr_expect_eq(kaspa_chain_reorganise(chain, 3, NULL, NULL), ASSAY_E_RANGE);
    cr_expect_eq(kaspa_chain_reorganise(chain, 2, NULL, NULL), ASSAY_OK);
    kaspa_chain_prune(chain, 0);
    info = info_of(chain);
    cr_expect(kaspa_hash_equal(&info.sink, &info.pruning_point));
    kaspa_chain_free(chain);
}

Test(kaspa_chain_blocks, of_a_fork_are_its_own)
{
    struct kaspa_chain *chain = chain_of("fork"), *fork = NULL;
    struct kaspa_hash funding = funded(chain, 9 * KAS), other = funded(chain, 9 * KAS);
    struct kaspa_hash first = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED), second;
    struct kaspa_hash evicted = spend(chain, &other, 8 * KAS, KASPA_SUBMITTED), sink;
    struct kaspa_chain_block block;

    cr_expect(kaspa_chain_evict(chain, &evicted));
    mine(chain, 2);
    cr_assert_eq(kaspa_chain_reorganise(chain, 1, NULL, NULL), ASSAY_OK);
    second = spend(chain, &first, 7 * KAS, KASPA_SUBMITTED);
    kaspa_chain_prune(chain, 2);
    sink = info_of(chain).sink;
    cr_assert_eq(kaspa_chain_fork(&fork, chain, ASSAY_LIT("other")), ASSAY_OK);
    expect_same(chain, fork, "at first");
    mine(chain, 1);
    mine(fork, 2);
    cr_expect_eq(state_of(fork, &second), KASPA_TX_ACCEPTED);
    cr_expect(kaspa_chain_block_at(fork, &block, 4));
    cr_expect_not(kaspa_hash_equal(&block.hash, &sink));
    sink = info_of(fork).sink;
    cr_expect_not(kaspa_chain_block(chain, &block, &sink));
    kaspa_chain_free(chain);
    spend(fork, &second, 6 * KAS, KASPA_SUBMITTED);
    cr_assert_eq(kaspa_chain_reorganise(fork, 2, NULL, NULL), ASSAY_OK);
    cr_expect_eq(state_of(fork, &second), KASPA_TX_IN_MEMPOOL);
    kaspa_chain_free(fork);
}
