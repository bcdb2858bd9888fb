/* The decision core of a Kaspa x402 server at the edges of its contract: answers to what it did not
 * ask for, a store that has lost what it held, attempts that cannot be read, answers of handlers at
 * their limits, and routes of which several match (ref/core). */
#include "base/hex.h"
#include "ref/tests/kx_batch_shop.h"
#include "ref/tests/kx_sold.h"

static struct shop shop;
static struct sold_list list;

static void open_shop(void)
{
    shop_open(&shop);
}

static void close_shop(void)
{
    shop_close(&shop);
}

TestSuite(kx_core_edges, .init = open_shop, .fini = close_shop);

/* ---- answers to what was not asked for ---- */

static struct kx_action tell_admitted(struct kx_core_request *r)
{
    return kx_core_admitted(r, 0, shop.now_ms);
}

static struct kx_action tell_store(struct kx_core_request *r)
{
    return kx_core_store(r, ASSAY_OK, &(struct kx_store_answer){.done = true}, shop.now_ms);
}

static struct kx_action tell_sight(struct kx_core_request *r)
{
    return kx_core_sight(r, ASSAY_OK, &(struct kx_sight){.utxos = NULL}, shop.now_ms);
}

static struct kx_action tell_submitted(struct kx_core_request *r)
{
    return kx_core_submitted(r, ASSAY_OK, true, shop.now_ms);
}

static struct kx_action tell_result(struct kx_core_request *r)
{
    return kx_core_result(r, ASSAY_OK, true, &shop.result, shop.now_ms);
}

static struct kx_action tell_settled(struct kx_core_request *r)
{
    const struct kx_facilitator_word word = sold_word(KX_WORD_YES);

    return kx_core_facilitated(r, &word, shop.now_ms);
}

/* kx_core.h: an answer to what was not asked for is a program's error, and delivers nothing. */
Test(kx_core_edges, nothing_is_delivered_for_what_was_not_asked)
{
    static const struct {
        const char *name;
        struct kx_action (*tell)(struct kx_core_request *r);
    } rows[] = {
        {"an admission", tell_admitted},
        {"the store's word", tell_store},
        {"a look", tell_sight},
        {"a submission", tell_submitted},
        {"a handler's answer", tell_result},
        {"a settlement", tell_settled},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_errand *e = shop_begin(&shop, &(struct shop_ask){.target = "/report"});

        cr_assert_eq(e->action.kind, KX_DO_RESPOND, "row: %s", rows[i].name);
        e->action = rows[i].tell(e->core);
        cr_expect_eq(e->action.kind, KX_DO_RESPOND, "row: %s", rows[i].name);
        cr_expect_eq(e->action.response.status, 503, "row: %s: %d", rows[i].name,
                     e->action.response.status);
        shop_drop(e);
    }
}

/* ---- answers of handlers at their limits ---- */

static char many[KX_STORE_RESULT_MAX_BYTES + 1];

static void answer_with(size_t body, size_t name, size_t value)
{
    memset(many, 'a', sizeof(many));
    shop.result = (struct kx_result){.status = 200, .body = assay_bytes_of(many, body)};
    shop.result.headers[0] =
        (struct kx_field){assay_bytes_of(many, name), assay_bytes_of(many, value)};
    shop.result.header_count = name > 0;
}

/* kx_store.h: header fields and body are KX_STORE_RESULT_MAX_BYTES together, whatever is paid. */
Test(kx_core_edges, an_answer_is_whole_or_none)
{
    enum { MOST = KX_STORE_RESULT_MAX_BYTES };
    static const struct {
        const char *name;
        size_t body, header, value;
        int status;
    } rows[] = {
        {"the longest body", MOST, 0, 0, 200},      {"a longer one", MOST + 1, 0, 0, 502},
        {"the longest field", MOST - 8, 4, 4, 200}, {"a longer name", MOST - 3, 4, 0, 502},
        {"a longer value", MOST - 8, 4, 5, 502},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply;

        answer_with(rows[i].body, rows[i].header, rows[i].value);
        reply = shop_send(&shop, &(struct shop_ask){.target = "/free"});
        cr_expect_eq(reply.status, rows[i].status, "row: %s: %d", rows[i].name, reply.status);
        if (rows[i].status == 200)
            cr_expect_eq(reply.body_len, rows[i].body, "row: %s", rows[i].name);
        else
            cr_expect_lt(reply.body_len, 1000, "row: %s: nothing of it is passed on", rows[i].name);
    }
}

/* A payment of which the answer cannot be kept is none of a handler's: the payer keeps his money.
 */
