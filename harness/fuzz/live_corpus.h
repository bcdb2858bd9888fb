/** The sequences that a campaign against a live server changes: in memory, and as files in a folder
 *  (fuzz/live_sequence.h), each named by a hash of its content.
 */
#ifndef FUZZ_LIVE_CORPUS_H
#define FUZZ_LIVE_CORPUS_H

#include "fuzz/live_sequence.h"

#define LIVE_CORPUS_MAX 2000 /**< sequences; more are passed over */

struct live_corpus {
    struct assay_arena arena;
    struct live_sequence *at[LIVE_CORPUS_MAX]; /**< of the arena */
    size_t count;
    char folder[4096];
    const char *profile; /**< of the files */
};

/** Empty, of FOLDER/corpus/PROFILE, which is made where it is not there; `profile` must outlive it.
 *  IO, TOO_LARGE (the path). */
enum assay_code live_corpus_open(struct live_corpus *corpus, const char *folder,
                                 const char *profile, struct assay_err *err) ASSAY_MUST_USE;
void live_corpus_close(struct live_corpus *corpus); /**< one that is all zero is taken */
/** In memory alone. NOMEM. */
enum assay_code live_corpus_remember(struct live_corpus *corpus,
                                     const struct live_sequence *sequence,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** Also as a file; *kept is counted up where there was none of this content. IO, NOMEM. */
enum assay_code live_corpus_keep(uint64_t *kept, struct live_corpus *corpus,
                                 const struct live_sequence *sequence,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** Remembers what the folder has, in the order of the names. One that cannot be read, as of an
 * older format, is passed over and told: a line without an end, by on_note. NOMEM. */
enum assay_code live_corpus_load(struct live_corpus *corpus, void *context,
                                 void (*on_note)(void *context, const char *text),
                                 struct assay_err *err) ASSAY_MUST_USE;

#endif
