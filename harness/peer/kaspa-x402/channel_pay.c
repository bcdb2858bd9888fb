/* Making payments on a channel, honest and bent: terms, voucher, presentation, payload, in that
 * order, each made of what the one before has become. See channel.h. */
#include "peer/kaspa-x402/channel_internal.h"

#include "base/hex.h"

#include <inttypes.h>

enum { PAYLOAD_MAX_BYTES = 1 << 17 };

static void end_if(struct assay_case *t, enum assay_code rc, const char *what)
{
    if (rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the payment's %s cannot be made: %s", what,
                 assay_code_text(rc));
}

/* ---- terms ---- */

void kxc_accept_decimal(struct kxc_draft *d, const char *path, uint64_t value)
{
    kxp_set_text(d->accepted, path, case_printf(d->t, "%" PRIu64, value));
}

static struct kx_batch_payment payload_of(struct assay_case *t, const struct kxc_channel *channel,
                                          enum kx_payload_type type)
{
    struct kx_batch_payment says = {.binding = channel->lane.binding,
                                    .type = type,
                                    .outpoint = channel->head.outpoint,
                                    .channel = channel->lane.channel,
                                    .funding = channel->head.value};
    char *address = case_alloc(t, KASPA_ADDRESS_TEXT_MAX_BYTES);

    end_if(t, kx_lane_address(address, case_arena(t), &channel->lane, channel->head.claimed),
           "address");
    says.escrow_address = assay_str(address);
    memcpy(says.client, channel->client.xonly, sizeof(says.client));
    return says;
}

/* Terms as they are offered, but for the timeout, which is the channel's own: whoever offers later
 * ones by now takes it all the same. */
static struct kxc_draft *draft_new(struct assay_case *t, const struct kxc_channel *channel,
                                   const struct kxp_offer *offer, enum kx_payload_type type)
{
    const struct assay_bytes terms = assay_json_raw(&offer->doc, offer->batch.token);
    struct kxc_draft *d = case_alloc(t, sizeof(*d));

    *d = (struct kxc_draft){
        .t = t,
        .offer = offer,
        .channel = channel,
        .accepted = kxp_owned(t, json_loadb((const char *)terms.at, terms.len, 0, NULL)),
        .identifier = kxp_identifier(t),
        .says = payload_of(t, channel, type),
        .claimed = channel->head.claimed,
        .voucher = {.network = channel->lane.channel.network,
                    .covenant_id = channel->head.covenant_id,
                    .amount = channel->total + offer->batch.terms.amount},
        .domain = channel->lane.binding,
        .voucher_signer = channel->client,
        .signer = channel->client};
    kxc_accept_decimal(d, "extra.refundTimeoutDaa", channel->lane.channel.refund_timeout_daa);
    return d;
}

static void name_channel(struct kxc_draft *d)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(2 + KASPA_SPK_MAX_STANDARD_BYTES);
    struct kaspa_spk spk;

    if (!d->keeps_id)
        kx_channel_id(d->says.channel_id, d->says.binding, &d->says.channel);
    if (d->keeps_spk)
        return;
    end_if(d->t, kx_lane_spk(&spk, case_arena(d->t), &d->channel->lane, d->claimed), "script");
    kaspa_spk_add_bytes(&bytes, &spk);
    d->says.spk = peer_keep(d->t, &bytes);
}

/* ---- what is signed ---- */

static void sign(struct kxc_draft *d, uint8_t *out, const uint8_t *digest,
                 const struct assay_key *key)
{
    end_if(d->t, assay_schnorr_sign(out, digest, key, NULL), "signature");
}

static void sign_voucher(struct kxc_draft *d)
{
    struct kx_presentation *p = &d->says.presentation.says;

    kx_voucher_digest(p->voucher_digest, d->domain, &d->voucher);
    d->says.voucher.covenant_id = d->voucher.covenant_id;
    d->says.voucher.amount = d->voucher.amount;
    sign(d, d->says.voucher.signature, p->voucher_digest, &d->voucher_signer);
}

static void from_hex(struct kxc_draft *d, uint8_t out[32], const char *text, const char *what)
{
    end_if(d->t, assay_hex_decode(out, 32, assay_str(text != NULL ? text : ""), false), what);
}

/* Of a request that is bound to its caller the context is the one that the offer names: what it is
 * made of is the server's to know (section 5.3). */
