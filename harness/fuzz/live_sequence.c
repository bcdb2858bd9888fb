/* Sequences of live requests as files; see live_sequence.h. */
#include "fuzz/live_sequence.h"

#include "base/utf8.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {
#define NAME(name, text, what) text,
    LIVE_EDITS(NAME)
#undef NAME
};

const char *live_edit_name(enum live_edit_kind kind)
{
    return kind < LIVE_EDIT__COUNT ? names[kind] : "";
}

enum assay_code live_sequence_copy(struct live_sequence *out, struct assay_arena *arena,
                                   const struct live_sequence *from)
{
    *out = *from;
    for (size_t i = 0; i < out->count; i++)
        for (size_t k = 0; k < out->exchanges[i].edit_count; k++) {
            struct assay_bytes *text = &out->exchanges[i].edits[k].text;

            *text = assay_arena_copy(arena, *text);
            if (text->at == NULL)
                return ASSAY_E_NOMEM;
        }
    return ASSAY_OK;
}

/* ---- writing ---- */

static void add_text(struct assay_buf *out, struct assay_bytes text)
{
    assay_buf_add_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.at[i];

        if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\')
            assay_buf_printf(out, "\\u%04x", byte);
        else
            assay_buf_add_byte(out, byte);
    }
    assay_buf_add_byte(out, '"');
}

static void add_edit(struct assay_buf *out, const struct live_edit *edit)
{
    assay_buf_printf(out, "{\"what\": \"%s\"", names[edit->kind]);
    if (edit->at > 0)
        assay_buf_printf(out, ", \"at\": %u", (unsigned)edit->at);
    if (edit->how > 0)
        assay_buf_printf(out, ", \"how\": %u", (unsigned)edit->how);
    if (edit->times > 0)
        assay_buf_printf(out, ", \"times\": %u", (unsigned)edit->times);
    if (edit->text.len > 0) {
        assay_buf_add_str(out, ", \"text\": ");
        add_text(out, edit->text);
    }
    assay_buf_add_byte(out, '}');
}

enum assay_code live_sequence_write(struct assay_buf *out, const struct live_sequence *sequence,
                                    const char *profile)
{
    assay_buf_printf(out, "{\"format\": \"" LIVE_FORMAT "\", \"profile\": \"%s\", \"exchanges\": [",
                     profile);
    for (size_t i = 0; i < sequence->count; i++) {
        const struct live_exchange *x = &sequence->exchanges[i];

        assay_buf_add_str(out, i > 0 ? ",\n {\"endpoint\": " : "\n {\"endpoint\": ");
        add_text(out, assay_str(x->endpoint));
        assay_buf_printf(out, ", \"payment\": %u, \"way\": ", x->payment);
        add_text(out, assay_str(x->way));
        assay_buf_printf(out, ", \"key\": %u, \"edits\": [", x->key);
        for (size_t k = 0; k < x->edit_count; k++) {
            assay_buf_add_str(out, k > 0 ? ",\n  " : "\n  ");
            add_edit(out, &x->edits[k]);
        }
        assay_buf_add_str(out, "]}");
    }
    assay_buf_add_str(out, "]}\n");
    return out->bad;
}

/* ---- reading ---- */

struct reading {
    struct assay_arena *arena;
    struct assay_err *err;
    size_t exchange; /* 1, 2 … for what is said */
};

static enum assay_code wrong(const struct reading *r, const char *member, const char *expected)
{
    return assay_fail(r->err, ASSAY_E_MALFORMED, 0, "exchange %zu: %s: expected %s", r->exchange,
                      member, expected);
}

static enum assay_code read_number(uint32_t *out, const struct reading *r, const json_t *value,
                                   const char *member, json_int_t most)
{
    json_int_t number = json_integer_value(value);
    char expected[64];

    *out = 0;
    if (value == NULL)
        return ASSAY_OK;
    if (!json_is_integer(value) || number < 0 || number > most) {
        (void)snprintf(expected, sizeof(expected), "a number from 0 to %lld", (long long)most);
        return wrong(r, member, expected);
    }
    *out = (uint32_t)number;
    return ASSAY_OK;
}

/* The bytes of a text whose code points they are. */
static enum assay_code read_text(struct assay_bytes *out, const struct reading *r,
                                 const json_t *value)
{
    const uint8_t *at = (const uint8_t *)json_string_value(value);
    size_t len = json_string_length(value), n = 0;
    uint8_t *bytes = assay_arena_alloc(r->arena, len + 1);

    if (bytes == NULL)
        return assay_fail(r->err, ASSAY_E_NOMEM, 0, "no memory for a sequence");
    *out = assay_bytes_of(bytes, 0);
    if (value == NULL)
        return ASSAY_OK;
    if (!json_is_string(value))
        return wrong(r, "text", "a text");
    for (size_t i = 0; i < len; i++) {
        if (at[i] < 0x80) {
            bytes[n++] = at[i];
        } else if (at[i] <= 0xc3 && i + 1 < len) { /* U+0080 to U+00FF: two bytes of UTF-8 */
            bytes[n++] = (uint8_t)(at[i] << 6 | (at[i + 1] & 0x3f));
            i++;
        } else {
            return wrong(r, "text", "code points up to U+00FF, one for each byte");
        }
    }
    if (n > LIVE_TEXT_MAX_BYTES)
        return wrong(r, "text", "at most 4096 bytes");
    out->len = n;
    return ASSAY_OK;
}

