/* The decision core without memory at any moment, in each of its flows: what was asked right is
 * never refused for it, nothing runs or is settled twice, and the next request ends as if nothing
 * had been. Settling a standard payment and what is paid by channel stand in test_kx_core_settle.c
 * and test_kx_batch_core_settle.c. Source: Kaspa x402 exact digest, sections 16 and 17. */
#include "ref/tests/fac_shop.h"
#include "ref/tests/kx_batch_shop.h"
#include "ref/tests/kx_sold.h"

#include <stdlib.h>

TestSuite(kx_core_flows, .timeout = 240);

#define ALLOCATIONS_MOST 20000

struct flow {
    void (*open)(void); /* makes the shop, and what is asked */
    int in_the_end;     /* the status of the whole answer */
    unsigned runs;      /* of the handler, in all */
    const char *says;   /* that answer, somewhere; NULL: not compared */
    int then;           /* the status of what comes after it; 0: the same */
};

static struct batch_shop batch; /* its shop is everybody's but the facilitator's */
static struct fac_shop fac;
static struct shop *shop = &batch.shop;
static struct sold_list list;
static struct shop_ask ask;

static void close_shop(void)
{
    if (shop == &fac.shop)
        fac_close(&fac);
    else if (shop->core.batch != NULL)
        batch_shop_close(&batch);
    else
        shop_close(shop);
}

static void begin(const struct flow *flow)
{
    flow->open();
    shop->runs = shop->submissions = 0;
}

/* The request once more, with all that it needs, after a first one that lacked something. */
static void end(const struct flow *flow, const struct shop_reply *first, const char *lack, size_t n)
{
    struct shop_reply reply;

    cr_assert(first->status == flow->in_the_end || first->status >= 500, "%s %zu: %d %s by %s",
              lack, n, first->status, first->body, first->rule);
    reply = shop_send(shop, &ask);
    cr_assert(reply.status == flow->in_the_end || reply.status == flow->then ||
                  (reply.status == 503 && flow->runs > 0),
              "%s %zu: %d %s by %s", lack, n, reply.status, reply.body, reply.rule);
    cr_expect(reply.status != flow->in_the_end || flow->says == NULL ||
                  strstr(reply.body, flow->says) != NULL,
              "%s %zu: %s", lack, n, reply.body);
    cr_expect_leq(shop->runs, flow->runs, "%s %zu", lack, n);
    cr_expect_leq(shop->submissions, 1, "%s %zu", lack, n);
    close_shop();
}

static void lack_memory(const struct flow *flow)
{
    bool is_whole = false;
    size_t n = 0;

    for (; !is_whole; n++) {
        struct shop_reply reply;

        cr_assert_lt(n, ALLOCATIONS_MOST);
        begin(flow);
        shop->allocations = n;
        reply = shop_send(shop, &ask);
        is_whole = shop->allocations > 0;
        shop->allocations = SIZE_MAX;
        if (is_whole)
            cr_assert_eq(reply.status, flow->in_the_end, "%zu: %d %s by %s", n, reply.status,
                         reply.body, reply.rule);
        end(flow, &reply, "memory", n);
    }
    cr_expect_gt(n, 10, "%zu", n);
}

static void lack_store(const struct flow *flow)
{
    static const enum assay_code codes[] = {ASSAY_E_IO, ASSAY_E_NOMEM};

    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        for (int at = 0; at <= KX_ASK_FOLLOW; at++) {
            struct shop_reply reply;

            begin(flow);
            shop->break_at = at;
            shop->break_code = codes[i];
            reply = shop_send(shop, &ask);
            shop->break_at = -1;
            end(flow, &reply, "store", (size_t)at);
        }
}

/* The nth look is answered by nobody. */
static size_t looks_left;
static enum assay_code (*chain)(struct shop *s, struct kx_sight *out, struct assay_arena *arena,
                                const struct kx_look *asked);

