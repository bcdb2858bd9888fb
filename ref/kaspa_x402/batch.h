/** What is hashed and signed in scheme batch-settlement: channels, vouchers, presentations and
 *  commitments, under each binding that deployed software speaks.
 *
 *  A binding is a row of data: what differs between two of them is a member of the row, and nothing
 *  here asks for a binding by its name. Two ways of hashing must not be mixed: binary preimages,
 *  where each text contributes its SHA-256, and canonical JSON, where the domain is the member
 *  `scope`. Digests are 32 bytes; a text form is for who shows them. No function here judges a
 *  value: what is out of range is hashed as it is.
 *
 *  Source: Kaspa x402 batch digest, sections 1, 2, 4, 5 and 16.
 */
#ifndef KX_BATCH_H
#define KX_BATCH_H

#include "base/json.h"
#include "base/sig.h"
#include "kaspa/tx.h"

#define KX_SCHEME_BATCH "batch-settlement"
#define KX_BATCH_AMOUNT_MAX INT64_MAX      /**< sompi; a script's number has a sign */
#define KX_BATCH_TIMEOUT_MAX 499999999999U /**< a lock time above it is a time */
#define KX_PRESENTATION_VERSION "kaspa-x402-batch-presentation-v1"

struct kx_batch_binding {
    const char *name;
    const char *channel_domain, *voucher_domain, *commitment_domain, *requirements_domain;
    const char *templates[3]; /**< that have stood under it; NULL behind the last */
    bool is_of_outpoint;      /**< a voucher is for one coin; else for a covenant's lineage */
    bool has_reserve;         /**< claimReserveSompi is a term */
    bool is_fixed;            /**< each request costs the whole amount: requirements are canonical
                                 JSON, and a commitment names its presentation */
    bool has_mainnet;
    uint64_t amount_max; /**< of vouchers */
};

/** kaspa-escrow-v1, -v2, -v3. */
#define KX_BATCH_BINDINGS 3
extern const struct kx_batch_binding kx_batch_bindings[KX_BATCH_BINDINGS];
/** NULL: none of that name. */
const struct kx_batch_binding *kx_batch_binding_find(struct assay_bytes name);
/** Whether a template has stood under a binding. */
bool kx_batch_has_template(const struct kx_batch_binding *binding, struct assay_bytes template_id);

/* ---- channels (section 4) ---- */

/** Texts are hashed as they are: addresses need not be valid. The asset is KAS. */
struct kx_channel {
    struct assay_bytes network, template_id, pay_to, refund_address;
    uint8_t client[ASSAY_XONLY_BYTES], server[ASSAY_XONLY_BYTES];
    uint64_t refund_timeout_daa;
    uint8_t salt[32];
};
void kx_channel_id(uint8_t out[32], const struct kx_batch_binding *binding,
                   const struct kx_channel *channel);

/* ---- vouchers (sections 5.1, 16) ---- */

/** Of a script as templates and the first binding's vouchers have it: sha256 of its version,
 *  big-endian, and its bytes. */
void kx_spk_hash(uint8_t out[32], const struct kaspa_spk *spk);

struct kx_voucher {
    struct assay_bytes network;
    struct kaspa_hash covenant_id;  /**< not of is_of_outpoint */
    struct kaspa_outpoint outpoint; /**< of is_of_outpoint, with the script that holds it */
    struct kaspa_spk spk;
    uint64_t amount; /**< T: the sum for the lineage's life; of is_of_outpoint: for that coin */
};
void kx_voucher_digest(uint8_t out[32], const struct kx_batch_binding *binding,
                       const struct kx_voucher *voucher);

/* ---- presentations (section 5.3) ---- */

struct kx_presentation {
    uint8_t fingerprint[32], requirements[32], context[32], channel_id[32], voucher_digest[32],
        nonce[32];
    struct kaspa_hash covenant_id;
    bool has_identifier;
    struct assay_bytes identifier, expires_at; /**< texts as they were sent */
};
/** Over the canonical object. TOO_LARGE, NOMEM. out: unchanged on failure. */
enum assay_code kx_presentation_digest(uint8_t out[32],
                                       const struct kx_presentation *p) ASSAY_MUST_USE;

/* ---- commitments (sections 5.5, 16) ---- */

struct kx_commitment {
    uint8_t channel_id[32], fingerprint[32], requirements[32];
    struct kaspa_hash covenant_id; /**< not of is_of_outpoint */
    uint8_t presentation[32];      /**< digest; of is_fixed */
    struct kaspa_outpoint outpoint;
    uint8_t voucher_signature[ASSAY_SIG_BYTES];
    uint64_t voucher_amount; /**< T; not of is_fixed, where it is `after` */
    uint64_t charge, before, after, claimed;
};
void kx_commitment_id(uint8_t out[32], const struct kx_batch_binding *binding,
                      const struct kx_commitment *c);

/* ---- requirements (sections 3.1, 16) ---- */

/** The terms that a binding without fixed charges hashes; others are in no hash. */
struct kx_batch_terms {
    struct assay_bytes network, pay_to, template_id;
    uint64_t amount, max_timeout_s, min_deposit, claim_reserve, refund_timeout_daa;
    uint8_t server[ASSAY_XONLY_BYTES];
};
/** Of a binding that is not is_fixed. */
void kx_batch_terms_hash(uint8_t out[32], const struct kx_batch_binding *binding,
                         const struct kx_batch_terms *terms);
/** Of one that is: over the whole accepted object, whatever is in it; hex members that the schema
 *  knows count in lower case. As assay_json_canonical. */
enum assay_code kx_batch_requirements_hash(uint8_t out[32], const struct kx_batch_binding *binding,
                                           const struct assay_json *doc, uint32_t accepted,
                                           struct assay_err *err) ASSAY_MUST_USE;

#endif
