/* A batch payload, written; and what makes two payments the same: see batch_payment.h. */
#include "kaspa_x402/batch_payment.h"

#include "base/hash.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"

void kx_channel_write(struct assay_buf *out, const struct kx_channel *c)
{
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "asset", KX_ASSET);
    kx_write_hex32(out, "clientPublicKey", c->client);
    kx_write_text(out, "network", c->network);
    kx_write_text(out, "payTo", c->pay_to);
    kx_write_text(out, "refundAddress", c->refund_address);
    kx_write_decimal(out, "refundTimeoutDaa", c->refund_timeout_daa);
    kx_write_hex32(out, "salt", c->salt);
    kx_write_hex32(out, "serverPublicKey", c->server);
    kx_write_text(out, "templateId", c->template_id);
    assay_buf_add_byte(out, '}');
}

static void write_voucher(struct assay_buf *out, const struct kx_batch_binding *binding,
                          const struct kx_signed_voucher *voucher)
{
    kx_write_name(out, "voucher");
    assay_buf_add_byte(out, '{');
    kx_write_decimal(out, binding->is_fixed ? "authorizedCumulativeAmount" : "amount",
                     voucher->amount);
    if (!binding->is_of_outpoint)
        kx_write_hex32(out, "covenantId", voucher->covenant_id.at);
    kx_write_hex(out, "signature", assay_bytes_of(voucher->signature, sizeof(voucher->signature)));
    assay_buf_add_byte(out, '}');
}

/* For replay without the identifier, which its digest covers. */
static void write_presentation(struct assay_buf *out, const struct kx_signed_presentation *p,
                               bool for_replay)
{
    const struct kx_presentation *says = &p->says;

    kx_write_name(out, "presentation");
    assay_buf_add_byte(out, '{');
    kx_write_hex32(out, "acceptedRequirementsHash", says->requirements);
    kx_write_hex32(out, "channelId", says->channel_id);
    kx_write_hex32(out, "covenantId", says->covenant_id.at);
    kx_write_hex32(out, "digest", p->digest);
    kx_write_text(out, "expiresAt", says->expires_at);
    kx_write_hex32(out, "nonce", says->nonce);
    if (!for_replay && says->has_identifier)
        kx_write_text(out, "paymentIdentifier", says->identifier);
    else if (!for_replay)
        kx_write_str(out, "paymentIdentifier", NULL);
    kx_write_hex32(out, "requestFingerprint", says->fingerprint);
    kx_write_hex32(out, "securityContextHash", says->context);
    kx_write_hex(out, "signature", assay_bytes_of(p->signature, sizeof(p->signature)));
    kx_write_str(out, "version", KX_PRESENTATION_VERSION);
    kx_write_hex32(out, "voucherDigest", says->voucher_digest);
    assay_buf_add_byte(out, '}');
}

/* For replay by its hash. */
static void write_funding(struct assay_buf *out, struct assay_bytes transaction, bool for_replay)
{
    uint8_t hash[ASSAY_SHA256_BYTES];

    if (transaction.len == 0)
        return;
    assay_sha256(hash, transaction);
    kx_write_hex(out, "fundingTransaction",
                 for_replay ? assay_bytes_of(hash, sizeof(hash)) : transaction);
}

/* Members in ascending order; what only some types have stands where it belongs. */
static void write_payload(struct assay_buf *out, const struct kx_batch_payment *p, bool for_replay)
{
    bool is_deposit = p->type == KX_PAYLOAD_DEPOSIT, is_refund = p->type == KX_PAYLOAD_REFUND;

    assay_buf_add_byte(out, '{');
    kx_write_hex(out, "activeScriptPublicKey", p->spk);
    if (is_deposit) {
        kx_write_name(out, "channelConfig");
        kx_channel_write(out, &p->channel);
    }
    kx_write_hex32(out, "channelId", p->channel_id);
    if (p->type == KX_PAYLOAD_CLAIM)
        kx_write_decimal(out, "claimAmount", p->claim);
    if (p->type == KX_PAYLOAD_VOUCHER)
        kx_write_hex32(out, "clientPublicKey", p->client);
    if (is_refund)
        kx_write_hex(out, "clientSignature",
                     assay_bytes_of(p->client_signature, sizeof(p->client_signature)));
    if (is_refund && !p->binding->is_of_outpoint)
        kx_write_hex32(out, "covenantId", p->covenant_id.at);
    if (is_deposit) {
        kx_write_text(out, "escrowAddress", p->escrow_address);
        kx_write_decimal(out, "fundingAmountSompi", p->funding);
    }
    kx_write_outpoint(out, "fundingOutpoint", &p->outpoint);
    if (is_deposit)
        write_funding(out, p->funding_transaction, for_replay);
    if (p->binding->is_fixed && (is_deposit || p->type == KX_PAYLOAD_VOUCHER))
        write_presentation(out, &p->presentation, for_replay);
    if (is_refund) {
        kx_write_text(out, "refundAddress", p->refund_address);
        kx_write_decimal(out, "refundAmount", p->refund);
    }
    kx_write_str(out, "type", kx_payload_type_name(p->type));
    if (!is_refund)
        write_voucher(out, p->binding, &p->voucher);
    assay_buf_add_byte(out, '}');
}

