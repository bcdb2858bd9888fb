/* Scheme exact by EIP-3009: each rule is broken by what breaks it and nothing else, payloads come
 * back as they were written, and every bit that is signed counts. */
#include "x402/exact_evm.h"

#include "ref/tests/x402_docs.h"

#include <string.h>

#define ASSET "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
#define PAY_TO "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
#define OTHER "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
#define BAD_SUM "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6Fb"
#define OVER "115792089237316195423570985008687907853269984665640564039457584007913129639936"
#define TERMS                                                                                      \
    "{\"scheme\":\"exact\",\"network\":\"eip155:84532\",\"amount\":\"10000\",\"asset\":\"" ASSET   \
    "\",\"payTo\":\"" PAY_TO "\",\"maxTimeoutSeconds\":60,"                                        \
    "\"extra\":{\"name\":\"USDC\",\"version\":\"2\"}}"
#define NOW_MS INT64_C(1740672100999)

enum side { TERMS_OF, EXTRA_OF, PAYLOAD_OF, AUTHORIZATION_OF };

/* What is changed before the payload is signed for the (unchanged) terms, and after. */
struct row {
    const char *name;
    enum x402_evm_rule first; /* COUNT: none is broken */
    enum x402_evm_outcome outcome;
    const char *to, *value, *after, *before; /* of what is signed; NULL: honest */
    enum side side;
    const char *member, *json; /* of what is handed over; json NULL: taken away */
};

struct setting {
    struct assay_arena arena;
    struct assay_json offer, payment;
    struct x402_terms terms;
    struct assay_key payer;
};

static struct assay_key payer_key(void)
{
    uint8_t secret[32] = {[31] = 7};
    struct assay_key key;

    cr_assert_eq(assay_key_init(&key, secret), ASSAY_OK);
    return key;
}

static void set_number(struct evm_uint256 *out, const char *text, const char *honest)
{
    cr_assert_eq(evm_uint256_parse(out, assay_str(text != NULL ? text : honest)), ASSAY_OK);
}

static struct x402_evm_payload signed_payload(struct setting *s, const struct row *row,
                                              uint8_t signature[EVM_SIGNATURE_BYTES])
{
    struct x402_evm_payload payload = {.transfer = {.nonce = {0xab, 1, 2, 3}}};
    uint8_t digest[EVM_KECCAK_BYTES];
    struct x402_evm_terms terms;
    struct assay_json doc = doc_of(&s->arena, TERMS);
    struct x402_terms honest;
    struct assay_err err = {0};

    cr_assert_eq(x402_terms_read(&honest, &s->arena, &doc, 0, &err), X402_FAULT_NONE);
    cr_assert_eq(x402_evm_terms_read(&terms, &s->arena, &doc, &honest, &err), X402_EVM__COUNT, "%s",
                 err.text);
    cr_assert_eq(evm_address_of_key(&payload.transfer.from, &s->payer), ASSAY_OK);
    cr_assert_eq(
        evm_address_parse(&payload.transfer.to, assay_str(row->to != NULL ? row->to : PAY_TO)),
        ASSAY_OK);
    set_number(&payload.transfer.value, row->value, "10000");
    set_number(&payload.transfer.valid_after, row->after, "1740671500");
    set_number(&payload.transfer.valid_before, row->before, "1740672154");
    x402_evm_digest(digest, &terms, &payload.transfer);
    cr_assert_eq(evm_signature_make(signature, digest, &s->payer), ASSAY_OK);
    payload.signature = assay_bytes_of(signature, EVM_SIGNATURE_BYTES);
    return payload;
}

static json_t *tree_of(struct assay_bytes text)
{
    json_t *tree = json_loadb((const char *)text.at, text.len, 0, NULL);

    cr_assert_not_null(tree);
    return tree;
}

static void change(json_t *object, const char *member, const char *json)
{
    if (json == NULL)
        (void)json_object_del(object, member);
    else
        (void)json_object_set_new(object, member, json_loads(json, JSON_DECODE_ANY, NULL));
}

