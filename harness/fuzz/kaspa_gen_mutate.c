/* Changes of one thing in a transaction, or in what it spends; see kaspa_gen_internal.h. */
#include "fuzz/kaspa_gen_internal.h"

static struct kaspa_input *an_input(struct kaspa_gen *g, struct gen_tx *t)
{
    bool is_the_one = gen_chance(g, 70);

    return &t->inputs[is_the_one ? t->input : gen_below(g, (uint32_t)t->tx.input_count)];
}

static struct kaspa_utxo *a_utxo(struct kaspa_gen *g, struct gen_tx *t)
{
    return &t->utxos[an_input(g, t) - t->inputs];
}

static struct kaspa_output *an_output(struct kaspa_gen *g, struct gen_tx *t)
{
    if (t->tx.output_count > 0)
        return &t->outputs[gen_below(g, (uint32_t)t->tx.output_count)];
    t->outputs[0] = (struct kaspa_output){.spk = {.script = ASSAY_LIT("")}}; /* one beside it */
    return &t->outputs[0];
}

/* ---- bytes ---- */

/* A flipped bit, a byte more or less, any byte, or a cut. */
static struct assay_bytes changed(struct kaspa_gen *g, struct assay_bytes bytes)
{
    uint8_t *at = gen_copy(g, bytes);
    size_t len = bytes.len;

    if (len == 0 || gen_one_in(g, 8))
        at[len++] = (uint8_t)gen_below(g, 256);
    else if (gen_one_in(g, 8))
        len--;
    else if (gen_one_in(g, 8))
        len = gen_below(g, (uint32_t)len);
    else if (gen_one_in(g, 4))
        at[gen_below(g, (uint32_t)len)] = (uint8_t)gen_below(g, 256);
    else
        at[gen_below(g, (uint32_t)len)] ^= (uint8_t)(1 << gen_below(g, 8));
    return assay_bytes_of(at, len);
}

static void change_hash(struct kaspa_gen *g, struct kaspa_hash *hash)
{
    hash->at[gen_below(g, KASPA_HASH_BYTES)] ^= (uint8_t)(1 << gen_below(g, 8));
}

static void change_signature_script(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_input *input = an_input(g, t);

    input->signature_script = changed(g, input->signature_script);
}

/* The last byte of the first push: of a signature the type. */
static void change_type(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_input *input = an_input(g, t);
    uint8_t *at = gen_copy(g, input->signature_script);

    if (input->signature_script.len < KASPA_SIGNATURE_PUSH_BYTES)
        return;
    at[KASPA_SIGNATURE_PUSH_BYTES - 1] = (uint8_t)gen_below(g, 256);
    input->signature_script.at = at;
}

static void change_spent_script(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_utxo *utxo = a_utxo(g, t);

    utxo->spk.script = changed(g, utxo->spk.script);
}

static void change_spent_version(struct kaspa_gen *g, struct gen_tx *t)
{
    a_utxo(g, t)->spk.version = (uint16_t)gen_count(g, 3);
}

static void change_output_script(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_output *output = an_output(g, t);

    output->spk.script = changed(g, output->spk.script);
}

static void change_payload(struct kaspa_gen *g, struct gen_tx *t)
{
    t->tx.payload = changed(g, t->tx.payload);
}

/* ---- fields ---- */

static void change_version(struct kaspa_gen *g, struct gen_tx *t)
{
    t->tx.version = (uint16_t)gen_count(g, 3);
}

static void change_outpoint(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_input *input = an_input(g, t);

    if (gen_chance(g, 50))
        change_hash(g, &input->previous.txid);
    else if (gen_chance(g, 50))
        input->previous.index++;
    else
        input->previous = t->inputs[0].previous; /* spent twice */
}

static void change_sequence(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_input *input = an_input(g, t);

    input->sequence = gen_chance(g, 50) ? input->sequence + 1 : gen_edge(g);
}

static void change_commitment(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_input *input = an_input(g, t);
    bool counts = input->commit_kind == KASPA_COMMIT_SIG_OPS;

    if (gen_one_in(g, 4))
        input->commit_kind = counts ? KASPA_COMMIT_BUDGET : KASPA_COMMIT_SIG_OPS;
    else
        input->commit = (uint16_t)gen_count(g, 12);
    if (input->commit_kind == KASPA_COMMIT_SIG_OPS)
        input->commit &= UINT8_MAX;
}

static void change_value(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_output *output = an_output(g, t);

    output->value = gen_chance(g, 50) ? output->value + 1 : gen_edge(g);
}

static void change_amount(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_utxo *utxo = a_utxo(g, t);

    utxo->amount = gen_chance(g, 50) ? utxo->amount + 1 : gen_edge(g);
}

static void change_entry(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_utxo *utxo = a_utxo(g, t);

    if (gen_chance(g, 40))
        utxo->block_daa_score = gen_edge(g);
    else if (gen_chance(g, 50))
        utxo->is_coinbase = !utxo->is_coinbase;
    else
        utxo->has_covenant = !utxo->has_covenant;
}

static void change_binding(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_output *output = an_output(g, t);

    if (gen_chance(g, 40))
        output->has_covenant = !output->has_covenant;
    else if (gen_chance(g, 50))
        output->authorizing_input = (uint16_t)gen_count(g, (uint32_t)t->tx.input_count + 1);
    else
        change_hash(g, &output->covenant_id);
}

/* With it, SINGLE may lose its output. */
static void change_output_count(struct kaspa_gen *g, struct gen_tx *t)
{
    size_t count = t->tx.output_count;

    if (count > 0 && gen_chance(g, 70))
        t->tx.output_count--;
    else if (count > 0 && count < GEN_OUTPUTS_MAX)
        t->outputs[t->tx.output_count++] = t->outputs[gen_below(g, (uint32_t)count)];
}

static void change_lane(struct kaspa_gen *g, struct gen_tx *t)
{
    t->tx.subnetwork_id[gen_below(g, KASPA_SUBNETWORK_BYTES)] ^= (uint8_t)(1 << gen_below(g, 8));
}

static void change_number(struct kaspa_gen *g, struct gen_tx *t)
{
    static const uint8_t weights[] = {2, 1, 1};

    switch (gen_weighted(g, weights, ARRAY_LEN(weights))) {
    case 0:
        t->tx.lock_time = gen_chance(g, 50) ? t->tx.lock_time + 1 : gen_edge(g);
        break;
    case 1:
        t->tx.gas = gen_edge(g);
        break;
    default:
        t->tx.storage_mass = gen_edge(g);
        break;
    }
}

void gen_tx_mutate(struct kaspa_gen *g, struct gen_tx *t)
{
    static const struct {
        void (*change)(struct kaspa_gen *g, struct gen_tx *t);
        uint8_t weight;
    } changes[] = {
        {change_signature_script, 6},
        {change_type, 3},
        {change_spent_script, 4},
        {change_spent_version, 1},
        {change_output_script, 1},
        {change_payload, 1},
        {change_version, 1},
        {change_outpoint, 1},
        {change_sequence, 1},
        {change_commitment, 2},
        {change_value, 1},
        {change_amount, 1},
        {change_entry, 1},
        {change_binding, 2},
        {change_output_count, 1},
        {change_lane, 1},
        {change_number, 1},
    };
    uint8_t weights[ARRAY_LEN(changes)];

    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        weights[i] = changes[i].weight;
    changes[gen_weighted(g, weights, ARRAY_LEN(weights))].change(g, t);
}
