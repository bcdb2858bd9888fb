/* Values of x402 documents: equality, integers, texts, members found by a text. */
#include "x402/document.h"

#include "ref/tests/x402_docs.h"
#include "x402/limits.h"

static const struct {
    const char *a, *b;
    bool equal;
} pairs[] = {
    {"{\"a\":1,\"b\":2}", "{ \"b\" : 2.0, \"a\" : 1e0 }", true},
    {"{\"a\":1}", "{\"a\":1,\"b\":null}", false},
    {"{\"a\":1,\"a\":2}", "{\"a\":2}", true},
    {"{\"a\":1,\"a\":2}", "{\"a\":1}", false},
    {"[1,2]", "[2,1]", false},
    {"\"\\u0061/\"", "\"a\\/\"", true},
    {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\"", true},
    {"\"\\ud800\"", "\"\\uD800\"", true},
    {"\"\\ud800\"", "\"\\ud801\"", false},
    {"\"1\"", "1", false},
    {"-0", "0", true},
    {"9007199254740993", "9007199254740992", true},
    {"null", "false", false},
    {"{}", "[]", false},
    {"{\"__proto__\":1}", "{}", false},
    {"1e999", "1e999", true}, /* no form, but one text */
    {"1e999", "10e998", false},
    {"1", "1e999", false},
};

Test(x402_equal, compares_canonical_forms)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct assay_json a = doc_of(&arena, pairs[i].a), b = doc_of(&arena, pairs[i].b);

        cr_expect_eq(x402_equal(&a, 0, &b, 0), pairs[i].equal, "%s %s", pairs[i].a, pairs[i].b);
        cr_expect_eq(x402_equal(&b, 0, &a, 0), pairs[i].equal, "%s %s", pairs[i].b, pairs[i].a);
        cr_expect_not(x402_equal(&a, 0, &b, ASSAY_JSON_NONE));
        cr_expect_not(x402_equal(&a, ASSAY_JSON_NONE, &b, 0));
        cr_expect(x402_equal(&a, ASSAY_JSON_NONE, &b, ASSAY_JSON_NONE));
    }
    assay_arena_fini(&arena);
}

static const struct {
    const char *number;
    bool ok;
    uint64_t value;
} integers[] = {
    {"0", true, 0},
    {"-0", true, 0},
    {"0.0", true, 0},
    {"2", true, 2},
    {"2.0", true, 2},
    {"2e0", true, 2},
    {"2E+0", true, 2},
    {"20e-1", true, 2},
    {"0.02e2", true, 2},
    {"2.00000000000000000000000001", true, 2}, /* the nearest double is 2 */
    {"2.5", false, 0},
    {"2.0000000000000009", false, 0},
    {"-1", false, 0},
    {"1e-400", true, 0},
    {"9007199254740991", true, 9007199254740991},
    {"9007199254740991.4", true, 9007199254740991},
    {"9007199254740991.5", false, 0},
    {"9007199254740992", false, 0},
    {"900719925474099.1e1", true, 9007199254740991},
    {"18446744073709551615", false, 0},
    {"18446744073709551616", false, 0},
    {"1e20", false, 0},
    {"1e21", false, 0},
    {"1e999", false, 0},
    {"\"2\"", false, 0},
    {"null", false, 0},
    {"true", false, 0},
    {"[2]", false, 0},
};

Test(x402_integer, reads_what_is_an_integer_to_ecmascript)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json none = doc_of(&arena, "{\"m\":1}");
    uint64_t value = 77;

    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        char text[64];
        struct assay_json doc;
        uint64_t got = 77;

        (void)snprintf(text, sizeof(text), "{\"n\":%s}", integers[i].number);
        doc = doc_of(&arena, text);
        cr_expect_eq(x402_integer(&got, &doc, 0, "n"), integers[i].ok, "%s", integers[i].number);
        cr_expect_eq(got, integers[i].ok ? integers[i].value : 77, "%s", integers[i].number);
    }
    cr_expect_not(x402_integer(&value, &none, 0, "n"));
    cr_expect_not(x402_integer(&value, &none, ASSAY_JSON_NONE, "m"));
    cr_expect_eq(value, 77);
    assay_arena_fini(&arena);
}

