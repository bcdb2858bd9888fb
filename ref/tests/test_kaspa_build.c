/* What the builder builds is valid, pays exactly the fee it must, and has the change it should. */
#include "ref/tests/build_world.h"

#include "kaspa/covenant.h"
#include "kaspa/txid.h"

#include <stdio.h>

static const uint8_t types[] = {0, 0x01, 0x02, 0x04, 0x81, 0x82, 0x84};

enum trim { PLAIN, WITH_PAYLOAD, ON_A_LANE, TRIM__COUNT };

static void trim_plan(struct world *w, enum trim trim)
{
    if (trim == PLAIN)
        return;
    w->plan.payload = ASSAY_LIT("{\"a\":1}");
    if (trim == WITH_PAYLOAD)
        return;
    w->plan.subnetwork_id[1] = 0x77;
    w->plan.gas = 5;
}

static void expect_builds(uint16_t version, enum lock lock, uint8_t type, enum trim trim)
{
    struct world w;
    struct kaspa_tx tx;
    char row[80];

    (void)snprintf(row, sizeof(row), "version %u lock %d type %02x trim %d", (unsigned)version,
                   (int)lock, (unsigned)type, (int)trim);
    world_init(&w, version, lock);
    trim_plan(&w, trim);
    w.spends[0].sighash_type = w.spends[1].sighash_type = type;
    tx = built(&w, row);
    cr_expect_eq(tx.output_count, 3, "row: %s", row);
    cr_expect(kaspa_spk_equal(&tx.outputs[2].spk, &w.change), "row: %s", row);
    expect_exact(&w, &tx, row);
    world_fini(&w);
}

Test(kaspa_build, every_lock_with_every_type_is_valid_and_pays_exactly_the_minimum)
{
    for (uint16_t version = 0; version < 2; version++) {
        for (enum lock lock = 0; lock < LOCK__COUNT; lock++) {
            for (size_t i = 0; i < ARRAY_LEN(types); i++) {
                for (enum trim trim = 0; trim < TRIM__COUNT; trim++) {
                    if (trim != ON_A_LANE || version > 0)
                        expect_builds(version, lock, types[i], trim);
                }
            }
        }
    }
}

Test(kaspa_build, what_a_plan_says_is_in_the_transaction)
{
    struct world w;
    struct kaspa_tx tx;

    world_init(&w, 1, LOCK_PUBKEY);
    trim_plan(&w, ON_A_LANE);
    w.plan.lock_time = 1234;
    w.spends[1].sequence = 77;
    w.spends[1].outpoint.txid.at[3] = 9;
    w.spends[1].commit = 500;
    tx = built(&w, "fields");
    cr_expect_eq(tx.lock_time, 1234);
    cr_expect_eq(tx.gas, 5);
    cr_expect(kaspa_tx_is_user_lane(&tx));
    cr_expect(assay_bytes_equal(tx.payload, w.plan.payload));
    cr_expect_eq(tx.inputs[1].sequence, 77);
    cr_expect_eq(tx.inputs[1].previous.txid.at[3], 9);
    cr_expect_eq(tx.inputs[1].previous.index, 1);
    cr_expect_eq(tx.inputs[1].commit, 500);
    cr_expect_eq(tx.inputs[0].commit, 10);
    cr_expect_eq(tx.inputs[0].commit_kind, KASPA_COMMIT_BUDGET);
    cr_expect_eq(tx.outputs[0].value, w.outputs[0].value);
    cr_expect(kaspa_spk_equal(&tx.outputs[1].spk, &w.outputs[1].spk));
    expect_exact(&w, &tx, "fields");
    world_fini(&w);
}

Test(kaspa_build, the_same_plan_gives_the_same_bytes)
{
    for (enum lock lock = 0; lock < LOCK__COUNT; lock++) {
        struct kaspa_hash hashes[2];

        for (size_t i = 0; i < 2; i++) {
            struct world w;
            struct kaspa_tx tx;

            world_init(&w, 1, lock);
            tx = built(&w, "twice");
            kaspa_tx_hash(&hashes[i], &tx);
            world_fini(&w);
        }
        cr_expect(kaspa_hash_equal(&hashes[0], &hashes[1]), "lock %d", (int)lock);
    }
}

