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
    struct assay_bytes challenge_issued_at, grant_claim_url;
};

/* fault, what it is called, the check (exact_checks.def) that it breaks. In the order of judging:
 * the form first, as the schemas and section 3.6 have it, then what it says, by section 13, steps
 * 20 to 23. */
#define KX_TERMS_FAULTS(X)                                                                         \
    X(SCHEME, SCHEME, BINDING)         /**< not exact */                                           \
    X(NETWORK, NETWORK, NETWORK)       /**< no canonical name */                                   \
    X(ASSET, ASSET, ASSET)             /**< not KAS */                                             \
    X(AMOUNT, AMOUNT, AMOUNT)          /**< no canonical 64-bit decimal */                         \
    X(BINDING, BINDING, BINDING)       /**< binding or profile unknown, or on a wrong network */   \
    X(FORM, PAYLOAD, BINDING)          /**< another common member: missing, wrong, forbidden */    \
    X(HEAD_FORM, PAYLOAD, HEAD_TERMS)  /**< a member of the head's terms: missing or wrong */      \
    X(PAY_TO_NETWORK, NETWORK, PAY_TO) /**< payTo has not the network's prefix */                  \
    X(PAY_TO, PAYLOAD, PAY_TO)         /**< payTo is no address */                                 \
    X(SCRIPT, BINDING, BINDING)        /**< payToScriptPublicKey is not the script of payTo */     \
    X(ZERO, AMOUNT, AMOUNT)            /**< the amount is 0 */                                     \
    X(HEAD_AMOUNT, AMOUNT,                                                                         \
      HEAD_TERMS) /**< head amount, threshold, or their sum with the amount */                     \
    X(HEAD_SCRIPT, BINDING, HEAD_TERMS) /**< the head's scripts disagree or are not canonical */   \
    X(HEAD, PAYLOAD, HEAD_TERMS)        /**< hash-chain: guards, or the challenge's times */

#define KX_TERMS_FAULT_ENUM(name, local, rule) KX_TERMS_##name,
enum kx_terms_fault { KX_TERMS_OK, KX_TERMS_FAULTS(KX_TERMS_FAULT_ENUM) KX_TERMS__COUNT };
#undef KX_TERMS_FAULT_ENUM

/** What a fault is called; NONE for OK. */
enum kx_local kx_terms_local(enum kx_terms_fault fault);

/** Reads and judges an offer. On a fault *out is unspecified and err says which member and why.
 *  Memory that the arena does not give is a fault too, with err's code NOMEM. That the challenge id
 *  is the derived one is not judged: it is [R], and the published vectors have fillers (24.2). */
enum kx_terms_fault kx_terms_read(struct kx_terms *out, struct assay_arena *arena,
                                  const struct assay_json *doc, const struct x402_terms *terms,
                                  struct assay_err *err) ASSAY_MUST_USE;

/** The canonical KIP-10 redeem script of section 8.2; appends it. threshold: at most 2^63-1. */
void kx_additive_redeem(struct assay_buf *out, const uint8_t *owner_xonly, uint64_t threshold);
/** Whether a script is that one; its owner and threshold. */
bool kx_additive_redeem_read(struct assay_bytes script, uint8_t *owner_xonly, uint64_t *threshold);
/** The challenge id of section 8.3: 64 hex digits and a NUL. NOMEM. */
enum assay_code kx_additive_challenge_id(char *out, const struct kx_terms *terms) ASSAY_MUST_USE;

/** "standard-native", "additive", "hash-chain-additive"; "mempool", "accepted", "confirmed". */
const char *kx_profile_name(enum kx_profile profile);
const char *kx_finality_name(enum kx_finality finality);

#endif
