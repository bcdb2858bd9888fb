/* Threats voucher-regression, batch-cumulative and batch-claim-bound: what a voucher is for. The
 * total grows by exactly the price, within what the channel holds; the signature is the client's,
 * over network, lineage and total. Whatever is refused changes nothing: the honest voucher behind
 * it is charged. */
#include "peer/kaspa-x402/channel.h"

#include "base/hash.h"

#include <inttypes.h>

/* A voucher of an open channel, bent, is refused, and the client goes on. */
static void expect_refused_bent(struct assay_case *t, struct kxc_channel *channel,
                                const char *label, struct kxc_bend bend)
{
    const struct kxc_payment *bent = kxc_bent(t, channel, NULL, KX_PAYLOAD_VOUCHER, bend);

    expect_refused_and_goes_on(t, kxc_send(t, label, bent), bent);
}

/* ---- the total ---- */

static const struct total {
    const char *name;
    int prices; /* beside what was served last */
    int sompi;
} totals[] = {
    {"the total that was served last", 0, 0},
    {"the total before that", -1, 0},
    {"a sompi less than the next", 1, -1},
    {"a sompi more than the next", 1, 1},
    {"for two requests", 2, 0},
};

static void set_total(struct kxc_draft *d)
{
    const struct total *row = d->arg;
    int64_t price = (int64_t)d->offer->batch.terms.amount;

    d->voucher.amount = (uint64_t)((int64_t)d->channel->total + row->prices * price + row->sompi);
}

static void bent_total(struct assay_case *t, const struct total *row)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));

    (void)kxc_buy(t, "a voucher", channel);
    expect_refused_bent(t, channel, row->name, (struct kxc_bend){.terms = set_total, .arg = row});
}

SCENARIO(old_totals_buy_nothing,
         .title = "A voucher for no more than was served, or for less than the price more, buys "
                  "nothing",
         .threat = "voucher-regression", .rule = "batch.voucher.total", .ideas = "B10 B11 B95",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.total_below"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, .rows = totals, .row_count = 3,
         .row_bytes = sizeof(totals[0]))
{
    bent_total(t, case_row(t));
}

SCENARIO(too_high_totals_are_refused,
         .title = "A voucher for more than the charges so far and this one is refused, although "
                  "its client has signed it",
         .threat = "batch-cumulative", .rule = "batch.voucher.total", .ideas = "B09",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.total_above"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, .rows = totals + 3, .row_count = 2,
         .row_bytes = sizeof(totals[0]))
{
    bent_total(t, case_row(t));
}

/* ---- what the channel holds ---- */

static const struct fill {
    const char *name;
    unsigned prices;      /* that the deposit holds, */
    bool with_reserve;    /* and the reserve */
    unsigned sompi_short; /* but for so many */
} fills[] = {
    {"the reserve is a sompi short", 3, true, 1},
    {"the coin is spent on charges", 2, true, 0},
    {"a top-up is a sompi short", 3, true, 2},
};

static void set_deposit(struct kxc_genesis *g)
{
    const struct fill *row = g->arg;
    const struct kx_batch_terms *terms = &g->offer->batch.terms;

    g->deposit = row->prices * terms->amount + (row->with_reserve ? terms->claim_reserve : 0) -
                 row->sompi_short;
}

static struct kxc_channel *opened_with(struct assay_case *t, const struct fill *row)
{
    const struct kxp_offer *offer = given_channel_offer(t, peer_endpoint(t, "dear"));
    struct kxc_channel *channel =
        kxc_funded_so(t, offer, (struct kxc_opening){.config = set_deposit, .arg = row});
    const struct kxc_payment *paid = kxc_deposit(t, channel);

    if (channel->head.value < offer->batch.terms.min_deposit)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the smallest deposit holds more of the endpoint `dear` than the test fills");
    expect_charged(t, kxc_send_until_known(t, "open a channel", paid), paid);
    return channel;
}

SCENARIO(vouchers_end_where_the_reserve_begins,
         .title =
             "A voucher that leaves less than the reserve in the channel is refused, also by a "
             "sompi, until the channel is topped up",
         .threat = "batch-claim-bound", .rule = "batch.channel.accounts", .ideas = "B14",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.reserve_ignored"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    const struct fill *row = &fills[0];
    struct kxc_channel *channel = opened_with(t, row);
    const struct kxc_payment *above, *paid;

    for (unsigned i = 2; i < row->prices; i++)
        (void)kxc_buy(t, "while it holds", channel);
    above = kxc_voucher(t, channel);
    expect_refused(t, kxc_send(t, "into the reserve", above));
    (void)kxc_move(t, channel, KX_BATCH_TOP_UP, channel->offer->batch.terms.amount, KXC_DEEP);
    paid = kxc_deposit(t, channel);
    expect_charged(t, kxc_send_until_known(t, "topped up", paid), paid);
}

