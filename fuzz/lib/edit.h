/** Changing values of a JSON text in place, for mutators: what is not touched stays byte for byte.
 */
#ifndef ASSAY_FUZZ_LIB_EDIT_H
#define ASSAY_FUZZ_LIB_EDIT_H

#include "base/arena.h"
#include "base/json.h"
#include "fuzz/lib/mutate.h"

struct fuzz_edit {
    uint32_t token;          /**< ASSAY_JSON_NONE: the edit is passed over */
    struct assay_bytes text; /**< JSON, in place of the value */
};

/** Appends the document's text with the edits made. They may be in any order, and are put into the
 *  document's; one within another is passed over. */
void fuzz_edit_apply(struct assay_buf *out, const struct assay_json *doc, struct fuzz_edit *edits,
                     size_t count);
/** A value that is not the token's, most often: near its number, another value of the document, or
 *  nothing much. In the arena. */
struct assay_bytes fuzz_edit_value(struct fuzz_dice *dice, struct assay_arena *arena,
                                   const struct assay_json *doc, uint32_t token);
/** Changes one value of one line of an input whose lines are JSON; bytes, as the engine does, where
 *  the line is none. The new size, at most max_size. */
size_t fuzz_edit_line(uint8_t *data, size_t size, size_t max_size, struct fuzz_dice *dice);
/** A number near another one, or at a limit that amounts have. */
uint64_t fuzz_near(struct fuzz_dice *dice, uint64_t number);
/** JSON texts in the arena: a string around bytes that are no controls, quotes or backslashes; and
 *  around the lower-case hex of any bytes. */
struct assay_bytes fuzz_quoted(struct assay_arena *arena, struct assay_bytes text);
struct assay_bytes fuzz_quoted_hex(struct assay_arena *arena, struct assay_bytes bytes);

#endif
