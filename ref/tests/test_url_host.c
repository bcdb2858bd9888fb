/* Hosts as the WHATWG URL standard writes them: IPv6 addresses, IPv4 addresses in every spelling
 * that a browser reads as one, names. */
#include "base/url_host.h"

#include "ref/tests/guard.h"

#include <criterion/criterion.h>

struct row {
    const char *text;
    bool holds;
};

static void expect_rows(const struct row *rows, size_t count, bool (*is)(struct assay_bytes))
{
    for (size_t i = 0; i < count; i++) {
        struct guard g = guard_of(assay_str(rows[i].text));

        cr_expect_eq(is(g.bytes), rows[i].holds, "row: '%s'", rows[i].text);
        guard_free(&g);
    }
}

Test(url_host, an_ipv6_address_has_eight_groups_or_one_gap)
{
    static const struct row rows[] = {
        {"::", true},
        {"::1", true},
        {"fE80::Ab", true},
        {"1:2:3:4:5:6:7:8", true},
        {"1:2:3:4:5:6:7::", true},
        {"::2:3:4:5:6:7:8", true},
        {"", false},
        {":", false},
        {":1", false},
        {":::", false},
        {"1", false},
        {"1:2:3:4:5:6:7", false},
        {"1:2:3:4:5:6:7:", false},
        {"1:2:3:4:5:6:7:8:9", false},
        {"1:2:3:4:5:6:7:8::", false},
        {"1::2::3", false},
        {"12345::", false},
        {"g::", false},
        {"1-2::", false},
    };

    expect_rows(rows, ARRAY_LEN(rows), assay_url_is_ipv6);
}

Test(url_host, an_ipv6_address_may_end_in_four_decimal_bytes)
{
    static const struct row rows[] = {
        {"::1.2.3.4", true},
        {"::0.0.0.255", true},
        {"1:2:3:4:5:6:1.2.3.4", true},
        {"1:2:3:4:5::1.2.3.4", true},
        {"1:2:3:4:5:1.2.3.4", false},
        {"1:2:3:4:5:6:7:1.2.3.4", false},
        {"1:2:3:4:5:6::1.2.3.4", false},
        {"::a.2.3.4", false},
        {"::1..3.4", false},
        {"::1.2.3", false},
        {"::1.2.3.", false},
        {"::1.2.3.a", false},
        {"::1.2x3.4", false},
        {"::1.2.3:4", false},
        {"::1.2.3.4.5", false},
        {"::1.2.3.256", false},
        {"::1.2.3.1234", false},
        {"::1.02.3.4", false},
        {"::1.2.3.00", false},
        {"1.2.3.4", false},
    };

    expect_rows(rows, ARRAY_LEN(rows), assay_url_is_ipv6);
}

Test(url_host, a_host_that_ends_in_a_number_is_an_ipv4_address)
{
    static const struct row rows[] = {
        {"1.2.3.4", true},
        {"1.2.3.4.", true},
        {"127.1", true},
        {"4294967295", true},
        {"0xFFFFFFFF", true},
        {"037777777777", true},
        {"127.0x1", true},
        {"0x", true},
        {"1.2.65535", true},
        {"4294967296", false},
        {"99999999999999999999999", false},
        {"0xfffffffffffffffffffff", false},
        {"1.2.65536", false},
        {"256.1", false},
        {"1.2.3.4.5", false},
        {"1..4", false},
        {"1.2.3.08", false},
        {"name.9", false},
        {"0x1g.1", false},
    };

    expect_rows(rows, ARRAY_LEN(rows), assay_url_is_host);
}

Test(url_host, a_name_is_decoded_before_it_is_judged)
{
    static const struct row rows[] = {
        {"name", true},     {"name.", true},  {"%6eam%65", true},
        {"1.2.3.4g", true}, {"9.0xz", true},  {"a..", true},
        {"[::1]", true},    {"", false},      {"%", false},
        {"a%4", false},     {"a%zz", false},  {"a%4z", false},
        {"a%2Fb", false},   {"a%25b", false}, {"%31%2e256.1.1", false},
        {"a b", false},     {"a\x7f", false}, {"\xC3\xA9", false},
        {"[", false},       {"[::1", false},  {"[]", false},
    };
    char longest[514];

    expect_rows(rows, ARRAY_LEN(rows), assay_url_is_host);
    memset(longest, 'a', sizeof(longest));
    cr_expect(assay_url_is_host(assay_bytes_of(longest, 512)));
    cr_expect_not(assay_url_is_host(assay_bytes_of(longest, 513)));
}
