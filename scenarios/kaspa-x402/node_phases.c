/* Threat stale-node: what a node may do, in each phase of a payment. A matrix: node_troubles.def
 * has a row for each trouble and a column for each phase, and here is a scenario for each column.
 * In every cell paid content leaves with the evidence alone, no payment is lost, nothing runs or is
 * submitted twice, and other requests are answered meanwhile. */
#include "peer/kaspa-x402/peer.h"

#include <assert.h>
#include <inttypes.h>

enum {
    LAG_DAA = 300,
    BLOCKS_ABOVE_LAG = 40, /* chain blocks, each with what it merges: 400 of the DAA score */
    MERGED = 9,
    CALLS_OF_TWO_LOOKS = 20, /* of a server that asks for all of it each time */
    ABOVE_DEADLINE_MS = 100,
    DEADLINE_UNSTATED_MS = 1000,
    LARGE_BYTES = 8 << 20,
    FLAGS = 5, /* rows of what a node tells of itself */
};

/* ---- the matrix ---- */

enum phase {
    OFFER,
    VERIFICATION,
    SUBMISSION,
    ACCEPTANCE,
    HANDLER,
    IDENTICAL_RETRY,
    LATE_RETRY, /* of what was put off */
    PHASE__COUNT
};

/* What must come of it; afterwards the node is sound again. */
enum cell {
    SERVED,     /* served with the evidence, or put off and delivered afterwards */
    WAITS,      /* not served, although the chain accepts the payment; delivered afterwards */
    UNACCEPTED, /* not served, the chain not having accepted it; delivered afterwards */
    LOST,       /* its coins are gone: not served, then or later */
    LEFT,       /* bought, and off the chain: no second run, and delivered when it is back */
    GONE,       /* bought, and replaced: no second run */
    BELIEVED,   /* who has one node cannot tell: observed */

    /* makes no sense */
    NO_PAYMENT,
    NO_MEMPOOL,
    AT_LOOK,
    AT_SUBMISSION,
    FIRST_COMES,
    CELL__COUNT
};

static const char *const no_sense[CELL__COUNT] = {
    [NO_PAYMENT] = "there is no payment yet",
    [NO_MEMPOOL] = "the payment is not in the mempool in this phase",
    [AT_LOOK] = "it shows where the node is asked: the phases before and after have it",
    [AT_SUBMISSION] = "it shows in the answer to the submission alone: that phase has it",
    [FIRST_COMES] = "every second call is dropped, and a payment is submitted once",
};

enum event { NO_EVENT, RESTART, FORK, REORGANISE, EVICT, CONFLICT, PRUNE };

struct trouble {
    const char *name;
    struct kaspa_node_behaviour behaviour;
    enum event event;
    enum cell cells[PHASE__COUNT];
};

#define AS_FLAG(what) .behaviour = {.what}
#define AS_FAULT(what) .behaviour = {.fault = KASPA_NODE_##what}
#define AS_LIE(what) .behaviour = {.lie = KASPA_NODE_##what}
#define AS_EVENT(what) .event = what

static const struct trouble troubles[] = {
#define X(kind, what, name, offer, verification, submission, acceptance, handler, identical, late) \
    {name, AS_##kind(what),                                                                        \
     .cells = {offer, verification, submission, acceptance, handler, identical, late}},
#include "node_troubles.def"
#undef X
};

static_assert(ARRAY_LEN(troubles) ==
                  FLAGS + (int)KASPA_NODE_FLAP + (int)KASPA_NODE_OTHER_BODY + (int)PRUNE,
              "a row for each flag, fault, lie and event");

/* ---- a cell ---- */

struct story {
    struct assay_case *t;
    const struct trouble *trouble;
    enum cell cell;
    struct peer_want want;
    const struct kxp_payment *paid; /* NULL: not yet */
    const struct peer_answer *answer;
    uint64_t runs_before;
};

