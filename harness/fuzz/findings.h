/** The inputs that a campaign found, taken over from where an engine left them. */
#ifndef FUZZ_FINDINGS_H
#define FUZZ_FINDINGS_H

#include "fuzz/campaign.h"

#define FINDING_NAME_BYTES 17 /**< 16 hex digits of the input's SHA-256, and a NUL */
#define FINDING_MAX_BYTES                                                                          \
    (64u << 20) /**< of an input; no engine writes a larger one (bounded.h)                        \
                 */

/** Takes over every artifact of an engine's folder: crash-*, leak-*, timeout-* and oom-* of
 *  libFuzzer, id* of AFL++. The log, a path or NULL, is kept beside a new one, its end if it is
 *  long. An artifact leaves the folder only once it is a finding; one that is already known goes.
 *  Out: *added, how many were new. IO: what could not be taken over stays, and err names the first;
 *  a folder that is not there has none. */
enum assay_code findings_adopt(size_t *added, const struct campaign *c,
                               const struct campaign_target *target, const char *folder,
                               const char *log, struct assay_err *err) ASSAY_MUST_USE;
/** Of everything that a run which was cut off may have left: its work folders, which are removed,
 *  and AFL++'s. */
enum assay_code findings_adopt_leftovers(size_t *added, const struct campaign *c,
                                         const struct campaign_target *target,
                                         struct assay_err *err) ASSAY_MUST_USE;
/** And of AFL++'s own folder alone. */
enum assay_code findings_adopt_afl(size_t *added, const struct campaign *c,
                                   const struct campaign_target *target, const char *log,
                                   struct assay_err *err) ASSAY_MUST_USE;

/** Names of the findings of a target, sorted, in the arena; none where it has no folder. */
enum assay_code findings_list(const char *const **names, size_t *count, struct assay_arena *arena,
                              const struct campaign *c, const struct campaign_target *target,
                              struct assay_err *err) ASSAY_MUST_USE;
/** The end of a file, at most the room of the buffer; empty where it cannot be read. */
void findings_read_tail(struct assay_buf *out, const char *path);

#endif
