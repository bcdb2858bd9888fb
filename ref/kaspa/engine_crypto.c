/* Opcodes that digest, and those that check signatures and proofs.
 * Source: Kaspa consensus digest, sections 4.3 to 4.5. */
#include "kaspa/engine_internal.h"

#define BLAKE2B_UNITS_PER_BYTE 2
#define GROTH16_TAG 0x20
#define GROTH16_UNITS 14000000
#define SUCCINCT_TAG 0x21
#define SUCCINCT_UNITS 25000000

static void digest(uint8_t *out, uint8_t opcode, struct assay_bytes data, struct assay_bytes key)
{
    switch (opcode) {
    case KASPA_OP_SHA256:
        assay_sha256(out, data);
        break;
    case KASPA_OP_BLAKE2B:
    case KASPA_OP_BLAKE2BWITHKEY:
        assay_blake2b(out, KASPA_HASH_BYTES, key, data);
        break;
    case KASPA_OP_BLAKE3:
    case KASPA_OP_BLAKE3WITHKEY:
    default:
        assay_blake3(out, key.len > 0 ? key.at : NULL, data);
        break;
    }
}

enum kaspa_script_error kaspa_vm_hash(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    uint8_t opcode = vm->now.opcode;
    bool is_keyed = opcode == KASPA_OP_BLAKE2BWITHKEY || opcode == KASPA_OP_BLAKE3WITHKEY;
    bool is_blake2b = opcode == KASPA_OP_BLAKE2BWITHKEY || opcode == KASPA_OP_BLAKE2B;
    struct assay_bytes operands[2] = {ASSAY_LIT(""), ASSAY_LIT("")}; /* data, key */
    uint8_t *at;

    if ((rc = kaspa_vm_pop(vm, operands, is_keyed ? 2 : 1)) != KASPA_SCRIPT_OK)
        return rc;
    if (opcode == KASPA_OP_BLAKE2BWITHKEY && operands[1].len > ASSAY_BLAKE2B_MAX_BYTES)
        return KASPA_SCRIPT_ELEMENT_TOO_BIG;
    if (opcode == KASPA_OP_BLAKE3WITHKEY && operands[1].len != ASSAY_BLAKE3_BYTES)
        return KASPA_SCRIPT_MALFORMED_PUSH;
    rc = kaspa_vm_charge(vm, operands[0].len * (is_blake2b ? BLAKE2B_UNITS_PER_BYTE : 1));
    if (rc != KASPA_SCRIPT_OK ||
        (rc = kaspa_vm_push_room(vm, &at, KASPA_HASH_BYTES)) != KASPA_SCRIPT_OK)
        return rc;
    digest(at, opcode, operands[0], operands[1]);
    return KASPA_SCRIPT_OK;
}

/* Wrong is an answer, malformed is an error; and the key is judged before the signature, so that
 * one of a wrong length is stood in for by zeros, which are well-formed. */
static enum kaspa_script_error verify(const struct kaspa_engine *with, bool *is_good,
                                      struct assay_bytes sig, const uint8_t *message,
                                      struct assay_bytes key, bool is_ecdsa)
{
    static const uint8_t zeros[ASSAY_SIG_BYTES];
    const uint8_t *at = sig.len == ASSAY_SIG_BYTES ? sig.at : zeros;
    enum assay_sig found;

    if (is_ecdsa && key.len != ASSAY_PUBKEY_BYTES)
        return KASPA_SCRIPT_PUBKEY_FORMAT;
    if (!is_ecdsa && key.len != ASSAY_XONLY_BYTES)
        return KASPA_SCRIPT_INVALID_PUBKEY;
    if (is_ecdsa)
        found = assay_ecdsa_verify(at, message, key.at);
    else if (with->on_schnorr != NULL)
        found = with->on_schnorr(with->context, at, message, key.at);
    else
        found = assay_schnorr_verify(at, message, key.at);
    if (found == ASSAY_SIG_BAD_KEY)
        return KASPA_SCRIPT_INVALID_PUBKEY;
    if (found == ASSAY_SIG_MALFORMED || sig.len != ASSAY_SIG_BYTES)
        return KASPA_SCRIPT_INVALID_SIGNATURE;
    *is_good = found == ASSAY_SIG_GOOD;
    return KASPA_SCRIPT_OK;
}

/* A signature of the transaction: its last byte is the type of what is signed. */
struct tx_signature {
    struct assay_bytes bytes;
    uint8_t type;
};

