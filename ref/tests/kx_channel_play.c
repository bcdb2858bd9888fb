/* A client that pays by channel, in virtual time; see kx_channel_play.h. */
#include "ref/tests/kx_channel_play.h"

#include "base/base64.h"
#include "base/hex.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "kaspa_x402/exact_read.h"
#include "ref/tests/scarce.h"

#include <stdlib.h>

#define STEPS_MAX 200
#define FEE UINT64_C(2000000)

static struct assay_bytes kept(struct kx_channel_play *p, struct assay_bytes bytes)
{
    struct assay_bytes copy = assay_arena_copy(&p->arena, bytes);

    cr_assert_not_null(copy.at);
    return copy;
}

struct kx_channel_play *kx_channel_play_new(void)
{
    struct kx_channel_play *p = calloc(1, sizeof(*p));
    char key[2 * ASSAY_XONLY_BYTES + 1];

    cr_assert_not_null(p);
    p->arena.max = (size_t)256 << 20;
    batch_shop_open(&p->shop);
    assay_hex_encode(key, assay_bytes_of(p->shop.lane.server.xonly, ASSAY_XONLY_BYTES));
    p->policy = (struct kx_policy){
        .origins = {.at = {ASSAY_LIT(SHOP_URL "/")}, .count = 1},
        .pay_to = {.at = {assay_str(p->shop.lane.pay_to)}, .count = 1},
        .fee_max = KX_FEE_MAX_DEFAULT,
        .source = ASSAY_LIT("hot-wallet"),
        .networks = {[KASPA_TESTNET] = true},
        .confirmations = 30,
        .authorization_ms = 30000,
        .request_timeout_ms = 1000,
        .wallet_timeout_ms = 1000,
        .retry_after_max_ms = 5000,
        .batch = {.is_allowed = true,
                  .limits = {.charge = SHOP_BATCH_PRICE,
                             .deposit = PLAY_DEPOSIT,
                             .top_up = PLAY_DEPOSIT,
                             .total = 10 * SHOP_BATCH_PRICE,
                             .exposure = 4 * PLAY_DEPOSIT,
                             .refund_lead_daa = 1000,
                             .refund_horizon_daa = 200000},
                  .servers = {.count = 1},
                  .resources = {.at = {ASSAY_LIT(SHOP_URL "/*")}, .count = 1},
                  .deposit = PLAY_DEPOSIT,
                  .confirmations = KX_THRESHOLD_DEFAULT},
    };
    p->policy.batch.servers.at[0] = kept(p, assay_str(key));
    p->job = (struct kx_client_job){.method = ASSAY_LIT("GET"),
                                    .url = ASSAY_LIT(PLAY_URL),
                                    .body = ASSAY_LIT(""),
                                    .identifier = ASSAY_LIT(""),
                                    .retries = 2,
                                    .has_node = true,
                                    .wait_ms = 1000,
                                    .poll_ms = 400};
    p->confirmations = KX_THRESHOLD_DEFAULT;
    p->allocations = SIZE_MAX;
    return p;
}

void kx_channel_play_free(struct kx_channel_play *p)
{
    kx_client_free(p->client);
    batch_shop_close(&p->shop);
    assay_arena_fini(&p->arena);
    free(p);
}

/* ---- memory: what stands between these two is what may fail for want of it ---- */

static struct kx_client *entered(const struct kx_channel_play *p)
{
    scarce_enter(p->allocations);
    return p->client;
}

static struct kx_client_action left(struct kx_channel_play *p, struct kx_client_action next)
{
    scarce_leave(&p->allocations);
    return next;
}

/* ---- the server ---- */

static struct kx_client_field field_of(const struct shop_reply *reply, const char *name)
{
    struct kx_client_field field = {.count = 0};

    for (size_t i = 0; i < reply->header_count; i++) {
        if (!assay_bytes_equal_nocase(reply->headers[i].name, assay_str(name)))
            continue;
        field.count++;
        field.value = reply->headers[i].value;
    }
    return field;
}

