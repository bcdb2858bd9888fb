/* `assay serve kaspa-x402` end to end: what it sells, its limits, a node that fails, heads,
 * starting. */
#include "serve_world.h"

#include "base/hex.h"
#include "kaspa_x402/exact_terms.h"

#include <stdio.h>

enum { COPIES = 32 };

static struct serve_world w;

static void set_up(void)
{
    serve_world_begin(&w);
}

static void tear_down(void)
{
    serve_world_end(&w);
}

TestSuite(serve_kaspa, .init = set_up, .fini = tear_down, .timeout = 300);

/* ---- the honest path ----------------------------------------------------------------------------
 */

Test(serve_kaspa, sells_what_is_paid_for_and_answers_a_retry_alike)
{
    static const char *const rows[][3] = {
        {"GET", "/report?city=Paris", NULL},
        {"GET", "/files/a/b", NULL},
        {"POST", "/notes", "{\"a\":1}"},
        {"GET", "/additive", NULL},
    };

    serve_start(&w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct purchase p = serve_buy_as(&w, rows[i][0], rows[i][1], rows[i][2], NULL, NULL);
        const struct http_exchange *first;

        cr_expect_eq(origin_executions(w.origin), i, "a challenge runs nothing");
        first = serve_send(&w, &p.request);
        expect_bought(&w, first, rows[i][1]);
        cr_expect_not_null(strstr(body_of(&w, first), rows[i][1]), "%s", body_of(&w, first));
        for (int again = 0; again < 4; again++) /* of either worker */
            expect_alike(&w, first, serve_send(&w, &p.request));
        cr_expect_eq(origin_executions(w.origin), i + 1, "%s", rows[i][1]);
        cr_expect_eq(serve_submissions(&w), i + 1, "%s", rows[i][1]);
    }
    serve_stop(&w);
}

Test(serve_kaspa, challenges_whoever_does_not_pay_and_serves_what_is_free)
{
    struct http_request report = request_of("GET", "/report", NULL);
    struct http_request none = request_of("GET", "/nothing", NULL);
    struct http_request gift = request_of("GET", "/free", NULL);
    const struct http_exchange *e;

    serve_start(&w);
    e = serve_send(&w, &report);
    cr_expect_eq(status_of(e), 402);
    cr_expect_gt(header_of(e, "PAYMENT-REQUIRED").len, 0);
    cr_expect(assay_bytes_is(header_of(e, "Cache-Control"), "private, no-store, max-age=0"));
    cr_expect_eq(status_of(serve_send(&w, &none)), 404);
    cr_expect_eq(origin_executions(w.origin), 0);
    cr_expect_eq(status_of(serve_send(&w, &gift)), 200);
    cr_expect_eq(origin_executions(w.origin), 1);
    cr_expect_eq(serve_submissions(&w), 0);
    serve_stop(&w);
}

Test(serve_kaspa, hands_on_what_the_handler_answers_and_keeps_it)
{
    struct purchase p;
    const struct http_exchange *first;

    serve_start(&w);
    origin_behave(w.origin, &(struct origin_rule){.behaviour = ORIGIN_ANSWER,
                                                  .status = 201,
                                                  .content_type = "application/x-goods",
                                                  .head_lines = "X-Goods: gold\r\n"
                                                                "Cache-Control: public\r\n",
                                                  .body = assay_bytes_of("goods\0", 6),
                                                  .body_set = true});
    p = serve_buy(&w, "/report");
    first = serve_send(&w, &p.request);
    cr_expect_eq(status_of(first), 201);
    cr_expect(assay_bytes_is(header_of(first, "X-Goods"), "gold"));
    cr_expect(assay_bytes_is(header_of(first, "Content-Type"), "application/x-goods"));
    cr_expect(assay_bytes_is(header_of(first, "Cache-Control"), "private, no-store, max-age=0"));
    cr_expect(assay_bytes_equal(first->response.body, assay_bytes_of("goods\0", 6)));
    expect_alike(&w, first, serve_send(&w, &p.request));
    serve_stop(&w);
}

Test(serve_kaspa, has_goods_of_its_own_where_there_is_no_origin)
{
    static const char *const rows[][2] = {{"/html", "text/html; charset=utf-8"},
                                          {"/binary", "application/octet-stream"},
                                          {"/empty", ""},
                                          {"/report", "application/json; charset=utf-8"}};

    origin_stop(w.origin);
    w.origin = NULL;
    serve_start(&w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct purchase p = serve_buy(&w, rows[i][0]);
        const struct http_exchange *e = serve_send(&w, &p.request);

        expect_bought(&w, e, rows[i][0]);
        cr_expect(assay_bytes_is(header_of(e, "Content-Type"), rows[i][1]), "%s", rows[i][0]);
    }
    serve_stop(&w);
}

