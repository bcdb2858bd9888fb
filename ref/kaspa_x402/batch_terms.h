/** The terms of a batch offer: PaymentRequirements and its `extra`, read, judged and written; and
 *  the channel's state that a corrective offer carries.
 *
 *  Members that are not known are allowed and are part of what is hashed. Which terms there are is
 *  the binding's: see kx_batch_binding. Source: Kaspa x402 batch digest, sections 3, 6.3, 6.5 and
 *  16.
 */
#ifndef KX_BATCH_TERMS_H
#define KX_BATCH_TERMS_H

#include "kaspa_x402/batch.h"
#include "kaspa_x402/exact_read.h"
#include "kaspa_x402/kx.h"
#include "x402/envelope.h"

/** How the binding's amounts are read: those of the first have 64 bits, of the others 63. */
enum kx_kind kx_batch_sum_kind(const struct kx_batch_binding *binding);

/** Where a channel stands, as one side tells the other: never with a signature. */
struct kx_channel_state {
    uint8_t channel_id[32];
    struct kaspa_hash covenant_id; /**< not of a binding that is_of_outpoint */
    struct kaspa_outpoint outpoint;
    struct assay_bytes spk; /**< serialized */
    uint64_t funding;       /**< V */
    uint64_t authorized;    /**< T; its name is signedMaxClaimable where charges are not fixed */
    uint64_t charged;       /**< A, where charges are not fixed; else T */
    uint64_t claimed;       /**< S */
    bool is_open;           /**< it says so */
};

/** Reads a closed object of exactly the binding's members into *out, whose script is in the
 *  reader's arena. False: err says which member and why. */
bool kx_channel_state_read(struct kx_channel_state *out, const struct kx_reader *reader,
                           const struct kx_batch_binding *binding, uint32_t token) ASSAY_MUST_USE;
/** Appends it, canonical. */
void kx_channel_state_write(struct assay_buf *out, const struct kx_batch_binding *binding,
                            const struct kx_channel_state *state);

struct kx_batch_offer {
    const struct assay_json *doc; /**< NULL where it was not read */
    uint32_t token;               /**< the whole offer */
    const struct kx_batch_binding *binding;
    enum kaspa_network network;
    struct kx_batch_terms terms;
    uint8_t context[32]; /**< securityContextHash, where charges are fixed */
    bool has_mcp_charge; /**< it is the amount then; without it MCP is not served */
    bool has_policy;     /**< claimPolicy, of which both members are optional */
    bool has_claim_above, has_claim_after;
    uint64_t claim_above, claim_after_s;
    bool has_native; /**< assetKind and assetDecimals are written */
    bool has_state;
    struct kx_channel_state state;
};

/* fault, what it is called, the check (batch_checks.def) that it breaks. In the order of judging:
 * the form first, then what it says. */
#define KX_BATCH_TERMS_FAULTS(X)                                                                   \
    X(SCHEME, SCHEME, BINDING)         /**< not batch-settlement */                                \
    X(NETWORK, NETWORK, NETWORK)       /**< no canonical name, or none that the binding has */     \
    X(ASSET, ASSET, ASSET)             /**< not KAS */                                             \
    X(AMOUNT, AMOUNT, AMOUNT)          /**< no canonical decimal within the binding's range */     \
    X(BINDING, BINDING, BINDING)       /**< binding unknown, or a template that is not of it */    \
    X(FORM, PAYLOAD, FORM)             /**< another member: missing, wrong, or with more in it */  \
    X(DEPOSIT_FORM, AMOUNT, FORM)      /**< minDepositSompi or claimReserveSompi is no amount */   \
    X(TIMEOUT, PAYLOAD, FORM)          /**< refundTimeoutDaa is no DAA score: 500000000000 is a    \
                                          time */                                                  \
    X(STATE, PAYLOAD, FORM)            /**< channelState is none, or carries more than it may */   \
    X(PAY_TO_NETWORK, NETWORK, PAY_TO) /**< payTo has not the network's prefix */                  \
    X(PAY_TO, PAYLOAD, PAY_TO)         /**< payTo is no address */                                 \
    X(KEY, PUBLIC_KEY, SERVER_KEY)     /**< serverPublicKey is the x of no point */                \
    X(ZERO, AMOUNT, AMOUNT)            /**< the amount is 0 */                                     \
    X(DEPOSIT, AMOUNT, DEPOSIT_TERMS) /**< amount + reserve is above minDepositSompi, or 2^63-1 */ \
    X(MCP, AMOUNT, MCP_CHARGE)        /**< mcpErrorChargeSompi is not the amount */

#define KX_BATCH_TERMS_ENUM(name, local, rule) KX_BATCH_TERMS_##name,
enum kx_batch_terms_fault {
    KX_BATCH_TERMS_OK,
    KX_BATCH_TERMS_FAULTS(KX_BATCH_TERMS_ENUM) KX_BATCH_TERMS__COUNT
};
#undef KX_BATCH_TERMS_ENUM

/** What a fault is called; NONE for OK. */
enum kx_local kx_batch_terms_local(enum kx_batch_terms_fault fault);

/** Reads and judges an offer. On a fault *out is unspecified and err says which member and why.
 *  Memory that the arena does not give is a fault too, with err's code NOMEM. That an offer is for
 *  MCP is for the caller to know: it needs has_mcp_charge then. */
enum kx_batch_terms_fault kx_batch_offer_read(struct kx_batch_offer *out, struct assay_arena *arena,
                                              const struct assay_json *doc,
                                              const struct x402_terms *terms,
                                              struct assay_err *err) ASSAY_MUST_USE;
/** The same for who knows a key to be a point already, that of a channel that is open: to find out
 *  costs a tenth of a signature. known_key: ASSAY_XONLY_BYTES, or NULL. */
enum kx_batch_terms_fault
kx_batch_offer_read_known(struct kx_batch_offer *out, struct assay_arena *arena,
                          const struct assay_json *doc, const struct x402_terms *terms,
                          const uint8_t *known_key, struct assay_err *err) ASSAY_MUST_USE;
/** Appends the offer, canonical, with the members that are known. binding: not NULL. */
void kx_batch_offer_write(struct assay_buf *out, const struct kx_batch_offer *offer);

/** acceptedRequirementsHash of an offer that was read: of the whole object where charges are fixed,
 *  else of its terms. As kx_batch_requirements_hash. */
enum assay_code kx_batch_accepted_hash(uint8_t out[32], const struct kx_batch_offer *offer,
                                       struct assay_err *err) ASSAY_MUST_USE;

/** The securityContextHash of a public route, and as a text that of kx_context_hash. resource: its
 *  URL, as PAYMENT-REQUIRED names it. NOMEM. */
enum assay_code kx_public_context_hash(char *out, struct assay_bytes resource) ASSAY_MUST_USE;

#endif
