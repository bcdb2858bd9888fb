/* Batch requests as they are right: every check holds, at the edges too. */
#include "ref/tests/kx_batch_rows.h"

#define OTHER "extra.note=1"

static void judge_reserve_just(struct kx_batch_world *w)
{
    w->channel.accounts.funding = 10000000;
}

static void sign_just_far(struct kx_batch_world *w)
{
    w->expires_at = "2026-09-09T02:01:00.000Z";
}

static void expect_valid(struct kx_batch_world *w, const char *name)
{
    cr_assert_eq(w->local, KX_LOCAL_NONE, "%s: %s", name, w->err.text);
    for (int i = 0; i < KX_BATCH_RULE__COUNT; i++)
        cr_expect_eq(w->verdict.checks[i].result, KASPA_CHECK_HELD, "%s: %s: %s", name,
                     kx_batch_rules[i].id, w->verdict.checks[i].why);
    cr_expect_eq(w->verdict.outcome, KASPA_VALID, "%s", name);
}

static void judge_before_lead(struct kx_batch_world *w)
{
    w->sight.daa_score = 123456789 - 1001;
}

static void judge_at_horizon(struct kx_batch_world *w)
{
    w->with.policy.horizon_daa = 23456789;
}

static void judge_in_flight(struct kx_batch_world *w)
{
    w->channel.accounts.authorized = 25000000;
}

static void sign_unasked(struct kx_batch_world *w)
{
    kx_world_edit(w->extensions, "payment-identifier.info.required", "false");
    w->identifier = NULL;
}

static void judge_without_extension(struct kx_batch_world *w)
{
    w->offer.extensions = ASSAY_JSON_NONE;
}

Test(kx_batch_verify, takes_every_honest_request)
{
    static const struct {
        const char *name;
        enum kx_batch_story story;
        struct kx_batch_change change;
    } rows[] = {
        {"a voucher", V, {.sign = NULL}},
        {"a deposit", O, {.sign = NULL}},
        {"the same deposit", S, {.sign = NULL}},
        {"a top-up", T, {.sign = NULL}},
        {"an expiry just allowed (B24)", V, {.sign = sign_just_far}},
        {"a reserve that just fits (B14)", V, {.judge = judge_reserve_just}},
        {"the last score before the lead (B89)", V, {.judge = judge_before_lead}},
        {"the last score of the horizon", V, {.judge = judge_at_horizon}},
        {"a retry while it is in flight", V, {.judge = judge_in_flight}},
        {"hex in capitals (B110)",
         V,
         {.sent_edit = "accepted.extra.serverPublicKey="
                       "\"56B328B30C8BF5839E24058747879408BDB36241DC9C2E7C619FAA12B2920967\""}},
        {"no identifier where none is required", V, {.sign = sign_unasked}},
        {"an unknown member that was offered", V, {.offer_edit = OTHER}},
        {"an unknown member of the payload", V, {.sent_edit = "payload.note=1"}},
        {"a label", V, {.sent_edit = "payload.payerAddress=\"me\""}},
        {"an identifier that nobody asked for", V, {.judge = judge_without_extension}},
        {"a funding transaction, of whatever bytes",
         O,
         {.sent_edit = "payload.fundingTransaction=\"00\""}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_batch_world *w = kx_batch_world_new(rows[i].story);

        kx_batch_world_run(w, &rows[i].change);
        expect_valid(w, rows[i].name);
        kx_batch_world_free(w);
    }
}
