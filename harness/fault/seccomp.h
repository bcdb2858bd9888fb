/** The seccomp side of the supervisor: which system calls are notified, and how the listener gets
 *  from the child to its parent. Internal to fault/supervisor.c.
 *
 *  The listener goes over a shared page and pidfd_getfd, since the child's sends are filtered by
 *  then. */
#ifndef FAULT_SECCOMP_H
#define FAULT_SECCOMP_H

#include "base/err.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/types.h>

#define SECCOMP_GATE_BY_DESCRIPTOR                                                                 \
    0x100u /**< kind of a call that its first argument, a descriptor, decides */
#define SECCOMP_GATE_FILTER_MAX 96

struct seccomp_page;

struct seccomp_gate {
    struct seccomp_page *page; /**< shared with the children; NULL before _init */
    struct sock_filter filter[SECCOMP_GATE_FILTER_MAX];
    unsigned short filter_len;
};

/** Large enough for what kernels to come put behind the known fields; checked by _init. */
union seccomp_space {
    struct seccomp_notif notification;
    struct seccomp_notif_resp response;
    unsigned char room[512];
};

/** UNSUPPORTED: this kernel has no user notification, or its structures are larger than the above.
 */
enum assay_code seccomp_gate_init(struct seccomp_gate *gate, struct assay_err *err) ASSAY_MUST_USE;
void seccomp_gate_fini(struct seccomp_gate *gate);
/** SUPERVISOR_* kind of a system call number, SECCOMP_GATE_BY_DESCRIPTOR, or 0. */
unsigned seccomp_gate_kind(int nr);

/** In the child: async-signal-safe; 0 or an errno value. */
int seccomp_gate_enter(struct seccomp_gate *gate);
/** In the parent. CRASHED: the child has ended; UNSUPPORTED: it got no listener, or we may not take
 *  it; TIMEOUT. */
enum assay_code seccomp_gate_take(struct seccomp_gate *gate, pid_t child, int *listener,
                                  struct assay_err *err) ASSAY_MUST_USE;

#endif