/* Offer and payload as the row has them. */
static void prepare(struct setting *s, const struct row *row)
{
    struct assay_buf text = ASSAY_BUF_INIT(4096);
    uint8_t signature[EVM_SIGNATURE_BYTES];
    struct x402_evm_payload payload = signed_payload(s, row, signature);
    json_t *terms = tree_of(ASSAY_LIT(TERMS)), *paid;
    json_t *of[4];
    struct assay_err err = {0};

    x402_evm_payload_write(&text, &payload);
    paid = tree_of(assay_buf_view(&text));
    assay_buf_fini(&text);
    of[TERMS_OF] = terms;
    of[EXTRA_OF] = json_object_get(terms, "extra");
    of[PAYLOAD_OF] = paid;
    of[AUTHORIZATION_OF] = json_object_get(paid, "authorization");
    if (row->member != NULL)
        change(of[row->side], row->member, row->json);
    s->offer = doc_of_value(&s->arena, terms);
    s->payment = doc_of_value(&s->arena, paid);
    cr_assert_eq(x402_terms_read(&s->terms, &s->arena, &s->offer, 0, &err), X402_FAULT_NONE, "%s",
                 err.text);
    json_decref(terms);
    json_decref(paid);
}

static struct x402_evm_verdict judged_at(struct setting *s, int64_t now_ms)
{
    struct x402_evm_verdict verdict;

    x402_evm_verify(&verdict, &(struct x402_evm){.offer = &s->offer,
                                                 .terms = &s->terms,
                                                 .payment = &s->payment,
                                                 .now_ms = now_ms,
                                                 .arena = &s->arena});
    return verdict;
}

static struct x402_evm_verdict judged(struct setting *s)
{
    return judged_at(s, NOW_MS);
}

#define CHANGED(where, name_of, value_of) .side = (where), .member = (name_of), .json = (value_of)
#define BREAKS(rule) .first = X402_EVM_##rule, .outcome = X402_EVM_INVALID
#define HOLDS .first = X402_EVM__COUNT, .outcome = X402_EVM_VALID
#define OPENS(rule) .first = X402_EVM_##rule, .outcome = X402_EVM_UNDECIDED
#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
#define NO_SIGNATURE "\"0x" ZEROS_32 ZEROS_32 "1b\""

