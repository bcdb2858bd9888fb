/** A blocking HTTP/1.1 client for one origin: the protected handler behind a server, or the server
 * before a paying client.
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
    /** A connection for every call. One that is kept may end just as a request is sent, and then
     * nobody knows whether it arrived. */
    bool is_single_use;
};

#define REF_NET_REPLY_FIELDS_MAX 128
#define REF_NET_REPLY_HEAD_MAX_BYTES (256u << 10) /**< names and values together */

struct ref_net_field {
    struct assay_bytes name, value;
};

struct ref_net_call {
    struct assay_bytes method; /**< sent verbatim; "HEAD" reads no body */
    struct assay_bytes target; /**< sent verbatim: origin form */
    struct assay_bytes body;
    struct assay_bytes content_type;     /**< empty, or holding a control character: none is sent */
    const struct ref_net_field *headers; /**< further ones, sent verbatim; none is empty */
    size_t header_count;
};

struct ref_net_reply {
    int status;
    struct assay_bytes content_type; /**< empty: none, or one above 1 KiB */
    struct assay_bytes body;
    /** In their order, as they came but for spaces around a value and for folded lines, which are
     * joined by spaces: a value may hold control characters, a bare CR too. Trailers are not among
     * them. */
    const struct ref_net_field *headers;
    size_t header_count;
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
 *  answer. TOO_LARGE: body or header fields above their limits, or (with libcurl below 8.6: NOMEM)
 * one field above 100 KiB. MALFORMED: method, target or a header's name with a space or a control
 * character, or a header's value with a control character or empty (nothing is sent). IO: no
 * connection, or bytes that are no HTTP. NOMEM. */
enum assay_code ref_net_client_call(struct ref_net_client *client, struct ref_net_reply *reply,
                                    const struct ref_net_call *call,
                                    struct assay_err *err) ASSAY_MUST_USE;

/** Whether the request of the last call may have reached the other side, whatever the call
 *  returned. False: it provably has not, and may be sent again. */
bool ref_net_client_reached(const struct ref_net_client *client);
/** How many header fields of that name, in any case, the last reply had; *value is the first one's,
 *  or empty. Slices are valid until the next call. */
size_t ref_net_client_header(const struct ref_net_client *client, struct assay_bytes *value,
                             const char *name);

#endif
