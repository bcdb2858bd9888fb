/* The exact binding against the official data, and every check value that its digest prints. */
#include "ref/tests/kx_world.h"
#include "ref/tests/upstream.h"

#include "base/hash.h"
#include "base/hex.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "kaspa/verify.h"

#include <stdlib.h>

#define FOLDER "kaspa-x402/vectors/"

static const json_t *get(const json_t *value, const char *one, const char *two)
{
    value = json_object_get(value, one);
    return two != NULL ? json_object_get(value, two) : value;
}

static const char *text(const json_t *value, const char *one, const char *two)
{
    return json_string_value(get(value, one, two));
}

static void expect_all_held(const struct kx_world *w, const char *row)
{
    for (int i = 0; i < KX_EXACT__COUNT; i++)
        cr_expect_eq(w->verdict.checks[i].result, KASPA_CHECK_HELD, "row: %s: %s: %s", row,
                     kx_exact_rules[i].id, w->verdict.checks[i].why);
    cr_expect_eq(w->verdict.outcome, KASPA_VALID, "row: %s", row);
}

/* The head that a server of these terms would hold. */
static void hold_head(struct kx_world *w)
{
    struct assay_err err = {0};
    struct kx_terms *terms = assay_arena_alloc(&w->arena, sizeof(*terms));

    cr_assert_not_null(terms);
    cr_assert_eq(kx_terms_read(terms, &w->arena, &w->offer_doc, &w->offer.accepts[0], &err),
                 KX_TERMS_OK, "%s", err.text);
    w->head = terms->head;
}

Test(kx_official, the_additive_http_payment_holds_every_check)
{
    json_t *vector = upstream_load(FOLDER "x402-http/exact-transaction.json");
    struct kx_world *w = kx_world_new(KX_ADDITIVE);
    char identity[X402_HASH_TEXT_BYTES], hash[X402_HASH_TEXT_BYTES], scope[X402_HASH_TEXT_BYTES];

    kx_world_present(w, get(vector, "paymentRequired", NULL), get(vector, "paymentPayload", NULL));
    cr_assert_eq(w->local, KX_LOCAL_NONE, "%s", w->err.text);
    hold_head(w);
    w->request.request_hash = "9999999999999999999999999999999999999999999999999999999999999999";
    kx_world_judge(w);
    expect_all_held(w, "exact-transaction.json");
    cr_expect_str_eq(w->verdict.transaction_id, text(vector, "settlementResponse", "transaction"));
    cr_expect_eq(w->verdict.fee, 200000);
    /* section 11 */
    cr_expect_str_eq(w->verdict.requirements_hash,
                     "cb65bf5ec0bf33d8c9e4af76bdc409786580e619f3904732eb64bdde09259437");
    cr_assert_eq(kx_transaction_identity(identity, w->read.transaction), ASSAY_OK);
    cr_expect_str_eq(identity, "e9506cd466b09428a5ea9cfb5f08cc34691f5bb4d91ee1bff9699e3009de5353");
    cr_assert_eq(kx_payload_hash(hash, &w->read, w->verdict.requirements_hash, identity), ASSAY_OK);
    cr_expect_str_eq(hash, "9c7e5e7eae46799b839d2852915086348d513946b1c82995f668db2859d49324");
    cr_assert_eq(kx_authorization_id(hash, &w->read.authorization), ASSAY_OK);
    cr_expect_str_eq(hash, "f1b16afeb84bc0194cb202f0c91465bebb791b5a25ba7fc10689c28311835a5f");
    cr_expect_eq(kx_artifact_scope(scope, identity), ASSAY_OK);
    cr_expect_str_eq(scope, "a4fd0ed473bbc17892b4f9696dadd831eb1b23284797052c835599d39ecc5192");
    cr_expect_eq(kx_payment_scope(scope, w->verdict.transaction_id), ASSAY_OK);
    cr_expect_str_eq(scope, "35946716de38eaa106f332fcd85fc7d3103160e91d2c8d9a4f66cb25011339b6");
    cr_expect_eq(kx_identifier_lock(scope, w->read.identifier.id), ASSAY_OK);
    cr_expect_str_eq(scope, "964fa4882e7041866f9b4cea807b567b6cc0e95641bfb7b5603a82df1fbcd285");
    kx_world_free(w);
    json_decref(vector);
}

