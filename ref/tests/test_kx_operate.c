/* A server claims what it is owed, in virtual time: the transaction, its lease, and where the
 * channel stands behind it (ref/core/kx_operate.h). */
#include "core/kx_operate.h"
#include "ref/tests/kx_batch_shop.h"

#include "kaspa/mass.h"

#include <criterion/criterion.h>

#define FEE_MAX UINT64_C(100000000)
#define LATER_MS INT64_C(1000)

static struct batch_shop b;

static void open_shop(void)
{
    batch_shop_open(&b);
    batch_open(&b);
}
static void close_shop(void)
{
    batch_shop_close(&b);
}
TestSuite(kx_operate, .init = open_shop, .fini = close_shop);

static struct kx_operated channel_now(void)
{
    const struct kx_lane_record record = batch_record(&b);
    struct kx_operated channel;

    cr_assert_eq(kx_operated_read(&channel, &b.shop.arena, b.shop.core.batch->binding, &record),
                 ASSAY_OK);
    return channel;
}

static enum assay_code claim(struct kx_lane_operation *out, struct kaspa_tx *tx,
                             const struct assay_key *key, uint64_t fee_max, struct assay_err *err)
{
    const struct kx_operated channel = channel_now();
    const struct kx_operator by = {
        .server = key, .fee_max = fee_max, .confirmations = KX_THRESHOLD_DEFAULT};
    struct kx_batch_artifact made = {.is_complete = false};
    enum assay_code rc = kx_operate_claim(out, &made, &b.shop.arena, &channel, &by, err);

    *tx = made.tx;
    return rc;
}

static struct kx_lane_operation owed(struct kaspa_tx *tx)
{
    struct kx_lane_operation operation;
    struct assay_err err = {0};

    cr_assert_eq(claim(&operation, tx, &b.lane.server, FEE_MAX, &err), ASSAY_OK, "%s", err.text);
    return operation;
}

static void begin(const struct kx_lane_operation *operation)
{
    enum kx_operation_result result;

    cr_assert_eq(
        b.shop.store->ops->begin_operation(b.shop.store, operation, b.shop.now_ms, &result, NULL),
        ASSAY_OK);
    cr_assert_eq(result, KX_OPERATION_BEGUN);
}

/* The claim is on the chain: what a look for it tells. */
static struct kx_sight accepted(const struct kaspa_tx *tx)
{
    const struct batch_tx *put = batch_put(&b, tx, KX_THRESHOLD_DEFAULT);
    const struct kx_look look = {.has_tx = true, .txid = put->id, .wants_body = true};
    struct kx_sight sight;

    cr_assert_eq(b.shop.chain(&b.shop, &sight, &b.shop.arena, &look), ASSAY_OK);
    cr_assert_eq(sight.evidence.status, KX_CHAIN_ACCEPTED);
    cr_assert(sight.has_body);
    return sight;
}

