/* Scripts as text: what is printed assembles to the same bytes, and the official rows to theirs. */
#include "kaspa/script.h"

#include "base/hex.h"
#include "ref/tests/guard.h"
#include "ref/tests/hex_text.h"
#include "ref/tests/upstream.h"

enum { ROOM = 1 << 20 };

static bool decodes(struct assay_bytes script)
{
    struct kaspa_instruction i;

    for (size_t at = 0; at < script.len; at = i.next) {
        if (kaspa_instruction_decode(&i, script, at) != KASPA_SCRIPT_OK)
            return false;
    }
    return true;
}

/* The text of a script is one that assembles to it, unless it says that it does not decode. */
static void expect_round_trip(struct assay_bytes script, const char *row)
{
    struct assay_buf text = ASSAY_BUF_INIT(8 * (size_t)ROOM), again = ASSAY_BUF_INIT(ROOM);
    struct assay_err err = {0};
    enum assay_code rc;

    kaspa_script_add_text(&text, script);
    cr_assert(assay_buf_ok(&text));
    rc = kaspa_script_assemble(&again, assay_buf_view(&text), &err);
    if (decodes(script)) {
        cr_expect_eq(rc, ASSAY_OK, "row: %s: %s", row, err.text);
        cr_expect(assay_bytes_equal(assay_buf_view(&again), script), "row: %s", row);
    } else {
        cr_expect_eq(rc, ASSAY_E_UNKNOWN, "row: %s", row);
        cr_expect_eq(text.at[err.at], '[', "row: %s", row);
        cr_expect_eq(text.at[text.len - 1], ']', "row: %s", row);
    }
    assay_buf_fini(&text);
    assay_buf_fini(&again);
}

Test(kaspa_script_text, shows_what_the_bytes_are)
{
    static const struct {
        const char *script, *text;
    } rows[] = {
        {"", ""},
        {"00", "0"},
        {"4f", "-1"},
        {"5160", "1 16"},
        {"0105", "DATA1 0x05"},
        {"0401020304ac", "DATA4 0x01020304 CHECKSIG"},
        {"4c00", "PUSHDATA1 0x00"},
        {"4c050102030405", "PUSHDATA1 0x05 0x0102030405"},
        {"4d0200abcd61", "PUSHDATA2 0x0200 0xabcd NOP"},
        {"4e01000000ff", "PUSHDATA4 0x01000000 0xff"},
        {"50ca", "RESERVED UNKNOWN_CA"},
        {"4c", "[MalformedPushSize at 0: 4c]"},
        {"61614c0501", "NOP NOP [MalformedPush at 2: 4c0501]"},
        {"4c20000102030405060708090a0b0c0d",
         "[MalformedPush at 0: 4c20000102030405060708090a0b0c0d]"},
        {"4c20000102030405060708090a0b0c0d0e",
         "[MalformedPush at 0: 4c20000102030405060708090a0b0c0d…]"},
        {"20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f75",
         "DATA32 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f DROP"},
        {"21000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
         "DATA33 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"},
    };
    struct assay_arena arena = ASSAY_ARENA_INIT(ROOM);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf text = ASSAY_BUF_INIT(200);
        struct guard g = guard_of(hex(&arena, rows[i].script));

        kaspa_script_add_text(&text, g.bytes);
        cr_assert(assay_buf_ok(&text));
        cr_expect_str_eq(assay_buf_cstr(&text), rows[i].text);
        expect_round_trip(g.bytes, rows[i].text);
        assay_buf_fini(&text);
        guard_free(&g);
    }
    assay_arena_fini(&arena);
}

Test(kaspa_script_text, the_official_rows_assemble_to_their_bytes_and_survive_printing)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)4 << 20);
    json_t *rows = upstream_load("rusty-kaspa/script_tests.json");
    json_t *expanded = upstream_load("rusty-kaspa/script_tests_expanded.json"), *row;
    size_t count = 0, i;

    json_array_foreach (json_object_get(expanded, "cases"), i, row) {
        const json_t *source =
            json_array_get(rows, (size_t)json_integer_value(json_array_get(row, 0)));

        for (size_t column = 0; column < 2; column++) {
            struct assay_bytes script = upstream_hex(&arena, json_array_get(row, column + 1));
            const char *text = json_string_value(json_array_get(source, column));
            struct assay_buf out = ASSAY_BUF_INIT(ROOM);
            struct assay_err err = {0};

            cr_assert_not_null(text);
            cr_expect_eq(kaspa_script_assemble(&out, assay_str(text), &err), ASSAY_OK,
                         "row: %s: %s", text, err.text);
            cr_expect(assay_bytes_equal(assay_buf_view(&out), script), "row: %s", text);
            expect_round_trip(script, text);
            assay_buf_fini(&out);
        }
        count++;
    }
    cr_expect_eq(count, 955);
    json_decref(rows);
    json_decref(expanded);
    assay_arena_fini(&arena);
}

