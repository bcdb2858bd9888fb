/** The requestHash of a paid request.
 *
 *  Source: paid-tools digest, section 4: hex(SHA-256(METHOD LF PATH LF CANONICAL_QUERY LF BODY)).
 *  What is hashed is also what a handler must be given: pt_request_canonical_target.
 */
#ifndef PT_REQUEST_H
#define PT_REQUEST_H

#include "base/buf.h"

#define PT_HASH_TEXT_BYTES 65 /**< 64 lower-case hex digits and a NUL */
#define PT_TARGET_MAX_BYTES                                                                        \
    8192                        /**< a request-target above is answered 414 before anything else   \
                                 */
#define PT_QUERY_MAX_PIECES 256 /**< more pieces: TOO_LARGE */
/** Room that every canonical target fits: one byte that is no UTF-8 becomes "%EF%BF%BD", and each
 * piece may gain an '='. */
#define PT_CANONICAL_MAX_BYTES (9 * PT_TARGET_MAX_BYTES + 2 * PT_QUERY_MAX_PIECES)

struct pt_request {
    struct assay_bytes method; /**< as sent */
    struct assay_bytes target; /**< request-target as sent: origin form, or absolute form */
    struct assay_bytes host;   /**< Host header; empty where none was sent */
    struct assay_bytes body;   /**< as received, before any decoding */
};

/** Appends PATH of section 4. MALFORMED as assay_url_target, or a control character or space.
 * CONFLICT: the target names an authority (//host/…, http://host/…) other than `host`, or resolves
 * to a path that begins with "//" (/.//host): hashing it as a path would let two resources share a
 * hash. TOO_LARGE: above PT_TARGET_MAX_BYTES. The same holds for the three functions below. */
enum assay_code pt_request_path(struct assay_buf *out, const struct pt_request *request,
                                struct assay_err *err) ASSAY_MUST_USE;
/** Appends CANONICAL_QUERY: decoded, stably sorted by the UTF-8 bytes of the name alone,
 * re-encoded. */
enum assay_code pt_request_query(struct assay_buf *out, const struct pt_request *request,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** Appends PATH, and '?' with CANONICAL_QUERY where that is not empty. */
enum assay_code pt_request_canonical_target(struct assay_buf *out, const struct pt_request *request,
                                            struct assay_err *err) ASSAY_MUST_USE;
enum assay_code pt_request_hash(char out[PT_HASH_TEXT_BYTES], const struct pt_request *request,
                                struct assay_err *err) ASSAY_MUST_USE;

#endif
