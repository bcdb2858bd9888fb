/* Payments that a facilitator verifies and settles, in virtual time: what it may say at each call,
 * and what the payer, the handler and the store see of it (ref/core/kx_facilitated.c). */
#include "ref/tests/kx_sold.h"

#include "base/base64.h"
#include "defects/defects.h"

#include <criterion/criterion.h>

static struct shop s;
static struct sold_list list;

static void open_shop(void)
{
    sold_open(&s, &list);
}
static void close_shop(void)
{
    shop_close(&s);
    ref_defect_all_off();
}
TestSuite(kx_facilitated, .init = open_shop, .fini = close_shop);

static const char *pay(const char *nonce)
{
    return sold_pay(&s, nonce);
}

static struct shop_reply send(const char *payment)
{
    return sold_send(&s, payment);
}

/* ---- offers ---- */

Test(kx_facilitated, offers_what_both_have_and_nothing_else)
{
    cr_expect_eq(sold_offers(&s), 1);
    list.kinds[1] = sold_kind("exact", "eip155:1");
    list.kinds[2] = sold_kind("upto", SOLD_NETWORK);
    list.kinds[3] = sold_kind("exact", "solana:devnet");
    list.supported.kind_count = 3;
    cr_expect_eq(sold_offers(&s), 1, "what the facilitator adds is not offered");
    list.supported.kind_count = 4;
    cr_expect_eq(sold_offers(&s), 2);
    list.kinds[0].modes_state = X402_MODES_KNOWN;
    list.kinds[0].modes = X402_MODE_VERIFY;
    cr_expect_eq(sold_offers(&s), 1, "one that cannot settle is not offered");
}

Test(kx_facilitated, offers_nothing_while_the_facilitator_was_not_reached)
{
    const char *payment = pay("1");
    struct shop_reply reply;

    s.supported = NULL;
    reply = shop_send(&s, &(struct shop_ask){0});
    cr_expect_eq(reply.status, 500);
    cr_expect_gt(reply.retry_after_s, 0);
    reply = send(payment);
    cr_expect_eq(reply.status, 500);
    cr_expect_eq(s.verify_calls + s.runs, 0);
}

/* ---- the honest path ---- */

Test(kx_facilitated, verifies_serves_settles_and_answers)
{
    const char *payment = pay("1");
    struct shop_reply reply;

    (void)shop_log(&s);
    reply = send(payment);
    cr_expect_eq(reply.status, 200, "%d %s by %s", reply.status, reply.body, reply.rule);
    cr_expect_eq(s.verify_calls, 1);
    cr_expect_eq(s.settle_calls, 1);
    cr_expect_eq(s.runs, 1);
    cr_assert_not_null(reply.settlement);
    cr_expect(json_is_true(json_object_get(reply.settlement, "success")));
    cr_expect_str_eq(json_string_value(json_object_get(reply.settlement, "transaction")), "0xabc");
    cr_expect_str_eq(json_string_value(json_object_get(reply.settlement, "network")), SOLD_NETWORK);
    cr_expect(strstr(s.asked, "\"paymentRequirements\":{\"amount\"") != NULL, "%s", s.asked);
}

Test(kx_facilitated, gives_an_identical_retry_the_stored_answer)
{
    const char *payment = pay("1");
    const struct shop_reply first = send(payment), again = send(payment);

    cr_expect_eq(again.status, 200);
    cr_expect_str_eq(again.body, first.body);
    cr_expect_eq(s.verify_calls + s.settle_calls + s.runs, 3);
}

#define SIGNATURE "\"signature\":\"0x"

Test(kx_facilitated, takes_an_authorization_once_however_it_is_signed)
{
    const char *payment = pay("1");
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16), header = ASSAY_BUF_INIT(1 << 16);
    char *signature;
    struct shop_reply reply;

    cr_assert_eq(send(payment).status, 200);
    cr_assert_eq(assay_base64_decode(&text, ASSAY_BASE64_STD, assay_str(payment), NULL), ASSAY_OK);
    signature = strstr(assay_buf_cstr(&text), SIGNATURE);
    cr_assert_not_null(signature);
    signature[strlen(SIGNATURE)] = '2';
    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_buf_view(&text));
    reply = send(assay_buf_cstr(&header));
    cr_expect_eq(reply.status, 409, "%d %s", reply.status, reply.body);
    cr_expect_eq(s.runs, 1);
    assay_buf_fini(&text);
    assay_buf_fini(&header);
}

