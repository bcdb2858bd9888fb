/* Threat facilitator-service: what a facilitator lists it does; it moves nothing to verify, judges
 * what it settles, and settles it once. */
#include "peer/kaspa-x402/facilitate.h"

enum { TIMES = 5, COPIES = 15, SLOW_MS = 500 };

SCENARIO(facilitator_settles_what_pays, OF_A_FACILITATOR, .kind = SCENARIO_CONTROL,
         .title = "An honest payment is settled", .rule = "facilitator.served")
{
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);

    expect_settled(t, kxp_settle_until_known(t, "settle", body, kxp_tenant(t, 0)), paid);
}

static const struct way {
    const char *name, *type, *query;
} ways[] = {
    {"names a character set", "application/json; charset=utf-8", ""},
    {"has a query", "application/json", "?from=shop"},
};

SCENARIO(facilitator_serves_honest_requests_of_any_form, OF_A_FACILITATOR,
         .title = "An honest request is served though its media type has a parameter, or its path "
                  "a query",
         .threat = "facilitator-service", .rule = "facilitator.served", .ideas = "KX-169",
         .catches = DEFECTS("fac.served.media_exact"), TABLE(ways))
{
    const struct way *row = case_row(t);
    struct peer_want want = kxp_call_want(t, KXP_VERIFY, kxp_request(t, kxp_owed(t)));

    want.content_type = row->type;
    want = peer_want_target(want, case_printf(t, "%s%s", want.target, row->query));
    expect_valid(t, peer_send(t, row->name, want, kxp_headers_as(t, kxp_tenant(t, 0), NULL)));
}

/* ---- what it lists ---- */

static const struct peer_answer *ask_supported(struct assay_case *t)
{
    return peer_send(t, "what it does", peer_endpoint(t, "supported"),
                     kxp_headers_as(t, kxp_tenant(t, 0), NULL));
}

/* namespace:reference, as far as both are needed to tell networks apart. */
static bool is_caip2(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon != NULL && colon - name >= 3 && colon - name <= 8 && colon[1] != '\0' &&
           strchr(colon + 1, ':') == NULL;
}

SCENARIO(facilitator_lists_in_the_form_of_the_text, OF_A_FACILITATOR,
         .title = "/supported has kinds, extensions and signers, those by the CAIP-2 name of their "
                  "network",
         .threat = "facilitator-service", .rule = "facilitator.supported", .ideas = "X-60",
         .catches = DEFECTS("fac.supported.signers"))
{
    const struct peer_answer *answer = ask_supported(t);
    json_t *said = kxp_said(t, answer), *signers = json_object_get(said, "signers"), *list;
    const char *network;

    expect(t,
           peer_status(answer) == 200 && json_is_array(json_object_get(said, "kinds")) &&
               json_is_array(json_object_get(said, "extensions")) && json_is_object(signers),
           "200 with the arrays kinds and extensions and the object signers", "%s",
           peer_seen(t, answer));
    json_object_foreach (signers, network, list)
        expect(t, is_caip2(network) && json_is_array(list),
               "signers are arrays under CAIP-2 names, such as kaspa:testnet-10", "\"%.40s\"",
               network);
}

/* What is listed is known: not served for want of a payment, and not for want of the kind. */
static void expect_known(struct assay_case *t, json_t *body, json_t *kind)
{
    static const char *const unknown[] = {"unsupported_scheme", "invalid_scheme",
                                          "invalid_network"};
    const char *scheme = json_string_value(json_object_get(kind, "scheme"));
    const char *network = json_string_value(json_object_get(kind, "network")), *reason;

    expect(t, scheme != NULL && network != NULL && is_caip2(network),
           "each kind has a scheme, and a network by its CAIP-2 name", "one has not");
    kxp_set_text(body, "paymentRequirements.scheme", scheme);
    kxp_set_text(body, "paymentRequirements.network", network);
    reason = kxp_said_text(t, kxp_call(t, "a listed kind", KXP_VERIFY, body, kxp_tenant(t, 0)),
                           "invalidReason");
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        expect(t, strcmp(reason, unknown[i]) != 0, "a kind that is listed is known", "%s", reason);
}

SCENARIO(facilitator_lists_what_it_does, OF_A_FACILITATOR,
         .title = "No kind is listed that a request of it is not served for",
         .threat = "facilitator-service", .rule = "facilitator.supported", .ideas = "KX-165 X-60",
         .catches = DEFECTS("fac.supported.more"))
{
    json_t *kinds = json_object_get(kxp_said(t, ask_supported(t)), "kinds"), *kind;
    json_t *body = kxp_request(t, kxp_owed(t));
    size_t i;

    expect(t, json_array_size(kinds) > 0, "at least one kind", "none");
    json_array_foreach (kinds, i, kind)
        expect_known(t, body, kind);
}

