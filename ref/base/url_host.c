/* Host syntax of the WHATWG URL standard, section 3.5; see url_host.h. */
#include "base/url_host.h"

enum { HOST_MAX_BYTES = 512 };

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The value of a hex digit, or -1. */
static int hex_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four decimal numbers of 0..255 without leading zeros: the tail of an IPv6 address. */
static bool is_dotted_quad(struct assay_bytes text)
{
    size_t at = 0;

    for (int part = 0; part < 4; part++) {
        size_t from = at;
        unsigned value = 0;

        while (at < text.len && at - from < 3 && is_digit(text.at[at]))
            value = value * 10 + (unsigned)(text.at[at++] - '0');
        if (at == from || value > 255 || (text.at[from] == '0' && at - from > 1))
            return false;
        if (part < 3 && (at == text.len || text.at[at++] != '.'))
            return false;
    }
    return at == text.len;
}

bool assay_url_is_ipv6(struct assay_bytes text)
{
    int groups = 0;
    bool gap = false, after_group = false;
    size_t at = 0;

    if (text.len > 0 && text.at[0] == ':' && (text.len < 2 || text.at[1] != ':'))
        return false;
    while (at < text.len) {
        size_t from;

        if (assay_bytes_is(assay_bytes_part(text, at, at + 2), "::")) {
            if (gap)
                return false;
            gap = true;
            after_group = false;
            at += 2;
            continue;
        }
        at += after_group ? 1 : 0; /* its colon */
        from = at;
        while (at < text.len && at - from < 4 && hex_value(text.at[at]) >= 0)
            at++;
        if (at > from && at < text.len && text.at[at] == '.')
            return is_dotted_quad(assay_bytes_part(text, from, text.len)) &&
                   (gap ? groups < 6 : groups == 6);
        if (at == from || (at < text.len && text.at[at] != ':'))
            return false;
        groups++;
        after_group = true;
    }
    return gap ? groups < 8 : groups == 8;
}

/* A number as an IPv4 part may be written: decimal, octal after 0, hex after 0x. Saturates. */
static bool ipv4_number(uint64_t *value, struct assay_bytes text)
{
    unsigned base = 10;
    size_t at = 0;

    if (text.len == 0)
        return false;
    if (text.len > 1 && text.at[0] == '0') {
        base = (text.at[1] | 0x20) == 'x' ? 16 : 8;
        at = base == 16 ? 2 : 1;
    }
    for (*value = 0; at < text.len; at++) {
        int digit = hex_value(text.at[at]);

        if (digit < 0 || (unsigned)digit >= base)
            return false;
        *value = *value > UINT32_MAX ? *value : *value * base + (unsigned)digit;
    }
    return true;
}

static bool all_digits(struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i]))
            return false;
    }
    return text.len > 0;
}

/* The standard's "ends in a number": then the host must be an IPv4 address. */
static bool ends_in_number(struct assay_bytes host)
{
    size_t from = host.len;
    struct assay_bytes last;
    uint64_t value = 0;

    while (from > 0 && host.at[from - 1] != '.')
        from--;
    last = assay_bytes_part(host, from, host.len);
    return all_digits(last) || ipv4_number(&value, last);
}

static bool is_ipv4(struct assay_bytes host)
{
    size_t at = 0;

    for (unsigned part = 0; part < 4; part++) {
        size_t dot = assay_bytes_find(host, '.', at);
        uint64_t value = 0;

        if (!ipv4_number(&value, assay_bytes_part(host, at, dot)))
            return false;
        if (dot == host.len) /* the last part fills the bytes that are left */
            return value < UINT64_C(1) << (8 * (4 - part));
        if (value > 255)
            return false;
        at = dot + 1;
    }
    return false;
}

static bool is_forbidden(uint8_t c)
{
    return c <= ' ' || c >= 0x7F || memchr("#/:<>?@[\\]^|%", c, 13) != NULL;
}

bool assay_url_is_host(struct assay_bytes text)
{
    uint8_t decoded[HOST_MAX_BYTES];
    struct assay_bytes host = {decoded, 0};

    if (text.len > 1 && text.at[0] == '[')
        return text.at[text.len - 1] == ']' &&
               assay_url_is_ipv6(assay_bytes_part(text, 1, text.len - 1));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c == '%' && text.len - i > 2 && hex_value(text.at[i + 1]) >= 0 &&
            hex_value(text.at[i + 2]) >= 0) {
            c = (uint8_t)(hex_value(text.at[i + 1]) * 16 + hex_value(text.at[i + 2]));
            i += 2;
        }
        if (is_forbidden(c) || host.len == sizeof(decoded))
            return false;
        decoded[host.len++] = c;
    }
    if (host.len > 1 && decoded[host.len - 1] == '.')
        host.len--; /* one dot at the end does not count */
    return host.len > 0 && (!ends_in_number(host) || is_ipv4(host));
}
