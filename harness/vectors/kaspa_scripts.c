/* Why scripts fail, each kind by name, and the edges of what they may do. */
#include "vectors/cases.h"

#define UNLIMITED                                                                                  \
    {                                                                                              \
        "units", "'unlimited'"                                                                     \
    }
#define UNITS(count)                                                                               \
    {                                                                                              \
        {                                                                                          \
            "units", "'" count "'"                                                                 \
        }                                                                                          \
    }
#define SPK(json)                                                                                  \
    {                                                                                              \
        "utxos.0.scriptPublicKey", json                                                            \
    }
#define KEY_OF_FF "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define SIXTEEN "00000000000000000000000000000000"
#define SIXTY_FOUR SIXTEEN SIXTEEN SIXTEEN SIXTEEN
#define MESSAGE "DATA32 0x4242424242424242424242424242424242424242424242424242424242424242"

/* In version 0 the commitment is a count of signature operations. */
#define VERSION_0(count)                                                                           \
    {                                                                                              \
        {"transaction.version", "0"}, {"transaction.inputs.0.computeBudget", NULL},                \
            {"transaction.inputs.0.sigOpCount", count},                                            \
        {                                                                                          \
            "transaction.outputs.1.covenant", "null"                                               \
        }                                                                                          \
    }

static const struct vectors_script kinds[] = {
    {"a push asks for more than there is", "", "0x05 0x01", "MalformedPush"},
    {"the length of a push is cut off", "", "0x4d 0x01", "MalformedPushSize"},
    {"a malformed push in a dead branch", "", "0 IF 0x05 0x01", "MalformedPush"},
    {"behind what fails nothing is read", "", "RETURN 0x05 0x01", "EarlyReturn"},
    {"a signature script of 1 000 001 bytes", "", "1", "ScriptSize",
     .patches = {{"transaction.inputs.0.signatureScript", "{'$repeat': [['51', 1000001]]}"}}},
    {"a script of 1 000 001 bytes", "", "1", "ScriptSize",
     .patches = {SPK("{'$repeat': [['0000', 1], ['61', 1000001]]}"), UNLIMITED}},
    {"a script of 1 000 000 bytes", "", "1", "ok",
     .patches = {SPK("{'$repeat': [['0000', 1], ['61', 999999], ['51', 1]]}"), UNLIMITED}},
    {"an element above 1 000 000 bytes", "",
     "DATA64 0x" SIXTY_FOUR " DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT "
     "DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT DUP CAT",
     "ElementTooBig", .patches = {UNLIMITED}},
    {"a BLAKE2b key of 65 bytes", "", "1 DATA65 0x" SIXTY_FOUR "00 BLAKE2BWITHKEY",
     "ElementTooBig"},
    {"245 items", "", "1", "StackSizeExceeded",
     .patches = {SPK("{'$repeat': [['0000', 1], ['51', 245]]}"), UNLIMITED}},
    {"244 items are allowed while a script runs", "", "1", "CleanStack",
     .patches = {SPK("{'$repeat': [['0000', 1], ['51', 244]]}"), UNLIMITED}},
    {"the alt stack counts too", "", "1", "StackSizeExceeded",
     .patches = {SPK("{'$repeat': [['0000', 1], ['516b', 200], ['51', 45]]}"), UNLIMITED}},
    {"above a million operations, the keys of a multisig among them", "", "1", "TooManyOperations",
     .patches = {SPK("{'$repeat': [['0000', 1], ['005151516f6f6f6f6f6e0114ae75', 40000], "
                     "['51', 1]]}"),
                 UNLIMITED}},
    {"units above the commitment", "@sig:a:01", "@key:a CHECKSIG", "ExceededCommittedScriptUnits",
     .patches = {{"transaction.inputs.0.computeBudget", "9"}}},
    {"an opcode that does not exist", "", "UNKNOWN_CA", "InvalidOpcode"},
    {"an opcode that does not exist, in a dead branch", "", "0 IF UNKNOWN_CA ENDIF 1", "ok"},
    {"a reserved opcode in a dead branch", "", "0 IF RESERVED1 ENDIF 1", "ok"},
    {"a reserved opcode", "", "RESERVED1", "OpcodeReserved"},
    {"a disabled opcode in a dead branch", "", "0 IF LEFT ENDIF 1", "OpcodeDisabled"},
    {"a signature script that does more than push", "NOP", "1", "SignatureScriptNotPushOnly"},
    {"an IF without ENDIF", "", "1 IF 1", "ErrUnbalancedConditional"},
    {"conditionals do not span scripts", "1 IF", "1 ENDIF", "SignatureScriptNotPushOnly"},
    {"an ELSE without IF", "", "1 ELSE", "InvalidState"},
    {"each ELSE turns the branch round", "", "1 IF ELSE RETURN ELSE 1 ENDIF", "ok"},
    {"a dead branch stays dead whatever is in it", "",
     "0 IF 1 IF RETURN ELSE RETURN ENDIF ELSE 1 ENDIF", "ok"},
    {"both scripts empty", "", "", "EvalFalse"},
    {"nothing left", "", "1 DROP", "EmptyStack"},
    {"CAT of nothing", "", "CAT", "EmptyStack"},
    {"two results", "", "1 1", "CleanStack"},
    {"false", "", "0", "EvalFalse"},
    {"negative zero is false", "", "DATA2 0x0080", "EvalFalse"},
    {"a zero with a sign elsewhere is true", "", "DATA2 0x8000", "ok"},
    {"VERIFY of false", "", "1 0 VERIFY", "VerifyError"},
    {"one operand of two", "", "1 ADD", "InvalidStackOperation"},
    {"division by zero", "", "1 0 DIV", "InvalidState"},
    {"a remainder of zero", "", "1 0 MOD", "InvalidState"},
    {"AND of different lengths", "", "1 0 AND", "InvalidState"},
    {"a number of 9 bytes", "", "DATA9 0x010000000000000000 1ADD", "NumberTooBig"},
    {"a number of 8 bytes that is not minimal", "", "DATA8 0x0100000000000000 1ADD 2 NUMEQUAL",
     "ok"},
    {"an overflow", "", "9223372036854775807 1ADD", "NumberTooBig"},
    {"the largest number", "", "9223372036854775806 1ADD 9223372036854775807 NUMEQUAL", "ok"},
    {"an index above 31 bits", "", "2147483648 TXINPUTAMOUNT", "NumberTooBig"},
    {"an amount that is no number", "", "1 TXINPUTAMOUNT", "NumberTooBig",
     .patches = {{"utxos.1.amount", "'9223372036854775808'"}}},
    {"a number in 9 bytes", "", "1 9 NUM2BIN", "NotMinimalData"},
    {"256 in one byte", "", "256 1 NUM2BIN", "Serialization"},
    {"-2^63 has no form", "", "-9223372036854775807 1SUB", "Serialization"},
    {"a negative place", "", "DATA2 0x0102 -1 1 SUBSTR", "InvalidIndex"},
    {"a negative input", "", "-1 TXINPUTAMOUNT", "InvalidInputIndex"},
    {"a negative depth", "", "1 -1 PICK", "InvalidState"},
    {"a range that ends before it starts", "", "DATA2 0x0102 2 1 SUBSTR", "InvalidRange"},
    {"a range that reaches past the end", "", "DATA2 0x0102 0 3 SUBSTR", "OutOfBoundsSubstring"},
    {"the empty range at the end", "", "DATA2 0x0102 2 2 SUBSTR SIZE NIP NOT", "ok"},
    {"no such input", "", "2 TXINPUTAMOUNT", "InvalidInputIndex"},
    {"no such output", "", "2 TXOUTPUTAMOUNT", "InvalidOutputIndex"},
    {"no such entry in a covenant's list", "", "@covenant 1 COVINPUTIDX", "CovenantsError"},
    {"an output without its authorizing input", "", "1", "CovenantsError",
     .patches = {{"transaction.outputs.1.covenant.authorizingInput", "2"}}},
    {"an id of one byte", "", "1 COVINPUTCOUNT", "InvalidLengthOfBlockHash"},
    {"a lock time that has not come", "", "401 CHECKLOCKTIMEVERIFY 1", "UnsatisfiedLockTime"},
    {"a lock time of the other kind", "", "500000000000 CHECKLOCKTIMEVERIFY 1",
     "UnsatisfiedLockTime"},
    {"a lock time on an input that waives it", "", "400 CHECKLOCKTIMEVERIFY 1",
     "UnsatisfiedLockTime",
     .patches = {{"transaction.inputs.0.sequence", "'18446744073709551615'"}}},
    {"a sequence that is not reached", "", "8 CHECKSEQUENCEVERIFY 1", "UnsatisfiedLockTime"},
    {"a sequence of which only the low half counts", "", "4294967303 CHECKSEQUENCEVERIFY 1", "ok"},
    {"a sequence lock on an input that disables it", "", "7 CHECKSEQUENCEVERIFY 1",
     "UnsatisfiedLockTime",
     .patches = {{"transaction.inputs.0.sequence", "'9223372036854775815'"}}},
    {"a sequence lock that is disabled itself", "",
     "DATA8 0x0800000000000080 CHECKSEQUENCEVERIFY 1", "ok"},
    {"a script of an unknown version is anyone's", "", "0", "ok",
     .patches = {SPK("'000100'"), {"units", "'0'"}}},
    {"P2SH", "@sig:a:01", NULL, "ok", .redeem = "@key:a CHECKSIG"},
    {"P2SH with another script", "1 DATA2 0x0051",
     "BLAKE2B DATA32 0xbddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319 EQUAL",
     "EvalFalse"},
    {"P2SH with nothing to hash", "",
     "BLAKE2B DATA32 0xbddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319 EQUAL",
     "InvalidStackOperation"},
    {"P2SH whose script leaves two results", "1", NULL, "CleanStack", .redeem = "1"},
};

