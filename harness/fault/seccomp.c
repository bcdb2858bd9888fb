/* The filter of the supervisor and the handing over of its listener (fault/seccomp.h). */
#include "fault/seccomp.h"
#include "fault/supervisor.h"
#include "fault/tree.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#else
#define NATIVE_ARCH 0u
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { HANDOVER_DEADLINE_MS = 10000, HANDOVER_STEP_MS = 50 };

/* Both words are waited on as futexes. */
struct seccomp_page {
    _Atomic uint32_t offer; /* by the child: descriptor + 1, or 0x80000000 + errno */
    _Atomic uint32_t
        taken; /* by the parent: the pid of the child whose listener it took or refused */
};
#define OFFER_FAILED 0x80000000u

static const struct {
    int nr;
    unsigned kind;
} calls[] = {
    {SYS_fsync, SUPERVISOR_SYNC},
    {SYS_fdatasync, SUPERVISOR_SYNC},
    {SYS_sync_file_range, SUPERVISOR_SYNC},
    {SYS_msync, SUPERVISOR_SYNC},
    {SYS_sync, SUPERVISOR_SYNC},
    {SYS_syncfs, SUPERVISOR_SYNC},
#ifdef SYS_rename
    {SYS_rename, SUPERVISOR_RENAME},
#endif
#ifdef SYS_renameat
    {SYS_renameat, SUPERVISOR_RENAME},
#endif
    {SYS_renameat2, SUPERVISOR_RENAME},
#ifdef SYS_unlink
    {SYS_unlink, SUPERVISOR_RENAME},
#endif
    {SYS_unlinkat, SUPERVISOR_RENAME},
    {SYS_write, SECCOMP_GATE_BY_DESCRIPTOR},
    {SYS_writev, SECCOMP_GATE_BY_DESCRIPTOR},
    {SYS_pwrite64, SECCOMP_GATE_BY_DESCRIPTOR},
    {SYS_pwritev, SECCOMP_GATE_BY_DESCRIPTOR},
    {SYS_pwritev2, SECCOMP_GATE_BY_DESCRIPTOR},
    {SYS_ftruncate, SECCOMP_GATE_BY_DESCRIPTOR},
    {SYS_sendfile, SECCOMP_GATE_BY_DESCRIPTOR},
    {SYS_sendto, SUPERVISOR_SEND},
    {SYS_sendmsg, SUPERVISOR_SEND},
    {SYS_sendmmsg, SUPERVISOR_SEND},
};

unsigned seccomp_gate_kind(int nr)
{
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        if (calls[i].nr == nr)
            return calls[i].kind;
    }
    return 0;
}

static void emit(struct seccomp_gate *gate, struct sock_filter instruction)
{
    gate->filter[gate->filter_len++] = instruction;
}

