/** The bridge ("Coinbase") format: PAYMENT-REQUIRED and PAYMENT-SIGNATURE headers.
 *  Source: paid-tools digest, section 6. Amounts are never truncated here: a price that is no whole
 *  number of atomic units cannot be offered (rule UC-1). */
#ifndef PT_BRIDGE_H
#define PT_BRIDGE_H

#include "paid_tools/proof.h"

#define PT_BRIDGE_DEFAULT_PLACES 6

/** Appends standard base64 of the PAYMENT-REQUIRED object. RANGE: the price has more places than
 *  `places`, or rounds to no amount at all; TOO_LARGE. */
enum assay_code pt_bridge_required(struct assay_buf *out, const struct pt_challenge *challenge,
                                   struct assay_bytes resource_path, unsigned places,
                                   struct assay_err *err) ASSAY_MUST_USE;
/** Reads such a header back (client side, and the suite): nonce, requestHash, atomic amount text,
 * the rest as far as it is there. Failures as pt_challenge_parse. amount holds PT_TEXT_MAX_BYTES.
 */
enum assay_code pt_bridge_required_parse(struct pt_challenge *out, char *amount,
                                         struct assay_bytes header,
                                         struct assay_err *err) ASSAY_MUST_USE;
/** Decodes PAYMENT-SIGNATURE (standard base64 JSON, members in `payload`) into a proof; version 1
 * is implied by x402Version 1. Failures as pt_proof_decode. */
enum assay_code pt_bridge_decode(struct pt_proof *out, struct assay_bytes header,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** Appends what a payer sends. */
void pt_bridge_encode(struct assay_buf *out, const struct pt_proof *proof);

#endif
