/* URLs in the one form that fingerprints are made over. Source: Kaspa x402 exact digest, section
 * 2.3; the reference's form is that of the WHATWG URL standard, of which this is the part for hosts
 * that need no rewriting: a name or an address in its usual spelling. */
#include "kaspa_x402/exact_hash.h"

#include "base/url.h"

static void add_lower(struct assay_buf *out, struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_upper = text.at[i] >= 'A' && text.at[i] <= 'Z';

        assay_buf_add_byte(out, is_upper ? text.at[i] | 0x20 : text.at[i]);
    }
}

static void add_origin(struct assay_buf *out, const struct assay_url *url)
{
    bool is_secure = assay_bytes_equal_nocase(url->scheme, ASSAY_LIT("https")) ||
                     assay_bytes_equal_nocase(url->scheme, ASSAY_LIT("wss"));
    bool is_v6 = assay_bytes_find(url->host, ':', 0) < url->host.len;

    add_lower(out, url->scheme);
    assay_buf_add_str(out, is_v6 ? "://[" : "://");
    add_lower(out, url->host);
    if (is_v6)
        assay_buf_add_byte(out, ']');
    if (url->port != (is_secure ? 443 : 80))
        assay_buf_printf(out, ":%u", (unsigned)url->port);
}

/* The special-query percent-encode set; escapes stay as they are. */
static void add_query(struct assay_buf *out, struct assay_bytes query)
{
    assay_buf_add_byte(out, '?');
    for (size_t i = 0; i < query.len; i++) {
        uint8_t c = query.at[i];

        if (c >= 0x7F || memchr("\"<>'", c, 4) != NULL)
            assay_url_add_escape(out, c);
        else
            assay_buf_add_byte(out, c);
    }
}

enum assay_code kx_url_normalise(struct assay_buf *out, struct assay_bytes url,
                                 struct assay_err *err)
{
    struct assay_err inner = {0};
    size_t before = out->len;
    struct assay_bytes query;
    struct assay_url parts;
    bool is_foreign;
    enum assay_code rc;

    if (assay_url_split(&parts, url, &inner) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, inner.at, "%s", inner.text);
    add_origin(out, &parts);
    rc = assay_url_target(out, &query, &is_foreign, url); /* the path; it checks the host too */
    if (rc == ASSAY_OK && parts.has_query)
        add_query(out, parts.query);
    if (rc == ASSAY_OK && (rc = out->bad) == ASSAY_OK)
        return ASSAY_OK;
    out->len = before;
    return assay_fail(err, rc, 0, "URL: its normal form %s", assay_code_text(rc));
}
