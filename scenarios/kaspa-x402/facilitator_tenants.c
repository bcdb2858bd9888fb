/* Threat facilitator-service: who may have payments settled, and who is told of them. */
#include "peer/kaspa-x402/facilitate.h"

enum { MANY = 48 };

/* ---- nobody ---- */

/* The first tenant's headers, its last one cut to `keeps` characters, or `more` behind it. */
static struct peer_with bent_token(struct assay_case *t, size_t cut, const char *more)
{
    struct peer_with with = kxp_headers_as(t, kxp_tenant(t, 0), NULL);
    size_t last = 0;

    for (size_t i = 0; i < ARRAY_LEN(with.fields); i++)
        last = with.fields[i].value != NULL ? i : last;
    with.fields[last].value = case_printf(t, "%.*s%s", (int)(strlen(with.fields[last].value) - cut),
                                          with.fields[last].value, more);
    return with;
}

static const struct nobody {
    const char *name;
    bool has_token;
    size_t cut;
    const char *more;
} nobodies[] = {
    {"without a token", false, 0, ""},
    {"with the front of a token", true, 1, ""},
    {"with the most of a token", true, 8, ""},
    {"with a token and more", true, 0, "0"},
    {"with another token of its length", true, 1, "!"},
};

SCENARIO(facilitator_serves_nobody_without_a_token, OF_ITS_TENANTS,
         .title = "Who has no tenant's token has nothing settled, whatever the body says of him",
         .threat = "facilitator-service", .rule = "facilitator.authentication", .ideas = "KX-167",
         .catches = DEFECTS("fac.auth.none", "fac.auth.prefix"), TABLE(nobodies))
{
    const struct nobody *row = case_row(t);
    json_t *body = kxp_request(t, kxp_owed(t));
    struct peer_with with = {0};

    kxp_set_text(body, "trustedSecurityContext", kxp_tenant(t, 0));
    kxp_set_text(body, "tenant", kxp_tenant(t, 0));
    if (row->has_token)
        with = bent_token(t, row->cut, row->more);
    expect_refused(t, peer_send(t, row->name, kxp_call_want(t, KXP_SETTLE, body), with));
}

/* ---- another tenant ---- */

static void expect_told_nothing(struct assay_case *t, const struct peer_answer *answer,
                                const struct kxp_payment *paid)
{
    expect_negative(t, answer);
    expect(t, strcmp(kxp_said_text(t, answer, "transaction"), paid->transaction_id) != 0,
           "nothing of what another tenant has settled", "its transaction");
}

SCENARIO(facilitator_tells_a_tenant_nothing_of_anothers, OF_ITS_TENANTS,
         .title = "What one tenant has settled is neither told to another nor settled again for it",
         .threat = "facilitator-service", .rule = "facilitator.tenant",
         .catches = DEFECTS("fac.tenant.shared"))
{
    const char *own = kxp_tenant(t, 0), *other = kxp_tenant(t, 1);
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);
    const struct peer_answer *first = kxp_settle_until_known(t, "its tenant", body, own);

    expect_settled(t, first, paid);
    expect_told_nothing(t, kxp_call(t, "another settles", KXP_SETTLE, body, other), paid);
    expect_negative(t, kxp_call(t, "another verifies", KXP_VERIFY, body, other));
    expect_settled(t, kxp_call(t, "its tenant again", KXP_SETTLE, body, own), paid);
    expect_handed_over(t, 1);
}

static void same_identifier(struct kxp_draft *d)
{
    d->identifier = d->arg;
}

/* What payers call their payments is nobody's property. */
SCENARIO(facilitator_keeps_identifiers_of_tenants_apart, OF_ITS_TENANTS,
         .title = "An identifier that one tenant's payer has used is free for another tenant's",
         .threat = "facilitator-service", .rule = "facilitator.tenant",
         .catches = DEFECTS("fac.tenant.shared"))
{
    const struct kxp_offer *offer = kxp_own_offer(t, (struct kxp_sale){.is_mainnet = false});
    const struct kxp_payment *one = kxp_given_payment(t, offer);
    const struct kxp_payment *two =
        kxp_bent(t, offer, (struct kxp_bend){.text = same_identifier, .arg = one->identifier});
    const struct peer_answer *answer;

    answer = kxp_settle_until_known(t, "one tenant", kxp_request(t, one), kxp_tenant(t, 0));
    expect_settled(t, answer, one);
    answer = kxp_settle_until_known(t, "the other", kxp_request(t, two), kxp_tenant(t, 1));
    expect_settled(t, answer, two);
}

/* ---- too often ---- */

SCENARIO(facilitator_keeps_the_quota_of_a_tenant, OF_ITS_TENANTS | NEED_DISRUPT,
         .title = "A tenant above its quota is told when to come again, and another is served",
         .threat = "facilitator-service", .rule = "facilitator.limits",
         .catches = DEFECTS("kx.limits.none", "fac.limits.shared"), .variant = "quota",
         .uses_up = true)
{
    const struct kxp_payment *paid = kxp_owed(t);
    json_t *body = kxp_request(t, paid);
    struct peer_want want = kxp_call_want(t, KXP_VERIFY, body);
    struct peer_with with = kxp_headers_as(t, kxp_tenant(t, 0), NULL);
    struct peer_series *series = peer_series(t);
    const struct peer_answer *answer = NULL;
    int refused = 0, told = 0;

    for (int i = 0; i < MANY; i++) {
        answer = peer_series_send(t, series, want, with);
        refused += peer_status(answer) == 429;
        told += peer_status(answer) == 429 && peer_header(answer, "Retry-After").len > 0;
    }
    expect(t, refused > 0 && told == refused, "429 with Retry-After above the quota",
           "%d requests, %d of them refused, %d with Retry-After", MANY, refused, told);
    expect_settled(t, kxp_settle_until_known(t, "another tenant", body, kxp_tenant(t, 1)), paid);
}
