/* A pack of one scenario that comes to nothing, in the way that a WAY_ macro names; for
 * test_invalid.c. Without a WAY_ it registers nothing, which is one of the ways. */
#include "peer/paid-tools/peer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

extern const int assay_pack_abi;
#ifdef WAY_ABI
const int assay_pack_abi = SCENARIO_ABI + 1;
#elif !defined WAY_NO_ABI
const int assay_pack_abi = SCENARIO_ABI;
#endif

/* What every requirement here claims to be. */
#define CLAIM                                                                                      \
    .title = "It comes to nothing", .threat = "proof-replay", .rule = "NS-1",                      \
    .catches = DEFECTS("nonce.unrecorded")

#ifdef WAY_CATCHES_NOTHING
SCENARIO(pack_vacuous, .title = "It catches nothing", .threat = "proof-replay", .rule = "NS-1")
{
    expect(t, true, "nothing", "nothing");
}
#endif

#ifdef WAY_EMPTY_TABLE
static const struct {
    const char *name;
} rows[1];

SCENARIO(pack_vacuous, CLAIM, .rows = rows, .row_count = 0, .row_bytes = sizeof rows[0])
{
    expect(t, true, "nothing", "nothing");
}
#endif

#ifdef WAY_SAME_NAME
SCENARIO(spent_proof_buys_nothing, CLAIM)
{
    expect(t, true, "nothing", "nothing");
}
#endif

#ifdef WAY_BLIND
SCENARIO(pack_vacuous, CLAIM)
{
    expect(t, true, "something that always holds", "it holds");
}
#endif

#ifdef WAY_ALARMIST
SCENARIO(pack_vacuous, CLAIM)
{
    expect(t, false, "something that never holds", "it does not hold");
}
#endif

#ifdef WAY_ROWS_APART
static const struct row {
    const char *name;
    enum verdict verdict; /* how it ends; PASS: it judges */
} rows[] = {
    {"cannot be asked", VERDICT_UNSUPPORTED},
    {"judges", VERDICT_PASS},
    {"is left out", VERDICT_SKIPPED},
};

SCENARIO(pack_vacuous, CLAIM, .needs = PT_SECRET, TABLE(rows))
{
    const struct row *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    struct pt_with with = {.proof = pt_header(t, paid)};

    if (row->verdict != VERDICT_PASS)
        case_end(t, row->verdict, "not of this one");
    expect_granted(t, pt_send(t, "first", want, with));
    expect_refused(t, pt_send(t, "again", want, with));
}
#endif

#ifdef WAY_JUDGES_NOTHING
SCENARIO(pack_vacuous, CLAIM)
{
    case_note(t, "looked the other way");
}
#endif

#ifdef WAY_OBSERVES
SCENARIO(pack_vacuous, .kind = SCENARIO_OBSERVATION, .title = "It only looks",
         .threat = "proof-replay", .rule = "NS-1")
{
    case_observe(t, "weather", "fine");
}
#endif

#ifdef WAY_SKIPS
SCENARIO(pack_vacuous, CLAIM)
{
    case_end(t, VERDICT_SKIPPED, "not today");
}
#endif

#ifdef WAY_SET_UP_FAILS
SCENARIO(pack_vacuous, CLAIM)
{
    case_end(t, VERDICT_BROKEN, "the stage was not set");
}
#endif

#ifdef WAY_CRASHES
SCENARIO(pack_vacuous, CLAIM)
{
    case_note(t, "about to fall");
    if (raise(SIGSEGV) != 0 || raise(SIGKILL) != 0)
        abort();
}
#endif

#ifdef WAY_EXITS
SCENARIO(pack_vacuous, CLAIM)
{
    case_note(t, "about to leave");
    _exit(0);
}
#endif

#ifdef WAY_ENDLESS
SCENARIO(pack_vacuous, CLAIM, .deadline_ms = 500)
{
    case_note(t, "about to stay");
    for (;;)
        pause();
}
#endif

#ifdef WAY_LONG
SCENARIO(pack_vacuous, CLAIM)
{
    case_note(t, "about to stay until somebody ends it");
    for (;;)
        pause();
}
#endif

#ifdef WAY_GREEDY
SCENARIO(pack_vacuous, CLAIM)
{
    for (;;)
        (void)case_alloc(t, (size_t)16 << 20);
}
#endif

#ifdef WAY_OTHER_THREAD
static void *judge(void *t)
{
    expect((struct assay_case *)t, false, "nothing", "judged from a thread of its own");
    return NULL;
}

SCENARIO(pack_vacuous, CLAIM)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, judge, t) == 0)
        (void)pthread_join(thread, NULL);
    expect(t, true, "nothing", "nothing");
}
#endif

#ifdef WAY_CONTROL_FAILS
SCENARIO(pack_control, .kind = SCENARIO_CONTROL, .title = "A path that is not there",
         .rule = "CH-1")
{
    expect(t, false, "an open door", "a wall");
}

SCENARIO(pack_vacuous, CLAIM, .rests_on = "paid-tools/pack_control")
{
    expect(t, true, "nothing", "nothing");
}
#endif

#ifdef WAY_CONTROL_UNSUPPORTED
SCENARIO(pack_control, .kind = SCENARIO_CONTROL, .title = "A path that cannot be tried",
         .rule = "CH-1")
{
    case_end(t, VERDICT_UNSUPPORTED, "there is no such path here");
}

SCENARIO(pack_vacuous, CLAIM, .rests_on = "paid-tools/pack_control")
{
    expect(t, true, "nothing", "nothing");
}
#endif
