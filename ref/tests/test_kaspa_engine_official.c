/* The engine on the node's own data: 955 script rows, signed transactions, locks, units. */
#include "kaspa/engine.h"

#include "ref/tests/upstream.h"

#include <criterion/criterion.h>

#define ARENA_BYTES ((size_t)64 << 20)

/* The transaction of the script rows, spending `spk` with `signature`. */
static void run_row(struct kaspa_run *run, struct assay_arena *arena, struct assay_bytes signature,
                    struct kaspa_spk spk)
{
    struct kaspa_input input = {.signature_script = signature,
                                .sequence = KASPA_SEQUENCE_FINAL,
                                .commit_kind = KASPA_COMMIT_BUDGET};
    struct kaspa_output output = {.spk = {.script = ASSAY_LIT("")}};
    struct kaspa_tx tx = {.version = 1,
                          .inputs = &input,
                          .input_count = 1,
                          .outputs = &output,
                          .output_count = 1,
                          .payload = ASSAY_LIT("")};
    struct kaspa_utxo utxo = {.spk = spk, .is_coinbase = true};
    struct kaspa_engine engine = {
        .tx = &tx, .utxos = &utxo, .unit_limit = KASPA_UNITS_UNLIMITED, .arena = arena};

    kaspa_engine_run_input(run, &engine);
}

/* The one row whose end depends on the sequencing commitment of a block. */
#define SEQ_COMMIT_ROW 652

Test(kaspa_engine, agrees_with_the_node_on_every_row_of_its_script_tests)
{
    json_t *doc = upstream_load("rusty-kaspa/script_tests_expanded.json");
    size_t at, count = 0;
    json_t *row;

    json_array_foreach (json_object_get(doc, "cases"), at, row) {
        struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
        int number = (int)json_integer_value(json_array_get(row, 0));
        const char *expected = json_string_value(json_array_get(row, 4));
        struct kaspa_spk spk = {.script = upstream_hex(&arena, json_array_get(row, 2))};
        struct kaspa_run run;

        run_row(&run, &arena, upstream_hex(&arena, json_array_get(row, 1)), spk);
        count++;
        if (number == SEQ_COMMIT_ROW) {
            cr_expect_eq(run.outcome, KASPA_UNDECIDED);
            cr_expect_eq(run.why, KASPA_UNDECIDED_SEQ_COMMIT);
        } else {
            cr_expect_str_eq(kaspa_script_error_name(run.error), expected, "row %d", number);
            cr_expect_eq(run.outcome, strcmp(expected, "OK") == 0 ? KASPA_VALID : KASPA_INVALID,
                         "row %d", number);
            cr_expect_eq(run.used_units, upstream_u64(json_array_get(row, 5)), "row %d", number);
        }
        assay_arena_fini(&arena);
    }
    cr_expect_eq(count, 955);
    json_decref(doc);
}

/* Runs every input up to the first that fails. */
static void judge_signed(struct assay_arena *arena, const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *expected = json_string_value(json_object_get(row, "modelResult"));
    struct kaspa_tx tx = upstream_tx(arena, json_object_get(row, "tx"));
    struct kaspa_sighash_cache cache = {0};
    struct kaspa_engine engine = {.tx = &tx,
                                  .utxos = upstream_utxos(arena, json_object_get(row, "utxos")),
                                  .cache = &cache,
                                  .unit_limit = KASPA_UNITS_UNLIMITED,
                                  .arena = arena};
    struct kaspa_run run = {.outcome = KASPA_VALID};

    for (; engine.input < tx.input_count; engine.input++) {
        kaspa_engine_run_input(&run, &engine);
        if (run.outcome != KASPA_VALID)
            break;
    }
    cr_expect_str_eq(kaspa_script_error_name(run.error), expected, "%s", name);
    cr_expect_eq(run.used_units, upstream_u64(json_object_get(row, "modelUsedScriptUnits")), "%s",
                 name);
    if (run.outcome == KASPA_INVALID)
        cr_expect_eq(engine.input, upstream_u64(json_object_get(row, "modelFailingInput")), "%s",
                     name);
}

