/* The committed vectors are what the reference says, and leave out no operation, no error kind and
 * no opcode. */
#include "program.h"

#include "kaspa/address.h"
#include "kaspa/engine.h"
#include "kaspa/verify.h"
#include "vectors/cases.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static json_t *documents(void)
{
    struct assay_err err = {0};
    json_t *all = NULL;

    cr_assert_eq(vectors_all(&all, &err), ASSAY_OK, "%s", err.text);
    return all;
}

Test(vectors, that_are_committed_are_what_the_reference_says)
{
    struct assay_err err = {0};
    size_t count = 0;

    cr_assert_eq(vectors_check(&count, "vectors", &err), ASSAY_OK,
                 "%s; where that is meant, `assay vectors make` renews them", err.text);
    cr_expect_gt(count, 500);
}

/* ---- nothing is left out ---- */

/* Whether a case of the file says so, at "refused" or within its checks. */
static bool is_said(const json_t *all, const char *path, const char *member, const char *kind)
{
    json_t *cases = json_object_get(json_object_get(all, path), "cases"), *one, *check;
    size_t i, k;

    json_array_foreach (cases, i, one) {
        json_t *refused = json_object_get(one, "refused");
        json_t *result = refused != NULL ? refused : json_object_get(one, "ok");
        const char *said = json_string_value(json_object_get(refused, member));

        if (said != NULL && strcmp(said, kind) == 0)
            return true;
        json_array_foreach (json_object_get(result, "checks"), k, check) {
            said = json_string_value(json_object_get(check, member));
            if (said != NULL && strcmp(said, kind) == 0)
                return true;
        }
    }
    return false;
}

Test(vectors, hold_an_accepted_case_of_every_kaspa_operation)
{
    json_t *all = documents(), *document, *one;
    const struct operation *op;
    const char *path;
    size_t k;

    for (size_t i = 0; (op = operation_at(i)) != NULL; i++) {
        size_t accepted = 0;

        if (strncmp(op->name, "kaspa.", 6) != 0)
            continue;
        json_object_foreach (all, path, document)
            if (strcmp(json_string_value(json_object_get(document, "operation")), op->name) == 0)
                json_array_foreach (json_object_get(document, "cases"), k, one)
                    accepted += json_object_get(one, "ok") != NULL;
        cr_expect_gt(accepted, 0, "%s", op->name);
    }
    json_decref(all);
}

/* No input of kaspa.script.run ends so: there is always a transaction. */
static bool never_ends_a_script(enum kaspa_script_error error)
{
    return error == KASPA_SCRIPT_OK || error == KASPA_SCRIPT_INVALID_SOURCE;
}

Test(vectors, hold_every_error_of_a_script)
{
    json_t *all = documents();

    for (int i = 0; i < KASPA_SCRIPT__COUNT; i++) {
        enum kaspa_script_error error = (enum kaspa_script_error)i;

        cr_expect(never_ends_a_script(error) ||
                      is_said(all, "kaspa/script.run.json", "rule", kaspa_script_error_name(error)),
                  "%s", kaspa_script_error_name(error));
    }
    json_decref(all);
}

/* Earlier rules bound the amounts and the scripts, so that neither sum can pass 64 bits. */
static bool never_ends_a_transaction(enum kaspa_tx_error error)
{
    const char *name = kaspa_tx_error_name(error);

    return error == KASPA_TX_OK || strcmp(name, "OutputsValueOverflow") == 0 ||
           error == KASPA_TX_MASS_INCOMPUTABLE;
}

Test(vectors, hold_every_error_of_a_transaction)
{
    json_t *all = documents();

    for (int i = 0; i < KASPA_TX__COUNT; i++) {
        enum kaspa_tx_error error = (enum kaspa_tx_error)i;

        cr_expect(never_ends_a_transaction(error) ||
                      is_said(all, "kaspa/tx.json", "error", kaspa_tx_error_name(error)),
                  "%s", kaspa_tx_error_name(error));
    }
    cr_expect(
        is_said(all, "kaspa/mass.json", "rule", kaspa_tx_error_name(KASPA_TX_MASS_INCOMPUTABLE)));
    json_decref(all);
}

Test(vectors, hold_every_error_of_an_address)
{
    json_t *all = documents();

    for (int i = KASPA_ADDRESS_OK + 1; i < KASPA_ADDRESS__COUNT; i++) {
        const char *name = kaspa_address_error_name((enum kaspa_address_error)i);

        cr_expect(is_said(all, "kaspa/address.decode.json", "rule", name), "%s", name);
    }
    json_decref(all);
}

static void mark(void *context, const struct kaspa_step *step)
{
    bool *executed = context;

    if (step->executed)
        executed[step->instruction.opcode] = true;
}

