/* The kaspa operations: inputs that are none, positions, memory that runs out. What they answer to
 * proper inputs is in the vectors. */
#include "asking.h"

#include "base/buf.h"
#include "vectors/vectors.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define TX                                                                                         \
    "{'version': 1, 'inputs': [{'previousOutpoint': {'transactionId': '" ZEROS                     \
    "', 'index': 0}, 'signatureScript': '', 'sequence': '0', 'computeBudget': 0}], 'outputs': "    \
    "[{'value': '5', 'scriptPublicKey': '000051', 'covenant': null}], 'lockTime': '0', "           \
    "'subnetworkId': '0000000000000000000000000000000000000000', 'gas': '0', 'payload': '', "      \
    "'storageMass': '0'}"
#define UTXO                                                                                       \
    "{'amount': '9', 'scriptPublicKey': '0000ab', 'blockDaaScore': '0', 'isCoinbase': false, "     \
    "'covenantId': null}"
#define SPENDING "'transaction': " TX ", 'utxos': [" UTXO "], 'input': 0"

static json_t *unquoted(const char *text)
{
    char *copy = strdup(text);
    json_error_t where;
    json_t *value;

    cr_assert_not_null(copy);
    for (char *at = copy; *at != '\0'; at++)
        *at = (char)(*at == '\'' ? '"' : *at);
    value = json_loads(copy, 0, &where);
    cr_assert_not_null(value, "%s: %s", text, where.text);
    free(copy);
    return value;
}

static const struct {
    const char *name, *op, *in;
    enum assay_code code;
    const char *says;
} wrong[] = {
    {"no transaction", "kaspa.txid", "{}", ASSAY_E_MISSING, "member transaction: expected"},
    {"a number for a transaction", "kaspa.txid", "{'transaction': 5}", ASSAY_E_TYPE,
     "member transaction: expected"},
    {"an unknown member", "kaspa.txid", "{'transaction': " TX ", 'utxos': []}", ASSAY_E_UNKNOWN,
     "member utxos is not known"},
    {"no object", "kaspa.txid", "[]", ASSAY_E_TYPE, "expected a JSON object"},
    {"an empty transaction", "kaspa.txid", "{'transaction': {}}", ASSAY_E_MISSING,
     "member transaction: version"},
    {"a text that is no JSON", "kaspa.txid", "{'transaction': 'x'}", ASSAY_E_MALFORMED,
     "member transaction: "},
    {"numbers for 64-bit values of an object", "kaspa.txid",
     "{'transaction': {'version': 0, 'inputs': [], 'outputs': [], 'gas': 0}}", ASSAY_E_TYPE,
     "member transaction: gas"},
    {"no utxos", "kaspa.mass", "{'transaction': " TX "}", ASSAY_E_MISSING, "member utxos"},
    {"utxos that are none", "kaspa.mass", "{'transaction': " TX ", 'utxos': {}}", ASSAY_E_TYPE,
     "member utxos: expected an array"},
    {"too many utxos", "kaspa.mass", "{'transaction': " TX ", 'utxos': [" UTXO ", " UTXO "]}",
     ASSAY_E_MISMATCH, "member utxos: expected 1, one an input, found 2"},
    {"a wrong utxo", "kaspa.mass",
     "{'transaction': " TX ", 'utxos': [{'amount': '9', 'scriptPublicKey': '0'}]}",
     ASSAY_E_MALFORMED, "member utxos[0]: "},
    {"null for a utxo that must be known", "kaspa.mass", "{'transaction': " TX ", 'utxos': [null]}",
     ASSAY_E_TYPE, "member utxos[0]: "},
    {"no type", "kaspa.sighash", "{" SPENDING "}", ASSAY_E_MISSING, "member type: expected"},
    {"a type above a byte", "kaspa.sighash", "{" SPENDING ", 'type': 256}", ASSAY_E_RANGE,
     "member type: expected a whole number from 0 to 255"},
    {"half a type", "kaspa.sighash", "{" SPENDING ", 'type': 1.5}", ASSAY_E_TYPE, "member type"},
    {"no such input", "kaspa.sighash",
     "{'transaction': " TX ", 'utxos': [" UTXO "], 'input': 1, 'type': 1}", ASSAY_E_RANGE,
     "member input: the transaction has 1 inputs"},
    {"a negative input", "kaspa.script.run",
     "{'transaction': " TX ", 'utxos': [" UTXO "], 'input': -1}", ASSAY_E_RANGE, "member input"},
    {"units that are no number", "kaspa.script.run", "{" SPENDING ", 'units': 'many'}",
     ASSAY_E_MALFORMED, "member units"},
    {"units that are no text", "kaspa.script.run", "{" SPENDING ", 'units': 5}", ASSAY_E_TYPE,
     "member units"},
    {"half a point of view", "kaspa.tx", "{'transaction': " TX ", 'pov': {'daaScore': '1'}}",
     ASSAY_E_MISSING, "member pov: member pastMedianTime"},
    {"a point of view with more", "kaspa.tx",
     "{'transaction': " TX ", 'pov': {'daaScore': '1', 'pastMedianTime': '1', 'x': 1}}",
     ASSAY_E_UNKNOWN, "member pov: member x"},
    {"a flag that is none", "kaspa.tx", "{'transaction': " TX ", 'fillMass': 1}", ASSAY_E_TYPE,
     "member fillMass"},
    {"no outpoint", "kaspa.covenant.id", "{'outputs': []}", ASSAY_E_TYPE, "member outpoint: "},
    {"an outpoint without index", "kaspa.covenant.id",
     "{'outpoint': {'transactionId': '" ZEROS "'}, 'outputs': []}", ASSAY_E_MISSING,
     "member outpoint: member index"},
    {"no outputs", "kaspa.covenant.id", "{'outpoint': {'transactionId': '" ZEROS "', 'index': 0}}",
     ASSAY_E_MISSING, "member outputs"},
    {"an output with more", "kaspa.covenant.id",
     "{'outpoint': {'transactionId': '" ZEROS "', 'index': 0}, 'outputs': [{'index': 0, 'value': "
     "'1', 'scriptPublicKey': '0000', 'covenant': null}]}",
     ASSAY_E_UNKNOWN, "member outputs[0]: member covenant"},
    {"odd hex", "kaspa.script.text", "{'script': '515'}", ASSAY_E_MALFORMED, "two a byte"},
    {"a script public key of one byte", "kaspa.script.class", "{'scriptPublicKey': '00'}",
     ASSAY_E_MALFORMED, "two bytes of version"},
    {"a hash among hashes that is none", "kaspa.merkle_root", "{'hashes': ['" ZEROS "', 5]}",
     ASSAY_E_TYPE, "member hash"},
    {"a negative version", "kaspa.address.encode",
     "{'prefix': 'kaspa', 'version': -1, 'payload': ''}", ASSAY_E_RANGE, "member version"},
    {"a number with a plus", "kaspa.number.encode", "{'number': '+1'}", ASSAY_E_RANGE,
     "member number"},
    {"a header without levels", "kaspa.header_hash", "{'version': 0}", ASSAY_E_MISSING,
     "member parentsByLevel"},
};

