/* Controls: the honest paths. Where one of these does not work, nothing can be concluded from
 * refusals. */
#include "peer/paid-tools/peer.h"

SCENARIO(honest_payment_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment buys one answer", .rule = "CH-1", .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");

    expect_granted(t, pt_send(t, "pay", want, (struct pt_with){.proof = given_paid(t, want)}));
}

SCENARIO(two_payments_buy_two_answers, .kind = SCENARIO_CONTROL,
         .title = "Two honest payments buy two answers", .rule = "CH-1", .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const char *one = given_paid(t, want), *other = given_paid(t, want);

    expect_granted(t, pt_send(t, "pay once", want, (struct pt_with){.proof = one}));
    expect_granted(t, pt_send(t, "pay again", want, (struct pt_with){.proof = other}));
}

SCENARIO(honest_post_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment buys one answer to a request with a body", .rule = "CH-1",
         .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_post");

    expect_granted(t, pt_send(t, "pay", want, (struct pt_with){.proof = given_paid(t, want)}));
}

SCENARIO(honest_bridge_payment_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment in PAYMENT-SIGNATURE buys one answer", .rule = "NS-6",
         .needs = PT_SECRET | PT_BRIDGE)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));

    expect_granted(t,
                   pt_send(t, "pay", want, (struct pt_with){.bridge = pt_bridge_header(t, paid)}));
}

SCENARIO(honest_tool_call_is_served, .kind = SCENARIO_CONTROL,
         .title = "An honest payment buys one call of a tool", .rule = "CH-1",
         .needs = PT_SECRET | PT_MCP)
{
    struct peer_want want = pt_want_tool(t, "{\"city\":\"Paris\"}");

    expect_granted(t, pt_send(t, "pay", want, (struct pt_with){.proof = given_paid(t, want)}));
}

SCENARIO(free_route_is_free, .kind = SCENARIO_CONTROL,
         .title = "A free route answers without a payment", .rule = "CH-1")
{
    const struct peer_answer *answer =
        pt_send(t, "ask", peer_endpoint(t, "free"), (struct pt_with){0});

    expect(t, peer_status(answer) == 200, "200 without a payment", "status %d (0: no answer)",
           peer_status(answer));
}

SCENARIO(keyed_retry_repeats_its_answer, .kind = SCENARIO_CONTROL,
         .title = "A retry with the same key and payment gets its first answer again",
         .rule = "IK-1", .needs = PT_SECRET | PT_KEYS)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with with = {.proof = given_paid(t, want), .key = given_key(t)};
    const struct peer_answer *first = pt_send(t, "pay", want, with);
    const struct peer_answer *again;

    expect_granted(t, first);
    again = pt_send(t, "retry", want, with);
    expect(t,
           peer_status(again) == peer_status(first) &&
               assay_bytes_equal(peer_body(again), peer_body(first)),
           "the first answer again", "status %d with %zu bytes after %d with %zu",
           peer_status(again), peer_body(again).len, peer_status(first), peer_body(first).len);
}

SCENARIO(rewritten_proof_is_served, .kind = SCENARIO_CONTROL,
         .title = "A proof that was taken apart and put together again buys one answer",
         .rule = "PF-1", .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = pt_resigned(t, given_payment(t, given_offer(t, want)));
    const char *json = pt_json_with(t, paid, "payer", pt_quote(t, paid->payer));

    expect_granted(
        t, pt_send(t, "pay", want, (struct pt_with){.proof = pt_encode(t, assay_str(json))}));
}