static bool needs_rest(const struct kaspa_node_behaviour *behaviour)
{
    return behaviour->fault == KASPA_NODE_BOMB || behaviour->lie == KASPA_NODE_ACCEPTED_AS_TEXT;
}

static struct story begin(struct assay_case *t, enum phase phase)
{
    const struct trouble *trouble = case_row(t);
    enum cell cell = trouble->cells[phase];

    if (no_sense[cell] != NULL)
        case_end(t, VERDICT_SKIPPED, "%s", no_sense[cell]);
    if (needs_rest(&trouble->behaviour) && !target_supports(case_target(t), "node-rest"))
        case_end(t, VERDICT_UNSUPPORTED,
                 "a node does this over REST alone, and the target does not support \"node-rest\"");
    return (struct story){.t = t,
                          .trouble = trouble,
                          .cell = cell,
                          .want = peer_endpoint(t, "paid_get"),
                          .runs_before = case_executions(t)};
}

/* ---- the trouble ---- */

static struct kaspa_node_behaviour behaviour_of(const struct story *s)
{
    struct kaspa_node_behaviour behaviour = s->trouble->behaviour;
    uint64_t deadline = case_target(s->t)->adapter_deadline_ms;

    behaviour.large_bytes = LARGE_BYTES;
    behaviour.delay_ms =
        deadline > 0 && deadline < INT32_MAX / 2 ? (unsigned)deadline : DEADLINE_UNSTATED_MS;
    behaviour.delay_ms += ABOVE_DEADLINE_MS;
    return behaviour;
}

/* Far above, and the target has seen it: from then on it knows better. A payment that waits is
 * accepted by the first of the blocks, which is known below the lag, too. A target that does not
 * look so often cannot be blamed. */
static void fall_behind(struct story *s)
{
    bool waits = s->paid != NULL && kxp_state(s->t, s->paid) == KASPA_TX_IN_MEMPOOL;

    if (waits) {
        kxp_node_behaves(s->t, (struct kaspa_node_behaviour){.lie = KASPA_NODE_ACCEPTS_NONE});
        kxp_mine_merging(s->t, BLOCKS_ABOVE_LAG, MERGED);
    }
    if (waits && s->cell == WAITS && !kxp_await_calls(s->t, kxp_calls(s->t) + CALLS_OF_TWO_LOOKS))
        s->cell = SERVED;
    kxp_node_behaves(s->t, behaviour_of(s));
}

static void replace(struct story *s)
{
    const struct kaspa_tx *other = kxp_conflict(s->t, s->paid);

    switch (kxp_state(s->t, s->paid)) {
    case KASPA_TX_ACCEPTED:
        kxp_reorganise_out(s->t, s->paid, other);
        return;
    case KASPA_TX_IN_MEMPOOL:
        kxp_evict(s->t, s->paid);
        break;
    case KASPA_TX_UNKNOWN:
        break;
    }
    kxp_submit_ourselves(s->t, other);
}

static void reorganise(struct story *s)
{
    if (s->paid != NULL && kxp_state(s->t, s->paid) == KASPA_TX_ACCEPTED)
        kxp_reorganise_out(s->t, s->paid, NULL);
    else
        kxp_reorganise(s->t, 1, NULL);
}

static void happen(struct story *s)
{
    switch (s->trouble->event) {
    case NO_EVENT:
        break;
    case RESTART:
        kxp_node_restarts(s->t);
        break;
    case FORK:
        kxp_node_forks(s->t);
        break;
    case REORGANISE:
        reorganise(s);
        break;
    case EVICT:
        kxp_evict(s->t, s->paid);
        break;
    case CONFLICT:
        replace(s);
        break;
    case PRUNE:
        kxp_prune(s->t);
        break;
    }
}

/* A node that is down has no connections left, either. */
static void trouble_begins(struct story *s)
{
    if (s->trouble->behaviour.lag_daa > 0)
        fall_behind(s);
    else
        kxp_node_behaves(s->t, behaviour_of(s));
    if (s->trouble->behaviour.fault == KASPA_NODE_REFUSE)
        kxp_node_restarts(s->t);
    happen(s);
}

