/* The frame of every page: its template with the places filled in (reports/html.h). */
#include "reports/html.h"

#include "base/base64.h"
#include "base/hash.h"

static size_t find_text(struct assay_bytes in, const char *text, size_t from)
{
    const uint8_t *found =
        from <= in.len ? memmem(in.at + from, in.len - from, text, strlen(text)) : NULL;

    return found != NULL ? (size_t)(found - in.at) : in.len;
}

/* Nothing but the page's own style and its one script, if any, known by its hash. */
static void add_policy(struct html *page, struct assay_bytes frame)
{
    size_t script_at = find_text(frame, "<script>", 0), from = script_at + strlen("<script>");
    struct assay_bytes script = assay_bytes_part(frame, from, find_text(frame, "</script>", from));
    uint8_t digest[ASSAY_SHA256_BYTES];

    assay_sha256(digest, script);
    html_raw(page, "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action "
                   "'none'");
    if (script_at == frame.len)
        return;
    html_raw(page, "; script-src 'sha256-");
    assay_base64_encode(page->out, ASSAY_BASE64_STD, assay_bytes_of(digest, sizeof(digest)));
    html_raw(page, "'");
}

static void add_place(struct html *page, const struct html_parts *parts, const char *status,
                      struct assay_bytes name, struct assay_bytes frame)
{
    if (assay_bytes_is(name, "policy"))
        add_policy(page, frame);
    else if (assay_bytes_is(name, "title")) {
        parts->title(page);
        html_raw(page, " \xc2\xb7 Assay");
    } else if (assay_bytes_is(name, "running") && parts->running != NULL)
        parts->running(page);
    else if (assay_bytes_is(name, "status"))
        html_raw(page, status);
    else if (assay_bytes_is(name, "content"))
        parts->content(page);
}

enum assay_code html_fill(struct html *page, const struct html_parts *parts, const char *status)
{
    struct assay_bytes frame = parts->frame != NULL ? parts->frame() : html_template();
    size_t at = 0;

    while (at < frame.len) {
        size_t open = find_text(frame, "{{", at), close = find_text(frame, "}}", open);

        assay_buf_add(page->out, assay_bytes_part(frame, at, open));
        add_place(page, parts, status, assay_bytes_part(frame, open + 2, close), frame);
        at = close + 2;
    }
    return page->out->bad;
}
