/* Threat voucher-regression, its other half: a voucher alone authorizes nothing. What is presented
 * with it is for this very request, terms, caller, channel, lineage, voucher and identifier, for a
 * while, and signed by the channel's client. */
#include "peer/kaspa-x402/channel.h"

/* A voucher of an open channel, bent, is refused, and the client goes on. */
static void expect_refused_bent(struct assay_case *t, const char *label, struct kxc_bend bend)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *bent = kxc_bent(t, channel, NULL, KX_PAYLOAD_VOUCHER, bend);

    expect_refused_and_goes_on(t, kxc_send(t, label, bent), bent);
}

/* ---- what it is for ---- */

static void another_request(struct kxc_draft *d)
{
    d->says.presentation.says.fingerprint[0] ^= 1;
}

static void other_terms(struct kxc_draft *d)
{
    d->says.presentation.says.requirements[0] ^= 1;
}

static void another_caller(struct kxc_draft *d)
{
    d->says.presentation.says.context[0] ^= 1;
}

static void another_channel(struct kxc_draft *d)
{
    d->says.presentation.says.channel_id[0] ^= 1;
}

static void another_lineage(struct kxc_draft *d)
{
    d->says.presentation.says.covenant_id.at[0] ^= 1;
}

static void another_voucher(struct kxc_draft *d)
{
    d->says.presentation.says.voucher_digest[0] ^= 1;
}

static const struct bound {
    const char *name;
    kxc_hook *present;
} bounds[] = {
    {"another request", another_request}, {"other terms", other_terms},
    {"another caller", another_caller},   {"another channel", another_channel},
    {"another lineage", another_lineage}, {"another voucher", another_voucher},
};