static struct kx_client_action fetch(struct kx_channel_play *p,
                                     const struct kx_client_action *action)
{
    struct assay_bytes url = kept(p, action->url);
    struct shop_ask ask = {.target = (const char *)url.at + strlen(SHOP_URL)};
    struct kx_client_reply reply = {.body = ASSAY_LIT("")};
    struct shop_reply said;

    kx_note_wait(p->trace, &p->shop.shop.now_ms, action->wait_ms);
    p->is_paying = action->payment.len > 0;
    kx_note(p->trace, "get%s", p->is_paying ? "+pay" : "");
    if (p->is_paying) {
        p->paid_with = kept(p, action->payment);
        ask.payment = (const char *)p->paid_with.at;
        p->paid++;
    }
    if (p->is_paying && p->late > 0) {
        p->shop.shop.now_ms += p->policy.authorization_ms + 1;
        p->late--;
    }
    said = shop_send(&p->shop.shop, &ask);
    if (p->bend != NULL)
        p->bend(p, &said);
    if (said.status == 0)
        return left(
            p, kx_client_fetched(entered(p), ASSAY_E_TIMEOUT, &reply, NULL, p->shop.shop.now_ms));
    kx_note(p->trace, "%d", said.status);
    reply.status = said.status;
    reply.body = assay_bytes_of(said.body, said.body_len);
    reply.content_type = assay_str(said.type);
    reply.required = field_of(&said, KX_CLIENT_HEADER_REQUIRED);
    reply.response = field_of(&said, KX_CLIENT_HEADER_RESPONSE);
    reply.retry_after = field_of(&said, "Retry-After");
    return left(p, kx_client_fetched(entered(p), ASSAY_OK, &reply, NULL, p->shop.shop.now_ms));
}

/* ---- the wallet ---- */

static json_t *hex_json(const void *bytes, size_t len)
{
    return kx_world_hex(assay_bytes_of(bytes, len));
}

static void read_hash(uint8_t *out, const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    cr_assert_not_null(text, "%s", member);
    cr_assert_eq(assay_hex_decode(out, 32, assay_str(text), true), ASSAY_OK, "%s", member);
}

static json_t *make_key(struct kx_channel_play *p)
{
    return json_pack("{s:o, s:s}", "clientPublicKey",
                     hex_json(p->shop.lane.client.xonly, ASSAY_XONLY_BYTES), "refundAddress",
                     p->shop.lane.refund_address);
}

static uint64_t amount_of(const json_t *order, const char *member)
{
    const char *text = json_string_value(json_object_get(order, member));

    cr_assert_not_null(text, "%s", member);
    return strtoull(text, NULL, 10);
}

static json_t *funded(const struct kx_batch_artifact *made)
{
    struct assay_buf text = ASSAY_BUF_INIT((size_t)1 << 20);
    json_t *result;

    kaspa_tx_write(&text, &made->tx, made->utxos, KASPA_JSON_FLAT);
    result = json_pack("{s:s, s:s, s:o, s:s}", "transaction", assay_buf_cstr(&text),
                       "transactionEncoding", KX_ENCODING, "transactionId",
                       hex_json(made->id.at, 32), "fundingSource", "hot-wallet");
    assay_buf_fini(&text);
    return result;
}

/* Our half of it. */
static json_t *top_up(struct kx_channel_play *p, const json_t *order)
{
    uint64_t amount = amount_of(order, "topUpSompi");
    struct kx_batch_funding funding = {
        .outpoint.txid.at = {0x78},
        .utxo = {.amount = amount + FEE, .spk = p->shop.lane.lane.refund},
        .signing.key = &p->shop.lane.client};
    const struct kx_batch_plan plan = {.kind = KX_BATCH_TOP_UP,
                                       .lane = &p->shop.lane.lane,
                                       .head = &p->shop.head,
                                       .fee = FEE,
                                       .amount = amount,
                                       .client.key = &p->shop.lane.client,
                                       .funding = &funding,
                                       .funding_count = 1};
    struct kx_batch_artifact made;
    struct assay_err err = {0};

    cr_assert_eq(kx_batch_tx_build(&made, &p->arena, &plan, &err), ASSAY_OK, "%s", err.text);
    return funded(&made);
}

