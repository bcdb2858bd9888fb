/* Threat stale-node: the node lies, fails or knows nothing. No content without the evidence, the
 * server answers in time and goes on, and a payment that arrives all the same is delivered once the
 * node is sound again. */
#include "peer/kaspa-x402/peer.h"

struct trouble {
    const char *name;
    struct kaspa_node_behaviour behaviour;
};

/* Accepted at the latest now, a payment is delivered, once. */
static void expect_delivered_after_all(struct assay_case *t, const struct kxp_payment *paid)
{
    kxp_mining(t, true);
    if (kxp_state(t, paid) != KASPA_TX_ACCEPTED)
        kxp_mine(t, 1);
    expect_not_lost(t, paid->offer->want, paid);
}

/* Who pays waits, and the payment stays in the mempool. */
static struct peer_pending *pay_unmined(struct assay_case *t, const struct kxp_payment *paid)
{
    struct peer_pending *waiting;

    kxp_mining(t, false);
    waiting = peer_send_beside(t, NULL, "pay", paid->offer->want, kxp_headers(paid));
    kxp_await_in_mempool(t, paid);
    return waiting;
}

static void other_identifier(struct kxp_draft *d)
{
    d->identifier = kxp_identifier(d->t);
}

/* A payment that has arrived is for what it was made for, whatever the node said meanwhile. */
static void expect_nothing_else_bought(struct assay_case *t, const struct kxp_payment *paid)
{
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    const struct kxp_payment *again =
        kxp_reclaimed(t, paid, given_offer(t, other), (struct kxp_bend){.text = other_identifier});

    if (kxp_state(t, paid) != KASPA_TX_ACCEPTED)
        kxp_mine(t, 1);
    expect_not_served(t, kxp_send(t, "the same coins for something else", other, again));
}

/* The node is bad from before the payment is shown until it is sound again. */
static void expect_fails_closed(struct assay_case *t, struct kaspa_node_behaviour behaviour)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    size_t submitted = kxp_submitted_ids(t);
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *answer;

    kxp_mining(t, false);
    kxp_node_behaves(t, behaviour);
    answer = kxp_send(t, "while the node is not to be believed", want, paid);
    case_observe(t, "a node that is not to be believed", "it is answered with %d",
                 peer_status(answer));
    expect_not_served(t, answer);
    kxp_node_is_sound(t);
    expect_delivered_after_all(t, paid);
    expect_submissions(t, submitted + 1);
}

static void fail_closed_row(struct assay_case *t)
{
    const struct trouble *row = case_row(t);

    expect_fails_closed(t, row->behaviour);
}

/* The chain accepts what is submitted, and a node that is not fit says so: that is not believed.
 * Whether it is given the payment at all is the server's own to decide. */
static void not_trusted_row(struct assay_case *t)
{
    const struct trouble *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *answer;

    kxp_node_behaves(t, row->behaviour);
    answer = kxp_send(t, "while the node is not fit", want, paid);
    expect_not_served(t, answer);
    case_observe(t, "a node that is not fit", "it is %s the payment",
                 kxp_submissions(t) > 0 ? "given" : "not given");
    kxp_node_is_sound(t);
    expect_not_lost(t, want, paid);
    expect_submissions(t, 1);
}

static const struct trouble unsynced[] = {{"unsynced", {.unsynced = true}}};

SCENARIO(unsynced_node_is_not_believed,
         .title = "A node that says it is not synced releases nothing", .threat = "stale-node",
         .rule = "node.fit", .ideas = "KX-135", .catches = DEFECTS("kx.node.unsynced"),
         .needs = KXP_PAY, TABLE(unsynced))
{
    not_trusted_row(t);
}

static const struct trouble flagless[] = {{"no flag", {.sync_flag_missing = true}}};

SCENARIO(node_without_a_sync_flag_is_not_believed,
         .title = "A node that does not say whether it is synced releases nothing",
         .threat = "stale-node", .rule = "node.fit", .ideas = "KX-135",
         .catches = DEFECTS("kx.node.sync_flag_missing"), .needs = KXP_PAY, TABLE(flagless))
{
    not_trusted_row(t);
}

static const struct trouble networks[] = {
    {"mainnet", {.network = "mainnet"}},
    {"another testnet", {.network = "testnet-11"}},
    {"none", {.network = ""}},
};

