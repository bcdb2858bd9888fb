/* The additive profile: a payment grows a head of the server's instead of making an output of its
 * own. The successor is exactly head and amount; a head is claimed once; unpaid requests leave it
 * alone. */
#include "kaspa/txid.h"
#include "peer/kaspa-x402/peer.h"

struct row {
    const char *name;
    struct kxp_bend bend;
};

static void refuse(struct assay_case *t, struct kxp_bend bend)
{
    struct peer_want want = peer_endpoint(t, "additive");
    const struct kxp_payment *bent = kxp_bent(t, given_additive_offer(t, want), bend);

    expect_refused(t, kxp_send(t, "bent head payment", want, bent));
}

static void above(struct kxp_draft *d)
{
    d->outputs[0].value++;
}

static void far_above(struct kxp_draft *d)
{
    d->outputs[0].value += d->offer->terms.amount;
}

static const struct row excesses[] = {
    {"one sompi", {.terms = above}},
    {"the amount again", {.terms = far_above}},
};

SCENARIO(head_is_not_overpaid,
         .title = "A successor above head and amount is refused, although its script allows it",
         .threat = "exact-output", .rule = "exact.transaction.merchant-output", .ideas = "KX-110",
         .rests_on = PROFILE "/honest_head_payment_is_served",
         .catches = DEFECTS("kx.head.at_least"), .needs = KXP_PAY | KXP_ADDITIVE, TABLE(excesses))
{
    const struct row *row = case_row(t);

    refuse(t, row->bend);
}

static void at_the_threshold(struct kxp_draft *d)
{
    d->outputs[0].value = d->offer->terms.head.amount + d->offer->terms.threshold;
}

static void one_less(struct kxp_draft *d)
{
    d->outputs[0].value--;
}

static const struct row shortages[] = {
    {"one sompi", {.terms = one_less}},
    {"down to the threshold", {.terms = at_the_threshold}},
};

SCENARIO(head_is_not_underpaid,
         .title = "A successor below head and amount is refused, although its script allows it",
         .threat = "exact-output", .rule = "exact.transaction.merchant-output", .ideas = "KX-111",
         .rests_on = PROFILE "/honest_head_payment_is_served",
         .catches = DEFECTS("kx.output.one_short"), .needs = KXP_PAY | KXP_ADDITIVE,
         TABLE(shortages))
{
    const struct row *row = case_row(t);

    refuse(t, row->bend);
}

SCENARIO(stale_head_is_refused,
         .title = "A payment to a head that has moved on is refused with the head as it is now",
         .threat = "exact-replay", .rule = "exact.head.known", .ideas = "KX-112",
         .rests_on = PROFILE "/honest_head_payment_is_served", .catches = DEFECTS("kx.head.stale"),
         .needs = KXP_PAY | KXP_ADDITIVE)
{
    struct peer_want want = peer_endpoint(t, "additive");
    const struct kxp_payment *first = given_payment(t, given_additive_offer(t, want));
    const struct kxp_payment *late = given_payment(t, given_additive_offer(t, want));

    expect_delivered(t, kxp_send_until_known(t, "the first", want, first), first);
    expect_refused(t, kxp_send(t, "another for the same head", want, late));
    expect(t,
           given_additive_offer(t, want)->terms.head.version ==
               first->offer->terms.head.version + 1,
           "an offer with the next version of the head", "version %llu",
           (unsigned long long)given_additive_offer(t, want)->terms.head.version);
}

enum { RACERS = 8 };

SCENARIO(head_is_claimed_once,
         .title =
             "While a payment to a head is on its way, another to the same head is refused and "
             "not submitted",
         .threat = "store-exact", .rule = "head.race", .ideas = "KX-113",
         .catches = DEFECTS("kx.head.unclaimed"), .needs = KXP_PAY | KXP_ADDITIVE)
{
    struct peer_want want = peer_endpoint(t, "additive");
    const struct kxp_payment *first = given_payment(t, given_additive_offer(t, want));
    const struct kxp_payment *second = given_payment(t, given_additive_offer(t, want));

    kxp_mining(t, false);
    expect_later(t, kxp_send(t, "the first, not accepted yet", want, first));
    expect_refused(t, kxp_send(t, "the second, for the same head", want, second));
    kxp_mine(t, 1);
    expect_not_lost(t, want, first);
    expect_submissions(t, 1);
}

