/* The rules of a transaction at their limits, in their order, and out of memory. */
#include "kaspa/txid.h"
#include "kaspa/verify.h"

#include "ref/tests/kaspa_payment.h"

static enum kaspa_tx_error isolation(const struct payment *p)
{
    size_t at;

    return kaspa_tx_check_isolation(&p->tx, &at);
}

static void verify(struct kaspa_verdict *v, struct payment *p)
{
    commit_to_mass(p);
    sign(p);
    kaspa_tx_verify(v, &p->tx, &p->with);
}

Test(kaspa_rules, have_names_of_their_own_in_the_order_of_their_stages)
{
    for (size_t i = 0; i < KASPA_RULE__COUNT; i++) {
        cr_expect_eq(strncmp(kaspa_rules[i].id, "kaspa.", 6), 0, "%s", kaspa_rules[i].id);
        cr_expect_eq(strncmp(kaspa_rules[i].source, "Kaspa consensus digest ", 23), 0);
        cr_expect_gt(strlen(kaspa_rules[i].sentence), 20, "%s", kaspa_rules[i].id);
        for (size_t j = 0; j < i; j++) {
            cr_expect_str_neq(kaspa_rules[i].id, kaspa_rules[j].id);
            cr_expect_leq(kaspa_rules[j].stage, kaspa_rules[i].stage);
        }
    }
}

Test(kaspa_isolation, takes_everything_at_its_limit)
{
    struct payment *p = payment_new();

    p->tx.input_count = KASPA_TX_MAX_INPUTS;
    p->tx.output_count = KASPA_TX_MAX_OUTPUTS;
    p->inputs[999].signature_script = assay_bytes_of(zeros, KASPA_SIGNATURE_SCRIPT_MAX_BYTES);
    p->outputs[999].spk.script = assay_bytes_of(zeros, KASPA_OUTPUT_SCRIPT_MAX_BYTES);
    for (size_t i = 0; i < KASPA_TX_MAX_OUTPUTS; i++)
        p->outputs[i].value = KASPA_MAX_SOMPI / KASPA_TX_MAX_OUTPUTS;
    cr_expect_eq(isolation(p), KASPA_TX_OK);
    p->outputs[7].value++;
    cr_expect_eq(isolation(p), KASPA_TX_TOTAL_OUT_TOO_HIGH);
    p->tx.output_count = 1;
    p->outputs[0].value = KASPA_MAX_SOMPI;
    cr_expect_eq(isolation(p), KASPA_TX_OK);
    p->tx.output_count = 0;
    cr_expect_eq(isolation(p), KASPA_TX_OK);
    payment_free(p);
}

Test(kaspa_isolation, takes_a_coinbase_at_its_limits)
{
    struct payment *p = payment_new();

    p->tx.subnetwork_id[0] = 1;
    p->tx.input_count = 0;
    p->tx.output_count = KASPA_COINBASE_MAX_OUTPUTS;
    p->outputs[125].spk.script = assay_bytes_of(zeros, KASPA_COINBASE_OUTPUT_SCRIPT_MAX_BYTES);
    cr_expect_eq(isolation(p), KASPA_TX_OK);
    p->tx.output_count = 0;
    cr_expect_eq(isolation(p), KASPA_TX_OK);
    p->tx.input_count = MANY;
    cr_expect_eq(isolation(p), KASPA_TX_TOO_MANY_INPUTS);
    p->tx.input_count = 1;
    p->inputs[0].signature_script = assay_bytes_of(zeros, KASPA_SIGNATURE_SCRIPT_MAX_BYTES + 1);
    cr_expect_eq(isolation(p), KASPA_TX_TOO_BIG_SIGNATURE_SCRIPT);
    payment_free(p);
}

Test(kaspa_isolation, finds_the_first_repetition_wherever_it_is)
{
    struct payment *p = payment_new();

    p->tx.input_count = KASPA_TX_MAX_INPUTS;
    for (size_t i = 1; i < KASPA_TX_MAX_INPUTS; i += 97)
        for (size_t j = 0; j < i; j += 89) {
            struct kaspa_outpoint kept = p->inputs[i].previous;
            size_t at = 0;

            p->inputs[i].previous = p->inputs[j].previous;
            cr_assert_eq(kaspa_tx_check_isolation(&p->tx, &at), KASPA_TX_DUPLICATE_INPUTS);
            cr_assert_eq(at, i);
            p->inputs[i].previous = kept;
        }
    cr_expect_eq(isolation(p), KASPA_TX_OK);
    payment_free(p);
}

