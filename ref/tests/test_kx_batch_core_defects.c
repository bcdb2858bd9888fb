/* Every seeded defect of the core's way with batch payments shows: what is offered, in which order
 * is decided, what is told, and how a head is followed. See defects/kaspa_x402.def. */
#include "ref/tests/kx_batch_defects.h"

#include "kaspa_x402/batch_settlement.h"

#define NEXT (2 * SHOP_BATCH_PRICE)
#define CLAIMED (SHOP_BATCH_PRICE / 2)

static struct shop_reply reply; /* the last one */

static void seal(struct batch_shop *b, struct shop_ask *paid, const struct kx_batch_change *change)
{
    paid->payment = batch_seal(b, paid, KX_STORY_VOUCHER, b->total + SHOP_BATCH_PRICE, change);
}

/* One more request on an open channel, made in a way. */
static int send_next(struct batch_shop *b, const struct kx_batch_change *change)
{
    struct shop_ask paid = {.target = "/batch"};

    seal(b, &paid, change);
    reply = shop_send(&b->shop, &paid);
    return reply.status;
}

static int buy(struct batch_shop *b)
{
    reply = batch_buy(b, KX_STORY_VOUCHER);
    return reply.status;
}

/* ---- forgeries ---- */

/* Far enough away to be taken, and not to be claimed in. */
static void refunded_soon(struct kx_lane_world *lane)
{
    lane->channel.refund_timeout_daa = BATCH_DAA + 2 * KX_REFUND_LEAD_DEFAULT;
    kx_lane_world_open(lane, "kaspa-escrow-v3", KX_ESCROW_V5_TEMPLATE);
}

static void send_claim(struct kx_batch_world *w)
{
    (void)kx_batch_world_operation(w, "claim");
}

static void is_closed(struct batch_shop *b)
{
    struct kx_lane_record record;
    bool applied = false;

    batch_open(b);
    record = batch_record(b);
    record.status = KX_CHANNEL_SUSPICIOUS;
    cr_assert_eq(
        b->shop.store->ops->put_lineage(b->shop.store, &record, b->shop.now_ms, &applied, NULL),
        ASSAY_OK);
    cr_assert(applied);
}

/* By this server, and not sent yet. */
static void begins_a_claim(struct batch_shop *b)
{
    struct kx_lane_record record = batch_record(b);
    struct kx_lane_operation claim = {.version = record.version,
                                      .kind = KX_CLAIM,
                                      .amount = CLAIMED,
                                      .has_successor = true,
                                      .successor = record.head,
                                      .confirmations = KX_THRESHOLD_DEFAULT,
                                      .transaction = ASSAY_LIT("{}")};
    enum kx_operation_result result;

    memset(claim.txid, 'c', sizeof(claim.txid) - 1);
    memset(claim.successor.outpoint.txid.at, 0xcc, KASPA_HASH_BYTES);
    claim.successor.value -= CLAIMED;
    claim.successor.claimed += CLAIMED;
    memcpy(claim.channel_id, record.channel_id, sizeof(claim.channel_id));
    cr_assert_eq(
        b->shop.store->ops->begin_operation(b->shop.store, &claim, b->shop.now_ms, &result, NULL),
        ASSAY_OK);
    cr_assert_eq(result, KX_OPERATION_BEGUN);
}

static void is_spent(struct batch_shop *b)
{
    (void)batch_spend(b, KX_BATCH_CLAIM, CLAIMED, KX_THRESHOLD_DEFAULT);
}

/* The script has no salt. */
static void sign_with_another_salt(struct kx_batch_world *w)
{
    w->lane.channel.salt[0] ^= 1;
    kx_lane_world_open(&w->lane, "kaspa-escrow-v3", KX_ESCROW_V5_TEMPLATE);
    w->config = w->lane.lane;
}

#define V KX_STORY_VOUCHER
#define O KX_STORY_OPEN
#define PRIVATE(whose)                                                                             \
    {                                                                                              \
        .target = "/batch/private", .token = (whose)                                               \
    }

