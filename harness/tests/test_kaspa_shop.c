/* The role `shop`: its challenge, what it makes of payments, its answers one after the other, and
 * every way to end one. That good payments buy is shown by test_pay.c. */
#include "pay_shop.h"

#include "kaspa_x402/batch_terms.h"
#include "x402/envelope.h"

#include <stdio.h>

static struct pay_shop shop;

static void begin(void)
{
    pay_shop_begin(&shop, 1);
}

static void end(void)
{
    pay_shop_end(&shop);
}

TestSuite(kaspa_shop, .init = begin, .fini = end, .timeout = 300);

static const struct http_exchange *ask_within(const char *origin, const char *payment,
                                              int deadline_ms)
{
    struct http_request *request = assay_arena_alloc(&shop.w.arena, sizeof(*request));
    struct http_client *client = http_client_new();
    struct http_exchange *x = NULL;
    struct http_peer peer = {.allowed_hosts = NULL};
    struct assay_err err = {0};

    cr_assert(request != NULL && client != NULL);
    cr_assert_eq(assay_url_split(&peer.url, assay_str(origin), NULL), ASSAY_OK);
    *request = http_get("/goods?a=1");
    if (payment != NULL)
        cr_assert(http_request_add(request, "payment-signature", assay_str(payment)));
    cr_assert_eq(http_send(client, &x, &shop.w.arena, &peer, request, deadline_ms, &err), ASSAY_OK,
                 "%s", err.text);
    http_client_free(client);
    return x;
}

static const struct http_exchange *ask(const char *payment)
{
    return ask_within(kaspa_shop_origin(shop.shop), payment, DEADLINE_MS);
}

static struct kaspa_shop_call last_call(void)
{
    struct kaspa_shop_call call = {.number = 0};

    cr_assert(kaspa_shop_call(shop.shop, kaspa_shop_calls(shop.shop), &call));
    return call;
}

/* The challenge of an answer, decoded. */
static json_t *challenge_of(const struct http_exchange *x)
{
    struct assay_bytes header = http_response_header(&x->response, "PAYMENT-REQUIRED", NULL), json;
    json_t *tree;

    cr_assert_eq(x402_header_decode(&json, &shop.w.arena, header, NULL), ASSAY_OK);
    tree = json_loadb((const char *)json.at, json.len, 0, NULL);
    cr_assert_not_null(tree);
    return tree;
}

Test(kaspa_shop, asks_for_a_payment_under_the_name_it_is_asked_by)
{
    const struct http_exchange *x = ask(NULL);
    struct kaspa_shop_call call = last_call();
    struct x402_required required;
    struct assay_bytes json;
    struct assay_json doc;
    json_t *tree;
    char url[128];

    cr_assert_eq(x->outcome, HTTP_ANSWERED);
    cr_expect_eq(x->response.status, 402);
    cr_assert_eq(x402_header_decode(&json, &shop.w.arena,
                                    http_response_header(&x->response, "PAYMENT-REQUIRED", NULL),
                                    NULL),
                 ASSAY_OK);
    cr_assert_eq(x402_document_parse(&doc, &shop.w.arena, json, true, NULL), ASSAY_OK);
    cr_expect_eq(x402_required_read(&required, &shop.w.arena, &doc, NULL), X402_FAULT_NONE);
    tree = challenge_of(x);
    (void)snprintf(url, sizeof(url), "%s/goods?a=1", kaspa_shop_origin(shop.shop));
    cr_expect(assay_bytes_is(required.url, url));
    cr_expect_str_eq(call.target, "/goods?a=1");
    cr_expect_null(call.payment);
    cr_expect_eq(call.status, 402);
    cr_expect_not(call.is_elsewhere);
    json_decref(tree);
}

Test(kaspa_shop, offers_a_channel_where_it_is_told_to)
{
    struct x402_required required;
    struct kx_batch_offer offer;
    struct assay_bytes json;
    struct assay_json doc;
    struct assay_err err = {0};
    const struct http_exchange *x;

    kaspa_shop_behave(shop.shop, &(struct kaspa_shop_behaviour){.by_channel = true});
    x = ask(NULL);
    cr_assert_eq(x402_header_decode(&json, &shop.w.arena,
                                    http_response_header(&x->response, "PAYMENT-REQUIRED", NULL),
                                    NULL),
                 ASSAY_OK);
    cr_assert_eq(x402_document_parse(&doc, &shop.w.arena, json, true, NULL), ASSAY_OK);
    cr_assert_eq(x402_required_read(&required, &shop.w.arena, &doc, NULL), X402_FAULT_NONE);
    cr_assert_eq(required.accept_count, 1);
    cr_expect_eq(kx_batch_offer_read(&offer, &shop.w.arena, &doc, &required.accepts[0], &err),
                 KX_BATCH_TERMS_OK, "%s", err.text);
    cr_expect_eq(offer.terms.refund_timeout_daa, kaspa_shop_refund_daa(shop.shop));
    cr_expect_eq(offer.terms.min_deposit, KASPA_SHOP_DEPOSIT);
    cr_expect_not(offer.has_state, "there is no channel yet");
    cr_expect_eq(ask("e30=")->response.status, 402);
    cr_expect_not_null(last_call().fault);
    cr_expect_str_eq(last_call().channel, "");
    cr_expect_not(kaspa_shop_claims(shop.shop), "of no channel");
}

