/* A target's own mutator as AFL++ loads it (AFL_CUSTOM_MUTATOR_LIBRARY): the
 * LLVMFuzzerCustomMutator that libFuzzer calls, with changes of bytes of our own below it. One
 * library for each target that has one: build/mutator/mutator-NAME. Source: AFL++ manual,
 * custom_mutators.md. */
#include "base/buf.h"
#include "fuzz/fuzz.h"
#include "fuzz/lib/mutate.h"

enum { PART_MAX_BYTES = 64 };

struct mutator {
    struct fuzz_dice dice;
    uint8_t *at;
    size_t room;
};

/* What AFL++ looks up by name. */
void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *data, const uint8_t *in, size_t len, uint8_t **out,
                       const uint8_t *other, size_t other_len, size_t max_size);
void afl_custom_deinit(void *data);

/* The mutator that is at work, for the engine's own mutations, which are asked for without it. */
static struct mutator *now;

/* ---- bytes ---- */

static size_t part_of(struct fuzz_dice *dice, size_t limit)
{
    return 1 + fuzz_roll_below(dice, limit < PART_MAX_BYTES ? limit : PART_MAX_BYTES);
}

static void change(struct fuzz_dice *dice, uint8_t *data, size_t size)
{
    static const uint8_t marked[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '"', '\\', '0', '9', '{'};
    size_t at = fuzz_roll_below(dice, size);

    switch (fuzz_roll_below(dice, 4)) {
    case 0:
        data[at] ^= (uint8_t)(1U << fuzz_roll_below(dice, 8));
        break;
    case 1:
        data[at] = (uint8_t)fuzz_roll(dice);
        break;
    case 2:
        data[at] = marked[fuzz_roll_below(dice, ARRAY_LEN(marked))];
        break;
    default:
        data[at] = (uint8_t)(data[at] + 8 - fuzz_roll_below(dice, 17));
    }
}

static size_t insert(struct fuzz_dice *dice, uint8_t *data, size_t size, size_t room)
{
    size_t at = fuzz_roll_below(dice, size + 1), len = part_of(dice, room);
    bool is_copy = size >= len && fuzz_roll_once_in(dice, 2);
    uint8_t part[PART_MAX_BYTES], byte = (uint8_t)fuzz_roll(dice);

    if (is_copy)
        memcpy(part, data + fuzz_roll_below(dice, size - len + 1), len);
    else
        memset(part, byte, len);
    memmove(data + at + len, data + at, size - at);
    memcpy(data + at, part, len);
    return size + len;
}

static size_t erase(struct fuzz_dice *dice, uint8_t *data, size_t size)
{
    size_t len = part_of(dice, size - 1), at = fuzz_roll_below(dice, size - len + 1);

    memmove(data + at, data + at + len, size - at - len);
    return size - len;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    struct fuzz_dice *dice = &now->dice;

    if (size < max_size && (size == 0 || fuzz_roll_once_in(dice, 4)))
        return insert(dice, data, size, max_size - size);
    if (size > 1 && fuzz_roll_once_in(dice, 4))
        return erase(dice, data, size);
    if (size > 0)
        change(dice, data, size);
    return size;
}

/* ---- AFL++ ---- */

void *afl_custom_init(void *afl, unsigned seed)
{
    struct mutator *mutator = assay_alloc(sizeof(*mutator));

    (void)afl;
    if (mutator == NULL)
        return NULL;
    *mutator = (struct mutator){0};
    fuzz_dice_init(&mutator->dice, seed);
    return mutator;
}

/* Never more than its input's own room or max_size; 0: nothing is tried. */
size_t afl_custom_fuzz(void *data, const uint8_t *in, size_t len, uint8_t **out,
                       const uint8_t *other, size_t other_len, size_t max_size)
{
    struct mutator *mutator = data;

    (void)other;
    (void)other_len;
    *out = NULL;
    if (len > max_size)
        return 0;
    if (mutator->room < max_size) {
        uint8_t *at = assay_realloc(mutator->at, max_size);

        if (at == NULL)
            return 0;
        mutator->at = at;
        mutator->room = max_size;
    }
    now = mutator;
    memcpy(mutator->at, in, len);
    *out = mutator->at;
    return LLVMFuzzerCustomMutator(mutator->at, len, max_size, (unsigned)fuzz_roll(&mutator->dice));
}

void afl_custom_deinit(void *data)
{
    struct mutator *mutator = data;

    if (mutator != NULL)
        assay_free(mutator->at);
    assay_free(mutator);
}
