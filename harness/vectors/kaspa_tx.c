/* Every rule of a transaction broken once, by what it is named after, and the edges beside it. */
#include "vectors/kaspa_tx_base.h"

#define VALUE "transaction.outputs.0.value"
#define SPK "transaction.outputs.0.scriptPublicKey"
#define COVENANT "transaction.outputs.0.covenant"
#define SIGNATURE "transaction.inputs.0.signatureScript"
#define SEQUENCE "transaction.inputs.0.sequence"
#define SUBNETWORK "transaction.subnetworkId"
#define MAX_SOMPI "2900000000000000000"
#define OUTPUT(value) "{'value': '" value "', 'scriptPublicKey': '000051', 'covenant': null}"
#define INPUT                                                                                      \
    "{'previousOutpoint': {'transactionId': "                                                      \
    "'1111111111111111111111111111111111111111111111111111111111111111', 'index': 0}, "            \
    "'signatureScript': '', 'sequence': '0', 'computeBudget': 0}"
#define NO_UTXOS                                                                                   \
    {                                                                                              \
        "utxos", NULL                                                                              \
    }
#define FILLED                                                                                     \
    {"transaction.storageMass", "'0'"},                                                            \
    {                                                                                              \
        "fillMass", "true"                                                                         \
    }
#define BROKEN(rule, error) "{'rule': '" rule "', 'result': 'broken', 'error': '" error "'}"
#define RELAY(list) "{'outcome': 'valid', 'relay': 'invalid', 'checks': [" list "]}"
#define ODD_INPUT BROKEN("kaspa.relay.inputs", "NonStandardInput")

struct row {
    const char *name;
    enum vectors_tx base;
    const char *expected, *known;
    struct vectors_patch patches[VECTORS_PATCHES_MAX];
};

static const struct row valid[] = {
    {"version 0",
     VECTORS_TX_V0,
     "ok",
     "{'outcome': 'valid', 'relay': 'valid', 'checks': []}",
     {{0}}},
    {"version 1",
     VECTORS_TX_V1,
     "ok",
     "{'outcome': 'valid', 'relay': 'valid', 'checks': []}",
     {{0}}},
    {"ECDSA", VECTORS_TX_ECDSA, "ok", "{'relay': 'valid'}", {{0}}},
    {"a multisig behind P2SH", VECTORS_TX_MULTISIG, "ok", "{'relay': 'valid'}", {{0}}},
    {"a user lane with gas", VECTORS_TX_LANE, "ok", "{'relay': 'valid'}", {{0}}},
    {"a covenant continued", VECTORS_TX_CONTINUES, "ok", "{'outcome': 'valid'}", {{0}}},
    {"a covenant started", VECTORS_TX_STARTS, "ok", "{'outcome': 'valid'}", {{0}}},
    {"a storage mass that the mempool fills in",
     VECTORS_TX_V1,
     "ok",
     "{'relay': 'valid'}",
     {FILLED}},
    {"a compute budget is not signed",
     VECTORS_TX_V1,
     "ok",
     "{'outcome': 'valid'}",
     {{"transaction.inputs.0.computeBudget", "11"}}},
};

static const struct row undecided[] = {
    {"no point of view", VECTORS_TX_V1, "unsupported", NULL, {{"pov", NULL}}},
    {"nothing known of what it spends", VECTORS_TX_V1, "unsupported", NULL, {NO_UTXOS}},
    {"a script that only a node can decide", VECTORS_TX_SEQ_COMMIT, "unsupported", NULL, {{0}}},
    {"a coinbase",
     VECTORS_TX_ANYONE_V0,
     "unsupported",
     NULL,
     {{"transaction.inputs", "[]"},
      {"utxos", "[]"},
      {SUBNETWORK, "'0100000000000000000000000000000000000000'"},
      {"transaction.storageMass", "'0'"}}},
    {"half a point of view", VECTORS_TX_V1, "error", NULL, {{"pov", "{'daaScore': '5'}"}}},
};

