/* Edits of JSON documents; see json_edit.h. Each reads the tokens and writes the text again with
 * one part of it replaced. */
#include "fuzz/json_edit.h"

#include "base/json.h"

enum { TOKENS_MAX = 8192, DEPTH_ADDED_MAX = 66, TRIES = 8 };

struct edit {
    struct assay_buf *out;
    struct assay_json doc;
    struct fuzz_dice *dice;
};

/* A member, an element or the document itself. */
struct place {
    uint32_t container; /* NONE: the document */
    uint32_t child;     /* the name of a member; else as value */
    uint32_t value;
};

/* ---- places ---- */

static size_t start_of(const struct edit *e, uint32_t token)
{
    return (size_t)(assay_json_raw(&e->doc, token).at - e->doc.text.at);
}

static size_t end_of(const struct edit *e, uint32_t token)
{
    return start_of(e, token) + assay_json_raw(&e->doc, token).len;
}

static bool is_container(const struct edit *e, uint32_t token)
{
    enum assay_json_type type = assay_json_type(&e->doc, token);

    return type == ASSAY_JSON_ARRAY || type == ASSAY_JSON_OBJECT;
}

/* Where a token is: a name and its value are of one place. */
static struct place place_of(const struct edit *e, uint32_t token)
{
    struct place place = {ASSAY_JSON_NONE, token, token};
    uint32_t container = token;

    while (container > 0 && (container == token || !is_container(e, container) ||
                             e->doc.tokens[container].next <= token))
        container--;
    if (token == 0)
        return place;
    place.container = container;
    for (uint32_t at = assay_json_first(&e->doc, container); at != ASSAY_JSON_NONE && at <= token;
         at = assay_json_next_sibling(&e->doc, container, at))
        place.child = at;
    if (assay_json_type(&e->doc, container) == ASSAY_JSON_OBJECT)
        place.value = place.child + 1;
    return place;
}

static uint32_t any_child(const struct edit *e, uint32_t container)
{
    size_t left = fuzz_roll_below(e->dice, e->doc.tokens[container].count);
    uint32_t child = assay_json_first(&e->doc, container);

    while (left-- > 0)
        child = assay_json_next_sibling(&e->doc, container, child);
    if (assay_json_type(&e->doc, container) == ASSAY_JSON_OBJECT && !fuzz_roll_once_in(e->dice, 4))
        child++; /* the value of that name */
    return child;
}

/* Any one; or one that is found on the way down, so that the few outer ones, which decide what is
 * read at all, come as often as the many within them. */
static uint32_t any_token(const struct edit *e)
{
    uint32_t token = 0;

    if (fuzz_roll_once_in(e->dice, 2))
        return (uint32_t)fuzz_roll_below(e->dice, e->doc.token_count);
    while (is_container(e, token) && e->doc.tokens[token].count > 0 &&
           !fuzz_roll_once_in(e->dice, 4))
        token = any_child(e, token);
    return token;
}

static struct place any_place(const struct edit *e)
{
    return place_of(e, any_token(e));
}

/* A token of a type; NONE where a few throws find none. */
static uint32_t any_of_type(const struct edit *e, enum assay_json_type type)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint32_t token = any_token(e);

        if (assay_json_type(&e->doc, token) == type)
            return token;
    }
    return ASSAY_JSON_NONE;
}

/* ---- writing ---- */

static bool put(struct edit *e, size_t from, size_t to, struct assay_bytes with)
{
    assay_buf_add(e->out, assay_bytes_part(e->doc.text, 0, from));
    assay_buf_add(e->out, with);
    assay_buf_add(e->out, assay_bytes_part(e->doc.text, to, e->doc.text.len));
    return assay_buf_ok(e->out);
}

static bool put_text(struct edit *e, uint32_t token, const char *text)
{
    return put(e, start_of(e, token), end_of(e, token), assay_str(text));
}

static void repeat(struct assay_buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times && assay_buf_ok(out); i++)
        assay_buf_add_str(out, text);
}

/* ---- edits of places ---- */

/* With the comma behind it; of the last one with that before it. */
static bool remove_place(struct edit *e)
{
    struct place p = any_place(e);
    size_t from = start_of(e, p.child), to = end_of(e, p.value);
    uint32_t next = p.container == ASSAY_JSON_NONE
                        ? ASSAY_JSON_NONE
                        : assay_json_next_sibling(&e->doc, p.container, p.child);

    if (next != ASSAY_JSON_NONE)
        to = start_of(e, next);
    else if (p.container != ASSAY_JSON_NONE && e->doc.tokens[p.container].count > 1)
        from = end_of(e, place_of(e, p.child - 1).value);
    return put(e, from, to, ASSAY_LIT(""));
}

