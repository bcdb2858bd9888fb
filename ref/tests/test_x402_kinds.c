/* What a facilitator lists, and what a server may publish of it. */
#include "x402/facilitator.h"

#include "ref/tests/x402_docs.h"

#define KIND(version, scheme, network, more)                                                       \
    "{\"x402Version\":" version ",\"scheme\":\"" scheme "\",\"network\":\"" network "\"" more "}"
#define MODES(list) ",\"extra\":{\"asset\":\"A\",\"modes\":" list "}"
#define SUPPORTED(kinds) "{\"kinds\":[" kinds "],\"extensions\":[],\"signers\":{}}"
#define EXACT KIND("2", "exact", "n:1", "")

static const struct {
    const char *name, *text;
    enum x402_fault fault;
    enum assay_code code;
    size_t kinds, left_out;
} supported_rows[] = {
    {"none", SUPPORTED(""), X402_FAULT_NONE, ASSAY_OK, 0, 0},
    {"one", SUPPORTED(EXACT), X402_FAULT_NONE, ASSAY_OK, 1, 0},
    {"with signers",
     "{\"kinds\":[" EXACT "],\"extensions\":[\"bazaar\"],\"signers\":{\"eip155:*\":[\"0x1\"]}}",
     X402_FAULT_NONE, ASSAY_OK, 1, 0},
    {"some of another shape",
     SUPPORTED("{}," EXACT ",5,\"exact\"," KIND("\"2\"", "exact", "n:1",
                                                "") "," KIND("2", "exact", "n:1", ",\"extra\":[]")),
     X402_FAULT_NONE, ASSAY_OK, 1, 5},
    {"no kinds", "{\"extensions\":[],\"signers\":{}}", X402_FAULT_SHAPE, ASSAY_E_MISSING, 0, 0},
    {"kinds an object", "{\"kinds\":{},\"extensions\":[],\"signers\":{}}", X402_FAULT_SHAPE,
     ASSAY_E_TYPE, 0, 0},
    {"no extensions", "{\"kinds\":[],\"signers\":{}}", X402_FAULT_SHAPE, ASSAY_E_MISSING, 0, 0},
    {"extensions of numbers", "{\"kinds\":[],\"extensions\":[1],\"signers\":{}}", X402_FAULT_SHAPE,
     ASSAY_E_TYPE, 0, 0},
    {"no signers", "{\"kinds\":[],\"extensions\":[]}", X402_FAULT_SHAPE, ASSAY_E_MISSING, 0, 0},
    {"signers a text each", "{\"kinds\":[],\"extensions\":[],\"signers\":{\"n:*\":\"a\"}}",
     X402_FAULT_SHAPE, ASSAY_E_TYPE, 0, 0},
    {"an array", "[]", X402_FAULT_SHAPE, ASSAY_E_TYPE, 0, 0},
};

