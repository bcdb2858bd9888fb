/* Batch payments and what the chain says of their heads: deposits that it does not bear out, sums
 * that do not fit, refunds that open soon. Rows are those of the batch digest, section 18 (B14,
 * B15, B43, B48 to B51, B89). */
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

TestSuite(kx_batch_core_chain, .init = open_shop, .fini = close_shop);

static void count_at_the_checkpoint(struct kx_sight *sight)
{
    sight->accepting_block = sight->sink;
}

static void none_bound(struct kx_sight *sight)
{
    sight->utxos[0].has_covenant = false;
}

static void worth_less(struct kx_sight *sight)
{
    sight->utxos[0].amount--;
}

static void unknown(struct kx_sight *sight)
{
    sight->evidence = (struct kx_chain_evidence){.status = KX_CHAIN_UNKNOWN,
                                                 .transaction_id = sight->evidence.transaction_id};
}

static void with_change(struct kx_sight *sight)
{
    static struct kaspa_output outputs[2];

    if (!sight->has_body)
        return;
    outputs[0] = outputs[1] = sight->body.outputs[0];
    outputs[1].has_covenant = false;
    sight->body.outputs = outputs;
    sight->body.output_count = 2;
}

static void without_depth(struct kx_sight *sight)
{
    sight->evidence.has_confirmations = false;
}

static void by_another(struct kx_sight *sight)
{
    sight->accepted.at[0] ^= 1;
}

static void of_no_outputs(struct kx_sight *sight)
{
    sight->body.output_count = 0;
}

Test(kx_batch_core_chain, opens_nothing_that_the_chain_does_not_bear_out)
{
    static const struct {
        const char *name;
        uint64_t confirmations;
        void (*lie)(struct kx_sight *sight);
        const char *error, *rule;
    } cases[] = {
        {"B48: 29 confirmations", 29, NULL, "invalid_transaction_state", "batch.head.confirmed"},
        {"B50: 30 at the checkpoint itself", 30, count_at_the_checkpoint,
         "invalid_transaction_state", "batch.head.confirmed"},
        {"no word of its transaction", 30, unknown, "invalid_transaction_state",
         "batch.head.confirmed"},
        {"in no covenant", 30, none_bound, "invalid_payment_requirements", "batch.head.lineage"},
        {"worth less", 30, worth_less, "invalid_payment_requirements", "batch.head.amount"},
        {"of no depth that is told", 30, without_depth, "invalid_transaction_state",
         "batch.head.confirmed"},
        {"B51: a genesis with change", 30, with_change, "invalid_payment_requirements",
         "batch.deposit.genesis"},
    };
    struct shop_ask ask = {.target = "/batch"};
    struct batch_tx *genesis = batch_fund(&b, 30);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct shop_reply reply;

        b.lie = NULL;
        genesis->confirmations = cases[i].confirmations;
        ask.payment = batch_seal(&b, &ask, KX_STORY_OPEN, SHOP_BATCH_PRICE, NULL);
        b.lie = cases[i].lie;
        reply = shop_send(&b.shop, &ask);
        cr_expect_eq(reply.status, 402, "%s: %d %s", cases[i].name, reply.status, reply.body);
        batch_expect_text(reply.error, cases[i].error, "error", cases[i].name);
        batch_expect_text(reply.rule, cases[i].rule, "rule", cases[i].name);
        cr_expect_null(strstr(shop_log(&b.shop), "claim"), "%s", cases[i].name);
    }
    cr_expect_eq(b.shop.runs, 0);
}

static void without_time(struct kx_sight *sight)
{
    unknown(sight);
    sight->pov.daa_score = 0;
}

/* A node that contradicts itself, or cannot tell the time, is no fault of the payer's: nothing is
 * claimed, and the same payment is served when the node is right. */
