/* Threats batch-identity, exact-finality and batch-refund-timing: the head of a channel, as the
 * chain has it. It is there, confirmed, and the one that the payment names; it moves with claims
 * that are confirmed as deep; what is taken back ends its channel; and before the refund opens
 * nothing more is taken. */
#include "peer/kaspa-x402/channel.h"

static void bend_head(struct assay_case *t, const char *label, kxc_hook *terms)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *bent =
        kxc_bent(t, channel, NULL, KX_PAYLOAD_VOUCHER, (struct kxc_bend){.terms = terms});

    expect_refused_and_goes_on(t, kxc_send(t, label, bent), bent);
}

/* ---- which it is ---- */

static void other_outpoint(struct kxc_draft *d)
{
    d->says.outpoint.index += 1;
}

static void other_transaction(struct kxc_draft *d)
{
    d->says.outpoint.txid.at[0] ^= 1;
}

static void script_of_another_state(struct kxc_draft *d)
{
    d->claimed += 1;
}

static const struct naming {
    const char *name;
    kxc_hook *terms;
} namings[] = {
    {"another output of the same transaction", other_outpoint},
    {"an output of another transaction", other_transaction},
    {"the script of another state", script_of_another_state},
};

SCENARIO(payment_names_the_head,
         .title = "A voucher that names another outpoint or script than the channel's head is "
                  "refused",
         .threat = "batch-identity", .rule = "batch.channel.head", .ideas = "B47",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.head_unchecked"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(namings))
{
    const struct naming *row = case_row(t);

    bend_head(t, row->name, row->terms);
}

SCENARIO(head_before_a_claim_is_refused,
         .title = "A voucher on the head before a claim that the server has seen is refused",
         .threat = "voucher-regression", .rule = "batch.channel.head", .ideas = "B46",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.head_unchecked"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get")), *before;
    const struct kxc_payment *paid;

    before = kxc_copy(t, channel);
    (void)kxc_move(t, channel, KX_BATCH_CLAIM, channel->total, KXC_DEEP);
    (void)kxc_send(t, "on the head after the claim", kxc_voucher(t, channel));
    before->total = channel->total;
    paid = kxc_buy(t, "on it again", channel);
    before->total = paid->total;
    expect_refused(t, kxc_send(t, "on the head before the claim", kxc_voucher(t, before)));
    (void)kxc_buy(t, "on the head after it", channel);
}

/* ---- whether it is there ---- */

SCENARIO(spent_head_is_not_charged,
         .title = "A voucher on a head that the chain has spent since is refused",
         .threat = "batch-identity", .rule = "batch.head.exists", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.coin_unseen"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get")), *before;

    before = kxc_copy(t, channel);
    (void)kxc_move(t, channel, KX_BATCH_CLAIM, channel->total, KXC_DEEP);
    expect_refused(t, kxc_send(t, "on the head that was spent", kxc_voucher(t, before)));
}

SCENARIO(unconfirmed_deposit_opens_nothing,
         .title = "A deposit that was never sent, or has one confirmation, opens no channel; with "
                  "enough of them it does",
         .threat = "exact-finality", .rule = "batch.head.confirmed", .ideas = "B48",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.unconfirmed"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    const struct kxp_offer *offer = given_channel_offer(t, peer_endpoint(t, "paid_get"));
    struct kxc_channel *channel = kxc_funded_so(t, offer, (struct kxc_opening){.is_unsent = true});
    const struct kxc_payment *paid;

    expect_not_served(t, kxc_send(t, "never sent", kxc_deposit(t, channel)));
    kxp_mining(t, false);
    channel = kxc_funded_so(t, offer, (struct kxc_opening){.depth = 1});
    paid = kxc_deposit(t, channel);
    expect_not_served(t, kxc_send(t, "with one confirmation", paid));
    kxp_mine(t, KXC_DEEP);
    paid = kxc_deposit(t, channel);
    expect_charged(t, kxc_send_until_known(t, "with enough of them", paid), paid);
}

SCENARIO(unconfirmed_claim_moves_nothing,
         .title = "A claim with one confirmation does not move its channel: when it is taken back "
                  "the client goes on where he was",
         .threat = "exact-finality", .rule = "batch.head.confirmed", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.followed_shallow"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get")), *before;
    const struct kaspa_tx *claim;

    before = kxc_copy(t, channel);
    kxp_mining(t, false);
    claim = kxc_move(t, channel, KX_BATCH_CLAIM, channel->total, 1);
    expect_not_served(t, kxc_send(t, "on the head after it", kxc_voucher(t, channel)));
    kxc_take_back(t, claim);
    (void)kxc_buy(t, "on the head before it", before);
}

