/* The offer-receipt extension: signers that are recovered, and what is no such object. */
#include "x402/offer_receipt.h"

#include "ref/tests/x402_docs.h"

/* The digests of these payloads were computed with eth-account and with the extension's own
 * package for JavaScript (2.27.0), which agree; the signatures, of the key keccak256("cow"), with
 * eth-account. */
#define SIGNER "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"
#define OFFER_PAYLOAD                                                                              \
    "{\"version\":1,\"resourceUrl\":\"https://shop.example/report\",\"scheme\":\"exact\","         \
    "\"network\":\"eip155:8453\",\"asset\":\"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913\","        \
    "\"payTo\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\",\"amount\":\"10000\","               \
    "\"validUntil\":1893456000}"
#define OFFER_SIGNATURE                                                                            \
    "0x8685f63660ffafb0e222a8dcc7e677d3fe314c2a34ac9496da405122535238d0"                           \
    "726d7111a8b4391bdc57cfc23dacd10de20423473a9c45bf069d95e1424fa9ab1c"
#define RECEIPT_PAYLOAD                                                                            \
    "{\"version\":1,\"network\":\"eip155:8453\",\"resourceUrl\":\"https://shop.example/report\","  \
    "\"payer\":\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\",\"issuedAt\":1893455999,"            \
    "\"transaction\":\"\"}"
#define RECEIPT_SIGNATURE                                                                          \
    "0xb2b1d5e8840ed438a6f1b5b27e479003ab1a455ffc82a4b48d6bb4761c5e6aa6"                           \
    "3d4f6817cad02543759e39a2663a4ee277623aadc40d4b570aa640da58408ad41c"
#define OBJECT(format, payload, signature)                                                         \
    "{\"format\":\"" format "\",\"acceptIndex\":0,\"payload\":" payload                            \
    ",\"signature\":\"" signature "\"}"

static const struct {
    const char *name, *text;
    enum assay_code code;
    bool is_signers;
} offers[] = {
    {"as it was signed", OBJECT("eip712", OFFER_PAYLOAD, OFFER_SIGNATURE), ASSAY_OK, true},
    {"another's signature", OBJECT("eip712", OFFER_PAYLOAD, RECEIPT_SIGNATURE), ASSAY_OK, false},
    {"in another format", OBJECT("jws", OFFER_PAYLOAD, OFFER_SIGNATURE), ASSAY_E_UNSUPPORTED,
     false},
    {"a format that is none", "{\"format\":5}", ASSAY_E_TYPE, false},
    {"no format", "{}", ASSAY_E_MISSING, false},
    {"an array", "[]", ASSAY_E_MISSING, false},
    {"no payload", "{\"format\":\"eip712\"}", ASSAY_E_MISSING, false},
    {"a payload that is a text", "{\"format\":\"eip712\",\"payload\":\"x\"}", ASSAY_E_TYPE, false},
    {"another version", "{\"format\":\"eip712\",\"payload\":{\"version\":2}}", ASSAY_E_UNSUPPORTED,
     false},
    {"a version that is a text", "{\"format\":\"eip712\",\"payload\":{\"version\":\"1\"}}",
     ASSAY_E_TYPE, false},
    {"a receipt", OBJECT("eip712", RECEIPT_PAYLOAD, RECEIPT_SIGNATURE), ASSAY_E_MISSING, false},
    {"a signature that is too short", OBJECT("eip712", OFFER_PAYLOAD, "0x00"), ASSAY_E_MALFORMED,
     false},
    {"no signature", "{\"format\":\"eip712\",\"payload\":" OFFER_PAYLOAD "}", ASSAY_E_MISSING,
     false},
};

static bool is_signer(const struct evm_address *address)
{
    char text[EVM_ADDRESS_TEXT_BYTES];

    evm_address_text(text, address);
    return strcmp(text, SIGNER) == 0;
}

Test(x402_offer_receipt, offer_tells_who_signed_it)
{
    for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json doc = doc_of(&arena, offers[i].text);
        struct x402_signed_offer offer = {.valid_until = 0};
        struct assay_err err = {0};
        enum x402_fault fault = x402_offer_read(&offer, &arena, &doc, 0, &err);

        cr_expect_eq(err.code, offers[i].code, "row: %s: %s", offers[i].name, err.text);
        cr_expect_eq(fault == X402_FAULT_NONE, err.code == ASSAY_OK, "row: %s", offers[i].name);
        cr_expect_eq(fault == X402_FAULT_NONE && is_signer(&offer.signer), offers[i].is_signers,
                     "row: %s", offers[i].name);
        assay_arena_fini(&arena);
    }
}

