/* The mutator of JSON documents: edits of harness/fuzz/json_edit.h, and the engine's own mutations
 * within strings and of what is no document; see json_mutate.h. */
#include "fuzz/lib/json_mutate.h"

enum { EDITS_AT_ONCE = 4 };

/* The engine's own mutation of what is between two quotes. */
static size_t mutate_within(uint8_t *data, size_t size, size_t max_size, struct fuzz_dice *dice)
{
    struct assay_bytes text = assay_bytes_of(data, size);
    size_t from = assay_bytes_find(text, '"', fuzz_roll_below(dice, size)) + 1;
    size_t to = assay_bytes_find(text, '"', from), len, moved;
    uint8_t *room;

    if (to >= size || size == max_size)
        return LLVMFuzzerMutate(data, size, max_size);
    room = assay_alloc(max_size);
    if (room == NULL)
        return size;
    memcpy(room, data + from, to - from);
    len = LLVMFuzzerMutate(room, to - from, max_size - size + (to - from));
    moved = size - to;
    memmove(data + from + len, data + to, moved);
    memcpy(data + from, room, len);
    assay_free(room);
    return from + len + moved;
}

static size_t mutate_text(uint8_t *data, size_t size, size_t max_size, struct fuzz_dice *dice)
{
    /* mostly one: what is behind a reader that refuses is met by a document that it took before */
    size_t edits_left = 1 + fuzz_roll_below(dice, 1 + fuzz_roll_below(dice, EDITS_AT_ONCE));

    if (size == 0 || fuzz_roll_once_in(dice, 8))
        return LLVMFuzzerMutate(data, size, max_size);
    if (fuzz_roll_once_in(dice, 6))
        return mutate_within(data, size, max_size, dice);
    for (; edits_left > 0; edits_left--) {
        struct assay_buf out = ASSAY_BUF_INIT(max_size);
        bool done = fuzz_json_edit(&out, assay_bytes_of(data, size), dice);

        if (done) {
            size = out.len;
            memcpy(data, assay_buf_view(&out).at, size);
        } else {
            size = LLVMFuzzerMutate(data, size, max_size);
            edits_left = 1;
        }
        assay_buf_fini(&out);
    }
    return size;
}

size_t fuzz_json_mutate(uint8_t *data, size_t size, size_t max_size, size_t options, unsigned seed)
{
    uint8_t kept[16];
    struct fuzz_dice dice;

    fuzz_dice_init(&dice, seed);
    if (options > sizeof(kept) || size < options || max_size < options || size > max_size)
        return LLVMFuzzerMutate(data, size, max_size);
    memcpy(kept, data + size - options, options);
    if (options > 0 && fuzz_roll_once_in(&dice, 8)) {
        kept[fuzz_roll_below(&dice, options)] = (uint8_t)fuzz_roll(&dice);
        size -= options;
    } else {
        size = mutate_text(data, size - options, max_size - options, &dice);
    }
    memcpy(data + size, kept, options);
    return size + options;
}

size_t fuzz_json_mutate_part(uint8_t *data, size_t size, size_t max_size, size_t from, size_t to,
                             unsigned seed)
{
    size_t room = max_size - size + (to - from), len = to - from;
    uint8_t *part = assay_alloc(room);
    struct fuzz_dice dice;

    if (part == NULL || room == 0) {
        assay_free(part);
        return size;
    }
    fuzz_dice_init(&dice, seed);
    memcpy(part, data + from, len);
    len = mutate_text(part, len, room, &dice);
    memmove(data + from + len, data + to, size - to);
    memcpy(data + from, part, len);
    assay_free(part);
    return from + len + (size - to);
}
