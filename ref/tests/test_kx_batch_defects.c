/* Every seeded defect of the verdict on a batch request shows, in a whole server: what the correct
 * one refuses is served with the defect switched on. See defects/kaspa_x402.def. */
#include "ref/tests/kx_batch_defects.h"

#include "base/hash.h"
#include "base/hex.h"
#include "kaspa/covenant.h"

#define NEXT (2 * SHOP_BATCH_PRICE)
#define TOPPED_UP UINT64_C(5000000)
/* On the curve, and the server's no more than the payee's. */
#define OTHER_KEY "2f01e5e15cca351daff3843fb70f3c2f0a1bdd05e5af888a67784ef3e10a2a01"
#define CLIENTS_ADDRESS "kaspatest:qzvfczmkedtrju0aexl0x8kqds6kpueyn4hwnewc83tky4vkup0k7mkzgqdwu"

/* ---- the client's channel ---- */

static void reopen(struct kx_lane_world *lane)
{
    kx_lane_world_open(lane, "kaspa-escrow-v3", KX_ESCROW_V5_TEMPLATE);
}

static void paid_to_its_client(struct kx_lane_world *lane)
{
    lane->channel.pay_to = ASSAY_LIT(CLIENTS_ADDRESS);
    reopen(lane);
}

static void of_another_server(struct kx_lane_world *lane)
{
    cr_assert_eq(assay_hex_decode(lane->channel.server, sizeof(lane->channel.server),
                                  ASSAY_LIT(OTHER_KEY), true),
                 ASSAY_OK);
    reopen(lane);
}

/* ---- what is signed, and what is sent ---- */

static void sign_without_identifier(struct kx_batch_world *w)
{
    w->identifier = NULL;
}

static void sign_other_lineage(struct kx_batch_world *w)
{
    w->voucher.covenant_id.at[0] ^= 1;
}

static void sign_head_of_nothing(struct kx_batch_world *w)
{
    w->head.outpoint.index ^= 1;
}

static void sign_as_a_stranger(struct kx_batch_world *w)
{
    w->voucher_signer = w->presentation_signer = &w->lane.server;
}

static void present_as_a_stranger(struct kx_batch_world *w)
{
    w->presentation_signer = &w->lane.server;
}

static void sign_more_than_the_coin(struct kx_batch_world *w)
{
    w->head.value += BATCH_FUNDING;
}

/* The script is the same: an address's prefix is in none. */
static void sign_address_of_mainnet(struct kx_batch_world *w)
{
    static char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address address;

    cr_assert(kaspa_address_of_script(&address, &w->config.refund, KASPA_MAINNET));
    kaspa_address_encode(text, &address);
    w->config.channel.refund_address = assay_str(text);
    kx_channel_id(w->config.channel_id, w->config.binding, &w->config.channel);
}

static void sign_just_now(struct kx_batch_world *w)
{
    w->expires_at = "2098-12-31T23:59:00.000Z";
}

static void sign_beyond_a_minute(struct kx_batch_world *w)
{
    w->expires_at = "2099-01-01T00:00:00.001Z";
}

static json_t *payload_of(struct kx_batch_world *w)
{
    return json_object_get(w->payment, "payload");
}

static void send_strangers_key(struct kx_batch_world *w)
{
    json_object_set_new(payload_of(w), "clientPublicKey",
                        kx_world_hex(assay_bytes_of(w->lane.server.xonly, 32)));
}

/* The prototype's voucher: the sum alone. */
static void send_sum_alone(struct kx_batch_world *w)
{
    uint8_t sum[8], digest[ASSAY_SHA256_BYTES], signature[ASSAY_SIG_BYTES];

    for (size_t i = 0; i < sizeof(sum); i++)
        sum[i] = (uint8_t)(w->voucher.amount >> 8 * i);
    assay_sha256(digest, assay_bytes_of(sum, sizeof(sum)));
    cr_assert_eq(assay_schnorr_sign(signature, digest, &w->lane.client, NULL), ASSAY_OK);
    (void)json_object_set_new(json_object_get(payload_of(w), "voucher"), "signature",
                              kx_world_hex(assay_bytes_of(signature, sizeof(signature))));
}

