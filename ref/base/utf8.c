/* UTF-8, strict, lenient and fit to be shown; see utf8.h. */
#include "base/utf8.h"

#include "base/planted.h"

/* What may follow a first byte: RFC 3629 section 4. Only the second byte has narrower bounds. */
struct sequence {
    unsigned len; /* bytes, 0 for a byte that cannot come first */
    uint8_t second_low, second_high;
    uint8_t first_bits; /* mask of the first byte's part of the code point */
};

static struct sequence sequence_of(uint8_t first)
{
    if (first < 0x80)
        return (struct sequence){1, 0, 0, 0x7F};
    if (first >= (PLANTED(utf8_overlong) ? 0xC0 : 0xC2) && first <= 0xDF)
        return (struct sequence){2, 0x80, 0xBF, 0x1F};
    if (first >= 0xE0 && first <= 0xEF)
        return (struct sequence){3, first == 0xE0 ? 0xA0 : 0x80,
                                 first == 0xED && !PLANTED(utf8_surrogates) ? 0x9F : 0xBF, 0x0F};
    if (first >= 0xF0 && first <= 0xF4)
        return (struct sequence){4, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF, 0x07};
    return (struct sequence){0, 0, 0, 0};
}

/* Reads what is at pos < text.len. Returns the code point or -1; *used is the length of the
 * character, or of the longest start of one, at least 1: the "maximal wrong part". */
static int32_t decode(struct assay_bytes text, size_t pos, size_t *used)
{
    struct sequence s = sequence_of(text.at[pos]);
    int32_t code_point = text.at[pos] & s.first_bits;
    uint8_t low = s.second_low, high = s.second_high;

    *used = 1;
    if (s.len == 0)
        return -1;
    for (; *used < s.len; ++*used) {
        uint8_t byte;

        if (*used >= text.len - pos && !PLANTED(utf8_past_the_end))
            return -1;
        byte = text.at[pos + *used];
        if (byte < low || byte > high)
            return -1;
        code_point = code_point * 64 + (byte & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    return code_point;
}

int32_t assay_utf8_next(struct assay_bytes text, size_t *pos)
{
    size_t used = 0;
    int32_t code_point;

    if (*pos >= text.len)
        return -1;
    code_point = decode(text, *pos, &used);
    if (code_point >= 0)
        *pos += used;
    return code_point;
}

bool assay_utf8_valid(struct assay_bytes text)
{
    size_t pos = 0;

    while (pos < text.len) {
        if (assay_utf8_next(text, &pos) < 0)
            return false;
    }
    return true;
}

void assay_utf8_add(struct assay_buf *out, uint32_t code_point)
{
    uint8_t bytes[4];
    size_t len = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (size_t i = len - 1; i > 0; i--) {
        bytes[i] = (uint8_t)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    bytes[0] = (uint8_t)(marks[len] | code_point);
    assay_buf_add(out, assay_bytes_of(bytes, len));
}

void assay_utf8_add_replaced(struct assay_buf *out, struct assay_bytes text)
{
    size_t pos = 0;

    while (pos < text.len) {
        size_t used = 0;

        if (decode(text, pos, &used) < 0)
            assay_utf8_add(out, 0xFFFD);
        else
            assay_buf_add(out, assay_bytes_of(text.at + pos, used));
        pos += used;
    }
}

/* Code points that show as nothing, break a line or turn the text around them. */
static bool is_deceptive(int32_t c)
{
    static const struct {
        int32_t first, last;
    } ranges[] = {
        {0x80, 0x9F},       /* C1 controls */
        {0xAD, 0xAD},       /* soft hyphen */
        {0x61C, 0x61C},     /* Arabic letter mark */
        {0x200B, 0x200F},   /* zero width, left-to-right and right-to-left marks */
        {0x2028, 0x202E},   /* line and paragraph separator, embeddings and overrides */
        {0x2060, 0x206F},   /* invisible operators, isolates */
        {0xFEFF, 0xFEFF},   /* byte order mark */
        {0xFFF9, 0xFFFB},   /* interlinear annotation */
        {0xE0000, 0xE007F}, /* tags */
    };

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

/* "##[error]" and "##vso[...]", which the CI of GitHub and Azure obeys wherever it stands in a
 * line.
 */
static bool is_log_command(struct assay_bytes text, size_t pos)
{
    size_t end = pos + 2;

    if (pos + 2 >= text.len || text.at[pos] != '#' || text.at[pos + 1] != '#')
        return false;
    while (end < text.len && end < pos + 5 && text.at[end] >= 'a' && text.at[end] <= 'z')
        end++;
    return end < text.len && text.at[end] == '[';
}

void assay_utf8_add_printable(struct assay_buf *out, struct assay_bytes text)
{
    size_t pos = 0;

    while (pos < text.len) {
        size_t used = 0;
        int32_t c = decode(text, pos, &used);

        if (c < 0) {
            for (size_t i = 0; i < used; i++)
                assay_buf_printf(out, "\\x%02X", (unsigned)text.at[pos + i]);
        } else if (c < 0x20 || c == 0x7F || is_log_command(text, pos)) {
            assay_buf_printf(out, "\\x%02X", (unsigned)c);
        } else if (is_deceptive(c)) {
            assay_buf_printf(out, "\\u{%X}", (unsigned)c);
        } else {
            assay_buf_add(out, assay_bytes_of(text.at + pos, used));
        }
        pos += used;
    }
}

void assay_utf8_mark_cut(char *text, size_t room)
{
    size_t end = room - sizeof("...");

    while (end > 0 && ((uint8_t)text[end] & 0xC0) == 0x80)
        end--;
    memcpy(text + end, "...", sizeof("..."));
}
