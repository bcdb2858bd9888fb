/* Threats store-channel, store-voucher, store-identifier and handler-failure, on channels: racing
 * requests, several workers, kills and failed handlers. Wherever the server dies, a voucher is
 * charged with its one answer or not at all, and its channel goes on. */
#include "peer/kaspa-x402/channel.h"
#include "peer/kaspa-x402/kills.h"

#include <inttypes.h>

enum { RACERS = 8, COPIES = 16, ROUNDS = 3, CRASHES_MAX = 40, LIFE_MS = 1500 };

static struct kxc_channel *opened(struct assay_case *t)
{
    return kxc_opened(t, peer_endpoint(t, "paid_get"));
}

/* ---- races ---- */

/* After it the channel stands at the one total that all were for. */
static void expect_goes_on_behind(struct assay_case *t, struct kxc_channel *channel)
{
    channel->total += channel->offer->batch.terms.amount;
    (void)kxc_buy(t, "the voucher behind them", channel);
}

SCENARIO(vouchers_for_one_total_buy_once,
         .title = "Of payments at once whose vouchers are for one total one is charged, however "
                  "slow their handlers",
         .threat = "store-voucher", .rule = "store.atomic", .ideas = "B33",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.channel.no_lease"), .races = true,
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS | NEED_ORIGIN)
{
    struct kxc_channel *channel = opened(t);
    struct peer_shot shots[RACERS];

    for (size_t i = 0; i < ARRAY_LEN(shots); i++)
        shots[i] = (struct peer_shot){.want = channel->offer->want,
                                      .with = kxp_headers(&kxc_voucher(t, channel)->sent)};
    expect_one_winner(t, "payment", shots, ARRAY_LEN(shots));
    expect_goes_on_behind(t, channel);
}

SCENARIO(two_workers_charge_a_total_once,
         .title = "Of payments at once at two workers on one store, for one total, one is charged",
         .threat = "store-voucher", .rule = "store.atomic", .ideas = "B33",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.channel.no_lease"), .races = true,
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS | NEED_ORIGIN | NEED_SECOND)
{
    struct kxc_channel *channel = opened(t);
    const struct http_peer *second = instance_peer(case_second_instance(t));
    struct peer_shot shots[RACERS];

    for (size_t i = 0; i < ARRAY_LEN(shots); i++)
        shots[i] = (struct peer_shot){.peer = i % 2 == 0 ? NULL : second,
                                      .want = channel->offer->want,
                                      .with = kxp_headers(&kxc_voucher(t, channel)->sent)};
    expect_one_winner(t, "payment", shots, ARRAY_LEN(shots));
    expect_goes_on_behind(t, channel);
}

SCENARIO(copies_of_a_voucher_are_charged_once,
         .title = "Of copies of one payment on a channel at once one runs the handler, and the "
                  "answer is had by who asks again",
         .threat = "store-voucher", .rule = "handler.once", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("kx.channel.abandon_started"), .races = true, .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS | NEED_ORIGIN)
{
    struct kxc_channel *channel = opened(t);

    for (int round = 0; round < ROUNDS; round++) {
        const struct kxc_payment *paid = kxc_voucher(t, channel);
        const struct peer_shot *shots =
            peer_copies(t, channel->offer->want, kxp_headers(&paid->sent), COPIES);

        expect_one_run(t, peer_burst_held(t, "copy", shots, COPIES), COPIES);
        expect_charged_once(t, paid);
    }
}

static void use_identifier(struct kxp_draft *d)
{
    d->identifier = d->arg;
}

enum { NODE_MS = 300 };

