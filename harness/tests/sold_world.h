/** `assay serve kaspa-x402 --facilitator` with the role `facilitator`, beside what serve_world.h
 * has: payments for what is sold through it. */
#ifndef TESTS_SOLD_WORLD_H
#define TESTS_SOLD_WORLD_H

#include "roles/facilitator.h"
#include "serve_world.h"

#include <jansson.h>

#define SOLD_NETWORK "eip155:84532"
#define SOLD_PAYER "0x857b06519e91e3a54538791bdbb0e22373e36b66"

struct sold_world {
    struct serve_world serve;
    struct facilitator *role;
};

/** Starts the role, which settles a payment once. The server is told of it, asks it for its list
 *  every 50 ms, and gives it as long as the tests have patience; it is for the test to start. */
void sold_begin(struct sold_world *w);
void sold_end(struct sold_world *w);

/** Whether what the facilitator does comes to be offered, or not to be. Each worker asks for its
 *  own list, with its first request. */
bool sold_comes_to_offer(struct sold_world *w, bool wanted);
/** What is offered on the network above, the caller's; NULL: it is not. How many offers are not on
 *  Kaspa. */
json_t *sold_offer(struct sold_world *w);
size_t sold_offers(struct sold_world *w);
/** The payload of a payment: an authorization whose nonce is that number, in hex. Nobody has signed
 *  it, and it pays nobody: the facilitator does not look. The caller's. */
json_t *sold_payload(const char *nonce);
/** The paid request for GET /report?day=1, with an authorization whose nonce is that number, in
 *  hex. */
struct http_request sold_pay(struct sold_world *w, const char *nonce);

#endif
