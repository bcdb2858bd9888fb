/* What a batch payment is made of: channels, vouchers, presentations and commitments. Check values
 * with "digest" in their name are printed there. Source: Kaspa x402 batch digest, sections 4, 5, 12
 * and 16; B names a row of its section 18. */
#include "run/operations_batch.h"
#include "vectors/batch_base.h"

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"
#define THREES "3333333333333333333333333333333333333333333333333333333333333333"
#define FIVES "5555555555555555555555555555555555555555555555555555555555555555"
#define NO_POINT "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define Q58 "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
#define R58 "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"

struct row {
    const char *operation, *name, *about, *expected, *known, *guards;
    struct vectors_patch patches[VECTORS_PATCHES_MAX];
};
#define ROW(operation, name, about, expected, known, guards, ...)                                  \
    {                                                                                              \
        operation, name, about, expected, known, guards,                                           \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static void add_rows(struct vectors *v, const char *base, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count && v->err->code == ASSAY_OK; i++) {
        json_t *in = vectors_json(v, base);

        vectors_patch(v, in, rows[i].patches);
        vectors_put_words(in, NULL, NULL);
        vectors_add_about(v, rows[i].operation, rows[i].name, rows[i].expected, in, rows[i].known,
                          rows[i].about, rows[i].guards);
    }
}

/* ---- channels ---- */

static const char channel_text[] = "{'channelConfig': " BATCH_CONFIG "}";

#define CONFIG "channelConfig."
#define ID(name, ...) ROW("channel.id", name, "batch.channel.known", "ok", NULL, NULL, __VA_ARGS__)
#define OPENS(name, ...) ROW("channel.open", name, CHANNEL, "ok", NULL, NULL, __VA_ARGS__)
#define SHUT(name, local, guards, ...)                                                             \
    ROW("channel.open", name, CHANNEL, CHANNEL, "{'local': '" local "'}", guards, __VA_ARGS__)
#define CHANNEL "batch.channel.config"
#define PUBLIC_KEY "invalid_kaspa_public_key"
#define PAYLOAD "invalid_kaspa_x402_payload"

