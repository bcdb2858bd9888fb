/* Buffers: their growth, their maxima, their failures. */
#include "base/buf.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/url.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

Test(buf, holds_what_was_appended)
{
    struct assay_buf buf = ASSAY_BUF_INIT(1 << 20);

    for (int i = 0; i < 1000; i++) {
        assay_buf_add_str(&buf, "ab");
        assay_buf_add_byte(&buf, 'c');
        assay_buf_add_u64(&buf, 0);
    }
    cr_assert(assay_buf_ok(&buf));
    cr_expect_eq(buf.len, 4000);
    for (size_t i = 0; i < buf.len; i++)
        cr_assert_eq(buf.at[i], "abc0"[i % 4]);
    cr_expect_eq(strlen(assay_buf_cstr(&buf)), 4000);
    assay_buf_fini(&buf);
    cr_expect_eq(assay_buf_view(&buf).len, 0);
    cr_expect_not_null(assay_buf_view(&buf).at);
    assay_buf_add_u64(&buf, UINT64_MAX);
    cr_expect_str_eq(assay_buf_cstr(&buf), "18446744073709551615", "it can be used again");
    assay_buf_fini(&buf);
}

Test(buf, takes_its_maximum_exactly_and_not_one_more)
{
    for (size_t max = 0; max < 200; max++) {
        struct assay_buf buf = ASSAY_BUF_INIT(max);

        for (size_t i = 0; i < max; i++)
            assay_buf_add_byte(&buf, 'x');
        cr_expect(assay_buf_ok(&buf));
        cr_expect_eq(strlen(assay_buf_cstr(&buf)), max, "a full one still has room for its NUL");
        assay_buf_add_byte(&buf, 'y');
        cr_expect_eq(buf.bad, ASSAY_E_TOO_LARGE);
        cr_expect_eq(buf.len, max);
        cr_expect_null(assay_buf_cstr(&buf));
        assay_buf_fini(&buf);
    }
}

Test(buf, a_failure_sticks_until_clear)
{
    struct assay_buf buf = ASSAY_BUF_INIT(4);

    assay_buf_add_str(&buf, "abc");
    assay_buf_add_str(&buf, "de");
    assay_buf_add_str(&buf, "f");
    assay_buf_printf(&buf, "%d", 1);
    assay_buf_add_u64(&buf, 1);
    cr_expect_null(assay_buf_extend(&buf, 1));
    cr_expect_null(assay_buf_extend(&buf, 0));
    cr_expect_eq(buf.bad, ASSAY_E_TOO_LARGE);
    cr_expect(assay_bytes_is(assay_buf_view(&buf), "abc"));
    assay_buf_clear(&buf);
    assay_buf_add_str(&buf, "good");
    cr_expect_str_eq(assay_buf_cstr(&buf), "good");
    assay_buf_fini(&buf);
}

Test(buf, a_length_near_the_largest_does_not_wrap)
{
    struct assay_buf buf = ASSAY_BUF_INIT(SIZE_MAX);

    assay_buf_add_str(&buf, "abc");
    cr_expect_null(assay_buf_extend(&buf, SIZE_MAX));
    cr_expect_eq(buf.bad, ASSAY_E_TOO_LARGE);
    assay_buf_clear(&buf);
    cr_expect_null(assay_buf_extend(&buf, SIZE_MAX / 2));
    cr_expect_eq(buf.bad, ASSAY_E_TOO_LARGE);
    assay_buf_fini(&buf);
}

Test(buf, memory_of_no_length_is_memory)
{
    uint8_t *at = assay_alloc(0);

    cr_assert_not_null(at);
    at = assay_realloc(at, 0);
    cr_expect_not_null(at);
    assay_free(at);
}

Test(buf, over_an_array_never_leaves_it)
{
    char array[4];
    struct assay_buf buf = ASSAY_BUF_OVER(array);

    assay_buf_add_str(&buf, "abc");
    cr_expect_str_eq(assay_buf_cstr(&buf), "abc");
    cr_expect_eq((void *)buf.at, (void *)array);
    assay_buf_add_byte(&buf, 'd');
    cr_expect(assay_buf_ok(&buf));
    cr_expect_null(assay_buf_cstr(&buf), "no room for the NUL");
    cr_expect_eq(buf.bad, ASSAY_E_TOO_LARGE);
    assay_buf_wipe(&buf);
    cr_expect_eq(array[0], 0);
    cr_expect_eq(array[3], 0);
    assay_buf_add_str(&buf, "again");
    cr_expect_eq(buf.bad, ASSAY_E_TOO_LARGE);
    assay_buf_fini(&buf);
}

