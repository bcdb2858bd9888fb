/* Opcodes that read the transaction and what it spends, and the two locks.
 * Source: Kaspa consensus digest, sections 4.3 and 4.6. */
#include "kaspa/engine_internal.h"

#define SPK_VERSION_BYTES 2

static enum kaspa_script_error push_hash(struct kaspa_vm *vm, const struct kaspa_hash *hash)
{
    return kaspa_vm_push(vm, assay_bytes_of(hash->at, sizeof(hash->at)));
}

static enum kaspa_script_error push_id(struct kaspa_vm *vm, bool is_there,
                                       const struct kaspa_hash *id)
{
    static const struct kaspa_hash none;

    return push_hash(vm, is_there ? id : &none);
}

/* Lock times, gas and DAA scores are taken for signed, whatever that makes of them. */
static enum kaspa_script_error push_as_signed(struct kaspa_vm *vm, uint64_t value)
{
    return kaspa_vm_push_number(vm, (int64_t)value);
}

static enum kaspa_script_error push_amount(struct kaspa_vm *vm, uint64_t amount)
{
    return amount <= INT64_MAX ? kaspa_vm_push_number(vm, (int64_t)amount)
                               : KASPA_SCRIPT_NUMBER_TOO_BIG;
}

static size_t spk_len(const struct kaspa_spk *spk)
{
    return SPK_VERSION_BYTES + spk->script.len;
}

/* Of the serialized form: the version in big-endian, then the script. */
static enum kaspa_script_error push_spk_part(struct kaspa_vm *vm, const struct kaspa_spk *spk,
                                             size_t start, size_t end)
{
    enum kaspa_script_error rc;
    const uint8_t version[SPK_VERSION_BYTES] = {(uint8_t)(spk->version >> 8),
                                                (uint8_t)spk->version};
    size_t at = start;
    uint8_t *to;

    if ((rc = kaspa_vm_check_range(start, end, spk_len(spk))) != KASPA_SCRIPT_OK ||
        (rc = kaspa_vm_push_room(vm, &to, end - start)) != KASPA_SCRIPT_OK)
        return rc;
    for (; at < end && at < SPK_VERSION_BYTES; at++)
        *to++ = version[at];
    if (at < end)
        memcpy(to, spk->script.at + at - SPK_VERSION_BYTES, end - at);
    return KASPA_SCRIPT_OK;
}

/* As raw bytes, since a sequence is a field of flags and no number. */
static enum kaspa_script_error push_sequence(struct kaspa_vm *vm, uint64_t sequence)
{
    enum kaspa_script_error rc;
    uint8_t *at;

    if ((rc = kaspa_vm_push_room(vm, &at, sizeof(sequence))) != KASPA_SCRIPT_OK)
        return rc;
    for (size_t i = 0; i < sizeof(sequence); i++)
        at[i] = (uint8_t)(sequence >> (8 * i));
    return KASPA_SCRIPT_OK;
}

/* The four that are older than Toccata take a negative index for one that is not there. */
static bool is_of_kip10(uint8_t opcode)
{
    return opcode == KASPA_OP_TXINPUTAMOUNT || opcode == KASPA_OP_TXINPUTSPK ||
           opcode == KASPA_OP_TXOUTPUTAMOUNT || opcode == KASPA_OP_TXOUTPUTSPK;
}

/* An input's or output's number below `count`, and for the SUBSTR forms the range above it. */
struct place {
    size_t index, start, end;
};

