/* x402 envelopes: what every scheme asks of them, and the official ones. */
#include "x402/envelope.h"

#include "ref/tests/upstream.h"
#include "ref/tests/x402_docs.h"

#define SCHEME "\"scheme\":\"s\","
#define NETWORK "\"network\":\"n:1\","
#define AMOUNT "\"amount\":\"5\","
#define ASSET "\"asset\":\"A\","
#define PAY_TO "\"payTo\":\"p\","
#define TIMEOUT "\"maxTimeoutSeconds\":60,"
#define EXTRA "\"extra\":{\"x\":1}"
#define TERMS_BUT_TIMEOUT SCHEME NETWORK AMOUNT ASSET PAY_TO
#define TERMS "{" TERMS_BUT_TIMEOUT TIMEOUT EXTRA "}"
#define V2 "\"x402Version\":2,"
#define RESOURCE "\"resource\":{\"url\":\"u\"},"
#define ACCEPTS "\"accepts\":[" TERMS "]"
#define FOUR TERMS "," TERMS "," TERMS "," TERMS
#define EIGHT_MEMBERS(x)                                                                           \
    "\"" x "1\":1,\"" x "2\":1,\"" x "3\":1,\"" x "4\":1,"                                         \
    "\"" x "5\":1,\"" x "6\":1,\"" x "7\":1,\"" x "8\":1"
#define THIRTY_TWO                                                                                 \
    EIGHT_MEMBERS("a") "," EIGHT_MEMBERS("b") "," EIGHT_MEMBERS("c") "," EIGHT_MEMBERS("d")

struct row {
    const char *name, *text;
    enum x402_fault fault;
    enum assay_code code;
    const char *says;
};

/* Parsed without the budgets, so that these readers stand by themselves. */
static struct assay_json loose(struct assay_arena *arena, const char *text)
{
    enum { TOKENS = 1024 };
    struct assay_json_token *tokens = assay_arena_alloc(arena, TOKENS * sizeof(*tokens));
    struct assay_json doc = {.token_count = 0};

    cr_assert_not_null(tokens);
    cr_assert_eq(assay_json_parse(&doc, tokens, TOKENS, assay_str(text),
                                  ASSAY_JSON_LAST_DUPLICATE_WINS, NULL),
                 ASSAY_OK, "%s", text);
    return doc;
}

typedef enum x402_fault reader(struct assay_arena *arena, const struct assay_json *doc,
                               struct assay_err *err, bool *is_unchanged);

static void expect_rows(const struct row *rows, size_t count, reader *read)
{
    for (size_t i = 0; i < count; i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json doc = loose(&arena, rows[i].text);
        struct assay_err err = {0};
        bool is_unchanged = false;
        enum x402_fault fault = read(&arena, &doc, &err, &is_unchanged);

        cr_expect_eq(fault, rows[i].fault, "row: %s: %s", rows[i].name, x402_fault_name(fault));
        cr_expect_eq(err.code, rows[i].code, "row: %s: %s", rows[i].name, err.text);
        cr_expect_eq(is_unchanged, fault != X402_FAULT_NONE, "row: %s", rows[i].name);
        if (rows[i].says != NULL)
            cr_expect_not_null(strstr(err.text, rows[i].says), "row: %s: %s", rows[i].name,
                               err.text);
        assay_arena_fini(&arena);
    }
}

#define GOOD X402_FAULT_NONE, ASSAY_OK, NULL
#define BAD(fault, code, says) X402_FAULT_##fault, ASSAY_E_##code, says

