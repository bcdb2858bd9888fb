/* A correct exact offer and its payment, for tests; see kx_world.h. */
#include "ref/tests/kx_world.h"

#include "base/hash.h"
#include "base/hex.h"
#include "kaspa/engine.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "ref/tests/upstream.h"

#include <stdio.h>
#include <stdlib.h>

#define URL "https://api.example.test/file"
#define DAA 1000

static const char schema[] = "{\"type\":\"object\",\"required\":[\"required\"]}";
static const struct kaspa_hash head_txid = {{0x71, 0x71}};
static const struct kaspa_hash payer_txid = {{0x70, 0x70}};
static const struct kaspa_hash covenant_id = {{0x80, 0x84}};
static const uint8_t next_guard[32] = {0xa8, 0xc0};

static void make_key(struct assay_key *key, uint8_t byte)
{
    uint8_t secret[32];

    memset(secret, byte, sizeof(secret));
    cr_assert_eq(assay_key_init(key, secret), ASSAY_OK);
}

static struct assay_bytes kept(struct kx_world *w, const struct assay_buf *buf)
{
    struct assay_bytes bytes = assay_arena_copy(&w->arena, assay_buf_view(buf));

    cr_assert(assay_buf_ok(buf) && bytes.at != NULL);
    return bytes;
}

struct assay_bytes kx_world_script(struct kx_world *w, const struct assay_key *key)
{
    uint8_t room[KASPA_SPK_SCHNORR_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);

    kaspa_script_add_pay_to_pubkey(&script, key->xonly);
    return kept(w, &script);
}

static struct assay_bytes script_of_hash(struct kx_world *w, struct assay_bytes redeem)
{
    uint8_t room[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);

    kaspa_script_add_pay_to_script_hash(&script, redeem);
    return kept(w, &script);
}

json_t *kx_world_hex(struct assay_bytes bytes)
{
    char *text = malloc(2 * bytes.len + 1);
    json_t *value;

    cr_assert_not_null(text);
    assay_hex_encode(text, bytes);
    value = json_string(text);
    free(text);
    return value;
}

json_t *kx_world_spk_hex(struct assay_bytes script)
{
    uint8_t bytes[128] = {0, 0};

    cr_assert_leq(script.len, sizeof(bytes) - 2);
    memcpy(bytes + 2, script.at, script.len);
    return kx_world_hex(assay_bytes_of(bytes, script.len + 2));
}

static json_t *address_of(struct assay_bytes script)
{
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_spk spk = {.script = script};
    struct kaspa_address address;

    cr_assert(kaspa_address_of_script(&address, &spk, KASPA_TESTNET));
    kaspa_address_encode(text, &address);
    return json_string(text);
}

void kx_world_set(json_t *object, const char *name, const char *text)
{
    cr_assert_eq(json_object_set_new(object, name, json_string(text)), 0);
}