/* Whose key alone moves it. */
static void send_clients_script(struct kx_batch_world *w)
{
    (void)json_object_set_new(payload_of(w), "activeScriptPublicKey",
                              kx_world_spk_hex(w->config.refund.script));
    kx_world_set(payload_of(w), "escrowAddress", w->lane.refund_address);
}

/* ---- what happens before, and meanwhile ---- */

static void asks_for_more(struct batch_shop *b)
{
    b->config.min_deposit = BATCH_FUNDING + 1;
    (void)batch_fund(b, KX_THRESHOLD_DEFAULT);
}

static void buys_up_to(struct batch_shop *b, uint64_t total)
{
    batch_open(b);
    while (b->total < total)
        cr_assert_eq(batch_buy(b, KX_STORY_VOUCHER).status, 200);
}

static void leaves_the_reserve(struct batch_shop *b)
{
    buys_up_to(b, BATCH_FUNDING - BATCH_RESERVE);
}

static void spends_it_all(struct batch_shop *b)
{
    b->config.reserve = 0;
    buys_up_to(b, BATCH_FUNDING);
}

static void tops_up_too_little(struct batch_shop *b)
{
    leaves_the_reserve(b);
    (void)batch_spend(b, KX_BATCH_TOP_UP, TOPPED_UP, KX_THRESHOLD_DEFAULT);
}

/* The channel's genesis, with its output and one more, to be changed and put on the chain. */
static struct kaspa_tx build_genesis(struct batch_shop *b, struct kaspa_output outputs[2])
{
    struct kx_batch_artifact made;
    struct kx_batch_plan plan;

    kx_lane_world_plan(&plan, &b->lane, KX_LANE_GENESIS);
    kx_lane_world_build(&made, &b->lane, &plan);
    b->head = made.next;
    outputs[0] = made.tx.outputs[0];
    outputs[1] = (struct kaspa_output){.value = SHOP_BATCH_PRICE, .spk = b->lane.lane.refund};
    made.tx.outputs = outputs;
    return made.tx;
}

static void put_genesis(struct batch_shop *b, const struct kaspa_tx *tx)
{
    b->head.outpoint.txid = batch_put(b, tx, KX_THRESHOLD_DEFAULT)->id;
}

static void funds_with_change(struct batch_shop *b)
{
    static struct kaspa_output outputs[2];
    struct kaspa_tx tx = build_genesis(b, outputs);

    tx.output_count = 2;
    put_genesis(b, &tx);
}

static void funds_in_no_covenant(struct batch_shop *b)
{
    static struct kaspa_output outputs[2];
    struct kaspa_tx tx = build_genesis(b, outputs);

    outputs[0].has_covenant = false;
    put_genesis(b, &tx);
}

static void funds_another_script(struct batch_shop *b)
{
    static struct kaspa_output outputs[2];
    struct kaspa_tx tx = build_genesis(b, outputs);
    const struct kaspa_genesis_output begun = {0, &outputs[0]};

    outputs[0].spk = b->lane.lane.refund;
    kaspa_covenant_id(&b->head.covenant_id, &tx.inputs[0].previous, &begun, 1);
    outputs[0].covenant_id = b->head.covenant_id;
    put_genesis(b, &tx);
}

/* The channel's script is everybody's to pay to. */
static void pays_to_its_script(struct batch_shop *b)
{
    static struct kaspa_output outputs[2];
    struct kaspa_tx tx;

    batch_open(b);
    tx = build_genesis(b, outputs);
    outputs[0].has_covenant = false;
    outputs[0].value += TOPPED_UP;
    b->head.value = outputs[0].value;
    put_genesis(b, &tx);
}

static void one_confirmation(struct batch_shop *b)
{
    b->txs[0].confirmations = 1;
}

static void refund_opens(struct batch_shop *b)
{
    b->daa = BATCH_TIMEOUT;
}