static const struct row terms_rows[] = {
    {"whole", TERMS, GOOD},
    {"more members", "{" TERMS_BUT_TIMEOUT TIMEOUT EXTRA ",\"y\":[]}", GOOD},
    {"no extra", "{" TERMS_BUT_TIMEOUT "\"maxTimeoutSeconds\":60}", GOOD},
    {"no timeout", "{" TERMS_BUT_TIMEOUT EXTRA "}", GOOD},
    {"timeout 0", "{" TERMS_BUT_TIMEOUT "\"maxTimeoutSeconds\":0}", GOOD},
    {"timeout 6e1", "{" TERMS_BUT_TIMEOUT "\"maxTimeoutSeconds\":6e1}", GOOD},
    {"no object", "[]", BAD(TERMS, TYPE, "the offer has")},
    {"no scheme", "{" NETWORK AMOUNT ASSET PAY_TO EXTRA "}", BAD(TERMS, MISSING, "scheme is")},
    {"no network", "{" SCHEME AMOUNT ASSET PAY_TO EXTRA "}", BAD(TERMS, MISSING, "network is")},
    {"no amount", "{" SCHEME NETWORK ASSET PAY_TO EXTRA "}", BAD(TERMS, MISSING, "amount is")},
    {"no asset", "{" SCHEME NETWORK AMOUNT PAY_TO EXTRA "}", BAD(TERMS, MISSING, "asset is")},
    {"no payTo", "{" SCHEME NETWORK AMOUNT ASSET EXTRA "}", BAD(TERMS, MISSING, "payTo is")},
    {"amount a number", "{" SCHEME NETWORK "\"amount\":5," ASSET PAY_TO EXTRA "}",
     BAD(TERMS, TYPE, "amount has")},
    {"payTo null", "{" SCHEME NETWORK AMOUNT ASSET "\"payTo\":null}",
     BAD(TERMS, TYPE, "payTo has")},
    {"last payTo null", "{" TERMS_BUT_TIMEOUT "\"payTo\":null}", BAD(TERMS, TYPE, "payTo has")},
    {"timeout a text", "{" TERMS_BUT_TIMEOUT "\"maxTimeoutSeconds\":\"60\"}",
     BAD(TERMS, TYPE, "maxTimeoutSeconds has")},
    {"timeout negative", "{" TERMS_BUT_TIMEOUT "\"maxTimeoutSeconds\":-1}",
     BAD(TERMS, TYPE, "maxTimeoutSeconds has")},
    {"timeout a fraction", "{" TERMS_BUT_TIMEOUT "\"maxTimeoutSeconds\":60.5}",
     BAD(TERMS, TYPE, "maxTimeoutSeconds has")},
    {"timeout null", "{" TERMS_BUT_TIMEOUT "\"maxTimeoutSeconds\":null}",
     BAD(TERMS, TYPE, "maxTimeoutSeconds has")},
    {"extra null", "{" TERMS_BUT_TIMEOUT "\"extra\":null}", BAD(TERMS, TYPE, "extra has")},
    {"extra an array", "{" TERMS_BUT_TIMEOUT "\"extra\":[]}", BAD(TERMS, TYPE, "extra has")},
};

static enum x402_fault read_terms(struct assay_arena *arena, const struct assay_json *doc,
                                  struct assay_err *err, bool *is_unchanged)
{
    struct x402_terms terms = {.token = 99};
    enum x402_fault fault = x402_terms_read(&terms, arena, doc, 0, err);

    *is_unchanged = terms.token == 99;
    return fault;
}

Test(x402_terms, have_five_texts_and_what_they_may_have_besides)
{
    expect_rows(terms_rows, ARRAY_LEN(terms_rows), read_terms);
}

Test(x402_terms, are_views_of_the_document)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc = loose(&arena, "[" TERMS ",{" TERMS_BUT_TIMEOUT "\"z\":1}]");
    struct x402_terms terms;

    cr_assert_eq(x402_terms_read(&terms, &arena, &doc, 1, NULL), X402_FAULT_NONE);
    cr_expect(assay_bytes_is(terms.scheme, "s") && assay_bytes_is(terms.network, "n:1") &&
              assay_bytes_is(terms.amount, "5") && assay_bytes_is(terms.asset, "A") &&
              assay_bytes_is(terms.pay_to, "p"));
    cr_expect_eq(terms.token, 1);
    cr_expect_eq(terms.max_timeout_s, 60);
    cr_expect(assay_bytes_is(assay_json_raw(&doc, terms.extra), "{\"x\":1}"));
    cr_assert_eq(x402_terms_read(&terms, &arena, &doc, doc.tokens[1].next, NULL), X402_FAULT_NONE);
    cr_expect_eq(terms.max_timeout_s, X402_NO_TIMEOUT);
    cr_expect_eq(terms.extra, ASSAY_JSON_NONE);
    cr_expect_eq(x402_terms_read(&terms, &arena, &doc, ASSAY_JSON_NONE, NULL), X402_FAULT_TERMS);
    assay_arena_fini(&arena);
}