static const struct row channels[] = {
    ID("a channel", VECTORS_UNCHANGED),
    ID("of another network", {CONFIG "network", "'kaspa:mainnet'"}),
    ID("of another template", {CONFIG "templateId", "'kaspa-x402-escrow-v4'"}),
    ID("of another client", {CONFIG "clientPublicKey", "'@key:stranger'"}),
    ID("of another server", {CONFIG "serverPublicKey", "'@key:stranger'"}),
    ID("of keys exchanged", {CONFIG "clientPublicKey", "'@key:server'"},
       {CONFIG "serverPublicKey", "'@key:client'"}),
    ID("of another payee", {CONFIG "payTo", "'@address:stranger'"}),
    ID("of another refund address", {CONFIG "refundAddress", "'@address:stranger'"}),
    ID("of another timeout", {CONFIG "refundTimeoutDaa", "'1000001'"}),
    ROW("channel.id", "until the last score", "batch.channel.known", "ok", NULL,
        "batch.channel_timeout_32", {CONFIG "refundTimeoutDaa", "'499999999999'"}),
    ID("of another salt", {CONFIG "salt", "'" ONES "'"}),
    ID("B110: in capitals",
       {CONFIG "salt", "'ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB'"}),
    ID("in small letters",
       {CONFIG "salt", "'abababababababababababababababababababababababababababababababab'"}),
    ID("under kaspa-escrow-v2", {CONFIG "templateId", "'kaspa-x402-escrow-v3'"}),
    ID("under kaspa-escrow-v1", {CONFIG "templateId", "'kaspa-x402-escrow-v1'"}),
    ID("B120: of binding v2 with a template of v3", {"binding", "'kaspa-escrow-v2'"}),
    ROW("channel.id", "the one of the digest, whose addresses are none", "batch.channel.known",
        "ok", "{'channelId': 'f0c99b6b84d44952d8b8c7eb8820110235f9e01b375eb31936d8c363d2f47109'}",
        NULL,
        {"channelConfig",
         "{'network': 'kaspa:testnet-10', 'asset': 'KAS', 'templateId': 'kaspa-x402-escrow-v5', "
         "'clientPublicKey': '" THREES "', 'serverPublicKey': "
         "'4444444444444444444444444444444444444444444444444444444444444444', 'payTo': "
         "'kaspatest:" Q58 "', 'refundAddress': 'kaspatest:q" R58 "', 'refundTimeoutDaa': "
         "'123456789', 'salt': '" FIVES "'}"}),
    ROW("channel.id", "of another asset", NULL, "error", NULL, NULL, {CONFIG "asset", "'BTC'"}),
    ROW("channel.id", "with a tenth member", NULL, "error", NULL, NULL, {CONFIG "note", "'x'"}),

    OPENS("under v5", VECTORS_UNCHANGED),
    OPENS("under v5, with something claimed", {"claimed", "'" BATCH_NEXT "'"}),
    OPENS("under v4", {CONFIG "templateId", "'kaspa-x402-escrow-v4'"}),
    OPENS("under v3", {CONFIG "templateId", "'kaspa-x402-escrow-v3'"}),
    OPENS("under v2", {CONFIG "templateId", "'kaspa-x402-escrow-v2'"}),
    OPENS("under v1", {CONFIG "templateId", "'kaspa-x402-escrow-v1'"}),
    OPENS("under v1 on mainnet", {CONFIG "templateId", "'kaspa-x402-escrow-v1'"},
          {CONFIG "network", "'kaspa:mainnet'"}, {CONFIG "payTo", "'@mainnet:merchant'"},
          {CONFIG "refundAddress", "'@mainnet:client'"}),
    OPENS("until the last score", {CONFIG "refundTimeoutDaa", "'499999999999'"}),
    SHUT("B106: on mainnet", "invalid_kaspa_x402_network", NULL,
         {CONFIG "network", "'kaspa:mainnet'"}, {CONFIG "payTo", "'@mainnet:merchant'"},
         {CONFIG "refundAddress", "'@mainnet:client'"}),
    SHUT("on a network that is none", "invalid_kaspa_x402_network", NULL,
         {CONFIG "network", "'kaspa:testnet-11'"}),
    SHUT("B120: with a template of another binding", "invalid_kaspa_x402_binding", NULL,
         {"binding", "'kaspa-escrow-v2'"}),
    SHUT("B115: of a client whose key is no point", PUBLIC_KEY, "batch.key_off_curve",
         {CONFIG "clientPublicKey", "'" NO_POINT "'"}),
    SHUT("B115: of a server whose key is no point", PUBLIC_KEY, "batch.key_off_curve",
         {CONFIG "serverPublicKey", "'" NO_POINT "'"}),
    SHUT("B115: of a client who is the server", PUBLIC_KEY, "batch.keys_equal",
         {CONFIG "clientPublicKey", "'@key:server'"}),
    SHUT("paid at an address of mainnet", PAYLOAD, NULL, {CONFIG "payTo", "'@mainnet:merchant'"}),
    SHUT("paid at an address that is none", PAYLOAD, NULL, {CONFIG "payTo", "'kaspatest:qqqq'"}),
    SHUT("refunded to an address of mainnet", PAYLOAD, NULL,
         {CONFIG "refundAddress", "'@mainnet:client'"}),
    ROW("channel.open", "B86: until a time", CHANNEL, "error", NULL, NULL,
        {CONFIG "refundTimeoutDaa", "'500000000000'"}),
};

void vectors_batch_channels(struct vectors *v)
{
    add_rows(v, channel_text, channels, ARRAY_LEN(channels));
}

/* ---- vouchers ---- */

static const char voucher_text[] =
    "{'binding': 'kaspa-escrow-v3', 'network': 'kaspa:testnet-10', 'covenantId': '" BATCH_LINEAGE
    "', 'amount': '" BATCH_TOTAL "'}";
static const char coin_voucher_text[] =
    "{'binding': 'kaspa-escrow-v1', 'network': 'kaspa:testnet-10', 'outpoint': {'txid': '" ONES
    "', 'index': 2}, 'scriptPublicKey': '@spk:server', 'amount': '" BATCH_TOTAL "'}";

