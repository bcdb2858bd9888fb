/** Mutations of JSON documents that stay documents, or nearly: one edit of a node that the dice
 *  pick, so that what is behind the tokenizer is reached. */
#ifndef ASSAY_FUZZ_LIB_JSON_MUTATE_H
#define ASSAY_FUZZ_LIB_JSON_MUTATE_H

#include "base/buf.h"
#include "fuzz/lib/mutate.h"

/** Appends the text with one edit: a member or element removed, repeated, copied, renamed or
 *  exchanged with another; a value of another type; numbers and lengths at their edges; an escape,
 *  a digit or a letter changed; containers around a value; spaces. Some edits are meant to break
 *  the grammar. The same text and dice make the same edit.
 *
 *  Returns: false, and out unchanged, where the text is no document of at most 8192 values and
 *  names, or nothing that a few throws gave fits. */
bool fuzz_json_edit(struct assay_buf *out, struct assay_bytes text, struct fuzz_dice *dice);

/** What LLVMFuzzerCustomMutator does where the input is a document and then `options` bytes which
 *  are none of it: an edit or several, or the engine's own mutation of a string, of the options or
 *  of it all. In place; the new size, at most max_size. */
size_t fuzz_json_mutate(uint8_t *data, size_t size, size_t max_size, size_t options, unsigned seed);
/** The same where the document stands from `from` up to `to`, and what is around it stays. */
size_t fuzz_json_mutate_part(uint8_t *data, size_t size, size_t max_size, size_t from, size_t to,
                             unsigned seed);

#endif
