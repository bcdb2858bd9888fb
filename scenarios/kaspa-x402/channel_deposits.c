/* Threats batch-identity, covenant-drift and batch-accounting: what a channel is opened and topped
 * up with. Ids, script and address are made of the configuration, the coin is read from the chain,
 * and nothing is what the deposit says it to be. */
#include "peer/kaspa-x402/channel.h"

/* How a deposit is made, and told, otherwise. */
struct deposit {
    const char *name;
    kxc_genesis_hook *config, *outputs;
    kxc_hook *terms, *present;
};

static void refuse_deposit(struct assay_case *t, const struct deposit *how)
{
    const struct kxp_offer *offer = given_channel_offer(t, peer_endpoint(t, "paid_get"));
    struct kxc_channel *channel = kxc_funded_so(
        t, offer, (struct kxc_opening){.config = how->config, .outputs = how->outputs});
    const struct kxc_payment *bent =
        kxc_bent(t, channel, offer, KX_PAYLOAD_DEPOSIT,
                 (struct kxc_bend){.terms = how->terms, .present = how->present});

    expect_refused(t, kxc_send(t, how->name, bent));
}

/* ---- who it is ---- */

static void other_id(struct kxc_draft *d)
{
    kx_channel_id(d->says.channel_id, d->says.binding, &d->says.channel);
    d->says.channel_id[0] ^= 1;
    d->keeps_id = true;
}

static void present_the_right_id(struct kxc_draft *d)
{
    kx_channel_id(d->says.presentation.says.channel_id, d->says.binding, &d->says.channel);
}

static const struct deposit ids[] = {
    {"its channelId is another", .terms = other_id},
    {"its channelId is another, and it presents the right one", .terms = other_id,
     .present = present_the_right_id},
};