SCENARIO(identifier_is_shared_by_both_schemes,
         .title = "An exact payment and a payment on a channel with one identifier, at once, buy "
                  "one answer",
         .threat = "store-identifier", .rule = "store.atomic", .ideas = "B31",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.channel.identifier_apart"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS | NEED_ORIGIN | NEED_SECOND)
{
    struct kxc_channel *channel = opened(t);
    struct peer_want want = channel->offer->want;
    const struct kxc_payment *paid = kxc_voucher(t, channel);
    const struct kxp_payment *exact =
        kxp_bent(t, given_offer(t, want),
                 (struct kxp_bend){.text = use_identifier, .arg = paid->sent.identifier});
    const struct http_peer *other = instance_peer(case_second_instance(t));
    uint64_t asked = kxc_calls_about(t, channel);
    struct peer_before before = peer_before(t);
    const struct peer_answer *first, *second;
    struct peer_pending *pending;

    kxp_node_behaves(t, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SLOW,
                                                      .fault_method = "getUtxosByAddresses",
                                                      .fault_times = 1,
                                                      .delay_ms = NODE_MS});
    pending = peer_send_beside(t, other, "the voucher, at another worker and a slow node", want,
                               kxp_headers(&paid->sent));
    kxc_await_calls_about(t, channel, asked + 1);
    first = kxp_send_until_known(t, "the exact payment", want, exact);
    second = peer_finish(t, pending);
    expect(t,
           kxp_is_served(first) + kxp_is_served(second) == 1 &&
               case_executions(t) - before.runs == 1,
           "one of the two is served, after one run of the handler",
           "the exact payment's answer is %d, the voucher's %d, after %" PRIu64 " runs",
           peer_status(first), peer_status(second), case_executions(t) - before.runs);
}

