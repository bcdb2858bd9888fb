/* Signing a transaction's input, against a table of what each signature hash type covers: what is
 * signed lets the input spend; then one field is changed, and the signature holds exactly where the
 * table says that the type leaves that field open. Signatures are the stand-in's.
 * Source: Kaspa consensus digest, section 2. */
#include "fuzz.h"

#include "fuzz/lib/input.h"
#include "kaspa/engine.h"
#include "kaspa/sign.h"

enum { PARTS_MAX = 4, SCRIPT_MAX = 8, ARENA_BYTES = 1 << 20 };

struct world {
    struct assay_arena arena;
    struct kaspa_tx tx; /* its arrays are those below */
    struct kaspa_input inputs[PARTS_MAX + 1];
    struct kaspa_output outputs[PARTS_MAX + 1];
    struct kaspa_utxo utxos[PARTS_MAX + 1];
    uint8_t payload[SCRIPT_MAX + 1];
    uint8_t scripts[2 * PARTS_MAX + 2][SCRIPT_MAX];
    uint8_t locks[PARTS_MAX + 1][KASPA_SPK_MAX_STANDARD_BYTES];
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES];
    size_t input; /* that is signed */
    unsigned bit; /* that is changed of a number, below 64 */
    bool is_ecdsa;
    uint8_t type;
};

/* A change of the k-th input or output, or of the whole; false: there is nothing to change. */
typedef bool change_function(struct world *w, size_t k);

static bool change_version(struct world *w, size_t k)
{
    (void)k;
    w->tx.version ^= 1;
    return true;
}

static bool change_outpoint_txid(struct world *w, size_t k)
{
    w->inputs[k].previous.txid.at[KASPA_HASH_BYTES - 1] ^= 1;
    return k < w->tx.input_count;
}

static bool change_outpoint_index(struct world *w, size_t k)
{
    w->inputs[k].previous.index ^= 1U << w->bit % 32;
    return k < w->tx.input_count;
}

static bool change_sequence(struct world *w, size_t k)
{
    w->inputs[k].sequence ^= UINT64_C(1) << w->bit;
    return k < w->tx.input_count;
}

static bool change_sig_ops(struct world *w, size_t k)
{
    w->inputs[k].commit ^= 1;
    return k < w->tx.input_count && w->tx.version == 0 &&
           w->inputs[k].commit_kind == KASPA_COMMIT_SIG_OPS;
}

static bool change_budget(struct world *w, size_t k)
{
    w->inputs[k].commit ^= 1;
    return k < w->tx.input_count && w->tx.version == 1;
}

static bool change_witness(struct world *w, size_t k)
{
    w->inputs[k].signature_script = ASSAY_LIT("\x51");
    return k < w->tx.input_count && k != w->input;
}

static bool add_input(struct world *w, size_t k)
{
    w->inputs[w->tx.input_count++] = (struct kaspa_input){.signature_script = ASSAY_LIT("")};
    return k == w->tx.input_count - 1;
}

static bool remove_input(struct world *w, size_t k)
{
    w->tx.input_count--;
    return k == w->tx.input_count && k != w->input;
}

static bool change_amount_spent(struct world *w, size_t k)
{
    w->utxos[k].amount ^= UINT64_C(1) << w->bit;
    return k < w->tx.input_count;
}

static bool change_spk_version_spent(struct world *w, size_t k)
{
    w->utxos[k].spk.version ^= 1;
    return k < w->tx.input_count && k != w->input; /* an unknown version is anyone's to spend */
}

static bool change_rest_spent(struct world *w, size_t k)
{
    w->utxos[k].block_daa_score ^= 1;
    w->utxos[k].is_coinbase = !w->utxos[k].is_coinbase;
    w->utxos[k].has_covenant = !w->utxos[k].has_covenant;
    return k < w->tx.input_count;
}

static bool change_value(struct world *w, size_t k)
{
    w->outputs[k].value ^= UINT64_C(1) << w->bit;
    return k < w->tx.output_count;
}

static bool change_script(struct world *w, size_t k)
{
    w->outputs[k].spk.script = w->outputs[k].spk.script.len > 0 ? ASSAY_LIT("") : ASSAY_LIT("\x6a");
    return k < w->tx.output_count;
}

static bool change_spk_version(struct world *w, size_t k)
{
    w->outputs[k].spk.version ^= (uint16_t)(1U << w->bit % 16);
    return k < w->tx.output_count;
}

static bool change_binding(struct world *w, size_t k)
{
    w->outputs[k].has_covenant = !w->outputs[k].has_covenant;
    return k < w->tx.output_count && w->tx.version == 1;
}

static bool change_covenant_id(struct world *w, size_t k)
{
    w->outputs[k].covenant_id.at[0] ^= 0x80;
    return k < w->tx.output_count && w->tx.version == 1 && w->outputs[k].has_covenant;
}

