/* HMAC-SHA256, and comparing and wiping secrets; see mac.h. */
#include "base/mac.h"

#include <openssl/crypto.h>

enum { BLOCK_BYTES = 64 };

void assay_hmac_sha256(uint8_t out[ASSAY_SHA256_BYTES], struct assay_bytes key,
                       struct assay_bytes message)
{
    uint8_t pad[BLOCK_BYTES] = {0};
    uint8_t inner[ASSAY_SHA256_BYTES];
    struct assay_sha256 h;

    if (key.len > BLOCK_BYTES)
        assay_sha256(pad, key);
    else
        memcpy(pad, key.at, key.len);
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] ^= 0x36;
    assay_sha256_init(&h);
    assay_sha256_add(&h, assay_bytes_of(pad, sizeof(pad)));
    assay_sha256_add(&h, message);
    assay_sha256_end(&h, inner);
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] ^= 0x36 ^ 0x5C;
    assay_sha256_init(&h);
    assay_sha256_add(&h, assay_bytes_of(pad, sizeof(pad)));
    assay_sha256_add(&h, assay_bytes_of(inner, sizeof(inner)));
    assay_sha256_end(&h, out);
    assay_wipe(pad, sizeof(pad));
    assay_wipe(inner, sizeof(inner));
    assay_wipe(&h, sizeof(h));
}

bool assay_secret_equal(struct assay_bytes a, struct assay_bytes b)
{
    return a.len == b.len && CRYPTO_memcmp(a.at, b.at, a.len) == 0;
}

void assay_wipe(void *at, size_t len)
{
    OPENSSL_cleanse(at, len);
}