Test(operations_kaspa, say_which_member_of_an_input_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        json_t *in = unquoted(wrong[i].in);

        expect_wrong(wrong[i].op, in, wrong[i].name, wrong[i].code, wrong[i].says);
        json_decref(in);
    }
}

/* ---- every member of every operation ---- */

static const char *const optional[] = {"utxos", "pov", "fillMass", "units"};

static bool is_optional(const char *op, const char *member)
{
    for (size_t i = 0; i < ARRAY_LEN(optional); i++)
        if (strcmp(optional[i], member) == 0)
            return strcmp(member, "utxos") != 0 || strcmp(op, "kaspa.tx") == 0;
    return false;
}

/* The first accepted case of an operation's vectors. */
static json_t *accepted_input(const json_t *document)
{
    json_t *one;
    size_t i;

    json_array_foreach (json_object_get(document, "cases"), i, one)
        if (json_object_get(one, "ok") != NULL)
            return vectors_expanded(json_object_get(one, "in"));
    return NULL;
}

static enum operation_answer answer_with(const struct operation *op, const json_t *in,
                                         const char *member, json_t *value)
{
    json_t *changed = json_deep_copy(in), *out = NULL;
    enum operation_answer answer;

    if (value != NULL)
        json_object_set(changed, member, value);
    else
        json_object_del(changed, member);
    answer = operation_run(op, changed, &out, NULL);
    json_decref(out);
    json_decref(changed);
    return answer;
}

static void check_members(const struct operation *op, const json_t *in)
{
    json_t *real = json_real(1.5), *value;
    const char *member;

    json_object_foreach ((json_t *)(uintptr_t)in, member, value) {
        enum operation_answer without = answer_with(op, in, member, NULL);

        cr_expect(without == OPERATION_ERROR || is_optional(op->name, member), "%s without %s: %d",
                  op->name, member, (int)without);
        cr_expect_eq(answer_with(op, in, member, real), OPERATION_ERROR, "%s: %s", op->name,
                     member);
    }
    cr_expect_eq(answer_with(op, in, "more", real), OPERATION_ERROR, "%s", op->name);
    json_decref(real);
}

Test(operations_kaspa, ask_for_each_of_their_members_and_for_no_other)
{
    json_t *all = NULL, *document;
    const char *path;

    cr_assert_eq(vectors_all(&all, NULL), ASSAY_OK);
    json_object_foreach (all, path, document) {
        const char *name = json_string_value(json_object_get(document, "operation"));
        json_t *in;

        if (strncmp(name, "kaspa.", 6) != 0)
            continue;
        in = accepted_input(document);
        cr_assert_not_null(in, "%s", name);
        check_members(operation_find(name), in);
        json_decref(in);
    }
    json_decref(all);
}

