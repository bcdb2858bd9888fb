/* Judging a bundle of live evidence asks nothing of the system but memory: no file is opened, no
 * connection made, no process started. */
#include "ref/tests/evidence_world.h"

#include <criterion/criterion.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOW(call)                                                                                \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Everything else ends the process. */
static bool allow_memory_alone(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_brk),
        ALLOW(SYS_mmap),
        ALLOW(SYS_munmap),
        ALLOW(SYS_mremap),
        ALLOW(SYS_madvise),
        ALLOW(SYS_mprotect),
        ALLOW(SYS_futex),
        ALLOW(SYS_sched_yield), /* this one and the next: of the sanitizers */
        ALLOW(SYS_sigaltstack),
        ALLOW(SYS_exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog program = {.len = ARRAY_LEN(filter), .filter = filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Not _exit, behind which a build for coverage writes its counts. */
static void leave(int status)
{
    (void)syscall(SYS_exit_group, status);
}

/* Judges it in a process that may do nothing else; the exit status is the rule. */
static int judged_alone(struct assay_bytes text)
{
    pid_t child = fork();
    int state = 0;

    cr_assert_geq(child, 0);
    if (child == 0) {
        const struct kx_bundle_policy policy = KX_BUNDLE_POLICY_INIT;
        struct assay_arena arena = ASSAY_ARENA_INIT(KX_BUNDLE_ARENA_BYTES);
        struct kx_bundle_summary summary;
        struct assay_err err = {0};

        if (!allow_memory_alone())
            leave(200);
        leave((int)kx_bundle_judge(&summary, &arena, text, &policy, &err));
    }
    cr_assert_eq(waitpid(child, &state, 0), child);
    cr_assert(WIFEXITED(state), "it ended by signal %d: a call that judging does not need",
              WTERMSIG(state));
    return WEXITSTATUS(state);
}

static void expect_alone(json_t *bundle, enum kx_bundle_rule rule)
{
    char *text = json_dumps(bundle, JSON_COMPACT);

    cr_assert_not_null(text);
    cr_expect_eq(judged_alone(assay_str(text)), (int)rule);
    free(text);
    json_decref(bundle);
}

Test(kx_evidence_calls, of_a_right_bundle_are_none)
{
    expect_alone(evidence_world_bundle(), KX_BUNDLE_OK);
}

Test(kx_evidence_calls, of_a_wrong_bundle_are_none)
{
    json_t *bundle = evidence_world_bundle();

    evidence_world_set(bundle, "network", "\"kaspa:mainnet\"");
    expect_alone(bundle, KX_BUNDLE_NETWORK);
}

/* That the filter is one: what opens a file is ended. */
Test(kx_evidence_calls, would_be_seen)
{
    pid_t child = fork();
    int state = 0;

    cr_assert_geq(child, 0);
    if (child == 0) {
        if (!allow_memory_alone())
            leave(200);
        (void)syscall(SYS_openat, -100, "/dev/null", 0, 0);
        leave(0);
    }
    cr_assert_eq(waitpid(child, &state, 0), child);
    cr_expect(WIFSIGNALED(state) && WTERMSIG(state) == SIGSYS);
}
