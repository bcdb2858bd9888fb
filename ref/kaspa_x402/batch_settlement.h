/** What came of a batch payment: the SettlementResponse of a charge, a deposit, a claim or a
 * refund, written by a server and checked by who reads it; and what a client makes of a channel's
 * state that a server tells it. A failure is written by kx_settlement_write_failure.
 *
 *  Nothing that a server sends holds a voucher's signature: it can be spent.
 *  Source: Kaspa x402 batch digest, sections 6.3 to 6.5.
 */
#ifndef KX_BATCH_SETTLEMENT_H
#define KX_BATCH_SETTLEMENT_H

#include "kaspa_x402/accounting.h"
#include "kaspa_x402/batch_payment.h"

struct kx_batch_settled {
    const struct kx_batch_binding *binding;
    enum kx_payload_type type;
    struct assay_bytes network;
    struct assay_bytes payer;      /**< the refund address; empty: not told */
    uint8_t id[32];                /**< commitment id; of CLAIM and REFUND the transaction's */
    uint64_t amount;               /**< charged, claimed or refunded */
    uint64_t deposit;              /**< fundingAmount, of DEPOSIT: the escrow's principal */
    struct kaspa_hash covenant_id; /**< not of a binding that is_of_outpoint */
    struct kx_channel_state state; /**< where the channel stands now; but of REFUND */
    uint8_t channel_id[32];        /**< of REFUND, as what follows */
    struct assay_bytes refund_address;
};

/** Appends the success, canonical. A claim's outpoints are output 0 and 1 of its transaction. */
void kx_batch_settlement_write(struct assay_buf *out, const struct kx_batch_settled *settled);

/** Reads a success of an expected type: by the schema (kx_settlement_check), by what section 6.4
 *  asks of the type, and that nothing in it can be a signature. Texts borrow from the document or
 *  the arena. Returns: NONE; TRANSACTION (the id is none, or not that of the commitment),
 * SETTLEMENT; SIGNATURE: it leaks one. err says which member. *out is unspecified on a fault. */
enum kx_local kx_batch_settlement_read(struct kx_batch_settled *out, struct assay_arena *arena,
                                       const struct assay_json *doc,
                                       const struct kx_batch_binding *binding,
                                       enum kx_payload_type type,
                                       struct assay_err *err) ASSAY_MUST_USE;

/** What one side knows a channel to be, from its own records and its own chain. */
struct kx_channel_view {
    const struct kx_batch_binding *binding;
    uint8_t channel_id[32];
    struct kaspa_hash covenant_id;
    struct kaspa_outpoint outpoint;
    struct assay_bytes spk; /**< serialized; made of the lane, not taken from anywhere */
    struct kx_accounts accounts;
};

/** Whether what a server tells of a channel is what this side knows. T may be lower than ours: our
 *  last voucher was not committed; it is never higher. Returns: NONE; CHANNEL, BINDING (another
 *  lineage), OUTPOINT (outpoint or script), AMOUNT. A client signs nothing on any but NONE. */
enum kx_local kx_channel_state_judge(const struct kx_channel_state *told,
                                     const struct kx_channel_view *known,
                                     struct assay_err *err) ASSAY_MUST_USE;

/** Whether the receipt of a request is that of this very request: `known` with the voucher's total
 *  as T (and as A, but for charges that are not fixed), the commitment recomputed from the client's
 *  own values, and the amount that was offered. Returns: as above; TRANSACTION: it names another
 *  commitment; AMOUNT: it charges another amount. */
enum kx_local kx_batch_settlement_judge(const struct kx_batch_settled *told,
                                        const struct kx_channel_view *known,
                                        const struct kx_commitment *commitment,
                                        struct assay_err *err) ASSAY_MUST_USE;

/** Whether a response or a challenge tells nothing where this profile speaks, in extensions.kaspa
 *  and accepts[].extra, that can be a voucher's signature: no text of 128 hex digits by themselves,
 *  and no member of a name that is known to have carried one. What stands elsewhere is others'
 *  (offers, sign-ins, hashes) and not judged: kx_text_holds_signature looks there for a signature
 *  that is known. err says where. NOMEM: cannot be told. */
enum assay_code kx_holds_no_signature(const struct assay_json *doc,
                                      struct assay_err *err) ASSAY_MUST_USE;
/** Whether a text, be it JSON or not, holds that very signature: as hex of either case, or as
 *  base64 of either alphabet, with or without JSON's escapes. A text that is encoded as a whole, as
 *  header fields are, is decoded before. */
bool kx_text_holds_signature(struct assay_bytes text, const uint8_t *signature);

#endif
