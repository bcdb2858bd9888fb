/** A second opinion on a script: what an opcode makes of the stack that is before it, written from
 * the digest's table and not from the engine. Source: Kaspa consensus digest, sections 4.1 and 4.3.
 */
#ifndef ASSAY_FUZZ_LIB_SCRIPT_MODEL_H
#define ASSAY_FUZZ_LIB_SCRIPT_MODEL_H

#include "kaspa/engine.h"

enum { FUZZ_MODEL_MADE_MAX = 1 << 12 };

/** The state before an instruction. Items are the script's or the run's arena's, and outlive it. */
struct fuzz_model {
    bool is_known; /**< there was an instruction of this part before */
    enum kaspa_part part;
    struct kaspa_instruction instruction;
    bool executed;
    struct assay_bytes items[KASPA_STACK_MAX_ITEMS + 3];
    size_t len;
    uint64_t used_units;
    size_t steps;
    uint8_t made[FUZZ_MODEL_MADE_MAX]; /**< what the instruction is predicted to push */
};

/** Watches a run: that each step's stack is what the model predicts of the step before, where it
 *  knows the opcode; that stacks keep their limit and units only grow. context: a zeroed model. */
void fuzz_model_step(void *context, const struct kaspa_step *step);
/** What is held of a run's end; last: the part that leaves the result. */
void fuzz_model_end(struct fuzz_model *m, const struct kaspa_run *run, enum kaspa_part last);

#endif