SCENARIO(racing_payments_claim_a_head_once,
         .title = "Of payments to one head at once one is claimed, submitted and served",
         .threat = "store-exact", .rule = "head.race", .ideas = "KX-113",
         .catches = DEFECTS("kx.head.unclaimed"), .races = true,
         .needs = KXP_PAY | KXP_ADDITIVE | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "additive");
    struct peer_shot shots[RACERS];

    for (size_t i = 0; i < ARRAY_LEN(shots); i++)
        shots[i] = (struct peer_shot){
            .want = want, .with = kxp_headers(given_payment(t, given_additive_offer(t, want)))};
    kxp_mining(t, false); /* the head stands for all of them */
    expect_one_run(t, peer_burst_held(t, "payment", shots, ARRAY_LEN(shots)), ARRAY_LEN(shots));
    expect_submissions(t, 1);
    kxp_mining(t, true);
    kxp_mine(t, 1);
    expect_one_winner(t, "once one is accepted", shots, ARRAY_LEN(shots));
}

enum { UNPAID = 300 };

SCENARIO(
    unpaid_requests_leave_heads_alone,
    .title = "However many unpaid requests are made, the head stays as it was and is still offered",
    .threat = "exact-replay", .rule = "head.read-only", .ideas = "KX-114",
    .rests_on = PROFILE "/honest_head_payment_is_served",
    .catches = DEFECTS("kx.head.claimed_by_offer"), .needs = KXP_PAY | KXP_ADDITIVE | NEED_DISRUPT)
{
    struct peer_want want = peer_endpoint(t, "additive");
    const struct kxp_offer *before, *after;
    struct peer_series *series = peer_series(t);
    const char *fault = NULL;

    before = kxp_additive_offer_of(t, want, kxp_send(t, "unpaid", want, NULL), &fault);
    expect(t, before != NULL, "an offer with a head", "%s", fault);
    for (int i = 0; i < UNPAID; i++)
        (void)peer_series_send(t, series, want, (struct peer_with){0});
    after = kxp_additive_offer_of(t, want, kxp_send(t, "once more", want, NULL), &fault);
    expect(t, after != NULL, "an offer with the head", "%s", fault);
    expect(t,
           after->terms.head.version == before->terms.head.version &&
               after->terms.head.amount == before->terms.head.amount,
           "the same head in the offer", "version %llu, amount %llu",
           (unsigned long long)after->terms.head.version,
           (unsigned long long)after->terms.head.amount);
}

struct change {
    const char *name, *member, *value;
};

static void change_terms(struct kxp_draft *d)
{
    const struct change *row = d->arg;

    kxp_set(d->accepted, row->member, json_loads(row->value, JSON_DECODE_ANY, NULL));
}

static const struct change changes[] = {
    {"challenge id", "extra.challengeId",
     "\"9191919191919191919191919191919191919191919191919191919191919191\""},
    {"challenge expiry", "extra.challengeExpiresAt", "\"2098-12-31T23:59:30.000Z\""},
    {"head id", "extra.headId",
     "\"9090909090909090909090909090909090909090909090909090909090909090\""},
    {"head version", "extra.headVersion", "\"4000\""},
};

SCENARIO(changed_challenge_is_refused,
         .title = "Head terms in which a member of the challenge was changed are refused",
         .threat = "exact-terms", .rule = "exact.payload.challenge", .ideas = "KX-115",
         .catches = DEFECTS("kx.head.challenge_unchecked"), .needs = KXP_PAY | KXP_ADDITIVE,
         TABLE(changes))
{
    refuse(t, (struct kxp_bend){.terms = change_terms, .arg = case_row(t)});
}

