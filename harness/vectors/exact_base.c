/* Exact payments, made and signed; see exact_base.h. Source: Kaspa x402 exact digest, sections 3 to
 * 8 and 12. */
#include "vectors/exact_base.h"

#include "base/hex.h"
#include "kaspa/build.h"
#include "kaspa/mass.h"
#include "kaspa/txid.h"
#include "kaspa_x402/exact_payment.h"

#include <stdio.h>
#include <stdlib.h>

#define PRICE UINT64_C(100000000)
#define COIN UINT64_C(500000000)
#define HEAD UINT64_C(1000000000)
#define THRESHOLD UINT64_C(10000000)
#define COIN_DAA 1000
#define TEXT_MAX_BYTES ((size_t)1 << 20)
#define ARENA_MAX_BYTES ((size_t)64 << 20)

static const char required_text[] =
    "{'x402Version': 2, 'resource': {'url': 'https://api.example.test/file'}, 'accepts': [{"
    "'scheme': 'exact', 'network': 'kaspa:testnet-10', 'amount': '100000000', 'asset': 'KAS', "
    "'payTo': '', 'maxTimeoutSeconds': 60, 'extra': {'binding': 'kaspa-exact-v2', 'profile': "
    "'standard-native', 'paymentFlow': 'upfront', 'finality': 'accepted', 'transactionEncoding': "
    "'kaspa-sdk-safe-json-v2.0.0', 'payToScriptPublicKey': ''}}], 'extensions': {}}";

static const char head_text[] =
    "{'headId': '9090909090909090909090909090909090909090909090909090909090909090', "
    "'headVersion': '7', 'expectedHeadOutpoint': {'txid': "
    "'7171717171717171717171717171717171717171717171717171717171717171', 'index': 0}, "
    "'headAmount': '1000000000', 'headScriptPublicKey': '', 'headRedeemScript': ''}";

static const char head_terms_text[] =
    "{'profile': 'additive', 'templateId': 'kaspa-x402-kip10-additive-v1', "
    "'additiveThresholdSompi': '10000000', 'paymentOutputIndex': 0, 'challengeId': "
    "'9191919191919191919191919191919191919191919191919191919191919191', 'challengeExpiresAt': "
    "'2098-12-31T23:59:45.000Z'}";

static const char claims_text[] =
    "{'expiresAt': '2098-12-31T23:59:30.000Z', 'identifier': '" VECTORS_EXACT_ID
    "', 'outputIndex': 0, 'inputIndex': 0, 'requestHash': null, 'signer': 'payer', 'sighash': 1}";

static const char context_text[] =
    "{'request': {'method': 'GET', 'url': 'https://api.example.test/file'}, 'now': "
    "'2098-12-31T23:59:00.000Z', 'pov': {'daaScore': '2000', 'pastMedianTime': '1800000000000'}, "
    "'evidence': {'status': 'accepted', 'confirmations': '1'}}";

/* What a payment is made of, one after the other. */
struct making {
    struct vectors *v;
    const struct vectors_exact_patch *patches;
    enum kx_profile profile;
    struct assay_arena arena;
    struct assay_buf redeem, pay_to, payer; /* scripts */
    struct assay_key key;                   /* the payer's */
    struct kaspa_spend spends[2];
    size_t spend_count;
    struct kaspa_hash id; /* of the transaction, whatever its text says */
    json_t *required, *accepted, *head, *text, *claims, *payment;
};

static bool has_failed(const struct making *m)
{
    return m->v->err->code != ASSAY_OK;
}

static void change(struct making *m, enum vectors_exact_stage stage, json_t *value)
{
    for (size_t i = 0; i < VECTORS_EXACT_PATCHES_MAX && m->patches[i].stage != AT_END; i++) {
        const struct vectors_patch one[] = {{m->patches[i].path, m->patches[i].json}, {NULL, NULL}};

        if (m->patches[i].stage == stage)
            vectors_patch(m->v, value, one);
    }
    vectors_put_words(value, NULL, NULL);
}

/* ---- the offer ---- */

static void make_scripts(struct making *m)
{
    struct assay_key merchant, owner;

    vectors_key(&m->key, "payer");
    vectors_key(&merchant, "merchant");
    vectors_key(&owner, "owner");
    kaspa_script_add_pay_to_pubkey(&m->payer, m->key.xonly);
    kx_additive_redeem(&m->redeem, owner.xonly, THRESHOLD);
    if (m->profile == KX_ADDITIVE)
        kaspa_script_add_pay_to_script_hash(&m->pay_to, assay_buf_view(&m->redeem));
    else
        kaspa_script_add_pay_to_pubkey(&m->pay_to, merchant.xonly);
}

