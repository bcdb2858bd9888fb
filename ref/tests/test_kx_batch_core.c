/* The decision core and scheme batch-settlement: offers, and requests that are paid as they should
 * be. Sections are those of the batch digest. */
#include "ref/tests/kx_batch_shop.h"

static struct batch_shop b;

static void open_shop(void)
{
    batch_shop_open(&b);
}

static void close_shop(void)
{
    batch_shop_close(&b);
}

TestSuite(kx_batch_core, .init = open_shop, .fini = close_shop);

static struct shop_reply ask_price(const char *target)
{
    return shop_send(&b.shop, &(struct shop_ask){.target = target});
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "(none)";
}

static void expect_served(const struct shop_reply *reply, const char *when)
{
    cr_assert_eq(reply->status, 200, "%s: %d %s by %s", when, reply->status, reply->body,
                 reply->rule);
    cr_expect(reply->no_store, "%s", when);
    cr_expect(json_is_true(json_object_get(reply->settlement, "success")), "%s", when);
}

/* ---- offers (section 3) ---- */

Test(kx_batch_core, offers_a_channel_beside_the_exact_payment)
{
    struct shop_reply reply = ask_price("/batch");
    json_t *entry = batch_entry(&reply), *extra = json_object_get(entry, "extra");

    cr_assert_eq(reply.status, 402);
    cr_assert_eq(json_array_size(json_object_get(reply.offer, "accepts")), 2);
    cr_assert_not_null(entry);
    cr_expect_str_eq(text_of(entry, "amount"), "10000000");
    cr_expect_str_eq(text_of(entry, "payTo"), b.lane.pay_to);
    cr_expect_str_eq(text_of(extra, "refundTimeoutDaa"), "1110000");
    cr_expect_str_eq(text_of(extra, "claimReserveSompi"), "10000000");
    cr_expect_str_eq(text_of(extra, "templateId"), KX_ESCROW_V5_TEMPLATE);
    cr_expect_null(batch_told(&reply), "nobody has been named");
    cr_expect_str_eq(shop_log(&b.shop), "coins; 402");
}

Test(kx_batch_core, offers_no_channel_where_the_chain_cannot_be_asked)
{
    struct shop_reply reply;

    b.look_code = ASSAY_E_DENIED;
    reply = ask_price("/batch");
    cr_expect_eq(reply.status, 402);
    cr_expect_eq(json_array_size(json_object_get(reply.offer, "accepts")), 1);
    cr_expect_null(batch_entry(&reply));
}

Test(kx_batch_core, offers_without_a_look_what_the_node_has_told)
{
    struct shop_reply reply;

    b.shop.daa_score = BATCH_DAA;
    reply = ask_price("/batch");
    cr_expect_not_null(batch_entry(&reply));
    cr_expect_eq(b.looks, 0);
}

/* Meanwhile the chain has gone on. */
Test(kx_batch_core, asks_again_before_it_offers_by_what_the_node_told_long_ago)
{
    static const struct {
        const char *name;
        int64_t age_ms;
        enum assay_code look;
        const char *timeout; /* NULL: nothing is offered */
        unsigned looks;
    } rows[] = {
        {"now", 0, ASSAY_OK, "1110000", 0},
        {"as long ago as may be", KX_DAA_AGE_MAX_MS, ASSAY_OK, "1110000", 0},
        {"longer ago", KX_DAA_AGE_MAX_MS + 1, ASSAY_OK, "2110000", 1},
        {"longer ago, and it says no more", KX_DAA_AGE_MAX_MS + 1, ASSAY_E_TIMEOUT, NULL, 1},
    };

    b.shop.daa_score = BATCH_DAA;
    b.daa = 2 * BATCH_DAA;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply;
        json_t *extra;

        b.shop.daa_age_ms = rows[i].age_ms;
        b.look_code = rows[i].look;
        b.looks = 0;
        reply = ask_price("/batch");
        extra = json_object_get(batch_entry(&reply), "extra");
        batch_expect_text(json_string_value(json_object_get(extra, "refundTimeoutDaa")),
                          rows[i].timeout, "timeout", rows[i].name);
        cr_expect_eq(b.looks, rows[i].looks, "%s: %u looks", rows[i].name, b.looks);
    }
}

