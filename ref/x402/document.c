/* Documents within the budgets, and what is asked of their values; see document.h. */
#include "x402/document.h"

#include "base/decimal.h"
#include "base/hash.h"
#include "defects/defects.h"
#include "x402/limits.h"

#include <assert.h>

#define INTEGER_MAX ((UINT64_C(1) << 53) - 1) /* Number.MAX_SAFE_INTEGER */

enum { NUMBER_TEXT_MAX_BYTES = 32 }; /* the longest that ECMAScript prints has 24 */

/* Within the budgets a document has a token for each value and a name for all but the root: as many
 * as its work is. A text with more passes the nodes. */
static_assert(X402_MAX_WORK == 2 * X402_MAX_NODES - 1, "the work is no budget of its own");

static enum assay_code too_large(struct assay_err *err, size_t at, unsigned limit, const char *what)
{
    return assay_fail(err, ASSAY_E_TOO_LARGE, at, "x402: passes the budget of %u %s, at byte %zu",
                      limit, what, at);
}

static bool is_one_of(const struct assay_json *doc, uint32_t name, const char *const *names,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (assay_json_string_is(doc, name, names[i]))
            return true;
    }
    return false;
}

/* The budgets of a member follow from its name (NONE: of an item, or of the root). */
static unsigned string_limit(const struct assay_json *doc, uint32_t name)
{
    static const char *const artifacts[] = {
        "transaction",           "signature",        "clientSignature",     "fundingTransaction",
        "activeScriptPublicKey", "headRedeemScript", "headScriptPublicKey",
    };

    return is_one_of(doc, name, artifacts, ARRAY_LEN(artifacts)) ? X402_ARTIFACT_MAX_BYTES
                                                                 : X402_STRING_MAX_BYTES;
}

static unsigned member_limit(const struct assay_json *doc, uint32_t name)
{
    static const char *const small[] = {"extensions", "_meta"};

    return is_one_of(doc, name, small, ARRAY_LEN(small)) ? X402_EXTENSIONS_MAX_MEMBERS
                                                         : X402_OBJECT_MAX_MEMBERS;
}

static unsigned item_limit(const struct assay_json *doc, uint32_t name)
{
    return assay_json_string_is(doc, name, "accepts") ? X402_ACCEPTS_MAX_ITEMS
                                                      : X402_ARRAY_MAX_ITEMS;
}

struct checker {
    const struct assay_json *doc;
    struct assay_err *err;
    unsigned nodes;
};

static enum assay_code check_string(struct checker *c, uint32_t token, unsigned limit)
{
    const struct assay_json_token *t = &c->doc->tokens[token];
    struct assay_buf text = ASSAY_BUF_INIT(limit);
    enum assay_code rc;

    if (t->end - t->start <= limit)
        return ASSAY_OK; /* unescaped it is no longer */
    rc = assay_json_string(&text, c->doc, token);
    assay_buf_fini(&text);
    if (rc == ASSAY_E_TOO_LARGE)
        return too_large(c->err, t->start, limit, "bytes of a string");
    return rc == ASSAY_OK ? rc : assay_fail(c->err, rc, t->start, "x402: %s", assay_code_text(rc));
}

static enum assay_code check_value(struct checker *c, uint32_t token, uint32_t name,
                                   unsigned depth);

static enum assay_code check_container(struct checker *c, uint32_t container, unsigned limit,
                                       unsigned depth)
{
    const struct assay_json_token *t = &c->doc->tokens[container];
    bool is_object = t->type == ASSAY_JSON_OBJECT;
    enum assay_code rc = ASSAY_OK;

    if (depth > X402_MAX_DEPTH)
        return too_large(c->err, t->start, X402_MAX_DEPTH, "levels of nesting");
    if (t->count > limit)
        return too_large(c->err, t->start, limit,
                         is_object ? "members of an object" : "items of an array");
    for (uint32_t at = assay_json_first(c->doc, container); at != ASSAY_JSON_NONE && rc == ASSAY_OK;
         at = assay_json_next_sibling(c->doc, container, at)) {
        if (!is_object)
            rc = check_value(c, at, ASSAY_JSON_NONE, depth + 1);
        else if ((rc = check_string(c, at, X402_STRING_MAX_BYTES)) == ASSAY_OK)
            rc = check_value(c, at + 1, at, depth + 1);
    }
    return rc;
}

/* Calls itself through containers, no deeper than the budget. */
static enum assay_code check_value(struct checker *c, uint32_t token, uint32_t name, unsigned depth)
{
    if (++c->nodes > X402_MAX_NODES)
        return too_large(c->err, c->doc->tokens[token].start, X402_MAX_NODES, "values");
    switch (c->doc->tokens[token].type) {
    case ASSAY_JSON_NULL:
    case ASSAY_JSON_FALSE:
    case ASSAY_JSON_TRUE:
    case ASSAY_JSON_NUMBER:
        break;
    case ASSAY_JSON_STRING:
        return check_string(c, token, string_limit(c->doc, name));
    case ASSAY_JSON_ARRAY:
        return check_container(c, token, item_limit(c->doc, name), depth);
    case ASSAY_JSON_OBJECT:
        return check_container(c, token, member_limit(c->doc, name), depth);
    }
    return ASSAY_OK;
}

/* The tokenizer says TOO_LARGE of two things: the room, whose last token is then in use, and a
 * depth that is beyond the budget too. */
static enum assay_code tokenize(struct assay_json *doc, struct assay_json_token *tokens,
                                size_t room, struct assay_bytes text, bool strict,
                                struct assay_err *err)
{
    enum assay_json_flags flags = strict ? ASSAY_JSON_STRICT : ASSAY_JSON_LAST_DUPLICATE_WINS;
    struct assay_err inner = {0};
    enum assay_code rc = assay_json_parse(doc, tokens, room, text, flags, &inner);