Test(serve_kaspa, knows_its_payments_after_a_restart)
{
    struct purchase p;
    const struct http_exchange *first;

    serve_start(&w);
    p = serve_buy(&w, "/report");
    first = serve_send(&w, &p.request);
    expect_bought(&w, first, "first");
    serve_stop(&w);
    serve_start(&w);
    expect_alike(&w, first, serve_send(&w, &p.request));
    cr_expect_eq(origin_executions(w.origin), 1);
    cr_expect_eq(serve_submissions(&w), 1);
    serve_stop(&w);
}

Test(serve_kaspa, runs_the_handler_once_for_many_copies_at_once)
{
    struct purchase p;
    int statuses[COPIES], served = 0;

    serve_use(&w, "--scope-running=0");
    serve_use(&w, "--caller-running=0");
    serve_start(&w);
    p = serve_buy(&w, "/report");
    serve_send_copies(&w, &p.request, statuses, COPIES);
    for (size_t i = 0; i < COPIES; i++) {
        cr_expect(statuses[i] == 200 || statuses[i] == 503, "%d", statuses[i]);
        served += statuses[i] == 200 ? 1 : 0;
    }
    cr_expect_geq(served, 1);
    cr_expect_eq(origin_executions(w.origin), 1);
    cr_expect_eq(serve_submissions(&w), 1);
    expect_bought(&w, serve_send(&w, &p.request), "afterwards");
    serve_stop(&w);
}

Test(serve_kaspa, tells_its_callers_apart)
{
    struct http_request stranger = request_of("GET", "/private", NULL);
    struct purchase p;

    serve_use(&w, "--principal=alice::KX_TEST_TOKEN");
    serve_start(&w);
    cr_expect_eq(status_of(serve_send(&w, &stranger)), 400);
    p = serve_buy_as(&w, "GET", "/private", NULL, NULL, "alice");
    expect_bought(&w, serve_send(&w, &p.request), "alice");
    cr_assert(http_request_add(&stranger, "PAYMENT-SIGNATURE", assay_str(p.cheque.header)));
    cr_expect_eq(status_of(serve_send(&w, &stranger)), 400);
    cr_expect_eq(origin_executions(w.origin), 1);
    serve_stop(&w);
}

/* ---- limits -------------------------------------------------------------------------------------
 */

Test(serve_kaspa, limits_what_runs_of_one_payment_and_what_a_caller_asks_for)
{
    struct sending copies[2];
    struct purchase p;
    const struct http_exchange *e;

    serve_use(&w, "--scope-running=1");
    serve_use(&w, "--quota=6");
    serve_start(&w);
    serve_stall_origin(&w);
    p = serve_buy(&w, "/report"); /* one request */
    begin_sending(&copies[0], &w, &p.request);
    cr_assert(origin_await(w.origin, 1, PATIENCE_MS));
    e = serve_send(&w, &p.request);
    cr_expect_eq(status_of(e), 429, "%d", status_of(e));
    cr_expect(assay_bytes_is(header_of(e, "Retry-After"), "1"));
    cr_expect_not_null(strstr(body_of(&w, e), "channel_concurrency_exceeded"), "%s",
                       body_of(&w, e));
    origin_release(w.origin);
    expect_bought(&w, end_sending(&copies[0]), "the one that ran");
    forget_sending(&copies[0]);
    for (int i = 0; i < 3; i++)
        expect_bought(&w, serve_send(&w, &p.request), "within the quota");
    e = serve_send(&w, &p.request);
    cr_expect_eq(status_of(e), 429, "%d", status_of(e));
    cr_expect_not_null(strstr(body_of(&w, e), "caller_quota_exceeded"), "%s", body_of(&w, e));
    serve_stop(&w);
}

/* ---- a node that fails --------------------------------------------------------------------------
 */