static const char *fingerprint_of(struct kxc_draft *d)
{
    struct kxp_offer anonymous = *d->offer;
    char requirements[X402_HASH_TEXT_BYTES], *bound = case_alloc(d->t, X402_HASH_TEXT_BYTES);
    const char *hash;
    json_t *context;

    anonymous.caller = NULL;
    kxp_hash_json(d->t, requirements, d->accepted);
    hash = kxp_fingerprint(d->t, &anonymous, kxp_url_of(d->t, d->offer->want), requirements);
    if (d->offer->caller == NULL)
        return hash;
    context = json_pack("{s:s, s:s, s:s}", "requestHash", hash, "scope",
                        "kaspa:x402:trusted-request-context:v1", "securityContextHash",
                        kxp_hex(d->t, assay_bytes_of(d->offer->batch.context, 32)));
    kxp_hash_json(d->t, bound, kxp_owned(d->t, context));
    return bound;
}

/* What the client sees of his own request. */
static void fill_presentation(struct kxc_draft *d)
{
    struct kx_presentation *p = &d->says.presentation.says;
    struct assay_json doc = kxp_doc(d->t, assay_str(kxp_json_text(d->t, d->accepted)));
    int64_t life_ms = (int64_t)d->offer->batch.terms.max_timeout_s * 500;

    from_hex(d, p->fingerprint, fingerprint_of(d), "fingerprint");
    end_if(d->t,
           kx_batch_requirements_hash(p->requirements, d->channel->lane.binding, &doc, 0, NULL),
           "requirements hash");
    memcpy(p->context, d->offer->batch.context, sizeof(p->context));
    memcpy(p->channel_id, d->says.channel_id, sizeof(p->channel_id));
    p->covenant_id = d->voucher.covenant_id;
    p->has_identifier = d->identifier != NULL;
    p->identifier = assay_str(d->identifier != NULL ? d->identifier : "");
    p->expires_at = assay_str(kxp_time_text(d->t, case_now_ms(d->t) + life_ms));
    end_if(d->t, assay_random_system(p->nonce, sizeof(p->nonce)), "nonce");
}

static void sign_presentation(struct kxc_draft *d)
{
    struct kx_signed_presentation *p = &d->says.presentation;

    if (!d->keeps_digest)
        end_if(d->t, kx_presentation_digest(p->digest, &p->says), "presentation");
    sign(d, p->signature, p->digest, &d->signer);
}

/* The commitment that the server must make of it where it is charged (section 5.5). */
static void commit(struct kxc_draft *d)
{
    const struct kx_signed_presentation *p = &d->says.presentation;
    struct kx_commitment *c = &d->commitment;

    *c = (struct kx_commitment){.covenant_id = d->channel->head.covenant_id,
                                .outpoint = d->says.outpoint,
                                .voucher_amount = d->voucher.amount,
                                .charge = d->offer->batch.terms.amount,
                                .before = d->voucher.amount - d->offer->batch.terms.amount,
                                .after = d->voucher.amount,
                                .claimed = d->claimed};
    memcpy(c->channel_id, d->says.channel_id, sizeof(c->channel_id));
    memcpy(c->fingerprint, p->says.fingerprint, sizeof(c->fingerprint));
    memcpy(c->requirements, p->says.requirements, sizeof(c->requirements));
    memcpy(c->presentation, p->digest, sizeof(c->presentation));
    memcpy(c->voucher_signature, d->says.voucher.signature, sizeof(c->voucher_signature));
}

/* ---- what is sent ---- */

static void write_payment(struct kxc_draft *d)
{
    struct assay_buf text = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES);
    struct assay_bytes kept;
    json_t *payload;

    kx_batch_payload_write(&text, &d->says);
    kept = peer_keep(d->t, &text);
    payload = kxp_owned(d->t, json_loadb((const char *)kept.at, kept.len, 0, NULL));
    d->payment = kxp_owned(d->t, json_pack("{s:i, s:O, s:O}", "x402Version", X402_VERSION,
                                           "accepted", d->accepted, "payload", payload));
    if (d->identifier != NULL)
        (void)json_object_set_new(d->payment, "extensions",
                                  kxp_extensions(d->offer, d->identifier));
}

