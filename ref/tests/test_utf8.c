/* UTF-8: what is valid, what is put for what is not, and what may be shown. */
#include "base/utf8.h"

#include "ref/tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* Wrong texts with the count of maximal wrong parts (Unicode 15 section 3.9, tables 3-8 to 3-11).
 */
static const struct {
    const char *name, *text, *replaced;
} wrong[] = {
    {"lone continuation", "\x80", "\xEF\xBF\xBD"},
    {"overlong slash", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"overlong DEL", "\xC1\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"overlong of three", "\xE0\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"above U+10FFFF", "\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"first byte F5", "\xF5", "\xEF\xBF\xBD"},
    {"first byte FF", "a\xFFz", "a\xEF\xBF\xBDz"},
    {"cut after two of three", "\xE2\x82", "\xEF\xBF\xBD"},
    {"cut after three of four", "\xF0\x9F\x98", "\xEF\xBF\xBD"},
    {"cut by a letter", "\xF0\x9F\x98y", "\xEF\xBF\xBDy"},
    {"cut by a first byte", "\xE2\x82\xC3\xA9", "\xEF\xBF\xBD\xC3\xA9"},
    {"overlong of four", "\xF0\x80\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
};

Test(utf8, refuses_or_replaces_every_wrong_part)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct guard g = guard_of(assay_str(wrong[i].text));
        struct assay_buf out = ASSAY_BUF_INIT(100);
        size_t pos = wrong[i].text[0] == 'a' ? 1 : 0;

        cr_expect_not(assay_utf8_valid(g.bytes), "row: %s", wrong[i].name);
        cr_expect_eq(assay_utf8_next(g.bytes, &pos), -1, "row: %s", wrong[i].name);
        cr_expect_leq(pos, 1, "row: %s: the position moved", wrong[i].name);
        assay_utf8_add_replaced(&out, g.bytes);
        cr_expect_str_eq(assay_buf_cstr(&out), wrong[i].replaced, "row: %s", wrong[i].name);
        guard_free(&g);
        assay_buf_fini(&out);
    }
}

Test(utf8, every_code_point_reads_back_and_surrogates_do_not)
{
    struct assay_buf out = ASSAY_BUF_INIT(4);

    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        size_t pos = 0;

        assay_buf_clear(&out);
        assay_utf8_add(&out, c);
        cr_assert_eq(assay_utf8_next(assay_buf_view(&out), &pos), surrogate ? -1 : (int32_t)c);
        cr_assert_eq(pos, surrogate ? 0 : out.len);
        cr_assert_eq(assay_utf8_valid(assay_buf_view(&out)), !surrogate);
    }
    assay_buf_fini(&out);
}

Test(utf8, the_end_of_a_text_is_no_character)
{
    size_t pos = 1;

    cr_expect_eq(assay_utf8_next(ASSAY_LIT("a"), &pos), -1);
    cr_expect_eq(pos, 1);
    cr_expect(assay_utf8_valid(ASSAY_LIT("")));
}

Test(utf8, what_is_shown_cannot_steer_a_terminal_or_turn_the_text_around)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"plain \xC3\xA9 \xF0\x9F\x98\x80", "plain \xC3\xA9 \xF0\x9F\x98\x80"},
        {"\x1B[31mred", "\\x1B[31mred"},
        {"a\r\nb\tc\x7F", "a\\x0D\\x0Ab\\x09c\\x7F"},
        {"\xC2\x9B"
         "31m",
         "\\u{9B}31m"},
        {"\xE2\x80\xAE"
         "evil",
         "\\u{202E}evil"},
        {"\xE2\x81\xA6x\xE2\x81\xA9", "\\u{2066}x\\u{2069}"},
        {"\xE2\x80\xA8", "\\u{2028}"},
        {"\xEF\xBB\xBF", "\\u{FEFF}"},
        {"\xF3\xA0\x81\x81", "\\u{E0041}"},
        {"\xFF\xE2\x82", "\\xFF\\xE2\\x82"},
        {"back\\slash", "back\\slash"},
        {"# a ##[error]x ##vso[y] ## z", "# a \\x23#[error]x \\x23#vso[y] ## z"},
        {"##", "##"},
        {"##abcd[", "##abcd["},
        {"##abc", "##abc"},
        {"##a~[", "##a~["},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf out = ASSAY_BUF_INIT(100);

        assay_utf8_add_printable(&out, assay_str(rows[i].text));
        cr_expect_str_eq(assay_buf_cstr(&out), rows[i].shown);
        assay_buf_fini(&out);
    }
}

Test(utf8, a_text_that_is_cut_ends_with_a_whole_character)
{
    static const struct {
        const char *text, *cut;
    } rows[] = {
        {"abcdefgh", "abcd..."},
        {"abc\xC3\xA9"
         "efg",
         "abc..."},
        {"ab\xC3\xA9"
         "efgh",
         "ab\xC3\xA9..."},
        {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80..."},
        {"abc\xF0\x9F\x98\x80x", "abc..."},
        {"\x80\x80\x80\x80\x80\x80\x80\x80", "..."},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[8];

        cr_expect_geq(snprintf(text, sizeof(text), "%s", rows[i].text), (int)sizeof(text));
        assay_utf8_mark_cut(text, sizeof(text));
        cr_expect_str_eq(text, rows[i].cut);
    }
}
