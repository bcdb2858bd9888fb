/* The engine as a whole: budgets, limits, conditionals, signatures, what it tells a watcher, and
 * what happens without memory. How it fails is in test_kaspa_engine_errors.c. */
#include "ref/tests/script_bench.h"

#include "base/hex.h"
#include "kaspa/sign.h"
#include "ref/tests/guard.h"

#include <criterion/criterion.h>

/* Scripts whose last charge is of the kind named: one unit less than they use is too little. */
static const struct {
    const char *charge;
    enum bench_how how;
    const char *one, *two;
    uint64_t units;
} budgets[] = {
    {"spent script above 35 bytes", BENCH_SPEND, "1", "NOP*36", 100},
    {"spent script of 1000 bytes", BENCH_SPEND, "1", "NOP*1000", 96500},
    {"pushed bytes", BENCH_SCRIPT, "'abc' DUP DROP", NULL, 3},
    {"pushed number", BENCH_SCRIPT, "1000 ABS", NULL, 2},
    {"pushed true", BENCH_SCRIPT, "1 1 EQUAL", NULL, 1},
    {"digested bytes, BLAKE2b", BENCH_SCRIPT, "'abc' BLAKE2B", NULL, 38},
    {"digested bytes, BLAKE2b keyed", BENCH_SCRIPT, "'abc' 'key' BLAKE2BWITHKEY", NULL, 38},
    {"digested bytes, SHA-256", BENCH_SCRIPT, "'abc' SHA256", NULL, 35},
    {"digested bytes, BLAKE3", BENCH_SCRIPT, "'abc' BLAKE3", NULL, 35},
    {"signature that is wrong", BENCH_SCRIPT, "1 $b $A CHECKSIG DROP", NULL, 100000},
    {"signature and its result", BENCH_SCRIPT, "$a $A CHECKSIG", NULL, 100001},
    {"signature of a message", BENCH_SCRIPT, "$am $m $A CHECKSIGFROMSTACK", NULL, 100001},
    {"third attempt of a multisig", BENCH_SCRIPT, "$a $c 2 $A $B $C 3 CHECKMULTISIG DROP 1", NULL,
     300001},
    {"redeem script", BENCH_HASH, "$a", "$A CHECKSIG", 34 * 2 + 32 + 1 + 100001},
};

Test(kaspa_engine, takes_what_was_committed_to_and_not_one_unit_more)
{
    struct bench b;

    for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
        bench_init(&b);
        b.engine.unit_limit = budgets[i].units;
        bench_run_as(&b, budgets[i].how, budgets[i].one, budgets[i].two);
        cr_expect_eq(b.run.outcome, KASPA_VALID, "%s: %s", budgets[i].charge,
                     kaspa_script_error_name(b.run.error));
        cr_expect_eq(b.run.used_units, budgets[i].units, "%s", budgets[i].charge);
        b.engine.unit_limit--;
        bench_run_as(&b, budgets[i].how, budgets[i].one, budgets[i].two);
        cr_expect_eq(b.run.error, KASPA_SCRIPT_EXCEEDED_SCRIPT_UNITS, "%s", budgets[i].charge);
        cr_expect_eq(b.run.used_units, budgets[i].units, "%s", budgets[i].charge);
        bench_fini(&b);
    }
}

Test(kaspa_engine, counts_the_charge_that_breaks_the_limit)
{
    struct bench b;

    bench_init(&b);
    b.engine.unit_limit = 99999;
    bench_run(&b, "'abc' DUP DROP $a $A CHECKSIGVERIFY");
    cr_expect_eq(b.run.error, KASPA_SCRIPT_EXCEEDED_SCRIPT_UNITS);
    cr_expect_eq(b.run.used_units, 100003);
    cr_expect_eq(b.run.opcode, KASPA_OP_CHECKSIGVERIFY);
    bench_fini(&b);
}

