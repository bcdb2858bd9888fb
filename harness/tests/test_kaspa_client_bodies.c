/* What has made the head of a lineage, as the client of a node tells it: whole, under its id, or
 * not at all. */
#include "lineage_world.h"

#include "defects/defects.h"
#include "kaspa/covenant.h"

enum { KEPT = 5, LARGE_BYTES = 5 << 20, ARENA_STEP = 128, ARENA_MAX = 1 << 16 };

/* ---- what made the head ---- */

Test(kaspa_client_bodies, are_told_of_a_genesis_with_the_coin_that_it_makes)
{
    struct kaspa_chain_block sink;
    struct lineage l;
    struct kx_look question;
    struct kaspa_hash id;

    lineage_begin(&l, 4);
    question = lineage_birth(&l);
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "four blocks of ten", KX_CHAIN_ACCEPTED, 4);
    lineage_expect_body(&l, "the genesis", &l.head.txid, l.genesis);
    cr_assert(kaspa_chain_block(l.c.w.chain, &sink, &l.c.sight.sink));
    cr_expect_eq(l.c.sight.sink_blue_score, sink.blue_score);
    cr_expect_eq(l.c.sight.sink_daa_score, sink.daa_score);
    cr_expect_eq(l.c.sight.sink_blue_score - l.c.sight.evidence.accepting_blue_score,
                 3 * (LINEAGE_MERGED + 1), "which is not the depth");
    cr_expect_eq(l.c.sight.body.output_count, 1);
    kaspa_covenant_id(&id, &l.c.sight.body.inputs[0].previous,
                      &(struct kaspa_genesis_output){0, &l.c.sight.body.outputs[0]}, 1);
    cr_expect(kaspa_hash_equal(&id, &l.covenant));
    cr_expect(!l.c.sight.is_missing[0] && l.c.sight.utxos[0].amount == l.value);
    cr_expect(l.c.sight.utxos[0].has_covenant);
    cr_expect(kaspa_hash_equal(&l.c.sight.utxos[0].covenant_id, &l.covenant));
    cr_expect_eq(client_calls(&l.c, "getVirtualChainFromBlockV2"), 1);
    cr_expect_eq(client_calls(&l.c, "getUtxosByAddresses"), 1, "the head tells where to look");
    lineage_end(&l);
}

Test(kaspa_client_bodies, are_told_of_a_claim_with_what_it_has_spent_and_made)
{
    struct kaspa_outpoint coins[2];
    struct kaspa_spk spks[2];
    struct kx_look question;
    struct lineage l;

    lineage_begin(&l, 2);
    world_submit(&l.c.w, l.claim);
    world_mine(&l.c.w, 3);
    coins[0] = l.head;
    coins[1] = (struct kaspa_outpoint){.txid = l.claim_id, .index = 1};
    spks[0] = spks[1] = l.c.w.spk;
    question = (struct kx_look){.outpoints = coins,
                                .spks = spks,
                                .count = 2,
                                .has_tx = true,
                                .txid = l.claim_id,
                                .wants_spent = true,
                                .wants_body = true};
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "the claim", KX_CHAIN_ACCEPTED, 3);
    lineage_expect_body(&l, "the claim", &l.claim_id, l.claim);
    cr_expect(l.c.sight.is_missing[0] && l.c.sight.utxos[0].amount == l.value, "what it spent");
    cr_expect(!l.c.sight.is_missing[1]);
    cr_expect_eq(l.c.sight.utxos[1].amount, l.claim->outputs[1].value);
    cr_expect(kaspa_hash_equal(&l.c.sight.utxos[1].covenant_id, &l.covenant));
    cr_expect_eq(client_calls(&l.c, "getVirtualChainFromBlockV2"), 1, "both in one");
    lineage_end(&l);
}

Test(kaspa_client_bodies, are_told_of_what_made_a_head_that_is_spent)
{
    struct lineage l;
    struct kx_look question;

    lineage_begin(&l, 2);
    world_submit(&l.c.w, l.claim);
    world_mine(&l.c.w, 1);
    question = lineage_birth(&l);
    question.since = l.born;
    for (int has_since = 0; has_since <= 1;
         has_since++) { /* the client has seen nothing at first */
        question.has_since = has_since;
        cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
        lineage_expect(&l, "spent", KX_CHAIN_ACCEPTED, 3);
        lineage_expect_body(&l, "spent", &l.head.txid, l.genesis);
        cr_expect(l.c.sight.is_missing[0]);
    }
    lineage_end(&l);
}

