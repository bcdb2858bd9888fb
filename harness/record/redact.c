/* Takes secrets out of events before they reach the disk, in whatever encoding they travel
 * (record/record.h).
 *
 * A secret is looked for as its bytes, as hex, and as the part of a base64 text that its bytes
 * alone decide, at each of the three places it can have in a group. Each of these may itself be
 * percent-encoded or JSON-escaped, byte by byte.
 */
#include "base/base64.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "record/record.h"

enum { NEEDLES = 5, SECRET_MIN_BYTES = 4, TEXT_MAX_BYTES = 64 << 20, DEPTH_MAX = 128 };

enum alphabet { AS_BYTES, AS_HEX, AS_BASE64 };

struct needle {
    enum alphabet alphabet;
    struct assay_buf text; /* in lower case hex, in the standard base64 alphabet */
};

struct secret {
    struct secret *next;
    struct assay_buf label;
    struct needle needles[NEEDLES];
};

struct record_redactor {
    struct secret *secrets;
    bool starts[256]; /* a match may begin with this byte */
};

struct record_redactor *record_redactor_new(void)
{
    struct record_redactor *r = assay_alloc(sizeof(*r));

    if (r != NULL)
        *r = (struct record_redactor){0};
    return r;
}

static void secret_free(struct secret *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < NEEDLES; i++)
        assay_buf_wipe(&s->needles[i].text);
    assay_buf_fini(&s->label);
    assay_free(s);
}

void record_redactor_free(struct record_redactor *r)
{
    if (r == NULL)
        return;
    for (struct secret *s = r->secrets, *next; s != NULL; s = next) {
        next = s->next;
        secret_free(s);
    }
    assay_free(r);
}

/* The base64 characters that the value alone decides when `shift` bytes of a group stand before it.
 */
static void add_base64_core(struct assay_buf *out, struct assay_bytes value, size_t shift)
{
    struct assay_buf padded = ASSAY_BUF_INIT(value.len + 2),
                     text = ASSAY_BUF_INIT(2 * value.len + 8);
    size_t first = (8 * shift + 5) / 6, end = 8 * (shift + value.len) / 6;

    for (size_t i = 0; i < shift; i++)
        assay_buf_add_byte(&padded, 0);
    assay_buf_add(&padded, value);
    assay_base64_encode(&text, ASSAY_BASE64_STD, assay_buf_view(&padded));
    assay_buf_add(out, assay_bytes_part(assay_buf_view(&text), first, end));
    if (out->bad == ASSAY_OK)
        out->bad = padded.bad != ASSAY_OK ? padded.bad : text.bad;
    assay_buf_wipe(&padded);
    assay_buf_wipe(&text);
}

static bool fill_needles(struct secret *s, struct assay_bytes value)
{
    static const enum alphabet alphabets[NEEDLES] = {AS_BYTES, AS_HEX, AS_BASE64, AS_BASE64,
                                                     AS_BASE64};
    uint8_t *hex;

    for (size_t i = 0; i < NEEDLES; i++)
        s->needles[i] = (struct needle){alphabets[i], ASSAY_BUF_INIT(2 * value.len + 8)};
    assay_buf_add(&s->needles[0].text, value);
    if ((hex = assay_buf_extend(&s->needles[1].text, 2 * value.len + 1)) != NULL) {
        assay_hex_encode((char *)hex, value);
        s->needles[1].text.len--; /* its NUL */
    }
    for (size_t shift = 0; shift < 3; shift++)
        add_base64_core(&s->needles[2 + shift].text, value, shift);
    for (size_t i = 0; i < NEEDLES; i++)
        if (!assay_buf_ok(&s->needles[i].text))
            return false;
    return true;
}

static void mark_starts(struct record_redactor *r, const struct secret *s)
{
    r->starts['%'] = r->starts['\\'] = true;
    for (size_t i = 0; i < NEEDLES; i++) {
        uint8_t first = s->needles[i].text.at[0];

        r->starts[first] = true;
        if (s->needles[i].alphabet == AS_HEX && first >= 'a')
            r->starts[first - 'a' + 'A'] = true;
        if (first == '+' || first == '/')
            r->starts[first == '+' ? '-' : '_'] = true;
        if (first == ' ')
            r->starts['+'] = true;
    }
}

enum assay_code record_redactor_add(struct record_redactor *r, const char *name,
                                    struct assay_bytes value)
{
    struct secret *s;

    if (value.len < SECRET_MIN_BYTES)
        return ASSAY_E_RANGE;
    if (value.len > TEXT_MAX_BYTES / 4)
        return ASSAY_E_TOO_LARGE;
    if ((s = assay_alloc(sizeof(*s))) == NULL)
        return ASSAY_E_NOMEM;
    *s = (struct secret){.next = r->secrets, .label = ASSAY_BUF_INIT(1024)};
    assay_buf_add_str(&s->label, "[redacted: ");
    assay_utf8_add_replaced(&s->label, assay_str(name));
    assay_buf_add_str(&s->label, "]");
    if (!fill_needles(s, value) || !assay_buf_ok(&s->label)) {
        secret_free(s);
        return ASSAY_E_NOMEM;
    }
    mark_starts(r, s);
    r->secrets = s;
    return ASSAY_OK;
}

