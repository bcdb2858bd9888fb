/* Threats exact-replay and store-durable: one payment after the other, at once, after a restart and
 * at another worker. Where a server relies on its facilitator's memory, it is so reported; what it
 * remembers itself it has to keep. */
#include "peer/x402/peer.h"

enum { COPIES = 16, CACHE_MS = 130000, STOP_MS = 10000 };

static void restart(struct assay_case *t)
{
    struct assay_err err = {0};

    if (instance_restart(case_instance(t), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target did not start again: %s", err.text);
}

static const struct peer_answer *bought(struct assay_case *t, struct peer_want want,
                                        const struct x4p_payment *paid)
{
    const struct peer_answer *first = x4p_send_until_known(t, "first use", want, paid);

    expect_delivered(t, first, paid);
    return first;
}

/* ---- in sequence ---- */

SCENARIO(settled_payment_buys_nothing_more,
         .title = "A payment that was settled buys nothing more from a server whose facilitator "
                  "settles once",
         .threat = "exact-replay", .rule = "replay.once", .ideas = "X-29",
         .catches = DEFECTS("x402.identifier.reruns"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first = bought(t, want, paid);

    expect_nothing_more(t, x4p_send(t, "again", want, paid), first);
}

static const struct x4p_payment *as_it_was(struct assay_case *t, const struct x4p_payment *paid)
{
    (void)t;
    return paid;
}

static const struct x4p_payment *in_a_new_envelope(struct assay_case *t,
                                                   const struct x4p_payment *paid)
{
    return x4p_reused(t, x4p_given_offer(t, paid->offer->want), paid);
}

static const struct x4p_payment *with_more_in_it(struct assay_case *t,
                                                 const struct x4p_payment *paid)
{
    return x4p_with(t, in_a_new_envelope(t, paid), "payload.assay", "\"more\"");
}

static const struct retelling {
    const char *name;
    const struct x4p_payment *(*retell)(struct assay_case *t, const struct x4p_payment *paid);
} retellings[] = {
    {"as it was", as_it_was},
    {"in a new envelope", in_a_new_envelope},
    {"with more in its payload", with_more_in_it},
};

SCENARIO(memory_is_the_servers_own,
         .title = "A payment that was settled buys nothing more by the server's own memory, where "
                  "the facilitator would settle it again",
         .threat = "exact-replay", .rule = "replay.memory", .ideas = "X-30",
         .catches = DEFECTS("facilitator.memory_of_facilitator"), .needs = X4P_PAY,
         TABLE(retellings))
{
    const struct retelling *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first;

    x4p_facilitator_settles(t, FACILITATOR_EVERY_TIME);
    first = bought(t, want, paid);
    expect_nothing_more(t, x4p_send(t, row->name, want, row->retell(t, paid)), first);
}

/* ---- at once ---- */

/* One of the copies has it, or the identical request behind them. */
static void expect_somebody_served(struct assay_case *t, struct peer_want want,
                                   const struct x4p_payment *paid,
                                   const struct peer_answer *const *answers)
{
    if (x4p_count_served(answers, COPIES) == 0)
        expect_settled_once(t, x4p_send_until_known(t, "once more", want, paid), paid, answers[0]);
}

SCENARIO(copies_at_once_run_once,
         .title = "Of 16 copies of one payment that are all verified before one is settled, one "
                  "runs the handler, and the payer gets its answer",
         .threat = "exact-replay", .rule = "handler.once", .ideas = "X-31",
         .catches = DEFECTS("facilitator.handler_each"), .races = true,
         .needs = X4P_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *const *answers =
        x4p_copies_held(t, "copy", want, paid, COPIES, FACILITATOR_VERIFY);

    case_observe(t, "copies of one payment at once", "%zu of %d are served",
                 x4p_count_served(answers, COPIES), COPIES);
    expect_one_run(t, answers, COPIES);
    expect_somebody_served(t, want, paid, answers);
}

SCENARIO(verified_copies_run_once,
         .title = "Of 16 copies of one payment that are all verified before one is settled, one "
                  "runs the handler, where the facilitator also settles all of them",
         .threat = "exact-replay", .rule = "replay.race", .ideas = "X-32",
         .catches = DEFECTS("facilitator.verify_race"), .races = true, .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x4p_calls before = x4p_calls(t);
    const struct peer_answer *const *answers;

    x4p_facilitator_settles(t, FACILITATOR_SAME_ANSWER);
    answers = x4p_copies_held(t, "copy", want, paid, COPIES, FACILITATOR_VERIFY);
    case_observe(t, "verified copies of one payment",
                 "its settlement is asked for %llu times, for %d copies",
                 (unsigned long long)(x4p_calls(t).settle - before.settle), COPIES);
    expect_one_run(t, answers, COPIES);
    expect_somebody_served(t, want, paid, answers);
}

/* ---- elsewhere and later ---- */

static void given_it_is_not_sold(struct assay_case *t, const struct peer_answer *again)
{
    uint64_t settled = peer_moves(t) - again->before.moves;

    if (x4p_is_served(again) && settled > 0)
        case_end(t, VERDICT_UNSUPPORTED,
                 "it relies on its facilitator's memory: there is none of its own to be lost");
}

/* Whoever sells again at once relies on its facilitator (replay.memory), and has nothing that it
 * could forget. */
static void given_memory(struct assay_case *t, struct peer_want want,
                         const struct x4p_payment *paid)
{
    given_it_is_not_sold(t, x4p_send(t, "again at once", want, paid));
    given_it_is_not_sold(
        t, x4p_send(t, "again at once, in a new envelope", want, in_a_new_envelope(t, paid)));
}

/* As it was, and for an offer of its own: the address of another instance is another resource, for
 * which the first may be refused without being known. */
static void expect_it_is_known(struct assay_case *t, struct instance *instance,
                               struct peer_want want, const struct x4p_payment *paid,
                               const struct peer_answer *first)
{
    const struct x4p_offer *offer;
    const char *fault = "";

    expect_nothing_more(t, peer_send_to(t, instance, "there", want, x4p_headers(paid)), first);
    offer = x4p_offer_of(t, want, peer_send_to(t, instance, "ask there", want, x4p_headers(NULL)),
                         &fault);
    if (offer == NULL)
        case_end(t, VERDICT_BROKEN, "nothing is offered there: %s", fault);
    expect_nothing_more(t,
                        peer_send_to(t, instance, "there, in a new envelope", want,
                                     x4p_headers(x4p_reused(t, offer, paid))),
                        first);
}

static void stop(struct assay_case *t)
{
    struct assay_err err = {0};

    if (instance_stop(case_instance(t), STOP_MS, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target could not be stopped: %s", err.text);
}

static void kill_it(struct assay_case *t)
{
    instance_kill(case_instance(t));
}

static const struct ending {
    const char *name;
    void (*end)(struct assay_case *t);
} endings[] = {{"stopped", stop}, {"killed", kill_it}};

SCENARIO(restart_does_not_forget,
         .title = "A payment that a server remembers buys nothing after a restart, where the "
                  "facilitator would settle it again",
         .threat = "store-durable", .rule = "replay.durable", .ideas = "X-33",
         .catches = DEFECTS("x402.replay.memory_only"), .needs = X4P_PAY | NEED_LAUNCH,
         .fresh = true, TABLE(endings))
{
    const struct ending *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first;

    x4p_facilitator_settles(t, FACILITATOR_EVERY_TIME);
    first = bought(t, want, paid);
    given_memory(t, want, paid);
    row->end(t);
    restart(t);
    expect_it_is_known(t, case_instance(t), want, paid, first);
}

SCENARIO(another_worker_knows_it,
         .title = "A payment that one worker remembers buys nothing from another, where the "
                  "facilitator would settle it again",
         .threat = "store-durable", .rule = "replay.durable", .ideas = "X-33",
         .catches = DEFECTS("x402.replay.per_worker", "x402.replay.memory_only"),
         .needs = X4P_PAY | NEED_SECOND)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct instance *second = case_second_instance(t);
    const struct peer_answer *first;

    x4p_facilitator_settles(t, FACILITATOR_EVERY_TIME);
    first = bought(t, want, paid);
    given_memory(t, want, paid);
    expect_it_is_known(t, second, want, paid, first);
}

SCENARIO(memory_outlives_caches,
         .title = "A payment that was settled buys nothing 130 seconds later, when facilitators "
                  "that remember for a while have forgotten it",
         .threat = "store-durable", .rule = "replay.memory", .ideas = "X-33",
         .catches = DEFECTS("facilitator.memory_of_facilitator"), .needs = X4P_PAY | NEED_CLOCK)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first = bought(t, want, paid);

    x4p_facilitator_judges(t, false); /* its times are over, and it does not look */
    facilitator_forget(x4p_facilitator(t));
    case_shift_clock(t, CACHE_MS);
    expect_nothing_more(t, x4p_send(t, "later", want, paid), first);
}
