/* Threat facilitator-trust, behind the handler: what a facilitator says of a settlement. Nothing of
 * the content leaves before the payment is settled; what is not known is neither success nor
 * failure, and the identical retry ends it. How often it runs the handler is asked once. */
#include "peer/x402/peer.h"

static void settling(struct assay_case *t, struct facilitator_rule rule)
{
    x4p_facilitator_behaves(t, (struct facilitator_behaviour){.settle = rule});
}

/* ---- it says no ---- */

static const struct refusal {
    const char *name;
    struct facilitator_rule rule;
} refusals[] = {
    {"for a reason of the list", {.lie = FACILITATOR_NO, .reason = "insufficient_funds"}},
    {"under 400", {.lie = FACILITATOR_NO, .reason = "insufficient_funds", .status = 400}},
};

SCENARIO(failed_settlement_withholds_the_content,
         .title = "A payment that could not be settled buys nothing, although its handler ran",
         .threat = "facilitator-trust", .rule = "settle.before-content", .ideas = "X-22",
         .catches = DEFECTS("facilitator.success_false_served", "facilitator.failed_body_sent"),
         .needs = X4P_PAY | NEED_ORIGIN, TABLE(refusals))
{
    const struct refusal *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x4p_calls before = x4p_calls(t);

    settling(t, row->rule);
    expect_withheld(t, x4p_send(t, row->name, want, paid));
    expect(t, x4p_calls(t).moved == before.moved, "no settlement", "one, though it was refused");
}

SCENARIO(failed_settlement_is_told,
         .title = "A payment that could not be settled is answered 402 with a PAYMENT-RESPONSE "
                  "that says so",
         .threat = "facilitator-trust", .rule = "settle.failure-told", .ideas = "X-22",
         .catches = DEFECTS("facilitator.failure_unreceipted"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");

    settling(t, refusals[0].rule); /* under 200: of others the text says 500 */
    expect_failure_told(t, x4p_send(t, refusals[0].name, want, x4p_paid(t, want)));
}

SCENARIO(paid_answer_names_its_settlement,
         .title = "A paid answer carries PAYMENT-RESPONSE with success, the transaction and the "
                  "accepted network, the first time and for the identical retry",
         .rests_on = PROFILE "/free_route_is_free", .threat = "store-cache",
         .rule = "settlement.response", .ideas = "X-22", .catches = DEFECTS("x402.http.no_receipt"),
         .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);

    expect_delivered(t, x4p_send_until_known(t, "pay", want, paid), paid);
}

/* ---- it says yes, to something else ---- */

static const struct claim {
    const char *name;
    enum facilitator_lie lie;
} claims[] = {
    {"without a transaction", FACILITATOR_NO_TRANSACTION},
    {"on another network", FACILITATOR_OTHER_NETWORK},
};

SCENARIO(settlement_of_something_else_is_none,
         .title = "A settlement without a transaction, or on another network, buys nothing",
         .threat = "facilitator-trust", .rule = "settle.evidence", .ideas = "X-23",
         .catches = DEFECTS("facilitator.transaction_empty", "facilitator.network_unchecked"),
         .needs = X4P_PAY, TABLE(claims))
{
    const struct claim *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);

    settling(t, (struct facilitator_rule){.lie = row->lie});
    expect_withheld(t, x4p_send(t, row->name, want, paid));
}

/* ---- it says nothing that could be relied on ---- */

static const struct doubt {
    const char *name;
    struct facilitator_rule rule;
} doubts[] = {
    {"500, and it is settled", {.status = 500}},
    {"503, and it is settled", {.status = 503}},
    {"silence, and it is settled", {.fault = FACILITATOR_SILENT}},
    {"silence, and it is not", {.fault = FACILITATOR_SILENT, .undone = true}},
    {"a reset, and it is settled", {.fault = FACILITATOR_RESET}},
    {"a reset, and it is not", {.fault = FACILITATOR_RESET, .undone = true}},
};

/* Told as what is not known, and ended by the identical retry once the facilitator tells it. */
static void expect_ended_by_the_retry(struct assay_case *t, const struct doubt *doubt)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first;

    x4p_facilitator_settles(t, FACILITATOR_SAME_ANSWER);
    settling(t, doubt->rule);
    first = x4p_send(t, doubt->name, want, paid);
    expect_unknown(t, first);
    x4p_facilitator_is_honest(t);
    expect_settled_once(t, x4p_send_until_known(t, "identical retry", want, paid), paid, first);
}

SCENARIO(settlement_in_doubt_is_ended_by_the_retry,
         .title = "When it is not known whether a payment was settled nothing is delivered, the "
                  "payer is not told that it failed, and his identical retry is delivered for "
                  "one settlement",
         .threat = "facilitator-trust", .rule = "settle.unknown", .ideas = "X-24",
         .catches = DEFECTS("facilitator.unknown_as_failed"), .needs = X4P_PAY, TABLE(doubts))
{
    expect_ended_by_the_retry(t, case_row(t));
}

/* Which the protocol lets a server read as success or failure; whoever believes either may be
 * wrong. */
