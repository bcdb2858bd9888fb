/* A server of batch-settlement in virtual time; see kx_batch_shop.h. */
#include "ref/tests/kx_batch_shop.h"

#include "base/hex.h"
#include "kaspa/txid.h"

#include <stdio.h>

/* ---- the chain ---- */

static struct batch_tx *find_tx(struct batch_shop *b, const struct kaspa_hash *id)
{
    for (size_t i = 0; i < b->tx_count; i++) {
        if (b->txs[i].is_accepted && kaspa_hash_equal(&b->txs[i].id, id))
            return &b->txs[i];
    }
    return NULL;
}

static struct batch_tx *find_spender(struct batch_shop *b, const struct kaspa_outpoint *outpoint)
{
    for (size_t i = 0; i < b->tx_count; i++) {
        const struct batch_tx *tx = &b->txs[i];

        for (size_t k = 0; tx->is_accepted && k < tx->tx.input_count; k++) {
            if (kaspa_outpoint_equal(&tx->tx.inputs[k].previous, outpoint))
                return &b->txs[i];
        }
    }
    return NULL;
}

static void tell_tx(struct batch_shop *b, struct kx_sight *out, const struct batch_tx *tx,
                    bool wants_body)
{
    uint8_t number = (uint8_t)(tx - b->txs + 1);

    out->evidence = (struct kx_chain_evidence){.status = KX_CHAIN_ACCEPTED,
                                               .transaction_id = tx->id,
                                               .has_confirmations = true,
                                               .confirmations = tx->confirmations,
                                               .accepting_blue_score = 1000u + number};
    out->sink_blue_score = 1000u + number + (tx->confirmations > 0 ? tx->confirmations - 1 : 0);
    out->sink_daa_score = out->pov.daa_score;
    out->accepting_block = tx->is_at_sink ? out->sink : (struct kaspa_hash){{0xb1, number}};
    out->accepted = tx->id;
    out->has_before = true;
    out->before = (struct kaspa_hash){{0xbe, number}};
    out->has_body = wants_body && b->tells_body;
    if (out->has_body)
        out->body = tx->tx;
}

static void tell_coin(struct batch_shop *b, struct kx_sight *out, const struct kx_look *asked,
                      size_t i)
{
    const struct batch_tx *tx = find_tx(b, &asked->outpoints[i].txid);
    uint32_t index = asked->outpoints[i].index;
    const struct kaspa_output *output;

    out->utxos[i] = (struct kaspa_utxo){.amount = 0};
    out->is_missing[i] = tx == NULL || index >= tx->tx.output_count ||
                         find_spender(b, &asked->outpoints[i]) != NULL ||
                         !kaspa_spk_equal(&tx->tx.outputs[index].spk, &asked->spks[i]);
    if (out->is_missing[i])
        return;
    output = &tx->tx.outputs[index];
    out->utxos[i] = (struct kaspa_utxo){.amount = output->value,
                                        .spk = output->spk,
                                        .has_covenant = output->has_covenant,
                                        .covenant_id = output->covenant_id};
}

static void tell(struct batch_shop *b, struct kx_sight *out, const struct kx_look *asked)
{
    const struct batch_tx *tx = asked->has_tx ? find_tx(b, &asked->txid) : NULL;

    out->evidence.transaction_id = asked->txid;
    out->is_read = asked->has_since;
    for (size_t i = 0; i < asked->count; i++) {
        tell_coin(b, out, asked, i);
        if (out->is_missing[i] && !asked->has_tx && asked->wants_spender)
            tx = find_spender(b, &asked->outpoints[i]);
    }
    if (tx != NULL)
        tell_tx(b, out, tx, asked->wants_body);
    if (b->lie != NULL)
        b->lie(out);
}

static enum assay_code look(struct shop *s, struct kx_sight *out, struct assay_arena *arena,
                            const struct kx_look *asked)
{
    struct batch_shop *b = (struct batch_shop *)s;

    b->looks++;
    if (b->look_code != ASSAY_OK)
        return b->look_code;
    *out = (struct kx_sight){.pov = {.daa_score = b->daa}, .sink = {{0x51}}};
    out->utxos = assay_arena_alloc(arena, (asked->count + 1) * sizeof(*out->utxos));
    out->is_missing = assay_arena_alloc(arena, (asked->count + 1) * sizeof(*out->is_missing));
    cr_assert(out->utxos != NULL && out->is_missing != NULL);
    tell(b, out, asked);
    return ASSAY_OK;
}

struct batch_tx *batch_put(struct batch_shop *b, const struct kaspa_tx *tx, uint64_t confirmations)
{
    struct batch_tx *to = &b->txs[b->tx_count];

