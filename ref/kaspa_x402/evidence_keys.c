/* What looks like a private key in a bundle; see evidence.h. No value is ever told. */
#include "kaspa_x402/evidence_internal.h"

#include "base/hex.h"

enum { NAME_MAX_BYTES = 64, WORD_MAX_BYTES = 8, SECRET_DIGITS = 64, HEXES_MAX = 4096 };

struct search {
    struct assay_arena *arena;
    struct assay_bytes whole; /* in lower case: where public keys are looked for */
    size_t hexes;
    size_t at; /* where in the bundle the text begins that is looked at */
    struct assay_err *err;
};

static bool fail_memory(struct search *s)
{
    (void)assay_fail(s->err, ASSAY_E_NOMEM, s->at, "no memory to look through the bundle's texts");
    return true;
}

static bool fail(struct search *s, const char *what)
{
    (void)assay_fail(s->err, ASSAY_E_DENIED, s->at, "%s at byte %zu; it is not repeated here", what,
                     s->at);
    return true;
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* ---- names ---- */

/* A name without case, underscores and hyphens; cut where it is longer. */
static void plain_name(char out[NAME_MAX_BYTES], struct assay_bytes text)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len && len + 1 < NAME_MAX_BYTES; i++) {
        uint8_t c = text.at[i];

        if (c != '_' && c != '-' && c != ' ')
            out[len++] = lower(c);
    }
    out[len] = '\0';
}

static bool is_key_name(struct assay_bytes text)
{
    static const char *const parts[] = {"privatekey", "privkey",    "secretkey",
                                        "mnemonic",   "seedphrase", "passphrase"};
    static const char *const wholes[] = {"secret", "seed", "wif", "xprv", "password"};
    char name[NAME_MAX_BYTES];

    plain_name(name, text);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (strstr(name, parts[i]) != NULL)
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(wholes); i++) {
        if (strcmp(name, wholes[i]) == 0)
            return true;
    }
    return false;
}

/* ---- texts ---- */

/* Words that English prose is hardly without, and of which the list of mnemonics (BIP 39) has none.
 */
static bool is_prose_word(const char *word)
{
    static const char *const words[] = {"the", "and", "for", "with", "from",
                                        "are", "was", "has", "our",  "not"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

/* Twelve to twenty-four words of three to eight letters that can be of that list, and nothing else.
 */
static bool is_mnemonic(struct assay_bytes text)
{
    char word[WORD_MAX_BYTES + 1];
    size_t words = 0, len = 0;

    for (size_t i = 0; i <= text.len; i++) {
        char c = i < text.len ? lower(text.at[i]) : ' ';
        bool is_end = c == ' ' || c == '\t' || c == '\r' || c == '\n';

        if (is_end && len == 0)
            continue;
        if (is_end) {
            word[len] = '\0';
            if (len < 3 || is_prose_word(word))
                return false;
            words++;
            len = 0;
        } else if (c < 'a' || c > 'z' || len == WORD_MAX_BYTES) {
            return false;
        } else {
            word[len++] = c;
        }
    }
    return words >= 12 && words <= 24 && words % 3 == 0;
}

static bool is_encoded_key(struct assay_bytes text)
{
    static const char *const starts[] = {"xprv", "tprv", "kprv", "ktrv", "-----BEGIN"};

    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        if (text.len > 40 &&
            assay_bytes_equal(assay_bytes_part(text, 0, strlen(starts[i])), assay_str(starts[i])))
            return true;
    }
    return false;
}

/* 32 bytes whose public key stands elsewhere. */
static bool is_known_secret(struct search *s, struct assay_bytes digits)
{
    uint8_t secret[32];
    char public[2 * ASSAY_XONLY_BYTES + 1];
    struct assay_key key;
    bool is_known;

    if (assay_hex_decode(secret, sizeof(secret), digits, false) != ASSAY_OK ||
        assay_key_init(&key, secret) != ASSAY_OK)
        return false;
    assay_hex_encode(public, assay_bytes_of(key.xonly, sizeof(key.xonly)));
    is_known = memmem(s->whole.at, s->whole.len, public, sizeof(public) - 1) != NULL;
    assay_key_wipe(&key);
    explicit_bzero(secret, sizeof(secret));
    return is_known;
}

static bool is_hex_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}

