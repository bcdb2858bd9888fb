/* Any transaction of the generator, and what it spends; see kaspa_gen_internal.h. */
#include "fuzz/kaspa_gen_internal.h"

#include "kaspa/covenant.h"
#include "kaspa/mass.h"

/* ---- scripts of outputs ---- */

struct assay_bytes gen_standard(struct kaspa_gen *g, enum kaspa_class class, size_t key)
{
    struct assay_buf script = gen_buf(g, KASPA_SPK_MAX_STANDARD_BYTES);
    const struct assay_key *k = &g->keys[key];
    uint8_t hash[KASPA_HASH_BYTES];

    if (class == KASPA_CLASS_SCRIPT_HASH)
        gen_fill(g, hash, sizeof(hash));
    kaspa_script_add_standard(&script, class,
                              class == KASPA_CLASS_PUBKEY         ? k->xonly
                              : class == KASPA_CLASS_PUBKEY_ECDSA ? k->compressed
                                                                  : hash);
    return assay_buf_view(&script);
}

struct assay_bytes gen_pay_to_script(struct kaspa_gen *g, struct assay_bytes redeem)
{
    struct assay_buf script = gen_buf(g, KASPA_SPK_SCRIPT_HASH_BYTES);

    kaspa_script_add_pay_to_script_hash(&script, redeem);
    return assay_buf_view(&script);
}

/* Lengths at which something changes: the plurality of a cell with and without a covenant, what is
 * free of the surcharge, what a push of one byte can say. */
static size_t edge_len(struct kaspa_gen *g)
{
    static const uint16_t edges[] = {0,   1,   5,   6,   33,  34,  35,  36,  37, 38,
                                     105, 106, 137, 138, 205, 206, 255, 256, 520};

    return edges[gen_below(g, ARRAY_LEN(edges))];
}

static struct assay_bytes any_script(struct kaspa_gen *g)
{
    static const uint8_t weights[] = {35, 15, 20, 20, 10};
    struct assay_buf garbage;

    switch (gen_weighted(g, weights, ARRAY_LEN(weights))) {
    case 0:
        return gen_standard(g, KASPA_CLASS_PUBKEY, gen_below(g, GEN_KEYS));
    case 1:
        return gen_standard(g, KASPA_CLASS_PUBKEY_ECDSA, gen_below(g, GEN_KEYS));
    case 2:
        return gen_standard(g, KASPA_CLASS_SCRIPT_HASH, 0);
    case 3:
        return gen_bytes(g, edge_len(g));
    default:
        garbage = gen_buf(g, GEN_SCRIPT_BYTES);
        gen_garbage(g, &garbage);
        return assay_buf_view(&garbage);
    }
}

void gen_spk(struct kaspa_gen *g, struct kaspa_spk *out)
{
    out->version = gen_one_in(g, 25) ? (uint16_t)gen_edge(g) : 0;
    out->script = any_script(g);
}

/* ---- fields ---- */

static uint16_t any_version(struct kaspa_gen *g)
{
    static const uint16_t others[] = {2, 3, 255, 256, UINT16_MAX};
    uint32_t at = gen_below(g, 100);

    return at < 40 ? 0 : at < 96 ? 1 : others[gen_below(g, ARRAY_LEN(others))];
}

static uint64_t any_amount(struct kaspa_gen *g)
{
    uint32_t at = gen_below(g, 100);

    if (at < 45)
        return KASPA_SOMPI_PER_KAS / 100 + gen_u64(g) % (100 * KASPA_SOMPI_PER_KAS);
    if (at < 65)
        return 1 + gen_below(g, 10000000);
    if (at < 85) /* where the storage mass of one cell is about the limit of a block */
        return (1 + gen_below(g, 4)) * (KASPA_STORAGE_MASS_C / KASPA_BLOCK_STORAGE_LIMIT) - 1 +
               gen_below(g, 3);
    return gen_edge(g);
}