static const struct row rows[] = {
    {"honest", HOLDS},
    {"a member that is not known", HOLDS, CHANGED(AUTHORIZATION_OF, "memo", "[1]")},
    {"the method by name", HOLDS, CHANGED(EXTRA_OF, "assetTransferMethod", "\"eip3009\"")},
    {"an asset without its checksum", HOLDS,
     CHANGED(TERMS_OF, "asset", "\"0x036cbd53842c5426634e7929541ec2318f3dcf7e\"")},
    {"another scheme", BREAKS(SCHEME), CHANGED(TERMS_OF, "scheme", "\"upto\"")},
    {"a scheme in capitals", BREAKS(SCHEME), CHANGED(TERMS_OF, "scheme", "\"Exact\"")},
    {"another namespace", BREAKS(NETWORK), CHANGED(TERMS_OF, "network", "\"solana:84532\"")},
    {"a chain id with a leading zero", BREAKS(NETWORK),
     CHANGED(TERMS_OF, "network", "\"eip155:084532\"")},
    {"a chain id of 0", BREAKS(NETWORK), CHANGED(TERMS_OF, "network", "\"eip155:0\"")},
    {"no chain id", BREAKS(NETWORK), CHANGED(TERMS_OF, "network", "\"eip155:\"")},
    {"a network of version 1", BREAKS(NETWORK), CHANGED(TERMS_OF, "network", "\"base-sepolia\"")},
    {"a chain id above 64 bits", BREAKS(NETWORK),
     CHANGED(TERMS_OF, "network", "\"eip155:18446744073709551616\"")},
    {"an asset that is a currency", BREAKS(ASSET), CHANGED(TERMS_OF, "asset", "\"USD\"")},
    {"a payee with a wrong checksum", BREAKS(PAY_TO),
     CHANGED(TERMS_OF, "payTo", "\"" BAD_SUM "\"")},
    {"a payee that is a role", BREAKS(PAY_TO), CHANGED(TERMS_OF, "payTo", "\"merchant\"")},
    {"an amount with a point", BREAKS(AMOUNT), CHANGED(TERMS_OF, "amount", "\"1.0\"")},
    {"an amount above 256 bits", BREAKS(AMOUNT), CHANGED(TERMS_OF, "amount", "\"" OVER "\"")},
    {"another method", OPENS(METHOD), CHANGED(EXTRA_OF, "assetTransferMethod", "\"permit2\"")},
    {"a domain without a name", BREAKS(DOMAIN), CHANGED(EXTRA_OF, "name", NULL)},
    {"a version that is a number", BREAKS(DOMAIN), CHANGED(EXTRA_OF, "version", "2")},
    {"terms without extra", BREAKS(DOMAIN), CHANGED(TERMS_OF, "extra", NULL)},
    {"no signature", BREAKS(SHAPE), CHANGED(PAYLOAD_OF, "signature", NULL)},
    {"no authorization", BREAKS(SHAPE), CHANGED(PAYLOAD_OF, "authorization", NULL)},
    {"an authorization in an array", BREAKS(SHAPE), CHANGED(PAYLOAD_OF, "authorization", "[]")},
    {"a value that is a number", BREAKS(SHAPE), CHANGED(AUTHORIZATION_OF, "value", "10000")},
    {"a window that is null", BREAKS(SHAPE), CHANGED(AUTHORIZATION_OF, "validBefore", "null")},
    {"no nonce", BREAKS(SHAPE), CHANGED(AUTHORIZATION_OF, "nonce", NULL)},
    {"a payer with a wrong checksum", BREAKS(ADDRESSES),
     CHANGED(AUTHORIZATION_OF, "from", "\"" BAD_SUM "\"")},
    {"a payee that is empty", BREAKS(ADDRESSES), CHANGED(AUTHORIZATION_OF, "to", "\"\"")},
    {"a value of -1", BREAKS(NUMBERS), CHANGED(AUTHORIZATION_OF, "value", "\"-1\"")},
    {"a value in hexadecimal", BREAKS(NUMBERS), CHANGED(AUTHORIZATION_OF, "value", "\"0x2710\"")},
    {"a value with a leading zero", BREAKS(NUMBERS),
     CHANGED(AUTHORIZATION_OF, "value", "\"010000\"")},
    {"a value that would wrap", BREAKS(NUMBERS),
     CHANGED(AUTHORIZATION_OF, "value", "\"" OVER "\"")},
    {"a time with a fraction", BREAKS(NUMBERS),
     CHANGED(AUTHORIZATION_OF, "validBefore", "\"1740672154.5\"")},
    {"a nonce of 31 bytes", BREAKS(NONCE),
     CHANGED(AUTHORIZATION_OF, "nonce",
             "\"0x00000000000000000000000000000000000000000000000000000000000000\"")},
    {"a nonce without its prefix", BREAKS(NONCE),
     CHANGED(AUTHORIZATION_OF, "nonce", "\"" ZEROS_32 "\"")},
    {"a signature that is a prefix", BREAKS(SIGNATURE_TEXT),
     CHANGED(PAYLOAD_OF, "signature", "\"0x\"")},
    {"a signature of an odd digit", BREAKS(SIGNATURE_TEXT),
     CHANGED(PAYLOAD_OF, "signature", "\"0x0\"")},
    {"a signature that is empty", BREAKS(SIGNATURE_TEXT), CHANGED(PAYLOAD_OF, "signature", "\"\"")},
    {"another payee", BREAKS(RECIPIENT), .to = OTHER},
    {"a unit less", BREAKS(VALUE), .value = "9999"},
    {"a unit more", BREAKS(VALUE), .value = "10001"},
    {"nothing", BREAKS(VALUE), .value = "0"},
    {"2^64 more", BREAKS(VALUE), .value = "18446744073709561616"},
    {"valid in a second", BREAKS(VALID_AFTER), .after = "1740672101"},
    {"valid behind this second", BREAKS(VALID_AFTER), .after = "1740672100"},
    {"valid since the second before", HOLDS, .after = "1740672099"},
    {"valid since ever", HOLDS, .after = "0"},
    {"expired in this second", BREAKS(VALID_BEFORE), .before = "1740672100"},
    {"valid for this second", HOLDS, .before = "1740672101"},
    {"never valid", BREAKS(VALID_BEFORE), .before = "0"},
    {"zeros for a signature", BREAKS(SIGNATURE), CHANGED(PAYLOAD_OF, "signature", NO_SIGNATURE)},
    {"another payer", BREAKS(SIGNER), CHANGED(AUTHORIZATION_OF, "from", "\"" OTHER "\"")},
    {"another token", BREAKS(SIGNER), CHANGED(TERMS_OF, "asset", "\"" OTHER "\"")},
    {"another chain", BREAKS(SIGNER), CHANGED(TERMS_OF, "network", "\"eip155:8453\"")},
    {"another name of the token", BREAKS(SIGNER), CHANGED(EXTRA_OF, "name", "\"USD Coin\"")},
    {"another version of the token", BREAKS(SIGNER), CHANGED(EXTRA_OF, "version", "\"1\"")},
    {"a nonce that was not signed", BREAKS(SIGNER),
     CHANGED(AUTHORIZATION_OF, "nonce",
             "\"0x0000000000000000000000000000000000000000000000000000000000000001\"")},
};

