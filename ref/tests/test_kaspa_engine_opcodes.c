/* Every opcode: run with success, with too few operands, and dead; and what it charges. */
#include "ref/tests/script_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* Scripts that end with true, and what they use. The bench is described in its header. */
static const struct {
    const char *script;
    uint64_t units;
} good[] = {
    /* literals are free */
    {"0 NOT", 1},
    {"0x0100 NOT", 1},
    {"0x4c0107 7 EQUAL", 1},
    {"0x4d010007 7 EQUAL", 1},
    {"0x4e0100000007 7 EQUAL", 1},
    {"-1 0x0181 EQUAL", 1},
    {"1 2 DROP", 0},
    {"16 0x0110 EQUAL", 1},
    /* control */
    {"NOP 1", 0},
    {"1 IF 1 ELSE RETURN ENDIF", 0},
    {"0 IF RETURN ELSE 1 ENDIF", 0},
    {"0 NOTIF 1 ELSE RETURN ENDIF", 0},
    {"1 NOTIF RETURN ELSE 1 ENDIF", 0},
    {"0x020080 NOTIF 1 ENDIF", 0},
    {"1 VERIFY 1", 0},
    /* moves are free, copies are not */
    {"1 TOALTSTACK 2 FROMALTSTACK SUB", 1},
    {"1 2 3 2DROP", 0},
    {"1 2 DROP", 0},
    {"'ab' 'c' 2DUP CAT 'abc' EQUALVERIFY 2DROP 1", 6},
    {"'a' 'bc' 'def' 3DUP CAT CAT 'abcdef' EQUALVERIFY 2DROP DROP 1", 6 + 5 + 6},
    {"'ab' DUP EQUAL", 2 + 1},
    {"'ab' 'c' 3 4 2OVER CAT 'abc' EQUALVERIFY 2DROP 2DROP 1", 3 + 3},
    {"'ab' 2 OVER 'ab' EQUALVERIFY 2DROP 1", 2},
    {"1 2 3 4 5 6 2ROT 2 NUMEQUALVERIFY 1 NUMEQUALVERIFY 2DROP 2DROP 1", 0},
    {"1 2 3 ROT 1 NUMEQUALVERIFY 3 NUMEQUALVERIFY 2 NUMEQUAL", 1},
    {"1 2 3 4 2SWAP 2 NUMEQUALVERIFY 1 NUMEQUALVERIFY 4 NUMEQUALVERIFY 3 NUMEQUAL", 1},
    {"1 2 SWAP 1 NUMEQUALVERIFY 2 NUMEQUAL", 1},
    {"'abc' IFDUP EQUAL", 3 + 1},
    {"0 IFDUP NOT", 1},
    {"0x03000080 IFDUP DEPTH 1 NUMEQUALVERIFY DROP 1", 1},
    {"0 0 DEPTH 2 NUMEQUALVERIFY 2DROP 1", 1},
    {"1 2 NIP 2 NUMEQUAL", 1},
    {"'abc' 1 0 2 PICK 'abc' EQUALVERIFY 2DROP DROP 1", 3},
    {"1 0 PICK EQUAL", 2},
    {"1 2 3 2 ROLL 1 NUMEQUALVERIFY 3 NUMEQUALVERIFY 2 NUMEQUAL", 1},
    {"7 0 ROLL 7 EQUAL", 1},
    {"7 'ab' TUCK 'ab' EQUALVERIFY 7 EQUALVERIFY 'ab' EQUAL", 3},
    /* bytes */
    {"'ab' 'cd' CAT 'abcd' EQUAL", 5},
    {"0 0 CAT NOT", 1},
    {"'abcd' 1 3 SUBSTR 'bc' EQUAL", 3},
    {"'abcd' 4 4 SUBSTR NOT", 1},
    {"'abcd' 0 4 SUBSTR 'abcd' EQUAL", 5},
    {"'abcd' SIZE 4 NUMEQUALVERIFY 'abcd' EQUAL", 2},
    {"0x020ff0 INVERT 0x02f00f EQUAL", 3},
    {"0x020ff0 0x02ff10 AND 0x020f10 EQUAL", 3},
    {"0x020ff0 0x02f011 OR 0x02fff1 EQUAL", 3},
    {"0x020ff0 0x02ff11 XOR 0x02f0e1 EQUAL", 3},
    {"1 0x020100 EQUAL NOT", 1},
    {"'x' 'x' EQUALVERIFY 1", 0},
    /* numbers */
    {"127 1ADD 0x028000 EQUAL", 3},
    {"0 1SUB -1 EQUAL", 2},
    {"5 NEGATE -5 EQUAL", 2},
    {"-5 ABS 5 EQUAL", 2},
    {"5 ABS 5 EQUAL", 2},
    {"0x0180 NOT", 1},
    {"2 0NOTEQUAL", 1},
    {"-2 3 ADD", 1},
    {"-2 -3 SUB", 1},
    {"9223372036854775807 1SUB 0x08feffffffffffff7f EQUAL", 9},
    {"3037000499 3037000499 MUL 9223372030926249001 EQUAL", 9},
    {"-7 2 DIV -3 EQUAL", 2},
    {"-7 2 MOD -1 EQUAL", 2},
    {"7 -2 MOD 1 EQUAL", 2},
    {"1 2 BOOLAND", 1},
    {"1 0 BOOLAND NOT", 1},
    {"0 1 BOOLAND NOT", 1},
    {"0 2 BOOLOR", 1},
    {"2 0 BOOLOR", 1},
    {"0 0 BOOLOR NOT", 1},
    {"1 0x020100 NUMEQUAL", 1},
    {"1 0x020100 NUMEQUALVERIFY 1", 0},
    {"1 2 NUMNOTEQUAL", 1},
    {"1 2 LESSTHAN", 1},
    {"2 1 GREATERTHAN", 1},
    {"2 2 LESSTHANOREQUAL", 1},
    {"2 2 GREATERTHANOREQUAL", 1},
    {"-2 1 MIN -2 EQUAL", 2},
    {"1 -2 MIN -2 EQUAL", 2},
    {"-2 1 MAX", 1},
    {"1 -2 MAX", 1},
    {"2 2 3 WITHIN", 1},
    {"3 2 3 WITHIN NOT", 1},
    {"1 2 3 WITHIN NOT", 1},
    {"-1 4 NUM2BIN 0x0401000080 EQUAL", 5},
    {"-128 2 NUM2BIN 0x028080 EQUAL", 3},
    {"0 0 NUM2BIN NOT", 1},
    {"-9223372036854775807 8 NUM2BIN 0x08ffffffffffffffff EQUAL", 9},
    {"0x0401000080 BIN2NUM -1 EQUAL", 2},
    /* digests: of the empty item, and keyed by it */
    {"0 SHA256 0x20e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 EQUAL", 33},
    {"0 BLAKE2B 0x200e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8 EQUAL", 33},
    {"'ab' BLAKE2B 'ab' 0 BLAKE2BWITHKEY EQUAL", 36 + 36 + 1},
    {"0 BLAKE3 0x20af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262 EQUAL", 33},
    {"'ab' 0x20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f BLAKE3WITHKEY "
     "'ab' BLAKE3 EQUAL NOT",
     34 + 34 + 1},
    /* signatures */
    {"$a $A CHECKSIG", 100001},
    {"$ae $AE CHECKSIGECDSA", 100001},
    {"$a $A CHECKSIGVERIFY 1", 100001},
    {"$b $A CHECKSIG NOT", 100001},
    {"$be $AE CHECKSIGECDSA NOT", 100001},
    {"0 $A CHECKSIG NOT", 1},
    {"0 0 CHECKSIGECDSA NOT", 1},
    {"$a $b 2 $A $B 2 CHECKMULTISIG", 200001},
    {"$a $c 2 $A $B $C 3 CHECKMULTISIG", 300001},
    {"$b $c 2 $A $B $C 3 CHECKMULTISIGVERIFY 1", 300001},
    {"$be 1 $AE $BE 2 CHECKMULTISIGECDSA", 200001},
    {"0 0 CHECKMULTISIG", 1},
    {"0 7 1 CHECKMULTISIG", 1},
    {"0 0 2 $A $B 2 CHECKMULTISIG NOT", 1},
    {"$am $m $A CHECKSIGFROMSTACK", 100001},
    {"$bm $m $A CHECKSIGFROMSTACK NOT", 100001},
    {"$aem $m $AE CHECKSIGFROMSTACKECDSA", 100001},
    /* locks: lock time 1000, sequence 5 */
    {"1000 CHECKLOCKTIMEVERIFY 1", 0},
    {"0 CHECKLOCKTIMEVERIFY 1", 0},
    {"5 CHECKSEQUENCEVERIFY 1", 0},
    {"0x080000000000000080 CHECKSEQUENCEVERIFY 1", 0},
    {"0x080500000001000000 CHECKSEQUENCEVERIFY 1", 0},
    /* the transaction */
    {"TXVERSION", 1},
    {"TXINPUTCOUNT 2 EQUAL", 2},
    {"TXOUTPUTCOUNT 3 EQUAL", 2},
    {"TXLOCKTIME 1000 EQUAL", 3},
    {"TXSUBNETID 0x140908070000000000000000000000000000000000 EQUAL", 21},
    {"TXGAS -1 EQUAL", 2},
    {"1 4 TXPAYLOADSUBSTR 'ayl' EQUAL", 4},
    {"TXPAYLOADLEN 7 EQUAL", 2},
    {"TXINPUTINDEX NOT", 1},
    {"0 OUTPOINTTXID 0x201111111111111111111111111111111111111111111111111111111111111111 EQUAL",
     33},
    {"0 OUTPOINTINDEX 7 EQUAL", 2},
    {"0 1 3 TXINPUTSCRIPTSIGSUBSTR 0x02bbcc EQUAL", 3},
    {"0 TXINPUTSCRIPTSIGLEN 3 EQUAL", 2},
    {"0 TXINPUTSEQ 0x080500000000000000 EQUAL", 9},
    {"0 TXINPUTAMOUNT 1000 EQUAL", 3},
    {"1 TXINPUTSPK 0x0401025152 EQUAL", 5},
    {"0 TXINPUTSPK 2 36 2 PICK DROP 0 2 36 TXINPUTSPKSUBSTR DEPTH 4 EQUALVERIFY SIZE 34 "
     "EQUALVERIFY 2DROP 2DROP 1",
     36 + 36 + 34 + 1 + 1},
    {"0 TXINPUTDAASCORE 77 EQUAL", 2},
    {"0 TXINPUTISCOINBASE NOT", 1},
    {"1 TXINPUTISCOINBASE", 1},
    {"1 TXINPUTSPKLEN 4 EQUAL", 2},
    {"1 0 1 TXINPUTSPKSUBSTR 1 EQUAL", 2},
    {"1 1 3 TXINPUTSPKSUBSTR 0x020251 EQUAL", 3},
    {"1 2 4 TXINPUTSPKSUBSTR 0x025152 EQUAL", 3},
    {"1 3 4 TXINPUTSPKSUBSTR 0x0152 EQUAL", 2},
    {"1 4 4 TXINPUTSPKSUBSTR NOT", 1},
    {"1 1 1 TXINPUTSPKSUBSTR NOT", 1},
    {"0 TXOUTPUTAMOUNT 900 EQUAL", 3},
    {"1 TXOUTPUTSPK 0x03030453 EQUAL", 4},
    {"1 TXOUTPUTSPKLEN 3 EQUAL", 2},
    {"1 1 3 TXOUTPUTSPKSUBSTR 0x020453 EQUAL", 3},
    /* covenants */
    {"0 AUTHOUTPUTCOUNT 2 EQUAL", 2},
    {"1 AUTHOUTPUTCOUNT NOT", 1},
    {"0 1 AUTHOUTPUTIDX 2 EQUAL", 2},
    {"0 INPUTCOVENANTID COVINPUTCOUNT", 33},
    {"0 INPUTCOVENANTID 0 COVINPUTIDX NOT", 33},
    {"0 OUTPUTCOVENANTID COVOUTPUTCOUNT 2 EQUAL", 34},
    {"0 OUTPUTCOVENANTID 1 COVOUTPUTIDX 2 EQUAL", 34},
    {"1 INPUTCOVENANTID 1 OUTPUTCOVENANTID EQUAL", 65},
    {"1 INPUTCOVENANTID COVINPUTCOUNT NOT", 33},
    {"1 INPUTCOVENANTID COVOUTPUTCOUNT NOT", 33},
    {"2 OUTPUTAUTHORIZINGINPUT NOT", 1},
    {"1 OUTPUTAUTHORIZINGINPUT -1 EQUAL", 2},
};