static void make_offer(struct making *m)
{
    struct assay_bytes script = assay_buf_view(&m->pay_to);
    json_t *terms, *extra, *more = vectors_json(m->v, head_terms_text);

    m->required = vectors_json(m->v, required_text);
    m->head = vectors_json(m->v, head_text);
    terms = json_array_get(json_object_get(m->required, "accepts"), 0);
    extra = json_object_get(terms, "extra");
    (void)json_object_set_new(terms, "payTo", vectors_out_address(script, KASPA_TESTNET));
    (void)json_object_set_new(json_object_get(m->required, "extensions"), "payment-identifier",
                              vectors_identifier_extension());
    (void)json_object_set_new(extra, "payToScriptPublicKey", vectors_out_spk(script));
    (void)json_object_set_new(m->head, "headScriptPublicKey", vectors_out_spk(script));
    (void)json_object_set_new(m->head, "headRedeemScript",
                              kaspa_out_hex(assay_buf_view(&m->redeem)));
    if (m->profile == KX_ADDITIVE) {
        (void)json_object_update(extra, m->head);
        (void)json_object_update(extra, more);
    }
    json_decref(more);
    change(m, AT_OFFER, m->required);
    m->accepted = json_deep_copy(json_array_get(json_object_get(m->required, "accepts"), 0));
    change(m, AT_ACCEPTED, m->accepted);
}

/* ---- the transaction ---- */

static void add_spend(struct making *m, const struct kaspa_spend *spend, uint8_t txid)
{
    struct kaspa_spend *one = &m->spends[m->spend_count++];

    *one = *spend;
    one->sequence = KASPA_SEQUENCE_FINAL;
    one->commit = KASPA_COMMIT_LEARN;
    one->utxo.block_daa_score = COIN_DAA;
    memset(one->outpoint.txid.at, txid, sizeof(one->outpoint.txid.at));
}

static void make_spends(struct making *m)
{
    struct kaspa_spend head = {.kind = KASPA_SPEND_SCRIPT_HASH,
                               .utxo = {.amount = HEAD, .spk.script = assay_buf_view(&m->pay_to)},
                               .unlock = assay_bytes_of("\0", 1),
                               .redeem = assay_buf_view(&m->redeem)};
    struct kaspa_spend coin = {.kind = KASPA_SPEND_PUBKEY,
                               .utxo = {.amount = COIN, .spk.script = assay_buf_view(&m->payer)},
                               .key = &m->key};

    if (m->profile == KX_ADDITIVE)
        add_spend(m, &head, 0x71);
    add_spend(m, &coin, 0x70);
}

/* The text of a transaction as JSON, so that it can be changed. */
static void write_tx(struct making *m, const struct kaspa_tx *tx, const struct kaspa_utxo *hints)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

    kaspa_tx_write(&text, tx, hints, KASPA_JSON_NESTED);
    m->text = vectors_loaded(&text);
    assay_buf_fini(&text);
}

static void make_tx(struct making *m)
{
    const struct kaspa_spk change_spk = {.script = assay_buf_view(&m->payer)};
    const struct kaspa_output merchant = {.value = m->profile == KX_ADDITIVE ? HEAD + PRICE : PRICE,
                                          .spk.script = assay_buf_view(&m->pay_to)};
    const struct kaspa_plan plan = {.version = m->profile == KX_ADDITIVE ? 1 : 0,
                                    .spends = m->spends,
                                    .spend_count = m->spend_count,
                                    .outputs = &merchant,
                                    .output_count = 1,
                                    .change = &change_spk,
                                    .fee_per_kilogram = 2 * KASPA_RELAY_FEE_PER_KILOGRAM,
                                    .payload = ASSAY_LIT("")};
    struct kaspa_utxo hints[2] = {m->spends[0].utxo, m->spends[1].utxo};
    struct kaspa_tx tx = {0};

    if (kaspa_build(&tx, &m->arena, &plan, m->v->err) == ASSAY_OK)
        write_tx(m, &tx, hints);
}

static void sign_input(struct making *m, const struct kaspa_tx *tx, const struct kaspa_utxo *hints,
                       size_t i)
{
    uint8_t type = (uint8_t)json_integer_value(json_object_get(m->claims, "sighash"));
    json_t *input = json_array_get(json_object_get(m->text, "inputs"), i);
    bool is_ecdsa = kaspa_spk_class(&hints[i].spk) == KASPA_CLASS_PUBKEY_ECDSA;
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES];

    if ((is_ecdsa ? kaspa_sign_ecdsa : kaspa_sign_schnorr)(push, tx, i, &hints[i], type, &m->key,
                                                           NULL) == ASSAY_OK)
        (void)json_object_set_new(input, "signatureScript",
                                  kaspa_out_hex(assay_bytes_of(push, sizeof(push))));
}

