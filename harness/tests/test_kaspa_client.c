/* The client of a node before an honest one: what it says of coins and transactions is the truth.
 */
#include "client_world.h"

#include "kaspa/txid.h"

#include <pthread.h>
#include <stdio.h>

enum { PAGE_BLOCKS = 2480, THREADS = 16, ROUNDS = 8, MANY = 1024 };

static void expect_sight(struct client_world *c, const char *when, enum kx_chain_status status,
                         uint64_t confirmations, bool is_missing)
{
    enum assay_code rc = client_look(c);
    struct kaspa_chain_info info = world_info(&c->w);

    cr_assert_eq(rc, ASSAY_OK, "%s: %s", when, c->err.text);
    cr_expect_eq(c->sight.evidence.status, status, "%s: %s", when,
                 client_status(c->sight.evidence.status));
    cr_expect_eq(c->sight.evidence.has_confirmations, confirmations > 0, "%s", when);
    cr_expect_eq(c->sight.evidence.confirmations, confirmations, "%s: %lu", when,
                 (unsigned long)c->sight.evidence.confirmations);
    cr_expect_eq(c->sight.is_missing[0], is_missing, "%s", when);
    cr_expect_eq(c->sight.utxos[0].amount, is_missing ? 0 : 10 * KAS, "%s", when);
    cr_expect(kaspa_hash_equal(&c->sight.sink, &info.sink), "%s", when);
    cr_expect(kaspa_hash_equal(&c->sight.evidence.transaction_id, &c->txid), "%s", when);
    cr_expect_eq(c->sight.pov.daa_score, info.daa_score, "%s", when);
}

static void reorganise(struct client_world *c, unsigned depth, const struct kaspa_tx *winner)
{
    kaspa_chain_lock_take(c->w.lock);
    cr_assert_eq(kaspa_chain_reorganise(c->w.chain, depth, winner, NULL), ASSAY_OK);
    kaspa_chain_lock_give(c->w.lock);
}

static void mine_merged(struct client_world *c, unsigned blocks, unsigned merged)
{
    const struct kaspa_mining how = {.blocks = blocks, .merged = merged};

    kaspa_chain_lock_take(c->w.lock);
    cr_assert_eq(kaspa_chain_mine(c->w.chain, &how), ASSAY_OK);
    kaspa_chain_lock_give(c->w.lock);
}

/* ---- transactions ---- */

Test(kaspa_client, follows_a_transaction_from_nowhere_into_the_chain)
{
    struct client_world c;

    client_begin(&c);
    expect_sight(&c, "never seen", KX_CHAIN_UNKNOWN, 0, false);
    cr_expect(kaspa_spk_equal(&c.sight.utxos[0].spk, &c.w.spk));
    world_submit(&c.w, c.tx);
    expect_sight(&c, "submitted", KX_CHAIN_MEMPOOL, 0, false);
    world_mine(&c.w, 1);
    expect_sight(&c, "accepted", KX_CHAIN_ACCEPTED, 1, true);
    cr_expect(kaspa_hash_equal(&c.sight.accepting_block, &c.sight.sink));
    world_mine(&c.w, 29);
    expect_sight(&c, "thirty blocks on", KX_CHAIN_ACCEPTED, 30, true);
    client_end(&c);
}

Test(kaspa_client, counts_chain_blocks_and_neither_merged_ones_nor_scores)
{
    struct client_world c;
    struct kaspa_chain_tx tx;

    client_begin(&c);
    world_submit(&c.w, c.tx);
    mine_merged(&c, 4, 9);
    expect_sight(&c, "merged", KX_CHAIN_ACCEPTED, 4, true);
    cr_assert(kaspa_chain_tx(c.w.chain, &tx, &c.txid));
    cr_expect(kaspa_hash_equal(&c.sight.accepting_block, &tx.accepting_block));
    cr_expect_eq(world_info(&c.w).blue_score - c.sight.evidence.accepting_blue_score, 30);
    client_end(&c);
}

Test(kaspa_client, sees_a_transaction_leave_the_chain_again)
{
    struct client_world c;

    client_begin(&c);
    world_mine(&c.w, 5);
    world_submit(&c.w, c.tx);
    world_mine(&c.w, 3);
    expect_sight(&c, "accepted", KX_CHAIN_ACCEPTED, 3, true);
    reorganise(&c, 3, NULL);
    expect_sight(&c, "reorganised out", KX_CHAIN_MEMPOOL, 0, false);
    kaspa_chain_lock_take(c.w.lock);
    cr_expect(kaspa_chain_evict(c.w.chain, &c.txid));
    kaspa_chain_lock_give(c.w.lock);
    expect_sight(&c, "evicted", KX_CHAIN_UNKNOWN, 0, false);
    client_end(&c);
}

