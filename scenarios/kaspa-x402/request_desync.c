/* Threats request-desync, fee-and-relay, shared-identity and unit-confusion, where they are not met
 * elsewhere: one connection for several requests, text that becomes protocol, offers that cannot be
 * paid, two servers of one recipient. */
#include "peer/kaspa-x402/peer.h"

/* ---- request-desync ---- */

static const struct second {
    const char *name, *endpoint;
    bool at_once;
} seconds[] = {
    {"the same request", "paid_get", false},
    {"another route", "paid_get_other", false},
    {"pipelined behind", "paid_get_other", true},
};

/* How many of the two were served; *again: whether the paid one was put off, and is to be tried
 * again. */
static size_t send_both(struct assay_case *t, const struct http_piece *pieces, size_t piece_count,
                        struct kxp_tries *tries, bool *again)
{
    size_t count, served = 0;
    bool closed;
    const struct peer_answer *const *answers =
        peer_raw(t, "a paid request, and another", pieces, piece_count, 2, &count, &closed);

    for (size_t i = 0; i < count; i++)
        served += kxp_is_served(answers[i]) ? 1 : 0;
    *again = count > 0 && served == 0 && kxp_try_again(t, tries, answers[0]);
    return served;
}

SCENARIO(
    payment_is_for_one_request_of_a_connection,
    .title = "On a connection that others share, a payment lets its own request run and no other",
    .threat = "request-desync", .rule = "http.challenge",
    .catches = DEFECTS("kx.unpaid.runs_before_paid"), .needs = KXP_PAY | NEED_ORIGIN,
    TABLE(seconds))
{
    const struct second *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get"), other = peer_endpoint(t, row->endpoint);
    struct assay_bytes paid = peer_bytes(t, want, kxp_headers(kxp_paid(t, want)), false);
    struct assay_bytes unpaid = peer_bytes(t, other, (struct peer_with){0}, true);
    struct http_piece pieces[2] = {{.bytes = paid, .await_answer = true}, {.bytes = unpaid}};
    struct kxp_tries tries = kxp_tries(t);
    size_t served;
    bool again;

    if (row->at_once)
        pieces[0] = (struct http_piece){.bytes = peer_joined(t, paid, unpaid)};
    do
        served = send_both(t, pieces, row->at_once ? 1 : 2, &tries, &again);
    while (again);
    expect_executions(t, 1);
    expect(t, served == 1, "one paid answer", "%zu of the answers", served);
}

static const struct lines {
    const char *name, *head_lines;
} lines[] = {
    {"a bare CR", "X-Note: one\rX-Assay-Injected: 1\r\n"},
    {"a forged receipt", "PAYMENT-RESPONSE: e30=\r\n"},
    {"another receipt in small letters", "payment-response: e30=\r\n"},
};

SCENARIO(handlers_text_becomes_no_receipt,
         .title = "Header text of a handler becomes no header of its own and no PAYMENT-RESPONSE",
         .threat = "request-desync", .rule = "http.header-text",
         .catches = DEFECTS("kx.http.header_injection"), .needs = KXP_PAY | NEED_ORIGIN,
         TABLE(lines))
{
    const struct lines *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *answer;

    origin_behave(case_origin(t), &(struct origin_rule){.head_lines = row->head_lines, .times = 1});
    answer = kxp_send_until_known(t, row->name, want, paid);
    if (kxp_is_served(answer))
        expect_delivered(t, answer, paid);
    expect(t, peer_header(answer, "X-Assay-Injected").len == 0,
           "no header that was not sent as one", "X-Assay-Injected");
}

SCENARIO(
    refusals_tell_no_diagnostics,
    .title = "A refusal names a wire reason and nothing of the server's inside or the node's words",
    .threat = "unpaid-access", .rule = "http.reasons", .catches = DEFECTS("kx.http.local_codes"),
    .needs = KXP_PAY)
{
    static const char *const inside[] = {"kaspa_x402", "invalid_kaspa", "Rejected transaction",
                                         "sqlite",     "orphan",        ".c:"};
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    const struct peer_answer *answer = kxp_send(t, "for another page", other, kxp_paid(t, want));
    struct assay_bytes body = peer_body(answer);
    const char *text = case_printf(t, "%.*s", (int)body.len, (const char *)body.at);

    expect_refused(t, answer);
    for (size_t i = 0; i < ARRAY_LEN(inside); i++)
        expect(t, strstr(text, inside[i]) == NULL, "a wire reason", "%s", text);
}

