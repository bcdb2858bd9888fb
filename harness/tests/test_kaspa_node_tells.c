/* Subscriptions of the role node: what is told, to whom, and when it ends. */
#include "node_world.h"

#include <stdio.h>

static void subscribe(struct node_world *w, const char *scope)
{
    const char *answer = rpc(w, "subscribe", "{%s}", scope);

    cr_assert_str_neq(at(w, answer, "params.id"), "", "%s", answer);
}

static void unsubscribe(struct node_world *w, const char *scope)
{
    cr_assert_str_neq(at(w, rpc(w, "unsubscribe", "{%s}", scope), "params.id"), "");
}

/* The next message, which has to be of this kind; without id. */
static const char *told(struct node_world *w, const char *method)
{
    const char *message = ws_receive(&w->ws, DEADLINE_MS);

    cr_assert_not_null(message);
    message = (const char *)assay_arena_copy(&w->arena, assay_str(message)).at;
    cr_expect_str_eq(at(w, message, "method"), assay_arena_printf(&w->arena, "\"%s\"", method));
    cr_expect_str_eq(at(w, message, "id"), "");
    return message;
}

/* Nothing was told: the next message is the answer to a call. */
static void told_nothing(struct node_world *w)
{
    const char *answer = rpc(w, "getSyncStatus", "{}");

    cr_expect_not_null(strstr(answer, "\"getSyncStatus\""), "%s", answer);
}

static const char *quoted(struct node_world *w, const struct kaspa_hash *hash)
{
    return assay_arena_printf(&w->arena, "\"%s\"", hex_of(w, hash));
}

Test(kaspa_node_tells, scores_when_they_change)
{
    struct node_world w;

    world_begin(&w);
    subscribe(&w, "\"VirtualDaaScoreChanged\":{}");
    subscribe(&w, "\"SinkBlueScoreChanged\":{}");
    world_mine(&w, 3);
    cr_expect_str_eq(at(&w, told(&w, "virtualDaaScoreChangedNotification"),
                        "params.VirtualDaaScoreChanged.virtualDaaScore"),
                     "1000005");
    cr_expect_str_eq(at(&w, told(&w, "sinkBlueScoreChangedNotification"),
                        "params.SinkBlueScoreChanged.sinkBlueScore"),
                     "900004");
    kaspa_node_changed(w.node);
    told_nothing(&w);
    unsubscribe(&w, "\"VirtualDaaScoreChanged\":{}");
    unsubscribe(&w, "\"SinkBlueScoreChanged\":{}");
    world_mine(&w, 1);
    told_nothing(&w);
    world_end(&w);
}

Test(kaspa_node_tells, the_chain_that_was_added_and_removed)
{
    struct node_world w;
    struct kaspa_chain_info info;
    struct kaspa_hash id, removed;
    const char *message;

    world_begin(&w);
    world_mine(&w, 2); /* nobody hears of these */
    subscribe(&w, "\"VirtualChainChanged\":{\"include_accepted_transaction_ids\":true}");
    id = world_submit(&w, world_payment(&w, ""));
    world_mine(&w, 2);
    info = world_info(&w);
    message = told(&w, "virtualChainChangedNotification");
    cr_expect_str_eq(at(&w, message, "params.VirtualChainChanged.removedChainBlockHashes"), "[]");
    cr_expect_str_eq(at(&w, message, "params.VirtualChainChanged.addedChainBlockHashes.1"),
                     quoted(&w, &info.sink));
    cr_expect_str_eq(at(&w, message, "params.VirtualChainChanged.addedChainBlockHashes.2"), "");
    cr_expect_str_eq(at(&w, message,
                        "params.VirtualChainChanged.acceptedTransactionIds.0."
                        "acceptedTransactionIds.0"),
                     quoted(&w, &id));
    removed = info.sink;
    world_reorganise(&w, 2);
    kaspa_node_changed(w.node);
    info = world_info(&w);
    message = told(&w, "virtualChainChangedNotification");
    cr_expect_str_eq(at(&w, message, "params.VirtualChainChanged.removedChainBlockHashes.0"),
                     quoted(&w, &removed));
    cr_expect_str_neq(at(&w, message, "params.VirtualChainChanged.removedChainBlockHashes.1"), "");
    cr_expect_str_eq(at(&w, message, "params.VirtualChainChanged.removedChainBlockHashes.2"), "");
    cr_expect_str_eq(at(&w, message, "params.VirtualChainChanged.addedChainBlockHashes.2"),
                     quoted(&w, &info.sink));
    subscribe(&w, "\"VirtualChainChanged\":{\"include_accepted_transaction_ids\":false}");
    world_mine(&w, 1);
    message = told(&w, "virtualChainChangedNotification");
    cr_expect_str_eq(at(&w, message, "params.VirtualChainChanged.acceptedTransactionIds"), "[]");
    unsubscribe(&w, "\"VirtualChainChanged\":{\"include_accepted_transaction_ids\":false}");
    world_mine(&w, 1);
    told_nothing(&w);
    world_end(&w);
}

