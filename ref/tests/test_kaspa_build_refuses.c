/* What the builder refuses, what it learns from scripts that read their own transaction, and what
 * it does without memory. */
#include "ref/tests/build_world.h"

#include "kaspa/covenant.h"
#include "kaspa/mass.h"

/* Fails with `rc` about spend `at`, saying `text`, and leaves the transaction as it was. */
static void expect_refused(struct world *w, enum assay_code rc, size_t at, const char *text,
                           const char *row)
{
    struct kaspa_tx tx, before;
    struct assay_err err = {0};

    memset(&tx, 0x5A, sizeof(tx));
    memcpy(&before, &tx, sizeof(tx));
    cr_expect_eq(kaspa_build(&tx, &w->arena, &w->plan, &err), rc, "row: %s: %s", row, err.text);
    cr_expect_eq(err.code, rc, "row: %s", row);
    cr_expect_eq(err.at, at, "row: %s: %zu", row, err.at);
    cr_expect_not_null(strstr(err.text, text), "row: %s: %s", row, err.text);
    cr_expect_arr_eq(&tx, &before, sizeof(tx), "row: %s", row);
    cr_expect_eq(kaspa_build(&tx, &w->arena, &w->plan, NULL), rc, "row: %s", row);
}

Test(kaspa_build_refuses, a_plan_that_spends_nothing)
{
    struct world w;

    world_init(&w, 0, LOCK_PUBKEY);
    w.plan.spend_count = 0;
    expect_refused(&w, ASSAY_E_MISSING, 0, "nothing is spent", "no spends");
    world_fini(&w);
}

Test(kaspa_build_refuses, a_key_that_is_missing_or_was_never_made)
{
    static const struct assay_key never;
    static const enum lock locks[] = {LOCK_PUBKEY, LOCK_PUBKEY_ECDSA, LOCK_MULTISIG,
                                      LOCK_MULTISIG_ECDSA};

    for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
        struct world w;

        world_init(&w, 1, locks[i]);
        if (locks[i] == LOCK_MULTISIG || locks[i] == LOCK_MULTISIG_ECDSA) {
            w.cosigners[0] = &never;
            expect_refused(&w, ASSAY_E_RANGE, 0, "spend 0: key 1", "a cosigner");
        } else {
            w.spends[1].key = &never;
            expect_refused(&w, ASSAY_E_RANGE, 1, "spend 1: key 0", "never made");
            w.spends[1].key = NULL;
            expect_refused(&w, ASSAY_E_MISSING, 1, "spend 1", "no key");
        }
        world_fini(&w);
    }
}

Test(kaspa_build_refuses, every_signature_hash_type_but_six)
{
    struct world w;

    world_init(&w, 1, LOCK_PUBKEY);
    for (unsigned type = 1; type <= UINT8_MAX; type++) {
        struct kaspa_tx tx;

        w.spends[1].sighash_type = (uint8_t)type;
        if (!kaspa_sighash_type_is_known((uint8_t)type))
            expect_refused(&w, ASSAY_E_UNKNOWN, 1, "spend 1: the signature hash type", "type");
        else
            cr_expect_eq(kaspa_build(&tx, &w.arena, &w.plan, NULL), ASSAY_OK);
    }
    world_fini(&w);
}

Test(kaspa_build_refuses, a_commitment_that_its_field_cannot_hold)
{
    static const struct {
        uint16_t version;
        int32_t commit;
    } rows[] = {{0, 256}, {1, 65536}, {0, -2}, {1, INT32_MIN}, {0, INT32_MAX}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;

        world_init(&w, rows[i].version, LOCK_PUBKEY);
        w.spends[1].commit = rows[i].commit;
        expect_refused(&w, ASSAY_E_RANGE, 1, "spend 1: the commitment", "commitment");
        world_fini(&w);
    }
}

