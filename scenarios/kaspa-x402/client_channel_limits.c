/* Threat payer-drain, before a channel is opened: limits, refunds too near or too far, servers,
 * resources and templates that are not allowed, a node that does not tell the time, and a payer who
 * does not consent. */
#include "peer/kaspa-x402/client_channel.h"

#include <inttypes.h>

static const struct kxp_channel_limits usual = {.charge = 0};

/* ---- amounts ---- */

static const struct limit {
    const char *name;
    struct kxp_channel_limits limits;
    bool is_bought;
} limits[] = {
    {"a charge above the most", {.charge = KASPA_SHOP_PRICE - 1}, false},
    {"a deposit above the most", {.deposit = KASPA_SHOP_DEPOSIT - 1}, false},
    {"a deposit at the most", {.deposit = KASPA_SHOP_DEPOSIT}, true},
    {"a total above the most", {.total = KASPA_SHOP_PRICE - 1}, false},
    {"a total at the most", {.total = KASPA_SHOP_PRICE}, true},
    {"an exposure above the most", {.exposure = KASPA_SHOP_DEPOSIT - 1}, false},
    {"an exposure at the most", {.exposure = KASPA_SHOP_DEPOSIT}, true},
};

SCENARIO(client_opens_no_channel_beyond_a_limit, OF_A_CHANNEL_CLIENT,
         .title = "A channel that would pass a limit of the policy is not opened, one at the limit "
                  "is",
         .threat = "payer-drain", .rule = "client.policy.amount", .ideas = "CL-06",
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.deposit_unlimited", "client.channel.total_unlimited"),
         TABLE(limits))
{
    const struct limit *row = case_row(t);
    const struct kxp_run *run;

    kxp_channel_shop_is_honest(t);
    run = kxp_client_charges(t, KXP_GOODS, row->limits);
    if (row->is_bought)
        expect_charged(t, run, 1);
    else
        expect_client_refused(t, run, KXP_SIGNS_NOTHING);
}

static const struct missing {
    const char *name;
} missing[] = {
    {"maximumBatchChargeSompi"},   {"maximumInitialDepositSompi"},
    {"maximumTopUpSompi"},         {"maximumCumulativeAuthorizationSompi"},
    {"maximumTotalExposureSompi"}, {"minimumRefundLeadDaa"},
    {"maximumRefundHorizonDaa"},   {"allowedServerKeys"},
    {"allowedResources"},
};

SCENARIO(client_needs_every_limit_of_channels, OF_A_CHANNEL_CLIENT,
         .title = "A policy that allows channels and lacks one of their limits opens none",
         .threat = "payer-drain", .rule = "client.policy.amount", .ideas = "CL-08",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.limit_missing"),
         TABLE(missing))
{
    const struct missing *row = case_row(t);

    kxp_channel_shop_is_honest(t);
    expect_client_refused(
        t, kxp_client_charges(t, KXP_GOODS, (struct kxp_channel_limits){.without = row->name}),
        KXP_SIGNS_NOTHING);
}

/* ---- refunds ---- */

enum { LEAD = 1000, HORIZON = 5000 };

static const struct window {
    const char *name;
    uint64_t distance;
    bool is_opened;
} windows[] = {
    {"one below the lead", LEAD - 1, false},
    {"at the lead", LEAD, true},
    {"one below the horizon", HORIZON - 1, true},
    {"at the horizon", HORIZON, false},
};

SCENARIO(client_opens_no_channel_of_another_refund, OF_A_CHANNEL_CLIENT,
         .title = "A channel whose refund opens sooner than the policy's lead, or not before its "
                  "horizon, is not opened",
         .threat = "payer-drain", .rule = "client.policy.amount", .ideas = "CL-11 B90",
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.lead_ignored", "client.channel.horizon_inclusive"),
         TABLE(windows))
{
    const struct window *row = case_row(t);
    const char *timeout = case_printf(t, "%" PRIu64, kxp_daa_score(t) + row->distance);
    const struct kxp_run *run;

    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){.edit = kxp_offer_refund_daa, .arg = timeout});
    run = kxp_client_charges(t, KXP_GOODS,
                             (struct kxp_channel_limits){.lead = LEAD, .horizon = HORIZON});
    if (row->is_opened)
        expect(t, kxp_during(t, run).signatures == 1, "a deposit to be signed", "none");
    else
        expect_client_refused(t, run, KXP_SIGNS_NOTHING);
}

static const struct blindness {
    const char *name;
    struct kaspa_node_behaviour how;
} blindness[] = {
    {"it fails", {.fault = KASPA_NODE_ERROR}},
    {"it closes the connection", {.fault = KASPA_NODE_DROP}},
    {"it is not synced", {.unsynced = true}},
};

