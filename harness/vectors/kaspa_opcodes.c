/* Every opcode executed once, in scripts whose result is known by hand: they end with true only
 * where the opcode does what it must. */
#include "vectors/cases.h"

#define ABC "DATA3 0x616263"

static const struct vectors_script rows[] = {
    {"pushes of nothing and of numbers", "",
     "0 SIZE NOT VERIFY NOT VERIFY -1 1ADD NOT VERIFY 1 2 ADD 3 EQUALVERIFY 4 5 ADD 9 EQUALVERIFY "
     "6 7 ADD 13 EQUALVERIFY 8 10 12 14 15 16 11 2DROP 2DROP 2DROP DROP 1",
     "ok"},
    {"PUSHDATA1", "", "PUSHDATA1 0x03 0x010203 DATA3 0x010203 EQUAL", "ok"},
    {"PUSHDATA2", "", "PUSHDATA2 0x0300 0x010203 DATA3 0x010203 EQUAL", "ok"},
    {"PUSHDATA4", "", "PUSHDATA4 0x03000000 0x010203 DATA3 0x010203 EQUAL", "ok"},
    {"RESERVED is a push that fails", "RESERVED", "1", "OpcodeReserved"},
    {"NOP", "", "NOP 1", "ok"},
    {"VER", "", "VER 1", "OpcodeReserved"},
    {"IF, ELSE, ENDIF", "", "1 IF 1 ELSE RETURN ENDIF", "ok"},
    {"NOTIF", "", "0 NOTIF 1 ELSE RETURN ENDIF", "ok"},
    {"VERIF is illegal in a dead branch too", "", "0 IF VERIF ENDIF 1", "OpcodeReserved"},
    {"VERNOTIF is illegal in a dead branch too", "", "0 IF VERNOTIF ENDIF 1", "OpcodeReserved"},
    {"VERIF", "", "VERIF", "OpcodeReserved"},
    {"VERNOTIF", "", "VERNOTIF", "OpcodeReserved"},
    {"VERIFY", "", "1 1 VERIFY", "ok"},
    {"RETURN", "", "1 RETURN", "EarlyReturn"},
    {"TOALTSTACK, FROMALTSTACK", "", "1 2 TOALTSTACK FROMALTSTACK 2 EQUALVERIFY", "ok"},
    {"2DROP", "", "1 2 3 2DROP", "ok"},
    {"2DUP", "", "1 2 2DUP 2 EQUALVERIFY 1 EQUALVERIFY 2DROP 1", "ok"},
    {"3DUP", "", "1 2 3 3DUP 3 EQUALVERIFY 2 EQUALVERIFY 1 EQUALVERIFY 2DROP", "ok"},
    {"2OVER", "", "1 2 3 4 2OVER 2 EQUALVERIFY 1 EQUALVERIFY 2DROP 2DROP 1", "ok"},
    {"2ROT", "", "1 2 3 4 5 6 2ROT 2 EQUALVERIFY 1 EQUALVERIFY 2DROP 2DROP 1", "ok"},
    {"2SWAP", "", "1 2 3 4 2SWAP 2 EQUALVERIFY 1 EQUALVERIFY 2DROP 1", "ok"},
    {"IFDUP", "", "0 IFDUP DEPTH 1 EQUALVERIFY 1 IFDUP DEPTH 3 EQUALVERIFY EQUALVERIFY NOT", "ok"},
    {"DEPTH", "", "1 2 DEPTH 2 EQUALVERIFY DROP", "ok"},
    {"DROP", "", "1 0 DROP", "ok"},
    {"DUP", "", "1 DUP EQUAL", "ok"},
    {"NIP", "", "0 1 NIP", "ok"},
    {"OVER", "", "1 2 OVER 1 EQUALVERIFY DROP", "ok"},
    {"PICK", "", "1 2 3 2 PICK 1 EQUALVERIFY 2DROP", "ok"},
    {"ROLL", "", "1 2 3 2 ROLL 1 EQUALVERIFY 2DROP DEPTH NOT", "ok"},
    {"ROT", "", "1 2 3 ROT 1 EQUALVERIFY 2DROP 1", "ok"},
    {"SWAP", "", "1 2 SWAP 1 EQUALVERIFY DROP 1", "ok"},
    {"TUCK", "", "1 2 TUCK 2 EQUALVERIFY 1 EQUALVERIFY 2 EQUAL", "ok"},
    {"CAT", "", "DATA2 0x0102 DATA1 0x03 CAT DATA3 0x010203 EQUAL", "ok"},
    {"SUBSTR", "", "DATA4 0x01020304 1 3 SUBSTR DATA2 0x0203 EQUAL", "ok"},
    {"LEFT is disabled", "", "LEFT", "OpcodeDisabled"},
    {"RIGHT is disabled", "", "RIGHT", "OpcodeDisabled"},
    {"SIZE", "", "DATA3 0x010203 SIZE 3 EQUALVERIFY DROP 1", "ok"},
    {"INVERT", "", "DATA2 0x00f1 INVERT DATA2 0xff0e EQUAL", "ok"},
    {"AND", "", "DATA1 0x0f DATA1 0x3c AND DATA1 0x0c EQUAL", "ok"},
    {"OR", "", "DATA1 0x0f DATA1 0x3c OR DATA1 0x3f EQUAL", "ok"},
    {"XOR", "", "DATA1 0x0f DATA1 0x3c XOR DATA1 0x33 EQUAL", "ok"},
    {"EQUAL", "", "1 DATA1 0x01 EQUAL", "ok"},
    {"EQUALVERIFY", "", "2 2 EQUALVERIFY 1", "ok"},
    {"RESERVED1", "", "RESERVED1", "OpcodeReserved"},
    {"RESERVED2", "", "RESERVED2", "OpcodeReserved"},
    {"1ADD", "", "-1 1ADD 0 NUMEQUAL", "ok"},
    {"1SUB", "", "0 1SUB -1 NUMEQUAL", "ok"},
    {"2MUL is disabled", "", "2MUL", "OpcodeDisabled"},
    {"2DIV is disabled", "", "2DIV", "OpcodeDisabled"},
    {"NEGATE", "", "5 NEGATE -5 NUMEQUAL", "ok"},
    {"ABS", "", "-5 ABS 5 NUMEQUAL", "ok"},
    {"NOT", "", "2 NOT NOT", "ok"},
    {"0NOTEQUAL", "", "7 0NOTEQUAL 1 EQUAL", "ok"},
    {"ADD", "", "4294967296 -1 ADD 4294967295 NUMEQUAL", "ok"},
    {"SUB", "", "1 4294967296 SUB -4294967295 NUMEQUAL", "ok"},
    {"MUL", "", "-3037000499 3037000499 MUL -9223372030926249001 NUMEQUAL", "ok"},
    {"DIV truncates toward zero", "", "-7 2 DIV -3 NUMEQUAL", "ok"},
    {"MOD has the sign of the dividend", "", "-7 2 MOD -1 NUMEQUAL", "ok"},
    {"LSHIFT is disabled", "", "LSHIFT", "OpcodeDisabled"},
    {"RSHIFT is disabled", "", "RSHIFT", "OpcodeDisabled"},
    {"BOOLAND", "", "1 2 BOOLAND 1 EQUAL", "ok"},
    {"BOOLOR", "", "0 2 BOOLOR 1 EQUAL", "ok"},
    {"NUMEQUAL", "", "DATA3 0x050000 5 NUMEQUAL", "ok"},
    {"NUMEQUALVERIFY", "", "5 5 NUMEQUALVERIFY 1", "ok"},
    {"NUMNOTEQUAL", "", "5 6 NUMNOTEQUAL", "ok"},
    {"LESSTHAN", "", "-1 0 LESSTHAN", "ok"},
    {"GREATERTHAN", "", "0 -1 GREATERTHAN", "ok"},
    {"LESSTHANOREQUAL", "", "3 3 LESSTHANOREQUAL", "ok"},
    {"GREATERTHANOREQUAL", "", "3 3 GREATERTHANOREQUAL", "ok"},
    {"MIN", "", "-1 1 MIN -1 NUMEQUAL", "ok"},
    {"MAX", "", "-1 1 MAX 1 NUMEQUAL", "ok"},
    {"WITHIN has its lower bound", "", "1 1 3 WITHIN", "ok"},
    {"WITHIN has not its upper bound", "", "3 1 3 WITHIN NOT", "ok"},
    {"ZKPRECOMPILE is undecided", "", "DATA1 0x20 ZKPRECOMPILE", "unsupported",
     .patches = {{"units", "'unlimited'"}}},
    {"BLAKE2BWITHKEY", "",
     ABC " DATA3 0x6b6579 BLAKE2BWITHKEY "
         "DATA32 0x0330531d097355a3f72e80d55c1245ccf79f1704431c6e3887938320442c23c0 EQUAL",
     "ok"},
    {"SHA256", "",
     ABC " SHA256 DATA32 0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad EQUAL",
     "ok"},
    {"CHECKMULTISIGECDSA", "@ecdsasig:a:01 @ecdsasig:c:01",
     "2 @ecdsakey:a @ecdsakey:b @ecdsakey:c 3 CHECKMULTISIGECDSA", "ok"},
    {"BLAKE2B", "",
     ABC " BLAKE2B DATA32 0xbddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319 EQUAL",
     "ok"},
    {"CHECKSIGECDSA", "@ecdsasig:a:01", "@ecdsakey:a CHECKSIGECDSA", "ok"},
    {"CHECKSIG", "@sig:a:01", "@key:a CHECKSIG", "ok"},
    {"CHECKSIGVERIFY", "@sig:a:01", "@key:a CHECKSIGVERIFY 1", "ok"},
    {"CHECKMULTISIG", "@sig:a:01 @sig:c:01", "2 @key:a @key:b @key:c 3 CHECKMULTISIG", "ok"},
    {"CHECKMULTISIGVERIFY", "@sig:b:01", "1 @key:a @key:b 2 CHECKMULTISIGVERIFY 1", "ok"},
    {"CHECKLOCKTIMEVERIFY", "", "400 CHECKLOCKTIMEVERIFY 1", "ok"},
    {"CHECKSEQUENCEVERIFY", "", "7 CHECKSEQUENCEVERIFY 1", "ok"},
    {"TXVERSION", "", "TXVERSION 1 NUMEQUAL", "ok"},
    {"TXINPUTCOUNT", "", "TXINPUTCOUNT 2 NUMEQUAL", "ok"},
    {"TXOUTPUTCOUNT", "", "TXOUTPUTCOUNT 2 NUMEQUAL", "ok"},
    {"TXLOCKTIME", "", "TXLOCKTIME 400 NUMEQUAL", "ok"},
    {"TXSUBNETID", "", "TXSUBNETID DATA20 0x0000000000000000000000000000000000000000 EQUAL", "ok"},
    {"TXGAS", "", "TXGAS 9 NUMEQUAL", "ok"},
    {"TXPAYLOADSUBSTR", "", "1 3 TXPAYLOADSUBSTR DATA2 0x0203 EQUAL", "ok"},
    {"TXINPUTINDEX", "", "TXINPUTINDEX 0 NUMEQUAL", "ok"},
    {"OUTPOINTTXID", "",
     "0 OUTPOINTTXID DATA32 0x1111111111111111111111111111111111111111111111111111111111111111 "
     "EQUAL",
     "ok"},
    {"OUTPOINTINDEX", "", "0 OUTPOINTINDEX 3 NUMEQUAL", "ok"},
    {"TXINPUTSCRIPTSIGSUBSTR", "DATA2 0xabcd",
     "0 0 3 TXINPUTSCRIPTSIGSUBSTR DATA3 0x02abcd EQUALVERIFY DROP 1", "ok"},
    {"TXINPUTSEQ pushes bytes, no number", "", "0 TXINPUTSEQ DATA8 0x0700000000000000 EQUAL", "ok"},
    {"TXINPUTAMOUNT", "", "0 TXINPUTAMOUNT 5000 NUMEQUAL", "ok"},
    {"TXINPUTSPK has its version big-endian", "", "1 TXINPUTSPK DATA3 0x000151 EQUAL", "ok",
     .patches = {{"utxos.1.scriptPublicKey", "'000151'"}}},
    {"TXINPUTDAASCORE", "", "0 TXINPUTDAASCORE 77 NUMEQUAL", "ok"},
    {"TXINPUTISCOINBASE", "", "0 TXINPUTISCOINBASE 1 TXINPUTISCOINBASE NOT BOOLAND", "ok"},
    {"TXOUTPUTAMOUNT", "", "1 TXOUTPUTAMOUNT 2000 NUMEQUAL", "ok"},
    {"TXOUTPUTSPK", "", "1 TXOUTPUTSPK DATA4 0x00005253 EQUAL", "ok"},
    {"TXPAYLOADLEN", "", "TXPAYLOADLEN 5 NUMEQUAL", "ok"},
    {"TXINPUTSPKLEN counts the version", "", "1 TXINPUTSPKLEN 3 NUMEQUAL", "ok"},
    {"TXINPUTSPKSUBSTR", "", "1 1 3 TXINPUTSPKSUBSTR DATA2 0x0051 EQUAL", "ok"},
    {"TXOUTPUTSPKLEN", "", "1 TXOUTPUTSPKLEN 4 NUMEQUAL", "ok"},
    {"TXOUTPUTSPKSUBSTR", "", "1 2 4 TXOUTPUTSPKSUBSTR DATA2 0x5253 EQUAL", "ok"},
    {"TXINPUTSCRIPTSIGLEN", "DATA2 0xabcd",
     "0 TXINPUTSCRIPTSIGLEN 3 NUMEQUALVERIFY DROP 1 TXINPUTSCRIPTSIGLEN NOT", "ok"},
    {"AUTHOUTPUTCOUNT", "", "1 AUTHOUTPUTCOUNT 0 AUTHOUTPUTCOUNT NOT BOOLAND", "ok"},
    {"AUTHOUTPUTIDX", "", "1 0 AUTHOUTPUTIDX 1 NUMEQUAL", "ok"},
    {"NUM2BIN", "", "-5 4 NUM2BIN DATA4 0x05000080 EQUAL", "ok"},
    {"BIN2NUM", "", "DATA4 0x05000080 BIN2NUM DATA1 0x85 EQUAL", "ok"},
    {"INPUTCOVENANTID", "", "1 INPUTCOVENANTID @covenant EQUAL", "ok"},
    {"COVINPUTCOUNT", "", "@covenant COVINPUTCOUNT 1 NUMEQUAL", "ok"},
    {"COVINPUTIDX", "", "@covenant 0 COVINPUTIDX 1 NUMEQUAL", "ok"},
    {"COVOUTPUTCOUNT", "", "@covenant COVOUTPUTCOUNT 1 NUMEQUAL", "ok"},
    {"COVOUTPUTIDX", "", "@covenant 0 COVOUTPUTIDX 1 NUMEQUAL", "ok"},
    {"CHAINBLOCKSEQCOMMIT is undecided", "", "@covenant CHAINBLOCKSEQCOMMIT", "unsupported"},
    {"OUTPUTCOVENANTID", "",
     "1 OUTPUTCOVENANTID @covenant EQUALVERIFY 0 OUTPUTCOVENANTID "
     "DATA32 0x0000000000000000000000000000000000000000000000000000000000000000 EQUAL",
     "ok"},
    {"OUTPUTAUTHORIZINGINPUT", "",
     "1 OUTPUTAUTHORIZINGINPUT 1 NUMEQUALVERIFY 0 OUTPUTAUTHORIZINGINPUT -1 NUMEQUAL", "ok"},
    {"CHECKSIGFROMSTACK", "@data:a",
     "DATA32 0x4242424242424242424242424242424242424242424242424242424242424242 @key:a "
     "CHECKSIGFROMSTACK",
     "ok"},
    {"CHECKSIGFROMSTACKECDSA", "@ecdsadata:a",
     "DATA32 0x4242424242424242424242424242424242424242424242424242424242424242 @ecdsakey:a "
     "CHECKSIGFROMSTACKECDSA",
     "ok"},
    {"BLAKE3", "",
     ABC " BLAKE3 DATA32 0x6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85 EQUAL",
     "ok"},
    {"BLAKE3WITHKEY", "",
     "0 DATA32 0x77686174732074686520456c7669736820776f726420666f7220667269656e64 BLAKE3WITHKEY "
     "DATA32 0x92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26 EQUAL",
     "ok"},
    {"ca is no opcode", "", "0xca 1", "InvalidOpcode"},
    {"db is no opcode", "", "0xdb 1", "InvalidOpcode"},
    {"fa is no opcode", "", "0xfa 1", "InvalidOpcode"},
    {"fb is no opcode", "", "0xfb 1", "InvalidOpcode"},
    {"fd is no opcode", "", "0xfd 1", "InvalidOpcode"},
    {"fe is no opcode", "", "0xfe 1", "InvalidOpcode"},
    {"ff is no opcode", "", "0xff 1", "InvalidOpcode"},
};

/* DATA1 to DATA75 in one script: each pushes as many bytes as its number says. */
static void add_data_pushes(struct vectors *v)
{
    struct assay_buf text = ASSAY_BUF_INIT((size_t)1 << 16);
    struct vectors_script row = {"DATA1 to DATA75", "", NULL, "ok", .patches = {{0}}};

    for (unsigned n = 1; n <= 75; n++) {
        assay_buf_printf(&text, "DATA%u 0x", n);
        for (unsigned i = 0; i < n; i++)
            assay_buf_printf(&text, "%02x", n);
        assay_buf_printf(&text, " SIZE %u EQUALVERIFY DROP ", n);
    }
    assay_buf_add_str(&text, "1");
    row.spk = assay_buf_cstr(&text);
    vectors_add_script(v, &row);
    assay_buf_fini(&text);
}

void vectors_kaspa_opcodes(struct vectors *v)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        vectors_add_script(v, &rows[i]);
    add_data_pushes(v);
}
