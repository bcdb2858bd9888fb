/* The role node over RPC: its envelope, its calls but those about outputs and transactions, and its
 * log. */
#include "node_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define UNKNOWN "00000000000000000000000000000000000000000000000000000000000000ff"

/* ---- the envelope ---- */

static const struct {
    const char *name, *id;
} ids[] = {
    {"zero", "0"},
    {"above what a double holds", "9007199254740993"},
    {"above what is signed", "9223372036854775808"},
    {"the largest", "18446744073709551615"},
};

Test(kaspa_node, echoes_ids_of_64_bits_as_they_came)
{
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const char *text = assay_arena_printf(
            &w.arena, "{\"id\":%s,\"method\":\"getSyncStatus\",\"params\":{}}", ids[i].id);
        const char *expected = assay_arena_printf(
            &w.arena, "{\"id\":%s,\"method\":\"getSyncStatus\",\"params\":{\"isSynced\":true}}",
            ids[i].id);

        cr_assert(ws_send(&w.ws, text));
        cr_expect_str_eq(ws_receive(&w.ws, DEADLINE_MS), expected, "row: %s", ids[i].name);
    }
    world_end(&w);
}

static const struct {
    const char *name, *text;
} unparsable[] = {
    {"no JSON", "hello"},
    {"nothing", ""},
    {"half of it", "{\"id\":1,\"method\":\"getInfo\""},
    {"something behind it", "{\"id\":1,\"method\":\"getInfo\",\"params\":{}} {}"},
    {"an array", "[1]"},
    {"no id", "{\"method\":\"getInfo\",\"params\":{}}"},
    {"an id as text", "{\"id\":\"1\",\"method\":\"getInfo\",\"params\":{}}"},
    {"a negative id", "{\"id\":-1,\"method\":\"getInfo\",\"params\":{}}"},
    {"a fraction", "{\"id\":1.5,\"method\":\"getInfo\",\"params\":{}}"},
    {"an id of 65 bits", "{\"id\":18446744073709551616,\"method\":\"getInfo\",\"params\":{}}"},
    {"two ids", "{\"id\":1,\"id\":2,\"method\":\"getInfo\",\"params\":{}}"},
    {"no method", "{\"id\":1,\"params\":{}}"},
    {"an unknown method", "{\"id\":1,\"method\":\"getKeys\",\"params\":{}}"},
    {"another spelling", "{\"id\":1,\"method\":\"GetInfo\",\"params\":{}}"},
    {"a method that is no text", "{\"id\":1,\"method\":7,\"params\":{}}"},
    {"no params", "{\"id\":1,\"method\":\"getInfo\"}"},
    {"wrong UTF-8", "{\"id\":1,\"method\":\"getInfo\",\"params\":{\"a\":\"\xc0\xaf\"}}"},
};

Test(kaspa_node, closes_the_connection_at_what_it_cannot_read)
{
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(unparsable); i++) {
        struct ws_client c;

        cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
        cr_assert(ws_send(&c, unparsable[i].text));
        cr_expect_null(ws_receive(&c, DEADLINE_MS), "row: %s", unparsable[i].name);
        cr_expect(c.closed, "row: %s", unparsable[i].name);
        ws_close(&c);
    }
    cr_expect_eq(kaspa_node_calls(w.node), 0);
    cr_expect_str_eq(at(&w, rpc(&w, "getSyncStatus", "{}"), "params.isSynced"), "true");
    world_end(&w);
}

/* ---- the node itself ---- */