static const struct row required_rows[] = {
    {"whole", "{" V2 RESOURCE ACCEPTS "}", GOOD},
    {"version 2.0", "{\"x402Version\":2.0," RESOURCE ACCEPTS "}", GOOD},
    {"version 2e0", "{\"x402Version\":2e0," RESOURCE ACCEPTS "}", GOOD},
    {"last version 2", "{\"x402Version\":1," V2 RESOURCE ACCEPTS "}", GOOD},
    {"everything",
     "{" V2 "\"resource\":{\"url\":\"\",\"description\":\"d\",\"mimeType\":\"m\"},"
     "\"error\":\"e\",\"extensions\":{}," ACCEPTS ",\"y\":null}",
     GOOD},
    {"16 offers", "{" V2 RESOURCE "\"accepts\":[" FOUR "," FOUR "," FOUR "," FOUR "]}", GOOD},
    {"32 extensions", "{" V2 RESOURCE "\"extensions\":{" THIRTY_TWO "}," ACCEPTS "}", GOOD},
    {"no object", "[]", BAD(SHAPE, TYPE, "envelope")},
    {"null", "null", BAD(SHAPE, TYPE, "envelope")},
    {"no version", "{" RESOURCE ACCEPTS "}", BAD(VERSION, MISSING, "x402Version")},
    {"version 1", "{\"x402Version\":1," RESOURCE ACCEPTS "}",
     BAD(VERSION, MISMATCH, "x402Version is not 2")},
    {"version 3", "{\"x402Version\":3," RESOURCE ACCEPTS "}",
     BAD(VERSION, MISMATCH, "x402Version is not 2")},
    {"version a text", "{\"x402Version\":\"2\"," RESOURCE ACCEPTS "}",
     BAD(VERSION, MISMATCH, "x402Version is not 2")},
    {"version before all else", "{\"x402Version\":1,\"extensions\":1}",
     BAD(VERSION, MISMATCH, "x402Version is not 2")},
    {"extensions null", "{" V2 RESOURCE "\"extensions\":null," ACCEPTS "}",
     BAD(EXTENSIONS, TYPE, "extensions")},
    {"extensions an array", "{" V2 RESOURCE "\"extensions\":[]," ACCEPTS "}",
     BAD(EXTENSIONS, TYPE, "extensions")},
    {"33 extensions", "{" V2 RESOURCE "\"extensions\":{" THIRTY_TWO ",\"e\":1}," ACCEPTS "}",
     BAD(EXTENSIONS, TOO_LARGE, "more than 32")},
    {"no resource", "{" V2 ACCEPTS "}", BAD(SHAPE, MISSING, "resource")},
    {"resource a text", "{" V2 "\"resource\":\"u\"," ACCEPTS "}", BAD(SHAPE, TYPE, "resource")},
    {"no url", "{" V2 "\"resource\":{}," ACCEPTS "}", BAD(SHAPE, MISSING, "url")},
    {"url a number", "{" V2 "\"resource\":{\"url\":1}," ACCEPTS "}", BAD(SHAPE, TYPE, "url")},
    {"description a number", "{" V2 "\"resource\":{\"url\":\"u\",\"description\":1}," ACCEPTS "}",
     BAD(SHAPE, TYPE, "description")},
    {"mimeType null", "{" V2 "\"resource\":{\"url\":\"u\",\"mimeType\":null}," ACCEPTS "}",
     BAD(SHAPE, TYPE, "mimeType")},
    {"error an object", "{" V2 RESOURCE "\"error\":{}," ACCEPTS "}", BAD(SHAPE, TYPE, "error")},
    {"no accepts", "{" V2 RESOURCE "\"a\":1}", BAD(ACCEPTS, MISSING, "accepts")},
    {"accepts an object", "{" V2 RESOURCE "\"accepts\":{}}", BAD(ACCEPTS, TYPE, "accepts")},
    {"no offer", "{" V2 RESOURCE "\"accepts\":[]}", BAD(ACCEPTS, RANGE, "no offer")},
    {"17 offers", "{" V2 RESOURCE "\"accepts\":[" FOUR "," FOUR "," FOUR "," FOUR "," TERMS "]}",
     BAD(ACCEPTS, RANGE, "more than 16")},
    {"an offer that is none", "{" V2 RESOURCE "\"accepts\":[" TERMS ",5]}",
     BAD(TERMS, TYPE, "accepts[1]: x402: the offer")},
    {"an offer without a scheme", "{" V2 RESOURCE "\"accepts\":[{" NETWORK EXTRA "}]}",
     BAD(TERMS, MISSING, "accepts[0]: x402: scheme is missing")},
};