/* Another worker's node told it of a bucket that this one's has not told of yet. */
Test(kx_batch_core, takes_what_another_worker_has_offered)
{
    struct shop_reply reply;

    (void)batch_fund(&b, KX_THRESHOLD_DEFAULT);
    b.shop.daa_score = BATCH_DAA - 1001;
    reply = ask_price("/batch");
    cr_expect_str_eq(text_of(json_object_get(batch_entry(&reply), "extra"), "refundTimeoutDaa"),
                     "1100000");
    reply = batch_buy(&b, KX_STORY_OPEN);
    expect_served(&reply, "offered by another");
}

Test(kx_batch_core, offers_a_channel_only_where_the_route_sells_by_one)
{
    struct shop_reply reply = ask_price("/report");

    cr_expect_null(batch_entry(&reply));
    cr_expect_eq(b.looks, 0);
}

Test(kx_batch_core, rolls_its_timeouts_in_buckets)
{
    static const struct {
        uint64_t daa;
        const char *timeout; /* NULL: nothing is offered */
    } rows[] = {
        {1, "110000"},
        {9000, "110000"},
        {9001, "120000"},
        {BATCH_DAA, "1110000"},
        {UINT64_C(499999889000), "499999990000"},
        {UINT64_C(499999889001), NULL},
        {UINT64_MAX, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_reply reply;
        json_t *extra;

        b.daa = rows[i].daa;
        reply = ask_price("/batch");
        extra = json_object_get(batch_entry(&reply), "extra");
        if (rows[i].timeout == NULL)
            cr_expect_null(extra, "row %zu", i);
        else
            cr_expect_str_eq(text_of(extra, "refundTimeoutDaa"), rows[i].timeout, "row %zu", i);
    }
}

/* ---- the honest path ---- */

Test(kx_batch_core, opens_a_channel_by_its_deposit)
{
    struct shop_reply reply;
    struct kx_lane_record record;
    json_t *kaspa;

    (void)batch_fund(&b, KX_THRESHOLD_DEFAULT);
    reply = batch_buy(&b, KX_STORY_OPEN);
    expect_served(&reply, "deposit");
    cr_expect_str_eq(shop_log(&b.shop),
                     "admit; identifier; payment; attempt; channel; look; claim; begin; run; "
                     "result; commit; 200");
    kaspa = json_object_get(json_object_get(reply.settlement, "extensions"), "kaspa");
    cr_expect_str_eq(text_of(kaspa, "chargedAmount"), "10000000");
    cr_expect_str_eq(text_of(kaspa, "fundingAmount"), "90000000");
    cr_expect_str_eq(text_of(kaspa, "commitmentId"), text_of(reply.settlement, "transaction"));
    cr_expect_str_eq(text_of(json_object_get(kaspa, "channelState"), "authorizedCumulativeAmount"),
                     "10000000");
    record = batch_record(&b);
    cr_expect_eq(record.charged, SHOP_BATCH_PRICE);
    cr_expect_eq(record.version, 1);
    cr_expect_eq(record.status, KX_CHANNEL_ACTIVE);
    cr_expect_eq(record.lease[0], '\0');
    cr_expect_gt(record.lineage.len, 0);
}

Test(kx_batch_core, serves_vouchers_one_after_the_other)
{
    batch_open(&b);
    for (int i = 2; i <= 6; i++) {
        struct shop_reply reply = batch_buy(&b, KX_STORY_VOUCHER);

        expect_served(&reply, "voucher");
        cr_expect_str_eq(shop_log(&b.shop),
                         "admit; identifier; payment; attempt; channel; look; claim; begin; run; "
                         "result; commit; 200");
        cr_expect_eq(b.looks, 1, "one look a request");
        cr_expect_eq(batch_record(&b).charged, (uint64_t)i * SHOP_BATCH_PRICE);
    }
    cr_expect_eq(b.shop.runs, 6);
}

Test(kx_batch_core, takes_the_deposit_once_more_for_another_request)
{
    struct shop_reply reply;

    batch_open(&b);
    reply = batch_buy(&b, KX_STORY_SAME);
    expect_served(&reply, "the same deposit");
    cr_expect_eq(batch_record(&b).charged, 2 * SHOP_BATCH_PRICE);
    cr_expect_eq(batch_record(&b).version, 2);
}

Test(kx_batch_core, takes_a_top_up_with_a_request)
{
    struct kx_lane_record before, after;
    struct shop_reply reply;

    batch_open(&b);
    before = batch_record(&b);
    (void)batch_spend(&b, KX_BATCH_TOP_UP, 20000000, KX_THRESHOLD_DEFAULT);
    reply = batch_buy(&b, KX_STORY_TOP_UP);
    expect_served(&reply, "top-up");
    after = batch_record(&b);
    cr_expect_eq(after.head.value, before.head.value + 20000000);
    cr_expect_eq(after.version, before.version + 2, "the top-up, and the charge");
    cr_expect_eq(after.charged, 2 * SHOP_BATCH_PRICE);
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_served(&reply, "a voucher on it");
}

Test(kx_batch_core, gives_the_stored_answer_to_an_identical_retry)
{
    struct shop_ask ask = {.target = "/batch"};
    struct shop_reply first, again;

    batch_open(&b);
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE, NULL);
    first = shop_send(&b.shop, &ask);
    b.shop.now_ms += 3600000;
    again = shop_send(&b.shop, &ask);
    expect_served(&first, "first");
    expect_served(&again, "again, long expired");
    cr_expect_str_eq(first.receipt, again.receipt);
    cr_expect_eq(b.shop.runs, 2);
    cr_expect_eq(batch_record(&b).charged, 2 * SHOP_BATCH_PRICE);
}

