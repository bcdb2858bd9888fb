/* A server that refuses a payment and tells where it thinks the channel stands. It is believed as
 * far as our own node and our own receipts bear it out, and no further; then the refused payment is
 * over, and the request is paid once more upon what is known. Source: Kaspa x402 batch digest,
 * section 6.5; client digest, F5, F7 and CL-26. */
#include "client/kx_client_internal.h"

#include "defects/defects.h"

/* The payment is over where the server may not take it any more, by its own deadline. */
static bool is_expired(const struct kx_client *c, int64_t now_ms)
{
    int64_t expires_ms;

    return kx_time_read(&expires_ms, c->attempt.expires_at) && expires_ms <= now_ms;
}

static bool is_pending(const struct kx_client *c)
{
    return c->has_channel && c->channel.state == KX_CHANNEL_IS_OPEN &&
           assay_bytes_equal(c->channel.pending, c->attempt.identifier);
}

/* Takes the new challenge, without a change to the attempt that it is the answer to. */
static bool take_offer(struct kx_client *c, const struct kx_client_field *header)
{
    const struct kx_client_attempt refused = c->attempt;
    bool is_taken = kx_client_take_challenge(c, header);

    c->next_challenge = c->attempt.challenge;
    c->next_offer = c->attempt.offer;
    c->attempt = refused;
    return is_taken;
}

/* Whether it is an offer for this very channel. */
static bool is_same_use(const struct kx_client *c)
{
    const struct kx_channel *config = &c->channel.config;
    const struct kx_batch_terms *terms = &c->batch.terms;

    return c->is_batch && memcmp(config->server, terms->server, sizeof(config->server)) == 0 &&
           assay_bytes_equal(config->pay_to, terms->pay_to) &&
           assay_bytes_equal(config->template_id, terms->template_id) &&
           assay_bytes_equal(config->network, terms->network);
}

/* What is over is saved so, and nothing else is tried. */
static struct kx_client_action give_up(struct kx_client *c)
{
    c->attempt.state = KX_CLIENT_ABSENT;
    c->channel.pending = ASSAY_LIT("");
    c->channel.pending_total = 0;
    return kx_client_save(c, KX_CLIENT_STEP_CLOSE);
}

struct kx_client_action kx_client_refused(struct kx_client *c, const struct kx_client_reply *reply,
                                          int64_t now_ms)
{
    bool was_batch = c->is_batch;

    if (!is_pending(c) || (c->is_corrected && !REF_DEFECT(kx_client_corrects_ever)))
        return kx_client_asked_again(c, now_ms);
    c->is_corrected = true;
    if (take_offer(c, &reply->required) && is_same_use(c) && c->batch.has_state)
        return kx_client_look_at_head(c, KX_CLIENT_STEP_CORRECT, now_ms);
    c->is_batch = was_batch;
    if (!is_expired(c, now_ms))
        return kx_client_asked_again(c, now_ms);
    kx_client_record(c, NULL,
                     "the server has refused the payment, and its time is over: nothing was "
                     "charged");
    return give_up(c);
}

/* ---- what is told ---- */

/* Of defects client.channel.told_head and client.channel.told_total. */
static void believe(struct kx_client_channel *channel, const struct kx_channel_state *told)
{
    if (REF_DEFECT(kx_client_told_head))
        channel->head.outpoint = told->outpoint;
    if (REF_DEFECT(kx_client_told_total))
        channel->total = told->authorized;
}

static bool is_borne_out(struct kx_client *c)
{
    const struct kx_client_channel *channel = &c->channel;
    struct kx_channel_view view = {
        .binding = c->lane.binding,
        .covenant_id = channel->head.covenant_id,
        .outpoint = channel->head.outpoint,
        .spk = kx_client_head_spk(c),
        .accounts = {.funding = channel->head.value,
                     .authorized = channel->total,
                     .charged = channel->total,
                     .claimed = channel->head.claimed},
    };
    struct assay_err err = {0};

    memcpy(view.channel_id, channel->channel_id, sizeof(view.channel_id));
    if (view.spk.at == NULL)
        return kx_client_object(c, NULL, "out of memory");
    if (kx_channel_state_judge(&c->batch.state, &view, &err) != KX_LOCAL_NONE)
        return kx_client_object(c, "client.channel.told",
                                "the server refuses the payment and tells what is not so: %s",
                                err.text);
    return c->batch.state.authorized == channel->total ||
           kx_client_object(c, "client.channel.told",
                            "the server refuses the payment and tells of fewer charges than it has "
                            "given receipts for");
}

/* A server that has not seen the last claims yet, as our node has, may be right later: the payment
 * is sent as it is. */
static bool is_behind(const struct kx_client *c)
{
    const struct kx_channel_state *told = &c->batch.state;

    return c->retries_left > 0 && told->claimed < c->channel.head.claimed &&
           kaspa_hash_equal(&told->covenant_id, &c->channel.head.covenant_id);
}

static struct kx_client_action send_again(struct kx_client *c)
{
    static const struct kx_client_field none = {.count = 0};

    c->retries_left--;
    c->is_corrected = false;
    return kx_client_fetch(c, KX_CLIENT_STEP_PAID, kx_client_retry_after(c, &none));
}

/* The refused payment is over; the same request begins anew, as another purchase would. */
static struct kx_client_action begin_anew(struct kx_client *c, int64_t now_ms)
{
    c->attempt = (struct kx_client_attempt){.header = ASSAY_LIT("")};
    c->attempt.challenge = c->next_challenge;
    c->attempt.offer = c->next_offer;
    c->has_attempt = c->is_consented = false;
    c->job.random[0]++;
    c->job.nonce[0]++;
    c->outcome = (struct kx_client_outcome){.rule = NULL};
    return kx_client_accept(c) ? kx_client_charge(c, now_ms) : kx_client_finish(c);
}

struct kx_client_action kx_client_correct(struct kx_client *c, int64_t now_ms)
{
    if (is_behind(c))
        return send_again(c);
    believe(&c->channel, &c->batch.state);
    if (!is_borne_out(c))
        return kx_client_settle(c, now_ms);
    if (c->job.identifier.len > 0) {
        kx_client_record(c, "client.artifact.once",
                         "the server has refused the payment, and nothing was charged: give "
                         "another identifier");
        return give_up(c);
    }
    c->attempt.state = KX_CLIENT_ABSENT;
    c->channel.pending = ASSAY_LIT("");
    c->channel.pending_total = 0;
    return kx_client_save(c, KX_CLIENT_STEP_CORRECTED);
}

struct kx_client_action kx_client_was_corrected(struct kx_client *c, int64_t now_ms)
{
    return begin_anew(c, now_ms);
}
