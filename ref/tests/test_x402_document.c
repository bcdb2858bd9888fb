/* x402 documents: each budget at its limit and one past it, what is JSON, and hashes. */
#include "x402/document.h"

#include "ref/tests/guard.h"
#include "ref/tests/upstream.h"
#include "ref/tests/x402_docs.h"
#include "x402/limits.h"

enum { TEXT_MAX_BYTES = 1 << 20 };

static void repeat(struct assay_buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        assay_buf_add_str(out, text);
}

static void spaces(struct assay_buf *out, const char *unused, size_t n)
{
    (void)unused;
    assay_buf_add_byte(out, '1');
    repeat(out, " ", n - 1);
}

static void mark_and_spaces(struct assay_buf *out, const char *unused, size_t n)
{
    assay_buf_add_str(out, "\xEF\xBB\xBF");
    spaces(out, unused, n - 3);
}

/* A string of n bytes behind what stands before it. */
static void string(struct assay_buf *out, const char *before, size_t n)
{
    assay_buf_add_str(out, before);
    assay_buf_add_byte(out, '"');
    repeat(out, "a", n);
    assay_buf_add_byte(out, '"');
    repeat(out, "}", *before == '{' ? 1 : 0);
    repeat(out, "]", *before == '[' ? 1 : 0);
}

/* The one that is too large is not the last. */
static void strings(struct assay_buf *out, const char *unused, size_t n)
{
    (void)unused;
    string(out, "[1,", n);
    out->len--;
    assay_buf_add_str(out, ",2]");
}

/* As many bytes in characters of two that are written as escapes of six. */
static void escaped(struct assay_buf *out, const char *unused, size_t n)
{
    (void)unused;
    assay_buf_add_byte(out, '"');
    repeat(out, "\\u00e9", n / 2);
    repeat(out, "a", n % 2);
    assay_buf_add_byte(out, '"');
}

static void name(struct assay_buf *out, const char *escape, size_t n)
{
    assay_buf_printf(out, "{\"%s", escape);
    repeat(out, "a", n - (*escape != '\0' ? 1 : 0));
    assay_buf_add_str(out, "\":0}");
}

static void items(struct assay_buf *out, const char *before, size_t n)
{
    assay_buf_printf(out, "%s[1", before);
    repeat(out, ",1", n - 1);
    repeat(out, "]", 1);
    repeat(out, "}", *before == '{' ? 1 : 0);
}

static void members(struct assay_buf *out, const char *before, size_t n)
{
    assay_buf_printf(out, "%s{", before);
    for (size_t i = 0; i < n; i++)
        assay_buf_printf(out, "%s\"%zu\":null", i > 0 ? "," : "", i);
    repeat(out, "}", *before == '{' ? 2 : 1);
}

/* A container at depth n. */
static void arrays_deep(struct assay_buf *out, const char *inner, size_t n)
{
    repeat(out, "[", n + 1);
    assay_buf_add_str(out, inner);
    repeat(out, "]", n + 1);
}

static void objects_deep(struct assay_buf *out, const char *unused, size_t n)
{
    (void)unused;
    repeat(out, "{\"\":", n);
    assay_buf_add_str(out, "{}");
    repeat(out, "}", n);
}

/* n values in arrays of 200. */
static void values(struct assay_buf *out, const char *unused, size_t n)
{
    (void)unused;
    assay_buf_add_byte(out, '[');
    for (size_t left = n - 1; left > 0;) {
        size_t take = left < 200 ? left : 200;

        assay_buf_add_str(out, "[");
        for (size_t i = 1; i < take; i++)
            assay_buf_add_str(out, i > 1 ? ",1" : "1");
        left -= take;
        assay_buf_add_str(out, left > 0 ? "]," : "]");
    }
    assay_buf_add_byte(out, ']');
}

/* n values, every one but the root a member: as many tokens as there can be. */
static void named_values(struct assay_buf *out, const char *unused, size_t n)
{
    (void)unused;
    assay_buf_add_byte(out, '{');
    for (size_t left = n - 1, group = 0; left > 0; group++) {
        size_t take = left < 100 ? left : 100;

        assay_buf_printf(out, "\"%zu\":{", group);
        for (size_t i = 1; i < take; i++)
            assay_buf_printf(out, "%s\"%zu\":1", i > 1 ? "," : "", i);
        left -= take;
        assay_buf_add_str(out, left > 0 ? "}," : "}");
    }
    assay_buf_add_byte(out, '}');
}

