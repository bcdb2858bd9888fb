/* The dice of mutators: splitmix64 (Steele, Lea and Flood 2014), which any seed is good for. */
#include "fuzz/dice.h"

void fuzz_dice_init(struct fuzz_dice *dice, uint64_t seed)
{
    dice->state = seed;
}

uint64_t fuzz_roll(struct fuzz_dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

size_t fuzz_roll_below(struct fuzz_dice *dice, size_t limit)
{
    return (size_t)(fuzz_roll(dice) % limit);
}

bool fuzz_roll_once_in(struct fuzz_dice *dice, size_t times)
{
    return fuzz_roll_below(dice, times) == 0;
}
