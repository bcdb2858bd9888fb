/* Differential runs: what the generator reaches, and what is found when an adapter lies, ends or
 * keeps silent. The adapters are the reference itself, with some of its answers changed on their
 * way. */
#include "fuzz/diff.h"
#include "fuzz/diff_compare.h"
#include "fuzz/kaspa_gen.h"
#include "kaspa/engine.h"
#include "program.h"
#include "run/operations.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

/* ---- the generator ---- */

static struct kaspa_gen *generator(void)
{
    struct kaspa_gen *gen = NULL;

    cr_assert_eq(kaspa_gen_new(&gen), ASSAY_OK);
    return gen;
}

struct reached {
    unsigned opcodes[256], kinds[KASPA_SCRIPT__COUNT], valid, undecided;
};

static void note_step(void *context, const struct kaspa_step *step)
{
    struct reached *reached = context;

    if (step->executed)
        reached->opcodes[step->instruction.opcode]++;
}

static void run_case(struct reached *reached, const struct kaspa_gen_run *c)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
    struct kaspa_covenants covenants = {0};
    struct kaspa_engine engine = {.tx = c->tx,
                                  .utxos = c->utxos,
                                  .input = c->input,
                                  .covenants = &covenants,
                                  .unit_limit =
                                      c->has_units ? c->units : kaspa_unit_limit(c->tx, c->input),
                                  .arena = &arena,
                                  .on_step = note_step,
                                  .context = reached};
    struct kaspa_run run;
    bool resource = false;
    size_t at;

    if (kaspa_covenants_make(&covenants, &at, &resource, c->tx, c->utxos, &arena) == KASPA_TX_OK) {
        kaspa_engine_run_input(&run, &engine);
        reached->valid += run.outcome == KASPA_VALID;
        reached->undecided += run.outcome == KASPA_UNDECIDED;
        reached->kinds[run.outcome == KASPA_INVALID ? run.error : KASPA_SCRIPT_OK]++;
    }
    cr_assert_not(resource);
    assay_arena_fini(&arena);
}

Test(diff, cases_reach_every_opcode_and_every_error_of_scripts)
{
    enum { CASES = 50000 };
    struct kaspa_gen *gen = generator();
    static struct reached reached;

    for (uint64_t i = 0; i < CASES; i++) {
        struct kaspa_gen_run c;

        kaspa_gen_script_run(&c, gen, 1, i);
        run_case(&reached, &c);
    }
    for (int kind = 1; kind < KASPA_SCRIPT__COUNT; kind++) {
        if (kind != KASPA_SCRIPT_INVALID_SOURCE) /* of scripts without a transaction */
            cr_expect_gt(reached.kinds[kind], 0, "%s",
                         kaspa_script_error_name((enum kaspa_script_error)kind));
    }
    for (unsigned opcode = 0; opcode < ARRAY_LEN(reached.opcodes); opcode++)
        cr_expect_gt(reached.opcodes[opcode], 0, "%s", kaspa_opcode_name((uint8_t)opcode));
    cr_expect_gt(reached.valid, CASES / 4, "%u", reached.valid);
    cr_expect_gt(reached.undecided, 0);
    kaspa_gen_free(gen);
}

Test(diff, a_case_is_the_same_whatever_was_made_before_it)
{
    const struct kaspa_gen_operation *o;

    for (size_t i = 0; (o = kaspa_gen_operation_at(i)) != NULL; i++) {
        struct kaspa_gen *used = generator(), *fresh = generator();
        json_t *one, *other;

        for (uint64_t n = 0; n < 50; n++)
            json_decref(kaspa_gen_case(used, o, 7, n));
        one = kaspa_gen_case(used, o, 7, 50);
        other = kaspa_gen_case(fresh, o, 7, 50);
        cr_expect(json_equal(one, other), "%s", o->name);
        json_decref(other);
        other = kaspa_gen_case(fresh, o, 8, 50);
        cr_expect_not(json_equal(one, other), "%s: the same for another seed", o->name);
        json_decref(one);
        json_decref(other);
        kaspa_gen_free(used);
        kaspa_gen_free(fresh);
    }
}