/* What is asked is what was signed, but for the changes of a later stage. */
struct voucher_row {
    const char *name, *expected, *guards, *signer;
    bool is_of_coin;
    struct vectors_batch_patch patches[4];
};
#define VOUCHER(name, expected, guards, signer, is_of_coin, ...)                                   \
    {                                                                                              \
        name, expected, guards, signer, is_of_coin,                                                \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define GOOD(name, ...) VOUCHER(name, "ok", NULL, "client", false, __VA_ARGS__)
#define SIGNATURE "batch.voucher.signature"
#define BAD(name, guards, ...) VOUCHER(name, SIGNATURE, guards, "client", false, __VA_ARGS__)
#define COIN_BAD(name, ...)                                                                        \
    VOUCHER(name, SIGNATURE, "batch.voucher_unverified", "client", true, __VA_ARGS__)

#define ALL_OF_A_DIGEST "batch.voucher_old_domain batch.voucher_any_network batch.voucher_unbound"

static const struct voucher_row vouchers[] = {
    GOOD("a voucher", BATCH_UNCHANGED),
    GOOD("of binding v2", {BATCH_PLAN, "binding", "'kaspa-escrow-v2'"}),
    GOOD("B12: of 2^63 - 1", {BATCH_PLAN, "amount", "'9223372036854775807'"}),
    GOOD("of a sompi", {BATCH_PLAN, "amount", "'1'"}),
    VOUCHER("of binding v1", "ok", NULL, "client", true, BATCH_UNCHANGED),
    VOUCHER("of binding v1 and 2^64 - 1", "ok", NULL, "client", true,
            {BATCH_PLAN, "amount", "'18446744073709551615'"}),
    VOUCHER("B12: of 2^63", "batch.voucher.total", NULL, "client", false,
            {BATCH_PLAN, "amount", "'9223372036854775808'"}),
    VOUCHER("of nothing", "batch.voucher.total", NULL, "client", false,
            {BATCH_PLAN, "amount", "'0'"}),
    VOUCHER("B06: of no lineage", "batch.voucher.lineage", NULL, "client", false,
            {BATCH_PLAN, "covenantId", "'" ZEROS "'"}),
    VOUCHER("by a stranger", SIGNATURE, "batch.voucher_unverified", "stranger", false,
            BATCH_UNCHANGED),
    VOUCHER("by the provider", SIGNATURE, "batch.voucher_unverified", "server", false,
            BATCH_UNCHANGED),
    BAD("of a sompi more", "batch.voucher_unverified", {BATCH_JUDGE, "amount", "'300000001'"}),
    BAD("of a sompi less", "batch.voucher_unverified", {BATCH_JUDGE, "amount", "'299999999'"}),
    BAD("B05: of another lineage", "batch.voucher_unverified",
        {BATCH_JUDGE, "covenantId", "'" BATCH_OTHER "'"}),
    BAD("B04: of mainnet", "batch.voucher_unverified batch.voucher_any_network",
        {BATCH_SIGN, "network", "'kaspa:mainnet'"}),
    BAD("B01: of no lineage, for one", "batch.voucher_unverified batch.voucher_unbound",
        {BATCH_SIGN, "covenantId", "'" ZEROS "'"}),
    BAD("B07: of the domain of v2", "batch.voucher_old_domain",
        {BATCH_SIGN, "binding", "'kaspa-escrow-v2'"}),
    BAD("of the domain of v3, for v2", "batch.voucher_unverified",
        {BATCH_PLAN, "binding", "'kaspa-escrow-v2'"}, {BATCH_SIGN, "binding", "'kaspa-escrow-v3'"}),
    BAD("for another key", "batch.voucher_unverified",
        {BATCH_JUDGE, "clientPublicKey", "'@key:stranger'"}),
    BAD("with a signature of zeros", "batch.voucher_unverified",
        {BATCH_JUDGE, "signature", "'" ZEROS ZEROS "'"}),
    VOUCHER("B115: for a key that is no point", "batch.channel.config", NULL, "client", false,
            {BATCH_JUDGE, "clientPublicKey", "'" NO_POINT "'"}),
    COIN_BAD("B116: of another coin", {BATCH_JUDGE, "outpoint.txid", "'" TWOS "'"}),
    COIN_BAD("B116: of another index", {BATCH_JUDGE, "outpoint.index", "3"}),
    COIN_BAD("B116: of an index in the other byte order",
             {BATCH_JUDGE, "outpoint.index", "33554432"}),
    COIN_BAD("B116: of another script", {BATCH_JUDGE, "scriptPublicKey", "'@spk:client'"}),
};

static void change(struct vectors *v, json_t *in, const struct voucher_row *row,
                   enum vectors_batch_stage stage)
{
    for (size_t i = 0; i < ARRAY_LEN(row->patches) && row->patches[i].stage != BATCH_END; i++) {
        const struct vectors_patch one[] = {{row->patches[i].path, row->patches[i].json},
                                            {NULL, NULL}};

        if (row->patches[i].stage == stage)
            vectors_patch(v, in, one);
    }
    vectors_put_words(in, NULL, NULL);
}

/* What no operation would sign is signed too. */
static bool read_voucher(struct vectors *v, struct kx_voucher *out, struct assay_arena *arena,
                         const json_t *in, const struct kx_batch_binding **binding)
{
    out->network = assay_str(json_string_value(json_object_get(in, "network")));
    if (!batch_in_binding(binding, in, "", v->err) ||
        !kaspa_in_u64(&out->amount, in, "amount", v->err))
        return false;
    return (*binding)->is_of_outpoint
               ? batch_in_outpoint(&out->outpoint, in, "outpoint", v->err) &&
                     kaspa_in_spk(&out->spk, arena, in, "scriptPublicKey", v->err)
               : kaspa_in_hash(&out->covenant_id, in, "covenantId", v->err);
}

void vectors_voucher_digest(struct vectors *v, uint8_t digest[32], const json_t *in)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    const struct kx_batch_binding *binding = NULL;
    struct kx_voucher voucher = {.amount = 0};

    memset(digest, 0, 32);
    if (read_voucher(v, &voucher, &arena, in, &binding))
        kx_voucher_digest(digest, binding, &voucher);
    assay_arena_fini(&arena);
}