/* `item` is not empty. */
static enum kaspa_script_error read_signature(struct tx_signature *out, struct assay_bytes item)
{
    out->bytes = assay_bytes_part(item, 0, item.len - 1);
    out->type = item.at[item.len - 1];
    return kaspa_sighash_type_is_known(out->type) ? KASPA_SCRIPT_OK
                                                  : KASPA_SCRIPT_INVALID_SIG_HASH_TYPE;
}

static enum kaspa_script_error check_tx_signature(struct kaspa_vm *vm, bool *is_good,
                                                  const struct tx_signature *sig,
                                                  struct assay_bytes key, bool is_ecdsa)
{
    const struct kaspa_engine *with = vm->with;
    struct kaspa_sighash_cache *cache = with->cache != NULL ? with->cache : &vm->own_cache;
    enum kaspa_script_error rc;
    struct kaspa_hash message;

    if (with->tx == NULL)
        return KASPA_SCRIPT_INVALID_SOURCE;
    if ((rc = kaspa_vm_charge(vm, KASPA_UNITS_PER_SIG_OP)) != KASPA_SCRIPT_OK)
        return rc;
    if (is_ecdsa)
        kaspa_sighash_ecdsa(&message, with->tx, with->input, &with->utxos[with->input], sig->type,
                            cache);
    else
        kaspa_sighash_schnorr(&message, with->tx, with->input, &with->utxos[with->input], sig->type,
                              cache);
    return verify(with, is_good, sig->bytes, message.at, key, is_ecdsa);
}

/* A result is pushed, and paid for, even where the opcode takes it back at once. */
static enum kaspa_script_error push_result(struct kaspa_vm *vm, bool is_good, bool is_verify)
{
    (void)kaspa_vm_push_bool(vm, is_good);
    if (!is_verify)
        return KASPA_SCRIPT_OK;
    vm->data.len--;
    return is_good ? KASPA_SCRIPT_OK : KASPA_SCRIPT_VERIFY_ERROR;
}

static enum kaspa_script_error check_sig(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes operands[2]; /* signature, key */
    struct tx_signature sig;
    bool is_good = false;

    if ((rc = kaspa_vm_pop(vm, operands, 2)) != KASPA_SCRIPT_OK)
        return rc;
    if (operands[0].len > 0 &&
        ((rc = read_signature(&sig, operands[0])) != KASPA_SCRIPT_OK ||
         (rc = check_tx_signature(vm, &is_good, &sig, operands[1],
                                  vm->now.opcode == KASPA_OP_CHECKSIGECDSA)) != KASPA_SCRIPT_OK))
        return rc;
    return push_result(vm, is_good, vm->now.opcode == KASPA_OP_CHECKSIGVERIFY);
}

static enum kaspa_script_error check_sig_from_stack(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes operands[3]; /* signature, message, key */
    bool is_good;

    if ((rc = kaspa_vm_pop(vm, operands, 3)) != KASPA_SCRIPT_OK)
        return rc;
    if (operands[1].len != ASSAY_SIG_MESSAGE_BYTES)
        return KASPA_SCRIPT_INVALID_STATE;
    if ((rc = kaspa_vm_charge(vm, KASPA_UNITS_PER_SIG_OP)) != KASPA_SCRIPT_OK)
        return rc;
    rc = verify(vm->with, &is_good, operands[0], operands[1].at, operands[2],
                vm->now.opcode == KASPA_OP_CHECKSIGFROMSTACKECDSA);
    return rc == KASPA_SCRIPT_OK ? kaspa_vm_push_bool(vm, is_good) : rc;
}

/* Both lists stay in the stack's room, where nothing is pushed until they are done with. */
struct multisig {
    const struct assay_bytes *keys, *sigs;
    size_t key_count, sig_count;
    bool is_ecdsa;
};

static enum kaspa_script_error pop_count(struct kaspa_vm *vm, size_t *out, size_t max,
                                         enum kaspa_script_error wrong)
{
    enum kaspa_script_error rc;
    int32_t count;