static const struct change disagreements[] = {
    {"head amount", "extra.headAmount", "\"100000001\""},
    {"threshold", "extra.additiveThresholdSompi", "\"10000001\""},
    {"output index", "extra.paymentOutputIndex", "1"},
};

SCENARIO(head_terms_that_disagree_are_refused,
         .title = "Head terms in which amount, threshold or output disagree with the head and its "
                  "script are refused",
         .threat = "exact-terms", .rule = "exact.terms.head", .ideas = "KX-115",
         .catches = DEFECTS("kx.terms.head_unchecked"), .fresh = true,
         .needs = KXP_PAY | KXP_ADDITIVE, TABLE(disagreements))
{
    refuse(t, (struct kxp_bend){.terms = change_terms, .arg = case_row(t)});
}

SCENARIO(expired_challenge_is_refused,
         .title = "A payment after its challenge has expired is refused", .threat = "exact-terms",
         .rule = "exact.expiry.live", .ideas = "KX-116",
         .rests_on = PROFILE "/honest_head_payment_is_served",
         .catches = DEFECTS("kx.expiry.unchecked"), .variant = "short_challenge",
         .needs = KXP_PAY | KXP_ADDITIVE)
{
    struct peer_want want = peer_endpoint(t, "additive");
    const struct kxp_payment *paid = given_payment(t, given_additive_offer(t, want));

    peer_pause(t, 1100);
    expect_refused(t, kxp_send(t, "after the challenge's end", want, paid));
}

/* The challenge of terms is derived from them, and so anybody's to make (exact digest, 8.3). */
static void challenge_anew(struct kxp_draft *d)
{
    struct assay_json doc = kxp_doc(d->t, assay_str(kxp_json_text(d->t, d->accepted)));
    char *id = case_alloc(d->t, X402_HASH_TEXT_BYTES);
    struct x402_terms envelope;
    struct kx_terms terms;
    struct assay_err err = {0};

    if (x402_terms_read(&envelope, case_arena(d->t), &doc, 0, &err) != X402_FAULT_NONE ||
        kx_terms_read(&terms, case_arena(d->t), &doc, &envelope, &err) != KX_TERMS_OK ||
        kx_additive_challenge_id(id, &terms) != ASSAY_OK)
        case_end(d->t, VERDICT_BROKEN, "terms of our own cannot be read: %s", err.text);
    kxp_set_text(d->accepted, "extra.challengeId", id);
}

#define DUST (KASPA_SOMPI_PER_KAS / 2)

static void pay_to_another_coin(struct kxp_draft *d)
{
    struct kaspa_spk spk = {
        .script = assay_bytes_part(d->offer->terms.head.spk, 2, d->offer->terms.head.spk.len)};

    d->head_outpoint = kxp_fund(d->t, &spk, DUST);
    d->head_amount = DUST;
    d->outputs[0].value = DUST + d->offer->terms.amount;
    kxp_set_text(
        d->accepted, "extra.expectedHeadOutpoint.txid",
        kxp_hex(d->t, assay_bytes_of(d->head_outpoint.txid.at, sizeof(d->head_outpoint.txid.at))));
    kxp_set_text(d->accepted, "extra.headAmount",
                 case_printf(d->t, "%llu", (unsigned long long)DUST));
    challenge_anew(d);
}

SCENARIO(coin_at_the_heads_address_is_no_successor,
         .title = "A coin that somebody sends to the head's address is not adopted as the head: a "
                  "payment to it is refused",
         .threat = "exact-identity", .rule = "head.lineage", .ideas = "KX-117",
         .rests_on = PROFILE "/honest_head_payment_is_served",
         .catches = DEFECTS("kx.head.adopts_dust"), .needs = KXP_PAY | KXP_ADDITIVE)
{
    refuse(t, (struct kxp_bend){.terms = pay_to_another_coin});
}

enum { FOR_GOOD = 40 }; /* blocks, below which a spend may still be taken back */

