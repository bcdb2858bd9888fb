/* The role node that lies: what it says of itself and of the chain, on both interfaces, and what
 * changes while it runs. */
#include "node_world.h"

#include <stdio.h>
#include <unistd.h>

/* ---- what it says of itself ---- */

Test(kaspa_node_behaves, is_not_synced_or_does_not_say)
{
    static const char *const methods[] = {"getServerInfo", "getSyncStatus", "getInfo"};
    const char *answer;
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        world_behave(&w, (struct kaspa_node_behaviour){.unsynced = true});
        cr_expect_str_eq(at(&w, rpc(&w, methods[i], "{}"), "params.isSynced"), "false");
        world_behave(&w, (struct kaspa_node_behaviour){.sync_flag_missing = true});
        answer = rpc(&w, methods[i], "{}");
        cr_expect_str_eq(at(&w, answer, "params.isSynced"), "");
        cr_expect_str_neq(at(&w, answer, "params"), "");
    }
    world_end(&w);
}

Test(kaspa_node_behaves, is_of_another_network)
{
    char name[100] = "mainnet";
    struct node_world w;

    world_begin(&w);
    world_behave(&w, (struct kaspa_node_behaviour){.network = name});
    memset(name, 'x', sizeof(name) - 1); /* it has its own copy */
    cr_expect_str_eq(at(&w, rpc(&w, "getServerInfo", "{}"), "params.networkId"), "\"mainnet\"");
    cr_expect_str_eq(at(&w, rpc(&w, "getBlockDagInfo", "{}"), "params.network"), "\"mainnet\"");
    cr_expect_str_eq(at(&w, rest_get(&w, "/info/blockdag").body, "networkName"),
                     "\"kaspa-mainnet\"");
    name[sizeof(name) - 1] = '\0';
    world_behave(&w, (struct kaspa_node_behaviour){.network = name});
    cr_expect_eq(strlen(at(&w, rpc(&w, "getServerInfo", "{}"), "params.networkId")), 65);
    world_end(&w);
}

Test(kaspa_node_behaves, has_no_utxo_index)
{
    struct node_world w;
    const char *answer;

    world_begin(&w);
    world_behave(&w, (struct kaspa_node_behaviour){.no_utxo_index = true});
    cr_expect_str_eq(at(&w, rpc(&w, "getServerInfo", "{}"), "params.hasUtxoIndex"), "false");
    cr_expect_str_eq(at(&w, rpc(&w, "getInfo", "{}"), "params.isUtxoIndexed"), "false");
    answer = rpc(&w, "getUtxosByAddresses", "{\"addresses\":[\"%s\"]}", w.address);
    cr_expect_str_eq(at(&w, answer, "error.message"),
                     "\"Method unavailable. Run the node with the --utxoindex argument.\"");
    answer = rpc(&w, "subscribe", "{\"UtxosChanged\":{\"addresses\":[\"%s\"]}}", w.address);
    cr_expect_neq(strstr(answer, "--utxoindex"), NULL);
    cr_expect_eq(rest_get(&w, "/addresses/%s/utxos", w.address).status, 500);
    world_end(&w);
}

/* The funding, ten blocks, a payment that the next accepts, then so many blocks more. */
static struct kaspa_hash pay(struct node_world *w, unsigned blocks)
{
    struct kaspa_hash id;

    world_mine(w, 10);
    id = world_submit(w, world_payment(w, ""));
    if (blocks > 0)
        world_mine(w, blocks);
    return id;
}

static unsigned utxo_count(struct node_world *w)
{
    const char *answer = rpc(w, "getUtxosByAddresses", "{\"addresses\":[\"%s\"]}", w->address);
    unsigned count = 0;

    while ((answer = strstr(answer, "\"utxoEntry\"")) != NULL) {
        answer++;
        count++;
    }
    return count;
}