static const struct kx_batch_forgery forgeries[] = {
    {"batch.offer_timeout", O, .lane = refunded_soon},
    {"batch.context_shared", V, .ask = PRIVATE(SHOP_TOKEN), .sent = PRIVATE(SHOP_TOKEN_B)},
    {"batch.operation_served", V, .change = {.sent = send_claim}},
    {"batch.closed_served", V, .prepare = is_closed},
    {"batch.claim_ignored", V, .meanwhile = begins_a_claim},
    {"batch.coin_unseen", V, .meanwhile = is_spent},
    {"kx.channel.lineage_reused", O, .change = {.sign = sign_with_another_salt},
     .total = SHOP_BATCH_PRICE, .prepare = batch_open},
};

Test(kx_batch_core_defects, let_forgeries_pass)
{
    kx_batch_forgeries_expect(forgeries, ARRAY_LEN(forgeries));
}

/* ---- what is offered ---- */

static bool offers(struct batch_shop *b, const char *member, const char *value)
{
    const struct shop_ask ask = {.target = "/batch"};
    const char *text;

    reply = shop_send(&b->shop, &ask);
    text = json_string_value(json_object_get(batch_entry(&reply), member));
    if (text == NULL)
        text = json_string_value(
            json_object_get(json_object_get(batch_entry(&reply), "extra"), member));
    return text == value || (text != NULL && value != NULL && strcmp(text, value) == 0);
}

static bool offers_its_price(struct batch_shop *b)
{
    return offers(b, "amount", "10000000");
}

static bool offers_a_score(struct batch_shop *b)
{
    return offers(b, "refundTimeoutDaa", "1110000");
}

static bool asks_for_the_reserve(struct batch_shop *b)
{
    return offers(b, "minDepositSompi", "30000000");
}

static bool promises_nothing(struct batch_shop *b)
{
    return offers(b, "mcpErrorChargeSompi", NULL);
}

/* Of a tool, whose failure is charged. */
static bool says_what_failure_costs(struct batch_shop *b)
{
    static const struct kx_tool_call tool = {
        .audience = {(const uint8_t *)SHOP_URL, sizeof(SHOP_URL) - 1},
        .name = {(const uint8_t *)"batch", 5},
        .arguments = {(const uint8_t *)"{}", 2}};
    const struct shop_ask ask = {.method = KX_CALL, .target = KX_TOOL "batch", .tool = &tool};
    const json_t *charge;

    reply = shop_send(&b->shop, &ask);
    charge = json_object_get(json_object_get(batch_entry(&reply), "extra"), "mcpErrorChargeSompi");
    return charge != NULL && strcmp(json_string_value(charge), "10000000") == 0;
}

/* ---- the order of decisions ---- */

static void sign_as_a_stranger(struct kx_batch_world *w)
{
    w->voucher_signer = &w->lane.server;
}

static const struct kx_batch_change strangers = {.sign = sign_as_a_stranger};

static bool looks_for_no_forger(struct batch_shop *b)
{
    batch_open(b);
    b->shop.daa_score = BATCH_DAA;
    return send_next(b, &strangers) == 402 && b->looks == 0;
}

/* Up to where it wants to ask that of the store. */
static struct shop_errand *go_to(struct batch_shop *b, const struct shop_ask *paid,
                                 enum kx_ask question)
{
    struct shop_errand *e = shop_begin(&b->shop, paid);

    while (e->action.kind != KX_DO_STORE || e->action.ask != question)
        cr_assert(shop_step(e), "it never comes to %d", (int)question);
    return e;
}

static struct shop_reply finish(struct shop_errand *e)
{
    while (shop_step(e))
        continue;
    return shop_end(e);
}

static void expire(struct batch_shop *b)
{
    b->shop.now_ms += 40000;
}

static bool runs_nothing_that_has_expired(struct batch_shop *b)
{
    struct shop_ask paid = {.target = "/batch"};
    struct shop_errand *e;

    batch_open(b);
    seal(b, &paid, NULL);
    e = go_to(b, &paid, KX_ASK_BEGIN);
    expire(b);
    reply = finish(e);
    return b->shop.runs == 1;
}

