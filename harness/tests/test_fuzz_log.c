/* What engines say, and which target is next: logs as libFuzzer, the sanitizers and AFL++ write
 * them, and hostile ones. */
#include "base/buf.h"
#include "fuzz/engine_log.h"
#include "fuzz/schedule.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

Test(fuzz_log, progress_is_the_last_status_and_the_final_statistics)
{
    static const char log[] =
        "INFO: Seed: 7\n"
        "#2\tINITED cov: 100 ft: 120 corp: 3/80b exec/s: 0 rss: 32Mb\n"
        "#4096\tpulse  cov: 140 ft: 300 corp: 30/900b lim: 43 exec/s: 2048 rss: 60Mb\n"
        "cov: 999999 said by the target, not by the engine\n"
        "#5000\tDONE   cov: 141 ft: 301 corp: 31/901b exec/s: 2500 rss: 61Mb\n"
        "Done 5001 runs in 2 second(s)\n"
        "stat::number_of_executed_units: 5001\n"
        "stat::average_exec_per_sec:     2500\n"
        "stat::peak_rss_mb:              77\n";
    struct fuzz_progress p = {0};

    fuzz_progress_read(&p, assay_str(log));
    cr_expect_eq(p.executions, 5001);
    cr_expect_eq(p.edges, 141);
    cr_expect_eq(p.features, 301);
    cr_expect_eq(p.rate, 2500);
    cr_expect_eq(p.memory_mb, 77);
}

Test(fuzz_log, afl_tells_its_progress_in_a_file)
{
    static const char stats[] = "start_time        : 1700000000\nexecs_done        : 90210\n"
                                "execs_per_sec     : 1503.50\ncorpus_count      : 44\n"
                                "edges_found       : 321\npeak_rss_mb       : 12\n"
                                "command_line      : afl-fuzz execs_done : 7\n";
    struct fuzz_progress p = {0};

    fuzz_progress_read_afl(&p, assay_str(stats));
    cr_expect_eq(p.executions, 90210);
    cr_expect_eq(p.rate, 1503);
    cr_expect_eq(p.edges, 321);
    cr_expect_eq(p.memory_mb, 12);
}

static const char *const hostile[] = {
    "",
    "\n\n\n",
    "#",
    "#99999999999999999999999999\tNEW cov: 99999999999999999999999 ft:",
    "#\tcov: -1 ft: x exec/s: rss: ",
    "stat::number_of_executed_units: \xff\xfe",
    "    #0 in in in in",
    ": does not hold: ",
    "ERROR: ",
};

Test(fuzz_log, a_hostile_log_changes_nothing_and_reads_no_further)
{
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        /* an allocation of its own, so that a sanitizer sees where the log ends */
        size_t len = strlen(hostile[i]);
        char *copy = malloc(len + 1);
        struct fuzz_progress p = {0};
        struct fuzz_failure f;

        cr_assert_not_null(copy);
        memcpy(copy, hostile[i], len);
        fuzz_progress_read(&p, assay_bytes_of(copy, len));
        fuzz_progress_read_afl(&p, assay_bytes_of(copy, len));
        fuzz_failure_read(&f, assay_bytes_of(copy, len));
        cr_expect_eq(p.executions + p.edges + p.features + p.rate + p.memory_mb, 0, "log %zu", i);
        free(copy);
    }
}

#define STACK                                                                                      \
    "    #0 0x55 in __sanitizer_print_stack_trace (/b/fuzz-json+0xe9) (BuildId: d6)\n"             \
    "    #1 0x7f in abort stdlib/./stdlib/abort.c:79:7\n"                                          \
    "    #2 0x56 in parse_string /home/a/tree/ref/base/json.c:101:5\n"                             \
    "    #3 0x57 in parse_value /home/a/tree/ref/base/json.c:201:9\n"                              \
    "    #4 0x58 in LLVMFuzzerTestOneInput /home/a/tree/fuzz/json.c:30:3\n"                        \
    "    #5 0x59 in main (/b/fuzz-json+0x5c)\n"

static const struct {
    const char *name, *log;
    enum fuzz_kind kind;
    const char *key;
} failures[] = {
    {"a claim, though a signal follows",
     "fuzz/json.c:12: does not hold: a == b\n==9== ERROR: libFuzzer: deadly signal\n" STACK,
     FUZZ_ORACLE, "json.c: a == b"},
    {"memory misused",
     "==9==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x6020 at pc 0x55\n" STACK
     "allocated by thread T0 here:\n    #0 0x1 in other /x/ref/base/other.c:1\n",
     FUZZ_CRASH, "parse_string < parse_value < LLVMFuzzerTestOneInput"},
    {"undefined behaviour", "ref/base/json.c:1:2: runtime error: signed integer overflow\n" STACK,
     FUZZ_UNDEFINED, "parse_string < parse_value < LLVMFuzzerTestOneInput"},
    {"a leak",
     "==9==ERROR: LeakSanitizer: detected memory leaks\n\nDirect leak of 7 bytes:\n" STACK,
     FUZZ_LEAK, "parse_string < parse_value < LLVMFuzzerTestOneInput"},
    {"too long", "ALARM: working\n==9== ERROR: libFuzzer: timeout after 3 seconds\n" STACK,
     FUZZ_TIMEOUT, "parse_string < parse_value < LLVMFuzzerTestOneInput"},
    {"too much memory", "==9== ERROR: libFuzzer: out-of-memory (malloc(1073741824))\n" STACK,
     FUZZ_MEMORY, "parse_string < parse_value < LLVMFuzzerTestOneInput"},
    {"no symbols",
     "==77==ERROR: AddressSanitizer: SEGV on unknown address 0x000 (pc 0x55)\n"
     "    #0 0x55  (/b/fuzz-json+0xe9)\n",
     FUZZ_CRASH, "AddressSanitizer: SEGV on unknown address (pc"},
    {"nothing", "INFO: Seed: 1\n#2\tINITED cov: 1\n", FUZZ_NONE, ""},
};