static const struct {
    const char *name;
    void (*make)(struct assay_buf *out, const char *with, size_t n);
    const char *with;
    size_t limit;
    const char *budget;
} budgets[] = {
    {"text", spaces, "", 98304, "98304 bytes of JSON text"},
    {"text with a mark", mark_and_spaces, "", 98304, "98304 bytes of JSON text"},
    {"string", string, "", 16384, "16384 bytes of a string"},
    {"string of an array", string, "[", 16384, "16384 bytes of a string"},
    {"string among others", strings, "", 16384, "16384 bytes of a string"},
    {"string of any member", string, "{\"x\":", 16384, "16384 bytes of a string"},
    {"name that only starts so", string, "{\"transactions\":", 16384, "16384 bytes of a string"},
    {"item of an artifact array", items, "{\"transaction\":", 256, "256 items of an array"},
    {"escapes", escaped, "", 16384, "16384 bytes of a string"},
    {"name", name, "", 16384, "16384 bytes of a string"},
    {"name with an escape", name, "\\n", 16384, "16384 bytes of a string"},
    {"transaction", string, "{\"transaction\":", 65536, "65536 bytes of a string"},
    {"escaped name", string, "{\"\\u0074ransaction\":", 65536, "65536 bytes of a string"},
    {"signature", string, "{\"signature\":", 65536, "65536 bytes of a string"},
    {"clientSignature", string, "{\"clientSignature\":", 65536, "65536 bytes of a string"},
    {"fundingTransaction", string, "{\"fundingTransaction\":", 65536, "65536 bytes of a string"},
    {"activeScriptPublicKey", string, "{\"activeScriptPublicKey\":", 65536, "65536 bytes of a"},
    {"headRedeemScript", string, "{\"headRedeemScript\":", 65536, "65536 bytes of a string"},
    {"headScriptPublicKey", string, "{\"headScriptPublicKey\":", 65536, "65536 bytes of a string"},
    {"array", items, "", 256, "256 items of an array"},
    {"array of a member", items, "{\"accept\":", 256, "256 items of an array"},
    {"accepts", items, "{\"accepts\":", 16, "16 items of an array"},
    {"object", members, "", 128, "128 members of an object"},
    {"object of a member", members, "{\"payload\":", 128, "128 members of an object"},
    {"extensions", members, "{\"extensions\":", 32, "32 members of an object"},
    {"_meta", members, "{\"_meta\":", 32, "32 members of an object"},
    {"depth of arrays", arrays_deep, "", 32, "32 levels of nesting"},
    {"depth of arrays around a value", arrays_deep, "1", 32, "32 levels of nesting"},
    {"depth of objects", objects_deep, "", 32, "32 levels of nesting"},
    {"values", values, "", 4096, "4096 values"},
    {"values, all named", named_values, "", 4096, "4096 values"},
};

static enum assay_code parse_made(size_t row, size_t n, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct assay_json doc = {.token_count = 7};
    enum assay_code rc;
    struct guard g;

    budgets[row].make(&text, budgets[row].with, n);
    cr_assert(assay_buf_ok(&text));
    g = guard_of(assay_buf_view(&text));
    rc = x402_document_parse(&doc, &arena, g.bytes, true, err);
    cr_expect_eq(rc != ASSAY_OK, doc.token_count == 7, "row: %s", budgets[row].name);
    guard_free(&g);
    assay_buf_fini(&text);
    assay_arena_fini(&arena);
    return rc;
}

Test(x402_document, may_use_up_every_budget_and_pass_none)
{
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
        struct assay_err within = {0}, past = {0};

        cr_expect_eq(parse_made(i, budgets[i].limit, &within), ASSAY_OK, "row: %s: %s",
                     budgets[i].name, within.text);
        cr_expect_eq(parse_made(i, budgets[i].limit + 1, &past), ASSAY_E_TOO_LARGE, "row: %s",
                     budgets[i].name);
        cr_expect_not_null(strstr(past.text, budgets[i].budget), "row: %s: %s", budgets[i].name,
                           past.text);
    }
}

