/** The proof of the fuzz targets: each planted fault (base/planted.h) is looked for by its target,
 *  from the seeds, the way that a night's slices do it; one process at a time, a fresh corpus each.
 *
 *  A proof has up to three slices: the seeds without the fault, in which nothing may be found; the
 *  seeds with it, which show some faults alone; and fuzzing from there. Each has a campaign's
 * folder of its own in OUT/FAULT, made anew: `clean`, `seeds` and `run`; what was found stays
 * there.
 */
#ifndef FUZZ_PROVE_H
#define FUZZ_PROVE_H

#include "base/planted.h"
#include "fuzz/engine_log.h"
#include "fuzz/slice.h"

enum prove_state {
    PROVE_FOUND,
    PROVE_MISSED,  /**< not in its time */
    PROVE_VOID,    /**< the target has a finding, or ends badly, in its seeds without the fault */
    PROVE_FAILED,  /**< the target ended badly without a finding */
    PROVE_NOT_RUN, /**< there is no program of the target */
    PROVE_STATES
};
/** "found", "not found" and so on. */
const char *prove_state_text(enum prove_state state);

struct prove_result {
    const struct assay_planted_fault *fault;
    enum prove_state state;
    bool is_of_seeds;            /**< found before anything was mutated */
    uint64_t ms, executions;     /**< of the slice that found it, or of the last one */
    struct fuzz_failure failure; /**< what was found, of PROVE_VOID too; hostile text */
};

struct prove_options {
    const char *out;            /**< a folder: those named after faults in it are made anew */
    const char *const *engines; /**< folders of programs, NULL-terminated */
    const char *const *names;   /**< of faults, NULL-terminated; none: all */
    const char *sources;        /**< the folder fuzz/ */
    uint64_t seconds;           /**< for one fault */
    uint64_t timeout_s, memory_mb;
    const volatile sig_atomic_t *stop; /**< nonzero: end soon */
    /** Borrowed until it returns. */
    void (*on_result)(void *context, const struct prove_result *result);
    void *context;
};

/** The faults in the order of their list. UNKNOWN: a name is no fault's; INTERRUPTED: *stop; BUSY,
 *  IO, NOMEM and MALFORMED as of the campaign. Those that were told before it failed hold. */
enum assay_code prove_run(const struct prove_options *options,
                          struct assay_err *err) ASSAY_MUST_USE;

#endif
