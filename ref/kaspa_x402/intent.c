/* What a payer consents to; see intent.h. */
#include "kaspa_x402/intent.h"

#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/kx.h"

#define SCOPE "kaspa:x402:batch-payment-intent:v1"

static bool sum(uint64_t *out, uint64_t a, uint64_t b)
{
    if (a > KX_BATCH_AMOUNT_MAX || b > KX_BATCH_AMOUNT_MAX - a)
        return false;
    *out = a + b;
    return true;
}

/* What each operation brings, and what there was before it. */
static enum kx_intent_fault check_operation(const struct kx_intent *i)
{
    if (i->operation == KX_INTENT_OPEN)
        return i->deposit > 0 && i->funding == 0 && i->top_up == 0 && i->before == 0 &&
                       i->claimed == 0 && !i->has_channel
                   ? KX_INTENT_OK
                   : KX_INTENT_FAULT_OPEN;
    if (!i->has_channel || i->deposit > 0)
        return KX_INTENT_FAULT_CHANNEL;
    return (i->top_up > 0) == (i->operation == KX_INTENT_TOP_UP) ? KX_INTENT_OK
                                                                 : KX_INTENT_FAULT_TOP_UP;
}

static enum kx_intent_fault complete(struct kx_intent *i)
{
    enum kx_intent_fault fault = check_operation(i);
    uint64_t due;

    if (i->charge == 0)
        return KX_INTENT_FAULT_CHARGE;
    if (i->claimed > i->before)
        return KX_INTENT_FAULT_CLAIMED;
    if (fault != KX_INTENT_OK)
        return fault;
    if (!sum(&i->after, i->before, i->charge) ||
        !sum(&i->resulting_funding, i->funding, i->deposit + i->top_up) ||
        !sum(&i->exposure, i->claimed, i->resulting_funding) ||
        !sum(&due, i->after - i->claimed, i->reserve))
        return KX_INTENT_FAULT_RANGE;
    if (due > i->resulting_funding)
        return KX_INTENT_FAULT_RESERVE;
    if (i->timeout_daa <= i->current_daa)
        return KX_INTENT_FAULT_TIMEOUT;
    i->distance_daa = i->timeout_daa - i->current_daa;
    return KX_INTENT_OK;
}

enum kx_intent_fault kx_intent_complete(struct kx_intent *intent)
{
    struct kx_intent i = *intent;
    enum kx_intent_fault fault = i.deposit > KX_BATCH_AMOUNT_MAX || i.top_up > KX_BATCH_AMOUNT_MAX
                                     ? KX_INTENT_FAULT_RANGE
                                     : complete(&i);

    if (fault == KX_INTENT_OK)
        *intent = i;
    return fault;
}

const char *kx_intent_fault_text(enum kx_intent_fault fault)
{
    static const char *const texts[] = {"nothing is wrong",
#define X(fault, text) text,
                                        KX_INTENT_FAULTS(X)
#undef X
    };

    return texts[fault];
}

/* ---- the object ---- */

static void write_hash_or_null(struct assay_buf *out, const char *name, bool is_there,
                               const uint8_t *hash)
{
    if (is_there)
        kx_write_hex(out, name, assay_bytes_of(hash, 32));
    else
        kx_write_str(out, name, NULL);
}

static void write_amount_or_null(struct assay_buf *out, const char *name, bool is_there,
                                 uint64_t amount)
{
    if (is_there)
        kx_write_decimal(out, name, amount);
    else
        kx_write_str(out, name, NULL);
}

enum assay_code kx_intent_write(struct assay_buf *out, const struct kx_intent *i)
{
    static const char *const operations[] = {"open", "charge", "top-up"};

