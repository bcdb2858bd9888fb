/** Signatures on secp256k1: BIP-340 Schnorr, and ECDSA, compact or recoverable, by libsecp256k1.
 *
 *  Nothing here allocates or knows global state. A malformed key or signature is told apart from
 *  one that is well-formed and wrong, since protocols treat the two differently.
 */
#ifndef ASSAY_BASE_SIG_H
#define ASSAY_BASE_SIG_H

#include "base/err.h"

#define ASSAY_XONLY_BYTES 32
#define ASSAY_PUBKEY_BYTES 33
#define ASSAY_PUBKEY_WHOLE_BYTES 65 /**< 04, then x and y */
#define ASSAY_SIG_BYTES 64
#define ASSAY_SIG_MESSAGE_BYTES 32

enum assay_sig { ASSAY_SIG_GOOD, ASSAY_SIG_WRONG, ASSAY_SIG_BAD_KEY, ASSAY_SIG_MALFORMED };

/** BIP-340 over 32 bytes. BAD_KEY: not the x of a point. Never MALFORMED: a range error is WRONG.
 */
enum assay_sig assay_schnorr_verify(const uint8_t *sig, const uint8_t *message,
                                    const uint8_t *xonly);
/** ECDSA, r and s big-endian. BAD_KEY: not a compressed point; MALFORMED: r or s not below the
 *  group's order; a high s is WRONG. */
enum assay_sig assay_ecdsa_verify(const uint8_t *sig, const uint8_t *message,
                                  const uint8_t *compressed);

/** The key that an ECDSA signature is of, ASSAY_PUBKEY_WHOLE_BYTES; unchanged but of GOOD.
 *  recovery_id: 0 .. 3. MALFORMED: as of assay_ecdsa_verify, or no such id; WRONG: s is high, or
 *  there is no such key. */
enum assay_sig assay_ecdsa_recover(uint8_t *whole, const uint8_t *sig, unsigned recovery_id,
                                   const uint8_t *message);

/** Whether 32 bytes are the x of a point: a key that somebody can have. */
bool assay_xonly_is_point(const uint8_t *xonly);

/** A secret key and its public forms. _wipe when done. */
struct assay_key {
    uint8_t secret[32];
    uint8_t compressed[ASSAY_PUBKEY_BYTES]; /**< 02 or 03, then x */
    uint8_t xonly[ASSAY_XONLY_BYTES];
};

/** RANGE: secret (32 bytes, big-endian) is 0 or not below the group's order. Unchanged on failure.
 */
enum assay_code assay_key_init(struct assay_key *out, const uint8_t *secret) ASSAY_MUST_USE;
void assay_key_wipe(struct assay_key *key);
/** aux: 32 auxiliary bytes, or NULL for zeros; the same input gives the same signature. RANGE: the
 *  key was never made by assay_key_init; sig is then unspecified. */
enum assay_code assay_schnorr_sign(uint8_t *sig, const uint8_t *message,
                                   const struct assay_key *key, const uint8_t *aux) ASSAY_MUST_USE;
/** RFC 6979, low s. RANGE: as above. */
enum assay_code assay_ecdsa_sign(uint8_t *sig, const uint8_t *message,
                                 const struct assay_key *key) ASSAY_MUST_USE;
/** The same signature, and the id that assay_ecdsa_recover takes. */
enum assay_code assay_ecdsa_sign_recoverable(uint8_t *sig, unsigned *recovery_id,
                                             const uint8_t *message,
                                             const struct assay_key *key) ASSAY_MUST_USE;
/** The public key with its y. RANGE: as above; unchanged then. */
enum assay_code assay_key_whole(uint8_t *whole, const struct assay_key *key) ASSAY_MUST_USE;

#endif
