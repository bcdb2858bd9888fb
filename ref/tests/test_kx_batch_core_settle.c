/* Batch payments from their claim on: the handler, expiry at every boundary, crashes between any
 * two actions, the store's failures, and what an operator does. Rows are those of the batch digest,
 * section 18. */
#include "ref/tests/kx_batch_shop.h"

static struct batch_shop b;
static struct shop_ask paid; /* one more request on an open channel */

#define NEXT (2 * SHOP_BATCH_PRICE)
#define EXPIRES_MS (KX_WORLD_NOW_MS + 30000)

static void seal(void)
{
    paid.payment = batch_seal(&b, &paid, KX_STORY_VOUCHER, b.total + SHOP_BATCH_PRICE, NULL);
}

static void open_shop(void)
{
    batch_shop_open(&b);
    batch_open(&b);
    paid = (struct shop_ask){.target = "/batch"};
    seal();
    b.shop.runs = 0;
}

static void close_shop(void)
{
    batch_shop_close(&b);
}

TestSuite(kx_batch_core_settle, .init = open_shop, .fini = close_shop);

static void reopen(void)
{
    close_shop();
    open_shop();
}

static struct kx_attempt load_attempt(void)
{
    char txids[1][X402_HASH_TEXT_BYTES];
    struct kx_attempt attempt = {.status = KX_APPLIED};
    size_t count = 0;

    cr_assert_eq(b.shop.store->ops->unresolved(b.shop.store, txids, 1, &count, NULL), ASSAY_OK);
    if (count > 0)
        cr_assert_eq(
            b.shop.store->ops->load_attempt(b.shop.store, &attempt, &b.shop.arena, txids[0], NULL),
            ASSAY_OK);
    return attempt;
}

static void expect_recovery(const struct shop_reply *reply, int status, const char *when)
{
    cr_expect_eq(reply->status, status, "%s: %d %s", when, reply->status, reply->body);
    cr_expect(reply->error != NULL &&
                  strcmp(reply->error, "batch_settlement_recovery_required") == 0,
              "%s: %s", when, reply->body);
    cr_expect_null(reply->settlement, "%s", when);
}

static void expect_charged(uint64_t requests, const char *when)
{
    struct kx_lane_record record = batch_record(&b);

    cr_expect_eq(record.charged, requests * SHOP_BATCH_PRICE, "%s: %lu", when,
                 (unsigned long)record.charged);
    cr_expect_eq(record.authorized, record.charged, "%s", when);
}

/* Up to the answer of the store or the handler to that question. */
static struct shop_errand *go_through(const char *last)
{
    struct shop_errand *e = shop_begin(&b.shop, &paid);
    const char *log = "";
    size_t len = strlen(last);

    for (int i = 0; i < SHOP_STEPS_MAX; i++) {
        cr_assert(shop_step(e), "it never comes to %s: %s", last, log);
        log = shop_log(&b.shop);
        if (strlen(log) >= len && strcmp(log + strlen(log) - len, last) == 0)
            return e;
    }
    cr_assert_fail("no end");
    return e;
}

static struct shop_reply finish(struct shop_errand *e)
{
    while (shop_step(e))
        continue;
    return shop_end(e);
}

/* ---- the handler ---- */

/* B35, and what the operator may say. */
Test(kx_batch_core_settle, keeps_the_lease_of_a_handler_that_failed)
{
    struct kx_store *store = b.shop.store;
    struct shop_reply reply;
    struct kx_attempt attempt;

    b.shop.result.status = 500;
    reply = shop_send(&b.shop, &paid);
    expect_recovery(&reply, 500, "failed");
    reply = shop_send(&b.shop, &paid);
    expect_recovery(&reply, 503, "again");
    attempt = load_attempt();
    cr_expect_gt(attempt.recovery.len, 0);
    cr_expect_str_eq(batch_record(&b).lease, attempt.txid);
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_recovery(&reply, 503, "another request on the channel");
    cr_expect_eq(b.shop.runs, 1);
    expect_charged(1, "failed");

    b.shop.result.status = 200;
    cr_assert_eq(
        store->ops->record_result(store, attempt.txid, &b.shop.result, b.shop.now_ms, NULL),
        ASSAY_OK);
    reply = shop_send(&b.shop, &paid);
    cr_expect_eq(reply.status, 200, "%s", reply.body);
    cr_expect_eq(b.shop.runs, 1, "the operator's word is the answer");
    expect_charged(2, "by the operator's word");
    b.total = NEXT;
    cr_expect_eq(batch_buy(&b, KX_STORY_VOUCHER).status, 200);
}

