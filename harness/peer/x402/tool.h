/** Tools that are paid for before our facilitator: offers and payments of MCP calls, in the verbs
 * of peer.h. What a payment is for says the resource that it names: nothing else in it does.
 *
 *  Source: x402 v2 digest, section 5.
 */
#ifndef PEER_X402_TOOL_H
#define PEER_X402_TOOL_H

#include "peer/x402/mcp.h"
#include "peer/x402/peer.h"

/** The offer of a call, of which the first entry that the facilitator settles is chosen; `broken`
 * when none comes that can be read. */
const struct x4p_offer *x4p_given_tool_offer(struct assay_case *t, struct mcp_call call);
/** An honest payment of a call. */
const struct x4p_payment *x4p_paid_call(struct assay_case *t, struct mcp_call call);
/** The message of the call with that payment. */
const char *x4p_call_paid_with(struct assay_case *t, struct mcp_call call,
                               const struct x4p_payment *payment);
/** The identical call until it is answered with something else than a plain refusal, or tries are
 * over. The last answer, which counts runs from before the first. */
const struct mcp_answer *x4p_call_until_known(struct assay_case *t, const char *label,
                                              struct mcp_call call,
                                              const struct x4p_payment *payment);

#endif
