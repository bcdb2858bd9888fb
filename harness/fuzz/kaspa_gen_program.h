/** Programs of the generator: a script in the making beside a model of the stack that it will meet,
 *  so that most instructions find operands that they can take. Internal.
 *
 *  An item's type is a letter:
 *    n number   s small count   i index of an input   o index of an output   t true
 *    l lock time   q sequence lock   z size of a number
 *    b bytes   h 32 bytes   y key of a hash   c covenant id
 *    k key for Schnorr   K key for ECDSA   g signature for Schnorr   G signature for ECDSA
 *    x anything
 */
#ifndef FUZZ_KASPA_GEN_PROGRAM_H
#define FUZZ_KASPA_GEN_PROGRAM_H

#include "fuzz/kaspa_gen_internal.h"

#define PROGRAM_ITEMS_MAX 512 /**< more than an engine lets be */
#define PROGRAM_NESTING_MAX 3

struct gen_item {
    char type;
    uint8_t key; /**< of a signature or a key: whose */
};

struct gen_program {
    struct kaspa_gen *g;
    const struct gen_tx *t;
    struct assay_buf *out;
    struct gen_item stack[PROGRAM_ITEMS_MAX], alt[PROGRAM_ITEMS_MAX];
    size_t len, alt_len;
    unsigned nesting;
    unsigned wanted;  /**< a bit a key: whose signatures are brought to the top somewhere */
    uint32_t misfits; /**< percent of the operands that are of any other type */
};

/* ---- operands (kaspa_gen_operand.c) ---- */

/** Appends the push of a fresh operand of the type. `item` may be NULL. */
void gen_program_add_operand(struct gen_program *p, char type, struct gen_item *item);
void gen_program_add_number(struct gen_program *p, int64_t number);
/** A start and an end within `len` bytes, or about. */
void gen_program_add_range(struct gen_program *p, size_t len);

/* ---- the model (kaspa_gen_script.c) ---- */

void gen_program_op(struct gen_program *p, uint8_t opcode);
void gen_program_push(struct gen_program *p, char type, uint8_t key);
void gen_program_pop(struct gen_program *p, size_t count);
/** Sees to it that the top items are of these types, by what is there or by pushes. */
void gen_program_need(struct gen_program *p, const char *types);
/** A fresh operand, in the script and in the model. */
void gen_program_fresh(struct gen_program *p, char type);
/** Brings a copy of an item to the top by PICK. depth < len. */
void gen_program_pick(struct gen_program *p, size_t depth);
/** Between one and `most` instructions, each with its operands. */
void gen_program_run(struct gen_program *p, uint32_t most);

/** Instructions with operands that go together, or that no table holds (kaspa_gen_special.c). */
void gen_program_special(struct gen_program *p);

#endif