/* If the accumulator equals `value`, the filter ends with `verdict`. */
static void emit_case(struct seccomp_gate *gate, unsigned value, unsigned verdict)
{
    emit(gate, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    emit(gate, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

static void write_filter(struct seccomp_gate *gate)
{
    _Static_assert(2 * ARRAY_LEN(calls) + 8 <= SECCOMP_GATE_FILTER_MAX, "the filter has room");
    unsigned arch = (unsigned)offsetof(struct seccomp_data, arch);
    unsigned nr = (unsigned)offsetof(struct seccomp_data, nr);

    emit(gate, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arch));
    emit(gate, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0));
    emit(gate, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    emit(gate, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, nr));
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        emit_case(gate, (unsigned)calls[i].nr, SECCOMP_RET_USER_NOTIF);
    emit_case(gate, SYS_io_uring_setup, SECCOMP_RET_ERRNO | ENOSYS);
    emit(gate, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

enum assay_code seccomp_gate_init(struct seccomp_gate *gate, struct assay_err *err)
{
    struct seccomp_notif_sizes sizes;
    void *page;

    if (NATIVE_ARCH == 0u)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "supervisor: not written for this processor (x86-64, arm64, riscv64)");
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "supervisor: no seccomp user notification here: %s (needs Linux 5.8)",
                          strerror(errno));
    if (sizes.seccomp_notif > sizeof(union seccomp_space) ||
        sizes.seccomp_notif_resp > sizeof(union seccomp_space))
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "supervisor: this kernel's notifications are larger than foreseen");
    page =
        mmap(NULL, sizeof(*gate->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "supervisor: mmap: %s", strerror(errno));
    gate->page = page;
    gate->filter_len = 0;
    write_filter(gate);
    return ASSAY_OK;
}

void seccomp_gate_fini(struct seccomp_gate *gate)
{
    if (gate->page != NULL)
        (void)munmap(gate->page, sizeof(*gate->page));
    gate->page = NULL;
}

static void futex_wait(_Atomic uint32_t *word, uint32_t while_equal, const struct timespec *limit)
{
    (void)syscall(SYS_futex, word, FUTEX_WAIT, while_equal, limit, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* A notification, once received, is then ended by a fatal signal only; without that (before
 * Linux 5.19) a program that handles signals may be seen making one call twice. */
static long install(struct seccomp_gate *gate)
{
    struct sock_fprog program = {.len = gate->filter_len, .filter = gate->filter};
    unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    long fd;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                 flags | (unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
    if (fd < 0 && errno == EINVAL)
        fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return fd;
}

int seccomp_gate_enter(struct seccomp_gate *gate)
{
    uint32_t self = (uint32_t)getpid();
    long fd = install(gate);
    int failed = fd < 0 ? errno : 0;
    uint32_t taken;

    atomic_store(&gate->page->offer, fd < 0 ? OFFER_FAILED + (uint32_t)failed : (uint32_t)fd + 1);
    futex_wake(&gate->page->offer);
    if (fd < 0)
        return failed;
    while ((taken = atomic_load(&gate->page->taken)) != self)
        futex_wait(&gate->page->taken, taken, NULL);
    (void)close((int)fd);
    return 0;
}

static bool has_ended(pid_t child)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child;
}

static enum assay_code take_from(pid_t child, uint32_t offer, int *listener, struct assay_err *err)
{
    int pidfd, fd, failed;

    if (offer >= OFFER_FAILED)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "supervisor: the system refuses a seccomp listener: %s",
                          strerror((int)(offer - OFFER_FAILED)));
    pidfd = pidfd_open(child, 0);
    fd = pidfd < 0 ? -1 : pidfd_getfd(pidfd, (int)offer - 1, 0);
    failed = errno;
    if (pidfd >= 0)
        (void)close(pidfd);
    if (fd < 0)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "supervisor: the listener cannot be taken from the child: %s (in a "
                          "container, allow pidfd_getfd or add CAP_SYS_PTRACE)",
                          strerror(failed));
    *listener = fd;
    return ASSAY_OK;
}

enum assay_code seccomp_gate_take(struct seccomp_gate *gate, pid_t child, int *listener,
                                  struct assay_err *err)
{
    const struct timespec step = {.tv_nsec = HANDOVER_STEP_MS * 1000000L};
    int64_t deadline_ns = monotonic_ns() + (int64_t)HANDOVER_DEADLINE_MS * 1000000;
    enum assay_code rc;
    uint32_t offer;

    while ((offer = atomic_load(&gate->page->offer)) == 0) {
        if (has_ended(child))
            return assay_fail(err, ASSAY_E_CRASHED, 0,
                              "supervisor: the child ended before it was "
                              "under supervision");
        if (milliseconds_until(deadline_ns) == 0)
            return assay_fail(err, ASSAY_E_TIMEOUT, 0, "supervisor: the child offers no listener");
        futex_wait(&gate->page->offer, 0, &step);
    }
    rc = take_from(child, offer, listener, err);
    atomic_store(&gate->page->offer, 0);
    if (rc == ASSAY_OK) {
        atomic_store(&gate->page->taken, (uint32_t)child);
        futex_wake(&gate->page->taken);
    }
    return rc;
}
