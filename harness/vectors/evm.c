/* Payments by EIP-3009: one that is right, what is bent before it is signed, and what after. */
#include "vectors/cases.h"

#include "peer/x402/payload.h"

#include <stdlib.h>

#define ARENA_MAX_BYTES ((size_t)1 << 20)
#define NOW_MS INT64_C(1740672100000)
#define NOW "2025-02-27T16:01:40.000Z"
#define ASSET "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
#define PAY_TO "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
#define OTHER "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
#define WRONG_SUM "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6Fb"
#define OVER "115792089237316195423570985008687907853269984665640564039457584007913129639936"
#define ZEROS "'0x0000000000000000000000000000000000000000000000000000000000000000'"
#define OFFER                                                                                      \
    "{'scheme': 'exact', 'network': 'eip155:84532', 'amount': '10000', 'asset': '" ASSET           \
    "', 'payTo': '" PAY_TO "', 'maxTimeoutSeconds': 60, 'extra': {'name': 'USDC', 'version': "     \
    "'2'}}"

/* What is signed in another way than it should be: a member of the draft. */
enum bent { NOTHING, FROM, TO, VALUE, VALID_AFTER, VALID_BEFORE, CHAIN, TOKEN, TOKEN_NAME };

struct bent_row {
    const char *name, *expected;
    enum bent bent;
    const char *text; /* that is signed instead */
};

static const struct bent_row bent_rows[] = {
    {"honest", "ok", NOTHING, NULL},
    {"valid since ever", "ok", VALID_AFTER, "0"},
    {"valid for years", "ok", VALID_BEFORE, "9999999999999999999999"},
    {"to another", "evm.authorization.recipient", TO, OTHER},
    {"a unit less", "evm.authorization.value", VALUE, "9999"},
    {"a unit more", "evm.authorization.value", VALUE, "10001"},
    {"nothing", "evm.authorization.value", VALUE, "0"},
    {"2^64 more", "evm.authorization.value", VALUE, "18446744073709561616"},
    {"valid in a second", "evm.authorization.valid-after", VALID_AFTER, "1740672101"},
    {"valid in years", "evm.authorization.valid-after", VALID_AFTER, "9999999999999999999999"},
    {"expired in this second", "evm.authorization.valid-before", VALID_BEFORE, "1740672100"},
    {"expired a minute ago", "evm.authorization.valid-before", VALID_BEFORE, "1740672040"},
    {"never valid", "evm.authorization.valid-before", VALID_BEFORE, "0"},
    {"from another", "evm.signature.signer", FROM, OTHER},
    {"signed for another chain", "evm.signature.signer", CHAIN, "eip155:1"},
    {"signed for another token", "evm.signature.signer", TOKEN, OTHER},
    {"signed for another name of the token", "evm.signature.signer", TOKEN_NAME, "USD Coin"},
};

/* What is changed after it is signed, on either side. */
static const struct {
    const char *name, *expected;
    struct vectors_patch patch;
} changed_rows[] = {
    {"a member that is not known", "ok", {"payload.authorization.memo", "[1]"}},
    {"addresses of small letters",
     "ok",
     {"requirements.payTo", "'0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed'"}},
    {"eip3009 by name", "ok", {"requirements.extra.assetTransferMethod", "'eip3009'"}},
    {"another scheme", "evm.terms.scheme", {"requirements.scheme", "'upto'"}},
    {"a network of another namespace",
     "evm.terms.network",
     {"requirements.network", "'solana:84532'"}},
    {"a network by its name of version 1",
     "evm.terms.network",
     {"requirements.network", "'base-sepolia'"}},
    {"a chain id with a leading zero",
     "evm.terms.network",
     {"requirements.network", "'eip155:084532'"}},
    {"a chain id in hexadecimal",
     "evm.terms.network",
     {"requirements.network", "'eip155:0x14a34'"}},
    {"an asset that is a currency", "evm.terms.asset", {"requirements.asset", "'USD'"}},
    {"a payee with a wrong checksum",
     "evm.terms.pay-to",
     {"requirements.payTo", "'" WRONG_SUM "'"}},
    {"an amount with a point", "evm.terms.amount", {"requirements.amount", "'10000.0'"}},
    {"an amount above 256 bits", "evm.terms.amount", {"requirements.amount", "'" OVER "'"}},
    {"another transfer method",
     "unsupported",
     {"requirements.extra.assetTransferMethod", "'permit2'"}},
    {"no name of the token", "evm.terms.domain", {"requirements.extra.name", NULL}},
    {"a token's version that is a number", "evm.terms.domain", {"requirements.extra.version", "2"}},
    {"no signature", "evm.payload.shape", {"payload.signature", NULL}},
    {"a value that is a number", "evm.payload.shape", {"payload.authorization.value", "10000"}},
    {"no nonce", "evm.payload.shape", {"payload.authorization.nonce", NULL}},
    {"a payload that is an array", "evm.payload.shape", {"payload", "[]"}},
    {"a payer with a wrong checksum",
     "evm.payload.addresses",
     {"payload.authorization.from", "'" WRONG_SUM "'"}},
    {"a payee without 0x",
     "evm.payload.addresses",
     {"payload.authorization.to", "'5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'"}},
    {"a value of -1", "evm.payload.numbers", {"payload.authorization.value", "'-1'"}},
    {"a value in hexadecimal", "evm.payload.numbers", {"payload.authorization.value", "'0x2710'"}},
    {"a value with a leading zero",
     "evm.payload.numbers",
     {"payload.authorization.value", "'010000'"}},
    {"a value above 256 bits",
     "evm.payload.numbers",
     {"payload.authorization.value", "'" OVER "'"}},
    {"a nonce of 31 bytes",
     "evm.payload.nonce",
     {"payload.authorization.nonce",
      "'0x00000000000000000000000000000000000000000000000000000000000000'"}},
    {"a nonce that is a number", "evm.payload.nonce", {"payload.authorization.nonce", "'1'"}},
    {"a signature of 64 bytes",
     "evm.payload.signature",
     {"payload.signature", "{'$repeat': [['0x', 1], ['42', 64]]}"}},
    {"an amount of the server's that has risen",
     "evm.authorization.value",
     {"requirements.amount", "'10001'"}},
    {"a signature of zeros",
     "evm.signature.form",
     {"payload.signature", "{'$repeat': [['0x', 1], ['00', 65]]}"}},
    {"r above the group's order",
     "evm.signature.form",
     {"payload.signature", "{'$repeat': [['0x', 1], ['ff', 32], ['01', 32], ['1b', 1]]}"}},
    {"presented on another chain",
     "evm.signature.signer",
     {"requirements.network", "'eip155:8453'"}},
    {"a nonce that was not signed", "evm.signature.signer", {"payload.authorization.nonce", ZEROS}},
    {"a contract's signature",
     "unsupported",
     {"payload.signature", "{'$repeat': [['0x', 1], ['42', 160]]}"}},
};

