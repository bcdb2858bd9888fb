/* The role node over REST: every call of the subset, as deployed servers read it. */
#include "node_world.h"

#include <inttypes.h>

#define UNKNOWN "00000000000000000000000000000000000000000000000000000000000000ff"

Test(kaspa_node_rest, has_a_checkpoint)
{
    struct node_world w;
    struct kaspa_chain_info info;
    struct rest_answer answer;
    const char *sink;

    world_begin(&w);
    info = world_info(&w);
    sink = hex_of(&w, &info.sink);
    answer = rest_get(&w, "/info/blockdag");
    cr_expect_eq(answer.status, 200);
    cr_expect_str_eq(at(&w, answer.body, "networkName"), "\"kaspa-testnet-10\"");
    cr_expect_str_eq(at(&w, answer.body, "virtualDaaScore"), "\"1000002\"");
    cr_expect_str_eq(at(&w, answer.body, "sink"), assay_arena_printf(&w.arena, "\"%s\"", sink));
    answer = rest_get(&w, "/blocks/%s?includeTransactions=false", sink);
    cr_expect_str_eq(at(&w, answer.body, "header.blueScore"), "\"900001\"");
    cr_expect_str_eq(at(&w, answer.body, "header.daaScore"), "\"1000001\"");
    cr_expect_str_eq(at(&w, answer.body, "verboseData.hash"),
                     assay_arena_printf(&w.arena, "\"%s\"", sink));
    cr_expect_str_eq(at(&w, answer.body, "verboseData.isChainBlock"), "true");
    cr_expect_str_eq(at(&w, answer.body, "transactions"), "[]");
    cr_expect_str_neq(at(&w, answer.body, "verboseData.transactionIds.0"), "");
    answer = rest_get(&w, "/blocks/%s?other=1&includeTransactions=true", sink);
    cr_expect_str_neq(at(&w, answer.body, "transactions.0"), "");
    world_end(&w);
}

Test(kaspa_node_rest, has_the_outputs_of_an_address)
{
    struct node_world w;
    struct rest_answer answer;

    world_begin(&w);
    for (int escaped = 0; escaped < 2; escaped++) {
        answer = escaped ? rest_get(&w, "/addresses/kaspatest%%3A%s/utxos", w.address + 10)
                         : rest_get(&w, "/addresses/%s/utxos", w.address);
        cr_expect_eq(answer.status, 200);
        cr_expect_str_eq(at(&w, answer.body, "0.outpoint.index"), "0");
        cr_expect_str_eq(at(&w, answer.body, "0.utxoEntry.amount"), "\"1000000000\"");
        cr_expect_str_eq(at(&w, answer.body, "0.utxoEntry.blockDaaScore"), "\"1000001\"");
        cr_expect_str_eq(at(&w, answer.body, "0.utxoEntry.isCoinbase"), "false");
        cr_expect_eq(strlen(at(&w, answer.body, "0.utxoEntry.scriptPublicKey.scriptPublicKey")),
                     2 * 34 + 2);
        cr_expect_str_eq(at(&w, answer.body, "1"), "");
    }
    world_end(&w);
}

Test(kaspa_node_rest, takes_a_payment_and_says_when_it_is_accepted)
{
    struct node_world w;
    const char *body, *quoted, *id;
    struct rest_answer answer;
    struct kaspa_chain_info info;

    world_begin(&w);
    body = assay_arena_printf(&w.arena, "{\"transaction\":%s,\"allowOrphan\":false}",
                              tx_json(&w, world_payment(&w, "memo"), 'r'));
    answer = rest_post(&w, "/transactions", body);
    quoted = at(&w, answer.body, "transactionId");
    cr_assert_eq(strlen(quoted), 66, "%s", answer.body);
    id = assay_arena_printf(&w.arena, "%.64s", quoted + 1);
    answer = rest_post(&w, "/transactions", body);
    cr_expect_eq(answer.status, 400);
    cr_expect_eq(strncmp(at(&w, answer.body, "error"), "\"Rejected transaction ", 22), 0);

    for (int accepted = 0; accepted < 2; accepted++) {
        answer = rest_get(&w,
                          "/transactions/%s?inputs=true&outputs=true&"
                          "resolve_previous_outpoints=no",
                          id);
        cr_expect_str_eq(at(&w, answer.body, "transaction_id"), quoted);
        cr_expect_str_eq(at(&w, answer.body, "version"), "0");
        cr_expect_str_eq(at(&w, answer.body, "payload"), "\"6d656d6f\"");
        cr_expect_str_eq(at(&w, answer.body, "is_accepted"), accepted ? "true" : "false");
        cr_expect_str_eq(at(&w, answer.body, "accepting_block_blue_score"),
                         accepted ? "900002" : "null");
        cr_expect_str_eq(at(&w, answer.body, "inputs.0.previous_outpoint_hash"),
                         assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &w.funding.txid)));
        cr_expect_str_eq(at(&w, answer.body, "inputs.0.previous_outpoint_index"), "0");
        cr_expect_str_eq(at(&w, answer.body, "inputs.0.sequence"), "18446744073709551615");
        cr_expect_str_eq(at(&w, answer.body, "outputs.0.index"), "0");
        cr_expect_str_eq(at(&w, answer.body, "outputs.0.amount"), "300000000");
        cr_expect_eq(strlen(at(&w, answer.body, "outputs.1.script_public_key")), 2 * 34 + 2);
        answer = rest_post(
            &w, "/transactions/acceptance",
            assay_arena_printf(&w.arena, "{\"transactionIds\":[\"%s\",\"" UNKNOWN "\"]}", id));
        cr_expect_str_eq(at(&w, answer.body, "0.transactionId"), quoted);
        cr_expect_str_eq(at(&w, answer.body, "0.accepted"), accepted ? "true" : "false");
        cr_expect_str_eq(at(&w, answer.body, "1.accepted"), "false");
        world_mine(&w, 1);
    }
    info = world_info(&w);
    answer = rest_get(&w, "/transactions/%s?inputs=false&outputs=false", id);
    cr_expect_str_eq(at(&w, answer.body, "inputs"), "");
    cr_expect_str_eq(at(&w, answer.body, "outputs"), "");
    cr_expect_str_neq(at(&w, answer.body, "accepting_block_hash"),
                      assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &info.sink)));
    world_end(&w);
}

