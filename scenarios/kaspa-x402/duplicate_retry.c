/* Threat duplicate-retry: the payment identifier. The identical retry gets the first answer again
 * and runs nothing; anything else under a known identifier is a conflict. */
#include "peer/kaspa-x402/peer.h"

enum { RETRIES = 50, COPIES = 32 };

SCENARIO(identical_retry_gets_the_first_answer,
         .title = "The identical retry gets status, body and PAYMENT-RESPONSE of the first answer, "
                  "however often",
         .threat = "duplicate-retry", .rule = "identifier.cached", .ideas = "KX-047",
         .catches = DEFECTS("kx.identifier.reruns", "kx.identifier.retry_refused",
                            "kx.cache.receipt_lost"),
         .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *first = kxp_send_until_known(t, "first use", want, paid);

    expect_delivered(t, first, paid);
    for (int i = 0; i < RETRIES; i++)
        expect_cached(t, kxp_send(t, "identical retry", want, paid), first);
}

SCENARIO(identical_copies_end_in_one_answer,
         .title = "Of identical requests at once one runs the handler, and each ends in its answer",
         .threat = "duplicate-retry", .rule = "identifier.cached", .ideas = "KX-048",
         .catches = DEFECTS("kx.identifier.reruns", "kx.identifier.retry_refused"), .races = true,
         .needs = KXP_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *const *answers = kxp_copies(t, "copy", want, paid, COPIES);

    expect_one_run(t, answers, COPIES);
    expect_not_lost(t, want, paid);
    expect_no_second_run(t, kxp_send(t, "once more", want, paid));
}

static void take_identifier(struct kxp_draft *d)
{
    d->identifier = d->arg;
}

static const struct kxp_payment *under_the_same_identifier(struct assay_case *t,
                                                           const struct kxp_offer *offer,
                                                           const struct kxp_payment *paid)
{
    return kxp_bent(t, offer, (struct kxp_bend){.text = take_identifier, .arg = paid->identifier});
}

static const struct other {
    const char *name, *endpoint;
} others[] = {
    {"the same request", "paid_get"},
    {"another request", "paid_get_other"},
};

SCENARIO(known_identifier_with_another_payment_is_a_conflict,
         .title = "A known identifier with another transaction is a conflict, and is not paid for",
         .threat = "duplicate-retry", .rule = "identifier.conflict", .ideas = "KX-049",
         .catches = DEFECTS("kx.unpaid.stored_answer_served"), .needs = KXP_PAY, TABLE(others))
{
    const struct other *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, row->endpoint);
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_delivered(t, kxp_send_until_known(t, "first use", want, paid), paid);
    expect_refused(t, kxp_send(t, "the identifier with other coins", other,
                               under_the_same_identifier(t, given_offer(t, other), paid)));
    expect_submissions(t, 1);
}

SCENARIO(racing_payments_share_no_identifier,
         .title = "Of many payments under one identifier at once one is submitted and served",
         .threat = "store-identifier", .rule = "store.atomic", .ideas = "KX-050",
         .catches = DEFECTS("kx.store.identifier_unreserved"), .races = true,
         .needs = KXP_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *first = kxp_paid(t, want);
    struct peer_shot shots[COPIES / 2];

    shots[0] = (struct peer_shot){.want = want, .with = kxp_headers(first)};
    for (size_t i = 1; i < ARRAY_LEN(shots); i++)
        shots[i] = (struct peer_shot){
            .want = want,
            .with = kxp_headers(under_the_same_identifier(t, given_offer(t, want), first))};
    expect_one_winner(t, "payment", shots, ARRAY_LEN(shots));
    expect_submissions(t, 1);
}

static void later_expiry(struct kxp_draft *d)
{
    d->expires_at = kxp_time_text(d->t, case_now_ms(d->t) + 20000);
}

SCENARIO(new_authorization_is_another_payment,
         .title = "The same identifier, transaction and request with a new authorization is a "
                  "conflict",
         .threat = "duplicate-retry", .rule = "identifier.conflict", .ideas = "KX-051",
         .catches = DEFECTS("kx.identifier.resigned_taken", "kx.identifier.conflict_served"),
         .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want), *again;

    expect_delivered(t, kxp_send_until_known(t, "first use", want, paid), paid);
    again = kxp_reclaimed(t, paid, NULL, (struct kxp_bend){.text = later_expiry});
    expect_conflict(t, kxp_send(t, "authorised again", want, again));
}