SCENARIO(top_up_is_worth_what_its_coin_is,
         .title =
             "A top-up makes room for what its own coin is worth: one that is a sompi short of the "
             "next voucher buys nothing",
         .threat = "batch-accounting", .rule = "batch.deposit.top-up", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.top_up_added"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    const struct fill *row = &fills[2];
    struct kxc_channel *channel = opened_with(t, row);

    for (unsigned i = 2; i < row->prices; i++)
        (void)kxc_buy(t, "while it holds", channel);
    (void)kxc_move(t, channel, KX_BATCH_TOP_UP, 1, KXC_DEEP);
    expect_refused(t, kxc_send(t, "topped up by a sompi of two", kxc_deposit(t, channel)));
}

SCENARIO(vouchers_end_where_the_coin_does,
         .title = "A voucher for more than the channel's coin is worth is refused",
         .threat = "batch-claim-bound", .rule = "batch.channel.accounts", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.uncovered"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    const struct fill *row = &fills[1];
    struct kxc_channel *channel = opened_with(t, row);
    const struct kxc_payment *above;

    for (unsigned i = 1; i < row->prices; i++)
        (void)kxc_buy(t, "while it holds", channel);
    above = kxc_voucher(t, channel);
    expect_refused(t, kxc_send(t, "above what the coin is worth", above));
}

/* ---- the lineage ---- */

static void other_lineage(struct kxc_draft *d)
{
    const struct kxc_channel *other = d->arg;

    d->voucher.covenant_id = other->head.covenant_id;
}

SCENARIO(
    voucher_of_another_lineage_is_refused,
    .title = "A voucher for another channel of the same client is refused, and buys in its own",
    .threat = "voucher-regression", .rule = "batch.voucher.lineage", .ideas = "B05",
    .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.lineage_believed"), .variant = "channels",
    .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    struct kxc_channel *other = kxc_funded_so(t, given_channel_offer(t, channel->offer->want),
                                              (struct kxc_opening){.client = &channel->client});

    expect_refused_bent(t, channel, "a voucher of the other channel",
                        (struct kxc_bend){.terms = other_lineage, .arg = other});
}

/* ---- the signature ---- */

static void by_a_stranger(struct kxc_draft *d)
{
    d->voucher_signer = kxp_stranger(d->t);
}

static void for_mainnet(struct kxc_draft *d)
{
    d->voucher.network = ASSAY_LIT(KX_NETWORK_MAINNET);
}

static void of_an_old_domain(struct kxc_draft *d)
{
    d->domain = kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v2"));
}

/* Instead of authorizedCumulativeAmount (section 1). */
static void of_an_old_form(struct kxc_draft *d)
{
    json_t *voucher = kxp_get(d->payment, "payload.voucher");

    (void)json_object_set(voucher, "amount",
                          json_object_get(voucher, "authorizedCumulativeAmount"));
    (void)json_object_del(voucher, "authorizedCumulativeAmount");
}

static const struct forgery {
    const char *name;
    kxc_hook *forge, *payload;
} forgeries[] = {
    {"signed by somebody else", by_a_stranger, NULL},
    {"signed for mainnet", for_mainnet, NULL},
    {"signed under an old generation's domain", of_an_old_domain, NULL},
    {"in an old generation's form", NULL, of_an_old_form},
};

/* What is presented is the voucher's digest as it should be: it is wrong in the signature alone. */
static void sign_sum_alone(struct kxc_draft *d)
{
    uint8_t sum[8], digest[ASSAY_SHA256_BYTES];

    for (size_t i = 0; i < sizeof(sum); i++)
        sum[i] = (uint8_t)(d->voucher.amount >> (8 * i));
    assay_sha256(digest, assay_bytes_of(sum, sizeof(sum)));
    if (assay_schnorr_sign(d->says.voucher.signature, digest, &d->channel->client, NULL) !=
        ASSAY_OK)
        case_end(d->t, VERDICT_BROKEN, "the sum cannot be signed");
}

