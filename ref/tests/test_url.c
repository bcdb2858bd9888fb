/* URLs: split strictly, resolved as the WHATWG standard does, queries walked and decoded. */
#include "base/url.h"

#include "ref/tests/guard.h"

#include <criterion/criterion.h>

static const struct {
    const char *text, *scheme, *host;
    uint16_t port;
    const char *path, *query; /* NULL: none */
} split[] = {
    {"http://h", "http", "h", 80, "", NULL},
    {"HTTPS://Host.Name/", "HTTPS", "Host.Name", 443, "/", NULL},
    {"ws://h:1/a/b?c=d&e#f", "ws", "h", 1, "/a/b", "c=d&e"},
    {"wss://h?q", "wss", "h", 443, "", "q"},
    {"http://h/?", "http", "h", 80, "/", ""},
    {"http://h/#a?b", "http", "h", 80, "/", NULL},
    {"http://h:65535/%2e%2E//", "http", "h", 65535, "/%2e%2E//", NULL},
    {"http://127.0.0.1:8080/x", "http", "127.0.0.1", 8080, "/x", NULL},
    {"http://[::1]:8080/x?a?b/c", "http", "::1", 8080, "/x", "a?b/c"},
    {"http://[2001:db8::1.2.3.4]", "http", "2001:db8::1.2.3.4", 80, "", NULL},
    {"http://h/@:x", "http", "h", 80, "/@:x", NULL},
    {"http://a-B_0.c/", "http", "a-B_0.c", 80, "/", NULL},
};

Test(url, is_split_into_its_parts)
{
    for (size_t i = 0; i < ARRAY_LEN(split); i++) {
        struct guard g = guard_of(assay_str(split[i].text));
        struct assay_url url;
        struct assay_err err = {0};

        cr_assert_eq(assay_url_split(&url, g.bytes, &err), ASSAY_OK, "row: %s: %s", split[i].text,
                     err.text);
        cr_expect(assay_bytes_is(url.scheme, split[i].scheme), "row: %s", split[i].text);
        cr_expect(assay_bytes_is(url.host, split[i].host), "row: %s", split[i].text);
        cr_expect_eq(url.port, split[i].port, "row: %s", split[i].text);
        cr_expect(assay_bytes_is(url.path, split[i].path), "row: %s", split[i].text);
        cr_expect_eq(url.has_query, split[i].query != NULL, "row: %s", split[i].text);
        cr_expect(assay_bytes_equal(url.query, assay_str(split[i].query)), "row: %s",
                  split[i].text);
        guard_free(&g);
    }
}

