/* Opcodes on numbers. Source: Kaspa consensus digest, section 4.3. */
#include "kaspa/engine_internal.h"

#include "base/planted.h"

static bool holds(uint8_t opcode, int64_t a, int64_t b)
{
    switch (opcode) {
    case KASPA_OP_BOOLAND:
        return a != 0 && b != 0;
    case KASPA_OP_BOOLOR:
        return a != 0 || b != 0;
    case KASPA_OP_NUMNOTEQUAL:
        return a != b;
    case KASPA_OP_LESSTHAN:
        return a < b;
    case KASPA_OP_GREATERTHAN:
        return a > b;
    case KASPA_OP_LESSTHANOREQUAL:
        return a <= b;
    case KASPA_OP_GREATERTHANOREQUAL:
        return a >= b;
    case KASPA_OP_NUMEQUAL:
    case KASPA_OP_NUMEQUALVERIFY:
    default:
        return a == b;
    }
}

static enum kaspa_script_error fits(bool overflow)
{
    return overflow ? KASPA_SCRIPT_NUMBER_TOO_BIG : KASPA_SCRIPT_OK;
}

/* An operand is never -2^63, which has no form; so a quotient cannot overflow. */
static enum kaspa_script_error compute(uint8_t opcode, int64_t *out, int64_t a, int64_t b)
{
    switch (opcode) {
    case KASPA_OP_ADD:
    case KASPA_OP_1ADD:
        return fits(__builtin_add_overflow(a, b, out));
    case KASPA_OP_SUB:
    case KASPA_OP_1SUB:
        return fits(__builtin_sub_overflow(a, b, out));
    case KASPA_OP_MUL:
        return fits(__builtin_mul_overflow(a, b, out));
    case KASPA_OP_DIV:
    case KASPA_OP_MOD:
        if (b == 0)
            return KASPA_SCRIPT_INVALID_STATE;
        *out = opcode == KASPA_OP_DIV ? a / b : a % b;
        return KASPA_SCRIPT_OK;
    case KASPA_OP_MIN:
        *out = a < b ? a : b;
        return KASPA_SCRIPT_OK;
    case KASPA_OP_MAX:
        *out = a > b ? a : b;
        return KASPA_SCRIPT_OK;
    default:
        *out = holds(opcode, a, b);
        return KASPA_SCRIPT_OK;
    }
}

static enum kaspa_script_error of_two(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    int64_t sides[2], result;

    if ((rc = kaspa_vm_pop_numbers(vm, sides, 2)) != KASPA_SCRIPT_OK ||
        (rc = compute(vm->now.opcode, &result, sides[0], sides[1])) != KASPA_SCRIPT_OK)
        return rc;
    if (vm->now.opcode == KASPA_OP_NUMEQUALVERIFY)
        return result != 0 ? KASPA_SCRIPT_OK : KASPA_SCRIPT_VERIFY_ERROR;
    return kaspa_vm_push_number(vm, result);
}

static enum kaspa_script_error of_one(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    int64_t number;

    if ((rc = kaspa_vm_pop_numbers(vm, &number, 1)) != KASPA_SCRIPT_OK)
        return rc;
    switch (vm->now.opcode) {
    case KASPA_OP_1ADD:
    case KASPA_OP_1SUB:
        if ((rc = compute(vm->now.opcode, &number, number, 1)) != KASPA_SCRIPT_OK)
            return rc;
        return kaspa_vm_push_number(vm, number);
    case KASPA_OP_NEGATE:
        return kaspa_vm_push_number(vm, -number);
    case KASPA_OP_ABS:
        return kaspa_vm_push_number(vm, number < 0 ? -number : number);
    case KASPA_OP_NOT:
        return kaspa_vm_push_bool(vm, number == 0);
    case KASPA_OP_0NOTEQUAL:
        return kaspa_vm_push_bool(vm, number != 0);
    case KASPA_OP_BIN2NUM:
    default:
        return kaspa_vm_push_number(vm, number);
    }
}

static enum kaspa_script_error within(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    int64_t n[3];

    if ((rc = kaspa_vm_pop_numbers(vm, n, 3)) != KASPA_SCRIPT_OK)
        return rc;
    return kaspa_vm_push_bool(vm, n[0] >= n[1] && n[0] - PLANTED(script_within) < n[2]);
}

/* The number in as many bytes as asked for; the sign is the top bit of the last of them. */
static enum kaspa_script_error push_fixed(struct kaspa_vm *vm, int64_t number, size_t len)
{
    enum kaspa_script_error rc;
    uint64_t magnitude = (uint64_t)(number < 0 ? -number : number);
    uint8_t *at;

    if (len > 0 ? magnitude >> (8 * len - 1) != 0 : magnitude != 0)
        return KASPA_SCRIPT_SERIALIZATION;
    if ((rc = kaspa_vm_push_room(vm, &at, len)) != KASPA_SCRIPT_OK)
        return rc;
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(magnitude >> (8 * i));
    if (number < 0)
        at[len - 1] |= 0x80;
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error number_to_bytes(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    int64_t number;
    size_t len;

    if ((rc = kaspa_vm_pop_indices(vm, &len, 1)) != KASPA_SCRIPT_OK)
        return rc;
    if (len > KASPA_NUMBER_MAX_BYTES)
        return KASPA_SCRIPT_NOT_MINIMAL_DATA;
    if ((rc = kaspa_vm_pop_numbers(vm, &number, 1)) != KASPA_SCRIPT_OK)
        return rc;
    return push_fixed(vm, number, len);
}

enum kaspa_script_error kaspa_vm_number(struct kaspa_vm *vm)
{
    switch (vm->now.opcode) {
    case KASPA_OP_1ADD:
    case KASPA_OP_1SUB:
    case KASPA_OP_NEGATE:
    case KASPA_OP_ABS:
    case KASPA_OP_NOT:
    case KASPA_OP_0NOTEQUAL:
    case KASPA_OP_BIN2NUM:
        return of_one(vm);
    case KASPA_OP_WITHIN:
        return within(vm);
    case KASPA_OP_NUM2BIN:
        return number_to_bytes(vm);
    default:
        return of_two(vm);
    }
}