Test(kx_core_edges, what_is_no_answer_is_not_settled)
{
    static const struct {
        const char *name;
        int status;
        size_t body;
        enum assay_code code;
        int told;
    } rows[] = {
        {"an interim answer", 100, 1, ASSAY_OK, 100},
        {"a failure", 500, 1, ASSAY_OK, 500},
        {"too long a body", 200, sizeof(many), ASSAY_OK, 502},
        {"none", 200, 1, ASSAY_E_CLOSED, 502},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop s;
        struct shop_reply reply;
        const char *payment;

        sold_open(&s, &list);
        payment = sold_pay(&s, "1");
        answer_with(rows[i].body, 0, 0);
        s.result = shop.result;
        s.result.status = rows[i].status;
        s.handler_code = rows[i].code;
        reply = sold_send(&s, payment);
        cr_expect_eq(reply.status, rows[i].told, "row: %s: %d", rows[i].name, reply.status);
        cr_expect_null(reply.settlement, "row: %s", rows[i].name);
        cr_expect_eq(s.settle_calls, 0, "row: %s", rows[i].name);
        shop_close(&s);
    }
}

/* An answer that the store does not keep is not settled, and is not given for nothing either. */
Test(kx_core_edges, what_is_not_kept_is_not_given_away)
{
    struct shop s;
    struct shop_reply reply;
    const char *payment;

    sold_open(&s, &list);
    payment = sold_pay(&s, "1");
    s.break_at = KX_ASK_RESULT;
    s.break_code = ASSAY_E_IO;
    reply = sold_send(&s, payment);
    cr_expect_eq(reply.status, 502, "%d %s", reply.status, reply.body);
    cr_expect_eq(s.settle_calls, 0);
    s.break_at = -1;
    reply = sold_send(&s, payment);
    cr_expect_eq(reply.status, 200, "the payment is the payer's still: %d %s", reply.status,
                 reply.body);
    cr_expect_eq(s.settle_calls, 1);
    shop_close(&s);
}

/* ---- a store that has lost, or refuses, what it was asked for ---- */

static const char *paid;

static void pay(void)
{
    paid = shop_pay(&shop, &(struct shop_ask){.target = "/report"});
}

static void pay_and_wait(void)
{
    pay();
    shop.accepts = false;
    cr_assert_eq(shop_send(&shop, &(struct shop_ask){.payment = paid}).status, 503);
    shop.accepts = true;
}

static void pay_and_get(void)
{
    pay();
    cr_assert_eq(shop_send(&shop, &(struct shop_ask){.payment = paid}).status, 200);
}

/* Its coins go to somebody else, for good. */
static void pay_and_lose(void)
{
    pay_and_wait();
    shop.accepts = false;
    shop_spend_elsewhere(&shop, &shop.txs[0].spends[0], 30);
}

/* What nobody knows is for its payer to wait for; nothing runs, and nothing is submitted twice. */
Test(kx_core_edges, a_store_that_fails_in_the_midst_costs_nobody_his_payment)
{
    static const struct {
        const char *name;
        void (*open)(void);
        enum kx_ask at;
        enum assay_code code;
        int status, then; /* of this request, and of the next */
    } rows[] = {
        {"an attempt is gone that its identifier names", pay_and_wait, KX_ASK_ATTEMPT,
         ASSAY_E_MISSING, 503, 200},
        {"the answer is gone that its attempt tells of", pay_and_get, KX_ASK_PAYMENT,
         ASSAY_E_MISSING, 503, 200},
        {"what can never arrive was given up by a copy", pay_and_lose, KX_ASK_ABANDON,
         ASSAY_E_MISSING, 402, 402},
        {"what can never arrive cannot be given up", pay_and_lose, KX_ASK_ABANDON, ASSAY_E_IO, 503,
         402},
        {"the result is too large", pay, KX_ASK_RESULT, ASSAY_E_TOO_LARGE, 500, 503},
        {"the result is out of range", pay, KX_ASK_RESULT, ASSAY_E_RANGE, 500, 503},
        {"the result is not written", pay, KX_ASK_RESULT, ASSAY_E_IO, 500, 503},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply;

        rows[i].open();
        shop.break_at = (int)rows[i].at;
        shop.break_code = rows[i].code;
        reply = shop_send(&shop, &(struct shop_ask){.payment = paid});
        cr_expect_eq(reply.status, rows[i].status, "row: %s: %d %s by %s", rows[i].name,
                     reply.status, reply.body, reply.rule);
        cr_expect_null(reply.receipt, "row: %s", rows[i].name);
        shop.break_at = -1;
        reply = shop_send(&shop, &(struct shop_ask){.payment = paid});
        cr_expect_eq(reply.status, rows[i].then, "row: %s, then: %d %s", rows[i].name, reply.status,
                     reply.body);
        cr_expect_leq(shop.runs, 1, "row: %s", rows[i].name);
        cr_expect_eq(shop.submissions, 1, "row: %s", rows[i].name);
        shop_close(&shop);
        shop_open(&shop);
    }
}

