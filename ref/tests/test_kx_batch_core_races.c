/* Batch payments that meet on one channel: two interleaved at every action, one that dies in the
 * middle of another, and long histories of sixteen clients against the accounting model. Batch
 * digest, sections 6.1, 14 and 18 (B28, B33, B40). */
#include "ref/tests/kx_batch_shop.h"

enum { STEPS = 12 }; /* actions of a payment that meets nobody, at most; without the response */

static struct batch_shop b;
static struct shop_ask asks[2];

/* ---- two ---- */

/* Two requests, and how many of them are served in the end. */
struct meeting {
    const char *name;
    void (*prepare)(void);
    unsigned served;
    bool is_same; /* two copies of one payment */
};

static void seal(size_t i, enum kx_batch_story story, uint64_t total)
{
    asks[i] = (struct shop_ask){.target = "/batch"};
    asks[i].payment = batch_seal(&b, &asks[i], story, total, NULL);
}

static void copies_of_a_voucher(void)
{
    batch_open(&b);
    seal(0, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE);
    asks[1] = asks[0];
}

static void copies_of_a_deposit(void)
{
    (void)batch_fund(&b, 30);
    seal(0, KX_STORY_OPEN, SHOP_BATCH_PRICE);
    asks[1] = asks[0];
}

static void two_at_one_total(void)
{
    batch_open(&b);
    seal(0, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE);
    seal(1, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE);
}

static void two_deposits(void)
{
    (void)batch_fund(&b, 30);
    seal(0, KX_STORY_OPEN, SHOP_BATCH_PRICE);
    seal(1, KX_STORY_OPEN, SHOP_BATCH_PRICE);
}

static void top_up_and_voucher(void)
{
    struct kx_lane_head old;

    batch_open(&b);
    old = b.head;
    (void)batch_spend(&b, KX_BATCH_TOP_UP, 20000000, 30);
    seal(0, KX_STORY_TOP_UP, 2 * SHOP_BATCH_PRICE);
    b.head = old;
    seal(1, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE);
}

static const struct meeting meetings[] = {
    {"the same voucher", copies_of_a_voucher, 2, true},
    {"the same deposit", copies_of_a_deposit, 2, true},
    {"two requests at one total", two_at_one_total, 1, false},
    {"two deposits of one genesis", two_deposits, 1, false},
    {"a top-up and a voucher on the head before it", top_up_and_voucher, 1, false},
};

static void step(struct shop_errand *e, int count)
{
    while (count-- > 0 && shop_step(e))
        continue;
}

static bool may_answer(int status, bool is_same)
{
    return status == 200 || status == 503 || (status == 402 && !is_same);
}

/* Afterwards each of them is sent once more: what was bought is delivered, and only that. */
static void expect_settled(const struct meeting *m, int at, uint64_t before)
{
    unsigned served = 0;

    for (size_t i = 0; i < 2; i++) {
        struct shop_reply reply = shop_send(&b.shop, &asks[i]);

        cr_assert(may_answer(reply.status, m->is_same), "%s: %d: %d %s", m->name, at, reply.status,
                  reply.body);
        served += reply.status == 200 ? 1 : 0;
    }
    cr_assert_leq(served, m->served, "%s: %d", m->name, at);
    cr_assert_leq(b.shop.runs, before + 1, "%s: %d", m->name, at);
    cr_assert_eq(batch_record(&b).charged, b.shop.runs * SHOP_BATCH_PRICE, "%s: %d", m->name, at);
}

/* The first goes `first` actions, the second `second`, then the first to its end, and the second.
 */
static void meet(const struct meeting *m, int first, int second)
{
    struct shop_errand *one, *other;
    struct shop_reply replies[2];
    int at = first * 100 + second;
    uint64_t before;

    batch_shop_open(&b);
    m->prepare();
    before = b.shop.runs;
    one = shop_begin(&b.shop, &asks[0]);
    other = shop_begin(&b.shop, &asks[1]);
    step(one, first);
    step(other, second);
    step(one, SHOP_STEPS_MAX);
    step(other, SHOP_STEPS_MAX);
    replies[0] = shop_end(one);
    replies[1] = shop_end(other);
    for (size_t i = 0; i < 2; i++)
        cr_assert(may_answer(replies[i].status, m->is_same), "%s: %d: %d %s", m->name, at,
                  replies[i].status, replies[i].body);
    if (m->is_same && replies[0].status == 200 && replies[1].status == 200)
        cr_assert_str_eq(replies[0].receipt, replies[1].receipt, "%s: %d", m->name, at);
    expect_settled(m, at, before);
    cr_assert_eq(b.shop.runs, before + 1, "%s: %d: one is served", m->name, at);
    batch_shop_close(&b);
}

static void meet_at_every_action(size_t which)
{
    for (int first = 0; first <= STEPS; first++) {
        for (int second = 0; second <= STEPS; second++)
            meet(&meetings[which], first, second);
    }
}

Test(kx_batch_core_races, run_once_for_copies_of_a_voucher)
{
    meet_at_every_action(0);
}

