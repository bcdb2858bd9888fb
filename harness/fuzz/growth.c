/* Resident memory over answers; see growth.h. */
#include "fuzz/growth.h"

#include <string.h>

void growth_begin(struct growth *g)
{
    memset(g, 0, sizeof(*g));
    g->every = GROWTH_FIRST_EVERY;
}

bool growth_is_due(struct growth *g, uint64_t answers)
{
    uint64_t before = g->answers / g->every;

    g->answers += answers;
    return g->answers / g->every != before;
}

void growth_add(struct growth *g, uint64_t resident)
{
    if (g->count == GROWTH_SAMPLES) {
        /* Every second one stays: those that the doubled distance would have taken. */
        for (size_t i = 0; i < GROWTH_SAMPLES / 2; i++)
            g->resident[i] = g->resident[2 * i + 1];
        g->count = GROWTH_SAMPLES / 2;
        g->every *= 2;
        if (g->answers % g->every >= g->every / 2)
            return;
    }
    g->resident[g->count++] = resident;
}

static uint64_t least_of(const struct growth *g, size_t from, size_t to)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = from; i < to; i++)
        least = g->resident[i] < least ? g->resident[i] : least;
    return least;
}

bool growth_found(struct growth_slope *slope, const struct growth *g, uint64_t bound)
{
    size_t quarter = g->count / 4;
    uint64_t second, third, last;

    *slope = (struct growth_slope){0};
    if (g->count < GROWTH_SAMPLES_LEAST)
        return false;
    second = least_of(g, quarter, 2 * quarter);
    third = least_of(g, 2 * quarter, 3 * quarter);
    last = least_of(g, 3 * quarter, g->count);
    *slope = (struct growth_slope){second, last, 2 * quarter * g->every};
    return second < third && third < last && last - second >= bound;
}