/* Behind a place of a container comes a copy of it, or of another of the same kind. */
static bool insert_copy(struct edit *e)
{
    struct place p = any_place(e), of = fuzz_roll_once_in(e->dice, 2) ? p : any_place(e);
    struct assay_buf copy = ASSAY_BUF_INIT(e->out->max);
    bool done;

    if (p.container == ASSAY_JSON_NONE || of.container == ASSAY_JSON_NONE ||
        assay_json_type(&e->doc, p.container) != assay_json_type(&e->doc, of.container))
        return false;
    assay_buf_add_byte(&copy, ',');
    assay_buf_add(&copy, assay_bytes_part(e->doc.text, start_of(e, of.child), end_of(e, of.value)));
    done = assay_buf_ok(&copy) &&
           put(e, end_of(e, p.value), end_of(e, p.value), assay_buf_view(&copy));
    assay_buf_fini(&copy);
    return done;
}

static bool copy_value(struct edit *e)
{
    struct place to = any_place(e), of = any_place(e);

    return put(e, start_of(e, to.value), end_of(e, to.value), assay_json_raw(&e->doc, of.value));
}

static bool exchange_values(struct edit *e)
{
    struct place a = any_place(e), b = any_place(e);
    struct place first = a.value < b.value ? a : b, last = a.value < b.value ? b : a;
    size_t between = end_of(e, first.value), last_at = start_of(e, last.value);

    if (first.value == last.value || between > last_at)
        return false; /* one holds the other */
    assay_buf_add(e->out, assay_bytes_part(e->doc.text, 0, start_of(e, first.value)));
    assay_buf_add(e->out, assay_json_raw(&e->doc, last.value));
    assay_buf_add(e->out, assay_bytes_part(e->doc.text, between, last_at));
    assay_buf_add(e->out, assay_json_raw(&e->doc, first.value));
    assay_buf_add(e->out, assay_bytes_part(e->doc.text, end_of(e, last.value), e->doc.text.len));
    return assay_buf_ok(e->out);
}

/* A name becomes another string of the document: one that is known elsewhere, or a duplicate. */
static bool rename_member(struct edit *e)
{
    struct place p = any_place(e);
    uint32_t other = any_of_type(e, ASSAY_JSON_STRING);

    if (p.child == p.value || other == ASSAY_JSON_NONE)
        return false;
    return put(e, start_of(e, p.child), end_of(e, p.child), assay_json_raw(&e->doc, other));
}

static bool wrap_value(struct edit *e)
{
    static const size_t depths[] = {1, 1, 2, 30, 31, 32, 33, 63, 64, DEPTH_ADDED_MAX};
    size_t depth = depths[fuzz_roll_below(e->dice, ARRAY_LEN(depths))];
    bool is_array = fuzz_roll_once_in(e->dice, 2);
    struct assay_buf wrapped = ASSAY_BUF_INIT(e->out->max);
    struct place p = any_place(e);
    bool done;

    repeat(&wrapped, is_array ? "[" : "{\"a\":", depth);
    assay_buf_add(&wrapped, assay_json_raw(&e->doc, p.value));
    repeat(&wrapped, is_array ? "]" : "}", depth);
    done = assay_buf_ok(&wrapped) &&
           put(e, start_of(e, p.value), end_of(e, p.value), assay_buf_view(&wrapped));
    assay_buf_fini(&wrapped);
    return done;
}

/* ---- edits of values ---- */

static bool change_type(struct edit *e)
{
    static const char *const values[] = {"null", "true", "false", "0", "1",  "\"\"", "\"true\"",
                                         "[]",   "{}",   "[{}]",  "",  "[0", "nul",  "\"1\""};

    return put_text(e, any_place(e).value, values[fuzz_roll_below(e->dice, ARRAY_LEN(values))]);
}

/* Numbers at the edges of their types, and some in forms that are not canonical or none at all; of
 * a string they stay within the quotes as a rule. */
