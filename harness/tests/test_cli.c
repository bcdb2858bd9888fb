/* The command line as a whole: help, lists, the adapter, and runs that repeat. */
#include "program.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>

static const char *text(struct assay_buf *buf)
{
    const char *at = assay_buf_cstr(buf);

    return at != NULL ? at : "(too much)";
}

/* ---- help ---- */

static const char *const verbs[] = {
    "run",    "list",   "explain", "verify",  "adapter", "serve", "pay",    "selftest",   "replay",
    "report", "bundle", "kaspa",   "vectors", "diff",    "fuzz",  "doctor", "completion", "man"};

Test(cli, every_verb_explains_itself_on_stdout)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        const char *const args[] = {verbs[i], "--help", NULL};
        char usage[64];
        struct program p;

        program_init(&p);
        program_run(&p, args, NULL);
        cr_assert_lt(snprintf(usage, sizeof usage, "usage: assay %s", verbs[i]), (int)sizeof usage);
        cr_expect_eq(p.status, 0, "%s --help: exit %d", verbs[i], p.status);
        cr_expect(program_says(&p, usage), "%s: %s", verbs[i], text(&p.out));
        cr_expect_eq(p.err.len, 0, "%s --help on stderr: %s", verbs[i], text(&p.err));
        program_fini(&p);
    }
}

Test(cli, the_program_lists_its_verbs_and_says_its_version)
{
    const char *const ways[] = {"--help", "-h", "help"};
    const char *const version[] = {"--version", NULL};
    struct program p;

    program_init(&p);
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        const char *const args[] = {ways[i], NULL};

        program_run(&p, args, NULL);
        cr_expect_eq(p.status, 0, "%s", ways[i]);
        cr_expect_eq(p.err.len, 0, "%s", ways[i]);
        for (size_t k = 0; k < ARRAY_LEN(verbs); k++)
            cr_expect(program_says(&p, verbs[k]), "%s: %s is missing", ways[i], verbs[k]);
    }
    program_run(&p, version, NULL);
    cr_expect_eq(p.status, 0);
    cr_expect(program_says(&p, "assay "));
    program_fini(&p);
}

/* ---- lists ---- */

Test(cli, every_list_has_lines_and_every_name_in_it_can_be_explained)
{
    static const char *const lists[] = {"threats", "rules", "defects", "ideas", "scenarios"};
    struct program list, explain;

    program_init(&list);
    program_init(&explain);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const char *const args[] = {"list", lists[i], NULL};
        size_t lines = 0;

        program_run(&list, args, NULL);
        cr_assert_eq(list.status, 0, "list %s: %s", lists[i], text(&list.err));
        for (size_t at = 0, end; at < list.out.len; at = end + 1, lines++) {
            struct assay_bytes all = assay_buf_view(&list.out);
            struct assay_bytes line =
                assay_bytes_part(all, at, end = assay_bytes_find(all, '\n', at));
            char name[128];
            const char *const question[] = {"explain", name, NULL};

            if (lines % 7 != 0) /* a sample: each is a process */
                continue;
            cr_assert_lt(snprintf(name, sizeof name, "%.*s", (int)assay_bytes_find(line, '\t', 0),
                                  (const char *)line.at),
                         (int)sizeof name);
            program_run(&explain, question, NULL);
            cr_expect_eq(explain.status, 0, "explain %s: %s", name, text(&explain.err));
            cr_expect(program_says(&explain, name), "explain %s", name);
        }
        cr_expect_gt(lines, 7, "list %s", lists[i]);
    }
    program_fini(&list);
    program_fini(&explain);
}

Test(cli, docs_coverage_is_what_the_program_says_and_nothing_is_missing)
{
    const char *const args[] = {"list", "coverage", NULL};
    struct assay_buf written = ASSAY_BUF_INIT(1 << 24);
    struct program p;

    program_init(&p);
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 0,
                 "an idea has neither scenario nor reason, or a rule no requirement "
                 "or no defect: exit %d",
                 p.status);
    cr_expect_not(program_says(&p, "**missing**"));
    cr_assert_eq(assay_file_read(&written, "docs/coverage.md", NULL), ASSAY_OK,
                 "docs/coverage.md: `assay list coverage > docs/coverage.md` writes it");
    cr_expect(assay_bytes_equal(assay_buf_view(&written), assay_buf_view(&p.out)),
              "docs/coverage.md is old: `assay list coverage > docs/coverage.md` renews it");
    assay_buf_fini(&written);
    program_fini(&p);
}

