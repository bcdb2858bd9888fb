/** Someone else's parser: inputs for a library adapter are changed, its answers are compared with
 *  the reference's, and what makes it answer otherwise, end, hang, say no answer, change its mind
 *  or grow is a finding.
 *
 *  Nothing is known of the code behind it, so that another class of the pair of answers is what
 *  makes an input worth keeping. An operation at which the adapter has failed ADAPTER_FAILURES_MAX
 *  times is set aside. Source: design, section 4; docs/fuzzing.md.
 */
#ifndef FUZZ_ADAPTER_FUZZ_H
#define FUZZ_ADAPTER_FUZZ_H

#include "fuzz/adapter_finding.h"
#include "fuzz/growth.h"

#define ADAPTER_OPERATIONS_MAX 128
#define ADAPTER_FAILURES_MAX 20 /**< ends, hangs and lines that are none, of one operation */
#define ADAPTER_CLASSES_MAX 100000

struct adapter_fuzz_count {
    const struct operation *operation;
    uint64_t asked;
    uint64_t accepted, refused; /**< by both */
    uint64_t undecided;         /**< one side or both cannot tell: not compared */
    uint64_t known;             /**< another answer that is known */
    uint64_t faults;
    uint64_t failures; /**< of these, those that cost the process */
    bool is_aside;
};

struct adapter_fuzz_result {
    struct adapter_fuzz_count counts[ADAPTER_OPERATIONS_MAX];
    size_t count;
    uint64_t asked, classes, kept;
    uint64_t findings;     /**< that differ from each other */
    uint64_t unasked_ends; /**< times that it ended between an answer and the next request */
    unsigned starts;
    struct growth_slope slope; /**< of the process that answered last */
};

struct adapter_fuzz_options {
    struct adapter_asking asking; /**< the adapter has said hello; it ends at `stop` */
    const json_t *operations;     /**< array of texts: those that it has */
    const char *const *named;     /**< NULL-terminated; none, or NULL: all that both have */
    const char *corpus;           /**< a folder; NULL: nothing is kept */
    uint64_t seed;
    uint64_t runs;           /**< inputs; 0: as many as there is time for */
    int64_t until_ns;        /**< of monotonic_ns; 0: as long as there are runs */
    uint64_t findings_max;   /**< it ends with that many; > 0 */
    uint64_t growth_bytes;   /**< the bound of growth_found */
    uint64_t resident_bytes; /**< a process that has more is a finding at once, and is ended */
    /** One of each kind: as adapter_finding_make has it, and "seed" and "run". Of growth there is
     * no input, but "runs". Borrowed. */
    void (*on_found)(void *context, const json_t *found);
    void (*on_note)(void *context, const char *text);
    void (*on_run)(void *context, const struct adapter_fuzz_result *so_far); /**< after each */
    void *context;
};

/** Out: what was counted, also where it ends early. UNKNOWN: an operation that was named and one
 *  side has not, or that has no inputs; INTERRUPTED: by `stop`; IO, NOMEM; as adapter_ask and
 *  adapter_inputs_open. */
enum assay_code adapter_fuzz_run(struct adapter_fuzz_result *out,
                                 const struct adapter_fuzz_options *options,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** How many answers were compared with the reference's. */
uint64_t adapter_fuzz_compared(const struct adapter_fuzz_result *result);

#endif
