/** Judging an exact payment: every check in the spec's order, each by its rule.
 *
 *  Pure: what the chain says is handed in. A server judges without the chain first, so that a
 *  forgery costs no read, then with it. So exact.transaction.funding and all else that needs coins
 *  before they are known are judged over what the transaction's text says of them, and
 *  exact.transaction.hints compares that with the chain's afterwards; a verdict is valid only with
 *  both. Source: Kaspa x402 exact digest, sections 6 to 8, 13 and 14.
 */
#ifndef KX_EXACT_VERIFY_H
#define KX_EXACT_VERIFY_H

#include "kaspa_x402/check.h"
#include "kaspa_x402/exact_hash.h"

#define KX_FEE_MAX_DEFAULT UINT64_C(100000000)
#define KX_HASH_CHAIN_FEE_MAX UINT64_C(10000000)
#define KX_THRESHOLD_MIN_DEFAULT UINT64_C(10000000)

/** The checks of a payment, in order. */
enum kx_exact_rule {
#define X(constant, id, local, source, sentence, remedy) KX_EXACT_##constant,
#include "kaspa_x402/exact_checks.def"
#undef X
    KX_EXACT__COUNT
};

/** What a node says of a transaction. */
enum kx_chain_status {
    KX_CHAIN_UNKNOWN, /**< nothing, or nothing that can be trusted */
    KX_CHAIN_ABSENT,  /**< a conflicting spend is confirmed, or consensus refuses it for good */
    KX_CHAIN_MEMPOOL,
    KX_CHAIN_ACCEPTED,
};

struct kx_chain_evidence {
    enum kx_chain_status status;
    struct kaspa_hash transaction_id;
    bool has_confirmations;
    uint64_t confirmations; /**< depth on the selected chain, never a difference of blue scores */
    uint64_t accepting_blue_score;
};

struct kx_exact_policy {
    uint64_t fee_max;          /**< sompi */
    uint64_t threshold_min;    /**< additive */
    enum kx_finality finality; /**< the server's own; the stronger of it and the offer holds */
    uint64_t confirmations;    /**< that `confirmed` means; > 0 */
};

#define KX_EXACT_POLICY_INIT                                                                       \
    {                                                                                              \
        .fee_max = KX_FEE_MAX_DEFAULT, .threshold_min = KX_THRESHOLD_MIN_DEFAULT,                  \
        .finality = KX_FINALITY_ACCEPTED, .confirmations = 30                                      \
    }

struct kx_exact {
    const struct x402_required *offer; /**< what this server offered */
    const struct kx_payment *payment;
    const struct kx_request *request;
    struct kx_exact_policy policy;
    int64_t now_ms;
    const struct kaspa_utxo *utxos; /**< authoritative, one an input; NULL: not known yet */
    const bool *is_missing; /**< one an input: there is no such coin, or another transaction spent
                             * it. NULL: none is. Counts only with utxos */
    const struct kaspa_point_of_view *pov;    /**< NULL: not known */
    const struct kx_head *head;               /**< the one that the server holds; NULL: not known */
    const struct kx_chain_evidence *evidence; /**< NULL: none yet */
    bool is_claimed; /**< the very same attempt was claimed while its deadlines were live */
    struct assay_arena *arena;
};

struct kx_exact_verdict {
    enum kaspa_outcome outcome; /**< VALID: every check held. UNDECIDED: nothing broken, something
                                 * not judged */
    enum kx_exact_rule first;   /**< of INVALID: the first broken */
    struct kx_check checks[KX_EXACT__COUNT];
    bool has_transaction;
    struct kaspa_tx tx;
    char transaction_id[X402_HASH_TEXT_BYTES], fingerprint[X402_HASH_TEXT_BYTES],
        requirements_hash[X402_HASH_TEXT_BYTES];
    uint64_t fee;
    /** Whether nodes relay it (consensus digest 6.5), which no check of the profile asks: it allows
     * a fee of 0. UNDECIDED where the coins are not known. */
    enum kaspa_outcome relay;
    uint8_t payer[32]; /**< the x-only key that authorised */
};

struct kx_exact_rule_row {
    const char *id;
    enum kx_local local; /**< what breaking it is called */
    const char *source, *sentence;
};
extern const struct kx_exact_rule_row kx_exact_rules[KX_EXACT__COUNT];

/** The check that a fault of the terms breaks; KX_EXACT__COUNT for OK. */
enum kx_exact_rule kx_terms_rule(enum kx_terms_fault fault);

/** Judges everything that can be judged with what is given. Never fails: what needs memory that the
 *  arena does not give is undecided. offer, payment, request and arena are not NULL; what the
 * verdict has of the transaction is in the arena. */
void kx_exact_verify(struct kx_exact_verdict *out, const struct kx_exact *with);

/** The seven deadlines in their order (section 6), by their names; NULL: all hold. challenge: empty
 *  where there is none. */
const char *kx_expiry_fault(struct assay_bytes expires_at, uint64_t max_timeout_s,
                            struct assay_bytes challenge, int64_t now_ms);
/** Those of them that no time passes: of a batch presentation, which has no challenge. */
const char *kx_expiry_bounds_fault(struct assay_bytes expires_at, uint64_t max_timeout_s,
                                   int64_t now_ms);
/** Whether evidence reaches what is required. */
bool kx_finality_is_reached(const struct kx_chain_evidence *evidence, enum kx_finality required,
                            uint64_t confirmations);

#endif
