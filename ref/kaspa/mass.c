/* Masses, fees and script units; see mass.h. Whatever could pass 64 bits stops at their end, where
 * the header does not say that it fails: every limit is far below. */
#include "kaspa/mass.h"

#include "kaspa/txid.h"

#include <assert.h>

#define OUTPOINT_BYTES (KASPA_HASH_BYTES + 4)
#define COVENANT_BYTES (2 + KASPA_HASH_BYTES)
#define GRAMS_PER_OUTPUT_SCRIPT_BYTE 10
#define GRAMS_PER_SIG_OP 1000
#define GRAMS_PER_BUDGET 100
#define TRANSIENT_GRAMS_PER_BYTE 4
#define CELL_FIXED_BYTES 63 /* of an entry of the UTXO set, beside script and covenant */
#define CELL_UNIT_BYTES 100

static uint64_t plus(uint64_t a, uint64_t b)
{
    return a <= UINT64_MAX - b ? a + b : UINT64_MAX;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    return b == 0 || a <= UINT64_MAX / b ? a * b : UINT64_MAX;
}

/* Digest 6.4. Of a payload hash, which transactions no longer have, the room is still counted. */
uint64_t kaspa_estimated_size(const struct kaspa_tx *tx)
{
    uint64_t size = 2 + 8 + 8 + 8 + KASPA_SUBNETWORK_BYTES + 8 + KASPA_HASH_BYTES + 8;

    size = plus(size, tx->payload.len);
    for (size_t i = 0; i < tx->input_count; i++) {
        size = plus(size, OUTPOINT_BYTES + 8 + 8 + (tx->version > 0 ? 2 : 0));
        size = plus(size, tx->inputs[i].signature_script.len);
    }
    for (size_t i = 0; i < tx->output_count; i++) {
        size = plus(size, 8 + 2 + 8 + (tx->outputs[i].has_covenant ? COVENANT_BYTES : 0));
        size = plus(size, tx->outputs[i].spk.script.len);
    }
    return size;
}

/* What an input committed to, counted as its version counts. */
static uint64_t commitment(const struct kaspa_tx *tx, size_t input)
{
    const struct kaspa_input *in = &tx->inputs[input];

    if (tx->version == 0)
        return kaspa_input_sig_ops(in);
    return in->commit_kind == KASPA_COMMIT_BUDGET ? in->commit : 0;
}

uint64_t kaspa_compute_mass(const struct kaspa_tx *tx)
{
    uint64_t commitments = 0, script_bytes = 0, mass;

    if (kaspa_tx_is_coinbase(tx))
        return 0;
    for (size_t i = 0; i < tx->input_count; i++)
        commitments = plus(commitments, commitment(tx, i));
    for (size_t i = 0; i < tx->output_count; i++)
        script_bytes = plus(script_bytes, plus(2, tx->outputs[i].spk.script.len));
    mass = plus(kaspa_estimated_size(tx), times(script_bytes, GRAMS_PER_OUTPUT_SCRIPT_BYTE));
    return plus(mass, times(commitments, tx->version == 0 ? GRAMS_PER_SIG_OP : GRAMS_PER_BUDGET));
}

uint64_t kaspa_transient_mass(const struct kaspa_tx *tx)
{
    if (kaspa_tx_is_coinbase(tx))
        return 0;
    return times(kaspa_estimated_size(tx), TRANSIENT_GRAMS_PER_BYTE);
}

uint64_t kaspa_plurality(size_t script_len, bool has_covenant)
{
    uint64_t fixed = CELL_FIXED_BYTES + (has_covenant ? KASPA_HASH_BYTES : 0);
    uint64_t bytes = plus(script_len, fixed);

    return bytes / CELL_UNIT_BYTES + (bytes % CELL_UNIT_BYTES != 0);
}

/* The cells of one side of a transaction, summed up. A sum that does not fit stops at its end. */
struct tally {
    uint64_t plurality, amount, harmonic;
    bool plurality_fits, amount_fits, harmonic_fits;
    bool terms_fit; /* every term of harmonic is exact */
};

#define TALLY_INIT                                                                                 \
    {                                                                                              \
        .plurality_fits = true, .amount_fits = true, .harmonic_fits = true, .terms_fit = true      \
    }

static bool sum_up(uint64_t *sum, uint64_t more)
{
    bool fits = more <= UINT64_MAX - *sum;

    *sum = plus(*sum, more);
    return fits;
}

/* floor(c * p^2 / amount). */
static bool harmonic_term(uint64_t *out, const struct kaspa_cell *cell, uint64_t c)
{
    uint64_t p = cell->plurality;

    *out = 0;
    if (cell->amount == 0 || (p > 0 && c > UINT64_MAX / p / p))
        return false;
    *out = c * p * p / cell->amount;
    return true;
}

static void tally_add(struct tally *t, const struct kaspa_cell *cell, uint64_t c)
{
    uint64_t term;

    t->terms_fit = harmonic_term(&term, cell, c) && t->terms_fit;
    t->harmonic_fits = sum_up(&t->harmonic, term) && t->harmonic_fits;
    t->plurality_fits = sum_up(&t->plurality, cell->plurality) && t->plurality_fits;
    t->amount_fits = sum_up(&t->amount, cell->amount) && t->amount_fits;
}

