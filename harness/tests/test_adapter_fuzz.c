/* Fuzzing of adapters: what changes an input, what memory that grows looks like, what two answers
 * come to, and what is found when an adapter lies, ends, hangs, garbles or changes its mind. The
 * adapters are the reference itself behind a shell. */
#include "fault/tree.h"
#include "fuzz/adapter_fuzz.h"
#include "fuzz/adapter_inputs.h"
#include "fuzz/adapter_mutate.h"
#include "fuzz/diff_reduce.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_MS = 60000 };

/* ---- memory ---- */

static const struct {
    const char *name;
    uint64_t from, each, samples, sawtooth, bound;
    bool is_found;
} memories[] = {
    {"level", 100, 0, 4000, 0, 1, false},
    {"up by one a sample", 100, 1, 4000, 0, 10, true},
    {"up by less than the bound", 100, 1, 64, 0, 1000, false},
    {"up and down again", 100, 0, 4000, 50, 10, false},
    {"up and down, and up in all", 1000, 1, 4000, 5, 100, true},
    {"too few samples", 100, 100, GROWTH_SAMPLES_LEAST - 1, 0, 1, false},
    {"just enough", 100, 100, GROWTH_SAMPLES_LEAST, 0, 1, true},
};

Test(adapter_fuzz, memory_grows_or_does_not)
{
    for (size_t i = 0; i < ARRAY_LEN(memories); i++) {
        struct growth_slope slope;
        struct growth g;

        growth_begin(&g);
        for (uint64_t k = 0; k < memories[i].samples * GROWTH_FIRST_EVERY; k++)
            if (growth_is_due(&g, 1))
                growth_add(&g, memories[i].from + memories[i].each * (k / GROWTH_FIRST_EVERY) +
                                   (memories[i].sawtooth > 0 ? k % memories[i].sawtooth : 0));
        cr_expect_eq(growth_found(&slope, &g, memories[i].bound), memories[i].is_found, "%s",
                     memories[i].name);
        cr_expect_eq(slope.answers > 0, memories[i].samples >= GROWTH_SAMPLES_LEAST, "%s",
                     memories[i].name);
        cr_expect_leq(g.count, GROWTH_SAMPLES);
        cr_expect_eq(g.answers, memories[i].samples * GROWTH_FIRST_EVERY);
    }
}

Test(adapter_fuzz, the_slope_of_a_line_is_that_of_the_line)
{
    struct growth_slope slope;
    struct growth g;

    growth_begin(&g);
    for (uint64_t k = 1; k <= 100000; k++)
        if (growth_is_due(&g, 1))
            growth_add(&g, 7 * k);
    cr_assert(growth_found(&slope, &g, 1000));
    cr_expect_eq((slope.to - slope.from) / slope.answers, 7);
}

/* A server is asked several things at a time. */
Test(adapter_fuzz, memory_is_looked_at_whenever_enough_was_answered)
{
    struct growth_slope slope;
    struct growth g;
    size_t looks = 0;

    growth_begin(&g);
    while (g.answers < (uint64_t)GROWTH_FIRST_EVERY * 5 * GROWTH_SAMPLES) {
        if (!growth_is_due(&g, 5))
            continue;
        looks++;
        growth_add(&g, 10000 * g.answers);
    }
    cr_expect_geq(looks, GROWTH_SAMPLES);
    cr_expect_leq(g.count, GROWTH_SAMPLES);
    cr_assert(growth_found(&slope, &g, 0));
    cr_expect_leq((slope.to - slope.from) / slope.answers, 10500);
    cr_expect_geq((slope.to - slope.from) / slope.answers, 9500);
}

/* ---- changes ---- */

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

    cr_assert_not_null(value, "%s", text);
    return value;
}

static bool has_whole_real(const json_t *value)
{
    const json_t *child;
    const char *name;
    size_t i;

    if (json_is_real(value))
        return trunc(json_real_value(value)) == json_real_value(value);
    json_object_foreach ((json_t *)(uintptr_t)value, name, child)
        if (has_whole_real(child))
            return true;
    json_array_foreach (value, i, child)
        if (has_whole_real(child))
            return true;
    return false;
}

/* A line that every reader takes for the same: that is what jansson reads without losing anything,
 * and has no number with a fraction of zero. */