static uint64_t any_sequence(struct kaspa_gen *g)
{
    switch (gen_below(g, 5)) {
    case 0:
        return KASPA_SEQUENCE_FINAL;
    case 1:
        return 0;
    case 2:
        return KASPA_SEQUENCE_LOCK_DISABLED | gen_below(g, 100);
    case 3:
        return gen_below(g, 1000);
    default:
        return gen_edge(g);
    }
}

static uint64_t any_lock_time(struct kaspa_gen *g)
{
    switch (gen_below(g, 4)) {
    case 0:
        return 0;
    case 1:
        return gen_below(g, 1000000);
    case 2:
        return KASPA_LOCK_TIME_THRESHOLD - 2 + gen_below(g, 4);
    default:
        return gen_edge(g);
    }
}

static void any_subnetwork(struct kaspa_gen *g, uint8_t *id)
{
    uint32_t at = gen_below(g, 100);

    memset(id, 0, KASPA_SUBNETWORK_BYTES);
    if (at >= 65 && at < 85)
        gen_fill(g, id, 4); /* a user lane */
    else if (at >= 85 && at < 90)
        id[0] = (uint8_t)(1 + gen_below(g, 3)); /* 1: a coinbase */
    else if (at >= 90)
        gen_fill(g, id, KASPA_SUBNETWORK_BYTES);
}

/* At lengths where a chunk of BLAKE3 ends, too. */
static struct assay_bytes any_payload(struct kaspa_gen *g)
{
    uint32_t at = gen_below(g, 100);

    if (at < 60)
        return ASSAY_LIT("");
    if (at < 97)
        return gen_bytes(g, gen_below(g, gen_one_in(g, 4) ? 200 : 40));
    return gen_bytes(g, (size_t)1024 * (1 + gen_below(g, 4)) - 1 + gen_below(g, 3));
}

/* ---- the whole ---- */

static void any_input(struct kaspa_gen *g, const struct gen_tx *t, struct kaspa_input *out)
{
    bool is_right = !gen_one_in(g, 40);
    bool counts = (t->tx.version == 0) == is_right;

    *out = (struct kaspa_input){
        .previous = {.index = (uint32_t)gen_count(g, 4)},
        .signature_script =
            gen_bytes(g, gen_chance(g, 70) ? KASPA_SIGNATURE_PUSH_BYTES : gen_below(g, 300)),
        .sequence = any_sequence(g),
        .commit_kind = counts ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET,
        .commit = (uint16_t)gen_count(g, counts ? 4 : 40),
    };
    if (counts)
        out->commit &= UINT8_MAX;
    if (!gen_one_in(g, 10))
        gen_hash(g, &out->previous.txid);
}

static void any_utxo(struct kaspa_gen *g, struct kaspa_utxo *out)
{
    *out = (struct kaspa_utxo){.amount = any_amount(g),
                               .block_daa_score = gen_count(g, 1000000),
                               .is_coinbase = gen_one_in(g, 8)};
    gen_spk(g, &out->spk);
}

static void any_output(struct kaspa_gen *g, struct kaspa_output *out)
{
    *out = (struct kaspa_output){.value = any_amount(g)};
    gen_spk(g, &out->spk);
}

static size_t any_count(struct kaspa_gen *g, uint32_t least, uint32_t most)
{
    if (gen_one_in(g, 5000))
        return least + gen_below(g, most - least + 1);
    if (gen_one_in(g, 100))
        return least + gen_below(g, 20);
    return least + gen_below(g, gen_chance(g, 70) ? 3 : 6);
}

