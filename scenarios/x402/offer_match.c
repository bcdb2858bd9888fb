/* Threat exact-offer-match: terms that were never offered. Each payment is honest but for what it
 * says that it accepts: refused before the facilitator is asked; and what that is asked is the
 * server's own offer. */
#include "peer/x402/peer.h"

static const char *amount_of(struct assay_case *t, const struct x4p_offer *offer)
{
    struct assay_bytes amount = offer->terms->amount;

    return case_printf(t, "%.*s", (int)amount.len, (const char *)amount.at);
}

/* Pays honestly, and accepts these terms instead. */
static void refuse_changed(struct assay_case *t, const char *label, const char *path,
                           const char *json)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *changed = x4p_with(t, x4p_paid(t, want), path, json);
    struct x4p_calls before = x4p_calls(t);

    expect_refused_unasked(t, x4p_send(t, label, want, changed), before);
}

/* ---- amounts ---- */

static const struct spelling {
    const char *name, *before, *behind; /* JSON around the digits of the amount */
} spellings[] = {
    {"ten times as much", "\"", "0\""},
    {"a zero in front", "\"0", "\""},
    {"a sign", "\"+", "\""},
    {"less than nothing", "\"-", "\""},
    {"an exponent", "\"", "e0\""},
    {"a fraction", "\"", ".0\""},
    {"a number", "", ""},
    {"a space in front", "\" ", "\""},
    {"a space behind", "\"", " \""},
    {"a line end behind", "\"", "\\n\""},
    {"hexadecimal", "\"0x", "\""},
    {"separators", "\"", ",000\""},
    {"in a list", "[\"", "\"]"},
};

SCENARIO(other_spellings_of_the_amount_are_refused,
         .title = "A payment that accepts the amount in another spelling, or a higher one, is "
                  "refused before the facilitator is asked",
         .threat = "exact-offer-match", .rule = "offer.match", .ideas = "X-13",
         .catches = DEFECTS("x402.offer.unmatched", "facilitator.requirements_of_client"),
         .needs = X4P_PAY, TABLE(spellings))
{
    const struct spelling *row = case_row(t);
    const char *amount = amount_of(t, x4p_given_offer(t, peer_endpoint(t, "paid_get")));

    refuse_changed(t, row->name, "accepted.amount",
                   case_printf(t, "%s%s%s", row->before, amount, row->behind));
}

static void sign_what_is_said(struct x4p_draft *d, const void *arg)
{
    d->value = arg;
}

static const struct amount {
    const char *name, *amount;
} amounts[] = {{"the smallest there is", "1"}, {"nothing", "0"}};

SCENARIO(lower_amount_is_refused,
         .title = "A payment that accepts a lower amount, and authorises just that, is refused "
                  "before the facilitator is asked",
         .threat = "exact-offer-match", .rule = "offer.match", .ideas = "X-13",
         .catches = DEFECTS("x402.offer.unmatched", "facilitator.requirements_of_client"),
         .needs = X4P_PAY, TABLE(amounts))
{
    const struct amount *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct x4p_bend bend = {.sign = sign_what_is_said, .arg = row->amount};
    const struct x4p_payment *less = x4p_bent(t, x4p_given_offer(t, want), bend);
    struct x4p_calls before = x4p_calls(t);

    less = x4p_with_word(t, less, "accepted.amount", row->amount);
    expect_refused_unasked(t, x4p_send(t, row->name, want, less), before);
}

/* ---- who, what, where, how ---- */

static const struct change {
    const char *name, *path, *json; /* NULL: left out */
} changes[] = {
    {"another recipient", "accepted.payTo", "\"0x0000000000000000000000000000000000000001\""},
    {"another asset", "accepted.asset", "\"0x0000000000000000000000000000000000000001\""},
    {"another network", "accepted.network", "\"eip155:424242\""},
    {"another scheme", "accepted.scheme", "\"upto\""},
    {"no recipient", "accepted.payTo", NULL},
    {"no asset", "accepted.asset", NULL},
    {"no network", "accepted.network", NULL},
    {"no scheme", "accepted.scheme", NULL},
    {"no amount", "accepted.amount", NULL},
    {"no terms", "accepted", "{}"},
    {"all offers at once", "accepted", "[]"},
};

