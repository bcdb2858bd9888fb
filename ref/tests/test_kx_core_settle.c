/* The decision core from the claim on: the chain's word, the handler, the store's failures, crashes
 * between any two actions, and retries. Sections are those of the exact digest. */
#include "ref/tests/kx_shop.h"

static struct shop shop;
static struct shop_ask paid;

static void open_shop(void)
{
    shop_open(&shop);
    paid = (struct shop_ask){.target = "/report"};
    paid.payment = shop_pay(&shop, &paid);
}

static void close_shop(void)
{
    shop_close(&shop);
}

TestSuite(kx_core_settle, .init = open_shop, .fini = close_shop);

static void reopen(void)
{
    close_shop();
    open_shop();
}

static struct shop_reply send_paid(void)
{
    return shop_send(&shop, &paid);
}

static void expect_pending(const struct shop_reply *reply, const char *row)
{
    cr_expect_eq(reply->status, 503, "%s: %d %s", row, reply->status, reply->body);
    cr_expect(reply->error != NULL &&
                  strcmp(reply->error, "exact_settlement_recovery_required") == 0,
              "%s: %s", row, reply->body);
    cr_expect_eq(reply->retry_after_s, 1, "%s", row);
    cr_expect(reply->no_store, "%s", row);
    cr_expect_null(reply->offer, "%s", row);
}

static void expect_report(const struct shop_reply *reply, const char *row)
{
    cr_expect_eq(reply->status, 200, "%s: %d %s", row, reply->status, reply->body);
    cr_expect_eq(reply->body_len, 15, "%s", row);
    cr_expect(memcmp(reply->body, "<p>sun\0rain</p>", 15) == 0, "%s", row);
    cr_expect_str_eq(reply->type, "text/html", "%s", row);
    cr_expect(reply->no_store, "%s", row);
    cr_expect(json_is_true(json_object_get(reply->settlement, "success")), "%s", row);
}

static struct kx_attempt load_attempt(void)
{
    char txids[1][X402_HASH_TEXT_BYTES];
    struct kx_attempt attempt = {.status = KX_APPLIED};
    size_t count = 0;

    cr_assert_eq(shop.store->ops->unresolved(shop.store, txids, 1, &count, NULL), ASSAY_OK);
    if (count > 0)
        cr_assert_eq(
            shop.store->ops->load_attempt(shop.store, &attempt, &shop.arena, txids[0], NULL),
            ASSAY_OK);
    return attempt;
}

/* ---- the answer ---- */

Test(kx_core_settle, tells_what_was_settled)
{
    struct shop_reply reply = send_paid();
    json_t *kaspa = json_object_get(json_object_get(reply.settlement, "extensions"), "kaspa");
    char txid[X402_HASH_TEXT_BYTES];

    expect_report(&reply, "first");
    for (int i = 0; i < KASPA_HASH_BYTES; i++)
        (void)snprintf(txid + 2 * i, 3, "%02x", shop.txs[0].txid.at[i]);
    cr_expect_str_eq(json_string_value(json_object_get(reply.settlement, "transaction")), txid);
    cr_expect_str_eq(json_string_value(json_object_get(reply.settlement, "amount")), "20000000");
    cr_expect_str_eq(json_string_value(json_object_get(reply.settlement, "network")),
                     "kaspa:testnet-10");
    cr_expect_str_eq(json_string_value(json_object_get(kaspa, "finality")), "accepted");
    cr_expect_str_eq(json_string_value(json_object_get(kaspa, "exactProfile")), "standard-native");
    cr_expect_eq(reply.header_count, 2, "Set-Cookie and PAYMENT-RESPONSE");
}

Test(kx_core_settle, keeps_the_whole_answer)
{
    struct shop_reply first, again;

    shop.result.status = 404;
    first = send_paid();
    shop.result.status = 200;
    again = send_paid();
    cr_expect_eq(first.status, 404);
    cr_expect_eq(again.status, 404);
    cr_expect_eq(first.body_len, again.body_len);
    cr_expect_str_eq(first.receipt, again.receipt);
    cr_expect_str_eq(first.type, again.type);
    cr_expect_eq(first.header_count, again.header_count);
    cr_expect(again.no_store);
}