static enum assay_code look_or_fail(struct shop *s, struct kx_sight *out, struct assay_arena *arena,
                                    const struct kx_look *asked)
{
    enum assay_code code = ASSAY_E_TIMEOUT;

    if (looks_left-- == 0) {
        *out = (struct kx_sight){.utxos = NULL};
        return code;
    }
    s->chain = chain;
    code = shop_look(s, out, arena, asked);
    s->chain = look_or_fail;
    return code;
}

static void lack_looks(const struct flow *flow)
{
    bool is_whole = false;

    for (size_t n = 0; !is_whole; n++) {
        struct shop_reply reply;

        cr_assert_lt(n, 100);
        begin(flow);
        chain = shop->chain;
        shop->chain = look_or_fail;
        looks_left = n;
        reply = shop_send(shop, &ask);
        is_whole = looks_left < SIZE_MAX; /* it did not come to that look */
        shop->chain = chain;
        end(flow, &reply, "look", n);
    }
}

static void lack_node(const struct flow *flow)
{
    struct shop_reply reply;

    begin(flow);
    shop->look_code = ASSAY_E_TIMEOUT;
    batch.look_code = ASSAY_E_TIMEOUT;
    reply = shop_send(shop, &ask);
    shop->look_code = batch.look_code = ASSAY_OK;
    end(flow, &reply, "node", 0);
    begin(flow);
    shop->evidence_code = ASSAY_E_TIMEOUT;
    reply = shop_send(shop, &ask);
    shop->evidence_code = ASSAY_OK;
    end(flow, &reply, "evidence", 0);
    begin(flow);
    shop->submit_code = ASSAY_E_TIMEOUT;
    shop->is_unsent = true;
    reply = shop_send(shop, &ask);
    shop->submit_code = ASSAY_OK;
    shop->is_unsent = false;
    end(flow, &reply, "submission", 0);
}

static void expect_flow(const struct flow *flow)
{
    lack_memory(flow);
    lack_store(flow);
    lack_node(flow);
    lack_looks(flow);
}

/* ---- exact offers and payments ---- */

static void open_unpaid(void)
{
    shop_open(shop);
    ask = (struct shop_ask){.target = "/report"};
}

Test(kx_core_flows, offers_what_was_asked_for)
{
    expect_flow(&(struct flow){open_unpaid, 402, 0, NULL, 0});
}

static void open_private(void)
{
    shop_open(shop);
    ask = (struct shop_ask){.target = "/private", .token = SHOP_TOKEN};
    ask.payment = shop_pay(shop, &ask);
}

Test(kx_core_flows, serves_who_has_signed_in)
{
    expect_flow(&(struct flow){open_private, 200, 1, NULL, 0});
}

static struct kaspa_outpoint head; /* of the last one */

static void open_additive(void)
{
    struct kx_world *w;

    shop_open(shop);
    ask = (struct shop_ask){.target = "/additive"};
    w = kx_world_new(KX_ADDITIVE);
    shop_register_head(shop, w);
    kx_world_free(w);
    w = shop_offer(shop, &ask, 1);
    ask.payment = shop_seal(shop, w);
    head = w->spends[0].outpoint;
    kx_world_free(w);
}

Test(kx_core_flows, serves_who_adds_to_a_head)
{
    expect_flow(&(struct flow){open_additive, 200, 1, NULL, 0});
}

static void open_additive_gone(void)
{
    open_additive();
    shop_spend_elsewhere(shop, &head, 30);
}

/* Another transaction has spent the head: nobody is offered it any more. */
Test(kx_core_flows, refuses_who_adds_to_a_head_that_is_gone)
{
    expect_flow(&(struct flow){open_additive_gone, 402, 0, NULL, 0});
}

static void open_served(void)
{
    shop_open(shop);
    ask = (struct shop_ask){.target = "/report"};
    ask.payment = shop_pay(shop, &ask);
    cr_assert_eq(shop_send(shop, &ask).status, 200);
}

Test(kx_core_flows, gives_the_stored_answer_to_a_retry)
{
    expect_flow(&(struct flow){open_served, 200, 0, NULL, 0});
}

static void open_spent(void)
{
    open_served();
    ask.target = "/other";
}

Test(kx_core_flows, refuses_a_payment_that_was_used)
{
    expect_flow(&(struct flow){open_spent, 409, 0, NULL, 0});
}