Test(fuzz_log, a_failure_is_known_by_its_claim_or_by_our_innermost_functions)
{
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct fuzz_failure f;

        fuzz_failure_read(&f, assay_str(failures[i].log));
        cr_expect_eq(f.kind, failures[i].kind, "%s: %s", failures[i].name, fuzz_kind_word(f.kind));
        cr_expect_str_eq(f.key, failures[i].key, "%s", failures[i].name);
    }
}

Test(fuzz_log, a_key_is_cut_to_its_room)
{
    struct assay_buf log = ASSAY_BUF_INIT(1 << 16);
    struct fuzz_failure f;

    assay_buf_add_str(&log, "fuzz/x.c:1: does not hold: ");
    for (int i = 0; i < 1000; i++)
        assay_buf_add_str(&log, "long ");
    fuzz_failure_read(&f, assay_buf_view(&log));
    cr_expect_eq(strlen(f.key), FUZZ_KEY_BYTES - 1);
    assay_buf_fini(&log);
}

Test(fuzz_log, every_kind_is_found_again_by_its_word)
{
    for (unsigned i = 0; i < FUZZ_KIND__COUNT; i++)
        cr_expect_eq(fuzz_kind_of_word(fuzz_kind_word((enum fuzz_kind)i)), i);
    cr_expect_eq(fuzz_kind_of_word("other"), FUZZ_NONE);
    cr_expect_eq(fuzz_kind_of_word(NULL), FUZZ_NONE);
}

/* ---- the schedule ---- */

static void have_slice(struct schedule_entry *e, uint64_t most, bool is_flat)
{
    uint64_t seconds = schedule_seconds(e, most);

    e->mark += schedule_charge(e, seconds);
    e->slices++;
    e->flat_slices = is_flat ? e->flat_slices + 1 : 0;
}

Test(fuzz_schedule, slices_are_short_at_first)
{
    struct schedule_entry e = {0};

    cr_expect_eq(schedule_seconds(&e, 120), 30);
    e.slices = 1;
    cr_expect_eq(schedule_seconds(&e, 120), 60);
    e.slices = 2;
    cr_expect_eq(schedule_seconds(&e, 120), 120);
    e.slices = 0;
    cr_expect_eq(schedule_seconds(&e, 1), 1);
}

Test(fuzz_schedule, what_grows_gets_more_and_what_is_flat_is_never_left_out)
{
    struct schedule_entry e[3] = {{0}};
    uint64_t had[3] = {0};

    for (int i = 0; i < 1000; i++) {
        size_t next = schedule_next(e, 3);

        had[next]++;
        have_slice(&e[next], 120, next != 1);
    }
    cr_expect_gt(had[1], 7 * had[0], "%lu of the one that grows", (unsigned long)had[1]);
    cr_expect_gt(had[0], 90);
    cr_expect_gt(had[2], 90);
}

Test(fuzz_schedule, a_target_that_grows_again_has_its_share_again)
{
    struct schedule_entry e = {.flat_slices = 50};

    cr_expect_eq(schedule_charge(&e, 120), 120 * SCHEDULE_FLAT_MOST);
    e.flat_slices = 0;
    cr_expect_eq(schedule_charge(&e, 120), 120);
}

Test(fuzz_schedule, a_new_target_comes_first_and_does_not_catch_up_alone)
{
    struct schedule_entry e[3] = {{.mark = 5000}, {.mark = 6000}};

    e[2].mark = schedule_new_mark(e, 2);
    cr_expect_eq(e[2].mark, 5000);
    cr_expect_eq(schedule_new_mark(e, 0), 0);
    e[0].running = 1;
    cr_expect_eq(schedule_next(e, 3), 2);
}

Test(fuzz_schedule, nobody_is_next_when_all_are_paused)
{
    struct schedule_entry e[2] = {{.is_paused = true}, {.is_paused = true}};

    cr_expect_eq(schedule_next(e, 2), SIZE_MAX);
    cr_expect_eq(schedule_next(e, 0), SIZE_MAX);
    e[1].is_paused = false;
    cr_expect_eq(schedule_next(e, 2), 1);
}
