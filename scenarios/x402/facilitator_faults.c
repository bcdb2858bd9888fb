/* Threat facilitator-trust: every way in which a facilitator can go wrong, at every call that is
 * made of it. The cases are made of the tables of roles/facilitator.h, so that what is added there
 * is asked for here; what is to become of each stands in the tables below. After each of them the
 * server sells on. */
#include "peer/x402/peer.h"

/* Later than anybody waits, until the behaviour changes; more than anybody needs to read. */
enum { LATE_MS = 600000, LARGE_BYTES = 8 << 20 };

enum outcome {
    NO_CELL, /* a lie of another call is none; what is new in the role's tables is not yet in ours
              */

    /* of a list */
    SAME_OFFER,  /* it changes nothing that is sold */
    ONE_KIND,    /* what is sold is what is listed */
    NOT_OFFERED, /* it lists nothing, or is no list: nothing is sold */

    /* of a payment */
    DELIVERED,  /* nothing is wrong that anybody could see */
    NOT_SERVED, /* nothing has happened: the identical request is delivered afterwards */
    FAILED,     /* its handler ran, and nothing moved */
    WITHHELD,   /* it moved, and is told so that nobody may serve for it (settlement.c) */
    UNKNOWN,    /* it may have moved: no claim that it failed, and the retry ends it */
    BELIEVED,   /* a consistent lie: served, or withheld by who knows better */

    EITHER, /* a good answer beside what need not be read or looked at: read by who does */
};

/* Of /supported, /verify and /settle. */
static const enum outcome of_lie[][FACILITATOR_OTHER] = {
    [FACILITATOR_HONEST] = {SAME_OFFER, DELIVERED, DELIVERED},
    [FACILITATOR_MORE_KINDS] = {SAME_OFFER, NO_CELL, NO_CELL},
    [FACILITATOR_MORE_SCHEMES] = {SAME_OFFER, NO_CELL, NO_CELL},
    [FACILITATOR_MORE_NETWORKS] = {SAME_OFFER, NO_CELL, NO_CELL},
    [FACILITATOR_MORE_MODES] = {SAME_OFFER, NO_CELL, NO_CELL},
    [FACILITATOR_MORE_ASSETS] = {SAME_OFFER, NO_CELL, NO_CELL},
    [FACILITATOR_MORE_SIGNERS] = {SAME_OFFER, NO_CELL, NO_CELL},
    [FACILITATOR_FEWER_KINDS] = {ONE_KIND, NO_CELL, NO_CELL},
    [FACILITATOR_NO_KINDS] = {NOT_OFFERED, NO_CELL, NO_CELL},
    [FACILITATOR_YES] = {NO_CELL, DELIVERED, BELIEVED},
    [FACILITATOR_NO] = {NO_CELL, NOT_SERVED, FAILED},
    [FACILITATOR_YES_THEN_NO] = {NO_CELL, FAILED, NO_CELL},
    [FACILITATOR_OTHER_NETWORK] = {NO_CELL, NO_CELL, WITHHELD},
    [FACILITATOR_NO_TRANSACTION] = {NO_CELL, NO_CELL, WITHHELD},
    [FACILITATOR_OTHER_PAYER] = {NO_CELL, NO_CELL, EITHER},
    [FACILITATOR_OTHER_AMOUNT] = {NO_CELL, NO_CELL, EITHER},
    [FACILITATOR_OTHER_TRANSACTION] = {NO_CELL, NO_CELL, DELIVERED},
    [FACILITATOR_DENIES] = {NO_CELL, NO_CELL, WITHHELD},
    [FACILITATOR_DENIES_WITH_TRANSACTION] = {NO_CELL, NO_CELL, WITHHELD},
    [FACILITATOR_PENDING] = {NO_CELL, NO_CELL, UNKNOWN},
};

static const enum outcome of_shape[][FACILITATOR_OTHER] = {
    [FACILITATOR_WHOLE] = {SAME_OFFER, DELIVERED, DELIVERED},
    [FACILITATOR_MISSING] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_TEXT] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_NUMBER] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_NULL_ANSWER] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_TWICE] = {EITHER, EITHER, EITHER},
    [FACILITATOR_NULL_BODY] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_ARRAY_BODY] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_EMPTY_BODY] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_HTML_BODY] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_DEEP_BODY] = {EITHER, EITHER, EITHER},
    [FACILITATOR_HALF_BODY] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
};

static const enum outcome of_fault[][FACILITATOR_OTHER] = {
    [FACILITATOR_SOUND] = {SAME_OFFER, DELIVERED, DELIVERED},
    [FACILITATOR_SLOW] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_HELD] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_SILENT] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_RESET] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_REDIRECT] = {NOT_OFFERED, NOT_SERVED, UNKNOWN},
    [FACILITATOR_OVERSIZED] = {EITHER, EITHER, EITHER},
    [FACILITATOR_BOMB] = {EITHER, EITHER, EITHER},
};

struct cell {
    const char *name;
    struct facilitator_rule rule;
};

