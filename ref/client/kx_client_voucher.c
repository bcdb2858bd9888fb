/* What is presented for one request on a channel: the voucher and its presentation, which the
 * wallet signs over terms of ours, and the receipt, which has to count this very request. Source:
 * Kaspa x402 batch digest, sections 5, 6.2 and 6.4; client digest, F5 and F12. */
#include "client/kx_client_internal.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"

#define PAYMENT_MAX_BYTES ((size_t)2 * X402_DECODED_MAX_BYTES)

/* ---- the request as the channel's next ---- */

static bool intend(struct kx_client *c, int64_t now_ms)
{
    struct kx_client_attempt *a = &c->attempt;
    char expires_at[ASSAY_TIME_TEXT_BYTES], id[X402_HASH_TEXT_BYTES];

    assay_time_text(expires_at, kx_client_deadline(c, now_ms));
    assay_hex_encode(id, assay_bytes_of(c->channel.channel_id, sizeof(c->channel.channel_id)));
    a->expires_at = assay_arena_copy(&c->arena, assay_str(expires_at));
    a->channel_id = assay_arena_copy(&c->arena, assay_str(id));
    if (a->expires_at.at == NULL || a->channel_id.at == NULL)
        return kx_client_object(c, NULL, "out of memory");
    a->state = KX_CLIENT_INTENDED;
    a->method = c->job.method;
    a->url = c->url;
    a->amount = c->terms.amount_text;
    a->network = c->terms.network_text;
    a->pay_to = c->terms.pay_to;
    a->header = a->txid = a->since = ASSAY_LIT("");
    a->before = c->intent.before;
    a->funding = c->channel.head.value;
    a->claimed = c->channel.head.claimed;
    memcpy(a->request_key, c->key, sizeof(a->request_key));
    memcpy(a->intent_hash, c->consent, sizeof(a->intent_hash));
    c->has_attempt = true;
    return true;
}

struct kx_client_action kx_client_pend(struct kx_client *c, int64_t now_ms)
{
    struct kx_client_channel *channel = &c->channel;

    if (!intend(c, now_ms))
        return kx_client_finish(c);
    channel->pending = c->attempt.identifier;
    channel->pending_total = c->intent.after;
    if (channel->signed_total < channel->pending_total)
        channel->signed_total = channel->pending_total;
    return kx_client_save(c, KX_CLIENT_STEP_PEND);
}

/* ---- the wallet ---- */

/* Members of what is signed, and no digest: those are the wallet's to make (F12). */
static void write_order(struct assay_buf *out, const struct kx_client *c)
{
    const struct kx_client_channel *channel = &c->channel;

    assay_buf_add_byte(out, '{');
    kx_write_hex32(out, "acceptedRequirementsHash", c->accepted_hash);
    kx_write_text(out, "attemptId", c->attempt.identifier);
    kx_write_decimal(out, "authorizedCumulativeAmount", channel->pending_total);
    kx_write_hex32(out, "channelId", channel->channel_id);
    kx_write_hex32(out, "clientPublicKey", channel->config.client);
    kx_write_hex32(out, "covenantId", channel->head.covenant_id.at);
    kx_write_text(out, "expiresAt", c->attempt.expires_at);
    kx_write_text(out, "fundingSource", c->policy->source);
    kx_write_str(out, "intentDigest", c->consent);
    kx_write_text(out, "network", channel->config.network);
    kx_write_hex32(out, "nonce", c->job.nonce);
    kx_write_text(out, "paymentIdentifier", c->attempt.identifier);
    kx_write_str(out, "requestFingerprint", c->fingerprint);
    kx_write_str(out, "requestKey", c->key);
    kx_write_hex32(out, "securityContextHash", c->batch.context);
    assay_buf_add_byte(out, '}');
}

struct kx_client_action kx_client_sign_voucher(struct kx_client *c, int64_t now_ms)
{
    struct assay_buf text = ASSAY_BUF_INIT((size_t)1 << 20);
    struct assay_bytes body;