Test(url, is_refused_when_two_readers_could_differ_about_it)
{
    static const struct {
        const char *text;
        enum assay_code rc;
    } rows[] = {
        {"", ASSAY_E_MALFORMED},
        {"h/path", ASSAY_E_MALFORMED},
        {"/path", ASSAY_E_MALFORMED},
        {"//h/path", ASSAY_E_MALFORMED},
        {"://h", ASSAY_E_MALFORMED},
        {"1http://h", ASSAY_E_MALFORMED},
        {"a1+-.z://h/", ASSAY_E_UNSUPPORTED},
        {"+http://h/", ASSAY_E_MALFORMED},
        {"-http://h/", ASSAY_E_MALFORMED},
        {".http://h/", ASSAY_E_MALFORMED},
        {"ht*tp://h/", ASSAY_E_MALFORMED},
        {"http://a~b/", ASSAY_E_MALFORMED},
        {"http://a{b/", ASSAY_E_MALFORMED},
        {"http://a`b/", ASSAY_E_MALFORMED},
        {"ftp://h/", ASSAY_E_UNSUPPORTED},
        {"file:///etc/passwd", ASSAY_E_UNSUPPORTED},
        {"javascript:alert(1)", ASSAY_E_UNSUPPORTED},
        {"localhost:80", ASSAY_E_UNSUPPORTED},
        {"http:h", ASSAY_E_MALFORMED},
        {"http:/h", ASSAY_E_MALFORMED},
        {"http:\\\\h", ASSAY_E_MALFORMED},
        {"http://", ASSAY_E_MALFORMED},
        {"http:///path", ASSAY_E_MALFORMED},
        {"http://:80/", ASSAY_E_MALFORMED},
        {"http://user@h/", ASSAY_E_MALFORMED},
        {"http://user:pw@h/", ASSAY_E_MALFORMED},
        {"http://h@evil:80@h/", ASSAY_E_MALFORMED},
        {"http://127.0.0.1\\@evil/", ASSAY_E_MALFORMED},
        {"http://h/a\\b", ASSAY_E_MALFORMED},
        {"http://h:/", ASSAY_E_MALFORMED},
        {"http://h:0/", ASSAY_E_MALFORMED},
        {"http://h:080/", ASSAY_E_MALFORMED},
        {"http://h:65536/", ASSAY_E_MALFORMED},
        {"http://h:18446744073709551696/", ASSAY_E_MALFORMED},
        {"http://h:-1/", ASSAY_E_MALFORMED},
        {"http://h:80:80/", ASSAY_E_MALFORMED},
        {"http://h:8a/", ASSAY_E_MALFORMED},
        {"http://::1/", ASSAY_E_MALFORMED},
        {"http://[::1/", ASSAY_E_MALFORMED},
        {"http://[::1]x/", ASSAY_E_MALFORMED},
        {"http://[::1%25eth0]/", ASSAY_E_MALFORMED},
        {"http://[]/", ASSAY_E_MALFORMED},
        {"http://[h]/", ASSAY_E_MALFORMED},
        {"http://h%2ecom/", ASSAY_E_MALFORMED},
        {"http://h\xC3\xA9/", ASSAY_E_MALFORMED},
        {"http://h /", ASSAY_E_MALFORMED},
        {"http://h/a b", ASSAY_E_MALFORMED},
        {"http://h/a\nb", ASSAY_E_MALFORMED},
        {"http://h/a\tb", ASSAY_E_MALFORMED},
        {"http://h/\x7F", ASSAY_E_MALFORMED},
        {" http://h/", ASSAY_E_MALFORMED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i].text));
        struct assay_url url = {.port = 77};
        struct assay_err err = {0};

        cr_expect_eq(assay_url_split(&url, g.bytes, &err), rows[i].rc, "row: %s", rows[i].text);
        cr_expect_eq(err.code, rows[i].rc);
        cr_expect_eq(url.port, 77, "row: %s", rows[i].text);
        guard_free(&g);
    }
}

