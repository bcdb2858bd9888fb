/* Threats exact-replay and exact-identity: one transaction, used again. Whatever is sent with it,
 * in whatever spelling, with whatever witness, identifier, output, resource or worker: the handler
 * runs once, and the node sees one transaction. */
#include "peer/kaspa-x402/kills.h"

static void other_identifier(struct kxp_draft *d)
{
    d->identifier = kxp_identifier(d->t);
}

SCENARIO(settled_payment_buys_one_response,
         .title = "A settled payment buys one response, whatever the resource",
         .threat = "exact-replay", .rule = "replay.once", .ideas = "KX-040",
         .catches = DEFECTS("kx.replay.unrecorded", "kx.identifier.conflict_served"),
         .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    const struct kxp_payment *paid = kxp_paid(t, want), *again;

    expect_delivered(t, kxp_send_until_known(t, "first use", want, paid), paid);
    expect_refused(t, kxp_send(t, "the same header for another resource", other, paid));
    again = kxp_reclaimed(t, paid, given_offer(t, other), (struct kxp_bend){0});
    expect_refused(t, kxp_send(t, "the same coins claimed for another resource", other, again));
    again =
        kxp_reclaimed(t, paid, given_offer(t, other), (struct kxp_bend){.text = other_identifier});
    expect_refused(t, kxp_send(t, "the same, under another identifier", other, again));
}

static struct peer_want other_query(struct assay_case *t, struct peer_want want)
{
    return peer_want_query(t, want, "more=1");
}

static struct peer_want no_query(struct assay_case *t, struct peer_want want)
{
    const char *mark = strchr(want.target, '?');

    return mark == NULL ? other_query(t, want)
                        : peer_want_target(
                              want, case_printf(t, "%.*s", (int)(mark - want.target), want.target));
}

static struct peer_want other_body(struct assay_case *t, struct peer_want want)
{
    (void)t;
    return peer_want_body(want, ASSAY_LIT("{\"a\":2}"));
}

static struct peer_want same_json_other_text(struct assay_case *t, struct peer_want want)
{
    (void)t;
    return peer_want_body(want, ASSAY_LIT("{ \"a\" : 1 }"));
}

static struct peer_want empty_body(struct assay_case *t, struct peer_want want)
{
    (void)t;
    return peer_want_body(want, ASSAY_LIT(""));
}

static const struct swap {
    const char *name, *endpoint;
    struct peer_want (*swap)(struct assay_case *t, struct peer_want want);
} swaps[] = {
    {"another query", "paid_get", other_query},
    {"no query", "paid_get", no_query},
    {"another body", "paid_post", other_body},
    {"no body", "paid_post", empty_body},
};

static void expect_bound(struct assay_case *t, const struct swap *row)
{
    struct peer_want want = peer_endpoint(t, row->endpoint);
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_refused(t, kxp_send(t, "a payment for another request", row->swap(t, want), paid));
    expect_delivered(t, kxp_send_until_known(t, "for its own", want, paid), paid);
}

SCENARIO(payment_is_bound_to_query_and_body,
         .title = "An unused payment does not buy the same resource with another query or body",
         .threat = "exact-replay", .rule = "exact.payload.request-hash", .ideas = "KX-041 KX-042",
         .catches = DEFECTS("kx.request.without_query", "kx.request.without_body",
                            "kx.request.unbound"),
         .needs = KXP_PAY, TABLE(swaps))
{
    expect_bound(t, case_row(t));
}

SCENARIO(spaces_in_a_body_are_observed,
         .title = "Whether a payment covers the same JSON in another text is observed",
         .kind = SCENARIO_OBSERVATION, .threat = "exact-replay",
         .rule = "exact.payload.request-hash", .ideas = "KX-041", .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_post");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *answer =
        kxp_send(t, "the same JSON, other text", same_json_other_text(t, want), paid);

    case_observe(t, "a body with other spaces", "it is answered with %d", peer_status(answer));
}

SCENARIO(payment_for_one_method_buys_no_other,
         .title = "An unused payment for GET does not buy the same resource by another method",
         .threat = "exact-replay", .rule = "exact.payload.request-hash", .ideas = "KX-018",
         .catches = DEFECTS("kx.request.without_method"), .needs = KXP_PAY)
{
    struct peer_want get = peer_endpoint(t, "paid_both");
    struct peer_want post = peer_want_body(peer_want_method(get, "POST"), ASSAY_LIT(""));
    const struct kxp_payment *paid = kxp_paid(t, get);

    post.has_body = false;
    expect_refused(t, kxp_send(t, "a payment for GET, by POST", post, paid));
    expect_delivered(t, kxp_send_until_known(t, "by GET", get, paid), paid);
}

static void forge_request_hash(struct kxp_draft *d)
{
    d->request_hash = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
}