/* Section 6.5: who takes a corrective offer takes it with the state in it, as long as that holds.
 */
Test(kx_batch_core, takes_a_corrective_offer_as_it_was_given)
{
    struct shop_ask ask = {.target = "/batch"};
    struct kx_batch_change change = {.sign = NULL};
    struct shop_reply reply;
    char *told;

    batch_open(&b);
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, 3 * SHOP_BATCH_PRICE, NULL);
    reply = shop_send(&b.shop, &ask);
    cr_assert_eq(reply.status, 402);
    told = json_dumps(batch_told(&reply), JSON_COMPACT);
    cr_assert_not_null(told);
    change.accepted_edit = assay_arena_printf(&b.shop.arena, "extra.channelState=%s", told);
    free(told);
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE, &change);
    reply = shop_send(&b.shop, &ask);
    expect_served(&reply, "as it was given");
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, 3 * SHOP_BATCH_PRICE, &change);
    reply = shop_send(&b.shop, &ask);
    cr_expect_eq(reply.status, 402, "the state is old");
    cr_expect_str_eq(reply.rule, "batch.offer.match");
}

/* A client whose channel was opened a while ago pays on its own timeout; nobody opens one on it. */
Test(kx_batch_core, keeps_the_timeout_of_an_open_channel)
{
    struct shop_reply reply;

    batch_open(&b);
    b.daa += 50000;
    reply = ask_price("/batch");
    cr_expect_str_eq(text_of(json_object_get(batch_entry(&reply), "extra"), "refundTimeoutDaa"),
                     "1160000");
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_served(&reply, "on the timeout of the channel");
}

/* An offer of a while ago is good for a deposit that took its time to be confirmed. */
Test(kx_batch_core, takes_a_deposit_on_an_offer_of_a_while_ago)
{
    struct shop_reply reply;

    (void)batch_fund(&b, KX_THRESHOLD_DEFAULT);
    b.daa += 50000;
    reply = batch_buy(&b, KX_STORY_OPEN);
    expect_served(&reply, "an older bucket");
}