/* Weighs, identifies and signs the transaction as it was changed: every input of the payer's. A
 * mass that does not exist is told as 0. */
static void sign_tx(struct making *m)
{
    const struct kaspa_json_options options = {.unknown_members = true};
    char *text = json_dumps(m->text, JSON_COMPACT);
    struct kaspa_claims claims;
    struct kaspa_tx tx = {0};
    enum assay_code rc =
        kaspa_tx_parse(&tx, &claims, &m->arena, assay_str(text), &options, m->v->err);

    free(text);
    if (rc != ASSAY_OK)
        return;
    if (!kaspa_storage_mass(&tx.storage_mass, &tx, claims.utxos))
        tx.storage_mass = 0;
    kaspa_txid(&m->id, &tx);
    (void)json_object_set_new(m->text, "storageMass", kaspa_out_u64(tx.storage_mass));
    (void)json_object_set_new(m->text, "id", kaspa_out_hash(&m->id));
    for (size_t i = m->profile == KX_ADDITIVE ? 1 : 0; i < tx.input_count; i++)
        sign_input(m, &tx, claims.utxos, i);
}

static void expand(struct making *m)
{
    json_t *expanded = vectors_expanded(m->text);

    if (expanded == NULL)
        assay_fail(m->v->err, ASSAY_E_MALFORMED, 0, "a transaction repeats nothing");
    json_decref(m->text);
    m->text = expanded;
}

/* ---- the payment ---- */

static void request_hash(struct making *m, char *out, const char *requirements)
{
    const json_t *claimed = json_object_get(m->claims, "requestHash");
    json_t *request =
        json_pack("{s:s, s:s, s:n, s:s}", "method", "GET", "url", "https://api.example.test/file",
                  "body", "paymentRequirementsHash", requirements);

    vectors_hash(out, request);
    if (json_is_string(claimed))
        (void)snprintf(out, X402_HASH_TEXT_BYTES, "%s", json_string_value(claimed));
    json_decref(request);
}

static json_t *preimage(struct making *m, const char *requirements, const char *request)
{
    const json_t *terms = m->accepted, *extra = json_object_get(terms, "extra");

    return json_pack(
        "{s:s, s:O, s:O, s:o, s:O, s:O, s:O, s:O, s:s, s:s, s:O, s:O, s:O, s:O}", "scope",
        KX_AUTHORIZATION, "network", vectors_member(terms, "network"), "profile",
        vectors_member(extra, "profile"), "transactionId", kaspa_out_hash(&m->id),
        "paymentOutputIndex", vectors_member(m->claims, "outputIndex"), "amount",
        vectors_member(terms, "amount"), "payTo", vectors_member(terms, "payTo"),
        "payToScriptPublicKey", vectors_member(extra, "payToScriptPublicKey"),
        "paymentRequirementsHash", requirements, "requestHash", request, "paymentIdentifier",
        vectors_member(m->claims, "identifier"), "challengeId",
        vectors_member(extra, "challengeId"), "inputIndex", vectors_member(m->claims, "inputIndex"),
        "expiresAt", vectors_member(m->claims, "expiresAt"));
}

static json_t *authorize(struct making *m, const char *requirements, const char *request)
{
    json_t *signed_object = preimage(m, requirements, request);
    char digest[X402_HASH_TEXT_BYTES];
    struct kaspa_hash message = {{0}};

    vectors_hash(digest, signed_object);
    json_decref(signed_object);
    if (assay_hex_decode(message.at, sizeof(message.at), assay_str(digest), true) != ASSAY_OK)
        assay_fail(m->v->err, ASSAY_E_RANGE, 0, "an authorization has no digest");
    return json_pack("{s:s, s:O, s:O, s:s, s:o}", "version", KX_AUTHORIZATION, "inputIndex",
                     vectors_member(m->claims, "inputIndex"), "expiresAt",
                     vectors_member(m->claims, "expiresAt"), "digest", digest, "signature",
                     vectors_signature(m->v, message.at,
                                       json_string_value(json_object_get(m->claims, "signer"))));
}