SCENARIO(presentation_is_for_this_request_alone,
         .title =
             "A presentation that names another request, other terms, another caller, channel, "
             "lineage or voucher buys nothing, although the client has signed it",
         .threat = "voucher-regression", .rule = "batch.presentation.binding", .ideas = "B18 B19",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.presentation_believed"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(bounds))
{
    const struct bound *row = case_row(t);

    expect_refused_bent(t, row->name, (struct kxc_bend){.present = row->present});
}

SCENARIO(voucher_buys_no_other_body,
         .title = "A payment on a channel for one body does not buy the same resource with another",
         .threat = "voucher-regression", .rule = "batch.presentation.binding", .ideas = "B18",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.presentation_believed"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    struct peer_want want = peer_endpoint(t, "paid_post");
    struct kxc_channel *channel = kxc_opened(t, want);
    const struct kxc_payment *paid = kxc_voucher(t, channel);

    expect_refused(t, kxp_send(t, "with another body", peer_want_body(want, ASSAY_LIT("{\"a\":2}")),
                               &paid->sent));
    expect_charged(t, kxc_send_until_known(t, "with its own", paid), paid);
}

static void another_identifier(struct kxc_draft *d)
{
    d->says.presentation.says.identifier = assay_str(kxp_identifier(d->t));
}

static void no_identifier(struct kxc_draft *d)
{
    d->says.presentation.says.has_identifier = false;
}

static const struct bound identifiers[] = {
    {"another identifier", another_identifier},
    {"no identifier", no_identifier},
};

SCENARIO(presentation_is_for_its_identifier_alone,
         .title = "A presentation signed for another payment identifier than the extension has, or "
                  "for none, buys nothing",
         .threat = "duplicate-retry", .rule = "batch.presentation.binding", .ideas = "B32",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.presentation_identifier"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(identifiers))
{
    const struct bound *row = case_row(t);

    expect_refused_bent(t, row->name, (struct kxc_bend){.present = row->present});
}

static void use_identifier(struct kxc_draft *d)
{
    d->identifier = d->arg;
}

static const struct known {
    const char *name;
    bool of_exact;
} knowns[] = {
    {"of a payment on the channel", false},
    {"of an exact payment", true},
};

static const char *used_identifier(struct assay_case *t, struct kxc_channel *channel,
                                   const struct known *row)
{
    const struct kxp_payment *exact;

    if (!row->of_exact)
        return kxc_buy(t, "the identifier's first use", channel)->sent.identifier;
    exact = kxp_paid(t, channel->offer->want);
    expect_delivered(
        t, kxp_send_until_known(t, "the identifier's first use", exact->offer->want, exact), exact);
    return exact->identifier;
}

SCENARIO(used_identifier_buys_nothing_on_a_channel,
         .title = "A voucher under an identifier that was used, on the channel or for an exact "
                  "payment, is a conflict, is not charged, and is not answered with what that "
                  "bought",
         .threat = "duplicate-retry", .rule = "identifier.conflict", .ideas = "B30 B31",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.identifier.conflict_served"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(knowns))
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const char *used = used_identifier(t, channel, case_row(t));
    const struct kxc_payment *bent =
        kxc_bent(t, channel, NULL, KX_PAYLOAD_VOUCHER,
                 (struct kxc_bend){.terms = use_identifier, .arg = used});

    expect_refused_and_goes_on(t, kxc_send(t, "another voucher under it", bent), bent);
}

/* ---- what is signed ---- */

static void change_nonce(struct kxc_draft *d)
{
    kxp_set_text(d->payment, "payload.presentation.nonce",
                 "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
}

static void change_expiry(struct kxc_draft *d)
{
    kxp_set_text(d->payment, "payload.presentation.expiresAt",
                 kxp_time_text(d->t, case_now_ms(d->t) + 45000));
}

/* The same moment: 2026-11-21T10:00:30.000Z without its thousandths. */
static void spell_expiry(struct kxc_draft *d)
{
    struct assay_bytes text = d->says.presentation.says.expires_at;

    kxp_set_text(d->payment, "payload.presentation.expiresAt",
                 case_printf(d->t, "%.19sZ", (const char *)text.at));
}

static const struct sent {
    const char *name;
    kxc_hook *payload;
} sents[] = {
    {"another nonce", change_nonce},
    {"a later end", change_expiry},
    {"another spelling of its end", spell_expiry},
};

SCENARIO(changed_presentation_is_refused,
         .title = "A presentation whose nonce or end was changed after it was signed is refused",
         .threat = "voucher-regression", .rule = "batch.presentation.digest", .ideas = "B21",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.digest_as_sent"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(sents))
{
    const struct sent *row = case_row(t);

    expect_refused_bent(t, row->name, (struct kxc_bend){.payload = row->payload});
}

static void by_a_stranger(struct kxc_draft *d)
{
    d->signer = kxp_stranger(d->t);
}

static void signed_nothing(struct kxc_draft *d)
{
    const char *zeros = "00000000000000000000000000000000";

    kxp_set_text(d->payment, "payload.presentation.signature",
                 case_printf(d->t, "%s%s%s%s", zeros, zeros, zeros, zeros));
}

static void signed_the_voucher(struct kxc_draft *d)
{
    kxp_set_text(d->payment, "payload.presentation.signature",
                 json_string_value(kxp_get(d->payment, "payload.voucher.signature")));
}

static const struct signing {
    const char *name;
    kxc_hook *present, *payload;
} signings[] = {
    {"signed by somebody else", by_a_stranger, NULL},
    {"not signed", NULL, signed_nothing},
    {"the voucher's signature", NULL, signed_the_voucher},
};

SCENARIO(
    whoever_sees_a_voucher_cannot_spend_it,
    .title = "A voucher of the client, presented with another signature than his, buys nothing",
    .threat = "voucher-regression", .rule = "batch.presentation.signature",
    .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.presentation_unsigned"),
    .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS, TABLE(signings))
{
    const struct signing *row = case_row(t);

    expect_refused_bent(t, row->name,
                        (struct kxc_bend){.present = row->present, .payload = row->payload});
}

/* ---- how long ---- */

enum { LATER_MS = 3600000 };

static void far_ahead(struct kxc_draft *d)
{
    int64_t most_ms = (int64_t)d->offer->batch.terms.max_timeout_s * 1000;

    d->says.presentation.says.expires_at =
        assay_str(kxp_time_text(d->t, case_now_ms(d->t) + most_ms + LATER_MS));
}

static void without_a_zone(struct kxc_draft *d)
{
    struct assay_bytes text = d->says.presentation.says.expires_at;

    d->says.presentation.says.expires_at = assay_bytes_part(text, 0, text.len - 1);
}

/* Its first 19 characters are those up to the seconds. */
static void end_with(struct kxc_draft *d, const char *rest)
{
    struct assay_bytes text = d->says.presentation.says.expires_at;

    d->says.presentation.says.expires_at =
        assay_str(case_printf(d->t, "%.19s%s", (const char *)text.at, rest));
}

static void with_an_offset(struct kxc_draft *d)
{
    end_with(d, "+00:00");
}

static void in_microseconds(struct kxc_draft *d)
{
    end_with(d, ".000000Z");
}

static void impossible_day(struct kxc_draft *d)
{
    d->says.presentation.says.expires_at = ASSAY_LIT("2099-02-30T00:00:00.000Z");
}

static const struct bound ends[] = {
    {"an hour later than the terms allow", far_ahead}, {"no time zone", without_a_zone},
    {"an offset instead of Z", with_an_offset},        {"microseconds", in_microseconds},
    {"a day that does not exist", impossible_day},
};

SCENARIO(presentation_ends_when_the_terms_allow,
         .title = "A presentation that ends later than the terms allow, at no time that exists or "
                  "in another form of time is refused",
         .threat = "exact-terms", .rule = "batch.presentation.expiry", .ideas = "B22 B24",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.expiry_far"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS, TABLE(ends))
{
    const struct bound *row = case_row(t);

    expect_refused_bent(t, row->name, (struct kxc_bend){.present = row->present});
}

static void in_the_past(struct kxc_draft *d)
{
    d->says.presentation.says.expires_at =
        assay_str(kxp_time_text(d->t, case_now_ms(d->t) - LATER_MS));
}

SCENARIO(expired_presentation_is_refused,
         .title = "A presentation that has expired buys nothing, and its voucher is not charged",
         .threat = "exact-terms", .rule = "batch.presentation.live", .ideas = "B23",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.expiry_unchecked"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS)
{
    expect_refused_bent(t, "an hour after its end", (struct kxc_bend){.present = in_the_past});
}

/* ---- for whom ---- */

SCENARIO(payment_of_one_caller_serves_no_other,
         .title = "What one caller pays for on his channel is not served to another who sends the "
                  "same",
         .threat = "store-cache", .rule = "batch.context.caller", .ideas = "B20",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.context_shared"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS | KXP_PRINCIPALS)
{
    const struct target_principal *callers = case_target(t)->principals;
    struct peer_want want = peer_endpoint(t, "private");
    const struct kxp_offer *offer = kxp_given_channel_offer_to(t, want, callers[0].name);
    struct kxc_channel *channel = kxc_funded(t, offer);
    const struct kxc_payment *paid = kxc_deposit(t, channel);

    expect_charged(t, kxc_send_until_known(t, "the first caller opens a channel", paid), paid);
    paid = kxc_voucher(t, channel);
    expect_refused(t, peer_send(t, "the second caller sends the first one's voucher", want,
                                kxp_headers_as(t, callers[1].name, &paid->sent)));
    expect_charged(t, kxc_send_until_known(t, "the first caller sends it", paid), paid);
}