/* The rule of an accepted one is the signature's. */
static void add_voucher(struct vectors *v, const struct voucher_row *row)
{
    json_t *in = vectors_json(v, row->is_of_coin ? coin_voucher_text : voucher_text), *signed_one;
    const char *about = strcmp(row->expected, "ok") == 0 ? SIGNATURE : row->expected;
    uint8_t digest[32];

    change(v, in, row, BATCH_PLAN);
    signed_one = json_deep_copy(in);
    change(v, signed_one, row, BATCH_SIGN);
    (void)json_object_set_new(in, "clientPublicKey", json_string("@key:client"));
    vectors_voucher_digest(v, digest, signed_one);
    (void)json_object_set_new(in, "signature", vectors_signature(v, digest, row->signer));
    change(v, in, row, BATCH_JUDGE);
    json_decref(signed_one);
    vectors_add_about(v, "voucher.verify", row->name, row->expected, in, NULL, about, row->guards);
}

#define DIGEST(name, expected, known, guards, ...)                                                 \
    ROW("voucher.digest", name, SIGNATURE, expected, known, guards, __VA_ARGS__)
#define OF_DIGEST(digest) "{'digest': '" digest "'}"
#define DIGEST_COVENANT                                                                            \
    {                                                                                              \
        "covenantId", "'f0154292aca316533e639eccdca10e2f44ab6e4eab3a48fa9420c1b616da456e'"         \
    }

