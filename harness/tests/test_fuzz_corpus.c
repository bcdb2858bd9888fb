/* Corpora: cut down and joined by a script that keeps one input of each first line, copied out, and
 * begun from the known answers; a merge that fails leaves everything as it was. */
#include "fuzz/corpus.h"
#include "fuzz/inputs.h"
#include "fuzz_world.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct program p;

static void make(void)
{
    program_init(&p);
    fuzz_world_engine(&p, "flat");
    fuzz_world_put(&p, "out/flat/corpus/1", "one\nx\n");
    fuzz_world_put(&p, "out/flat/corpus/2", "one\ny\n");
    fuzz_world_put(&p, "out/flat/corpus/3", "two\n");
}

static void drop(void)
{
    program_fini(&p);
}

TestSuite(fuzz_corpus, .init = make, .fini = drop, .timeout = 300);

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CORPUS(...) WORDS("corpus", "--engines", "engines", __VA_ARGS__)

static uint64_t count_in(const char *leaf)
{
    char path[256];
    uint64_t count, bytes;

    (void)snprintf(path, sizeof(path), "%s/%s", p.folder, leaf);
    inputs_count(&count, &bytes, path);
    return count;
}

Test(fuzz_corpus, is_cut_down_to_what_it_needs)
{
    fuzz_world_run(&p, CORPUS("min"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    cr_expect_eq(count_in("out/flat/corpus"), 2);
    cr_expect(program_says(&p, "flat: 2 inputs, 3 before"));
    cr_expect_eq(count_in("out/flat/work/fresh"), 0);
}

Test(fuzz_corpus, takes_in_what_other_folders_have_beyond_it)
{
    fuzz_world_put(&p, "theirs/a", "two\nz\n");
    fuzz_world_put(&p, "theirs/b", "three\n");
    fuzz_world_run(&p, CORPUS("merge", "flat", "theirs"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    cr_expect_eq(count_in("out/flat/corpus"), 3);
}

Test(fuzz_corpus, a_merge_that_fails_leaves_it_as_it_was)
{
    char path[128];

    program_write(&p, "engines/fuzz-flat", assay_str("#!/bin/sh\necho broken\nexit 1\n"));
    (void)snprintf(path, sizeof(path), "%s/engines/fuzz-flat", p.folder);
    cr_assert_eq(chmod(path, 0755), 0);
    fuzz_world_run(&p, CORPUS("min"));
    cr_expect_eq(p.status, 3);
    cr_expect_eq(count_in("out/flat/corpus"), 3);
    cr_expect(program_says(&p, "flat: the merge failed; what was said is in out/flat/merge.log"));
    program_write(&p, "engines/fuzz-flat", assay_str("#!/bin/sh\nexit 0\n"));
    cr_assert_eq(chmod(path, 0755), 0);
    fuzz_world_run(&p, CORPUS("min"));
    cr_expect_eq(p.status, 3, "one that keeps nothing has failed too");
    cr_expect_eq(count_in("out/flat/corpus"), 3);
}

Test(fuzz_corpus, is_copied_out)
{
    fuzz_world_run(&p, CORPUS("--to", "copy", "export"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    cr_expect_eq(count_in("copy/flat"), 3);
    fuzz_world_run(&p, CORPUS("--to", "copy", "export", "flat"));
    cr_expect_eq(count_in("copy/flat"), 3, "what is there already is not there twice");
}

Test(fuzz_corpus, every_row_of_the_table_gives_seeds)
{
    char vectors[PATH_MAX];
    const char *name;

    cr_assert_not_null(realpath("vectors", vectors));
    for (size_t i = 0; (name = corpus_seed_target(i)) != NULL; i++) {
        char corpus[96];

        (void)snprintf(corpus, sizeof(corpus), "out/%s/corpus", name);
        if (count_in(corpus) > 0)
            continue;
        fuzz_world_engine(&p, name);
        fuzz_world_run(&p, CORPUS("--vectors", vectors, "seed", name));
        cr_expect_eq(p.status, 0, "%s: %s", name, assay_buf_cstr(&p.err));
        cr_expect_gt(count_in(corpus), 0, "%s", name);
    }
}

static const struct {
    const char *name;
    const char *const *words;
    const char *says;
} wrong[] = {
    {"nothing to do", CORPUS("--timeout", "3"), "expected min, merge, export or seed"},
    {"another word", CORPUS("shrink"), "expected min, merge, export or seed"},
    {"nowhere to", CORPUS("export"), "export needs --to DIR"},
    {"nothing to join", CORPUS("merge", "flat"), "merge needs a target and the folders to add"},
    {"no such target", CORPUS("min", "other"), "there is no target \"other\""},
    {"no vectors", CORPUS("--vectors", "nowhere", "seed", "json"), "nowhere/kaspa-x402"},
};

Test(fuzz_corpus, a_wrong_command_line_is_told_and_changes_nothing)
{
    fuzz_world_engine(&p, "json");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        fuzz_world_run(&p, wrong[i].words);
        cr_expect_eq(p.status, 3, "%s", wrong[i].name);
        cr_expect(program_says(&p, wrong[i].says), "%s: %s", wrong[i].name, assay_buf_cstr(&p.err));
    }
    cr_expect_eq(count_in("out/flat/corpus"), 3);
}