static const struct {
    const char *name;
    uint64_t in[2], out[2];
    bool has_change;
    const char *text;
} sums[] = {
    {"the outputs are worth one more", {5, 5}, {5, 6}, false, "less than the outputs"},
    {"the outputs are worth one more", {5, 5}, {5, 6}, true, "less than the outputs"},
    {"nothing is left for the fee", {5, 5}, {5, 5}, true, "do not cover the fee"},
    {"the inputs are above what there is", {KASPA_MAX_SOMPI, 1}, {5, 5}, true, "a sum"},
    {"the inputs are above 64 bits", {1, UINT64_MAX}, {5, 5}, true, "a sum"},
    {"the outputs are above what there is", {9, 9}, {KASPA_MAX_SOMPI, 1}, true, "a sum"},
    {"the outputs are above 64 bits", {9, 9}, {1, UINT64_MAX}, false, "a sum"},
    {"an output is worth nothing", {9, 9}, {1, 0}, false, "an amount is 0"},
    {"and there would be change",
     {KASPA_SOMPI_PER_KAS, KASPA_SOMPI_PER_KAS},
     {KASPA_SOMPI_PER_KAS, 0},
     true,
     "an amount is 0"},
    {"a spend is worth nothing", {9, 0}, {1, 1}, false, "an amount is 0"},
};

Test(kaspa_build_refuses, amounts_that_do_not_add_up)
{
    for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
        struct world w;

        world_init(&w, 1, LOCK_PUBKEY);
        for (size_t k = 0; k < 2; k++) {
            w.spends[k].utxo.amount = sums[i].in[k];
            w.outputs[k].value = sums[i].out[k];
        }
        if (!sums[i].has_change)
            w.plan.change = NULL;
        expect_refused(&w, ASSAY_E_RANGE, 0, sums[i].text, sums[i].name);
        world_fini(&w);
    }
}

/* A plurality above 4294 squared, times 10^12; no output on the chain has such a script. */
Test(kaspa_build_refuses, a_storage_mass_above_64_bits)
{
    static const uint8_t script[450000];
    struct world w;

    world_init(&w, 1, LOCK_PUBKEY);
    w.spends[0].utxo.spk.script = assay_bytes_of(script, sizeof(script));
    one_spend(&w, 9 * KASPA_SOMPI_PER_KAS, KASPA_SOMPI_PER_KAS);
    w.plan.change = NULL;
    expect_refused(&w, ASSAY_E_RANGE, 0, "the storage mass", "storage mass");
    world_fini(&w);
}

Test(kaspa_build_refuses, more_than_consensus_allows)
{
    static const uint8_t bytes[KASPA_SIGNATURE_SCRIPT_MAX_BYTES + 1];
    static struct kaspa_spend spends[KASPA_TX_MAX_INPUTS + 1];
    static struct kaspa_output outputs[KASPA_TX_MAX_OUTPUTS + 1];
    struct world w, fresh;

    world_init(&w, 1, LOCK_PREIMAGE);
    fresh = w;
    w.plan.spends = spends;
    w.plan.spend_count = ARRAY_LEN(spends);
    expect_refused(&w, ASSAY_E_TOO_LARGE, 0, "more spends", "1001 spends");
    w.plan = fresh.plan;
    w.plan.outputs = outputs;
    w.plan.output_count = KASPA_TX_MAX_OUTPUTS;
    expect_refused(&w, ASSAY_E_TOO_LARGE, 0, "more outputs", "1000 outputs and change");
    w.plan.change = NULL;
    w.plan.output_count = KASPA_TX_MAX_OUTPUTS + 1;
    expect_refused(&w, ASSAY_E_TOO_LARGE, 0, "more outputs", "1001 outputs");
    w.plan = fresh.plan;
    w.change.script = assay_bytes_of(bytes, KASPA_OUTPUT_SCRIPT_MAX_BYTES + 1);
    expect_refused(&w, ASSAY_E_TOO_LARGE, 0, "change", "10 001 bytes of change");
    w.change = fresh.change;
    w.outputs[1].spk.script = assay_bytes_of(bytes, KASPA_OUTPUT_SCRIPT_MAX_BYTES + 1);
    expect_refused(&w, ASSAY_E_TOO_LARGE, 0, "output 1", "10 001 bytes of an output");
    w.outputs[1] = fresh.outputs[1];
    w.spends[1].unlock = assay_bytes_of(bytes, sizeof(bytes));
    expect_refused(&w, ASSAY_E_TOO_LARGE, 1, "spend 1", "unlock");
    w.spends[1] = fresh.spends[1];
    w.spends[1].redeem = assay_bytes_of(bytes, sizeof(bytes));
    expect_refused(&w, ASSAY_E_TOO_LARGE, 1, "spend 1", "redeem");
    w.spends[1] = fresh.spends[1];
    w.spends[1].cosigner_count = SIZE_MAX;
    expect_refused(&w, ASSAY_E_TOO_LARGE, 1, "spend 1", "cosigners");
    w.spends[1] = fresh.spends[1];
    w.spends[1].unlock = assay_bytes_of(bytes, KASPA_SIGNATURE_SCRIPT_MAX_BYTES);
    expect_refused(&w, ASSAY_E_TOO_LARGE, 1, "spend 1", "unlock and redeem together");
    world_fini(&w);
}