void kx_batch_payload_write(struct assay_buf *out, const struct kx_batch_payment *payment)
{
    write_payload(out, payment, false);
}

/* ---- what is the same ---- */

struct replayed {
    const struct kx_batch_payment *payment;
    const char *requirements; /* a hash */
};

static enum assay_code write_replayed(struct assay_buf *out, const void *what,
                                      struct assay_err *err)
{
    const struct replayed *r = what;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "acceptedRequirementsHash", r->requirements);
    kx_write_text(out, "network", r->payment->envelope.accepted.network);
    kx_write_name(out, "payload");
    write_payload(out, r->payment, true);
    kx_write_text(out, "scheme", r->payment->envelope.accepted.scheme);
    kx_write_str(out, "version", "kaspa-x402-payment-replay-v1");
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_batch_payload_hash(char *out, const struct kx_batch_payment *payment,
                                      const char *requirements)
{
    struct replayed replayed = {payment, requirements};

    return kx_write_hash(out, write_replayed, &replayed, NULL);
}

static enum assay_code write_attempt(struct assay_buf *out, const void *what, struct assay_err *err)
{
    const struct kx_batch_attempt *a = what;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_hex32(out, "channelId", a->channel_id);
    kx_write_hex32(out, "covenantId", a->covenant_id);
    kx_write_str(out, "paymentPayloadHash", a->payload);
    kx_write_str(out, "paymentRequirementsHash", a->requirements);
    kx_write_str(out, "requestFingerprint", a->fingerprint);
    kx_write_str(out, "scope", "kaspa:x402:batch-settlement-attempt:v2");
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_batch_attempt_id(char *out, const struct kx_batch_attempt *a)
{
    return kx_write_hash(out, write_attempt, a, NULL);
}

/* Whether a seeded defect takes vouchers that are not this one's. */
static bool is_lenient(void)
{
    return REF_DEFECT(kx_batch_voucher) || REF_DEFECT(kx_batch_voucher_domain) ||
           REF_DEFECT(kx_batch_voucher_network) || REF_DEFECT(kx_batch_voucher_lineage);
}

/* The digest of the other voucher that it takes. */
static void read_leniently(uint8_t digest[32], const struct kx_batch_binding *binding,
                           const struct kx_voucher *voucher)
{
    struct kx_voucher other = *voucher;

    if (REF_DEFECT(kx_batch_voucher_network))
        other.network = ASSAY_LIT(KX_NETWORK_MAINNET);
    if (REF_DEFECT(kx_batch_voucher_lineage))
        other.covenant_id = (struct kaspa_hash){{0}};
    kx_voucher_digest(digest, REF_DEFECT(kx_batch_voucher_domain) ? &kx_batch_bindings[1] : binding,
                      &other);
}

enum assay_sig kx_voucher_verify(const struct kx_batch_binding *binding,
                                 const struct kx_voucher *voucher, const uint8_t *signature,
                                 const uint8_t *client)
{
    uint8_t digest[32];
    enum assay_sig verdict;

    kx_voucher_digest(digest, binding, voucher);
    verdict = assay_schnorr_verify(signature, digest, client);
    if (verdict == ASSAY_SIG_GOOD || !is_lenient())
        return verdict;
    read_leniently(digest, binding, voucher);
    return REF_DEFECT(kx_batch_voucher) ? ASSAY_SIG_GOOD
                                        : assay_schnorr_verify(signature, digest, client);
}
