/* Callers: how much runs at once, and who is given what. */
#include "peer/kaspa-x402/peer.h"

enum { MANY = 24 };

SCENARIO(above_its_limits_the_server_says_so,
         .title =
             "Above its own limits the server answers 429 or 503 and says when to come again, and "
             "serves again when there is room",
         .threat = "store-exact", .rule = "limits.concurrency", .ideas = "KX-150",
         .catches = DEFECTS("kx.limits.none"), .variant = "few_at_once",
         .needs = KXP_PAY | NEED_ORIGIN | NEED_DISRUPT)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *held[] = {kxp_paid(t, want), kxp_paid(t, want)};
    const struct kxp_payment *third = kxp_paid(t, want);
    struct peer_before before = peer_before(t);
    const struct peer_answer *answer;

    origin_behave(case_origin(t), &(struct origin_rule){.behaviour = ORIGIN_STALL});
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        (void)kxp_send_unheard(t, "held", want, held[i]);
    before.runs += ARRAY_LEN(held);
    before.moves = peer_moves(t);
    answer =
        peer_send_counted(t, case_peer(t), "a third meanwhile", want, kxp_headers(third), before);
    origin_behave(case_origin(t), &(struct origin_rule){.behaviour = ORIGIN_ANSWER});
    origin_release(case_origin(t));
    expect_later(t, answer);
    expect(t, peer_header(answer, "Retry-After").len > 0, "Retry-After", "none");
    expect_not_lost(t, want, third);
    expect_not_lost(t, want, held[0]);
}

SCENARIO(quota_of_a_caller_is_kept, .title = "A caller above its quota is told to come again",
         .threat = "store-exact", .rule = "limits.concurrency", .ideas = "KX-150",
         .catches = DEFECTS("kx.limits.none"), .variant = "quota", .uses_up = true,
         .needs = NEED_DISRUPT)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_series *series = peer_series(t);
    int refused = 0;

    for (int i = 0; i < 2 * MANY; i++)
        refused += peer_status(peer_series_send(t, series, want, (struct peer_with){0})) == 429;
    expect(t, refused > 0, "429 above the quota", "%d requests, none of them refused", 2 * MANY);
}

/* The first and the second of the target file; KXP_PRINCIPALS says that there are two. */
static const char *caller(struct assay_case *t, size_t index)
{
    return case_target(t)->principals[index].name;
}

SCENARIO(honest_caller_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment of a caller that the server knows buys one answer",
         .rule = "honest.served", .rests_on = PROFILE "/honest_payment_is_served",
         .needs = KXP_PAY | KXP_PRINCIPALS)
{
    struct peer_want want = peer_endpoint(t, "private");
    const struct kxp_payment *paid = kxp_paid_as(t, want, caller(t, 0));

    expect_delivered(t, kxp_send_until_known_as(t, "pay", want, paid, caller(t, 0)), paid);
}

SCENARIO(
    answers_belong_to_the_caller_that_paid,
    .title = "Another caller with the same payment gets nothing of the answer, before or after",
    .threat = "store-cache", .rule = "access.tenant", .ideas = "KX-057",
    .rests_on = PROFILE "/honest_caller_is_served", .catches = DEFECTS("kx.request.without_caller"),
    .needs = KXP_PAY | KXP_PRINCIPALS)
{
    struct peer_want want = peer_endpoint(t, "private");
    const char *payer = caller(t, 0), *other = caller(t, 1);
    const struct kxp_payment *paid = kxp_paid_as(t, want, payer);
    struct peer_with as_other = kxp_headers_as(t, other, paid);
    const struct peer_answer *first;

    expect_refused(t, peer_send(t, "another with the payer's payment, unused", want, as_other));
    first = kxp_send_until_known_as(t, "the payer", want, paid, payer);
    expect_delivered(t, first, paid);
    expect_refused(t, peer_send(t, "another with the payer's payment", want, as_other));
    expect_refused(t, kxp_send(t, "nobody with the payer's payment", want, paid));
    expect_cached(t, peer_send(t, "the payer again", want, kxp_headers_as(t, payer, paid)), first);
}