Test(kaspa_engine_opcodes, do_and_charge_what_the_digest_says)
{
    struct bench b;

    bench_init(&b);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        bench_run(&b, good[i].script);
        cr_expect_eq(b.run.outcome, KASPA_VALID, "%s: %s at %zu", good[i].script,
                     kaspa_script_error_name(b.run.error), b.run.at);
        cr_expect_eq(b.run.used_units, good[i].units, "%s: %zu units", good[i].script,
                     (size_t)b.run.used_units);
    }
    bench_fini(&b);
}

static void note_executed(void *context, const struct kaspa_step *step)
{
    bool *executed = context;

    executed[step->instruction.opcode] |= step->executed;
}

/* Those that no script survives, and the two that are never decided. */
static bool is_deadly(int opcode)
{
    static const uint8_t deadly[] = {
        KASPA_OP_RESERVED, KASPA_OP_VER,          KASPA_OP_VERIF,
        KASPA_OP_VERNOTIF, KASPA_OP_RETURN,       KASPA_OP_LEFT,
        KASPA_OP_RIGHT,    KASPA_OP_RESERVED1,    KASPA_OP_RESERVED2,
        KASPA_OP_2MUL,     KASPA_OP_2DIV,         KASPA_OP_LSHIFT,
        KASPA_OP_RSHIFT,   KASPA_OP_ZKPRECOMPILE, KASPA_OP_CHAINBLOCKSEQCOMMIT,
    };

    return memchr(deadly, opcode, sizeof(deadly)) != NULL;
}