static const struct row isolation[] = {
    {"no inputs",
     VECTORS_TX_V1,
     "NoTxInputs",
     NULL,
     {{"transaction.inputs", "[]"}, {"utxos", "[]"}}},
    {"1001 inputs",
     VECTORS_TX_V1,
     "TooManyInputs",
     NULL,
     {{"transaction.inputs", "{'$repeat': [[" INPUT ", 1001]]}"}, NO_UTXOS}},
    {"1000 inputs are not too many",
     VECTORS_TX_V1,
     "TxDuplicateInputs",
     NULL,
     {{"transaction.inputs", "{'$repeat': [[" INPUT ", 1000]]}"}, NO_UTXOS}},
    {"a signature script of 250 001 bytes",
     VECTORS_TX_V1,
     "TooBigSignatureScript",
     NULL,
     {{SIGNATURE, "{'$repeat': [['51', 250001]]}"}}},
    {"a signature script of 250 000 bytes",
     VECTORS_TX_V1,
     "SignatureInvalid:StackSizeExceeded",
     NULL,
     {{SIGNATURE, "{'$repeat': [['51', 250000]]}"}}},
    {"1001 outputs",
     VECTORS_TX_ANYONE,
     "TooManyOutputs",
     NULL,
     {{"transaction.outputs", "{'$repeat': [[" OUTPUT("1000") ", 1001]]}"}}},
    {"1000 outputs",
     VECTORS_TX_ANYONE,
     "ok",
     NULL,
     {{"transaction.outputs", "{'$repeat': [[" OUTPUT("1000") ", 1000]]}"}, FILLED}},
    {"an output script of 10 001 bytes",
     VECTORS_TX_ANYONE,
     "TooBigScriptPublicKey",
     NULL,
     {{SPK, "{'$repeat': [['0000', 1], ['51', 10001]]}"}}},
    {"an output script of 10 000 bytes",
     VECTORS_TX_ANYONE,
     "ok",
     NULL,
     {{SPK, "{'$repeat': [['0000', 1], ['51', 10000]]}"}, FILLED}},
    {"an output of nothing", VECTORS_TX_ANYONE, "TxOutZero", NULL, {{VALUE, "'0'"}}},
    {"an output of 1 sompi", VECTORS_TX_ANYONE, "ok", NULL, {{VALUE, "'1'"}, FILLED}},
    {"an output of more than there is",
     VECTORS_TX_ANYONE,
     "TxOutTooHigh",
     NULL,
     {{VALUE, "'2900000000000000001'"}}},
    {"an output of 2^64-1",
     VECTORS_TX_ANYONE,
     "TxOutTooHigh",
     NULL,
     {{VALUE, "'18446744073709551615'"}}},
    {"an output of all there is",
     VECTORS_TX_ANYONE,
     "SpendTooHigh",
     NULL,
     {{VALUE, "'" MAX_SOMPI "'"}}},
    {"outputs of more than there is together",
     VECTORS_TX_ANYONE,
     "TotalTxOutTooHigh",
     NULL,
     {{"transaction.outputs", "[" OUTPUT(MAX_SOMPI) ", " OUTPUT("1") "]"}}},
    {"an outpoint spent twice",
     VECTORS_TX_TWO,
     "TxDuplicateInputs",
     NULL,
     {{"transaction.inputs.1.previousOutpoint.index", "0"}}},
    {"gas in version 0", VECTORS_TX_ANYONE_V0, "TxHasGas", NULL, {{"transaction.gas", "'1'"}}},
    {"gas on the native subnetwork",
     VECTORS_TX_ANYONE,
     "TxHasGas",
     NULL,
     {{"transaction.gas", "'1'"}}},
    {"a built-in subnetwork",
     VECTORS_TX_ANYONE,
     "SubnetworksDisabled",
     NULL,
     {{SUBNETWORK, "'0200000000000000000000000000000000000000'"}}},
    {"a lane in version 0",
     VECTORS_TX_ANYONE_V0,
     "SubnetworksDisabled",
     NULL,
     {{SUBNETWORK, "'0007000000000000000000000000000000000000'"}}},
    {"a lane with a byte behind its name",
     VECTORS_TX_ANYONE,
     "SubnetworksDisabled",
     NULL,
     {{SUBNETWORK, "'0007000001000000000000000000000000000000'"}}},
    {"a lane",
     VECTORS_TX_ANYONE,
     "ok",
     NULL,
     {{SUBNETWORK, "'ff00000100000000000000000000000000000000'"}}},
    {"version 2", VECTORS_TX_ANYONE, "UnknownTxVersion", NULL, {{"transaction.version", "2"}}},
    {"signature operations in version 1",
     VECTORS_TX_ANYONE,
     "SigopCountInV1",
     NULL,
     {{"transaction.inputs.0.computeBudget", NULL}, {"transaction.inputs.0.sigOpCount", "1"}}},
    {"a budget in version 0",
     VECTORS_TX_ANYONE_V0,
     "ComputeBudgetInV0",
     NULL,
     {{"transaction.inputs.0.sigOpCount", NULL}, {"transaction.inputs.0.computeBudget", "0"}}},
    {"a covenant in version 0",
     VECTORS_TX_ANYONE_V0,
     "CovenantBindingInV0",
     NULL,
     {{COVENANT, "{'authorizingInput': 0, 'covenantId': "
                 "'1111111111111111111111111111111111111111111111111111111111111111'}"}}},
};