Test(kaspa_shop, serves_nothing_for_what_is_no_payment)
{
    static const char *const payments[] = {"x", "bm90IGpzb24=", "e30="};

    for (size_t i = 0; i < ARRAY_LEN(payments); i++) {
        cr_expect_eq(ask(payments[i])->response.status, 402, "%s", payments[i]);
        cr_expect_str_eq(last_call().payment, payments[i]);
        cr_expect_not_null(last_call().fault, "%s", payments[i]);
        cr_expect_str_eq(last_call().txid, "");
    }
    cr_expect_eq(pay_shop_submissions(&shop), 0);
}

Test(kaspa_shop, gives_its_answers_one_after_the_other_and_the_last_for_good)
{
    static const int expected[] = {503, 503, 418, 307, 307, 307};
    const struct kaspa_shop_behaviour how = {
        .unpaid = {{.status = 503, .times = 2, .fields = {{"Retry-After", "7"}}},
                   {.status = 418, .body = ASSAY_LIT("a pot")},
                   {.status = 307}},
        .unpaid_count = 3};

    kaspa_shop_behave(shop.shop, &how);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const struct http_exchange *x = ask(NULL);

        cr_expect_eq(x->response.status, expected[i], "answer %zu", i);
        cr_expect_eq(assay_bytes_is(x->response.body, "a pot"), expected[i] == 418);
        cr_expect_eq(assay_bytes_is(http_response_header(&x->response, "Retry-After", NULL), "7"),
                     expected[i] == 503);
    }
    cr_expect_eq(ask("x")->response.status, 402, "payments have answers of their own");
    kaspa_shop_behave(shop.shop, &how);
    cr_expect_eq(ask(NULL)->response.status, 503, "counted anew");
}

static void raise_price(const void *arg, json_t *required)
{
    json_t *offer = json_array_get(json_object_get(required, "accepts"), 0);

    (void)json_object_set_new(offer, "amount", json_string(arg));
}

static void expect_price(const char *payment, const char *price)
{
    json_t *tree = challenge_of(ask(payment));
    json_t *offer = json_array_get(json_object_get(tree, "accepts"), 0);

    cr_expect_str_eq(json_string_value(json_object_get(offer, "amount")), price);
    json_decref(tree);
}

Test(kaspa_shop, edits_its_challenges_all_or_later_ones)
{
    kaspa_shop_behave(shop.shop, &(struct kaspa_shop_behaviour){.edit = raise_price, .arg = "7"});
    expect_price(NULL, "7");
    expect_price("x", "7");
    kaspa_shop_behave(shop.shop, &(struct kaspa_shop_behaviour){
                                     .edit = raise_price, .arg = "7", .edits_later = true});
    expect_price(NULL, "30000000");
    expect_price("x", "7");
}

static const struct {
    const char *name;
    struct kaspa_shop_answer answer;
    enum http_outcome outcome;
    int status;
} endings[] = {
    {"cut", {.end = KASPA_SHOP_CUTS}, HTTP_CLOSED, 0},
    {"half",
     {.status = 200, .body = {(const uint8_t *)"0123456789", 10}, .end = KASPA_SHOP_HALVES},
     HTTP_CLOSED,
     200},
    {"held", {.end = KASPA_SHOP_HOLDS}, HTTP_TIMEOUT, 0},
};

Test(kaspa_shop, ends_answers_as_it_is_told)
{
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        const struct http_exchange *x;

        kaspa_shop_behave(shop.shop, &(struct kaspa_shop_behaviour){.unpaid = {endings[i].answer},
                                                                    .unpaid_count = 1});
        x = ask_within(kaspa_shop_origin(shop.shop), NULL,
                       endings[i].outcome == HTTP_TIMEOUT ? 50 : DEADLINE_MS);
        cr_expect_eq(x->outcome, endings[i].outcome, "%s: %s", endings[i].name,
                     http_outcome_text(x->outcome));
        cr_expect_eq(last_call().status, endings[i].status, "%s", endings[i].name);
    }
}

Test(kaspa_shop, pads_an_answer_and_says_how_much_was_taken)
{
    enum { LARGE = 3 << 20 };

    kaspa_shop_behave(shop.shop,
                      &(struct kaspa_shop_behaviour){.unpaid = {{.status = 200, .padding = LARGE}},
                                                     .unpaid_count = 1});
    cr_expect_eq(ask(NULL)->response.body_bytes, LARGE);
    cr_expect_eq(last_call().taken, LARGE);
}

Test(kaspa_shop, has_another_origin)
{
    const struct http_exchange *x = ask_within(kaspa_shop_elsewhere(shop.shop), NULL, DEADLINE_MS);

    cr_expect_eq(x->response.status, 402);
    cr_expect(last_call().is_elsewhere);
    cr_expect(kaspa_shop_await(shop.shop, 1, 0));
    cr_expect_not(kaspa_shop_await(shop.shop, 2, 0));
}

Test(kaspa_shop, is_paid_at_an_address)
{
    const struct kaspa_shop_options options = {
        .chain = shop.w.chain, .lock = shop.w.lock, .pay_to = "kaspatest:nobody"};
    struct kaspa_shop *other = NULL;
    struct assay_err err = {0};

    cr_expect_eq(kaspa_shop_start(&other, &options, &err), ASSAY_E_MALFORMED);
    cr_expect_not_null(strstr(err.text, "kaspatest:nobody"), "%s", err.text);
}