/* ---- verify and settle ---- */

SCENARIO(facilitator_moves_nothing_to_verify, OF_A_FACILITATOR,
         .title = "/verify submits nothing and consumes nothing, however often it is asked",
         .threat = "facilitator-service", .rule = "facilitator.read-only", .ideas = "KX-163 X-58",
         .catches = DEFECTS("fac.verify.submits"))
{
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);

    for (int i = 0; i < TIMES; i++)
        expect_valid(t, kxp_call(t, "verify", KXP_VERIFY, body, kxp_tenant(t, 0)));
    expect_handed_over(t, 0);
    expect_settled(t, kxp_settle_until_known(t, "settle", body, kxp_tenant(t, 0)), paid);
}

static void signed_by_a_stranger(struct kxp_draft *d)
{
    d->signer = kxp_stranger(d->t);
}

static void expired(struct kxp_draft *d)
{
    d->expires_at = kxp_time_text(d->t, case_now_ms(d->t) - 1000);
}

static void one_sompi_short(struct kxp_draft *d)
{
    d->outputs[0].value--;
}

static void to_a_stranger(struct kxp_draft *d)
{
    struct assay_key stranger = kxp_stranger(d->t);

    d->outputs[0].spk = kxp_spk_of(d->t, &stranger);
}

static const struct forgery {
    const char *name;
    struct kxp_bend bend;
} forgeries[] = {
    {"authorised by a stranger", {.text = signed_by_a_stranger}},
    {"expired", {.text = expired}},
    {"one sompi short", {.terms = one_sompi_short}},
    {"paid to a stranger", {.terms = to_a_stranger}},
};

SCENARIO(facilitator_judges_what_it_settles, OF_A_FACILITATOR,
         .title = "/settle refuses a payment that is not good, though nobody asked /verify",
         .threat = "facilitator-service", .rule = "facilitator.reverified", .ideas = "X-58",
         .catches = DEFECTS("fac.settle.trusts"), TABLE(forgeries))
{
    const struct forgery *row = case_row(t);
    const struct kxp_offer *offer = kxp_own_offer(t, (struct kxp_sale){.is_mainnet = false});
    json_t *body = kxp_request(t, kxp_bent(t, offer, row->bend));

    expect_negative(t, kxp_call(t, row->name, KXP_SETTLE, body, kxp_tenant(t, 0)));
    expect_negative(t, kxp_call(t, row->name, KXP_VERIFY, body, kxp_tenant(t, 0)));
}

/* ---- once ---- */

static void expect_same(struct assay_case *t, const struct peer_answer *answer,
                        const struct peer_answer *first)
{
    const char *difference = peer_difference(answer, first);

    expect(t, difference == NULL, "the answer that the first was given", "%s",
           difference != NULL ? difference : "");
}

SCENARIO(facilitator_settles_once_however_often, OF_A_FACILITATOR,
         .title = "A payment that is settled is submitted once, and each repetition is given the "
                  "same answer",
         .threat = "facilitator-service", .rule = "facilitator.once", .ideas = "KX-168 X-57",
         .catches = DEFECTS("fac.settle.repeats"))
{
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);
    const struct peer_answer *first = kxp_settle_until_known(t, "settle", body, kxp_tenant(t, 0));

    expect_settled(t, first, paid);
    for (int i = 0; i < TIMES; i++)
        expect_same(t, kxp_call(t, "again", KXP_SETTLE, body, kxp_tenant(t, 0)), first);
    expect_handed_over(t, 1);
}

/* The others come while the node has the submission, and has not answered it. */
SCENARIO(facilitator_settles_once_at_once, OF_A_FACILITATOR,
         .title = "Sixteen settlements of one payment at once are one submission",
         .threat = "facilitator-service", .rule = "facilitator.once", .ideas = "KX-168 X-57",
         .catches = DEFECTS("fac.settle.races"), .races = true)
{
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);
    struct peer_want want = kxp_call_want(t, KXP_SETTLE, body);
    struct peer_with with = kxp_headers_as(t, kxp_tenant(t, 0), NULL);
    struct peer_pending *first;

    kxp_node_behaves(t, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SLOW,
                                                      .fault_method = "submitTransaction",
                                                      .delay_ms = SLOW_MS});
    first = peer_send_beside(t, NULL, "first", want, with);
    expect(t, kxp_await_submissions(t, 1), "a submission", "none");
    (void)peer_burst(t, "fifteen more", peer_copies(t, want, with, COPIES), COPIES);
    (void)peer_finish(t, first);
    kxp_node_is_sound(t);
    expect_settled(t, kxp_settle_until_known(t, "again", body, kxp_tenant(t, 0)), paid);
    expect_handed_over(t, 1);
}
