/* Threat store-durable: what was spent is forgotten. A spent proof stays spent when the server is
 * stopped, is killed, or has a second worker; a target that says `persistent: false` is not judged
 * by it, and its residual risk is told. */
#include "peer/paid-tools/peer.h"

enum { STOP_MS = 10000 };

static void given_restart(struct assay_case *t, bool kill)
{
    struct instance *instance = case_instance(t);
    struct assay_err err = {0};

    if (kill)
        instance_kill(instance);
    else if (instance_stop(instance, STOP_MS, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target could not be stopped: %s", err.text);
    if (instance_restart(instance, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target could not be started again: %s", err.text);
}

/* A replay that came through where the target promises nothing is told, not judged. */
static void expect_remembered(struct assay_case *t, const struct peer_answer *replay)
{
    if (!case_target(t)->persistent)
        case_end(t, VERDICT_SKIPPED,
                 "the target file says `persistent: false`. Residual risk: the replay was answered "
                 "with %d%s",
                 peer_status(replay),
                 pt_is_granted(t, replay)
                     ? ", so whoever can make the server restart is served twice"
                     : "");
    expect_refused(t, replay);
}

static const struct ending {
    const char *name;
    bool kill;
} endings[] = {
    {"stopped", false},
    {"killed", true},
};

SCENARIO(spent_proof_stays_spent_after_a_restart,
         .title = "A spent proof buys nothing after a restart", .threat = "store-durable",
         .rule = "NS-4", .ideas = "T1-08",
         .catches = DEFECTS("store.memory_only", "nonce.unrecorded"),
         .needs = PT_SECRET | NEED_LAUNCH, .fresh = true, TABLE(endings))
{
    const struct ending *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with paid = {.proof = given_paid(t, want)};

    expect_granted(t, pt_send(t, "first use", want, paid));
    given_restart(t, row->kill);
    expect_remembered(t, pt_send(t, "after the restart", want, paid));
}

SCENARIO(spent_proof_is_spent_at_a_second_server,
         .title = "A proof spent at one server buys nothing at another with the same store",
         .threat = "store-durable", .rule = "NS-1", .ideas = "T1-09",
         .catches = DEFECTS("store.memory_only"), .needs = PT_SECRET | NEED_SECOND)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct instance *second = case_second_instance(t);
    const char *paid = given_paid(t, want), *fresh = given_paid(t, want);

    expect_granted(t, pt_send(t, "first use", want, (struct pt_with){.proof = paid}));
    expect_remembered(
        t, pt_send_to(t, second, "at the second server", want, (struct pt_with){.proof = paid}));
    expect_granted(
        t, pt_send_to(t, second, "an unspent one there", want, (struct pt_with){.proof = fresh}));
}

/* Many at once and many in a row: which worker takes a connection is the system's choice, and one
 * of them may take all of a kind. */
enum { AT_ONCE = 32, IN_A_ROW = 96, ROUNDS = 8 };

SCENARIO(spent_proof_is_spent_at_every_worker,
         .title = "A spent proof buys nothing on any new connection, whichever worker takes it",
         .threat = "store-durable", .rule = "NS-1", .ideas = "T1-09",
         .catches = DEFECTS("store.per_worker", "nonce.unrecorded"), .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with paid = {.proof = given_paid(t, want)}, single[IN_A_ROW];

    for (size_t i = 0; i < IN_A_ROW; i++)
        single[i] = (struct pt_with){paid.proof, NULL, NULL, "Connection", "close"};
    expect_granted(t, pt_send(t, "first use", want, paid));
    expect_all_refused(t, "each on a new connection", want, single, IN_A_ROW);
    for (int round = 0; round < ROUNDS; round++)
        expect_granted_count(t, pt_copies(t, "spent", want, paid, AT_ONCE), AT_ONCE, 0);
}
