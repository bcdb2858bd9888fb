/* The checks of a batch request that look at the offer and at the channel's configuration. Source:
 * Kaspa x402 batch digest, sections 3, 4 and 7, steps 9 to 13. */
#include "kaspa_x402/batch_verify_internal.h"

#include "defects/defects.h"
#include "kaspa_x402/offered.h"

#include <assert.h>

/* ---- the offer ---- */

void kx_judge_batch_context(struct kx_judging *v, enum kx_batch_rule rule)
{
    if (v->has_context != ASSAY_OK)
        kx_batch_lacks(v, rule, v->has_context, "the caller has no security context");
    else
        kx_batch_judge_that(v, rule, memcmp(v->context, v->offer.context, sizeof(v->context)) == 0,
                            "the offer was made for another caller");
}

/* Of defects: the members that a comparison of members leaves out. What nobody knows is one. */
static bool same_members(const struct kx_batch_offer *offered,
                         const struct kx_batch_offer *accepted)
{
    const struct kx_batch_terms *a = &offered->terms, *b = &accepted->terms;

    return assay_bytes_equal(a->network, b->network) && a->max_timeout_s == b->max_timeout_s &&
           a->claim_reserve == b->claim_reserve && a->refund_timeout_daa == b->refund_timeout_daa &&
           memcmp(offered->context, accepted->context, sizeof(offered->context)) == 0 &&
           (a->amount == b->amount || REF_DEFECT(kx_batch_offer_amount)) &&
           (a->min_deposit == b->min_deposit || REF_DEFECT(kx_batch_offer_deposit)) &&
           (assay_bytes_equal(a->pay_to, b->pay_to) || REF_DEFECT(kx_batch_pay_to)) &&
           assay_bytes_equal(a->template_id, b->template_id) &&
           (memcmp(a->server, b->server, sizeof(a->server)) == 0 ||
            REF_DEFECT(kx_batch_server_key));
}

/* Of defects: terms are compared by what was read of them. */
static bool compares_members(void)
{
    return REF_DEFECT(kx_batch_offer_members) || REF_DEFECT(kx_batch_offer_amount) ||
           REF_DEFECT(kx_batch_offer_deposit) || REF_DEFECT(kx_batch_pay_to) ||
           REF_DEFECT(kx_batch_template) || REF_DEFECT(kx_batch_server_key) ||
           REF_DEFECT(kx_batch_network) || REF_DEFECT(kx_batch_asset) ||
           REF_DEFECT(kx_batch_amount);
}

static bool is_offered_alike(const struct kx_judging *v)
{
    const struct x402_required *offer = v->with->offer;
    struct kx_batch_offer offered;
    bool is_alike = REF_DEFECT(kx_batch_offer);

    for (size_t i = 0; compares_members() && i < offer->accept_count && !is_alike; i++)
        is_alike = kx_batch_offer_read(&offered, v->with->arena, offer->doc, &offer->accepts[i],
                                       NULL) == KX_BATCH_TERMS_OK &&
                   same_members(&offered, &v->offer);
    return is_alike && v->fault == KX_BATCH_TERMS_OK;
}

void kx_judge_batch_offered(struct kx_judging *v, enum kx_batch_rule rule)
{
    const struct x402_required *offer = v->with->offer;
    enum assay_code rc = v->has_requirements;
    bool is_offered = false;

    if (rc != ASSAY_OK && rc != ASSAY_E_NOMEM) {
        kx_batch_break(v, rule, "the accepted requirements have no canonical form");
        return;
    }
    if (rc == ASSAY_OK)
        rc = kx_offered(&is_offered, offer, v->payment->doc, v->payment->envelope.accepted.token,
                        v->out->requirements);
    if (rc == ASSAY_E_NOMEM)
        kx_batch_lacks(v, rule, rc, "");
    else if (is_offered || is_offered_alike(v))
        kx_batch_hold(v, rule);
    else
        kx_batch_break(v, rule, "the accepted requirements are none of the %zu offers",
                       offer->accept_count);
}

