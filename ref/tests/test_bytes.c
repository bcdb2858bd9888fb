/* Slices and the cursor over them. */
#include "base/cursor.h"
#include "ref/tests/guard.h"

#include <criterion/criterion.h>

Test(bytes, an_empty_slice_still_points_somewhere)
{
    cr_expect_not_null(assay_bytes_of(NULL, 7).at);
    cr_expect_eq(assay_bytes_of(NULL, 7).len, 0);
    cr_expect_not_null(assay_str(NULL).at);
    cr_expect(assay_bytes_equal(assay_str(NULL), ASSAY_LIT("")));
}

Test(bytes, compares_by_unsigned_byte_and_a_prefix_first)
{
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        {"", "", 0},    {"", "a", -1},        {"a", "ab", -1},
        {"b", "ab", 1}, {"\x7F", "\x80", -1}, {"same", "same", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(assay_bytes_compare(assay_str(rows[i].a), assay_str(rows[i].b)), rows[i].order,
                     "row %zu", i);
        cr_expect_eq(assay_bytes_compare(assay_str(rows[i].b), assay_str(rows[i].a)),
                     -rows[i].order, "row %zu, turned", i);
    }
}

Test(bytes, a_part_cannot_reach_outside)
{
    struct assay_bytes text = ASSAY_LIT("abcdef");

    cr_expect(assay_bytes_is(assay_bytes_part(text, 2, 4), "cd"));
    cr_expect(assay_bytes_is(assay_bytes_part(text, 4, 99), "ef"));
    cr_expect_eq(assay_bytes_part(text, 5, 2).len, 0);
    cr_expect_eq(assay_bytes_part(text, 99, SIZE_MAX).len, 0);
    cr_expect_eq(assay_bytes_find(text, 'e', 0), 4);
    cr_expect_eq(assay_bytes_find(text, 'e', 5), 6);
    cr_expect_eq(assay_bytes_find(text, 'e', 99), 6);
}

Test(bytes, only_ascii_letters_lose_their_case)
{
    cr_expect(assay_bytes_equal_nocase(ASSAY_LIT("Content-TYPE"), ASSAY_LIT("content-type")));
    cr_expect_not(assay_bytes_equal_nocase(ASSAY_LIT("@"), ASSAY_LIT("`")));
    cr_expect_not(assay_bytes_equal_nocase(ASSAY_LIT("["), ASSAY_LIT("{")));
    cr_expect_not(assay_bytes_equal_nocase(ASSAY_LIT("\xC4"), ASSAY_LIT("\xE4")));
    cr_expect_not(assay_bytes_equal_nocase(ASSAY_LIT("a"), ASSAY_LIT("ab")));
}

Test(cursor, reads_what_the_wire_has_and_knows_its_end)
{
    struct guard g = guard_of(ASSAY_LIT("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E"
                                        "\x0F\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1A\x1B\x1C"
                                        "\x1D"));
    struct assay_cur c = assay_cur_of(g.bytes);

    cr_expect_eq(assay_cur_u8(&c), 0x01);
    cr_expect_eq(assay_cur_u16be(&c), 0x0203);
    cr_expect_eq(assay_cur_u32be(&c), 0x04050607);
    cr_expect_eq(assay_cur_u64be(&c), UINT64_C(0x08090A0B0C0D0E0F));
    cr_expect_eq(assay_cur_u16le(&c), 0x1110);
    cr_expect_eq(assay_cur_u32le(&c), 0x15141312);
    cr_expect_eq(assay_cur_u64le(&c), UINT64_C(0x1D1C1B1A19181716));
    cr_expect(assay_cur_done(&c));
    cr_expect_eq(assay_cur_peek(&c), -1);
    cr_expect(assay_cur_done(&c), "looking at the end is no error");
    guard_free(&g);
}

Test(cursor, a_number_of_any_width_has_its_lowest_byte_first)
{
    static const uint8_t wire[] = {1, 2, 3, 4, 5, 6, 7, 0x88, 9};
    static const struct {
        size_t len;
        uint64_t number;
    } rows[] = {{0, 0},
                {1, 1},
                {2, 0x0201},
                {5, UINT64_C(0x0504030201)},
                {8, UINT64_C(0x8807060504030201)}};
    uint8_t out[sizeof(wire)];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memset(out, 0xee, sizeof(out));
        cr_expect_eq(assay_get_le(assay_bytes_of(wire, rows[i].len)), rows[i].number);
        assay_put_le(out, rows[i].len, UINT64_C(0x8807060504030201));
        cr_expect_eq(memcmp(out, wire, rows[i].len), 0, "%zu bytes", rows[i].len);
        cr_expect_eq(out[rows[i].len], 0xee, "%zu bytes, and no more", rows[i].len);
    }
    cr_expect_eq(assay_get_le(assay_bytes_of(wire, sizeof(wire))), rows[4].number, "the first 8");
}

Test(cursor, a_short_read_gives_zero_and_sticks)
{
    for (size_t len = 0; len < 8; len++) {
        struct guard g = guard_of(assay_bytes_part(ASSAY_LIT("\1\2\3\4\5\6\7"), 0, len));
        struct assay_cur c = assay_cur_of(g.bytes);

        cr_expect_eq(assay_cur_u64be(&c), 0);
        cr_expect(c.bad);
        cr_expect_eq(assay_cur_view(&c, 0).len, 0);
        cr_expect_eq(assay_cur_u8(&c), 0, "what is there is not read after a failure");
        cr_expect_eq(assay_cur_peek(&c), -1, "nor shown");
        cr_expect_eq(c.pos, 0);
        cr_expect_not(assay_cur_done(&c));
        guard_free(&g);
    }
}

Test(cursor, a_length_near_the_largest_does_not_wrap)
{
    struct assay_cur c = assay_cur_of(ASSAY_LIT("abc"));

    cr_expect_eq(assay_cur_u8(&c), 'a');
    cr_expect_eq(assay_cur_view(&c, SIZE_MAX).len, 0);
    cr_expect(c.bad);
}

Test(cursor, until_consumes_the_stop_and_marks_its_absence)
{
    struct assay_cur c = assay_cur_of(ASSAY_LIT("one:two:"));

    cr_expect(assay_bytes_is(assay_cur_until(&c, ':'), "one"));
    cr_expect_eq(assay_cur_peek(&c), 't');
    cr_expect(assay_bytes_is(assay_cur_until(&c, ':'), "two"));
    cr_expect(assay_cur_done(&c));
    c = assay_cur_of(ASSAY_LIT("rest"));
    cr_expect(assay_bytes_is(assay_cur_until(&c, ':'), "rest"));
    cr_expect(c.bad);
    cr_expect_eq(assay_cur_until(&c, 'r').len, 0);
}
