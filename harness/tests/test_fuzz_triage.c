/* Triage with a script as the target: what fails is sorted, cut down and written as seeds, whatever
 * it says. */
#include "fuzz/triage.h"
#include "fuzz_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static struct program p;

/* Inputs as a run that was killed left them. */
static const struct {
    const char *name, *content;
} inputs[] = {
    {"crash-claim-1", "claim a == b\nlong\n"},
    {"crash-claim-2", "claim a == b\nlonger\n"},
    {"crash-claim-3", "claim c == d\n"},
    {"crash-overflow", "overflow parse_string\nx\n"},
    {"crash-ub", "undefined parse_number\n"},
    {"leak-1", "leak read_all\n"},
    {"timeout-1", "slow\n"},
    {"oom-1", "large grow\n"},
    {"crash-once", "once flaky\n"},
    {"crash-never", "fine\n"},
    {"crash-hostile", "claim \033[31m<script>\n"},
};

static void make(void)
{
    char path[96];

    program_init(&p);
    fuzz_world_engine(&p, "flat");
    fuzz_world_put(&p, "out/flat/corpus/1", "x");
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        (void)snprintf(path, sizeof(path), "out/flat/work/0/%s", inputs[i].name);
        fuzz_world_put(&p, path, inputs[i].content);
    }
}

static void drop(void)
{
    program_fini(&p);
}

TestSuite(fuzz_triage, .init = make, .fini = drop, .timeout = 300);

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static json_t *given_triage(void)
{
    struct assay_err err = {0};
    struct campaign c;
    json_t *result = NULL;

    fuzz_world_campaign(&p, &c);
    cr_assert_eq(triage_read(&result, &c, &err), ASSAY_OK, "%s", err.text);
    campaign_close(&c);
    return result;
}

/* How many findings have these; a NULL is not asked for. */
static size_t count_of(const json_t *result, const char *kind, const char *key, const char *repeats)
{
    const json_t *f;
    size_t i, count = 0;

    json_array_foreach (json_object_get(result, "findings"), i, f) {
        count +=
            (kind == NULL || strcmp(json_string_value(json_object_get(f, "kind")), kind) == 0) &&
            (key == NULL || strcmp(json_string_value(json_object_get(f, "key")), key) == 0) &&
            (repeats == NULL || strcmp(triage_repeats(f), repeats) == 0);
    }
    return count;
}

Test(fuzz_triage, every_finding_is_repeated_and_told_for_what_it_is)
{
    json_t *result;

    fuzz_world_run(&p, WORDS("triage", "--engines", "engines"));
    cr_expect_eq(p.status, 1, "%s", assay_buf_cstr(&p.err));
    result = given_triage();
    cr_expect_eq(count_of(result, NULL, NULL, NULL), ARRAY_LEN(inputs));
    cr_expect_eq(count_of(result, "oracle", "x.c: a == b", "always"), 2);
    cr_expect_eq(count_of(result, "oracle", "x.c: c == d", "always"), 1);
    cr_expect_eq(count_of(result, "crash", "parse_string < LLVMFuzzerTestOneInput", "always"), 1);
    cr_expect_eq(count_of(result, "undefined", "parse_number < LLVMFuzzerTestOneInput", "always"),
                 1);
    cr_expect_eq(count_of(result, "leak", "read_all < LLVMFuzzerTestOneInput", "always"), 1);
    cr_expect_eq(count_of(result, "timeout", "spin < LLVMFuzzerTestOneInput", "always"), 1);
    cr_expect_eq(count_of(result, "memory", "grow < LLVMFuzzerTestOneInput", "always"), 1);
    cr_expect_eq(count_of(result, "crash", "flaky < LLVMFuzzerTestOneInput", "sometimes"), 1);
    cr_expect_eq(count_of(result, "none", "", "never"), 1);
    cr_expect(program_says(&p, "11 findings of 10 sorts, of which 9 fail now"), "%s",
              assay_buf_cstr(&p.out));
    json_decref(result);
}

Test(fuzz_triage, the_smallest_stands_for_its_sort_and_is_cut_down)
{
    const json_t *f;
    json_t *result;
    size_t i, same = 0, cut = 0;

    fuzz_world_run(&p, WORDS("triage", "--engines", "engines"));
    result = given_triage();
    json_array_foreach (json_object_get(result, "findings"), i, f) {
        if (strcmp(json_string_value(json_object_get(f, "key")), "x.c: a == b") != 0)
            continue;
        same += !triage_is_first(f);
        cut += json_integer_value(json_object_get(f, "minimalBytes")) ==
               (json_int_t)strlen("claim a == b\n");
        cr_expect_eq(triage_is_first(f), json_integer_value(json_object_get(f, "bytes")) ==
                                             strlen("claim a == b\nlong\n"));
    }
    cr_expect_eq(same, 1);
    cr_expect_eq(cut, 1);
    json_decref(result);
}

Test(fuzz_triage, one_of_each_sort_becomes_a_seed_when_that_is_asked)
{
    struct assay_buf seed = ASSAY_BUF_INIT(1 << 16);
    const json_t *f;
    json_t *result;
    size_t i, seeds = 0;

    fuzz_world_run(&p, WORDS("triage", "--engines", "engines", "--write", "--sources", "fuzz"));
    result = given_triage();
    json_array_foreach (json_object_get(result, "findings"), i, f) {
        const char *name = json_string_value(json_object_get(f, "seed"));

        if (name == NULL)
            continue;
        seeds++;
        cr_expect(triage_is_first(f));
        cr_expect_eq(strncmp(name, "fuzz/seeds/flat/", 16), 0, "%s", name);
        program_read(&p, name, &seed);
        cr_expect_gt(seed.len, 0, "%s", name);
        if (strcmp(json_string_value(json_object_get(f, "key")), "x.c: a == b") == 0)
            cr_expect_str_eq(assay_buf_cstr(&seed), "claim a == b\n", "the one that was cut");
    }
    cr_expect_eq(seeds, 9, "of ten sorts, those that fail");
    assay_buf_fini(&seed);
    json_decref(result);
}

Test(fuzz_triage, hostile_words_of_a_target_do_not_reach_the_terminal)
{
    fuzz_world_run(&p, WORDS("triage", "--engines", "engines", "--tries", "1"));
    cr_expect_null(memchr(p.out.at, '\033', p.out.len));
    cr_expect(program_says(&p, "\\x1B[31m<script>"));
}

Test(fuzz_triage, a_campaign_without_findings_is_quiet)
{
    fuzz_world_engine(&p, "growing");
    fuzz_world_put(&p, "out/growing/corpus/1", "x");
    fuzz_world_run(&p, WORDS("triage", "--engines", "engines", "growing"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    cr_expect(program_says(&p, "0 findings of 0 sorts"));
    fuzz_world_run(&p, WORDS("triage", "--engines", "nowhere", "flat"));
    cr_expect_eq(p.status, 3);
    cr_expect(program_says(&p, "there is no program fuzz-flat to repeat them with"));
    fuzz_world_run(&p, WORDS("triage", "--engines", "engines", "other"));
    cr_expect_eq(p.status, 3);
    cr_expect(program_says(&p, "has no target \"other\""));
}

Test(fuzz_triage, as_json_it_is_the_file)
{
    json_t *printed, *result;

    fuzz_world_run(&p, WORDS("triage", "--engines", "engines", "--json", "--tries", "1"));
    printed = json_loadb((const char *)p.out.at, p.out.len, 0, NULL);
    result = given_triage();
    cr_expect(json_equal(printed, result));
    json_decref(printed);
    json_decref(result);
}
