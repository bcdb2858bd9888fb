/* Threat payer-drain, by putting off: answers that ask for patience, and connections that end.
 * Retries are few, spaced, and of the very same payment. */
#include "peer/kaspa-x402/client.h"

#include <inttypes.h>

enum { MANY = 40, SPACED_MS = 120 };

/* ---- the same again ---- */

static const struct delay {
    const char *name;
    int status; /* 0: the connection ends */
    const char *after;
} delays[] = {
    {"409", 409, NULL},
    {"429", 429, NULL},
    {"503", 503, NULL},
    {"504", 504, NULL},
    {"500", 500, NULL},
    {"503, at once", 503, "0"},
    {"503, before now", 503, "-5"},
    {"503, in words", 503, "soon"},
    {"503, twice", 503, "1, 2"},
    {"503, for a day", 503, "86400"},
    {"503, for longer than there is time", 503, "99999999999999999999"},
    {"503, until a date", 503, "Fri, 31 Dec 9999 23:59:59 GMT"},
    {"no answer", 0, NULL},
};

static struct kaspa_shop_answer put_off(const struct delay *row)
{
    struct kaspa_shop_answer answer = {.status = row->status,
                                       .times = 2,
                                       .payment = KASPA_SHOP_LEAVES,
                                       .end =
                                           row->status == 0 ? KASPA_SHOP_CUTS : KASPA_SHOP_WHOLE};

    if (row->after != NULL)
        answer.fields[0] = (struct kaspa_shop_field){"Retry-After", row->after};
    return answer;
}

SCENARIO(
    client_retries_the_same_payment, OF_A_CLIENT,
    .title = "A payment that is put off is sent again as it was, or not at all, and the wait is "
             "the client's to limit",
    .threat = "payer-drain", .rule = "client.retry", .ideas = "CL-18 CL-19",
    .catches = DEFECTS("client.retry.signed_anew", "client.retry.waits_for_ever"), TABLE(delays))
{
    const struct delay *row = case_row(t);

    kxp_shop_behaves(
        t, (struct kaspa_shop_behaviour){.paid = {put_off(row), {.status = 0}}, .paid_count = 2});
    expect_bought_or_pending(t, kxp_client_buys(t));
    expect_one_payment(t);
}

/* ---- an end ---- */

static const struct patience {
    const char *name;
    bool of_paid;
} patiences[] = {{"before payment", false}, {"of the payment", true}};

SCENARIO(client_gives_up_in_the_end, OF_A_CLIENT,
         .title = "A shop that puts a client off for ever is left alone after a few retries",
         .threat = "payer-drain", .rule = "client.retry", .ideas = "CL-19",
         .catches = DEFECTS("client.retry.unbounded"), TABLE(patiences))
{
    const struct patience *row = case_row(t);
    const struct kaspa_shop_answer busy = {.status = 503,
                                           .times = MANY,
                                           .payment = KASPA_SHOP_LEAVES},
                                   over = {.status = 500, .payment = KASPA_SHOP_LEAVES};
    const struct kaspa_shop_behaviour behaviour = {.unpaid = {busy, over},
                                                   .unpaid_count = row->of_paid ? 0 : 2,
                                                   .paid = {busy, over},
                                                   .paid_count = 2};
    const struct kxp_run *run;

    kxp_shop_behaves(t, behaviour);
    run = kxp_client_runs(t, (struct kxp_buys){.policy = {.retry_ms = 1}});
    expect(t, kxp_counts(t).requests <= MANY, "an end after a few requests", "%" PRIu64 " requests",
           kxp_counts(t).requests);
    if (row->of_paid)
        expect_pending(t, run);
    else
        expect_client_refused(t, run, KXP_ASKS_NOTHING);
}

/* ---- space between them ---- */

/* The shortest time between two requests with a payment; INT64_MAX: there were not two. */
static int64_t shortest_gap_ms(struct assay_case *t)
{
    struct kaspa_shop_call before, call;
    int64_t shortest = INT64_MAX;

    for (uint64_t i = 2; kxp_shown(t, i - 1, &before) && kxp_shown(t, i, &call); i++)
        if ((call.at_ns - before.at_ns) / 1000000 < shortest)
            shortest = (call.at_ns - before.at_ns) / 1000000;
    return shortest;
}

SCENARIO(client_spaces_its_retries, OF_A_CLIENT,
         .title = "Between two retries lies the time that Retry-After names, or what the policy "
                  "allows of it",
         .threat = "payer-drain", .rule = "client.retry", .ideas = "CL-19",
         .catches = DEFECTS("client.retry.at_once"))
{
    const struct delay later = {.status = 503, .after = "1"};

    kxp_shop_behaves(t, (struct kaspa_shop_behaviour){.paid = {put_off(&later), {.status = 0}},
                                                      .paid_count = 2});
    expect_bought_or_pending(
        t, kxp_client_runs(t, (struct kxp_buys){.policy = {.retry_ms = SPACED_MS}}));
    expect(t, shortest_gap_ms(t) >= SPACED_MS, "at least the time that the policy allows",
           "%" PRId64 " ms", shortest_gap_ms(t));
}
