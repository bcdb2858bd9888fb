/* Channels whose heads the chain has moved or taken back: what a request on them finds out, and
 * that nothing is charged on the way. Batch digest, sections 12, 13 and 18 (B46, B94, B96 to B98).
 */
#include "ref/tests/kx_batch_shop.h"

static struct batch_shop b;

static void open_shop(void)
{
    batch_shop_open(&b);
    batch_open(&b);
    b.total = SHOP_BATCH_PRICE;
}

static void close_shop(void)
{
    batch_shop_close(&b);
}

TestSuite(kx_batch_core_follow, .init = open_shop, .fini = close_shop);

static void expect_state_error(const struct shop_reply *reply, const char *when)
{
    cr_expect_eq(reply->status, 402, "%s: %d %s", when, reply->status, reply->body);
    cr_expect(reply->error != NULL && strcmp(reply->error, "invalid_transaction_state") == 0,
              "%s: %s by %s", when, reply->body, reply->rule);
    cr_expect_eq(b.shop.runs, 1, "%s", when);
    cr_expect_eq(batch_record(&b).charged, SHOP_BATCH_PRICE, "%s", when);
}

/* A request on the head that the store has, whatever the client knows. */
static struct shop_reply buy_on(const struct kx_lane_head *head)
{
    const struct kx_lane_head known = b.head;
    struct shop_reply reply;

    b.head = *head;
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    b.head = known;
    return reply;
}

Test(kx_batch_core_follow, follows_a_claim_and_tells_where_the_channel_stands)
{
    const struct kx_lane_head old = b.head;
    struct shop_reply reply;
    struct kx_lane_record record;
    json_t *told;

    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    reply = buy_on(&old);
    expect_state_error(&reply, "the old head");
    cr_expect_str_eq(shop_log(&b.shop),
                     "admit; identifier; payment; attempt; channel; look; lineage; look; coins; "
                     "follow; identifier; 402");
    told = batch_told(&reply);
    cr_assert_not_null(told);
    cr_expect_str_eq(json_string_value(json_object_get(told, "claimedCumulativeAmount")),
                     "5000000");
    cr_expect_str_eq(json_string_value(json_object_get(told, "fundingAmount")), "85000000");
    record = batch_record(&b);
    cr_expect(kaspa_outpoint_equal(&record.head.outpoint, &b.head.outpoint));
    cr_expect_eq(record.head.claimed, SHOP_BATCH_PRICE / 2);
    cr_expect_eq(record.status, KX_CHANNEL_ACTIVE);
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    cr_expect_eq(reply.status, 200, "on the new head: %s", reply.body);
}

Test(kx_batch_core_follow, waits_for_a_claim_to_be_confirmed)
{
    const struct kx_lane_head old = b.head;
    struct batch_tx *claim = batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 29);
    uint64_t version = batch_record(&b).version;
    struct shop_reply reply = buy_on(&old);

    expect_state_error(&reply, "29");
    cr_expect_eq(batch_record(&b).version, version);
    cr_expect_null(batch_told(&reply), "what cannot be told tells nothing");
    claim->confirmations = 30;
    reply = buy_on(&old);
    expect_state_error(&reply, "30");
    cr_expect_eq(batch_record(&b).version, version + 1);
}

Test(kx_batch_core_follow, ends_a_channel_that_was_refunded)
{
    const struct kx_lane_head old = b.head;
    struct shop_reply reply;

    (void)batch_spend(&b, KX_BATCH_REFUND, 0, 30);
    reply = buy_on(&old);
    expect_state_error(&reply, "refunded");
    cr_expect_eq(batch_record(&b).status, KX_CHANNEL_REFUNDED);
    b.txs[b.tx_count - 1].is_accepted = false; /* B97: never active again */
    reply = buy_on(&old);
    expect_state_error(&reply, "the refund taken back");
    cr_expect_str_eq(reply.rule, "batch.channel.known");
    cr_expect_neq(batch_record(&b).status, KX_CHANNEL_ACTIVE);
}

Test(kx_batch_core_follow, never_charges_a_channel_again_whose_claim_was_taken_back)
{
    const struct kx_lane_head old = b.head;
    struct batch_tx *claim = batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    struct shop_reply reply = buy_on(&old);
    struct kx_lane_record record;

    expect_state_error(&reply, "followed");
    claim->is_accepted = false;
    reply = buy_on(&b.head);
    expect_state_error(&reply, "B96");
    record = batch_record(&b);
    cr_expect_eq(record.status, KX_CHANNEL_SUSPICIOUS);
    cr_expect_eq(record.head.claimed, 0, "head and S roll back");
    cr_expect(kaspa_outpoint_equal(&record.head.outpoint, &old.outpoint));
    reply = buy_on(&old);
    expect_state_error(&reply, "on the old head, which is there");
    cr_expect_str_eq(reply.rule, "batch.channel.known");
    claim->is_accepted = true;
    reply = buy_on(&b.head);
    expect_state_error(&reply, "back again, and no better for it");
}