Test(kx_core_settle, drops_what_is_of_the_handlers_connection)
{
    const struct kx_field fields[] = {
        {ASSAY_LIT("Cache-Control"), ASSAY_LIT("public, max-age=3600")},
        {ASSAY_LIT("cache-control"), ASSAY_LIT("public")},
        {ASSAY_LIT("Connection"), ASSAY_LIT("close")},
        {ASSAY_LIT("Keep-Alive"), ASSAY_LIT("timeout=5")},
        {ASSAY_LIT("Transfer-Encoding"), ASSAY_LIT("chunked")},
        {ASSAY_LIT("Content-Length"), ASSAY_LIT("3")},
        {ASSAY_LIT("Date"), ASSAY_LIT("x")},
        {ASSAY_LIT("Payment-Response"), ASSAY_LIT("e30=")},
        {ASSAY_LIT("PAYMENT-REQUIRED"), ASSAY_LIT("e30=")},
        {ASSAY_LIT("payment-anything"), ASSAY_LIT("e30=")},
        {ASSAY_LIT("X-Payment-Response"), ASSAY_LIT("e30=")},
        {ASSAY_LIT("X-Kept"), ASSAY_LIT("1")},
    };
    struct shop_reply reply;

    memcpy(shop.result.headers, fields, sizeof(fields));
    shop.result.header_count = ARRAY_LEN(fields);
    reply = send_paid();
    cr_expect_eq(reply.header_count, 2);
    cr_expect(assay_bytes_is(reply.headers[0].name, "X-Kept"));
    cr_expect(assay_bytes_is(reply.headers[1].name, "PAYMENT-RESPONSE"));
    cr_expect_null(reply.type);
}

/* ---- finality (section 14) ---- */

static struct kx_chain_evidence told;

static void tell(enum kx_chain_status status, bool has_confirmations, uint64_t confirmations)
{
    struct kaspa_hash txid = {{0}};

    if (shop.tx_count > 0)
        txid = shop.txs[0].txid;
    told = (struct kx_chain_evidence){.status = status,
                                      .transaction_id = txid,
                                      .has_confirmations = has_confirmations,
                                      .confirmations = confirmations};
    shop.evidence = &told;
}

Test(kx_core_settle, serves_nothing_before_it_is_final)
{
    static const struct {
        const char *name;
        enum kx_finality policy;
        enum kx_chain_status status;
        bool has_confirmations, is_other;
        uint64_t confirmations;
        int first;
    } rows[] = {
        {"accepted", KX_FINALITY_ACCEPTED, KX_CHAIN_ACCEPTED, true, false, 1, 200},
        {"accepted, no depth", KX_FINALITY_ACCEPTED, KX_CHAIN_ACCEPTED, false, false, 0, 200},
        {"mempool", KX_FINALITY_ACCEPTED, KX_CHAIN_MEMPOOL, false, false, 0, 503},
        {"unknown", KX_FINALITY_ACCEPTED, KX_CHAIN_UNKNOWN, false, false, 0, 503},
        {"absent, shallow", KX_FINALITY_ACCEPTED, KX_CHAIN_ABSENT, true, false, 29, 503},
        {"absent, no depth", KX_FINALITY_ACCEPTED, KX_CHAIN_ABSENT, false, false, 0, 503},
        {"of another", KX_FINALITY_ACCEPTED, KX_CHAIN_ACCEPTED, true, true, 1, 503},
        {"absent: of another", KX_FINALITY_ACCEPTED, KX_CHAIN_ABSENT, true, true, 30, 503},
        {"not confirmed", KX_FINALITY_CONFIRMED, KX_CHAIN_ACCEPTED, true, false, 29, 503},
        {"confirmed by nobody", KX_FINALITY_CONFIRMED, KX_CHAIN_ACCEPTED, false, false, 99, 503},
        {"confirmed", KX_FINALITY_CONFIRMED, KX_CHAIN_ACCEPTED, true, false, 30, 200},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply;

        shop.core.policy.finality = rows[i].policy;
        paid.payment = NULL;
        paid.payment = shop_pay(&shop, &paid);
        shop.accepts = false;
        shop.evidence_code = ASSAY_E_IO;
        reply = send_paid();
        expect_pending(&reply, rows[i].name);
        shop.evidence_code = ASSAY_OK;
        tell(rows[i].status, rows[i].has_confirmations, rows[i].confirmations);
        told.transaction_id.at[0] ^= rows[i].is_other ? 1 : 0;
        reply = send_paid();
        cr_expect_eq(reply.status, rows[i].first, "%s: %d", rows[i].name, reply.status);
        if (rows[i].first == 503)
            expect_pending(&reply, rows[i].name);
        cr_expect_eq(shop.runs, rows[i].first == 200 ? 1 : 0, "%s", rows[i].name);
        cr_expect_eq(shop.submissions, 1, "%s", rows[i].name);
        reopen();
    }
}

