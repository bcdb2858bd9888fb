/** A small HTTP/1.1 server: a thread a connection, strict framing, and a limit on everything.
 *
 *  It knows no protocol but HTTP: one handler is given every request that is framed beyond doubt,
 * and fills a response. What is framed otherwise is refused before anyone asks what it means, with
 *  `Connection: close`, since where the next request begins is then not known (RFC 9112,
 * section 6.3 and 11.2; paid-tools digest, rules RS-2 and HT-1):
 *
 *    400  two of Content-Length, Transfer-Encoding, Host, or Host missing in HTTP/1.1;
 * Content-Length beside Transfer-Encoding; a coding other than chunked, or chunked in HTTP/1.0; a
 * name that is no token; a control character in method, target or value; a folded line, a bare LF
 *    408  the request did not arrive whole within its deadline, however busily it dripped
 *    413  a body above its limit: at its Content-Length, before any of it is read, or when it
 * passes it 414, 431  a request line, or header fields, above their limit 505  a version other than
 * HTTP/1.0 and HTTP/1.1
 *
 *  Works with libmicrohttpd 0.9.75 and later; nothing of that library shows here.
 */
#ifndef REF_NET_SERVER_H
#define REF_NET_SERVER_H

#include "base/buf.h"

#define REF_NET_HEADERS_MAX 64 /**< distinct names of one request; more: 431 */
#define REF_NET_RESPONSE_MAX_BYTES (32u << 20)

struct ref_net_header {
    struct assay_bytes name;  /**< as first spelled */
    struct assay_bytes value; /**< repeated ones joined by ", " in their order */
};

/** Slices are valid until the handler returns. */
struct ref_net_request {
    struct assay_bytes method;
    struct assay_bytes
        target;              /**< the request-target as sent, query included; nothing is decoded */
    struct assay_bytes body; /**< without its chunks, else as sent */
    const struct ref_net_header *headers;
    size_t header_count;
    bool *connection_mark;  /**< the handler's own, false when the connection begins. A correct
                               server has no use for it: one connection may carry the requests of
                               many (HT-1) */
    const void *connection; /**< the server's own */
};

/** The value of that header, in any case; empty where it was not sent. Trailers are never looked
 * at. */
struct assay_bytes ref_net_request_header(const struct ref_net_request *request, const char *name);

/** Whether the client has closed its end meanwhile, or at least says no more. Work that a payment
 * bought is finished and kept all the same. */
bool ref_net_request_is_abandoned(const struct ref_net_request *request);

/** Initialised by the server: status 500, the rest empty. HEAD is answered without the body. */
struct ref_net_response {
    int status; /**< 200 to 599 */
    struct assay_buf body;
    struct assay_buf head; /**< by ref_net_response_add */
    bool close;            /**< end the connection after this answer */
};

/** Adds a header. A value with a control character is left out: text from a handler or a request
 * never becomes protocol (HT-2). Content-Length, Date and Connection are the server's own work. */
void ref_net_response_add(struct ref_net_response *response, const char *name,
                          struct assay_bytes value);
/** The same of a field whose name is not ours either: one that is no token is left out. */
void ref_net_response_add_field(struct ref_net_response *response, struct assay_bytes name,
                                struct assay_bytes value);

struct ref_net_server_options {
    int listen_fd;           /**< see ref_net_listen; given up to the server */
    size_t header_max_bytes; /**< request line and header fields */
    size_t body_max_bytes;
    size_t response_head_max_bytes; /**< of an answer: names and values; above it: 500 */
    int64_t read_deadline_ms;       /**< from the request line to the last byte of the body */
    int64_t idle_deadline_ms; /**< from accept, or the end of an answer, to the next request line */
    int64_t write_deadline_ms; /**< from the handler's return to the last byte of the answer */
    unsigned connection_max;   /**< further ones are closed, or wait in the listen queue */
    void (*handle)(void *cls, const struct ref_net_request *request,
                   struct ref_net_response *response); /**< on the connection's thread; may block */
    /** Told of every refusal of the server's own (not of those that libmicrohttpd answers itself).
     */
    void (*refused)(void *cls, int status, struct assay_bytes method, struct assay_bytes target);
    void *cls;
};
#define REF_NET_SERVER_OPTIONS_DEFAULT                                                             \
    {                                                                                              \
        .listen_fd = -1, .header_max_bytes = 65536, .body_max_bytes = 1u << 20,                    \
        .response_head_max_bytes = 32768, .read_deadline_ms = 10000, .idle_deadline_ms = 30000,    \
        .write_deadline_ms = 30000, .connection_max = 512                                          \
    }

struct ref_net_server;

/** Accepts from now on, on threads of its own. Options are copied. IO, NOMEM: listen_fd is closed
 * too. */
enum assay_code ref_net_server_start(struct ref_net_server **out,
                                     const struct ref_net_server_options *options,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** Accepts no more, waits until running requests are answered, but not beyond the deadline; then
 * closes every connection and frees. A handler that is still running is waited for. NULL is taken.
 *  Returns: whether all requests were answered in time. */
bool ref_net_server_stop(struct ref_net_server *server, int64_t deadline_ms);

#endif