static void refund_is_near(struct batch_shop *b)
{
    b->daa = BATCH_TIMEOUT - KX_REFUND_LEAD_DEFAULT;
}

static void expires(struct batch_shop *b)
{
    b->shop.now_ms += 40000;
}

/* ---- the table ---- */

#define V KX_STORY_VOUCHER
#define O KX_STORY_OPEN
#define T KX_STORY_TOP_UP
#define BODY(text)                                                                                 \
    {                                                                                              \
        .method = "POST", .target = "/batch", .body = (text)                                       \
    }

static const struct kx_batch_forgery forgeries[] = {
    /* the terms */
    {"batch.offer_unmatched", V, .change = {.accepted_edit = "maxTimeoutSeconds=3600"}},
    {"batch.offer_members", V, .change = {.accepted_edit = "extra.gift=true"}},
    {"batch.offer_amount", V, .change = {.accepted_edit = "amount=\"1\""},
     .total = SHOP_BATCH_PRICE + 1},
    {"batch.offer_deposit", O, .change = {.accepted_edit = "extra.minDepositSompi=\"90000000\""},
     .prepare = asks_for_more},
    {"batch.identifier_free", V, .change = {.sign = sign_without_identifier}},
    {"batch.identifier_unechoed", V,
     .change = {.sent_edit = "extensions.payment-identifier.info.required=false"}},
    {"batch.network_case", V, .change = {.accepted_edit = "network=\"KASPA:TESTNET-10\""}},
    {"batch.asset_any", V, .change = {.accepted_edit = "asset=\"BTC\""}},
    {"batch.amount_lenient", V, .change = {.accepted_edit = "amount=\"010000000\""}},
    {"batch.template_any", V,
     .change = {.accepted_edit = "extra.templateId=\"" KX_ESCROW_V4_TEMPLATE "\""}},
    {"batch.pay_to_any", O, .change = {.accepted_edit = "payTo=\"" CLIENTS_ADDRESS "\""},
     .lane = paid_to_its_client},
    {"batch.server_key_any", O,
     .change = {.accepted_edit = "extra.serverPublicKey=\"" OTHER_KEY "\""},
     .lane = of_another_server},

    /* the channel, the voucher and the presentation */
    {"batch.channel_id_believed", O,
     .change = {.sent_edit = "payload.channelId=\"" OTHER_KEY "\""}},
    {"batch.channel_terms", O, .lane = paid_to_its_client},
    {"batch.refund_address_network", O, .change = {.sign = sign_address_of_mainnet}},
    {"batch.client_believed", V,
     .change = {.sign = sign_as_a_stranger, .sent = send_strangers_key}},
    {"batch.head_unchecked", V, .change = {.sign = sign_head_of_nothing}},
    {"batch.lineage_believed", V, .change = {.sign = sign_other_lineage}},
    {"batch.total_above", V, .total = NEXT + 1},
    {"batch.total_below", V, .total = SHOP_BATCH_PRICE},
    {"batch.reserve_ignored", V, .prepare = leaves_the_reserve},
    {"batch.uncovered", V, .prepare = spends_it_all},
    {"batch.voucher_sum_alone", V, .change = {.sent = send_sum_alone}},
    {"batch.presentation_believed", V, .ask = BODY("one"), .sent = BODY("two")},
    {"batch.presentation_identifier", V,
     .change = {.sent_edit = "extensions.payment-identifier.info.id=\"another_purchase_000001\""}},
    {"batch.digest_as_sent", V,
     .change = {.sent_edit = "payload.presentation.expiresAt=\"2098-12-31T23:59:55.000Z\""},
     .meanwhile = expires},
    {"batch.expiry_far", V, .change = {.sign = sign_beyond_a_minute}},
    {"batch.presentation_unsigned", V, .change = {.sign = present_as_a_stranger}},
    {"batch.expiry_unchecked", V, .change = {.sign = sign_just_now}},

    /* the chain */
    {"batch.unconfirmed", O, .meanwhile = one_confirmation},
    {"batch.refund_ignored", V, .meanwhile = refund_opens},
    {"batch.refund_lead", V, .meanwhile = refund_is_near},
    {"batch.coin_unbound", O, .prepare = funds_in_no_covenant},
    {"batch.funding_believed", O, .change = {.sign = sign_more_than_the_coin}},
    {"batch.escrow_believed", O, .change = {.sent = send_clients_script},
     .prepare = funds_another_script},
    {"batch.deposit_any", O, .prepare = asks_for_more},
    {"batch.genesis_outputs", O, .prepare = funds_with_change},
    {"batch.top_up_elsewhere", T, .prepare = pays_to_its_script},
    {"batch.top_up_added", T, .prepare = tops_up_too_little},
};