Test(x402_supported, has_kinds_extensions_and_signers)
{
    for (size_t i = 0; i < ARRAY_LEN(supported_rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_json doc = doc_of(&arena, supported_rows[i].text);
        struct x402_supported supported = {.kind_count = 0};
        struct assay_err err = {0};

        cr_expect_eq(x402_supported_read(&supported, &arena, &doc, &err), supported_rows[i].fault,
                     "row: %s: %s", supported_rows[i].name, err.text);
        cr_expect_eq(err.code, supported_rows[i].code, "row: %s: %s", supported_rows[i].name,
                     err.text);
        cr_expect_eq(supported.kind_count, supported_rows[i].kinds, "row: %s",
                     supported_rows[i].name);
        cr_expect_eq(supported.left_out, supported_rows[i].left_out, "row: %s",
                     supported_rows[i].name);
        assay_arena_fini(&arena);
    }
}

Test(x402_supported, has_no_more_than_128_kinds)
{
    for (size_t count = X402_KINDS_MAX_ITEMS; count <= X402_KINDS_MAX_ITEMS + 1; count++) {
        bool fits = count == X402_KINDS_MAX_ITEMS;
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
        struct x402_supported supported = {.kind_count = 0};
        struct assay_err err = {0};
        struct assay_json doc;

        assay_buf_add_str(&text, "{\"kinds\":[" EXACT);
        for (size_t i = 1; i < count; i++)
            assay_buf_add_str(&text, "," EXACT);
        assay_buf_add_str(&text, "],\"extensions\":[],\"signers\":{}}");
        doc = doc_of_bytes(&arena, assay_buf_view(&text));
        cr_expect_eq(x402_supported_read(&supported, &arena, &doc, &err),
                     fits ? X402_FAULT_NONE : X402_FAULT_SHAPE);
        cr_expect_eq(supported.kind_count, fits ? count : 0);
        cr_expect_eq(err.code, fits ? ASSAY_OK : ASSAY_E_TOO_LARGE, "%s", err.text);
        assay_buf_fini(&text);
        assay_arena_fini(&arena);
    }
}

static const struct {
    const char *name, *more;
    enum x402_modes_state state;
    unsigned modes;
} modes_rows[] = {
    {"no extra", "", X402_MODES_PLAIN, 3},
    {"no modes", ",\"extra\":{}", X402_MODES_PLAIN, 3},
    {"none", MODES("[]"), X402_MODES_KNOWN, 0},
    {"one", MODES("[\"verify\"]"), X402_MODES_KNOWN, 1},
    {"all, one twice", MODES("[\"refund\",\"claim\",\"settle\",\"verify\",\"claim\"]"),
     X402_MODES_KNOWN, 15},
    {"a text", MODES("\"verify\""), X402_MODES_WRONG, 0},
    {"null", MODES("null"), X402_MODES_WRONG, 0},
    {"an unknown word", MODES("[\"verify\",\"mint\"]"), X402_MODES_WRONG, 0},
    {"another case", MODES("[\"Verify\"]"), X402_MODES_WRONG, 0},
    {"a number", MODES("[\"verify\",1]"), X402_MODES_WRONG, 0},
};

/* The kinds of a list, in the arena; parsed from "KIND,KIND". */
static struct x402_supported list_of(struct assay_arena *arena, const char *kinds)
{
    const char *text =
        assay_arena_printf(arena, "{\"kinds\":[%s],\"extensions\":[],\"signers\":{}}", kinds);
    struct assay_json *doc = assay_arena_alloc(arena, sizeof(*doc));
    struct x402_supported supported = {.kind_count = 0};
    struct assay_err err = {0};

    cr_assert(text != NULL && doc != NULL);
    *doc = doc_of(arena, text);
    cr_assert_eq(x402_supported_read(&supported, arena, doc, &err), X402_FAULT_NONE, "%s: %s",
                 kinds, err.text);
    return supported;
}

Test(x402_supported, reads_modes_or_says_that_they_are_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(modes_rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        const char *kind = assay_arena_printf(
            &arena, "{\"x402Version\":2,\"scheme\":\"exact\",\"network\":\"n:1\"%s}",
            modes_rows[i].more);
        struct x402_supported s = list_of(&arena, kind);

        cr_assert_eq(s.kind_count, 1);
        cr_expect_eq(s.kinds[0].modes_state, modes_rows[i].state, "row: %s", modes_rows[i].name);
        cr_expect_eq(s.kinds[0].modes, modes_rows[i].modes, "row: %s", modes_rows[i].name);
        assay_arena_fini(&arena);
    }
}

#define BATCH(modes) KIND("2", "batch-settlement", "n:1", MODES(modes))
#define ALL "[\"verify\",\"settle\",\"claim\",\"refund\"]"
#define PUBLISHED(kinds) SUPPORTED(kinds)

static const struct {
    const char *name, *own, *listed;
    bool has_settler;
    const char *published;
} publish_rows[] = {
    {"nothing of nothing", "", "", true, PUBLISHED("")},
    {"the same, without modes", EXACT, EXACT, false, PUBLISHED(EXACT)},
    {"nothing listed", EXACT, "", false, PUBLISHED("")},
    {"a kind that the server has not", EXACT, KIND("2", "upto", "n:1", "") "," EXACT, false,
     PUBLISHED(EXACT)},
    {"another network", EXACT, KIND("2", "exact", "n:2", ""), false, PUBLISHED("")},
    {"another version", EXACT, KIND("1", "exact", "n:1", ""), false, PUBLISHED("")},
    {"another case of a scheme", EXACT, KIND("2", "Exact", "n:1", ""), false, PUBLISHED("")},
    {"the server's extra, whatever is listed",
     KIND("2", "exact", "n:1", ",\"extra\":{\"asset\":\"A\"}"),
     KIND("2", "exact", "n:1", ",\"extra\":{\"asset\":\"B\",\"more\":1}"), false,
     PUBLISHED(KIND("2", "exact", "n:1", ",\"extra\":{\"asset\":\"A\"}"))},
    {"fewer modes than the server's", KIND("2", "exact", "n:1", MODES("[\"verify\",\"settle\"]")),
     KIND("2", "exact", "n:1", MODES("[\"verify\"]")), false,
     PUBLISHED(KIND("2", "exact", "n:1", MODES("[\"verify\"]")))},
    {"more modes than the server's", KIND("2", "exact", "n:1", MODES("[\"verify\"]")),
     KIND("2", "exact", "n:1", MODES(ALL)), true,
     PUBLISHED(KIND("2", "exact", "n:1", MODES("[\"verify\"]")))},
    {"modes where the server has none", EXACT, KIND("2", "exact", "n:1", MODES("[\"verify\"]")),
     false, PUBLISHED(KIND("2", "exact", "n:1", ",\"extra\":{\"modes\":[\"verify\"]}"))},
    {"modes of the server where none are listed",
     KIND("2", "exact", "n:1", MODES("[\"settle\",\"verify\",\"settle\"]")), EXACT, false,
     PUBLISHED(KIND("2", "exact", "n:1", MODES("[\"verify\",\"settle\"]")))},
    {"no mode left", KIND("2", "exact", "n:1", MODES("[\"verify\"]")),
     KIND("2", "exact", "n:1", MODES("[\"settle\"]")), false, PUBLISHED("")},
    {"listed with an unknown mode", EXACT, KIND("2", "exact", "n:1", MODES("[\"verify\",\"x\"]")),
     false, PUBLISHED("")},
    {"listed with modes that are no array", EXACT, KIND("2", "exact", "n:1", MODES("\"verify\"")),
     false, PUBLISHED("")},
    {"the server's modes are wrong", KIND("2", "exact", "n:1", MODES("{}")), EXACT, false,
     PUBLISHED("")},
    {"listed twice, once wrong", EXACT,
     KIND("2", "exact", "n:1", MODES("[1]")) "," KIND("2", "exact", "n:1", MODES("[\"settle\"]")),
     false, PUBLISHED(KIND("2", "exact", "n:1", ",\"extra\":{\"modes\":[\"settle\"]}"))},
    {"listed twice, in two parts", EXACT,
     KIND("2", "exact", "n:1", MODES("[\"verify\"]")) "," KIND("2", "exact", "n:1",
                                                               MODES("[\"settle\"]")),
     false, PUBLISHED(KIND("2", "exact", "n:1", ",\"extra\":{\"modes\":[\"verify\",\"settle\"]}"))},
    {"claims with a settler", BATCH(ALL), BATCH(ALL), true, PUBLISHED(BATCH(ALL))},
    {"claims without a settler", BATCH(ALL), BATCH(ALL), false,
     PUBLISHED(BATCH("[\"verify\",\"settle\"]"))},
    {"claims alone, without a settler", BATCH("[\"claim\"]"), BATCH(ALL), false, PUBLISHED("")},
    {"claims of another scheme", KIND("2", "exact", "n:1", MODES(ALL)),
     KIND("2", "exact", "n:1", MODES(ALL)), true,
     PUBLISHED(KIND("2", "exact", "n:1", MODES("[\"verify\",\"settle\"]")))},
};

Test(x402_kinds, are_published_as_the_server_has_them_where_the_facilitator_does_too)
{
    for (size_t i = 0; i < ARRAY_LEN(publish_rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct x402_supported own = list_of(&arena, publish_rows[i].own);
        struct x402_supported listed = list_of(&arena, publish_rows[i].listed);
        struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
        struct x402_kind published[4];
        size_t count;

        cr_assert_leq(own.kind_count, ARRAY_LEN(published));
        count = x402_kinds_publish(published, own.kinds, own.kind_count, listed.kinds,
                                   listed.kind_count, publish_rows[i].has_settler);
        x402_supported_write(&out, published, count, ASSAY_LIT(""), ASSAY_LIT(""));
        cr_expect(assay_bytes_is(assay_buf_view(&out), publish_rows[i].published), "row: %s: %.*s",
                  publish_rows[i].name, (int)out.len, (const char *)out.at);
        assay_buf_fini(&out);
        assay_arena_fini(&arena);
    }
}

/* Whatever a facilitator lists, what is published is the server's own, in modes that it has. */
Test(x402_kinds, are_never_widened)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);

    for (size_t i = 0; i < ARRAY_LEN(publish_rows); i++)
        for (size_t j = 0; j < ARRAY_LEN(publish_rows); j++) {
            struct x402_supported own = list_of(&arena, publish_rows[i].own);
            struct x402_supported listed = list_of(&arena, publish_rows[j].listed);
            struct x402_kind published[4];
            size_t count = x402_kinds_publish(published, own.kinds, own.kind_count, listed.kinds,
                                              listed.kind_count, true);

            cr_assert_leq(count, own.kind_count);
            for (size_t k = 0; k < count; k++) {
                cr_expect_eq(published[k].doc, own.doc);
                cr_expect_neq(published[k].modes, 0);
                cr_expect_eq(published[k].modes & ~own.kinds[0].modes, 0);
            }
        }
    assay_arena_fini(&arena);
}

