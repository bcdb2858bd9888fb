/* Ids, signature hashes, masses, and the hashes of blocks. Values that are given here by hand are
 * those of the node's own tests. */
#include "vectors/cases.h"

#include <stdio.h>

#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
#define NATIVE "0000000000000000000000000000000000000000"
#define TAIL                                                                                       \
    "'lockTime': '0', 'subnetworkId': '" NATIVE "', 'gas': '0', 'payload': '', 'storageMass': '0'"

/* hashing-tx-3 of the node's tests: an input, an output. */
#define TX_V0                                                                                      \
    "{'version': 0, 'inputs': [{'previousOutpoint': {'transactionId': '" ZEROS_32                  \
    "', 'index': 2}, 'signatureScript': '0102', 'sequence': '7', 'sigOpCount': 5}], "              \
    "'outputs': [{'value': '1564', 'scriptPublicKey': '00070102030405', 'covenant': null}], " TAIL \
    "}"
/* hashing-tx-11. */
#define TX_V1                                                                                      \
    "{'version': 1, 'inputs': [{'previousOutpoint': {'transactionId': '" ZEROS_32                  \
    "', 'index': 0}, 'signatureScript': '', 'sequence': '0', 'computeBudget': 111}], 'outputs': "  \
    "[], " TAIL "}"
#define TX_COVENANT                                                                                \
    "{'version': 1, 'inputs': [{'previousOutpoint': {'transactionId': '" ZEROS_32                  \
    "', 'index': 0}, 'signatureScript': '51', 'sequence': '0', 'computeBudget': 1}], 'outputs': "  \
    "[{'value': '5', 'scriptPublicKey': '000051', 'covenant': {'authorizingInput': 0, "            \
    "'covenantId': '" ZEROS_32 "'}}], " TAIL "}"
#define TX_EMPTY "{'version': 0, 'inputs': [], 'outputs': [], " TAIL "}"

struct row {
    const char *name, *in, *expected, *known;
    struct vectors_patch patches[VECTORS_PATCHES_MAX];
};

static void add_rows(struct vectors *v, const char *operation, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *in = vectors_json(v, rows[i].in);

        vectors_patch(v, in, rows[i].patches);
        vectors_add(v, operation, rows[i].name, rows[i].expected, in, rows[i].known);
    }
}

/* ---- ids ---- */

#define ID_OF(tx) "{'transaction': " tx "}"
#define V0_ID "'id': '67289b12146d1b5ef384332137399791a5cfe89506ff31688b0d95ae821d0a0c'"
#define V0_HASH "'hash': '492279c0ed5018aa00b0b2d42c1c42350285f2e689236a81829edaf818e30fdb'"
#define V1_ID "'id': '5978e7aa1a9ba8fdf12dae6aa39aa198a91985e91192b291e207d4d6246349e6'"

