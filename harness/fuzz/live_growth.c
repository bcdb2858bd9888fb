/* Growth of memory; see live_growth.h. */
#include "fuzz/live_growth.h"

enum { QUARTERS = 4 };

void live_growth_add(struct live_growth *growth, uint64_t requests, uint64_t bytes)
{
    if (growth->count == LIVE_SAMPLES_MAX)
        return;
    growth->requests[growth->count] = requests;
    growth->bytes[growth->count++] = bytes;
}

static double mean(const uint64_t *values, size_t from, size_t to)
{
    double sum = 0;

    for (size_t i = from; i < to; i++)
        sum += (double)values[i];
    return to > from ? sum / (double)(to - from) : 0;
}

static double slope(const struct live_growth *g, size_t from)
{
    double x = mean(g->requests, from, g->count), y = mean(g->bytes, from, g->count);
    double above = 0, below = 0;

    for (size_t i = from; i < g->count; i++) {
        double dx = (double)g->requests[i] - x;

        above += dx * ((double)g->bytes[i] - y);
        below += dx * dx;
    }
    return below > 0 ? above / below : 0;
}

bool live_growth_judge(const struct live_growth *growth, int64_t *bytes_a_request)
{
    size_t from = growth->count / 3, each = (growth->count - from) / QUARTERS;
    bool rises = true;
    double last = 0;

    *bytes_a_request = 0;
    if (growth->count < LIVE_SAMPLES_LEAST)
        return false;
    *bytes_a_request = (int64_t)slope(growth, from);
    for (size_t i = 0; i < QUARTERS; i++) {
        double now = mean(growth->bytes, from + i * each, from + (i + 1) * each);

        rises = rises && now > last;
        last = now;
    }
    return rises && *bytes_a_request > LIVE_GROWTH_BYTES;
}