Test(kaspa_script_text, of_any_bytes_survives_or_says_that_they_do_not_decode)
{
    uint32_t seed = 1;

    for (unsigned run = 0; run < 3000; run++) {
        uint8_t script[200];
        size_t len = run % sizeof(script);

        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525 + 1013904223;
            /* small numbers often, so that pushes find their data */
            script[i] = (uint8_t)(seed >> 28 < 8 ? seed >> 22 & 15 : seed >> 20);
        }
        expect_round_trip(assay_bytes_of(script, len), "random");
    }
}

Test(kaspa_script_text, of_every_opcode_survives)
{
    static const uint8_t zeros[300] = {0};

    for (int byte = 0; byte < 256; byte++) {
        uint8_t script[sizeof(zeros)];
        struct kaspa_instruction i;

        memcpy(script, zeros, sizeof(zeros));
        script[0] = (uint8_t)byte;
        cr_assert_eq(kaspa_instruction_decode(&i, assay_bytes_of(script, sizeof(script)), 0),
                     KASPA_SCRIPT_OK);
        expect_round_trip(assay_bytes_of(script, i.next), kaspa_opcode_name((uint8_t)byte));
    }
}

Test(kaspa_script_text, assembles_numbers_hex_quotes_names_and_comments)
{
    static const struct {
        const char *text, *script;
    } rows[] = {
        {"", ""},
        {" \t\r\n\v\f ", ""},
        {"# nothing", ""},
        {"#\n#\n", ""},
        {"1#2\n3 # 4", "5153"},
        {"1\r#2", "51"},
        {"0 -0 +0 00", "00000000"},
        {"1 +1 01 007 16 17", "5151515760"
                              "0111"},
        {"-1 -2 -127 -128", "4f018201ff028080"},
        {"9223372036854775807", "08ffffffffffffff7f"},
        {"-9223372036854775807", "08ffffffffffffffff"},
        {"-9223372036854775808", "09000000000000008080"},
        {"0x", ""},
        {"0x00 0xAbcD", "00abcd"},
        {"''", "00"},
        {"'a'", "0161"},
        {"'a'b'", "03612762"},
        {"'\x01'", "51"},
        {"'\x81'", "4f"},
        {"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
         "4c4c"
         "6161616161616161616161616161616161616161616161616161616161616161616161616161616161616161"
         "6161616161616161616161616161616161616161616161616161616161616161"},
        {"DUP OP_DUP OpDup op_dup", "76767676"},
        {"DATA_8 TX_INPUT_SEQ 1NEGATE TRUE", "08bd4f51"},
    };
    struct assay_arena arena = ASSAY_ARENA_INIT(ROOM);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i].text));
        struct assay_buf out = ASSAY_BUF_INIT(200);

        cr_expect_eq(kaspa_script_assemble(&out, g.bytes, NULL), ASSAY_OK, "row: %s", rows[i].text);
        cr_expect(assay_bytes_equal(assay_buf_view(&out), hex(&arena, rows[i].script)), "row: %s",
                  rows[i].text);
        assay_buf_fini(&out);
        guard_free(&g);
    }
    assay_arena_fini(&arena);
}

Test(kaspa_script_text, with_a_wrong_word_appends_nothing_and_says_where)
{
    static const struct {
        const char *text;
        enum assay_code rc;
        size_t at;
    } rows[] = {
        {"1 2 NOSUCH 3", ASSAY_E_UNKNOWN, 4},
        {"0X00", ASSAY_E_UNKNOWN, 0},
        {"-", ASSAY_E_UNKNOWN, 0},
        {"+", ASSAY_E_UNKNOWN, 0},
        {"--1", ASSAY_E_UNKNOWN, 0},
        {"1.5", ASSAY_E_UNKNOWN, 0},
        {"1-", ASSAY_E_UNKNOWN, 0},
        {"1/", ASSAY_E_UNKNOWN, 0},
        {"DUP\x01", ASSAY_E_UNKNOWN, 0},
        {"1 \x80", ASSAY_E_UNKNOWN, 2},
        {"[MalformedPush at 0: 4c]", ASSAY_E_UNKNOWN, 0},
        {"1 0x0", ASSAY_E_MALFORMED, 2},
        {"0x0g", ASSAY_E_MALFORMED, 0},
        {"0xx0", ASSAY_E_MALFORMED, 0},
        {"DUP 'a", ASSAY_E_MALFORMED, 4},
        {"'", ASSAY_E_MALFORMED, 0},
        {"'a b'", ASSAY_E_MALFORMED, 0},
        {"'a#b'", ASSAY_E_MALFORMED, 0},
        {"1 9223372036854775808", ASSAY_E_RANGE, 2},
        {"-9223372036854775809", ASSAY_E_RANGE, 0},
        {"18446744073709551616", ASSAY_E_RANGE, 0},
        {"#\n99999999999999999999999", ASSAY_E_RANGE, 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i].text));
        struct assay_buf out = ASSAY_BUF_INIT(200);
        struct assay_err err = {0};

        assay_buf_add_str(&out, "before");
        cr_expect_eq(kaspa_script_assemble(&out, g.bytes, &err), rows[i].rc, "row: %s",
                     rows[i].text);
        cr_expect_eq(err.code, rows[i].rc, "row: %s", rows[i].text);
        cr_expect_eq(err.at, rows[i].at, "row: %s", rows[i].text);
        cr_expect(assay_bytes_is(assay_buf_view(&out), "before"), "row: %s", rows[i].text);
        cr_expect(assay_buf_ok(&out));
        assay_buf_fini(&out);
        guard_free(&g);
    }
}

