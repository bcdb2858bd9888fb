/** Why consensus or relay policy refuses: the kinds of the node, under the node's names.
 *
 *  Two lists, because a script fails by itself and a transaction fails by a rule: the error of a
 *  transaction whose script failed is SIGNATURE_INVALID or SIGNATURE_EMPTY with the script's kind
 *  beside it. Source: Kaspa consensus digest, sections 4 and 6.
 */
#ifndef KASPA_ERRORS_H
#define KASPA_ERRORS_H

#include "base/bytes.h"

/* constant, the node's name, what a person is told */
#define KASPA_SCRIPT_ERRORS(X)                                                                     \
    X(MALFORMED_PUSH, "MalformedPush", "a push asks for more bytes than the script has")           \
    X(MALFORMED_PUSH_SIZE, "MalformedPushSize", "the length of a push is cut off")                 \
    X(SCRIPT_SIZE, "ScriptSize", "a script is above 1 000 000 bytes")                              \
    X(ELEMENT_TOO_BIG, "ElementTooBig", "a stack element or a hash key is too long")               \
    X(STACK_SIZE_EXCEEDED, "StackSizeExceeded", "the stacks together hold more than 244 items")    \
    X(TOO_MANY_OPERATIONS, "TooManyOperations", "a script runs more than 1 000 000 operations")    \
    X(EXCEEDED_SCRIPT_UNITS, "ExceededCommittedScriptUnits",                                       \
      "the script costs more than its input committed to")                                         \
    X(INVALID_OPCODE, "InvalidOpcode", "an opcode that does not exist is executed")                \
    X(OPCODE_RESERVED, "OpcodeReserved", "a reserved opcode")                                      \
    X(OPCODE_DISABLED, "OpcodeDisabled", "a disabled opcode, even where it is not executed")       \
    X(INVALID_SOURCE, "InvalidSource", "the opcode needs a transaction and there is none")         \
    X(NOT_PUSH_ONLY, "SignatureScriptNotPushOnly", "the signature script does more than push")     \
    X(UNBALANCED_CONDITIONAL, "ErrUnbalancedConditional", "an IF has no ENDIF")                    \
    X(EMPTY_STACK, "EmptyStack", "nothing is left where a result or an operand is expected")       \
    X(CLEAN_STACK, "CleanStack", "more than the result is left on the stack")                      \
    X(EVAL_FALSE, "EvalFalse", "the script ends with false")                                       \
    X(EARLY_RETURN, "EarlyReturn", "RETURN was executed")                                          \
    X(VERIFY_ERROR, "VerifyError", "a VERIFY found false")                                         \
    X(INVALID_STACK_OPERATION, "InvalidStackOperation", "an opcode finds too few operands")        \
    X(INVALID_STATE, "InvalidState", "an operand has a value that the opcode cannot take")         \
    X(NUMBER_TOO_BIG, "NumberTooBig", "a number is too long, or a result does not fit")            \
    X(NOT_MINIMAL_DATA, "NotMinimalData", "a number is asked for in more than 8 bytes")            \
    X(SERIALIZATION, "Serialization", "a number has no form of the size asked for")                \
    X(INVALID_INDEX, "InvalidIndex", "an index or a count is negative")                            \
    X(INVALID_RANGE, "InvalidRange", "a range ends before it starts")                              \
    X(OUT_OF_BOUNDS_SUBSTRING, "OutOfBoundsSubstring", "a range reaches past the end")             \
    X(INVALID_INPUT_INDEX, "InvalidInputIndex", "there is no such input")                          \
    X(INVALID_OUTPUT_INDEX, "InvalidOutputIndex", "there is no such output")                       \
    X(COVENANTS_ERROR, "CovenantsError", "there is no such entry in a covenant's list")            \
    X(INVALID_BLOCK_HASH_LENGTH, "InvalidLengthOfBlockHash", "an id is not 32 bytes long")         \
    X(UNSATISFIED_LOCK_TIME, "UnsatisfiedLockTime", "a lock is not open yet")                      \
    X(INVALID_SIG_HASH_TYPE, "InvalidSigHashType", "the type byte of a signature is none of six")  \
    X(PUBKEY_FORMAT, "PubKeyFormat", "an ECDSA key is not 33 bytes long")                          \
    X(INVALID_PUBKEY, "InvalidPubkey", "a key is not a point of the curve")                        \
    X(INVALID_SIGNATURE, "InvalidSignature", "a signature has a wrong length or range")            \
    X(INVALID_SIGNATURE_COUNT, "InvalidSignatureCount", "a multisig asks for too many signatures") \
    X(INVALID_PUBKEY_COUNT, "InvalidPubKeyCount", "a multisig has too many keys")                  \
    X(NULL_FAIL, "NullFail", "a multisig failed though a signature is not empty")

#define KASPA_SCRIPT_ERROR_ENUM(name, node, text) KASPA_SCRIPT_##name,
enum kaspa_script_error {
    KASPA_SCRIPT_OK,
    KASPA_SCRIPT_ERRORS(KASPA_SCRIPT_ERROR_ENUM) KASPA_SCRIPT__COUNT
};
#undef KASPA_SCRIPT_ERROR_ENUM

/** Why a script cannot be decided here: never a pass. */
enum kaspa_undecided {
    KASPA_DECIDED,
    KASPA_UNDECIDED_ZK,         /**< it executes the zero-knowledge precompile */
    KASPA_UNDECIDED_SEQ_COMMIT, /**< it reads a sequencing commitment, which only a node knows */
    KASPA_UNDECIDED_RESOURCE,   /**< it needs more memory than the arena may give */
    KASPA_UNDECIDED__COUNT
};