static bool may_be_accepted(const struct story *s)
{
    return s->cell != UNACCEPTED && s->cell != BELIEVED;
}

/* The chain knows nothing of the node's trouble. */
static void chain_goes_on(struct story *s)
{
    if (may_be_accepted(s))
        kxp_mine(s->t, 1);
}

static void trouble_ends(struct story *s)
{
    if (s->trouble->event == FORK)
        kxp_node_returns(s->t);
    kxp_node_is_sound(s->t);
}

/* ---- meanwhile ---- */

static struct peer_pending *pay_beside(struct story *s, const char *label)
{
    return peer_send_beside(s->t, NULL, label, s->want, kxp_headers(s->paid));
}

static void finish(struct story *s, struct peer_pending *pending)
{
    struct peer_want other = peer_endpoint(s->t, "paid_get_other");

    (void)expect_offer_or_later(s->t, kxp_send(s->t, "an unpaid request meanwhile", other, NULL),
                                other);
    s->answer = peer_finish(s->t, pending);
    case_observe(s->t, s->trouble->name, "the payment is answered with %d", peer_status(s->answer));
}

/* ---- what must come of it ---- */

static void expect_no_unpaid_content(struct story *s)
{
    if (s->cell == BELIEVED)
        return;
    if (s->cell == SERVED && kxp_is_served(s->answer))
        expect_delivered(s->t, s->answer, s->paid);
    else
        expect_not_served(s->t, s->answer);
}

/* As a payer would have it: the identical retry, and where the node has lost the payment, another
 * way to the network. */
static void bring_to_chain(struct story *s)
{
    kxp_mining(s->t, true);
    if (kxp_state(s->t, s->paid) == KASPA_TX_UNKNOWN)
        (void)kxp_send(s->t, "the identical retry, once the node is sound", s->want, s->paid);
    if (kxp_state(s->t, s->paid) == KASPA_TX_UNKNOWN)
        kxp_submit_ourselves(s->t, &s->paid->tx);
    if (s->cell == LEFT)
        kxp_release(s->t, s->paid);
    kxp_mine(s->t, 1);
}

static void expect_once(struct story *s)
{
    uint64_t runs = case_executions(s->t) - s->runs_before;
    uint64_t submissions = kxp_submissions(s->t);

    expect(s->t, runs <= 1, "at most one run of the handler for the payment", "%" PRIu64 " runs",
           runs);
    expect(s->t, submissions <= 1, "at most one submission", "%" PRIu64 " submissions",
           submissions);
}

static void expect_good_end(struct story *s)
{
    trouble_ends(s);
    if (s->cell == LOST) {
        kxp_mine(s->t, 1);
        expect_not_served(s->t,
                          kxp_send(s->t, "the identical retry, its coins gone", s->want, s->paid));
    } else if (s->cell == GONE) {
        expect_no_second_run(s->t, kxp_send(s->t, "the identical retry, its transaction replaced",
                                            s->want, s->paid));
    } else {
        bring_to_chain(s);
        expect_not_lost(s->t, s->want, s->paid);
    }
    expect_once(s);
}

/* ---- the phases ---- */

/* Heads may vanish from the offers meanwhile, and come back. */
SCENARIO(node_trouble_while_an_offer_is_asked_for,
         .title =
             "Whatever the node does, who asks for an offer gets one or is told to come again, "
             "and the offer holds once the node is sound",
         .threat = "stale-node", .rule = "node.deadline", .ideas = "KX-135 KX-137 KX-138",
         .catches = DEFECTS("kx.unpaid.runs_before_paid"), .needs = KXP_PAY, TABLE(troubles))
{
    struct story s = begin(t, OFFER);
    const struct kxp_offer *offer;

    trouble_begins(&s);
    offer = expect_offer_or_later(t, kxp_send(t, "an unpaid request", s.want, NULL), s.want);
    if (target_endpoint(case_target(t), "additive") != NULL)
        expect_nothing_bought(t, kxp_send(t, "an unpaid request for an offer of heads",
                                          peer_endpoint(t, "additive"), NULL));
    expect_executions(t, 0);
    trouble_ends(&s);
    s.paid = given_payment(t, offer != NULL ? offer : given_offer(t, s.want));
    expect_delivered(t, kxp_send_until_known(t, "paid once the node is sound", s.want, s.paid),
                     s.paid);
    expect_once(&s);
}

