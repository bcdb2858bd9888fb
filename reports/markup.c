/* One escaping for both markup sinks (reports/markup.h). */
#include "reports/markup.h"

#include "base/utf8.h"

static const char *entity(uint8_t byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* U+FFFE or U+FFFF at `pos`? */
static bool is_noncharacter(struct assay_bytes text, size_t pos)
{
    return pos + 3 <= text.len && text.at[pos] == 0xEF && text.at[pos + 1] == 0xBF &&
           text.at[pos + 2] >= 0xBE;
}

void markup_add(struct assay_buf *out, struct assay_bytes text, enum markup_lines lines)
{
    size_t done = 0;

    for (size_t pos = 0; pos < text.len;) {
        const char *as = entity(text.at[pos]);
        bool kept = lines == MARKUP_KEEP_LINES && (text.at[pos] == '\n' || text.at[pos] == '\t');
        bool bad = is_noncharacter(text, pos);

        if (as == NULL && !kept && !bad) {
            pos++;
            continue;
        }
        assay_utf8_add_printable(out, assay_bytes_part(text, done, pos));
        if (as != NULL)
            assay_buf_add_str(out, as);
        else if (kept)
            assay_buf_add_byte(out, text.at[pos]);
        else
            assay_buf_printf(out, "\\u{%X}", 0xFF00u + text.at[pos + 2] + 0x40u);
        done = pos += bad ? 3 : 1;
    }
    assay_utf8_add_printable(out, assay_bytes_part(text, done, text.len));
}

void markup_add_str(struct assay_buf *out, const char *text, enum markup_lines lines)
{
    markup_add(out, assay_str(text), lines);
}