/* Runs the case's scripts again, for the opcodes that they execute. */
static void mark_case(bool executed[256], const json_t *one)
{
    json_t *in = vectors_expanded(json_object_get(one, "in"));
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
    struct kaspa_covenants covenants = {0};
    struct kaspa_in k = KASPA_IN_INIT;
    struct kaspa_engine engine = {.covenants = &covenants,
                                  .unit_limit = KASPA_UNITS_UNLIMITED,
                                  .arena = &arena,
                                  .on_step = mark,
                                  .context = executed};
    bool resource = false;
    struct kaspa_run run;
    size_t at;

    cr_assert(kaspa_in_tx(&k, in, NULL) && kaspa_in_utxos(&k, in, false, NULL));
    if (kaspa_covenants_make(&covenants, &at, &resource, &k.tx, k.utxos, &arena) == KASPA_TX_OK) {
        engine.tx = &k.tx;
        engine.utxos = k.utxos;
        kaspa_engine_run_input(&run, &engine);
    }
    assay_arena_fini(&arena);
    assay_arena_fini(&k.arena);
    json_decref(in);
}

Test(vectors, execute_every_opcode)
{
    json_t *all = documents(), *one;
    bool executed[256] = {false};
    size_t i;

    json_array_foreach (json_object_get(json_object_get(all, "kaspa/script.run.json"), "cases"), i,
                        one)
        mark_case(executed, one);
    for (int byte = 0; byte < 256; byte++) {
        const char *name = kaspa_opcode_name((uint8_t)byte);

        cr_expect(executed[byte] || strncmp(name, "UNKNOWN_", 8) == 0, "%02x %s", (unsigned)byte,
                  name);
    }
    json_decref(all);
}

/* Whether some case of an accepted or refused signature hash has the type. */
static bool has_type(const json_t *all, const char *class, int type)
{
    json_t *one;
    size_t i;

    json_array_foreach (json_object_get(json_object_get(all, "kaspa/sighash.json"), "cases"), i,
                        one)
        if (json_object_get(one, class) != NULL &&
            json_integer_value(json_object_get(json_object_get(one, "in"), "type")) == type)
            return true;
    return false;
}

Test(vectors, hold_every_type_of_signature_hash)
{
    static const int known[] = {0x01, 0x02, 0x04, 0x81, 0x82, 0x84};
    json_t *all = documents();

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        cr_expect(has_type(all, "ok", known[i]), "%02x", (unsigned)known[i]);
    cr_expect(has_type(all, "refused", 0x80));
    cr_expect(has_type(all, "refused", 0x03));
    json_decref(all);
}

/* ---- a table that is wrong ---- */

static const struct {
    const char *name, *operation, *expected, *in, *known, *says;
} wrong[] = {
    {"another class", "kaspa.number.decode", "ok", "{'bytes': '000000000000000000'}", NULL,
     "expected ok"},
    {"another rule", "kaspa.number.decode", "Serialization", "{'bytes': '000000000000000000'}",
     NULL, "expected Serialization"},
    {"another value", "kaspa.number.decode", "ok", "{'bytes': '01'}", "{'number': '2'}",
     "expected {'number': '2'}"},
    {"no such operation", "kaspa.nothing", "ok", "{}", NULL, "no operation kaspa.nothing"},
    {"no JSON", "kaspa.number.decode", "ok", "{", NULL, "a table is no JSON"},
    {"a repetition that is none", "kaspa.number.decode", "ok", "{'bytes': {'$repeat': 5}}", NULL,
     "no input"},
};

Test(vectors, never_record_an_answer_that_their_table_does_not_expect)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct assay_err err = {0};
        struct vectors v = {.cases = json_object(), .err = &err};

        vectors_add(&v, wrong[i].operation, wrong[i].name, wrong[i].expected,
                    vectors_json(&v, wrong[i].in), wrong[i].known);
        cr_expect_neq(err.code, ASSAY_OK, "%s", wrong[i].name);
        cr_expect_not_null(strstr(err.text, wrong[i].says), "%s: %s", wrong[i].name, err.text);
        json_decref(v.cases);
    }
}

Test(vectors, have_names_that_are_there_once)
{
    struct assay_err err = {0};
    struct vectors v = {.cases = json_object(), .err = &err};

    for (int i = 0; i < 2; i++) {
        cr_expect_eq(err.code, ASSAY_OK);
        vectors_add(&v, "kaspa.number.decode", "one", "ok", vectors_json(&v, "{'bytes': '01'}"),
                    NULL);
    }
    cr_expect_eq(err.code, ASSAY_E_DUPLICATE);
    json_decref(v.cases);
}

Test(vectors, patch_what_is_there_and_nothing_else)
{
    const struct vectors_patch missing[VECTORS_PATCHES_MAX] = {{"a.b.c", "1"}};
    const struct vectors_patch there[VECTORS_PATCHES_MAX] = {
        {"a.0.b", "1"}, {"a.1", "2"}, {"c", NULL}};
    struct assay_err err = {0};
    struct vectors v = {.cases = NULL, .err = &err};
    json_t *in = vectors_json(&v, "{'a': [{}], 'c': 5}"),
           *expected = vectors_json(&v, "{'a': [{'b': 1}, 2]}");

    vectors_patch(&v, in, there);
    cr_expect_eq(err.code, ASSAY_OK);
    cr_expect(json_equal(in, expected));
    vectors_patch(&v, in, missing);
    cr_expect_eq(err.code, ASSAY_E_MISSING);
    json_decref(in);
    json_decref(expected);
}