/* ---- tools ---- */

static void open_tool(void)
{
    static const struct kx_tool_call quote = {
        .audience = {(const uint8_t *)SHOP_URL, sizeof(SHOP_URL) - 1},
        .name = {(const uint8_t *)"quote", 5},
        .arguments = {(const uint8_t *)"{\"symbol\":\"KAS\"}", 16}};
    struct kx_world *w;
    char *text;

    shop_open(shop);
    ask = (struct shop_ask){.method = KX_CALL,
                            .tool = &quote,
                            .target = KX_TOOL "quote",
                            .body = (const char *)quote.arguments.at};
    w = shop_offer(shop, &ask, 0);
    (void)shop_seal(shop, w);
    text = json_dumps(w->payment, JSON_COMPACT | JSON_SORT_KEYS);
    ask.payment = (const char *)assay_arena_copy(&shop->arena, assay_str(text)).at;
    free(text);
    kx_world_free(w);
}

Test(kx_core_flows, serves_a_call_that_was_paid)
{
    expect_flow(&(struct flow){open_tool, 200, 1, NULL, 0});
}

/* ---- a facilitator settles ---- */

static void open_sold(void)
{
    json_t *payment;

    sold_open(shop, &list);
    ask = (struct shop_ask){.target = "/report"};
    payment = sold_payment_for(shop, &ask, "1");
    sold_identify(shop, payment, "an-identifier-of-mine");
    ask.payment = sold_header(shop, payment);
}

/* The handler runs before its payment is settled, and again where its answer could not be kept. */
Test(kx_core_flows, serves_what_a_facilitator_settles)
{
    expect_flow(&(struct flow){open_sold, 200, 2, NULL, 0});
}

static void open_sold_unpaid(void)
{
    sold_open(shop, &list);
    ask = (struct shop_ask){.target = "/report"};
}

Test(kx_core_flows, offers_what_a_facilitator_lists)
{
    expect_flow(&(struct flow){open_sold_unpaid, 402, 0, NULL, 0});
}

static void open_sold_served(void)
{
    open_sold();
    cr_assert_eq(shop_send(shop, &ask).status, 200);
}

Test(kx_core_flows, repeats_what_a_facilitator_has_settled)
{
    expect_flow(&(struct flow){open_sold_served, 200, 0, NULL, 0});
}

/* Nobody knows whether it was settled: who comes next asks with the bytes of the first time. */
static void open_sold_in_doubt(void)
{
    open_sold();
    shop->settled[0] = sold_word(KX_WORD_LOST);
    cr_assert_eq(shop_send(shop, &ask).status, 503);
}

Test(kx_core_flows, asks_again_for_a_settlement_in_doubt)
{
    expect_flow(&(struct flow){open_sold_in_doubt, 200, 0, NULL, 0});
}

static void open_sold_refused(void)
{
    open_sold();
    shop->settled[0] = shop->settled[1] = sold_word(KX_WORD_NO);
}

/* The payment is the payer's again, so that whoever sends it once more is served, and refused,
 * anew. */
Test(kx_core_flows, tells_of_a_settlement_that_was_refused)
{
    expect_flow(&(struct flow){open_sold_refused, 402, 2, NULL, 0});
}

static void open_sold_failing(void)
{
    open_sold();
    shop->result.status = 404;
}

Test(kx_core_flows, gives_up_what_a_handler_has_no_answer_for)
{
    expect_flow(&(struct flow){open_sold_failing, 404, 2, NULL, 0});
}

/* ---- by channel ---- */

static void open_batch_unpaid(void)
{
    batch_shop_open(&batch);
    ask = (struct shop_ask){.target = "/batch"};
}

Test(kx_core_flows, offers_a_channel)
{
    expect_flow(&(struct flow){open_batch_unpaid, 402, 0, NULL, 0});
}

static void open_batch_old(void)
{
    batch_shop_open(&batch);
    batch_open(&batch);
    ask = (struct shop_ask){.target = "/batch"};
    ask.payment = batch_seal(&batch, &ask, KX_STORY_VOUCHER, SHOP_BATCH_PRICE, NULL);
}

