/* Scripts as text and back: names, numbers, 'text' and 0x hex; see script.h. The short form is that
 * of the node's script tests. Digest, section 9. */
#include "base/decimal.h"
#include "base/hex.h"
#include "kaspa/script.h"

enum { SHOWN_BYTES = 16 }; /* of what does not decode */

void kaspa_spk_add_hex(struct assay_buf *out, const struct kaspa_spk *spk)
{
    const uint8_t version[] = {(uint8_t)(spk->version >> 8), (uint8_t)spk->version};

    assay_buf_add_hex(out, assay_bytes_of(version, sizeof(version)));
    assay_buf_add_hex(out, spk->script);
}

static void add_raw(struct assay_buf *out, struct assay_bytes bytes)
{
    if (bytes.len == 0)
        return;
    assay_buf_add_str(out, " 0x");
    assay_buf_add_hex(out, bytes);
}

static void add_malformed(struct assay_buf *out, struct assay_bytes script, size_t at,
                          enum kaspa_script_error why)
{
    assay_buf_printf(out, "[%s at %zu: ", kaspa_script_error_name(why), at);
    assay_buf_add_hex(out, assay_bytes_part(script, at, at + SHOWN_BYTES));
    assay_buf_add_str(out, script.len - at > SHOWN_BYTES ? "…]" : "]");
}

void kaspa_script_add_text(struct assay_buf *out, struct assay_bytes script)
{
    struct kaspa_instruction i;

    for (size_t at = 0; at < script.len && assay_buf_ok(out); at = i.next) {
        enum kaspa_script_error why = kaspa_instruction_decode(&i, script, at);

        if (at > 0)
            assay_buf_add_byte(out, ' ');
        if (why != KASPA_SCRIPT_OK) {
            add_malformed(out, script, at, why);
            return;
        }
        assay_buf_add_str(out, kaspa_opcode_name(i.opcode));
        /* the length bytes of a PUSHDATA stand apart, as raw as they are in the script */
        add_raw(out, assay_bytes_part(script, at + 1, i.next - i.data.len));
        add_raw(out, i.data);
    }
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word from `*at` on, which moves behind it; empty at the end. A comment ends a word, also
 * within quotes, as it does for the node. */
static struct assay_bytes next_word(struct assay_bytes text, size_t *at)
{
    size_t from;

    while (*at < text.len && (is_space(text.at[*at]) || text.at[*at] == '#'))
        *at = text.at[*at] == '#' ? assay_bytes_find(text, '\n', *at) : *at + 1;
    from = *at;
    while (*at < text.len && !is_space(text.at[*at]) && text.at[*at] != '#')
        ++*at;
    return assay_bytes_part(text, from, *at);
}

/* Of a word, which is never empty. */
static bool has_sign(struct assay_bytes word)
{
    return word.at[0] == '-' || word.at[0] == '+';
}

/* Digits, with or without a sign before them. */
static bool is_number(struct assay_bytes word)
{
    size_t digits = has_sign(word) ? 1 : 0;

    for (size_t i = digits; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9')
            return false;
    }
    return word.len > digits;
}

static enum assay_code add_number(struct assay_buf *out, struct assay_bytes word)
{
    const uint64_t lowest = UINT64_C(1) << 63;
    bool negative = word.at[0] == '-';
    struct assay_bytes digits = assay_bytes_part(word, has_sign(word) ? 1 : 0, word.len);
    uint64_t value;

    while (digits.len > 1 && digits.at[0] == '0') /* to the node 007 is 7 */
        digits = assay_bytes_part(digits, 1, digits.len);
    if (assay_decimal_u64(&value, digits) != ASSAY_OK || value > lowest ||
        (value == lowest && !negative))
        return ASSAY_E_RANGE;
    kaspa_script_add_number(out, value == lowest ? INT64_MIN
                                 : negative      ? -(int64_t)value
                                                 : (int64_t)value);
    return out->bad;
}

static enum assay_code add_word_of_hex(struct assay_buf *out, struct assay_bytes digits)
{
    size_t start = out->len;
    uint8_t *at = assay_buf_extend(out, digits.len / 2);
    enum assay_code rc;

    if (at == NULL)
        return out->bad;
    if ((rc = assay_hex_decode(at, digits.len / 2, digits, false)) != ASSAY_OK)
        out->len = start;
    return rc;
}

static enum assay_code add_quoted(struct assay_buf *out, struct assay_bytes word)
{
    if (word.len < 2 || word.at[word.len - 1] != '\'')
        return ASSAY_E_MALFORMED;
    kaspa_script_add_push(out, assay_bytes_part(word, 1, word.len - 1));
    return out->bad;
}

static enum assay_code add_word(struct assay_buf *out, struct assay_bytes word)
{
    int opcode;

    if (is_number(word))
        return add_number(out, word);
    if (assay_bytes_is(assay_bytes_part(word, 0, 2), "0x"))
        return add_word_of_hex(out, assay_bytes_part(word, 2, word.len));
    if (word.at[0] == '\'')
        return add_quoted(out, word);
    if ((opcode = kaspa_opcode_find(word)) < 0)
        return ASSAY_E_UNKNOWN;
    kaspa_script_add_opcode(out, (uint8_t)opcode);
    return out->bad;
}

enum assay_code kaspa_script_assemble(struct assay_buf *out, struct assay_bytes text,
                                      struct assay_err *err)
{
    size_t start = out->len, at = 0;
    struct assay_bytes word = ASSAY_LIT("");
    enum assay_code rc = out->bad;

    while (rc == ASSAY_OK && (word = next_word(text, &at)).len > 0)
        rc = add_word(out, word);
    if (rc == ASSAY_OK)
        return ASSAY_OK;
    out->len = start;
    return assay_fail(err, rc, at - word.len, "script text: the word at %zu %s", at - word.len,
                      assay_code_text(rc));
}