Test(diff, every_case_is_a_proper_input)
{
    struct kaspa_gen *gen = generator();
    const struct kaspa_gen_operation *o;

    for (size_t i = 0; (o = kaspa_gen_operation_at(i)) != NULL; i++)
        for (uint64_t n = 1; n < 400; n++) {
            json_t *in = kaspa_gen_case(gen, o, 3, n), *result = NULL;
            struct assay_err err = {0};

            cr_expect_neq(operation_find(o->name)->run(in, &result, &err), OPERATION_ERROR,
                          "%s %d: %s", o->name, (int)n, err.text);
            json_decref(in);
            json_decref(result);
        }
    kaspa_gen_free(gen);
    kaspa_gen_free(NULL);
}

Test(diff, a_generator_without_memory_is_none)
{
    struct kaspa_gen *gen = NULL;

    for (size_t i = 0; i < 2; i++) {
        (void)assay_alloc_fail_after(i);
        cr_expect_eq(kaspa_gen_new(&gen), ASSAY_E_NOMEM);
    }
    (void)assay_alloc_fail_after(SIZE_MAX);
    cr_expect_null(gen);
}

/* ---- two answers ---- */

/* The parts of an address: of ADDRESS, where the digit is 1. */
#define SPELLING(digit)                                                                            \
    "{\"prefix\":\"kaspa\",\"version\":0,\"payload\":"                                             \
    "\"000000000000000000000000000000000000000000000"                                              \
    "000000000000000000" digit "\"}"
#define ADDRESS "kaspa:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzeq7t486m"

static const struct {
    const char *name, *operation;
    enum operation_answer answer;
    const char *ours;
    enum adapter_status status;
    const char *theirs;
    enum diff_verdict verdict;
    const char *what; /* a part of it */
} pairs[] = {
    {"equal results", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_OK, "{\"x\":1}", DIFF_OK, ""},
    {"a member that the adapter has not", "a", OPERATION_OK, "{\"x\":1,\"y\":2}", ADAPTER_OK,
     "{\"x\":1}", DIFF_OK, ""},
    {"a member that the reference has not", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_OK,
     "{\"x\":1,\"z\":3}", DIFF_DISAGREED, "z"},
    {"granted what needs a proof", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_UNSUPPORTED,
     "\"zk precompile\"", DIFF_DISAGREED, "unsupported"},
    {"granted what needs a node", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_UNSUPPORTED,
     "\"sequencing commitment\"", DIFF_DISAGREED, "unsupported"},
    {"another value", "a", OPERATION_OK, "{\"x\":[1,2]}", ADAPTER_OK, "{\"x\":[2,1]}",
     DIFF_DISAGREED, "ok: x"},
    {"nothing in common", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_OK, "{}", DIFF_DISAGREED,
     "no member in common"},
    {"no object", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_OK, "null", DIFF_DISAGREED,
     "no member in common"},
    {"nothing to say", "a", OPERATION_OK, "{}", ADAPTER_OK, "{}", DIFF_OK, ""},
    {"the same rule", "a", OPERATION_REFUSED, "{\"rule\":\"R\",\"reason\":\"one\"}",
     ADAPTER_REFUSED, "{\"rule\":\"R\",\"reason\":\"other\"}", DIFF_REFUSED, ""},
    {"the same rule as a text", "a", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_REFUSED,
     "\"R\"", DIFF_REFUSED, ""},
    {"another rule", "a", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_REFUSED,
     "{\"rule\":\"S\"}", DIFF_DISAGREED, "says R, the adapter S"},
    {"no rule", "a", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_REFUSED, "5", DIFF_DISAGREED,
     "says R, the adapter "},
    {"other units", "a", OPERATION_REFUSED, "{\"rule\":\"R\",\"usedUnits\":\"1\"}", ADAPTER_REFUSED,
     "{\"rule\":\"R\",\"usedUnits\":\"2\"}", DIFF_DISAGREED, "usedUnits"},
    {"units of one side", "a", OPERATION_REFUSED, "{\"rule\":\"R\",\"usedUnits\":\"1\"}",
     ADAPTER_REFUSED, "{\"rule\":\"R\"}", DIFF_REFUSED, ""},
    {"ok and refused", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_REFUSED, "{\"rule\":\"R\"}",
     DIFF_DISAGREED, "says ok, the adapter R"},
    {"refused and ok", "a", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_OK, "{\"x\":1}",
     DIFF_DISAGREED, "says R, the adapter ok"},
    {"both undecided", "a", OPERATION_UNSUPPORTED, "{\"reason\":\"zk\"}", ADAPTER_UNSUPPORTED,
     "\"zk\"", DIFF_UNDECIDED, ""},
    {"one undecided", "a", OPERATION_UNSUPPORTED, "{\"reason\":\"zk\"}", ADAPTER_OK, "{\"x\":1}",
     DIFF_DISAGREED, "says unsupported, the adapter ok"},
    {"unsupported there", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_UNSUPPORTED, "\"no\"",
     DIFF_UNSUPPORTED, ""},
    {"an error there", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_ERROR, "\"no\"", DIFF_DISAGREED,
     "says ok, the adapter error"},
    {"an error here", "a", OPERATION_ERROR, NULL, ADAPTER_UNSUPPORTED, "\"no\"", DIFF_DISAGREED,
     "says error, the adapter unsupported"},
    {"errors of both", "a", OPERATION_ERROR, NULL, ADAPTER_ERROR, "\"no\"", DIFF_DISAGREED,
     "says error, the adapter error"},
    {"an end", "a", OPERATION_OK, "{\"x\":1}", ADAPTER_CRASHED, NULL, DIFF_DISAGREED,
     "the adapter crashed"},
    {"another spelling", "kaspa.address.decode", OPERATION_REFUSED, "{\"rule\":\"NotCanonical\"}",
     ADAPTER_OK, SPELLING("0"), DIFF_EXPLAINED, "one spelling"},
    {"the same spelling", "kaspa.address.decode", OPERATION_REFUSED, "{\"rule\":\"NotCanonical\"}",
     ADAPTER_OK, SPELLING("1"), DIFF_DISAGREED, "NotCanonical"},
    {"no spelling at all", "kaspa.address.decode", OPERATION_REFUSED, "{\"rule\":\"NotCanonical\"}",
     ADAPTER_OK, "{}", DIFF_DISAGREED, "NotCanonical"},
    {"another spelling that is refused", "kaspa.address.decode", OPERATION_REFUSED,
     "{\"rule\":\"NotCanonical\"}", ADAPTER_REFUSED, "{\"rule\":\"BadPayload\"}", DIFF_DISAGREED,
     "BadPayload"},
    {"that rule of another operation", "a", OPERATION_REFUSED, "{\"rule\":\"NotCanonical\"}",
     ADAPTER_OK, "{\"version\":1}", DIFF_DISAGREED, "NotCanonical"},
};