/* ---- its form ---- */

struct edit {
    const char *name, *member, *value; /* JSON; NULL: left out */
};

static void edit_extension(struct kxp_draft *d)
{
    const struct edit *row = d->arg;

    kxp_set(d->payment, case_printf(d->t, "extensions.%s", row->member),
            row->value != NULL ? json_loads(row->value, JSON_DECODE_ANY, NULL) : NULL);
}

static void refuse_edited(struct assay_case *t)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct kxp_bend bend = {.payload = edit_extension, .arg = case_row(t)};

    expect_refused(t,
                   kxp_send(t, "edited extension", want, kxp_bent(t, given_offer(t, want), bend)));
}

static const struct edit missing[] = {
    {"no extension", "payment-identifier", NULL},
    {"no info", "payment-identifier.info", NULL},
    {"no id", "payment-identifier.info.id", NULL},
    {"id is null", "payment-identifier.info.id", "null"},
};

SCENARIO(missing_identifier_is_refused,
         .title = "A payment without an identifier is refused, since one is required",
         .threat = "duplicate-retry", .rule = "exact.identifier.present", .ideas = "KX-052",
         .catches = DEFECTS("kx.identifier.unenforced"), .needs = KXP_PAY, TABLE(missing))
{
    refuse_edited(t);
}

static void take_row_identifier(struct kxp_draft *d)
{
    d->identifier = ((const struct edit *)d->arg)->value;
}

static const struct edit forms[] = {
    {"15 characters", NULL, "abcdefghijklmno"},
    {"a space", NULL, "abcdefgh ijklmnop"},
    {"a path", NULL, "../../../../../../etc"},
    {"letters with marks", NULL, "identifi\xC3\xA9r-of-mine"},
    {"a line end", NULL, "abcdefghij\r\nX-Paid: 1"},
    {"a dot", NULL, "abcdefgh.ijklmnop"},
    {"129 characters", NULL,
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
};

SCENARIO(malformed_identifier_is_refused,
         .title = "An identifier that is not 16 to 128 letters, digits, _ and - is refused",
         .threat = "duplicate-retry", .rule = "exact.identifier.echo", .ideas = "KX-053",
         .catches = DEFECTS("kx.identifier.any_form"), .needs = KXP_PAY, TABLE(forms))
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct kxp_bend bend = {.text = take_row_identifier, .arg = case_row(t)};

    expect_refused(
        t, kxp_send(t, "malformed identifier", want, kxp_bent(t, given_offer(t, want), bend)));
}

static const struct edit echoes[] = {
    {"required left out", "payment-identifier.info.required", NULL},
    {"required is false", "payment-identifier.info.required", "false"},
    {"another schema", "payment-identifier.schema", "{\"type\":\"object\"}"},
    {"no schema", "payment-identifier.schema", NULL},
};

SCENARIO(stripped_echo_is_refused,
         .title = "An identifier extension that is not echoed as advertised is refused",
         .threat = "duplicate-retry", .rule = "exact.identifier.echo", .ideas = "KX-054",
         .catches = DEFECTS("kx.identifier.echo_unchecked"), .needs = KXP_PAY, TABLE(echoes))
{
    refuse_edited(t);
}

SCENARIO(forgotten_answer_is_not_paid_work_again,
         .title = "Once the stored answer is forgotten the identical retry is refused, and runs "
                  "nothing",
         .threat = "store-cache", .rule = "store.retention", .ideas = "KX-058",
         .catches = DEFECTS("kx.cache.compacted_reruns"), .variant = "forgetful",
         .needs = KXP_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *again;

    expect_delivered(t, kxp_send_until_known(t, "first use", want, paid), paid);
    peer_pause(t, 20);
    (void)kxp_send(t, "anything, after its retention", want, NULL);
    again = kxp_send(t, "the identical retry", want, paid);
    expect_conflict(t, again);
}