    write_order(&text, c);
    body = kx_client_kept(c, &text);
    if (body.at != NULL)
        return kx_client_call(c, KX_CLIENT_STEP_VOUCHER, "signBatchPayment", body);
    kx_client_record(c, NULL, "out of memory");
    return kx_client_stop(c, now_ms);
}

struct signatures {
    uint8_t voucher[ASSAY_SIG_BYTES], presentation[ASSAY_SIG_BYTES];
};

static bool read_signatures(struct kx_client *c, struct signatures *out, struct assay_bytes answer)
{
    static const struct kx_member members[] = {
        {"voucherSignature", KX_KIND_BYTES, KX_AT(struct signatures, voucher), NULL, false},
        {"presentationSignature", KX_KIND_BYTES, KX_AT(struct signatures, presentation), NULL,
         false},
    };
    struct assay_err err = {0};

    return kx_client_read_result(c, out, members, ARRAY_LEN(members), answer, &err) ||
           kx_client_object(c, "client.verify-artifact", "the wallet's signatures: %s", err.text);
}

/* ---- the payment ---- */

struct assay_bytes kx_client_head_spk(struct kx_client *c)
{
    struct assay_buf spk = ASSAY_BUF_INIT(256);
    struct kaspa_spk script;

    if (kx_lane_spk(&script, &c->arena, &c->lane, c->channel.head.claimed) != ASSAY_OK)
        return (struct assay_bytes){NULL, 0};
    kaspa_spk_add_bytes(&spk, &script);
    return kx_client_kept(c, &spk);
}

static bool fill_head(struct kx_client *c, struct kx_batch_payment *p)
{
    char *address = assay_arena_alloc(&c->arena, KASPA_ADDRESS_TEXT_MAX_BYTES);

    if (address == NULL ||
        kx_lane_address(address, &c->arena, &c->lane, c->channel.head.claimed) != ASSAY_OK)
        return kx_client_object(c, NULL, "out of memory");
    p->spk = kx_client_head_spk(c);
    p->escrow_address = assay_str(address);
    return p->spk.at != NULL || kx_client_object(c, NULL, "out of memory");
}

static void fill_presentation(const struct kx_client *c, struct kx_presentation *says)
{
    *says = (struct kx_presentation){.covenant_id = c->channel.head.covenant_id,
                                     .has_identifier = true,
                                     .identifier = c->attempt.identifier,
                                     .expires_at = c->attempt.expires_at};
    memcpy(says->fingerprint, c->intent.fingerprint, 32);
    memcpy(says->requirements, c->accepted_hash, 32);
    memcpy(says->context, c->batch.context, 32);
    memcpy(says->channel_id, c->channel.channel_id, 32);
    memcpy(says->nonce, c->job.nonce, 32);
}

/* All that is presented, but for its signatures. */
static bool fill_payment(struct kx_client *c, struct kx_batch_payment *p)
{
    const struct kx_client_channel *channel = &c->channel;
    const struct kx_voucher voucher = {.network = channel->config.network,
                                       .covenant_id = channel->head.covenant_id,
                                       .amount = channel->pending_total};
    struct kx_signed_presentation *presented = &p->presentation;

    *p = (struct kx_batch_payment){
        .binding = c->batch.binding,
        .type = channel->is_announced ? KX_PAYLOAD_VOUCHER : KX_PAYLOAD_DEPOSIT,
        .outpoint = channel->head.outpoint,
        .voucher = {.covenant_id = voucher.covenant_id, .amount = voucher.amount},
        .channel = channel->config,
        .funding = channel->head.value,
        .funding_transaction = ASSAY_LIT(""),
    };
    memcpy(p->channel_id, channel->channel_id, sizeof(p->channel_id));
    memcpy(p->client, channel->config.client, sizeof(p->client));
    fill_presentation(c, &presented->says);
    kx_voucher_digest(presented->says.voucher_digest, p->binding, &voucher);
    if (kx_presentation_digest(presented->digest, &presented->says) != ASSAY_OK)
        return kx_client_object(c, NULL, "out of memory");
    return fill_head(c, p);
}

