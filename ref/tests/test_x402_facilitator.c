/* Messages between a server and a facilitator about payments: what is read and written, and what is
 * told beside it. */
#include "x402/facilitator.h"

#include "ref/tests/guard.h"
#include "ref/tests/x402_docs.h"

#define TERMS                                                                                      \
    "{\"scheme\":\"exact\",\"network\":\"n:1\",\"amount\":\"5\",\"asset\":\"A\",\"payTo\":\"p\"}"
#define PAYLOAD "{\"x402Version\":2,\"accepted\":" TERMS ",\"payload\":{\"nonce\":\"1\"}}"
#define PAID "\"paymentPayload\":" PAYLOAD
#define ASKED "\"paymentRequirements\":" TERMS
#define V2 "\"x402Version\":2"
#define REQUEST "{" V2 "," PAID "," ASKED "}"

/* ---- requests ---- */

static const struct {
    const char *name, *text;
    enum x402_fault fault;
    enum assay_code code;
    const char *says;
} request_rows[] = {
    {"whole", REQUEST, X402_FAULT_NONE, ASSAY_OK, ""},
    {"everything",
     "{" V2 "," PAID "," ASKED
     ",\"resource\":{\"url\":\"u\"},\"requestHash\":\"h\",\"extensions\":{},\"more\":[1]}",
     X402_FAULT_NONE, ASSAY_OK, ""},
    {"no object", "[]", X402_FAULT_SHAPE, ASSAY_E_TYPE, "the envelope"},
    {"no version", "{" PAID "," ASKED "}", X402_FAULT_VERSION, ASSAY_E_MISSING, "x402Version"},
    {"version 1", "{\"x402Version\":1," PAID "," ASKED "}", X402_FAULT_VERSION, ASSAY_E_MISMATCH,
     "x402Version"},
    {"no payload", "{" V2 "," ASKED "}", X402_FAULT_SHAPE, ASSAY_E_MISSING, "paymentPayload"},
    {"payload a text", "{" V2 ",\"paymentPayload\":\"e30=\"," ASKED "}", X402_FAULT_SHAPE,
     ASSAY_E_TYPE, "paymentPayload"},
    {"payload of version 1",
     "{" V2 ",\"paymentPayload\":{\"x402Version\":1,\"accepted\":" TERMS ",\"payload\":{}}," ASKED
     "}",
     X402_FAULT_VERSION, ASSAY_E_MISMATCH, "paymentPayload: x402: x402Version"},
    {"payload with another's terms",
     "{" V2 ",\"paymentPayload\":{" V2 ",\"accepted\":{},\"payload\":{}}," ASKED "}",
     X402_FAULT_TERMS, ASSAY_E_MISSING, "paymentPayload: x402: scheme"},
    {"no requirements", "{" V2 "," PAID "}", X402_FAULT_SHAPE, ASSAY_E_MISSING,
     "paymentRequirements"},
    {"requirements empty", "{" V2 "," PAID ",\"paymentRequirements\":{}}", X402_FAULT_TERMS,
     ASSAY_E_MISSING, "paymentRequirements: x402: scheme"},
    {"resource a text", "{" V2 "," PAID "," ASKED ",\"resource\":\"u\"}", X402_FAULT_SHAPE,
     ASSAY_E_TYPE, "resource"},
    {"hash a number", "{" V2 "," PAID "," ASKED ",\"requestHash\":1}", X402_FAULT_SHAPE,
     ASSAY_E_TYPE, "requestHash"},
    {"extensions an array", "{" V2 "," PAID "," ASKED ",\"extensions\":[]}", X402_FAULT_EXTENSIONS,
     ASSAY_E_TYPE, "extensions"},
};