static enum x402_fault read_required(struct assay_arena *arena, const struct assay_json *doc,
                                     struct assay_err *err, bool *is_unchanged)
{
    struct x402_required required = {.doc = NULL};
    enum x402_fault fault = x402_required_read(&required, arena, doc, err);

    *is_unchanged = required.doc == NULL;
    return fault;
}

Test(x402_required, has_a_version_a_resource_and_offers)
{
    expect_rows(required_rows, ARRAY_LEN(required_rows), read_required);
}

Test(x402_required, gives_its_offers_in_their_order)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc =
        loose(&arena, "{" V2 "\"resource\":{\"url\":\"\\u0075\"},\"error\":\"why\",\"accepts\":["
                      "{\"scheme\":\"first\"," NETWORK AMOUNT ASSET PAY_TO EXTRA "}," TERMS
                      "],\"extensions\":{\"k\":1}}");
    struct x402_required required;

    cr_assert_eq(x402_required_read(&required, &arena, &doc, NULL), X402_FAULT_NONE);
    cr_expect_eq(required.doc, &doc);
    cr_expect(assay_bytes_is(required.url, "u") && assay_bytes_is(required.error, "why"));
    cr_expect_eq(required.accept_count, 2);
    cr_expect(assay_bytes_is(required.accepts[0].scheme, "first"));
    cr_expect(assay_bytes_is(required.accepts[1].scheme, "s"));
    cr_expect_neq(assay_json_member(&doc, required.extensions, "k"), ASSAY_JSON_NONE);
    cr_expect_neq(assay_json_member(&doc, required.resource, "url"), ASSAY_JSON_NONE);
    doc = loose(&arena, "{" V2 RESOURCE ACCEPTS "}");
    cr_assert_eq(x402_required_read(&required, &arena, &doc, NULL), X402_FAULT_NONE);
    cr_expect_eq(required.extensions, ASSAY_JSON_NONE);
    cr_expect_eq(required.error.len, 0);
    assay_arena_fini(&arena);
}

static const struct row payment_rows[] = {
    {"whole", "{" V2 "\"accepted\":" TERMS ",\"payload\":{}}", GOOD},
    {"extensions", "{" V2 "\"accepted\":" TERMS ",\"payload\":{},\"extensions\":{}}", GOOD},
    {"a resource of any kind", "{" V2 "\"accepted\":" TERMS ",\"payload\":{},\"resource\":5}",
     GOOD},
    {"no object", "\"e30=\"", BAD(SHAPE, TYPE, "envelope")},
    {"empty", "{}", BAD(VERSION, MISSING, "x402Version")},
    {"version 1", "{\"x402Version\":1}", BAD(VERSION, MISMATCH, "x402Version is not 2")},
    {"extensions a text", "{" V2 "\"extensions\":\"\"}", BAD(EXTENSIONS, TYPE, "extensions")},
    {"no accepted", "{" V2 "\"payload\":{}}", BAD(SHAPE, MISSING, "accepted is")},
    {"accepted an array", "{" V2 "\"accepted\":[],\"payload\":{}}",
     BAD(SHAPE, TYPE, "accepted has")},
    {"accepted empty", "{" V2 "\"accepted\":{},\"payload\":{}}", BAD(TERMS, MISSING, "scheme")},
    {"no payload", "{" V2 "\"accepted\":" TERMS "}", BAD(SHAPE, MISSING, "payload is")},
    {"payload null", "{" V2 "\"accepted\":" TERMS ",\"payload\":null}",
     BAD(SHAPE, TYPE, "payload has")},
};

