/* URLs split strictly, and form-urlencoded queries; see url.h. The WHATWG part is in url_target.c.
 */
#include "base/url.h"

#include "base/decimal.h"
#include "base/url_host.h"
#include "base/utf8.h"

static enum assay_code malformed(struct assay_err *err, size_t at, const char *what)
{
    return assay_fail(err, ASSAY_E_MALFORMED, at, "URL: %s", what);
}

/* The port a scheme has by itself, or 0 for one that is not supported. */
static uint16_t scheme_port(struct assay_bytes scheme)
{
    static const struct {
        const char *scheme;
        uint16_t port;
    } known[] = {{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}};

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (assay_bytes_equal_nocase(scheme, assay_str(known[i].scheme)))
            return known[i].port;
    }
    return 0;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_scheme(struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool inner =
            is_digit(text.at[i]) || text.at[i] == '+' || text.at[i] == '-' || text.at[i] == '.';

        if (!is_letter(text.at[i]) && !(i > 0 && inner))
            return false;
    }
    return text.len > 0;
}

static bool is_host_name(struct assay_bytes host)
{
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.at[i];

        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return host.len > 0;
}

/* Host and port of `authority`, which starts at offset `at` of the URL. */
static enum assay_code split_authority(struct assay_url *out, struct assay_bytes authority,
                                       size_t at, struct assay_err *err)
{
    bool bracketed = authority.len > 0 && authority.at[0] == '[';
    size_t end = assay_bytes_find(authority, bracketed ? ']' : ':', 0);
    size_t colon = bracketed ? end + 1 : end;
    uint64_t port = 0;

    if (assay_bytes_find(authority, '@', 0) < authority.len)
        return malformed(err, at, "user information is not allowed");
    if (bracketed && end == authority.len)
        return malformed(err, at, "a bracket of the host is not closed");
    out->host = assay_bytes_part(authority, bracketed ? 1 : 0, end);
    if (bracketed ? !assay_url_is_ipv6(out->host) : !is_host_name(out->host))
        return malformed(err, at, "no host, or a character in it that is not allowed");
    if (colon == authority.len)
        return ASSAY_OK;
    if (authority.at[colon] != ':' ||
        assay_decimal_u64(&port, assay_bytes_part(authority, colon + 1, authority.len)) !=
            ASSAY_OK ||
        port < 1 || port > UINT16_MAX)
        return malformed(err, at + colon, "the port is no number of 1 to 65535");
    out->port = (uint16_t)port;
    return ASSAY_OK;
}

static enum assay_code check_bytes(struct assay_bytes text, struct assay_err *err)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= ' ' || text.at[i] == 0x7F || text.at[i] == '\\')
            return malformed(err, i, "a control character, a space or a backslash");
    }
    return ASSAY_OK;
}

static size_t find_any(struct assay_bytes text, const char *stops, size_t from)
{
    while (from < text.len && memchr(stops, text.at[from], strlen(stops)) == NULL)
        from++;
    return from;
}

enum assay_code assay_url_split(struct assay_url *out, struct assay_bytes text,
                                struct assay_err *err)
{
    struct assay_url url = {.host = ASSAY_LIT("")};
    size_t colon = assay_bytes_find(text, ':', 0);
    size_t path, query, end;
    enum assay_code rc;

    if ((rc = check_bytes(text, err)) != ASSAY_OK)
        return rc;
    url.scheme = assay_bytes_part(text, 0, colon);
    if (colon == text.len || !is_scheme(url.scheme))
        return malformed(err, 0, "it does not start with a scheme");
    url.port = scheme_port(url.scheme);
    if (url.port == 0)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "URL: the scheme is none of http, https, ws, wss");
    if (!assay_bytes_is(assay_bytes_part(text, colon + 1, colon + 3), "//"))
        return malformed(err, colon, "no // after the scheme");
    path = find_any(text, "/?#", colon + 3);
    if ((rc = split_authority(&url, assay_bytes_part(text, colon + 3, path), colon + 3, err)) !=
        ASSAY_OK)
        return rc;
    query = find_any(text, "?#", path);
    end = assay_bytes_find(text, '#', query);
    url.path = assay_bytes_part(text, path, query);
    url.has_query = query < end;
    url.query = assay_bytes_part(text, url.has_query ? query + 1 : end, end);
    *out = url;
    return ASSAY_OK;
}

bool assay_url_host_is_loopback(struct assay_bytes host)
{
    size_t at = 0;

    if (assay_bytes_equal_nocase(host, ASSAY_LIT("localhost")) || assay_bytes_is(host, "::1"))
        return true;
    for (int part = 0; part < 4; part++) {
        size_t dot = assay_bytes_find(host, '.', at);
        uint64_t value = 0;

        if (assay_decimal_u64(&value, assay_bytes_part(host, at, dot)) != ASSAY_OK || value > 255 ||
            (part == 0 && value != 127) || (dot == host.len) != (part == 3))
            return false;
        at = dot + 1;
    }
    return true;
}

bool assay_query_next(struct assay_bytes query, size_t *pos, struct assay_bytes *name,
                      struct assay_bytes *value)
{
    while (*pos < query.len) {
        size_t end = assay_bytes_find(query, '&', *pos);
        struct assay_bytes piece = assay_bytes_part(query, *pos, end);
        size_t equals = assay_bytes_find(piece, '=', 0);

        *pos = end < query.len ? end + 1 : end;
        if (piece.len > 0) {
            *name = assay_bytes_part(piece, 0, equals);
            *value = assay_bytes_part(piece, equals + 1, piece.len);
            return true;
        }
    }
    return false;
}

static int hex_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that an escape at pos stands for, or -1. */
static int escaped_byte(struct assay_bytes raw, size_t pos)
{
    int high, low;

    if (raw.at[pos] != '%' || raw.len - pos < 3)
        return -1;
    high = hex_value(raw.at[pos + 1]);
    low = hex_value(raw.at[pos + 2]);
    return high >= 0 && low >= 0 ? high * 16 + low : -1;
}

static void add_decoded(struct assay_buf *out, struct assay_bytes raw)
{
    for (size_t pos = 0; pos < raw.len; pos++) {
        int byte = escaped_byte(raw, pos);

        if (byte >= 0) {
            assay_buf_add_byte(out, (uint8_t)byte);
            pos += 2;
        } else {
            assay_buf_add_byte(out, raw.at[pos] == '+' ? ' ' : raw.at[pos]);
        }
    }
}

void assay_query_decode(struct assay_buf *out, struct assay_bytes raw, bool replace)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(raw.len);

    if (!replace) {
        add_decoded(out, raw);
        return;
    }
    add_decoded(&bytes, raw);
    if (assay_buf_ok(&bytes))
        assay_utf8_add_replaced(out, assay_buf_view(&bytes));
    else if (assay_buf_ok(out))
        out->bad = bytes.bad;
    assay_buf_fini(&bytes);
}

void assay_url_add_escape(struct assay_buf *out, uint8_t byte)
{
    static const char digits[] = "0123456789ABCDEF";
    const char text[] = {'%', digits[byte >> 4], digits[byte & 0x0F]};

    assay_buf_add(out, assay_bytes_of(text, sizeof(text)));
}

void assay_url_escape_component(struct assay_buf *out, struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (is_letter(c) || is_digit(c) || memchr("-_.!~*'()", c, 9) != NULL)
            assay_buf_add_byte(out, c);
        else
            assay_url_add_escape(out, c);
    }
}