void kx_world_edit(json_t *object, const char *path, const char *value)
{
    const char *dot = strchr(path, '.');
    char name[64];

    if (dot != NULL) {
        (void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
        kx_world_edit(json_object_get(object, name), dot + 1, value);
    } else if (value == NULL) {
        cr_assert_eq(json_object_del(object, path), 0, "%s", path);
    } else {
        json_t *made = json_loads(value, JSON_DECODE_ANY, NULL);

        cr_assert_not_null(made, "%s", value);
        cr_assert_eq(json_object_set_new(object, path, made), 0);
    }
}

json_t *kx_world_terms(struct kx_world *w)
{
    return json_array_get(json_object_get(w->required, "accepts"), 0);
}

json_t *kx_world_extra(struct kx_world *w)
{
    return json_object_get(kx_world_terms(w), "extra");
}

json_t *kx_world_payload(struct kx_world *w)
{
    return json_object_get(w->payment, "payload");
}

json_t *kx_world_info(struct kx_world *w)
{
    json_t *extensions = json_object_get(w->payment, "extensions");

    return json_object_get(json_object_get(extensions, "payment-identifier"), "info");
}

static json_t *make_required(struct assay_bytes pay_to)
{
    json_t *required = json_pack(
        "{s:i, s:{s:s}, s:[{s:s, s:s, s:s, s:s, s:o, s:i, s:{s:s, s:s, s:s, s:s, s:s, s:o}}], "
        "s:{s:{s:{s:b}, s:o}}}",
        "x402Version", 2, "resource", "url", URL, "accepts", "scheme", "exact", "network",
        "kaspa:testnet-10", "amount", "20000000", "asset", "KAS", "payTo", address_of(pay_to),
        "maxTimeoutSeconds", 60, "extra", "binding", "kaspa-exact-v2", "profile", "standard-native",
        "paymentFlow", "upfront", "finality", "accepted", "transactionEncoding",
        "kaspa-sdk-safe-json-v2.0.0", "payToScriptPublicKey", kx_world_spk_hex(pay_to),
        "extensions", "payment-identifier", "info", "required", 1, "schema",
        json_loads(schema, 0, NULL));

    cr_assert_not_null(required);
    return required;
}

static void add_head_terms(struct kx_world *w)
{
    json_t *extra = kx_world_extra(w);
    json_t *more = json_pack(
        "{s:s, s:s, s:{s:i, s:o}, s:s, s:o, s:o, s:s, s:s, s:i}", "headId",
        "9090909090909090909090909090909090909090909090909090909090909090", "headVersion", "7",
        "expectedHeadOutpoint", "index", 0, "txid",
        kx_world_hex(assay_bytes_of(head_txid.at, sizeof(head_txid.at))), "headAmount", "100000000",
        "headScriptPublicKey", kx_world_spk_hex(script_of_hash(w, w->redeem)), "headRedeemScript",
        kx_world_hex(w->redeem), "challengeId",
        "9191919191919191919191919191919191919191919191919191919191919191", "challengeExpiresAt",
        KX_WORLD_CHALLENGE_EXPIRES, "paymentOutputIndex", 0);

    cr_assert_not_null(more);
    cr_assert_eq(json_object_update(extra, more), 0);
    json_decref(more);
    kx_world_set(extra, "profile", kx_profile_name(w->profile));
}

static void add_payer(struct kx_world *w, size_t i)
{
    w->spends[i] = (struct kaspa_spend){
        .kind = KASPA_SPEND_PUBKEY,
        .outpoint = {payer_txid, (uint32_t)i},
        .utxo = {.amount = UINT64_C(500000000),
                 .spk = {.script = kx_world_script(w, &w->payer)},
                 .block_daa_score = DAA},
        .sequence = KASPA_SEQUENCE_FINAL,
        .key = &w->payer,
        .commit = KASPA_COMMIT_LEARN,
        .unlock = ASSAY_LIT(""),
        .redeem = ASSAY_LIT(""),
    };
}

static void init_standard(struct kx_world *w)
{
    struct assay_bytes pay_to = kx_world_script(w, &w->merchant);

    w->required = make_required(pay_to);
    add_payer(w, 0);
    w->outputs[0] = (struct kaspa_output){.value = KX_WORLD_AMOUNT, .spk = {.script = pay_to}};
    w->plan.spend_count = 1;
}

static void add_head(struct kx_world *w, struct assay_bytes successor)
{
    w->spends[0] = (struct kaspa_spend){
        .kind = KASPA_SPEND_SCRIPT_HASH,
        .outpoint = {head_txid, 0},
        .utxo = {.amount = KX_WORLD_HEAD_AMOUNT,
                 .spk = {.script = script_of_hash(w, w->redeem)},
                 .block_daa_score = DAA},
        .sequence = KASPA_SEQUENCE_FINAL,
        .commit = KASPA_COMMIT_LEARN,
        .unlock = assay_bytes_of("\0", 1),
        .redeem = w->redeem,
    };
    add_payer(w, 1);
    w->outputs[0] = (struct kaspa_output){.value = KX_WORLD_HEAD_AMOUNT + KX_WORLD_AMOUNT,
                                          .spk = {.script = successor}};
    w->plan.spend_count = 2;
    w->plan.version = 1;
    w->input_index = 1;
}

static void init_additive(struct kx_world *w)
{
    uint8_t room[80];
    struct assay_buf redeem = ASSAY_BUF_OVER(room);

    kx_additive_redeem(&redeem, w->owner.xonly, 10000000);
    w->redeem = kept(w, &redeem);
    w->required = make_required(script_of_hash(w, w->redeem));
    add_head(w, script_of_hash(w, w->redeem));
    add_head_terms(w);
    kx_world_set(kx_world_extra(w), "templateId", KX_TEMPLATE_ADDITIVE);
    kx_world_set(kx_world_extra(w), "additiveThresholdSompi", "10000000");
}

/* The template with its guard, which stands at byte 2. */
static struct assay_bytes with_guard(struct kx_world *w, struct assay_bytes template,
                                     const uint8_t *guard)
{
    uint8_t *at = assay_arena_alloc(&w->arena, template.len);

    cr_assert_not_null(at);
    memcpy(at, template.at, template.len);
    memcpy(at + 2, guard, 32);
    return assay_bytes_of(at, template.len);
}

/* The borrower's unlocking: next guard, one-time key, its signature, the selector, the script. */
static struct assay_bytes hash_chain_unlock(struct kx_world *w, const uint8_t *signature_push)
{
    struct assay_buf unlock = ASSAY_BUF_INIT(4096);
    struct assay_bytes kept_unlock;

    kaspa_script_add_push(&unlock, assay_bytes_of(next_guard, sizeof(next_guard)));
    kaspa_script_add_push(&unlock, assay_bytes_of(w->one_time.xonly, 32));
    assay_buf_add(&unlock, assay_bytes_of(signature_push, KASPA_SIGNATURE_PUSH_BYTES));
    kaspa_script_add_push(&unlock, assay_bytes_of("\xc6\xe1\xd7\x05", 4));
    kaspa_script_add_push(&unlock, w->redeem);
    kept_unlock = kept(w, &unlock);
    assay_buf_fini(&unlock);
    return kept_unlock;
}

static void add_hash_chain_terms(struct kx_world *w, const uint8_t *current_guard)
{
    json_t *more = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s}", "binding", KX_BINDING_HASH_CHAIN,
        "templateId", KX_TEMPLATE_HASH_CHAIN, "assetTransferMethod", "kaspa-v1-hash-chain-proof",
        "covenantId", kx_world_hex(assay_bytes_of(covenant_id.at, 32)), "currentGuard",
        kx_world_hex(assay_bytes_of(current_guard, 32)), "nextGuard",
        kx_world_hex(assay_bytes_of(next_guard, 32)), "oneTimePublicKey",
        kx_world_hex(assay_bytes_of(w->one_time.xonly, 32)), "grantId",
        "9393939393939393939393939393939393939393939393939393939393939393", "grantClaimUrl",
        "https://api.example.test/grant", "challengeIssuedAt", "2098-12-31T23:58:59Z");

    cr_assert_not_null(more);
    cr_assert_eq(json_object_update(kx_world_extra(w), more), 0);
    json_decref(more);
}