Test(kx_batch_core_races, run_once_for_copies_of_a_deposit)
{
    meet_at_every_action(1);
}

Test(kx_batch_core_races, have_one_winner_at_one_total)
{
    meet_at_every_action(2);
}

Test(kx_batch_core_races, have_one_winner_of_two_deposits)
{
    meet_at_every_action(3);
}

Test(kx_batch_core_races, have_one_winner_of_a_top_up_and_a_voucher)
{
    meet_at_every_action(4);
}

/* Two find out at once where the head has gone: it is put there once, and neither is charged. */
static void find_out(int first, int second)
{
    struct shop_errand *one, *other;
    uint64_t version;
    struct kx_lane_head old;

    batch_shop_open(&b);
    batch_open(&b);
    old = b.head;
    version = batch_record(&b).version;
    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, 30);
    b.head = old;
    seal(0, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE);
    seal(1, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE);
    one = shop_begin(&b.shop, &asks[0]);
    other = shop_begin(&b.shop, &asks[1]);
    step(one, first);
    step(other, second);
    step(one, SHOP_STEPS_MAX);
    step(other, SHOP_STEPS_MAX);
    cr_assert_eq(shop_end(one).status, 402, "%d %d", first, second);
    cr_assert_eq(shop_end(other).status, 402, "%d %d", first, second);
    cr_assert_eq(batch_record(&b).version, version + 1, "%d %d", first, second);
    cr_assert_eq(batch_record(&b).head.claimed, SHOP_BATCH_PRICE, "%d %d", first, second);
    cr_assert_eq(b.shop.runs, 1, "%d %d", first, second);
    batch_shop_close(&b);
}

Test(kx_batch_core_races, find_out_once_where_a_head_has_gone)
{
    for (int first = 0; first <= STEPS; first++) {
        for (int second = 0; second <= STEPS; second++)
            find_out(first, second);
    }
}

/* ---- many ---- */

enum { CLIENTS = 16, OPERATIONS = 1000 };

struct purchase {
    struct shop_ask ask; /* payment NULL: none */
    struct shop_errand *errand;
    unsigned runs;
};

static struct purchase purchases[CLIENTS];
static uint64_t seed;

static uint64_t roll(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

/* What the channel must be: each change of its record is one that the model knows. */
static void follow_model(struct kx_accounts *model, uint64_t at)
{
    struct kx_lane_record record = batch_record(&b);
    const struct kx_batch_binding *binding = b.config.binding;

    if (record.head.claimed > model->claimed)
        cr_assert_eq(kx_accounts_claim(model, binding, record.head.claimed - model->claimed),
                     KX_ACCOUNT_OK, "%lu", (unsigned long)at);
    if (record.head.value > model->funding)
        cr_assert_eq(kx_accounts_top_up(model, binding, record.head.value), KX_ACCOUNT_OK, "%lu",
                     (unsigned long)at);
    if (record.charged != model->charged) {
        cr_assert_eq(kx_accounts_authorize(model, binding, SHOP_BATCH_PRICE, record.authorized),
                     KX_ACCOUNT_OK, "%lu", (unsigned long)at);
        cr_assert_eq(kx_accounts_charge(model, binding, SHOP_BATCH_PRICE), KX_ACCOUNT_OK);
    }
    cr_assert_eq(record.head.value, model->funding, "%lu", (unsigned long)at);
    cr_assert_eq(record.head.claimed, model->claimed, "%lu", (unsigned long)at);
    cr_assert_eq(record.charged, model->charged, "%lu", (unsigned long)at);
    cr_assert_eq(record.authorized, model->authorized, "%lu", (unsigned long)at);
}

static bool is_at_work(const char *txid)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (purchases[i].errand != NULL && strcmp(purchases[i].errand->action.txid, txid) == 0)
            return true;
    }
    return false;
}

/* An operator ends what nobody is at work on: by a result, or by the word that nothing ran. */
static void operate(bool says_it_ran)
{
    struct kx_store *store = b.shop.store;
    char txids[4][X402_HASH_TEXT_BYTES];
    struct kx_attempt attempt;
    struct kx_result result = b.shop.result;
    size_t count = 0;

    result.status = 200;
    cr_assert_eq(store->ops->unresolved(store, txids, ARRAY_LEN(txids), &count, NULL), ASSAY_OK);
    if (count == 0)
        return;
    cr_assert_eq(count, 1, "one lease a channel");
    cr_assert_eq(store->ops->load_attempt(store, &attempt, &b.shop.arena, txids[0], NULL),
                 ASSAY_OK);
    if (attempt.handler_started_ms == KX_NO_TIME || is_at_work(txids[0]))
        return;
    if (attempt.has_result || says_it_ran) {
        (void)store->ops->rejudge(store, txids[0], batch_record(&b).version, b.shop.now_ms, NULL);
        if (!attempt.has_result)
            cr_assert_eq(store->ops->record_result(store, txids[0], &result, b.shop.now_ms, NULL),
                         ASSAY_OK);
        return;
    }
    cr_assert_eq(store->ops->reset_handler(store, txids[0], attempt.handler_started_ms, NULL),
                 ASSAY_OK);
    cr_assert_eq(store->ops->abandon(store, txids[0], b.shop.now_ms, NULL), ASSAY_OK);
}