Test(kx_batch_defects, let_forgeries_pass)
{
    kx_batch_forgeries_expect(forgeries, ARRAY_LEN(forgeries));
}

/* ---- what is no forgery ---- */

/* Up to the end of what the store, the chain or the handler did last. */
static struct shop_errand *go_through(struct batch_shop *b, const struct shop_ask *paid,
                                      const char *last)
{
    struct shop_errand *e = shop_begin(&b->shop, paid);

    while (strcmp(shop_log(&b->shop), last) != 0)
        cr_assert(shop_step(e), "it never comes to %s", last);
    return e;
}

static bool expires_while_the_chain_is_asked(struct batch_shop *b)
{
    struct shop_ask paid = {.target = "/batch"};
    struct shop_errand *e;

    batch_open(b);
    paid.payment = batch_seal(b, &paid, KX_STORY_VOUCHER, NEXT, NULL);
    e = go_through(b, &paid, "channel");
    expires(b);
    while (shop_step(e))
        continue;
    return shop_end(e).status == 402;
}

static bool serves_after_a_claim(struct batch_shop *b)
{
    batch_open(b);
    (void)batch_spend(b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, KX_THRESHOLD_DEFAULT);
    (void)batch_buy(b, KX_STORY_VOUCHER); /* it follows */
    return batch_buy(b, KX_STORY_VOUCHER).status == 200;
}

static bool remembers_what_was_taken_back(struct batch_shop *b)
{
    struct kx_lane_head old;
    struct batch_tx *claim;

    batch_open(b);
    old = b->head;
    claim = batch_spend(b, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, KX_THRESHOLD_DEFAULT);
    (void)batch_buy(b, KX_STORY_VOUCHER); /* it follows */
    claim->is_accepted = false;
    (void)batch_buy(b, KX_STORY_VOUCHER); /* and back */
    b->head = old;
    return batch_buy(b, KX_STORY_VOUCHER).status == 402;
}

static const struct kx_batch_probe probes[] = {
    {"batch.expiry_once", expires_while_the_chain_is_asked},
    {"batch.script_state", serves_after_a_claim},
    {"batch.rollback_forgotten", remembers_what_was_taken_back},
};

Test(kx_batch_defects, break_what_holds_without_them)
{
    kx_batch_probes_expect(probes, ARRAY_LEN(probes));
}

/* ---- all of them, and nothing else ---- */

/* Places that judge requests; the others of this library judge transactions, vouchers and
 * templates by themselves, and are put to vectors. */
static bool is_of_requests(const struct ref_defect *defect)
{
    static const char *const places[] = {"batch_verify", "batch_terms", "accounting", "lineage"};
    const char *name = strrchr(defect->place, '/') + 1;
    bool is_one = false;

    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        is_one = is_one || strncmp(name, places[i], strlen(places[i])) == 0;
    return is_one;
}

Test(kx_batch_defects, are_all_looked_for)
{
    static const struct seeded_ids tables[] = {SEEDED_IDS(forgeries, defect),
                                               SEEDED_IDS(probes, defect)};

    seeded_expect_all(is_of_requests, tables, ARRAY_LEN(tables));
}

Test(kx_batch_defects, leave_the_honest_payment_alone)
{
    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *defect = ref_defect_at((enum ref_defect_id)i);

        if (is_of_requests(defect))
            kx_batch_honest_expect(defect);
    }
}
