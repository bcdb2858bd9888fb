/** What the files of exact_verify.h share: a verification under way, and what judges each check. */
#ifndef KX_EXACT_VERIFY_INTERNAL_H
#define KX_EXACT_VERIFY_INTERNAL_H

#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "kaspa_x402/exact_hash_internal.h"
#include "kaspa_x402/exact_verify.h"

struct kx_verifying {
    const struct kx_exact *with;
    const struct kx_payment *payment;
    struct kx_exact_verdict *out;
    enum assay_code requirements, fingerprint; /**< whether *out has these hashes */
    enum kx_terms_fault fault;
    struct kx_terms terms; /**< where there is no fault */
    struct assay_err terms_err, encoding_err;
    struct kaspa_claims claims;
    struct kaspa_hash id;           /**< of the transaction */
    struct kaspa_utxo *hints;       /**< what the text says of the coins; one an input */
    const struct kaspa_utxo *coins; /**< what the chain says of them, else the hints */
    struct kaspa_verdict consensus; /**< where the chain's coins are known */
};

void kx_check_hold(struct kx_verifying *v, enum kx_exact_rule rule);
/** Broken, and called what its rule is called. */
void kx_check_break(struct kx_verifying *v, enum kx_exact_rule rule, const char *format, ...)
    ASSAY_PRINTF(3, 4);
/** Not judged. */
void kx_check_pass_over(struct kx_verifying *v, enum kx_exact_rule rule, const char *why);
/** For want of memory. */
void kx_check_undecided(struct kx_verifying *v, enum kx_exact_rule rule);

/** Whether the payment is to a head, whose input comes before the payer's. Needs the terms. */
static inline bool kx_pays_head(const struct kx_verifying *v)
{
    return v->terms.profile != KX_STANDARD_NATIVE;
}
static inline size_t kx_first_payer(const struct kx_verifying *v)
{
    return kx_pays_head(v) ? 1 : 0;
}

/** What is made once, before the checks. */
void kx_verify_read(struct kx_verifying *v);
/** Judges one check; called only where what it rests on is there. */
typedef void kx_judge(struct kx_verifying *v, enum kx_exact_rule rule);

/* exact_verify_offer.c: of the offer and the payload */
kx_judge kx_judge_offered, kx_judge_echo, kx_judge_identifier, kx_judge_terms, kx_judge_head_terms,
    kx_judge_profile, kx_judge_request, kx_judge_challenge, kx_judge_head;
/* exact_verify_time.c: of deadlines and finality */
kx_judge kx_judge_deadlines, kx_judge_live, kx_judge_finality;
/* exact_verify_tx.c: of the transaction by itself */
kx_judge kx_judge_encoding, kx_judge_outpoints, kx_judge_shape, kx_judge_outputs,
    kx_judge_commitments, kx_judge_storage_mass, kx_judge_fee, kx_judge_id, kx_judge_merchant,
    kx_judge_change;
/* exact_verify_funding.c: of what it spends, and of who authorised it */
kx_judge kx_judge_funding, kx_judge_hints, kx_judge_signer, kx_judge_authorization,
    kx_judge_consensus;

#endif