Test(kx_core_settle, waits_for_confirmations_where_they_are_asked_for)
{
    struct shop_reply reply;

    shop.core.policy.finality = KX_FINALITY_CONFIRMED;
    paid.payment = NULL;
    paid.payment = shop_pay(&shop, &paid);
    shop.confirmations = 29;
    reply = send_paid();
    expect_pending(&reply, "29");
    cr_expect_eq(load_attempt().status, KX_BROADCAST, "no handler may start yet");
    shop.txs[0].confirmations = 30;
    reply = send_paid();
    expect_report(&reply, "30");
}

/* Between two looks and in all no longer than it was told to. */
Test(kx_core_settle, looks_again_until_its_time_is_over)
{
    int64_t before = shop.now_ms;
    struct shop_reply reply;

    shop.accepts = false;
    shop.tells_mempool = true;
    reply = send_paid();
    expect_pending(&reply, "mempool");
    cr_expect_eq(shop.looks, 4);
    cr_expect_eq(shop.now_ms - before, 1000);
    reply = send_paid();
    expect_pending(&reply, "retry");
    cr_expect_eq(shop.looks, 5, "a retry looks once");
    cr_expect_eq(shop.now_ms - before, 1000);
}

/* Whatever becomes of the clock. */
Test(kx_core_settle, looks_no_more_often_than_fits)
{
    struct shop_errand *e = shop_begin(&shop, &paid);
    struct shop_reply reply;
    int steps = 0;

    shop.accepts = false;
    while (shop_step(e)) {
        shop.now_ms -= e->action.kind == KX_DO_LOOK ? 5000 : 0;
        cr_assert_lt(++steps, 100);
    }
    reply = shop_end(e);
    expect_pending(&reply, "clock");
    cr_expect_eq(shop.looks, 5);
}

/* ---- submissions (section 14) ---- */