Test(kaspa_node, says_who_it_is)
{
    struct node_world w;
    struct kaspa_chain_info info;
    const char *answer, *sink;
    char number[32];

    world_begin(&w);
    info = world_info(&w);
    sink = assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &info.sink));
    snprintf(number, sizeof(number), "%" PRIu64, info.daa_score);
    answer = rpc(&w, "getServerInfo", "{}");
    cr_expect_str_eq(at(&w, answer, "params.rpcApiVersion"), "1");
    cr_expect_str_eq(at(&w, answer, "params.rpcApiRevision"), "0");
    cr_expect_str_eq(at(&w, answer, "params.serverVersion"), "\"2.0.1\"");
    cr_expect_str_eq(at(&w, answer, "params.networkId"), "\"testnet-10\"");
    cr_expect_str_eq(at(&w, answer, "params.hasUtxoIndex"), "true");
    cr_expect_str_eq(at(&w, answer, "params.isSynced"), "true");
    cr_expect_str_eq(at(&w, answer, "params.virtualDaaScore"), number);
    answer = rpc(&w, "getBlockDagInfo", "{}");
    cr_expect_str_eq(at(&w, answer, "params.network"), "\"testnet-10\"");
    cr_expect_str_eq(at(&w, answer, "params.sink"), sink);
    cr_expect_str_eq(at(&w, answer, "params.tipHashes.0"), sink);
    cr_expect_str_eq(at(&w, answer, "params.virtualParentHashes.0"), sink);
    cr_expect_str_eq(at(&w, answer, "params.blockCount"), "2");
    cr_expect_str_eq(at(&w, answer, "params.headerCount"), "2");
    cr_expect_str_eq(at(&w, answer, "params.virtualDaaScore"), number);
    snprintf(number, sizeof(number), "%" PRId64, info.past_median_time_ms);
    cr_expect_str_eq(at(&w, answer, "params.pastMedianTime"), number);
    snprintf(number, sizeof(number), "%" PRIu64, info.blue_score);
    cr_expect_str_eq(at(&w, rpc(&w, "getSinkBlueScore", "{}"), "params.blueScore"), number);
    answer = rpc(&w, "getInfo", "{}");
    cr_expect_str_eq(at(&w, answer, "params.mempoolSize"), "0");
    cr_expect_str_eq(at(&w, answer, "params.isUtxoIndexed"), "true");
    cr_expect_str_eq(at(&w, answer, "params.isSynced"), "true");
    cr_expect_str_eq(at(&w, answer, "params.hasMessageId"), "true");
    answer = rpc(&w, "getFeeEstimate", "{}");
    cr_expect_str_eq(at(&w, answer, "params.estimate.priorityBucket.feerate"), "100.0");
    cr_expect_str_eq(at(&w, answer, "params.estimate.normalBuckets.0.feerate"), "100.0");
    cr_expect_str_eq(at(&w, answer, "params.estimate.lowBuckets.0.estimatedSeconds"), "1.0");
    world_end(&w);
}

/* ---- blocks and the chain ---- */

