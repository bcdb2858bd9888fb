/* The role node that fails: silent, slow, garbled, oversized, refusing, on both interfaces. */
#include "node_world.h"

#include "http/sock.h"

#include <curl/curl.h>
#include <unistd.h>

#define LARGE_BYTES ((size_t)3 << 20)

static void fault(struct node_world *w, enum kaspa_node_fault how)
{
    world_behave(w, (struct kaspa_node_behaviour){
                        .fault = how, .delay_ms = SHORT_MS, .large_bytes = LARGE_BYTES});
}

Test(kaspa_node_faults, never_answers)
{
    struct node_world w;
    struct kaspa_node_call call;
    const char *text;
    int fd;

    world_begin(&w);
    fault(&w, KASPA_NODE_SILENT);
    text = assay_arena_printf(&w.arena,
                              "{\"id\":1,\"method\":\"submitTransaction\",\"params\":"
                              "{\"transaction\":%s,\"allowOrphan\":false}}",
                              tx_json(&w, world_payment(&w, ""), 'n'));
    cr_assert(ws_send(&w.ws, text));
    cr_assert(kaspa_node_await(w.node, "submitTransaction", 1, DEADLINE_MS));
    cr_expect_null(ws_receive(&w.ws, SHORT_MS));
    cr_expect_not(w.ws.closed);
    cr_expect_eq(world_info(&w).mempool_size, 1, "it was taken");
    cr_assert(kaspa_node_call(w.node, 1, &call));
    cr_expect_not(call.answered);
    fd = tcp_connect(kaspa_node_rest_url(w.node));
    cr_assert(tcp_send(fd, ASSAY_LIT("GET /info/blockdag HTTP/1.1\r\nHost: x\r\n\r\n")));
    cr_assert(kaspa_node_await(w.node, "GET /info/blockdag", 1, DEADLINE_MS));
    cr_expect_not(tcp_await_end(fd, SHORT_MS));
    fault(&w, KASPA_NODE_SOUND);
    cr_expect_str_eq(at(&w, rpc(&w, "getSyncStatus", "{}"), "params.isSynced"), "true");
    cr_assert_eq(kaspa_node_restart(w.node, NULL), ASSAY_OK);
    cr_expect(tcp_await_end(fd, DEADLINE_MS), "what it held ends with it");
    close(fd);
    world_end(&w);
}

Test(kaspa_node_faults, lets_go_of_a_held_call_when_its_client_goes)
{
    struct node_world w;
    int fd;

    world_begin(&w);
    for (int i = 0; i < 3; i++) {
        fault(&w, i == 0 ? KASPA_NODE_SILENT : KASPA_NODE_SLOW);
        if (i == 1)
            world_behave(&w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SLOW,
                                                           .delay_ms = UINT32_MAX});
        fd = tcp_connect(kaspa_node_rest_url(w.node));
        cr_assert(tcp_send(fd, ASSAY_LIT("GET /info/blockdag HTTP/1.1\r\nHost: x\r\n\r\n")));
        cr_assert(kaspa_node_await(w.node, NULL, (uint64_t)i + 1, DEADLINE_MS));
        close(fd);
    }
    world_end(&w);
}

Test(kaspa_node_faults, answers_late)
{
    struct node_world w;
    int64_t before;

    world_begin(&w);
    fault(&w, KASPA_NODE_SLOW);
    before = sock_now_ns();
    cr_expect_str_eq(at(&w, rpc(&w, "getSyncStatus", "{}"), "params.isSynced"), "true");
    cr_expect_geq(sock_now_ns() - before, (int64_t)SHORT_MS * 1000000);
    before = sock_now_ns();
    cr_expect_eq(rest_get(&w, "/info/blockdag").status, 200);
    cr_expect_geq(sock_now_ns() - before, (int64_t)SHORT_MS * 1000000);
    world_end(&w);
}

Test(kaspa_node_faults, lets_a_quick_answer_overtake_a_late_one)
{
    struct node_world w;

    world_begin(&w);
    world_behave(&w, (struct kaspa_node_behaviour){
                         .fault = KASPA_NODE_SLOW, .fault_times = 1, .delay_ms = 2 * SHORT_MS});
    cr_assert(ws_send(&w.ws, "{\"id\":1,\"method\":\"getSyncStatus\",\"params\":{}}"));
    cr_assert(ws_send(&w.ws, "{\"id\":2,\"method\":\"getSyncStatus\",\"params\":{}}"));
    cr_expect_str_eq(at(&w, ws_receive(&w.ws, DEADLINE_MS), "id"), "2");
    cr_expect_str_eq(at(&w, ws_receive(&w.ws, DEADLINE_MS), "id"), "1");
    world_end(&w);
}

