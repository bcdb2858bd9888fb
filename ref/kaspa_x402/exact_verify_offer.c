/* The checks of an exact payment that look at the offer and the payload. Source: Kaspa x402 exact
 * digest, sections 3, 8.3, 8.4, 12 and 13, steps 14 to 25. */
#include "kaspa_x402/exact_verify_internal.h"

#include "base/hex.h"
#include "kaspa_x402/offered.h"

#include <assert.h>

void kx_judge_offered(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct x402_required *offer = v->with->offer;
    enum assay_code rc = v->requirements;
    bool is_equal = false;

    if (rc != ASSAY_OK && rc != ASSAY_E_NOMEM) {
        kx_check_break(v, rule, "the accepted requirements have no canonical form");
        return;
    }
    if (rc == ASSAY_OK)
        rc = kx_offered(&is_equal, offer, v->payment->doc, v->payment->envelope.accepted.token,
                        v->out->requirements_hash);
    if (rc == ASSAY_E_NOMEM)
        kx_check_undecided(v, rule);
    else if (is_equal)
        kx_check_hold(v, rule);
    else
        kx_check_break(v, rule, "the accepted requirements are none of the %zu offers",
                       offer->accept_count);
}

void kx_judge_echo(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct x402_required *offer = v->with->offer;
    struct x402_identifier advertised;
    struct assay_err err = {0};
    enum assay_code rc;

    if (v->payment->identifier_state == X402_IDENTIFIER_ABSENT) {
        kx_check_pass_over(v, rule, "there is no payment identifier to compare");
        return;
    }
    switch (
        x402_identifier_read(&advertised, v->with->arena, offer->doc, offer->extensions, &err)) {
    case X402_IDENTIFIER_ABSENT:
        kx_check_hold(v, rule); /* nothing was advertised */
        return;
    case X402_IDENTIFIER_MALFORMED:
        kx_check_pass_over(v, rule, err.text);
        return;
    case X402_IDENTIFIER_PRESENT:
        break;
    }
    rc = kx_echoes(v->payment->doc, &v->payment->identifier, offer->doc, &advertised);
    if (rc == ASSAY_OK)
        kx_check_hold(v, rule);
    else if (rc == ASSAY_E_NOMEM)
        kx_check_undecided(v, rule);
    else
        kx_check_break(v, rule, "the schema or an advertised member of info is not echoed");
}

void kx_judge_identifier(struct kx_verifying *v, enum kx_exact_rule rule)
{
    if (v->payment->identifier_state == X402_IDENTIFIER_PRESENT &&
        v->payment->identifier.id.len > 0)
        kx_check_hold(v, rule);
    else
        kx_check_break(v, rule, "the payment has no identifier");
}

enum kx_exact_rule kx_terms_rule(enum kx_terms_fault fault)
{
    static const enum kx_exact_rule rules[] = {[KX_TERMS_OK] = KX_EXACT__COUNT,
#define X(name, local, rule) [KX_TERMS_##name] = KX_EXACT_##rule,
                                               KX_TERMS_FAULTS(X)
#undef X
    };

    static_assert(ARRAY_LEN(rules) == KX_TERMS__COUNT, "a rule for every fault");
    assert((size_t)fault < ARRAY_LEN(rules));
    return rules[fault];
}

/* A check of the terms has held when every fault that breaks it comes before the one that was
 * found: what comes behind it was not judged. */
void kx_judge_terms(struct kx_verifying *v, enum kx_exact_rule rule)
{
    bool has_later = false;

    if (v->fault != KX_TERMS_OK && v->terms_err.code == ASSAY_E_NOMEM) {
        kx_check_undecided(v, rule);
        return;
    }
    if (kx_terms_rule(v->fault) == rule) {
        kx_check_break(v, rule, "%s", v->terms_err.text);
        v->out->checks[rule].local = kx_terms_local(v->fault);
        return;
    }
    for (int f = (int)v->fault + 1; v->fault != KX_TERMS_OK && f < KX_TERMS__COUNT; f++)
        has_later = has_later || kx_terms_rule((enum kx_terms_fault)f) == rule;
    if (has_later)
        kx_check_pass_over(v, rule, "other terms are not right");
    else
        kx_check_hold(v, rule);
}

/* The server's own minimum comes behind what holds for every server. */
void kx_judge_head_terms(struct kx_verifying *v, enum kx_exact_rule rule)
{
    uint64_t least = v->with->policy.threshold_min;

    kx_judge_terms(v, rule);
    if (v->fault != KX_TERMS_OK || v->terms.profile != KX_ADDITIVE || v->terms.threshold >= least)
        return;
    kx_check_break(v, rule, "the threshold is below %llu sompi", (unsigned long long)least);
    v->out->checks[rule].local = KX_LOCAL_AMOUNT;
}

void kx_judge_profile(struct kx_verifying *v, enum kx_exact_rule rule)
{
    if (v->payment->profile == v->terms.profile)
        kx_check_hold(v, rule);
    else
        kx_check_break(v, rule, "the payload is of profile %s, accepted is %s",
                       kx_profile_name(v->payment->profile), kx_profile_name(v->terms.profile));
}

void kx_judge_request(struct kx_verifying *v, enum kx_exact_rule rule)
{
    char hash[2 * sizeof(v->payment->request_hash) + 1];

    assay_hex_encode(hash,
                     assay_bytes_of(v->payment->request_hash, sizeof(v->payment->request_hash)));
    if (v->fingerprint == ASSAY_E_NOMEM)
        kx_check_undecided(v, rule);
    else if (v->fingerprint != ASSAY_OK)
        kx_check_pass_over(v, rule, "the request has no fingerprint");
    else if (strcmp(hash, v->out->fingerprint) == 0)
        kx_check_hold(v, rule);
    else
        kx_check_break(v, rule, "the payload's request hash is %s", hash);
}

void kx_judge_challenge(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kx_payment *payment = v->payment;
    const struct kx_terms *terms = &v->terms;
    bool is_hash_chain = terms->profile == KX_HASH_CHAIN;

    if (payment->has_challenge != kx_pays_head(v))
        kx_check_break(v, rule, "a challenge goes with a head, and a head with a challenge");
    else if (!kx_pays_head(v))
        kx_check_hold(v, rule);
    else if (memcmp(payment->challenge_id, terms->challenge_id, sizeof(terms->challenge_id)) != 0)
        kx_check_break(v, rule, "the payload names another challenge");
    else if (is_hash_chain && (!payment->has_grant || memcmp(payment->grant_id, terms->grant_id,
                                                             sizeof(terms->grant_id)) != 0))
        kx_check_break(v, rule, "the payload names another grant");
    else if (payment->output_index != 0)
        kx_check_break(v, rule, "the payment to a head is not output 0");
    else
        kx_check_hold(v, rule);
}

void kx_judge_head(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kx_head *offered = &v->terms.head, *held = v->with->head;

    if (!kx_pays_head(v))
        kx_check_hold(v, rule);
    else if (memcmp(held->id, offered->id, sizeof(held->id)) != 0 ||
             !assay_bytes_equal(held->spk, offered->spk) ||
             !assay_bytes_equal(held->redeem, offered->redeem))
        kx_check_break(v, rule, "it is another head");
    else if (held->version != offered->version || held->amount != offered->amount ||
             !kaspa_outpoint_equal(&held->outpoint, &offered->outpoint))
        kx_check_break(v, rule, "the head has moved on");
    else
        kx_check_hold(v, rule);
}