SCENARIO(forged_request_hash_is_refused,
         .title = "A payment authorised for a request hash of its own making is refused",
         .threat = "exact-replay", .rule = "exact.payload.request-hash", .ideas = "KX-046",
         .catches = DEFECTS("kx.request.unbound"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *forged =
        kxp_bent(t, given_offer(t, want), (struct kxp_bend){.text = forge_request_hash});

    expect_refused(t, kxp_send(t, "forged request hash", want, forged));
}

/* ---- the same transaction, told otherwise ---- */

static void reversed_members(struct kxp_draft *d)
{
    json_t *reversed = json_object();
    const char *name;
    json_t *value;

    other_identifier(d);
    json_object_foreach (d->text, name, value) {
        json_t *rest = json_object();

        (void)json_object_set(rest, name, value);
        (void)json_object_update(rest, reversed);
        json_decref(reversed);
        reversed = rest;
    }
    d->text = kxp_owned(d->t, reversed);
}

static void flattened_inputs(struct kxp_draft *d)
{
    json_t *input = kxp_get(d->text, "inputs.0");

    other_identifier(d);
    kxp_set(input, "transactionId", json_incref(kxp_get(input, "previousOutpoint.transactionId")));
    kxp_set(input, "index", json_incref(kxp_get(input, "previousOutpoint.index")));
    kxp_set(input, "previousOutpoint", NULL);
}

static void omitted_defaults(struct kxp_draft *d)
{
    other_identifier(d);
    kxp_set(d->text, "lockTime", NULL);
    kxp_set(d->text, "gas", NULL);
    kxp_set(d->text, "payload", NULL);
}

static void unknown_member(struct kxp_draft *d)
{
    other_identifier(d);
    kxp_set_text(d->text, "note", "again");
}

/* The id does not cover signatures: another valid one of the same input. */
static void other_witness(struct kxp_draft *d)
{
    uint8_t *push = case_alloc(d->t, KASPA_SIGNATURE_PUSH_BYTES);

    other_identifier(d);
    if (kaspa_sign_schnorr(push, &d->tx, 0, &d->coins[0], KASPA_SIGHASH_ALL | 0x80, &d->payer,
                           NULL) != ASSAY_OK)
        case_end(d->t, VERDICT_BROKEN, "the payment cannot be signed again");
    kxp_set_text(d->text, "inputs.0.signatureScript",
                 kxp_hex(d->t, assay_bytes_of(push, KASPA_SIGNATURE_PUSH_BYTES)));
}

static void other_expiry(struct kxp_draft *d)
{
    other_identifier(d);
    d->expires_at = kxp_time_text(d->t, case_now_ms(d->t) + 20000);
}

static const struct telling {
    const char *name;
    kxp_hook *retell;
} tellings[] = {
    {"as it was, another identifier", other_identifier},
    {"members in another order", reversed_members},
    {"flattened inputs", flattened_inputs},
    {"defaults left out", omitted_defaults},
    {"an unknown member", unknown_member},
    {"another signature", other_witness},
    {"another expiry", other_expiry},
};

SCENARIO(settled_transaction_told_otherwise_buys_nothing,
         .title = "A settled transaction in another encoding, with another witness, identifier or "
                  "authorization, buys nothing more",
         .threat = "exact-identity", .rule = "replay.once", .ideas = "KX-055 KX-093 KX-099",
         .catches = DEFECTS("kx.replay.unrecorded", "kx.replay.keyed_by_text",
                            "kx.replay.keyed_by_witness", "kx.replay.keyed_by_identifier"),
         .needs = KXP_PAY, TABLE(tellings))
{
    const struct telling *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want), *again;
    const struct peer_answer *answer;

    expect_delivered(t, kxp_send_until_known(t, "first use", want, paid), paid);
    again = kxp_reclaimed(t, paid, NULL, (struct kxp_bend){.text = row->retell});
    answer = kxp_send(t, row->name, want, again);
    case_observe(t, row->name, "it is answered with %d", peer_status(answer));
    expect_no_second_run(t, answer);
    expect_submissions(t, 1);
}

/* ---- and under other names ---- */

struct name {
    const char *name, *member, *value;
};

/* Before it is authorised: the payer signs what it now says. */
static void rename_terms(struct kxp_draft *d)
{
    const struct name *row = d->arg;

    other_identifier(d);
    if (strncmp(row->member, "payload.", strlen("payload.")) != 0)
        kxp_set_text(d->accepted, row->member, row->value);
}

/* A payload of another profile has that one's form, too. */
static void rename_payload(struct kxp_draft *d)
{
    const struct name *row = d->arg;
    const char *challenge = "9191919191919191919191919191919191919191919191919191919191919191";

    if (strncmp(row->member, "payload.", strlen("payload.")) != 0)
        return;
    kxp_set_text(d->payment, row->member, row->value);
    kxp_set_text(d->payment, "payload.challengeId", challenge);
    if (strcmp(row->value, "additive") != 0)
        kxp_set_text(d->payment, "payload.grantId", challenge);
}

static const struct name names[] = {
    {"another profile in the payload", "payload.profile", "additive"},
    {"a third profile in the payload", "payload.profile", "hash-chain-additive"},
    {"another profile in the terms", "extra.profile", "additive"},
    {"another scheme", "scheme", "batch-settlement"},
    {"the scheme in capitals", "scheme", "EXACT"},
    {"another network", "network", "kaspa:mainnet"},
    {"the network in capitals", "network", "KASPA:TESTNET-10"},
    {"the network by its old name", "network", "kaspa-testnet"},
};

