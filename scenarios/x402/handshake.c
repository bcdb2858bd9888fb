/* Threat unpaid-access: what a request without a payment is answered with, and what is offered in
 * that answer. */
#include "peer/x402/peer.h"

static const struct route {
    const char *name, *endpoint;
} routes[] = {
    {"GET", "paid_get"},
    {"another GET", "paid_get_other"},
    {"POST", "paid_post"},
};

SCENARIO(unpaid_request_gets_an_offer,
         .title = "A priced route asked for without a payment answers 402 with an offer",
         .threat = "unpaid-access", .rule = "http.challenge", .ideas = "X-01",
         .rests_on = PROFILE "/free_route_is_free",
         .catches = DEFECTS("x402.unpaid.runs_before_paid", "x402.http.challenge_without_header"),
         TABLE(routes))
{
    const struct route *row = case_row(t);
    struct peer_want want = peer_endpoint(t, row->endpoint);
    struct x4p_calls before = x4p_calls(t);

    expect_challenge(t, x4p_send(t, "without a payment", want, NULL), want);
    expect_calls(t, before, 0, 0);
}

SCENARIO(offer_stays_as_it_is,
         .title = "The same request is offered for the same price, however often it is asked",
         .threat = "exact-offer-match", .rule = "offer.stable", .ideas = "X-02",
         .rests_on = PROFILE "/free_route_is_free", .catches = DEFECTS("x402.offer.unstable"),
         .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_offer *first = x4p_given_offer(t, want), *again = x4p_given_offer(t, want);

    expect(t,
           json_equal(json_object_get(first->tree, "accepts"),
                      json_object_get(again->tree, "accepts")),
           "the same entries in both challenges", "they differ");
}

SCENARIO(offer_is_plain_json,
         .title = "A challenge is JSON that every reader reads alike, with amounts as texts",
         .threat = "unit-confusion", .rule = "offer.form", .ideas = "X-48",
         .rests_on = PROFILE "/free_route_is_free",
         .catches = DEFECTS("x402.offer.amount_as_number"), TABLE(routes))
{
    const struct route *row = case_row(t);
    const struct peer_answer *answer =
        x4p_send(t, "without a payment", peer_endpoint(t, row->endpoint), NULL);
    struct assay_bytes text = x4p_header_text(t, answer, "PAYMENT-REQUIRED");
    struct assay_err err = {0};
    struct x402_required required;
    struct assay_json doc;
    bool is_strict = x402_document_parse(&doc, case_arena(t), text, true, &err) == ASSAY_OK;

    expect(t, is_strict, "strict JSON with no member twice, NaN or Infinity", "%s", err.text);
    expect(t, x402_required_read(&required, case_arena(t), &doc, &err) == X402_FAULT_NONE,
           "all members of their types, amounts as texts", "%s", err.text);
}

static bool is_ascii(struct assay_bytes text)
{
    size_t i = 0;

    while (i < text.len && text.at[i] < 0x80)
        i++;
    return i == text.len;
}

SCENARIO(offer_may_hold_any_text,
         .title = "An offer with text beyond ASCII comes in UTF-8, and can be paid",
         .threat = "request-desync", .rule = "offer.form", .ideas = "X-47",
         .catches = DEFECTS("x402.http.ascii_only"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "text");
    const struct peer_answer *answer = x4p_send(t, "without a payment", want, NULL);
    const struct x4p_payment *paid;

    expect_challenge(t, answer, want);
    if (is_ascii(x4p_header_text(t, answer, "PAYMENT-REQUIRED")))
        case_end(t, VERDICT_UNSUPPORTED,
                 "the endpoint \"text\" of the target file is offered in ASCII alone");
    paid = x4p_paid(t, want);
    expect_delivered(t, x4p_send_until_known(t, "pay", want, paid), paid);
}
