/* The JSON tokenizer, which allocates nothing, and what reads its tokens. See json.h. */
#include "base/json.h"

#include "base/decimal.h"
#include "base/json_text.h"
#include "base/planted.h"
#include "base/utf8.h"

/* Lists that are being merged: the i-th holds 2^i names, so this many never fill up. */
enum { MERGE_LISTS = 32 };

struct parser {
    struct assay_bytes text;
    size_t pos;
    struct assay_json_token *tokens;
    uint32_t room, count;
    unsigned depth;
    enum assay_json_flags flags;
    struct assay_err *err;
};

static enum assay_code parse_value(struct parser *p);

static enum assay_code malformed(struct parser *p, size_t at, const char *what)
{
    return assay_fail(p->err, ASSAY_E_MALFORMED, at, "JSON: %s at byte %zu", what, at);
}

/* The byte at the position, or -1 at the end. */
static int look(const struct parser *p)
{
    return p->pos < p->text.len ? p->text.at[p->pos] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex_digit(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int skip_space(struct parser *p)
{
    int c;

    while ((c = look(p)) == ' ' || c == '\t' || c == '\n' || c == '\r')
        p->pos++;
    return c;
}

/* A new token that starts at the position; its index goes to *index. */
static enum assay_code add_token(struct parser *p, enum assay_json_type type, uint32_t *index)
{
    if (p->count == p->room)
        return assay_fail(p->err, ASSAY_E_TOO_LARGE, p->pos, "JSON: has more than %u values",
                          (unsigned)p->room);
    p->tokens[p->count] = (struct assay_json_token){.type = type,
                                                    .start = (uint32_t)p->pos,
                                                    .end = (uint32_t)p->pos,
                                                    .next = p->count + 1,
                                                    .order = ASSAY_JSON_NONE};
    *index = p->count++;
    return ASSAY_OK;
}

static enum assay_code parse_word(struct parser *p, const char *word, enum assay_json_type type)
{
    struct assay_bytes here = assay_bytes_part(p->text, p->pos, p->pos + strlen(word));
    enum assay_code rc;
    uint32_t token = 0;

    if (PLANTED(json_word) ? here.len < strlen(word) || memcmp(here.at, word, here.len - 1) != 0
                           : !assay_bytes_is(here, word))
        return malformed(p, p->pos, "no such word");
    if ((rc = add_token(p, type, &token)) != ASSAY_OK)
        return rc;
    p->pos += here.len;
    p->tokens[token].end = (uint32_t)p->pos;
    return ASSAY_OK;
}

/* One digit or more. */
static bool skip_digits(struct parser *p)
{
    if (!is_digit(look(p)))
        return false;
    while (is_digit(look(p)))
        p->pos++;
    return true;
}

static bool skip_number(struct parser *p)
{
    if (look(p) == '-')
        p->pos++;
    if (look(p) == '0')
        p->pos++;
    else if (!skip_digits(p))
        return false;
    if (look(p) == '.') {
        p->pos++;
        if (!skip_digits(p))
            return false;
    }
    if (look(p) == 'e' || look(p) == 'E') {
        p->pos++;
        if (look(p) == '+' || look(p) == '-')
            p->pos++;
        if (!skip_digits(p))
            return false;
    }
    return true;
}

static enum assay_code parse_number(struct parser *p)
{
    enum assay_code rc;
    uint32_t token = 0;

    if ((rc = add_token(p, ASSAY_JSON_NUMBER, &token)) != ASSAY_OK)
        return rc;
    if (!skip_number(p))
        return malformed(p, p->pos, "a number lacks a digit");
    p->tokens[token].end = (uint32_t)p->pos;
    return ASSAY_OK;
}

static bool skip_escape(struct parser *p)
{
    size_t digits;

    p->pos++;
    switch (look(p)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        p->pos++;
        return true;
    case 'u':
        p->pos++;
        for (digits = 0; digits < 4 && is_hex_digit(look(p)); digits++)
            p->pos++;
        return digits == 4;
    default:
        return false;
    }
}

/* At the opening quote. */
static enum assay_code parse_string(struct parser *p, uint32_t *token)
{
    enum assay_code rc;
    bool escaped = false;
    int c;

    if ((rc = add_token(p, ASSAY_JSON_STRING, token)) != ASSAY_OK)
        return rc;
    p->pos++;
    p->tokens[*token].start = (uint32_t)p->pos;
    for (;;) {
        p->pos = assay_json_plain_end(p->text, p->pos);
        c = look(p);
        if (c == '"')
            break;
        if (c < 0)
            return malformed(p, p->pos, "a string has no end");
        if (c < 0x20)
            return malformed(p, p->pos, "a control character stands in a string");
        if (c == '\\') {
            escaped = true;
            if (!skip_escape(p))
                return malformed(p, p->pos, "no such escape");
        } else if (assay_utf8_next(p->text, &p->pos) < 0) {
            return malformed(p, p->pos, "a string is not UTF-8");
        }
    }
    p->tokens[*token].end = (uint32_t)p->pos;
    p->tokens[*token].escaped = escaped;
    p->pos++;
    return ASSAY_OK;
}

static struct assay_bytes content(struct assay_bytes text, const struct assay_json_token *token)
{
    return assay_bytes_part(text, token->start, token->end);
}

static int compare_names(const struct parser *p, uint32_t a, uint32_t b)
{
    return assay_json_raw_compare(content(p->text, &p->tokens[a]), content(p->text, &p->tokens[b]));
}

/* Merges two lists of names in order; among equal ones those of `a` come first. */
static uint32_t merge(struct parser *p, uint32_t a, uint32_t b)
{
    uint32_t head = ASSAY_JSON_NONE;
    uint32_t *link = &head;

    while (a != ASSAY_JSON_NONE && b != ASSAY_JSON_NONE) {
        uint32_t *least = compare_names(p, a, b) <= 0 ? &a : &b;

        *link = *least;
        link = &p->tokens[*least].order;
        *least = *link;
    }
    *link = a != ASSAY_JSON_NONE ? a : b;
    return head;
}

/* Sorts the names of an object, which are linked in document order, by merging their links: no
 * storage, n log n comparisons, each no longer than the shorter name. */
static uint32_t sort_names(struct parser *p, uint32_t head)
{
    uint32_t lists[MERGE_LISTS];
    uint32_t sorted = ASSAY_JSON_NONE;

    for (size_t i = 0; i < MERGE_LISTS; i++)
        lists[i] = ASSAY_JSON_NONE;
    while (head != ASSAY_JSON_NONE) {
        uint32_t run = head;
        size_t i = 0;

        head = p->tokens[run].order;
        p->tokens[run].order = ASSAY_JSON_NONE;
        for (; lists[i] != ASSAY_JSON_NONE; i++) {
            run = merge(p, lists[i], run);
            lists[i] = ASSAY_JSON_NONE;
        }
        lists[i] = run;
    }
    for (size_t i = 0; i < MERGE_LISTS; i++)
        sorted = merge(p, lists[i], sorted);
    return sorted;
}

/* Whether every name comes before the next one, so that none stands twice: as a canonical writer
 * leaves them. */
static bool is_ordered(const struct parser *p, uint32_t name)
{
    while (p->tokens[name].order != ASSAY_JSON_NONE) {
        if (compare_names(p, name, p->tokens[name].order) >= PLANTED(json_duplicate))
            return false;
        name = p->tokens[name].order;
    }
    return true;
}

/* Puts the names of an object in canonical order; refuses a duplicate or unlinks all but its last.
 */
static enum assay_code order_names(struct parser *p, struct assay_json_token *object)
{
    uint32_t *link = &object->order;

    if (object->count < 2 || is_ordered(p, *link))
        return ASSAY_OK;
    *link = sort_names(p, *link);
    while (p->tokens[*link].order != ASSAY_JSON_NONE) {
        uint32_t after = p->tokens[*link].order;

        if (compare_names(p, *link, after) != 0) {
            link = &p->tokens[*link].order;
            continue;
        }
        if (p->flags != ASSAY_JSON_LAST_DUPLICATE_WINS)
            return assay_fail(p->err, ASSAY_E_DUPLICATE, p->tokens[after].start,
                              "JSON: the member name at byte %u stands in its object already",
                              (unsigned)p->tokens[after].start);
        *link = after;
    }
    return ASSAY_OK;
}

/* Name, colon, value; the name is linked behind *last. */
static enum assay_code parse_member(struct parser *p, uint32_t **last)
{
    enum assay_code rc;
    uint32_t name = 0;

    if (look(p) != '"')
        return malformed(p, p->pos, "a member has no name");
    if ((rc = parse_string(p, &name)) != ASSAY_OK)
        return rc;
    **last = name;
    *last = &p->tokens[name].order;
    if (skip_space(p) != ':')
        return malformed(p, p->pos, "a member has no colon");
    p->pos++;
    return parse_value(p);
}

/* At the bracket. `closing` tells an object from an array. */
static enum assay_code parse_container(struct parser *p, enum assay_json_type type, int closing)
{
    struct assay_json_token *self;
    enum assay_code rc;
    uint32_t index = 0;
    uint32_t *last;

    if (p->depth == ASSAY_JSON_MAX_DEPTH)
        return assay_fail(p->err, ASSAY_E_TOO_LARGE, p->pos, "JSON: is nested deeper than %d",
                          ASSAY_JSON_MAX_DEPTH);
    if ((rc = add_token(p, type, &index)) != ASSAY_OK)
        return rc;
    self = &p->tokens[index];
    last = &self->order;
    p->depth++;
    p->pos++;
    while (skip_space(p) != closing || self->count > 0) {
        rc = type == ASSAY_JSON_OBJECT ? parse_member(p, &last) : parse_value(p);
        if (rc != ASSAY_OK)
            return rc;
        self->count++;
        if (skip_space(p) == closing)
            break;
        if (look(p) != ',')
            return malformed(p, p->pos, "neither a comma nor the closing bracket");
        p->pos++;
    }
    p->pos++;
    p->depth--;
    self->end = (uint32_t)p->pos;
    self->next = p->count;
    return type == ASSAY_JSON_OBJECT ? order_names(p, self) : ASSAY_OK;
}

static enum assay_code parse_value(struct parser *p)
{
    int c = skip_space(p);
    uint32_t token = 0;

    if (c == '{')
        return parse_container(p, ASSAY_JSON_OBJECT, '}');
    if (c == '[')
        return parse_container(p, ASSAY_JSON_ARRAY, ']');
    if (c == '"')
        return parse_string(p, &token);
    if (c == '-' || is_digit(c))
        return parse_number(p);
    if (c == 't')
        return parse_word(p, "true", ASSAY_JSON_TRUE);
    if (c == 'f')
        return parse_word(p, "false", ASSAY_JSON_FALSE);
    if (c == 'n')
        return parse_word(p, "null", ASSAY_JSON_NULL);
    return malformed(p, p->pos, c < 0 ? "the text ends where a value belongs" : "no value");
}

enum assay_code assay_json_parse(struct assay_json *doc, struct assay_json_token *tokens,
                                 size_t token_room, struct assay_bytes text,
                                 enum assay_json_flags flags, struct assay_err *err)
{
    struct parser p = {.text = text, .tokens = tokens, .flags = flags, .err = err};
    enum assay_code rc;

    p.room = token_room < ASSAY_JSON_NONE ? (uint32_t)token_room : ASSAY_JSON_NONE - 1;
    if (text.len >= UINT32_MAX)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "JSON: is longer than 2^32-2 bytes");
    if ((rc = parse_value(&p)) != ASSAY_OK)
        return rc;
    if (skip_space(&p) >= 0 && !PLANTED(json_trailing))
        return malformed(&p, p.pos, "something follows the value");
    *doc = (struct assay_json){.text = text, .tokens = tokens, .token_count = p.count};
    return ASSAY_OK;
}

static bool is_a(const struct assay_json *doc, uint32_t token, enum assay_json_type type)
{
    return token < doc->token_count && doc->tokens[token].type == type;
}

/* Whether a token may stand behind it; '{' and '[' are a bit apart. */
static uint8_t begins_token(uint8_t c)
{
    return (c == ',') | (c == ':') | ((c | 0x20) == '{');
}

size_t assay_json_token_bound(struct assay_bytes text)
{
    enum { BLOCK = 16 }; /* whose loop compilers make one of vectors */
    size_t count = 1, pos = 0;

    for (; text.len - pos >= BLOCK; pos += BLOCK) {
        uint8_t here = 0;

        for (size_t i = 0; i < BLOCK; i++)
            here = (uint8_t)(here + begins_token(text.at[pos + i]));
        count += here;
    }
    for (; pos < text.len; pos++)
        count += begins_token(text.at[pos]);
    return count;
}

enum assay_json_type assay_json_type(const struct assay_json *doc, uint32_t token)
{
    return token < doc->token_count ? doc->tokens[token].type : ASSAY_JSON_NULL;
}

/* Whether the string of a token says that, unescaped. */
static bool says(const struct assay_json *doc, uint32_t token, struct assay_bytes want)
{
    struct assay_bytes raw = content(doc->text, &doc->tokens[token]);
    size_t pos = 0;

    if (!doc->tokens[token].escaped)
        return assay_bytes_equal(raw, want);
    while (pos < raw.len) {
        uint8_t room[4];
        struct assay_buf character = ASSAY_BUF_OVER(room);
        struct assay_bytes front;

        assay_utf8_add(&character, assay_json_raw_next(raw, &pos));
        front = assay_bytes_part(want, 0, character.len);
        if (!assay_bytes_equal(front, assay_buf_view(&character)))
            return false;
        want = assay_bytes_part(want, character.len, want.len);
    }
    return want.len == 0;
}

uint32_t assay_json_member(const struct assay_json *doc, uint32_t object, const char *name)
{
    struct assay_bytes want = assay_str(name);
    uint32_t at = ASSAY_JSON_NONE;

    if (is_a(doc, object, ASSAY_JSON_OBJECT))
        at = doc->tokens[object].order;
    while (at != ASSAY_JSON_NONE && !says(doc, at, want))
        at = doc->tokens[at].order;
    return at != ASSAY_JSON_NONE ? at + 1 : ASSAY_JSON_NONE;
}

uint32_t assay_json_first(const struct assay_json *doc, uint32_t container)
{
    return container < doc->token_count && doc->tokens[container].count > 0 ? container + 1
                                                                            : ASSAY_JSON_NONE;
}

uint32_t assay_json_next_sibling(const struct assay_json *doc, uint32_t container, uint32_t child)
{
    uint32_t after;

    if (container >= doc->token_count || child >= doc->tokens[container].next || child <= container)
        return ASSAY_JSON_NONE;
    if (doc->tokens[container].type == ASSAY_JSON_OBJECT)
        child++; /* the value of that name */
    after = doc->tokens[child].next;
    return after < doc->tokens[container].next ? after : ASSAY_JSON_NONE;
}

struct assay_bytes assay_json_raw(const struct assay_json *doc, uint32_t token)
{
    const struct assay_json_token *t;

    if (token >= doc->token_count)
        return ASSAY_LIT("");
    t = &doc->tokens[token];
    if (t->type == ASSAY_JSON_STRING)
        return assay_bytes_part(doc->text, t->start - 1, (size_t)t->end + 1);
    return content(doc->text, t);
}

enum assay_code assay_json_string(struct assay_buf *out, const struct assay_json *doc,
                                  uint32_t token)
{
    struct assay_bytes raw;
    size_t pos = 0;

    if (!is_a(doc, token, ASSAY_JSON_STRING))
        return ASSAY_E_TYPE;
    raw = content(doc->text, &doc->tokens[token]);
    while (pos < raw.len) {
        size_t escape = doc->tokens[token].escaped ? assay_bytes_find(raw, '\\', pos) : raw.len;

        assay_buf_add(out, assay_bytes_part(raw, pos, escape));
        pos = escape;
        if (pos < raw.len)
            assay_utf8_add(out, assay_json_raw_next(raw, &pos));
    }
    return out->bad;
}

bool assay_json_string_is(const struct assay_json *doc, uint32_t token, const char *text)
{
    return is_a(doc, token, ASSAY_JSON_STRING) && says(doc, token, assay_str(text));
}

enum assay_code assay_json_u64(uint64_t *out, const struct assay_json *doc, uint32_t token)
{
    if (!is_a(doc, token, ASSAY_JSON_NUMBER))
        return ASSAY_E_TYPE;
    return assay_decimal_u64(out, assay_json_raw(doc, token));
}
