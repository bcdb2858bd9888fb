/* Masses, fees, script units and budgets: official figures, edges, and a second implementation of
 * the storage mass in numbers too wide to overflow. */
#include "kaspa/mass.h"

#include "base/random.h"
#include "ref/tests/upstream.h"

#include <criterion/criterion.h>

#define C KASPA_STORAGE_MASS_C

__extension__ typedef unsigned __int128 wide;

/* Calls `judge` with every official case of a kind; at least one. */
static void each_case(const char *kind, void (*judge)(struct assay_arena *arena, const json_t *row))
{
    json_t *doc = upstream_load("rusty-kaspa/mass.json");
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)1 << 24);
    size_t at, count = 0;
    json_t *row;

    json_array_foreach (json_object_get(doc, "cases"), at, row) {
        if (strcmp(json_string_value(json_object_get(row, "kind")), kind) != 0)
            continue;
        judge(&arena, row);
        count++;
    }
    cr_assert_gt(count, 0);
    assay_arena_fini(&arena);
    json_decref(doc);
}

static uint64_t number(const json_t *row, const char *name)
{
    return upstream_u64(json_object_get(row, name));
}

static struct kaspa_cell *cells_of(struct assay_arena *arena, const json_t *array)
{
    struct kaspa_cell *cells =
        assay_arena_alloc(arena, json_array_size(array) * sizeof(struct kaspa_cell));
    size_t at;
    json_t *cell;

    cr_assert_not_null(cells);
    json_array_foreach (array, at, cell) {
        cells[at].amount = number(cell, "amount");
        cells[at].plurality = number(cell, "plurality");
        cr_expect_eq(kaspa_plurality(number(cell, "scriptLen"), false), cells[at].plurality);
    }
    return cells;
}

static void judge_storage(struct assay_arena *arena, const json_t *row)
{
    const json_t *in = json_object_get(row, "inputs"), *out = json_object_get(row, "outputs");
    bool is_literal = json_object_get(row, "expectedMass") != NULL;
    uint64_t mass = 0;

    cr_assert(kaspa_storage_mass_of(&mass, cells_of(arena, in), json_array_size(in),
                                    cells_of(arena, out), json_array_size(out), number(row, "C")));
    cr_expect_eq(mass, number(row, is_literal ? "expectedMass" : "computedMass"), "row: %s",
                 json_string_value(json_object_get(row, "name")));
}

Test(kaspa_mass, has_the_official_storage_masses)
{
    each_case("storage-mass", judge_storage);
}

static void judge_plurality(struct assay_arena *arena, const json_t *row)
{
    (void)arena;
    cr_expect_eq(kaspa_plurality(number(row, "scriptLen"),
                                 json_is_true(json_object_get(row, "hasCovenant"))),
                 number(row, "expected"));
}

Test(kaspa_mass, has_the_official_pluralities)
{
    each_case("plurality", judge_plurality);
}

static void judge_fee(struct assay_arena *arena, const json_t *row)
{
    (void)arena;
    cr_expect_eq(kaspa_minimum_fee(number(row, "mass"), number(row, "sompiPerKilogram")),
                 number(row, "expected"));
}

Test(kaspa_mass, has_the_official_minimum_fees)
{
    each_case("minimum-relay-fee", judge_fee);
}

static void judge_budget(struct assay_arena *arena, const json_t *row)
{
    const json_t *expected = json_object_get(row, "expectedBudget");
    uint16_t budget = 7;

    (void)arena;
    cr_expect_eq(kaspa_budget_for(&budget, number(row, "requiredScriptUnits")),
                 !json_is_null(expected));
    cr_expect_eq(budget, json_is_null(expected) ? 7 : upstream_u64(expected));
}

Test(kaspa_mass, has_the_official_compute_budgets)
{
    each_case("compute-budget-covering", judge_budget);
}

static void judge_transaction(struct assay_arena *arena, const json_t *row)
{
    struct kaspa_tx tx = upstream_tx(arena, json_object_get(row, "tx"));

    cr_expect_eq(kaspa_estimated_size(&tx), number(row, "computedSerializedSize"));
    cr_expect_eq(kaspa_compute_mass(&tx), number(row, "computedComputeMass"));
    cr_expect_eq(kaspa_transient_mass(&tx), number(row, "computedTransientMass"));
}

Test(kaspa_mass, has_the_official_sizes_and_masses)
{
    each_case("non-contextual", judge_transaction);
}

/* What an input or output of nothing but zeros is made of in the tests below. */
static uint8_t zeros[1000];