/* ---- runs that repeat ---- */

static void projection_of(struct assay_buf *out, const char *seed)
{
    const char *const run[] = {"run",          "--out",
                               "out",          "--seed",
                               seed,           "--no-self-check",
                               "--defect",     "nonce.unrecorded",
                               "proof-replay", NULL};
    const char *const report[] = {"report", "out", "--projection", "-", NULL};
    struct program p;

    program_init(&p);
    program_run(&p, run, NULL);
    cr_assert_eq(p.status, 1, "%s", text(&p.err));
    program_run(&p, report, NULL);
    cr_assert_eq(p.status, 0, "%s", text(&p.err));
    assay_buf_add(out, assay_buf_view(&p.out));
    program_fini(&p);
}

Test(cli, the_same_seed_gives_the_same_projection)
{
    struct assay_buf first = ASSAY_BUF_INIT(1 << 24), second = ASSAY_BUF_INIT(1 << 24);

    projection_of(&first, "00000000000000aa");
    projection_of(&second, "00000000000000aa");
    cr_expect_gt(first.len, 1000);
    cr_expect(assay_bytes_equal(assay_buf_view(&first), assay_buf_view(&second)), "%s\n%s",
              text(&first), text(&second));
    assay_buf_fini(&first);
    assay_buf_fini(&second);
}

Test(cli, a_repeated_run_ends_and_counts_each_round)
{
    const char *const args[] = {"run",
                                "--out",
                                "out",
                                "--repeat",
                                "3",
                                "--no-self-check",
                                "paid-tools/honest",
                                "paid-tools/spent_proof_buys_nothing",
                                NULL};
    struct program p;

    program_init(&p);
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 0, "%s", text(&p.err));
    cr_expect(program_says(&p, " 0 fail"));
    program_fini(&p);
}

Test(cli, a_failure_is_replayed_alone_and_fails_again)
{
    const char *const run[] = {"run",
                               "--out",
                               "out",
                               "--defect",
                               "nonce.unrecorded",
                               "--no-self-check",
                               "paid-tools/spent_proof_buys_nothing",
                               NULL};
    const char *const replay[] = {"replay", "out",   "paid-tools/spent_proof_buys_nothing",
                                  "--out",  "again", NULL};
    struct assay_buf record = ASSAY_BUF_INIT(1 << 24);
    struct program p;
    json_t *again;

    program_init(&p);
    program_run(&p, run, NULL);
    cr_expect_eq(p.status, 1, "%s", text(&p.err));
    cr_expect(program_says(&p, "assay replay out paid-tools/spent_proof_buys_nothing"));
    program_run(&p, replay, NULL);
    cr_expect_eq(p.status, 1, "%s", text(&p.err));
    cr_expect(program_says(&p, "second use"), "its exchanges are shown");
    program_read(&p, "again/run.json", &record);
    again = json_loadb((const char *)assay_buf_view(&record).at, record.len, 0, NULL);
    cr_expect_eq(json_array_size(json_object_get(again, "cases")), 2,
                 "the case and its control, nothing else");
    json_decref(again);
    assay_buf_fini(&record);
    program_fini(&p);
}

Test(cli, a_plan_is_printed_and_nothing_is_run)
{
    const char *const args[] = {"run", "--plan", "--out", "out", "proof-replay", NULL};
    struct assay_buf record = ASSAY_BUF_INIT(1 << 24);
    struct program p;

    program_init(&p);
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 0);
    cr_expect(program_says(&p, "paid-tools server\tpaid-tools/honest_payment_is_served"));
    cr_expect(program_says(&p, "paid-tools server\tpaid-tools/spent_proof_buys_nothing"));
    cr_expect(program_says(&p, "self-check paid-tools server correct\tpaid-tools/"));
    program_read(&p, "out/record.jsonl", &record);
    cr_expect_eq(record.len, 0);
    assay_buf_fini(&record);
    program_fini(&p);
}

/* ---- the adapter ---- */

