/* The rules of a transaction over the official data: isolation, locks, signed transactions, and
 * the whole transactions that Kaspa x402 publishes with a node's verdict. */
#include "kaspa/verify.h"

#include "ref/tests/kaspa_payment.h"
#include "ref/tests/upstream.h"

#define ARENA_BYTES ((size_t)64 << 20)

static const char *text(const json_t *row, const char *name)
{
    const char *value = json_string_value(json_object_get(row, name));

    return value != NULL ? value : "";
}

/* Calls `judge` with every case of a kind; as many as are expected. */
static void each_case(const char *file, const char *kind, size_t expected,
                      void (*judge)(const json_t *row))
{
    json_t *doc = upstream_load(file);
    size_t at, count = 0;
    json_t *row;

    json_array_foreach (json_object_get(doc, "cases"), at, row) {
        if (strcmp(text(row, "kind"), kind) != 0)
            continue;
        judge(row);
        count++;
    }
    cr_expect_eq(count, expected, "%zu cases of %s", count, kind);
    json_decref(doc);
}

static void lane_of(struct payment *p, const json_t *row)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(4096);
    struct assay_bytes id = upstream_hex(&arena, json_object_get(row, "subnetworkId"));

    if (json_integer_value(json_object_get(row, "version")) == 1)
        as_version_1(p);
    cr_assert_eq(id.len, sizeof(p->tx.subnetwork_id));
    memcpy(p->tx.subnetwork_id, id.at, id.len);
    if (kaspa_tx_is_coinbase(&p->tx))
        p->tx.input_count = 0;
    assay_arena_fini(&arena);
}

static void judge_subnetwork(const json_t *row)
{
    struct payment *p = payment_new();
    size_t at;
    enum kaspa_tx_error error;

    lane_of(p, row);
    error = kaspa_tx_check_isolation(&p->tx, &at);
    cr_expect_eq(error,
                 json_is_true(json_object_get(row, "accepted")) ? KASPA_TX_OK
                                                                : KASPA_TX_SUBNETWORKS_DISABLED,
                 "row: %s", text(row, "subnetworkId"));
    payment_free(p);
}

Test(kaspa_official, subnetworks_are_taken_and_refused)
{
    each_case("rusty-kaspa/isolation_and_sigops.json", "subnetwork", 20, judge_subnetwork);
}

static void judge_gas(const json_t *row)
{
    struct payment *p = payment_new();
    size_t at;
    enum kaspa_tx_error error;

    lane_of(p, row);
    p->tx.gas = upstream_u64(json_object_get(row, "gas"));
    error = kaspa_tx_check_isolation(&p->tx, &at);
    cr_expect_eq(error,
                 json_is_true(json_object_get(row, "accepted")) ? KASPA_TX_OK : KASPA_TX_HAS_GAS,
                 "row: %s", text(row, "subnetworkId"));
    payment_free(p);
}

Test(kaspa_official, gas_is_taken_and_refused)
{
    each_case("rusty-kaspa/isolation_and_sigops.json", "gas", 5, judge_gas);
}

static void many_inputs(struct payment *p)
{
    p->tx.input_count = 1001;
}

static void long_signature_script(struct payment *p)
{
    p->inputs[0].signature_script = assay_bytes_of(zeros, 250001);
}

static void many_outputs(struct payment *p)
{
    p->tx.output_count = 1001;
}

static void long_output_script(struct payment *p)
{
    p->outputs[0].spk.script = assay_bytes_of(zeros, 10001);
}

static void same_outpoint(struct payment *p)
{
    p->tx.input_count = 2;
    p->inputs[1].previous = p->inputs[0].previous;
}

static void gas(struct payment *p)
{
    p->tx.gas = 1;
}

static void payload(struct payment *p)
{
    p->tx.payload = ASSAY_LIT("\x01\x02\x03");
}

static void counts_in_version_1(struct payment *p)
{
    p->tx.version = 1;
}

static void budgets_in_version_0(struct payment *p)
{
    as_version_1(p);
    p->tx.version = 0;
}

static void version_2(struct payment *p)
{
    p->tx.version = 2;
}

/* The official cases are named, not spelt out. */
static const struct {
    const char *name;
    void (*change)(struct payment *p);
} mutations[] = {
    {"too many inputs (1001)", many_inputs},
    {"signature script of 250001 bytes", long_signature_script},
    {"1001 outputs", many_outputs},
    {"output script of 10001 bytes", long_output_script},
    {"same outpoint twice", same_outpoint},
    {"v0 with gas 1", gas},
    {"native with non-empty payload", payload},
    {"v1 with sig-op commit", counts_in_version_1},
    {"v0 with compute budget", budgets_in_version_0},
    {"version 2", version_2},
};

