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

/** Parts of the encoding within a digest, shared by ids, signature hashes and covenant ids. */
void kaspa_digest_outpoint(struct kaspa_digest *d, const struct kaspa_outpoint *outpoint);
void kaspa_digest_spk(struct kaspa_digest *d, const struct kaspa_spk *spk);
/** An output as it is encoded in a transaction of `version`: in version 0 without its covenant. */
void kaspa_digest_output(struct kaspa_digest *d, uint16_t version,
                         const struct kaspa_output *output);
/** The count of signature operations that is hashed for an input of version 0: 0 when it committed
 *  itself to a budget. */
uint8_t kaspa_input_sig_ops(const struct kaspa_input *input);

#endif