    static_assert(ASSAY_JSON_MAX_DEPTH > X402_MAX_DEPTH, "the tokenizer reads all that may be");
    if (rc == ASSAY_OK)
        return ASSAY_OK;
    if (rc != ASSAY_E_TOO_LARGE)
        return assay_fail(err, rc, inner.at, "%s", inner.text);
    return tokens[room - 1].next > 0
               ? too_large(err, inner.at, X402_MAX_NODES, "values")
               : too_large(err, inner.at, X402_MAX_DEPTH, "levels of nesting");
}

enum assay_code x402_document_parse(struct assay_json *out, struct assay_arena *arena,
                                    struct assay_bytes text, bool strict, struct assay_err *err)
{
    bool has_mark = assay_bytes_is(assay_bytes_part(text, 0, 3), "\xEF\xBB\xBF");
    struct assay_bytes json = assay_bytes_part(text, has_mark ? 3 : 0, text.len);
    bool is_limited = !REF_DEFECT(kx_budget_none);
    size_t room = json.len < X402_MAX_WORK || !is_limited ? json.len : X402_MAX_WORK;
    struct checker checker = {.err = err};
    struct assay_json_token *tokens;
    struct assay_json doc;
    enum assay_code rc;

    if (text.len > X402_DECODED_MAX_BYTES && is_limited && !REF_DEFECT(fac_oversized))
        return too_large(err, X402_DECODED_MAX_BYTES, X402_DECODED_MAX_BYTES, "bytes of JSON text");
    tokens = assay_arena_alloc(arena, room * sizeof(*tokens));
    if (tokens == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "x402: no memory for %zu tokens", room);
    if ((rc = tokenize(&doc, tokens, room, json, strict, err)) != ASSAY_OK)
        return rc;
    checker.doc = &doc;
    if (is_limited && (rc = check_value(&checker, 0, ASSAY_JSON_NONE, 0)) != ASSAY_OK)
        return rc;
    *out = doc;
    return ASSAY_OK;
}

enum assay_code x402_hash(char *out, const struct assay_json *doc, uint32_t token,
                          struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    enum assay_code rc = assay_json_canonical(&text, doc, token, err);

    if (rc == ASSAY_OK)
        x402_hash_text(out, assay_buf_view(&text));
    assay_buf_fini(&text);
    return rc;
}

void x402_hash_text(char *out, struct assay_bytes canonical)
{
    assay_sha256_hex(out, canonical);
}

bool x402_equal(const struct assay_json *a, uint32_t left, const struct assay_json *b,
                uint32_t right)
{
    struct assay_buf one = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct assay_buf other = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    bool equal;

    if (left == ASSAY_JSON_NONE || right == ASSAY_JSON_NONE)
        return left == right;
    if (assay_bytes_equal(assay_json_raw(a, left), assay_json_raw(b, right)))
        return true;
    equal = assay_json_canonical(&one, a, left, NULL) == ASSAY_OK &&
            assay_json_canonical(&other, b, right, NULL) == ASSAY_OK &&
            assay_bytes_equal(assay_buf_view(&one), assay_buf_view(&other));
    assay_buf_fini(&one);
    assay_buf_fini(&other);
    return equal;
}

bool x402_text(struct assay_bytes *out, struct assay_arena *arena, const struct assay_json *doc,
               uint32_t object, const char *member)
{
    uint32_t value = assay_json_member(doc, object, member);
    struct assay_bytes raw = assay_json_raw(doc, value);
    struct assay_buf text = {.room = raw.len, .max = raw.len, .fixed = true};

    if (value == ASSAY_JSON_NONE || assay_json_type(doc, value) != ASSAY_JSON_STRING)
        return false;
    if (!doc->tokens[value].escaped) {
        *out = assay_bytes_part(raw, 1, raw.len - 1);
        return true;
    }
    text.at = assay_arena_alloc(arena, raw.len);
    if (text.at == NULL || assay_json_string(&text, doc, value) != ASSAY_OK)
        return false;
    *out = assay_buf_view(&text);
    return true;
}

bool x402_integer(uint64_t *out, const struct assay_json *doc, uint32_t object, const char *member)
{
    uint32_t value = assay_json_member(doc, object, member);
    uint8_t room[NUMBER_TEXT_MAX_BYTES];
    struct assay_buf text = ASSAY_BUF_OVER(room);
    uint64_t number;

    /* the canonical form of an integer below 10^21 is its digits, however it is written */
    if (value == ASSAY_JSON_NONE || assay_json_type(doc, value) != ASSAY_JSON_NUMBER ||
        assay_json_canonical(&text, doc, value, NULL) != ASSAY_OK ||
        assay_decimal_u64(&number, assay_buf_view(&text)) != ASSAY_OK || number > INTEGER_MAX)
        return false;
    *out = number;
    return true;
}

uint32_t x402_member_like(const struct assay_json *doc, uint32_t object,
                          const struct assay_json *names, uint32_t name)
{
    char room[X402_STRING_MAX_BYTES + 1];
    struct assay_buf text = ASSAY_BUF_OVER(room);

    if (assay_json_string(&text, names, name) != ASSAY_OK)
        return ASSAY_JSON_NONE;
    assay_buf_add_byte(&text, '\0');
    if (!assay_buf_ok(&text) || strlen(room) + 1 != text.len)
        return ASSAY_JSON_NONE;
    return assay_json_member(doc, object, room);
}