/* A restart comes while the node is asked; everything else is there before. */
SCENARIO(node_trouble_while_a_payment_is_verified,
         .title = "Whatever the node does while a payment is verified, it is served on evidence "
                  "alone, submitted once, and delivered once",
         .threat = "stale-node", .rule = "node.fit",
         .ideas = "KX-133 KX-134 KX-135 KX-136 KX-137 KX-138",
         .catches = DEFECTS("kx.node.unsynced", "kx.node.any_network"), .needs = KXP_PAY,
         TABLE(troubles))
{
    struct story s = begin(t, VERIFICATION);
    bool is_sudden = s.trouble->event == RESTART;
    struct peer_pending *waiting;
    uint64_t calls;

    s.paid = kxp_paid(t, s.want);
    kxp_mining(t, may_be_accepted(&s));
    if (!is_sudden) {
        trouble_begins(&s);
        chain_goes_on(&s);
    }
    calls = kxp_calls(t);
    waiting = pay_beside(&s, "pay");
    if (is_sudden) {
        (void)kxp_await_calls(t, calls + 1);
        trouble_begins(&s);
    }
    finish(&s, waiting);
    expect_no_unpaid_content(&s);
    expect_good_end(&s);
}

static bool goes_away(const struct story *s)
{
    return s->trouble->event == RESTART || s->trouble->behaviour.fault == KASPA_NODE_REFUSE;
}

/* Of the submission alone; a node that goes away has taken it, and its answer is lost. */
static void trouble_begins_at_submission(struct story *s)
{
    struct kaspa_node_behaviour behaviour = behaviour_of(s);

    behaviour.fault_method = "submitTransaction";
    if (goes_away(s))
        behaviour.fault = KASPA_NODE_SILENT;
    kxp_node_behaves(s->t, behaviour);
    if (s->trouble->event == CONFLICT)
        replace(s);
}

SCENARIO(node_trouble_at_the_submission,
         .title = "Whatever becomes of the answer to a submission, nothing is served before the "
                  "chain accepts the payment, and then it is delivered without another submission",
         .threat = "stale-node", .rule = "broadcast.ambiguous",
         .ideas = "KX-130 KX-131 KX-132 KX-137 KX-138",
         .catches = DEFECTS("kx.node.error_releases", "kx.node.resubmits"), .needs = KXP_PAY,
         TABLE(troubles))
{
    struct story s = begin(t, SUBMISSION);
    struct peer_pending *waiting;

    s.paid = kxp_paid(t, s.want);
    kxp_mining(t, false);
    trouble_begins_at_submission(&s);
    waiting = pay_beside(&s, "pay");
    if (s.cell != LOST && !kxp_await_submissions(t, 1))
        case_end(t, VERDICT_BROKEN, "the payment was not submitted");
    if (goes_away(&s))
        trouble_begins(&s);
    finish(&s, waiting);
    expect_no_unpaid_content(&s);
    expect_good_end(&s);
}