/* A channel whose claim was seen, deep, and then taken back; the server has been asked since. */
struct undone {
    const struct kaspa_tx *claim;
    struct kxc_channel *before, *after; /* the claim */
};

static struct undone given_undone_claim(struct assay_case *t)
{
    struct undone u = {.after = kxc_opened(t, peer_endpoint(t, "paid_get"))};

    u.before = kxc_copy(t, u.after);
    u.claim = kxc_move(t, u.after, KX_BATCH_CLAIM, u.after->total, KXC_DEEP);
    (void)kxc_send(t, "on the head behind the claim", kxc_voucher(t, u.after));
    (void)kxc_buy(t, "on it again", u.after);
    u.before->total = u.after->total;
    kxc_take_back(t, u.claim);
    expect_not_served(t, kxc_send(t, "while the claim is gone", kxc_voucher(t, u.after)));
    return u;
}

SCENARIO(channel_ends_when_a_claim_is_taken_back,
         .title = "A channel whose confirmed claim a reorganisation has taken back is not charged "
                  "on the head before it",
         .threat = "exact-finality", .rule = "batch.channel.known", .ideas = "B96",
         .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.closed_served", "batch.rollback_forgotten"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    struct undone u = given_undone_claim(t);

    expect_refused(t, kxc_send(t, "on the head before it", kxc_voucher(t, u.before)));
}

SCENARIO(claim_that_returns_revives_no_channel,
         .title = "A channel whose confirmed claim was taken back is not charged when the claim is "
                  "there again",
         .threat = "exact-finality", .rule = "finality.reorg", .ideas = "B96",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.removal_unnoticed"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    struct undone u = given_undone_claim(t);

    kxc_bring_back(t, u.claim);
    expect_refused(t, kxc_send(t, "when it is back", kxc_voucher(t, u.after)));
    expect_refused(t, kxc_send(t, "when it is back, again", kxc_voucher(t, u.after)));
}

SCENARIO(channel_waits_for_its_genesis, .kind = SCENARIO_CONTROL,
         .title = "A channel whose genesis a reorganisation has taken back is not charged while it "
                  "is gone, and goes on when it is there again, once the server has seen that",
         .rule = "honest.served", .ideas = "B98", .rests_on = CHANNEL_OPENS, .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct peer_answer *answer;
    const struct kxc_payment *paid;

    kxc_take_back(t, &channel->birth);
    expect_not_served(t, kxc_send(t, "while the genesis is gone", kxc_voucher(t, channel)));
    kxc_bring_back(t, &channel->birth);
    paid = kxc_voucher(t, channel);
    answer = kxc_send(t, "when it is there again", paid);
    if (kxp_is_served(answer))
        expect_charged(t, answer, paid);
    (void)kxc_buy(t, "once the server has seen it", channel);
}

/* ---- until when ---- */

enum { SCORES_LEFT = 10 };

static struct kxc_channel *refuse_before_the_refund(struct assay_case *t, uint64_t daa)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));

    (void)kxc_buy(t, "while the refund is far away", channel);
    kxc_mine_to_refund(t, channel, daa);
    expect_refused(t, kxc_send(t, "a voucher", kxc_voucher(t, channel)));
    return channel;
}

SCENARIO(vouchers_end_before_the_refund_opens,
         .title =
             "A voucher shortly before its channel's refund opens is refused: nothing would be "
             "left to claim in",
         .threat = "batch-refund-timing", .rule = "batch.refund.window", .ideas = "B89",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.refund_lead", "batch.refund_ignored"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    (void)refuse_before_the_refund(t, SCORES_LEFT);
}

SCENARIO(vouchers_behind_the_refund_are_refused,
         .title = "A voucher is refused once its channel's refund is open, and when it was taken",
         .threat = "batch-refund-timing", .rule = "batch.refund.window", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.refund_ignored"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = refuse_before_the_refund(t, 0);

    kxp_mine(t, 2); /* strictly above the lock time (section 10) */
    (void)kxc_move(t, channel, KX_BATCH_REFUND, 0, KXC_DEEP);
    expect_refused(t, kxc_send(t, "behind the refund", kxc_voucher(t, channel)));
}
