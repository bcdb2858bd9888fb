/** Transaction id, transaction hash, and the encoding that both digest.
 *  Source: Kaspa consensus digest, section 1.2. */
#ifndef KASPA_TXID_H
#define KASPA_TXID_H

#include "base/buf.h"
#include "kaspa/hash.h"

/** The id: the same whatever the signature scripts, compute commitments and storage mass are. Any
 *  version above 0 is hashed as version 1 is. Never fails. */
void kaspa_txid(struct kaspa_hash *id, const struct kaspa_tx *tx);
/** The hash that a block's merkle tree holds: of everything. Never fails. */
void kaspa_tx_hash(struct kaspa_hash *hash, const struct kaspa_tx *tx);

enum kaspa_encoding {
    KASPA_ENCODE_ALL = 0, /**< what kaspa_tx_hash digests */
    KASPA_ENCODE_NO_SIGNATURE = 1,
    KASPA_ENCODE_NO_MASS = 2,
    KASPA_ENCODE_NO_PAYLOAD = 4,
};

/** Appends the encoding, of any of these flags together. Fails as the buffer does. */
void kaspa_tx_encode(struct assay_buf *out, const struct kaspa_tx *tx, unsigned flags);
/** Its parts within a digest, shared by ids and signature hashes: an output as it is encoded in a
 *  transaction of `version`. */
void kaspa_digest_output(struct kaspa_digest *d, uint16_t version,
                         const struct kaspa_output *output);

#endif
