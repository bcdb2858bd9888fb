/* A correct batch request for tests; see kx_batch_world.h. */
#include "ref/tests/kx_batch_world.h"

#include "base/hex.h"
#include "kaspa/covenant.h"
#include "ref/tests/x402_docs.h"

#include <stdio.h>
#include <stdlib.h>

#define FUNDING UINT64_C(90000000)
#define TOPPED_UP UINT64_C(110000000)
#define CLAIMED UINT64_C(17000000)
#define CHARGED UINT64_C(24000000)
#define RESERVE UINT64_C(2000000)
#define AMOUNT UINT64_C(1000000)
#define HASH "abcdef7171717171717171717171717171717171717171717171717171717171"
#define IDENTIFIER "batch_world_identifier_1"

json_t *kx_batch_decimal(uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    return json_string(text);
}

static json_t *hash_json(const void *bytes)
{
    return kx_world_hex(assay_bytes_of(bytes, 32));
}

json_t *kx_batch_outpoint(const struct kaspa_outpoint *outpoint)
{
    return json_pack("{s:o, s:I}", "txid", hash_json(outpoint->txid.at), "index",
                     (json_int_t)outpoint->index);
}

json_t *kx_batch_spk(struct kx_batch_world *w, const struct kx_lane *lane, uint64_t claimed)
{
    struct kaspa_spk spk;

    cr_assert_eq(kx_lane_spk(&spk, &w->lane.arena, lane, claimed), ASSAY_OK);
    return kx_world_spk_hex(spk.script);
}

json_t *kx_batch_world_terms(struct kx_batch_world *w)
{
    return json_array_get(w->offers, 0);
}

json_t *kx_batch_world_extra(struct kx_batch_world *w)
{
    return json_object_get(kx_batch_world_terms(w), "extra");
}

static json_t *identifier_extension(const char *id)
{
    struct assay_buf text = ASSAY_BUF_INIT(8192);
    json_t *extension;

    x402_identifier_write(&text, true, assay_str(id));
    extension = json_loads(assay_buf_cstr(&text), 0, NULL);
    assay_buf_fini(&text);
    return json_pack("{s:o}", "payment-identifier", extension);
}

static json_t *make_offer(struct kx_batch_world *w)
{
    char context[X402_HASH_TEXT_BYTES];

    cr_assert_eq(kx_public_context_hash(context, ASSAY_LIT(KX_BATCH_URL)), ASSAY_OK);
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:i, s:{s:s, s:s, s:o, s:o, s:o, s:o, s:s}}",
                     "scheme", "batch-settlement", "network", KX_NETWORK_TESTNET, "amount",
                     kx_batch_decimal(AMOUNT), "asset", "KAS", "payTo", w->lane.pay_to,
                     "maxTimeoutSeconds", 60, "extra", "binding", "kaspa-escrow-v3", "templateId",
                     KX_ESCROW_V5_TEMPLATE, "serverPublicKey", hash_json(w->lane.server.xonly),
                     "minDepositSompi", kx_batch_decimal(FUNDING), "claimReserveSompi",
                     kx_batch_decimal(RESERVE), "refundTimeoutDaa", kx_batch_decimal(123456789),
                     "securityContextHash", context);
}

/* The genesis of kx_lane_world.h spends output 0 of 01..01; its id does not matter to the lineage.
 */
static void set_head(struct kx_batch_world *w, uint8_t txid, uint32_t index, uint64_t value,
                     uint64_t claimed)
{
    w->head = (struct kx_lane_head){.outpoint.index = index,
                                    .covenant_id = w->lane.covenant_id,
                                    .value = value,
                                    .claimed = claimed};
    memset(w->head.outpoint.txid.at, txid, sizeof(w->head.outpoint.txid.at));
}

static void store(struct kx_batch_world *w, uint64_t charged)
{
    w->channel = (struct kx_batch_channel){
        .lane = &w->lane.lane,
        .head = w->head,
        .accounts = {.funding = w->head.value,
                     .authorized = charged,
                     .charged = charged,
                     .claimed = w->head.claimed,
                     .reserve = RESERVE},
        .is_active = true,
    };
    w->with.channel = &w->channel;
}

