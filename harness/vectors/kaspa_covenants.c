/* Covenant ids, and which outputs continue which covenant. The ids given by hand come from an
 * independent model of the node's preimage. */
#include "vectors/cases.h"

#define OUTPOINT                                                                                   \
    "'outpoint': {'transactionId': "                                                               \
    "'1111111111111111111111111111111111111111111111111111111111111111', 'index': 7}"
#define A "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
#define B "'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'"
#define GENESIS "'a519000c1d3d84d24f4b2af60ac60a6dcb8d075bd605dd238a746efd16941ba2'"

static const struct {
    const char *name, *outputs, *expected, *known;
} ids[] = {
    {"no outputs", "[]", "ok",
     "{'covenantId': '6bbb78e0b657a80059436cadbfcf0fb8e7b5923685cb7b750b52d72971e0d6d7'}"},
    {"one output", "[{'index': 0, 'value': '1000', 'scriptPublicKey': '000051'}]", "ok",
     "{'covenantId': " GENESIS "}"},
    {"two outputs, and a value above 63 bits",
     "[{'index': 1, 'value': '1', 'scriptPublicKey': "
     "'000020ababababababababababababababababababababababababababababababababac'}, "
     "{'index': 3, 'value': '9223372036854775808', 'scriptPublicKey': '0000'}]",
     "ok", NULL},
    {"an index counts", "[{'index': 1, 'value': '1000', 'scriptPublicKey': '000051'}]", "ok", NULL},
    {"a version counts", "[{'index': 0, 'value': '1000', 'scriptPublicKey': '000151'}]", "ok",
     NULL},
    {"a script without its version", "[{'index': 0, 'value': '1000', 'scriptPublicKey': '00'}]",
     "error", NULL},
    {"a value that is a number", "[{'index': 0, 'value': 1000, 'scriptPublicKey': '000051'}]",
     "error", NULL},
};

static void add_ids(struct vectors *v)
{
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        json_t *in = vectors_json(v, "{" OUTPOINT "}");

        json_object_set_new(in, "outputs", vectors_json(v, ids[i].outputs));
        vectors_add(v, "kaspa.covenant.id", ids[i].name, ids[i].expected, in, ids[i].known);
    }
}

/* ---- lists ---- */

/* Inputs of id A, A, B and none; outputs that continue A from input 1 twice and from input 0 once,
 * and one without covenant. */
#define INPUT(index)                                                                               \
    "{'previousOutpoint': {'transactionId': "                                                      \
    "'1111111111111111111111111111111111111111111111111111111111111111', 'index': " index          \
    "}, 'signatureScript': '', 'sequence': '0', 'computeBudget': 0}"
#define OUTPUT(input, id)                                                                          \
    "{'value': '1000', 'scriptPublicKey': '000051', 'covenant': {'authorizingInput': " input       \
    ", 'covenantId': " id "}}"
#define UTXO(id)                                                                                   \
    "{'amount': '5000', 'scriptPublicKey': '000051', 'blockDaaScore': '0', 'isCoinbase': false, "  \
    "'covenantId': " id "}"
static const char
    shared[] = "{'transaction': {'version': 1, 'inputs': [" INPUT("4") ", " INPUT("5") ", " INPUT("6") ", " INPUT(
        "7") "], 'outputs': [" OUTPUT("1",
                                      A) ", " OUTPUT("0",
                                                     A) ", " OUTPUT("1",
                                                                    A) ", {'value': "
                                                                       "'1000', "
                                                                       "'scriptPublicKey': "
                                                                       "'000051', "
                                                                       "'covenant': "
                                                                       "null}], "
                                                                       "'lockTime': '0', "
                                                                       "'subnetworkId': "
                                                                       "'000000000000000000"
                                                                       "0000000000000000000"
                                                                       "000', 'gas': '0', "
                                                                       "'payload': '', "
                                                                       "'storageMass': "
                                                                       "'0'}, 'utxos': "
                                                                       "[" UTXO(
                                                                           A) ","
                                                                              " " UTXO(A) ", " UTXO(
                                                                                  B) ", " UTXO("nul"
                                                                                               "l") "]}";

#define LISTS                                                                                      \
    "{'inputs': [{'input': 0, 'outputs': [1]}, {'input': 1, 'outputs': [0, 2]}], "                 \
    "'ids': [{'covenantId': " A ", 'inputs': [0, 1], 'outputs': [0, 1, 2]}, "                      \
    "{'covenantId': " B ", 'inputs': [2], 'outputs': []}]}"

/* Input 3 at index 7 starts the covenant whose genesis is its output 0 of 1000 sompi. */
#define STARTS OUTPUT("3", GENESIS)

static const struct {
    const char *name, *expected, *known;
    struct vectors_patch patches[VECTORS_PATCHES_MAX];
} lists[] = {
    {"two inputs continue a covenant, one burns another", "ok", LISTS, {{0}}},
    {"nothing is in a covenant",
     "ok",
     "{'inputs': [], 'ids': []}",
     {{"transaction.outputs", "[]"},
      {"utxos", "[" UTXO("null") ", " UTXO("null") ", " UTXO("null") ", " UTXO("null") "]"}}},
    {"a genesis is in no list",
     "ok",
     "{'inputs': [{'input': 0, 'outputs': [1]}, {'input': 1, 'outputs': [2]}], "
     "'ids': [{'covenantId': " A ", 'inputs': [0, 1], 'outputs': [1, 2]}, "
     "{'covenantId': " B ", 'inputs': [2], 'outputs': []}]}",
     {{"transaction.outputs.0", STARTS}}},
    {"a genesis whose id is another one's",
     "WrongGenesisCovenantId",
     NULL,
     {{"transaction.outputs.0.covenant.authorizingInput", "3"}}},
    {"a genesis at another place",
     "WrongGenesisCovenantId",
     NULL,
     {{"transaction.outputs.3", STARTS}}},
    {"a genesis of two outputs whose id is of the first alone",
     "WrongGenesisCovenantId",
     NULL,
     {{"transaction.outputs.0", STARTS}, {"transaction.outputs.1", STARTS}}},
    {"an input cannot continue what another carries",
     "WrongGenesisCovenantId",
     NULL,
     {{"transaction.outputs.0.covenant.authorizingInput", "2"}}},
    {"an authorizing input that is not there",
     "AuthInputOutOfBounds",
     NULL,
     {{"transaction.outputs.2.covenant.authorizingInput", "4"}}},
    {"one that is not there decides, whatever comes before",
     "AuthInputOutOfBounds",
     NULL,
     {{"transaction.outputs.0.covenant.authorizingInput", "3"},
      {"transaction.outputs.2.covenant.authorizingInput", "65535"}}},
};

void vectors_kaspa_covenants(struct vectors *v)
{
    add_ids(v);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        json_t *in = vectors_json(v, shared);

        vectors_patch(v, in, lists[i].patches);
        vectors_add(v, "kaspa.covenants", lists[i].name, lists[i].expected, in, lists[i].known);
    }
}