Test(kaspa_client_bodies, are_not_told_to_who_does_not_ask_nor_of_what_is_not_accepted)
{
    struct lineage l;
    struct kx_look question;

    lineage_begin(&l, 0);
    question = lineage_birth(&l);
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "in the mempool", KX_CHAIN_MEMPOOL, 0);
    cr_expect(!l.c.sight.has_body && l.c.sight.is_missing[0]);
    world_mine(&l.c.w, 1);
    question.wants_body = false;
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "accepted", KX_CHAIN_ACCEPTED, 1);
    cr_expect(!l.c.sight.has_body && !l.c.sight.is_missing[0]);
    cr_expect_eq(client_calls(&l.c, "getVirtualChainFromBlockV2"), 0);
    lineage_end(&l);
}

/* ---- what the node no longer keeps ---- */

Test(kaspa_client_bodies, end_with_the_history)
{
    struct lineage l;
    struct kx_look question;

    lineage_begin(&l, 20);
    question = lineage_birth(&l);
    question.has_since = true;
    question.since = l.born;
    world_prune(&l.c.w, KEPT);
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "the head is there", KX_CHAIN_ACCEPTED, KEPT);
    cr_expect(!l.c.sight.has_body && !l.c.sight.has_before && !l.c.sight.is_missing[0]);
    cr_expect(kaspa_hash_equal(&l.c.sight.utxos[0].covenant_id, &l.covenant));
    cr_expect(kaspa_hash_equal(&l.c.sight.accepted, &l.head.txid));
    world_submit(&l.c.w, l.claim);
    world_mine(&l.c.w, 20);
    world_prune(&l.c.w, KEPT);
    question = lineage_head(&l);
    question.has_since = true;
    question.since = l.born;
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "spent too long ago", KX_CHAIN_UNKNOWN, 0);
    cr_expect(l.c.sight.is_missing[0] && !l.c.sight.has_body && !l.c.sight.is_read);
    lineage_end(&l);
}

/* ---- nodes that lie and fail ---- */

static const struct {
    const char *name;
    enum kaspa_node_lie lie;
    enum assay_code birth, spender;
    bool is_told;
} lies[] = {
    {"honest", KASPA_NODE_HONEST, ASSAY_OK, ASSAY_OK, true},
    {"another body", KASPA_NODE_OTHER_BODY, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, false},
    {"another transaction", KASPA_NODE_OTHER_TX, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, false},
    {"another amount", KASPA_NODE_OTHER_AMOUNT, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, false},
    {"contradicts itself", KASPA_NODE_CONTRADICT, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, false},
    {"accepts none", KASPA_NODE_ACCEPTS_NONE, ASSAY_OK, ASSAY_OK, false},
    {"blue scores for depth", KASPA_NODE_BLUE_IS_DEPTH, ASSAY_OK, ASSAY_OK, true},
};

Test(kaspa_client_bodies, are_the_true_ones_whatever_the_node_says)
{
    for (size_t i = 0; i < ARRAY_LEN(lies); i++)
        for (int spender = 0; spender < 2; spender++) {
            enum assay_code want = spender ? lies[i].spender : lies[i].birth, rc;
            struct kx_look question;
            struct lineage l;

            lineage_begin(&l, 2);
            question = spender ? lineage_head(&l) : lineage_birth(&l);
            question.has_since = true;
            question.since = l.born;
            if (spender)
                world_submit(&l.c.w, l.claim);
            world_mine(&l.c.w, 2);
            world_behave(&l.c.w, (struct kaspa_node_behaviour){.lie = lies[i].lie});
            rc = lineage_ask(&l, &question);
            cr_expect_eq(rc, want, "%s: %d: %s: %s", lies[i].name, spender, assay_code_name(rc),
                         l.c.err.text);
            cr_expect_eq(l.c.sight.has_body, lies[i].is_told, "%s: %d", lies[i].name, spender);
            if (lies[i].is_told)
                lineage_expect(&l, lies[i].name, KX_CHAIN_ACCEPTED, spender ? 2 : 4);
            lineage_end(&l);
        }
}

