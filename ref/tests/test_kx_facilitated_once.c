/* What a facilitator settles buys once, where it tells of the same transaction again, as idempotent
 * chain reads do: by the name of what was authorised, and by that transaction
 * (ref/core/kx_facilitated_name.c). */
#include "ref/tests/kx_sold.h"

#include <criterion/criterion.h>

static struct shop s;
static struct sold_list list;

static void open_shop(void)
{
    sold_open(&s, &list);
    list.kinds[1] = sold_kind("exact", "solana:devnet");
    list.supported.kind_count = 2;
    s.settles_anew = false;
}
static void close_shop(void)
{
    shop_close(&s);
}
TestSuite(kx_facilitated_once, .init = open_shop, .fini = close_shop);

/* ---- the name of an authorization ---- */

#define NONCE "abcdef"

/* A payment of which one member of its payload is set to a JSON value, or with NULL is gone. */
static const char *bent(const char *object, const char *member, const char *value)
{
    json_t *payment = sold_payment_for(&s, &(struct shop_ask){0}, NONCE);
    json_t *payload = json_object_get(payment, "payload");
    json_t *at = object[0] != '\0' ? json_object_get(payload, object) : payload;

    if (value != NULL)
        (void)json_object_set_new(at, member, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        (void)json_object_del(at, member);
    return sold_header(&s, payment);
}

static struct shop_reply send_bent(const char *object, const char *member, const char *value)
{
    return sold_send(&s, bent(object, member, value));
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000"
#define AUTHORIZED "authorization"

static const struct {
    const char *name, *object, *member, *value;
} spellings[] = {
    {"a nonce in capitals", AUTHORIZED, "nonce", "\"0x" ZEROS "ABCDEF\""},
    {"a payer in capitals", AUTHORIZED, "from", "\"0x857B06519E91E3A54538791BDBB0E22373E36B66\""},
    {"a payee in small letters", AUTHORIZED, "to",
     "\"0x209693bc6afc0c5328ba36faf03c514ef312287c\""},
    {"one more member", AUTHORIZED, "more", "1"},
    {"one more member of the payload", "", "more", "1"},
    {"another value", AUTHORIZED, "value", "\"1\""},
    {"another time", AUTHORIZED, "validBefore", "\"9999999998\""},
};

Test(kx_facilitated_once, an_authorization_is_one_however_it_is_written)
{
    cr_assert_eq(sold_send(&s, sold_pay(&s, NONCE)).status, 200);
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        const struct shop_reply reply =
            send_bent(spellings[i].object, spellings[i].member, spellings[i].value);

        cr_expect_eq(reply.status, 409, "row: %s: %d", spellings[i].name, reply.status);
        cr_expect_eq(s.verify_calls + s.settle_calls + s.runs, 3, "row: %s", spellings[i].name);
    }
    cr_expect_eq(sold_send(&s, sold_pay(&s, NONCE)).status, 200, "an identical retry is served");
    cr_expect_eq(s.runs, 1);
}

Test(kx_facilitated_once, another_payer_or_nonce_is_another_authorization)
{
    s.settles_anew = true;
    cr_expect_eq(sold_send(&s, sold_pay(&s, NONCE)).status, 200);
    cr_expect_eq(sold_send(&s, sold_pay(&s, "abcdee")).status, 200);
    cr_expect_eq(
        send_bent(AUTHORIZED, "from", "\"0x857b06519e91e3a54538791bdbb0e22373e36b67\"").status,
        200);
    cr_expect_eq(s.runs, 3);
}

static const struct {
    const char *name, *object, *member, *value;
} unreadable[] = {
    {"a value with a leading zero", AUTHORIZED, "value", "\"020000000\""},
    {"a value in hex", AUTHORIZED, "value", "\"0x1\""},
    {"a value that is a number", AUTHORIZED, "value", "20000000"},
    {"a time above 2^256", AUTHORIZED, "validBefore",
     "\"115792089237316195423570985008687907853269984665640564039457584007913129639936\""},
    {"no nonce", AUTHORIZED, "nonce", NULL},
    {"a short nonce", AUTHORIZED, "nonce", "\"0x01\""},
    {"a nonce of other digits", AUTHORIZED, "nonce", "\"0x" ZEROS "abcdeg\""},
    {"a payer without 0x", AUTHORIZED, "from", "\"857b06519e91e3a54538791bdbb0e22373e36b66\""},
    {"a payer of another checksum", AUTHORIZED, "from",
     "\"0x857B06519E91e3A54538791bDbb0E22373e36b66\""},
    {"no authorization", "", AUTHORIZED, NULL},
    {"an authorization that is none", "", AUTHORIZED, "[]"},
    {"no signature", "", "signature", NULL},
};

Test(kx_facilitated_once, what_cannot_be_read_strictly_is_refused_before_anything_is_asked)
{
    for (size_t i = 0; i < ARRAY_LEN(unreadable); i++) {
        const struct shop_reply reply =
            send_bent(unreadable[i].object, unreadable[i].member, unreadable[i].value);

        cr_expect_eq(reply.status, 402, "row: %s: %d", unreadable[i].name, reply.status);
        cr_expect_str_eq(reply.error, "invalid_payload", "row: %s", unreadable[i].name);
        cr_expect_eq(s.verify_calls + s.settle_calls + s.runs, 0, "row: %s", unreadable[i].name);
    }
    cr_expect_eq(sold_send(&s, sold_pay(&s, NONCE)).status, 200, "nothing of them was claimed");
}

/* ---- payloads that are not read ---- */

/* A payment by the second offer, whose payload has one more member with that number. */
static json_t *solana_payment(const char *more, int number)
{
    json_t *accepts = json_object_get(sold_challenge(&s).offer, "accepts");
    json_t *payment = json_pack("{s:i, s:O, s:{s:s}}", "x402Version", 2, "accepted",
                                json_array_get(accepts, 1), "payload", "transaction", "AQAB");

    if (more != NULL)
        (void)json_object_set_new(json_object_get(payment, "payload"), more,
                                  json_pack("{s:i}", "nonce", number));
    return payment;
}

static const char *solana(const char *more, int number)
{
    return sold_header(&s, solana_payment(more, number));
}

static size_t unresolved(void)
{
    char txids[4][X402_HASH_TEXT_BYTES];
    size_t count = 0;

    cr_assert_eq(s.store->ops->unresolved(s.store, txids, ARRAY_LEN(txids), &count, NULL),
                 ASSAY_OK);
    return count;
}

Test(kx_facilitated_once, a_transaction_buys_once_whatever_the_payment_is_called)
{
    const char *payment = solana(NULL, 0);

    cr_assert_eq(sold_send(&s, payment).status, 200);
    for (int i = 0; i < 4; i++) {
        const struct shop_reply reply =
            sold_send(&s, solana(i % 2 == 0 ? "authorization" : "more", i));

        cr_expect_eq(reply.status, 409, "%d: %d", i, reply.status);
        cr_expect_null(reply.settlement, "%d", i);
        cr_expect(strstr(reply.body, "<p>sun") == NULL, "%d: %s", i, reply.body);
        cr_expect_eq(unresolved(), 0, "%d: it is given up, and reserves nothing", i);
    }
    cr_expect_eq(sold_send(&s, payment).status, 200, "an identical retry is served");
}

Test(kx_facilitated_once, a_transaction_on_another_network_is_another_one)
{
    cr_expect_eq(sold_send(&s, solana(NULL, 0)).status, 200);
    cr_expect_eq(sold_send(&s, sold_pay(&s, NONCE)).status, 200);
}

Test(kx_facilitated_once, a_transaction_of_an_evm_network_has_no_letter_case)
{
    s.settled[1].transaction = ASSAY_LIT("0xABC");
    cr_expect_eq(sold_send(&s, sold_pay(&s, "1")).status, 200);
    cr_expect_eq(sold_send(&s, sold_pay(&s, "2")).status, 409);
}

Test(kx_facilitated_once, of_two_names_that_are_settled_at_once_one_is_served)
{
    for (unsigned first = 0; first < 2; first++) {
        struct shop_ask asks[2] = {{0}};
        struct shop_errand *errands[2];

        close_shop();
        open_shop();
        asks[0].payment = solana(NULL, 0);
        asks[1].payment = solana("more", 1);
        for (size_t i = 0; i < ARRAY_LEN(asks); i++)
            errands[i] = sold_begin(&s, &asks[i]);
        cr_expect_eq(sold_finish(errands[first]).status, 200, "%u", first);
        cr_expect_eq(sold_finish(errands[1 - first]).status, 409, "%u", first);
        cr_expect_eq(sold_send(&s, asks[first].payment).status, 200, "%u", first);
        cr_expect_eq(sold_send(&s, asks[1 - first].payment).status, 409, "%u", first);
    }
}

/* Dropped at every action: of the retry and the other name that comes behind it, one is served. */
Test(kx_facilitated_once, a_crash_at_every_step_leaves_one_answer_for_both_names)
{
    for (int at = 0; at < 20; at++) {
        const char *payment, *other;
        struct shop_errand *e;
        bool is_over = false;
        int served;

        close_shop();
        open_shop();
        payment = solana(NULL, 0);
        other = solana("more", 1);
        e = shop_begin(&s, &(struct shop_ask){.payment = payment});
        for (int i = 0; i < at && !is_over; i++)
            is_over = !shop_step(e);
        shop_drop(e);
        served = sold_send(&s, payment).status == 200;
        served += sold_send(&s, other).status == 200;
        cr_expect_eq(served, 1, "at %d: %d", at, served);
        cr_expect(sold_send(&s, payment).status == 200 || s.runs <= 2, "at %d", at);
    }
}