Test(kaspa_node_behaves, lags_behind_and_knows_nothing_of_what_came_since)
{
    static const struct {
        uint64_t lag;
        const char *score, *blue;
        unsigned utxos;
        int status;
    } rows[] = {
        {0, "1000017", "900016", 2, 200},  {4, "1000013", "900012", 2, 200},
        {5, "1000012", "900011", 1, 404},  {15, "1000002", "900001", 1, 404},
        {16, "1000001", "900000", 0, 404}, {UINT64_MAX, "1000001", "900000", 0, 404},
    };
    struct node_world w;
    struct kaspa_chain_info info;
    struct kaspa_hash id;
    const char *answer, *sink;

    world_begin(&w);
    id = pay(&w, 5);
    info = world_info(&w);
    sink = hex_of(&w, &info.sink);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        world_behave(&w, (struct kaspa_node_behaviour){.lag_daa = rows[i].lag});
        answer = rpc(&w, "getServerInfo", "{}");
        cr_expect_str_eq(at(&w, answer, "params.virtualDaaScore"), rows[i].score, "row %zu", i);
        answer = rpc(&w, "getSinkBlueScore", "{}");
        cr_expect_str_eq(at(&w, answer, "params.blueScore"), rows[i].blue, "row %zu", i);
        cr_expect_eq(utxo_count(&w), rows[i].utxos, "row %zu", i);
        cr_expect_eq(rest_get(&w, "/transactions/%s", hex_of(&w, &id)).status, rows[i].status,
                     "row %zu", i);
        cr_expect_eq(rest_get(&w, "/blocks/%s", sink).status, i == 0 ? 200 : 404, "row %zu", i);
        answer = rpc(&w, "getVirtualChainFromBlock",
                     "{\"startHash\":\"%s\",\"includeAcceptedTransactionIds\":true}",
                     hex_of(&w, &info.genesis));
        cr_expect_eq(strstr(answer, sink) != NULL, i == 0, "row %zu", i);
    }
    world_end(&w);
}

Test(kaspa_node_behaves, lags_behind_its_mempool_too)
{
    struct node_world w;
    struct kaspa_hash id;

    world_begin(&w);
    id = pay(&w, 0);
    cr_expect_eq(rest_get(&w, "/transactions/%s", hex_of(&w, &id)).status, 200);
    world_behave(&w, (struct kaspa_node_behaviour){.lag_daa = 1});
    cr_expect_eq(rest_get(&w, "/transactions/%s", hex_of(&w, &id)).status, 404);
    cr_expect_str_eq(at(&w, rpc(&w, "getInfo", "{}"), "params.mempoolSize"), "0");
    world_end(&w);
}

/* ---- lies ---- */

static const char *tx_of(struct node_world *w, const struct kaspa_hash *id)
{
    return rest_get(w, "/transactions/%s", hex_of(w, id)).body;
}

static const char *chain_from_genesis(struct node_world *w)
{
    struct kaspa_chain_info info = world_info(w);

    return rpc(w, "getVirtualChainFromBlock",
               "{\"startHash\":\"%s\",\"includeAcceptedTransactionIds\":true}",
               hex_of(w, &info.genesis));
}

static const char *acceptance(struct node_world *w, const struct kaspa_hash *id)
{
    const char *body =
        assay_arena_printf(&w->arena, "{\"transactionIds\":[\"%s\"]}", hex_of(w, id));

    return rest_post(w, "/transactions/acceptance", body).body;
}

static void lie(struct node_world *w, enum kaspa_node_lie how)
{
    world_behave(w, (struct kaspa_node_behaviour){.lie = how});
}

Test(kaspa_node_behaves, says_accepted_as_text)
{
    struct node_world w;
    struct kaspa_hash id;

    world_begin(&w);
    id = pay(&w, 0);
    lie(&w, KASPA_NODE_ACCEPTED_AS_TEXT);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "is_accepted"), "\"false\"");
    world_mine(&w, 1);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "is_accepted"), "\"true\"");
    cr_expect_str_eq(at(&w, acceptance(&w, &id), "0.accepted"), "\"true\"");
    world_end(&w);
}

Test(kaspa_node_behaves, says_that_its_mempool_is_accepted)
{
    struct node_world w;
    struct kaspa_chain_info info;
    struct kaspa_hash id;
    const char *answer;

    world_begin(&w);
    id = pay(&w, 0);
    lie(&w, KASPA_NODE_ACCEPTS_ALL);
    info = world_info(&w);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "is_accepted"), "true");
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "accepting_block_hash"),
                     assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &info.sink)));
    cr_expect_str_eq(at(&w, acceptance(&w, &id), "0.accepted"), "true");
    cr_expect_not_null(strstr(chain_from_genesis(&w), hex_of(&w, &id)));
    cr_expect_eq(utxo_count(&w), 2, "its outputs, and not what it spends");
    answer = rpc(&w, "getMempoolEntry",
                 "{\"transactionId\":\"%s\",\"includeOrphanPool\":true,"
                 "\"filterTransactionPool\":false}",
                 hex_of(&w, &id));
    cr_expect_not_null(strstr(answer, "not found"));
    world_mine(&w, 1);
    cr_expect_eq(utxo_count(&w), 2, "now it is true");
    world_end(&w);
}