Test(x402_document, is_refused_by_its_budget_however_far_beyond_the_tokenizer_it_is)
{
    static const struct {
        const char *name;
        const char *before, *repeated;
        size_t times;
        enum assay_code rc;
        const char *budget;
        size_t at;
    } rows[] = {
        {"all commas", "", ",", 98304, ASSAY_E_MALFORMED, "no value", 0},
        {"values and commas", "[1", ",1", 40000, ASSAY_E_TOO_LARGE, "4096 values", 2 * 8190 + 1},
        {"a last name too many", "[1", ",1", 8190, ASSAY_E_TOO_LARGE, "4096 values", 2 * 8190 + 1},
        {"brackets", "", "[", 98304, ASSAY_E_TOO_LARGE, "32 levels of nesting", 64},
        {"as many brackets as the tokenizer takes", "", "[", 64, ASSAY_E_MALFORMED, "the text", 64},
        {"one bracket more", "", "[", 65, ASSAY_E_TOO_LARGE, "32 levels of nesting", 64},
        {"an open array as large as the room", "[1", ",1", 8189, ASSAY_E_MALFORMED, "neither",
         2 * 8190},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT((size_t)1 << 18);
        struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
        struct assay_err err = {0};
        struct assay_json doc;

        assay_buf_add_str(&text, rows[i].before);
        repeat(&text, rows[i].repeated, rows[i].times);
        cr_expect_eq(x402_document_parse(&doc, &arena, assay_buf_view(&text), false, &err),
                     rows[i].rc, "row: %s: %s", rows[i].name, err.text);
        cr_expect_not_null(strstr(err.text, rows[i].budget), "row: %s: %s", rows[i].name, err.text);
        cr_expect_eq(err.at, rows[i].at, "row: %s: %zu", rows[i].name, err.at);
        assay_buf_fini(&text);
        assay_arena_fini(&arena);
    }
}

static const struct {
    const char *name, *text;
    size_t len; /* 0: to the NUL */
    enum assay_code lenient, strict;
    size_t at;
} texts[] = {
    {"scalar", "1", 0, ASSAY_OK, ASSAY_OK, 0},
    {"nothing", "", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 0},
    {"a mark alone", "\xEF\xBB\xBF", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 0},
    {"a mark in front", "\xEF\xBB\xBF{}", 0, ASSAY_OK, ASSAY_OK, 0},
    {"two marks", "\xEF\xBB\xBF\xEF\xBB\xBF{}", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 0},
    {"a mark behind", "{}\xEF\xBB\xBF", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 2},
    {"half a mark", "\xEF\xBB{}", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 0},
    {"wrong behind a mark", "\xEF\xBB\xBF[x]", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 1},
    {"not UTF-8", "\"\xC0\x80\"", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 1},
    {"surrogate as bytes", "\"\xED\xA0\x80\"", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 1},
    {"not UTF-8 outside a string", "[\xFF]", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 1},
    {"a NUL behind", "{}\0", 3, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 2},
    {"two values", "{} {}", 0, ASSAY_E_MALFORMED, ASSAY_E_MALFORMED, 3},
    {"duplicate", "{\"a\":1,\"a\":2}", 0, ASSAY_OK, ASSAY_E_DUPLICATE, 8},
    {"duplicate by escape", "{\"a\":1,\"\\u0061\":2}", 0, ASSAY_OK, ASSAY_E_DUPLICATE, 8},
    {"lone surrogate", "\"\\ud800\"", 0, ASSAY_OK, ASSAY_OK, 0},
    {"__proto__", "{\"__proto__\":{},\"constructor\":1}", 0, ASSAY_OK, ASSAY_OK, 0},
};

Test(x402_document, is_json_in_utf8_behind_a_mark_or_none)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        size_t len = texts[i].len > 0 ? texts[i].len : strlen(texts[i].text);

        for (int strict = 0; strict < 2; strict++) {
            enum assay_code want = strict ? texts[i].strict : texts[i].lenient;
            struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
            struct guard g = guard_of(assay_bytes_of(texts[i].text, len));
            struct assay_err err = {0};
            struct assay_json doc;

            cr_expect_eq(x402_document_parse(&doc, &arena, g.bytes, strict != 0, &err), want,
                         "row: %s: %s", texts[i].name, err.text);
            cr_expect_eq(err.code, want, "row: %s", texts[i].name);
            cr_expect_eq(err.at, want == ASSAY_OK ? 0 : texts[i].at, "row: %s: %zu", texts[i].name,
                         err.at);
            guard_free(&g);
            assay_arena_fini(&arena);
        }
    }
}

Test(x402_document, that_is_cut_short_is_refused)
{
    static const char whole[] = "{\"a\":[1,\"\\u00e9\\n\",true],\"b\":{\"c\":null},\"d\":-1.5e2}";

    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct guard g = guard_of(assay_bytes_of(whole, len));
        struct assay_json doc;

        cr_expect_eq(x402_document_parse(&doc, &arena, g.bytes, false, NULL), ASSAY_E_MALFORMED);
        guard_free(&g);
        assay_arena_fini(&arena);
    }
}