    assay_buf_add_byte(out, '{');
    kx_write_hex(out, "acceptedRequirementsHash", assay_bytes_of(i->requirements, 32));
    kx_write_str(out, "asset", KX_ASSET);
    kx_write_decimal(out, "authoritativeCurrentDaa", i->current_daa);
    kx_write_decimal(out, "authorizedCumulativeAfter", i->after);
    kx_write_decimal(out, "authorizedCumulativeBefore", i->before);
    write_hash_or_null(out, "channelId", i->has_channel, i->channel_id);
    kx_write_decimal(out, "claimReserveSompi", i->reserve);
    kx_write_decimal(out, "claimedCumulativeAmount", i->claimed);
    write_hash_or_null(out, "clientPublicKey", i->has_channel, i->client);
    write_hash_or_null(out, "covenantId", i->has_channel, i->covenant_id.at);
    kx_write_decimal(out, "currentFundingSompi", i->funding);
    kx_write_decimal(out, "fixedChargeSompi", i->charge);
    kx_write_text(out, "fundingSource", i->funding_source);
    kx_write_decimal(out, "initialDepositSompi", i->deposit);
    write_amount_or_null(out, "mcpErrorChargeSompi", i->has_mcp_charge, i->charge);
    kx_write_text(out, "network", i->network);
    kx_write_str(out, "operation", operations[i->operation]);
    kx_write_text(out, "origin", i->origin);
    kx_write_text(out, "payTo", i->pay_to);
    if (i->identifier.len > 0)
        kx_write_text(out, "paymentIdentifier", i->identifier);
    else
        kx_write_str(out, "paymentIdentifier", NULL);
    kx_write_decimal(out, "refundDistanceDaa", i->distance_daa);
    kx_write_decimal(out, "refundTimeoutDaa", i->timeout_daa);
    kx_write_hex(out, "requestFingerprint", assay_bytes_of(i->fingerprint, 32));
    kx_write_text(out, "resource", i->resource);
    kx_write_decimal(out, "resultingExposureSompi", i->exposure);
    kx_write_decimal(out, "resultingFundingSompi", i->resulting_funding);
    kx_write_str(out, "scope", SCOPE);
    kx_write_hex(out, "securityContextHash", assay_bytes_of(i->context, 32));
    kx_write_hex(out, "serverPublicKey", assay_bytes_of(i->server, 32));
    kx_write_decimal(out, "topUpSompi", i->top_up);
    assay_buf_add_byte(out, '}');
    return out->bad;
}

static enum assay_code write_for_digest(struct assay_buf *out, const void *what,
                                        struct assay_err *err)
{
    (void)err;
    return kx_intent_write(out, what);
}

enum assay_code kx_intent_digest(uint8_t out[32], const struct kx_intent *intent)
{
    return kx_write_digest(out, write_for_digest, intent, NULL);
}

/* ---- limits ---- */

enum kx_intent_limit kx_intent_judge(const struct kx_intent *i, const struct kx_intent_limits *l)
{
    if (i->charge > l->charge)
        return KX_INTENT_LIMIT_CHARGE;
    if (i->deposit > l->deposit)
        return KX_INTENT_LIMIT_DEPOSIT;
    if (i->top_up > l->top_up)
        return KX_INTENT_LIMIT_TOP_UP;
    if (i->after > l->total)
        return KX_INTENT_LIMIT_TOTAL;
    if (i->exposure > l->exposure)
        return KX_INTENT_LIMIT_EXPOSURE;
    if (i->distance_daa < l->refund_lead_daa)
        return KX_INTENT_LIMIT_LEAD;
    return i->distance_daa >= l->refund_horizon_daa ? KX_INTENT_LIMIT_HORIZON : KX_INTENT_WITHIN;
}

static const struct {
    const char *member, *text;
} limit_rows[] = {{"", "it is within the limits"},
#define X(limit, member, text) {member, text},
                  KX_INTENT_LIMITS(X)
#undef X
};

const char *kx_intent_limit_member(enum kx_intent_limit limit)
{
    return limit_rows[limit].member;
}

const char *kx_intent_limit_text(enum kx_intent_limit limit)
{
    return limit_rows[limit].text;
}