static void ask_for_file(struct kx_world *w)
{
    w->request.url = ASSAY_LIT("https://api.example.test/hash-chain/file");
}

Test(kx_official, the_hash_chain_http_payment_is_refused_for_its_stale_address)
{
    json_t *vector = upstream_load(FOLDER "x402-http/hash-chain-exact.json");
    struct kx_world *w = kx_world_new(KX_HASH_CHAIN);
    char hash[X402_HASH_TEXT_BYTES];

    kx_world_present(w, get(vector, "paymentRequired", NULL), get(vector, "paymentPayload", NULL));
    cr_assert_eq(w->local, KX_LOCAL_NONE, "%s", w->err.text);
    ask_for_file(w);
    kx_world_judge(w);
    cr_expect_eq(w->verdict.outcome, KASPA_INVALID);
    cr_expect_eq(w->verdict.first, KX_EXACT_BINDING);
    cr_expect_eq(w->verdict.checks[KX_EXACT_BINDING].local, KX_LOCAL_BINDING);
    cr_expect_eq(w->verdict.checks[KX_EXACT_PAY_TO].result, KASPA_CHECK_HELD);
    cr_expect_eq(kx_fingerprint(hash, &w->request, NULL, NULL), ASSAY_OK);
    cr_expect_str_eq(hash, text(get(vector, "paymentPayload", "payload"), "requestHash", NULL));
    cr_expect_str_eq(hash, "3ff129d4432ef0e268587753515f58c0ae0f2d2c987f6e2274bef2772ae902c7");
    kx_world_free(w);
    json_decref(vector);
}

/* Its digest is made over the stale address, and so reproduces only with it. */
Test(kx_official, the_hash_chain_authorization_is_of_its_own_preimage)
{
    json_t *vector = upstream_load(FOLDER "x402-http/hash-chain-exact.json");
    struct kx_world *w = kx_world_new(KX_HASH_CHAIN);
    const json_t *payload = get(vector, "paymentPayload", "payload");
    struct kx_terms *terms = assay_arena_alloc(&w->arena, sizeof(*terms));
    char requirements[X402_HASH_TEXT_BYTES];
    uint8_t digest[32], want[32];
    struct kx_authorized authorized = {
        .terms = terms, .requirements_hash = requirements, .identifier = {NULL, 0}};
    struct assay_err err = {0};

    kx_world_present(w, get(vector, "paymentRequired", NULL), get(vector, "paymentPayload", NULL));
    cr_assert_eq(kx_terms_read(terms, &w->arena, &w->payment_doc, &w->read.envelope.accepted, &err),
                 KX_TERMS_SCRIPT);
    cr_assert_eq(
        kx_requirements_hash(requirements, &w->payment_doc, w->read.envelope.accepted.token, NULL),
        ASSAY_OK);
    terms->profile = KX_HASH_CHAIN;
    memset(terms->challenge_id, 0x92, sizeof(terms->challenge_id));
    authorized.transaction_id = text(vector, "settlementResponse", "transaction");
    authorized.fingerprint = text(payload, "requestHash", NULL);
    authorized.identifier = w->read.identifier.id;
    authorized.input_index = 1;
    authorized.expires_at = w->read.authorization.expires_at;
    cr_expect_eq(kx_authorization_digest(digest, &authorized), ASSAY_OK);
    cr_assert_eq(
        assay_hex_decode(want, 32, assay_str(text(payload, "authorization", "digest")), true),
        ASSAY_OK);
    cr_expect_arr_eq(digest, want, 32);
    cr_expect_eq(assay_schnorr_verify(w->read.authorization.signature, digest, w->payer.xonly),
                 ASSAY_SIG_GOOD);
    kx_world_free(w);
    json_decref(vector);
}