/* Two requests with one payment meet behind the look at its identifier: the second is told that the
 * identifier is another request's (24.13), and nothing of the first is given to it. */
Test(kx_core_edges, a_payment_that_another_request_has_claimed_meanwhile_is_its_own)
{
    const struct shop_ask other = {.target = "/other", .payment = NULL};
    struct shop_ask ask = other;
    struct shop_reply reply;

    pay_and_wait();
    ask.payment = paid;
    shop.break_at = KX_ASK_IDENTIFIER; /* which it was not known by then */
    shop.break_code = ASSAY_OK;
    reply = shop_send(&shop, &ask);
    shop.break_at = -1;
    cr_expect_eq(reply.status, 409, "%d %s", reply.status, reply.body);
    cr_expect_str_eq(reply.rule, "identifier.conflict");
    cr_expect_eq(shop.runs, 0);
    cr_expect_eq(shop_send(&shop, &(struct shop_ask){.payment = paid}).status, 200);
}

/* ---- attempts that cannot be read ---- */

static struct kx_attempt load_attempt(void)
{
    struct kx_attempt attempt = {.recovery = ASSAY_LIT("")};
    char txid[X402_HASH_TEXT_BYTES];

    cr_assert_gt(shop.tx_count, 0);
    assay_hex_encode(txid, assay_bytes_of(shop.txs[0].txid.at, 32));
    cr_assert_eq(shop.store->ops->load_attempt(shop.store, &attempt, &shop.arena, txid, NULL),
                 ASSAY_OK);
    return attempt;
}

static void spoil_transaction(struct kx_attempt *a)
{
    a->transaction = ASSAY_LIT("{}");
}

static void forget_coins(struct kx_attempt *a)
{
    json_t *tx = json_loadb((const char *)a->transaction.at, a->transaction.len, 0, NULL);
    char *text;

    cr_assert_eq(json_object_del(json_array_get(json_object_get(tx, "inputs"), 0), "utxo"), 0);
    text = json_dumps(tx, JSON_COMPACT);
    a->transaction = assay_arena_copy(&shop.arena, assay_str(text));
    free(text);
    json_decref(tx);
}

static void spoil_recipient(struct kx_attempt *a)
{
    a->pay_to_spk = ASSAY_LIT("");
}

static void spoil_checkpoint(struct kx_attempt *a)
{
    a->since = ASSAY_LIT("51zz");
}

/* kx_core.h: nothing is looked for that was not kept whole, and an operator is told what is not. */
Test(kx_core_edges, a_damaged_attempt_is_not_looked_for)
{
    static const struct {
        void (*spoil)(struct kx_attempt *a);
        const char *says;
    } rows[] = {
        {spoil_transaction, "transaction"},
        {forget_coins, "transaction"},
        {spoil_recipient, "recipient"},
        {spoil_checkpoint, "checkpoint"},
    };

    pay_and_wait();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_attempt attempt = load_attempt();
        struct kx_look look;
        struct assay_err err = {0};

        cr_assert_eq(kx_core_look_for(&look, NULL, &shop.arena, &attempt, &err), ASSAY_OK);
        rows[i].spoil(&attempt);
        cr_expect_eq(kx_core_look_for(&look, NULL, &shop.arena, &attempt, &err), ASSAY_E_MALFORMED,
                     "row %zu: %s", i, err.text);
        cr_expect_not_null(strstr(err.text, rows[i].says), "row %zu: %s", i, err.text);
    }
}

/* kx_core.h: MALFORMED, the attempt's payment cannot be read. */
Test(kx_core_edges, a_damaged_payment_is_not_told_to_be_settled)
{
    static const char *const texts[] = {"{", "{}", "{\"x402Version\":2}"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct kx_attempt attempt = {
            .settles_last = true, .has_result = true, .transaction = assay_str(texts[i])};
        struct kx_core_request *r = kx_core_request_new(&shop.core);
        const struct kx_payment_record *record = NULL;
        struct assay_err err = {0};

        cr_assert_not_null(r);
        cr_expect_neq(kx_core_settled(r, &record, &attempt, ASSAY_LIT("0xabc"), shop.now_ms, &err),
                      ASSAY_OK, "%s", texts[i]);
        cr_expect_null(record, "%s", texts[i]);
        cr_expect_not_null(strstr(err.text, "its payment"), "%s: %s", texts[i], err.text);
        kx_core_request_free(r);
    }
}

/* ---- routes, hosts and callers ---- */

/* kx_core.h: the longest pattern is the route, so that no wildcard frees what is priced by name,
 * in whatever order they stand. */