static bool delivers_what_has_expired(struct batch_shop *b)
{
    struct shop_ask paid = {.target = "/batch"};

    batch_open(b);
    seal(b, &paid, NULL);
    shop_drop(go_to(b, &paid, KX_ASK_COMMIT));
    expire(b);
    reply = shop_send(&b->shop, &paid);
    return reply.status == 200;
}

static bool charges_for_no_failure(struct batch_shop *b)
{
    batch_open(b);
    b->shop.result.status = 500;
    return buy(b) == 500 && batch_record(b).charged == SHOP_BATCH_PRICE;
}

/* ---- two at once ---- */

static bool serves_one_at_a_total(struct batch_shop *b)
{
    struct shop_ask one = {.target = "/batch"}, other = {.target = "/batch"};
    struct shop_errand *e;

    batch_open(b);
    seal(b, &one, NULL);
    seal(b, &other, NULL);
    e = go_to(b, &one, KX_ASK_RESULT);
    reply = shop_send(&b->shop, &other);
    (void)finish(e);
    return b->shop.runs == 2;
}

/* Its client knows the new head, so that the server hears of it while the handler runs. */
static bool charges_no_channel_that_moves(struct batch_shop *b)
{
    struct shop_ask paid = {.target = "/batch"};
    struct shop_errand *e;

    batch_open(b);
    seal(b, &paid, NULL);
    e = go_to(b, &paid, KX_ASK_RESULT);
    is_spent(b);
    (void)buy(b);
    return finish(e).status == 500;
}

/* Two copies, of which the second comes to the handler after the first. */
static bool keeps_what_has_begun(struct batch_shop *b)
{
    struct shop_ask paid = {.target = "/batch"};
    struct shop_errand *one, *other;

    batch_open(b);
    seal(b, &paid, NULL);
    one = go_to(b, &paid, KX_ASK_BEGIN);
    other = go_to(b, &paid, KX_ASK_BEGIN);
    while (one->action.kind != KX_DO_STORE || one->action.ask != KX_ASK_RESULT)
        cr_assert(shop_step(one));
    (void)finish(other);
    return finish(one).status == 200;
}

/* An exact payment takes the identifier before the claim. */
static bool shares_identifiers(struct batch_shop *b)
{
    struct shop_ask paid = {.target = "/batch"}, exact = {.target = "/report"};
    enum assay_code (*chain)(struct shop *, struct kx_sight *, struct assay_arena *,
                             const struct kx_look *) = b->shop.chain;
    struct shop_errand *e;

    batch_open(b);
    b->identifier = KX_WORLD_ID;
    seal(b, &paid, NULL);
    e = go_to(b, &paid, KX_ASK_CLAIM);
    b->shop.chain = NULL;
    exact.payment = shop_pay(&b->shop, &exact);
    cr_assert_eq(shop_send(&b->shop, &exact).status, 200);
    b->shop.chain = chain;
    return finish(e).status == 409;
}

/* ---- what is told ---- */

static bool tells_the_charge(struct batch_shop *b)
{
    json_t *state;

    batch_open(b);
    (void)buy(b);
    state = json_object_get(
        json_object_get(json_object_get(reply.settlement, "extensions"), "kaspa"), "channelState");
    return strcmp(json_string_value(json_object_get(state, "authorizedCumulativeAmount")),
                  "20000000") == 0;
}

static bool tells_no_signature(struct batch_shop *b)
{
    char *text;
    bool is_told;

    batch_open(b);
    (void)buy(b);
    text = json_dumps(reply.settlement, 0);
    is_told = kx_text_holds_signature(assay_str(text), batch_record(b).voucher);
    free(text);
    return !is_told;
}

static bool tells_no_stranger(struct batch_shop *b)
{
    batch_open(b);
    return send_next(b, &strangers) == 402 && batch_told(&reply) == NULL;
}

static void present_as_a_stranger(struct kx_batch_world *w)
{
    w->presentation_signer = &w->lane.server;
}

static bool tells_no_bearer(struct batch_shop *b)
{
    static const struct kx_batch_change bearers = {.sign = present_as_a_stranger};

    batch_open(b);
    return send_next(b, &bearers) == 402 && batch_told(&reply) == NULL;
}