SCENARIO(settled_transaction_under_other_names_buys_nothing,
         .title = "A settled transaction under the name of another profile, scheme or network buys "
                  "nothing more",
         .threat = "exact-identity", .rule = "replay.once", .ideas = "KX-055",
         .catches = DEFECTS("kx.replay.keyed_with_profile"), .needs = KXP_PAY, TABLE(names))
{
    const struct name *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want), *again;
    const struct kxp_bend bend = {.text = rename_terms, .payload = rename_payload, .arg = row};
    const struct peer_answer *answer;

    expect_delivered(t, kxp_send_until_known(t, "first use", want, paid), paid);
    again = kxp_reclaimed(t, paid, NULL, bend);
    answer = kxp_send(t, row->name, want, again);
    case_observe(t, row->name, "it is answered with %d", peer_status(answer));
    expect_no_second_run(t, answer);
    expect_submissions(t, 1);
}

enum { RACERS = 16 };

SCENARIO(tellings_in_flight_buy_once,
         .title =
             "Of many tellings of one transaction at once, each with an identifier of its own, "
             "one runs the handler",
         .threat = "exact-identity", .rule = "replay.before-work", .ideas = "KX-099",
         .catches = DEFECTS("kx.replay.unrecorded", "kx.replay.recorded_late",
                            "kx.replay.keyed_by_text", "kx.replay.keyed_by_identifier"),
         .races = true, .needs = KXP_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    struct peer_shot shots[RACERS];

    for (size_t i = 0; i < ARRAY_LEN(shots); i++) {
        struct kxp_bend bend = {.text = tellings[i % ARRAY_LEN(tellings)].retell};

        shots[i] = (struct peer_shot){.want = want,
                                      .with = kxp_headers(kxp_reclaimed(t, paid, NULL, bend))};
    }
    expect_one_winner(t, "telling", shots, ARRAY_LEN(shots));
    expect_submissions(t, 1);
}

/* ---- at once, elsewhere, later ---- */

enum { COPIES = 64, ROUNDS = 2 };

SCENARIO(copies_for_two_resources_buy_once,
         .title = "One transaction claimed for two resources at once buys one of them",
         .threat = "exact-replay", .rule = "replay.before-work", .ideas = "KX-040",
         .catches = DEFECTS("kx.replay.unrecorded", "kx.replay.recorded_late",
                            "kx.replay.keyed_with_request"),
         .races = true, .needs = KXP_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");

    for (int round = 0; round < ROUNDS; round++) {
        const struct kxp_payment *paid = kxp_paid(t, want);
        struct kxp_bend bend = {.text = other_identifier};
        const struct kxp_payment *again = kxp_reclaimed(t, paid, given_offer(t, other), bend);
        struct peer_shot shots[2] = {{.want = want, .with = kxp_headers(paid)},
                                     {.want = other, .with = kxp_headers(again)}};

        expect_one_winner(t, "claim", shots, ARRAY_LEN(shots));
    }
    expect_submissions(t, ROUNDS);
}

SCENARIO(copies_in_flight_buy_once,
         .title = "Of 64 copies of one payment at once, one runs the handler",
         .threat = "exact-replay", .rule = "replay.before-work", .ideas = "KX-048",
         .catches = DEFECTS("kx.replay.recorded_late"), .races = true,
         .needs = KXP_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");

    for (int round = 0; round < ROUNDS; round++) {
        const struct kxp_payment *paid = kxp_paid(t, want);

        expect_one_run(t, kxp_copies(t, "copy", want, paid, COPIES), COPIES);
        expect_not_lost(t, want, paid);
    }
    expect_submissions(t, ROUNDS);
}

SCENARIO(
    payment_buys_nothing_from_a_second_worker,
    .title = "A payment that one worker has served buys nothing from another on the same store",
    .threat = "exact-replay", .rule = "store.durable", .ideas = "KX-149",
    .catches = DEFECTS("kx.replay.per_worker", "kx.replay.memory_only"),
    .needs = KXP_PAY | NEED_SECOND | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    struct instance *second = case_second_instance(t);
    const struct peer_answer *again;

    expect_delivered(t, kxp_send_until_known(t, "at the first", want, paid), paid);
    again = peer_send_to(t, second, "at the second", want, kxp_headers(paid));
    expect_no_second_run(t, again);
    expect_submissions(t, 1);
}

SCENARIO(restart_does_not_forget, .title = "A payment that was served buys nothing after a restart",
         .threat = "store-durable", .rule = "store.durable",
         .catches = DEFECTS("kx.replay.memory_only"), .fresh = true,
         .needs = KXP_PAY | NEED_LAUNCH | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want), *again;

    expect_delivered(t, kxp_send_until_known(t, "before", want, paid), paid);
    kxp_restart(t);
    expect_no_second_run(t, kxp_send(t, "the same payment", want, paid));
    again = kxp_reclaimed(t, paid, NULL, (struct kxp_bend){.text = other_identifier});
    expect_no_second_run(t, kxp_send(t, "with another identifier", want, again));
    expect_submissions(t, 1);
}
