/* Texts of challenges and proofs; see text.h. */
#include "paid_tools/text.h"

#include "base/utf8.h"

enum assay_code pt_text_read(char *out, size_t room, const struct assay_json *doc, uint32_t token,
                             const char *name, struct assay_err *err)
{
    struct assay_buf text = {
        .at = (uint8_t *)out, .room = room - 1, .max = room - 1, .fixed = true};
    enum assay_code rc;

    if (token == ASSAY_JSON_NONE)
        return assay_fail(err, ASSAY_E_MISSING, 0, "%s: is missing", name);
    if ((rc = assay_json_string(&text, doc, token)) != ASSAY_OK)
        return assay_fail(err, rc, 0, "%s: %s", name, assay_code_text(rc));
    if (memchr(out, '\0', text.len) != NULL || !assay_utf8_valid(assay_buf_view(&text)))
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "%s: holds a NUL or half a character", name);
    out[text.len] = '\0';
    return ASSAY_OK;
}

enum assay_code pt_text_copy(char *out, size_t room, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    bool fits = len < room;

    if (fits && len > 0)
        memcpy(out, text, len);
    out[fits ? len : 0] = '\0';
    return fits ? ASSAY_OK : ASSAY_E_RANGE;
}

void pt_text_member(struct assay_buf *out, const char *name, const char *text)
{
    if (out->len == 0 || out->at[out->len - 1] != '{')
        assay_buf_add_byte(out, ',');
    assay_json_add_string(out, assay_str(name));
    assay_buf_add_byte(out, ':');
    assay_json_add_string(out, assay_str(text));
}
