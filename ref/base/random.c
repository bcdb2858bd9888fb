/* Random bytes from the system, and seeded streams that repeat; see random.h. */
#include "base/random.h"

#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

enum { BELOW_TRIES = 128 };

enum assay_code assay_random_system(uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n = getrandom(out, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ASSAY_E_IO;
        out += n;
        len -= (size_t)n;
    }
    return ASSAY_OK;
}

void assay_random_init(struct assay_random *r, struct assay_bytes seed, struct assay_bytes name)
{
    struct assay_sha256 h;

    assay_sha256_init(&h);
    assay_sha256_add(&h, seed);
    assay_sha256_add(&h, (struct assay_bytes){(const uint8_t *)"", 1});
    assay_sha256_add(&h, name);
    assay_sha256_end(&h, r->key);
    r->counter = 0;
}

/* Every call starts a new block, so that what it gives depends on the calls before it only. */
void assay_random_bytes(struct assay_random *r, uint8_t *out, size_t len)
{
    while (len > 0) {
        uint8_t block[ASSAY_SHA256_BYTES];
        uint8_t counter[8];
        struct assay_sha256 h;
        size_t n = len < sizeof(block) ? len : sizeof(block);

        for (size_t i = 0; i < sizeof(counter); i++)
            counter[i] = (uint8_t)(r->counter >> (56 - 8 * i));
        r->counter++;
        assay_sha256_init(&h);
        assay_sha256_add(&h, assay_bytes_of(r->key, sizeof(r->key)));
        assay_sha256_add(&h, assay_bytes_of(counter, sizeof(counter)));
        assay_sha256_end(&h, block);
        memcpy(out, block, n);
        out += n;
        len -= n;
    }
}

uint64_t assay_random_below(struct assay_random *r, uint64_t limit)
{
    uint64_t value = 0;
    uint64_t uneven;

    assert(limit > 0);
    uneven = (UINT64_MAX - limit + 1) % limit; /* 2^64 mod limit: values below it are drawn again */
    /* a draw is refused with probability below 1/2, so the bound is never met */
    for (unsigned i = 0; i < BELOW_TRIES; i++) {
        uint8_t bytes[8];

        assay_random_bytes(r, bytes, sizeof(bytes));
        value = 0;
        for (size_t b = 0; b < sizeof(bytes); b++)
            value = value << 8 | bytes[b];
        if (value >= uneven)
            break;
    }
    return value % limit;
}
