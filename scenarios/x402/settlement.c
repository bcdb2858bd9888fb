/* Threat facilitator-trust, behind the handler: what a facilitator says of a settlement. Nothing of
 * the content leaves before the payment is settled; what is not known is neither success nor
 * failure, and the identical retry ends it. */
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
         .needs = X4P_PAY, TABLE(refusals))
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
         .catches = DEFECTS("facilitator.failure_unreceipted"), .needs = X4P_PAY, TABLE(refusals))
{
    const struct refusal *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");

    settling(t, row->rule);
    expect_failure_told(t, x4p_send(t, row->name, want, x4p_paid(t, want)));
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
    {"for another amount", FACILITATOR_OTHER_AMOUNT},
    {"of another payer", FACILITATOR_OTHER_PAYER},
};

SCENARIO(settlement_of_something_else_is_none,
         .title = "A settlement without a transaction, on another network, of another amount or "
                  "payer buys nothing and is not told as failed; the identical retry ends it",
         .threat = "facilitator-trust", .rule = "settle.evidence", .ideas = "X-23",
         .catches = DEFECTS("facilitator.transaction_empty", "facilitator.network_unchecked",
                            "facilitator.amount_unchecked", "facilitator.payer_unchecked"),
         .needs = X4P_PAY, TABLE(claims))
{
    const struct claim *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first;

    x4p_facilitator_settles(t, FACILITATOR_SAME_ANSWER);
    settling(t, (struct facilitator_rule){.lie = row->lie});
    first = x4p_send(t, row->name, want, paid);
    expect_unknown(t, first);
    x4p_facilitator_is_honest(t);
    expect_delivered_since(t, x4p_send_until_known(t, "told as it is", want, paid), paid, first);
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
    {"no, and a transaction", {.lie = FACILITATOR_DENIES_WITH_TRANSACTION}},
    {"no, for an unexpected error", {.lie = FACILITATOR_DENIES}},
};

SCENARIO(settlement_in_doubt_is_ended_by_the_retry,
         .title = "When it is not known whether a payment was settled nothing is delivered, the "
                  "payer is not told that it failed, and his identical retry is delivered once",
         .threat = "facilitator-trust", .rule = "settle.unknown", .ideas = "X-24",
         .catches = DEFECTS("facilitator.unknown_as_failed", "facilitator.released_on_error",
                            "facilitator.denial_believed"),
         .needs = X4P_PAY, TABLE(doubts))
{
    const struct doubt *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first;

    x4p_facilitator_settles(t, FACILITATOR_SAME_ANSWER);
    settling(t, row->rule);
    first = x4p_send(t, row->name, want, paid);
    expect_unknown(t, first);
    x4p_facilitator_is_honest(t);
    expect_delivered_since(t, x4p_send_until_known(t, "identical retry", want, paid), paid, first);
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
    expect_executions(t, 1);
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
         .title = "A settlement that stays pending delivers nothing yet, is not asked for without "
                  "end, and the identical retry is delivered once it is a success",
         .threat = "facilitator-trust", .rule = "settle.before-content", .ideas = "X-25",
         .catches = DEFECTS("facilitator.pending_served"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x4p_calls before = x4p_calls(t);
    const struct peer_answer *first;

    settling(t, (struct facilitator_rule){.lie = FACILITATOR_PENDING});
    first = x4p_send(t, "pending", want, paid);
    expect_withheld(t, first);
    expect_calls(t, before, X4P_ANY, 2);
    x4p_facilitator_is_honest(t);
    expect_delivered_since(t, x4p_send_until_known(t, "settled", want, paid), paid, first);
}
