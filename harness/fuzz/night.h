/** A night of fuzzing: slices of both engines on all targets, job by job, until the time is over.
 *
 *  Whatever ends it, every child is gone when it returns, what was found is in the campaign's
 *  folder, and the next one goes on from there.
 */
#ifndef FUZZ_NIGHT_H
#define FUZZ_NIGHT_H

#include "fuzz/slice.h"

#define NIGHT_JOBS_MAX 64

/** How it goes, for a person who looks on. */
struct night_view {
    const struct campaign *campaign;
    uint64_t targets, paused;
    uint64_t executions, rate; /**< of this night; a second, over all jobs */
    uint64_t edges;            /**< of all targets, of the engine that reached more of each */
    uint64_t findings;         /**< new in this night, those of a run before that was cut off too */
    uint64_t slices;           /**< that have ended */
    uint64_t left_s;
    const char *running[NIGHT_JOBS_MAX + 1]; /**< names of targets, NULL behind the last */
};

struct night_options {
    const char *out;            /**< the campaign's folder */
    const char *const *engines; /**< folders of programs, NULL-terminated */
    const char *const *names;   /**< the targets wanted, NULL-terminated; none: all */
    uint64_t seconds;           /**< of the night */
    uint64_t slice_s;           /**< of a slice at most */
    uint64_t jobs;              /**< processes at once, 1 to NIGHT_JOBS_MAX */
    uint64_t slices;            /**< that it ends after; 0: no limit */
    uint64_t findings_max;      /**< new ones of a target, after which it is paused */
    uint64_t corpus_mb;         /**< of a target's corpus, beyond which it is paused */
    struct slice_rules rules;
    const volatile sig_atomic_t *stop; /**< nonzero: end soon */
    /** Each may be NULL. A slice has ended; something that a person should know; about every half
     *  second. Texts are escaped by whoever shows them. */
    void (*on_slice)(void *context, const struct campaign_sample *sample);
    void (*on_note)(void *context, const char *text);
    void (*on_tick)(void *context, const struct night_view *view);
    void *context;
};

/** Out: *end, the last view, whose campaign is NULL. MISSING: no folder of `engines` has a program
 *  that can be used; UNKNOWN: a name is no target's; INTERRUPTED: *stop; BUSY, IO, NOMEM and
 *  MALFORMED as of the campaign. *end is filled even then, as far as it came. */
enum assay_code night_run(struct night_view *end, const struct night_options *options,
                          struct assay_err *err) ASSAY_MUST_USE;

#endif