static struct assay_bytes script_of(size_t len)
{
    return assay_bytes_of(zeros, len);
}

Test(kaspa_mass, follows_the_worked_example_of_the_digest)
{
    struct kaspa_input in = {.signature_script = script_of(66), .commit = 1};
    struct kaspa_output out[] = {{.value = 1, .spk = {0, script_of(34)}},
                                 {.value = 1, .spk = {0, script_of(34)}}};
    struct kaspa_tx tx = {
        .inputs = &in, .input_count = 1, .outputs = out, .output_count = 2, .payload = {zeros, 0}};

    cr_expect_eq(kaspa_estimated_size(&tx), 316);
    cr_expect_eq(kaspa_compute_mass(&tx), 2036);
    cr_expect_eq(kaspa_transient_mass(&tx), 1264);
    cr_expect_eq(kaspa_relay_fee(&tx), 203600);
    tx.version = 1;
    in.commit_kind = KASPA_COMMIT_BUDGET;
    in.commit = 10;
    cr_expect_eq(kaspa_estimated_size(&tx), 318);
    cr_expect_eq(kaspa_compute_mass(&tx), 2038);
    out[1].has_covenant = true;
    cr_expect_eq(kaspa_estimated_size(&tx), 352);
}

Test(kaspa_mass, asks_a_fee_for_half_the_transient_mass_where_that_is_more)
{
    struct kaspa_input in = {.signature_script = script_of(1)};
    struct kaspa_tx tx = {.inputs = &in, .input_count = 1, .payload = script_of(999)};

    cr_expect_eq(kaspa_compute_mass(&tx), kaspa_estimated_size(&tx));
    cr_expect_eq(kaspa_relay_fee(&tx), kaspa_estimated_size(&tx) * 2 * 100);
}

Test(kaspa_mass, is_nothing_for_a_coinbase)
{
    struct kaspa_output out = {.value = 1, .spk = {0, script_of(34)}};
    struct kaspa_tx tx = {.outputs = &out, .output_count = 1, .payload = {zeros, 0}};
    uint64_t mass = 7;

    tx.subnetwork_id[0] = 1;
    cr_expect_eq(kaspa_compute_mass(&tx), 0);
    cr_expect_eq(kaspa_transient_mass(&tx), 0);
    cr_expect(kaspa_storage_mass(&mass, &tx, NULL));
    cr_expect_eq(mass, 0);
}

Test(kaspa_mass, stops_at_the_end_of_64_bits_for_lengths_that_nothing_can_have)
{
    struct kaspa_output out = {.value = 1, .spk = {0, {zeros, SIZE_MAX}}};
    struct kaspa_tx tx = {.outputs = &out, .output_count = 1, .payload = {zeros, SIZE_MAX}};

    cr_expect_eq(kaspa_estimated_size(&tx), UINT64_MAX);
    cr_expect_eq(kaspa_compute_mass(&tx), UINT64_MAX);
    cr_expect_eq(kaspa_transient_mass(&tx), UINT64_MAX);
    cr_expect_eq(kaspa_relay_fee(&tx), KASPA_MAX_SOMPI);
    cr_expect_eq(kaspa_plurality(SIZE_MAX, true), UINT64_MAX / 100 + 1);
}

static const struct {
    size_t script_len;
    bool has_covenant;
    uint64_t plurality;
} pluralities[] = {
    {0, false, 1},  {34, false, 1}, {35, false, 1},  {37, false, 1},  {38, false, 2},
    {0, true, 1},   {5, true, 1},   {6, true, 2},    {34, true, 2},   {35, true, 2},
    {105, true, 2}, {106, true, 3}, {137, false, 2}, {138, false, 3}, {10000, true, 101},
};

Test(kaspa_mass, counts_the_units_of_100_bytes_that_an_output_begins)
{
    for (size_t i = 0; i < ARRAY_LEN(pluralities); i++)
        cr_expect_eq(kaspa_plurality(pluralities[i].script_len, pluralities[i].has_covenant),
                     pluralities[i].plurality, "row: %zu", i);
}

