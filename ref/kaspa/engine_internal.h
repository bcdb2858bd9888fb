/** What the parts of the engine share: the machine, its meter, the moves of its stacks, and the
 *  families of opcodes. Nothing outside the engine includes this.
 *
 *  A family runs the opcode of vm->now, with that of KASPA_SCRIPT_OK or an error, or with
 *  KASPA_SCRIPT_UNDECIDED, which is no error of the script: vm->why has the reason.
 */
#ifndef KASPA_ENGINE_INTERNAL_H
#define KASPA_ENGINE_INTERNAL_H

#include "kaspa/engine.h"
#include "kaspa/number.h"

#define KASPA_SCRIPT_UNDECIDED KASPA_SCRIPT__COUNT

/** The limit is asked for after an instruction, and none adds more than three items. */
#define KASPA_STACK_ROOM (KASPA_STACK_MAX_ITEMS + 3)

struct kaspa_stack {
    struct assay_bytes items[KASPA_STACK_ROOM]; /**< the last is the top */
    size_t len;
};

struct kaspa_vm {
    const struct kaspa_engine *with;
    struct kaspa_sighash_cache own_cache; /**< where the caller has none */
    enum kaspa_part part;
    struct kaspa_instruction now;
    struct kaspa_stack data, alt;
    size_t depth; /**< of conditionals that are open */
    size_t dead;  /**< which of them, from 1, is the first that is not true; 0: all are true */
    uint32_t operations;
    uint64_t used;   /**< script units */
    uint64_t pushed; /**< bytes that this instruction pushed and has to pay for */
    enum kaspa_undecided why;
};

/** Adds to the units used. EXCEEDED_SCRIPT_UNITS: they are then above the limit. */
enum kaspa_script_error kaspa_vm_charge(struct kaspa_vm *vm, uint64_t units) ASSAY_MUST_USE;
/** Notes why, and returns KASPA_SCRIPT_UNDECIDED. */
enum kaspa_script_error kaspa_vm_undecided(struct kaspa_vm *vm,
                                           enum kaspa_undecided why) ASSAY_MUST_USE;

/** Moves a slice onto a stack, and is not charged for. */
void kaspa_stack_put(struct kaspa_stack *stack, struct assay_bytes item);

/** Pushes a slice that outlives the run and is no longer than an element may be, and is charged
 * for. Always KASPA_SCRIPT_OK, for a family to end with. */
enum kaspa_script_error kaspa_vm_push(struct kaspa_vm *vm, struct assay_bytes item);
enum kaspa_script_error kaspa_vm_push_bool(struct kaspa_vm *vm, bool truth);
/** Pushes `len` zeros that the caller overwrites: *at. ELEMENT_TOO_BIG; UNDECIDED: no memory. */
enum kaspa_script_error kaspa_vm_push_room(struct kaspa_vm *vm, uint8_t **at,
                                           size_t len) ASSAY_MUST_USE;
/** SERIALIZATION: -2^63. UNDECIDED: no memory. */
enum kaspa_script_error kaspa_vm_push_number(struct kaspa_vm *vm, int64_t number) ASSAY_MUST_USE;
/** Pushes the bytes from `start` up to `end` of `bytes`; the errors of kaspa_vm_check_range. */
enum kaspa_script_error kaspa_vm_push_part(struct kaspa_vm *vm, struct assay_bytes bytes,
                                           size_t start, size_t end) ASSAY_MUST_USE;
/** INVALID_RANGE, ELEMENT_TOO_BIG, OUT_OF_BOUNDS_SUBSTRING, looked for in this order. */
enum kaspa_script_error kaspa_vm_check_range(size_t start, size_t end, size_t len) ASSAY_MUST_USE;

/** Pops `count` items together, the lowest first. INVALID_STACK_OPERATION: there are fewer. */
enum kaspa_script_error kaspa_vm_pop(struct kaspa_vm *vm, struct assay_bytes *out,
                                     size_t count) ASSAY_MUST_USE;
/** The same for one to three numbers, read from the lowest after all are popped. NUMBER_TOO_BIG. */
enum kaspa_script_error kaspa_vm_pop_numbers(struct kaspa_vm *vm, int64_t *out,
                                             size_t count) ASSAY_MUST_USE;
enum kaspa_script_error kaspa_vm_pop_i32s(struct kaspa_vm *vm, int32_t *out,
                                          size_t count) ASSAY_MUST_USE;
/** The same for numbers that are not negative. INVALID_INDEX, looked for after all are read. */
enum kaspa_script_error kaspa_vm_pop_indices(struct kaspa_vm *vm, size_t *out,
                                             size_t count) ASSAY_MUST_USE;
/** INVALID_BLOCK_HASH_LENGTH: not 32 bytes. */
enum kaspa_script_error kaspa_vm_pop_hash(struct kaspa_vm *vm,
                                          struct kaspa_hash *out) ASSAY_MUST_USE;

/* The families, by the file that has them. */
enum kaspa_script_error kaspa_vm_shuffle(struct kaspa_vm *vm);    /**< engine_stack.c */
enum kaspa_script_error kaspa_vm_bytes(struct kaspa_vm *vm);      /**< engine_stack.c */
enum kaspa_script_error kaspa_vm_number(struct kaspa_vm *vm);     /**< engine_number.c */
enum kaspa_script_error kaspa_vm_hash(struct kaspa_vm *vm);       /**< engine_crypto.c */
enum kaspa_script_error kaspa_vm_signature(struct kaspa_vm *vm);  /**< engine_crypto.c */
enum kaspa_script_error kaspa_vm_zk(struct kaspa_vm *vm);         /**< engine_crypto.c */
enum kaspa_script_error kaspa_vm_lock(struct kaspa_vm *vm);       /**< engine_tx.c */
enum kaspa_script_error kaspa_vm_introspect(struct kaspa_vm *vm); /**< engine_tx.c */
enum kaspa_script_error kaspa_vm_covenant(struct kaspa_vm *vm);   /**< engine_covenant.c */
enum kaspa_script_error kaspa_vm_seq_commit(struct kaspa_vm *vm); /**< engine_covenant.c */

#endif
