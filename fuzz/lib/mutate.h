/** What structure-aware mutators have in common. A target that has one defines
 * LLVMFuzzerCustomMutator; the same file builds for libFuzzer, AFL++ and plain replay. */
#ifndef ASSAY_FUZZ_LIB_MUTATE_H
#define ASSAY_FUZZ_LIB_MUTATE_H

#include "fuzz/dice.h"

/** The engine's own mutation of bytes. The new size, at most max_size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
/** Changes the input in place, keeping what makes it pass the first checks. The new size, at most
 * max_size; the same seed makes the same change. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