Test(kx_core_flows, tells_who_signs_an_old_total_where_the_channel_stands)
{
    expect_flow(&(struct flow){open_batch_old, 402, 0, NULL, 0});
}

static void seal_voucher(void)
{
    ask = (struct shop_ask){.target = "/batch"};
    ask.payment = batch_seal(&batch, &ask, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE, NULL);
}

static void open_batch_deposit(void)
{
    batch_shop_open(&batch);
    (void)batch_fund(&batch, 30);
    ask = (struct shop_ask){.target = "/batch"};
    ask.payment = batch_seal(&batch, &ask, KX_STORY_OPEN, SHOP_BATCH_PRICE, NULL);
}

Test(kx_core_flows, serves_who_opens_a_channel)
{
    expect_flow(&(struct flow){open_batch_deposit, 200, 1, NULL, 0});
}

/* Its first request was dropped when it had the claim, and its handler had not begun. */
static void open_batch_begun(void)
{
    struct shop_errand *e;

    batch_shop_open(&batch);
    batch_open(&batch);
    seal_voucher();
    e = shop_begin(shop, &ask);
    while (e->action.kind != KX_DO_STORE || e->action.ask != KX_ASK_BEGIN)
        cr_assert(shop_step(e));
    shop_drop(e);
}

Test(kx_core_flows, goes_on_with_a_charge_that_was_claimed)
{
    expect_flow(&(struct flow){open_batch_begun, 200, 1, NULL, 0});
}

/* Another payment holds the channel. */
static void open_batch_leased(void)
{
    open_batch_begun();
    seal_voucher();
}

Test(kx_core_flows, waits_for_who_holds_the_channel)
{
    expect_flow(&(struct flow){open_batch_leased, 503, 0, NULL, 0});
}

static void open_batch_claimed(void)
{
    batch_shop_open(&batch);
    batch_open(&batch);
    seal_voucher();
    (void)batch_spend(&batch, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, 30);
}

/* The head that is known is gone: what has spent it is followed, and told. */
Test(kx_core_flows, follows_a_claim_that_it_has_not_seen)
{
    expect_flow(&(struct flow){open_batch_claimed, 402, 0, NULL, 0});
}

static void open_batch_taken_back(void)
{
    batch_shop_open(&batch);
    batch_open(&batch);
    batch.txs[0].is_accepted = false;
    seal_voucher();
}

Test(kx_core_flows, follows_a_genesis_that_was_taken_back)
{
    expect_flow(&(struct flow){open_batch_taken_back, 402, 0, NULL, 0});
}

static void open_batch_brought_back(void)
{
    open_batch_taken_back();
    (void)shop_send(shop, &ask);
    cr_assert_eq(shop_send(shop, &ask).status, 402, "and stays so");
    batch.txs[0].is_accepted = true;
}

Test(kx_core_flows, follows_a_genesis_that_came_back)
{
    expect_flow(&(struct flow){open_batch_brought_back, 402, 1, NULL, 200});
}

/* ---- a facilitator ---- */

static void open_facilitator(void)
{
    fac_open(&fac);
    shop = &fac.shop;
    ask = fac_ask(&fac, "/verify", SHOP_TOKEN);
}

Test(kx_core_flows, verifies_for_a_tenant)
{
    expect_flow(&(struct flow){open_facilitator, 200, 0, "\"isValid\":true", 0});
}

static void open_settled(void)
{
    open_facilitator();
    ask = fac_ask(&fac, "/settle", SHOP_TOKEN);
    cr_assert_eq(shop_send(shop, &ask).status, 200);
}

Test(kx_core_flows, repeats_a_settlement_for_a_tenant)
{
    expect_flow(&(struct flow){open_settled, 200, 0, "\"success\":true", 0});
}

static void open_list(void)
{
    open_facilitator();
    ask = (struct shop_ask){.target = "/supported", .token = SHOP_TOKEN};
}

Test(kx_core_flows, lists_what_it_settles)
{
    expect_flow(&(struct flow){open_list, 200, 0, "\"kinds\":", 0});
}