Test(x402_request, has_a_payload_and_the_servers_own_requirements)
{
    for (size_t i = 0; i < ARRAY_LEN(request_rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json doc = doc_of(&arena, request_rows[i].text);
        struct x402_request request = {.resource = 99};
        struct assay_err err = {0};
        enum x402_fault fault = x402_request_read(&request, &arena, &doc, &err);

        cr_expect_eq(fault, request_rows[i].fault, "row: %s: %s", request_rows[i].name,
                     x402_fault_name(fault));
        cr_expect_eq(err.code, request_rows[i].code, "row: %s: %s", request_rows[i].name, err.text);
        cr_expect_not_null(strstr(err.text, request_rows[i].says), "row: %s: %s",
                           request_rows[i].name, err.text);
        cr_expect_eq(request.resource == 99, fault != X402_FAULT_NONE, "row: %s",
                     request_rows[i].name);
        assay_arena_fini(&arena);
    }
}

Test(x402_request, goes_through_byte_for_byte)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    const struct x402_ask ask = {
        .payload = ASSAY_LIT("{ \"payload\":{\"n\":1.0},\t\"accepted\":" TERMS "," V2 "}"),
        .requirements = ASSAY_LIT("{\"extra\":{\"\\u0061\":1e0},"
                                  "\"scheme\":\"exact\","
                                  "\"network\":\"n:1\",\"amount\":\"5\",\"asset\":\"A\","
                                  "\"payTo\":\"q\"}"),
        .resource = ASSAY_LIT("{\"url\":\"u\"}"),
        .request_hash = ASSAY_LIT("a\"b"),
        .extensions = ASSAY_LIT("{\"e\":{}}"),
    };
    struct x402_request read;
    struct assay_json doc;

    x402_request_write(&out, &ask);
    doc = doc_of_bytes(&arena, assay_buf_view(&out));
    cr_assert_eq(x402_request_read(&read, &arena, &doc, NULL), X402_FAULT_NONE);
    cr_expect(assay_bytes_equal(assay_json_raw(&doc, assay_json_member(&doc, 0, "paymentPayload")),
                                ask.payload));
    cr_expect(assay_bytes_equal(assay_json_raw(&doc, read.requirements.token), ask.requirements));
    cr_expect(assay_bytes_equal(assay_json_raw(&doc, read.resource), ask.resource));
    cr_expect(assay_bytes_equal(assay_json_raw(&doc, read.extensions), ask.extensions));
    cr_expect(assay_bytes_equal(read.request_hash, ask.request_hash));
    cr_expect(assay_bytes_is(read.payment.accepted.pay_to, "p"));
    cr_expect(assay_bytes_is(read.requirements.pay_to, "q"), "the two are told apart");
    cr_expect(assay_bytes_is(assay_json_raw(&doc, read.payment.payload), "{\"n\":1.0}"));
    assay_buf_fini(&out);
    assay_arena_fini(&arena);
}

Test(x402_request, leaves_out_what_a_server_has_not)
{
    struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    const struct x402_ask ask = {.payload = ASSAY_LIT("{}"), .requirements = ASSAY_LIT("{}")};

    x402_request_write(&out, &ask);
    cr_expect(assay_bytes_is(assay_buf_view(&out),
                             "{" V2 ",\"paymentPayload\":{},\"paymentRequirements\":{}}"));
    assay_buf_fini(&out);
}

/* ---- /verify ---- */

static const struct {
    const char *name, *text;
    enum x402_fault fault;
    bool is_valid;
} verified_rows[] = {
    {"yes", "{\"isValid\":true}", X402_FAULT_NONE, true},
    {"yes with more", "{\"isValid\":true,\"payer\":\"p\",\"extra\":{},\"x\":1}", X402_FAULT_NONE,
     true},
    {"no", "{\"isValid\":false}", X402_FAULT_NONE, false},
    {"no for an unknown reason", "{\"isValid\":false,\"invalidReason\":\"because\"}",
     X402_FAULT_NONE, false},
    {"nothing", "{}", X402_FAULT_SHAPE, false},
    {"a text", "{\"isValid\":\"true\"}", X402_FAULT_SHAPE, false},
    {"a number", "{\"isValid\":1}", X402_FAULT_SHAPE, false},
    {"null", "{\"isValid\":null}", X402_FAULT_SHAPE, false},
    {"an array", "[true]", X402_FAULT_SHAPE, false},
    {"true itself", "true", X402_FAULT_SHAPE, false},
    {"another case", "{\"isvalid\":true}", X402_FAULT_SHAPE, false},
    {"payer a number", "{\"isValid\":true,\"payer\":1}", X402_FAULT_SHAPE, false},
    {"reason an object", "{\"isValid\":false,\"invalidReason\":{}}", X402_FAULT_SHAPE, false},
    {"extra a text", "{\"isValid\":true,\"extra\":\"\"}", X402_FAULT_SHAPE, false},
};