Test(url, a_host_is_loopback_by_its_own_text_only)
{
    static const struct {
        const char *host;
        bool loopback;
    } rows[] = {
        {"127.0.0.1", true},
        {"127.255.0.99", true},
        {"::1", true},
        {"localhost", true},
        {"LocalHost", true},
        {"", false},
        {"127.0.0.1.example", false},
        {"127.0.0.1.", false},
        {"127.0.0", false},
        {"127.1", false},
        {"127.0.0.256", false},
        {"127.0.0.01", false},
        {"127.0.0.1.1", false},
        {"0127.0.0.1", false},
        {"128.0.0.1", false},
        {"0.0.0.0", false},
        {"2130706433", false},
        {"::", false},
        {"::ffff:127.0.0.1", false},
        {"localhost.", false},
        {"localhost.evil", false},
        {"evil.localhost", false},
        {"localhos", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(assay_url_host_is_loopback(assay_str(rows[i].host)), rows[i].loopback,
                     "row: %s", rows[i].host);
}

static const struct {
    const char *target, *path, *query;
    bool foreign;
} targets[] = {
    {"/", "/", "", false},
    {"/a/b", "/a/b", "", false},
    {"/a/b/", "/a/b/", "", false},
    {"/a//b", "/a//b", "", false},
    {"/a?b=c", "/a", "b=c", false},
    {"/a?b?c#d?e", "/a", "b?c", false},
    {"/a#b?c", "/a", "", false},
    {"/?", "/", "", false},
    {"?q", "/", "q", false},
    {"#f", "/", "", false},
    {"/a/../b", "/b", "", false},
    {"/a/./b", "/a/b", "", false},
    {"/a/.", "/a/", "", false},
    {"/a/..", "/", "", false},
    {"/a/b/..", "/a/", "", false},
    {"/../../x", "/x", "", false},
    {"/..", "/", "", false},
    {"/.", "/", "", false},
    {"/a/%2e%2E/b", "/b", "", false},
    {"/a/.%2e/b", "/b", "", false},
    {"/a/%2E./b", "/b", "", false},
    {"/a/%2e/b", "/a/b", "", false},
    {"/a/%2e%2e?q", "/", "q", false},
    {"/a//../b", "/a/b", "", false},
    {"/a/.../b", "/a/.../b", "", false},
    {"/a/..b/.c", "/a/..b/.c", "", false},
    {"/a/%252e%252e/b", "/a/%252e%252e/b", "", false},
    {"/a%2fb%2F..", "/a%2fb%2F..", "", false},
    {"/a\\b\\..\\c", "/a/c", "", false},
    {"\\a", "/a", "", false},
    {"/%41%zz%4%", "/%41%zz%4%", "", false},
    {"/a b\"<>`{}^|~", "/a%20b%22%3C%3E%60%7B%7D%5E|~", "", false},
    {"/\xC3\xA9\xFF\x01\x7F", "/%C3%A9%FF%01%7F", "", false},
    {"/'()*!$&+,;=:@[]", "/'()*!$&+,;=:@[]", "", false},
    {" \x01/a \n", "/a", "", false},
    {"/a\tb/.\n./c\r", "/c", "", false},
    {"/a\t/b", "/a/b", "", false},
    {"/a\r/\nb", "/a/b", "", false},
    {"//host/path", "/path", "", true},
    {"//host", "/", "", true},
    {"/\\host/path?q", "/path", "q", true},
    {"/\t/host/path", "/path", "", true},
    {"///host//path", "//path", "", true},
    {"http://host/a/../b?q#f", "/b", "q", true},
    {"HTTP://user:pw@host:81/a", "/a", "", true},
    {"http:\\\\host\\a", "/a", "", true},
    {"https:host/a", "/a", "", true},
    {"http:/a", "/a", "", false},
    {"http:a", "/a", "", false},
    {"http:", "/", "", false},
    {"ws://[::1]:80/a", "/a", "", true},
    {"http://0x7f.1/a", "/a", "", true},
    {"http://h%41st/a", "/a", "", true},
};

Test(url_target, resolves_as_the_url_standard_does)
{
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct guard g = guard_of(assay_str(targets[i].target));
        struct assay_buf path = ASSAY_BUF_INIT(200);
        struct assay_bytes query = ASSAY_LIT("unset");
        bool foreign = !targets[i].foreign;

        assay_buf_add_str(&path, "GET /x/");
        cr_expect_eq(assay_url_target(&path, &query, &foreign, g.bytes), ASSAY_OK, "row: %s",
                     targets[i].target);
        cr_assert_not_null(assay_buf_cstr(&path));
        cr_expect_str_eq(assay_buf_cstr(&path) + 7, targets[i].path, "row: %s: %s",
                         targets[i].target, assay_buf_cstr(&path) + 7);
        cr_expect(assay_bytes_is(query, targets[i].query), "row: %s", targets[i].target);
        cr_expect_eq(foreign, targets[i].foreign, "row: %s", targets[i].target);
        guard_free(&g);
        assay_buf_fini(&path);
    }
}

Test(url_target, refuses_what_does_not_resolve_and_changes_nothing)
{
    static const char *const rows[] = {
        "",
        " ",
        "\t\n",
        "*",
        "a/b",
        "host:80",
        "127.0.0.1:80",
        "mailto:x",
        "file:///a",
        "foo://h/a",
        "a1+-.z://h/a",
        "longer-than-any://h/a",
        "+http://h/a",
        "-http://h/a",
        "1http://h/a",
        ":a",
        "ht~tp://h/a",
        "ht{tp://h/a",
        "//h:8:8/",
        "//",
        "///",
        "//:80/",
        "//user@/",
        "http://",
        "https:",
        "//h:99999/",
        "//h:8a/",
        "//h:+8/",
        "//[::1/",
        "//[1:::2]/",
        "//[1:2:3:4:5:6:7:8:9]/",
        "//[::1.2.3]/",
        "//[:1]/",
        "//256.1.1.1/",
        "//1.2.3.4.5/",
        "//a b/",
        "//a%00b/",
        "//a^b/",
        "//\xC3\xA9/",
        "//09/",
        "/a?b\tc",
        "/a?b\nc",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i]));
        struct assay_buf path = ASSAY_BUF_INIT(200);
        struct assay_bytes query = ASSAY_LIT("unset");
        bool foreign = true;

        assay_buf_add_str(&path, "kept");
        cr_expect_eq(assay_url_target(&path, &query, &foreign, g.bytes), ASSAY_E_MALFORMED,
                     "row: %s", rows[i]);
        cr_expect_str_eq(assay_buf_cstr(&path), "kept", "row: %s", rows[i]);
        cr_expect(assay_bytes_is(query, "unset"), "row: %s", rows[i]);
        cr_expect(foreign, "row: %s", rows[i]);
        guard_free(&g);
        assay_buf_fini(&path);
    }
}

