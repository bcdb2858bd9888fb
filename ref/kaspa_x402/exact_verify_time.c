/* Deadlines and finality. Source: Kaspa x402 exact digest, sections 6 and 14. */
#include "kaspa_x402/exact_verify_internal.h"

/* Whether `until` is later than `since` by more than so many seconds; until > since. Unsigned, so
 * that no difference of two times passes its type. */
static bool exceeds(int64_t until, int64_t since, uint64_t seconds)
{
    uint64_t ms = (uint64_t)until - (uint64_t)since;

    return ms / 1000 > seconds || (ms / 1000 == seconds && ms % 1000 > 0);
}

/* The deadlines in their order; those that pass with time only where asked for. */
static const char *expiry_fault(struct assay_bytes expires_at, uint64_t max_timeout_s,
                                struct assay_bytes challenge, int64_t now_ms, bool with_expired)
{
    int64_t expires, challenged;

    if (max_timeout_s == 0)
        return "invalid_max_timeout";
    if (!kx_time_read(&expires, expires_at))
        return "invalid_authorization_expiry";
    if (with_expired && expires <= now_ms)
        return "expired_authorization";
    if (expires > now_ms && exceeds(expires, now_ms, max_timeout_s))
        return "authorization_exceeds_max_timeout";
    if (challenge.len == 0)
        return NULL;
    if (!kx_time_read(&challenged, challenge))
        return "invalid_challenge_expiry";
    if (with_expired && challenged <= now_ms)
        return "expired_challenge";
    return expires > challenged ? "authorization_exceeds_challenge" : NULL;
}

const char *kx_expiry_fault(struct assay_bytes expires_at, uint64_t max_timeout_s,
                            struct assay_bytes challenge, int64_t now_ms)
{
    return expiry_fault(expires_at, max_timeout_s, challenge, now_ms, true);
}

const char *kx_expiry_bounds_fault(struct assay_bytes expires_at, uint64_t max_timeout_s,
                                   int64_t now_ms)
{
    return expiry_fault(expires_at, max_timeout_s, ASSAY_LIT(""), now_ms, false);
}

/* A head's challenge without a text is unparsable, and not no challenge. */
void kx_judge_deadlines(struct kx_verifying *v, enum kx_exact_rule rule)
{
    struct assay_bytes challenge = kx_pays_head(v) ? v->terms.challenge_expires_at : ASSAY_LIT("");
    const char *fault = expiry_fault(v->payment->authorization.expires_at, v->terms.max_timeout_s,
                                     challenge, v->with->now_ms, false);

    if (fault == NULL && kx_pays_head(v) && challenge.len == 0)
        fault = "invalid_challenge_expiry";
    if (fault == NULL)
        kx_check_hold(v, rule);
    else
        kx_check_break(v, rule, "%s", fault);
}

/* Each by itself, whatever else is wrong with the deadlines. What was claimed while it was live
 * stays deliverable (section 6, step C). */
void kx_judge_live(struct kx_verifying *v, enum kx_exact_rule rule)
{
    int64_t challenged = INT64_MAX;

    if (v->with->is_claimed)
        kx_check_hold(v, rule);
    else if (v->payment->authorization.expires_at_ms == KX_NO_TIME ||
             (kx_pays_head(v) && !kx_time_read(&challenged, v->terms.challenge_expires_at)))
        kx_check_pass_over(v, rule, "a deadline is no time");
    else if (v->payment->authorization.expires_at_ms <= v->with->now_ms)
        kx_check_break(v, rule, "expired_authorization");
    else if (challenged <= v->with->now_ms)
        kx_check_break(v, rule, "expired_challenge");
    else
        kx_check_hold(v, rule);
}

bool kx_finality_is_reached(const struct kx_chain_evidence *evidence, enum kx_finality required,
                            uint64_t confirmations)
{
    switch (required) {
    case KX_FINALITY_MEMPOOL:
        return evidence->status == KX_CHAIN_MEMPOOL || evidence->status == KX_CHAIN_ACCEPTED;
    case KX_FINALITY_ACCEPTED:
        return evidence->status == KX_CHAIN_ACCEPTED;
    case KX_FINALITY_CONFIRMED:
        break;
    }
    return evidence->status == KX_CHAIN_ACCEPTED && evidence->has_confirmations &&
           evidence->confirmations >= confirmations;
}

void kx_judge_finality(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kx_chain_evidence *evidence = v->with->evidence;
    const struct kx_exact_policy *policy = &v->with->policy;
    enum kx_finality required =
        policy->finality > v->terms.finality ? policy->finality : v->terms.finality;

    if (evidence->status == KX_CHAIN_UNKNOWN)
        kx_check_pass_over(v, rule, "nothing is known of the transaction's place in the chain");
    else if (!kaspa_hash_equal(&v->id, &evidence->transaction_id))
        kx_check_break(v, rule, "the evidence is of another transaction");
    else if (kx_finality_is_reached(evidence, required, policy->confirmations))
        kx_check_hold(v, rule);
    else
        kx_check_break(v, rule, "it is not %s yet", kx_finality_name(required));
}
