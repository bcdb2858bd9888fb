/** Two pieces of work timed against each other, in turns within one run, so that what else the
 *  machine does weighs on both; the printed ratio is the first's time by the second's. */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BENCH_ROUNDS = 15 };

typedef void bench_work(void *world);

struct bench_pair {
    const char *name;
    bench_work *bare; /**< what cannot be avoided */
    bench_work *ours;
    int times;         /**< that each is done in a round */
    int least_percent; /**< wanted of the ratio */
};

static inline double bench_now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline double bench_time_us(bench_work *work, void *world, int times)
{
    double start = bench_now_us();

    for (int i = 0; i < times; i++)
        work(world);
    return (bench_now_us() - start) / times;
}

static inline int bench_by_value(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return *left < *right ? -1 : *left > *right;
}

/** Prints medians. */
static inline void bench_measure(const struct bench_pair *pair, void *world)
{
    double ratios[BENCH_ROUNDS], us[BENCH_ROUNDS];

    for (int i = 0; i < BENCH_ROUNDS; i++) {
        double bare_us = bench_time_us(pair->bare, world, pair->times);

        us[i] = bench_time_us(pair->ours, world, pair->times);
        ratios[i] = bare_us / us[i];
    }
    qsort(ratios, BENCH_ROUNDS, sizeof(ratios[0]), bench_by_value);
    qsort(us, BENCH_ROUNDS, sizeof(us[0]), bench_by_value);
    printf("bench: %-44s %9.3f us  least %9.2f  ratio %.2f (min %.2f max %.2f of %d rounds)\n",
           pair->name, us[BENCH_ROUNDS / 2], pair->least_percent / 100.0, ratios[BENCH_ROUNDS / 2],
           ratios[0], ratios[BENCH_ROUNDS - 1], BENCH_ROUNDS);
}

#endif
