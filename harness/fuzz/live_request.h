/** One live request: honest bytes, taken apart, bent by edits, and written again.
 *
 *  Pure: no case, no network. Everything lives in the arena given. The same bytes and edits make
 * the same request.
 */
#ifndef FUZZ_LIVE_REQUEST_H
#define FUZZ_LIVE_REQUEST_H

#include "base/base64.h"
#include "fuzz/live_sequence.h"
#include "http/client.h"

#define LIVE_PIECES_MAX 6

/** Where the payment stands in the honest request. */
struct live_carrier {
    const char *header;     /**< its value is `form` of JSON; NULL: the JSON is the body, or a part
                                 of it */
    enum assay_base64 form; /**< STD or URL */
    const char *mark; /**< a string that a good payment has among its values, in whatever case: its
                           signature; NULL: not known */
};

struct live_request {
    struct http_piece pieces[LIVE_PIECES_MAX];
    size_t piece_count;
    bool half_close;
    size_t answers;   /**< most that it may bring: 2 of what is sent twice */
    bool is_complete; /**< by the strictest reading it is a whole request that a server must answer:
                           one request line of HTTP/1.x, header lines without a fold, one
                           Content-Length that is true, no Transfer-Encoding, Expect or Upgrade */
    bool keeps_place; /**< no edit touched the method, the target, or what comes before them */
    bool pays;   /**< the payment is in it, whole or bent: not taken out, nor another text in its
                      place. True of what carries it in the body */
    bool speaks; /**< no edit touched what a server may answer with 501 or 505: method,
                      version, coding */
};

/** Bends the honest request. NOMEM; MALFORMED: those bytes are no request with a head. */
enum assay_code live_request_make(struct live_request *out, struct assay_arena *arena,
                                  struct assay_bytes honest, const struct live_carrier *carrier,
                                  const struct live_edit *edits, size_t edit_count) ASSAY_MUST_USE;
/** Whether these bytes are one whole request, as said above; `many`: or several in a row. */
bool live_request_is_complete(struct assay_bytes bytes, bool many);

#endif
