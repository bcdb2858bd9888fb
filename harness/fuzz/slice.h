/** One engine at work on one target for some seconds: its command line, and what came of it. */
#ifndef FUZZ_SLICE_H
#define FUZZ_SLICE_H

#include "fuzz/bounded.h"
#include "fuzz/campaign.h"
#include "fuzz/engine_log.h"

/** What holds for every slice of a run. */
struct slice_rules {
    const char *afl;     /**< afl-fuzz; NULL: not installed */
    const char *sources; /**< the folder fuzz/, with seeds/NAME and dict/NAME.dict where they are */
    uint64_t memory_mb;  /**< resident, of one process */
    uint64_t timeout_s;  /**< of one input */
    uint64_t grace_s;    /**< that a slice may take beyond its time */
    uint64_t runs;       /**< inputs a slice at most; 0: no limit */
    uint64_t max_len;    /**< bytes of an input at most; 0: the engine's choice */
    const char *env;     /**< "NAME=value", for libFuzzer's processes; NULL: nothing more */
};

struct slice {
    size_t job, target; /**< numbers; the target's is its place in the campaign */
    enum fuzz_engine engine;
    uint64_t seconds; /**< planned */
    struct bounded child;
    struct fuzz_progress progress; /**< up to the last look; AFL++ counts since its first slice */
    uint64_t executions_before;    /**< AFL++: of the slices before this one */
};

/** Starts the engine in OUT/NAME/work/JOB, which is made anew. IO, NOMEM. */
enum assay_code slice_start(struct slice *slice, const struct campaign *c,
                            const struct slice_rules *rules, struct assay_err *err) ASSAY_MUST_USE;
/** Reads what the engine has said by now. */
void slice_look(struct slice *slice, const struct campaign *c);
/** Ends what still runs and adopts what was found; with AFL++ also shares what it kept. Out:
 * *sample, whose corpus is counted and whose time is not set. IO: of the adoption; the sample is
 * filled even so. */
enum assay_code slice_end(struct campaign_sample *sample, struct slice *slice,
                          const struct campaign *c, bool is_stopped,
                          struct assay_err *err) ASSAY_MUST_USE;

#endif
