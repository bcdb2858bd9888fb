/* The moved clock, as seen by real processes: this program itself, started again under it. */
#include "base/buf.h"
#include "fault/clock.h"
#include "fault/tree.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_VARIABLE "ASSAY_TEST_CLOCK_CHILD"

static long long nanoseconds(clockid_t id)
{
    struct timespec now = {0};

    (void)clock_gettime(id, &now);
    return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A program that, for every byte it is sent, prints its three clocks. */
__attribute__((constructor)) static void be_the_child(void)
{
    char byte;

    if (getenv(CHILD_VARIABLE) == NULL)
        return;
    while (read(STDIN_FILENO, &byte, 1) == 1) {
        dprintf(STDOUT_FILENO, "%lld %lld %lld\n", nanoseconds(CLOCK_REALTIME) / 1000000,
                (long long)time(NULL), nanoseconds(CLOCK_MONOTONIC));
    }
    _exit(0);
}

static struct {
    char folder[64];
    struct fault_clock clock;
    pid_t pid;
    int ask, answers;
} child;

static void start(void)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    struct assay_err err = {0};
    const char *variables[FAULT_CLOCK_ENVIRONMENT];
    char name[] = "/proc/self/exe", mark[] = CHILD_VARIABLE "=1";
    char zone[] = "TZ=CET-1CEST,M3.5.0,M10.5.0/3";
    char *argv[] = {name, NULL};
    int to[2], from[2];
    size_t count;

    (void)snprintf(child.folder, sizeof(child.folder), "/tmp/assay-test-XXXXXX");
    cr_assert_not_null(mkdtemp(child.folder));
    if (fault_clock_library(&err) == NULL)
        cr_skip_test("%s", err.text);
    cr_assert_eq(fault_clock_init(&child.clock, child.folder, &err), ASSAY_OK, "%s", err.text);
    count = fault_clock_environment(&child.clock, variables, ARRAY_LEN(variables), &arena);
    cr_assert_eq(count, FAULT_CLOCK_ENVIRONMENT);
    cr_assert(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
    child.pid = fork();
    if (child.pid == 0) {
        for (size_t i = 0; i < count; i++)
            (void)putenv((char *)(uintptr_t)variables[i]);
        (void)putenv(mark);
        (void)putenv(zone);
        if (dup2(to[0], STDIN_FILENO) >= 0 && dup2(from[1], STDOUT_FILENO) >= 0)
            (void)execv(name, argv);
        _exit(127);
    }
    cr_assert(child.pid > 0);
    (void)close(to[0]);
    (void)close(from[1]);
    child.ask = to[1];
    child.answers = from[0];
    assay_arena_fini(&arena);
}

static void stop(void)
{
    (void)close(child.ask);
    (void)close(child.answers);
    if (child.pid > 0)
        (void)waitpid(child.pid, NULL, 0);
    fault_clock_forget(child.pid);
    (void)unlink(child.clock.control_path);
    (void)rmdir(child.folder);
}

TestSuite(clock, .init = start, .fini = stop);

struct reading {
    long long real_ms, seconds, monotonic_ns;
};

static struct reading ask(void)
{
    struct reading r = {0};
    char text[128];
    ssize_t n;

    cr_assert_eq(write(child.ask, "?", 1), 1);
    n = read(child.answers, text, sizeof(text) - 1);
    cr_assert_gt(n, 0, "the child gave no answer");
    text[n] = '\0';
    cr_assert_eq(sscanf(text, "%lld %lld %lld", &r.real_ms, &r.seconds, &r.monotonic_ns), 3);
    return r;
}

/* What the child reads lies between our own reckonings before and after. */
static void expect_agreement(const char *name)
{
    int64_t mono_before = monotonic_ns();
    int64_t before = fault_clock_now_ms(&child.clock);
    struct reading r = ask();
    int64_t after = fault_clock_now_ms(&child.clock);

    cr_expect(before - 1 <= r.real_ms && r.real_ms <= after + 1, "%s: %jd <= %lld <= %jd", name,
              (intmax_t)before, r.real_ms, (intmax_t)after);
    cr_expect(before / 1000 - 1 <= r.seconds && r.seconds <= after / 1000 + 1, "%s", name);
    cr_expect(mono_before <= r.monotonic_ns && r.monotonic_ns <= monotonic_ns(),
              "%s: the monotonic clock moved", name);
}

static const struct {
    const char *name;
    int64_t offset_ms;
} shifts[] = {
    {"none", 0},
    {"one hour on", 3600000},
    {"half a second", 500},
    {"back a bit", -250},
    {"back a day", -86400250},
    {"a millisecond", 1},
    {"ten years on", 315360000123},
    {"back to normal", 0},
};

Test(clock, moves_by_each_offset_while_the_program_runs)
{
    struct assay_err err = {0};

    expect_agreement("before any shift");
    for (size_t i = 0; i < ARRAY_LEN(shifts); i++) {
        cr_assert_eq(fault_clock_shift(&child.clock, shifts[i].offset_ms, &err), ASSAY_OK, "%s",
                     err.text);
        expect_agreement(shifts[i].name);
        expect_agreement(shifts[i].name);
    }
}

static const struct {
    const char *name;
    int64_t at_ms, stands_at_ms;
} freezes[] = {
    {"a whole second", 1700000000000, 1700000000000},
    {"milliseconds are cut", 1700000000999, 1700000000000},
    {"the epoch plus a day", 86400000, 86400000},
    {"an hour that DST skips", 1711848600000, 1711848600000},
    {"an hour DST has twice", 1729989000000, 1729989000000},
    {"the same hour again", 1729992600000, 1729992600000},
};

Test(clock, stands_still_at_a_whole_second_then_runs_again)
{
    struct assay_err err = {0};

    for (size_t i = 0; i < ARRAY_LEN(freezes); i++) {
        cr_assert_eq(fault_clock_freeze(&child.clock, freezes[i].at_ms, &err), ASSAY_OK, "%s",
                     err.text);
        cr_expect_eq(fault_clock_now_ms(&child.clock), freezes[i].stands_at_ms);
        for (int reading = 0; reading < 3; reading++) {
            struct reading r = ask();

            cr_expect_eq(r.real_ms, freezes[i].stands_at_ms, "%s: %lld", freezes[i].name,
                         r.real_ms);
            cr_expect_eq(r.seconds * 1000, freezes[i].stands_at_ms, "%s", freezes[i].name);
        }
    }
    cr_assert_eq(fault_clock_shift(&child.clock, 1000, &err), ASSAY_OK);
    cr_expect_eq(child.clock.frozen_ms, -1);
    expect_agreement("runs again");
}

Test(clock, refuses_to_stand_still_before_1970)
{
    struct assay_err err = {0};

    cr_expect_eq(fault_clock_freeze(&child.clock, -1, &err), ASSAY_E_RANGE);
    expect_agreement("still running");
}

Test(clock, says_where_the_control_file_cannot_be)
{
    struct assay_err err = {0};
    struct fault_clock clock;
    char longer[600];

    cr_expect_eq(fault_clock_init(&clock, "/nowhere/at/all", &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "/nowhere/at/all"), "%s", err.text);
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    cr_expect_eq(fault_clock_init(&clock, longer, NULL), ASSAY_E_RANGE);
}

Test(clock, leaves_nothing_in_shared_memory_for_a_killed_program)
{
    char path[64];

    (void)ask();
    (void)snprintf(path, sizeof(path), "/dev/shm/faketime_shm_%ld", (long)child.pid);
    (void)kill(child.pid, SIGKILL);
    (void)waitpid(child.pid, NULL, 0);
    fault_clock_forget(child.pid);
    child.pid = 0;
    cr_expect_neq(access(path, F_OK), 0);
}