static bool edge_number(struct edit *e)
{
    static const char *const numbers[] = {
        "0",
        "-0",
        "-1",
        "1",
        "2",
        "01",
        "00",
        "+1",
        "1.",
        ".5",
        "0.5",
        "1.0",
        "2.0",
        "2e0",
        "1e3",
        "1E3",
        "1e-400",
        "1e400",
        "0x10",
        "1_0",
        "Infinity",
        "NaN",
        "127",
        "128",
        "255",
        "256",
        "65535",
        "65536",
        "2147483647",
        "2147483648",
        "4294967295",
        "4294967296",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "340282366920938463463374607431768211456",
        "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
    };
    const char *number = numbers[fuzz_roll_below(e->dice, ARRAY_LEN(numbers))];
    uint32_t value = any_place(e).value;
    bool is_text = assay_json_type(&e->doc, value) == ASSAY_JSON_STRING;
    size_t inset = is_text && !fuzz_roll_once_in(e->dice, 4) ? 1 : 0;

    return put(e, start_of(e, value) + inset, end_of(e, value) - inset, assay_str(number));
}

static bool edge_length(struct edit *e)
{
    static const char *const fillings[] = {"a", "0", "f", " ", "\\u0000", "\xC3\xA9", "\\ud800"};
    static const size_t edges[] = {0, 1, 8, 16, 32, 36, 40, 64, 66, 128, 130, 256, 1024, 4096};
    const char *filling = fillings[fuzz_roll_below(e->dice, ARRAY_LEN(fillings))];
    size_t times = edges[fuzz_roll_below(e->dice, ARRAY_LEN(edges))];
    uint32_t value = any_of_type(e, ASSAY_JSON_STRING);
    struct assay_buf filled = ASSAY_BUF_INIT(e->out->max);
    bool done;

    if (value == ASSAY_JSON_NONE)
        return false;
    times += fuzz_roll_below(e->dice, 3);
    repeat(&filled, filling, times > 0 ? times - 1 : 0);
    done = assay_buf_ok(&filled) &&
           put(e, start_of(e, value) + 1, end_of(e, value) - 1, assay_buf_view(&filled));
    assay_buf_fini(&filled);
    return done;
}

/* A number gets a sign, or loses the one it has. */
static bool change_sign(struct edit *e)
{
    uint32_t number = any_of_type(e, ASSAY_JSON_NUMBER);
    size_t at;

    if (number == ASSAY_JSON_NONE)
        return false;
    at = start_of(e, number);
    return e->doc.text.at[at] == '-' ? put(e, at, at + 1, ASSAY_LIT(""))
                                     : put(e, at, at, ASSAY_LIT("-"));
}

/* A number becomes a text, a text what is within its quotes. */
static bool change_quotes(struct edit *e)
{
    uint32_t value = any_place(e).value;
    struct assay_bytes raw = assay_json_raw(&e->doc, value);
    struct assay_buf quoted = ASSAY_BUF_INIT(e->out->max);
    bool done;

    if (assay_json_type(&e->doc, value) == ASSAY_JSON_STRING)
        return put(e, start_of(e, value), end_of(e, value), assay_bytes_part(raw, 1, raw.len - 1));
    assay_json_add_string(&quoted, raw);
    done = assay_buf_ok(&quoted) &&
           put(e, start_of(e, value), end_of(e, value), assay_buf_view(&quoted));
    assay_buf_fini(&quoted);
    return done;
}

/* ---- edits within strings, names too ---- */

/* Any place between the quotes. */
static bool any_within(const struct edit *e, size_t *at)
{
    uint32_t token = any_of_type(e, ASSAY_JSON_STRING);

    if (token == ASSAY_JSON_NONE)
        return false;
    *at = start_of(e, token) + 1 + fuzz_roll_below(e->dice, assay_json_raw(&e->doc, token).len - 1);
    return true;
}

static bool add_escape(struct edit *e)
{
    static const char *const escapes[] = {
        "\\u0000",
        "\\ud800",
        "\\udc00",
        "\\ud83d\\ude00",
        "\\u0041",
        "\\u00e9",
        "\\n",
        "\\\\",
        "\\/",
        "\\\"",
        "\\b",
        "\\u2028",
        "\\u",
        "\\u12",
        "\\x41",
        "\\",
        "\\U0041",
        "\x01",
        "\x7F",
        "\xC3\xA9",
        "\xF0\x9F\x98\x80",
        "\xED\xA0\x80",
        "\xC0\x80",
        "\xFF",
        "\"",
        " ",
        "\xEF\xBB\xBF",
    };
    size_t at;

    if (!any_within(e, &at))
        return false;
    return put(e, at, at, assay_str(escapes[fuzz_roll_below(e->dice, ARRAY_LEN(escapes))]));
}