static void put_status(enum kx_channel_status status)
{
    struct kx_store *store = b.shop.store;
    struct kx_lane_record record = batch_record(&b);
    bool applied = false;

    record.status = status;
    cr_assert_eq(store->ops->put_lineage(store, &record, b.shop.now_ms, &applied, NULL), ASSAY_OK);
    cr_assert(applied);
}

/* Its journal knows of nothing that was undone; the record does. */
Test(kx_batch_core_follow, never_charges_a_channel_again_that_was_closed_and_then_unavailable)
{
    const struct kx_lane_head old = b.head;
    struct shop_reply reply;

    put_status(KX_CHANNEL_SUSPICIOUS);
    put_status(KX_CHANNEL_UNAVAILABLE);
    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    reply = buy_on(&old);
    expect_state_error(&reply, "followed");
    cr_expect_eq(batch_record(&b).status, KX_CHANNEL_SUSPICIOUS);
    reply = buy_on(&b.head);
    expect_state_error(&reply, "on the new head");
    cr_expect_str_eq(reply.rule, "batch.channel.known");
}

Test(kx_batch_core_follow, waits_for_a_genesis_that_was_taken_back)
{
    struct shop_reply reply;

    b.txs[0].is_accepted = false;
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_state_error(&reply, "B98");
    cr_expect_eq(batch_record(&b).status, KX_CHANNEL_UNAVAILABLE);
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_state_error(&reply, "B98, still");
    b.txs[0].is_accepted = true;
    b.txs[0].confirmations = 29;
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_state_error(&reply, "B98, not deep enough");
    b.txs[0].confirmations = 30;
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_state_error(&reply, "B98, seen again");
    cr_expect_eq(batch_record(&b).status, KX_CHANNEL_ACTIVE);
    cr_expect_eq(batch_buy(&b, KX_STORY_VOUCHER).status, 200);
}

/* Nothing is known of who has spent the head: nothing changes, and nothing is charged. */
static void without_a_word(struct kx_sight *sight)
{
    sight->evidence.status = KX_CHAIN_UNKNOWN;
    sight->is_read = false;
}

Test(kx_batch_core_follow, changes_nothing_where_the_chain_cannot_tell)
{
    const struct kx_lane_head old = b.head;
    uint64_t version = batch_record(&b).version;
    struct shop_reply reply;

    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    b.lie = without_a_word;
    reply = buy_on(&old);
    expect_state_error(&reply, "no word");
    b.lie = NULL;
    b.tells_body = false;
    reply = buy_on(&old);
    expect_state_error(&reply, "no body");
    cr_expect_eq(batch_record(&b).version, version);
    cr_expect_eq(batch_record(&b).status, KX_CHANNEL_ACTIVE);
}

/* What spends the head and is none of its transitions. */
static void redirected(struct kx_sight *sight)
{
    static struct kaspa_output outputs[2];

    if (!sight->has_body || sight->body.output_count != 2)
        return;
    outputs[0] = sight->body.outputs[0];
    outputs[1] = sight->body.outputs[1];
    outputs[1].spk = outputs[0].spk;
    sight->body.outputs = outputs;
}

Test(kx_batch_core_follow, follows_nothing_that_is_no_transition)
{
    const struct kx_lane_head old = b.head;
    uint64_t version = batch_record(&b).version;
    struct shop_reply reply;

    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    b.lie = redirected;
    reply = buy_on(&old);
    expect_state_error(&reply, "redirected");
    cr_expect_eq(batch_record(&b).version, version);
}

static void spends_another(struct kx_sight *sight)
{
    static struct kaspa_input inputs[4];

    if (!sight->has_body)
        return;
    cr_assert_leq(sight->body.input_count, ARRAY_LEN(inputs));
    for (size_t i = 0; i < sight->body.input_count; i++) {
        inputs[i] = sight->body.inputs[i];
        inputs[i].previous.index ^= 7;
    }
    sight->body.inputs = inputs;
}

static void makes_nothing(struct kx_sight *sight)
{
    sight->body.output_count = 0;
}

static void is_no_more(struct kx_sight *sight)
{
    if (sight->has_body)
        sight->evidence.status = KX_CHAIN_MEMPOOL;
}

