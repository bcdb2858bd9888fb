/** The offer-receipt extension in its form eip712: what a seller signs, written, and read with its
 *  signer recovered.
 *
 *  Whether that signer may speak for the resource is for who knows its keys to say, and whether an
 *  offer has expired for who has a clock. Source: x402 v2 digest, section 7.
 */
#ifndef X402_OFFER_RECEIPT_H
#define X402_OFFER_RECEIPT_H

#include "evm/signature.h"
#include "evm/typed_data.h"
#include "x402/envelope.h"

/** Signatures are of chain 1, whatever the offer's own network. */
#define X402_OFFER_CHAIN_ID 1

struct x402_signed_offer {
    struct assay_bytes resource_url, scheme, network, asset, pay_to, amount;
    uint64_t valid_until;  /**< seconds; 0: no end is told */
    uint64_t accept_index; /**< a hint beside what is signed: written, and never read */
    struct evm_address signer;
};

struct x402_signed_receipt {
    struct assay_bytes network, resource_url, payer,
        transaction;    /**< the last: "" where not told */
    uint64_t issued_at; /**< seconds */
    struct evm_address signer;
};

/** Reads one of info.offers, or info.receipt. acceptIndex is a hint and not looked at. Faults as of
 *  envelope.h: VERSION, or SHAPE for all else, of which err's code tells a format that is not
 *  eip712, which may well be right (UNSUPPORTED), and what is wrong with the signature (MALFORMED,
 *  MISMATCH). Unchanged but for err on a fault. What is not as it was signed gives another signer,
 *  not a fault. */
enum x402_fault x402_offer_read(struct x402_signed_offer *out, struct assay_arena *arena,
                                const struct assay_json *doc, uint32_t token,
                                struct assay_err *err) ASSAY_MUST_USE;
enum x402_fault x402_receipt_read(struct x402_signed_receipt *out, struct assay_arena *arena,
                                  const struct assay_json *doc, uint32_t token,
                                  struct assay_err *err) ASSAY_MUST_USE;

/** What is signed; the signer is not looked at. */
void x402_offer_digest(uint8_t out[EVM_KECCAK_BYTES], const struct x402_signed_offer *offer);
void x402_receipt_digest(uint8_t out[EVM_KECCAK_BYTES], const struct x402_signed_receipt *receipt);

/** Its name among an envelope's extensions. */
#define X402_OFFER_RECEIPT "offer-receipt"

/** Signs, and appends the extension of a challenge, {"info":{"offers":[...]},"schema":...}, or that
 *  of a settlement, with info.receipt; canonical. `signer` is not
 *  looked at. The buffer's own code; RANGE: the key was never
 *  made, and what was appended is of no use. Source: x402 v2 digest, sections 2.1 and 7. */
enum assay_code x402_offers_write(struct assay_buf *out, const struct x402_signed_offer *offers,
                                  size_t count, const struct assay_key *key) ASSAY_MUST_USE;
enum assay_code x402_receipt_write(struct assay_buf *out, const struct x402_signed_receipt *receipt,
                                   const struct assay_key *key) ASSAY_MUST_USE;

/** Whether an offer is of these terms: by its fields, never by its index. */
bool x402_offer_is_of(const struct x402_signed_offer *offer, const struct x402_terms *terms);

#endif
