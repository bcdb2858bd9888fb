/* The role node before clients that are not as they should be: whatever they send, it goes on. */
#include "node_world.h"

#include "http/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define MESSAGE_BYTES (((size_t)4 << 20) + (64 << 10)) /* the most that a node takes */
enum { MANY = 64 };

static void still_serves(struct node_world *w, const char *name)
{
    struct ws_client c;

    cr_assert(ws_open(&c, kaspa_node_rpc_url(w->node), DEADLINE_MS), "row: %s", name);
    cr_assert(ws_send(&c, "{\"id\":1,\"method\":\"getSyncStatus\",\"params\":{}}"));
    cr_expect_not_null(ws_receive(&c, DEADLINE_MS), "row: %s", name);
    ws_close(&c);
    cr_expect_eq(rest_get(w, "/info/blockdag").status, 200, "row: %s", name);
}

/* ---- messages ---- */

/* Every text from a seed: bytes at random, and a call with one byte changed. */
Test(kaspa_node_clients, may_send_any_text)
{
    static const char call[] = "{\"id\":12,\"method\":\"getUtxosByAddresses\",\"params\":"
                               "{\"addresses\":[]}}";
    struct node_world w;
    uint32_t seed = 1;

    world_begin(&w);
    for (size_t i = 0; i < 200; i++) {
        char text[sizeof(call)];
        struct ws_client c;

        memcpy(text, call, sizeof(call));
        for (size_t k = 0; k + 1 < sizeof(call); k++) {
            seed = seed * 1664525 + 1013904223;
            if (i % 2 == 0 || k == i / 2 % (sizeof(call) - 1))
                text[k] = (char)(seed >> 24);
        }
        cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
        cr_assert(ws_send_frame(&c, WS_FIN | WS_TEXT, assay_bytes_of(text, sizeof(call) - 1)));
        cr_expect(ws_receive(&c, DEADLINE_MS) != NULL || c.closed, "round %zu", i);
        ws_close(&c);
    }
    still_serves(&w, "any text");
    world_end(&w);
}

Test(kaspa_node_clients, may_send_calls_in_fragments_with_pings_between)
{
    static const char call[] = "{\"id\":5,\"method\":\"getSyncStatus\",\"params\":{}}";
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i + 1 < sizeof(call); i++) {
        uint8_t first = i == 0 ? WS_TEXT : WS_CONTINUATION;

        if (i + 2 == sizeof(call))
            first |= WS_FIN;
        cr_assert(ws_send_frame(&w.ws, first, assay_bytes_of(call + i, 1)));
        cr_assert(ws_send_frame(&w.ws, WS_FIN | WS_PING, ASSAY_LIT("?")));
    }
    cr_expect_str_eq(at(&w, ws_receive(&w.ws, DEADLINE_MS), "id"), "5");
    world_end(&w);
}

/* A call of so many bytes: spaces make it longer. */
static struct assay_bytes call_of(struct node_world *w, size_t len)
{
    static const char call[] = "{\"id\":5,\"method\":\"getSyncStatus\",\"params\":{}}";
    char *text = assay_arena_alloc(&w->arena, len);

    cr_assert_not_null(text);
    memset(text, ' ', len);
    memcpy(text, call, sizeof(call) - 1);
    return assay_bytes_of(text, len);
}

Test(kaspa_node_clients, may_send_as_much_as_a_node_takes_and_no_more)
{
    struct node_world w;
    struct ws_client c;

    world_begin(&w);
    cr_assert(ws_send_frame(&w.ws, WS_FIN | WS_TEXT, call_of(&w, MESSAGE_BYTES)));
    cr_expect_str_eq(at(&w, ws_receive(&w.ws, DEADLINE_MS), "id"), "5");
    for (int fragments = 0; fragments < 2; fragments++) {
        cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
        if (fragments) {
            (void)ws_send_frame(&c, WS_TEXT, call_of(&w, MESSAGE_BYTES));
            (void)ws_send_frame(&c, WS_FIN | WS_CONTINUATION, ASSAY_LIT(" "));
        } else {
            (void)ws_send_frame(&c, WS_FIN | WS_TEXT, call_of(&w, MESSAGE_BYTES + 1));
        }
        cr_expect(ws_await_end(&c, DEADLINE_MS));
        cr_expect_eq(c.close_code, 1009);
        ws_close(&c);
    }
    still_serves(&w, "too much");
    world_end(&w);
}