SCENARIO(client_takes_the_time_from_its_own_node, OF_A_CHANNEL_CLIENT,
         .title = "A client whose own node does not tell the time opens no channel, whatever the "
                  "offer says",
         .threat = "payer-drain", .rule = "client.channel.node", .ideas = "CL-10 B91",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.time_of_offer"),
         TABLE(blindness))
{
    const struct blindness *row = case_row(t);

    kxp_channel_shop_is_honest(t);
    kxp_node_behaves(t, row->how);
    expect_client_refused(t, kxp_client_charges(t, KXP_GOODS, usual), KXP_SIGNS_NOTHING);
}

/* ---- top-ups ---- */

static const struct exposure {
    const char *name;
    uint64_t least; /* what the policy has less than the third purchase needs */
    bool is_topped_up;
} exposures[] = {{"one sompi above it", 1, false}, {"at it", 0, true}};

/* Two purchases are claimed: what is left is the reserve, and a third one lacks its price. */
SCENARIO(client_counts_what_was_claimed_as_put_in, OF_A_CHANNEL_CLIENT,
         .title = "What was ever put into a channel, the claimed with it, is no more than the "
                  "policy's exposure: no top-up after claims passes it",
         .threat = "payer-drain", .rule = "client.policy.amount", .ideas = "CL-12 B92",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.exposure_of_funding"),
         TABLE(exposures))
{
    const struct exposure *row = case_row(t);
    const struct kxp_channel_limits tight = {.exposure = KASPA_SHOP_DEPOSIT + KASPA_SHOP_PRICE -
                                                         row->least};
    const struct kxp_run *run;

    kxp_given_channel(t);
    expect_charged(t, kxp_client_charges(t, "/second", usual), 0);
    if (!kaspa_shop_claims(kxp_shop(t)))
        case_end(t, VERDICT_BROKEN, "the shop's claim is not taken");
    run = kxp_client_charges(t, "/third", tight);
    if (row->is_topped_up)
        expect(t, kxp_during(t, run).signatures == 1, "a top-up to be signed", "none");
    else
        expect_nothing_signed(t, run);
}

/* ---- whom, what for, and by what ---- */

static void set_server(const void *arg, json_t *required)
{
    kxp_set_text(required, "accepts.0.extra.serverPublicKey", arg);
}

static void set_template(const void *arg, json_t *required)
{
    kxp_set_text(required, "accepts.0.extra.templateId", arg);
}

static void set_payee(const void *arg, json_t *required)
{
    kxp_set_text(required, "accepts.0.payTo", arg);
}

static const char *other_key(struct assay_case *t)
{
    struct assay_key key = kxp_stranger(t);

    return kxp_hex(t, assay_bytes_of(key.xonly, sizeof(key.xonly)));
}

static const char *older_template(struct assay_case *t)
{
    (void)t;
    return "kaspa-x402-escrow-v4";
}

static const char *other_payee(struct assay_case *t)
{
    return kxp_address_like(t, kaspa_shop_pay_to(kxp_shop(t)));
}

static const struct stranger {
    const char *name;
    const char *(*of)(struct assay_case *t);
    kaspa_shop_edit *edit;
} strangers[] = {
    {"another server key", other_key, set_server},
    {"another payee", other_payee, set_payee},
    {"an older template", older_template, set_template},
};

SCENARIO(client_opens_channels_with_whom_it_may, OF_A_CHANNEL_CLIENT,
         .title = "A channel with a server key or payee that the policy does not list, or of an "
                  "older template, is not opened",
         .threat = "payer-drain", .rule = "client.policy.payee", .ideas = "CL-07",
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.any_server", "client.channel.old_template",
                            "client.payee.unchecked"),
         TABLE(strangers))
{
    const struct stranger *row = case_row(t);

    kxp_shop_sells_by_channel(t,
                              (struct kaspa_shop_behaviour){.edit = row->edit, .arg = row->of(t)});
    expect_client_refused(t, kxp_client_charges(t, KXP_GOODS, usual), KXP_SIGNS_NOTHING);
}

SCENARIO(client_opens_channels_for_what_it_may, OF_A_CHANNEL_CLIENT,
         .title = "A resource that begins like an allowed one is not paid by channel",
         .threat = "payer-drain", .rule = "client.policy.origin", .ideas = "CL-07",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.resource_by_beginning"))
{
    const struct kxp_channel_limits goods = {.resource = kxp_shop_url(t, KXP_GOODS)};

    kxp_channel_shop_is_honest(t);
    expect_client_refused(t, kxp_client_charges(t, KXP_GOODS "-and-more", goods),
                          KXP_SIGNS_NOTHING);
    expect_charged(t, kxp_client_charges(t, KXP_GOODS, goods), 1);
}
