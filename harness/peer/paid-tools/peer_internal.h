/** Inside of the paid-tools verbs, shared by the files of this folder alone. */
#ifndef PEER_PAID_TOOLS_INTERNAL_H
#define PEER_PAID_TOOLS_INTERNAL_H

#include "peer/paid-tools/peer.h"

/** Whether the want goes to the endpoint "mcp". */
bool pt_is_mcp(struct assay_case *t, struct peer_want want);
/** The header fields of one request. */
struct peer_with pt_headers(struct assay_case *t, struct peer_want want, struct pt_with with);
/** "402 with 310 bytes", or what happened instead of an answer. */
const char *pt_seen(struct assay_case *t, const struct peer_answer *answer);
/** The payer's share of the secret; ends the case as `unsupported` when it is not known. */
struct assay_bytes pt_secret(struct assay_case *t);

#endif