static const struct row txids[] = {
    {"version 0", ID_OF(TX_V0), "ok", "{" V0_ID ", " V0_HASH "}", {{0}}},
    {"a signature script is not in the id",
     ID_OF(TX_V0),
     "ok",
     "{" V0_ID "}",
     {{"transaction.inputs.0.signatureScript", "'ff'"}}},
    {"a count of signature operations is not in the id",
     ID_OF(TX_V0),
     "ok",
     "{" V0_ID "}",
     {{"transaction.inputs.0.sigOpCount", "255"}}},
    {"a storage mass is in the hash of version 0 only where it is not 0",
     ID_OF(TX_V0),
     "ok",
     "{" V0_ID "}",
     {{"transaction.storageMass", "'1'"}}},
    {"a lock time and gas are in the id",
     ID_OF(TX_V0),
     "ok",
     "{'id': '7cd34b788d7d230970d4bfd955c34c5abc49e3bcdd5adb03a77bb71d05554401', "
     "'hash': 'de319664ee9f4197e89be0d0e08b2b6cac110efc2cf107de1fbc6bd2ce29d545'}",
     {{"transaction.lockTime", "'54'"}, {"transaction.gas", "'3'"}}},
    {"no inputs and no outputs", ID_OF(TX_EMPTY), "ok", NULL, {{0}}},
    {"version 1", ID_OF(TX_V1), "ok", "{" V1_ID "}", {{0}}},
    {"a compute budget is not in the id of version 1",
     ID_OF(TX_V1),
     "ok",
     "{" V1_ID "}",
     {{"transaction.inputs.0.computeBudget", "65535"}}},
    {"a storage mass is not in the id of version 1",
     ID_OF(TX_V1),
     "ok",
     "{" V1_ID "}",
     {{"transaction.storageMass", "'18446744073709551615'"}}},
    {"a payload", ID_OF(TX_V1), "ok", NULL, {{"transaction.payload", "'00'"}}},
    {"a payload of one block of BLAKE3",
     ID_OF(TX_V1),
     "ok",
     NULL,
     {{"transaction.payload", "{'$repeat': [['5a', 1024]]}"}}},
    {"a payload above one block of BLAKE3",
     ID_OF(TX_V1),
     "ok",
     NULL,
     {{"transaction.payload", "{'$repeat': [['5a', 1025]]}"}}},
    {"a covenant", ID_OF(TX_COVENANT), "ok", NULL, {{0}}},
    {"the largest numbers",
     ID_OF(TX_COVENANT),
     "ok",
     NULL,
     {{"transaction.inputs.0.sequence", "'18446744073709551615'"},
      {"transaction.inputs.0.previousOutpoint.index", "4294967295"},
      {"transaction.outputs.0.value", "'18446744073709551615'"},
      {"transaction.outputs.0.covenant.authorizingInput", "65535"}}},
    {"no transaction", "{}", "error", NULL, {{0}}},
    {"a number above 64 bits",
     ID_OF(TX_V0),
     "error",
     NULL,
     {{"transaction.gas", "'18446744073709551616'"}}},
    {"an unknown member", ID_OF(TX_V0), "error", NULL, {{"transaction.gass", "'0'"}}},
    {"a text in the flattened form",
     "{'transaction': ''}",
     "ok",
     "{" V0_ID ", " V0_HASH "}",
     {{"transaction",
       "'{\\u0022version\\u0022:0,\\u0022inputs\\u0022:[{\\u0022transactionId\\u0022:"
       "\\u0022" ZEROS_32
       "\\u0022,\\u0022index\\u0022:2,\\u0022signatureScript\\u0022:\\u00220102\\u0022,"
       "\\u0022sequence\\u0022:7,\\u0022sigOpCount\\u0022:5}],\\u0022outputs\\u0022:["
       "{\\u0022value\\u0022:1564,\\u0022scriptPublicKey\\u0022:\\u002200070102030405\\u0022}]}"
       "'"}}},
};

/* ---- signature hashes ---- */

/* native-all-0 of the node's tests. */
#define PREVIOUS "880eb9819a31821d9d2399e2f35e2433b72637e393d71ecc9b8d0250f49153c3"
#define SPK_A "000020fcef4c106cf11135bbd70f02a726a92162d2fb8b22f0469126f800862ad884e8ac"
#define SPK_B "0000208325613d2eeaf7176ac6c670b13c0043156c427438ed72d74b7800862ad884e8ac"
#define INPUT(index)                                                                               \
    "{'previousOutpoint': {'transactionId': '" PREVIOUS "', 'index': " index                       \
    "}, 'signatureScript': '', 'sequence': '" index "', 'sigOpCount': 0}"
#define UTXO(amount, spk)                                                                          \
    "{'amount': '" amount "', 'scriptPublicKey': '" spk                                            \
    "', 'blockDaaScore': '0', 'isCoinbase': false, 'covenantId': null}"
static const char signed_v0[] =
    "{'transaction': {'version': 0, 'inputs': [" INPUT("0") ", " INPUT("1") ", " INPUT(
        "2") "], 'outputs': [{'value': '300', 'scriptPublicKey': '" SPK_A "', 'covenant': null}, "
             "{'value': '300', 'scriptPublicKey': '" SPK_B "', 'covenant': null}], "
             "'lockTime': '1615462089000', 'subnetworkId': '" NATIVE
             "', 'gas': '0', 'payload': '', 'storageMass': '0'}, 'utxos': [" UTXO(
                 "100", SPK_B) ", " UTXO("200", SPK_A) ", " UTXO("300",
                                                                 SPK_A) "], 'input': 0, 'type': 1}";

#define ALL_0 "'schnorr': '03b7ac6927b2b67100734c3cc313ff8c2e8b3ce3e746d46dd660b706a916b1f5'"

