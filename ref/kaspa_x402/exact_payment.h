/** An exact payment as it is sent: the payload and its authorization, read and judged by shape
 * alone. Source: Kaspa x402 exact digest, section 3.4. */
#ifndef KX_EXACT_PAYMENT_H
#define KX_EXACT_PAYMENT_H

#include "base/time.h"
#include "kaspa/safejson.h"
#include "kaspa_x402/exact_terms.h"
#include "x402/payment_identifier.h"

#define KX_INPUTS_MAX 16
#define KX_OUTPUTS_MAX 64
#define KX_NO_TIME INT64_MIN

struct kx_authorization {
    struct assay_bytes version;
    uint64_t input_index;
    struct assay_bytes expires_at; /**< the text as it is sent */
    int64_t expires_at_ms;         /**< KX_NO_TIME: of the pattern, but no such time */
    uint8_t digest[32];
    uint8_t signature[64];
};

struct kx_payment {
    const struct assay_json *doc;
    struct x402_payment envelope;
    enum kx_profile profile;
    struct assay_bytes profile_text;
    struct assay_bytes transaction; /**< safe JSON, unescaped */
    uint64_t output_index;
    uint8_t request_hash[32];
    struct kx_authorization authorization;
    bool has_challenge, has_grant;
    uint8_t challenge_id[32], grant_id[32];
    struct assay_bytes payer_address; /**< a label, never trusted; empty where absent */
    enum x402_identifier_state identifier_state;
    struct x402_identifier identifier;
};

/** Reads a PaymentPayload of scheme exact. On a fault err says which member. Returns: NONE;
 * VERSION, PAYLOAD, PAYLOAD_TYPE, IDENTIFIER (malformed), SCHEME. That an identifier is there is
 * judged later. */
enum kx_local kx_payment_read(struct kx_payment *out, struct assay_arena *arena,
                              const struct assay_json *doc, struct assay_err *err) ASSAY_MUST_USE;

/** What a payment's transaction is read by: unknown members are passed over, and it has no more
 * inputs and outputs than that. */
struct kaspa_json_options kx_transaction_limits(void);

/** "2099-01-01T00:00:00Z" or with exactly three places; else false. */
bool kx_time_read(int64_t *ms, struct assay_bytes text);
/** The same of a deadline that is sent: of the pattern and no such time is KX_NO_TIME, which is
 *  judged with the deadlines; false: not of the pattern. */
bool kx_deadline_read(int64_t *ms, struct assay_bytes text);

/** What payments of both schemes begin with: envelope, identifier, scheme. NONE; VERSION, PAYLOAD,
 *  IDENTIFIER, SCHEME. */
enum kx_local kx_envelope_read(struct x402_payment *out, struct x402_identifier *identifier,
                               enum x402_identifier_state *state, struct assay_arena *arena,
                               const struct assay_json *doc, const char *scheme,
                               struct assay_err *err) ASSAY_MUST_USE;

#endif
