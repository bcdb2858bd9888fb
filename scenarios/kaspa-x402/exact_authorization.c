/* Threats exact-replay and exact-terms, the payer's authorization: who signed, for what, until
 * when. A transaction is public; what makes it a payment for this request is the authorization
 * alone. */
#include "peer/kaspa-x402/peer.h"

struct row {
    const char *name;
    struct kxp_bend bend;
};

static void refuse_row(struct assay_case *t)
{
    const struct row *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");

    expect_refused(t, kxp_send(t, row->name, want, kxp_bent(t, given_offer(t, want), row->bend)));
}

/* ---- who signs ---- */

static void no_authorization(struct kxp_draft *d)
{
    kxp_set(d->payment, "payload.authorization", NULL);
}

static void null_authorization(struct kxp_draft *d)
{
    kxp_set(d->payment, "payload.authorization", json_null());
}

static void a_stranger_signs(struct kxp_draft *d)
{
    d->signer = kxp_stranger(d->t);
}

static const struct row signers[] = {
    {"none", {.payload = no_authorization}},
    {"null", {.payload = null_authorization}},
    {"a stranger's", {.text = a_stranger_signs}},
};

SCENARIO(payment_needs_the_payers_authorization,
         .title = "A payment without an authorization by a key that owns an input is refused",
         .threat = "exact-replay", .rule = "exact.authorization.signature",
         .ideas = "KX-060 KX-062", .catches = DEFECTS("kx.authorization.unverified"),
         .needs = KXP_PAY, TABLE(signers))
{
    refuse_row(t);
}

