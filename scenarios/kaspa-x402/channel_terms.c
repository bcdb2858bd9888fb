/* Threats exact-offer-match, exact-terms and unit-confusion, on channels: offers keep the rules of
 * their binding, and what is accepted is one of them, whole. Whatever is changed, channel, voucher
 * and presentation are made for the terms as they were changed. */
#include "peer/kaspa-x402/channel.h"

#include <inttypes.h>

/* ---- what is offered ---- */

static const struct {
    const char *name;
} offered[] = {
    {"batch.terms.amount"},
    {"batch.terms.form"},
    {"batch.terms.deposit"},
    {"batch.terms.mcp-charge"},
};

SCENARIO(channel_offers_keep_their_rules,
         .title = "What is offered on channels is an amount in sompi, a deposit that covers it and "
                  "the reserve, a timeout that is a DAA score, and no other charge for failures",
         .threat = "unit-confusion", .rule = "batch.terms.amount", .ideas = "B16 B38",
         .catches = DEFECTS("batch.price_unit", "batch.timeout_is_time", "batch.deposit_for_amount",
                            "batch.mcp_free"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(offered))
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want); /* so that the server knows the score */
    const struct kxp_offer *offer;
    const char *fault = NULL;

    expect_delivered(t, kxp_send_until_known(t, "an exact payment", want, paid), paid);
    offer = kxp_channel_offer_of(t, want, kxp_send(t, "unpaid", want, NULL), &fault);
    expect(t, offer != NULL, "an offer of scheme batch-settlement that keeps its rules", "%s",
           fault);
}

/* ---- what is accepted ---- */

struct change {
    const char *name, *member, *value; /* JSON; NULL: it is taken away */
};

static void change_terms(struct kxc_draft *d)
{
    const struct change *row = d->arg;

    kxp_set(d->accepted, row->member,
            row->value != NULL ? json_loads(row->value, JSON_DECODE_ANY, NULL) : NULL);
}

static void refuse_bent(struct assay_case *t, const char *label, struct kxc_bend bend)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *bent = kxc_bent(t, channel, NULL, KX_PAYLOAD_VOUCHER, bend);

    expect_refused_and_goes_on(t, kxc_send(t, label, bent), bent);
}

static void refuse_changed(struct assay_case *t)
{
    const struct change *row = case_row(t);

    refuse_bent(t, row->name, (struct kxc_bend){.terms = change_terms, .arg = row});
}

static const struct change additions[] = {
    {"a member of extra", "extra.note", "\"x\""},
    {"a member of the terms", "note", "\"x\""},
    {"a hint that is right", "extra.assetDecimals", "8"},
};

