/** Differential runs: random cases answered by the reference and by a library adapter, and every
 *  difference cut down to what it needs.
 *
 *  Answers agree when they are of one class, and have the same rule, the same units and the same
 *  value of every member that both have. A difference that is known and meant is a row of a table
 *  (diff_compare.c). An adapter that crashes, hangs or garbles its output is a difference of the
 *  case that makes it do so. Source: design, section 2.
 */
#ifndef FUZZ_DIFF_H
#define FUZZ_DIFF_H

#include "base/err.h"

#include <jansson.h>

#define DIFF_OPERATIONS_MAX 32
#define DIFF_NAME_MAX_BYTES 96

struct diff_count {
    const char *operation;
    uint64_t ok, refused; /**< both say the same */
    uint64_t undecided;   /**< both say that they cannot tell */
    uint64_t unsupported; /**< the adapter cannot tell, the reference can: not compared */
    uint64_t explained;   /**< another answer, and the table says why */
    uint64_t disagreed;
};

struct diff_result {
    char adapter[DIFF_NAME_MAX_BYTES], version[DIFF_NAME_MAX_BYTES];
    struct diff_count counts[DIFF_OPERATIONS_MAX];
    size_t count;
    uint64_t found; /**< disagreements that differ from each other */
    json_t *rules;  /**< operation -> {rule or "ok": how often the reference said so} */
};

struct diff_options {
    const char *const *argv;       /**< the adapter, NULL-terminated */
    const char *const *operations; /**< NULL-terminated; none: all that both have */
    uint64_t seed;
    uint64_t first, cases; /**< numbers of cases, from `first` on */
    uint64_t keep_going;   /**< stop when so many are found; > 0 */
    int deadline_ms;       /**< of one answer */
    /** A disagreement that is not like one before it, cut down: {"name", "operation", "seed",
     *  "case", "what", "in", "ours", "theirs"}, the last two as an adapter answers. Borrowed. */
    void (*on_found)(void *context, const json_t *found);
    void (*on_case)(void *context, const struct diff_result *so_far); /**< may be NULL */
    void *context;
};

/** Out: what was counted, also where it ends early. UNKNOWN: an operation that one side has not, or
 *  that no cases can be made of; as adapter_start and adapter_hello; NOMEM. */
enum assay_code diff_run(struct diff_result *out, const struct diff_options *options,
                         struct assay_err *err) ASSAY_MUST_USE;
void diff_result_fini(struct diff_result *result);
/** How many cases were compared: all but the unsupported ones. */
uint64_t diff_compared(const struct diff_result *result);

#endif
