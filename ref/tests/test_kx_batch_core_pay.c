/* Batch payments that the decision core refuses: what each leaves behind, and what its payer is
 * told. Rows are those of the batch digest, section 18. */
#include "ref/tests/kx_batch_shop.h"

#include "kaspa_x402/batch_settlement.h"

static struct batch_shop b;

static void open_shop(void)
{
    batch_shop_open(&b);
}

static void close_shop(void)
{
    batch_shop_close(&b);
}

TestSuite(kx_batch_core_pay, .init = open_shop, .fini = close_shop);

/* ---- what a row does ---- */

static void other_member(struct kx_batch_world *w)
{
    json_t *voucher = json_object_get(json_object_get(w->payment, "payload"), "voucher");

    json_object_set(voucher, "amount", json_object_get(voucher, "authorizedCumulativeAmount"));
    json_object_del(voucher, "authorizedCumulativeAmount");
}

/* Of the binding before, whole. */
static void as_before(struct kx_batch_world *w)
{
    json_t *extra = json_object_get(json_object_get(w->payment, "accepted"), "extra");

    kx_world_set(extra, "binding", "kaspa-escrow-v2");
    kx_world_set(extra, "templateId", KX_ESCROW_V3_TEMPLATE);
    other_member(w);
}

static void with_offset(struct kx_batch_world *w)
{
    w->expires_at = "2098-12-31T23:59:30.000+00:00";
}

static void without_zone(struct kx_batch_world *w)
{
    w->expires_at = "2098-12-31T23:59:30.000";
}

static void in_microseconds(struct kx_batch_world *w)
{
    w->expires_at = "2098-12-31T23:59:30.000000Z";
}

static void on_no_day(struct kx_batch_world *w)
{
    w->expires_at = "2098-02-30T23:59:30.000Z";
}

static void now(struct kx_batch_world *w)
{
    w->expires_at = "2098-12-31T23:59:00.000Z";
}

static void in_a_minute(struct kx_batch_world *w)
{
    w->expires_at = "2099-01-01T00:00:00.000Z";
}

static void beyond_a_minute(struct kx_batch_world *w)
{
    w->expires_at = "2099-01-01T00:00:00.001Z";
}

static void by_a_stranger(struct kx_batch_world *w)
{
    w->voucher_signer = &w->lane.server;
}

static void presented_by_a_stranger(struct kx_batch_world *w)
{
    w->presentation_signer = &w->lane.server;
}

static void as_mainnet(struct kx_batch_world *w)
{
    w->voucher.network = ASSAY_LIT(KX_NETWORK_MAINNET);
}

static void of_another_lineage(struct kx_batch_world *w)
{
    w->voucher.covenant_id.at[0] ^= 1;
}

static void of_another_channel(struct kx_batch_world *w)
{
    w->config.channel_id[0] ^= 1;
}

static void from_another_head(struct kx_batch_world *w)
{
    w->head.outpoint.index ^= 1;
}

static void with_another_script(struct kx_batch_world *w)
{
    w->head.claimed = 1;
}

#define NEXT (2 * SHOP_BATCH_PRICE)
#define FORM "http.form"

