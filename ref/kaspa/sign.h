/** Keys, signatures and signature scripts, for peers and tests: funding that has no value.
 *
 *  Deterministic: the same key, message and auxiliary bytes give the same signature. The curve is
 *  base/sig. Source: Kaspa consensus digest, sections 2 and 3 (KIP-5 for personal messages).
 */
#ifndef KASPA_SIGN_H
#define KASPA_SIGN_H

#include "base/sig.h"
#include "kaspa/script.h"
#include "kaspa/sighash.h"

#define KASPA_SIGNATURE_PUSH_BYTES 66 /**< 41, 64 bytes, the type byte */

/** Fills a key from a seed and a name; the same for the same. Never fails. */
void kaspa_key_from_seed(struct assay_key *out, struct assay_bytes seed, struct assay_bytes name);

/** The push of a signature over input `input`: KASPA_SIGNATURE_PUSH_BYTES, with zeros as auxiliary
 *  bytes. input < tx->input_count; type is one that consensus knows; cache may be NULL. RANGE: the
 *  key was never made; push is then unchanged. */
enum assay_code kaspa_sign_schnorr(uint8_t *push, const struct kaspa_tx *tx, size_t input,
                                   const struct kaspa_utxo *utxo, uint8_t type,
                                   const struct assay_key *key,
                                   struct kaspa_sighash_cache *cache) ASSAY_MUST_USE;
enum assay_code kaspa_sign_ecdsa(uint8_t *push, const struct kaspa_tx *tx, size_t input,
                                 const struct kaspa_utxo *utxo, uint8_t type,
                                 const struct assay_key *key,
                                 struct kaspa_sighash_cache *cache) ASSAY_MUST_USE;

/** The digest of a personal message, and whether a BIP-340 signature of it holds: false too for a
 *  key that is none. */
void kaspa_message_hash(struct kaspa_hash *out, struct assay_bytes message);
bool kaspa_message_is_signed(struct assay_bytes message, const uint8_t *xonly,
                             const uint8_t *signature);

#endif