static const struct {
    const char *name;
    bool fits;
    uint64_t mass;
    size_t input_count, output_count;
    struct kaspa_cell inputs[3], outputs[3];
} storage[] = {
    {"one unit made of three is relaxed",
     true,
     0,
     3,
     1,
     {{1, 100}, {1, 100}, {1, 100}},
     {{1, 300}}},
    {"a single output of two units is not",
     true,
     C / 100,
     3,
     1,
     {{1, 50}, {1, 100}, {1, 150}},
     {{2, 100}}},
    {"one unit spent is relaxed",
     true,
     C / 50 + C / 50 - C / 100,
     1,
     2,
     {{1, 100}},
     {{1, 50}, {1, 50}}},
    {"two of two are relaxed",
     true,
     C / 10 + C / 190 - C / 100 - C / 100,
     2,
     2,
     {{1, 100}, {1, 100}},
     {{1, 10}, {1, 190}}},
    {"two units in one input are as two inputs",
     true,
     C / 10 + C / 190 - 4 * C / 200,
     1,
     2,
     {{2, 200}},
     {{1, 10}, {1, 190}}},
    {"three units of two are not relaxed",
     true,
     3 * (C / 10) - 2 * (C / 500),
     2,
     3,
     {{1, 1}, {1, 999}},
     {{1, 10}, {1, 10}, {1, 10}}},
    {"two units of three are not relaxed",
     true,
     2 * (C / 10) - 3 * (C / 400),
     3,
     2,
     {{1, 400}, {1, 400}, {1, 400}},
     {{1, 10}, {1, 10}}},
    {"a term of an output just fits", true, C * 4294 * 4294, 0, 1, {{0, 0}}, {{4294, 1}}},
    {"and then not", false, 0, 0, 1, {{0, 0}}, {{4295, 1}}},
    {"however much it is divided by", false, 0, 0, 1, {{0, 0}}, {{4295, UINT64_MAX}}},
    {"nor does the first product", false, 0, 0, 1, {{0, 0}}, {{UINT64_MAX, UINT64_MAX}}},
    {"the sum of outputs does not fit", false, 0, 0, 2, {{0, 0}}, {{4000, 1}, {4000, 1}}},
    {"the inputs' sum does not fit, and then nothing is added",
     false,
     0,
     3,
     2,
     {{1, UINT64_MAX}, {1, 1}, {1, 0}},
     {{1, 1}, {1, 1}}},
    {"one term does not fit, and then one does", false, 0, 0, 2, {{0, 0}}, {{4295, 1}, {1, 1}}},
    {"the sum does not fit, and then one more would",
     false,
     0,
     0,
     3,
     {{0, 0}},
     {{4000, 1}, {4000, 1}, {1, UINT64_MAX}}},
    {"a cell of no unit at all", true, C, 0, 2, {{0, 0}}, {{0, 1}, {1, 1}}},
    {"the units of outputs do not fit, and then nothing is added",
     false,
     0,
     0,
     3,
     {{0, 0}},
     {{UINT64_MAX, UINT64_MAX}, {1, 1}, {0, 1}}},
    {"the inputs' units do not fit, and then nothing is added",
     false,
     0,
     3,
     1,
     {{UINT64_MAX, 1}, {1, 1}, {0, 1}},
     {{1, 1}}},
    {"the units of outputs do not fit", false, 0, 0, 2, {{0, 0}}, {{UINT64_MAX, 1}, {1, 1}}},
    {"an output of nothing", false, 0, 1, 1, {{1, 1}}, {{1, 0}}},
    {"an input of nothing, relaxed", false, 0, 1, 1, {{1, 0}}, {{1, 1}}},
    {"an input of nothing that only adds to a sum",
     true,
     3 * C - 3 * (C / 33),
     3,
     2,
     {{1, 0}, {1, 50}, {1, 50}},
     {{2, 4}, {2, 2}}},
    {"inputs of nothing at all have a mean of 1",
     true,
     0,
     3,
     2,
     {{1, 0}, {1, 0}, {1, 0}},
     {{1, 1}, {1, 1}}},
    {"an input that is too large, relaxed", false, 0, 1, 1, {{4295, 1}}, {{1, 1}}},
    {"an input that is too large, not relaxed",
     true,
     3 * C - 4297 * (C / 4000),
     3,
     3,
     {{4295, 17187000}, {1, 1000}, {1, 0}},
     {{1, 1}, {1, 1}, {1, 1}}},
    {"the inputs' terms stop at their end", true, 0, 2, 1, {{4294, 1}, {4294, 1}}, {{1, 1}}},
    {"the inputs' units do not fit", false, 0, 2, 1, {{UINT64_MAX, 1}, {1, 1}}, {{1, 1}}},
    {"the inputs' sum does not fit and is asked for",
     false,
     0,
     3,
     2,
     {{1, UINT64_MAX}, {1, 1}, {1, 1}},
     {{1, 1}, {1, 1}}},
    {"the inputs' sum does not fit and is not asked for",
     true,
     0,
     2,
     1,
     {{1, UINT64_MAX}, {1, 1}},
     {{1, 1}}},
    {"no inputs take nothing off", true, 2 * C, 0, 2, {{0, 0}}, {{1, 1}, {1, 1}}},
    {"nothing", true, 0, 0, 0, {{0, 0}}, {{0, 0}}},
};

