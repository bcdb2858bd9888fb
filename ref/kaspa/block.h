/** Merkle roots and header hashes of blocks. Source: Kaspa consensus digest, sections 1.3, 1.4. */
#ifndef KASPA_BLOCK_H
#define KASPA_BLOCK_H

#include "kaspa/hash.h"

/** The root over transaction hashes (not ids). `hashes` is used as working room and destroyed.
 * None: zeros; one: itself. */
void kaspa_merkle_root(struct kaspa_hash *out, struct kaspa_hash *hashes, size_t count);

struct kaspa_parents {
    const struct kaspa_hash *hashes;
    size_t count;
};

struct kaspa_header {
    uint16_t version;
    const struct kaspa_parents *levels;
    size_t level_count;
    struct kaspa_hash hash_merkle_root, accepted_id_merkle_root, utxo_commitment, pruning_point;
    uint64_t timestamp_ms;
    uint32_t bits;
    uint64_t nonce;
    uint64_t daa_score;
    uint64_t blue_score;
    struct assay_bytes blue_work; /**< big-endian; leading zeros are left out of the hash */
};

void kaspa_header_hash(struct kaspa_hash *out, const struct kaspa_header *header);

#endif