static void expect_one_reading(const json_t *in)
{
    char *text = json_dumps(in, JSON_COMPACT);
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    cr_expect(json_equal(in, again), "%s", text);
    cr_expect_not(has_whole_real(in), "%s", text);
    json_decref(again);
    free(text);
}

Test(adapter_fuzz, a_change_leaves_an_object_that_is_another_and_does_not_touch_what_was)
{
    json_t *in = parsed("{\"amount\": \"100\", \"n\": 7, \"list\": [{\"a\": 1}, {\"b\": [2]}], "
                        "\"text\": \"{\\\"x\\\": [1, 2]}\", \"header\": \"eyJ4IjogMX0=\"}"),
           *other = parsed("{\"amount\": \"7\", \"n\": 1, \"list\": [], \"text\": \"[]\"}"),
           *before = json_deep_copy(in);
    bool has[6] = {false};
    size_t made = 0;

    for (unsigned i = 0; i < 3000; i++) {
        struct fuzz_dice dice, same;
        json_t *one, *two;

        fuzz_dice_init(&dice, i);
        same = dice;
        one = adapter_mutate(in, other, &dice);
        two = adapter_mutate(in, other, &same);
        cr_expect((one == NULL && two == NULL) || json_equal(one, two), "%u", i);
        cr_expect(json_equal(in, before), "%u", i);
        if (one != NULL) {
            made++;
            cr_expect(json_is_object(one) && !json_equal(one, in), "%u", i);
            expect_one_reading(one);
            has[0] |= json_array_size(json_object_get(one, "list")) > 100;
            has[1] |= json_object_get(one, "n") == NULL;
            has[2] |= json_is_string(json_object_get(one, "list"));
            has[3] |= json_equal(json_object_get(one, "amount"), json_object_get(other, "amount"));
            has[4] |= json_is_string(json_object_get(one, "text")) &&
                      strstr(json_string_value(json_object_get(one, "text")), "\"x\"") == NULL;
            has[5] |= !json_equal(json_object_get(one, "header"), json_object_get(in, "header"));
        }
        json_decref(one);
        json_decref(two);
    }
    cr_expect_gt(made, 1500, "%zu", made);
    for (size_t i = 0; i < ARRAY_LEN(has); i++)
        cr_expect(has[i], "change %zu", i);
    json_decref(in);
    json_decref(other);
    json_decref(before);
}

Test(adapter_fuzz, what_names_the_request_is_never_made)
{
    json_t *in = parsed("{\"a\": \"id\", \"b\": \"op\"}");

    for (unsigned i = 0; i < 2000; i++) {
        struct fuzz_dice dice;
        json_t *one;

        fuzz_dice_init(&dice, i);
        one = adapter_mutate(in, NULL, &dice);
        cr_expect_null(json_object_get(one, "id"));
        cr_expect_null(json_object_get(one, "op"));
        json_decref(one);
    }
    json_decref(in);
}

/* ---- two answers ---- */

