/* What a target itself says of an answer that is no success, in its body or in the headers of x402,
 * for whoever has to find out why it did not serve. */
#include "peer/http/peer_internal.h"

#include "base/base64.h"

enum { SAID_MAX_BYTES = 100, DOCUMENT_MAX_BYTES = 1 << 16, DEPTH_MAX = 2 };

/* A target's text is hostile: what is not printable ASCII is not repeated, and not much of the rest
 * is. Reports escape the rest for where they are read. */
static const char *quoted(struct assay_case *t, struct assay_bytes text)
{
    size_t len = text.len < SAID_MAX_BYTES ? text.len : SAID_MAX_BYTES;
    char *out = case_alloc(t, len + 1);

    for (size_t i = 0; i < len; i++)
        out[i] = text.at[i] >= ' ' && text.at[i] < 0x7f ? (char)text.at[i] : '?';
    out[len] = '\0';
    return case_printf(t, "\"%s\"%s", out, len < text.len ? " and more" : "");
}

/* By the names that servers give it: of x402, then of problem details and of JSON APIs. */
static struct assay_bytes reason_in(const json_t *value, int depth)
{
    static const char *const names[] = {"error",   "errorReason", "invalidReason", "reason",
                                        "message", "detail",      "title",         "code"};
    struct assay_bytes found = ASSAY_LIT("");

    if (json_is_string(value))
        return assay_bytes_of(json_string_value(value), json_string_length(value));
    for (size_t i = 0; depth < DEPTH_MAX && i < ARRAY_LEN(names) && found.len == 0; i++)
        found = reason_in(json_object_get(value, names[i]), depth + 1);
    return found;
}

static const char *reason_of(struct assay_case *t, struct assay_bytes document)
{
    json_t *value = document.len <= DOCUMENT_MAX_BYTES
                        ? json_loadb((const char *)document.at, document.len, 0, NULL)
                        : NULL;
    struct assay_bytes reason = json_is_object(value) ? reason_in(value, 0) : ASSAY_LIT("");
    const char *out = reason.len > 0 ? quoted(t, reason) : NULL;

    json_decref(value);
    return out;
}

static const char *reason_in_header(struct assay_case *t, const struct peer_answer *answer,
                                    const char *name)
{
    struct assay_buf document = ASSAY_BUF_INIT(DOCUMENT_MAX_BYTES);
    const char *out = NULL;

    if (assay_base64_decode(&document, ASSAY_BASE64_STD_ANY_BITS, peer_header(answer, name),
                            NULL) == ASSAY_OK)
        out = reason_of(t, assay_buf_view(&document));
    assay_buf_fini(&document);
    return out;
}

/* A body that is no JSON says it in clear, if it is short enough to be a message. */
static const char *reason_in_body(struct assay_case *t, const struct peer_answer *answer)
{
    struct assay_bytes body = peer_body(answer);
    const char *out = body.len > 0 ? reason_of(t, body) : NULL;

    while (body.len > 0 && body.at[body.len - 1] <= ' ')
        body.len--;
    if (out == NULL && body.len > 0 && body.len <= SAID_MAX_BYTES && body.at[0] != '{')
        out = quoted(t, body);
    return out;
}

const char *peer_said(struct assay_case *t, const struct peer_answer *answer)
{
    static const char *const headers[] = {"PAYMENT-REQUIRED", "PAYMENT-RESPONSE"};
    const char *said, *in_header = NULL, *header = "";

    if (peer_status(answer) < 400)
        return NULL;
    said = reason_in_body(t, answer);
    for (size_t i = 0; i < ARRAY_LEN(headers) && in_header == NULL; i++) {
        header = headers[i];
        in_header = reason_in_header(t, answer, header);
    }
    if (in_header == NULL || (said != NULL && strcmp(said, in_header) == 0))
        return said;
    return said == NULL ? case_printf(t, "%s in %s", in_header, header)
                        : case_printf(t, "%s in its body and %s in %s", said, in_header, header);
}
