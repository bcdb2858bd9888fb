/** What was found in a live server: repeated on fresh instances, cut down, and kept as files.
 *
 *  FOLDER/findings/KIND-HASH.request is the sequence (fuzz/live_sequence.h), .json says what it is
 *  (kind, sentence, class of the answer, how often it repeats, seed, command), and .log has every
 *  byte that was sent and came, and what the server said last. No single sequence repeats growth:
 *  its command is the run again.
 */
#ifndef FUZZ_LIVE_FINDING_H
#define FUZZ_LIVE_FINDING_H

#include "fuzz/live_case.h"

#include <signal.h>

#define LIVE_REPEATS 3
#define LIVE_REDUCE_RUNS 120 /**< sequences that cutting one down may cost */

struct live_found {
    enum live_finding kind;
    struct live_sequence sequence;
    struct live_outcome outcome; /**< of the sequence as it is kept */
    size_t repeats;              /**< of LIVE_REPEATS, before it was cut down */
    uint64_t sort;               /**< two findings of one kind and sort are one */
};

/** Of one kind, and the same class of answer. */
uint64_t live_sort_of(const struct live_outcome *outcome);
/** Sends the sequence to LIVE_REPEATS fresh instances and, where it fails on all of them, smaller
 *  ones. Out: found->sequence (of the arena), outcome, repeats. INTERRUPTED: *stop; the sequence is
 *  then as small as it had become. NOMEM. */
enum assay_code live_finding_settle(struct live_found *found, struct live_world *world,
                                    struct assay_arena *arena,
                                    const volatile sig_atomic_t *stop) ASSAY_MUST_USE;
/** "always", "sometimes" or "never". */
const char *live_finding_repeats(const struct live_found *found);
/** Writes the three files. `path` becomes that of the .request; `named` are the options that name
 * the target. IO, NOMEM. */
enum assay_code live_finding_save(const struct live_found *found, char path[4096],
                                  const char *folder, const struct target *target,
                                  const char *named, uint64_t seed,
                                  struct assay_err *err) ASSAY_MUST_USE;

#endif