/* With the address of the script that is paid, and signed anew: the world's payer has the
 * vector's public key. */
Test(kx_official, the_hash_chain_http_payment_with_its_address_repaired_holds_every_check)
{
    json_t *vector = upstream_load(FOLDER "x402-http/hash-chain-exact.json");
    struct kx_world *w = kx_world_new(KX_HASH_CHAIN);
    const json_t *payload = get(vector, "paymentPayload", "payload");
    json_t *required = json_deep_copy(get(vector, "paymentRequired", NULL));
    json_t *terms = json_array_get(json_object_get(required, "accepts"), 0);
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address to;
    struct kaspa_spk spk;

    kx_world_present(w, required, get(vector, "paymentPayload", NULL));
    spk = w->tx.outputs[0].spk;
    cr_assert(kaspa_address_of_script(&to, &spk, KASPA_TESTNET));
    kaspa_address_encode(address, &to);
    kx_world_set(terms, "payTo", address);
    json_decref(w->required);
    w->required = json_incref(required);
    w->text = json_loads(text(payload, "transaction", NULL), 0, NULL);
    w->request_hash = text(payload, "requestHash", NULL);
    w->expires_at = "2099-01-01T00:00:00.000Z";
    kx_world_pay(w);
    kx_world_read(w);
    cr_assert_eq(w->local, KX_LOCAL_NONE, "%s", w->err.text);
    hold_head(w);
    ask_for_file(w);
    kx_world_judge(w);
    expect_all_held(w, "hash-chain-exact.json");
    cr_expect_str_eq(w->verdict.transaction_id, text(vector, "settlementResponse", "transaction"));
    json_decref(required);
    kx_world_free(w);
    json_decref(vector);
}

/* Reads the interop requirements; the document lives in the world's arena. */
static struct kx_terms *interop_terms(struct kx_world *w, const json_t *vector,
                                      struct assay_json *doc)
{
    struct kx_terms *terms = assay_arena_alloc(&w->arena, sizeof(*terms));
    struct x402_terms envelope;
    struct assay_err err = {0};

    *doc = kx_world_doc(w, get(vector, "paymentRequirements", "value"));
    cr_assert_not_null(terms);
    cr_assert_eq(x402_terms_read(&envelope, &w->arena, doc, 0, &err), X402_FAULT_NONE);
    cr_assert_eq(kx_terms_read(terms, &w->arena, doc, &envelope, &err), KX_TERMS_OK, "%s",
                 err.text);
    return terms;
}

Test(kx_official, the_interop_requirements_hash_and_derive_their_check_values)
{
    static const struct kx_tool_call quote = {
        .audience = {(const uint8_t *)"https://mcp.example.test", 24},
        .name = {(const uint8_t *)"quote", 5},
        .arguments = {(const uint8_t *)"{\"symbol\":\"KAS\"}", 16}};
    json_t *vector = upstream_load(FOLDER "exact/interop-v1.json");
    struct kx_world *w = kx_world_new(KX_ADDITIVE);
    struct assay_json doc;
    struct kx_terms *terms = interop_terms(w, vector, &doc);
    struct kx_request request = {.method = ASSAY_LIT("GET"),
                                 .url = ASSAY_LIT("https://api.example.test/file")};
    char hash[X402_HASH_TEXT_BYTES], fingerprint[X402_HASH_TEXT_BYTES];

    cr_expect_eq(kx_requirements_hash(hash, &doc, 0, NULL), ASSAY_OK);
    cr_expect_str_eq(hash, text(vector, "paymentRequirements", "sha256"));
    cr_expect_eq(kx_fingerprint(fingerprint, &request, hash, NULL), ASSAY_OK);
    cr_expect_str_eq(fingerprint,
                     "6b04eaf2bbe1939c4e25beace35899479438e10c00d9a8de177a1398007483cf");
    request = (struct kx_request){.url = ASSAY_LIT("mcp://tool/quote"), .tool = &quote};
    cr_expect_eq(kx_fingerprint(fingerprint, &request, hash, NULL), ASSAY_OK);
    cr_expect_str_eq(fingerprint,
                     "f756672c1b296ff868a2672e0cc6b7c7bc8ae153ca81390b2089a228b5a0a417");
    cr_expect_eq(kx_additive_challenge_id(hash, terms), ASSAY_OK);
    cr_expect_str_eq(hash, "bacf4eae0c8388b37ec537228eb423b0e69c70f971a383bff5548a74ef4842b6");
    kx_world_free(w);
    json_decref(vector);
}

