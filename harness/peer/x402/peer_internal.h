/** Inside of the x402 verbs, shared by the files of this folder alone. */
#ifndef PEER_X402_INTERNAL_H
#define PEER_X402_INTERNAL_H

#include "peer/x402/peer.h"

#include <stdatomic.h>

/** The facilitator that a target is given. Shared by the cases of an instance; each begins with one
 *  that is honest. */
struct x4p_roles {
    struct facilitator *facilitator;
    struct facilitator_options options;     /**< that it was last given */
    struct facilitator_behaviour behaviour; /**< the same */
    atomic_bool judges;                     /**< whether payloads are looked into */
    struct assay_arena arena;               /**< of the kinds that the target file names */

    /* when the case, or its honest probe, began */
    uint64_t calls_before; /**< of every kind */
    uint64_t told;         /**< calls that are in the evidence already */
};

/** The roles of the case. `broken` where there are none. */
struct x4p_roles *x4p_roles_of(struct assay_case *t);
/** The hooks of the profile. */
void *x4p_roles_start(const struct profile_roles_options *options, struct assay_err *err);
void x4p_roles_stop(void *roles);
const char *x4p_role_url(void *roles, const char *role);
void x4p_roles_calm(void *roles);
void x4p_roles_tell(void *roles, struct assay_case *t);

/** Whether it settles what these terms ask for. */
bool x4p_is_settled_by(const struct x4p_roles *r, const struct x402_terms *terms);

/** Chooses the first entry of an offer that was read which the facilitator settles; what is wrong
 *  with it, or NULL. */
const char *x4p_choose(struct assay_case *t, struct x4p_offer *offer);
/** What keeps the PAYMENT-RESPONSE of an answer from saying that this payment was settled; NULL: it
 *  says so (digest, section 2.3). */
const char *x4p_receipt_fault(struct assay_case *t, const struct peer_answer *answer,
                              const struct x4p_payment *payment);

/** Tries of an identical request, at most so long as a server may be without its facilitator. */
struct x4p_tries {
    int left, pause_ms;
};
struct x4p_tries x4p_tries(void);
/** Whether there is one left, after a pause. */
bool x4p_another_try(struct assay_case *t, struct x4p_tries *tries);
/** Whether what was answered so is worth another try: after a pause. */
bool x4p_try_again(struct assay_case *t, struct x4p_tries *tries, const struct peer_answer *answer);

#endif