Test(kx_core_settle, gives_a_claim_up_only_where_the_chain_lets_it)
{
    static const struct {
        const char *name;
        enum assay_code code;
        bool is_unsent, arrives;
        const char *log;
    } rows[] = {
        {"taken", ASSAY_OK, false, true,
         "submit; broadcast; look; accept; begin; run; result; "
         "commit; 200"},
        {"reply lost", ASSAY_E_CLOSED, false, true,
         "submit; look; accept; begin; run; result; commit; 200"},
        {"reply late", ASSAY_E_TIMEOUT, false, true,
         "submit; look; accept; begin; run; result; commit; 200"},
        {"another id", ASSAY_E_MISMATCH, false, true, "submit; 503"},
        {"lost", ASSAY_E_CLOSED, false, false, "submit; look; look; look; look; 503"},
        {"refused", ASSAY_E_DENIED, false, false, "submit; look; 503"},
        {"refused, and there", ASSAY_E_DENIED, false, true,
         "submit; look; accept; begin; run; result; commit; 200"},
        {"never sent", ASSAY_E_IO, true, false, "submit; abandon; 503"},
        {"too busy to send", ASSAY_E_BUSY, true, false, "submit; abandon; 503"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply;
        const char *log;

        shop.submit_code = rows[i].code;
        shop.is_unsent = rows[i].is_unsent;
        shop.takes_silently = rows[i].arrives;
        reply = send_paid();
        log = strstr(shop_log(&shop), "submit");
        cr_expect_str_eq(log, rows[i].log, "%s", rows[i].name);
        if (reply.status != 200)
            expect_pending(&reply, rows[i].name);
        reopen();
    }
}

/* Nothing was ever sent, so that the next retry may begin anew. */
Test(kx_core_settle, sells_later_what_could_not_be_submitted)
{
    struct shop_reply reply;

    shop.submit_code = ASSAY_E_IO;
    shop.is_unsent = true;
    (void)send_paid();
    cr_expect_eq(load_attempt().status, KX_APPLIED, "none is left");
    shop.submit_code = ASSAY_OK;
    shop.is_unsent = false;
    reply = send_paid();
    expect_report(&reply, "later");
    cr_expect_eq(shop.submissions, 1);
}

/* Section 14: absent needs a confirmed spend of its own coins; then identifier and head are free.
 */
Test(kx_core_settle, releases_what_another_spend_has_overtaken)
{
    struct kx_world *w;
    struct shop_reply reply;
    const char *other;

    shop.submit_code = ASSAY_E_DENIED;
    reply = send_paid();
    expect_pending(&reply, "refused");
    shop_spend_elsewhere(&shop, &shop.coins[0], 29);
    reply = send_paid();
    expect_pending(&reply, "not deep enough");
    shop.txs[0].confirmations = 30;
    reply = send_paid();
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.error, "invalid_transaction_state");
    cr_expect_not_null(reply.offer);
    shop.submit_code = ASSAY_OK;
    w = shop_offer(&shop, &(struct shop_ask){.target = "/report"}, 0);
    shop_other_coin(w, 0x42);
    other = shop_seal(&shop, w); /* with the same identifier */
    reply = shop_send(&shop, &(struct shop_ask){.target = "/report", .payment = other});
    expect_report(&reply, "another coin");
    kx_world_free(w);
}

/* ---- time (section 6, step C) ---- */

Test(kx_core_settle, delivers_late_what_was_claimed_in_time)
{
    struct shop_reply reply;

    shop.accepts = false;
    reply = send_paid();
    expect_pending(&reply, "not accepted");
    shop.now_ms += 3600000;
    shop.accepts = true;
    reply = send_paid();
    expect_report(&reply, "late");
    cr_expect_eq(shop.submissions, 1, "nothing is submitted anew");
    cr_expect_eq(shop.runs, 1);
}

Test(kx_core_settle, delivers_what_was_bought_at_another_price)
{
    struct kx_route dear[] = {{.method = "GET", .path = "/report", .price = 5 * KX_WORLD_AMOUNT}};
    struct shop_reply reply;

    shop.accepts = false;
    reply = send_paid();
    expect_pending(&reply, "not accepted");
    shop.accepts = true;
    shop.core.routes = dear;
    shop.core.route_count = 1;
    reply = send_paid();
    expect_report(&reply, "old price");
}

Test(kx_core_settle, keeps_what_was_delivered_through_a_reorganisation)
{
    struct shop_reply reply = send_paid();
    struct kx_world *w;

    expect_report(&reply, "first");
    shop.txs[0].is_accepted = false; /* its coin is there again */
    shop.accepts = false;
    w = shop_offer(&shop, &(struct shop_ask){.target = "/other"}, 0);
    w->identifier = "another_identifier_0001";
    reply =
        shop_send(&shop, &(struct shop_ask){.target = "/other", .payment = shop_seal(&shop, w)});
    cr_expect_eq(reply.status, 409);
    reply = send_paid();
    expect_report(&reply, "again");
    cr_expect_eq(shop.runs, 1);
    kx_world_free(w);
}

/* ---- the handler (section 18) ---- */