Test(x402_offer_receipt, receipt_tells_who_signed_it)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc = doc_of(&arena, OBJECT("eip712", RECEIPT_PAYLOAD, RECEIPT_SIGNATURE));
    struct assay_json other = doc_of(&arena, OBJECT("eip712", OFFER_PAYLOAD, OFFER_SIGNATURE));
    struct x402_signed_receipt receipt;
    struct assay_err err = {0};

    cr_assert_eq(x402_receipt_read(&receipt, &arena, &doc, 0, &err), X402_FAULT_NONE, "%s",
                 err.text);
    cr_expect(is_signer(&receipt.signer));
    cr_expect_eq(receipt.issued_at, 1893455999);
    cr_expect_eq(receipt.transaction.len, 0);
    cr_expect_eq(x402_receipt_read(&receipt, &arena, &other, 0, &err), X402_FAULT_SHAPE);
    doc = doc_of(&arena, OBJECT("eip712", RECEIPT_PAYLOAD, "0x00"));
    err = (struct assay_err){0};
    cr_expect_neq(x402_receipt_read(&receipt, &arena, &doc, 0, &err), X402_FAULT_NONE);
    cr_expect_eq(err.code, ASSAY_E_MALFORMED, "%s", err.text);
    cr_expect(is_signer(&receipt.signer), "as before");
    assay_arena_fini(&arena);
}

/* ---- written ---- */

/* keccak256("cow"). */
static struct assay_key signers_key(void)
{
    uint8_t secret[32];
    struct assay_key key;

    evm_keccak256(secret, ASSAY_LIT("cow"));
    cr_assert_eq(assay_key_init(&key, secret), ASSAY_OK);
    return key;
}

/* A member of info, of the extension that was written. */
static uint32_t info_of(const struct assay_json *doc, const char *member)
{
    return assay_json_member(doc, assay_json_member(doc, 0, "info"), member);
}

static void expect_signature(const struct assay_json *doc, uint32_t object, const char *text)
{
    cr_expect(assay_json_string_is(doc, assay_json_member(doc, object, "signature"), text));
}

/* Written in its one form, so that it is its own canonical text; that of an extension has info and
 * a schema that info is an instance of. */
static struct assay_json doc_written(struct assay_arena *arena, const struct assay_buf *out)
{
    struct assay_buf canonical = ASSAY_BUF_INIT(1 << 16);
    struct assay_json doc;

    cr_assert(assay_buf_ok(out));
    doc = doc_of_bytes(arena, assay_arena_copy(arena, assay_buf_view(out)));
    cr_assert_eq(assay_json_canonical(&canonical, &doc, 0, NULL), ASSAY_OK);
    cr_expect(assay_bytes_equal(assay_buf_view(&canonical), assay_buf_view(out)));
    assay_buf_fini(&canonical);
    cr_expect_eq(assay_json_type(&doc, assay_json_member(&doc, 0, "schema")), ASSAY_JSON_OBJECT);
    return doc;
}

/* By eth-account's signatures of the same payloads. */
Test(x402_offer_receipt, offers_are_written_as_others_sign_them)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json given = doc_of(&arena, OBJECT("eip712", OFFER_PAYLOAD, OFFER_SIGNATURE));
    struct assay_buf out = ASSAY_BUF_INIT(1 << 16);
    struct assay_key key = signers_key();
    struct x402_signed_offer two[2], read;
    struct assay_json doc;
    uint32_t array, first;

    cr_assert_eq(x402_offer_read(&two[0], &arena, &given, 0, NULL), X402_FAULT_NONE);
    two[1] = two[0];
    two[1].amount = ASSAY_LIT("a \"text\"");
    cr_assert_eq(x402_offers_write(&out, two, ARRAY_LEN(two), &key), ASSAY_OK);
    doc = doc_written(&arena, &out);
    array = info_of(&doc, "offers");
    first = assay_json_first(&doc, array);
    expect_signature(&doc, first, OFFER_SIGNATURE);
    cr_assert_eq(
        x402_offer_read(&read, &arena, &doc, assay_json_next_sibling(&doc, array, first), NULL),
        X402_FAULT_NONE);
    cr_expect(is_signer(&read.signer));
    cr_expect(assay_bytes_equal(read.amount, two[1].amount));
    assay_buf_fini(&out);
    assay_arena_fini(&arena);
}