SCENARIO(channel_terms_with_more_in_them_are_refused,
         .title = "Terms of a channel with a member that was not offered are refused",
         .threat = "exact-offer-match", .rule = "batch.offer.match", .ideas = "B19",
         .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.offer_unmatched", "batch.offer_members"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(additions))
{
    refuse_changed(t);
}

/* The least that the rule of deposits allows. */
static void lower_deposit(struct kxc_draft *d)
{
    const struct kx_batch_terms *terms = &d->offer->batch.terms;

    kxc_accept_decimal(d, "extra.minDepositSompi", terms->amount + terms->claim_reserve);
}

SCENARIO(lower_deposit_is_refused,
         .title = "Terms of a channel with a smaller deposit than is offered are refused",
         .threat = "exact-terms", .rule = "batch.offer.match", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.offer_unmatched", "batch.offer_deposit"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    refuse_bent(t, "a smaller deposit", (struct kxc_bend){.terms = lower_deposit});
}

/* The voucher is for what the terms say. */
static void half_amount(struct kxc_draft *d)
{
    uint64_t amount = d->offer->batch.terms.amount / 2;

    kxc_accept_decimal(d, "amount", amount);
    d->voucher.amount = d->channel->total + amount;
}

SCENARIO(lower_price_is_refused,
         .title = "Terms of a channel with a lower price than is offered are refused",
         .threat = "exact-terms", .rule = "batch.offer.match", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.offer_unmatched", "batch.offer_amount"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    refuse_bent(t, "half of the price", (struct kxc_bend){.terms = half_amount});
}

static const struct change networks[] = {
    {"mainnet", "network", "\"kaspa:mainnet\""},
    {"capitals", "network", "\"KASPA:TESTNET-10\""},
    {"a capital", "network", "\"Kaspa:testnet-10\""},
    {"an alias", "network", "\"testnet-10\""},
    {"a space behind", "network", "\"kaspa:testnet-10 \""},
};

SCENARIO(channel_terms_of_another_network_are_refused,
         .title = "Terms of a channel that name another network, or the same in another way, are "
                  "refused",
         .threat = "unit-confusion", .rule = "batch.terms.network", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.network_case"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(networks))
{
    refuse_changed(t);
}

static const struct change assets[] = {
    {"another asset", "asset", "\"USD\""},
    {"small letters", "asset", "\"kas\""},
    {"Cyrillic letters", "asset", "\"K\\u0410S\""},
};

SCENARIO(
    channel_terms_of_another_asset_are_refused,
    .title = "Terms of a channel that name another asset, or one that looks alike, are refused",
    .threat = "exact-terms", .rule = "batch.terms.asset", .rests_on = CHANNEL_OPENS,
    .catches = DEFECTS("batch.asset_any"), .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS,
    TABLE(assets))
{
    refuse_changed(t);
}

/* Around the digits of the price. */
static const struct spelling {
    const char *name, *before, *after;
} spellings[] = {
    {"a leading zero", "\"0", "\""}, {"a sign", "\"+", "\""},   {"an exponent", "\"", "e0\""},
    {"a space behind", "\"", " \""}, {"a point", "\"", ".0\""}, {"a number", "", ""},
};

static void spell_amount(struct kxc_draft *d)
{
    const struct spelling *row = d->arg;
    const char *text =
        case_printf(d->t, "%s%" PRIu64 "%s", row->before, d->offer->batch.terms.amount, row->after);

    kxp_set(d->accepted, "amount", json_loads(text, JSON_DECODE_ANY, NULL));
}

SCENARIO(other_spellings_of_a_channels_price_are_refused,
         .title = "The price of a request on a channel in any other form than its canonical digits "
                  "is refused",
         .threat = "unit-confusion", .rule = "batch.terms.amount", .ideas = "B17",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.amount_lenient"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(spellings))
{
    const struct spelling *row = case_row(t);

    refuse_bent(t, row->name, (struct kxc_bend){.terms = spell_amount, .arg = row});
}

/* ---- channels made for other terms ---- */

/* Opens a channel so, accepts what it was made for, and is refused. */
static void refuse_opened(struct assay_case *t, const char *label, kxc_genesis_hook *config,
                          kxc_hook *terms)
{
    const struct kxp_offer *offer = given_channel_offer(t, peer_endpoint(t, "paid_get"));
    struct kxc_channel *channel = kxc_funded_so(t, offer, (struct kxc_opening){.config = config});
    const struct kxc_payment *bent =
        kxc_bent(t, channel, offer, KX_PAYLOAD_DEPOSIT, (struct kxc_bend){.terms = terms});

    expect_refused(t, kxc_send(t, label, bent));
}

/* No bucket that is offered. */
static void later_timeout(struct kxc_genesis *g)
{
    g->config.refund_timeout_daa += 1;
}

SCENARIO(timeout_of_ones_own_is_refused,
         .title = "A channel with a refund timeout that is not offered is refused, with terms that "
                  "name it",
         .threat = "batch-refund-timing", .rule = "batch.offer.match", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.offer_unmatched", "batch.offer_timeout"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    refuse_opened(t, "a timeout of its own", later_timeout, NULL);
}

static void old_template(struct kxc_genesis *g)
{
    g->config.template_id = ASSAY_LIT(KX_ESCROW_V4_TEMPLATE);
}

static void accept_old_template(struct kxc_draft *d)
{
    kxp_set_text(d->accepted, "extra.templateId", KX_ESCROW_V4_TEMPLATE);
}

SCENARIO(old_template_is_refused,
         .title = "An older template is refused, in the terms of a channel and under a channel of "
                  "its own",
         .threat = "covenant-drift", .rule = "batch.terms.binding", .ideas = "B120",
         .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.offer_unmatched", "batch.template_any"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    refuse_bent(t, "an older template in the terms",
                (struct kxc_bend){.terms = accept_old_template});
    refuse_opened(t, "a channel on an older template", old_template, accept_old_template);
}

static struct assay_bytes strangers_address(struct assay_case *t, const struct kxp_offer *offer)
{
    struct assay_key stranger = kxp_stranger(t);

    return kxc_address(t, kxp_spk_of(t, &stranger), offer->batch.network);
}

static void pays_a_stranger(struct kxc_genesis *g)
{
    g->config.pay_to = strangers_address(g->t, g->offer);
}

static void accept_a_stranger(struct kxc_draft *d)
{
    kxp_set_text(d->accepted, "payTo", (const char *)strangers_address(d->t, d->offer).at);
}

SCENARIO(
    channel_that_pays_somebody_else_is_refused,
    .title = "A channel whose claims go to another address is refused, with terms that name it",
    .threat = "exact-terms", .rule = "batch.terms.pay-to", .rests_on = CHANNEL_OPENS,
    .catches = DEFECTS("batch.offer_unmatched", "batch.pay_to_any"), .variant = "channels",
    .needs = KXP_PAY | KXP_CHANNELS)
{
    refuse_opened(t, "another payTo", pays_a_stranger, accept_a_stranger);
}

static void strangers_server(struct kxc_genesis *g)
{
    struct assay_key stranger = kxp_stranger(g->t);

    memcpy(g->config.server, stranger.xonly, sizeof(g->config.server));
}

static void accept_strangers_server(struct kxc_draft *d)
{
    kxp_set_text(
        d->accepted, "extra.serverPublicKey",
        kxp_hex(d->t, assay_bytes_of(d->says.channel.server, sizeof(d->says.channel.server))));
}

SCENARIO(channel_with_another_servers_key_is_refused,
         .title = "A channel that another key claims from is refused, with terms that name it",
         .threat = "exact-terms", .rule = "batch.terms.server-key", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.offer_unmatched", "batch.server_key_any"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    refuse_opened(t, "another serverPublicKey", strangers_server, accept_strangers_server);
}

static void accept_offered_timeout(struct kxc_draft *d)
{
    kxc_accept_decimal(d, "extra.refundTimeoutDaa", d->offer->batch.terms.refund_timeout_daa);
}

static const struct config {
    const char *name;
    kxc_genesis_hook *config;
} configs[] = {
    {"another payTo", pays_a_stranger},
    {"another serverPublicKey", strangers_server},
    {"another refundTimeoutDaa", later_timeout},
    {"another templateId", old_template},
};

SCENARIO(channel_is_made_for_the_accepted_terms,
         .title = "A channel whose configuration has another payee, server's key, timeout or "
                  "template than the accepted terms is refused",
         .threat = "exact-terms", .rule = "batch.channel.terms", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.channel_terms"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(configs))
{
    const struct config *row = case_row(t);

    refuse_opened(t, row->name, row->config, accept_offered_timeout);
}

/* ---- the envelope ---- */

static void without_identifier(struct kxc_draft *d)
{
    d->identifier = NULL;
}

SCENARIO(channel_payment_needs_an_identifier,
         .title = "A payment on a channel without a payment identifier, where the offer requires "
                  "one, is refused",
         .threat = "duplicate-retry", .rule = "batch.identifier.echo", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.identifier_free"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    refuse_bent(t, "no identifier", (struct kxc_bend){.terms = without_identifier});
}

static void other_schema(struct kxc_draft *d)
{
    kxp_set(d->payment, "extensions.payment-identifier.schema",
            json_pack("{s:s}", "type", "string"));
}

static void not_required(struct kxc_draft *d)
{
    kxp_set(d->payment, "extensions.payment-identifier.info.required", json_false());
}

static const struct echo {
    const char *name;
    kxc_hook *payload;
} echoes[] = {{"another schema", other_schema}, {"required changed", not_required}};

SCENARIO(channel_payment_echoes_what_was_advertised,
         .title = "A payment on a channel whose identifier extension is not the one that was "
                  "advertised is refused",
         .threat = "duplicate-retry", .rule = "batch.identifier.echo", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.identifier_unechoed"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(echoes))
{
    const struct echo *row = case_row(t);

    refuse_bent(t, row->name, (struct kxc_bend){.payload = row->payload});
}

static void ask_for_a_claim(struct kxc_draft *d)
{
    d->says.type = KX_PAYLOAD_CLAIM;
    d->says.claim = d->channel->total;
}

static void ask_for_a_refund(struct kxc_draft *d)
{
    d->says.type = KX_PAYLOAD_REFUND;
    d->says.covenant_id = d->channel->head.covenant_id;
    d->says.refund_address = d->says.channel.refund_address;
    d->says.refund = d->channel->head.value / 2;
    d->says.client_signature[ASSAY_SIG_BYTES] = KASPA_SIGHASH_ALL;
}

static const struct operation {
    const char *name;
    kxc_hook *terms;
} operations[] = {{"a claim", ask_for_a_claim}, {"a refund", ask_for_a_refund}};

SCENARIO(operations_buy_nothing,
         .title = "A claim or a refund that is sent to a priced route buys nothing",
         .threat = "unpaid-access", .rule = "batch.payload.type", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.operation_served"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(operations))
{
    const struct operation *row = case_row(t);

    refuse_bent(t, row->name, (struct kxc_bend){.terms = row->terms});
}