Test(x402_exact_evm, is_refused_by_the_rule_that_is_broken_and_no_other)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct setting s = {.arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), .payer = payer_key()};
        struct x402_evm_verdict verdict;
        size_t broken = 0;

        prepare(&s, &rows[i]);
        verdict = judged(&s);
        cr_expect_eq(verdict.outcome, rows[i].outcome, "row: %s", rows[i].name);
        for (size_t rule = 0; rule < X402_EVM__COUNT; rule++)
            broken += verdict.checks[rule].result == X402_EVM_BROKEN;
        cr_expect_eq(broken, rows[i].outcome == X402_EVM_INVALID, "row: %s", rows[i].name);
        if (rows[i].first != X402_EVM__COUNT) {
            cr_expect_neq(verdict.checks[rows[i].first].result, X402_EVM_HELD, "row: %s",
                          rows[i].name);
            cr_expect_neq(verdict.checks[rows[i].first].why[0], '\0', "row: %s", rows[i].name);
        }
        if (verdict.outcome == X402_EVM_INVALID)
            cr_expect_eq(verdict.first, rows[i].first, "row: %s: %s", rows[i].name,
                         x402_evm_rules[verdict.first].id);
        assay_arena_fini(&s.arena);
    }
}

Test(x402_exact_evm, has_a_row_above_for_every_rule)
{
    for (size_t rule = 0; rule < X402_EVM__COUNT; rule++) {
        size_t count = 0;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            count += (size_t)rows[i].first == rule;
        cr_expect_gt(count, 0, "%s", x402_evm_rules[rule].id);
    }
}

Test(x402_exact_evm, leaves_a_longer_signature_to_the_chain)
{
    struct setting s = {.arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), .payer = payer_key()};
    char long_text[2 * 200 + 5];
    struct x402_evm_verdict verdict;

    memset(long_text, 'a', sizeof(long_text));
    memcpy(long_text, "\"0x", 3);
    memcpy(long_text + sizeof(long_text) - 2, "\"", 2);
    prepare(&s, &(struct row){.side = PAYLOAD_OF, .member = "signature", .json = long_text});
    verdict = judged(&s);
    cr_expect_eq(verdict.outcome, X402_EVM_UNDECIDED);
    cr_expect_eq(verdict.checks[X402_EVM_SIGNER].result, X402_EVM_OPEN);
    assay_arena_fini(&s.arena);
}

/* A clock before 1970 is at its beginning, in which nothing is valid yet. */
Test(x402_exact_evm, is_not_valid_before_there_was_time)
{
    static const int64_t times[] = {0, -1, INT64_MIN};

    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct setting s = {.arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), .payer = payer_key()};
        struct x402_evm_verdict verdict;

        prepare(&s, &(struct row){.after = "0"});
        verdict = judged_at(&s, times[i]);
        cr_expect_eq(verdict.outcome, X402_EVM_INVALID);
        cr_expect_eq(verdict.first, X402_EVM_VALID_AFTER);
        assay_arena_fini(&s.arena);
    }
}

Test(x402_exact_evm, takes_offers_of_its_scheme_networks_and_method)
{
    static const struct {
        enum side side;
        const char *member, *json;
        bool takes;
    } offers[] = {
        {TERMS_OF, "scheme", "\"exact\"", true},
        {TERMS_OF, "extra", NULL, true},
        {EXTRA_OF, "assetTransferMethod", "\"eip3009\"", true},
        {TERMS_OF, "scheme", "\"upto\"", false},
        {TERMS_OF, "network", "\"solana:84532\"", false},
        {EXTRA_OF, "assetTransferMethod", "\"permit2\"", false},
        {EXTRA_OF, "assetTransferMethod", "7", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
        struct setting s = {.arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), .payer = payer_key()};

        prepare(&s, &(struct row){.side = offers[i].side,
                                  .member = offers[i].member,
                                  .json = offers[i].json});
        cr_expect_eq(x402_evm_takes(&s.offer, &s.terms), offers[i].takes, "row %zu", i);
        assay_arena_fini(&s.arena);
    }
}

