/* Schnorr and ECDSA by libsecp256k1; see sig.h. Verifying uses the library's static context;
 * signing makes one of its own, since that context cannot. */
#include "base/sig.h"

#include "base/buf.h"
#include "base/mac.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_schnorrsig.h>

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

enum assay_sig assay_ecdsa_verify(const uint8_t *sig, const uint8_t *message,
                                  const uint8_t *compressed)
{
    secp256k1_ecdsa_signature parsed;
    secp256k1_pubkey key;

    if (!secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, compressed, ASSAY_PUBKEY_BYTES))
        return ASSAY_SIG_BAD_KEY;
    if (!secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &parsed, sig))
        return ASSAY_SIG_MALFORMED;
    return secp256k1_ecdsa_verify(secp256k1_context_static, &parsed, message, &key)
               ? ASSAY_SIG_GOOD
               : ASSAY_SIG_WRONG;
}

static secp256k1_context *signing_context(void)
{
    void *room = assay_alloc(secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE));

    return room != NULL ? secp256k1_context_preallocated_create(room, SECP256K1_CONTEXT_NONE)
                        : NULL;
}

static void end(secp256k1_context *context)
{
    if (context != NULL)
        secp256k1_context_preallocated_destroy(context);
    assay_free(context);
}

enum assay_code assay_key_init(struct assay_key *out, const uint8_t *secret)
{
    secp256k1_context *context = signing_context();
    size_t len = ASSAY_PUBKEY_BYTES;
    secp256k1_pubkey key;

    if (context == NULL)
        return ASSAY_E_NOMEM;
    if (!secp256k1_ec_pubkey_create(context, &key, secret)) {
        end(context);
        return ASSAY_E_RANGE;
    }
    memcpy(out->secret, secret, sizeof(out->secret));
    (void)secp256k1_ec_pubkey_serialize(context, out->compressed, &len, &key,
                                        SECP256K1_EC_COMPRESSED);
    memcpy(out->xonly, out->compressed + 1, ASSAY_XONLY_BYTES);
    end(context);
    return ASSAY_OK;
}

void assay_key_wipe(struct assay_key *key)
{
    assay_wipe(key, sizeof(*key));
}

enum assay_code assay_schnorr_sign(uint8_t *sig, const uint8_t *message,
                                   const struct assay_key *key, const uint8_t *aux)
{
    static const uint8_t none[32];
    secp256k1_context *context = signing_context();
    secp256k1_keypair pair;
    int signed_it;

    if (context == NULL)
        return ASSAY_E_NOMEM;
    /* The key was checked when it was made, and a signature made of it cannot fail. */
    signed_it = secp256k1_keypair_create(context, &pair, key->secret) &&
                secp256k1_schnorrsig_sign32(context, sig, message, &pair, aux != NULL ? aux : none);
    assay_wipe(&pair, sizeof(pair));
    end(context);
    return signed_it ? ASSAY_OK : ASSAY_E_RANGE;
}

enum assay_code assay_ecdsa_sign(uint8_t *sig, const uint8_t *message, const struct assay_key *key)
{
    secp256k1_context *context = signing_context();
    secp256k1_ecdsa_signature made;
    int signed_it;

    if (context == NULL)
        return ASSAY_E_NOMEM;
    signed_it = secp256k1_ecdsa_sign(context, &made, message, key->secret, NULL, NULL) &&
                secp256k1_ecdsa_signature_serialize_compact(context, sig, &made);
    end(context);
    return signed_it ? ASSAY_OK : ASSAY_E_RANGE;
}