/* Its outputs are of another lineage, so that it would be a refund, and pays nobody as one. */
static void leaves_the_lineage(struct kx_sight *sight)
{
    static struct kaspa_output outputs[4];

    if (!sight->has_body)
        return;
    cr_assert_leq(sight->body.output_count, ARRAY_LEN(outputs));
    for (size_t i = 0; i < sight->body.output_count; i++) {
        outputs[i] = sight->body.outputs[i];
        outputs[i].has_covenant = true;
        outputs[i].covenant_id.at[0] ^= 1;
    }
    sight->body.outputs = outputs;
}

Test(kx_batch_core_follow, follows_no_claim_that_the_node_tells_otherwise)
{
    static const struct {
        const char *name;
        void (*lie)(struct kx_sight *sight);
    } rows[] = {
        {"it spends another coin", spends_another},
        {"it makes nothing", makes_nothing},
        {"it is accepted no more", is_no_more},
        {"it leaves the lineage", leaves_the_lineage},
    };
    const struct kx_lane_head old = b.head;
    uint64_t version = batch_record(&b).version;
    struct shop_reply reply;

    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        b.lie = rows[i].lie;
        reply = buy_on(&old);
        expect_state_error(&reply, rows[i].name);
        cr_expect_eq(batch_record(&b).version, version, "row: %s", rows[i].name);
    }
    b.lie = NULL;
    reply = buy_on(&old);
    expect_state_error(&reply, "the truth");
    cr_expect_eq(batch_record(&b).version, version + 1, "is followed");
}

/* Where what made the head is found nobody knows once it was taken back, whatever is told. */
static bool has_since;

static enum assay_code (*chain)(struct shop *s, struct kx_sight *out, struct assay_arena *arena,
                                const struct kx_look *asked);

static enum assay_code remember_look(struct shop *s, struct kx_sight *out,
                                     struct assay_arena *arena, const struct kx_look *asked)
{
    if (asked->has_tx)
        has_since = asked->has_since;
    return chain(s, out, arena, asked);
}

static void from_somewhere(struct kx_sight *sight)
{
    sight->has_before = true;
}

Test(kx_batch_core_follow, looks_for_what_was_taken_back_from_nowhere)
{
    struct shop_reply reply;

    b.txs[0].is_accepted = false;
    b.lie = from_somewhere;
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_state_error(&reply, "taken back");
    cr_assert_eq(batch_record(&b).status, KX_CHANNEL_UNAVAILABLE);
    chain = b.shop.chain;
    b.shop.chain = remember_look;
    has_since = true;
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_state_error(&reply, "still");
    cr_expect_not(has_since);
}

Test(kx_batch_core_follow, follows_a_top_up_that_came_without_a_request)
{
    const struct kx_lane_head old = b.head;
    struct shop_reply reply;

    (void)batch_spend(&b, KX_BATCH_TOP_UP, 5000000, 30);
    reply = buy_on(&old);
    expect_state_error(&reply, "the head before it");
    cr_expect_eq(batch_record(&b).head.value, BATCH_FUNDING + 5000000);
    cr_expect_eq(batch_buy(&b, KX_STORY_VOUCHER).status, 200);
}

/* Its client knows of a top-up, or of a claim, that this server has missed. */
Test(kx_batch_core_follow, follows_where_its_client_knows_more)
{
    struct shop_reply reply;
    json_t *told;

    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    expect_state_error(&reply, "on the new head");
    cr_expect_str_eq(reply.rule, "batch.channel.head");
    told = batch_told(&reply);
    cr_expect_str_eq(json_string_value(json_object_get(told, "fundingAmount")), "85000000");
    cr_expect_eq(batch_buy(&b, KX_STORY_VOUCHER).status, 200, "once more");
}

/* Two steps behind: each request makes one of them. */
Test(kx_batch_core_follow, catches_up_one_step_a_request)
{
    struct shop_reply reply;

    (void)batch_spend(&b, KX_BATCH_TOP_UP, 5000000, 30);
    (void)batch_spend(&b, KX_BATCH_TOP_UP, 6000000, 30);
    reply = batch_buy(&b, KX_STORY_TOP_UP);
    expect_state_error(&reply, "of the second");
    cr_expect_str_eq(reply.rule, "batch.deposit.top-up");
    cr_expect_eq(batch_record(&b).head.value, BATCH_FUNDING + 5000000);
    cr_expect_eq(batch_buy(&b, KX_STORY_TOP_UP).status, 200);
    cr_expect_eq(batch_record(&b).head.value, BATCH_FUNDING + 11000000);
}

