/* What looks like a private key in a bundle; see evidence.h. No value is ever told. */
#include "kaspa_x402/evidence_internal.h"

#include "base/hex.h"

enum { NAME_MAX_BYTES = 64, HEXES_MAX = 4096 };

struct search {
    struct assay_arena *arena;
    struct assay_bytes whole; /* in lower case: where public keys are looked for */
    size_t hexes;
    struct assay_err *err;
};

/* A name without case, underscores and hyphens; cut where it is longer. */
static size_t plain_name(char out[NAME_MAX_BYTES], struct assay_bytes text)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len && len + 1 < NAME_MAX_BYTES; i++) {
        uint8_t c = text.at[i];

        if (c != '_' && c != '-' && c != ' ')
            out[len++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    out[len] = '\0';
    return len;
}

static bool is_key_name(struct assay_bytes text)
{
    static const char *const parts[] = {"privatekey", "privkey",    "secretkey",
                                        "mnemonic",   "seedphrase", "passphrase"};
    static const char *const wholes[] = {"secret", "seed", "wif", "xprv", "password"};
    char name[NAME_MAX_BYTES];

    (void)plain_name(name, text);
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

/* Twelve to twenty-four words of three to eight small letters, and nothing else. */
static bool is_mnemonic(struct assay_bytes text)
{
    size_t words = 0, len = 0;

    for (size_t i = 0; i <= text.len; i++) {
        bool is_end = i == text.len || text.at[i] == ' ';

        if (is_end && (len < 3 || len > 8))
            return false;
        if (!is_end && (text.at[i] < 'a' || text.at[i] > 'z'))
            return false;
        words += is_end ? 1 : 0;
        len = is_end ? 0 : len + 1;
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
static bool is_known_secret(struct search *s, struct assay_bytes text)
{
    uint8_t secret[32];
    char public[2 * ASSAY_XONLY_BYTES + 1];
    struct assay_key key;
    bool is_known;

    if (assay_hex_decode(secret, sizeof(secret), text, false) != ASSAY_OK ||
        assay_key_init(&key, secret) != ASSAY_OK)
        return false;
    assay_hex_encode(public, assay_bytes_of(key.xonly, sizeof(key.xonly)));
    is_known = memmem(s->whole.at, s->whole.len, public, sizeof(public) - 1) != NULL;
    assay_key_wipe(&key);
    explicit_bzero(secret, sizeof(secret));
    return is_known;
}

static bool fail_memory(struct search *s)
{
    (void)assay_fail(s->err, ASSAY_E_NOMEM, 0, "no memory to look through the bundle's texts");
    return true;
}

static bool fail(struct search *s, const char *what)
{
    (void)assay_fail(s->err, ASSAY_E_DENIED, 0, "%s; it is not repeated here", what);
    return true;
}

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

static bool is_key(struct search *s, struct assay_bytes text)
{
    if (is_key_name(text))
        return fail(s, "a text is named as a private key is");
    if (is_mnemonic(text) || is_encoded_key(text))
        return fail(s, "a text has the form of a private key");
    if (text.len != 64)
        return false;
    if (++s->hexes > HEXES_MAX)
        return fail(s, "there are more texts of 64 digits than are looked at");
    return is_known_secret(s, text) &&
           fail(s, "64 hex digits are the private key of a public key in the bundle");
}

/* The texts of a document; of one within a text, as an exact payment's transaction is, no deeper.
 */
static bool has_key(struct search *s, const struct assay_json *doc, bool is_inner)
{
    for (uint32_t i = 0; i < doc->token_count; i++) {
        struct assay_bytes text;
        struct assay_json inner;

        if (assay_json_type(doc, i) != ASSAY_JSON_STRING)
            continue;
        if (!text_of(s, doc, i, &text))
            return fail_memory(s);
        if (is_key(s, text))
            return true;
        if (!is_inner && text.len > 0 && text.at[0] == '{' &&
            kx_json_parse(&inner, s->arena, text, NULL) == ASSAY_OK && has_key(s, &inner, true))
            return true;
    }
    return false;
}

static uint8_t *lower_case(struct assay_arena *arena, struct assay_bytes text)
{
    uint8_t *lower = assay_arena_alloc(arena, text.len);

    for (size_t i = 0; lower != NULL && i < text.len; i++)
        lower[i] = (uint8_t)(text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] + ('a' - 'A')
                                                                    : text.at[i]);
    return lower;
}

bool kx_bundle_has_key(struct assay_arena *arena, const struct assay_json *doc,
                       struct assay_err *err)
{
    struct search s = {.arena = arena, .err = err};
    const uint8_t *lower = lower_case(arena, doc->text);

    if (lower == NULL)
        return fail_memory(&s);
    s.whole = assay_bytes_of(lower, doc->text.len);
    return has_key(&s, doc, false);
}
