/** The verbs of scenarios that are put to facilitators: the harness is a resource server, a tenant
 * of the target, which posts what its payers bring. Payments are those of peer.h, for an offer of
 * ours.
 *
 *  Source: Kaspa x402 exact digest, section 15; x402 v2 digest, section 4.
 */
#ifndef PEER_KASPA_X402_FACILITATE_H
#define PEER_KASPA_X402_FACILITATE_H

#include "peer/kaspa-x402/peer.h"

#define OF_A_FACILITATOR .side = SIDE_FACILITATOR, .needs = KXP_PAY
#define OF_ITS_TENANTS .side = SIDE_FACILITATOR, .needs = KXP_PAY | KXP_TENANTS

/** What is sold; zero: the usual. */
struct kxp_sale {
    bool is_mainnet; /**< the same coins, called by the other network's name */
};
/** An offer of this resource server's own, on testnet-10. */
const struct kxp_offer *kxp_own_offer(struct assay_case *t, struct kxp_sale sale);
/** An honest payment of it, from fresh coins. */
const struct kxp_payment *kxp_owed(struct assay_case *t);

/** The tenants of the target file, in its order; NULL: it has not so many, and nobody has to say
 * who he is. */
const char *kxp_tenant(struct assay_case *t, size_t index);
/** What is posted of a payment, to be bent; the case's. */
json_t *kxp_request(struct assay_case *t, const struct kxp_payment *payment);

enum kxp_call { KXP_VERIFY, KXP_SETTLE };
/** "verify", "settle": the endpoints of the target file. */
const char *kxp_call_name(enum kxp_call call);
/** The request; to be bent. */
struct peer_want kxp_call_want(struct assay_case *t, enum kxp_call call, const json_t *body);
/** Posts it as that tenant. */
const struct peer_answer *kxp_call(struct assay_case *t, const char *label, enum kxp_call call,
                                   const json_t *body, const char *tenant);
/** A settlement until it is known what became of it. */
const struct peer_answer *kxp_settle_until_known(struct assay_case *t, const char *label,
                                                 const json_t *body, const char *tenant);
/** What it said, as JSON; an empty object where that is none. */
json_t *kxp_said(struct assay_case *t, const struct peer_answer *answer);
/** A text member of it, or "". */
const char *kxp_said_text(struct assay_case *t, const struct peer_answer *answer,
                          const char *member);

/** 200 and isValid true; no money moved. */
#define expect_valid(t, answer) (PEER_HERE(t), (kxp_expect_valid)((t), (answer)))
/** 200 and success true, and the chain has accepted the payment. */
#define expect_settled(t, answer, payment)                                                         \
    (PEER_HERE(t), (kxp_expect_settled)((t), (answer), (payment)))
/** 4xx, or 200 with isValid or success false; no money moved. */
#define expect_negative(t, answer) (PEER_HERE(t), (kxp_expect_negative)((t), (answer)))
/** Neither a success nor a failure for good: a 5xx, or settlement_pending. */
#define expect_unknown(t, answer) (PEER_HERE(t), (kxp_expect_unknown)((t), (answer)))
/** The node was handed a transaction so often since the case began. */
#define expect_handed_over(t, n) (PEER_HERE(t), (kxp_expect_handed_over)((t), (n)))

void kxp_expect_valid(struct assay_case *t, const struct peer_answer *answer);
void kxp_expect_settled(struct assay_case *t, const struct peer_answer *answer,
                        const struct kxp_payment *payment);
void kxp_expect_negative(struct assay_case *t, const struct peer_answer *answer);
void kxp_expect_unknown(struct assay_case *t, const struct peer_answer *answer);
void kxp_expect_handed_over(struct assay_case *t, uint64_t n);

/** One honest settlement. */
void kxp_facilitator_probe(struct assay_case *t);

#endif