/* Each of them breaks a rule that stands before all that were broken so far. */
Test(kaspa_isolation, names_the_rule_that_comes_first)
{
    struct payment *p = payment_new();

    p->tx.input_count = 2;
    p->outputs[1].has_covenant = true;
    cr_expect_eq(isolation(p), KASPA_TX_COVENANT_IN_V0);
    p->inputs[1].commit_kind = KASPA_COMMIT_BUDGET;
    cr_expect_eq(isolation(p), KASPA_TX_BUDGET_IN_V0);
    p->tx.version = 65535;
    cr_expect_eq(isolation(p), KASPA_TX_UNKNOWN_VERSION);
    p->tx.subnetwork_id[0] = 2;
    cr_expect_eq(isolation(p), KASPA_TX_SUBNETWORKS_DISABLED);
    p->tx.gas = 1;
    cr_expect_eq(isolation(p), KASPA_TX_HAS_GAS);
    p->inputs[1].previous = p->inputs[0].previous;
    cr_expect_eq(isolation(p), KASPA_TX_DUPLICATE_INPUTS);
    p->outputs[0].value = KASPA_MAX_SOMPI;
    cr_expect_eq(isolation(p), KASPA_TX_TOTAL_OUT_TOO_HIGH);
    p->outputs[1].value = KASPA_MAX_SOMPI + 1;
    cr_expect_eq(isolation(p), KASPA_TX_OUT_TOO_HIGH);
    p->outputs[0].value = 0;
    cr_expect_eq(isolation(p), KASPA_TX_OUT_ZERO);
    p->tx.subnetwork_id[0] = 1;
    cr_expect_eq(isolation(p), KASPA_TX_COINBASE_HAS_INPUTS);
    p->outputs[1].spk.script = assay_bytes_of(zeros, KASPA_OUTPUT_SCRIPT_MAX_BYTES + 1);
    cr_expect_eq(isolation(p), KASPA_TX_TOO_BIG_SCRIPT_PUBLIC_KEY);
    p->tx.subnetwork_id[0] = 0;
    p->tx.output_count = MANY;
    cr_expect_eq(isolation(p), KASPA_TX_TOO_MANY_OUTPUTS);
    p->inputs[1].signature_script = assay_bytes_of(zeros, KASPA_SIGNATURE_SCRIPT_MAX_BYTES + 1);
    cr_expect_eq(isolation(p), KASPA_TX_TOO_BIG_SIGNATURE_SCRIPT);
    p->tx.input_count = MANY;
    cr_expect_eq(isolation(p), KASPA_TX_TOO_MANY_INPUTS);
    p->tx.input_count = 0;
    cr_expect_eq(isolation(p), KASPA_TX_NO_INPUTS);
    payment_free(p);
}

Test(kaspa_isolation, of_a_coinbase_names_the_first_of_its_faults)
{
    struct payment *p = payment_new();

    p->tx.subnetwork_id[0] = 1;
    p->tx.input_count = 0;
    p->outputs[1].spk.script = assay_bytes_of(zeros, KASPA_COINBASE_OUTPUT_SCRIPT_MAX_BYTES + 1);
    cr_expect_eq(isolation(p), KASPA_TX_COINBASE_SCRIPT_TOO_LONG);
    p->tx.output_count = KASPA_COINBASE_MAX_OUTPUTS + 1;
    cr_expect_eq(isolation(p), KASPA_TX_COINBASE_TOO_MANY_OUTPUTS);
    p->tx.storage_mass = 1;
    cr_expect_eq(isolation(p), KASPA_TX_COINBASE_MASS);
    p->tx.input_count = 1;
    cr_expect_eq(isolation(p), KASPA_TX_COINBASE_HAS_INPUTS);
    payment_free(p);
}