Test(url_target, a_path_longer_than_its_buffer_is_too_large)
{
    for (size_t max = 0; max <= 10; max++) {
        struct assay_buf path = ASSAY_BUF_INIT(max);
        struct assay_bytes query;
        bool foreign;

        cr_expect_eq(assay_url_target(&path, &query, &foreign, ASSAY_LIT("/a%20b/\"")),
                     max < 10 ? ASSAY_E_TOO_LARGE : ASSAY_OK, "%zu", max);
        cr_expect(assay_buf_ok(&path));
        cr_expect_eq(path.len, max < 10 ? 0 : 10);
        assay_buf_fini(&path);
    }
}

Test(url_target, an_authority_has_its_limit)
{
    char target[2048] = "//";
    struct assay_buf path = ASSAY_BUF_INIT(200);
    struct assay_bytes query;
    bool foreign;

    memset(target + 2, 'a', sizeof(target) - 2);
    cr_expect_eq(assay_url_target(&path, &query, &foreign, assay_bytes_of(target, 2 + 512)),
                 ASSAY_OK);
    cr_expect_eq(assay_url_target(&path, &query, &foreign, assay_bytes_of(target, sizeof(target))),
                 ASSAY_E_MALFORMED);
    assay_buf_fini(&path);
}

Test(query, is_walked_piece_by_piece)
{
    static const struct {
        const char *query, *walked;
    } rows[] = {
        {"", ""},
        {"&&&", ""},
        {"a=1&b=2", "[a|1][b|2]"},
        {"&a=1&&b&=&c==d&", "[a|1][b|][|][c|=d]"},
        {"a+b=%20&;", "[a+b|%20][;|]"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i].query));
        struct assay_buf out = ASSAY_BUF_INIT(100);
        struct assay_bytes name, value;
        size_t pos = 0;

        while (assay_query_next(g.bytes, &pos, &name, &value))
            assay_buf_printf(&out, "[%.*s|%.*s]", (int)name.len, (const char *)name.at,
                             (int)value.len, (const char *)value.at);
        cr_expect_str_eq(assay_buf_cstr(&out), rows[i].walked, "row: %s", rows[i].query);
        cr_expect_not(assay_query_next(g.bytes, &pos, &name, &value), "the end stays the end");
        guard_free(&g);
        assay_buf_fini(&out);
    }
}

Test(query, is_decoded_as_forms_are)
{
    static const struct {
        const char *raw;
        bool replace;
        const char *want;
    } rows[] = {
        {"a+b%20c%2B", true, "a b c+"},
        {"%41%4a%4A", true, "AJJ"},
        {"%", true, "%"},
        {"%4", true, "%4"},
        {"%zz%%41", true, "%zz%A"},
        {"%g1%1g%2525", true, "%g1%1g%25"},
        {"%C3%A9\xC3\xA9", true, "\xC3\xA9\xC3\xA9"},
        {"%FFx", true, "\xEF\xBF\xBDx"},
        {"%ED%A0%80", true, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"%FFx", false, "\xFFx"},
        {"%E2%82", true, "\xEF\xBF\xBD"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i].raw));
        struct assay_buf out = ASSAY_BUF_INIT(100);

        assay_query_decode(&out, g.bytes, rows[i].replace);
        cr_expect_str_eq(assay_buf_cstr(&out), rows[i].want, "row: %s", rows[i].raw);
        guard_free(&g);
        assay_buf_fini(&out);
    }
}

Test(query, an_escaped_component_decodes_to_itself)
{
    struct assay_buf text = ASSAY_BUF_INIT(1000), back = ASSAY_BUF_INIT(1000);
    uint8_t all[256];

    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)i;
    assay_url_escape_component(&text, assay_bytes_of(all, sizeof(all)));
    assay_query_decode(&back, assay_buf_view(&text), false);
    cr_expect(assay_bytes_equal(assay_buf_view(&back), assay_bytes_of(all, sizeof(all))));
    assay_buf_clear(&text);
    assay_url_escape_component(&text, ASSAY_LIT("aZ09-_.!~*'() \"+/?&=%\xC3\xA9"));
    cr_expect_str_eq(assay_buf_cstr(&text), "aZ09-_.!~*'()%20%22%2B%2F%3F%26%3D%25%C3%A9");
    assay_buf_fini(&text);
    assay_buf_fini(&back);
}