Test(kaspa_node_behaves, says_that_it_knows_nothing)
{
    struct node_world w;
    struct kaspa_hash id;

    world_begin(&w);
    id = pay(&w, 2);
    lie(&w, KASPA_NODE_ACCEPTS_NONE);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "detail"), "\"Transaction not found\"");
    cr_expect_str_eq(at(&w, acceptance(&w, &id), "0.accepted"), "false");
    cr_expect_null(strstr(chain_from_genesis(&w), hex_of(&w, &id)));
    cr_expect_eq(utxo_count(&w), 0);
    lie(&w, KASPA_NODE_HONEST);
    cr_expect_eq(utxo_count(&w), 2);
    world_end(&w);
}

Test(kaspa_node_behaves, keeps_fundings_when_it_knows_nothing)
{
    struct node_world w;

    world_begin(&w);
    lie(&w, KASPA_NODE_ACCEPTS_NONE);
    cr_expect_eq(utxo_count(&w), 1);
    world_end(&w);
}

Test(kaspa_node_behaves, answers_with_another_transaction)
{
    struct node_world w;
    struct kaspa_hash id;
    const char *quoted, *other;

    world_begin(&w);
    id = pay(&w, 0);
    lie(&w, KASPA_NODE_OTHER_TX);
    quoted = assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &id));
    other = at(&w, tx_of(&w, &id), "transaction_id");
    cr_expect_eq(strlen(other), 66);
    cr_expect_str_neq(other, quoted);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "lock_time"), "1");
    cr_expect_str_eq(at(&w, acceptance(&w, &id), "0.transactionId"), other);
    cr_expect_str_eq(at(&w,
                        rpc(&w, "getMempoolEntry",
                            "{\"transactionId\":\"%s\",\"includeOrphanPool\":true,"
                            "\"filterTransactionPool\":false}",
                            hex_of(&w, &id)),
                        "params.mempoolEntry.transaction.verboseData.transactionId"),
                     other);
    world_end(&w);
}

Test(kaspa_node_behaves, answers_with_another_transaction_under_the_same_id)
{
    struct node_world w;
    struct kaspa_hash id;
    const char *quoted;

    world_begin(&w);
    id = pay(&w, 1);
    lie(&w, KASPA_NODE_OTHER_BODY);
    quoted = assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &id));
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "transaction_id"), quoted);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "lock_time"), "1");
    world_end(&w);
}

Test(kaspa_node_behaves, answers_with_other_amounts)
{
    struct node_world w;
    struct kaspa_hash id;
    const char *answer;

    world_begin(&w);
    id = pay(&w, 1);
    lie(&w, KASPA_NODE_OTHER_AMOUNT);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "outputs.0.amount"), "300000001");
    answer = rpc(&w, "getUtxosByAddresses", "{\"addresses\":[\"%s\"]}", w.address);
    cr_expect_not_null(strstr(answer, "\"amount\":300000001,"));
    cr_expect_not_null(
        strstr(rest_get(&w, "/addresses/%s/utxos", w.address).body, "\"amount\":\"300000001\""));
    world_end(&w);
}

Test(kaspa_node_behaves, contradicts_itself)
{
    struct node_world w;
    struct kaspa_hash id;

    world_begin(&w);
    id = pay(&w, 1);
    for (int round = 0; round < 2; round++) {
        lie(&w, KASPA_NODE_CONTRADICT);
        cr_expect_str_eq(at(&w, tx_of(&w, &id), "is_accepted"), "true");
        cr_expect_eq(utxo_count(&w), 2, "this is about no transaction");
        cr_expect_null(strstr(chain_from_genesis(&w), hex_of(&w, &id)));
        cr_expect_str_eq(at(&w, acceptance(&w, &id), "0.accepted"), "true");
    }
    world_end(&w);
}

Test(kaspa_node_behaves, swallows_what_is_submitted_or_names_it_otherwise)
{
    struct node_world w;
    const char *params, *first, *second;

    world_begin(&w);
    params = assay_arena_printf(&w.arena, "{\"transaction\":%s,\"allowOrphan\":false}",
                                tx_json(&w, world_payment(&w, ""), 'n'));
    lie(&w, KASPA_NODE_SWALLOW);
    first = at(&w, rpc(&w, "submitTransaction", "%s", params), "params.transactionId");
    cr_expect_eq(strlen(first), 66);
    cr_expect_eq(world_events(&w), 0);
    lie(&w, KASPA_NODE_OTHER_ID);
    second = at(&w, rpc(&w, "submitTransaction", "%s", params), "params.transactionId");
    cr_expect_eq(strlen(second), 66);
    cr_expect_str_neq(first, second);
    cr_expect_eq(world_info(&w).mempool_size, 1);
    world_end(&w);
}