/* By other hands: eth-account and viem sign the first so. The rest is one signature in the three
 * other forms that some software gives it. */
#define R "15e020a87121ec219e817441f6beeb91eb16dc8250215b64e8d464c0d1915761"
#define LOW_S "695c1a3fcfaa0b7ea046ae5fe8d613e5a5443d742db0bf103ad0c2bf4ef3e616"
#define HIGH_S "96a3e5c03055f4815fb951a01729ec19156a9f728197e12b85019bcd81425b2b"
static const struct {
    const char *name, *expected, *signature;
} other_rows[] = {
    {"signed by another implementation", "ok", "'0x" R LOW_S "1c'"},
    {"v as a recovery id", "evm.signature.form", "'0x" R LOW_S "01'"},
    {"v of the other parity", "evm.signature.signer", "'0x" R LOW_S "1b'"},
    {"a high s", "evm.signature.form", "'0x" R HIGH_S "1b'"},
};

#define OTHERS                                                                                     \
    "{'authorization': {'from': '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826', 'to': '" PAY_TO      \
    "', 'value': '10000', 'validAfter': '1740672089', 'validBefore': '1740672154', 'nonce': "      \
    "'0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'}}"

static void bend(struct x4p_draft *d, const void *arg)
{
    const struct bent_row *row = arg;
    const char **const members[] = {
        [FROM] = &d->from,
        [TO] = &d->to,
        [VALUE] = &d->value,
        [VALID_AFTER] = &d->valid_after,
        [VALID_BEFORE] = &d->valid_before,
        [CHAIN] = &d->network,
        [TOKEN] = &d->asset,
        [TOKEN_NAME] = &d->name,
    };

    if (row->bent != NOTHING)
        *members[row->bent] = row->text;
}

static json_t *payload_of(struct vectors *v, const struct bent_row *row, const json_t *offer)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    char *text = json_dumps(offer, JSON_COMPACT);
    struct x4p_payload payload = {.json = NULL};
    struct x402_terms terms;
    struct assay_json doc;
    const struct x4p_ask ask = {.offer = &doc,
                                .terms = &terms,
                                .payer = ASSAY_LIT("assay vectors"),
                                .fresh = {0xa5, 0x5a},
                                .now_ms = NOW_MS,
                                .arena = &arena,
                                .bend = {.sign = bend, .arg = row}};

    if (text == NULL ||
        x402_document_parse(&doc, &arena, assay_str(text), true, v->err) != ASSAY_OK ||
        x402_terms_read(&terms, &arena, &doc, 0, v->err) != X402_FAULT_NONE ||
        x4p_payload_make(&payload, &ask, v->err) != ASSAY_OK)
        assay_fail(v->err, ASSAY_E_NOMEM, 0, "evm.authorization: no payload can be made");
    free(text);
    assay_arena_fini(&arena);
    return payload.json;
}

static void add(struct vectors *v, const char *name, const char *expected, json_t *payload,
                const struct vectors_patch *patch)
{
    const struct vectors_patch patches[VECTORS_PATCHES_MAX] = {*patch};
    json_t *in = json_pack("{s:o, s:o, s:s}", "requirements", vectors_json(v, OFFER), "payload",
                           payload, "now", NOW);

    vectors_patch(v, in, patches);
    vectors_add(v, "evm.authorization", name, expected, in, NULL);
}

void vectors_evm(struct vectors *v)
{
    const struct vectors_patch unchanged = VECTORS_UNCHANGED;
    json_t *offer = vectors_json(v, OFFER);

    for (size_t i = 0; i < ARRAY_LEN(bent_rows) && v->err->code == ASSAY_OK; i++)
        add(v, bent_rows[i].name, bent_rows[i].expected, payload_of(v, &bent_rows[i], offer),
            &unchanged);
    for (size_t i = 0; i < ARRAY_LEN(changed_rows) && v->err->code == ASSAY_OK; i++)
        add(v, changed_rows[i].name, changed_rows[i].expected, payload_of(v, &bent_rows[0], offer),
            &changed_rows[i].patch);
    for (size_t i = 0; i < ARRAY_LEN(other_rows) && v->err->code == ASSAY_OK; i++)
        add(v, other_rows[i].name, other_rows[i].expected, vectors_json(v, OTHERS),
            &(struct vectors_patch){"payload.signature", other_rows[i].signature});
    json_decref(offer);
}
