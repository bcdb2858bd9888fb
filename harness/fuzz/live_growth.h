/** Whether the memory of a server grows with what it is sent.
 *
 *  Samples are taken every LIVE_SAMPLE_EACH requests. The first third is warm-up. Of the rest the
 *  line of least squares must rise by more than LIVE_GROWTH_BYTES a request, and each of the four
 *  quarters of it must be above the one before in its mean: what rises once and stays is no growth.
 */
#ifndef FUZZ_LIVE_GROWTH_H
#define FUZZ_LIVE_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVE_SAMPLE_EACH 50
#define LIVE_SAMPLES_MAX 256
#define LIVE_SAMPLES_LEAST 24 /**< fewer are not judged */
#define LIVE_GROWTH_BYTES 4096

struct live_growth {
    uint64_t requests[LIVE_SAMPLES_MAX], bytes[LIVE_SAMPLES_MAX];
    size_t count;
};

/** One more sample; those beyond the room are dropped. */
void live_growth_add(struct live_growth *growth, uint64_t requests, uint64_t bytes);
/** Whether it grows. Out: bytes a request, rounded; 0 where there are too few samples. */
bool live_growth_judge(const struct live_growth *growth, int64_t *bytes_a_request);

#endif