Test(kaspa_build, a_raw_signature_script_is_as_it_is_up_to_the_largest)
{
    static const uint8_t zeros[KASPA_SIGNATURE_SCRIPT_MAX_BYTES];
    struct kaspa_tx tx;
    struct world w;

    world_init(&w, 1, LOCK_RAW);
    w.spends[0].key = &w.keys[0];
    w.spends[1].unlock = assay_bytes_of(zeros, sizeof(zeros));
    w.spends[1].commit = 0;
    tx = built(&w, "largest");
    cr_expect(assay_bytes_equal(tx.inputs[0].signature_script, w.spends[0].unlock));
    cr_expect(assay_bytes_equal(tx.inputs[1].signature_script, w.spends[1].unlock));
    world_fini(&w);
}

/* A lock whose script ends as it should not. */
static const struct {
    const char *name, *redeem, *text;
    enum assay_code rc;
} runs[] = {
    {"false", "0", "EvalFalse", ASSAY_E_UNSUPPORTED},
    {"an error", "1 RETURN", "EarlyReturn", ASSAY_E_UNSUPPORTED},
    {"a commitment that a node knows",
     "'................................' CHAINBLOCKSEQCOMMIT DROP 1", "sequencing commitment",
     ASSAY_E_UNSUPPORTED},
};

Test(kaspa_build_refuses, to_learn_from_a_script_that_does_not_run)
{
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        struct world w;

        world_init(&w, 1, LOCK_PUBKEY);
        w.spends[1].key = NULL;
        lock_by_script(&w, &w.spends[1], assembled(&w, runs[i].redeem));
        expect_refused(&w, runs[i].rc, 1, runs[i].text, runs[i].name);
        w.spends[1].commit = 1;
        (void)built(&w, runs[i].name);
        world_fini(&w);
    }
}

Test(kaspa_build_refuses, to_learn_from_covenants_that_are_wrong)
{
    struct world w;

    world_init(&w, 1, LOCK_PUBKEY);
    w.outputs[0].has_covenant = true;
    expect_refused(&w, ASSAY_E_UNSUPPORTED, 0, "WrongGenesisCovenantId", "genesis");
    w.outputs[0].authorizing_input = 2;
    expect_refused(&w, ASSAY_E_UNSUPPORTED, 0, "AuthInputOutOfBounds", "no such input");
    world_fini(&w);
}

