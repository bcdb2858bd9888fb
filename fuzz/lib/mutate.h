/** What structure-aware mutators have in common. A target that has one defines
 * LLVMFuzzerCustomMutator; the same file builds for libFuzzer, AFL++ and plain replay. */
#ifndef ASSAY_FUZZ_LIB_MUTATE_H
#define ASSAY_FUZZ_LIB_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The engine's own mutation of bytes. The new size, at most max_size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
/** Changes the input in place, keeping what makes it pass the first checks. The new size, at most
 * max_size; the same seed makes the same change. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/** Choices of a mutator: all of them from its seed. */
struct fuzz_dice {
    uint64_t state;
};

void fuzz_dice_init(struct fuzz_dice *dice, unsigned seed);
uint64_t fuzz_roll(struct fuzz_dice *dice);
/** Below limit, which is not 0. */
size_t fuzz_roll_below(struct fuzz_dice *dice, size_t limit);
/** Once in so many times. */
bool fuzz_roll_once_in(struct fuzz_dice *dice, size_t times);

#endif
