/* `assay serve facilitator` end to end: tenants, copies, a kill, limits, starting. What is judged
 * how is in test_kx_fac.c. */
#include "serve_world.h"

#include "base/base64.h"
#include "net/clock.h"
#include "x402/limits.h"

#include <jansson.h>
#include <stdio.h>

static struct serve_world w;
static const char *body; /* a request about an honest payment */

/* The member of the payment's JSON. */
static json_t *payment_of(const struct purchase *bought)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    json_t *payment;

    cr_assert_eq(
        assay_base64_decode(&text, ASSAY_BASE64_STD, assay_str(bought->cheque.header), NULL),
        ASSAY_OK);
    payment = json_loads(assay_buf_cstr(&text), 0, NULL);
    cr_assert_not_null(payment);
    assay_buf_fini(&text);
    return payment;
}

/* What is sold through a facilitator, as --sell has it: the terms of `body`. */
static const char *what_is_sold(void)
{
    json_t *all = json_loads(body, 0, NULL);
    char *extra = json_dumps(json_object_get(json_object_get(all, "paymentRequirements"), "extra"),
                             JSON_COMPACT);
    const char *sold = serve_text(
        &w, serve_text(&w, serve_text(&w, "--sell=exact,kaspa:testnet-10,KAS,", w.merchant), ","),
        extra);

    free(extra);
    json_decref(all);
    return sold;
}

/* A payment for what the server would sell, which is never sent there. */
static const char *new_body(void)
{
    const struct purchase bought = serve_buy(&w, "/report?day=1");
    json_t *payment = payment_of(&bought), *all;
    char *text;
    const char *kept;

    all = json_pack("{s:i, s:O, s:O, s:O}", "x402Version", 2, "paymentPayload", payment,
                    "paymentRequirements", json_object_get(payment, "accepted"), "requestHash",
                    json_object_get(json_object_get(payment, "payload"), "requestHash"));
    text = json_dumps(all, JSON_COMPACT);
    cr_assert_not_null(text);
    kept = serve_text(&w, "", text);
    free(text);
    json_decref(all);
    json_decref(payment);
    return kept;
}

static void begin(void)
{
    serve_world_begin(&w);
    serve_start(&w);
    body = new_body();
    serve_stop(&w);
    w.facilitates = true;
}
static void end(void)
{
    serve_world_end(&w);
}
TestSuite(serve_facilitator_kaspa, .init = begin, .fini = end, .timeout = 120);

static struct http_request request_as(const char *path, const char *token, const char *text)
{
    struct http_request request = request_of("POST", path, text);

    cr_assert(http_request_add(&request, "Content-Type", ASSAY_LIT("application/json")));
    if (token != NULL)
        cr_assert(http_request_add(&request, "Authorization",
                                   assay_str(serve_text(&w, "Bearer ", token))));
    return request;
}

static const struct http_exchange *ask(const char *path, const char *token)
{
    const struct http_request request = request_as(path, token, body);

    return serve_send(&w, &request);
}

static bool says(const struct http_exchange *answer, const char *text)
{
    return strstr(body_of(&w, answer), text) != NULL;
}

static bool is_settled(const struct http_exchange *answer)
{
    return status_of(answer) == 200 && says(answer, "\"success\":true");
}

static void expect_settled_in_time(const char *row)
{
    const struct http_exchange *answer = ask("/settle", SERVE_TOKEN);

    for (int i = 0; i < PATIENCE_MS / LOOK_AGAIN_MS && says(answer, "settlement_pending"); i++)
        answer = ask("/settle", SERVE_TOKEN);
    cr_expect(is_settled(answer), "%s: %d %s", row, status_of(answer), body_of(&w, answer));
}

