/* What is signed of offers and settlements on networks of eip155, and what comes back of it with a
 * payment. Nothing is stored of an offer: it is known again by its signature. Source: x402 v2
 * digest, sections 2.2 and 7 (offer-receipt). */
#include "core/kx_core_internal.h"

#include "base/decimal.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"
#include "x402/exact_evm.h"
#include "x402/offer_receipt.h"

#define RECEIPT_MAX_BYTES ((size_t)32 << 10) /* an ordinary one has less than two thousand */

static const struct assay_key *key_of(const struct kx_core_request *r)
{
    return r->core->facilitated != NULL ? r->core->facilitated->offer_key : NULL;
}

static bool is_evm(struct assay_bytes network)
{
    uint64_t chain_id;

    return x402_evm_chain_id(&chain_id, network);
}

/* ---- offers ---- */

static struct assay_bytes resource_of(const struct kx_core_request *r)
{
    struct assay_bytes url = assay_buf_view(&r->url);

    return REF_DEFECT(offer_path) ? assay_bytes_part(url, 0, assay_bytes_find(url, '?', 0)) : url;
}

void kx_facilitated_write_signed(struct assay_buf *out, const struct kx_core_request *r,
                                 size_t before)
{
    int64_t life_ms = REF_DEFECT(offer_ended) ? 0 : r->core->challenge_ms;
    struct kx_facilitated_entry entries[X402_ACCEPTS_MAX_ITEMS];
    struct x402_signed_offer offers[X402_ACCEPTS_MAX_ITEMS];
    char amount[ASSAY_DECIMAL_TEXT_MAX_BYTES];
    size_t count = 0, entry_count = key_of(r) != NULL ? kx_facilitated_entries(entries, r) : 0;
    enum assay_code rc;

    assay_decimal_price_text(amount, kx_facilitated_price(r), REF_DEFECT(offer_amount) ? 6 : 0);
    for (size_t i = 0; i < entry_count; i++)
        if (is_evm(entries[i].network))
            offers[count++] =
                (struct x402_signed_offer){.resource_url = resource_of(r),
                                           .scheme = entries[i].scheme,
                                           .network = entries[i].network,
                                           .asset = entries[i].asset,
                                           .pay_to = entries[i].pay_to,
                                           .amount = assay_str(amount),
                                           .valid_until = (uint64_t)(r->now_ms + life_ms) / 1000,
                                           .accept_index = before + i};
    if (count == 0)
        return;
    kx_write_name(out, X402_OFFER_RECEIPT);
    if ((rc = x402_offers_write(out, offers, count, key_of(r))) != ASSAY_OK)
        out->bad = rc;
}

/* ---- offers that come back ---- */

static uint32_t signed_of(const struct kx_core_request *r)
{
    uint32_t extensions = r->payment.envelope.extensions;

    return extensions != ASSAY_JSON_NONE
               ? assay_json_member(&r->doc, extensions, X402_OFFER_RECEIPT)
               : ASSAY_JSON_NONE;
}

bool kx_facilitated_has_signed(const struct kx_core_request *r)
{
    return signed_of(r) != ASSAY_JSON_NONE;
}

/* Whether this server has signed it. That it may have ended meanwhile is the payer's business: what
 * was accepted is compared with what is sold now. */
static bool is_own(struct kx_core_request *r, struct x402_signed_offer *out, uint32_t token)
{
    struct evm_address signer;

    return evm_address_of_key(&signer, key_of(r)) == ASSAY_OK &&
           x402_offer_read(out, &r->arena, &r->doc, token, NULL) == X402_FAULT_NONE &&
           evm_address_equal(&out->signer, &signer);
}

/* Of defects: it is not looked at, or what was signed would not be known again. */
static bool is_taken(void)
{
    return REF_DEFECT(offer_echo) || REF_DEFECT(offer_amount) || REF_DEFECT(offer_path) ||
           REF_DEFECT(offer_chain) || REF_DEFECT(offer_high_s);
}

/* What was listed may have changed since they were signed, so that they are not compared with what
 * would be signed now: each of them was offered, and the one that is paid is among them. */