static void set_story(struct kx_batch_world *w)
{
    uint64_t charged = 0;

    switch (w->story) {
    case KX_STORY_OPEN:
        set_head(w, 0x66, 0, FUNDING, 0);
        break;
    case KX_STORY_SAME:
        charged = AMOUNT;
        set_head(w, 0x66, 0, FUNDING, 0);
        store(w, charged);
        break;
    case KX_STORY_VOUCHER:
    case KX_STORY_TOP_UP:
        charged = CHARGED;
        set_head(w, 0x44, 2, FUNDING, CLAIMED);
        store(w, charged);
        break;
    }
    if (w->story == KX_STORY_TOP_UP)
        set_head(w, 0x45, 0, TOPPED_UP, CLAIMED);
    w->voucher.amount = charged + AMOUNT;
}

struct kx_batch_world *kx_batch_world_new(enum kx_batch_story story)
{
    struct kx_batch_world *w = calloc(1, sizeof(*w));

    cr_assert_not_null(w);
    kx_lane_world_init(&w->lane);
    w->story = story;
    w->offers = json_pack("[o]", make_offer(w));
    w->extensions = identifier_extension("");
    cr_assert(w->offers != NULL && w->extensions != NULL);
    w->config = w->lane.lane;
    w->voucher = (struct kx_voucher){.network = ASSAY_LIT(KX_NETWORK_TESTNET),
                                     .covenant_id = w->lane.covenant_id};
    set_story(w);
    w->voucher_binding = w->lane.lane.binding;
    w->voucher_signer = w->presentation_signer = &w->lane.client;
    w->identifier = IDENTIFIER;
    w->expires_at = KX_BATCH_EXPIRES;
    w->request = (struct kx_request){.method = ASSAY_LIT("GET"), .url = ASSAY_LIT(KX_BATCH_URL)};
    return w;
}

void kx_batch_world_free(struct kx_batch_world *w)
{
    json_decref(w->offers);
    json_decref(w->accepted);
    json_decref(w->extensions);
    json_decref(w->presented);
    json_decref(w->payment);
    kx_lane_world_fini(&w->lane);
    free(w);
}

/* ---- signed ---- */

static void hash_new(char *out, json_t *value)
{
    kx_world_hash(out, value);
    json_decref(value);
}

static json_t *sign(const uint8_t *digest, const struct assay_key *key)
{
    uint8_t signature[ASSAY_SIG_BYTES];

    cr_assert_eq(assay_schnorr_sign(signature, digest, key, NULL), ASSAY_OK);
    return kx_world_hex(assay_bytes_of(signature, sizeof(signature)));
}

/* What is presented, as the client knows it. */
static json_t *make_presented(struct kx_batch_world *w)
{
    char accepted[X402_HASH_TEXT_BYTES], requirements[X402_HASH_TEXT_BYTES],
        fingerprint[X402_HASH_TEXT_BYTES];
    uint8_t voucher[32], nonce[32];

    memset(nonce, 0xaa, sizeof(nonce));
    kx_world_hash(accepted, w->accepted);
    hash_new(requirements, json_pack("{s:O, s:s}", "accepted", w->accepted, "scope",
                                     "kaspa:x402:batch-payment-requirements:v3"));
    hash_new(fingerprint, json_pack("{s:s, s:s, s:s, s:n}", "method", "GET", "url", KX_BATCH_URL,
                                    "paymentRequirementsHash", accepted, "body"));
    kx_voucher_digest(voucher, w->voucher_binding, &w->voucher);
    return json_pack("{s:s, s:s, s:O, s:o, s:o, s:o, s:s?, s:o, s:s, s:s}", "requestFingerprint",
                     fingerprint, "acceptedRequirementsHash", requirements, "securityContextHash",
                     json_object_get(json_object_get(w->accepted, "extra"), "securityContextHash"),
                     "channelId", hash_json(w->config.channel_id), "covenantId",
                     hash_json(w->voucher.covenant_id.at), "voucherDigest", hash_json(voucher),
                     "paymentIdentifier", w->identifier, "nonce", hash_json(nonce), "expiresAt",
                     w->expires_at, "scope", "kaspa:x402:batch-presentation:v1");
}

static json_t *presentation_of(struct kx_batch_world *w)
{
    char text[X402_HASH_TEXT_BYTES];
    uint8_t digest[32];
    json_t *sent = json_deep_copy(w->presented);

    kx_world_hash(text, w->presented);
    cr_assert_eq(assay_hex_decode(digest, sizeof(digest), assay_str(text), true), ASSAY_OK);
    cr_assert_eq(json_object_del(sent, "scope"), 0);
    kx_world_set(sent, "version", KX_PRESENTATION_VERSION);
    kx_world_set(sent, "digest", text);
    (void)json_object_set_new(sent, "signature", sign(digest, w->presentation_signer));
    return sent;
}