#define LIE(ident, text) {text, {.lie = FACILITATOR_##ident}},
#define SHAPE(ident, text) {text, {.shape = FACILITATOR_##ident}},
#define FAULT(ident, text)                                                                         \
    {text, {.fault = FACILITATOR_##ident, .delay_ms = LATE_MS, .large_bytes = LARGE_BYTES}},

static enum outcome outcome_of(struct assay_case *t, enum facilitator_what what,
                               const struct facilitator_rule *rule)
{
    const enum outcome *outcomes = of_lie[rule->lie];

    if (rule->shape != FACILITATOR_WHOLE)
        outcomes = of_shape[rule->shape];
    if (rule->fault != FACILITATOR_SOUND)
        outcomes = of_fault[rule->fault];
    if (outcomes[what] == NO_CELL)
        case_end(t, VERDICT_BROKEN, "no table says what is to become of it");
    return outcomes[what];
}

/* Whoever reads it does so rightly, or takes it for no answer. */
static enum outcome decided(enum outcome outcome, bool is_read, enum outcome yes, enum outcome no)
{
    if (outcome != EITHER)
        return outcome;
    return is_read ? yes : no;
}

/* ---- /verify and /settle ---- */

static void expect_at_once(struct assay_case *t, enum outcome outcome,
                           const struct peer_answer *first, const struct x4p_payment *paid)
{
    if (outcome == DELIVERED)
        expect_delivered(t, first, paid);
    else if (outcome == NOT_SERVED)
        expect_not_served(t, first);
    else if (outcome == UNKNOWN)
        expect_unknown(t, first);
    else if (outcome != BELIEVED || !x4p_is_served(first))
        expect_withheld(t, first);
    if (outcome == FAILED)
        expect(t, peer_moves(t) == first->before.moves, "no settlement", "one");
}

/* Of the identical request, once the facilitator is honest again: where nothing has come to an end
 * by the first one. What has is asked for again in replay.c. */
static void expect_afterwards(struct assay_case *t, enum outcome outcome,
                              const struct peer_answer *first, const struct x4p_payment *paid)
{
    const char *label = "the identical request afterwards";
    struct peer_want want = paid->offer->want;

    if (outcome == NOT_SERVED)
        expect_delivered(t, x4p_send_until_known(t, label, want, paid), paid);
    else if (outcome == UNKNOWN)
        expect_settled_once(t, x4p_send_until_known(t, label, want, paid), paid, first);
}

static void pay_in_trouble(struct assay_case *t, enum facilitator_what what)
{
    const struct cell *row = case_row(t);
    enum outcome outcome = outcome_of(t, what, &row->rule);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    bool verifies = what == FACILITATOR_VERIFY;
    struct facilitator_behaviour behaviour = {0};
    const struct peer_answer *first;

    *(verifies ? &behaviour.verify : &behaviour.settle) = row->rule;
    x4p_facilitator_settles(t, FACILITATOR_SAME_ANSWER); /* so that a retry can be told */
    x4p_facilitator_behaves(t, behaviour);
    first = x4p_send(t, row->name, want, paid);
    outcome = decided(outcome, x4p_is_served(first), DELIVERED, verifies ? NOT_SERVED : UNKNOWN);
    expect_at_once(t, outcome, first, paid);
    x4p_facilitator_is_honest(t);
    expect_afterwards(t, outcome, first, paid);
    expect_alive(t);
}

static const struct cell verifies[] = {LIE(HONEST, "honest") FACILITATOR_ANY_LIES(
    LIE) FACILITATOR_VERIFY_LIES(LIE) FACILITATOR_SHAPES(SHAPE) FACILITATOR_FAULTS(FAULT)};

SCENARIO(trouble_at_verify_serves_nobody,
         .title = "Whatever becomes of the facilitator's answer to /verify, nobody is served "
                  "without a clear yes, and nothing of the payment is lost",
         .threat = "facilitator-trust", .rule = "facilitator.verified", .ideas = "X-20 X-21",
         .catches = DEFECTS("facilitator.verify_failure_open", "facilitator.truthy",
                            "facilitator.missing_is_yes", "facilitator.redirect_followed"),
         .needs = X4P_PAY, TABLE(verifies))
{
    pay_in_trouble(t, FACILITATOR_VERIFY);
}

static const struct cell settles[] = {LIE(HONEST, "honest") FACILITATOR_ANY_LIES(
    LIE) FACILITATOR_SETTLE_LIES(LIE) FACILITATOR_SHAPES(SHAPE) FACILITATOR_FAULTS(FAULT)};

SCENARIO(trouble_at_settle_loses_nothing,
         .title = "Whatever becomes of the facilitator's answer to /settle, nothing is served for "
                  "less than a success, nothing is told as failed for want of an answer, and the "
                  "identical request is then delivered for one settlement",
         .threat = "facilitator-trust", .rule = "settle.unknown", .ideas = "X-23 X-24",
         .catches = DEFECTS("facilitator.truthy", "facilitator.missing_is_yes",
                            "facilitator.transaction_empty", "facilitator.network_unchecked",
                            "facilitator.pending_served", "facilitator.unknown_as_failed",
                            "facilitator.redirect_followed", "facilitator.pending_as_failed"),
         .needs = X4P_PAY, TABLE(settles))
{
    pay_in_trouble(t, FACILITATOR_SETTLE);
}

/* ---- /supported ---- */

static json_t *entries_of(const struct x4p_offer *offer)
{
    return json_object_get(offer->tree, "accepts");
}

static bool is_among(const json_t *entry, const json_t *entries)
{
    size_t i;
    json_t *one;

    json_array_foreach (entries, i, one)
        if (json_equal(one, entry))
            return true;
    return false;
}

/* Each is one that was offered while the facilitator was honest, and all are of one kind. */
static bool is_of_one_kind(const json_t *entries, const json_t *honest)
{
    const json_t *first = json_array_get(entries, 0);
    size_t i;
    json_t *one;

    json_array_foreach (entries, i, one)
        if (!is_among(one, honest) ||
            !json_equal(json_object_get(one, "scheme"), json_object_get(first, "scheme")) ||
            !json_equal(json_object_get(one, "network"), json_object_get(first, "network")))
            return false;
    return true;
}

static void expect_offered(struct assay_case *t, enum outcome outcome,
                           const struct peer_answer *answer, const struct x4p_offer *honest)
{
    const char *fault = NULL;
    const struct x4p_offer *offer = x4p_offer_of(t, honest->want, answer, &fault);

    outcome = decided(outcome, offer != NULL, SAME_OFFER, NOT_OFFERED);
    expect_not_served(t, answer);
    if (outcome == NOT_OFFERED)
        expect(t, offer == NULL, "nothing that this facilitator would settle", "an offer");
    else if (outcome == ONE_KIND)
        expect(t, offer == NULL || is_of_one_kind(entries_of(offer), entries_of(honest)),
               "what is sold of the one kind that is listed", "%s", peer_seen(t, answer));
    else
        expect(t, offer != NULL && json_equal(entries_of(offer), entries_of(honest)),
               "what is sold before an honest facilitator, and nothing else", "%s",
               fault != NULL ? fault : "another offer");
}

static bool restarts(struct assay_case *t, struct assay_err *err)
{
    return instance_restart(case_instance(t), err) == ASSAY_OK;
}

/* What it offers with such a list; NULL: nothing, since a server that does not start with it, or
 * ends when it is asked, has sold nothing either. */
static const struct peer_answer *asked_with(struct assay_case *t, const char *list,
                                            struct peer_want want)
{
    struct peer_before before = peer_before(t);
    const struct peer_answer *answer = NULL;
    struct assay_err err = {0};

    if (restarts(t, &err))
        answer = x4p_send(t, list, want, NULL);
    if (answer != NULL && answer->exchange->outcome != HTTP_CLOSED &&
        answer->exchange->outcome != HTTP_NO_CONNECTION)
        return answer;
    case_observe(t, "a list that it does not run with", "%s: it %s", list,
                 answer != NULL ? "ends when it is asked" : "does not start");
    expect(t, case_executions(t) == before.runs && peer_moves(t) == before.moves,
           "nothing sold by a server that has ended", "something was");
    return NULL;
}

static const struct cell lists[] = {LIE(HONEST, "honest") FACILITATOR_LIST_LIES(LIE)
                                        FACILITATOR_SHAPES(SHAPE) FACILITATOR_FAULTS(FAULT)};

SCENARIO(trouble_of_the_list_sells_nothing_else,
         .title = "Whatever the facilitator lists, or fails to, when a server starts, nothing is "
                  "offered but what the server sells and the facilitator lists",
         .threat = "facilitator-widening", .rule = "facilitator.intersection",
         .catches = DEFECTS("facilitator.kinds_union", "facilitator.list_ignored",
                            "facilitator.assets_widened", "facilitator.extra_of_facilitator"),
         .needs = X4P_PAY | NEED_LAUNCH, .fresh = true, TABLE(lists))
{
    const struct cell *row = case_row(t);
    enum outcome outcome = outcome_of(t, FACILITATOR_SUPPORTED, &row->rule);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_offer *honest = x4p_given_offer(t, want);
    const struct peer_answer *answer;
    const char *fault = NULL;
    struct assay_err err = {0};

    x4p_facilitator_behaves(t, (struct facilitator_behaviour){.supported = row->rule});
    answer = asked_with(t, row->name, want);
    if (answer != NULL)
        expect_offered(t, outcome, answer, honest);
    x4p_facilitator_is_honest(t);
    /* one that reads the list once, at its start, sells again when it is started again */
    if ((answer == NULL || x4p_offer_of(t, want, answer, &fault) == NULL) && !restarts(t, &err))
        case_end(t, VERDICT_BROKEN, "the target did not start again: %s", err.text);
    expect_still_sells(t, want);
}