SCENARIO(stolen_transaction_buys_nothing,
         .title = "Somebody else's transaction, attached to a request of one's own, buys nothing, "
                  "and still buys its owner's",
         .threat = "exact-replay", .rule = "exact.authorization.signature", .ideas = "KX-062",
         .catches = DEFECTS("kx.authorization.unverified"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    const struct kxp_payment *paid = kxp_paid(t, want), *stolen;

    stolen =
        kxp_reclaimed(t, paid, given_offer(t, other), (struct kxp_bend){.text = a_stranger_signs});
    expect_refused(t, kxp_send(t, "the thief's request", other, stolen));
    expect_delivered(t, kxp_send_until_known(t, "the owner's", want, paid), paid);
}

/* Signed by the payer for something else, under a digest that was not computed anew. */
static void digest_of_another(struct kxp_draft *d)
{
    const struct kxp_payment *other = d->arg;

    kxp_set(d->payment, "payload.authorization",
            json_deep_copy(kxp_get(other->json, "payload.authorization")));
}

SCENARIO(authorization_of_another_payment_is_refused,
         .title = "A payer's authorization for one payment does not stand for another of theirs",
         .threat = "exact-replay", .rule = "exact.authorization.signature", .ideas = "KX-064",
         .catches = DEFECTS("kx.authorization.digest_as_sent"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    const struct kxp_payment *paid = kxp_paid(t, want), *again;

    again = kxp_reclaimed(t, paid, given_offer(t, other),
                          (struct kxp_bend){.payload = digest_of_another, .arg = paid});
    expect_refused(t, kxp_send(t, "the other request, the first authorization", other, again));
}

static void second_coin_is_a_strangers(struct kxp_draft *d)
{
    struct assay_key *stranger = case_alloc(d->t, sizeof(*stranger));
    struct kaspa_spk spk;

    *stranger = kxp_stranger(d->t);
    spk = kxp_spk_of(d->t, stranger);
    d->spends[1] = d->spends[0];
    d->spends[1].key = stranger;
    d->spends[1].utxo.spk = spk;
    d->spends[1].outpoint = kxp_fund(d->t, &spk, d->spends[1].utxo.amount);
    d->spend_count = 2;
}

static void first_signs_for_second(struct kxp_draft *d)
{
    d->input_index = 1;
}

static void index_behind_the_last(struct kxp_draft *d)
{
    d->input_index = 7;
}

static const struct row inputs[] = {
    {"behind the last", {.text = index_behind_the_last}},
    {"another party's", {.coins = second_coin_is_a_strangers, .text = first_signs_for_second}},
};

SCENARIO(authorization_names_an_input_of_the_signer,
         .title = "An authorization that names an input which its signer does not own is refused",
         .threat = "exact-replay", .rule = "exact.authorization.input", .ideas = "KX-063",
         .catches = DEFECTS("kx.authorization.any_input"), .needs = KXP_PAY, TABLE(inputs))
{
    refuse_row(t);
}

static void old_version(struct kxp_draft *d)
{
    d->version = "kaspa-x402-exact-request-authorization-v1";
}

static void unknown_version(struct kxp_draft *d)
{
    d->version = "kaspa-x402-exact-request-authorization-v3";
}

static const struct row versions[] = {
    {"v1", {.text = old_version}},
    {"v3", {.text = unknown_version}},
};

SCENARIO(other_versions_are_refused,
         .title = "An authorization of another version is refused, though it is correctly signed",
         .threat = "exact-replay", .rule = "exact.authorization.signature", .ideas = "KX-061",
         .catches = DEFECTS("kx.authorization.v1"), .needs = KXP_PAY, TABLE(versions))
{
    refuse_row(t);
}

/* ---- what is signed ---- */

struct flip {
    const char *name, *member, *value; /* JSON */
};

static void flip_member(struct kxp_draft *d)
{
    const struct flip *row = d->arg;

    kxp_set(d->payment, row->member, json_loads(row->value, JSON_DECODE_ANY, NULL));
}

static const struct flip flips[] = {
    {"network", "accepted.network", "\"kaspa:mainnet\""},
    {"profile", "payload.profile", "\"additive\""},
    {"output index", "payload.paymentOutputIndex", "1"},
    {"amount", "accepted.amount", "\"19999999\""},
    {"payTo", "accepted.payTo",
     "\"kaspatest:qqnapngv3zxp305qf06w6hpzmyxtx2r99jjhs04lu980xdyd2ulwwmx9evrfz\""},
    {"script", "accepted.extra.payToScriptPublicKey",
     "\"0000201b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078fac\""},
    {"a member of the terms", "accepted.extra.assetDecimals", "7"},
    {"request hash", "payload.requestHash",
     "\"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\""},
    {"identifier", "extensions.payment-identifier.info.id", "\"assay-another-identifier\""},
    {"challenge", "payload.challengeId",
     "\"9191919191919191919191919191919191919191919191919191919191919191\""},
    {"input index", "payload.authorization.inputIndex", "1"},
    {"expiry", "payload.authorization.expiresAt", "\"2098-12-31T23:59:30.000Z\""},
    {"digest", "payload.authorization.digest",
     "\"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\""},
    {"version", "payload.authorization.version", "\"kaspa-x402-exact-request-authorization-v1\""},
};

SCENARIO(changes_after_signing_are_refused,
         .title = "A payment in which a member that was signed is changed afterwards is refused",
         .threat = "exact-replay", .rule = "exact.authorization.signature", .ideas = "KX-064",
         .catches = DEFECTS("kx.authorization.unverified", "kx.authorization.v1"), .needs = KXP_PAY,
         TABLE(flips))
{
    const struct flip *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct kxp_bend bend = {.payload = flip_member, .arg = row};

    expect_refused(t, kxp_send(t, row->name, want, kxp_bent(t, given_offer(t, want), bend)));
}

static void another_profile(struct kxp_draft *d)
{
    kxp_set_text(d->payment, "payload.profile", "additive");
    kxp_set_text(d->payment, "payload.challengeId",
                 "9191919191919191919191919191919191919191919191919191919191919191");
}

SCENARIO(another_profile_in_the_payload_is_refused,
         .title = "A payload that names another profile than the accepted terms is refused",
         .threat = "exact-terms", .rule = "exact.payload.profile", .ideas = "KX-028",
         .catches = DEFECTS("kx.terms.profile_unchecked"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");

    expect_refused(t, kxp_send(t, "another profile", want,
                               kxp_bent(t, given_offer(t, want),
                                        (struct kxp_bend){.payload = another_profile})));
}

#define ZEROS "00000000000000000000000000000000"
#define ONES "ffffffffffffffffffffffffffffffff"

static const struct flip signatures[] = {
    {"zeros", "payload.authorization.signature", "\"" ZEROS ZEROS ZEROS ZEROS "\""},
    {"r out of range", "payload.authorization.signature", "\"" ONES ONES ZEROS ZEROS "\""},
    {"s out of range", "payload.authorization.signature", "\"" ZEROS ZEROS ONES ONES "\""},
    {"65 bytes", "payload.authorization.signature", "\"" ZEROS ZEROS ZEROS ZEROS "01\""},
    {"63 bytes", "payload.authorization.signature", "\"" ZEROS ZEROS ZEROS "0000\""},
    {"odd digits", "payload.authorization.signature", "\"" ZEROS ZEROS ZEROS ZEROS "0\""},
    {"no hex", "payload.authorization.signature", "\"xyz\""},
    {"empty", "payload.authorization.signature", "\"\""},
    {"null", "payload.authorization.signature", "null"},
    {"an object", "payload.authorization.signature", "{}"},
    {"an unknown member beside it", "payload.authorization.note", "\"x\""},
};

SCENARIO(
    malformed_signatures_are_refused,
    .title = "An authorization with a signature that is none is refused, and the server goes on",
    .threat = "exact-replay", .rule = "exact.authorization.signature", .ideas = "KX-065",
    .catches = DEFECTS("kx.authorization.unverified"), .needs = KXP_PAY, TABLE(signatures))
{
    const struct flip *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct kxp_bend bend = {.payload = flip_member, .arg = row};

    expect_refused(t, kxp_send(t, row->name, want, kxp_bent(t, given_offer(t, want), bend)));
    expect_alive(t);
}

/* ---- until when ---- */

struct expiry {
    const char *name;
    int64_t in_ms;     /* from now; or, */
    bool from_far_end; /* from the last moment that the offer allows */
};

static void expire(struct kxp_draft *d)
{
    const struct expiry *row = d->arg;
    int64_t far = row->from_far_end ? (int64_t)d->offer->terms.max_timeout_s * 1000 : 0;

    d->expires_at = kxp_time_text(d->t, case_now_ms(d->t) + far + row->in_ms);
}

static void refuse_expiry(struct assay_case *t)
{
    const struct expiry *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct kxp_bend bend = {.text = expire, .arg = row};

    expect_refused(t, kxp_send(t, row->name, want, kxp_bent(t, given_offer(t, want), bend)));
}

static const struct expiry past[] = {
    {"now", 0, false},
    {"a second ago", -1000, false},
    {"a day ago", -86400000, false},
};

SCENARIO(expired_authorization_is_refused,
         .title = "An authorization that has expired is refused, and its transaction not submitted",
         .threat = "exact-terms", .rule = "exact.expiry.live", .ideas = "KX-066",
         .catches = DEFECTS("kx.expiry.unchecked"), .needs = KXP_PAY, TABLE(past))
{
    refuse_expiry(t);
}

static const struct expiry distant[] = {
    {"ten seconds beyond the offer", 10000, true},
    {"a year beyond it", INT64_C(31536000000), true},
};

SCENARIO(distant_expiry_is_refused,
         .title = "An authorization that ends later than the offer allows is refused",
         .threat = "exact-terms", .rule = "exact.expiry.bounds", .ideas = "KX-067",
         .catches = DEFECTS("kx.expiry.far", "kx.expiry.milliseconds"), .needs = KXP_PAY,
         TABLE(distant))
{
    refuse_expiry(t);
}

static void write_time(struct kxp_draft *d)
{
    const struct flip *row = d->arg;
    const char *now = kxp_time_text(d->t, case_now_ms(d->t) + 20000);

    d->expires_at = case_printf(d->t, "%.*s%s", 19, now, row->value);
    if (row->member != NULL)
        d->expires_at = row->member;
}

static const struct flip times[] = {
    {"an offset of zero", NULL, ".000+00:00"},
    {"two places", NULL, ".00Z"},
    {"a small z", NULL, ".000z"},
    {"no zone", NULL, ".000"},
    {"a comma", NULL, ",000Z"},
    {"the year 10000", "10000-01-01T00:00:00.000Z", ""},
    {"a number", "4102444800000", ""},
    {"empty", "", ""},
    {"February 30", "2098-02-30T00:00:00.000Z", ""},
};

SCENARIO(other_forms_of_time_are_refused,
         .title = "An expiry in another form than the one of the schema is refused",
         .threat = "unit-confusion", .rule = "exact.expiry.bounds", .ideas = "KX-068",
         .catches = DEFECTS("kx.expiry.far"), .needs = KXP_PAY, TABLE(times))
{
    const struct flip *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct kxp_bend bend = {.text = write_time, .arg = row};

    expect_refused(t, kxp_send(t, row->name, want, kxp_bent(t, given_offer(t, want), bend)));
}

/* ---- time that passes meanwhile ---- */

static void expire_in(struct kxp_draft *d)
{
    const int64_t *ms = d->arg;

    d->expires_at = kxp_time_text(d->t, case_now_ms(d->t) + *ms);
}

SCENARIO(slow_node_does_not_stretch_the_deadline,
         .title = "An authorization that expires while the node is slow makes no claim and submits "
                  "nothing",
         .threat = "exact-terms", .rule = "expiry.claim", .ideas = "KX-069",
         .catches = DEFECTS("kx.expiry.unchecked_at_claim"), .needs = KXP_PAY)
{
    static const int64_t soon = 400;
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_offer *offer = given_offer(t, want);
    const struct kxp_payment *paid;

    kxp_node_behaves(t, (struct kaspa_node_behaviour){
                            .fault = KASPA_NODE_SLOW, .delay_ms = 600, .fault_times = 1});
    paid = kxp_bent(t, offer, (struct kxp_bend){.text = expire_in, .arg = &soon});
    expect_not_served(t, kxp_send(t, "expires while the node thinks", want, paid));
    kxp_node_is_sound(t);
    expect_not_served(t, kxp_send(t, "the same, later", want, paid));
    expect_submissions(t, 0);
}

enum { LIVES_MAX_MS = 30000 };

/* A payment that is submitted before it expires, and answered before it is accepted. How long that
 * takes the target is found out: who is too late for it refuses, and has submitted nothing. */
static const struct kxp_payment *put_off_while_live(struct assay_case *t, struct peer_want want,
                                                    int64_t *lives_ms)
{
    const struct kxp_offer *offer = given_offer(t, want);

    for (*lives_ms = 800; *lives_ms < LIVES_MAX_MS; *lives_ms *= 3) {
        const struct kxp_payment *paid =
            kxp_bent(t, offer, (struct kxp_bend){.text = expire_in, .arg = lives_ms});
        const struct peer_answer *answer = kxp_send(t, "while it is live, not mined", want, paid);

        if (kxp_submissions(t) > 0) {
            expect_later(t, answer);
            return paid;
        }
        expect_not_served(t, answer);
    }
    case_end(t, VERDICT_BROKEN, "no payment was submitted while it was live");
}

SCENARIO(late_acceptance_is_delivered_once,
         .title = "A payment that was claimed in time and accepted after its expiry is delivered "
                  "once to the identical retry, and to no other request",
         .threat = "exact-finality", .rule = "finality.late", .ideas = "KX-070 KX-071",
         .catches = DEFECTS("kx.finality.late_is_lost"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    const struct kxp_payment *paid;
    int64_t lives_ms;

    kxp_mining(t, false);
    paid = put_off_while_live(t, want, &lives_ms);
    peer_pause(t, (int)lives_ms);
    kxp_mine(t, 1);
    expect_not_served(t, kxp_send(t, "after its expiry, another request", other, paid));
    expect_not_lost(t, want, paid);
    expect_submissions(t, 1);
}