/* ---- fee-and-relay ---- */

SCENARIO(
    offer_can_be_paid,
    .title = "What is offered can be paid: the transaction that pays exactly that is one that a "
             "node relays",
    .threat = "fee-and-relay", .rule = "offer.relayable", .rests_on = PROFILE "/free_route_is_free",
    .catches = DEFECTS("kx.fee.dust_offer"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const char *fault = NULL;
    const struct kxp_offer *offer =
        kxp_offer_of(t, want, kxp_send(t, "unpaid", want, NULL), &fault);

    if (offer == NULL)
        case_end(t, VERDICT_BROKEN, "no offer: %s", fault);
    expect(t, offer->terms.amount >= KXP_LEAST_RELAYED,
           "an amount of at least 0.02 KAS, below which nodes relay no output", "%llu sompi",
           (unsigned long long)offer->terms.amount);
}

static void no_fee(struct kxp_draft *d)
{
    d->no_change = true;
    d->coin_amounts[0] = d->outputs[0].value;
}

SCENARIO(payment_without_a_fee_is_stuck_nowhere,
         .title =
             "A payment without a fee, which no node relays, is not served, and its identifier "
             "is not lost for good if it is accepted",
         .threat = "fee-and-relay", .rule = "broadcast.ambiguous",
         .catches = DEFECTS("kx.finality.only_own_submissions"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid =
        kxp_bent(t, given_offer(t, want), (struct kxp_bend){.terms = no_fee});

    expect_not_served(t, kxp_send(t, "no fee", want, paid));
    kxp_relay_policy(t, false);
    kxp_submit_ourselves(t, &paid->tx);
    kxp_mine(t, 1);
    expect_not_lost(t, want, paid);
}

/* ---- shared-identity ---- */

static void end_instance(void *instance)
{
    instance_free(instance);
}

SCENARIO(two_servers_of_one_recipient_sell_once,
         .title =
             "A payment made for one server buys nothing from another that is paid at the same "
             "address",
         .threat = "shared-identity", .rule = "exact.payload.request-hash",
         .catches = DEFECTS("kx.identity.by_recipient"),
         .needs = KXP_PAY | NEED_LAUNCH | NEED_ORIGIN, .fresh = true)
{
    struct peer_want want = peer_endpoint(t, "html");
    struct assay_err err = {0};
    struct instance *elsewhere =
        case_try_instance(t, (struct instance_options){.variant = "elsewhere"}, &err);
    const struct kxp_payment *paid = kxp_paid(t, want);
    struct peer_with as_its_own = kxp_headers(paid);

    if (elsewhere == NULL)
        case_end(t, VERDICT_BROKEN, "a second server does not start: %s", err.text);
    case_defer(t, end_instance, elsewhere);
    as_its_own.fields[1] = (struct peer_field){"Host", "elsewhere.example"};
    expect_refused(t, peer_send_to(t, elsewhere, "at the other server", want, as_its_own));
    expect_delivered(t, kxp_send_until_known(t, "at its own", want, paid), paid);
}

SCENARIO(price_change_does_not_touch_what_was_paid,
         .title = "A payment at the old price is delivered once after the price has changed, or is "
                  "refused before it is taken",
         .threat = "exact-offer-match", .rule = "identifier.cached", .ideas = "KX-151",
         .catches = DEFECTS("kx.identifier.retry_refused"),
         .needs = KXP_PAY | NEED_LAUNCH | NEED_SECOND | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want), *unused = kxp_paid(t, want);
    struct instance *changed;
    struct assay_err err = {0};
    const struct peer_answer *first = kxp_send_until_known(t, "at the old price", want, paid);

    expect_delivered(t, first, paid);
    changed = case_try_instance(
        t,
        (struct instance_options){.variant = "other_price",
                                  .share_store_of = instance_workdir(case_instance(t))},
        &err);
    if (changed == NULL)
        case_end(t, VERDICT_BROKEN, "the server does not start at another price: %s", err.text);
    case_defer(t, end_instance, changed);
    expect_cached(
        t, peer_send_to(t, changed, "the retry, at the new price", want, kxp_headers(paid)), first);
    expect_refused(t, peer_send_to(t, changed, "the old price, unused", want, kxp_headers(unused)));
}
