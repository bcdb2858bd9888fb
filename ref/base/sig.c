/* Schnorr and ECDSA by libsecp256k1; see sig.h. Verifying uses the library's static context;
 * signing makes one of its own on the stack, since that context cannot. */
#include "base/sig.h"

#include "base/mac.h"
#include "base/planted.h"

#include <assert.h>
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <secp256k1_schnorrsig.h>
#include <stdalign.h>

/* A context takes 208 bytes in version 0.2.0, the first one that has a static context too. */
#define CONTEXT_ROOM_BYTES 1024
#define RECOVERY_ID_MAX 3

struct signer {
    alignas(max_align_t) uint8_t room[CONTEXT_ROOM_BYTES];
};

enum assay_sig assay_schnorr_verify(const uint8_t *sig, const uint8_t *message,
                                    const uint8_t *xonly)
{
    secp256k1_xonly_pubkey key;

    if (!secp256k1_xonly_pubkey_parse(secp256k1_context_static, &key, xonly))
        return ASSAY_SIG_BAD_KEY;
    return secp256k1_schnorrsig_verify(secp256k1_context_static, sig, message,
                                       ASSAY_SIG_MESSAGE_BYTES, &key)
               ? ASSAY_SIG_GOOD
               : ASSAY_SIG_WRONG;
}

bool assay_xonly_is_point(const uint8_t *xonly)
{
    secp256k1_xonly_pubkey key;

    return secp256k1_xonly_pubkey_parse(secp256k1_context_static, &key, xonly) == 1;
}

enum assay_sig assay_ecdsa_verify(const uint8_t *sig, const uint8_t *message,
                                  const uint8_t *compressed)
{
    secp256k1_ecdsa_signature parsed;
    secp256k1_pubkey key;

    if (!secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, compressed, ASSAY_PUBKEY_BYTES))
        return ASSAY_SIG_BAD_KEY;
    if (!secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &parsed, sig))
        return ASSAY_SIG_MALFORMED;
    if (PLANTED(ecdsa_high))
        (void)secp256k1_ecdsa_signature_normalize(secp256k1_context_static, &parsed, &parsed);
    return secp256k1_ecdsa_verify(secp256k1_context_static, &parsed, message, &key)
               ? ASSAY_SIG_GOOD
               : ASSAY_SIG_WRONG;
}

static void write_whole(uint8_t *whole, const secp256k1_pubkey *key)
{
    size_t len = ASSAY_PUBKEY_WHOLE_BYTES;

    (void)secp256k1_ec_pubkey_serialize(secp256k1_context_static, whole, &len, key,
                                        SECP256K1_EC_UNCOMPRESSED);
}

enum assay_sig assay_ecdsa_recover(uint8_t *whole, const uint8_t *sig, unsigned recovery_id,
                                   const uint8_t *message)
{
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_ecdsa_signature plain;
    secp256k1_pubkey key;

    if (recovery_id > RECOVERY_ID_MAX ||
        !secp256k1_ecdsa_recoverable_signature_parse_compact(secp256k1_context_static, &parsed, sig,
                                                             (int)recovery_id))
        return ASSAY_SIG_MALFORMED;
    (void)secp256k1_ecdsa_recoverable_signature_convert(secp256k1_context_static, &plain, &parsed);
    if (secp256k1_ecdsa_signature_normalize(secp256k1_context_static, NULL, &plain) ||
        !secp256k1_ecdsa_recover(secp256k1_context_static, &key, &parsed, message))
        return ASSAY_SIG_WRONG;
    write_whole(whole, &key);
    return ASSAY_SIG_GOOD;
}

static secp256k1_context *begin(struct signer *signer)
{
    assert(secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE) <= sizeof(signer->room));
    return secp256k1_context_preallocated_create(signer->room, SECP256K1_CONTEXT_NONE);
}

enum assay_code assay_key_init(struct assay_key *out, const uint8_t *secret)
{
    struct signer signer;
    secp256k1_context *context = begin(&signer);
    size_t len = ASSAY_PUBKEY_BYTES;
    secp256k1_pubkey key;
    bool is_in_range = secp256k1_ec_pubkey_create(context, &key, secret);

    if (is_in_range) {
        memcpy(out->secret, secret, sizeof(out->secret));
        (void)secp256k1_ec_pubkey_serialize(context, out->compressed, &len, &key,
                                            SECP256K1_EC_COMPRESSED);
        memcpy(out->xonly, out->compressed + 1, ASSAY_XONLY_BYTES);
    }
    secp256k1_context_preallocated_destroy(context);
    return is_in_range ? ASSAY_OK : ASSAY_E_RANGE;
}

void assay_key_wipe(struct assay_key *key)
{
    assay_wipe(key, sizeof(*key));
}

enum assay_code assay_schnorr_sign(uint8_t *sig, const uint8_t *message,
                                   const struct assay_key *key, const uint8_t *aux)
{
    static const uint8_t none[32];
    struct signer signer;
    secp256k1_context *context = begin(&signer);
    secp256k1_keypair pair;
    bool is_signed =
        secp256k1_keypair_create(context, &pair, key->secret) &&
        secp256k1_schnorrsig_sign32(context, sig, message, &pair, aux != NULL ? aux : none);

    assay_wipe(&pair, sizeof(pair));
    secp256k1_context_preallocated_destroy(context);
    return is_signed ? ASSAY_OK : ASSAY_E_RANGE;
}

enum assay_code assay_ecdsa_sign(uint8_t *sig, const uint8_t *message, const struct assay_key *key)
{
    struct signer signer;
    secp256k1_context *context = begin(&signer);
    secp256k1_ecdsa_signature made;
    bool is_signed = secp256k1_ecdsa_sign(context, &made, message, key->secret, NULL, NULL);

    if (is_signed)
        (void)secp256k1_ecdsa_signature_serialize_compact(context, sig, &made);
    secp256k1_context_preallocated_destroy(context);
    return is_signed ? ASSAY_OK : ASSAY_E_RANGE;
}

enum assay_code assay_ecdsa_sign_recoverable(uint8_t *sig, unsigned *recovery_id,
                                             const uint8_t *message, const struct assay_key *key)
{
    struct signer signer;
    secp256k1_context *context = begin(&signer);
    secp256k1_ecdsa_recoverable_signature made;
    bool is_signed =
        secp256k1_ecdsa_sign_recoverable(context, &made, message, key->secret, NULL, NULL);
    int id = 0;

    if (is_signed) {
        (void)secp256k1_ecdsa_recoverable_signature_serialize_compact(context, sig, &id, &made);
        *recovery_id = (unsigned)id;
    }
    secp256k1_context_preallocated_destroy(context);
    return is_signed ? ASSAY_OK : ASSAY_E_RANGE;
}

enum assay_code assay_key_whole(uint8_t *whole, const struct assay_key *key)
{
    secp256k1_pubkey parsed;

    if (!secp256k1_ec_pubkey_parse(secp256k1_context_static, &parsed, key->compressed,
                                   ASSAY_PUBKEY_BYTES))
        return ASSAY_E_RANGE;
    write_whole(whole, &parsed);
    return ASSAY_OK;
}