Test(kx_batch_core_chain, blames_nobody_for_what_a_node_tells_wrong)
{
    static const struct {
        const char *name;
        void (*lie)(struct kx_sight *sight);
    } rows[] = {
        {"the body of another transaction", by_another},
        {"a body without outputs", of_no_outputs},
        {"no time", without_time},
    };
    struct shop_ask ask = {.target = "/batch"};
    struct shop_reply reply;

    (void)batch_fund(&b, 30);
    ask.payment = batch_seal(&b, &ask, KX_STORY_OPEN, SHOP_BATCH_PRICE, NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        b.lie = rows[i].lie;
        reply = shop_send(&b.shop, &ask);
        cr_expect_eq(reply.status, 503, "%s: %d %s", rows[i].name, reply.status, reply.body);
        cr_expect_null(strstr(shop_log(&b.shop), "claim"), "%s", rows[i].name);
        cr_expect_eq(b.shop.runs, 0, "%s", rows[i].name);
    }
    b.lie = NULL;
    cr_expect_eq(shop_send(&b.shop, &ask).status, 200);
}

/* B43: the store has seen this lineage under another channel's id, once. */
static void register_elsewhere(void)
{
    struct kx_lane_record record = {.config = ASSAY_LIT("{}"),
                                    .status = KX_CHANNEL_ACTIVE,
                                    .head = b.head,
                                    .lineage = ASSAY_LIT("")};
    struct kx_attempt attempt = {.amount = 1,
                                 .identifier = ASSAY_LIT(""),
                                 .authorization_expires_ms = INT64_MAX,
                                 .challenge_expires_ms = KX_NO_TIME,
                                 .pay_to_spk = ASSAY_LIT(""),
                                 .transaction = ASSAY_LIT(""),
                                 .since = ASSAY_LIT(""),
                                 .required = KX_FINALITY_CONFIRMED,
                                 .has_channel = true,
                                 .deposit = &record,
                                 .charge.after = 1};
    char *const texts[] = {attempt.txid,
                           attempt.fingerprint,
                           attempt.requirements_hash,
                           attempt.payload_hash,
                           attempt.authorization_id,
                           attempt.scope,
                           attempt.charge.channel_id,
                           attempt.charge.commitment_id,
                           record.channel_id};
    enum kx_claim_result result;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        memset(texts[i], 'e', X402_HASH_TEXT_BYTES - 1);
    cr_assert_eq(b.shop.store->ops->claim(b.shop.store, &attempt, b.shop.now_ms, &result, NULL),
                 ASSAY_OK);
    cr_assert_eq(result, KX_CLAIM_CREATED);
}

Test(kx_batch_core_chain, opens_no_second_channel_on_one_lineage)
{
    struct shop_ask ask = {.target = "/batch"};
    struct shop_reply reply;

    (void)batch_fund(&b, 30);
    register_elsewhere();
    ask.payment = batch_seal(&b, &ask, KX_STORY_OPEN, SHOP_BATCH_PRICE, NULL);
    reply = shop_send(&b.shop, &ask);
    cr_expect_eq(reply.status, 402);
    batch_expect_text(reply.rule, "batch.voucher.lineage", "rule", "B43");
    batch_expect_text(reply.error, "invalid_payment_requirements", "error", "B43");
    cr_expect_eq(b.shop.runs, 0);
}

/* B49: what a node says of blue scores does not count. */
Test(kx_batch_core_chain, counts_blocks_and_not_scores)
{
    struct shop_ask ask = {.target = "/batch"};
    struct shop_reply reply;

    (void)batch_fund(&b, 3);
    ask.payment = batch_seal(&b, &ask, KX_STORY_OPEN, SHOP_BATCH_PRICE, NULL);
    reply = shop_send(&b.shop, &ask);
    cr_expect_str_eq(reply.rule, "batch.head.confirmed");
}