static json_t *voucher_of(struct kx_batch_world *w)
{
    uint8_t digest[32];

    kx_voucher_digest(digest, w->voucher_binding, &w->voucher);
    return json_pack("{s:o, s:o, s:o}", "covenantId", hash_json(w->voucher.covenant_id.at),
                     "authorizedCumulativeAmount", kx_batch_decimal(w->voucher.amount), "signature",
                     sign(digest, w->voucher_signer));
}

static json_t *text_json(struct assay_bytes text)
{
    return json_stringn((const char *)text.at, text.len);
}

static json_t *config_of(const struct kx_channel *c)
{
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "network",
                     text_json(c->network), "asset", "KAS", "templateId", text_json(c->template_id),
                     "clientPublicKey", hash_json(c->client), "serverPublicKey",
                     hash_json(c->server), "payTo", text_json(c->pay_to), "refundAddress",
                     text_json(c->refund_address), "refundTimeoutDaa",
                     kx_batch_decimal(c->refund_timeout_daa), "salt", hash_json(c->salt));
}

static json_t *payload_of(struct kx_batch_world *w)
{
    json_t *payload =
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "channelId", hash_json(w->config.channel_id),
                  "fundingOutpoint", kx_batch_outpoint(&w->head.outpoint), "activeScriptPublicKey",
                  kx_batch_spk(w, &w->config, w->head.claimed), "voucher", voucher_of(w),
                  "presentation", presentation_of(w));
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];

    cr_assert_not_null(payload);
    if (w->story == KX_STORY_VOUCHER) {
        kx_world_set(payload, "type", "voucher");
        (void)json_object_set_new(payload, "clientPublicKey", hash_json(w->lane.client.xonly));
        return payload;
    }
    cr_assert_eq(kx_lane_address(address, &w->lane.arena, &w->config, w->head.claimed), ASSAY_OK);
    kx_world_set(payload, "type", "deposit-voucher");
    kx_world_set(payload, "escrowAddress", address);
    (void)json_object_set_new(payload, "channelConfig", config_of(&w->config.channel));
    (void)json_object_set_new(payload, "fundingAmountSompi", kx_batch_decimal(w->head.value));
    return payload;
}

static void call(struct kx_batch_world *w, kx_batch_hook *hook)
{
    if (hook != NULL)
        hook(w);
}

static void edit(json_t *object, const char *what)
{
    const char *sign = what != NULL ? strchr(what, '=') : NULL;
    char member[96];

    if (what == NULL)
        return;
    (void)snprintf(member, sizeof(member), "%.*s",
                   (int)(sign != NULL ? sign - what : (ptrdiff_t)strlen(what)), what);
    kx_world_edit(object, member, sign != NULL ? sign + 1 : NULL);
}

void kx_batch_world_pay(struct kx_batch_world *w, const struct kx_batch_change *change)
{
    edit(kx_batch_world_terms(w), change->offer_edit);
    w->accepted = json_deep_copy(kx_batch_world_terms(w));
    edit(w->accepted, change->accepted_edit);
    call(w, change->sign);
    w->presented = make_presented(w);
    cr_assert_not_null(w->presented);
    edit(w->presented, change->bind_edit);
    w->payment = json_pack("{s:i, s:O, s:o}", "x402Version", 2, "accepted", w->accepted, "payload",
                           payload_of(w));
    cr_assert_not_null(w->payment);
    if (w->identifier != NULL)
        (void)json_object_set_new(w->payment, "extensions", identifier_extension(w->identifier));
    edit(w->payment, change->sent_edit);
    call(w, change->sent);
}

/* ---- judged ---- */

void kx_batch_world_read(struct kx_batch_world *w)
{
    struct assay_arena *arena = &w->lane.arena;
    json_t *required = json_pack("{s:i, s:{s:s}, s:O, s:O*}", "x402Version", 2, "resource", "url",
                                 KX_BATCH_URL, "accepts", w->offers, "extensions", w->extensions);
    struct assay_err err = {0};

    w->offer_doc = doc_of_value(arena, required);
    w->payment_doc = doc_of_value(arena, w->payment);
    json_decref(required);
    cr_assert_eq(x402_required_read(&w->offer, arena, &w->offer_doc, &err), X402_FAULT_NONE, "%s",
                 err.text);
    w->local = kx_batch_payment_read(&w->read, arena, &w->payment_doc, &w->err);
}

