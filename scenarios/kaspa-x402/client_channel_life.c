/* Threats payer-drain and fee-and-relay over the life of a channel: killed while it is opened or
 * charged, a genesis that is not deep, and the refund at its end. */
#include "peer/kaspa-x402/client_channel.h"

#include <inttypes.h>

static const struct kxp_channel_limits usual = {.charge = 0};

static struct kxp_buys goods(struct assay_case *t, struct kxp_channel_limits limits)
{
    return (struct kxp_buys){.url = kxp_shop_url(t, KXP_GOODS),
                             .policy = kxp_channel_policy(t, limits)};
}

/* ---- kills ---- */

/* The call that the wallet carries out and does not answer while the client is killed. */
static const struct kill {
    const char *name;
} kills[] = {
    {"authorizeBatchPayment"},    {"createChannelKey"}, {"prepareEscrowDeposit"},
    {"finalizeEscrowTransition"}, {"signBatchPayment"},
};

enum { LOOK_MS = 20, LOOKS_MAX = 1000, RUNS_MAX = 15 };

/* Whether a run gets so far; it ends earlier where its deposit is not deep enough yet. */
static bool asks_for(struct assay_case *t, const struct kxp_run *run, const char *call,
                     uint64_t count)
{
    bool is_asked = false;

    for (int i = 0; i < LOOKS_MAX && !is_asked && !client_run_await(run->run, 0); i++)
        is_asked = kaspa_wallet_await(kxp_wallet(t), call, count, LOOK_MS);
    return is_asked;
}

static void dies_during(struct assay_case *t, const char *call)
{
    bool is_asked = false;

    kxp_wallet_behaves(
        t, (struct kaspa_wallet_behaviour){.fault = KASPA_WALLET_SILENT, .fault_call = call});
    for (int i = 0; i < RUNS_MAX && !is_asked; i++) {
        uint64_t before = kaspa_wallet_count(kxp_wallet(t), call);
        struct kxp_run *run = kxp_client_starts(t, goods(t, usual));

        is_asked = asks_for(t, run, call, before + 1);
        client_run_kill(run->run);
        if (!is_asked)
            kxp_mine(t, 1);
    }
    if (!is_asked)
        case_end(t, VERDICT_BROKEN, "the wallet was not asked for %s", call);
    kxp_wallet_is_sound(t);
}

/* A run that finds the deposit not deep enough yet is followed by another, a block later. */
static bool is_served_in_the_end(struct assay_case *t, struct kxp_buys buys)
{
    bool is_served = kxp_client_runs(t, buys)->has_bought;

    for (int i = 1; i < RUNS_MAX && !is_served; i++) {
        kxp_mine(t, 1);
        is_served = kxp_client_runs(t, buys)->has_bought;
    }
    return is_served;
}

SCENARIO(client_that_is_killed_opens_one_channel, .side = SIDE_CLIENT,
         .title = "A client that is killed while it opens a channel or charges it goes on, when it "
                  "is run again, with one channel and one payment",
         .threat = "payer-drain", .rule = "client.artifact.persisted", .ideas = "CL-21",
         .needs = KXP_PAY | KXP_WALLET | KXP_CHANNELS, .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.unsaved"), TABLE(kills))
{
    const struct kill *row = case_row(t);

    kxp_channel_shop_is_honest(t);
    dies_during(t, row->name);
    expect(t, is_served_in_the_end(t, goods(t, usual)), "to be served when run again",
           "another exit status than 0");
    expect(t,
           kxp_counts(t).signatures == 1 && kxp_counts(t).events == 1 && kxp_payments_shown(t) == 1,
           "one deposit and one payment",
           "%" PRIu64 " transactions signed, %" PRIu64 " submitted, %zu payments shown",
           kxp_counts(t).signatures, kxp_counts(t).events, kxp_payments_shown(t));
}

/* Until the shop, which does not answer, has its payment. */
static bool shows_a_payment(struct assay_case *t, const struct kxp_run *run)
{
    for (int i = 0; i < LOOKS_MAX && kxp_during(t, run).paid == 0; i++)
        if (client_run_await(run->run, LOOK_MS))
            break;
    return kxp_during(t, run).paid > 0;
}

SCENARIO(client_saves_a_voucher_before_it_is_presented, OF_A_CHANNEL_CLIENT,
         .title = "A client that is killed while its voucher is with the server presents the same "
                  "voucher when it is run again",
         .threat = "payer-drain", .rule = "client.artifact.persisted", .ideas = "CL-21",
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.saved_late", "client.attempt.unsaved"))
{
    const struct kxp_buys buys = {.url = kxp_shop_url(t, "/second"),
                                  .policy = kxp_channel_policy(t, usual)};
    const struct kxp_run *run;

    kxp_given_channel(t);
    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){
               .paid = {{.payment = KASPA_SHOP_LEAVES, .end = KASPA_SHOP_HOLDS}}, .paid_count = 1});
    run = kxp_client_starts(t, buys);
    if (!shows_a_payment(t, run))
        case_end(t, VERDICT_BROKEN, "no voucher was presented");
    client_run_kill(run->run);
    kxp_shop_sells_by_channel(t, (struct kaspa_shop_behaviour){.unpaid_count = 0});
    expect(t, is_served_in_the_end(t, buys), "to be served when run again",
           "another exit status than 0");
    expect(t, kxp_during(t, run).vouchers == 1, "one voucher", "%" PRIu64 " were signed",
           kxp_during(t, run).vouchers);
}

