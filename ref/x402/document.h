/** A JSON document within the budgets, and the hashes of its values.
 *
 *  Source: Kaspa x402 exact digest, sections 2.1, 4 and 19. Of duplicate members the last one
 *  counts, as the reference has it, unless the caller is stricter.
 */
#ifndef X402_DOCUMENT_H
#define X402_DOCUMENT_H

#include "base/arena.h"
#include "base/json.h"

#define X402_HASH_TEXT_BYTES 65 /**< 64 lower-case hex digits and a NUL */

/** Parses a text that stays where it is. A leading byte order mark is passed over, and offsets
 *  count from behind it. MALFORMED: not UTF-8 or not JSON; TOO_LARGE: the budget that is passed,
 *  named in err with its limit; DUPLICATE: only where `strict`; NOMEM. Tokens are in the arena,
 *  never more than 8191 of them; *out is unchanged on failure. */
enum assay_code x402_document_parse(struct assay_json *out, struct assay_arena *arena,
                                    struct assay_bytes text, bool strict,
                                    struct assay_err *err) ASSAY_MUST_USE;

/** Decodes a header's value: standard base64 with mandatory padding and no other character; bits
 *  behind the last byte may be anything. The bytes are in the arena. MALFORMED: not that, or empty;
 *  TOO_LARGE: more characters than a header may have, and so more bytes; NOMEM. */
enum assay_code x402_header_decode(struct assay_bytes *out, struct assay_arena *arena,
                                   struct assay_bytes value, struct assay_err *err) ASSAY_MUST_USE;
/** Appends the header's value of a JSON document: base64 of its canonical form. Fails as x402_hash;
 *  also as the buffer does. */
enum assay_code x402_header_encode(struct assay_buf *out, const struct assay_json *doc,
                                   struct assay_err *err) ASSAY_MUST_USE;

/** H(C(value)): lower-case hex of SHA-256 over the canonical form. Fails as assay_json_canonical;
 *  TOO_LARGE: a canonical form above X402_DECODED_MAX_BYTES. out: unchanged on failure. */
enum assay_code x402_hash(char *out, const struct assay_json *doc, uint32_t token,
                          struct assay_err *err) ASSAY_MUST_USE;
/** The same of a canonical text. */
void x402_hash_text(char *out, struct assay_bytes canonical);
/** Whether two values have one canonical form, be they of one document or two; those of the same
 *  text have. False also when they differ and one of them has none that x402_hash would take, or
 *  memory is short. NONE equals NONE alone. */
bool x402_equal(const struct assay_json *a, uint32_t left, const struct assay_json *b,
                uint32_t right);

/** A text member, unescaped, in the arena where it had escapes; else a view of the document. False:
 *  absent, or no text (which of the two: assay_json_member); of a text: the arena is used up. */
bool x402_text(struct assay_bytes *out, struct assay_arena *arena, const struct assay_json *doc,
               uint32_t object, const char *member) ASSAY_MUST_USE;
/** An integral number as ECMAScript reads it ("2", "2.0", "2e0"), 0 .. 2^53-1. False: absent, or
 *  none. */
bool x402_integer(uint64_t *out, const struct assay_json *doc, uint32_t object,
                  const char *member) ASSAY_MUST_USE;
/** The value of an object's member whose name a text of this or another document is, or NONE. NONE
 *  too for a name that is no text, holds U+0000 or passes X402_STRING_MAX_BYTES. */
uint32_t x402_member_like(const struct assay_json *doc, uint32_t object,
                          const struct assay_json *names, uint32_t name);

#endif