static enum kaspa_script_error pop_place(struct kaspa_vm *vm, struct place *out, bool has_range,
                                         size_t count, enum kaspa_script_error missing)
{
    enum kaspa_script_error rc;
    size_t operands[3] = {0};

    rc = kaspa_vm_pop_indices(vm, operands, has_range ? 3 : 1);
    if (rc == KASPA_SCRIPT_INVALID_INDEX && is_of_kip10(vm->now.opcode))
        return missing;
    if (rc != KASPA_SCRIPT_OK)
        return rc;
    if (operands[0] >= count)
        return missing;
    *out = (struct place){operands[0], operands[1], operands[2]};
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error of_output(struct kaspa_vm *vm)
{
    const struct kaspa_tx *tx = vm->with->tx;
    enum kaspa_script_error rc;
    const struct kaspa_output *output;
    struct place place;

    rc = pop_place(vm, &place, vm->now.opcode == KASPA_OP_TXOUTPUTSPKSUBSTR, tx->output_count,
                   KASPA_SCRIPT_INVALID_OUTPUT_INDEX);
    if (rc != KASPA_SCRIPT_OK)
        return rc;
    output = &tx->outputs[place.index];
    switch (vm->now.opcode) {
    case KASPA_OP_TXOUTPUTAMOUNT:
        return push_amount(vm, output->value);
    case KASPA_OP_TXOUTPUTSPK:
        return push_spk_part(vm, &output->spk, 0, spk_len(&output->spk));
    case KASPA_OP_TXOUTPUTSPKLEN:
        return kaspa_vm_push_number(vm, (int64_t)spk_len(&output->spk));
    case KASPA_OP_TXOUTPUTSPKSUBSTR:
        return push_spk_part(vm, &output->spk, place.start, place.end);
    case KASPA_OP_OUTPUTCOVENANTID:
        return push_id(vm, output->has_covenant, &output->covenant_id);
    case KASPA_OP_OUTPUTAUTHORIZINGINPUT:
    default:
        return kaspa_vm_push_number(vm, output->has_covenant ? output->authorizing_input : -1);
    }
}

static enum kaspa_script_error of_utxo(struct kaspa_vm *vm, const struct place *place)
{
    const struct kaspa_utxo *utxo = &vm->with->utxos[place->index];

    switch (vm->now.opcode) {
    case KASPA_OP_TXINPUTAMOUNT:
        return push_amount(vm, utxo->amount);
    case KASPA_OP_TXINPUTSPK:
        return push_spk_part(vm, &utxo->spk, 0, spk_len(&utxo->spk));
    case KASPA_OP_TXINPUTSPKLEN:
        return kaspa_vm_push_number(vm, (int64_t)spk_len(&utxo->spk));
    case KASPA_OP_TXINPUTSPKSUBSTR:
        return push_spk_part(vm, &utxo->spk, place->start, place->end);
    case KASPA_OP_TXINPUTDAASCORE:
        return push_as_signed(vm, utxo->block_daa_score);
    case KASPA_OP_TXINPUTISCOINBASE:
        return kaspa_vm_push_bool(vm, utxo->is_coinbase);
    case KASPA_OP_INPUTCOVENANTID:
    default:
        return push_id(vm, utxo->has_covenant, &utxo->covenant_id);
    }
}

static enum kaspa_script_error of_input(struct kaspa_vm *vm)
{
    const struct kaspa_tx *tx = vm->with->tx;
    enum kaspa_script_error rc;
    const struct kaspa_input *input;
    struct place place;

    rc = pop_place(vm, &place,
                   vm->now.opcode == KASPA_OP_TXINPUTSCRIPTSIGSUBSTR ||
                       vm->now.opcode == KASPA_OP_TXINPUTSPKSUBSTR,
                   tx->input_count, KASPA_SCRIPT_INVALID_INPUT_INDEX);
    if (rc != KASPA_SCRIPT_OK)
        return rc;
    input = &tx->inputs[place.index];
    switch (vm->now.opcode) {
    case KASPA_OP_OUTPOINTTXID:
        return push_hash(vm, &input->previous.txid);
    case KASPA_OP_OUTPOINTINDEX:
        return kaspa_vm_push_number(vm, input->previous.index);
    case KASPA_OP_TXINPUTSCRIPTSIGSUBSTR:
        return kaspa_vm_push_part(vm, input->signature_script, place.start, place.end);
    case KASPA_OP_TXINPUTSCRIPTSIGLEN:
        return kaspa_vm_push_number(vm, (int64_t)input->signature_script.len);
    case KASPA_OP_TXINPUTSEQ:
        return push_sequence(vm, input->sequence);
    default:
        return of_utxo(vm, &place);
    }
}

static enum kaspa_script_error payload_part(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    size_t range[2];

    if ((rc = kaspa_vm_pop_indices(vm, range, 2)) != KASPA_SCRIPT_OK)
        return rc;
    return kaspa_vm_push_part(vm, vm->with->tx->payload, range[0], range[1]);
}

static enum kaspa_script_error of_transaction(struct kaspa_vm *vm)
{
    const struct kaspa_tx *tx = vm->with->tx;

    switch (vm->now.opcode) {
    case KASPA_OP_TXVERSION:
        return kaspa_vm_push_number(vm, tx->version);
    case KASPA_OP_TXINPUTCOUNT:
        return kaspa_vm_push_number(vm, (int64_t)tx->input_count);
    case KASPA_OP_TXOUTPUTCOUNT:
        return kaspa_vm_push_number(vm, (int64_t)tx->output_count);
    case KASPA_OP_TXLOCKTIME:
        return push_as_signed(vm, tx->lock_time);
    case KASPA_OP_TXSUBNETID:
        return kaspa_vm_push(vm, assay_bytes_of(tx->subnetwork_id, sizeof(tx->subnetwork_id)));
    case KASPA_OP_TXGAS:
        return push_as_signed(vm, tx->gas);
    case KASPA_OP_TXPAYLOADSUBSTR:
        return payload_part(vm);
    case KASPA_OP_TXPAYLOADLEN:
        return kaspa_vm_push_number(vm, (int64_t)tx->payload.len);
    case KASPA_OP_TXINPUTINDEX:
        return kaspa_vm_push_number(vm, (int64_t)vm->with->input);
    default:
        return of_input(vm);
    }
}

enum kaspa_script_error kaspa_vm_introspect(struct kaspa_vm *vm)
{
    if (vm->with->tx == NULL)
        return KASPA_SCRIPT_INVALID_SOURCE;
    switch (vm->now.opcode) {
    case KASPA_OP_TXOUTPUTAMOUNT:
    case KASPA_OP_TXOUTPUTSPK:
    case KASPA_OP_TXOUTPUTSPKLEN:
    case KASPA_OP_TXOUTPUTSPKSUBSTR:
    case KASPA_OP_OUTPUTCOVENANTID:
    case KASPA_OP_OUTPUTAUTHORIZINGINPUT:
        return of_output(vm);
    default:
        return of_transaction(vm);
    }
}

static bool lock_time_is_open(const struct kaspa_engine *with, uint64_t wanted)
{
    uint64_t lock_time = with->tx->lock_time;

    return (lock_time < KASPA_LOCK_TIME_THRESHOLD) == (wanted < KASPA_LOCK_TIME_THRESHOLD) &&
           wanted <= lock_time && with->tx->inputs[with->input].sequence != KASPA_SEQUENCE_FINAL;
}

static bool sequence_is_open(const struct kaspa_engine *with, uint64_t wanted)
{
    uint64_t sequence = with->tx->inputs[with->input].sequence;

    if ((wanted & KASPA_SEQUENCE_LOCK_DISABLED) != 0)
        return true;
    return (sequence & KASPA_SEQUENCE_LOCK_DISABLED) == 0 &&
           (wanted & KASPA_SEQUENCE_LOCK_MASK) <= (sequence & KASPA_SEQUENCE_LOCK_MASK);
}

enum kaspa_script_error kaspa_vm_lock(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes operand;
    uint64_t wanted = 0; /* unsigned, unlike every other number of a script */
    bool is_open;

    if (vm->with->tx == NULL)
        return KASPA_SCRIPT_INVALID_SOURCE;
    if ((rc = kaspa_vm_pop(vm, &operand, 1)) != KASPA_SCRIPT_OK)
        return rc;
    if (operand.len > sizeof(wanted))
        return KASPA_SCRIPT_NUMBER_TOO_BIG;
    for (size_t i = 0; i < operand.len; i++)
        wanted |= (uint64_t)operand.at[i] << (8 * i);
    is_open = vm->now.opcode == KASPA_OP_CHECKLOCKTIMEVERIFY ? lock_time_is_open(vm->with, wanted)
                                                             : sequence_is_open(vm->with, wanted);
    return is_open ? KASPA_SCRIPT_OK : KASPA_SCRIPT_UNSATISFIED_LOCK_TIME;
}
