/** What the files of batch_verify.h share: a request that is being judged, and what judges each
 *  check. */
#ifndef KX_BATCH_VERIFY_INTERNAL_H
#define KX_BATCH_VERIFY_INTERNAL_H

#include "kaspa_x402/batch_verify.h"

struct kx_judging {
    const struct kx_batch *with;
    const struct kx_batch_payment *payment;
    struct kx_batch_verdict *out;
    /* whether the hash of that name could be made */
    enum assay_code has_requirements, has_fingerprint, has_accepted, has_context, has_spk;
    enum kx_batch_terms_fault fault;
    struct kx_batch_offer offer; /**< the accepted one, where there is no fault */
    struct assay_err offer_err;
    uint8_t accepted[32];  /**< acceptedRequirementsHash */
    uint8_t context[32];   /**< of the caller that this side sees */
    enum kx_local opening; /**< of a deposit that opens a lane: what is wrong with it */
    struct assay_err opening_err;
    struct kaspa_spk spk;             /**< that the head must have */
    struct kx_accounts before;        /**< without this request's voucher */
    enum kx_account_fault topping_up; /**< of TOP_UP; where it is one, `before` is without it */
    struct kx_voucher voucher;        /**< what the client must have signed, and */
    struct kx_presentation expected;  /**< what he must have presented */
};

void kx_batch_hold(struct kx_judging *v, enum kx_batch_rule rule);
/** Broken, and called what its rule is called. */
void kx_batch_break(struct kx_judging *v, enum kx_batch_rule rule, const char *format, ...)
    ASSAY_PRINTF(3, 4);
/** The same, called otherwise. */
void kx_batch_break_as(struct kx_judging *v, enum kx_batch_rule rule, enum kx_local local,
                       const char *what);
void kx_batch_pass_over(struct kx_judging *v, enum kx_batch_rule rule, const char *why);
/** Undecided for want of memory, else not judged. */
void kx_batch_lacks(struct kx_judging *v, enum kx_batch_rule rule, enum assay_code code,
                    const char *why);
/** Held, or broken with those words. */
void kx_batch_judge_that(struct kx_judging *v, enum kx_batch_rule rule, bool holds,
                         const char *else_what);

static inline bool kx_batch_held(const struct kx_judging *v, enum kx_batch_rule rule)
{
    return v->out->checks[rule].result == KASPA_CHECK_HELD;
}

/** Whether a text of the wire is that script's, serialized. */
static inline bool kx_is_spk(struct assay_bytes serialized, const struct kaspa_spk *spk)
{
    return serialized.len >= 2 && serialized.at[0] == spk->version >> 8 &&
           serialized.at[1] == (spk->version & 0xff) &&
           assay_bytes_equal(assay_bytes_part(serialized, 2, serialized.len), spk->script);
}

/** What is made once, before the checks. */
void kx_batch_prepare(struct kx_judging *v);
/** Judges one check; called only where what it rests on is there. */
typedef void kx_batch_judge(struct kx_judging *v, enum kx_batch_rule rule);

/* batch_verify_terms.c: of the offer and of the channel's configuration */
kx_batch_judge kx_judge_batch_context, kx_judge_batch_offered, kx_judge_batch_identifier,
    kx_judge_batch_type, kx_judge_batch_terms, kx_judge_batch_channel, kx_judge_channel_terms,
    kx_judge_channel_config;
/* batch_verify_voucher.c: of what the client signed, and what it comes to */
kx_batch_judge kx_judge_client, kx_judge_batch_head, kx_judge_lineage, kx_judge_total,
    kx_judge_accounts, kx_judge_voucher, kx_judge_presented, kx_judge_digest, kx_judge_expiry,
    kx_judge_presentation, kx_judge_batch_live, kx_judge_claiming;
/* batch_verify_chain.c: of what the chain says */
kx_batch_judge kx_judge_confirmed, kx_judge_refund, kx_judge_coin, kx_judge_coin_lineage,
    kx_judge_coin_script, kx_judge_coin_amount, kx_judge_escrow, kx_judge_deposit, kx_judge_genesis,
    kx_judge_top_up;

#endif