Test(kaspa_node, has_blocks_of_every_kind)
{
    struct node_world w;
    struct kaspa_chain_block block, old;
    struct kaspa_chain_info info;
    const char *answer, *hash, *beside;

    world_begin(&w);
    (void)world_submit(&w, world_payment(&w, ""));
    world_change(&w, &(struct kaspa_mining){.blocks = 2, .merged = 2});
    block = world_block_at(&w, 2);
    hash = hex_of(&w, &block.hash);
    beside = hex_of(&w, &block.merged[1]);
    answer = rpc(&w, "getBlock", "{\"hash\":\"%s\",\"includeTransactions\":true}", hash);
    cr_expect_str_eq(at(&w, answer, "params.block.header.hash"),
                     assay_arena_printf(&w.arena, "\"%s\"", hash));
    cr_expect_str_eq(at(&w, answer, "params.block.header.blueScore"), "900004");
    cr_expect_str_eq(at(&w, answer, "params.block.header.daaScore"), "1000004");
    cr_expect_eq(strlen(at(&w, answer, "params.block.header.blueWork")), 50);
    cr_expect_str_neq(at(&w, answer, "params.block.header.parentsByLevel.0.2"), "");
    cr_expect_str_eq(at(&w, answer, "params.block.verboseData.isChainBlock"), "true");
    cr_expect_str_eq(at(&w, answer, "params.block.transactions.0.verboseData.blockHash"),
                     assay_arena_printf(&w.arena, "\"%s\"", hash));
    cr_expect_str_neq(at(&w, answer, "params.block.verboseData.transactionIds.0"), "");
    cr_expect_str_neq(at(&w, answer, "params.block.verboseData.childrenHashes.0"), "");
    answer = rpc(&w, "getBlock", "{\"hash\":\"%s\",\"includeTransactions\":false}", beside);
    cr_expect_str_eq(at(&w, answer, "params.block.verboseData.isChainBlock"), "false");
    cr_expect_str_eq(at(&w, answer, "params.block.transactions"), "[]");
    for (int i = 0; i < 2; i++)
        cr_expect_str_eq(
            at(&w, rpc(&w, "getCurrentBlockColor", "{\"hash\":\"%s\"}", i == 0 ? hash : beside),
               "params.blue"),
            "true");
    info = world_info(&w);
    answer = rpc(&w, "getCurrentBlockColor", "{\"hash\":\"%s\"}", hex_of(&w, &info.sink));
    cr_expect_neq(strstr(answer, "doesn't have any merger block."), NULL);

    answer = rpc(&w, "getBlock", "{\"hash\":\"%s\",\"includeTransactions\":true}", UNKNOWN);
    cr_expect_neq(strstr(answer, "cannot find header " UNKNOWN), NULL);
    old = world_block_at(&w, 1);
    world_prune(&w, 1);
    answer = rpc(&w, "getBlock", "{\"hash\":\"%s\",\"includeTransactions\":true}",
                 hex_of(&w, &old.hash));
    cr_expect_neq(strstr(answer, "cannot find full block "), NULL);
    world_end(&w);
}

Test(kaspa_node, follows_the_selected_chain_through_a_reorganisation)
{
    struct node_world w;
    struct kaspa_chain_info before, after;
    const char *answer;

    world_begin(&w);
    (void)world_submit(&w, world_payment(&w, ""));
    world_mine(&w, 3);
    before = world_info(&w);
    world_reorganise(&w, 2);
    after = world_info(&w);
    answer = rpc(&w, "getVirtualChainFromBlock",
                 "{\"startHash\":\"%s\",\"includeAcceptedTransactionIds\":false,"
                 "\"minConfirmationCount\":null}",
                 hex_of(&w, &before.sink));
    cr_expect_str_eq(at(&w, answer, "params.removedChainBlockHashes.0"),
                     assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &before.sink)));
    cr_expect_str_neq(at(&w, answer, "params.removedChainBlockHashes.1"), "");
    cr_expect_str_eq(at(&w, answer, "params.removedChainBlockHashes.2"), "");
    cr_expect_str_eq(at(&w, answer, "params.addedChainBlockHashes.2"),
                     assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &after.sink)));
    cr_expect_str_eq(at(&w, answer, "params.acceptedTransactionIds"), "[]");
    world_end(&w);
}

/* Blocks that a query leaves out, by how many confirmations it asks for. */
Test(kaspa_node, leaves_out_blocks_with_too_few_confirmations)
{
    static const struct {
        const char *name, *minimum, *last, *none;
    } rows[] = {
        {"absent", "", "9", "10"},
        {"0 leaves the sink out", ",\"minConfirmationCount\":0", "8", "9"},
        {"1", ",\"minConfirmationCount\":1", "7", "8"},
        {"8", ",\"minConfirmationCount\":8", "0", "1"},
        {"9: all of them", ",\"minConfirmationCount\":9", "x", "0"},
        {"very many", ",\"minConfirmationCount\":18446744073709551615", "x", "0"},
    };
    struct node_world w;
    struct kaspa_chain_info info;
    char path[64];

    world_begin(&w);
    info = world_info(&w);
    world_mine(&w, 10);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *answer = rpc(&w, "getVirtualChainFromBlock",
                                 "{\"startHash\":\"%s\",\"includeAcceptedTransactionIds\":true%s}",
                                 hex_of(&w, &info.sink), rows[i].minimum);

        snprintf(path, sizeof(path), "params.addedChainBlockHashes.%s", rows[i].none);
        cr_expect_str_eq(at(&w, answer, path), "", "row: %s", rows[i].name);
        snprintf(path, sizeof(path), "params.acceptedTransactionIds.%s", rows[i].last);
        cr_expect(*rows[i].last == 'x' || *at(&w, answer, path) != '\0', "row: %s", rows[i].name);
    }
    world_end(&w);
}