static void judge_mutation(const json_t *row)
{
    struct payment *p = payment_new();
    size_t i = 0, at;

    while (i < ARRAY_LEN(mutations) && strcmp(mutations[i].name, text(row, "name")) != 0)
        i++;
    cr_assert_lt(i, ARRAY_LEN(mutations), "%s", text(row, "name"));
    mutations[i].change(p);
    cr_expect_str_eq(kaspa_tx_error_name(kaspa_tx_check_isolation(&p->tx, &at)),
                     text(row, "expected"), "row: %s", mutations[i].name);
    payment_free(p);
}

Test(kaspa_official, mutations_break_the_rule_that_the_node_names)
{
    each_case("rusty-kaspa/isolation_and_sigops.json", "isolation-mutation", 10, judge_mutation);
}

static void judge_relative_lock(const json_t *row)
{
    uint64_t sequence = upstream_u64(json_object_get(row, "sequence"));

    cr_expect_eq(kaspa_sequence_lock_is_open(sequence,
                                             upstream_u64(json_object_get(row, "utxoDaaScore")),
                                             upstream_u64(json_object_get(row, "povDaaScore"))),
                 json_is_true(json_object_get(row, "expectedOk")), "row: %llu",
                 (unsigned long long)sequence);
}

Test(kaspa_official, relative_locks_are_open_and_closed)
{
    each_case("rusty-kaspa/sequence_locks.json", "utxo-sequence-lock", 13, judge_relative_lock);
}

static void judge_lock_time(const json_t *row)
{
    const json_t *sequences = json_object_get(row, "inputSequences");
    struct payment *p = payment_new();

    p->tx.lock_time = upstream_u64(json_object_get(row, "lockTime"));
    p->tx.input_count = json_array_size(sequences);
    for (size_t i = 0; i < p->tx.input_count; i++)
        p->inputs[i].sequence = upstream_u64(json_array_get(sequences, i));
    p->pov.daa_score = upstream_u64(json_object_get(row, "blockDaaScore"));
    p->pov.past_median_time_ms = upstream_u64(json_object_get(row, "pastMedianTime"));
    cr_expect_eq(kaspa_tx_is_final(&p->tx, &p->pov),
                 json_is_true(json_object_get(row, "expectedFinal")), "row: lock time %llu",
                 (unsigned long long)p->tx.lock_time);
    payment_free(p);
}

Test(kaspa_official, lock_times_have_come_or_not)
{
    each_case("rusty-kaspa/sequence_locks.json", "tx-lock-time", 8, judge_lock_time);
}

/* The official set speaks of scripts alone: some of its transactions spend one outpoint twice,
 * which here is the end of it, and what others spend is not mature or worth enough. */
static void judge_signed(const json_t *row)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct kaspa_tx tx = upstream_tx(&arena, json_object_get(row, "tx"));
    struct kaspa_verify with = {.utxos = upstream_utxos(&arena, json_object_get(row, "utxos")),
                                .arena = &arena};
    const char *expected = text(row, "modelResult");
    struct kaspa_verdict v;
    const struct kaspa_check *scripts = &v.checks[KASPA_RULE_SCRIPTS];

    kaspa_tx_verify(&v, &tx, &with);
    upstream_expect_hash(&v.id, json_object_get(row, "txId"), text(row, "name"));
    if (tx.input_count > 1) {
        cr_expect_eq(v.error, KASPA_TX_DUPLICATE_INPUTS, "row: %s", text(row, "name"));
        cr_expect_eq(scripts->result, KASPA_CHECK_NOT_JUDGED, "row: %s", text(row, "name"));
    } else if (strcmp(expected, "OK") == 0) {
        cr_expect_eq(scripts->result, KASPA_CHECK_HELD, "row: %s", text(row, "name"));
    } else {
        cr_expect_eq(scripts->result, KASPA_CHECK_BROKEN, "row: %s", text(row, "name"));
        cr_expect_eq(scripts->error, KASPA_TX_SIGNATURE_INVALID, "row: %s", text(row, "name"));
        cr_expect_str_eq(kaspa_script_error_name(scripts->run.error), expected, "row: %s",
                         text(row, "name"));
        cr_expect_eq(scripts->run.used_units,
                     upstream_u64(json_object_get(row, "modelUsedScriptUnits")), "row: %s",
                     text(row, "name"));
    }
    assay_arena_fini(&arena);
}

