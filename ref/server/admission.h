/** How much runs at once, and how much a caller has asked for, counted over all workers in memory
 * that they share. Only counts: what is too much is for the decision core to say.
 *
 *  What a worker that died has left behind is forgotten when another takes its place. Names are
 * kept as hashes.  Source: Kaspa x402 exact digest, section 19.
 */
#ifndef REF_SERVER_ADMISSION_H
#define REF_SERVER_ADMISSION_H

#include "base/err.h"

#define REF_ADMISSION_CALLERS_MAX                                                                  \
    10000 /**< tracked; of more the one idle for longest is forgotten */
#define REF_ADMISSION_WINDOW_MS 60000

struct ref_admission;

/** Before the workers are forked. at_once: requests of one worker. NOMEM. */
enum assay_code ref_admission_new(struct ref_admission **out, unsigned workers, unsigned at_once,
                                  struct assay_err *err) ASSAY_MUST_USE;
/** For each process that has it; NULL is taken. */
void ref_admission_free(struct ref_admission *admission);
/** Whatever runs of that worker: it has just begun. */
void ref_admission_forget(struct ref_admission *admission, unsigned worker);

/** Counts include the request itself. */
struct ref_admission_counts {
    uint32_t running, caller_running;
    uint32_t caller_requests; /**< in the caller's present window, which began with a request */
    uint32_t requests;        /**< the same of all callers together */
};

/** One request that runs, from enter to leave. */
struct ref_admission_place {
    struct ref_admission *admission;
    uint32_t number;
};

/** now_ms: of a steady clock. False: the worker has at_once of them already; nothing is counted. */
bool ref_admission_enter(struct ref_admission_place *place, struct ref_admission_counts *counts,
                         struct ref_admission *admission, unsigned worker, const char *caller,
                         int64_t now_ms);
/** What it is about, once that is known. Returns: how many of that scope run. */
uint32_t ref_admission_scope(const struct ref_admission_place *place, const char *scope);
void ref_admission_leave(const struct ref_admission_place *place);

#endif
