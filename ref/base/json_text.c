/* JSON strings: escapes resolved and written, and the order of names by UTF-16 code units. */
#include "base/json_text.h"

#include "base/json.h"
#include "base/utf8.h"

enum { HIGH_FIRST = 0xD800, LOW_FIRST = 0xDC00, LOW_LAST = 0xDFFF, SUPPLEMENTARY = 0x10000 };

static bool is_high(uint32_t c)
{
    return c >= HIGH_FIRST && c < LOW_FIRST;
}

static bool is_low(uint32_t c)
{
    return c >= LOW_FIRST && c <= LOW_LAST;
}

static uint32_t join(uint32_t high, uint32_t low)
{
    return SUPPLEMENTARY + ((high - HIGH_FIRST) << 10) + (low - LOW_FIRST);
}

/* The four digits of a \u escape that stands at pos. */
static uint32_t escaped_unit(struct assay_bytes raw, size_t pos)
{
    uint32_t unit = 0;

    for (size_t i = pos + 2; i < pos + 6; i++) {
        uint32_t c = raw.at[i];

        unit = unit * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

static bool is_unit_escape(struct assay_bytes raw, size_t pos)
{
    return raw.len - pos >= 6 && raw.at[pos] == '\\' && raw.at[pos + 1] == 'u';
}

static uint32_t short_escape(uint8_t letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default: /* quote, backslash, slash */
        return letter;
    }
}

uint32_t assay_json_raw_next(struct assay_bytes raw, size_t *pos)
{
    uint32_t unit;

    if (raw.at[*pos] < 0x80 && raw.at[*pos] != '\\')
        return raw.at[(*pos)++];
    if (raw.at[*pos] != '\\') {
        int32_t c = assay_utf8_next(raw, pos);

        *pos += c < 0 ? 1 : 0; /* cannot be, in an accepted string */
        return c < 0 ? 0xFFFD : (uint32_t)c;
    }
    if (!is_unit_escape(raw, *pos)) {
        *pos += 2;
        return short_escape(raw.at[*pos - 1]);
    }
    unit = escaped_unit(raw, *pos);
    *pos += 6;
    if (is_high(unit) && is_unit_escape(raw, *pos) && is_low(escaped_unit(raw, *pos))) {
        unit = join(unit, escaped_unit(raw, *pos));
        *pos += 6;
    }
    return unit;
}

/* A string read as UTF-16 code units. */
struct units {
    struct assay_bytes raw;
    size_t pos;
    uint32_t low; /* the second half of a pair that was begun, or 0 */
};

/* The next code unit, or -1 at the end. */
static int32_t next_unit(struct units *u)
{
    uint32_t c = u->low;

    u->low = 0;
    if (c != 0)
        return (int32_t)c;
    if (u->pos == u->raw.len)
        return -1;
    c = assay_json_raw_next(u->raw, &u->pos);
    if (c < SUPPLEMENTARY)
        return (int32_t)c;
    c -= SUPPLEMENTARY;
    u->low = LOW_FIRST + (c & 0x3FF);
    return (int32_t)(HIGH_FIRST + (c >> 10));
}

/* A byte that is a code unit by itself, whatever stands before it that is neither a backslash nor
 * cut off; the end counts too. */
static bool is_plain(struct assay_bytes raw, size_t pos)
{
    return pos == raw.len || (raw.at[pos] < 0x80 && raw.at[pos] != '\\');
}

int assay_json_raw_compare(struct assay_bytes a, struct assay_bytes b)
{
    struct units ua = {.raw = a};
    struct units ub = {.raw = b};
    size_t same = 0;

    while (same < a.len && same < b.len && a.at[same] == b.at[same] && a.at[same] != '\\')
        same++;
    if (is_plain(a, same) && is_plain(b, same)) /* as nearly always */
        return assay_bytes_compare(assay_bytes_part(a, same, a.len),
                                   assay_bytes_part(b, same, b.len));

    for (;;) {
        int32_t x = next_unit(&ua);
        int32_t y = next_unit(&ub);

        if (x != y)
            return x < y ? -1 : 1;
        if (x < 0)
            return 0;
    }
}

void assay_json_add_code_point(struct assay_buf *out, uint32_t code_point)
{
    static const char shorts[] = "btn\0fr"; /* U+0008 to U+000D; there is none for U+000B */

    if (code_point == '"' || code_point == '\\') {
        assay_buf_add_byte(out, '\\');
        assay_buf_add_byte(out, (uint8_t)code_point);
    } else if (code_point >= '\b' && code_point <= '\r' && code_point != '\v') {
        assay_buf_add_byte(out, '\\');
        assay_buf_add_byte(out, (uint8_t)shorts[code_point - '\b']);
    } else if (code_point < 0x20 || is_high(code_point) || is_low(code_point)) {
        assay_buf_printf(out, "\\u%04x", (unsigned)code_point);
    } else {
        assay_utf8_add(out, code_point);
    }
}

/* A surrogate in its three-byte form at pos (at most the length), or 0. */
static uint32_t surrogate_at(struct assay_bytes text, size_t pos)
{
    const uint8_t *at = text.at + pos;

    if (text.len - pos < 3 || at[0] != 0xED || at[1] < 0xA0 || at[1] > 0xBF ||
        (at[2] & 0xC0) != 0x80)
        return 0;
    return 0xD000 | (uint32_t)(at[1] & 0x3F) << 6 | (at[2] & 0x3F);
}

/* Bytes of a word: one that is below `n`, and with it one that is zero, leaves its high bit set in
 * the difference and in the complement. Exact as an answer to whether there is one. */
#define EVERY UINT64_C(0x0101010101010101)

static uint64_t below(uint64_t word, uint8_t n)
{
    return (word - EVERY * n) & ~word;
}

static bool is_plain_word(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return ((word | below(word, ' ') | below(word ^ EVERY * '"', 1) |
             below(word ^ EVERY * '\\', 1)) &
            EVERY * 0x80) == 0;
}

size_t assay_json_plain_end(struct assay_bytes text, size_t pos)
{
    while (text.len - pos >= sizeof(uint64_t) && is_plain_word(text.at + pos))
        pos += sizeof(uint64_t);
    while (pos < text.len && text.at[pos] >= ' ' && text.at[pos] < 0x80 && text.at[pos] != '"' &&
           text.at[pos] != '\\')
        pos++;
    return pos;
}

/* What stands at pos and does not stand for itself; moves on. */
static void add_other(struct assay_buf *out, struct assay_bytes text, size_t *pos)
{
    uint32_t high = surrogate_at(text, *pos);
    uint32_t low = is_high(high) ? surrogate_at(text, *pos + 3) : 0;
    int32_t c = assay_utf8_next(text, pos);

    if (c >= 0) {
        assay_json_add_code_point(out, (uint32_t)c);
    } else if (is_low(low)) {
        assay_json_add_code_point(out, join(high, low));
        *pos += 6;
    } else {
        assay_json_add_code_point(out, high != 0 ? high : 0xFFFD);
        *pos += high != 0 ? 3 : 1;
    }
}

void assay_json_add_string(struct assay_buf *out, struct assay_bytes text)
{
    size_t pos = 0;

    assay_buf_add_byte(out, '"');
    while (pos < text.len) {
        size_t end = assay_json_plain_end(text, pos);

        assay_buf_add(out, assay_bytes_part(text, pos, end));
        pos = end;
        if (pos < text.len)
            add_other(out, text, &pos);
    }
    assay_buf_add_byte(out, '"');
}