Test(kx_facilitated, is_bound_to_the_request_that_it_has_bought)
{
    const char *payment = pay("1");
    struct shop_reply reply;

    cr_assert_eq(send(payment).status, 200);
    reply = shop_send(&s, &(struct shop_ask){.target = "/report?other=1", .payment = payment});
    cr_expect_eq(reply.status, 409);
    cr_expect_eq(s.runs, 1);
}

Test(kx_facilitated, may_name_the_resource_and_no_other)
{
    static const struct {
        const char *name, *url;
        int status;
    } rows[] = {
        {"another path", SHOP_URL "/other", 402},
        {"another query", SHOP_URL "/report?other=1", 402},
        {"another host", "http://elsewhere.test/report", 402},
        {"none", NULL, 402},
        {"the offered one", SHOP_URL "/report", 200},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *payment = sold_payment_for(&s, &(struct shop_ask){0}, "1");
        struct shop_reply reply;

        (void)json_object_set_new(payment, "resource",
                                  rows[i].url != NULL ? json_pack("{s:s}", "url", rows[i].url)
                                                      : json_object());
        reply = send(sold_header(&s, payment));
        cr_expect_eq(reply.status, rows[i].status, "row: %s: %d", rows[i].name, reply.status);
        cr_expect_eq(s.verify_calls, rows[i].status == 200, "row: %s", rows[i].name);
    }
}

Test(kx_facilitated, asks_for_an_identifier_where_it_is_told_to)
{
    json_t *payment;

    s.core.asks_identifier = true;
    cr_expect_eq(send(pay("1")).status, 400);
    cr_expect_eq(s.verify_calls, 0);
    payment = sold_payment_for(&s, &(struct shop_ask){0}, "1");
    sold_identify(&s, payment, "an_identifier_of_the_payer");
    cr_expect_eq(send(sold_header(&s, payment)).status, 200);
}

/* ---- what a facilitator may say ---- */

Test(kx_facilitated, serves_nothing_that_is_not_verified)
{
    static const struct {
        enum kx_word said;
        int status;
        const char *error;
    } rows[] = {
        {KX_WORD_NO, 402, "insufficient_funds"},
        {KX_WORD_PENDING, 502, "facilitator_error"},
        {KX_WORD_NONE, 502, "facilitator_error"},
        {KX_WORD_LOST, 500, "facilitator_unavailable"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *payment = pay("1");
        struct shop_reply reply;

        s.verified = sold_word(rows[i].said);
        reply = send(payment);
        cr_expect_eq(reply.status, rows[i].status, "row %zu: %d", i, reply.status);
        cr_expect_str_eq(reply.error, rows[i].error, "row %zu", i);
        cr_expect_eq(s.runs + s.settle_calls, 0, "row %zu", i);
        s.verified = sold_word(KX_WORD_YES);
    }
    cr_expect_eq(send(pay("1")).status, 200, "nothing of them was claimed");
}

Test(kx_facilitated, withholds_what_was_not_settled)
{
    const char *payment = pay("1");
    struct shop_reply reply;

    s.settled[0] = sold_word(KX_WORD_NO);
    reply = send(payment);
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.error, "insufficient_funds");
    cr_assert_not_null(reply.settlement);
    cr_expect(json_is_false(json_object_get(reply.settlement, "success")));
    cr_expect_eq(s.runs, 1);
    cr_expect(strstr(reply.body, "<p>sun") == NULL, "%s", reply.body);
    s.settle_calls = 0;
    s.settled[0] = sold_word(KX_WORD_YES);
    cr_expect_eq(send(payment).status, 200, "the payment is the payer's again");
}

Test(kx_facilitated, waits_where_nobody_knows_whether_it_was_settled)
{
    static const enum kx_word lost[] = {KX_WORD_NONE, KX_WORD_LOST};

    for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
        char nonce[] = {(char)('1' + i), '\0'};
        const char *payment = pay(nonce);
        unsigned runs = s.runs;
        struct shop_reply reply;

        s.settle_calls = 0;
        s.settled[0] = sold_word(lost[i]);
        s.settled[1] = sold_word(KX_WORD_NO);
        reply = send(payment);
        cr_expect_eq(reply.status, 503, "row %zu: %d", i, reply.status);
        cr_expect_gt(reply.retry_after_s, 0);
        reply = send(payment);
        cr_expect_eq(reply.status, 503, "row %zu: a no proves nothing any more", i);
        s.settled[1] = sold_word(KX_WORD_YES);
        reply = send(payment);
        cr_expect_eq(reply.status, 200, "row %zu: %d %s", i, reply.status, reply.body);
        cr_expect_eq(s.runs, runs + 1, "row %zu", i);
    }
}

