/* Strings with a length, and base64 between two lines (bundle/ssh_wire.h). */
#include "bundle/ssh_wire.h"

#include "base/base64.h"

enum { ARMOUR_MAX_BYTES = 64 * 1024, LINE_BYTES = 70 };

void ssh_add_u32(struct assay_buf *out, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        assay_buf_add_byte(out, (uint8_t)(number >> shift));
}

void ssh_add_string(struct assay_buf *out, struct assay_bytes text)
{
    ssh_add_u32(out, (uint32_t)text.len);
    assay_buf_add(out, text);
}

struct assay_bytes ssh_cur_string(struct assay_cur *c)
{
    uint32_t len = assay_cur_u32be(c);

    return assay_cur_view(c, len);
}

void ssh_cur_expect(struct assay_cur *c, const char *text)
{
    struct assay_bytes found = ssh_cur_string(c);

    c->bad = c->bad || !assay_bytes_is(found, text);
}

void ssh_add_armour(struct assay_buf *out, const char *label, struct assay_bytes blob)
{
    struct assay_buf text = ASSAY_BUF_INIT(ARMOUR_MAX_BYTES);

    assay_base64_encode(&text, ASSAY_BASE64_STD, blob);
    assay_buf_printf(out, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < text.len; at += LINE_BYTES) {
        assay_buf_add(out, assay_bytes_part(assay_buf_view(&text), at, at + LINE_BYTES));
        assay_buf_add_byte(out, '\n');
    }
    assay_buf_printf(out, "-----END %s-----\n", label);
    if (out->bad == ASSAY_OK)
        out->bad = text.bad;
    assay_buf_wipe(&text);
}

static bool is_white(uint8_t c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* Takes the line of the label from one end of the text. */
static bool take_line(struct assay_bytes *text, const char *word, const char *label, bool at_end)
{
    char line[80];
    struct assay_buf made = ASSAY_BUF_OVER(line);
    struct assay_bytes found;

    assay_buf_printf(&made, "-----%s %s-----", word, label);
    if (!assay_buf_ok(&made) || made.len > text->len)
        return false;
    found = at_end ? assay_bytes_part(*text, text->len - made.len, text->len)
                   : assay_bytes_part(*text, 0, made.len);
    *text = at_end ? assay_bytes_part(*text, 0, text->len - made.len)
                   : assay_bytes_part(*text, made.len, text->len);
    return assay_bytes_equal(found, assay_buf_view(&made));
}

enum assay_code ssh_armour_decode(struct assay_buf *out, const char *label, struct assay_bytes text,
                                  struct assay_err *err)
{
    struct assay_buf base64 = ASSAY_BUF_INIT(ARMOUR_MAX_BYTES);
    enum assay_code rc = ASSAY_OK;

    while (text.len > 0 && is_white(text.at[text.len - 1]))
        text.len--;
    if (text.len > ARMOUR_MAX_BYTES)
        rc = assay_fail(err, ASSAY_E_TOO_LARGE, 0, "more than %d bytes", ARMOUR_MAX_BYTES);
    else if (!take_line(&text, "BEGIN", label, false) || !take_line(&text, "END", label, true))
        rc = assay_fail(err, ASSAY_E_MALFORMED, 0,
                        "it does not begin with -----BEGIN %s----- and end with its END", label);
    for (size_t i = 0; i < text.len && rc == ASSAY_OK; i++)
        if (!is_white(text.at[i]))
            assay_buf_add_byte(&base64, text.at[i]);
    if (rc == ASSAY_OK && !assay_buf_ok(&base64))
        rc = assay_fail(err, base64.bad, 0, "%s", assay_code_text(base64.bad));
    if (rc == ASSAY_OK)
        rc = assay_base64_decode(out, ASSAY_BASE64_STD, assay_buf_view(&base64), err);
    assay_buf_wipe(&base64);
    return rc;
}
