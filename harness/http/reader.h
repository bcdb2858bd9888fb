/** Reading responses that may be hostile: HTTP/1.0 and 1.1, from bytes in whatever pieces they
 * come.
 *
 *  Source: RFC 9112 sections 4 to 7. Taken leniently: a bare LF as line end, a missing reason,
 * bytes above 0x7F and control characters but NUL in values. Garbled: any other version, folded
 * headers, space before a colon, a name that is no token, Content-Length that is no number or comes
 * twice with two values, a transfer coding other than chunked, more headers or bytes than the
 * limits. With both framings, Transfer-Encoding holds. Interim responses (1xx but 101) are skipped.
 */
#ifndef HTTP_READER_H
#define HTTP_READER_H

#include "http/chunked.h"
#include "http/exchange.h"

#define HTTP_HEAD_MAX_BYTES                                                                        \
    (128u << 10) /**< status line and headers, interim responses included                          \
                  */

enum http_read {
    HTTP_READ_MORE,
    HTTP_READ_DONE,
    HTTP_READ_GARBLED, /**< trouble says why */
    HTTP_READ_NOMEM,
};

/** The head alone, line by line. Zero but for response and arena is the start. */
struct http_head {
    struct http_response *response; /**< gets status and headers */
    struct assay_arena *arena;      /**< holds them */
    size_t bytes;
    bool has_status;
    bool chunked;
    bool has_length;
    uint64_t length;
    const char *trouble;
};

/** One line with its line end. DONE at the empty line of the final response. */
enum http_read http_head_line(struct http_head *head, struct assay_bytes line) ASSAY_MUST_USE;

/** A whole response. Holds a pointer into itself: not to be copied. */
struct http_reader {
    struct http_head head;
    struct http_response response; /**< its body only from http_reader_take */
    struct http_chunked chunked;
    struct assay_buf line;
    struct assay_buf body;
    uint64_t left;
    int part;
    bool no_body;        /**< the request was HEAD */
    bool begun;          /**< a byte of a response has come */
    const char *trouble; /**< of GARBLED: one sentence */
};

/** body_room: bytes of body that are kept. */
void http_reader_init(struct http_reader *reader, struct assay_arena *arena, bool no_body,
                      size_t body_room);
void http_reader_fini(struct http_reader *reader);
/** Out: *used, of bytes: all of them unless the result is DONE. After another result than MORE: not
 * to be called again. */
enum http_read http_reader_feed(struct http_reader *reader, size_t *used,
                                struct assay_bytes bytes) ASSAY_MUST_USE;
/** The peer closed in an orderly way: whether that completes the response, which had no other end.
 */
bool http_reader_ends_here(const struct http_reader *reader);
/** The response, after DONE or an end that completes it, with its body in the arena. NOMEM. */
enum http_read http_reader_take(struct http_reader *reader,
                                struct http_response *response) ASSAY_MUST_USE;

#endif