/* The same payment, with its members in another order and with spaces. */
static const char *spelled(const char *payment)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16), header = ASSAY_BUF_INIT(1 << 16);
    struct assay_bytes kept;
    json_t *json;
    char *other;

    cr_assert_eq(assay_base64_decode(&text, ASSAY_BASE64_STD, assay_str(payment), NULL), ASSAY_OK);
    json = json_loads(assay_buf_cstr(&text), 0, NULL);
    other = json_dumps(json, JSON_INDENT(2));
    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_str(other));
    assay_buf_add_byte(&header, 0);
    kept = assay_arena_copy(&s.arena, assay_buf_view(&header));
    free(other);
    json_decref(json);
    assay_buf_fini(&text);
    assay_buf_fini(&header);
    return (const char *)kept.at;
}

Test(kx_facilitated, asks_again_with_the_bytes_of_the_first_time)
{
    const char *payment = pay("1"), *first;

    s.settled[0] = sold_word(KX_WORD_LOST);
    cr_assert_eq(send(payment).status, 503);
    first = s.asked;
    cr_assert_eq(send(spelled(payment)).status, 200);
    cr_expect_eq(s.settle_calls, 2);
    cr_expect_str_eq(s.asked, first);
}

Test(kx_facilitated, takes_no_settlement_for_another_payer_than_was_verified)
{
    const char *payment = pay("1");

    s.settled[0] = sold_word(KX_WORD_LOST);
    s.settled[1].payer = ASSAY_LIT("0xsomebody");
    cr_expect_eq(send(payment).status, 503);
    cr_expect_eq(send(payment).status, 503);
    s.settled[1].payer = ASSAY_LIT("");
    cr_expect_eq(send(payment).status, 200, "who does not say is not asked");
}

Test(kx_facilitated, asks_once_more_for_a_settlement_that_is_pending)
{
    const char *payment = pay("1");

    s.settled[0] = sold_word(KX_WORD_PENDING);
    cr_expect_eq(send(payment).status, 200);
    cr_expect_eq(s.settle_calls, 2);
}

Test(kx_facilitated, leaves_a_settlement_that_stays_pending_to_a_retry)
{
    const char *payment = pay("1");

    s.settled[0] = s.settled[1] = sold_word(KX_WORD_PENDING);
    cr_expect_eq(send(payment).status, 503);
    cr_expect_eq(s.settle_calls, 2);
    s.settled[1] = sold_word(KX_WORD_YES);
    cr_expect_eq(send(payment).status, 200);
    cr_expect_eq(s.runs, 1);
}

/* ---- the handler ---- */

Test(kx_facilitated, settles_nothing_for_an_answer_that_is_none)
{
    static const int statuses[] = {400, 404, 500};

    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        const char *payment = pay("1");
        struct shop_reply reply;

        s.result.status = statuses[i];
        reply = send(payment);
        cr_expect_eq(reply.status, statuses[i]);
        cr_expect_null(reply.settlement);
        cr_expect_eq(s.settle_calls, 0);
    }
    s.result.status = 200;
    cr_expect_eq(send(pay("1")).status, 200, "the payment is the payer's still");
}

Test(kx_facilitated, settles_nothing_where_the_handler_cannot_be_reached)
{
    const char *payment = pay("1");

    s.handler_code = ASSAY_E_TIMEOUT;
    cr_expect_eq(send(payment).status, 502);
    cr_expect_eq(s.settle_calls, 0);
    s.handler_code = ASSAY_OK;
    cr_expect_eq(send(payment).status, 200);
}

/* ---- crashes, and copies ---- */

/* Dropped at every action: what an identical retry gets is then no loss, and no second run of what
 * has answered. */
Test(kx_facilitated, survives_a_crash_at_every_step)
{
    for (int at = 0; at < 20; at++) {
        struct shop_errand *e;
        struct shop_reply reply;
        const char *payment;
        bool is_over = false;

        close_shop();
        open_shop();
        payment = pay("1");
        e = shop_begin(&s, &(struct shop_ask){.payment = payment});
        for (int i = 0; i < at && !is_over; i++)
            is_over = !shop_step(e);
        shop_drop(e);
        reply = send(payment);
        cr_expect(reply.status == 200 || (reply.status == 503 && s.runs <= 1), "at %d: %d %s", at,
                  reply.status, reply.body);
        cr_expect_leq(s.runs, 1, "at %d", at);
        cr_expect(reply.status != 200 || s.settle_calls >= 1, "at %d", at);
    }
}