/* ---- texts ---- */

Test(x402_exact_evm, payload_is_read_as_it_was_written)
{
    for (unsigned n = 0; n < 64; n++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_buf text = ASSAY_BUF_INIT(4096), again = ASSAY_BUF_INIT(4096);
        struct x402_evm_payload payload, read;
        uint8_t *bytes = (uint8_t *)&payload.transfer, signature[EVM_SIGNATURE_BYTES + 3];
        struct assay_err err = {0};
        struct assay_json doc;

        for (size_t i = 0; i < sizeof(payload.transfer); i++)
            bytes[i] = (uint8_t)(n * 37 + i * (n + 3));
        memset(signature, (int)n, sizeof(signature));
        payload.signature = assay_bytes_of(signature, EVM_SIGNATURE_BYTES + n % 4);
        x402_evm_payload_write(&text, &payload);
        doc = doc_of_bytes(&arena, assay_buf_view(&text));
        cr_assert_eq(x402_evm_payload_read(&read, &arena, &doc, 0, &err), X402_EVM__COUNT, "%s",
                     err.text);
        cr_expect_arr_eq(&read.transfer, &payload.transfer, sizeof(read.transfer));
        cr_expect(assay_bytes_equal(read.signature, payload.signature));
        x402_evm_payload_write(&again, &read);
        cr_expect(assay_bytes_equal(assay_buf_view(&again), assay_buf_view(&text)));
        assay_buf_fini(&text);
        assay_buf_fini(&again);
        assay_arena_fini(&arena);
    }
}

Test(x402_exact_evm, payload_is_written_in_canonical_form)
{
    struct setting s = {.arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), .payer = payer_key()};
    struct assay_buf text = ASSAY_BUF_INIT(4096), canonical = ASSAY_BUF_INIT(4096);
    uint8_t signature[EVM_SIGNATURE_BYTES];
    struct x402_evm_payload payload = signed_payload(&s, &rows[0], signature);
    struct assay_json doc;

    x402_evm_payload_write(&text, &payload);
    doc = doc_of_bytes(&s.arena, assay_buf_view(&text));
    cr_assert_eq(assay_json_canonical(&canonical, &doc, 0, NULL), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&text), assay_buf_cstr(&canonical));
    assay_buf_fini(&text);
    assay_buf_fini(&canonical);
    assay_arena_fini(&s.arena);
}

/* Each bit of what is signed, of the signature, and of what it is signed under. */
Test(x402_exact_evm, has_another_digest_for_every_bit_that_differs)
{
    struct setting s = {.arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), .payer = payer_key()};
    uint8_t signature[EVM_SIGNATURE_BYTES], digest[EVM_KECCAK_BYTES], bent[EVM_KECCAK_BYTES];
    struct x402_evm_payload payload = signed_payload(&s, &rows[0], signature);
    struct x402_evm_terms terms = {
        .chain_id = 84532, .name = ASSAY_LIT("USDC"), .version = ASSAY_LIT("2")};
    uint8_t *transfer = (uint8_t *)&payload.transfer;

    x402_evm_digest(digest, &terms, &payload.transfer);
    for (size_t bit = 0; bit < 8 * sizeof(payload.transfer); bit++) {
        transfer[bit / 8] ^= (uint8_t)(1U << bit % 8);
        x402_evm_digest(bent, &terms, &payload.transfer);
        cr_expect_arr_neq(digest, bent, sizeof(digest), "bit %zu of the transfer", bit);
        transfer[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * EVM_ADDRESS_BYTES; bit++) {
        terms.asset.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        x402_evm_digest(bent, &terms, &payload.transfer);
        cr_expect_arr_neq(digest, bent, sizeof(digest), "bit %zu of the token", bit);
        terms.asset.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        terms.chain_id ^= UINT64_C(1) << bit;
        x402_evm_digest(bent, &terms, &payload.transfer);
        cr_expect_arr_neq(digest, bent, sizeof(digest), "bit %u of the chain id", bit);
        terms.chain_id ^= UINT64_C(1) << bit;
    }
    /* a boundary between two texts cannot be moved */
    terms.name = ASSAY_LIT("USDC2");
    terms.version = ASSAY_LIT("");
    x402_evm_digest(bent, &terms, &payload.transfer);
    cr_expect_arr_neq(digest, bent, sizeof(digest));
    assay_arena_fini(&s.arena);
}

