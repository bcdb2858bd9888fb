/* The digests of scheme batch-settlement; see batch.h. */
#include "base/cursor.h"
#include "base/hash.h"
#include "base/planted.h"
#include "defects/defects.h"
#include "kaspa_x402/batch.h"
#include "kaspa_x402/exact_hash_internal.h"
#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/kx.h"

const struct kx_batch_binding kx_batch_bindings[KX_BATCH_BINDINGS] = {
    {
        .name = "kaspa-escrow-v1",
        .channel_domain = "kaspa:x402:channel:v1",
        .voucher_domain = "kaspa:x402:escrow-voucher:v1",
        .commitment_domain = "kaspa:x402:batch-commitment:v1",
        .requirements_domain = "kaspa:x402:batch-payment-requirements:v1",
        .templates = {"kaspa-x402-escrow-v1"},
        .is_of_outpoint = true,
        .has_mainnet = true,
        .amount_max = UINT64_MAX,
    },
    {
        .name = "kaspa-escrow-v2",
        .channel_domain = "kaspa:x402:channel:v1",
        .voucher_domain = "kaspa:x402:escrow-voucher:v2",
        .commitment_domain = "kaspa:x402:batch-commitment:v2",
        .requirements_domain = "kaspa:x402:batch-payment-requirements:v2",
        .templates = {"kaspa-x402-escrow-v2", "kaspa-x402-escrow-v3"},
        .has_reserve = true,
        .amount_max = KX_BATCH_AMOUNT_MAX,
    },
    {
        .name = "kaspa-escrow-v3",
        .channel_domain = "kaspa:x402:channel:v2",
        .voucher_domain = "kaspa:x402:escrow-voucher:v3",
        .commitment_domain = "kaspa:x402:batch-commitment:v3",
        .requirements_domain = "kaspa:x402:batch-payment-requirements:v3",
        .templates = {"kaspa-x402-escrow-v4", "kaspa-x402-escrow-v5"},
        .has_reserve = true,
        .is_fixed = true,
        .amount_max = KX_BATCH_AMOUNT_MAX,
    },
};

const struct kx_batch_binding *kx_batch_binding_find(struct assay_bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(kx_batch_bindings); i++)
        if (assay_bytes_is(name, kx_batch_bindings[i].name))
            return &kx_batch_bindings[i];
    return NULL;
}

bool kx_batch_has_template(const struct kx_batch_binding *binding, struct assay_bytes template_id)
{
    for (size_t i = 0; i < ARRAY_LEN(binding->templates) && binding->templates[i] != NULL; i++)
        if (assay_bytes_is(template_id, binding->templates[i]) ||
            (PLANTED(template_id) &&
             strncmp(binding->templates[i], (const char *)template_id.at, template_id.len) == 0))
            return true;
    return false;
}

/* ---- binary preimages ---- */

static void add(struct assay_sha256 *h, const uint8_t *at, size_t len)
{
    assay_sha256_add(h, assay_bytes_of(at, len));
}

/* A text contributes its hash, so that no two fields can be taken for one. */
static void add_text(struct assay_sha256 *h, struct assay_bytes text)
{
    uint8_t hash[ASSAY_SHA256_BYTES];

    assay_sha256(hash, text);
    add(h, hash, sizeof(hash));
}

static void begin(struct assay_sha256 *h, const char *domain)
{
    assay_sha256_init(h);
    add_text(h, assay_str(domain));
}

static void add_le(struct assay_sha256 *h, uint64_t value, size_t len)
{
    uint8_t bytes[8];

    assay_put_le(bytes, len, value);
    add(h, bytes, len);
}

static void add_outpoint(struct assay_sha256 *h, const struct kaspa_outpoint *outpoint)
{
    add(h, outpoint->txid.at, sizeof(outpoint->txid.at));
    add_le(h, outpoint->index, 4);
}

void kx_channel_id(uint8_t out[32], const struct kx_batch_binding *binding,
                   const struct kx_channel *channel)
{
    struct assay_sha256 h;

    begin(&h, binding->channel_domain);
    add_text(&h, channel->network);
    add_text(&h, assay_str(KX_ASSET));
    add_text(&h, channel->template_id);
    add(&h, channel->client, sizeof(channel->client));
    add(&h, channel->server, sizeof(channel->server));
    add_text(&h, channel->pay_to);
    add_text(&h, PLANTED(channel_refund) ? channel->pay_to : channel->refund_address);
    add_le(&h,
           channel->refund_timeout_daa &
               (REF_DEFECT(kx_batch_channel_timeout) ? UINT32_MAX : UINT64_MAX),
           8);
    add(&h, channel->salt, sizeof(channel->salt));
    assay_sha256_end(&h, out);
}

void kx_spk_hash(uint8_t out[32], const struct kaspa_spk *spk)
{
    const uint8_t version[] = {(uint8_t)(spk->version >> 8), (uint8_t)spk->version};
    struct assay_sha256 h;

    assay_sha256_init(&h);
    add(&h, version, sizeof(version));
    assay_sha256_add(&h, spk->script);
    assay_sha256_end(&h, out);
}

static void add_spk(struct assay_sha256 *h, const struct kaspa_spk *spk)
{
    uint8_t hash[ASSAY_SHA256_BYTES];

    kx_spk_hash(hash, spk);
    add(h, hash, sizeof(hash));
}

