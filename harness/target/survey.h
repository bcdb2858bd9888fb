/** What a running server tells of itself to a few honest requests, for a target file to begin with.
 *
 *  At most SURVEY_REQUESTS_MAX requests are sent, none of which pays: the routes that were named,
 * the places where free answers, tools and discovery documents usually are. What comes back is
 * hostile text as any other.
 */
#ifndef TARGET_SURVEY_H
#define TARGET_SURVEY_H

#include "http/exchange.h"

#include <jansson.h>

#define SURVEY_ROUTES_MAX 16
#define SURVEY_REQUESTS_MAX 32
#define SURVEY_DEADLINE_MS 5000

struct survey_route {
    const char *name;   /**< in the target file; NULL: it gets one by what it answers */
    const char *method; /**< "GET" */
    const char *target;
    const char *price;   /**< as the profile writes it; NULL: not told */
    const char *profile; /**< whose 402 it answered; NULL: none */
    int status;          /**< 0: it gave no answer */
};

struct survey {
    struct assay_arena *arena;
    const char *base_url;
    const char *const *allowed_hosts; /**< NULL-terminated, or NULL */
    struct survey_route routes[SURVEY_ROUTES_MAX];
    size_t route_count;
    unsigned requests;
    /* what was learnt */
    const char *profile;           /**< of the first priced route; NULL: none was found */
    const char *public_url;        /**< that offers name, where it is another; else NULL */
    const char *network;           /**< of the first offer, or NULL */
    uint64_t ttl_ms;               /**< of a challenge of paid-tools; 0: not told */
    bool is_in_body, is_in_header; /**< where the challenge stands */
    bool has_mcp, has_idempotency, has_identifier, has_receipts, has_two_offers, has_channels;
    bool is_version_one; /**< an offer of x402 version 1, which no profile has */
    const char *documents[4];
    size_t document_count;
};

/** Adds a route to ask. TOO_LARGE. The texts are borrowed. */
enum assay_code survey_add(struct survey *s, const char *name, const char *method,
                           const char *target, struct assay_err *err) ASSAY_MUST_USE;
/** Asks. DENIED: the host is neither loopback nor allowed; MALFORMED: no base URL; CLOSED: nothing
 *  answered at all; NOMEM. That no priced route was found is no failure: profile is NULL then. */
enum assay_code survey_ask(struct survey *s, struct assay_err *err) ASSAY_MUST_USE;

/** Reads one answer of 402 for what it says of the server; survey_ask does so with each. */
void survey_read_challenge(struct survey *s, struct survey_route *route,
                           const struct http_response *response);
/** Gives priced routes without a name those that the profile looks for. */
void survey_name_routes(struct survey *s);

/** What is left to a person: one sentence each, in the order of the file. NULL: no more. */
const char *survey_left(const struct survey *s, size_t i);
/** Appends the target file of what was learnt; what is left has texts that begin with
 *  MEMBERS_FILL_IN. NOMEM. */
enum assay_code survey_write(struct assay_buf *out, const struct survey *s,
                             struct assay_err *err) ASSAY_MUST_USE;

#endif
