/* Channels whose server has gone silent, whose chain thinks otherwise later, and whose payer was
 * killed at a bad moment: what is in them comes back, and nothing stands still for ever. */
#include "ref/tests/kx_channel_play.h"

TestSuite(kx_client_channel_trouble, .timeout = 240);

#define LATER UINT64_C(10000000) /* past every timeout */
#define REFUNDED "look refund save:refunding submit await save:ended refunded"
#define WAITS "await 400ms await 400ms await 400ms await"

static void expect(struct kx_channel_play *p, const char *trace, const char *why, const char *row)
{
    cr_expect_str_eq(p->trace, trace, "row: %s\n got: %s (%s)\nwant: %s", row, p->trace,
                     p->outcome.why, trace);
    cr_expect_not_null(strstr(p->outcome.why, why), "row: %s: %s", row, p->outcome.why);
}

static void confirm_all(struct kx_channel_play *p)
{
    for (size_t i = 0; i < p->shop.tx_count; i++) {
        p->shop.txs[i].is_accepted = true;
        p->shop.txs[i].confirmations = 1000;
    }
}

/* Another transaction spends the coins, this deep. */
static uint64_t conflict_depth;

static void tell_conflict(struct kx_sight *sight)
{
    if (sight->evidence.status == KX_CHAIN_ACCEPTED)
        return;
    sight->evidence.status = KX_CHAIN_ABSENT;
    sight->evidence.has_confirmations = true;
    sight->evidence.confirmations = conflict_depth;
}

/* ---- a server that is silent ---- */

Test(kx_client_channel_trouble, takes_back_a_genesis_that_was_never_seen_deep)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->confirmations = 1;
    kx_channel_play_run(p);
    cr_expect_eq(p->outcome.end, KX_CLIENT_UNRESOLVED, "%s", p->trace);
    kx_channel_play_refund(p);
    expect(p, WAITS " unresolved", "run the same again later", "shallow");
    confirm_all(p);
    kx_channel_play_refund(p);
    expect(p, "await save:open look refused", "can be refunded above", "too early");
    cr_expect_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_OPEN);
    kx_channel_play_free(p);
    p = kx_channel_play_new();
    p->confirmations = 1;
    kx_channel_play_run(p);
    confirm_all(p);
    p->confirmations = KX_THRESHOLD_DEFAULT;
    kx_channel_play_adopt(p);
    p->shop.head = (struct kx_lane_head){.outpoint.txid = p->shop.txs[0].id,
                                         .covenant_id = p->shop.txs[0].tx.outputs[0].covenant_id,
                                         .value = p->shop.txs[0].tx.outputs[0].value};
    p->shop.daa += LATER;
    kx_channel_play_refund(p);
    expect(p, "await save:open " REFUNDED, "", "in one run");
    cr_expect_eq(p->shop.shop.runs, 0);
    kx_channel_play_free(p);
}

/* A channel of the smallest deposit that has been used up, and waits for the server's half. */
static struct kx_channel_play *play_topping_up(void)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->policy.batch.deposit = 0;
    kx_channel_play_open(p);
    for (int i = 0; i < 2; i++)
        kx_channel_play_run(p);
    cr_assert_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_TOPPING_UP, "%s", p->trace);
    kx_channel_play_adopt(p);
    return p;
}

Test(kx_client_channel_trouble, takes_back_what_waits_for_a_top_up_that_nobody_signs)
{
    struct kx_channel_play *p = play_topping_up();

    kx_channel_play_refund(p);
    expect(p, "look unresolved", "can be refunded above", "too early");
    cr_expect_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_TOPPING_UP, "it still waits");
    p->shop.daa += LATER;
    kx_channel_play_refund(p);
    expect(p, REFUNDED, "", "after the timeout");
    kx_channel_play_free(p);
}