#define KASPA_TX_ERRORS(X)                                                                         \
    X(NO_INPUTS, "NoTxInputs", "it has no inputs")                                                 \
    X(TOO_MANY_INPUTS, "TooManyInputs", "it has more than 1000 inputs")                            \
    X(TOO_BIG_SIGNATURE_SCRIPT, "TooBigSignatureScript",                                           \
      "a signature script is above 250 000 bytes")                                                 \
    X(TOO_MANY_OUTPUTS, "TooManyOutputs", "it has more than 1000 outputs")                         \
    X(TOO_BIG_SCRIPT_PUBLIC_KEY, "TooBigScriptPublicKey",                                          \
      "an output's script is above 10 000 bytes")                                                  \
    X(COINBASE_HAS_INPUTS, "CoinbaseHasInputs", "a coinbase has inputs")                           \
    X(COINBASE_MASS, "CoinbaseNonZeroMassCommitment", "a coinbase commits to a storage mass")      \
    X(COINBASE_TOO_MANY_OUTPUTS, "CoinbaseTooManyOutputs", "a coinbase has more than 126 outputs") \
    X(COINBASE_SCRIPT_TOO_LONG, "CoinbaseScriptPublicKeyTooLong",                                  \
      "an output's script of a coinbase is above 150 bytes")                                       \
    X(OUT_ZERO, "TxOutZero", "an output is worth nothing")                                         \
    X(OUT_TOO_HIGH, "TxOutTooHigh", "an output is worth more than there is")                       \
    X(TOTAL_OUT_TOO_HIGH, "TotalTxOutTooHigh",                                                     \
      "the outputs together are worth more than there is")                                         \
    X(DUPLICATE_INPUTS, "TxDuplicateInputs", "two inputs spend the same outpoint")                 \
    X(HAS_GAS, "TxHasGas", "it has gas where none is allowed")                                     \
    X(SUBNETWORKS_DISABLED, "SubnetworksDisabled", "its subnetwork is none that is enabled")       \
    X(UNKNOWN_VERSION, "UnknownTxVersion", "its version is neither 0 nor 1")                       \
    X(SIG_OP_COUNT_IN_V1, "SigopCountInV1", "a version 1 input has a signature operation count")   \
    X(BUDGET_IN_V0, "ComputeBudgetInV0", "a version 0 input has a compute budget")                 \
    X(COVENANT_IN_V0, "CovenantBindingInV0", "a version 0 output has a covenant")                  \
    X(NOT_FINALIZED, "NotFinalized", "its lock time has not come")                                 \
    X(MISSING_OUTPOINTS, "MissingTxOutpoints", "what it spends is not known")                      \
    X(IMMATURE_COINBASE, "ImmatureCoinbaseSpend", "it spends a coinbase before its maturity")      \
    X(INPUT_OVERFLOW, "InputAmountOverflow", "the inputs' sum does not fit 64 bits")               \
    X(INPUT_TOO_HIGH, "InputAmountTooHigh", "the inputs together are worth more than there is")    \
    X(SPEND_TOO_HIGH, "SpendTooHigh", "the outputs are worth more than the inputs")                \
    X(MASS_INCOMPUTABLE, "MassIncomputable", "its storage mass does not fit 64 bits")              \
    X(WRONG_MASS, "WrongMass", "the committed storage mass is not the computed one")               \
    X(SEQUENCE_LOCK, "SequenceLockConditionsAreNotMet", "a relative lock is not open yet")         \
    X(WRONG_GENESIS, "WrongGenesisCovenantId", "a covenant's id is not the hash of its genesis")   \
    X(AUTH_INPUT_OUT_OF_BOUNDS, "AuthInputOutOfBounds",                                            \
      "an output's authorizing input is not there")                                                \
    X(SIGNATURE_INVALID, "SignatureInvalid", "a script refuses")                                   \
    X(SIGNATURE_EMPTY, "SignatureEmpty", "a script refuses, and its signature script is empty")    \
    X(NONSTANDARD_OUTPUT, "NonStandardOutput", "an output's script is of no standard class")       \
    X(NONSTANDARD_INPUT, "NonStandardInput", "a script that it spends is of no standard class")    \
    X(TOO_MANY_SIG_OPS, "TooManySigOps", "a redeem script has more than 15 signature operations")  \
    X(MASS_ABOVE_LIMIT, "MassAboveLimit", "a mass is above the limit of a block")                  \
    X(GAS_ABOVE_LIMIT, "GasAboveLimit", "its gas is above the limit of a lane")                    \
    X(FEE_TOO_LOW, "FeeTooLow", "its fee is below the minimum for relay")

#define KASPA_TX_ERROR_ENUM(name, node, text) KASPA_TX_##name,
enum kaspa_tx_error { KASPA_TX_OK, KASPA_TX_ERRORS(KASPA_TX_ERROR_ENUM) KASPA_TX__COUNT };
#undef KASPA_TX_ERROR_ENUM

/** The node's name ("NumberTooBig", "TxOutZero"; "OK" for none), and a sentence for a person. */
const char *kaspa_script_error_name(enum kaspa_script_error error);
const char *kaspa_script_error_text(enum kaspa_script_error error);
const char *kaspa_tx_error_name(enum kaspa_tx_error error);
const char *kaspa_tx_error_text(enum kaspa_tx_error error);
/** "zk precompile", "sequencing commitment", "resource"; "" when decided. */
const char *kaspa_undecided_name(enum kaspa_undecided why);

#endif