Test(kaspa_node_clients, may_nest_deeply_and_have_very_many_values)
{
    struct assay_buf text = ASSAY_BUF_INIT(MESSAGE_BYTES);
    struct node_world w;
    struct ws_client c;

    world_begin(&w);
    for (int i = 0; i < 2; i++) {
        assay_buf_clear(&text);
        assay_buf_add_str(&text, "{\"id\":1,\"method\":\"getUtxosByAddresses\",\"params\":"
                                 "{\"addresses\":[");
        while (text.len < (i == 0 ? 100000u : MESSAGE_BYTES - 100))
            assay_buf_add_str(&text, i == 0 ? "[" : "0,");
        assay_buf_add_str(&text, i == 0 ? "" : "0]}}");
        cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
        cr_assert(ws_send_frame(&c, WS_FIN | WS_TEXT, assay_buf_view(&text)));
        cr_expect_eq(ws_receive(&c, DEADLINE_MS) != NULL, i == 1);
        ws_close(&c);
    }
    assay_buf_fini(&text);
    world_end(&w);
}

/* ---- connections ---- */

Test(kaspa_node_clients, may_come_in_numbers_and_ask_in_any_order)
{
    struct ws_client *clients = calloc(MANY, sizeof(*clients));
    struct node_world w;

    cr_assert_not_null(clients);
    world_begin(&w);
    for (size_t i = 0; i < MANY; i++)
        cr_assert(ws_open(&clients[i], kaspa_node_rpc_url(w.node), DEADLINE_MS));
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++)
            cr_assert(ws_send(&clients[MANY - 1 - i],
                              assay_arena_printf(&w.arena,
                                                 "{\"id\":%zu,\"method\":\"getInfo\",\"params\":"
                                                 "{}}",
                                                 round * MANY + MANY - 1 - i)));
        for (size_t i = 0; i < MANY; i++)
            cr_expect_str_eq(at(&w, ws_receive(&clients[i], DEADLINE_MS), "id"),
                             assay_arena_printf(&w.arena, "%zu", round * MANY + i));
    }
    cr_expect_eq(kaspa_node_calls(w.node), 3 * MANY);
    world_end(&w);
    for (size_t i = 0; i < MANY; i++) {
        cr_expect(ws_await_end(&clients[i], DEADLINE_MS), "they end with the node");
        ws_close(&clients[i]);
    }
    free(clients);
}

Test(kaspa_node_clients, may_send_many_calls_before_they_read)
{
    struct node_world w;

    world_begin(&w);
    for (unsigned i = 0; i < 500; i++)
        cr_assert(ws_send(&w.ws, assay_arena_printf(&w.arena,
                                                    "{\"id\":%u,\"method\":\"getBlockDagInfo\","
                                                    "\"params\":{}}",
                                                    i)));
    for (unsigned i = 0; i < 500; i++)
        cr_assert_eq(strtoul(at(&w, ws_receive(&w.ws, DEADLINE_MS), "id"), NULL, 10), i);
    world_end(&w);
}

Test(kaspa_node_clients, may_stay_half_open_or_vanish)
{
    struct node_world w;
    int idle[4], gone;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(idle); i++) {
        idle[i] =
            tcp_connect(i % 2 == 0 ? kaspa_node_rpc_url(w.node) : kaspa_node_rest_url(w.node));
        if (i >= 2)
            cr_assert(tcp_send(idle[i], ASSAY_LIT("GET / HTTP/1.1\r\nHost: x\r\nUpgra")));
    }
    for (size_t i = 0; i < 50; i++) {
        struct ws_client c;

        gone = tcp_connect(i % 2 == 0 ? kaspa_node_rpc_url(w.node) : kaspa_node_rest_url(w.node));
        sock_reset(gone);
        cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
        cr_assert(ws_send(&c, "{\"id\":1,\"method\":\"getInfo\",\"params\":{}}"));
        sock_reset(c.fd);
        assay_buf_fini(&c.in);
        assay_buf_fini(&c.out);
    }
    still_serves(&w, "half open");
    world_end(&w);
    for (size_t i = 0; i < ARRAY_LEN(idle); i++) {
        cr_expect(tcp_await_end(idle[i], DEADLINE_MS));
        close(idle[i]);
    }
}