/* By what an operator names its attempt; a bent payment may have no name. */
static void name_attempt(struct kxc_payment *p, const struct kxc_draft *d)
{
    struct assay_json doc = kxp_doc(d->t, assay_str(kxp_json_text(d->t, d->payment)));
    char requirements[X402_HASH_TEXT_BYTES], accepted[X402_HASH_TEXT_BYTES],
        payload[X402_HASH_TEXT_BYTES], fingerprint[X402_HASH_TEXT_BYTES];
    const struct kx_presentation *says = &d->says.presentation.says;
    const struct kx_batch_attempt attempt = {d->says.channel_id, says->covenant_id.at, fingerprint,
                                             requirements, payload};
    struct kx_batch_payment read;

    assay_hex_encode(fingerprint, assay_bytes_of(says->fingerprint, 32));
    assay_hex_encode(accepted, assay_bytes_of(says->requirements, 32));
    if (kx_batch_payment_read(&read, case_arena(d->t), &doc, NULL) != KX_LOCAL_NONE ||
        kx_requirements_hash(requirements, &doc, read.envelope.accepted.token, NULL) != ASSAY_OK ||
        kx_batch_payload_hash(payload, &read, accepted) != ASSAY_OK ||
        kx_batch_attempt_id(p->sent.transaction_id, &attempt) != ASSAY_OK)
        p->sent.transaction_id[0] = '\0';
}

static const struct kxc_payment *encode(struct kxc_draft *d, struct kxc_channel *channel)
{
    struct kxc_payment *p = case_alloc(d->t, sizeof(*p));
    const char *text = kxp_json_text(d->t, d->payment);

    *p = (struct kxc_payment){.sent = {.offer = d->offer,
                                       .header = kxp_encode(d->t, assay_str(text)),
                                       .json = d->payment,
                                       .identifier = d->identifier},
                              .channel = channel,
                              .total = d->voucher.amount,
                              .type = d->says.type,
                              .commitment = d->commitment};
    memcpy(p->voucher, d->says.voucher.signature, sizeof(p->voucher));
    name_attempt(p, d);
    return p;
}

static void hook(struct kxc_draft *d, kxc_hook *change, const void *arg)
{
    d->arg = arg;
    if (change != NULL)
        change(d);
}

const struct kxc_payment *kxc_bent(struct assay_case *t, struct kxc_channel *channel,
                                   const struct kxp_offer *offer, enum kx_payload_type type,
                                   struct kxc_bend bend)
{
    const struct kxp_offer *ours = channel->offer;
    struct kxc_draft *d = draft_new(
        t, channel, offer != NULL ? offer : kxp_given_channel_offer_to(t, ours->want, ours->caller),
        type);

    hook(d, bend.terms, bend.arg);
    name_channel(d);
    sign_voucher(d);
    fill_presentation(d);
    hook(d, bend.present, bend.arg);
    sign_presentation(d);
    commit(d);
    write_payment(d);
    hook(d, bend.payload, bend.arg);
    return encode(d, channel);
}

const struct kxc_payment *kxc_voucher(struct assay_case *t, struct kxc_channel *channel)
{
    return kxc_bent(t, channel, NULL, KX_PAYLOAD_VOUCHER, (struct kxc_bend){0});
}

const struct kxc_payment *kxc_deposit(struct assay_case *t, struct kxc_channel *channel)
{
    return kxc_bent(t, channel, NULL, KX_PAYLOAD_DEPOSIT, (struct kxc_bend){0});
}

/* ---- sending ---- */

const struct peer_answer *kxc_send(struct assay_case *t, const char *label,
                                   const struct kxc_payment *payment)
{
    const struct kxp_offer *offer = payment->sent.offer;

    return peer_send(t, label, offer->want, kxp_headers_as(t, offer->caller, &payment->sent));
}

const struct peer_answer *kxc_send_until_known(struct assay_case *t, const char *label,
                                               const struct kxc_payment *payment)
{
    const struct kxp_offer *offer = payment->sent.offer;

    return kxp_send_until_known_as(t, label, offer->want, &payment->sent, offer->caller);
}

const struct kxc_payment *kxc_buy(struct assay_case *t, const char *label,
                                  struct kxc_channel *channel)
{
    const struct kxc_payment *paid = kxc_voucher(t, channel);

    (kxc_expect_charged)(t, kxc_send_until_known(t, label, paid), paid);
    return paid;
}
