/** HMAC-SHA256 (RFC 2104), comparison in constant time, and wiping that the compiler may not drop.
 */
#ifndef ASSAY_BASE_MAC_H
#define ASSAY_BASE_MAC_H

#include "base/hash.h"

void assay_hmac_sha256(uint8_t out[ASSAY_SHA256_BYTES], struct assay_bytes key,
                       struct assay_bytes message);
/** The time taken depends on the lengths only. */
bool assay_secret_equal(struct assay_bytes a, struct assay_bytes b);
void assay_wipe(void *at, size_t len);

#endif