Test(operations_kaspa, give_the_offset_within_a_transaction_that_is_a_text)
{
    const char *text = "{\"version\": 0,\n \"inputs\": [], \"outputs\": [], \"gas\": \"07\"}";
    json_t *in = json_pack("{s:s}", "transaction", text), *out = NULL;
    struct assay_err err = {0};

    cr_expect_eq(ask("kaspa.txid", in, &out, &err), OPERATION_ERROR);
    cr_expect_eq(err.at, (size_t)(strstr(text, "07") - text), "%zu: %s", err.at, err.text);
    json_decref(in);
}

Test(operations_kaspa, refuse_a_transaction_text_that_is_cut_off_anywhere)
{
    json_t *whole = unquoted(TX);
    char *text = json_dumps(whole, JSON_COMPACT);

    for (size_t len = 0; len < strlen(text); len++) {
        json_t *in = json_pack("{s:s%}", "transaction", text, len), *out = NULL;

        cr_expect_eq(ask("kaspa.txid", in, &out, NULL), OPERATION_ERROR, "%zu", len);
        json_decref(in);
    }
    free(text);
    json_decref(whole);
}

Test(operations_kaspa, tell_what_they_cannot_decide_from_what_they_refuse)
{
    json_t *in = unquoted("{" SPENDING ", 'units': 'unlimited'}"), *out = NULL;
    json_t *utxo = json_array_get(json_object_get(in, "utxos"), 0);

    json_object_set_new(utxo, "scriptPublicKey", json_string("00000120a6"));
    cr_expect_eq(ask("kaspa.script.run", in, &out, NULL), OPERATION_UNSUPPORTED);
    expect_text(out, "reason", "zk precompile");
    json_decref(out);
    json_decref(in);
}

/* A quoted word that is cut within a character must not make the answer unsayable. */
Test(operations_kaspa, always_give_a_reason_that_is_text)
{
    struct assay_buf word = ASSAY_BUF_INIT(1 << 16);
    json_t *in, *out = NULL;

    for (size_t pad = 0; pad < 4; pad++) {
        assay_buf_clear(&word);
        assay_buf_add(&word, assay_bytes_of("xxxx", pad));
        while (word.len < 2000)
            assay_buf_add_str(&word, "\xe4\xb8\x96");
        in = json_pack("{s:s}", "text", assay_buf_cstr(&word));
        cr_expect_eq(ask("kaspa.script.assemble", in, &out, NULL), OPERATION_REFUSED);
        cr_expect_gt(json_string_length(json_object_get(out, "reason")), 0);
        json_decref(out);
        json_decref(in);
    }
    assay_buf_fini(&word);
}

static const struct {
    const char *op, *in;
} memory_rows[] = {
    {"kaspa.txid", "{'transaction': " TX "}"},
    {"kaspa.mass", "{'transaction': " TX ", 'utxos': [" UTXO "]}"},
    {"kaspa.covenants", "{'transaction': " TX ", 'utxos': [" UTXO "]}"},
    {"kaspa.script.run", "{" SPENDING "}"},
    {"kaspa.tx", "{'transaction': " TX ", 'utxos': [" UTXO
                 "], 'pov': {'daaScore': '1', 'pastMedianTime': '1'}}"},
    {"kaspa.script.text", "{'script': '5152'}"},
    {"kaspa.script.assemble", "{'text': '1 2'}"},
    {"kaspa.address.of_script", "{'scriptPublicKey': '000020" ZEROS "ac', 'prefix': 'kaspa'}"},
    {"kaspa.merkle_root", "{'hashes': ['" ZEROS "']}"},
};

/* An answer is the same as with enough memory, or none. */
Test(operations_kaspa, answer_or_fail_cleanly_whichever_allocation_fails)
{
    for (size_t i = 0; i < ARRAY_LEN(memory_rows); i++) {
        const struct operation *op = operation_find(memory_rows[i].op);
        json_t *in = unquoted(memory_rows[i].in), *expected = NULL;
        enum operation_answer usual = operation_run(op, in, &expected, NULL);
        size_t asked = 1;

        for (size_t n = 0; n < asked; n++) {
            enum operation_answer answer;
            json_t *out = NULL;

            (void)assay_alloc_fail_after(n);
            answer = operation_run(op, in, &out, NULL);
            asked = assay_alloc_fail_after(SIZE_MAX);
            cr_expect(answer == usual || answer == OPERATION_ERROR ||
                          answer == OPERATION_UNSUPPORTED,
                      "%s: %zu: %d", op->name, n, (int)answer);
            cr_expect(answer != OPERATION_OK || json_equal(out, expected), "%s: %zu", op->name, n);
            json_decref(out);
        }
        json_decref(expected);
        json_decref(in);
    }
}