Test(kaspa_engine, holds_244_items_and_a_million_operations)
{
    struct bench b;

    bench_init(&b);
    bench_run(&b, "1 0*243 2DROP*121 DROP");
    cr_expect_eq(b.run.outcome, KASPA_VALID);
    bench_run(&b, "1 0*243 TOALTSTACK*243");
    cr_expect_eq(b.run.outcome, KASPA_VALID);
    bench_run(&b, "0*242 1 DUP"); /* 244, and then too many are left */
    cr_expect_eq(b.run.error, KASPA_SCRIPT_CLEAN_STACK);
    bench_run(&b, "NOP*999978 0 0 0 3DUP*5 16 CHECKMULTISIG");
    cr_expect_eq(b.run.error, KASPA_SCRIPT_CLEAN_STACK);
    cr_expect_eq(b.run.part, KASPA_PART_NONE);
    bench_run(&b, "1 NOP*999999");
    cr_expect_eq(b.run.outcome, KASPA_VALID);
    bench_run(&b, "@500000 DUP CAT SIZE 1000000 NUMEQUALVERIFY SIZE NIP");
    cr_expect_eq(b.run.outcome, KASPA_VALID);
    bench_fini(&b);
}

Test(kaspa_engine, follows_conditionals_of_any_depth_and_shape)
{
    static const struct {
        const char *script;
        bool ends_true;
    } rows[] = {
        {"1 IF 0 IF RETURN ELSE 1 ENDIF ELSE RETURN ENDIF", true},
        {"0 IF 0xca IF 0xca ELSE 0xca ENDIF 0xca ELSE 1 ENDIF", true},
        {"0 IF 1 ELSE 1 IF 1 ELSE RETURN ENDIF ENDIF", true},
        {"1 IF 1 ELSE RETURN ELSE NOT ENDIF", false},
        {"0 IF RETURN ELSE 1 ELSE RETURN ELSE NOT ENDIF", false},
        {"0 IF IF*100 ELSE*100 ENDIF*100 RETURN ELSE 1 ENDIF", true},
        {"1 1*100 IF*100 0 IF IF ENDIF ENDIF ENDIF*100", true},
        {"1 0 NOTIF 0 IF ELSE ENDIF ELSE RETURN ENDIF", true},
        {"0x0400000080 NOTIF 1 ENDIF", true},
    };
    struct bench b;

    bench_init(&b);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bench_run(&b, rows[i].script);
        cr_expect_eq(b.run.error, rows[i].ends_true ? KASPA_SCRIPT_OK : KASPA_SCRIPT_EVAL_FALSE,
                     "%s: %s at %zu", rows[i].script, kaspa_script_error_name(b.run.error),
                     b.run.at);
    }
    bench_fini(&b);
}

#define THRESHOLD KASPA_LOCK_TIME_THRESHOLD
#define DISABLED KASPA_SEQUENCE_LOCK_DISABLED

static const struct {
    const char *name;
    uint8_t opcode;
    uint64_t lock_time, sequence, operand;
    bool is_open;
} locks[] = {
    {"lock time reached", KASPA_OP_CHECKLOCKTIMEVERIFY, 9, 0, 9, true},
    {"lock time not reached", KASPA_OP_CHECKLOCKTIMEVERIFY, 9, 0, 10, false},
    {"final but for one", KASPA_OP_CHECKLOCKTIMEVERIFY, 9, UINT64_MAX - 1, 9, true},
    {"final", KASPA_OP_CHECKLOCKTIMEVERIFY, 9, UINT64_MAX, 9, false},
    {"highest score", KASPA_OP_CHECKLOCKTIMEVERIFY, THRESHOLD - 1, 0, THRESHOLD - 1, true},
    {"lowest time", KASPA_OP_CHECKLOCKTIMEVERIFY, THRESHOLD, 0, THRESHOLD, true},
    {"score asked of a time", KASPA_OP_CHECKLOCKTIMEVERIFY, THRESHOLD, 0, THRESHOLD - 1, false},
    {"time asked of a score", KASPA_OP_CHECKLOCKTIMEVERIFY, THRESHOLD - 1, 0, THRESHOLD, false},
    {"highest time", KASPA_OP_CHECKLOCKTIMEVERIFY, UINT64_MAX, 0, UINT64_MAX, true},
    {"sequence reached", KASPA_OP_CHECKSEQUENCEVERIFY, 0, 9, 9, true},
    {"sequence not reached", KASPA_OP_CHECKSEQUENCEVERIFY, 0, 9, 10, false},
    {"operand disabled", KASPA_OP_CHECKSEQUENCEVERIFY, 0, 9, DISABLED | 10, true},
    {"sequence disabled", KASPA_OP_CHECKSEQUENCEVERIFY, 0, DISABLED | 9, 9, false},
    {"both disabled", KASPA_OP_CHECKSEQUENCEVERIFY, 0, DISABLED, DISABLED | 9, true},
    {"operand masked", KASPA_OP_CHECKSEQUENCEVERIFY, 0, 9, (UINT64_C(1) << 32) + 9, true},
    {"sequence masked", KASPA_OP_CHECKSEQUENCEVERIFY, 0, (UINT64_C(1) << 32) + 9, 10, false},
};

