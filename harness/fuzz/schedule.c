/* Stride scheduling of fuzz targets (fuzz/schedule.h). */
#include "fuzz/schedule.h"

enum { QUARTER_UNTIL = 1, HALF_UNTIL = 2, DOUBLINGS_MAX = 3 };

static bool comes_before(const struct schedule_entry *a, const struct schedule_entry *b)
{
    return a->mark != b->mark ? a->mark < b->mark : a->running < b->running;
}

size_t schedule_next(const struct schedule_entry *entries, size_t count)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < count; i++) {
        if (!entries[i].is_paused &&
            (best == SIZE_MAX || comes_before(&entries[i], &entries[best])))
            best = i;
    }
    return best;
}

uint64_t schedule_seconds(const struct schedule_entry *entry, uint64_t most)
{
    uint64_t seconds = entry->slices < QUARTER_UNTIL ? most / 4
                       : entry->slices < HALF_UNTIL  ? most / 2
                                                     : most;

    return seconds > 0 ? seconds : 1;
}

uint64_t schedule_charge(const struct schedule_entry *entry, uint64_t seconds)
{
    uint64_t doublings = entry->flat_slices < DOUBLINGS_MAX ? entry->flat_slices : DOUBLINGS_MAX;

    return seconds << doublings;
}

uint64_t schedule_new_mark(const struct schedule_entry *entries, size_t count)
{
    uint64_t lowest = UINT64_MAX;

    for (size_t i = 0; i < count; i++)
        lowest = entries[i].mark < lowest ? entries[i].mark : lowest;
    return lowest == UINT64_MAX ? 0 : lowest;
}