/* The server signed it after all: its head is refunded then, and a claim upon it is followed. */
Test(kx_client_channel_trouble, takes_back_what_a_late_top_up_has_made)
{
    for (int claims = 0; claims < 2; claims++) {
        struct kx_channel_play *p = play_topping_up();

        p->shop.head.value += 10000000;
        p->shop.head.outpoint.txid = kx_channel_play_co_sign(p, KX_THRESHOLD_DEFAULT)->id;
        if (claims > 0)
            (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
        kx_channel_play_refund(p);
        expect(p, claims > 0 ? "look look look refused" : "look look refused",
               "can be refunded above", "too early, and nothing is on its way any more");
        p->shop.daa += LATER;
        kx_channel_play_refund(p);
        expect(p, claims > 0 ? "look look " REFUNDED : "look " REFUNDED, "", "late");
        cr_expect_eq(kx_channel_play_channel(p).head.value,
                     40000000 - (uint64_t)claims * SHOP_BATCH_PRICE);
        kx_channel_play_free(p);
    }
}

/* Whether the wallet was told that of the top-up: it keeps coins back until it is. */
static void expect_told(const struct kx_channel_play *p, struct assay_bytes top_up,
                        const char *outcome, const char *row)
{
    char text[256];

    (void)snprintf(text, sizeof(text), "%.*s=%s ", (int)top_up.len, (const char *)top_up.at,
                   outcome);
    cr_expect_not_null(strstr(p->finals, text), "%s: %s not in %s", row, text, p->finals);
}

static struct assay_bytes top_up_of(struct kx_channel_play *p)
{
    return assay_arena_copy(&p->arena, kx_channel_play_channel(p).move_attempt);
}

/* Not before the refund is as deep as it has to be: until then the server may sign it yet. */
Test(kx_client_channel_trouble, tells_the_wallet_of_a_top_up_that_was_given_up)
{
    struct kx_channel_play *p = play_topping_up();
    struct assay_bytes top_up = top_up_of(p);

    p->shop.daa += LATER;
    p->confirmations = 1;
    kx_channel_play_refund(p);
    expect(p, "look refund save:refunding submit " WAITS " unresolved", "run the same again later",
           "shallow");
    cr_expect_null(strstr(p->finals, "absent"), "%s", p->finals);
    confirm_all(p);
    p->dies_at = 2;
    kx_channel_play_refund(p);
    cr_expect_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_REFUNDING, "%s", p->trace);
    p->dies_at = 0;
    kx_channel_play_refund(p);
    expect(p, "await save:ended refunded", "", "deep");
    expect_told(p, top_up, "absent", "deep");
    kx_channel_play_free(p);
}

Test(kx_client_channel_trouble, tells_the_wallet_of_a_top_up_that_arrived_all_the_same)
{
    struct kx_channel_play *p = play_topping_up();
    struct assay_bytes top_up = top_up_of(p);

    p->shop.head.value += 10000000;
    p->shop.head.outpoint.txid = kx_channel_play_co_sign(p, KX_THRESHOLD_DEFAULT)->id;
    p->shop.daa += LATER;
    kx_channel_play_refund(p);
    expect(p, "look " REFUNDED, "", "late");
    expect_told(p, top_up, "accepted", "late");
    kx_channel_play_free(p);
}

/* ---- a chain that thinks otherwise ---- */

