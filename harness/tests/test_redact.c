/* Redaction: a secret is found in every encoding it travels in, and nothing else is touched. */
#include "base/base64.h"
#include "base/hex.h"
#include "record/record.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>

static const char secret[] = "s3cr3t \"key\"/\\ \xc3\xbc+%~";

enum form {
    RAW,
    HEX_LOWER,
    HEX_UPPER,
    BASE64,
    BASE64_URL,
    PERCENT_ALL,
    PERCENT_SOME,
    PLUS,
    JSON_SHORT,
    JSON_UNICODE,
    FORMS
};

static const char *const form_names[FORMS] = {"raw",
                                              "hex",
                                              "HEX",
                                              "base64",
                                              "base64url",
                                              "percent, every byte",
                                              "percent, where needed",
                                              "form",
                                              "JSON",
                                              "JSON \\u"};

static void add_byte(struct assay_buf *out, enum form form, uint8_t byte)
{
    bool plain = isalnum(byte) != 0;

    if (form == PERCENT_ALL ||
        ((form == PERCENT_SOME || form == PLUS) && !plain && (form != PLUS || byte != ' ')))
        assay_buf_printf(out, form == PERCENT_ALL ? "%%%02x" : "%%%02X", byte);
    else if (form == PLUS && byte == ' ')
        assay_buf_add_byte(out, '+');
    else if (form == JSON_SHORT && (byte == '"' || byte == '\\' || byte == '/'))
        assay_buf_printf(out, "\\%c", byte);
    else if (form == JSON_UNICODE && byte < 0x80)
        assay_buf_printf(out, "\\u%04X", byte);
    else
        assay_buf_add_byte(out, byte);
}

/* The secret in that form with `shift` bytes encoded before and three after it. */
static void add_form(struct assay_buf *out, enum form form, size_t shift)
{
    struct assay_buf plain = ASSAY_BUF_INIT(256);
    char hex[256];

    assay_buf_add(&plain, assay_bytes_part(ASSAY_LIT("ab"), 0, shift));
    assay_buf_add_str(&plain, secret);
    assay_buf_add_str(&plain, "xyz");
    if (form == HEX_LOWER || form == HEX_UPPER) {
        assay_hex_encode(hex, assay_buf_view(&plain));
        for (char *at = hex; *at != '\0'; at++)
            *at = (char)(form == HEX_UPPER ? toupper((unsigned char)*at) : *at);
        assay_buf_add_str(out, hex);
    } else if (form == BASE64 || form == BASE64_URL)
        assay_base64_encode(out, form == BASE64 ? ASSAY_BASE64_STD : ASSAY_BASE64_URL,
                            assay_buf_view(&plain));
    else
        for (size_t i = 0; i < plain.len; i++)
            add_byte(out, form, plain.at[i]);
    assay_buf_fini(&plain);
}

static struct record_redactor *make_redactor(void)
{
    struct record_redactor *r = record_redactor_new();

    cr_assert_not_null(r);
    cr_assert_eq(record_redactor_add(r, "other", assay_str("quite another")), ASSAY_OK);
    cr_assert_eq(record_redactor_add(r, "mac secret", assay_str(secret)), ASSAY_OK);
    return r;
}

static json_t *redact(const struct record_redactor *r, json_t *event)
{
    json_t *out = record_redact(r, event);

    cr_assert_not_null(out);
    json_decref(event);
    return out;
}

Test(redact, finds_the_secret_in_every_form_at_every_offset)
{
    struct record_redactor *r = make_redactor();

    for (size_t form = 0; form < FORMS; form++) {
        for (size_t shift = 0; shift < 3; shift++) {
            struct assay_buf text = ASSAY_BUF_INIT(1024), whole = ASSAY_BUF_INIT(1024);
            const char *said, *label;
            json_t *out;

            add_form(&text, (enum form)form, shift);
            assay_buf_printf(&whole, "before %s after", assay_buf_cstr(&text));
            out = redact(r, json_pack("[s]", assay_buf_cstr(&whole)));
            said = json_string_value(json_array_get(out, 0));
            label = strstr(said, "[redacted: mac secret]");
            cr_expect(label != NULL && strncmp(said, "before ", 7) == 0 &&
                          strstr(said, " after") != NULL,
                      "%s, %zu: %s", form_names[form], shift, said);
            /* what is left are the neighbours alone */
            cr_expect_leq(strlen(said),
                          strlen("before  after[redacted: mac secret]") + 6 * strlen("\\u0078"),
                          "%s, %zu: %s", form_names[form], shift, said);
            json_decref(out);
            assay_buf_fini(&text);
            assay_buf_fini(&whole);
        }
    }
    record_redactor_free(r);
}