Test(x402_offer_receipt, receipt_is_written_as_others_sign_it)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json given = doc_of(&arena, OBJECT("eip712", RECEIPT_PAYLOAD, RECEIPT_SIGNATURE));
    struct assay_buf out = ASSAY_BUF_INIT(1 << 16);
    struct assay_key key = signers_key();
    struct x402_signed_receipt receipt;
    struct assay_json doc;

    cr_assert_eq(x402_receipt_read(&receipt, &arena, &given, 0, NULL), X402_FAULT_NONE);
    cr_assert_eq(x402_receipt_write(&out, &receipt, &key), ASSAY_OK);
    doc = doc_written(&arena, &out);
    expect_signature(&doc, info_of(&doc, "receipt"), RECEIPT_SIGNATURE);
    assay_buf_fini(&out);
    assay_arena_fini(&arena);
}

Test(x402_offer_receipt, nothing_is_signed_without_a_key_or_room)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 16), small = ASSAY_BUF_INIT(100);
    const struct x402_signed_offer offer = {.scheme = ASSAY_LIT("exact")};
    const struct x402_signed_receipt receipt = {.network = ASSAY_LIT("eip155:1")};
    struct assay_key none = {{0}, {0}, {0}}, key = signers_key();

    cr_expect_eq(x402_offers_write(&out, &offer, 1, &none), ASSAY_E_RANGE);
    cr_expect_eq(x402_receipt_write(&out, &receipt, &none), ASSAY_E_RANGE);
    cr_expect_eq(x402_offers_write(&small, &offer, 1, &key), ASSAY_E_TOO_LARGE);
    assay_buf_clear(&small);
    cr_expect_eq(x402_receipt_write(&small, &receipt, &key), ASSAY_E_TOO_LARGE);
    assay_buf_fini(&out);
    assay_buf_fini(&small);
}

static const char *const offer_members[] = {"resourceUrl", "scheme", "network",
                                            "asset",       "payTo",  "amount"};

/* Every member is signed. */
Test(x402_offer_receipt, offer_that_was_tampered_with_is_not_its_signers)
{
    for (size_t i = 0; i <= ARRAY_LEN(offer_members); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        json_t *tree = json_loads(OBJECT("eip712", OFFER_PAYLOAD, OFFER_SIGNATURE), 0, NULL);
        json_t *payload = json_object_get(tree, "payload");
        struct x402_signed_offer offer;
        struct assay_json doc;

        if (i < ARRAY_LEN(offer_members))
            json_object_set_new(payload, offer_members[i], json_string("1"));
        else
            json_object_set_new(payload, "validUntil", json_integer(1893456001));
        doc = doc_of_value(&arena, tree);
        cr_expect(x402_offer_read(&offer, &arena, &doc, 0, NULL) != X402_FAULT_NONE ||
                      !is_signer(&offer.signer),
                  "member %zu", i);
        json_decref(tree);
        assay_arena_fini(&arena);
    }
}

Test(x402_offer_receipt, offer_is_matched_by_its_fields)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc = doc_of(&arena, OBJECT("eip712", OFFER_PAYLOAD, OFFER_SIGNATURE));
    struct x402_signed_offer offer;
    struct x402_terms terms;
    struct assay_bytes *const fields[] = {&terms.scheme, &terms.network, &terms.amount,
                                          &terms.asset, &terms.pay_to};

    cr_assert_eq(x402_offer_read(&offer, &arena, &doc, 0, NULL), X402_FAULT_NONE);
    terms = (struct x402_terms){.scheme = offer.scheme,
                                .network = offer.network,
                                .amount = offer.amount,
                                .asset = offer.asset,
                                .pay_to = offer.pay_to};
    cr_expect(x402_offer_is_of(&offer, &terms));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct assay_bytes was = *fields[i];

        *fields[i] = ASSAY_LIT("other");
        cr_expect_not(x402_offer_is_of(&offer, &terms), "field %zu", i);
        *fields[i] = was;
    }
    assay_arena_fini(&arena);
}