SCENARIO(swapped_terms_are_refused,
         .title = "A payment that accepts another recipient, asset, network or scheme than was "
                  "offered is refused before the facilitator is asked",
         .threat = "exact-offer-match", .rule = "offer.match", .ideas = "X-14",
         .catches = DEFECTS("x402.offer.unmatched", "facilitator.requirements_of_client"),
         .needs = X4P_PAY, TABLE(changes))
{
    const struct change *row = case_row(t);

    refuse_changed(t, row->name, row->path, row->json);
}

static const struct change times[] = {
    {"a day", "accepted.maxTimeoutSeconds", "86400"},
    {"for ever", "accepted.maxTimeoutSeconds", "9007199254740991"},
};

SCENARIO(longer_time_is_refused,
         .title = "A payment that accepts a longer time than was offered is refused before the "
                  "facilitator is asked",
         .threat = "exact-offer-match", .rule = "offer.match", .ideas = "X-15",
         .catches = DEFECTS("x402.offer.unmatched", "facilitator.requirements_of_client"),
         .needs = X4P_PAY, TABLE(times))
{
    const struct change *row = case_row(t);

    refuse_changed(t, row->name, row->path, row->json);
}

/* ---- extra ---- */

/* The path of a member that the offer has in its extra. */
static const char *extra_path(struct assay_case *t, const struct x4p_offer *offer)
{
    void *first = json_object_iter(json_object_get(offer->accepted, "extra"));

    if (first == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "the offer has nothing in its extra");
    return case_printf(t, "accepted.extra.%s", json_object_iter_key(first));
}

static const struct extra {
    const char *name, *json;
    bool is_whole; /* all of extra, not one of its members */
} extras[] = {
    {"a member removed", NULL, false},
    {"a member changed", "\"assay\"", false},
    {"all of it removed", NULL, true},
    {"all of it changed", "[]", true},
};

SCENARIO(changed_extra_is_refused,
         .title = "A payment that removes or changes what the offer has in extra is refused before "
                  "the facilitator is asked",
         .threat = "exact-offer-match", .rule = "offer.match", .ideas = "X-16",
         .catches = DEFECTS("x402.offer.unmatched", "facilitator.requirements_of_client"),
         .needs = X4P_PAY, TABLE(extras))
{
    const struct extra *row = case_row(t);
    const char *path = extra_path(t, x4p_given_offer(t, peer_endpoint(t, "paid_get")));

    refuse_changed(t, row->name, row->is_whole ? "accepted.extra" : path, row->json);
}

SCENARIO(facilitator_is_asked_with_the_own_offer,
         .title = "The facilitator is asked with the server's own offer, and never with what a "
                  "payer has added to it",
         .threat = "facilitator-widening", .rule = "facilitator.requirements", .ideas = "X-16 X-18",
         .catches = DEFECTS("facilitator.requirements_of_client"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want), *more;
    const struct peer_answer *answer;

    expect_delivered(t, x4p_send_until_known(t, "as it was offered", want, paid), paid);
    expect_own_terms(t, paid->offer);
    more = x4p_with(t, x4p_given_payment(t, paid->offer), "accepted.extra.assay", "\"more\"");
    answer = x4p_send(t, "with one more member of extra", want, more);
    case_observe(t, "one more member of extra", "it is answered with %d", peer_status(answer));
    if (!x4p_is_served(answer))
        expect_not_served(t, answer);
    expect_own_terms(t, paid->offer);
}

SCENARIO(payload_for_another_offer_is_refused,
         .title = "A payment that accepts one offer with the payload for another is refused by "
                  "who verifies it, who is asked about the accepted one",
         .threat = "facilitator-trust", .rule = "facilitator.verified", .ideas = "X-17",
         .catches = DEFECTS("facilitator.verify_skipped"), .needs = X4P_PAY | X4P_TWO)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_offer *offer = x4p_given_offer(t, want), *other = x4p_other_offer(t, offer);
    const struct x4p_payment *paid = x4p_given_payment(t, offer);
    const struct x4p_payment *mixed = x4p_reused(t, other, paid);

    if (strcmp(paid->payload.plugin, "opaque") == 0)
        case_end(t, VERDICT_UNSUPPORTED, "nobody can tell for what an opaque payload was made");
    expect_refused(t, x4p_send(t, "the payload for another offer", want, mixed));
    expect_own_terms(t, other);
    expect_delivered(t, x4p_send_until_known(t, "for its own offer", want, paid), paid);
}