/* Another one of the same kind, so that hex stays hex and a number a number; a letter's case. */
static uint8_t like(struct fuzz_dice *dice, uint8_t c)
{
    if (c >= '0' && c <= '9')
        return (uint8_t)('0' + fuzz_roll_below(dice, 10));
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        uint8_t base = c >= 'a' ? 'a' : 'A';

        if (fuzz_roll_once_in(dice, 4))
            return (uint8_t)(c ^ 0x20);
        return (uint8_t)(base + fuzz_roll_below(dice, c <= base + 5 ? 6 : 26));
    }
    return (uint8_t)(0x20 + fuzz_roll_below(dice, 0x5F));
}

static bool change_character(struct edit *e)
{
    uint32_t token = any_token(e);
    uint8_t other;
    size_t at;

    if (is_container(e, token) || end_of(e, token) - start_of(e, token) < 3)
        return false;
    at = start_of(e, token) + 1 +
         fuzz_roll_below(e->dice, end_of(e, token) - start_of(e, token) - 2);
    other = like(e->dice, e->doc.text.at[at]);
    return put(e, at, at + 1, assay_bytes_of(&other, 1));
}

static bool drop_character(struct edit *e)
{
    size_t at;

    return any_within(e, &at) && put(e, at, at + 1, ASSAY_LIT(""));
}

/* A string twice in a row. */
static bool double_string(struct edit *e)
{
    uint32_t token = any_of_type(e, ASSAY_JSON_STRING);
    struct assay_bytes raw;

    if (token == ASSAY_JSON_NONE)
        return false;
    raw = assay_json_raw(&e->doc, token);
    return put(e, end_of(e, token) - 1, end_of(e, token) - 1,
               assay_bytes_part(raw, 1, raw.len - 1));
}

/* A character, or a byte of one, up to eight times more. */
static bool repeat_character(struct edit *e)
{
    size_t times = 1 + fuzz_roll_below(e->dice, 8), at;
    uint8_t same[8];

    if (!any_within(e, &at) || e->doc.text.at[at] == '"')
        return false;
    memset(same, e->doc.text.at[at], times);
    return put(e, at, at, assay_bytes_of(same, times));
}

static bool add_space(struct edit *e)
{
    static const char *const spaces[] = {" ", "\n", "\t", "\r", "\v", "\xC2\xA0", "/**/"};
    uint32_t token = any_token(e);
    size_t at = fuzz_roll_once_in(e->dice, 2) ? start_of(e, token) : end_of(e, token);

    return put(e, at, at, assay_str(spaces[fuzz_roll_below(e->dice, ARRAY_LEN(spaces))]));
}

/* ---- an edit of the dice ---- */

/* What keeps the grammar and goes deep stands more than once. */
static bool (*const edits[])(struct edit *) = {
    remove_place,     remove_place,     insert_copy,    copy_value,  copy_value,
    exchange_values,  rename_member,    wrap_value,     change_type, edge_number,
    edge_number,      edge_length,      change_quotes,  add_escape,  change_character,
    change_character, change_character, drop_character, add_space,   double_string,
    repeat_character, change_sign,
};

bool fuzz_json_edit(struct assay_buf *out, struct assay_bytes text, struct fuzz_dice *dice)
{
    size_t bound = assay_json_token_bound(text), room = bound < TOKENS_MAX ? bound : TOKENS_MAX;
    struct assay_json_token *tokens = assay_alloc(room * sizeof(*tokens));
    struct edit e = {.out = out, .dice = dice};
    size_t before = out->len;
    bool done = false;

    if (tokens == NULL)
        return false;
    if (assay_json_parse(&e.doc, tokens, room, text, ASSAY_JSON_LAST_DUPLICATE_WINS, NULL) ==
        ASSAY_OK) {
        for (unsigned i = 0; i < TRIES && !done; i++) {
            done = edits[fuzz_roll_below(dice, ARRAY_LEN(edits))](&e);
            if (!done) {
                assay_buf_clear(out);
                out->len = before;
            }
        }
    }
    assay_free(tokens);
    return done;
}