/* Deep enough for exact payments is not deep enough for a channel, and the other way round. */
Test(kx_client_channel_trouble, gives_up_a_genesis_at_the_greater_of_both_depths)
{
    static const struct {
        uint64_t exact, channel, depth;
        bool is_over;
    } rows[] = {
        {1, 30, 1, false}, {1, 30, 29, false}, {1, 30, 30, true},
        {30, 2, 2, false}, {30, 2, 29, false}, {30, 2, 30, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        p->policy.confirmations = rows[i].exact;
        p->policy.batch.confirmations = rows[i].channel;
        p->confirmations = 0;
        kx_channel_play_run(p);
        conflict_depth = rows[i].depth;
        p->shop.lie = tell_conflict;
        kx_channel_play_run(p);
        expect(p,
               rows[i].is_over ? "get 402 find await save:ended refused"
                               : "get 402 find " WAITS " unresolved",
               rows[i].is_over ? "can never arrive" : "not as deep", "conflict");
        kx_channel_play_free(p);
    }
}

/* Deep as the conflict was, it was taken back: the first genesis is on the chain, beside a second.
 */
Test(kx_client_channel_trouble, takes_back_a_channel_that_was_given_up)
{
    struct kx_channel_play *p = kx_channel_play_new();
    struct batch_tx *genesis;

    p->confirmations = 0;
    kx_channel_play_run(p);
    conflict_depth = 30;
    p->shop.lie = tell_conflict;
    kx_channel_play_run(p);
    cr_assert(p->channel.len == 0 && p->ended.len > 0, "%s", p->trace);
    kx_channel_play_refund(p);
    expect(p, "await save:ended refused", "can never arrive", "as it still is");
    p->shop.lie = NULL;
    confirm_all(p);
    genesis = &p->shop.txs[0];
    p->confirmations = KX_THRESHOLD_DEFAULT;
    kx_channel_play_adopt(p);
    p->shop.head = (struct kx_lane_head){.outpoint.txid = genesis->id,
                                         .covenant_id = genesis->tx.outputs[0].covenant_id,
                                         .value = genesis->tx.outputs[0].value};
    p->shop.daa += LATER;
    kx_channel_play_refund(p);
    expect(p, "await save:open " REFUNDED, "", "it has arrived after all");
    kx_channel_play_refund(p);
    expect(p, "look refused", "was refunded", "nothing is there twice");
    kx_channel_play_free(p);
}

Test(kx_client_channel_trouble, takes_back_once_more_what_a_refund_has_not)
{
    struct kx_channel_play *p = kx_channel_play_new();
    struct batch_tx *refund;

    kx_channel_play_open(p);
    p->shop.daa += LATER;
    kx_channel_play_refund(p);
    cr_assert_eq(p->outcome.end, KX_CLIENT_REFUNDED, "%s", p->trace);
    refund = &p->shop.txs[p->shop.tx_count - 1];
    refund->is_accepted = false;
    kx_channel_play_refund(p);
    expect(p, REFUNDED, "", "its block was taken back");
    kx_channel_play_free(p);
}

/* It was given up for a conflict that was taken back: what it has made is the head. */
Test(kx_client_channel_trouble, follows_its_own_top_up_that_lands_late)
{
    struct kx_channel_play *p = play_topping_up();
    struct batch_tx *top_up = kx_channel_play_co_sign(p, 1000);

    p->shop.head.value += 10000000;
    p->shop.head.outpoint.txid = top_up->id;
    top_up->is_accepted = false;
    conflict_depth = 30;
    p->shop.lie = tell_conflict;
    kx_channel_play_run(p);
    expect(p, "get 402 find await save:open refused", "can never arrive", "given up");
    p->shop.lie = NULL;
    top_up->is_accepted = true;
    kx_channel_play_run(p);
    expect(p,
           "get 402 find look look consent:charge save:open:intended sign:3 save:open:signed "
           "get+pay 200 save:open:settled served",
           "", "paid upon it");
    cr_expect_eq(kx_channel_play_channel(p).head.value, 40000000);
    p->shop.daa += LATER;
    kx_channel_play_refund(p);
    expect(p, REFUNDED, "", "and refunded");
    kx_channel_play_free(p);
}

/* ---- a head that is far away ---- */

/* A run follows 64 of them, and the next goes on there. */
Test(kx_client_channel_trouble, goes_on_from_where_it_has_followed_its_head_to)
{
    enum { CLAIMS = 130, STEPS = 64 };
    struct kx_channel_play *p = kx_channel_play_new();
    size_t looks = 0;

    p->policy.batch.deposit = UINT64_C(2000000000);
    p->policy.batch.limits.deposit = p->policy.batch.limits.exposure = UINT64_C(2000000000);
    kx_channel_play_open(p);
    p->shop.total = CLAIMS * SHOP_BATCH_PRICE;
    for (size_t i = 0; i < CLAIMS; i++)
        (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
    p->shop.daa += LATER;
    for (size_t run = 0; run < CLAIMS / STEPS; run++) {
        kx_channel_play_refund(p);
        cr_expect_eq(p->outcome.end, KX_CLIENT_REFUSED, "%s", p->trace);
        cr_expect_not_null(strstr(p->outcome.why, "run the same again to go on"), "%s",
                           p->outcome.why);
        cr_expect_eq(kx_channel_play_channel(p).head.claimed, (run + 1) * STEPS * SHOP_BATCH_PRICE,
                     "run %zu", run);
    }
    looks = p->shop.looks;
    kx_channel_play_refund(p);
    cr_expect_eq(p->outcome.end, KX_CLIENT_REFUNDED, "%s: %s", p->trace, p->outcome.why);
    cr_expect_eq(p->shop.looks - looks, CLAIMS % STEPS + 2, "claims, the head, the refund");
    kx_channel_play_free(p);
}

/* ---- killed between two files ---- */

/* Whatever was saved last, attempt or channel: the same request is served, and so is another. */
Test(kx_client_channel_trouble, goes_on_when_it_was_killed_between_two_files)
{
    size_t died = 1;

    for (size_t n = 1; died == n; n++) {
        struct kx_channel_play *p = kx_channel_play_new();

        kx_channel_play_open(p);
        p->late = 1; /* so that one payment is refused, and another made */
        p->dies_in = n;
        kx_channel_play_run(p);
        died += strstr(p->trace, "dies") != NULL;
        p->dies_in = 0;
        kx_channel_play_run(p);
        cr_expect_eq(p->outcome.end, KX_CLIENT_SERVED, "save %zu: %s: %s", n, p->trace,
                     p->outcome.why);
        p->job.url = ASSAY_LIT(SHOP_URL "/batch?other");
        kx_channel_play_run(p);
        cr_expect_eq(p->outcome.end, KX_CLIENT_SERVED, "save %zu: %s: %s", n, p->trace,
                     p->outcome.why);
        cr_expect_eq(kx_channel_play_channel(p).total, p->shop.shop.runs * SHOP_BATCH_PRICE,
                     "save %zu: each run of the handler was charged once", n);
        kx_channel_play_free(p);
    }
    cr_expect_geq(died, 6, "%zu", died);
}

/* ---- an intention that grew old ---- */

Test(kx_client_channel_trouble, gives_up_an_intended_channel_of_too_small_a_deposit)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->policy.batch.deposit = 0;
    p->fund_code = ASSAY_E_TIMEOUT;
    kx_channel_play_run(p);
    p->fund_code = ASSAY_OK;
    p->shop.config.min_deposit = BATCH_FUNDING / 2;
    kx_channel_play_run(p);
    expect(p, "get 402 find look save:ended refused", "below what the server asks", "given up");
    kx_channel_play_run(p);
    cr_expect_eq(p->outcome.end, KX_CLIENT_SERVED, "%s: %s", p->trace, p->outcome.why);
    cr_expect_eq(kx_channel_play_channel(p).head.value, BATCH_FUNDING / 2);
    kx_channel_play_free(p);
}

/* Past its time a channel is not charged; its payer is told how to come by what is left. */
Test(kx_client_channel_trouble, tells_the_way_out_of_a_channel_whose_time_is_over)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    p->shop.daa = p->shop.lane.channel.refund_timeout_daa - 10;
    kx_channel_play_run(p);
    expect(p, "get 402 find look refused", "assay pay --refund ", "too near");
    p->shop.daa += 10;
    kx_channel_play_run(p);
    expect(p, "get 402 find look refused", "assay pay --refund ", "over");
    kx_channel_play_free(p);
}

/* Its timeout has passed before anything of it has left: it is given up, and another is made. */
Test(kx_client_channel_trouble, gives_up_an_intended_channel_that_the_limits_refuse)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->fund_code = ASSAY_E_TIMEOUT;
    kx_channel_play_run(p);
    cr_assert_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_INTENDED, "%s", p->trace);
    p->fund_code = ASSAY_OK;
    p->shop.daa += LATER;
    p->shop.shop.daa_score = p->shop.daa;
    kx_channel_play_run(p);
    expect(p, "get 402 find look save:ended refused", "", "given up");
    cr_expect_eq(p->channel.len, 0);
    kx_channel_play_refund(p);
    expect(p, "refused", "nothing was ever put into the channel", "of which nothing is left");
    kx_channel_play_run(p);
    cr_expect_eq(p->outcome.end, KX_CLIENT_SERVED, "%s: %s", p->trace, p->outcome.why);
    cr_expect_eq(p->submissions, 1);
    kx_channel_play_free(p);
}
