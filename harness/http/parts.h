/** What the senders of harness/http share: the pieces of a request, and the making of an exchange.
 *  Internal to harness/http. */
#ifndef HTTP_PARTS_H
#define HTTP_PARTS_H

#include "http/client.h"
#include "http/reader.h"

#define HTTP_USER_AGENT "assay"
#define HTTP_REQUEST_MAX_BYTES ((size_t)64 << 20) /**< of one request on the wire */
#define HTTP_RECEIVE_BYTES 16384                  /**< asked of a socket at a time */

/* One sentence for each way to end without an answer; the same whichever way it was sent. */
#define HTTP_TROUBLE_REFUSED "the connection was refused"
#define HTTP_TROUBLE_UNREACHABLE "no connection could be made"
#define HTTP_TROUBLE_NO_CONNECT_IN_TIME "no connection was made before the deadline"
#define HTTP_TROUBLE_TLS "raw bytes and bursts are sent over plain http only"
#define HTTP_TROUBLE_CLOSED "the connection ended before a complete response"
#define HTTP_TROUBLE_KEPT_CLOSED                                                                   \
    "the kept connection ended before a response; the request was not sent again"
#define HTTP_TROUBLE_TIMEOUT "no complete response came before the deadline"
#define HTTP_TROUBLE_CHUNKS "its chunked coding is wrong"
#define HTTP_TROUBLE_UNSENT "the request could not be sent before the deadline"

/** Appends host, and port where it is not the scheme's own, as the Host header has them. */
void http_peer_write(struct assay_buf *out, const struct http_peer *peer);
/** Appends the request-target: the peer's path without its last slash, when target begins with one,
 *  then target. */
void http_target_write(struct assay_buf *out, const struct http_peer *peer, const char *target);

/** How much of a response body may be kept when `sharing` of them are read at once: at most
 *  HTTP_BODY_KEEP_BYTES, and together at most half of what the arena has left. */
size_t http_body_room(const struct assay_arena *arena, size_t sharing);

/** Zeroed, with its request and times 0; NULL when the arena is full. */
struct http_exchange *http_exchange_new(struct assay_arena *arena,
                                        const struct http_request *request);
/** Ends it now; trouble is NULL when it was answered. */
void http_exchange_end(struct http_exchange *exchange, enum http_outcome outcome,
                       const char *trouble);

#endif