SCENARIO(external_advance_is_not_believed_unproved,
         .title =
             "When somebody else moves the head on, it is offered with its proved successor or "
             "not at all",
         .threat = "exact-identity", .rule = "head.lineage", .ideas = "KX-118",
         .rests_on = PROFILE "/honest_head_payment_is_served", .catches = DEFECTS("kx.head.stale"),
         .fresh = true, .needs = KXP_PAY | KXP_ADDITIVE)
{
    struct peer_want want = peer_endpoint(t, "additive");
    const struct kxp_offer *offer = given_additive_offer(t, want), *now;
    const struct kxp_payment *theirs = given_payment(t, offer);
    const struct kxp_payment *ours = given_payment(t, offer);
    const char *fault = NULL;
    struct kaspa_hash id;

    kxp_submit_ourselves(t, &theirs->tx);
    kxp_mine(t, FOR_GOOD);
    expect_not_served(t, kxp_send(t, "a payment to the head as it was", want, ours));
    kaspa_txid(&id, &theirs->tx);
    now = kxp_additive_offer_of(t, want, kxp_send(t, "unpaid", want, NULL), &fault);
    expect(t, now == NULL || memcmp(&now->terms.head.outpoint.txid, &id, sizeof(id)) == 0,
           "no head, or the successor that spends it", "the head that was spent");
}

/* The same redeem script behind OP_TRUE instead of OP_FALSE: the id does not cover it. */
static void owner_branch(struct kxp_draft *d)
{
    struct assay_bytes script = d->inputs[0].signature_script;
    uint8_t *other = case_alloc(d->t, script.len);

    memcpy(other, script.at, script.len);
    other[0] = 0x51;
    d->inputs[0].signature_script = assay_bytes_of(other, script.len);
    kxp_write_text(d);
}

SCENARIO(owners_branch_is_refused,
         .title = "A head payment that takes the owner's branch of the script is refused",
         .threat = "exact-output", .rule = "exact.transaction.funding", .ideas = "KX-119",
         .rests_on = PROFILE "/honest_head_payment_is_served",
         .catches = DEFECTS("kx.funding.unverified"), .needs = KXP_PAY | KXP_ADDITIVE)
{
    refuse(t, (struct kxp_bend){.text = owner_branch});
}

static void head_authorises(struct kxp_draft *d)
{
    d->input_index = 0;
}

SCENARIO(head_input_may_not_authorise,
         .title = "An authorization that names the head's input is refused",
         .threat = "exact-replay", .rule = "exact.authorization.input", .ideas = "KX-063",
         .rests_on = PROFILE "/honest_head_payment_is_served",
         .catches = DEFECTS("kx.authorization.any_input"), .needs = KXP_PAY | KXP_ADDITIVE)
{
    refuse(t, (struct kxp_bend){.text = head_authorises});
}

static void no_fee(struct kxp_draft *d)
{
    d->no_change = true;
    d->coin_amounts[0] = d->offer->terms.amount;
}

SCENARIO(head_is_not_held_by_what_no_node_relays,
         .title = "A payment to a head without a fee, which no node relays, is not served, and the "
                  "head is sold again to the next who pays",
         .threat = "fee-and-relay", .rule = "payment.relayable",
         .rests_on = PROFILE "/honest_head_payment_is_served",
         .catches = DEFECTS("kx.fee.unrelayed"), .needs = KXP_PAY | KXP_ADDITIVE)
{
    struct peer_want want = peer_endpoint(t, "additive");
    const struct kxp_offer *offer = given_additive_offer(t, want), *next;
    const struct kxp_payment *stuck = kxp_bent(t, offer, (struct kxp_bend){.terms = no_fee}), *good;
    const char *fault = NULL;

    expect_not_served(t, kxp_send(t, "a head payment without a fee", want, stuck));
    next = kxp_additive_offer_of(t, want, kxp_send(t, "unpaid", want, NULL), &fault);
    expect(t, next != NULL, "the head is still offered", "it is not: %s", fault);
    good = given_payment(t, next);
    expect_delivered(t, kxp_send_until_known(t, "the next who pays", want, good), good);
}