SCENARIO(node_trouble_while_acceptance_is_awaited,
         .title = "Whatever the node does while a submitted payment is not accepted yet, it is "
                  "served on evidence alone, and delivered once",
         .threat = "stale-node", .rule = "finality.before-content",
         .ideas = "KX-133 KX-134 KX-135 KX-136 KX-137 KX-138 KX-140",
         .catches = DEFECTS("kx.node.lag", "kx.node.sync_flag_missing", "kx.node.error_accepts",
                            "kx.node.malformed_accepts"),
         .needs = KXP_PAY, TABLE(troubles))
{
    struct story s = begin(t, ACCEPTANCE);
    struct peer_pending *waiting;

    s.paid = kxp_paid(t, s.want);
    kxp_mining(t, false);
    waiting = pay_beside(&s, "pay");
    kxp_await_in_mempool(t, s.paid);
    trouble_begins(&s);
    chain_goes_on(&s);
    finish(&s, waiting);
    expect_no_unpaid_content(&s);
    expect_good_end(&s);
}

SCENARIO(node_trouble_at_a_retry_of_what_was_put_off,
         .title = "Whatever the node does when a payment that was put off is shown again, it is "
                  "served on evidence alone, not submitted again, and delivered once",
         .threat = "stale-node", .rule = "broadcast.once",
         .ideas = "KX-130 KX-133 KX-134 KX-135 KX-136 KX-137 KX-138 KX-140",
         .catches = DEFECTS("kx.node.resubmits"), .needs = KXP_PAY, TABLE(troubles))
{
    struct story s = begin(t, LATE_RETRY);

    s.paid = kxp_paid(t, s.want);
    kxp_mining(t, false);
    expect_not_served(t, kxp_send(t, "pay, and be put off", s.want, s.paid));
    kxp_await_in_mempool(t, s.paid);
    trouble_begins(&s);
    chain_goes_on(&s);
    finish(&s, pay_beside(&s, "the identical retry"));
    expect_no_unpaid_content(&s);
    expect_good_end(&s);
}

/* What is told of the chain then no longer matters to the payment, or matters by policy. */
static void expect_delivered_or_put_off(struct story *s)
{
    struct peer_look look = peer_look(s->t, s->answer);

    if (s->cell == SERVED && kxp_is_served(s->answer))
        expect_delivered(s->t, s->answer, s->paid);
    else
        expect(s->t, kxp_is_served(s->answer) || (look.status >= 400 && !look.leaks),
               "the paid answer, or to be put off with nothing of it", "%s", look.seen);
}

SCENARIO(node_trouble_while_the_handler_runs,
         .title = "Whatever the node does while the handler of an accepted payment runs, its "
                  "answer is delivered once, and the handler runs once",
         .threat = "stale-node", .rule = "handler.once", .ideas = "KX-137 KX-139 KX-140",
         .catches = DEFECTS("kx.identifier.reruns"), .needs = KXP_PAY | NEED_ORIGIN,
         TABLE(troubles))
{
    struct story s = begin(t, HANDLER);
    struct peer_pending *held;

    s.paid = kxp_paid(t, s.want);
    held = kxp_send_held(t, "pay", s.want, s.paid);
    trouble_begins(&s);
    s.answer = peer_finish(t, held);
    case_observe(t, s.trouble->name, "the payment is answered with %d", peer_status(s.answer));
    expect_delivered_or_put_off(&s);
    expect_good_end(&s);
}

SCENARIO(node_trouble_at_an_identical_retry,
         .title = "Whatever the node does after a payment was delivered, the identical retry gets "
                  "the first answer again, and runs and submits nothing",
         .threat = "stale-node", .rule = "identifier.cached", .ideas = "KX-136 KX-137 KX-139",
         .catches = DEFECTS("kx.identifier.reruns", "kx.identifier.retry_refused"),
         .needs = KXP_PAY, TABLE(troubles))
{
    struct story s = begin(t, IDENTICAL_RETRY);
    const struct peer_answer *first;

    s.paid = kxp_paid(t, s.want);
    first = kxp_send_until_known(t, "pay", s.want, s.paid);
    expect_delivered(t, first, s.paid);
    trouble_begins(&s);
    s.answer = kxp_send(t, "the identical retry", s.want, s.paid);
    if (s.cell == SERVED)
        expect_cached(t, s.answer, first);
    else
        expect_no_second_run(t, s.answer);
    expect_good_end(&s);
}
