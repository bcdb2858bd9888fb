/* Threats handler-failure and facilitator-trust, around the handler: what failed is not settled,
 * nothing leaves before the settlement, and who hangs up is not charged for nothing. */
#include "peer/x402/peer.h"

#include <time.h>

enum { LARGE_BYTES = 200 << 10, LOOK_MS = 20 };

/* ---- a handler that fails ---- */

static const struct failure {
    const char *name;
    struct origin_rule rule;
} failures[] = {
    {"400", {.behaviour = ORIGIN_FAIL, .status = 400, .times = 1}},
    {"404", {.behaviour = ORIGIN_FAIL, .status = 404, .times = 1}},
    {"500", {.behaviour = ORIGIN_FAIL, .status = 500, .times = 1}},
    {"503", {.behaviour = ORIGIN_FAIL, .status = 503, .times = 1}},
    {"a reset", {.behaviour = ORIGIN_RESET, .times = 1}},
    {"half an answer", {.behaviour = ORIGIN_TRUNCATE, .times = 1}},
    {"half a stream", {.behaviour = ORIGIN_BREAK_OFF, .times = 1}},
};

SCENARIO(failed_handler_is_not_settled,
         .title = "A payment whose handler fails, or answers 400 and above, is not settled",
         .threat = "handler-failure", .rule = "settle.after-handler", .ideas = "X-26",
         .catches = DEFECTS("facilitator.settle_first", "facilitator.failure_settled"),
         .needs = X4P_PAY | NEED_ORIGIN, TABLE(failures))
{
    const struct failure *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x4p_calls before = x4p_calls(t);
    const struct peer_answer *answer;

    origin_behave(case_origin(t), &row->rule);
    answer = x4p_send(t, row->name, want, paid);
    case_observe(t, row->name, "it is answered with %d", peer_status(answer));
    expect(t, !x4p_is_served(answer), "no success for a handler that failed", "%s",
           peer_seen(t, answer));
    expect_calls(t, before, X4P_ANY, 0);
}

SCENARIO(handler_that_hangs_is_not_settled,
         .title = "While a handler has not answered its payment is not settled, and an answer "
                  "that comes after all is delivered",
         .threat = "handler-failure", .rule = "settle.after-handler", .ideas = "X-27",
         .catches = DEFECTS("facilitator.settle_first"), .needs = X4P_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x4p_calls before = x4p_calls(t);
    struct peer_pending *pending = peer_send_held(t, "hangs", want, x4p_headers(paid));
    const struct peer_answer *answer;

    expect_calls(t, before, X4P_ANY, 0);
    answer = peer_finish(t, pending);
    if (x4p_is_served(answer))
        expect_delivered(t, answer, paid);
    else /* it has given the handler up meanwhile */
        expect_calls(t, before, X4P_ANY, 0);
}

/* ---- before it is settled ---- */

static const struct work {
    const char *name, *endpoint;
    struct origin_rule rule;
} works[] = {
    {"a small answer", "paid_get", {.behaviour = ORIGIN_ANSWER}},
    {"a large answer",
     "paid_get",
     {.behaviour = ORIGIN_LARGE, .large_bytes = LARGE_BYTES, .times = 1}},
    {"an answer that begins before its work is done",
     "stream",
     {.behaviour = ORIGIN_STREAM, .times = 1}},
};

/* A target that names no endpoint of that name has handlers that pass on what the origin streams,
 * or wait for its end. */
static struct peer_want work_endpoint(struct assay_case *t, const struct work *row)
{
    return peer_endpoint(t, target_endpoint(case_target(t), row->endpoint) != NULL ? row->endpoint
                                                                                   : "paid_get");
}