Test(serve_facilitator_kaspa, serves_its_tenants_and_tells_each_its_own)
{
    const struct http_request listed = request_of("GET", "/supported", NULL);
    const struct http_exchange *answer;

    serve_start(&w);
    answer = serve_send(&w, &listed);
    cr_expect(says(answer, "\"kaspa:testnet-10\""), "%s", body_of(&w, answer));
    cr_expect_eq(status_of(ask("/settle", NULL)), 401);
    answer = ask("/verify", SERVE_TOKEN);
    cr_expect(says(answer, "\"isValid\":true"), "%s", body_of(&w, answer));
    cr_expect_eq(serve_submissions(&w), 0);
    expect_settled_in_time("its own");
    answer = ask("/settle", SERVE_OTHER_TOKEN);
    cr_expect(says(answer, "invalid_transaction_state"), "%s", body_of(&w, answer));
    cr_expect_eq(serve_submissions(&w), 1);
    serve_stop(&w);
}

Test(serve_facilitator_kaspa, submits_once_for_many_at_once)
{
    enum { COPIES = 16 };
    const struct http_request request = request_as("/settle", SERVE_TOKEN, body);
    int statuses[COPIES];

    serve_start(&w);
    serve_send_copies(&w, &request, statuses, COPIES);
    for (int i = 0; i < COPIES; i++)
        cr_expect_eq(statuses[i], 200, "%d", statuses[i]);
    expect_settled_in_time("afterwards");
    cr_expect_eq(serve_submissions(&w), 1);
    serve_stop(&w);
}

Test(serve_facilitator_kaspa, finishes_what_it_had_submitted_when_it_was_killed)
{
    const struct http_request request = request_as("/settle", SERVE_TOKEN, body);
    struct sending sending;

    serve_start(&w);
    atomic_store(&w.mines, false);
    begin_sending(&sending, &w, &request);
    cr_assert(serve_await_mempool(&w, 1));
    serve_kill(&w);
    (void)end_sending(&sending);
    forget_sending(&sending);
    serve_start(&w);
    atomic_store(&w.mines, true);
    expect_settled_in_time("after the restart");
    cr_expect_eq(serve_submissions(&w), 1);
    serve_stop(&w);
}

/* The URL of a server that sells through the one of the world. */
static const char *start_shop(struct program *shop)
{
    static const char start[] = "ready kaspa-x402 ";
    static const char *const environment[] = {"SHOP_TOKEN=" SERVE_TOKEN, NULL};
    const char *const args[] = {"serve",
                                "kaspa-x402",
                                "--store=memory",
                                "--workers=1",
                                "--listen=127.0.0.1:0",
                                "--facilitator-token=SHOP_TOKEN",
                                "--facilitator-list=50",
                                serve_text(&w, "--facilitator=", w.url),
                                what_is_sold(),
                                NULL};
    struct assay_buf out = ASSAY_BUF_INIT(4096);
    const char *line, *url;

    program_init(shop);
    program_start(shop, args, environment);
    (void)program_await_text(shop, "stdout", "\n", PATIENCE_MS);
    program_read(shop, "stdout", &out);
    line = assay_buf_cstr(&out);
    cr_assert(line != NULL && strncmp(line, start, sizeof(start) - 1) == 0);
    url = serve_text(&w, "", line + sizeof(start) - 1);
    assay_buf_fini(&out);
    return url;
}

/* Again and again while it is answered so. */
static const struct http_exchange *send_while(const struct http_request *request, int status)
{
    const struct http_exchange *answer = serve_send(&w, request);

    for (int i = 0; i < PATIENCE_MS / LOOK_AGAIN_MS && status_of(answer) == status; i++) {
        ref_net_wait_ms(LOOK_AGAIN_MS);
        answer = serve_send(&w, request);
    }
    return answer;
}

