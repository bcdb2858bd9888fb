/* Who has spent the head of a lineage, as the client of a node tells it, and what is left of that
 * after a reorganisation. */
#include "lineage_world.h"

/* All calls of the client so far, in their order. */
static void expect_calls(struct lineage *l, const char *const *methods, size_t count)
{
    struct kaspa_node_call call;

    cr_assert_eq(kaspa_node_calls(l->c.w.node), count);
    for (size_t i = 0; i < count; i++) {
        cr_assert(kaspa_node_call(l->c.w.node, i + 1, &call));
        cr_expect_str_eq(call.method, methods[i], "call %zu", i);
    }
}

/* ---- who has spent it ---- */

/* The end of the chain is read before the coin is: who spends it is above that. */
Test(kaspa_client_heads, are_not_followed_while_they_are_there)
{
    static const char *const calls[] = {"getServerInfo", "getSyncStatus", "getBlockDagInfo",
                                        "getUtxosByAddresses"};
    struct lineage l;
    struct kx_look question;

    lineage_begin(&l, 2);
    world_submit(&l.c.w, l.claim); /* in the mempool, it has spent nothing yet */
    question = lineage_head(&l);
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "there", KX_CHAIN_UNKNOWN, 0);
    cr_expect(!l.c.sight.is_missing[0] && !l.c.sight.has_body);
    cr_expect(kaspa_hash_equal(&l.c.sight.utxos[0].covenant_id, &l.covenant));
    cr_expect(l.c.sight.has_before);
    cr_expect(kaspa_hash_equal(&l.c.sight.before, &l.c.sight.sink));
    expect_calls(&l, calls, ARRAY_LEN(calls));
    lineage_end(&l);
}

static const struct {
    const char *name;
    bool is_refund, has_since, is_far; /* far: the client has seen nothing from before it */
} spenders[] = {
    {"a claim, from where the head was there", false, true, false},
    {"a claim, from a checkpoint on", false, false, false},
    {"a claim, by itself", false, false, true},
    {"a refund, from where the head was there", true, true, false},
    {"a refund, by itself", true, false, true},
};

Test(kaspa_client_heads, lead_to_who_has_spent_them)
{
    for (size_t i = 0; i < ARRAY_LEN(spenders); i++) {
        const char *name = spenders[i].name;
        struct kaspa_chain_tx truth;
        struct kx_look question;
        const struct kaspa_tx *tx;
        struct kaspa_hash id;
        struct lineage l;

        lineage_begin(&l, 2);
        question = lineage_head(&l);
        if (!spenders[i].is_far)
            cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s: %s", name, l.c.err.text);
        question.has_since = spenders[i].has_since;
        question.since = l.c.sight.before;
        tx = spenders[i].is_refund ? l.refund : l.claim;
        id = world_submit(&l.c.w, tx);
        world_mine(&l.c.w, 6);
        cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s: %s", name, l.c.err.text);
        lineage_expect(&l, name, KX_CHAIN_ACCEPTED, 6);
        lineage_expect_body(&l, name, &id, tx);
        cr_expect(l.c.sight.is_missing[0], "%s", name);
        cr_expect(kaspa_hash_equal(&l.c.sight.evidence.transaction_id, &id), "%s", name);
        cr_assert(kaspa_chain_tx(l.c.w.chain, &truth, &id));
        cr_expect(kaspa_hash_equal(&l.c.sight.accepting_block, &truth.accepting_block), "%s", name);
        cr_expect(l.c.sight.has_before, "%s", name);
        cr_expect_eq(l.c.sight.is_read, spenders[i].has_since, "%s", name);
        lineage_end(&l);
    }
}

Test(kaspa_client_heads, lead_to_no_more_than_is_asked_for)
{
    struct lineage l;
    struct kx_look question;

    lineage_begin(&l, 2);
    question = lineage_head(&l);
    question.has_since = true;
    question.since = world_info(&l.c.w).sink;
    world_submit(&l.c.w, l.claim);
    world_mine(&l.c.w, 2);
    question.wants_body = false;
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "without its body", KX_CHAIN_ACCEPTED, 2);
    cr_expect(kaspa_hash_equal(&l.c.sight.accepted, &l.claim_id) && !l.c.sight.has_body);
    question.wants_spender = false;
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "nor who it is", KX_CHAIN_UNKNOWN, 0);
    cr_expect(l.c.sight.is_missing[0] && !l.c.sight.is_read && !l.c.sight.has_before);
    lineage_end(&l);
}

