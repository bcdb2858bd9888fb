/* Opcodes that move items, and those on their bytes. Source: Kaspa consensus digest, section 4.3.
 */
#include "kaspa/engine_internal.h"

static enum kaspa_script_error need(const struct kaspa_vm *vm, size_t count)
{
    return vm->data.len >= count ? KASPA_SCRIPT_OK : KASPA_SCRIPT_INVALID_STACK_OPERATION;
}

static enum kaspa_script_error drop(struct kaspa_vm *vm, size_t count)
{
    enum kaspa_script_error rc = need(vm, count);

    if (rc == KASPA_SCRIPT_OK)
        vm->data.len -= count;
    return rc;
}

/* Pushes once more the `count` items that start `depth` below the top; new bytes, and charged. */
static enum kaspa_script_error copy(struct kaspa_vm *vm, size_t depth, size_t count)
{
    enum kaspa_script_error rc = need(vm, depth);

    for (size_t i = 0; rc == KASPA_SCRIPT_OK && i < count; i++)
        (void)kaspa_vm_push(vm, vm->data.items[vm->data.len - depth]);
    return rc;
}

/* Brings the lowest one or two of the upper `count` items to the top. Free, as all moves are. */
static enum kaspa_script_error raise(struct kaspa_vm *vm, size_t count, size_t lowest)
{
    enum kaspa_script_error rc;
    struct assay_bytes raised[2];
    struct assay_bytes *from;

