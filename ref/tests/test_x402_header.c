/* x402 header values: which base64 is read, and that documents survive the way out and in. */
#include "base/base64.h"
#include "x402/document.h"

#include "base/random.h"
#include "defects/defects.h"
#include "ref/tests/guard.h"
#include "ref/tests/upstream.h"
#include "ref/tests/x402_docs.h"
#include "x402/limits.h"

/* Section 2.1: the alphabet, the length and the padding are fixed, the bits behind the end are not.
 */
static const struct {
    const char *name, *value, *bytes; /* bytes NULL: refused */
    size_t at;
} rows[] = {
    {"no padding needed", "e30x", "{}1", 0},
    {"two of padding", "MQ==", "1", 0},
    {"one of padding", "e30=", "{}", 0},
    {"unused bits, two letters", "MR==", "1", 0},
    {"unused bits, topmost", "MY==", "1", 0},
    {"unused bits, three letters", "e31=", "{}", 0},
    {"all bits set", "////", "\xFF\xFF\xFF", 0},
    {"plus", "++++", "\xFB\xEF\xBE", 0},
    {"empty", "", NULL, 0},
    {"padding missing", "MQ", NULL, 2},
    {"padding incomplete", "MQ=", NULL, 3},
    {"padding too long", "M===", NULL, 1},
    {"padding alone", "====", NULL, 0},
    {"padding twice", "MQ==MQ==", NULL, 2},
    {"a group of padding behind", "e30x====", NULL, 4},
    {"URL letters", "-_-_", NULL, 0},
    {"space in front", " e30", NULL, 0},
    {"space within", "e3 0", NULL, 2},
    {"space behind", "e30 ", NULL, 3},
    {"line end behind", "e30=\n", NULL, 5},
    {"line end in place of padding", "e30\n", NULL, 3},
    {"joined values", "e30x, e30x", NULL, 10},
    {"joined values that are even", "e30x, e30x==", NULL, 4},
    {"a byte of eight bits", "e30\xBD", NULL, 3},
};

Test(x402_header, is_read_where_the_expression_of_the_reference_matches)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_bytes bytes = ASSAY_LIT("kept");
        struct assay_err err = {0};
        struct guard g = guard_of(assay_str(rows[i].value));
        enum assay_code rc = x402_header_decode(&bytes, &arena, g.bytes, &err);

        cr_expect_eq(rc, rows[i].bytes != NULL ? ASSAY_OK : ASSAY_E_MALFORMED, "row: %s",
                     rows[i].name);
        cr_expect_eq(err.code, rc, "row: %s", rows[i].name);
        cr_expect_eq(err.at, rows[i].at, "row: %s: %zu", rows[i].name, err.at);
        cr_expect(assay_bytes_is(bytes, rows[i].bytes != NULL ? rows[i].bytes : "kept"), "row: %s",
                  rows[i].name);
        guard_free(&g);
        assay_arena_fini(&arena);
    }
}

Test(x402_header, may_be_as_long_as_its_budget_and_no_longer)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct assay_buf value = ASSAY_BUF_INIT(X402_HEADER_MAX_CHARS + 4);
    struct assay_bytes bytes;
    struct assay_err err = {0};
    struct assay_json doc;

    assay_buf_add_str(&text, "{}");
    while (text.len < X402_DECODED_MAX_BYTES)
        assay_buf_add_byte(&text, ' ');
    assay_base64_encode(&value, ASSAY_BASE64_STD, assay_buf_view(&text));
    cr_assert_eq(value.len, X402_HEADER_MAX_CHARS);
    cr_assert_eq(x402_header_decode(&bytes, &arena, assay_buf_view(&value), &err), ASSAY_OK);
    cr_assert_eq(bytes.len, X402_DECODED_MAX_BYTES);
    cr_expect_eq(x402_document_parse(&doc, &arena, bytes, true, NULL), ASSAY_OK);
    for (int i = 0; i < 4; i++) {
        assay_buf_add_byte(&value, 'A');
        memset(&err, 0, sizeof(err));
        cr_expect_eq(x402_header_decode(&bytes, &arena, assay_buf_view(&value), &err),
                     ASSAY_E_TOO_LARGE);
        cr_expect_not_null(strstr(err.text, "131072"), "%s", err.text);
        cr_expect_eq(err.at, X402_HEADER_MAX_CHARS);
    }
    assay_buf_fini(&value);
    assay_buf_fini(&text);
    assay_arena_fini(&arena);
}

/* Every last letter of a padded group is read, and gives the byte of the letter's upper bits. */
Test(x402_header, does_not_look_at_the_bits_behind_the_last_byte)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);

    for (size_t i = 0; i < 64; i++) {
        char two[] = "A?==", three[] = "AA?=";
        struct assay_bytes bytes;

        two[1] = three[2] = letters[i];
        cr_assert_eq(x402_header_decode(&bytes, &arena, assay_str(two), NULL), ASSAY_OK);
        cr_expect(bytes.len == 1 && bytes.at[0] == i >> 4, "%s", two);
        cr_assert_eq(x402_header_decode(&bytes, &arena, assay_str(three), NULL), ASSAY_OK);
        cr_expect(bytes.len == 2 && bytes.at[0] == 0 && bytes.at[1] == i >> 2, "%s", three);
    }
    assay_arena_fini(&arena);
}