static const struct {
    const char *name;
    uint64_t total;
    struct kx_batch_change change;
    const char *error; /* NULL: none; an offer without a word */
    const char *rule;
    bool is_told; /* where the channel stands */
} rows[] = {
    {"B08: the total by its older name", NEXT, {.sent = other_member}, NULL, FORM, false},
    {"B09: T of two requests",
     NEXT + SHOP_BATCH_PRICE,
     {.sign = NULL},
     "invalid_payment_requirements",
     "batch.voucher.total",
     true},
    {"B10: T as it was",
     SHOP_BATCH_PRICE,
     {.sign = NULL},
     "invalid_payment_requirements",
     "batch.voucher.total",
     true},
    {"B11: T below what it was",
     1,
     {.sign = NULL},
     "invalid_payment_requirements",
     "batch.voucher.total",
     true},
    {"B12: T above 63 bits",
     NEXT,
     {.sent_edit = "payload.voucher.authorizedCumulativeAmount=\"9223372036854775808\""},
     NULL,
     FORM,
     false},
    {"B17: an amount with a zero before it",
     NEXT,
     {.accepted_edit = "amount=\"010000000\""},
     "invalid_payment_requirements",
     "batch.offer.match",
     false},
    {"B19: a lower deposit",
     NEXT,
     {.accepted_edit = "extra.minDepositSompi=\"20000000\""},
     "invalid_payment_requirements",
     "batch.offer.match",
     true},
    {"B19: a member that nobody knows",
     NEXT,
     {.accepted_edit = "extra.gift=true"},
     "invalid_payment_requirements",
     "batch.offer.match",
     true},
    {"B19: a lower amount, signed",
     NEXT,
     {.accepted_edit = "amount=\"1\""},
     "invalid_payment_requirements",
     "batch.offer.match",
     true},
    {"B19: a timeout of no bucket",
     NEXT,
     {.accepted_edit = "extra.refundTimeoutDaa=\"1110001\""},
     "invalid_payment_requirements",
     "batch.offer.match",
     true},
    {"B19: a timeout of another bucket",
     NEXT,
     {.accepted_edit = "extra.refundTimeoutDaa=\"1100000\""},
     "invalid_payload",
     "batch.channel.terms",
     true},
    {"B19: a timeout that is not given yet",
     NEXT,
     {.accepted_edit = "extra.refundTimeoutDaa=\"9990000\""},
     "invalid_payload",
     "batch.channel.terms",
     true},
    {"B21: another nonce",
     NEXT,
     {.sent_edit = "payload.presentation.nonce=\""
                   "1111111111111111111111111111111111111111111111111111111111111111\""},
     "invalid_payload",
     "batch.presentation.digest",
     false},
    {"B22: an expiry with an offset", NEXT, {.sign = with_offset}, NULL, FORM, false},
    {"B22: without a zone", NEXT, {.sign = without_zone}, NULL, FORM, false},
    {"B22: in microseconds", NEXT, {.sign = in_microseconds}, NULL, FORM, false},
    {"B22: on a day that is none",
     NEXT,
     {.sign = on_no_day},
     "invalid_payload",
     "batch.presentation.expiry",
     true},
    {"B23: expired", NEXT, {.sign = now}, "invalid_payload", "batch.presentation.live", true},
    {"B24: too far ahead",
     NEXT,
     {.sign = beyond_a_minute},
     "invalid_payload",
     "batch.presentation.expiry",
     true},
    {"B04: for another network",
     NEXT,
     {.sign = as_mainnet},
     "invalid_payload",
     "batch.voucher.signature",
     false},
    {"B05: of another lineage",
     NEXT,
     {.sign = of_another_lineage},
     "invalid_payment_requirements",
     "batch.voucher.lineage",
     false},
    {"a voucher of a stranger's",
     NEXT,
     {.sign = by_a_stranger},
     "invalid_payload",
     "batch.voucher.signature",
     false},
    {"presented by a stranger",
     NEXT,
     {.sign = presented_by_a_stranger},
     "invalid_payload",
     "batch.presentation.signature",
     false},
    {"B45: another client's key",
     NEXT,
     {.sent_edit = "payload.clientPublicKey=\""
                   "1111111111111111111111111111111111111111111111111111111111111111\""},
     "invalid_payload",
     "batch.channel.client",
     true},
    {"B46: another outpoint",
     NEXT,
     {.sign = from_another_head},
     "invalid_transaction_state",
     "batch.channel.head",
     true},
    {"B47: another script",
     NEXT,
     {.sign = with_another_script},
     "invalid_transaction_state",
     "batch.channel.head",
     true},
    {"an unknown channel",
     NEXT,
     {.sign = of_another_channel},
     "invalid_transaction_state",
     "batch.channel.known",
     false},
    {"B120: an older binding's name alone",
     NEXT,
     {.accepted_edit = "extra.binding=\"kaspa-escrow-v2\""},
     NULL,
     FORM,
     false},
    {"B120: an older binding",
     NEXT,
     {.sent = as_before},
     "invalid_payment_requirements",
     "batch.terms.binding",
     false},
    {"no identifier", NEXT, {.sent_edit = "extensions"}, NULL, "batch.identifier.echo", false},
};

/* B95 */
static void expect_no_signature(const struct shop_reply *reply, const char *name)
{
    struct kx_lane_record record = batch_record(&b);
    char *offer = json_dumps(reply->offer, 0), *receipt = json_dumps(reply->settlement, 0);

    cr_expect_not(kx_text_holds_signature(assay_str(reply->body), record.voucher), "%s", name);
    cr_expect_not(kx_text_holds_signature(assay_str(offer), record.voucher), "%s", name);
    cr_expect_not(kx_text_holds_signature(assay_str(receipt), record.voucher), "%s", name);
    free(offer);
    free(receipt);
}

/* B94: what is told is what is stored. */
static void expect_told(const struct shop_reply *reply, bool is_told, const char *name)
{
    json_t *state = batch_told(reply);

    cr_expect_eq(state != NULL, is_told, "%s", name);
    if (state == NULL)
        return;
    cr_expect_str_eq(json_string_value(json_object_get(state, "authorizedCumulativeAmount")),
                     "10000000", "%s", name);
    cr_expect_str_eq(json_string_value(json_object_get(state, "fundingAmount")), "90000000", "%s",
                     name);
}