static enum assay_code known_members(const struct reading *r, json_t *object, const char *among)
{
    const char *name;
    json_t *value;

    json_object_foreach (object, name, value) {
        char word[LIVE_NAME_BYTES];

        if (snprintf(word, sizeof(word), " %s ", name) >= (int)sizeof(word) ||
            strstr(among, word) == NULL)
            return assay_fail(r->err, ASSAY_E_MALFORMED, 0,
                              "exchange %zu: there is no member \"%.40s\"; expected one of%s",
                              r->exchange, name, among);
    }
    return ASSAY_OK;
}

static enum assay_code read_edit(struct live_edit *out, const struct reading *r, json_t *value)
{
    const char *what = json_string_value(json_object_get(value, "what"));
    enum assay_code rc = known_members(r, value, " what at how times text ");
    int kind = 0;

    while (kind < LIVE_EDIT__COUNT && (what == NULL || strcmp(names[kind], what) != 0))
        kind++;
    if (kind == LIVE_EDIT__COUNT)
        return wrong(r, "what", "the name of an edit (harness/fuzz/live_sequence.h)");
    out->kind = (enum live_edit_kind)kind;
    if (rc == ASSAY_OK)
        rc = read_number(&out->at, r, json_object_get(value, "at"), "at", UINT32_MAX);
    if (rc == ASSAY_OK)
        rc = read_number(&out->how, r, json_object_get(value, "how"), "how", UINT32_MAX);
    if (rc == ASSAY_OK)
        rc = read_number(&out->times, r, json_object_get(value, "times"), "times", LIVE_TIMES_MAX);
    if (rc == ASSAY_OK)
        rc = read_text(&out->text, r, json_object_get(value, "text"));
    return rc;
}

static enum assay_code read_name(char out[LIVE_NAME_BYTES], const struct reading *r,
                                 const json_t *value, const char *member)
{
    const char *text = json_string_value(value);

    if (text == NULL || snprintf(out, LIVE_NAME_BYTES, "%s", text) >= LIVE_NAME_BYTES)
        return wrong(r, member, "a name");
    return ASSAY_OK;
}

static enum assay_code read_exchange(struct live_exchange *out, const struct reading *r,
                                     json_t *value)
{
    json_t *edits = json_object_get(value, "edits");
    uint32_t payment = 0, key = 0;
    enum assay_code rc = known_members(r, value, " endpoint payment way key edits ");

    if (rc == ASSAY_OK)
        rc = read_name(out->endpoint, r, json_object_get(value, "endpoint"), "endpoint");
    if (rc == ASSAY_OK)
        rc = read_name(out->way, r, json_object_get(value, "way"), "way");
    if (rc == ASSAY_OK)
        rc = read_number(&payment, r, json_object_get(value, "payment"), "payment",
                         LIVE_PAYMENTS_MAX);
    if (rc == ASSAY_OK)
        rc = read_number(&key, r, json_object_get(value, "key"), "key", LIVE_PAYMENTS_MAX);
    if (rc == ASSAY_OK && json_array_size(edits) > LIVE_EDITS_MAX)
        rc = wrong(r, "edits", "at most 8 of them");
    out->payment = payment;
    out->key = key;
    for (size_t i = 0; i < json_array_size(edits) && rc == ASSAY_OK; i++)
        rc = read_edit(&out->edits[out->edit_count++], r, json_array_get(edits, i));
    return rc;
}

static enum assay_code read_root(struct live_sequence *out, struct reading *r, const json_t *root,
                                 const char *profile)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    const char *of = json_string_value(json_object_get(root, "profile"));
    json_t *exchanges = json_object_get(root, "exchanges");
    enum assay_code rc = ASSAY_OK;

    if (format == NULL || strcmp(format, LIVE_FORMAT) != 0)
        return assay_fail(r->err, ASSAY_E_MALFORMED, 0,
                          "no sequence of requests: \"format\" is not \"" LIVE_FORMAT "\"");
    if (of == NULL || strcmp(of, profile) != 0)
        return assay_fail(r->err, ASSAY_E_MISMATCH, 0,
                          "its requests are of the profile \"%.40s\", the target's is \"%s\"",
                          of != NULL ? of : "", profile);
    if (json_array_size(exchanges) == 0 || json_array_size(exchanges) > LIVE_EXCHANGES_MAX)
        return assay_fail(r->err, ASSAY_E_MALFORMED, 0, "exchanges: expected 1 to %d of them",
                          LIVE_EXCHANGES_MAX);
    for (size_t i = 0; i < json_array_size(exchanges) && rc == ASSAY_OK; i++) {
        r->exchange = i + 1;
        rc = read_exchange(&out->exchanges[out->count++], r, json_array_get(exchanges, i));
    }
    return rc;
}

enum assay_code live_sequence_read(struct live_sequence *out, struct assay_arena *arena,
                                   struct assay_bytes text, const char *profile,
                                   struct assay_err *err)
{
    struct reading r = {.arena = arena, .err = err};
    json_error_t error = {0};
    enum assay_code rc;
    json_t *root;

    *out = (struct live_sequence){0};
    if (text.len > LIVE_FILE_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "larger than a sequence of requests can be");
    root = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                      &error);
    if (root == NULL)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "line %d: no JSON: %.100s", error.line,
                          error.text);
    rc = read_root(out, &r, root, profile);
    json_decref(root);
    return rc;
}