Test(kaspa_official, signed_transactions_are_taken_and_refused)
{
    each_case("rusty-kaspa/signed_txs.json", "", 14, judge_signed);
}

/* A whole transaction with the UTXOs beside its inputs, and a point of view that opens its lock. */
struct published {
    struct kaspa_tx tx;
    struct kaspa_utxo *utxos;
    struct kaspa_point_of_view pov;
    struct kaspa_verify with;
};

static void read_published(struct published *p, struct assay_arena *arena, const json_t *tx)
{
    const json_t *inputs = json_object_get(tx, "inputs");

    p->tx = upstream_tx(arena, tx);
    p->utxos = assay_arena_alloc(arena, p->tx.input_count * sizeof(*p->utxos));
    cr_assert_not_null(p->utxos);
    for (size_t i = 0; i < p->tx.input_count; i++)
        p->utxos[i] = upstream_utxo(arena, json_object_get(json_array_get(inputs, i), "utxo"));
    p->pov = (struct kaspa_point_of_view){.daa_score = p->tx.lock_time + 1};
    p->with = (struct kaspa_verify){.utxos = p->utxos, .pov = &p->pov, .arena = arena};
}

/* For consensus: some of upstream's own examples pay less than relay asks. */
static void expect_valid(const struct kaspa_verdict *v, const struct kaspa_tx *tx, const char *name)
{
    for (size_t i = 0; i < KASPA_RULE_STANDARD_OUTPUTS; i++) {
        struct assay_buf sentence = ASSAY_BUF_INIT(400);

        kaspa_check_explain(&sentence, v, (enum kaspa_rule_number)i, tx);
        cr_expect_eq(v->checks[i].result, KASPA_CHECK_HELD, "%s: %s: %s", name, kaspa_rules[i].id,
                     assay_buf_cstr(&sentence));
        assay_buf_fini(&sentence);
    }
    cr_expect_eq(v->outcome, KASPA_VALID, "%s", name);
}

static void expect_units(const struct published *p, const json_t *units, const char *name)
{
    cr_assert_eq(json_array_size(units), p->tx.input_count);
    for (size_t i = 0; i < p->tx.input_count; i++) {
        struct kaspa_engine engine = {.tx = &p->tx,
                                      .utxos = p->utxos,
                                      .input = i,
                                      .unit_limit = KASPA_UNITS_UNLIMITED,
                                      .arena = p->with.arena};
        struct kaspa_run run;

        kaspa_engine_run_input(&run, &engine);
        cr_expect_eq(run.used_units, upstream_u64(json_array_get(units, i)), "%s: input %zu", name,
                     i);
    }
}

static const char *const profiles[] = {"standardNative", "additive"};

Test(kaspa_official, profiles_of_the_exact_scheme_hold_with_the_published_figures)
{
    json_t *doc = upstream_load("kaspa-x402/vectors/exact/consensus-profiles.json");

    for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
        const json_t *row = json_object_get(json_object_get(doc, "expected"), profiles[i]);
        struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
        struct published p;
        struct kaspa_verdict v;

        read_published(&p, &arena, json_object_get(row, "transaction"));
        kaspa_tx_verify(&v, &p.tx, &p.with);
        expect_valid(&v, &p.tx, profiles[i]);
        expect_units(&p, json_object_get(row, "scriptUnits"), profiles[i]);
        upstream_expect_hash(&v.id, json_object_get(row, "transactionId"), profiles[i]);
        cr_expect_eq(kaspa_estimated_size(&p.tx),
                     upstream_u64(json_object_get(row, "estimatedSerializedSize")));
        cr_expect_eq(v.compute_mass, upstream_u64(json_object_get(row, "computeMass")));
        cr_expect_eq(v.transient_mass, upstream_u64(json_object_get(row, "transientMass")));
        cr_expect_eq(v.storage_mass, upstream_u64(json_object_get(row, "storageMass")));
        cr_expect_eq(v.fee, upstream_u64(json_object_get(row, "fee")));
        assay_arena_fini(&arena);
    }
    json_decref(doc);
}

static void bad_signature(struct kaspa_tx *tx, struct kaspa_input *in, struct kaspa_utxo *utxos)
{
    (void)utxos;
    in[tx->input_count - 1].signature_script = assay_bytes_of(zeros, 66);
}

