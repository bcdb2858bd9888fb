/** The terms of an exact offer: PaymentRequirements and its `extra`, read and judged.
 *  Source: Kaspa x402 exact digest, sections 3.2, 3.3, 8 and 16. */
#ifndef KX_EXACT_TERMS_H
#define KX_EXACT_TERMS_H

#include "kaspa_x402/kx.h"
#include "x402/envelope.h"

enum kx_profile { KX_STANDARD_NATIVE, KX_ADDITIVE, KX_HASH_CHAIN, KX_PROFILE__COUNT };
/** Ordered: a stronger one is greater. */
enum kx_finality { KX_FINALITY_MEMPOOL, KX_FINALITY_ACCEPTED, KX_FINALITY_CONFIRMED };

struct kx_head {
    uint8_t id[32];
    uint64_t version;
    struct kaspa_outpoint outpoint;
    uint64_t amount;
    struct assay_bytes spk;    /**< serialized */
    struct assay_bytes redeem; /**< script bytes */
};

struct kx_terms {
    const struct assay_json *doc;
    uint32_t token; /**< the whole offer */
    enum kx_profile profile;
    enum kaspa_network network;
    struct assay_bytes network_text, pay_to, amount_text;
    uint64_t amount;
    uint64_t max_timeout_s;
    enum kx_finality finality;
    struct assay_bytes spk; /**< payToScriptPublicKey, serialized */
    /* additive and hash-chain only */
    struct kx_head head;
    uint64_t threshold;
    uint8_t challenge_id[32];
    struct assay_bytes challenge_expires_at; /**< the text as it is sent */
    /* hash-chain only */
    uint8_t covenant_id[32], current_guard[32], next_guard[32], one_time_key[32], grant_id[32];
    struct assay_bytes challenge_issued_at;
};

/** What may be wrong with an offer, in the order of section 13, steps 18 to 23. */
enum kx_terms_fault {
    KX_TERMS_OK,
    KX_TERMS_NETWORK,
    KX_TERMS_ASSET,
    KX_TERMS_PAY_TO,
    KX_TERMS_BINDING,
    KX_TERMS_AMOUNT,
    KX_TERMS_HEAD,
};

/** Reads and judges an offer. On a fault *out is unspecified and err says which member and why.
 * Memory that the arena does not give is a fault too, with err's code NOMEM. */
enum kx_terms_fault kx_terms_read(struct kx_terms *out, struct assay_arena *arena,
                                  const struct assay_json *doc, const struct x402_terms *terms,
                                  struct assay_err *err) ASSAY_MUST_USE;

/** The canonical KIP-10 redeem script of section 8.2; appends it. */
void kx_additive_redeem(struct assay_buf *out, const uint8_t *owner_xonly, uint64_t threshold);
/** Whether a script is that one; its owner and threshold. */
bool kx_additive_redeem_read(struct assay_bytes script, uint8_t *owner_xonly, uint64_t *threshold);
/** The challenge id of section 8.3: 64 hex digits and a NUL. NOMEM. */
enum assay_code kx_additive_challenge_id(char *out, const struct kx_terms *terms) ASSAY_MUST_USE;

/** "standard-native", "additive", "hash-chain-additive"; "mempool", "accepted", "confirmed". */
const char *kx_profile_name(enum kx_profile profile);
const char *kx_finality_name(enum kx_finality finality);

#endif