static struct kx_field many[KX_STORE_ANSWER_HEADERS_MAX];

static void set_headers(size_t count)
{
    for (size_t i = 0; i < count; i++)
        many[i] = (struct kx_field){ASSAY_LIT("X-Many"), ASSAY_LIT("1")};
    memcpy(shop.result.headers, many, sizeof(many));
    shop.result.header_count = count;
}

static void set_body(size_t len)
{
    char *text = assay_arena_alloc(&shop.arena, len);

    cr_assert_not_null(text);
    shop.result = (struct kx_result){.status = 200, .body = assay_bytes_of(text, len)};
}

Test(kx_core_settle, runs_a_handler_that_failed_no_more)
{
    static const struct {
        const char *name;
        enum assay_code code;
        int status;
        size_t headers, body;
        bool is_delivered;
    } rows[] = {
        {"500", ASSAY_OK, 500, 0, 1, false},
        {"503", ASSAY_OK, 503, 0, 1, false},
        {"100", ASSAY_OK, 100, 0, 1, false},
        {"199", ASSAY_OK, 199, 0, 1, false},
        {"99", ASSAY_OK, 99, 0, 1, false},
        {"600", ASSAY_OK, 600, 0, 1, false},
        {"200", ASSAY_OK, 200, 0, 1, true},
        {"204", ASSAY_OK, 204, 0, 0, true},
        {"302", ASSAY_OK, 302, 0, 0, true},
        {"402", ASSAY_OK, 402, 0, 1, true},
        {"499", ASSAY_OK, 499, 0, 1, true},
        {"timeout", ASSAY_E_TIMEOUT, 0, 0, 0, false},
        {"hung up", ASSAY_E_CLOSED, 0, 0, 0, false},
        {"above the network's limit", ASSAY_E_TOO_LARGE, 0, 0, 0, false},
        {"64 headers", ASSAY_OK, 200, 64, 1, true},
        {"65 headers", ASSAY_OK, 200, 65, 1, false},
        {"256 KiB", ASSAY_OK, 200, 0, KX_STORE_RESULT_MAX_BYTES, true},
        {"256 KiB and a header", ASSAY_OK, 200, 1, KX_STORE_RESULT_MAX_BYTES, false},
        {"256 KiB and a byte", ASSAY_OK, 200, 0, KX_STORE_RESULT_MAX_BYTES + 1, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply;

        set_body(rows[i].body);
        set_headers(rows[i].headers);
        shop.result.status = rows[i].status;
        shop.handler_code = rows[i].code;
        reply = send_paid();
        if (rows[i].is_delivered) {
            cr_expect_eq(reply.status, rows[i].status, "%s: %d", rows[i].name, reply.status);
        } else {
            cr_expect_eq(reply.status, 500, "%s: %d", rows[i].name, reply.status);
            cr_expect_str_eq(reply.error, "exact_settlement_recovery_required");
            cr_expect_null(reply.settlement);
            shop.handler_code = ASSAY_OK;
            reply = send_paid();
            expect_pending(&reply, rows[i].name);
        }
        cr_expect_eq(shop.runs, 1, "%s", rows[i].name);
        reopen();
    }
}

Test(kx_core_settle, runs_later_what_provably_never_ran)
{
    struct shop_reply reply;

    shop.handler_code = ASSAY_E_IO;
    shop.is_unreached = true;
    reply = send_paid();
    expect_pending(&reply, "unreached");
    cr_expect_eq(load_attempt().handler_started_ms, KX_NO_TIME);
    shop.handler_code = ASSAY_OK;
    shop.is_unreached = false;
    shop.now_ms += 60000;
    reply = send_paid();
    expect_report(&reply, "later");
    cr_expect_eq(shop.runs, 1);
}

Test(kx_core_settle, delivers_what_an_operator_supplies)
{
    const struct kx_result known = {
        .status = 201,
        .headers = {{ASSAY_LIT("Content-Type"), ASSAY_LIT("text/plain")},
                    {ASSAY_LIT("PAYMENT-RESPONSE"), ASSAY_LIT("e30=")}},
        .header_count = 2,
        .body = ASSAY_LIT("by hand")};
    struct shop_reply reply;

    shop.result.status = 500;
    (void)send_paid();
    cr_assert_eq(
        shop.store->ops->record_result(shop.store, load_attempt().txid, &known, shop.now_ms, NULL),
        ASSAY_OK);
    for (int i = 0; i < 2; i++) {
        reply = send_paid();
        cr_expect_eq(reply.status, 201);
        cr_expect_str_eq(reply.body, "by hand");
        cr_expect_str_eq(reply.type, "text/plain");
        cr_expect_eq(reply.header_count, 1, "one receipt, and it is ours");
        cr_expect(json_is_true(json_object_get(reply.settlement, "success")));
    }
    cr_expect_eq(shop.runs, 1);
}

/* ---- the store (section 18) ---- */

/* Whatever question fails, nothing is delivered; and where the store works again, what was paid is
 * delivered once, but where the handler's result was lost. */
Test(kx_core_settle, delivers_nothing_when_the_store_fails)
{
    static const struct {
        const char *name;
        enum kx_ask at;
        int status;
        const char *error;
        unsigned submissions, runs;
        int later;
    } rows[] = {
        {"identifier", KX_ASK_IDENTIFIER, 503, "gateway_error", 0, 0, 200},
        {"scope", KX_ASK_SCOPE, 503, "gateway_error", 0, 0, 200},
        {"payment", KX_ASK_PAYMENT, 503, "gateway_error", 0, 0, 200},
        {"attempt", KX_ASK_ATTEMPT, 503, "gateway_error", 0, 0, 200},
        {"claim", KX_ASK_CLAIM, 503, "gateway_error", 0, 0, 200},
        {"broadcast", KX_ASK_BROADCAST, 503, "exact_settlement_recovery_required", 1, 0, 200},
        {"accept", KX_ASK_ACCEPT, 503, "exact_settlement_recovery_required", 1, 0, 200},
        {"begin", KX_ASK_BEGIN, 503, "exact_settlement_recovery_required", 1, 0, 200},
        {"result", KX_ASK_RESULT, 500, "exact_settlement_recovery_required", 1, 1, 503},
        {"commit", KX_ASK_COMMIT, 503, "exact_settlement_recovery_required", 1, 1, 200},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply;

        shop.break_at = (int)rows[i].at;
        shop.break_code = ASSAY_E_IO;
        reply = send_paid();
        cr_expect_eq(reply.status, rows[i].status, "%s: %d", rows[i].name, reply.status);
        cr_expect_str_eq(reply.error, rows[i].error, "%s", rows[i].name);
        cr_expect_null(reply.settlement, "%s", rows[i].name);
        cr_expect_eq(shop.submissions, rows[i].submissions, "%s", rows[i].name);
        cr_expect_eq(shop.runs, rows[i].runs, "%s", rows[i].name);
        shop.break_at = -1;
        reply = send_paid();
        cr_expect_eq(reply.status, rows[i].later, "%s: %d", rows[i].name, reply.status);
        cr_expect_eq(shop.submissions, 1, "%s", rows[i].name);
        cr_expect_eq(shop.runs, 1, "%s", rows[i].name);
        reopen();
    }
}

Test(kx_core_settle, refuses_new_payments_when_the_store_is_full)
{
    struct kx_store_limits limits = KX_STORE_LIMITS_DEFAULT;
    struct shop_reply reply;

    limits.max_per_payer = 0;
    shop.store->ops->close(shop.store);
    cr_assert_eq(kx_store_memory_open(&shop.store, &limits, NULL), ASSAY_OK);
    reply = send_paid();
    expect_pending(&reply, "full");
    cr_expect_str_eq(reply.rule, "store.quota");
    cr_expect_eq(shop.submissions, 0);
}

Test(kx_core_settle, refuses_a_payment_whose_answer_was_forgotten)
{
    struct shop_reply reply = send_paid();

    expect_report(&reply, "first");
    shop.now_ms += 2 * INT64_C(86400000);
    cr_assert_eq(shop.store->ops->sweep(shop.store, shop.now_ms, NULL), ASSAY_OK);
    reply = send_paid();
    cr_expect_eq(reply.status, 409);
    cr_expect_str_eq(reply.error, "replay_record_retained");
    cr_expect_eq(shop.runs, 1);
}

/* ---- crashes ---- */

/* The process dies after n actions, whatever n: the payment is delivered once, or nothing is
 * delivered and an operator is asked for, and it is never refused. */
Test(kx_core_settle, loses_no_payment_in_a_crash)
{
    static const struct {
        const char *after; /* the last action that was carried out */
        int later;         /* the status that retries come to */
    } rows[] = {
        {"admit", 200},  {"identifier", 200}, {"scope", 200},  {"payment", 200},   {"attempt", 200},
        {"coins", 200},  {"claim", 503},      {"submit", 200}, {"broadcast", 200}, {"look", 200},
        {"accept", 200}, {"begin", 503},      {"run", 503},    {"result", 200},    {"commit", 200},
    };

    for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
        struct shop_errand *e = shop_begin(&shop, &paid);
        struct shop_reply reply;
        size_t len, tail = strlen(rows[n].after);
        const char *log;

        for (size_t i = 0; i <= n; i++)
            cr_assert(shop_step(e));
        shop_drop(e);
        log = shop_log(&shop);
        len = strlen(log);
        cr_assert(len >= tail && strcmp(log + len - tail, rows[n].after) == 0, "%zu: %s", n, log);
        for (int i = 0; i < 3; i++) {
            reply = send_paid();
            cr_expect_eq(reply.status, rows[n].later, "after %s: %d %s", rows[n].after,
                         reply.status, reply.body);
        }
        if (rows[n].later == 200)
            expect_report(&reply, rows[n].after);
        else
            expect_pending(&reply, rows[n].after);
        cr_expect_leq(shop.runs, 1, "after %s", rows[n].after);
        cr_expect_leq(shop.submissions, 1, "after %s", rows[n].after);
        reopen();
    }
}

