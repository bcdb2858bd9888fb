/* A night of fuzzing with engines that are scripts: what is scheduled, what is found, and what is
 * left when engines hang, flood or fail, and when the command itself is killed. */
#include "fuzz_world.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

static struct program p;

static void make(void)
{
    program_init(&p);
}

static void drop(void)
{
    program_fini(&p);
}

TestSuite(fuzz_run, .init = make, .fini = drop, .timeout = 300);

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define RUN(...) WORDS("run", "--engines", "engines", "--slice", "1", __VA_ARGS__)

static struct campaign_state state_of(const char *target)
{
    struct campaign c;
    struct campaign_state state;

    fuzz_world_campaign(&p, &c);
    cr_assert_not_null(campaign_target(&c, target), "%s", target);
    state = campaign_target(&c, target)->state;
    campaign_close(&c);
    return state;
}

Test(fuzz_run, what_grows_gets_more_slices_and_what_is_flat_gets_some)
{
    struct campaign_state growing, flat;

    fuzz_world_engine(&p, "growing");
    fuzz_world_engine(&p, "flat");
    fuzz_world_run(&p, RUN("--slices", "24", "--jobs", "1", "--runs", "100"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    growing = state_of("growing");
    flat = state_of("flat");
    cr_expect_eq(growing.slices + flat.slices, 24);
    cr_expect_gt(growing.slices, 2 * flat.slices);
    cr_expect_gt(flat.slices, 3);
    cr_expect_eq(growing.executions, 100 * growing.slices);
    cr_expect_eq(growing.corpus, growing.slices);
    cr_expect_eq(growing.edges, growing.slices);
    cr_expect(program_says(&p, "2400 executions in 24 slices of 2 targets"));
}

Test(fuzz_run, only_what_is_named_is_fuzzed)
{
    struct campaign c;

    fuzz_world_engine(&p, "ending");
    fuzz_world_engine(&p, "flat");
    fuzz_world_engine(&p, "growing");
    fuzz_world_run(&p, RUN("--slices", "4", "flat"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    cr_expect_eq(state_of("flat").slices, 4);
    fuzz_world_campaign(&p, &c);
    cr_expect_eq(c.count, 1, "the others have not even a folder");
    campaign_close(&c);
}

Test(fuzz_run, the_next_run_goes_on_where_the_last_one_stopped)
{
    fuzz_world_engine(&p, "growing");
    for (uint64_t i = 1; i <= 3; i++) {
        fuzz_world_run(&p, RUN("--slices", "2", "--jobs", "1"));
        cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
        cr_expect_eq(state_of("growing").slices, 2 * i);
        cr_expect_eq(state_of("growing").corpus, 2 * i);
    }
}

Test(fuzz_run, a_finding_is_kept_told_and_the_exit_status)
{
    fuzz_world_engine(&p, "finding");
    fuzz_world_engine(&p, "flat");
    fuzz_world_run(&p, RUN("--slices", "6", "--jobs", "1"));
    cr_expect_eq(p.status, 1);
    cr_expect_eq(fuzz_world_findings(&p, "finding"), state_of("finding").slices);
    cr_expect_eq(fuzz_world_findings(&p, "flat"), 0);
    cr_expect(program_says(&p, "finding: 1 new"));
    cr_expect(program_says(&p, "`assay fuzz triage` says what they are"));
}

Test(fuzz_run, what_is_found_again_is_not_new)
{
    fuzz_world_engine(&p, "repeating");
    fuzz_world_run(&p, RUN("--slices", "1"));
    cr_expect_eq(p.status, 1);
    fuzz_world_run(&p, RUN("--slices", "1"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.out));
    cr_expect_eq(fuzz_world_findings(&p, "repeating"), 1);
}

Test(fuzz_run, a_target_with_many_findings_is_set_aside_for_the_others)
{
    fuzz_world_engine(&p, "finding");
    fuzz_world_engine(&p, "flat");
    fuzz_world_run(&p, RUN("--slices", "12", "--jobs", "1", "--findings", "3"));
    cr_expect_eq(p.status, 1);
    cr_expect_eq(fuzz_world_findings(&p, "finding"), 3);
    cr_expect_eq(state_of("flat").slices, 9);
    cr_expect(program_says(&p, "finding: set aside after 3 findings"));
}

Test(fuzz_run, an_engine_that_cannot_begin_is_set_aside_and_what_it_said_is_kept)
{
    struct assay_buf said = ASSAY_BUF_INIT(1 << 16);

    fuzz_world_engine(&p, "ending");
    fuzz_world_run(&p, RUN("--minutes", "5", "--jobs", "1"));
    cr_expect_eq(p.status, 2, "nothing was executed");
    cr_expect_eq(state_of("ending").failed_slices, 5);
    cr_expect(program_says(&p, "ending: set aside: it ended 5 times without a new finding"));
    program_read(&p, "out/ending/failed.log", &said);
    cr_expect_str_eq(assay_buf_cstr(&said), "cannot begin\n");
    assay_buf_fini(&said);
}

Test(fuzz_run, a_flood_of_words_is_bounded)
{
    struct assay_buf said = ASSAY_BUF_INIT((size_t)128 << 20);

    fuzz_world_engine(&p, "flooding");
    fuzz_world_run(&p, RUN("--slices", "1", "--grace", "60"));
    cr_expect_eq(p.status, 2);
    program_read(&p, "out/flooding/failed.log", &said);
    cr_expect_leq(said.len, (size_t)64 << 20);
    cr_expect_gt(said.len, 0);
    assay_buf_fini(&said);
}

static pid_t pid_in(const char *file)
{
    struct assay_buf text = ASSAY_BUF_INIT(64);
    long pid;

    program_read(&p, file, &text);
    pid = strtol(assay_buf_cstr(&text), NULL, 10);
    assay_buf_fini(&text);
    cr_assert_gt(pid, 0);
    return (pid_t)pid;
}

/* Ended, whoever reaps it. */
static bool is_gone(pid_t pid)
{
    struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    bool gone = end.fd < 0 || poll(&end, 1, 0) == 1;

    if (end.fd >= 0)
        (void)close(end.fd);
    return gone;
}

Test(fuzz_run, an_engine_that_hangs_is_killed_with_all_that_it_started)
{
    fuzz_world_engine(&p, "hanging");
    fuzz_world_run(&p, RUN("--slices", "1", "--grace", "1"));
    cr_expect_eq(p.status, 2);
    cr_expect(is_gone(pid_in("engines/fuzz-hanging.pid")));
    cr_expect(is_gone(pid_in("engines/fuzz-hanging.child")));
    cr_expect(program_says(&p, "killed"));
}

Test(fuzz_run, what_an_engine_leaves_in_another_session_is_ended_with_its_slice)
{
    fuzz_world_engine(&p, "leaving");
    fuzz_world_run(&p, RUN("--slices", "1"));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
    cr_expect(is_gone(pid_in("engines/fuzz-leaving.child")));
}

Test(fuzz_run, an_interrupt_ends_everything_and_keeps_what_was_found)
{
    fuzz_world_engine(&p, "hanging");
    fuzz_world_start(&p, RUN("--slice", "1000", "--jobs", "1"));
    fuzz_world_await(&p, "engines/fuzz-hanging.pid");
    fuzz_world_put(&p, "out/hanging/work/0/crash-1", "claim x\n");
    cr_assert_eq(kill(p.pid, SIGINT), 0);
    program_end(&p, PROGRAM_DEADLINE_MS);
    cr_expect_eq(p.status, 130);
    cr_expect(is_gone(pid_in("engines/fuzz-hanging.pid")));
    cr_expect_eq(fuzz_world_findings(&p, "hanging"), 1);
    cr_expect_eq(state_of("hanging").slices, 1);
}

Test(fuzz_run, a_kill_loses_no_finding)
{
    fuzz_world_engine(&p, "hanging");
    fuzz_world_engine(&p, "flat");
    fuzz_world_start(&p, RUN("--slice", "1000", "--jobs", "1", "hanging"));
    fuzz_world_await(&p, "engines/fuzz-hanging.pid");
    fuzz_world_put(&p, "out/hanging/work/0/crash-1", "claim x\n");
    cr_assert_eq(kill(p.pid, SIGKILL), 0);
    program_end(&p, PROGRAM_DEADLINE_MS);
    fuzz_world_run(&p, RUN("--slices", "1", "flat"));
    cr_expect_eq(p.status, 1, "it is new in the run that takes it over");
    cr_expect_eq(fuzz_world_findings(&p, "hanging"), 1);
    cr_expect(program_says(&p, "hanging: taken over from a run that was cut off: 1 new"));
    cr_expect(is_gone(pid_in("engines/fuzz-hanging.child")), "what its engine left is ended too");
}

/* ---- AFL++ ---- */

/* As afl-fuzz does towards assay fuzz: three more inputs each time it is resumed, one of them with
 * new coverage, and a crash. */
static const char fake_afl[] =
    "#!/bin/sh\n"
    "while [ \"$1\" != -i ]; do shift; done\n"
    "[ -n \"$(ls $2)\" ] || exit 1\n"
    "while [ \"$1\" != -o ]; do shift; done\n"
    "main=$2/main\n"
    "[ ! -e $main/fuzzer_stats ] || [ -s $main/fuzzer_stats ] || exit 1\n"
    "mkdir -p $main/queue $main/crashes $main/hangs\n"
    "n=$(ls $main/queue | wc -l)\n"
    "echo known >$main/queue/id:00000$n,src:0\n"
    "echo new $n >$main/queue/id:00000$((n + 1)),src:0,+cov\n"
    "echo more >$main/queue/id:00000$((n + 2)),src:0\n"
    "echo crash >$main/crashes/id:000000,sig:06\n"
    "echo read me >$main/crashes/README.txt\n"
    "echo \"execs_done : $((50 * (n + 3)))\" >$main/fuzzer_stats\n"
    "echo \"edges_found : $((n + 3))\" >>$main/fuzzer_stats\n"
    "echo \"${AFL_CUSTOM_MUTATOR_LIBRARY-none}\" >$main/mutator\n";

static void given_program(const char *leaf, const char *script)
{
    char path[96];

    fuzz_world_put(&p, leaf, script);
    (void)snprintf(path, sizeof(path), "%s/%s", p.folder, leaf);
    cr_assert_eq(chmod(path, 0755), 0);
}

static void given_afl(void)
{
    given_program("bin/afl-fuzz", fake_afl);
    given_program("engines/afl-flat", "#!/bin/sh\n");
}

static void run_with_afl(const char *slices)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "PATH=%s/bin:%s", p.folder, getenv("PATH"));
    program_run(&p,
                WORDS("fuzz", "run", "--out", "out", "--engines", "engines", "--slices", slices,
                      "--jobs", "1"),
                WORDS(path));
}

Test(fuzz_run, the_engines_take_turns_on_one_corpus)
{
    struct campaign_state state;

    fuzz_world_engine(&p, "flat");
    given_afl();
    run_with_afl("4");
    cr_expect_eq(p.status, 1, "%s", assay_buf_cstr(&p.err));
    state = state_of("flat");
    cr_expect_eq(state.slices, 4);
    cr_expect_eq(state.corpus, 3, "with its first; what reached more is shared, once");
    cr_expect_eq(state.afl_edges, 6);
    cr_expect_eq(state.edges, 2, "each engine counts its own");
    cr_expect_eq(state.executions, 2 * 10 + 300, "resumed counts are not counted twice");
    cr_expect_eq(fuzz_world_findings(&p, "flat"), 1, "the same crash twice");
    cr_expect(program_says(&p, "flat: afl,"));
    cr_expect(program_says(&p, "flat: libfuzzer,"));
}

Test(fuzz_run, afl_goes_on_where_a_kill_cut_its_statistics_off)
{
    given_afl();
    run_with_afl("1");
    fuzz_world_put(&p, "out/flat/afl/main/fuzzer_stats", "");
    run_with_afl("1");
    cr_expect_eq(state_of("flat").slices, 2);
    cr_expect_eq(state_of("flat").failed_slices, 0);
}

Test(fuzz_run, afl_works_alone_where_it_alone_was_built)
{
    given_afl();
    run_with_afl("2");
    cr_expect_eq(p.status, 1, "%s", assay_buf_cstr(&p.err));
    cr_expect_eq(state_of("flat").slices, 2);
    cr_expect_eq(state_of("flat").corpus, 3, "with the one that it was given to begin with");
}

Test(fuzz_run, afl_is_given_the_targets_own_mutator)
{
    given_afl();
    run_with_afl("1");
    cr_expect(program_await_text(&p, "out/flat/afl/main/mutator", "none", 0));
    given_program("engines/mutator-flat", "");
    run_with_afl("1");
    cr_expect(program_await_text(&p, "out/flat/afl/main/mutator", "engines/mutator-flat", 0));
}

Test(fuzz_run, without_afl_it_says_so_and_goes_on)
{
    fuzz_world_engine(&p, "flat");
    given_afl();
    program_run(&p, WORDS("fuzz", "run", "--out", "out", "--engines", "engines", "--slices", "2"),
                WORDS("PATH=/bin:/usr/bin"));
    if (!program_says(&p, "afl-fuzz is not installed: libFuzzer works alone"))
        cr_expect(access("/usr/bin/afl-fuzz", X_OK) == 0, "%s", assay_buf_cstr(&p.out));
    cr_expect_eq(p.status, 0, "%s", assay_buf_cstr(&p.err));
}

static const struct {
    const char *name;
    const char *const *words;
    const char *says;
} wrong[] = {
    {"no such target", WORDS("run", "--engines", "engines", "nothing"),
     "there is no program fuzz-nothing in engines"},
    {"no programs", WORDS("run", "--engines", "nowhere"), "nowhere has no fuzz programs"},
    {"no number", WORDS("run", "--hours", "many"), "hours: expected a number from 1 to 1000"},
    {"no option", WORDS("run", "--what"), "there is no option --what"},
    {"no command", WORDS("walk"), "there is no command \"walk\""},
};

Test(fuzz_run, a_wrong_command_line_is_told_and_changes_nothing)
{
    fuzz_world_engine(&p, "flat");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        fuzz_world_run(&p, wrong[i].words);
        cr_expect_eq(p.status, 3, "%s", wrong[i].name);
        cr_expect(program_says(&p, wrong[i].says), "%s: %s", wrong[i].name, assay_buf_cstr(&p.err));
    }
}

Test(fuzz_run, two_runs_do_not_write_into_one_folder)
{
    struct program other;
    char out[96];

    fuzz_world_engine(&p, "hanging");
    fuzz_world_start(&p, RUN("--slice", "1000"));
    fuzz_world_await(&p, "engines/fuzz-hanging.pid");
    program_init(&other);
    (void)snprintf(out, sizeof(out), "%s/out", p.folder);
    program_run(&other, WORDS("fuzz", "run", "--out", out, "--slices", "1"), NULL);
    cr_expect_eq(other.status, 3);
    cr_expect(program_says(&other, "another assay fuzz is at work there"));
    program_fini(&other);
    cr_assert_eq(kill(p.pid, SIGTERM), 0);
    program_end(&p, PROGRAM_DEADLINE_MS);
    cr_expect_eq(p.status, 130);
}