/* Digest, section 4.4: a check is 100 000 units, 9 999 are free. */
static const struct {
    enum lock lock;
    bool third_key_signs;
    uint16_t sig_ops, budget;
} least[] = {
    {LOCK_PUBKEY, false, 1, 10},         {LOCK_PUBKEY_ECDSA, false, 1, 10},
    {LOCK_HASH_OF_KEY, false, 1, 10},    {LOCK_HASH_OF_KEY_ECDSA, false, 1, 10},
    {LOCK_MULTISIG, false, 2, 20},       {LOCK_MULTISIG, true, 3, 30},
    {LOCK_MULTISIG_ECDSA, false, 2, 20}, {LOCK_MULTISIG_ECDSA, true, 3, 30},
    {LOCK_PREIMAGE, false, 0, 0},        {LOCK_RAW, false, 0, 0},
};

static void expect_least(uint16_t version, size_t row)
{
    uint16_t expected = version == 0 ? least[row].sig_ops : least[row].budget;
    struct kaspa_verdict v;
    struct kaspa_tx tx;
    struct world w;

    world_init(&w, version, least[row].lock);
    if (least[row].third_key_signs)
        w.cosigners[0] = &w.keys[2];
    tx = built(&w, "learned");
    cr_expect_eq(tx.inputs[0].commit, expected, "row %zu: %u", row, tx.inputs[0].commit);
    expect_exact(&w, &tx, "learned");
    if (expected > 0) {
        w.spends[1].commit = expected - 1;
        tx = built(&w, "one less");
        judge(&v, &w, &tx);
        cr_expect_eq(v.script_error, KASPA_SCRIPT_EXCEEDED_SCRIPT_UNITS, "row %zu", row);
        cr_expect_eq(v.checks[KASPA_RULE_SCRIPTS].at, 1, "row %zu", row);
    }
    world_fini(&w);
}

Test(kaspa_build, a_learned_commitment_is_the_smallest_that_runs)
{
    for (size_t row = 0; row < ARRAY_LEN(least); row++) {
        expect_least(0, row);
        expect_least(1, row);
    }
}

Test(kaspa_build, a_commitment_that_is_given_is_kept_up_to_its_largest)
{
    for (uint16_t version = 0; version < 2; version++) {
        struct world w;
        struct kaspa_tx tx;

        world_init(&w, version, LOCK_PUBKEY);
        w.spends[0].commit = 0;
        w.spends[1].commit = version == 0 ? UINT8_MAX : UINT16_MAX;
        tx = built(&w, "given");
        cr_expect_eq(tx.inputs[0].commit, 0);
        cr_expect_eq(tx.inputs[1].commit, w.spends[1].commit);
        world_fini(&w);
    }
}

Test(kaspa_build, the_fee_is_the_one_of_the_rate)
{
    static const struct {
        uint64_t per_kilogram, times, over; /* as a part of relay's minimum */
    } rows[] = {{0, 1, 1}, {100000, 1, 1}, {250000, 5, 2}, {1000, 1, 100}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        struct kaspa_tx tx;
        struct kaspa_verdict v;

        world_init(&w, 1, LOCK_PUBKEY);
        w.plan.fee_per_kilogram = rows[i].per_kilogram;
        tx = built(&w, "rate");
        judge(&v, &w, &tx);
        cr_expect_eq(v.outcome, KASPA_VALID, "row %zu", i);
        cr_expect_eq(v.fee, v.relay_fee * rows[i].times / rows[i].over, "row %zu", i);
        world_fini(&w);
    }
}

Test(kaspa_build, a_large_payload_is_paid_for_by_its_transient_mass)
{
    static const uint8_t payload[20000] = {1};
    struct kaspa_verdict v;
    struct kaspa_tx tx;
    struct world w;

    world_init(&w, 0, LOCK_PUBKEY);
    w.plan.payload = assay_bytes_of(payload, sizeof(payload));
    tx = built(&w, "payload");
    judge(&v, &w, &tx);
    cr_expect_gt(v.transient_mass / 2, v.compute_mass);
    cr_expect_eq(v.fee, v.transient_mass / 2 * 100);
    expect_exact(&w, &tx, "payload");
    world_fini(&w);
}

