/** A fault of an adapter: asked for, repeated on a fresh process, cut down and described. Internal
 *  to the fuzzing of adapters. */
#ifndef FUZZ_ADAPTER_FINDING_H
#define FUZZ_ADAPTER_FINDING_H

#include "fuzz/adapter_judge.h"

#include <signal.h>

#define ADAPTER_KEY_MAX_BYTES 384

/** Whom to ask, and how answers are judged. */
struct adapter_asking {
    struct adapter *adapter;           /**< nothing else is outstanding */
    int timeout_ms;                    /**< of one answer */
    int64_t until_ns;                  /**< nothing is cut down later than this; 0: whenever */
    const volatile sig_atomic_t *stop; /**< nor once that is not 0; may be NULL */
    struct adapter_rules rules;
};

/** Asks both, the adapter once more where `repeats`, and judges. x is zero-initialised but for the
 *  operation, and for adapter_exchange_fini also on failure. As adapter_ask. */
enum assay_code adapter_exchange_make(struct adapter_exchange *x, struct adapter_judgement *j,
                                      const struct adapter_asking *a, const json_t *in,
                                      bool repeats, struct assay_err *err) ASSAY_MUST_USE;
/** Asks the adapter the same once more, and judges again. */
enum assay_code adapter_exchange_repeat(struct adapter_exchange *x, struct adapter_judgement *j,
                                        const struct adapter_asking *a, const json_t *in,
                                        struct assay_err *err) ASSAY_MUST_USE;

/** Repeats what was found on a fresh process, and cuts it down if it is found again, which may take
 *  twenty seconds, or six answers that do not come. Out: {"name", "kind", "operation", "rule",
 * "said", "repeats": whether it was found again, "sentence", "in", "ours", "theirs", "again"?}, the
 * answers as an adapter writes them, those to what is in it; where it does not repeat, as they
 * were. The caller's reference. As adapter_ask. */
enum assay_code adapter_finding_make(json_t **out, const struct adapter_asking *a,
                                     const struct adapter_exchange *x,
                                     const struct adapter_judgement *j, const json_t *in,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** Asks what a file says, {"operation", "in"} and what else a finding has, on a fresh process. Out:
 *  the finding, not cut down; NULL: there is none (any more). MALFORMED: the file is no such input,
 *  UNKNOWN: nor is its operation one; as adapter_ask. */
enum assay_code adapter_finding_replay(json_t **out, const struct adapter_asking *a,
                                       const json_t *file, struct assay_err *err) ASSAY_MUST_USE;

#endif