static const struct row digests[] = {
    DIGEST("of binding v3", "ok", NULL, NULL, VECTORS_UNCHANGED),
    DIGEST("of another lineage", "ok", NULL, NULL, {"covenantId", "'" BATCH_OTHER "'"}),
    DIGEST("of a sompi more", "ok", NULL, NULL, {"amount", "'300000001'"}),
    DIGEST("of 2^63 - 1", "ok", NULL, NULL, {"amount", "'9223372036854775807'"}),
    DIGEST("of the digest", "ok",
           OF_DIGEST("54d54a296f809b9f9c306db140398c8f4318f936ac503f13a29f85e895df108b"), NULL,
           DIGEST_COVENANT, {"amount", "'25000000'"}),
    DIGEST("of the digest, and a sompi more", "ok",
           OF_DIGEST("b43fa0ce4d7149b928374f4daffe08e842fc563b900b399e6723f57dcc19fb2f"), NULL,
           DIGEST_COVENANT, {"amount", "'25000001'"}),
    DIGEST("of the digest, on mainnet", "ok",
           OF_DIGEST("9b6b795efcb25fc984920d53956d0dcab514a0e7cb58042550b11bdd4ffa7d5a"), NULL,
           DIGEST_COVENANT, {"amount", "'25000000'"}, {"network", "'kaspa:mainnet'"}),
    DIGEST("of binding v2", "ok", NULL, NULL, {"binding", "'kaspa-escrow-v2'"}),
    DIGEST("of binding v2 in the digest", "ok",
           OF_DIGEST("6cf33cc3a9685a048f8ac667e1bbec0d58bde1cfd857170398092e68959e101a"), NULL,
           {"binding", "'kaspa-escrow-v2'"}, {"covenantId", "'" BATCH_OTHER "'"},
           {"amount", "'5000000'"}),
    ROW("voucher.digest", "of 2^63", "batch.voucher.total", "batch.voucher.total", NULL, NULL,
        {"amount", "'9223372036854775808'"}),
    ROW("voucher.digest", "of nothing", "batch.voucher.total", "batch.voucher.total", NULL, NULL,
        {"amount", "'0'"}),
    ROW("voucher.digest", "of 0 for binding v2", "batch.voucher.total", "batch.voucher.total", NULL,
        NULL, {"binding", "'kaspa-escrow-v2'"}, {"amount", "'0'"}),
    ROW("voucher.digest", "of no lineage", "batch.voucher.lineage", "batch.voucher.lineage", NULL,
        NULL, {"covenantId", "'" ZEROS "'"}),
    ROW("voucher.digest", "B17: of an amount with a zero in front", NULL, "error", NULL, NULL,
        {"amount", "'0300000000'"}),
};

static const struct row coin_digests[] = {
    DIGEST("of binding v1", "ok", NULL, NULL, VECTORS_UNCHANGED),
    DIGEST("of binding v1, for another coin", "ok", NULL, NULL, {"outpoint.txid", "'" TWOS "'"}),
    DIGEST("of binding v1, for another index", "ok", NULL, NULL, {"outpoint.index", "3"}),
    DIGEST("of binding v1, for another script", "ok", NULL, NULL,
           {"scriptPublicKey", "'@spk:client'"}),
    DIGEST("of binding v1 and nothing", "ok", NULL, NULL, {"amount", "'0'"}),
};

void vectors_batch_vouchers(struct vectors *v)
{
    add_rows(v, voucher_text, digests, ARRAY_LEN(digests));
    add_rows(v, coin_voucher_text, coin_digests, ARRAY_LEN(coin_digests));
    for (size_t i = 0; i < ARRAY_LEN(vouchers) && v->err->code == ASSAY_OK; i++)
        add_voucher(v, &vouchers[i]);
}

/* ---- presentations and commitments ---- */

static const char presentation_text[] =
    "{'requestFingerprint': '" ONES "', 'acceptedRequirementsHash': '" TWOS
    "', 'securityContextHash': '" THREES "', 'channelId': '" FIVES "', 'covenantId': "
    "'" BATCH_LINEAGE "', 'voucherDigest': '" BATCH_OTHER "', 'paymentIdentifier': null, 'nonce': "
    "'8888888888888888888888888888888888888888888888888888888888888888', 'expiresAt': "
    "'2098-12-31T23:59:30.000Z'}";

#define PRESENTATION(name, ...)                                                                    \
    ROW("presentation.digest", name, "batch.presentation.digest", "ok", NULL, NULL, __VA_ARGS__)

