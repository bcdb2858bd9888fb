/* The script engine: the order of evaluation, the limits, and conditionals; see engine.h.
 * Opcodes are in the other files of the engine, by family. */
#include "kaspa/engine_internal.h"

#include <assert.h>

/* Only what the script itself holds is pushed here, and that is paid for by its length. */
static enum kaspa_script_error push_literal(struct kaspa_vm *vm)
{
    static const uint8_t numbers[] = {0x81, 0, 1,  2,  3,  4,  5,  6,  7,
                                      8,    9, 10, 11, 12, 13, 14, 15, 16};
    uint8_t opcode = vm->now.opcode;

    if (opcode == KASPA_OP_RESERVED)
        return KASPA_SCRIPT_OPCODE_RESERVED;
    kaspa_stack_put(&vm->data, opcode < KASPA_OP_1NEGATE
                                   ? vm->now.data
                                   : assay_bytes_of(&numbers[opcode - KASPA_OP_1NEGATE], 1));
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error pop_bool(struct kaspa_vm *vm, bool *truth)
{
    enum kaspa_script_error rc;
    struct assay_bytes item;

    if ((rc = kaspa_vm_pop(vm, &item, 1)) == KASPA_SCRIPT_OK)
        *truth = kaspa_bytes_are_true(item);
    return rc;
}

/* A condition takes no operand in a dead branch, and only the one that made the branch dead can
 * bring it back to life: so the depth, and which one that is, say all. Digest, section 4.2. */
static enum kaspa_script_error open_conditional(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    bool truth;

    if (vm->dead == 0) {
        if ((rc = pop_bool(vm, &truth)) != KASPA_SCRIPT_OK)
            return rc;
        if (truth != (vm->now.opcode == KASPA_OP_IF))
            vm->dead = vm->depth + 1;
    }
    vm->depth++;
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error turn_conditional(struct kaspa_vm *vm)
{
    if (vm->depth == 0)
        return KASPA_SCRIPT_INVALID_STATE;
    if (vm->dead == 0)
        vm->dead = vm->depth;
    else if (vm->dead == vm->depth)
        vm->dead = 0;
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error close_conditional(struct kaspa_vm *vm)
{
    if (vm->depth == 0)
        return KASPA_SCRIPT_INVALID_STATE;
    if (vm->dead == vm->depth)
        vm->dead = 0;
    vm->depth--;
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error pop_true(struct kaspa_vm *vm, enum kaspa_script_error otherwise)
{
    enum kaspa_script_error rc;
    bool truth;

    if ((rc = pop_bool(vm, &truth)) != KASPA_SCRIPT_OK)
        return rc;
    return truth ? KASPA_SCRIPT_OK : otherwise;
}

static enum kaspa_script_error control(struct kaspa_vm *vm)
{
    switch (vm->now.opcode) {
    case KASPA_OP_IF:
    case KASPA_OP_NOTIF:
        return open_conditional(vm);
    case KASPA_OP_ELSE:
        return turn_conditional(vm);
    case KASPA_OP_ENDIF:
        return close_conditional(vm);
    case KASPA_OP_VERIFY:
        return pop_true(vm, KASPA_SCRIPT_VERIFY_ERROR);
    case KASPA_OP_RETURN:
        return KASPA_SCRIPT_EARLY_RETURN;
    case KASPA_OP_NOP:
        return KASPA_SCRIPT_OK;
    default: /* VER */
        return KASPA_SCRIPT_OPCODE_RESERVED;
    }
}

static enum kaspa_script_error reserved(struct kaspa_vm *vm)
{
    (void)vm;
    return KASPA_SCRIPT_OPCODE_RESERVED;
}

static enum kaspa_script_error unknown(struct kaspa_vm *vm)
{
    (void)vm;
    return KASPA_SCRIPT_INVALID_OPCODE;
}

/* Which family an opcode is of: that of the first row whose `last` is not below it. Disabled ones
 * never get here. */
static const struct {
    uint8_t last;
    enum kaspa_script_error (*run)(struct kaspa_vm *vm);
} families[] = {
    {KASPA_OP_16, push_literal},
    {KASPA_OP_RETURN, control},
    {KASPA_OP_TUCK, kaspa_vm_shuffle},
    {KASPA_OP_EQUALVERIFY, kaspa_vm_bytes},
    {KASPA_OP_RESERVED2, reserved},
    {KASPA_OP_WITHIN, kaspa_vm_number},
    {KASPA_OP_ZKPRECOMPILE, kaspa_vm_zk},
    {KASPA_OP_SHA256, kaspa_vm_hash},
    {KASPA_OP_CHECKMULTISIGECDSA, kaspa_vm_signature},
    {KASPA_OP_BLAKE2B, kaspa_vm_hash},
    {KASPA_OP_CHECKMULTISIGVERIFY, kaspa_vm_signature},
    {KASPA_OP_CHECKSEQUENCEVERIFY, kaspa_vm_lock},
    {KASPA_OP_TXINPUTSCRIPTSIGLEN, kaspa_vm_introspect},
    {KASPA_OP_AUTHOUTPUTCOUNT - 1, unknown},
    {KASPA_OP_AUTHOUTPUTIDX, kaspa_vm_covenant},
    {KASPA_OP_BIN2NUM, kaspa_vm_number},
    {KASPA_OP_INPUTCOVENANTID, kaspa_vm_introspect},
    {KASPA_OP_COVOUTPUTIDX, kaspa_vm_covenant},
    {KASPA_OP_CHAINBLOCKSEQCOMMIT, kaspa_vm_seq_commit},
    {KASPA_OP_OUTPUTAUTHORIZINGINPUT, kaspa_vm_introspect},
    {KASPA_OP_CHECKSIGFROMSTACKECDSA, kaspa_vm_signature},
    {KASPA_OP_BLAKE3WITHKEY, kaspa_vm_hash},
    {UINT8_MAX, unknown},
};

static enum kaspa_script_error execute(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    size_t family = 0;

    while (vm->now.opcode > families[family].last)
        family++;
    vm->pushed = 0;
    rc = families[family].run(vm);
    return rc == KASPA_SCRIPT_OK ? kaspa_vm_charge(vm, vm->pushed) : rc;
}

/* What is refused even in a dead branch. */
static enum kaspa_script_error check_opcode(const struct kaspa_vm *vm)
{
    switch (vm->now.opcode) {
    case KASPA_OP_LEFT:
    case KASPA_OP_RIGHT:
    case KASPA_OP_2MUL:
    case KASPA_OP_2DIV:
    case KASPA_OP_LSHIFT:
    case KASPA_OP_RSHIFT:
        return KASPA_SCRIPT_OPCODE_DISABLED;
    case KASPA_OP_VERIF:
    case KASPA_OP_VERNOTIF:
        return KASPA_SCRIPT_OPCODE_RESERVED;
    default:
        return vm->part == KASPA_PART_SIGNATURE && !kaspa_opcode_is_push(vm->now.opcode)
                   ? KASPA_SCRIPT_NOT_PUSH_ONLY
                   : KASPA_SCRIPT_OK;
    }
}

static void tell(const struct kaspa_vm *vm)
{
    const struct kaspa_step step = {
        .part = vm->part,
        .instruction = vm->now,
        .executed = vm->dead == 0,
        .stack = vm->data.items,
        .stack_len = vm->data.len,
        .alt = vm->alt.items,
        .alt_len = vm->alt.len,
        .used_units = vm->used,
    };

    vm->with->on_step(vm->with->context, &step);
}

static enum kaspa_script_error run_instruction(struct kaspa_vm *vm, struct assay_bytes script,
                                               size_t at)
{
    enum kaspa_script_error rc;
    bool is_conditional;

    vm->now = (struct kaspa_instruction){.at = at, .opcode = script.at[at]};
    if ((rc = kaspa_instruction_decode(&vm->now, script, at)) != KASPA_SCRIPT_OK)
        return rc;
    if (vm->with->on_step != NULL)
        tell(vm);
    if ((rc = check_opcode(vm)) != KASPA_SCRIPT_OK)
        return rc;
    if (!kaspa_opcode_is_push(vm->now.opcode) && ++vm->operations > KASPA_OPERATIONS_MAX)
        return KASPA_SCRIPT_TOO_MANY_OPERATIONS;
    is_conditional = vm->now.opcode >= KASPA_OP_IF && vm->now.opcode <= KASPA_OP_ENDIF;
    if ((vm->dead == 0 || is_conditional) && (rc = execute(vm)) != KASPA_SCRIPT_OK)
        return rc;
    return vm->data.len + vm->alt.len <= KASPA_STACK_MAX_ITEMS ? KASPA_SCRIPT_OK
                                                               : KASPA_SCRIPT_STACK_SIZE_EXCEEDED;
}

static enum kaspa_script_error run_part(struct kaspa_vm *vm, enum kaspa_part part,
                                        struct assay_bytes script)
{
    vm->part = part;
    vm->operations = 0;
    for (size_t at = 0; at < script.len; at = vm->now.next) {
        enum kaspa_script_error rc = run_instruction(vm, script, at);

        if (rc != KASPA_SCRIPT_OK)
            return rc;
    }
    vm->part = KASPA_PART_NONE; /* of the parts only the last one can have used the alt stack */
    return vm->depth == 0 ? KASPA_SCRIPT_OK : KASPA_SCRIPT_UNBALANCED_CONDITIONAL;
}

static enum kaspa_script_error check_result(struct kaspa_vm *vm)
{
    if (vm->data.len > 1)
        return KASPA_SCRIPT_CLEAN_STACK;
    if (vm->data.len == 0)
        return KASPA_SCRIPT_EMPTY_STACK;
    return pop_true(vm, KASPA_SCRIPT_EVAL_FALSE);
}

/* The spent script compares the hash of the redeem script, which is the top of the stack that is
 * put aside here and which runs on what is below it. */
static enum kaspa_script_error run_script_hash(struct kaspa_vm *vm, struct assay_bytes script)
{
    struct kaspa_stack before = vm->data;
    enum kaspa_script_error rc;
    struct assay_bytes redeem;

    if ((rc = run_part(vm, KASPA_PART_SPK, script)) != KASPA_SCRIPT_OK ||
        (rc = pop_true(vm, KASPA_SCRIPT_EVAL_FALSE)) != KASPA_SCRIPT_OK)
        return rc;
    vm->data = before;
    redeem = vm->data.items[--vm->data.len]; /* it was there to be digested */
    return run_part(vm, KASPA_PART_REDEEM, redeem);
}

/* Digest, section 4.2, from (2) on. */
static enum kaspa_script_error spend(struct kaspa_vm *vm)
{
    const struct kaspa_spk *spk = &vm->with->utxos[vm->with->input].spk;
    struct assay_bytes signature = vm->with->tx->inputs[vm->with->input].signature_script;
    enum kaspa_script_error rc;

    if (spk->script.len > KASPA_SCRIPT_BYTES_FREE &&
        (rc = kaspa_vm_charge(vm, (spk->script.len - KASPA_SCRIPT_BYTES_FREE) *
                                      KASPA_UNITS_PER_SCRIPT_BYTE)) != KASPA_SCRIPT_OK)
        return rc;
    if (signature.len == 0 && spk->script.len == 0)
        return KASPA_SCRIPT_EVAL_FALSE;
    if (signature.len > KASPA_SCRIPT_MAX_BYTES || spk->script.len > KASPA_SCRIPT_MAX_BYTES)
        return KASPA_SCRIPT_SCRIPT_SIZE;
    if ((rc = run_part(vm, KASPA_PART_SIGNATURE, signature)) != KASPA_SCRIPT_OK)
        return rc;
    rc = kaspa_spk_class(spk) == KASPA_CLASS_SCRIPT_HASH
             ? run_script_hash(vm, spk->script)
             : run_part(vm, KASPA_PART_SPK, spk->script);
    return rc == KASPA_SCRIPT_OK ? check_result(vm) : rc;
}

static void report(struct kaspa_run *out, const struct kaspa_vm *vm, enum kaspa_script_error rc)
{
    bool is_within = rc != KASPA_SCRIPT_OK && vm->part != KASPA_PART_NONE;

    *out = (struct kaspa_run){.part = KASPA_PART_NONE, .used_units = vm->used, .why = vm->why};
    out->outcome = rc == KASPA_SCRIPT_OK          ? KASPA_VALID
                   : rc == KASPA_SCRIPT_UNDECIDED ? KASPA_UNDECIDED
                                                  : KASPA_INVALID;
    if (out->outcome == KASPA_INVALID)
        out->error = rc;
    if (is_within) {
        out->part = vm->part;
        out->at = vm->now.at;
        out->opcode = vm->now.opcode;
    }
}

void kaspa_engine_run_input(struct kaspa_run *out, const struct kaspa_engine *engine)
{
    struct kaspa_vm vm = {.with = engine, .part = KASPA_PART_NONE};

    assert(engine->tx != NULL && engine->input < engine->tx->input_count);
    /* A version from the future is not interpreted, and anyone's to spend. */
    report(out, &vm, engine->utxos[engine->input].spk.version > 0 ? KASPA_SCRIPT_OK : spend(&vm));
}

void kaspa_engine_run_script(struct kaspa_run *out, const struct kaspa_engine *engine,
                             struct assay_bytes script)
{
    struct kaspa_vm vm = {.with = engine, .part = KASPA_PART_NONE};
    enum kaspa_script_error rc;

    if (script.len == 0)
        rc = KASPA_SCRIPT_EVAL_FALSE;
    else if (script.len > KASPA_SCRIPT_MAX_BYTES)
        rc = KASPA_SCRIPT_SCRIPT_SIZE;
    else if ((rc = run_part(&vm, KASPA_PART_SPK, script)) == KASPA_SCRIPT_OK)
        rc = check_result(&vm);
    report(out, &vm, rc);
}

const char *kaspa_part_name(enum kaspa_part part)
{
    static const char *const names[] = {"signature script", "script public key", "redeem script",
                                        ""};

    static_assert(ARRAY_LEN(names) == KASPA_PART_NONE + 1, "one name a part");
    return names[part];
}