Test(redact, reaches_names_lists_and_headers)
{
    struct record_redactor *r = make_redactor();
    json_t *out = redact(r, json_pack("{s:[[s, s]], s:i}", "headers", "X-Key", secret, secret, 1));
    char *text = json_dumps(out, JSON_COMPACT);

    cr_expect_str_eq(
        text,
        "{\"headers\":[[\"X-Key\",\"[redacted: mac secret]\"]],\"[redacted: mac secret]\":1}");
    free(text);
    json_decref(out);
    record_redactor_free(r);
}

Test(redact, looks_into_a_binary_body_and_keeps_it_base64)
{
    struct record_redactor *r = make_redactor();
    struct assay_buf bytes = ASSAY_BUF_INIT(256), text = ASSAY_BUF_INIT(512),
                     back = ASSAY_BUF_INIT(512);
    const json_t *value;
    json_t *out;

    assay_buf_add(&bytes, assay_bytes_of("\xff\0\x01", 3));
    add_form(&bytes, HEX_LOWER, 0);
    assay_base64_encode(&text, ASSAY_BASE64_STD, assay_buf_view(&bytes));
    out = redact(r, json_pack("{s:s}", "base64", assay_buf_cstr(&text)));
    value = json_object_get(out, "base64");
    cr_assert_eq(
        assay_base64_decode(&back, ASSAY_BASE64_STD, assay_str(json_string_value(value)), NULL),
        ASSAY_OK);
    cr_expect(assay_bytes_equal(assay_buf_view(&back),
                                assay_bytes_of("\xff\0\x01[redacted: mac secret]78797a", 31)));
    json_decref(out);
    assay_buf_fini(&bytes);
    assay_buf_fini(&text);
    assay_buf_fini(&back);
    record_redactor_free(r);
}

Test(redact, takes_the_beginning_of_a_secret_that_the_cut_goes_through)
{
    struct record_redactor *r = make_redactor();

    for (size_t len = 1; len < sizeof(secret) - 1; len++) {
        json_t *out = redact(
            r, json_pack("{s:o, s:b}", "text",
                         json_sprintf("tail %.*s", (int)(len == 16 ? 15 : len), secret), "cut", 1));
        const char *said = json_string_value(json_object_get(out, "text"));

        cr_expect_eq(strstr(said, "redacted") != NULL, len >= 4, "%zu: %s", len, said);
        json_decref(out);
    }
    record_redactor_free(r);
}

Test(redact, leaves_everything_else_as_it_is)
{
    static const char *const texts[] = {"",   "s3cr3t", "s3cr3t \"key\"/\\ \xc3\xbc+%",
                                        "%",  "\\",     "\\u00",
                                        "%7", "a+b",    "\xf0\x9f\x92\xb0"};
    struct record_redactor *r = make_redactor();

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *event = json_pack("{s:s, s:[i, n, b], s:s}", "text", texts[i], "list", 7, 1,
                                  "base64", "not base64!"),
               *out = record_redact(r, event);

        cr_expect(json_equal(event, out), "text: %s", texts[i]);
        json_decref(event);
        json_decref(out);
    }
    record_redactor_free(r);
}

Test(redact, refuses_a_secret_too_short_to_tell_from_chance)
{
    struct record_redactor *r = record_redactor_new();

    cr_expect_eq(record_redactor_add(r, "pin", assay_str("abc")), ASSAY_E_RANGE);
    cr_expect_eq(record_redactor_add(r, "pin", assay_str("abcd")), ASSAY_OK);
    record_redactor_free(r);
    record_redactor_free(NULL);
}

Test(redact, survives_every_failing_allocation)
{
    json_t *out = NULL, *event = json_pack("{s:s, s:s}", "text", secret, "base64", "AAAA");

    for (size_t n = 0; out == NULL; n++) {
        struct record_redactor *r;

        cr_assert_lt(n, 1000);
        (void)assay_alloc_fail_after(n);
        r = record_redactor_new();
        if (r != NULL && record_redactor_add(r, "name", assay_str(secret)) == ASSAY_OK)
            out = record_redact(r, event);
        (void)assay_alloc_fail_after(SIZE_MAX);
        record_redactor_free(r);
    }
    cr_expect_str_eq(json_string_value(json_object_get(out, "text")), "[redacted: name]");
    json_decref(out);
    json_decref(event);
}
