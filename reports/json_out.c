/* Writes JSON in ASCII (reports/json_out.h). */
#include "reports/json_out.h"

#include "base/utf8.h"

enum { SHOWN_MAX_BYTES = 64 << 20 };

static void add_unit(struct assay_buf *out, uint32_t unit)
{
    assay_buf_printf(out, "\\u%04x", unit);
}

static void add_code_point(struct assay_buf *out, uint32_t c)
{
    if (c == '"' || c == '\\') {
        assay_buf_add_byte(out, '\\');
        assay_buf_add_byte(out, (uint8_t)c);
    } else if (c == '\n') {
        assay_buf_add_str(out, "\\n");
    } else if (c >= 0x20 && c < 0x7F && c != '<' && c != '>' && c != '&' && c != '#') {
        assay_buf_add_byte(out, (uint8_t)c);
    } else if (c > 0xFFFF) {
        add_unit(out, 0xD800 + ((c - 0x10000) >> 10));
        add_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
        add_unit(out, c);
    }
}

void json_add_quoted(struct assay_buf *out, struct assay_bytes text)
{
    assay_buf_add_byte(out, '"');
    for (size_t pos = 0; pos < text.len;) {
        int32_t c = assay_utf8_next(text, &pos);

        if (c < 0) {
            pos++;
            while (pos < text.len && (text.at[pos] & 0xC0) == 0x80)
                pos++;
            c = 0xFFFD;
        }
        add_code_point(out, (uint32_t)c);
    }
    assay_buf_add_byte(out, '"');
}

static void before_value(struct json_out *j, const char *name, bool on_new_line)
{
    if (j->more)
        assay_buf_add_byte(j->out, ',');
    if (j->more && on_new_line)
        assay_buf_add_byte(j->out, '\n');
    if (name != NULL) {
        json_add_quoted(j->out, assay_str(name));
        assay_buf_add_byte(j->out, ':');
    }
    j->more = true;
}

void json_open(struct json_out *j, const char *name, char bracket)
{
    before_value(j, name, true);
    assay_buf_add_byte(j->out, (uint8_t)bracket);
    j->more = false;
}

void json_close(struct json_out *j, char bracket)
{
    assay_buf_add_byte(j->out, (uint8_t)bracket);
    j->more = true;
}

void json_text(struct json_out *j, const char *name, struct assay_bytes text)
{
    before_value(j, name, false);
    json_add_quoted(j->out, text);
}

void json_str(struct json_out *j, const char *name, const char *text)
{
    json_text(j, name, assay_str(text));
}

void json_shown(struct json_out *j, const char *name, struct assay_bytes text)
{
    struct assay_buf shown = ASSAY_BUF_INIT(SHOWN_MAX_BYTES);

    assay_utf8_add_printable(&shown, text);
    json_text(j, name, assay_buf_view(&shown));
    if (assay_buf_ok(j->out))
        j->out->bad = shown.bad;
    assay_buf_fini(&shown);
}

void json_number(struct json_out *j, const char *name, int64_t value)
{
    before_value(j, name, false);
    assay_buf_printf(j->out, "%lld", (long long)value);
}

void json_flag(struct json_out *j, const char *name, bool value)
{
    before_value(j, name, false);
    assay_buf_add_str(j->out, value ? "true" : "false");
}