    cr_assert_lt(b->tx_count++, ARRAY_LEN(b->txs));
    *to = (struct batch_tx){.tx = *tx, .is_accepted = true, .confirmations = confirmations};
    kaspa_txid(&to->id, tx);
    return to;
}

struct batch_tx *batch_fund(struct batch_shop *b, uint64_t confirmations)
{
    struct kx_batch_artifact made;
    struct kx_batch_plan plan;

    kx_lane_world_plan(&plan, &b->lane, KX_LANE_GENESIS);
    kx_lane_world_build(&made, &b->lane, &plan);
    b->head = made.next;
    return batch_put(b, &made.tx, confirmations);
}

struct batch_tx *batch_spend(struct batch_shop *b, enum kx_batch_kind kind, uint64_t amount,
                             uint64_t confirmations)
{
    const struct kx_lane_head head = b->head;
    uint8_t voucher[ASSAY_SIG_BYTES];
    struct kx_batch_funding funding = {
        .utxo = {.amount = amount + 20000000, .spk = b->lane.lane.refund},
        .outpoint.txid.at = {0x05, (uint8_t)b->tx_count},
        .signing.key = &b->lane.client};
    const struct kx_batch_plan plan = {.kind = kind,
                                       .lane = &b->lane.lane,
                                       .head = &head,
                                       .fee = 1000,
                                       .amount = kind == KX_BATCH_REFUND ? 0 : amount,
                                       .total = b->total,
                                       .voucher = voucher,
                                       .lock_time = b->lane.channel.refund_timeout_daa,
                                       .provider.key = &b->lane.server,
                                       .client.key = &b->lane.client,
                                       .funding = &funding,
                                       .funding_count = kind == KX_BATCH_TOP_UP ? 1 : 0};
    struct kx_batch_artifact made;

    kx_lane_world_voucher(voucher, &b->lane, &head, b->total);
    kx_lane_world_build(&made, &b->lane, &plan);
    if (kind != KX_BATCH_REFUND)
        b->head = made.next;
    return batch_put(b, &made.tx, confirmations);
}

/* ---- the shop ---- */

void batch_shop_open(struct batch_shop *b)
{
    *b = (struct batch_shop){.daa = BATCH_DAA, .tells_body = true};
    shop_open(&b->shop);
    kx_lane_world_init(&b->lane);
    b->lane.channel.refund_timeout_daa = BATCH_TIMEOUT;
    kx_lane_world_open(&b->lane, "kaspa-escrow-v3", KX_ESCROW_V5_TEMPLATE);
    b->config = (struct kx_batch_core){.binding = b->lane.lane.binding,
                                       .template_id = KX_ESCROW_V5_TEMPLATE,
                                       .min_deposit = BATCH_FUNDING / 3,
                                       .reserve = BATCH_RESERVE,
                                       .has_claim_after = true,
                                       .claim_after_s = 3600,
                                       .refund_bucket_daa = 10000,
                                       .refund_life_daa = 100000,
                                       .policy = KX_BATCH_POLICY_INIT};
    memcpy(b->config.server, b->lane.server.xonly, sizeof(b->config.server));
    memcpy(b->shop.core.pay_to, b->lane.pay_to, sizeof(b->lane.pay_to));
    b->shop.core.batch = &b->config;
    b->shop.chain = look;
    cr_assert_eq(kx_core_check(&b->shop.core, NULL), ASSAY_OK);
}

void batch_shop_close(struct batch_shop *b)
{
    kx_lane_world_fini(&b->lane);
    shop_close(&b->shop);
}

/* ---- the client ---- */

json_t *batch_entry(const struct shop_reply *reply)
{
    json_t *accepts = json_object_get(reply->offer, "accepts"), *entry;
    size_t i;

    json_array_foreach (accepts, i, entry) {
        if (strcmp(json_string_value(json_object_get(entry, "scheme")), KX_SCHEME_BATCH) == 0)
            return entry;
    }
    return NULL;
}

json_t *batch_told(const struct shop_reply *reply)
{
    return json_object_get(json_object_get(batch_entry(reply), "extra"), "channelState");
}

/* The world's payment is for KX_BATCH_URL; ours is for this request, which is bound when the terms
 * are known. */
static const struct shop_ask *asked;
static kx_batch_hook *signs;
static char bound[128];