static json_t *refund(struct kx_channel_play *p, const json_t *order)
{
    const struct kx_batch_plan plan = {.kind = KX_BATCH_REFUND,
                                       .lane = &p->shop.lane.lane,
                                       .head = &p->shop.head,
                                       .fee = FEE,
                                       .lock_time = amount_of(order, "lockTimeDaa"),
                                       .client.key = &p->shop.lane.client};
    struct kx_batch_artifact made;
    struct assay_err err = {0};

    cr_assert_eq(kx_batch_tx_build(&made, &p->arena, &plan, &err), ASSAY_OK, "%s", err.text);
    return funded(&made);
}

static json_t *genesis(struct kx_channel_play *p, const json_t *order, struct assay_bytes body)
{
    struct assay_arena *arena = &p->arena;
    struct kx_lane *lane = assay_arena_alloc(arena, sizeof(*lane));
    struct kx_channel config;
    struct assay_json doc;
    struct assay_err err = {0};
    const struct kx_reader r = {.doc = &doc, .arena = arena, .place = "order", .err = &err};
    struct kx_batch_funding funding = {.outpoint.txid.at = {0x77},
                                       .utxo = {.spk = p->shop.lane.lane.refund},
                                       .signing.key = &p->shop.lane.client};
    struct kx_batch_plan plan = {
        .kind = KX_BATCH_GENESIS, .fee = FEE, .funding = &funding, .funding_count = 1};
    struct kx_batch_artifact made;

    cr_assert_eq(x402_document_parse(&doc, arena, kept(p, body), true, &err), ASSAY_OK);
    cr_assert(kx_channel_read(&config, &r, assay_json_member(&doc, 0, "channelConfig")), "%s",
              err.text);
    cr_assert(lane != NULL &&
                  kx_lane_open(lane, arena, &kx_batch_bindings[2], &config, &err) == KX_LOCAL_NONE,
              "%s", err.text);
    plan.lane = lane;
    plan.amount = amount_of(order, "depositSompi");
    funding.utxo.amount = plan.amount + FEE;
    cr_assert_eq(kx_batch_tx_build(&made, arena, &plan, &err), ASSAY_OK, "%s", err.text);
    return funded(&made);
}

static json_t *sign(const struct kx_channel_play *p, const uint8_t digest[32])
{
    uint8_t signature[ASSAY_SIG_BYTES];

    cr_assert_eq(assay_schnorr_sign(signature, digest, &p->shop.lane.client, NULL), ASSAY_OK);
    return hex_json(signature, sizeof(signature));
}

static json_t *vouch(struct kx_channel_play *p, const json_t *order)
{
    const char *identifier = json_string_value(json_object_get(order, "paymentIdentifier")),
               *expires = json_string_value(json_object_get(order, "expiresAt"));
    struct kx_voucher voucher = {.network = ASSAY_LIT(KX_NETWORK_TESTNET)};
    struct kx_presentation says = {.has_identifier = true,
                                   .identifier = assay_str(identifier),
                                   .expires_at = assay_str(expires)};
    uint8_t digest[32];
    json_t *result = json_object();

    voucher.amount = amount_of(order, "authorizedCumulativeAmount");
    read_hash(voucher.covenant_id.at, order, "covenantId");
    read_hash(says.fingerprint, order, "requestFingerprint");
    memcpy(p->fingerprint, says.fingerprint, sizeof(p->fingerprint));
    read_hash(says.requirements, order, "acceptedRequirementsHash");
    read_hash(says.context, order, "securityContextHash");
    read_hash(says.channel_id, order, "channelId");
    read_hash(says.nonce, order, "nonce");
    says.covenant_id = voucher.covenant_id;
    kx_voucher_digest(says.voucher_digest, &kx_batch_bindings[2], &voucher);
    (void)json_object_set_new(result, "voucherSignature", sign(p, says.voucher_digest));
    cr_assert_eq(kx_presentation_digest(digest, &says), ASSAY_OK);
    (void)json_object_set_new(result, "presentationSignature", sign(p, digest));
    p->signed_total = voucher.amount;
    p->vouchers++;
    kx_note(p->trace, "sign:%llu", (unsigned long long)(voucher.amount / SHOP_BATCH_PRICE));
    return result;
}