static enum x402_fault read_payment(struct assay_arena *arena, const struct assay_json *doc,
                                    struct assay_err *err, bool *is_unchanged)
{
    struct x402_payment payment = {.doc = NULL};
    enum x402_fault fault = x402_payment_read(&payment, arena, doc, err);

    *is_unchanged = payment.doc == NULL;
    return fault;
}

Test(x402_payment, has_a_version_terms_and_a_payload)
{
    expect_rows(payment_rows, ARRAY_LEN(payment_rows), read_payment);
}

static const struct row settlement_rows[] = {
    {"success", "{\"success\":true,\"transaction\":\"t\",\"network\":\"n\"}", GOOD},
    {"failure", "{\"success\":false,\"transaction\":\"\"}", GOOD},
    {"everything",
     "{\"success\":false,\"transaction\":\"\",\"network\":\"n\",\"amount\":\"1\","
     "\"payer\":\"p\",\"errorReason\":\"e\",\"extensions\":{},\"extra\":1}",
     GOOD},
    {"no object", "true", BAD(SHAPE, TYPE, "envelope")},
    {"no success", "{\"transaction\":\"t\",\"network\":\"n\"}", BAD(SHAPE, MISSING, "success")},
    {"success a text", "{\"success\":\"true\",\"transaction\":\"t\",\"network\":\"n\"}",
     BAD(SHAPE, TYPE, "success")},
    {"success 1", "{\"success\":1,\"transaction\":\"t\",\"network\":\"n\"}",
     BAD(SHAPE, TYPE, "success")},
    {"success null", "{\"success\":null,\"transaction\":\"t\",\"network\":\"n\"}",
     BAD(SHAPE, TYPE, "success")},
    {"no transaction", "{\"success\":true,\"network\":\"n\"}", BAD(SHAPE, MISSING, "transaction")},
    {"no transaction of a failure", "{\"success\":false}", BAD(SHAPE, MISSING, "transaction")},
    {"no network", "{\"success\":true,\"transaction\":\"t\"}", BAD(SHAPE, MISSING, "network")},
    {"network null", "{\"success\":false,\"transaction\":\"\",\"network\":null}",
     BAD(SHAPE, TYPE, "network")},
    {"amount a number", "{\"success\":true,\"transaction\":\"t\",\"network\":\"n\",\"amount\":1}",
     BAD(SHAPE, TYPE, "amount")},
    {"payer null", "{\"success\":true,\"transaction\":\"t\",\"network\":\"n\",\"payer\":null}",
     BAD(SHAPE, TYPE, "payer")},
    {"reason an array", "{\"success\":false,\"transaction\":\"\",\"errorReason\":[]}",
     BAD(SHAPE, TYPE, "errorReason")},
    {"extensions a text", "{\"success\":false,\"transaction\":\"\",\"extensions\":\"\"}",
     BAD(EXTENSIONS, TYPE, "extensions")},
};

static enum x402_fault read_settlement(struct assay_arena *arena, const struct assay_json *doc,
                                       struct assay_err *err, bool *is_unchanged)
{
    struct x402_settlement settlement = {.doc = NULL};
    enum x402_fault fault = x402_settlement_read(&settlement, arena, doc, err);

    *is_unchanged = settlement.doc == NULL;
    return fault;
}

Test(x402_settlement, says_whether_it_succeeded_and_where)
{
    expect_rows(settlement_rows, ARRAY_LEN(settlement_rows), read_settlement);
}

Test(x402_settlement, gives_what_is_there_and_empty_texts_for_the_rest)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc =
        loose(&arena, "{\"success\":false,\"transaction\":\"t\",\"amount\":\"1\","
                      "\"payer\":\"p\",\"errorReason\":\"e\"}");
    struct x402_settlement settlement;

    cr_assert_eq(x402_settlement_read(&settlement, &arena, &doc, NULL), X402_FAULT_NONE);
    cr_expect_not(settlement.success);
    cr_expect(assay_bytes_is(settlement.transaction, "t") && settlement.network.len == 0 &&
              assay_bytes_is(settlement.amount, "1") && assay_bytes_is(settlement.payer, "p") &&
              assay_bytes_is(settlement.error_reason, "e"));
    cr_expect_eq(settlement.extensions, ASSAY_JSON_NONE);
    assay_arena_fini(&arena);
}

