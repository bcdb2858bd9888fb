/** Classes of answers: two answers are of one class when a maintainer would call them the same.
 *
 *  Status, media type, the shape of the body (of JSON its member names and types, of anything else
 *  a power of two of its length), how the connection ended, and what the request did: runs of the
 *  protected handler, calls that move money, and whether the store grew.
 */
#ifndef FUZZ_LIVE_ANSWER_H
#define FUZZ_LIVE_ANSWER_H

#include "base/buf.h"
#include "http/exchange.h"

#define LIVE_CLASSES_MAX 4096 /**< later ones are not remembered, and so not new */
#define LIVE_CLASS_TEXT_BYTES 256

/** What one request did, as seen from beside the wire. */
struct live_effects {
    uint64_t runs;  /**< of the protected handler; 0 where they cannot be counted */
    uint64_t moves; /**< calls that move money; 0 where the profile's roles count none */
    bool stored;    /**< the files of the store grew */
};

struct live_class {
    uint64_t hash;
    char text[LIVE_CLASS_TEXT_BYTES]; /**< "402 application/json {error:t,x402:{…}}", cut */
};

void live_class_of(struct live_class *out, const struct http_exchange *answer,
                   struct live_effects effects);

struct live_classes {
    uint64_t seen[LIVE_CLASSES_MAX];
    size_t count;
};
/** Whether it is new; it no longer is then. */
bool live_classes_add(struct live_classes *classes, uint64_t hash);

#endif