static void note_final(struct kx_channel_play *p, const json_t *order)
{
    size_t len = strlen(p->finals);
    int wrote = snprintf(p->finals + len, sizeof(p->finals) - len, "%s=%s ",
                         json_string_value(json_object_get(order, "attemptId")),
                         json_string_value(json_object_get(order, "outcome")));

    cr_assert(wrote > 0 && (size_t)wrote < sizeof(p->finals) - len);
}

/* The wallet's answer; NULL: nothing that has a result. */
static json_t *answer(struct kx_channel_play *p, const struct kx_client_action *action,
                      const json_t *order)
{
    if (strcmp(action->call, "sourceKind") == 0)
        return json_string("hot-wallet");
    if (strcmp(action->call, "networkId") == 0)
        return json_string(KX_NETWORK_TESTNET);
    if (strcmp(action->call, "authorizeBatchPayment") == 0) {
        p->is_consented = true;
        kx_note(p->trace, "consent:%s",
                json_string_value(json_object_get(json_object_get(order, "intent"), "operation")));
        return json_pack("{s:O}", "intentDigest", json_object_get(order, "intentDigest"));
    }
    if (strcmp(action->call, "createChannelKey") == 0) {
        p->keys += p->is_consented ? 0 : 1;
        return make_key(p);
    }
    if (strcmp(action->call, "prepareEscrowDeposit") == 0) {
        kx_note(p->trace, "fund");
        return genesis(p, order, action->body);
    }
    if (strcmp(action->call, "prepareEscrowTopUp") == 0) {
        kx_note(p->trace, "top-up:%llu", (unsigned long long)amount_of(order, "topUpSompi"));
        return top_up(p, order);
    }
    if (strcmp(action->call, "signEscrowRefund") == 0) {
        kx_note(p->trace, "refund");
        return refund(p, order);
    }
    if (strcmp(action->call, "signBatchPayment") == 0)
        return vouch(p, order);
    if (strcmp(action->call, "finalizeEscrowTransition") == 0)
        note_final(p, order);
    return json_null();
}

static struct kx_client_action call(struct kx_channel_play *p,
                                    const struct kx_client_action *action)
{
    json_t *order = json_loadb((const char *)action->body.at, action->body.len, 0, NULL), *said;
    enum assay_code code =
        strcmp(action->call, "prepareEscrowDeposit") == 0 ? p->fund_code : ASSAY_OK;
    struct kx_client_action next;
    char *text;

    cr_assert_not_null(order, "%s", action->call);
    said = json_pack("{s:o}", "result", answer(p, action, order));
    cr_assert_not_null(said, "%s", action->call);
    if (p->spoil != NULL)
        p->spoil(action->call, said);
    text = json_dumps(said, JSON_COMPACT);
    next = left(p, kx_client_called(entered(p), code, assay_str(text), NULL, p->shop.shop.now_ms));
    memset(text, 'x', strlen(text)); /* what an HTTP client has read is gone after it */
    free(text);
    json_decref(said);
    json_decref(order);
    return next;
}

/* ---- the folder ---- */