Test(kaspa_build, without_change_the_rest_is_the_fee_whatever_it_is)
{
    static const uint64_t rests[] = {0, 1, 5 * KASPA_SOMPI_PER_KAS};

    for (size_t i = 0; i < ARRAY_LEN(rests); i++) {
        struct kaspa_verdict v;
        struct kaspa_tx tx;
        struct world w;

        world_init(&w, 0, LOCK_PUBKEY);
        w.plan.change = NULL;
        one_spend(&w, 9 * KASPA_SOMPI_PER_KAS, 9 * KASPA_SOMPI_PER_KAS - rests[i]);
        tx = built(&w, "no change");
        judge(&v, &w, &tx);
        cr_expect_eq(tx.output_count, 1);
        cr_expect_eq(v.outcome, KASPA_VALID);
        cr_expect_eq(v.fee, rests[i]);
        world_fini(&w);
    }
}

/* Of a plan with one spend: with change, or without. */
static uint64_t fee_of_one(bool has_change)
{
    struct world w;
    struct kaspa_tx tx;
    uint64_t fee;

    world_init(&w, 1, LOCK_PUBKEY);
    one_spend(&w, 100 * KASPA_SOMPI_PER_KAS, 50 * KASPA_SOMPI_PER_KAS);
    if (!has_change)
        w.plan.change = NULL;
    tx = built(&w, "fee");
    fee = kaspa_relay_fee(&tx);
    world_fini(&w);
    return fee;
}

/* One spend of 100 KAS, what it pays being such that `rest` is left for fee and change. */
static enum assay_code build_with_rest(uint64_t rest, uint64_t *change, uint64_t *fee)
{
    uint64_t amount = 100 * KASPA_SOMPI_PER_KAS;
    struct kaspa_tx tx = {0};
    struct kaspa_verdict v;
    enum assay_code rc;
    struct world w;

    world_init(&w, 1, LOCK_PUBKEY);
    one_spend(&w, amount, amount - rest);
    rc = kaspa_build(&tx, &w.arena, &w.plan, NULL);
    if (rc == ASSAY_OK) {
        judge(&v, &w, &tx);
        cr_expect_eq(v.outcome, KASPA_VALID);
        cr_expect_eq(v.relay, KASPA_VALID);
        *fee = v.fee;
        *change = tx.output_count > 1 ? tx.outputs[1].value : 0;
    }
    world_fini(&w);
    return rc;
}

Test(kaspa_build, change_that_makes_no_sense_is_left_to_the_fee)
{
    uint64_t with = fee_of_one(true), without = fee_of_one(false);
    /* 10^12 / value is above 500 000, rounded down, up to this. */
    uint64_t dust = 1999996;
    const struct {
        const char *name;
        uint64_t rest, change;
        enum assay_code rc;
    } rows[] = {
        {"nothing is left", 0, 0, ASSAY_E_RANGE},
        {"one short of the fee without change", without - 1, 0, ASSAY_E_RANGE},
        {"the fee without change", without, 0, ASSAY_OK},
        {"one short of the fee with change", with - 1, 0, ASSAY_OK},
        {"change of nothing", with, 0, ASSAY_OK},
        {"change of one", with + 1, 0, ASSAY_OK},
        {"the largest that no block takes", with + dust, 0, ASSAY_OK},
        {"the smallest that a block takes", with + dust + 1, dust + 1, ASSAY_OK},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t change = 0, fee = 0;

        cr_expect_eq(build_with_rest(rows[i].rest, &change, &fee), rows[i].rc, "row: %s",
                     rows[i].name);
        cr_expect_eq(change, rows[i].change, "row: %s", rows[i].name);
        if (rows[i].rc == ASSAY_OK)
            cr_expect_eq(fee, rows[i].rest - rows[i].change, "row: %s", rows[i].name);
    }
}

Test(kaspa_build, small_change_of_small_spends_is_given)
{
    struct kaspa_tx tx;
    struct world w;

    world_init(&w, 0, LOCK_PUBKEY);
    one_spend(&w, 1500000, 1500000);
    w.plan.spend_count = 2;
    w.spends[1].utxo.amount = 1500000;
    tx = built(&w, "small");
    cr_assert_eq(tx.output_count, 2);
    cr_expect_lt(tx.outputs[1].value, 2000000);
    expect_exact(&w, &tx, "small");
    world_fini(&w);
}