/* ---- repetitions ---- */

static const struct {
    const char *in, *out; /* out NULL: refused */
} repetitions[] = {
    {"'a'", "'a'"},
    {"{'$repeat': [['ab', 2], ['c', 0], ['d', 1]]}", "'ababd'"},
    {"{'x': [{'$repeat': [[{'y': null}, 2]]}]}", "{'x': [[{'y': null}, {'y': null}]]}"},
    {"{'$repeat': []}", "''"},
    {"{'$repeat': [['a', 1], [5, 1]]}", NULL},
    {"{'$repeat': [['a', -1]]}", NULL},
    {"{'$repeat': [['a', 16777217]]}", NULL},
    {"{'$repeat': [['ab', 8388609]]}", NULL},
    {"{'$repeat': [['a']]}", NULL},
    {"{'$repeat': 'a'}", NULL},
    {"[{'$repeat': [['a', 1]], 'more': 1}]", NULL},
};

Test(vectors, carry_out_repetitions)
{
    struct assay_err err = {0};
    struct vectors v = {.cases = NULL, .err = &err};

    for (size_t i = 0; i < ARRAY_LEN(repetitions); i++) {
        json_t *in = vectors_json(&v, repetitions[i].in), *out = vectors_expanded(in);
        json_t *expected = repetitions[i].out != NULL ? vectors_json(&v, repetitions[i].out) : NULL;

        cr_expect(expected == NULL ? out == NULL : json_equal(out, expected), "%s",
                  repetitions[i].in);
        json_decref(in);
        json_decref(out);
        json_decref(expected);
    }
    cr_expect_eq(err.code, ASSAY_OK);
}

/* ---- the verb ---- */

#define NUMBERS "v/kaspa/number.decode.json"

static const struct {
    const char *name, *old, *fresh; /* old NULL: the whole file */
    int status;
    const char *says;
} changes[] = {
    {"nothing", "{", "{", 0, "vectors: all as they were"},
    {"an answer", "\"number\": \"128\"", "\"number\": \"129\"", 1,
     "case 4, \"128 needs a byte for its sign\", differs"},
    {"an input", "\"bytes\": \"01\"", "\"bytes\": \"02\"", 1, "case 1, \"one\", differs"},
    {"a space", "\"cases\":", "\"cases\": ", 1, "its cases are right"},
    {"its source", "section 4.1", "section 4.2", 1, "its cases are right"},
    {"no JSON", NULL, "{\n\"format\"", 3, "line 2"},
    {"no cases", NULL, "{\"cases\": []}", 1, "it has 0 cases"},
};

static void change(struct program *p, const char *old, const char *fresh)
{
    struct assay_buf was = ASSAY_BUF_INIT(1 << 20), is = ASSAY_BUF_INIT(1 << 20);
    const char *text, *at;

    program_read(p, NUMBERS, &was);
    text = assay_buf_cstr(&was);
    at = old != NULL ? strstr(text, old) : text;
    cr_assert_not_null(at, "%s", old);
    assay_buf_add(&is, assay_bytes_of(text, (size_t)(at - text)));
    assay_buf_add_str(&is, fresh);
    if (old != NULL)
        assay_buf_add_str(&is, at + strlen(old));
    program_write(p, NUMBERS, assay_buf_view(&is));
    assay_buf_fini(&was);
    assay_buf_fini(&is);
}

Test(vectors, check_names_the_first_case_that_differs)
{
    const char *const make[] = {"vectors", "make", "--dir", "v", NULL}, *const check[] = {
                                                                            "vectors", "check",
                                                                            "--dir", "v", NULL};
    struct program p;

    program_init(&p);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        program_run(&p, make, NULL);
        cr_assert_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
        change(&p, changes[i].old, changes[i].fresh);
        program_run(&p, check, NULL);
        cr_expect_eq(p.status, changes[i].status, "%s: exit %d", changes[i].name, p.status);
        cr_expect(program_says(&p, changes[i].says), "%s: %s", changes[i].name,
                  assay_buf_cstr(&p.err));
    }
    program_fini(&p);
}

static const struct {
    const char *args[5];
    const char *says;
} misuses[] = {
    {{"vectors", NULL}, "expected make or check"},
    {{"vectors", "mak", NULL}, "expected make or check"},
    {{"vectors", "make", "check", NULL}, "expected make or check"},
    {{"vectors", "--dri", NULL}, "no option --dri"},
    {{"vectors", "check", "--dir", "nowhere", NULL}, "nowhere/kaspa/txid.json: cannot be opened"},
    {{"vectors", "make", "--dir", "no/where", NULL}, "no/where: the folder cannot be made"},
};

Test(vectors, say_what_is_wrong_with_a_command)
{
    struct program p;

    program_init(&p);
    for (size_t i = 0; i < ARRAY_LEN(misuses); i++) {
        program_run(&p, misuses[i].args, NULL);
        cr_expect_eq(p.status, 3, "%s: exit %d", misuses[i].says, p.status);
        cr_expect(program_says(&p, misuses[i].says), "%s: %s", misuses[i].says,
                  assay_buf_cstr(&p.err));
    }
    program_fini(&p);
}