static bool is_known(int opcode)
{
    return strncmp(kaspa_opcode_name((uint8_t)opcode), "UNKNOWN", 7) != 0;
}

Test(kaspa_engine_opcodes, all_are_run_with_success)
{
    bool executed[256] = {false};
    struct bench b;

    bench_init(&b);
    b.engine.on_step = note_executed;
    b.engine.context = executed;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        bench_run(&b, good[i].script);
    for (int opcode = KASPA_OP_DATA1; opcode <= KASPA_OP_16; opcode++) {
        uint8_t script[1 + KASPA_OP_DATA75] = {(uint8_t)opcode, 1};
        size_t len = 1 + (opcode <= KASPA_OP_DATA75 ? (size_t)opcode : 0);

        if (is_deadly(opcode) || executed[opcode])
            continue;
        kaspa_engine_run_script(&b.run, &b.engine, assay_bytes_of(script, len));
        cr_expect_eq(b.run.outcome, KASPA_VALID, "%s", kaspa_opcode_name((uint8_t)opcode));
    }
    for (int opcode = 0; opcode < 256; opcode++)
        cr_expect_eq(executed[opcode] && !is_deadly(opcode), is_known(opcode) && !is_deadly(opcode),
                     "%s", kaspa_opcode_name((uint8_t)opcode));
    bench_fini(&b);
}

