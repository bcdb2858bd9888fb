/* Threat facilitator-service: what became of a settlement whose node or facilitator failed. */
#include "peer/kaspa-x402/facilitate.h"

SCENARIO(facilitator_names_what_it_settled, OF_A_FACILITATOR,
         .title = "A success names the transaction that paid, and its network",
         .threat = "facilitator-service", .rule = "facilitator.outcome",
         .catches = DEFECTS("fac.outcome.without_transaction", "fac.outcome.other_network"))
{
    const struct kxp_payment *paid = kxp_owed(t);
    const struct peer_answer *answer =
        kxp_settle_until_known(t, "settle", kxp_request(t, paid), kxp_tenant(t, 0));

    expect_settled(t, answer, paid);
    expect(t, strcmp(kxp_said_text(t, answer, "transaction"), paid->transaction_id) == 0,
           "the payment's transaction", "\"%.80s\"", kxp_said_text(t, answer, "transaction"));
    expect(t, strcmp(kxp_said_text(t, answer, "network"), KX_NETWORK_TESTNET) == 0,
           "the network " KX_NETWORK_TESTNET, "\"%.40s\"", kxp_said_text(t, answer, "network"));
}

/* What was not accepted is accepted now, and found. */
static void expect_found(struct assay_case *t, const json_t *body, const struct kxp_payment *paid)
{
    kxp_mining(t, true);
    expect_settled(t, kxp_settle_until_known(t, "again", body, kxp_tenant(t, 0)), paid);
    expect_submissions(t, 1);
}

SCENARIO(facilitator_tells_no_failure_that_it_does_not_know, OF_A_FACILITATOR,
         .title = "A payment that is submitted and not accepted yet is neither a success nor a "
                  "failure, and is found when it is asked for again",
         .threat = "facilitator-service", .rule = "facilitator.outcome",
         .catches = DEFECTS("fac.outcome.pending_failed"))
{
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);

    kxp_mining(t, false);
    expect_unknown(t, kxp_call(t, "while nothing is mined", KXP_SETTLE, body, kxp_tenant(t, 0)));
    expect_found(t, body, paid);
    expect_handed_over(t, 1);
}

static const struct trouble {
    const char *name;
    struct kaspa_node_behaviour behaviour;
} troubles[] = {
    {"silent", {.fault = KASPA_NODE_SILENT}},
    {"errors", {.fault = KASPA_NODE_ERROR}},
    {"drops every call", {.fault = KASPA_NODE_DROP}},
    {"refuses connections", {.fault = KASPA_NODE_REFUSE}},
    {"half of an answer", {.fault = KASPA_NODE_MALFORMED}},
    {"members of another type", {.fault = KASPA_NODE_WRONG_SHAPE}},
    {"unsynced", {.unsynced = true}},
    {"another network", {.network = "mainnet"}},
};

SCENARIO(facilitator_settles_nothing_by_a_bad_node, OF_A_FACILITATOR,
         .title = "While its node is not to be believed nothing is settled, and afterwards the "
                  "same request is",
         .threat = "facilitator-service", .rule = "facilitator.outcome",
         .catches = DEFECTS("kx.node.error_accepts", "kx.node.malformed_accepts",
                            "kx.node.unsynced", "kx.node.any_network"),
         TABLE(troubles))
{
    const struct trouble *row = case_row(t);
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);

    kxp_mining(t, row->behaviour.fault == KASPA_NODE_SOUND);
    kxp_node_behaves(t, row->behaviour);
    expect_unknown(t, kxp_call(t, row->name, KXP_SETTLE, body, kxp_tenant(t, 0)));
    kxp_node_is_sound(t);
    expect_found(t, body, paid);
}

static const struct trouble lost[] = {
    {"no answer to the submission",
     {.fault = KASPA_NODE_SILENT, .fault_method = "submitTransaction"}},
    {"half of one", {.fault = KASPA_NODE_MALFORMED, .fault_method = "submitTransaction"}},
    {"another id", {.lie = KASPA_NODE_OTHER_ID}},
    {"taken, and lost", {.lie = KASPA_NODE_SWALLOW}},
};

/* Whatever the chain has: the submission that was answered so is the only one. */
SCENARIO(facilitator_submits_nothing_in_place_of_what_was_lost, OF_A_FACILITATOR,
         .title = "A submission whose answer is lost or wrong is followed by questions, and by no "
                  "other submission",
         .threat = "facilitator-service", .rule = "facilitator.outcome",
         .catches = DEFECTS("fac.settle.races"), TABLE(lost))
{
    const struct trouble *row = case_row(t);
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);

    kxp_mining(t, false);
    kxp_node_behaves(t, row->behaviour);
    expect_unknown(t, kxp_call(t, row->name, KXP_SETTLE, body, kxp_tenant(t, 0)));
    kxp_node_is_sound(t);
    expect_unknown(t, kxp_call(t, "again", KXP_SETTLE, body, kxp_tenant(t, 0)));
    expect_handed_over(t, 1);
}

static void restart(struct assay_case *t)
{
    struct assay_err err = {0};

    instance_kill(case_instance(t));
    if (instance_restart(case_instance(t), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the facilitator does not start again: %s", err.text);
}

SCENARIO(facilitator_finishes_after_a_kill_what_it_submitted,
         OF_A_FACILITATOR | NEED_LAUNCH | NEED_STORE,
         .title = "A facilitator that is killed between the submission and its answer submits "
                  "nothing again, and finishes the settlement",
         .threat = "facilitator-service", .rule = "facilitator.outcome", .ideas = "X-57",
         .catches = DEFECTS("kx.replay.memory_only"), .fresh = true)
{
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);
    struct peer_pending *waiting;

    kxp_mining(t, false);
    waiting = peer_send_beside(t, NULL, "settle", kxp_call_want(t, KXP_SETTLE, body),
                               kxp_headers_as(t, kxp_tenant(t, 0), NULL));
    kxp_await_in_mempool(t, paid);
    restart(t);
    (void)peer_finish(t, waiting);
    expect_unknown(t, kxp_call(t, "after the restart", KXP_SETTLE, body, kxp_tenant(t, 0)));
    expect_handed_over(t, 1);
    expect_found(t, body, paid);
}
