/** The inputs that an adapter is fuzzed with: known answers, generated cases, what earlier runs
 *  kept, and changes of all of these. Internal to the fuzzing of adapters. */
#ifndef FUZZ_ADAPTER_INPUTS_H
#define FUZZ_ADAPTER_INPUTS_H

#include "run/operations.h"

#define ADAPTER_INPUT_MAX_BYTES ((size_t)1 << 20)  /**< of one that is kept or changed */
#define ADAPTER_KEPT_MAX 20000                     /**< inputs of a folder; more are not kept */
#define ADAPTER_KEPT_MAX_BYTES ((size_t)128 << 20) /**< nor more than these, as text */

struct adapter_inputs;

/** Those of `count` operations, which must outlive it. corpus: a folder, made where it is missing,
 *  of files {"operation", "in"}; empty ones and those of other operations are passed over. NULL:
 * none. MALFORMED: a file there is no such input (err names it); IO; NOMEM; as vectors_all. */
enum assay_code adapter_inputs_open(struct adapter_inputs **out,
                                    const struct operation *const *operations, size_t count,
                                    const char *corpus, struct assay_err *err) ASSAY_MUST_USE;
void adapter_inputs_free(struct adapter_inputs *inputs); /**< NULL is taken */

/** How many inputs of that operation others can be made of. */
size_t adapter_inputs_count(const struct adapter_inputs *inputs, size_t operation);
/** Whether there are any, or a generator. */
bool adapter_inputs_any(const struct adapter_inputs *inputs, size_t operation);
/** The input of run `number`: a function of the seed, the number and what is known by then. The
 *  caller's reference; NULL: no memory. */
json_t *adapter_inputs_make(const struct adapter_inputs *inputs, size_t operation, uint64_t seed,
                            uint64_t number);
/** Keeps one that gave a new class, and that the reference accepts or not, here and in the folder;
 * more than fit are passed over. IO, NOMEM. */
enum assay_code adapter_inputs_keep(struct adapter_inputs *inputs, size_t operation,
                                    const json_t *in, bool is_right,
                                    struct assay_err *err) ASSAY_MUST_USE;

#endif
