/** A server for tests that gives every request the same answer: as wrong as a test wants it, for as
 * long as it wants. */
#ifndef TESTS_ANSWERING_H
#define TESTS_ANSWERING_H

#include <stdint.h>

struct answering_with {
    const char *unpaid; /**< bytes of every answer; "": the connection is closed; NULL: it is taken
                             and nothing is ever said */
    const char *paid;   /**< of requests that bring X-Payment-Proof; NULL: as unpaid */
};

struct answering;

/** Aborts the test on trouble. The texts must live until the stop. */
struct answering *answering_start(const struct answering_with *with);
void answering_stop(struct answering *answering); /**< NULL is taken */
uint16_t answering_port(const struct answering *answering);

#endif