static void put_attempt(struct kx_channel_play *p, const struct kx_client_attempt *attempt)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_ATTEMPT_MAX_BYTES);
    size_t i = 0;

    while (i < p->attempt_count &&
           !assay_bytes_equal(kx_channel_play_attempt(p, i).identifier, attempt->identifier))
        i++;
    cr_assert_lt(i, PLAY_FILES);
    p->attempt_count += i == p->attempt_count;
    kx_client_attempt_write(&text, attempt);
    p->attempts[i] = kept(p, assay_buf_view(&text));
    assay_buf_fini(&text);
}

static struct kx_client_channel read_channel(struct kx_channel_play *p, struct assay_bytes text)
{
    struct kx_client_channel channel = {.version = 0};
    struct assay_err err = {0};

    cr_assert_eq(kx_client_channel_read(&channel, &p->arena, text, &err), ASSAY_OK, "%s", err.text);
    return channel;
}

/* As kx_channels_save does. */
static void put_channel(struct kx_channel_play *p, struct kx_client_channel *channel)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_CHANNEL_MAX_BYTES);
    bool is_away = p->ended.len > 0 &&
                   memcmp(read_channel(p, p->ended).channel_id, channel->channel_id, 32) == 0,
         ends = !is_away && channel->state == KX_CHANNEL_IS_ENDED;
    struct assay_bytes there = is_away ? p->ended : p->channel;

    cr_expect_eq(channel->version, there.len > 0 ? read_channel(p, there).version : UINT64_C(0));
    channel->version++;
    kx_client_channel_write(&text, channel);
    *(is_away || ends ? &p->ended : &p->channel) = kept(p, assay_buf_view(&text));
    if (ends)
        p->channel = ASSAY_LIT("");
    assay_buf_fini(&text);
}

static struct kx_client_action save(struct kx_channel_play *p,
                                    const struct kx_client_action *action)
{
    kx_note(p->trace, "save%s%s%s%s", action->channel != NULL ? ":" : "",
            action->channel != NULL ? kx_client_channel_state_name(action->channel->state) : "",
            action->attempt != NULL ? ":" : "",
            action->attempt != NULL ? kx_client_state_name(action->attempt->state) : "");
    if (++p->saved == p->fails_save)
        return left(p, kx_client_saved(entered(p), ASSAY_E_IO, NULL, p->shop.shop.now_ms));
    if (action->attempt != NULL)
        put_attempt(p, action->attempt);
    if (p->saved == p->dies_in) {
        p->dies_at = p->done + 2;
        return *action;
    }
    if (action->channel != NULL)
        put_channel(p, action->channel);
    return left(p, kx_client_saved(entered(p), ASSAY_OK, NULL, p->shop.shop.now_ms));
}

struct kx_client_channel kx_channel_play_channel(struct kx_channel_play *p)
{
    return read_channel(p, p->channel.len > 0 ? p->channel : p->ended);
}

struct kx_client_attempt kx_channel_play_attempt(struct kx_channel_play *p, size_t number)
{
    struct kx_client_attempt attempt;
    struct assay_err err = {0};

    cr_assert_lt(number, p->attempt_count);
    cr_assert_eq(kx_client_attempt_read(&attempt, &p->arena, p->attempts[number], &err), ASSAY_OK,
                 "%s", err.text);
    return attempt;
}

static struct kx_client_action find(struct kx_channel_play *p,
                                    const struct kx_client_action *action)
{
    struct kx_client_channel channel;
    struct kx_client_attempt pending;
    bool is_pending = false;

    kx_note(p->trace, "find");
    if (p->find_code != ASSAY_OK)
        return left(
            p, kx_client_found(entered(p), p->find_code, NULL, NULL, NULL, p->shop.shop.now_ms));
    if (p->channel.len == 0)
        return left(p,
                    kx_client_found(entered(p), ASSAY_OK, NULL, NULL, NULL, p->shop.shop.now_ms));
    channel = kx_channel_play_channel(p);
    cr_expect_str_eq(action->channel_key, channel.key);
    for (size_t i = 0; i < p->attempt_count && !is_pending; i++) {
        pending = kx_channel_play_attempt(p, i);
        is_pending = assay_bytes_equal(pending.identifier, channel.pending);
    }
    return left(p, kx_client_found(entered(p), ASSAY_OK, &channel, is_pending ? &pending : NULL,
                                   NULL, p->shop.shop.now_ms));
}