static uint8_t as_stored(enum alphabet alphabet, uint8_t byte)
{
    if (alphabet == AS_HEX && byte >= 'A' && byte <= 'F')
        return (uint8_t)(byte - 'A' + 'a');
    if (alphabet == AS_BASE64 && (byte == '-' || byte == '_'))
        return byte == '-' ? '+' : '/';
    return byte;
}

/* The byte that a percent or JSON escape at `pos` stands for; 0 when none is there, else its
 * length. */
static size_t unescape(struct assay_bytes text, size_t pos, uint8_t *byte)
{
    static const char shorts[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    struct assay_bytes rest = assay_bytes_part(text, pos, text.len);
    const char *found;

    if (rest.len >= 3 && rest.at[0] == '%' &&
        assay_hex_decode(byte, 1, assay_bytes_part(rest, 1, 3), false) == ASSAY_OK)
        return 3;
    if (rest.len < 2 || rest.at[0] != '\\')
        return 0;
    if (rest.len >= 6 && rest.at[1] == 'u' && rest.at[2] == '0' && rest.at[3] == '0' &&
        assay_hex_decode(byte, 1, assay_bytes_part(rest, 4, 6), false) == ASSAY_OK)
        return 6;
    found = rest.at[1] != '\0' ? strchr(shorts, rest.at[1]) : NULL;
    if (found == NULL)
        return 0;
    *byte = (uint8_t)meant[found - shorts];
    return 2;
}

/* How many bytes of the text at `at` stand for `want`, or 0. A percent sign and a backslash may be
 * themselves or begin an escape that stands for themselves: `plain` says what to try first. */
static size_t match_byte(enum alphabet alphabet, uint8_t want, struct assay_bytes text, size_t at,
                         bool plain)
{
    bool is_plain = as_stored(alphabet, text.at[at]) == want ||
                    (alphabet == AS_BYTES && want == ' ' && text.at[at] == '+');
    uint8_t byte = 0;
    size_t len;

    if (is_plain && plain)
        return 1;
    len = unescape(text, at, &byte);
    if (len > 0 && as_stored(alphabet, byte) == want)
        return len;
    return is_plain ? 1 : 0;
}

/* How many bytes of the text at `pos` are the needle. Where the text was cut, its beginning at the
 * very end counts too: the rest fell behind the cut. */
static size_t match(const struct needle *needle, struct assay_bytes text, size_t pos, bool is_cut,
                    bool plain)
{
    struct assay_bytes want = assay_buf_view(&needle->text);
    size_t at = pos;

    for (size_t i = 0; i < want.len; i++) {
        size_t len;

        if (at >= text.len)
            return is_cut && i >= SECRET_MIN_BYTES ? at - pos : 0;
        len = match_byte(needle->alphabet, want.at[i], text, at, plain);
        if (len == 0)
            return 0;
        at += len;
    }
    return at - pos;
}

/* The longest match of any secret at `pos`, or 0. */
static size_t match_any(const struct record_redactor *r, struct assay_bytes text, size_t pos,
                        bool is_cut, const struct secret **which)
{
    size_t longest = 0;

    for (const struct secret *s = r->secrets; s != NULL; s = s->next) {
        for (size_t i = 0; i < 2 * (size_t)NEEDLES; i++) {
            size_t len = match(&s->needles[i / 2], text, pos, is_cut, i % 2 == 0);

            if (len > longest) {
                longest = len;
                *which = s;
            }
        }
    }
    return longest;
}

/* Returns: something was replaced. */
static bool redact_bytes(struct assay_buf *out, const struct record_redactor *r,
                         struct assay_bytes text, bool is_cut)
{
    const struct secret *which = NULL;
    bool any = false;
    size_t copied = 0;

    for (size_t pos = 0; pos < text.len;) {
        size_t len = r->starts[text.at[pos]] ? match_any(r, text, pos, is_cut, &which) : 0;

        if (len == 0) {
            pos++;
            continue;
        }
        assay_buf_add(out, assay_bytes_part(text, copied, pos));
        assay_buf_add(out, assay_buf_view(&which->label));
        copied = pos += len;
        any = true;
    }
    assay_buf_add(out, assay_bytes_part(text, copied, text.len));
    return any;
}

/* The text of a string with the secrets out of it. A match may have cut a character, so wrong bytes
 * are replaced. */
static bool redact_text(struct assay_buf *out, const struct record_redactor *r,
                        struct assay_bytes text, bool is_cut)
{
    struct assay_buf raw = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    bool ok;

    (void)redact_bytes(&raw, r, text, is_cut);
    assay_utf8_add_replaced(out, assay_buf_view(&raw));
    ok = assay_buf_ok(&raw) && assay_buf_ok(out);
    assay_buf_fini(&raw);
    return ok;
}

static json_t *redact_string(const struct record_redactor *r, struct assay_bytes text, bool is_cut)
{
    struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    json_t *string = NULL;

    if (redact_text(&out, r, text, is_cut))
        string = json_stringn(out.at != NULL ? (const char *)out.at : "", out.len);
    assay_buf_fini(&out);
    return string;
}

/* A base64 body is searched as what it decodes to as well, so that a secret in a binary body is
 * found in any form. */
static json_t *redact_base64(const struct record_redactor *r, struct assay_bytes text, bool is_cut)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(TEXT_MAX_BYTES), clean = ASSAY_BUF_INIT(TEXT_MAX_BYTES),
                     again = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    json_t *string = NULL;

    if (assay_base64_decode(&bytes, ASSAY_BASE64_STD, text, NULL) == ASSAY_OK &&
        redact_bytes(&clean, r, assay_buf_view(&bytes), is_cut)) {
        assay_base64_encode(&again, ASSAY_BASE64_STD, assay_buf_view(&clean));
        if (assay_buf_ok(&clean) && assay_buf_ok(&again))
            string = json_stringn((const char *)again.at, again.len);
    } else
        string = redact_string(r, text, is_cut);
    assay_buf_fini(&bytes);
    assay_buf_fini(&clean);
    assay_buf_fini(&again);
    return string;
}