Test(buf, printf_grows_as_far_as_the_text_needs)
{
    struct assay_buf buf = ASSAY_BUF_INIT(10000);

    assay_buf_printf(&buf, "%0255d|", 7);
    assay_buf_printf(&buf, "%0256d|", 7);
    assay_buf_printf(&buf, "%05000d|", 7);
    cr_assert(assay_buf_ok(&buf));
    cr_expect_eq(buf.len, 255 + 256 + 5000 + 3);
    cr_expect_eq(buf.at[254], '7');
    cr_expect_eq(buf.at[511], '7');
    cr_expect_eq(buf.at[buf.len - 2], '7');
    assay_buf_printf(&buf, "%09999d", 7);
    cr_expect_eq(buf.bad, ASSAY_E_TOO_LARGE);
    assay_buf_fini(&buf);
}

static struct assay_json_token tokens[64];

static void use_buf(struct assay_buf *out)
{
    for (int i = 0; i < 100; i++)
        assay_buf_add_str(out, "some text");
    assay_buf_printf(out, "%0600d", 1);
}

static void use_base64(struct assay_buf *out)
{
    assay_base64_encode(out, ASSAY_BASE64_URL, ASSAY_LIT("bytes that take more than one block"));
}

static void use_base64_decode(struct assay_buf *out)
{
    struct assay_err err = {0};
    enum assay_code rc =
        assay_base64_decode(out, ASSAY_BASE64_STD, ASSAY_LIT("aGVsbG8gd29ybGQ="), &err);

    cr_expect_eq(rc, err.code);
    cr_expect(assay_buf_ok(out));
    cr_expect_eq(out->len, rc == ASSAY_OK ? 11 : 0);
    out->bad = rc;
}

static void use_json(struct assay_buf *out)
{
    struct assay_json doc;
    struct assay_err err = {0};
    enum assay_code rc = assay_json_parse(
        &doc, tokens, ARRAY_LEN(tokens),
        ASSAY_LIT("{\"b\":[1.50,-0,1e21],\"a\":\"\\u0041\\ud800\",\"c\":{\"long enough to make the"
                  " buffer grow more than once, which needs a little text\":\"x\"}}"),
        ASSAY_JSON_STRICT, NULL);

    cr_assert_eq(rc, ASSAY_OK);
    rc = assay_json_canonical(out, &doc, 0, &err);
    cr_expect_eq(rc, out->bad);
    cr_expect_eq(rc, err.code);
    cr_expect_eq(assay_json_string(out, &doc, 8), out->bad);
}

static void use_query(struct assay_buf *out)
{
    assay_query_decode(out, ASSAY_LIT("a+b%ff%20"), true);
}

static void use_target(struct assay_buf *out)
{
    struct assay_bytes query = ASSAY_LIT("untouched");
    bool foreign = false;
    enum assay_code rc = assay_url_target(out, &query, &foreign, ASSAY_LIT("/a/../b?c"));

    cr_expect(assay_bytes_is(query, rc == ASSAY_OK ? "c" : "untouched"));
    cr_expect(assay_buf_ok(out));
    out->bad = rc;
}

static void use_files(struct assay_buf *out)
{
    char folder[] = "/tmp/assay-test-XXXXXX";
    char path[sizeof(folder) + 8];
    struct assay_err err = {0};
    enum assay_code rc;

    cr_assert_not_null(mkdtemp(folder));
    cr_assert_lt(snprintf(path, sizeof(path), "%s/file", folder), (int)sizeof(path));
    rc = assay_file_write(path, ASSAY_LIT("content"), &err);
    if (rc == ASSAY_OK)
        rc = assay_file_read(out, path, &err);
    cr_expect_eq(rc, err.code);
    cr_expect_eq(out->len, rc == ASSAY_OK ? 7 : 0);
    cr_expect(assay_buf_ok(out));
    out->bad = rc;
    (void)unlink(path);
    cr_expect_eq(rmdir(folder), 0, "nothing else was left there");
}

Test(buf, every_allocation_may_fail_and_is_reported)
{
    static const struct {
        const char *name;
        void (*use)(struct assay_buf *out);
    } rows[] = {
        {"buf", use_buf},     {"base64 encode", use_base64}, {"base64 decode", use_base64_decode},
        {"json", use_json},   {"query", use_query},          {"target", use_target},
        {"files", use_files},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t n = 0;
        bool failed = true;

        for (; failed && n < 100; n++) {
            struct assay_buf out = ASSAY_BUF_INIT(1 << 20);

            (void)assay_alloc_fail_after(n);
            rows[i].use(&out);
            failed = assay_alloc_fail_after(SIZE_MAX) > n;
            cr_expect_eq(out.bad, failed ? ASSAY_E_NOMEM : ASSAY_OK, "%s: allocation %zu",
                         rows[i].name, n);
            assay_buf_fini(&out);
        }
        cr_expect_gt(n, 1, "%s allocates nothing", rows[i].name);
        cr_expect_not(failed, "%s does not come to its end", rows[i].name);
    }
}
