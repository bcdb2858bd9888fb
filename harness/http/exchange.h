/** What goes over the wire and what came back: requests, responses, exchanges, and how each ended.
 *
 *  All memory is the caller's arena. A peer that answers badly or not at all is an outcome of an
 *  exchange (data); only trouble of our own is an error code.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/arena.h"
#include "base/url.h"

/** Of a response body; the rest is counted and dropped. */
#define HTTP_BODY_KEEP_BYTES (8u << 20)
#define HTTP_HEADERS_MAX 64

struct http_header {
    const char *name;
    struct assay_bytes value; /**< sent verbatim, whatever it holds */
};

struct http_request {
    const char *method;
    const char *target; /**< sent verbatim, escapes and dots included */
    struct http_header
        headers[HTTP_HEADERS_MAX]; /**< beyond Host, Content-Length, User-Agent, which are ours */
    size_t header_count;
    struct assay_bytes body;
    bool has_body; /**< also true for an empty body that is to be framed */
    bool chunked;  /**< Transfer-Encoding: chunked instead of Content-Length */
};

/** How an exchange ended. */
enum http_outcome {
    HTTP_ANSWERED,      /**< a complete response */
    HTTP_NO_CONNECTION, /**< refused or unreachable */
    HTTP_CLOSED,        /**< closed or reset before a complete response */
    HTTP_TIMEOUT,       /**< the deadline passed first */
    HTTP_GARBLED,       /**< what came is no HTTP response */
};

struct http_response {
    int status;
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    struct assay_bytes
        body; /**< at most HTTP_BODY_KEEP_BYTES, and less where the arena has little room */
    uint64_t body_bytes; /**< as received */
};

struct http_exchange {
    const char *label; /**< for the evidence: "first use", "copy 17 of 64"; may be NULL */
    const struct http_request *request; /**< NULL in raw mode: see sent */
    struct assay_bytes sent;            /**< raw mode: the bytes as sent */
    enum http_outcome outcome;
    struct http_response response; /**< of ANSWERED */
    const char *trouble;           /**< of every other outcome: one sentence */
    bool kept_ended; /**< of CLOSED: the connection was kept since an earlier answer */
    int64_t sent_ns, first_ns, end_ns; /**< CLOCK_MONOTONIC: last byte sent, first byte back, end */
};

const char *http_outcome_text(enum http_outcome outcome);

/** A request with no headers; strings are borrowed. */
struct http_request http_get(const char *target);
struct http_request http_post(const char *target, const char *content_type,
                              struct assay_bytes body);
/** Adds a header; false when there are HTTP_HEADERS_MAX already. */
bool http_request_add(struct http_request *request, const char *name, struct assay_bytes value);
/** The first header of that name without regard to case, or an empty slice; *found may be NULL. */
struct assay_bytes http_response_header(const struct http_response *response, const char *name,
                                        bool *found);

/** Where to send: scheme, host and port of a base URL, and what may be connected to. */
struct http_peer {
    struct assay_url url; /**< path is a prefix put before every target; usually empty */
    const char *const *allowed_hosts; /**< NULL-terminated; beside loopback, which always is */
    /** what the Host header says, where the server is known by another name than it is reached by;
     * empty: the URL's */
    struct assay_bytes host;
};

#endif