void kx_voucher_digest(uint8_t out[32], const struct kx_batch_binding *binding,
                       const struct kx_voucher *voucher)
{
    struct assay_sha256 h;

    begin(&h, binding->voucher_domain);
    add_text(&h, voucher->network);
    if (binding->is_of_outpoint) {
        add_spk(&h, &voucher->spk);
        add_outpoint(&h, &voucher->outpoint);
    } else {
        add(&h, voucher->covenant_id.at, sizeof(voucher->covenant_id.at));
    }
    add_le(&h, voucher->amount, 8);
    assay_sha256_end(&h, out);
}

/* The sums stand behind the outpoint where the charge is fixed, else behind the charge. */
static void add_sums(struct assay_sha256 *h, const struct kx_batch_binding *binding,
                     const struct kx_commitment *c)
{
    uint8_t signature[ASSAY_SHA256_BYTES];

    assay_sha256(signature, assay_bytes_of(c->voucher_signature, sizeof(c->voucher_signature)));
    if (binding->is_fixed) {
        add_le(h, PLANTED(commitment_sums) ? c->after : c->before, 8);
        add_le(h, PLANTED(commitment_sums) ? c->before : c->after, 8);
    } else {
        add_le(h, c->voucher_amount, 8);
    }
    add(h, signature, sizeof(signature));
    add_le(h, c->charge, 8);
    if (!binding->is_fixed) {
        add_le(h, c->before, 8);
        add_le(h, c->after, 8);
    }
    add_le(h, c->claimed, 8);
}

void kx_commitment_id(uint8_t out[32], const struct kx_batch_binding *binding,
                      const struct kx_commitment *c)
{
    struct assay_sha256 h;

    begin(&h, binding->commitment_domain);
    add(&h, c->channel_id, sizeof(c->channel_id));
    if (!binding->is_of_outpoint)
        add(&h, c->covenant_id.at, sizeof(c->covenant_id.at));
    if (binding->is_fixed)
        add(&h, c->presentation, sizeof(c->presentation));
    add(&h, c->fingerprint, sizeof(c->fingerprint));
    add(&h, c->requirements, sizeof(c->requirements));
    add_outpoint(&h, &c->outpoint);
    add_sums(&h, binding, c);
    assay_sha256_end(&h, out);
}

void kx_batch_terms_hash(uint8_t out[32], const struct kx_batch_binding *binding,
                         const struct kx_batch_terms *terms)
{
    struct assay_sha256 h;

    begin(&h, binding->requirements_domain);
    add_text(&h, assay_str(KX_SCHEME_BATCH));
    add_text(&h, terms->network);
    add_text(&h, assay_str(KX_ASSET));
    add_le(&h, terms->amount, 8);
    add_text(&h, terms->pay_to);
    add_le(&h, terms->max_timeout_s, 8);
    add_text(&h, assay_str(binding->name));
    add_text(&h, terms->template_id);
    add(&h, terms->server, sizeof(terms->server));
    add_le(&h, terms->min_deposit, 8);
    if (binding->has_reserve)
        add_le(&h, terms->claim_reserve, 8);
    add_le(&h, terms->refund_timeout_daa, 8);
    assay_sha256_end(&h, out);
}

/* ---- canonical JSON ---- */

static enum assay_code write_presentation(struct assay_buf *out, const void *what,
                                          struct assay_err *err)
{
    const struct kx_presentation *p = what;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_hex32(out, "acceptedRequirementsHash", p->requirements);
    kx_write_hex32(out, "channelId", p->channel_id);
    kx_write_hex32(out, "covenantId", p->covenant_id.at);
    kx_write_text(out, "expiresAt", p->expires_at);
    kx_write_hex32(out, "nonce", p->nonce);
    if (p->has_identifier)
        kx_write_text(out, "paymentIdentifier", p->identifier);
    else
        kx_write_str(out, "paymentIdentifier", NULL);
    kx_write_hex32(out, "requestFingerprint", p->fingerprint);
    kx_write_str(out, "scope", "kaspa:x402:batch-presentation:v1");
    kx_write_hex32(out, "securityContextHash", p->context);
    kx_write_hex32(out, "voucherDigest", p->voucher_digest);
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_presentation_digest(uint8_t out[32], const struct kx_presentation *p)
{
    return kx_write_digest(out, write_presentation, p, NULL);
}

struct accepted {
    const struct kx_batch_binding *binding;
    const struct assay_json *doc;
    uint32_t token;
};

static enum assay_code write_accepted(struct assay_buf *out, const void *what,
                                      struct assay_err *err)
{
    const struct accepted *a = what;
    enum assay_code rc;

    assay_buf_add_byte(out, '{');
    kx_write_name(out, "accepted");
    rc = assay_json_canonical(out, a->doc, a->token, err);
    kx_write_str(out, "scope", a->binding->requirements_domain);
    assay_buf_add_byte(out, '}');
    return rc;
}

enum assay_code kx_batch_requirements_hash(uint8_t out[32], const struct kx_batch_binding *binding,
                                           const struct assay_json *doc, uint32_t accepted,
                                           struct assay_err *err)
{
    struct assay_buf copy = ASSAY_BUF_INIT(doc->text.len);
    struct assay_json lowered;
    struct accepted a = {.binding = binding, .doc = &lowered, .token = accepted};
    enum assay_code rc = kx_lower_terms(&copy, &lowered, doc, accepted, err);

    if (rc == ASSAY_OK)
        rc = kx_write_digest(out, write_accepted, &a, err);
    assay_buf_fini(&copy);
    return rc;
}