/* Every run of 64 hex digits, whatever stands before and behind it. */
static bool holds_secret(struct search *s, struct assay_bytes text)
{
    size_t run = 0;

    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && is_hex_digit(text.at[i])) {
            run++;
            continue;
        }
        if (run == SECRET_DIGITS) {
            if (++s->hexes > HEXES_MAX)
                return fail(s, "there are more runs of 64 digits than are looked at, the first");
            if (is_known_secret(s, assay_bytes_part(text, i - run, i)))
                return fail(s, "64 hex digits are the private key of a public key in the bundle,");
        }
        run = 0;
    }
    return false;
}

/* ---- the document ---- */

/* The text of a string, its escapes resolved: what is escaped is no less a key. */
static bool text_of(struct search *s, const struct assay_json *doc, uint32_t token,
                    struct assay_bytes *out)
{
    struct assay_bytes raw = assay_json_raw(doc, token);
    struct assay_buf text = ASSAY_BUF_INIT(KX_BUNDLE_MAX_BYTES);
    enum assay_code rc = ASSAY_OK;

    *out = assay_bytes_part(raw, 1, raw.len - 1);
    if (!doc->tokens[token].escaped)
        return true;
    rc = assay_json_string(&text, doc, token);
    *out = assay_arena_copy(s->arena, assay_buf_view(&text));
    assay_buf_fini(&text);
    return rc == ASSAY_OK && out->at != NULL;
}

/* What is no document of its own. */
static bool is_key(struct search *s, struct assay_bytes text, bool is_name)
{
    if (is_name && is_key_name(text))
        return fail(s, "a member is named as a private key is,");
    if (!is_name && (is_mnemonic(text) || is_encoded_key(text)))
        return fail(s, "a text has the form of a private key,");
    return holds_secret(s, text);
}

static bool has_key(struct search *s, const struct assay_json *doc, bool is_inner);

/* One value or name, if it is a string; of a document within a text, as an exact payment's
 * transaction is, its own strings, and no deeper. */
static bool string_has_key(struct search *s, const struct assay_json *doc, uint32_t token,
                           bool is_name, bool is_inner)
{
    struct assay_bytes text;
    struct assay_json inner;

    if (assay_json_type(doc, token) != ASSAY_JSON_STRING)
        return false;
    if (!is_inner)
        s->at = doc->tokens[token].start;
    if (!text_of(s, doc, token, &text))
        return fail_memory(s);
    if (!is_inner && text.len > 0 && text.at[0] == '{' &&
        kx_json_parse(&inner, s->arena, text, NULL) == ASSAY_OK)
        return has_key(s, &inner, true);
    return is_key(s, text, is_name);
}

/* By its containers, which tell names from values. */
static bool has_key(struct search *s, const struct assay_json *doc, bool is_inner)
{
    if (string_has_key(s, doc, 0, false, is_inner))
        return true;
    for (uint32_t i = 0; i < doc->token_count; i++) {
        bool is_object = assay_json_type(doc, i) == ASSAY_JSON_OBJECT;

        if (!is_object && assay_json_type(doc, i) != ASSAY_JSON_ARRAY)
            continue;
        for (uint32_t child = assay_json_first(doc, i); child != ASSAY_JSON_NONE;
             child = assay_json_next_sibling(doc, i, child)) {
            if (string_has_key(s, doc, child, is_object, is_inner) ||
                (is_object && string_has_key(s, doc, child + 1, false, is_inner)))
                return true;
        }
    }
    return false;
}

static uint8_t *lower_case(struct assay_arena *arena, struct assay_bytes text)
{
    uint8_t *room = assay_arena_alloc(arena, text.len);

    for (size_t i = 0; room != NULL && i < text.len; i++)
        room[i] = (uint8_t)lower(text.at[i]);
    return room;
}

bool kx_bundle_has_key(struct assay_arena *arena, const struct assay_json *doc,
                       struct assay_err *err)
{
    struct search s = {.arena = arena, .err = err};
    const uint8_t *text = lower_case(arena, doc->text);

    if (text == NULL)
        return fail_memory(&s);
    s.whole = assay_bytes_of(text, doc->text.len);
    return has_key(&s, doc, false);
}