static const struct doubt contradictions[] = {
    {"without a transaction", {.lie = FACILITATOR_NO_TRANSACTION}},
    {"on another network", {.lie = FACILITATOR_OTHER_NETWORK}},
    {"for another amount", {.lie = FACILITATOR_OTHER_AMOUNT}},
    {"of another payer", {.lie = FACILITATOR_OTHER_PAYER}},
    {"no, and a transaction", {.lie = FACILITATOR_DENIES_WITH_TRANSACTION}},
    {"no, for an unexpected error", {.lie = FACILITATOR_DENIES}},
};

SCENARIO(contradiction_is_taken_for_a_doubt,
         .title = "What a facilitator says of a settlement and cannot be so is neither served nor "
                  "told as failed, and the identical retry is delivered for one settlement",
         .threat = "facilitator-trust", .rule = "settle.doubt", .ideas = "X-23 X-24",
         .catches = DEFECTS("facilitator.amount_unchecked", "facilitator.payer_unchecked",
                            "facilitator.denial_believed", "facilitator.transaction_empty",
                            "facilitator.network_unchecked"),
         .needs = X4P_PAY, TABLE(contradictions))
{
    expect_ended_by_the_retry(t, case_row(t));
}

SCENARIO(handler_is_not_run_again_for_a_doubt,
         .title = "The identical retry of a payment whose settlement is not known does not run "
                  "the handler again",
         .threat = "facilitator-trust", .rule = "handler.kept", .ideas = "X-24 X-40",
         .catches = DEFECTS("facilitator.released_on_error"), .needs = X4P_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first;

    x4p_facilitator_settles(t, FACILITATOR_SAME_ANSWER);
    settling(t, (struct facilitator_rule){.fault = FACILITATOR_RESET});
    first = x4p_send(t, "settled, and not told", want, paid);
    x4p_facilitator_is_honest(t);
    expect_settled_once(t, x4p_send_until_known(t, "identical retry", want, paid), paid, first);
    expect_executions(t, 1);
}

SCENARIO(refusal_behind_a_doubt_proves_nothing,
         .title = "A settlement in doubt that is refused when it is asked for again is not told as "
                  "failed: what refuses may be that it was settled",
         .threat = "facilitator-trust", .rule = "settle.unknown", .ideas = "X-24",
         .catches = DEFECTS("facilitator.denial_believed", "facilitator.released_on_error"),
         .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first;

    settling(t, (struct facilitator_rule){.fault = FACILITATOR_RESET});
    first = x4p_send(t, "settled, and not told", want, paid);
    expect_unknown(t, first);
    x4p_facilitator_is_honest(t); /* and refuses what it has settled */
    expect_unknown(t, x4p_send(t, "identical retry", want, paid));
}

SCENARIO(settlement_in_doubt_is_asked_for_with_the_same_bytes,
         .title = "What is asked for again of a settlement has the bytes of the first time",
         .threat = "facilitator-trust", .rule = "settle.once", .ideas = "X-24",
         .catches = DEFECTS("facilitator.settled_twice"), .needs = X4P_PAY, TABLE(doubts))
{
    const struct doubt *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);

    x4p_facilitator_settles(t, FACILITATOR_SAME_ANSWER);
    settling(t, row->rule);
    (void)x4p_send(t, row->name, want, paid);
    x4p_facilitator_is_honest(t);
    (void)x4p_send_until_known(t, "identical retry", want, paid);
    expect(t, x4p_asked_otherwise(t, FACILITATOR_SETTLE) == 0,
           "every /settle of this payment with the same bytes", "%llu with others",
           (unsigned long long)x4p_asked_otherwise(t, FACILITATOR_SETTLE));
}

/* ---- pending ---- */

SCENARIO(pending_settlement_is_asked_for_once_more,
         .title = "A settlement that is pending is asked for again with the same bytes, and "
                  "delivered when it is a success",
         .threat = "facilitator-trust", .rule = "settle.pending", .ideas = "X-25",
         .catches = DEFECTS("facilitator.pending_as_failed", "facilitator.pending_new_bytes"),
         .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x4p_calls before = x4p_calls(t);

    settling(t, (struct facilitator_rule){.lie = FACILITATOR_PENDING, .times = 1});
    expect_delivered(t, x4p_send_until_known(t, "pending, then settled", want, paid), paid);
    expect_calls(t, before, X4P_ANY, 2);
    expect(t, x4p_asked_otherwise(t, FACILITATOR_SETTLE) == 0, "the same bytes both times",
           "other bytes");
}

SCENARIO(pending_settlement_delivers_nothing,
         .title =
             "A settlement that stays pending delivers nothing yet, and the identical retry is "
             "delivered for one settlement",
         .threat = "facilitator-trust", .rule = "settle.before-content", .ideas = "X-25",
         .catches = DEFECTS("facilitator.pending_served"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x4p_calls before = x4p_calls(t);
    const struct peer_answer *first;

    settling(t, (struct facilitator_rule){.lie = FACILITATOR_PENDING});
    first = x4p_send(t, "pending", want, paid);
    case_observe(t, "a settlement that stays pending", "it is asked for %llu times for one request",
                 (unsigned long long)(x4p_calls(t).settle - before.settle));
    expect_withheld(t, first);
    x4p_facilitator_is_honest(t);
    expect_settled_once(t, x4p_send_until_known(t, "settled", want, paid), paid, first);
}
