/** Signature hashes. Source: Kaspa consensus digest, section 2. */
#ifndef KASPA_SIGHASH_H
#define KASPA_SIGHASH_H

#include "kaspa/hash.h"

enum kaspa_sighash_type {
    KASPA_SIGHASH_ALL = 0x01,
    KASPA_SIGHASH_NONE = 0x02,
    KASPA_SIGHASH_SINGLE = 0x04,
    KASPA_SIGHASH_ANYONE_CAN_PAY = 0x80, /**< only together with one of the above */
};

/** One of the six bytes that consensus knows: 01 02 04 81 82 84. */
bool kaspa_sighash_type_is_known(uint8_t type);

/** The digests that do not depend on the input, kept from one signature to the next of the same
 *  transaction. Zero-initialised is empty. Belongs to one transaction: whoever changes it starts
 *  with an empty one. */
struct kaspa_sighash_cache {
    bool has_outpoints, has_sequences, has_sig_ops, has_outputs, has_payload;
    struct kaspa_hash outpoints, sequences, sig_ops, outputs, payload;
};

/** What is signed with Schnorr for input `input` that spends `utxo` (input < tx->input_count; type
 * is known). cache may be NULL. Never fails. */
void kaspa_sighash_schnorr(struct kaspa_hash *out, const struct kaspa_tx *tx, size_t input,
                           const struct kaspa_utxo *utxo, uint8_t type,
                           struct kaspa_sighash_cache *cache);
/** The same for ECDSA: SHA-256 under its domain of the Schnorr hash. */
void kaspa_sighash_ecdsa(struct kaspa_hash *out, const struct kaspa_tx *tx, size_t input,
                         const struct kaspa_utxo *utxo, uint8_t type,
                         struct kaspa_sighash_cache *cache);

#endif
