/* Payloads that a facilitator refuses: authorizations out of their time, or of another value. A
 * server may see that for itself; it may not go on without having asked. */
#include "peer/x402/peer.h"

enum { HOUR_S = 3600 };

static void starts_later(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->valid_after = x4p_time(d, HOUR_S);
}

static void has_ended(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->valid_before = x4p_time(d, -HOUR_S);
}

static void has_no_time(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->valid_before = d->valid_after;
}

static void is_worth_nothing(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->value = "0";
}

static void is_worth_less(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->value = x4p_plus(d, d->value, -1);
}

static void is_worth_more(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->value = x4p_plus(d, d->value, 1);
}

static void pays_another(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->to = "0x0000000000000000000000000000000000000001";
}

static const struct bent {
    const char *name;
    x4p_hook *sign;
} bents[] = {
    {"valid in an hour", starts_later}, {"over an hour ago", has_ended},
    {"valid at no time", has_no_time},  {"of nothing", is_worth_nothing},
    {"one unit short", is_worth_less},  {"one unit above", is_worth_more},
    {"to somebody else", pays_another},
};

static void given_authorization(struct assay_case *t, const struct x4p_payment *paid)
{
    if (peer_tree_get(paid->tree, "payload.authorization") == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "payments of this network are opaque to us");
}

static void expect_refused_by_verify(struct assay_case *t, const char *what, struct peer_want want,
                                     const struct x4p_payment *paid)
{
    struct x4p_calls before = x4p_calls(t);

    expect_refused(t, x4p_send(t, what, want, paid));
    case_observe(t, "who refused it", "%s: %s", what,
                 x4p_calls(t).verify > before.verify ? "the facilitator" : "the server by itself");
}

SCENARIO(signed_for_another_time_or_value,
         .title = "An authorization that is signed for another time, value or recipient buys "
                  "nothing, and its handler does not run",
         .threat = "facilitator-trust", .rule = "facilitator.verified", .ideas = "X-50 X-51",
         .catches = DEFECTS("facilitator.verify_skipped"), .needs = X4P_PAY, TABLE(bents))
{
    const struct bent *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid =
        x4p_bent(t, x4p_given_offer(t, want), (struct x4p_bend){.sign = row->sign});

    given_authorization(t, paid);
    expect_refused_by_verify(t, row->name, want, paid);
}

static const struct number {
    const char *name, *path, *value;
} numbers[] = {
    {"a negative value", "payload.authorization.value", "-1"},
    {"a value of 2^256", "payload.authorization.value",
     "115792089237316195423570985008687907853269984665640564039457584007913129639936"},
    {"a value in hex", "payload.authorization.value", "0x1312d00"},
    {"a value with a leading zero", "payload.authorization.value", "020000000"},
    {"a value with an exponent", "payload.authorization.value", "2e7"},
    {"an empty value", "payload.authorization.value", ""},
    {"a negative time", "payload.authorization.validBefore", "-1"},
    {"a time of 2^64", "payload.authorization.validAfter", "18446744073709551616"},
    {"a nonce of one byte", "payload.authorization.nonce", "0x01"},
};

SCENARIO(numbers_of_other_forms_buy_nothing,
         .title = "An authorization with a number of another form buys nothing, and breaks nothing",
         .threat = "unit-confusion", .rule = "facilitator.verified", .ideas = "X-51",
         .catches = DEFECTS("facilitator.verify_skipped"), .needs = X4P_PAY, TABLE(numbers))
{
    const struct number *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);

    given_authorization(t, paid);
    expect_refused_by_verify(t, row->name, want, x4p_with_word(t, paid, row->path, row->value));
}

static void for_ten_years(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->valid_before = x4p_time(d, (int64_t)87600 * HOUR_S);
}

/* No rule of the network forbids it: it is the facilitator's to refuse, and the server's to ask. */
SCENARIO(window_of_years_is_the_facilitators_to_refuse,
         .title = "An authorization for ten years, which the facilitator refuses, buys nothing, "
                  "and its handler does not run",
         .threat = "facilitator-trust", .rule = "facilitator.verified", .ideas = "X-50",
         .catches = DEFECTS("facilitator.verify_skipped"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid =
        x4p_bent(t, x4p_given_offer(t, want), (struct x4p_bend){.sign = for_ten_years});

    given_authorization(t, paid);
    x4p_facilitator_behaves(
        t, (struct facilitator_behaviour){
               .verify = {.lie = FACILITATOR_NO,
                          .reason = "invalid_exact_evm_payload_authorization_valid_before"}});
    expect_refused_by_verify(t, "for ten years", want, paid);
}