enum { DEEP = 10 };

SCENARIO(client_waits_for_its_channel, OF_A_CHANNEL_CLIENT,
         .title = "Nothing is signed on a channel whose genesis is not as deep as the policy asks, "
                  "and the genesis is not made again",
         .threat = "payer-drain", .rule = "client.channel.node", .ideas = "CL-21",
         .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.shallow_genesis", "client.channel.unsaved",
                            "client.channel.opened_again"))
{
    const struct kxp_channel_limits deep = {.confirmations = DEEP};
    const struct kxp_run *run;

    kxp_channel_shop_is_honest(t);
    for (int i = 0; i < 3; i++) {
        run = kxp_client_runs(t, goods(t, deep));
        expect(t, run->has_ended && !run->has_bought && kxp_counts(t).vouchers == 0,
               "no voucher yet", "%" PRIu64, kxp_counts(t).vouchers);
        kxp_mine(t, 1);
    }
    kxp_mine(t, DEEP);
    expect(t, is_served_in_the_end(t, goods(t, deep)), "to be served at last",
           "another exit status than 0");
    expect(t, kxp_counts(t).signatures == 1 && kxp_counts(t).events == 1, "one genesis",
           "%" PRIu64 " transactions signed, %" PRIu64 " submitted", kxp_counts(t).signatures,
           kxp_counts(t).events);
}

/* ---- claims and top-ups ---- */

static void claim(struct assay_case *t)
{
    if (!kaspa_shop_claims(kxp_shop(t)))
        case_end(t, VERDICT_BROKEN, "the shop's claim is not taken");
}

SCENARIO(client_follows_the_claims_of_its_channel, OF_A_CHANNEL_CLIENT,
         .title = "A client whose channel was claimed from goes on with what the claim has left, "
                  "without a transaction",
         .threat = "payer-drain", .rule = "client.channel.head", .rests_on = CLIENT_CHARGES,
         .catches = DEFECTS("client.channel.head_stale"))
{
    kxp_given_channel(t);
    claim(t);
    expect_charged(t, kxp_client_charges(t, "/second", usual), 0);
}

SCENARIO(client_counts_no_claim_as_a_charge, OF_A_CHANNEL_CLIENT,
         .title = "A client whose channel was claimed from beyond what its receipts have counted "
                  "signs nothing upon that, whatever the server tells",
         .threat = "payer-drain", .rule = "client.channel.head", .ideas = "CL-26",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.claims_counted"))
{
    kxp_given_channel(t);
    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){.paid = {{.end = KASPA_SHOP_CUTS}}, .paid_count = 1});
    expect_unresolved(t, kxp_client_charges(t, "/second", usual));
    claim(t);
    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){.paid = {{.status = 402, .payment = KASPA_SHOP_LEAVES}},
                                         .paid_count = 1});
    expect_unresolved(t, kxp_client_charges(t, "/second", usual));
}