SCENARIO(node_of_another_network_is_not_believed,
         .title = "A node of another network releases nothing", .threat = "stale-node",
         .rule = "node.fit", .ideas = "KX-135", .catches = DEFECTS("kx.node.any_network"),
         .needs = KXP_PAY, TABLE(networks))
{
    not_trusted_row(t);
}

static const struct trouble silences[] = {
    {"silent", {.fault = KASPA_NODE_SILENT}},
    {"drops every call", {.fault = KASPA_NODE_DROP}},
    {"refuses connections", {.fault = KASPA_NODE_REFUSE}},
    {"errors", {.fault = KASPA_NODE_ERROR}},
};

SCENARIO(
    node_that_does_not_answer_releases_nothing,
    .title = "A node that is silent, drops calls or answers errors releases nothing, and costs "
             "a request no more than a deadline",
    .threat = "stale-node", .rule = "node.deadline", .ideas = "KX-137",
    .catches = DEFECTS("kx.node.hangs", "kx.node.error_accepts"), .needs = KXP_PAY, TABLE(silences))
{
    fail_closed_row(t);
}

SCENARIO(server_stays_responsive_while_the_node_is_silent,
         .title = "While a payment waits for a silent node, other requests are answered",
         .threat = "stale-node", .rule = "node.deadline", .ideas = "KX-137",
         .catches = DEFECTS("kx.node.hangs"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    struct peer_pending *waiting;

    kxp_node_behaves(t, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SILENT});
    waiting = peer_send_beside(t, NULL, "waits for the node", want, kxp_headers(paid));
    (void)expect_offer_or_later(t, kxp_send(t, "an unpaid request meanwhile", want, NULL), want);
    expect_not_served(t, peer_finish(t, waiting));
}

static const struct trouble shapes[] = {
    {"half of an answer", {.fault = KASPA_NODE_MALFORMED}},
    {"members missing or of another type", {.fault = KASPA_NODE_WRONG_SHAPE}},
    {"an endless answer", {.fault = KASPA_NODE_OVERSIZED, .large_bytes = 8u << 20}},
};

SCENARIO(malformed_answers_release_nothing,
         .title = "Answers of the node that are cut off, misshapen or endless release nothing",
         .threat = "stale-node", .rule = "node.answers", .ideas = "KX-134 KX-138",
         .catches = DEFECTS("kx.node.malformed_accepts"), .needs = KXP_PAY, TABLE(shapes))
{
    fail_closed_row(t);
}

static const struct trouble after[] = {
    {"silent", {.fault = KASPA_NODE_SILENT}},
    {"unsynced", {.unsynced = true}},
    {"half of an answer", {.fault = KASPA_NODE_MALFORMED}},
    {"members of another type", {.fault = KASPA_NODE_WRONG_SHAPE}},
    {"errors", {.fault = KASPA_NODE_ERROR}},
    {"drops every call", {.fault = KASPA_NODE_DROP}},
};

/* What comes after the submission: the first questions are answered, the rest is not. */
SCENARIO(trouble_after_the_submission_releases_nothing,
         .title = "A node that fails after it took the payment releases nothing until it is sound, "
                  "then the payment is delivered once",
         .threat = "stale-node", .rule = "finality.before-content", .ideas = "KX-133 KX-137",
         .catches = DEFECTS("kx.node.error_accepts", "kx.node.malformed_accepts"), .needs = KXP_PAY,
         TABLE(after))
{
    const struct trouble *row = case_row(t);
    const struct kxp_payment *paid = kxp_paid(t, peer_endpoint(t, "paid_get"));
    struct peer_pending *waiting = pay_unmined(t, paid);

    kxp_node_behaves(t, row->behaviour);
    expect_not_served(t, peer_finish(t, waiting));
    kxp_node_is_sound(t);
    expect_delivered_after_all(t, paid);
    expect_submissions(t, 1);
}

static const struct trouble lies[] = {
    {"another id", {.lie = KASPA_NODE_OTHER_ID}},
    {"taken, and lost", {.lie = KASPA_NODE_SWALLOW}},
};

SCENARIO(other_id_confirms_nothing,
         .title = "A node that answers a submission with another id, or loses it, releases nothing",
         .threat = "stale-node", .rule = "broadcast.id", .ideas = "KX-132",
         .catches = DEFECTS("kx.node.other_id", "kx.finality.at_submission"), .needs = KXP_PAY,
         TABLE(lies))
{
    const struct trouble *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);

    kxp_node_behaves(t, row->behaviour);
    expect_not_served(t, kxp_send(t, row->name, want, paid));
    kxp_node_is_sound(t);
    if (kxp_state(t, paid) == KASPA_TX_UNKNOWN)
        kxp_submit_ourselves(t, &paid->tx);
    expect_delivered_after_all(t, paid);
}

