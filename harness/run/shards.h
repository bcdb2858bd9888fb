/** Shards of one run put together: the record that the run would have written as a whole.
 *
 *  A shard is a record with a member `shard` (record/FORMAT.md). A control that several shards ran
 * is taken from the one where it went worst; the outcome is drawn anew from all cases, so that it
 * is by the same law.
 */
#ifndef RUN_SHARDS_H
#define RUN_SHARDS_H

#include "base/err.h"

#include <jansson.h>

struct shards {
    json_t *const *runs;      /**< as record_read gives them */
    const char *const *names; /**< of each, for messages */
    size_t count;
};

/** Whether they are the shards of one run, each once and none missing. MISSING: one is no shard, or
 * is not there; DUPLICATE; MISMATCH: seed, target, version, legs, catalogue or what was selected
 * differ; UNSUPPORTED: another version of Assay has written them. err names the record. */
enum assay_code shards_check(const struct shards *shards, struct assay_err *err) ASSAY_MUST_USE;

/** Writes the run into a folder that has no record. The command is the merge's own, for the record.
 * Shards are those that shards_check has passed. Out: the exit status of the run. UNKNOWN: a case
 * is of no scenario of this program (a pack's); IO, NOMEM. */
enum assay_code shards_merge(int *exit_status, const struct shards *shards, const char *folder,
                             int argc, char **argv, struct assay_err *err) ASSAY_MUST_USE;

#endif