    if ((rc = kaspa_vm_pop_i32s(vm, &count, 1)) != KASPA_SCRIPT_OK)
        return rc;
    if (count < 0 || (size_t)count > max)
        return wrong;
    *out = (size_t)count;
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error pop_list(struct kaspa_vm *vm, const struct assay_bytes **list,
                                        size_t count)
{
    if (vm->data.len < count)
        return KASPA_SCRIPT_INVALID_STACK_OPERATION;
    vm->data.len -= count;
    *list = vm->data.items + vm->data.len;
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error pop_multisig(struct kaspa_vm *vm, struct multisig *m)
{
    enum kaspa_script_error rc;

    if ((rc = pop_count(vm, &m->key_count, KASPA_MULTISIG_MAX_KEYS,
                        KASPA_SCRIPT_INVALID_PUBKEY_COUNT)) != KASPA_SCRIPT_OK)
        return rc;
    vm->operations += (uint32_t)m->key_count;
    if (vm->operations > KASPA_OPERATIONS_MAX)
        return KASPA_SCRIPT_TOO_MANY_OPERATIONS;
    if ((rc = pop_list(vm, &m->keys, m->key_count)) != KASPA_SCRIPT_OK ||
        (rc = pop_count(vm, &m->sig_count, m->key_count, KASPA_SCRIPT_INVALID_SIGNATURE_COUNT)) !=
            KASPA_SCRIPT_OK)
        return rc;
    return pop_list(vm, &m->sigs, m->sig_count);
}

/* Signatures and keys are walked together from the deepest; every attempt uses up its key. */
static enum kaspa_script_error match(struct kaspa_vm *vm, bool *are_good, const struct multisig *m)
{
    size_t key = 0;

    *are_good = false;
    for (size_t i = 0; i < m->sig_count; i++) {
        enum kaspa_script_error rc;
        struct tx_signature sig;
        bool is_good = false;

        if (m->sigs[i].len == 0)
            return KASPA_SCRIPT_OK;
        if ((rc = read_signature(&sig, m->sigs[i])) != KASPA_SCRIPT_OK)
            return rc;
        while (!is_good) {
            if (m->key_count - key < m->sig_count - i)
                return KASPA_SCRIPT_OK;
            rc = check_tx_signature(vm, &is_good, &sig, m->keys[key++], m->is_ecdsa);
            if (rc != KASPA_SCRIPT_OK)
                return rc;
        }
    }
    *are_good = true;
    return KASPA_SCRIPT_OK;
}

static enum kaspa_script_error check_multisig(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct multisig m = {.is_ecdsa = vm->now.opcode == KASPA_OP_CHECKMULTISIGECDSA};
    bool are_good;

    if ((rc = pop_multisig(vm, &m)) != KASPA_SCRIPT_OK ||
        (rc = match(vm, &are_good, &m)) != KASPA_SCRIPT_OK)
        return rc;
    for (size_t i = 0; !are_good && i < m.sig_count; i++) {
        if (m.sigs[i].len > 0)
            return KASPA_SCRIPT_NULL_FAIL;
    }
    return push_result(vm, are_good, vm->now.opcode == KASPA_OP_CHECKMULTISIGVERIFY);
}

enum kaspa_script_error kaspa_vm_signature(struct kaspa_vm *vm)
{
    switch (vm->now.opcode) {
    case KASPA_OP_CHECKSIG:
    case KASPA_OP_CHECKSIGECDSA:
    case KASPA_OP_CHECKSIGVERIFY:
        return check_sig(vm);
    case KASPA_OP_CHECKSIGFROMSTACK:
    case KASPA_OP_CHECKSIGFROMSTACKECDSA:
        return check_sig_from_stack(vm);
    default:
        return check_multisig(vm);
    }
}

/* The charge is made as a node makes it, before the proof is looked at; a tag that does not exist
 * has none, and is not told apart from a proof that is wrong. */
enum kaspa_script_error kaspa_vm_zk(struct kaspa_vm *vm)
{
    enum kaspa_script_error rc;
    struct assay_bytes tag;
    uint64_t units = 0;

    if (kaspa_vm_pop(vm, &tag, 1) != KASPA_SCRIPT_OK)
        return KASPA_SCRIPT_EMPTY_STACK;
    if (tag.len == 1 && tag.at[0] == GROTH16_TAG)
        units = GROTH16_UNITS;
    else if (tag.len == 1 && tag.at[0] == SUCCINCT_TAG)
        units = SUCCINCT_UNITS;
    rc = kaspa_vm_charge(vm, units);
    return rc == KASPA_SCRIPT_OK ? kaspa_vm_undecided(vm, KASPA_UNDECIDED_ZK) : rc;
}