static const struct vectors_script signatures[] = {
    {"a signature of another key", "@sig:b:01", "@key:a CHECKSIG", "EvalFalse"},
    {"an empty signature", "0", "@key:a CHECKSIG", "EvalFalse"},
    {"type NONE", "@sig:a:02", "@key:a CHECKSIG", "ok"},
    {"type SINGLE", "@sig:a:04", "@key:a CHECKSIG", "ok"},
    {"type ALL, anyone can pay", "@sig:a:81", "@key:a CHECKSIG", "ok"},
    {"type NONE, anyone can pay", "@sig:a:82", "@key:a CHECKSIG", "ok"},
    {"type SINGLE, anyone can pay", "@sig:a:84", "@key:a CHECKSIG", "ok"},
    {"type 00", "DATA65 0x" SIXTY_FOUR "00", "@key:a CHECKSIG", "InvalidSigHashType"},
    {"type 03, SINGLE of other chains", "DATA65 0x" SIXTY_FOUR "03", "@key:a CHECKSIG",
     "InvalidSigHashType"},
    {"type 80 alone", "DATA65 0x" SIXTY_FOUR "80", "@key:a CHECKSIG", "InvalidSigHashType"},
    {"type ff", "DATA65 0x" SIXTY_FOUR "ff", "@key:a CHECKSIG", "InvalidSigHashType"},
    {"a signature of zeros is wrong, not malformed", "DATA65 0x" SIXTY_FOUR "01", "@key:a CHECKSIG",
     "EvalFalse"},
    {"a signature of 65 bytes and its type", "DATA66 0x" SIXTY_FOUR "0001", "@key:a CHECKSIG",
     "InvalidSignature"},
    {"a signature that is its type alone", "DATA1 0x01", "@key:a CHECKSIG", "InvalidSignature"},
    {"a key that is no point", "@sig:a:01", "DATA32 " KEY_OF_FF " CHECKSIG", "InvalidPubkey"},
    {"a key of 33 bytes", "@sig:a:01", "@ecdsakey:a CHECKSIG", "InvalidPubkey"},
    {"an ECDSA key of 32 bytes", "@ecdsasig:a:01", "@key:a CHECKSIGECDSA", "PubKeyFormat"},
    {"an uncompressed ECDSA key", "@ecdsasig:a:01",
     "DATA33 0x040000000000000000000000000000000000000000000000000000000000000000 CHECKSIGECDSA",
     "InvalidPubkey"},
    {"an ECDSA signature out of range",
     "DATA65 " KEY_OF_FF " 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff01",
     "@ecdsakey:a CHECKSIGECDSA", "InvalidSignature"},
    {"a Schnorr signature where ECDSA is asked for", "@sig:a:01", "@ecdsakey:a CHECKSIGECDSA",
     "EvalFalse"},
    {"a multisig with 21 keys", "", "0 21 CHECKMULTISIG", "InvalidPubKeyCount"},
    {"a multisig with a negative count", "", "0 -1 CHECKMULTISIG", "InvalidPubKeyCount"},
    {"a multisig of 2 of 1", "0 0", "2 @key:a 1 CHECKMULTISIG", "InvalidSignatureCount"},
    {"a multisig in the wrong order", "@sig:c:01 @sig:a:01",
     "2 @key:a @key:b @key:c 3 CHECKMULTISIG", "NullFail"},
    {"a multisig with empty signatures", "0 0", "2 @key:a @key:b @key:c 3 CHECKMULTISIG",
     "EvalFalse"},
    {"a multisig with one empty signature", "0 @sig:a:01", "2 @key:a @key:b @key:c 3 CHECKMULTISIG",
     "NullFail"},
    {"a multisig of 0 of 0", "", "0 0 CHECKMULTISIG", "ok"},
    {"a multisig that lacks a key", "@sig:a:01", "1 2 CHECKMULTISIG", "InvalidStackOperation"},
    {"a message of 31 bytes", "@data:a",
     "DATA31 0x42424242424242424242424242424242424242424242424242424242424242 @key:a "
     "CHECKSIGFROMSTACK",
     "InvalidState"},
    {"a signature of another message", "@data:a",
     "DATA32 0x4342424242424242424242424242424242424242424242424242424242424242 @key:a "
     "CHECKSIGFROMSTACK",
     "EvalFalse"},
    {"a signature of a message with a type", "@sig:a:01", MESSAGE " @key:a CHECKSIGFROMSTACK",
     "InvalidSignature"},
};

