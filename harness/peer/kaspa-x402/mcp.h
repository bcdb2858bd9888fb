/** Tools that are paid for with Kaspa: offers and payments of MCP calls, in the verbs of peer.h.
 *  Source: Kaspa x402 exact digest, section 17. */
#ifndef PEER_KASPA_X402_MCP_H
#define PEER_KASPA_X402_MCP_H

#include "peer/kaspa-x402/peer.h"
#include "peer/x402/mcp.h"

/** The standard-native offer of a call; `broken` when it does not come or does not hold. */
const struct kxp_offer *kxp_given_tool_offer(struct assay_case *t, struct mcp_call call);

/** What a payment is made for. */
struct kxp_bound {
    struct mcp_call call;
    const char *audience; /**< NULL: the target, as clients call it */
};
/** A payment of the offer that is bound to such a call, as JSON. */
const struct kxp_payment *kxp_tool_payment(struct assay_case *t, const struct kxp_offer *offer,
                                           struct kxp_bound bound);
/** An honest one of a call. */
const struct kxp_payment *kxp_paid_call(struct assay_case *t, struct mcp_call call);
/** The message of the call with that payment. */
const char *kxp_call_paid_with(struct assay_case *t, struct mcp_call call,
                               const struct kxp_payment *payment);

/** The identical call until it is answered with something else than a plain refusal, or tries are
 * over. The last answer, which counts runs from before the first. */
const struct mcp_answer *kxp_call_until_known(struct assay_case *t, const char *label,
                                              struct mcp_call call,
                                              const struct kxp_payment *payment);

#endif