Test(kaspa_node_faults, answers_with_no_json)
{
    struct node_world w;

    world_begin(&w);
    fault(&w, KASPA_NODE_MALFORMED);
    cr_expect_str_eq(at(&w, rpc(&w, "getServerInfo", "{}"), "id"), "(no JSON)");
    cr_expect_str_eq(at(&w, rest_get(&w, "/info/blockdag").body, "sink"), "(no JSON)");
    world_end(&w);
}

Test(kaspa_node_faults, answers_in_another_shape)
{
    struct node_world w;
    const char *answer;

    world_begin(&w);
    fault(&w, KASPA_NODE_WRONG_SHAPE);
    answer = rpc(&w, "getServerInfo", "{}");
    cr_expect_str_eq(at(&w, answer, "id"), "1", "the envelope is as it should be");
    cr_expect_str_eq(at(&w, answer, "params.rpcApiVersion"), "\"1\"");
    cr_expect_str_eq(at(&w, answer, "params.networkId"), "0");
    cr_expect_str_eq(at(&w, answer, "params.isSynced"), "\"true\"");
    cr_expect_str_eq(at(&w, answer, "params.virtualDaaScore"), "");
    cr_expect_str_eq(at(&w, rpc(&w, "getSyncStatus", "{}"), "params.isSynced"), "\"true\"");
    answer = rpc(&w, "getUtxosByAddresses", "{\"addresses\":[]}");
    cr_expect_str_eq(at(&w, answer, "params.entries"), "{}");
    answer = rpc(&w, "getFeeEstimate", "{}");
    cr_expect_str_eq(at(&w, answer, "params.estimate"), "[]");
    cr_expect_not_null(strstr(rpc(&w, "getBlock", "{}"), "\"error\":{"), "errors stay");
    answer = rest_get(&w, "/addresses/%s/utxos", w.address).body;
    cr_expect_str_eq(answer, "{}");
    answer = rest_get(&w, "/info/blockdag").body;
    cr_expect_str_eq(at(&w, answer, "networkName"), "0");
    cr_expect_str_eq(at(&w, answer, "tipHashes"), "{}");
    cr_expect_str_eq(at(&w, answer, "sink"), "");
    world_end(&w);
}

Test(kaspa_node_faults, answers_too_much)
{
    struct node_world w;
    struct kaspa_node_call call;
    const char *answer;

    world_begin(&w);
    for (int i = 0; i < 2; i++) {
        fault(&w, i == 0 ? KASPA_NODE_OVERSIZED : KASPA_NODE_BOMB);
        answer = rpc(&w, "getSyncStatus", "{}");
        cr_expect_eq(strlen(answer), LARGE_BYTES);
        cr_expect_gt(w.ws.fragments, 1);
        cr_expect_str_eq(at(&w, answer, "params.isSynced"), "true");
        cr_assert(kaspa_node_call(w.node, (uint64_t)i + 1, &call));
        cr_expect(call.answered);
    }
    fault(&w, KASPA_NODE_OVERSIZED);
    cr_expect_eq(rest_get(&w, "/info/blockdag").bytes, LARGE_BYTES);
    world_behave(&w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_OVERSIZED});
    cr_expect_lt(strlen(rpc(&w, "getSyncStatus", "{}")), 100, "what is larger is left as it is");
    cr_expect_lt(rest_get(&w, "/info/blockdag").bytes, 1000);
    world_end(&w);
}

struct inflated {
    size_t len;
    bool is_text; /* only spaces behind the text */
    size_t text_len;
};

static size_t take_inflated(char *data, size_t size, size_t count, void *cls)
{
    struct inflated *got = cls;

    for (size_t i = 0; i < size * count; i++)
        if (data[i] != ' ')
            got->text_len = got->len + i + 1;
    got->len += size * count;
    return size * count;
}

/* Another decoder than ours judges the bombs. */
Test(kaspa_node_faults, compresses_bombs_that_decoders_take)
{
    static const size_t sizes[] = {0, 1000, 1001, 1257, 1258, 1259, 65536, (size_t)64 << 20};
    struct node_world w;
    CURL *curl = curl_easy_init();

    cr_assert_not_null(curl);
    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct inflated got = {0};
        curl_off_t received = 0;

        world_behave(
            &w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_BOMB, .large_bytes = sizes[i]});
        curl_easy_setopt(
            curl, CURLOPT_URL,
            assay_arena_printf(&w.arena, "%s/info/blockdag", kaspa_node_rest_url(w.node)));
        curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_inflated);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
        cr_expect_eq(curl_easy_perform(curl), CURLE_OK, "%zu bytes", sizes[i]);
        cr_expect_eq(got.len, sizes[i] > got.text_len ? sizes[i] : got.text_len);
        curl_easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &received);
        cr_expect(sizes[i] < LARGE_BYTES || (size_t)received < sizes[i] / 100, "%zu",
                  (size_t)received);
    }
    curl_easy_cleanup(curl);
    world_end(&w);
}