static void too_little_budget(struct kaspa_tx *tx, struct kaspa_input *in, struct kaspa_utxo *utxos)
{
    (void)utxos;
    in[tx->input_count - 1].commit--;
}

static void more_budget(struct kaspa_tx *tx, struct kaspa_input *in, struct kaspa_utxo *utxos)
{
    (void)utxos;
    in[tx->input_count - 1].commit++;
}

static void wrong_mass(struct kaspa_tx *tx, struct kaspa_input *in, struct kaspa_utxo *utxos)
{
    (void)in;
    (void)utxos;
    tx->storage_mass++;
}

static void other_version(struct kaspa_tx *tx, struct kaspa_input *in, struct kaspa_utxo *utxos)
{
    (void)in;
    (void)utxos;
    tx->version ^= 1;
}

static void some_gas(struct kaspa_tx *tx, struct kaspa_input *in, struct kaspa_utxo *utxos)
{
    (void)in;
    (void)utxos;
    tx->gas = 1;
}

static void forged_amount(struct kaspa_tx *tx, struct kaspa_input *in, struct kaspa_utxo *utxos)
{
    (void)tx;
    (void)in;
    utxos[0].amount += 1000;
}

/* Upstream names the mutation and whether consensus rejects it; a forged amount is
 * found by the mass that it makes before the signature is looked at. */
static const struct {
    const char *name, *profile;
    void (*change)(struct kaspa_tx *tx, struct kaspa_input *in, struct kaspa_utxo *utxos);
    enum kaspa_tx_error error;
} mutants[] = {
    {"additiveBadSignature", "additive", bad_signature, KASPA_TX_SIGNATURE_INVALID},
    {"additiveUnderbudget", "additive", too_little_budget, KASPA_TX_SIGNATURE_INVALID},
    {"additiveOverbudget", "additive", more_budget, KASPA_TX_OK},
    {"additiveWrongMass", "additive", wrong_mass, KASPA_TX_WRONG_MASS},
    {"additiveWrongVersion", "additive", other_version, KASPA_TX_BUDGET_IN_V0},
    {"standardBadSignature", "standardNative", bad_signature, KASPA_TX_SIGNATURE_INVALID},
    {"standardWrongMass", "standardNative", wrong_mass, KASPA_TX_WRONG_MASS},
    {"standardWrongVersion", "standardNative", other_version, KASPA_TX_SIG_OP_COUNT_IN_V1},
    {"standardGas", "standardNative", some_gas, KASPA_TX_HAS_GAS},
    {"forgedUtxoAmount", "standardNative", forged_amount, KASPA_TX_WRONG_MASS},
};

Test(kaspa_official, mutants_of_the_exact_scheme_are_rejected_where_upstream_rejects_them)
{
    json_t *doc = upstream_load("kaspa-x402/vectors/exact/consensus-profiles.json");
    const json_t *expected = json_object_get(doc, "expected");

    for (size_t i = 0; i < ARRAY_LEN(mutants); i++) {
        const json_t *row = json_object_get(expected, mutants[i].profile);
        const char *verdict = text(json_object_get(expected, "mutations"), mutants[i].name);
        struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
        struct kaspa_input inputs[2];
        struct published p;
        struct kaspa_verdict v;

        read_published(&p, &arena, json_object_get(row, "transaction"));
        cr_assert_leq(p.tx.input_count, ARRAY_LEN(inputs));
        memcpy(inputs, p.tx.inputs, p.tx.input_count * sizeof(inputs[0]));
        p.tx.inputs = inputs;
        mutants[i].change(&p.tx, inputs, p.utxos);
        kaspa_tx_verify(&v, &p.tx, &p.with);
        cr_expect_eq(v.error, mutants[i].error, "row: %s: %s", mutants[i].name,
                     kaspa_tx_error_name(v.error));
        cr_expect_eq(v.outcome == KASPA_INVALID, strcmp(verdict, "consensus-rejected") == 0,
                     "row: %s: %s", mutants[i].name, verdict);
        assay_arena_fini(&arena);
    }
    json_decref(doc);
}