static const struct {
    const char *name, *verb, *target, *body;
    int status;
} refused[] = {
    {"the root", "GET", "/", NULL, 404},
    {"an unknown path", "GET", "/nothing", NULL, 404},
    {"other information", "GET", "/info/price", NULL, 404},
    {"more than information", "GET", "/info/blockdag/x", NULL, 404},
    {"information posted", "POST", "/info/blockdag", "{}", 405},
    {"another verb", "DELETE", "/transactions", NULL, 405},
    {"no block hash", "GET", "/blocks/", NULL, 404},
    {"an unknown block", "GET", "/blocks/" UNKNOWN, NULL, 404},
    {"more than a block", "GET", "/blocks/" UNKNOWN "/x", NULL, 404},
    {"an unknown transaction", "GET", "/transactions/" UNKNOWN, NULL, 404},
    {"more than a transaction", "GET", "/transactions/" UNKNOWN "/x", NULL, 404},
    {"no transaction id", "GET", "/transactions/xyz", NULL, 404},
    {"no address", "GET", "/addresses/kaspatest:qq/utxos", NULL, 422},
    {"another network's address", "GET",
     "/addresses/kaspa:qpauqsvk7yf9unexwmxsnmg547mhyga37csh0kj53q6xxgl24ydxjsgzthw5j/utxos", NULL,
     422},
    {"more than outputs", "GET", "/addresses/x/utxos/x", NULL, 404},
    {"another part of an address", "GET", "/addresses/x/balance", NULL, 404},
    {"no JSON", "POST", "/transactions", "hello", 422},
    {"no object", "POST", "/transactions", "[]", 422},
    {"no transaction", "POST", "/transactions", "{}", 400},
    {"a transaction of nothing", "POST", "/transactions", "{\"transaction\":{}}", 400},
    {"no list", "POST", "/transactions/acceptance", "{}", 422},
    {"a list of something else", "POST", "/transactions/acceptance",
     "{\"transactionIds\":[\"xyz\"]}", 422},
    {"an empty list", "POST", "/transactions/acceptance", "{\"transactionIds\":[]}", 200},
    {"another part of transactions", "POST", "/transactions/search", "{}", 404},
    {"more than acceptance", "POST", "/transactions/acceptance/x", "{}", 404},
    {"no body", "POST", "/transactions", "", 422},
};

Test(kaspa_node_rest, says_what_is_wrong_with_a_call)
{
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct http_request *request = assay_arena_alloc(&w.arena, sizeof(*request));
        struct http_exchange *x = NULL;

        cr_assert_not_null(request);
        *request = refused[i].body != NULL ? http_post(refused[i].target, "application/json",
                                                       assay_str(refused[i].body))
                                           : http_get(refused[i].target);
        request->method = refused[i].verb;
        cr_assert_eq(http_send(w.http, &x, &w.arena, &w.rest, request, DEADLINE_MS, NULL),
                     ASSAY_OK);
        cr_expect_eq(x->outcome, HTTP_ANSWERED, "row: %s", refused[i].name);
        cr_expect_eq(x->response.status, refused[i].status, "row: %s: %d", refused[i].name,
                     x->response.status);
    }
    world_end(&w);
}

/* One call in the middle of a payment: what was asked for is out of a pruned part. */
Test(kaspa_node_rest, has_no_blocks_that_were_pruned)
{
    struct node_world w;
    struct kaspa_chain_block block;

    world_begin(&w);
    world_mine(&w, 3);
    block = world_block_at(&w, 1);
    cr_expect_eq(rest_get(&w, "/blocks/%s", hex_of(&w, &block.hash)).status, 200);
    world_prune(&w, 1);
    cr_expect_eq(rest_get(&w, "/blocks/%s", hex_of(&w, &block.hash)).status, 404);
    world_end(&w);
}
