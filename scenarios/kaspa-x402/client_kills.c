/* Threats payer-drain and fee-and-relay over several runs: killed at any moment, refused, or with a
 * payment that nobody knows, a client that is run again makes no second payment, unless a confirmed
 * conflict shows that the first can never arrive. */
#include "peer/kaspa-x402/client.h"

#include "base/hex.h"

#include <inttypes.h>

enum { STEP = 4, KILLS_MAX = 60, DEEP = 30 };

/* ---- kills ---- */

/* Every STEP-th of the calls, so that the cases are short. */
static const struct kill {
    const char *name;
    unsigned calls;
    unsigned first;
} kills[] = {
    {"durable calls 1, 5, 9 and so on", SUPERVISOR_DURABLE, 1},
    {"durable calls 2, 6, 10 and so on", SUPERVISOR_DURABLE, 2},
    {"durable calls 3, 7, 11 and so on", SUPERVISOR_DURABLE, 3},
    {"durable calls 4, 8, 12 and so on", SUPERVISOR_DURABLE, 4},
    {"sends 1, 5, 9 and so on", SUPERVISOR_SEND, 1},
    {"sends 2, 6, 10 and so on", SUPERVISOR_SEND, 2},
    {"sends 3, 7, 11 and so on", SUPERVISOR_SEND, 3},
    {"sends 4, 8, 12 and so on", SUPERVISOR_SEND, 4},
};

/* One purchase with a kill before the n-th such call. False: it came to its end without. */
static bool dies_before(struct assay_case *t, const struct kxp_run **run, unsigned calls,
                        uint64_t n, const char *url)
{
    struct supervisor *supervisor = instance_supervisor(case_instance(t));
    bool died;

    supervisor_behave(supervisor, &(struct supervisor_rule){.calls = calls, .kill_before = n});
    *run = kxp_client_runs(
        t, (struct kxp_buys){.url = url,
                             .supervised = true,
                             .label = case_printf(t, "killed before call %" PRIu64, n)});
    died = supervisor_killed(supervisor);
    supervisor_behave(supervisor, NULL);
    return died;
}

SCENARIO(client_that_is_killed_pays_once, .side = SIDE_CLIENT,
         .title =
             "A client that is killed before any durable call or send, and run again, signs and "
             "sends one payment, and is served",
         .threat = "payer-drain", .rule = "client.artifact.persisted", .ideas = "CL-21",
         .catches = DEFECTS("client.attempt.unsaved", "client.attempt.intent_unsaved",
                            "client.attempt.saved_late", "client.attempt.forgotten",
                            "client.attempt.delivered_early"),
         .needs = KXP_PAY | KXP_WALLET | NEED_SUPERVISOR, TABLE(kills))
{
    const struct kill *row = case_row(t);
    uint64_t n = row->first;

    for (bool died = true; died && n < KILLS_MAX; n += STEP) {
        const char *target = case_printf(t, KXP_GOODS "?before=%" PRIu64, n);
        uint64_t signatures = kxp_counts(t).signatures;
        size_t shown = kxp_payments_shown(t), submitted = kxp_submitted_ids(t);
        const struct kxp_run *run;

        died = dies_before(t, &run, row->calls, n, kxp_shop_url(t, target));
        if (died && !run->has_goods) /* with them in hand another run is another purchase */
            expect(t, kxp_client_buys_at(t, target)->has_bought, "to be served when run again",
                   "killed before call %" PRIu64 ": another exit status than 0", n);
        expect(t,
               kxp_counts(t).signatures - signatures <= 1 && kxp_payments_shown(t) - shown <= 1 &&
                   kxp_submitted_ids(t) - submitted <= 1,
               "one payment signed, sent and submitted",
               "killed before call %" PRIu64 ": %" PRIu64 " signed, %zu sent, %zu submitted", n,
               kxp_counts(t).signatures - signatures, kxp_payments_shown(t) - shown,
               kxp_submitted_ids(t) - submitted);
    }
    case_observe(t, row->name, "the last before call %" PRIu64, n - STEP);
}

/* ---- intentions ---- */

/* An attempt that is intended, and no more: the wallet fails before it signs. */
static void intend(struct assay_case *t)
{
    kxp_wallet_behaves(t, (struct kaspa_wallet_behaviour){.fault = KASPA_WALLET_ERROR,
                                                          .fault_call = "payExactTransaction"});
    expect_client_refused(t, kxp_client_buys(t), KXP_SENDS_NOTHING);
    kxp_wallet_is_sound(t);
}

/* The payment identifier of the n-th order. */
static const char *identifier_of(struct assay_case *t, uint64_t n)
{
    struct kaspa_node_call call;
    json_t *order;

    if (!kxp_wallet_was_asked(t, "payExactTransaction", n, &call))
        return "";
    order = kxp_owned(t, json_loads(call.params, 0, NULL));
    return case_printf(t, "%s", json_string_value(json_object_get(order, "paymentIdentifier")));
}

SCENARIO(client_goes_on_with_what_it_intended, OF_A_CLIENT,
         .title =
             "A client whose wallet failed goes on, when it is run again, with the attempt that "
             "it had begun",
         .threat = "payer-drain", .rule = "client.artifact.persisted", .ideas = "CL-21",
         .catches = DEFECTS("client.attempt.unsaved", "client.attempt.intent_unsaved",
                            "client.attempt.forgotten"))
{
    intend(t);
    expect_bought(t, kxp_client_buys(t));
    expect(t, strcmp(identifier_of(t, 1), identifier_of(t, 2)) == 0,
           "both orders to be of one payment identifier", "%s and %s", identifier_of(t, 1),
           identifier_of(t, 2));
}