static const struct vectors_script budgets[] = {
    {"the units that a signature takes", "@sig:a:01", "@key:a CHECKSIG", "ok",
     .patches = UNITS("100001")},
    {"a unit less than a signature takes", "@sig:a:01", "@key:a CHECKSIG",
     "ExceededCommittedScriptUnits", .patches = UNITS("100000")},
    {"a budget of 10 is enough for a signature", "@sig:a:01", "@key:a CHECKSIG", "ok",
     .patches = {{"transaction.inputs.0.computeBudget", "10"}}},
    {"version 0 with one signature operation", "@sig:a:01", "@key:a CHECKSIG", "ok",
     .patches = VERSION_0("1")},
    {"version 0 with none", "@sig:a:01", "@key:a CHECKSIG", "ExceededCommittedScriptUnits",
     .patches = VERSION_0("0")},
    {"an empty signature costs nothing", "0", "@key:a CHECKSIG", "EvalFalse",
     .patches = UNITS("0")},
    {"a signature of a wrong type costs nothing", "DATA65 0x" SIXTY_FOUR "03", "@key:a CHECKSIG",
     "InvalidSigHashType", .patches = UNITS("0")},
    {"pushes cost nothing", "", "PUSHDATA1 0x03 0x010203", "ok", .patches = UNITS("0")},
    {"what DUP copies costs a unit a byte", "", "DATA3 0x010203 DUP EQUAL", "ok",
     .patches = UNITS("4")},
    {"a unit less than DUP and EQUAL take", "", "DATA3 0x010203 DUP EQUAL",
     "ExceededCommittedScriptUnits", .patches = UNITS("3")},
    {"BLAKE2B costs two units a byte, and its result", "", "DATA3 0x010203 BLAKE2B", "ok",
     .patches = UNITS("38")},
    {"a unit less than BLAKE2B takes", "", "DATA3 0x010203 BLAKE2B", "ExceededCommittedScriptUnits",
     .patches = UNITS("37")},
    {"SHA256 costs a unit a byte, and its result", "", "DATA3 0x010203 SHA256", "ok",
     .patches = UNITS("35")},
    {"a unit less than SHA256 takes", "", "DATA3 0x010203 SHA256", "ExceededCommittedScriptUnits",
     .patches = UNITS("34")},
    {"a script of 35 bytes costs nothing", "",
     "DATA34 0x01010101010101010101010101010101010101010101010101010101010101010101", "ok",
     .patches = UNITS("0")},
    {"a byte more costs 100 units", "",
     "DATA35 0x0101010101010101010101010101010101010101010101010101010101010101010101", "ok",
     .patches = UNITS("100")},
    {"and no less", "",
     "DATA35 0x0101010101010101010101010101010101010101010101010101010101010101010101",
     "ExceededCommittedScriptUnits", .patches = UNITS("99")},
};

static void add_rows(struct vectors *v, const struct vectors_script *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        vectors_add_script(v, &rows[i]);
}

void vectors_kaspa_scripts(struct vectors *v)
{
    add_rows(v, kinds, ARRAY_LEN(kinds));
    add_rows(v, signatures, ARRAY_LEN(signatures));
    add_rows(v, budgets, ARRAY_LEN(budgets));
}