Test(serve_kaspa, sells_nothing_on_the_word_of_no_node_and_goes_on_afterwards)
{
    struct purchase p;
    int status;

    serve_use(&w, "--node-deadline=300");
    serve_start(&w);
    p = serve_buy(&w, "/report");
    world_behave(&w.chain, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SILENT});
    status = status_of(serve_send(&w, &p.request));
    cr_expect(status == 504 || status == 503, "%d", status);
    world_behave(&w.chain, (struct kaspa_node_behaviour){.fault = KASPA_NODE_ERROR});
    status = status_of(serve_send(&w, &p.request));
    cr_expect(status == 504 || status == 503, "%d", status);
    cr_expect_eq(origin_executions(w.origin), 0);
    world_behave(&w.chain, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SOUND});
    expect_bought(&w, serve_send(&w, &p.request), "with a node");
    cr_expect_eq(origin_executions(w.origin), 1);
    serve_stop(&w);
}

Test(serve_kaspa, finds_a_payment_whose_submission_was_never_answered)
{
    struct purchase p;

    serve_use(&w, "--node-deadline=300");
    serve_use(&w, "--accept-wait=300");
    serve_start(&w);
    p = serve_buy(&w, "/report");
    world_behave(&w.chain, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SILENT,
                                                         .fault_method = "submitTransaction"});
    atomic_store(&w.mines, false);
    expect_pending(&w, serve_send(&w, &p.request), "silent");
    cr_expect_eq(origin_executions(w.origin), 0);
    atomic_store(&w.mines, true);
    cr_assert(serve_await_mempool(&w, 0));
    expect_bought(&w, serve_send(&w, &p.request), "accepted meanwhile");
    cr_expect_eq(serve_submissions(&w), 1);
    cr_expect_eq(origin_executions(w.origin), 1);
    serve_stop(&w);
}

/* ---- heads --------------------------------------------------------------------------------------
 */

