/** The fault `time`: a launched target's wall clock, moved while it runs, by libfaketime.
 *
 *  The monotonic clock is left alone. The offset lives in a control file that the library reads
 *  at every call (no cache). Where libfaketime is not installed, or does not move the time of a
 *  trial program, fault_clock_library says so. A static program's clock cannot be moved.
 */
#ifndef FAULT_CLOCK_H
#define FAULT_CLOCK_H

#include "base/arena.h"

#include <sys/types.h>

#define FAULT_CLOCK_ENVIRONMENT 7 /**< variables that fault_clock_environment fills */

struct fault_clock {
    char control_path[512];
    int64_t offset_ms; /**< added to the real time, unless frozen */
    int64_t frozen_ms; /**< >= 0: the clock stands still at that time; -1: it runs */
};

/** Path of the library, or NULL with the reason and what to install in err (UNSUPPORTED). Tried
 *  once with a real program, then remembered. */
const char *fault_clock_library(struct assay_err *err);
/** Makes the control file in `folder`, offset 0. IO; RANGE: the path is too long. */
enum assay_code fault_clock_init(struct fault_clock *clock, const char *folder,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** Fills NAME=value strings for the target's environment: LD_PRELOAD, the control file and how it
 *  is read, and what a sanitized target needs to accept a preloaded library; LD_PRELOAD and
 *  ASAN_OPTIONS of this process are kept beside. Returns how many of `room` were set, in the arena
 *  of the caller: 0 without library or memory. */
size_t fault_clock_environment(const struct fault_clock *clock, const char **out, size_t room,
                               struct assay_arena *arena);
/** Moves the clock, at once for every later reading in the target, and lets it run. IO. */
enum assay_code fault_clock_shift(struct fault_clock *clock, int64_t offset_ms,
                                  struct assay_err *err) ASSAY_MUST_USE;
/** Lets it stand still at a whole second (ms are cut: frozen_ms says which time was set). RANGE:
 *  before 1970; IO. */
enum assay_code fault_clock_freeze(struct fault_clock *clock, int64_t at_ms,
                                   struct assay_err *err) ASSAY_MUST_USE;
/** What the target's clock shows now, by our reckoning. */
int64_t fault_clock_now_ms(const struct fault_clock *clock);
/** Removes what the library leaves in shared memory for a process that was killed. */
void fault_clock_forget(pid_t pid);

#endif