Test(serve_facilitator_kaspa, settles_for_a_server_that_sells_through_it)
{
    const struct http_request unpaid = request_of("GET", "/report?day=2", NULL);
    const struct http_exchange *answer;
    struct purchase bought;
    struct program shop;
    const char *url;

    serve_start(&w);
    url = start_shop(&shop);
    (void)snprintf(w.url, sizeof(w.url), "%.*s", (int)strcspn(url, "\n"), url);
    (void)send_while(&unpaid, 500); /* it has not asked yet what is settled */
    bought = serve_buy(&w, "/report?day=2");
    answer = send_while(&bought.request, 503);
    cr_expect_eq(status_of(answer), 200, "%d %s", status_of(answer), body_of(&w, answer));
    cr_expect_gt(header_of(answer, "PAYMENT-RESPONSE").len, 0);
    cr_expect_eq(serve_submissions(&w), 1);
    program_fini(&shop);
}

Test(serve_facilitator_kaspa, reads_as_much_as_the_text_allows)
{
    size_t len = strlen(body);
    char *padded = assay_arena_alloc(&w.chain.arena, X402_DECODED_MAX_BYTES + 2);
    struct http_request request;
    const struct http_exchange *answer;

    cr_assert_not_null(padded);
    memset(padded, ' ', X402_DECODED_MAX_BYTES + 1);
    memcpy(padded, body, len);
    padded[X402_DECODED_MAX_BYTES] = '\0';
    serve_start(&w);
    request = request_as("/verify", SERVE_TOKEN, padded);
    answer = serve_send(&w, &request);
    cr_expect(says(answer, "\"isValid\":true"), "%d %s", status_of(answer), body_of(&w, answer));
    padded[X402_DECODED_MAX_BYTES] = ' ';
    padded[X402_DECODED_MAX_BYTES + 1] = '\0';
    request = request_as("/verify", SERVE_TOKEN, padded);
    cr_expect_eq(status_of(serve_send(&w, &request)), 413);
    serve_stop(&w);
}

Test(serve_facilitator_kaspa, counts_requests_of_all_together)
{
    int refused = 0;

    serve_use(&w, "--quota-all=4");
    serve_start(&w);
    for (int i = 0; i < 8; i++)
        refused += status_of(ask("/verify", i % 2 == 0 ? SERVE_TOKEN : SERVE_OTHER_TOKEN)) == 429;
    cr_expect_eq(refused, 4, "%d", refused);
    serve_stop(&w);
}

static const struct {
    const char *name, *args[8], *says;
} wrong[] = {
    {"no tenant",
     {"serve", "facilitator", "--store=s", "--node=ws://127.0.0.1:1"},
     "settles for nobody"},
    {"a tenant without a token",
     {"serve", "facilitator", "--store=s", "--node=ws://127.0.0.1:1", "--tenant=a:NOT_THERE"},
     "NOT_THERE has no token"},
    {"a tenant that is none",
     {"serve", "facilitator", "--store=s", "--node=ws://127.0.0.1:1", "--tenant=a"},
     "NAME:VARIABLE"},
    {"no store", {"serve", "facilitator", "--tenant=a:KX_TEST_TOKEN"}, "the store is missing"},
    {"no node",
     {"serve", "facilitator", "--store=s", "--tenant=a:KX_TEST_TOKEN"},
     "the node is missing"},
    {"mainnet without a word",
     {"serve", "facilitator", "--store=s", "--node=ws://127.0.0.1:1", "--tenant=a:KX_TEST_TOKEN",
      "--network=kaspa:mainnet"},
     "say so with mainnet"},
    {"a mode that is none", {"serve", "facilitator", "--modes=claim"}, "--modes"},
    {"an option of a server", {"serve", "facilitator", "--price=1"}, "price"},
};

Test(serve_facilitator_kaspa, says_what_is_wrong_before_it_serves)
{
    static const char *const environment[] = {"KX_TEST_TOKEN=" SERVE_TOKEN, NULL};

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct program p;

        program_init(&p);
        program_run(&p, wrong[i].args, environment);
        cr_expect_eq(p.status, 3, "%s: %d", wrong[i].name, p.status);
        cr_expect(program_says(&p, wrong[i].says), "%s: %.*s", wrong[i].name, (int)p.err.len,
                  (const char *)p.err.at);
        program_fini(&p);
    }
}