static void set_acceptance(struct kx_batch_world *w, struct kx_acceptance *a)
{
    a->txid = w->head.outpoint.txid;
    memset(a->block.at, 0xb1, sizeof(a->block.at));
    memset(a->checkpoint.block.at, 0xc1, sizeof(a->checkpoint.block.at));
    a->blue_score = 1000;
    a->confirmations = KX_THRESHOLD_DEFAULT;
    a->checkpoint.blue_score = 1500;
    a->checkpoint.daa_score = 100000000;
}

/* The chain as it is where nobody lies. */
static void set_sight(struct kx_batch_world *w)
{
    struct kaspa_spk spk;

    cr_assert_eq(kx_lane_spk(&spk, &w->lane.arena, &w->config, w->head.claimed), ASSAY_OK);
    w->sight = (struct kx_head_sight){
        .coin = {.amount = w->head.value,
                 .spk = spk,
                 .has_covenant = true,
                 .covenant_id = w->head.covenant_id},
        .evidence = {.status = KX_EVIDENCE_ACCEPTED, .txid = w->head.outpoint.txid},
        .birth = &w->birth,
        .has_daa = true,
        .daa_score = 100000000,
    };
    set_acceptance(w, &w->sight.evidence.acceptance);
    w->birth = (struct kx_birth){
        .output_count = w->story == KX_STORY_TOP_UP ? 2 : 1,
        .authorized_count = 1,
        .outpoint = w->head.outpoint,
        .output = {.value = w->head.value,
                   .spk = spk,
                   .has_covenant = true,
                   .covenant_id = w->head.covenant_id},
        .acceptance = w->sight.evidence.acceptance,
    };
    memset(w->birth.spent.txid.at, 0x01, sizeof(w->birth.spent.txid.at));
    if (w->story == KX_STORY_TOP_UP)
        w->birth.spent = w->channel.head.outpoint;
}

void kx_batch_world_judge(struct kx_batch_world *w, kx_batch_hook *judge)
{
    set_sight(w);
    w->with.offer = &w->offer;
    w->with.payment = &w->read;
    w->with.request = &w->request;
    w->with.policy = (struct kx_batch_policy)KX_BATCH_POLICY_INIT;
    w->with.now_ms = KX_BATCH_NOW_MS;
    w->with.sight = &w->sight;
    w->with.arena = &w->lane.arena;
    call(w, judge);
    kx_batch_verify(&w->verdict, &w->with);
}

void kx_batch_world_run(struct kx_batch_world *w, const struct kx_batch_change *change)
{
    kx_batch_world_pay(w, change);
    kx_batch_world_read(w);
    if (w->local == KX_LOCAL_NONE)
        kx_batch_world_judge(w, change->judge);
}

/* ---- for tests of what is sent ---- */

struct kx_batch_world *kx_batch_world_paid(enum kx_batch_story story)
{
    static const struct kx_batch_change nothing = {.sign = NULL};
    struct kx_batch_world *w = kx_batch_world_new(story);

    kx_batch_world_pay(w, &nothing);
    return w;
}

enum kx_local kx_batch_world_parse(struct kx_batch_payment *out, struct assay_arena *arena,
                                   const json_t *payment, struct assay_err *err)
{
    struct assay_json *doc = assay_arena_alloc(arena, sizeof(*doc));

    cr_assert_not_null(doc);
    *doc = doc_of_value(arena, payment);
    return kx_batch_payment_read(out, arena, doc, err);
}

json_t *kx_batch_world_operation(struct kx_batch_world *w, const char *type)
{
    bool is_claim = strcmp(type, "claim") == 0;
    json_t *payload = json_object_get(w->payment, "payload");

    kx_world_set(payload, "type", type);
    (void)json_object_del(payload, "presentation");
    (void)json_object_del(payload, "clientPublicKey");
    if (!is_claim)
        (void)json_object_del(payload, "voucher");
    kx_world_edit(payload, is_claim ? "claimAmount" : "refundAmount", "\"8000000\"");
    if (!is_claim) {
        kx_world_edit(payload, "covenantId", "\"" HASH "\"");
        kx_world_set(payload, "refundAddress", w->lane.refund_address);
        kx_world_edit(payload, "clientSignature", "\"" HASH HASH "01\"");
    }
    return w->payment;
}