/* ---- the node ---- */

static struct kx_client_action look(struct kx_channel_play *p,
                                    const struct kx_client_action *action)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)64 << 20);
    struct kx_sight sight = {.utxos = NULL};
    enum assay_code rc = p->look_code;
    struct kx_client_action next;

    kx_note_wait(p->trace, &p->shop.shop.now_ms, action->wait_ms);
    kx_note(p->trace, action->look->has_tx ? "await" : "look");
    if (rc == ASSAY_OK)
        rc = p->shop.shop.chain(&p->shop.shop, &sight, &arena, action->look);
    next = left(p, kx_client_looked(entered(p), rc, &sight, NULL, p->shop.shop.now_ms));
    assay_arena_fini(&arena);
    return next;
}

/* The transaction outlives the client. */
static struct kx_client_action submit(struct kx_channel_play *p,
                                      const struct kx_client_action *action)
{
    const struct kaspa_json_options options = {.numbers = false};
    struct assay_buf text = ASSAY_BUF_INIT((size_t)1 << 20);
    struct kaspa_tx tx;

    kx_note(p->trace, "submit");
    p->submissions++;
    if (p->submit_code == ASSAY_OK) {
        kaspa_tx_write(&text, action->tx, NULL, KASPA_JSON_NESTED);
        cr_assert_eq(kaspa_tx_parse(&tx, NULL, &p->arena, assay_buf_view(&text), &options, NULL),
                     ASSAY_OK);
        batch_put(&p->shop, &tx, p->confirmations)->is_accepted = p->confirmations > 0;
    }
    assay_buf_fini(&text);
    return left(p, kx_client_submitted(entered(p), p->submit_code,
                                       p->submit_code == ASSAY_OK || !p->is_unsent, NULL,
                                       p->shop.shop.now_ms));
}

/* ---- a run ---- */

static struct kx_client_action carry_out(struct kx_channel_play *p,
                                         const struct kx_client_action *action)
{
    switch (action->kind) {
    case KX_CLIENT_DO_FETCH:
        return fetch(p, action);
    case KX_CLIENT_DO_WALLET:
        return call(p, action);
    case KX_CLIENT_DO_SAVE:
        return save(p, action);
    case KX_CLIENT_DO_FIND:
        return find(p, action);
    case KX_CLIENT_DO_SUBMIT:
        return submit(p, action);
    case KX_CLIENT_DO_LOOK:
        return look(p, action);
    case KX_CLIENT_DO_HAND_ON:
        return left(p, kx_client_handed_on(entered(p), !p->is_not_taken));
    case KX_CLIENT_DO_FINISH:
        break;
    }
    p->outcome = action->outcome;
    p->outcome.why = (const char *)kept(p, assay_str(action->outcome.why)).at;
    kx_note_end(p->trace, &action->outcome);
    return *action;
}

/* As kx_attempts_find does. */
static bool find_known(struct kx_channel_play *p, const char *key, struct kx_client_attempt *out)
{
    bool found = false;

    for (size_t i = 0; i < p->attempt_count; i++) {
        struct kx_client_attempt a = kx_channel_play_attempt(p, i);
        bool is_it =
            p->job.identifier.len > 0 && assay_bytes_equal(a.identifier, p->job.identifier);

        if (!is_it &&
            (found || strcmp(a.request_key, key) != 0 || !kx_client_attempt_is_unresolved(&a)))
            continue;
        *out = a;
        found = true;
        if (is_it)
            break;
    }
    return found;
}

static void make_random(struct kx_channel_play *p)
{
    uint8_t number = (uint8_t)++p->numbers;

    memset(p->job.random, number, sizeof(p->job.random));
    memset(p->job.salt, number, sizeof(p->job.salt));
    memset(p->job.nonce, number, sizeof(p->job.nonce));
    memset(p->job.move_random, number + 0x80, sizeof(p->job.move_random));
}