static void judge_echo(struct kx_judging *v, enum kx_batch_rule rule,
                       const struct x402_identifier *advertised)
{
    const struct kx_batch_payment *payment = v->payment;
    enum assay_code rc =
        kx_echoes(payment->doc, &payment->identifier, v->with->offer->doc, advertised);

    if (rc == ASSAY_OK)
        kx_batch_hold(v, rule);
    else if (rc == ASSAY_E_NOMEM)
        kx_batch_lacks(v, rule, rc, "");
    else
        kx_batch_break_as(v, rule, KX_LOCAL_IDENTIFIER,
                          "the schema or an advertised member of info is not echoed");
}

/* Unlike an exact payment, one of a channel needs no identifier unless the offer asks for it. */
void kx_judge_batch_identifier(struct kx_judging *v, enum kx_batch_rule rule)
{
    const struct x402_required *offer = v->with->offer;
    const struct kx_batch_payment *payment = v->payment;
    bool has_one = payment->identifier_state == X402_IDENTIFIER_PRESENT;
    struct x402_identifier advertised;
    struct assay_err err = {0};

    switch (
        x402_identifier_read(&advertised, v->with->arena, offer->doc, offer->extensions, &err)) {
    case X402_IDENTIFIER_ABSENT:
        kx_batch_hold(v, rule);
        return;
    case X402_IDENTIFIER_MALFORMED:
        kx_batch_lacks(v, rule, err.code, err.text);
        return;
    case X402_IDENTIFIER_PRESENT:
        break;
    }
    if (advertised.required && (!has_one || payment->identifier.id.len == 0) &&
        !REF_DEFECT(kx_batch_identifier))
        kx_batch_break(v, rule, "the offer requires a payment identifier, and there is none");
    else if (has_one && !REF_DEFECT(kx_batch_echo))
        judge_echo(v, rule, &advertised);
    else
        kx_batch_hold(v, rule);
}

void kx_judge_batch_type(struct kx_judging *v, enum kx_batch_rule rule)
{
    enum kx_payload_type type = v->payment->type;

    if (type == KX_PAYLOAD_DEPOSIT || type == KX_PAYLOAD_VOUCHER)
        kx_batch_hold(v, rule);
    else
        kx_batch_break(v, rule, "a %s buys nothing", kx_payload_type_name(type));
}

enum kx_batch_rule kx_batch_terms_rule(enum kx_batch_terms_fault fault)
{
    static const enum kx_batch_rule rules[] = {[KX_BATCH_TERMS_OK] = KX_BATCH_RULE__COUNT,
#define X(name, local, rule) [KX_BATCH_TERMS_##name] = KX_BATCH_RULE_##rule,
                                               KX_BATCH_TERMS_FAULTS(X)
#undef X
    };

    static_assert(ARRAY_LEN(rules) == KX_BATCH_TERMS__COUNT, "a rule for every fault");
    assert((size_t)fault < ARRAY_LEN(rules));
    return rules[fault];
}

/* A check of the terms has held when every fault that breaks it comes before the one that was
 * found: what comes behind it was not judged. */
void kx_judge_batch_terms(struct kx_judging *v, enum kx_batch_rule rule)
{
    bool has_later = false;

    if (v->fault != KX_BATCH_TERMS_OK && v->offer_err.code == ASSAY_E_NOMEM) {
        kx_batch_lacks(v, rule, v->offer_err.code, "");
        return;
    }
    if (kx_batch_terms_rule(v->fault) == rule) {
        kx_batch_break_as(v, rule, kx_batch_terms_local(v->fault), v->offer_err.text);
        return;
    }
    for (int f = (int)v->fault + 1;
         v->fault != KX_BATCH_TERMS_OK && f < KX_BATCH_TERMS__COUNT && !has_later; f++)
        has_later = kx_batch_terms_rule((enum kx_batch_terms_fault)f) == rule;
    if (has_later)
        kx_batch_pass_over(v, rule, "other terms are not right");
    else
        kx_batch_hold(v, rule);
}

/* ---- the channel ---- */