static bool change_authorizing_input(struct world *w, size_t k)
{
    w->outputs[k].authorizing_input ^= (uint16_t)(1U << w->bit % 16);
    return k < w->tx.output_count && w->tx.version == 1 && w->outputs[k].has_covenant;
}

static bool change_old_binding(struct world *w, size_t k)
{
    w->outputs[k].has_covenant = !w->outputs[k].has_covenant;
    return k < w->tx.output_count && w->tx.version == 0;
}

static bool add_output(struct world *w, size_t k)
{
    w->outputs[w->tx.output_count++] = (struct kaspa_output){.spk.script = ASSAY_LIT("")};
    return k == w->tx.output_count - 1;
}

static bool remove_output(struct world *w, size_t k)
{
    if (w->tx.output_count == 0)
        return false;
    return k == --w->tx.output_count;
}

static bool change_lock_time(struct world *w, size_t k)
{
    (void)k;
    w->tx.lock_time ^= UINT64_C(1) << w->bit;
    return true;
}

static bool change_subnetwork(struct world *w, size_t k)
{
    w->tx.subnetwork_id[k] ^= 1;
    return true;
}

static bool change_gas(struct world *w, size_t k)
{
    (void)k;
    w->tx.gas ^= UINT64_C(1) << w->bit;
    return true;
}

static bool change_payload(struct world *w, size_t k)
{
    w->payload[0] ^= 1;
    w->tx.payload = assay_bytes_of(w->payload, w->tx.payload.len);
    return k < w->tx.payload.len;
}

static bool lengthen_payload(struct world *w, size_t k)
{
    (void)k;
    w->tx.payload.len++;
    return true;
}

static bool change_storage_mass(struct world *w, size_t k)
{
    (void)k;
    w->tx.storage_mass ^= 1;
    return true;
}

/* The six types, as bits of the table. */
enum {
    ALL = 1,
    NONE = 2,
    SINGLE = 4,
    ALL_ANY = 8,
    NONE_ANY = 16,
    SINGLE_ANY = 32,
    EVERY = 63,
    NOT_ANY = ALL | NONE | SINGLE,
    OF_OUTPUTS = ALL | ALL_ANY,
    OF_OWN_OUTPUT = OF_OUTPUTS | SINGLE | SINGLE_ANY,
};

static const uint8_t types[] = {0x01, 0x02, 0x04, 0x81, 0x82, 0x84};

/* Which types notice the change: of the input signed or the output of its number, and of others. */
static const struct {
    change_function *change;
    unsigned own, other;
} rows[] = {
    {change_version, EVERY, EVERY},
    {change_outpoint_txid, EVERY, NOT_ANY},
    {change_outpoint_index, EVERY, NOT_ANY},
    {change_sequence, EVERY, ALL},
    {change_sig_ops, EVERY, NOT_ANY},
    {change_budget, 0, 0},
    {change_witness, 0, 0},
    {add_input, NOT_ANY, NOT_ANY},
    {remove_input, NOT_ANY, NOT_ANY},
    {change_amount_spent, EVERY, 0},
    {change_spk_version_spent, EVERY, 0},
    {change_rest_spent, 0, 0},
    {change_value, OF_OWN_OUTPUT, OF_OUTPUTS},
    {change_script, OF_OWN_OUTPUT, OF_OUTPUTS},
    {change_spk_version, OF_OWN_OUTPUT, OF_OUTPUTS},
    {change_binding, OF_OWN_OUTPUT, OF_OUTPUTS},
    {change_covenant_id, OF_OWN_OUTPUT, OF_OUTPUTS},
    {change_authorizing_input, OF_OWN_OUTPUT, OF_OUTPUTS},
    {change_old_binding, 0, 0},
    {add_output, OF_OWN_OUTPUT, OF_OUTPUTS},
    {remove_output, OF_OWN_OUTPUT, OF_OUTPUTS},
    {change_lock_time, EVERY, EVERY},
    {change_subnetwork, EVERY, EVERY},
    {change_gas, EVERY, EVERY},
    {change_payload, EVERY, EVERY},
    {lengthen_payload, EVERY, EVERY},
    {change_storage_mass, 0, 0},
};

static struct assay_bytes short_script(struct fuzz_input *in, uint8_t *room)
{
    size_t len = fuzz_option_below(in, SCRIPT_MAX + 1);

    fuzz_bytes(in, room, len);
    return assay_bytes_of(room, len);
}

