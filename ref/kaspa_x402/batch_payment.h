/** A batch payment as it is sent: the payload, read and judged by its shape alone; and what makes
 *  two the same. The payload itself and the envelope tolerate members that are not known; the
 *  channel's configuration, the voucher, the presentation and outpoints do not.
 *  Source: Kaspa x402 batch digest, sections 2.1, 5.3, 6.2, 7 (end) and 16.
 */
#ifndef KX_BATCH_PAYMENT_H
#define KX_BATCH_PAYMENT_H

#include "kaspa_x402/batch_terms.h"
#include "kaspa_x402/exact_hash.h"

/* constant, its name on the wire */
#define KX_PAYLOAD_TYPES(X)                                                                        \
    X(DEPOSIT, "deposit-voucher") /**< opens a lane, or presents the successor of a top-up */      \
    X(VOUCHER, "voucher")                                                                          \
    X(CLAIM, "claim")   /**< an operation, no request */                                           \
    X(REFUND, "refund") /**< the same */

#define KX_PAYLOAD_ENUM(constant, name) KX_PAYLOAD_##constant,
enum kx_payload_type { KX_PAYLOAD_TYPES(KX_PAYLOAD_ENUM) KX_PAYLOAD__COUNT };
#undef KX_PAYLOAD_ENUM

const char *kx_payload_type_name(enum kx_payload_type type);

struct kx_signed_voucher {
    struct kaspa_hash covenant_id; /**< not of a binding that is_of_outpoint */
    uint64_t amount;               /**< T */
    uint8_t signature[ASSAY_SIG_BYTES];
};

struct kx_signed_presentation {
    struct kx_presentation says; /**< every member that is hashed, as it was sent */
    int64_t expires_at_ms;       /**< KX_NO_TIME: of the pattern, but no such time */
    uint8_t digest[32];
    uint8_t signature[ASSAY_SIG_BYTES];
};

struct kx_batch_payment {
    const struct assay_json *doc;
    struct x402_payment envelope;
    enum x402_identifier_state identifier_state;
    struct x402_identifier identifier;
    const struct kx_batch_binding *binding; /**< that the accepted terms name */
    enum kx_payload_type type;
    uint8_t channel_id[32];
    struct kaspa_outpoint outpoint;
    struct assay_bytes spk;                     /**< activeScriptPublicKey, serialized */
    struct kx_signed_voucher voucher;           /**< but of REFUND */
    struct kx_signed_presentation presentation; /**< of DEPOSIT and VOUCHER, where charges are
                                                     fixed */
    uint8_t client[ASSAY_XONLY_BYTES];          /**< clientPublicKey, of VOUCHER; of DEPOSIT the
                                                     configuration's */
    struct kx_channel channel;                  /**< channelConfig, of DEPOSIT */
    struct assay_bytes escrow_address;          /**< of DEPOSIT */
    uint64_t funding;                           /**< fundingAmountSompi, of DEPOSIT */
    struct assay_bytes funding_transaction;     /**< bytes that nobody trusts; empty: none */
    uint64_t claim;                             /**< claimAmount, of CLAIM */
    struct kaspa_hash covenant_id;              /**< of REFUND, as what follows */
    struct assay_bytes refund_address;
    uint64_t refund;
    uint8_t client_signature[ASSAY_SIG_BYTES + 1]; /**< with the byte of its type */
};

/** Reads a PaymentPayload of scheme batch-settlement. On a fault *out is unchanged and err says
 *  which member. Returns: NONE; VERSION, PAYLOAD, PAYLOAD_TYPE (no known type), OUTPOINT (no
 *  outpoint), IDENTIFIER (malformed), SCHEME, BINDING (the accepted one is not known). The accepted
 *  terms are judged with the offer. */
enum kx_local kx_batch_payment_read(struct kx_batch_payment *out, struct assay_arena *arena,
                                    const struct assay_json *doc,
                                    struct assay_err *err) ASSAY_MUST_USE;
/** Appends the payload object, canonical: what the envelope's `payload` is. */
void kx_batch_payload_write(struct assay_buf *out, const struct kx_batch_payment *payment);

/** A channel's configuration as a closed object, canonical; and read, its texts in the reader's
 *  arena. False: err says which member. */
void kx_channel_write(struct assay_buf *out, const struct kx_channel *channel);
bool kx_channel_read(struct kx_channel *out, const struct kx_reader *reader,
                     uint32_t token) ASSAY_MUST_USE;

/** The replay projection's hash: of what the schemas know alone, so that it is the same for members
 *  that nobody reads and for hex of either case. requirements: acceptedRequirementsHash, text. All
 *  outputs here are 64 lower-case hex digits and a NUL; TOO_LARGE, NOMEM. */
enum assay_code kx_batch_payload_hash(char *out, const struct kx_batch_payment *payment,
                                      const char *requirements) ASSAY_MUST_USE;

/** What an attempt is named by (section 7, E22): four texts of hashes, and the lineage. */
struct kx_batch_attempt {
    const uint8_t *channel_id, *covenant_id;
    const char *fingerprint, *requirements, *payload;
};
enum assay_code kx_batch_attempt_id(char *out, const struct kx_batch_attempt *a) ASSAY_MUST_USE;

/** What the client of a voucher signs by itself, from its parsed form: GOOD, WRONG, or BAD_KEY. */
enum assay_sig kx_voucher_verify(const struct kx_batch_binding *binding,
                                 const struct kx_voucher *voucher, const uint8_t *signature,
                                 const uint8_t *client);

#endif