static json_t *parsed(const char *text)
{
    return text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

Test(diff, answers_agree_or_do_not)
{
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct diff_answer ours = {.answer = pairs[i].answer, .result = parsed(pairs[i].ours)};
        struct adapter_answer theirs = {.status = pairs[i].status,
                                        .value = parsed(pairs[i].theirs)};
        json_t *one = diff_ours_json(&ours), *other = diff_theirs_json(&theirs);
        json_t *in = json_pack("{s:s}", "address", ADDRESS);
        char what[DIFF_WHAT_MAX_BYTES];

        cr_expect_eq(diff_compare(what, pairs[i].operation, in, &ours, &theirs), pairs[i].verdict,
                     "row: %s: %s", pairs[i].name, what);
        cr_expect(pairs[i].what[0] == '\0' ? what[0] == '\0' : strstr(what, pairs[i].what) != NULL,
                  "row: %s: %s", pairs[i].name, what);
        cr_expect_eq(json_object_size(one), 1, "row: %s", pairs[i].name);
        cr_expect_eq(json_object_size(other), 1, "row: %s", pairs[i].name);
        json_decref(in);
        json_decref(one);
        json_decref(other);
        diff_answer_fini(&ours);
        adapter_answer_fini(&theirs);
    }
}

/* ---- whole runs ---- */

static const char *assay_program(void)
{
    const char *named = getenv("ASSAY");

    return named != NULL ? named : "build/debug/assay";
}

struct findings {
    struct diff_result result;
    json_t *found; /* array */
    enum assay_code rc;
    struct assay_err err;
};

static void keep(void *context, const json_t *found)
{
    (void)json_array_append_new(context, json_deep_copy(found));
}

