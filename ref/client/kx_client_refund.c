/* The end of a channel: what is left of it goes back to its client after the timeout. Signed by the
 * wallet over terms of ours, verified, saved, given to a node once, and looked for until it is
 * deep. Source: Kaspa x402 client digest, F10 and CL-27; batch digest, section 10. */
#include "client/kx_client_internal.h"

#include "base/hex.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"

#include <inttypes.h>

/* What the rest of the client asks of an offer. */
static bool set_terms(struct kx_client *c)
{
    c->terms.network_text = c->channel.config.network;
    c->batch.binding = kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3"));
    return kx_network_find(&c->terms.network, c->channel.config.network) ||
           kx_client_object(c, NULL, "the saved channel is of no network that is known");
}

/* One that has ended may not have: deep as it was, the chain can have taken back what ended it. */
static struct kx_client_action begin_ended(struct kx_client *c, int64_t now_ms)
{
    if (!kaspa_hash_is_zero(&c->channel.head.covenant_id))
        return kx_client_ask_source(c, KX_CLIENT_STEP_SOURCE);
    if (c->channel.move.len > 0) {
        c->channel.state = KX_CHANNEL_IS_OPENING;
        return kx_client_await(c, now_ms);
    }
    kx_client_record(c, NULL, "nothing was ever put into the channel");
    return kx_client_finish(c);
}

static struct kx_client_action begin(struct kx_client *c, int64_t now_ms)
{
    if (REF_DEFECT(kx_client_refund_again))
        c->channel.state = KX_CHANNEL_IS_OPEN;
    switch (c->channel.state) {
    case KX_CHANNEL_IS_OPEN:
    case KX_CHANNEL_IS_TOPPING_UP: /* which can never be once its head is gone */
        return kx_client_ask_source(c, KX_CLIENT_STEP_SOURCE);
    case KX_CHANNEL_IS_OPENING:
    case KX_CHANNEL_IS_REFUNDING:
        return kx_client_await(c, now_ms);
    case KX_CHANNEL_IS_INTENDED:
    case KX_CHANNEL_IS_ENDED:
    case KX_CHANNEL_IS__COUNT:
        break;
    }
    return begin_ended(c, now_ms);
}

/* What was awaited is there, and the wallet knows: the refund itself, or first the genesis. */
struct kx_client_action kx_client_refund_moved(struct kx_client *c)
{
    return c->channel.state == KX_CHANNEL_IS_OPEN ? kx_client_ask_source(c, KX_CLIENT_STEP_SOURCE)
                                                  : kx_client_finish(c);
}

struct kx_client_action kx_client_start_refund(struct kx_client *c, const struct kx_client_job *job,
                                               const struct kx_client_channel *known,
                                               int64_t now_ms)
{
    c->job = *job;
    c->channel = *known;
    c->has_channel = c->is_batch = c->is_refund = true;
    if (!job->has_node)
        kx_client_record(c, "client.channel.node",
                         "a refund needs a node of one's own: give one with --node");
    if (c->err.code != ASSAY_OK || !set_terms(c) || !kx_client_open_lane(c))
        return kx_client_finish(c);
    return begin(c, now_ms);
}

/* ---- a top-up that it replaces ---- */

bool kx_client_give_up_top_up(struct kx_client *c)
{
    struct kx_client_channel *channel = &c->channel;

    if (channel->state != KX_CHANNEL_IS_TOPPING_UP)
        return true;
    if (!kx_client_read_move(c, channel->move))
        return false;
    channel->given_up = channel->move_attempt;
    channel->given_up_id = c->move_id;
    channel->has_arrived = false;
    channel->state = KX_CHANNEL_IS_OPEN;
    channel->move = channel->consent = ASSAY_LIT("");
    return true;
}

/* Nothing else can be on the chain any more: the top-up is where the head was followed through it,
 * or never will be. The wallet is told before that is forgotten: it keeps coins back for it. */
struct kx_client_action kx_client_refund_arrived(struct kx_client *c)
{
    const struct kx_client_channel *channel = &c->channel;

    return channel->given_up.len == 0
               ? kx_client_moved(c, KX_CHANNEL_IS_ENDED)
               : kx_client_tell_wallet(c, KX_CLIENT_STEP_GIVEN_UP, channel->given_up,
                                       &channel->given_up_id, channel->has_arrived);
}

struct kx_client_action kx_client_gave_up_top_up(struct kx_client *c)
{
    c->channel.given_up = ASSAY_LIT("");
    return kx_client_moved(c, KX_CHANNEL_IS_ENDED);
}

/* ---- its way ---- */

/* The lock is open above the score that it names, by our own node (batch digest, section 10). */
struct kx_client_action kx_client_refund(struct kx_client *c)
{
    uint64_t timeout = c->channel.config.refund_timeout_daa;

    if (c->daa <= timeout && !REF_DEFECT(kx_client_refund_early)) {
        kx_client_record(c, "client.channel.early",
                         "the channel can be refunded above DAA score %" PRIu64
                         "; the node is at %" PRIu64,
                         timeout, c->daa);
        return kx_client_finish(c);
    }
    if (!kx_client_give_up_top_up(c))
        return kx_client_finish(c);
    c->channel.move_attempt = kx_client_identifier(c, c->job.move_random);
    if (c->channel.move_attempt.at == NULL) {
        kx_client_record(c, NULL, "out of memory");
        return kx_client_finish(c);
    }
    return kx_client_ask_source(c, KX_CLIENT_STEP_PURSE);
}

void kx_client_write_refund(struct assay_buf *out, const struct kx_client *c)
{
    const struct kx_client_channel *channel = &c->channel;

    assay_buf_add_byte(out, '{');
    kx_write_text(out, "attemptId", channel->move_attempt);
    kx_write_name(out, "channelConfig");
    kx_channel_write(out, &channel->config);
    kx_write_hex32(out, "channelId", channel->channel_id);
    kx_write_decimal(out, "claimedCumulativeAmount", channel->head.claimed);
    kx_write_hex32(out, "covenantId", channel->head.covenant_id.at);
    kx_write_decimal(out, "currentFundingSompi", channel->head.value);
    kx_write_text(out, "fundingSource", c->policy->source);
    kx_write_outpoint(out, "headOutpoint", &channel->head.outpoint);
    kx_write_decimal(out, "lockTimeDaa", channel->config.refund_timeout_daa);
    kx_write_decimal(out, "maximumFeeSompi", c->policy->fee_max);
    assay_buf_add_byte(out, '}');
}