static const struct trouble losses[] = {
    {"dropped", {.fault = KASPA_NODE_DROP, .fault_method = "submitTransaction"}},
    {"never sent", {.fault = KASPA_NODE_SILENT, .fault_method = "submitTransaction"}},
    {"malformed", {.fault = KASPA_NODE_MALFORMED, .fault_method = "submitTransaction"}},
};

SCENARIO(lost_answer_to_a_submission_loses_no_payment,
         .title = "When the answer to a submission is lost the claim stays, and the payment is "
                  "delivered once it is accepted, without another submission",
         .threat = "stale-node", .rule = "broadcast.ambiguous", .ideas = "KX-130",
         .catches = DEFECTS("kx.node.error_releases", "kx.node.resubmits"), .needs = KXP_PAY,
         TABLE(losses))
{
    const struct trouble *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    uint64_t sent;

    kxp_mining(t, false);
    kxp_node_behaves(t, row->behaviour);
    expect_not_served(t, kxp_send(t, "its answer is lost", want, paid));
    kxp_node_is_sound(t);
    sent = kxp_submissions(t);
    expect_not_served(t, kxp_send(t, "the identical retry, not accepted yet", want, paid));
    expect(t, kxp_submissions(t) == sent, "no submission for a retry", "another submission");
    expect_nothing_else_bought(t, paid);
    expect_delivered_after_all(t, paid);
    expect_submissions(t, 1);
}

SCENARIO(refused_submission_burns_nothing,
         .title = "A payment that the node refuses releases nothing; accepted after all, it is "
                  "delivered",
         .threat = "stale-node", .rule = "broadcast.ambiguous", .ideas = "KX-131",
         .catches = DEFECTS("kx.node.error_releases"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);

    kxp_node_behaves(t, (struct kaspa_node_behaviour){.fault = KASPA_NODE_ERROR,
                                                      .fault_method = "submitTransaction"});
    expect_not_served(t, kxp_send(t, "refused by the node", want, paid));
    kxp_node_is_sound(t);
    kxp_submit_ourselves(t, &paid->tx);
    kxp_mine(t, 1);
    expect_nothing_else_bought(t, paid);
    expect_not_lost(t, want, paid);
}

SCENARIO(forked_node_releases_nothing,
         .title = "A node on a fork that knows nothing of the payment releases nothing, and loses "
                  "nothing",
         .threat = "stale-node", .rule = "finality.before-content", .ideas = "KX-136",
         .catches = DEFECTS("kx.finality.at_submission"), .needs = KXP_PAY)
{
    const struct kxp_payment *paid = kxp_paid(t, peer_endpoint(t, "paid_get"));
    struct peer_pending *waiting = pay_unmined(t, paid);

    kxp_node_forks(t);
    kxp_mine(t, 1);
    expect_not_served(t, peer_finish(t, waiting));
    kxp_node_returns(t);
    expect_not_lost(t, paid->offer->want, paid);
    expect_submissions(t, 1);
}

SCENARIO(restarted_node_loses_no_payment,
         .title = "A node that is restarted while a payment is on its way releases nothing unpaid "
                  "and loses nothing",
         .threat = "stale-node", .rule = "broadcast.ambiguous", .ideas = "KX-130",
         .catches = DEFECTS("kx.finality.at_submission"), .needs = KXP_PAY)
{
    const struct kxp_payment *paid = kxp_paid(t, peer_endpoint(t, "paid_get"));
    struct peer_pending *waiting = pay_unmined(t, paid);

    kxp_node_restarts(t);
    expect_not_served(t, peer_finish(t, waiting));
    expect_delivered_after_all(t, paid);
    expect_submissions(t, 1);
}

SCENARIO(contradicting_node_releases_nothing_wrongly,
         .title =
             "A node that contradicts itself from one answer to the next delivers a payment at "
             "most once, and only one that is accepted",
         .threat = "stale-node", .rule = "node.answers", .ideas = "KX-136",
         .catches = DEFECTS("kx.finality.at_submission"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);

    kxp_mining(t, false);
    kxp_node_behaves(t, (struct kaspa_node_behaviour){.lie = KASPA_NODE_CONTRADICT});
    expect_not_served(t, kxp_send(t, "contradictions", want, paid));
    kxp_node_is_sound(t);
    expect_delivered_after_all(t, paid);
}