static void init_hash_chain(struct kx_world *w)
{
    static const uint8_t no_signature[KASPA_SIGNATURE_PUSH_BYTES] = {65};
    json_t *vector = upstream_load("kaspa-x402/vectors/x402-http/hash-chain-exact.json");
    json_t *official =
        json_array_get(json_object_get(json_object_get(vector, "paymentRequired"), "accepts"), 0);
    struct assay_bytes template = upstream_hex(
        &w->arena, json_object_get(json_object_get(official, "extra"), "headRedeemScript"));
    uint8_t guard[32];
    struct assay_blake3 h;

    assay_blake3_init(&h, NULL);
    assay_blake3_add(&h, assay_bytes_of(next_guard, sizeof(next_guard)));
    assay_blake3_add(&h, assay_bytes_of(w->one_time.xonly, 32));
    assay_blake3_end(&h, guard);
    w->redeem = with_guard(w, template, guard);
    w->required = make_required(script_of_hash(w, with_guard(w, template, next_guard)));
    add_head(w, script_of_hash(w, with_guard(w, template, next_guard)));
    add_head_terms(w);
    add_hash_chain_terms(w, guard);
    w->spends[0].kind = KASPA_SPEND_RAW;
    w->spends[0].unlock = hash_chain_unlock(w, no_signature);
    w->spends[0].commit = 10;
    w->spends[0].sequence = 0; /* the template asks for it */
    w->spends[0].utxo.has_covenant = w->outputs[0].has_covenant = true;
    w->spends[0].utxo.covenant_id = w->outputs[0].covenant_id = covenant_id;
    json_decref(vector);
}