/* The client's top-up as he knows it, whatever has become of what it spends. */
static struct shop_reply top_up_at(const struct kx_lane_head *head)
{
    const struct kx_lane_head known = b.head;
    struct shop_reply reply;

    b.head = *head;
    reply = batch_buy(&b, KX_STORY_TOP_UP);
    b.head = known;
    return reply;
}

static void expect_told(const struct shop_reply *reply, const char *member, const char *value)
{
    json_t *told = batch_told(reply);

    cr_assert_not_null(told, "%s", reply->body);
    cr_expect_str_eq(json_string_value(json_object_get(told, member)), value, "%s", member);
}

Test(kx_batch_core_follow, follows_a_top_up_that_was_spent_before_it_was_presented)
{
    struct kx_lane_head topped;
    struct shop_reply reply;

    (void)batch_spend(&b, KX_BATCH_TOP_UP, 5000000, 30);
    topped = b.head;
    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    reply = top_up_at(&topped);
    expect_state_error(&reply, "a top-up that a claim has spent");
    expect_told(&reply, "fundingAmount", "95000000");
    reply = top_up_at(&topped);
    expect_state_error(&reply, "once more");
    expect_told(&reply, "fundingAmount", "90000000");
    expect_told(&reply, "claimedCumulativeAmount", "5000000");
    cr_expect_eq(batch_buy(&b, KX_STORY_VOUCHER).status, 200);
}

/* It spends the coin that something else has spent, and so will never be there. */
static struct kx_lane_head never_topped_up(void)
{
    struct kx_lane_head head = b.head;

    head.outpoint.txid.at[0] ^= 1;
    head.value += 5000000;
    return head;
}

Test(kx_batch_core_follow, tells_where_the_head_went_that_a_top_up_was_made_for)
{
    const struct kx_lane_head topped = never_topped_up();
    struct shop_reply reply = top_up_at(&topped);

    expect_state_error(&reply, "not there yet");
    expect_told(&reply, "fundingAmount", "90000000");
    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 29);
    reply = top_up_at(&topped);
    expect_state_error(&reply, "the claim is not deep enough");
    cr_expect_null(batch_told(&reply), "the head is not there any more");
    b.txs[b.tx_count - 1].confirmations = 30;
    reply = top_up_at(&topped);
    expect_state_error(&reply, "a claim came first");
    expect_told(&reply, "claimedCumulativeAmount", "5000000");
    reply = top_up_at(&topped);
    cr_expect_eq(reply.status, 402, "once it is known: %s", reply.body);
    expect_told(&reply, "claimedCumulativeAmount", "5000000");
    cr_expect_eq(batch_buy(&b, KX_STORY_VOUCHER).status, 200);
}

Test(kx_batch_core_follow, ends_a_channel_whose_refund_came_before_its_top_up)
{
    const struct kx_lane_head topped = never_topped_up();
    struct shop_reply reply;

    (void)batch_spend(&b, KX_BATCH_REFUND, 0, 30);
    reply = top_up_at(&topped);
    expect_state_error(&reply, "a refund came first");
    cr_expect_null(batch_told(&reply));
    cr_expect_eq(batch_record(&b).status, KX_CHANNEL_REFUNDED);
}

/* Whoever has not signed for the lineage costs no look. */
static void by_a_stranger(struct kx_batch_world *w)
{
    w->voucher_signer = &w->lane.server;
}

Test(kx_batch_core_follow, follows_no_stranger)
{
    static const struct kx_batch_change change = {.sign = by_a_stranger};
    struct shop_ask ask = {.target = "/batch"};
    struct shop_reply reply;

    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE, &change);
    b.shop.daa_score = BATCH_DAA;
    reply = shop_send(&b.shop, &ask);
    expect_state_error(&reply, "a stranger");
    cr_expect_eq(b.looks, 0);
}

/* A journal that cannot be read is not gone on with. */
Test(kx_batch_core_follow, charges_nothing_where_the_journal_cannot_be_read)
{
    struct kx_lane_record record = batch_record(&b);
    const struct kx_lane_head old = b.head;
    struct shop_reply reply;
    bool applied = false;

    record.lineage = ASSAY_LIT("{}\n{}\n");
    cr_assert_eq(
        b.shop.store->ops->put_lineage(b.shop.store, &record, b.shop.now_ms, &applied, NULL),
        ASSAY_OK);
    (void)batch_spend(&b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, 30);
    reply = buy_on(&old);
    cr_expect_eq(reply.status, 503, "%s", reply.body);
    cr_expect_eq(b.shop.runs, 1);
}