Test(kx_official, the_interop_authorization_has_its_preimage_digest_signature_and_id)
{
    json_t *vector = upstream_load(FOLDER "exact/interop-v1.json");
    struct kx_world *w = kx_world_new(KX_ADDITIVE);
    const json_t *given = get(vector, "requestAuthorization", NULL);
    const json_t *input = json_object_get(given, "input");
    struct assay_json doc;
    struct assay_buf preimage = ASSAY_BUF_INIT(65536);
    struct kx_authorized authorized = {
        .terms = interop_terms(w, vector, &doc),
        .transaction_id = text(input, "transactionId", NULL),
        .requirements_hash = text(input, "paymentRequirementsHash", NULL),
        .fingerprint = text(input, "requestHash", NULL),
        .identifier = assay_str(text(input, "paymentIdentifier", NULL)),
        .input_index = upstream_u64(json_object_get(input, "inputIndex")),
        .expires_at = assay_str(text(input, "expiresAt", NULL)),
    };
    struct kx_authorization signed_one = {.version = ASSAY_LIT(KX_AUTHORIZATION), .input_index = 1};
    struct kaspa_hash digest, key;
    char id[X402_HASH_TEXT_BYTES];

    cr_expect_eq(kx_authorization_text(&preimage, &authorized), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&preimage), text(given, "canonicalJsonUtf8", NULL));
    cr_expect_eq(kx_authorization_digest(digest.at, &authorized), ASSAY_OK);
    upstream_expect_hash(&digest, json_object_get(given, "sha256"), "digest");
    upstream_hash(&key, json_object_get(given, "signerPublicKey"));
    signed_one.expires_at = authorized.expires_at;
    memcpy(signed_one.digest, digest.at, 32);
    memcpy(signed_one.signature, upstream_hex(&w->arena, json_object_get(given, "signature")).at,
           64);
    cr_expect_eq(assay_schnorr_verify(signed_one.signature, digest.at, key.at), ASSAY_SIG_GOOD);
    cr_expect_eq(kx_authorization_id(id, &signed_one), ASSAY_OK);
    cr_expect_str_eq(id, "f1b16afeb84bc0194cb202f0c91465bebb791b5a25ba7fc10689c28311835a5f");
    assay_buf_fini(&preimage);
    kx_world_free(w);
    json_decref(vector);
}

static int64_t time_of(const char *written)
{
    int64_t ms = 0;

    cr_assert(kx_time_read(&ms, assay_str(written)), "%s", written);
    return ms;
}

Test(kx_official, expiry_cases_have_their_outcomes)
{
    json_t *vector = upstream_load(FOLDER "exact/interop-v1.json");
    const json_t *expiry = json_object_get(vector, "expiry"), *row;
    int64_t now = time_of(text(expiry, "referenceTime", NULL));
    size_t i;

    cr_assert_eq(json_array_size(json_object_get(expiry, "cases")), 6);
    json_array_foreach (json_object_get(expiry, "cases"), i, row) {
        const char *fault =
            kx_expiry_fault(assay_str(text(row, "authorizationExpiresAt", NULL)),
                            upstream_u64(json_object_get(expiry, "maxTimeoutSeconds")),
                            assay_str(text(row, "challengeExpiresAt", NULL)), now);

        cr_expect_str_eq(fault != NULL ? fault : "valid", text(row, "expected", NULL), "row: %s",
                         text(row, "name", NULL));
    }
    json_decref(vector);
}