/* How many ones are too few, and what is said then. */
struct hungry {
    const char *opcode;
    int needs;
    enum kaspa_script_error error;
};

#define STACK KASPA_SCRIPT_INVALID_STACK_OPERATION
#define EMPTY KASPA_SCRIPT_EMPTY_STACK
static const struct hungry hungry[] = {
    {"IF", 1, STACK},
    {"NOTIF", 1, STACK},
    {"VERIFY", 1, STACK},
    {"TOALTSTACK", 1, STACK},
    {"FROMALTSTACK", 1, EMPTY},
    {"2DROP", 2, STACK},
    {"DROP", 1, STACK},
    {"3DUP", 3, STACK},
    {"2DUP", 2, STACK},
    {"DUP", 1, STACK},
    {"2OVER", 4, STACK},
    {"OVER", 2, STACK},
    {"2ROT", 6, STACK},
    {"ROT", 3, STACK},
    {"2SWAP", 4, STACK},
    {"SWAP", 2, STACK},
    {"IFDUP", 1, STACK},
    {"NIP", 2, STACK},
    {"TUCK", 2, STACK},
    {"PICK", 1, STACK},
    {"ROLL", 1, STACK},
    {"CAT", 2, EMPTY},
    {"SUBSTR", 2, STACK},
    {"SIZE", 1, STACK},
    {"INVERT", 1, EMPTY},
    {"AND", 2, EMPTY},
    {"OR", 2, EMPTY},
    {"XOR", 2, EMPTY},
    {"EQUAL", 2, STACK},
    {"EQUALVERIFY", 2, STACK},
    {"1ADD", 1, STACK},
    {"1SUB", 1, STACK},
    {"NEGATE", 1, STACK},
    {"ABS", 1, STACK},
    {"NOT", 1, STACK},
    {"0NOTEQUAL", 1, STACK},
    {"ADD", 2, STACK},
    {"SUB", 2, STACK},
    {"MUL", 2, STACK},
    {"DIV", 2, STACK},
    {"MOD", 2, STACK},
    {"BOOLAND", 2, STACK},
    {"BOOLOR", 2, STACK},
    {"NUMEQUAL", 2, STACK},
    {"NUMEQUALVERIFY", 2, STACK},
    {"NUMNOTEQUAL", 2, STACK},
    {"LESSTHAN", 2, STACK},
    {"GREATERTHAN", 2, STACK},
    {"LESSTHANOREQUAL", 2, STACK},
    {"GREATERTHANOREQUAL", 2, STACK},
    {"MIN", 2, STACK},
    {"MAX", 2, STACK},
    {"WITHIN", 3, STACK},
    {"ZKPRECOMPILE", 1, EMPTY},
    {"BLAKE2BWITHKEY", 2, STACK},
    {"SHA256", 1, STACK},
    {"CHECKMULTISIGECDSA", 4, STACK},
    {"BLAKE2B", 1, STACK},
    {"CHECKSIGECDSA", 2, STACK},
    {"CHECKSIG", 2, STACK},
    {"CHECKSIGVERIFY", 2, STACK},
    {"CHECKMULTISIG", 4, STACK},
    {"CHECKMULTISIGVERIFY", 4, STACK},
    {"CHECKLOCKTIMEVERIFY", 1, STACK},
    {"CHECKSEQUENCEVERIFY", 1, STACK},
    {"TXPAYLOADSUBSTR", 2, STACK},
    {"OUTPOINTTXID", 1, STACK},
    {"OUTPOINTINDEX", 1, STACK},
    {"TXINPUTSCRIPTSIGSUBSTR", 3, STACK},
    {"TXINPUTSEQ", 1, STACK},
    {"TXINPUTAMOUNT", 1, STACK},
    {"TXINPUTSPK", 1, STACK},
    {"TXINPUTDAASCORE", 1, STACK},
    {"TXINPUTISCOINBASE", 1, STACK},
    {"TXOUTPUTAMOUNT", 1, STACK},
    {"TXOUTPUTSPK", 1, STACK},
    {"TXINPUTSPKLEN", 1, STACK},
    {"TXINPUTSPKSUBSTR", 3, STACK},
    {"TXOUTPUTSPKLEN", 1, STACK},
    {"TXOUTPUTSPKSUBSTR", 3, STACK},
    {"TXINPUTSCRIPTSIGLEN", 1, STACK},
    {"AUTHOUTPUTCOUNT", 1, STACK},
    {"AUTHOUTPUTIDX", 2, STACK},
    {"NUM2BIN", 2, STACK},
    {"BIN2NUM", 1, STACK},
    {"INPUTCOVENANTID", 1, STACK},
    {"COVINPUTCOUNT", 1, STACK},
    {"COVINPUTIDX", 2, STACK},
    {"COVOUTPUTCOUNT", 1, STACK},
    {"COVOUTPUTIDX", 2, STACK},
    {"CHAINBLOCKSEQCOMMIT", 1, STACK},
    {"OUTPUTCOVENANTID", 1, STACK},
    {"OUTPUTAUTHORIZINGINPUT", 1, STACK},
    {"CHECKSIGFROMSTACK", 3, STACK},
    {"CHECKSIGFROMSTACKECDSA", 3, STACK},
    {"BLAKE3", 1, STACK},
    {"BLAKE3WITHKEY", 2, STACK},
};