static const struct {
    const char *name;
    uint64_t lock_time, first, second, daa_score, median;
    bool is_final;
} locks[] = {
    {"none", 0, 0, 0, 0, 0, true},
    {"the last score but one", 9, 0, 0, 10, 0, true},
    {"the score itself", 10, 0, 0, 10, UINT64_MAX, false},
    {"waived by all", 10, UINT64_MAX, UINT64_MAX, 10, 0, true},
    {"waived by one", 10, UINT64_MAX, UINT64_MAX - 1, 10, 0, false},
    {"waived by the other", 10, 0, UINT64_MAX, 10, 0, false},
    {"the last score", UINT64_C(499999999999), 0, 0, UINT64_C(500000000000), 0, true},
    {"the first millisecond", UINT64_C(500000000000), 0, 0, UINT64_MAX, UINT64_C(500000000000),
     false},
    {"the first millisecond is over", UINT64_C(500000000000), 0, 0, 0, UINT64_C(500000000001),
     true},
    {"never", UINT64_MAX, 0, 0, UINT64_MAX, UINT64_MAX, false},
    {"never, and waived", UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0, true},
};

Test(kaspa_finality, compares_with_what_the_lock_time_is_in)
{
    for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
        struct payment *p = payment_new();

        p->tx.input_count = 2;
        p->tx.lock_time = locks[i].lock_time;
        p->inputs[0].sequence = locks[i].first;
        p->inputs[1].sequence = locks[i].second;
        p->pov = (struct kaspa_point_of_view){locks[i].daa_score, locks[i].median};
        cr_expect_eq(kaspa_tx_is_final(&p->tx, &p->pov), locks[i].is_final, "row: %s",
                     locks[i].name);
        payment_free(p);
    }
}

Test(kaspa_finality, of_a_time_is_told_in_milliseconds)
{
    struct payment *p = payment_new();
    struct assay_buf text = ASSAY_BUF_INIT(200);
    struct kaspa_verdict v;

    p->tx.input_count = 2;
    p->inputs[0].sequence = UINT64_MAX;
    p->tx.lock_time = p->pov.past_median_time_ms;
    verify(&v, p);
    cr_expect_eq(v.error, KASPA_TX_NOT_FINALIZED);
    cr_expect_eq(v.checks[KASPA_RULE_FINALITY].at, 1);
    kaspa_check_explain(&text, &v, KASPA_RULE_FINALITY, &p->tx);
    cr_expect_str_eq(assay_buf_cstr(&text),
                     "its lock time has not come: millisecond 1 700 000 000 000");
    assay_buf_fini(&text);
    payment_free(p);
}

static const struct {
    const char *name;
    uint64_t sequence, made, now;
    bool is_open;
} relative[] = {
    {"none", 0, 100, 100, true},
    {"none, but not made yet", 0, 100, 99, false},
    {"one", 1, 100, 100, false},
    {"one, gone by", 1, 100, 101, true},
    {"the longest", UINT32_MAX, 0, UINT32_MAX, true},
    {"the longest but one", UINT32_MAX, 1, UINT32_MAX, false},
    {"high bits say nothing", UINT64_C(0x7fffffff00000000), 100, 100, true},
    {"the highest waives it", UINT64_C(0x80000000ffffffff), 100, 0, true},
    {"in the mempool only", 0, UINT64_MAX, 0, true},
    {"in the mempool only, and locked", 2, UINT64_MAX, 0, false},
    {"in the mempool only, and locked, much later", 2, UINT64_MAX, 1, true},
    {"a score of no chain", UINT32_MAX, INT64_MAX, INT64_MAX, false},
    {"another, unlocked", 0, INT64_MAX, INT64_MAX, true},
    {"a point of view of no chain", 0, 0, UINT64_MAX, false},
    {"both of no chain", 0, UINT64_C(1) << 63, UINT64_C(1) << 63, true},
};

Test(kaspa_sequence_lock, is_open_from_its_score_on)
{
    for (size_t i = 0; i < ARRAY_LEN(relative); i++)
        cr_expect_eq(
            kaspa_sequence_lock_is_open(relative[i].sequence, relative[i].made, relative[i].now),
            relative[i].is_open, "row: %s", relative[i].name);
}

Test(kaspa_spending, names_the_first_coinbase_that_is_too_young)
{
    struct payment *p = payment_new();
    struct kaspa_verdict v;

    p->tx.input_count = 3;
    for (size_t i = 1; i < 3; i++) {
        p->utxos[i].is_coinbase = true;
        p->utxos[i].block_daa_score = p->pov.daa_score;
    }
    verify(&v, p);
    cr_expect_eq(v.error, KASPA_TX_IMMATURE_COINBASE);
    cr_expect_eq(v.checks[KASPA_RULE_MATURITY].at, 1);
    payment_free(p);
}