Test(x402_verified, is_a_boolean_and_nothing_like_one)
{
    for (size_t i = 0; i < ARRAY_LEN(verified_rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json doc = doc_of(&arena, verified_rows[i].text);
        struct x402_verified verified = {.extra = 99};
        struct assay_err err = {0};
        enum x402_fault fault = x402_verified_read(&verified, &arena, &doc, &err);

        cr_expect_eq(fault, verified_rows[i].fault, "row: %s: %s", verified_rows[i].name, err.text);
        cr_expect_eq(verified.is_valid, verified_rows[i].is_valid, "row: %s",
                     verified_rows[i].name);
        cr_expect_eq(verified.extra == 99, fault != X402_FAULT_NONE, "row: %s",
                     verified_rows[i].name);
        assay_arena_fini(&arena);
    }
}

Test(x402_verified, is_written_as_it_is_read)
{
    static const char *const texts[] = {
        "{\"isValid\":true}",
        "{\"isValid\":true,\"payer\":\"p\"}",
        "{\"isValid\":false,\"invalidReason\":\"a\\\"b\",\"payer\":\"p\",\"extra\":{\"x\":[1]}}",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
        struct assay_json doc = doc_of(&arena, texts[i]);
        struct x402_verified verified;

        cr_assert_eq(x402_verified_read(&verified, &arena, &doc, NULL), X402_FAULT_NONE);
        x402_verified_write(&out, &verified);
        cr_expect(assay_bytes_is(assay_buf_view(&out), texts[i]), "%s", texts[i]);
        assay_buf_fini(&out);
        assay_arena_fini(&arena);
    }
}

/* ---- /settle ---- */

#define YES(more) "{\"success\":true,\"transaction\":\"0xab\",\"network\":\"n:1\"" more "}"
#define NO(more) "{\"success\":false,\"transaction\":\"\",\"network\":\"n:1\"" more "}"

static const struct {
    const char *name, *text;
    enum x402_fault fault;
    enum x402_settle_state state;
    const char *facts; /* of t(ransaction), n(etwork), a(mount), p(ayer): those that hold */
    bool is_good;
} settled_rows[] = {
    {"yes", YES(""), X402_FAULT_NONE, X402_SETTLED, "tnap", true},
    {"yes of all", YES(",\"amount\":\"5\",\"payer\":\"P\""), X402_FAULT_NONE, X402_SETTLED, "tnap",
     true},
    {"yes, with a reason against it", YES(",\"errorReason\":\"invalid_payload\""), X402_FAULT_NONE,
     X402_SETTLED, "tnap", false},
    {"another amount", YES(",\"amount\":\"6\""), X402_FAULT_NONE, X402_SETTLED, "tnp", false},
    {"another payer", YES(",\"payer\":\"p\""), X402_FAULT_NONE, X402_SETTLED, "tna", false},
    {"another network", "{\"success\":true,\"transaction\":\"0xab\",\"network\":\"n:2\"}",
     X402_FAULT_NONE, X402_SETTLED, "tap", false},
    {"network in capitals", "{\"success\":true,\"transaction\":\"0xab\",\"network\":\"N:1\"}",
     X402_FAULT_NONE, X402_SETTLED, "tap", false},
    {"no transaction", "{\"success\":true,\"transaction\":\"\",\"network\":\"n:1\"}",
     X402_FAULT_NONE, X402_SETTLED, "nap", false},
    {"a sentence for a transaction",
     "{\"success\":true,\"transaction\":\"see the log\",\"network\":\"n:1\"}", X402_FAULT_NONE,
     X402_SETTLED, "nap", false},
    {"no", NO(""), X402_FAULT_NONE, X402_REFUSED, "nap", false},
    {"no, without a network", "{\"success\":false,\"transaction\":\"\"}", X402_FAULT_NONE,
     X402_REFUSED, "ap", false},
    {"no for an unknown reason", NO(",\"errorReason\":\"because\""), X402_FAULT_NONE, X402_REFUSED,
     "nap", false},
    {"no with a transaction",
     "{\"success\":false,\"transaction\":\"0xab\",\"network\":\"n:1\",\"errorReason\":"
     "\"invalid_transaction_state\"}",
     X402_FAULT_NONE, X402_REFUSED, "tnap", false},
    {"pending",
     "{\"success\":false,\"transaction\":\"0xab\",\"network\":\"n:1\",\"errorReason\":"
     "\"settlement_pending\"}",
     X402_FAULT_NONE, X402_PENDING, "tnap", false},
    {"pending without a transaction", NO(",\"errorReason\":\"settlement_pending\""),
     X402_FAULT_NONE, X402_PENDING, "nap", false},
    {"nothing", "{}", X402_FAULT_SHAPE, X402_REFUSED, "", false},
    {"success a text", "{\"success\":\"true\",\"transaction\":\"0xab\",\"network\":\"n:1\"}",
     X402_FAULT_SHAPE, X402_REFUSED, "", false},
    {"success a number", "{\"success\":1,\"transaction\":\"0xab\",\"network\":\"n:1\"}",
     X402_FAULT_SHAPE, X402_REFUSED, "", false},
    {"transaction null", "{\"success\":true,\"transaction\":null,\"network\":\"n:1\"}",
     X402_FAULT_SHAPE, X402_REFUSED, "", false},
    {"success without a network", "{\"success\":true,\"transaction\":\"0xab\"}", X402_FAULT_SHAPE,
     X402_REFUSED, "", false},
};

static bool holds(size_t row, char fact)
{
    return strchr(settled_rows[row].facts, fact) != NULL;
}

Test(x402_settled, tells_facts_apart_from_what_is_malformed)
{
    const struct x402_expected expected = {ASSAY_LIT("n:1"), ASSAY_LIT("5"), ASSAY_LIT("P")};

    for (size_t i = 0; i < ARRAY_LEN(settled_rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json doc = doc_of(&arena, settled_rows[i].text);
        const char *name = settled_rows[i].name;
        struct x402_settled s = {.said.extensions = 99};
        struct assay_err err = {0};
        enum x402_fault fault = x402_settled_read(&s, &arena, &doc, &expected, &err);

        cr_expect_eq(fault, settled_rows[i].fault, "row: %s: %s", name, err.text);
        if (fault != X402_FAULT_NONE) {
            cr_expect_eq(s.said.extensions, 99, "row: %s", name);
        } else {
            cr_expect_eq(s.state, settled_rows[i].state, "row: %s", name);
            cr_expect_eq(s.has_transaction, holds(i, 't'), "row: %s", name);
            cr_expect_eq(s.is_same_network, holds(i, 'n'), "row: %s", name);
            cr_expect_eq(s.is_same_amount, holds(i, 'a'), "row: %s", name);
            cr_expect_eq(s.is_same_payer, holds(i, 'p'), "row: %s", name);
            cr_expect_eq(x402_settled_is_good(&s), settled_rows[i].is_good, "row: %s", name);
        }
        assay_arena_fini(&arena);
    }
}

Test(x402_settled, is_not_compared_with_what_nobody_expects)
{
    const struct x402_expected expected = {.network = ASSAY_LIT("n:1")};
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc = doc_of(&arena, YES(",\"amount\":\"6\",\"payer\":\"q\""));
    struct x402_settled settled;

    cr_assert_eq(x402_settled_read(&settled, &arena, &doc, &expected, NULL), X402_FAULT_NONE);
    cr_expect(x402_settled_is_good(&settled));
    assay_arena_fini(&arena);
}

Test(x402_settled, is_written_as_it_is_read)
{
    static const char *const texts[] = {
        NO(""),
        YES(",\"amount\":\"5\",\"payer\":\"P\",\"extensions\":{\"x\":{}}"),
        "{\"success\":false,\"errorReason\":\"r\",\"transaction\":\"\",\"network\":\"\"}",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
        struct assay_json doc = doc_of(&arena, texts[i]);
        struct x402_settlement settlement;

        cr_assert_eq(x402_settlement_read(&settlement, &arena, &doc, NULL), X402_FAULT_NONE);
        x402_settlement_write(&out, &settlement);
        cr_expect(assay_bytes_is(assay_buf_view(&out), texts[i]), "%s", texts[i]);
        assay_buf_fini(&out);
        assay_arena_fini(&arena);
    }
}

Test(x402_settled, is_refused_when_cut_anywhere)
{
    static const char text[] = YES(",\"amount\":\"5\"");

    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct guard part = guard_of(assay_bytes_of(text, len));
        struct assay_json doc;

        cr_expect_neq(x402_document_parse(&doc, &arena, part.bytes, true, NULL), ASSAY_OK, "%zu",
                      len);
        guard_free(&part);
        assay_arena_fini(&arena);
    }
}

Test(x402_reason, is_told_in_the_words_of_the_list_alone)
{
    static const char *const unknown[] = {"", "because", "Insufficient_funds",
                                          "insufficient_funds ", "stack trace at line 3"};

    cr_expect_str_eq(x402_reason_find(ASSAY_LIT("insufficient_funds")), "insufficient_funds");
    cr_expect_str_eq(x402_reason_find(ASSAY_LIT("settlement_pending")), X402_REASON_PENDING);
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        cr_expect_null(x402_reason_find(assay_str(unknown[i])), "%s", unknown[i]);
}

Test(x402_name, is_of_a_transaction_or_an_account_of_any_network)
{
    static const struct {
        const char *text;
        bool names;
    } rows[] = {
        {"0x1f", true},
        {"kaspatest:qpz", true},
        {"0.0.1234@1690000000.000000001", true},
        {"te6cckEBAQEA+/=", true},
        {"", false},
        {"a b", false},
        {"a\nb", false},
        {"<b>", false},
        {"\"", false},
        {"\\", false},
        {"\xC3\xA4", false},
        {"\x7F", false},
    };
    char longest[X402_IDENTIFIER_TEXT_MAX_BYTES + 1];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(x402_names_something(assay_str(rows[i].text)), rows[i].names, "row: %s",
                     rows[i].text);
    memset(longest, 'a', sizeof(longest));
    cr_expect(x402_names_something(assay_bytes_of(longest, sizeof(longest) - 1)));
    cr_expect_not(x402_names_something(assay_bytes_of(longest, sizeof(longest))));
}

/* Only what was written with escapes is copied. */
Test(x402_facilitator, says_so_when_memory_is_short)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), full = ASSAY_ARENA_INIT(0);
    struct assay_json request =
        doc_of(&arena, "{" V2 "," PAID "," ASKED ",\"requestHash\":\"\\u0061\"}");
    struct assay_json verified = doc_of(&arena, "{\"isValid\":true,\"payer\":\"\\u0061\"}");
    struct assay_json settled = doc_of(&arena, "{\"success\":false,\"transaction\":\"\\u0061\"}");
    const struct x402_expected expected = {.network = ASSAY_LIT("n:1")};
    struct assay_err err[3] = {{.code = ASSAY_OK}};
    struct x402_request r;
    struct x402_verified v;
    struct x402_settled s;

    cr_expect_eq(x402_request_read(&r, &full, &request, &err[0]), X402_FAULT_SHAPE);
    cr_expect_eq(x402_verified_read(&v, &full, &verified, &err[1]), X402_FAULT_SHAPE);
    cr_expect_eq(x402_settled_read(&s, &full, &settled, &expected, &err[2]), X402_FAULT_SHAPE);
    for (size_t i = 0; i < ARRAY_LEN(err); i++)
        cr_expect_eq(err[i].code, ASSAY_E_NOMEM, "%zu: %s", i, err[i].text);
    assay_arena_fini(&arena);
}