/* Of the reference behind a shell's `script`, in which $0 is the program. */
static void run_behind(struct findings *out, const char *script, const char *operation,
                       uint64_t cases, int deadline_ms)
{
    const char *const argv[] = {"sh", "-c", script, assay_program(), NULL};
    const char *const operations[] = {operation, NULL};
    struct diff_options options = {.argv = argv,
                                   .operations = operations,
                                   .seed = 1,
                                   .cases = cases,
                                   .keep_going = 3,
                                   .deadline_ms = deadline_ms,
                                   .on_found = keep};

    *out = (struct findings){.found = json_array()};
    options.context = out->found;
    out->rc = diff_run(&out->result, &options, &out->err);
}

static const char *text_of(const struct findings *f, size_t i, const char *member)
{
    const char *text = json_string_value(json_object_get(json_array_get(f->found, i), member));

    return text != NULL ? text : "";
}

static json_t *in_of(const struct findings *f, const char *member)
{
    return json_object_get(json_object_get(json_array_get(f->found, 0), "in"), member);
}

static void findings_fini(struct findings *f)
{
    diff_result_fini(&f->result);
    json_decref(f->found);
}

Test(diff, the_reference_agrees_with_itself)
{
    struct findings f;

    run_behind(&f, "exec \"$0\" adapter", NULL, 2000, PATIENCE_MS);
    cr_expect_eq(f.rc, ASSAY_OK, "%s", f.err.text);
    cr_expect_eq(f.result.found, 0, "%s: %s", text_of(&f, 0, "name"), text_of(&f, 0, "what"));
    cr_expect_eq(diff_compared(&f.result), 2000);
    cr_expect_eq(f.result.count, 12);
    cr_expect_str_eq(f.result.adapter, "assay reference");
    for (size_t i = 0; i < f.result.count; i++)
        cr_expect_gt(f.result.counts[i].ok, 0, "%s", f.result.counts[i].operation);
    findings_fini(&f);
}

/* What an adapter does to the answers, and what is found then. */
static const struct {
    const char *name, *script, *operation;
    uint64_t cases;
    int deadline_ms;
    const char *what;
} liars[] = {
    {"another class", "\"$0\" adapter | sed -u 's/\"pubkeyecdsa\"/\"pubkey\"/'",
     "kaspa.script.class", 300, PATIENCE_MS, "the adapter ok: class"},
    {"another rule", "\"$0\" adapter | sed -u 's/EvalFalse/CleanStack/'", "kaspa.script.run", 200,
     PATIENCE_MS, "the reference says EvalFalse, the adapter CleanStack"},
    {"other units", "\"$0\" adapter | sed -u 's/\"usedUnits\":\"1/\"usedUnits\":\"2/'",
     "kaspa.script.run", 200, PATIENCE_MS, "usedUnits"},
    {"granted",
     "\"$0\" adapter | sed -u 's/\"refused\":{\"rule\":\"VerifyError\"/\"ok\":{\"a\":1/'",
     "kaspa.script.run", 300, PATIENCE_MS, "the reference says VerifyError, the adapter ok"},
    {"a wrong hash", "\"$0\" adapter | sed -u 's/\"schnorr\":\"7/\"schnorr\":\"8/'",
     "kaspa.sighash", 200, PATIENCE_MS, "schnorr"},
    {"an end", "\"$0\" adapter 2>/dev/null | { sed -u '/pubkeyecdsa/Q'; kill $$; }",
     "kaspa.script.class", 100, PATIENCE_MS, "the adapter crashed"},
    {"garbage", "\"$0\" adapter | sed -u '/pubkeyecdsa/s/{/(/'", "kaspa.script.class", 100,
     PATIENCE_MS, "the adapter garbled"},
    {"silence", "\"$0\" adapter | sed -u '/\"scripthash\"/d'", "kaspa.script.class", 8, 300,
     "the adapter hung"},
};

Test(diff, a_wrong_adapter_is_found)
{
    for (size_t i = 0; i < ARRAY_LEN(liars); i++) {
        struct findings f;

        run_behind(&f, liars[i].script, liars[i].operation, liars[i].cases, liars[i].deadline_ms);
        cr_expect_eq(f.rc, ASSAY_OK, "%s: %s", liars[i].name, f.err.text);
        cr_expect_geq(f.result.found, 1, "%s", liars[i].name);
        cr_expect_eq(json_array_size(f.found), f.result.found, "%s", liars[i].name);
        cr_expect_not_null(strstr(text_of(&f, 0, "what"), liars[i].what), "%s: %s", liars[i].name,
                           text_of(&f, 0, "what"));
        cr_expect_gt(f.result.counts[0].disagreed, 0, "%s", liars[i].name);
        findings_fini(&f);
    }
}