/* Only what was written with escapes is copied. */
Test(x402_envelope, says_so_when_memory_is_short)
{
    static const struct {
        reader *read;
        const char *text;
    } rows[] = {
        {read_terms, "{\"scheme\":\"\\u0073\"," NETWORK AMOUNT ASSET PAY_TO EXTRA "}"},
        {read_required, "{" V2 "\"resource\":{\"url\":\"\\n\"}," ACCEPTS "}"},
        {read_payment, "{" V2 "\"accepted\":{" TERMS_BUT_TIMEOUT "\"payTo\":\"\\t\"}}"},
        {read_settlement, "{\"success\":false,\"transaction\":\"\\u0000\"}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), full = ASSAY_ARENA_INIT(0);
        struct assay_json doc = loose(&arena, rows[i].text);
        struct assay_err err = {0};
        bool is_unchanged = false;

        cr_expect_eq(rows[i].read(&full, &doc, &err, &is_unchanged), X402_FAULT_SHAPE, "row: %zu",
                     i);
        cr_expect_eq(err.code, ASSAY_E_NOMEM, "row: %zu: %s", i, err.text);
        cr_expect(is_unchanged, "row: %zu", i);
        assay_arena_fini(&arena);
    }
}

Test(x402_fault, has_a_name_and_a_sentence_each)
{
    cr_expect_str_eq(x402_fault_name(X402_FAULT_NONE), "NONE");
    cr_expect_str_eq(x402_fault_text(X402_FAULT_NONE), "nothing is wrong");
    cr_expect_str_eq(x402_fault_name(X402_FAULT_SHAPE), "SHAPE");
    cr_expect_str_eq(x402_fault_name(X402_FAULT_TERMS), "TERMS");
    for (int i = X402_FAULT_NONE; i < X402_FAULT__COUNT; i++) {
        for (int j = X402_FAULT_NONE; j < i; j++) {
            cr_expect_str_neq(x402_fault_name((enum x402_fault)i),
                              x402_fault_name((enum x402_fault)j));
            cr_expect_str_neq(x402_fault_text((enum x402_fault)i),
                              x402_fault_text((enum x402_fault)j));
        }
    }
}

/* What the official data has by way of envelopes, and whether their general shape is right. What is
 * wrong with a negative one is mostly its scheme's business. */
static const struct {
    const char *file, *member;
    reader *read;
    enum x402_fault fault;
} official[] = {
    {"x402-http/exact-transaction", "paymentRequired", read_required, X402_FAULT_NONE},
    {"x402-http/exact-transaction", "paymentPayload", read_payment, X402_FAULT_NONE},
    {"x402-http/exact-transaction", "settlementResponse", read_settlement, X402_FAULT_NONE},
    {"x402-http/hash-chain-exact", "paymentRequired", read_required, X402_FAULT_NONE},
    {"x402-http/hash-chain-exact", "paymentPayload", read_payment, X402_FAULT_NONE},
    {"x402-http/hash-chain-exact", "settlementResponse", read_settlement, X402_FAULT_NONE},
    {"upto/authorization", "paymentRequired", read_required, X402_FAULT_NONE},
    {"upto/authorization", "paymentPayload", read_payment, X402_FAULT_NONE},
    {"settlement-response/claim-success", "response", read_settlement, X402_FAULT_NONE},
    {"settlement-response/corrective-402", "response", read_settlement, X402_FAULT_NONE},
    {"settlement-response/corrective-402", "correctivePaymentRequired", read_required,
     X402_FAULT_NONE},
    {"settlement-response/deposit-voucher-success", "response", read_settlement, X402_FAULT_NONE},
    {"settlement-response/failure", "response", read_settlement, X402_FAULT_NONE},
    {"settlement-response/refund-success", "response", read_settlement, X402_FAULT_NONE},
    {"settlement-response/upto-pending", "response", read_settlement, X402_FAULT_NONE},
    {"settlement-response/upto-zero-charge-success", "response", read_settlement, X402_FAULT_NONE},
    {"settlement-response/voucher-only-success", "response", read_settlement, X402_FAULT_NONE},
    {"negative/accepted-not-offered", "paymentRequired", read_required, X402_FAULT_NONE},
    {"negative/accepted-not-offered", "paymentPayload", read_payment, X402_FAULT_NONE},
    {"negative/amount-overflow", "value", read_required, X402_FAULT_NONE},
    {"negative/exact-additive-missing-challenge", "value", read_payment, X402_FAULT_NONE},
    {"negative/exact-additive-partial-head", "value", read_required, X402_FAULT_NONE},
    {"negative/exact-payment-flow-missing", "value", read_required, X402_FAULT_NONE},
    {"negative/exact-transfer-unsupported", "value", read_payment, X402_FAULT_NONE},
    {"negative/float-amount", "value", read_required, X402_FAULT_NONE},
    {"negative/invalid-asset", "value", read_required, X402_FAULT_NONE},
    {"negative/missing-payment-identifier", "paymentRequired", read_required, X402_FAULT_NONE},
    {"negative/missing-payment-identifier", "paymentPayload", read_payment, X402_FAULT_NONE},
    {"negative/non-colon-network", "value", read_required, X402_FAULT_NONE},
    {"negative/scheme-payload-mismatch", "value", read_payment, X402_FAULT_NONE},
    {"negative/settlement-success-missing-amount", "value", read_settlement, X402_FAULT_NONE},
    {"negative/wrong-binding", "value", read_required, X402_FAULT_NONE},
    {"negative/wrong-scheme", "value", read_required, X402_FAULT_NONE},
    {"negative/wrong-x402-version", "value", read_required, X402_FAULT_VERSION},
    /* payloads without an envelope */
    {"negative/outpoint-index-overflow", "value", read_payment, X402_FAULT_VERSION},
    {"negative/txid-wrong-length", "value", read_payment, X402_FAULT_VERSION},
};

Test(x402_envelope, of_the_official_data_is_read)
{
    for (size_t i = 0; i < ARRAY_LEN(official); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        char path[128];
        struct assay_err err = {0};
        bool is_unchanged;
        struct assay_json doc;
        json_t *data;

        (void)snprintf(path, sizeof(path), "kaspa-x402/vectors/%s.json", official[i].file);
        data = upstream_load(path);
        doc = doc_of_value(&arena, json_object_get(data, official[i].member));
        cr_expect_eq(official[i].read(&arena, &doc, &err, &is_unchanged), official[i].fault,
                     "%s: %s: %s", path, official[i].member, err.text);
        assay_arena_fini(&arena);
        json_decref(data);
    }
}

Test(x402_envelope, that_was_accepted_is_the_official_offer_or_the_negative_one_is_not)
{
    static const struct {
        const char *file;
        bool equal;
    } rows[] = {
        {"kaspa-x402/vectors/x402-http/exact-transaction.json", true},
        {"kaspa-x402/vectors/x402-http/hash-chain-exact.json", true},
        {"kaspa-x402/vectors/negative/missing-payment-identifier.json", true},
        {"kaspa-x402/vectors/negative/accepted-not-offered.json", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *data = upstream_load(rows[i].file);
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json offered = doc_of_value(&arena, json_object_get(data, "paymentRequired"));
        struct assay_json paid = doc_of_value(&arena, json_object_get(data, "paymentPayload"));
        struct x402_required required;
        struct x402_payment payment;

        cr_assert_eq(x402_required_read(&required, &arena, &offered, NULL), X402_FAULT_NONE);
        cr_assert_eq(x402_payment_read(&payment, &arena, &paid, NULL), X402_FAULT_NONE);
        cr_expect_eq(x402_equal(&offered, required.accepts[0].token, &paid, payment.accepted.token),
                     rows[i].equal, "%s", rows[i].file);
        assay_arena_fini(&arena);
        json_decref(data);
    }
}
