/** The role `facilitator` with a client of it, and payments for tests. */
#ifndef TESTS_FACILITATOR_WORLD_H
#define TESTS_FACILITATOR_WORLD_H

#include "http/client.h"
#include "net/facilitator.h"
#include "roles/facilitator.h"

#include <criterion/criterion.h>

#define FACILITATOR_NETWORK "eip155:84532"
#define FACILITATOR_PAYER "0xAbcdef0000000000000000000000000000000001"
enum {
    FACILITATOR_PATIENCE_MS = 60000, /* of what must happen */
    FACILITATOR_SHORT_MS = 2000,     /* of what never does, but long enough to be asked for it */
    FACILITATOR_LIMIT_BYTES = 100000,
};

struct facilitator_world {
    struct facilitator *role;
    struct ref_facilitator *client, *hasty; /**< the second gives up after a short time */
    struct assay_arena arena;
};

/** The role does exact and upto on the network, exact with an asset, and exact on solana:1. */
void facilitator_world_begin(struct facilitator_world *w, enum facilitator_reuse reuse);
void facilitator_world_end(struct facilitator_world *w);
/** Another client of it, the caller's to free. */
struct ref_facilitator *facilitator_world_client(const char *url, int64_t deadline_ms);

/** An authorization with that nonce for 1000 of scheme exact. */
struct x402_ask facilitator_world_ask(struct facilitator_world *w, const char *nonce);
/** A payment of JSON of the test's own. */
struct x402_ask facilitator_world_ask_of(struct facilitator_world *w, const char *accepted,
                                         const char *requirements, const char *payload);
const char *facilitator_world_terms(struct facilitator_world *w, const char *scheme,
                                    const char *network, const char *amount);

struct ref_facilitator_answer facilitator_world_verify(struct facilitator_world *w,
                                                       const char *nonce);
struct ref_facilitator_answer facilitator_world_settle(struct facilitator_world *w,
                                                       const char *nonce);
/** The same, given up after a short time. */
struct ref_facilitator_answer facilitator_world_settle_hastily(struct facilitator_world *w,
                                                               const char *nonce);
/** A request of the test's own; body NULL: none. */
const struct http_exchange *facilitator_world_send(struct facilitator_world *w, const char *origin,
                                                   const char *method, const char *target,
                                                   const char *body);
/** The body of its answer, which has to have come. */
const char *facilitator_world_text(struct facilitator_world *w, const struct http_exchange *x);
/** What a server sends of it. */
const char *facilitator_world_request(struct facilitator_world *w, const struct x402_ask *ask);

/** That it is this outcome, with a reason in `why` unless it is YES; `row` is named where not. */
void facilitator_expect(const char *row, const struct ref_facilitator_answer *answer,
                        enum ref_facilitator_outcome outcome);

#endif