Test(kaspa_engine, opens_locks_as_late_as_they_say)
{
    struct bench b;

    bench_init(&b);
    for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
        uint8_t script[] = {8, 0, 0, 0, 0, 0, 0, 0, 0, locks[i].opcode, KASPA_OP_1};

        for (size_t byte = 0; byte < 8; byte++)
            script[1 + byte] = (uint8_t)(locks[i].operand >> (8 * byte));
        b.tx.lock_time = locks[i].lock_time;
        b.inputs[0].sequence = locks[i].sequence;
        kaspa_engine_run_script(&b.run, &b.engine, assay_bytes_of(script, sizeof(script)));
        cr_expect_eq(b.run.error,
                     locks[i].is_open ? KASPA_SCRIPT_OK : KASPA_SCRIPT_UNSATISFIED_LOCK_TIME, "%s",
                     locks[i].name);
    }
    bench_fini(&b);
}

Test(kaspa_engine, says_where_a_script_ended)
{
    static const struct {
        enum bench_how how;
        const char *one, *two;
        enum kaspa_part part;
        size_t at;
        uint8_t opcode;
    } rows[] = {
        {BENCH_SPEND, "1 'ab' NOP", "1", KASPA_PART_SIGNATURE, 4, KASPA_OP_NOP},
        {BENCH_SPEND, "1", "NOP VERIFY DROP", KASPA_PART_SPK, 2, KASPA_OP_DROP},
        {BENCH_HASH, "1", "NOP VERIFY DROP", KASPA_PART_REDEEM, 2, KASPA_OP_DROP},
        {BENCH_SCRIPT, "1 0x05 1", NULL, KASPA_PART_SPK, 1, KASPA_OP_DATA5},
        {BENCH_SCRIPT, "1 1", NULL, KASPA_PART_NONE, 0, 0},
        {BENCH_SCRIPT, "1 IF", NULL, KASPA_PART_NONE, 0, 0},
    };
    struct bench b;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bench_init(&b);
        bench_run_as(&b, rows[i].how, rows[i].one, rows[i].two);
        cr_expect_eq(b.run.part, rows[i].part, "row %zu", i);
        cr_expect_eq(b.run.at, rows[i].at, "row %zu", i);
        cr_expect_eq(b.run.opcode, rows[i].opcode, "row %zu", i);
        bench_fini(&b);
    }
    cr_expect_str_eq(kaspa_part_name(KASPA_PART_SIGNATURE), "signature script");
    cr_expect_str_eq(kaspa_part_name(KASPA_PART_SPK), "script public key");
    cr_expect_str_eq(kaspa_part_name(KASPA_PART_REDEEM), "redeem script");
    cr_expect_str_eq(kaspa_part_name(KASPA_PART_NONE), "");
}

Test(kaspa_engine, lets_anyone_spend_what_it_cannot_interpret)
{
    struct bench b;

    bench_init(&b);
    b.engine.input = 1;
    b.engine.unit_limit = 0;
    kaspa_engine_run_input(&b.run, &b.engine);
    cr_expect_eq(b.run.outcome, KASPA_VALID);
    cr_expect_eq(b.run.used_units, 0);
    bench_fini(&b);
}

/* Spends the pay-to-pubkey output as it is, with this push. */
static void spend_with(struct bench *b, const uint8_t *push)
{
    b->inputs[0].signature_script = assay_bytes_of(push, KASPA_SIGNATURE_PUSH_BYTES);
    kaspa_engine_run_input(&b->run, &b->engine);
}

