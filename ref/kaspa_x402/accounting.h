/** The sums of a channel, and what may become of them.
 *
 *  Every function takes whole accounts and gives whole accounts, or names the invariant that would
 *  be broken and changes nothing. No sum is made before it is known to fit. What the bindings
 * differ in is asked of the binding's row: of one that is for a coin (kaspa-escrow-v1) T is for
 * that coin alone and begins anew with each; of the others it is for the lineage's life. Source:
 * Kaspa x402 batch digest, sections 6.1, 8.4 and 16.
 */
#ifndef KX_ACCOUNTING_H
#define KX_ACCOUNTING_H

#include "kaspa_x402/batch.h"

struct kx_accounts {
    uint64_t funding;    /**< V: what the one live output is worth */
    uint64_t authorized; /**< T: what the client has signed for */
    uint64_t charged;    /**< A: the committed charges; where they are fixed, T but while one is in
                              flight */
    uint64_t claimed;    /**< S: what was ever taken on the chain */
    uint64_t reserve;    /**< R: what must stay beyond the remaining authorization */
};

/* fault, its name, what a person is told */
#define KX_ACCOUNT_FAULTS(X)                                                                       \
    X(RANGE, "range", "a sum passes what amounts of the binding can be")                           \
    X(CLAIMED, "claimed", "more is claimed than was charged: S is above A")                        \
    X(CHARGED, "charged", "more is charged than is authorized: A is above T")                      \
    X(COVER, "cover",                                                                              \
      "the output does not cover what is left of the authorization: T - S or "                     \
      "A - S is above V")                                                                          \
    X(RESERVE, "reserve", "the reserve does not fit: (T - S) + R is above V")                      \
    X(ZERO, "zero", "the amount is 0")                                                             \
    X(TOTAL, "total", "the voucher is not for the required total")                                 \
    X(PENDING, "pending", "T is neither A nor what this request makes of it")                      \
    X(OVERCLAIM, "overclaim", "the claim takes more than is charged and not claimed yet")          \
    X(PARTIAL, "partial", "the claim is not of all that is charged for this coin")                 \
    X(DRAIN, "drain", "the claim leaves nothing in the successor")                                 \
    X(NO_INCREASE, "no-increase", "the top-up does not make the output worth more")

#define KX_ACCOUNT_ENUM(fault, name, text) KX_ACCOUNT_##fault,
enum kx_account_fault { KX_ACCOUNT_OK, KX_ACCOUNT_FAULTS(KX_ACCOUNT_ENUM) KX_ACCOUNT__COUNT };
#undef KX_ACCOUNT_ENUM

/** "reserve" and so on; the sentence. "ok" and "nothing is wrong". */
const char *kx_account_name(enum kx_account_fault fault);
const char *kx_account_text(enum kx_account_fault fault);

/** Whether a snapshot is one that may be accepted. */
enum kx_account_fault kx_accounts_check(const struct kx_batch_binding *binding,
                                        const struct kx_accounts *a) ASSAY_MUST_USE;

/** The total that a voucher for one more request must have, exactly: A + amount, where charges are
 *  fixed; else no less than T. As _check of what is there; ZERO, RANGE; PENDING: another request is
 *  in flight; COVER. *out is unchanged on a fault. */
enum kx_account_fault kx_accounts_required(uint64_t *out, const struct kx_batch_binding *binding,
                                           const struct kx_accounts *a,
                                           uint64_t amount) ASSAY_MUST_USE;
/** Whether a voucher's total is the required one. */
bool kx_accounts_is_total(uint64_t total, uint64_t required);
/** A voucher of that total is taken: T becomes it, A does not change yet. As _required, and TOTAL;
 *  or as _check of what would be. */
enum kx_account_fault kx_accounts_authorize(struct kx_accounts *a,
                                            const struct kx_batch_binding *binding, uint64_t amount,
                                            uint64_t total) ASSAY_MUST_USE;
/** Commits a charge that T covers: A grows. RANGE, CHARGED. */
enum kx_account_fault kx_accounts_charge(struct kx_accounts *a,
                                         const struct kx_batch_binding *binding,
                                         uint64_t charge) ASSAY_MUST_USE;
/** D leaves the output: S grows, V shrinks, T stays; of a coin's binding A - S is claimed as a
 *  whole, and T begins anew. As _check; ZERO, OVERCLAIM, PARTIAL, DRAIN. The chain would allow
 *  T - S; what was not charged is not the provider's. */
enum kx_account_fault kx_accounts_claim(struct kx_accounts *a,
                                        const struct kx_batch_binding *binding,
                                        uint64_t claim) ASSAY_MUST_USE;
/** The output is worth `funding` from now on; S and T stay, but that T of a coin's binding begins
 *  anew. NO_INCREASE, RANGE. */
enum kx_account_fault kx_accounts_top_up(struct kx_accounts *a,
                                         const struct kx_batch_binding *binding,
                                         uint64_t funding) ASSAY_MUST_USE;

#endif