struct kx_world *kx_world_new(enum kx_profile profile)
{
    struct kx_world *w = calloc(1, sizeof(*w));

    cr_assert_not_null(w);
    w->arena.max = (size_t)64 << 20;
    w->profile = profile;
    make_key(&w->payer, 7);
    make_key(&w->merchant, 8);
    make_key(&w->owner, 9);
    make_key(&w->stranger, 10);
    make_key(&w->one_time, 12);
    w->signer = &w->payer;
    w->method = "GET";
    w->url = URL;
    w->expires_at = KX_WORLD_EXPIRES;
    w->identifier = KX_WORLD_ID;
    w->sighash = KASPA_SIGHASH_ALL;
    w->change.script = kx_world_script(w, &w->payer);
    w->plan = (struct kaspa_plan){.spends = w->spends,
                                  .outputs = w->outputs,
                                  .output_count = 1,
                                  .change = &w->change,
                                  .payload = ASSAY_LIT("")};
    if (profile == KX_STANDARD_NATIVE)
        init_standard(w);
    else if (profile == KX_ADDITIVE)
        init_additive(w);
    else
        init_hash_chain(w);
    return w;
}

void kx_world_free(struct kx_world *w)
{
    json_decref(w->required);
    json_decref(w->accepted);
    json_decref(w->context);
    json_decref(w->text);
    json_decref(w->payment);
    assay_arena_fini(&w->arena);
    free(w);
}

void kx_world_build(struct kx_world *w)
{
    struct assay_err err = {0};

    cr_assert_eq(kaspa_build(&w->tx, &w->arena, &w->plan, &err), ASSAY_OK, "%s", err.text);
    memcpy(w->inputs, w->tx.inputs, w->tx.input_count * sizeof(w->inputs[0]));
    memcpy(w->made, w->tx.outputs, w->tx.output_count * sizeof(w->made[0]));
    w->tx.inputs = w->inputs;
    w->tx.outputs = w->made;
    for (size_t i = 0; i < w->plan.spend_count; i++)
        w->hints[i] = w->spends[i].utxo;
}

/* Every input that has a key, in the plan's order; what has none keeps its script. */
void kx_world_sign(struct kx_world *w)
{
    if (!kaspa_storage_mass(&w->tx.storage_mass, &w->tx, w->hints))
        w->tx.storage_mass = 0;
    for (size_t i = 0; i < w->tx.input_count; i++) {
        bool is_link = w->profile == KX_HASH_CHAIN && i == 0;
        const struct assay_key *key = is_link ? &w->one_time : w->spends[i].key;
        uint8_t *push = assay_arena_alloc(&w->arena, KASPA_SIGNATURE_PUSH_BYTES);

        cr_assert_not_null(push);
        if (key == NULL)
            continue;
        cr_assert_eq(kaspa_sign_schnorr(push, &w->tx, i, &w->hints[i],
                                        is_link ? KASPA_SIGHASH_ALL : w->sighash, key, NULL),
                     ASSAY_OK);
        w->inputs[i].signature_script =
            is_link ? hash_chain_unlock(w, push) : assay_bytes_of(push, KASPA_SIGNATURE_PUSH_BYTES);
    }
}

void kx_world_write(struct kx_world *w)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);

    kaspa_tx_write(&text, &w->tx, w->hints, KASPA_JSON_NESTED);
    json_decref(w->text);
    w->text = json_loads(assay_buf_cstr(&text), 0, NULL);
    cr_assert_not_null(w->text);
    assay_buf_fini(&text);
}

static char *sorted(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    cr_assert_not_null(text);
    return text;
}

void kx_world_hash(char *out, const json_t *value)
{
    char *text = sorted(value);

    assay_sha256_hex(out, assay_str(text));
    free(text);
}

static void bind_context(char *hash, const json_t *context)
{
    char of_context[X402_HASH_TEXT_BYTES];
    json_t *bound;

    kx_world_hash(of_context, context);
    bound = json_pack("{s:s, s:s, s:s}", "scope", "kaspa:x402:trusted-request-context:v1",
                      "requestHash", hash, "securityContextHash", of_context);
    kx_world_hash(hash, bound);
    json_decref(bound);
}