Test(kx_batch_core_settle, frees_the_lease_where_an_operator_says_that_nothing_ran)
{
    struct kx_store *store = b.shop.store;
    struct kx_attempt attempt;

    b.shop.handler_code = ASSAY_E_TIMEOUT;
    cr_expect_eq(shop_send(&b.shop, &paid).status, 500);
    attempt = load_attempt();
    cr_assert_eq(store->ops->reset_handler(store, attempt.txid, attempt.handler_started_ms, NULL),
                 ASSAY_OK);
    cr_assert_eq(store->ops->abandon(store, attempt.txid, b.shop.now_ms, NULL), ASSAY_OK);
    b.shop.handler_code = ASSAY_OK;
    cr_expect_eq(batch_buy(&b, KX_STORY_VOUCHER).status, 200);
    expect_charged(2, "the one that was served");
}

Test(kx_batch_core_settle, runs_again_what_was_never_reached)
{
    struct shop_reply reply;

    b.shop.handler_code = ASSAY_E_IO;
    b.shop.is_unreached = true;
    reply = shop_send(&b.shop, &paid);
    expect_recovery(&reply, 503, "not reached");
    b.shop.handler_code = ASSAY_OK;
    b.shop.is_unreached = false;
    cr_expect_eq(shop_send(&b.shop, &paid).status, 200);
    cr_expect_eq(b.shop.runs, 1);
    expect_charged(2, "once");
}

/* The whole amount, whatever the handler says: it is a fixed one. */
Test(kx_batch_core_settle, charges_the_amount_for_a_refusal_of_the_handler)
{
    struct shop_reply reply;

    b.shop.result.status = 404;
    reply = shop_send(&b.shop, &paid);
    cr_expect_eq(reply.status, 404);
    cr_expect_str_eq(json_string_value(json_object_get(reply.settlement, "amount")), "10000000");
    expect_charged(2, "404");
}

/* ---- expiry (section 7, steps 16, 24 and 26) ---- */

Test(kx_batch_core_settle, claims_nothing_for_what_expires_while_the_chain_is_asked)
{
    struct shop_errand *e = go_through("channel");
    struct shop_reply reply;

    b.shop.now_ms = EXPIRES_MS;
    reply = finish(e);
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.rule, "batch.presentation.live");
    cr_expect_null(strstr(shop_log(&b.shop), "claim"));
}

Test(kx_batch_core_settle, gives_up_what_expires_when_it_is_claimed)
{
    struct shop_errand *e = go_through("look");
    struct shop_reply reply;

    cr_assert_eq(e->action.ask, KX_ASK_CLAIM);
    b.shop.now_ms = EXPIRES_MS;
    reply = finish(e);
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.error, "invalid_payload");
    cr_expect_eq(load_attempt().status, KX_APPLIED, "nothing is unresolved");
    cr_expect_eq(batch_record(&b).lease[0], '\0');
    cr_expect_eq(b.shop.runs, 0);
}

Test(kx_batch_core_settle, takes_back_no_mark_that_expired_before_the_handler)
{
    struct shop_errand *e = go_through("claim");
    struct shop_reply reply;

    cr_assert_eq(e->action.ask, KX_ASK_BEGIN);
    b.shop.now_ms = EXPIRES_MS;
    reply = finish(e);
    expect_recovery(&reply, 503, "B26");
    cr_expect_eq(b.shop.runs, 0);
    cr_expect_gt(load_attempt().recovery.len, 0);
    expect_charged(1, "B26");
    reply = shop_send(&b.shop, &paid);
    expect_recovery(&reply, 503, "B26, again");
}

Test(kx_batch_core_settle, begins_no_expired_claim_of_a_request_that_died)
{
    struct shop_reply reply;

    shop_drop(go_through("claim"));
    b.shop.now_ms = EXPIRES_MS;
    reply = shop_send(&b.shop, &paid);
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.rule, "batch.presentation.live");
    cr_expect_eq(batch_record(&b).lease[0], '\0', "given up");
    cr_expect_eq(b.shop.runs, 0);
}

/* B27 */
Test(kx_batch_core_settle, delivers_an_expired_retry_of_a_staged_result)
{
    struct shop_reply reply;

    shop_drop(go_through("result"));
    b.shop.now_ms = EXPIRES_MS + 3600000;
    reply = shop_send(&b.shop, &paid);
    cr_expect_eq(reply.status, 200, "%s", reply.body);
    cr_expect_eq(b.shop.runs, 1);
    expect_charged(2, "B27");
}