static const struct row sighashes[] = {
    {"all",
     signed_v0,
     "ok",
     "{" ALL_0 ", 'ecdsa': '1d679268414c20ffe952e3c255befd892e60e86ae1657fce8a20225e5dc87d64'}",
     {{0}}},
    {"a signature script is not signed",
     signed_v0,
     "ok",
     "{" ALL_0 "}",
     {{"transaction.inputs.0.signatureScript", "'51'"}}},
    {"a storage mass is not signed",
     signed_v0,
     "ok",
     "{" ALL_0 "}",
     {{"transaction.storageMass", "'9'"}}},
    {"all, input 1", signed_v0, "ok", NULL, {{"input", "1"}}},
    {"none", signed_v0, "ok", NULL, {{"type", "2"}}},
    {"single", signed_v0, "ok", NULL, {{"type", "4"}}},
    {"single without an output of its number",
     signed_v0,
     "ok",
     NULL,
     {{"type", "4"}, {"input", "2"}}},
    {"all, anyone can pay", signed_v0, "ok", NULL, {{"type", "129"}}},
    {"none, anyone can pay", signed_v0, "ok", NULL, {{"type", "130"}}},
    {"single, anyone can pay", signed_v0, "ok", NULL, {{"type", "132"}}},
    {"single, anyone can pay, without an output of its number",
     signed_v0,
     "ok",
     NULL,
     {{"type", "132"}, {"input", "2"}}},
    {"a payload", signed_v0, "ok", NULL, {{"transaction.payload", "'00'"}}},
    {"no payload, and not native",
     signed_v0,
     "ok",
     NULL,
     {{"transaction.subnetworkId", "'0100000000000000000000000000000000000000'"}}},
    {"type 0", signed_v0, "InvalidSigHashType", NULL, {{"type", "0"}}},
    {"type 3", signed_v0, "InvalidSigHashType", NULL, {{"type", "3"}}},
    {"type 5", signed_v0, "InvalidSigHashType", NULL, {{"type", "5"}}},
    {"type 7", signed_v0, "InvalidSigHashType", NULL, {{"type", "7"}}},
    {"type 64", signed_v0, "InvalidSigHashType", NULL, {{"type", "64"}}},
    {"type 128", signed_v0, "InvalidSigHashType", NULL, {{"type", "128"}}},
    {"type 131", signed_v0, "InvalidSigHashType", NULL, {{"type", "131"}}},
    {"type 255", signed_v0, "InvalidSigHashType", NULL, {{"type", "255"}}},
    {"type 256 is no byte", signed_v0, "error", NULL, {{"type", "256"}}},
    {"no such input", signed_v0, "error", NULL, {{"input", "3"}}},
};

static const char signed_v1[] =
    "{'transaction': " TX_COVENANT ", 'utxos': [" UTXO("100", SPK_B) "], 'input': 0, 'type': 1}";

static const struct row sighashes_v1[] = {
    {"version 1, all", signed_v1, "ok", NULL, {{0}}},
    {"version 1, none", signed_v1, "ok", NULL, {{"type", "2"}}},
    {"version 1, single", signed_v1, "ok", NULL, {{"type", "4"}}},
    {"version 1, all, anyone can pay", signed_v1, "ok", NULL, {{"type", "129"}}},
    {"version 1, none, anyone can pay", signed_v1, "ok", NULL, {{"type", "130"}}},
    {"version 1, single, anyone can pay", signed_v1, "ok", NULL, {{"type", "132"}}},
};

/* ---- masses ---- */

/* The worked example of the digest: one input with a signature, two outputs to keys. */
#define SIGNATURE_OF_66 "{'$repeat': [['41', 66]]}"
static const char masses_v0[] =
    "{'transaction': {'version': 0, 'inputs': [{'previousOutpoint': {'transactionId': '" PREVIOUS
    "', 'index': 0}, 'signatureScript': " SIGNATURE_OF_66 ", 'sequence': '0', 'sigOpCount': 1}], "
    "'outputs': [{'value': '100000000', 'scriptPublicKey': '" SPK_A "', 'covenant': null}, "
    "{'value': '100000000', 'scriptPublicKey': '" SPK_B "', 'covenant': null}], " TAIL
    "}, 'utxos': [" UTXO("200000000", SPK_B) "]}";

#define TO_VERSION_1                                                                               \
    {"transaction.version", "1"}, {"transaction.inputs.0.sigOpCount", NULL},                       \
    {                                                                                              \
        "transaction.inputs.0.computeBudget", "10"                                                 \
    }
#define COVENANT_0 "{'authorizingInput': 0, 'covenantId': '" ZEROS_32 "'}"

