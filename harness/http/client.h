/** Sending: one request at a time (libcurl, connections kept), raw bytes, and bursts.
 *
 *  Whatever URL anything names, a socket is only connected to loopback or to an allowed host: this
 * is checked on the address of the socket itself, before it is connected, and no redirect is
 * followed.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "http/exchange.h"

struct http_client; /**< one per case and thread; holds kept connections */

struct http_client *http_client_new(void); /**< NULL: out of memory */
void http_client_free(struct http_client *client);

/** Sends and waits at most deadline_ms. Out: *exchange in the arena. `request` must live as long as
 * the arena. Fails only with NOMEM or DENIED (the address is not allowed: err says which).
 *
 *  A request is sent once: where a kept connection turns out to be dead only after sending, the
 * exchange is CLOSED. One that libcurl cannot send as it is (line ends or NUL in it, blank values,
 * headers that frame the message) goes out as http_raw sends it, with "Connection: close". sent_ns
 * of a body up to 32 KiB is the moment before it is handed to the socket. */
enum assay_code http_send(struct http_client *client, struct http_exchange **exchange,
                          struct assay_arena *arena, const struct http_peer *peer,
                          const struct http_request *request, int deadline_ms,
                          struct assay_err *err) ASSAY_MUST_USE;

/** A piece of a raw conversation: bytes to send, then perhaps something to wait for. */
struct http_piece {
    struct assay_bytes bytes;
    int pause_ms;      /**< > 0: wait that long before the next piece, still reading what comes */
    bool await_answer; /**< wait for one complete response before the next piece */
};

/** Sends bytes no client would send and reads every response until the peer closes, `max_answers`
 * have come, or none is complete within the deadline, which starts anew after each answer and each
 * piece. Over plain http only. An answer has no body if the bytes it answers begin with "HEAD "
 * (told for the first piece, and for one behind await_answer). Out: exchanges[0..*answers), in
 * order of arrival; at least one (whose outcome then says why none came). *closed: whether the peer
 * closed the connection. half_close: shut down the sending side after the last piece. */
enum assay_code http_raw(struct http_exchange **exchanges, size_t *answers, bool *closed,
                         struct assay_arena *arena, const struct http_peer *peer,
                         const struct http_piece *pieces, size_t piece_count, size_t max_answers,
                         bool half_close, int deadline_ms, struct assay_err *err) ASSAY_MUST_USE;

#define HTTP_BURST_MAX 256

/** How much of a burst truly overlapped. */
struct http_overlap {
    size_t requests;
    size_t
        in_flight; /**< most exchanges between last byte sent and first byte back at one moment */
    int64_t release_ns; /**< from the first last byte sent to the last last byte sent */
};

/** Opens one connection each, sends all but the last byte of each request, then releases the last
 * bytes together, in one poll loop on this thread. peers[i] and requests[i] belong together; n at
 * most HTTP_BURST_MAX. Half of deadline_ms at most goes into getting ready; what is not ready then
 * is given up and the rest released. Arrivals are timed by the kernel where it can. Over plain http
 * only. Out: exchanges[i], overlap. Fails only with NOMEM or DENIED. */
enum assay_code http_burst(struct http_exchange **exchanges, struct http_overlap *overlap,
                           struct assay_arena *arena, const struct http_peer *const *peers,
                           const struct http_request *const *requests, size_t n, int deadline_ms,
                           struct assay_err *err) ASSAY_MUST_USE;

/** The bytes of a request as http_burst sends them; for raw scenarios that change them. The path of
 * the peer's URL (less a last slash) is put before a target that begins with a slash; a header the
 * request carries itself takes the place of ours; a chunked body is one chunk. */
void http_request_write(struct assay_buf *out, const struct http_peer *peer,
                        const struct http_request *request, bool close);

#endif
