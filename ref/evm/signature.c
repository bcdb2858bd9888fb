/* Signatures as contracts take them; see signature.h. */
#include "evm/signature.h"

#include <assert.h>

/* v of recovery id 0; ids above 1 are of an r that nobody has seen, and contracts refuse their v.
 */
enum { V_FIRST = 27, V_LAST = 28 };

static_assert(EVM_SIGNATURE_BYTES == ASSAY_SIG_BYTES + 1, "v follows r and s");

enum assay_code evm_signature_recover(struct evm_address *out, const uint8_t *signature,
                                      const uint8_t *digest, const char **why)
{
    uint8_t v = signature[ASSAY_SIG_BYTES], whole[ASSAY_PUBKEY_WHOLE_BYTES];

    if (v < V_FIRST || v > V_LAST) {
        *why = "v is neither 27 nor 28";
        return ASSAY_E_MALFORMED;
    }
    switch (assay_ecdsa_recover(whole, signature, (unsigned)(v - V_FIRST), digest)) {
    case ASSAY_SIG_GOOD:
        evm_address_of_pubkey(out, whole);
        *why = NULL;
        return ASSAY_OK;
    case ASSAY_SIG_MALFORMED:
        *why = "r or s is not below the group's order";
        return ASSAY_E_MALFORMED;
    case ASSAY_SIG_WRONG:
    case ASSAY_SIG_BAD_KEY:
        break;
    }
    *why = "s is in the upper half, or no key has made it";
    return ASSAY_E_MISMATCH;
}

enum assay_code evm_signature_make(uint8_t *signature, const uint8_t *digest,
                                   const struct assay_key *key)
{
    unsigned id = 0;
    enum assay_code rc = assay_ecdsa_sign_recoverable(signature, &id, digest, key);

    if (rc == ASSAY_OK)
        signature[ASSAY_SIG_BYTES] = (uint8_t)(V_FIRST + id);
    return rc;
}
