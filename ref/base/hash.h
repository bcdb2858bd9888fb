/** SHA-256 (FIPS 180-4), BLAKE2b (RFC 7693) and BLAKE3, the latter two plain and keyed. */
#ifndef ASSAY_BASE_HASH_H
#define ASSAY_BASE_HASH_H

#include "base/bytes.h"

#define ASSAY_SHA256_BYTES 32
#define ASSAY_BLAKE2B_MAX_BYTES 64
#define ASSAY_BLAKE3_BYTES 32

/** A digest in parts, on the stack: _init, _add as often as wanted, _end once. Never fails. */
struct assay_sha256 {
    uint64_t storage[16]; /**< libcrypto's state, of no meaning here */
};

void assay_sha256_init(struct assay_sha256 *h);
void assay_sha256_add(struct assay_sha256 *h, struct assay_bytes bytes);
void assay_sha256_end(struct assay_sha256 *h, uint8_t out[ASSAY_SHA256_BYTES]);
void assay_sha256(uint8_t out[ASSAY_SHA256_BYTES], struct assay_bytes bytes);
/** 64 lower-case hex characters and a NUL. */
void assay_sha256_hex(char out[2 * ASSAY_SHA256_BYTES + 1], struct assay_bytes bytes);

/** out_len 1..64; key.len 0 (plain) .. 64. */
void assay_blake2b(uint8_t *out, size_t out_len, struct assay_bytes key, struct assay_bytes bytes);
/** In parts, as above; out_len and key as of assay_blake2b. */
struct assay_blake2b {
    uint64_t storage[64]; /**< libb2's state, of no meaning here */
};

void assay_blake2b_init(struct assay_blake2b *h, size_t out_len, struct assay_bytes key);
void assay_blake2b_add(struct assay_blake2b *h, struct assay_bytes bytes);
void assay_blake2b_end(struct assay_blake2b *h, uint8_t *out, size_t out_len);

/** In parts; key is NULL (plain) or 32 bytes. */
struct assay_blake3 {
    uint64_t storage[240]; /**< the library's state, of no meaning here */
};

void assay_blake3_init(struct assay_blake3 *h, const uint8_t *key);
void assay_blake3_add(struct assay_blake3 *h, struct assay_bytes bytes);
void assay_blake3_end(struct assay_blake3 *h, uint8_t out[ASSAY_BLAKE3_BYTES]);
/** All at once. */
void assay_blake3(uint8_t out[ASSAY_BLAKE3_BYTES], const uint8_t *key, struct assay_bytes bytes);

#endif