/* A row, and the script in front of its lock opcode: the operand as a push, and what makes true. */
static void judge_lock(struct assay_arena *arena, const json_t *row)
{
    const char *kind = json_string_value(json_object_get(row, "kind"));
    struct assay_bytes item = upstream_hex(arena, json_object_get(row, "stackItem"));
    struct kaspa_input input = {.signature_script = ASSAY_LIT(""),
                                .sequence = upstream_u64(json_object_get(row, "inputSequence"))};
    struct kaspa_tx tx = {.version = (uint16_t)upstream_u64(json_object_get(row, "txVersion")),
                          .inputs = &input,
                          .input_count = 1,
                          .lock_time = upstream_u64(json_object_get(row, "txLockTime")),
                          .payload = ASSAY_LIT("")};
    struct kaspa_utxo utxo = {.spk = {.script = ASSAY_LIT("")}};
    struct kaspa_engine engine = {
        .tx = &tx, .utxos = &utxo, .unit_limit = KASPA_UNITS_UNLIMITED, .arena = arena};
    const char *error = json_string_value(json_object_get(row, "modelError"));
    uint8_t script[16] = {(uint8_t)item.len};
    struct kaspa_run run;

    memcpy(script + 1, item.at, item.len);
    script[1 + item.len] = strcmp(kind, "OP_CHECKLOCKTIMEVERIFY") == 0
                               ? KASPA_OP_CHECKLOCKTIMEVERIFY
                               : KASPA_OP_CHECKSEQUENCEVERIFY;
    script[2 + item.len] = KASPA_OP_1;
    kaspa_engine_run_script(&run, &engine, assay_bytes_of(script, 3 + item.len));
    cr_expect_str_eq(kaspa_script_error_name(run.error), error != NULL ? error : "OK");
    cr_expect_eq(run.outcome != KASPA_VALID, json_is_true(json_object_get(row, "shouldFail")));
}

static void judge_units(struct assay_arena *arena, const json_t *row)
{
    struct kaspa_run run;

    run_row(&run, arena, upstream_hex(arena, json_object_get(row, "signatureScript")),
            upstream_spk(arena, json_object_get(row, "scriptPublicKey")));
    cr_expect_eq(run.used_units, upstream_u64(json_object_get(row, "expectedUsedUnits")));
}

static void judge_units_standalone(struct assay_arena *arena, const json_t *row)
{
    struct kaspa_engine engine = {.unit_limit = KASPA_UNITS_UNLIMITED, .arena = arena};
    struct kaspa_run run;

    kaspa_engine_run_script(&run, &engine, upstream_hex(arena, json_object_get(row, "script")));
    cr_expect_eq(run.outcome, KASPA_VALID);
    cr_expect_eq(run.used_units, upstream_u64(json_object_get(row, "expectedUsedUnits")), "%s",
                 json_string_value(json_object_get(row, "name")));
}

/* Calls `judge` with every case of a kind (NULL: all), which are `count`. */
static void each_case(const char *file, const char *kind, size_t count,
                      void (*judge)(struct assay_arena *arena, const json_t *row))
{
    json_t *doc = upstream_load(file);
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    size_t at, seen = 0;
    json_t *row;

    json_array_foreach (json_object_get(doc, "cases"), at, row) {
        const char *own = json_string_value(json_object_get(row, "kind"));

        if (kind != NULL && strcmp(own, kind) != 0)
            continue;
        judge(&arena, row);
        seen++;
    }
    cr_expect_eq(seen, count, "%s: %s", file, kind != NULL ? kind : "all");
    assay_arena_fini(&arena);
    json_decref(doc);
}

Test(kaspa_engine, agrees_with_the_node_on_signed_transactions)
{
    each_case("rusty-kaspa/signed_txs.json", NULL, 14, judge_signed);
}

Test(kaspa_engine, agrees_with_the_node_on_locks)
{
    each_case("rusty-kaspa/sequence_locks.json", "OP_CHECKLOCKTIMEVERIFY", 4, judge_lock);
    each_case("rusty-kaspa/sequence_locks.json", "OP_CHECKSEQUENCEVERIFY", 5, judge_lock);
}

Test(kaspa_engine, agrees_with_the_node_on_units)
{
    each_case("rusty-kaspa/mass.json", "script-units", 5, judge_units);
    each_case("rusty-kaspa/mass.json", "script-units-standalone", 5, judge_units_standalone);
}