/* Those whose "validation" is of a whole node. */
static const char *const transactions[] = {
    "kaspa-x402/vectors/tx-v1/batch-genesis.json",
    "kaspa-x402/vectors/tx-v1/batch-claim.json",
    "kaspa-x402/vectors/tx-v1/batch-claim-second.json",
    "kaspa-x402/vectors/tx-v1/batch-top-up.json",
    "kaspa-x402/vectors/tx-v1/batch-refund.json",
    "kaspa-x402/older/escrow-v1/vectors/tx-v1/batch-refund.json",
    "kaspa-x402/older/escrow-v2/vectors/tx-v1/batch-claim.json",
    "kaspa-x402/older/escrow-v2/vectors/tx-v1/batch-genesis.json",
    "kaspa-x402/older/escrow-v4/vectors/tx-v1/batch-refund.json",
};

static void expect_compute(const struct published *p, const json_t *compute, const char *name)
{
    if (compute == NULL)
        return;
    cr_expect_eq(p->tx.inputs[0].commit, upstream_u64(json_object_get(compute, "computeBudget")),
                 "%s", name);
    cr_expect_eq(kaspa_unit_limit(&p->tx, 0),
                 upstream_u64(json_object_get(compute, "scriptUnitAllowance")), "%s", name);
}

/* Of a transaction that is valid: a changed signature, mass, lock or budget is not. */
static void expect_refusals(struct published *p, const char *name)
{
    struct kaspa_verdict v;

    p->tx.storage_mass++;
    kaspa_tx_verify(&v, &p->tx, &p->with);
    cr_expect_eq(v.error, KASPA_TX_WRONG_MASS, "%s", name);
    p->tx.storage_mass--;
    p->utxos[0].amount++;
    p->with.mass_is_filled_in = true;
    p->tx.storage_mass = 0;
    kaspa_tx_verify(&v, &p->tx, &p->with);
    cr_expect_eq(v.error, KASPA_TX_SIGNATURE_INVALID, "%s", name);
    p->pov.daa_score = 0;
    kaspa_tx_verify(&v, &p->tx, &p->with);
    cr_expect_eq(v.error, p->tx.lock_time > 0 ? KASPA_TX_NOT_FINALIZED : KASPA_TX_SIGNATURE_INVALID,
                 "%s", name);
}

Test(kaspa_official, transactions_of_the_batch_scheme_are_valid_as_a_node_says)
{
    for (size_t i = 0; i < ARRAY_LEN(transactions); i++) {
        json_t *doc = upstream_load(transactions[i]);
        const json_t *expected = json_object_get(doc, "expected");
        const json_t *tx = json_object_get(expected, "transaction");
        struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
        struct published p;
        struct kaspa_verdict v;

        read_published(&p, &arena, tx);
        kaspa_tx_verify(&v, &p.tx, &p.with);
        expect_valid(&v, &p.tx, transactions[i]);
        upstream_expect_hash(&v.id, json_object_get(expected, "transactionId"), transactions[i]);
        cr_expect_eq(v.storage_mass, upstream_u64(json_object_get(tx, "mass")));
        cr_expect_eq(kaspa_estimated_size(&p.tx),
                     upstream_u64(json_object_get(tx, "estimatedSerializedSize")));
        cr_expect_eq(v.fee,
                     upstream_u64(json_object_get(json_object_get(expected, "fee"), "amount")));
        cr_expect_eq(v.checks[KASPA_RULE_RELAY_FEE].error, KASPA_TX_FEE_TOO_LOW);
        expect_compute(&p, json_object_get(expected, "compute"), transactions[i]);
        expect_refusals(&p, transactions[i]);
        assay_arena_fini(&arena);
        json_decref(doc);
    }
}

/* No block has room for it, and its signatures are placeholders: upstream checked ids, masses and
 * budget alone. */
Test(kaspa_official, the_settlement_of_the_upto_scheme_has_the_published_masses)
{
    json_t *doc = upstream_load("kaspa-x402/vectors/tx-v1/upto-settlement.json");
    const json_t *expected = json_object_get(doc, "expected");
    const json_t *tx = json_object_get(expected, "transaction");
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct published p;
    struct kaspa_verdict v;

    read_published(&p, &arena, tx);
    kaspa_tx_verify(&v, &p.tx, &p.with);
    cr_expect_eq(v.error, KASPA_TX_MASS_ABOVE_LIMIT);
    cr_expect_eq(v.storage_mass, upstream_u64(json_object_get(tx, "mass")));
    cr_expect_eq(kaspa_estimated_size(&p.tx),
                 upstream_u64(json_object_get(tx, "estimatedSerializedSize")));
    expect_compute(&p, json_object_get(expected, "compute"), "upto");
    assay_arena_fini(&arena);
    json_decref(doc);
}
