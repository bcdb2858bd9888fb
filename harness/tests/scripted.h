/** A peer for tests that answers each request with bytes of the test's choice. One thread;
 * connections are served one after the other. */
#ifndef TESTS_SCRIPTED_H
#define TESTS_SCRIPTED_H

#include "http/exchange.h"

enum scripted_end {
    SCRIPTED_CLOSE, /**< closes after each answer */
    SCRIPTED_RESET, /**< resets after each answer */
    SCRIPTED_KEEP,  /**< goes on with the next request of the connection */
};

struct scripted_answer {
    struct assay_bytes bytes; /**< may be empty */
    enum scripted_end end;
};

struct scripted;

/** answers[i] is for the i-th request; further ones are not answered. Aborts the test on trouble.
 */
struct scripted *scripted_start(const struct scripted_answer *answers, size_t count);
void scripted_stop(struct scripted *scripted);
struct http_peer scripted_peer(const struct scripted *scripted);
size_t scripted_requests(struct scripted *scripted); /**< heads received completely */
/** The bytes received so far, all connections in a row; valid until the stop. Call when nothing is
 * sent. */
struct assay_bytes scripted_received(struct scripted *scripted);

/** The peer at 127.0.0.1:port. */
struct http_peer loopback_peer(uint16_t port);
/** A port of 127.0.0.1 where nothing listens. */
uint16_t unused_port(void);

#endif