/* Every allocation of core and store fails once: nothing is refused for it, and what was taken is
 * delivered by the next retry, or an operator is asked for. */
Test(kx_core_settle, loses_no_payment_for_want_of_memory)
{
    bool is_whole = false;

    for (size_t n = 0; !is_whole; n++) {
        struct shop_reply reply;

        cr_assert_lt(n, 5000);
        shop.allocations = n;
        reply = send_paid();
        is_whole = shop.allocations > 0;
        shop.allocations = SIZE_MAX;
        cr_expect(reply.status == 200 || reply.status == 503 || reply.status == 500, "%zu: %d %s",
                  n, reply.status, reply.body);
        cr_expect(reply.status == 200 || reply.settlement == NULL, "%zu", n);
        reply = send_paid();
        cr_expect(reply.status == 200 || reply.status == 503, "%zu: %d", n, reply.status);
        cr_expect_leq(shop.runs, 1, "%zu", n);
        cr_expect_leq(shop.submissions, 1, "%zu", n);
        reopen();
    }
}

/* ---- an operator's reconciliation ---- */

Test(kx_core_settle, recovers_what_the_chain_has_settled)
{
    static const struct {
        const char *name;
        enum kx_attempt_status attempt;
        enum kx_finality required;
        enum kx_chain_status status;
        uint64_t confirmations;
        enum kx_recovery recovery;
        enum kx_finality finality;
    } rows[] = {
        {"accepted", KX_PENDING, KX_FINALITY_ACCEPTED, KX_CHAIN_ACCEPTED, 1, KX_RECOVERY_ACCEPT,
         KX_FINALITY_ACCEPTED},
        {"confirmed", KX_BROADCAST, KX_FINALITY_ACCEPTED, KX_CHAIN_ACCEPTED, 30, KX_RECOVERY_ACCEPT,
         KX_FINALITY_CONFIRMED},
        {"not yet", KX_BROADCAST, KX_FINALITY_CONFIRMED, KX_CHAIN_ACCEPTED, 29, KX_RECOVERY_NOTHING,
         KX_FINALITY_MEMPOOL},
        {"mempool", KX_PENDING, KX_FINALITY_ACCEPTED, KX_CHAIN_MEMPOOL, 0, KX_RECOVERY_NOTHING,
         KX_FINALITY_MEMPOOL},
        {"unknown", KX_PENDING, KX_FINALITY_ACCEPTED, KX_CHAIN_UNKNOWN, 99, KX_RECOVERY_NOTHING,
         KX_FINALITY_MEMPOOL},
        {"absent", KX_PENDING, KX_FINALITY_ACCEPTED, KX_CHAIN_ABSENT, 30, KX_RECOVERY_ABANDON,
         KX_FINALITY_MEMPOOL},
        {"absent, shallow", KX_PENDING, KX_FINALITY_ACCEPTED, KX_CHAIN_ABSENT, 29,
         KX_RECOVERY_NOTHING, KX_FINALITY_MEMPOOL},
        {"accepted before", KX_ACCEPTED, KX_FINALITY_ACCEPTED, KX_CHAIN_ABSENT, 99,
         KX_RECOVERY_NOTHING, KX_FINALITY_MEMPOOL},
        {"served", KX_APPLIED, KX_FINALITY_ACCEPTED, KX_CHAIN_ACCEPTED, 99, KX_RECOVERY_NOTHING,
         KX_FINALITY_MEMPOOL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_attempt attempt = {.status = rows[i].attempt, .required = rows[i].required};
        struct kx_sight sight = {.evidence = {.status = rows[i].status,
                                              .has_confirmations = true,
                                              .confirmations = rows[i].confirmations}};
        enum kx_finality finality = KX_FINALITY_MEMPOOL;

        cr_expect_eq(kx_core_recover(&shop.core, &attempt, &sight, &finality), rows[i].recovery,
                     "%s", rows[i].name);
        cr_expect_eq(finality, rows[i].finality, "%s", rows[i].name);
    }
}

/* What its payer has published is on the chain already, below what was its end. */
Test(kx_core_settle, looks_again_for_what_was_published_where_it_was_found)
{
    struct kx_world *w = shop_offer(&shop, &(struct shop_ask){.target = "/report"}, 0);
    struct kx_attempt attempt;
    struct kx_look look;

    paid.payment = shop_seal(&shop, w);
    (void)shop_publish(&shop, w);
    shop.tells_spent = true;
    shop.handler_code = ASSAY_E_CLOSED; /* so that the attempt stays */
    (void)send_paid();
    attempt = load_attempt();
    cr_assert_eq(kx_core_look_for(&look, NULL, &shop.arena, &attempt, NULL), ASSAY_OK);
    cr_expect(look.has_since);
    cr_expect_eq(look.since.at[0], 0x52);
    kx_world_free(w);
}

Test(kx_core_settle, looks_for_what_an_attempt_has_submitted)
{
    struct kx_attempt attempt;
    struct kx_look look;
    struct kaspa_tx tx;
    struct assay_err err = {0};

    shop.accepts = false;
    (void)send_paid();
    attempt = load_attempt();
    cr_assert_eq(kx_core_look_for(&look, &tx, &shop.arena, &attempt, &err), ASSAY_OK);
    cr_expect(look.has_tx && look.has_since);
    cr_expect(kaspa_hash_equal(&look.txid, &shop.txs[0].txid));
    cr_expect_eq(look.count, 1);
    cr_expect_eq(look.since.at[0], 0x51);
    cr_expect_eq(look.output_amount, KX_WORLD_AMOUNT);
    cr_expect_eq(tx.input_count, 1);
    attempt.transaction = ASSAY_LIT("{}");
    cr_expect_eq(kx_core_look_for(&look, NULL, &shop.arena, &attempt, &err), ASSAY_E_MALFORMED);
    cr_expect(strstr(err.text, "transaction") != NULL, "%s", err.text);
}
