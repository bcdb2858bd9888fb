/* The engine's meter, and what opcodes push and pop; see engine_internal.h. */
#include "kaspa/engine_internal.h"

#include <assert.h>

/* It cannot wrap: three scripts of a million bytes make less than 2^43 units of it. */
enum kaspa_script_error kaspa_vm_charge(struct kaspa_vm *vm, uint64_t units)
{
    vm->used += units;
    return vm->used <= vm->with->unit_limit ? KASPA_SCRIPT_OK : KASPA_SCRIPT_EXCEEDED_SCRIPT_UNITS;
}

enum kaspa_script_error kaspa_vm_undecided(struct kaspa_vm *vm, enum kaspa_undecided why)
{
    vm->why = why;
    return KASPA_SCRIPT_UNDECIDED;
}

void kaspa_stack_put(struct kaspa_stack *stack, struct assay_bytes item)
{
    assert(stack->len < ARRAY_LEN(stack->items));
    stack->items[stack->len++] = item;
}

enum kaspa_script_error kaspa_vm_push(struct kaspa_vm *vm, struct assay_bytes item)
{
    assert(item.len <= KASPA_ELEMENT_MAX_BYTES);
    vm->pushed += item.len;
    kaspa_stack_put(&vm->data, item);
    return KASPA_SCRIPT_OK;
}

enum kaspa_script_error kaspa_vm_push_room(struct kaspa_vm *vm, uint8_t **at, size_t len)
{
    if (len > KASPA_ELEMENT_MAX_BYTES)
        return KASPA_SCRIPT_ELEMENT_TOO_BIG;
    *at = assay_arena_alloc(vm->with->arena, len);
    if (*at == NULL)
        return kaspa_vm_undecided(vm, KASPA_UNDECIDED_RESOURCE);
    return kaspa_vm_push(vm, assay_bytes_of(*at, len));
}

enum kaspa_script_error kaspa_vm_push_bool(struct kaspa_vm *vm, bool truth)
{
    static const uint8_t one = 1;

    return kaspa_vm_push(vm, assay_bytes_of(&one, truth ? 1 : 0));
}

enum kaspa_script_error kaspa_vm_push_number(struct kaspa_vm *vm, int64_t number)
{
    enum kaspa_script_error rc;
    uint8_t bytes[KASPA_NUMBER_MAX_BYTES];
    uint8_t *at;
    size_t len;

    if (number == 0 || number == 1)
        return kaspa_vm_push_bool(vm, number == 1);
    if ((rc = kaspa_number_encode(bytes, &len, number)) != KASPA_SCRIPT_OK ||
        (rc = kaspa_vm_push_room(vm, &at, len)) != KASPA_SCRIPT_OK)
        return rc;
    memcpy(at, bytes, len);
    return KASPA_SCRIPT_OK;
}

enum kaspa_script_error kaspa_vm_check_range(size_t start, size_t end, size_t len)
{
    if (end < start)
        return KASPA_SCRIPT_INVALID_RANGE;
    if (end - start > KASPA_ELEMENT_MAX_BYTES)
        return KASPA_SCRIPT_ELEMENT_TOO_BIG;
    return end <= len ? KASPA_SCRIPT_OK : KASPA_SCRIPT_OUT_OF_BOUNDS_SUBSTRING;
}

enum kaspa_script_error kaspa_vm_push_part(struct kaspa_vm *vm, struct assay_bytes bytes,
                                           size_t start, size_t end)
{
    enum kaspa_script_error rc = kaspa_vm_check_range(start, end, bytes.len);

    return rc == KASPA_SCRIPT_OK ? kaspa_vm_push(vm, assay_bytes_part(bytes, start, end)) : rc;
}

enum kaspa_script_error kaspa_vm_pop(struct kaspa_vm *vm, struct assay_bytes *out, size_t count)
{
    if (vm->data.len < count)
        return KASPA_SCRIPT_INVALID_STACK_OPERATION;
    vm->data.len -= count;
    memcpy(out, vm->data.items + vm->data.len, count * sizeof(*out));
    return KASPA_SCRIPT_OK;
}

enum kaspa_script_error kaspa_vm_pop_numbers(struct kaspa_vm *vm, int64_t *out, size_t count)
{
    enum kaspa_script_error rc;
    struct assay_bytes items[3];

    assert(count <= ARRAY_LEN(items));
    rc = kaspa_vm_pop(vm, items, count);
    for (size_t i = 0; rc == KASPA_SCRIPT_OK && i < count; i++)
        rc = kaspa_number_decode(&out[i], items[i]);
    return rc;
}

enum kaspa_script_error kaspa_vm_pop_i32s(struct kaspa_vm *vm, int32_t *out, size_t count)
{
    enum kaspa_script_error rc;
    int64_t numbers[3];

    if ((rc = kaspa_vm_pop_numbers(vm, numbers, count)) != KASPA_SCRIPT_OK)
        return rc;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] < INT32_MIN || numbers[i] > INT32_MAX)
            return KASPA_SCRIPT_NUMBER_TOO_BIG;
        out[i] = (int32_t)numbers[i];
    }
    return KASPA_SCRIPT_OK;
}

enum kaspa_script_error kaspa_vm_pop_indices(struct kaspa_vm *vm, size_t *out, size_t count)
{
    enum kaspa_script_error rc;
    int32_t numbers[3];

    if ((rc = kaspa_vm_pop_i32s(vm, numbers, count)) != KASPA_SCRIPT_OK)
        return rc;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] < 0)
            return KASPA_SCRIPT_INVALID_INDEX;
        out[i] = (size_t)numbers[i];
    }
    return KASPA_SCRIPT_OK;
}

enum kaspa_script_error kaspa_vm_pop_hash(struct kaspa_vm *vm, struct kaspa_hash *out)
{
    enum kaspa_script_error rc;
    struct assay_bytes item;

    if ((rc = kaspa_vm_pop(vm, &item, 1)) != KASPA_SCRIPT_OK)
        return rc;
    if (item.len != sizeof(out->at))
        return KASPA_SCRIPT_INVALID_BLOCK_HASH_LENGTH;
    memcpy(out->at, item.at, sizeof(out->at));
    return KASPA_SCRIPT_OK;
}
