/* The JSON tokenizer: what it takes, what it refuses and where, and what its tokens say. */
#include "base/json.h"

#include "ref/tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct assay_json_token room[64];

static enum assay_code parse(struct assay_json *doc, const char *text)
{
    return assay_json_parse(doc, room, ARRAY_LEN(room), assay_str(text), ASSAY_JSON_STRICT, NULL);
}

Test(json, takes_every_kind_of_value)
{
    static const char *const rows[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "10",
        "-1.5e+10",
        "1E2",
        "0.5",
        "\"\"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1,2]",
        " [ 1 , 2 ] ",
        "{\"a\":1}",
        "\t\r\n{ \"a\" : [ ] , \"b\" : { } }\n",
        "\"\x7F\"",
        "\"\xE2\x80\xA8\"",
        "\"\xF4\x8F\xBF\xBF\"",
        "[[[[]]],{}]",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i]));
        struct assay_json doc;
        struct assay_err err = {0};

        cr_expect_eq(
            assay_json_parse(&doc, room, ARRAY_LEN(room), g.bytes, ASSAY_JSON_STRICT, &err),
            ASSAY_OK, "row: %s: %s", rows[i], err.text);
        guard_free(&g);
    }
}

static const struct {
    const char *text;
    size_t at;
} refused[] = {
    {"", 0},
    {" ", 1},
    {"nul", 0},
    {"nulll", 4},
    {"True", 0},
    {"NaN", 0},
    {"Infinity", 0},
    {"-Infinity", 1},
    {"undefined", 0},
    {"01", 1},
    {"-", 1},
    {"-01", 2},
    {"+1", 0},
    {".5", 0},
    {"1.", 2},
    {"1.e1", 2},
    {"1e", 2},
    {"1e+", 3},
    {"0x10", 1},
    {"1_0", 1},
    {"\"", 1},
    {"\"a", 2},
    {"'a'", 0},
    {"\"\\\"", 3},
    {"\"\\x41\"", 2},
    {"\"\\u12\"", 5},
    {"\"\\u12`4\"", 5},
    {"\"\\u12/4\"", 5},
    {"\"\\u12:4\"", 5},
    {"\"\\u12@4\"", 5},
    {"\"\\u12g4\"", 5},
    {"\"\\U0041\"", 2},
    {"\"a\nb\"", 2},
    {"\"a\x1F\"", 2},
    {"\"\x80\"", 1},
    {"\"\xED\xA0\x80\"", 1},
    {"\"\xC0\xAF\"", 1},
    {"\"\xF4\x90\x80\x80\"", 1},
    {"\"\xE2\x82\"", 1},
    {"[", 1},
    {"[1", 2},
    {"[1,", 3},
    {"[1,]", 3},
    {"[,1]", 1},
    {"[1 2]", 3},
    {"[1}", 2},
    {"]", 0},
    {"{", 1},
    {"{\"a\"", 4},
    {"{\"a\":", 5},
    {"{\"a\":1", 6},
    {"{\"a\":1,", 7},
    {"{\"a\":1,}", 7},
    {"{a:1}", 1},
    {"{1:1}", 1},
    {"{\"a\" 1}", 5},
    {"{\"a\":1 \"b\":2}", 7},
    {"{,}", 1},
    {"{\"a\":1]", 6},
    {"1 2", 2},
    {"{}{}", 2},
    {"[]x", 2},
    {"/* c */1", 0},
    {"1//", 1},
    {"\xEF\xBB\xBF{}", 0},
    {"\xC2\xA0"
     "1",
     0},
    {"\v1", 0},
};

Test(json, refuses_every_other_text_and_says_where)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct guard g = guard_of(assay_str(refused[i].text));
        struct assay_json doc = {.token_count = 77};
        struct assay_err err = {0};

        cr_expect_eq(
            assay_json_parse(&doc, room, ARRAY_LEN(room), g.bytes, ASSAY_JSON_STRICT, &err),
            ASSAY_E_MALFORMED, "row: %s", refused[i].text);
        cr_expect_eq(err.at, refused[i].at, "row: %s: %zu: %s", refused[i].text, err.at, err.text);
        cr_expect_eq(doc.token_count, 77, "row: %s", refused[i].text);
        guard_free(&g);
    }
}