static void end(struct purchase *p)
{
    struct shop_reply reply = shop_end(p->errand);

    p->errand = NULL;
    cr_assert(reply.status == 200 || reply.status == 402 || reply.status == 500 ||
                  reply.status == 503,
              "%d %s", reply.status, reply.body);
    if (reply.status != 200 && reply.status != 402)
        return;
    if (reply.status == 402)
        cr_assert_eq(reply.settlement, NULL);
    p->ask.payment = NULL;
}

static void go_on(struct purchase *p, uint64_t steps)
{
    while (steps-- > 0 && p->errand != NULL) {
        unsigned runs = b.shop.runs;

        if (!shop_step(p->errand))
            end(p);
        p->runs += b.shop.runs - runs;
        cr_assert_leq(p->runs, 1, "a payment's handler ran twice");
    }
}

/* A top-up is presented; else it is on the head that the server knows of, which is what its
 * corrective answers tell. */
static void buy(struct purchase *p)
{
    const struct kx_lane_head head = b.head;
    struct kx_lane_record record = batch_record(&b);
    bool tops_up = head.value > record.head.value && head.claimed == record.head.claimed;

    *p = (struct purchase){.ask = {.target = "/batch"}};
    if (!tops_up)
        b.head = record.head;
    p->ask.payment = batch_seal(&b, &p->ask, tops_up ? KX_STORY_TOP_UP : KX_STORY_VOUCHER,
                                record.charged + SHOP_BATCH_PRICE, NULL);
    b.head = head;
}

/* The chain moves: a claim of what was charged, or a top-up where the channel is nearly full. Of a
 * channel that is full no request asks the chain. */
static void move_chain(void)
{
    struct kx_lane_record record = batch_record(&b);
    uint64_t open = record.charged - record.head.claimed;

    if (!kaspa_outpoint_equal(&record.head.outpoint, &b.head.outpoint) ||
        b.tx_count + 1 >= BATCH_TXS_MAX)
        return;
    b.total = record.charged;
    if (open + 4 * SHOP_BATCH_PRICE > record.head.value)
        (void)batch_spend(&b, KX_BATCH_TOP_UP, 80000000, 30);
    else if (open >= 2 * SHOP_BATCH_PRICE)
        (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, 30);
}

static void act(void)
{
    struct purchase *p = &purchases[roll(CLIENTS)];
    uint64_t what = roll(40);

    b.shop.result.status = what % 8 == 0 ? 500 : 200;
    if (what == 1) {
        move_chain();
    } else if (what == 2 || what == 3) {
        operate(what == 2);
    } else if (what == 4 && p->errand != NULL) {
        shop_drop(p->errand);
        p->errand = NULL;
    } else if (p->ask.payment == NULL) {
        buy(p);
    } else if (p->errand == NULL) {
        p->errand = shop_begin(&b.shop, &p->ask);
    } else {
        go_on(p, 1 + roll(12));
    }
}

/* All that is left is sent until nothing is open: at most one round a payment. */
static void drain(void)
{
    b.shop.result.status = 200;
    for (size_t i = 0; i < CLIENTS; i++)
        go_on(&purchases[i], SHOP_STEPS_MAX);
    for (size_t round = 0; round < 2 * CLIENTS; round++) {
        operate(true);
        for (size_t i = 0; i < CLIENTS; i++) {
            if (purchases[i].ask.payment == NULL)
                continue;
            purchases[i].errand = shop_begin(&b.shop, &purchases[i].ask);
            go_on(&purchases[i], SHOP_STEPS_MAX);
        }
    }
    for (size_t i = 0; i < CLIENTS; i++)
        cr_assert_null(purchases[i].ask.payment, "payment %zu has no end", i);
}

static void live(uint64_t with)
{
    struct kx_accounts model = {.funding = BATCH_FUNDING,
                                .authorized = SHOP_BATCH_PRICE,
                                .charged = SHOP_BATCH_PRICE,
                                .reserve = BATCH_RESERVE};

    seed = with;
    batch_shop_open(&b);
    batch_open(&b);
    memset(purchases, 0, sizeof(purchases));
    for (uint64_t at = 0; at < OPERATIONS; at++) {
        act();
        follow_model(&model, at);
    }
    drain();
    cr_expect_geq(batch_record(&b).charged, 8 * SHOP_BATCH_PRICE, "it was lively: %lu",
                  (unsigned long)(batch_record(&b).charged / SHOP_BATCH_PRICE));
    batch_shop_close(&b);
}

Test(kx_batch_core_races, keep_the_accounts_through_long_histories)
{
    static const uint64_t seeds[] = {1, 0x5eed, UINT64_C(0xdecafbadc0ffee)};

    for (size_t i = 0; i < ARRAY_LEN(seeds); i++)
        live(seeds[i]);
}
