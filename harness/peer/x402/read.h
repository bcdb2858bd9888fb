/** The headers of x402 in an answer, read; for the verbs of every profile that speaks it.
 *
 *  What cannot be read is the target's, so it is told in words for a verdict and never ends the
 *  case. Source: x402 v2 digest, sections 2 and 3.
 */
#ifndef PEER_X402_READ_H
#define PEER_X402_READ_H

#include "peer/http/peer.h"
#include "x402/envelope.h"

/** Reads PAYMENT-REQUIRED. NULL, or what is wrong with it, "it has no PAYMENT-REQUIRED header";
 *  then the outputs are not to be used. `required` has its slices in `doc`. */
const char *x4p_read_required(struct assay_case *t, struct assay_json *doc,
                              struct x402_required *required, const struct peer_answer *answer);

/** Likewise PAYMENT-RESPONSE, whether it tells of success or not. */
const char *x4p_read_settlement(struct assay_case *t, struct x402_settlement *said,
                                const struct peer_answer *answer);

/** The JSON text that a header encodes; empty: there is no such header, or it is no base64. */
struct assay_bytes x4p_header_text(struct assay_case *t, const struct peer_answer *answer,
                                   const char *name);

#endif