Test(x402_exact_evm, is_undecided_without_memory)
{
    struct setting s = {.arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), .payer = payer_key()};
    struct assay_arena none = ASSAY_ARENA_INIT(0);
    struct x402_evm_verdict verdict;

    prepare(&s, &rows[0]);
    x402_evm_verify(&verdict, &(struct x402_evm){.offer = &s.offer,
                                                 .terms = &s.terms,
                                                 .payment = &s.payment,
                                                 .now_ms = NOW_MS,
                                                 .arena = &none});
    cr_expect_eq(verdict.outcome, X402_EVM_UNDECIDED);
    assay_arena_fini(&s.arena);
}

/* A changed byte breaks the text, a rule, or nothing that is said: as the case of a hex digit. */
Test(x402_exact_evm, is_never_valid_and_another_when_a_byte_of_its_text_is_changed)
{
    static const uint8_t masks[] = {0x01, 0x02, 0x10, 0x20, 0x40, 0x80};
    struct setting s = {.arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), .payer = payer_key()};
    struct assay_buf text = ASSAY_BUF_INIT(4096);
    uint8_t signature[EVM_SIGNATURE_BYTES];
    struct x402_evm_payload payload = signed_payload(&s, &rows[0], signature);

    prepare(&s, &rows[0]);
    x402_evm_payload_write(&text, &payload);
    for (size_t i = 0; i < text.len * ARRAY_LEN(masks); i++) {
        uint8_t *byte = &text.at[i / ARRAY_LEN(masks)];
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct x402_evm_verdict verdict = {.outcome = X402_EVM_INVALID};
        struct assay_json doc;

        *byte ^= masks[i % ARRAY_LEN(masks)];
        if (x402_document_parse(&doc, &arena, assay_buf_view(&text), true, NULL) == ASSAY_OK)
            x402_evm_verify(&verdict, &(struct x402_evm){.offer = &s.offer,
                                                         .terms = &s.terms,
                                                         .payment = &doc,
                                                         .now_ms = NOW_MS,
                                                         .arena = &arena});
        *byte ^= masks[i % ARRAY_LEN(masks)];
        if (verdict.outcome == X402_EVM_VALID) {
            cr_expect_arr_eq(&verdict.payload.transfer, &payload.transfer, sizeof(payload.transfer),
                             "byte %zu", i / ARRAY_LEN(masks));
            cr_expect(assay_bytes_equal(verdict.payload.signature, payload.signature));
        }
        assay_arena_fini(&arena);
    }
    assay_buf_fini(&text);
    assay_arena_fini(&s.arena);
}

/* ---- reasons ---- */

static const struct {
    enum x402_evm_rule rule;
    const char *reason;
    bool is;
} reasons[] = {
    {X402_EVM_RECIPIENT, "invalid_exact_evm_payload_recipient_mismatch", true},
    {X402_EVM_RECIPIENT, "invalid_exact_evm_recipient_mismatch", true},
    {X402_EVM_VALUE, "invalid_exact_evm_payload_authorization_value_mismatch", true},
    {X402_EVM_VALUE, "invalid_exact_evm_authorization_value", true},
    {X402_EVM_VALUE, "invalid_exact_evm_signature", false},
    {X402_EVM_SIGNER, "invalid_exact_evm_signature", true},
    {X402_EVM_ASSET, "", false},
    {X402_EVM_ASSET, "no_such_reason", false},
};

Test(x402_exact_evm, reasons_are_known_in_either_spelling)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        cr_expect_eq(x402_evm_is_reason(reasons[i].rule, assay_str(reasons[i].reason)),
                     reasons[i].is, "%s: %s", x402_evm_rules[reasons[i].rule].id,
                     reasons[i].reason);
}