static json_t *redact(const struct record_redactor *r, const json_t *value, const char *name,
                      bool is_cut, int depth);

static json_t *redact_object(const struct record_redactor *r, const json_t *object, int depth)
{
    bool is_cut = json_is_true(json_object_get(object, "cut"));
    json_t *out = json_object();

    /* jansson's iterators take a tree that may change; this one does not */
    for (void *it = json_object_iter((json_t *)(uintptr_t)object); it != NULL && out != NULL;
         it = json_object_iter_next((json_t *)(uintptr_t)object, it)) {
        struct assay_buf name = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
        const char *key = json_object_iter_key(it), *new_key;
        json_t *value = redact(r, json_object_iter_value(it), key, is_cut, depth + 1);

        (void)redact_text(&name, r, assay_str(key), false);
        new_key = assay_buf_cstr(&name);
        if (value == NULL || new_key == NULL || json_object_set(out, new_key, value) != 0) {
            json_decref(out);
            out = NULL;
        }
        json_decref(value);
        assay_buf_fini(&name);
    }
    return out;
}

static json_t *redact_array(const struct record_redactor *r, const json_t *array, int depth)
{
    json_t *out = json_array();
    const json_t *item;
    size_t i;

    json_array_foreach (array, i, item) {
        if (out != NULL &&
            json_array_append_new(out, redact(r, item, NULL, false, depth + 1)) != 0) {
            json_decref(out);
            out = NULL;
        }
    }
    return out;
}

/* ---- headers ---- */

bool record_is_credential(struct assay_bytes header)
{
    static const char *const names[] = {
        "authorization", "proxy-authorization", "cookie",         "set-cookie",   "x-api-key",
        "api-key",       "x-auth-token",        "x-access-token", "x-csrf-token",
    };
    bool found = false;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        found = found || assay_bytes_equal_nocase(header, assay_str(names[i]));
    return found;
}

/* One label and nothing else: it says more than the header's name would. */
static bool is_label(const char *text)
{
    return strncmp(text, "[redacted: ", 11) == 0 && strchr(text, ']') == text + strlen(text) - 1;
}

/* Of a credential that nobody named, as a cookie that the target sets. False: out of memory. */
static bool hide_credential(json_t *pair)
{
    const char *name = json_string_value(json_array_get(pair, 0));
    const char *text = json_string_value(json_array_get(pair, 1));

    if (name == NULL || text == NULL || text[0] == '\0' || is_label(text) ||
        !record_is_credential(assay_str(name)))
        return true;
    return json_array_set_new(pair, 1, json_sprintf("[redacted: %s]", name)) == 0;
}

static json_t *redact_headers(const struct record_redactor *r, const json_t *headers, int depth)
{
    json_t *out = redact_array(r, headers, depth), *pair;
    bool is_done = true;
    size_t i;

    json_array_foreach (out, i, pair)
        is_done = is_done && hide_credential(pair);
    if (is_done)
        return out;
    json_decref(out);
    return NULL;
}

static json_t *redact(const struct record_redactor *r, const json_t *value, const char *name,
                      bool is_cut, int depth)
{
    struct assay_bytes text = assay_bytes_of(json_string_value(value), json_string_length(value));

    if (depth > DEPTH_MAX)
        return NULL;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return redact_object(r, value, depth);
    case JSON_ARRAY:
        if (name != NULL && strcmp(name, "headers") == 0)
            return redact_headers(r, value, depth);
        return redact_array(r, value, depth);
    case JSON_STRING:
        if (name != NULL && strcmp(name, "base64") == 0)
            return redact_base64(r, text, is_cut);
        return redact_string(r, text, is_cut);
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return json_deep_copy(value);
    }
    return NULL;
}

json_t *record_redact(const struct record_redactor *r, const json_t *event)
{
    return redact(r, event, NULL, false, 0);
}