/* Three outputs of two inputs lose the credit for the small one, which is a block's worth of mass:
 * not a reason to give away what is more than dust. */
Test(kaspa_build, change_above_dust_is_given_though_no_block_takes_it)
{
    static const struct {
        uint64_t left; /* for fee and change */
        bool is_given;
    } rows[] = {{1500000, false}, {3000000, true}, {999 * KASPA_SOMPI_PER_KAS, true}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kaspa_verdict v;
        struct kaspa_tx tx;
        struct world w;

        world_init(&w, 1, LOCK_PUBKEY);
        w.spends[0].utxo.amount = 1000000;
        w.spends[1].utxo.amount = KASPA_SOMPI_PER_KAS + 100000 + rows[i].left;
        w.outputs[0].value = 1100000;
        w.outputs[1].value = KASPA_SOMPI_PER_KAS;
        tx = built(&w, "change");
        judge(&v, &w, &tx);
        cr_expect_eq(v.outcome, rows[i].is_given ? KASPA_INVALID : KASPA_VALID, "row %zu", i);
        cr_expect_eq(tx.output_count, rows[i].is_given ? 3 : 2, "row %zu", i);
        cr_expect_eq(v.fee, rows[i].is_given ? v.relay_fee : rows[i].left, "row %zu", i);
        cr_expect_eq(v.storage_mass > KASPA_BLOCK_STORAGE_LIMIT, rows[i].is_given, "row %zu", i);
        cr_expect_eq(v.checks[KASPA_RULE_MASS_LIMITS].error,
                     rows[i].is_given ? KASPA_TX_MASS_ABOVE_LIMIT : KASPA_TX_OK, "row %zu", i);
        world_fini(&w);
    }
}

static void start_covenant(struct world *w)
{
    struct kaspa_output *output = &w->outputs[1];
    struct kaspa_genesis_output genesis = {.index = 1, .output = output};

    output->has_covenant = true;
    output->authorizing_input = 1;
    kaspa_covenant_id(&output->covenant_id, &w->spends[1].outpoint, &genesis, 1);
}

Test(kaspa_build, covenants_start_and_go_on)
{
    static const char *const redeem = "0 AUTHOUTPUTCOUNT 1 NUMEQUAL";
    struct kaspa_tx tx;
    struct world w;

    world_init(&w, 1, LOCK_PUBKEY);
    start_covenant(&w);
    tx = built(&w, "genesis");
    expect_exact(&w, &tx, "genesis");
    w.outputs[1].authorizing_input = 0;
    w.spends[0].key = NULL;
    lock_by_script(&w, &w.spends[0], assembled(&w, redeem));
    w.spends[0].utxo.has_covenant = true;
    w.spends[0].utxo.covenant_id = w.outputs[1].covenant_id;
    tx = built(&w, "continuation");
    expect_exact(&w, &tx, "continuation");
    world_fini(&w);
}

Test(kaspa_build, a_wrong_covenant_is_built_when_nothing_is_to_be_learned)
{
    struct kaspa_verdict v;
    struct kaspa_tx tx;
    struct world w;

    world_init(&w, 1, LOCK_PUBKEY);
    start_covenant(&w);
    w.outputs[1].covenant_id.at[0] ^= 1;
    w.spends[0].commit = w.spends[1].commit = 10;
    tx = built(&w, "wrong genesis");
    judge(&v, &w, &tx);
    cr_expect_eq(v.error, KASPA_TX_WRONG_GENESIS);
    world_fini(&w);
}

Test(kaspa_build, the_utxos_of_a_plan_are_those_of_its_spends)
{
    struct assay_arena none = ASSAY_ARENA_INIT(0);
    const struct kaspa_utxo *utxos;
    struct world w;

    world_init(&w, 1, LOCK_PUBKEY);
    w.spends[1].utxo.amount = 7;
    utxos = kaspa_plan_utxos(&w.arena, &w.plan);
    cr_assert_not_null(utxos);
    cr_expect_eq(utxos[0].amount, 10 * KASPA_SOMPI_PER_KAS);
    cr_expect_eq(utxos[1].amount, 7);
    cr_expect_null(kaspa_plan_utxos(&none, &w.plan));
    world_fini(&w);
}