Test(x402_supported, is_written_with_what_stands_beside_the_kinds)
{
    struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    const struct x402_kind kind = {.version = 2,
                                   .scheme = ASSAY_LIT("a\"b"),
                                   .network = ASSAY_LIT("n:1"),
                                   .extra = ASSAY_JSON_NONE};

    x402_supported_write(&out, &kind, 1, ASSAY_LIT("[\"bazaar\"]"), ASSAY_LIT("{\"n:*\":[]}"));
    cr_expect(assay_bytes_is(assay_buf_view(&out),
                             "{\"kinds\":[{\"x402Version\":2,\"scheme\":\"a\\\"b\",\"network\":"
                             "\"n:1\"}],\"extensions\":[\"bazaar\"],\"signers\":{\"n:*\":[]}}"));
    assay_buf_fini(&out);
}

Test(x402_supported, says_so_when_memory_is_short)
{
    /* of the kinds; and for them, but not for a text that was written with escapes */
    static const size_t rooms[] = {0, sizeof(struct x402_kind)};

    for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(DOCS_ARENA_BYTES);
        struct assay_arena small = ASSAY_ARENA_INIT(rooms[i]);
        struct assay_json doc = doc_of(&arena, SUPPORTED(KIND("2", "ex\\u0061ct", "n:1", "")));
        struct x402_supported supported = {.left_out = 99};
        struct assay_err err = {0};

        cr_expect_eq(x402_supported_read(&supported, &small, &doc, &err), X402_FAULT_SHAPE);
        cr_expect_eq(err.code, ASSAY_E_NOMEM, "%s", err.text);
        cr_expect_eq(supported.left_out, 99);
        assay_arena_fini(&small);
        assay_arena_fini(&arena);
    }
}
