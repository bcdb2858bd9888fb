/* Counters that workers share: what runs, what callers ask for, and what a dead worker leaves. */
#include "server/admission.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 4, DEATHS = 50 };

static struct ref_admission *admission;

static void set_up(void)
{
    cr_assert_eq(ref_admission_new(&admission, 3, AT_ONCE, NULL), ASSAY_OK);
}

static void tear_down(void)
{
    ref_admission_free(admission);
}

TestSuite(admission, .init = set_up, .fini = tear_down, .timeout = 120);

static struct ref_admission_counts enter(struct ref_admission_place *place, unsigned worker,
                                         const char *caller, int64_t now_ms)
{
    struct ref_admission_counts counts = {0};

    cr_assert(ref_admission_enter(place, &counts, admission, worker, caller, now_ms));
    return counts;
}

Test(admission, counts_what_runs_of_all_and_of_a_caller_over_all_workers)
{
    struct ref_admission_place places[4];
    struct ref_admission_counts c;

    c = enter(&places[0], 0, "alice", 0);
    cr_expect(c.running == 1 && c.caller_running == 1 && c.caller_requests == 1);
    c = enter(&places[1], 1, "bob", 0);
    cr_expect(c.running == 2 && c.caller_running == 1 && c.caller_requests == 1);
    c = enter(&places[2], 2, "alice", 0);
    cr_expect(c.running == 3 && c.caller_running == 2 && c.caller_requests == 2);
    ref_admission_leave(&places[0]);
    c = enter(&places[3], 2, "alice", 0);
    cr_expect(c.running == 3 && c.caller_running == 2 && c.caller_requests == 3);
}

Test(admission, counts_what_runs_of_a_scope_once_it_is_known)
{
    struct ref_admission_place a, b, other;

    (void)enter(&a, 0, "x", 0);
    (void)enter(&b, 1, "x", 0);
    (void)enter(&other, 1, "x", 0);
    cr_expect_eq(ref_admission_scope(&a, "payment"), 1);
    cr_expect_eq(ref_admission_scope(&other, "another"), 1);
    cr_expect_eq(ref_admission_scope(&b, "payment"), 2);
    ref_admission_leave(&a);
    cr_expect_eq(ref_admission_scope(&b, "payment"), 1);
}

Test(admission, gives_a_worker_no_more_places_than_it_has)
{
    struct ref_admission_place place;
    struct ref_admission_counts counts;

    for (int i = 0; i < AT_ONCE; i++)
        (void)enter(&place, 1, "x", 0);
    cr_expect_not(ref_admission_enter(&place, &counts, admission, 1, "x", 0));
    cr_expect_eq(enter(&place, 2, "x", 0).running, AT_ONCE + 1);
}

Test(admission, begins_a_callers_window_anew_when_it_is_over)
{
    static const struct {
        const char *name;
        int64_t now_ms;
        uint32_t requests;
    } rows[] = {
        {"the first", 1000, 1},
        {"at once", 1000, 2},
        {"at its end", 1000 + REF_ADMISSION_WINDOW_MS - 1, 3},
        {"over", 1000 + REF_ADMISSION_WINDOW_MS, 1},
        {"of the new one", 1000 + REF_ADMISSION_WINDOW_MS, 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref_admission_place place;

        cr_expect_eq(enter(&place, 0, "x", rows[i].now_ms).caller_requests, rows[i].requests, "%s",
                     rows[i].name);
        ref_admission_leave(&place);
    }
}

static uint32_t requests_of(unsigned caller, int64_t now_ms)
{
    struct ref_admission_place place;
    char name[16];
    uint32_t requests;

    (void)snprintf(name, sizeof(name), "%u", caller);
    requests = enter(&place, 0, name, now_ms).caller_requests;
    ref_admission_leave(&place);
    return requests;
}

Test(admission, forgets_the_caller_that_was_idle_for_longest)
{
    for (unsigned i = 0; i < REF_ADMISSION_CALLERS_MAX; i++)
        cr_assert_eq(requests_of(i, i), 1);
    cr_expect_eq(requests_of(0, REF_ADMISSION_CALLERS_MAX), 2, "there was room for all");
    cr_expect_eq(requests_of(REF_ADMISSION_CALLERS_MAX, REF_ADMISSION_CALLERS_MAX), 1);
    cr_expect_eq(requests_of(0, REF_ADMISSION_CALLERS_MAX), 3, "not idle");
    cr_expect_eq(requests_of(1, REF_ADMISSION_CALLERS_MAX), 1, "forgotten");
}

Test(admission, forgets_what_a_dead_worker_has_left)
{
    struct ref_admission_place place;
    pid_t child = fork();

    if (child == 0) {
        (void)enter(&place, 1, "x", 0);
        (void)enter(&place, 1, "x", 0);
        _exit(0);
    }
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_expect_eq(enter(&place, 0, "x", 0).running, 3, "it is not known to be dead");
    ref_admission_forget(admission, 1);
    cr_expect_eq(enter(&place, 0, "x", 0).running, 2);
}

/* Wherever a worker is killed, in the midst of a change too, the others go on. */
Test(admission, outlives_whoever_dies_with_its_lock)
{
    for (int i = 0; i < DEATHS; i++) {
        struct ref_admission_place place;
        int said[2];
        char byte;
        pid_t child;

        cr_assert_eq(pipe(said), 0);
        child = fork();
        if (child == 0) {
            (void)!write(said[1], "x", 1);
            for (;;) {
                (void)enter(&place, 1, "x", 0);
                ref_admission_leave(&place);
            }
        }
        cr_assert_eq(read(said[0], &byte, 1), 1);
        (void)enter(&place, 0, "x", 0);
        cr_assert_eq(kill(child, SIGKILL), 0);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        ref_admission_leave(&place);
        ref_admission_forget(admission, 1);
        (void)close(said[0]);
        (void)close(said[1]);
        cr_assert_eq(enter(&place, 0, "x", 0).running, 1, "round %d", i);
        ref_admission_leave(&place);
    }
}