static void expect_official(struct assay_arena *arena, const json_t *data, const char *object,
                            const char *header)
{
    const char *value =
        json_string_value(json_object_get(json_object_get(data, "headers"), header));
    struct assay_json doc = doc_of_value(arena, json_object_get(data, object)), again;
    struct assay_buf out = ASSAY_BUF_INIT(X402_HEADER_MAX_CHARS);
    struct assay_bytes bytes;
    char hash[X402_HASH_TEXT_BYTES], same[X402_HASH_TEXT_BYTES];

    cr_assert_eq(x402_header_encode(&out, &doc, NULL), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&out), value, "%s", header);
    cr_assert_eq(x402_header_decode(&bytes, arena, assay_str(value), NULL), ASSAY_OK);
    cr_assert_eq(x402_document_parse(&again, arena, bytes, true, NULL), ASSAY_OK);
    cr_expect(x402_equal(&doc, 0, &again, 0), "%s", header);
    cr_assert_eq(x402_hash(hash, &doc, 0, NULL), ASSAY_OK);
    cr_assert_eq(x402_hash(same, &again, 0, NULL), ASSAY_OK);
    cr_expect_str_eq(hash, same);
    assay_buf_fini(&out);
}

Test(x402_header, of_the_official_envelopes_is_the_official_string)
{
    static const char *const files[] = {"kaspa-x402/vectors/x402-http/exact-transaction.json",
                                        "kaspa-x402/vectors/x402-http/hash-chain-exact.json"};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        json_t *data = upstream_load(files[i]);
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);

        expect_official(&arena, data, "paymentRequired", "paymentRequired");
        expect_official(&arena, data, "paymentPayload", "paymentSignature");
        expect_official(&arena, data, "settlementResponse", "paymentResponse");
        assay_arena_fini(&arena);
        json_decref(data);
    }
}

Test(x402_header, of_the_official_envelopes_of_a_withdrawn_scheme_is_the_official_string)
{
    json_t *data = upstream_load("kaspa-x402/vectors/upto/authorization.json");
    const json_t *responses = json_object_get(data, "settlementResponses");
    json_t *flat = json_pack("{s:O,s:O,s:O}", "headers", json_object_get(data, "headers"),
                             "zeroCharge", json_object_get(responses, "zeroCharge"), "nonzero",
                             json_object_get(responses, "nonzero"));
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);

    expect_official(&arena, data, "paymentRequired", "paymentRequired");
    expect_official(&arena, data, "paymentPayload", "paymentSignature");
    expect_official(&arena, flat, "zeroCharge", "zeroChargeResponse");
    expect_official(&arena, flat, "nonzero", "nonzeroResponse");
    assay_arena_fini(&arena);
    json_decref(flat);
    json_decref(data);
}

Test(x402_header, is_written_of_what_has_a_canonical_form)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc = doc_of(&arena, "{\"b\":2.0,\"a\":\"\\u0041\",\"b\":3}");
    struct assay_json infinite = doc_of(&arena, "1e999");
    char room[24];
    struct assay_buf out = ASSAY_BUF_OVER(room), none = ASSAY_BUF_INIT(100);
    struct assay_err err = {0};

    cr_assert_eq(x402_header_encode(&out, &doc, NULL), ASSAY_OK);
    cr_expect(assay_bytes_is(assay_buf_view(&out), "eyJhIjoiQSIsImIiOjN9"));
    cr_expect_eq(x402_header_encode(&out, &doc, &err), ASSAY_E_TOO_LARGE);
    cr_expect_eq(err.code, ASSAY_E_TOO_LARGE);
    cr_expect_eq(x402_header_encode(&none, &infinite, NULL), ASSAY_E_RANGE);
    cr_expect_eq(none.len, 0);
    (void)assay_alloc_fail_after(0);
    cr_expect_eq(x402_header_encode(&none, &doc, NULL), ASSAY_E_NOMEM);
    (void)assay_alloc_fail_after(1);
    cr_expect_eq(x402_header_encode(&none, &doc, NULL), ASSAY_E_NOMEM);
    (void)assay_alloc_fail_after(SIZE_MAX);
    assay_buf_fini(&none);
    assay_arena_fini(&arena);
}

Test(x402_header, fails_cleanly_where_memory_is_short)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES), full = ASSAY_ARENA_INIT(0);
    struct assay_bytes bytes;
    struct assay_err err = {0};

    cr_expect_eq(x402_header_decode(&bytes, &full, ASSAY_LIT("e30="), &err), ASSAY_E_NOMEM);
    cr_expect_eq(err.code, ASSAY_E_NOMEM);
    cr_assert_eq(ref_defect_switch_on(ASSAY_LIT("kx.http.lenient_base64"), NULL), ASSAY_OK);
    cr_expect_eq(x402_header_decode(&bytes, &full, ASSAY_LIT("e30="), NULL), ASSAY_E_NOMEM);
    ref_defect_all_off();
    (void)assay_alloc_fail_after(0);
    cr_expect_eq(x402_header_decode(&bytes, &arena, ASSAY_LIT("e30="), NULL), ASSAY_E_NOMEM);
    (void)assay_alloc_fail_after(SIZE_MAX);
    assay_arena_fini(&arena);
}