static void request_hash(struct kx_world *w, char *out, const char *requirements)
{
    json_t *request =
        json_pack("{s:s, s:s, s:s?}", "method", w->method, "url", w->url, "body", w->body);

    if (w->profile != KX_HASH_CHAIN)
        kx_world_set(request, "paymentRequirementsHash", requirements);
    kx_world_hash(out, request);
    json_decref(request);
    if (w->context != NULL)
        bind_context(out, w->context);
}

static json_t *authorize(struct kx_world *w, const char *requirements, const char *request)
{
    const json_t *terms = w->accepted, *extra = json_object_get(terms, "extra");
    json_t *challenge = json_object_get(extra, "challengeId");
    uint8_t signature[ASSAY_SIG_BYTES];
    struct kaspa_hash id, digest;
    char digest_hex[X402_HASH_TEXT_BYTES];
    json_t *preimage;

    kaspa_txid(&id, &w->tx);
    preimage = json_pack("{s:s, s:O, s:O, s:o, s:i, s:O, s:O, s:O, s:s, s:s, s:s, s:O, s:i, s:s}",
                         "scope", "kaspa-x402-exact-request-authorization-v2", "network",
                         json_object_get(terms, "network"), "profile",
                         json_object_get(extra, "profile"), "transactionId",
                         kx_world_hex(assay_bytes_of(id.at, sizeof(id.at))), "paymentOutputIndex",
                         (int)w->output_index, "amount", json_object_get(terms, "amount"), "payTo",
                         json_object_get(terms, "payTo"), "payToScriptPublicKey",
                         json_object_get(extra, "payToScriptPublicKey"), "paymentRequirementsHash",
                         requirements, "requestHash", request, "paymentIdentifier", w->identifier,
                         "challengeId", challenge != NULL ? challenge : json_null(), "inputIndex",
                         (int)w->input_index, "expiresAt", w->expires_at);
    cr_assert_not_null(preimage);
    kx_world_hash(digest_hex, preimage);
    json_decref(preimage);
    cr_assert_eq(assay_hex_decode(digest.at, sizeof(digest.at), assay_str(digest_hex), true),
                 ASSAY_OK);
    cr_assert_eq(assay_schnorr_sign(signature, digest.at, w->signer, NULL), ASSAY_OK);
    return json_pack("{s:s, s:i, s:s, s:s, s:o}", "version",
                     "kaspa-x402-exact-request-authorization-v2", "inputIndex", (int)w->input_index,
                     "expiresAt", w->expires_at, "digest", digest_hex, "signature",
                     kx_world_hex(assay_bytes_of(signature, sizeof(signature))));
}

static void add_challenge(struct kx_world *w, json_t *payload)
{
    const json_t *extra = json_object_get(w->accepted, "extra");

    if (w->profile != KX_STANDARD_NATIVE)
        (void)json_object_set(payload, "challengeId", json_object_get(extra, "challengeId"));
    if (w->profile == KX_HASH_CHAIN)
        (void)json_object_set(payload, "grantId", json_object_get(extra, "grantId"));
}

void kx_world_pay(struct kx_world *w)
{
    char requirements[X402_HASH_TEXT_BYTES], request[X402_HASH_TEXT_BYTES];
    char *text = sorted(w->text);
    json_t *payload;

    if (w->accepted == NULL)
        w->accepted = json_deep_copy(kx_world_terms(w));
    kx_world_hash(requirements, w->accepted);
    request_hash(w, request, requirements);
    if (w->request_hash != NULL)
        (void)snprintf(request, sizeof(request), "%s", w->request_hash);
    payload =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:o}", "type", "exact-transaction", "profile",
                  kx_profile_name(w->profile), "transaction", text, "transactionEncoding",
                  KX_ENCODING, "paymentOutputIndex", (int)w->output_index, "requestHash", request,
                  "authorization", authorize(w, requirements, request));
    cr_assert_not_null(payload);
    add_challenge(w, payload);
    json_decref(w->payment);
    w->payment = json_pack("{s:i, s:O, s:o, s:o}", "x402Version", 2, "accepted", w->accepted,
                           "payload", payload, "extensions",
                           json_deep_copy(json_object_get(w->required, "extensions")));
    cr_assert_not_null(w->payment);
    kx_world_set(kx_world_info(w), "id", w->identifier);
    free(text);
}