SCENARIO(channel_id_is_that_of_its_configuration,
         .title =
             "A voucher on a channel that nobody has opened here is refused, and so is a deposit "
             "whose channelId is not that of its configuration",
         .threat = "batch-identity", .rule = "batch.channel.known", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.channel_id_believed"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(ids))
{
    struct kxc_channel *unknown =
        kxc_funded(t, given_channel_offer(t, peer_endpoint(t, "paid_get")));

    expect_refused(t, kxc_send(t, "a voucher without a deposit", kxc_voucher(t, unknown)));
    refuse_deposit(t, case_row(t));
}

/* The script is the same: it is of the key, not of the network. */
static void refund_on_mainnet(struct kxc_draft *d)
{
    d->says.channel.refund_address =
        kxc_address(d->t, kxp_spk_of(d->t, &d->channel->client), KASPA_MAINNET);
}

static void refund_nowhere(struct kxc_draft *d)
{
    char *text = case_printf(d->t, "%.*s", (int)d->says.channel.refund_address.len,
                             (const char *)d->says.channel.refund_address.at);
    size_t last = strlen(text) - 1;

    text[last] = text[last] == 'q' ? 'p' : 'q';
    d->says.channel.refund_address = assay_str(text);
}

static const struct deposit refunds[] = {
    {"its refundAddress is of mainnet", .terms = refund_on_mainnet},
    {"its refundAddress has a typing error", .terms = refund_nowhere},
};

SCENARIO(refund_address_is_of_the_network,
         .title = "A deposit whose refundAddress is of another network, or none, is refused",
         .threat = "batch-accounting", .rule = "batch.channel.config", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.refund_address_network"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(refunds))
{
    refuse_deposit(t, case_row(t));
}

/* ---- its script ---- */

static void to_ones_own_key(struct kxc_genesis *g)
{
    g->outputs[0].spk = kxp_spk_of(g->t, &g->client);
}

/* Told as it is. */
static void tell_own_script(struct kxc_draft *d)
{
    const struct kaspa_spk *spk = &d->channel->birth.outputs[0].spk;
    struct assay_buf bytes = ASSAY_BUF_INIT(2 + KASPA_SPK_MAX_STANDARD_BYTES);

    kaspa_spk_add_bytes(&bytes, spk);
    d->says.escrow_address = kxc_address(d->t, *spk, d->offer->batch.network);
    d->says.spk = peer_keep(d->t, &bytes);
    d->keeps_spk = true;
}

static void claimed_before(struct kxc_genesis *g)
{
    g->claimed = 1;
}

static void refund_to_a_stranger(struct kxc_draft *d)
{
    struct assay_key stranger = kxp_stranger(d->t);

    d->says.channel.refund_address =
        kxc_address(d->t, kxp_spk_of(d->t, &stranger), d->offer->batch.network);
}

static const struct deposit scripts[] = {
    {"of a configuration with another refundAddress", .terms = refund_to_a_stranger},
    {"locked to the client's own key", .outputs = to_ones_own_key, .terms = tell_own_script},
    {"with a sompi claimed already", .config = claimed_before, .terms = tell_own_script},
};

SCENARIO(deposit_is_on_the_channels_own_script,
         .title =
             "A deposit on another script than its configuration makes is refused, although it "
             "is told as it is",
         .threat = "covenant-drift", .rule = "batch.deposit.escrow", .ideas = "B55",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.escrow_believed"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(scripts))
{
    refuse_deposit(t, case_row(t));
}

/* ---- its coin ---- */

static void bound_to_nothing(struct kxc_genesis *g)
{
    g->outputs[0].has_covenant = false;
}

static const struct deposit unbound[] = {
    {"in no covenant", .outputs = bound_to_nothing},
};

SCENARIO(coin_outside_the_lineage_opens_nothing,
         .title = "A coin that has a channel's script, and is in no covenant, opens no channel",
         .threat = "batch-identity", .rule = "batch.head.lineage", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.coin_unbound"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(unbound))
{
    refuse_deposit(t, case_row(t));
}

static void say_twice(struct kxc_draft *d)
{
    d->says.funding *= 2;
}

static void say_one_more(struct kxc_draft *d)
{
    d->says.funding += 1;
}

static const struct deposit amounts[] = {
    {"said to be worth twice what it is", .terms = say_twice},
    {"said to be worth a sompi more", .terms = say_one_more},
};

SCENARIO(deposit_is_worth_what_its_coin_is,
         .title = "A deposit that is said to be worth more than its coin is refused",
         .threat = "batch-identity", .rule = "batch.head.amount", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.funding_believed"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(amounts))
{
    refuse_deposit(t, case_row(t));
}

static void below_the_least(struct kxc_genesis *g)
{
    g->deposit = g->offer->batch.terms.min_deposit - 1;
}

static void just_the_least(struct kxc_genesis *g)
{
    g->deposit = g->offer->batch.terms.min_deposit;
}

SCENARIO(small_deposits_are_refused,
         .title = "A deposit that is a sompi below the smallest is refused, and the smallest opens "
                  "a channel",
         .threat = "batch-accounting", .rule = "batch.deposit.minimum", .ideas = "B15",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.deposit_any"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    const struct kxp_offer *offer = given_channel_offer(t, peer_endpoint(t, "paid_get"));
    struct kxc_channel *channel;
    const struct kxc_payment *paid;

    refuse_deposit(t, &(struct deposit){"a sompi below", .config = below_the_least});
    channel = kxc_funded_so(t, offer, (struct kxc_opening){.config = just_the_least});
    paid = kxc_deposit(t, channel);
    expect_charged(t, kxc_send_until_known(t, "just the smallest", paid), paid);
}

/* ---- its genesis ---- */

static void add_output(struct kxc_genesis *g, struct kaspa_output output)
{
    output.value = KXP_LEAST_RELAYED * 10;
    g->outputs[g->output_count++] = output;
}

static void with_change(struct kxc_genesis *g)
{
    add_output(g, (struct kaspa_output){.spk = kxp_spk_of(g->t, &g->client)});
}

static void with_a_twin(struct kxc_genesis *g)
{
    add_output(g, g->outputs[0]);
}

static const struct deposit geneses[] = {
    {"with change", .outputs = with_change},
    {"with a second output in the lineage", .outputs = with_a_twin},
};

SCENARIO(genesis_has_one_output,
         .title = "A channel whose genesis has another output, in the lineage or not, is refused",
         .threat = "batch-identity", .rule = "batch.deposit.genesis", .ideas = "B51 B52",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.genesis_outputs"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(geneses))
{
    refuse_deposit(t, case_row(t));
}

static void same_client_other_salt(struct kxc_draft *d)
{
    d->says.channel.salt[0] ^= 1;
}

SCENARIO(lineage_opens_one_channel,
         .title = "A lineage that has opened a channel opens no second one under another salt",
         .threat = "store-channel", .rule = "store.atomic", .ideas = "B43",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.channel.lineage_reused"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    struct kxc_channel *fresh = kxc_copy(t, channel);
    const struct kxc_payment *again;

    fresh->total = 0;
    again = kxc_bent(t, fresh, NULL, KX_PAYLOAD_DEPOSIT,
                     (struct kxc_bend){.terms = same_client_other_salt});
    expect_refused(t, kxc_send(t, "the same coin under another salt", again));
    (void)kxc_buy(t, "the channel that it has opened", channel);
}

/* ---- top-ups ---- */

static void copy_config(struct kxc_genesis *g)
{
    const struct kxc_channel *channel = g->arg;

    g->config = channel->lane.channel;
    g->deposit = 2 * channel->head.value;
}

static void unbind(struct kxc_genesis *g)
{
    g->outputs[0].has_covenant = false;
}

static const struct deposit elsewhere[] = {
    {"of a lineage of its own", .outputs = NULL},
    {"of none", .outputs = unbind},
};

SCENARIO(top_up_spends_the_head,
         .title = "A larger coin on the channel's own script that does not spend its head is no "
                  "top-up",
         .threat = "batch-identity", .rule = "batch.deposit.top-up", .ideas = "B80",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.top_up_elsewhere"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(elsewhere))
{
    const struct deposit *row = case_row(t);
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_channel *other = kxc_funded_so(t, channel->offer,
                                                    (struct kxc_opening){.config = copy_config,
                                                                         .outputs = row->outputs,
                                                                         .client = &channel->client,
                                                                         .arg = channel});
    struct kxc_channel *topped_up = kxc_copy(t, channel);
    const struct kxc_payment *bent;

    topped_up->head.outpoint = other->head.outpoint;
    topped_up->head.value = other->head.value;
    bent = kxc_deposit(t, topped_up);
    expect_refused(t, kxc_send(t, row->name, bent));
    (void)kxc_buy(t, "on the head as it is", channel);
}

/* What a client knows whose top-up a claim has spent, or has come before. */
static struct kxc_channel *claimed_behind(struct assay_case *t, struct kxc_channel *channel)
{
    struct kxc_channel *known;

    (void)kxc_move(t, channel, KX_BATCH_TOP_UP, channel->head.value / 2, KXC_DEEP);
    known = kxc_copy(t, channel);
    (void)kxc_move(t, channel, KX_BATCH_CLAIM, channel->total, KXC_DEEP);
    return known;
}

static struct kxc_channel *claimed_first(struct assay_case *t, struct kxc_channel *channel)
{
    struct kxc_channel *known = kxc_copy(t, channel);

    known->head.value += known->head.value / 2;
    known->head.outpoint.txid.at[0] ^= 1;
    (void)kxc_move(t, channel, KX_BATCH_CLAIM, channel->total, KXC_DEEP);
    return known;
}

static const struct overtaken {
    const char *name;
    struct kxc_channel *(*known)(struct assay_case *t, struct kxc_channel *channel);
} overtaken[] = {
    {"a top-up that a claim has spent", claimed_behind},
    {"a top-up of a head that a claim has spent first", claimed_first},
};

SCENARIO(overtaken_top_up_finds_its_channel,
         .title = "A top-up whose coin a claim has spent, or prevented, is refused, and its client "
                  "is told where the channel stands, and is charged there",
         .threat = "exact-finality", .rule = "batch.deposit.top-up", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.top_up_unfollowed"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(overtaken))
{
    const struct overtaken *row = case_row(t);
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    struct kxc_channel *client = row->known(t, channel);
    const struct peer_answer *answer;
    const struct kxc_payment *again;

    expect_refused(t, kxc_send(t, row->name, kxc_deposit(t, client)));
    again = kxc_deposit(t, client);
    answer = kxc_send(t, "once more, where it was followed a step at a time", again);
    *client = *channel;
    expect_corrected(t, answer, again);
    (void)kxc_buy(t, "where the channel stands", client);
}