Test(kaspa_client, sees_another_transaction_take_its_coins)
{
    struct client_world c;

    client_begin(&c);
    world_mine(&c.w, 5);
    world_submit(&c.w, c.tx);
    world_mine(&c.w, 3);
    expect_sight(&c, "accepted", KX_CHAIN_ACCEPTED, 3, true);
    reorganise(&c, 3, world_payment(&c.w, "another"));
    expect_sight(&c, "lost to another", KX_CHAIN_ABSENT, 4, true);
    world_mine(&c.w, 6);
    expect_sight(&c, "six blocks on", KX_CHAIN_ABSENT, 10, true);
    client_end(&c);
}

Test(kaspa_client, says_nothing_of_what_was_never_sent_once_its_coins_are_gone_but_that)
{
    struct client_world c;

    client_begin(&c);
    world_submit(&c.w, world_payment(&c.w, "another"));
    expect_sight(&c, "another in the mempool", KX_CHAIN_UNKNOWN, 0, false);
    world_mine(&c.w, 1);
    expect_sight(&c, "another accepted", KX_CHAIN_ABSENT, 1, true);
    client_end(&c);
}

Test(kaspa_client, believes_the_accepting_block_alone_once_the_output_is_spent)
{
    struct client_world c;
    struct kaspa_outpoint output;

    client_begin(&c);
    output = (struct kaspa_outpoint){.txid = c.txid};
    world_submit(&c.w, c.tx);
    world_mine(&c.w, 1);
    world_submit(&c.w, client_spend(&c, output, 3 * KAS));
    world_mine(&c.w, 1);
    expect_sight(&c, "output spent", KX_CHAIN_ACCEPTED, 2, true);
    client_end(&c);
}

/* ---- where it looks ---- */

static enum assay_code look_since(struct client_world *c, const struct kaspa_hash *since)
{
    struct kx_look question = client_question(c);

    question.has_since = true;
    question.since = *since;
    return ref_kaspa_node_look(c->client, &c->sight, &c->w.arena, &question, &c->err);
}

static struct kaspa_hash block_at(struct client_world *c, uint64_t height)
{
    struct kaspa_chain_block block;

    cr_assert(kaspa_chain_block_at(c->w.chain, &block, height));
    return block.hash;
}