Test(kaspa_engine, knows_six_types_of_signature_and_refuses_the_other_bytes)
{
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES];
    struct assay_key key;
    struct bench b;

    bench_init(&b);
    kaspa_key_from_seed(&key, ASSAY_LIT("bench"), ASSAY_LIT("A"));
    for (unsigned type = 0; type < 256; type++) {
        bool is_known = kaspa_sighash_type_is_known((uint8_t)type);

        memset(push, 0x41, sizeof(push));
        if (is_known)
            cr_assert_eq(kaspa_sign_schnorr(push, &b.tx, 0, &b.utxos[0], (uint8_t)type, &key, NULL),
                         ASSAY_OK);
        push[sizeof(push) - 1] = (uint8_t)type;
        spend_with(&b, push);
        cr_expect_eq(b.run.error, is_known ? KASPA_SCRIPT_OK : KASPA_SCRIPT_INVALID_SIG_HASH_TYPE,
                     "type %02x", type);
        cr_expect_eq(b.run.used_units, is_known ? 100001 : 0, "type %02x", type);
    }
    bench_fini(&b);
}

Test(kaspa_engine, spends_with_any_cache_and_without_any_memory)
{
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES];
    struct kaspa_sighash_cache cache = {0};
    struct assay_key key;
    struct bench b;

    bench_init(&b);
    b.work.max = 0;
    kaspa_key_from_seed(&key, ASSAY_LIT("bench"), ASSAY_LIT("A"));
    cr_assert_eq(kaspa_sign_schnorr(push, &b.tx, 0, &b.utxos[0], KASPA_SIGHASH_ALL, &key, NULL),
                 ASSAY_OK);
    for (int round = 0; round < 3; round++) {
        (void)assay_alloc_fail_after(SIZE_MAX);
        spend_with(&b, push);
        cr_expect_eq(assay_alloc_fail_after(SIZE_MAX), 0);
        cr_expect_eq(b.run.outcome, KASPA_VALID);
        b.engine.cache = &cache;
    }
    for (size_t i = 0; i < 64; i++) {
        push[1 + i] ^= 0x10;
        spend_with(&b, push);
        cr_expect_eq(b.run.error, KASPA_SCRIPT_EVAL_FALSE, "a bit of byte %zu", i);
        push[1 + i] ^= 0x10;
    }
    bench_fini(&b);
}

/* The trace of a run as text: part, offset, opcode, whether executed, stack, alt stack, units. */
static void add_items(struct assay_buf *out, const struct assay_bytes *items, size_t len)
{
    char hex[2 * 80 + 1];

    for (size_t i = 0; i < len; i++) {
        assay_hex_encode(hex, items[i]);
        assay_buf_printf(out, " [%s]", hex);
    }
}

static void write_step(void *context, const struct kaspa_step *step)
{
    struct assay_buf *out = context;

    assay_buf_printf(out, "%s %zu %s%s:", kaspa_part_name(step->part), step->instruction.at,
                     kaspa_opcode_name(step->instruction.opcode), step->executed ? "" : " dead");
    add_items(out, step->stack, step->stack_len);
    assay_buf_add_str(out, " |");
    add_items(out, step->alt, step->alt_len);
    assay_buf_printf(out, " | %zu\n", (size_t)step->used_units);
}

Test(kaspa_engine, tells_a_watcher_the_state_before_each_instruction)
{
    struct assay_buf log = ASSAY_BUF_INIT(4096);
    struct bench b;

    bench_init(&b);
    b.engine.on_step = write_step;
    b.engine.context = &log;
    bench_spend(&b, "'ab' 0", "IF DUP ENDIF DUP TOALTSTACK SIZE LEFT 1");
    cr_expect_str_eq(assay_buf_cstr(&log), "signature script 0 DATA2: | | 0\n"
                                           "signature script 3 0: [6162] | | 0\n"
                                           "script public key 0 IF: [6162] [] | | 0\n"
                                           "script public key 1 DUP dead: [6162] | | 0\n"
                                           "script public key 2 ENDIF dead: [6162] | | 0\n"
                                           "script public key 3 DUP: [6162] | | 0\n"
                                           "script public key 4 TOALTSTACK: [6162] [6162] | | 2\n"
                                           "script public key 5 SIZE: [6162] | [6162] | 2\n"
                                           "script public key 6 LEFT: [6162] [02] | [6162] | 3\n");
    cr_expect_eq(b.run.error, KASPA_SCRIPT_OPCODE_DISABLED);
    assay_buf_fini(&log);
    bench_fini(&b);
}