Test(json, a_nul_byte_is_no_space_and_no_end)
{
    struct assay_json doc;

    cr_expect_eq(assay_json_parse(&doc, room, 64, ASSAY_LIT("{}\0"), ASSAY_JSON_STRICT, NULL),
                 ASSAY_E_MALFORMED);
    cr_expect_eq(assay_json_parse(&doc, room, 64, ASSAY_LIT("\"\0\""), ASSAY_JSON_STRICT, NULL),
                 ASSAY_E_MALFORMED);
}

Test(json, every_strict_prefix_is_refused)
{
    static const char text[] = "{\"a\":[1.5e+3,true,null,{\"\\u00e9\\ud83d\\ude00\":\"\xC3\xA9\"}],"
                               "\"b\":{},\"c\":false,\"d\":-0}";
    struct assay_json doc;

    cr_assert_eq(parse(&doc, text), ASSAY_OK);
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        struct guard g = guard_of(assay_bytes_of(text, len));

        cr_expect_eq(assay_json_parse(&doc, room, 64, g.bytes, ASSAY_JSON_STRICT, NULL),
                     ASSAY_E_MALFORMED, "the first %zu bytes", len);
        guard_free(&g);
    }
}

Test(json, needs_exactly_as_many_tokens_as_there_are_values_and_names)
{
    struct assay_json doc;
    struct assay_err err = {0};
    struct assay_bytes text = ASSAY_LIT("{\"a\":[1,2],\"b\":null}");

    for (size_t n = 0; n < 7; n++)
        cr_expect_eq(assay_json_parse(&doc, room, n, text, ASSAY_JSON_STRICT, NULL),
                     ASSAY_E_TOO_LARGE);
    cr_expect_eq(assay_json_parse(&doc, room, 7, text, ASSAY_JSON_STRICT, &err), ASSAY_OK);
    cr_expect_eq(doc.token_count, 7);
    cr_expect_eq(doc.tokens[0].next, 7);
    cr_expect_eq(doc.tokens[0].count, 2);
    cr_expect_eq(doc.tokens[2].next, 5);
    cr_expect_eq(doc.tokens[2].count, 2);
}

Test(json, lengths_beyond_what_a_token_can_say_are_refused_and_room_beyond_them_is_not)
{
    struct assay_json_token token;
    struct assay_json doc;
    struct assay_err err = {0};

    cr_expect_eq(assay_json_parse(&doc, &token, SIZE_MAX, ASSAY_LIT("1"), ASSAY_JSON_STRICT, &err),
                 ASSAY_OK, "%s", err.text);
    cr_expect_eq(doc.token_count, 1);
    cr_expect_eq(assay_json_parse(&doc, &token, 1, assay_bytes_of((const uint8_t *)"1", UINT32_MAX),
                                  ASSAY_JSON_STRICT, &err),
                 ASSAY_E_TOO_LARGE, "before a byte is read");
}

Test(json, nesting_has_its_limit)
{
    char text[2 * ASSAY_JSON_MAX_DEPTH + 3];
    struct assay_json_token tokens[ASSAY_JSON_MAX_DEPTH + 2];
    struct assay_json doc;

    for (size_t depth = ASSAY_JSON_MAX_DEPTH; depth < ASSAY_JSON_MAX_DEPTH + 2; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        cr_expect_eq(assay_json_parse(&doc, tokens, ARRAY_LEN(tokens),
                                      assay_bytes_of(text, 2 * depth), ASSAY_JSON_STRICT, NULL),
                     depth <= ASSAY_JSON_MAX_DEPTH ? ASSAY_OK : ASSAY_E_TOO_LARGE);
    }
}