Test(kx_facilitated, runs_the_handler_once_for_all_copies)
{
    const char *payment = pay("1");
    struct shop_errand *copies[4];
    unsigned served = 0;
    bool any = true;

    for (size_t i = 0; i < ARRAY_LEN(copies); i++)
        copies[i] = shop_begin(&s, &(struct shop_ask){.payment = payment});
    for (int step = 0; any && step < 60; step++) {
        any = false;
        for (size_t i = 0; i < ARRAY_LEN(copies); i++)
            any = shop_step(copies[i]) || any;
    }
    for (size_t i = 0; i < ARRAY_LEN(copies); i++)
        served += shop_end(copies[i]).status == 200;
    cr_expect_geq(served, 1);
    cr_expect_eq(s.runs, 1);
    cr_expect_eq(s.settle_calls, 1);
}

/* ---- tools ---- */

static const struct kx_tool_call quote = {
    .audience = {(const uint8_t *)SHOP_URL, sizeof(SHOP_URL) - 1},
    .name = {(const uint8_t *)"quote", 5},
    .arguments = {(const uint8_t *)"{}", 2}};

/* A call with a payment that names this resource; NULL: none. */
static struct shop_reply call_tool(const char *resource)
{
    struct shop_ask ask = {.method = KX_CALL, .target = KX_TOOL "quote", .tool = &quote};
    const struct shop_reply reply = shop_send(&s, &ask);
    json_t *payment = sold_payment_by(reply.offer, "1");
    char *text;

    if (resource != NULL)
        (void)json_object_set_new(payment, "resource", json_pack("{s:s}", "url", resource));
    text = json_dumps(payment, JSON_COMPACT);
    ask.payment = (const char *)assay_arena_copy(&s.arena, assay_str(text)).at;
    free(text);
    json_decref(payment);
    return shop_send(&s, &ask);
}

Test(kx_facilitated, sells_tools)
{
    const struct shop_reply reply = call_tool("mcp://tool/quote");

    cr_expect_eq(reply.status, 200, "%d %s by %s", reply.status, reply.body, reply.rule);
    cr_expect_eq(s.settle_calls, 1);
    cr_expect_eq(call_tool("mcp://tool/quote").status, 200, "again");
    cr_expect_eq(s.runs, 1);
}

Test(kx_facilitated, a_payment_that_names_another_tool_buys_this_one_with_its_defect_alone)
{
    cr_expect_eq(call_tool("mcp://tool/forecast").status, 402);
    cr_expect_eq(s.verify_calls + s.runs, 0);
    cr_assert_eq(ref_defect_switch_on(ASSAY_LIT("mcp.tool_unbound"), NULL), ASSAY_OK);
    cr_expect_eq(call_tool("mcp://tool/forecast").status, 200);
}

Test(kx_facilitated, a_tool_whose_settlement_says_no_is_served_with_its_defect_alone)
{
    struct shop_reply reply;

    s.settled[0] = sold_word(KX_WORD_NO);
    reply = call_tool(NULL);
    cr_expect_eq(reply.status, 402);
    cr_assert_not_null(reply.settlement);
    cr_expect(json_is_false(json_object_get(reply.settlement, "success")));
    cr_expect_eq(s.runs, 1);
    cr_assert_eq(ref_defect_switch_on(ASSAY_LIT("mcp.settle_failure_served"), NULL), ASSAY_OK);
    s.settle_calls = 0;
    cr_expect_eq(call_tool(NULL).status, 200);
}

/* The facilitator settles for one of them, and refuses the other for that; whose answer comes
 * first, or who asked first, tells nothing. */
Test(kx_facilitated, is_not_given_up_by_a_copy_that_is_refused)
{
    for (unsigned first = 0; first < 2; first++) {
        const struct shop_ask ask = {.payment = pay(first == 0 ? "1" : "2")};
        struct shop_errand *copies[2];
        struct shop_reply reply;

        s.settle_calls = 0;
        s.settled[0] = sold_word(KX_WORD_NO);
        copies[0] = sold_begin(&s, &ask);
        copies[1] = sold_begin(&s, &ask);
        reply = sold_finish(copies[first]);
        cr_expect_eq(reply.status, 503, "%u: %d %s", first, reply.status, reply.body);
        cr_expect_null(reply.settlement);
        cr_expect_eq(sold_finish(copies[1 - first]).status, 200, "%u", first);
        cr_expect_eq(send(ask.payment).status, 200, "%u", first);
        cr_expect_eq(s.runs, first + 1);
    }
}