/* Both are verified before either is sent: a wallet that signs other things is found out here. */
static bool judge_signatures(struct kx_client *c, const struct kx_batch_payment *p)
{
    const struct kx_voucher voucher = {.network = c->channel.config.network,
                                       .covenant_id = p->voucher.covenant_id,
                                       .amount = p->voucher.amount};

    if (REF_DEFECT(kx_client_voucher_unverified))
        return true;
    if (kx_voucher_verify(p->binding, &voucher, p->voucher.signature, p->client) != ASSAY_SIG_GOOD)
        return kx_client_object(c, "client.verify-artifact",
                                "the wallet's voucher is not signed for this channel and total");
    return assay_schnorr_verify(p->presentation.signature, p->presentation.digest, p->client) ==
               ASSAY_SIG_GOOD ||
           kx_client_object(c, "client.verify-artifact",
                            "the wallet's presentation is not signed for this request");
}

static struct assay_bytes payment_text(struct kx_client *c, const struct kx_batch_payment *p)
{
    struct assay_buf text = ASSAY_BUF_INIT(PAYMENT_MAX_BYTES), *out = &text;

    assay_buf_add_byte(out, '{');
    kx_write_name(out, "accepted");
    assay_buf_add(out, assay_json_raw(&c->accepted, 0));
    kx_client_write_extensions(out, c);
    kx_write_name(out, "payload");
    kx_batch_payload_write(out, p);
    assay_buf_add_str(out, ",\"x402Version\":2}");
    return kx_client_kept(c, out);
}

static bool read_payment(struct kx_client *c, struct assay_bytes text)
{
    struct assay_err err = {0};

    if (text.at != NULL &&
        x402_document_parse(&c->payment_doc, &c->arena, text, true, &err) == ASSAY_OK &&
        kx_batch_payment_read(&c->voucher, &c->arena, &c->payment_doc, &err) == KX_LOCAL_NONE)
        return true;
    return kx_client_object(c, "client.bounds", "the payment cannot be made: %s",
                            err.code != ASSAY_OK ? err.text : "out of memory");
}

/* ---- the receipt ---- */

static struct kx_commitment commitment_of(const struct kx_client *c)
{
    const struct kx_batch_payment *p = &c->voucher;
    struct kx_commitment made = {
        .covenant_id = p->voucher.covenant_id,
        .outpoint = p->outpoint,
        .charge = p->voucher.amount - c->attempt.before,
        .before = c->attempt.before,
        .after = p->voucher.amount,
        .claimed = c->attempt.claimed,
    };

    memcpy(made.channel_id, p->channel_id, 32);
    memcpy(made.fingerprint, p->presentation.says.fingerprint, 32);
    memcpy(made.requirements, p->presentation.says.requirements, 32);
    memcpy(made.presentation, p->presentation.digest, 32);
    memcpy(made.voucher_signature, p->voucher.signature, ASSAY_SIG_BYTES);
    return made;
}

/* The commitment's id is known before anything is sent. */
static bool make_header(struct kx_client *c)
{
    struct assay_buf header = ASSAY_BUF_INIT(X402_HEADER_MAX_CHARS);
    struct kx_commitment made = commitment_of(c);
    struct assay_err err = {0};
    char text[X402_HASH_TEXT_BYTES];
    enum assay_code rc = x402_header_encode(&header, &c->payment_doc, &err);
    uint8_t id[32];

    kx_commitment_id(id, c->voucher.binding, &made);
    assay_hex_encode(text, assay_bytes_of(id, sizeof(id)));
    c->attempt.header = kx_client_kept(c, &header);
    c->attempt.txid = assay_arena_copy(&c->arena, assay_str(text));
    if (rc == ASSAY_OK && c->attempt.header.at != NULL && c->attempt.txid.at != NULL)
        return true;
    return kx_client_object(c, "client.bounds", "the payment does not fit its header: %s",
                            err.text);
}

bool kx_client_take_voucher(struct kx_client *c, struct assay_bytes answer)
{
    struct kx_batch_payment payment;
    struct signatures signatures;

    if (!read_signatures(c, &signatures, answer) || !fill_payment(c, &payment))
        return false;
    memcpy(payment.voucher.signature, signatures.voucher, ASSAY_SIG_BYTES);
    memcpy(payment.presentation.signature, signatures.presentation, ASSAY_SIG_BYTES);
    return judge_signatures(c, &payment) && read_payment(c, payment_text(c, &payment)) &&
           make_header(c);
}

