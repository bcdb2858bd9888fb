/* Threat exact-finality: content waits for the chain. Nothing is delivered while the payment is
 * absent, in the mempool, below the policy, replaced, evicted or reorganised out; as soon as the
 * evidence is there the same payment is delivered once, without another. */
#include "peer/kaspa-x402/peer.h"

#include "kaspa/sign.h"

static const struct kxp_payment *put_off(struct assay_case *t, struct peer_want want)
{
    const struct kxp_payment *paid = kxp_paid(t, want);

    kxp_mining(t, false);
    expect_later(t, kxp_send(t, "while it is in the mempool", want, paid));
    return paid;
}

SCENARIO(mempool_is_not_final,
         .title =
             "A payment that is only in the mempool releases nothing, and is delivered once it is "
             "accepted",
         .threat = "exact-finality", .rule = "exact.finality.reached", .ideas = "KX-133",
         .catches = DEFECTS("kx.finality.mempool", "kx.finality.at_submission"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = put_off(t, want);

    expect_later(t, kxp_send(t, "still there", want, paid));
    kxp_mine(t, 1);
    expect_not_lost(t, want, paid);
    expect_submissions(t, 1);
}

SCENARIO(evicted_payment_releases_nothing,
         .title = "A payment that the mempool loses releases nothing, and is delivered if it is "
                  "accepted after all",
         .threat = "fee-and-relay", .rule = "finality.before-content", .ideas = "KX-140",
         .catches = DEFECTS("kx.finality.at_submission"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = put_off(t, want);

    kxp_evict(t, paid);
    expect_later(t, kxp_send(t, "evicted", want, paid));
    kxp_submit_ourselves(t, &paid->tx);
    kxp_mine(t, 1);
    expect_not_lost(t, want, paid);
    expect_submissions(t, 1);
}

SCENARIO(replaced_payment_releases_nothing,
         .title = "A payment whose coins another transaction spent releases nothing, then or later",
         .threat = "fee-and-relay", .rule = "finality.before-content", .ideas = "KX-136",
         .catches = DEFECTS("kx.finality.replaced_served"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = put_off(t, want);

    kxp_evict(t, paid);
    kxp_submit_ourselves(t, kxp_conflict(t, paid));
    kxp_mine(t, 1);
    expect_not_served(t, kxp_send(t, "replaced", want, paid));
    kxp_mine(t, 40);
    expect_not_served(t, kxp_send(t, "replaced for good", want, paid));
}

SCENARIO(depth_is_counted_on_the_selected_chain,
         .title = "A server that asks for confirmations counts blocks of the selected chain, not "
                  "differences of blue scores",
         .threat = "exact-finality", .rule = "finality.before-content", .ideas = "KX-133",
         .catches = DEFECTS("kx.finality.blue_score", "kx.finality.at_submission",
                            "kx.finality.mempool", "kx.finality.policy_ignored"),
         .variant = "confirmed", .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = put_off(t, want);

    kxp_mine(t, 1);
    kxp_mine_merging(t, 2, 20);
    expect_later(t, kxp_send(t, "three deep, forty blue scores above", want, paid));
    kxp_mine(t, 4);
    expect_not_lost(t, want, paid);
    expect_submissions(t, 1);
}

static void accept_is_enough(struct kxp_draft *d)
{
    kxp_set_text(d->accepted, "extra.finality", "accepted");
}

SCENARIO(stronger_policy_wins,
         .title = "A server that asks for confirmations does not release content on acceptance, "
                  "whatever the payment names",
         .threat = "exact-finality", .rule = "finality.before-content", .ideas = "KX-025",
         .catches = DEFECTS("kx.offer.without_finality"), .variant = "confirmed", .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *weaker =
        kxp_bent(t, given_offer(t, want), (struct kxp_bend){.terms = accept_is_enough});

    expect_not_served(t, kxp_send(t, "accepted is enough, says the payer", want, weaker));
}

SCENARIO(reorganised_payment_is_not_released,
         .title =
             "A payment that leaves the chain before its content was released releases nothing "
             "until it is back",
         .threat = "exact-finality", .rule = "finality.before-content", .ideas = "KX-140",
         .catches = DEFECTS("kx.finality.mempool", "kx.finality.at_submission"),
         .variant = "confirmed", .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = put_off(t, want);

    kxp_mine(t, 3);
    kxp_reorganise_out(t, paid, NULL);
    expect_later(t, kxp_send(t, "reorganised out", want, paid));
    kxp_release(t, paid);
    kxp_mine(t, 8);
    expect_not_lost(t, want, paid);
    expect_submissions(t, 1);
}

static void other_identifier(struct kxp_draft *d)
{
    d->identifier = kxp_identifier(d->t);
}

static const struct kxp_payment *claimed_anew(struct assay_case *t, const struct kxp_payment *paid,
                                              struct peer_want want)
{
    return kxp_reclaimed(t, paid, given_offer(t, want),
                         (struct kxp_bend){.text = other_identifier});
}

SCENARIO(reorganised_payment_stays_consumed,
         .title = "A payment that leaves the chain after it was delivered buys nothing else",
         .threat = "exact-finality", .rule = "finality.reorg", .ideas = "KX-139",
         .catches = DEFECTS("kx.finality.reorganised_released"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_delivered(t, kxp_send_until_known(t, "pay", want, paid), paid);
    kxp_mining(t, false);
    kxp_reorganise_out(t, paid, NULL);
    expect_not_served(
        t, kxp_send(t, "the same coins for something else", other, claimed_anew(t, paid, other)));
    kxp_release(t, paid);
    kxp_mine(t, 2);
    expect_not_served(
        t, kxp_send(t, "the same, back on the chain", other, claimed_anew(t, paid, other)));
    expect_no_second_run(t, kxp_send(t, "the identical retry", want, paid));
}

SCENARIO(payment_that_was_sent_already_is_served,
         .title = "A payment whose transaction the payer had put on the chain already is served",
         .threat = "exact-finality", .rule = "finality.before-content",
         .catches = DEFECTS("kx.finality.only_own_submissions"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);

    kxp_submit_ourselves(t, &paid->tx);
    kxp_mine(t, 2);
    expect_delivered(t, kxp_send_until_known(t, "accepted before it was shown", want, paid), paid);
}

/* Change would give its owner away. */
static void pay_exactly(struct kxp_draft *d)
{
    d->no_change = true;
    d->coin_amounts[0] = d->outputs[0].value + KASPA_SOMPI_PER_KAS / 100;
}

/* The witness is in no transaction id, and who says that the coins were his signs for them as for
 * any others: before the chain is asked all of it holds. */
static void say_that_coins_were_ours(struct kxp_draft *d)
{
    d->signer = kxp_stranger(d->t);
    d->identifier = kxp_identifier(d->t);
    for (size_t i = 0; i < d->tx.input_count; i++) {
        uint8_t *push = case_alloc(d->t, KASPA_SIGNATURE_PUSH_BYTES);

        d->coins[i].spk = kxp_spk_of(d->t, &d->signer);
        if (kaspa_sign_schnorr(push, &d->tx, i, &d->coins[i], d->sighash, &d->signer, NULL) !=
            ASSAY_OK)
            case_end(d->t, VERDICT_BROKEN, "the payment cannot be signed");
        d->inputs[i].signature_script = assay_bytes_of(push, KASPA_SIGNATURE_PUSH_BYTES);
    }
    kxp_write_text(d);
}

SCENARIO(accepted_payment_of_a_stranger_buys_nothing,
         .title = "A stranger's accepted payment, claimed with hints of one's own, buys nothing, "
                  "and is still its payer's",
         .threat = "exact-output", .rule = "exact.transaction.hints",
         .catches = DEFECTS("kx.hints.of_own_spend"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid =
        kxp_bent(t, given_offer(t, want), (struct kxp_bend){.terms = pay_exactly});
    const struct kxp_payment *stolen;

    kxp_submit_ourselves(t, &paid->tx);
    kxp_mine(t, 2);
    stolen = kxp_reclaimed(t, paid, given_offer(t, want),
                           (struct kxp_bend){.text = say_that_coins_were_ours});
    expect_not_served(t, kxp_send(t, "claimed by who saw it on the chain", want, stolen));
    expect_delivered(t, kxp_send_until_known(t, "shown by its payer", want, paid), paid);
}