Test(x402_text, is_a_view_unless_it_had_escapes)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), full = ASSAY_ARENA_INIT(0);
    struct assay_json doc =
        doc_of(&arena, "{\"plain\":\"a b\",\"empty\":\"\",\"escaped\":\"a\\u0000\\n\",\"n\":1}");
    struct assay_bytes text = ASSAY_LIT("kept");

    cr_expect_not(x402_text(&text, &arena, &doc, 0, "n"));
    cr_expect_not(x402_text(&text, &arena, &doc, 0, "absent"));
    cr_expect_not(x402_text(&text, &arena, &doc, 1, "plain"));
    cr_expect_not(x402_text(&text, &full, &doc, 0, "escaped"));
    cr_expect(assay_bytes_is(text, "kept"));
    cr_expect(x402_text(&text, &full, &doc, 0, "plain"));
    cr_expect(assay_bytes_is(text, "a b"));
    cr_expect(text.at > doc.text.at && text.at < doc.text.at + doc.text.len);
    cr_expect(x402_text(&text, &full, &doc, 0, "empty"));
    cr_expect_eq(text.len, 0);
    cr_expect(x402_text(&text, &arena, &doc, 0, "escaped"));
    cr_expect(assay_bytes_equal(text, ASSAY_LIT("a\0\n")));
    assay_arena_fini(&arena);
}

Test(x402_member_like, finds_the_member_that_a_text_names)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc = doc_of(&arena, "{\"ab\":1,\"a\\u0000\":2,\"\\ud800\":3,\"a\":4}");
    struct assay_json names =
        doc_of(&arena, "[\"\\u0061b\",\"a\\u0000\",\"\\uD800\",\"x\",\"\",5,\"a\"]");

    cr_expect_eq(x402_member_like(&doc, 0, &names, 1), 2);
    cr_expect_eq(x402_member_like(&doc, 0, &names, 2), ASSAY_JSON_NONE, "holds U+0000");
    cr_expect_eq(x402_member_like(&doc, 0, &names, 3), 6);
    cr_expect_eq(x402_member_like(&doc, 0, &names, 4), ASSAY_JSON_NONE);
    cr_expect_eq(x402_member_like(&doc, 0, &names, 5), ASSAY_JSON_NONE);
    cr_expect_eq(x402_member_like(&doc, 0, &names, 6), ASSAY_JSON_NONE, "no text");
    cr_expect_eq(x402_member_like(&doc, 0, &names, 7), 8);
    cr_expect_eq(x402_member_like(&doc, ASSAY_JSON_NONE, &names, 1), ASSAY_JSON_NONE);
    cr_expect_eq(x402_member_like(&doc, 0, &names, ASSAY_JSON_NONE), ASSAY_JSON_NONE);
    assay_arena_fini(&arena);
}

Test(x402_member_like, knows_no_name_that_is_longer_than_a_name_may_be)
{
    for (size_t more = 0; more <= 2; more++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
        struct assay_json doc;

        assay_buf_add_str(&text, "{\"");
        for (size_t i = 0; i < X402_STRING_MAX_BYTES; i++)
            assay_buf_add_byte(&text, 'a');
        assay_buf_add_str(&text, "\":1,\"transaction\":\"");
        for (size_t i = 0; i < X402_STRING_MAX_BYTES + more; i++)
            assay_buf_add_byte(&text, 'a');
        assay_buf_add_str(&text, "\"}");
        doc = doc_of_bytes(&arena, assay_buf_view(&text));
        cr_expect_eq(x402_member_like(&doc, 0, &doc, 4), more == 0 ? 2 : ASSAY_JSON_NONE, "%zu",
                     more);
        assay_buf_fini(&text);
        assay_arena_fini(&arena);
    }
}