Test(kaspa_node_tells, of_a_fork_that_is_switched_to_what_is_other_there)
{
    struct node_world w;
    struct kaspa_chain *fork = NULL;
    struct kaspa_chain_info here, there;
    const char *message;

    world_begin(&w);
    cr_assert_eq(kaspa_chain_fork(&fork, w.chain, ASSAY_LIT("fork")), ASSAY_OK);
    world_mine(&w, 2);
    here = world_info(&w);
    cr_assert_eq(kaspa_chain_mine(fork, &(struct kaspa_mining){.blocks = 1}), ASSAY_OK);
    kaspa_chain_info(fork, &there);
    subscribe(&w, "\"VirtualChainChanged\":{\"include_accepted_transaction_ids\":true}");
    for (int back = 0; back < 2; back++) {
        kaspa_node_switch(w.node, back ? w.chain : fork);
        message = told(&w, "virtualChainChangedNotification");
        cr_expect_str_eq(at(&w, message, "params.VirtualChainChanged.removedChainBlockHashes.0"),
                         quoted(&w, back ? &there.sink : &here.sink));
        cr_expect_str_eq(at(&w, message,
                            back ? "params.VirtualChainChanged.addedChainBlockHashes.1"
                                 : "params.VirtualChainChanged.addedChainBlockHashes.0"),
                         quoted(&w, back ? &here.sink : &there.sink));
    }
    world_end(&w);
    kaspa_chain_free(fork);
}

Test(kaspa_node_tells, the_outputs_of_addresses)
{
    struct node_world w;
    struct kaspa_hash id;
    const char *message, *scope;

    world_begin(&w);
    scope = assay_arena_printf(&w.arena, "\"UtxosChanged\":{\"addresses\":[\"%s\"]}", w.address);
    subscribe(&w, scope);
    subscribe(&w, scope); /* twice is once */
    world_mine(&w, 1);
    told_nothing(&w);
    id = world_submit(&w, world_payment(&w, ""));
    kaspa_node_changed(w.node);
    told_nothing(&w); /* the mempool is not told */
    world_mine(&w, 1);
    message = told(&w, "utxosChangedNotification");
    cr_expect_str_eq(at(&w, message, "params.UtxosChanged.removed.0.outpoint.transactionId"),
                     quoted(&w, &w.funding.txid));
    cr_expect_str_eq(at(&w, message, "params.UtxosChanged.removed.1"), "");
    for (int i = 0; i < 2; i++)
        cr_expect_str_eq(at(&w, message,
                            i == 0 ? "params.UtxosChanged.added.0.outpoint.transactionId"
                                   : "params.UtxosChanged.added.1.outpoint.transactionId"),
                         quoted(&w, &id));
    cr_expect_str_eq(at(&w, message, "params.UtxosChanged.added.0.address"),
                     assay_arena_printf(&w.arena, "\"%s\"", w.address));
    world_reorganise(&w, 1);
    kaspa_node_changed(w.node);
    message = told(&w, "utxosChangedNotification");
    cr_expect_str_eq(at(&w, message, "params.UtxosChanged.added.0.outpoint.transactionId"),
                     quoted(&w, &w.funding.txid));
    cr_expect_str_neq(at(&w, message, "params.UtxosChanged.removed.1"), "");
    unsubscribe(&w, scope);
    unsubscribe(&w, scope); /* none is left to end */
    kaspa_chain_lock_take(w.lock);
    cr_assert(kaspa_chain_hold(w.chain, &id, false));
    kaspa_chain_lock_give(w.lock);
    world_mine(&w, 1);
    told_nothing(&w);
    subscribe(&w, scope);
    unsubscribe(&w, "\"UtxosChanged\":{\"addresses\":[]}"); /* all of them */
    world_fund(&w, &w.funding, &w.spk, KAS);
    kaspa_node_changed(w.node);
    told_nothing(&w);
    world_end(&w);
}