/* 200 000 bytes are duplicated, at a unit for each, as often as asked. */
static void lock_by_work(struct world *w, struct kaspa_spend *spend, size_t times)
{
    static const uint8_t bytes[200000];
    struct assay_buf script = ASSAY_BUF_INIT(KASPA_SIGNATURE_SCRIPT_MAX_BYTES);

    for (size_t i = 0; i < times; i++) {
        kaspa_script_add_opcode(&script, KASPA_OP_DUP);
        kaspa_script_add_opcode(&script, KASPA_OP_DROP);
    }
    kaspa_script_add_opcode(&script, KASPA_OP_DROP);
    kaspa_script_add_number(&script, 1);
    lock_by_script(w, spend, kept(w, &script));
    assay_buf_clear(&script);
    kaspa_script_add_push(&script, assay_bytes_of(bytes, sizeof(bytes)));
    spend->unlock = kept(w, &script);
    spend->key = NULL;
    assay_buf_fini(&script);
}

Test(kaspa_build_refuses, a_script_that_no_commitment_covers)
{
    static const struct {
        uint16_t version;
        size_t times, commit; /* 0: none is large enough */
    } rows[] = {{0, 127, 254}, {0, 128, 0}, {1, 127, 2540}, {1, 3277, 0}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kaspa_verdict v;
        struct kaspa_tx tx;
        struct world w;

        world_init(&w, rows[i].version, LOCK_PUBKEY);
        lock_by_work(&w, &w.spends[1], rows[i].times);
        if (rows[i].commit == 0) {
            expect_refused(&w, ASSAY_E_RANGE, 1, "no commitment covers", "work");
        } else {
            tx = built(&w, "work");
            judge(&v, &w, &tx);
            cr_expect_eq(v.outcome, KASPA_VALID);
            cr_expect_eq(tx.inputs[1].commit, rows[i].commit, "%u", tx.inputs[1].commit);
        }
        world_fini(&w);
    }
}

/* Makes 131 072 bytes, and pushes as many of them, and pays a unit for each, as the change (output
 * 1) is below `threshold`, divided. A budget of 1 costs 10 000 sompi and buys 10 000 units. */
static void lock_by_own_fee(struct world *w, uint64_t threshold, unsigned divisor)
{
    struct assay_buf text = ASSAY_BUF_INIT(1000);

    assay_buf_add_str(&text, "'................................'");
    for (size_t i = 0; i < 12; i++)
        assay_buf_add_str(&text, " DUP CAT");
    assay_buf_add_str(&text, " 0 0x08 0x");
    for (size_t i = 0; i < 8; i++)
        assay_buf_printf(&text, "%02x", (unsigned)(threshold >> (8 * i)) & 0xFF);
    assay_buf_printf(&text, " 1 TXOUTPUTAMOUNT SUB 0 MAX %u DIV SUBSTR DROP 1", divisor);
    w->spends[0].key = NULL;
    lock_by_script(w, &w->spends[0], assembled(w, assay_buf_cstr(&text)));
    assay_buf_fini(&text);
}

/* The change where the script asks for nothing on account of it. */
static uint64_t undisturbed_change(void)
{
    struct kaspa_tx tx;
    uint64_t change;
    struct world w;

    world_init(&w, 1, LOCK_PUBKEY);
    one_spend(&w, 100 * KASPA_SOMPI_PER_KAS, 50 * KASPA_SOMPI_PER_KAS);
    lock_by_own_fee(&w, 0, 1);
    tx = built(&w, "undisturbed");
    cr_assert_eq(tx.output_count, 2);
    expect_exact(&w, &tx, "undisturbed");
    change = tx.outputs[1].value;
    world_fini(&w);
    return change;
}

Test(kaspa_build, a_script_that_needs_more_because_the_change_became_less_settles)
{
    uint64_t change = undisturbed_change();

    for (unsigned divisor = 2; divisor < 5; divisor++) {
        struct kaspa_tx tx;
        struct world w;

        world_init(&w, 1, LOCK_PUBKEY);
        one_spend(&w, 100 * KASPA_SOMPI_PER_KAS, 50 * KASPA_SOMPI_PER_KAS);
        lock_by_own_fee(&w, change + 50000, divisor);
        tx = built(&w, "settles");
        cr_expect_lt(tx.outputs[1].value, change, "divisor %u", divisor);
        expect_exact(&w, &tx, "settles");
        world_fini(&w);
    }
}