/* A coin of 1 KAS that anyone may make grow, and the arguments that name it. */
static void register_a_head(void)
{
    uint8_t redeem_room[80], script_room[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf redeem = ASSAY_BUF_OVER(redeem_room), script = ASSAY_BUF_OVER(script_room);
    const uint8_t *owner = w.chain.key.xonly;
    struct kaspa_outpoint coin;
    struct kaspa_spk spk = {0};
    char txid[65], key[65];

    kx_additive_redeem(&redeem, owner, 10000000);
    kaspa_script_add_pay_to_script_hash(&script, assay_buf_view(&redeem));
    spk.script = assay_buf_view(&script);
    coin = kx_payer_fund(&w.chain, &spk, KAS);
    cr_assert_eq(coin.index, 0);
    assay_hex_encode(txid, assay_bytes_of(coin.txid.at, sizeof(coin.txid.at)));
    assay_hex_encode(key, assay_bytes_of(owner, ASSAY_XONLY_BYTES));
    serve_use(&w, serve_text(&w, "--head-owner=", key));
    serve_use(&w, serve_text(&w, "--head=", serve_text(&w, txid, ":0")));
}

Test(serve_kaspa, sells_for_a_head_that_grows_and_is_known_after_a_restart)
{
    register_a_head();
    serve_start(&w);
    for (uint64_t i = 0; i < 2; i++) {
        struct purchase p = serve_buy_as(&w, "GET", "/additive", NULL, "additive", NULL);

        expect_bought(&w, serve_send(&w, &p.request), "for the head");
        expect_bought(&w, serve_send(&w, &p.request), "again");
        cr_expect_eq(origin_executions(w.origin), i + 1);
        serve_stop(&w);
        serve_start(&w);
    }
    serve_stop(&w);
}

/* ---- starting -----------------------------------------------------------------------------------
 */

Test(serve_kaspa, refuses_what_it_cannot_serve_with_and_says_why)
{
    static const struct {
        const char *args[6], *says;
    } rows[] = {
        {{"--node=ws://127.0.0.1:1", "--pay-to=kaspatest:x"}, "the store is missing"},
        {{"--store=memory", "--node=ws://127.0.0.1:1", "--pay-to=kaspatest:x"}, "one worker"},
        {{"--store=s", "--pay-to=kaspatest:x"}, "the node is missing"},
        {{"--store=s", "--node=ws://127.0.0.1:1"}, "pay-to is missing"},
        {{"--store=s", "--node=http://127.0.0.1:1", "--pay-to=kaspatest:x"}, "node"},
        {{"--store=s", "--node=ws://10.0.0.1:1", "--pay-to=kaspatest:x"}, "node"},
        {{"--store=s", "--node=ws://127.0.0.1:1", "--pay-to=kaspatest:x"}, "payTo"},
        {{"--store=s", "--network=kaspa:testnet-11"}, "kaspa:testnet-10"},
        {{"--store=s", "--network=kaspa:mainnet"}, "mainnet"},
        {{"--store=s", "--principal=a"}, "NAME:TENANT:VARIABLE"},
        {{"--store=s", "--principal=a::NOT_THERE"}, "NOT_THERE"},
        {{"--store=s", "--finality=mempool"}, "--finality"},
        {{"--workers=65"}, "--workers"},
        {{"--status=200"}, "--recover"},
        {{"--store=s", "--node=ws://127.0.0.1:1",
          "--pay-to=kaspatest:qqsxtr9c45evxrv5rejrdjtuvvtkdt4fyj83c7qfst778wgz0qkmxgm6fcscy",
          "--channel-key=f00d"},
         "64 hex digits"},
        {{"--channel-secret=KX_TEST_TOKEN"}, "needs no secret"},
        {{"--store=s", "--facilitator=http://127.0.0.1:1"}, "go together"},
        {{"--store=s", "--sell=exact,eip155:1,a,b"}, "go together"},
        {{"--store=s", "--facilitator=http://127.0.0.1:1", "--sell=exact,eip155:1,a"},
         "SCHEME,NETWORK,ASSET,PAYTO"},
        {{"--store=s", "--facilitator=http://127.0.0.1:1", "--sell=exact,eip155:1,a,b,[1]"},
         "no JSON object"},
        {{"--store=s", "--facilitator=http://example.com", "--sell=exact,eip155:1,a,b"},
         "facilitator"},
        {{"--store=s", "--facilitator=http://127.0.0.1:1", "--sell=exact,eip155:1,a,b",
          "--offer-key=NOT_THERE"},
         "NOT_THERE holds no secret key"},
        {{"--claim"}, "--channel-secret"},
        {{"--claim", "--recover"}, "commands of their own"},
        {{"--top-up=file", "--claim"}, "commands of their own"},
        {{"--top-up=file", "--channel-secret=NOT_THERE"}, "name the channel"},
        {{"--top-up=no such file",
          "0000000000000000000000000000000000000000000000000000000000000000",
          "--channel-secret=NOT_THERE"},
         "no such file"},
        {{"--claim", "no channel", "--channel-secret=NOT_THERE"}, "no channel id"},
        {{"--claim", "--channel-secret=NOT_THERE", "--store=s", "--node=ws://127.0.0.1:1"},
         "NOT_THERE"},
        {{"--claim",
          "--channel-secret=5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"},
         "the name of the environment variable"},
        {{"--defect=no.such"}, "no.such"},
        {{"--nonsense"}, "--nonsense"},
        {{"one", "more"}, "more"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *args[SERVE_ARGS] = {"serve", "kaspa-x402", "--listen=127.0.0.1:0"};
        size_t n = 3;
        struct program p;

        for (size_t k = 0; k < ARRAY_LEN(rows[i].args) && rows[i].args[k] != NULL; k++)
            args[n++] = rows[i].args[k];
        program_init(&p);
        program_run(&p, args, NULL);
        cr_expect_eq(p.status, 3, "row %zu: %d", i, p.status);
        cr_expect(program_says(&p, rows[i].says), "row %zu: %.*s", i, (int)p.err.len,
                  (const char *)p.err.at);
        program_fini(&p);
    }
}

Test(serve_kaspa, logs_what_it_did_without_what_was_paid_with)
{
    struct purchase p;
    struct assay_buf log = ASSAY_BUF_INIT(1 << 20);
    const char *text;

    serve_use(&w, "--principal=alice::KX_TEST_TOKEN");
    serve_start(&w);
    p = serve_buy_as(&w, "GET", "/private?secret=query", NULL, NULL, "alice");
    expect_bought(&w, serve_send(&w, &p.request), "alice");
    serve_stop(&w);
    assay_buf_add(&log, assay_buf_view(&w.server.err));
    text = assay_buf_cstr(&log);
    cr_assert_not_null(text);
    cr_expect_not_null(strstr(text, "\"path\":\"/private\",\"status\":200"), "%s", text);
    cr_expect_null(strstr(text, "secret=query"));
    cr_expect_null(strstr(text, p.cheque.txid_text));
    cr_expect_null(strstr(text, SERVE_TOKEN));
    cr_expect_null(strstr(text, "an_identifier"));
    cr_expect_null(strstr(text, p.cheque.header));
    assay_buf_fini(&log);
}
