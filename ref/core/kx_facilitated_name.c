/* By what a payment that a facilitator settles is known: what it can move once, and what it has
 * bought. Source: x402 v2 digest, sections 2.2, 7, 8 and 10.
 *
 *  An authorization of EIP-3009 moves once what its payer has signed, and its contract knows it by
 * payer and nonce: so does its name here, by their values, however they are written, and whatever
 * stands beside them unsigned.
 *
 *  Of any other payload it is not known here what of it moves money, so that one more member makes
 * another payment of it; what is known then is by what it was settled. Scheme exact moves what was
 * asked, and so a transaction settles one payment (section 8): the store lets each buy once, in the
 * step that stores the answer, whatever the payment is called. A copy that is told the transaction
 * of the first one gets nothing; an identical retry is the same payment, and gets the stored
 * answer. */
#include "base/hex.h"
#include "core/kx_core_internal.h"

#include "defects/defects.h"

#define PAYLOAD "assay:x402:payload:v1"
#define SPENT "assay:x402:spent:v2"
#define SETTLED "assay:x402:settled:v1"

/* Of defects: what shall not be in the name, and makes another of it for each request, or for each
 * time that it comes. */
static void add_alias(struct assay_buf *text, const struct kx_core_request *r)
{
    if (REF_DEFECT(fac_unbound))
        assay_buf_add_str(text, r->fingerprint);
    if (REF_DEFECT(fac_memory))
        assay_buf_printf(text, "%llu", (unsigned long long)r->event.random);
}

static enum assay_code hash_text(char *out, struct assay_buf *text, enum assay_code rc)
{
    if (rc == ASSAY_OK)
        rc = text->bad;
    if (rc == ASSAY_OK)
        x402_hash_text(out, assay_buf_view(text));
    assay_buf_fini(text);
    return rc;
}

/* Of a part of the payment, on the network and of the asset that it accepts. */
static enum assay_code hash_of(char *out, const char *domain, const struct kx_core_request *r,
                               uint32_t token)
{
    const struct x402_terms *accepted = &r->payment.envelope.accepted;
    struct assay_buf text = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);

    assay_buf_add_str(&text, domain);
    add_alias(&text, r);
    assay_json_add_string(&text, accepted->network);
    assay_json_add_string(&text, accepted->asset);
    return hash_text(out, &text, assay_json_canonical(&text, &r->doc, token, NULL));
}

/* Letters of hex are one whatever their case. */
static void add_lower(struct assay_buf *out, struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        assay_buf_add_byte(out,
                           text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] | 0x20 : text.at[i]);
}

enum assay_code kx_facilitated_authorization(struct kx_core_request *r)
{
    const struct x402_payment *envelope = &r->payment.envelope;
    struct kx_facilitated_state *f = &r->facilitated;
    struct assay_err err = {0};

    f->is_authorized = x402_evm_takes(&r->doc, &envelope->accepted) && !REF_DEFECT(fac_text);
    return !f->is_authorized || x402_evm_payload_read(&f->authorized, &r->arena, &r->doc,
                                                      envelope->payload, &err) == X402_EVM__COUNT
               ? ASSAY_OK
               : err.code;
}

/* What the token's contract lets move once. */
static enum assay_code hash_authorized(char *out, const struct kx_core_request *r)
{
    const struct x402_terms *accepted = &r->payment.envelope.accepted;
    const struct evm_transfer *transfer = &r->facilitated.authorized.transfer;
    struct assay_buf text = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);

    assay_buf_add_str(&text, SPENT);
    add_alias(&text, r);
    assay_json_add_string(&text, accepted->network);
    assay_buf_add_byte(&text, '"');
    add_lower(&text, accepted->asset);
    assay_buf_add_byte(&text, '"');
    assay_buf_add_hex(&text, assay_bytes_of(transfer->from.at, sizeof(transfer->from.at)));
    assay_buf_add_hex(&text, assay_bytes_of(transfer->nonce, sizeof(transfer->nonce)));
    return hash_text(out, &text, ASSAY_OK);
}

/* Of defect facilitator.named_by_text: what was authorised, as it was written; also where the
 * network has no such thing. */
static uint32_t authorization_or_payload(const struct kx_core_request *r)
{
    uint32_t payload = r->payment.envelope.payload;
    uint32_t authorization = assay_json_member(&r->doc, payload, "authorization");

    return assay_json_type(&r->doc, authorization) == ASSAY_JSON_OBJECT ? authorization : payload;
}

static enum assay_code hash_spent(char *out, const struct kx_core_request *r)
{
    if (REF_DEFECT(fac_text))
        return hash_of(out, SPENT, r, authorization_or_payload(r));
    return r->facilitated.is_authorized ? hash_authorized(out, r)
                                        : hash_of(out, SPENT, r, r->payment.envelope.payload);
}

enum assay_code kx_facilitated_name(struct kx_core_request *r)
{
    const struct x402_payment *envelope = &r->payment.envelope;
    enum assay_code rc;

    if ((rc = kx_requirements_hash(r->requirements, &r->doc, envelope->accepted.token, NULL)) !=
            ASSAY_OK ||
        (rc = kx_fingerprint(r->fingerprint, &r->request, r->requirements, NULL)) != ASSAY_OK ||
        (rc = hash_of(r->payload_hash, PAYLOAD, r, envelope->payload)) != ASSAY_OK ||
        (rc = hash_spent(r->scope, r)) != ASSAY_OK)
        return rc;
    if (r->identifier.len == 0 || REF_DEFECT(fac_memory))
        r->identifier = assay_str(r->payload_hash);
    return ASSAY_OK;
}

enum assay_code kx_facilitated_name_settlement(char *out, const struct kx_core_request *r)
{
    const struct x402_settlement *settled = &r->facilitated.settled;
    struct assay_buf text = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);
    uint64_t chain_id;

    out[0] = '\0';
    if (settled->transaction.len == 0)
        return ASSAY_OK;
    assay_buf_add_str(&text, SETTLED);
    if (REF_DEFECT(fac_spent_again))
        assay_buf_add_str(&text, r->attempt.txid);
    assay_json_add_string(&text, settled->network);
    if (x402_evm_chain_id(&chain_id, settled->network))
        add_lower(&text, settled->transaction);
    else
        assay_buf_add(&text, settled->transaction);
    return hash_text(out, &text, ASSAY_OK);
}
