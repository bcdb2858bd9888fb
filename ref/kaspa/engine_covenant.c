/* Opcodes that read the lists of covenants, and the one that reads the chain.
 * Source: Kaspa consensus digest, section 4.7. */
#include "kaspa/engine_internal.h"

static const struct kaspa_covenants *covenants(const struct kaspa_vm *vm)
{
    static const struct kaspa_covenants none;

    return vm->with->covenants != NULL ? vm->with->covenants : &none;
}

static enum kaspa_script_error push_entry(struct kaspa_vm *vm, const uint16_t *list, size_t count,
                                          size_t number)
{
    return number < count ? kaspa_vm_push_number(vm, list[number]) : KASPA_SCRIPT_COVENANTS_ERROR;
}

/* What an input continues: AUTHOUTPUTCOUNT, AUTHOUTPUTIDX. */
static enum kaspa_script_error of_input(struct kaspa_vm *vm)
{
    bool is_entry = vm->now.opcode == KASPA_OP_AUTHOUTPUTIDX;
    enum kaspa_script_error rc;
    const uint16_t *list;
    size_t operands[2]; /* input, entry */
    size_t count;

    if ((rc = kaspa_vm_pop_indices(vm, operands, is_entry ? 2 : 1)) != KASPA_SCRIPT_OK)
        return rc;
    if (operands[0] >= vm->with->tx->input_count)
        return KASPA_SCRIPT_INVALID_INPUT_INDEX;
    count = kaspa_covenants_of_input(covenants(vm), operands[0], &list);
    return is_entry ? push_entry(vm, list, count, operands[1])
                    : kaspa_vm_push_number(vm, (int64_t)count);
}

/* All of an id: COVINPUTCOUNT, COVINPUTIDX, COVOUTPUTCOUNT, COVOUTPUTIDX. */
static enum kaspa_script_error of_id(struct kaspa_vm *vm)
{
    uint8_t opcode = vm->now.opcode;
    bool is_entry = opcode == KASPA_OP_COVINPUTIDX || opcode == KASPA_OP_COVOUTPUTIDX;
    bool is_input = opcode == KASPA_OP_COVINPUTIDX || opcode == KASPA_OP_COVINPUTCOUNT;
    enum kaspa_script_error rc;
    const uint16_t *list;
    struct kaspa_hash id;
    size_t number = 0, count;

    if (is_entry && (rc = kaspa_vm_pop_indices(vm, &number, 1)) != KASPA_SCRIPT_OK)
        return rc;
    if ((rc = kaspa_vm_pop_hash(vm, &id)) != KASPA_SCRIPT_OK)
        return rc;
    count = is_input ? kaspa_covenants_inputs(covenants(vm), &id, &list)
                     : kaspa_covenants_outputs(covenants(vm), &id, &list);
    return is_entry ? push_entry(vm, list, count, number)
                    : kaspa_vm_push_number(vm, (int64_t)count);
}

enum kaspa_script_error kaspa_vm_covenant(struct kaspa_vm *vm)
{
    if (vm->with->tx == NULL)
        return KASPA_SCRIPT_INVALID_SOURCE;
    return vm->now.opcode == KASPA_OP_AUTHOUTPUTCOUNT || vm->now.opcode == KASPA_OP_AUTHOUTPUTIDX
               ? of_input(vm)
               : of_id(vm);
}

/* Whether the block is of the chain, and its commitment, only a node knows. */
enum kaspa_script_error kaspa_vm_seq_commit(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct kaspa_hash block;

    if ((rc = kaspa_vm_pop_hash(vm, &block)) != KASPA_SCRIPT_OK)
        return rc;
    return kaspa_vm_undecided(vm, KASPA_UNDECIDED_SEQ_COMMIT);
}
