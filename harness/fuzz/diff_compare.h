/** The reference's answer, and whether an adapter's agrees with it. Internal to differential runs
 *  and to the fuzzing of adapters. */
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
/** Asks the adapter alone; theirs is for adapter_answer_fini, and empty on failure. As adapter_ask.
 */
enum assay_code diff_ask(struct adapter *adapter, const char *operation, const json_t *in,
                         int deadline_ms, struct adapter_answer *theirs,
                         struct assay_err *err) ASSAY_MUST_USE;

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

/** The same of a library whose refusals are its own business, rule and words: what is compared is
 *  whether it accepts, and of a result the members that both have. Agreed refusals, errors too, are
 *  REFUSED; what one side alone cannot tell is UNSUPPORTED, and so is a question that the reference
 *  takes for none because of a member that it does not know. */
enum diff_verdict diff_compare_accepted(char *what, const char *operation, const json_t *in,
                                        const struct diff_answer *ours,
                                        const struct adapter_answer *theirs);
/** Of a refusal the rule that the adapter names, "" where it names none; else "ok", "crashed" and
 *  so on. Borrowed, and as the adapter wrote it. */
const char *diff_theirs_name(const struct adapter_answer *theirs);

/** As an adapter would say it: {"ok": …}, {"refused": …}, {"crashed": text} and so on. New
 * references. */
json_t *diff_ours_json(const struct diff_answer *ours);
json_t *diff_theirs_json(const struct adapter_answer *theirs);

#endif
