/* Streamable HTTP, before the message; see mcp_http.h. */
#include "x402/mcp_http.h"

#include "defects/defects.h"
#include "x402/mcp.h"

static struct assay_bytes trimmed(struct assay_bytes text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = assay_bytes_part(text, 1, text.len);
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* Without its parameters. */
static struct assay_bytes media_type(struct assay_bytes text)
{
    return trimmed(assay_bytes_part(text, 0, assay_bytes_find(text, ';', 0)));
}

static bool is_json(struct assay_bytes type)
{
    return assay_bytes_equal_nocase(type, ASSAY_LIT("application/json"));
}

/* A weight of 0 is not looked for: who sends it is given what he does not read. */
static bool accepts_json(struct assay_bytes accept)
{
    size_t at = 0;

    while (at < accept.len) {
        size_t end = assay_bytes_find(accept, ',', at);
        struct assay_bytes type = media_type(assay_bytes_part(accept, at, end));

        if (is_json(type) || assay_bytes_is(type, "*/*") ||
            assay_bytes_equal_nocase(type, ASSAY_LIT("application/*")))
            return true;
        at = end + 1;
    }
    return accept.len == 0;
}

int x402_mcp_http_refusal(const struct x402_mcp_http *request, struct assay_bytes own)
{
    if (request->origin.len > 0 && !assay_bytes_equal_nocase(request->origin, own) &&
        !REF_DEFECT(kx_mcp_origin_unchecked))
        return 403;
    if (!assay_bytes_is(request->method, "POST"))
        return 405;
    if (!accepts_json(request->accept))
        return 406;
    if (!is_json(media_type(request->content_type)))
        return 415;
    return request->version.len > 0 && !x402_mcp_speaks(request->version) ? 400 : 0;
}
