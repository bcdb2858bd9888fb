/** The HTTP side of roles that must hold, cut, refuse and pad answers where a server would not:
 * libmicrohttpd, a thread a connection, so that a request can be held for as long as one likes.
 *
 *  Requests are whole when they are served. Signals are masked in its threads: they are for the
 * program's own.
 */
#ifndef ROLES_ROLE_HTTP_H
#define ROLES_ROLE_HTTP_H

#include "base/buf.h"
#include "base/err.h"

struct MHD_Connection;
struct MHD_Response;

struct role_http_request {
    struct MHD_Connection *connection;
    const char *method;
    const char *path;   /**< unescaped, without the query */
    const char *target; /**< as it came */
    struct assay_bytes body;
};

struct role_http_options {
    int listener;               /**< taken over, also by a start that fails */
    unsigned connections_max;   /**< at once; further ones are closed */
    size_t head_max_bytes;      /**< of a request's head, and of an answer's */
    size_t body_max_bytes;      /**< of a request; one beyond it ends its connection */
    bool (*refuses)(void *cls); /**< whether a new connection is closed at once; NULL: none is */
    /** On a thread of the connection. False: no answer was queued, and the connection ends. */
    bool (*serve)(void *cls, const struct role_http_request *request);
    void *cls;
};

struct role_http;
/** IO, NOMEM: "NAME cannot be started". */
enum assay_code role_http_start(struct role_http **out, const struct role_http_options *options,
                                const char *name, struct assay_err *err) ASSAY_MUST_USE;
/** Ends every connection once what serves it returns; NULL is taken. */
void role_http_stop(struct role_http *http);

/** An answer's body: its text, then spaces up to its length, perhaps not to its end. */
struct role_http_body {
    struct assay_buf text;
    uint64_t len;   /**< at least the text's */
    uint64_t until; /**< bytes after which the connection ends; `len`: it does not */
    /** So many bytes more of the call's answer were handed over; NULL: nobody counts them. */
    void (*on_taken)(void *cls, uint64_t call, uint64_t bytes);
    void *cls;
    uint64_t call;
};
/** A response of that body, whose text it takes over in any case. NULL: out of memory. */
struct MHD_Response *role_http_response(const struct role_http_body *body) ASSAY_MUST_USE;

/** Appends a gzip member of `text` and spaces up to `len` bytes: a bomb. */
void role_http_gzip(struct assay_buf *out, struct assay_bytes text, size_t len);

/** The connection's socket, to poll whether its client is still there; -1: unknown. */
int role_http_socket(struct MHD_Connection *connection);

#endif
