/* Random cases: the operations, their weights, and what each is made of; see kaspa_gen.h. */
#include "fuzz/kaspa_gen.h"

#include "fuzz/kaspa_gen_data.h"
#include "kaspa/mass.h"
#include "kaspa/sighash.h"
#include "kaspa/sign.h"

#include <inttypes.h>
#include <stdio.h>

/* What is slow comes by number, so that each kind of it is in any run of some length. */
#define GIANT_EVERY 4096
#define GROWN_EVERY 512

/* ---- transactions ---- */

static void any_tx(struct kaspa_gen *g)
{
    struct gen_tx *t = &g->spend;

    if (gen_one_in(g, 50) && gen_spend_build(g, t))
        return;
    gen_tx_make(g, t);
    if (gen_chance(g, 50))
        gen_tx_join_covenants(g, t);
}

static json_t *make_txid(struct kaspa_gen *g)
{
    any_tx(g);
    if (gen_one_in(g, 20))
        g->spend.tx.input_count = 0;
    return gen_json_spend(g, &g->spend, false);
}

static json_t *make_sighash(struct kaspa_gen *g)
{
    static const uint8_t known[] = {0x01, 0x02, 0x04, 0x81, 0x82, 0x84};
    uint8_t type =
        gen_chance(g, 60) ? known[gen_below(g, ARRAY_LEN(known))] : (uint8_t)gen_below(g, 256);
    json_t *in;

    any_tx(g);
    in = gen_json_spend(g, &g->spend, true);
    gen_json_set(in, "input", json_integer((json_int_t)g->spend.input));
    gen_json_set(in, "type", json_integer(type));
    return in;
}

/* Cells of about the plurality at which the term of one, or the sum of two, fits 64 bits no more.
 */
static void grow_cells(struct kaspa_gen *g, struct gen_tx *t, uint64_t which)
{
    static const struct {
        uint16_t plurality;
        uint8_t cells;
        bool are_inputs;
    } sizes[] = {
        {4294, 1, false}, {4295, 1, false}, {3037, 2, false}, {3038, 2, false},
        {4294, 1, true},  {3037, 2, true},  {3038, 2, true},
    };
    size_t i = which % ARRAY_LEN(sizes), least = (sizes[i].plurality - (size_t)1) * 100 - 62;
    struct assay_bytes script = gen_bytes(g, least + gen_below(g, 100));

    t->inputs[1] = t->inputs[0];
    t->utxos[1] = t->utxos[0];
    for (size_t k = 0; k < sizes[i].cells; k++)
        if (sizes[i].are_inputs)
            t->utxos[k] = (struct kaspa_utxo){.amount = 1, .spk = {.script = script}};
        else
            t->outputs[k] = (struct kaspa_output){.value = 1, .spk = {.script = script}};
    if (t->tx.output_count < sizes[i].cells && !sizes[i].are_inputs)
        t->tx.output_count = sizes[i].cells;
    t->tx.input_count = 2;
}

/* Mostly what earlier checks let through: the others define no mass where these do not hold. */
static json_t *make_mass(struct kaspa_gen *g)
{
    struct gen_tx *t = &g->spend;
    bool is_sane = !gen_one_in(g, 60);

    any_tx(g);
    if (g->number % GROWN_EVERY == 0)
        grow_cells(g, t, g->number / GROWN_EVERY);
    for (size_t i = 0; i < t->tx.input_count && is_sane; i++) {
        t->inputs[i].commit_kind = t->tx.version == 0 ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET;
        if (t->tx.version == 0)
            t->inputs[i].commit &= UINT8_MAX;
        t->utxos[i].amount |= t->utxos[i].amount == 0 ? 1 : 0;
    }
    for (size_t i = 0; i < t->tx.output_count && is_sane; i++)
        t->outputs[i].value |= t->outputs[i].value == 0 ? 1 : 0;
    return gen_json_spend(g, t, true);
}

static json_t *make_covenants(struct kaspa_gen *g)
{
    gen_tx_make(g, &g->spend);
    gen_tx_join_covenants(g, &g->spend);
    if (gen_one_in(g, 4))
        gen_tx_mutate(g, &g->spend);
    return gen_json_spend(g, &g->spend, true);
}

/* ---- scripts ---- */

static void mutate(struct kaspa_gen *g, struct gen_tx *t, uint32_t percent)
{
    for (int i = 0; i < 2 && gen_chance(g, percent); i++)
        gen_tx_mutate(g, t);
}

