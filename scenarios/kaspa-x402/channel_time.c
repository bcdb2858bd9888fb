/* Threats exact-terms and handler-failure: a presentation that expires on its way. It is asked
 * again behind everything that waits, and buys nothing; the voucher is free for the next. */
#include "peer/kaspa-x402/channel.h"
#include "peer/kaspa-x402/kills.h"

#include "http/sock.h"

#define NS_PER_MS INT64_C(1000000)

enum {
    NODE_MS = 600, /* for the node's answer, */
    SOON_MS = 400, /* before which a presentation has expired */
    LIFE_MS = 800, /* of one that is held back behind its end */
    HOLD_MS = 60000,
    SLACK_MS = 400, /* from a server's last look at its clock to its handler */
    LOOK_MS = 10,
    LOOKS_MAX = 1000,
};

static void ends_at(struct kxc_draft *d)
{
    const int64_t *end_ms = d->arg;

    d->says.presentation.says.expires_at = assay_str(kxp_time_text(d->t, *end_ms));
}

static const struct kxc_payment *ending_at(struct assay_case *t, struct kxc_channel *channel,
                                           const struct kxp_offer *offer, int64_t end_ms)
{
    return kxc_bent(t, channel, offer, KX_PAYLOAD_VOUCHER,
                    (struct kxc_bend){.present = ends_at, .arg = &end_ms});
}

SCENARIO(presentation_expires_behind_the_node,
         .title = "A presentation that expires while the node is asked buys nothing",
         .threat = "exact-terms", .rule = "batch.presentation.live", .ideas = "B25",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.expiry_once"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxp_offer *offer = given_channel_offer(t, channel->offer->want);

    kxp_node_behaves(t, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SLOW,
                                                      .fault_method = "getUtxosByAddresses",
                                                      .fault_times = 1,
                                                      .delay_ms = NODE_MS});
    expect_not_served(t, kxc_send(t, "expires while the node is asked",
                                  ending_at(t, channel, offer, case_now_ms(t) + SOON_MS)));
    kxp_node_is_sound(t);
    (void)kxc_buy(t, "the next voucher", channel);
}

/* The sync that ends behind the presentation's end; those before it are not held up. */
static const struct held {
    const char *name;
    unsigned sync;
} helds[] = {
    {"in the first sync", 1},
    {"in the second sync", 2},
};

/* Until a sync is held, or there is none: the request has its answer. */
static void await_sync(struct supervisor *supervisor, const struct peer_pending *pending)
{
    for (int i = 0; i < LOOKS_MAX && !peer_is_answered(pending); i++)
        if (supervisor_await(supervisor, SUPERVISOR_SYNC, 1, LOOK_MS))
            return;
}

/* Sent, and held in that sync until its presentation's end is over. */
static const struct peer_answer *send_past_its_end(struct assay_case *t, const struct held *row,
                                                   const struct kxc_payment *paid, int64_t end_ms)
{
    const struct supervisor_rule holds = {.calls = SUPERVISOR_SYNC, .hold_ms = HOLD_MS};
    struct supervisor *supervisor = kxp_supervisor(t);
    struct peer_pending *pending;

    supervisor_behave(supervisor, &holds);
    pending =
        peer_send_beside(t, NULL, row->name, paid->sent.offer->want, kxp_headers(&paid->sent));
    for (unsigned i = 1; i <= row->sync; i++) {
        await_sync(supervisor, pending);
        if (i < row->sync)
            supervisor_behave(supervisor, &holds);
    }
    peer_await_clock(t, end_ms + SLACK_MS);
    supervisor_behave(supervisor, NULL);
    return peer_finish(t, pending);
}

/* Whether the handler has run behind the end; a server may look at its clock and begin just then.
 */
static bool ran_late(struct assay_case *t, int64_t ended_ns)
{
    struct origin *origin = case_origin(t);
    struct origin_execution last;
    uint64_t count = origin_executions(origin);

    return count > 0 && origin_execution(origin, count, &last) &&
           last.start_ns > ended_ns + SLACK_MS * NS_PER_MS;
}

SCENARIO(presentation_expires_on_the_way_to_the_handler,
         .title = "However slow the disk, no handler runs for a presentation that has expired",
         .threat = "handler-failure", .rule = "batch.presentation.live", .ideas = "B26",
         .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.expiry_once", "batch.expiry_at_handler"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS | NEED_SUPERVISOR | NEED_ORIGIN, TABLE(helds))
{
    const struct held *row = case_row(t);
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxp_offer *offer = given_channel_offer(t, channel->offer->want);
    const int64_t ended_ns = sock_now_ns() + LIFE_MS * NS_PER_MS;
    const int64_t end_ms = case_now_ms(t) + LIFE_MS;

    (void)send_past_its_end(t, row, ending_at(t, channel, offer, end_ms), end_ms);
    expect(t, !ran_late(t, ended_ns), "no run of the handler behind the presentation's end",
           "a run behind it");
}

SCENARIO(expired_claim_of_a_voucher_charges_nothing,
         .title = "A voucher whose presentation has expired before its handler is not charged: the "
                  "next one is for the same total",
         .threat = "handler-failure", .rule = "handler.failure", .ideas = "B26",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.charged_early"),
         .variant = "channels", .needs = KXP_PAY | KXP_CHANNELS | NEED_SUPERVISOR | NEED_ORIGIN)
{
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxp_offer *offer = given_channel_offer(t, channel->offer->want);
    const int64_t end_ms = case_now_ms(t) + LIFE_MS;
    const struct peer_answer *answer =
        send_past_its_end(t, &helds[0], ending_at(t, channel, offer, end_ms), end_ms);

    if (kxp_is_served(answer))
        case_end(
            t, VERDICT_UNSUPPORTED,
            "it serves without a sync that comes before the handler: nothing can expire there");
    (void)kxc_buy(t, "the next voucher, for the same total", channel);
}
