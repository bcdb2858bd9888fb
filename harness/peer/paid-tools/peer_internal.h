/** Inside of the paid-tools verbs, shared by the files of this folder alone. */
#ifndef PEER_PAID_TOOLS_INTERNAL_H
#define PEER_PAID_TOOLS_INTERNAL_H

#include "peer/paid-tools/peer.h"

/** The buffer's content in the case's memory, with a NUL behind it; frees the buffer. */
struct assay_bytes pt_keep(struct assay_case *t, struct assay_buf *buf);
/** One element of an array of answers that share `before`. */
const struct pt_answer *pt_answer_of(struct assay_case *t, const struct http_exchange *exchange,
                                     const char *label, uint64_t before);
/** Whether the want goes to the endpoint "mcp". */
bool pt_is_mcp(struct assay_case *t, struct pt_want want);
/** The request as it is sent, in the case's memory. */
const struct http_request *pt_request_of(struct assay_case *t, struct pt_want want,
                                         struct pt_with with);
/** pt_send_to with the count of executions before it already taken. */
const struct pt_answer *pt_send_counted(struct assay_case *t, const struct http_peer *peer,
                                        const char *label, struct pt_want want, struct pt_with with,
                                        uint64_t before);
/** Stays below the rate that the target file states, unless the scenario is about a variant of its
 * own. */
void pt_keep_to_rate(struct assay_case *t, size_t requests);
/** "402 with 310 bytes", or what happened instead of an answer. */
const char *pt_seen(struct assay_case *t, const struct pt_answer *answer);
/** The payer's share of the secret; ends the case as `unsupported` when it is not known. */
struct assay_bytes pt_secret(struct assay_case *t);

#endif