void gen_tx_make(struct kaspa_gen *g, struct gen_tx *t)
{
    t->tx = (struct kaspa_tx){
        .version = any_version(g),
        .inputs = t->inputs,
        .input_count = any_count(g, 1, GEN_INPUTS_MAX),
        .outputs = t->outputs,
        .output_count = any_count(g, 0, GEN_OUTPUTS_MAX),
        .lock_time = any_lock_time(g),
        .gas = gen_chance(g, 60) ? 0 : gen_edge(g),
        .payload = any_payload(g),
        .storage_mass = gen_chance(g, 50) ? 0 : gen_edge(g),
    };
    any_subnetwork(g, t->tx.subnetwork_id);
    for (size_t i = 0; i < t->tx.input_count; i++) {
        any_input(g, t, &t->inputs[i]);
        any_utxo(g, &t->utxos[i]);
    }
    for (size_t i = 0; i < t->tx.output_count; i++)
        any_output(g, &t->outputs[i]);
    t->input = gen_below(g, (uint32_t)t->tx.input_count);
    t->has_units = false;
}

/* ---- covenants ---- */

/* The outputs that start the covenant of `id` at input `from` get its id; `id` is any until then.
 */
static void found_covenant(struct gen_tx *t, uint16_t from, const struct kaspa_hash *id)
{
    struct kaspa_genesis_output group[GEN_OUTPUTS_MAX];
    struct kaspa_hash right;
    size_t count = 0;

    for (size_t i = 0; i < t->tx.output_count; i++) {
        struct kaspa_output *output = &t->outputs[i];

        if (output->has_covenant && output->authorizing_input == from &&
            kaspa_hash_equal(&output->covenant_id, id))
            group[count++] = (struct kaspa_genesis_output){(uint32_t)i, output};
    }
    if (count == 0)
        return;
    kaspa_covenant_id(&right, &t->inputs[from].previous, group, count);
    for (size_t i = 0; i < count; i++)
        t->outputs[group[i].index].covenant_id = right;
}

/* Binds it to an input: where that one is in a covenant itself, mostly to continue that. */
static void bind_output(struct kaspa_gen *g, struct gen_tx *t, struct kaspa_output *output,
                        const struct kaspa_hash *fresh)
{
    uint16_t from = (uint16_t)gen_below(g, (uint32_t)t->tx.input_count);
    const struct kaspa_utxo *utxo = &t->utxos[from];

    output->has_covenant = true;
    output->authorizing_input = from;
    output->covenant_id =
        utxo->has_covenant && gen_chance(g, 75) ? utxo->covenant_id : fresh[gen_below(g, 2)];
}

static void spoil_covenants(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_output *output = &t->outputs[gen_below(g, (uint32_t)t->tx.output_count)];

    switch (gen_below(g, 4)) {
    case 0:
        output->authorizing_input = (uint16_t)(t->tx.input_count - 1 + gen_below(g, 3));
        break;
    case 1:
        output->covenant_id.at[gen_below(g, KASPA_HASH_BYTES)] ^= 1;
        break;
    case 2:
        output->value ^= 1;
        break;
    default:
        output->has_covenant = !output->has_covenant;
        break;
    }
}

void gen_tx_join_covenants(struct kaspa_gen *g, struct gen_tx *t)
{
    struct kaspa_hash ids[2], fresh[2]; /* those of inputs; stand-ins for new ones */

    for (size_t i = 0; i < 2; i++) {
        gen_hash(g, &ids[i]);
        gen_hash(g, &fresh[i]);
    }
    for (size_t i = 0; i < t->tx.input_count; i++) {
        t->utxos[i].has_covenant = gen_chance(g, 50);
        if (t->utxos[i].has_covenant)
            t->utxos[i].covenant_id = ids[gen_below(g, 2)];
    }
    for (size_t i = 0; i < t->tx.output_count; i++)
        if (gen_chance(g, 60))
            bind_output(g, t, &t->outputs[i], fresh);
    for (size_t i = 0; i < t->tx.input_count && t->tx.output_count > 0; i++)
        for (size_t k = 0; k < 2; k++)
            found_covenant(t, (uint16_t)i, &fresh[k]);
    if (t->tx.output_count > 0 && gen_one_in(g, 10))
        spoil_covenants(g, t);
}
