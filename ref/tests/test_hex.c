/* Hexadecimal text. */
#include "base/hex.h"

#include "base/random.h"
#include "ref/tests/guard.h"

#include <criterion/criterion.h>

Test(hex, writes_lower_case_and_reads_what_it_wrote)
{
    struct assay_random r;

    assay_random_init(&r, ASSAY_LIT("hex"), ASSAY_LIT("round trip"));
    for (size_t len = 0; len < 70; len++) {
        uint8_t bytes[70], again[70];
        char text[141];

        assay_random_bytes(&r, bytes, len);
        assay_hex_encode(text, assay_bytes_of(bytes, len));
        cr_expect_eq(strlen(text), 2 * len);
        cr_expect_eq(strspn(text, "0123456789abcdef"), 2 * len);
        cr_expect_eq(assay_hex_decode(again, len, assay_str(text), true), ASSAY_OK);
        cr_expect(assay_bytes_equal(assay_bytes_of(bytes, len), assay_bytes_of(again, len)));
    }
}

Test(hex, refuses_other_text_and_leaves_the_output_alone)
{
    static const struct {
        const char *text;
        bool lower_only, ok;
    } rows[] = {
        {"00ff", true, true},   {"00FF", false, true},   {"00FF", true, false},
        {"00fF", true, false},  {"00f", false, false},   {"00", false, false},
        {"", false, false},     {"00ff0", false, false}, {"00ff00", false, false},
        {"0x0f", false, false}, {"00g0", false, false},  {"00 0", false, false},
        {"00f:", false, false}, {"00f/", false, false},  {"00f@", false, false},
        {"00f`", false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i].text));
        uint8_t out[2] = {0xAA, 0xAA};
        enum assay_code rc = assay_hex_decode(out, sizeof(out), g.bytes, rows[i].lower_only);

        cr_expect_eq(rc, rows[i].ok ? ASSAY_OK : ASSAY_E_MALFORMED, "row: %s", rows[i].text);
        cr_expect_eq(out[0], rows[i].ok ? 0x00 : 0xAA, "row: %s", rows[i].text);
        cr_expect_eq(out[1], rows[i].ok ? 0xFF : 0xAA, "row: %s", rows[i].text);
        guard_free(&g);
    }
}

Test(hex, is_appended_to_a_buffer_whatever_its_length)
{
    uint8_t bytes[200];
    char text[2 * sizeof(bytes) + 1];
    struct assay_buf out = ASSAY_BUF_INIT(1000), small = ASSAY_BUF_INIT(10);

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        assay_buf_clear(&out);
        assay_buf_add_hex(&out, assay_bytes_of(bytes, len));
        assay_hex_encode(text, assay_bytes_of(bytes, len));
        cr_expect_str_eq(assay_buf_cstr(&out), text, "%zu bytes", len);
    }
    assay_buf_add_hex(&small, assay_bytes_of(bytes, 6));
    cr_expect_eq(small.bad, ASSAY_E_TOO_LARGE);
    assay_buf_fini(&out);
    assay_buf_fini(&small);
}
