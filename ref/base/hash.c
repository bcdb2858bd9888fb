/* SHA-256 by libcrypto, BLAKE2b by libb2, BLAKE3 by its authors' C; see hash.h.
 *
 * libcrypto's streaming SHA-256 is the one that neither allocates nor fails. OpenSSL 3 marks it as
 * deprecated in favour of EVP, which does both. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include "base/hex.h"

#include <assert.h>
#include <blake2.h>
#include <blake3.h>
#include <openssl/sha.h>

static_assert(sizeof(SHA256_CTX) <= sizeof(struct assay_sha256), "libcrypto's state fits ours");
static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct assay_sha256), "and is aligned there");
static_assert(SHA256_DIGEST_LENGTH == ASSAY_SHA256_BYTES, "32 bytes");
static_assert(sizeof(blake2b_state) <= sizeof(struct assay_blake2b), "libb2's state fits ours");
static_assert(_Alignof(blake2b_state) <= _Alignof(struct assay_blake2b), "and is aligned there");
static_assert(sizeof(blake3_hasher) <= sizeof(struct assay_blake3), "BLAKE3's state fits ours");
static_assert(_Alignof(blake3_hasher) <= _Alignof(struct assay_blake3), "and is aligned there");
static_assert(BLAKE3_OUT_LEN == ASSAY_BLAKE3_BYTES, "32 bytes");
static_assert(BLAKE2B_OUTBYTES == ASSAY_BLAKE2B_MAX_BYTES, "64 bytes");

static SHA256_CTX *context(struct assay_sha256 *h)
{
    return (SHA256_CTX *)(void *)h->storage;
}

void assay_sha256_init(struct assay_sha256 *h)
{
    (void)SHA256_Init(context(h));
}

void assay_sha256_add(struct assay_sha256 *h, struct assay_bytes bytes)
{
    (void)SHA256_Update(context(h), bytes.at, bytes.len);
}

void assay_sha256_end(struct assay_sha256 *h, uint8_t out[ASSAY_SHA256_BYTES])
{
    (void)SHA256_Final(out, context(h));
}

void assay_sha256(uint8_t out[ASSAY_SHA256_BYTES], struct assay_bytes bytes)
{
    struct assay_sha256 h;

    assay_sha256_init(&h);
    assay_sha256_add(&h, bytes);
    assay_sha256_end(&h, out);
}

void assay_sha256_hex(char out[2 * ASSAY_SHA256_BYTES + 1], struct assay_bytes bytes)
{
    uint8_t digest[ASSAY_SHA256_BYTES];

    assay_sha256(digest, bytes);
    assay_hex_encode(out, assay_bytes_of(digest, sizeof(digest)));
}

void assay_blake2b(uint8_t *out, size_t out_len, struct assay_bytes key, struct assay_bytes bytes)
{
    struct assay_blake2b h;

    assay_blake2b_init(&h, out_len, key);
    assay_blake2b_add(&h, bytes);
    assay_blake2b_end(&h, out, out_len);
}

static blake2b_state *blake2b_of(struct assay_blake2b *h)
{
    return (blake2b_state *)(void *)h->storage;
}

void assay_blake2b_init(struct assay_blake2b *h, size_t out_len, struct assay_bytes key)
{
    assert(out_len >= 1 && out_len <= ASSAY_BLAKE2B_MAX_BYTES && key.len <= BLAKE2B_KEYBYTES);
    /* They fail on wrong lengths only. */
    if (key.len > 0)
        (void)blake2b_init_key(blake2b_of(h), out_len, key.at, key.len);
    else
        (void)blake2b_init(blake2b_of(h), out_len);
}

void assay_blake2b_add(struct assay_blake2b *h, struct assay_bytes bytes)
{
    (void)blake2b_update(blake2b_of(h), bytes.at, bytes.len);
}

void assay_blake2b_end(struct assay_blake2b *h, uint8_t *out, size_t out_len)
{
    (void)blake2b_final(blake2b_of(h), out, out_len);
}

static blake3_hasher *blake3_of(struct assay_blake3 *h)
{
    return (blake3_hasher *)(void *)h->storage;
}

/* The first block that BLAKE3's C compresses asks what the processor has, and keeps the answer in a
 * variable that nothing guards: two threads that begin together would race for it. So it is asked
 * before there are threads. */
__attribute__((constructor)) static void know_processor(void)
{
    uint8_t digest[BLAKE3_OUT_LEN];
    blake3_hasher h;

    blake3_hasher_init(&h);
    blake3_hasher_finalize(&h, digest, sizeof(digest));
}

void assay_blake3_init(struct assay_blake3 *h, const uint8_t *key)
{
    if (key != NULL)
        blake3_hasher_init_keyed(blake3_of(h), key);
    else
        blake3_hasher_init(blake3_of(h));
}

void assay_blake3_add(struct assay_blake3 *h, struct assay_bytes bytes)
{
    blake3_hasher_update(blake3_of(h), bytes.at, bytes.len);
}

void assay_blake3_end(struct assay_blake3 *h, uint8_t out[ASSAY_BLAKE3_BYTES])
{
    blake3_hasher_finalize(blake3_of(h), out, ASSAY_BLAKE3_BYTES);
}

void assay_blake3(uint8_t out[ASSAY_BLAKE3_BYTES], const uint8_t *key, struct assay_bytes bytes)
{
    struct assay_blake3 h;

    assay_blake3_init(&h, key);
    assay_blake3_add(&h, bytes);
    assay_blake3_end(&h, out);
}