Test(kaspa_spending, takes_inputs_that_are_worth_all_there_is)
{
    struct payment *p = payment_new();
    struct kaspa_verdict v;

    p->tx.input_count = 2;
    p->utxos[1].amount = KASPA_MAX_SOMPI - KAS;
    verify(&v, p);
    cr_expect_eq(v.outcome, KASPA_VALID);
    cr_expect_eq(v.input_sum, KASPA_MAX_SOMPI);
    p->utxos[1].amount++;
    verify(&v, p);
    cr_expect_eq(v.error, KASPA_TX_INPUT_TOO_HIGH);
    payment_free(p);
}

static void compute_mass_of_500000(struct payment *p)
{
    as_version_1(p);
    p->inputs[0].commit = 4989;
    p->tx.payload = assay_bytes_of(zeros, 62);
}

static void transient_mass_of_1000000(struct payment *p)
{
    p->tx.payload = assay_bytes_of(zeros, 249684);
}

static void storage_mass_of_500000(struct payment *p)
{
    p->tx.output_count = 1;
    p->outputs[0].value = 1999600;
}

/* Each with the smallest change that makes the mass larger. */
static void one_more_byte(struct payment *p)
{
    p->tx.payload.len++;
}

static void a_smaller_output(struct payment *p)
{
    p->outputs[0].value -= 4;
}

static const struct {
    void (*at_limit)(struct payment *p);
    void (*above)(struct payment *p);
    uint64_t compute, transient, storage; /* 0: not compared */
} limits[] = {
    {compute_mass_of_500000, one_more_byte, 500000, 0, 0},
    {transient_mass_of_1000000, one_more_byte, 0, 1000000, 0},
    {storage_mass_of_500000, a_smaller_output, 0, 0, 500000},
};

Test(kaspa_relay, takes_masses_up_to_the_limits_of_a_block)
{
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct payment *p = payment_new();
        struct kaspa_verdict v;

        p->utxos[0].amount = 100 * KAS;
        limits[i].at_limit(p);
        verify(&v, p);
        cr_expect_eq(v.checks[KASPA_RULE_MASS_LIMITS].result, KASPA_CHECK_HELD, "row: %zu", i);
        cr_expect(limits[i].compute == 0 || limits[i].compute == v.compute_mass);
        cr_expect(limits[i].transient == 0 || limits[i].transient == v.transient_mass);
        cr_expect(limits[i].storage == 0 || limits[i].storage == v.storage_mass);
        limits[i].above(p);
        verify(&v, p);
        cr_expect_eq(v.checks[KASPA_RULE_MASS_LIMITS].error, KASPA_TX_MASS_ABOVE_LIMIT, "row: %zu",
                     i);
        payment_free(p);
    }
}

Test(kaspa_verdict, has_the_figures_of_the_transaction)
{
    struct payment *p = payment_new();
    struct kaspa_verdict v;
    struct kaspa_hash id;

    verify(&v, p);
    kaspa_txid(&id, &p->tx);
    cr_expect(kaspa_hash_equal(&v.id, &id));
    cr_expect_eq(v.outcome, KASPA_VALID);
    cr_expect_eq(v.relay, KASPA_VALID);
    cr_expect_eq(v.compute_mass, 2036);
    cr_expect_eq(v.transient_mass, 1264);
    cr_expect(v.has_storage_mass && v.has_fee);
    cr_expect_eq(v.storage_mass, p->tx.storage_mass);
    cr_expect_eq(v.input_sum, KAS);
    cr_expect_eq(v.output_sum, KAS - KAS / 100);
    cr_expect_eq(v.fee, KAS / 100);
    cr_expect_eq(v.relay_fee, 203600);
    payment_free(p);
}

Test(kaspa_verdict, has_no_figures_that_are_not_known)
{
    struct payment *p = payment_new();
    struct kaspa_verdict v;

    memset(&v, 0xff, sizeof(v));
    p->with.utxos = NULL;
    p->outputs[1].value = 0;
    verify(&v, p);
    cr_expect_not(v.has_storage_mass || v.has_fee);
    cr_expect_eq(v.input_sum | v.output_sum | v.fee | v.storage_mass, 0);
    cr_expect_eq(v.relay_fee, 203600);
    cr_expect_eq(v.script_error, KASPA_SCRIPT_OK);
    payment_free(p);
}

