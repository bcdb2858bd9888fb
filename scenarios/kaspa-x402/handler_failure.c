/* Threat handler-failure: the handler fails after the money has moved. The payment is neither lost
 * nor reusable: the identical retry is delivered once, or an operator is needed and supplies the
 * result, which is then delivered once. The handler never completes a second run for one payment.
 */
#include "peer/kaspa-x402/peer.h"

struct failure {
    const char *name;
    struct origin_rule rule;
};

static const struct failure failures[] = {
    {"500", {.behaviour = ORIGIN_FAIL, .status = 500, .times = 1}},
    {"503", {.behaviour = ORIGIN_FAIL, .status = 503, .times = 1}},
    {"a reset", {.behaviour = ORIGIN_RESET, .times = 1}},
    {"half an answer", {.behaviour = ORIGIN_TRUNCATE, .times = 1}},
    {"an answer above the limit",
     {.behaviour = ORIGIN_LARGE, .large_bytes = (256u << 10) + 65536, .times = 1}},
    {"no answer", {.behaviour = ORIGIN_STALL, .times = 1}},
};

static const struct kxp_payment *failed_once(struct assay_case *t, struct peer_want want,
                                             const struct origin_rule *rule)
{
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *answer;

    origin_behave(case_origin(t), rule);
    answer = kxp_send_until_run(t, "the handler fails", want, paid);
    origin_behave(case_origin(t), &(struct origin_rule){.behaviour = ORIGIN_ANSWER});
    origin_release(case_origin(t));
    expect(t, peer_status(answer) >= 500, "5xx when the handler fails", "%s", peer_seen(t, answer));
    return paid;
}

SCENARIO(failed_handler_does_not_run_again,
         .title = "A handler that failed is not run again by the identical retry, nor for another "
                  "request",
         .threat = "handler-failure", .rule = "handler.once", .ideas = "KX-145",
         .catches = DEFECTS("kx.handler.failed_reruns", "kx.handler.failed_releases"),
         .needs = KXP_PAY | NEED_ORIGIN, TABLE(failures))
{
    const struct failure *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    uint64_t before = case_executions(t);
    const struct kxp_payment *paid = failed_once(t, want, &row->rule), *again;

    expect_no_second_run(t, kxp_send(t, "the identical retry", want, paid));
    again = kxp_reclaimed(t, paid, given_offer(t, other), (struct kxp_bend){0});
    expect_no_second_run(t, kxp_send(t, "the same coins for something else", other, again));
    expect(t, case_executions(t) - before == 1, "one run of the handler", "%llu runs",
           (unsigned long long)(case_executions(t) - before));
    expect_submissions(t, 1);
}

SCENARIO(failed_handler_leaves_a_way_to_the_answer,
         .title = "After a failed handler the identical retry says that an operator is needed, and "
                  "delivers once what the operator supplied",
         .threat = "handler-failure", .rule = "handler.recovery", .ideas = "KX-145",
         .catches = DEFECTS("kx.recovery.ignored", "kx.handler.failed_burns",
                            "kx.handler.error_stored"),
         .needs = KXP_PAY | NEED_ORIGIN | NEED_LAUNCH | KXP_RECOVER, .fresh = true, TABLE(failures))
{
    const struct failure *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = failed_once(t, want, &row->rule);
    const struct peer_answer *first;

    expect_later(t, kxp_send(t, "before the operator", want, paid));
    kxp_recover(t, paid, "supplied by the operator\n");
    first = kxp_send_until_known(t, "after the operator", want, paid);
    expect(t,
           kxp_is_served(first) && assay_bytes_is(peer_body(first), "supplied by the operator\n"),
           "the operator's result", "%s", peer_seen(t, first));
    expect_cached(t, kxp_send(t, "again", want, paid), first);
    expect_submissions(t, 1);
}