Test(kaspa_node, answers_chain_queries_in_batches)
{
    struct node_world w;
    struct kaspa_chain_info info;
    const char *answer;

    world_begin(&w);
    info = world_info(&w);
    world_change(&w, &(struct kaspa_mining){.blocks = 2500, .leave_mempool = true});
    for (int with_ids = 0; with_ids < 2; with_ids++) {
        answer = rpc(&w, "getVirtualChainFromBlock",
                     "{\"startHash\":\"%s\",\"includeAcceptedTransactionIds\":%s}",
                     hex_of(&w, &info.sink), with_ids ? "true" : "false");
        cr_expect_str_neq(at(&w, answer, "params.addedChainBlockHashes.2479"), "");
        cr_expect_str_eq(at(&w, answer, "params.addedChainBlockHashes.2480"), "");
    }
    cr_expect_gt(w.ws.fragments, 1, "a long answer comes in fragments");
    world_end(&w);
}

Test(kaspa_node, tells_accepted_transactions_in_the_detail_that_is_asked_for)
{
    static const struct {
        const char *level, *header, *tx, *spent;
    } rows[] = {
        {"\"None\"", "daaScore", "outputs", ""},
        {"\"Low\"", "blueWork", "outputs", ""},
        {"\"High\"", "", "", ""},
        {"\"Full\"", "", "", "1000000000"},
        {"null", "", "", "1000000000"},
    };
    struct node_world w;
    struct kaspa_chain_info info;
    const char *answer, *id;
    struct kaspa_hash hash;
    char path[128];

    world_begin(&w);
    info = world_info(&w);
    hash = world_submit(&w, world_payment(&w, ""));
    id = assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &hash));
    world_mine(&w, 3);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        answer = rpc(&w, "getVirtualChainFromBlockV2",
                     "{\"startHash\":\"%s\",\"dataVerbosityLevel\":%s,\"minConfirmationCount\":1}",
                     hex_of(&w, &info.sink), rows[i].level);
        cr_expect_str_eq(at(&w, answer,
                            "params.chainBlockAcceptedTransactions.0.acceptedTransactions.0."
                            "verboseData.transactionId"),
                         id, "%s", answer);
        cr_expect_str_eq(at(&w, answer,
                            "params.chainBlockAcceptedTransactions.0.chainBlockHeader."
                            "hash"),
                         at(&w, answer, "params.addedChainBlockHashes.0"));
        cr_expect_str_neq(at(&w, answer, "params.addedChainBlockHashes.0"), "");
        snprintf(path, sizeof(path), "params.chainBlockAcceptedTransactions.0.chainBlockHeader.%s",
                 *rows[i].header != '\0' ? rows[i].header : "blueWork");
        cr_expect_eq(*at(&w, answer, path) == '\0', *rows[i].header != '\0', "%s", rows[i].level);
        cr_expect_eq(*at(&w, answer,
                         "params.chainBlockAcceptedTransactions.0."
                         "acceptedTransactions.0.outputs") == '\0',
                     *rows[i].tx != '\0', "%s", rows[i].level);
        cr_expect_str_eq(at(&w, answer,
                            "params.chainBlockAcceptedTransactions.0.acceptedTransactions.0."
                            "inputs.0.verboseData.utxoEntry.amount"),
                         rows[i].spent, "%s", rows[i].level);
    }
    world_end(&w);
}