/* A voucher's digest in `present` is that of what was signed; a server makes its own. */
static void present_the_right_digest(struct kxc_draft *d)
{
    const struct kx_voucher right = {.network = d->channel->lane.channel.network,
                                     .covenant_id = d->channel->head.covenant_id,
                                     .amount = d->voucher.amount};

    kx_voucher_digest(d->says.presentation.says.voucher_digest, d->channel->lane.binding, &right);
}

SCENARIO(
    voucher_that_signs_its_sum_alone_is_refused,
    .title = "A voucher whose client has signed the sum and nothing else is refused, as is one "
             "by somebody else, for another network, under an old domain or of an old form",
    .threat = "voucher-regression", .rule = "batch.voucher.signature", .ideas = "B01 B04 B07 B08",
    .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.voucher_sum_alone"), .variant = "channels",
    .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));

    expect_refused_bent(t, channel, "its sum alone is signed",
                        (struct kxc_bend){.present = sign_sum_alone});
    for (size_t i = 0; i < ARRAY_LEN(forgeries); i++)
        expect_refused_bent(t, channel, forgeries[i].name,
                            (struct kxc_bend){.terms = forgeries[i].forge,
                                              .present = present_the_right_digest,
                                              .payload = forgeries[i].payload});
}

/* ---- the client ---- */

static void as_somebody_else(struct kxc_draft *d)
{
    d->voucher_signer = d->signer = kxp_stranger(d->t);
    memcpy(d->says.client, d->signer.xonly, sizeof(d->says.client));
}

static void name_channel(struct kxc_draft *d)
{
    const struct kxc_channel *other = d->arg;

    memcpy(d->says.channel_id, other->lane.channel_id, sizeof(d->says.channel_id));
    d->keeps_id = true;
}

SCENARIO(another_clients_key_is_refused,
         .title =
             "Whoever names somebody else's channel, with a key or a voucher of his own, charges "
             "nobody",
         .threat = "batch-identity", .rule = "batch.channel.client", .ideas = "B45",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.client_believed"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    struct kxc_channel *other = kxc_opened(t, channel->offer->want);

    expect_refused_bent(t, channel, "another client's key",
                        (struct kxc_bend){.terms = as_somebody_else});
    expect_refused_bent(t, other, "another channel's id with a voucher of one's own",
                        (struct kxc_bend){.terms = name_channel, .arg = channel});
    (void)kxc_buy(t, "on the channel that was named", channel);
}

static void sign_as_a_stranger(struct kxc_draft *d)
{
    d->voucher_signer = d->signer = kxp_stranger(d->t);
}

/* The client signs the same total alike: it is the voucher that he was served for. */
static void present_a_published_voucher(struct kxc_draft *d)
{
    d->voucher.amount = d->channel->total;
    d->signer = kxp_stranger(d->t);
}

static const struct stranger {
    const char *name;
    kxc_hook *terms;
} strangers[] = {
    {"a voucher of his own", sign_as_a_stranger},
    {"a voucher of the client's, which a claim has published", present_a_published_voucher},
};

/* A claim on the chain shows the client's key, his voucher and, in its script, all of the channel;
 * its head is everybody's to see. */
SCENARIO(strangers_are_told_nothing_of_a_channel,
         .title = "Whoever names somebody else's channel, as the chain shows it, is not told what "
                  "was charged to it",
         .threat = "store-cache", .rule = "access.tenant", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.state_told", "batch.voucher_proves"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(strangers))
{
    const struct stranger *row = case_row(t);
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *forged;

    (void)kxc_buy(t, "a voucher", channel);
    forged = kxc_bent(t, channel, NULL, KX_PAYLOAD_VOUCHER, (struct kxc_bend){.terms = row->terms});
    expect_told_nothing(t, kxc_send(t, row->name, forged), forged);
    (void)kxc_buy(t, "the client's next voucher", channel);
}

SCENARIO(forged_vouchers_cost_no_lookup,
         .title = "A forged voucher is refused without a question to the node",
         .threat = "stale-node", .rule = "node.after-signatures", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.chain_first"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *forged = kxc_bent(t, channel, NULL, KX_PAYLOAD_VOUCHER,
                                                (struct kxc_bend){.terms = sign_as_a_stranger});
    uint64_t before = kxc_calls_about(t, channel), after;

    expect_refused(t, kxc_send(t, "a forged voucher", forged));
    after = kxc_calls_about(t, channel);
    expect(t, after == before, "no call to the node that names the channel's head",
           "%" PRIu64 " such calls", after - before);
}
