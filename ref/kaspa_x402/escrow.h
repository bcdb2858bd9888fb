/** The covenant templates of batch channels: redeem scripts made of their rules, and which rule a
 *  byte of one belongs to.
 *
 *  A template is data: a list of rules, each with the sentence that it enforces and its part of the
 *  script, and a row of what else differs. Slots are pushes of fixed width, so that a script's
 *  length and the place of each rule never change; but for escrow-v1's timeout, a script number of
 *  as many bytes as it needs. Source: Kaspa x402 batch digest, sections 1, 9 and 16.
 */
#ifndef KX_ESCROW_H
#define KX_ESCROW_H

#include "base/buf.h"

#define KX_ESCROW_V1_TEMPLATE "kaspa-x402-escrow-v1"
#define KX_ESCROW_V2_TEMPLATE "kaspa-x402-escrow-v2"
#define KX_ESCROW_V3_TEMPLATE "kaspa-x402-escrow-v3"
#define KX_ESCROW_V4_TEMPLATE "kaspa-x402-escrow-v4"
#define KX_ESCROW_V5_TEMPLATE "kaspa-x402-escrow-v5"
#define KX_ESCROW_V5_BYTES 1048
#define KX_ESCROW_BYTES_MAX 1200 /**< that no template is above */

enum kx_escrow_path { KX_ESCROW_COMMON, KX_ESCROW_CLAIM, KX_ESCROW_TOP_UP, KX_ESCROW_REFUND };
#define KX_ESCROW_PATHS 4

struct kx_escrow_rule {
    enum kx_escrow_path path;
    const char *id;       /**< "claim.lock-time" */
    const char *sentence; /**< that it enforces */
    const char *script;   /**< as kaspa_script_assemble takes it, but for its slots: "<client>" */
};

struct kx_escrow_template {
    const char *id;
    const struct kx_escrow_rule *rules;
    size_t rule_count;
    const char *voucher_domain;
    size_t bytes; /**< of the redeem script; 0: it depends on the timeout */
    /** What a signature script pushes to choose a path, before it pushes the redeem script; empty:
     *  there is no such path. */
    struct assay_bytes selectors[KX_ESCROW_PATHS];
    size_t state_at;  /**< where the eight bytes of S stand; 0: the script has no state, and no
                           lineage */
    bool is_all_only; /**< signatures are SIGHASH_ALL; else of any of the six kinds */
    bool is_cosigned; /**< the provider signs top-ups too */
    bool has_timeout_guard; /**< the script itself refuses a timeout that is a time */
};

#define KX_ESCROW_TEMPLATES 5
/** kaspa-x402-escrow-v1 .. -v5. */
extern const struct kx_escrow_template kx_escrow_templates[KX_ESCROW_TEMPLATES];
/** NULL: none of that name. */
const struct kx_escrow_template *kx_escrow_find(struct assay_bytes id);

/** What the places of a script hold that are not the same in all: of the channel up to TIMEOUT, of
 *  the template behind it. */
enum kx_escrow_slot {
    KX_SLOT_NONE,
    KX_SLOT_CLAIMED,
    KX_SLOT_SERVER,
    KX_SLOT_CLIENT,
    KX_SLOT_NETWORK,
    KX_SLOT_PAYOUT,
    KX_SLOT_REFUND,
    KX_SLOT_TIMEOUT,
    KX_SLOT_DOMAIN, /**< SHA-256 of the voucher domain */
    KX_SLOT_ZERO,   /**< the covenant id of an output without lineage */
    KX_SLOT_LENGTH, /**< of the script, by which it finds itself in the signature script */
    KX_SLOT_REST,   /**< of what stands behind its state, below zero */
    KX_SLOT__COUNT
};

/** What a channel puts into its script. */
struct kx_escrow {
    uint64_t claimed;                       /**< S; the state of the lineage */
    uint8_t server[32], client[32];         /**< x-only keys */
    uint8_t network[32];                    /**< SHA-256 of its name */
    uint8_t payout_spk[32], refund_spk[32]; /**< SHA-256 of the serialized scripts */
    uint64_t timeout_daa;
};

/** Appends the redeem script. NOMEM, TOO_LARGE: as the buffer fails. RANGE: escrow-v1's timeout is
 *  above 2^63-1 and no script number. It reads the template's text: who needs many scripts of one
 *  channel makes one and sets its state. */
enum assay_code kx_escrow_redeem(struct assay_buf *out, const struct kx_escrow_template *t,
                                 const struct kx_escrow *escrow) ASSAY_MUST_USE;
/** Sets S in a redeem script of a template with a state. script: of the template's length. */
void kx_escrow_set_state(uint8_t *script, const struct kx_escrow_template *t, uint64_t claimed);

/** The rule that the byte at an offset of the script belongs to, and where that rule begins. For
 *  escrow-v1: of a script with that timeout. NULL: behind its end; or no script has that timeout.
 */
const struct kx_escrow_rule *kx_escrow_rule_at(const struct kx_escrow_template *t,
                                               uint64_t timeout_daa, size_t offset, size_t *begin);

#endif
