/* Base64: one spelling for every value, in both alphabets. */
#include "base/base64.h"

#include "base/random.h"
#include "ref/tests/guard.h"

#include <criterion/criterion.h>

/* RFC 4648 section 10, and the letters in which the alphabets differ. */
static const struct {
    const char *bytes, *std, *url;
} known[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xFB\xFF\xBE", "+/++", "-_--"},
};

static void expect_both_ways(enum assay_base64 form, const char *bytes, const char *text)
{
    struct assay_buf out = ASSAY_BUF_INIT(100);
    struct guard g = guard_of(assay_str(text));

    assay_base64_encode(&out, form, assay_str(bytes));
    cr_expect_str_eq(assay_buf_cstr(&out), text);
    assay_buf_clear(&out);
    assay_buf_add_str(&out, "before ");
    cr_expect_eq(assay_base64_decode(&out, form, g.bytes, NULL), ASSAY_OK, "%s", text);
    cr_expect(assay_bytes_is(assay_bytes_part(assay_buf_view(&out), 7, out.len), bytes), "%s",
              text);
    guard_free(&g);
    assay_buf_fini(&out);
}

Test(base64, gives_the_known_answers)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        expect_both_ways(ASSAY_BASE64_STD, known[i].bytes, known[i].std);
        expect_both_ways(ASSAY_BASE64_URL, known[i].bytes, known[i].url);
    }
}

static const struct {
    const char *name;
    enum assay_base64 form;
    const char *text;
    size_t at;
} refused[] = {
    {"URL letters in standard", ASSAY_BASE64_STD, "-_--", 0},
    {"standard letters in URL", ASSAY_BASE64_URL, "Z/++", 1},
    {"padding missing", ASSAY_BASE64_STD, "Zg", 2},
    {"half the padding", ASSAY_BASE64_STD, "Zg=", 3},
    {"too much padding", ASSAY_BASE64_STD, "Zg======", 2},
    {"a block of padding", ASSAY_BASE64_STD, "====", 0},
    {"three of padding", ASSAY_BASE64_STD, "Z===", 1},
    {"padding in the middle", ASSAY_BASE64_STD, "Zg==Zg==", 2},
    {"padding where there is none", ASSAY_BASE64_URL, "Zg==", 2},
    {"one padding where there is none", ASSAY_BASE64_URL, "Zm8=", 3},
    {"space", ASSAY_BASE64_URL, "Zm9v ", 4},
    {"line end", ASSAY_BASE64_STD, "Zm9v\nZm9", 4},
    {"junk at the end", ASSAY_BASE64_URL, "Zm9v!", 4},
    {"a letter alone", ASSAY_BASE64_URL, "Z", 1},
    {"a letter after a block", ASSAY_BASE64_URL, "Zm9vZ", 5},
    {"unused bits, one byte", ASSAY_BASE64_URL, "Zh", 1},
    {"topmost unused bit, one byte", ASSAY_BASE64_URL, "Zo", 1},
    {"topmost unused bit, two bytes", ASSAY_BASE64_URL, "Zm-", 2},
    {"unused bits, two bytes", ASSAY_BASE64_URL, "Zm9", 2},
    {"unused bits, padded", ASSAY_BASE64_STD, "Zh==", 1},
    {"top bit", ASSAY_BASE64_URL, "Zm9\xF6", 3},
};

Test(base64, refuses_every_other_spelling_and_says_where)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct assay_buf out = ASSAY_BUF_INIT(100);
        struct assay_err err = {0};
        struct guard g = guard_of(assay_str(refused[i].text));

        assay_buf_add_str(&out, "kept");
        cr_expect_eq(assay_base64_decode(&out, refused[i].form, g.bytes, &err), ASSAY_E_MALFORMED,
                     "row: %s", refused[i].name);
        cr_expect_eq(err.at, refused[i].at, "row: %s: %zu", refused[i].name, err.at);
        cr_expect_str_eq(assay_buf_cstr(&out), "kept");
        guard_free(&g);
        assay_buf_fini(&out);
    }
}

Test(base64, decoding_undoes_encoding_and_no_other_last_letter_does)
{
    struct assay_random r;

    assay_random_init(&r, ASSAY_LIT("base64"), ASSAY_LIT("round trip"));
    for (size_t i = 0; i < 400; i++) {
        enum assay_base64 form = i % 2 == 0 ? ASSAY_BASE64_STD : ASSAY_BASE64_URL;
        uint8_t bytes[100];
        size_t len = assay_random_below(&r, sizeof(bytes));
        struct assay_buf text = ASSAY_BUF_INIT(200), back = ASSAY_BUF_INIT(100);

        assay_random_bytes(&r, bytes, len);
        assay_base64_encode(&text, form, assay_bytes_of(bytes, len));
        cr_expect_eq(assay_base64_decode(&back, form, assay_buf_view(&text), NULL), ASSAY_OK);
        cr_expect(assay_bytes_equal(assay_buf_view(&back), assay_bytes_of(bytes, len)));
        if (len % 3 != 0 && form == ASSAY_BASE64_URL) {
            text.at[text.len - 1]++; /* sets an unused bit or leaves the alphabet */
            cr_expect_neq(assay_base64_decode(&back, form, assay_buf_view(&text), NULL), ASSAY_OK);
        }
        assay_buf_fini(&text);
        assay_buf_fini(&back);
    }
}

Test(base64, has_a_form_that_reads_any_unused_bits_and_no_other_spelling)
{
    static const char *const same[] = {"Zg==", "Zh==", "Zv=="};
    static const char *const others[] = {"Zg", "Zg=", "Z===", "Z-==", "Zm8", "Zm8=\n", "Zg==Zg=="};
    struct assay_buf out = ASSAY_BUF_INIT(100);

    assay_base64_encode(&out, ASSAY_BASE64_STD_ANY_BITS, ASSAY_LIT("\xFB\xFF\xBE\xFF"));
    cr_expect_str_eq(assay_buf_cstr(&out), "+/++/w==");
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        assay_buf_clear(&out);
        cr_expect_eq(assay_base64_decode(&out, ASSAY_BASE64_STD_ANY_BITS, assay_str(same[i]), NULL),
                     ASSAY_OK, "%s", same[i]);
        cr_expect(assay_bytes_is(assay_buf_view(&out), "f"), "%s", same[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        cr_expect_eq(
            assay_base64_decode(&out, ASSAY_BASE64_STD_ANY_BITS, assay_str(others[i]), NULL),
            ASSAY_E_MALFORMED, "%s", others[i]);
    assay_buf_fini(&out);
}

Test(base64, what_does_not_fit_leaves_the_buffer_as_it_was)
{
    struct assay_buf out = ASSAY_BUF_INIT(3);
    struct assay_err err = {0};

    assay_buf_add_byte(&out, 'x');
    cr_expect_eq(assay_base64_decode(&out, ASSAY_BASE64_STD, ASSAY_LIT("Zm9v"), &err),
                 ASSAY_E_TOO_LARGE);
    cr_expect(assay_bytes_is(assay_buf_view(&out), "x"));
    cr_expect(assay_buf_ok(&out));
    assay_buf_add_str(&out, "too long");
    memset(&err, 0, sizeof(err));
    cr_expect_eq(assay_base64_decode(&out, ASSAY_BASE64_STD, ASSAY_LIT("Zg=="), &err),
                 ASSAY_E_TOO_LARGE, "a buffer that failed before");
    assay_buf_fini(&out);
}