Test(diff, what_is_found_is_cut_down)
{
    const json_t *transaction, *input;
    struct findings f;

    run_behind(&f, "\"$0\" adapter | sed -u 's/EvalFalse/CleanStack/'", "kaspa.script.run", 100,
               PATIENCE_MS);
    transaction = in_of(&f, "transaction");
    input = json_array_get(json_object_get(transaction, "inputs"), 0);
    cr_expect_eq(json_array_size(json_object_get(transaction, "inputs")), 1);
    cr_expect_eq(json_array_size(in_of(&f, "utxos")), 1);
    cr_expect_eq(json_array_size(json_object_get(transaction, "outputs")), 0);
    cr_expect_eq(json_integer_value(in_of(&f, "input")), 0);
    cr_expect_str_eq(json_string_value(json_object_get(transaction, "lockTime")), "0");
    cr_expect_leq(json_string_length(json_object_get(input, "signatureScript")), 4);
    cr_expect_leq(json_string_length(
                      json_object_get(json_array_get(in_of(&f, "utxos"), 0), "scriptPublicKey")),
                  8);
    findings_fini(&f);
}

/* It ends once it has read its 21st request, so that one is outstanding for certain. */
Test(diff, an_end_that_no_case_repeats_is_found_all_the_same)
{
    char marker[] = "/tmp/assay-diff-XXXXXX", script[512];
    int fd = mkstemp(marker);
    struct findings f;

    cr_assert(fd >= 0 && close(fd) == 0);
    cr_assert_lt(
        snprintf(
            script, sizeof(script),
            "if [ -e %s ]; then rm %s; "
            "{ i=0; while [ $i -lt 20 ] && read -r l; do printf '%%s\\n' \"$l\"; i=$((i+1)); done; "
            "read -r l; kill $$; } 2>/dev/null | \"$0\" adapter 2>/dev/null; fi; "
            "exec \"$0\" adapter",
            marker, marker),
        (int)sizeof(script));
    run_behind(&f, script, "kaspa.script.class", 100, PATIENCE_MS);
    cr_expect_eq(f.rc, ASSAY_OK, "%s", f.err.text);
    cr_expect_eq(f.result.found, 1);
    cr_expect_not_null(strstr(text_of(&f, 0, "what"), "crashed"), "%s", text_of(&f, 0, "what"));
    cr_expect_eq(diff_compared(&f.result), 100);
    cr_expect_eq(f.result.counts[0].disagreed, 1);
    findings_fini(&f);
}

Test(diff, differences_of_one_kind_are_told_once)
{
    struct findings f;

    run_behind(&f, "\"$0\" adapter | sed -u 's/\"nonstandard\"/\"pubkey\"/'", "kaspa.script.class",
               300, PATIENCE_MS);
    cr_expect_eq(f.result.found, 1);
    cr_expect_gt(f.result.counts[0].disagreed, 10);
    cr_expect_eq(diff_compared(&f.result), 300);
    findings_fini(&f);
}

static const struct {
    const char *name, *script, *operation;
    enum assay_code code;
    const char *says;
} starts[] = {
    {"no such operation", "exec \"$0\" adapter", "kaspa.nothing", ASSAY_E_UNKNOWN, "kaspa.nothing"},
    {"one that no cases are made of", "exec \"$0\" adapter", "kaspa.tx", ASSAY_E_UNKNOWN,
     "kaspa.tx"},
    {"one that the adapter has not", "\"$0\" adapter | sed -u 's/kaspa.txid/kaspa.other/'",
     "kaspa.txid", ASSAY_E_UNKNOWN, "kaspa.txid"},
    {"an adapter that ends", "exit 1", "kaspa.txid", ASSAY_E_CRASHED, "hello"},
    {"nothing in common", "\"$0\" adapter | sed -u 's/\"kaspa/\"other/g'", NULL, ASSAY_OK, ""},
};