/* One input of 200 000 000 grams of C, two outputs of 100 000 000: 2 * 10^12/10^8 - 10^12/2*10^8.
 */
static const struct row masses[] = {
    {"version 0",
     masses_v0,
     "ok",
     "{'size': '316', 'compute': '2036', 'transient': '1264', 'storage': '15000'}",
     {{0}}},
    {"version 1",
     masses_v0,
     "ok",
     "{'size': '318', 'compute': '2038', 'transient': '1272', 'storage': '15000'}",
     {TO_VERSION_1}},
    {"a covenant adds 34 bytes and a unit of plurality",
     masses_v0,
     "ok",
     "{'size': '352', 'compute': '2072', 'transient': '1408', 'storage': '45000'}",
     {TO_VERSION_1, {"transaction.outputs.0.covenant", COVENANT_0}}},
    {"a payload is size alone",
     masses_v0,
     "ok",
     "{'size': '416', 'compute': '2136', 'transient': '1664', 'storage': '15000'}",
     {{"transaction.payload", "{'$repeat': [['00', 100]]}"}}},
    {"a script of 37 bytes has plurality 1",
     masses_v0,
     "ok",
     "{'storage': '15000'}",
     {{"transaction.outputs.0.scriptPublicKey", "{'$repeat': [['0000', 1], ['00', 37]]}"}}},
    {"a script of 38 bytes has plurality 2",
     masses_v0,
     "ok",
     "{'storage': '45000'}",
     {{"transaction.outputs.0.scriptPublicKey", "{'$repeat': [['0000', 1], ['00', 38]]}"}}},
    {"a coinbase has no mass",
     masses_v0,
     "ok",
     "{'compute': '0', 'transient': '0', 'storage': '0'}",
     {{"transaction.subnetworkId", "'0100000000000000000000000000000000000000'"}}},
    {"inputs may be worth more than outputs cost",
     masses_v0,
     "ok",
     "{'storage': '0'}",
     {{"utxos.0.amount", "'1'"}}},
    {"an output of 1 sompi",
     masses_v0,
     "ok",
     "{'storage': '1000000005000'}",
     {{"transaction.outputs.0.value", "'1'"}}},
    {"C times the square of a plurality above 64 bits",
     masses_v0,
     "MassIncomputable",
     NULL,
     {{"transaction.outputs.0.scriptPublicKey", "{'$repeat': [['0000', 1], ['00', 430000]]}"},
      {"transaction.outputs.0.value", "'1'"}}},
    {"an output worth nothing",
     masses_v0,
     "MassIncomputable",
     NULL,
     {{"transaction.outputs.0.value", "'0'"}}},
    {"an input and no utxo", masses_v0, "error", NULL, {{"utxos", "[]"}}},
};

static const struct row fees[] = {
    {"version 0", ID_OF(TX_V0), "ok", NULL, {{0}}},
    {"version 1", ID_OF(TX_V1), "ok", NULL, {{0}}},
    {"half the transient mass, where that is more",
     ID_OF(TX_V0),
     "ok",
     NULL,
     {{"transaction.payload", "{'$repeat': [['00', 100000]]}"}}},
    {"never above all the money there is",
     ID_OF(TX_V1),
     "ok",
     NULL,
     {{"transaction.inputs.0.computeBudget", "65535"}}},
};

/* The worked example: 2036 grams at 100 sompi. */
static void add_example_fee(struct vectors *v)
{
    json_t *in = vectors_json(v, masses_v0);

    json_object_del(in, "utxos");
    vectors_add(v, "kaspa.relay_fee", "the worked example of the digest", "ok", in,
                "{'fee': '203600'}");
}

/* ---- blocks ---- */

#define HASH_1 "'1111111111111111111111111111111111111111111111111111111111111111'"
#define HASH_2 "'2222222222222222222222222222222222222222222222222222222222222222'"
#define HASH_3 "'3333333333333333333333333333333333333333333333333333333333333333'"