Test(kaspa_verdict, names_the_script_error_only_where_a_script_is_the_first_fault)
{
    struct payment *p = payment_new();
    struct kaspa_verdict v;

    p->inputs[0].signature_script.len = 0;
    verify(&v, p);
    cr_expect_eq(v.error, KASPA_TX_SIGNATURE_EMPTY);
    cr_expect_eq(v.script_error, v.checks[KASPA_RULE_SCRIPTS].run.error);
    cr_expect_eq(v.script_error, KASPA_SCRIPT_INVALID_STACK_OPERATION);
    p->inputs[0].sequence = UINT32_MAX;
    verify(&v, p);
    cr_expect_eq(v.error, KASPA_TX_SEQUENCE_LOCK);
    cr_expect_eq(v.script_error, KASPA_SCRIPT_OK);
    cr_expect_eq(v.checks[KASPA_RULE_SCRIPTS].error, KASPA_TX_SIGNATURE_EMPTY);
    payment_free(p);
}

/* A covenant, and a redeem script that makes bytes: 1 byte and 1 byte, hashed and forgotten. */
static void use_memory(struct payment *p)
{
    as_version_1(p);
    p->tx.input_count = 2;
    p->utxos[0].has_covenant = true;
    p->outputs[0].has_covenant = true;
    p->utxos[1].spk.script = ASSAY_LIT("\x51\x52\x7e\xaa\x75\x51");
    p->inputs[1].signature_script.len = 0;
}

Test(kaspa_verdict, is_undecided_wherever_memory_ends)
{
    enum kaspa_outcome outcome = KASPA_UNDECIDED;
    size_t failures = 0;

    for (; outcome != KASPA_VALID; failures++) {
        struct payment *p = payment_new();
        struct kaspa_verdict v;

        use_memory(p);
        commit_to_mass(p);
        sign(p);
        assay_alloc_fail_after(failures);
        kaspa_tx_verify(&v, &p->tx, &p->with);
        assay_alloc_fail_after(SIZE_MAX);
        outcome = v.outcome;
        cr_assert_neq(outcome, KASPA_INVALID);
        cr_assert_lt(failures, 20);
        payment_free(p);
    }
    cr_expect_gt(failures, 1);
}

Test(kaspa_verdict, is_undecided_wherever_the_arena_is_full)
{
    bool covenants = false, scripts = false;
    size_t max = 0;

    for (; !scripts || !covenants || max < 4096; max += 16) {
        struct payment *p = payment_new();
        struct kaspa_verdict v;

        use_memory(p);
        p->arena.max = max;
        verify(&v, p);
        cr_assert_neq(v.outcome, KASPA_INVALID);
        cr_assert_eq(v.outcome == KASPA_UNDECIDED,
                     v.checks[KASPA_RULE_COVENANTS].result == KASPA_CHECK_UNDECIDED ||
                         v.checks[KASPA_RULE_SCRIPTS].result == KASPA_CHECK_UNDECIDED);
        covenants = covenants || v.checks[KASPA_RULE_COVENANTS].result == KASPA_CHECK_UNDECIDED;
        scripts = scripts || v.checks[KASPA_RULE_SCRIPTS].result == KASPA_CHECK_UNDECIDED;
        cr_assert_lt(max, 65536);
        payment_free(p);
    }
}

Test(kaspa_verdict, reads_no_byte_beyond_what_it_is_given)
{
    struct payment *p = payment_new();
    struct kaspa_verdict v;
    struct kaspa_input *inputs = malloc(sizeof(*inputs));
    struct kaspa_utxo *utxos = malloc(sizeof(*utxos));
    struct kaspa_output *outputs = malloc(2 * sizeof(*outputs));

    commit_to_mass(p);
    sign(p);
    cr_assert(inputs != NULL && utxos != NULL && outputs != NULL);
    *inputs = p->inputs[0];
    *utxos = p->utxos[0];
    memcpy(outputs, p->outputs, 2 * sizeof(*outputs));
    p->tx.inputs = inputs;
    p->tx.outputs = outputs;
    p->with.utxos = utxos;
    kaspa_tx_verify(&v, &p->tx, &p->with);
    cr_expect_eq(v.outcome, KASPA_VALID);
    free(inputs);
    free(utxos);
    free(outputs);
    payment_free(p);
}
