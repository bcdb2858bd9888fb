/* Keys from seeds, signatures as pushes, personal messages; see sign.h. */
#include "kaspa/sign.h"

#include "base/mac.h"

#include <assert.h>

static_assert(KASPA_SIGNATURE_PUSH_BYTES == 1 + ASSAY_SIG_BYTES + 1, "opcode, signature, type");

void kaspa_key_from_seed(struct assay_key *out, struct assay_bytes seed, struct assay_bytes name)
{
    uint8_t secret[ASSAY_SHA256_BYTES];
    enum assay_code rc;

    assay_hmac_sha256(secret, seed, name);
    /* 1 <= secret < 2^255, which is below the group's order: every seed gives a key. */
    secret[0] &= 0x7F;
    secret[sizeof(secret) - 1] |= 1;
    rc = assay_key_init(out, secret);
    assert(rc == ASSAY_OK);
    (void)rc;
    assay_wipe(secret, sizeof(secret));
}

/* Digest, section 2: 65 bytes are pushed, the signature and its type. */
static void write_push(uint8_t *push, const uint8_t *signature, uint8_t type)
{
    push[0] = KASPA_OP_DATA65;
    memcpy(push + 1, signature, ASSAY_SIG_BYTES);
    push[1 + ASSAY_SIG_BYTES] = type;
}

enum assay_code kaspa_sign_schnorr(uint8_t *push, const struct kaspa_tx *tx, size_t input,
                                   const struct kaspa_utxo *utxo, uint8_t type,
                                   const struct assay_key *key, struct kaspa_sighash_cache *cache)
{
    uint8_t signature[ASSAY_SIG_BYTES];
    struct kaspa_hash message;
    enum assay_code rc;

    kaspa_sighash_schnorr(&message, tx, input, utxo, type, cache);
    if ((rc = assay_schnorr_sign(signature, message.at, key, NULL)) == ASSAY_OK)
        write_push(push, signature, type);
    return rc;
}

enum assay_code kaspa_sign_ecdsa(uint8_t *push, const struct kaspa_tx *tx, size_t input,
                                 const struct kaspa_utxo *utxo, uint8_t type,
                                 const struct assay_key *key, struct kaspa_sighash_cache *cache)
{
    uint8_t signature[ASSAY_SIG_BYTES];
    struct kaspa_hash message;
    enum assay_code rc;

    kaspa_sighash_ecdsa(&message, tx, input, utxo, type, cache);
    if ((rc = assay_ecdsa_sign(signature, message.at, key)) == ASSAY_OK)
        write_push(push, signature, type);
    return rc;
}

void kaspa_message_hash(struct kaspa_hash *out, struct assay_bytes message)
{
    kaspa_hash_of(out, KASPA_DOMAIN_PERSONAL_MESSAGE, message);
}

bool kaspa_message_is_signed(struct assay_bytes message, const uint8_t *xonly,
                             const uint8_t *signature)
{
    struct kaspa_hash hash;

    kaspa_message_hash(&hash, message);
    return assay_schnorr_verify(signature, hash.at, xonly) == ASSAY_SIG_GOOD;
}