Test(kaspa_node_behaves, has_blue_scores_that_jump)
{
    struct node_world w;
    struct kaspa_hash id;

    world_begin(&w);
    id = pay(&w, 3);
    lie(&w, KASPA_NODE_BLUE_IS_DEPTH);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "accepting_block_blue_score"), "900012000");
    cr_expect_str_eq(at(&w, rpc(&w, "getSinkBlueScore", "{}"), "params.blueScore"), "900014000");
    world_end(&w);
}

/* ---- while it runs ---- */

Test(kaspa_node_behaves, is_restarted_on_its_ports)
{
    struct node_world w;
    const char *rpc_url, *rest_url;
    int half_open;

    world_begin(&w);
    rpc_url = assay_arena_printf(&w.arena, "%s", kaspa_node_rpc_url(w.node));
    rest_url = assay_arena_printf(&w.arena, "%s", kaspa_node_rest_url(w.node));
    cr_expect_eq(rest_get(&w, "/info/blockdag").status, 200);
    half_open = tcp_connect(rpc_url);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(kaspa_node_restart(w.node, NULL), ASSAY_OK);
        cr_expect(ws_await_end(&w.ws, DEADLINE_MS));
        cr_expect(tcp_await_end(half_open, DEADLINE_MS));
        ws_close(&w.ws);
        cr_assert(ws_open(&w.ws, rpc_url, DEADLINE_MS));
        cr_expect_not_null(rpc(&w, "getInfo", "{}"));
        cr_expect_eq(rest_get(&w, "/info/blockdag").status, 200);
    }
    cr_expect_str_eq(kaspa_node_rpc_url(w.node), rpc_url);
    cr_expect_str_eq(kaspa_node_rest_url(w.node), rest_url);
    cr_expect_eq(kaspa_node_calls(w.node), 7);
    close(half_open);
    world_end(&w);
}

Test(kaspa_node_behaves, serves_nothing_after_a_restart_that_failed_and_can_be_restarted)
{
    struct node_world w;
    enum assay_code rc = ASSAY_E_NOMEM;

    world_begin(&w);
    for (size_t n = 0; n < 10 && rc == ASSAY_E_NOMEM; n++) {
        struct assay_err err = {0};

        (void)assay_alloc_fail_after(n);
        rc = kaspa_node_restart(w.node, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(err.code, rc);
        kaspa_node_changed(w.node);
    }
    cr_expect_eq(rc, ASSAY_OK);
    ws_close(&w.ws);
    cr_assert(ws_open(&w.ws, kaspa_node_rpc_url(w.node), DEADLINE_MS));
    cr_expect_not_null(rpc(&w, "getInfo", "{}"));
    cr_expect_eq(rest_get(&w, "/info/blockdag").status, 200);
    world_end(&w);
}

Test(kaspa_node_behaves, serves_a_fork_and_comes_back)
{
    struct node_world w;
    struct kaspa_chain *fork = NULL;
    struct kaspa_chain_info info;
    struct kaspa_hash id;

    world_begin(&w);
    cr_assert_eq(kaspa_chain_fork(&fork, w.chain, ASSAY_LIT("fork")), ASSAY_OK);
    id = pay(&w, 1);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "is_accepted"), "true");
    kaspa_node_switch(w.node, fork);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "detail"), "\"Transaction not found\"");
    kaspa_chain_info(fork, &info);
    cr_expect_str_eq(at(&w, rest_get(&w, "/info/blockdag").body, "sink"),
                     assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &info.sink)));
    kaspa_node_switch(w.node, w.chain);
    cr_expect_str_eq(at(&w, tx_of(&w, &id), "is_accepted"), "true");
    world_end(&w);
    kaspa_chain_free(fork);
}

Test(kaspa_node_behaves, shares_a_chain_with_other_nodes)
{
    struct node_world w;
    struct kaspa_node *other = NULL;
    struct ws_client c;
    struct kaspa_hash id;

    world_begin(&w);
    cr_assert_eq(kaspa_node_start(
                     &other, &(struct kaspa_node_options){.chain = w.chain, .lock = w.lock}, NULL),
                 ASSAY_OK);
    id = pay(&w, 0);
    lie(&w, KASPA_NODE_ACCEPTS_NONE);
    cr_assert(ws_open(&c, kaspa_node_rpc_url(other), DEADLINE_MS));
    cr_assert(ws_send(&c, assay_arena_printf(&w.arena,
                                             "{\"id\":1,\"method\":\"getMempoolEntry\",\"params\":"
                                             "{\"transactionId\":\"%s\",\"includeOrphanPool\":"
                                             "false,\"filterTransactionPool\":false}}",
                                             hex_of(&w, &id))));
    cr_expect_not_null(strstr(ws_receive(&c, DEADLINE_MS), "\"fee\""));
    ws_close(&c);
    kaspa_node_stop(other);
    world_end(&w);
}