/* Word by word what the digest says, in 128 bits. Exact for what the tests ask. */
static bool naive_storage_mass(uint64_t *out, const struct kaspa_cell *in, size_t in_count,
                               const struct kaspa_cell *made, size_t made_count)
{
    wide p_in = 0, p_out = 0, sum = 0, plus = 0, minus = 0, harmonic = 0;
    bool terms_fit = true;

    for (size_t i = 0; i < made_count; i++) {
        wide term = (wide)C * made[i].plurality;

        if (term > UINT64_MAX || term * made[i].plurality > UINT64_MAX || made[i].amount == 0)
            return false;
        p_out += made[i].plurality;
        plus += term * made[i].plurality / made[i].amount;
    }
    for (size_t i = 0; i < in_count; i++) {
        wide term = (wide)C * in[i].plurality;

        p_in += in[i].plurality;
        sum += in[i].amount;
        if (term > UINT64_MAX || term * in[i].plurality > UINT64_MAX || in[i].amount == 0)
            terms_fit = false;
        else
            harmonic += term * in[i].plurality / in[i].amount;
    }
    if (plus > UINT64_MAX || p_in > UINT64_MAX || p_out > UINT64_MAX)
        return false;
    if (p_out == 1 || (in_count <= 2 && (p_in == 1 || (p_in == 2 && p_out == 2)))) {
        if (!terms_fit)
            return false;
        minus = harmonic;
    } else if (sum > UINT64_MAX) {
        return false;
    } else if (p_in > 0) {
        minus = p_in * (C / (sum / p_in > 1 ? sum / p_in : 1));
    }
    *out = plus > minus ? (uint64_t)(plus - minus) : 0;
    return true;
}

Test(kaspa_mass, of_storage_is_right_at_every_edge)
{
    for (size_t i = 0; i < ARRAY_LEN(storage); i++) {
        uint64_t mass = 7, naive = 7;

        cr_expect_eq(kaspa_storage_mass_of(&mass, storage[i].inputs, storage[i].input_count,
                                           storage[i].outputs, storage[i].output_count, C),
                     storage[i].fits, "row: %s", storage[i].name);
        cr_expect_eq(naive_storage_mass(&naive, storage[i].inputs, storage[i].input_count,
                                        storage[i].outputs, storage[i].output_count),
                     storage[i].fits, "row: %s", storage[i].name);
        cr_expect_eq(mass, storage[i].fits ? storage[i].mass : 7, "row: %s: %llu", storage[i].name,
                     (unsigned long long)mass);
        cr_expect_eq(mass, naive, "row: %s", storage[i].name);
    }
}

/* From 1 to 2^63, every length in bits as often. */
static uint64_t some(struct assay_random *random)
{
    return 1 + assay_random_below(random, UINT64_C(1) << assay_random_below(random, 64));
}

static size_t fill(struct kaspa_cell *cells, struct assay_random *random)
{
    size_t count = (size_t)assay_random_below(random, 5);

    for (size_t i = 0; i < count; i++) {
        cells[i].plurality = 1 + assay_random_below(random, 3);
        if (assay_random_below(random, 20) == 0)
            cells[i].plurality = 4200 + assay_random_below(random, 100);
        cells[i].amount = some(random);
    }
    return count;
}

Test(kaspa_mass, of_storage_agrees_with_a_second_implementation)
{
    struct assay_random random;
    size_t refused = 0, nothing = 0, something = 0;

    assay_random_init(&random, ASSAY_LIT("1"), ASSAY_LIT("storage mass"));
    for (size_t i = 0; i < 100000; i++) {
        struct kaspa_cell in[5], out[5];
        size_t in_count = fill(in, &random), out_count = fill(out, &random);
        uint64_t mass = 7, naive = 7;
        bool fits = kaspa_storage_mass_of(&mass, in, in_count, out, out_count, C);

        cr_assert_eq(fits, naive_storage_mass(&naive, in, in_count, out, out_count), "case %zu", i);
        cr_assert_eq(mass, naive, "case %zu", i);
        refused += !fits;
        nothing += fits && mass == 0;
        something += fits && mass > 0;
    }
    cr_expect(refused > 100 && nothing > 1000 && something > 1000, "%zu %zu %zu", refused, nothing,
              something);
}