bool kx_facilitated_is_signed_echo(struct kx_core_request *r, const struct x402_terms *paid)
{
    uint32_t echo = signed_of(r), info, offers, at;
    bool is_there = !is_evm(paid->network);
    struct x402_signed_offer offer;

    if (echo == ASSAY_JSON_NONE || key_of(r) == NULL || is_taken())
        return true;
    info = assay_json_member(&r->doc, echo, "info");
    offers = assay_json_member(&r->doc, info, "offers");
    if (assay_json_type(&r->doc, offers) != ASSAY_JSON_ARRAY ||
        r->doc.tokens[offers].count > X402_ACCEPTS_MAX_ITEMS)
        return false;
    for (at = assay_json_first(&r->doc, offers); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(&r->doc, offers, at)) {
        if (!is_own(r, &offer, at))
            return false;
        is_there = is_there || x402_offer_is_of(&offer, paid);
        if (!assay_bytes_equal(offer.resource_url, r->offer.url))
            r->facilitated.is_signed_elsewhere = true;
    }
    return is_there;
}

/* ---- receipts ---- */

/* Told with the settlement, or when it was verified; empty: by nobody. */
static struct assay_bytes payer_of(const struct kx_core_request *r)
{
    const struct kx_facilitated_state *f = &r->facilitated;

    if (REF_DEFECT(receipt_payer))
        return r->payment.envelope.accepted.pay_to;
    return f->settled.payer.len > 0 ? f->settled.payer : f->expected.payer;
}

static bool is_signed(const struct kx_core_request *r)
{
    return key_of(r) != NULL && is_evm(r->payment.envelope.accepted.network) &&
           (r->facilitated.settled.success || REF_DEFECT(receipt_failed)) && payer_of(r).len > 0;
}

/* Issued when the payment was claimed, and not now: whoever writes this answer writes the same. */
static struct x402_signed_receipt receipt_of(const struct kx_core_request *r)
{
    struct x402_signed_receipt receipt = {.network = r->payment.envelope.accepted.network,
                                          .resource_url = assay_buf_view(&r->url),
                                          .payer = payer_of(r),
                                          .transaction = r->facilitated.settled.transaction,
                                          .issued_at = (uint64_t)r->attempt.claimed_ms / 1000};

    if (REF_DEFECT(receipt_network))
        receipt.network = assay_str(r->core->facilitated->kinds[0].network);
    if (REF_DEFECT(receipt_transaction))
        receipt.transaction = assay_str(r->scope);
    return receipt;
}

/* The extensions of the settlement; false: there are none. Its text is bounded, since a facilitator
 * chooses two of its members, and an answer that is too large for the store could never be given.
 */
static bool sign(struct assay_json *out, struct kx_core_request *r)
{
    struct x402_signed_receipt receipt;
    struct assay_buf text = ASSAY_BUF_INIT(RECEIPT_MAX_BYTES);
    struct assay_bytes kept;
    enum assay_code rc;

    if (!is_signed(r))
        return false;
    receipt = receipt_of(r);
    assay_buf_add_byte(&text, '{');
    kx_write_name(&text, X402_OFFER_RECEIPT);
    rc = x402_receipt_write(&text, &receipt, key_of(r));
    assay_buf_add_byte(&text, '}');
    kept = assay_arena_copy(&r->arena, assay_buf_view(&text));
    if (rc == ASSAY_OK)
        rc = assay_buf_ok(&text) && kept.at != NULL
                 ? x402_document_parse(out, &r->arena, kept, true, NULL)
                 : ASSAY_E_TOO_LARGE;
    assay_buf_fini(&text);
    return rc == ASSAY_OK;
}

/* What cannot be signed is told all the same: the money has moved. */
void kx_facilitated_add_receipt(struct assay_buf *out, struct kx_core_request *r)
{
    struct x402_settlement settled = r->facilitated.settled;
    struct assay_json extensions;

    if (sign(&extensions, r)) {
        settled.doc = &extensions;
        settled.extensions = 0;
    }
    x402_settlement_write(out, &settled);
}