SCENARIO(failed_handler_burns_nothing,
         .title = "After a failed handler no retry is refused for good with the money taken",
         .threat = "handler-failure", .rule = "handler.failure", .ideas = "KX-145",
         .catches = DEFECTS("kx.handler.failed_burns"), .needs = KXP_PAY | NEED_ORIGIN,
         TABLE(failures))
{
    const struct failure *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = failed_once(t, want, &row->rule);
    const struct peer_answer *retry = kxp_send(t, "the identical retry", want, paid);
    int status = peer_status(retry);

    expect(t, kxp_is_served(retry) || status == 503 || status == 429 || status == 500,
           "the answer, or 5xx that asks for an operator; no terminal refusal", "%s",
           peer_seen(t, retry));
}

static const struct failure excesses[] = {
    {"a body above 256 KiB",
     {.behaviour = ORIGIN_LARGE, .large_bytes = (256u << 10) + 1, .times = 1}},
};

SCENARIO(excessive_result_is_not_delivered_in_part,
         .title = "A result above the limits is not delivered in part, and does not run again",
         .threat = "handler-failure", .rule = "handler.limits", .ideas = "KX-146",
         .catches = DEFECTS("kx.handler.large_truncated"), .needs = KXP_PAY | NEED_ORIGIN,
         TABLE(excesses))
{
    const struct failure *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *answer;

    origin_behave(case_origin(t), &row->rule);
    answer = kxp_send_until_run(t, row->name, want, paid);
    expect(t,
           !kxp_is_served(answer) || answer->exchange->response.body_bytes == row->rule.large_bytes,
           "the whole result, or 5xx", "%s", peer_seen(t, answer));
    expect_no_second_run(t, kxp_send(t, "the identical retry", want, paid));
}

SCENARIO(many_headers_are_not_delivered_in_part,
         .title = "A result with more than 64 header fields is not delivered in part, and does not "
                  "run again",
         .threat = "handler-failure", .rule = "handler.limits", .ideas = "KX-146",
         .catches = DEFECTS("kx.handler.failed_reruns"), .needs = KXP_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    struct assay_buf lines = ASSAY_BUF_INIT(8192);
    const struct peer_answer *answer;

    for (int i = 0; i < 80; i++)
        assay_buf_printf(&lines, "X-Field-%d: %d\r\n", i, i);
    origin_behave(
        case_origin(t),
        &(struct origin_rule){.head_lines = (const char *)peer_keep(t, &lines).at, .times = 1});
    answer = kxp_send_until_run(t, "80 header fields", want, paid);
    case_observe(t, "80 header fields of the handler", "they are answered with %d",
                 peer_status(answer));
    expect_no_second_run(t, kxp_send(t, "the identical retry", want, paid));
}

/* ---- the payer hangs up ---- */

static const struct moment {
    const char *name;
    enum { AT_ONCE, SUBMITTED, HANDLER_RUNS } phase;
} moments[] = {{"at once", AT_ONCE},
               {"once it was submitted", SUBMITTED},
               {"while its handler runs", HANDLER_RUNS}};

static void hang_up(struct assay_case *t, const struct moment *row, struct peer_want want,
                    const struct kxp_payment *paid)
{
    struct peer_cut *cut;

    if (row->phase == HANDLER_RUNS) {
        origin_behave(case_origin(t), &(struct origin_rule){.behaviour = ORIGIN_STALL, .times = 1});
        cut = kxp_send_unheard(t, "pay", want, paid);
    } else {
        cut = peer_send_unheard(t, "pay", want, kxp_headers(paid));
    }
    if (row->phase == SUBMITTED && !kxp_await_submissions(t, 1))
        case_end(t, VERDICT_BROKEN, "the payment was not submitted");
    peer_hang_up(t, cut);
    origin_release(case_origin(t));
}

SCENARIO(
    payer_that_hangs_up_loses_nothing,
    .title = "A payer that hangs up is delivered by the identical retry, and its handler ran once",
    .threat = "handler-failure", .rule = "handler.once", .ideas = "KX-147",
    .catches = DEFECTS("kx.handler.hang_up_forgets"), .needs = KXP_PAY | NEED_ORIGIN,
    TABLE(moments))
{
    const struct moment *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    uint64_t before = case_executions(t);

    hang_up(t, row, want, paid);
    expect_not_lost(t, want, paid);
    expect(t, case_executions(t) - before == 1, "one run of the handler", "%llu runs",
           (unsigned long long)(case_executions(t) - before));
    expect_submissions(t, 1);
}