Test(diff, what_cannot_be_compared_is_said)
{
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        struct findings f;

        run_behind(&f, starts[i].script, starts[i].operation, 10, PATIENCE_MS);
        cr_expect_eq(f.rc, starts[i].code, "%s: %s", starts[i].name, f.err.text);
        cr_expect_not_null(strstr(f.err.text, starts[i].says), "%s: %s", starts[i].name,
                           f.err.text);
        cr_expect_eq(diff_compared(&f.result), 0, "%s", starts[i].name);
        findings_fini(&f);
    }
}

/* ---- the command ---- */

static const char *absolute_program(void)
{
    static char path[4096];

    cr_assert_not_null(realpath(assay_program(), path));
    return path;
}

Test(diff, the_command_writes_what_it_finds_and_how_to_repeat_it)
{
    static const char liar[] = "\"$0\" adapter | sed -u 's/\"pubkeyecdsa\"/\"pubkey\"/'";
    const char *const args[] = {"diff",
                                "--op",
                                "kaspa.script.class",
                                "--cases",
                                "100",
                                "--seed",
                                "2a",
                                "--out",
                                "found/here",
                                "--",
                                "sh",
                                "-c",
                                liar,
                                absolute_program(),
                                NULL};
    struct assay_buf file = ASSAY_BUF_INIT(1 << 20);
    const char *path;
    struct program p;

    program_init(&p);
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 1, "%d", p.status);
    cr_expect(program_says(&p, "\"ours\": { \"ok\": { \"class\": \"pubkeyecdsa\""));
    cr_expect(program_says(&p, "--seed 000000000000002a --case "));
    cr_expect(program_says(&p, "of seed 000000000000002a"));
    path = strstr(assay_buf_cstr(&p.out), "found/here/kaspa.script.class-");
    cr_assert_not_null(path);
    *strchr(path, '\n') = '\0';
    program_read(&p, path, &file);
    cr_expect_gt(file.len, 100);
    assay_buf_fini(&file);
    program_fini(&p);
}

Test(diff, one_case_is_repeated_by_its_number)
{
    const char *const args[] = {"diff",    "--op", "kaspa.script.run", "--case",  "17",
                                "--stats", "--",   absolute_program(), "adapter", NULL};
    struct program p;

    program_init(&p);
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 0, "%d", p.status);
    cr_expect(program_says(&p, "1 cases compared with assay reference"));
    cr_expect(program_says(&p, "from case 17 of seed 0000000000000001"));
    program_fini(&p);
}

static const struct {
    const char *name;
    const char *args[8];
    int status;
} commands[] = {
    {"no adapter", {"diff"}, 3},
    {"an adapter that is not there", {"diff", "--", "./nothing"}, 3},
    {"a seed that is none", {"diff", "--seed", "xyz", "--", "true"}, 3},
    {"a seed that is too long", {"diff", "--seed", "00000000000000001", "--", "true"}, 3},
    {"no cases", {"diff", "--cases", "0", "--", "true"}, 3},
    {"an unknown option", {"diff", "--else", "--", "true"}, 3},
    {"an adapter without hello", {"diff", "--", "true"}, 3},
};

Test(diff, wrong_commands_are_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct program p;

        program_init(&p);
        program_run(&p, commands[i].args, NULL);
        cr_expect_eq(p.status, commands[i].status, "%s: %d", commands[i].name, p.status);
        cr_expect_gt(p.err.len, 0, "%s", commands[i].name);
        program_fini(&p);
    }
}

Test(diff, a_run_that_compares_nothing_proves_nothing)
{
    const char *const args[] = {"diff",
                                "--cases",
                                "5",
                                "--",
                                "sh",
                                "-c",
                                "\"$0\" adapter | sed -u 's/\"kaspa/\"other/g'",
                                absolute_program(),
                                NULL};
    struct program p;

    program_init(&p);
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 2, "%d", p.status);
    program_fini(&p);
}

Test(diff, a_folder_that_cannot_be_made_is_said)
{
    const char *const args[] = {"diff",
                                "--op",
                                "kaspa.script.class",
                                "--cases",
                                "100",
                                "--out",
                                "/dev/null/x",
                                "--",
                                "sh",
                                "-c",
                                "\"$0\" adapter | sed -u 's/\"pubkey\"/\"x\"/'",
                                absolute_program(),
                                NULL};
    struct program p;

    program_init(&p);
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 3, "%d", p.status);
    cr_expect(program_says(&p, "/dev/null/x"));
    program_fini(&p);
}