/* A coinbase takes four patches to make, so the fifth is what is wrong with it. */
#define COINBASE                                                                                   \
    {SUBNETWORK, "'0100000000000000000000000000000000000000'"}, {"transaction.inputs", "[]"},      \
        {"transaction.storageMass", "'0'"},                                                        \
    {                                                                                              \
        "utxos", NULL                                                                              \
    }

static const struct row coinbases[] = {
    {"a coinbase with an input",
     VECTORS_TX_ANYONE_V0,
     "CoinbaseHasInputs",
     NULL,
     {{SUBNETWORK, "'0100000000000000000000000000000000000000'"}}},
    {"a coinbase with a storage mass",
     VECTORS_TX_ANYONE_V0,
     "CoinbaseNonZeroMassCommitment",
     NULL,
     {COINBASE, {"transaction.storageMass", "'1'"}}},
    {"a coinbase with 127 outputs",
     VECTORS_TX_ANYONE_V0,
     "CoinbaseTooManyOutputs",
     NULL,
     {COINBASE, {"transaction.outputs", "{'$repeat': [[" OUTPUT("1") ", 127]]}"}}},
    {"a coinbase with 126 outputs",
     VECTORS_TX_ANYONE_V0,
     "unsupported",
     NULL,
     {COINBASE, {"transaction.outputs", "{'$repeat': [[" OUTPUT("1") ", 126]]}"}}},
    {"a coinbase with an output script of 151 bytes",
     VECTORS_TX_ANYONE_V0,
     "CoinbaseScriptPublicKeyTooLong",
     NULL,
     {COINBASE, {SPK, "{'$repeat': [['0000', 1], ['51', 151]]}"}}},
    {"a coinbase with an output script of 150 bytes",
     VECTORS_TX_ANYONE_V0,
     "unsupported",
     NULL,
     {COINBASE, {SPK, "{'$repeat': [['0000', 1], ['51', 150]]}"}}},
};

static const struct row context[] = {
    {"a lock time of the same DAA score",
     VECTORS_TX_ANYONE,
     "NotFinalized",
     NULL,
     {{"transaction.lockTime", "'1000000'"}}},
    {"a lock time below", VECTORS_TX_ANYONE, "ok", NULL, {{"transaction.lockTime", "'999999'"}}},
    {"a lock time in milliseconds",
     VECTORS_TX_ANYONE,
     "NotFinalized",
     NULL,
     {{"transaction.lockTime", "'1800000000000'"}}},
    {"a lock time in milliseconds that has come",
     VECTORS_TX_ANYONE,
     "ok",
     NULL,
     {{"transaction.lockTime", "'1799999999999'"}}},
    {"a lock time that the input waives",
     VECTORS_TX_ANYONE,
     "ok",
     NULL,
     {{"transaction.lockTime", "'1000000'"}, {SEQUENCE, "'18446744073709551615'"}}},
    {"an output that is not there any more",
     VECTORS_TX_V1,
     "MissingTxOutpoints",
     NULL,
     {{"utxos.0", "null"}}},
    {"a coinbase of 999 DAA",
     VECTORS_TX_ANYONE,
     "ImmatureCoinbaseSpend",
     NULL,
     {{"utxos.0.isCoinbase", "true"}, {"utxos.0.blockDaaScore", "'999001'"}}},
    {"a coinbase of 1000 DAA",
     VECTORS_TX_ANYONE,
     "ok",
     NULL,
     {{"utxos.0.isCoinbase", "true"}, {"utxos.0.blockDaaScore", "'999000'"}}},
    {"inputs of 2^64 sompi",
     VECTORS_TX_TWO,
     "InputAmountOverflow",
     NULL,
     {{"utxos.1.amount", "'18446744073709551615'"}}},
    {"inputs of more than there is",
     VECTORS_TX_TWO,
     "InputAmountTooHigh",
     NULL,
     {{"utxos.1.amount", "'" MAX_SOMPI "'"}}},
    {"inputs worth a sompi less than the outputs",
     VECTORS_TX_ANYONE,
     "SpendTooHigh",
     NULL,
     {{"utxos.0.amount", "'299999999'"}}},
    {"another storage mass",
     VECTORS_TX_ANYONE,
     "WrongMass",
     NULL,
     {{"transaction.storageMass", "'1'"}}},
    {"a storage mass of 0 that nobody fills in",
     VECTORS_TX_ANYONE,
     "WrongMass",
     NULL,
     {{"transaction.storageMass", "'0'"}}},
    {"a relative lock that is not open",
     VECTORS_TX_ANYONE,
     "SequenceLockConditionsAreNotMet",
     NULL,
     {{SEQUENCE, "'10'"}, {"utxos.0.blockDaaScore", "'999991'"}}},
    {"a relative lock that is just open",
     VECTORS_TX_ANYONE,
     "ok",
     NULL,
     {{SEQUENCE, "'10'"}, {"utxos.0.blockDaaScore", "'999990'"}}},
    {"a relative lock that is disabled",
     VECTORS_TX_ANYONE,
     "ok",
     NULL,
     {{SEQUENCE, "'9223372036854775818'"}, {"utxos.0.blockDaaScore", "'999999'"}}},
    {"a covenant under another id",
     VECTORS_TX_STARTS,
     "WrongGenesisCovenantId",
     NULL,
     {{COVENANT ".covenantId",
       "'1111111111111111111111111111111111111111111111111111111111111111'"}}},
    {"an authorizing input that is not there",
     VECTORS_TX_CONTINUES,
     "AuthInputOutOfBounds",
     NULL,
     {{COVENANT ".authorizingInput", "1"}}},
    {"no signature",
     VECTORS_TX_V1,
     "SignatureEmpty:InvalidStackOperation",
     NULL,
     {{SIGNATURE, "''"}}},
    {"a signature of other outputs",
     VECTORS_TX_V1,
     "SignatureInvalid:EvalFalse",
     NULL,
     {{"transaction.payload", "'00'"}}},
    {"a budget that is too small",
     VECTORS_TX_V1,
     "SignatureInvalid:ExceededCommittedScriptUnits",
     NULL,
     {{"transaction.inputs.0.computeBudget", "9"}}},
    {"a signature script that fails, with nothing in it",
     VECTORS_TX_ANYONE,
     "SignatureInvalid:CleanStack",
     NULL,
     {{SIGNATURE, "'51'"}}},
};

