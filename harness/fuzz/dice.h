/** Choices of a mutator: all of them from its seed. It stands on nothing, so that fuzz targets,
 *  which do not link the harness, have it too. */
#ifndef FUZZ_DICE_H
#define FUZZ_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_dice {
    uint64_t state;
};

void fuzz_dice_init(struct fuzz_dice *dice, uint64_t seed);
uint64_t fuzz_roll(struct fuzz_dice *dice);
/** Below limit, which is not 0. */
size_t fuzz_roll_below(struct fuzz_dice *dice, size_t limit);
/** Once in so many times. */
bool fuzz_roll_once_in(struct fuzz_dice *dice, size_t times);

#endif
