/** The covenant template of batch channels: its redeem script, made of its rules, and which rule a
 *  byte of it belongs to.
 *
 *  The script is data of escrow_v5.def: a line a rule, with the sentence that it enforces. Slots
 * are pushes of fixed width, so that a script's length and the place of each rule never change.
 * Source: Kaspa x402 batch digest, section 9.
 */
#ifndef KX_ESCROW_H
#define KX_ESCROW_H

#include "base/buf.h"

#define KX_ESCROW_V5_TEMPLATE "kaspa-x402-escrow-v5"
#define KX_ESCROW_V5_BYTES 1048

/** What a channel puts into its script. */
struct kx_escrow {
    uint64_t claimed;                       /**< S; the state of the lineage */
    uint8_t server[32], client[32];         /**< x-only keys */
    uint8_t network[32];                    /**< SHA-256 of its name */
    uint8_t payout_spk[32], refund_spk[32]; /**< SHA-256 of the serialized scripts */
    uint64_t timeout_daa;
};

/** Appends the redeem script. NOMEM, TOO_LARGE: as the buffer fails. */
enum assay_code kx_escrow_v5_redeem(struct assay_buf *out,
                                    const struct kx_escrow *escrow) ASSAY_MUST_USE;

enum kx_escrow_path { KX_ESCROW_COMMON, KX_ESCROW_CLAIM, KX_ESCROW_TOP_UP, KX_ESCROW_REFUND };

struct kx_escrow_rule {
    enum kx_escrow_path path;
    const char *id;       /**< "claim.lock-time" */
    const char *sentence; /**< that it enforces */
    const char *script;   /**< as kaspa_script_assemble takes it, but for its slots: "<client>" */
};
extern const struct kx_escrow_rule kx_escrow_v5_rules[];
extern const size_t kx_escrow_v5_rule_count;

/** The rule that the byte at an offset of the script belongs to, and where that rule begins. NULL:
 * behind its end; or out of memory. */
const struct kx_escrow_rule *kx_escrow_v5_rule_at(size_t offset, size_t *begin);

#endif