static int64_t steady_ns(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Until the settlement is asked for, or the answer has come without it. What the origin has begun
 * and holds goes on a moment later. */
static bool is_settling(struct assay_case *t, const struct peer_pending *pending, uint64_t count)
{
    struct facilitator *f = x4p_facilitator(t);
    int left_ms = case_patience_ms(t);

    while (!facilitator_await(f, FACILITATOR_SETTLE, count, LOOK_MS)) {
        origin_release(case_origin(t));
        left_ms -= LOOK_MS;
        if (peer_is_answered(pending) || left_ms <= 0)
            return false;
    }
    return true;
}

static void let_go(void *facilitator)
{
    facilitator_behave(facilitator, &(struct facilitator_behaviour){.settle.times = 0});
}

SCENARIO(nothing_leaves_before_it_is_settled,
         .title = "Not a byte of the paid answer leaves before its payment is settled, however "
                  "large it is and whenever its handler begins it",
         .rests_on = PROFILE "/free_route_is_free", .threat = "facilitator-trust",
         .rule = "settle.before-content", .ideas = "X-27",
         .catches = DEFECTS("facilitator.served_before_settle", "facilitator.stream_passed_on"),
         .needs = X4P_PAY | NEED_ORIGIN, TABLE(works))
{
    const struct work *row = case_row(t);
    struct peer_want want = work_endpoint(t, row);
    const struct x4p_payment *paid = x4p_paid(t, want);
    uint64_t count = x4p_calls(t).settle + 1;
    const struct peer_answer *answer;
    struct peer_pending *pending;
    int64_t settled_ns;
    bool asked;

    origin_behave(case_origin(t), &row->rule);
    x4p_facilitator_behaves(t,
                            (struct facilitator_behaviour){.settle = {.fault = FACILITATOR_HELD}});
    pending = peer_send_beside(t, NULL, row->name, want, x4p_headers(paid));
    case_defer(t, let_go, x4p_facilitator(t)); /* before its thread is waited for */
    asked = is_settling(t, pending, count);
    origin_behave(case_origin(t), &(struct origin_rule){.behaviour = ORIGIN_ANSWER}); /* at once */
    settled_ns = steady_ns();
    x4p_facilitator_is_honest(t);
    answer = peer_finish(t, pending);
    expect(t, asked, "a settlement before the answer", "%s", peer_seen(t, answer));
    expect(t, answer->exchange->first_ns >= settled_ns,
           "the first byte of the answer behind the settlement", "it came before");
    expect_delivered(t, answer, paid);
}

/* ---- the payer hangs up ---- */

static const struct moment {
    const char *name;
    enum facilitator_what what;
} moments[] = {
    {"while it is verified", FACILITATOR_VERIFY},
    {"while it is settled", FACILITATOR_SETTLE},
};

static void hang_up_while(struct assay_case *t, enum facilitator_what what, struct peer_want want,
                          const struct x4p_payment *paid)
{
    struct facilitator_behaviour held = {0};
    struct x4p_calls so_far = x4p_calls(t);
    bool verifies = what == FACILITATOR_VERIFY;
    struct peer_cut *cut;

    *(verifies ? &held.verify : &held.settle) =
        (struct facilitator_rule){.fault = FACILITATOR_HELD};
    x4p_facilitator_behaves(t, held);
    cut = peer_send_unheard(t, "pay", want, x4p_headers(paid));
    if (!facilitator_await(x4p_facilitator(t), what, (verifies ? so_far.verify : so_far.settle) + 1,
                           case_patience_ms(t)))
        case_end(t, VERDICT_BROKEN, "the facilitator was not asked");
    peer_hang_up(t, cut);
    x4p_facilitator_is_honest(t);
}

SCENARIO(payer_that_hangs_up_is_not_charged_for_nothing,
         .title = "A payer that hangs up is delivered by the identical retry, for one settlement "
                  "in all",
         .threat = "handler-failure", .rule = "delivery.recorded", .ideas = "X-28",
         .catches = DEFECTS("facilitator.hangup_undelivered"), .needs = X4P_PAY | NEED_ORIGIN,
         TABLE(moments))
{
    const struct moment *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct peer_answer first = {.before = peer_before(t)};

    hang_up_while(t, row->what, want, paid);
    expect_settled_once(t, x4p_send_until_known(t, "identical retry", want, paid), paid, &first);
    expect_alive(t);
}