static json_t *payload_of(struct making *m)
{
    char requirements[X402_HASH_TEXT_BYTES], request[X402_HASH_TEXT_BYTES];
    char *text = json_dumps(m->text, JSON_COMPACT | JSON_SORT_KEYS);
    const json_t *extra = json_object_get(m->accepted, "extra");
    json_t *payload;

    vectors_hash(requirements, m->accepted);
    request_hash(m, request, requirements);
    payload = json_pack("{s:s, s:O, s:s, s:s, s:O, s:s, s:o}", "type", KX_PAYLOAD_EXACT, "profile",
                        vectors_member(extra, "profile"), "transaction", text != NULL ? text : "",
                        "transactionEncoding", KX_ENCODING, "paymentOutputIndex",
                        vectors_member(m->claims, "outputIndex"), "requestHash", request,
                        "authorization", authorize(m, requirements, request));
    if (m->profile == KX_ADDITIVE)
        (void)json_object_set(payload, "challengeId", vectors_member(extra, "challengeId"));
    free(text);
    return payload;
}

static void make_payment(struct making *m)
{
    json_t *extensions = json_deep_copy(vectors_member(m->required, "extensions"));
    json_t *info = json_object_get(json_object_get(extensions, "payment-identifier"), "info");

    if (info != NULL)
        (void)json_object_set(info, "id", vectors_member(m->claims, "identifier"));
    m->payment = json_pack("{s:i, s:O, s:o, s:o}", "x402Version", X402_VERSION, "accepted",
                           m->accepted, "payload", payload_of(m), "extensions", extensions);
    change(m, AT_PAYMENT, m->payment);
}

/* ---- the input ---- */

static json_t *utxos_of(const struct making *m)
{
    json_t *array = json_array();

    for (size_t i = 0; i < m->spend_count; i++) {
        const struct kaspa_utxo *utxo = &m->spends[i].utxo;

        (void)json_array_append_new(array, json_pack("{s:o, s:o, s:o}", "amount",
                                                     kaspa_out_u64(utxo->amount), "scriptPublicKey",
                                                     kaspa_out_spk(&utxo->spk), "blockDaaScore",
                                                     kaspa_out_u64(utxo->block_daa_score)));
    }
    return array;
}

static json_t *input_of(struct making *m)
{
    json_t *in = json_pack("{s:O, s:O}", "required", m->required, "payment", m->payment);
    json_t *context = vectors_json(m->v, context_text);

    (void)json_object_update(in, context);
    json_decref(context);
    (void)json_object_set_new(in, "utxos", utxos_of(m));
    if (m->profile == KX_ADDITIVE)
        (void)json_object_set_new(in, "head", json_deep_copy(m->head));
    (void)json_object_set_new(json_object_get(in, "evidence"), "transactionId",
                              kaspa_out_hash(&m->id));
    change(m, AT_JUDGE, in);
    return in;
}

static json_t *make(struct making *m)
{
    m->claims = vectors_json(m->v, claims_text);
    (void)json_object_set_new(m->claims, "inputIndex",
                              json_integer(m->profile == KX_ADDITIVE ? 1 : 0));
    change(m, AT_CLAIM, m->claims);
    make_scripts(m);
    make_offer(m);
    make_spends(m);
    make_tx(m);
    if (has_failed(m))
        return NULL;
    change(m, AT_TX, m->text);
    sign_tx(m);
    change(m, AT_TEXT, m->text);
    expand(m);
    if (has_failed(m))
        return NULL;
    make_payment(m);
    return input_of(m);
}

static void init(struct making *m, struct vectors *v, enum kx_profile profile,
                 const struct vectors_exact_patch *patches)
{
    *m = (struct making){.v = v,
                         .profile = profile,
                         .patches = patches,
                         .arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES),
                         .redeem = ASSAY_BUF_INIT(128),
                         .pay_to = ASSAY_BUF_INIT(128),
                         .payer = ASSAY_BUF_INIT(128)};
}

static void fini(struct making *m)
{
    json_decref(m->required);
    json_decref(m->accepted);
    json_decref(m->head);
    json_decref(m->text);
    json_decref(m->claims);
    json_decref(m->payment);
    assay_buf_fini(&m->redeem);
    assay_buf_fini(&m->pay_to);
    assay_buf_fini(&m->payer);
    assay_arena_fini(&m->arena);
}

json_t *vectors_exact_base(struct vectors *v, enum kx_profile profile,
                           const struct vectors_exact_patch *patches)
{
    struct making m;
    json_t *in = NULL;

    init(&m, v, profile, patches);
    if (!has_failed(&m))
        in = make(&m);
    fini(&m);
    return in;
}

json_t *vectors_exact_offer(struct vectors *v, enum kx_profile profile)
{
    static const struct vectors_exact_patch none[] = {{AT_END, NULL, NULL}};
    struct making m;
    json_t *required;

    init(&m, v, profile, none);
    make_scripts(&m);
    make_offer(&m);
    required = json_incref(m.required);
    fini(&m);
    return required;
}
