/** The chunked transfer coding, taken apart as it arrives: RFC 9112 section 7.1. Allocates nothing.
 */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include "base/bytes.h"

#define HTTP_CHUNK_FRAMING_MAX_BYTES 65536 /**< one chunk's size line, or all trailers together */

enum http_chunk {
    HTTP_CHUNK_MORE, /**< all of the input was used; more must come */
    HTTP_CHUNK_DATA, /**< a piece of the body; call again */
    HTTP_CHUNK_END,  /**< the body and its trailers are complete; what is left of the input is not
                        its */
    HTTP_CHUNK_BAD, /**< no chunked coding, a size above 2^64-1, or framing longer than its limit */
};

/** Zero-initialised is the start of a body. */
struct http_chunked {
    int state;
    uint64_t left;  /**< of the chunk being read */
    size_t framing; /**< bytes since the last data */
    bool has_digit;
};

/** Moves *in over what it used. Out: *data, of CHUNK_DATA, a view of *in. */
enum http_chunk http_chunked_next(struct http_chunked *c, struct assay_bytes *data,
                                  struct assay_bytes *in) ASSAY_MUST_USE;

#endif
