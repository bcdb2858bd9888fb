/** JSON as the wire has it: a tokenizer that allocates nothing, and the canonical writer.
 *
 *  Source: RFC 8259 for the grammar; the canonical form is ECMAScript's JSON.stringify over members
 *  sorted by UTF-16 code units (see the canonical writer below).
 *
 *  assay_json_parse fills a caller's array of tokens in document order; a token's subtree follows
 *  it directly, and `next` jumps over it. Strings and numbers stay views of the text. Refused:
 *  anything after the value, duplicate member names (compared after unescaping) unless allowed,
 *  invalid UTF-8, raw control characters, more tokens or depth than there is room for. Lone
 *  surrogate escapes are accepted and kept; assay_json_string says what becomes of them.
 */
#ifndef ASSAY_BASE_JSON_H
#define ASSAY_BASE_JSON_H

#include "base/buf.h"

#define ASSAY_JSON_MAX_DEPTH 64

enum assay_json_type {
    ASSAY_JSON_NULL,
    ASSAY_JSON_FALSE,
    ASSAY_JSON_TRUE,
    ASSAY_JSON_NUMBER,
    ASSAY_JSON_STRING,
    ASSAY_JSON_ARRAY,
    ASSAY_JSON_OBJECT,
};

struct assay_json_token {
    enum assay_json_type type;
    bool escaped;   /**< a string with at least one backslash */
    uint32_t start; /**< offset of the value; of a string: after its quote */
    uint32_t end;   /**< offset after the value; of a string: of its closing quote */
    uint32_t count; /**< elements of an array, members of an object */
    uint32_t next;  /**< index of the token after this subtree */
    uint32_t
        order; /**< of an object: its first name in canonical order; of a name: the one after
                *   it; ASSAY_JSON_NONE at the end. Of a duplicate name only the last is there */
};

#define ASSAY_JSON_NONE UINT32_MAX /**< "no such token": every accessor takes it and says no */

/** An object's children alternate name (STRING) and value. Token 0 is the document. */
struct assay_json {
    struct assay_bytes text;
    const struct assay_json_token *tokens;
    uint32_t token_count;
};

enum assay_json_flags { ASSAY_JSON_STRICT = 0, ASSAY_JSON_LAST_DUPLICATE_WINS = 1 };

/** Out: doc borrows text and tokens; unchanged on failure. MALFORMED (offset in err->at), DUPLICATE
 *  (at the later name), TOO_LARGE (tokens, containers nested deeper than ASSAY_JSON_MAX_DEPTH, or
 * text above 2^32-2 bytes). With LAST_DUPLICATE_WINS lookups find the last of a name. Time: n log n
 * in the length of the text, also where a hostile object has very many members. */
enum assay_code assay_json_parse(struct assay_json *doc, struct assay_json_token *tokens,
                                 size_t token_room, struct assay_bytes text,
                                 enum assay_json_flags flags, struct assay_err *err) ASSAY_MUST_USE;

/** As many tokens as a text can have, or more: one, and one for each comma, colon and opening
 * bracket, those within strings too. */
size_t assay_json_token_bound(struct assay_bytes text);

enum assay_json_type assay_json_type(const struct assay_json *doc,
                                     uint32_t token); /**< NULL for NONE */
/** The value of an object's member by its unescaped name, or NONE. Walks the names. */
uint32_t assay_json_member(const struct assay_json *doc, uint32_t object, const char *name);
/** The first child, or NONE; then assay_json_next_sibling until NONE. In an object: names; the
 * value of a name is the token right after it. */
uint32_t assay_json_first(const struct assay_json *doc, uint32_t container);
uint32_t assay_json_next_sibling(const struct assay_json *doc, uint32_t container, uint32_t child);
/** The raw text of a value (a string with its quotes). Empty for NONE. */
struct assay_bytes assay_json_raw(const struct assay_json *doc, uint32_t token);
/** TYPE: no string; NOMEM, TOO_LARGE as the buffer says. Appends the unescaped text; a lone
 * surrogate becomes its three-byte form (ED A0 80 .. ED BF BF), so that it survives a round trip
 * through the canonical writer and is never valid UTF-8. */
enum assay_code assay_json_string(struct assay_buf *out, const struct assay_json *doc,
                                  uint32_t token) ASSAY_MUST_USE;
bool assay_json_string_is(const struct assay_json *doc, uint32_t token, const char *text);
/** TYPE: no number. MALFORMED: fraction, exponent or sign. RANGE: above 2^64-1. */
enum assay_code assay_json_u64(uint64_t *out, const struct assay_json *doc,
                               uint32_t token) ASSAY_MUST_USE;

/** Appends the canonical form of a value; needs no storage but out's: members sorted by UTF-16 code
 * units, no spaces, strings quoted as ECMAScript does (\b \t \n \f \r short, other controls and
 * lone surrogates \u00xx in lower case, all else raw), numbers as Number.prototype.toString prints
 * the double that the text rounds to. RANGE: a number that rounds to infinity. TOO_LARGE, NOMEM. Of
 * duplicate names the last one counts, as in ECMAScript. */
enum assay_code assay_json_canonical(struct assay_buf *out, const struct assay_json *doc,
                                     uint32_t token, struct assay_err *err) ASSAY_MUST_USE;
/** Appends a quoted string by the same rules; text is UTF-8, with three-byte surrogates allowed.
 * Any other wrong byte becomes U+FFFD. */
void assay_json_add_string(struct assay_buf *out, struct assay_bytes text);

#endif