    if ((rc = need(vm, count)) != KASPA_SCRIPT_OK)
        return rc;
    from = vm->data.items + vm->data.len - count;
    memcpy(raised, from, lowest * sizeof(*from));
    memmove(from, from + lowest, (count - lowest) * sizeof(*from));
    memcpy(from + count - lowest, raised, lowest * sizeof(*from));
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error nip(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc = raise(vm, 2, 1);

    return rc == KASPA_SCRIPT_OK ? drop(vm, 1) : rc;
}

static enum kaspa_script_error tuck(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc = raise(vm, 2, 1);

    return rc == KASPA_SCRIPT_OK ? copy(vm, 2, 1) : rc;
}

static enum kaspa_script_error copy_if_true(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc = need(vm, 1);

    if (rc != KASPA_SCRIPT_OK || !kaspa_bytes_are_true(vm->data.items[vm->data.len - 1]))
        return rc;
    return copy(vm, 1, 1);
}

/* PICK and ROLL */
static enum kaspa_script_error from_depth(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    int32_t depth;

    if ((rc = kaspa_vm_pop_i32s(vm, &depth, 1)) != KASPA_SCRIPT_OK)
        return rc;
    if (depth < 0 || (size_t)depth >= vm->data.len)
        return KASPA_SCRIPT_INVALID_STATE;
    return vm->now.opcode == KASPA_OP_PICK ? copy(vm, (size_t)depth + 1, 1)
                                           : raise(vm, (size_t)depth + 1, 1);
}

static enum kaspa_script_error to_alt(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes item;

    if ((rc = kaspa_vm_pop(vm, &item, 1)) == KASPA_SCRIPT_OK)
        kaspa_stack_put(&vm->alt, item);
    return rc;
}

static enum kaspa_script_error from_alt(struct kaspa_vm *vm)
{
    if (vm->alt.len == 0)
        return KASPA_SCRIPT_EMPTY_STACK;
    kaspa_stack_put(&vm->data, vm->alt.items[--vm->alt.len]);
    return KASPA_SCRIPT_OK;
}

/* Those that move one or two items from a depth that the opcode itself knows. */
static enum kaspa_script_error shuffle_fixed(struct kaspa_vm *vm)
{
    switch (vm->now.opcode) {
    case KASPA_OP_2DROP:
        return drop(vm, 2);
    case KASPA_OP_DROP:
        return drop(vm, 1);
    case KASPA_OP_3DUP:
        return copy(vm, 3, 3);
    case KASPA_OP_2DUP:
        return copy(vm, 2, 2);
    case KASPA_OP_DUP:
        return copy(vm, 1, 1);
    case KASPA_OP_2OVER:
        return copy(vm, 4, 2);
    case KASPA_OP_OVER:
        return copy(vm, 2, 1);
    case KASPA_OP_2ROT:
        return raise(vm, 6, 2);
    case KASPA_OP_ROT:
        return raise(vm, 3, 1);
    case KASPA_OP_2SWAP:
        return raise(vm, 4, 2);
    case KASPA_OP_SWAP:
    default:
        return raise(vm, 2, 1);
    }
}

enum kaspa_script_error kaspa_vm_shuffle(struct kaspa_vm *vm)
{
    switch (vm->now.opcode) {
    case KASPA_OP_TOALTSTACK:
        return to_alt(vm);
    case KASPA_OP_FROMALTSTACK:
        return from_alt(vm);
    case KASPA_OP_IFDUP:
        return copy_if_true(vm);
    case KASPA_OP_DEPTH:
        return kaspa_vm_push_number(vm, (int64_t)vm->data.len);
    case KASPA_OP_NIP:
        return nip(vm);
    case KASPA_OP_TUCK:
        return tuck(vm);
    case KASPA_OP_PICK:
    case KASPA_OP_ROLL:
        return from_depth(vm);
    default:
        return shuffle_fixed(vm);
    }
}

/* As kaspa_vm_pop, for the opcodes on bytes, which speak of an empty stack instead. */
static enum kaspa_script_error pop_bytes(struct kaspa_vm *vm, struct assay_bytes *out, size_t count)
{
    return kaspa_vm_pop(vm, out, count) == KASPA_SCRIPT_OK ? KASPA_SCRIPT_OK
                                                           : KASPA_SCRIPT_EMPTY_STACK;
}

static enum kaspa_script_error concatenate(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes parts[2];
    uint8_t *at;

    if ((rc = pop_bytes(vm, parts, 2)) != KASPA_SCRIPT_OK ||
        (rc = kaspa_vm_push_room(vm, &at, parts[0].len + parts[1].len)) != KASPA_SCRIPT_OK)
        return rc;
    memcpy(at, parts[0].at, parts[0].len);
    memcpy(at + parts[0].len, parts[1].at, parts[1].len);
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error substring(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes bytes;
    int32_t range[2];

    if ((rc = kaspa_vm_pop_i32s(vm, range, 2)) != KASPA_SCRIPT_OK ||
        (rc = pop_bytes(vm, &bytes, 1)) != KASPA_SCRIPT_OK)
        return rc;
    if (range[0] < 0 || range[1] < 0)
        return KASPA_SCRIPT_INVALID_INDEX;
    return kaspa_vm_push_part(vm, bytes, (size_t)range[0], (size_t)range[1]);
}

static enum kaspa_script_error size(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc = need(vm, 1);

    if (rc != KASPA_SCRIPT_OK)
        return rc;
    return kaspa_vm_push_number(vm, (int64_t)vm->data.items[vm->data.len - 1].len);
}

static enum kaspa_script_error invert(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes bytes;
    uint8_t *at;

    if ((rc = pop_bytes(vm, &bytes, 1)) != KASPA_SCRIPT_OK ||
        (rc = kaspa_vm_push_room(vm, &at, bytes.len)) != KASPA_SCRIPT_OK)
        return rc;
    for (size_t i = 0; i < bytes.len; i++)
        at[i] = (uint8_t)~bytes.at[i];
    return KASPA_SCRIPT_OK;
}

/* AND, OR, XOR */
static enum kaspa_script_error bitwise(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes sides[2];
    uint8_t *at;

    if ((rc = pop_bytes(vm, sides, 2)) != KASPA_SCRIPT_OK)
        return rc;
    if (sides[0].len != sides[1].len)
        return KASPA_SCRIPT_INVALID_STATE;
    if ((rc = kaspa_vm_push_room(vm, &at, sides[0].len)) != KASPA_SCRIPT_OK)
        return rc;
    for (size_t i = 0; i < sides[0].len; i++) {
        uint8_t a = sides[0].at[i], b = sides[1].at[i];

        at[i] = vm->now.opcode == KASPA_OP_AND  ? a & b
                : vm->now.opcode == KASPA_OP_OR ? a | b
                                                : a ^ b;
    }
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error equal(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes sides[2];
    bool are_equal;

    if ((rc = kaspa_vm_pop(vm, sides, 2)) != KASPA_SCRIPT_OK)
        return rc;
    are_equal = assay_bytes_equal(sides[0], sides[1]);
    if (vm->now.opcode == KASPA_OP_EQUAL)
        return kaspa_vm_push_bool(vm, are_equal);
    return are_equal ? KASPA_SCRIPT_OK : KASPA_SCRIPT_VERIFY_ERROR;
}

enum kaspa_script_error kaspa_vm_bytes(struct kaspa_vm *vm)
{
    switch (vm->now.opcode) {
    case KASPA_OP_CAT:
        return concatenate(vm);
    case KASPA_OP_SUBSTR:
        return substring(vm);
    case KASPA_OP_SIZE:
        return size(vm);
    case KASPA_OP_INVERT:
        return invert(vm);
    case KASPA_OP_AND:
    case KASPA_OP_OR:
    case KASPA_OP_XOR:
        return bitwise(vm);
    case KASPA_OP_EQUAL:
    case KASPA_OP_EQUALVERIFY:
    default:
        return equal(vm);
    }
}
