/** Edits of JSON documents, for mutators that want what is behind the tokenizer. It stands on
 *  ref/base and the dice alone, so that fuzz targets, which do not link the harness, have it too.
 */
#ifndef FUZZ_JSON_EDIT_H
#define FUZZ_JSON_EDIT_H

#include "base/buf.h"
#include "fuzz/dice.h"

/** Appends the text with one edit: a member or element removed, repeated, copied, renamed or
 *  exchanged with another; a value of another type; numbers and lengths at their edges; an escape,
 *  a digit or a letter changed; containers around a value; spaces. Some edits are meant to break
 *  the grammar. The same text and dice make the same edit.
 *
 *  Returns: false, and out unchanged, where the text is no document of at most 8192 values and
 *  names, or nothing that a few throws gave fits. */
bool fuzz_json_edit(struct assay_buf *out, struct assay_bytes text, struct fuzz_dice *dice);

#endif
