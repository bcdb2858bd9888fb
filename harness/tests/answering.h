/** A server for tests that gives every request the same answer: as wrong as a test wants it, for as
 * long as it wants. */
#ifndef TESTS_ANSWERING_H
#define TESTS_ANSWERING_H

#include "base/bytes.h"

struct answering_with {
    struct assay_bytes unpaid; /**< bytes of every answer; empty: the connection is closed */
    struct assay_bytes paid;   /**< of requests that bring X-Payment-Proof; empty: as unpaid */
    bool silent;               /**< connections are taken and nothing is ever said */
};

struct answering;

/** Aborts the test on trouble. The bytes must live until the stop. */
struct answering *answering_start(const struct answering_with *with);
void answering_stop(struct answering *answering); /**< NULL is taken */
uint16_t answering_port(const struct answering *answering);

#endif
