/** The one executor: a parent that hands the cases of a plan to re-executed worker processes.
 *
 *  A worker runs one case at a time; a deadline is a kill of the worker, and a worker that ends in
 * the middle of a case makes that case `broken`. A leg's controls come first; what rests on one
 * that failed is `broken` without having run, and on one that is `unsupported` likewise. No process
 * outlives the executor, even where that is killed: workers, what they started, and what those left
 * behind are ended by process id, and the run's temporary folder is removed.
 */
#ifndef RUN_EXECUTOR_H
#define RUN_EXECUTOR_H

#include "run/plan.h"

struct executor_hooks {
    /** One finished case, as its event (record/FORMAT.md) without `expectation`; not stolen. */
    void (*on_case)(void *with, const struct leg *leg, const struct planned_case *planned,
                    json_t *event);
    /** Something to show: so many of so many done. */
    void (*on_progress)(void *with, size_t done, size_t total);
    void *with;
};

struct executor_result {
    size_t done, total;
    bool interrupted; /**< SIGINT or SIGTERM came */
    bool out_of_time; /**< the plan's time limit passed first */
};

/** IO: workers cannot be started. What was not run by an interrupt or the time limit simply got no
 * event. */
enum assay_code execute_plan(const struct plan *plan, const struct executor_hooks *hooks,
                             struct executor_result *result, struct assay_err *err) ASSAY_MUST_USE;

/** The temporary folder of a run is named so, and six random letters. */
#define EXECUTOR_FOLDER "assay-run-"

/** The worker's side: `assay worker`, its socket being file descriptor 3. Returns an exit status.
 */
int executor_worker(void);

#endif