static void give_a_second(const void *arg, json_t *required)
{
    (void)arg;
    kxp_set(required, "accepts.0.maxTimeoutSeconds", json_integer(1));
}

SCENARIO(client_replaces_an_intention_by_one_payment, OF_A_CLIENT,
         .title = "An attempt that was never signed, and whose time is over, is replaced by one "
                  "payment",
         .threat = "payer-drain", .rule = "client.replacement", .ideas = "CL-21",
         .catches = DEFECTS("client.replacement.twice"))
{
    kxp_shop_offers(t, give_a_second, NULL);
    intend(t);
    peer_pause(t, 1000);
    kxp_shop_is_honest(t);
    expect_bought(t, kxp_client_buys(t));
    expect_one_payment(t);
}

/* ---- refusals and silence ---- */

static const struct ending {
    const char *name;
    struct kaspa_shop_answer answer;
} endings[] = {
    {"500", {.status = 500, .payment = KASPA_SHOP_LEAVES}},
    {"400 with a negative receipt",
     {.status = 400, .payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_FAILED}},
    {"402 with a negative receipt",
     {.status = 402, .payment = KASPA_SHOP_LEAVES, .receipt = KASPA_SHOP_RECEIPT_FAILED}},
    {"no answer", {.payment = KASPA_SHOP_LEAVES, .end = KASPA_SHOP_CUTS}},
    {"500, and submitted all the same", {.status = 500, .payment = KASPA_SHOP_TAKES}},
};

SCENARIO(client_replaces_nothing_that_may_arrive, OF_A_CLIENT,
         .title = "A payment that was refused, or that nobody knows of, is sent again when the "
                  "client is run again, and not replaced",
         .threat = "fee-and-relay", .rule = "client.replacement", .ideas = "CL-17 CL-18 CL-22",
         .catches = DEFECTS("client.replacement.unknown", "client.replacement.on_refusal",
                            "client.attempt.forgotten", "client.attempt.unsaved"),
         TABLE(endings))
{
    const struct ending *row = case_row(t);

    kxp_shop_answers_paid(t, row->answer);
    (void)kxp_client_buys(t);
    expect_one_payment(t);
    kxp_shop_is_honest(t);
    expect(t, kxp_client_buys(t)->has_bought, "to be served for the same payment",
           "another exit status than 0");
    expect_one_payment(t);
}

/* ---- conflicts and reorganisations ---- */

SCENARIO(client_replaces_only_what_can_never_arrive, OF_A_CLIENT,
         .title =
             "A payment whose coin is spent otherwise is not replaced before that is confirmed, "
             "and then by one at most",
         .threat = "fee-and-relay", .rule = "client.replacement", .ideas = "CL-22",
         .catches = DEFECTS("client.replacement.shallow", "client.replacement.twice"))
{
    const struct kxp_run *run;

    kxp_mining(t, false);
    kxp_shop_answers_paid(t,
                          (struct kaspa_shop_answer){.status = 500, .payment = KASPA_SHOP_LEAVES});
    expect_pending(t, kxp_client_buys(t));
    if (!kaspa_wallet_double_spend(kxp_wallet(t)))
        case_end(t, VERDICT_BROKEN, "the payment's coin cannot be spent otherwise");
    kxp_mine(t, 1);
    kxp_shop_is_honest(t);
    expect_pending(t, kxp_client_buys(t));
    kxp_mine(t, DEEP);
    run = kxp_client_buys(t);
    case_observe(t, "once the conflict is deep", "%s",
                 run->has_bought ? "another payment is made" : "nothing is paid");
    if (run->has_bought || kxp_during(t, run).orders > 0)
        expect_bought(t, run);
}

static void hold(struct assay_case *t, const char *txid, bool on)
{
    struct kaspa_hash id;
    bool there;

    if (assay_hex_decode(id.at, sizeof(id.at), assay_str(txid), true) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the payment has no id");
    kaspa_chain_lock_take(kxp_lock(t));
    there = kaspa_chain_hold(kxp_chain(t), &id, on);
    kaspa_chain_lock_give(kxp_lock(t));
    if (!there)
        case_end(t, VERDICT_BROKEN, "the payment is not in the mempool");
}

SCENARIO(client_keeps_what_was_reorganised_out, OF_A_CLIENT,
         .title = "A payment that was accepted, was not delivered, and left the chain is not made "
                  "again: it may come back",
         .threat = "fee-and-relay", .rule = "client.replacement", .ideas = "CL-22",
         .catches = DEFECTS("client.attempt.forgotten", "client.attempt.unsaved"))
{
    struct kaspa_shop_call call;

    kxp_mining(t, false);
    kxp_shop_answers_paid(t,
                          (struct kaspa_shop_answer){.status = 500, .payment = KASPA_SHOP_TAKES});
    (void)kxp_client_buys(t);
    if (!kxp_shown(t, 1, &call))
        case_end(t, VERDICT_BROKEN, "no payment was seen");
    kxp_reorganise(t, 1, NULL);
    (void)kxp_client_buys(t);
    expect_one_payment(t);
    hold(t, call.txid, false);
    kxp_mine(t, 1);
    kxp_shop_is_honest(t);
    expect(t, kxp_client_buys(t)->has_bought, "to be served for the same payment",
           "another exit status than 0");
    expect_one_payment(t);
}