Test(kaspa_client, looks_from_a_block_on_and_for_what_is_older_where_its_output_shows_it)
{
    struct client_world c;
    struct kaspa_hash since, nowhere = {.at = {1}};
    struct kaspa_outpoint output;

    client_begin(&c);
    output = (struct kaspa_outpoint){.txid = c.txid};
    since = block_at(&c, 1);
    world_submit(&c.w, c.tx);
    world_mine(&c.w, 10);
    cr_expect_eq(look_since(&c, &since), ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(c.sight.evidence.confirmations, 10);
    since = block_at(&c, 8);
    cr_expect_eq(look_since(&c, &since), ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(c.sight.evidence.confirmations, 10);
    cr_expect_eq(look_since(&c, &nowhere), ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(c.sight.evidence.confirmations, 10);
    world_submit(&c.w, client_spend(&c, output, 3 * KAS));
    world_mine(&c.w, 1);
    cr_expect_eq(look_since(&c, &since), ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(c.sight.evidence.status, KX_CHAIN_UNKNOWN, "nothing shows that it is older");
    client_end(&c);
}

Test(kaspa_client, looks_from_a_block_that_has_left_the_chain)
{
    struct client_world c;
    struct kaspa_hash since;

    client_begin(&c);
    world_mine(&c.w, 5);
    since = block_at(&c, 4);
    reorganise(&c, 4, c.tx);
    world_mine(&c.w, 2);
    cr_expect_eq(look_since(&c, &since), ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(c.sight.evidence.status, KX_CHAIN_ACCEPTED);
    cr_expect_eq(c.sight.evidence.confirmations, 7);
    client_end(&c);
}

/* The first question of a client starts at the pruning point, later ones at its sink. */
Test(kaspa_client, looks_from_the_oldest_checkpoint_that_it_has_seen)
{
    struct client_world c;
    struct kaspa_node_call call;
    struct kaspa_hash first;

    client_begin(&c);
    world_mine(&c.w, 3);
    cr_expect_eq(client_look_coins(&c), ASSAY_OK);
    first = c.sight.sink;
    world_mine(&c.w, 300); /* thirty seconds: the second checkpoint */
    cr_expect_eq(client_look_coins(&c), ASSAY_OK);
    world_submit(&c.w, c.tx);
    world_mine(&c.w, 2);
    expect_sight(&c, "later", KX_CHAIN_ACCEPTED, 2, true);
    for (uint64_t i = 1; kaspa_node_call(c.w.node, i, &call); i++)
        if (strcmp(call.method, "getVirtualChainFromBlock") == 0)
            cr_expect_not_null(strstr(call.params, hex_of(&c.w, &first)), "%s", call.params);
    cr_expect_eq(client_calls(&c, "getVirtualChainFromBlock"), 1);
    client_end(&c);
}

Test(kaspa_client, counts_over_as_many_pages_as_there_are)
{
    struct client_world c;
    struct kaspa_hash since;

    client_begin(&c);
    since = world_info(&c.w).sink;
    world_submit(&c.w, c.tx);
    world_mine(&c.w, 2 * PAGE_BLOCKS + 100);
    cr_expect_eq(look_since(&c, &since), ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(c.sight.evidence.confirmations, 2 * PAGE_BLOCKS + 100);
    cr_expect_eq(client_calls(&c, "getVirtualChainFromBlock"), 3);
    client_end(&c);
}

/* ---- coins ---- */

static void fund(struct client_world *c, struct kaspa_outpoint *outpoint,
                 const struct kaspa_spk *spk, uint64_t amount)
{
    kaspa_chain_lock_take(c->w.lock);
    cr_assert_eq(kaspa_chain_fund(c->w.chain, outpoint, spk, amount), ASSAY_OK);
    kaspa_chain_lock_give(c->w.lock);
}

static void three_coins(struct ref_kaspa_node_options *options)
{
    options->coins_max = 3;
}

Test(kaspa_client, reads_no_more_coins_than_it_may)
{
    struct client_world c;
    struct kaspa_outpoint outpoint;

    client_begin_with(&c, three_coins);
    for (int i = 1; i < 5; i++) {
        cr_expect_eq(client_coins(&c), i <= 3 ? ASSAY_OK : ASSAY_E_TOO_LARGE, "%s", c.err.text);
        cr_expect_eq(client_look(&c), i <= 3 ? ASSAY_OK : ASSAY_E_TOO_LARGE, "%s", c.err.text);
        fund(&c, &outpoint, &c.w.spk, 7 * KAS);
    }
    client_end(&c);
}

Test(kaspa_client, finds_coins_of_a_script_as_many_as_there_is_room_for)
{
    struct kaspa_outpoint outpoints[2];
    struct kaspa_utxo utxos[2];
    struct client_world c;
    size_t count = 0;

    client_begin(&c);
    for (int i = 0; i < 4; i++)
        fund(&c, &outpoints[0], &c.w.spk, 7 * KAS);
    cr_assert_eq(
        ref_kaspa_node_coins(c.client, outpoints, utxos, 2, &count, &c.w.arena, &c.w.spk, &c.err),
        ASSAY_OK, "%s", c.err.text);
    cr_expect_eq(count, 5);
    for (int i = 0; i < 2; i++) {
        struct kaspa_utxo truth;

        cr_assert(kaspa_chain_utxo(c.w.chain, &truth, &outpoints[i]));
        cr_expect(kaspa_utxo_equal(&truth, &utxos[i]));
    }
    client_end(&c);
}

Test(kaspa_client, tells_coins_of_several_scripts_apart)
{
    static const uint8_t other_script[KASPA_SPK_SCHNORR_BYTES] = {0x20, [33] = KASPA_OP_CHECKSIG};
    const struct kaspa_spk other = {.script = assay_bytes_of(other_script, sizeof(other_script))};
    struct kaspa_outpoint outpoints[3] = {{.index = 9}};
    struct kaspa_spk spks[3];
    struct kx_look question = {.outpoints = outpoints, .spks = spks, .count = 3};
    struct client_world c;

    client_begin(&c);
    fund(&c, &outpoints[1], &other, 5 * KAS);
    outpoints[2] = c.w.funding;
    spks[0] = spks[1] = other;
    spks[2] = c.w.spk;
    cr_assert_eq(ref_kaspa_node_look(c.client, &c.sight, &c.w.arena, &question, &c.err), ASSAY_OK,
                 "%s", c.err.text);
    cr_expect(c.sight.is_missing[0] && !c.sight.is_missing[1] && !c.sight.is_missing[2]);
    cr_expect_eq(c.sight.utxos[1].amount, 5 * KAS);
    cr_expect(kaspa_spk_equal(&c.sight.utxos[1].spk, &other));
    cr_expect_eq(c.sight.utxos[2].amount, 10 * KAS);
    cr_expect_eq(c.sight.evidence.status, KX_CHAIN_UNKNOWN);
    client_end(&c);
}

/* A question of more than 64 KiB. */
Test(kaspa_client, asks_for_very_many_scripts_at_once)
{
    struct kaspa_outpoint *outpoints;
    struct kaspa_spk *spks;
    struct client_world c;
    struct kx_look question = {.count = MANY};

    client_begin(&c);
    outpoints = assay_arena_alloc(&c.w.arena, MANY * sizeof(*outpoints));
    spks = assay_arena_alloc(&c.w.arena, MANY * sizeof(*spks));
    cr_assert(outpoints != NULL && spks != NULL);
    for (size_t i = 0; i < MANY; i++) {
        uint8_t script[KASPA_SPK_SCHNORR_BYTES] = {0x20, (uint8_t)i,
                                                   (uint8_t)(i >> 8), [33] = KASPA_OP_CHECKSIG};

        outpoints[i] = (struct kaspa_outpoint){.index = (uint32_t)i};
        spks[i].script = assay_arena_copy(&c.w.arena, assay_bytes_of(script, sizeof(script)));
    }
    outpoints[MANY - 1] = c.w.funding;
    spks[MANY - 1] = c.w.spk;
    question.outpoints = outpoints;
    question.spks = spks;
    cr_assert_eq(ref_kaspa_node_look(c.client, &c.sight, &c.w.arena, &question, &c.err), ASSAY_OK,
                 "%s", c.err.text);
    for (size_t i = 0; i < MANY; i++)
        cr_expect_eq(c.sight.is_missing[i], i != MANY - 1);
    client_end(&c);
}

Test(kaspa_client, refuses_what_a_node_cannot_be_asked)
{
    const struct kaspa_spk odd = {.script = ASSAY_LIT("\x51")};
    struct kx_look question = {.count = 0};
    struct client_world c;
    struct kaspa_outpoint outpoint;
    struct kaspa_utxo utxo;
    size_t count = 77;

    client_begin(&c);
    cr_expect_eq(
        ref_kaspa_node_coins(c.client, &outpoint, &utxo, 1, &count, &c.w.arena, &odd, &c.err),
        ASSAY_E_UNSUPPORTED);
    cr_expect_eq(count, 77);
    question.count = 100000;
    cr_expect_eq(ref_kaspa_node_look(c.client, &c.sight, &c.w.arena, &question, NULL),
                 ASSAY_E_TOO_LARGE);
    question.count = 0; /* nothing at all: whether it is fit, and where it stands */
    cr_expect_eq(ref_kaspa_node_look(c.client, &c.sight, &c.w.arena, &question, NULL), ASSAY_OK);
    cr_expect_gt(c.sight.pov.daa_score, KASPA_CHAIN_START_DAA);
    client_end(&c);
}

/* ---- submitting ---- */

Test(kaspa_client, submits_and_knows_again_what_the_node_has_already)
{
    struct client_world c;
    bool sent = false;

    client_begin(&c);
    cr_expect_eq(client_submit(&c, &sent), ASSAY_OK, "%s", c.err.text);
    cr_expect(sent);
    expect_sight(&c, "submitted", KX_CHAIN_MEMPOOL, 0, false);
    cr_expect_eq(client_submit(&c, &sent), ASSAY_OK, "in the mempool: %s", c.err.text);
    world_mine(&c.w, 1);
    cr_expect_eq(client_submit(&c, &sent), ASSAY_OK, "accepted: %s", c.err.text);
    c.tx = world_payment(&c.w, "another");
    kaspa_txid(&c.txid, c.tx);
    cr_expect_eq(client_submit(&c, &sent), ASSAY_E_DENIED);
    cr_expect_not_null(strstr(c.err.text, "orphan"), "%s", c.err.text);
    cr_expect_eq(client_calls(&c, "submitTransaction"), 4);
    client_end(&c);
}

/* ---- many at once ---- */

struct crowd {
    struct client_world *c;
    pthread_t thread;
    unsigned ok;
};

static void *ask_often(void *context)
{
    struct crowd *one = context;
    const struct kx_look question = client_question(one->c);

    for (int i = 0; i < ROUNDS; i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_sight sight;

        if (ref_kaspa_node_look(one->c->client, &sight, &arena, &question, NULL) == ASSAY_OK &&
            sight.evidence.status == KX_CHAIN_ACCEPTED && sight.evidence.confirmations >= 5)
            one->ok++;
        assay_arena_fini(&arena);
    }
    return NULL;
}

Test(kaspa_client, answers_sixteen_threads_at_once_while_the_chain_grows)
{
    struct client_world c;
    struct crowd crowd[THREADS];

    client_begin(&c);
    world_submit(&c.w, c.tx);
    world_mine(&c.w, 5);
    for (int i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){.c = &c};
        cr_assert_eq(pthread_create(&crowd[i].thread, NULL, ask_often, &crowd[i]), 0);
    }
    for (int i = 0; i < 50; i++)
        world_mine(&c.w, 1);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(crowd[i].thread, NULL);
        cr_expect_eq(crowd[i].ok, ROUNDS);
    }
    client_end(&c);
}