Test(kx_core_edges, the_closest_route_is_taken_in_any_order)
{
    static const struct kx_route routes[] = {
        {.method = "GET", .path = "/a/*", .price = 0},
        {.method = "GET", .path = "/a/priced", .price = KX_WORLD_AMOUNT},
        {.method = "GET", .path = "/a/price*", .price = 0},
        {.method = "GET", .path = "/*", .price = 0},
    };
    enum { COUNT = ARRAY_LEN(routes) };

    for (size_t first = 0; first < COUNT; first++) {
        for (int step = 1; step < COUNT; step += 2) { /* and backwards */
            struct kx_route turned[COUNT];

            for (size_t i = 0; i < COUNT; i++)
                turned[i] = routes[(first + (size_t)step * i) % COUNT];
            shop.core.routes = turned;
            shop.core.route_count = COUNT;
            cr_expect_eq(shop_send(&shop, &(struct shop_ask){.target = "/a/priced"}).status, 402,
                         "from %zu by %d", first, step);
            cr_expect_eq(shop_send(&shop, &(struct shop_ask){.target = "/a/price2"}).status, 200,
                         "from %zu by %d", first, step);
        }
    }
}

Test(kx_core_edges, a_host_is_an_authority_and_nothing_more)
{
    static const char *const hosts[] = {"", "shop.test:8402/", "shop.test:8402?", "shop.test:8402#",
                                        "shop.test:8402/x"};

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        const struct shop_reply reply =
            shop_send(&shop, &(struct shop_ask){.target = "/free", .host = hosts[i]});

        cr_expect_eq(reply.status, 400, "%s: %d", hosts[i], reply.status);
        cr_expect_str_eq(reply.error, "invalid_resource_url", "%s", hosts[i]);
        cr_expect_eq(shop.runs, 0, "%s", hosts[i]);
    }
}

/* [R]: nobody comes as what a priced route is not for; what is free is for everybody. */
Test(kx_core_edges, a_caller_may_come_to_what_is_free)
{
    cr_expect_eq(
        shop_send(&shop, &(struct shop_ask){.target = "/free", .token = SHOP_TOKEN}).status, 200);
    cr_expect_eq(
        shop_send(&shop, &(struct shop_ask){.target = "/report", .token = SHOP_TOKEN}).status, 400);
    cr_expect_eq(shop.runs, 1);
}

/* ---- batch-settlement ---- */

/* What names no scheme is no payment by channel, and is read as all else is. */
Test(kx_core_edges, a_payment_without_a_scheme_is_none_of_a_channel)
{
    static const char *const texts[] = {"{}", "{\"accepted\":{}}", "{\"accepted\":1}",
                                        "{\"accepted\":{\"scheme\":1}}"};
    static struct batch_shop b;

    batch_shop_open(&b);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *payment = json_loads(texts[i], 0, NULL);
        const struct shop_ask ask = {.target = "/batch", .payment = shop_header(&b.shop, payment)};
        const struct shop_reply reply = shop_send(&b.shop, &ask);

        cr_expect_eq(reply.status, 402, "%s: %d", texts[i], reply.status);
        cr_expect_str_eq(reply.rule, "http.form", "%s", texts[i]);
        json_decref(payment);
    }
    cr_expect_eq(b.shop.runs, 0);
    batch_shop_close(&b);
}

/* The claim policy is told where there is one, each part of it by itself (section 3). */
Test(kx_core_edges, a_claim_policy_is_told_as_far_as_there_is_one)
{
    static struct batch_shop b;

    for (int parts = 0; parts < 4; parts++) {
        const struct shop_ask ask = {.target = "/batch"};
        struct shop_reply reply;
        json_t *policy;

        batch_shop_open(&b);
        b.config.has_claim_above = (parts & 1) != 0;
        b.config.has_claim_after = (parts & 2) != 0;
        b.config.claim_above = 7;
        b.config.claim_after_s = 60;
        reply = shop_send(&b.shop, &ask);
        policy = json_object_get(json_object_get(batch_entry(&reply), "extra"), "claimPolicy");
        cr_expect_eq(json_object_size(policy), (size_t)((parts & 1) + (parts >> 1)), "%d", parts);
        cr_expect_eq(policy != NULL, parts > 0, "%d", parts);
        batch_shop_close(&b);
    }
}

/* ---- requests that were never made ---- */

Test(kx_core_edges, a_request_that_there_is_no_memory_for_is_none)
{
    struct kx_core_request *r;

    (void)assay_alloc_fail_after(0);
    r = kx_core_request_new(&shop.core);
    (void)assay_alloc_fail_after(SIZE_MAX);
    cr_expect_null(r);
    kx_core_request_free(r);
}