static void begin_run(struct kx_channel_play *p)
{
    p->trace[0] = '\0';
    p->is_consented = false;
    p->saved = 0;
    make_random(p);
    kx_client_free(p->client);
    p->client = kx_client_new(&p->policy);
    cr_assert_not_null(p->client);
}

static void run_from(struct kx_channel_play *p, struct kx_client_action action)
{
    for (p->done = 0; p->done < STEPS_MAX; p->done++) {
        bool is_end = action.kind == KX_CLIENT_DO_FINISH;

        if (p->dies_at > 0 && p->done + 1 == p->dies_at) {
            kx_note(p->trace, "dies");
            p->dies_at = 0;
            return;
        }
        action = carry_out(p, &action);
        if (is_end)
            return;
    }
    cr_assert_fail("it never ends: %s", p->trace);
}

void kx_channel_play_run(struct kx_channel_play *p)
{
    struct kx_client_attempt known;
    struct assay_err err = {0};
    const char *key;
    bool is_known;

    begin_run(p);
    cr_assert_eq(kx_client_prepare(p->client, &p->job, &key, &err), ASSAY_OK, "%s", err.text);
    is_known = find_known(p, key, &known);
    run_from(p,
             left(p, kx_client_start(entered(p), is_known ? &known : NULL, p->shop.shop.now_ms)));
}

void kx_channel_play_refund(struct kx_channel_play *p)
{
    struct kx_client_channel channel = kx_channel_play_channel(p);

    begin_run(p);
    run_from(p,
             left(p, kx_client_start_refund(entered(p), &p->job, &channel, p->shop.shop.now_ms)));
}

void kx_channel_play_open(struct kx_channel_play *p)
{
    kx_channel_play_run(p);
    cr_assert_eq(p->outcome.end, KX_CLIENT_SERVED, "%s: %s", p->trace, p->outcome.why);
    kx_channel_play_adopt(p);
}

struct batch_tx *kx_channel_play_co_sign(struct kx_channel_play *p, uint64_t confirmations)
{
    const struct kaspa_json_options options = {.numbers = false};
    const struct kx_client_channel channel = kx_channel_play_channel(p);
    const struct kaspa_point_of_view pov = {.daa_score = p->shop.daa};
    struct kx_batch_tx asked = {.kind = KX_BATCH_TOP_UP,
                                .lane = &p->shop.lane.lane,
                                .head = &channel.head,
                                .pov = &pov,
                                .fee_max = p->policy.fee_max,
                                .arena = &p->arena};
    struct kx_batch_artifact made;
    struct kaspa_claims claims;
    struct kaspa_tx tx;
    struct assay_err err = {0};

    cr_assert_eq(kaspa_tx_parse(&tx, &claims, &p->arena, channel.move, &options, &err), ASSAY_OK,
                 "%s", err.text);
    if (channel.state != KX_CHANNEL_IS_TOPPING_UP)
        return batch_put(&p->shop, &tx, confirmations);
    asked.tx = &tx;
    asked.utxos = claims.utxos;
    cr_assert_eq(kx_batch_tx_co_sign(&made, &asked, &p->shop.lane.server, &err), ASSAY_OK, "%s",
                 err.text);
    return batch_put(&p->shop, &made.tx, confirmations);
}

void kx_channel_play_adopt(struct kx_channel_play *p)
{
    struct kx_client_channel channel = kx_channel_play_channel(p);
    struct kx_lane_world *lane = &p->shop.lane;

    lane->channel.refund_timeout_daa = channel.config.refund_timeout_daa;
    memcpy(lane->channel.salt, channel.config.salt, sizeof(lane->channel.salt));
    kx_lane_world_open(lane, "kaspa-escrow-v3", KX_ESCROW_V5_TEMPLATE);
    p->shop.head = channel.head;
    p->shop.total = channel.total;
}
