/** What the findings of a campaign are: each is repeated, sorted by what failed, and one of each
 * sort cut down to what it needs.
 *
 *  The result is a tree, also written to OUT/triage.json:
 *
 *      {"format": "assay-fuzz-triage/1", "findings": [{
 *        "target": "json", "name": "0123456789abcdef",  (* the file below OUT/json/findings *)
 *        "kind": "oracle", "key": "json.c: a == b",     (* engine_log.h *)
 *        "tries": 3, "reproduced": 3,
 *        "sameAs": "fedcba9876543210",                  (* the one of its sort that stands for it
 * *) "bytes": 812, "minimalBytes": 12, "input": "…/0123456789abcdef.min", "found":
 * "2026-01-01T00:00:00.000Z", "said": "…", "seed": "fuzz/seeds/json/oracle-01234567", "command":
 * ["build/fuzz/fuzz-json", "…"]}]}
 *
 *  sameAs, minimalBytes and seed are absent where there is none. Texts of it come from targets.
 */
#ifndef FUZZ_TRIAGE_H
#define FUZZ_TRIAGE_H

#include "fuzz/bounded.h"
#include "fuzz/campaign.h"

#include <jansson.h>

#define TRIAGE_FORMAT "assay-fuzz-triage/1"

struct triage_options {
    const char *out;
    const char *const *engines; /**< NULL-terminated */
    const char *const *names;   /**< of targets, NULL-terminated; none: all */
    const char *sources;        /**< the folder fuzz/, whose seeds are written */
    bool writes;                /**< one of each sort that reproduces becomes a seed */
    uint64_t tries;             /**< how often each is repeated */
    uint64_t minimise_s;        /**< for one of each sort; 0: none is cut down */
    uint64_t timeout_s, memory_mb;
    const volatile sig_atomic_t *stop;
};

/** Out: *result, the caller's, with what was done so far even when it fails. UNKNOWN: a name is no
 *  target's; INTERRUPTED; BUSY, IO, NOMEM, MALFORMED as of the campaign. */
enum assay_code triage_run(json_t **result, const struct triage_options *options,
                           struct assay_err *err) ASSAY_MUST_USE;
/** What the last triage of the campaign left; MISSING: none was made. MALFORMED: it is no triage.
 */
enum assay_code triage_read(json_t **result, const struct campaign *c,
                            struct assay_err *err) ASSAY_MUST_USE;

/** Whether it stands for its sort, that is has no sameAs. */
bool triage_is_first(const json_t *finding);
/** "always", "sometimes", "never". */
const char *triage_repeats(const json_t *finding);

#endif
