/** An input as a target that builds things reads it: bytes from the front, options from the end,
 * one at a time. What is used up gives zeros, so that every input is whole. */
#ifndef ASSAY_FUZZ_LIB_INPUT_H
#define ASSAY_FUZZ_LIB_INPUT_H

#include "base/bytes.h"

struct fuzz_input {
    struct assay_bytes rest;
};

struct fuzz_input fuzz_input_of(const uint8_t *data, size_t size);
/** The last byte. */
uint8_t fuzz_option(struct fuzz_input *in);
/** The last byte, as a number below limit (1 to 256). */
size_t fuzz_option_below(struct fuzz_input *in, size_t limit);
/** The next `len` bytes, zeros behind the end. */
void fuzz_bytes(struct fuzz_input *in, uint8_t *out, size_t len);
/** The next `len` bytes, at most 8, as a number; the lowest first. */
uint64_t fuzz_number(struct fuzz_input *in, size_t len);
/** A view of the next `len` bytes, or of what is left of them. */
struct assay_bytes fuzz_view(struct fuzz_input *in, size_t len);

#endif