/* Its payer does not come back: the lease is not his for good. */
Test(kx_batch_core_settle, lets_an_operator_give_up_what_was_never_begun)
{
    enum kx_finality finality;
    struct kx_attempt attempt;

    shop_drop(go_through("claim"));
    attempt = load_attempt();
    cr_expect_eq(kx_core_recover(&b.shop.core, &attempt, NULL, &finality), KX_RECOVERY_ABANDON);
    attempt.handler_started_ms = b.shop.now_ms;
    cr_expect_eq(kx_core_recover(&b.shop.core, &attempt, NULL, &finality), KX_RECOVERY_NOTHING);
}

/* ---- crashes and the store ---- */

/* Wherever it dies, the same payment afterwards is served at most once more, or waits for an
 * operator where nobody knows what the handler has done. */
Test(kx_batch_core_settle, goes_on_where_a_request_has_died)
{
    for (int at = 1; at <= 11; at++) {
        struct shop_errand *e;
        struct shop_reply reply;
        bool is_gap;

        reopen();
        e = shop_begin(&b.shop, &paid);
        for (int i = 0; i < at; i++)
            cr_assert(shop_step(e));
        is_gap = e->action.kind == KX_DO_ORIGIN ||
                 (e->action.kind == KX_DO_STORE && e->action.ask == KX_ASK_RESULT);
        shop_drop(e);
        reply = shop_send(&b.shop, &paid);
        if (is_gap) {
            expect_recovery(&reply, 503, "B40");
            expect_charged(1, "B40");
        } else {
            cr_expect_eq(reply.status, 200, "step %d: %d %s", at, reply.status, reply.body);
            expect_charged(2, "gone on");
        }
        cr_expect_leq(b.shop.runs, 1, "step %d", at);
    }
}

/* B39 */
Test(kx_batch_core_settle, charges_nothing_that_the_store_did_not_take)
{
    static const struct {
        enum kx_ask ask;
        int status;
        unsigned runs;
    } cases[] = {
        {KX_ASK_IDENTIFIER, 503, 0}, {KX_ASK_PAYMENT, 503, 0}, {KX_ASK_ATTEMPT, 503, 0},
        {KX_ASK_CHANNEL, 503, 0},    {KX_ASK_CLAIM, 503, 0},   {KX_ASK_BEGIN, 503, 0},
        {KX_ASK_RESULT, 500, 1},     {KX_ASK_COMMIT, 503, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct shop_reply reply;

        reopen();
        b.shop.break_at = (int)cases[i].ask;
        b.shop.break_code = ASSAY_E_IO;
        reply = shop_send(&b.shop, &paid);
        cr_expect_eq(reply.status, cases[i].status, "%zu: %d %s", i, reply.status, reply.body);
        cr_expect_eq(b.shop.runs, cases[i].runs, "%zu", i);
        expect_charged(1, "broken");
        b.shop.break_at = -1;
        reply = shop_send(&b.shop, &paid);
        cr_expect_eq(reply.status, cases[i].ask == KX_ASK_RESULT ? 503 : 200, "%zu: %s", i,
                     reply.body);
        cr_expect_eq(b.shop.runs, 1, "%zu", i);
    }
}

/* ---- the lease ---- */

static struct kx_lane_operation claim_of(const struct kx_lane_record *record)
{
    struct kx_lane_operation operation = {.version = record->version,
                                          .kind = KX_CLAIM,
                                          .amount = SHOP_BATCH_PRICE,
                                          .has_successor = true,
                                          .successor = record->head,
                                          .confirmations = 30,
                                          .transaction = ASSAY_LIT("{}")};

    memset(operation.txid, 'c', sizeof(operation.txid) - 1);
    memset(operation.successor.outpoint.txid.at, 0xcc, KASPA_HASH_BYTES);
    operation.successor.outpoint.index = 1;
    operation.successor.value -= SHOP_BATCH_PRICE;
    operation.successor.claimed += SHOP_BATCH_PRICE;
    memcpy(operation.channel_id, record->channel_id, sizeof(operation.channel_id));
    return operation;
}

/* B34 */
Test(kx_batch_core_settle, serves_nothing_while_a_claim_is_under_way)
{
    struct kx_store *store = b.shop.store;
    struct kx_lane_record record = batch_record(&b);
    struct kx_lane_operation claim = claim_of(&record);
    enum kx_operation_result result;
    struct shop_reply reply;

    cr_assert_eq(store->ops->begin_operation(store, &claim, b.shop.now_ms, &result, NULL),
                 ASSAY_OK);
    cr_assert_eq(result, KX_OPERATION_BEGUN);
    reply = shop_send(&b.shop, &paid);
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.error, "invalid_transaction_state");
    cr_expect_str_eq(reply.rule, "batch.channel.claim");
    cr_assert_eq(store->ops->abandon_operation(store, claim.txid, NULL), ASSAY_OK);
    cr_expect_eq(shop_send(&b.shop, &paid).status, 200);
}

