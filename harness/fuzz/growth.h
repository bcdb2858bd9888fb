/** Whether a process, an adapter or a server, grows: resident memory over what it has answered.
 * Samples are taken by count, ever fewer as the run gets longer, so that the same answers give the
 * same verdict. */
#ifndef FUZZ_GROWTH_H
#define FUZZ_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GROWTH_SAMPLES 128
#define GROWTH_SAMPLES_LEAST 32 /**< fewer prove nothing */
#define GROWTH_FIRST_EVERY 32   /**< answers from one sample to the next, at first */

struct growth {
    uint64_t answers; /**< of the process */
    uint64_t every;   /**< answers from one sample to the next; doubles when there are too many */
    size_t count;
    uint64_t resident[GROWTH_SAMPLES]; /**< bytes after (i + 1) * every answers */
};

struct growth_slope {
    uint64_t from, to; /**< bytes: the least of the second, and of the last quarter */
    uint64_t answers;  /**< in between */
};

/** Of a process that has answered nothing yet. */
void growth_begin(struct growth *g);
/** So many more answers. Returns: whether memory is to be looked at now, and given to growth_add.
 */
bool growth_is_due(struct growth *g, uint64_t answers);
void growth_add(struct growth *g, uint64_t resident);
/** Whether the least memory of each quarter of the samples, the first aside, is above that of the
 *  one before, and the last above the second by `bound` bytes. Out: *slope, also where it is not;
 *  zeros of fewer than GROWTH_SAMPLES_LEAST samples. */
bool growth_found(struct growth_slope *slope, const struct growth *g, uint64_t bound);

#endif