SCENARIO(client_asks_for_one_top_up, OF_A_CHANNEL_CLIENT,
         .title = "A channel without the funding for a purchase is charged nothing while its "
                  "top-up waits for the server, and one top-up is signed",
         .threat = "payer-drain", .rule = "client.channel.top-up", .ideas = "CL-12",
         .rests_on = CLIENT_CHARGES, .catches = DEFECTS("client.channel.top_up_again"))
{
    const struct kxp_run *run;
    uint64_t signatures, vouchers;

    kxp_given_channel(t);
    expect_charged(t, kxp_client_charges(t, "/second", usual), 0);
    claim(t);
    signatures = kxp_counts(t).signatures;
    vouchers = kxp_counts(t).vouchers;
    for (int i = 0; i < 2; i++) {
        run = kxp_client_charges(t, "/third", usual);
        expect(t, run->has_ended && !run->has_bought, "no purchase yet", "one");
    }
    expect(t, kxp_counts(t).signatures - signatures <= 1 && kxp_counts(t).vouchers == vouchers,
           "one top-up at most, and no voucher", "%" PRIu64 " and %" PRIu64,
           kxp_counts(t).signatures - signatures, kxp_counts(t).vouchers - vouchers);
}

/* ---- refunds ---- */

enum { SOON_DAA = 1500 };

/* A channel whose refund is soon; the DAA score that it names. */
static uint64_t given_short_channel(struct assay_case *t)
{
    uint64_t timeout = kxp_daa_score(t) + SOON_DAA;
    const struct kxp_run *run;

    kxp_shop_sells_by_channel(
        t, (struct kaspa_shop_behaviour){.edit = kxp_offer_refund_daa,
                                         .arg = case_printf(t, "%" PRIu64, timeout)});
    run = kxp_client_charges(t, KXP_GOODS, usual);
    if (!run->has_bought)
        case_end(t, VERDICT_BROKEN, "the client opens no channel");
    return timeout;
}

#define OF_A_REFUND                                                                                \
    .side = SIDE_CLIENT, .needs = KXP_PAY | KXP_WALLET | KXP_CHANNELS | KXP_REFUND,                \
    .rests_on = CLIENT_CHARGES

SCENARIO(client_refunds_no_channel_early, OF_A_REFUND,
         .title = "No refund is signed up to the channel's timeout, and one above it",
         .threat = "payer-drain", .rule = "client.channel.early", .ideas = "CL-27",
         .catches = DEFECTS("client.channel.refund_early"))
{
    uint64_t timeout = given_short_channel(t), signatures = kxp_counts(t).signatures;

    kxp_mine_to(t, timeout);
    expect(t, !kxp_client_refunds(t) && kxp_counts(t).signatures == signatures,
           "no refund at the timeout itself", "one was signed, or said to be done");
    kxp_mine_to(t, timeout + 1);
    for (int i = 0; i < DEEP && !kxp_client_refunds(t); i++)
        kxp_mine(t, DEEP);
    expect(t, kxp_counts(t).signatures == signatures + 1, "one refund above it",
           "%" PRIu64 " were signed", kxp_counts(t).signatures - signatures);
}

SCENARIO(client_refunds_a_channel_once, OF_A_REFUND,
         .title = "A refund that is not confirmed yet is looked for by later runs, and not made "
                  "again",
         .threat = "fee-and-relay", .rule = "client.channel.early", .ideas = "CL-27",
         .catches = DEFECTS("client.channel.refund_again"))
{
    uint64_t timeout = given_short_channel(t), signatures = kxp_counts(t).signatures;
    size_t submitted;

    kxp_mine_to(t, timeout + 1);
    submitted = kxp_submitted_ids(t);
    kxp_mining(t, false);
    for (int i = 0; i < 3; i++)
        expect(t, !kxp_client_refunds(t), "no end before it is confirmed", "one");
    kxp_mine(t, DEEP);
    expect(t, kxp_client_refunds(t), "the refund to be done once it is confirmed", "it is not");
    expect(t, kxp_counts(t).signatures == signatures + 1 && kxp_submitted_ids(t) == submitted + 1,
           "one refund", "%" PRIu64 " signed, %zu submitted", kxp_counts(t).signatures - signatures,
           kxp_submitted_ids(t) - submitted);
}