static void bind(struct kx_batch_world *w)
{
    char accepted[X402_HASH_TEXT_BYTES], hash[X402_HASH_TEXT_BYTES], url[256];
    json_t *context = json_object_get(json_object_get(w->accepted, "extra"), "securityContextHash");
    json_t *request;

    kx_world_hash(accepted, w->accepted);
    (void)snprintf(url, sizeof(url), "%s%s", SHOP_URL, asked->target);
    request =
        json_pack("{s:s, s:s, s:s, s:s?}", "method", asked->method != NULL ? asked->method : "GET",
                  "url", url, "paymentRequirementsHash", accepted, "body", asked->body);
    kx_world_hash(hash, request);
    json_decref(request);
    if (asked->token != NULL) {
        request =
            json_pack("{s:s, s:s, s:O}", "requestHash", hash, "scope",
                      "kaspa:x402:trusted-request-context:v1", "securityContextHash", context);
        kx_world_hash(hash, request);
        json_decref(request);
    }
    (void)snprintf(bound, sizeof(bound), "requestFingerprint=\"%s\"", hash);
    if (signs != NULL)
        signs(w);
}

/* The client's own channel instead of the world's. */
static void take_channel(struct kx_batch_world *w, const struct batch_shop *b)
{
    w->lane.channel.refund_timeout_daa = b->lane.channel.refund_timeout_daa;
    memcpy(w->lane.channel.salt, b->lane.channel.salt, sizeof(w->lane.channel.salt));
    kx_lane_world_open(&w->lane, "kaspa-escrow-v3", KX_ESCROW_V5_TEMPLATE);
    w->config = w->lane.lane;
    w->head = b->head;
    w->voucher.covenant_id = b->head.covenant_id;
    w->expires_at = KX_WORLD_EXPIRES;
}

static void take_offer(struct kx_batch_world *w, struct batch_shop *b, const struct shop_ask *ask)
{
    struct shop_ask unpaid = *ask;
    struct shop_reply reply;
    json_t *extra;

    unpaid.payment = NULL;
    reply = shop_send(&b->shop, &unpaid);
    cr_assert_eq(reply.status, 402, "%d %s", reply.status, reply.body);
    cr_assert_not_null(batch_entry(&reply), "%s", reply.body);
    json_decref(w->offers);
    w->offers = json_pack("[O]", batch_entry(&reply));
    extra = kx_batch_world_extra(w);
    json_object_set_new(extra, "refundTimeoutDaa",
                        kx_batch_decimal(b->lane.channel.refund_timeout_daa));
}

const char *batch_seal(struct batch_shop *b, const struct shop_ask *ask, enum kx_batch_story story,
                       uint64_t total, const struct kx_batch_change *change)
{
    struct kx_batch_change all = change != NULL ? *change : (struct kx_batch_change){.sign = NULL};
    struct kx_batch_world *w = kx_batch_world_new(story);
    const char *header;
    char id[32];

    (void)snprintf(id, sizeof(id), "batch_purchase_%06u", ++b->numbers);
    asked = ask;
    take_offer(w, b, ask);
    take_channel(w, b);
    w->voucher.amount = total;
    w->identifier = b->identifier != NULL ? b->identifier : id;
    signs = all.sign;
    all.sign = bind;
    if (all.bind_edit == NULL)
        all.bind_edit = bound;
    kx_batch_world_pay(w, &all);
    header = shop_header(&b->shop, w->payment);
    kx_batch_world_free(w);
    (void)shop_log(&b->shop);
    b->looks = 0;
    return header;
}

struct shop_reply batch_buy(struct batch_shop *b, enum kx_batch_story story)
{
    uint64_t total = b->total + SHOP_BATCH_PRICE;
    struct shop_ask ask = {.target = "/batch"};
    struct shop_reply reply;

    ask.payment = batch_seal(b, &ask, story, total, NULL);
    reply = shop_send(&b->shop, &ask);
    if (reply.status == 200)
        b->total = total;
    return reply;
}

void batch_open(struct batch_shop *b)
{
    struct shop_reply reply;

    (void)batch_fund(b, KX_THRESHOLD_DEFAULT);
    reply = batch_buy(b, KX_STORY_OPEN);
    cr_assert_eq(reply.status, 200, "%d %s by %s: %s", reply.status, reply.body, reply.rule,
                 shop_log(&b->shop));
    (void)shop_log(&b->shop);
}

struct kx_lane_record batch_record(struct batch_shop *b)
{
    char id[X402_HASH_TEXT_BYTES];
    struct kx_lane_record record = {.version = 0};

    assay_hex_encode(id, assay_bytes_of(b->lane.lane.channel_id, 32));
    cr_assert_eq(
        b->shop.store->ops->load_channel(b->shop.store, &record, &b->shop.arena, id, true, NULL),
        ASSAY_OK);
    return record;
}

void batch_expect_text(const char *got, const char *want, const char *what, const char *name)
{
    cr_expect(got == want || (got != NULL && want != NULL && strcmp(got, want) == 0),
              "%s: %s %s, expected %s", name, what, got != NULL ? got : "(none)",
              want != NULL ? want : "(none)");
}