static void make_input(struct world *w, struct fuzz_input *in, size_t i,
                       const struct assay_key *key)
{
    struct assay_buf lock = ASSAY_BUF_OVER(w->locks[i]);
    struct kaspa_input *input = &w->inputs[i];

    fuzz_bytes(in, input->previous.txid.at, KASPA_HASH_BYTES);
    input->previous.index = (uint32_t)fuzz_number(in, 4);
    input->signature_script = short_script(in, w->scripts[i]);
    input->sequence = fuzz_number(in, 8);
    input->commit_kind = (fuzz_option(in) & 1) != 0 ? KASPA_COMMIT_BUDGET : KASPA_COMMIT_SIG_OPS;
    input->commit = (uint16_t)(fuzz_number(in, 1));
    if (w->is_ecdsa)
        kaspa_script_add_pay_to_pubkey_ecdsa(&lock, key->compressed);
    else
        kaspa_script_add_pay_to_pubkey(&lock, key->xonly);
    w->utxos[i].amount = fuzz_number(in, 8);
    w->utxos[i].spk.script = assay_buf_view(&lock);
}

static void make_output(struct world *w, struct fuzz_input *in, size_t i)
{
    struct kaspa_output *output = &w->outputs[i];

    output->value = fuzz_number(in, 8);
    output->spk.version = (uint16_t)fuzz_number(in, 1);
    output->spk.script = short_script(in, w->scripts[PARTS_MAX + 1 + i]);
    output->has_covenant = (fuzz_option(in) & 1) != 0;
    output->authorizing_input = (uint16_t)fuzz_number(in, 2);
    fuzz_bytes(in, output->covenant_id.at, KASPA_HASH_BYTES);
}

static void make_tx(struct world *w, struct fuzz_input *in, const struct assay_key *key)
{
    w->tx.version = fuzz_option(in) & 1;
    w->tx.input_count = 1 + fuzz_option_below(in, PARTS_MAX);
    w->tx.output_count = fuzz_option_below(in, PARTS_MAX + 1);
    w->input = fuzz_option_below(in, w->tx.input_count);
    w->type = types[fuzz_option_below(in, ARRAY_LEN(types))];
    w->tx.lock_time = fuzz_number(in, 8);
    w->tx.gas = fuzz_number(in, 8);
    if ((fuzz_option(in) & 1) != 0)
        fuzz_bytes(in, w->tx.subnetwork_id, KASPA_SUBNETWORK_BYTES);
    w->tx.payload = short_script(in, w->payload);
    for (size_t i = 0; i < PARTS_MAX; i++)
        make_input(w, in, i, key);
    for (size_t i = 0; i < PARTS_MAX; i++)
        make_output(w, in, i);
    w->tx.inputs = w->inputs;
    w->tx.outputs = w->outputs;
}

/* Without a cache and with an empty one: the two must agree. */
static enum kaspa_outcome spends(struct world *w)
{
    struct kaspa_sighash_cache cache = {.has_outpoints = false};
    struct kaspa_engine engine = {.tx = &w->tx,
                                  .utxos = w->utxos,
                                  .input = w->input,
                                  .unit_limit = KASPA_UNITS_UNLIMITED,
                                  .arena = &w->arena};
    struct kaspa_run plain, cached;

    kaspa_engine_run_input(&plain, &engine);
    engine.cache = &cache;
    kaspa_engine_run_input(&cached, &engine);
    FUZZ_CHECK(plain.outcome == cached.outcome && plain.error == cached.error);
    FUZZ_CHECK(plain.used_units == cached.used_units);
    return plain.outcome;
}

static void sign(struct world *w, const struct assay_key *key)
{
    const struct kaspa_utxo *utxo = &w->utxos[w->input];

    FUZZ_CHECK((w->is_ecdsa ? kaspa_sign_ecdsa(w->push, &w->tx, w->input, utxo, w->type, key, NULL)
                            : kaspa_sign_schnorr(w->push, &w->tx, w->input, utxo, w->type, key,
                                                 NULL)) == ASSAY_OK);
    w->inputs[w->input].signature_script = assay_bytes_of(w->push, sizeof(w->push));
    FUZZ_CHECK(spends(w) == KASPA_VALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input_of(data, size);
    struct world w = {.arena = ASSAY_ARENA_INIT(ARENA_BYTES)};
    size_t row = fuzz_option_below(&in, ARRAY_LEN(rows)), k = fuzz_option_below(&in, PARTS_MAX + 1);
    struct assay_key key;
    unsigned covered;

    kaspa_key_from_seed(&key, ASSAY_LIT("fuzz"), ASSAY_LIT("signer"));
    w.bit = fuzz_option(&in);
    w.is_ecdsa = (w.bit & 1) != 0;
    w.bit = w.bit / 2 % 64;
    make_tx(&w, &in, &key);
    sign(&w, &key);
    covered = k == w.input ? rows[row].own : rows[row].other;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        covered &= types[i] == w.type ? EVERY : ~(1U << i);
    if (rows[row].change(&w, k))
        FUZZ_CHECK(spends(&w) == (covered != 0 ? KASPA_INVALID : KASPA_VALID));
    assay_arena_fini(&w.arena);
    return 0;
}
