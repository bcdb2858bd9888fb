/** A child process that may do anything: it runs for a bounded time, writes bounded files, sees
 *  nothing of our environment, and is gone with all that it started when it is ended.
 */
#ifndef FUZZ_BOUNDED_H
#define FUZZ_BOUNDED_H

#include "base/arena.h"
#include "target/process_end.h"

#include <signal.h>
#include <sys/types.h>

#define BOUNDED_FILE_BYTES (64u << 20) /**< of each file that it writes, its log among them */

#define BOUNDED_WORDS_MAX 64

/** A command line under construction; `failed` is looked at once, at its end. */
struct bounded_words {
    const char *at[BOUNDED_WORDS_MAX + 1]; /**< NULL-terminated */
    size_t count;
    bool failed; /**< out of memory, or more words than there is room for */
    struct assay_arena arena;
};

#define BOUNDED_WORDS_INIT                                                                         \
    {                                                                                              \
        .arena = ASSAY_ARENA_INIT(1 << 17)                                                         \
    }

/** Appends a word, borrowed; NULL is one that there was no memory for. */
void bounded_word(struct bounded_words *words, const char *word);
/** Appends NAME with a number behind it: "-runs=7". */
void bounded_number(struct bounded_words *words, const char *name, uint64_t number);

struct bounded_plan {
    const char *const *argv; /**< NULL-terminated; the first is a path */
    const char *const *env;  /**< NULL-terminated, besides PATH, TMPDIR and what sanitizers
                                         are told; or NULL */
    const char *log;         /**< its stdout and stderr go there, the file made anew */
    uint64_t seconds;        /**< until it is late */
};

struct bounded {
    pid_t pid; /**< 0: none */
    int pidfd;
    int64_t start_ns, deadline_ns; /**< CLOCK_MONOTONIC */
    /** In its environment, so that what it leaves in another session, when it ends, is known. */
    char marker[64];
};

/** IO: the log cannot be made, or what spawn says; NOMEM. */
enum assay_code bounded_start(struct bounded *b, const struct bounded_plan *plan,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Waits, until its end, its deadline, a signal to us, or `milliseconds` have passed. Returns
 * whether it should be ended now: because it has ended, or is late. */
bool bounded_is_over(const struct bounded *b, int milliseconds);
/** Asks it to end (SIGINT) and waits `grace_ms` for it where it still runs; then everything that it
 *  started is killed and reaped. Returns how it ended itself; ended is false where it was killed by
 *  us. */
struct process_end bounded_end(struct bounded *b, int grace_ms);
/** Start, wait and end. INTERRUPTED: *stop became nonzero meanwhile. */
enum assay_code bounded_run(struct process_end *end, const struct bounded_plan *plan,
                            const volatile sig_atomic_t *stop,
                            struct assay_err *err) ASSAY_MUST_USE;

#endif
