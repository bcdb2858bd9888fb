/** Random bytes: from the system for servers, from a seed wherever a run must repeat. */
#ifndef ASSAY_BASE_RANDOM_H
#define ASSAY_BASE_RANDOM_H

#include "base/err.h"

/** From getrandom(2). IO when the system gives none; out is then unchanged as far as is known. */
enum assay_code assay_random_system(uint8_t *out, size_t len) ASSAY_MUST_USE;

/** A stream that is a function of its key alone: SHA-256 over key and a counter. Not secret. */
struct assay_random {
    uint8_t key[32];
    uint64_t counter;
};

/** key = SHA-256 of the parts joined by NUL; so a case's stream is named by run seed, scenario,
 * case. */
void assay_random_init(struct assay_random *r, struct assay_bytes seed, struct assay_bytes name);
void assay_random_bytes(struct assay_random *r, uint8_t *out, size_t len);
uint64_t assay_random_below(struct assay_random *r, uint64_t limit); /**< limit > 0; unbiased */

#endif