Test(json, a_name_may_stand_once_however_it_is_written)
{
    static const struct {
        const char *text;
        size_t at; /* of the later name, 0 where there is no duplicate */
    } rows[] = {
        {"{\"a\":1,\"a\":2}", 8},
        {"{\"a\":1,\"\\u0061\":2}", 8},
        {"{\"\":1,\"b\":0,\"\":2}", 13},
        {"{\"/\":1,\"\\/\":2}", 8},
        {"{\"\xF0\x9F\x98\x80\":1,\"\\ud83d\\uDE00\":2}", 11},
        {"{\"\\ud83d\":1,\"\\uD83D\":2}", 13},
        {"[{\"x\":{\"c\":1,\"b\":2,\"c\":3}}]", 20},
        {"{\"c\":1,\"b\":2,\"a\":3,\"b\":4}", 20},
        {"{\"a\":1,\"A\":2}", 0},
        {"{\"a\":1,\"a \":2,\"\":3,\"aa\":4}", 0},
        {"{\"a\":{\"a\":{\"a\":1}}}", 0},
        {"[{\"a\":1},{\"a\":2}]", 0},
        {"{\"\\ud83d\":1,\"\\ude00\":2,\"\\ud83d\\ude00\":3}", 0},
        {"{\"a\\u0000\":1,\"a\":2}", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_json doc;
        struct assay_err err = {0};
        enum assay_code rc =
            assay_json_parse(&doc, room, 64, assay_str(rows[i].text), ASSAY_JSON_STRICT, &err);

        cr_expect_eq(rc, rows[i].at > 0 ? ASSAY_E_DUPLICATE : ASSAY_OK, "row: %s", rows[i].text);
        cr_expect_eq(err.at, rows[i].at, "row: %s: %zu", rows[i].text, err.at);
        cr_expect_eq(assay_json_parse(&doc, room, 64, assay_str(rows[i].text),
                                      ASSAY_JSON_LAST_DUPLICATE_WINS, NULL),
                     ASSAY_OK, "row: %s", rows[i].text);
    }
}

Test(json, the_last_duplicate_wins_where_that_is_asked_for)
{
    struct assay_json doc;
    uint64_t value = 0;

    cr_assert_eq(assay_json_parse(&doc, room, 64,
                                  ASSAY_LIT("{\"b\":1,\"a\":2,\"\\u0062\":3,\"a\":4,\"b\":5}"),
                                  ASSAY_JSON_LAST_DUPLICATE_WINS, NULL),
                 ASSAY_OK);
    cr_expect_eq(assay_json_u64(&value, &doc, assay_json_member(&doc, 0, "b")), ASSAY_OK);
    cr_expect_eq(value, 5);
    cr_expect_eq(assay_json_u64(&value, &doc, assay_json_member(&doc, 0, "a")), ASSAY_OK);
    cr_expect_eq(value, 4);
    cr_expect_eq(doc.tokens[0].count, 5, "all are there to walk over");
}

/* 16384 members, a quadratic search would take 2^27 comparisons of names that begin alike. */
Test(json, very_many_members_are_ordered_and_a_duplicate_among_them_is_found)
{
    enum { MEMBERS = 16384 };
    static struct assay_json_token tokens[2 * MEMBERS + 1];
    struct assay_buf text = ASSAY_BUF_INIT(1 << 22);
    struct assay_json doc;
    struct assay_err err = {0};
    uint32_t at;
    unsigned walked = 0;

    assay_buf_add_byte(&text, '{');
    for (unsigned i = 0; i < MEMBERS; i++)
        assay_buf_printf(&text, "%s\"a name that begins as all of them do %05u\":%u",
                         i > 0 ? "," : "", (i * 7919 + 5) % MEMBERS, i);
    assay_buf_add_byte(&text, '}');
    cr_assert_eq(assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_buf_view(&text),
                                  ASSAY_JSON_STRICT, &err),
                 ASSAY_OK, "%s", err.text);
    for (at = doc.tokens[0].order; at != ASSAY_JSON_NONE; at = doc.tokens[at].order) {
        char name[64];

        cr_assert_lt(
            snprintf(name, sizeof(name), "a name that begins as all of them do %05u", walked++),
            (int)sizeof(name));
        cr_assert(assay_json_string_is(&doc, at, name), "%s", name);
    }
    cr_expect_eq(walked, MEMBERS);
    memcpy(text.at + 2 + 37, "07924", 5); /* the first name, made like the second */
    cr_expect_eq(assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_buf_view(&text),
                                  ASSAY_JSON_STRICT, &err),
                 ASSAY_E_DUPLICATE);
    assay_buf_fini(&text);
}