static void apply(const struct kx_lane_operation *operation, const struct kx_sight *sight)
{
    const struct kx_store_ops *ops = b.shop.store->ops;
    struct kx_operated channel = channel_now();
    struct assay_err err = {0};
    bool applied = false;

    cr_assert_eq(ops->accept_operation(b.shop.store, operation->txid, KX_THRESHOLD_DEFAULT,
                                       b.shop.now_ms, &err),
                 ASSAY_OK, "%s", err.text);
    cr_assert_eq(kx_operate_move(&channel, &b.shop.arena, sight, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(ops->apply_operation(b.shop.store, operation->txid, &channel.record, b.shop.now_ms,
                                      &applied, &err),
                 ASSAY_OK, "%s", err.text);
    cr_assert(applied);
}

static void expect_stands_on(const struct kx_lane_head *head)
{
    const struct kx_lane_record record = batch_record(&b);

    cr_expect(kx_lane_head_equal(&record.head, head));
    cr_expect_str_empty(record.lease);
}

Test(kx_operate, claims_all_that_is_charged_for_the_least_fee)
{
    struct kaspa_tx tx;
    const struct kx_lane_operation operation = owed(&tx);

    cr_expect_eq(operation.amount, SHOP_BATCH_PRICE);
    cr_expect_eq(operation.successor.claimed, SHOP_BATCH_PRICE);
    cr_expect_eq(operation.successor.value, BATCH_FUNDING - SHOP_BATCH_PRICE);
    cr_expect_eq(tx.outputs[0].value, SHOP_BATCH_PRICE - kaspa_relay_fee(&tx));
    cr_expect_eq(operation.version, batch_record(&b).version);
}

Test(kx_operate, sells_on_behind_its_claim)
{
    struct kaspa_tx tx;
    const struct kx_lane_operation operation = owed(&tx);
    struct kx_sight sight;
    struct shop_reply reply;

    begin(&operation);
    sight = accepted(&tx);
    apply(&operation, &sight);
    expect_stands_on(&operation.successor);
    b.head = operation.successor;
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    cr_expect_eq(reply.status, 200, "%d %s by %s", reply.status, reply.body, reply.rule);
}

Test(kx_operate, takes_what_requests_have_followed_meanwhile)
{
    struct kaspa_tx tx;
    const struct kx_lane_operation operation = owed(&tx);
    struct kx_operated channel;
    struct kx_sight sight;
    bool applied = false;

    begin(&operation);
    sight = accepted(&tx);
    channel = channel_now();
    cr_assert_eq(kx_operate_move(&channel, &b.shop.arena, &sight, NULL), ASSAY_OK);
    cr_assert_eq(b.shop.store->ops->put_lineage(b.shop.store, &channel.record,
                                                b.shop.now_ms + LATER_MS, &applied, NULL),
                 ASSAY_OK);
    cr_assert(applied);
    apply(&operation, &sight);
    expect_stands_on(&operation.successor);
}

Test(kx_operate, claims_nothing_twice)
{
    struct kaspa_tx tx;
    struct kx_lane_operation operation = owed(&tx);
    struct kx_sight sight;
    struct assay_err err = {0};

    begin(&operation);
    sight = accepted(&tx);
    apply(&operation, &sight);
    cr_expect_eq(claim(&operation, &tx, &b.lane.server, FEE_MAX, &err), ASSAY_E_MISSING, "%s",
                 err.text);
}

/* Of a client, for `added` more, without the server's signature; the coins as the chain has them.
 */
static void ask_for_more(struct kaspa_tx *tx, struct kx_sight *coins, uint64_t added)
{
    static const struct kaspa_point_of_view pov = {.daa_score = 100};
    struct kx_batch_funding funding = {
        .utxo = {.amount = added + 20000000, .spk = b.lane.lane.refund},
        .outpoint.txid.at = {0x07},
        .signing.key = &b.lane.client,
    };
    const struct kx_batch_plan plan = {
        .kind = KX_BATCH_TOP_UP,
        .lane = &b.lane.lane,
        .head = &b.head,
        .fee = 10000,
        .amount = added,
        .client.key = &b.lane.client,
        .funding = &funding,
        .funding_count = 1,
    };
    struct kx_batch_artifact made;
    struct kaspa_utxo *utxos;

    kx_lane_world_build(&made, &b.lane, &plan);
    utxos = assay_arena_alloc(&b.shop.arena, made.tx.input_count * sizeof(*utxos));
    memcpy(utxos, made.utxos, made.tx.input_count * sizeof(*utxos));
    *tx = made.tx;
    *coins = (struct kx_sight){.is_read = true, .utxos = utxos, .pov = pov};
}

static enum assay_code top_up(struct kx_lane_operation *out, struct kx_batch_artifact *made,
                              const struct kaspa_tx *asked, const struct kx_sight *coins,
                              struct assay_err *err)
{
    const struct kx_operated channel = channel_now();
    const struct kx_operator by = {
        .server = &b.lane.server, .fee_max = FEE_MAX, .confirmations = KX_THRESHOLD_DEFAULT};

    return kx_operate_top_up(out, made, &b.shop.arena, &channel, &by, asked, coins, err);
}

Test(kx_operate, sells_on_behind_a_top_up_that_it_has_signed)
{
    struct kx_lane_operation operation;
    struct kx_batch_artifact made;
    struct kaspa_tx asked;
    struct kx_sight sight;
    struct assay_err err = {0};
    struct shop_reply reply;

    ask_for_more(&asked, &sight, BATCH_FUNDING);
    cr_assert_eq(top_up(&operation, &made, &asked, &sight, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(operation.amount, BATCH_FUNDING);
    begin(&operation);
    sight = accepted(&made.tx);
    apply(&operation, &sight);
    expect_stands_on(&operation.successor);
    b.head = operation.successor;
    cr_expect_eq(b.head.value, 2 * BATCH_FUNDING);
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    cr_expect_eq(reply.status, 200, "%d %s by %s", reply.status, reply.body, reply.rule);
}

Test(kx_operate, signs_no_top_up_with_coins_that_are_gone)
{
    struct kx_lane_operation operation;
    struct kx_batch_artifact made;
    struct kaspa_tx asked;
    struct kx_sight coins;
    struct assay_err err = {0};
    bool is_missing[2] = {false, true};

    ask_for_more(&asked, &coins, BATCH_FUNDING);
    coins.is_missing = is_missing;
    cr_expect_eq(top_up(&operation, &made, &asked, &coins, &err), ASSAY_E_MISMATCH);
    cr_expect_neq(err.text[0], '\0');
}

Test(kx_operate, refuses_a_claim_that_is_not_worth_its_fee)
{
    struct kx_lane_operation operation;
    struct assay_err err = {0};
    struct kaspa_tx tx;

    cr_expect_eq(claim(&operation, &tx, &b.lane.server, 1, &err), ASSAY_E_RANGE);
    cr_expect(strstr(err.text, "its fee would be") != NULL, "%s", err.text);
}

Test(kx_operate, signs_with_the_key_of_the_channel_alone)
{
    struct kx_lane_operation operation;
    struct assay_err err = {0};
    struct kaspa_tx tx;

    cr_expect_eq(claim(&operation, &tx, &b.lane.client, FEE_MAX, &err), ASSAY_E_MISMATCH);
    cr_expect(strstr(err.text, "not the server's of this channel") != NULL, "%s", err.text);
}

Test(kx_operate, takes_no_transaction_that_spends_another_coin)
{
    struct kaspa_tx tx;
    const struct kx_lane_operation operation = owed(&tx);
    struct kx_operated channel = channel_now();
    struct kx_sight sight = accepted(&tx);
    struct kaspa_input input = sight.body.inputs[0];
    struct assay_err err = {0};

    (void)operation;
    input.previous.index ^= 1;
    sight.body.inputs = &input;
    cr_expect_eq(kx_operate_move(&channel, &b.shop.arena, &sight, &err), ASSAY_E_MISMATCH);
}

/* ---- what is owed, and by whom ---- */

static void never_charged(struct kx_operated *c)
{
    c->record.has_voucher = false;
}

static void is_claimed(struct kx_operated *c)
{
    c->record.charged = c->record.head.claimed;
}

/* kx_operate.h: MISSING, nothing is owed. */
Test(kx_operate, claims_nothing_that_is_not_owed)
{
    static const struct {
        void (*change)(struct kx_operated *c);
    } rows[] = {{never_charged}, {is_claimed}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct kx_operator by = {
            .server = &b.lane.server, .fee_max = FEE_MAX, .confirmations = KX_THRESHOLD_DEFAULT};
        struct kx_operated channel = channel_now();
        struct kx_lane_operation operation;
        struct kx_batch_artifact made;
        struct assay_err err = {0};

        rows[i].change(&channel);
        cr_expect_eq(kx_operate_claim(&operation, &made, &b.shop.arena, &channel, &by, &err),
                     ASSAY_E_MISSING, "row %zu: %s", i, err.text);
        cr_expect_not_null(strstr(err.text, "nothing is owed"), "row %zu: %s", i, err.text);
    }
}

/* A record that was changed is no channel. */
Test(kx_operate, reads_no_channel_that_was_damaged)
{
    const struct kx_lane_record good = batch_record(&b);
    struct kx_lane_record bad[3] = {good, good, good};
    struct kx_operated channel;

    bad[0].config = ASSAY_LIT("{}");
    bad[1].config = ASSAY_LIT("{");
    bad[2].lineage = ASSAY_LIT("\n\nbe");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        cr_expect_neq(
            kx_operated_read(&channel, &b.shop.arena, b.shop.core.batch->binding, &bad[i]),
            ASSAY_OK, "%zu", i);
}

Test(kx_operate, signs_a_top_up_with_the_key_of_the_channel_alone)
{
    const struct kx_operator by = {
        .server = &b.lane.client, .fee_max = FEE_MAX, .confirmations = KX_THRESHOLD_DEFAULT};
    const struct kx_operated channel = channel_now();
    const struct kx_sight coins = {.utxos = NULL};
    const struct kaspa_tx none = {.input_count = 0};
    struct kx_lane_operation operation;
    struct kx_batch_artifact made;
    struct assay_err err = {0};

    cr_expect_eq(
        kx_operate_top_up(&operation, &made, &b.shop.arena, &channel, &by, &none, &coins, &err),
        ASSAY_E_MISMATCH);
    cr_expect_not_null(strstr(err.text, "not the server's of this channel"), "%s", err.text);
}