static void any_run(struct kaspa_gen *g)
{
    static const uint8_t weights[] = {63, 30, 5};
    struct gen_tx *t = &g->spend;
    uint32_t percent = 40;

    if (g->number % GIANT_EVERY == 0) {
        gen_tx_make(g, t);
        gen_giant_spend(g, t, g->number / GIANT_EVERY);
        return;
    }
    if (!gen_one_in(g, 50) || !gen_spend_build(g, t)) {
        gen_tx_make(g, t);
        if (gen_chance(g, 60))
            gen_tx_join_covenants(g, t);
        switch (gen_weighted(g, weights, ARRAY_LEN(weights))) {
        case 0:
            gen_script_spend(g, t);
            percent = 10;
            break;
        case 1:
            gen_spend_sign(g, t);
            break;
        default: /* what it has by now is hardly a script */
            break;
        }
    }
    mutate(g, t, percent);
    gen_spend_limit(g, t);
}

static json_t *make_run(struct kaspa_gen *g)
{
    const struct gen_tx *t = &g->spend;
    json_t *in;

    any_run(g);
    in = gen_json_spend(g, t, true);
    gen_json_set(in, "input", json_integer((json_int_t)t->input));
    if (t->has_units)
        gen_json_set(in, "units",
                     t->units == KASPA_UNITS_UNLIMITED ? json_string("unlimited")
                                                       : gen_json_u64(t->units));
    return in;
}

/* ---- cases ---- */

static const struct kaspa_gen_operation operations[] = {
    {"kaspa.script.run", 50, make_run},
    {"kaspa.sighash", 10, make_sighash},
    {"kaspa.txid", 8, make_txid},
    {"kaspa.mass", 8, make_mass},
    {"kaspa.covenants", 8, make_covenants},
    {"kaspa.covenant.id", 2, gen_make_covenant_id},
    {"kaspa.script.class", 3, gen_make_class},
    {"kaspa.script.sig_ops", 3, gen_make_sig_ops},
    {"kaspa.address.decode", 4, gen_make_address_decode},
    {"kaspa.address.encode", 1, gen_make_address_encode},
    {"kaspa.address.of_script", 1, gen_make_address_of_script},
    {"kaspa.header_hash", 2, gen_make_header_hash},
};

const struct kaspa_gen_operation *kaspa_gen_operation_at(size_t index)
{
    return index < ARRAY_LEN(operations) ? &operations[index] : NULL;
}

enum assay_code kaspa_gen_new(struct kaspa_gen **out)
{
    struct kaspa_gen *g = assay_alloc(sizeof(*g));
    uint8_t *room = assay_alloc(GEN_ROOM_BYTES);

    if (g == NULL || room == NULL) {
        assay_free(g);
        assay_free(room);
        return ASSAY_E_NOMEM;
    }
    memset(g, 0, sizeof(*g));
    g->room = room;
    for (uint8_t i = 0; i < GEN_KEYS; i++)
        kaspa_key_from_seed(&g->keys[i], ASSAY_LIT("assay diff"), assay_bytes_of(&i, 1));
    *out = g;
    return ASSAY_OK;
}

void kaspa_gen_free(struct kaspa_gen *gen)
{
    if (gen == NULL)
        return;
    assay_free(gen->room);
    assay_free(gen);
}

static void begin(struct kaspa_gen *g, const char *operation, uint64_t seed, uint64_t number)
{
    char name[96];
    int len = snprintf(name, sizeof(name), "%s %016" PRIx64 " %" PRIu64, operation, seed, number);

    assay_random_init(&g->random, ASSAY_LIT("assay diff"),
                      assay_bytes_of(name, len < (int)sizeof(name) ? (size_t)len : sizeof(name)));
    g->number = number;
    g->left = 0;
    g->used = 0;
}

json_t *kaspa_gen_case(struct kaspa_gen *gen, const struct kaspa_gen_operation *operation,
                       uint64_t seed, uint64_t number)
{
    begin(gen, operation->name, seed, number);
    return operation->make(gen);
}

void kaspa_gen_script_run(struct kaspa_gen_run *out, struct kaspa_gen *gen, uint64_t seed,
                          uint64_t number)
{
    const struct gen_tx *t = &gen->spend;

    begin(gen, operations[0].name, seed, number);
    any_run(gen);
    *out = (struct kaspa_gen_run){&t->tx, t->utxos, t->input, t->has_units, t->units};
}