Test(json, members_are_found_by_their_unescaped_name)
{
    struct assay_json doc;
    uint32_t inner;

    cr_assert_eq(parse(&doc, "{\"pl\\u0061in\":1,\"\\u00e9\":{\"x\":\"y\"},\"n\\u0000l\":3,"
                             "\"plainer\":4,\"\\ud83d\":5}"),
                 ASSAY_OK);
    cr_expect(assay_bytes_is(assay_json_raw(&doc, assay_json_member(&doc, 0, "plain")), "1"));
    cr_expect(
        assay_bytes_is(assay_json_raw(&doc, assay_json_member(&doc, 0, "\xED\xA0\xBD")), "5"));
    inner = assay_json_member(&doc, 0, "\xC3\xA9");
    cr_expect_eq(assay_json_type(&doc, inner), ASSAY_JSON_OBJECT);
    cr_expect(assay_json_string_is(&doc, assay_json_member(&doc, inner, "x"), "y"));
    cr_expect_eq(assay_json_member(&doc, 0, "n"), ASSAY_JSON_NONE, "a NUL does not end a name");
    cr_expect_eq(assay_json_member(&doc, 0, "plai"), ASSAY_JSON_NONE);
    cr_expect_eq(assay_json_member(&doc, 0, "x"), ASSAY_JSON_NONE, "of the inner object only");
    cr_expect_eq(assay_json_member(&doc, 1, "plain"), ASSAY_JSON_NONE, "a name is no object");
}

Test(json, children_are_walked_in_document_order)
{
    struct assay_json doc;
    struct assay_buf seen = ASSAY_BUF_INIT(200);
    uint32_t list;

    cr_assert_eq(parse(&doc, "{\"z\":[[],[1,[2]],{\"k\":{}},\"s\"],\"a\":{},\"m\":3}"), ASSAY_OK);
    for (uint32_t at = assay_json_first(&doc, 0); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(&doc, 0, at)) {
        assay_buf_add(&seen, assay_json_raw(&doc, at));
        assay_buf_add_byte(&seen, '=');
        assay_buf_add(&seen, assay_json_raw(&doc, at + 1));
        assay_buf_add_byte(&seen, ' ');
    }
    list = assay_json_member(&doc, 0, "z");
    for (uint32_t at = assay_json_first(&doc, list); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(&doc, list, at)) {
        assay_buf_add(&seen, assay_json_raw(&doc, at));
        assay_buf_add_byte(&seen, ' ');
    }
    cr_expect_str_eq(assay_buf_cstr(&seen), "\"z\"=[[],[1,[2]],{\"k\":{}},\"s\"] \"a\"={} \"m\"=3 "
                                            "[] [1,[2]] {\"k\":{}} \"s\" ");
    cr_expect_eq(assay_json_first(&doc, assay_json_member(&doc, 0, "a")), ASSAY_JSON_NONE);
    cr_expect_eq(assay_json_first(&doc, assay_json_member(&doc, 0, "m")), ASSAY_JSON_NONE);
    assay_buf_fini(&seen);
}

Test(json, every_accessor_takes_none_and_says_no)
{
    struct assay_json doc;
    struct assay_buf out = ASSAY_BUF_INIT(10);
    uint64_t value = 77;

    cr_assert_eq(parse(&doc, "{}"), ASSAY_OK);
    cr_expect_eq(assay_json_type(&doc, ASSAY_JSON_NONE), ASSAY_JSON_NULL);
    cr_expect_eq(assay_json_member(&doc, ASSAY_JSON_NONE, "a"), ASSAY_JSON_NONE);
    cr_expect_eq(assay_json_first(&doc, ASSAY_JSON_NONE), ASSAY_JSON_NONE);
    cr_expect_eq(assay_json_next_sibling(&doc, ASSAY_JSON_NONE, 0), ASSAY_JSON_NONE);
    cr_expect_eq(assay_json_next_sibling(&doc, 0, ASSAY_JSON_NONE), ASSAY_JSON_NONE);
    cr_expect_eq(assay_json_next_sibling(&doc, 0, 0), ASSAY_JSON_NONE, "no child of itself");
    cr_expect_eq(assay_json_raw(&doc, ASSAY_JSON_NONE).len, 0);
    cr_expect_eq(assay_json_string(&out, &doc, ASSAY_JSON_NONE), ASSAY_E_TYPE);
    cr_expect_not(assay_json_string_is(&doc, ASSAY_JSON_NONE, ""));
    cr_expect_eq(assay_json_u64(&value, &doc, ASSAY_JSON_NONE), ASSAY_E_TYPE);
    cr_expect_eq(assay_json_canonical(&out, &doc, ASSAY_JSON_NONE, NULL), ASSAY_E_MISSING);
    cr_expect_eq(value, 77);
    cr_expect_eq(out.len, 0);
    assay_buf_fini(&out);
}