/* Its sums are those of the attempt's file: a total that is not above what stood before it would
 * make a charge of nonsense. */
bool kx_client_retake_voucher(struct kx_client *c)
{
    struct assay_err err = {0};
    struct assay_bytes json;

    if (x402_header_decode(&json, &c->arena, c->attempt.header, &err) != ASSAY_OK)
        return kx_client_object(c, NULL, "the saved payment: %s", err.text);
    return read_payment(c, json) &&
           (c->voucher.voucher.amount > c->attempt.before ||
            kx_client_object(c, NULL, "the saved payment contradicts its attempt"));
}

/* Of defect client.channel.receipt_state: what the server tells is what is known. */
static void believe(struct kx_channel_view *view, const struct kx_batch_settled *told)
{
    view->outpoint = told->state.outpoint;
    view->accounts = (struct kx_accounts){.funding = told->state.funding,
                                          .authorized = told->state.authorized,
                                          .charged = told->state.charged,
                                          .claimed = told->state.claimed};
}

static bool is_of_charge(struct kx_batch_settled *told, struct kx_channel_view *view,
                         const struct kx_commitment *made, struct assay_err *err)
{
    if (REF_DEFECT(kx_client_receipt_state))
        believe(view, told);
    if (REF_DEFECT(kx_client_receipt_id))
        kx_commitment_id(told->id, view->binding, made);
    return kx_batch_settlement_judge(told, view, made, err) == KX_LOCAL_NONE;
}

/* Of defect client.channel.signature_told: the reason that is recorded first is the one that is
 * told. */
static void tell_signature(struct kx_client *c)
{
    char text[2 * ASSAY_SIG_BYTES + 1];

    if (!REF_DEFECT(kx_client_signature_told))
        return;
    assay_hex_encode(text, assay_bytes_of(c->voucher.voucher.signature, ASSAY_SIG_BYTES));
    kx_client_record(c, "client.channel.receipt", "the receipt is not that of the voucher %s",
                     text);
}

enum kx_client_word kx_client_receipt(struct kx_client *c, const struct assay_json *doc)
{
    const struct kx_batch_payment *p = &c->voucher;
    const struct kx_commitment made = commitment_of(c);
    const struct kx_channel_view known = {
        .binding = p->binding,
        .covenant_id = p->voucher.covenant_id,
        .outpoint = p->outpoint,
        .spk = p->spk,
        .accounts = {.funding = c->attempt.funding,
                     .authorized = made.after,
                     .charged = made.after,
                     .claimed = made.claimed},
    };
    struct kx_channel_view view = known;
    struct kx_batch_settled told;
    struct assay_err err = {0};

    memcpy(view.channel_id, p->channel_id, sizeof(view.channel_id));
    if (REF_DEFECT(kx_client_receipt_unread))
        return KX_CLIENT_SAID_PAID;
    if (kx_batch_settlement_read(&told, &c->arena, doc, p->binding, p->type, &err) ==
            KX_LOCAL_NONE &&
        is_of_charge(&told, &view, &made, &err))
        return KX_CLIENT_SAID_PAID;
    tell_signature(c);
    kx_client_record(c, "client.channel.receipt",
                     "the receipt is not that of this request, and nothing else is signed on "
                     "the channel: %s",
                     err.text);
    return KX_CLIENT_SAID_OTHER;
}

/* The channel's own count grows by a receipt alone, and never twice for one. */
void kx_client_charged(struct kx_client *c)
{
    struct kx_client_channel *channel = &c->channel;

    c->attempt.state = KX_CLIENT_SETTLED;
    if (!c->has_channel || !assay_bytes_equal(channel->pending, c->attempt.identifier))
        return;
    if (!REF_DEFECT(kx_client_total_forgotten))
        channel->total = channel->pending_total;
    channel->pending = ASSAY_LIT("");
    channel->pending_total = 0;
    channel->is_announced = true;
}
