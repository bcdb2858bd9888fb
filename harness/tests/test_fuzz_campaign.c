/* The folder of a campaign: states, the journal and findings survive whatever the last command
 * left. */
#include "fuzz/campaign.h"
#include "fuzz/findings.h"
#include "target/folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/assay-fuzz-XXXXXX";
static struct assay_buf room = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
static struct assay_err err;

static void make(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void drop(void)
{
    cr_expect(folder_remove(folder));
    assay_buf_fini(&room);
}

TestSuite(fuzz_campaign, .init = make, .fini = drop);

static const char *at(const char *leaf)
{
    assay_buf_clear(&room);
    assay_buf_printf(&room, "%s/%s", folder, leaf);
    return assay_buf_cstr(&room);
}

static void put(const char *leaf, const char *content)
{
    cr_assert_eq(assay_file_write(at(leaf), assay_str(content), &err), ASSAY_OK, "%s", err.text);
}

static void put_program(const char *leaf)
{
    put(leaf, "#!/bin/sh\n");
    cr_assert_eq(chmod(at(leaf), 0755), 0);
}

static void open_it(struct campaign *c, bool writes)
{
    cr_assert_eq(campaign_open(c, folder, writes, &err), ASSAY_OK, "%s", err.text);
}

/* A campaign of one target, json, which has its folders. */
static struct campaign_target *given_target(struct campaign *c)
{
    struct campaign_target *t;

    put_program("fuzz-json");
    open_it(c, true);
    cr_assert_eq(campaign_discover(c, folder, &err), ASSAY_OK, "%s", err.text);
    t = campaign_target(c, "json");
    cr_assert_not_null(t);
    cr_assert_eq(campaign_make_folders(c, t, &err), ASSAY_OK, "%s", err.text);
    return t;
}

Test(fuzz_campaign, targets_are_the_programs_of_a_folder)
{
    struct campaign c;
    const struct campaign_target *json, *url;

    put_program("fuzz-json");
    put_program("fuzz-url_target");
    put_program("afl-json");
    put_program("cmplog-json");
    put_program("mutator-json");
    put_program("replay-json");
    put_program("fuzz-");
    put_program("fuzz-a.o");
    put("fuzz-not_executable", "x");
    open_it(&c, false);
    cr_assert_eq(campaign_discover(&c, folder, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(c.count, 2);
    json = campaign_target(&c, "json");
    url = campaign_target(&c, "url_target");
    cr_assert(json != NULL && url != NULL);
    cr_expect(json->programs.of[FUZZ_LIBFUZZER] != NULL && json->programs.of[FUZZ_AFL] != NULL &&
              json->programs.cmplog != NULL && json->programs.mutator != NULL);
    cr_expect(url->programs.of[FUZZ_LIBFUZZER] != NULL && url->programs.of[FUZZ_AFL] == NULL);
    cr_expect_eq(campaign_discover(&c, at("nowhere"), &err), ASSAY_OK);
    campaign_close(&c);
}

Test(fuzz_campaign, a_state_is_read_back_as_it_was_written)
{
    struct campaign c, again;
    struct campaign_target *t = given_target(&c);
    uint64_t n = 0;

#define X(member, name) t->state.member = 1000 + n++;
    CAMPAIGN_STATE(X)
#undef X
    cr_assert_eq(campaign_state_write(&c, t, &err), ASSAY_OK, "%s", err.text);
    open_it(&again, false);
    cr_assert_eq(again.count, 1);
    cr_expect_eq(memcmp(&again.targets[0].state, &t->state, sizeof(t->state)), 0);
    campaign_close(&again);
    campaign_close(&c);
}

Test(fuzz_campaign, only_one_command_writes_at_a_time_and_others_may_read)
{
    struct campaign c, other;

    open_it(&c, true);
    cr_expect_eq(campaign_open(&other, folder, true, &err), ASSAY_E_BUSY);
    cr_expect_neq(strstr(err.text, "another assay fuzz"), NULL, "%s", err.text);
    campaign_close(&other);
    open_it(&other, false);
    campaign_close(&other);
    campaign_close(&c);
    open_it(&c, true);
    campaign_close(&c);
}

Test(fuzz_campaign, what_is_no_state_is_named_and_a_folder_without_one_is_new)
{
    struct campaign c;

    cr_expect_eq(campaign_open(&c, at("nowhere"), false, &err), ASSAY_E_MISSING);
    campaign_close(&c);
    (void)given_target(&c);
    campaign_close(&c);
    open_it(&c, false);
    cr_expect_eq(c.targets[0].state.slices, 0);
    campaign_close(&c);
    put("json/state.json", "{\"format\": \"assay-fuzz-sta");
    err = (struct assay_err){0};
    cr_expect_eq(campaign_open(&c, folder, false, &err), ASSAY_E_MALFORMED);
    cr_expect_neq(strstr(err.text, "json/state.json"), NULL, "%s", err.text);
    campaign_close(&c);
}

/* ---- the journal ---- */

static void sum(void *context, const struct campaign_sample *s)
{
    uint64_t *total = context;

    cr_expect_str_eq(s->target, "json");
    cr_expect_eq(s->engine, FUZZ_AFL);
    cr_expect_eq(s->time_ms, 1700000000123);
    cr_expect_str_eq(s->end, "time");
    *total += s->executions;
}

static const struct campaign_sample sample = {
    .time_ms = 1700000000123, .target = "json", .engine = FUZZ_AFL, .end = "time", .executions = 7};

Test(fuzz_campaign, a_torn_line_of_the_journal_costs_that_line_alone)
{
    struct campaign c;
    uint64_t total = 0;
    size_t torn = 9;

    open_it(&c, true);
    cr_assert_eq(campaign_samples_each(&torn, &c, sum, &total, &err), ASSAY_OK, "none yet");
    cr_expect_eq(torn, 0);
    cr_assert_eq(campaign_sample_add(&c, &sample, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(truncate(at("stats.jsonl"), 60), 0);
    cr_assert_eq(campaign_sample_add(&c, &sample, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(campaign_sample_add(&c, &sample, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(campaign_samples_each(&torn, &c, sum, &total, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(total, 14);
    cr_expect_eq(torn, 1);
    campaign_close(&c);
}

static void count_one(void *context, const struct campaign_sample *s)
{
    (void)s;
    ++*(size_t *)context;
}

Test(fuzz_campaign, lines_that_are_no_samples_are_passed_over)
{
    struct campaign c;
    size_t torn, count = 0;

    put("stats.jsonl",
        "null\n[]\n{}\n{\"time\":1}\n\n"
        "{\"time\":\"2026-01-01T00:00:00.000Z\",\"target\":\"../x\",\"engine\":\"afl\",\"end\":"
        "\"time\"}\n");
    open_it(&c, false);
    cr_assert_eq(campaign_samples_each(&torn, &c, count_one, &count, &err), ASSAY_OK, "%s",
                 err.text);
    cr_expect_eq(count, 0);
    cr_expect_eq(torn, 6);
    campaign_close(&c);
}

/* ---- findings ---- */

static size_t listed(const struct campaign *c, const struct campaign_target *t)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    const char *const *names;
    size_t count = 0;

    cr_assert_eq(findings_list(&names, &count, &arena, c, t, &err), ASSAY_OK, "%s", err.text);
    assay_arena_fini(&arena);
    return count;
}

Test(fuzz_campaign, artifacts_of_a_run_that_was_killed_are_adopted_once)
{
    static const char *const left[] = {"json/work/0/crash-1",
                                       "json/work/0/log",
                                       "json/work/0/slow-unit-1",
                                       "json/work/1/timeout-2",
                                       "json/afl/main/crashes/id:000000,sig:06",
                                       "json/afl/main/crashes/README.txt"};
    struct campaign c;
    struct campaign_target *t = given_target(&c);
    size_t added = 0;

    cr_assert_eq(assay_folder_make(at("json/work/0"), &err), ASSAY_OK);
    cr_assert_eq(assay_folder_make(at("json/work/1"), &err), ASSAY_OK);
    cr_assert_eq(assay_folder_make(at("json/afl/main/crashes"), &err), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_LEN(left); i++)
        put(left[i], left[i]);
    put("json/work/0/oom-again", left[0]); /* the same input under another name */
    cr_assert_eq(findings_adopt_leftovers(&added, &c, t, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(added, 3);
    cr_expect_eq(listed(&c, t), 3);
    cr_expect_neq(access(at("json/work/0"), F_OK), 0, "the work is cleared");
    cr_expect_eq(access(at("json/afl/main/crashes/README.txt"), F_OK), 0);
    cr_assert_eq(findings_adopt_leftovers(&added, &c, t, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(added, 3, "nothing is there twice");
    campaign_close(&c);
}

Test(fuzz_campaign, a_finding_keeps_the_end_of_what_was_said)
{
    struct assay_buf log = ASSAY_BUF_INIT(1 << 20), kept = ASSAY_BUF_INIT(1 << 20);
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    struct campaign c;
    struct campaign_target *t = given_target(&c);
    const char *const *names;
    char leaf[64];
    size_t added = 0, count;

    for (int i = 0; i < 20000; i++)
        assay_buf_add_str(&log, "flood\n");
    assay_buf_add_str(&log, "the end\n");
    cr_assert_eq(assay_folder_make(at("json/work/0"), &err), ASSAY_OK);
    put("json/work/0/crash-1", "input");
    cr_assert_eq(assay_file_write(at("json/work/0/log"), assay_buf_view(&log), &err), ASSAY_OK);
    cr_assert_eq(findings_adopt_leftovers(&added, &c, t, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(findings_list(&names, &count, &arena, &c, t, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(count, 1);
    (void)snprintf(leaf, sizeof(leaf), "json/findings/%s.log", names[0]);
    cr_assert_eq(assay_file_read(&kept, at(leaf), &err), ASSAY_OK, "%s", err.text);
    cr_expect_leq(kept.len, 1 << 16);
    cr_expect_str_eq(assay_buf_cstr(&kept) + kept.len - 8, "the end\n");
    assay_arena_fini(&arena);
    assay_buf_fini(&kept);
    assay_buf_fini(&log);
    campaign_close(&c);
}