Test(json, strings_are_unescaped_and_lone_surrogates_kept)
{
    static const struct {
        const char *text;
        struct assay_bytes want;
    } rows[] = {
        {"\"plain\"", {(const uint8_t *)"plain", 5}},
        {"\"\\b\\f\\n\\r\\t\\\"\\\\\\/\"", {(const uint8_t *)"\b\f\n\r\t\"\\/", 8}},
        {"\"\\u0000\\u00e9\\u20AC\"", {(const uint8_t *)"\0\xC3\xA9\xE2\x82\xAC", 6}},
        {"\"\\ud83d\\ude00\"", {(const uint8_t *)"\xF0\x9F\x98\x80", 4}},
        {"\"\\ud83d\\ud83d\\ude00\"", {(const uint8_t *)"\xED\xA0\xBD\xF0\x9F\x98\x80", 7}},
        {"\"\\ude00\\ud83d\"", {(const uint8_t *)"\xED\xB8\x80\xED\xA0\xBD", 6}},
        {"\"\\ud83dx\"", {(const uint8_t *)"\xED\xA0\xBDx", 4}},
        {"\"\\ud83d\\n\"", {(const uint8_t *)"\xED\xA0\xBD\n", 4}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf out = ASSAY_BUF_INIT(100);
        struct assay_json doc;

        cr_assert_eq(parse(&doc, rows[i].text), ASSAY_OK, "row: %s", rows[i].text);
        cr_expect_eq(assay_json_string(&out, &doc, 0), ASSAY_OK);
        cr_expect(assay_bytes_equal(assay_buf_view(&out), rows[i].want), "row: %s", rows[i].text);
        assay_buf_fini(&out);
    }
}

Test(json, a_string_is_its_unescaped_text_and_nothing_near_it)
{
    struct assay_json doc;

    cr_assert_eq(parse(&doc, "\"\\u0061bc\""), ASSAY_OK);
    cr_expect(assay_json_string_is(&doc, 0, "abc"));
    cr_expect_not(assay_json_string_is(&doc, 0, "ab"));
    cr_expect_not(assay_json_string_is(&doc, 0, "abcd"));
    cr_expect_not(assay_json_string_is(&doc, 0, "\\u0061bc"));
    cr_expect_not(assay_json_string_is(&doc, 0, ""));
    cr_assert_eq(parse(&doc, "\"a\\u0000\""), ASSAY_OK);
    cr_expect_not(assay_json_string_is(&doc, 0, "a"));
    cr_assert_eq(parse(&doc, "1"), ASSAY_OK);
    cr_expect_not(assay_json_string_is(&doc, 0, "1"));
}

Test(json, integers_are_read_whole_or_refused)
{
    static const struct {
        const char *text;
        enum assay_code rc;
        uint64_t value;
    } rows[] = {
        {"0", ASSAY_OK, 0},
        {"9007199254740993", ASSAY_OK, UINT64_C(9007199254740993)},
        {"18446744073709551615", ASSAY_OK, UINT64_MAX},
        {"18446744073709551616", ASSAY_E_RANGE, 77},
        {"-1", ASSAY_E_MALFORMED, 77},
        {"-0", ASSAY_E_MALFORMED, 77},
        {"1.0", ASSAY_E_MALFORMED, 77},
        {"1e3", ASSAY_E_MALFORMED, 77},
        {"\"1\"", ASSAY_E_TYPE, 77},
        {"true", ASSAY_E_TYPE, 77},
        {"[1]", ASSAY_E_TYPE, 77},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_json doc;
        uint64_t value = 77;

        cr_assert_eq(parse(&doc, rows[i].text), ASSAY_OK);
        cr_expect_eq(assay_json_u64(&value, &doc, 0), rows[i].rc, "row: %s", rows[i].text);
        cr_expect_eq(value, rows[i].value, "row: %s", rows[i].text);
    }
}