Test(kaspa_mass, of_a_transaction_counts_scripts_and_covenants_of_both_sides)
{
    struct kaspa_input in[2] = {{.commit = 1}, {.commit = 1}};
    struct kaspa_utxo utxos[2] = {{.amount = 1000, .spk = {0, script_of(38)}},
                                  {.amount = 500, .spk = {0, script_of(6)}, .has_covenant = true}};
    struct kaspa_output out[2] = {{.value = 300, .spk = {0, script_of(37)}},
                                  {.value = 900, .spk = {0, script_of(106)}, .has_covenant = true}};
    struct kaspa_tx tx = {.inputs = in, .input_count = 2, .outputs = out, .output_count = 2};
    uint64_t mass = 0;

    cr_expect(kaspa_storage_mass(&mass, &tx, utxos));
    cr_expect_eq(mass, C / 300 + 9 * C / 900 - 4 * (C / 375));
    out[0].value = 0;
    cr_expect_not(kaspa_storage_mass(&mass, &tx, utxos));
}

Test(kaspa_fee, is_exact_where_the_product_passes_64_bits)
{
    static const uint64_t masses[] = {
        0, 1, 999, 1000, 1001, 123456789, UINT64_MAX / 1000, UINT64_MAX - 1, UINT64_MAX};
    static const uint64_t rates[] = {
        0, 1, 999, 1000, 100000, UINT64_MAX / 1000 + 1, UINT64_C(123456789012345678), UINT64_MAX};

    for (size_t i = 0; i < ARRAY_LEN(masses) * ARRAY_LEN(rates); i++) {
        uint64_t mass = masses[i % ARRAY_LEN(masses)], rate = rates[i / ARRAY_LEN(masses)];
        wide fee = (wide)mass * rate / 1000;

        fee = fee == 0 ? rate : fee;
        fee = fee > KASPA_MAX_SOMPI ? KASPA_MAX_SOMPI : fee;
        cr_expect_eq(kaspa_minimum_fee(mass, rate), (uint64_t)fee, "row: %zu", i);
    }
}

static const struct {
    const char *name;
    uint16_t version;
    enum kaspa_commit kind;
    uint16_t commit;
    uint64_t limit, grams;
} commitments[] = {
    {"no count", 0, KASPA_COMMIT_SIG_OPS, 0, 9999, 0},
    {"one count", 0, KASPA_COMMIT_SIG_OPS, 1, 109999, 1000},
    {"the largest count", 0, KASPA_COMMIT_SIG_OPS, 255, 25509999, 255000},
    {"a budget where a count belongs", 0, KASPA_COMMIT_BUDGET, 9, 9999, 0},
    {"no budget", 1, KASPA_COMMIT_BUDGET, 0, 9999, 0},
    {"a budget of one check", 1, KASPA_COMMIT_BUDGET, 10, 109999, 1000},
    {"the largest budget", 1, KASPA_COMMIT_BUDGET, 65535, 655359999, 6553500},
    {"a count where a budget belongs", 1, KASPA_COMMIT_SIG_OPS, 9, 9999, 0},
};

Test(kaspa_units, are_limited_by_what_an_input_committed_to_in_the_kind_of_its_version)
{
    for (size_t i = 0; i < ARRAY_LEN(commitments); i++) {
        struct kaspa_input in = {.commit_kind = commitments[i].kind,
                                 .commit = commitments[i].commit,
                                 .signature_script = {zeros, 0}};
        struct kaspa_tx tx = {.version = commitments[i].version,
                              .inputs = &in,
                              .input_count = 1,
                              .payload = {zeros, 0}};

        cr_expect_eq(kaspa_unit_limit(&tx, 0), commitments[i].limit, "row: %s",
                     commitments[i].name);
        cr_expect_eq(kaspa_compute_mass(&tx), kaspa_estimated_size(&tx) + commitments[i].grams,
                     "row: %s", commitments[i].name);
    }
}

Test(kaspa_units, are_covered_by_the_smallest_budget_and_by_no_smaller_one)
{
    for (uint64_t units = 0; units < UINT64_C(656000000); units += 9973) {
        uint16_t budget = 0;
        bool fits = kaspa_budget_for(&budget, units);

        cr_assert_eq(fits, units <= 65535 * KASPA_UNITS_PER_BUDGET + KASPA_UNITS_FREE);
        if (!fits)
            continue;
        cr_assert_leq(units, budget * KASPA_UNITS_PER_BUDGET + KASPA_UNITS_FREE);
        if (budget > 0)
            cr_assert_gt(units, (budget - 1u) * KASPA_UNITS_PER_BUDGET + KASPA_UNITS_FREE);
    }
}