Test(kaspa_node_faults, answers_with_errors_and_does_nothing)
{
    struct node_world w;
    const char *text;

    world_begin(&w);
    text = assay_arena_printf(&w.arena, "{\"transaction\":%s,\"allowOrphan\":false}",
                              tx_json(&w, world_payment(&w, ""), 'n'));
    fault(&w, KASPA_NODE_ERROR);
    cr_expect_not_null(strstr(rpc(&w, "submitTransaction", "%s", text), "the node failed"));
    cr_expect_eq(rest_post(&w, "/transactions", text).status, 500);
    cr_expect_eq(world_events(&w), 0);
    world_end(&w);
}

Test(kaspa_node_faults, closes_connections_instead_of_answering)
{
    struct node_world w;

    world_begin(&w);
    fault(&w, KASPA_NODE_DROP);
    cr_expect_null(rpc(&w, "getInfo", "{}"));
    cr_expect(w.ws.closed);
    cr_expect_eq(rest_get(&w, "/info/blockdag").outcome, HTTP_CLOSED);
    cr_expect_eq(kaspa_node_calls(w.node), 2);
    world_end(&w);
}

Test(kaspa_node_faults, refuses_new_connections_and_keeps_the_old)
{
    struct node_world w;
    struct ws_client c;

    world_begin(&w);
    world_behave(&w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_REFUSE, .fault_times = 2});
    cr_expect_not(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
    cr_expect(c.closed);
    ws_close(&c);
    cr_expect_str_eq(at(&w, rpc(&w, "getSyncStatus", "{}"), "params.isSynced"), "true");
    cr_expect_neq(rest_get(&w, "/info/blockdag").outcome, HTTP_ANSWERED);
    cr_expect(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS), "twice is over");
    ws_close(&c);
    cr_expect_eq(rest_get(&w, "/info/blockdag").status, 200);
    world_end(&w);
}

Test(kaspa_node_faults, flaps)
{
    struct node_world w;

    world_begin(&w);
    fault(&w, KASPA_NODE_FLAP);
    for (int i = 0; i < 4; i++) {
        const char *answer = rpc(&w, "getSyncStatus", "{}");

        cr_expect_eq(answer != NULL, i % 2 == 0, "call %d", i);
        if (answer != NULL)
            continue;
        ws_close(&w.ws);
        cr_assert(ws_open(&w.ws, kaspa_node_rpc_url(w.node), DEADLINE_MS));
    }
    world_end(&w);
}

Test(kaspa_node_faults, fails_in_one_call_alone_and_for_so_many_times)
{
    struct node_world w;

    world_begin(&w);
    world_behave(&w, (struct kaspa_node_behaviour){
                         .fault = KASPA_NODE_ERROR, .fault_method = "getInfo", .fault_times = 2});
    for (int i = 0; i < 3; i++) {
        cr_expect_null(strstr(rpc(&w, "getSyncStatus", "{}"), "\"error\""));
        cr_expect_eq(strstr(rpc(&w, "getInfo", "{}"), "\"error\"") != NULL, i < 2);
    }
    world_behave(&w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_ERROR,
                                                   .fault_method = "transactions"});
    cr_expect_eq(rest_get(&w, "/info/blockdag").status, 200);
    cr_expect_eq(rest_get(&w, "/transactions/00").status, 500);
    cr_expect_eq(rest_post(&w, "/transactions/acceptance", "{}").status, 500);
    world_end(&w);
}

Test(kaspa_node_faults, fails_in_submissions_alone_whichever_way_they_come)
{
    struct node_world w;

    world_begin(&w);
    world_behave(&w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_ERROR,
                                                   .fault_method = "submitTransaction"});
    cr_expect_eq(rest_get(&w, "/transactions/00").status, 404);
    cr_expect_eq(rest_post(&w, "/transactions/acceptance", "{\"transactionIds\":[]}").status, 200);
    cr_expect_eq(rest_post(&w, "/transactions", "{}").status, 500);
    cr_expect_not_null(strstr(rpc(&w, "submitTransaction", "{}"), "\"error\""));
    world_end(&w);
}
