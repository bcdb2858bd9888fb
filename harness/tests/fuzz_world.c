/* Campaigns of fake engines for tests (fuzz_world.h). */
#include "fuzz_world.h"

#include "fuzz/findings.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 512, WORDS_MAX = 24 };

static const char *in_folder(char path[PATH_BYTES], const struct program *p, const char *leaf)
{
    cr_assert_lt(snprintf(path, PATH_BYTES, "%s/%s", p->folder, leaf), PATH_BYTES);
    return path;
}

static void make_folder_of(const char *file)
{
    char folder[PATH_BYTES];
    struct assay_err err = {0};

    cr_assert_lt(snprintf(folder, sizeof(folder), "%s", file), (int)sizeof(folder));
    *strrchr(folder, '/') = '\0';
    cr_assert_eq(assay_folder_make(folder, &err), ASSAY_OK, "%s", err.text);
}

void fuzz_world_put(struct program *p, const char *path, const char *content)
{
    char file[PATH_BYTES];

    make_folder_of(in_folder(file, p, path));
    program_write(p, path, assay_str(content));
}

void fuzz_world_engine(struct program *p, const char *name)
{
    struct assay_buf script = ASSAY_BUF_INIT(1 << 16);
    struct assay_err err = {0};
    char leaf[64], path[PATH_BYTES];

    cr_assert_eq(assay_file_read(&script, "harness/tests/fake_fuzzer.sh", &err), ASSAY_OK, "%s",
                 err.text);
    (void)snprintf(leaf, sizeof(leaf), "engines/fuzz-%s", name);
    fuzz_world_put(p, leaf, assay_buf_cstr(&script));
    cr_assert_eq(chmod(in_folder(path, p, leaf), 0755), 0);
    assay_buf_fini(&script);
}

void fuzz_world_start(struct program *p, const char *const *words)
{
    const char *args[WORDS_MAX] = {"fuzz", words[0], "--out", "out"};
    size_t n = 4;

    for (size_t i = 1; words[i] != NULL; i++) {
        cr_assert_lt(n, WORDS_MAX - 1);
        args[n++] = words[i];
    }
    program_start(p, args, NULL);
}

void fuzz_world_run(struct program *p, const char *const *words)
{
    fuzz_world_start(p, words);
    program_end(p, PROGRAM_DEADLINE_MS);
}

void fuzz_world_campaign(struct program *p, struct campaign *c)
{
    struct assay_err err = {0};
    char path[PATH_BYTES];

    cr_assert_eq(campaign_open(c, in_folder(path, p, "out"), false, &err), ASSAY_OK, "%s",
                 err.text);
}

size_t fuzz_world_findings(struct program *p, const char *target)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_err err = {0};
    struct campaign c;
    const struct campaign_target *t;
    const char *const *names;
    size_t count = 0;

    fuzz_world_campaign(p, &c);
    t = campaign_target(&c, target);
    if (t != NULL)
        cr_assert_eq(findings_list(&names, &count, &arena, &c, t, &err), ASSAY_OK, "%s", err.text);
    campaign_close(&c);
    assay_arena_fini(&arena);
    return count;
}

void fuzz_world_await(struct program *p, const char *file)
{
    cr_assert(program_await_text(p, file, "\n", PROGRAM_DEADLINE_MS), "%s never came", file);
}
