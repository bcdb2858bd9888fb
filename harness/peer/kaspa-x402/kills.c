/* Kills of a server and troubles of its disk; see kills.h. */
#include "peer/kaspa-x402/kills.h"

#include <inttypes.h>

const struct kxp_kill kxp_kills[KXP_KILLS] = {
    {"a sync", SUPERVISOR_SYNC, false},
    {"a send", SUPERVISOR_SEND, false},
    {"a write to the store once the handler runs", SUPERVISOR_WRITE, true},
};

static void release(void *supervisor)
{
    supervisor_behave(supervisor, NULL);
}

struct supervisor *kxp_supervisor(struct assay_case *t)
{
    struct supervisor *supervisor = instance_supervisor(case_instance(t));

    case_defer(t, release, supervisor);
    return supervisor;
}

void kxp_end_unless_writes_are_seen(struct assay_case *t)
{
    if (supervisor_seen(instance_supervisor(case_instance(t)),
                        SUPERVISOR_SYNC | SUPERVISOR_WRITE) == 0)
        case_end(
            t, VERDICT_UNSUPPORTED,
            "its store is not in its processes: it wrote and synced no file for a payment that "
            "it served, so that its writes can be neither counted nor failed");
}

void kxp_restart(struct assay_case *t)
{
    struct assay_err err = {0};

    if (instance_restart(case_instance(t), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target did not start again: %s", err.text);
}

bool kxp_dies_before(struct assay_case *t, const struct kxp_kill *kill, uint64_t n,
                     struct peer_want want, const struct kxp_payment *paid)
{
    struct supervisor *supervisor = instance_supervisor(case_instance(t));
    const char *label = case_printf(t, "killed before call %" PRIu64, n);
    struct peer_pending *held;
    bool died;

    if (kill->calls == SUPERVISOR_WRITE && case_target(t)->store_paths.count == 0)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the target file names no store paths (`store.paths`): writes there are not seen");
    held = kill->handler_runs ? kxp_send_held(t, label, want, paid) : NULL;
    supervisor_behave(supervisor,
                      &(struct supervisor_rule){.calls = kill->calls, .kill_before = n});
    (void)(held != NULL ? peer_finish(t, held) : kxp_send(t, label, want, paid));
    died = supervisor_killed(supervisor);
    if (!died && n == 1 && supervisor_seen(supervisor, kill->calls) == 0)
        kxp_end_unless_writes_are_seen(t);
    supervisor_behave(supervisor, NULL);
    return died;
}