Test(kaspa_client_bodies, are_anybodys_with_the_defect_that_does_not_hash_them)
{
    const struct kaspa_node_behaviour how = {.lie = KASPA_NODE_OTHER_BODY};

    for (int on = 0; on < 2; on++) {
        struct kx_look question;
        struct lineage l;
        enum assay_code rc;

        if (on)
            cr_assert_eq(ref_defect_switch_on(ASSAY_LIT("kx.node.body_unhashed"), NULL), ASSAY_OK);
        lineage_begin(&l, 2);
        question = lineage_birth(&l);
        world_behave(&l.c.w, how);
        rc = lineage_ask(&l, &question);
        cr_expect_eq(rc, on ? ASSAY_OK : ASSAY_E_MALFORMED, "%s: %s", assay_code_name(rc),
                     l.c.err.text);
        cr_expect_eq(l.c.sight.has_body, on);
        lineage_end(&l);
        ref_defect_all_off();
    }
}

static const struct {
    enum kaspa_node_fault fault;
    enum assay_code code;
} faults[] = {
    {KASPA_NODE_SILENT, ASSAY_E_TIMEOUT},
    {KASPA_NODE_MALFORMED, ASSAY_E_MALFORMED},
    {KASPA_NODE_WRONG_SHAPE, ASSAY_E_MALFORMED},
    {KASPA_NODE_OVERSIZED, ASSAY_E_TOO_LARGE},
    {KASPA_NODE_ERROR, ASSAY_E_DENIED},
    {KASPA_NODE_DROP, ASSAY_E_CLOSED},
    {KASPA_NODE_FLAP, ASSAY_OK},
};

Test(kaspa_client_bodies, are_all_or_nothing_where_a_node_fails)
{
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        const struct kaspa_node_behaviour how = {
            .fault = faults[i].fault,
            .fault_method = "getVirtualChainFromBlockV2",
            .large_bytes = LARGE_BYTES,
        };
        struct ref_kaspa_node_options options;
        struct kx_look question;
        struct lineage l;
        enum assay_code rc;

        lineage_begin(&l, 2);
        options = client_options(&l.c.w);
        if (faults[i].code == ASSAY_E_TIMEOUT)
            client_be_quick(&options);
        ref_kaspa_node_stop(l.c.client);
        cr_assert_eq(ref_kaspa_node_start(&l.c.client, &options, NULL), ASSAY_OK);
        question = lineage_birth(&l);
        world_behave(&l.c.w, how);
        rc = lineage_ask(&l, &question);
        cr_expect_eq(rc, faults[i].code, "fault %d: %s: %s", (int)faults[i].fault,
                     assay_code_name(rc), l.c.err.text);
        cr_expect_eq(l.c.sight.has_body, rc == ASSAY_OK, "fault %d", (int)faults[i].fault);
        lineage_end(&l);
    }
}

Test(kaspa_client_bodies, need_memory_or_are_not_told)
{
    struct kx_look question;
    struct lineage l;
    enum assay_code rc = ASSAY_E_NOMEM;

    lineage_begin(&l, 2);
    question = lineage_birth(&l);
    for (size_t max = 0; rc == ASSAY_E_NOMEM && max < ARENA_MAX; max += ARENA_STEP) {
        struct assay_arena arena = ASSAY_ARENA_INIT(max);

        l.c.sight = (struct kx_sight){.utxos = NULL};
        rc = ref_kaspa_node_look(l.c.client, &l.c.sight, &arena, &question, &l.c.err);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "%zu: %s", max, assay_code_name(rc));
        cr_expect_eq(l.c.sight.has_body, rc == ASSAY_OK, "%zu", max);
        cr_expect_eq(l.c.sight.utxos != NULL, rc == ASSAY_OK, "%zu", max);
        assay_arena_fini(&arena);
    }
    cr_expect_eq(rc, ASSAY_OK);
    lineage_end(&l);
}