/* What is longer than a string may be, but not when it is unescaped, needs a buffer besides. */
Test(x402_document, fails_cleanly_whichever_allocation_fails)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t successes = 0;

    escaped(&text, "", X402_STRING_MAX_BYTES);
    for (; rc != ASSAY_OK && successes < 100; successes++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_err err = {0};
        struct assay_json doc;

        (void)assay_alloc_fail_after(successes);
        rc = x402_document_parse(&doc, &arena, assay_buf_view(&text), false, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || (rc == ASSAY_E_NOMEM && err.code == rc), "%s", err.text);
        assay_arena_fini(&arena);
    }
    cr_expect_eq(rc, ASSAY_OK);
    cr_expect_geq(successes, 3);
    assay_buf_fini(&text);
}

Test(x402_document, of_the_official_requirements_has_the_official_form_and_hash)
{
    json_t *data = upstream_load("kaspa-x402/vectors/exact/interop-v1.json");
    const json_t *terms = json_object_get(data, "paymentRequirements");
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_json doc = doc_of_value(&arena, json_object_get(terms, "value"));
    struct assay_buf form = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    char hash[X402_HASH_TEXT_BYTES], again[X402_HASH_TEXT_BYTES];

    cr_assert_eq(assay_json_canonical(&form, &doc, 0, NULL), ASSAY_OK);
    cr_expect_str_eq(assay_buf_cstr(&form),
                     json_string_value(json_object_get(terms, "canonicalJsonUtf8")));
    cr_assert_eq(x402_hash(hash, &doc, 0, NULL), ASSAY_OK);
    cr_expect_str_eq(hash, json_string_value(json_object_get(terms, "sha256")));
    x402_hash_text(again, assay_buf_view(&form));
    cr_expect_str_eq(again, hash);
    assay_buf_fini(&form);
    assay_arena_fini(&arena);
    json_decref(data);
}

/* 98304 bytes of canonical form, and one more: numbers that are written shorter than they print. */
static struct assay_json doc_with_form_of(struct assay_arena *arena, struct assay_buf *text,
                                          size_t len)
{
    size_t left = len - 2; /* brackets */

    assay_buf_clear(text);
    assay_buf_add_byte(text, '[');
    for (size_t i = 0; i < 15; i++) {
        assay_buf_add_str(text, i > 0 ? ",[1e20" : "[1e20");
        repeat(text, ",1e20", 254);
        assay_buf_add_byte(text, ']');
        left -= (i > 0 ? 1U : 0U) + 255 * 22 + 1;
    }
    assay_buf_add_str(text, ",\"");
    repeat(text, "a", left - 3);
    assay_buf_add_str(text, "\"]");
    cr_assert(assay_buf_ok(text));
    return doc_of_bytes(arena, assay_buf_view(text));
}

Test(x402_document, has_no_hash_where_its_canonical_form_is_too_large_or_is_none)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct assay_json doc = doc_with_form_of(&arena, &text, X402_DECODED_MAX_BYTES);
    char hash[X402_HASH_TEXT_BYTES] = "kept";
    struct assay_err err = {0};

    cr_expect(x402_equal(&doc, 0, &doc, 0));
    cr_expect_eq(x402_hash(hash, &doc, 0, NULL), ASSAY_OK);
    memcpy(hash, "kept", sizeof("kept"));
    doc = doc_with_form_of(&arena, &text, X402_DECODED_MAX_BYTES + 1);
    cr_expect_eq(x402_hash(hash, &doc, 0, &err), ASSAY_E_TOO_LARGE);
    cr_expect_eq(err.code, ASSAY_E_TOO_LARGE);
    doc = doc_of(&arena, "[1e999]");
    cr_expect_eq(x402_hash(hash, &doc, 0, NULL), ASSAY_E_RANGE);
    cr_expect_eq(x402_hash(hash, &doc, ASSAY_JSON_NONE, NULL), ASSAY_E_MISSING);
    cr_expect_str_eq(hash, "kept");
    (void)assay_alloc_fail_after(0);
    doc.token_count = 1; /* the root alone: an empty array would do */
    cr_expect_eq(x402_hash(hash, &doc, 0, NULL), ASSAY_E_NOMEM);
    (void)assay_alloc_fail_after(SIZE_MAX);
    assay_buf_fini(&text);
    assay_arena_fini(&arena);
}
