/* Planted faults with scripts as the targets: what is found by fuzzing, by the seeds, and not; what
 * proves nothing; and the table of it. */
#include "fuzz_world.h"

#include <criterion/criterion.h>

static struct program p;

static void make(void)
{
    program_init(&p);
    fuzz_world_put(&p, "fuzz/seeds/json/1", "x");
}

static void drop(void)
{
    program_fini(&p);
}

TestSuite(fuzz_prove, .init = make, .fini = drop, .timeout = 300);

#define PROVE(...)                                                                                 \
    fuzz_world_run(&p, (const char *const[]){"prove", "--engines", "engines", "--sources", "fuzz", \
                                             __VA_ARGS__, NULL})

static void given_engines(const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++)
        fuzz_world_engine(&p, names[i]);
}

Test(fuzz_prove, each_fault_is_told_for_what_came_of_it)
{
    given_engines((const char *const[]){"json", "sig", "text", "url_target", "kx_accounts", NULL});
    PROVE("json_word", "ecdsa_high", "hex_capitals", "path_delete", "accounts_sum", "kind_network");
    cr_expect_eq(p.status, 1, "%s", assay_buf_cstr(&p.err));
    cr_expect(program_says(&p, "json_word json: truncated compare; found by oracle "
                               "(x.c: <json_word> | is planted)"));
    cr_expect(program_says(&p, "ecdsa_high sig: missing case; found in the seeds alone by oracle "
                               "(x.c: <ecdsa_high> | is planted)"));
    cr_expect(program_says(&p, "hex_capitals text: truncated compare; void"));
    cr_expect(program_says(&p, "(x.c: <nothing> | is planted)"));
    cr_expect(program_says(&p, "path_delete url_target: off by one; failed"));
    cr_expect(program_says(&p, "accounts_sum kx_accounts: unchecked sum; not found, "));
    cr_expect(program_says(&p, "kind_network x402_facilitator: truncated compare; not run"));
    cr_expect(program_says(&p, "2 of 6 planted faults were found, 1 of them in the seeds alone"),
              "%s", assay_buf_cstr(&p.out));
}

Test(fuzz_prove, the_table_has_a_row_for_each_and_nothing_of_a_target_is_markdown_in_it)
{
    struct assay_buf table = ASSAY_BUF_INIT(1 << 16);

    given_engines((const char *const[]){"json", "sig", NULL});
    PROVE("--minutes", "2", "--markdown", "table.md", "json_word", "ecdsa_high");
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    program_read(&p, "table.md", &table);
    cr_assert_not_null(assay_buf_cstr(&table));
    cr_expect_not_null(strstr(assay_buf_cstr(&table), "| `json_word` | truncated compare | "
                                                      "`ref/base/json.c` | `json` | oracle: x.c: "
                                                      "\\<json\\_word\\> \\| is planted | "));
    cr_expect_not_null(strstr(assay_buf_cstr(&table), ", seeds alone |\n"));
    cr_expect_not_null(strstr(assay_buf_cstr(&table), "assay fuzz prove --minutes 2 "));
    cr_expect_not_null(strstr(assay_buf_cstr(&table), "\n2 of 2 planted faults were found, 1 of "));
    assay_buf_fini(&table);
}

Test(fuzz_prove, each_begins_anew_and_leaves_what_was_found)
{
    given_engines((const char *const[]){"json", NULL});
    fuzz_world_put(&p, "out/json_word/run/json/corpus/old", "x");
    fuzz_world_put(&p, "out/other", "x");
    PROVE("json_word");
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    cr_expect(!program_await_text(&p, "out/json_word/run/json/corpus/old", "x", 0));
    cr_expect(program_await_text(&p, "out/other", "x", 0));
}

Test(fuzz_prove, without_programs_nothing_is_proved)
{
    PROVE("json_word");
    cr_expect_eq(p.status, 2);
    cr_expect(program_says(&p, "0 of 1 planted faults were found"));
}

Test(fuzz_prove, a_name_that_is_no_fault_is_told)
{
    given_engines((const char *const[]){"json", NULL});
    PROVE("json_wrod");
    cr_expect_eq(p.status, 3);
    cr_expect(program_says(&p, "there is no planted fault \"json_wrod\""));
    PROVE("--minutes", "0");
    cr_expect_eq(p.status, 3);
}