Test(kaspa_engine, empties_the_second_stack_between_scripts_and_keeps_the_first)
{
    struct bench b;

    bench_init(&b);
    bench_spend_hash(&b, "1 2 3", "TOALTSTACK TOALTSTACK");
    cr_expect_eq(b.run.outcome, KASPA_VALID);
    bench_spend_hash(&b, "'left' 1", "VERIFY 'left' EQUAL");
    cr_expect_eq(b.run.outcome, KASPA_VALID);
    cr_expect_eq(b.run.used_units, 2 * 7 + 32 + 1 + 1);
    bench_fini(&b);
}

Test(kaspa_engine, reads_no_byte_behind_a_script_however_it_is_cut)
{
    static const char words[] =
        "1 'abc' 0x4c03616263 EQUALVERIFY 0x4d0200ffff 0x4e02000000ffff XOR 0 IF 0x4b ELSE "
        "'message' BLAKE2B DROP $a $A CHECKSIGVERIFY 1000 4 NUM2BIN 1 3 SUBSTR DROP ENDIF DROP";
    struct bench b;
    struct assay_bytes script;

    bench_init(&b);
    script = bench_script(&b, words);
    for (size_t len = 0; len <= script.len; len++) {
        struct guard g = guard_of(assay_bytes_part(script, 0, len));

        kaspa_engine_run_script(&b.run, &b.engine, g.bytes);
        cr_expect_leq(b.run.at, len);
        guard_free(&g);
    }
    bench_fini(&b);
}

Test(kaspa_engine, is_undecided_where_it_may_have_no_more_memory)
{
    static const char *const rows[] = {
        "'a' 'b' CAT",  "1 INVERT",     "1 1 AND",   "1000 1ADD",  "1 2 NUM2BIN",        "1 SHA256",
        "1 TXINPUTSPK", "0 TXINPUTSEQ", "'ab' SIZE", "TXLOCKTIME", "1 1 BLAKE2BWITHKEY",
    };
    struct bench b;

    bench_init(&b);
    b.work.max = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bench_run(&b, rows[i]);
        cr_expect_eq(b.run.outcome, KASPA_UNDECIDED, "%s", rows[i]);
        cr_expect_eq(b.run.why, KASPA_UNDECIDED_RESOURCE, "%s", rows[i]);
    }
    b.work.max = KASPA_ENGINE_ARENA_BYTES;
    bench_run(&b, "@1000 DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT "
                  "DUP INVERT*200");
    cr_expect_eq(b.run.why, KASPA_UNDECIDED_RESOURCE);
    bench_fini(&b);
}

Test(kaspa_engine, is_undecided_after_any_allocation_that_fails)
{
    struct bench b;
    struct assay_bytes script;
    size_t asked;

    bench_init(&b);
    script = bench_script(&b, "@20000 INVERT @20000 INVERT CAT SHA256 SIZE 32 NUMEQUALVERIFY");
    (void)assay_alloc_fail_after(SIZE_MAX);
    kaspa_engine_run_script(&b.run, &b.engine, script);
    asked = assay_alloc_fail_after(SIZE_MAX);
    cr_expect_eq(b.run.outcome, KASPA_VALID);
    cr_assert_gt(asked, 2);
    for (size_t n = 0; n < asked; n++) {
        assay_arena_fini(&b.work);
        b.work = (struct assay_arena)ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
        (void)assay_alloc_fail_after(n);
        kaspa_engine_run_script(&b.run, &b.engine, script);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(b.run.outcome, KASPA_UNDECIDED, "after %zu", n);
        cr_expect_eq(b.run.why, KASPA_UNDECIDED_RESOURCE, "after %zu", n);
    }
    bench_fini(&b);
}
