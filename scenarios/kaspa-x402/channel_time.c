/* Threats exact-terms and handler-failure: a presentation that expires on its way. It is asked
 * again behind everything that waits, and buys nothing; the voucher is free for the next. */
#include "peer/kaspa-x402/channel.h"
#include "peer/kaspa-x402/kills.h"

#include "http/sock.h"

#define NS_PER_MS INT64_C(1000000)

enum {
    NODE_MS = 500, /* for the node's answer, */
    SOON_MS = 200, /* before which a presentation has expired */
    HOLD_MS = 1000,
    SLACK_MS = 400, /* from a server's last look at its clock to its handler */
};

static void ends_soon(struct kxc_draft *d)
{
    const int *ms = d->arg;

    d->says.presentation.says.expires_at = assay_str(kxp_time_text(d->t, case_now_ms(d->t) + *ms));
}

static const struct kxc_payment *ending_in(struct assay_case *t, struct kxc_channel *channel,
                                           const int *ms)
{
    return kxc_bent(t, channel, given_channel_offer(t, channel->offer->want), KX_PAYLOAD_VOUCHER,
                    (struct kxc_bend){.present = ends_soon, .arg = ms});
}

SCENARIO(presentation_expires_behind_the_node,
         .title = "A presentation that expires while the node is asked buys nothing",
         .threat = "exact-terms", .rule = "batch.presentation.live", .ideas = "B25",
         .rests_on = CHANNEL_OPENS, .catches = DEFECTS("batch.expiry_once"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS)
{
    static const int soon = SOON_MS;
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));

    kxp_node_behaves(t, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SLOW,
                                                      .fault_method = "getUtxosByAddresses",
                                                      .fault_times = 1,
                                                      .delay_ms = NODE_MS});
    expect_not_served(t,
                      kxc_send(t, "expires while the node is asked", ending_in(t, channel, &soon)));
    kxp_node_is_sound(t);
    (void)kxc_buy(t, "the next voucher", channel);
}

/* Each sync takes so long that the first is over before the presentation is, and the second is not,
 * or that neither is. */
static const struct held {
    const char *name;
    int ends_in_ms;
} helds[] = {
    {"in the first sync", HOLD_MS / 2},
    {"in the second sync", HOLD_MS + HOLD_MS / 2},
};

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
    struct supervisor *supervisor = kxp_supervisor(t);
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxp_offer *offer = given_channel_offer(t, channel->offer->want);
    const struct kxc_payment *paid;
    int64_t ended_ns;

    supervisor_behave(supervisor,
                      &(struct supervisor_rule){.calls = SUPERVISOR_SYNC, .hold_ms = HOLD_MS});
    ended_ns = sock_now_ns() + row->ends_in_ms * NS_PER_MS;
    paid = kxc_bent(t, channel, offer, KX_PAYLOAD_VOUCHER,
                    (struct kxc_bend){.present = ends_soon, .arg = &row->ends_in_ms});
    (void)kxc_send(t, row->name, paid);
    supervisor_behave(supervisor, NULL);
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
    const struct held *row = &helds[0];
    struct supervisor *supervisor = kxp_supervisor(t);
    struct kxc_channel *channel = kxc_opened(t, peer_endpoint(t, "paid_get"));
    const struct kxc_payment *paid;
    const struct peer_answer *answer;

    paid = ending_in(t, channel, &row->ends_in_ms);
    supervisor_behave(supervisor,
                      &(struct supervisor_rule){.calls = SUPERVISOR_SYNC, .hold_ms = HOLD_MS});
    answer = kxc_send(t, row->name, paid);
    supervisor_behave(supervisor, NULL);
    if (kxp_is_served(answer))
        case_end(
            t, VERDICT_UNSUPPORTED,
            "it serves without a sync that comes before the handler: nothing can expire there");
    (void)kxc_buy(t, "the next voucher, for the same total", channel);
}
