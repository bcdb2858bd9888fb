/** `assay fuzz run --target`: a campaign against one running server.
 *
 *  Honest sequences and what earlier runs kept are sent first; then changes of these, for as long
 * as is allowed. A sequence whose answers are of a new class is kept in FOLDER/corpus/PROFILE. The
 *  server is started afresh after LIVE_GENERATION requests or LIVE_PURCHASES runs of its handler
 *  (servers may have quotas), when its growth is judged, and whenever something was found. Connects
 *  to nothing but what the target file names; everything started is ended.
 */
#ifndef FUZZ_LIVE_H
#define FUZZ_LIVE_H

#include "fuzz/live_finding.h"

#define LIVE_GENERATION 6000
#define LIVE_PURCHASES 800

struct live_view {
    uint64_t sequences, requests, classes, kept, findings, rate, left_s;
    uint64_t unrepeated;    /**< seen once, and not again on a fresh instance: told, not counted */
    uint64_t lost;          /**< sequences that could not be judged */
    bool growth_was_judged; /**< in at least one generation */
};

struct live_options {
    const struct target *target;
    const char *const *allowed_hosts; /**< beside loopback, NULL-terminated; or NULL */
    const char *const *defects;       /**< of the embedded reference, NULL-terminated; or NULL */
    const char *named;  /**< the options that name it, for what is told: "--target FILE" */
    const char *folder; /**< of the campaign, made where it is not there */
    uint64_t seed;
    uint64_t seconds;      /**< at most so long; a sequence under way is ended by its own bounds */
    uint64_t runs;         /**< and so many sequences; 0: no such bound */
    uint64_t timeout_s;    /**< for one answer */
    uint64_t memory_mb;    /**< more resident memory than this is `growth` */
    uint64_t findings_max; /**< sorts, after which it ends */
    const volatile sig_atomic_t *stop;
    void *context;
    void (*on_note)(void *context, const char *text); /**< a line; printable */
    /** Of each finding that counts; may be NULL. */
    void (*on_found)(void *context, enum live_finding kind, uint64_t sort);
    void (*on_tick)(void *context, const struct live_view *view); /**< about twice a second */
};

/** Out: *view also on failure. UNSUPPORTED: the target cannot be fuzzed (its side, interface,
 *  profile, or what its file leaves out; err says what to do); BROKEN is told as CRASHED: it does
 *  not start, or sells nothing to an honest payer before anything else was sent. INTERRUPTED:
 *  *stop became nonzero. IO, NOMEM. */
enum assay_code live_run(struct live_view *view, const struct live_options *options,
                         struct assay_err *err) ASSAY_MUST_USE;

/** Sends the sequence of a file to LIVE_REPEATS fresh instances. Out: *found, whose kind is
 *  LIVE_NOTHING where none failed, and whose log is the caller's to free; repeats of what failed
 *  first. As live_run, and what live_sequence_read fails with. */
enum assay_code live_replay(struct live_found *found, struct assay_arena *arena,
                            const struct live_options *options, const char *path,
                            struct assay_err *err) ASSAY_MUST_USE;

#endif
