/* Header values: base64 of JSON; see document.h. */
#include "base/base64.h"
#include "base/planted.h"
#include "defects/defects.h"
#include "x402/document.h"
#include "x402/limits.h"

#include <assert.h>

static_assert(X402_HEADER_MAX_CHARS / 4 * 3 == X402_DECODED_MAX_BYTES,
              "what is decoded from a header is within its budget");

/* What a lenient decoder makes of either alphabet, with spaces and without padding. */
static struct assay_bytes forgive(struct assay_arena *arena, struct assay_bytes value)
{
    uint8_t *at = assay_arena_alloc(arena, value.len + 3);
    size_t len = 0;

    for (size_t i = 0; at != NULL && i < value.len; i++) {
        uint8_t c = value.at[i];

        if (c > ' ' && c != '=')
            at[len++] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    while (at != NULL && len % 4 != 0)
        at[len++] = '=';
    return at != NULL ? assay_bytes_of(at, len) : value;
}

enum assay_code x402_header_decode(struct assay_bytes *out, struct assay_arena *arena,
                                   struct assay_bytes value, struct assay_err *err)
{
    struct assay_buf bytes = {.fixed = true};
    size_t room;
    enum assay_code rc;

    if (REF_DEFECT(kx_base64_lenient))
        value = forgive(arena, value);
    if (value.len == 0)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "x402: the header's value is empty");
    if (value.len > X402_HEADER_MAX_CHARS && !REF_DEFECT(kx_budget_none))
        return assay_fail(err, ASSAY_E_TOO_LARGE, X402_HEADER_MAX_CHARS,
                          "x402: passes the budget of %u characters of base64",
                          (unsigned)X402_HEADER_MAX_CHARS);
    room = (value.len - PLANTED(header_room)) / 4 * 3;
    bytes.room = bytes.max = room;
    bytes.at = assay_arena_alloc(arena, room);
    if (bytes.at == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "x402: no memory for a header of %zu bytes", room);
    if ((rc = assay_base64_decode(&bytes, ASSAY_BASE64_STD_ANY_BITS, value, err)) != ASSAY_OK)
        return rc;
    *out = assay_buf_view(&bytes);
    return ASSAY_OK;
}

enum assay_code x402_header_encode(struct assay_buf *out, const struct assay_json *doc,
                                   struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    enum assay_code rc = assay_json_canonical(&text, doc, 0, err);

    if (rc == ASSAY_OK) {
        assay_base64_encode(out, ASSAY_BASE64_STD, assay_buf_view(&text));
        if (!assay_buf_ok(out))
            rc = assay_fail(err, out->bad, 0, "x402: the header's value %s",
                            assay_code_text(out->bad));
    }
    assay_buf_fini(&text);
    return rc;
}