/* Its id is made under the binding of the payment's terms, which is the lane's (see below). */
static bool is_its_id(const struct kx_judging *v)
{
    uint8_t id[32];

    kx_channel_id(id, v->payment->binding, &v->payment->channel);
    return memcmp(id, v->payment->channel_id, sizeof(id)) == 0;
}

void kx_judge_batch_channel(struct kx_judging *v, enum kx_batch_rule rule)
{
    const struct kx_batch_channel *channel = v->with->channel;
    bool is_deposit = v->payment->type == KX_PAYLOAD_DEPOSIT;

    if (!is_deposit && v->payment->type != KX_PAYLOAD_VOUCHER)
        kx_batch_pass_over(v, rule, "the payload carries no request");
    else if (is_deposit && !is_its_id(v) && !REF_DEFECT(kx_batch_id))
        kx_batch_break(v, rule, "channelId is not that of channelConfig");
    else if (!is_deposit && channel == NULL)
        kx_batch_break(v, rule, "no channel of that id is open here");
    else if (channel != NULL && memcmp(channel->lane->channel_id, v->payment->channel_id,
                                       sizeof(v->payment->channel_id)) != 0)
        kx_batch_break(v, rule, "channelId is another channel's");
    else if (channel != NULL && !channel->is_active)
        kx_batch_break(v, rule, "the channel is not active: it is never charged again");
    else
        kx_batch_hold(v, rule);
}

struct difference {
    enum kx_local local;
    const char *what; /* NULL: there is none */
};

static struct difference compare_terms(const struct kx_channel *c,
                                       const struct kx_batch_offer *offer)
{
    const struct kx_batch_terms *terms = &offer->terms;

    if (!assay_bytes_equal(c->network, terms->network))
        return (struct difference){KX_LOCAL_NETWORK, "the channel is on another network"};
    if (!assay_bytes_equal(c->template_id, terms->template_id))
        return (struct difference){KX_LOCAL_BINDING, "the channel is of another template"};
    if (memcmp(c->server, terms->server, sizeof(c->server)) != 0)
        return (struct difference){KX_LOCAL_PUBLIC_KEY, "the channel has another server's key"};
    if (!assay_bytes_equal(c->pay_to, terms->pay_to))
        return (struct difference){KX_LOCAL_PAYLOAD, "the channel pays to another address"};
    if (c->refund_timeout_daa != terms->refund_timeout_daa)
        return (struct difference){KX_LOCAL_PAYLOAD, "the channel has another refund timeout"};
    return (struct difference){KX_LOCAL_NONE, NULL};
}

void kx_judge_channel_terms(struct kx_judging *v, enum kx_batch_rule rule)
{
    const struct kx_batch_channel *channel = v->with->channel;
    struct difference found;

    if (v->out->path == KX_PATH_NONE) {
        kx_batch_pass_over(v, rule, "there is no channel to judge it by");
        return;
    }
    found =
        compare_terms(channel != NULL ? &channel->lane->channel : &v->payment->channel, &v->offer);
    if (channel != NULL && channel->lane->binding != v->payment->binding)
        found = (struct difference){KX_LOCAL_BINDING, "the channel is of another binding"};
    else if (found.what == NULL && channel != NULL &&
             channel->accounts.reserve != v->offer.terms.claim_reserve)
        found = (struct difference){KX_LOCAL_PAYLOAD, "the channel has another reserve"};
    if (found.what == NULL || REF_DEFECT(kx_batch_terms))
        kx_batch_hold(v, rule);
    else
        kx_batch_break_as(v, rule, found.local, found.what);
}

/* Of a channel that the store holds it was judged when that was opened. */
void kx_judge_channel_config(struct kx_judging *v, enum kx_batch_rule rule)
{
    if (v->out->path != KX_PATH_OPEN || v->opening == KX_LOCAL_NONE)
        kx_batch_hold(v, rule);
    else if (v->opening_err.code == ASSAY_E_NOMEM)
        kx_batch_lacks(v, rule, ASSAY_E_NOMEM, "");
    else
        kx_batch_break_as(v, rule, v->opening, v->opening_err.text);
}