struct assay_json kx_world_doc(struct kx_world *w, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct assay_bytes copy = assay_arena_copy(&w->arena, assay_str(text));
    struct assay_json doc = {.token_count = 0};
    struct assay_err err = {0};

    free(text);
    cr_assert_not_null(copy.at);
    cr_assert_eq(x402_document_parse(&doc, &w->arena, copy, false, &err), ASSAY_OK, "%s", err.text);
    return doc;
}

static void make_head(struct kx_world *w)
{
    uint8_t *spk = assay_arena_alloc(&w->arena, w->spends[0].utxo.spk.script.len + 2);

    cr_assert_not_null(spk);
    memcpy(spk + 2, w->spends[0].utxo.spk.script.at, w->spends[0].utxo.spk.script.len);
    w->head = (struct kx_head){.version = 7,
                               .outpoint = w->spends[0].outpoint,
                               .amount = KX_WORLD_HEAD_AMOUNT,
                               .spk = {spk, w->spends[0].utxo.spk.script.len + 2},
                               .redeem = w->redeem};
    memset(w->head.id, 0x90, sizeof(w->head.id));
}

void kx_world_read(struct kx_world *w)
{
    w->offer_doc = kx_world_doc(w, w->required);
    w->payment_doc = kx_world_doc(w, w->payment);
    cr_assert_eq(x402_required_read(&w->offer, &w->arena, &w->offer_doc, &w->err), X402_FAULT_NONE,
                 "%s", w->err.text);
    w->local = kx_payment_read(&w->read, &w->arena, &w->payment_doc, &w->err);
    w->request = (struct kx_request){.method = assay_str(w->method), .url = assay_str(w->url)};
    make_head(w);
    memcpy(w->coins, w->hints, sizeof(w->coins));
    w->pov = (struct kaspa_point_of_view){2 * DAA, 1000};
    w->evidence = (struct kx_chain_evidence){.status = KX_CHAIN_ACCEPTED};
    kaspa_txid(&w->evidence.transaction_id, &w->tx);
    w->with = (struct kx_exact){.offer = &w->offer,
                                .payment = &w->read,
                                .request = &w->request,
                                .policy = KX_EXACT_POLICY_INIT,
                                .now_ms = KX_WORLD_NOW_MS,
                                .utxos = w->coins,
                                .pov = &w->pov,
                                .head = w->profile == KX_STANDARD_NATIVE ? NULL : &w->head,
                                .evidence = &w->evidence,
                                .arena = &w->arena};
}

void kx_world_take(struct kx_world *w, const char *transaction)
{
    static const struct kaspa_json_options options = {.unknown_members = true};
    struct kaspa_claims claims;

    if (kaspa_tx_parse(&w->tx, &claims, &w->arena, assay_str(transaction), &options, NULL) ==
        ASSAY_OK)
        memcpy(w->hints, claims.utxos, w->tx.input_count * sizeof(w->hints[0]));
}

void kx_world_present(struct kx_world *w, const json_t *required, const json_t *payment)
{
    json_decref(w->required);
    json_decref(w->payment);
    w->required = json_deep_copy(required);
    w->payment = json_deep_copy(payment);
    kx_world_take(w, json_string_value(json_object_get(kx_world_payload(w), "transaction")));
    kx_world_read(w);
}

void kx_world_judge(struct kx_world *w)
{
    kx_exact_verify(&w->verdict, &w->with);
}

static void hook(struct kx_world *w, kx_hook *change)
{
    if (change != NULL)
        change(w);
}

void kx_world_run(struct kx_world *w, const struct kx_change *change)
{
    hook(w, change->offer);
    kx_world_build(w);
    hook(w, change->tx);
    kx_world_sign(w);
    kx_world_write(w);
    hook(w, change->text);
    kx_world_pay(w);
    hook(w, change->payment);
    kx_world_read(w);
    hook(w, change->judge);
    if (w->local == KX_LOCAL_NONE)
        kx_world_judge(w);
}
