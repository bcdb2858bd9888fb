/** What came of an exact payment: SettlementResponse, written by a server and checked by who reads
 *  it. The header's value is base64 of what is written here.
 *  Source: Kaspa x402 exact digest, sections 3.5, 3.6 and 14. */
#ifndef KX_SETTLEMENT_H
#define KX_SETTLEMENT_H

#include "kaspa_x402/exact_terms.h"

/** A payment that has settled. */
struct kx_settled {
    const struct kx_terms *terms; /**< the accepted ones; of a head: the one that was spent */
    const char *transaction_id, *fingerprint; /**< 64 lower-case hex digits */
    uint64_t output_index;
    enum kx_finality finality; /**< the one that was reached */
    const uint8_t *payer;      /**< the x-only key that authorised it, told as its address; NULL:
                                    not told. Never the payer's own label */
};

/** How a payer is told: the address of its x-only key. out: KASPA_ADDRESS_TEXT_MAX_BYTES. */
void kx_payer_text(char *out, enum kaspa_network network, const uint8_t *payer);
/** Appends the success, canonical, in the form of the reference and of the published vectors, not
 *  in that of the specification's text (24.1). */
void kx_settlement_write(struct assay_buf *out, const struct kx_settled *settled);
/** Appends the failure, canonical. reason: not NONE; a reason of this side never crosses. network:
 *  a canonical name that can be echoed, or empty. */
void kx_settlement_write_failure(struct assay_buf *out, enum kx_wire reason,
                                 struct assay_bytes network);

/** Reads a SettlementResponse of any Kaspa scheme and judges it by its schema; err says which
 *  member. Members that the schema does not know, those of the specification's text among them,
 *  are left alone; of a channelState only that it is an object. Returns: NONE; TRANSACTION (the
 *  member transaction is wrong), SETTLEMENT. *out is unspecified on a fault. */
enum kx_local kx_settlement_check(struct x402_settlement *out, struct assay_arena *arena,
                                  const struct assay_json *doc,
                                  struct assay_err *err) ASSAY_MUST_USE;

#endif
