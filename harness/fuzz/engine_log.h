/** What a fuzzing engine says, read from its log: how far it is, and what it found.
 *
 *  Logs are hostile: a target prints into them whatever it likes. Nothing here trusts a number or a
 *  length of theirs; what is copied out is cut to its room, and still hostile where it is shown.
 */
#ifndef FUZZ_ENGINE_LOG_H
#define FUZZ_ENGINE_LOG_H

#include "base/bytes.h"

/* What a finding is: identifier, name in files and lines, what a person is told. */
#define FUZZ_KINDS(X)                                                                              \
    X(NONE, "none", "nothing that is known")                                                       \
    X(ORACLE, "oracle", "a claim of the target does not hold")                                     \
    X(CRASH, "crash", "memory was misused, or the process ended")                                  \
    X(UNDEFINED, "undefined", "undefined behaviour")                                               \
    X(LEAK, "leak", "memory was not given back")                                                   \
    X(TIMEOUT, "timeout", "one input took too long")                                               \
    X(MEMORY, "memory", "one input needed too much memory")

enum fuzz_kind {
#define X(name, word, text) FUZZ_##name,
    FUZZ_KINDS(X)
#undef X
        FUZZ_KIND__COUNT
};

/** "oracle" and so on. */
const char *fuzz_kind_word(enum fuzz_kind kind);
const char *fuzz_kind_text(enum fuzz_kind kind);
/** FUZZ_NONE where the word is none of them. */
enum fuzz_kind fuzz_kind_of_word(const char *word);

struct fuzz_progress {
    uint64_t executions;
    uint64_t rate;      /**< executions a second, as the engine has it */
    uint64_t edges;     /**< of the program's counters, those that were reached */
    uint64_t features;  /**< libFuzzer: edges with their counts; AFL++: 0 */
    uint64_t memory_mb; /**< resident, at most */
};

/** Of a log of libFuzzer (or its end): its last status line, and its final statistics where they
 *  are. What is not said stays as it was; the larger counts. */
void fuzz_progress_read(struct fuzz_progress *progress, struct assay_bytes log);
/** Of a file fuzzer_stats of AFL++. */
void fuzz_progress_read_afl(struct fuzz_progress *progress, struct assay_bytes stats);

#define FUZZ_KEY_BYTES 320

struct fuzz_failure {
    enum fuzz_kind kind;
    /** What tells failures apart: the claim with its file, or the innermost functions of ours, or
     *  the report's first line where no function of ours is named. NUL-terminated. */
    char key[FUZZ_KEY_BYTES];
};

/** FUZZ_NONE and an empty key where the log tells of none. */
void fuzz_failure_read(struct fuzz_failure *failure, struct assay_bytes log);

#endif