Test(kaspa_engine_opcodes, say_so_when_they_find_too_few_operands)
{
    struct bench b;
    char words[64];

    bench_init(&b);
    for (size_t i = 0; i < ARRAY_LEN(hungry); i++) {
        for (int have = 0; have < hungry[i].needs; have++) {
            (void)snprintf(words, sizeof(words), "1*%d %s", have, hungry[i].opcode);
            bench_run(&b, words);
            cr_expect_eq(b.run.outcome, KASPA_INVALID, "%s", words);
            cr_expect_eq(b.run.error, hungry[i].error, "%s: %s", words,
                         kaspa_script_error_name(b.run.error));
            cr_expect_eq(b.run.at, (size_t)have, "%s", words);
        }
    }
    /* its third operand is not asked for in the same way as its first two */
    bench_run(&b, "0 0 SUBSTR");
    cr_expect_eq(b.run.error, KASPA_SCRIPT_EMPTY_STACK);
    bench_fini(&b);
}

Test(kaspa_engine_opcodes, do_nothing_in_a_dead_branch_but_be_counted)
{
    struct bench b;
    uint8_t script[] = {KASPA_OP_1, KASPA_OP_0, KASPA_OP_IF, 0, KASPA_OP_ENDIF};

    bench_init(&b);
    for (int opcode = KASPA_OP_1NEGATE; opcode < 256; opcode++) {
        bool is_conditional = opcode >= KASPA_OP_IF && opcode <= KASPA_OP_ENDIF;
        enum kaspa_script_error expected = KASPA_SCRIPT_OK;

        script[3] = (uint8_t)opcode;
        kaspa_engine_run_script(&b.run, &b.engine, assay_bytes_of(script, sizeof(script)));
        if (opcode == KASPA_OP_LEFT || opcode == KASPA_OP_RIGHT || opcode == KASPA_OP_2MUL ||
            opcode == KASPA_OP_2DIV || opcode == KASPA_OP_LSHIFT || opcode == KASPA_OP_RSHIFT)
            expected = KASPA_SCRIPT_OPCODE_DISABLED;
        else if (opcode == KASPA_OP_VERIF || opcode == KASPA_OP_VERNOTIF)
            expected = KASPA_SCRIPT_OPCODE_RESERVED;
        else if (is_conditional && opcode != KASPA_OP_ELSE)
            expected = opcode == KASPA_OP_ENDIF ? KASPA_SCRIPT_INVALID_STATE
                                                : KASPA_SCRIPT_UNBALANCED_CONDITIONAL;
        cr_expect_eq(b.run.error, expected, "%s", kaspa_opcode_name((uint8_t)opcode));
        cr_expect_eq(b.run.used_units, 0);
    }
    bench_fini(&b);
}

Test(kaspa_engine_opcodes, that_do_not_exist_fail_where_they_are_executed)
{
    struct bench b;
    uint8_t script[] = {KASPA_OP_1, 0};

    bench_init(&b);
    for (int opcode = 0; opcode < 256; opcode++) {
        if (is_known(opcode))
            continue;
        script[1] = (uint8_t)opcode;
        kaspa_engine_run_script(&b.run, &b.engine, assay_bytes_of(script, sizeof(script)));
        cr_expect_eq(b.run.error, KASPA_SCRIPT_INVALID_OPCODE, "%02x", (unsigned)opcode);
        b.engine.tx = NULL;
        kaspa_engine_run_script(&b.run, &b.engine, assay_bytes_of(script, sizeof(script)));
        cr_expect_eq(b.run.error, KASPA_SCRIPT_INVALID_OPCODE, "%02x", (unsigned)opcode);
        b.engine.tx = &b.tx;
    }
    bench_fini(&b);
}