static const struct row roots[] = {
    {"none", "{'hashes': []}", "ok", "{'root': '" ZEROS_32 "'}", {{0}}},
    {"one is its own root", "{'hashes': [" HASH_1 "]}", "ok", "{'root': " HASH_1 "}", {{0}}},
    {"two", "{'hashes': [" HASH_1 ", " HASH_2 "]}", "ok", NULL, {{0}}},
    {"three: the fourth is zeros",
     "{'hashes': [" HASH_1 ", " HASH_2 ", " HASH_3 "]}",
     "ok",
     NULL,
     {{0}}},
    {"five: a whole branch is absent",
     "{'hashes': ['6dcb2b19827b6cbdd522b51f2f4f50eadcf75b847c1b44982d5167f30d7f87ce', "
     "'032b1ee490f6c2d08340dbcf6506c50f87382fd5c66634c2239b6aec23ce33a9', "
     "'86063e43ed080e533cffcad2360b50f262eb438313c4a981b34ea72b8203ab0d', "
     "'51a69a43da0eddd3ea397ca94ac0e87fe76c0cb7e4069fc2c22220bd20c8cb97', "
     "'2b610ea09ecc4cb728ca8f34e44b939e2e6fdaa85b09270ffbdbd0ee07982b3c']}",
     "ok",
     "{'root': '46ecf45be3baca349dfe8a78deaf053b0aa6d538974da50fd6efb4d266bc8d21'}",
     {{0}}},
    {"a short hash", "{'hashes': ['11']}", "error", NULL, {{0}}},
};

static const char mainnet_genesis[] =
    "{'version': 0, 'parentsByLevel': [], 'hashMerkleRoot': "
    "'8ec898568c6801d13df4ee6e2a1b54b7e6236f671f20954f05306410518eeb32', 'acceptedIdMerkleRoot': "
    "'" ZEROS_32 "', 'utxoCommitment': "
    "'710f27df423e63aa6cdb72b89ea5a06cffa399d66f167704455b5af59def8e20', "
    "'timestamp': '1637609671037', 'bits': 486722099, 'nonce': '211244', 'daaScore': '1312860', "
    "'blueScore': '0', 'blueWork': '0', 'pruningPoint': '" ZEROS_32 "'}";
static const char testnet_genesis[] =
    "{'version': 0, 'parentsByLevel': [], 'hashMerkleRoot': "
    "'17341408a5724556504df4d6cf515cbfbb220430dc451c743c22d5e911720c2a', 'acceptedIdMerkleRoot': "
    "'" ZEROS_32 "', 'utxoCommitment': "
    "'544eb3142c000f0ad2c76ac41f4222abbababed830eeafee4b6dc56b52d5cac0', "
    "'timestamp': '1633687894966', 'bits': 511705087, 'nonce': '83330', 'daaScore': '0', "
    "'blueScore': '0', 'blueWork': '0', 'pruningPoint': '" ZEROS_32 "'}";

#define MAINNET_HASH "'hash': '58c2d4199e21f910d1571d114969cecef48f09f934d42ccb6a281a15868f2999'"

static const struct row headers[] = {
    {"the genesis of mainnet", mainnet_genesis, "ok", "{" MAINNET_HASH "}", {{0}}},
    {"the genesis of testnet-10",
     testnet_genesis,
     "ok",
     "{'hash': 'f896a3034873be1739fc4359236899fd3d65d2bc94f9780df0d0da3eb1cc4370'}",
     {{0}}},
    {"leading zeros of blue work do not count",
     mainnet_genesis,
     "ok",
     "{" MAINNET_HASH "}",
     {{"blueWork", "'000000000000000000000000000000000000000000000000'"}}},
    {"parents on two levels",
     mainnet_genesis,
     "ok",
     NULL,
     {{"parentsByLevel", "[[" HASH_1 ", " HASH_2 "], [" HASH_3 "]]"}, {"blueWork", "'1abc'"}}},
    {"a level that is no array",
     mainnet_genesis,
     "error",
     NULL,
     {{"parentsByLevel", "[" HASH_1 "]"}}},
};

void vectors_kaspa_ids(struct vectors *v)
{
    add_rows(v, "kaspa.txid", txids, ARRAY_LEN(txids));
    add_rows(v, "kaspa.sighash", sighashes, ARRAY_LEN(sighashes));
    add_rows(v, "kaspa.sighash", sighashes_v1, ARRAY_LEN(sighashes_v1));
    add_rows(v, "kaspa.mass", masses, ARRAY_LEN(masses));
    add_example_fee(v);
    add_rows(v, "kaspa.relay_fee", fees, ARRAY_LEN(fees));
    add_rows(v, "kaspa.merkle_root", roots, ARRAY_LEN(roots));
    add_rows(v, "kaspa.header_hash", headers, ARRAY_LEN(headers));
}
