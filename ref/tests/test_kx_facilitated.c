/* Payments that a facilitator verifies and settles, in virtual time: what it may say at each call,
 * and what the payer, the handler and the store see of it (ref/core/kx_facilitated.c). */
#include "ref/tests/kx_shop.h"

#include "base/base64.h"

#include <criterion/criterion.h>
#include <jansson.h>

#define NETWORK "eip155:84532"
#define ASSET "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
#define PAYEE "0x209693Bc6afc0C5328bA36FaF03C514EF312287C"
#define EXTRA "{\"name\":\"USDC\",\"version\":\"2\"}"

static const struct kx_facilitated_kind kinds[] = {
    {"exact", NETWORK, ASSET, PAYEE, EXTRA},
    {"exact", "solana:devnet", "mint", "payee", NULL},
};
static const struct kx_facilitated_core facilitated = {kinds, 2};

/* What the facilitator lists. */
static struct x402_kind listed[] = {
    {.extra = ASSAY_JSON_NONE,
     .version = 2,
     .scheme = {(const uint8_t *)"exact", 5},
     .network = {(const uint8_t *)NETWORK, sizeof(NETWORK) - 1},
     .modes = X402_MODE_VERIFY | X402_MODE_SETTLE},
};
static struct x402_supported supported;

static struct shop s;

static struct kx_facilitator_word word(enum kx_word said)
{
    return (struct kx_facilitator_word){
        .word = said,
        .may_have_moved = said != KX_WORD_NO,
        .reason = said == KX_WORD_NO ? "insufficient_funds" : NULL,
        .transaction = said == KX_WORD_YES ? ASSAY_LIT("0xabc") : ASSAY_LIT(""),
        .payer = said == KX_WORD_YES ? ASSAY_LIT("0xpayer") : ASSAY_LIT(""),
    };
}

static void open_shop(void)
{
    shop_open(&s);
    supported = (struct x402_supported){.kinds = listed, .kind_count = 1};
    s.core.pay_to[0] = '\0';
    s.core.facilitated = &facilitated;
    s.supported = &supported;
    s.verified = s.settled[0] = s.settled[1] = word(KX_WORD_YES);
}
static void close_shop(void)
{
    shop_close(&s);
}
TestSuite(kx_facilitated, .init = open_shop, .fini = close_shop);

static struct shop_reply challenge(void)
{
    const struct shop_reply reply = shop_send(&s, &(struct shop_ask){0});

    cr_assert_eq(reply.status, 402, "%d %s", reply.status, reply.body);
    return reply;
}

/* The value of PAYMENT-SIGNATURE: the first offer, with an authorization of this nonce. */
static const char *pay(const char *nonce)
{
    const struct shop_reply reply = challenge();
    json_t *payment =
        json_pack("{s:i, s:O, s:{s:s, s:{s:s, s:s}}}", "x402Version", 2, "accepted",
                  json_array_get(json_object_get(reply.offer, "accepts"), 0), "payload",
                  "signature", "0x01", "authorization", "from", "0xpayer", "nonce", nonce);
    char *text = json_dumps(payment, JSON_COMPACT);
    struct assay_buf header = ASSAY_BUF_INIT(1 << 16);
    struct assay_bytes kept;

    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_str(text));
    assay_buf_add_byte(&header, 0);
    kept = assay_arena_copy(&s.arena, assay_buf_view(&header));
    assay_buf_fini(&header);
    free(text);
    json_decref(payment);
    return (const char *)kept.at;
}

static struct shop_reply send(const char *payment)
{
    return shop_send(&s, &(struct shop_ask){.payment = payment});
}

/* ---- offers ---- */

static size_t offers(void)
{
    return json_array_size(json_object_get(challenge().offer, "accepts"));
}

Test(kx_facilitated, offers_what_both_have_and_nothing_else)
{
    static struct x402_kind more[4];

    cr_expect_eq(offers(), 1);
    more[0] = listed[0];
    more[1] = more[2] = more[3] = listed[0];
    more[1].network = ASSAY_LIT("eip155:1");
    more[2].scheme = ASSAY_LIT("upto");
    more[3].network = ASSAY_LIT("solana:devnet");
    supported = (struct x402_supported){.kinds = more, .kind_count = 3};
    cr_expect_eq(offers(), 1, "what the facilitator adds is not offered");
    supported.kind_count = 4;
    cr_expect_eq(offers(), 2);
    more[0].modes_state = X402_MODES_KNOWN;
    more[0].modes = X402_MODE_VERIFY;
    cr_expect_eq(offers(), 1, "one that cannot settle is not offered");
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
    cr_expect_str_eq(json_string_value(json_object_get(reply.settlement, "network")), NETWORK);
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

Test(kx_facilitated, takes_an_authorization_once_however_it_is_signed)
{
    const char *payment = pay("1");
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16), header = ASSAY_BUF_INIT(1 << 16);
    char *signature;
    struct shop_reply reply;

    cr_assert_eq(send(payment).status, 200);
    cr_assert_eq(assay_base64_decode(&text, ASSAY_BASE64_STD, assay_str(payment), NULL), ASSAY_OK);
    signature = strstr(assay_buf_cstr(&text), "0x01");
    cr_assert_not_null(signature);
    signature[3] = '2';
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

        s.verified = word(rows[i].said);
        reply = send(payment);
        cr_expect_eq(reply.status, rows[i].status, "row %zu: %d", i, reply.status);
        cr_expect_str_eq(reply.error, rows[i].error, "row %zu", i);
        cr_expect_eq(s.runs + s.settle_calls, 0, "row %zu", i);
        s.verified = word(KX_WORD_YES);
    }
    cr_expect_eq(send(pay("1")).status, 200, "nothing of them was claimed");
}

Test(kx_facilitated, withholds_what_was_not_settled)
{
    const char *payment = pay("1");
    struct shop_reply reply;

    s.settled[0] = word(KX_WORD_NO);
    reply = send(payment);
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.error, "insufficient_funds");
    cr_assert_not_null(reply.settlement);
    cr_expect(json_is_false(json_object_get(reply.settlement, "success")));
    cr_expect_eq(s.runs, 1);
    cr_expect(strstr(reply.body, "ran") == NULL, "%s", reply.body);
    s.settle_calls = 0;
    s.settled[0] = word(KX_WORD_YES);
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
        s.settled[0] = word(lost[i]);
        s.settled[1] = word(KX_WORD_NO);
        reply = send(payment);
        cr_expect_eq(reply.status, 503, "row %zu: %d", i, reply.status);
        cr_expect_gt(reply.retry_after_s, 0);
        reply = send(payment);
        cr_expect_eq(reply.status, 503, "row %zu: a no proves nothing any more", i);
        s.settled[1] = word(KX_WORD_YES);
        reply = send(payment);
        cr_expect_eq(reply.status, 200, "row %zu: %d %s", i, reply.status, reply.body);
        cr_expect_eq(s.runs, runs + 1, "row %zu", i);
    }
}

Test(kx_facilitated, asks_once_more_for_a_settlement_that_is_pending)
{
    const char *payment = pay("1");

    s.settled[0] = word(KX_WORD_PENDING);
    cr_expect_eq(send(payment).status, 200);
    cr_expect_eq(s.settle_calls, 2);
}

Test(kx_facilitated, leaves_a_settlement_that_stays_pending_to_a_retry)
{
    const char *payment = pay("1");

    s.settled[0] = s.settled[1] = word(KX_WORD_PENDING);
    cr_expect_eq(send(payment).status, 503);
    cr_expect_eq(s.settle_calls, 2);
    s.settled[1] = word(KX_WORD_YES);
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