/* An output that is accepted again, by another block, has another score. */
Test(kaspa_node_tells, an_output_whose_score_changed)
{
    struct node_world w;
    struct kaspa_chain_info info;
    const char *message;

    world_begin(&w);
    subscribe(&w,
              assay_arena_printf(&w.arena, "\"UtxosChanged\":{\"addresses\":[\"%s\"]}", w.address));
    world_behave(&w, (struct kaspa_node_behaviour){.lie = KASPA_NODE_OTHER_AMOUNT});
    kaspa_node_changed(w.node);
    message = told(&w, "utxosChangedNotification");
    cr_expect_str_eq(at(&w, message, "params.UtxosChanged.added.0.utxoEntry.amount"), "1000000001");
    cr_expect_str_eq(at(&w, message, "params.UtxosChanged.removed.0.utxoEntry.amount"),
                     "1000000000");
    info = world_info(&w);
    cr_expect_eq(info.mempool_size, 0);
    world_end(&w);
}

Test(kaspa_node_tells, of_several_addresses_and_ends_one_of_them)
{
    struct node_world w;
    struct kaspa_address other = {.network = KASPA_TESTNET, .payload_len = 32};
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES];
    struct kaspa_spk spk;
    struct kaspa_outpoint outpoint;
    const char *message;

    world_begin(&w);
    for (uint8_t i = 1; i <= 6; i++) {
        other.payload[0] = i;
        kaspa_address_encode(text, &other);
        subscribe(&w,
                  assay_arena_printf(&w.arena, "\"UtxosChanged\":{\"addresses\":[\"%s\",\"%s\"]}",
                                     w.address, text));
    }
    unsubscribe(
        &w, assay_arena_printf(&w.arena, "\"UtxosChanged\":{\"addresses\":[\"%s\"]}", w.address));
    kaspa_address_script(&spk, script, &other);
    world_fund(&w, &outpoint, &w.spk, KAS);
    world_fund(&w, &outpoint, &spk, KAS);
    kaspa_node_changed(w.node);
    message = told(&w, "utxosChangedNotification");
    cr_expect_str_eq(at(&w, message, "params.UtxosChanged.added.0.address"),
                     assay_arena_printf(&w.arena, "\"%s\"", text));
    cr_expect_str_eq(at(&w, message, "params.UtxosChanged.added.1"), "");
    told_nothing(&w);
    world_end(&w);
}

Test(kaspa_node_tells, every_block_that_was_added)
{
    struct node_world w;
    struct kaspa_chain_block block;
    const char *message;

    world_begin(&w);
    subscribe(&w, "\"BlockAdded\":{}");
    (void)world_submit(&w, world_payment(&w, ""));
    world_change(&w, &(struct kaspa_mining){.blocks = 1, .merged = 2});
    kaspa_node_changed(w.node);
    block = world_block_at(&w, 2);
    for (size_t i = 1; i < 3; i++) {
        message = told(&w, "blockAddedNotification");
        cr_expect_str_eq(at(&w, message, "params.BlockAdded.block.header.hash"),
                         quoted(&w, &block.merged[i]));
    }
    message = told(&w, "blockAddedNotification");
    cr_expect_str_eq(at(&w, message, "params.BlockAdded.block.header.hash"),
                     quoted(&w, &block.hash));
    cr_expect_str_neq(at(&w, message, "params.BlockAdded.block.transactions.0"), "");
    unsubscribe(&w, "\"BlockAdded\":{}");
    world_mine(&w, 1);
    told_nothing(&w);
    world_end(&w);
}