Test(kaspa_script_text, that_does_not_fit_is_refused_at_its_word)
{
    static const char *const rows[] = {"1 1 1 1 DUP", "1 1 1 1 17", "1 1 1 1 0xab", "1 1 1 1 'a'"};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t room[4];
        struct assay_buf out = ASSAY_BUF_OVER(room);
        struct assay_err err = {0}, later = {0};

        cr_expect_eq(kaspa_script_assemble(&out, assay_str(rows[i]), &err), ASSAY_E_TOO_LARGE);
        cr_expect_eq(err.at, 8, "row: %s", rows[i]);
        cr_expect_eq(out.len, 0, "row: %s", rows[i]);
        /* a buffer that has failed stays so */
        cr_expect_eq(kaspa_script_assemble(&out, ASSAY_LIT("1"), &later), ASSAY_E_TOO_LARGE);
        cr_expect_eq(out.len, 0, "row: %s", rows[i]);
    }
}

Test(kaspa_script_text, of_an_unbounded_script_stops_at_the_buffer)
{
    struct assay_buf out = ASSAY_BUF_INIT(50);
    uint8_t script[1000];

    memset(script, KASPA_OP_DUP, sizeof(script));
    kaspa_script_add_text(&out, assay_bytes_of(script, sizeof(script)));
    cr_expect_eq(out.bad, ASSAY_E_TOO_LARGE);
    cr_expect_leq(out.len, 50);
    assay_buf_fini(&out);
}

Test(kaspa_script_text, every_allocation_may_fail)
{
    const struct assay_bytes text = ASSAY_LIT(
        "1 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' "
        "DUP "
        "0x4c200000000000000000000000000000000000000000000000000000000000000000 17 0x4c05");
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t n;

    for (n = 0; rc != ASSAY_OK; n++) {
        struct assay_buf script = ASSAY_BUF_INIT(ROOM), shown = ASSAY_BUF_INIT(ROOM);

        (void)assay_alloc_fail_after(n);
        rc = kaspa_script_assemble(&script, text, NULL);
        if (rc == ASSAY_OK) {
            kaspa_script_add_text(&shown, assay_buf_view(&script));
            rc = shown.bad;
        } else {
            cr_expect_eq(script.len, 0);
        }
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM);
        assay_buf_fini(&script);
        assay_buf_fini(&shown);
    }
    cr_expect_gt(n, 4);
}

Test(kaspa_script_text, of_a_script_public_key_is_its_serialized_form)
{
    uint8_t script[100] = {0};
    const struct kaspa_spk small = {0x0102, ASSAY_LIT("\xaa\x00\xff")},
                           large = {0, assay_bytes_of(script, sizeof(script))};
    struct assay_buf out = ASSAY_BUF_INIT(1000), bytes = ASSAY_BUF_INIT(1000);
    uint8_t decoded[102];

    kaspa_spk_add_hex(&out, &small);
    cr_expect(assay_bytes_is(assay_buf_view(&out), "0102aa00ff"));
    for (size_t i = 0; i < sizeof(script); i++)
        script[i] = (uint8_t)(7 * i);
    assay_buf_clear(&out);
    kaspa_spk_add_hex(&out, &large);
    kaspa_spk_add_bytes(&bytes, &large);
    cr_assert_eq(assay_hex_decode(decoded, sizeof(decoded), assay_buf_view(&out), true), ASSAY_OK);
    cr_expect(assay_bytes_equal(assay_bytes_of(decoded, sizeof(decoded)), assay_buf_view(&bytes)));
    assay_buf_fini(&out);
    assay_buf_fini(&bytes);
}