/* Digest 6.4: one unit made, one unit spent, or two units made of two spent. */
static bool is_relaxed(const struct tally *in, const struct tally *out)
{
    if (out->plurality == 1)
        return true;
    return in->plurality == 1 || (in->plurality == 2 && out->plurality == 2);
}

/* What the inputs take off; of the relaxed path what does not fit stops at its end (KIP-9). */
static bool storage_credit(uint64_t *credit, const struct tally *in, const struct tally *out,
                           uint64_t c)
{
    uint64_t mean;

    if (is_relaxed(in, out)) {
        *credit = in->harmonic;
        return in->terms_fit;
    }
    mean = in->plurality > 0 ? in->amount / in->plurality : 0;
    *credit = times(in->plurality, c / (mean > 0 ? mean : 1));
    return in->amount_fits;
}

static bool storage_mass(uint64_t *mass, const struct tally *in, const struct tally *out,
                         uint64_t c)
{
    uint64_t credit;

    if (!out->plurality_fits || !out->terms_fit || !out->harmonic_fits || !in->plurality_fits ||
        !storage_credit(&credit, in, out, c))
        return false;
    *mass = minus(out->harmonic, credit);
    return true;
}

bool kaspa_storage_mass_of(uint64_t *out, const struct kaspa_cell *inputs, size_t input_count,
                           const struct kaspa_cell *outputs, size_t output_count, uint64_t c)
{
    struct tally spent = TALLY_INIT, made = TALLY_INIT;

    for (size_t i = 0; i < input_count; i++)
        tally_add(&spent, &inputs[i], c);
    for (size_t i = 0; i < output_count; i++)
        tally_add(&made, &outputs[i], c);
    return storage_mass(out, &spent, &made, c);
}

bool kaspa_storage_mass(uint64_t *out, const struct kaspa_tx *tx, const struct kaspa_utxo *utxos)
{
    struct tally spent = TALLY_INIT, made = TALLY_INIT;

    if (kaspa_tx_is_coinbase(tx)) {
        *out = 0;
        return true;
    }
    for (size_t i = 0; i < tx->input_count; i++) {
        struct kaspa_cell cell = {
            .plurality = kaspa_plurality(utxos[i].spk.script.len, utxos[i].has_covenant),
            .amount = utxos[i].amount,
        };

        tally_add(&spent, &cell, KASPA_STORAGE_MASS_C);
    }
    for (size_t i = 0; i < tx->output_count; i++) {
        const struct kaspa_output *output = &tx->outputs[i];
        struct kaspa_cell cell = {
            .plurality = kaspa_plurality(output->spk.script.len, output->has_covenant),
            .amount = output->value,
        };

        tally_add(&made, &cell, KASPA_STORAGE_MASS_C);
    }
    return storage_mass(out, &spent, &made, KASPA_STORAGE_MASS_C);
}

/* floor(mass * rate / 1000), in parts that fit where the whole does not. */
uint64_t kaspa_minimum_fee(uint64_t mass, uint64_t sompi_per_kilogram)
{
    uint64_t rate = sompi_per_kilogram, kilograms = mass / 1000, grams = mass % 1000;
    uint64_t fee = times(kilograms, rate);

    fee = plus(fee, grams * (rate / 1000) + grams * (rate % 1000) / 1000);
    if (fee == 0)
        fee = rate;
    return fee < KASPA_MAX_SOMPI ? fee : KASPA_MAX_SOMPI;
}

/* Transient mass counts half: a block takes twice as much of it as of compute mass. Being so many
 * bytes times 4, it has a half. */
uint64_t kaspa_relay_mass(const struct kaspa_tx *tx)
{
    uint64_t compute = kaspa_compute_mass(tx), half = kaspa_transient_mass(tx) / 2;

    static_assert(KASPA_BLOCK_TRANSIENT_LIMIT == 2 * KASPA_BLOCK_COMPUTE_LIMIT, "half of it");
    return compute > half ? compute : half;
}

uint64_t kaspa_relay_fee(const struct kaspa_tx *tx)
{
    return kaspa_minimum_fee(kaspa_relay_mass(tx), KASPA_RELAY_FEE_PER_KILOGRAM);
}

uint64_t kaspa_unit_limit(const struct kaspa_tx *tx, size_t input)
{
    uint64_t unit = tx->version == 0 ? KASPA_UNITS_PER_SIG_OP : KASPA_UNITS_PER_BUDGET;

    return KASPA_UNITS_FREE + commitment(tx, input) * unit;
}

/* With one unit less than a budget of 1 for free, rounding up what is beyond is rounding down. */
bool kaspa_budget_for(uint16_t *out, uint64_t units)
{
    uint64_t budget = units / KASPA_UNITS_PER_BUDGET;

    static_assert(KASPA_UNITS_FREE == KASPA_UNITS_PER_BUDGET - 1, "one unit less");
    if (budget > UINT16_MAX)
        return false;
    *out = (uint16_t)budget;
    return true;
}