SCENARIO(channel_that_moved_is_not_charged,
         .title = "A payment whose channel has moved on the chain while its handler ran is not "
                  "charged on the head that it was judged by",
         .threat = "store-channel", .rule = "store.atomic", .ideas = "B42",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.channel.no_cas"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS | NEED_ORIGIN)
{
    struct kxc_channel *channel = opened(t), *after;
    const struct kxc_payment *paid = kxc_voucher(t, channel), *next;
    const struct kxp_offer *offer = given_channel_offer(t, channel->offer->want);
    struct peer_pending *held;

    after = kxc_copy(t, channel);
    held = kxp_send_held(t, "its handler is slow", channel->offer->want, &paid->sent);
    (void)kxc_move(t, after, KX_BATCH_CLAIM, after->total, KXC_DEEP);
    next = kxc_bent(t, after, offer, KX_PAYLOAD_VOUCHER, (struct kxc_bend){0});
    (void)peer_send_during(t, held, "on the head behind a claim", offer->want,
                           kxp_headers(&next->sent));
    expect(t, !kxp_is_served(peer_finish(t, held)),
           "no answer that was charged on a head that is spent", "it is served");
}

/* ---- kills ---- */

/* Charged now, by its stored answer, or by an operator's; after one run of the handler at most. */
static void expect_survives(struct assay_case *t, const struct kxc_payment *paid,
                            uint64_t runs_before)
{
    struct peer_want want = paid->sent.offer->want;
    const struct peer_answer *answer =
        kxp_send_briefly(t, "the identical retry", want, &paid->sent);
    uint64_t runs = case_executions(t) - runs_before;

    if (peer_status(answer) == 503 && (runs > 0 || !kxp_not_run(t, &paid->sent)))
        kxp_recover(t, &paid->sent, "supplied by the operator\n");
    expect_charged_once(t, paid);
    runs = case_executions(t) - runs_before;
    expect(t, runs <= 1, "at most one run of the handler", "%" PRIu64 " runs", runs);
}

SCENARIO(no_kill_loses_a_voucher_or_charges_it_twice,
         .title = "A server that is killed before any of its syncs or sends, or of its writes once "
                  "the handler runs, charges a voucher once, with its one answer, and its channel "
                  "goes on",
         .threat = "store-voucher", .rule = "store.cache", .ideas = "B39 B40 B41",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.channel.split_commit"),
         .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS | KXP_RECOVER | NEED_SUPERVISOR | NEED_ORIGIN,
         TABLE(kxp_kills))
{
    const struct kxp_kill *row = case_row(t);
    struct kxc_channel *channel = opened(t);
    uint64_t n = 0;
    bool died = true;

    while (died && n < CRASHES_MAX) {
        const struct kxc_payment *paid = kxc_voucher(t, channel);
        uint64_t runs = case_executions(t);

        died = kxp_dies_before(t, row, ++n, channel->offer->want, &paid->sent);
        if (died)
            kxp_restart(t);
        expect_survives(t, paid, runs);
    }
    case_observe(t, row->name, "killed before each of %" PRIu64, n - 1);
    expect(t, n > 1, "at least one such call for a voucher", "none");
}

static void ends_at(struct kxc_draft *d)
{
    const int64_t *end_ms = d->arg;

    d->says.presentation.says.expires_at = assay_str(kxp_time_text(d->t, *end_ms));
}

/* Whether an identical retry is served where the server was killed at that call. */
static bool is_served_after(struct assay_case *t, uint64_t n, bool is_late, bool *died)
{
    const struct kxp_kill once_the_handler_runs = {.calls = SUPERVISOR_SYNC, .handler_runs = true};
    struct kxc_channel *channel = opened(t);
    const struct kxp_offer *offer = given_channel_offer(t, channel->offer->want);
    const int64_t end_ms = case_now_ms(t) + LIFE_MS;
    const struct kxc_bend bend = {.present = is_late ? ends_at : NULL, .arg = &end_ms};
    const struct kxc_payment *paid = kxc_bent(t, channel, offer, KX_PAYLOAD_VOUCHER, bend);

    *died = kxp_dies_before(t, &once_the_handler_runs, n, paid->sent.offer->want, &paid->sent);
    if (*died)
        kxp_restart(t);
    if (is_late)
        peer_await_clock(t, end_ms);
    return kxp_is_served(kxp_send_briefly(
        t, is_late ? "the retry, behind its presentation's end" : "the retry, in time",
        paid->sent.offer->want, &paid->sent));
}

SCENARIO(stored_result_outlives_its_presentation,
         .title =
             "A result that was stored before a kill is delivered to the identical retry, also "
             "where its presentation has expired meanwhile",
         .threat = "handler-failure", .rule = "handler.recovery", .ideas = "B27",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.staged_refused"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS | NEED_SUPERVISOR | NEED_ORIGIN)
{
    bool died = true;

    for (uint64_t n = 1; died && n < CRASHES_MAX; n++) {
        bool in_time = is_served_after(t, n, false, &died);
        bool late = is_served_after(t, n, true, &died);

        expect(t, late == in_time, "the same answer behind the presentation's end as in time",
               "killed before sync %" PRIu64 ": %s in time, %s behind it", n,
               in_time ? "served" : "not served", late ? "served" : "not served");
    }
}

/* ---- handlers that fail ---- */

static const struct failure {
    const char *name;
    struct origin_rule rule;
} failures[] = {
    {"a reset", {.behaviour = ORIGIN_RESET, .times = 1}},
    {"a body above 256 KiB",
     {.behaviour = ORIGIN_LARGE, .large_bytes = (256u << 10) + 1, .times = 1}},
};

SCENARIO(failed_handler_holds_its_channel,
         .title = "While an operator has to say what became of a handler, or of a result above the "
                  "limits, its channel is not charged, and goes on when he has",
         .threat = "handler-failure", .rule = "handler.failure", .ideas = "B35 B44",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("kx.channel.no_lease"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS | KXP_RECOVER | NEED_ORIGIN,
         TABLE(failures))
{
    const struct failure *row = case_row(t);
    struct kxc_channel *channel = opened(t);
    const struct kxc_payment *paid = kxc_voucher(t, channel);

    origin_behave(case_origin(t), &row->rule);
    expect(t, peer_status(kxc_send(t, row->name, paid)) >= 500, "5xx", "another answer");
    expect_not_served(t,
                      kxc_send(t, "another payment for the same total", kxc_voucher(t, channel)));
    kxp_recover(t, &paid->sent, "supplied by the operator\n");
    expect_charged_once(t, paid);
    (void)kxc_buy(t, "the next voucher", channel);
}

/* ---- the node ---- */

SCENARIO(other_transactions_open_no_channel,
         .title = "A node that tells another transaction's body under the id of a deposit opens no "
                  "channel",
         .threat = "stale-node", .rule = "node.answers", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("kx.node.body_unhashed"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel =
        kxc_funded(t, given_channel_offer(t, peer_endpoint(t, "paid_get")));
    const struct kxc_payment *paid = kxc_deposit(t, channel);

    kxp_node_behaves(t, (struct kaspa_node_behaviour){.lie = KASPA_NODE_OTHER_BODY});
    expect_not_served(t, kxc_send(t, "while the node lies", paid));
    kxp_node_is_sound(t);
    paid = kxc_deposit(t, channel);
    expect_charged(t, kxc_send_until_known(t, "when it is sound", paid), paid);
}