static const struct row relay[] = {
    {"an output of no standard class",
     VECTORS_TX_ODD_OUTPUT,
     "ok",
     RELAY(BROKEN("kaspa.relay.outputs", "NonStandardOutput")),
     {{0}}},
    {"an input of no standard class", VECTORS_TX_ANYONE, "ok", RELAY(ODD_INPUT), {{0}}},
    {"16 signature operations in a redeem script",
     VECTORS_TX_SIG_OPS,
     "ok",
     RELAY(BROKEN("kaspa.relay.inputs", "TooManySigOps")),
     {{0}}},
    {"a compute mass above a block's",
     VECTORS_TX_ANYONE,
     "ok",
     RELAY(ODD_INPUT ", " BROKEN("kaspa.relay.masses", "MassAboveLimit")),
     {{"transaction.inputs.0.computeBudget", "5000"}}},
    {"a transient mass above a block's",
     VECTORS_TX_ANYONE,
     "ok",
     RELAY(ODD_INPUT ", " BROKEN("kaspa.relay.masses", "MassAboveLimit")),
     {{"transaction.payload", "{'$repeat': [['00', 250000]]}"}}},
    {"gas above a lane's",
     VECTORS_TX_ANYONE,
     "ok",
     RELAY(ODD_INPUT ", " BROKEN("kaspa.relay.masses", "GasAboveLimit")),
     {{SUBNETWORK, "'0007000000000000000000000000000000000000'"},
      {"transaction.gas", "'1000000001'"}}},
    {"gas of a whole lane",
     VECTORS_TX_ANYONE,
     "ok",
     RELAY(ODD_INPUT),
     {{SUBNETWORK, "'0007000000000000000000000000000000000000'"},
      {"transaction.gas", "'1000000000'"}}},
    {"no fee",
     VECTORS_TX_ANYONE,
     "ok",
     RELAY(ODD_INPUT ", " BROKEN("kaspa.relay.fee", "FeeTooLow")),
     {{"utxos.0.amount", "'300000000'"}, FILLED}},
};

static void add_rows(struct vectors *v, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *in = vectors_tx_base(v, rows[i].base);

        vectors_patch(v, in, rows[i].patches);
        vectors_add(v, "kaspa.tx", rows[i].name, rows[i].expected, in, rows[i].known);
    }
}

void vectors_kaspa_tx(struct vectors *v)
{
    add_rows(v, valid, ARRAY_LEN(valid));
    add_rows(v, undecided, ARRAY_LEN(undecided));
    add_rows(v, isolation, ARRAY_LEN(isolation));
    add_rows(v, coinbases, ARRAY_LEN(coinbases));
    add_rows(v, context, ARRAY_LEN(context));
    add_rows(v, relay, ARRAY_LEN(relay));
}
