/** The reference's answer, and whether an adapter's agrees with it. Internal to differential runs.
 */
#ifndef FUZZ_DIFF_COMPARE_H
#define FUZZ_DIFF_COMPARE_H

#include "run/operations.h"
#include "target/adapter.h"

#define DIFF_WHAT_MAX_BYTES 256

struct diff_answer {
    enum operation_answer answer;
    json_t *result; /**< NULL of an error */
    struct assay_err err;
};

void diff_answer_make(struct diff_answer *out, const struct operation *operation, const json_t *in);
void diff_answer_fini(struct diff_answer *answer);
/** The rule that it is refused by; else "ok", "unsupported" or "error". Borrowed. */
const char *diff_answer_name(const struct diff_answer *answer);

enum diff_verdict {
    DIFF_OK,
    DIFF_REFUSED,
    DIFF_UNDECIDED,
    DIFF_UNSUPPORTED,
    DIFF_EXPLAINED,
    DIFF_DISAGREED,
};

/** Of the answers to `in`. what (DIFF_WHAT_MAX_BYTES): how they differ, in words that are the same
 * for the same difference; or why that is right; "" where they agree. */
enum diff_verdict diff_compare(char *what, const char *operation, const json_t *in,
                               const struct diff_answer *ours, const struct adapter_answer *theirs);

/** As an adapter would say it: {"ok": …}, {"refused": …}, {"crashed": text} and so on. New
 * references. */
json_t *diff_ours_json(const struct diff_answer *ours);
json_t *diff_theirs_json(const struct adapter_answer *theirs);

#endif