Test(kx_batch_core_pay, refuses_what_is_wrong_before_it_claims)
{
    batch_open(&b);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_ask ask = {.target = "/batch"};
        struct shop_reply reply;

        ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, rows[i].total, &rows[i].change);
        reply = shop_send(&b.shop, &ask);
        cr_expect_eq(reply.status, 402, "%s: %d %s", rows[i].name, reply.status, reply.body);
        batch_expect_text(reply.error, rows[i].error, "error", rows[i].name);
        batch_expect_text(reply.rule, rows[i].rule, "rule", rows[i].name);
        expect_told(&reply, rows[i].is_told, rows[i].name);
        expect_no_signature(&reply, rows[i].name);
        cr_expect_null(strstr(shop_log(&b.shop), "claim"), "%s", rows[i].name);
        cr_expect_eq(batch_record(&b).charged, SHOP_BATCH_PRICE, "%s", rows[i].name);
        cr_expect_leq(b.looks, 1, "%s: a forgery costs the look for an offer alone", rows[i].name);
    }
    cr_expect_eq(b.shop.runs, 1);
}

Test(kx_batch_core_pay, takes_an_expiry_of_exactly_the_bound)
{
    static const struct kx_batch_change change = {.sign = in_a_minute};
    struct shop_ask ask = {.target = "/batch"};

    batch_open(&b);
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, NEXT, &change);
    cr_expect_eq(shop_send(&b.shop, &ask).status, 200);
}

/* ---- the request (B18, B20, B30 to B32) ---- */

static void expect_refused(const struct shop_reply *reply, int status, const char *error,
                           const char *rule)
{
    cr_expect_eq(reply->status, status, "%s: %d %s", rule, reply->status, reply->body);
    batch_expect_text(reply->error, error, "error", rule);
    batch_expect_text(reply->rule, rule, "rule", rule);
    cr_expect_eq(b.shop.runs, 1, "%s", rule);
}

Test(kx_batch_core_pay, buys_nothing_else_with_what_was_presented)
{
    struct shop_ask ask = {.method = "POST", .target = "/batch", .body = "one"};
    struct shop_reply reply;

    batch_open(&b);
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, NEXT, NULL);
    ask.body = "two";
    reply = shop_send(&b.shop, &ask);
    expect_refused(&reply, 402, "invalid_payment_requirements", "batch.presentation.binding");
    ask.body = "one";
    ask.method = "GET";
    reply = shop_send(&b.shop, &ask);
    expect_refused(&reply, 402, "invalid_payment_requirements", "batch.presentation.binding");
    ask.body = NULL;
    ask.target = "/batch/other";
    reply = shop_send(&b.shop, &ask);
    expect_refused(&reply, 402, "invalid_payment_requirements", "batch.context.caller");
}

Test(kx_batch_core_pay, serves_no_other_caller)
{
    struct shop_ask ask = {.target = "/batch/private", .token = SHOP_TOKEN};
    struct shop_reply reply;

    batch_open(&b);
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, NEXT, NULL);
    ask.token = SHOP_TOKEN_B;
    reply = shop_send(&b.shop, &ask);
    expect_refused(&reply, 402, "invalid_payment_requirements", "batch.context.caller");
    ask.token = SHOP_TOKEN;
    reply = shop_send(&b.shop, &ask);
    cr_expect_eq(reply.status, 200, "%s", reply.body);
}

static void other_identifier(struct kx_batch_world *w)
{
    json_t *extensions = json_object_get(w->payment, "extensions");
    json_t *extension = json_object_get(extensions, "payment-identifier");

    json_object_set_new(json_object_get(extension, "info"), "id",
                        json_string("another_purchase_000001"));
}

Test(kx_batch_core_pay, binds_the_identifier_to_one_payment)
{
    static const struct kx_batch_change change = {.sent = other_identifier};
    struct shop_ask ask = {.target = "/batch"};
    struct shop_reply reply;

    batch_open(&b);
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, NEXT, &change);
    reply = shop_send(&b.shop, &ask);
    expect_refused(&reply, 402, "invalid_payment_requirements", "batch.presentation.binding");
    b.identifier = "batch_purchase_000001"; /* that the deposit came with */
    ask.payment = batch_seal(&b, &ask, KX_STORY_VOUCHER, NEXT, NULL);
    reply = shop_send(&b.shop, &ask);
    expect_refused(&reply, 409, "invalid_transaction_state", "identifier.conflict");
}

Test(kx_batch_core_pay, shares_identifiers_with_exact_payments)
{
    enum assay_code (*chain)(struct shop *, struct kx_sight *, struct assay_arena *,
                             const struct kx_look *) = b.shop.chain;
    struct shop_ask exact = {.target = "/report"}, ask = {.target = "/batch"};
    struct shop_reply reply;

    b.shop.chain = NULL;
    exact.payment = shop_pay(&b.shop, &exact);
    cr_assert_eq(shop_send(&b.shop, &exact).status, 200);
    b.shop.chain = chain;
    (void)batch_fund(&b, KX_THRESHOLD_DEFAULT);
    b.identifier = KX_WORLD_ID;
    ask.payment = batch_seal(&b, &ask, KX_STORY_OPEN, SHOP_BATCH_PRICE, NULL);
    reply = shop_send(&b.shop, &ask);
    expect_refused(&reply, 409, "invalid_transaction_state", "identifier.conflict");
}