/* What the chain says while a payment is on its way. */
static void move_channel(void)
{
    struct kx_lane_record record = batch_record(&b);
    bool applied = false;

    record.head.outpoint.index = 1;
    record.head.value -= SHOP_BATCH_PRICE;
    record.head.claimed += SHOP_BATCH_PRICE;
    cr_assert_eq(
        b.shop.store->ops->put_lineage(b.shop.store, &record, b.shop.now_ms, &applied, NULL),
        ASSAY_OK);
    cr_assert(applied);
}

Test(kx_batch_core_settle, begins_no_handler_on_a_channel_that_has_moved)
{
    struct shop_errand *e = go_through("claim");
    struct shop_reply reply;

    move_channel();
    reply = finish(e);
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.error, "invalid_transaction_state");
    cr_expect_eq(b.shop.runs, 0);
    cr_expect_eq(batch_record(&b).lease[0], '\0', "given up");
}

Test(kx_batch_core_settle, asks_an_operator_where_the_channel_has_moved_under_the_handler)
{
    struct kx_store *store = b.shop.store;
    struct shop_errand *e = go_through("begin");
    struct shop_reply reply;
    struct kx_attempt attempt;
    json_t *state;

    move_channel();
    reply = finish(e);
    expect_recovery(&reply, 500, "moved");
    expect_charged(1, "moved");
    attempt = load_attempt();
    cr_assert_eq(
        store->ops->rejudge(store, attempt.txid, batch_record(&b).version, b.shop.now_ms, NULL),
        ASSAY_OK);
    reply = shop_send(&b.shop, &paid);
    cr_expect_eq(reply.status, 200, "%s", reply.body);
    expect_charged(2, "the operator stands by it");
    cr_expect_eq(b.shop.runs, 1);
    state = json_object_get(
        json_object_get(json_object_get(reply.settlement, "extensions"), "kaspa"), "channelState");
    cr_expect_str_eq(json_string_value(json_object_get(state, "claimedCumulativeAmount")),
                     "10000000", "as the channel is now");
}

/* ---- memory ---- */

static void with_a_voucher(void)
{
    reopen();
}

static void with_a_top_up(void)
{
    reopen();
    (void)batch_spend(&b, KX_BATCH_TOP_UP, 20000000, 30);
    paid.payment = batch_seal(&b, &paid, KX_STORY_TOP_UP, NEXT, NULL);
}

static void with_a_deposit(void)
{
    close_shop();
    batch_shop_open(&b);
    (void)batch_fund(&b, 30);
    paid.payment = batch_seal(&b, &paid, KX_STORY_OPEN, SHOP_BATCH_PRICE, NULL);
}

static void with_a_head_that_was_claimed(void)
{
    reopen();
    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, 30);
}

/* Each allocation of core and store fails once: nothing is refused for it, and what was paid is
 * served by the next retry, or an operator is asked for. */
static void lose_nothing(void (*prepare)(void), int in_the_end)
{
    bool is_whole = false;

    for (size_t n = 0; !is_whole; n++) {
        struct shop_reply reply;

        cr_assert_lt(n, 5000);
        prepare();
        b.shop.runs = 0;
        b.shop.allocations = n;
        reply = shop_send(&b.shop, &paid);
        is_whole = b.shop.allocations > 0;
        b.shop.allocations = SIZE_MAX;
        cr_assert(reply.status == in_the_end || reply.status == 500 || reply.status == 503,
                  "%zu: %d %s by %s", n, reply.status, reply.body, reply.rule);
        reply = shop_send(&b.shop, &paid);
        cr_assert(reply.status == in_the_end || (reply.status == 503 && b.shop.runs == 1),
                  "%zu: %d %s by %s", n, reply.status, reply.body, reply.rule);
        cr_assert_leq(b.shop.runs, 1, "%zu", n);
    }
}

Test(kx_batch_core_settle, loses_no_voucher_for_want_of_memory)
{
    lose_nothing(with_a_voucher, 200);
}

Test(kx_batch_core_settle, loses_no_deposit_for_want_of_memory)
{
    lose_nothing(with_a_deposit, 200);
}

Test(kx_batch_core_settle, loses_no_top_up_for_want_of_memory)
{
    lose_nothing(with_a_top_up, 200);
}

Test(kx_batch_core_settle, loses_no_lineage_for_want_of_memory)
{
    struct kx_lane_record record;

    lose_nothing(with_a_head_that_was_claimed, 402);
    record = batch_record(&b);
    cr_expect_eq(record.status, KX_CHANNEL_ACTIVE);
    cr_expect(kaspa_outpoint_equal(&record.head.outpoint, &b.head.outpoint));
}