static const struct row presentations[] = {
    PRESENTATION("a presentation", VECTORS_UNCHANGED),
    PRESENTATION("B18: of another request", {"requestFingerprint", "'" FIVES "'"}),
    PRESENTATION("B19: of other terms", {"acceptedRequirementsHash", "'" FIVES "'"}),
    PRESENTATION("B20: of another caller", {"securityContextHash", "'" FIVES "'"}),
    PRESENTATION("of another channel", {"channelId", "'" ONES "'"}),
    PRESENTATION("of another lineage", {"covenantId", "'" ONES "'"}),
    PRESENTATION("of another voucher", {"voucherDigest", "'" ONES "'"}),
    PRESENTATION("B32: of an identifier", {"paymentIdentifier", "'vectors_identifier_0001'"}),
    PRESENTATION("of an identifier with quotes", {"paymentIdentifier", "'a \\u0022 and \\u2028'"}),
    PRESENTATION("B21: of another nonce", {"nonce", "'" ONES "'"}),
    PRESENTATION("B21: of another end", {"expiresAt", "'2098-12-31T23:59:30Z'"}),
    ROW("presentation.digest", "without a nonce", NULL, "error", NULL, NULL, {"nonce", NULL}),
};

void vectors_batch_presentations(struct vectors *v)
{
    add_rows(v, presentation_text, presentations, ARRAY_LEN(presentations));
}

static const char commitment_text[] =
    "{'binding': 'kaspa-escrow-v3', 'channelId': '" FIVES "', 'covenantId': '" BATCH_LINEAGE
    "', 'presentationDigest': '" THREES "', 'requestFingerprint': '" ONES
    "', 'acceptedRequirementsHash': '" TWOS "', 'activeOutpoint': {'txid': '" BATCH_OTHER
    "', 'index': 1}, 'voucherSignature': '" ONES TWOS "', 'charge': '1000000', 'before': "
    "'24000000', 'after': '25000000', 'claimed': '8000000'}";

#define ACCOUNTS "batch.channel.accounts"
#define COMMITMENT(name, ...) ROW("commitment.id", name, ACCOUNTS, "ok", NULL, NULL, __VA_ARGS__)
#define NO_COMMITMENT(name, ...)                                                                   \
    ROW("commitment.id", name, ACCOUNTS, ACCOUNTS, NULL, NULL, __VA_ARGS__)

static const struct row commitments[] = {
    COMMITMENT("of binding v3", VECTORS_UNCHANGED),
    COMMITMENT("of another channel", {"channelId", "'" ONES "'"}),
    COMMITMENT("of another lineage", {"covenantId", "'" ONES "'"}),
    COMMITMENT("of another presentation", {"presentationDigest", "'" ONES "'"}),
    COMMITMENT("of another request", {"requestFingerprint", "'" FIVES "'"}),
    COMMITMENT("of other terms", {"acceptedRequirementsHash", "'" FIVES "'"}),
    COMMITMENT("of another head", {"activeOutpoint.index", "0"}),
    COMMITMENT("of another voucher", {"voucherSignature", "'" TWOS ONES "'"}),
    COMMITMENT("of another charge", {"charge", "'2000000'"}, {"after", "'26000000'"}),
    COMMITMENT("of another total before", {"before", "'23000000'"}, {"after", "'24000000'"}),
    COMMITMENT("of another claim", {"claimed", "'9000000'"}),
    COMMITMENT("of a claim of everything", {"claimed", "'24000000'"}),
    COMMITMENT("of binding v2", {"binding", "'kaspa-escrow-v2'"}, {"presentationDigest", NULL},
               {"voucherAmount", "'30000000'"}),
    COMMITMENT("of binding v1", {"binding", "'kaspa-escrow-v1'"}, {"presentationDigest", NULL},
               {"covenantId", NULL}, {"voucherAmount", "'30000000'"}),
    NO_COMMITMENT("B112: of a sum that is none", {"after", "'25000001'"}),
    NO_COMMITMENT("of a total that falls", {"after", "'23000000'"}),
    NO_COMMITMENT("of a claim above what was charged", {"claimed", "'24000001'"}),
    NO_COMMITMENT("B36: of no charge", {"charge", "'0'"}, {"after", "'24000000'"}),
};

void vectors_batch_commitments(struct vectors *v)
{
    add_rows(v, commitment_text, commitments, ARRAY_LEN(commitments));
}