/* ---- what is refused ---- */

static const struct {
    const char *name, *method, *params, *why;
} refused[] = {
    {"params that are no object", "getInfo", "[]", "expected a struct"},
    {"no hash", "getBlock", "{\"includeTransactions\":true}", "`hash`"},
    {"a short hash", "getBlock", "{\"hash\":\"00\",\"includeTransactions\":true}", "`hash`"},
    {"a hash that is no text", "getBlock", "{\"hash\":0,\"includeTransactions\":true}", "`hash`"},
    {"no choice of transactions", "getBlock", "{\"hash\":\"" UNKNOWN "\"}",
     "`includeTransactions`"},
    {"no start", "getVirtualChainFromBlock", "{\"includeAcceptedTransactionIds\":true}",
     "`startHash`"},
    {"an unknown start", "getVirtualChainFromBlock",
     "{\"startHash\":\"" UNKNOWN "\",\"includeAcceptedTransactionIds\":true}",
     "cannot find header"},
    {"no choice of ids", "getVirtualChainFromBlock", "{\"startHash\":\"" UNKNOWN "\"}",
     "`includeAcceptedTransactionIds`"},
    {"confirmations as text", "getVirtualChainFromBlockV2",
     "{\"startHash\":\"" UNKNOWN "\",\"minConfirmationCount\":\"1\"}", "`minConfirmationCount`"},
    {"an unknown level", "getVirtualChainFromBlockV2",
     "{\"startHash\":\"" UNKNOWN "\",\"dataVerbosityLevel\":\"Some\"}", "`dataVerbosityLevel`"},
    {"no block to colour", "getCurrentBlockColor", "{}", "`hash`"},
    {"no addresses", "getUtxosByAddresses", "{}", "`addresses`"},
    {"an address that is no text", "getUtxosByAddresses", "{\"addresses\":[7]}", "`addresses`"},
    {"no address", "getUtxosByAddresses", "{\"addresses\":[\"kaspatest:qq\"]}", "invalid address"},
    {"an address of another network", "getUtxosByAddresses",
     "{\"addresses\":"
     "[\"kaspa:qpauqsvk7yf9unexwmxsnmg547mhyga37csh0kj53q6xxgl24ydxjsgzthw5j\"]}",
     "invalid address"},
    {"no transaction id", "getMempoolEntry", "{}", "`transactionId`"},
    {"no choice of orphans", "getMempoolEntry", "{\"transactionId\":\"" UNKNOWN "\"}",
     "`includeOrphanPool`"},
    {"no choice of pools", "getMempoolEntry",
     "{\"transactionId\":\"" UNKNOWN "\",\"includeOrphanPool\":true}", "`filterTransactionPool`"},
    {"neither pool", "getMempoolEntry",
     "{\"transactionId\":\"" UNKNOWN
     "\",\"includeOrphanPool\":false,\"filterTransactionPool\":true}",
     "neither"},
    {"orphans alone", "getMempoolEntry",
     "{\"transactionId\":\"" UNKNOWN
     "\",\"includeOrphanPool\":true,\"filterTransactionPool\":true}",
     "not found"},
    {"nothing submitted", "submitTransaction", "{\"allowOrphan\":false}", "`transaction`"},
    {"no choice of orphans submitted", "submitTransaction", "{}", "`allowOrphan`"},
    {"nothing to replace by", "submitTransactionReplacement", "{}", "`transaction`"},
    {"no scope", "subscribe", "{}", "unknown variant"},
    {"an unknown scope", "subscribe", "{\"Everything\":{}}", "unknown variant"},
    {"all outputs", "subscribe", "{\"UtxosChanged\":{\"addresses\":[]}}", "safe commands"},
    {"a scope without addresses", "subscribe", "{\"UtxosChanged\":{}}", "`addresses`"},
    {"a chain scope without its choice", "subscribe", "{\"VirtualChainChanged\":{}}",
     "include_accepted_transaction_ids"},
};