static const struct {
    const char *name;
    enum operation_answer answer;
    const char *ours;
    enum adapter_status status;
    const char *theirs, *again; /* NULL: asked once */
    const char *known;          /* a rule, or NULL */
    bool strict;
    enum adapter_fault fault;
    enum diff_verdict verdict;
    const char *rule, *said, *member;
} judgements[] = {
    {"both accept", OPERATION_OK, "{\"x\":1}", ADAPTER_OK, "{\"x\":1}", NULL, NULL, false,
     ADAPTER_FINE, DIFF_OK, "ok", "ok", ""},
    {"and have more members each", OPERATION_OK, "{\"x\":1,\"y\":1}", ADAPTER_OK,
     "{\"x\":1,\"z\":1}", NULL, NULL, false, ADAPTER_FINE, DIFF_OK, "ok", "ok", ""},
    {"but strictly not", OPERATION_OK, "{\"x\":1}", ADAPTER_OK, "{\"x\":1,\"z\":1}", NULL, NULL,
     true, ADAPTER_FAULT_DIFFERENCE, DIFF_DISAGREED, "ok", "ok", "z"},
    {"another result", OPERATION_OK, "{\"x\":1}", ADAPTER_OK, "{\"x\":2}", NULL, NULL, false,
     ADAPTER_FAULT_DIFFERENCE, DIFF_DISAGREED, "ok", "ok", "x"},
    {"no result", OPERATION_OK, "{\"x\":1}", ADAPTER_OK, "{}", NULL, NULL, false,
     ADAPTER_FAULT_DIFFERENCE, DIFF_DISAGREED, "ok", "ok", "no member in common"},
    {"both refuse, by other rules", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_REFUSED,
     "{\"rule\":\"S\"}", NULL, NULL, false, ADAPTER_FINE, DIFF_REFUSED, "R", "refused: S", ""},
    {"which strictly differs", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_REFUSED,
     "{\"rule\":\"S\"}", NULL, NULL, true, ADAPTER_FAULT_DIFFERENCE, DIFF_DISAGREED, "R",
     "refused: S", ""},
    {"refused, and an error", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_ERROR, "\"bad\"", NULL,
     NULL, false, ADAPTER_FINE, DIFF_REFUSED, "R", "error: ", ""},
    {"refused and accepted", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_OK, "{\"x\":1}", NULL,
     NULL, false, ADAPTER_FAULT_DIFFERENCE, DIFF_DISAGREED, "R", "ok", ""},
    {"which is known", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_OK, "{\"x\":1}", NULL, "R",
     false, ADAPTER_FINE, DIFF_EXPLAINED, "R", "ok", ""},
    {"another is not", OPERATION_REFUSED, "{\"rule\":\"R\"}", ADAPTER_OK, "{\"x\":1}", NULL, "S",
     false, ADAPTER_FAULT_DIFFERENCE, DIFF_DISAGREED, "R", "ok", ""},
    {"accepted and refused", OPERATION_OK, "{\"x\":1}", ADAPTER_REFUSED, "{\"rule\":\"at 17 h\"}",
     NULL, NULL, false, ADAPTER_FAULT_DIFFERENCE, DIFF_DISAGREED, "ok", "refused: at # h", ""},
    {"no input, and accepted", OPERATION_ERROR, NULL, ADAPTER_OK, "{\"x\":1}", NULL, NULL, false,
     ADAPTER_FAULT_DIFFERENCE, DIFF_DISAGREED, "error-TYPE", "ok", ""},
    {"both cannot tell", OPERATION_UNSUPPORTED, "{}", ADAPTER_UNSUPPORTED, "\"no\"", NULL, NULL,
     false, ADAPTER_FINE, DIFF_UNDECIDED, "unsupported", "unsupported", ""},
    {"one cannot tell", OPERATION_OK, "{\"x\":1}", ADAPTER_UNSUPPORTED, "\"no\"", NULL, NULL, false,
     ADAPTER_FINE, DIFF_UNSUPPORTED, "ok", "unsupported", ""},
    {"the same twice", OPERATION_OK, "{\"x\":1}", ADAPTER_OK, "{\"x\":1}", "{\"x\":1}", NULL, false,
     ADAPTER_FINE, DIFF_OK, "ok", "ok", ""},
    {"another answer", OPERATION_OK, "{\"x\":1}", ADAPTER_OK, "{\"x\":1}", "{\"x\":2}", NULL, false,
     ADAPTER_FAULT_NONDETERMINISM, DIFF_DISAGREED, "ok", "ok", ""},
    {"it ends", OPERATION_OK, "{\"x\":1}", ADAPTER_CRASHED, NULL, NULL, NULL, false,
     ADAPTER_FAULT_CRASH, DIFF_DISAGREED, "ok", "", ""},
    {"it hangs", OPERATION_OK, "{\"x\":1}", ADAPTER_HUNG, NULL, NULL, NULL, false,
     ADAPTER_FAULT_HANG, DIFF_DISAGREED, "ok", "hung", ""},
    {"it garbles", OPERATION_OK, "{\"x\":1}", ADAPTER_GARBLED, NULL, NULL, NULL, false,
     ADAPTER_FAULT_PROTOCOL, DIFF_DISAGREED, "ok", "garbled", ""},
    {"it says too much", OPERATION_OK, "{\"x\":1}", ADAPTER_OVERSIZED, NULL, NULL, NULL, false,
     ADAPTER_FAULT_PROTOCOL, DIFF_DISAGREED, "ok", "oversized", ""},
};

