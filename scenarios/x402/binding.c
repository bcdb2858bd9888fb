/* Threat exact-replay, across requests: what has bought one request buys no other, although nothing
 * in a payment is signed for a request. The facilitator would settle each of them. */
#include "peer/x402/peer.h"

static struct peer_want another_resource(struct assay_case *t, struct peer_want want)
{
    (void)want;
    return peer_endpoint(t, "paid_get_other");
}

static struct peer_want another_query(struct assay_case *t, struct peer_want want)
{
    return peer_want_query(t, want, "assay=2");
}

static const struct other {
    const char *name, *endpoint;
    struct peer_want (*make)(struct assay_case *t, struct peer_want want);
} others[] = {
    {"another resource", "paid_get", another_resource},
    {"another query", "paid_get", another_query},
};

/* Pays for one request, and sends the payload with the offer of another. */
static void expect_bound(struct assay_case *t, const char *label, struct peer_want want,
                         struct peer_want other)
{
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct x4p_offer *offer = x4p_given_offer(t, other);
    const struct peer_answer *first;

    x4p_facilitator_settles(t, FACILITATOR_EVERY_TIME);
    first = x4p_send_until_known(t, "what was paid for", want, paid);
    expect_delivered(t, first, paid);
    expect_not_served(t, x4p_send(t, label, other, x4p_reused(t, offer, paid)));
}

SCENARIO(payment_for_one_resource_buys_no_other,
         .title = "What was paid for one resource buys no other one of the same price, and no "
                  "other query of it",
         .threat = "exact-replay", .rule = "request.bound", .ideas = "X-34 X-36",
         .catches = DEFECTS("facilitator.resource_unbound", "facilitator.memory_of_facilitator"),
         .needs = X4P_PAY | X4P_OTHER, TABLE(others))
{
    const struct other *row = case_row(t);
    struct peer_want want = peer_endpoint(t, row->endpoint);

    expect_bound(t, row->name, want, row->make(t, want));
}

SCENARIO(payment_for_one_body_buys_no_other,
         .title = "What was paid for one body buys no other one", .threat = "exact-replay",
         .rule = "request.bound", .ideas = "X-36",
         .catches = DEFECTS("facilitator.resource_unbound", "facilitator.memory_of_facilitator"),
         .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_post");

    expect_bound(t, "another body", want, peer_want_body(want, ASSAY_LIT("{\"a\":2}")));
}

SCENARIO(payment_for_one_method_buys_no_other,
         .title = "What was paid for a GET buys no POST of the same path", .threat = "exact-replay",
         .rule = "request.bound", .ideas = "X-36",
         .catches = DEFECTS("facilitator.resource_unbound", "facilitator.memory_of_facilitator"),
         .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_both");
    struct peer_want post = peer_endpoint(t, "paid_post");

    post.target = want.target;
    expect_bound(t, "POST", want, post);
}

SCENARIO(copies_for_two_resources_buy_one,
         .title = "One payload sent for two resources at once buys one of them, where the "
                  "facilitator would settle both",
         .threat = "exact-replay", .rule = "request.bound", .ideas = "X-34",
         .catches = DEFECTS("facilitator.resource_unbound", "facilitator.memory_of_facilitator"),
         .races = true, .needs = X4P_PAY | X4P_OTHER)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct x4p_payment *again = x4p_reused(t, x4p_given_offer(t, other), paid);
    struct peer_shot shots[] = {{.want = want, .with = x4p_headers(paid)},
                                {.want = other, .with = x4p_headers(again)}};

    x4p_facilitator_settles(t, FACILITATOR_EVERY_TIME);
    expect_one_run(t, x4p_burst_held(t, "claim", shots, ARRAY_LEN(shots), FACILITATOR_VERIFY),
                   ARRAY_LEN(shots));
}

/* ---- what a payment says itself ---- */

static const struct naming {
    const char *name, *url; /* JSON */
} namings[] = {
    {"of another server", "\"http://elsewhere.example/report\""},
    {"of another path", NULL}, /* the server's own other one */
    {"as a number", "5"},
};

SCENARIO(payment_for_a_named_resource_buys_no_other,
         .title = "A payment that names another resource than the one that is asked for is refused",
         .threat = "exact-replay", .rule = "request.resource", .ideas = "X-35",
         .catches = DEFECTS("x402.resource.unchecked"), .needs = X4P_PAY | X4P_OTHER,
         TABLE(namings))
{
    const struct naming *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want), *foreign;
    const struct x4p_offer *other = x4p_given_offer(t, peer_endpoint(t, "paid_get_other"));
    const char *url =
        row->url != NULL ? row->url : peer_tree_text(t, peer_tree_get(other->tree, "resource.url"));

    foreign = x4p_with(t, paid, "resource.url", url);
    expect_refused(t, x4p_send(t, row->name, want, foreign));
    expect_delivered(t, x4p_send_until_known(t, "with its own", want, paid), paid);
}

SCENARIO(payment_may_name_no_resource, .kind = SCENARIO_OBSERVATION,
         .title = "Whether a payment that names no resource is taken", .threat = "exact-replay",
         .rule = "request.resource", .ideas = "X-35", .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_with(t, x4p_paid(t, want), "resource", NULL);
    const struct peer_answer *answer = x4p_send_until_known(t, "without a resource", want, paid);

    case_observe(t, "no resource", "it is answered with %d", peer_status(answer));
}
