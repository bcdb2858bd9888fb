/* Digests under Kaspa's domains; see hash.h. */
#include "kaspa/hash.h"

#include <assert.h>

enum family { BLAKE2B, SHA256, BLAKE3 };

static const struct {
    enum family family;
    const char *name;
} domains[] = {
#define X(constant, family, name) {family, name},
    KASPA_DOMAINS(X)
#undef X
};

static_assert(ARRAY_LEN(domains) == KASPA_DOMAIN__COUNT, "one row a domain");

static void init_sha256(struct kaspa_digest *d, struct assay_bytes name)
{
    uint8_t tag[ASSAY_SHA256_BYTES];

    assay_sha256(tag, name);
    assay_sha256_init(&d->state.sha256);
    assay_sha256_add(&d->state.sha256, assay_bytes_of(tag, sizeof(tag)));
}

static void init_blake3(struct kaspa_digest *d, struct assay_bytes name)
{
    uint8_t key[ASSAY_BLAKE3_BYTES] = {0};

    assert(name.len <= sizeof(key));
    memcpy(key, name.at, name.len);
    assay_blake3_init(&d->state.blake3, key);
}

void kaspa_digest_init(struct kaspa_digest *d, enum kaspa_domain domain)
{
    struct assay_bytes name = assay_str(domains[domain].name);

    d->domain = domain;
    d->len = 0;
    switch (domains[domain].family) {
    case BLAKE2B:
        assay_blake2b_init(&d->state.blake2b, KASPA_HASH_BYTES, name);
        break;
    case SHA256:
        init_sha256(d, name);
        break;
    case BLAKE3:
        init_blake3(d, name);
        break;
    }
}

static void digest(struct kaspa_digest *d, struct assay_bytes bytes)
{
    switch (domains[d->domain].family) {
    case BLAKE2B:
        assay_blake2b_add(&d->state.blake2b, bytes);
        break;
    case SHA256:
        assay_sha256_add(&d->state.sha256, bytes);
        break;
    case BLAKE3:
        assay_blake3_add(&d->state.blake3, bytes);
        break;
    }
}

static void flush(struct kaspa_digest *d)
{
    digest(d, assay_bytes_of(d->room, d->len));
    d->len = 0;
}

/* Room for up to KASPA_DIGEST_ROOM_BYTES more. */
static uint8_t *room(struct kaspa_digest *d, size_t len)
{
    if (len > sizeof(d->room) - d->len)
        flush(d);
    d->len += len;
    return d->room + d->len - len;
}

void kaspa_digest_add(struct kaspa_digest *d, struct assay_bytes bytes)
{
    if (bytes.len == 0)
        return; /* a slice that was only zero-initialised points nowhere */
    if (bytes.len <= sizeof(d->room)) {
        memcpy(room(d, bytes.len), bytes.at, bytes.len);
        return;
    }
    flush(d);
    digest(d, bytes);
}

static void number(struct kaspa_digest *d, uint64_t value, size_t len)
{
    uint8_t *at = room(d, len);

    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

void kaspa_digest_u8(struct kaspa_digest *d, uint8_t value)
{
    number(d, value, 1);
}

void kaspa_digest_u16(struct kaspa_digest *d, uint16_t value)
{
    number(d, value, 2);
}

void kaspa_digest_u32(struct kaspa_digest *d, uint32_t value)
{
    number(d, value, 4);
}

void kaspa_digest_u64(struct kaspa_digest *d, uint64_t value)
{
    number(d, value, 8);
}

void kaspa_digest_var(struct kaspa_digest *d, struct assay_bytes bytes)
{
    kaspa_digest_u64(d, bytes.len);
    kaspa_digest_add(d, bytes);
}

void kaspa_digest_hash(struct kaspa_digest *d, const struct kaspa_hash *hash)
{
    kaspa_digest_add(d, assay_bytes_of(hash->at, sizeof(hash->at)));
}

void kaspa_digest_end(struct kaspa_digest *d, struct kaspa_hash *out)
{
    flush(d);
    switch (domains[d->domain].family) {
    case BLAKE2B:
        assay_blake2b_end(&d->state.blake2b, out->at, sizeof(out->at));
        break;
    case SHA256:
        assay_sha256_end(&d->state.sha256, out->at);
        break;
    case BLAKE3:
        assay_blake3_end(&d->state.blake3, out->at);
        break;
    }
}

void kaspa_hash_of(struct kaspa_hash *out, enum kaspa_domain domain, struct assay_bytes bytes)
{
    struct kaspa_digest d;

    kaspa_digest_init(&d, domain);
    kaspa_digest_add(&d, bytes);
    kaspa_digest_end(&d, out);
}

const char *kaspa_domain_name(enum kaspa_domain domain)
{
    return domains[domain].name;
}