Test(kaspa_node, says_what_is_wrong_with_a_call)
{
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const char *answer = rpc(&w, refused[i].method, "%s", refused[i].params);

        cr_assert_not_null(answer, "row: %s", refused[i].name);
        cr_expect(strstr(at(&w, answer, "error.message"), refused[i].why) != NULL, "row: %s: %s",
                  refused[i].name, answer);
        cr_expect_eq(strtoull(at(&w, answer, "id"), NULL, 10), w.ids);
    }
    world_end(&w);
}

Test(kaspa_node, takes_so_many_addresses_and_no_more)
{
    struct assay_buf list = ASSAY_BUF_INIT(1 << 20);
    struct node_world w;

    world_begin(&w);
    for (int i = 0; i < 4097; i++)
        assay_buf_printf(&list, "%s\"%s\"", i > 0 ? "," : "", w.address);
    cr_expect_neq(
        strstr(rpc(&w, "getUtxosByAddresses", "{\"addresses\":[%s]}", assay_buf_cstr(&list)),
               "too many addresses"),
        NULL);
    list.len -= strlen(w.address) + 3;
    cr_expect_eq(
        strstr(rpc(&w, "getUtxosByAddresses", "{\"addresses\":[%s]}", assay_buf_cstr(&list)),
               "\"error\""),
        NULL);
    assay_buf_fini(&list);
    world_end(&w);
}

/* ---- the log ---- */

Test(kaspa_node, keeps_its_calls_in_order)
{
    struct node_world w;
    struct kaspa_node_call call;

    world_begin(&w);
    (void)rpc(&w, "getInfo", "{ \"a\": [1] }");
    (void)rest_get(&w, "/info/blockdag?a=b");
    (void)rest_post(&w, "/transactions/acceptance", "{\"transactionIds\":[]}");
    cr_expect(kaspa_node_await(w.node, NULL, 3, 0));
    cr_expect(kaspa_node_await(w.node, "getInfo", 1, 0));
    cr_expect(kaspa_node_await(w.node, "POST /transactions/", 1, 0));
    cr_expect_not(kaspa_node_await(w.node, "POST /transactions", 1, SHORT_MS));
    cr_expect_not(kaspa_node_await(w.node, "getInfo", 2, SHORT_MS));
    cr_expect_not(kaspa_node_await(w.node, NULL, 4, SHORT_MS));
    cr_expect_eq(kaspa_node_calls(w.node), 3);
    cr_assert(kaspa_node_call(w.node, 1, &call));
    cr_expect(call.number == 1 && !call.is_rest && call.answered && call.at_ns > 0);
    cr_expect_str_eq(call.method, "getInfo");
    cr_expect_str_eq(call.params, "{ \"a\": [1] }");
    cr_assert(kaspa_node_call(w.node, 2, &call));
    cr_expect(call.is_rest && call.answered);
    cr_expect_str_eq(call.method, "GET /info/blockdag");
    cr_expect_str_eq(call.params, "a=b");
    cr_assert(kaspa_node_call(w.node, 3, &call));
    cr_expect_str_eq(call.params, "{\"transactionIds\":[]}");
    cr_expect_not(kaspa_node_call(w.node, 0, &call));
    cr_expect_not(kaspa_node_call(w.node, 4, &call));
    world_end(&w);
}

Test(kaspa_node, keeps_as_much_of_params_as_its_log_says)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    struct kaspa_node_call call;
    struct node_world w;

    world_begin(&w);
    assay_buf_add_str(&text, "{\"x\":\"");
    memset(assay_buf_extend(&text, 70000), 'x', 70000);
    (void)rpc(&w, "getInfo", "%s\"}", assay_buf_cstr(&text));
    cr_assert(kaspa_node_call(w.node, 1, &call));
    cr_expect_eq(strlen(call.params), 65536);
    assay_buf_fini(&text);
    world_end(&w);
}
