/* What an exact payment is made of: terms, hashes, authorizations, identities, deadlines, finality
 * and receipts. Check values with "digest" in their name are printed there. */
#include "vectors/exact_base.h"

#include "kaspa_x402/exact_payment.h"

#define S KX_STANDARD_NATIVE
#define A KX_ADDITIVE
#define H64 "5555555555555555555555555555555555555555555555555555555555555555"
#define ABAB "abababababababababababababababababababababababababababababababab"
#define BABA "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB"
#define NINES "9999999999999999999999999999999999999999999999999999999999999999"

/* ---- of an offer ---- */

struct offer_row {
    const char *operation, *name;
    enum kx_profile profile;
    const char *expected, *known;
    struct vectors_patch patches[VECTORS_PATCHES_MAX];
};

#define ROW(operation, name, profile, expected, known, ...)                                        \
    {                                                                                              \
        operation, name, profile, expected, known,                                                 \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define TERMS(name, profile, expected, local, ...)                                                 \
    ROW("exact.terms", name, profile, expected, "{'local': '" local "'}", __VA_ARGS__)

static const struct offer_row of_offers[] = {
    ROW("exact.terms", "standard-native", S, "ok",
        "{'profile': 'standard-native', 'amount': '100000000', 'maxTimeoutSeconds': 60}",
        VECTORS_UNCHANGED),
    ROW("exact.terms", "additive", A, "ok", "{'profile': 'additive', 'finality': 'accepted'}",
        VECTORS_UNCHANGED),
    ROW("exact.terms", "the largest amount", S, "ok", "{'amount': '18446744073709551615'}",
        {"requirements.amount", "'18446744073709551615'"}),
    ROW("exact.terms", "the longest time", S, "ok", "{'maxTimeoutSeconds': 4294967295}",
        {"requirements.maxTimeoutSeconds", "4294967295"}),
    TERMS("another scheme", S, "exact.terms.binding", "invalid_kaspa_x402_scheme",
          {"requirements.scheme", "'batch-settlement'"}),
    TERMS("an alias of a network", S, "exact.terms.network", "invalid_kaspa_x402_network",
          {"requirements.network", "'testnet-10'"}),
    TERMS("an asset in small letters", S, "exact.terms.asset", "invalid_kaspa_x402_asset",
          {"requirements.asset", "'kas'"}),
    TERMS("an amount with a sign", S, "exact.terms.amount", "invalid_kaspa_x402_amount",
          {"requirements.amount", "'+1'"}),
    TERMS("an amount with an exponent", S, "exact.terms.amount", "invalid_kaspa_x402_amount",
          {"requirements.amount", "'1e3'"}),
    TERMS("an amount with a space", S, "exact.terms.amount", "invalid_kaspa_x402_amount",
          {"requirements.amount", "' 1'"}),
    TERMS("an amount above 64 bits", S, "exact.terms.amount", "invalid_kaspa_x402_amount",
          {"requirements.amount", "'18446744073709551616'"}),
    TERMS("an amount that is a number", S, "http.form", "invalid_kaspa_x402_payload",
          {"requirements.amount", "1"}),
    TERMS("an amount of 0", S, "exact.terms.amount", "invalid_kaspa_x402_amount",
          {"requirements.amount", "'0'"}),
    TERMS("the first binding", S, "exact.terms.binding", "invalid_kaspa_x402_binding",
          {"requirements.extra.binding", "'kaspa-exact-v1'"}),
    TERMS("a hash-chain on mainnet", A, "exact.terms.binding", "invalid_kaspa_x402_binding",
          {"requirements.extra.binding", "'kaspa-hash-chain-exact-v1'"},
          {"requirements.extra.profile", "'hash-chain-additive'"},
          {"requirements.network", "'kaspa:mainnet'"}),
    TERMS("a hash-chain without its members", A, "exact.terms.head", "invalid_kaspa_x402_payload",
          {"requirements.extra.binding", "'kaspa-hash-chain-exact-v1'"},
          {"requirements.extra.profile", "'hash-chain-additive'"}),
    TERMS("no flow", S, "exact.terms.binding", "invalid_kaspa_x402_payload",
          {"requirements.extra.paymentFlow", NULL}),
    TERMS("another encoding", S, "exact.terms.binding", "invalid_kaspa_x402_payload",
          {"requirements.extra.transactionEncoding", "'hex'"}),
    TERMS("a script of version 1", S, "exact.terms.binding", "invalid_kaspa_x402_payload",
          {"requirements.extra.payToScriptPublicKey", "'000151'"}),
    TERMS("no time", S, "exact.terms.binding", "invalid_kaspa_x402_payload",
          {"requirements.maxTimeoutSeconds", "0"}),
    TERMS("a time above 32 bits", S, "exact.terms.binding", "invalid_kaspa_x402_payload",
          {"requirements.maxTimeoutSeconds", "4294967296"}),
    TERMS("a borrowed outpoint", A, "exact.terms.binding", "invalid_kaspa_x402_payload",
          {"requirements.extra.borrowOutpoint", "{}"}),
    TERMS("half a head", A, "exact.terms.head", "invalid_kaspa_x402_payload",
          {"requirements.extra.challengeExpiresAt", NULL}),
    TERMS("an outpoint with a third member", A, "exact.terms.head", "invalid_kaspa_x402_payload",
          {"requirements.extra.expectedHeadOutpoint.amount", "'1'"}),
    TERMS("output 1 of a head", A, "exact.terms.head", "invalid_kaspa_x402_payload",
          {"requirements.extra.paymentOutputIndex", "1"}),
    TERMS("another network's address", S, "exact.terms.pay-to", "invalid_kaspa_x402_network",
          {"requirements.payTo", "'kaspa:qqqq'"}),
    TERMS("an address that is none", S, "exact.terms.pay-to", "invalid_kaspa_x402_payload",
          {"requirements.payTo", "'kaspatest:qqqq'"}),
    TERMS("another script", S, "exact.terms.binding", "invalid_kaspa_x402_binding",
          {"requirements.extra.payToScriptPublicKey", "'000051'"}),
    TERMS("a head of nothing", A, "exact.terms.head", "invalid_kaspa_x402_amount",
          {"requirements.extra.headAmount", "'0'"}),
    TERMS("a threshold of 0", A, "exact.terms.head", "invalid_kaspa_x402_amount",
          {"requirements.extra.additiveThresholdSompi", "'0'"}),
    TERMS("a threshold that is not the script's", A, "exact.terms.head",
          "invalid_kaspa_x402_binding",
          {"requirements.extra.additiveThresholdSompi", "'10000001'"}),
    TERMS("a redeem script of another hash", A, "exact.terms.head", "invalid_kaspa_x402_binding",
          {"requirements.extra.headRedeemScript", "'51'"}),
    ROW("exact.challenge_id", "of a head", A, "ok", NULL, VECTORS_UNCHANGED),
    ROW("exact.challenge_id", "of the next version", A, "ok", NULL,
        {"requirements.extra.headVersion", "'8'"}),
    ROW("exact.challenge_id", "does not cover the time offered", A, "ok", NULL,
        {"requirements.maxTimeoutSeconds", "61"}),
    ROW("exact.challenge_id", "of no head", S, "exact.payload.challenge", NULL, VECTORS_UNCHANGED),
    ROW("exact.challenge_id", "of terms that are not right", A, "exact.terms.amount", NULL,
        {"requirements.amount", "'0'"}),
    ROW("exact.requirements_hash", "standard-native", S, "ok", NULL, VECTORS_UNCHANGED),
    ROW("exact.requirements_hash", "a time of 60.0 is one of 60", S, "ok", NULL,
        {"requirements.maxTimeoutSeconds", "60.0"}),
    ROW("exact.requirements_hash", "an unknown member counts", S, "ok", NULL,
        {"requirements.extra.note", "'x'"}),
    ROW("exact.requirements_hash", "additive", A, "ok", NULL,
        {"requirements.extra.headId", "'" ABAB "'"}),
    ROW("exact.requirements_hash", "known hex in capitals is as in small letters", A, "ok", NULL,
        {"requirements.extra.headId", "'" BABA "'"}),
    ROW("exact.requirements_hash", "unknown hex", S, "ok", NULL,
        {"requirements.extra.note", "'" ABAB "'"}),
    ROW("exact.requirements_hash", "unknown hex in capitals stays", S, "ok", NULL,
        {"requirements.extra.note", "'" BABA "'"}),
    ROW("exact.requirements_hash", "a header that is none", S, "http.form", NULL,
        {"requirements", "'e30'"}),
};

static void add_offers(struct vectors *v)
{
    for (size_t i = 0; i < ARRAY_LEN(of_offers); i++) {
        const struct offer_row *row = &of_offers[i];
        json_t *required = vectors_exact_offer(v, row->profile);
        json_t *in = json_pack("{s:O}", "requirements",
                               json_array_get(json_object_get(required, "accepts"), 0));

        json_decref(required);
        vectors_patch(v, in, row->patches);
        vectors_add(v, row->operation, row->name, row->expected, in, row->known);
    }
}

/* ---- of plain values ---- */

static const struct {
    const char *operation, *name, *expected, *in, *known;
} plain[] = {
    {"exact.request_hash", "the digest's, of a hash-chain", "ok",
     "{'request': {'url': 'https://api.example.test/hash-chain/file'}}",
     "{'fingerprint': '3ff129d4432ef0e268587753515f58c0ae0f2d2c987f6e2274bef2772ae902c7'}"},
    {"exact.request_hash", "the digest's, of a caller", "ok",
     "{'request': {'url': 'https://api.example.test/', 'requestHash': '" NINES
     "', 'context': {'principal': 'user:42', 'authorizationScopes': ['write', 'read'], "
     "'handlerState': {'plan': 'pro'}}}}",
     "{'requestHash': '" NINES
     "', 'fingerprint': 'dd7258f962bd736c5f913a4f0c3fb061ebd99ea4aa3a34f7422b2f928cceb4c0'}"},
    {"exact.request_hash", "of terms", "ok",
     "{'request': {'method': 'GET', 'url': 'https://api.example.test/file'}, 'requirementsHash': "
     "'" H64 "'}",
     NULL},
    {"exact.request_hash", "a method in small letters is another one", "ok",
     "{'request': {'method': 'get', 'url': 'https://api.example.test/file'}, 'requirementsHash': "
     "'" H64 "'}",
     NULL},
    {"exact.request_hash", "another spelling of a URL", "ok",
     "{'request': {'url': 'HTTPS://API.EXAMPLE.TEST:443/a/../file?B=1#top'}}",
     "{'url': 'https://api.example.test/file?B=1'}"},
    {"exact.request_hash", "a port that is not the scheme's", "ok",
     "{'request': {'url': 'http://127.0.0.1:8402'}}", "{'url': 'http://127.0.0.1:8402/'}"},
    {"exact.request_hash", "escapes stay", "ok",
     "{'request': {'url': 'https://api.example.test/%7e%7E'}}",
     "{'url': 'https://api.example.test/%7e%7E'}"},
    {"exact.request_hash", "no body is null", "ok",
     "{'request': {'method': 'POST', 'url': 'https://api.example.test/', 'body': null}}", NULL},
    {"exact.request_hash", "an empty body is a text", "ok",
     "{'request': {'method': 'POST', 'url': 'https://api.example.test/', 'body': ''}}", NULL},
    {"exact.request_hash", "a body of JSON", "ok",
     "{'request': {'method': 'POST', 'url': 'https://api.example.test/', 'body': {'b': 1.0, 'a': "
     "[]}}}",
     NULL},
    {"exact.request_hash", "the same body as a text", "ok",
     "{'request': {'method': 'POST', 'url': 'https://api.example.test/', 'body': "
     "'{\\u0022a\\u0022:[],\\u0022b\\u0022:1}'}}",
     NULL},
    {"exact.request_hash", "a host's hash in capitals", "ok",
     "{'request': {'url': 'https://api.example.test/', 'requestHash': '" BABA "'}}",
     "{'requestHash': '" ABAB "'}"},
    {"exact.request_hash", "a host's hash that is none", "access.tenant",
     "{'request': {'url': 'https://api.example.test/', 'requestHash': 'x'}}", NULL},
    {"exact.request_hash", "a path alone", "http.url", "{'request': {'url': '/file'}}", NULL},
    {"exact.request_hash", "no host", "http.url", "{'request': {'url': 'https:///file'}}", NULL},
    {"exact.request_hash", "another scheme", "http.url",
     "{'request': {'url': 'ftp://api.example.test/'}}", NULL},
    {"exact.context_hash", "the digest's", "ok",
     "{'principal': 'user:42', 'authorizationScopes': ['read', 'write'], 'handlerState': {'plan': "
     "'pro'}}",
     "{'securityContextHash': "
     "'bd190a4bccce33e15a905cf93d6a3cd328e21b2730c0bdfb25cc75ac3d7b67aa'}"},
    {"exact.context_hash", "scopes in another order, and twice", "ok",
     "{'principal': 'user:42', 'authorizationScopes': ['write', 'read', 'write'], 'handlerState': "
     "{'plan': 'pro'}}",
     "{'securityContextHash': "
     "'bd190a4bccce33e15a905cf93d6a3cd328e21b2730c0bdfb25cc75ac3d7b67aa'}"},
    {"exact.context_hash", "a principal alone", "ok", "{'principal': 'user:42'}", NULL},
    {"exact.context_hash", "a tenant", "ok", "{'principal': 'user:42', 'tenant': 'shop'}", NULL},
    {"exact.context_hash", "a state named like a prototype", "ok",
     "{'principal': 'user:42', 'handlerState': {'__proto__': 1}}", NULL},
    {"exact.context_hash", "scopes by UTF-16 code units", "ok",
     "{'principal': 'user:42', 'authorizationScopes': ['\\uffff', '\\ud83d\\ude00']}", NULL},
    {"exact.context_hash", "a state of every scalar", "ok",
     "{'principal': 'user:42', 'handlerState': {'a': null, 'b': true, 'c': 1.5, 'd': ''}}", NULL},
    {"exact.context_hash", "a word that only contains a secret's", "ok",
     "{'principal': 'user:42', 'handlerState': {'tokens': 1, 'secretary': 2}}", NULL},
    {"exact.context_hash", "no principal", "access.tenant", "{'principal': ''}", NULL},
    {"exact.context_hash", "an empty scope", "access.tenant",
     "{'principal': 'user:42', 'authorizationScopes': ['']}", NULL},
    {"exact.context_hash", "a state with a token", "access.tenant",
     "{'principal': 'user:42', 'handlerState': {'sessionToken': 1}}", NULL},
    {"exact.context_hash", "a state with a password", "access.tenant",
     "{'principal': 'user:42', 'handlerState': {'user_PASSWORD': 1}}", NULL},
    {"exact.context_hash", "a state with a cookie", "access.tenant",
     "{'principal': 'user:42', 'handlerState': {'http-cookie': 1}}", NULL},
    {"exact.context_hash", "a state with an object", "access.tenant",
     "{'principal': 'user:42', 'handlerState': {'a': {}}}", NULL},
    {"exact.expiry", "at the bound", "ok",
     "{'expiresAt': '2099-01-01T00:00:00.000Z', 'maxTimeoutSeconds': 60, 'now': "
     "'2098-12-31T23:59:00.000Z'}",
     NULL},
#define EXPIRY(name, expected, expires, challenge, now)                                            \
    {                                                                                              \
        "exact.expiry", name, expected,                                                            \
            "{'expiresAt': '" expires "', 'maxTimeoutSeconds': 60" challenge ", 'now': '" now      \
            "'}",                                                                                  \
            NULL                                                                                   \
    }
#define CHALLENGE(text) ", 'challengeExpiresAt': '" text "'"
    EXPIRY("a millisecond from now", "ok", "2098-12-31T23:59:00.001Z", "",
           "2098-12-31T23:59:00.000Z"),
    EXPIRY("with its challenge", "ok", "2098-12-31T23:59:45.000Z",
           CHALLENGE("2098-12-31T23:59:45.000Z"), "2098-12-31T23:59:00.000Z"),
    EXPIRY("without places", "ok", "2098-12-31T23:59:45Z", "", "2098-12-31T23:59:00.000Z"),
    EXPIRY("now", "expired_authorization", "2098-12-31T23:59:00.000Z", "",
           "2098-12-31T23:59:00.000Z"),
    EXPIRY("a second ago", "expired_authorization", "2098-12-31T23:58:59.000Z", "",
           "2098-12-31T23:59:00.000Z"),
    EXPIRY("a millisecond too far", "authorization_exceeds_max_timeout", "2099-01-01T00:00:00.001Z",
           "", "2098-12-31T23:59:00.000Z"),
    EXPIRY("no time", "invalid_authorization_expiry", "tomorrow", "", "2098-12-31T23:59:00.000Z"),
    EXPIRY("two places", "invalid_authorization_expiry", "2098-12-31T23:59:45.00Z", "",
           "2098-12-31T23:59:00.000Z"),
    EXPIRY("an offset", "invalid_authorization_expiry", "2098-12-31T23:59:45.000+00:00", "",
           "2098-12-31T23:59:00.000Z"),
    EXPIRY("a small z", "invalid_authorization_expiry", "2098-12-31T23:59:45.000z", "",
           "2098-12-31T23:59:00.000Z"),
    EXPIRY("the year 10000", "invalid_authorization_expiry", "10000-01-01T00:00:00.000Z", "",
           "2098-12-31T23:59:00.000Z"),
    EXPIRY("30 February", "invalid_authorization_expiry", "2098-02-30T00:00:00.000Z", "",
           "2098-02-28T23:59:30.000Z"),
    EXPIRY("a challenge that is no time", "invalid_challenge_expiry", "2098-12-31T23:59:30.000Z",
           CHALLENGE("soon"), "2098-12-31T23:59:00.000Z"),
    EXPIRY("a challenge that ends now", "expired_challenge", "2098-12-31T23:59:30.000Z",
           CHALLENGE("2098-12-31T23:59:00.000Z"), "2098-12-31T23:59:00.000Z"),
    EXPIRY("a millisecond behind its challenge", "authorization_exceeds_challenge",
           "2098-12-31T23:59:45.001Z", CHALLENGE("2098-12-31T23:59:45.000Z"),
           "2098-12-31T23:59:00.000Z"),
    {"exact.expiry", "no time to spend", "invalid_max_timeout",
     "{'expiresAt': 'tomorrow', 'maxTimeoutSeconds': 0, 'now': '2098-12-31T23:59:00.000Z'}", NULL},
#define FINALITY(name, expected, required, rest)                                                   \
    {                                                                                              \
        "exact.finality", name, expected, "{'required': '" required "', 'evidence': " rest "}",    \
            NULL                                                                                   \
    }
    FINALITY("accepted", "ok", "accepted", "{'status': 'accepted'}"),
    FINALITY("30 confirmations", "ok", "confirmed",
             "{'status': 'accepted', 'confirmations': '30'}"),
    FINALITY("two confirmations of two", "ok", "confirmed",
             "{'status': 'accepted', 'confirmations': '2'}, 'confirmations': '2'"),
    FINALITY("a mempool's finality in the mempool", "ok", "mempool", "{'status': 'mempool'}"),
    FINALITY("29 confirmations", "exact.finality.reached", "confirmed",
             "{'status': 'accepted', 'confirmations': '29'}"),
    FINALITY("confirmations that nobody counted", "exact.finality.reached", "confirmed",
             "{'status': 'accepted'}"),
    FINALITY("accepted, where the policy is stronger", "exact.finality.reached", "accepted",
             "{'status': 'accepted', 'confirmations': '29'}, 'policy': 'confirmed'"),
    FINALITY("confirmed, where the policy is weaker", "exact.finality.reached", "confirmed",
             "{'status': 'accepted', 'confirmations': '29'}, 'policy': 'accepted'"),
    FINALITY("in the mempool", "exact.finality.reached", "accepted", "{'status': 'mempool'}"),
    FINALITY("confirmations in the mempool", "exact.finality.reached", "confirmed",
             "{'status': 'mempool', 'confirmations': '99'}"),
    FINALITY("absent", "exact.finality.reached", "accepted", "{'status': 'absent'}"),
    FINALITY("unknown", "exact.finality.reached", "accepted", "{'status': 'unknown'}"),
};

/* ---- of settlements ---- */

#define SETTLED(rest)                                                                              \
    "{'response': {'success': true, 'transaction': '" H64                                          \
    "', 'network': 'kaspa:testnet-10', 'amount': '100000000'" rest "}}"
#define KASPA(rest) ", 'extensions': {'kaspa': {" rest "}}"

static const struct {
    const char *name, *expected, *in;
} settlements[] = {
    {"a success of four members", "ok", SETTLED("")},
    {"a success of standard-native", "ok",
     SETTLED(KASPA("'exactProfile': 'standard-native', 'paymentOutputIndex': 0, 'finality': "
                   "'accepted', 'requestHash': '" H64
                   "', 'transactionEncoding': 'kaspa-sdk-safe-json-v2.0.0'"))},
    {"a success of a head, in the words of the specification's text", "ok",
     SETTLED(KASPA("'binding': 'kaspa-exact-v2', 'profile': 'additive', 'challengeId': '" H64
                   "', 'previousHeadOutpoint': {'txid': '" H64 "', 'index': 0}"))},
    {"a failure", "ok",
     "{'response': {'success': false, 'transaction': '', 'errorReason': "
     "'invalid_transaction_state'}}"},
    {"a success without its amount", "settlement.response",
     "{'response': {'success': true, 'transaction': '" H64 "', 'network': 'kaspa:testnet-10'}}"},
    {"a success without its network", "settlement.response",
     "{'response': {'success': true, 'transaction': '" H64 "', 'amount': '1'}}"},
    {"a success without its transaction", "settlement.response",
     "{'response': {'success': true, 'transaction': '', 'network': 'kaspa:testnet-10', 'amount': "
     "'1'}}"},
    {"a success in quotes", "settlement.response",
     "{'response': {'success': 'true', 'transaction': '" H64
     "', 'network': 'kaspa:testnet-10', 'amount': '1'}}"},
    {"an amount in KAS", "settlement.response",
     "{'response': {'success': true, 'transaction': '" H64
     "', 'network': 'kaspa:testnet-10', 'amount': '1.00000000'}}"},
    {"a failure without a reason", "settlement.response",
     "{'response': {'success': false, 'transaction': ''}}"},
    {"extra beside extensions", "settlement.response", SETTLED(", 'extra': {}")},
    {"a covenant on mainnet", "settlement.response",
     "{'response': {'success': true, 'transaction': '" H64
     "', 'network': 'kaspa:mainnet', 'amount': '1', 'extensions': {'kaspa': {'covenantId': '" H64
     "'}}}}"},
    {"a finality that is none", "settlement.response", SETTLED(KASPA("'finality': 'final'"))},
    {"a header that is none", "http.form", "{'response': 'e30'}"},
};

static void add_plain(struct vectors *v)
{
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        vectors_add(v, plain[i].operation, plain[i].name, plain[i].expected,
                    vectors_json(v, plain[i].in), plain[i].known);
    for (size_t i = 0; i < ARRAY_LEN(settlements); i++)
        vectors_add(v, "exact.settlement", settlements[i].name, settlements[i].expected,
                    vectors_json(v, settlements[i].in), NULL);
}

/* ---- of whole payments ---- */

/* What is authorised, one member of the preimage after the other: KX-064 of the digest. Those that
 * cannot be changed alone, of network, payee, script and profile, are refused as terms. */
static const struct {
    const char *name;
    enum kx_profile profile;
    const char *expected;
    struct vectors_patch patches[VECTORS_PATCHES_MAX];
} authorizations[] = {
    {"standard-native", S, "ok", {{0}}},
    {"additive", A, "ok", {{0}}},
    {"without a signature to verify", S, "ok", {{"signature", NULL}, {"publicKey", NULL}}},
#define FLIP(name, profile, path, json)                                                            \
    {                                                                                              \
        name, profile, "exact.authorization.signature",                                            \
        {                                                                                          \
            {                                                                                      \
                path, json                                                                         \
            }                                                                                      \
        }                                                                                          \
    }
    FLIP("another transaction", S, "transactionId", "'" H64 "'"),
    FLIP("another output", S, "paymentOutputIndex", "1"),
    FLIP("another amount", S, "requirements.amount", "'100000001'"),
    FLIP("other requirements", S, "requirements.extra.note", "1"),
    FLIP("another request", A, "requestHash", "'" H64 "'"),
    FLIP("another identifier", A, "paymentIdentifier", "'another_identifier_0001'"),
    FLIP("another challenge", A, "requirements.extra.challengeId", "'" H64 "'"),
    FLIP("another input", A, "inputIndex", "2"),
    FLIP("another end", A, "expiresAt", "'2098-12-31T23:59:31.000Z'"),
    FLIP("another spelling of the end", A, "expiresAt", "'2098-12-31T23:59:30Z'"),
    FLIP("another key", S, "publicKey", "'" H64 "'"),
    FLIP("a signature of zeros", S, "signature", "{'$repeat': [['00', 64]]}"),
    FLIP("a signature of 65 bytes", A, "signature", "{'$repeat': [['11', 65]]}"),
    {"another network", S, "exact.terms.pay-to", {{"requirements.network", "'kaspa:mainnet'"}}},
    {"another script",
     S,
     "exact.terms.binding",
     {{"requirements.extra.payToScriptPublicKey", "'000051'"}}},
    {"another profile", S, "exact.terms.head", {{"requirements.extra.profile", "'additive'"}}},
};

static const struct vectors_exact_patch no_change[] = {{AT_END, NULL, NULL}};

/* The input of exact.authorization, from a payment. */
static json_t *authorization_in(struct vectors *v, enum kx_profile profile)
{
    json_t *in = vectors_exact_base(v, profile, no_change);
    const json_t *payment = json_object_get(in, "payment");
    const json_t *payload = json_object_get(payment, "payload");
    const json_t *authorization = json_object_get(payload, "authorization");
    struct assay_key key;
    json_t *out;

    vectors_key(&key, "payer");
    out = json_pack("{s:O, s:O, s:O, s:O, s:s, s:O, s:O, s:o, s:O}", "requirements",
                    json_object_get(payment, "accepted"), "transactionId",
                    json_object_get(json_object_get(in, "evidence"), "transactionId"),
                    "paymentOutputIndex", json_object_get(payload, "paymentOutputIndex"),
                    "requestHash", json_object_get(payload, "requestHash"), "paymentIdentifier",
                    VECTORS_EXACT_ID, "inputIndex", json_object_get(authorization, "inputIndex"),
                    "expiresAt", json_object_get(authorization, "expiresAt"), "publicKey",
                    kaspa_out_hex(assay_bytes_of(key.xonly, sizeof key.xonly)), "signature",
                    json_object_get(authorization, "signature"));
    json_decref(in);
    return out;
}

static void add_authorizations(struct vectors *v)
{
    for (size_t i = 0; i < ARRAY_LEN(authorizations); i++) {
        json_t *in = authorization_in(v, authorizations[i].profile);

        vectors_patch(v, in, authorizations[i].patches);
        vectors_add(v, "exact.authorization", authorizations[i].name, authorizations[i].expected,
                    in, NULL);
    }
}

/* Two payments are one where these are the same; `is_text` takes the transaction alone. */
static const struct {
    const char *name;
    enum kx_profile profile;
    bool is_text;
    const char *expected;
    struct vectors_exact_patch patches[VECTORS_EXACT_PATCHES_MAX];
} identities[] = {
    {"standard-native", S, false, "ok", {{0}}},
    {"additive", A, false, "ok", {{0}}},
    {"a label changes nothing",
     S,
     false,
     "ok",
     {{AT_PAYMENT, "payload.payerAddress", "'whoever'"}}},
    {"another end is another payment of the same transaction",
     S,
     false,
     "ok",
     {{AT_CLAIM, "expiresAt", "'2098-12-31T23:59:31.000Z'"}}},
    {"no payment", S, false, "http.form", {{AT_PAYMENT, "payload.authorization", NULL}}},
    {"a transaction", S, true, "ok", {{0}}},
    {"another witness of it", S, true, "ok", {{AT_TEXT, "inputs.0.signatureScript", "'00'"}}},
    {"it without its defaults",
     S,
     true,
     "ok",
     {{AT_TEXT, "lockTime", NULL},
      {AT_TEXT, "gas", NULL},
      {AT_TEXT, "payload", NULL},
      {AT_TEXT, "subnetworkId", NULL}}},
    {"it with unknown members", S, true, "ok", {{AT_TEXT, "note", "[]"}}},
    {"it with another id and mass",
     S,
     true,
     "ok",
     {{AT_TEXT, "id", "'" H64 "'"}, {AT_TEXT, "storageMass", "'1'"}}},
    {"it without the covenants",
     S,
     true,
     "ok",
     {{AT_TEXT, "outputs.0.covenant", NULL}, {AT_TEXT, "outputs.1.covenant", NULL}}},
    {"it flattened, which the projection does not know",
     S,
     true,
     "ok",
     {{AT_TEXT, "inputs.0.previousOutpoint", NULL},
      {AT_TEXT, "inputs.0.transactionId",
       "'7070707070707070707070707070707070707070707070707070707070707070'"},
      {AT_TEXT, "inputs.0.index", "0"}}},
    {"another transaction", S, true, "ok", {{AT_TEXT, "outputs.1.value", "'1'"}}},
};

static void add_identities(struct vectors *v)
{
    for (size_t i = 0; i < ARRAY_LEN(identities); i++) {
        json_t *base = vectors_exact_base(v, identities[i].profile, identities[i].patches);
        json_t *payment = json_object_get(base, "payment");
        json_t *text = json_object_get(json_object_get(payment, "payload"), "transaction");
        json_t *in = identities[i].is_text ? json_pack("{s:O}", "transaction", text)
                                           : json_pack("{s:O}", "payment", payment);

        json_decref(base);
        vectors_add(v, "exact.identity", identities[i].name, identities[i].expected, in, NULL);
    }
    vectors_add(v, "exact.identity", "a text that is no transaction", "ok",
                vectors_json(v, "{'transaction': 'deadbeef'}"), NULL);
}

void vectors_exact_parts(struct vectors *v)
{
    add_offers(v);
    add_plain(v);
    add_authorizations(v);
    add_identities(v);
}