static enum kx_finality finality_of(const char *name)
{
    int f = KX_FINALITY_MEMPOOL;

    while (strcmp(kx_finality_name((enum kx_finality)f), name) != 0)
        f++;
    return (enum kx_finality)f;
}

Test(kx_official, finality_cases_have_their_outcomes)
{
    json_t *vector = upstream_load(FOLDER "exact/interop-v1.json");
    const json_t *cases = get(vector, "finality", "cases"), *row;
    size_t i;

    cr_assert_eq(json_array_size(cases), 5);
    json_array_foreach (cases, i, row) {
        enum kx_finality actual = finality_of(text(row, "actual", NULL));
        struct kx_chain_evidence evidence = {
            .status = actual == KX_FINALITY_MEMPOOL ? KX_CHAIN_MEMPOOL : KX_CHAIN_ACCEPTED,
            .has_confirmations = true,
            .confirmations = actual == KX_FINALITY_CONFIRMED ? 30 : 29,
        };

        cr_expect_eq(
            kx_finality_is_reached(&evidence, finality_of(text(row, "required", NULL)), 30),
            json_is_true(json_object_get(row, "expected")), "row: %zu", i);
    }
    json_array_foreach (get(vector, "finality", "ordering"), i, row)
        cr_expect_str_eq(kx_finality_name((enum kx_finality)i), json_string_value(row));
    json_decref(vector);
}

static char *dumped(const json_t *value)
{
    char *written = json_dumps(value, JSON_COMPACT);

    cr_assert_not_null(written);
    return written;
}

static const struct {
    const char *name;
    enum kx_profile profile;
    const char *preimage; /* of the id */
} artifacts[] = {{"standardNative", KX_STANDARD_NATIVE, "preimage"},
                 {"additive", KX_ADDITIVE, "restPreimage"}};

Test(kx_official, interop_artifacts_have_their_ids_and_consensus_profiles_their_figures)
{
    static const struct kaspa_json_options options = {.unknown_members = true};
    json_t *interop = upstream_load(FOLDER "exact/interop-v1.json");
    json_t *profiles = upstream_load(FOLDER "exact/consensus-profiles.json");

    for (size_t i = 0; i < ARRAY_LEN(artifacts); i++) {
        const json_t *one =
            get(get(interop, "transactionEncoding", "profiles"), artifacts[i].name, NULL);
        const json_t *other = get(profiles, "expected", artifacts[i].name);
        struct kx_world *w = kx_world_new(artifacts[i].profile);
        char *written = dumped(json_object_get(one, "artifact"));
        struct assay_buf encoded = ASSAY_BUF_INIT(4096);
        struct kaspa_claims claims;
        struct kaspa_tx tx, listed;
        struct kaspa_verdict verdict;
        struct assay_bytes want;
        struct kaspa_hash hash;
        struct kaspa_verify with = {.pov = &w->pov, .arena = &w->arena};

        cr_assert_eq(kaspa_tx_parse(&tx, &claims, &w->arena, assay_str(written), &options, NULL),
                     ASSAY_OK);
        listed = upstream_tx(&w->arena, json_object_get(other, "transaction"));
        cr_expect(kaspa_tx_equal(&tx, &listed), "row: %s", artifacts[i].name);
        kaspa_txid(&hash, &tx);
        upstream_expect_hash(&hash, json_object_get(one, "transactionId"), artifacts[i].name);
        upstream_expect_hash(&hash, json_object_get(other, "transactionId"), artifacts[i].name);
        kaspa_tx_hash(&hash, &tx);
        upstream_expect_hash(&hash, json_object_get(other, "transactionHash"), artifacts[i].name);
        want = upstream_hex(&w->arena, get(one, "txid", artifacts[i].preimage));
        kaspa_tx_encode(&encoded, &tx,
                        KASPA_ENCODE_NO_SIGNATURE | KASPA_ENCODE_NO_MASS | KASPA_ENCODE_NO_PAYLOAD);
        cr_expect(assay_bytes_equal(assay_buf_view(&encoded), want), "row: %s", artifacts[i].name);
        with.utxos = claims.utxos;
        kaspa_tx_verify(&verdict, &tx, &with);
        cr_expect_eq(verdict.outcome, KASPA_VALID, "row: %s", artifacts[i].name);
        cr_expect_eq(verdict.storage_mass, upstream_u64(json_object_get(other, "storageMass")));
        cr_expect_eq(verdict.compute_mass, upstream_u64(json_object_get(other, "computeMass")));
        cr_expect_eq(verdict.transient_mass, upstream_u64(json_object_get(other, "transientMass")));
        cr_expect_eq(verdict.fee, upstream_u64(json_object_get(other, "fee")));
        assay_buf_fini(&encoded);
        free(written);
        kx_world_free(w);
    }
    json_decref(interop);
    json_decref(profiles);
}

