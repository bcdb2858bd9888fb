/** Inside of the HTTP verbs, shared by the files of this folder alone. */
#ifndef PEER_HTTP_INTERNAL_H
#define PEER_HTTP_INTERNAL_H

#include "peer/http/peer.h"

/** One element of an array of answers that share `before`. */
const struct peer_answer *peer_answer_of(struct assay_case *t, const struct http_exchange *exchange,
                                         const char *label, struct peer_before before);
/** The request as it is sent, in the case's memory. */
const struct http_request *peer_request_of(struct assay_case *t, struct peer_want want,
                                           struct peer_with with);

#endif
