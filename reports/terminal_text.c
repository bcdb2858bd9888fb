/* Text on a terminal (reports/terminal_text.h). */
#include "reports/terminal_text.h"

#include "base/utf8.h"

enum { LABEL_COLUMNS = 10, TEXT_SHOWN_BYTES = 2000 };

void terminal_ink(struct terminal *t, enum ink which)
{
    static const char *const codes[] = {"\x1b[0m",    "\x1b[1m",    "\x1b[2m",
                                        "\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m"};

    if (t->colour)
        assay_buf_add_str(&t->out, codes[which]);
}

size_t terminal_columns(struct assay_bytes text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += (text.at[i] & 0xC0) != 0x80;
    return count;
}

void terminal_pad(struct terminal *t, size_t count)
{
    while (count-- > 0)
        assay_buf_add_byte(&t->out, ' ');
}

/* CI systems obey lines that begin so, whatever printed them. */
static bool is_command(struct assay_bytes word)
{
    return word.len >= 2 && (memcmp(word.at, "::", 2) == 0 || memcmp(word.at, "##", 2) == 0);
}

/* Printable text wrapped at spaces; the cursor is at `indent`, where further lines begin too. Ends
 * the line. */
static void wrap_printable(struct terminal *t, size_t indent, struct assay_bytes text)
{
    size_t at = indent;

    for (size_t from = 0, to; from < text.len; from = to + 1) {
        struct assay_bytes word;

        to = assay_bytes_find(text, ' ', from);
        word = assay_bytes_part(text, from, to);
        if (at > indent && at + 1 + terminal_columns(word) > t->width) {
            assay_buf_add_byte(&t->out, '\n');
            terminal_pad(t, indent);
            at = indent;
        } else if (at > indent) {
            assay_buf_add_byte(&t->out, ' ');
            at++;
        }
        if (at == indent && is_command(word))
            assay_buf_add_byte(&t->out, '\\');
        assay_buf_add(&t->out, word);
        at += terminal_columns(word);
    }
    assay_buf_add_byte(&t->out, '\n');
}

/* Hostile text, made printable, cut and wrapped. */
void terminal_wrap(struct terminal *t, size_t indent, struct assay_bytes text)
{
    struct assay_buf printable = ASSAY_BUF_INIT(OUT_MAX_BYTES);

    assay_utf8_add_printable(&printable, assay_bytes_part(text, 0, TEXT_SHOWN_BYTES));
    if (text.len > TEXT_SHOWN_BYTES)
        assay_buf_printf(&printable, " ... (%zu bytes more)", text.len - TEXT_SHOWN_BYTES);
    wrap_printable(t, indent, assay_buf_view(&printable));
    report_done(&t->out, &printable);
}

void terminal_label(struct terminal *t, const char *name)
{
    terminal_pad(t, 3);
    terminal_ink(t, INK_DIM);
    assay_buf_add_str(&t->out, name);
    terminal_ink(t, INK_PLAIN);
    terminal_pad(t, strlen(name) < LABEL_COLUMNS ? LABEL_COLUMNS - strlen(name) : 1);
}

void terminal_labelled(struct terminal *t, const char *name, struct assay_bytes text)
{
    if (text.len == 0)
        return;
    terminal_label(t, name);
    terminal_wrap(t, 3 + LABEL_COLUMNS, text);
}

/* To be copied: a line break would end up in it. */
void terminal_command(struct terminal *t, struct assay_bytes text)
{
    size_t width = t->width;

    t->width = SIZE_MAX;
    terminal_wrap(t, 0, text);
    t->width = width;
}
