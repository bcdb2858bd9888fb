/** Mutations of JSON documents that stay documents, or nearly: edits of nodes that the dice pick
 *  (harness/fuzz/json_edit.h), so that what is behind the tokenizer is reached. */
#ifndef ASSAY_FUZZ_LIB_JSON_MUTATE_H
#define ASSAY_FUZZ_LIB_JSON_MUTATE_H

#include "fuzz/json_edit.h"
#include "fuzz/lib/mutate.h"

/** What LLVMFuzzerCustomMutator does where the input is a document and then `options` bytes which
 *  are none of it: an edit or several, or the engine's own mutation of a string, of the options or
 *  of it all. In place; the new size, at most max_size. */
size_t fuzz_json_mutate(uint8_t *data, size_t size, size_t max_size, size_t options, unsigned seed);
/** The same where the document stands from `from` up to `to`, and what is around it stays. */
size_t fuzz_json_mutate_part(uint8_t *data, size_t size, size_t max_size, size_t from, size_t to,
                             unsigned seed);

#endif