Test(kaspa_build_refuses, a_script_that_always_needs_more)
{
    struct world w;

    world_init(&w, 1, LOCK_PUBKEY);
    one_spend(&w, 100 * KASPA_SOMPI_PER_KAS, 50 * KASPA_SOMPI_PER_KAS);
    lock_by_own_fee(&w, undisturbed_change() + 10000, 1);
    expect_refused(&w, ASSAY_E_UNSUPPORTED, 0, "the more the scripts need", "never settles");
    world_fini(&w);
}

/* A covenant's genesis and a multisig; and beside them a script that makes many bytes. */
static void hungry_world(struct world *w, bool makes_bytes)
{
    static const uint8_t bytes[40000];
    struct assay_buf unlock = ASSAY_BUF_INIT(sizeof(bytes) + 10);
    struct kaspa_genesis_output genesis = {.index = 0, .output = &w->outputs[0]};

    world_init(w, 1, LOCK_MULTISIG);
    w->outputs[0].has_covenant = true;
    kaspa_covenant_id(&w->outputs[0].covenant_id, &w->spends[0].outpoint, &genesis, 1);
    if (!makes_bytes)
        return;
    kaspa_script_add_push(&unlock, assay_bytes_of(bytes, sizeof(bytes)));
    w->spends[1].key = NULL;
    w->spends[1].unlock = kept(w, &unlock);
    lock_by_script(w, &w->spends[1], assembled(w, "DUP CAT DUP CAT DROP 1"));
    assay_buf_fini(&unlock);
}

/* Builds in an arena of its own. *used is what the arena gave, *asked how often it allocated. */
static enum assay_code build_within(const struct world *w, size_t max, size_t allocations,
                                    size_t *used, size_t *asked)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(max);
    struct kaspa_tx tx = {.lock_time = 5};
    struct assay_err err = {0};
    enum assay_code rc;

    (void)assay_alloc_fail_after(allocations);
    rc = kaspa_build(&tx, &arena, &w->plan, &err);
    *asked = assay_alloc_fail_after(SIZE_MAX);
    cr_expect_eq(err.code, rc);
    cr_expect_eq(tx.lock_time, rc == ASSAY_OK ? 0 : 5);
    *used = arena.used;
    assay_arena_fini(&arena);
    return rc;
}

Test(kaspa_build, every_allocation_may_fail)
{
    size_t total, asked, used;
    struct world w;

    hungry_world(&w, true);
    cr_assert_eq(build_within(&w, SIZE_MAX, SIZE_MAX, &used, &total), ASSAY_OK);
    cr_expect_gt(total, 5);
    for (size_t successes = 0; successes < total; successes++)
        cr_expect_eq(build_within(&w, SIZE_MAX, successes, &used, &asked), ASSAY_E_NOMEM, "at %zu",
                     successes);
    world_fini(&w);
}

static void expect_enough_from(bool makes_bytes, size_t step)
{
    size_t needed, used, asked;
    struct world w;

    hungry_world(&w, makes_bytes);
    cr_assert_eq(build_within(&w, SIZE_MAX, SIZE_MAX, &needed, &asked), ASSAY_OK);
    for (size_t max = 0; max < needed; max += step)
        cr_assert_eq(build_within(&w, max, SIZE_MAX, &used, &asked), ASSAY_E_NOMEM, "at %zu", max);
    cr_expect_eq(build_within(&w, needed - 1, SIZE_MAX, &used, &asked), ASSAY_E_NOMEM);
    cr_expect_eq(build_within(&w, needed, SIZE_MAX, &used, &asked), ASSAY_OK);
    world_fini(&w);
}

Test(kaspa_build, an_arena_is_large_enough_or_there_is_no_memory)
{
    expect_enough_from(false, 16);
    expect_enough_from(true, 4000);
}