Test(adapter_fuzz, two_answers_come_to_a_fault_or_to_none)
{
    for (size_t i = 0; i < ARRAY_LEN(judgements); i++) {
        const char *const known[] = {judgements[i].known, NULL};
        struct adapter_rules rules = {.known = known, .strict = judgements[i].strict};
        struct adapter_exchange x = {.operation = operation_at(0)};
        json_t *in = json_object();
        struct adapter_judgement j;

        x.ours.answer = judgements[i].answer;
        x.ours.err.code = ASSAY_E_TYPE;
        x.ours.result = judgements[i].ours != NULL ? parsed(judgements[i].ours) : NULL;
        x.theirs.status = judgements[i].status;
        x.theirs.value = judgements[i].theirs != NULL ? parsed(judgements[i].theirs) : NULL;
        x.was_repeated = judgements[i].again != NULL;
        x.again.value = x.was_repeated ? parsed(judgements[i].again) : NULL;
        adapter_judge(&j, &x, in, &rules);
        cr_expect_eq(j.fault, judgements[i].fault, "%s: %d", judgements[i].name, (int)j.fault);
        cr_expect_eq(j.verdict, judgements[i].verdict, "%s: %d", judgements[i].name,
                     (int)j.verdict);
        cr_expect_str_eq(j.rule, judgements[i].rule, "%s", judgements[i].name);
        cr_expect_str_eq(j.said, judgements[i].said, "%s", judgements[i].name);
        cr_expect_str_eq(j.member, judgements[i].member, "%s", judgements[i].name);
        cr_expect(adapter_judgement_same(&j, &j));
        adapter_exchange_fini(&x);
        json_decref(in);
    }
}

Test(adapter_fuzz, a_class_is_of_the_shape_of_a_result_and_not_of_its_values)
{
    static const char *const results[] = {"{\"a\":\"x\",\"b\":[1,2,3]}",
                                          "{\"b\":[9,9],\"a\":\"y\"}", "{\"a\":\"\",\"b\":[1,2]}",
                                          "{\"a\":\"x\",\"b\":[]}"};
    struct assay_buf texts[ARRAY_LEN(results)];

    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        struct adapter_exchange x = {.operation = operation_at(0)};
        struct adapter_judgement j = {.rule = "ok", .said = "ok"};

        texts[i] = (struct assay_buf)ASSAY_BUF_INIT(4096);
        x.theirs.value = parsed(results[i]);
        adapter_class_add(&texts[i], &x, &j);
        adapter_exchange_fini(&x);
    }
    cr_expect_str_eq(assay_buf_cstr(&texts[0]), assay_buf_cstr(&texts[1]));
    cr_expect_str_neq(assay_buf_cstr(&texts[0]), assay_buf_cstr(&texts[2]));
    cr_expect_str_neq(assay_buf_cstr(&texts[0]), assay_buf_cstr(&texts[3]));
    for (size_t i = 0; i < ARRAY_LEN(results); i++)
        assay_buf_fini(&texts[i]);
}

/* ---- cutting down ---- */

static bool has_deep_five(void *context, const json_t *in)
{
    const json_t *deep = json_object_get(json_object_get(in, "keep"), "text");

    (void)context;
    return json_is_string(deep) && strchr(json_string_value(deep), '5') != NULL;
}

Test(adapter_fuzz, members_of_any_name_are_cut_where_the_caller_says_so)
{
    json_t *expected = parsed("{\"keep\": {\"text\": \"5\"}}");
    struct diff_reduction r = {.shows = has_deep_five,
                               .any_member = true,
                               .in = parsed("{\"drop\": [1, 2], \"keep\": {\"text\": "
                                            "\"01234\\u00e95678\", \"more\": {}}, \"last\": true}"),
                               .steps = 1000,
                               .until_ns = INT64_MAX};

    diff_reduce(&r);
    cr_expect(json_equal(r.in, expected));
    json_decref(r.in);
    json_decref(expected);
}

/* ---- inputs ---- */

static struct adapter_inputs *inputs_of(const char *folder)
{
    static const struct operation *operations[2];
    struct adapter_inputs *inputs = NULL;
    struct assay_err err = {0};

    operations[0] = operation_find("kaspa.script.class");
    operations[1] = operation_find("paid.proof.mac");
    cr_assert_eq(adapter_inputs_open(&inputs, operations, 2, folder, &err), ASSAY_OK, "%s",
                 err.text);
    return inputs;
}