/* The world's merchant and payer have the vector's public keys. */
Test(kx_official, the_interop_standard_native_artifact_pays_an_offer)
{
    json_t *vector = upstream_load(FOLDER "exact/interop-v1.json");
    struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);
    json_t *artifact = json_object_get(
        json_object_get(get(vector, "transactionEncoding", "profiles"), "standardNative"),
        "artifact");
    char *written = dumped(artifact);

    kx_world_take(w, written);
    w->text = json_deep_copy(artifact);
    kx_world_pay(w);
    kx_world_read(w);
    cr_assert_eq(w->local, KX_LOCAL_NONE, "%s", w->err.text);
    kx_world_judge(w);
    expect_all_held(w, "interop standard-native");
    free(written);
    kx_world_free(w);
    json_decref(vector);
}

Test(kx_official, the_six_signature_hashes_of_the_interop_transaction_are_those_of_the_digest)
{
    static const struct {
        uint8_t flag;
        const char *digest;
    } rows[] = {
        {0x01, "956b5106695b10a0c892c5f9fc5d49e3ad155629d5ca9db97d1788a7c904b84b"},
        {0x02, "368b700877473f81d441d530e47b15e02d20dc89a836323f371a2f066806d131"},
        {0x04, "2c369ca5cb3fb6099de376a809435573f957eaca626a685a4960913b399045d6"},
        {0x81, "38a9ad339beabd9e5ff23ae78cf3cc7ca957e3ae2e9a46a495bb3b97a608783e"},
        {0x82, "03c7b33d9142d25a89088b6fbe12605a2925453f99e6820ecb0052718f81964d"},
        {0x84, "52bea3e2fd4931995a233e8444bdc8dd423a05328d656fdf2785d35fb72c8566"},
    };
    json_t *profiles = upstream_load(FOLDER "exact/consensus-profiles.json");
    const json_t *object = get(get(profiles, "expected", "standardNative"), "transaction", NULL);
    struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);
    struct kaspa_tx tx = upstream_tx(&w->arena, object);
    struct kaspa_utxo utxo = upstream_utxo(
        &w->arena, json_object_get(json_array_get(json_object_get(object, "inputs"), 0), "utxo"));

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kaspa_hash hash;
        char digest[65];

        kaspa_sighash_schnorr(&hash, &tx, 0, &utxo, rows[i].flag, NULL);
        assay_hex_encode(digest, assay_bytes_of(hash.at, sizeof(hash.at)));
        cr_expect_str_eq(digest, rows[i].digest, "flag %02x", rows[i].flag);
    }
    kx_world_free(w);
    json_decref(profiles);
}
