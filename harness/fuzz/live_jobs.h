/** Several campaigns against copies of one target at once, each a process with a seed of its own.
 *
 *  They share the folder: what one keeps is what all of them begin with next time. A process that
 *  ends badly is told, and the others go on. None outlives this one.
 */
#ifndef FUZZ_LIVE_JOBS_H
#define FUZZ_LIVE_JOBS_H

#include "fuzz/live.h"

#define LIVE_JOBS_MAX 16

/** As live_run with `jobs` processes, 1 to LIVE_JOBS_MAX; one is this process. Out: *view has the
 *  sums; findings of one kind and sort are counted once. Fails as the first of them that did; IO:
 *  no process, or one that ended without a result. */
enum assay_code live_jobs_run(struct live_view *view, const struct live_options *options,
                              unsigned jobs, struct assay_err *err) ASSAY_MUST_USE;

#endif