Test(adapter_fuzz, inputs_are_a_function_of_seed_and_number_and_of_what_was_kept)
{
    char folder[] = "/tmp/assay-inputs-XXXXXX", command[64];
    struct adapter_inputs *one, *other;
    json_t *in = json_pack("{s:s}", "scriptPublicKey", "0000ac");
    size_t before, differ = 0;
    struct assay_err err = {0};

    cr_assert_not_null(mkdtemp(folder));
    one = inputs_of(folder);
    other = inputs_of(folder);
    before = adapter_inputs_count(one, 0);
    cr_expect_gt(before, 3);
    cr_expect(adapter_inputs_any(one, 0));
    cr_expect_not(adapter_inputs_any(one, 1), "no known answers of it");
    for (uint64_t i = 0; i < 300; i++) {
        json_t *a = adapter_inputs_make(one, 0, 7, i), *b = adapter_inputs_make(other, 0, 7, i);
        json_t *c = adapter_inputs_make(one, 0, 8, i);

        cr_expect(json_equal(a, b), "%d", (int)i);
        differ += !json_equal(a, c);
        json_decref(a);
        json_decref(b);
        json_decref(c);
    }
    cr_expect_gt(differ, 200);
    cr_expect_eq(adapter_inputs_keep(one, 0, in, true, &err), ASSAY_OK, "%s", err.text);
    adapter_inputs_free(other);
    other = inputs_of(folder);
    cr_expect_eq(adapter_inputs_count(one, 0), before + 1);
    cr_expect_eq(adapter_inputs_count(other, 0), before + 1);
    adapter_inputs_free(one);
    adapter_inputs_free(other);
    adapter_inputs_free(NULL);
    json_decref(in);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    cr_expect_eq(system(command), 0);
}

/* ---- a whole run ---- */

static const char *assay_program(void)
{
    const char *named = getenv("ASSAY");

    return named != NULL ? named : "build/debug/assay";
}

static void keep(void *context, const json_t *found)
{
    (void)json_array_append_new(context, json_deep_copy(found));
}

/* A liar is found at the same input each time, cut down to the same, and found again. */
Test(adapter_fuzz, the_same_seed_finds_the_same_and_the_finding_repeats)
{
    static const char script[] =
        "\"$0\" adapter | sed -u "
        "'s/\"ok\":{\"class\":\"nonstandard\"/\"refused\":{\"rule\":\"No\"/'";
    const char *const argv[] = {"sh", "-c", script, assay_program(), NULL};
    const char *const named[] = {"kaspa.script.class", NULL};
    json_t *operations = json_pack("[s]", "kaspa.script.class"), *found[2], *again = NULL;
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct adapter_fuzz_result result;
    struct assay_err err = {0};

    for (size_t i = 0; i < ARRAY_LEN(found); i++) {
        struct adapter_fuzz_options options = {.asking = {.timeout_ms = PATIENCE_MS},
                                               .operations = operations,
                                               .named = named,
                                               .seed = 3,
                                               .runs = 200,
                                               .findings_max = 1,
                                               .growth_bytes = UINT64_MAX,
                                               .resident_bytes = UINT64_MAX,
                                               .on_found = keep,
                                               .context = found[i] = json_array()};

        cr_assert_eq(adapter_start(&options.asking.adapter, &arena, argv, NULL, &err), ASSAY_OK,
                     "%s", err.text);
        cr_expect_eq(adapter_fuzz_run(&result, &options, &err), ASSAY_OK, "%s", err.text);
        cr_expect_eq(result.findings, 1);
        cr_expect_gt(adapter_fuzz_compared(&result), 0);
        cr_assert_eq(json_array_size(found[i]), 1);
        cr_expect_eq(
            adapter_finding_replay(&again, &options.asking, json_array_get(found[i], 0), &err),
            ASSAY_OK, "%s", err.text);
        cr_expect(json_equal(json_object_get(again, "in"),
                             json_object_get(json_array_get(found[i], 0), "in")));
        cr_expect_str_eq(json_string_value(json_object_get(again, "kind")), "difference");
        json_decref(again);
        adapter_free(options.asking.adapter);
    }
    cr_expect(json_equal(found[0], found[1]));
    cr_expect_leq(json_string_length(json_object_get(
                      json_object_get(json_array_get(found[0], 0), "in"), "scriptPublicKey")),
                  4);
    json_decref(found[0]);
    json_decref(found[1]);
    json_decref(operations);
    assay_arena_fini(&arena);
}