static const struct {
    const char *name, *line, *says;
} lines[] = {
    {"hello", "{\"id\":1,\"op\":\"hello\"}", "\"operations\":["},
    {"an operation",
     "{\"id\":2,\"op\":\"paid.request_hash\",\"method\":\"GET\",\"target\":\"/weather\"}",
     "a654af316da7efacf015d41b89d39e165d5f172e8e44223b52ca2b93c253c690"},
    {"an id that is a text", "{\"id\":\"x\",\"op\":\"paid.nothing\"}", "\"unsupported\""},
    {"a refusal", "{\"id\":3,\"op\":\"paid.proof.decode\",\"header\":\"garbage\"}", "\"refused\""},
    {"an unknown member", "{\"id\":4,\"op\":\"paid.proof.mac\",\"key\":1}",
     "member key is not known"},
    {"no operation", "{\"id\":5}", "expected an object with the text member op"},
    {"no object", "[1]", "no JSON object"},
    {"no JSON", "{\"id\":6", "no JSON object"},
    {"a member twice", "{\"id\":7,\"id\":8,\"op\":\"hello\"}", "no JSON object"},
};

Test(cli, the_adapter_answers_each_line_with_one_line_and_ends_with_its_input)
{
    const char *const args[] = {"adapter", NULL};
    struct assay_buf in = ASSAY_BUF_INIT(1 << 16);
    struct assay_bytes out;
    struct program p;
    size_t at = 0;

    program_init(&p);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assay_buf_printf(&in, "%s\n", lines[i].line);
    program_write(&p, "stdin", assay_buf_view(&in));
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 0, "%s", text(&p.err));
    out = assay_buf_view(&p.out);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        size_t end = assay_bytes_find(out, '\n', at);
        char line[2048];

        cr_assert_lt(end, out.len, "%s: no answer", lines[i].name);
        cr_assert_lt(
            snprintf(line, sizeof line, "%.*s", (int)(end - at), (const char *)out.at + at),
            (int)sizeof line);
        cr_expect_not_null(strstr(line, lines[i].says), "%s: %s", lines[i].name, line);
        at = end + 1;
    }
    cr_expect_eq(at, out.len, "nothing more");
    assay_buf_fini(&in);
    program_fini(&p);
}

Test(cli, a_defect_of_the_adapter_shows)
{
    const char *const args[] = {"adapter", "--defect", "hash.without_query", NULL};
    struct program p;

    program_init(&p);
    program_write(&p, "stdin",
                  ASSAY_LIT("{\"id\":1,\"op\":\"paid.request_hash\",\"method\":\"GET\",\"target\":"
                            "\"/weather?city=Paris\"}\n"));
    program_run(&p, args, NULL);
    cr_expect_eq(p.status, 0, "%s", text(&p.err));
    cr_expect_not(
        program_says(&p, "b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1"));
    program_fini(&p);
}

Test(cli, verify_says_by_its_exit_status_what_it_found)
{
    static const struct {
        const char *op, *in, *says;
        int status;
    } rows[] = {
        {"paid.request_hash",
         "{\"method\":\"POST\",\"target\":\"/action\",\"body\":\"{\\\"a\\\":1}\"}",
         "4e68bab37f10b4b50404c50028a77c751288c24ac87647fc484de622d92d612e", 0},
        {"paid.proof.decode", "{\"header\":\"garbage\"}", "\"rule\":\"PF-1\"", 1},
        {"paid.proof.decode", "{\"headers\":\"garbage\"}", "member headers is not known", 3},
        {"paid.proof.decode", "{\"header\":1}", "member header: expected a text", 3},
        {"paid.proof.decode", "[]", "expected a JSON object", 3},
        {"paid.proof.decode", "{", "the input is no JSON object: line 1", 3},
    };
    struct program p;

    program_init(&p);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *const args[] = {"verify", rows[i].op, rows[i].in, NULL};

        program_run(&p, args, NULL);
        cr_expect_eq(p.status, rows[i].status, "%s: exit %d", rows[i].in, p.status);
        cr_expect(program_says(&p, rows[i].says), "%s: %s%s", rows[i].in, text(&p.out),
                  text(&p.err));
    }
    program_fini(&p);
}
