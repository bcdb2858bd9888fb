/** The corpora of a campaign as a whole: cut down, joined with others, copied out, begun from the
 *  known answers. Each either does its whole work on a target or leaves its corpus as it was. */
#ifndef FUZZ_CORPUS_H
#define FUZZ_CORPUS_H

#include "fuzz/bounded.h"
#include "fuzz/campaign.h"

/** What a merge may take, and what ends it early. */
struct corpus_rules {
    uint64_t seconds, timeout_s, memory_mb;
    const volatile sig_atomic_t *stop;
};

/** How many inputs there were before and are afterwards. */
struct corpus_change {
    uint64_t before, after;
};

/** Keeps, of the corpus, inputs that reach all it reached: chosen by libFuzzer into a fresh folder,
 *  which then takes the place of the corpus at once. MISSING: no libFuzzer program; CRASHED: it
 *  failed, and its log is named; TIMEOUT, INTERRUPTED, IO, NOMEM. */
enum assay_code corpus_min(struct corpus_change *change, const struct campaign *c,
                           struct campaign_target *target, const struct corpus_rules *rules,
                           struct assay_err *err) ASSAY_MUST_USE;
/** Adds to the corpus what other folders (NULL-terminated) have beyond it. As corpus_min. */
enum assay_code corpus_merge(struct corpus_change *change, const struct campaign *c,
                             struct campaign_target *target, const char *const *folders,
                             const struct corpus_rules *rules,
                             struct assay_err *err) ASSAY_MUST_USE;
/** Copies the corpus to `to`/NAME. IO, NOMEM. */
enum assay_code corpus_export(struct corpus_change *change, const struct campaign *c,
                              const struct campaign_target *target, const char *to,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Adds the target's seeds from the known answers below `vectors`, by the table of seeds.def. IO,
 *  NOMEM; MALFORMED: a file is no vectors, or has none of the members. */
enum assay_code corpus_seed(struct corpus_change *change, const struct campaign *c,
                            struct campaign_target *target, const char *vectors,
                            struct assay_err *err) ASSAY_MUST_USE;
/** Target names of the table, in its order, with repetitions; NULL behind the last. */
const char *corpus_seed_target(size_t i);

#endif