Test(kaspa_node_tells, nothing_of_what_never_happens)
{
    static const char *const scopes[] = {
        "\"FinalityConflict\":{}",
        "\"FinalityConflictResolved\":{}",
        "\"PruningPointUtxoSetOverride\":{}",
        "\"NewBlockTemplate\":{}",
    };
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
        subscribe(&w, scopes[i]);
    world_mine(&w, 2);
    told_nothing(&w);
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
        unsubscribe(&w, scopes[i]);
    world_end(&w);
}

Test(kaspa_node_tells, each_connection_its_own)
{
    struct node_world w;
    struct ws_client other;
    const char *id;

    world_begin(&w);
    cr_assert(ws_open(&other, kaspa_node_rpc_url(w.node), DEADLINE_MS));
    cr_assert(ws_send(&other, "{\"id\":9,\"method\":\"subscribe\",\"params\":"
                              "{\"SinkBlueScoreChanged\":{}}}"));
    id = at(&w, ws_receive(&other, DEADLINE_MS), "params.id");
    cr_expect_str_neq(id, at(&w, rpc(&w, "subscribe", "{\"FinalityConflict\":{}}"), "params.id"));
    world_mine(&w, 1);
    cr_expect_not_null(strstr(ws_receive(&other, DEADLINE_MS), "sinkBlueScoreChanged"));
    told_nothing(&w);
    ws_close(&other);
    world_mine(&w, 1);
    told_nothing(&w);
    world_end(&w);
}

/* The chain changes while its lock is not the node's, and nobody said so: a subscriber hears of
 * what comes after its subscription alone. */
Test(kaspa_node_tells, of_what_comes_after_the_subscription)
{
    struct node_world w;

    world_begin(&w);
    subscribe(&w, "\"VirtualDaaScoreChanged\":{}");
    world_change(&w, &(struct kaspa_mining){.blocks = 4});
    cr_assert(ws_send(&w.ws, "{\"id\":7,\"method\":\"subscribe\",\"params\":"
                             "{\"SinkBlueScoreChanged\":{}}}"));
    cr_expect_str_eq(at(&w, told(&w, "virtualDaaScoreChangedNotification"),
                        "params.VirtualDaaScoreChanged.virtualDaaScore"),
                     "1000006", "the first subscription is told before the second begins");
    cr_expect_str_eq(at(&w, ws_receive(&w.ws, DEADLINE_MS), "id"), "7");
    kaspa_node_changed(w.node);
    told_nothing(&w);
    world_end(&w);
}

Test(kaspa_node_tells, nobody_after_a_restart)
{
    struct node_world w;

    world_begin(&w);
    subscribe(&w, "\"VirtualDaaScoreChanged\":{}");
    cr_assert_eq(kaspa_node_restart(w.node, NULL), ASSAY_OK);
    ws_close(&w.ws);
    cr_assert(ws_open(&w.ws, kaspa_node_rpc_url(w.node), DEADLINE_MS));
    world_mine(&w, 1);
    told_nothing(&w);
    world_end(&w);
}

/* The score of a lagging node may go back. */
Test(kaspa_node_tells, what_a_lagging_node_believes)
{
    struct node_world w;
    const char *message;

    world_begin(&w);
    world_mine(&w, 5);
    subscribe(&w, "\"VirtualChainChanged\":{\"include_accepted_transaction_ids\":false}");
    world_behave(&w, (struct kaspa_node_behaviour){.lag_daa = 3});
    kaspa_node_changed(w.node);
    message = told(&w, "virtualChainChangedNotification");
    cr_expect_str_neq(at(&w, message, "params.VirtualChainChanged.removedChainBlockHashes.2"), "");
    cr_expect_str_eq(at(&w, message, "params.VirtualChainChanged.addedChainBlockHashes"), "[]");
    world_end(&w);
}
