/** Which target is fuzzed next, and for how long: stride scheduling by unfinished coverage.
 *
 *  Each target has a mark of the time that it has had, and the one whose mark is lowest is next. A
 *  slice moves the mark on by its seconds, eightfold for a target that has long been flat and once
 *  for one that has just grown: so what still grows gets up to eight times as much, and what is
 * flat is never left out. Pure: no clock, and the same marks give the same choice.
 */
#ifndef FUZZ_SCHEDULE_H
#define FUZZ_SCHEDULE_H

#include "base/bytes.h"

#define SCHEDULE_FLAT_MOST 8 /**< what a second of a flat target counts for */

struct schedule_entry {
    uint64_t mark;        /**< moved on by schedule_charge alone */
    uint64_t slices;      /**< that it has had */
    uint64_t flat_slices; /**< of the last ones, those without new coverage */
    uint64_t running;     /**< slices of it that run now */
    bool is_paused;       /**< not to be chosen */
};

/** The next target: of the lowest mark, the one with the fewest slices running, then the first.
 *  SIZE_MAX: every one is paused, or there is none. */
size_t schedule_next(const struct schedule_entry *entries, size_t count);
/** Seconds of its next slice: a quarter of `most` at first, a half, then all of it; at least 1. */
uint64_t schedule_seconds(const struct schedule_entry *entry, uint64_t most);
/** How far `seconds` move its mark. */
uint64_t schedule_charge(const struct schedule_entry *entry, uint64_t seconds);
/** The mark of a target that was not there before: as low as the lowest, so that it comes first
 *  without having all to itself until it has caught up. */
uint64_t schedule_new_mark(const struct schedule_entry *entries, size_t count);

#endif