/* ---- where a head has gone ---- */

static bool follows_a_claim(struct batch_shop *b)
{
    batch_open(b);
    is_spent(b);
    (void)buy(b);
    return buy(b) == 200;
}

static bool follows_where_a_top_up_went(struct batch_shop *b)
{
    struct kx_lane_head topped, now;

    batch_open(b);
    (void)batch_spend(b, KX_BATCH_TOP_UP, BATCH_FUNDING, KX_THRESHOLD_DEFAULT);
    topped = b->head;
    is_spent(b);
    now = b->head;
    b->head = topped;
    (void)batch_buy(b, KX_STORY_TOP_UP);
    (void)batch_buy(b, KX_STORY_TOP_UP);
    b->head = now;
    return buy(b) == 200;
}

static bool notices_what_is_taken_back(struct batch_shop *b)
{
    struct batch_tx *claim;

    batch_open(b);
    claim = batch_spend(b, KX_BATCH_CLAIM, CLAIMED, KX_THRESHOLD_DEFAULT);
    (void)buy(b); /* it follows */
    claim->is_accepted = false;
    (void)buy(b);
    claim->is_accepted = true;
    return buy(b) == 402;
}

static bool waits_for_depth(struct batch_shop *b)
{
    uint64_t version;

    batch_open(b);
    version = batch_record(b).version;
    (void)batch_spend(b, KX_BATCH_CLAIM, CLAIMED, 1);
    (void)buy(b);
    return batch_record(b).version == version;
}

static const struct kx_batch_probe probes[] = {
    {"batch.price_unit", offers_its_price},
    {"batch.timeout_is_time", offers_a_score},
    {"batch.deposit_for_amount", asks_for_the_reserve},
    {"batch.mcp_free", promises_nothing},
    {"mcp.charge_unsaid", says_what_failure_costs},
    {"batch.chain_first", looks_for_no_forger},
    {"batch.expiry_at_handler", runs_nothing_that_has_expired},
    {"batch.staged_refused", delivers_what_has_expired},
    {"batch.charged_early", charges_for_no_failure},
    {"kx.channel.no_lease", serves_one_at_a_total},
    {"kx.channel.no_cas", charges_no_channel_that_moves},
    {"kx.channel.abandon_started", keeps_what_has_begun},
    {"kx.channel.identifier_apart", shares_identifiers},
    {"batch.receipt_before", tells_the_charge},
    {"batch.signature_told", tells_no_signature},
    {"batch.state_told", tells_no_stranger},
    {"batch.voucher_proves", tells_no_bearer},
    {"batch.head_unfollowed", follows_a_claim},
    {"batch.top_up_unfollowed", follows_where_a_top_up_went},
    {"batch.removal_unnoticed", notices_what_is_taken_back},
    {"batch.followed_shallow", waits_for_depth},
};

Test(kx_batch_core_defects, break_what_holds_without_them)
{
    kx_batch_probes_expect(probes, ARRAY_LEN(probes));
}

/* ---- all of them, and nothing else ---- */

static bool starts_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Those of the store that this core alone shows are named as the core's are. */
static bool is_of_core(const struct ref_defect *defect)
{
    return starts_with(defect->id, "batch.") &&
           (starts_with(defect->place, "ref/core/") || starts_with(defect->place, "ref/store/"));
}

Test(kx_batch_core_defects, are_all_looked_for)
{
    static const struct seeded_ids tables[] = {SEEDED_IDS(forgeries, defect),
                                               SEEDED_IDS(probes, defect)};

    seeded_expect_all(is_of_core, tables, ARRAY_LEN(tables));
}

Test(kx_batch_core_defects, leave_the_honest_payment_alone)
{
    static const char *const unpayable[] = {"batch.price_unit", "batch.timeout_is_time"};
    static const struct seeded_ids none = SEEDED_LIST(unpayable);

    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *defect = ref_defect_at((enum ref_defect_id)i);

        if (is_of_core(defect) && !seeded_is_in(defect->id, &none, 1))
            kx_batch_honest_expect(defect);
    }
}