Test(kaspa_node_clients, may_come_when_there_is_no_descriptor_for_them)
{
    enum { LIMIT = 64 };
    struct node_world w;
    struct rlimit limit;
    struct pollfd waiting = {.events = POLLIN};
    int spare[LIMIT];
    size_t count = 0;

    world_begin(&w);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){LIMIT, limit.rlim_max}), 0);
    while (count < LIMIT && (spare[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    cr_assert(count > 0 && count < LIMIT);
    close(spare[--count]);
    waiting.fd = tcp_connect(kaspa_node_rpc_url(w.node)); /* with the last one */
    cr_assert(tcp_send(waiting.fd, ASSAY_LIT("GET / HTTP/1.1\r\n\r\n")));
    cr_expect_eq(poll(&waiting, 1, SHORT_MS), 0);
    cr_expect_not_null(rpc(&w, "getInfo", "{}"), "who is there is served");
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_expect_eq(poll(&waiting, 1, DEADLINE_MS), 1);
    close(waiting.fd);
    while (count > 0)
        close(spare[--count]);
    world_end(&w);
}

/* A client that asks for large answers and reads none: it is not waited for, and it ends. */
Test(kaspa_node_clients, may_read_nothing)
{
    struct node_world w;
    struct ws_client c;
    int rest;

    world_begin(&w);
    world_behave(&w, (struct kaspa_node_behaviour){.fault = KASPA_NODE_OVERSIZED,
                                                   .large_bytes = (size_t)1 << 30,
                                                   .fault_times = 3});
    cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
    cr_assert(ws_send(&c, "{\"id\":1,\"method\":\"getInfo\",\"params\":{}}"));
    cr_assert(ws_send(&c, "{\"id\":2,\"method\":\"getInfo\",\"params\":{}}"));
    rest = tcp_connect(kaspa_node_rest_url(w.node));
    cr_assert(tcp_send(rest, ASSAY_LIT("GET /info/blockdag HTTP/1.1\r\nHost: x\r\n\r\n")));
    cr_assert(kaspa_node_await(w.node, NULL, 3, DEADLINE_MS));
    still_serves(&w, "reads nothing");
    world_end(&w);
    ws_close(&c);
    close(rest);
}

/* What waits for one connection has a limit. */
Test(kaspa_node_clients, may_not_let_answers_pile_up_without_end)
{
    struct assay_buf call = ASSAY_BUF_INIT(1 << 20);
    struct node_world w;
    struct kaspa_chain_info info;
    struct ws_client c;
    unsigned sent = 0;

    world_begin(&w);
    info = world_info(&w);
    world_mine(&w, 2400);
    assay_buf_printf(&call,
                     "{\"id\":1,\"method\":\"getVirtualChainFromBlockV2\",\"params\":"
                     "{\"startHash\":\"%s\"}}",
                     hex_of(&w, &info.sink));
    cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
    while (sent < 500 && kaspa_node_calls(w.node) == sent && ws_send(&c, assay_buf_cstr(&call)) &&
           kaspa_node_await(w.node, NULL, sent + 1, DEADLINE_MS / 10))
        sent++;
    cr_expect_lt(sent, 100);
    cr_expect(ws_await_end(&c, DEADLINE_MS));
    ws_close(&c);
    assay_buf_fini(&call);
    still_serves(&w, "piles up");
    world_end(&w);
}

/* ---- HTTP ---- */

static const struct {
    const char *name, *text;
    bool is_rpc;
} http_garbage[] = {
    {"nothing but lines", "\r\n\r\n\r\n\r\n", false},
    {"no HTTP", "hello\r\n\r\n", false},
    {"a header without a colon", "GET / HTTP/1.1\r\nhost\r\n\r\n", false},
    {"a wrong length", "POST /transactions HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
     false},
    {"a wrong chunk",
     "POST /transactions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false},
    {"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", false},
    {"RPC: no upgrade", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", true},
    {"RPC: a post", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", true},
    {"RPC: no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", true},
    {"RPC: an upgrade without a key",
     "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", true},
    {"RPC: an upgrade to something else",
     "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", true},
};

Test(kaspa_node_clients, may_speak_no_http)
{
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(http_garbage); i++) {
        int fd = tcp_connect(http_garbage[i].is_rpc ? kaspa_node_rpc_url(w.node)
                                                    : kaspa_node_rest_url(w.node));

        (void)tcp_send(fd, assay_str(http_garbage[i].text));
        shutdown(fd, SHUT_WR);
        cr_expect(tcp_await_end(fd, DEADLINE_MS), "row: %s", http_garbage[i].name);
        close(fd);
        still_serves(&w, http_garbage[i].name);
    }
    world_end(&w);
}

Test(kaspa_node_clients, may_post_as_much_as_a_node_takes_and_no_more)
{
    struct node_world w;
    const struct {
        size_t len;
        int status; /* 0: it is closed */
    } rows[] = {{MESSAGE_BYTES, 422}, {MESSAGE_BYTES + 1, 0}, {2 * MESSAGE_BYTES, 0}};

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *body = assay_arena_alloc(&w.arena, rows[i].len + 1);

        cr_assert_not_null(body);
        memset(body, ' ', rows[i].len);
        cr_expect_eq(rest_post(&w, "/transactions", body).status, rows[i].status, "row %zu", i);
        still_serves(&w, "a large body");
    }
    world_end(&w);
}

Test(kaspa_node_clients, may_ask_for_paths_of_any_length)
{
    struct node_world w;
    char *path;

    world_begin(&w);
    path = assay_arena_alloc(&w.arena, 70000);
    cr_assert_not_null(path);
    memset(path, 'a', 69999);
    path[0] = '/';
    cr_expect_neq(rest_get(&w, "%s", path).status, 200);
    path[100] = '\0';
    cr_expect_eq(rest_get(&w, "%s", path).status, 404);
    cr_expect_eq(rest_get(&w, "/transactions/%%00%%ff?%%00").status, 404);
    still_serves(&w, "a long path");
    world_end(&w);
}

/* ---- memory ---- */

/* Memory runs out at every allocation of a call in turn: the call fails, or its connection ends. */
static bool fails_cleanly(struct node_world *w, const char *call)
{
    for (size_t n = 0; n < 20; n++) {
        struct ws_client c;
        const char *answer;
        bool answered;

        cr_assert(ws_open(&c, kaspa_node_rpc_url(w->node), DEADLINE_MS));
        cr_assert(assay_buf_extend(&c.in, 1 << 17) != NULL); /* the client asks for none later */
        cr_assert(assay_buf_extend(&c.out, 1 << 17) != NULL);
        c.in.len = c.out.len = 0;
        cr_assert(ws_send_frame(&c, WS_TEXT, assay_bytes_part(assay_str(call), 0, 1)));
        cr_assert(
            ws_send_frame(&c, WS_CONTINUATION, assay_bytes_part(assay_str(call), 1, SIZE_MAX)));
        (void)assay_alloc_fail_after(n);
        (void)tcp_send(c.fd, ASSAY_LIT("\x80\x80\0\0\0\0")); /* its last frame: nothing more */
        answer = ws_receive(&c, DEADLINE_MS);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(answer != NULL || c.closed, "%s: allocation %zu", call, n);
        answered = answer != NULL && strstr(answer, "\"error\"") == NULL;
        ws_close(&c);
        if (answered)
            return true;
    }
    return false;
}

Test(kaspa_node_clients, are_served_again_after_memory_ran_out)
{
    static const struct {
        const char *start, *end; /* the address stands between them */
        bool ends_well;
    } calls[] = {
        {"{\"id\":1,\"method\":\"getServerInfo\",\"params\":{\"x\":\"", "\"}}", true},
        {"{\"id\":1,\"method\":\"getUtxosByAddresses\",\"params\":{\"addresses\":[\"", "\"]}}",
         true},
        {"{\"id\":1,\"method\":\"subscribe\",\"params\":{\"UtxosChanged\":{\"addresses\":[\"",
         "\"]}}}", true},
        {"{\"id\":1,\"method\":\"submitTransactionReplacement\",\"params\":{\"x\":\"", "\"}}",
         false},
    };
    struct node_world w;

    world_begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        const char *call =
            assay_arena_printf(&w.arena, "%s%s%s", calls[i].start, w.address, calls[i].end);

        cr_expect_eq(fails_cleanly(&w, call), calls[i].ends_well, "%s", call);
    }
    still_serves(&w, "out of memory");
    world_end(&w);
}

/* The status of an answer, read to the end of its connection; 0: there was none. */
static int status_of(int fd)
{
    char in[65536];
    size_t len = 0;
    ssize_t got;

    while ((got = recv(fd, in + len, sizeof(in) - 1 - len, 0)) > 0)
        len += (size_t)got;
    in[len] = '\0';
    return len > 12 ? (int)strtol(in + 9, NULL, 10) : 0;
}

static bool fails_cleanly_over_rest(struct node_world *w, const char *call)
{
    bool ends_well = false;

    for (size_t n = 0; n < 40 && !ends_well; n++) {
        int fd = tcp_connect(kaspa_node_rest_url(w->node)), status;

        (void)assay_alloc_fail_after(n);
        cr_assert(tcp_send(fd, assay_str(call)));
        status = status_of(fd);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(status == 0 || status == 200 || status == 422 || status == 500,
                  "%s: allocation %zu: %d", call, n, status);
        ends_well = status == 200;
        close(fd);
    }
    return ends_well;
}

Test(kaspa_node_clients, are_answered_again_over_rest_after_memory_ran_out)
{
    static const struct kaspa_node_behaviour hows[] = {
        {.unsynced = false},
        {.lie = KASPA_NODE_ACCEPTS_ALL},
        {.lag_daa = 2},
        {.fault = KASPA_NODE_BOMB, .large_bytes = 10000},
        {.fault = KASPA_NODE_WRONG_SHAPE},
    };
    struct node_world w;

    world_begin(&w);
    (void)world_submit(&w, world_payment(&w, ""));
    world_mine(&w, 2);
    for (size_t i = 0; i < ARRAY_LEN(hows); i++) {
        world_behave(&w, hows[i]);
        cr_expect(fails_cleanly_over_rest(
            &w, assay_arena_printf(
                    &w.arena,
                    "GET /addresses/%s/utxos HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                    w.address)));
    }
    cr_expect(fails_cleanly_over_rest(
        &w, "POST /transactions/acceptance HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            "Content-Length: 21\r\n\r\n{\"transactionIds\":[]}"));
    still_serves(&w, "out of memory over REST");
    world_end(&w);
}

/* A notification that cannot be kept ends its connection: its reader would miss it. */
Test(kaspa_node_clients, are_cut_off_rather_than_left_without_a_notification)
{
    struct node_world w;
    bool told = false;

    world_begin(&w);
    for (size_t n = 0; n < 40 && !told; n++) {
        struct ws_client c;

        cr_assert(ws_open(&c, kaspa_node_rpc_url(w.node), DEADLINE_MS));
        cr_assert(ws_send(&c, "{\"id\":1,\"method\":\"subscribe\",\"params\":"
                              "{\"BlockAdded\":{}}}"));
        cr_assert_not_null(ws_receive(&c, DEADLINE_MS));
        cr_assert(assay_buf_extend(&c.in, 1 << 17) != NULL);
        cr_assert(assay_buf_extend(&c.out, 1 << 17) != NULL);
        c.in.len = c.out.len = 0;
        world_change(&w, &(struct kaspa_mining){.blocks = 1});
        (void)assay_alloc_fail_after(n);
        kaspa_node_changed(w.node);
        told = ws_receive(&c, DEADLINE_MS) != NULL;
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(told || c.closed, "allocation %zu", n);
        ws_close(&c);
    }
    cr_expect(told);
    world_end(&w);
}
