/** The folder of a fuzzing campaign: what every command of `assay fuzz` stands on, and what is left
 *  of it when the machine goes down.
 *
 *      OUT/lock                  held (flock) by the command that writes here
 *      OUT/stats.jsonl           the journal: one sample a line, appended
 *      OUT/triage.json           what triage made of the findings, replaced whole
 *      OUT/NAME/state.json       what is known of a target, replaced whole by rename
 *      OUT/NAME/corpus/          inputs that reach new code; both engines share it
 *      OUT/NAME/findings/        inputs that were found, HASH, and what was said then, HASH.log
 *      OUT/NAME/work/N/          what job N's engine is writing: artifacts and its log
 *      OUT/NAME/afl/             AFL++'s own folder, kept so that it resumes
 *
 *  Every step may be the last: a command that is killed loses at most the counts of the slices that
 *  were running. Artifacts are adopted from the work folders before these are emptied, at the end
 *  of a slice and at the start of the next command, so no finding is lost. That command also ends
 *  what the last one's engines had started and left.
 */
#ifndef FUZZ_CAMPAIGN_H
#define FUZZ_CAMPAIGN_H

#include "base/arena.h"

#define CAMPAIGN_TARGETS_MAX 256
#define CAMPAIGN_NAME_BYTES 64
#define CAMPAIGN_PATH_BYTES 4096

enum fuzz_engine { FUZZ_LIBFUZZER, FUZZ_AFL, FUZZ_ENGINE__COUNT };
/** "libfuzzer", "afl". */
const char *fuzz_engine_name(enum fuzz_engine engine);

/* member of the struct, name in the files */
#define CAMPAIGN_STATE(X)                                                                          \
    X(slices, "slices")          /* that ended */                                                  \
    X(flat_slices, "flatSlices") /* of the last ones, those without new edges */                   \
    X(seconds, "seconds")        /* of fuzzing, over all jobs */                                   \
    X(executions, "executions")                                                                    \
    X(mark, "mark")          /* schedule.h */                                                      \
    X(edges, "edges")        /* the most that libFuzzer reached */                                 \
    X(afl_edges, "aflEdges") /* the most that AFL++ reached, which counts otherwise */             \
    X(features, "features")                                                                        \
    X(corpus, "corpus") /* inputs */                                                               \
    X(corpus_bytes, "corpusBytes")                                                                 \
    X(memory_mb, "memoryMb")         /* the most that one process had resident */                  \
    X(failed_slices, "failedSlices") /* that ended badly without leaving an artifact */

struct campaign_state {
#define X(member, name) uint64_t member;
    CAMPAIGN_STATE(X)
#undef X
};

#define CAMPAIGN_SAMPLE(X)                                                                         \
    X(seconds, "seconds")       /* that the slice took */                                          \
    X(executions, "executions") /* in this slice */                                                \
    X(rate, "rate")             /* executions a second */                                          \
    X(edges, "edges")                                                                              \
    X(features, "features")                                                                        \
    X(corpus, "corpus")                                                                            \
    X(memory_mb, "memoryMb")                                                                       \
    X(findings, "findings") /* new in this slice */

/** One line of the journal: a slice that ended. */
struct campaign_sample {
    int64_t time_ms; /**< its end, since 1970 */
    char target[CAMPAIGN_NAME_BYTES];
    enum fuzz_engine engine;
    char end[16]; /**< how: "time", "finding", "killed", "failed", "stopped" */
#define X(member, name) uint64_t member;
    CAMPAIGN_SAMPLE(X)
#undef X
};

/** The programs of a target; NULL: there is none. */
struct campaign_programs {
    const char *of[FUZZ_ENGINE__COUNT];
    const char *cmplog;  /**< of AFL++, for its comparisons */
    const char *mutator; /**< a library for AFL++: the target's own mutator */
};

struct campaign_target {
    const char *name;
    bool has_folder; /**< it was fuzzed before, or its folders were made */
    struct campaign_programs programs;
    struct campaign_state state;
};

struct campaign {
    const char *folder;
    int lock; /**< -1: opened for reading */
    /** In the environment of every process that is started for it, so that what a run which was
     *  killed left behind is known: by the lock's file, whatever its path. */
    char marker[64];
    struct campaign_target *targets; /**< by name */
    size_t count;
    struct assay_arena arena; /**< of the names and programs */
};

/** Opens OUT and reads what is known of its targets. With `writes` it is made where it is missing,
 *  and locked. BUSY: another command writes there. MISSING: there is none, without `writes`. IO;
 *  MALFORMED: a state file is not ours (err names it). _close takes one that is all zero but for
 *  lock -1, or failed to open. */
enum assay_code campaign_open(struct campaign *c, const char *folder, bool writes,
                              struct assay_err *err) ASSAY_MUST_USE;
void campaign_close(struct campaign *c);

/** Takes in the programs of a folder: fuzz-NAME, afl-NAME, cmplog-NAME, mutator-NAME. A folder that
 *  is not there has none. TOO_LARGE: more than CAMPAIGN_TARGETS_MAX targets; NOMEM. */
enum assay_code campaign_discover(struct campaign *c, const char *folder,
                                  struct assay_err *err) ASSAY_MUST_USE;
/** NULL: there is none of that name. */
struct campaign_target *campaign_target(const struct campaign *c, const char *name);
/** Letters, digits, "_" and "-", not "-" first: safe as a file name. */
bool campaign_name_is_proper(const char *name);

/** OUT/NAME/LEAF, in `out`, which is cleared first; NULL: it does not fit. With a NULL leaf
 * OUT/NAME; with a NULL target OUT/LEAF. */
const char *campaign_path(struct assay_buf *out, const struct campaign *c,
                          const struct campaign_target *target, const char *leaf);
/** OUT/NAME/LEAF in the arena; NULL: out of memory. */
const char *campaign_path_take(struct assay_arena *arena, const struct campaign *c,
                               const struct campaign_target *target, const char *leaf);
/** Whether a NULL-terminated list has the name, or has none at all, which means every one; so does
 *  a NULL list. */
bool campaign_is_named(const char *const *names, const char *name);
/** Makes the folders of a target. IO, NOMEM. */
enum assay_code campaign_make_folders(const struct campaign *c, struct campaign_target *target,
                                      struct assay_err *err) ASSAY_MUST_USE;
/** Replaces its state file. IO, NOMEM. */
enum assay_code campaign_state_write(const struct campaign *c, const struct campaign_target *target,
                                     struct assay_err *err) ASSAY_MUST_USE;

/** Appends one line, synced. A last line that a crash tore is ended first. IO, NOMEM. */
enum assay_code campaign_sample_add(const struct campaign *c, const struct campaign_sample *sample,
                                    struct assay_err *err) ASSAY_MUST_USE;
/** Every sample, in the order of the journal; lines that are none, as a crash leaves them, are
 *  counted and passed over. A journal that is not there has none. IO. */
enum assay_code campaign_samples_each(size_t *torn, const struct campaign *c,
                                      void (*each)(void *context, const struct campaign_sample *s),
                                      void *context, struct assay_err *err) ASSAY_MUST_USE;

#endif
