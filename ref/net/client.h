/** A blocking HTTP/1.1 client for one origin: the protected handler behind a paid-tools server.
 *
 *  One handle is used by one thread at a time and keeps its connection between calls. Nothing is
 *  followed, decoded or sent twice: a request that may have reached the origin is never repeated,
 * since a paid handler must run once for one payment (paid-tools digest, section 5).
 */
#ifndef REF_NET_CLIENT_H
#define REF_NET_CLIENT_H

#include "base/buf.h"

struct ref_net_client_options {
    const char *origin;  /**< "http://127.0.0.1:9000"; what stands after the authority is ignored */
    bool is_public;      /**< may connect elsewhere than to loopback, checked on the socket */
    int64_t deadline_ms; /**< for the whole exchange */
    size_t response_max_bytes; /**< of the body */
};

struct ref_net_call {
    struct assay_bytes method; /**< sent verbatim; "HEAD" reads no body */
    struct assay_bytes target; /**< sent verbatim: origin form */
    struct assay_bytes body;
    struct assay_bytes content_type; /**< empty, or holding a control character: none is sent */
};

struct ref_net_reply {
    int status;
    struct assay_bytes content_type; /**< empty: none */
    struct assay_bytes body;
};

struct ref_net_client;

/** MALFORMED: origin is no http URL. DENIED: it names no loopback host and is_public is not set. */
enum assay_code ref_net_client_check(const struct ref_net_client_options *options,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** NULL: out of memory. Options are copied; origin is kept by reference. */
struct ref_net_client *ref_net_client_new(const struct ref_net_client_options *options);
void ref_net_client_free(struct ref_net_client *client); /**< NULL is taken */

/** Out: reply, whose slices are valid until the next call or _free. Any status counts as an answer.
 *  TIMEOUT: not whole within the deadline. CLOSED: the origin ended the connection without a whole
 *  answer. TOO_LARGE: body above its limit. MALFORMED: method or target with a space or a control
 *  character (nothing is sent). IO: no connection, or bytes that are no HTTP. NOMEM. */
enum assay_code ref_net_client_call(struct ref_net_client *client, struct ref_net_reply *reply,
                                    const struct ref_net_call *call,
                                    struct assay_err *err) ASSAY_MUST_USE;

#endif
