/** The digests of Kaspa under their domains, in parts.
 *
 *  Source: Kaspa consensus digest, section 1.1: BLAKE2b-256 keyed by the domain's name, SHA-256
 * after the digest of the domain's name, BLAKE3 keyed by the name padded with zeros to 32 bytes.
 */
#ifndef KASPA_HASH_H
#define KASPA_HASH_H

#include "base/hash.h"
#include "kaspa/tx.h"

/* constant, family, the domain's name */
#define KASPA_DOMAINS(X)                                                                           \
    X(TRANSACTION_HASH, BLAKE2B, "TransactionHash")                                                \
    X(TRANSACTION_ID, BLAKE2B, "TransactionID")                                                    \
    X(SIGNING, BLAKE2B, "TransactionSigningHash")                                                  \
    X(BLOCK, BLAKE2B, "BlockHash")                                                                 \
    X(PROOF_OF_WORK, BLAKE2B, "ProofOfWorkHash")                                                   \
    X(MERKLE_BRANCH, BLAKE2B, "MerkleBranchHash")                                                  \
    X(MUHASH_ELEMENT, BLAKE2B, "MuHashElement")                                                    \
    X(MUHASH_FINALIZE, BLAKE2B, "MuHashFinalize")                                                  \
    X(PERSONAL_MESSAGE, BLAKE2B, "PersonalMessageSigningHash")                                     \
    X(COVENANT_ID, BLAKE2B, "CovenantID")                                                          \
    X(SIGNING_ECDSA, SHA256, "TransactionSigningHashECDSA")                                        \
    X(PAYLOAD_DIGEST, BLAKE3, "PayloadDigest")                                                     \
    X(TRANSACTION_REST, BLAKE3, "TransactionRest")                                                 \
    X(TRANSACTION_V1_ID, BLAKE3, "TransactionV1Id")                                                \
    X(SEQ_COMMIT_MERKLE_BRANCH, BLAKE3, "SeqCommitmentMerkleBranchHash")                           \
    X(SEQ_COMMIT_LANE_KEY, BLAKE3, "SeqCommitLaneKey")                                             \
    X(SEQ_COMMIT_LANE_TIP, BLAKE3, "SeqCommitLaneTip")                                             \
    X(SEQ_COMMIT_ACTIVITY_LEAF, BLAKE3, "SeqCommitActivityLeaf")                                   \
    X(SEQ_COMMIT_MERGESET_CONTEXT, BLAKE3, "SeqCommitMergesetContext")                             \
    X(SEQ_COMMIT_MINER_PAYLOAD_LEAF, BLAKE3, "SeqCommitMinerPayloadLeaf")                          \
    X(SEQ_COMMIT_ACTIVITY_ROOT, BLAKE3, "SeqCommitActivityRoot")                                   \
    X(SEQ_COMMIT_ACTIVE_LEAF, BLAKE3, "SeqCommitActiveLeaf")                                       \
    X(SEQ_COMMIT_ACTIVE_NODE, BLAKE3, "SeqCommitActiveNode")                                       \
    X(SEQ_COMMIT_ACTIVE_COLLAPSED_NODE, BLAKE3, "SeqCommitActiveCollapsedNode")

#define KASPA_DOMAIN_ENUM(name, family, text) KASPA_DOMAIN_##name,
enum kaspa_domain { KASPA_DOMAINS(KASPA_DOMAIN_ENUM) KASPA_DOMAIN__COUNT };
#undef KASPA_DOMAIN_ENUM

#define KASPA_DIGEST_ROOM_BYTES 1024

/** A digest in parts, on the stack. Small parts are gathered, so that adding a number costs a copy
 *  and no more. */
struct kaspa_digest {
    enum kaspa_domain domain;
    size_t len; /**< gathered and not yet digested */
    uint8_t room[KASPA_DIGEST_ROOM_BYTES];
    union {
        struct assay_blake2b blake2b;
        struct assay_blake3 blake3;
        struct assay_sha256 sha256;
    } state;
};

void kaspa_digest_init(struct kaspa_digest *d, enum kaspa_domain domain);
void kaspa_digest_add(struct kaspa_digest *d, struct assay_bytes bytes);
void kaspa_digest_u8(struct kaspa_digest *d, uint8_t value);
void kaspa_digest_u16(struct kaspa_digest *d, uint16_t value); /**< little-endian, as all here */
void kaspa_digest_u32(struct kaspa_digest *d, uint32_t value);
void kaspa_digest_u64(struct kaspa_digest *d, uint64_t value);
/** The length as u64, then the bytes. */
void kaspa_digest_var(struct kaspa_digest *d, struct assay_bytes bytes);
void kaspa_digest_hash(struct kaspa_digest *d, const struct kaspa_hash *hash);
void kaspa_digest_end(struct kaspa_digest *d, struct kaspa_hash *out);

/** All at once. */
void kaspa_hash_of(struct kaspa_hash *out, enum kaspa_domain domain, struct assay_bytes bytes);
/** "TransactionHash" and so on. */
const char *kaspa_domain_name(enum kaspa_domain domain);

#endif