Test(kx_batch_core_chain, opens_no_channel_below_the_smallest_deposit)
{
    struct shop_ask ask = {.target = "/batch"};
    struct shop_reply reply;

    b.config.min_deposit = BATCH_FUNDING + 1;
    (void)batch_fund(&b, 30);
    ask.payment = batch_seal(&b, &ask, KX_STORY_OPEN, SHOP_BATCH_PRICE, NULL);
    reply = shop_send(&b.shop, &ask);
    cr_expect_eq(reply.status, 402);
    batch_expect_text(reply.rule, "batch.deposit.minimum", "rule", "B15");
    batch_expect_text(reply.error, "invalid_payment_requirements", "error", "B15");
}

Test(kx_batch_core_chain, leaves_the_reserve_in_the_channel)
{
    struct shop_reply reply;

    batch_open(&b);
    for (uint64_t spent = 2 * SHOP_BATCH_PRICE; spent + BATCH_RESERVE <= BATCH_FUNDING;
         spent += SHOP_BATCH_PRICE)
        cr_assert_eq(batch_buy(&b, KX_STORY_VOUCHER).status, 200);
    cr_expect_eq(b.total, BATCH_FUNDING - BATCH_RESERVE, "the last one fits exactly");
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    cr_expect_eq(reply.status, 402);
    batch_expect_text(reply.rule, "batch.channel.accounts", "rule", "B14");
    batch_expect_text(reply.error, "invalid_payment_requirements", "error", "B14");
}

Test(kx_batch_core_chain, stops_before_the_refund_opens)
{
    struct shop_reply reply;

    batch_open(&b);
    b.daa = BATCH_TIMEOUT - KX_REFUND_LEAD_DEFAULT - 1;
    cr_expect_eq(batch_buy(&b, KX_STORY_VOUCHER).status, 200);
    b.daa++;
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    cr_expect_eq(reply.status, 402);
    batch_expect_text(reply.error, "invalid_payload", "error", "B89");
    batch_expect_text(reply.rule, "batch.refund.window", "rule", "B89");
    cr_expect_eq(b.shop.runs, 2);
}

Test(kx_batch_core_chain, asks_for_another_time_where_the_node_cannot_be_asked)
{
    struct shop_ask ask = {.target = "/batch"};
    struct shop_reply reply;

    batch_open(&b);
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, 2 * SHOP_BATCH_PRICE, NULL);
    b.look_code = ASSAY_E_TIMEOUT;
    reply = shop_send(&b.shop, &ask);
    cr_expect_eq(reply.status, 504);
    cr_expect_eq(reply.retry_after_s, 1);
    b.look_code = ASSAY_OK;
    cr_expect_eq(shop_send(&b.shop, &ask).status, 200);
}

/* Its coin is there, and deep; the block that could tell what made it is not kept any more (section
 * 12). Nobody is asked to try again for what no retry will change. */
Test(kx_batch_core_chain, opens_nothing_by_what_the_node_does_not_remember)
{
    static const struct {
        const char *name, *rule;
        enum kx_batch_story story;
    } rows[] = {
        {"a genesis", "batch.deposit.genesis", KX_STORY_OPEN},
        {"a top-up", "batch.deposit.top-up", KX_STORY_TOP_UP},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const bool is_top_up = rows[i].story == KX_STORY_TOP_UP;
        struct shop_reply reply;

        if (is_top_up)
            (void)batch_spend(&b, KX_BATCH_TOP_UP, BATCH_FUNDING, KX_THRESHOLD_DEFAULT);
        else
            (void)batch_fund(&b, KX_THRESHOLD_DEFAULT);
        b.tells_body = false;
        reply = batch_buy(&b, rows[i].story);
        cr_expect_eq(reply.status, 402, "%s: %d %s", rows[i].name, reply.status, reply.body);
        cr_expect_eq(reply.retry_after_s, 0, "%s", rows[i].name);
        batch_expect_text(reply.error, "invalid_transaction_state", "error", rows[i].name);
        batch_expect_text(reply.rule, rows[i].rule, "rule", rows[i].name);
        cr_expect_eq(b.shop.runs, is_top_up, "%s", rows[i].name);
        b.tells_body = true;
        cr_expect_eq(batch_buy(&b, rows[i].story).status, 200, "%s, remembered", rows[i].name);
    }
}