/* Of several coins the one that is gone counts, and what the claim has made is one of them. */
Test(kaspa_client_heads, that_are_gone_are_told_from_those_that_are_there)
{
    struct kaspa_outpoint coins[2];
    struct kaspa_spk spks[2];
    struct kx_look question;
    struct lineage l;

    lineage_begin(&l, 2);
    world_submit(&l.c.w, l.claim);
    world_mine(&l.c.w, 2);
    coins[0] = (struct kaspa_outpoint){.txid = l.claim_id, .index = 1};
    coins[1] = l.head;
    spks[0] = spks[1] = l.c.w.spk;
    question = lineage_head(&l);
    question.outpoints = coins;
    question.spks = spks;
    question.count = 2;
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "the second", KX_CHAIN_ACCEPTED, 2);
    lineage_expect_body(&l, "the second", &l.claim_id, l.claim);
    cr_expect(!l.c.sight.is_missing[0] && l.c.sight.is_missing[1]);
    lineage_end(&l);
}

/* ---- reorganisations ---- */

Test(kaspa_client_heads, go_with_what_made_them_and_come_back_with_it)
{
    struct lineage l;
    struct kx_look question, head;

    lineage_begin(&l, 3);
    question = lineage_birth(&l);
    question.has_since = true;
    question.since = l.born;
    head = lineage_head(&l);
    head.has_since = true;
    head.since = l.born;
    lineage_reorganise(&l, 3, NULL);
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "taken back", KX_CHAIN_MEMPOOL, 0);
    cr_expect(l.c.sight.is_missing[0] && l.c.sight.is_read && !l.c.sight.has_body);
    kaspa_chain_lock_take(l.c.w.lock);
    cr_expect(kaspa_chain_evict(l.c.w.chain, &l.head.txid));
    kaspa_chain_lock_give(l.c.w.lock);
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "evicted", KX_CHAIN_UNKNOWN, 0);
    cr_expect(l.c.sight.is_missing[0] && l.c.sight.is_read && !l.c.sight.has_body);
    cr_assert_eq(lineage_ask(&l, &head), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "nobody has spent it", KX_CHAIN_UNKNOWN, 0);
    cr_expect_eq(client_calls(&l.c, "getVirtualChainFromBlockV2"), 1, "nor is sought for further");
    cr_expect(!l.c.sight.has_before, "it is not there now");
    cr_expect(l.c.sight.is_missing[0] && l.c.sight.is_read && !l.c.sight.has_body);
    world_submit(&l.c.w, l.genesis);
    world_mine(&l.c.w, 2);
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "accepted again", KX_CHAIN_ACCEPTED, 2);
    lineage_expect_body(&l, "accepted again", &l.head.txid, l.genesis);
    lineage_end(&l);
}

Test(kaspa_client_heads, lead_to_the_other_one_where_a_claim_has_lost_its_own)
{
    struct kaspa_outpoint coins[2];
    struct kaspa_spk spks[2];
    struct kx_look question;
    struct lineage l;

    lineage_begin(&l, 2);
    coins[0] = l.head;
    coins[1] = (struct kaspa_outpoint){.txid = l.claim_id, .index = 1};
    spks[0] = spks[1] = l.c.w.spk;
    question = (struct kx_look){.outpoints = coins,
                                .spks = spks,
                                .count = 2,
                                .has_tx = true,
                                .txid = l.claim_id,
                                .wants_body = true,
                                .has_since = true,
                                .since = world_info(&l.c.w).sink};
    world_submit(&l.c.w, l.claim);
    world_mine(&l.c.w, 3);
    lineage_reorganise(&l, 3, NULL);
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "taken back", KX_CHAIN_MEMPOOL, 0);
    cr_expect(!l.c.sight.is_missing[0] && l.c.sight.is_missing[1] && l.c.sight.is_read);
    lineage_reorganise(&l, 3, l.refund);
    cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
    lineage_expect(&l, "lost to the refund", KX_CHAIN_ABSENT, 4);
    lineage_expect_body(&l, "lost to the refund", &l.refund_id, l.refund);
    cr_expect(kaspa_hash_equal(&l.c.sight.evidence.transaction_id, &l.claim_id));
    cr_expect(l.c.sight.is_missing[0] && l.c.sight.is_missing[1]);
    question.since = world_info(&l.c.w).sink;
    for (int wants_spender = 0; wants_spender < 2; wants_spender++) {
        question.wants_spender = wants_spender;
        cr_assert_eq(lineage_ask(&l, &question), ASSAY_OK, "%s", l.c.err.text);
        lineage_expect(&l, "from above it", wants_spender ? KX_CHAIN_ABSENT : KX_CHAIN_UNKNOWN,
                       wants_spender ? 4 : 0);
    }
    lineage_end(&l);
}
